"""Posteriors in closed form: Dirichlet for tables, normal-inverse-gamma for linear-Gaussian mechanisms.

Both are in Gelman et al., *Bayesian Data Analysis* (3rd ed.), sections 3.4 and 14.2–14.8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData
from causalpp.programs._columns import Column
from causalpp.programs.mechanisms import LinearGaussian, NormalInverseGamma, Table

__all__ = ["fitted_gaussian", "fitted_table", "flat", "point_gaussian"]


def fitted_table(name: str, prior: Table, columns: Mapping[str, Column]) -> Table:
    """A table with its prior's concentration raised by the counts; the probabilities are posterior means."""
    assert prior.concentration is not None  # the callers see to it
    shape = prior.concentration.shape
    cells = np.ravel_multi_index([columns[v].values for v in (*prior.parents, name)], shape)
    counts = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
    return Table.from_concentration(prior.states, prior.parents, prior.concentration + counts)


def flat(sizes: tuple[int, ...], reals: int) -> NormalInverseGamma:
    """The reference prior 1/σ²: the posterior means are least squares, the intervals those of its t statistics."""
    p = 1 + reals
    return NormalInverseGamma(np.zeros((*sizes, p)), np.zeros((*sizes, p, p)), np.full(sizes, -p / 2), np.zeros(sizes))


def fitted_gaussian(name: str, prior: LinearGaussian, columns: Mapping[str, Column]) -> LinearGaussian:
    """A regression for every configuration of the discrete parents.

    Raises:
        InvalidData: too few rows, or columns that determine each other, where the prior does not make up for it.
    """
    law = prior.posterior
    assert law is not None  # the callers see to it
    sizes = prior.intercept.shape
    discrete, reals = prior.discrete, prior.parents[len(sizes) :]
    y = columns[name].values
    design = np.column_stack([np.ones(len(y)), *(columns[v].values for v in reals)])
    row = np.zeros(len(y), dtype=np.int64)
    if discrete:
        row = np.ravel_multi_index([columns[v].values for v in discrete], sizes)
    mean, precision = np.array(law.mean), np.array(law.precision)
    shape, rate = np.array(law.shape, dtype=float), np.array(law.rate, dtype=float)
    for number, cell in enumerate(np.ndindex(*sizes)):
        inside = row == number
        x, target, before = design[inside], y[inside], precision[cell]
        _check(name, prior, columns, cell, x, before)
        after = before + x.T @ x
        at = np.linalg.solve(after, before @ mean[cell] + x.T @ target)
        step = at - mean[cell]
        rate[cell] += ((target - x @ at) ** 2).sum() / 2 + step @ before @ step / 2
        shape[cell] += len(target) / 2
        mean[cell], precision[cell] = at, after
    return point_gaussian(prior.parents, NormalInverseGamma(mean, precision, shape, rate))


def point_gaussian(parents: tuple[str, ...], law: NormalInverseGamma) -> LinearGaussian:
    """The mechanism at the means of coefficients and variance."""
    scale = np.sqrt(law.rate / np.maximum(law.shape - 1, 0.5))
    return LinearGaussian(parents, law.mean[..., 1:], law.mean[..., 0], scale, law)


def _check(
    name: str,
    prior: LinearGaussian,
    columns: Mapping[str, Column],
    cell: tuple[int, ...],
    x: NDArray[np.float64],
    before: NDArray[np.float64],
) -> None:
    """Whether rows and prior determine a regression."""
    if np.linalg.matrix_rank(before) == len(before):
        return
    where = ", ".join(
        f"{v} = {(columns[v].states or ())[state]}" for v, state in zip(prior.discrete, cell, strict=True)
    )
    least = x.shape[1] + 3
    if len(x) < least:
        raise InvalidData(
            f"{len(x)} rows{' with ' + where if where else ''} are too few for the regression of {name!r}, which needs "
            f"{least}: give a prior with priors=, or merge states"
        )
    spread = x.std(0)
    spread[0] = 1.0
    constant = [v for v, s in zip(prior.parents[len(cell) :], spread[1:], strict=True) if s == 0]
    if constant:
        raise InvalidData(
            f"column {constant[0]!r} is constant{' where ' + where if where else ''}, so its influence on {name!r} is "
            "not known: leave out the edge, or give a prior with priors="
        )
    if np.linalg.matrix_rank(np.column_stack([x[:, :1], (x[:, 1:] - x[:, 1:].mean(0)) / spread[1:]])) < x.shape[1]:
        raise InvalidData(
            f"the real parents of {name!r} determine one another{' where ' + where if where else ''}, so their "
            "influences are not known: leave one out, or give a prior with priors="
        )
