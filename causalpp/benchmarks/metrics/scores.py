"""Scores of answers against labels, with intervals that know which items belong together.

Items of one class share their premise, so they are right and wrong together; an interval that takes them for
independent is too narrow.  The bootstrap here draws whole groups (Field & Welsh, *Bootstrapping clustered data*, JRSS B
69, 2007).  Every score is a function of sums over items, so a draw is one row of a matrix product: weights of groups
times sums of groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from causalpp.benchmarks.metrics._groups import (
    Floats,
    by_group,
    check,
    codes,
    column,
    ends,
    over,
    parts,
    resampled,
    told_by,
)
from causalpp.errors import InvalidData

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BINS", "METRICS", "in_hidden_graph", "intervals", "is_known", "is_scored", "references", "score"]

#: Bins of equal width in which the calibration error is measured.
BINS = 10

_SUMS = (
    "items", "positive", "negative", "answered", "right", "wrong", "yes", "true_yes", "true_no", "brier", "stated",
    "cost", "questions", "asking", "told", "told_right", "member", "class", "decided", "decided_right", "open",
    "open_right", "open_member", "open_class",
)  # fmt: skip
_AT = {name: i for i, name in enumerate(_SUMS)}

#: The scores, in the order of tables; each is a column of :func:`score`.
METRICS: Mapping[str, str] = {
    "accuracy": "share of items answered rightly; no answer is not right, and what is partly right counts in part",
    "random_member": "accuracy, on the same items, of whoever answers what holds in a random member of the class",
    "class_alone": "accuracy, on the same items, of what the class entails and, where that is open, the best constant",
    "over_random_member": "accuracy less that of a random member, on the same items",
    "accuracy_decided": "accuracy on items that the premise decides",
    "accuracy_open": "accuracy on items that the premise leaves open",
    "random_member_open": "accuracy of a random member on items that the premise leaves open",
    "class_alone_open": "accuracy of the best constant on items that the premise leaves open",
    "wrong": "share of items answered, and wrongly; no answer is not wrong",
    "balanced_accuracy": "mean of recall and specificity",
    "f1": "harmonic mean of precision and recall",
    "precision": "share of yes that is right",
    "recall": "share of true hypotheses answered yes; no answer finds nothing",
    "specificity": "share of false hypotheses answered no",
    "calibration_error": f"mean distance of confidence and accuracy over {BINS} bins of equal width (ECE)",
    "brier": "mean square of confidence minus being right",
    "abstention": "share of items without answer",
    "questions": "local questions an item, where any are asked",
    "cost": "cost an item",
}


def score(
    frame: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """The scores of answers, one row for each series.

    Args:
        frame: a row for each answer, with columns of :class:`~causalpp.benchmarks.rows.SolveRow`: ``label`` and
            ``answer``, or ``score`` and ``outcome``; and, where there are, ``confidence``, ``group``, ``cost``,
            ``questions``, ``decided`` and ``member_share``.  Rows of which nobody knows what is right are left out.
        by: the columns that tell series apart; by default those of :data:`SERIES`.
        draws: of the bootstrap over groups; 0 for no intervals.
        level: of the intervals (percentiles of the draws).
        seed: of the draws.

    Returns:
        A row for each series, in the order in which they first occur: the columns of ``by``, ``items`` and ``groups``,
        and for each of :data:`METRICS` its value, ``<metric>_low`` and ``<metric>_high``.  What is undefined, such as
        the precision without a yes, or an interval from a single group, is nan.

    Raises:
        InvalidData: the table has neither labels and answers nor scores, or a confidence that is no probability.
        InvalidParameter: draws or level out of range, or a column of ``by`` that is not there.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"solver": "x", "label": [True, True, False], "answer": [True, False, False]})
        >>> score(frame, draws=0)[["items", "accuracy", "precision", "recall"]].round(2).to_dict("records")
        [{'items': 3, 'accuracy': 0.67, 'precision': 1.0, 'recall': 0.5}]
    """
    import pandas as pd

    check(draws, level)
    if "score" not in frame.columns and not {"label", "answer"} <= set(frame.columns):
        raise InvalidData("a table without the columns 'label' and 'answer', or 'score', cannot be scored")
    columns = told_by(frame, by)
    known = frame[is_known(frame)]
    rows: list[dict[str, Any]] = []
    for names, part in parts(known, columns):
        sums, groups = _sums(part)
        values = _metrics(sums.sum(0))
        row: dict[str, Any] = {**names, "items": len(part), "groups": groups}
        low, high = _percentiles(sums, draws, level, seed)
        for metric in METRICS:
            row[metric] = float(values[metric])
            row[f"{metric}_low"], row[f"{metric}_high"] = float(low[metric]), float(high[metric])
        rows.append(row)
    ends = [f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, "items", "groups", *ends])


def intervals(
    values: ArrayLike,
    groups: Sequence[Any] | None = None,
    *,
    weights: ArrayLike | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float, float]:
    """The weighted mean of some values, and an interval for it by the bootstrap over groups.

    Args:
        values: numbers; nan are left out.
        groups: which of them belong together; by default each stands alone.
        weights: of the values; by default all equal.
        draws: of the bootstrap.
        level: of the interval.
        seed: of the draws.

    Returns:
        The mean, and the ends of the interval; nan for what is undefined.

    Example:
        >>> mean, low, high = intervals([0, 1, 1, 1, 0, 1], groups=[1, 1, 2, 2, 3, 3])
        >>> round(mean, 3), low, high
        (0.667, 0.5, 1.0)
    """
    x = np.asarray(values, dtype=float)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    there = ~np.isnan(x) & ~np.isnan(w)
    labels = np.arange(len(x)) if groups is None else codes(groups)
    sums = by_group(np.stack([w * np.nan_to_num(x), w], 1)[there], labels[there])
    total = sums.sum(0)
    if not len(sums) or total[1] == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(total[0] / total[1])
    if len(sums) < 2 or draws == 0:
        return mean, float("nan"), float("nan")
    drawn = np.concatenate([over(part[:, 0], part[:, 1]) for part in resampled(sums, draws, seed)])
    return mean, *ends(drawn, level)


def is_scored(frame: pd.DataFrame) -> bool:
    """Whether :func:`score` has something to say of a table: whether anything right is known in it."""
    return ("score" in frame.columns or {"label", "answer"} <= set(frame.columns)) and bool(is_known(frame).any())


def is_known(frame: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are about something of which it is known what is right."""
    known = frame["label"].notna() if "label" in frame.columns else frame["score"].notna()
    return known | frame["score"].notna() if "score" in frame.columns else known


