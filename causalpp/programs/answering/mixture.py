"""Exact distributions of conditional linear-Gaussian nodes: a mixture of Gaussians over the discrete ones.

Where discrete nodes have discrete causes only, and all others are linear-Gaussian in each configuration of them
(Lauritzen & Wermuth, Annals of Statistics 17, 1989), the configurations that real nodes read are listed, each is solved
as a linear-Gaussian program, and what was observed of the real nodes weighs them (Lauritzen, JASA 87, 1992).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import ImpossibleEvidence, TooLarge
from causalpp.programs.answering import exact, gaussian
from causalpp.programs.answering.plan import Plan
from causalpp.programs.mechanisms import Assign, LinearGaussian

__all__ = ["Mixture", "is_mixture", "mixture"]

_MOST = 20_000  # configurations of the discrete nodes that take part
_CELLS = 10_000_000  # numbers of one array; the configurations are solved in parts as large


def is_mixture(plan: Plan) -> bool:
    """Whether discrete nodes have discrete causes only and all others are linear-Gaussian, or set to a number."""
    for node in plan.nodes:
        if node.mechanism.states is not None:
            if any(plan.nodes[p].mechanism.states is None for p in node.parents):
                return False
        elif not isinstance(node.mechanism, (Assign, LinearGaussian)):
            return False
    return True


@dataclass(frozen=True)
class Mixture:
    """Some nodes given what was observed: a configuration of the discrete ones at random, and normal in each.

    Attributes:
        discrete: the discrete nodes asked about, and how many states each has.
        states: the numbers of their states in each of ``C`` configurations, shape ``(C, j)``.
        weights: the configurations' probabilities, shape ``(C,)``.
        mean: of the real nodes asked about, in each, shape ``(C, k)``.
        root: of the covariance in each, root @ root.T, shape ``(C, k, m)``.
        log_density: of what was observed.
        apart: the means of the differences asked for, in each, shape ``(C, j)``.
    """

    discrete: tuple[tuple[int, int], ...]
    states: NDArray[np.int64]
    weights: NDArray[np.float64]
    mean: NDArray[np.float64]
    root: NDArray[np.float64]
    log_density: float
    apart: NDArray[np.float64]

    @cached_property
    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means ``(k,)`` and covariances ``(k, k)`` of the real nodes, over all configurations."""
        if len(self.weights) == 1:
            return self.mean[0], self.root[0] @ self.root[0].T
        # Deviations are taken from one configuration's means, which may be large beside all spreads.
        apart = self.mean - self.mean[0]
        step = self.weights @ apart
        scaled = np.sqrt(self.weights)[:, None] * (apart - step)
        within = np.einsum("c,ckm,clm->kl", self.weights, self.root, self.root)
        return self.mean[0] + step, within + scaled.T @ scaled

    @property
    def differences(self) -> NDArray[np.float64]:
        """The means ``(j,)`` of the differences asked for, over all configurations."""
        return np.asarray(self.weights @ self.apart)

    @property
    def joint(self) -> NDArray[np.float64]:
        """The joint distribution of the discrete nodes asked about, one axis each."""
        out = np.zeros([size for _, size in self.discrete])
        np.add.at(out, tuple(self.states.T), self.weights)
        return out


def mixture(plan: Plan, wanted: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> Mixture:
    """The distribution of some nodes given what was observed; see :func:`is_mixture`.

    Args:
        plan: what is computed.
        wanted: the nodes asked about.
        pairs: real nodes whose differences are asked for, with the digits that the two nodes themselves may lack.

    Raises:
        ImpossibleEvidence: observations that the equations exclude, or of probability zero.
        TooLarge: more than 20,000 configurations of discrete nodes take part.
    """
    discrete = [n for n in wanted if plan.nodes[n].mechanism.states is not None]
    real = [n for n in wanted if plan.nodes[n].mechanism.states is None]
    read = {p for node in plan.nodes if isinstance(node.mechanism, LinearGaussian) for p in node.parents}
    taking = [
        n for n, node in enumerate(plan.nodes) if node.mechanism.states is not None and (n in read or n in discrete)
    ]
    states, weights, log_mass = _configurations(plan, taking)
    size = max(1, _CELLS // max(1, len(plan.nodes) * (len(plan.nodes) + len(plan.observed))))
    parts = []
    for start in range(0, len(weights), size):
        part = {n: codes[start : start + size] for n, codes in states.items()}
        parts.append(gaussian.solve(plan, real, part, len(weights[start : start + size]), pairs))
    with np.errstate(divide="ignore"):
        heights = np.log(weights) + np.concatenate([part.log_density for part in parts])
    # What one configuration gives for certain is infinitely more probable than what another has a density at.
    dimension = np.concatenate([part.dimension for part in parts])
    possible = heights > -math.inf
    if possible.any():
        heights[dimension > dimension[possible].min()] = -math.inf
    top = float(heights.max())
    if not top > -math.inf:
        raise ImpossibleEvidence(gaussian.excluded(plan))
    shares = np.exp(heights - top)
    return Mixture(
        tuple((n, len(plan.nodes[n].mechanism.states or ())) for n in discrete),
        np.stack([states[n] for n in discrete], axis=1) if discrete else np.zeros((len(weights), 0), dtype=np.int64),
        shares / shares.sum(),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.root for part in parts]),
        log_mass + top + math.log(float(shares.sum())),
        np.concatenate([part.apart for part in parts]),
    )


def _configurations(
    plan: Plan, taking: Sequence[int]
) -> tuple[dict[int, NDArray[np.int64]], NDArray[np.float64], float]:
    """The possible configurations of some discrete nodes given what was observed of discrete ones.

    Returns:
        node → the number of its state in each, their probabilities, and the log probability of what was observed.
    """
    kept = [n for n, node in enumerate(plan.nodes) if node.mechanism.states is not None]
    place = {n: i for i, n in enumerate(kept)}
    small = Plan([replace(plan.nodes[n], parents=tuple(place[p] for p in plan.nodes[n].parents)) for n in kept])
    free, known = [], {}
    for n in taking:
        node = plan.nodes[n]
        if isinstance(node.mechanism, Assign):
            known[n] = int(node.mechanism.number)
        elif node.observed is not None:
            known[n] = int(node.observed)
        else:
            free.append(n)
    count = math.prod(len(plan.nodes[n].mechanism.states or ()) for n in free)
    if count > _MOST:
        raise TooLarge(
            f"{count:,} configurations of discrete variables are too many to list ({_MOST:,} at most): simulate with "
            "samples=… instead"
        )
    law, log_mass = exact.joint(small, [place[n] for n in free])
    there = np.nonzero(law) if free else ()
    weights = law[there] if free else np.ones(1)
    states = {n: np.asarray(codes, dtype=np.int64) for n, codes in zip(free, there, strict=True)}
    states |= {n: np.full(len(weights), number, dtype=np.int64) for n, number in known.items()}
    return states, weights, log_mass
