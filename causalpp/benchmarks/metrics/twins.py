"""What word problems add to the scores: the gap between twins, and abstentions told apart."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.benchmarks.metrics._groups import by_group, codes, parts, told_by
from causalpp.benchmarks.metrics.scores import is_known

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["abstentions", "has_abstentions", "has_twins", "twin_gaps"]

_ABSTAINS = "insufficient"


def has_twins(frame: pd.DataFrame) -> bool:
    """Whether a table of results has items and their twins."""
    return {"pair", "anonymous", "score"} <= set(frame.columns) and len(set(frame["anonymous"].dropna())) > 1


def twin_gaps(frame: pd.DataFrame, by: Sequence[str] | None = None) -> pd.DataFrame:
    """How much less, or more, is right of a problem in letters than of the same problem as a story.

    Args:
        frame: rows with the columns ``item``, ``pair``, ``anonymous`` and ``score``; and, if there is one, ``group``.
        by: the columns that tell series apart; by default those of :data:`SERIES`.

    Returns:
        A row for each series with a pair: the columns of ``by``, ``pairs``, ``groups``, ``story`` and ``letters`` (the
        accuracy of either), ``gap`` (letters minus story) and its ``error``: the standard error of a mean of paired
        differences, which allows for pairs of one group going together; nan for a single group.

    Example:
        >>> import pandas as pd
        >>> rows = [("a", "b", False, 1), ("b", "a", True, 0), ("c", "d", False, 1), ("d", "c", True, 1)]
        >>> frame = pd.DataFrame(rows, columns=["item", "pair", "anonymous", "score"]).assign(solver="x")
        >>> twin_gaps(frame)[["pairs", "story", "letters", "gap", "error"]].to_dict("records")
        [{'pairs': 2, 'story': 1.0, 'letters': 0.5, 'gap': -0.5, 'error': 0.5}]
    """
    import pandas as pd

    columns = told_by(frame, by)
    rows: list[dict[str, Any]] = []
    known = frame[is_known(frame) & frame["anonymous"].notna()]
    for names, part in parts(known, columns):
        apart = part["anonymous"].astype(bool)
        both = part[~apart].merge(part[apart][["item", "score"]], left_on="pair", right_on="item", suffixes=("", "_of"))
        if both.empty:
            continue
        story, letters = (both[name].to_numpy(dtype=float) for name in ("score", "score_of"))
        labels = codes(both["group"] if "group" in both.columns else both["item"])
        gap = letters - story
        sums = by_group((gap - gap.mean())[:, None], labels)[:, 0]
        number = len(sums)
        error = math.sqrt(number / (number - 1) * float((sums**2).sum())) / len(gap) if number > 1 else math.nan
        means = {"story": story.mean(), "letters": letters.mean(), "gap": gap.mean(), "error": error}
        rows.append({**names, "pairs": len(gap), "groups": number, **{name: float(v) for name, v in means.items()}})
    return pd.DataFrame(rows, columns=[*columns, "pairs", "groups", "story", "letters", "gap", "error"])


def has_abstentions(frame: pd.DataFrame) -> bool:
    """Whether to abstain can be right in a table of results."""
    return "target" in frame.columns and any(_answer(text) is not None for text in frame["target"].dropna().unique())


def abstentions(frame: pd.DataFrame, by: Sequence[str] | None = None) -> pd.DataFrame:
    """Of items whose answer is determined, and of those where it is not: what is right, wrong, abstained, unanswered.

    Args:
        frame: rows with the columns ``target``, ``said`` and ``outcome``.
        by: the columns that tell series apart; by default those of :data:`SERIES`.

    Returns:
        A row for each series: the columns of ``by``; the numbers of items, ``determined`` and ``open``; and as shares
        of the former ``right``, ``wrong`` (without abstentions), ``abstained`` and ``silent`` (no answer at all), of
        the latter ``open_right`` (abstained), ``open_wrong`` and ``open_silent``.

    Example:
        >>> import pandas as pd
        >>> said = ['{"ANSWER": "insufficient"}', '{"ANSWER": "yes", "PROB": 0.5}', None]
        >>> frame = pd.DataFrame({"target": '{"ANSWER": "insufficient"}', "said": said, "solver": "x",
        ...                       "outcome": ["right", "wrong", "no answer"]})
        >>> abstentions(frame)[["open", "open_right", "open_wrong", "open_silent"]].round(2).to_dict("records")
        [{'open': 3, 'open_right': 0.33, 'open_wrong': 0.33, 'open_silent': 0.33}]
    """
    import pandas as pd

    columns = told_by(frame, by)
    rows: list[dict[str, Any]] = []
    for names, part in parts(frame[frame["target"].notna()], columns):
        left_open = np.array([_answer(text) == _ABSTAINS for text in part["target"]])
        said = part["said"] if "said" in part.columns else [None] * len(part)
        abstained = np.array([_answer(text) == _ABSTAINS for text in said])
        outcome = {name: (part["outcome"] == name).to_numpy(dtype=bool) for name in ("right", "wrong", "no answer")}
        row: dict[str, Any] = {**names, "determined": int((~left_open).sum()), "open": int(left_open.sum())}
        row |= {"right": _share(outcome["right"], ~left_open), "abstained": _share(abstained, ~left_open)}
        row |= {"wrong": _share(outcome["wrong"] & ~abstained, ~left_open)}
        row |= {"silent": _share(outcome["no answer"], ~left_open), "open_right": _share(outcome["right"], left_open)}
        row |= {"open_wrong": _share(outcome["wrong"], left_open)}
        rows.append({**row, "open_silent": _share(outcome["no answer"], left_open)})
    shown = ["determined", "open", "right", "wrong", "abstained", "silent", "open_right", "open_wrong", "open_silent"]
    return pd.DataFrame(rows, columns=[*columns, *shown])


def _share(which: Any, among: Any) -> float:
    return float(np.mean(which[among])) if among.any() else math.nan


def _answer(text: object) -> str | None:
    """What stands under ANSWER in a value as JSON text."""
    value = json.loads(text) if isinstance(text, str) else None
    found = value.get("ANSWER") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
