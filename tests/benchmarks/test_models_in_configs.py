"""Language models in configurations: limits that hold, budgets, timeouts, and keys that new settings do not change."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from protocol_servers import ProtocolServer, completion

from causalpp.benchmarks import Config, run
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers.asked import Model, settings_of
from causalpp.errors import FormatError, RunIncomplete

ITEMS = [
    {
        "id": str(number),
        "premise": "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
        "these 3 variables are as follows: A correlates with B. B correlates with C. A correlates with C. "
        "However, A and C are independent given B.",
        "hypothesis": hypothesis,
        "label": False,
    }
    for number, hypothesis in enumerate(["A directly causes B.", "B directly causes A.", "B directly causes C."])
]


class Busy:
    """How many requests are under way at once, at most."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.now = self.most = self.all = 0
        self.seconds, self.lock = seconds, threading.Lock()

    def __call__(self, request: dict[str, Any]) -> Any:
        with self.lock:
            self.now, self.all = self.now + 1, self.all + 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        return completion("Yes")


def config(url: str, *, units: int = 8, **model: Any) -> Config:
    ask = {"model": "tiny", "base_url": url, **model}
    solvers = [{"solver": name, "ask": ask} for name in ("zero-shot", "chain-of-thought", "acbo")]
    parts = [
        {"study": "solve", "items": ITEMS, "solvers": solvers},
        {"study": "local", "items": ITEMS, "oracles": [{"ask": ask}], "per_kind": 2},
    ]
    return Config.from_dict({"name": "x", "parts": parts, "concurrency": units})


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def test_the_requests_of_a_run_keep_to_one_limit(tmp_path: Path) -> None:
    """Every item has an oracle of its own, the forms of reply too, and units run at the same time."""
    busy = Busy()
    with ProtocolServer(busy) as server:
        found = run(config(server.url, units=4, concurrency=1), tmp_path, progress=False)
    assert found.units == 10
    assert busy.all > 10
    assert busy.most == 1


def test_a_model_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    with ProtocolServer(Busy(seconds=1.0)) as server, pytest.raises(RunIncomplete, match="timed out"):
        run(config(server.url, timeout=0.05, retries=0), tmp_path, progress=False)


def test_a_budget_ends_the_run_and_it_goes_on(tmp_path: Path) -> None:
    """A loop that the budget left undone is no result."""
    with ProtocolServer(Busy(0.0)) as server:
        with pytest.raises(RunIncomplete, match="budget of 4 questions is spent"):
            run(config(server.url, budget={"questions": 4}), tmp_path / "a", progress=False)
        found = run(config(server.url, budget={"questions": 4000}), tmp_path / "a", progress=False)
    assert found.units == 10


def test_how_a_model_is_asked_stands_in_the_configuration(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []

    def reply(request: dict[str, Any]) -> Any:
        sent.append(request)
        return completion("Because.\nAnswer: yes")

    ask = {"mode": "reason", "max_tokens": 77, "temperature": 0.5, "labels": ["yes", "no"], "extra": {"effort": "low"}}
    with ProtocolServer(reply) as server:
        asked = read_settings(Model, {"model": "tiny", "base_url": server.url, **ask})
        parts = [{"study": "local", "items": ITEMS[:1], "oracles": [{"ask": {**settings_of(asked)}}], "per_kind": 1}]
        run(Config.from_dict({"name": "x", "parts": parts}), tmp_path, progress=False)
    assert {(r["max_tokens"], r["temperature"], r["effort"]) for r in sent} == {(77, 0.5, "low")}
    assert all("unsure" not in str(r["messages"]) for r in sent)


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": 0}, {"retries": -1}, {"mode": "think"}, {"budget": {"money": 1.0}}, {"temperature": -1},
     {"wordings": ["loud"]}, {"provider": "anthropic", "temperature": 0.5}, {"budget": {"questions": "many"}}],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        read_settings(Model, {"model": "tiny", **wrong})


def test_settings_that_are_not_given_change_no_key() -> None:
    """What 0.1 finished counts: its units have these keys and no others."""
    assert settings_of(Model("m"))["listing"] == "drawn"  # other prompts than those of 0.1
    assert set(settings_of(Model("m", listing="given"))) == {
        "model", "provider", "base_url", "temperature", "seed", "max_tokens", "wordings", "polarities", "concurrency",
        "journal", "prices",
    }  # fmt: skip


def test_an_estimate_is_no_less_than_what_is_asked(tmp_path: Path) -> None:
    busy = Busy(0.0)
    with ProtocolServer(busy) as server:
        made = config(server.url, prices=[1.0, 2.0])
        kinds = [made.parts[number].kind for number, _ in made.units()]
        each = [
            kind.estimate(unit.parameters) for kind, (_, unit) in zip(kinds, made.units(), strict=True) if kind.estimate
        ]
        assert busy.all == 0
        run(made, tmp_path, progress=False)
        sent = list(server.requests)
    found = [one for one in each if one is not None]
    assert len(found) == 10
    looks = 2 * 3
    assert len(sent) - looks <= sum(one.prompts for one in found)
    assert sum(len(str(request["messages"])) for request in sent) / 5 <= sum(one.tokens_in for one in found)
    assert all(one.cost is not None and one.cost > 0 for one in found)


def test_a_checkpoint_is_its_folder_as_a_model_in_this_process(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no finished training"):
        read_settings(Model, {"checkpoint": str(tmp_path)})
    told = {"finished": True, "recipe": "sft", "settings": {}, "items": 1, "curve": []}
    (tmp_path / "training.json").write_text(json.dumps(told))
    found = read_settings(Model, {"checkpoint": str(tmp_path), "max_tokens": 8})
    assert found == Model(str(tmp_path), "transformers", max_tokens=8)
    for odd in ({"checkpoint": str(tmp_path), "model": "m"}, {"max_tokens": 8}):
        with pytest.raises(FormatError, match="'checkpoint', the folder of a training"):
            read_settings(Model, odd)
