"""An oracle that does the experiment: answers from interventional samples, by a test with stated error rates."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.oracles._tests import Outcome, rows_needed
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.experiment.lab import Frames, Lab, Runs
from causalpp.oracles.oracle import Oracle
from causalpp.programs import CausalProgram
from causalpp.propositions import Causes, Changes, Direction, DirectlyCauses, Not, Proposition

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.oracles.experiment.lab import Experiments

__all__ = ["ExperimentOracle"]

_LEAST_POWER = 0.5  # for one standard deviation; with less, finding nothing says nothing


class ExperimentOracle(Oracle):
    """Answers whether setting one variable changes another, from samples under intervention.

    Asked whether a causes b, it compares the distributions of b between the levels a is set to, and says yes iff
    the hypothesis that they are all the same is rejected at level ``alpha``.  So an effect that is not there is
    reported with probability ``alpha`` at most (specificity 1 − alpha); how often one that is there is found
    depends on its size and the number of samples, and effects along two paths that cancel exactly are never found.
    The tests are

    * for an outcome with states (categories, text, truth values, two numbers): Fisher's exact test of a 2 × 2 table;
      otherwise Pearson's χ² test of the table level × state, by 999 random tables with the same margins where an
      expected count is below 5;
    * for an outcome that is a number, date or duration, or ordered: up to 60 rows the k-sample Anderson–Darling test
      by all permutations, or 1,999 random ones where they are more than 20,000; beyond, two-sample Kolmogorov–Smirnov
      tests between the levels, the smallest p-value times their number, and where many rows share a number the test of
      Kruskal and Wallis as well, with the smaller of the two p-values doubled.

    ``Causes(a, b)`` compares the levels of a; so does ``Changes(a, b, holding={…})``, at several settings of what
    is held, and the smallest of the k independent p-values counts as 1 − (1 − p)ᵏ (Šidák 1967).
    ``DirectlyCauses(a, b)`` is the latter with all other observed variables held; ``Direction(a, b)`` takes
    two experiments, ``Causes(a, b)``, which as a proposition it is, and ``Causes(b, a)``: the answer is that of the
    first, and both are its parts.  Denied questions are answered too.
    All others are answered with an abstention that gives the reason.  A :class:`~causalpp.oracles.Panel` is one
    experiment: all its outcomes are looked at in the same samples.

    The log-odds of an effect, at even odds before the experiment, are log ξ + (ξ − 1) log p: p is uniform if there
    is none and taken as Beta(ξ, 1)-distributed if there is one, as in Sellke, Bayarri & Berger (*Calibration of p
    values for testing precise null hypotheses*, The American Statistician 55, 2001); but where they take the ξ
    most favourable to an effect, so that p-values can never speak against it, ξ = log(power) / log(alpha) is the one
    with which the test finds an effect with probability ``power``.
    Few rows have less power than that: for the log-odds it is at most the probability of finding a difference of one
    standard deviation between the two largest levels.  Where nothing is found and that is below one half, or no p-value
    could have been below ``alpha``, the answer is an abstention that says how many rows it takes.
    Their sign can differ from the answer's where p is close to alpha.

    Args:
        source: a program, which is run anew for every asking; or frames, which give the same answer every time: a
            mapping from each variable that was set to the rows seen then, one frame or one for each level,
            and from None to the rows without intervention, which serve as one more level.  One frame in which the
            variable takes several values is a randomised experiment: each of the values is a level.
        alpha: the level of the test.
        samples: rows for each level and setting (programs only).
        settings: how many settings of held variables are tried (programs only).
        power: the probability with which an effect is believed to be found; it shapes the log-odds only.
        seed: of the samples.

    Raises:
        InvalidParameter: a number out of range.
        InvalidParameter: also a source that is neither a program nor a mapping.
        InvalidData: frames that are empty or not frames; one frame for a target that takes more than ten different
            numbers in it: split it into levels.
        UnknownVariable: a target that is in no frame.

    Example:
        >>> from causalpp import load_network
        >>> oracle = ExperimentOracle(load_network("asia"), samples=2000, seed=1)
        >>> [answer.word for answer in oracle.ask([Causes("smoke", "bronc"), Causes("bronc", "smoke")])]
        ['yes', 'no']
        >>> oracle.ask(DirectlyCauses("smoke", "dysp"))[0].text
        "p = 0.74, Fisher's exact test, 8 settings of what is held"
    """

    nature = "experiment"

    def __init__(
        self,
        source: CausalProgram | Experiments,
        alpha: float = 0.05,
        *,
        samples: int = 500,
        settings: int = 8,
        power: float = 0.8,
        seed: int = 0,
    ) -> None:
        if not 0 < alpha < power < 1:
            raise InvalidParameter(f"0 < alpha < power < 1 is needed, got alpha={alpha}, power={power}")
        if samples < 2 or settings < 1:
            raise InvalidParameter(f"an experiment needs two samples and one setting, got {samples} and {settings}")
        if not isinstance(source, (CausalProgram, Mapping)):
            raise InvalidParameter(
                "an experiment is done with a program, such as load_network('asia'), or with frames {target: frame, "
                f"None: frame}}, not with {source!r:.80}"
            )
        seed = check_seed(seed)
        self.alpha, self.power, self.seed = alpha, power, seed
        self._lab: Lab = (
            Runs(source, samples, settings, seed) if isinstance(source, CausalProgram) else Frames(source, seed)
        )

    def __repr__(self) -> str:
        return f"ExperimentOracle({self._lab}, alpha={self.alpha}, seed={self.seed})"

    @property
    def variables(self) -> tuple[str, ...]:
        """What was, or can be, measured."""
        return self._lab.variables

    @cached_property
    def fingerprint(self) -> str:
        described = f"{self._lab}{self._lab.digest}{self.alpha}{self.power}{self.seed}"
        return f"experiment:{hashlib.sha256(described.encode()).hexdigest()[:12]}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {
            "kind": self.nature,
            "source": repr(self._lab),
            "alpha": self.alpha,
            "power": self.power,
            "seed": self.seed,
        }

    @property
    def targets(self) -> tuple[str, ...]:
        """The variables that can be set."""
        return self._lab.targets

    @property
    def runs(self) -> bool:
        """Whether an experiment can be done anew, and was not done once."""
        return isinstance(self._lab, Runs)

    def rows(self, target: str, rows: int, number: int = 0) -> pd.DataFrame:
        """What is seen while a variable is set, to each of its levels about as often: the rows, and no judgement.

        A program is run for it.  Of frames, all rows are given in which the variable was set, however many those are.

        Args:
            target: the variable.
            rows: how many.
            number: of the experiment; a program has samples of its own for each.

        Raises:
            UnknownVariable: it is no variable.
            InvalidParameter: it was, or can be, never set; or no rows are asked for.

        Example:
            >>> from causalpp import load_network
            >>> rows = ExperimentOracle(load_network("asia"), seed=1).rows("smoke", 100)
            >>> rows["smoke"].value_counts().to_dict()
            {'yes': 50, 'no': 50}
        """
        if target not in self._lab.variables:
            raise UnknownVariable(target, self._lab.variables)
        if isinstance(rows, bool) or not isinstance(rows, (int, np.integer)) or rows < 1:
            raise InvalidParameter(f"an experiment has a number of rows from 1 on, got {rows!r}")
        if target not in self._lab.targets:
            raise InvalidParameter(f"no experiment set {target!r}, but {', '.join(self._lab.targets) or 'nothing'}")
        return self._lab.rows(target, int(rows), number)

    def _answer(self, request: Request) -> Answer:
        asked, denied = request.question, False
        while isinstance(asked, Not):
            asked, denied = asked.of, not denied
        for name in asked.variables:
            if name not in self._lab.variables:
                raise UnknownVariable(name, self._lab.variables)
        found = self._measure(asked, request.replicate, request.call)
        if not isinstance(found, str) and found.p >= self.alpha:
            found = self._too_few(found) or found
        if isinstance(found, str):
            return Answer(request.question, None, reason=found)
        sure = log_odds(found.p, self.alpha, min(self.power, found.power(self.alpha)))
        text = f"p = {found.p:.2g}, {found.name}"
        return Answer(request.question, (found.p < self.alpha) != denied, log_odds=-sure if denied else sure, text=text)

    def _parts(self, question: Proposition, number: int) -> Sequence[Request]:
        if not isinstance(question, Direction):
            return ()
        return [Request(Causes(*pair), number) for pair in ((question.a, question.b), (question.b, question.a))]

    def _graded(self, wholes: Sequence[tuple[Request, Sequence[Answer]]]) -> list[Answer]:
        return [replace(parts[0], question=request.question, parts=tuple(parts)) for request, parts in wholes]

    def p_value(self, question: Proposition, replicate: int = 0) -> float | None:
        """The p-value of "nothing changes" behind the answer to a question; None where there is no test of it.

        So it is where the rows are so few that no p-value could be below ``alpha``.

        Args:
            question: that says what an intervention changes.
            replicate: which asking; with a program, each has samples of its own.

        Raises:
            UnknownVariable: a variable that was not measured.

        Example:
            >>> from causalpp import load_network
            >>> ExperimentOracle(load_network("asia"), seed=1).p_value(Causes("smoke", "bronc")) < 1e-6
            True
        """
        for name in question.variables:
            if name not in self._lab.variables:
                raise UnknownVariable(name, self._lab.variables)
        found = self._measure(question, replicate)
        return found.p if isinstance(found, Outcome) and found.reaches(self.alpha) else None

    def _too_few(self, found: Outcome) -> str | None:
        """Why a test that found nothing says nothing, if it could hardly have found anything."""
        power = found.power(self.alpha)
        if found.reaches(self.alpha) and power >= _LEAST_POWER:
            return None
        each = rows_needed(self.alpha, self.power, found.tests)
        shift = "a difference of one standard deviation with probability"
        if found.reaches(self.alpha):
            why = f"they find {shift} {power:.2f}, and {each} rows a level"
        else:
            why = f"whatever they show, p is {found.least:.2g} or more; {each} rows a level find {shift}"
        return f"{', '.join(map(str, found.rows))} rows are too few to speak against an effect: {why} {self.power:g}"

    def _measure(self, question: Proposition, replicate: int, call: str | None = None) -> Outcome | str:
        if isinstance(question, (Causes, Direction)):
            return self._lab.test(question.a, question.b, frozenset(), replicate, call)
        if isinstance(question, Changes):
            return self._lab.test(question.do, question.outcome, question.holding, replicate, call)
        if isinstance(question, DirectlyCauses):  # what is held differs from outcome to outcome: an experiment for each
            rest = frozenset(self._lab.variables) - {question.a, question.b}
            return self._lab.test(question.a, question.b, rest, replicate)
        return "not a question about what an intervention changes"


def log_odds(p: float, alpha: float, power: float) -> float:
    """The log Bayes factor of a p-value for an effect; see :class:`ExperimentOracle`.

    >>> [round(log_odds(p, 0.05, 0.8), 2) for p in (1e-6, 0.05, 0.5, 1.0)]
    [10.19, 0.18, -1.96, -2.6]
    """
    shape = math.log(power) / math.log(alpha)
    return math.log(shape) + (shape - 1) * math.log(max(p, 1e-300))
