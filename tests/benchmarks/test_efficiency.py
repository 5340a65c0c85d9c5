"""The efficiency bench: its classes, its simulator against the loop itself, and what it reports."""

import math

import pytest
import torch

from causalpp import AcboConfig, Belief, SimulatedOracle, discover, noise
from causalpp.belief import Fixed
from causalpp.benchmarks.studies import _eff_simulator as simulator
from causalpp.benchmarks.studies._eff_classes import class_of_size
from causalpp.benchmarks.studies.efficiency import Cell, Comparison, Efficiency, efficiency
from causalpp.design import expected_information_gain
from causalpp.errors import FormatError, InvalidParameter
from causalpp.oracles import Answer
from causalpp.propositions import And, all_questions, truth_table


@pytest.fixture(scope="module")
def few():
    """A class of 24 members, its questions and their truth table."""
    graphs = class_of_size(6, 24, seed=3, tolerance=0.01).batch(24)
    questions = all_questions(graphs.nodes)
    truth = truth_table(questions, graphs)
    return graphs, questions, truth


@pytest.mark.parametrize(("variables", "members"), [(4, 24), (7, 8), (12, 60), (16, 400)])
def test_classes_have_about_the_size_wanted(variables, members):
    found = class_of_size(variables, members, seed=5)
    assert abs(math.log(found.size / members)) <= math.log(1.15)
    assert found.size == class_of_size(variables, members, seed=5).size


@pytest.mark.parametrize("members", [3000, 5040])
def test_the_largest_class_is_that_of_the_complete_graph(members):
    assert class_of_size(7, members, seed=0).size == 5040


def test_a_class_too_large_for_its_variables_is_refused():
    with pytest.raises(InvalidParameter, match="4 variables"):
        class_of_size(4, 25, seed=0)


def test_the_telling_questions_tell_all_that_all_questions_tell(few):
    _, _, truth = few
    kept = simulator.telling(truth)
    assert len(kept) < truth.shape[1]
    assert len(torch.unique(truth[:, kept], dim=0)) == len(torch.unique(truth, dim=0)) == 24
    turned = truth[:, kept] ^ truth[:1, kept]
    assert len(torch.unique(turned, dim=1).T) == len(kept)
    assert bool(turned.any(0).all())


def test_each_simulated_question_has_the_information_of_the_loops_best(few):
    """After any answers: the mass-based choice against the exact information of every question in double precision."""
    graphs, questions, truth = few
    kept = simulator.telling(truth)
    table = simulator._Table(truth[:, kept], 0.1, torch.Generator().manual_seed(0))
    draw = torch.Generator().manual_seed(1)
    belief = Belief.uniform(graphs, Fixed(0.1))
    for _ in range(12):
        column, _ = table.best(belief.probabilities.float()[None], False)
        best = float(expected_information_gain(belief, truth).max())
        chosen = float(expected_information_gain(belief, column[0][:, None])[0])
        assert abs(chosen - best) < 1e-4
        joined, two = table.best(belief.probabilities.float()[None], True)
        together = float(expected_information_gain(belief, joined[0][:, None])[0])
        assert together > 1.05 * best - 1e-4 if bool(two) else abs(together - best) < 1e-4
        number = int(torch.randint(len(questions), (1,), generator=draw))
        belief = belief.update([Answer(questions[number], bool(torch.rand(1, generator=draw) < 0.5))])


@pytest.mark.slow
@pytest.mark.parametrize("joint", [False, True])
def test_the_simulator_follows_the_law_of_the_loop(few, joint):
    """Means over 2,000 simulated and 120 real runs agree within four standard errors; so does the rate of misses."""
    graphs, _, truth = few
    kept = truth[:, simulator.telling(truth)]
    many = simulator.simulate(kept, 0.1, 2000, seed=0, joint=joint)
    config = AcboConfig(channel=Fixed(0.1), contradiction=0.0, further=(), joint=joint)
    calls, missed = [], 0
    for run in range(120):
        hidden = graphs[run % 24]
        result = discover(graphs, SimulatedOracle(hidden, noise.Symmetric(0.1), seed=run), seed=run, config=config)
        calls.append(len(result.transcript))
        missed += result.graph != hidden
        assert joint or not any(isinstance(step.answer.question, And) for step in result.transcript)
    real = torch.tensor(calls, dtype=torch.float64)
    spread = math.sqrt(float(real.var()) / 120 + float(many.calls.var()) / 2000)
    assert abs(float(real.mean() - many.calls.mean())) < 4 * spread
    rate = float((~many.right).double().mean())
    assert abs(missed / 120 - rate) < 4 * math.sqrt(rate * (1 - rate) * (1 / 120 + 1 / 2000))


