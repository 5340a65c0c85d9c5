"""Posteriors from rows, against the scores of every Dag."""

import json
import math
import pickle
from html import escape
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp import errors
from causalpp.errors import (
    IncompleteDataWarning,
    InvalidData,
    InvalidGraph,
    InvalidParameter,
    TooLarge,
    UnknownVariable,
)
from causalpp.graphs import all_dags
from causalpp.posterior import DagPosterior
from causalpp.posterior.grouping import class_numbers
from causalpp.scores import BDeu, BGe, StructurePrior, family_scores


def real(rows=80, seed=0):
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(2, rows))
    c = a - b + draw.normal(size=rows)
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": 0.5 * c + draw.normal(size=rows)})


def states(rows=150, seed=0):
    return cpp.load_network("cancer").simulate(rows, seed=seed)[["Smoker", "Cancer", "Xray", "Dyspnoea"]]


def same(posterior):
    """The hyperparameters a posterior was found with, for a score made by hand."""
    return posterior.learned.get("hyperparameters", {})


def by_hand(score, prior=lambda dag: 0.0):
    """Every Dag with its log weight, scored family by family."""
    dags = list(all_dags(score.d))
    names = dict(zip(dags[0].nodes, score.names))
    dags = [cpp.Dag(score.names, [(names[a], names[b]) for a, b in dag.edges]) for dag in dags]
    log_weight = np.array([sum(score.local(v, dag.parents(v)) for v in dag.nodes) + prior(dag) for dag in dags])
    top = log_weight.max()
    return dags, np.exp(log_weight - top) / np.exp(log_weight - top).sum(), np.log(np.exp(log_weight - top).sum()) + top


@pytest.mark.parametrize(("frame", "score"), [(real(), BGe), (states(), BDeu)])
def test_probabilities_equal_those_of_all_543_dags(frame, score):
    posterior = DagPosterior.from_data(frame)
    dags, p, log_total = by_hand(score(frame, **same(posterior)))
    batch = cpp.DagBatch.from_dags(dags)
    assert posterior.log_marginal_likelihood == pytest.approx(log_total - math.log(543), abs=1e-9)
    a, b, c, _ = frame.columns
    for statement in (cpp.Causes(a, c), cpp.DirectlyCauses(c, a), ~cpp.Causes(b, a)):
        assert posterior.probability(statement) == pytest.approx(p @ statement.holds(batch).numpy(), abs=1e-12)
        assert posterior.standard_error(statement) == 0
    both = cpp.Causes(a, c) & cpp.Causes(b, c)
    assert abs(posterior.probability(both) - p @ both.holds(batch).numpy()) < 5 * max(
        posterior.standard_error(both), 0.001
    )
    assert posterior.family(c, [a, b]) == pytest.approx(
        sum(q for dag, q in zip(dags, p) if set(dag.parents(c)) == {a, b}), abs=1e-12
    )
    assert posterior.non_descendants(c, [a, b]) == pytest.approx(
        sum(q for dag, q in zip(dags, p) if set(dag.nodes) - set(dag.descendants(c)) - {c} == {a, b}), abs=1e-12
    )
    (best, q), *_ = posterior.top(3)
    assert q == pytest.approx(p.max(), abs=1e-12)
    assert q == pytest.approx(p[dags.index(best)], abs=1e-12)
    mec, share = posterior.classes(1)[0]
    assert share == pytest.approx(sum(q for dag, q in zip(dags, p) if dag in set(mec.members())), abs=1e-9)


def test_a_prior_and_knowledge_are_exact():
    frame = states()
    known = cpp.Knowledge(required=[("Smoker", "Cancer")], forbidden=[("Xray", "Dyspnoea")])
    posterior = DagPosterior.from_data(frame, structure_prior=StructurePrior(-1.5), knowledge=known, max_parents=2)
    dags, p, _ = by_hand(
        BDeu(frame, **same(posterior)),
        lambda dag: (
            -1.5 * len(dag.edges) if known.allows(dag) and max(len(dag.parents(v)) for v in dag.nodes) < 3 else -np.inf
        ),
    )
    edges = sum(q * np.array(dag.adjacency) for dag, q in zip(dags, p))
    np.testing.assert_allclose(posterior.edges.numpy(), edges, atol=1e-12)
    assert all(known.allows(dag) for dag in posterior.sample(200))
    assert "knowledge" in posterior.learned


def test_rows_in_which_a_variable_was_set():
    frame = states(300).assign(who=[None, "Cancer", "Smoker"] * 100)
    posterior = DagPosterior.from_data(frame, interventions="who")
    score = BDeu(frame.drop(columns="who"), interventions=list(frame["who"]), **same(posterior))
    dags, p, _ = by_hand(score)
    edges = sum(q * np.array(dag.adjacency) for dag, q in zip(dags, p))
    np.testing.assert_allclose(posterior.edges.numpy(), edges, atol=1e-12)
    listed = DagPosterior.from_data(frame.drop(columns="who"), interventions=list(frame["who"]))
    np.testing.assert_array_equal(posterior.edges.numpy(), listed.edges.numpy())


