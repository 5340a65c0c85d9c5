"""Items of any kind put to language models: the prompt as it stands, solved items before it, steps asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causalpp.benchmarks.solvers import make_solver
from causalpp.benchmarks.solvers.asked import Model
from causalpp.benchmarks.solvers.whole import ChainOfThought, FewShot, ZeroShot
from causalpp.errors import InvalidParameter
from causalpp.tasks import Exact, Item, Number, Scorer, Target, YesNo, generate, interventional_set, score


def sums(folder: Path, scorer: Scorer, truth: Any) -> tuple[str, list[Item]]:
    """A file of items, and the items."""
    items = [Item(f"{k}", f"What is {k} + {k}?", Target(truth(k), scorer), group=f"g{k // 2}") for k in range(12)]
    path = folder / "sums.jsonl"
    path.write_text("".join(json.dumps(item.to_dict()) + "\n" for item in items))
    return str(path), items


@pytest.mark.parametrize(("scorer", "truth"), [
    (YesNo(), True), (YesNo(), False), (Number(), 0.25), (Number(key="PROB"), 0.25), (Exact(), "smoke"),
])  # fmt: skip
def test_what_a_scorer_writes_it_reads_as_right(scorer: Scorer, truth: Any) -> None:
    item = Item("1", "?", Target(truth, scorer))
    assert score(item, scorer.write(truth)).outcome == "right"


def test_solved_items_of_other_groups_are_shown(tmp_path: Path, scripted: Any) -> None:
    path, items = sums(tmp_path, Number(), lambda k: 2 * k)
    backend = scripted("It is 6.")
    solver = FewShot(Model("m"), shots=3, examples=path)
    assert solver.solve(items[3].blind()).answer == 6.0
    assert solver.estimate(items[3].blind()).tokens_in > ZeroShot(Model("m")).estimate(items[3].blind()).tokens_in  # type: ignore[union-attr]
    shown = backend.prompts[0].user
    assert shown.endswith("What is 3 + 3?")
    solved = shown.split("\n\nQuestion:\n")[:-1]
    assert len(solved) == 4  # a heading and three
    for text in solved[1:]:
        k = int(text.split()[2])
        assert k not in (2, 3)  # its own group
        assert text.endswith(f"Answer:\n{2 * k}")
    solver.solve(items[3].blind())
    assert backend.prompts[1] == backend.prompts[0]


def test_yes_and_no_are_shown_equally_often(tmp_path: Path, scripted: Any) -> None:
    path, items = sums(tmp_path, YesNo(), lambda k: k % 3 == 0)
    backend = scripted("yes")
    FewShot(Model("m"), shots=4, examples=path).solve(items[0].blind())
    assert backend.prompts[0].user.count("Answer:\nyes") == backend.prompts[0].user.count("Answer:\nno") == 2


def test_a_set_without_such_items_is_refused(scripted: Any) -> None:
    scripted("1")
    with pytest.raises(InvalidParameter, match="too few solved items of the kind Item"):
        FewShot(Model("m")).solve(Item("1", "1 + 1 = ?", Target(2, Number())).blind())


def test_local_questions_are_items_like_any_other(scripted: Any) -> None:
    """One scorer, one score: whoever answers, and whatever set the question is of."""
    asked = interventional_set(generate([4, 9], rows=24, seed=0), per_kind=2)
    for item in asked:
        said = make_solver("symbolic").solve(item.blind())
        assert (said.answer, said.reason) == ((item.answer, None) if item.decided else (None, "open"))
        assert score(item, item.reply).outcome == "right"
        assert score(item, said.answer).outcome == ("right" if item.decided else "no answer")
    backend = scripted("**Yes.**")
    assert ZeroShot(Model("m")).solve(asked[0].blind()).answer is True
    assert backend.prompts[0].user == asked[0].prompt


def test_steps_are_asked_for_and_come_first(scripted: Any) -> None:
    item = Item("1", "How much is 1 + 1?", Target(2, Number()))
    backend = scripted("First 1, then 1 more.\nSo it is 2.")
    for solver in (ZeroShot(Model("m")), ChainOfThought(Model("m"))):
        assert score(item, solver.solve(item.blind()).answer).outcome == "right"
    plain, steps = (prompt.user for prompt in backend.prompts)
    assert plain == item.prompt
    assert steps.startswith(item.prompt + "\n\nThink step by step")
