"""Reports keep kinds of oracle apart and need no other file; comparisons pair items and agree with slow arithmetic."""

from __future__ import annotations

import itertools
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any, ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from causalpp._pages import Table, to_html, to_markdown
from causalpp.benchmarks import Config, Run, Solution, Solver, run
from causalpp.benchmarks.drawing import KINDS, accuracy_figure, calls_figure, local_error_figure
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.reports.compare import compare, mcnemar
from causalpp.benchmarks.reports.report import comparison_table, report
from causalpp.errors import FormatError, InvalidData, InvalidParameter, RunIncomplete, UnknownName
from causalpp.tasks import Corr2CauseItem


@dataclass(frozen=True)
class Guess(Solver):
    """Right at a rate, and says that it asked somebody."""

    name: ClassVar[str] = "test_bench_report:Guess"
    rate: float = 0.8
    kind: str = "simulated"
    who: str = "Symmetric(0.1)"

    @property
    def oracle_nature(self) -> str:  # type: ignore[override]
        return self.kind

    @property
    def oracle(self) -> str:  # type: ignore[override]
        return self.who

    def solve(self, item: Corr2CauseItem) -> Solution:
        draw = seed_of(item.id, self.rate) / 2**32
        right = draw < self.rate
        return Solution(
            bool(item.about["truth"]) is right,
            confidence=self.rate,
            questions=4 + len(item.variables),
            bound=float(len(item.variables)),
            cost=0.001,
            about={"local_answers": 10, "local_wrong": int(10 * draw)},
        )


def items(number: int = 60, label: bool | None = None) -> list[dict[str, Any]]:
    out = []
    for i in range(number):
        truth = i % 3 == 0 if label is None else label
        names = tuple("abcdef"[: 3 + i % 3])
        item = Corr2CauseItem(
            str(i),
            "p",
            "h",
            truth,
            "parent" if i % 2 else "child",
            "a",
            "b",
            names,
            group=str(i // 6),
            about={"truth": truth},
        )
        out.append(item.to_dict())
    return out


def made(
    folder: Path, solvers: list[str | Mapping[str, Any]], given: list[dict[str, Any]] | None = None, **outer: Any
) -> Run:
    part = {"study": "solve", "items": items() if given is None else given, "solvers": solvers}
    return run(Config.from_dict({"name": "a <b> | c", **outer, "parts": [part]}), folder, jobs=1)


SIMULATED = {"solver": "test_bench_report:Guess", "label": "loop"}
MODEL = {"solver": "test_bench_report:Guess", "label": "model", "rate": 0.6, "kind": "language model", "who": "a|model"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("run"), ["always-no", SIMULATED, MODEL], about="What <this> is.")


# --- reports --------------------------------------------------------------------------------------------


def test_kinds_of_oracle_never_share_a_table(found: Run) -> None:
    page = report(found, draws=50)
    assert len(page.tables) == 9  # for each of three kinds: the scores, and by variables and relation
    for table in page.tables:
        assert len({row[0] for row in table.rows}) == 1
        assert "oracle_nature" not in table.head
    for kind in ("none", "simulated", "language model"):
        title = KINDS[kind][0].upper() + KINDS[kind][1:]
        assert f"### {title}" in page.markdown
    scores = page.tables[0]
    row = dict(zip(scores.head, scores.rows[0]))
    assert row["items"] == "60"
    assert row["accuracy"].startswith("0.667 [")  # a third of the labels is positive
    assert "calibration error" not in row  # always-no claims no confidence
    assert "calibration error" in page.tables[3].head


def test_kinds_of_oracle_never_share_a_panel(found: Run) -> None:
    frame = found.frame("solve")
    for figure in (accuracy_figure(frame), local_error_figure(frame), calls_figure(frame)):
        titles = [ax.get_title(loc="left") for ax in figure.axes]
        assert len(titles) == len(set(titles)) <= 3
        assert set(titles) <= {KINDS[kind] for kind in ("none", "simulated", "language model")}
    assert len(accuracy_figure(frame).axes) == 3
    assert len(local_error_figure(frame).axes) == 2  # always-no asks nothing


def test_the_page_needs_no_other_file_and_names_are_data(found: Run, tmp_path: Path) -> None:
    page = report(found, draws=20)
    paths = page.save(tmp_path / "out")
    assert [path.name for path in paths] == [
        "report.html", "report.md", "solve-accuracy.svg", "solve-local-error.svg", "solve-calls.svg",
    ]  # fmt: skip
    assert not re.findall(r'(?:src|href)="(?!data:)', page.html)
    assert "<script" not in page.html
    assert "<b>" not in page.html
    assert "a &lt;b&gt; | c" in page.html
    assert r"# a \<b\> \| c" in page.markdown
    assert r"a\|model" in page.markdown
    for path in paths[2:]:
        ET.fromstring(path.read_text(encoding="utf-8"))
        assert f"({path.name})" in page.markdown
    assert report(found, draws=20).html == page.html  # the same to the byte


def test_every_row_of_a_table_has_as_many_cells_as_its_head(found: Run) -> None:
    for table in report(found, draws=20).tables:
        assert {len(row) for row in table.rows} == {len(table.head)}


def test_runs_of_the_loop_are_summed_up(tmp_path: Path) -> None:
    part = {"study": "discover", "variables": [4, 5], "runs": 3, "noise": [0.1, {"family": "Persistent", "noise": 0.1}]}
    done = run(Config.from_dict({"name": "loop", "parts": [part]}), tmp_path, jobs=1)
    page = report(done, draws=50)
    (table,) = page.tables
    assert [row[1] for row in table.rows] == ["Persistent(noise=Symmetric(error=0.1))", "Symmetric(error=0.1)"]
    bound = list(table.head).index("bound")
    assert table.rows[0][bound] == "—"  # the bound speaks of independent errors only
    assert "they know the graph" in page.markdown
    frame = done.frame("discover")
    assert (frame["questions"] >= frame["rounds"]).all()
    assert frame["right"].mean() > 0.5


def test_what_has_no_result_is_told(tmp_path: Path) -> None:
    part = {"study": "runner_tasks:FAILING", "units": 5, "bad": [2]}
    with pytest.raises(RunIncomplete):
        run(Config.from_dict({"name": "x", "parts": [part]}), tmp_path, jobs=1)
    page = report(Run(tmp_path))
    assert "1 units have no result" in page.markdown
    assert "this one cannot be done" in page.tables[0].rows[0][1]


def test_tables_as_markdown_and_html() -> None:
    table = Table(["name", "n", "share"], [["x*y", "1,000", "0.5 [0.4, 0.6]"], ["z", "—", "—"]], "All of it")
    assert to_markdown([table]).splitlines() == [
        "*All of it*",
        "",
        "| name | n | share |",
        "| :--- | ---: | ---: |",
        r"| x\*y | 1,000 | 0.5 [0.4, 0.6] |",
        "| z | — | — |",
    ]
    page = to_html("t", [table])
    assert '0.5<span class="interval">[0.4, 0.6]</span>' in page
    assert '<td class="text">x*y</td>' in page


# --- comparisons ----------------------------------------------------------------------------------------


def test_mcnemar_is_a_fair_coin() -> None:
    for a, b in itertools.product(range(8), repeat=2):
        n = a + b
        tail = sum(comb(n, k) for k in range(min(a, b) + 1)) / 2**n
        assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))
    with pytest.raises(InvalidParameter):
        mcnemar(-1, 2)


