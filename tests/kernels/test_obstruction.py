"""The obstruction, against features taken whole and regressions done by hand."""

from __future__ import annotations

import json
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import little
import numpy as np
import pytest
import torch

from causalpp import tasks
from causalpp.errors import InvalidData, InvalidParameter, MissingDependency, UnknownName
from causalpp.kernels import (
    Obstruction,
    Pair,
    bound,
    edit_distance,
    embedding,
    near_misses,
    obstruction,
    shared_tokens,
    tangent,
    words,
)

PROMPTS = little.prompts()[:12]
PAIRS = [
    Pair(PROMPTS[i], PROMPTS[j], "near" if j == i + 1 else "far", n=3, graph_distance=float(j - i))
    for i in range(4)
    for j in range(i + 1, i + 6)
]


@pytest.mark.parametrize("kernel", ["tangent", "embedding", "last", "words", "2-grams"])
def test_pair_by_pair_it_is_what_the_gram_matrix_says(kernel: str) -> None:
    model = little.decoder()
    gram = {
        "tangent": lambda: tangent(model, PROMPTS),
        "embedding": lambda: embedding(model, PROMPTS),
        "last": lambda: embedding(model, PROMPTS, "last"),
        "words": lambda: words(PROMPTS),
        "2-grams": lambda: words(PROMPTS, 2),
    }[kernel]()
    found = obstruction(model, PAIRS, kernel=kernel).pairs
    i, j = np.array([[PROMPTS.index(p.first), PROMPTS.index(p.second)] for p in PAIRS]).T
    np.testing.assert_allclose(found["distance"], gram.distances()[i, j], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["cosine"], gram.cosines()[i, j], atol=1e-9)
    np.testing.assert_allclose(found["norm_first"], gram.norms()[i])
    if kernel == "tangent":
        assert gram.outputs is not None
        np.testing.assert_allclose(found["gap"], np.abs(gram.outputs[i] - gram.outputs[j]), rtol=1e-6)
    else:
        assert found["gap"].isna().all()


def test_classifiers_and_plain_networks_have_pairs_too() -> None:
    assert len(obstruction(little.encoder(), PAIRS[:3]).pairs) == 3
    x = torch.eye(3)
    found = obstruction(torch.nn.Linear(3, 1), [Pair(x[0], x[1]), (x[0], x[2])]).pairs
    np.testing.assert_allclose(found["distance"], np.sqrt(2))
    assert found["edits"].tolist() == [2, 2]


def test_members_of_one_class_are_at_distance_zero_under_the_premise() -> None:
    items = tasks.complete_set(3).items
    one = [item for item in items if item.premise == items[0].premise]
    pairs = [Pair(a.prompt, b.prompt, "one class") for a, b in pairwise(one[:4])]
    found = obstruction(little.decoder(), pairs, reading="premise").pairs
    assert (found["distance"] == 0).all()
    assert (found["gap"] == 0).all()
    assert (found["edits"] > 0).all()  # of the whole prompts
    assert (obstruction(little.decoder(), pairs).pairs["distance"] > 0).all()
    assert (obstruction(None, pairs, kernel="words", reading="premise").pairs["distance"] == 0).all()
    upper = obstruction(little.decoder(), pairs, reading=str.upper).pairs["distance"]
    assert (upper != obstruction(little.decoder(), pairs).pairs["distance"]).all()