def test_draws_edges_and_entropy_agree():
    posterior = DagPosterior.from_data(real())
    share = posterior.sample(4000, seed=1).adjacency.double().mean(0).numpy()
    p = posterior.edges.numpy()
    assert (abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-3).all()
    _, every, _ = by_hand(BGe(real()))
    assert posterior.entropy == pytest.approx(-(every * np.log2(np.maximum(every, 1e-300))).sum(), abs=0.1)
    assert float(posterior.probabilities.sum()) == pytest.approx(1)


def test_effects_are_averaged_over_it():
    frame = real(200)
    found = cpp.effects.average(
        DagPosterior.from_data(frame), data=frame, treatment="a", outcome="d", treated=1, control=0
    )
    assert found.interval()[0] < 0.5 < found.interval()[1]  # a → c with 1, c → d with ½


def test_consensus_and_what_is_shown():
    posterior = DagPosterior.from_data(real(400))
    consensus = posterior.consensus()
    assert {("a", "c"), ("b", "c"), ("c", "d")} <= {*consensus.directed} | {*consensus.undirected}
    assert repr(posterior) == "DagPosterior(4 variables, 400 rows, BGe, exact, no hidden common causes)"
    written = json.loads(posterior.to_json())
    assert written["assumes"] == "there are no hidden common causes"
    assert written["edges"][0][2] == pytest.approx(float(posterior.edges[0, 2]))
    assert len(posterior.plot().axes) == 3
    with pytest.raises(InvalidParameter, match="threshold"):
        posterior.consensus(0.3)


def test_the_table_of_a_notebook():
    """It says what all is told under, the best class and its mass, and the edges of the consensus."""
    posterior = DagPosterior.from_data(real().rename(columns={"a": "<a>"}), progress=False)
    told = posterior._repr_html_()
    ElementTree.fromstring(told)
    assert "no hidden common causes" in told
    assert f"{posterior.entropy:.1f} bits" in told
    _, p = posterior.classes(1)[0]
    assert f"most probable class ({p:.3g})" in told
    consensus = posterior.consensus()
    for edge, q in {**consensus.directed, **consensus.undirected}.items():
        assert all(escape(name) in told for name in edge)
        assert f"<td>{q:.3f}</td>" in told
    assert told.count("<tr>") == 1 + len(consensus.directed) + len(consensus.undirected)


def test_directions_that_the_rows_do_not_tell_are_not_said():
    """The six Dags that join three variables in full are one class: a direction has one half, but for what is left."""
    draw = np.random.default_rng(5)
    age = draw.normal(size=250)
    dose = age + draw.normal(size=250)
    frame = pd.DataFrame({"age": age, "dose": dose, "outcome": dose - 0.5 * age + draw.normal(size=250)})
    for options in ({}, {"method": "mcmc"}):
        consensus = DagPosterior.from_data(frame, **options).consensus()
        assert not consensus.directed
        assert len(consensus.undirected) == 3


def test_incomplete_rows_are_left_out():
    frame = real(100)
    frame.iloc[:10, 0] = np.nan
    with pytest.warns(IncompleteDataWarning, match="90 of 100"):
        posterior = DagPosterior.from_data(frame)
    np.testing.assert_allclose(
        posterior.edges.numpy(), DagPosterior.from_data(frame.iloc[10:]).edges.numpy(), atol=1e-9
    )
    assert posterior.learned["rows_used"] == 90


@pytest.mark.parametrize(
    ("change", "options", "error", "says"),
    [
        (lambda f: f.assign(e=1.0), {}, InvalidData, "constant"),
        (lambda f: f.assign(e=f["a"]), {}, InvalidData, "'e'"),
        (lambda f: f.assign(e=f["a"] + f["b"]), {}, InvalidData, "'e'"),
        (lambda f: f.iloc[:3], {}, InvalidData, "rows"),
        (lambda f: f, {"interventions": "who"}, UnknownVariable, "who"),
        (lambda f: f, {"interventions": ["z"] * 80}, UnknownVariable, "z"),
        (lambda f: f, {"score": "loud"}, InvalidParameter, "loud"),
        (lambda f: f, {"max_parents": -1}, InvalidParameter, "max_parents"),
        (lambda f: f, {"max_parents": 0, "knowledge": cpp.Knowledge(required=[("a", "b")])}, InvalidGraph, "no graph"),
        (
            lambda f: f.assign(**{f"x{k}": np.random.default_rng(k + 1).normal(size=80) for k in range(20)}),
            {"method": "exact"},
            TooLarge,
            "20",
        ),
    ],
)
def test_bad_input(change, options, error, says):
    with pytest.raises(error, match=says):
        DagPosterior.from_data(change(real()), **options)


