"""What a class looks like at a glance: shares of its members, and which experiments would tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.equivalence._by_component import Part, even, exits, oriented
from causalpp.equivalence.chordal import insertion_order
from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.restricted import RestrictedClass
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag, DagBatch
from causalpp.graphs.cpdag import Matrix

__all__ = [
    "Intervention",
    "Shares",
    "ancestor_shares",
    "best_interventions",
    "clique_bound",
    "edge_shares",
    "verification_number",
    "verification_set",
]

_LISTED = 100_000  # members that are gone through
_CELLS = 1 << 27  # of whole graphs held at a time


@dataclass(frozen=True, eq=False)
class Shares:
    """For each ordered pair of variables, the share of the members of a class in which a relation holds.

    Attributes:
        nodes: the variables.
        values: the shares, shape ``(d, d)``, row before column.
        standard_errors: of each share, shape ``(d, d)``; zero throughout if the shares are exact.  From a sample,
            one of 0 or 1 is given that of a relation seen in half a member more, or less.
        members: how many members the shares are of: all of the class where they are exact, else so many draws.
        exact: whether they are exact throughout.

    Example:
        >>> shares = edge_shares(MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")])))
        >>> shares, shares["b", "c"]
        (Shares(3 variables, exact, from 3 members), 0.666...)
    """

    nodes: tuple[str, ...]
    values: Tensor
    standard_errors: Tensor
    members: int
    exact: bool

    def __getitem__(self, pair: tuple[str, str]) -> float:
        for name in pair:
            if name not in self.nodes:
                raise UnknownVariable(name, self.nodes)
        i, j = (self.nodes.index(name) for name in pair)
        return float(self.values[i, j])

    def __repr__(self) -> str:
        how = "exact, from" if self.exact else f"standard errors up to {float(self.standard_errors.max()):.2g}, from"
        return f"Shares({len(self.nodes)} variables, {how} {self.members:,} members)"


@dataclass(frozen=True)
class Intervention:
    """What an intervention on one variable would orient.

    Attributes:
        target: the variable.
        worst: the number of edges it orients at least, whichever member is the truth.
        average: the mean number over the members.
        exact: whether all members were gone through; otherwise both numbers come from a uniform sample, and
            the true ``worst`` may be smaller.

    Example:
        >>> Intervention("smoke", worst=1, average=1.5)
        Intervention('smoke': at least 1 edge oriented, 1.5 on average)
    """

    target: str
    worst: int
    average: float
    exact: bool = True

    def __repr__(self) -> str:
        edges = "edge" if self.worst == 1 else "edges"
        sampled = "" if self.exact else ", from a sample"
        said = f"at least {self.worst} {edges} oriented, {self.average:.3g} on average{sampled}"
        return f"Intervention({self.target!r}: {said})"


def edge_shares(mec: MarkovEquivalenceClass, sample: int = 10_000, seed: int = 0) -> Shares:
    """The share of members with i → j, for all pairs.

    The chain components are directed independently of each other, and looked at one by one: the memory it takes grows
    with the open edges, not with the class.  The shares are exact where a component's orientations can be counted root
    by root, or gone through (up to 100,000 of them).

    Args:
        mec: the class.
        sample: how many orientations of any other component are drawn, uniformly; the standard errors say how far to
            trust its shares.
        seed: of that draw.

    Raises:
        TooLarge: a component under background knowledge that can neither be gone through nor drawn from.

    References:
        He, Jia & Yu, *Counting and exploring sizes of Markov equivalence classes*, JMLR 16, 2015.

    Example:
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
        >>> edge_shares(mec).values[1]
        tensor([0.7500, 0.0000, 0.5000, 0.0000], dtype=torch.float64)
    """
    _check(sample)
    if isinstance(mec, RestrictedClass):
        return _of_all(mec, sample, seed, lambda members: members.adjacency)
    values = (mec.cpdag.matrix & ~mec.cpdag.matrix.T).astype(np.float64)
    drawn = np.zeros(values.shape, dtype=bool)
    for number, rows in enumerate(mec.cpdag.chain_components):
        place = np.ix_(rows, rows)
        values[place], exact = Part(mec.cpdag, rows, _LISTED, sample, seed + number).edges()
        drawn[place] = not exact
    return _gathered(mec, values, drawn, sample)


def ancestor_shares(mec: MarkovEquivalenceClass, sample: int = 10_000, seed: int = 0) -> Shares:
    """The share of members with a directed path from i to j, for all pairs.

    Whether a path leads from i to j is a matter of the component of i alone, unless background knowledge sets the
    parents of one component apart: the whole class is then gone through, or drawn from.

    Args:
        mec, sample, seed: as for :func:`edge_shares`.

    References:
        Fang, Liu & He, *Local causal relations and ancestral relations in a Markov equivalence class*,
        JMLR 23, 2022, decide where these shares are 0 or 1.

    Example:
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
        >>> ancestor_shares(mec)["a", "d"], ancestor_shares(mec)["b", "d"]
        (0.25, 0.5)
    """
    _check(sample)
    if isinstance(mec, RestrictedClass) or not even(mec.cpdag):
        return _of_all(mec, sample, seed, lambda members: members.reach)
    reach = DagBatch.from_dags([next(mec.members())]).reach[0].numpy()
    out = exits(mec.cpdag, reach)
    values = reach.astype(np.float64)
    drawn = np.zeros(values.shape, dtype=bool)
    for number, rows in enumerate(mec.cpdag.chain_components):
        part = Part(mec.cpdag, rows, _LISTED, sample, seed + number)
        k, at = len(rows), list(rows)
        found = part.reached(out[at])
        values[at] = found[:, k:]
        values[np.ix_(at, at)] = found[:, :k]
        drawn[at] = not part.exact
    return _gathered(mec, values, drawn, sample)


def _check(sample: int) -> None:
    if sample < 1:
        raise InvalidParameter(f"a sample of {sample} graphs")


def _gathered(mec: MarkovEquivalenceClass, values: NDArray[np.float64], drawn: Matrix, n: int) -> Shares:
    """Shares of which some were found in ``n`` draws."""
    found, sampled = torch.from_numpy(values), torch.from_numpy(drawn)
    errors = torch.where(sampled, _errors(found, n), 0.0)
    exact = not bool(sampled.any())
    return Shares(mec.nodes, found, errors, mec.size if exact else n, exact)


def _of_all(mec: MarkovEquivalenceClass, sample: int, seed: int, relation: Callable[[DagBatch], Tensor]) -> Shares:
    """Shares of all members, or of a uniform sample of them, whole graphs a block at a time."""
    d = len(mec.nodes)
    block = max(1, _CELLS // max(1, d * d))
    try:
        members = mec.batch(min(_LISTED, block))
    except TooLarge:
        total = torch.zeros((d, d), dtype=torch.float64)
        for start in range(0, sample, block):
            total += relation(mec.sample(min(block, sample - start), seed + start)).double().sum(0)
        values = total / sample
        return Shares(mec.nodes, values, _errors(values, sample), sample, False)
    values = relation(members).double().mean(0)
    return Shares(mec.nodes, values, torch.zeros_like(values), len(members), True)


def _errors(values: Tensor, n: int) -> Tensor:
    """The standard errors of shares found in ``n`` draws."""
    inside = values.clamp(0.5 / n, 1 - 0.5 / n)
    errors = (inside * (1 - inside) / n).sqrt()
    return errors.fill_diagonal_(0)


# --- experiments --------------------------------------------------------------------------------------------


def best_interventions(mec: MarkovEquivalenceClass, sample: int = 1_000, seed: int = 0) -> list[Intervention]:
    """For each variable, how many edges an ideal intervention on it would orient; the best ones first.

    The intervention shows the direction of every edge at its target; what follows from these directions counts as
    well, and stays within the target's chain component.  The order is by the worst case, then by the average, then as
    the variables stand.

    Args:
        mec: the class; up to 100,000 orientations of a component are gone through.
        sample: how many of a larger component are drawn, uniformly.
        seed: of that draw.

    Raises:
        TooLarge: a class restricted by statements that has more than 100,000 members; a component under background
            knowledge that can neither be gone through nor drawn from.

    References:
        He & Geng, *Active learning of causal networks with intervention experiments and optimal designs*, JMLR 9,
        2008; Hauser & Bühlmann, *Two optimal strategies for active learning of causal models from interventional
        data*, International Journal of Approximate Reasoning 55, 2014.

    Example:
        >>> best_interventions(MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")])))
        [Intervention('b': at least 2 edges oriented, 2 on average),
         Intervention('a': at least 1 edge oriented, 1.33 on average),
         Intervention('c': at least 1 edge oriented, 1.33 on average)]
    """
    _check(sample)
    out = [Intervention(name, 0, 0.0) for name in mec.nodes]
    if isinstance(mec, RestrictedClass):  # statements tie components together
        tails, heads = np.nonzero(np.triu(mec.cpdag.matrix & mec.cpdag.matrix.T))
        forward = mec.batch(_LISTED).adjacency.numpy()[:, tails, heads]
        found = oriented(forward, tails, heads, len(out))
        out = [Intervention(name, *one) for name, one in zip(mec.nodes, found, strict=True)]
        return sorted(out, key=lambda one: (-one.worst, -one.average))
    for number, rows in enumerate(mec.cpdag.chain_components):
        part = Part(mec.cpdag, rows, _LISTED, sample, seed + number)
        for row, (worst, average) in zip(rows, part.oriented(), strict=True):
            out[row] = Intervention(mec.nodes[row], worst, average, part.exact)
    return sorted(out, key=lambda one: (-one.worst, -one.average))


def verification_set(dag: Dag) -> frozenset[str]:
    """A smallest set of variables on which interventions, one at a time, prove a Dag among its whole class.

    It is a minimum vertex cover of the covered edges, those u → v with the same parents but for u itself; these
    form a forest, so that the cover is found exactly in polynomial time.

    Args:
        dag: the truth, without latent variables.

    Raises:
        InvalidGraph: the Dag has latent variables.

    References:
        Choo, Shiragur & Bhattacharyya, *Verification and search algorithms for causal DAGs*, NeurIPS 2022.

    Example:
        >>> sorted(verification_set(Dag.from_edges([("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")])))
        ['b']
    """
    if dag.latent:
        raise InvalidGraph(
            f"equivalence classes are over observed variables, and {sorted(dag.latent)} are latent: "
            "declare no variable latent"
        )
    adjacency = dag.adjacency
    near: list[set[int]] = [set() for _ in dag.nodes]
    for u, v in np.argwhere(adjacency):
        parents = adjacency[:, v].copy()
        parents[u] = False
        if np.array_equal(parents, adjacency[:, u]):
            near[u].add(int(v))
            near[v].add(int(u))
    cover = set()
    leaves = [v for v, others in enumerate(near) if len(others) == 1]
    while leaves:  # in a forest, the neighbour of a leaf covers at least as much as the leaf
        v = leaves.pop()
        if not near[v]:
            continue
        (u,) = near[v]
        cover.add(dag.nodes[u])
        for w in near[u]:
            near[w].remove(u)
            if len(near[w]) == 1:
                leaves.append(w)
        near[u].clear()
    return frozenset(cover)


def verification_number(dag: Dag) -> int:
    """The size of a smallest set of single interventions that orients the whole graph; see :func:`verification_set`.

    Raises:
        InvalidGraph: the Dag has latent variables.

    References:
        Choo, Shiragur & Bhattacharyya, *Verification and search algorithms for causal DAGs*, NeurIPS 2022.

    Example:
        >>> verification_number(Dag.from_edges([("a", "b"), ("b", "c")]))
        1
    """
    return len(verification_set(dag))


def clique_bound(mec: MarkovEquivalenceClass) -> int:
    """A number of single interventions that no member can be verified without.

    It is the sum over chain components of half the number of variables in a largest clique, rounded down.

    Args:
        mec: the class of a Dag or Cpdag, or an interventional class.

    Raises:
        InvalidParameter: the class is restricted by statements, or background knowledge directs edges within a
            chain component: the bound does not hold then.

    References:
        Squires, Magliacane, Greenewald, Katz, Kocaoglu & Shanmugam, *Active structure learning of causal DAGs via
        directed clique trees*, NeurIPS 2020.

    Example:
        >>> from itertools import combinations
        >>> clique_bound(MarkovEquivalenceClass.from_dag(Dag.from_edges(combinations("abcde", 2))))
        2
    """
    matrix = mec.cpdag.matrix
    blocks = [matrix[np.ix_(rows, rows)] for rows in mec.cpdag.chain_components]
    if isinstance(mec, RestrictedClass) or any(not np.array_equal(block, block.T) for block in blocks):
        raise InvalidParameter("the clique bound holds for whole classes only, not under background knowledge")
    return sum(_largest_clique(block) // 2 for block in blocks)


def _largest_clique(chordal: Matrix) -> int:
    order = insertion_order(chordal)
    return max(1 + int(chordal[v, order[:k]].sum()) for k, v in enumerate(order))
