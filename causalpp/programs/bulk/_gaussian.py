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

from causalpp.columns import Columns
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.graphs import DagBatch, reachability
from causalpp.programs.bulk._base import BatchEffects, Normals, ProgramBatch
from causalpp.programs.bulk._fits import Fits, unique_rows
from causalpp.programs.contrast import Contrast
from causalpp.programs.fitting.families.conjugate import check_parents, check_rows, mean_variance
from causalpp.programs.squares import Units, dependent, triangle, units
from causalpp.scores import BGe, LocalScore

__all__ = ["GaussianBatch", "fit_gaussians"]

_CELLS = 1 << 22  # of the columns of local fits that are factored at a time
_DRAWN = 1 << 24  # variates that are drawn at a time

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """What the data come to, on standardised columns.

    Attributes:
        rows: the number of rows.
        units: the means and scales of the d columns: 0 and 1 after standardising.
        root: ``(m, d)``, the triangular factor of the standardised columns: rootᵀ · root is their scatter matrix.
    """

    rows: int
    units: Units
    root: _Floats


@dataclass(frozen=True, eq=False, repr=False)
class GaussianBatch(ProgramBatch):
    """N candidate graphs with variables that are linear in their parents plus normal noise.

    Every regression is the one of :func:`~causalpp.programs.compile`: the flat prior 1/σ², so that coefficients are
    least squares, and Student's t under :meth:`draws`.

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
        """Chunks of graphs: which, total effects ``(G, d, d)`` of j on i, constants and noise variances ``(G, d)``.

        All in standard units, so that columns of very different scales do not drown each other.
        """
        d, device, units = len(self.dags.nodes), self.dags.device, self.moments.units
        step = max(1, self.chunk_bytes // (32 * d * d + 1))
        parents = torch.as_tensor(self.fits.parents, device=device)
        tensors = [torch.as_tensor(x, device=device) for x in self._standard]
        for begin in range(0, len(self), step):
            chosen = slice(begin, min(begin + step, len(self)))
            fit = torch.as_tensor(self.fits.of[chosen], device=device)
            coefficient, constant, noise = (x[fit] for x in tensors)
            direct = torch.zeros((len(fit), d, d + 1), dtype=torch.float64, device=device)
            direct.scatter_(2, parents[fit], coefficient)
            direct = direct[:, :, :d]
            for v, value in values.items():
                direct[:, v], noise[:, v] = 0.0, 0.0
                constant[:, v] = (value - units.centre[v]) / units.spread[v]
            eye = torch.eye(d, dtype=torch.float64, device=device)
            yield chosen, torch.linalg.solve(eye - direct, eye.expand_as(direct)), constant, noise

    @cached_property
    def _standard(self) -> tuple[_Floats, _Floats, _Floats]:
        """Coefficients, constants and variances in standard units."""
        v, parents, units = self.fits.variable, self.fits.parents, self.moments.units
        centre, spread = np.append(units.centre, 0.0), np.append(units.spread, 1.0)
        level = self.intercept + (self.coefficient * centre[parents]).sum(1) - centre[v]
        slope = self.coefficient * spread[parents] / spread[v][:, None]
        return slope, level / spread[v], self.variance / spread[v] ** 2

    @cached_property
    def _units(self) -> tuple[Tensor, Tensor]:
        """Centre and spread of the columns, ``(d,)`` each."""
        units = self.moments.units
        return tuple(torch.as_tensor(x, device=self.dags.device) for x in (units.centre, units.spread))  # type: ignore[return-value]

    def _laws(
        self,
        wanted: Sequence[int],
        values: Mapping[int, float],
        samples: int | None,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> list[Normals]:
        shape, device = (len(self), len(wanted)), self.dags.device
        centre, spread = (part[wanted] for part in self._units)
        mean = torch.empty(shape, dtype=torch.float64, device=device)
        variance = torch.empty(shape, dtype=torch.float64, device=device)
        for chosen, total, constant, noise in self._worlds(values):
            ways = total[:, wanted]
            mean[chosen] = centre + spread * (ways @ constant[:, :, None])[..., 0]
            variance[chosen] = spread**2 * (ways**2 @ noise[:, :, None])[..., 0]
        return [Normals(mean[:, k], variance[:, k]) for k in range(len(wanted))]

    def _sampled(self, n: int, values: Mapping[int, float], seed: int) -> Tensor:
        d, device = len(self.dags.nodes), self.dags.device
        streams = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, v))) for v in range(d)]
        normal = np.stack([stream.standard_normal(n) for stream in streams])
        noise = torch.as_tensor(normal, device=device)
        out = torch.empty((len(self), n, d), dtype=torch.float64, device=device)
        centre, spread = self._units
        few = max(1, self.chunk_bytes // (16 * d * max(1, n)))
        for chosen, total, constant, variance in self._worlds(values):
            for begin in range(0, len(total), few):
                some = slice(begin, min(begin + few, len(total)))
                own = constant[some, :, None] + variance[some, :, None].sqrt() * noise
                out[chosen][some] = centre + spread * (total[some] @ own).transpose(1, 2)
            for v, value in values.items():
                out[chosen, :, v] = value  # to the last digit
        return out

    def _set(self, do: Mapping[str, Any] | None) -> dict[int, float]:
        return {self.dags.position(name): _number(f"the value of {name!r}", x) for name, x in (do or {}).items()}

    def _asked(self, contrast: Contrast) -> tuple[str, str, float]:
        gap = _number("treated", contrast.treated) - _number("control", contrast.control)
        return contrast.treatment, contrast.outcome, gap

    def _effect(self, asked: tuple[str, str, float], samples: int | None, seed: int) -> BatchEffects:  # noqa: ARG002
        treatment, outcome, gap = asked
        value = self.total_effect(treatment, outcome) * gap
        return BatchEffects(value, torch.zeros_like(value))

    def total_effect(self, treatment: str, outcome: str, held: Sequence[str] = ()) -> Tensor:
        """By how much the outcome's mean moves for each unit that the treatment is set higher, shape ``(N,)``.

        A sum of products of coefficients over paths: no difference of two large means, whatever the units.

        Args:
            treatment, outcome: two variables.
            held: variables that are set to any values, so that no path leads through them.

        Raises:
            UnknownVariable: a name that is not there.
            InvalidParameter: treatment and outcome are the same.
        """
        at, of = self.dags.position(treatment), self.dags.position(outcome)
        if at == of:
            raise InvalidParameter(f"treatment and outcome are both {treatment!r}")
        cut = dict.fromkeys([at, *(self.dags.position(name) for name in held)], 0.0)
        value = torch.empty(len(self), dtype=torch.float64, device=self.dags.device)
        for chosen, total, _, _ in self._worlds(cut):
            value[chosen] = total[:, of, at]
        _, spread = self._units
        return value * (spread[of] / spread[at])

    def _effects_under_draws(
        self, asked: tuple[str, str, float], fixed: Mapping[int, float], seeds: Sequence[np.random.SeedSequence]
    ) -> tuple[_Floats, _Floats]:
        treatment, outcome, gap = asked
        at, of = self.dags.position(treatment), self.dags.position(outcome)
        n, k = len(self), len(seeds)
        if not n:
            return np.zeros(n), np.zeros((k, n))
        steps = self._adjacency.copy()
        steps[:, :, [at, *fixed]] = False
        reach = reachability.closure(torch.from_numpy(steps)).numpy()
        between = reach[:, at] & reach[:, :, of]  # inner variables of the paths from the one to the other
        between[:, of] = reach[:, at, of]
        first, which = unique_rows(np.where(between, self.fits.of + 1, 0), len(self.fits))
        used = np.unique(self.fits.of[between])
        row = np.zeros(len(self.fits), dtype=np.int64)
        row[used] = np.arange(len(used))
        slopes = np.concatenate([self._standard[0][used, :, None], self._slopes(used, seeds)], axis=2)
        above = reach[first].sum(1)  # ancestors, which grow in number along every edge
        found = np.zeros((len(first), k + 1))
        for graph, (mine, some) in enumerate(zip(self.fits.of[first].tolist(), between[first], strict=True)):
            ways: dict[int, _Floats | float] = {of: 1.0}  # what a unit of each variable comes to in the outcome
            for v in sorted(np.flatnonzero(some).tolist(), key=above[graph].__getitem__, reverse=True):
                for slot, u in enumerate(self.fits.parents[mine[v], : self.fits.many[mine[v]]].tolist()):
                    if some[u] or u == at:
                        ways[u] = ways.get(u, 0.0) + slopes[row[mine[v]], slot] * ways[v]
            found[graph] = ways.get(at, 0.0)
        spread = self.moments.units.spread
        found *= gap * (spread[of] / spread[at])
        return found[which, 0], found[which, 1:].T

    # --- data and uncertainty ---------------------------------------------------------------------

    def _local_score(self, equivalent_sample_size: float | None) -> LocalScore:
        return BGe(self.columns, 1.0 if equivalent_sample_size is None else equivalent_sample_size)

    def _slopes(self, used: NDArray[np.int64], seeds: Sequence[np.random.SeedSequence]) -> _Floats:
        """Coefficients of some fits in standard units, as each of K seeds draws them, ``(U, k, K)``."""
        step = max(1, _DRAWN // max(1, len(used) * (self.coefficient.shape[1] + 1)))
        parts = [np.zeros((len(used), self.coefficient.shape[1], 0))]
        for begin in range(0, len(seeds), step):
            drawn = [self._noise(seed) for seed in seeds[begin : begin + step]]
            noise, gamma = (np.stack([one[part][used] for one in drawn], axis=-1) for part in (0, 1))
            parts.append(self._regressions.slopes(used, noise, gamma))
        return np.concatenate(parts, axis=2)

    def _noise(self, seed: np.random.SeedSequence) -> tuple[_Floats, _Floats]:
        """What the parameters of every fit are drawn from: normal ``(F, k + 1)`` and chi-square ``(F,)`` variates."""
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((len(self.fits), self.coefficient.shape[1] + 1))
        return normal, rng.chisquare(self.moments.rows - self.fits.many - 1)

    def _drawn(self, seed: np.random.SeedSequence) -> GaussianBatch:
        coefficient, intercept, variance = self._regressions.drawn(*self._noise(seed))
        return replace(self, coefficient=coefficient, intercept=intercept, variance=variance)

    @cached_property
    def _regressions(self) -> _Regressions:
        return _Regressions(self.fits, self.moments)


def _number(what: str, value: Any) -> float:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        raise InvalidParameter(f"{what} must be a finite number, got {value!r}")
    return float(value)


def _by_parents(fits: Fits) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Fits with equally many parents together: their numbers, variables ``(f,)`` and parents ``(f, k)``."""
    groups = []
    for many in np.unique(fits.many).tolist():
        fit = np.flatnonzero(fits.many == many)
        groups.append((fit, fits.variable[fit], fits.parents[fit, :many]))
    return groups


