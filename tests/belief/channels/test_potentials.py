"""The channel of graded, shared answers against explicit positions, and what it does with words."""

import itertools

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from causalpp import Answer, Belief, Dag, Direction, MarkovEquivalenceClass
from causalpp.belief import Potentials, PotentialsPrior

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
