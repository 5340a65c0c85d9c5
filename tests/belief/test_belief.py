"""The belief against Bayes' rule written out, and against Pyro's own inference on the model that defines it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import networkx as nx
import numpy as np
import pyro
import pytest
import torch
from numpy.typing import NDArray
from pyro import poutine
from pyro.infer import MCMC, NUTS, TraceEnum_ELBO, config_enumerate
from pyro.ops.stats import effective_sample_size
from scipy import stats

from causalpp import Answer, Belief, Causes, Dag, DagBatch, DirectlyCauses, MarkovEquivalenceClass, Proposition
from causalpp.belief import Agnostic, Channel, Fixed, Learned
from causalpp.belief.model import model
from causalpp.errors import InvalidGraph, UnknownVariable
from causalpp.graphs import all_dags, erdos_renyi
from causalpp.propositions import truth_table

CHANNELS = [Fixed(0.1), Fixed(0.35), Learned(), Learned((2.0, 3.0), (6.0, 2.0)), Learned((1.0, 1.0), (1.0, 1.0))]
#: Gauss–Legendre on (0, 1): exact for the polynomials that whole Beta parameters give
NODES, WEIGHTS = (part / 2 for part in np.polynomial.legendre.leggauss(60))
NODES = NODES + 0.5


def random_case(seed: int, largest: int = 40) -> tuple[DagBatch, list[Answer]]:
    """A random class of 2 … ``largest`` graphs over 4–6 variables, and random answers, some of them abstentions."""
    rng = np.random.default_rng(seed)
    size = 0
    while not 2 <= size <= largest:
        variables = int(rng.integers(4, 7))
        dag = erdos_renyi(variables, expected_degree=rng.uniform(1, 3), seed=int(rng.integers(2**31)))[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        size = mec.size
    answers = []
    for _ in range(int(rng.integers(1, 25))):
        a, b = rng.permutation(dag.nodes)[:2].tolist()
        kind = (Causes, DirectlyCauses)[int(rng.integers(2))]
        answers.append(Answer(kind(a, b), (True, False, None)[int(rng.choice(3, p=[0.45, 0.4, 0.15]))]))
    return mec.batch(), answers


def true_in(question: Proposition, dag: Dag) -> bool:
    graph = nx.DiGraph(dag.edges)
    graph.add_nodes_from(dag.nodes)
    a, b = question.variables
    return bool(graph.has_edge(a, b) if isinstance(question, DirectlyCauses) else nx.has_path(graph, a, b))


def by_hand(dags: Sequence[Dag], answers: Sequence[Answer], channel: Channel) -> NDArray[np.float64]:
    """The posterior, one graph and one answer after the other, over a grid of both rates."""
    if isinstance(channel, Fixed):
        s = f = np.array([[1 - channel.error]])
        weight = np.ones((1, 1))
    else:
        assert isinstance(channel, Learned)
        s, f = NODES[:, None], NODES[None, :]
        weight = np.outer(
            WEIGHTS * stats.beta.pdf(NODES, *channel.sensitivity), WEIGHTS * stats.beta.pdf(NODES, *channel.specificity)
        )
    evidence = []
    for dag in dags:
        density = weight
        for answer in answers:
            if answer.value is not None:
                yes = s if true_in(answer.question, dag) else 1 - f
                density = density * (yes if answer.value else 1 - yes)
        evidence.append(density.sum())
    return np.array(evidence) / sum(evidence)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_posterior_is_bayes_rule(seed: int, channel: Channel) -> None:
    batch, answers = random_case(seed)
    belief = Belief.uniform(batch, channel).update(answers)
    expected = by_hand(list(batch), answers, channel)
    assert belief.probabilities.numpy() == pytest.approx(expected, abs=1e-10)
    # and everything that is read off it
    assert belief.confidence == pytest.approx(expected.max(), abs=1e-10)
    assert expected[batch.index(belief.graph)] == pytest.approx(expected.max(), abs=1e-10)
    assert belief.entropy == pytest.approx(stats.entropy(expected, base=2), abs=1e-8)
    a, b = batch.nodes[0], batch.nodes[-1]
    asked = Causes(a, b) & ~DirectlyCauses(a, b)
    share = sum(p for p, dag in zip(expected, batch, strict=True) if asked.holds(dag))
    assert belief.probability(asked) == pytest.approx(share, abs=1e-10)
    for i, cause in enumerate(batch.nodes):
        for j, effect in enumerate(batch.nodes):
            share = sum(p for p, dag in zip(expected, batch, strict=True) if (cause, effect) in dag.edges)
            assert float(belief.edges[i, j]) == pytest.approx(share, abs=1e-10)


def unequal(belief: Belief, seed: int) -> Belief:
    """The same belief from a prior that is not uniform."""
    prior = np.random.default_rng(seed).dirichlet(np.ones(len(belief.candidates)))
    return replace(belief, log_prior=torch.as_tensor(prior).log())


def test_the_prior_counts() -> None:
    batch, answers = random_case(7)
    start = unequal(Belief.uniform(batch, Learned()), 1)
    assert start.probabilities.numpy() == pytest.approx(start.log_prior.exp().numpy())
    expected = by_hand(list(batch), answers, Learned()) * start.probabilities.numpy()
    assert start.update(answers).probabilities.numpy() == pytest.approx(expected / expected.sum(), abs=1e-10)


def pyro_arguments(belief: Belief) -> tuple[torch.Tensor, torch.Tensor, tuple[Answer, ...], Channel]:
    truth = truth_table([answer.question for answer in belief.answers], belief.candidates)
    return belief.log_prior, truth, belief.answers, belief.channel


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("error", [0.05, 0.4])
def test_fixed_posterior_is_pyros_enumeration(seed: int, error: float) -> None:
    batch, answers = random_case(seed + 20)
    belief = unequal(Belief.uniform(batch, Fixed(error)), seed).update(answers)
    guide = lambda *_: None  # noqa: E731  # nothing is left to guess
    marginals = TraceEnum_ELBO(max_plate_nesting=0).compute_marginals(
        config_enumerate(model), guide, *pyro_arguments(belief)
    )
    assert belief.probabilities.numpy() == pytest.approx(marginals["graph"].probs.detach().numpy(), abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("channel", CHANNELS[2:], ids=str)
def test_learned_posterior_is_the_models_density_summed_over_a_grid(seed: int, channel: Learned) -> None:
    """All graphs and all rates at once: the density of the model's own trace, one axis for each latent site."""
    batch, answers = random_case(seed + 40)
    belief = unequal(Belief.uniform(batch, channel), seed).update(answers)
    nodes, weights = torch.as_tensor(NODES), torch.as_tensor(WEIGHTS)
    values = {
        "graph": torch.arange(len(batch))[:, None, None],
        "sensitivity": nodes[:, None],
        "specificity": nodes,
    }
    trace = poutine.trace(pyro.condition(model, data=values)).get_trace(*pyro_arguments(belief))
    sites = [site for site in trace.nodes.values() if site["type"] == "sample"]
    assert len(sites) == 3 + sum(answer.value is not None for answer in answers)
    density = sum(site["fn"].log_prob(site["value"]) for site in sites).exp()
    density = density.expand(len(batch), 60, 60) * weights[:, None] * weights
    joint = density / density.sum()
    assert belief.probabilities.numpy() == pytest.approx(joint.sum((1, 2)).numpy(), abs=1e-9)
    assert belief.reliability.sensitivity == pytest.approx(float(joint.sum((0, 2)) @ nodes), abs=1e-9)
    assert belief.reliability.specificity == pytest.approx(float(joint.sum((0, 1)) @ nodes), abs=1e-9)
    above = (nodes[:, None] + nodes > 1).to(joint.dtype)
    assert belief.reliability.better_than_chance == pytest.approx(float((joint.sum(0) * above).sum()), abs=0.03)


