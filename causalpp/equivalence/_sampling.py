"""Chain components: how many orientations there are, and uniform samples of them from exact counts.

An orientation of a connected chordal graph without cycles and new colliders has exactly one source.  Once that
root is chosen the directions of many edges follow, and what stays undirected falls into smaller connected chordal
graphs, each directed independently of the others (He, Jia & Yu, JMLR 16, 2015).  Wienöbst, Bannach &
Liśkiewicz (JMLR 24, 2023) count the orientations of each in polynomial time; cliquepicking is their code.

The two together number the orientations: those with the first root come first, then those with the second, and
among those with one root the numbers of the smaller graphs' orientations are digits, each in its own base.  A
uniform integer below the count is therefore a uniform orientation.  A whole sample goes down the roots at once,
split by the root each number belongs to; sets of variables are the bits of integers.

Known directions break this numbering, and counting becomes #P-hard: few orientations are listed, and from many we
draw without the knowledge and keep what obeys it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits, masks_of, spread
from causalpp.equivalence.chordal import all_orientations, orientations
from causalpp.errors import TooLarge
from causalpp.graphs.cpdag import Matrix

__all__ = ["Known", "Numbered", "count", "direct", "free_count"]

_LISTED = 2_000  # orientations of a chain component that are kept in a list
_CELLS = 1 << 24  # of such a list while it is made
_AT_ONCE = 20_000  # orientations that are made all at once to count them
_COUNTED = 10_000_000  # orientations that are gone through one by one
_ROUND = 2_000  # the most draws at once where some edges are known
_RARE, _PATIENCE = 1_000, 20_000  # one draw in so many must obey what is known, or after so many draws we give up

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: The graphs met so far, by their neighbour sets: what one root leaves, another often leaves too.
Known = dict[tuple[int, ...], "Numbered"]


def free_count(undirected: Matrix) -> int:
    """The number of orientations of chordal components, by cliquepicking."""
    import cliquepicking

    rows, columns = np.nonzero(undirected)
    return int(cliquepicking.mec_size(list(zip(rows.tolist(), columns.tolist(), strict=True)))) if len(rows) else 1


def count(undirected: Matrix, fixed: Matrix) -> int:
    """The number of orientations of one chain component: by cliquepicking, or one by one if some edges are fixed.

    Raises:
        TooLarge: some edges are fixed, and there are too many orientations to go through.
    """
    free = free_count(undirected)
    if not fixed.any():
        return free
    if free > _COUNTED:
        raise TooLarge(
            f"counting under background knowledge is #P-hard, and this part of the class has {free:,} orientations "
            "without it: sample or ask what is entailed instead"
        )
    if free > _AT_ONCE:
        return sum(1 for _ in orientations(undirected, fixed))
    return len(all_orientations(undirected, fixed))


def direct(stack: Bools, rows: Sequence[int], draw: random.Random, known: Known) -> None:
    """Direct one chain component in each graph of a stack, uniformly and independently.

    Args:
        stack: shape ``(n, d, d)``, ``n`` times the same graph, an undirected edge being there both ways; the
            component is directed in place.
        rows: the component's variables; some edges between them may be directed already.
        draw: where the integers come from.
        known: numberings to use again; those made on the way are added.

    Raises:
        TooLarge: the knowledge is obeyed too rarely to draw, and there are too many orientations to go through.
    """
    if not len(stack):
        return
    place = np.array(rows)
    local = stack[0][np.ix_(place, place)]
    undirected, fixed = local | local.T, local & ~local.T
    numbered = Numbered.of(masks_of(undirected), known)
    if not fixed.any():
        numbered.write(stack, np.arange(len(stack)), place, _numbers(draw, numbered.total, len(stack)))
        return
    found = _draw_and_reject(numbered, undirected, fixed, len(stack), draw) if numbered.total > _LISTED else None
    if found is None:
        if numbered.total > _COUNTED:
            raise TooLarge(
                f"this part of the class has {numbered.total:,} orientations, of which fewer than one in {_RARE:,} "
                "obey the background knowledge: too few to draw, too many to go through; ask what is entailed instead"
            )
        # Either there are few at all, or few that obey: their list is short.
        few = numbered.total <= _LISTED
        listed = all_orientations(undirected, fixed) if few else np.array(list(orientations(undirected, fixed)))
        found = listed[_numbers(draw, len(listed), len(stack))]
    stack[:, place[:, None], place] = found


def _draw_and_reject(
    numbered: Numbered, undirected: Matrix, fixed: Matrix, n: int, draw: random.Random
) -> Bools | None:
    """Draw without the knowledge and keep what obeys it; None where that is too rare.

    All orientations are equally likely, so those that obey are too, however many draws it takes to find them.
    """
    kept: list[Bools] = []
    have = drawn = 0
    before, after = np.nonzero(fixed)
    while have < n:
        if have * _RARE < drawn - _PATIENCE:
            return None
        size = min(_ROUND, max(100, 2 * (n - have)))
        trial = np.repeat(undirected[None], size, axis=0)
        numbered.write(trial, np.arange(size), np.arange(len(fixed)), _numbers(draw, numbered.total, size))
        kept.append(trial[~trial[:, after, before].any(1)])
        have += len(kept[-1])
        drawn += size
    return np.concatenate(kept)[:n]


def _numbers(draw: random.Random, total: int, n: int) -> list[int]:
    """Uniform integers below a total of any size; Python's generator gives the same ones on any machine."""
    return [draw.randrange(total) for _ in range(n)]


