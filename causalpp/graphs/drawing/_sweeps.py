"""The sweeps of the layered layout: order within rows, then x-coordinates."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

BOX_GAP = 24.0  # between neighbours of one row
_LANE = 13.0  # what a passing edge keeps free on either side


@dataclass
class Plan:
    """One component while it is laid out; a vertex is a box (number < boxes) or a dummy point."""

    boxes: int
    width: list[float]
    row: list[int]
    x: list[float] = field(default_factory=list)
    up: list[list[tuple[int, float]]] = field(default_factory=list)
    down: list[list[tuple[int, float]]] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)

    def add(self, row: int, width: float) -> int:
        self.row.append(row)
        self.width.append(width)
        self.up.append([])
        self.down.append([])
        return len(self.row) - 1

    def join(self, upper: int, lower: int, weight: float) -> None:
        self.down[upper].append((lower, weight))
        self.up[lower].append((upper, weight))

    def distance(self, left: int, right: int) -> float:
        """How far apart two neighbours of a row must be, centre to centre."""
        gap = BOX_GAP if left < self.boxes and right < self.boxes else _LANE
        return (self.width[left] + self.width[right]) / 2 + gap


def _crossings(plan: Plan, rows: list[list[int]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        at = {v: i for i, v in enumerate(lower)}
        ends: list[int] = []
        for u in upper:
            hits = sorted(at[v] for v, _ in plan.down[u])
            total += sum(len(ends) - bisect_left(ends, h + 1) for h in hits)
            for h in hits:
                insort(ends, h)
    return total


def order_rows(plan: Plan) -> None:
    """Fill ``rows``: sweeps of barycentres down and up (Sugiyama et al. 1981) and swaps of neighbours; best kept."""
    numbers = sorted(set(plan.row))
    start: list[list[int]] = [[] for _ in numbers]
    where = {r: i for i, r in enumerate(numbers)}
    seen = [False] * len(plan.row)
    for root in sorted(range(len(plan.row)), key=lambda v: (plan.row[v], v)):
        stack = [root]
        while stack:
            v = stack.pop()
            if not seen[v]:
                seen[v] = True
                start[where[plan.row[v]]].append(v)
                near = [w for w, _ in plan.up[v] + plan.down[v] if not seen[w]]
                boxes, lanes = [w for w in near if w < plan.boxes], [w for w in near if w >= plan.boxes]
                half = len(boxes) // 2  # passing edges in the middle, boxes on both sides
                stack += reversed(boxes[:half] + lanes + boxes[half:])
    best, rows = start, start
    fewest = _crossings(plan, start)
    for sweep in range(16 if len(plan.row) < 2000 else 4):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        downwards = sweep % 2 == 0
        for i in range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1):
            fixed = {v: k for k, v in enumerate(rows[i - 1] if downwards else rows[i + 1])}
            keys = {}
            for k, v in enumerate(rows[i]):
                near = [fixed[u] for u, _ in (plan.up[v] if downwards else plan.down[v])]
                keys[v] = sum(near) / len(near) if near else k * len(fixed) / len(rows[i])
            if sweep % 4 >= 2:  # turn ties round, or the sweeps settle too early
                rows[i].reverse()
            rows[i].sort(key=keys.__getitem__)
        if len(plan.row) < 400:
            _swap_neighbours(plan, rows)
        now = _crossings(plan, rows)
        if now < fewest:
            best, fewest = [list(row) for row in rows], now
    plan.rows = best


def _swap_neighbours(plan: Plan, rows: list[list[int]]) -> None:
    at = {v: i for row in rows for i, v in enumerate(row)}
    for row in rows:
        for i in range(len(row) - 1):
            v, w = row[i], row[i + 1]
            gain = 0
            for near in (plan.up, plan.down):
                for x, _ in near[v]:
                    for y, _ in near[w]:
                        gain += (at[x] > at[y]) - (at[x] < at[y])
            if gain > 0:
                row[i], row[i + 1] = w, v
                at[v], at[w] = i + 1, i


def _settle(plan: Plan, row: list[int], wanted: Mapping[int, tuple[float, float]]) -> None:
    """The x nearest to the wanted ones (in weighted squares) that keep the distances of a row."""
    offset = 0.0
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members: pool adjacent violators
    offsets = []
    for i, v in enumerate(row):
        offset += plan.distance(row[i - 1], v) if i else 0.0
        offsets.append(offset)
        x, weight = wanted[v]
        block = (x - offset, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, mass, size = blocks.pop()
            total = mass + block[1]
            block = ((mean * mass + block[0] * block[1]) / total, total, size + block[2])
        blocks.append(block)
    at = 0
    for mean, _, size in blocks:
        for k in range(at, at + size):
            plan.x[row[k]] = mean + offsets[k]
        at += size


def place_columns(plan: Plan) -> None:
    """Minimise weighted squared edge lengths row by row, first from one side, then from both."""
    plan.x = [0.0] * len(plan.row)
    for row in plan.rows:
        _settle(plan, row, dict.fromkeys(row, (0.0, 1.0)))
    few = 6 if len(plan.row) < 2000 else 2
    for turn in range(5 * few):
        sides: tuple[list[list[tuple[int, float]]], ...]
        sides = (plan.up, plan.down) if turn >= few else ((plan.up,) if turn % 2 == 0 else (plan.down,))
        for row in plan.rows if turn % 2 == 0 else reversed(plan.rows):
            wanted = {}
            for v in row:
                near = [pair for side in sides for pair in side[v]]
                mass = sum(w for _, w in near)
                mean = sum(plan.x[u] * w for u, w in near) / mass if near else plan.x[v]
                wanted[v] = (mean, mass or 0.01)
            _settle(plan, row, wanted)
