"""What a posterior over graphs tells, whether it was summed or drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from causalpp._bits import mask_of
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, NotMixed, UnknownVariable
from causalpp.graphs import Dag, DagBatch
from causalpp.posterior.exact import Exact
from causalpp.posterior.grouping import class_numbers
from causalpp.posterior.sampled import Sampled
from causalpp.posterior.shown import Consensus
from causalpp.propositions import Causes, DirectlyCauses, Proposition
from causalpp.propositions.statements import Not

__all__ = ["Told"]

_ALIKE = 0.01  # two directions whose exact probabilities differ by less are as probable, for who reads them
_TOLD_APART = 0.06  # and two that chains estimate: four times the error of their difference
_DRAWS = 10_000  # graphs by which it is asked what has no closed form
_MEMBERS = 1 << 16  # of a class that are weighed one by one


@dataclass(frozen=True, eq=False, repr=False)
class Told:
    """The probabilities of edges, paths, statements, graphs and classes; see :class:`causalpp.DagPosterior`."""

    nodes: tuple[str, ...]
    inference: Exact | Sampled
    learned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether all Dags were summed over, and not some drawn."""
        return isinstance(self.inference, Exact)

    @property
    def mixed(self) -> bool:
        """Whether it may be believed: always if it is exact, else whether the chains agree.

        Until they do, everything that tells something of graphs raises :class:`~causalpp.errors.NotMixed`; what the
        chains have so far stands in :attr:`inference`.
        """
        return self.inference.trouble is None

    @property
    def _told(self) -> Exact | Sampled:
        """What may be believed.

        Raises:
            NotMixed: it may not.
        """
        if self.inference.trouble:
            raise NotMixed(self.inference.trouble)
        return self.inference

    @property
    def edges(self) -> Tensor:
        """The probability of every directed edge, shape ``(d, d)``: row cause, column effect."""
        return torch.from_numpy(self._told.edges)

    @property
    def paths(self) -> Tensor:
        """The probability that the one causes the other, directly or not, shape ``(d, d)``."""
        return torch.from_numpy(self._told.paths)

    @property
    def log_marginal_likelihood(self) -> float:
        """The natural logarithm of P(data), averaged over graphs and parameters (a density for real columns).

        Raises:
            InvalidParameter: the posterior is by chains, which do not tell it, or missing values were drawn, which
                gives a bound up to a constant that is not known.
        """
        found = self._told
        if "missing" in self.learned:
            raise InvalidParameter("with missing values drawn there is no marginal likelihood, but a bound of it")
        if isinstance(found, Sampled):
            raise InvalidParameter("chains tell no marginal likelihood: method='exact' does, for up to 20 variables")
        return found.log_marginal_likelihood

    def family(self, variable: str, parents: Iterable[str]) -> float:
        """The probability that a variable has exactly these parents.

        Raises:
            UnknownVariable: a name that is no variable.
        """
        v = self._place(variable)
        return self._told.family(v, mask_of(map(self._place, parents)))

    def non_descendants(self, variable: str, others: Iterable[str]) -> float:
        """The probability that the variables that do not descend from one are exactly these others."""
        v = self._place(variable)
        return self._told.non_descendants(v, mask_of(map(self._place, others)))

    def probability(self, proposition: Proposition) -> float:
        """The probability that a statement is true: exact for edges and paths, else the share among draws.

        Raises:
            UnknownVariable: the statement names a variable that is not there.
        """
        return self._probability(proposition)[0]

    def standard_error(self, proposition: Proposition) -> float:
        """How far off :meth:`probability` may be; 0 where it is exact."""
        return self._probability(proposition)[1]

    def _probability(self, proposition: Proposition) -> tuple[float, float]:
        if isinstance(proposition, Not):
            p, error = self._probability(proposition.of)
            return 1 - p, error
        if type(proposition) in (Causes, DirectlyCauses):
            a, b = map(self._place, proposition.variables)
            p = float((self.edges if type(proposition) is DirectlyCauses else self.paths)[a, b])
            if isinstance(self.inference, Exact):
                return p, 0.0
            if type(proposition) is DirectlyCauses:
                return p, float(self.inference.standard_error[a, b])
            return p, float(np.sqrt(p * (1 - p) / min(_DRAWS, self.inference.effective)))
        p = float(self.probabilities @ proposition.holds(self.candidates).to(torch.float64))
        draws = _DRAWS if isinstance(self.inference, Exact) else min(_DRAWS, self.inference.effective)
        return p, float(np.sqrt(p * (1 - p) / draws))

    def _place(self, name: str) -> int:
        if name not in self.nodes:
            raise UnknownVariable(name, self.nodes)
        return self.nodes.index(name)

    # --- graphs --------------------------------------------------------------------------------------------

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` graphs drawn independently from the posterior, exactly.

        Raises:
            InvalidParameter: a negative number or seed.
        """
        if n < 0 or seed < 0:
            raise InvalidParameter(f"a sample of {n} graphs with the seed {seed}: neither can be negative")
        return self._told.sample(n, seed)

    @cached_property
    def _drawn(self) -> tuple[DagBatch, Tensor]:
        batch = self.sample(_DRAWS)
        distinct, counts = batch.unique()
        return distinct, counts.to(torch.float64) / len(batch)

    @property
    def candidates(self) -> DagBatch:
        """The distinct ones of 10,000 drawn graphs, by which effects and statements without a formula are averaged."""
        return self._drawn[0]

    @property
    def probabilities(self) -> Tensor:
        """The share of each of the :attr:`candidates` among the draws, shape ``(N,)``."""
        return self._drawn[1]

    listed: ClassVar[bool] = False

    @property
    def best(self) -> Dag:
        """The most probable graph; all members of its class may be as probable."""
        return self.top(1)[0][0]

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """The ``k`` most probable graphs with their probabilities, exactly.

        Raises:
            InvalidParameter: a negative number.
        """
        if k < 0:
            raise InvalidParameter(f"the number of graphs cannot be negative, got {k}")
        return self._told.most_probable(k)

    def classes(self, k: int = 5, among: int = 100) -> list[tuple[MarkovEquivalenceClass, float]]:
        """The most probable equivalence classes with their probabilities, the most probable first.

        Looked at are the classes of the ``among`` most probable graphs, and as many that have most of the drawn graphs:
        many graphs of little weight can make a class that is more probable than that of the best graph.  The
        probability of a class is that of all its members, exactly; of more than 65,536, its share of the draws.
        """
        number = torch.from_numpy(class_numbers(self.candidates))
        share = torch.zeros(len(self.candidates), dtype=torch.float64).index_add_(0, number, self.probabilities)
        total: dict[Cpdag, float] = {Cpdag.from_dag(dag): 0.0 for dag, _ in self.top(among)}
        first = {int(group): k for k, group in reversed(list(enumerate(number.tolist())))}
        for group in share.argsort(descending=True)[:among].tolist():
            if group in first:
                total[Cpdag.from_dag(self.candidates[first[group]])] = float(share[group])
        for cpdag in total:
            mec = MarkovEquivalenceClass(cpdag)
            if mec.size <= _MEMBERS:
                log_p = self._told.log_probability(mec.batch(limit=_MEMBERS))
                total[cpdag] = float(np.exp(log_p).sum())
        found = sorted(total.items(), key=lambda item: -item[1])[:k]
        return [(MarkovEquivalenceClass(cpdag), p) for cpdag, p in found]

    def consensus(self, threshold: float = 0.5) -> Consensus:
        """The edges whose probability is at least a threshold, and pairs that are joined with it, either way.

        Where both directions are as probable, to a hundredth or to what chains tell apart, neither is said.

        Raises:
            InvalidParameter: a threshold outside [0.5, 1].
        """
        return Consensus.of(self.nodes, self._told.edges, threshold, _ALIKE if self.exact else _TOLD_APART)

    @property
    def entropy(self) -> float:
        """What is unknown of the graph, in bits: exact, or from the probabilities of what chains draw."""
        return max(0.0, self._told.entropy / float(np.log(2)))
