"""Stated log-odds as a prior of graphs: against the product of the odds over all Dags."""

import math

import pytest
import torch

import causalpp as cpp
from causalpp import Answer, Causes, Direction, DirectlyCauses, errors
from causalpp.graphs import all_dags
from causalpp.oracles import edge_prior
from causalpp.posterior import DagPosterior


def test_the_posterior_with_stated_odds_is_that_of_answers_of_an_oracle_so_reliable() -> None:
    """Answers to DirectlyCauses with log-odds ℓ and a channel that takes them at their word are the same prior."""
    rows = cpp.load_network("cancer").simulate(100, seed=0)[["Smoker", "Cancer", "Xray"]]
    stated = {("Smoker", "Cancer"): 1.5, ("Xray", "Cancer"): -0.7, ("Cancer", "Smoker"): 0.3}
    answers = [Answer(DirectlyCauses(*edge), odds > 0, log_odds=odds) for edge, odds in stated.items()]
    with_prior = DagPosterior.from_data(rows, structure_prior=edge_prior(answers))
    alone = DagPosterior.from_data(rows)
    dags = all_dags(list(rows))
    log = torch.from_numpy(alone.inference.log_probability(dags))
    for edge, odds in stated.items():
        log += odds * DirectlyCauses(*edge).holds(dags)
    p = torch.softmax(log, 0)
    assert torch.allclose(p @ dags.adjacency.flatten(1).double(), with_prior.edges.flatten(), atol=1e-9)


def test_what_counts_and_what_does_not() -> None:
    answers = [
        Answer(DirectlyCauses("a", "b"), True, log_odds=2.0),
        Answer(DirectlyCauses("a", "b"), False, log_odds=-1.0),  # the same question again: the mean
        Answer(~Causes("b", "c"), True, log_odds=1.0),
        Answer(Direction("a", "c"), True, log_odds=3.0),
        Answer(cpp.HaveCommonCause("a", "c"), True, log_odds=9.0),
        Answer(DirectlyCauses("c", "b"), True),
        Answer(DirectlyCauses("c", "a"), None),
    ]
    assert edge_prior(answers).matrix("abc").tolist() == [[0, 0.5, 1.5], [0, 0, -1.0], [-1.5, 0, 0]]
    told = edge_prior(answers, error=0.1, edge_log_odds=-1.0).matrix("abc")
    assert told[2, 1] == pytest.approx(math.log(9) - 1)
    assert edge_prior([]).equivalent
    for wrong in ({"weight": -1.0}, {"weight": math.nan}, {"error": 0.5}):
        with pytest.raises(errors.InvalidParameter):
            edge_prior(answers, **wrong)
