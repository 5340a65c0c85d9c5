"""Pairs that look alike mean what they are said to mean, and the study of them tells what independent sums tell."""

from __future__ import annotations

import json
import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from causalpp.benchmarks import ObstructionStudy, obstruction_study
from causalpp.benchmarks.studies.obstruction import QUICK, ObstructionSettings, tables
from causalpp.benchmarks.studies.obstruction.pairs import CONTROLS, NEAR, irrelevant, pairs_of, words_of
from causalpp.cli import main
from causalpp.equivalence import MarkovEquivalenceClass, from_premise
from causalpp.errors import CausalppError, FormatError
from causalpp.kernels import edit_distance
from causalpp.propositions import Causes
from causalpp.tasks import generate, hypothesis, read_hypothesis


@pytest.fixture(scope="module")
def pairs():
    return pairs_of([4, 5], 3, seed=3)


def _read(prompt: str) -> tuple[str, str]:
    """Premise and hypothesis of a prompt."""
    premise, _, rest = prompt.removeprefix("Premise: ").partition("\nHypothesis: ")
    return premise, rest.partition("\n")[0]


def _entailed(prompt: str) -> bool:
    """Whether the hypothesis holds in every member, one by one."""
    premise, said = _read(prompt)
    relation, a, b, _ = read_hypothesis(said)
    members = MarkovEquivalenceClass.from_cpdag(from_premise(premise)).members()
    return all(hypothesis(relation, a, b).holds(dag) for dag in members)


def test_answers_are_those_of_all_members(pairs):
    for pair in pairs:
        if pair.kind in (*NEAR, *CONTROLS) and pair.kind not in ("member", "reworded"):
            assert _entailed(pair.left) == pair.left_answer, pair
            assert _entailed(pair.right) == pair.right_answer, pair


def test_controls_say_the_same_and_differ_as_much(pairs):
    edits = {(pair.base, pair.kind): pair.edits for pair in pairs}
    for pair in pairs:
        left, right = _read(pair.left), _read(pair.right)
        if pair.kind in ("edge-control", "relation-control", "swapped"):
            assert left[0] != right[0]
            assert from_premise(left[0]) == from_premise(right[0])
            assert left[1] == right[1]
            assert pair.left_answer == pair.right_answer
        if pair.kind in ("swapped", "mirrored", "reversed"):
            assert (pair.edits, pair.tokens) == (2, 1.0)
        if pair.kind in ("edge-control", "relation-control"):
            near = edits[pair.base, pair.kind.removesuffix("-control")]
            assert abs(pair.edits - near) <= max(6, near / 2)
        if pair.kind == "reworded":
            assert pair.left != pair.right
            assert left[0].partition(": ")[2] == right[0].partition(": ")[2]  # what is said stays as it is
            assert left[1] == right[1]
            edge = next(one for one in pairs if (one.base, one.kind) == (pair.base, "edge"))
            assert abs((1 - pair.tokens) * pair.length - (1 - edge.tokens) * edge.length) <= 4
        if pair.kind in ("mirrored", "reversed", "relation", "member"):
            assert left[0] == right[0]
        if pair.kind in ("edge", "relation", "member"):
            assert pair.differs
        assert pair.edits == edit_distance(words_of(pair.left), words_of(pair.right))


def test_members_are_told_by_no_premise(pairs):
    some = [pair for pair in pairs if pair.kind == "local-member"]
    assert some
    for pair in some:
        assert pair.left == pair.right
        premise = pair.left.partition("\n\n")[0]
        question = pair.left.partition("\n\n")[2]
        dags = list(MarkovEquivalenceClass.from_cpdag(from_premise(premise)).members())
        asked = [pair for pair in permutations(dags[0].nodes, 2) if Causes(*pair).question("intervention") in question]
        (pair_asked,) = asked
        assert {Causes(*pair_asked).holds(dag) for dag in dags} == {True, False}


def test_pairs_leave_out_what_was_learned():
    first = pairs_of([5], 2, seed=1)
    groups = {pair.base.partition(":")[0] for pair in first}
    other = pairs_of([5], 2, seed=1, without=groups)
    assert not groups & {pair.base.partition(":")[0] for pair in other}


