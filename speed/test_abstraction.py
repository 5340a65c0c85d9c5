"""Distributed alignment search beside that of pyvene; run with ``pytest speed/test_abstraction.py``.

pyvene is no dependency: with the extra ``peers`` the ratio is printed too.  Both learn a rotation of the same layer of
the same network from the same pairs, in as many steps of as many pairs, and are looked at once at the end.
"""

from __future__ import annotations

import warnings

import pytest
import torch

from causalpp.abstraction import Alignment, Budget, Site, tasks
from causalpp.abstraction.searching.prepared import drawn, kinds_of, prepare
from causalpp.abstraction.searching.rotations import learn

TASK = tasks.hierarchical_equality()
GROUP = "a search for directions, 200 steps of 256 pairs"
WIDTH, EACH, STEPS, BATCH = 16, 8, 200, 256


def encode(frame):
    return {"inputs_embeds": TASK.encode(frame).flatten(1)[:, None]}


@pytest.fixture(scope="module")
def pyvene():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyvene", reason="pyvene is not installed")


@pytest.fixture(scope="module")
def alignment(pyvene):
    from pyvene.models.mlp.modelings_mlp import MLPConfig, MLPForClassification

    torch.manual_seed(0)
    config = MLPConfig(h_dim=WIDTH, n_layer=3, activation_function="relu", num_classes=2, pdrop=0.0)
    network = MLPForClassification(config).eval()
    site = {"left": Site("mlp.h.0")}
    return Alignment(TASK.program, network, site, encode, lambda output: output[0], inputs=TASK.draw)


@pytest.fixture(scope="module")
def pairs(alignment):
    kinds = kinds_of(TASK.variables)
    return drawn(alignment, kinds, 9000, 0), drawn(alignment, kinds, 900, 1)


def test_search(benchmark, alignment, pairs):
    benchmark.group = GROUP
    budget = Budget(steps=STEPS, batch=BATCH, looks=1)

    def ours():
        ready, held = (prepare(alignment, Site("mlp.h.0"), TASK.variables, some) for some in pairs)
        return learn(ready, held, [[EACH, EACH]], budget, seed=0)

    benchmark.pedantic(ours, rounds=3, warmup_rounds=1)


def test_search_by_pyvene(benchmark, alignment, pairs, pyvene):
    benchmark.group = GROUP
    benchmark.extra_info["peer"] = True
    kinds = kinds_of(TASK.variables)
    one = {"layer": 0, "component": "block_output", "unit": "pos", "max_number_of_units": 1}
    linked = {**one, "subspace_partition": [[0, EACH], [EACH, 2 * EACH]], "intervention_link_key": 0}

    def step(model, encoded, kind, rows):
        base, sources, after = encoded
        n = len(rows)
        here = [[[0]] * n if name in kind else None for name in TASK.variables]
        given = [{"inputs_embeds": sources[name][rows]} if name in kind else None for name in TASK.variables]
        parts = [[[number]] * n if name in kind else None for number, name in enumerate(TASK.variables)]
        _, out = model({"inputs_embeds": base[rows]}, given, {"sources->base": (here, here)}, subspaces=parts)
        return out[0], after[rows]

    def tensors(some):
        sources = {name: encode(frame)["inputs_embeds"] for name, frame in some.sources.items()}
        return encode(some.base)["inputs_embeds"], sources, torch.from_numpy(some.after)

    def theirs():
        config = pyvene.IntervenableConfig(
            representations=[pyvene.RepresentationConfig(**linked) for _ in TASK.variables],
            intervention_types=pyvene.RotatedSpaceIntervention,
            model_type=type(alignment.network),
        )
        model = pyvene.IntervenableModel(config, alignment.network, use_fast=True)
        model.disable_model_gradients()
        rotation = next(iter(model.interventions.values()))
        optimiser = torch.optim.Adam(rotation.parameters(), 0.01)
        learned, held = ([tensors(some) for some in part] for part in pairs)
        for number in range(STEPS):
            which = number % len(kinds)
            rows = torch.randint(len(learned[which][2]), (BATCH,))
            scores, after = step(model, learned[which], kinds[which], rows)
            loss = torch.nn.functional.cross_entropy(scores, after)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            for which, kind in enumerate(kinds):
                step(model, held[which], kind, torch.arange(len(held[which][2])))

    benchmark.pedantic(theirs, rounds=3, warmup_rounds=1)
