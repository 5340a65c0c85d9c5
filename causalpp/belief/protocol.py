"""What every belief offers, whatever it is about and however it is computed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief.alternatives import NoneOfThese
from causalpp.belief.channels import Channel, Profile
from causalpp.belief.explanation import Explanation
from causalpp.belief.record import Label
from causalpp.belief.reliability import Reliability
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior
from causalpp.propositions import Proposition

__all__ = ["AnyBelief", "BeliefLike"]


class BeliefLike(Protocol):
    """A posterior over candidates and over the oracle's reliability; immutable.

    Attributes:
        candidates: those that are listed; where there are too many, some that stand for all.
        channel: the noise model of the oracle.
        answers: the answers so far.
        listed: whether the candidates are all that is possible, each with its exact probability.
    """

    candidates: Any
    channel: Channel
    answers: tuple[Answer, ...]
    listed: ClassVar[bool] = False

    def update(self, answers: Iterable[Answer]) -> Any:
        """The belief after more answers. Abstentions are kept with the answers, and as a rule change nothing."""

    # --- what is believed -------------------------------------------------------------------------------

    @property
    def probabilities(self) -> Tensor:
        """Of the :attr:`candidates`, shape ``(N,)``."""

    @property
    def size(self) -> int | None:
        """How many candidates there are, listed or not; None where that is not known."""

    @property
    def best(self) -> Any:
        """The most probable candidate."""

    @property
    def confidence(self) -> float:
        """The probability of :attr:`best`."""

    @property
    def confidence_error(self) -> float:
        """The standard error of :attr:`confidence`; 0 where it is exact."""
        return 0.0

    @property
    def prior_confidence(self) -> float:
        """The probability of the most probable candidate before any answer."""
        return 1 / self.size if self.size else 0.0

    def top(self, k: int = 5) -> list[tuple[Any, float]]:
        """``k`` of the most probable candidates with their probabilities."""

    def probability(self, proposition: Proposition) -> float:
        """The probability that a statement is true."""

    def standard_error(self, proposition: Proposition) -> float:
        """How far off :meth:`probability` may be; 0 where it is exact."""
        del proposition
        return 0.0

    def settled(self, statement: Proposition) -> bool | None:
        """Whether a statement is true in all candidates, or (False) in none; None if they differ in it."""

    @property
    def fewest_wrong(self) -> tuple[int, int] | None:
        """How many answers are wrong at least, whatever is true, and how many there are; None if that is not known."""
        return None

    @property
    def entropy(self) -> float:
        """What is still unknown about the truth, in bits."""

    @property
    def log_marginal_likelihood(self) -> float:
        """The natural logarithm of P(answers)."""

    log_evidence: Any = old_attribute("log_marginal_likelihood")

    # --- the oracle -------------------------------------------------------------------------------------

    @property
    def reliability(self) -> Reliability:
        """The posterior over the oracle's sensitivity and specificity; of several groups, each with equal weight."""

    @property
    def reliabilities(self) -> dict[Label, Reliability]:
        """The same for each kind of question, wording or oracle, where the channel tells them apart; else empty."""
        return {}

    @property
    def profile(self) -> Profile:
        """What kind of oracle it is, and what the channel learns of it beside rates."""

    @property
    def kinds(self) -> dict[str, float]:
        """How probable it is that the oracle is informative, a liar, or unrelated to the truth.

        A channel with a learned reliability knows no unrelated answers: *liar* is then worse than chance.
        """
        return {kind: getattr(self.profile, kind) for kind in ("informative", "liar", "unrelated")}

    @property
    def shares(self) -> dict[float, float]:
        """The posterior of λ of :class:`Pooled`, or of c of :class:`SharedErrors`; empty for other channels."""
        return dict(self.profile.shares)

    @property
    def shared(self) -> float:
        """How probable it is, on average, that an error strikes all answers of a call; zero for most channels."""
        return self.profile.strikes


class AnyBelief(BeliefLike, Protocol):
    """A belief about a graph: over a list of graphs, the components of a class, or particles.

    Attributes:
        alternatives: graphs beside the candidates that may be the truth instead, or None.
        doubt: the prior probability of the alternatives together.
    """

    candidates: DagBatch
    alternatives: DagBatch | None = None
    doubt: float = 0.0

    @property
    def data(self) -> DagPosterior | None:
        """The posterior given data that the belief started from, if it did."""
        return None

    @property
    def class_(self) -> MarkovEquivalenceClass | None:
        """The class whose members are the candidates, where they are not listed one by one."""
        return None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self.candidates.nodes

    @property
    def graph(self) -> Dag:
        """The most probable graph."""
        found: Dag = self.best
        return found

    @property
    def edges(self) -> Tensor:
        """The probability of every directed edge, shape ``(d, d)``."""

    @property
    def none_of_these(self) -> NoneOfThese:
        """How the candidates compare with graphs one edge away, and with answers that have nothing to do with a graph.

        Of classes that are not listed only the latter: too many graphs are one edge away from a member.
        """

    def explain(self, a: Dag, b: Dag) -> Explanation:
        """Which answers speak for one graph against another, in bits."""

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        """The leading graphs, the edges' probabilities and the reliability as plain values."""
        nodes = self.nodes
        return {
            "candidates": self.size,
            "answers": len(self.answers),
            "confidence": self.confidence,
            "entropy_bits": self.entropy,
            "log_evidence": self.log_marginal_likelihood,
            "graphs": [{"edges": [list(e) for e in dag.edges], "probability": p} for dag, p in self.top(k)],
            "edges": [
                {"cause": nodes[i], "effect": nodes[j], "probability": float(p)}
                for i, row in enumerate(self.edges.tolist())
                for j, p in enumerate(row)
                if p > 0
            ],
            "reliability": self.reliability.to_dict(),
            "reliabilities": [
                {"group": list(label) if isinstance(label, tuple) else label, **found.to_dict()}
                for label, found in self.reliabilities.items()
            ],
            "shares": [{"share": share, "probability": p} for share, p in self.shares.items()],
            "kinds": self.kinds,
            "none_of_these": None,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
