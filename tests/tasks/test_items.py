"""Items of any kind: scored by their scorer, kept in files, answered by solvers and told apart in results."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from causalpp.benchmarks import Config, Solution, Solver, run
from causalpp.benchmarks.metrics import score as scored
from causalpp.benchmarks.reports.compare import compare
from causalpp.errors import FormatError, InvalidData, InvalidParameter, UnknownName
from causalpp.tasks import (
    OUTCOMES,
    Benchmark,
    Exact,
    Item,
    Number,
    Score,
    Scorer,
    Target,
    YesNo,
    generate,
    interventional_set,
    read_items,
    score,
    with_splits,
)  # fmt: skip

NUMBER = Item("n", "P(Y = 1 | do(X = 1)) = ?", Target(0.31, Number(0.005, key="PROB")), group="a", about={"n": 1})
WORD = Item("w", "Which fruit is yellow?", Target("banana", Exact()), group="b")
ASKED = Item("y", "Does smoking cause cancer?", Target(True, YesNo()), group="c")


@dataclass(frozen=True)
class Digits(Scorer):
    """How many of the digits of the right number are said, in their places."""

    most: int = 3

    def read(self, text: str) -> str | None:
        return "".join(c for c in text if c.isdigit())[: self.most] or None

    def compare(self, said: Any, right: Any) -> Score:
        return Score(sum(a == b for a, b in zip(said, right)) / len(right), said)


@dataclass(frozen=True)
class Says(Solver):
    """Says the same of every item."""

    text: str = ""
    name = "says"

    def solve(self, item: Item) -> Solution:
        assert item.target.value is None
        return Solution(self.text or None)


@dataclass(frozen=True)
class Two(Solver):
    """Says the number two of every item."""

    name = "two"

    def solve(self, item: Item) -> Solution:
        return Solution(2.0)


@dataclass(frozen=True)
class Dose(Item):
    """A kind of item with a field more, and none that it says to be what tells its rows."""

    milligrams: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    stored = (*Item.stored, "milligrams", "notes")


class Renamed(Item):
    """A kind that stores what its parent does."""


@dataclass(frozen=True)
class Between(Scorer):
    """Takes two numbers, and looks at nothing else."""

    def read(self, text: str) -> list[float] | None:
        found = [float(word) for word in text.split() if word.replace(".", "").isdigit()]
        return found if len(found) == 2 else None

    def compare(self, said: Any, right: Any) -> Score:
        low, high = said
        return Score(float(low <= right <= high), said)


@pytest.mark.parametrize(
    ("item", "reply", "outcome"),
    [
        (NUMBER, '{"PROB": 0.3}\n{"ANSWER": "no", "prob": "0.312"}', "right"),
        (NUMBER, '{"PROB": 0.3}', "wrong"),
        (NUMBER, "0.31", "no answer"),
        (NUMBER, 0.305, "right"),
        (NUMBER, True, "wrong"),
        (NUMBER, [0.31], "wrong"),
        (Item("0", "?", Target(0.0, Number())), False, "wrong"),
        (NUMBER, None, "no answer"),
        (WORD, " Banana\n", "right"),
        (WORD, "cherry", "wrong"),
        (WORD, "  ", "no answer"),
        (ASKED, "Yes.", "right"),
        (ASKED, False, "wrong"),
        (ASKED, "unsure", "no answer"),
        (ASKED.blind(), "Yes.", "not known"),
        (ASKED.blind(), "unsure", "no answer"),
    ],
)
def test_replies_are_right_wrong_or_none(item: Item, reply: object, outcome: str) -> None:
    found = score(item, reply)
    assert found.outcome == outcome
    assert found.outcome in OUTCOMES
    if item.target.value is not None:
        assert found.value == float(outcome == "right")


@pytest.mark.parametrize("off", [0.0, 0.01, 0.0999, 0.1, 0.1001, 1.0])
@pytest.mark.parametrize("right", [2.0, -2.0, 0.0])
def test_a_number_is_right_within_its_tolerance(off: float, right: float) -> None:
    for sign in (1, -1):
        said = right + sign * off
        close = off <= 0.1 or math.isclose(off, 0.1)
        assert score(Item("1", "?", Target(right, Number(0.1))), f"It is {said:.6f}").value == float(close)
        share = off <= 0.1 * abs(right) + 1e-12
        assert score(Item("1", "?", Target(right, Number(0.1, relative=True))), said).value == float(share)
    with pytest.raises(InvalidParameter, match="tolerance"):
        Number(-1.0)


def test_a_scorer_of_ones_own_is_kept_with_its_item(tmp_path: Path) -> None:
    item = Item("1", "pi?", Target("314", Digits()))
    assert score(item, "3.24").value == pytest.approx(2 / 3)
    assert score(item, "3.24").outcome == "partly right"
    assert item.to_dict()["target"] == {"value": "314", "scorer": {"scorer": f"{__name__}:Digits", "most": 3}}
    made = Benchmark((item, NUMBER, WORD, ASKED))
    for name in ("items.jsonl", "items.parquet"):
        if name.endswith("parquet"):
            pytest.importorskip("pyarrow")
        made.save(tmp_path / name)
        assert tuple(read_items(tmp_path / name)) == made.items
    assert "## Counts" in made.card()
    assert {found.split for found in with_splits(made.items, {"train": 0.5, "test": 0.5})} == {"train", "test"}


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"target": {"value": 1}}, FormatError, "'value' and a 'scorer'"),
        ({"target": {"value": 1, "scorer": {"scorer": "number", "tolrance": 1}}}, FormatError, "tolrance"),
        ({"target": {"value": 1, "scorer": {}}}, FormatError, "no scorer"),
        ({"target": {"value": 1, "scorer": {"scorer": "nmber"}}}, UnknownName, "did you mean 'number'"),
        ({"target": {"value": 1, "scorer": {"scorer": "os:path"}}}, FormatError, "no scorer"),
        ({"colour": "red"}, FormatError, "unknown field 'colour'"),
    ],
)
def test_what_is_no_item(change: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Item.from_dict({**NUMBER.to_dict(), **change})


def test_a_file_of_items_imports_nothing(tmp_path: Path) -> None:
    row = {**NUMBER.to_dict(), "target": {"value": 1, "scorer": {"scorer": "antigravity:Digits"}}}
    (tmp_path / "items.jsonl").write_text(json.dumps(row))
    with pytest.raises(FormatError, match="row 1: a file imports no code"):
        list(read_items(tmp_path / "items.jsonl"))
    assert "antigravity" not in sys.modules


def test_every_kind_is_read_by_its_columns() -> None:
    corr = generate(4, rows=12, seed=0).items[0]
    assert Item.from_dict(json.loads(json.dumps(corr.to_dict()))) == corr
    assert corr.target == Target(corr.label, YesNo())
    assert corr.blind().target.value is None
    assert corr.premise in corr.prompt
    assert corr.hypothesis in corr.prompt


def test_items_of_any_kind_are_solved_and_no_answer_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    items = [item.to_dict() for item in (NUMBER, WORD, ASKED)]
    texts = ('{"PROB": 0.31}', "cherry", "")
    solvers = [{"solver": f"{__name__}:Says", "label": text or "nothing", "text": text} for text in texts]
    solvers += ["always-yes", "symbolic"]
    part = {"study": "solve", "items": items, "solvers": solvers}
    frame = run(Config.from_dict({"name": "x", "parts": [part]}), tmp_path, jobs=1).frame("solve")
    told = {(row["solver"], row["item"]): row["outcome"] for row in frame.to_dict("records")}
    assert [told[texts[0], name] for name in "nwy"] == ["right", "wrong", "no answer"]
    assert [told["cherry", name] for name in "nwy"] == ["no answer", "wrong", "no answer"]
    assert [told["nothing", name] for name in "nwy"] == ["no answer"] * 3
    assert told["always-yes", "y"] == "right"
    assert [told["symbolic", name] for name in "nwy"] == ["no answer"] * 3
    assert set(frame[frame["solver"] == "symbolic"]["reason"]) == {"FormatError"}
    assert set(frame[frame["item"] == "n"]["target"]) == {"0.31"}
    table = scored(frame, ["solver"], draws=0).set_index("solver")
    assert table.loc["nothing", ["accuracy", "wrong", "abstention"]].tolist() == [0.0, 0.0, 1.0]
    third = pytest.approx(1 / 3)
    assert table.loc["cherry", ["accuracy", "wrong", "abstention"]].tolist() == [0.0, third, pytest.approx(2 / 3)]
    assert table.loc[texts[0], ["accuracy", "wrong", "abstention"]].tolist() == [third] * 3


def test_a_kind_of_ones_own_leaves_the_rows_of_others_alone() -> None:
    dose = Dose("d", "How much?", Target(2.0, Number()), milligrams=2.0)
    assert Item.from_dict(json.loads(json.dumps(dose.to_dict()))) == dose
    assert type(Item.from_dict(NUMBER.to_dict())) is Item
    assert type(Renamed.from_dict(NUMBER.to_dict())) is Renamed


def test_items_of_several_kinds_are_kept_together(tmp_path: Path) -> None:
    corr = generate(4, rows=12, seed=0).items[:2]
    local = interventional_set(corr[:1], per_kind=1)
    dose = Dose("d", "How much?", Target(None, Between()), milligrams=2.0, notes={"a": {"b": [1, None]}})
    for items in ((NUMBER, *corr, dose, *local), (*local, NUMBER), (dose,)):
        made = Benchmark(tuple(items))
        for name in ("items.jsonl", "items.parquet"):
            if name.endswith("parquet"):
                pytest.importorskip("pyarrow")
            made.save(tmp_path / name)
            assert Benchmark.load(tmp_path / name).items == made.items
    found = Benchmark((NUMBER, *corr, WORD)).counts()
    assert found["scorer"] == {"exact": 1, "number": 1}
    assert sum(found["label"].values()) == 2
    with pytest.raises(FormatError, match=r"write them to \.jsonl"):
        Benchmark((dose, Dose("e", "?", Target(1, Number()), milligrams="two"))).save(tmp_path / "x.parquet")  # type: ignore[arg-type]


def test_answers_of_any_sort_leave_results_that_can_be_scored(tmp_path: Path) -> None:
    """A number for a yes or no, a truth value for a range: each is told, and the others are scored and compared."""
    pytest.importorskip("pyarrow")
    ranged = Item("r", "How much?", Target(0.3, Between()))
    with pytest.raises(InvalidData, match=r"'Between' cannot compare False, an answer to the item 'r', with 0\.3"):
        score(ranged, False)
    items = [item.to_dict() for item in (NUMBER, ASKED, Dose("d", "How much?", Target(2.0, Number()), milligrams=2.0))]
    solvers = ["always-yes", {"solver": f"{__name__}:Says", "label": "two", "text": "2"}, f"{__name__}:Two"]
    part = {"study": "solve", "items": items, "solvers": solvers}
    found = run(Config.from_dict({"name": "x", "parts": [part]}), tmp_path, jobs=1)
    frame = found.frame("solve")
    told = {(row["solver"], row["item"]): row["outcome"] for row in frame.to_dict("records")}
    assert [told[f"{__name__}:Two", name] for name in "nyd"] == ["wrong", "wrong", "right"]
    assert [told["two", name] for name in "nyd"] == ["no answer", "no answer", "right"]
    assert [told["always-yes", name] for name in "nyd"] == ["wrong", "right", "wrong"]
    assert scored(frame, draws=0)["accuracy"].tolist() == pytest.approx([1 / 3] * 3)
    assert frame.loc[frame["item"] == "y", "answer"].dropna().tolist() == [True]
    (c,) = compare(found, found, solvers=("always-yes", "two"))
    assert (c.items, c.both, c.only_first, c.only_second, c.neither, c.silent_second) == (3, 0, 1, 1, 1, 2)
    other = [{**values, "target": {**values["target"], "value": 7}} for values in items if values["id"] != "y"]
    moved = run(Config.from_dict({"name": "x", "parts": [{**part, "items": other}]}), tmp_path / "moved", jobs=1)
    with pytest.raises(InvalidData, match="has one target in one run and another one in the other"):
        compare(found, moved)
