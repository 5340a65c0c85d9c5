"""An oracle that knows the true graph, made fallible."""

from __future__ import annotations

import hashlib

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.noise import Noise
from causalpp.oracles.oracle import Oracle
from causalpp.propositions import Proposition

__all__ = ["SimulatedOracle"]


class SimulatedOracle(Oracle):
    """Answers from a known graph, with errors of a stated kind.

    Args:
        truth: the graph the answers are about.
        noise: how they go wrong; :mod:`causalpp.noise` has the families.
        seed: of the errors; the same seed gives the same answers on any machine.

    Raises:
        InvalidParameter: a negative seed.

    Example:
        >>> from causalpp import Causes, noise
        >>> oracle = SimulatedOracle(Dag.from_edges([("smoke", "cancer")]), noise.Symmetric(0.1), seed=0)
        >>> [answer.word for answer in oracle.ask(Causes("smoke", "cancer"), repeats=3)]
        ['yes', 'yes', 'no']
    """

    kind = "simulated"

    def __init__(self, truth: Dag, noise: Noise, seed: int = 0) -> None:
        if seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
        self.truth = truth
        self.noise = noise
        self.seed = seed
        self._true: dict[Proposition, bool] = {}

    def __repr__(self) -> str:
        return f"SimulatedOracle({len(self.truth)} variables, {self.noise}, seed={self.seed})"

    @property
    def fingerprint(self) -> str:
        described = f"{sorted(self.truth.nodes)}{sorted(self.truth.edges)}{self.noise}{self.seed}"
        return f"simulated:{hashlib.sha256(described.encode()).hexdigest()[:12]}"

    def _answer(self, request: Request) -> Answer:
        question, replicate = request.question, request.replicate
        if question not in self._true:
            self._true[question] = question.holds(self.truth)
        digest = hashlib.sha256(question.to_json().encode()).digest()
        draw = np.random.default_rng([self.seed, replicate, *np.frombuffer(digest[:16], dtype="<u4").tolist()])
        return Answer(question, self.noise.answer(question, self._true[question], draw), replicate, self.fingerprint)
