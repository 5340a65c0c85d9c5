"""What an estimand returns: the number, how it was come by, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp.errors import InvalidParameter
from causalpp.programs.contrast import Contrast
from causalpp.programs.mechanisms import State

__all__ = ["Effect", "Estimate"]


@dataclass(frozen=True)
class Estimate(Plain):
    """A causal quantity with its standard error and, for fitted programs, its posterior draws.

    What was compared stands in :attr:`contrast`, and word by word in attributes of the same names.
    """

    value: float
    standard_error: float
    treatment: str
    treated: State
    control: State
    outcome: str
    state: State | None
    method: str
    effective_size: float | None = field(default=None, kw_only=True)
    draws: NDArray[np.float64] | None = field(default=None, compare=False, kw_only=True)

    @property
    def contrast(self) -> Contrast:
        """What was compared."""
        return Contrast(self.treatment, self.outcome, treated=self.treated, control=self.control, state=self.state)

    def __float__(self) -> float:
        return self.value

    def interval(self, mass: float = 0.9) -> tuple[float, float]:
        """The central posterior interval of the quantity: so much of the draws' mass lies in it.

        Raises:
            InvalidParameter: the quantity was computed without ``draws=``; a mass outside (0, 1).
        """
        if self.draws is None:
            raise InvalidParameter("there are no posterior draws: ask for some with draws=… on a fitted program")
        if not 0 < mass < 1:
            raise InvalidParameter(f"the mass of an interval lies between 0 and 1, got {mass}")
        low, high = np.quantile(self.draws, [(1 - mass) / 2, (1 + mass) / 2])
        return float(low), float(high)

    def _uncertainty(self) -> str:
        """What parameters that are not known exactly do to the quantity, for its text."""
        if self.draws is None:
            return ""
        low, high = self.interval()
        return f"; 90 % of {len(self.draws):,} posterior draws between {low:+.4f} and {high:+.4f}"


@dataclass(frozen=True, repr=False)
class Effect(Estimate):
    """The effect of setting one variable on another, as a difference of two sides.

    Attributes:
        value: the effect: a difference of probabilities, or of means where the outcome is a number.
        standard_error: of ``value``; zero where it is exact.
        treatment, treated, control: the variable set, and the two states compared.
        outcome, state: the variable looked at, and the state whose probability is compared (None: its mean is).
        under_treated, under_control: the two sides of the difference.
        method: ``"exact"`` or ``"simulation of N rows a side"``.
        kind: which effect it is, such as ``"Natural direct effect"``.
        detail: of whom, past or through what.
        effective_size: how many independent rows the simulated ones are worth, which is fewer where evidence
            weighs them; None if it is exact.
        draws: the effect under each posterior draw of the parameters, shape ``(K,)``; None without ``draws=``.
        warning: why data alone would not determine it, where that is so; None otherwise.

    Example:
        >>> from causalpp import ate, load_network
        >>> effect = ate(load_network("asia"), "smoke", "lung")
        >>> effect
        Effect of smoke (yes against no) on P(lung = yes): +0.0900 = 0.1000 − 0.0100 (exact)
        >>> round(float(effect), 4), effect.state, effect.method
        (0.09, 'yes', 'exact')
    """

    under_treated: float
    under_control: float
    kind: str = "Effect"
    detail: str = ""
    warning: str | None = None

    def __repr__(self) -> str:
        error = f" ± {self.standard_error:.4f}" if self.standard_error else ""
        detail = f" {self.detail}" if self.detail else ""
        caution = f"; {self.warning}" if self.warning else ""
        return (
            f"{self.kind} of {self.contrast}{detail}: {self.value:+.4f}{error} = {self.under_treated:.4f} − "
            f"{self.under_control:.4f} ({self.method}){self._uncertainty()}{caution}"
        )
