"""The channel of graded answers against the readable Pyro model, positions and slope drawn one by one."""

import numpy as np
import pyro
import pytest
import torch

from causalpp import Answer, Belief, Dag, Direction, MarkovEquivalenceClass
from causalpp.belief import Potentials, PotentialsPrior
from causalpp.belief.model import graded_model

CHAIN = MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("b", "c")]))
CHANNEL = Potentials(
    PotentialsPrior(
        unrelated=0.3, mean=0.7, spread=0.5, order=0.6, slopes=(0.5, 1.0, 1.3), shares=((0.0, 0.4), (0.6, 0.6)),
        variances=((0.4, 0.5), (0.9, 0.5)), scales=(1.5,),
    )
)  # fmt: skip
SAID = {("a", "b"): 0.7, ("b", "c"): 0.4, ("a", "c"): 1.1}
DRAWS = 300_000
ANSWERS = [Answer(Direction(*pair), True, log_odds=odds) for pair, odds in SAID.items()]


def test_against_draws_of_the_readable_model():
    """Everything is drawn from the model, and weighted by how probable the answers are: no algebra in between."""
    belief = Belief.uniform(CHAIN.batch(), CHANNEL).update(ANSWERS)
    signals = belief.record.signals[belief.record.groups]
    pyro.set_rng_seed(0)
    with pyro.plate("draws", DRAWS), pyro.poutine.trace() as traced:
        graph = graded_model(torch.full((3,), -np.log(3.0), dtype=torch.float64), signals, ANSWERS, CHANNEL)
    site = traced.trace.nodes["contrast"]
    log = site["fn"].log_prob(site["value"])
    weight = torch.softmax(log, 0)
    effective = float(1 / (weight**2).sum())
    assert effective > DRAWS / 20
    error = 4 * 0.5 / np.sqrt(effective)
    found = torch.zeros(3, dtype=torch.float64).index_add_(0, graph, weight)
    np.testing.assert_allclose(found.numpy(), belief.probabilities.numpy(), atol=error)
    known = float(weight @ traced.trace.nodes["known"]["value"])
    assert known == pytest.approx(1 - belief.profile.unrelated, abs=error)
    marginal = float(torch.logsumexp(log, 0) - np.log(DRAWS))
    assert marginal == pytest.approx(belief.log_marginal_likelihood, abs=2 * error)
    shares = {0.0: 0.0, 0.6: 0.0}
    for number, share in enumerate(shares):
        shares[share] = float(weight @ (traced.trace.nodes["share"]["value"] == number).double())
    assert shares == pytest.approx(belief.shares, abs=error)
