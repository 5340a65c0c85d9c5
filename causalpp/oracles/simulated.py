"""An oracle that knows the true graph, made fallible."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.noise import LogOdds, Noise, PositionNoise, Situation
from causalpp.oracles.noise.families import as_noise
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.panel import asking
from causalpp.propositions import Causes, Direction, Proposition

__all__ = ["SimulatedOracle"]


class SimulatedOracle(Oracle):
    """Answers from a known graph, with errors of a stated kind.

    Args:
        truth: the graph the answers are about.
        noise: how they go wrong; :mod:`causalpp.noise` has the families, a plain number is the rate of
            symmetric errors.
        seed: of the errors; the same seed gives the same answers on any machine.
        log_odds: how sure it says it is of a yes or a no; by default it does not say.  Where it does, the answer to a
            :class:`~causalpp.Direction` has the log-odds of both ways as its parts.

    Raises:
        InvalidParameter: no graph, no noise, or a seed that is not a whole number from 0 on.

    Example:
        >>> from causalpp import Causes, noise
        >>> oracle = SimulatedOracle(Dag.from_edges([("smoke", "cancer")]), noise.Symmetric(0.1), seed=0)
        >>> [answer.word for answer in oracle.ask(Causes("smoke", "cancer"), repeats=3)]
        ['yes', 'yes', 'no']
    """

    nature = "simulated"

    def __init__(self, truth: Dag, noise: Noise | float, seed: int = 0, log_odds: LogOdds | None = None) -> None:
        if not isinstance(truth, Dag):
            raise InvalidParameter(f"a simulated oracle answers from a Dag, not from {truth!r}")
        self.truth = truth
        self.noise = as_noise(noise)
        self.seed = check_seed(seed)
        self.log_odds = log_odds
        self._noise = self.noise.on(truth)  # of functions of the graph's size only their values count
        self._graphs = DagBatch.from_dags([truth])
        self._true: dict[Proposition, bool] = {}

    def __repr__(self) -> str:
        said = "" if self.log_odds is None else f", {self.log_odds}"
        return f"SimulatedOracle({len(self.truth)} variables, {self._noise}, seed={self.seed}{said})"

    @cached_property
    def fingerprint(self) -> str:
        described = f"{sorted(self.truth.nodes)}{sorted(self.truth.edges)}{self._noise}{self.seed}"
        if self.log_odds is not None:
            described += repr(self.log_odds)
        if " at 0x" in described:
            raise InvalidParameter(
                f"{self._noise!r} says where it is in memory and not what it does: give it a repr with its parameters"
            )
        return f"simulated:{hashlib.sha256(described.encode()).hexdigest()[:12]}"

    @property
    def identity(self) -> Mapping[str, Any]:
        said = None if self.log_odds is None else repr(self.log_odds)
        return {
            "kind": self.nature,
            "variables": len(self.truth),
            "noise": repr(self._noise),
            "seed": self.seed,
            "log_odds": said,
        }

    def about(self, dag: Dag, description: str = "", seed: int = 0) -> SimulatedOracle:  # noqa: ARG002
        """An oracle of the same kind about another graph, with the same journal; it needs no description."""
        other = self._copied()
        SimulatedOracle.__init__(other, dag, self.noise, seed, self.log_odds)
        return other

    def _parts(self, question: Proposition, number: int) -> Sequence[Request]:
        """Where it says how sure it is: both ways of a direction."""
        if not isinstance(question, Direction) or (
            self.log_odds is None and not isinstance(self._noise, PositionNoise)
        ):
            return ()
        return [Request(Causes(*pair), number) for pair in ((question.a, question.b), (question.b, question.a))]

    def _answer(self, request: Request) -> Answer:
        question = request.question
        if question not in self._true:
            self._true[question] = bool(question.holds(self._graphs)[0])
        place = (request.replicate, request.wording, request.negated)
        situation = Situation(
            question, self._true[question], self.truth, *place, seeds=(self.seed,), call=asking(request.call)
        )
        value = self._noise.answer(situation)
        sure = self._noise.odds(situation)
        if sure is None and self.log_odds is not None and value is not None:
            sure = self.log_odds.of(value, self._noise, situation)
        return Answer(question, value, log_odds=sure, reason="unsure" if value is None else None)
