"""Candidate graphs with linear-Gaussian mechanisms, in bulk and in closed form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import InvalidData, InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.programs._bulk_base import BatchEffects, Normals, ProgramBatch, whole
from causalpp.programs._bulk_plan import Fits

__all__ = ["GaussianBatch", "fit_gaussians"]

_MOST_BYTES = 1 << 34

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """What the data and the prior come to, on standardised columns.

    Attributes:
        rows: the number of rows.
        mean, scale: ``(d,)``, of the columns: 0 and 1 after standardising.
        prior: the weight α of the prior, in rows.
        inner: ``(d, d)``, the scale matrix R of the posterior.
    """

    rows: int
    mean: _Floats
    scale: _Floats
    prior: float
    inner: _Floats


@dataclass(frozen=True, eq=False, repr=False)
class GaussianBatch(ProgramBatch):
    """N candidate graphs with variables that are linear in their parents plus normal noise.

    With weight α of the prior, the d columns, standardised, are jointly normal with a normal-Wishart prior (α rows
    at the mean, α + d + 1 degrees of freedom), so each regression has a normal-inverse-gamma posterior and the
    members of an equivalence class have equal marginal likelihoods (BGe: Geiger & Heckerman, Annals of Statistics
    30, 2002; Kuipers, Moffa & Heckerman, Annals of Statistics 42, 2014).  α = 0 is least squares.

    Attributes:
        moments: the sufficient statistics.
        coefficient: ``(F, k)``, of each fit's parents in their order; zero in unused places.
        intercept, variance: ``(F,)``, the constant, and the variance of the noise.
    """

    moments: Moments
    coefficient: _Floats
    intercept: _Floats
    variance: _Floats

    # --- under do -------------------------------------------------------------------------------------

    def _worlds(self, values: Mapping[int, float]) -> Iterator[tuple[slice, Tensor, Tensor, Tensor]]:
        """Chunks of graphs: which, total effects ``(G, d, d)`` of j on i, constants and noise variances ``(G, d)``."""
        d, device = len(self.dags.nodes), self.dags.device
        step = max(1, self.chunk_bytes // (32 * d * d + 1))
        parents = torch.as_tensor(self.fits.parents, device=device)
        tensors = [torch.as_tensor(x, device=device) for x in (self.coefficient, self.intercept, self.variance)]
        for begin in range(0, len(self), step):
            chosen = slice(begin, min(begin + step, len(self)))
            fit = torch.as_tensor(self.fits.of[chosen], device=device)
            coefficient, constant, noise = (x[fit] for x in tensors)
            direct = torch.zeros((len(fit), d, d + 1), dtype=torch.float64, device=device)
            direct.scatter_(2, parents[fit], coefficient)
            direct = direct[:, :, :d]
            for v, value in values.items():
                direct[:, v], constant[:, v], noise[:, v] = 0.0, value, 0.0
            eye = torch.eye(d, dtype=torch.float64, device=device)
            yield chosen, torch.linalg.solve(eye - direct, eye.expand_as(direct)), constant, noise

    def interventional(
        self,
        outcome: str | Sequence[str],
        do: Mapping[str, Any] | None = None,
        *,
        samples: int | None = None,
        seed: int = 0,
    ) -> Any:
        """Mean and variance of the outcome under ``do`` in every candidate, :class:`Normals` of shape ``(N,)``.

        Args:
            outcome: a variable; or several, for a dict variable → distribution of each by itself.
            do: variable → number.
            samples, seed: not needed, as the closed form is exact; they are checked, so that callers may treat
                both kinds of batch alike.

        Raises:
            UnknownVariable: a name that is not there.
            InvalidParameter: a value that is not a finite number.

        Example:
            >>> import pandas as pd
            >>> from causalpp import DagBatch
            >>> from causalpp.programs.bulk import compile_batch
            >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 3.5, 4.5, 7.0]})
            >>> both = DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
            >>> compile_batch(both, frame, prior=0).interventional("b", {"a": 2.0}).mean.round(decimals=6).tolist()
            [4.95, 4.0]
        """
        names = [outcome] if isinstance(outcome, str) else list(outcome)
        wanted, values = [self.dags.position(name) for name in names], self._set(do)
        if not wanted:
            raise InvalidParameter("interventional() needs an outcome")
        if samples is not None:
            whole("samples", samples, 1)
        whole("seed", seed, 0)
        shape, device = (len(self), len(wanted)), self.dags.device
        mean = torch.empty(shape, dtype=torch.float64, device=device)
        variance = torch.empty(shape, dtype=torch.float64, device=device)
        for chosen, total, constant, noise in self._worlds(values):
            ways = total[:, wanted]
            mean[chosen] = (ways @ constant[:, :, None])[..., 0]
            variance[chosen] = (ways**2 @ noise[:, :, None])[..., 0]
        found = [Normals(mean[:, k], variance[:, k]) for k in range(len(wanted))]
        return found[0] if isinstance(outcome, str) else dict(zip(names, found, strict=True))

    def sample(self, n: int, do: Mapping[str, Any] | None = None, *, seed: int = 0) -> Tensor:
        """``n`` draws of every variable from every candidate, double precision of shape ``(N, n, d)``.

        All candidates, and runs with another ``do``, share the standard normal noise of each variable.
        """
        n, seed, values = whole("n, the number of draws,", n, 0), whole("seed", seed, 0), self._set(do)
        d, device = len(self.dags.nodes), self.dags.device
        if 8 * len(self) * n * d > _MOST_BYTES:
            raise TooLarge(
                f"{len(self):,} graphs × {n:,} draws × {d} variables are more than 16 GiB: ask for fewer, "
                "or for interventional(), which is exact"
            )
        streams = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, v))) for v in range(d)]
        normal = np.stack([stream.standard_normal(n) for stream in streams])
        noise = torch.as_tensor(normal, device=device)
        out = torch.empty((len(self), n, d), dtype=torch.float64, device=device)
        few = max(1, self.chunk_bytes // (16 * d * max(1, n)))
        for chosen, total, constant, variance in self._worlds(values):
            for begin in range(0, len(total), few):
                some = slice(begin, min(begin + few, len(total)))
                own = constant[some, :, None] + variance[some, :, None].sqrt() * noise
                out[chosen][some] = (total[some] @ own).transpose(1, 2)
            for v, value in values.items():
                out[chosen, :, v] = value  # to the last digit
        return out

    def _set(self, do: Mapping[str, Any] | None) -> dict[int, float]:
        out = {}
        for name, value in (do or {}).items():
            out[self.dags.position(name)] = _number(f"the value of {name!r}", value)
        return out

    def ate(
        self,
        treatment: str,
        outcome: str,
        *,
        treated: Any = 1,
        control: Any = 0,
        state: Any = None,
        samples: int | None = None,
        parameter_draws: int | None = None,
        seed: int = 0,
    ) -> BatchEffects:
        """The average effect in every candidate: E[outcome | do(treated)] − E[outcome | do(control)], exact.

        Args:
            treatment: the variable set.
            outcome: the variable looked at.
            treated, control: two numbers.
            state: for tables only.
            samples: not needed; see :meth:`interventional`.
            parameter_draws: K draws of the parameters from their posterior instead of the posterior means.
            seed: of the draws.

        Returns:
            Values and standard errors (zero), ``(N,)`` each, or ``(K, N)``.

        Raises:
            UnknownVariable: a name that is not there.
            InvalidParameter: treatment and outcome are the same, or treated and control; ``state`` is given.
        """
        at, of = self._pair(treatment, outcome)
        if state is not None:
            raise InvalidParameter(f"{outcome!r} is continuous and has no states: leave state= out")
        gap = _number("treated", treated) - _number("control", control)
        if gap == 0:
            raise InvalidParameter(f"treated and control are both {treated!r}")
        if samples is not None:
            whole("samples", samples, 2)
        seed = whole("seed", seed, 0)
        if parameter_draws is not None:
            draws = self.draws(parameter_draws, seed=seed)
            return self._stack([batch._effect(at, of, gap) for batch in draws if isinstance(batch, GaussianBatch)])
        return self._effect(at, of, gap)

    def _effect(self, at: int, of: int, gap: float) -> BatchEffects:
        value = torch.empty(len(self), dtype=torch.float64, device=self.dags.device)
        for chosen, total, _, _ in self._worlds({at: 0.0}):
            value[chosen] = total[:, of, at] * gap
        return BatchEffects(value, torch.zeros_like(value))

    # --- evidence and uncertainty ---------------------------------------------------------------------

    @cached_property
    def _groups(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        return _by_parents(self.fits)

    @cached_property
    def _freedom(self) -> _Floats:
        """``(F,)``: the degrees of freedom of each fit's noise variance."""
        return _freedom(self.fits, self.moments)

    def log_marginal(self, *, equivalent_sample_size: float | None = None) -> Tensor:
        """The logarithm of P(data | graph), parameters integrated out, shape ``(N,)``: the BGe score.

        Members of an equivalence class have equal scores.

        Args:
            equivalent_sample_size: another weight α of the prior than that of the fit.

        Raises:
            InvalidParameter: the weight is not greater than zero, as in least squares.
        """
        from scipy.special import gammaln

        m, d = self.moments, len(self.dags.nodes)
        alpha = m.prior if equivalent_sample_size is None else equivalent_sample_size
        if not 0 < alpha < math.inf:
            raise InvalidParameter(
                f"a marginal likelihood needs a prior of weight greater than zero, got {alpha}: "
                "say equivalent_sample_size="
            )
        shift = _ridge(alpha)
        inner = m.inner + np.eye(d) * (shift - _ridge(m.prior))
        local = np.empty(len(self.fits))
        for fit, v, parents in self._groups:
            many = parents.shape[1]
            family = np.column_stack([parents, v])
            # Degrees of freedom of the parents and the variable together, before and after the data.
            before = alpha + many + 2
            after = before + m.rows
            whole_log, part_log = (np.linalg.slogdet(inner[s[:, :, None], s[:, None, :]])[1] for s in (family, parents))
            local[fit] = (
                math.log(alpha / (alpha + m.rows)) / 2
                - m.rows / 2 * math.log(math.pi)
                + gammaln(after / 2)
                - gammaln(before / 2)
                + ((many + 1) * before - many * (before - 1)) / 2 * math.log(shift)
                - after / 2 * whole_log
                + (after - 1) / 2 * part_log
                - m.rows * np.log(m.scale[v])
            )
        return torch.as_tensor(local[self.fits.of].sum(1), device=self.dags.device)

    def drawn(self, seed: int | np.random.SeedSequence = 0) -> GaussianBatch:
        """The same candidates with every regression drawn from its normal-inverse-gamma posterior.

        Equal local fits draw equal parameters, and the same seed gives the same ones.  With ``prior=0`` the
        posterior is that of the flat prior on coefficients and log variance.
        """
        if not isinstance(seed, np.random.SeedSequence):
            seed = np.random.SeedSequence(whole("seed", seed, 0))
        rng, m = np.random.default_rng(seed), self.moments
        noise = rng.standard_normal((len(self.fits), self.coefficient.shape[1] + 1))
        gamma = rng.chisquare(self._freedom)
        coefficient, intercept, variance = _regress(self.fits, m, self._groups, noise, gamma)
        return replace(self, coefficient=coefficient, intercept=intercept, variance=variance)


