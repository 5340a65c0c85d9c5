"""Text becomes a frame: separators, names of rows, missing values and decimal commas, each said; traps are refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.cli.frames import parse_frame, read_frame
from causalpp.errors import FormatError, InvalidData

nan = float("nan")


def columns(text: str) -> dict[str, list[object]]:
    frame, _ = parse_frame(text)
    return {str(name): [None if pd.isna(v) else v for v in frame[name].astype(object)] for name in frame.columns}


@pytest.mark.parametrize(
    ("separator", "said"), [(",", None), ("\t", "tabs"), (";", "semicolons"), ("|", "bars"), ("  ", "blanks")]
)
def test_separators(separator: str, said: str | None) -> None:
    rows = [["rain", "wet"], ["1", '"yes"'], ["2", "no"], ["1.5", "yes"]]
    frame, notes = parse_frame("\n".join(map(separator.join, rows)) + "\n")
    assert frame["rain"].tolist() == [1, 2, 1.5]
    assert frame["wet"].tolist() == ["yes", "no", "yes"]
    assert notes == ([] if said is None else [f"its columns are separated by {said}"])


def test_whole_numbers_stay_whole() -> None:
    assert parse_frame("a,b\n1,1\n2,\n")[0].dtypes.map(str).tolist() == ["int64", "float64"]


@pytest.mark.parametrize(
    "text",
    [
        '"","a","b"\n"1",1,2\n"2",3,4\n',  # write.csv
        '"a" "b"\n"1" 1 2\n"2" 3 4\n',  # write.table
        '"a"\t"b"\n"1"\t1\t2\n"2"\t3\t4\n',
        '"";"a";"b"\n"Mazda RX4";1;2\n"Fiat 128";3;4\n',  # write.csv2 of rows with names
        "a,b\nMazda RX4,1,2\nFiat 128,3,4\n",
        ",a,b\n0,1,2\n1,3,4\n",  # pandas
        ",a,b\n17,1,2\n3,3,4\n",  # R, after rows were chosen
        "sep=,\na,b,\n1,2,\n3,4,\n",  # a spreadsheet, with an empty column at the end
    ],
)
def test_names_and_numbers_of_rows_are_no_column(text: str) -> None:
    notes = parse_frame(text)[1]
    assert columns(text) == {"a": [1, 3], "b": [2, 4]}
    assert "sep=" in text or any("left out" in note for note in notes)


def test_a_first_column_without_a_name_that_repeats_is_not_passed_over() -> None:
    with pytest.raises(InvalidData, match="column 1 has no name"):
        parse_frame(",a\nx,1\nx,2\n")
    with pytest.raises(FormatError, match="line 2: 3 values under 2"):
        parse_frame("a,b\n1,2,3\n4,5,6\n")


@pytest.mark.parametrize(
    ("cells", "values", "marks"),
    [
        (["*", "1", "2"], [None, 1, 2], ["*"]),
        (["?", "1.5", "."], [None, 1.5, None], ["?", "."]),
        (["None", "1", "2"], [None, 1, 2], ["None"]),
        (["-", "1", "2"], [None, 1, 2], ["-"]),
        (["None", "Mild", "Severe"], ["None", "Mild", "Severe"], []),
        (["?", "Private", "State-gov"], [None, "Private", "State-gov"], ["?"]),
        (["+", "-", "+"], ["+", "-", "+"], []),
        (["*", "**", "*"], ["*", "**", "*"], []),
        (["NA", "x", "y"], [None, "x", "y"], []),
        (["", "x", "N/A"], [None, "x", None], []),
        (["NaN", "1", "<NA>"], [None, 1, None], []),
        (["5-12", "<5", "12+"], ["5-12", "<5", "12+"], []),
        (["0,5", "1", "-1,25e2"], [0.5, 1, -125], []),
        (["0,125", "1,500", "?"], [0.125, 1.5, None], ["?"]),
    ],
)
def test_what_is_missing_and_what_is_a_state(cells: list[str], values: list[object], marks: list[str]) -> None:
    text = "a;b\n" + "".join(f"{cell};{k}\n" for k, cell in enumerate(cells))
    assert columns(text)["a"] == values
    said = [note for note in parse_frame(text)[1] if "is missing" in note]
    assert said == [f"'a' has {mark!r} where a value is missing (1 row)" for mark in marks]


def test_a_quoted_mark_beside_an_unquoted_one_is_a_word() -> None:
    assert columns('a,b\n"NA",1\nNA,2\n"DE",3\n')["a"] == ["NA", None, "DE"]  # R: Namibia, missing, Germany
    assert columns('"a","b"\n"NA","1"\n"DE","3"\n')["a"] == [None, "DE"]  # everything is quoted


@pytest.mark.parametrize("cell", ["1,234", "1,234.5", "1.234,5", "1.234.567", "1 234", "1'234", "1_234", "12 345 678"])
def test_thousands_separators_are_refused_with_their_line(cell: str) -> None:
    with pytest.raises(InvalidData, match=r"line 3: column 'a' has .* thousands separator; write numbers without one"):
        parse_frame(f"a\tb\n5\t1\n{cell}\t2\n7\t3\n")
    with pytest.raises(InvalidData, match=r"line 2: column 'a' has .* thousands separator"):
        parse_frame(f'"a","b"\n"{cell}",1\n"{cell}",2\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (",\n", "is empty"),
        ("a;b\n1;2\n1;2;3\n", "line 3: 3 values under 2 column names, separated by semicolons"),
        ("a b c\n1 2 3\n1 2\n", "line 3: 2 values under 3 column names, separated by blanks"),
        ("a,b\n1,2\n\n3\n", "line 4: 1 values under 2"),
        ('a,b\n"x,2\n', "line 2: the table is broken"),
        ("a,a\n1,2\n", "'a' is used more than once"),
        ("a,b\n", "no rows"),
        ("a\tb\n1.5\t2\nfoo\t3\n2.5\t1\n", "line 3: column 'a' has 'foo' among numbers"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises((FormatError, InvalidData), match=message):
        parse_frame(text)


def test_what_was_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.tsv"
    path.write_text("\ufeffa\tb\n*\t1\n2\t2\n", encoding="utf-8")
    assert read_frame(path)["a"].isna().tolist() == [True, False]
    assert capsys.readouterr().err.splitlines() == [
        f"{path}: its columns are separated by tabs",
        f"{path}: 'a' has '*' where a value is missing (1 row)",
    ]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_frames_of_numbers_and_words_come_back(data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from([",", "\t", ";", "|"]))
    word = st.text(alphabet="abcXYZ 'éß" + separator, min_size=1, max_size=6).map(lambda w: f"w{w}w")
    number = st.one_of(st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False))
    names = data.draw(st.lists(word, min_size=2, max_size=4, unique=True))
    size = data.draw(st.integers(2, 6))
    wanted = {name: data.draw(st.lists(data.draw(st.sampled_from([word, number])), min_size=size, max_size=size))
              for name in names}  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerows([list(wanted), *zip(*wanted.values(), strict=True)])
    found = parse_frame(out.getvalue())[0]
    assert list(found.columns) == names
    for name in names:
        if isinstance(wanted[name][0], str):
            assert found[name].tolist() == wanted[name]
        else:
            assert np.array_equal(found[name].to_numpy(dtype=float), np.array(wanted[name], dtype=float))


def test_blanks_around_words_make_no_further_state() -> None:
    frame, _ = parse_frame('a,b\nyes ,1\nyes,2\n" yes",3\nno\t,4\n')
    assert frame["a"].tolist() == ["yes", "yes", "yes", "no"]
