"""Parameters for standardised columns turned into parameters for the columns as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp.programs.mechanisms import AdditiveNoise, Gamma, LinearGaussian, Mechanism
from causalpp.programs.mechanisms.parametric import Parametric

__all__ = ["Scale", "unscaled"]

#: What is subtracted from a column, and what it is then divided by.
Scale = tuple[float, float]


def unscaled(
    mechanism: Mechanism, parameters: Mapping[str, NDArray[np.float64]], inputs: Sequence[Scale], outcome: Scale
) -> dict[str, NDArray[np.float64]]:
    """The parameters with which raw columns have the law that standardised ones have with the given ones.

    Args:
        mechanism: whose parameters they are.
        parameters: name → value, for standardised columns; leading axes, such as those of draws, are kept.
        inputs: the scale of each real parent.
        outcome: the scale of the variable itself.
    """
    centre, spread = (np.array([scale[k] for scale in inputs]) for k in (0, 1))
    out = {name: np.asarray(value, dtype=float) for name, value in parameters.items()}
    if not isinstance(mechanism, Parametric):
        return out
    network = isinstance(mechanism, AdditiveNoise)
    slope, offset = ("hidden", "hidden_bias") if network else ("coefficients", "intercept")
    first = sum(size - 1 for size in mechanism.sizes) if not isinstance(mechanism, LinearGaussian) else 0
    slopes = out[slope].copy()
    slopes[..., first:] /= spread
    out[slope] = slopes
    out[offset] = out[offset] - slopes[..., first:] @ centre
    if isinstance(mechanism, Gamma):
        out["intercept"] = out["intercept"] + np.log(outcome[1])
    if isinstance(mechanism, (LinearGaussian, AdditiveNoise)):
        top, height = (
            ("output", "output_bias") if isinstance(mechanism, AdditiveNoise) else ("coefficients", "intercept")
        )
        out[top] = out[top] * outcome[1]
        out[height] = out[height] * outcome[1] + outcome[0]
        out["scale"] = out["scale"] * outcome[1]
    return out
