"""The CPDAGs of many Dags at once."""

from __future__ import annotations

import torch
from torch import Tensor

from causalpp.errors import InvalidGraph
from causalpp.graphs import DagBatch

__all__ = ["completed_batch", "cpdags"]

_ENTRIES = 1 << 22  # of the adjacency tensor, worked on at a time


def cpdags(batch: DagBatch) -> Tensor:
    """The CPDAG of every graph of a batch.

    Args:
        batch: graphs without latent variables.

    Returns:
        Booleans of shape ``(N, d, d)``: i → j is ``[n, i, j]`` alone, i – j is both ``[n, i, j]`` and ``[n, j, i]``.

    Raises:
        InvalidGraph: the graphs have latent variables, about which a Markov equivalence class says nothing.

    References:
        Verma & Pearl, *Equivalence and synthesis of causal models*, UAI 1990; Meek, *Causal inference and causal
        explanation with background knowledge*, UAI 1995.

    Example:
        >>> from causalpp.graphs import all_dags
        >>> batch = all_dags(3)
        >>> found = cpdags(batch)
        >>> len(batch), len(found.unique(dim=0))
        (25, 11)
    """
    if batch.latent:
        raise InvalidGraph(
            f"equivalence classes are over observed variables, and {sorted(batch.latent)} are latent: "
            "declare no variable latent"
        )
    return completed_batch(batch.adjacency)


def completed_batch(adjacency: Tensor) -> Tensor:
    """The CPDAG matrices of Dags: skeletons, colliders, then Meek's rules 1–3, which suffice here.

    Args:
        adjacency: booleans of shape ``(N, d, d)``, each acyclic; this is not checked.
    """
    chunk = max(1, _ENTRIES // max(1, adjacency.shape[-1] ** 2))
    if len(adjacency) <= chunk:
        return _completed(adjacency)
    return torch.cat([_completed(part) for part in torch.split(adjacency, chunk)])


def _completed(adjacency: Tensor) -> Tensor:
    joined = adjacency | adjacency.mT
    apart = ~joined
    apart.diagonal(dim1=1, dim2=2).fill_(False)
    apart_f = apart.float()
    collider = adjacency & (torch.bmm(apart_f, adjacency.float()) > 0)  # a → c with some b → c, b not next to a
    out = joined & ~collider.mT
    undirected = out & out.mT
    open_ = torch.arange(len(out), device=out.device)[undirected.any(2).any(1)]
    while len(open_):
        # What is still changing, apart from the rest.
        now = out[open_]
        undirected = now & now.mT
        directed = now & ~now.mT
        directed_f = directed.float()
        # 1: a → b – c with a, c apart gives b → c.   2: a → b → c with a – c gives a → c.
        product = torch.bmm(directed_f.mT, apart_f[open_])
        product += torch.bmm(directed_f, directed_f)
        forced = undirected & (product > 0)
        still = forced.any(2).any(1)
        if not bool(still.all()):  # the third rule only where the cheap ones are at an end
            rest = torch.nonzero(~still)[:, 0]
            forced[rest] = _third(undirected[rest], directed[rest], apart[open_[rest]])
            still = forced.any(2).any(1)
        out[open_] = now & ~forced.mT
        open_ = open_[still & (undirected & ~forced & ~forced.mT).any(2).any(1)]
    return out


def _third(undirected: Tensor, directed: Tensor, apart: Tensor) -> Tensor:
    """Rule 3: a – c → b, a – d → b with c, d apart gives a → b for an undirected a – b."""
    forced = torch.zeros_like(undirected)
    count = torch.bmm(undirected.float(), directed.float())  # the number of c
    n, a, b = torch.nonzero(undirected & (count > 1), as_tuple=True)
    if len(n):
        between = undirected[n, a] & directed[n, :, b]  # (E, d)
        pairs = torch.bmm(between.float()[:, None], apart[n].float())[:, 0] > 0
        forced[n, a, b] = (pairs & between).any(1)
    return forced
