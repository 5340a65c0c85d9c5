"""Which graphs are of one Markov equivalence class, for many graphs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpp.graphs import DagBatch

__all__ = ["class_numbers"]

_AT_ONCE = 1 << 24  # cells of the triples that are looked at together


def class_numbers(dags: DagBatch) -> NDArray[np.int64]:
    """A number for each of N graphs, the same for two of them iff they are of one class, shape ``(N,)``.

    Graphs are of one class iff they join the same pairs and have the same colliders of causes that are not joined
    (Verma & Pearl, UAI 1990).

    Example:
        >>> from causalpp import Dag
        >>> chain = Dag("abc", [("a", "b"), ("b", "c")])
        >>> fork, collider = Dag("abc", [("b", "a"), ("b", "c")]), Dag("abc", [("a", "b"), ("c", "b")])
        >>> first, second, third = class_numbers(DagBatch.from_dags([chain, fork, collider]))
        >>> bool(first == second), bool(first == third)
        (True, False)
    """
    edges = dags.adjacency.numpy().astype(bool)
    n, d = len(edges), edges.shape[-1]
    rows, columns = np.triu_indices(d, 1)
    signs = []
    for part in np.array_split(edges, max(1, -(-n * d**3 // _AT_ONCE))):
        joined = part | part.transpose(0, 2, 1)
        apart = ~joined[:, rows, columns]
        colliders = part[:, rows] & part[:, columns] & apart[:, :, None]
        facts = np.concatenate([joined[:, rows, columns], colliders.reshape(len(part), len(rows) * d)], axis=1)
        signs.append(np.packbits(facts, axis=1))
    found = np.unique(np.concatenate(signs), axis=0, return_inverse=True)[1]
    return np.asarray(found, dtype=np.int64).reshape(-1)
