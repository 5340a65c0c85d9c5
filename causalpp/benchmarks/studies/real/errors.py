"""Which questions a model errs on together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RELATIONS", "Together", "errors_together"]

_Floats = NDArray[np.float64]
_Masks = dict[str, NDArray[np.bool_]]
_DRAWS = 400

#: How two questions "does a cause b?", "does c cause d?" can be related.
RELATIONS: Mapping[str, str] = {
    "source": "the same variable is the cause asked about (a = c)",
    "target": "the same variable is the effect (b = d)",
    "chain": "the effect of one is the cause of the other, and no more (b = c)",
    "reverse": "the same two variables the other way round",
}


class Together(NamedTuple):
    """How much the errors of questions that are related in one way go together.

    Attributes:
        correlation: mean product of two errors, over the mean square of one.
        chance: the same where the errors are dealt out anew among the questions of a network with the same answer.
        z: their difference in standard deviations of such deals.
        pairs: of questions.
    """

    correlation: float
    chance: float
    z: float
    pairs: int


def errors_together(frame: pd.DataFrame, seed: int = 0) -> dict[str, Together]:
    """The correlation structure of a model's errors, for each of :data:`RELATIONS`.

    An error is what the log-odds of a question have more than those of the questions of its network with the same true
    answer have on average, in units of their spread in that network.

    Args:
        frame: a row a pair, with ``network``, ``a``, ``b``, ``level``, ``log_odds`` and ``log_odds_back``; see
            :attr:`causalpp.crosscheck.DirectionCalibration.frame`.
        seed: of the deals that say what chance is.
    """
    rng = np.random.default_rng(seed)
    totals = {name: np.zeros(_DRAWS + 1) for name in RELATIONS}
    counts = dict.fromkeys(RELATIONS, 0)
    for _, part in frame.groupby("network", sort=False):
        names, truth, odds = _questions(part)
        if len(odds) < 3:
            continue
        errors = _errors(truth, odds)
        dealt = np.stack([errors, *(_dealt(errors, truth, rng) for _ in range(_DRAWS))])
        for name, mask in _related(names).items():
            totals[name] += np.einsum("dp,dp->d", dealt @ mask, dealt) / 2
            counts[name] += int(mask.sum()) // 2
    out = {}
    for name, found in totals.items():
        count = max(counts[name], 1)
        told, chance, spread = found[0] / count, found[1:].mean() / count, found[1:].std() / count
        out[name] = Together(
            float(told), float(chance), float((told - chance) / spread) if spread else 0.0, counts[name]
        )
    return out


def _questions(part: pd.DataFrame) -> tuple[NDArray[np.str_], NDArray[np.bool_], _Floats]:
    """The ordered pairs that have log-odds, ``(n, 2)``, whether the first causes the second, and their log-odds."""
    names = np.concatenate([part[["a", "b"]].to_numpy(str), part[["b", "a"]].to_numpy(str)])
    truth = np.concatenate([part["level"] > 0, part["level"] < 0])
    odds = np.concatenate([part["log_odds"], part["log_odds_back"]]).astype(float)
    there = np.isfinite(odds)
    return names[there], truth[there], odds[there]


def _errors(truth: NDArray[np.bool_], odds: _Floats) -> _Floats:
    out = odds.copy()
    for side in (True, False):
        if (truth == side).any():
            out[truth == side] -= odds[truth == side].mean()
    spread = np.sqrt(np.mean(out**2))
    found: _Floats = out / spread if spread > 0 else out
    return found


def _dealt(errors: _Floats, truth: NDArray[np.bool_], rng: np.random.Generator) -> _Floats:
    out = errors.copy()
    for side in (True, False):
        out[truth == side] = rng.permutation(errors[truth == side])
    return out


def _related(names: NDArray[np.str_]) -> _Masks:
    """Which questions are related in which way, symmetric booleans of shape ``(n, n)`` without the diagonal."""
    source, target = names[:, 0], names[:, 1]
    same_source, same_target = source[:, None] == source, target[:, None] == target
    ahead = target[:, None] == source
    reverse = ahead & ahead.T
    return {
        "source": same_source & ~same_target,
        "target": same_target & ~same_source,
        "chain": (ahead | ahead.T) & ~reverse,
        "reverse": reverse,
    }
