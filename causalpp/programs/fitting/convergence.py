"""Whether chains and losses have settled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from pyro.ops.stats import effective_sample_size, split_gelman_rubin

__all__ = ["LEAST_SIZE", "MOST_RHAT", "diagnosed", "settled"]

#: The largest R-hat and the smallest number of effective draws that count as converged (Vehtari et al. 2021).
MOST_RHAT, LEAST_SIZE = 1.05, 100


def diagnosed(draws: Mapping[str, NDArray[np.float64]]) -> tuple[dict[str, float], dict[str, float]]:
    """Split R-hat and effective size of quantities, each of shape ``(chains, draws)``."""
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