@pytest.mark.slow
def test_learned_posterior_is_what_nuts_samples() -> None:
    batch, answers = random_case(3, largest=8)
    answers = answers[:8]
    belief = Belief.uniform(batch, Learned()).update(answers)
    pyro.set_rng_seed(0)
    kernel = NUTS(config_enumerate(model), max_plate_nesting=0)
    runs = MCMC(kernel, num_samples=500, warmup_steps=150, disable_progbar=True)
    runs.run(*pyro_arguments(belief))
    draws = runs.get_samples()
    for name in ("sensitivity", "specificity"):
        values = draws[name]
        effective = min(float(effective_sample_size(values[None])), len(values))
        assert effective > 80
        error = float(values.std()) / math.sqrt(effective)
        assert abs(float(values.mean()) - getattr(belief.reliability, name)) <= 4.5 * error
        low, high = belief.reliability.interval(name, 0.9)
        inside = float(((values >= low) & (values <= high)).double().mean())
        assert abs(inside - 0.9) <= 4.5 * math.sqrt(0.09 / effective) + 0.01


@pytest.mark.parametrize("channel", [*CHANNELS[::2], Agnostic()], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_neither_the_order_of_answers_nor_their_grouping_matters(seed: int, channel: Channel) -> None:
    batch, answers = random_case(seed + 60)
    start = Belief.uniform(batch, channel)
    once = start.update(answers)
    shuffled = start.update([answers[k] for k in np.random.default_rng(seed).permutation(len(answers))])
    parts = start
    for answer in answers:
        parts = parts.update([answer])
    halves = start.update(answers[::2]).update(iter(answers[1::2]))
    for other in (shuffled, parts, halves):
        assert torch.equal(other.counts, once.counts)
        assert other.probabilities.numpy() == pytest.approx(once.probabilities.numpy(), abs=1e-12)
        assert other.log_marginal_likelihood == pytest.approx(once.log_marginal_likelihood, abs=1e-9)
        assert other.kinds == pytest.approx(once.kinds, abs=1e-9)
    assert parts.answers == once.answers == tuple(answers)


def test_a_belief_is_never_changed() -> None:
    batch, answers = random_case(80)
    belief = Belief.uniform(batch)
    counts, probabilities, entropy = belief.counts.clone(), belief.probabilities.clone(), belief.entropy
    after = belief.update(answers)
    assert after is not belief
    assert torch.equal(belief.counts, counts)
    assert torch.equal(belief.probabilities, probabilities)
    assert belief.entropy == entropy == pytest.approx(math.log2(len(batch)))
    assert belief.answers == ()
    with pytest.raises(AttributeError):
        belief.answers = ()  # type: ignore[misc]


def test_abstentions_are_kept_and_change_nothing() -> None:
    batch, answers = random_case(81)
    belief = Belief.uniform(batch).update(answers)
    silence = [Answer(Causes(*batch.nodes[:2]), None)] * 5
    after = belief.update(silence)
    assert torch.equal(after.probabilities, belief.probabilities)
    assert after.reliability.to_dict() == belief.reliability.to_dict()
    assert after.answers == (*answers, *silence)


def test_repeated_candidates_count_as_often_as_they_occur() -> None:
    one, two = Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])
    belief = Belief.uniform(DagBatch.from_dags([one, one, two]), Fixed(0.2))
    assert belief.probability(Causes("a", "b")) == pytest.approx(2 / 3)
    belief = belief.update([Answer(Causes("a", "b"), False)])
    assert belief.probability(Causes("a", "b")) == pytest.approx(2 * 0.2 / (2 * 0.2 + 0.8))


