"""Where boxes and arrows go: a layered layout with causes above effects, shared by the SVG and matplotlib pictures.

The classical four steps (Sugiyama, Tagawa & Toda, IEEE Trans. SMC 11, 1981): give every variable a row,
break long edges by dummy points, order each row by barycentres, choose x-coordinates.  The last step
minimises squared edge lengths row by row under minimal distances, which is a weighted isotonic regression
(de Leeuw, Hornik & Mair, J. Stat. Softw. 32, 2009).  Everything is deterministic; units are pixels, y grows downwards.

No curve crosses a box: between two rows a curve stays in the gap between them, and it passes a row
only through the place that its dummy point reserves there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from causalpp.graphs.drawing._curves import Point, arc, hits, line, smooth, x_at
from causalpp.graphs.drawing._sweeps import BOX_GAP, Plan, order_rows, place_columns

__all__ = ["BOX_HEIGHT", "Box", "Layout", "Link", "Route", "arrange", "layers"]

BOX_HEIGHT = 30.0
_ROW_WIDTH = 780.0  # a row with wider boxes than this is continued in the next one
_COMPONENT_GAP = 34.0
_LABEL_HEIGHT = 16.0
_ARC_STEP = 9.0
_MANY_LANES = 160  # with more passing edges than this, those from one variable share their way


@dataclass(frozen=True)
class Link:
    """An edge of any kind between the variables number ``a`` and ``b``; ``weight`` is its say in breaking cycles."""

    a: int
    b: int
    kind: Literal["directed", "undirected", "bidirected"]
    weight: float = 1.0
    label_width: float = 0.0


@dataclass(frozen=True)
class Box:
    """The place of a variable: centre and width."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Route:
    """The course of an edge from ``a`` to ``b``: a start point, then three points for each cubic Bézier piece."""

    link: Link
    points: tuple[Point, ...]
    label_at: Point


