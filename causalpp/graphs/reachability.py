"""Kernels on batches of adjacency matrices, shape ``(N, d, d)``: closure, spread, moral graphs.

Everything here is a loop over the d variables, never over the N graphs.  Inside a kernel the graphs are the
last axis, ``(d, d, N)``, so that the innermost loop runs over many graphs side by side; beside the same kernels on
``(N, d, d)`` that is worth a factor of six at d = 10.  Work is cut into blocks that fit the processor's cache (on a
GPU: that bound the memory).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# Cells of one block. 2 MiB of booleans stay in the second-level cache of common processors.
_CELLS_CPU = 1 << 21
_CELLS_GPU = 1 << 28
_LONG = 128  # variables from which on sets as long integers are quicker, graph by graph
_EDGE = 4_000  # cells of Warshall's algorithm that take as long as an edge does in this way


def in_blocks(function: Callable[..., Tensor], *batches: Tensor) -> Tensor:
    """Apply ``function`` to blocks of graphs and join the results along the first axis."""
    first = batches[0]
    count, cells = first.shape[0], max(1, first[:1].numel())
    step = max(1, (_CELLS_GPU if first.is_cuda else _CELLS_CPU) // cells)
    if count <= step:
        return function(*batches)
    parts = [function(*(b[i : i + step] for b in batches)) for i in range(0, count, step)]
    return torch.cat(parts)


def _graphs_last(batch: Tensor) -> Tensor:
    """A copy with the graphs as the last axis."""
    return batch.movedim(0, -1).clone(memory_format=torch.contiguous_format)


def _graphs_first(batch: Tensor) -> Tensor:
    return batch.movedim(-1, 0).contiguous()


def closure(adjacency: Tensor) -> Tensor:
    """Transitive closure of every graph: ``out[n, i, j]`` iff a directed path i → … → j of length ≥ 1.

    Warshall's algorithm, one boolean outer product a variable (S. Warshall, J. ACM 9, 1962).  On
    batches it is faster than repeated squaring (``speed/test_graphs.py`` shows both).  Large sparse graphs without
    cycles are gone through one by one instead, from their sinks up, with a union of two sets for every edge.

    >>> closure(torch.tensor([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], dtype=torch.bool)).int().tolist()
    [[[0, 1, 1], [0, 0, 1], [0, 0, 0]]]
    """
    n, d = adjacency.shape[:2]
    if d >= _LONG and not adjacency.is_cuda and int(adjacency.count_nonzero()) * _EDGE <= n * d**3:
        out = torch.empty_like(adjacency)
        for number, one in enumerate(adjacency):
            found = _from_the_sinks(one)
            out[number] = _by_squaring(one) if found is None else found
        return out
    return in_blocks(_warshall, adjacency)


def _by_squaring(adjacency: Tensor) -> Tensor:
    """The closure of one large graph with cycles, ``(d, d)``: paths of twice the length, until there are no more."""
    steps = adjacency
    while True:
        reached = steps.float()
        further = steps | (reached @ reached > 0)
        if torch.equal(further, steps):
            return steps
        steps = further


def _from_the_sinks(adjacency: Tensor) -> Tensor | None:
    """The closure of one graph, ``(d, d)``; None where it has a cycle."""
    d = len(adjacency)
    above: list[list[int]] = [[] for _ in range(d)]
    waiting = [0] * d  # children that are not yet done
    for i, j in adjacency.nonzero().tolist():
        above[j].append(i)
        waiting[i] += 1
    below = [0] * d
    done = [v for v in range(d) if not waiting[v]]
    for v in done:
        reached = below[v] | 1 << v
        for parent in above[v]:
            below[parent] |= reached
            waiting[parent] -= 1
            if not waiting[parent]:
                done.append(parent)
    if len(done) < d:
        return None
    size = -(-d // 8)
    packed = np.frombuffer(b"".join(row.to_bytes(size, "little") for row in below), dtype=np.uint8).reshape(d, size)
    bits = np.unpackbits(packed, axis=1, count=d, bitorder="little")
    return torch.from_numpy(bits.view(np.bool_))


def _warshall(adjacency: Tensor) -> Tensor:
    out = _graphs_last(adjacency)
    for k in range(len(out)):
        out |= out[:, k, None] & out[None, k]
    return _graphs_first(out)


def acyclic(adjacency: Tensor) -> Tensor:
    """Which graphs have no directed cycle, shape ``(N,)``: sources are removed until none is left.

    >>> acyclic(torch.tensor([[[0, 1], [0, 0]], [[0, 1], [1, 0]]], dtype=torch.bool)).tolist()
    [True, False]
    """
    return in_blocks(_peel, adjacency)


def _peel(adjacency: Tensor) -> Tensor:
    steps = _graphs_last(adjacency)
    alive = torch.ones(steps.shape[1:], dtype=torch.bool, device=steps.device)
    for _ in range(len(steps)):
        remaining = (steps & alive[:, None]).any(0) & alive
        if torch.equal(remaining, alive):
            break
        alive = remaining
    return ~alive.any(0)


def spread(start: Tensor, adjacency: Tensor, allowed: Tensor) -> Tensor:
    """Everything reachable from ``start`` by steps of length ≥ 1 that land on ``allowed`` variables.

    Shapes ``(N, d)``, ``(N, d, d)``, ``(N, d)`` → ``(N, d)``.  The start itself counts as reached only
    if a path returns to it (never, in an acyclic graph).
    """

    def block(steps: Tensor, begin: Tensor, landing: Tensor) -> Tensor:
        return _graphs_first(_spread(_graphs_last(begin), _graphs_last(steps), _graphs_last(landing)))

    return in_blocks(block, adjacency, start, allowed)


def _spread(start: Tensor, steps: Tensor, allowed: Tensor) -> Tensor:
    # Graphs last: shapes (d, N), (d, d, N), (d, N).
    reached = torch.zeros_like(start)
    frontier = start
    while frontier.any():
        landed = (frontier[:, None] & steps).any(0) & allowed
        frontier = landed & ~reached
        reached = reached | landed
    return reached


def moral(adjacency: Tensor) -> Tensor:
    """The moral graph of every graph: neighbours, and parents of a common child; symmetric, no diagonal."""
    return in_blocks(lambda a: _graphs_first(_moral(_graphs_last(a))), adjacency)


def _moral(steps: Tensor) -> Tensor:
    # Graphs last: shape (d, d, N).
    out = steps | steps.transpose(0, 1)
    for k in range(len(steps)):
        out |= steps[:, None, k] & steps[None, :, k]
    out.diagonal(dim1=0, dim2=1).fill_(False)
    return out


def separated(adjacency: Tensor, reach: Tensor, a: Tensor, b: Tensor, given: Tensor) -> Tensor:
    """d-separation of the sets ``a`` and ``b`` by ``given`` (masks of shape ``(d,)``) in every graph: ``(N,)``.

    Separation in the moral graph of the smallest ancestral set (Lauritzen et al., Networks 20, 1990).
    """
    return in_blocks(lambda adj, r: _separated(adj, r, a, b, given), adjacency, reach)


def _separated(adjacency: Tensor, reach: Tensor, a: Tensor, b: Tensor, given: Tensor) -> Tensor:
    named = a | b | given
    ancestral = _graphs_last(reach[:, :, named].any(2) | named)
    within = _graphs_last(adjacency) & ancestral[:, None] & ancestral[None]
    size = ancestral.shape
    reached = _spread(a[:, None].expand(size), _moral(within), ~given[:, None].expand(size))
    return ~reached[b].any(0)
