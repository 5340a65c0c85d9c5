"""``causalpp record`` from outside: a server whose cache is switched off, and what stands beside the answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from protocol_servers import ProtocolServer, completion, logprobs, prompt_of

from causalpp import Causes, RecordedOracle
from causalpp.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["record", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def _reply(request: Any) -> Any:
    yes = 0.6 if "Does smoking cause" in prompt_of(request) else 0.2
    return completion("Yes", logprobs=logprobs({"Yes": yes, "No": 0.8 - yes, "Well": 0.2}))


def test_a_server(run: Any, tmp_path: Path) -> None:
    out, weights = tmp_path / "tiny.jsonl", tmp_path / "tiny.gguf"
    weights.write_bytes(b"weights")
    with ProtocolServer(_reply) as server:
        options = (
            "--oracle",
            "openai",
            "--model",
            "tiny",
            "--base-url",
            server.url,
            "--network",
            "cancer",
            "--out",
            out,
        )
        code, said, err = run(*options, "--prompt", "short", "--weights", weights)
        assert (code, err) == (0, "")
        assert "20 answers in" in said
        assert "moved by 0 at most" in said
        asked = [request for request in server.requests if "Does" in prompt_of(request)]
        assert len(asked) == 20 + 12
        assert all(request["cache_prompt"] is False for request in asked)
        assert run(*options, "--prompt", "short")[1].startswith("20 answers in")  # nothing is asked again
        assert len(server.requests) < 40
        assert run(*options, "--keep-cache")[0] == 0
    answer = RecordedOracle(out, "tiny", "cancer", ["short"]).ask(Causes("Smoker", "Cancer"))[0]
    assert answer.log_odds == pytest.approx(1.0986, abs=1e-4)  # log(0.6 / 0.2)
    about = json.loads((tmp_path / "tiny.about.json").read_text())
    first, second = about["runs"]
    assert first["weights"] == {"tiny.gguf": hashlib.sha256(b"weights").hexdigest()}
    assert first["prefix_cache"] == "asked for by cache_prompt: false"
    assert second["prefix_cache"] == "not switched off"
    assert second["new"] == 20  # those of the library's own words
    assert first["command"].startswith("causalpp record --oracle openai --model tiny")
    assert str(tmp_path) not in json.dumps(about)
    assert first["pairs"] == {"cancer": {"asked": 10, "of": 10}}


def test_a_run_that_was_stopped_is_told_by_the_one_that_goes_on(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "tiny.jsonl"
    with ProtocolServer(_reply) as server:
        where = ("--oracle", "openai", "--model", "tiny", "--base-url", server.url)
        options = (*where, "--network", "cancer", "--prompt", "short", "--out", out)
        assert run(*options)[0] == 0
        lines = out.read_text().splitlines(keepends=True)
        for kept, new in ((7, [20]), (20, [20])):  # with and without something left to ask
            out.write_text("".join(lines[:kept]))
            (tmp_path / "tiny.about.json").unlink()
            assert run(*options)[0] == 0
            assert [one["new"] for one in json.loads((tmp_path / "tiny.about.json").read_text())["runs"]] == new


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--oracle", "simulated"], "only language models are recorded"),
        (["--oracle", "openai", "--model", "tiny", "--out", "answers.csv"], "is called ….jsonl"),
        (["--oracle", "openai", "--model", "tiny", "--network", "asa"], "did you mean 'asia'"),
    ],
)
def test_what_cannot_be_recorded(run: Any, tmp_path: Path, options: list[str], message: str) -> None:
    given = ["--network", "cancer", "--out", str(tmp_path / "a.jsonl"), "--base-url", "http://127.0.0.1:9", *options]
    if "simulated" in options:
        given = [option for option in given if not option.startswith("http") and option != "--base-url"]
    code, out, err = run(*given)
    assert (code, out) == (1, "")
    assert message in err
