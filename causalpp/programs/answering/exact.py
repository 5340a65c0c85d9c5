"""Exact distributions of discrete nodes, by contracting the tables of a plan."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from opt_einsum import contract, contract_path

from causalpp.errors import ImpossibleEvidence, TooLarge
from causalpp.programs.answering.plan import Node, Plan
from causalpp.programs.mechanisms import Assign
from causalpp.programs.mechanisms.noise.ranks import MOST, cells, outcomes

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["is_discrete", "joint"]

_MOST_AXES = 60  # of one array


def is_discrete(plan: Plan) -> bool:
    """Whether every node has states, and noise that is finite where worlds have to share it."""
    return all(node.mechanism.states is not None for node in plan.nodes)


def joint(plan: Plan, wanted: Sequence[int]) -> tuple[NDArray[np.float64], float]:
    """The joint distribution of some nodes, one axis each, given what was observed, and log P(what was observed).

    Raises:
        ImpossibleEvidence: what was observed has probability zero.
        TooLarge: an array of more than 100 million cells would be needed.
    """
    states = [len(node.mechanism.states or ()) for node in plan.nodes]
    cells = math.prod(states[n] for n in wanted)
    if cells > MOST or len(set(wanted)) > _MOST_AXES:
        raise TooLarge(f"the joint distribution of {len(wanted)} variables would have {cells:,} cells: ask about fewer")
    fixed = {n: int(value) for n in plan.observed if (value := plan.nodes[n].observed) is not None}
    for n, node in enumerate(plan.nodes):
        if isinstance(node.mechanism, Assign):
            fixed[n] = int(node.mechanism.number)
    operands: list[Any] = []
    for axes, array in _factors(plan):
        index = tuple(fixed.get(a, slice(None)) for a in axes)
        operands += [array[index], [a for a in axes if a not in fixed]]
    free = [n for n in dict.fromkeys(wanted) if n not in fixed]
    found = np.ones(())
    if operands:
        path, steps = contract_path(*operands, free)
        if steps.largest_intermediate > MOST:
            raise TooLarge(
                f"the exact computation needs an array of {float(steps.largest_intermediate):.1g} cells: "
                "simulate with samples=… instead"
            )
        found = np.asarray(contract(*operands, free, optimize=path))
    mass = float(found.sum())
    if not mass > 0:
        seen = ", ".join(
            f"{plan.nodes[n].statement.variable} = {plan.nodes[n].mechanism.decode(value)}"
            for n in plan.observed
            if (value := plan.nodes[n].observed) is not None
        )
        raise ImpossibleEvidence(f"the observations have probability zero in this program: {seen}")
    full = _spread(found / mass, free, wanted, states, fixed)
    return full, math.log(mass)


def _spread(
    found: NDArray[np.float64], free: list[int], wanted: Sequence[int], states: list[int], fixed: dict[int, int]
) -> NDArray[np.float64]:
    """The distribution with an axis for every wanted node: known ones are points, repeated ones diagonals."""
    if list(wanted) == free:
        return found
    out = np.zeros([states[n] for n in wanted])
    grid = np.indices(found.shape).reshape(len(free), found.size)
    place = {n: grid[i] for i, n in enumerate(free)}
    size = found.size
    index = tuple(place[n] if n in place else np.full(size, fixed[n]) for n in wanted)
    out[index] = found.ravel()
    return out


def _factors(plan: Plan) -> list[tuple[list[int], NDArray[np.float64]]]:
    """The factors of the joint distribution: the numbers of the nodes on their axes, and their values.

    Nodes that share a noise are joined through it: its cells are an axis of their own, numbered behind the nodes.
    """
    sharing: dict[str, list[int]] = defaultdict(list)
    out: list[tuple[list[int], NDArray[np.float64]]] = []
    for n, node in enumerate(plan.nodes):
        if not isinstance(node.mechanism, Assign):
            sharing[node.statement.noise_name].append(n)
    extra = len(plan.nodes)
    for group in sharing.values():
        if len(group) == 1:
            node = plan.nodes[group[0]]
            out.append(([*node.parents, group[0]], node.mechanism.table(plan.sizes(node))))
            continue
        ranks, weights = cells([plan.nodes[n].mechanism for n in group])
        out.append(([extra], weights))
        out += [([*plan.nodes[n].parents, extra, n], _equation(plan, plan.nodes[n], ranks)) for n in group]
        extra += 1
    return out


def _equation(plan: Plan, node: Node, ranks: Tensor) -> NDArray[np.float64]:
    """A node's equation as zeros and ones: ``(*parents, cells of noise, states)``."""
    states, sizes = len(node.mechanism.states or ()), plan.sizes(node)
    if math.prod(sizes) * len(ranks) * states > MOST:
        raise TooLarge(
            f"the equation of {node.statement.variable!r} has {math.prod(sizes):,} configurations of parents and "
            f"{len(ranks):,} kinds of noise: too many to enumerate, simulate with samples=… instead"
        )
    found = outcomes(node.mechanism, sizes, ranks)
    return np.asarray(found[..., None] == np.arange(states), dtype=float)
