"""Problems drawn at random: a graph, tables, and what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from causalpp.tasks._random import Source
from causalpp.tasks.caugym.derivation import derive
from causalpp.tasks.caugym.models import Figure, Model, as_percentage, states
from causalpp.tasks.caugym.problem import Contrast, Problem

__all__ = ["GRAPHS", "LARGEST", "SMALLEST", "draw", "mediated"]

SMALLEST, LARGEST = 2, 8

#: Name → edges of a graph of the textbooks; X is the treatment and Y the outcome.
_DRAWN: Mapping[str, str] = {
    "effect": "XY",
    "chain": "XM MY",
    "fork": "XY ZY",
    "collider": "XY XC YC",
    "confounding": "XY ZX ZY",
    "mediation": "XY XM MY",
    "instrument": "IX XY ZX ZY",
    "diamond": "XM XN MY NY",
    "front door": "ZX ZY XM MY",
    "two confounders": "XY ZX ZY WX WY",
    "confounders in a row": "XY ZW ZX WY",
    "mediation with a confounder": "XY XM MY ZX ZY",
    "confounded mediator": "XY XM MY ZM ZY",
    "confounded mediation": "XY XM MY ZX ZM ZY",
    "two mediators": "XY XM XN MY NY",
    "mediators in a row": "XY XM MN NY",
    "M": "AX AC BC BY XY",
    "butterfly": "AX AC BC BY CX CY XY",
    "diamond with a confounder": "XM XN MY NY XY ZX ZY",
    "long way round": "AX AB BC CY XM MY XY",
}

#: The same, as pairs (cause, effect).
GRAPHS: Mapping[str, tuple[tuple[str, str], ...]] = {
    name: tuple((edge[0], edge[1]) for edge in edges.split()) for name, edges in _DRAWN.items()
}

_MOST_PARENTS = 3
_MOST_FIGURES = 24
_MOST_STEPS = 120
_DIGITS = (2, 2, 2, 3, 4)  # of the figures
_NEAR = Fraction(1, 1000)  # a value this near to the threshold is not asked about
_TRIES = 400


def mediated(quantity: str) -> bool:
    """Whether a quantity needs a mediator beside a direct effect."""
    return quantity in ("CDE", "NDE", "NIE")


def draw(quantity: str, bound: str, size: int, random: Source, *, confounded: bool = False) -> Problem:
    """A problem that is answered by its figures, which are just those that are needed.

    Args:
        quantity, bound: what is asked.
        size: how many variables.
        random: where choices come from.
        confounded: whether treatment and outcome must have a common cause.
    """
    for _ in range(_TRIES):
        found = _try(quantity, bound, size, random, confounded)
        if found is not None:
            return found
    raise AssertionError(f"no problem of {quantity} {bound} over {size} variables in {_TRIES} tries")


def _try(quantity: str, bound: str, size: int, random: Source, confounded: bool) -> Problem | None:
    letters = [chr(ord("A") + k) for k in random.order(size)]
    kind, model, x, y = _graph(quantity, size, letters, random, confounded)
    if max(len(parents) for parents in model.parents.values()) > _MOST_PARENTS:
        return None
    between = model.between(x, y)
    if mediated(quantity) and not (between and x in model.parents[y]):
        return None
    if x not in model.ancestors[y] or (confounded and not model.confounded(x, y)):
        return None
    digits = _DIGITS[random.below(len(_DIGITS))]
    rising = {*between, y} if bound == "monotone" else set[str]()
    affected = {x, *between}
    tables = {node: _table(model.parents[node], node in rising, affected, digits, random) for node in model.nodes}
    model = Model(model.nodes, model.parents, tables)
    held = _held(between, random) if quantity == "CDE" else ()
    contrast = Contrast(x, y, between, {node: random.below(2) for node in held})
    everything = [figure for node in model.nodes for figure in model.figures(node)]
    found = derive(model, quantity, bound, contrast.to_dict(), everything)
    if len(found.used) > _MOST_FIGURES or len(found.steps) > _MOST_STEPS:
        return None
    value = found[quantity]
    if bound in ("lower", "upper") and value in (0, 1) and random.below(5):
        return None  # a bound that says nothing is not asked for often
    if bound == "monotone" and not 0 < value < 1:
        return None
    threshold = _threshold(value, bound, random)
    if abs(value - Fraction(threshold)) < _NEAR:
        return None
    asked = ("above", "below")[random.below(2)]
    nodes = [model.nodes[k] for k in random.order(size)]
    return Problem(
        model,
        quantity,
        bound,
        Contrast(x, y, between, contrast.fixed, asked, threshold),
        _printed(found.used.values(), nodes, random),
        tuple(nodes),
        tuple(model.edges[k] for k in random.order(len(model.edges))),
        about={"graph": kind},
    )


def _held(between: Sequence[str], random: Source) -> Sequence[str]:
    """The mediators that a controlled direct effect holds fixed: mostly all, if there are several."""
    return between if random.below(3) else [between[random.below(len(between))]]


def _threshold(value: Fraction, bound: str, random: Source) -> str:
    """Zero for effects; for probabilities a round number not far off."""
    if not bound:
        return "0"
    near = [k for k in range(1, 10) if abs(value - Fraction(k, 10)) < Fraction(3, 10)]
    return f"0.{near[random.below(len(near))]}"


# --- graphs -----------------------------------------------------------------------------------------------


def _graph(
    quantity: str, size: int, letters: Sequence[str], random: Source, confounded: bool
) -> tuple[str, Model, str, str]:
    """The name of a graph, the graph, treatment and outcome."""
    known = [name for name, nodes in _SIZES.items() if nodes == size and _fits(name, quantity, confounded)]
    if known and (size <= 3 or random.below(2)):
        kind = known[random.below(len(known))]
        edges, order = GRAPHS[kind], _ORDERS[kind]
        called = dict(zip(order, letters, strict=True))
        parents = {called[node]: [called[a] for a, b in edges if b == node] for node in order}
        x, y = called["X"], called["Y"]
    else:
        kind = "random"
        parents, x, y = _random_graph(quantity, list(letters), random, confounded)
    mixed = {node: tuple(some[k] for k in random.order(len(some))) for node, some in parents.items()}
    return kind, Model(tuple(letters), mixed, {}), x, y


def _random_graph(
    quantity: str, nodes: list[str], random: Source, confounded: bool
) -> tuple[dict[str, list[str]], str, str]:
    n = len(nodes)
    least = 1 + mediated(quantity)
    start = min(random.below(n - least), int(confounded) + random.below(n - least))
    start = min(max(start, int(confounded)), n - least - 1)
    end = start + least + random.below(n - start - least)
    x, y = nodes[start], nodes[end]
    parents: dict[str, list[str]] = {node: [] for node in nodes}

    def add(a: str, b: str) -> None:
        if a not in parents[b]:
            parents[b].append(a)

    for k, node in enumerate(nodes[1:], 1):
        for _ in range((0, 1, 1, 2, 2, 3)[random.below(6)]):
            add(nodes[random.below(k)], node)
    if mediated(quantity):
        between = nodes[start + 1 + random.below(end - start - 1)]
        add(x, between)
        add(between, y)
        add(x, y)
    elif random.below(3):
        add(x, y)
    if confounded:
        before = nodes[random.below(start)]
        add(before, x)
        add(before, y)
    for k, node in enumerate(nodes):
        if not parents[node] and not any(node in some for some in parents.values()):
            other = (k + 1 + random.below(n - 1)) % n
            add(*((node, nodes[other]) if k < other else (nodes[other], node)))
    return parents, x, y


def _order(edges: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The nodes in a causal order."""
    left = {node for edge in edges for node in edge}
    out: list[str] = []
    while left:
        ready = sorted(node for node in left if not any(b == node and a in left for a, b in edges))
        out += ready
        left -= set(ready)
    return tuple(out)


