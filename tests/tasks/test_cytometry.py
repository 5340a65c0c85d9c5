"""Small files of our own, laid out as the public ones are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpp.errors import FormatError, InvalidData, InvalidParameter, UnknownVariable
from causalpp.tasks import read_cytometry, signalling_network

AUTHORS = ["praf", "pmek", "plcg", "PIP2", "PIP3", "p44/42", "pakts473", "PKA", "PKC", "P38", "pjnk"]
OURS = ["Raf", "Mek", "Plcg", "PIP2", "PIP3", "Erk", "Akt", "PKA", "PKC", "P38", "Jnk"]


def cells(rows: int, seed: int = 0, names: list[str] = AUTHORS) -> pd.DataFrame:
    return pd.DataFrame(np.exp(np.random.default_rng(seed).normal(3, 1, (rows, 11))).round(2), columns=names)


def test_the_networks() -> None:
    assert len(signalling_network().edges) == 17
    assert len(signalling_network(20).edges) == 20
    assert set(signalling_network().nodes) == set(OURS)
    with pytest.raises(InvalidParameter, match="17 edges or 20"):
        signalling_network(18)


def test_a_folder_of_sheets(tmp_path: Path) -> None:
    cells(3).to_csv(tmp_path / "1. cd3cd28.csv", index=False)
    cells(4, 1).to_csv(tmp_path / "3. cd3cd28+aktinhib.csv", index=False)
    cells(2, 2, ["Raf", "Mek", "PLCg", *AUTHORS[3:]]).to_csv(tmp_path / "8. pma.csv", index=False, encoding="utf-8-sig")
    cells(5, 3).to_csv(tmp_path / "10. cd3cd28icam2+aktinhib.csv", index=False)
    (tmp_path / "readme.md").write_text("of the sheets")
    found = read_cytometry(tmp_path)
    assert list(found.frame.columns) == OURS
    assert found.interventions == (None,) * 3 + ("Akt",) * 4 + ("PKC",) * 2
    assert found.conditions[:3] == ("cd3cd28",) * 3
    assert found.frame.to_numpy()[3:7] == pytest.approx(cells(4, 1).to_numpy())
    assert len(read_cytometry(tmp_path, further=True).frame) == 14
    assert read_cytometry(tmp_path, targets={"pma": None}).interventions[-1] is None
    with pytest.raises(UnknownVariable):
        read_cytometry(tmp_path, targets={"pma": "TNF"})
    with pytest.raises(InvalidParameter, match="no condition"):
        read_cytometry(tmp_path, targets={"pmma": None})


def test_numbers_with_decimal_commas_and_row_names(tmp_path: Path) -> None:
    cells(6).to_csv(tmp_path / "cd3cd28.csv", sep=";", decimal=",")
    assert read_cytometry(tmp_path).frame.to_numpy() == pytest.approx(cells(6).to_numpy())


def test_a_table_with_a_column_of_targets(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.integers(1, 4, (40, 11)), columns=[*AUTHORS[:5], "p44.42", *AUTHORS[6:]])
    frame["INT"] = np.repeat([0, 2, 7, 9], 10)
    frame.to_csv(tmp_path / "levels.txt.gz", sep=" ", index=False)
    found = read_cytometry(tmp_path / "levels.txt.gz")
    assert found.interventions == (None,) * 10 + ("Mek",) * 10 + ("Akt",) * 10 + ("PKC",) * 10
    assert found.discrete
    assert found.levels() is found
    with pytest.raises(InvalidData, match="logarithms"):
        found.logarithms()
    frame["INT"] = np.repeat(["", "pmek", "Akt", "none"], 10)
    frame.to_csv(tmp_path / "named.csv", index=False)
    assert read_cytometry(tmp_path / "named.csv").interventions[9:31:10] == (None, "Mek", "Akt")
    for wrong, error in (("12", InvalidData), ("TNF", UnknownVariable)):
        frame.assign(INT=wrong).to_csv(tmp_path / "wrong.csv", index=False)
        with pytest.raises(error):
            read_cytometry(tmp_path / "wrong.csv")


def test_a_table_without_targets(tmp_path: Path) -> None:
    cells(99).to_csv(tmp_path / "cells.csv", index=False)
    found = read_cytometry(tmp_path / "cells.csv")
    assert found.interventions is None
    assert found.logarithms().frame.to_numpy() == pytest.approx(np.log(cells(99).to_numpy()))
    levels = found.levels(3).frame
    assert levels.apply(lambda x: x.value_counts()).to_numpy() == pytest.approx(33)
    assert (levels["Raf"] == "3").equals(found.frame["Raf"] >= found.frame["Raf"].sort_values().iloc[66])
    with pytest.raises(InvalidParameter):
        found.levels(1)


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
def test_workbooks(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("python_calamine")
    if suffix == ".xls":
        write = pytest.importorskip("xlwt")
        book = write.Workbook()
        for name, seed in (("1. cd3cd28", 0), ("6. cd3cd28+u0126", 1)):
            sheet = book.add_sheet(name)
            for j, column in enumerate(cells(5, seed)):
                sheet.write(0, j, column)
                for i, value in enumerate(cells(5, seed)[column], start=1):
                    sheet.write(i, j, float(value))
        book.save(str(tmp_path / "all.xls"))
    else:
        pytest.importorskip("openpyxl")
        with pd.ExcelWriter(tmp_path / "all.xlsx") as book:
            cells(5).to_excel(book, sheet_name="1. cd3cd28", index=False)
            cells(5, 1).to_excel(book, sheet_name="6. cd3cd28+u0126", index=False)
    found = read_cytometry(tmp_path / f"all{suffix}")
    assert found.interventions == (None,) * 5 + ("Mek",) * 5
    assert found.frame.to_numpy()[5:] == pytest.approx(cells(5, 1).to_numpy())


def test_what_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no sheet of a condition"):
        read_cytometry(tmp_path)
    with pytest.raises(FormatError, match=r"^cannot read"):
        read_cytometry(tmp_path / "nothing.csv")
    path = tmp_path / "rows.csv"
    cells(3).drop(columns="PKA").to_csv(path, index=False)
    with pytest.raises(InvalidData, match="no column is PKA"):
        read_cytometry(path)
    cells(3).assign(TNF=1).to_csv(path, index=False)
    with pytest.raises(InvalidData, match="'TNF' is none of"):
        read_cytometry(path)
    for wrong in ("many", ""):
        path.write_text(cells(3).assign(PKA=[1, 2, wrong]).to_csv(index=False))
        with pytest.raises(FormatError, match=f"line 4: '{wrong}' under 'PKA' is no number"):
            read_cytometry(path)
    cells(3).assign(PKA=0.0).to_csv(path, index=False)
    with pytest.raises(InvalidData, match="no logarithm"):
        read_cytometry(path).logarithms()


def test_two_sheets_of_one_condition(tmp_path: Path) -> None:
    """Which of them is meant nobody can say; sheets that are not asked for make no difference."""
    for name in ("1. cd3cd28.csv", "CD3CD28.txt"):
        cells(3).to_csv(tmp_path / name, index=False)
    with pytest.raises(InvalidData, match=r"'1\. cd3cd28\.csv' and 'CD3CD28\.txt' are both of the condition 'cd3cd28'"):
        read_cytometry(tmp_path)
    path = tmp_path / "sheets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for folder in ("one", "other"):
            archive.writestr(f"{folder}/8. pma.csv", cells(3).to_csv(index=False))
    with pytest.raises(InvalidData, match=r"'one/8\. pma\.csv' and 'other/8\. pma\.csv'"):
        read_cytometry(path)


def test_tables_in_an_archive_among_other_files(tmp_path: Path) -> None:
    path = tmp_path / "package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("package/data.py", ",".join(AUTHORS))
        archive.writestr("package/resources/targets.csv", '"Cause","Effect"\n"PKA","Raf"\n')
        archive.writestr("package/resources/cells.csv", cells(5).to_csv(index=False))
    assert read_cytometry(path).frame.to_numpy() == pytest.approx(cells(5).to_numpy())
    assert read_cytometry(path).interventions is None
    sheets = tmp_path / "sheets.zip"
    with zipfile.ZipFile(sheets, "w") as archive:
        for number, name in enumerate(("1. cd3cd28", "8. pma")):
            archive.writestr(f"sheets/{name}.csv", cells(3, number).to_csv(index=False))
    assert read_cytometry(sheets).interventions == (None,) * 3 + ("PKC",) * 3
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cells.csv", "a,b\n1,2\n")
    (tmp_path / "broken.zip").write_bytes(b"PK no archive")
    for bad, said in (
        (path, "eleven molecules"),
        (tmp_path / "broken.zip", "not a zip"),
        (tmp_path / "no.zip", "no such"),
    ):
        with pytest.raises(FormatError, match=said):
            read_cytometry(bad)
