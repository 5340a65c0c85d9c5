"""CauGym in runs: four ways to ask a model and two constants beside the ceiling, twins, and abstentions told apart."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from protocol_servers import ProtocolServer, completion

from causalpp.benchmarks import Config, run
from causalpp.benchmarks.metrics import abstentions, twin_gaps
from causalpp.benchmarks.reports.report import report
from causalpp.benchmarks.solvers.free import in_steps
from causalpp.errors import RunIncomplete
from causalpp.tasks import Scorer, caugym, score

ASKING = ("zero-shot", "few-shot", "chain-of-thought", "program-aided")
CONSTANTS = {
    "always yes, 0.5": '{"ANSWER": "yes", "PROB": 0.5}',
    "always insufficient": '{"ANSWER": "insufficient"}',
}


def written(item: caugym.CauGymItem) -> str:
    """The program that a text describes, with cells that it does not state left open."""
    tables = item.program["tables"]
    p: dict[str, dict[str, Any]] = {node: {} for node in tables}
    for figure in item.figures:
        ((node, value),) = figure["variables"].items()
        key = "".join(str(figure["given"][parent]) for parent in tables[node]["parents"])
        p[node][key] = figure["value"] if value else f"1 - {figure['value']}"
    ask = {"quantity": item.quantity, **{name: item.contrast[name] for name in ("treatment", "outcome")}}
    ask |= {"fixed": item.contrast["fixed"]} if item.quantity == "CDE" else {}
    ask |= {"mediators": item.contrast["mediators"]} if item.quantity in ("NDE", "NIE") else {}
    ask |= {"value": item.bound} if item.bound else {}
    ask["yes_if"] = f"{item.contrast['asked']} {item.contrast['threshold']}"
    variables = {node: {"parents": tables[node]["parents"], "p": p[node]} for node in tables}
    return json.dumps({"variables": variables, "ask": ask})


class Knowing:
    """A server in the place of a language model, which knows right replies, and misses those of some items."""

    def __init__(self, items: Any, missing: Any = lambda item: False) -> None:
        self.items, self.missing = list(items), missing
        self.prompts: list[str] = []

    def __call__(self, request: dict[str, Any]) -> Any:
        prompt = request["messages"][-1]["content"]
        self.prompts.append(prompt)
        found = [item for item in self.items if prompt.split("\n\nQuestion:\n")[-1].startswith(item.prompt)]
        (item,) = found
        if self.missing(item):
            return completion('Perhaps {"ANSWER": "yes", "PROB": "2.5"}?')
        if '"quantity"' in prompt:
            return completion("The graph is as told.\n" + written(item))
        if prompt == in_steps(item.prompt):
            return completion("First one thing, then another.\n" + item.reply)
        return completion(item.reply)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")


@pytest.fixture(scope="module")
def items() -> list[caugym.CauGymItem]:
    kinds = ("ATE", "CDE", "NDE", "PN")
    return list(caugym.generate(4, sets=("plain", "insufficient"), quantities=kinds, sizes=(3, 4), seed=4))


def config(folder: Path, items: list[caugym.CauGymItem], url: str, **model: Any) -> Config:
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(item.to_dict()) + "\n" for item in items))
    ask = {"model": "fake", "base_url": url, **model}
    solvers: list[Any] = [{"solver": "constant", "reply": text, "label": name} for name, text in CONSTANTS.items()]
    for name in ASKING:
        more = {"examples": "caugym-small", "shots": 2} if name == "few-shot" else {}
        solvers.append({"solver": name, "ask": ask, **more})
    return Config.from_dict(
        {"name": "x", "concurrency": 1, "parts": [{"study": "solve", "items": str(file), "solvers": solvers}]},
    )


def test_all_ways_of_asking_run_and_the_gap_between_twins_shows(items: Any, tmp_path: Path) -> None:
    """The fake model knows everything but what is asked in letters."""
    with ProtocolServer(Knowing(items, missing=lambda item: item.anonymous)) as server:
        made = config(tmp_path, items, server.url, journal=str(tmp_path / "replies.sqlite"))
        found = run(made, tmp_path / "run", jobs=1, progress=False)
        asked = len(server.requests)
        run(made, tmp_path / "again", jobs=1, progress=False)
        assert len(server.requests) == asked == len(items) * len(ASKING)  # the journal has every reply
    assert not found.failures
    frame = found.frame("solve")
    assert {"quantity", "asked", "set", "anonymous"} <= set(frame.columns)
    gaps = twin_gaps(frame, ["solver"]).set_index("solver")
    told = abstentions(frame, ["solver"]).set_index("solver")
    for name in ASKING:
        assert gaps.loc[name, ["story", "letters", "gap", "error"]].tolist() == [1.0, 0.0, -1.0, 0.0]
        assert gaps.loc[name, "pairs"] == len(items) / 2
        assert told.loc[name, ["determined", "open"]].tolist() == [8, 8]
        assert told.loc[name, ["right", "abstained", "open_right"]].tolist() == [0.5, 0.0, 0.5]
    silent = frame[(frame["solver"] == "program-aided") & frame["anonymous"]]
    assert set(silent["outcome"]) == {"no answer"}  # what cannot be compiled is no answer, and says why
    assert set(silent["reason"]) == {"the object has no 'variables'"}
    assert told.loc["always insufficient", ["right", "abstained", "open_right"]].tolist() == [0.0, 1.0, 1.0]
    assert told.loc["always yes, 0.5", "wrong"] == 1.0
    page = report(found, draws=20)
    captions = [table.caption for table in page.tables]
    for says in ("Twins", "Abstentions", "What failed", "By set", "By quantity", "By what is asked of PN"):
        assert any(caption.startswith(says) for caption in captions), says
    failed = [row for table in page.tables if table.caption.startswith("What failed") for row in table.rows]
    assert ["program-aided", "fake", "the object has no 'variables'", "8"] in [list(row) for row in failed]
    assert sum(int(row[-1]) for row in failed if row[0] == "always insufficient") == 8  # those that are determined


def test_a_budget_ends_a_run_of_word_problems_and_it_goes_on(items: Any, tmp_path: Path) -> None:
    with ProtocolServer(Knowing(items)) as server:
        with pytest.raises(RunIncomplete, match="budget of 5 questions is spent"):
            run(
                config(tmp_path, items[:4], server.url, budget={"questions": 5}),
                tmp_path / "run",
                jobs=1,
                progress=False,
            )
        found = run(config(tmp_path, items[:4], server.url), tmp_path / "run", jobs=1, progress=False)
    frame = found.frame("solve")
    assert frame[frame["solver"].isin(ASKING)]["right"].all()


@pytest.mark.parametrize("scorer", [caugym.CauGym(), caugym.PublishedCauGym()])
def test_who_answers_something_else_is_wrong(items: Any, scorer: Scorer) -> None:
    """Those who say yes or no to everything are no reason for a run to end."""
    for said in (True, False, 0.5):
        found = score(replace(items[0], target=replace(items[0].target, scorer=scorer)), said)
        assert (found.outcome, found.reason) == ("wrong", "neither ANSWER nor PROB")


def test_items_are_generated_for_a_run() -> None:
    made = Config.from_dict({"name": "x", "seed": 3, "parts": [
        {"study": "solve", "solvers": ["symbolic"], "items": {"task": "caugym", "rows": 7, "sets": ["redundant"]}},
    ]})  # fmt: skip
    units = [unit.parameters["item"]["id"] for _, unit in made.units()]
    assert units == [item.id for item in caugym.generate(7, sets=["redundant"], seed=3)]


def test_the_error_of_a_gap_is_that_of_paired_differences() -> None:
    """Without groups the standard error of a mean; with groups, that of their sums."""
    draw = np.random.default_rng(0)
    n = 40
    story, letters = (draw.integers(0, 2, n).astype(float) for _ in range(2))
    rows = [
        {"item": f"{k}{end}", "pair": f"{k}{other}", "anonymous": end == "b", "score": value, "solver": "x"}
        for k in range(n)
        for end, other, value in (("a", "b", story[k]), ("b", "a", letters[k]))
    ]
    frame = pd.DataFrame(rows)
    (found,) = twin_gaps(frame).to_dict("records")
    gap = letters - story
    assert found["gap"] == pytest.approx(gap.mean())
    assert found["error"] == pytest.approx(gap.std(ddof=1) / math.sqrt(n))
    grouped = frame.assign(group=[row["item"][:-1] + "g" if int(row["item"][:-1]) > 19 else "one" for row in rows])
    (found,) = twin_gaps(grouped).to_dict("records")
    centred = gap - gap.mean()
    sums = [centred[:20].sum(), *centred[20:]]
    assert found["groups"] == 21
    assert found["error"] == pytest.approx(math.sqrt(21 / 20 * sum(v**2 for v in sums)) / n)
    (single,) = twin_gaps(frame.assign(group="one")).to_dict("records")
    assert math.isnan(single["error"])
    assert twin_gaps(frame[frame["anonymous"]]).empty


@pytest.mark.slow
def test_a_model_in_this_process_is_put_word_problems(
    items: list[caugym.CauGymItem], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It can say nothing of use, and is not mistaken for one that abstains."""
    pytest.importorskip("transformers")
    from tiny_models import tiny_model

    folder = str(tiny_model("llama", tmp_path_factory.mktemp("models"), 4096))
    ask = {"model": folder, "provider": "transformers", "max_tokens": 8}
    solvers = [{"solver": name, "ask": ask} for name in ("zero-shot", "program-aided")]
    some = [item.to_dict() for item in items[:2]]
    made = Config.from_dict({"name": "x", "parts": [{"study": "solve", "items": some, "solvers": solvers}]})
    frame = run(made, tmp_path, jobs=1, progress=False).frame("solve")
    assert frame["outcome"].tolist() == ["no answer"] * 4
    assert frame["reason"].notna().all()
    assert frame["oracle_nature"].tolist() == ["language model"] * 4
