"""``causalpp calibrate``: what it measures, prints and leaves, and one line for everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from protocol_servers import ProtocolServer, completion, prompt_of

import causalpp as cpp
from causalpp.cli import main
from causalpp.oracles import Journal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["calibrate", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def test_a_simulated_oracle_on_random_worlds(run: Run, tmp_path: Path) -> None:
    out, plot = tmp_path / "c.json", tmp_path / "c.png"
    options = ("--sensitivity", 0.8, "--specificity", 0.95, "--worlds", 40, "--seed", 1)
    code, printed, err = run(*options, "--out", out, "--plot", plot)
    assert (code, err) == (0, "")
    assert "answers of a simulated oracle to" in printed
    assert "in 40 worlds" in printed
    assert "as a prior: sensitivity Beta(" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")
    saved = json.loads(out.read_text())
    assert saved["sensitivity"]["low"] < 0.8 < saved["sensitivity"]["high"]  # of this seed
    assert saved["specificity"]["low"] < 0.95 < saved["specificity"]["high"]
    assert json.loads(run(*options, "--json")[1]) == saved
    noise = cpp.noise.Asymmetric(0.8, 0.95)
    same = cpp.calibrate(cpp.SimulatedOracle(cpp.Dag([]), noise), worlds=40, seed=1)
    assert same.to_dict() == saved


def test_networks_by_name_and_a_journal(run: Run, tmp_path: Path) -> None:
    journal = tmp_path / "c.journal"
    options = (
        "--network",
        "asia",
        "--network",
        "cancer",
        "--kind",
        "Causes",
        "--kind",
        "Changes",
        "--journal",
        journal,
    )
    code, printed, _ = run(*options)
    assert code == 0
    assert "in 2 worlds" in printed
    with Journal(journal) as kept:
        count = len(kept)
    assert run(*options)[1] == printed
    with Journal(journal) as kept:
        assert len(kept) == count > 0


def test_experiments(run: Run) -> None:
    code, printed, _ = run("--oracle", "experiment", "--network", "cancer", "--questions", 4, "--repeats", 2)
    assert code == 0
    assert "answers of an experiment oracle" in printed


def test_a_server_a_budget_and_going_on(run: Run, tmp_path: Path) -> None:
    with ProtocolServer(lambda request: completion("Yes")) as server:

        def asked() -> int:
            return sum("Question:" in prompt_of(request) for request in server.requests)

        options = (
            "--oracle", "openai", "--model", "tiny", "--base-url", server.url, "--network", "asia",
            "--repeats", 1, "--journal", tmp_path / "c.journal",
        )  # fmt: skip
        code, _, err = run(*options, "--budget-questions", 4)
        assert code == 1
        assert "the budget of 4 questions is spent, 6 requests are left" in err
        assert asked() == 4
        code, printed, err = run(*options)
        assert code == 0, err
        assert asked() == 10  # it went on where the budget had ended
        assert "10 answers of a language model oracle to 10 questions in 1 worlds" in printed
        assert "sensitivity  1.000" in printed
        assert "specificity  0.000" in printed
        first = prompt_of(next(r for r in server.requests if "Question:" in prompt_of(r)))
        assert "> " in first  # what the variables mean, as data


def test_reasons_are_told_where_there_is_no_yes_or_no(run: Run) -> None:
    with ProtocolServer(lambda request: completion("Hard to say.")) as server:
        options = ("--oracle", "openai", "--model", "shy", "--network", "asia", "--repeats", 1, "--questions", 2)
        code, printed, _ = run(*options, "--base-url", server.url)
    assert code == 0
    assert "without a yes or no: unsure 2" in printed
    assert "sensitivity  " not in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--oracle", "human"], "--oracle human can know nothing of random graphs: name networks by --network"),
        (["--network", "asia", "--worlds", "3"], "say --worlds or --network, not both"),
        (["--network", "asai"], "asai"),
        (["--plot", "x.gif"], "its name must end in .png"),
        (["--error", "-1"], "an error rate lies between 0 and 1"),
        (["--kind", "Hugs", "--worlds", "2"], "Hugs"),
        (["--budget-questions", "3"], "--budget-questions goes with --oracle openai, anthropic, transformers"),
        (
            ["--oracle", "openai", "--model", "m", "--network", "asia", "--network", "cancer", "--context", "x"],
            "--context is about one network",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run: Run, options: list[str], said: str) -> None:
    code, out, err = run(*options)
    assert (code, out) == (1, "")
    assert err.startswith("causalpp: ")
    assert len(err.splitlines()) == 1
    assert said in err
