"""The exact belief over a huge class whose chain components are small: a product of beliefs, one a component.

Given how reliable the oracle is, answers about different components say nothing about each other.  So for a finite
mixture of worlds w

    P(graph, w | answers) ∝ P(w) · Π_c P(answers about c, direction of c | w),

and it is enough to keep the probability of each component's answers in each world.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from causalpp.belief.belief import Belief
from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Profile
from causalpp.belief.channels.counts import Fixed
from causalpp.belief.channels.mixture import Mixture
from causalpp.belief.channels.odds import LogOdds
from causalpp.belief.huge._batches import Unwritten
from causalpp.belief.huge._parts import Told, is_plain, members_by_component
from causalpp.belief.huge._scopes import Scopes
from causalpp.belief.huge._uncounted import Uncounted
from causalpp.belief.reliability import Reliability
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.equivalence.restricted import RestrictedClass
from causalpp.errors import InvalidParameter, InvalidProposition
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import And, Not, Or, Proposition

__all__ = ["ComponentBelief"]

_DRAWN = 1_000  # graphs that stand for the posterior
_LIMIT = 100_000  # members of a component
_SURE = 1e-12  # a probability that is 0 or 1 but for rounding


@dataclass(frozen=True, eq=False, repr=False)
class ComponentBelief(Uncounted):
    """The exact posterior over a class of any size whose chain components can be listed; immutable.

    A question may be asked if one component decides it: which are the parents of a variable, or what it causes.
    That is so for all questions of the kinds ``Causes``, ``Changes`` and ``DirectlyCauses``, unless background
    knowledge splits what enters a component.

    Attributes:
        mec: the class.
        channel: the noise model: a finite mixture, or one with a known reliability.
        answers: the answers so far.

    Example:
        >>> from causalpp import Causes
        >>> edges = [(f"{name}{i}", f"{name}{i + 1}") for name in "abcdefghijklmnop" for i in range(1, 21)]
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges(edges))
        >>> mec.size == 21**16  # 16 chains of 21 variables, more than 10²⁰ graphs
        True
        >>> from causalpp.belief import Fixed
        >>> belief = ComponentBelief.uniform(mec, Fixed(0.1)).update([Answer(Causes("c3", "c4"), True)])
        >>> round(belief.probability(Causes("c1", "c2")), 3), belief.size == 21**16
        (0.2, True)
    """

    mec: MarkovEquivalenceClass
    channel: Channel
    answers: tuple[Answer, ...]
    _parts: tuple[Belief, ...]  # each knows the answers about its own component only
    _scopes: Scopes

    @classmethod
    def uniform(
        cls, mec: MarkovEquivalenceClass, channel: Channel | None = None, *, limit: int = _LIMIT
    ) -> ComponentBelief:
        """Before any answer: all members equally probable.

        Args:
            mec: the class, also with background knowledge.
            channel: the noise model, by default :class:`Agnostic`.
            limit: the most members a component may have.

        Raises:
            InvalidParameter: the class is narrowed by statements, or the channel learns the reliability in another way
                than as a finite mixture.
            TooLarge: a component has too many members; :class:`ParticleBelief` then serves.
        """
        channel = channel or Agnostic()
        if not (is_plain(channel) or isinstance(channel, (Fixed, LogOdds))):
            raise InvalidParameter(
                f"the product over components needs a known reliability or a finite mixture, not {channel!r}: "
                "take Agnostic, Correlated(correlation=0.0), or a ParticleBelief"
            )
        if isinstance(mec, RestrictedClass):
            raise InvalidParameter("a class narrowed by statements is no product of components: use a ParticleBelief")
        parts = tuple(Belief.uniform(batch, channel) for batch in members_by_component(mec, limit))
        return cls(mec, channel, (), parts, Scopes(mec.cpdag))

    # --- questions --------------------------------------------------------------------------------------

    def component(self, proposition: Proposition) -> int:
        """The number of the component that decides a statement; 0 for one that is decided already.

        Raises:
            InvalidProposition: several components may decide it.
            UnknownVariable: it is about a variable the class does not have.
        """
        for name in proposition.variables:
            self._parts[0].candidates.position(name)
        found = self._scopes.of(proposition)
        if len(found) > 1:
            raise InvalidProposition(
                f"whether {proposition.sentence()} may depend on {len(found)} components at once: take the share of "
                "belief.sample(10_000) in which it holds, or a ParticleBelief"
            )
        return min(found, default=0)

    def askable(self, questions: Iterable[Proposition]) -> tuple[Proposition, ...]:
        """Those of the questions that one component decides."""
        return tuple(question for question in questions if len(self._scopes.of(question)) <= 1)

    def update(self, answers: Iterable[Answer]) -> ComponentBelief:
        """The belief after more answers. Abstentions are kept and change nothing.

        Raises:
            InvalidProposition: several components may decide a question.
            UnknownVariable: an answer is about a variable the class does not have.
        """
        new = tuple(answers)
        told: dict[int, list[Answer]] = {}
        for answer in new:
            told.setdefault(self.component(answer.question), []).append(answer)
        parts = tuple(part.update(told[c]) if c in told else part for c, part in enumerate(self._parts))
        return replace(self, answers=self.answers + new, _parts=parts)

    # --- worlds -----------------------------------------------------------------------------------------

    @cached_property
    def _log_prior(self) -> Tensor:
        """The log prior of the worlds, shape ``(G,)``; a single one where the reliability is known."""
        if isinstance(self.channel, Mixture):
            return torch.as_tensor(self.channel.grid[:, 3]).log()
        return torch.zeros(1, dtype=torch.float64)

    @cached_property
    def _tables(self) -> list[Tensor]:
        """The log of P(answers about c | row, world), one table ``(R, G)`` a component."""
        if isinstance(self.channel, Mixture):
            return [part._state - self._log_prior for part in self._parts]
        return [self.channel.log_likelihood(part._state)[:, None] for part in self._parts]

    @cached_property
    def _messages(self) -> Tensor:
        """The log of P(answers about c | world), shape ``(components, G)``."""
        pairs = zip(self._parts, self._tables, strict=True)
        return torch.stack([torch.logsumexp(part._log_rows[:, None] + table, 0) for part, table in pairs])

    @cached_property
    def parts(self) -> tuple[Belief, ...]:
        """The belief about each component, with what the answers about all others say of the oracle.

        The candidates of each are members of the class that differ in this component only.
        """
        if not isinstance(self.channel, Mixture):
            return self._parts
        out = []
        for part, message in zip(self._parts, self._messages, strict=True):
            log = self._log_prior + self._messages.sum(0) - message
            told = Told(self.channel, torch.softmax(log, 0).clamp(min=1e-300).numpy())
            out.append(replace(part, channel=told))
        return tuple(out)

    # --- graphs -----------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of members of the class."""
        return self.mec.size

    @cached_property
    def candidates(self) -> DagBatch:  # type: ignore[override]  # made when it is needed
        """Distinct graphs among 1,000 that are drawn from the posterior, for what needs a list."""
        return self._drawn[0]

    @property
    def probabilities(self) -> Tensor:
        """The share of the draws that each of the :attr:`candidates` has, shape ``(N,)``."""
        return self._drawn[1]

    @cached_property
    def _drawn(self) -> tuple[DagBatch, Tensor]:
        batch, counts = self.sample(_DRAWN).unique()
        return batch, counts / float(_DRAWN)

    @property
    def log_marginal_likelihood(self) -> float:
        return float(torch.logsumexp(self._log_prior + self._messages.sum(0), 0))

    def probability(self, proposition: Proposition) -> float:
        """The posterior probability that a statement is true, exactly.

        Statements that one component decides each may also be joined by *and*, *or* and *not*, as long as the parts of
        every *or* that is not outermost are decided by one.

        Raises:
            InvalidProposition: several components may decide it in another way.
        """
        if isinstance(proposition, Not):
            return 1 - self.probability(proposition.of)
        if isinstance(proposition, Or):
            return 1 - self.probability(And(*(~part for part in proposition.of)))
        alone: dict[int, list[Proposition]] = {}
        for part in proposition.of if isinstance(proposition, And) else (proposition,):
            alone.setdefault(self.component(part), []).append(part)
        share = torch.softmax(self._log_prior + self._messages.sum(0), 0)  # of the worlds
        for c, statements in alone.items():
            within = self._within(self._parts[c], self._tables[c])
            holds = And(*statements).holds(self._parts[c].candidates)
            share = share * (holds.double() @ (within - self._messages[c]).exp())
        return min(1.0, float(share.sum()))

    def settled(self, statement: Proposition) -> bool | None:
        """Whether a statement is true in all members, or (False) in none, but for rounding; None if they differ."""
        p = self.probability(statement)
        return None if _SURE < p < 1 - _SURE else p > 0.5

    @property
    def edges(self) -> Tensor:
        out = torch.as_tensor(self.mec.cpdag.matrix & ~self.mec.cpdag.matrix.T).double()
        for place, part in zip(self._places, self.parts, strict=True):
            out[place[:, None], place] = part.candidates.edge_shares(part.probabilities)[place[:, None], place].double()
        return out

    @property
    def entropy(self) -> float:
        """What is still unknown about the graph, in bits: the sum over the components.

        Exact where the reliability is known. Otherwise an upper bound, and close to the truth once the reliability is
        known well: only through that do the components depend on each other.
        """
        return sum(part.entropy for part in self.parts)

    @cached_property
    def _best(self) -> list[tuple[list[int], float]]:
        return self._leading(1)

    @property
    def best(self) -> Dag:
        """The most probable graph, where its probability is above one half; else one of the most probable."""
        return self._assembled(torch.tensor([self._best[0][0]]))[0]

    @property
    def confidence(self) -> float:
        """The posterior probability of :attr:`best`, exactly."""
        return self._best[0][1]

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """``k`` of the most probable graphs with their exact probabilities.

        They are looked for among those whose components are most probable, each for itself or in one world.
        """
        found = self._leading(k)
        graphs = self._assembled(torch.tensor([chosen for chosen, _ in found]))
        return [(graphs[n], p) for n, (_, p) in enumerate(found)]

    def _leading(self, k: int) -> list[tuple[list[int], float]]:
        """The numbers of each component's members, and the probability of the graph."""
        beam: list[tuple[float, list[int]]] = [(0.0, [])]
        for part in self.parts:
            p, members = part.probabilities.topk(min(k, len(part.candidates)))
            options = list(zip(p.clamp(min=1e-300).log().tolist(), members.tolist(), strict=True))
            wider = [(log + more, [*chosen, m]) for log, chosen in beam for more, m in options]
            beam = sorted(wider, key=lambda pair: -pair[0])[:k]
        best = [self._within(part, table).argmax(0) for part, table in zip(self._parts, self._tables, strict=True)]
        tried = torch.cat([torch.tensor([chosen for _, chosen in beam]), torch.stack(best, 1)])
        tried = torch.unique(tried, dim=0)
        log = self._log_probability(tried)
        order = torch.argsort(log, descending=True, stable=True)[:k]
        return [(tried[n].tolist(), min(1.0, math.exp(float(log[n])))) for n in order]

    @staticmethod
    def _within(part: Belief, table: Tensor) -> Tensor:
        """The log of P(member, answers about the component | world), shape ``(M, G)``."""
        return part._log_start[:, None] + table[part.record.groups]

    def _log_probability(self, chosen: Tensor) -> Tensor:
        """The log posterior of graphs given by the number of each component's member, ``(N, components)``."""
        total = self._log_prior.expand(len(chosen), -1)
        for c, (part, table) in enumerate(zip(self._parts, self._tables, strict=True)):
            numbers = chosen[:, c]
            total = total + part._log_start[numbers, None] + table[part.record.groups[numbers]]
        return torch.logsumexp(total, 1) - self.log_marginal_likelihood

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` graphs drawn independently from the posterior, exactly."""
        if n < 0 or seed < 0:
            raise InvalidParameter(f"a sample of {n} graphs with the seed {seed}: neither can be negative")
        draw = torch.Generator().manual_seed(seed)
        worlds = torch.softmax(self._log_prior + self._messages.sum(0), 0)
        world = torch.multinomial(worlds, n, replacement=True, generator=draw) if n else torch.zeros(0).long()
        chosen = torch.empty((n, len(self._parts)), dtype=torch.int64)
        for c, (part, table) in enumerate(zip(self._parts, self._tables, strict=True)):
            for w in set(world.tolist()):
                here = (world == w).nonzero().flatten()
                p = torch.softmax(part._log_start + table[part.record.groups, w], 0)
                chosen[here, c] = torch.searchsorted(
                    p.cumsum(0), torch.rand(len(here), generator=draw, dtype=torch.float64), right=True
                ).clamp(max=len(p) - 1)
        return self._assembled(chosen)

    def _assembled(self, chosen: Tensor) -> DagBatch:
        """Graphs out of the numbers of the components' members, ``(N, components)``."""
        first = self._parts[0].candidates
        if isinstance(first, Unwritten):
            out = first.frame.shared.adjacency.repeat(len(chosen), 1, 1)
        else:
            out = first.adjacency[chosen[:, 0]].clone()
        for c, place in enumerate(self._places):
            out[:, place[:, None], place] = self._inner(self._parts[c], place, chosen[:, c])
        return DagBatch.trusted(self.nodes, out)

    @staticmethod
    def _inner(part: Belief, place: Tensor, numbers: Tensor) -> Tensor:
        """The edges of some members within their component, ``(n, k, k)``."""
        found = part.candidates
        if isinstance(found, Unwritten):
            return found.inner(numbers)
        return found.adjacency[numbers[:, None, None], place[:, None], place]

    @cached_property
    def _places(self) -> list[Tensor]:
        found = self.mec.cpdag.chain_components
        return [torch.tensor(rows) for rows in found] or [torch.zeros(0, dtype=torch.int64)]

    # --- the oracle -------------------------------------------------------------------------------------

    @property
    def reliability(self) -> Reliability:
        return self.parts[0].reliability

    @cached_property
    def profile(self) -> Profile:
        """What kind of oracle it is."""
        return self.parts[0].profile._replace(unrelated_before=self._parts[0].profile.unrelated_before)

    # --- for people -------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        count = len(self.mec.cpdag.chain_components)
        return (
            f"ComponentBelief({count} components of a class of {self.size:,}, {len(self.answers)} answers, "
            f"confidence {self.confidence:.3f} in {self.graph!r})"
        )

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        return {
            "method": "components",
            "components": [len(part.candidates) for part in self._parts],
            **super().to_dict(k),
        }
