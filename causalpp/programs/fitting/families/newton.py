"""Newton's method for generalised linear models with independent normal priors.

Each step is that of iteratively reweighted least squares (McCullagh & Nelder, *Generalized Linear Models*, 2nd ed.,
section 2.5), with the curvature kept as a triangular factor of the weighted rows and never multiplied out.  A group
of a million counts beside a group of one then leaves the small group uncertain as it is: in a Hessian it would drown
among the digits of the large one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, log_softmax, polygamma, psi, xlogy

from causalpp.programs.squares import triangle

__all__ = ["Counts", "Model", "Normal", "Positive", "States", "WideCounts", "mode"]

_STEPS = 200
_NEAR, _THERE, _ENOUGH = 1e-2, 1e-18, 1e-6  # squared distances from the mode in posterior standard deviations
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Normal:
    """Independent normal laws of P parameters: mean and standard deviation, ``(P,)`` each."""

    mean: _Floats
    deviation: _Floats


@dataclass(frozen=True)
class Model(ABC):
    """The likelihood of parameters θ, ``(P,)``, given n rows.

    Attributes:
        design: ``(n, q)``, regressors with a column of ones at the end.
        values: ``(n,)``, the outcomes.
    """

    design: _Floats
    values: _Floats

    @abstractmethod
    def start(self, prior: Normal) -> _Floats:
        """Parameters to begin with."""

    @abstractmethod
    def log_likelihood(self, at: _Floats) -> float:
        """Its logarithm, but for a constant."""

    @abstractmethod
    def slope(self, at: _Floats) -> _Floats:
        """Its gradient, ``(P,)``."""

    @abstractmethod
    def rows(self, at: _Floats) -> _Floats:
        """Rows W, ``(m, P)``, with WᵀW = the curvature: minus the matrix of second derivatives, or its expectation."""

    def root(self, at: _Floats, prior: Normal) -> _Floats:
        """The triangular factor of the curvature of the posterior, ``(P, P)``."""
        return triangle(np.concatenate([self.rows(at), np.diag(1 / prior.deviation)]))


class Counts(Model):
    """Poisson counts with mean exp(design · θ)."""

    def start(self, prior: Normal) -> _Floats:
        aim, weight = np.log(self.values + 0.1), np.sqrt(self.values + 0.1)
        rows = np.concatenate([weight[:, None] * self.design, np.diag(1 / prior.deviation)])
        target = np.concatenate([weight * aim, prior.mean / prior.deviation])
        return np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0])

    def log_likelihood(self, at: _Floats) -> float:
        eta = self.design @ at
        with np.errstate(over="ignore"):
            return float((self.values * eta - np.exp(eta)).sum())

    def slope(self, at: _Floats) -> _Floats:
        return np.asarray(self.design.T @ (self.values - np.exp(self.design @ at)))

    def rows(self, at: _Floats) -> _Floats:
        return np.asarray(np.exp(self.design @ at / 2)[:, None] * self.design)


class States(Model):
    """States 0 … s − 1 with log odds against the first of ``design · θₖ``; θ is ``(s − 1, q)``, row by row."""

    def _log_shares(self, at: _Floats) -> _Floats:
        eta = self.design @ at.reshape(-1, self.design.shape[1]).T
        return np.asarray(log_softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1))

    def start(self, prior: Normal) -> _Floats:
        return prior.mean

    def log_likelihood(self, at: _Floats) -> float:
        return float(self._log_shares(at)[np.arange(len(self.values)), self.values.astype(np.int64)].sum())

    def slope(self, at: _Floats) -> _Floats:
        share = np.exp(self._log_shares(at))
        hot = self.values[:, None] == np.arange(share.shape[1])
        return np.asarray(((hot - share)[:, 1:].T @ self.design).ravel())

    def rows(self, at: _Floats) -> _Floats:
        width = self.design.shape[1]
        if len(at) == width:
            eta = self.design @ at
            return np.asarray(np.sqrt(expit(eta) * expit(-eta))[:, None] * self.design)
        # diag(p) − ppᵀ = Σ over states s of pₛ (eₛ − p)(eₛ − p)ᵀ
        share = np.exp(self._log_shares(at))
        count = share.shape[1]
        out = np.empty((count, len(share), count - 1, width))
        for state in range(count):
            off = (np.arange(1, count) == state) - share[:, 1:]
            out[state] = (np.sqrt(share[:, state])[:, None] * off)[:, :, None] * self.design[:, None, :]
        return out.reshape(count * len(share), -1)


class _Shaped(Model):
    """Models with a shape r beside the mean exp(design · β); θ is β, then log r."""

    @abstractmethod
    def parts(self, eta: _Floats, log_shape: float) -> _Parts:
        """The derivatives of the log-likelihood."""

    def _parts(self, at: _Floats) -> _Parts:
        with np.errstate(over="ignore"):
            return self.parts(self.design @ at[:-1], float(at[-1]))

    def slope(self, at: _Floats) -> _Floats:
        found = self._parts(at)
        return np.append(self.design.T @ found.slope, found.of_shape)

    def rows(self, at: _Floats) -> _Floats:
        return np.asarray(np.sqrt(self._parts(at).curve)[:, None] * self.design)

    def root(self, at: _Floats, prior: Normal) -> _Floats:
        """With the shape's own and mixed derivatives; where these leave no curvature, with some that is sure."""
        root = np.zeros((len(at), len(at)))
        root[:-1, :-1] = triangle(np.concatenate([self.rows(at), np.diag(1 / prior.deviation[:-1])]))
        found, least = self._parts(at), 1 / prior.deviation[-1] ** 2
        column = np.linalg.solve(root[:-1, :-1].T, self.design.T @ found.mixed)
        rest = found.of_shape_curve + least - float(column @ column)
        if rest > least / 2:
            root[:-1, -1] = column
        else:
            rest = abs(found.of_shape_curve) + least
        root[-1, -1] = np.sqrt(rest)
        return root


