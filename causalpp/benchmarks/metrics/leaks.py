"""What rules that know nothing score on the same items as whoever is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

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
from causalpp.tasks import RULES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leaks", "once", "rule_name"]

#: The share of the class's members in which a statement holds: the rule that draws one of them.
_MEMBER = "member_share"


def leaks(
    frame: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """What rules that know nothing score on the same items: an accuracy that they reach shows no knowledge.

    Args:
        frame: a row for each answer, with ``label`` and, for some of :data:`causalpp.tasks.RULES`, a column with the
            probability that the rule says yes; nan where it has nothing to say, and such items are left out of it.
            So for ``member_share``, the share of the class's members in which the statement holds.
        by: the columns that tell series apart, as in :func:`score`; what is listed earlier may differ between them.
        draws: of the bootstrap over groups; 0 for no intervals.
        level: of the intervals.
        seed: of the draws.

    Returns:
        A row for each series and rule that says anything: the columns of ``by``, ``rule``, ``items`` and ``groups``;
        ``accuracy``, the mean probability of the right answer; ``auc``, the probability that a true statement has more
        of the rule's yes than a false one, ties counted half; and the ends ``_low`` and ``_high`` of both.

    Raises:
        InvalidData: there are no labels, or a rule's column holds no probabilities.
        InvalidParameter: draws or level out of range, or a column of ``by`` that is not there.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"label": [True, True, False], "listed_earlier": [1.0, 1.0, 0.0],
        ...                       "alphabetical": [1.0, 0.0, 0.5]})
        >>> leaks(frame, draws=0)[["rule", "items", "accuracy", "auc"]].to_dict("list")
        {'rule': ['listed_earlier', 'alphabetical'], 'items': [3, 3], 'accuracy': [1.0, 0.5], 'auc': [1.0, 0.5]}
    """
    import pandas as pd

    check(draws, level)
    columns = told_by(frame, by)
    found = [rule for rule in (*RULES, _MEMBER) if rule in frame.columns and frame[rule].notna().any()]
    if found and "label" not in frame.columns:
        raise InvalidData("rules are held against the column 'label', and there is none")
    rows: list[dict[str, Any]] = []
    for names, part in parts(frame, columns):
        for rule in found:
            here = part[part[rule].notna() & part["label"].notna()]
            if not len(here):
                continue
            sums = _rule_sums(here, rule)
            row = {**names, "rule": rule, "items": len(here), "groups": len(sums)}
            drawn = [_rule_scores(each) for each in resampled(sums, draws, seed)] if draws and len(sums) > 1 else []
            for k, (name, value) in enumerate(zip(("accuracy", "auc"), _rule_scores(sums.sum(0)[None]))):
                low, high = ends(np.concatenate([each[k] for each in drawn]), level) if drawn else (np.nan, np.nan)
                row |= {name: float(value[0]), f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
    scores = [f"{name}{end}" for name in ("accuracy", "auc") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, "rule", "items", "groups", *scores])


def once(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A table of :func:`leaks` with one row a rule and no word of series, where all series have the same.

    Args:
        table: what rules score.
        by: the columns that tell its series apart.
    """
    if table.empty or not by:
        return table
    each = [
        part.drop(columns=list(by)).reset_index(drop=True)
        for _, part in table.groupby(list(by), sort=False, dropna=False)
    ]
    return each[0] if all(part.round(9).equals(each[0].round(9)) for part in each) else table


def rule_name(rule: str) -> str:
    """What tables call a rule.

    >>> rule_name("listed_earlier"), rule_name("member_share")
    ('listed earlier', 'random member')
    """
    return "random member" if rule == _MEMBER else rule.replace("_", " ")


def _rule_sums(frame: pd.DataFrame, rule: str) -> Floats:
    """For each group, how many items there are, how many are right, and the true and the false at each probability."""
    label, yes = column(frame, "label"), column(frame, rule)
    if ((yes < 0) | (yes > 1)).any():
        raise InvalidData(f"the column {rule!r} holds something that is no probability")
    values, place = np.unique(yes.round(3), return_inverse=True)
    there = place[:, None] == np.arange(len(values))
    true = label[:, None] == 1
    right = np.where(label == 1, yes, 1 - yes)
    table = np.concatenate([np.stack([np.ones(len(label)), right], 1), there & true, there & ~true], 1)
    return by_group(table, codes(frame["group"]) if "group" in frame.columns else np.arange(len(frame)))


def _rule_scores(sums: Floats) -> tuple[Floats, Floats]:
    """Accuracy and AUC of sums ``(…, 2 + 2 values)``, each ``(…,)``."""
    values = (sums.shape[-1] - 2) // 2
    true, false = sums[..., 2 : 2 + values], sums[..., 2 + values :]
    above = (true * (false.cumsum(-1) - false / 2)).sum(-1)
    return over(sums[..., 1], sums[..., 0]), over(above, true.sum(-1) * false.sum(-1))
