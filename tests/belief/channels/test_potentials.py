"""The channel of graded, shared answers against explicit positions, and what it does with words."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from causalpp import Answer, Belief, Causes, Dag, DagBatch, Direction, MarkovEquivalenceClass, SimulatedOracle
from causalpp.belief import Agnostic, Potentials, PotentialsPrior
from causalpp.design import graded_information
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs.random import erdos_renyi
from causalpp.oracles.noise import PositionNoise
from causalpp.propositions import all_questions

ABC = ("a", "b", "c")
PAIRS = tuple(itertools.combinations(ABC, 2))
CHAIN = MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("b", "c")]))
PRIOR = PotentialsPrior(
    unrelated=0.4, mean=0.7, spread=0.5, order=0.6, slopes=(0.5, 1.0, 1.3),
    shares=((0.0, 0.3), (0.5, 0.7)), variances=((0.6, 0.4), (1.1, 0.6)), scales=(1.5,),
)  # fmt: skip


def said(c):
    """Answers that speak for a pair as a whole, so that the contrast is twice the log-odds."""
    return [Answer(Direction(*pair), value > 0, log_odds=float(value) / 2) for pair, value in c.items()]


def expected(dag, pair, slopes):
    """What a graph makes of a pair by distance, and by heights, counted by hand."""
    level = Direction(*pair).levels(dag)
    heights = [len(dag.ancestors(name)) - len(dag.descendants(name)) for name in pair]
    return float(np.sign(level)) * (0, *slopes)[abs(level)], (heights[1] - heights[0]) / (len(dag.nodes) / 2)


def by_positions(c, dag, prior, nodes=19):
    """P(answers | graph): a sum over positions of the variables and the slope, pair noise explicit, no algebra."""
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    grids = np.meshgrid(z, z, z, indexing="ij")
    weight = np.einsum("i,j,k->ijk", w, w, w)
    total = 0.0
    for (rho, p), (v, q) in itertools.product(prior.shares, prior.variances):
        position = dict(zip(ABC, (np.sqrt(v * rho / 2) * grid for grid in grids), strict=True))
        cases = [(prior.unrelated, 0, [0.0], [1.0])]
        cases += [
            ((1 - prior.unrelated) * share, kind, prior.mean + prior.spread * z, w)
            for kind, share in enumerate((1 - prior.order, prior.order))
        ]
        for gate, kind, slopes, share in cases:
            for beta, s in zip(slopes, share, strict=True):
                like = weight.copy()
                for pair, value in c.items():
                    mean = beta * expected(dag, pair, prior.slopes)[kind] + position[pair[0]] - position[pair[1]]
                    like = like * norm.pdf(value / prior.scales[0], mean, np.sqrt(v * (1 - rho)))
                total += p * q * gate * s * like.sum()
    return np.log(total)


@pytest.mark.parametrize(
    "c", [{("a", "b"): 1.0, ("b", "c"): 0.4, ("a", "c"): 1.7}, {("a", "b"): -0.8, ("c", "b"): 0.3}, {("a", "c"): 2.0}]
)
def test_agrees_with_explicit_positions(c):
    belief = Belief.uniform(CHAIN.batch(), Potentials(PRIOR)).update(said(c))
    brute = np.array([by_positions(c, dag, PRIOR) for dag in CHAIN.batch()])
    np.testing.assert_allclose(belief.log_likelihood.numpy(), brute, atol=2e-4)
    np.testing.assert_allclose(belief.log_marginal_likelihood, logsumexp(brute) - np.log(len(brute)), atol=2e-4)


def test_a_repeat_is_a_copy():
    once = Belief.uniform(CHAIN.batch(), Potentials(PRIOR)).update(said({("a", "b"): 1.3}))
    turned = [Answer(Direction("b", "a"), False, log_odds=-0.65)]
    again = once.update(said({("a", "b"): 1.3})).update(turned)
    np.testing.assert_allclose(again.probabilities.numpy(), once.probabilities.numpy(), atol=1e-9)


def test_wordings_are_put_on_their_scales():
    def both(first, second):
        parts = []
        for wording, odds in enumerate((first, second)):
            parts += [
                Answer(Causes("a", "b"), odds > 0, wording=wording, log_odds=odds),
                Answer(Causes("b", "a"), False, wording=wording, log_odds=0.0),
            ]
        return Belief.uniform(CHAIN.batch(), Potentials(replace(PRIOR, scales=(1.0, 10.0)))).update(
            [Answer(Direction("a", "b"), True, parts=tuple(parts))]
        )

    one = Belief.uniform(CHAIN.batch(), Potentials(replace(PRIOR, scales=(1.0,)))).update(said({("a", "b"): 1.0}))
    np.testing.assert_allclose(both(1.0, 10.0).probabilities.numpy(), one.probabilities.numpy(), atol=1e-9)


def test_n_facts_do_not_count_as_n_squared():
    """All noise is positions: the pairs that follow from others tell nothing more."""
    dag = Dag("abcde", [(a, b) for a, b in itertools.combinations("abcde", 2)])
    other = Dag("abcde", [(b, a) for a, b in itertools.combinations("abcde", 2)])
    place = dict(zip("abcde", (1.1, 0.2, 0.9, -0.4, -0.8), strict=True))
    every = {pair: place[pair[0]] - place[pair[1]] for pair in itertools.combinations("abcde", 2)}
    tree = {pair: value for pair, value in every.items() if pair[0] == "a"}
    odds = {}
    for share in (0.0, 1 - 1e-6):
        prior = replace(PRIOR, order=1.0, shares=((share, 1.0),), variances=((0.5, 1.0),), unrelated=0.0, spread=1e-3)
        for name, c in (("tree", tree), ("every", every)):
            belief = Belief.uniform(DagBatch.from_dags([dag, other]), Potentials(prior)).update(said(c))
            odds[share, name] = float(belief.log_likelihood[0] - belief.log_likelihood[1])
    np.testing.assert_allclose(odds[1 - 1e-6, "tree"], odds[1 - 1e-6, "every"], rtol=1e-3)
    assert odds[0.0, "every"] > 1.5 * odds[0.0, "tree"]


def test_words_are_read_by_the_other_channel():
    words = [Answer(Direction("a", "b"), True), Answer(Causes("b", "c"), True), Answer(Causes("c", "b"), False)]
    ours = Belief.uniform(CHAIN.batch(), Potentials(PRIOR)).update(words)
    theirs = Belief.uniform(CHAIN.batch(), Agnostic()).update(words)
    np.testing.assert_allclose(ours.probabilities.numpy(), theirs.probabilities.numpy(), atol=1e-9)
    assert ours.profile[:4] == pytest.approx(theirs.profile[:4])
    graded = Belief.uniform(CHAIN.batch(), Potentials(PRIOR)).update(said({("a", "c"): 1.0}))
    both = ours.update(said({("a", "c"): 1.0}))
    np.testing.assert_allclose(
        both.log_likelihood.numpy(), (graded.log_likelihood + theirs.log_likelihood).numpy(), atol=1e-9
    )
    assert both.profile.unrelated_before == pytest.approx(PRIOR.unrelated * theirs.profile.unrelated_before)


def test_silence_tells_nothing():
    belief = Belief.uniform(CHAIN.batch(), Potentials(PRIOR))
    after = belief.update([Answer(Direction("a", "b"), None, reason="refused")])
    np.testing.assert_allclose(after.probabilities.numpy(), belief.probabilities.numpy())
    assert after.profile.unrelated == pytest.approx(PRIOR.unrelated)


def test_what_it_says_of_the_oracle():
    dag = Dag("abcd", list(itertools.combinations("abcd", 2)))
    right = dict.fromkeys(itertools.combinations("abcd", 2), 2.0)
    alone = DagBatch.from_dags([dag])
    belief = Belief.uniform(alone, Potentials()).update(said(right))
    assert belief.profile.unrelated < PotentialsPrior().unrelated
    assert belief.profile.informative > 0.5 > belief.profile.liar
    assert list(belief.reliabilities) == ["1 step", "2 steps", "3 or more steps"]
    assert belief.reliabilities["1 step"].sensitivity > 0.5
    reversed_ = Belief.uniform(alone, Potentials(replace(PotentialsPrior(), mean=0.0))).update(
        said(dict.fromkeys(right, -2.0))
    )
    assert reversed_.profile.liar > 0.5
    assert sum(belief.shares.values()) == pytest.approx(1)


def test_the_prior_is_kept_and_refused():
    prior = PotentialsPrior(unrelated=0.2, scales=(1.2, 0.4), order=0.9)
    assert PotentialsPrior.from_json(prior.to_json()) == prior
    for text in ("", "{}", "[]", prior.to_json().replace("0.9", "9")):
        with pytest.raises(FormatError):
            PotentialsPrior.from_json(text)
    for wrong in ({"unrelated": 1.0}, {"spread": 0.0}, {"slopes": (1.0, 1.0)}, {"shares": ((1.0, 1.0),)},
                  {"variances": ((0.5, 0.4),)}, {"scales": (0.0,)}):  # fmt: skip
        with pytest.raises(InvalidParameter):
            PotentialsPrior(**wrong)
    with pytest.raises(InvalidParameter):
        Potentials(prior=0.5)
    with pytest.raises(InvalidParameter):
        Potentials(words=Potentials())


def test_the_prior_is_pooled_over_networks():
    def networks(slope, count, seed):
        draws = np.random.default_rng(seed)
        for k in range(count):
            dag = erdos_renyi(9, expected_degree=2.5, seed=int(draws.integers(2**31)))[0]
            oracle = SimulatedOracle(dag, PositionNoise(0.5, slope=slope, scale=3.0), seed=k)
            yield dag, oracle.ask(all_questions(dag.nodes, "Direction"))

    known, unknown = (PotentialsPrior.fit(networks(slope, 12, 1)) for slope in (1.5, 0.0))
    assert known.unrelated < 0.3 < 0.7 < unknown.unrelated
    assert known.mean > 0.5
    rms = np.sqrt(9 * (1 + 1.5**2 * 0.6))  # of c: the noise has variance 1, and about six pairs in ten a direction
    assert known.scales[0] == pytest.approx(rms, rel=0.25)
    with pytest.raises(InvalidParameter, match="none has any"):
        PotentialsPrior.fit([])


def test_information_against_draws():
    """The information about graph and β = 0 of the next pair, against drawn worlds and a histogram of what comes."""
    prior = replace(PRIOR, shares=((0.5, 1.0),), variances=((0.6, 1.0),), order=1.0)
    belief = Belief.uniform(CHAIN.batch(), Potentials(prior)).update(said({("a", "b"): 0.9}))
    question = Direction("b", "c")
    found = float(graded_information(belief, [question])[0])
    draws, n = np.random.default_rng(0), 400_000
    levels = [expected(dag, ("b", "c"), prior.slopes)[1] for dag in CHAIN.batch()]
    first = [expected(dag, ("a", "b"), prior.slopes)[1] for dag in CHAIN.batch()]
    # weights of (graph, gate, β, positions, c) given the first answer
    graph, gate = draws.integers(3, size=n), draws.random(n) < prior.unrelated
    beta = np.where(gate, 0.0, prior.mean + prior.spread * draws.standard_normal(n))
    u = np.sqrt(0.6 * 0.5 / 2) * draws.standard_normal((n, 3))
    weight = norm.pdf(0.9 / 1.5, beta * np.array(first)[graph] + u[:, 0] - u[:, 1], np.sqrt(0.6 * 0.5))
    c = beta * np.array(levels)[graph] + u[:, 1] - u[:, 2] + np.sqrt(0.6 * 0.5) * draws.standard_normal(n)
    edges = [-1.8, -1.2, -0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.2, 1.8]
    bins, label = np.searchsorted(edges, c), np.where(gate, 3, graph)
    joint = np.zeros((4, 12))
    np.add.at(joint, (label, bins), weight)
    joint /= joint.sum()
    brute = float((joint * np.log2(joint / joint.sum(0) / joint.sum(1, keepdims=True))).sum())
    assert found == pytest.approx(brute, abs=0.004)  # the histogram is too large by about 33 cells / (2 n ln 2)
    assert float(graded_information(belief, [Direction("b", "a")])[0]) == 0.0


def test_information_about_the_graph_alone_weighs_unrelated_answers_evenly():
    """Where β = 0 the answers so far tell nothing of the graph: then every candidate has its prior weight."""
    prior = replace(PRIOR, order=1.0, shares=((0.0, 1.0),), variances=((0.1, 1.0),))
    batch = CHAIN.batch()
    belief = Belief.uniform(batch, Potentials(prior)).update(said({("a", "b"): 1.5}))
    edges = np.array([-1.8, -1.2, -0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.2, 1.8])
    law = []
    for dag in batch:
        first, second = (expected(dag, pair, prior.slopes)[1] for pair in (("a", "b"), ("b", "c")))
        beta = np.linspace(-3, 5, 2001)
        weight = norm.pdf(beta, prior.mean, prior.spread) * norm.pdf(1.0, beta * first, 0.1**0.5)
        weight *= (1 - prior.unrelated) * (beta[1] - beta[0])
        some = norm.cdf(edges[:, None], beta * second, 0.1**0.5) @ weight
        none = prior.unrelated * norm.pdf(1.0, 0, 0.1**0.5)
        total = weight.sum() + none
        law.append(np.diff(np.concatenate([[0], some + none * norm.cdf(edges, 0, 0.1**0.5), [total]])))
    joint = np.array(law) / np.sum(law)
    brute = float((joint * np.log2(joint / joint.sum(0) / joint.sum(1, keepdims=True))).sum())
    found = float(graded_information(belief, [Direction("b", "c")], apart=False)[0])
    assert found == pytest.approx(brute, abs=1e-4)
