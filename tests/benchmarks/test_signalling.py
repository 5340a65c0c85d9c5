"""The study of the signalling cells, on rows of a network of our own that has the same variables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpp.benchmarks import signalling_study
from causalpp.cli import main
from causalpp.errors import InvalidParameter
from causalpp.tasks import Cytometry, read_cytometry, signalling_network


def simulated(rows: int = 900) -> Cytometry:
    """Cells whose logarithms are linear in each other along the network, Mek, PKA and PIP3 set in some.

    Of causes and effects that form a triangle no coefficient is about the product of the other two: the direct edge
    would be hidden.
    """
    dag, draw = signalling_network(), np.random.default_rng(0)
    told = np.array([None, "Mek", "PKA", "PIP3"])[np.arange(rows) % 4]
    values: dict[str, np.ndarray] = {}
    for name in dag.topological_order:
        noise = draw.normal(size=rows)
        sign = -1 if name in ("Jnk", "PIP2", "Raf", "P38", "Akt") else 1
        values[name] = sum((0.7 * sign**k * values[cause] for k, cause in enumerate(dag.parents(name))), noise)
        values[name] = np.where(told == name, noise, values[name])
    return Cytometry(np.exp(pd.DataFrame(values)), tuple(told.tolist()))


@pytest.mark.slow
def test_the_posterior_told_of_targets_finds_the_network_it_is_drawn_from() -> None:
    cells = simulated()
    done: list[tuple[int, int]] = []
    found = signalling_study(cells, progress=lambda *at: done.append(at))
    assert done[-1] == (10, 10)
    rows = {(row.form, row.targets, row.method): row for row in found.rows}
    told = rows["log", True, "posterior"]
    assert told.shd <= 2, told
    assert told.bits < rows["log", False, "posterior"].bits < np.log2(3)
    for row in found.rows:
        assert row.joined + row.missing == 17
        assert row.directed + row.reversed + row.open == row.joined
    # without targets, the most probable class is what the exact search finds where both take the same score
    assert rows["levels", False, "most probable"].shd == rows["levels", False, "exact"].shd
    with pytest.raises(InvalidParameter):
        signalling_study(cells, edges=18)


def test_it_runs_on_a_file_of_levels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "levels.txt", tmp_path / "found.json"
    cells = simulated(300)
    place = {name: str(k) for k, name in enumerate(cells.frame, start=1)}
    cells.levels(3).frame.assign(INT=[place.get(name, "0") for name in cells.interventions or ()]).to_csv(
        path, sep=" ", index=False
    )
    assert read_cytometry(path).interventions == cells.interventions
    with pytest.raises(SystemExit) as ended:
        main(["bench", "sachs", str(path), "--edges", "20", "--out", str(out)])
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "300 cells, against the network of 20 edges" in printed
    assert max(map(len, printed.splitlines())) <= 80
    groups = [line for line in printed.splitlines()[2:] if not line.startswith("  ")]
    assert groups == ["levels, without targets", "levels, with targets"]
    assert {row["form"] for row in json.loads(out.read_text())["rows"]} == {"levels"}
    with pytest.raises(SystemExit) as ended:
        main(["bench", "sachs", str(tmp_path / "nothing.csv")])
    assert ended.value.code == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
