"""What the generator promises: counts, twins, splits, the same items again; and texts that say what the item holds."""

import itertools
import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest

from causalpp.errors import InvalidParameter
from causalpp.tasks import Benchmark, Item, Target, caugym, score
from causalpp.tasks.caugym import models
from causalpp.tasks.caugym.derivation import Undetermined, derive
from causalpp.tasks.caugym.stories import STORIES, phrases


@pytest.fixture(scope="module")
def made():
    return caugym.generate(420, seed=8)


def test_as_many_of_each_quantity_and_bound(made):
    counts = made.counts()
    assert set(counts["quantity"].values()) == {120}
    assert counts["bound"] == {"": 600, "lower": 80, "upper": 80, "monotone": 80}
    assert len({item.id for item in made}) == len({item.prompt for item in made}) == len(made) == 840
    assert all(abs(count - 140) <= 100 for count in counts["variables"].values())
    assert min(counts["answer"].values()) > 350  # each a fair coin: 420 ± 5 standard deviations of twins
    assert set(counts["story"]) == {*STORIES, "letters"}


def test_the_same_again_and_others_with_another_seed(made):
    again = caugym.generate(420, seed=8)
    assert again == made
    fewer = caugym.generate(21, quantities=["NIE", "PN"], seed=8)
    prompts = {item.prompt for item in made}
    assert all(item.prompt in prompts for item in fewer)
    other = {item.prompt for item in caugym.generate(70, seed=9)}
    assert not other & prompts


def test_a_twin_is_the_same_in_letters(made):
    by_id = {item.id: item for item in made}
    for item in made:
        twin = by_id[item.pair]
        assert twin.pair == item.id
        assert twin.anonymous != item.anonymous
        for name in ("program", "contrast", "figures", "derivation", "target", "group", "split", "quantity", "bound"):
            assert getattr(twin, name) == getattr(item, name)
        letters, words = (item, twin) if item.anonymous else (twin, item)
        assert not any(form in letters.prompt for forms in words.names.values() for form in forms.values())


def test_a_program_is_on_one_side(made):
    sides = {}
    for item in made:
        sides.setdefault(item.group, set()).add(item.split)
    assert all(len(side) == 1 for side in sides.values())
    assert set(made.counts()["split"]) == {"train", "validation", "test"}


def test_texts_state_the_figures_and_the_edges_and_no_others(made):
    for item in made:
        _, graph, figures, _ = item.prompt.split("\n\n")
        said = re.findall(r"is (\d[\d.]*\d%?|\d%)\.(?: |$)", figures)
        assert said == [figure["value"] for figure in item.figures]
        assert graph.count(" has a direct effect on ") == len(item.program["edges"])
        for cause, effect in item.program["edges"]:
            assert re.search(f"Whether an? \\w+ {re.escape(item.names[cause]['1'])} has a direct effect on "
                             f"whether the \\w+ {re.escape(item.names[effect]['1'])}\\.", graph)  # fmt: skip


def test_items_survive_files(made, tmp_path):
    some = Benchmark(made.items[:56], made.about)
    for name in ("items.jsonl", "items.parquet"):
        some.save(tmp_path / name)
        assert Benchmark.load(tmp_path / name).items == some.items
    assert Item.from_dict(made.items[0].to_dict()) == made.items[0]
    blind = made.items[0].blind()
    assert blind.prompt == made.items[0].prompt
    assert blind.value is None
    said = ["set", "program", "contrast", "figures", "names", "derivation"]
    assert not any(getattr(blind, name) for name in said)
    (opened, _) = caugym.generate(1, sets=["insufficient"]).items
    assert "insufficient" not in str({**opened.blind().to_dict(), "id": "", "pair": "", "prompt": ""})


def test_the_right_reply_is_right(made):
    opened = caugym.generate(7, sets=["insufficient"], seed=8).items
    for item in (*made.items[:60], *opened):
        for scorer in (item.target.scorer, caugym.PublishedCauGym()):
            asked = replace(item, target=Target(item.target.value, scorer))
            assert score(asked, asked.reply).outcome == "right"
    assert opened[0].reply == '{"ANSWER": "insufficient"}'
    assert opened[0].blind().reply == ""


