"""Exact distributions of linear-Gaussian nodes, each a linear function of independent standard normal noise.

A node that was observed is a number for its children, so their equations hold what they have of their own and not
the difference of two large terms; and every test of size is relative to the terms that a number is the sum of.
So nothing depends on the units in which a variable is measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp.programs.answering.plan import Node, Plan
from causalpp.programs.mechanisms import Assign, LinearGaussian

__all__ = ["Solved", "excluded", "solve"]

_Floats = NDArray[np.float64]
_ROUNDING = float(np.finfo(float).eps)
#: What an observation may miss a value without noise by: in spreads of the variable, in sizes of the terms it is the
#: sum of, and in those sizes where nothing upstream has noise either.
_MISS, _MISS_SIZE, _MISS_CONSTANT = 1e-8, 1e-13, 1e-9


class Solved(NamedTuple):
    """Some nodes given what was observed, in each of ``C`` configurations of what is discrete.

    Attributes:
        mean: shape ``(C, k)``.
        root: of the covariance, root @ root.T, shape ``(C, k, m)``.
        log_density: of what was observed, −∞ where the equations exclude it, shape ``(C,)``.
        dimension: of that density: how many observations have noise of their own, shape ``(C,)``.
        apart: the means of the differences asked for, shape ``(C, j)``.
    """

    mean: _Floats
    root: _Floats
    log_density: _Floats
    dimension: NDArray[np.int64]
    apart: _Floats


def excluded(plan: Plan) -> str:
    """What to say of observations that cannot be."""
    names = ", ".join(
        f"{plan.nodes[n].statement.variable} = {plan.nodes[n].mechanism.decode(_known(plan.nodes[n]))}"
        for n in plan.observed
    )
    return f"the observations cannot happen together in this program: {names}"


def solve(
    plan: Plan,
    wanted: Sequence[int],
    states: Mapping[int, NDArray[np.int64]],
    configurations: int,
    pairs: Sequence[tuple[int, int]] = (),
) -> Solved:
    """Some nodes given what was observed of the real ones, in every configuration of the discrete ones.

    Args:
        plan: real nodes are linear-Gaussian or set to a number.
        wanted: the nodes asked about; discrete ones count as their number.
        states: discrete node → the number of its state in each configuration, shape ``(C,)``; all that are parents of
            real ones, or wanted.
        configurations: their number ``C``.
        pairs: real nodes whose difference is asked for, the first minus the second.
    """
    real = [n for n, node in enumerate(plan.nodes) if isinstance(node.mechanism, LinearGaussian)]
    place = {name: i for i, name in enumerate(dict.fromkeys(plan.nodes[n].statement.noise_name for n in real))}
    shape = (configurations, len(plan.nodes))
    constant, size = np.zeros(shape), np.zeros(shape)  # the part without noise, and the size of the terms it sums
    loading, load = np.zeros((*shape, len(place))), np.zeros(shape)  # the part that is noise, and the size of its terms
    spread = np.zeros(shape)  # at least the standard deviation before anything was observed, in that order of size
    rows = _Rows(configurations, len(place), len(plan.nodes))
    for n, node in enumerate(plan.nodes):
        mechanism = node.mechanism
        if n in states:
            constant[:, n] = states[n]
        elif isinstance(mechanism, Assign):
            constant[:, n] = mechanism.number
            size[:, n] = abs(mechanism.number)
        elif isinstance(mechanism, LinearGaussian):
            parents = list(node.parents[len(mechanism.discrete) :])
            slopes, intercept, scale = _numbers(node, mechanism, states, configurations)
            steep = abs(slopes)
            constant[:, n] = intercept + (slopes * constant[:, parents]).sum(1)
            size[:, n] = abs(intercept) + (steep * size[:, parents]).sum(1)
            loading[:, n] = np.einsum("cp,cpm->cm", slopes, loading[:, parents])
            loading[:, n, place[node.statement.noise_name]] += scale
            load[:, n] = (steep * load[:, parents]).sum(1) + scale
            spread[:, n] = (steep * spread[:, parents]).sum(1) + scale
            if node.observed is not None:
                apart = node.observed - constant[:, n]
                size[:, n] += abs(node.observed)
                level = np.where(spread[:, n] > 0, _MISS_SIZE, _MISS_CONSTANT)
                rows.add(loading[:, n], load[:, n], apart, _MISS * spread[:, n] + level * size[:, n])
                constant[:, n], size[:, n] = node.observed, abs(node.observed)
                loading[:, n], load[:, n] = 0.0, 0.0
    differences = _apart(plan, states, place, constant, loading, pairs)
    return rows.given(constant[:, list(wanted)], loading[:, list(wanted)], *differences)


def _numbers(
    node: Node, mechanism: LinearGaussian, states: Mapping[int, NDArray[np.int64]], configurations: int
) -> tuple[_Floats, _Floats, _Floats]:
    """Slopes ``(C, k)``, intercepts and scales ``(C,)`` of a node."""
    row = tuple(states[p] for p in node.parents[: len(mechanism.discrete)])
    return (
        np.broadcast_to(mechanism.coefficients[row], (configurations, mechanism.coefficients.shape[-1])),
        np.broadcast_to(mechanism.intercept[row], configurations),
        np.broadcast_to(mechanism.scale[row], configurations),
    )


def _apart(
    plan: Plan,
    states: Mapping[int, NDArray[np.int64]],
    place: Mapping[str, int],
    constant: _Floats,
    loading: _Floats,
    pairs: Sequence[tuple[int, int]],
) -> tuple[_Floats, _Floats]:
    """Differences of nodes without their noise, ``(C, j)``, and their noise, ``(C, j, m)``.

    Where two nodes have one equation, what the worlds have in common cancels before it is added up: the difference
    then has all its digits, however far from zero the two may lie.
    """
    alike: dict[tuple[int, int], tuple[LinearGaussian, LinearGaussian]] = {}
    waiting = list(pairs)
    while waiting:
        first, second = pair = waiting.pop()
        a, b = plan.nodes[first], plan.nodes[second]
        one, two = a.mechanism, b.mechanism
        if pair in alike or first == second or a.observed is not None or b.observed is not None:
            continue
        if isinstance(one, LinearGaussian) and isinstance(two, LinearGaussian) and one.parents == two.parents:
            alike[pair] = one, two
            waiting += zip(a.parents[len(one.discrete) :], b.parents[len(two.discrete) :], strict=True)
    known: dict[tuple[int, int], tuple[_Floats, _Floats]] = {}

    def difference(pair: tuple[int, int]) -> tuple[_Floats, _Floats]:
        first, second = pair
        if pair in known:
            return known[pair]
        return constant[:, first] - constant[:, second], loading[:, first] - loading[:, second]

    for pair in sorted(alike):  # causes before effects
        a, b = (plan.nodes[n] for n in pair)
        (slopes, intercept, scale), (other, height, width) = (
            _numbers(node, mechanism, states, len(constant))
            for node, mechanism in zip((a, b), alike[pair], strict=True)
        )
        count = len(alike[pair][0].discrete)
        level, noise = intercept - height, np.zeros_like(loading[:, 0])
        for k, parents in enumerate(zip(a.parents[count:], b.parents[count:], strict=True)):
            step, part = difference(parents)
            turn = slopes[:, k] - other[:, k]
            level = level + turn * constant[:, parents[1]] + slopes[:, k] * step
            noise += turn[:, None] * loading[:, parents[1]] + slopes[:, k, None] * part
        noise[:, place[a.statement.noise_name]] += scale
        noise[:, place[b.statement.noise_name]] -= width
        known[pair] = level, noise
    found = [difference(pair) for pair in pairs]
    if not found:
        return constant[:, :0], loading[:, :0]
    return np.stack([level for level, _ in found], axis=1), np.stack([noise for _, noise in found], axis=1)


class _Rows:
    """Observations ``row @ noise = value``, made orthonormal one by one (Gram–Schmidt, each twice)."""

    def __init__(self, configurations: int, noises: int, nodes: int) -> None:
        self.basis = np.zeros((configurations, 0, noises))
        self.score = np.zeros((configurations, 0))  # the noise along each direction
        self.blur = np.zeros((configurations, 0))  # how far rounding may have turned each direction
        self.log_density = np.zeros(configurations)
        self.dimension = np.zeros(configurations, dtype=np.int64)
        self.rounding = (32 + nodes) * _ROUNDING

    def add(self, row: _Floats, load: _Floats, value: _Floats, miss: _Floats) -> None:
        """One more observation: rows ``(C, m)`` of terms of size ``load``, and values with what they may miss by."""
        along = np.zeros_like(self.score)
        rest = row
        for _ in range(2):
            part = np.einsum("cjm,cm->cj", self.basis, rest)
            rest = rest - np.einsum("cj,cjm->cm", part, self.basis)
            along = along + part
        length = np.sqrt((rest**2).sum(1))
        least = self.rounding * load + (abs(along) * self.blur).sum(1)
        left = value - (along * self.score).sum(1)
        free = length > least
        safe = np.where(free, length, 1.0)
        score = np.where(free, left / safe, 0.0)
        density = -0.5 * score**2 - 0.5 * math.log(2 * math.pi) - np.log(safe)
        fits = abs(left) <= miss + (abs(along * self.score) * (self.blur + self.rounding)).sum(1)
        self.log_density = self.log_density + np.where(free, density, np.where(fits, 0.0, -np.inf))
        self.dimension = self.dimension + free
        direction = np.where(free[:, None], rest / safe[:, None], 0.0)
        self.basis = np.concatenate([self.basis, direction[:, None]], axis=1)
        self.score = np.concatenate([self.score, score[:, None]], axis=1)
        self.blur = np.concatenate([self.blur, np.where(free, least / safe, 0.0)[:, None]], axis=1)

    def given(self, constant: _Floats, loading: _Floats, step: _Floats, turn: _Floats) -> Solved:
        """``constant + loading @ noise`` given the observations: constants ``(C, k)``, loadings ``(C, k, m)``.

        Of differences, ``step + turn @ noise``, only the means.
        """
        along = np.einsum("ckm,cjm->ckj", loading, self.basis)
        root = loading - along @ self.basis
        root = root - np.einsum("ckm,cjm->ckj", root, self.basis) @ self.basis
        mean = constant + np.einsum("ckj,cj->ck", along, self.score)
        apart = step + np.einsum("cpm,cjm,cj->cp", turn, self.basis, self.score)
        return Solved(mean, root, self.log_density, self.dimension, apart)


def _known(node: Node) -> float:
    if isinstance(node.mechanism, Assign):
        return node.mechanism.number
    assert node.observed is not None
    return node.observed
