"""CauGym in files: what ships, conversations for trainers, Parquet, and the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from causalpp._files import data_path
from causalpp.cli import main
from causalpp.errors import FormatError, InvalidParameter
from causalpp.tasks import (
    LAYOUTS,
    Benchmark,
    Exact,
    Item,
    Target,
    caugym,
    conversations,
    generate,
    load_benchmark,
    read_items,
    score,
    write_conversations,
)


@pytest.fixture(scope="module")
def made() -> Benchmark[caugym.CauGymItem]:
    return caugym.generate(21, sets=caugym.SETS, seed=3)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main([*arguments])
    said = capsys.readouterr()
    return int(done.value.code or 0), said.out, said.err


def test_the_set_that_ships_is_what_its_command_makes() -> None:
    small = load_benchmark("caugym-small")
    assert small.about["command"] == "causalpp generate caugym --out caugym-small.jsonl --rows 21 --set all --seed 0"
    assert caugym.generate(21, sets=caugym.SETS, seed=0).items == small.items
    assert {(item.quantity, item.set) for item in small} == {(q, s) for q in caugym.QUANTITIES for s in caugym.SETS}
    files = (data_path() / "benchmarks").glob("caugym-small*")
    assert sum(file.stat().st_size for file in files) <= 200_000


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_files_hold_all_of_an_item(tmp_path: Path, made: Benchmark[caugym.CauGymItem], ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    files = made.save(tmp_path / f"set.{ending}")
    assert [file.name for file in files] == [f"set.{ending}", "set.md", "set.about.json"]
    back = Benchmark.load(files[0])
    assert back.items == made.items
    assert back.about["sets"] == list(caugym.SETS)
    card = files[1].read_text()
    assert "| insufficient | 42 |" in card
    assert "arXiv 2602.06337" in card


def test_packed_files_are_read(tmp_path: Path, made: Benchmark[caugym.CauGymItem]) -> None:
    plain = made.save(tmp_path / "set.jsonl")[0]
    packed = tmp_path / "test.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert [item.id for item in read_items(packed)] == [item.id for item in made]
    assert len(list(read_items(tmp_path))) == 2 * len(made)
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(FormatError, match="damaged or incomplete"):
        list(read_items(packed))
    packed.write_bytes(b"no gzip")
    with pytest.raises(FormatError, match="not a gzipped file"):
        list(read_items(packed))
    (tmp_path / "a.parquet.gz").write_bytes(b"")
    with pytest.raises(FormatError, match="packed as it is"):
        list(read_items(tmp_path / "a.parquet.gz"))


def test_programs_are_not_divided_between_splits() -> None:
    made = caugym.generate(70, sets=("plain", "rephrased"), seed=1, shares={"train": 0.5, "test": 0.5})
    split_of: dict[str, str] = {}
    for item in made:
        assert split_of.setdefault(item.group, item.split) == item.split
    assert set(split_of.values()) == {"train", "test"}


# --- conversations --------------------------------------------------------------------------------------


def test_solutions_are_right_and_mistakes_wrong(made: Benchmark[caugym.CauGymItem]) -> None:
    outcomes = set()
    for item in made:
        assert score(item, item.reply).outcome == "right"
        assert score(item, item.solution).outcome == "right"
        found = score(item, item.mistake)
        assert found.outcome == "wrong"
        outcomes.add(found.reason.partition(":")[0])
        if item.derivation:
            assert f"{item.derivation[-2]['what']} = " in item.solution
            assert all(step["what"] in item.solution for step in item.derivation[:-1])
    assert outcomes == {"abstained", "did not abstain", "ANSWER", "PROB"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_conversations_have_the_columns_that_trainers_read(
    tmp_path: Path, made: Benchmark[caugym.CauGymItem], layout: str
) -> None:
    file = write_conversations(made, tmp_path / "rows.jsonl", layout)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) == len(made) * (2 if layout == "labelled" else 1)
    for row in rows:
        names = {"prompt", *LAYOUTS[layout], *(["label"] if layout == "labelled" else [])}
        assert set(row) == names | {"id", "split", "answer"}
        assert row["prompt"][0]["role"] == "user"
        assert all(row[name][0]["role"] == "assistant" for name in LAYOUTS[layout])
    by_id = {item.id: item for item in made}
    for row in rows:
        item = by_id[row["id"]]
        assert (row["prompt"][0]["content"], json.loads(row["answer"])) == (item.prompt, item.target.value)
        for name in LAYOUTS[layout]:
            right = row["label"] if layout == "labelled" else name != "rejected"
            assert score(item, row[name][0]["content"]).value == float(right)


def test_our_own_conversations_are_read_again(tmp_path: Path, made: Benchmark[caugym.CauGymItem]) -> None:
    for layout in ("completion", "preference", "labelled"):
        items = list(read_items(write_conversations(made, tmp_path / f"{layout}.jsonl", layout)))
        assert {type(item).__name__ for item in items} == {"PublishedItem"}
        for item in items[:: 2 if layout == "labelled" else 1]:
            assert item.target.value is not None


def test_conversations_of_other_items_and_bad_ones(tmp_path: Path) -> None:
    rows = list(conversations(generate(3, rows=4, seed=0), "preference"))
    assert {row["chosen"][0]["content"] for row in rows} <= {"yes", "no"}
    assert all(row["chosen"] != row["rejected"] for row in rows)
    with pytest.raises(InvalidParameter, match="no layout 'chat'"):
        list(conversations([], "chat"))
    text = Item("1", "?", Target("a", Exact()))
    with pytest.raises(FormatError, match="no wrong reply is known"):
        list(conversations([text], "preference"))
    with pytest.raises(FormatError, match="not known of the item '1'"):
        list(conversations([text.blind()]))
    with pytest.raises(FormatError, match=r"written to \.jsonl"):
        write_conversations([text], tmp_path / "rows.csv")


# --- the command line -----------------------------------------------------------------------------------


def test_generate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "words.jsonl"
    code, out, err = run(
        capsys, "generate", "caugym", "--out", str(file), "--rows", "4", "--quantity", "ate", "--quantity", "PN",
        "--set", "plain", "--set", "insufficient", "--sizes", "3,5", "--no-twins", "--layout", "preference",
        "--seed", "5", "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert {Path(name).name for name in told["files"]} == {path.name for path in tmp_path.iterdir()}
    made = Benchmark.load(file)
    again = caugym.generate(
        4, quantities=("ATE", "PN"), sets=("plain", "insufficient"), sizes=(3, 5), twins=False, seed=5
    )
    assert made.items == again.items
    assert len((tmp_path / "words-preference.jsonl").read_text().splitlines()) == told["items"] == 8
    assert "causalpp generate caugym --out words.jsonl" in (tmp_path / "words.md").read_text()
    assert "--no-twins" in (tmp_path / "words.md").read_text()
    code, out, _ = run(capsys, "generate", "caugym", "--out", str(tmp_path / "b"), "--format", "jsonl", "--rows", "7")
    assert code == 0
    assert "14 items about 7 programs" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--quantity", "CATE"], "there is no quantity 'CATE'"),
        (["--set", "harder"], "there is no set 'harder'"),
        (["--set", "all", "--set", "harder"], "there is no set 'harder'"),
        (["--splits", "nan,0,1"], "shares"),
        (["--story", "dragons"], "there is no story 'dragons'"),
        (["--sizes", "9"], "2 to 8 variables"),
        (["--splits", "1"], "three shares"),
        (["--format", "parquet"], "is not the name of a .parquet file"),
    ],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], message: str) -> None:
    code, out, err = run(capsys, "generate", "caugym", "--out", str(tmp_path / "items.jsonl"), *options)
    assert (code, out) == (1, "")
    assert message in err
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_told_before_anything_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caugym, "generate", None)
    for name in ("words.csv", "words"):
        code, out, err = run(capsys, "generate", "caugym", "--out", str(tmp_path / name))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "items are written to .jsonl or .parquet" in err


def test_a_task_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "generate", "chess", "--out", "x.jsonl")
    assert code != 0
    assert "No such command 'chess'" in err