class _Root(NamedTuple):
    """What follows when one variable is the source."""

    bound: int  # orientations with this root or an earlier one
    tails: Ints  # the edges it directs lead from these variables
    heads: Ints  # to these
    parts: list[tuple[Ints, Numbered]]  # what it leaves: the variables, and their orientations


class Numbered:
    """The orientations of one connected chordal graph, numbered from 0 to ``total - 1``.

    Args:
        near: each variable's neighbours, as the bits of an integer.
        known: see :data:`Known`.
    """

    def __init__(self, near: tuple[int, ...], known: Known) -> None:
        self.near, self.known = near, known
        self.tails, self.heads = _ends(near)
        undirected = np.zeros((len(near), len(near)), dtype=bool)
        undirected[self.tails, self.heads] = True
        self.total = free_count(undirected)
        self.listed: Bools | None = None  # of each orientation, whether each edge leads from tail to head
        if self.total <= _LISTED and self.total * undirected.size <= _CELLS:
            self.listed = all_orientations(undirected)[:, self.tails, self.heads]

    @classmethod
    def of(cls, near: tuple[int, ...], known: Known) -> Numbered:
        """The numbering of this very graph, made once."""
        if near not in known:
            known[near] = cls(near, known)
        return known[near]

    @cached_property
    def roots(self) -> list[_Root]:
        """Every variable as the source, with the number of orientations it begins."""
        out: list[_Root] = []
        bound = 0
        for root in range(len(self.near)):
            behind, left = _rooted(self.near, root)
            parts = [(np.array(rows), Numbered.of(inner, self.known)) for rows, inner in _parts(left)]
            bound += math.prod(part.total for _, part in parts)
            out.append(_Root(bound, *_ends(behind), parts))
        assert bound == self.total, "the orientations by root do not add up"
        return out

    def write(self, stack: Bools, where: Ints, place: Ints, numbers: Sequence[int]) -> None:
        """Direct the edges as the orientations of some numbers do.

        All that is left to be directed in the same way, in whatever graph and at whatever variables, is directed
        together, larger parts before smaller ones: a clique leads to as many steps as it has variables, however many
        orders are drawn.

        Args:
            stack: shape ``(n, d, d)``; all edges of the graph are there both ways.
            where: the graphs of the stack to direct, ``(m,)``.
            place: the rows of the stack that are the variables, ``(k,)``.
            numbers: the orientation of each graph.
        """
        waiting: dict[int, tuple[Numbered, list[Ints], list[Ints], list[Any]]] = {}

        def wait(part: Numbered, where: Ints, place: Ints, numbers: Any) -> None:
            held = waiting.setdefault(id(part), (part, [], [], []))
            for those, more in zip(held[1:], (where, place, numbers), strict=True):
                those.append(more)

        wait(self, where, np.broadcast_to(place, (len(where), len(place))), _integers(numbers, self.total))
        while waiting:
            largest = max(waiting, key=lambda key: len(waiting[key][0].near))
            now, *those = waiting.pop(largest)
            at, here, left = (np.concatenate(each) for each in those)
            for part, some, behind in now._step(stack, at, here, left):
                wait(part, at[some[0]], here[some[0]][:, some[1]], behind)

    def _step(
        self, stack: Bools, where: Ints, place: Ints, numbers: Any
    ) -> Iterator[tuple[Numbered, tuple[Ints, Ints], Any]]:
        """Direct what the list or the roots say; what is left: parts, of which graphs and variables, the numbers.

        Args:
            stack: as for :meth:`write`.
            where: ``(m,)``.
            place: the rows of the variables in each graph, ``(m, k)``.
            numbers: ``(m,)``.
        """
        if self.listed is not None:
            forward = self.listed[numbers.astype(np.int64)]
            stack[where[:, None], place[:, self.tails], place[:, self.heads]] = forward
            return
        which = np.searchsorted(_integers([root.bound for root in self.roots], self.total), numbers, side="right")
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(self.roots) + 1))
        for number, root in enumerate(self.roots):
            some = order[ends[number] : ends[number + 1]]
            if not len(some):
                continue
            here = place[some]
            stack[where[some, None], here[:, root.heads], here[:, root.tails]] = False
            left = numbers[some] - (self.roots[number - 1].bound if number else 0)
            for rows, part in root.parts:
                yield part, (some, rows), _integers(left % part.total, part.total)
                left = left // part.total