def test_two_solvers_are_paired_item_by_item(found: Run) -> None:
    (c,) = compare(found, found, solvers=("model", "loop"))
    frame = found.frame("solve").set_index("item")
    x = frame[frame["solver"] == "model"]["right"].astype(bool)
    y = frame[frame["solver"] == "loop"]["right"].astype(bool).reindex(x.index)
    assert (c.both, c.only_first, c.only_second, c.neither) == (
        (x & y).sum(), (x & ~y).sum(), (~x & y).sum(), (~x & ~y).sum(),
    )  # fmt: skip
    assert c.difference == pytest.approx(c.accuracy_second - c.accuracy_first)
    assert c.low < c.difference < c.high
    assert not c.same_kind
    groups = frame[frame["solver"] == "model"]["group"]
    sums = (y.astype(int) - x.astype(int)).groupby(groups).sum()
    signs = itertools.product([-1, 1], repeat=len(sums))
    slow = [abs(sum(s * v for s, v in zip(one, sums))) >= abs(sums.sum()) for one in signs]
    assert c.p_groups == pytest.approx(sum(slow) / len(slow))
    row = dict(zip(comparison_table([c]).head, comparison_table([c]).rows[0]))
    assert row["first"] == "model (language model a|model)"
    assert json.loads(json.dumps(c.to_dict()))["items"] == 60


def test_many_groups_are_drawn(tmp_path: Path) -> None:
    given = [{**values, "group": str(i)} for i, values in enumerate(items(400))]
    found = made(tmp_path, [SIMULATED, MODEL], given)
    (c,) = compare(found, found, solvers=("loop", "model"))
    assert c.groups == 400
    assert c.p_groups == pytest.approx(c.p_items, abs=0.02)  # groups of one item: the same test, by draws
    (same,) = compare(found, found, solvers=("loop", "loop"))
    assert (same.difference, same.p_items, same.p_groups) == (0.0, 1.0, 1.0)


def test_series_in_common_are_compared_and_what_is_missing_is_counted(found: Run, tmp_path: Path) -> None:
    other = made(tmp_path, ["always-no", MODEL], items(40))
    assert [c.first["solver"] for c in compare(found, other)] == ["always-no", "model"]
    assert {c.unpaired for c in compare(found, other)} == {20}


def test_what_cannot_be_compared(found: Run, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'model'"):
        compare(found, found, solvers=("modle", "loop"))
    relabelled = made(tmp_path / "a", ["always-no"], items(60, label=True))
    with pytest.raises(InvalidData, match="one label in one run"):
        compare(found, relabelled)
    elsewhere = made(tmp_path / "b", ["always-no"], [{**values, "id": f"x{values['id']}"} for values in items(5)])
    with pytest.raises(InvalidParameter, match="no item in common"):
        compare(found, elsewhere)
    with pytest.raises(InvalidParameter, match="no series in common"):
        compare(made(tmp_path / "c", ["always-yes"]), found)
    twice = made(tmp_path / "d", ["always-no"], [*items(3), {**items(3)[0], "premise": "other"}])
    with pytest.raises(InvalidData, match="occurs twice"):
        compare(twice, twice)
    with pytest.raises(FormatError, match="there is no run"):
        Run(tmp_path / "nothing")
