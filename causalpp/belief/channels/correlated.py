"""Errors that come back when a question is put again: one correlation, and its limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.belief.channels.counts import beta_from_counts, check_beta
from causalpp.belief.channels.mixture import Mixture
from causalpp.errors import InvalidParameter

__all__ = ["Correlated", "Persistent"]

_NODES = 16  # of each rate: exact for up to 31 answers of one truth where repeats are independent


@dataclass(frozen=True)
class Correlated(Mixture):
    """Unknown reliability, as :class:`Learned`, with answers to one question that resemble each other.

    The answers to one question share a latent probability of yes, θ ~ Beta with mean μ and correlation ρ, so that k
    of them carry about k / (1 + (k − 1) ρ) answers' worth.  Sensitivity and false-yes rate are summed over the
    nodes of a Gauss–Jacobi quadrature for their Beta priors, ρ over the values given.

    Attributes:
        sensitivity: Beta parameters of P(yes | true).
        specificity: Beta parameters of P(no | false).
        correlation: ρ, or pairs (ρ, prior probability).

    Raises:
        InvalidParameter: a Beta parameter that is not greater than zero, a correlation outside [0, 1), weights that
            do not sum to one.

    Example:
        >>> import torch
        >>> truth = torch.tensor([[True], [False]])
        >>> for rho in (0.0, 0.5, 0.9):
        ...     log = Correlated(correlation=rho).log_likelihood_of(truth, torch.tensor([4]), torch.tensor([0]))
        ...     print(round(float(torch.softmax(log, 0)[0]), 2))
        0.97
        0.88
        0.82
    """

    sensitivity: tuple[float, float] = (4.0, 1.0)
    specificity: tuple[float, float] = (4.0, 1.0)
    correlation: float | tuple[tuple[float, float], ...] = 0.5

    def __post_init__(self) -> None:
        check_beta(self.sensitivity, self.specificity)
        pairs = self._correlations
        if not pairs or not all(0 <= rho < 1 and weight >= 0 for rho, weight in pairs):
            raise InvalidParameter(f"a correlation lies in [0, 1), got {self.correlation}; for its limit: Persistent")
        if not np.isclose(sum(weight for _, weight in pairs), 1):
            raise InvalidParameter(f"the weights of the correlations sum to one, got {self.correlation}")

    @classmethod
    def from_counts(
        cls,
        if_true: tuple[float, float],
        if_false: tuple[float, float],
        correlation: float | tuple[tuple[float, float], ...] = 0.5,
    ) -> Correlated:
        """The channel that starts from what was counted on questions with known answers; see :class:`Learned`.

        Args:
            if_true: how often yes and how often no where the true answer is yes; of answers to one question that go
                together, as many independent ones as would tell as much.
            if_false: how often yes and how often no where it is no.
            correlation: ρ, or pairs (ρ, prior probability).

        Raises:
            InvalidParameter: a count below zero, or a correlation out of range.
        """
        return cls(*beta_from_counts(if_true, if_false), correlation)

    @property
    def _correlations(self) -> tuple[tuple[float, float], ...]:
        return self.correlation if isinstance(self.correlation, tuple) else ((self.correlation, 1.0),)

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        s, of_s = _beta_nodes(*self.sensitivity)
        f, of_f = _beta_nodes(*reversed(self.specificity))
        rows = [
            (a, b, rho, p * q * share)
            for rho, share in self._correlations
            if share > 0
            for a, p in zip(s, of_s, strict=True)
            for b, q in zip(f, of_f, strict=True)
        ]
        return np.array(rows)


@dataclass(frozen=True)
class Persistent(Correlated):
    """The limit ρ → 1: a question that is put again gets the same answer, so repeats tell nothing.

    Where the answers to one question differ all the same, they count as one yes and one no.

    Attributes:
        sensitivity: Beta parameters of P(yes | true).
        specificity: Beta parameters of P(no | false).
    """

    correlation: float = field(default=1 - 1e-9, init=False, repr=False)

    @classmethod
    def from_counts(cls, if_true: tuple[float, float], if_false: tuple[float, float]) -> Persistent:  # type: ignore[override]
        """The channel that starts from what was counted; see :meth:`Learned.from_counts`.

        Raises:
            InvalidParameter: a count below zero.
        """
        return cls(*beta_from_counts(if_true, if_false))


def _beta_nodes(a: float, b: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of the Gauss quadrature for the Beta distribution."""
    from scipy.special import roots_sh_jacobi

    nodes, weights = roots_sh_jacobi(_NODES, a + b - 1, a)
    return nodes, weights / weights.sum()