def test_edits_and_shared_tokens_by_the_definition() -> None:
    def by_definition(a: str, b: str) -> int:
        table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
        for i in range(len(a) + 1):
            for j in range(len(b) + 1):
                if i and j:
                    ways = (table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
                    table[i, j] = min(ways)
                else:
                    table[i, j] = i + j
        return int(table[-1, -1])

    draw = np.random.default_rng(0)
    for _ in range(200):
        a, b = ("".join(draw.choice(list("abc"), size=draw.integers(8))) for _ in range(2))
        assert edit_distance(a, b) == by_definition(a, b)
        left = list(b)
        both = sum(left.remove(c) is None for c in a if c in left)
        assert shared_tokens(a, b) == (2 * both / (len(a) + len(b)) if a or b else 1.0)


def measured(n: int, seed: int, weights: tuple[float, float, float], noise: float) -> Obstruction:
    """An obstruction with known shares: covariates that are independent, of variance 1."""
    draw = np.random.default_rng(seed)
    found = obstruction(None, [Pair(f"a {k}", f"b {k}") for k in range(n)], kernel="words")
    x = draw.normal(size=(n, 3))
    columns = dict(zip(("tokens", "edits", "graph"), x.T))
    distance = x @ np.array(weights) + noise * draw.normal(size=n)
    return Obstruction(found.pairs.assign(**columns, distance=distance, base=np.arange(n)), "made", "nobody")


def test_shares_are_averages_over_orders_and_sum_to_the_whole() -> None:
    found = measured(60, 0, (2.0, 1.0, 0.0), 1.0)
    table = found.explained(draws=50).set_index("covariate")
    y = found.pairs["distance"].to_numpy()

    def r2(names: list[str]) -> float:
        x = np.column_stack([np.ones(60), *(found.pairs[name] for name in names)])
        rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        return float(1 - rest @ rest / ((y - y.mean()) ** 2).sum())

    names = ["tokens", "edits", "graph"]
    for name in names:
        gains = []
        for order in permutations(names):
            before = list(order[: order.index(name)])
            gains.append(r2([*before, name]) - r2(before))
        assert table.loc[name, "share"] == pytest.approx(np.mean(gains))
        assert table.loc[name, "alone"] == pytest.approx(r2([name]))
    assert table.loc["all", "share"] == pytest.approx(r2(names)) == pytest.approx(table["share"][:3].sum())


def test_intervals_hold_what_is_true_about_as_often_as_they_say() -> None:
    # 4 : 1 : 0 and noise 1 in the population: shares of 4/6, 1/6 and 0
    inside = []
    for seed in range(60):
        table = measured(80, seed, (2.0, 1.0, 0.0), 1.0).explained(draws=120, level=0.9).set_index("covariate")
        inside.append([table.loc["tokens", "low"] <= 4 / 6 <= table.loc["tokens", "high"]])
    # 60 trials of 0.9: a standard error of 0.04; a percentile bootstrap of 80 pairs is some percent short of it
    assert np.mean(inside) == pytest.approx(0.9, abs=4 * 0.04)


def test_chance_is_what_permutations_explain() -> None:
    found = measured(30, 0, (2.0, 1.0, 0.5), 1.0)
    draw, totals = np.random.default_rng(1), []
    for _ in range(200):
        mixed = found.pairs.assign(distance=draw.permutation(found.pairs["distance"]))
        totals.append(Obstruction(mixed, "", "").explained(draws=2)["share"].iloc[:4].to_numpy())
    chance = found.explained(draws=2)["chance"].to_numpy()
    np.testing.assert_allclose(chance, [1 / 29, 1 / 29, 1 / 29, 3 / 29])
    error = np.std(totals, axis=0) / np.sqrt(200)
    assert (np.abs(np.mean(totals, axis=0) - chance) < 4 * error).all()


def test_bounds_hold_beside_the_gaps_of_a_linear_model() -> None:
    net = torch.nn.Linear(4, 1, bias=False).double()
    x = torch.randn(8, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = obstruction(net, [Pair(x[i], x[j], "all") for i in range(8) for j in range(i)])
    table = found.bounds(float(net.weight.detach().norm()))
    assert (table["gap"] <= table["bound"] * (1 + 1e-12)).all()
    pairs = found.pairs
    np.testing.assert_allclose(table["bound"], bound(pairs.norm_first, pairs.norm_second, pairs.cosine, table.norm))
    np.testing.assert_allclose(table["bound"], table["norm"] * table["distance"])


def test_tables_pictures_and_json() -> None:
    found = obstruction(little.decoder(), PAIRS)
    groups = found.groups().set_index("group")
    near = found.pairs.loc[found.pairs["group"] == "near", "distance"]
    assert groups.loc["near", "pairs"] == 4
    assert groups.loc["near", "low"] < near.mean() == groups.loc["near", "distance"] < groups.loc["near", "high"]
    assert "share of the variance" in repr(found)
    assert repr(found).startswith("Obstruction(tangent of LlamaForCausalLM, 20 pairs)")
    read = json.loads(found.to_json())
    assert len(read["pairs"]) == 20
    assert read["about"]["distinct"] == 9
    assert len(found.plot().axes) == 4
    assert (found.explained(["far"], draws=20)["covariate"] == ["tokens", "edits", "graph", "all"]).all()
    unknown = obstruction(little.decoder(), [Pair(p.first, p.second) for p in PAIRS[:8]])
    assert np.isnan(unknown.explained(draws=20).set_index("covariate").loc["graph", "share"])
    single = obstruction(little.decoder(), PAIRS[:1])
    assert "share" not in repr(single)
    assert len(single.plot().axes) == 1


def test_what_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from causalpp.kernels._gradients import Gradients

    model, place, rows, calls = little.decoder(), tmp_path / "work", Gradients.rows, []

    def counted(self: Any, given: Any, first: int = 0) -> Any:
        if len(calls) == 4:
            calls.append(-1)
            raise KeyboardInterrupt
        calls.append(first)
        return rows(self, given, first)

    monkeypatch.setattr(Gradients, "rows", counted)
    with pytest.raises(KeyboardInterrupt):
        obstruction(model, PAIRS[:5], folder=place)
    with (place / "pairs.jsonl").open("a") as file:
        file.write('{"base": 0, "tok')  # a line that broke off
    found = obstruction(model, PAIRS[:5], folder=place)
    assert calls == [0, 1, 2, 3, -1, 0, 4, 5]
    assert found.to_json() == obstruction(model, PAIRS[:5]).to_json()
    with pytest.raises(InvalidParameter, match="other prompts"):
        obstruction(model, PAIRS[:4], folder=place)


def test_items_come_with_their_near_misses() -> None:
    items = tasks.generate(4, rows=60, seed=1).items
    pairs = near_misses(items)
    assert len(pairs) == sum(bool(item.pair) for item in items) / 2
    found = obstruction(None, items, kernel="words").pairs
    assert found["first"].tolist() == [p.about["first"] for p in pairs]
    assert (found["n"] == 4).all()
    with pytest.raises(InvalidData, match="near miss among them"):
        near_misses([item for item in items if not item.pair])


@pytest.mark.parametrize(
    ("pairs", "options", "error", "message"),
    [
        ([], {}, InvalidData, "no pairs"),
        ([(PROMPTS[0], PROMPTS[0])], {}, InvalidData, "two prompts of pair 0 .* are the same"),
        ([PAIRS[0], Pair(PAIRS[0].second, PAIRS[0].first, "near")], {}, InvalidData, "pairs 0 and 1 of 'near'"),
        ([PROMPTS[0]], {}, InvalidData, "pair 0 is neither"),
        (PAIRS, {"kernel": "rbf"}, UnknownName, "rbf"),
        (PAIRS, {"reading": "title"}, UnknownName, "title"),
        ([("a", "b")], {"reading": "premise"}, InvalidData, "no hypothesis"),
        (PAIRS, {"layers": "none"}, UnknownName, "none"),
    ],
)
def test_bad_pairs(pairs: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        obstruction(little.decoder(), pairs, **options)


def test_what_cannot_be_explained() -> None:
    found = obstruction(little.decoder(), PAIRS)
    for arguments, error, message in (
        ({"groups": ["nowhere"]}, UnknownName, "nowhere"),
        ({"of": "colour"}, UnknownName, "colour"),
        ({"groups": ["near"]}, InvalidData, "too few"),
    ):
        with pytest.raises(error, match=message):
            found.explained(**arguments)
    flat = Obstruction(found.pairs.assign(distance=1.0), "", "")
    with pytest.raises(InvalidData, match="no variance"):
        flat.explained()


@pytest.mark.slow
def test_a_model_that_talks_has_pairs_with_controls() -> None:
    from causalpp.language import smollm2

    try:
        file = smollm2()
    except MissingDependency as error:
        pytest.skip(str(error))
    asked = "{} causes {}. Does {} cause {}? Answer yes or no."
    first = asked.format("Smoking", "cancer", "smoking", "cancer")
    pairs = [
        Pair(first, asked.format("Smoking", "cancer", "cancer", "smoking"), "reversed"),
        Pair(first, first.replace("Answer", "Reply"), "an edit that tells nothing"),
    ]
    found = obstruction(file, pairs, layers=["model.layers.29"]).pairs
    assert (found["distance"] > 0).all()
    assert (found["norm_first"] == found["norm_first"][0]).all()
    table = bound(found.norm_first, found.norm_second, found.cosine, 1.0)
    np.testing.assert_allclose(table, found["distance"], rtol=1e-6)
