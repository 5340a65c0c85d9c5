"""Parameters for standardised columns turned into parameters for the columns as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp.programs.mechanisms import AdditiveNoise, Gamma, LinearGaussian, Mechanism
from causalpp.programs.mechanisms.regressions import Linear

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
    if isinstance(mechanism, LinearGaussian):
        slopes = out["coefficients"] / spread
        out["coefficients"] = slopes * outcome[1]
        out["intercept"] = (out["intercept"] - slopes @ centre) * outcome[1] + outcome[0]
        out["scale"] = out["scale"] * outcome[1]
    elif isinstance(mechanism, Linear):
        slopes, first = out["coefficients"].copy(), sum(size - 1 for size in mechanism.sizes)
        slopes[..., first:] /= spread
        out["coefficients"] = slopes
        out["intercept"] = out["intercept"] - slopes[..., first:] @ centre
        if isinstance(mechanism, Gamma):
            out["intercept"] = out["intercept"] + np.log(outcome[1])
    elif isinstance(mechanism, AdditiveNoise):
        weights, first = out["hidden"].copy(), sum(size - 1 for size in mechanism.sizes)
        weights[..., first:] /= spread
        out["hidden"] = weights
        out["hidden_bias"] = out["hidden_bias"] - weights[..., first:] @ centre
        out["output"] = out["output"] * outcome[1]
        out["output_bias"] = out["output_bias"] * outcome[1] + outcome[0]
        out["scale"] = out["scale"] * outcome[1]
    return out
