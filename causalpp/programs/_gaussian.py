"""Exact distributions of linear-Gaussian nodes, each a linear function of independent standard normal noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import ImpossibleEvidence
from causalpp.programs._plan import Plan
from causalpp.programs.mechanisms import Assign, LinearGaussian

__all__ = ["is_linear_gaussian", "moments"]


def is_linear_gaussian(plan: Plan) -> bool:
    """Whether every node is linear-Gaussian, or set to a number, and no parent is discrete and unknown."""
    for node in plan.nodes:
        known = node.observed is not None and node.mechanism.states is not None and not node.parents
        if not (isinstance(node.mechanism, (Assign, LinearGaussian)) or known):
            return False
    return True


def moments(plan: Plan, wanted: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Means ``(k,)`` and covariances ``(k, k)`` of some nodes given what was observed, and its log density.

    Raises:
        ImpossibleEvidence: observations that the equations exclude.
    """
    noises = list(dict.fromkeys(node.statement.noise_name for node in plan.nodes))
    place = {name: i for i, name in enumerate(noises)}
    constant = np.zeros(len(plan.nodes))
    loading = np.zeros((len(plan.nodes), len(noises)))
    log_density = 0.0
    for n, node in enumerate(plan.nodes):
        mechanism = node.mechanism
        if isinstance(mechanism, Assign):
            constant[n] = mechanism.number
        elif isinstance(mechanism, LinearGaussian):
            count = len(mechanism.discrete)
            row = tuple(int(_known(plan, p)) for p in node.parents[:count])
            slopes = mechanism.coefficients[row]
            constant[n] = mechanism.intercept[row] + slopes @ constant[list(node.parents[count:])]
            loading[n] = slopes @ loading[list(node.parents[count:])]
            loading[n, place[node.statement.noise_name]] += mechanism.scale[row]
        else:  # discrete, observed, and without parents
            constant[n] = _known(plan, n)
            mass = float(mechanism.table(())[int(constant[n])])
            log_density += math.log(mass) if mass > 0 else -math.inf
    seen = [n for n in plan.observed if isinstance(plan.nodes[n].mechanism, LinearGaussian)]
    mean, root = np.zeros(len(noises)), np.eye(len(noises))
    if seen:
        values = np.array([_known(plan, n) for n in seen]) - constant[seen]
        mean, root, log_density_seen = _condition(loading[seen], values)
        log_density += log_density_seen
    if not log_density > -math.inf:
        names = ", ".join(f"{plan.nodes[n].statement.variable} = {plan.nodes[n].observed}" for n in plan.observed)
        raise ImpossibleEvidence(f"the observations cannot happen together in this program: {names}")
    rows = loading[list(wanted)]
    spread = rows @ root
    return constant[list(wanted)] + rows @ mean, spread @ spread.T, log_density


def _condition(
    loading: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Noise given ``loading @ noise = values``: mean, a root of the covariance, log density of the values."""
    left, sizes, right = np.linalg.svd(loading, full_matrices=True)
    rank = int((sizes > 1e-10 * max(sizes.max(initial=0), 1e-30)).sum())
    within = left.T @ values
    if (abs(within[rank:]) > 1e-8 * (1 + abs(values).max(initial=0))).any():
        return np.zeros(loading.shape[1]), np.eye(loading.shape[1]), -math.inf
    scores = within[:rank] / sizes[:rank]
    log_density = -0.5 * float(scores @ scores) - 0.5 * rank * math.log(2 * math.pi) - float(np.log(sizes[:rank]).sum())
    return right[:rank].T @ scores, right[rank:].T, log_density


def _known(plan: Plan, n: int) -> float:
    node = plan.nodes[n]
    if isinstance(node.mechanism, Assign):
        return node.mechanism.number
    assert node.observed is not None
    return node.observed
