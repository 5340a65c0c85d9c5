"""Worlds whose graph and effects are known: drawn from the prior of a score, or from what no score assumes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalpp.graphs import Dag
from causalpp.posterior import Exact, Sums
from causalpp.scores import BDeu, BGe, LocalScore, StructurePrior

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSPECIFIED", "WELL_SPECIFIED", "WORLDS", "World", "structure", "world"]

#: Whose graph, parameters and rows have the law that the posterior takes for granted.
WELL_SPECIFIED = ("gaussian", "discrete")
#: Whose parameters or rows have another one.
MISSPECIFIED = ("simulated", "hidden", "nonlinear", "heavy")
WORLDS = (*WELL_SPECIFIED, *MISSPECIFIED)

_WEIGHT = {"gaussian": 1.0, "discrete": 10.0}  # rows that the prior of the parameters is worth
_HIDDEN = 2  # common causes that no column tells of
_FREEDOM = 3  # of heavy-tailed noise: its variance is finite, its fourth moment is not
_LONG = 200_000  # rows by which the effect in a nonlinear world is computed
_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class World:
    """A graph, what it does, and what the effects are.

    Attributes:
        name: one of :data:`WORLDS`.
        dag: over the d columns, without hidden variables.
        seed: of the rows.
    """

    name: str
    dag: Dag
    seed: int
    _simulate: Callable[[int, int, Mapping[int, float]], _Floats]

    @cached_property
    def discrete(self) -> bool:
        """Whether the columns are yes and no."""
        return self.name == "discrete"

    def rows(self, n: int) -> pd.DataFrame:
        """The first n rows: those of a smaller number are among those of a larger one."""
        import pandas as pd

        values = self._simulate(n, self.seed, {})[:, : len(self.dag.nodes)]
        if self.discrete:
            return pd.DataFrame(np.where(values == 1, "yes", "no"), columns=self.dag.nodes)
        return pd.DataFrame(values, columns=self.dag.nodes)

    def score(self, frame: pd.DataFrame) -> str | LocalScore:
        """The score whose prior the parameters have; the usual one where they have none."""
        if self.name == "gaussian":
            return BGe(frame, _WEIGHT[self.name], standardise=False)
        return BDeu(frame, _WEIGHT[self.name]) if self.discrete else "auto"

    def effect(self, treatment: str, outcome: str) -> float:
        """E(outcome | do(treatment = 1)) less that of 0; of yes and no, of the probability of yes."""
        if outcome not in self.dag.descendants(treatment):
            return 0.0  # to the last digit: intervals may end there
        t, o = (self.dag.nodes.index(name) for name in (treatment, outcome))
        n = -1 if self.discrete else _LONG if self.name == "nonlinear" else 1  # along lines all rows change alike
        set_to = [self._simulate(n, 0, {t: value})[:, [o, -1]] for value in (1.0, 0.0)]
        if self.discrete:  # all states, with their probabilities in the last column
            return float(np.subtract(*(rows[:, 0] @ rows[:, 1] for rows in set_to)))
        return float(np.subtract(*(rows[:, 0].mean() for rows in set_to)))


def structure(edges: float | None, variables: int) -> StructurePrior:
    """The law of the graphs: with so many edges on average, or all equally probable."""
    return StructurePrior() if edges is None else StructurePrior.sparse(edges, variables)


def world(name: str, variables: int, edges: float | None, seed: int) -> World:
    """A world: its graph drawn from :func:`structure`, then what belongs to each variable.

    Args:
        name: one of :data:`WORLDS`: ``"gaussian"`` and ``"discrete"`` have parameters from the priors of BGe and BDeu;
            ``"simulated"`` is linear and normal with weights of 0.4 to 1 in size and noise of variance 1; of such
            worlds ``"hidden"`` has two common causes more that no column tells of, ``"nonlinear"`` has tanh and squares
            in the place of lines, and ``"heavy"`` noise by Student's t with three degrees of freedom.
        variables: how many columns.
        edges: how many on average.
        seed: of everything.
    """
    draw = np.random.default_rng(seed)
    names = tuple(f"x{k}" for k in range(variables))
    flat = Sums(structure(edges, variables).table(names))
    dag = Exact(names, flat, flat.log_total).sample(1, int(draw.integers(2**31)))[0]
    parents = [[names.index(one) for one in dag.parents(name)] for name in names]
    order = [names.index(one) for one in dag.topological_order]
    seed_of_rows = int(draw.integers(2**31))
    if name == "discrete":
        return World(name, dag, seed_of_rows, _tables(parents, order, draw))
    if name == "hidden":
        for _ in range(_HIDDEN):
            order.insert(0, len(parents))
            parents.append([])
            for child in draw.choice(variables, 2, replace=False):
                parents[child].append(order[0])
    return World(name, dag, seed_of_rows, _lines(name, parents, order, draw))


def _tables(parents: list[list[int]], order: list[int], draw: np.random.Generator) -> Callable[..., _Floats]:
    """Yes and no, with tables from the prior of BDeu."""
    cells = [_WEIGHT["discrete"] / (2 << len(of)) for of in parents]
    tables = [draw.beta(weight, weight, size=1 << len(of)) for weight, of in zip(cells, parents, strict=True)]

    def simulate(n: int, seed: int, held: Mapping[int, float]) -> _Floats:
        d = len(parents)
        states = np.array(list(itertools.product((0.0, 1.0), repeat=d))) if n < 0 else np.zeros((n, d))
        uniform = np.random.default_rng(seed).random((max(n, 0), d))
        p = np.ones(len(states))
        for v in order:
            row = sum((states[:, u].astype(int) << k for k, u in enumerate(parents[v])), np.zeros(len(states), int))
            if n >= 0:
                states[:, v] = held.get(v, uniform[:, v] < tables[v][row])
            elif v in held:
                p *= states[:, v] == held[v]
            else:
                p *= np.where(states[:, v] == 1, tables[v][row], 1 - tables[v][row])
        return states if n >= 0 else np.column_stack([states, p])

    return simulate


def _lines(name: str, parents: list[list[int]], order: list[int], draw: np.random.Generator) -> Callable[..., _Floats]:
    """Each variable a sum over its parents, and noise."""
    d, weight = len(parents), _WEIGHT["gaussian"]
    slopes, offset, spread = np.zeros((d, d)), np.zeros(d), np.ones(d)
    for v in order:
        if name == "gaussian":  # the prior of BGe: Wishart precisions, the mean worth so many rows at zero
            t = weight * weight / (weight + 1)
            spread[v] = np.sqrt(t / draw.chisquare(weight + 2 + len(parents[v])))
            slopes[v, parents[v]] = draw.normal(size=len(parents[v])) * spread[v] / np.sqrt(t)
            offset[v] = draw.normal() * spread[v] / np.sqrt(weight)
        else:
            size = len(parents[v])
            slopes[v, parents[v]] = draw.uniform(0.4, 1, size) * draw.choice([-1, 1], size)
    bent = draw.random((d, d)) < 0.5

    def simulate(n: int, seed: int, held: Mapping[int, float]) -> _Floats:
        rng = np.random.default_rng(seed)
        if name == "heavy":
            noise = rng.standard_t(_FREEDOM, (n, d)) * np.sqrt((_FREEDOM - 2) / _FREEDOM)
        else:
            noise = rng.normal(size=(n, d))
        values = np.zeros((n, d))
        for v in order:
            if v in held:
                values[:, v] = held[v]
                continue
            values[:, v] = offset[v] + spread[v] * noise[:, v]
            for u in parents[v]:
                x = values[:, u]
                if name == "nonlinear":
                    x = np.where(bent[u, v], 2 * np.tanh(x), (np.clip(x, -3, 3) ** 2 - 1) / 1.5 + 0.3 * x)
                values[:, v] += slopes[v, u] * x
        return values

    return simulate
