"""Studies of two claims: what is asked is open and true as said, loops are right with an oracle that is, runs go on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from causalpp.benchmarks import Claim, axiom_study, local_study
from causalpp.benchmarks.studies.claims.answers import shuffled
from causalpp.benchmarks.studies.claims.axiom import axiom_tests
from causalpp.benchmarks.studies.claims.local import _looped, _unlooped, hypotheses_asked, renamed
from causalpp.errors import FormatError, InvalidParameter
from causalpp.oracles import SimulatedOracle
from causalpp.tasks import stories

TINY: dict[str, Any] = {"steps": 2, "parameters": 2e5, "seeds": 1, "progress": False}


def test_hypotheses_are_open_in_the_class_and_as_many_true_as_false() -> None:
    for asked in hypotheses_asked(3, [6, 8]):
        members = list(asked.mec.members())
        assert asked.items[0].dag in members
        for item in asked.items:
            holds = [item.proposition.holds(dag) for dag in members]
            assert 0 < sum(holds) < len(holds)
        assert sum(bool(item.answer) for item in asked.items) * 2 == len(asked.items)


def test_an_oracle_that_is_always_right_settles_every_hypothesis() -> None:
    for asked in hypotheses_asked(2, [6, 9]):
        oracle = SimulatedOracle(asked.items[0].dag, 0.0)
        truth = [float(bool(item.answer)) for item in asked.items]
        said, more = _looped(asked, oracle, 0)
        assert (list(said), more["local_right"], more["graph_right"]) == (truth, 1.0, 1.0)
        assert list(_unlooped(asked, oracle)[0]) == truth


def test_other_letters_change_no_answer() -> None:
    for item in stories(20, ask="graph", seed=3).items:
        other = renamed(item, 5)
        graph: nx.DiGraph[str] = nx.DiGraph(re.findall(r"\b([A-L]) (?:drives|moves|changes) ([A-L])\.", other.prompt))
        a, b = re.findall(r"\b[A-L]\b", other.prompt.split("Question:")[1])
        assert graph.number_of_edges() == len(item.edges)
        if "common" not in other.prompt:
            assert (graph.has_node(a) and graph.has_node(b) and nx.has_path(graph, a, b)) == item.answer
        assert renamed(item, 5).prompt == other.prompt
    assert len({renamed(item, time).prompt for time in range(5)}) == 5


def test_shuffled_answers_are_the_same_answers_elsewhere() -> None:
    items = stories(50, seed=1).items
    dealt = shuffled(items, 0)
    assert [one.prompt for one in dealt] == [item.prompt for item in items]
    assert sorted(one.target.value for one in dealt) == sorted(bool(item.answer) for item in items)
    assert 20 < sum(one.target.value != item.answer for one, item in zip(dealt, items, strict=True)) < 80


def test_tests_of_the_axiom_change_one_thing_each() -> None:
    tests = axiom_tests(8)
    assert {item.size for item in tests["13–15"]} == {13, 14}  # two sizes of four items each
    assert all(item.about["edges"] > item.size - 1 for item in tests["branching 2.0"] if item.size)
    assert all(" causes " in item.prompt for items in tests.values() for item in items)


def test_scores_are_shares_and_seeds_are_told_apart() -> None:
    rows = [
        {"solver": who, "test": "1", "item": f"{k}", "group": f"{k // 2}", "seed": seed, "right": right}
        for who, seed, said in (("a", 0, [1, 1, 0, 1]), ("a", 1, [1, 0, 0, 1]), ("b", 0, [0, 0, 0, 1]))
        for k, right in enumerate(said)
    ]
    claim = Claim(tuple(rows), {"name": "x"})
    table = claim.scores().set_index("solver")
    assert list(table["right"]) == [5 / 8, 1 / 4]
    assert (table.loc["a", "least"], table.loc["a", "greatest"], table.loc["a", "groups"]) == (0.5, 0.75, 2)
    assert claim.difference("a", "b")[0] == pytest.approx(5 / 8 - 1 / 4)
    assert Claim.from_json(claim.to_json()).rows == claim.rows
    assert "0.62" in repr(claim)
    assert len(claim.plot().axes) == 1
    with pytest.raises(InvalidParameter):
        claim.difference("a", "nobody")
    with pytest.raises(FormatError):
        Claim.from_json("{}")


@pytest.mark.slow
def test_a_study_goes_on_from_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {"graphs": 20, "variables": (6,), "per_size": 1, **TINY}
    one = local_study(tmp_path / "local", ("global", "local + loop", "class alone"), **told)
    assert one.frame.groupby("solver").size().tolist() == [len(hypotheses_asked(1, [6])[0].items)] * 3

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("causalpp.benchmarks.studies.claims.local.hypotheses_asked", never)
    again = local_study(tmp_path / "local", ("global", "local + loop", "class alone"), **told)
    assert again.rows == one.rows
    with pytest.raises(InvalidParameter, match="steps"):
        local_study(tmp_path / "local", ("global",), **{**told, "steps": 3})
    with pytest.raises(InvalidParameter, match="unknown solver"):
        local_study(tmp_path / "local", ("nobody",), **told)


@pytest.mark.slow
def test_the_axiom_is_learned_and_asked_about(tmp_path: Path) -> None:
    learners = ("encoder", "random weights", "first mentioned", "always no")
    found = axiom_study(tmp_path / "axiom", learners, items=64, per_test=8, **TINY)
    assert set(found.frame["solver"]) == set(learners)
    frame = found.frame
    assert (frame[frame["solver"] == "always no"].groupby("test")["right"].mean() == 0.5).all()
    with pytest.raises(InvalidParameter, match="unknown learner"):
        axiom_study(tmp_path / "axiom", ("nobody",), items=64, per_test=8, **TINY)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(InvalidParameter, match="something else"):
        axiom_study(tmp_path / "other", learners, items=64, per_test=8, **TINY)
    assert np.isfinite(found.scores()["right"]).all()