class _Regressions:
    """All local regressions in standard units: least squares by an orthogonal factor of each one's columns.

    Attributes:
        slope: ``(F, k)``, zero in unused places.
        root: for each group of fits with equally many parents, ``(f, k, k)``: rootᵀ · root is the parents' scatter.
        rest: ``(F,)``, the sums of squares that are left.
    """

    def __init__(self, fits: Fits, moments: Moments) -> None:
        self.fits, self.moments, self.groups = fits, moments, _by_parents(fits)
        self.slope, self.rest = np.zeros(fits.parents.shape), np.empty(len(fits))
        self.root: list[_Floats] = []
        depth = len(moments.root)
        for fit, v, parents in self.groups:
            many = parents.shape[1]
            root = np.empty((len(fit), many, many))
            step = max(1, _CELLS // (depth * (many + 1)))
            for begin in range(0, len(fit), step):
                some = slice(begin, begin + step)
                family = np.column_stack([parents[some], v[some]])
                upper = triangle(moments.root.T[family].swapaxes(1, 2))
                root[some] = upper[:, :many, :many]
                last = upper[:, :many, many:]
                slope = np.linalg.solve(root[some], last) if many else last
                self.slope[fit[some, None], np.arange(many)] = slope[..., 0]
                self.rest[fit[some]] = upper[:, many, many] ** 2 if upper.shape[1] > many else 0.0
            self.root.append(root)

    def mean(self) -> tuple[_Floats, _Floats, _Floats]:
        """Coefficients, intercepts and variances at their posterior means."""
        freedom = self.moments.rows - self.fits.many - 1
        return self._raw(self.slope, np.zeros(len(self.fits)), mean_variance(self.rest / 2, freedom / 2))

    def drawn(self, noise: _Floats, gamma: _Floats) -> tuple[_Floats, _Floats, _Floats]:
        """The same drawn, from standard normal variates ``(F, k + 1)`` and chi-square ones ``(F,)``."""
        variance, every = self.rest / gamma, np.arange(len(self.fits))
        slope = self.slopes(every, noise[:, :, None], gamma[:, None])[..., 0]
        return self._raw(slope, np.sqrt(variance / self.moments.rows) * noise[:, -1], variance)

    def slopes(self, used: NDArray[np.int64], noise: _Floats, gamma: _Floats) -> _Floats:
        """Coefficients of U fits, in ascending order, in standard units, drawn K times, ``(U, k, K)``.

        Args:
            used: their numbers.
            noise, gamma: variates for these, ``(U, k + 1, K)`` and ``(U, K)``.
        """
        slope = np.repeat(self.slope[used, :, None], gamma.shape[1], axis=2)
        scale = np.sqrt(self.rest[used, None] / gamma)[:, None]
        for (fit, _, parents), root in zip(self.groups, self.root, strict=True):
            many = parents.shape[1]
            mine, of, at = np.intersect1d(fit, used, assume_unique=True, return_indices=True)
            if many and len(mine):
                slope[at, :many] += scale[at] * np.linalg.solve(root[of], noise[at, :many])
        return slope

    def _raw(self, slope: _Floats, level: _Floats, variance: _Floats) -> tuple[_Floats, _Floats, _Floats]:
        """From standard units to those of the columns."""
        v, u = self.fits.variable, self.moments.units
        centre, spread = np.append(u.centre, 0.0), np.append(u.spread, 1.0)
        slope = slope * (spread[v][:, None] / spread[self.fits.parents])
        intercept = centre[v] + spread[v] * level - (slope * centre[self.fits.parents]).sum(1)
        return slope, intercept, variance * spread[v] ** 2


def fit_gaussians(dags: DagBatch, fits: Fits, columns: Columns, chunk_bytes: int) -> GaussianBatch:
    """Every local regression on the columns, from their triangular factor.

    Raises:
        InvalidData: a constant column, too few rows, or parents that determine one another.
    """
    rows, values = columns.rows, np.column_stack([column.values for column in columns.values()])
    scales = units(values)
    scales.check(dags.nodes)
    for u in scales.constant:
        raise InvalidData(f"column {dags.nodes[u]!r} is constant: leave it out")
    standard = scales.standard(values)
    standard -= standard.mean(0)
    moments = Moments(rows, scales, triangle(standard))
    for _, v, parents in _by_parents(fits):
        many = parents.shape[1]
        check_rows(dags.nodes[v[0]], rows, many + 1)
        if many > 1:
            bad = dependent(moments.root.T[parents].swapaxes(1, 2), scales.rounding[parents], rows)
            for f in np.flatnonzero(bad)[:1].tolist():
                check_parents(dags.nodes[v[f]], [dags.nodes[u] for u in parents[f].tolist()], (), True)
    regressions = _Regressions(fits, moments)
    batch = GaussianBatch(dags, fits, chunk_bytes, columns, moments, *regressions.mean())
    batch.__dict__["_regressions"] = regressions
    return batch
