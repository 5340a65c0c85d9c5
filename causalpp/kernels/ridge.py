"""Kernel ridge regression along a path of penalties, with its norm and its leave-one-out predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalpp._plain import plain
from causalpp.errors import InvalidData, InvalidParameter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Ridge", "ridge"]


@dataclass(frozen=True, eq=False, repr=False)
class Ridge:
    """Predictors f = ⟨w, φ⟩ that minimise Σ (yᵢ − f(xᵢ))² + λ‖w‖², one for each penalty λ.

    Attributes:
        penalties: λ, shape ``(L,)``.
        predictions: of all n items, shape ``(L, n)``.
        left_out: of each item that was learned from, by the predictor that learned from the others, shape ``(L, m)``.
        norms: B = ‖w‖, shape ``(L,)``, which bounds the gap of two items: at most B‖φ − φ′‖.
        train: which items were learned from, shape ``(m,)``.
        targets: what they are to be, shape ``(m,)``.
    """

    penalties: NDArray[np.float64]
    predictions: NDArray[np.float64]
    left_out: NDArray[np.float64]
    norms: NDArray[np.float64]
    train: NDArray[np.int64]
    targets: NDArray[np.float64]

    def __repr__(self) -> str:
        errors = self.errors(left_out=True)
        best = int(errors.argmin())
        return (
            f"Ridge({len(self.train):,} items, {len(self.penalties)} penalties, least error left out "
            f"{errors[best]:.3g} at λ = {self.penalties[best]:.3g})"
        )

    def errors(self, *, left_out: bool = False) -> NDArray[np.float64]:
        """The mean squared error on what was learned from, or on each item by those that learned from the others."""
        said = self.left_out if left_out else self.predictions[:, self.train]
        found: NDArray[np.float64] = ((said - self.targets) ** 2).mean(axis=1)
        return found

    def gaps(self, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """The gap between f(x) and f(x′), without its sign, for pairs of items, shape ``(L, pairs)``."""
        first, second = np.asarray(pairs, dtype=int).reshape(-1, 2).T
        return np.abs(self.predictions[:, first] - self.predictions[:, second])

    def to_frame(self) -> pd.DataFrame:
        """One row for each penalty: ``penalty``, ``norm``, ``error``, ``left_out``."""
        import pandas as pd

        columns = [self.penalties, self.norms, self.errors(), self.errors(left_out=True)]
        return pd.DataFrame(dict(zip(("penalty", "norm", "error", "left_out"), columns, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        names = ("penalties", "predictions", "left_out", "norms", "train", "targets")
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """Error, error left out and norm against the penalty."""
        from causalpp.kernels.drawing import ridge_figure

        return ridge_figure(self)


def ridge(
    values: ArrayLike, targets: ArrayLike, penalty: float | Sequence[float], train: Sequence[int] | None = None
) -> Ridge:
    """Kernel ridge regression: f(x) = k(x)ᵀ(K + λI)⁻¹y, without an intercept.

    One decomposition serves all penalties.  With α = (K + λI)⁻¹y and C = (K + λI)⁻¹, the norm is √(αᵀKα), and what is
    predicted of an item by those that learned from the others is yᵢ − αᵢ/Cᵢᵢ (Rasmussen & Williams, *Gaussian
    Processes for Machine Learning*, 2006, equation 5.12).

    Args:
        values: the Gram matrix of all items, shape ``(n, n)``.
        targets: of those that are learned from, shape ``(m,)``.
        penalty: λ, or several.
        train: which are learned from; all by default.

    Raises:
        InvalidData: targets of another number, or not finite.
        InvalidParameter: a negative or infinite penalty, items that are not there or twice in ``train``, or a penalty
            of 0 where items look alike, so that their targets would need a predictor without a bound.

    Example:
        >>> found = ridge(np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0], [1e-9, 14.0])
        >>> found.predictions.round(6).tolist(), found.norms.round(6).tolist()
        ([[2.0, 4.0, 6.0], [1.0, 2.0, 3.0]], [2.0, 1.0])
    """
    gram = np.asarray(values, dtype=np.float64)
    rows = _rows(train, len(gram))
    wanted = np.asarray(targets, dtype=np.float64)
    if wanted.shape != rows.shape or not np.isfinite(wanted).all():
        raise InvalidData(
            f"{len(rows):,} items are learned from and have a finite target each; got the shape {wanted.shape}"
        )
    penalties = np.atleast_1d(np.asarray(penalty, dtype=np.float64))
    if penalties.ndim != 1 or not len(penalties) or not (np.isfinite(penalties) & (penalties >= 0)).all():
        raise InvalidParameter(f"penalties are finite numbers from 0 on, got {penalty!r}")
    inner = gram[np.ix_(rows, rows)]
    roots, vectors = np.linalg.eigh((inner + inner.T) / 2)
    smallest = len(rows) * np.finfo(np.float64).eps * max(float(roots[-1]), 0.0)
    roots = np.maximum(roots, 0.0)
    if (penalties + roots[0]).min() <= smallest:
        raise InvalidParameter(
            f"{int((roots <= smallest).sum())} of {len(rows):,} directions have no features: items that look alike "
            f"need a penalty above 0 (at least {max(smallest, np.finfo(float).tiny):.1g})"
        )
    seen = vectors.T @ wanted
    predictions, left_out, norms = [], [], []
    for each in penalties:
        weights = vectors @ (seen / (roots + each))
        inverse = ((vectors**2) / (roots + each)).sum(axis=1)
        predictions.append(gram[:, rows] @ weights)
        left_out.append(wanted - weights / inverse)
        norms.append(np.sqrt(float((roots * (seen / (roots + each)) ** 2).sum())))
    return Ridge(penalties, np.array(predictions), np.array(left_out), np.array(norms), rows, wanted)


def _rows(train: Sequence[int] | None, n: int) -> NDArray[np.int64]:
    if train is None:
        return np.arange(n)
    rows = np.asarray(train)
    fits = rows.ndim == 1 and len(rows) and rows.dtype.kind in "iu"
    if not fits or rows.min() < 0 or rows.max() >= n or len(np.unique(rows)) < len(rows):
        raise InvalidParameter(f"what is learned from are distinct numbers of items from 0 to {n - 1}")
    return rows.astype(np.int64)