def _number(what: str, value: Any) -> float:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        raise InvalidParameter(f"{what} must be a finite number, got {value!r}")
    return float(value)


def _ridge(alpha: float) -> float:
    """What the prior of weight α adds to the diagonal of the scatter matrix of standardised columns."""
    return alpha * alpha / (alpha + 1)


def _freedom(fits: Fits, m: Moments) -> _Floats:
    if m.prior == 0:
        return np.asarray(m.rows - fits.many - 1, dtype=float)
    return np.asarray(m.rows + m.prior + fits.many + 2, dtype=float)


def _by_parents(fits: Fits) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Fits with equally many parents together: their numbers, variables ``(f,)`` and parents ``(f, k)``."""
    groups = []
    for many in np.unique(fits.many).tolist():
        fit = np.flatnonzero(fits.many == many)
        groups.append((fit, fits.variable[fit], fits.parents[fit, :many]))
    return groups


def _regress(
    fits: Fits,
    m: Moments,
    groups: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]],
    noise: _Floats | None = None,
    gamma: _Floats | None = None,
) -> tuple[_Floats, _Floats, _Floats]:
    """Every regression: its posterior mean, or with standard normal and chi-square variates a draw."""
    coefficient = np.zeros(fits.parents.shape)
    intercept, variance = np.empty(len(fits)), np.empty(len(fits))
    freedom = _freedom(fits, m)
    for fit, v, parents in groups:
        among = m.inner[parents[:, :, None], parents[:, None, :]]
        across = m.inner[parents, v[:, None]]
        slope = np.linalg.solve(among, across[..., None])[..., 0]
        rest = m.inner[v, v] - (across * slope).sum(1)
        if noise is None or gamma is None:
            # Least squares divides by the degrees of freedom; the posterior mean of an inverse gamma by two less.
            spread = rest / (freedom[fit] - (2 if m.prior else 0))
            level = np.zeros(len(fit))
        else:
            spread = rest / gamma[fit]
            root = np.linalg.cholesky(among)
            step = np.linalg.solve(root.transpose(0, 2, 1), noise[fit, : parents.shape[1], None])[..., 0]
            slope = slope + np.sqrt(spread)[:, None] * step
            level = np.sqrt(spread / (m.rows + m.prior)) * noise[fit, -1]
        slope = slope * m.scale[v][:, None] / m.scale[parents]
        coefficient[fit[:, None], np.arange(parents.shape[1])] = slope
        intercept[fit] = m.mean[v] + m.scale[v] * level - (slope * m.mean[parents]).sum(1)
        variance[fit] = spread * m.scale[v] ** 2
    return coefficient, intercept, variance


def fit_gaussians(dags: DagBatch, fits: Fits, columns: _Floats, prior: float, chunk_bytes: int) -> GaussianBatch:
    """Every local regression on the columns, shape ``(rows, d)``, from their covariance matrix.

    Raises:
        InvalidParameter: the prior's weight is negative.
        InvalidData: a constant column; without a prior also too few rows, or columns that determine one another.
    """
    if not 0 <= prior < math.inf:
        raise InvalidParameter(f"the prior's weight must not be negative, got {prior}")
    rows, d = columns.shape
    mean = columns.mean(0)
    scale = columns.std(0)
    for u in np.flatnonzero(scale <= 1e-12 * np.maximum(1e-300, abs(mean))).tolist():
        raise InvalidData(f"column {dags.nodes[u]!r} is constant: leave it out")
    standard = (columns - mean) / scale
    inner = standard.T @ standard + np.eye(d) * _ridge(prior)
    moments = Moments(rows, mean, scale, float(prior), inner)
    groups = _by_parents(fits)
    if prior == 0:
        for _, v, parents in groups:
            if rows <= parents.shape[1] + 1:
                raise InvalidData(
                    f"{rows} rows do not determine a variable with {parents.shape[1]} parents: pass prior=1"
                )
            family = np.column_stack([parents, v])
            least = np.linalg.eigvalsh(inner[family[:, :, None], family[:, None, :]])[:, 0]
            if (least <= 1e-10 * rows).any():
                bad = family[int(least.argmin())]
                names = ", ".join(repr(dags.nodes[u]) for u in sorted(bad.tolist()))
                raise InvalidData(f"the columns {names} determine one another: leave one out, or pass prior=1")
    return GaussianBatch(dags, fits, chunk_bytes, moments, *_regress(fits, moments, groups))
