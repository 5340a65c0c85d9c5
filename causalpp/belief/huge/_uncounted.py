"""What the beliefs over classes that are not listed have in common."""

from __future__ import annotations

from typing import Protocol

from causalpp.belief.alternatives import NoneOfThese
from causalpp.belief.belief import Belief
from causalpp.belief.explanation import Explanation
from causalpp.belief.protocol import AnyBelief
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.graphs import Dag, DagBatch

__all__ = ["Uncounted"]


class Uncounted(AnyBelief, Protocol):
    """A belief over a class too large to be listed."""

    mec: MarkovEquivalenceClass

    @property
    def class_(self) -> MarkovEquivalenceClass:
        """The class whose members are the candidates."""
        return self.mec

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self.mec.nodes

    @property
    def none_of_these(self) -> NoneOfThese:
        """Only whether the answers have to do with the graph: too many graphs are one edge away from a member."""
        return NoneOfThese.only_related(self.profile)

    def explain(self, a: Dag, b: Dag) -> Explanation:
        """Which answers speak for one graph against another; see :meth:`Belief.explain`."""
        pair = DagBatch.from_dags([a, b], nodes=self.nodes)
        return Belief.uniform(pair, self.channel).update(self.answers).explain(a, b)
