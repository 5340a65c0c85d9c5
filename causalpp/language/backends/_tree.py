"""Reading a text and everything that may go on from it at once: which token sees which, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from causalpp.language.backends._labels import Tokens

__all__ = ["Tree", "tree"]


class Tree(NamedTuple):
    """What a model has to be told of rows of tokens and of the tree that branches off after each.

    Attributes:
        ids: the tokens, shape ``(rows, own + nodes)``.
        sees: for each of them, which tokens it sees, those of a cache included; shape
            ``(rows, 1, own + nodes, length + nodes)``.
        places: where each stands in its text, shape ``(rows, own + nodes)``.
    """

    ids: Tensor
    sees: Tensor
    places: Tensor


def tree(ids: Tensor, mask: Tensor, ways: Sequence[Tokens]) -> Tree:
    """Rows and a tree after each of them; a node is the last token of its way, and sees the row and the way.

    Args:
        ids: the last tokens of the rows, those in a cache left out; shape ``(rows, own)``.
        mask: which tokens are not padding, with those of the cache; shape ``(rows, length)``.
        ways: from the root to each of the nodes, in any order.

    Example:
        >>> read = tree(torch.tensor([[5, 6]]), torch.tensor([[1, 1]]), [(7,), (8,), (8, 9)])
        >>> read.ids.tolist(), read.places.tolist()
        ([[5, 6, 7, 8, 9]], [[0, 1, 2, 2, 3]])
        >>> read.sees[0, 0, -1].tolist()
        [True, True, False, True, True]
    """
    (rows, own), length, nodes, device = ids.shape, mask.shape[1], len(ways), ids.device
    there = mask.bool()[:, None]
    sees = torch.zeros(rows, own + nodes, length + nodes, dtype=torch.bool, device=device)
    sees[:, :own, :length] = there & torch.ones(own, length, dtype=torch.bool, device=device).tril(length - own)
    sees[:, range(own), range(length - own, length)] = True  # padding sees itself, as something has to be seen
    sees[:, own:, :length] = there
    if nodes:
        on_the_way = [[way[: len(other)] == other for other in ways] for way in ways]
        sees[:, own:, length:] = torch.tensor(on_the_way, device=device)
    depth = torch.tensor([len(way) - 1 for way in ways], dtype=torch.long, device=device)
    last = torch.tensor([way[-1] for way in ways], dtype=torch.long, device=device).expand(rows, -1)
    before = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, length - own :]
    places = torch.cat([before, mask.sum(dim=1, keepdim=True) + depth], dim=1)
    return Tree(torch.cat([ids, last], dim=1), sees[:, None], places)
