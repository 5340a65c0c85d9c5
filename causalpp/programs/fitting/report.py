"""How a fit went: what it did, whether it converged, and what to do where it has not."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.columns import ColumnTable
from causalpp.errors import ImpreciseWarning
from causalpp.programs.fitting.diagnostics import Diagnostics

__all__ = ["Fit", "diagnosed", "settled"]

#: The largest R-hat and the smallest number of effective draws that count as converged (Vehtari et al. 2021).
MOST_RHAT, LEAST_SIZE = 1.05, 100


@dataclass(frozen=True)
class Fit:
    """How the parameters of a program were fitted.

    Attributes:
        method: ``"conjugate"``, ``"laplace"``, ``"gibbs"``, ``"svi"`` or ``"nuts"``.
        rows: how many rows of data there were.
        steps: how many steps, or sweeps of each chain, were made.
        converged: whether the diagnostics below are good, and nothing was interrupted.
        advice: what to do if it has not converged; empty if it has.
        losses: the loss at each step, shape ``(steps,)``; for chains minus the log likelihood (``"gibbs"``) or the
            potential (``"nuts"``), averaged over them.
        r_hat: quantity → split R-hat of the chains, one if they agree.
        effective: quantity → effective number of draws.
        unestablished: what the diagnostics do not tell even where they are good; empty where nothing is latent.
        columns: how the columns of the data were read, and why: print it.
        diagnostics: how the fitted program compares with the data; None without data, or with ``check=False``.
    """

    method: str
    rows: int
    steps: int = 0
    converged: bool = True
    advice: str = ""
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    r_hat: Mapping[str, float] = field(default_factory=dict)
    effective: Mapping[str, float] = field(default_factory=dict)
    unestablished: str = ""
    columns: ColumnTable | None = field(default=None, repr=False)
    diagnostics: Diagnostics | None = field(default=None, repr=False)

    def __str__(self) -> str:
        state = "converged" if self.converged else f"not converged: {self.advice}"
        parts = [f"{self.method} on {self.rows:,} rows"]
        parts += [f"{self.steps:,} steps"] if self.steps else []
        parts += [f"R-hat up to {max(self.r_hat.values()):.3f}"] if self.r_hat else []
        parts += [f"at least {min(self.effective.values()):,.0f} effective draws"] if self.effective else []
        open_ = f"; not established: {self.unestablished}" if self.converged and self.unestablished else ""
        return ", ".join(parts) + f"; {state}{open_}"

    def warn(self) -> Fit:
        """The fit itself, after a warning if it has not converged, and one for each thing its diagnostics find."""
        if not self.converged:
            warnings.warn(f"the fit has not converged: {self.advice}", ImpreciseWarning, stacklevel=4)
        for found in self.diagnostics.warnings if self.diagnostics is not None else ():
            warnings.warn(found, ImpreciseWarning, stacklevel=4)
        return self


def diagnosed(draws: Mapping[str, NDArray[np.float64]]) -> tuple[dict[str, float], dict[str, float]]:
    """Split R-hat and effective size of quantities, each of shape ``(chains, draws)``."""
    from pyro.ops.stats import effective_sample_size, split_gelman_rubin

    r_hat, effective = {}, {}
    for name, values in draws.items():
        table = torch.as_tensor(values, dtype=torch.float64)
        if table.shape[1] < 8 or float(table.std()) < 1e-12:
            continue
        r_hat[name] = float(split_gelman_rubin(table, chain_dim=0, sample_dim=1))
        effective[name] = float(effective_sample_size(table, chain_dim=0, sample_dim=1))
    return r_hat, effective


def settled(losses: NDArray[np.float64]) -> bool:
    """Whether a noisy loss, in nats, has stopped falling: by less than one, or its noise, over the last fifth."""
    part = len(losses) // 10
    if part < 20:  # too few steps to tell
        return False
    before, after = losses[-2 * part : -part], losses[-part:]
    noise = np.sqrt((before.var() + after.var()) / part)
    return bool(before.mean() - after.mean() < max(1.0, 3 * noise))