@dataclass(frozen=True)
class _Parts:
    """Derivatives of a log-likelihood with a shape.

    Attributes:
        slope, curve: ``(n,)``, by η of each row, and minus the second one.
        of_shape, of_shape_curve: by log r of all rows, and minus the second one.
        mixed: ``(n,)``, minus the one by η and log r.
    """

    slope: _Floats
    curve: _Floats
    of_shape: float
    of_shape_curve: float
    mixed: _Floats


class Positive(_Shaped):
    """Gamma law with mean exp(design · β) and a shape."""

    def start(self, prior: Normal) -> _Floats:
        rows = np.concatenate([self.design, np.diag(1 / prior.deviation[:-1])])
        target = np.concatenate([np.log(self.values), prior.mean[:-1] / prior.deviation[:-1]])
        at = np.linalg.lstsq(rows, target, rcond=None)[0]
        off = np.log(self.values) - self.design @ at
        return np.append(at, -np.log(max(float((off**2).mean()), 1e-12)))

    def log_likelihood(self, at: _Floats) -> float:
        eta, shape = self.design @ at[:-1], np.exp(at[-1])
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.log(self.values) - eta
            total = float((shape * (at[-1] + off - np.exp(off)) - gammaln(shape)).sum())
        return total if np.isfinite(total) else -np.inf

    def parts(self, eta: _Floats, log_shape: float) -> _Parts:
        off, shape = np.log(self.values) - eta, np.exp(log_shape)
        ratio = np.exp(off)
        own = float((shape * (log_shape + 1 + off - ratio - psi(shape))).sum())
        curve = len(eta) * float(shape**2 * polygamma(1, shape) - shape) - own
        return _Parts(shape * np.expm1(off), shape * ratio, own, curve, -shape * np.expm1(off))


_LARGE_SHAPE = 50.0


def _stirling(x: Any) -> Any:
    """What Stirling's formula lacks of log Γ(x), for x above 50."""
    part = 1 / x
    return part * (1 / 12 - part**2 * (1 / 360 - part**2 / 1260))


