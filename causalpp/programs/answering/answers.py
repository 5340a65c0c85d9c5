"""What is asked of a plan: contracted where it is discrete, solved where it is linear-Gaussian, drawn otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.answering import exact, mixture, sampling
from causalpp.programs.answering.plan import Plan

__all__ = ["drawn", "joint", "log_likelihood", "moments"]


def joint(made: Plan, wanted: Sequence[int], otherwise: str) -> NDArray[np.float64]:
    """The exact joint distribution of discrete nodes, one axis each, given what was observed.

    Raises:
        InvalidParameter: it is not to be had, with the text of ``otherwise``.
        ImpossibleEvidence: what was observed has probability zero.
        TooLarge: too many cells or configurations.
    """
    if exact.is_discrete(made):
        return exact.joint(made, wanted)[0]
    if mixture.is_mixture(made) and all(made.nodes[n].mechanism.states is not None for n in wanted):
        return mixture.mixture(made, wanted).joint
    raise InvalidParameter(otherwise)


def moments(made: Plan, wanted: Sequence[int], otherwise: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The exact means ``(k,)`` and covariances ``(k, k)`` of real nodes, given what was observed.

    Raises:
        InvalidParameter: they are not to be had, with the text of ``otherwise``.
        ImpossibleEvidence: what was observed is excluded by the equations.
        TooLarge: too many configurations.
    """
    if mixture.is_mixture(made) and all(made.nodes[n].mechanism.states is None for n in wanted):
        return mixture.mixture(made, wanted).moments
    raise InvalidParameter(otherwise)


def log_likelihood(made: Plan) -> float:
    """Log P(what was observed), a density where real nodes were.

    Raises:
        InvalidParameter: it is not known exactly.
    """
    if exact.is_discrete(made):
        return exact.joint(made, [])[1]
    if mixture.is_mixture(made):
        return mixture.mixture(made, []).log_density
    raise InvalidParameter("the probability of these observations is not known exactly: simulate instead")


def drawn(
    made: Plan, wanted: Sequence[int], names: Sequence[str], n: int, seed: int
) -> tuple[list[Tensor], NDArray[np.float64], float]:
    """``n`` draws of some nodes, their weights ``(n,)``, which sum to one, and how many draws they are worth."""
    values, log_weights = sampling.run(made, names, n, seed)
    weights = np.full(n, 1 / max(n, 1)) if log_weights is None else torch.softmax(log_weights, 0).numpy()
    return [values[i] for i in wanted], weights, sampling.effective_size(log_weights, n)
