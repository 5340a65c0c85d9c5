"""How few questions could do: bounds in bits, for errors that are independent from answer to answer."""

from __future__ import annotations

import math

from causalpp.errors import InvalidParameter

__all__ = ["capacity", "divergence", "question_bound"]


def _h(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def capacity(error: float) -> float:
    """C = 1 − h(ε): the most an answer with symmetric error ε can tell, in bits (Shannon 1948).

    >>> round(capacity(0.1), 3), capacity(0.5), capacity(0.0)
    (0.531, 0.0, 1.0)
    """
    if not 0 <= error <= 1:
        raise InvalidParameter(f"an error rate lies between 0 and 1, got {error}")
    x = 1 - 2 * error
    if abs(x) > 0.5:
        return 1 - _h(error)
    return (math.log1p(-x * x) + 2 * x * math.atanh(x)) / (2 * math.log(2))  # the same, exact near one half


def divergence(error: float) -> float:
    """C₁ = (1−2ε) log₂((1−ε)/ε): the largest divergence between the two answer laws, in bits.

    >>> round(divergence(0.1), 3), divergence(0.0)
    (2.536, inf)
    """
    if not 0 <= error <= 1:
        raise InvalidParameter(f"an error rate lies between 0 and 1, got {error}")
    if error in (0.0, 1.0):
        return math.inf
    return (1 - 2 * error) * math.log2((1 - error) / error)


def question_bound(candidates: int, error: float, missed: float) -> float:
    """The least expected number of yes/no questions that any method needs: max(L1, L2).

    L1 = ((1−δ) log₂ n − h(δ)) / C comes from Fano's inequality and L2 = d(1−δ ‖ δ/(n−1)) / C₁ from the
    change-of-measure argument of Burnashev (1976); d is the binary divergence.  They hold for a uniform prior over
    n candidates that the questions can tell apart, and errors independent from answer to answer.

    Args:
        candidates: n, the number of candidates that the questions can tell apart.
        error: ε, the symmetric error rate of the answers.
        missed: δ, how often the method ends at a wrong graph.

    Raises:
        InvalidParameter: ``candidates`` below one, ``error`` or ``missed`` outside [0, 1].

    Example:
        >>> round(question_bound(6, 0.1, 0.05), 1), question_bound(6, 0.5, 0.05), question_bound(1, 0.1, 0.05)
        (4.1, inf, 0.0)
    """
    if candidates < 1:
        raise InvalidParameter(f"a bound needs at least one candidate, got {candidates}")
    if not 0 <= missed <= 1:
        raise InvalidParameter(f"a rate of misses lies between 0 and 1, got {missed}")
    c, c1 = capacity(error), divergence(error)
    if candidates == 1 or missed >= 1 - 1 / candidates:
        return 0.0
    if c == 0:
        return math.inf
    first = max(0.0, ((1 - missed) * math.log2(candidates) - _h(missed)) / c)
    if math.isinf(c1):  # answers without error: the second argument says nothing
        return first
    other = missed / (candidates - 1)
    if other == 0:
        return math.inf
    gap = (1 - missed) * (math.log2(1 - missed) - math.log2(other)) + missed * (
        math.log2(missed) - math.log2(1 - other)
    )
    return max(first, gap / c1)
