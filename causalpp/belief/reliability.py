"""How far an oracle can be trusted: the posterior of its sensitivity and specificity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter

__all__ = ["Reliability"]

_WIDTH = 0.025  # a pair of rates stands for those around it: the standard deviation it is drawn with
_CERTAIN = 1e12  # the sum of the parameters of a Beta distribution that stands for a known rate
_GRID = np.linspace(0, 1, 401)
_INNER = (_GRID[1:] + _GRID[:-1]) / 2


@dataclass(frozen=True, eq=False)
class Reliability:
    """A posterior over sensitivity, P(yes | true), and specificity, P(no | false).

    A mixture over what the graphs make of the answers: with weight ``weights[k]`` sensitivity and the
    false-yes rate are independent Beta variables with the parameters in ``beta[k]``.

    Attributes:
        weights: shape ``(K,)``, sum to one.
        beta: shape ``(K, 4)``.
        informative: the probability that sensitivity + specificity > 1, where it is known exactly.
    """

    weights: NDArray[np.float64]
    beta: NDArray[np.float64]
    informative: float | None = None

    @classmethod
    def known(cls, sensitivity: float, specificity: float) -> Reliability:
        """Rates that are assumed: a Beta distribution so narrow that it is a known number."""
        rates = np.array([[sensitivity, 1 - sensitivity, 1 - specificity, specificity]])
        return cls(np.ones(1), rates * _CERTAIN)

    @classmethod
    def mean(cls, parts: Sequence[Reliability]) -> Reliability:
        """Of several groups of answers, each with equal weight."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.weights for part in parts]) / len(parts),
            np.concatenate([part.beta for part in parts]),
            float(np.mean([part.better_than_chance for part in parts])),
        )

    @classmethod
    def around(
        cls, weights: NDArray[np.float64], rates: NDArray[np.float64], informative: float | None = None
    ) -> Reliability:
        """From finitely many pairs of sensitivity and false-yes rate, ``(K, 2)``, and the probability of each."""
        pairs, which = np.unique(rates, axis=0, return_inverse=True)
        together = np.bincount(which.ravel(), weights=weights, minlength=len(pairs)).astype(np.float64)
        beta = np.empty((len(pairs), 4))
        for column, mean in enumerate(pairs.T):
            mean = mean.clip(1e-6, 1 - 1e-6)
            size = np.maximum(mean * (1 - mean) / _WIDTH**2 - 1, 2 / np.minimum(mean, 1 - mean))
            beta[:, 2 * column], beta[:, 2 * column + 1] = mean * size, (1 - mean) * size
        return cls(together, beta, informative)

    @cached_property
    def _cells(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._mass(_GRID)

    def _mass(self, ends: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mass of sensitivity and of specificity between the ends of cells, per component: ``(K, cells)``."""
        from scipy.special import betainc  # the Beta distribution function

        a, b, c, d = (self.beta[:, [k]] for k in range(4))
        sensitivity, specificity = (np.diff(betainc(*pair, ends).astype(float), axis=1) for pair in ((a, b), (d, c)))
        return sensitivity, specificity

    @property
    def sensitivity(self) -> float:
        """The posterior mean of P(yes | true)."""
        return float(self.weights @ (self.beta[:, 0] / self.beta[:, :2].sum(1)))

    @property
    def specificity(self) -> float:
        """The posterior mean of P(no | false)."""
        return float(self.weights @ (self.beta[:, 3] / self.beta[:, 2:].sum(1)))

    @property
    def error(self) -> float:
        """The mean error rate over true and false propositions: one minus the balanced accuracy."""
        return 1 - (self.sensitivity + self.specificity) / 2

    def interval(self, which: str = "sensitivity", mass: float = 0.9) -> tuple[float, float]:
        """The central interval of ``"sensitivity"`` or ``"specificity"`` that holds the given mass.

        Raises:
            InvalidParameter: another name, or a mass outside (0, 1].
        """
        if which not in ("sensitivity", "specificity"):
            raise InvalidParameter(f"an interval of 'sensitivity' or of 'specificity', not of {which!r}")
        if not 0 < mass <= 1:
            raise InvalidParameter(f"the mass of an interval lies between 0 and 1, got {mass}")
        cells = self.weights @ self._cells[0 if which == "sensitivity" else 1]
        cumulative = np.cumsum(cells) / cells.sum()
        low, high = np.searchsorted(cumulative, [(1 - mass) / 2, (1 + mass) / 2])
        return float(_GRID[low]), float(_GRID[min(high + 1, len(_GRID) - 1)])

    @cached_property
    def better_than_chance(self) -> float:
        """The probability that sensitivity + specificity > 1, that is, that answers favour the truth."""
        if self.informative is not None:
            return self.informative
        sensitivity, specificity = self._cells
        # P(specificity > 1 − s) for s in each cell: the upper tail of specificity, mirrored
        tail = np.cumsum(specificity[:, ::-1], axis=1) - specificity[:, ::-1] / 2
        return float(self.weights @ (sensitivity * tail).sum(1))

    def density(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Grid points and the two posterior densities at them, for drawing."""
        width = _GRID[1] - _GRID[0]
        sensitivity, specificity = self._cells
        return _INNER, self.weights @ sensitivity / width, self.weights @ specificity / width

    def histogram(self, bars: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The ends of some equal bars from 0 to 1, and the posterior mass of either rate in each.

        A channel that tries a few rates has mass at these only; a density with a bump at each would show nothing but
        the grid.

        Example:
            >>> Reliability(np.ones(1), np.array([[1.0, 1.0, 1.0, 3.0]])).histogram(2)[1:]
            (array([0.5, 0.5]), array([0.125, 0.875]))
        """
        ends = np.linspace(0, 1, bars + 1)
        sensitivity, specificity = self._mass(ends)
        return ends, self.weights @ sensitivity, self.weights @ specificity

    def __repr__(self) -> str:
        parts = [
            f"{name} {value:.2f} [{low:.2f}, {high:.2f}]"
            for name, value in (("sensitivity", self.sensitivity), ("specificity", self.specificity))
            for low, high in [self.interval(name)]
        ]
        return f"Reliability({', '.join(parts)}, better than chance with probability {self.better_than_chance:.3f})"

    def to_dict(self) -> dict[str, float | list[float]]:
        """Means and 90 % intervals as plain values."""
        return {
            "sensitivity": self.sensitivity,
            "sensitivity_90": list(self.interval("sensitivity")),
            "specificity": self.specificity,
            "specificity_90": list(self.interval("specificity")),
            "better_than_chance": self.better_than_chance,
        }