def references(frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """What needs no oracle, in every row: how often a random member of the class is right, and the class alone.

    A random member answers what holds in it.  The class alone answers what it entails or excludes and, where it leaves
    the hypothesis open, the same for all: the more frequent label among these rows.

    Args:
        frame: rows with the columns ``label``, ``decided`` and ``member_share``; or runs of the loop, with
            ``random_member``.

    Returns:
        Two arrays ``(n,)`` of scores from 0 to 1, nan where the class is not known.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"label": [True, False], "decided": [True, False], "member_share": [1.0, 0.25]})
        >>> member, alone = references(rows)
        >>> member.tolist(), alone.tolist()
        ([1.0, 0.75], [1.0, 1.0])
    """
    if not {"label", "member_share", "decided"} <= set(frame.columns):
        return column(frame, "random_member"), np.full(len(frame), np.nan)
    label, share, decided = (column(frame, name) for name in ("label", "member_share", "decided"))
    known = ~(np.isnan(label) | np.isnan(share) | np.isnan(decided))
    member = np.where(known, np.where(label == 1, share, 1 - share), np.nan)
    constant = float(np.mean(label[known & (decided == 0)] == 1) > 0.5) if (known & (decided == 0)).any() else 0.0
    said = np.where(decided == 1, share >= 0.5, constant)
    return member, np.where(known, said == label, np.nan)


def in_hidden_graph(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a loop as answers to another question: whether the hypothesis holds in the graph that its oracle knows.

    Args:
        frame: rows with the columns ``holds`` and ``holds_in_truth``; those where one is missing are left out.

    Returns:
        The others, with ``label``, ``answer``, ``score``, ``outcome`` and ``confidence`` of that question.
    """
    told = frame[frame["holds"].notna() & frame["holds_in_truth"].notna()]
    holds, label = told["holds"].astype(float), told["holds_in_truth"].astype(bool)
    answer = holds >= 0.5
    return told.assign(
        label=label, answer=answer, score=(answer == label).astype(float), confidence=holds.where(answer, 1 - holds),
        outcome=(answer == label).map({True: "right", False: "wrong"}),
    )  # fmt: skip


# --- sums -----------------------------------------------------------------------------------------------


def _sums(frame: pd.DataFrame) -> tuple[Floats, int]:
    """What the scores are made of, added up in each group: ``(groups, len(_SUMS) + 3 * BINS)``."""
    label, answer, confidence, score = (column(frame, name) for name in ("label", "answer", "confidence", "score"))
    if not np.isin(label[~np.isnan(label)], (0.0, 1.0)).all() or not np.isin(answer[~np.isnan(answer)], (0, 1)).all():
        raise InvalidData("labels and answers are yes or no, and something else is among them")
    answered = ~np.isnan(answer)
    if "outcome" in frame.columns:
        answered = (frame["outcome"] != "no answer").to_numpy(dtype=bool)
    score = np.where(np.isnan(score), answer == label, score)
    right = np.where(answered, score, 0.0)
    stated = answered & ~np.isnan(confidence)
    if ((confidence[stated] < 0) | (confidence[stated] > 1)).any():
        raise InvalidData("a confidence is a probability between 0 and 1, and another number is among them")
    sure = np.where(stated, confidence, 0.0)
    questions = column(frame, "questions")
    member, alone = references(frame)
    told = ~np.isnan(alone)
    decided = told & (column(frame, "decided") == 1)
    found = {
        "items": np.ones(len(frame)),
        "positive": label == 1,
        "negative": label == 0,
        "answered": answered,
        "right": right,
        "wrong": answered & (score <= 0),
        "yes": answer == 1,
        "true_yes": (answer == 1) & (label == 1),
        "true_no": (answer == 0) & (label == 0),
        "brier": np.where(stated, (sure - right) ** 2, 0.0),
        "stated": stated,
        "cost": np.nan_to_num(column(frame, "cost")),
        "questions": np.nan_to_num(questions),
        "asking": ~np.isnan(questions),
        "told": told,
        "told_right": told * right,
        "member": np.where(told, member, 0.0),
        "class": np.where(told, alone, 0.0),
        "decided": decided,
        "decided_right": decided * right,
        "open": told & ~decided,
        "open_right": (told & ~decided) * right,
        "open_member": np.where(told & ~decided, member, 0.0),
        "open_class": np.where(told & ~decided, alone, 0.0),
    }
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = (place[:, None] == np.arange(BINS)) & stated[:, None]
    table = np.concatenate(
        [
            np.stack([np.asarray(found[name], dtype=float) for name in _SUMS], 1),
            bins * sure[:, None],
            bins * right[:, None],
        ],
        axis=1,
    )
    sums = by_group(table, codes(frame["group"]) if "group" in frame.columns else np.arange(len(frame)))
    return sums, len(sums)


# --- scores of sums -------------------------------------------------------------------------------------


def _metrics(sums: Floats) -> dict[str, Floats]:
    """The scores of sums ``(…, k)``, each ``(…)``."""
    s = {name: sums[..., i] for name, i in _AT.items()}
    recall = over(s["true_yes"], s["positive"])
    specificity = over(s["true_no"], s["negative"])
    sure, right = sums[..., len(_SUMS) : len(_SUMS) + BINS], sums[..., len(_SUMS) + BINS :]
    return {
        "accuracy": over(s["right"], s["items"]),
        "random_member": over(s["member"], s["told"]),
        "class_alone": over(s["class"], s["told"]),
        "over_random_member": over(s["told_right"] - s["member"], s["told"]),
        "accuracy_decided": over(s["decided_right"], s["decided"]),
        "accuracy_open": over(s["open_right"], s["open"]),
        "random_member_open": over(s["open_member"], s["open"]),
        "class_alone_open": over(s["open_class"], s["open"]),
        "wrong": over(s["wrong"], s["items"]),
        "balanced_accuracy": (recall + specificity) / 2,
        "f1": over(2 * s["true_yes"], s["yes"] + s["positive"]),
        "precision": over(s["true_yes"], s["yes"]),
        "recall": recall,
        "specificity": specificity,
        "calibration_error": over(np.abs(sure - right).sum(-1), s["stated"]),
        "brier": over(s["brier"], s["stated"]),
        "abstention": over(s["items"] - s["answered"], s["items"]),
        "questions": over(s["questions"], s["asking"]),
        "cost": over(s["cost"], s["items"]),
    }


def _percentiles(sums: Floats, draws: int, level: float, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """The ends of the intervals of all scores."""
    if draws == 0 or len(sums) < 2:
        nothing = dict.fromkeys(METRICS, float("nan"))
        return nothing, nothing
    parts = [_metrics(part) for part in resampled(sums, draws, seed)]
    low, high = {}, {}
    for metric in METRICS:
        low[metric], high[metric] = ends(np.concatenate([part[metric] for part in parts]), level)
    return low, high
