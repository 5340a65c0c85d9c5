"""Searches for directions and units, in a network whose coordinates were turned, so that it is known what is there."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from causalpp.abstraction import Alignment, Budget, Site, localist, search, sweep, tasks
from causalpp.errors import InvalidParameter, UnknownName, UnknownVariable

TASK = tasks.hierarchical_equality()
ASKED = {"encode": TASK.encode, "inputs": TASK.draw}
SMALL = Budget(seeds=2, pairs=3000, held_out=600, further=900, steps=300)
D = 8  # of the turned site: the two variables, and six numbers that nobody reads


class Turned(nn.Module):
    """The network written by hand; what it knows of the pairs is turned, with other numbers beside it, and back."""

    def __init__(self, seed=0):
        super().__init__()
        self.inner = TASK.by_hand()
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(D, D)))[0]
        self.register_buffer("turn", torch.tensor(turn, dtype=torch.float32))
        self.site = nn.Identity()

    def forward(self, x):
        x = x.flatten(1)
        known = self.inner.layers[1](self.inner.layers[0](x))
        seen = self.site(torch.cat([known, x[:, : D - 2]], 1) @ self.turn)
        return self.inner.head(self.inner.layers[2]((seen @ self.turn.T)[:, :2]))


@pytest.fixture(scope="module")
def turned():
    return Turned().eval()


@pytest.fixture(scope="module")
def found(turned):
    return search(
        TASK.program,
        turned,
        site=Site("site"),
        dimensions={"left": 1, "right": 1},
        budget=SMALL,
        control=False,
        **ASKED,
    )


def test_directions_are_found_again_where_units_fail(turned, found):
    assert float(found) >= 0.99
    # The directions are the columns that the network was turned by.
    for k, name in enumerate(("left", "right")):
        along = found.sites[name].directions[:, 0] @ turned.turn[k]
        assert abs(float(along)) > 0.95
    units = localist(TASK.program, turned, variables=["left", "right"], sites=[Site("site")], budget=SMALL, **ASKED)
    assert float(units) <= 0.65


def test_directions_are_orthonormal_and_the_network_is_as_it_was(turned, found):
    both = torch.cat([place.directions for place in found.sites.values()], 1)
    torch.testing.assert_close(both.T @ both, torch.eye(2), atol=1e-4, rtol=0)
    assert all(p.requires_grad for p in turned.parameters())
    assert not turned.site._forward_hooks
    assert not turned._forward_hooks


def test_boundaries_are_learned(turned):
    found = search(
        TASK.program, turned, site=Site("site"), dimensions="learned", variables=("left", "right"), budget=SMALL,
        control=False, **ASKED,
    )  # fmt: skip
    assert float(found) >= 0.97
    assert all(1 <= k < D for k in found.dimensions.values())
    assert sum(found.dimensions.values()) <= D


def test_random_weights_are_at_chance():
    network = TASK.fresh(0).eval()
    asked = {"dimensions": {"left": 4, "right": 4}, "budget": SMALL, **ASKED}
    found = search(TASK.program, network, site=Site("layers.0"), **asked)
    # Neither the network nor its control knows the labels: 900 pairs, half of which change; five standard errors.
    far = 5 * np.sqrt(0.25 / found.accuracy.total)
    assert abs(float(found) - 0.5) < far
    assert abs(float(found.control) - 0.5) < far


def test_units_are_found_where_they_are():
    network = TASK.by_hand()
    found = localist(TASK.program, network, variables=["left", "right"], budget=SMALL, **ASKED)
    assert float(found) == 1.0
    alignment = Alignment(TASK.program, network, {"left": Site("layers.1", [0])}, **ASKED)
    assert float(alignment.accuracy(alignment.pairs(300), control=0, faithfulness=False)) == 1.0


def test_what_is_told_and_drawn(turned, found):
    assert json.loads(found.to_json())["dimensions"] == {"left": 1, "right": 1}
    assert "best of 2" in repr(found)
    assert len(found.plot().axes) == 3
    units = localist(TASK.program, turned, variables="left", sites=[Site("site")], budget=SMALL, **ASKED)
    assert json.loads(units.to_json())["tried"] == units.tried
    units.plot()
    few = Budget(seeds=1, pairs=300, held_out=90, further=90, steps=5)
    swept = sweep(
        TASK.program, turned, sites=[Site("site"), Site("inner.layers.1")], sizes=[1, 4], variables=["left", "right"],
        budget=few, **ASKED,
    )  # fmt: skip
    # The second site has two values and so no room for four directions each.
    assert swept.table[["module", "size"]].to_numpy().tolist() == [["site", 1], ["site", 4], ["inner.layers.1", 1]]
    assert json.loads(swept.to_json())["seed"] == 0
    assert swept.best["size"] in (1, 4)
    swept.plot()


def test_the_same_seed_gives_the_same(turned):
    few = Budget(seeds=1, pairs=300, held_out=90, further=90, steps=5)
    one, other = (
        search(TASK.program, turned, site=Site("site"), dimensions={"left": 2}, budget=few, control=False, **ASKED)
        for _ in range(2)
    )
    assert torch.equal(one.sites["left"].directions, other.sites["left"].directions)


class Broken(Turned):
    def forward(self, x):
        return super().forward(x * float("nan"))


def test_what_cannot_be_searched_is_said(turned):
    def asked(network=turned, site="site", **given):
        options = {"dimensions": {"left": 1}, "budget": SMALL, **ASKED, **given}
        return search(TASK.program, network, site=Site(site), **options)

    with pytest.raises(InvalidParameter, match=r"left: 5, right: 4 are 9 directions, and .* has 8 values"):
        asked(dimensions={"left": 5, "right": 4})
    with pytest.raises(UnknownVariable):
        asked(dimensions={"middle": 1})
    with pytest.raises(UnknownName):
        asked(site="nowhere")
    with pytest.raises(UnknownName):
        asked(dimensions="boundless", variables=["left"])
    with pytest.raises(InvalidParameter, match="from 1 on"):
        asked(dimensions={"left": 0})
    with pytest.raises(InvalidParameter, match="name the variables"):
        asked(dimensions=2)
    with pytest.raises(InvalidParameter, match="not finite"):
        asked(Broken().eval())
    with pytest.raises(InvalidParameter, match="training mode"):
        asked(Turned().train())
    with pytest.raises(InvalidParameter, match="from 1 on"):
        Budget(steps=0)
    with pytest.raises(InvalidParameter, match="changes the label"):
        # One class: all rows are of equals on the left, and of equals on the right.
        asked(inputs=lambda n, draw: TASK.draw(n, draw).assign(w=1, x=1, y=2, z=2))
    with pytest.raises(InvalidParameter, match="too many for every site"):
        sweep(TASK.program, turned, sites=[Site("site")], sizes=[9], variables="left", budget=SMALL, **ASKED)
    with pytest.raises(InvalidParameter, match="sites= is empty"):
        localist(TASK.program, turned, variables="left", sites=[], budget=SMALL, **ASKED)
