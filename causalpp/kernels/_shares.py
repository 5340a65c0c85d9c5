"""How much of the variance of a distance some covariates explain, and how sure that is."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["bootstrap", "shares"]

Floats = NDArray[np.float64]


def shares(distance: Floats, covariates: Floats) -> tuple[Floats, Floats, float]:
    """The shares of the variance of a distance that covariates explain, by linear regression.

    Args:
        distance: shape ``(n,)``.
        covariates: shape ``(n, k)``.

    Returns:
        R² of each alone, shape ``(k,)``; its share of the R² of all together, averaged over the orders in which they
        may enter (Lindeman, Merenda & Gold 1980; the Shapley value), shape ``(k,)``; and the R² of all together, which
        is the sum of the shares.
    """
    k = covariates.shape[1]
    found = {
        chosen: _r2(distance, covariates[:, list(chosen)]) for m in range(k + 1) for chosen in combinations(range(k), m)
    }
    share = np.zeros(k)
    for j in range(k):
        for chosen in found:
            if j not in chosen:
                weight = factorial(len(chosen)) * factorial(k - len(chosen) - 1) / factorial(k)
                share[j] += weight * (found[tuple(sorted((*chosen, j)))] - found[chosen])
    return np.array([found[(j,)] for j in range(k)]), share, found[tuple(range(k))]


def bootstrap(
    distance: Floats, covariates: Floats, clusters: NDArray[np.int64], draws: int, level: float, seed: int
) -> tuple[Floats, Floats]:
    """Percentile intervals of alone, shares and total, from pairs drawn with replacement, whole clusters at a time.

    Returns:
        The lower and the upper ends, each of shape ``(2k + 1,)``.
    """
    draw = np.random.default_rng(seed)
    names, where = np.unique(clusters, return_inverse=True)
    members = [np.flatnonzero(where == c) for c in range(len(names))]
    out = []
    for _ in range(draws):
        rows = np.concatenate([members[c] for c in draw.integers(len(members), size=len(members))])
        alone, share, total = shares(distance[rows], covariates[rows])
        out.append([*alone, *share, total])
    tail = (1 - level) / 2
    low, high = np.quantile(out, [tail, 1 - tail], axis=0)
    return low, high


def _r2(distance: Floats, covariates: Floats) -> float:
    around = distance - distance.mean()
    total = float(around @ around)
    if not covariates.shape[1] or not total > 0:
        return 0.0
    centred = covariates - covariates.mean(axis=0)
    scale = centred.std(axis=0)
    centred = centred[:, scale > 0] / scale[scale > 0]
    if not centred.shape[1]:
        return 0.0
    fitted = centred @ np.linalg.lstsq(centred, around, rcond=1e-10)[0]
    return min(1.0, float(fitted @ fitted) / total)