_ORDERS = {name: _order(edges) for name, edges in GRAPHS.items()}
_SIZES = {name: len(order) for name, order in _ORDERS.items()}


def _model(name: str) -> Model:
    edges = GRAPHS[name]
    return Model(_ORDERS[name], {node: tuple(a for a, b in edges if b == node) for node in _ORDERS[name]}, {})


_PROPERTIES = {
    name: (bool(model.between("X", "Y")) and "X" in model.parents["Y"], model.confounded("X", "Y"))
    for name, model in ((name, _model(name)) for name in GRAPHS)
}


def _fits(name: str, quantity: str, confounded: bool) -> bool:
    has_mediator, has_confounder = _PROPERTIES[name]
    return (has_mediator or not mediated(quantity)) and (has_confounder or not confounded)


# --- tables -----------------------------------------------------------------------------------------------


def _table(parents: Sequence[str], rising: bool, affected: set[str], digits: int, random: Source) -> tuple[str, ...]:
    """Decimals, none of them 0 or 1; now and then close to it."""
    strong = random.below(8) == 0
    drawn = [_probability(strong, digits, random) for _ in range(2 ** len(parents))]
    if rising:
        free = [p for p in parents if p not in affected]
        groups: dict[tuple[int, ...], list[int]] = {}
        for k, values in enumerate(states(parents)):
            groups.setdefault(tuple(values[p] for p in free), []).append(k)
        for places in groups.values():  # the order of codes extends that of the states
            for place, value in zip(places, sorted(drawn[k] for k in places), strict=True):
                drawn[place] = value
    return tuple(f"0.{value:0{digits}d}" for value in drawn)


def _probability(strong: bool, digits: int, random: Source) -> int:
    """As a multiple of the last digit."""
    whole: int = 10**digits
    if strong:
        near = 1 + random.below(whole // 25)
        return near if random.below(2) else whole - near
    return whole // 20 + random.below(whole - whole // 10 + 1)


def _printed(used: Iterable[Figure], nodes: Sequence[str], random: Source) -> tuple[Figure, ...]:
    """The figures as the text states them: node by node, of either value, as decimals or percentages."""
    percent = random.below(2)
    by_node: dict[str, list[Figure]] = {node: [] for node in nodes}
    for figure in used:
        by_node[figure.variables[0][0]].append(figure)
    out: list[Figure] = []
    for node, some in by_node.items():
        value = int(random.below(5) > 0)
        for k in random.order(len(some)):
            shown = some[k].value if value else some[k].complement
            out.append(Figure(((node, value),), some[k].given, as_percentage(shown) if percent else shown))
    return tuple(out)