def test_an_irrelevant_edit_changes_the_text_and_nothing_else():
    premise = generate(6, rows=6, seed=5, premises="determining").items[0].premise
    for wanted in (2, 9, 24):
        text = irrelevant(premise, wanted, np.random.default_rng(0))
        assert from_premise(text) == from_premise(premise)
        assert text != premise
        assert abs(edit_distance(words_of(text), words_of(premise)) - wanted) <= 3


def test_ratio_share_and_correlation_are_what_they_are_by_hand():
    rows = [
        {"base": base, "kind": kind, "relative": value}
        for base, near, control in (("a", 2.0, 1.0), ("b", 4.0, 1.0), ("c", 9.0, math.nan))
        for kind, value in (("reversed", near), ("swapped", control))
    ]
    mean, low, high = tables.ratio(pd.DataFrame(rows), "reversed", "swapped")
    assert mean == pytest.approx(3.0)  # the class without a control takes no part
    assert low == pytest.approx(2.0)
    assert high == pytest.approx(4.0)
    told = pd.DataFrame({"told": [1.0, 0.0, 0.5, 1.0], "base": list("aabb")})
    assert tables.separated(told)[0] == pytest.approx(0.625)


def test_the_right_answer_adds_what_it_adds():
    draw = np.random.default_rng(0)
    size = 400
    frame = pd.DataFrame(
        {
            "kind": ["edge", "renamed"] * (size // 2), "base": np.arange(size) // 4, "n": 4,
            "tokens": draw.random(size), "edits": draw.random(size), "shd": draw.random(size),
            "left_answer": [True] * size, "right_answer": [False, True] * (size // 2),
        }
    )  # fmt: skip
    noise = draw.normal(size=size)
    differs = (frame["left_answer"] != frame["right_answer"]).to_numpy(float)
    frame["relative"] = 2 * differs + noise
    expected = 1.0 / (1.0 + 1.0)  # the variance of 2·Bernoulli(1/2) is that of the noise
    mean, low, high = tables.answer_adds(frame)
    assert low < expected < high
    assert mean == pytest.approx(expected, abs=4 / math.sqrt(size))
    frame["relative"] = noise
    assert tables.answer_adds(frame)[0] < 16 / size


@pytest.mark.slow
def test_the_quick_study_runs_resumes_and_is_written(tmp_path, capsys):
    command = ["bench", "obstruction", "--quick", "--size", "4", "--store", str(tmp_path / "store")]
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *command,
                "--out",
                str(tmp_path / "found.json"),
                "--page",
                str(tmp_path / "page.md"),
                "--plot",
                str(tmp_path / "f.png"),
            ]
        )
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for heading in (
        "How far apart",
        "What explains the distance",
        "Kernel ridge regression",
        "Is training lazy?",
        "What the loop",
    ):
        assert heading in shown
    assert (tmp_path / "f.png").stat().st_size > 10_000
    found = ObstructionStudy.from_json((tmp_path / "found.json").read_text())
    distances, gaps = found.frame("distance"), found.frame("gap")
    members = distances[distances["kind"].isin(("member", "local-member"))]
    assert len(members)
    assert (members["distance"] == 0).all()
    bounded = gaps[gaps["bound"].notna() & (gaps["predictor"] == "ridge")]
    assert (bounded["gap"].abs() <= bounded["bound"] * (1 + 1e-6) + 1e-9).all()
    words = distances[
        (distances["kernel"] == "words") & distances["kind"].isin(("reversed", "swapped", "edge-control"))
    ]
    assert (words["distance"] == 0).all()  # the floor sees no order
    again = obstruction_study(**{**QUICK, "sizes": (4,)}, store=tmp_path / "store")
    assert again.rows == found.rows
    assert json.loads(again.to_json())["settings"] == json.loads(found.to_json())["settings"]


@pytest.mark.parametrize(
    "settings",
    [{"subjects": ("nobody",)}, {"sizes": (3,)}, {"subjects": ()}, {"learn": 2}, {"bases": 0}, {"parameters": 10.0}],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(CausalppError):
        ObstructionSettings(**settings)


def test_other_text_is_no_study():
    with pytest.raises(FormatError):
        ObstructionStudy.from_json("{}")
