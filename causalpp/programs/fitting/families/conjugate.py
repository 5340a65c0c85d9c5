"""Posteriors in closed form: Dirichlet for tables, normal-inverse-gamma for linear-Gaussian mechanisms.

Both are in Gelman et al., *Bayesian Data Analysis* (3rd ed.), sections 3.4 and 14.2–14.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalpp.columns import Column
from causalpp.errors import InvalidData
from causalpp.programs.mechanisms import LinearGaussian, NormalInverseGamma, Table
from causalpp.programs.squares import EPSILON, dependent, triangle, units

__all__ = ["check_parents", "check_rows", "fitted_gaussian", "fitted_table", "flat", "mean_variance", "point_gaussian"]

_Floats = NDArray[np.float64]


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
    """A regression for every configuration of the discrete parents, fitted on centred and scaled columns.

    Raises:
        InvalidData: too few rows, or columns that determine each other, where the prior does not make up for it.
    """
    law = prior.posterior
    assert law is not None  # the callers see to it
    sizes = prior.intercept.shape
    discrete, reals = prior.discrete, prior.parents[len(sizes) :]
    y = np.asarray(columns[name].values, dtype=float)
    x = np.stack([columns[v].values for v in reals], axis=1) if reals else np.zeros((len(y), 0))
    row = np.zeros(len(y), dtype=np.int64)
    if discrete:
        row = np.ravel_multi_index([columns[v].values for v in discrete], sizes)
    parts = []
    for number, cell in enumerate(np.ndindex(*sizes)):
        inside = row == number
        where = ", ".join(f"{v} = {(columns[v].states or ())[k]}" for v, k in zip(discrete, cell, strict=True))
        parts.append(_updated(name, reals, where, _cell(law, cell), x[inside], y[inside]))
    shape = (*sizes, 1 + len(reals))
    mean, root, centre = (np.stack([getattr(p, key) for p in parts]) for key in ("mean", "root", "centre"))
    root = root.reshape(*shape, shape[-1])
    found = NormalInverseGamma(
        mean.reshape(shape),
        np.swapaxes(root, -1, -2) @ root,
        np.array([p.shape for p in parts], dtype=float).reshape(sizes),
        np.array([p.rate for p in parts], dtype=float).reshape(sizes),
        centre.reshape(*sizes, len(reals)),
        root,
    )
    return point_gaussian(prior.parents, found)


def point_gaussian(parents: tuple[str, ...], law: NormalInverseGamma) -> LinearGaussian:
    """The mechanism at the means of coefficients and variance."""
    at = law.coefficients
    return LinearGaussian(parents, at[..., 1:], at[..., 0], np.sqrt(mean_variance(law.rate, law.shape)), law)


def mean_variance(rate: ArrayLike, shape: ArrayLike) -> NDArray[np.float64]:
    """The mean of an inverse gamma law; where the shape is too small for one, something of its size."""
    return np.asarray(np.asarray(rate) / np.maximum(np.asarray(shape) - 1, 0.5))


def check_rows(name: str, rows: int, coefficients: int, where: str = "") -> None:
    """Whether rows are enough for the noise of a regression to have a variance with a mean.

    Raises:
        InvalidData: they are not.
    """
    if rows < coefficients + 3:
        raise InvalidData(
            f"{rows} rows{' with ' + where if where else ''} are too few for the regression of {name!r}, which needs "
            f"{coefficients + 3}: leave out edges, merge states, or compile() with a prior, priors="
        )


def check_parents(name: str, parents: Sequence[str], bad: Sequence[int], determined: bool, where: str = "") -> None:
    """Whether the columns of the real parents say what each does.

    Args:
        name: the variable.
        parents: the real parents.
        bad: the places of those that are constant.
        determined: whether they determine one another.
        where: in which rows, for the text.

    Raises:
        InvalidData: they do not.
    """
    if bad:
        raise InvalidData(
            f"column {parents[bad[0]]!r} is constant{' where ' + where if where else ''}, so its influence on {name!r} "
            "is not known: leave out the edge, or give a prior with priors="
        )
    if determined:
        raise InvalidData(
            f"the real parents of {name!r} ({', '.join(parents)}) determine one another"
            f"{' where ' + where if where else ''}, so their influences are not known: leave one out, or give a prior "
            "with priors="
        )


@dataclass(frozen=True, eq=False)
class _One:
    """The law of one regression: as :class:`NormalInverseGamma`, with a root that may have any number of rows."""

    mean: _Floats
    root: _Floats
    shape: float
    rate: float
    centre: _Floats


def _cell(law: NormalInverseGamma, cell: tuple[int, ...]) -> _One:
    """The law of one configuration of the discrete parents."""
    mean, precision = np.asarray(law.mean[cell], dtype=float), np.asarray(law.precision[cell], dtype=float)
    if law.root is not None:
        root = law.root[cell]
    else:
        # A root of a matrix that may be singular, as that of a flat prior is; scaled, so that units do not matter.
        size = np.sqrt(np.diag(precision))
        size = np.where(size > 0, size, 1.0)
        values, vectors = np.linalg.eigh(precision / size / size[:, None])
        kept = values > len(size) * EPSILON
        root = np.sqrt(values[kept])[:, None] * vectors[:, kept].T * size
    centre = np.zeros(len(mean) - 1) if law.centre is None else np.asarray(law.centre[cell], dtype=float)
    return _One(mean, root, float(law.shape[cell]), float(law.rate[cell]), centre)


def _updated(name: str, reals: Sequence[str], where: str, before: _One, x: _Floats, y: _Floats) -> _One:
    """The law after some rows: x has shape ``(n, k)``."""
    proper = len(before.root) == len(before.mean)
    if not proper:
        check_rows(name, len(y), len(before.mean), where)
    elif not len(y):
        return replace(before, root=triangle(before.root))
    inputs, outcome = units(x), units(y[:, None])
    if not proper:
        check_parents(name, reals, inputs.constant, False, where)
        check_parents(name, reals, (), bool(dependent(inputs.standard(x), inputs.rounding, len(x))), where)
    scale = float(outcome.spread[0]) or 1.0
    spread = np.where(inputs.spread > 0, inputs.spread, 1.0)
    # What is sought is the height at the means of the rows, and the slopes, both in standard units; the prior
    # counts like rows more.  Its height is that at another place: ``turn`` takes the one to the other.
    turn = np.diag(np.concatenate([[1.0], 1 / spread]))
    turn[0, 1:] = (before.centre - inputs.centre) / spread
    from_height = before.mean - np.concatenate([outcome.centre, np.zeros(len(reals))])
    rows = np.column_stack([np.ones(len(y)), inputs.standard(x)])
    design = np.concatenate([before.root @ turn, rows])
    target = np.concatenate([before.root @ from_height / scale, (y - outcome.centre[0]) / scale])
    upper = triangle(np.column_stack([design, target]))
    root, last = upper[: len(before.mean), : len(before.mean)], upper[: len(before.mean), -1]
    mean = np.linalg.solve(root, last)
    rest = float(((target - design @ mean) ** 2).sum())
    height = np.concatenate([outcome.centre, np.zeros(len(reals))])
    return _One(
        mean * scale / np.concatenate([[1.0], spread]) + height,
        root * np.concatenate([[1.0], spread]),
        before.shape + len(y) / 2,
        before.rate + rest * scale**2 / 2,
        inputs.centre,
    )
