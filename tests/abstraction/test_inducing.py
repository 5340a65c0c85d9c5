"""Interchange intervention training: what it reaches, what it leaves alone, and how it ends."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import torch
from by_hand import encode, program
from torch import nn
from torch.nn.functional import one_hot

from causalpp import Dag, Function, Table, compile
from causalpp.abstraction import Alignment, Site, train
from causalpp.errors import InvalidParameter, TrainingError, UnknownVariable


def mlp(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.0), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))


def aligned(network: nn.Module) -> Alignment:
    sites = {"s": Site("1", slice(0, 4)), "c": Site("1", slice(4, 8))}
    return Alignment(program(), network, sites, encode=encode)


def quick(alignment: Alignment, **options):
    return train(alignment, **{"pairs": 500, "batch": 64, "rate": 0.01, "steps": 600, "every": 50, **options})


def test_a_network_learns_to_keep_two_variables_alone_and_at_once():
    network = mlp()
    network[2].eval()
    found = quick(aligned(network), seed=1)
    assert found.ended == "enough"
    assert found.accuracy >= 0.995
    assert found.curve["interchange"].iloc[0] < 0.8
    # Modes are what they were.
    assert network.training
    assert not network[2].training
    network.eval()
    for variables in ("s", "c", ("s", "c")):
        alignment = aligned(network)
        assert float(alignment.accuracy(alignment.pairs(300, 9, variables), control=0).changing) >= 0.98
    assert json.loads(found.to_json())["points"][0]["loss"] is None
    assert repr(found).startswith("Trained(")
    assert len(found.plot().axes) == 2


def test_the_same_seed_gives_the_same_weights():
    one, other = mlp(), mlp()
    quick(aligned(one), steps=20, seed=3)
    quick(aligned(other), steps=20, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_the_task_alone_and_interchanges_alone():
    found = quick(aligned(mlp()), interchange=0.0)
    assert found.points[-1]["task"] >= 0.995
    alone = quick(aligned(mlp()), task=0.0, several=False, variables=("s",))
    assert alone.accuracy >= 0.98


def test_what_is_frozen_stays():
    network = mlp()
    network[0].requires_grad_(False)
    before = network[0].weight.clone()
    quick(aligned(network), steps=10)
    assert torch.equal(network[0].weight, before)


def test_it_ends_where_it_gets_no_better():
    found = quick(aligned(mlp()), rate=1e-9, every=5, patience=3)
    assert found.ended == "no better"
    assert found.points[-1]["step"] <= 30


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, InvalidParameter, "steps= is a whole number"),
        ({"rate": 0.0}, InvalidParameter, "rate="),
        ({"task": -1.0}, InvalidParameter, "the weight task="),
        ({"task": 0.0, "interchange": 0.0}, InvalidParameter, "nothing to learn"),
        ({"variables": ()}, InvalidParameter, "needs a variable"),
        ({"variables": ("a",)}, UnknownVariable, "'a' among those that are aligned"),
        ({"changing": 0.0}, InvalidParameter, "changes the label in none"),
    ],
)
def test_bad_settings(options, error, message):
    with pytest.raises(error, match=message):
        quick(aligned(mlp()), **options)


def test_a_loss_that_is_no_number_ends_it_and_modes_come_back():
    network = mlp().eval()
    rate = 1e30
    with pytest.raises((TrainingError, InvalidParameter), match="not finite"):
        quick(aligned(network), rate=rate, every=1000)
    assert not network.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_nothing_to_train():
    network = mlp().requires_grad_(False)
    with pytest.raises(InvalidParameter, match="no parameter of the network requires a gradient"):
        quick(aligned(network))


@pytest.mark.slow
def test_x_plus_y_plus_z():
    """Three one-hot digits and three hidden layers of 64: a site that keeps x + y nowhere does after a training."""
    digits = 10
    die = Table(tuple(range(digits)), (), np.full(digits, 1 / digits))
    sums = compile(
        Dag.from_edges([("x", "s"), ("y", "s"), ("s", "o"), ("z", "o")]),
        mechanisms={
            **dict.fromkeys("xyz", die),
            "s": Function(lambda x, y: x + y, ("x", "y"), tuple(range(2 * digits - 1)), noise=None),
            "o": Function(lambda s, z: s + z, ("s", "z"), tuple(range(3 * digits - 2)), noise=None),
        },
    )

    def hot(rows):
        return torch.cat([one_hot(torch.tensor(rows[v].astype(int).to_numpy()), digits).float() for v in "xyz"], 1)

    torch.manual_seed(0)
    layers = [(30, 64), (64, 64), (64, 64)]
    hidden = [part for size in layers for part in (nn.Linear(*size), nn.ReLU())]
    network = nn.Sequential(*hidden, nn.Linear(64, 28)).eval()
    alignment = Alignment(sums, network, {"s": Site("3", slice(0, 16))}, encode=hot)
    assert train(alignment, interchange=0.0, rate=2e-3).points[-1]["task"] >= 0.99
    given = alignment.pairs(2000, seed=5)
    assert float(alignment.accuracy(given, control=0, faithfulness=False).changing) <= 0.2
    began = time.process_time()
    found = train(alignment, rate=2e-3)
    assert time.process_time() - began < 60
    after = alignment.accuracy(given)
    assert found.accuracy >= 0.99
    assert float(after.changing) >= 0.99
    assert float(after.task) >= 0.99
    assert np.mean([float(share) for share in after.control]) < 0.1
    assert after.faithfulness is not None
    assert after.faithfulness.least >= 0.97
