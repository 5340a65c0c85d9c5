"""All equivalence classes of a few variables up to the names, and a fingerprint of any class.

Corr2Cause takes each class of n = 2…6 variables once, whatever the names: 2, 5, 20, 142 and 2,201 classes.  (The
published set has 2,207 for six variables, where its program runs over the end of an array.)  Its
representative is the first graph in the order of this code: variables stand in causal order, and the pairs
(1, 2), (1, 3), …, (2, 3), … are the binary digits of a number, the lowest first.
"""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence import Cpdag
from causalpp.errors import TooLarge
from causalpp.graphs import Dag

__all__ = ["canonical", "classes", "fingerprint"]

_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]
_LARGEST = 6
_CHUNK = 2048  # graphs compared with all permutations at a time


@cache
def orders(n: int) -> _Ints:
    """All permutations of n rows, in lexicographic order: shape ``(n!, n)``."""
    return np.array(list(permutations(range(n))), dtype=np.int64).reshape(-1, n)


@cache
def _weights(n: int) -> NDArray[np.float64]:
    """``(n!, n²)``: what each cell of a matrix adds to its code, read in each order; below the diagonal, too much."""
    digits = {pair: 2.0**k for k, pair in enumerate(combinations(range(n), 2))}
    rows = orders(n)
    out = np.zeros((len(rows), n, n))
    each = np.arange(len(rows))
    for i in range(n):
        for j in range(n):
            if i != j:
                out[each, rows[:, i], rows[:, j]] = digits.get((i, j), 2.0 ** (n * (n - 1) // 2))
    return out.reshape(len(rows), -1)


def canonical(adjacency: _Bools) -> tuple[_Ints, _Ints]:
    """For each graph, the code of its representative among all orders of the variables, and the first such order.

    Args:
        adjacency: Dags of n ≤ 6 variables, shape ``(N, n, n)``.

    Returns:
        codes, shape ``(N,)``, and orders, shape ``(N, n)``: variable i of the representative is ``orders[:, i]``.

    Example:
        >>> codes, rows = canonical(np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], dtype=bool))  # 2 → 1 → 0
        >>> codes.tolist(), rows.tolist()
        ([5], [[2, 1, 0]])
    """
    n = adjacency.shape[-1]
    flat = adjacency.reshape(len(adjacency), -1).astype(np.float64)
    codes = np.empty(len(flat), dtype=np.int64)
    chosen = np.empty(len(flat), dtype=np.int64)
    for start in range(0, len(flat), _CHUNK):
        read = flat[start : start + _CHUNK] @ _weights(n).T
        chosen[start : start + _CHUNK] = best = read.argmin(1)
        codes[start : start + _CHUNK] = read[np.arange(len(read)), best].astype(np.int64)
    return codes, orders(n)[chosen]


def decoded(codes: _Ints, n: int) -> _Bools:
    """The graphs with the given codes, shape ``(N, n, n)``."""
    out = np.zeros((len(codes), n, n), dtype=bool)
    for k, (i, j) in enumerate(combinations(range(n), 2)):
        out[:, i, j] = codes >> k & 1
    return out


@cache
def _representatives(n: int) -> tuple[bytes, ...]:
    every = np.arange(2 ** (n * (n - 1) // 2))
    graphs = decoded(every, n)
    graphs = graphs[canonical(graphs)[0] == every]
    names = [str(i) for i in range(n)]
    essential = np.stack([Cpdag.from_dag(Dag.from_adjacency(graph, names)).matrix for graph in graphs])
    # A CPDAG has edges both ways, so its code is the least of all cells read in all orders.
    cells = 2.0 ** np.arange(n * n).reshape(n, n)
    weights = np.stack([cells[np.ix_(np.argsort(rows), np.argsort(rows))] for rows in orders(n)]).reshape(-1, n * n)
    flat = essential.reshape(len(essential), -1).astype(np.float64)
    keys = np.concatenate([(flat[k : k + _CHUNK] @ weights.T).min(1) for k in range(0, len(flat), _CHUNK)])
    _, first = np.unique(keys, return_index=True)
    return tuple(graphs[k].tobytes() for k in np.sort(first))


def classes(n: int) -> _Bools:
    """One Dag of each equivalence class of n variables, up to the names: shape ``(C, n, n)``.

    Raises:
        TooLarge: more than six variables.

    Example:
        >>> [len(classes(n)) for n in (2, 3, 4, 5)]
        [2, 5, 20, 142]
    """
    if not 1 <= n <= _LARGEST:
        raise TooLarge(f"the classes of 1 to {_LARGEST} variables are listed, not those of {n}: draw random graphs")
    found = _representatives(n)
    return np.frombuffer(b"".join(found), dtype=bool).reshape(len(found), n, n).copy()


def fingerprint(graph: Cpdag) -> str:
    """A short text that is the same for classes that differ only in the names.

    Colours are refined until they are stable (Weisfeiler & Leman 1968).  Different classes may, rarely, share a
    fingerprint; splits by fingerprint then keep the two together, which does no harm.

    Example:
        >>> chain, other = (Cpdag.from_dag(Dag.from_edges(edges)) for edges in ([("a", "b"), ("b", "c")],
        ...                                                                    [("z", "x"), ("z", "y")]))
        >>> fingerprint(chain) == fingerprint(other), fingerprint(chain).startswith("n3-")
        (True, True)
    """
    matrix = graph.matrix
    n = len(matrix)
    both = matrix & matrix.T
    into, out = matrix & ~both, (matrix & ~both).T
    near = [[np.flatnonzero(kind[:, v]).tolist() for kind in (into, out, both)] for v in range(n)]
    colours = [""] * n
    for _ in range(n):
        refined = [
            _digest(repr([colours[v], *(sorted(colours[w] for w in some) for some in near[v])])) for v in range(n)
        ]
        stable = len(set(refined)) == len(set(colours))
        colours = refined
        if stable:
            break
    return f"n{n}-{_digest(repr(sorted(colours)))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
