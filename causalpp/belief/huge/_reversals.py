"""Many members of one equivalence class, walking through it by reversals of covered edges.

An edge a → b is covered if Pa(b) = Pa(a) ∪ {a}.  Reversing one leads to another member of the class, and every
member can be reached that way (Chickering, *A transformational characterization of equivalent Bayesian network
structures*, UAI 1995).  Three facts make a step cheap, O(d) a graph:

- a variable is the head of at most one covered edge: two tails would have to be each other's parents;
- a reversal changes what lies below a and below b, and below no other variable;
- which edges are covered changes at a, at b and at the variables whose parents are Pa(a) ∪ {b}, or were Pa(a) ∪ {a}
  or Pa(b) ∪ {b}.

Sets of variables are the bits of W = ⌈d / 63⌉ integers, short ones where these are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from causalpp.graphs import reachability

__all__ = ["Walkers", "below", "climbed", "reversed_once"]

_BITS = 63  # of an integer of 64 bits, one is the sign
_SHORT = 31  # variables for which 32 bits are enough, and half the memory to go through


@dataclass(eq=False)
class Walkers:
    """N graphs; :meth:`reverse` changes them in place.

    Attributes:
        parents: the parents of each variable, bits of shape ``(N, d, W)``.
        below: its descendants, likewise.
        tail: the tail of the covered edge into each variable, −1 if there is none; 16-bit integers of shape ``(N, d)``.
        free: which directed edges may be reversed, shape ``(d, d)``; None if all that are covered.
        bits: each variable as a set of its own, ``(d, W)``.
    """

    parents: Tensor
    below: Tensor
    tail: Tensor
    free: Tensor | None
    bits: Tensor

    @classmethod
    def of(cls, adjacency: Tensor, free: Tensor | None) -> Walkers:
        """The graphs with adjacency of shape ``(N, d, d)``."""
        bits = one_bit_each(adjacency.shape[1], adjacency.device)
        parents = _packed(adjacency.mT, bits)
        return cls(parents, _packed(reachability.closure(adjacency), bits), covered_tails(parents, bits), free, bits)

    @classmethod
    def standing(cls, adjacency: Tensor) -> Walkers:
        """The same, for graphs that are only looked at: which edges are covered is not found out."""
        bits = one_bit_each(adjacency.shape[1], adjacency.device)
        none = torch.empty((len(adjacency), 0), dtype=torch.int16, device=adjacency.device)
        return cls(_packed(adjacency.mT, bits), _packed(reachability.closure(adjacency), bits), none, None, bits)

    def __len__(self) -> int:
        return len(self.parents)

    def adjacency(self) -> Tensor:
        """Booleans of shape ``(N, d, d)``."""
        return unpacked(self.parents, self.bits).mT.contiguous()

    def most_parents(self) -> int:
        """The most parents of a variable in the first graph; in a class without colliders the same in all of them."""
        return int(unpacked(self.parents[:1], self.bits).sum(2).max()) if len(self) else 0

    def take(self, numbers: Tensor) -> Walkers:
        """Copies of some of the graphs, in the order given."""
        return Walkers(self.parents[numbers], self.below[numbers], self.tail[numbers], self.free, self.bits)

    @classmethod
    def joined(cls, parts: list[Walkers]) -> Walkers:
        """Several sets of graphs as one, in their order."""
        one = parts[0]
        sets = [torch.cat([getattr(part, name) for part in parts]) for name in ("parents", "below", "tail")]
        return cls(sets[0], sets[1], sets[2], one.free, one.bits)

    def copy(self) -> Walkers:
        """The same graphs, to be changed."""
        return Walkers(self.parents.clone(), self.below.clone(), self.tail.clone(), self.free, self.bits)

    def adopt(self, other: Walkers, where: Tensor) -> None:
        """Become the other graphs at some places, booleans of shape ``(N,)``."""
        self.parents = torch.where(where[:, None, None], other.parents, self.parents)
        self.below = torch.where(where[:, None, None], other.below, self.below)
        self.tail = torch.where(where[:, None], other.tail, self.tail)

    @property
    def open(self) -> Tensor:
        """Which variables are heads of an edge that is covered and may be reversed, shape ``(N, d)``."""
        if self.free is None:
            return self.tail >= 0
        heads = torch.arange(self.tail.shape[1], device=self.tail.device)
        return (self.tail >= 0) & self.free[self.tail.clamp(min=0).long(), heads]

    def reverse(self, which: Tensor, head: Tensor) -> None:
        """Reverse the covered edge into a variable.

        Args:
            which: the numbers of the graphs, in order, each at most once, shape ``(m,)``.
            head: the variable in each, shape ``(m,)``.
        """
        m = torch.arange(len(which), device=which.device)
        whole = len(which) == len(self)
        parents, below, tail = (x if whole else x[which] for x in (self.parents, self.below, self.tail))
        a, b = tail[m, head].long(), head
        short_a, short_b = a.to(tail.dtype)[:, None], b.to(tail.dtype)[:, None]
        bit_a, bit_b = self.bits[a], self.bits[b]
        above, before = parents[m, a], tail[m, a]
        joined = above | bit_b
        # which edges are covered
        changed = torch.where(tail == short_b, short_a, tail.masked_fill(tail == short_a, -1))
        changed = torch.where(_all(parents == joined[:, None]), short_b, changed)
        changed[m, a], changed[m, b] = short_b[:, 0], before
        # the reversal
        parents[m, b], parents[m, a] = above, joined
        from_a = below[m, a]
        children = ~_all((parents & bit_a[:, None]) == 0)
        below[m, a] = _union((below | self.bits) * children[:, :, None])
        below[m, b] = (from_a & ~bit_b) | bit_a
        if whole:
            self.tail = changed
        else:
            self.parents[which], self.below[which], self.tail[which] = parents, below, changed


def reversed_once(now: Walkers, draw: torch.Generator) -> tuple[Walkers, Tensor]:
    """Propose to reverse one covered edge of each graph, drawn uniformly.

    Returns:
        The graphs proposed, and the log of q(back) / q(there): of the numbers of covered edges; −∞ where there is none.
    """
    choices = now.open
    count = choices.sum(1)
    head = _pick(choices, count, draw)
    which = count.nonzero().flatten()
    new = now.copy()
    new.reverse(which, head[which])
    ratio = count.double().log() - new.open.sum(1).double().log()
    return new, torch.where(count > 0, ratio, -torch.inf)


def climbed(now: Walkers, steps: int, draw: torch.Generator) -> tuple[Walkers, Tensor]:
    """Propose to move one variable up or down by so many reversals.

    In each graph a variable v and a direction are drawn.  Up: the covered edge into v is reversed, ``steps`` times;
    there is only ever one.  Down: of the covered edges out of v one is drawn and reversed, ``steps`` times.  What
    goes up in one way comes down in the product of the numbers of covered edges out of v.

    Returns:
        The graphs proposed, and the log of q(back) / q(there); −∞ where v got stuck.
    """
    n, d = now.tail.shape
    place = torch.arange(n, device=now.tail.device)
    v = torch.randint(d, (n,), generator=draw, device=now.tail.device)
    up = torch.rand(n, generator=draw, device=now.tail.device) < 0.5
    ratio = torch.zeros(n, dtype=torch.float64, device=now.tail.device)
    new = now.copy()
    for _ in range(steps):
        choices = new.open
        out = choices & (new.tail == v[:, None])
        count = out.sum(1)
        ratio = ratio + torch.where(up, 0.0, count.double().log())
        head = torch.where(up, v, _pick(out, count, draw))
        which = (torch.where(up, choices[place, v], count > 0) & ratio.isfinite()).nonzero().flatten()
        if not len(which):
            return new, torch.full_like(ratio, -torch.inf)
        stuck = torch.ones(n, dtype=torch.bool, device=now.tail.device)
        stuck[which] = False
        new.reverse(which, head[which])
        behind = (new.open & (new.tail == v[:, None])).sum(1)
        ratio = torch.where(up, ratio - behind.double().log(), ratio).masked_fill(stuck, -torch.inf)
    return new, ratio


def below(parents: Tensor, bits: Tensor) -> Tensor:
    """The descendants of each variable from the parents of each, both ``(N, d, W)``."""
    out = _packed(unpacked(parents, bits).mT.contiguous(), bits)  # the children, and then what is reached through each
    for k in range(len(bits)):
        through = ~_all((out & bits[k]) == 0)
        out = out | through[:, :, None] * out[:, k, None]
    return out


def covered_tails(parents: Tensor, bits: Tensor) -> Tensor:
    """The tail of the covered edge into each variable, −1 if there is none: ``(N, d, W)`` → ``(N, d)``."""
    out = torch.full(parents.shape[:2], -1, dtype=torch.int16, device=parents.device)
    for a in range(parents.shape[1]):
        with_a = parents[:, a] | bits[a]
        out[_all(parents == with_a[:, None])] = a
    return out


def one_bit_each(d: int, device: torch.device) -> Tensor:
    """Each of d variables as a set of its own, shape ``(d, W)``."""
    kind = torch.int32 if d <= _SHORT else torch.int64
    out = torch.zeros((d, max(1, -(-d // _BITS))), dtype=kind, device=device)
    for i in range(d):
        out[i, i // _BITS] = 1 << (i % _BITS)
    return out


def _packed(rows: Tensor, bits: Tensor) -> Tensor:
    """Booleans ``(N, d, d)`` as sets of the last axis, ``(N, d, W)``."""
    n, d, width = *rows.shape[:2], bits.shape[1]
    size = bits.element_size()
    out = np.zeros((n, d, width, size), dtype=np.uint8)
    for word in range(width):
        some = np.packbits(rows[:, :, word * _BITS : (word + 1) * _BITS].cpu().numpy(), axis=2, bitorder="little")
        out[:, :, word, : some.shape[2]] = some
    return torch.from_numpy(out.view(f"<i{size}")[..., 0].astype(f"i{size}", copy=False)).to(rows.device)


def unpacked(sets: Tensor, bits: Tensor) -> Tensor:
    """The inverse: sets ``(N, d, W)`` as booleans ``(N, d, d)``."""
    size = sets.element_size()
    words = np.ascontiguousarray(sets.cpu().numpy().astype(f"<i{size}", copy=False))
    each = np.unpackbits(words.view(np.uint8).reshape(*words.shape, size), axis=3, bitorder="little")[..., :_BITS]
    cells = each.reshape(*words.shape[:2], -1)[:, :, : len(bits)]
    return torch.from_numpy(np.ascontiguousarray(cells).view(np.bool_)).to(sets.device)


def _all(words: Tensor) -> Tensor:
    """Whether something holds of every word: along the last axis."""
    out = words[..., 0]
    for word in range(1, words.shape[-1]):  # a reduction over so short an axis is many times slower
        out = out & words[..., word]
    return out


def _union(sets: Tensor) -> Tensor:
    """The union along the second axis, ``(N, d, W)`` → ``(N, W)``, by halves."""
    while sets.shape[1] > 1:
        half = sets.shape[1] // 2
        both = sets[:, :half] | sets[:, half : 2 * half]
        sets = torch.cat([both, sets[:, 2 * half :]], dim=1) if sets.shape[1] % 2 else both
    return sets[:, 0]


def _pick(choices: Tensor, count: Tensor, draw: torch.Generator) -> Tensor:
    """One of the true places of each row, uniformly; without meaning where there is none. ``(N, d)`` → ``(N,)``."""
    share = torch.rand(len(choices), generator=draw, dtype=torch.float64, device=choices.device)
    rank = (share * count).to(torch.int16)  # short integers: most of the time goes into walking through memory
    return (choices.cumsum(1, dtype=torch.int16) <= rank[:, None]).sum(1).clamp(max=choices.shape[1] - 1)
