"""Does one variable cause another, given causes in words: the axiom of transitivity, on chains and on branching graphs.

The published demonstrations (Vashishtha et al. 2025, arXiv 2407.07612) are chains of three to six variables, some with
single links turned about; what a model learned from them is tried on longer chains, other orders, longer names, and
graphs that branch.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from causalpp.errors import InvalidParameter
from causalpp.graphs import reachability
from causalpp.tasks._random import Source
from causalpp.tasks.items.benchmark import Benchmark
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.scorers import YesNo

__all__ = ["transitivity"]

_ONE = 1 << 20


def transitivity(
    rows: int = 1000,
    *,
    variables: Sequence[int] = (3, 4, 5, 6),
    shape: Literal["chain", "branching"] = "chain",
    order: Literal["along", "reversed", "shuffled"] = "along",
    flips: float = 0.5,
    density: float = 1.4,
    symbols: tuple[int, int] = (1, 3),
    seed: int = 0,
) -> Benchmark[Item]:
    """Items that list direct causes and ask whether one variable causes another: every second answer is yes.

    An answer is yes where a directed path leads from the first variable to the second.  Names are letters and digits
    in turn, drawn anew for every item, so that nothing can be known of them.

    Args:
        rows: how many.
        variables: how many each graph has, in turn.
        shape: a chain, or a random graph with ``density`` edges for each variable.
        order: of the sentences: along the chain (in a branching graph, along its causal order), from its end, or drawn.
        flips: the probability with which a link of a chain is turned about, in every second pair of chains; the
            others run one way.
        density: edges of a branching graph over its variables.
        symbols: of a name, at least and at most.
        seed: of all that is drawn.

    Raises:
        InvalidParameter: no rows, fewer than two variables, no probability, names that are too short to differ.

    Example:
        >>> item = transitivity(3, seed=1).items[2]
        >>> print(item.prompt)
        Known. c causes h8. r2n causes c.
        Does r2n cause c?
        >>> item.target.value
        True
    """
    if rows < 1 or not variables or min(variables) < 2 or seed < 0 or not density > 0:
        raise InvalidParameter("rows is from 1 on, variables from 2 on, seed from 0 on, and the density is above 0")
    if not 0 <= flips <= 1:
        raise InvalidParameter(f"the probability that a link is turned about lies between 0 and 1, got {flips!r}")
    for name, value, known in (("shape", shape, ("chain", "branching")), ("order", order, _ORDERS)):
        if value not in known:
            raise InvalidParameter(f"{name} is one of {', '.join(map(repr, known))}, got {value!r}")
    if not 1 <= symbols[0] <= symbols[1] or _names_of(symbols[1]) < max(variables):
        raise InvalidParameter(f"names of {symbols[0]} to {symbols[1]} symbols are too short, or no lengths")
    made = []
    for number in range(rows):
        draw, d = Source(seed, number), variables[number // 4 % len(variables)]
        edges = _chain(d, flips if number % 4 > 1 else 0.0, draw) if shape == "chain" else _branching(d, density, draw)
        made.append(_item(number, d, _ordered(edges, order, draw), _drawn_names(d, symbols, draw), draw))
    about = {"variables": list(variables), "shape": shape, "order": order, "flips": flips, "density": density}
    return Benchmark(tuple(made), {"rows": rows, **about, "symbols": list(symbols), "seed": seed})


_ORDERS = ("along", "reversed", "shuffled")
Edges = list[tuple[int, int]]


def _chain(d: int, flips: float, draw: Source) -> Edges:
    return [(k + 1, k) if draw.below(_ONE) < flips * _ONE else (k, k + 1) for k in range(d - 1)]


def _branching(d: int, density: float, draw: Source) -> Edges:
    """Edges along the order of the numbers, so many for each variable, every variable in one at least."""
    pairs = [(i, j) for j in range(d) for i in range(j)]
    found = {(draw.below(j), j) for j in range(1, d)}
    wanted = min(max(round(density * d), d - 1), len(pairs))
    for k in draw.order(len(pairs)):
        if len(found) >= wanted:
            break
        found.add(pairs[k])
    return sorted(found, key=lambda edge: (edge[1], edge[0]))


def _ordered(edges: Edges, order: str, draw: Source) -> Edges:
    if order == "shuffled":
        return [edges[k] for k in draw.order(len(edges))]
    return edges[::-1] if order == "reversed" else edges


def _names_of(length: int) -> int:
    return int(26 ** ((length + 1) // 2) * 10 ** (length // 2))


def _drawn_names(d: int, symbols: tuple[int, int], draw: Source) -> list[str]:
    kinds, found = (string.ascii_lowercase, string.digits), dict[str, None]()
    while len(found) < d:
        length = symbols[0] + draw.below(symbols[1] - symbols[0] + 1)
        found["".join(kinds[k % 2][draw.below(len(kinds[k % 2]))] for k in range(length))] = None
    return list(found)


def _item(number: int, d: int, edges: Edges, names: Sequence[str], draw: Source) -> Item:
    adjacency = torch.zeros((1, d, d), dtype=torch.bool)
    for i, j in edges:
        adjacency[0, i, j] = True
    reached = reachability.closure(adjacency)[0].numpy()
    wanted = number % 2 == 0
    pairs = np.argwhere((reached == wanted) & ~np.eye(d, dtype=bool)).tolist()
    a, b = pairs[draw.below(len(pairs))]
    mentioned = list(dict.fromkeys(k for edge in edges for k in edge))
    return Item(
        f"transitivity-{number}",
        f"Known. {' '.join(f'{names[i]} causes {names[j]}.' for i, j in edges)}\nDoes {names[a]} cause {names[b]}?",
        Target(wanted, YesNo()),
        about={
            "num_variables": d,
            "edges": len(edges),
            "direct": (a, b) in edges,
            "first_mentioned_first": mentioned.index(a) < mentioned.index(b),
            "more_effects": sum(i == a for i, _ in edges) > sum(i == b for i, _ in edges),
        },
    )
