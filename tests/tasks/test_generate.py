"""What a generated set is like: premises, balance, near misses, splits, seeds, files, bad input."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp._files import data_path
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass, from_premise
from causalpp.errors import FormatError, InvalidData, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag, erdos_renyi
from causalpp.propositions import parse
from causalpp.tasks import (
    RELATIONS,
    Benchmark,
    Corr2CauseItem,
    benchmark_names,
    check_certificate,
    generate,
    hypothesis,
    interventional_set,
    load_benchmark,
    original_wordings,
    perturb,
    premise_of,
    read_hypothesis,
    read_items,
    sentence_of,
    with_splits,
    wordings,
)
from causalpp.tasks.interventional import LocalItem


@pytest.fixture(scope="module")
def made() -> Benchmark:
    return generate([5, 7, 12], rows=96, seed=11)


# --- premises -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [7, 9, 12, *(pytest.param(n, marks=pytest.mark.slow) for n in (15, 20, 24))])
def test_the_text_alone_gives_the_class(n: int) -> None:
    names = [chr(65 + i) for i in range(n)]
    for k, dag in enumerate(erdos_renyi(names, expected_degree=2.5, n=50, seed=n)):
        style = ("corr2cause", "paraphrase")[k % 2]
        assert from_premise(premise_of(dag, style=style)) == Cpdag.from_dag(dag)


def test_premises_up_to_six_variables_are_word_for_word_as_published() -> None:
    assert premise_of(Dag.from_edges([("A", "C"), ("B", "C")], nodes="ABC")) == (
        "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 "
        "variables are as follows: A correlates with C. B correlates with C. However, A is independent of B."
    )


def test_a_determining_premise_has_one_sentence_a_pair() -> None:
    text = premise_of(erdos_renyi(9, expected_degree=3, seed=1)[0])
    assert text.partition(": ")[2].count(".") == 36


def test_complete_premises_end_at_ten_variables() -> None:
    with pytest.raises(TooLarge, match="complete=False"):
        premise_of(erdos_renyi(11, expected_degree=2, seed=1)[0], "complete")
    with pytest.raises(InvalidParameter, match="auto, complete, determining"):
        premise_of(Dag(["A", "B"]), "short")


def test_every_premise_of_a_set_determines_its_class(made: Benchmark) -> None:
    for item in made:
        graph = Cpdag(item.variables, item.about["directed"], item.about["undirected"])
        assert from_premise(item.premise) == graph


# --- balance, names, wordings -------------------------------------------------------------------------


def test_relations_and_labels_are_balanced(made: Benchmark) -> None:
    assert len(made) == 288
    counts = Counter((len(item.variables), item.relation, item.label) for item in made)
    assert set(counts.values()) == {8}
    assert len(counts) == 36


def test_other_balances() -> None:
    made = generate(7, rows=50, positive=0.2, relations=["collider", "parent"], seed=3)
    assert Counter((item.relation, item.label) for item in made) == {
        ("collider", True): 5, ("parent", True): 5, ("collider", False): 20, ("parent", False): 20,
    }  # fmt: skip


def test_what_there_is_not_enough_of_is_said() -> None:
    made = generate(2, rows=60, seed=0)
    assert len(made) == 12  # two classes, and six hypotheses that differ
    assert sum(made.about["short"].values()) == 48
    assert not any(item.label for item in made)


def test_no_question_is_asked_twice() -> None:
    made = generate(3, rows=300, seed=0)
    assert len({item.text for item in made}) == len(made)


def test_at_most_so_many_items_of_one_draw(made: Benchmark) -> None:
    draws = Counter((len(item.variables), item.about["draw"]) for item in made)
    assert max(draws.values()) <= 12


def test_names_do_not_give_the_order_away() -> None:
    """Of the directed edges that are entailed, half lead forward in the alphabet: within four standard errors."""
    parents = [item for item in generate(8, rows=400, relations=["parent"], seed=4) if item.label]
    forward = sum(item.a < item.b for item in parents)
    assert abs(forward - len(parents) / 2) < 4 * (len(parents) / 4) ** 0.5


def test_every_relation_is_said_in_original_words(made: Benchmark) -> None:
    used = {(item.relation, item.wording) for item in made}
    assert used == {(relation, k) for relation in RELATIONS for k in range(original_wordings(relation))}
    for item in made:
        assert item.hypothesis == sentence_of(item.relation, item.a, item.b, item.wording)
        assert parse(item.hypothesis, item.variables) == hypothesis(item.relation, item.a, item.b)


@given(
    a=st.text(min_size=1, max_size=12),
    b=st.text(min_size=1, max_size=12),
    relation=st.sampled_from(RELATIONS),
    k=st.integers(0, 1),
)
@settings(max_examples=60)
def test_sentences_are_read_back(a: str, b: str, relation: str, k: int) -> None:
    names = [" ".join(name.split()) for name in (a, b)]
    if not all(names) or names[0].casefold() == names[1].casefold() or not all(map(str.isprintable, names)):
        return
    text = sentence_of(relation, *names, wording=k)
    mirrored, first, second, wording = read_hypothesis(text, names)
    assert hypothesis(mirrored, first, second) == hypothesis(relation, *names)
    assert wording == k


def test_hypotheses_that_are_none() -> None:
    with pytest.raises(FormatError, match="none of the relations"):
        read_hypothesis("A is independent of B.", ["A", "B"])
    with pytest.raises(UnknownVariable, match="'Z'"):
        read_hypothesis("A directly causes Z.", ["A", "B"])
    with pytest.raises(InvalidParameter, match="unknown relation 'uncle'"):
        hypothesis("uncle", "A", "B")
    with pytest.raises(InvalidParameter, match="not 'published'"):
        hypothesis("parent", "A", "B", "published")
    with pytest.raises(InvalidParameter, match="variables="):
        hypothesis("collider", "A", "B", "direct")
    with pytest.raises(InvalidParameter, match="wordings 0 to 1"):
        sentence_of("parent", "A", "B", wordings("parent"))


# --- near misses --------------------------------------------------------------------------------------


def test_near_misses_name_each_other_and_differ_in_the_answer(made: Benchmark) -> None:
    by_id = {item.id: item for item in made}
    pairs = [(item, by_id[item.pair]) for item in made if item.pair]
    assert {item.about["near_miss"] for item, _ in pairs} == {"edge", "relation"}
    for item, other in pairs:
        assert other.pair == item.id
        assert item.label != other.label
        assert item.split == other.split
        assert item.premise.count(". ") == other.premise.count(". ")
        if item.about["near_miss"] == "relation":
            assert item.premise == other.premise
            assert item.relation != other.relation
            assert {item.a, item.b} == {other.a, other.b}
        else:
            assert (item.relation, item.a, item.b) == (other.relation, other.a, other.b)
            assert item.group != other.group or item.premise != other.premise
            joined = [
                {frozenset(edge) for edge in one.about["directed"] + one.about["undirected"]} for one in (item, other)
            ]
            assert len(joined[0] ^ joined[1]) <= 1


def test_without_near_misses() -> None:
    assert not any(item.pair for item in generate(7, rows=36, near_misses=0, seed=1))
    some = generate(7, rows=100, near_misses=0.1, seed=1)
    assert 0 < sum(bool(item.pair) for item in some) <= 10


# --- splits -------------------------------------------------------------------------------------------


def test_no_class_and_no_premise_is_in_two_splits(made: Benchmark) -> None:
    for key in (lambda item: item.group, lambda item: item.premise):
        where: dict[str, set[str]] = {}
        for item in made:
            where.setdefault(key(item), set()).add(item.split)
        assert all(len(splits) == 1 for splits in where.values())


def test_shares_of_splits() -> None:
    made = generate(8, rows=600, seed=2)
    shares = {name: count / len(made) for name, count in made.counts()["split"].items()}
    assert shares == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.03)


def test_splits_that_are_none(made: Benchmark) -> None:
    with pytest.raises(InvalidParameter, match=r"add up to 0\.9"):
        with_splits(made, {"train": 0.8, "test": 0.1})
    with pytest.raises(InvalidParameter, match="from 0 on"):
        with_splits(made, {"train": 1.5, "test": -0.5})
    with pytest.raises(InvalidParameter, match="the splits are test, train, validation"):
        made.split("dev")
    assert {item.split for item in made.split("test")} == {"test"}


# --- seeds, processes, files --------------------------------------------------------------------------


def test_the_seed_decides(tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate([4, 7], rows=30, seed=seed).save(tmp_path / f"{name}.jsonl")
        texts.append((tmp_path / f"{name}.jsonl").read_bytes())
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.slow
def test_processes_make_the_same_items() -> None:
    assert generate(7, rows=40, seed=5, jobs=2).items == generate(7, rows=40, seed=5).items


def test_progress_only_grows() -> None:
    seen: list[tuple[int, int]] = []
    generate([4, 7], rows=20, seed=1, progress=lambda done, total: seen.append((done, total)))
    assert all(a <= b for (a, _), (b, _) in pairwise(seen))
    assert seen[-1] == (40, 40)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_files(tmp_path: Path, made: Benchmark, ending: str) -> None:
    file = tmp_path / f"set.{ending}"
    assert [path.name for path in made.save(file, command="the command")] == [
        f"set.{ending}",
        "set.md",
        "set.about.json",
    ]
    again = Benchmark.load(file)
    assert again.items == made.items
    assert again.about == {**made.about, "command": "the command"}
    assert list(read_items(file)) == list(made)
    card = (tmp_path / "set.md").read_text(encoding="utf-8")
    assert "    the command\n" in card
    assert "- seed: 11\n" in card
    assert "| 12 | 96 |" in card


def test_files_that_cannot_be_written(tmp_path: Path, made: Benchmark) -> None:
    with pytest.raises(FormatError, match=r"\.jsonl or \.parquet"):
        made.save(tmp_path / "set.csv")
    with pytest.raises(FormatError, match="there is no folder"):
        made.save(tmp_path / "nowhere" / "set.jsonl")


def test_the_set_that_ships() -> None:
    assert benchmark_names() == ("caugym-small", "corr2cause-small")
    small = load_benchmark()
    for item in small:
        check_certificate(item)
    size = sum(file.stat().st_size for file in (data_path() / "benchmarks").iterdir())
    assert size < 3_000_000
    with pytest.raises(InvalidParameter, match="corr2cause-small"):
        load_benchmark("corr2cause-huge")


@pytest.mark.slow
def test_the_set_that_ships_is_what_its_command_makes() -> None:
    small = load_benchmark()
    assert (
        small.about["command"] == "causalpp generate --out corr2cause-small.jsonl --sizes 2-8,10,12 --rows 120 --seed 0"
    )
    assert generate([*range(2, 9), 10, 12], rows=120, seed=0).items == small.items


# --- certificates -------------------------------------------------------------------------------------


def _some(made: Benchmark, label: bool, relation: str = "ancestor", least: int = 12) -> Corr2CauseItem:
    return next(x for x in made if x.label == label and x.relation == relation and len(x.variables) >= least)


def test_a_certificate_proves_nothing_else(made: Benchmark) -> None:
    yes, no = _some(made, label=True), _some(made, label=False)
    for item in (yes, no):
        check_certificate(item)
        with pytest.raises(InvalidData, match=re.escape(f"item {item.id}: ")):
            check_certificate(replace(item, label=not item.label))
    swapped = replace(yes, a=yes.b, b=yes.a)
    with pytest.raises(InvalidData, match="does not say"):
        check_certificate(swapped)
    with pytest.raises(InvalidData, match="do not show"):
        check_certificate(replace(swapped, hypothesis=sentence_of(yes.relation, yes.b, yes.a)))


def test_members_that_are_none(made: Benchmark) -> None:
    item = _some(made, label=False)
    edges = list(item.certificate["member"])
    (a, b) = edges[0]
    for bad, message in (
        (edges[1:], "joins other pairs"),
        ([*edges, (b, a)], "has a cycle"),
        ([(y, x) for x, y in edges], "differs from the premise"),
    ):
        with pytest.raises(InvalidData, match=message):
            check_certificate(replace(item, certificate={"member": bad}))


def test_proofs_that_are_none(made: Benchmark) -> None:
    item = _some(made, label=True)
    path = item.certificate["proof"]["because"][0] if "because" in item.certificate["proof"] else [item.a, item.b]
    apart = next(
        v
        for v in item.variables
        if [item.a, v] not in item.about["directed"] + item.about["undirected"] and v != item.a
    )
    for bad, message in (
        ({}, "without a reason"),
        ({"because": [path[::-1]]}, "does not follow"),
        ({"because": []}, "do not show"),
        ({"split": [item.a, item.a], "if": {}, "else": {}}, "not joined"),
        ({"because": [[item.a, apart, item.b]]}, "does not follow"),
    ):
        with pytest.raises(InvalidData, match=message):
            check_certificate(replace(item, certificate={"proof": bad}))


def test_a_premise_cut_short_proves_nothing(made: Benchmark) -> None:
    item = _some(made, label=True)
    with pytest.raises(InvalidData, match="does not mention the pair"):
        check_certificate(replace(item, premise=item.premise.rpartition(". ")[0] + "."))


# --- perturbations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["names", "paraphrase"])
def test_perturbed_items_keep_label_and_certificate(made: Benchmark, kind: str) -> None:
    changed = perturb(made, kind, seed=1)
    assert len({item.id for item in changed} | {item.id for item in made}) == 2 * len(made)
    ids = {item.id for item in changed}
    for old, new in zip(made, changed):
        assert (new.label, new.group, new.split, new.relation) == (old.label, old.group, old.split, old.relation)
        assert not new.pair or new.pair in ids
        assert new.text != old.text
        mec = MarkovEquivalenceClass.from_premise(new.premise)
        assert mec.entails(parse(new.hypothesis, new.variables)) == new.label
        check_certificate(new)


def test_other_names_and_other_words_together(made: Benchmark) -> None:
    item = made.items[100]
    both = perturb(perturb([item], "paraphrase"), "names")[0]
    assert " correlates " not in both.premise
    assert both.variables[0] == "Z"
    check_certificate(both)


def test_perturbations_that_are_none(made: Benchmark) -> None:
    with pytest.raises(InvalidParameter, match="names, paraphrase"):
        perturb(made, "shuffle")
    with pytest.raises(FormatError):
        perturb([Corr2CauseItem("x", "…", "…", label=True)], "names")


def test_published_rows_can_be_perturbed() -> None:
    premise = premise_of(Dag.from_edges([("A", "C"), ("B", "C")], nodes="ABC"))
    row = Corr2CauseItem("7", premise, "C is a cause for A, but not a direct one.", label=False)
    renamed, reworded = (perturb([row], kind)[0] for kind in ("names", "paraphrase"))
    assert renamed.hypothesis == "X is a cause for Z, but not a direct one."
    assert "However, Z is independent of Y." in renamed.premise
    assert reworded.hypothesis == "C influences A through some mediator(s)."


# --- local questions ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_local_questions_have_true_answers_in_a_member(made: Benchmark) -> None:
    asked = interventional_set(made, per_kind=4, seed=3)
    assert Counter(item.about["kind"] for item in asked).keys() == {"Causes", "DirectlyCauses", "Changes"}
    for item in asked:
        assert item.proposition.holds(item.dag) == item.answer
        assert parse(item.question, item.variables) == item.proposition
        assert from_premise(item.premise) == Cpdag.from_dag(item.dag)
        verdict = MarkovEquivalenceClass.from_dag(item.dag).decide(item.proposition).kind
        assert item.decided == (verdict != "open")
        assert LocalItem.from_dict(item.to_dict()) == item
    shares = [item.answer for item in asked]
    assert 0.35 < sum(shares) / len(shares) < 0.65
    assert [item.id for item in asked] == [item.id for item in interventional_set(made, per_kind=4, seed=3)]


def test_local_questions_that_are_none(made: Benchmark) -> None:
    with pytest.raises(InvalidParameter, match="per_kind"):
        interventional_set(made, per_kind=0)
    with pytest.raises(FormatError, match="no field"):
        LocalItem.from_dict({"id": "x"})


# --- bad arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": 1}, "2 to 50 variables, not 1"),
        ({"sizes": [4, 51]}, "not 51"),
        ({"sizes": []}, "one number of variables"),
        ({"sizes": 4, "rows": 0}, "rows is a whole number from 1 on"),
        ({"sizes": 4, "seed": -1}, "seed is a whole number from 0 on"),
        ({"sizes": 4, "positive": 1.5}, "positive is a share"),
        ({"sizes": 4, "near_misses": -1}, "near_misses is a share"),
        ({"sizes": 4, "semantics": "paths"}, "path, published, direct"),
        ({"sizes": 4, "premises": "long"}, "auto, complete, determining"),
        ({"sizes": 12, "premises": "complete"}, "use 'determining'"),
        ({"sizes": 4, "relations": ["mother"]}, "unknown relation 'mother'"),
        ({"sizes": 4, "relations": []}, "one relation"),
        ({"sizes": 8, "expected_degree": 0}, "expected_degree is above 0"),
        ({"sizes": 4, "shares": {}}, "shares maps names"),
        ({"sizes": 4, "per_class": 0}, "per_class"),
        ({"sizes": 4, "jobs": 0}, "jobs"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        generate(**arguments)