def _integers(numbers: Any, total: int) -> Any:
    """Integers below a total: of 64 bits where these are enough, else Python's own."""
    return np.asarray(numbers, dtype=np.int64 if total < 1 << 62 else object)


def _rooted(near: Sequence[int], root: int) -> tuple[list[int], list[int]]:
    """What the root directs, each variable's children, and what it leaves, each variable's neighbours.

    Edges lead away from the root, from each distance to the next.  Among variables at one distance an edge is
    directed only by Meek's first rule: a → b – c with a, c apart gives b → c.
    """
    children, left = [0] * len(near), [0] * len(near)
    layer = seen = 1 << root
    while layer:
        following = 0
        for a in bits(layer):
            children[a] |= near[a] & ~seen
            following |= near[a] & ~seen
        seen |= following
        forced: list[tuple[int, int]] = []
        for b in bits(following):
            left[b] = near[b] & following
            parents = near[b] & layer
            forced += [(b, c) for c in bits(left[b]) if parents & ~near[c]]
        while forced:
            b, c = forced.pop()
            if left[b] >> c & 1:
                left[b] ^= 1 << c
                left[c] ^= 1 << b
                children[b] |= 1 << c
                forced += [(c, e) for e in bits(left[c] & ~near[b])]
        layer = following
    return children, left


def _parts(near: Sequence[int]) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    """The connected sets of two or more variables, and the neighbours within each, numbered anew."""
    seen = 0
    for start in range(len(near)):
        if near[start] and not seen >> start & 1:
            group = spread(1 << start, near)
            seen |= group
            rows = bits(group)
            bit = {row: 1 << k for k, row in enumerate(rows)}
            yield rows, tuple(sum(bit[b] for b in bits(near[a])) for a in rows)


def _ends(masks: Sequence[int]) -> tuple[Ints, Ints]:
    """The pairs (i, j) with j in the i-th set."""
    pairs = [(i, j) for i, mask in enumerate(masks) for j in bits(mask)]
    tails, heads = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return tails, heads