def test_the_leading_graphs() -> None:
    batch, answers = random_case(82, largest=12)
    belief = Belief.uniform(batch).update(answers)
    everything = belief.top(1_000)
    probabilities = [p for _, p in everything]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)
    assert {dag for dag, _ in everything} == set(batch)
    assert everything[0] == (belief.graph, belief.confidence)
    assert belief.top(3) == everything[:3]
    for dag, p in everything:
        assert float(belief.probabilities[batch.index(dag)]) == p
    # among equals the first
    untold = Belief.uniform(batch)
    assert [dag for dag, _ in untold.top(4)] == list(batch)[:4]
    assert untold.graph == batch[0]


def test_certainty() -> None:
    only = Belief.uniform(DagBatch.from_dags([Dag("ab", [("a", "b")])]))
    for belief in (only, only.update([Answer(Causes("a", "b"), False)] * 50)):
        assert (belief.confidence, math.copysign(1, belief.entropy), belief.entropy) == (1.0, 1.0, 0.0)
    batch, _ = random_case(83)
    many = Belief.uniform(batch).update([Answer(Causes(*batch.nodes[:2]), True)] * 10_000)
    assert bool(many.probabilities.isfinite().all())
    for question in (Causes("X1", "X2"), ~Causes("X1", "X2"), Causes("X1", "X2") | ~Causes("X1", "X2")):
        assert 0 <= many.probability(question) <= 1


