"""Structural causal models by brute force: every combination of noise, one row each, and equations row by row.

Written against the mechanisms' published tables only (weights and outcomes, or the shares of (0, 1)), not against
the library's own evaluation.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

import causalpp as cpp
from causalpp import Dag
from causalpp.programs import Response, Table

Column = NDArray[np.int64]


def random_scm(seed: int, most: int = 5, cells: int = 100_000) -> tuple[cpp.CausalProgram, Brute]:
    """A random discrete program of tables and responses whose noise can be listed."""
    for attempt in itertools.count():
        rng = np.random.default_rng([seed, attempt])
        d = int(rng.integers(3, most + 1))
        names = [f"v{i}" for i in range(d)]
        cards = {n: int(rng.choice([2, 2, 3])) for n in names}
        edges = [(names[i], names[j]) for i in range(d) for j in range(i + 1, d) if rng.random() < 0.6]
        dag = Dag(names, edges)
        mechanisms: dict[str, cpp.programs.Mechanism] = {}
        for n in names:
            parents, states = tuple(rng.permutation(dag.parents(n)).tolist()), tuple(f"s{k}" for k in range(cards[n]))
            shape = tuple(cards[p] for p in parents)
            if rng.random() < 0.6:
                m = int(rng.integers(2, 5))
                outcomes = rng.integers(0, cards[n], size=(*shape, m))
                mechanisms[n] = Response(states, parents, rng.dirichlet(np.ones(m)), outcomes)
            else:
                mechanisms[n] = Table(states, parents, rng.dirichlet(np.ones(cards[n]), size=shape))
        program = cpp.compile(dag, mechanisms=mechanisms)
        brute = Brute(program, cells)
        if brute.size <= cells:
            return program, brute
    raise AssertionError


class Brute:
    """All rows of noise of a program, with their weights."""

    def __init__(self, program: cpp.CausalProgram, most: int = 10**9) -> None:
        self.order = [s.variable for s in program.statements]
        self.parents = {v: program.mechanism(v).parents for v in self.order}
        self.cards = {v: len(program.states(v)) for v in self.order}
        weights, self.table = [], {}
        for v in self.order:
            w, self.table[v] = equation(program.mechanism(v))
            weights.append(w)
        self.size = int(np.prod([len(w) for w in weights]))
        if self.size > most:
            return
        grid = np.indices([len(w) for w in weights]).reshape(len(weights), -1)
        self.noise = {v: grid[i] for i, v in enumerate(self.order)}
        self.weights = np.prod([w[grid[i]] for i, w in enumerate(weights)], axis=0)

    def value(self, v: str, parents: Mapping[str, Column]) -> Column:
        return self.table[v][(*(parents[p] for p in self.parents[v]), self.noise[v])]

    def world(self, do: Mapping[str, int | Column]) -> dict[str, Column]:
        """Every variable's value in every row, where some are set, to a number or to what they are in other rows."""
        out: dict[str, Column] = {}
        for v in self.order:
            out[v] = np.broadcast_to(do[v], self.weights.shape) if v in do else self.value(v, out)
        return out

    def along(self, x: str, y: str, high: int, low: int, paths: set[tuple[str, ...]]) -> Column:
        """y where these paths carry x = high and all others x = low, by recursion from y."""
        control = self.world({x: low})

        def made(v: str, active: set[tuple[str, ...]]) -> Column:
            if not active:
                return control[v]
            if v == x:
                return np.broadcast_to(high, self.weights.shape)
            return self.value(v, {p: made(p, {q[:-1] for q in active if q[-2] == p}) for p in self.parents[v]})

        return made(y, paths)

    def share(self, hit: NDArray[np.bool_], given: NDArray[np.bool_] | None = None) -> float:
        """P(hit | given) over the rows."""
        w = self.weights if given is None else self.weights * given
        return float((w * hit).sum() / w.sum())


def equation(mechanism: cpp.programs.Mechanism) -> tuple[NDArray[np.float64], Column]:
    """The weights of finitely many noises, and the state for every configuration of the parents and noise."""
    if isinstance(mechanism, Response):
        return mechanism.weights, mechanism.outcomes
    assert isinstance(mechanism, Table)
    ends = np.cumsum(mechanism.probabilities, axis=-1)
    cuts = np.unique(np.concatenate([[0.0, 1.0], ends[..., :-1].ravel()]))
    middles = (cuts[1:] + cuts[:-1]) / 2
    return np.diff(cuts), (middles >= ends[..., :-1, None]).sum(-2)


def all_paths(dag: Dag, x: str, y: str) -> list[tuple[str, ...]]:
    """Every directed path from x to y."""
    if x == y:
        return [(y,)]
    return [(x, *rest) for child in dag.children(x) for rest in all_paths(dag, child, y)]
