"""The command line: what it prints, what it leaves, and one line for everything that is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import warm

import causalpp as cpp
from causalpp import errors
from causalpp.cli import main
from causalpp.cli.frames import read_frame
from causalpp.cli.inputs import read_settings
from causalpp.equivalence import premise


class Outcome:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Call the command line in this process; status, standard output, standard error."""

    def call(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def asia_csv(tmp_path: Path) -> Path:
    path = tmp_path / "asia.csv"
    cpp.load_network("asia").simulate(20_000, seed=1).to_csv(path, index=False)
    return path


# --- what the commands do -----------------------------------------------------------------------------


def test_demo_does_the_main_job(run, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    done = run("demo", "--out", folder, "--seed", 1)
    assert (done.code, done.err) == (0, "")
    for part in (
        "graphs that fit  6",
        "Does smoking cause",
        "errs in 15%",
        "The graph found is",
        "at least",
        "exact",
    ):
        assert part in done.out
    assert '+    smoke = pyro.deterministic("smoke", torch.tensor(0))  # do(smoke = yes)' in done.out
    assert {path.name for path in folder.iterdir()} == {"program.py", "program_do_smoke_yes.py", "run.json", "run.png"}
    summary = json.loads((folder / "run.json").read_text())
    assert summary["oracle"] == "simulated"
    assert len(summary["transcript"]) == summary["questions"]
    scope: dict[str, Any] = {}
    exec((folder / "program_do_smoke_yes.py").read_text(), scope)
    assert int(scope["model"]()["smoke"]) == 0
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG")


def test_demo_is_reproducible_and_says_json(run, tmp_path: Path) -> None:
    first, second = (
        run("demo", "--out", tmp_path / name, "--rows", 5000, "--seed", 3, "--json") for name in ("a", "b")
    )
    assert first.code == 0
    assert json.loads(first.out) == json.loads(second.out)
    assert run("mec", "--network", "asia").out  # the terminal is not left quiet


def test_discover_from_data(run, tmp_path: Path) -> None:
    out, plot, table = tmp_path / "run.json", tmp_path / "run.svg", tmp_path / "few.csv"
    cpp.load_network("asia").simulate(5_000, seed=1).to_csv(table, index=False)
    done = run("discover", "--data", table, "--method", "ges", "--truth", "asia", "--out", out, "--plot", plot)
    assert done.code == 0, done.err
    assert "simulated oracle" in done.out
    saved = json.loads(out.read_text())
    # GES misses asia → tub in this sample: the truth is not in the class it learns, and the run says so.
    assert not saved["belief"]["confidence"] > 0.95
    assert "none of the candidates" in saved["stopped_because"]
    assert plot.read_text().lstrip().startswith("<?xml")


def test_a_graph_from_data_is_held_against_them(run, tmp_path: Path) -> None:
    rows = cpp.load_network("asia").simulate(3000, seed=1)
    table = tmp_path / "rows.csv"
    rows.to_csv(table, index=False)
    options = ("--truth", "asia", "--seed", 1, "--out", tmp_path / "run.json", "--report", tmp_path / "run.html")
    done = run("discover", "--data", table, "--method", "ges", *options)
    saved = json.loads((tmp_path / "run.json").read_text())["data_check"]
    assert saved["against"] == "data"
    assert f"p = {saved['p_value']:.2g}" in done.out
    assert "learned from" in done.out
    assert "Checked against data" in (tmp_path / "run.html").read_text().partition("</header>")[0]
    # a level at which PC sees no dependence: the class is wrong, whatever an oracle says, and the data say so
    rows[["smoke", "bronc", "dysp", "xray"]].to_csv(table, index=False)
    done = run("discover", "--data", table, "--alpha", 1e-60, "--truth", "asia", "--seed", 1, "--json")
    check = json.loads(done.out)["data_check"]
    assert check["passed"] is False
    assert check["p_value"] < 1e-6


def test_json_from_data_says_how_each_column_was_read(run, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    a = draw.normal(size=300)
    frame = pd.DataFrame({"a": a, "b": a + draw.normal(size=300), "site": draw.integers(0, 40, 300), "on": a > 0})
    frame.loc[:4, "site"] = np.nan
    table, out = tmp_path / "rows.csv", tmp_path / "run.json"
    frame.to_csv(table, index=False)
    truth = tmp_path / "truth.dagitty"
    truth.write_text("dag { a -> b; a -> on; site }")
    options = ("--data", table, "--count", "site", "--json")
    for command in (("mec",), ("discover", "--truth", truth, "--max-questions", 1, "--out", out)):
        done = run(*command, *options)
        assert done.code == 0, done.err
        read = json.loads(done.out)["columns"]
        assert {name: column["kind"] for name, column in read.items()} == {
            "a": "real", "b": "real", "site": "count", "on": "discrete"
        }  # fmt: skip
        assert [read["site"]["missing"], read["on"]["states"]] == [5, ["False", "True"]]
    assert json.loads(out.read_text())["columns"] == read
    assert "columns" not in json.loads(run("mec", "--network", "asia", "--json").out)


OUTPUTS = [
    ["discover", "--network", "asia", "--out"],
    ["discover", "--network", "asia", "--report"],
    ["discover", "--network", "asia", "--plot"],
    ["calibrate", "--worlds", "2", "--out"],
    ["calibrate", "--worlds", "2", "--plot"],
    ["simulate", "--network", "asia", "--out"],
    ["generate", "--sizes", "3", "--rows", "2", "--out"],
    ["mec", "--network", "asia", "--plot"],
]


@pytest.mark.parametrize("command", OUTPUTS, ids=lambda command: f"{command[0]} {command[-1]}")
def test_what_cannot_be_written_is_refused_before_anything_is_asked(run, tmp_path: Path, command, monkeypatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("asked for a file that cannot be written")

    monkeypatch.setattr(cpp.SimulatedOracle, "ask", asked)
    ending = {"--out": ".jsonl" if command[0] == "generate" else ".json", "--report": ".html", "--plot": ".png"}
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "no" / "run", tmp_path / "file" / "run", tmp_path / ("x" * 300), Path("/proc/run")):
        if place.parent == Path("/proc") and not place.parent.is_dir():
            continue  # not this kind of machine
        refused(run(*command, f"{place}{ending[command[-1]]}"), "cannot write")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_discover_from_a_graph_file(run, tmp_path: Path) -> None:
    path = tmp_path / "chain.dot"
    path.write_text('digraph { "a b" -> c -> d }')
    done = run(
        "discover", "--graph", path, "--error", 0, "--seed", 5, "--json", "--kind", "Causes", "--kind", "Changes"
    )
    result = json.loads(done.out)
    assert done.code == 0
    assert sorted(map(tuple, result["graph"]["edges"])) == [("a b", "c"), ("c", "d")]
    assert result["class"]["size"] == 3
    assert run("discover", "--graph", path, "--error", 0, "--seed", 5, "--json").out != ""


def test_discover_settles_a_question_and_writes_a_page(run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    done = run("discover", "--network", "asia", "--ask", "does smoke cause lung?", "--seed", 1, "--report", page)
    assert (done.code, done.err) == (0, "")
    assert "the question is settled: smoke causes lung" in " ".join(done.out.split())
    assert "true with probability" in done.out
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "simulated oracle" in text
    plain = json.loads(run("discover", "--network", "asia", "--ask", "smoke causes lung", "--seed", 1, "--json").out)
    assert plain["goal"]["probability"] > 0.95
    assert plain["settings"]["seed"] == 1
    assert plain["remaining"]["size"] < plain["class"]["size"]


def test_discover_as_published(run) -> None:
    result = json.loads(run("discover", "--network", "asia", "--published", "--seed", 1, "--json").out)
    assert (result["settings"]["votes"], result["settings"]["channel"]) == (3, "Fixed(error=0.1)")
    assert result["questions"] % 3 == 0


def test_discover_goes_on_to_the_effect(run, asia_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "run.html"
    wanted = ["--data", asia_csv, "--truth", "asia", "--treatment", "smoke", "--outcome", "dysp", "--max-questions", 20]
    done = run("discover", *wanted, "--report", page)
    assert done.code == 0, done.err
    assert "Effect of smoke (yes against no) on P(dysp = yes): " in " ".join(done.out.split())
    assert "given that the truth is in the class of" in " ".join(done.out.partition("Effect of")[2].split())
    assert "comes from not knowing the graph" in page.read_text(encoding="utf-8")
    effect = json.loads(run("discover", *wanted, "--treated", "no", "--control", "yes", "--json").out)["effect"]
    assert effect["treated"] == "no"
    assert effect["interval"][0] <= effect["mean"] <= effect["interval"][1]
    refused(run("discover", *wanted, "--treated", "maybe"), "unknown state 'maybe'")
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("x,y\n" + "".join(f"{i / 7},{i * 0.31 + (i % 5)}\n" for i in range(60)))
    (tmp_path / "truth.dot").write_text("digraph { x -> y }")
    line = ["--data", numbers, "--truth", tmp_path / "truth.dot", "--treatment", "x", "--outcome", "y"]
    refused(run("discover", *line), "both treated= and control=")
    refused(run("discover", *line, "--treated", "much", "--control", 0), "holds numbers")
    numbers.write_text(numbers.read_text().replace(",", ";"))
    read: list[str] = []
    opened = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: read.append(path.name) or opened(path, **how))
    done = run("discover", *line, "--treated", 1, "--control", 0, "--max-questions", 3)
    assert done.code == 0
    assert read.count("numbers.csv") == 1  # whoever needs the rows, the file is read once, and once it is said how
    assert done.err == f"{numbers}: its columns are separated by semicolons\n"


def test_mec(run, tmp_path: Path) -> None:
    done = run(
        "mec", "--network", "asia", "--ask", "does smoke cause lung?", "--ask", "tub causes xray", "--members", 2
    )
    assert done.code == 0
    assert "smoke causes lung: open, true in 66.7% of the graphs" in done.out
    assert "holds in" in done.out
    assert "tub causes xray: entailed" in done.out
    plain = json.loads(run("mec", "--network", "asia", "--json", "--members", 10, "--ask", "xray causes tub").out)
    assert plain["size"] == 6
    assert len(plain["members"]) == 6
    (answer,) = plain["answers"]
    assert (answer["verdict"], answer["share_of_members"]) == ("excluded", 0)
    assert "holds_in" not in answer
    assert ["tub", "either"] in answer["fails_in"]
    figure = tmp_path / "class.pdf"
    assert run("mec", "--network", "alarm", "--plot", figure).code == 0
    assert figure.read_bytes().startswith(b"%PDF")


def test_mec_summary(run, tmp_path: Path) -> None:
    figure = tmp_path / "shares.png"
    done = run("mec", "--network", "asia", "--summary", "--plot", figure)
    assert "smoke → lung  67%" in done.out
    assert "set smoke: orients at least 2" in done.out
    assert "2 suffice if the graph given is true: asia, smoke" in done.out
    assert figure.read_bytes().startswith(b"\x89PNG")
    plain = json.loads(run("mec", "--network", "asia", "--summary", "--json").out)
    assert plain["interventions"][0]["target"] == "smoke"
    assert plain["interventions_needed_at_least"] == 2


def test_mec_from_a_premise(run, tmp_path: Path) -> None:
    path = tmp_path / "premise.txt"
    path.write_text(premise(cpp.Dag.from_edges([("A", "B"), ("C", "B"), ("B", "D")])))
    done = run("mec", "--premise", path, "--ask", "A causes D", "--summary")
    assert done.code == 0
    assert "A causes D: entailed" in done.out
    found = run("discover", "--premise", path, "--truth", "asia")
    refused(found, "no variable 'A'")
    path.write_text("Suppose there is a closed system of 3 variables, A, B and C. A hugs B.")
    refused(run("mec", "--premise", path), "premise.txt: line 1, column 62: cannot read 'A hugs B'")
    path.write_text(
        "Suppose there is a closed system of 2 variables, A, B. A and B are independent. A correlates with B."
    )
    refused(run("mec", "--premise", path), "")


def test_mec_from_statements(run, tmp_path: Path) -> None:
    path = tmp_path / "statements.txt"
    path.write_text("# what was tested\nvariables: A, lung cancer, C\n\na and lung cancer are independent given C\n")
    done = run("mec", "--statements", path, "--complete", "--ask", "A causes lung cancer")
    assert done.code == 0
    assert "graphs that fit  3" in done.out
    refused(run("mec", "--statements", path), "4 classes open")
    path.write_text("A and B are independent\nB correlates with A\n")
    refused(run("mec", "--statements", path), "A and B are independent")
    path.write_text("variables: A, B\nA hugs B\n")
    refused(run("mec", "--statements", path), "statements.txt, line 2: cannot read")
    path.write_text("# nothing\n")
    refused(run("mec", "--statements", path), "no statements")


def test_effect(run, asia_csv: Path, tmp_path: Path) -> None:
    exact = json.loads(run("effect", "--network", "asia", "--treatment", "smoke", "--outcome", "dysp", "--json").out)
    assert exact["value"] == pytest.approx(0.2337, abs=1e-4)
    graph = tmp_path / "asia.json"
    cpp.write_graph(cpp.load_network("asia").dag, graph)
    fitted = run("effect", "--graph", graph, "--data", asia_csv, "--treatment", "smoke", "--outcome", "dysp", "--json")
    assert json.loads(fitted.out)["value"] == pytest.approx(exact["value"], abs=0.03)
    text = run("effect", "--network", "cancer", "--treatment", "Smoker", "--outcome", "Cancer", "--source").out
    assert "do(Smoker = True)" in text
    assert run("effect", "--network", "asia", "--treatment", "smoke", "--outcome", "dysp", "--samples", 1000).code == 0


def test_simulate(run, tmp_path: Path) -> None:
    done = run("simulate", "--network", "survey", "-n", 20, "--do", "E=uni", "--seed", 2)
    frame = pd.read_csv(pd.io.common.StringIO(done.out))
    assert len(frame) == 20
    assert set(frame["E"]) == {"uni"}
    out = tmp_path / "rows.csv"
    assert run("simulate", "--network", "survey", "-n", 20, "--do", "E=uni", "--seed", 2, "--out", out).code == 0
    assert out.read_text() == done.out
    rows = json.loads(run("simulate", "--network", "survey", "-n", 3, "--json").out)
    assert len(rows["rows"]) == 3
    bif = tmp_path / "mine.bif"
    bif.write_text((cpp._files.data_path() / "networks" / "cancer.bif").read_text())
    assert run("simulate", "--graph", bif, "-n", 2).out.startswith("Pollution,Smoker")


@pytest.mark.parametrize("name", ["insurance", "child", "alarm", "sachs", "cancer"])
def test_simulated_rows_are_read_back_with_every_state(run, tmp_path: Path, name: str) -> None:
    """States such as None, 5-12 and <5 are states, not missing values or numbers."""
    out = tmp_path / "rows.csv"
    assert run("simulate", "--network", name, "-n", 3000, "--out", out).code == 0
    frame, program = read_frame(out), cpp.load_network(name)
    assert not frame.isna().any().any()
    for variable in program.variables:
        assert set(frame[variable].astype(str)) <= set(map(str, program.states(variable)))


# --- what is wrong ------------------------------------------------------------------------------------

BAD_CSV = {
    "one column": ("x\n1\n2\n", "at least two columns"),
    "constant": ("x,y\n1,2\n1,3\n", "'x' is constant (always '1')"),
    "text among numbers": ("x,y\n1.5,2\nfoo,3\n2.5,1\n", "line 3: column 'x' has 'foo' among numbers"),
    "duplicate": ("x,x\n1,2\n2,1\n", "'x' is used more than once"),
    "no rows": ("x,y\n", "no rows"),
    "empty": ("", "is empty"),
    "ragged": ("x,y\n1,2\n1,2,3\n", "line 3: 3 values under 2"),
    "all rows too long": ("a,b\n1,2,3\n4,5,6\n1,1,1\n", "line 2: 3 values under 2"),
    "blank lines": ("a,b\n\n1.5,2\n\n2,1\nx,3\n2,5\n", "line 6: column 'a' has 'x'"),
    "ragged semicolons": ("a;b\n1;2\n2;1;3\n", "line 3: 3 values under 2 column names, separated by semicolons"),
    "unnamed": ("x,,y\n1,2,3\n", "column 2 has no name"),
    "quote left open": ('x,y\n"1,2\n2,3\n', ""),
    "identifiers": ("x,y\n" + "".join(f"id{i},{i % 2}\n" for i in range(60)), "text with 60 different values"),
}


@pytest.mark.parametrize(("text", "message"), BAD_CSV.values(), ids=BAD_CSV.keys())
def test_bad_csv(run, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    for command in (["mec"], ["discover", "--truth", "asia"], ["mec", "--method", "ges"]):
        refused(run(*command, "--data", path), message)


def refused(done: Outcome, message: str, code: int = 1) -> None:
    """One line on standard error, no traceback, a status that is not zero."""
    assert done.code == code, (done.out, done.err)
    assert done.err.startswith("causalpp: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err + done.out
    assert "internal error" not in done.err
    assert message in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mec", "--network", "asai"], "did you mean 'asia'"),
        (["mec", "--network", "asia", "--graph", "x.dot"], "say one of"),
        (["mec"], "say one of"),
        (["mec", "--graph", "nowhere.dot"], "no such file"),
        (["mec", "--data", "nowhere.csv"], "no such file"),
        (["mec", "--data", "."], "is a directory"),
        (["mec", "--network", "asia", "--ask", "smok causes dysp"], "did you mean 'smoke'"),
        (["mec", "--network", "asia", "--ask", "smoke hugs dysp"], "cannot read"),
        (["mec", "--network", "asia", "--plot", "x.gif"], "must end in"),
        (["mec", "--network", "asia", "--plot", "/no/such/x.png"], "no folder"),
        (["discover", "--network", "asia", "--error", "1.5"], "between 0 and 1, got 1.5"),
        (["discover", "--network", "asia", "--error", "nan"], "between 0 and 1, got nan"),
        (["discover", "--network", "asia", "--confidence", "1"], "strictly between"),
        (["discover", "--network", "asia", "--max-questions", "-1"], "budget"),
        (["discover", "--network", "asia", "--kind", "Hugs"], "unknown kind"),
        (["discover", "--network", "asia", "--truth", "cancer"], "no variable 'asia'"),
        (["discover", "--network", "asia", "--truth", "nowhere"], "neither a graph file nor a network"),
        (["discover", "--network", "asia", "--out", "/no/such/x.json"], "no folder"),
        (["discover", "--network", "asia", "--ask", "smok causes dysp"], "did you mean 'smoke'"),
        (["discover", "--network", "asia", "--ask", "smoke hugs dysp"], "cannot read"),
        (["discover", "--network", "asia", "--report", "x.txt"], "must end in .html"),
        (["discover", "--network", "asia", "--report", "/no/such/x.html"], "no folder"),
        (["discover", "--network", "asia", "--treatment", "smoke"], "both --treatment and --outcome"),
        (["discover", "--network", "asia", "--treatment", "smoke", "--outcome", "dysp"], "say --data"),
        (["discover", "--network", "asia", "--state", "yes"], "goes with --treatment"),
        (["demo", "--error", "1.5"], "got 1.5"),
        (["effect", "--network", "asia", "--treatment", "smok", "--outcome", "dysp"], "did you mean 'smoke'"),
        (["effect", "--network", "asia", "--treatment", "smoke", "--outcome", "dysp", "--treated", "maybe"], "'maybe'"),
        (["effect", "--network", "asia", "--treatment", "smoke", "--outcome", "smoke"], "are both"),
        (["effect", "--treatment", "smoke", "--outcome", "dysp"], "say one of"),
        (["simulate", "--network", "asia", "--do", "smoke"], "variable=state"),
        (["simulate", "--network", "asia", "--do", "smoke=yes", "--do", "smoke=no"], "set twice"),
        (["simulate", "--network", "asia", "--do", "smoke=perhaps"], "unknown state 'perhaps'"),
        (["simulate", "--network", "asia", "--out", "/no/such/x.csv"], "no folder"),
    ],
)
def test_bad_arguments(run, arguments: list[str], message: str) -> None:
    refused(run(*arguments), message)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["mec", "--nosuch"],
        ["demo", "--error", "abc"],
        ["effect"],
        ["mec", "--method", "magic"],
        ["demo", "--rows", "1"],
    ],
)
def test_command_lines_that_do_not_parse(run, arguments: list[str]) -> None:
    refused(run(*arguments), "see causalpp --help", code=2)


def test_bad_graph_files(run, tmp_path: Path) -> None:
    whole = (cpp._files.data_path() / "networks" / "asia.bif").read_text()
    for name, text, message in (
        ("cut.bif", whole[: len(whole) // 2], "is the file complete"),
        ("cycle.dot", "digraph { a -> b -> a }", "cycle.dot: the graph has a directed cycle"),
        ("cycle.csv", "source,target\na,b\nb,a\n", "directed cycle"),
        ("odd.json", "{", "odd.json: line 1"),
        ("odd.xyz", "a -> b", "known suffix"),
    ):
        path = tmp_path / name
        path.write_text(text)
        refused(run("mec", "--graph", path), message)
    refused(run("effect", "--graph", tmp_path / "cut.bif", "--treatment", "a", "--outcome", "b"), "complete")
    refused(run("simulate", "--graph", tmp_path / "cycle.dot"), "directed cycle")
    (tmp_path / "fine.dot").write_text("digraph { a -> b }")
    refused(run("simulate", "--graph", tmp_path / "fine.dot"), "without tables")


def test_latent_variables_have_no_markov_class(run, tmp_path: Path) -> None:
    path = tmp_path / "latent.dagitty"
    path.write_text("dag { U [latent]\n U -> x\n U -> y }")
    refused(run("mec", "--graph", path), "latent")


def test_a_failed_write_leaves_the_old_file(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "rows.csv"
    out.write_text("precious\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    refused(run("simulate", "--network", "asia", "--out", out), "no space left")
    assert out.read_text() == "precious\n"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_internal_errors_are_one_line(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("causalpp.cli.inputs.load_network", broken)
    done = run("mec", "--network", "asia")
    assert done.code == 70
    assert done.err.count("\n") == 1
    assert "RuntimeError: two lines" in done.err


def test_names_are_not_markup(run, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    cpp.write_graph(cpp.Dag.from_edges([("weight [kg]", "len [/m]"), ("len [/m]", "n" * 200)]), path)
    for command in ("mec", "discover"):
        done = run(command, "--graph", path, *(["--members", 3] if command == "mec" else []))
        assert done.code == 0
        assert "weight [kg]" in done.out
        assert "len [/m]" in done.out
        assert done.out.replace("\n", "").replace(" ", "").count("n" * 40)
        assert "…" not in done.out


def test_files_keep_their_mode_and_links(run, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    assert run("simulate", "--network", "asia", "-n", 2, "--out", link).code == 0
    assert link.is_symlink()
    assert real.read_text().startswith("asia,")
    assert real.stat().st_mode & 0o777 == 0o600
    assert run("simulate", "--network", "asia", "-n", 2, "--out", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_version(run) -> None:
    assert run("--version").out.startswith("causalpp 0.")


def test_interrupted(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("causalpp.cli.show.Rounds.__call__", stop)
    done = run("discover", "--network", "asia")
    assert done.code == 130
    assert done.err == "causalpp: interrupted\n"
    assert "the run was interrupted" in done.out


@pytest.mark.slow
def test_a_terminal_that_cannot_show_arrows() -> None:
    done = process("mec", "--network", "asia", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


def test_settings() -> None:
    assert read_settings(["a=b", " x y = 1=2 "]) == {"a": "b", "x y": "1=2"}
    with pytest.raises(errors.InvalidParameter, match="variable=state"):
        read_settings(["=b"])


# --- as a process -------------------------------------------------------------------------------------


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from causalpp.cli import main; main()", *arguments],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


@pytest.mark.slow
def test_as_a_process() -> None:
    done = process("effect", "--network", "asia", "--treatment", "smoke", "--outcome", "dysp")
    assert (done.returncode, done.stderr) == (0, "")
    assert "+0.2337" in done.stdout
    failed = warm.run("from causalpp.cli import main; main()", "mec", "--network", "nosuch")
    assert failed.code == 1
    assert failed.err.count("\n") == 1


@pytest.mark.slow
def test_a_reader_that_closes_early() -> None:
    command = [
        sys.executable,
        "-c",
        "from causalpp.cli import main; main()",
        "simulate",
        "--network",
        "asia",
        "-n",
        "200000",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(60) in (0, 1)  # no traceback is what matters; head(1) and friends end like this
