"""Items come from files of every published format, and what is wrong with a row is said of that row."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_rows import some_rows

from causalpp.errors import FormatError, MissingDependency
from causalpp.tasks import audit, generate, read_items
from causalpp.tasks.corr2cause.layouts import label_of
from causalpp.tasks.items.loaders import item_of, load_published


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return some_rows()


# --- formats ------------------------------------------------------------------------------------------


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter="," if path.suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        pd.DataFrame(rows).to_parquet(path, index=False)
    elif path.stem == "rows":
        path.write_text(json.dumps({"revision": "abc", "rows": rows}, indent=1))
    elif path.stem == "columns":
        path.write_text(pd.DataFrame(rows).to_json())
    else:
        path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize(
    "name", ["test.csv", "test.tsv", "test.jsonl", "test.parquet", "test.json", "rows.json", "columns.json"]
)
def test_every_format_gives_the_same_items(tmp_path: Path, rows: list[dict[str, Any]], name: str) -> None:
    path = write(tmp_path / name, rows[:300])
    found = list(read_items(path))
    assert [item.text for item in found] == [row["input"] for row in rows[:300]]
    assert [item.label for item in found] == [bool(row["label"]) for row in rows[:300]]
    assert {item.split for item in found} == {"test" if name.startswith("test") else ""}
    assert {item.relation for item in found} == {
        "parent", "child", "ancestor", "descendant", "collider", "confounder",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["lines", "indented", "index", "table", "lists", "list column"])
def test_json_is_written_in_many_ways(tmp_path: Path, rows: list[dict[str, Any]], form: str) -> None:
    """Among them what the packages datasets (lines) and pandas write into a file called .json."""
    frame = pd.DataFrame(rows[:200])
    text = {
        "lines": frame.to_json(orient="records", lines=True),
        "indented": "\n".join(json.dumps(row, indent=1) for row in rows[:200]),
        "index": frame.to_json(orient="index"),
        "table": frame.to_json(orient="table"),
        "lists": json.dumps(frame.to_dict("list")),
        "list column": "\n".join(json.dumps({"names": ["A", "B"], **row}) for row in rows[:200]),
    }[form]
    path = tmp_path / "set.json"
    path.write_text(text)
    found = list(read_items(path))
    assert [(i.text, i.label) for i in found] == [(row["input"], bool(row["label"])) for row in rows[:200]]


def test_the_splits_of_one_json_file(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "all.json"
    parts = {"made": 'by "hand"', "train": rows[:100], "note": 1, "dev": [], "test": rows[100:130], "end": None}
    path.write_text(json.dumps(parts))
    found = list(read_items(path))
    assert [item.text for item in found] == [row["input"] for row in rows[:130]]
    assert audit(found).splits == {"train": 100, "test": 30}


@pytest.mark.parametrize(
    "heading", ["premise: {0}\nhypothesis: {1}", "Premise:{0} Hypothesis:{1}", "{0}\r\n\r\nHypothesis : {1}\r\n"]
)
def test_headings_are_found_however_they_are_written(rows: list[dict[str, Any]], heading: str) -> None:
    premise_text, _, hypothesis = rows[0]["input"].removeprefix("Premise: ").partition("\nHypothesis: ")
    item = item_of({"input": heading.format(premise_text, hypothesis), "label": 0}, 1, "", "")
    assert (item.premise, item.hypothesis) == (premise_text, hypothesis)


def test_rows_of_ours_that_were_changed_are_reported_one_by_one(tmp_path: Path) -> None:
    made = [item.to_dict() for item in generate(4, rows=12, seed=0)]
    changes: list[dict[str, Any]] = [
        {"label": 3}, {"label": "yes" if made[1]["label"] else "no"}, {"premise": None}, {"hypothesis": None},
        {"label": None}, {"note": "x"}, {"about": "in words"}, {"id": None, "pair": None},
    ]  # fmt: skip
    path = tmp_path / "ours.jsonl"
    path.write_text("".join(json.dumps(row | change) + "\n" for row, change in zip(made, changes)))
    found = audit(read_items(path))
    assert [(failure.row, failure.kind) for failure in found.failures] == [
        (1, "label"), (3, "premise"), (4, "hypothesis"), (5, "label"),
    ]  # fmt: skip
    assert found.checked == 4
    assert found.disagreements == ()


def test_a_text_column_called_about_is_no_error(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame(rows[:5]).assign(about="in words").to_parquet(tmp_path / "x.parquet")
    assert audit(read_items(tmp_path / "x.parquet")).clean


def test_the_rows_behind_the_published_sets(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """With premise, hypothesis, a label in words and an id that tells the relation."""
    behind = []
    for number, row in enumerate(rows[:50]):
        text, _, hypothesis = row["input"].partition("\nHypothesis: ")
        template = row["template"].replace("-", "_").replace(" ", "_")
        given_id = f"num_nodes={row['num_variables']}__causal_relation={template}__prob=0.3__{number}"
        label = "entailment" if row["label"] else "neutral"
        behind.append(
            {"id": given_id, "premise": text.removeprefix("Premise: "), "hypothesis": hypothesis, "label": label}
        )
    found = list(read_items(write(tmp_path / "train.json", behind)))
    published = [item_of(row, 1, "", "train") for row in rows[:50]]
    assert [(i.premise, i.hypothesis, i.label, i.relation, i.split) for i in found] == [
        (i.premise, i.hypothesis, i.label, i.relation, i.split) for i in published
    ]


def test_a_folder_has_its_splits_in_its_names(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    write(tmp_path / "train-00000-of-00001.parquet", rows[:20])
    write(tmp_path / "dev.csv", rows[20:30])
    write(tmp_path / "test.jsonl", rows[30:35])
    assert audit(read_items(tmp_path)).splits == {"validation": 10, "test": 5, "train": 20}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x.json", '[{"input": "a', "cut short"),
        ("x.json", '[{"input": "a", "label": 0}, 7]', "no object"),
        ("x.json", "seven", "no JSON"),
        ("x.json", "", "no JSON"),
        ("x.json", "{}", "no JSON array"),
        (
            "x.json",
            '{"columns": ["input"], "data": [["a"]]}',
            "none of .*'proposition', 'input'",
        ),
        ("x.json", '{"input": ["a", "b"], "label": [0]}', "equally long"),
        ("x.json", '{"input": "a"}\n{"input": ', "row 2"),
        ("x.jsonl", '{"input": "a"}\n{"input": ', "line 2"),
        ("x.jsonl", "[1]\n", "no object"),
        ("x.csv", 'input,label\n"a b c", 0, 1\n', "columns of the header"),
        ("x.csv", 'input,label\n"a b c\n', "line"),
        ("x.csv", "question,answer\n1,2\n", "none of .*'proposition', 'input'"),
        ("x.parquet", "PAR1", "no Parquet"),
        ("x.txt", "", "ends in"),
    ],
)
def test_unreadable_files_say_what_is_wrong(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        list(read_items(path))


def test_missing_and_empty_places(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        list(read_items(tmp_path / "none.csv"))
    with pytest.raises(FormatError, match="has no file"):
        list(read_items(tmp_path))
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        list(read_items(tmp_path / "x.jsonl"))


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["input", "label", "note"]), st.text() | st.integers() | st.none()), max_size=8
    )
)
def test_any_rows_come_back_from_json(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[dict[str, Any]]
) -> None:
    """A long text before each row makes blocks end anywhere."""
    rows = [{"input": str(row.get("input")), "pad": "]}, {[" * 3000, **row} for row in given_rows]
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_text(json.dumps(rows))
    assert [item.label for item in read_items(path)] == [item_of(row, 1, "", "").label for row in rows]


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_any_label_is_one_of_three(value: object) -> None:
    label, problem = label_of(value)
    assert (label is None) == bool(problem)
    if isinstance(value, bool):
        assert label is value


def test_a_large_file_is_streamed(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "large.json"
    with path.open("w") as file:
        file.write("[" + ",\n".join(json.dumps(dict(row, pad="x" * 3000)) for row in rows * 2) + "]")
    assert path.stat().st_size > 30_000_000
    tracemalloc.start()
    count = sum(1 for _ in read_items(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 3_000_000


def test_the_hub_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependency, match="pip install datasets"):
        next(load_published())


def test_published_rows_come_through_datasets(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]) -> None:
    """The package's own face, without the network."""
    import sys
    from types import ModuleType

    asked = []

    def load_dataset(name: str, **options: Any) -> Iterator[dict[str, Any]]:
        asked.append((name, options))
        return iter(rows)

    module = ModuleType("datasets")
    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    found = list(load_published("corr2cause", "dev", revision="abc", limit=7))
    assert asked == [("causalnlp/corr2cause", {"split": "dev", "revision": "abc", "streaming": True})]
    assert [item.text for item in found] == [row["input"] for row in rows[:7]]
    assert {item.split for item in found} == {"validation"}
