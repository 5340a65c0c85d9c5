"""A check of a belief against answers it has not seen: how well it foretells them.

The score is prequential (Dawid, *Statistical theory: the prequential approach*, JRSS A 147, 1984): each answer is
forecast by the belief after all answers before it.  Whatever led to the questions, and however the answers hang
together, the forecasts of a right model keep what they promise: the score differs from the sum of its conditional
expectations by a martingale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from causalpp.acbo import Result
from causalpp.belief import AnyBelief, LogOdds, Potentials
from causalpp.crosscheck.check import Check, check_level
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer, Oracle
from causalpp.propositions import Causes, Changes, Direction, DirectlyCauses, Proposition, all_questions

__all__ = ["AnswerCheck", "check_answers"]

_DRAWS = 100_000
_KINDS: tuple[type[Proposition], ...] = (Causes, DirectlyCauses, Changes, Direction)  # asked where all others were
_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AnswerCheck(Check):
    """How well a belief foretold answers.

    Attributes:
        forecasts: the probability of a yes before each answer, shape ``(n,)``; where the belief reads log-odds, that
            of their sign, given how large they are.
        said: whether it was a yes, shape ``(n,)``.
        questions: that were answered.
        fresh: whether they were asked after the run; otherwise they are the run's own.
    """

    against: ClassVar[str] = "held-out answers"
    forecasts: _Floats
    said: NDArray[np.bool_]
    questions: tuple[Proposition, ...]
    fresh: bool

    @property
    def score(self) -> float:
        """The mean of log₂ P(answer), in bits; −1 is chance, 0 is certainty that was right."""
        return float(_bits(self.forecasts, self.said).mean()) if len(self.said) else math.nan

    @property
    def expected(self) -> float:
        """The score that the belief itself expected: minus the mean entropy of its forecasts."""
        p = self.forecasts
        return float((p * _log2(p) + (1 - p) * _log2(1 - p)).mean()) if len(p) else math.nan

    @property
    def sentences(self) -> tuple[str, ...]:
        if not len(self.said):
            return ("there were no answers, yes or no",)
        what = "fresh questions" if self.fresh else "of the run's own answers, each forecast from those before it"
        better = self.score + 1
        return (
            f"{len(self.said)} {what}: {self.score:.3f} bits an answer, where the belief expected {self.expected:.3f} "
            "and chance has −1",
            f"that is {abs(better):.3f} bits an answer {'better' if better >= 0 else 'worse'} than chance",
        )

    def _details(self) -> dict[str, Any]:
        known = len(self.said) > 0
        return {
            "answers": len(self.said),
            "fresh": self.fresh,
            "score_bits": self.score if known else None,
            "expected_bits": self.expected if known else None,
            "chance_bits": -1.0,
            "forecasts": [
                {"question": q.sentence(), "probability_of_yes": float(p), "answer": "yes" if yes else "no"}
                for q, p, yes in zip(self.questions, self.forecasts, self.said, strict=True)
            ],
        }


def check_answers(
    result: Result,
    oracle: Oracle | None = None,
    *,
    questions: int = 20,
    kinds: Sequence[str | type[Proposition]] | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> AnswerCheck:
    """Does the belief foretell answers it has not seen, as well as it says it does?

    With an oracle, it is asked questions that the run did not ask, drawn at random.  Without one, the run's own
    answers serve: each was unseen when it came, and is forecast from those before it.  The score is the mean
    of log₂ P(answer); the p-value is the probability of a total so low or lower if each answer were drawn as it was
    forecast.  A belief in a wrong graph, a reliability that is not the oracle's, or answers that contradict each other
    make it small.  Of log-odds the sign is forecast; where the belief reads them, those of a question that is put again
    are the same opinion, and not forecast.

    Args:
        result: the run.
        oracle: the one that was asked, or another that the belief should hold for.
        questions: how many fresh ones; all there are if they are fewer.
        kinds: of fresh questions; by default those that the run asked, and others where it asked all of these.
        level: the rate at which a right belief fails.
        seed: of the choice of questions, and of the p-value.

    Raises:
        InvalidParameter: every question was asked; no oracle, and the run did not keep its first belief; a
            number out of range.
        OracleError: the oracle cannot be asked.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
        >>> oracle = cpp.SimulatedOracle(asia.dag, cpp.noise.Symmetric(0.1), seed=1)
        >>> result = cpp.discover(mec, oracle, seed=1)
        >>> check = check_answers(result, oracle, questions=10)
        >>> check.passed, check.score > -1
        (True, True)
    """
    check_level(level)
    if oracle is None:
        if result.start is None:
            raise InvalidParameter("this result does not have the belief its run began with: pass the oracle to ask")
        belief, answers = result.start, list(result.belief.answers)
    else:
        belief, answers = result.belief, _asked(result, oracle, questions, kinds, seed)
    forecasts: list[float] = []
    kept: list[Answer] = []
    for answer in answers:
        after = belief.update([answer])
        if answer.value is not None and not _again(belief, answer):
            kept.append(answer)
            forecasts.append(_yes(belief, after, answer))
        belief = after
    p, said = np.array(forecasts), np.array([bool(answer.value) for answer in kept], dtype=bool)
    return AnswerCheck(
        level=level,
        p_value=_as_low(p, said, seed) if len(said) else None,
        forecasts=p,
        said=said,
        questions=tuple(answer.question for answer in kept),
        fresh=oracle is not None,
    )


def _asked(
    result: Result, oracle: Oracle, number: int, kinds: Sequence[str | type[Proposition]] | None, seed: int
) -> list[Answer]:
    if number < 1:
        raise InvalidParameter(f"at least one question is asked, not {number}")
    graphs = result.belief.candidates
    known = [step.answer.question for step in result.transcript]
    before = set(map(_opinion, known))
    asked = list(dict.fromkeys(type(question) for question in known if type(question) in _KINDS)) or [Causes]
    wanted = [asked, *([kind] for kind in _KINDS)] if kinds is None else [list(kinds)]
    several = ([q for q in all_questions(graphs.nodes, some) if _opinion(q) not in before] for some in wanted)
    fresh: list[Proposition] = next(filter(None, several), [])
    if not fresh:
        raise InvalidParameter("the run has asked every question of these kinds: name others with kinds=")
    draw = np.random.default_rng(seed)
    chosen = draw.choice(len(fresh), min(number, len(fresh)), replace=False)
    return [answer for answer in oracle.ask([fresh[k] for k in chosen]) if not answer.failed]


def _opinion(question: Proposition) -> Proposition | frozenset[str]:
    """What a question is about; both ways of asking for a direction are about the same."""
    return frozenset(question.variables) if isinstance(question, Direction) else question


def _again(before: AnyBelief, answer: Answer) -> bool:
    """Whether a belief that reads log-odds has those of this question already: repeats are averaged."""
    if not (isinstance(before.channel, (LogOdds, Potentials)) and _has_odds(answer)):
        return False
    about = _opinion(answer.question)
    return any(_has_odds(other) and _opinion(other.question) == about for other in before.answers)


def _has_odds(answer: Answer) -> bool:
    return answer.log_odds is not None or bool(answer.parts)


def _turned(answer: Answer) -> Answer:
    """The answer that says the opposite, as surely."""
    return replace(
        answer,
        value=None if answer.value is None else not answer.value,
        log_odds=None if answer.log_odds is None else -answer.log_odds,
        parts=tuple(map(_turned, answer.parts)),
    )


def _yes(before: AnyBelief, after: AnyBelief, answer: Answer) -> float:
    """P(yes) before an answer, given that it would be yes or no, and how surely."""
    given = after.log_marginal_likelihood - before.log_marginal_likelihood
    opposite = before.update([_turned(answer)])
    other = opposite.log_marginal_likelihood - before.log_marginal_likelihood
    top = max(given, other)
    share = math.exp(given - top) / (math.exp(given - top) + math.exp(other - top))
    return share if answer.value else 1 - share


def _log2(p: _Floats) -> _Floats:
    return np.log2(np.maximum(p, 1e-300))


def _bits(p: _Floats, said: NDArray[np.bool_]) -> _Floats:
    return np.where(said, _log2(p), _log2(1 - p))


def _as_low(p: _Floats, said: NDArray[np.bool_], seed: int) -> float:
    """The probability of a total score so low or lower, each answer drawn as forecast."""
    total = float(_bits(p, said).sum())
    source = np.random.default_rng(seed)
    yes, no = _log2(p), _log2(1 - p)
    drawn = np.zeros(_DRAWS)
    for chance, high, low in zip(p, yes, no, strict=True):
        drawn += np.where(source.random(_DRAWS) < chance, high, low)
    return float((1 + (drawn <= total + 1e-9).sum()) / (1 + _DRAWS))
