"""The shapes of edges: straight lines, smooth curves through given stops, arcs; as cubic Bézier points."""

from __future__ import annotations

Point = tuple[float, float]


def hits(p: Point, q: Point, centre: Point, half: Point) -> bool:
    """Whether the segment from p to q enters the box of that centre and half size (Liang & Barsky 1984)."""
    low, high = 0.0, 1.0
    for start, step, middle, reach in (
        (p[0], q[0] - p[0], centre[0], half[0]),
        (p[1], q[1] - p[1], centre[1], half[1]),
    ):
        if abs(step) < 1e-9:
            if abs(start - middle) > reach:
                return False
            continue
        ends = sorted(((middle - reach - start) / step, (middle + reach - start) / step))
        low, high = max(low, ends[0]), min(high, ends[1])
    return low < high


def x_at(p: Point, q: Point, y: float) -> float:
    """Where the line through p and q has the height ``y``."""
    return p[0] + (q[0] - p[0]) * (y - p[1]) / (q[1] - p[1])


def line(p: Point, q: Point) -> list[Point]:
    return [p, *((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])) for t in (1 / 3, 2 / 3)), q]


def smooth(ends: tuple[Point, Point], stops: list[tuple[float, float, float]]) -> list[Point]:
    """A curve from top to bottom through ``stops`` (x, y, half height), straight while it passes each of them."""
    start, goal = ends
    marks = [start, *((x, y) for x, y, _ in stops), goal]
    points = [start]
    slope = (marks[1][0] - start[0]) / (marks[1][1] - start[1])
    for i, (x, y, half) in enumerate(stops, start=1):
        turn = (marks[i + 1][0] - marks[i - 1][0]) / (marks[i + 1][1] - marks[i - 1][1])
        turn = max(-0.35, min(0.35, turn)) if half else turn  # within the lane its dummy point reserves
        entry, leave = (x - turn * half, y - half), (x + turn * half, y + half)
        points += _bend(points[-1], slope, entry, turn)
        if half:
            points += line(entry, leave)[1:]
        slope = turn
    last = (goal[0] - points[-1][0]) / (goal[1] - points[-1][1])
    points += _bend(points[-1], slope, goal, last * 0.7)
    return points


def _bend(p: Point, slope: float, q: Point, end_slope: float) -> list[Point]:
    reach = 0.42 * (q[1] - p[1])
    return [(p[0] + slope * reach, p[1] + reach), (q[0] - end_slope * reach, q[1] - reach), q]


def arc(p: Point, top: Point, q: Point) -> list[Point]:
    """Up from p, over the top, down to q: two quarters of ellipses."""
    k = 0.55  # the usual approximation of a quarter circle by a cubic
    out = [p]
    for start, turn, end in ((p, (p[0], top[1]), top), (top, (q[0], top[1]), q)):
        out += [(a[0] + k * (turn[0] - a[0]), a[1] + k * (turn[1] - a[1])) for a in (start, end)]
        out.append(end)
    return out