def test_family_scores_are_those_of_the_score():
    frame = states(60)
    for interventions in (None, [None, "Cancer", ("Smoker", "Xray")] * 20):
        for kind in (BDeu, cpp.scores.CooperHerskovits):
            score = kind(frame, interventions=interventions)
            table, few = family_scores(score), family_scores(score, 1)
            for v in range(4):
                for parents in range(16):
                    if parents >> v & 1:
                        assert table[v, parents] == -np.inf
                        continue
                    assert table[v, parents] == pytest.approx(
                        kind(frame, interventions=interventions).of(v, parents), abs=1e-9
                    )
                    assert few[v, parents] == (table[v, parents] if parents.bit_count() < 2 else -np.inf)


def test_a_posterior_can_be_kept_and_taken_to_another_process():
    posterior = DagPosterior.from_data(real())
    best = posterior.top(2)
    again = pickle.loads(pickle.dumps(posterior))
    assert again.top(2) == best
    assert again.edges.equal(posterior.edges)
    assert list(again.sample(5, seed=1)) == list(posterior.sample(5, seed=1))
    assert again.learned == posterior.learned


def test_a_cell_names_several_variables_that_were_set():
    frame = real(60)
    told = [None] * 20 + ["c"] * 20 + [("a", "c")] * 20
    cells = ["", None] * 10 + ["c"] * 20 + ["a, c"] * 10 + ["c;a"] * 10
    column = DagPosterior.from_data(frame.assign(told=cells), interventions="told")
    assert column.edges.numpy() == pytest.approx(DagPosterior.from_data(frame, interventions=told).edges.numpy())
    with pytest.raises(UnknownVariable, match="nobody"):
        DagPosterior.from_data(frame.assign(told="a, nobody"), interventions="told")


def test_numbers_that_count_nothing_are_refused():
    for wrong in (-1, 1.5):
        with pytest.raises(InvalidParameter, match="max_parents"):
            DagPosterior.from_data(real(), max_parents=wrong)
    with pytest.raises(InvalidParameter, match="negative"):
        DagPosterior.from_data(real()).top(-1)


def test_classes_are_in_the_order_of_their_mass_not_of_their_best_graph():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(12, 4)), columns=list("abcd"))  # hardly anything is known
    posterior = DagPosterior.from_data(frame)
    dags, p, _ = by_hand(BGe(frame))
    mass = {}
    for dag, q in zip(dags, p):
        cpdag = cpp.Cpdag.from_dag(dag)
        mass[cpdag] = mass.get(cpdag, 0.0) + q
    wanted = sorted(mass.values(), reverse=True)[:5]
    assert [q for _, q in posterior.classes(5, among=20)] == pytest.approx(wanted, abs=1e-9)
    numbers = class_numbers(cpp.DagBatch.from_dags(dags))
    assert len(set(numbers.tolist())) == len(mass) == 185  # of four variables
    pairs = {(int(number), cpp.Cpdag.from_dag(dag)) for number, dag in zip(numbers, dags)}
    assert len(pairs) == 185


def test_rows_that_are_added_are_as_if_they_had_been_there_from_the_start() -> None:
    """With targets, through several additions, whatever way they are told; and the states stay as they are."""
    net = cpp.load_network("cancer")
    parts = net.simulate(200, seed=0), net.do(Cancer="True").simulate(40, seed=1), net.do(Smoker="False").simulate(30)
    knowledge = cpp.Knowledge(forbidden=[("Xray", "Smoker")])
    first = DagPosterior.from_data(parts[0], knowledge=knowledge, max_parents=3)
    more = first.with_rows(parts[1], "Cancer").with_rows(parts[2].assign(set="Smoker"), "set")
    told = [None] * 200 + ["Cancer"] * 40 + ["Smoker"] * 30
    pooled = pd.concat(parts, ignore_index=True)
    whole = DagPosterior.from_data(pooled, interventions=told, knowledge=knowledge, max_parents=3)
    assert torch.equal(more.edges, whole.edges)
    assert more.log_marginal_likelihood == whole.log_marginal_likelihood
    assert more.learned == whole.learned
    assert not torch.equal(more.edges, first.edges)
    with pytest.raises(errors.UnknownVariable):
        first.with_rows(parts[1], ["Cancer", "nobody"] * 20)
    with pytest.raises(errors.InvalidData, match="no column 'Xray'"):
        first.with_rows(parts[1].drop(columns="Xray"), "Cancer")
    with pytest.raises(errors.InvalidData, match="no rows"):
        first.with_rows(parts[1][:0], "Cancer")
    with pytest.raises(errors.InvalidParameter, match="has not kept its rows"):
        DagPosterior.from_data(parts[0], cpp.scores.BDeu(parts[0])).with_rows(parts[1], "Cancer")
