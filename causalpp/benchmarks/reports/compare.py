"""Two runs side by side: the same items, answered by two solvers, and whether the difference could be chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._renamed import old_attribute, old_keyword
from causalpp.benchmarks.metrics import intervals, is_known, leaks, references, rule_name, series_of
from causalpp.benchmarks.runs.results import Run
from causalpp.errors import InvalidData, InvalidParameter, UnknownName

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare", "mcnemar"]

_DRAWS = 10_000


@dataclass(frozen=True)
class Comparison:
    """Two series of answers to the same items.  Without an answer an item is not answered rightly.

    Attributes:
        study: whose results they are.
        first, second: what tells the series apart: solver, kind of oracle, oracle.
        items: how many items both have.
        groups: in how many groups that belong together.
        unpaired: how many items only one of them has; they are left out.
        both, only_first, only_second, neither: how many items they answer rightly.
        silent_first, silent_second: how many of the items each does not answer.
        difference: accuracy of the second minus accuracy of the first.
        low, high: an interval of 95 % for it, by the bootstrap over groups.
        random_member: accuracy of a random member of the class on these items, on average; None where there is none.
        class_alone: accuracy of what the class entails and, where that is open, of the best constant; likewise.
        open_items: how many of the items the premise leaves open; None where that is not known.
        open_first, open_second, open_random_member: accuracy on these.
        rules_first, rules_second: accuracy of rules that know nothing on these items as they were put to each; see
            :func:`~causalpp.benchmarks.metrics.leaks`.
        p_items: of McNemar's exact test, which takes items for independent.
        p_groups: of a test that exchanges the two series in whole groups at random; the one to go by where items
            of a group share a premise.
    """

    study: str
    first: Mapping[str, str]
    second: Mapping[str, str]
    items: int
    groups: int
    unpaired: int
    both: int
    only_first: int
    only_second: int
    neither: int
    silent_first: int
    silent_second: int
    difference: float
    low: float
    high: float
    p_items: float
    p_groups: float
    random_member: float | None = None
    class_alone: float | None = None
    open_items: int | None = None
    open_first: float | None = None
    open_second: float | None = None
    open_random_member: float | None = None
    rules_first: Mapping[str, float] = field(default_factory=dict)
    rules_second: Mapping[str, float] = field(default_factory=dict)

    task = old_attribute("study")

    @property
    def accuracy_first(self) -> float:
        """Share of the items that the first answers rightly."""
        return (self.both + self.only_first) / self.items

    @property
    def accuracy_second(self) -> float:
        """Share of the items that the second answers rightly."""
        return (self.both + self.only_second) / self.items

    @property
    def same_kind(self) -> bool:
        """Whether both ask the same kind of oracle; otherwise the difference says nothing about the solvers."""
        return self.first.get("oracle_nature") == self.second.get("oracle_nature")

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values."""
        out = asdict(self)
        out |= {"accuracy_first": self.accuracy_first, "accuracy_second": self.accuracy_second}
        return {key: None if isinstance(value, float) and value != value else value for key, value in out.items()}


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test: how probable a split at least so uneven is, if neither is better.

    Two-sided, of a fair coin thrown for every item that just one of two answers rightly (McNemar, Psychometrika 12,
    1947; exact as in Edwards, Psychometrika 13, 1948).

    Args:
        only_first: items that only the first answers rightly.
        only_second: items that only the second does.

    Raises:
        InvalidParameter: a negative number.

    Example:
        >>> mcnemar(1, 9)
        0.021484375
    """
    from scipy.stats import binomtest

    if only_first < 0 or only_second < 0:
        raise InvalidParameter(f"numbers of items are not negative, got {only_first} and {only_second}")
    both = only_first + only_second
    return float(binomtest(only_first, both, 0.5).pvalue) if both else 1.0


@old_keyword(task="study")
def compare(
    first: Run,
    second: Run,
    *,
    solvers: tuple[str, str] | None = None,
    study: str | None = None,
    seed: int = 0,
) -> list[Comparison]:
    """Compare two runs item by item.

    Args:
        first: a run.
        second: another one, or the same.
        solvers: the solver (or method) of each that is compared; by default every series that both runs have, or
            the only one of each.
        study: whose results; by default the first study that both runs have.
        seed: of the draws.

    Raises:
        InvalidParameter: nothing to compare: no study, no series or no item in common.
        InvalidData: an item has different labels in the two runs, or occurs twice in one series.
        UnknownName: no solver or study of that name.
    """
    if study is None:
        shared = [name for name in first.studies if name in second.studies]
        if not shared:
            raise InvalidParameter(
                f"the runs have no study in common: {', '.join(first.studies)} and {', '.join(second.studies)}"
            )
        study = "solve" if "solve" in shared else shared[0]
    a, b = (_series(run.frame(study)) for run in (first, second))
    if solvers is not None:
        pairs = [(_named(a, solvers[0]), _named(b, solvers[1]))]
    else:
        pairs = [(key, key) for key in a if key in b]
        if not pairs and len(a) == len(b) == 1:
            pairs = [(next(iter(a)), next(iter(b)))]
    if not pairs:
        raise InvalidParameter("the runs have no series in common: name the two that are to be compared")
    return [_compared(study, a[x], b[y], x, y, seed) for x, y in pairs]


_Key = tuple[tuple[str, str], ...]


def _series(frame: pd.DataFrame) -> dict[_Key, pd.DataFrame]:
    if "right" not in frame.columns:
        raise InvalidParameter("results without the column 'right' cannot be compared")
    columns = series_of(frame)
    if not columns:
        return {(): frame}
    return {tuple(zip(columns, map(str, names))): part for names, part in frame.groupby(columns, dropna=False)}


def _named(series: Mapping[_Key, Any], name: str) -> _Key:
    found = [key for key in series if name in (dict(key).get("solver"), dict(key).get("method"))]
    if not found:
        raise UnknownName("solver", name, [dict(k).get("solver") or dict(k).get("method") or "" for k in series])
    if len(found) > 1:
        raise InvalidParameter(f"{name!r} occurs with several oracles in one run: give each a label of its own")
    return found[0]


def _indexed(frame: pd.DataFrame) -> pd.DataFrame:
    name = "item" if "item" in frame.columns else "group"
    if frame[name].duplicated().any():
        twice = frame[name][frame[name].duplicated()].iloc[0]
        raise InvalidData(f"the item {twice!r} occurs twice in one series, so that answers cannot be paired")
    return frame.set_index(name, drop=False)


def _compared(study: str, a: pd.DataFrame, b: pd.DataFrame, first: _Key, second: _Key, seed: int) -> Comparison:
    a, b = _indexed(a), _indexed(b)
    shared = a.index.intersection(b.index)
    if not len(shared):
        raise InvalidParameter("the runs have no item in common, so that nothing can be paired")
    unpaired = len(a) + len(b) - 2 * len(shared)
    a, b = a.loc[shared], b.loc[shared]
    if "label" in a.columns and "label" in b.columns:
        known = (is_known(a) & is_known(b)).to_numpy()
        a, b = a[known], b[known]
        if not len(a):
            raise InvalidParameter("of no item that the runs have in common is it known what is right")
        for name in ("label", "target"):
            other = [x != y for x, y in zip(_texts(a, name), _texts(b, name), strict=True)]
            if any(other):
                item = a.index[other.index(True)]
                raise InvalidData(f"the item {item!r} has one {name} in one run and another one in the other")
    x, y = (frame["right"].astype("boolean").fillna(False).to_numpy(dtype=bool) for frame in (a, b))
    groups = a["group"].to_numpy() if "group" in a.columns else a.index.to_numpy()
    change = y.astype(float) - x.astype(float)
    mean, low, high = intervals(change, list(groups), draws=_DRAWS // 5, seed=seed)
    return Comparison(
        study=study,
        first=dict(first),
        second=dict(second),
        items=len(a),
        groups=len(set(groups)),
        unpaired=unpaired,
        both=int((x & y).sum()),
        only_first=int((x & ~y).sum()),
        only_second=int((~x & y).sum()),
        neither=int((~x & ~y).sum()),
        silent_first=_silent(a),
        silent_second=_silent(b),
        difference=mean,
        low=low,
        high=high,
        p_items=mcnemar(int((x & ~y).sum()), int((~x & y).sum())),
        p_groups=_exchanged(change, groups, seed),
        **_beside(a, x, y),
        rules_first=_rules(a),
        rules_second=_rules(b),
    )


def _rules(frame: pd.DataFrame) -> dict[str, float]:
    """Accuracy of what knows nothing but names and their order; a random member has a place of its own."""
    known = frame.drop(columns=["member_share"], errors="ignore")
    if "label" not in known.columns:
        return {}
    table = leaks(known, (), draws=0)
    return {rule_name(rule): float(value) for rule, value in zip(table["rule"], table["accuracy"], strict=True)}


def _beside(frame: pd.DataFrame, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, Any]:
    """What the items are worth to whoever asks nobody, and both series where the premise leaves them open."""
    member, alone = references(frame)

    def mean(values: NDArray[Any]) -> float | None:
        return float(np.mean(values)) if len(values) and not np.isnan(values).any() else None

    out: dict[str, Any] = {"random_member": mean(member), "class_alone": mean(alone)}
    if out["class_alone"] is not None:
        left = ~frame["decided"].to_numpy(dtype=bool)
        out |= {"open_items": int(left.sum()), "open_first": mean(first[left]), "open_second": mean(second[left])}
        out["open_random_member"] = mean(member[left])
    return out


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    """A column as texts, "" for what is missing in it, or for all of it."""
    return list(frame[name].astype("string").fillna("")) if name in frame.columns else [""] * len(frame)


def _silent(frame: pd.DataFrame) -> int:
    return int((frame["outcome"] == "no answer").sum()) if "outcome" in frame.columns else 0


def _exchanged(change: NDArray[np.float64], groups: NDArray[Any], seed: int) -> float:
    """How often a sum of changes so far from 0 comes about if the sign of each group's sum is drawn (Fisher 1935)."""
    import pandas as pd

    sums = pd.Series(change).groupby(pd.factorize(pd.Series(groups))[0]).sum().to_numpy()
    sums = sums[sums != 0]
    observed = abs(sums.sum())
    if not len(sums):
        return 1.0
    if len(sums) <= 13:  # all the signs there are
        signs = 1.0 - 2.0 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float(np.mean(np.abs(signs @ sums) >= observed - 1e-9))
    generator = np.random.default_rng(seed)
    beyond, step = 0, max(1, 2_000_000 // len(sums))
    for first in range(0, _DRAWS, step):
        signs = generator.integers(0, 2, size=(min(step, _DRAWS - first), len(sums))) * 2.0 - 1.0
        beyond += int((np.abs(signs @ sums) >= observed - 1e-9).sum())
    return (beyond + 1) / (_DRAWS + 1)