def test_misuse() -> None:
    with pytest.raises(InvalidGraph, match="at least one"):
        Belief.uniform(DagBatch("ab", torch.zeros(0, 2, 2, dtype=torch.bool)))
    belief = Belief.uniform(DagBatch.from_dags([Dag(["smoke", "lung"], [("smoke", "lung")])]))
    with pytest.raises(UnknownVariable, match="did you mean 'smoke'"):
        belief.update([Answer(Causes("smok", "lung"), True)])
    with pytest.raises(UnknownVariable):  # an abstention is no excuse
        belief.update([Answer(Causes("smok", "lung"), None)])
    with pytest.raises(UnknownVariable):
        belief.probability(Causes("smoke", "liver"))


def test_as_text_and_values() -> None:
    batch, answers = random_case(84)
    belief = Belief.uniform(batch).update(answers)
    assert f"{len(batch)} candidates, {len(answers)} answers" in repr(belief)
    assert f"{belief.confidence:.3f}" in repr(belief)
    values = json.loads(belief.to_json(), parse_constant=pytest.fail)
    assert values == belief.to_dict()
    assert values["candidates"] == len(batch)
    assert values["graphs"][0] == {"edges": [list(e) for e in belief.graph.edges], "probability": belief.confidence}
    table = {(row["cause"], row["effect"]): row["probability"] for row in values["edges"]}
    for i, cause in enumerate(batch.nodes):
        for j, effect in enumerate(batch.nodes):
            assert table.get((cause, effect), 0.0) == float(belief.edges[i, j])


def test_a_million_candidates() -> None:
    """Every Dag on five variables, 35 times over: the same belief as with each of them once."""
    once = all_dags(5)
    many = once[torch.arange(len(once)).repeat(35)]
    assert len(many) > 1_000_000
    answers = [
        Answer(Causes("X1", "X2"), True),
        Answer(Causes("X2", "X3"), True),
        Answer(DirectlyCauses("X3", "X1"), False),
        Answer(Causes("X4", "X5"), None),
    ]
    small, large = (Belief.uniform(batch).update(answers) for batch in (once, many))
    assert float(large.probabilities.sum()) == pytest.approx(1)
    assert large.probabilities[: len(once)].numpy() * 35 == pytest.approx(small.probabilities.numpy(), rel=1e-9)
    assert large.entropy - small.entropy == pytest.approx(math.log2(35))
    assert large.graph == small.graph
    assert large.probability(Causes("X1", "X3")) == pytest.approx(small.probability(Causes("X1", "X3")))
    assert large.edges.numpy() == pytest.approx(small.edges.numpy())
    assert repr(large.reliability) == repr(small.reliability)