@dataclass(frozen=True)
class Layout:
    """A finished layout; ``boxes`` in the order of the variables, ``routes`` in that of the links."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]


# --- rows ---------------------------------------------------------------------------------------------


def _orient(count: int, links: Sequence[Link]) -> list[int]:
    """Positions in an order of the variables with causes before effects, as far as the edges allow.

    Edges closing a cycle (a picture of several graphs at once may have them) point upwards; the lightest
    are chosen greedily.  Undirected edges lead from the first variable reached to the later ones.
    """
    parents: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
    near: list[set[int]] = [set() for _ in range(count)]
    for link in links:
        if link.kind == "directed":
            parents[link.b][link.a] += link.weight
        elif link.kind == "undirected":
            near[link.a].add(link.b)
            near[link.b].add(link.a)
    place = [-1] * count
    missing = [sum(p.values()) for p in parents]
    reached = [count] * count  # when a neighbour across an undirected edge was placed
    for step in range(count):
        free = (v for v in range(count) if place[v] < 0)
        here = min(free, key=lambda v: (missing[v], reached[v], -len(near[v]), v))
        place[here] = step
        for v in range(count):
            if here in parents[v]:
                left = [w for p, w in parents[v].items() if place[p] < 0]
                missing[v] = sum(left)
        for v in near[here]:
            reached[v] = min(reached[v], step)
    return place


def layers(width: Sequence[float], links: Sequence[Link]) -> list[int]:
    """The row of each variable: the longest path to it from a source, then sources pulled down to their effects.

    >>> layers([50] * 4, [Link(0, 1, "directed"), Link(1, 2, "directed"), Link(3, 2, "directed")])
    [0, 1, 2, 1]
    """
    place = _orient(len(width), links)
    above: list[list[int]] = [[] for _ in width]
    below: list[list[int]] = [[] for _ in width]
    for link in links:
        if link.kind != "bidirected":
            upper, lower = sorted((link.a, link.b), key=place.__getitem__)
            below[upper].append(lower)
            above[lower].append(upper)
    row = [0] * len(width)
    used: dict[int, float] = defaultdict(float)
    order = sorted(range(len(width)), key=place.__getitem__)
    for v in order:
        row[v] = max((row[u] + 1 for u in above[v]), default=0)
        while used[row[v]] and used[row[v]] + width[v] > _ROW_WIDTH:
            row[v] += 1
        used[row[v]] += width[v] + BOX_GAP
    moved = True
    while moved:  # each move shortens the edges, so this ends
        moved = False
        for v in reversed(order):
            target = min((row[w] for w in below[v]), default=row[v] + 1) - 1
            if len(below[v]) > len(above[v]) and target > row[v] and used[target] + width[v] <= _ROW_WIDTH:
                used[row[v]] -= width[v] + BOX_GAP
                used[target] += width[v] + BOX_GAP
                row[v], moved = target, True
    return row


# --- dummy points -------------------------------------------------------------------------------------


def _chains(plan: Plan, links: Sequence[Link]) -> tuple[list[list[int]], list[bool]]:
    """The vertices that each link passes, top to bottom, and whether the link must bend at all of them.

    Half rows (odd numbers) exist where something has to be placed between two rows: labels, the second of
    two parallel edges, or the arc that joins two variables of one row.
    """
    seen: set[tuple[int, int]] = set()
    bent = []
    for link in links:
        pair = (min(link.a, link.b), max(link.a, link.b))
        bent.append(pair in seen)
        seen.add(pair)
    flat = [plan.row[link.a] == plan.row[link.b] for link in links]
    step = 1 if any(bent) or any(flat) or any(link.label_width for link in links) else 2
    plan.row[:] = [2 * r for r in plan.row]
    lanes: dict[int, int] = defaultdict(int)  # passing edges by the variable they come from
    for link in links:
        lanes[link.a] += max(0, abs(plan.row[link.a] - plan.row[link.b]) // 2 - 1)
    crowded = sum(lanes.values()) > _MANY_LANES
    shared: dict[tuple[int, int], int] = {}
    joined: set[tuple[int, int]] = set()
    chains = []
    for i, link in enumerate(links):
        weight = 0.2 if link.kind == "bidirected" or bent[i] else 1.0
        if flat[i]:
            apex = plan.add(plan.row[link.a] - 1, max(4.0, link.label_width))
            plan.join(apex, link.a, weight)
            plan.join(apex, link.b, weight)
            chains.append([link.a, apex, link.b])
            continue
        upper, lower = sorted((link.a, link.b), key=plan.row.__getitem__)
        merge = (crowded or lanes[upper] > _MANY_LANES // 4) and link.kind == "directed"
        merge = merge and not bent[i] and not link.label_width
        middle = (plan.row[upper] + plan.row[lower]) // 2
        chain = [upper]
        for r in range(plan.row[upper] + step, plan.row[lower], step):
            if merge and (upper, r) in shared:
                chain.append(shared[upper, r])
            else:
                chain.append(plan.add(r, link.label_width if r in (middle, middle + 1) and r % 2 else 2.0))
                shared[upper, r] = chain[-1]
        chain.append(lower)
        for u, v in pairwise(chain):
            if (u, v) not in joined:  # long pieces should be straight, so they weigh more
                plan.join(u, v, weight * (1, 2, 6)[(u >= plan.boxes) + (v >= plan.boxes)])
                joined.add((u, v))
        chains.append(chain)
    return chains, bent


# --- heights and courses of edges ---------------------------------------------------------------------


def _nesting(plan: Plan, links: Sequence[Link], chains: list[list[int]]) -> dict[int, int]:
    """How high the arc of each apex rises above its row: wider arcs span over narrower ones."""
    arcs: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for link, chain in zip(links, chains):
        if plan.row[link.a] == plan.row[link.b]:
            arcs[plan.row[chain[1]]].append((abs(plan.x[link.a] - plan.x[link.b]), chain[1]))
    return {apex: k for row in arcs.values() for k, (_, apex) in enumerate(sorted(row))}


def _heights(plan: Plan, labelled: bool, arcs: Mapping[int, int]) -> tuple[list[float], list[float]]:
    """The middle of each row and half the height it takes; wide steps get taller gaps, so that none is too flat."""
    middle: list[float] = []
    half: list[float] = []
    y = 0.0
    scale = 2 if any(plan.row[row[0]] % 2 for row in plan.rows) else 1
    for i, row in enumerate(plan.rows):
        if plan.row[row[0]] % 2 == 0:
            thick = BOX_HEIGHT / 2
        else:
            thick = max(_LABEL_HEIGHT / 2 if labelled else 0.0, _ARC_STEP / 2 * max(arcs.get(v, 0) for v in row))
        if i:
            steps = [abs(plan.x[u] - plan.x[v]) for u in plan.rows[i - 1] for v, _ in plan.down[u]]
            y += half[-1] + min(90.0, max(42.0, 0.2 * max(steps, default=0.0))) / scale + thick
        middle.append(y)
        half.append(thick)
    return middle, half


def _ports(plan: Plan, chains: list[list[int]]) -> dict[tuple[int, int], float]:
    """Where each piece of an edge touches its box: ``(box, next vertex) → x``, spread along the border."""
    sides: dict[tuple[int, bool], set[int]] = defaultdict(set)
    for chain in chains:
        for box, other in ((chain[0], chain[1]), (chain[-1], chain[-2])):
            sides[box, plan.row[other] > plan.row[box]].add(other)
    out = {}
    for (box, below), others in sides.items():
        step = min(9.0 if below else 15.0, 0.8 * plan.width[box] / len(others))
        for k, other in enumerate(sorted(others, key=lambda v: (plan.x[v], v))):
            out[box, other] = plan.x[box] + (k - (len(others) - 1) / 2) * step
    return out


def _route(
    plan: Plan, links: Sequence[Link], chains: list[list[int]], bent: list[bool]
) -> tuple[list[Box], list[Route]]:
    labelled = any(link.label_width for link in links)
    arcs = _nesting(plan, links, chains)
    middle, half = _heights(plan, labelled, arcs)
    level = {plan.row[row[0]]: i for i, row in enumerate(plan.rows)}
    ys = [middle[level[r]] for r in plan.row]
    boxes = [Box(plan.x[v], ys[v], plan.width[v]) for v in range(plan.boxes)]
    ports = _ports(plan, chains)
    routes = []
    for link, chain, bend in zip(links, chains, bent):
        first, last, inner = chain[0], chain[-1], chain[1:-1]
        flat = plan.row[first] == plan.row[last]
        down = -BOX_HEIGHT / 2 if flat else BOX_HEIGHT / 2
        start = (ports[first, chain[1]], ys[first] + down)
        goal = (ports[last, chain[-2]], ys[last] - BOX_HEIGHT / 2)
        stops = [(plan.x[v], ys[v], half[level[plan.row[v]]]) for v in inner]
        half_way = (len(stops) - 1) // 2
        mark = stops[half_way + half_way % 2] if labelled else start
        if flat:
            x, y, thick = stops[0]
            mark = (x if labelled else (start[0] + goal[0]) / 2, y + thick - _ARC_STEP * arcs[inner[0]], 0.0)
            points = arc(start, mark[:2], goal)
        else:
            others = (box for v, box in enumerate(boxes) if v not in (first, last))
            clear = not any(hits(start, goal, (b.x, b.y), (b.width / 2 + 8, BOX_HEIGHT / 2 + 4)) for b in others)
            # A label sits where its dummy point is, so a labelled picture has straight lines only through these.
            near = not labelled or all(abs(x_at(start, goal, y) - x) < 9 for x, y, _ in stops)
            if clear and near and not bend:
                points = line(start, goal)
            else:
                if not bend and not labelled:
                    stops = [s for s, v in zip(stops, inner) if plan.row[v] % 2 == 0]
                points = smooth((start, goal), stops)
        if first != link.a:
            points.reverse()
        routes.append(Route(link, tuple(points), mark[:2]))
    return boxes, routes


# --- the whole ----------------------------------------------------------------------------------------


def _components(count: int, links: Sequence[Link]) -> list[list[int]]:
    group = list(range(count))
    for link in links:
        old, new = sorted((group[link.a], group[link.b]), reverse=True)
        group = [new if g == old else g for g in group]
    members: dict[int, list[int]] = defaultdict(list)
    for v, g in enumerate(group):
        members[g].append(v)
    return list(members.values())


def _component(width: list[float], links: Sequence[Link]) -> Layout:
    """One connected component, with its upper left corner at the origin."""
    plan = Plan(len(width), [], [])
    for w, row in zip(width, layers(width, links)):
        plan.add(row, w)
    chains, bent = _chains(plan, links)
    order_rows(plan)
    place_columns(plan)
    boxes, routes = _route(plan, links, chains, bent)
    spans = [(b.x - b.width / 2, b.x + b.width / 2, b.y - BOX_HEIGHT / 2, b.y + BOX_HEIGHT / 2) for b in boxes]
    spans += [(x, x, y, y) for route in routes for x, y in route.points]
    for r in routes:
        if r.link.label_width:
            (x, y), w = r.label_at, r.link.label_width / 2
            spans.append((x - w, x + w, y, y))
    left, right, top, bottom = (f(s[k] for s in spans) for k, f in enumerate((min, max, min, max)))
    return _shift(Layout(right - left, bottom - top, tuple(boxes), tuple(routes)), -left, -top)


def _shift(layout: Layout, dx: float, dy: float) -> Layout:
    boxes = tuple(Box(b.x + dx, b.y + dy, b.width) for b in layout.boxes)
    routes = tuple(
        Route(r.link, tuple((x + dx, y + dy) for x, y in r.points), (r.label_at[0] + dx, r.label_at[1] + dy))
        for r in layout.routes
    )
    return Layout(layout.width, layout.height, boxes, routes)


def arrange(width: Sequence[float], links: Sequence[Link]) -> Layout:
    """Lay out boxes of the given widths and the links between them.

    Components are laid out one by one and packed on shelves, so that many of them, or many variables
    without an edge, do not make one endless row.

    >>> chain = arrange([60.0, 40.0], [Link(0, 1, "directed")])
    >>> chain.boxes
    (Box(x=30.0, y=15.0, width=60.0), Box(x=30.0, y=87.0, width=40.0))
    """
    parts = []
    for members in _components(len(width), links):
        local = {v: i for i, v in enumerate(members)}
        chosen = [i for i, link in enumerate(links) if link.a in local]
        inner = [Link(local[k.a], local[k.b], k.kind, k.weight, k.label_width) for k in (links[i] for i in chosen)]
        parts.append((members, chosen, _component([width[v] for v in members], inner)))
    parts.sort(key=lambda part: (len(part[0]) == 1, -part[2].height))
    gap = _COMPONENT_GAP
    area = sum((part.width + gap) * (part.height + gap) for _, _, part in parts)
    target = max([1.3 * area**0.5, *(part.width for _, _, part in parts)])
    boxes: dict[int, Box] = {}
    routes: dict[int, Route] = {}
    x = y = shelf = right = 0.0
    for members, chosen, part in parts:
        if x and x + part.width > target:
            x, y = 0.0, y + shelf + gap
            shelf = 0.0
        placed = _shift(part, x, y)
        boxes.update(zip(members, placed.boxes))
        routes.update((i, Route(links[i], r.points, r.label_at)) for i, r in zip(chosen, placed.routes))
        x, shelf, right = x + part.width + gap, max(shelf, part.height), max(right, x + part.width)
    return Layout(
        right, y + shelf, tuple(boxes[v] for v in range(len(width))), tuple(routes[i] for i in range(len(links)))
    )
