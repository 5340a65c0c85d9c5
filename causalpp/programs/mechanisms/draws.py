"""Mechanisms that carry draws from a joint posterior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.programs.mechanisms import LinearGaussian, Mechanism, NormalInverseGamma, Table
from causalpp.programs.mechanisms.laws import Draws, Law
from causalpp.programs.mechanisms.parametric import Parametric

__all__ = ["SampledTable", "carrying", "is_random"]


class SampledTable(Table):
    """A table whose law is known by draws; the probabilities are the point estimate."""

    law: Draws

    @classmethod
    def of(cls, table: Table, probabilities: NDArray[np.float64], draws: Draws) -> SampledTable:
        """The table with these probabilities and draws."""
        new = cls(table.states, table.parents, probabilities)
        object.__setattr__(new, "law", draws)
        return new

    def drawn(self, draw: np.random.Generator) -> Table:
        return Table(self.states, self.parents, self.law.draw(draw)["probabilities"])

    def with_parameters(self, parameters: Mapping[str, torch.Tensor]) -> Table:
        return Table(self.states, self.parents, self.probabilities).with_parameters(parameters)


class _SampledRegression(NormalInverseGamma):
    """Draws of coefficients and scale in the place of their conjugate law."""

    def __init__(self, draws: Draws) -> None:
        object.__setattr__(self, "draws", draws)

    def draw(self, draw: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        found = self.draws.draw(draw)  # type: ignore[attr-defined]
        return np.concatenate([found["intercept"][..., None], found["coefficients"]], axis=-1), found["scale"]


def carrying(
    mechanism: Mechanism, point: Mapping[str, NDArray[np.float64]], draws: Mapping[str, NDArray[np.float64]]
) -> Mechanism:
    """The mechanism at a point estimate, with draws: parameter → shape ``(K, …)``."""
    law = Draws(dict(draws))
    if isinstance(mechanism, Table):
        return SampledTable.of(mechanism, point["probabilities"], law)
    if isinstance(mechanism, LinearGaussian):
        slopes, intercept, scale = (point[name] for name in ("coefficients", "intercept", "scale"))
        return LinearGaussian(mechanism.parents, slopes, intercept, scale, _SampledRegression(law))
    assert isinstance(mechanism, Parametric)
    return with_law(mechanism, point, law)


def with_law(mechanism: Parametric, point: Mapping[str, NDArray[np.float64]], law: Law) -> Mechanism:
    """The mechanism at a point estimate, with the law of its parameters."""
    new = mechanism.with_parameters({name: torch.as_tensor(np.asarray(value)) for name, value in point.items()})
    object.__setattr__(new, "law", law)
    return new


def is_random(mechanism: Mechanism) -> bool:
    """Whether a model can have parameters of the mechanism as sample sites: they have a law with a density."""
    if isinstance(mechanism, Table):
        return mechanism.concentration is not None
    if isinstance(mechanism, LinearGaussian):
        return mechanism.posterior is not None and not isinstance(mechanism.posterior, _SampledRegression)
    return getattr(mechanism, "law", None) is not None and isinstance(mechanism, Parametric)
