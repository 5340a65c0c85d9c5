"""``causalpp calibrate`` with several models, graphs of one's own and known edges; and its priors in ``discover``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from protocol_servers import ProtocolServer, completion, logprobs, prompt_of

import causalpp as cpp
from causalpp.cli import main
from causalpp.language import Reply

Run = Callable[..., tuple[int, str, str]]
SMALL = ["--network", "asia", "--network", "cancer", "--network", "earthquake", "--network", "survey"]
FIVE = [*SMALL, "--network", "sachs"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def knowing(request: dict[str, Any]) -> dict[str, Any]:
    """The model ``a`` leans to what is true in a shipped network, by log-odds; ``b`` says yes to everything."""
    prompt = prompt_of(request)
    if "Question:" not in prompt:
        return completion("Yes")
    asked = prompt.split("Question: ")[1].split("\n")[0].replace('"', "")
    question = cpp.parse(asked)
    a, b = question.variables
    source = np.random.default_rng(sorted(map(ord, a + b)))
    yes = 0.75 + 0.1 * source.random()
    if request["model"] == "a":
        true = any(a in dag.nodes and b in dag.nodes and b in dag.descendants(a) for dag in GRAPHS)
        yes += 0.12 if true else -0.12
    return completion("Yes", logprobs=logprobs({"Yes": yes, "No": 0.99 - yes}))


GRAPHS = [cpp.load_network(name).dag for name in ("asia", "cancer", "earthquake", "survey", "sachs")]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.bif"
    source = Path(cpp.__file__).parents[1] / "data/networks/asia.bif"
    path.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_two_models_on_a_graph_of_ones_own(run: Run, tmp_path: Path, mine: Path) -> None:
    out, plot = tmp_path / "c.json", tmp_path / "c.png"
    with ProtocolServer(knowing) as server:
        options = ("--model", "a", "--model", "b", "--graph", mine, "--base-url", server.url)
        code, printed, err = run("calibrate", *options, "--out", out, "--plot", plot)
        assert (code, err) == (0, "")
        asked = {name: {prompt_of(r) for r in server.requests if r["model"] == name} for name in "ab"}
    assert {p for p in asked["a"] if "Question:" in p} == {p for p in asked["b"] if "Question:" in p}
    assert max(map(len, printed.splitlines())) < 80
    lines = printed.splitlines()
    assert lines[0] == "1 network: mine"
    assert lines[1] == "A  a: 28 pairs answered by 56 prompts"
    assert "A − B  right directions  +" in printed
    assert re.search(r"yes where true +1\.00 .* 1\.00", printed)
    assert re.search(r"no where false +0\.00 .* 0\.00", printed)
    assert "not calibrated" in printed
    assert "4 networks and 22 pairs missing" in " ".join(printed.split())
    assert plot.read_bytes().startswith(b"\x89PNG")
    saved = json.loads(out.read_text(encoding="utf-8"))
    assert saved["models"]["a"]["accuracy"]["value"] > saved["models"]["b"]["accuracy"]["value"]
    assert saved["differences"][0]["accuracy"]["low"] > 0


@pytest.mark.slow
def test_a_prior_from_calibrate_to_discover(run: Run, tmp_path: Path) -> None:
    prior, journal = tmp_path / "prior.json", tmp_path / "answers.journal"
    with ProtocolServer(knowing) as server:
        options = ("--oracle", "openai", "--base-url", server.url, "--journal", journal)
        code, printed, err = run(
            "calibrate", *options, "--model", "a", "--model", "b", *FIVE, "--save", prior, "--questions", 14
        )
        assert (code, err) == (0, "")
        assert "each network left out" not in printed
        assert re.search(r"sachs \(336\) +\+", printed)
        before = len(server.requests)
        code, printed, err = run(
            "discover", *options, "--model", "a", "--network", "asia", "--prior", prior, "--json", "--max-questions", 28
        )
        assert (code, err) == (0, "")
        found = json.loads(printed)
        assert {step["question"]["kind"] for step in found["transcript"]} == {"Direction"}
        assert len(server.requests) - before <= 2 * 28
        for wrong, said in (
            (("--model", "c", "--prior", prior), "priors of a, b, and none of c"),
            (("--model", "a", "--prior", tmp_path / "no.json"), "no.json"),
            (("--model", "a", "--prior", prior, "--published"), "takes no --prior"),
        ):
            code, _, err = run("discover", *options, "--network", "asia", *wrong)
            assert (code, said in err, err.count("\n")) == (1, True, 1)


def test_what_is_refused_is_refused_before_anything_is_asked(run: Run, tmp_path: Path, mine: Path) -> None:
    with ProtocolServer(knowing) as server:
        options = ("--model", "a", "--base-url", server.url)
        for more, said in (
            (("--graph", mine, "--save", tmp_path / "p.json"), "3 networks and 22 pairs missing"),
            ((*SMALL, "--questions", 5, "--save", tmp_path / "p.json"), "pairs missing"),
            ((*FIVE, "--kind", "Causes", "--save", tmp_path / "p.json"), "go with --kind Direction"),
            (("--model", "b", "--kind", "Causes", *FIVE), "go with --kind Direction"),
            (("--model", "b"), "name networks by --network"),
            (("--graph", mine, "--worlds", 3), "say --worlds or --network, not both"),
            (("--graph", tmp_path / "none.bif"), "none.bif"),
            (("--required", "a - b"), "a - b"),
            (("--graph", mine, "--repeats", 2), "asked once in every wording"),
        ):
            code, out, err = run("calibrate", *options, *more)
            assert (code, out, err.count("\n")) == (1, "", 1)
            assert said in err
        code, printed, err = run("calibrate", *options, "--model", "b", "--graph", mine, "--dry-run")
        assert (code, err) == (0, "")
        assert 112 <= int(re.match(r"at most (\d+) prompts", printed).group(1)) < 130  # and looks at the server
        code, printed, _ = run("calibrate", *options, "--network", "asia", "--repeats", 1, "--dry-run", "--json")
        assert 10 <= json.loads(printed)["estimate"]["prompts"] < 20
        assert server.requests == []
    code, _, err = run("calibrate", "--dry-run")
    assert (code, "simulated takes nothing" in err) == (1, True)
    code, _, err = run("calibrate", "--kind", "Direction")
    assert (code, "say --network" in err) == (1, True)


def test_known_edges_and_a_simulated_oracle(run: Run, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("required: smoke -> tar, tar -> cancer\n", encoding="utf-8")
    code, printed, _ = run(
        "calibrate", "--kind", "Direction", "--error", 0, "--knowledge", known, "--required", "age -> income"
    )
    assert code == 0
    assert "2 networks: known, required edges" in printed
    assert "A  simulated: 4 pairs answered by 8 prompts" in printed
    assert re.search(r"right directions +1\.00", printed)
    code, printed, _ = run("calibrate", "--error", 0, "--knowledge", known, "--json")
    assert json.loads(printed)["questions"] == 6


def test_the_seed_draws_pairs_and_errors(run: Run) -> None:
    options = ("calibrate", "--error", 0.3, "--network", "sachs", "--network", "asia", "--json")
    for kind in ("Causes", "Direction"):
        outs = [run(*options, "--kind", kind, "--seed", seed)[1] for seed in (1, 1, 2)]
        assert outs[0] == outs[1] != outs[2]
    same = cpp.calibrate(cpp.SimulatedOracle(cpp.Dag([]), 0.3), ["sachs", "asia"], seed=1)
    assert json.loads(run(*options, "--kind", "Causes", "--seed", 1)[1]) == same.to_dict()


def test_a_model_that_is_a_file_here_runs_here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from causalpp.language import ScriptedBackend

    (tmp_path / "model.gguf").write_bytes(b"")
    made: list[str] = []

    def transformers(path: str, **options: Any) -> cpp.LanguageModelOracle:
        made.append(path)
        options.pop("seed")
        return cpp.LanguageModelOracle(
            ScriptedBackend(lambda prompt: Reply("yes", {"yes": -0.1, "no": -2.0})), **options
        )

    monkeypatch.setattr(cpp.LanguageModelOracle, "transformers", transformers)
    code, printed, err = run("calibrate", "--model", tmp_path / "model.gguf", "--required", "smoke -> tar")
    assert (code, err) == (0, "")
    assert made == [str(tmp_path / "model.gguf")]
    assert "1 pair answered by 2 prompts" in " ".join(printed.split())