@pytest.mark.parametrize("size", range(2, 9))
def test_every_size(size):
    quantities = [q for q in caugym.QUANTITIES if size > 2 or q not in ("CDE", "NDE", "NIE")]
    made = caugym.generate(3 * len(quantities), quantities=quantities, sizes=size, seed=1)
    assert {item.size for item in made} == {size}
    assert len(made) == 6 * len(quantities)


def test_graphs_of_all_kinds(made):
    """Several roots, mediators and colliders, common causes; textbook graphs and others; figures near 0 and 1."""
    found = Counter()
    for item in made.items[::2]:
        parents = {node: table["parents"] for node, table in item.program["tables"].items()}
        found["roots"] += sum(not some for some in parents.values()) > 1
        found["mediators"] += len(item.contrast["mediators"]) > 1
        found["colliders"] += sum(len(some) > 1 for some in parents.values()) > 1
        x, y = item.contrast["treatment"], item.contrast["outcome"]
        found["common cause"] += bool(set(parents[x]) & set(parents[y]))
        found["random"] += item.about["graph"] == "random"
        found["graph from a book"] += item.about["graph"] != "random"
        found["near 0 or 1"] += any(not 0.04 < float(p) < 0.96 for t in item.program["tables"].values() for p in t["p"])
    assert min(found.values()) > 42, found  # a tenth


def test_a_missing_figure_is_missed(made):
    """Whatever figure of a plain item is left out, the derivation says which probability is not stated."""
    for item in made.items[:28:2]:
        model = models.Model.from_dict(item.program)
        figures = [models.Figure(tuple(f["variables"].items()), tuple(f["given"].items()), f["value"])
                   for f in item.figures]  # fmt: skip
        whole = derive(model, item.quantity, item.bound, item.contrast, figures)
        assert whole[item.quantity] == item.value
        for left_out in figures:
            rest = [figure for figure in figures if figure != left_out]
            with pytest.raises(Undetermined, match="is stated"):
                derive(model, item.quantity, item.bound, item.contrast, rest)


def test_derivations_add_up(made):
    """Every step is its expression of earlier ones; by Python's own arithmetic."""
    for item in made.items[::2]:
        known = {}
        for step in item.derivation[:-1]:
            if step["how"] != "stated":
                code = re.sub(r"P\([^()]*\)|ATE|CDE", lambda found: f"known[{found[0]!r}]", step["how"])
                code = re.sub(r"(?<![\w={])(\d+)(?![\w}=])", r"Fraction(\1)", code)
                value = eval(code, {"known": known, "Fraction": Fraction, "max": max, "min": min})
                assert value == Fraction(step["value"])
            known[step["what"]] = Fraction(step["value"])
        assert item.derivation[-1]["what"] == "ANSWER"


def test_stories_have_words_for_eight_variables():
    for story in STORIES.values():
        assert len(set(story.things)) == len(story.things) >= 15
        forms = Counter(form for thing in story.things for form in phrases(thing).values())
        assert max(forms.values()) == 1
        for one, other in itertools.permutations(story.things, 2):
            assert not phrases(one)["1"].startswith(phrases(other)["1"] + " ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"rows": 0}, "rows is a whole number from 1 on"),
        ({"seed": -1}, "seed is a whole number"),
        ({"quantities": ["ATT"]}, "there is no quantity 'ATT': use ATE, CDE"),
        ({"quantities": "ATE"}, "in a list"),
        ({"sets": ["hard"]}, "there is no set 'hard'"),
        ({"sets": []}, "name one set at least"),
        ({"stories": ["ghosts"]}, "there is no story 'ghosts'"),
        ({"sizes": 9}, "2 to 8 variables, not 9"),
        ({"sizes": None}, "2 to 8 variables, not None"),
        ({"sizes": []}, "one number of variables"),
        ({"sizes": 2}, "CDE in the set .plain. needs 3 variables"),
        ({"quantities": ["PN", "PN"]}, "named twice"),
        ({"shares": {"train": 0.5}}, "add up to 0.5"),
        ({"shares": None}, "shares maps names"),
        ({"shares": {"train": float("nan")}}, "add up to nan"),
    ],
)
def test_what_cannot_be_made_is_said(words, said):
    with pytest.raises(InvalidParameter, match=said):
        caugym.generate(**words)
