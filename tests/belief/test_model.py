"""Every channel against Pyro's own inference on the model that defines it, 50 random cases each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyro
import pytest
import torch
from channel_cases import ENUMERATED, LEARNED, believed, case
from pyro import poutine
from pyro.infer import MCMC, NUTS, TraceEnum_ELBO, config_enumerate
from pyro.ops.stats import effective_sample_size

from causalpp import Belief
from causalpp.belief import Abstaining, Fixed, Mixture, Pooled, SharedErrors, Worlds
from causalpp.belief.model import model
from causalpp.errors import InvalidParameter
from causalpp.propositions import truth_table

CASES = range(50)
#: Gauss–Legendre on (0, 1): exact for the polynomials that whole Beta parameters and few answers give
NODES, WEIGHTS = (torch.as_tensor(part / 2) for part in np.polynomial.legendre.leggauss(16))
NODES = NODES + 0.5


def arguments(belief: Belief) -> tuple[Any, ...]:
    truth = truth_table([answer.question for answer in belief.answers], belief.candidates)
    return belief.log_prior, truth, belief.answers, belief.channel


def enumerated(belief: Belief) -> dict[str, torch.Tensor]:
    elbo = TraceEnum_ELBO(max_plate_nesting=0)
    found = elbo.compute_marginals(config_enumerate(model), lambda *_: None, *arguments(belief))
    return {name: law.probs.detach() for name, law in found.items()}


def log_evidence(belief: Belief) -> float:
    with torch.no_grad():
        return -float(
            TraceEnum_ELBO(max_plate_nesting=0).loss(config_enumerate(model), lambda *_: None, *arguments(belief))
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ENUMERATED)
def test_the_posterior_is_pyros_enumeration(name: str) -> None:
    channel = ENUMERATED[name]
    for seed in CASES:
        belief = believed(seed, channel)
        found = enumerated(belief)
        assert belief.probabilities.numpy() == pytest.approx(found["graph"].numpy(), abs=1e-6), seed
        if isinstance(channel, Mixture):
            shares = [float(found["world"].numpy()[channel.kinds == kind].sum()) for kind in (1, -1, 0)]
            assert list(belief.kinds.values()) == pytest.approx(shares, abs=1e-6)
        if isinstance(channel, Pooled):
            for number, (label, reliability) in enumerate(belief.reliabilities.items()):
                world = found[f"world_{number}"]
                means = world @ torch.as_tensor(channel.base.grid[:, :2])
                assert reliability.sensitivity == pytest.approx(float(means[0]), abs=1e-5), label
                assert reliability.specificity == pytest.approx(1 - float(means[1]), abs=1e-5), label
                informative = float(world.numpy()[channel.base.kinds == 1].sum())
                assert reliability.better_than_chance == pytest.approx(informative, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in ENUMERATED if name not in ("log-odds", "pooled, some groups known")])
def test_the_evidence_is_pyros(name: str) -> None:
    for seed in range(8):
        belief = believed(seed, ENUMERATED[name])
        assert belief.log_marginal_likelihood == pytest.approx(log_evidence(belief), abs=1e-6)


@pytest.mark.parametrize("name", LEARNED)
def test_continuous_rates_on_a_dense_grid(name: str) -> None:
    """The rates are set to the nodes of a quadrature, one after the other all together; Pyro sums out all the rest."""
    channel = LEARNED[name]
    for seed in CASES:
        belief = believed(seed, channel)
        found = on_a_grid(belief)
        assert belief.probabilities.numpy() == pytest.approx(found.numpy(), abs=1e-6), seed


def on_a_grid(belief: Belief) -> torch.Tensor:
    """P(graph | answers): the model's density with the rates on a plate of nodes, the discrete sites enumerated."""
    sites = (
        ("silent_if_true", "silent_if_false")
        if isinstance(belief.channel, Abstaining)
        else ("sensitivity", "specificity")
    )
    mesh = torch.meshgrid(NODES, NODES, indexing="ij")
    weights = (WEIGHTS[:, None] * WEIGHTS).flatten()
    values = dict(zip(sites, (part.flatten() for part in mesh), strict=True))
    columns = []
    for graph in range(len(belief.candidates)):
        given = pyro.condition(model, data={**values, "graph": torch.tensor(graph)})
        columns.append(summed(given, arguments(belief)))
    log = torch.stack(columns)  # (N, nodes)
    return torch.softmax(torch.logsumexp(log + weights.log(), 1), 0)


def summed(given: Any, args: tuple[Any, ...]) -> torch.Tensor:
    """The log density of the model, its discrete sites summed out by hand, for each node of the grid."""
    with poutine.block(), torch.no_grad():
        enum = poutine.enum(config_enumerate(given), first_available_dim=-2)
        trace = poutine.trace(enum).get_trace(*args)
    terms = [site["fn"].log_prob(site["value"]) for site in trace.nodes.values() if site["type"] == "sample"]
    total = sum(terms[1:], terms[0])
    nodes = len(WEIGHTS) ** 2
    total = total.expand(*total.shape[:-1], nodes) if total.dim() else total.expand(nodes)
    return torch.logsumexp(total.reshape(-1, nodes), 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["abstaining, fixed", "abstaining, pooled"])
def test_silence_is_what_nuts_samples(name: str) -> None:
    """Graph, worlds and groups summed out, the two rates of silence sampled: their means are those of the belief."""
    batch, answers = case(11)
    belief = Belief.uniform(batch, LEARNED[name]).update(answers[:6])
    assert 1 <= sum(answer.value is None for answer in belief.answers) < 6
    pyro.set_rng_seed(0)
    kernel = NUTS(config_enumerate(model), max_plate_nesting=0, max_tree_depth=3)
    runs = MCMC(kernel, num_samples=110, warmup_steps=50, disable_progbar=True)
    runs.run(*arguments(belief))
    draws = runs.get_samples()
    found = belief.predictive([belief.answers[0].question], apart=False)
    assert found.silent is not None
    for name, rates in zip(("silent_if_true", "silent_if_false"), found.silent, strict=True):
        expected = float(found.weights @ rates[found.groups])
        values = draws[name]
        effective = min(float(effective_sample_size(values[None])), len(values))
        assert effective > 20
        assert abs(float(values.mean()) - expected) <= 4.5 * float(values.std()) / math.sqrt(effective)


def test_sites_with_a_single_value_are_not_drawn() -> None:
    belief = believed(3, SharedErrors(Worlds(((0.8, 0.3, 0.2, 1.0),)), "question", ((0.1, 1.0),)))
    assert belief.probabilities.numpy() == pytest.approx(enumerated(belief)["graph"].numpy(), abs=1e-9)


def test_the_model_knows_its_channels() -> None:
    class Other(Fixed.__base__):  # type: ignore[name-defined,misc]
        def log_likelihood(self, counts: torch.Tensor) -> torch.Tensor: ...
        def beta(self, counts: torch.Tensor) -> torch.Tensor: ...

    with pytest.raises(InvalidParameter, match="no reading"):
        model(torch.zeros(1), torch.ones(1, 1, dtype=torch.bool), [], Other())
