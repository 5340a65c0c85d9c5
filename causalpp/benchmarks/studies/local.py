"""Local questions as a study of the runner, and oracles compared by how they answer them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from causalpp.benchmarks.rows import LocalRow
from causalpp.benchmarks.runs.units import Outcome, Study, register
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers.asked import Asked, Model, settings_of
from causalpp.benchmarks.solvers.symbolic import standing
from causalpp.benchmarks.studies.solve import ItemsSettings, chosen_items, judged
from causalpp.crosscheck import Calibration
from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.oracles import Answer, Oracle
from causalpp.oracles.language_model import Estimate, LanguageModelOracle, estimate
from causalpp.oracles.noise import path_length
from causalpp.propositions import Proposition
from causalpp.tasks import rule_answers
from causalpp.tasks.corr2cause import corr2cause_item, drawn_names, renamed_premise
from causalpp.tasks.interventional import LocalItem, interventional_set

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOCAL", "LocalSettings", "Questioned", "calibrations", "comparison_of_oracles"]


@dataclass(frozen=True)
class Questioned:
    """An oracle that is put local questions.

    Attributes:
        ask: a simulated oracle or a language model.
        label: what reports call it; by default its noise, or the name of the model.
    """

    ask: Asked
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class LocalSettings(ItemsSettings):
    """A section of a configuration that puts local questions, whose answers are known, to oracles.

    Attributes:
        items, split, variables, limit: as for :class:`~causalpp.benchmarks.studies.solve.ItemsSettings`: their premises
            are asked about.
        oracles: who is asked.
        kinds, per_kind, conditioning: of the questions; see :func:`causalpp.tasks.interventional_set`.
        repeats: how often each is put; where an oracle has several wordings, the repeats go through them.

    Raises:
        InvalidParameter: no oracle, two with the same label, or a number out of range.
    """

    oracles: tuple[Questioned, ...]
    kinds: tuple[str, ...] = ("Causes", "DirectlyCauses", "Changes")
    per_kind: int = 4
    conditioning: int = 1
    repeats: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = [_label(oracle) for oracle in self.oracles]
        if not labels or len(set(labels)) < len(labels):
            raise InvalidParameter(f"name at least one oracle, each with a 'label' of its own; got {labels}")
        if self.repeats < 1 or self.per_kind < 1:
            raise InvalidParameter("'repeats' and 'per_kind' are numbers from 1 on")


def _label(oracle: Questioned) -> str:
    return oracle.label or oracle.ask.described


def _plan(settings: LocalSettings, seed: int) -> Iterator[Mapping[str, Any]]:
    items = map(corr2cause_item, chosen_items(settings, seed))
    chosen = {name: getattr(settings, name) for name in ("kinds", "per_kind", "conditioning")}
    questions = interventional_set(items, seed=seed, **chosen)
    for _, together in groupby(questions, key=lambda question: question.premise):
        plain = [question.to_dict() for question in together]
        for oracle in settings.oracles:
            yield {
                "questions": plain,
                "ask": settings_of(oracle.ask),
                "label": _label(oracle),
                "repeats": settings.repeats,
            }


def _asked(parameters: Mapping[str, Any]) -> Asked:
    ask = parameters["ask"]
    if "model" in ask:  # settings that say nothing of it are those of 0.2
        ask = {"listing": "given", **ask}
    return read_settings(Questioned, {"ask": ask}).ask


@dataclass(frozen=True)
class _Asking:
    """The questions of a unit as they are put: to a model with names drawn anew, if lists are drawn.

    Attributes:
        names: of the variables, each with the one that it is called by.
    """

    asked: Asked
    items: list[LocalItem]
    oracle: Oracle
    names: Mapping[str, str]

    @property
    def questions(self) -> list[Proposition]:
        return [item.proposition.rename(self.names) for item in self.items]


def _read(parameters: Mapping[str, Any]) -> _Asking:
    asked, items = _asked(parameters), [LocalItem.from_dict(values) for values in parameters["questions"]]
    first = items[0]
    premise, names = first.premise, {name: name for name in first.variables}
    if isinstance(asked, Model) and asked.listing == "drawn":
        try:
            drawn = drawn_names(premise, asked.seed)
            premise, names = renamed_premise(premise, drawn), drawn
        except FormatError:  # a premise of one's own in words of one's own stays as it is
            pass
    return _Asking(asked, items, asked.oracle(first.dag, first.id, premise), names)


def _work(parameters: Mapping[str, Any]) -> Outcome:
    asking = _read(parameters)
    return _rows(asking, asking.oracle.ask(asking.questions, parameters["repeats"]), parameters)


async def _work_async(parameters: Mapping[str, Any]) -> Outcome:
    asking = _read(parameters)
    return _rows(asking, await asking.oracle.ask_async(asking.questions, parameters["repeats"]), parameters)


def _rows(asking: _Asking, answers: list[Answer], parameters: Mapping[str, Any]) -> Outcome:
    asked, items = asking.asked, asking.items
    known = dict(zip(asking.questions, items, strict=True))
    rows: list[LocalRow] = []
    for answer in answers:
        item = known[answer.question]
        sure = None
        if answer.value is not None and answer.log_odds is not None:
            odds = answer.log_odds if answer.value else -answer.log_odds
            sure = 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))
        row: LocalRow = {
            "item": item.id,
            "graph": items[0].id,
            "group": item.group or item.premise,
            "variables": len(item.variables),
            "relation": str(item.about["kind"]),
            "question": item.proposition.sentence(),
            "distance": int(item.about["distance"]),
            "path": path_length(item.proposition, item.dag),
            "decided": item.decided,
            "member_share": standing(item.premise, item.proposition)[1],
            **rule_answers(*asking.oracle.put_as(answer.request)),  # type: ignore[typeddict-item]
            "split": item.split,
            "solver": parameters["label"],
            "oracle_nature": asked.nature,
            "oracle": asked.described,
            **judged(item, answer.value),
            "confidence": sure,
            "log_odds": answer.log_odds,
            "replicate": answer.replicate,
            "wording": answer.wording,
            "negated": answer.negated,
            "reason": answer.reason,
            "tokens_in": answer.tokens_in,
            "tokens_out": answer.tokens_out,
            "cost": answer.cost,
            "local_answers": 1,
            "local_wrong": int(answer.value is not None and answer.value != item.answer),
            "local_silent": int(answer.value is None),
        }
        rows.append(row)
    return Outcome(tuple(rows), {"oracle": sum(answer.latency for answer in answers)})


def _estimate(parameters: Mapping[str, Any]) -> Estimate | None:
    asking = _read(parameters)
    if not isinstance(asking.oracle, LanguageModelOracle):
        return None
    return estimate(asking.oracle, asking.questions, len(asking.questions) * int(parameters["repeats"]))


def _waits(parameters: Mapping[str, Any]) -> bool:
    return _asked(parameters).waits


#: Puts local questions with known answers to oracles.
LOCAL = register(Study("local", 1, LocalSettings, _plan, _work, _work_async, waits=_waits, estimate=_estimate))


# --- comparing ----------------------------------------------------------------------------------------


def calibrations(frame: pd.DataFrame, level: float = 0.95) -> dict[str, Calibration]:
    """How reliable each oracle was: sensitivity, specificity, repeat correlation, log-odds and more.

    Args:
        frame: results of the study ``local``.
        level: of the intervals.

    Returns:
        For each label of an oracle a :class:`causalpp.Calibration`, whose ``by`` tells the rates by kind of question,
        number of variables, length of the path or wording.

    Raises:
        InvalidData: the table is not of that study.
    """
    needed = {"solver", "question", "relation", "label", "answer", "replicate", "path", "graph"}
    if not needed <= set(frame.columns):
        raise InvalidData(f"local answers have the columns {', '.join(sorted(needed))}: run the study 'local'")
    out: dict[str, Calibration] = {}
    words = {True: "yes", False: "no"}
    for label, part in frame.groupby("solver", sort=False):
        table = part.rename(columns={"relation": "kind", "graph": "world", "label": "truth"})
        table["answer"] = [words.get(value, "abstain") for value in part["answer"].astype(object)]
        table["name"] = ""
        table = table.astype({"path": "Int64", "log_odds": "float64", "truth": bool, "negated": bool})
        out[str(label)] = Calibration(table.reset_index(drop=True), level, str(part["oracle_nature"].iloc[0]))
    return out


def comparison_of_oracles(frame: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Oracles side by side: one row each, or one for each value of a column.

    Args:
        frame: results of the study ``local``.
        by: None, or what :meth:`causalpp.Calibration.by` takes, such as ``"kind"``, ``"variables"`` or ``"path"``.

    Returns:
        Accuracy, sensitivity, specificity, abstention and, without ``by``, the correlation of repeats and the slope
        and intercept of the log-odds, each with its interval.

    Raises:
        InvalidData: the table is not of that study.
        InvalidParameter: a column that rates cannot be told by.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    tables: list[pd.DataFrame] = []
    for label, found in calibrations(frame).items():
        if by is not None:
            table = found.by(by).reset_index()
            table.insert(0, "solver", label)
            table.insert(1, "oracle_nature", found.oracle_nature)
            tables.append(table)
            continue
        said = found.frame["answer"] != "abstain"
        right = (found.frame["answer"] == "yes") == found.frame["truth"]
        row: dict[str, Any] = {
            "solver": label,
            "oracle_nature": found.oracle_nature,
            "questions": found.questions,
            "answers": len(found.frame),
            "accuracy": float(right[said].mean()) if said.any() else math.nan,
        }
        for name in ("sensitivity", "specificity", "abstention", "repeat_correlation", "intercept", "slope"):
            value = getattr(found, name)
            row |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        rows.append(row)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(rows)
