"""Counts: a Poisson law, or a negative binomial one where the data are spread wider than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.columns import Column
from causalpp.programs.fitting.families import laplace
from causalpp.programs.fitting.families.templates import template
from causalpp.programs.mechanisms import Mechanism, Poisson, State

__all__ = ["fitted_count", "spread_wide"]

_FAR = 3.0  # standard errors by which the dispersion of a Poisson law must be exceeded
_WIDE = 1.2  # variance over mean above which a count is not taken for Poisson before it is fitted


def fitted_count(name: str, prior: Poisson, columns: Mapping[str, Column], seed: int) -> tuple[Mechanism, bool]:
    """The law of a count given its parents, and whether the optimiser got to its mode.

    A Poisson law is fitted first.  Pearson's Σ (y − μ)²/μ over its degrees of freedom should be one, with variance
    Σ (2 + 1/μ) over them squared (McCullagh & Nelder, *Generalized Linear Models*, 2nd ed., section 4.5); where it
    is more than three standard errors above, the law is negative binomial.

    Raises:
        InvalidData: see :func:`causalpp.programs.fitting.families.laplace.fitted`.
    """
    fitted, converged = laplace.fitted(name, prior, columns, True, seed)
    assert isinstance(fitted, Poisson)
    mean = _mean(fitted, columns)
    free = len(mean) - fitted.coefficients.size - 1
    if free < 1:
        return fitted, converged
    dispersion = float(((columns[name].values - mean) ** 2 / mean).sum()) / free
    if dispersion <= 1 + _FAR * float(np.sqrt((2 + 1 / mean).sum())) / free:
        return fitted, converged
    states: dict[str, tuple[State, ...] | None] = {v: columns[v].states for v in prior.parents}
    wide: Any = template("negative_binomial", name, prior.parents, {**states, name: None}, 1.0, proper=True)
    return laplace.fitted(name, wide, columns, True, seed)


def _mean(law: Poisson, columns: Mapping[str, Column]) -> NDArray[np.float64]:
    parents = [torch.as_tensor(columns[v].values) for v in law.parents]
    rows = len(next(iter(columns.values())).values)
    return np.broadcast_to(law.distribution(parents).mean.detach().double().numpy(), (rows,))


def spread_wide(values: NDArray[np.float64]) -> bool:
    """Whether counts are spread wider than a Poisson law by themselves; missing ones are left out."""
    seen = values[~np.isnan(values)]
    return bool(seen.var() > _WIDE * seen.mean())
