"""Alignments: networks written by hand score 1, others with the same labels do not, and what is said beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from by_hand import COIN, Linear, encode, gate, network, other_program, program
from torch import nn

from causalpp import Dag, compile
from causalpp.abstraction import Alignment, Rotated, Share, Site, pairs
from causalpp.errors import InvalidParameter, UnknownName, UnknownVariable

S, C = Site("1", [0]), Site("1", [1])


def both(**options):
    return Alignment(program(), options.pop("net", None) or network(), {"s": S, "c": C}, encode=encode, **options)


def test_a_network_by_hand_scores_one_on_every_variable():
    alignment = both()
    for variables in ("s", "c", ("s", "c")):
        found = alignment.accuracy(alignment.pairs(1000, seed=1, variables=variables))
        assert float(found.changing) == float(found.kept) == float(found.task) == 1
        assert found.faithfulness is not None
        assert found.faithfulness.least == 1
        assert found.baseline < 0.8
        assert np.mean([float(share) for share in found.control]) < 0.8


def test_every_interchange_by_brute_force():
    rows = [dict(zip("abc", values, strict=True)) for values in product((0, 1), repeat=3)]
    import pandas as pd

    base = pd.DataFrame([one for one in rows for _ in rows])
    source = pd.DataFrame([other for _ in rows for other in rows])
    given = pairs(program(), "s", base=base, sources={"s": source})
    assert (given.after == (source["a"] & source["b"]) ^ base["c"]).all()
    found = both().accuracy(given)
    assert found.hits.all()
    assert found.changing.total == 64 * 6 / 16
    # The source's label is right where c is the same, half of the time.
    assert float(found.baselines["source's label"][0]) == 0.5
    assert float(found.baselines["base's label"][0]) == 0
    assert float(found.baselines["base's label"][1]) == 1 - 6 / 16


def test_a_wrong_program_with_the_same_labels_does_not_score_one():
    right, wrong = program(), other_program()
    rows = right.simulate(200, seed=0)
    given = pairs(wrong, "t", 1000, seed=2)
    again = pairs(right, "s", base=rows[["a", "b", "c"]], sources={"s": rows[["a", "b", "c"]]})
    assert (again.before == pairs(wrong, "t", base=rows, sources={"t": rows}).before).all()
    best = 0.0
    for units in ([0], [1], [0, 1]):
        alignment = Alignment(wrong, network(), {"t": Site("1", units)}, encode=encode)
        best = max(best, float(alignment.accuracy(given, control=0, faithfulness=False).changing))
    assert best < 0.8


def test_rotation_makes_no_difference_to_a_rotated_site():
    angle = 0.7
    turn = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=torch.float32)
    given = pairs(program(), "s", 1000, seed=3)
    turned = Alignment(program(), network(turn), {"s": Rotated(Site("2"), turn.T[:, :1])}, encode=encode)
    plain = Alignment(program(), network(turn), {"s": Site("2", [0])}, encode=encode)
    found = turned.accuracy(given)
    assert found.hits.all()
    assert found.faithfulness is not None
    assert found.faithfulness.least == 1
    assert (found.hits == both().accuracy(given, control=0).hits).all()
    assert float(plain.accuracy(given, control=0).changing) < 1


def test_a_site_that_keeps_more_than_its_variable_is_not_faithful():
    alignment = Alignment(program(), network(), {"s": Site("1")}, encode=encode)
    found = alignment.accuracy(alignment.pairs(2000, seed=4))
    # The whole layer: the source's label is given, right where c agrees.
    assert abs(float(found.changing) - 0.5) < 4 * np.sqrt(0.25 / found.changing.total)
    assert found.faithfulness is not None
    assert float(found.faithfulness.same) < 0.7
    assert not found.faithfulness.complement.total


def test_a_variable_kept_twice_is_seen_by_resampling_the_rest():
    # s stands in units 0 and 2, of which the last layer reads the larger: an interchange that takes s away is undone.
    double = nn.Sequential(
        Linear([[1, 1, 0], [0, 0, 1], [1, 1, 0]], [-1, 0, -1]),
        nn.ReLU(),
        Linear([[1, 1, 0], [0, 1, 1], [1, 1, 1]], [0, 0, -1]),  # relu: s + c, c + s', s + c + s' − 1
        nn.ReLU(),
        Linear([[1, 0, 0], [1, 0, 0]], [0, -1]),
        nn.ReLU(),
        Linear([[10, -20]], [-5]),
    ).eval()
    alignment = Alignment(program(), double, {"s": S}, encode=encode)
    good = alignment.accuracy(alignment.pairs(1000, seed=5))
    assert float(good.changing) == 1  # it reads unit 0 alone, so the copy does not matter
    with torch.no_grad():  # now it reads the mean of both
        double[2].weight.copy_(torch.tensor([[0.5, 1.0, 0.5], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))
    found = alignment.accuracy(alignment.pairs(1000, seed=5))
    assert float(found.task) == 1
    assert float(found.changing) < 1
    assert found.faithfulness is not None
    assert float(found.faithfulness.complement) < 1


def test_sites_that_are_claimed_to_keep_nothing():
    wide = nn.Sequential(
        Linear([[1, 1, 0], [0, 0, 1], [1, 0, 1]], [-1, 0, 0]),
        nn.ReLU(),
        Linear([[1, 1, 0], [1, 1, 0]], [0, -1]),
        nn.ReLU(),
        Linear([[10, -20]], [-5]),
    ).eval()
    alignment = Alignment(program(), wide, {"s": S, "c": C}, encode=encode)
    idle = {"unit 2": Site("1", [2]), "c": C}
    found = alignment.accuracy(alignment.pairs(500, seed=6, variables="s"), idle=idle).faithfulness
    assert found is not None
    assert float(found.idle["unit 2"]) == 1
    assert float(found.idle["c"]) < 0.7
    assert found.least == float(found.idle["c"])


def test_the_map_finds_where_it_holds():
    # It computes s only where c = 0: else it reads a.
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.keep = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a, b, c = x.T
            s = self.keep(torch.stack([a * b, c], 1))[:, 0]
            s = torch.where(c == 0, s, a * b)
            return (10 * (s + c - 2 * s * c) - 5)[:, None]

    alignment = Alignment(program(), Half().eval(), {"s": Site("keep", [0])}, encode=encode)
    found = alignment.accuracy(alignment.pairs(2000, seed=7))
    assert 0.4 < float(found.changing) < 0.6
    groups = found.where(depth=1).groups
    assert [str(group) for group in groups] == ["base c = 0", "base c = 1"]
    assert [float(group.share) for group in groups] == [1, 0]
    assert json.loads(found.where().to_json())["whole"]["total"] == found.changing.total - found.changing.total // 2
    assert list(found.where().frame.columns) == ["group", "share", "low", "high", "pairs"]
    with pytest.raises(UnknownName, match="unknown value 'base d'"):
        found.where(by=["base d"])
    with pytest.raises(InvalidParameter, match="too few to find groups"):
        found.where(least=2000)


def test_batches_and_the_order_of_variables_make_no_difference():
    given = both().pairs(300, seed=8)
    alone = both(batch=7).predicted(given)
    assert (alone == both().predicted(given)).all()
    assert (alone == given.after).all()


def test_mappings_and_tuples_go_into_networks_as_keywords_and_arguments():
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, x: torch.Tensor, extra: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
            return {"logits": self.inner(x)}

    for how in (lambda rows: {"x": encode(rows)}, lambda rows: (encode(rows), torch.ones(len(rows)))):
        alignment = Alignment(program(), Named().eval(), {"s": Site("inner.1", [0])}, encode=how, batch=64)
        assert float(alignment.accuracy(alignment.pairs(200))) == 1


def test_results_are_told_and_drawn():
    alignment = both()
    found = alignment.accuracy(alignment.pairs(300, variables="s"))
    assert repr(found).startswith("Interchange(s: 100.0 % of ")
    told = json.loads(found.to_json())
    assert told["changing"]["share"] == 1
    assert told["faithfulness"]["same"]["hits"] == told["faithfulness"]["same"]["total"]
    assert set(told["baselines"]) == {"base's label", "source's label", "best constant"}
    assert len(found.plot().axes) == 1
    assert len(found.where().plot().axes) == 1
    assert repr(alignment) == "Alignment(Sequential for y; s: Site('1', units [0]), c: Site('1', units [1]))"


def test_intervals_are_those_of_clopper_and_pearson():
    low, high = Share(7, 10).interval
    # Figures of the textbook table: 7 of 10 is .348 to .933.
    assert (round(low, 3), round(high, 3)) == (0.348, 0.933)
    assert Share(0, 10).interval[0] == 0
    assert Share(10, 10).interval[1] == 1
    assert repr(Share(0, 0)) == "none"


@pytest.mark.parametrize(
    ("sites", "options", "error", "message"),
    [
        ({"s": Site("first")}, {}, UnknownName, "unknown module 'first'"),
        ({"q": S}, {}, UnknownVariable, "unknown variable 'q'"),
        ({"y": S}, {}, InvalidParameter, "'y' is the outcome"),
        ({}, {}, InvalidParameter, "needs a variable"),
        ({"s": "1"}, {}, InvalidParameter, "must be a Site"),
        ({"s": S}, {"outcome": "p"}, UnknownVariable, "unknown variable 'p'"),
        ({"s": S}, {"encode": 3}, InvalidParameter, "functions"),
        ({"s": S}, {"batch": 0}, InvalidParameter, "from 1 on"),
        ({"s": S, "c": Site("1", slice(0, 2))}, {}, InvalidParameter, "the sites of 's' and 'c' overlap"),
    ],
)
def test_alignments_that_are_refused(sites, options, error, message):
    with pytest.raises(error, match=message):
        Alignment(program(), network(), sites, **{"encode": encode, **options})


def test_what_is_refused_when_it_runs():
    alignment = Alignment(program(), network(), {"s": S}, encode=encode)
    with pytest.raises(UnknownVariable, match="'c' among those that are aligned with a site"):
        alignment.accuracy(pairs(program(), "c", 10))
    with pytest.raises(InvalidParameter, match="labelled by 's', the alignment by 'y'"):
        alignment.accuracy(replace(alignment.pairs(10), outcome="s"))
    never = pairs(program(), "s", 50, changing=0.0)
    with pytest.raises(InvalidParameter, match="changes the label in none of 50 pairs"):
        alignment.accuracy(never)
    given = alignment.pairs(100)
    alignment.network.train()
    with pytest.raises(InvalidParameter, match=r"training mode: call network.eval\(\)"):
        alignment.accuracy(given)
    alignment.network.eval()
    alignment.network[1].train()
    with pytest.raises(InvalidParameter, match="its module '1' is"):
        alignment.accuracy(given)
    alignment.network.eval()
    with pytest.raises(InvalidParameter, match="control="):
        alignment.accuracy(given, control=-1)
    with torch.no_grad():
        alignment.network[0].bias[0] = torch.nan
    with pytest.raises(InvalidParameter, match="not finite in 100 of 100 rows"):
        alignment.accuracy(given)


@pytest.mark.parametrize(
    ("decode", "message"),
    [
        (lambda out: out.repeat(1, 3), r"shape \(10, 3\), and 10 rows with the 2 states of 'y' have \(10, 2\)"),
        (lambda out: out[:, 0], r"shape \(10,\)"),
        (lambda out: (out > 0).long(), "floating-point"),
        (lambda out: out / 0, "the scores of the outcome are not finite"),
    ],
)
def test_outputs_that_do_not_fit(decode, message):
    alignment = Alignment(program(), network(), {"s": S}, encode=encode, decode=decode)
    with pytest.raises(InvalidParameter, match=message):
        alignment.accuracy(alignment.pairs(10))


def test_a_network_is_a_module():
    class Loaded:
        model = network()

    with pytest.raises(InvalidParameter, match="its attribute model is one: give that"):
        Alignment(program(), Loaded(), {"s": S}, encode=encode)


def test_a_program_whose_variable_never_matters():
    idle = compile(
        Dag.from_edges([("a", "s"), ("s", "y"), ("c", "y")]),
        mechanisms={"a": COIN, "c": COIN, "s": gate(lambda a: a, "a"), "y": gate(lambda s, c: c + 0 * s, "s", "c")},
    )
    alignment = Alignment(idle, network(), {"s": S}, encode=lambda rows: encode(rows.assign(b=0)))
    with pytest.raises(InvalidParameter, match="choose a variable that matters"):
        alignment.accuracy(alignment.pairs(100))