@pytest.mark.parametrize("joint", [False, True])
def test_claims_are_true_where_the_error_is_known(few, joint):
    found = simulator.simulate(few[2], 0.2, 1500, seed=4, joint=joint)
    claimed, right = float(found.claimed.mean()), float(found.right.double().mean())
    assert claimed >= 0.95
    assert abs(claimed - right) < 4 * math.sqrt(claimed * (1 - claimed) / 1500)
    assert abs(found.wrong / found.answers - 0.2) < 4 * math.sqrt(0.16 / found.answers)


def test_votes_are_counted_as_calls_and_err_less(few):
    truth = few[2][:16]
    found = simulator.simulate(truth, 0.1, 400, seed=0, assumed=0.1, votes=3)
    assert bool((found.calls % 3 == 0).all())
    assert float(found.right.double().mean()) > 0.97


def test_a_panel_asks_about_one_intervention_and_nothing_twice(few):
    graphs, questions, truth = few
    of = torch.tensor([graphs.nodes.index(question.variables[0]) for question in questions])
    differs = truth.any(0) & ~truth.all(0)
    table = simulator._Table(truth[:, differs], 0.1, torch.Generator().manual_seed(0))
    chosen = table.panel(torch.full((3, 24), 1 / 24), of[differs], 4)
    for row in chosen.tolist():
        put = [number for number in row if number >= 0]
        assert put
        assert len(set(put)) == len(put)
        assert len(set(of[differs][put].tolist())) == 1
    one = simulator.simulate(truth, 0.1, 300, seed=0)
    several = simulator.simulate(truth[:, differs], 0.1, 300, seed=0, panel=of[differs])
    assert float(several.calls.mean()) < 0.7 * float(one.calls.mean())


@pytest.fixture(scope="module")
def study():
    return efficiency(120, variables=[5, 6], sizes=[8, 40], errors=[0.1], classes=1, default_runs=1, jobs=1)


def test_the_study_has_every_cell_and_repeats_itself(study):
    names = {(cell.variables, cell.method) for cell in study.cells}
    assert names == {(d, m) for d in (5, 6) for m in ("joint", "causes", "default", "panel")}
    assert {c.votes for c in study.comparisons} == {3, 5}
    again = efficiency(120, variables=[5, 6], sizes=[8, 40], errors=[0.1], classes=1, default_runs=1, jobs=1)
    assert again == study
    assert not any(cell.method == "joint" and cell.ratio > 1.5 for cell in study.cells)


def test_the_study_can_be_kept_and_shown(study):
    assert Efficiency.from_json(study.to_json()) == study
    assert len(study.to_frame()) == len(study.cells)
    assert len(study.comparison_frame()) == len(study.comparisons)
    assert "times the bound" in repr(study)
    assert len(study.plot().axes) == 1


def test_what_is_not_as_required_is_said():
    slow = Cell("joint", 7, 60.0, 0.1, 1, 100, 30.0, 0.1, 0.03, 0.97, 0.1, 0.5, 10.0, 3.0, 0.05)
    dear = Comparison(0.1, 3, "joint", 20.0, 0.99, 100, 15.0, 0.99, 0.95, 0.75, 0.01)
    found = Efficiency((slow,), (dear,), {})
    assert len(found.failures) == 2
    assert not found.passed
    assert "Not as required" in repr(found)


@pytest.mark.parametrize(
    "wrong", [{"runs": 1}, {"errors": [0.5]}, {"variables": []}, {"confidence": 1.0}, {"classes": 0}, {"jobs": 0}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidParameter):
        efficiency(**{"runs": 4, "variables": [4], "sizes": [3], "jobs": 1, **wrong})


def test_other_text_is_not_a_study():
    with pytest.raises(FormatError):
        Efficiency.from_json('{"cells": 1}')
