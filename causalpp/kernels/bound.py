"""What a predictor with a bounded norm can tell apart at most: the bound that holds, and the one that was published.

Let f(x) = ⟨w, φ(x)⟩ with ‖w‖ ≤ B.  Cauchy and Schwarz give |f(x₊) − f(x₋)| ≤ B‖φ₊ − φ₋‖, and nothing smaller holds
for all such f: w along φ₊ − φ₋ attains it.  With a = ‖φ₊‖, b = ‖φ₋‖ and 1 − δ the cosine between the two,

    ‖φ₊ − φ₋‖² = a² + b² − 2ab(1 − δ) = (a − b)² + 2δab.

Theorem 1 of arXiv 2605.27567 bounds the difference of the scores by the *normalised* similarity alone, B√(2δ).  That
is the corrected bound for features of length 1.  For others it is false: in one dimension φ₊ = 2, φ₋ = 1 have δ = 0,
so that no predictor should tell them apart, and w = B does, by B.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalpp.errors import InvalidParameter

__all__ = ["bound", "published_bound"]


def bound(a: ArrayLike, b: ArrayLike, cosine: ArrayLike, norm: ArrayLike) -> NDArray[np.float64]:
    """The corrected bound B·√((a − b)² + 2δab) with δ = 1 − cosine: no f of norm B differs by more on the two items.

    Args:
        a, b: the lengths ‖φ₊‖, ‖φ₋‖ of the features, from 0 on.
        cosine: between them, from −1 to 1; anything, NaN too, where a length is 0.
        norm: B, from 0 on.

    Returns:
        The bound, of the common shape of the arguments.

    Raises:
        InvalidParameter: a number outside its range.

    Example:
        >>> float(bound(2.0, 1.0, 1.0, 5.0)), float(published_bound(1.0, 5.0))  # in one dimension: φ₊ = 2, φ₋ = 1
        (5.0, 0.0)
        >>> f = lambda feature: 5.0 * feature
        >>> f(2.0) - f(1.0)
        5.0
    """
    lengths = _checked(a, "a length", 0.0, np.inf), _checked(b, "a length", 0.0, np.inf)
    longer, shorter = np.maximum(*lengths), np.minimum(*lengths)
    ratio = shorter / np.where(longer > 0, longer, 1.0)  # squares of short lengths would vanish
    angle = np.where(shorter > 0, np.asarray(cosine, dtype=np.float64), 1.0)
    delta = 1.0 - _checked(angle, "a cosine", -1.0, 1.0)
    found: NDArray[np.float64] = longer * np.sqrt((1.0 - ratio) ** 2 + 2 * delta * ratio)
    return _checked(norm, "a norm", 0.0, np.inf) * found


def published_bound(cosine: ArrayLike, norm: ArrayLike) -> NDArray[np.float64]:
    """The bound B·√(2δ) of Theorem 1 of arXiv 2605.27567, which features of other lengths than 1 break.

    Args:
        cosine: between the features, from −1 to 1; NaN gives NaN.
        norm: B, from 0 on.

    Raises:
        InvalidParameter: a number outside its range.

    Example:
        >>> float(published_bound(0.5, 3.0))
        3.0
    """
    delta = 1.0 - _checked(cosine, "a cosine", -1.0, 1.0)
    found: NDArray[np.float64] = _checked(norm, "a norm", 0.0, np.inf) * np.sqrt(2 * delta)
    return found


def _checked(values: ArrayLike, what: str, low: float, high: float) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    rounding = 1e-9  # a cosine that was computed
    if ((found < low - rounding) | (found > high + rounding) | np.isinf(found)).any():
        raise InvalidParameter(f"{what} lies between {low:g} and {high:g}, got {found[()]!r}")
    return np.clip(found, low, high)
