"""Random graphs, many at once and reproducible, and all graphs of a few variables.

The names never give the causal order away: every order of the variables is equally likely.  (Benchmarks
that draw every edge from the earlier name to the later one can be solved by reading the alphabet; Reisach,
Seiler & Weichwald, *Beware of the simulated DAG!*, NeurIPS 2021, is the same warning about variances.)

Everything is derived from ``numpy.random.default_rng(seed).random``, so the same seed gives the same graphs
on every machine.  The loops run over variables, never over graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import reachability
from causalpp.graphs.batch import DagBatch
from causalpp.graphs.dag import check_names

__all__ = ["all_dags", "complete", "erdos_renyi", "random_tree", "scale_free"]

_Bools = NDArray[np.bool_]
_LARGEST_LISTED = 5


def erdos_renyi(variables: int | Sequence[str], *, expected_degree: float, n: int = 1, seed: int) -> DagBatch:
    """Graphs in which each pair is joined independently with probability ``expected_degree / (d - 1)``.

    The undirected graph of Erdős & Rényi (Publ. Math. 6, 1959; in Gilbert's form), oriented along a uniformly random
    order of the variables.

    Args:
        variables: names, or their number d for the names X1 … Xd.
        expected_degree: how many neighbours, causes and effects together, a variable has on average; 0 to d − 1.
        n: the number of graphs.
        seed: the same seed gives the same graphs.

    Raises:
        InvalidParameter: an argument out of range.
        InvalidGraph: a name is empty, not a string or given twice.

    Example:
        >>> erdos_renyi(4, expected_degree=1.5, n=3, seed=0)
        DagBatch(3 graphs over 4 variables: X1, X2, X3, X4)
        >>> erdos_renyi(["a", "b", "c"], expected_degree=2, seed=1)[0]  # every pair is joined
        Dag('a → b, c → a, c → b')
    """
    names, generator = _prepare(variables, n, seed)
    most = len(names) - 1
    if not 0 <= expected_degree <= most:
        raise InvalidParameter(
            f"expected_degree lies between 0 and {most} for {len(names)} variables, got {expected_degree!r}"
        )
    place = _random_order(generator, n, len(names))
    out = np.zeros((n, len(names), len(names)), dtype=bool)
    for i in range(most):
        # One draw for each pair {i, j}; the order of the two decides which way the edge points.
        joined = generator.random((n, most - i)) < expected_degree / most
        forward = place[:, i, None] < place[:, i + 1 :]
        out[:, i, i + 1 :] = joined & forward
        out[:, i + 1 :, i] = joined & ~forward
    return _batch(names, out)


def scale_free(variables: int | Sequence[str], *, edges_per_node: int = 1, n: int = 1, seed: int) -> DagBatch:
    """Graphs grown by preferential attachment: few variables have very many effects.

    Variables arrive in a uniformly random order.  Each takes ``edges_per_node`` distinct causes (all, while there
    are no more) among those already there, drawn one after the other with probability proportional to their
    present number of neighbours (Barabási & Albert, Science 286, 1999).  So the order of arrival is the causal order, a
    variable has at most ``edges_per_node`` causes, and the hubs are causes.

    Args:
        variables: names, or their number d for the names X1 … Xd.
        edges_per_node: how many causes each new variable takes; 1 to d − 1 (1 if d is 1).
        n: the number of graphs.
        seed: the same seed gives the same graphs.

    Raises:
        InvalidParameter: an argument out of range.
        InvalidGraph: a name is empty, not a string or given twice.

    Example:
        >>> batch = scale_free(6, edges_per_node=2, n=4, seed=0)
        >>> batch.adjacency.sum((1, 2)).tolist()  # 0 + 1 + 2 + 2 + 2 + 2 edges
        [9, 9, 9, 9]
    """
    names, generator = _prepare(variables, n, seed)
    d, most = len(names), max(1, len(names) - 1)
    if not _is_whole(edges_per_node) or not 1 <= edges_per_node <= most:
        raise InvalidParameter(
            f"edges_per_node is a whole number between 1 and {most} for {d} variables, got {edges_per_node!r}"
        )
    place = _random_order(generator, n, d)
    grown = np.zeros((n, d, d), dtype=bool)  # in order of arrival
    degree = np.zeros((n, d))
    for new in range(1, d):
        if new <= edges_per_node:
            chosen = np.ones((n, new), dtype=bool)
        else:
            # Exponential clocks with rates ∝ degree: the first to ring are a draw without replacement.
            clock = -np.log1p(-generator.random((n, new))) / degree[:, :new]
            rank = clock.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
            chosen = rank < edges_per_node
        grown[:, :new, new] = chosen
        degree[:, :new] += chosen
        degree[:, new] = chosen.sum(axis=1)
    rows = np.arange(n)[:, None, None]
    return _batch(names, grown[rows, place[:, :, None], place[:, None, :]])


def random_tree(variables: int | Sequence[str], *, n: int = 1, seed: int) -> DagBatch:
    """Uniformly random rooted labelled trees, all edges pointing away from the root.

    Each of the d^(d−1) rooted trees is equally likely: they correspond to the sequences of d − 1 variables,
    in which entry i is the cause of the first variable that is still there and does not occur from entry i on
    (Prüfer, Arch. Math. Phys. 27, 1918, with the root as one entry more).

    Args:
        variables: names, or their number d for the names X1 … Xd.
        n: the number of graphs.
        seed: the same seed gives the same graphs.

    Raises:
        InvalidParameter: an argument out of range.
        InvalidGraph: a name is empty, not a string or given twice.

    Example:
        >>> tree = random_tree(5, seed=0)[0]
        >>> sorted(len(tree.parents(name)) for name in tree)
        [0, 1, 1, 1, 1]
    """
    names, generator = _prepare(variables, n, seed)
    d = len(names)
    code = (generator.random((n, d - 1)) * d).astype(np.int64)
    waiting = np.zeros((n, d), dtype=np.int64)  # how often a variable is still to come in the sequence
    rows = np.arange(n)
    for i in range(d - 1):
        waiting[rows, code[:, i]] += 1
    out = np.zeros((n, d, d), dtype=bool)
    for i in range(d - 1):
        leaf = (waiting == 0).argmax(axis=1)
        out[rows, code[:, i], leaf] = True
        waiting[rows, code[:, i]] -= 1
        waiting[rows, leaf] = -1  # gone
    return _batch(names, out)


def complete(variables: int | Sequence[str], *, n: int = 1, seed: int) -> DagBatch:
    """Graphs with an edge between every two variables, along a uniformly random order.

    Args:
        variables: names, or their number d for the names X1 … Xd.
        n: the number of graphs.
        seed: the same seed gives the same graphs.

    Raises:
        InvalidParameter: an argument out of range.
        InvalidGraph: a name is empty, not a string or given twice.

    Example:
        >>> len(complete(5, seed=0)[0].edges)
        10
    """
    names, generator = _prepare(variables, n, seed)
    place = _random_order(generator, n, len(names))
    return _batch(names, place[:, :, None] < place[:, None, :])


def all_dags(variables: int | Sequence[str]) -> DagBatch:
    """Every Dag over up to five variables: 1, 3, 25, 543 or 29,281 of them (Robinson 1973; OEIS A003024).

    Args:
        variables: names, or their number d for the names X1 … Xd.

    Raises:
        TooLarge: more than five variables; there are 3,781,503 Dags over six.
        InvalidParameter: no variable.
        InvalidGraph: a name is empty, not a string or given twice.

    Example:
        >>> [len(all_dags(d)) for d in (1, 2, 3, 4)]
        [1, 3, 25, 543]
        >>> list(all_dags(["a", "b"]))
        [Dag('a, b'), Dag('a → b'), Dag('b → a')]
    """
    names = _names(variables)
    d = len(names)
    if d > _LARGEST_LISTED:
        raise TooLarge(
            f"all Dags are listed for at most {_LARGEST_LISTED} variables, not {d}; draw random ones with erdos_renyi"
        )
    pairs = list(combinations(range(d), 2))
    number = np.arange(3 ** len(pairs))
    out = np.zeros((len(number), d, d), dtype=bool)
    for i, j in pairs:  # one base-3 digit a pair: no edge, forward, backward
        number, digit = np.divmod(number, 3)
        out[:, i, j], out[:, j, i] = digit == 1, digit == 2
    graphs = torch.from_numpy(out)
    return DagBatch(names, graphs[reachability.acyclic(graphs)])


# --- helpers ------------------------------------------------------------------------------------------


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _names(variables: int | Sequence[str]) -> tuple[str, ...]:
    if isinstance(variables, (int, np.integer)) and not isinstance(variables, bool):
        variables = [f"X{i}" for i in range(1, int(variables) + 1)]
    elif isinstance(variables, (str, bytes)) or not isinstance(variables, Sequence):
        raise InvalidParameter(f"variables is a number or a list of names, got {variables!r}")
    if not len(variables):
        raise InvalidParameter("a random graph needs at least one variable")
    return check_names(variables)


def _prepare(variables: int | Sequence[str], n: int, seed: int) -> tuple[tuple[str, ...], np.random.Generator]:
    if not _is_whole(n) or n < 0:
        raise InvalidParameter(f"n, the number of graphs, is a whole number from 0 on, got {n!r}")
    if not _is_whole(seed) or seed < 0:
        raise InvalidParameter(f"seed is a whole number from 0 on, got {seed!r}")
    return _names(variables), np.random.default_rng(int(seed))


def _random_order(generator: np.random.Generator, n: int, d: int) -> NDArray[np.int64]:
    """``(n, d)``: the place of each variable in a uniformly random order."""
    return generator.random((n, d)).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")


def _batch(names: tuple[str, ...], adjacency: _Bools) -> DagBatch:
    return DagBatch(names, torch.from_numpy(np.ascontiguousarray(adjacency)))