class WideCounts(_Shaped):
    """Negative binomial counts with mean μ = exp(design · β) and variance μ + μ²/r."""

    def start(self, prior: Normal) -> _Floats:
        at = Counts(self.design, self.values).start(Normal(prior.mean[:-1], prior.deviation[:-1]))
        mean = np.exp(self.design @ at)
        extra = float(((self.values - mean) ** 2 - mean).sum())
        return np.append(at, np.log(np.clip(float((mean**2).sum()) / max(extra, 1e-12), 0.05, 1e3)))

    def log_likelihood(self, at: _Floats) -> float:
        with np.errstate(over="ignore"):
            eta, shape, y = self.design @ at[:-1], float(np.exp(at[-1])), self.values
        if shape > _LARGE_SHAPE:
            return self._of_large_shape(eta, shape) if shape < np.inf else -np.inf
        both = np.logaddexp(at[-1], eta)
        each = gammaln(y + shape) - gammaln(shape) + shape * (at[-1] - both) + y * (eta - both)
        total = float(each.sum())
        return total if np.isfinite(total) else -np.inf

    def _of_large_shape(self, eta: _Floats, r: float) -> float:
        """The log-likelihood as that of Poisson counts and what is left, by Stirling's series: no large numbers cancel.

        What does not depend on the parameters is left out, as above up to Σ (y log y − y).
        """
        y = self.values
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.where(y > 0, y * (eta - np.log(np.where(y > 0, y, 1.0))), 0.0)
            mean = np.exp(eta)
            apart = (y - mean) / (r + mean)
            each = off + (y + r) * np.log1p(apart) - 0.5 * np.log1p(y / r) + _stirling(y + r) - _stirling(r)
            total = float(each.sum() + (xlogy(y, y) - y).sum())
        return total if np.isfinite(total) else -np.inf

    def _parts_of_large_shape(self, y: _Floats, mean: _Floats, r: float) -> tuple[_Floats, _Floats]:
        """The first and second derivative by r of each row, by the same series."""
        apart, above = (y - mean) / (r + mean), y + r
        near = abs(apart) < 1e-3
        small = np.where(near, apart, 0.0)
        bend = np.where(near, -(small**2) * (1 / 2 - small / 3 + small**2 / 4 - small**3 / 5), np.log1p(apart) - apart)
        p, q = 1 / r, 1 / above
        first = bend + y * p * q / 2 + (p**2 - q**2) / 12 - (p**4 - q**4) / 120
        second = apart**2 * q - y * p * q * (p + q) / 2 - (p**3 - q**3) / 6 + (p**5 - q**5) / 30
        return first, second

    def parts(self, eta: _Floats, log_shape: float) -> _Parts:
        y, shape = self.values, float(np.exp(log_shape))
        share = expit(eta - log_shape)  # μ / (r + μ)
        far = (np.exp(eta) - y) * expit(log_shape - eta)  # (μ − y) r / (r + μ)
        if shape > _LARGE_SHAPE:
            by_shape, twice = self._parts_of_large_shape(y, np.exp(eta), shape)
        else:
            by_shape = psi(y + shape) - psi(shape) + np.log1p(-share) + far / shape
            twice = polygamma(1, y + shape) - polygamma(1, shape) + share / shape - far * (1 - share) / shape**2
        return _Parts(
            -far,
            (y + shape) * share * (1 - share),
            float(shape * by_shape.sum()),
            -float((shape * by_shape + shape**2 * twice).sum()),
            far * share,
        )


def mode(model: Model, prior: Normal) -> tuple[_Floats, _Floats, bool]:
    """The mode of the posterior, the triangular factor of its curvature there, and whether it was reached.

    Example:
        >>> counts = Counts(np.ones((3, 1)), np.array([2.0, 3.0, 4.0]))
        >>> at, root, reached = mode(counts, Normal(np.zeros(1), np.array([1e6])))
        >>> np.exp(at).round(6).tolist(), (1 / root[0, 0] ** 2).round(6).tolist(), reached
        ([3.0], 0.111111, True)
    """

    def loss(at: _Floats) -> float:
        return float((((at - prior.mean) / prior.deviation) ** 2).sum()) / 2 - model.log_likelihood(at)

    at = model.start(prior)
    now, far = loss(at), np.inf
    for _ in range(_STEPS):
        root = model.root(at, prior)
        slope = model.slope(at) - (at - prior.mean) / prior.deviation**2
        half = np.linalg.solve(root.T, slope)
        before, far = far, float(half @ half)
        step = np.linalg.solve(root, half)
        if far < _NEAR:  # where the loss no longer tells points apart, the slope does
            if far < _THERE or far > before / 2:
                break
            at = at + step
            now = loss(at)
            continue
        length = 1.0
        while not (after := loss(at + length * step)) < now and length > 1e-12:
            length /= 2
        if length <= 1e-12:
            break
        at, now = at + length * step, after
    return at, model.root(at, prior), far < _ENOUGH
