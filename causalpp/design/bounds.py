"""How few questions could do: bounds in bits.

The first bounds speak of errors that are independent from answer to answer; the last ones of errors that persist, when
asking again tells nothing.  Everywhere ``error`` is ε, how often the answer is no where the truth is yes, and
``error_if_false`` how often it is yes where the truth is no; left out, it is ε too (a symmetric channel).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from causalpp.errors import InvalidParameter

__all__ = [
    "accuracy_ceiling",
    "attainable_accuracy",
    "capacity",
    "divergence",
    "efficiency",
    "question_bound",
]


def _h(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def _d(p: tuple[float, float], q: tuple[float, float]) -> float:
    """The divergence of one law of two answers from another, in bits; both probabilities given, however small."""
    if any(b == 0 < a for a, b in zip(p, q, strict=True)):
        return math.inf
    return max(0.0, sum(a * (math.log2(a) - math.log2(b)) for a, b in zip(p, q, strict=True) if a > 0))


def capacity(error: float, error_if_false: float | None = None) -> float:
    """C, the most that one answer can tell, in bits (Shannon 1948).

    Symmetric: C = 1 − h(ε).  In general, with s = 1 − ε and f the rates of yes where the truth is yes and no, the best
    split of the truth makes both answer laws equally far from the answers' mean law, which gives

        C = log₂(1 + 2^c) − h(f) − f c,   c = (h(f) − h(s)) / (s − f).

    Args:
        error: P(no | true).
        error_if_false: P(yes | false); by default the same.

    Raises:
        InvalidParameter: a rate outside [0, 1].

    >>> round(capacity(0.1), 3), capacity(0.5), capacity(0.0)
    (0.531, 0.0, 1.0)
    >>> round(capacity(0.5, 0.0), 4)  # the Z channel: yes is certain, no is not; log₂ 5/4
    0.3219
    """
    s, f = _rates(error, error_if_false)
    if error_if_false is None or error == error_if_false:
        x = 1 - 2 * error
        if abs(x) > 0.5:
            return 1 - _h(error)
        return (math.log1p(-x * x) + 2 * x * math.atanh(x)) / (2 * math.log(2))  # the same, exact near one half
    gap, mean = s - f, (s + f) / 2
    if gap == 0:
        return 0.0
    if abs(gap) < 1e-4 * mean * (1 - mean):  # the leading term, where the closed form cancels
        return gap * gap / (8 * math.log(2) * mean * (1 - mean))
    slope = (_h(f) - _h(s)) / gap
    closed = float(np.logaddexp2(0.0, slope)) - _h(f) - f * slope
    return min(1.0, max(0.0, closed))


def divergence(error: float, error_if_false: float | None = None) -> float:
    """C₁, the larger divergence between the two answer laws, in bits; symmetric: (1−2ε) log₂((1−ε)/ε).

    >>> round(divergence(0.1), 3), divergence(0.0), round(divergence(0.1, 0.2), 3)
    (2.536, inf, 1.966)
    """
    s, f = _rates(error, error_if_false)
    if error_if_false is None or error == error_if_false:
        if error in (0.0, 1.0):
            return math.inf
        return (1 - 2 * error) * math.log2((1 - error) / error)
    one, other = (s, error), (f, 1 - f)
    return max(_d(one, other), _d(other, one))


def question_bound(
    candidates: int,
    error: float,
    missed: float,
    *,
    error_if_false: float | None = None,
    prior_entropy: float | None = None,
) -> float:
    """The least expected number of yes/no questions that any method needs: max(L1, L2).

    L1 = ((1−δ) log₂ n − h(δ)) / C comes from Fano's inequality and L2 = d(1−δ ‖ δ/(n−1)) / C₁ from the
    change-of-measure argument of Burnashev (1976); d is the binary divergence.  They hold for a uniform prior over
    n candidates that the questions can tell apart, and errors independent from answer to answer.

    For any other prior, of entropy H, only L1 = (H − h(δ) − δ log₂(n−1)) / C is used: L2 needs every candidate to be
    found equally well.

    Args:
        candidates: n, the number of candidates that the questions can tell apart.
        error: ε, the error rate of the answers where the truth is yes.
        missed: δ, how often the method ends at a wrong graph.
        error_if_false: the error rate where the truth is no; by default the same.
        prior_entropy: H in bits, for a prior that is not uniform.

    Raises:
        InvalidParameter: ``candidates`` below one, a rate outside [0, 1], an entropy outside [0, log₂ n].

    Example:
        >>> round(question_bound(6, 0.1, 0.05), 1), question_bound(6, 0.5, 0.05), question_bound(1, 0.1, 0.05)
        (4.1, inf, 0.0)
        >>> round(question_bound(6, 0.1, 0.05, prior_entropy=1.5), 1)
        2.1
    """
    _check(candidates, missed, prior_entropy)
    c, c1 = capacity(error, error_if_false), divergence(error, error_if_false)
    if candidates == 1 or missed >= 1 - 1 / candidates:
        return 0.0
    if prior_entropy is not None:
        left = _fano(candidates, missed)
        return 0.0 if prior_entropy <= left else (prior_entropy - left) / c if c > 0 else math.inf
    if c == 0:
        return math.inf
    first = max(0.0, ((1 - missed) * math.log2(candidates) - _h(missed)) / c)
    if math.isinf(c1):  # an answer that can prove something: the second argument says nothing
        return first
    other = missed / (candidates - 1)
    if other == 0:
        return math.inf
    gap = (1 - missed) * (math.log2(1 - missed) - math.log2(other)) + missed * (
        math.log2(missed) - math.log2(1 - other)
    )
    return max(first, gap / c1)


def efficiency(
    questions: float,
    candidates: int,
    error: float,
    missed: float,
    *,
    error_if_false: float | None = None,
    prior_entropy: float | None = None,
) -> float:
    """The bound over the questions asked: 1 for the best that any method could do; 1/1.5 for 1.5 times the bound.

    Args:
        questions: how many were asked, on average.
        candidates: as in :func:`question_bound`.
        error: the realised rate of errors.
        missed: the realised rate of wrong graphs.
        error_if_false: the realised rate of errors where the truth is no; by default ``error``.
        prior_entropy: in bits, for a prior that is not uniform.

    Raises:
        InvalidParameter: a negative number of questions, or a bound that is infinite: answers that tell nothing, or
            noisy ones and not one wrong graph, which no finite number of questions can promise.

    Example:
        >>> round(efficiency(5.9, 6, 0.1, 0.05), 2)
        0.69
    """
    if not questions >= 0:
        raise InvalidParameter(f"the number of questions is 0 or more, got {questions}")
    bound = question_bound(candidates, error, missed, error_if_false=error_if_false, prior_entropy=prior_entropy)
    if math.isinf(bound):
        raise InvalidParameter(
            "the bound is infinite, so there is no efficiency: if no run missed, estimate the rate of misses "
            "from their number, such as (misses + 1/2) / (runs + 1)"
        )
    if bound == 0:
        return 1.0 if questions == 0 else 0.0
    return bound / questions if questions else math.inf


def accuracy_ceiling(
    candidates: int,
    error: float,
    questions: int,
    *,
    error_if_false: float | None = None,
    prior_entropy: float | None = None,
) -> float:
    """The accuracy, and so the mean honest confidence, that no method can exceed when errors persist.

    An oracle that errs the same way whenever it is asked the same thing has Q answers to give, one a question.  Given
    the graph their errors are independent, so all of them carry I ≤ min(H, Q C) bits about the graph, however often
    and in whatever order they are asked.  Fano's inequality then says that the rate δ of wrong graphs has
    h(δ) + δ log₂(n − 1) ≥ H − Q C; the ceiling is 1 − δ for the smallest such δ.  A calibrated belief's mean
    confidence is its accuracy, so the ceiling holds for both.  It is loose where the questions overlap:
    :func:`attainable_accuracy` computes what the very questions allow.

    Args:
        candidates: n, the number of graphs.
        error: ε, the rate of errors where the truth is yes.
        questions: Q, the number of different questions.
        error_if_false: the rate where the truth is no; by default the same.
        prior_entropy: H in bits; by default log₂ n, a uniform prior.

    Raises:
        InvalidParameter: ``candidates`` below one, a negative number of questions, a rate or an entropy out of range.

    Example:
        >>> round(accuracy_ceiling(64, 0.2, 12), 3), accuracy_ceiling(64, 0.2, 40)
        (0.702, 1.0)
        >>> round(accuracy_ceiling(64, 0.5, 1000), 4)  # a guess: 1/64
        0.0156
    """
    _check(candidates, 0.0, prior_entropy)
    if questions < 0:
        raise InvalidParameter(f"the number of questions is 0 or more, got {questions}")
    entropy = math.log2(candidates) if prior_entropy is None else prior_entropy
    left = entropy - questions * capacity(error, error_if_false)
    if left <= 0:
        return 1.0
    low, high = 0.0, 1 - 1 / candidates  # h(δ) + δ log₂(n − 1) rises from 0 to log₂ n between them
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _fano(candidates, middle) < left else (low, middle)
    return 1 - low


def attainable_accuracy(
    truth: Tensor,
    error: float,
    *,
    error_if_false: float | None = None,
    prior: Tensor | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """The accuracy of the best method once every question has been asked, when errors persist.

    The mean, over graphs and answers drawn from their law, of the largest posterior probability; exact, by looking
    at all 2^Q answers, for up to 12 questions.

    Args:
        truth: booleans of shape ``(N, Q)``, all different questions.
        error: the rate of errors where the truth is yes.
        error_if_false: the rate where the truth is no; by default the same.
        prior: of the graphs, shape ``(N,)``; by default uniform.
        draws: how many sets of answers to draw.
        seed: of the draws.

    Returns:
        The accuracy, and its standard error (0 if exact).

    Raises:
        InvalidParameter: no graphs, a rate outside [0, 1], a prior of another shape, fewer than two draws.

    Example:
        >>> one = torch.tensor([[True], [False]])
        >>> round(attainable_accuracy(one, 0.1)[0], 6)
        0.9
    """
    s, f = _rates(error, error_if_false)
    n, q = truth.shape
    if n == 0 or draws < 2:
        raise InvalidParameter(f"at least one graph and two draws are needed, got {n} and {draws}")
    weights = torch.full((n,), 1 / n, dtype=torch.float64) if prior is None else prior.to("cpu", torch.float64)
    if weights.shape != (n,):
        raise InvalidParameter(f"a prior has one probability a graph, {n} in all, got {tuple(weights.shape)}")
    yes = f + (s - f) * truth.cpu().to(torch.float64)
    tiny = 1e-300
    log_yes, log_no = yes.clamp(min=tiny).log(), (1 - yes).clamp(min=tiny).log()
    log_weights = weights.clamp(min=tiny).log()
    exact = q <= 12
    if exact:
        said = (torch.arange(1 << q)[:, None] >> torch.arange(q)) & 1
    else:
        draw = torch.Generator().manual_seed(seed)
        graphs = torch.multinomial(weights, draws, replacement=True, generator=draw)
        said = torch.rand((draws, q), generator=draw, dtype=torch.float64) < yes[graphs]
    best = []
    for part in torch.split(said.to(torch.float64), max(1, (1 << 22) // n)):
        law = part @ (log_yes - log_no).T + log_no.sum(1) + log_weights
        best.append(law.amax(1).exp() if exact else (law.amax(1) - torch.logsumexp(law, 1)).exp())
    values = torch.cat(best)
    if exact:
        return min(1.0, float(values.sum())), 0.0
    return float(values.mean()), float(values.std()) / math.sqrt(draws)


def _fano(candidates: int, missed: float) -> float:
    """The most that can be unknown about one of n when it is missed with rate δ: h(δ) + δ log₂(n − 1)."""
    return _h(missed) + (missed * math.log2(candidates - 1) if candidates > 1 else 0.0)


def _rates(error: float, error_if_false: float | None) -> tuple[float, float]:
    """P(yes | true) and P(yes | false)."""
    other = error if error_if_false is None else error_if_false
    for rate in (error, other):
        if not 0 <= rate <= 1:
            raise InvalidParameter(f"an error rate lies between 0 and 1, got {rate}")
    return 1 - error, other


def _check(candidates: int, missed: float, prior_entropy: float | None) -> None:
    if candidates < 1:
        raise InvalidParameter(f"a bound needs at least one candidate, got {candidates}")
    if not 0 <= missed <= 1:
        raise InvalidParameter(f"a rate of misses lies between 0 and 1, got {missed}")
    if prior_entropy is not None and not 0 <= prior_entropy <= math.log2(candidates) + 1e-9:
        raise InvalidParameter(
            f"the entropy of a prior over {candidates} candidates lies between 0 and {math.log2(candidates):.3g} bits, "
            f"got {prior_entropy}"
        )
