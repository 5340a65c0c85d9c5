"""Corr2Cause learned: classes kept apart up to names, what a renaming changes, and the whole study in small."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causalpp.benchmarks.studies.corr2cause import Budget, TrainingStudy, blocks, training_study
from causalpp.benchmarks.studies.corr2cause.items import BASE, bare, make_sets, reshown, shuffled
from causalpp.equivalence import MarkovEquivalenceClass, from_premise
from causalpp.errors import FormatError, InvalidParameter
from causalpp.tasks import Corr2CauseItem
from causalpp.tasks.corr2cause import hypothesis


@pytest.fixture(scope="module")
def sets() -> Any:
    return make_sets(4, 200, beyond=(7,), per_size=12, held=60)


def shapes(items: Iterable[Corr2CauseItem]) -> set[frozenset[tuple[int, int]]]:
    """The classes of some items up to the names: of each the least of its CPDAG's edge sets in all orders."""
    out = set()
    for premise in {item.premise for item in items}:
        graph = from_premise(premise)
        matrix = graph.matrix
        every = (matrix[np.ix_(order, order)] for order in permutations(range(len(matrix))))
        least = min(tuple(map(int, one.ravel())) for one in every)
        out.add((len(matrix), least))
    return out


def test_no_class_is_learned_and_asked_about_whatever_its_names(sets: Any) -> None:
    learned = shapes(sets.train)
    for test in (BASE, "renamed", "paraphrased"):
        assert sets.tests[test]
        assert not learned & shapes(sets.tests[test])
    assert shapes(sets.tests["seen classes"]) <= learned
    assert {item.group for item in sets.train}.isdisjoint(item.group for item in sets.tests[BASE])


def test_an_item_shown_again_says_the_same_of_other_names(sets: Any) -> None:
    forms, letters = set(), set()
    for item in sets.train[:40]:
        for times in range(3):
            shown = reshown(item, times)
            assert isinstance(shown, Corr2CauseItem)
            cpdag = from_premise(shown.premise)
            pair = dict(zip(item.variables, shown.variables, strict=True))
            old = from_premise(item.premise)
            edges = {frozenset(map(pair.get, edge)) for edge in [*old.directed, *old.undirected]}
            assert edges == {frozenset(edge) for edge in [*cpdag.directed, *cpdag.undirected]}
            mec = MarkovEquivalenceClass.from_cpdag(cpdag)
            p = hypothesis(shown.relation, shown.a, shown.b, variables=shown.variables)
            assert mec.entails(p) is item.label
            assert all(name in shown.hypothesis for name in (shown.a, shown.b))
            forms.add("The following determines" in shown.premise)
            letters |= set(shown.variables)
    assert forms == {True, False}
    assert len(letters) == 26
    assert reshown(sets.train[0], 5) == reshown(sets.train[0], 5)


def test_the_controls_hold_back_what_they_say(sets: Any) -> None:
    few = sets.train[:50]
    assert all(item.prompt == f"Hypothesis: {old.hypothesis}" for item, old in zip(bare(few), few, strict=True))
    dealt = shuffled(sets.train)
    assert [item.prompt for item in dealt] == [item.prompt for item in sets.train]
    assert sum(item.label for item in dealt) == sum(item.label for item in sets.train)
    assert [item.label for item in dealt] != [item.label for item in sets.train]


@pytest.mark.slow
def test_the_whole_study_in_small(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    budget = Budget(
        encoder=6e4, encoder_steps=6, control_steps=4, decoder=6e4, decoder_steps=2, preference_steps=2, max_length=700
    )
    told: dict[str, Any] = {"largest": 3, "rows": 60, "beyond": (7, 21), "per_size": 4, "held": 12, "progress": False}
    found = training_study(tmp_path / "one", budget=budget, **told)
    frame = found.frame
    assert set(frame["solver"]) == {
        "encoder", "sft", "dpo", "in-context", "shuffled labels", "hypothesis alone", "always no",
    }  # fmt: skip
    counts = frame[frame["test"] == "n = 21"].groupby(["solver", "shown"]).size()
    assert set(counts) == {4}
    never = found.scores().set_index(["solver", "test", "shown"]).loc["always no"]
    base = frame[(frame["solver"] == "always no") & (frame["test"] == "n = 7") & (frame["shown"] == "whole")]
    assert never.loc[("n = 7", "whole"), "accuracy"] == pytest.approx(1 - base["label"].mean())
    assert (found.shipped().query("solver == 'always no'")["accuracy"] == 1).all()
    assert TrainingStudy.from_json(found.to_json()).rows == found.rows
    assert "encoder" in repr(found)
    assert len(blocks(found)) > 10
    assert found.plot().axes
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "one").rglob("*.json")}
    assert training_study(tmp_path / "one", budget=budget, **told).rows == found.rows  # nothing is done again
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "one").rglob("*.json")}
    with pytest.raises(InvalidParameter, match="rows = 60, not 61"):
        training_study(tmp_path / "one", budget=budget, **{**told, "rows": 61})


def test_what_cannot_be_studied_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="unknown learner 'rlhf'"):
        training_study(tmp_path, ["rlhf"])
    with pytest.raises(InvalidParameter, match="3 to 6"):
        training_study(tmp_path, largest=7)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InvalidParameter, match="holds something else"):
        training_study(tmp_path)
    with pytest.raises(FormatError):
        TrainingStudy.from_json("{}")
