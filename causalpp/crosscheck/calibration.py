"""Calibration: an oracle's error rates, measured on questions whose answers are known."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import plain
from causalpp._renamed import old_attribute
from causalpp.crosscheck.estimates import Estimate, Rate, correlation, logistic, rate
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Calibration", "counted"]

_FACETS = ("variables", "path", "kind", "name", "wording", "negated")
_GROUPS = ("kind", "wording", "negated", "oracle")
_BINS = 8


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """How reliable an oracle was on questions with known answers.

    All intervals allow for answers to the same question going together.

    Attributes:
        frame: one row for each answer: world, network, number of variables, kind, question, length of the directed
            path it is about (see :func:`causalpp.noise.path_length`), truth, answer, log-odds and which asking it was.
        level: of the intervals.
        oracle_nature: who answered.
        failures: reason → how many answers are missing for it, such as ``{"timed out": 3}``; they are in no rate.
        skipped: random worlds that were left out because their premise is too long for a prompt.
    """

    frame: pd.DataFrame
    level: float
    oracle_nature: str
    failures: Mapping[str, int] = field(default_factory=dict)
    skipped: int = 0

    oracle_kind = old_attribute("oracle_nature")

    def __repr__(self) -> str:
        worlds = self.frame["world"].nunique()
        return f"Calibration({len(self.frame):,} answers to {self.questions:,} questions in {worlds} worlds)"

    def __str__(self) -> str:
        rates: dict[str, Rate | Estimate] = {
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "abstention": self.abstention,
            "repeat correlation": self.repeat_correlation,
            "agreement, same words": self.agreement_same,
            "agreement, other words": self.agreement_across,
            "log-odds, intercept": self.intercept,
            "log-odds, slope": self.slope,
        }
        known = {name: value for name, value in rates.items() if not math.isnan(value.value)}
        lines = [repr(self), *(f"{name:<24}{value}" for name, value in known.items())]
        if self.failures:
            lines.append(f"{'failures, left out':<24}{counted(self.failures)}")
        if self.skipped:
            lines.append(f"{'worlds left out':<24}{self.skipped:,}, their premise is too long for a prompt")
        return "\n".join(lines)

    @cached_property
    def _question(self) -> NDArray[np.int64]:
        """The number of the question that each row answers; the same words in two worlds are two questions."""
        return np.asarray(self.frame.groupby(["world", "question"], sort=False).ngroup(), dtype=np.int64)

    @property
    def questions(self) -> int:
        """How many questions were asked."""
        return int(self._question.max()) + 1

    # --- rates ----------------------------------------------------------------------------------------

    def _rate(self, word: str, rows: NDArray[np.bool_]) -> Rate:
        hits = np.asarray(self.frame["answer"] == word)[rows]
        return rate(hits, self._question[rows], self.level)

    @cached_property
    def _answered(self) -> NDArray[np.bool_]:
        return np.asarray(self.frame["answer"] != "abstain")

    @cached_property
    def _truth(self) -> NDArray[np.bool_]:
        return np.asarray(self.frame["truth"], dtype=bool)

    @cached_property
    def sensitivity(self) -> Rate:
        """The share of yes among the answers, yes or no, to questions whose true answer is yes."""
        return self._rate("yes", self._answered & self._truth)

    @cached_property
    def specificity(self) -> Rate:
        """The share of no among the answers, yes or no, to questions whose true answer is no."""
        return self._rate("no", self._answered & ~self._truth)

    @cached_property
    def abstention(self) -> Rate:
        """The share of abstentions among all answers."""
        return self._rate("abstain", np.ones(len(self.frame), dtype=bool))

    @cached_property
    def abstention_if_true(self) -> Rate:
        """The share of abstentions where the true answer is yes."""
        return self._rate("abstain", self._truth)

    @cached_property
    def abstention_if_false(self) -> Rate:
        """The share of abstentions where the true answer is no."""
        return self._rate("abstain", ~self._truth)

    # --- repeats and wordings -------------------------------------------------------------------------

    @cached_property
    def repeat_correlation(self) -> Estimate:
        """ρ, how much answers to one question go together beyond what its truth explains: 0 not at all, 1 wholly."""
        said = np.asarray(self.frame["answer"] == "yes")
        groups = []
        for side in (self._truth, ~self._truth):
            here = self._answered & side
            asked = np.bincount(self._question[here], minlength=self.questions)
            yes = np.bincount(self._question[here & said], minlength=self.questions)
            groups.append((asked[asked > 0], yes[asked > 0]))
        return correlation(groups, self.level)

    @cached_property
    def _agreement(self) -> tuple[Rate, Rate]:
        """Agreeing pairs of answers to one question: put in the same words, and in different ones."""
        frame = self.frame[self._answered].assign(question=self._question[self._answered])
        frame = frame.assign(yes=frame["answer"] == "yes")
        ways = frame.groupby(["question", "wording", "negated"])["yes"].agg(["size", "sum"]).reset_index()
        whole = ways.groupby("question")[["size", "sum"]].sum()
        parts = ways.assign(pairs=_pairs(ways["size"]), agree=_pairs(ways["sum"]) + _pairs(ways["size"] - ways["sum"]))
        same = parts.groupby("question")[["pairs", "agree"]].sum()
        pairs = _pairs(whole["size"]) - same["pairs"]
        agree = _pairs(whole["sum"]) + _pairs(whole["size"] - whole["sum"]) - same["agree"]
        return self._shares(same["agree"], same["pairs"]), self._shares(agree, pairs)

    def _shares(self, agree: pd.Series[float], pairs: pd.Series[float]) -> Rate:
        there = (pairs > 0).to_numpy()
        weights = np.asarray(pairs, dtype=np.float64)[there]
        shares = np.asarray(agree, dtype=np.float64)[there] / weights
        return rate(shares, np.arange(len(shares)), self.level, weights=weights)

    @property
    def agreement_same(self) -> Rate:
        """Of pairs of answers to one question in the same words, the share that agree."""
        return self._agreement[0]

    @property
    def agreement_across(self) -> Rate:
        """Of pairs of answers to one question in different words, or put the other way round, the share that agree."""
        return self._agreement[1]

    # --- log-odds -------------------------------------------------------------------------------------

    @cached_property
    def _log_odds(self) -> NDArray[np.float64]:
        return np.asarray(self.frame["log_odds"], dtype=np.float64)

    @cached_property
    def _said(self) -> NDArray[np.bool_]:
        return np.isfinite(self._log_odds)

    @cached_property
    def _line(self) -> tuple[Estimate, Estimate]:
        log_odds = self._log_odds[self._said]
        if not len(log_odds):
            return Estimate(math.nan, -math.inf, math.inf), Estimate(math.nan, -math.inf, math.inf)
        return logistic(log_odds, self._truth[self._said], self._question[self._said], self.level)

    @property
    def intercept(self) -> Estimate:
        """A in logit P(true | ℓ) = a + bℓ, with ℓ the log-odds of an answer, among questions of which half are true."""
        return self._line[0]

    @property
    def slope(self) -> Estimate:
        """B in logit P(true | ℓ) = a + bℓ; below 1 the oracle is surer than it should be."""
        return self._line[1]

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The calibration curve: answers in bins of equal size by their log-odds.

        Columns: the mean log-odds, the mean probability they claim, the share that was true with its interval,
        and the number of answers.  Empty where the oracle gives no log-odds.
        """
        import pandas as pd
        from scipy.special import expit

        log_odds, truth = self._log_odds[self._said], self._truth[self._said]
        question = self._question[self._said]
        rows = []
        for part in np.array_split(np.argsort(log_odds, kind="stable"), _BINS):
            if len(part):
                found = rate(truth[part], question[part], self.level)
                claimed = float(expit(log_odds[part]).mean())
                rows.append((float(log_odds[part].mean()), claimed, found.value, found.low, found.high, len(part)))
        return pd.DataFrame(rows, columns=["log_odds", "claimed", "true", "low", "high", "answers"])

    # --- tables ---------------------------------------------------------------------------------------

    def by(self, column: str) -> pd.DataFrame:
        """The rates for each value of a column, one row each.

        Args:
            column: ``"variables"``, ``"path"`` (missing where there is no directed path), ``"kind"``, ``"name"``
                of the network, ``"wording"`` or ``"negated"``.

        Raises:
            InvalidParameter: some other column.
        """
        import pandas as pd

        if column not in _FACETS:
            raise InvalidParameter(f"the rates can be told by {', '.join(_FACETS)}, not by {column!r}")
        rows = []
        for value, part in self.frame.groupby(column, dropna=False):
            here = Calibration(part, self.level, self.oracle_nature)
            row: dict[str, Any] = {column: value, "questions": here.questions, "answers": len(part)}
            for name in ("sensitivity", "specificity", "abstention"):
                found: Rate = getattr(here, name)
                row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
            rows.append(row)
        return pd.DataFrame(rows).set_index(column)

    def prior(self) -> dict[str, tuple[float, float]]:
        """What is now known of the error rates, as Beta parameters: a prior for a learned channel.

        Keys ``sensitivity`` and ``specificity``, as :class:`causalpp.belief.Learned` takes them.  They count
        independent answers, so answers that went together count less; see :attr:`Rate.effective`.
        """
        return {"sensitivity": self.sensitivity.beta, "specificity": self.specificity.beta}

    def counts(self, *by: str) -> dict[Hashable, tuple[tuple[float, float], tuple[float, float]]]:
        """How often each group of answers was yes and no where it is true, and yes and no where it is false.

        They count independent answers, as :meth:`prior` does; :meth:`causalpp.belief.Pooled.from_counts` takes them.

        Args:
            by: what makes a group: some of ``"kind"`` (the default), ``"wording"``, ``"negated"`` and ``"oracle"``.

        Raises:
            InvalidParameter: another name.

        Example:
            >>> from causalpp import Dag, SimulatedOracle, calibrate, noise
            >>> from causalpp.belief import Pooled
            >>> found = calibrate(SimulatedOracle(Dag([]), noise.Symmetric(0.1)), worlds=20, repeats=1)
            >>> channel = Pooled.from_counts(found.counts("kind"), by=("kind",))
        """
        by = by or ("kind",)
        if not set(by) <= set(_GROUPS):
            raise InvalidParameter(f"answers are counted by {', '.join(_GROUPS)}, not by {', '.join(by)}")
        out: dict[Hashable, tuple[tuple[float, float], tuple[float, float]]] = {}
        for label, part in self.frame.groupby(list(by)):
            here = Calibration(part, self.level, self.oracle_nature)
            (yes, no), (right, wrong) = (_effective(found) for found in (here.sensitivity, here.specificity))
            out[label if len(by) > 1 else label[0]] = ((yes, no), (wrong, right))
        return out

    # --- out ------------------------------------------------------------------------------------------

    def plot(self) -> Figure:
        """Four panels: all rates, the rates by size, by path length, and the calibration curve (or by kind)."""
        from causalpp.crosscheck.drawing import calibration_figure

        return calibration_figure(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single answers, as plain values; None for what the answers do not determine."""
        rates = (
            "sensitivity", "specificity", "abstention", "abstention_if_true", "abstention_if_false",
            "agreement_same", "agreement_across",
        )  # fmt: skip
        lines = ("repeat_correlation", "intercept", "slope")
        tables = {facet: self.by(facet).reset_index() for facet in _FACETS}
        out: dict[str, Any] = {
            "format": "causalpp.calibration",
            "version": 1,
            "oracle": self.oracle_nature,
            "level": self.level,
            "worlds": int(self.frame["world"].nunique()),
            "questions": self.questions,
            "answers": len(self.frame),
            "failures": dict(self.failures),
            "skipped": self.skipped,
            **{name: asdict(getattr(self, name)) for name in rates},
            **{name: getattr(self, name)._asdict() for name in lines},
            "prior": {name: list(beta) for name, beta in self.prior().items()},
            "curve": self.curve.to_dict("records"),
            "by": {facet: table.to_dict("records") for facet, table in tables.items()},
        }
        found: dict[str, Any] = plain(out, finite=True)
        return found

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)


def counted(failures: Mapping[str, int]) -> str:
    """Reasons and how often, in words."""
    return ", ".join(f"{reason} {count:,}" for reason, count in failures.items())


def _effective(found: Rate) -> tuple[float, float]:
    """Hits and misses among so many independent answers."""
    return (found.value * found.effective, (1 - found.value) * found.effective) if found.count else (0.0, 0.0)


def _pairs(count: Any) -> Any:
    return count * (count - 1) / 2
