"""A second opinion: interchanges along the same directions of the same network, here and in pyvene."""

import warnings

import numpy as np
import pytest
import torch

from causalpp.abstraction import Alignment, Rotated, Site, tasks

TASK = tasks.hierarchical_equality()
WIDTH, EACH = 16, 4  # of the site, and directions of each variable
VARIABLES = ("left", "right")


@pytest.fixture(scope="module")
def pyvene():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyvene", reason="pyvene is not installed")


def network(pyvene):
    """pyvene's multilayer perceptron with random weights, large enough that interchanges matter."""
    from pyvene.models.mlp.modelings_mlp import MLPConfig, MLPForClassification

    made = MLPForClassification(
        MLPConfig(h_dim=WIDTH, n_layer=3, activation_function="relu", num_classes=2, pdrop=0.0)
    ).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.35 * torch.randn(parameter.shape, generator=generator))
    return made


def encode(frame):
    return {"inputs_embeds": TASK.encode(frame).flatten(1)[:, None]}


def theirs(pyvene, made, kind, parts, pairs, turn=None):
    """The answers of pyvene after the interchanges of these pairs; without a rotation those of units."""
    rotated = turn is not None
    one = {"layer": 0, "component": "block_output", "unit": "pos", "max_number_of_units": 1}
    linked = {**one, "subspace_partition": parts, "intervention_link_key": 0}
    config = pyvene.IntervenableConfig(
        representations=[pyvene.RepresentationConfig(**linked) for _ in VARIABLES],
        intervention_types=pyvene.RotatedSpaceIntervention if rotated else pyvene.VanillaIntervention,
        model_type=type(made),
    )
    model = pyvene.IntervenableModel(config, made, use_fast=True)
    if rotated:
        next(iter(model.interventions.values())).rotate_layer.weight = turn
    n = len(pairs)
    here = [[[0]] * n if name in kind else None for name in VARIABLES]
    sources = [encode(pairs.sources[name]) if name in kind else None for name in VARIABLES]
    subspaces = [[[number]] * n if name in kind else None for number, name in enumerate(VARIABLES)]
    with torch.no_grad():
        _, found = model(encode(pairs.base), sources, {"sources->base": (here, here)}, subspaces=subspaces)
    return found[0].argmax(1).numpy()


@pytest.mark.peer
@pytest.mark.parametrize("kind", [("left",), ("right",), VARIABLES])
def test_interchanges_give_the_same_answers(pyvene, kind):
    made = network(pyvene)
    turn = torch.tensor(np.linalg.qr(np.random.default_rng(1).normal(size=(WIDTH, WIDTH)))[0], dtype=torch.float32)
    parts = [list(range(EACH)), list(range(EACH, 2 * EACH))]
    asked = {"encode": encode, "decode": lambda output: output[0], "inputs": TASK.draw}
    turned = {name: Rotated(Site("mlp.h.0"), turn[:, part]) for name, part in zip(VARIABLES, parts, strict=True)}
    plain = {name: Site("mlp.h.0", part) for name, part in zip(VARIABLES, parts, strict=True)}
    for sites, how in ((turned, turn), (plain, None)):
        alignment = Alignment(TASK.program, made, sites, **asked)
        pairs = alignment.pairs(500, seed=2, variables=kind)
        answers = theirs(pyvene, made, kind, parts, pairs, how)
        assert (answers == alignment.predicted(pairs)).all()
        assert (answers != alignment.answered(pairs.base)).mean() > 0.05  # the interchanges do something
        found = alignment.accuracy(pairs, control=0, faithfulness=False)
        assert float(found) == (answers == pairs.after)[pairs.changes].mean()
