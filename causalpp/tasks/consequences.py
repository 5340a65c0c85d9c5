"""Which variables change if one is set: a local interventional question whose answer is a list of names."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import torch

from causalpp.errors import InvalidParameter
from causalpp.graphs import reachability
from causalpp.tasks._random import Source
from causalpp.tasks.items.benchmark import Benchmark
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.scorers import Exact

__all__ = ["consequences"]

_NONE = "none"


def consequences(
    rows: int = 1000,
    *,
    variables: Sequence[int] = (4,),
    edges: float = 0.5,
    names: Sequence[str] = tuple(string.ascii_uppercase),
    seed: int = 0,
) -> Benchmark[Item]:
    """Items that give a graph and ask which variables change if one of them is set: its descendants.

    Near misses are what would be right if one edge were missing or pointed the other way.

    Args:
        rows: how many.
        variables: how many each graph has, in turn.
        edges: the probability of an edge between two variables.
        names: of which each graph's variables are drawn.
        seed: of graphs, names and questions.

    Raises:
        InvalidParameter: no rows, fewer than two variables, fewer names than variables, no probability.

    Example:
        >>> item = consequences(1, variables=(3,), seed=3).items[0]
        >>> print(item.prompt)
        U causes E. A causes E.
        We set A. Which other variables change?
        >>> item.target.value, item.near_misses
        ('E', ('E U', 'none'))
    """
    if rows < 1 or not variables or min(variables) < 2 or seed < 0:
        raise InvalidParameter("rows is a number from 1 on, variables are numbers from 2 on, and seed one from 0 on")
    if max(variables) > len(set(names)):
        raise InvalidParameter(f"{max(variables)} variables need as many names, and there are {len(set(names))}")
    if not 0 <= edges <= 1:
        raise InvalidParameter(f"the probability of an edge lies between 0 and 1, got {edges!r}")
    out: list[Item] = []
    for number in range(rows):
        d = variables[number % len(variables)]
        draw = Source(seed, number)
        known = [names[k] for k in draw.order(len(names))[:d]]
        upper = np.triu(np.array([[draw.below(1 << 20) < edges * (1 << 20) for _ in range(d)] for _ in range(d)]), 1)
        out.append(_item(number, known, upper, draw))
    return Benchmark(tuple(out), {"rows": rows, "variables": list(variables), "edges": edges, "seed": seed})


def _item(number: int, known: Sequence[str], adjacency: np.ndarray, draw: Source) -> Item:
    d, places = len(known), np.argwhere(adjacency).tolist()
    treated = draw.below(d - 1)  # of the last, nothing could follow: too many answers would be none
    graphs = [adjacency]
    for i, j in places:
        without = adjacency.copy()
        without[i, j] = False
        turned = without.copy()
        turned[j, i] = True
        graphs += [without, turned]
    batch = torch.from_numpy(np.array(graphs))
    reached = reachability.closure(batch[reachability.acyclic(batch)])[:, treated].numpy()
    changed = [sorted(known[k] for k in np.flatnonzero(row).tolist()) for row in reached]
    said = [" ".join(found) or _NONE for found in changed]
    shown = [f"{known[i]} causes {known[j]}." for i, j in (places[k] for k in draw.order(len(places)))]
    alone = [name for k, name in enumerate(known) if not adjacency[k].any() and not adjacency[:, k].any()]
    shown += [f"{name} stands alone." for name in alone]
    return Item(
        f"consequences-{number}",
        f"{' '.join(shown)}\nWe set {known[treated]}. Which other variables change?",
        Target(said[0], Exact()),
        group=" ".join(sorted(shown)),
        about={"num_variables": d, "near_misses": [text for text in dict.fromkeys(said) if text != said[0]]},
    )
