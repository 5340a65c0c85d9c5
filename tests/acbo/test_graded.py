"""The loop with graded answers: directions, as few as there are variables, a doubt in words; in files and on pages."""

import json
import re

import numpy as np
import pytest

from causalpp import (
    Belief,
    Causes,
    Dag,
    DagBatch,
    DirectlyCauses,
    MarkovEquivalenceClass,
    Session,
    SimulatedOracle,
    discover,
    load_network,
)
from causalpp.acbo import AcboConfig
from causalpp.belief import ParticleBelief, Potentials, PotentialsPrior
from causalpp.oracles import Answer, Oracle
from causalpp.oracles.noise import LogOdds, PositionNoise, Symmetric

ASIA = load_network("asia").dag
CLASS = MarkovEquivalenceClass.from_dag(ASIA)
SURE = PotentialsPrior(unrelated=0.2, mean=1.0)


class Model(SimulatedOracle):
    """A simulated oracle that passes for a language model."""

    nature = "language model"


def test_a_language_model_is_asked_for_directions_by_default():
    result = discover(CLASS, Model(ASIA, PositionNoise(0.8, slope=2.0), seed=1), seed=1)
    assert isinstance(result.belief.channel, Potentials)
    assert result.settings["kinds"] == ["Direction"]
    pairs = [frozenset(step.answer.question.variables) for step in result.transcript]
    assert len(pairs) == len(set(pairs)) <= len(ASIA)  # no pair twice: a repeat is a copy
    assert result.prompts == 2 * len(pairs)
    if "pairs were asked" in result.stopped_because:
        mostly = sum(p for share, p in result.belief.shares.items() if share >= 0.5)
        assert ("more pairs would tell little" in result.stopped_because) == (mostly >= 0.5)
    assert discover(CLASS, Model(ASIA, Symmetric(0.1)), kinds="Causes", max_questions=3).settings["kinds"] == ["Causes"]
    some = discover(CLASS, Model(ASIA, PositionNoise(0.8, slope=2.0)), config=AcboConfig(sample=4), max_questions=2)
    assert some.settings["kinds"] == ["Direction"]  # a config that says nothing of how to ask changes nothing of it
    assert not discover(CLASS, SimulatedOracle(ASIA, 0.1), max_questions=3).belief.channel.reads_levels


def test_it_finds_the_graph_with_independent_noise():
    noise = PositionNoise(0.0, slope=4.0)
    result = discover(CLASS, SimulatedOracle(ASIA, noise, seed=2), channel=Potentials(SURE), seed=2)
    assert result.graph == ASIA
    assert result.belief.confidence > 0.9


def test_graded_answers_of_an_oracle_with_log_odds():
    oracle = SimulatedOracle(ASIA, Symmetric(0.1), seed=3, log_odds=LogOdds())
    result = discover(CLASS, oracle, channel=Potentials(SURE), seed=3, max_questions=20)
    assert all(len(step.answer.parts) == 2 for step in result.transcript)
    assert result.belief.shares


def test_what_it_does_not_know_is_said():
    nothing = Model(ASIA, PositionNoise(0.8, slope=0.0), seed=5)
    result = discover(CLASS, nothing, seed=5)
    assert "not to know this domain" in result.stopped_because
    assert result.belief.profile.unrelated > 0.5
    assert result.anchors > 0
    chain = MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("b", "c")]))
    result = discover(chain, Model(Dag("abc", [("a", "b"), ("b", "c")]), PositionNoise(0.8, slope=0.0), seed=5), seed=5)
    assert result.anchors == 0
    assert "trust in the oracle is the prior's alone" in result.stopped_because


def test_contradicted_anchors_are_said():
    prior = PotentialsPrior(unrelated=0.3, mean=0.3, spread=0.8)
    result = discover(CLASS, Model(ASIA, PositionNoise(0.2, slope=-4.0), seed=1), channel=Potentials(prior), seed=1)
    assert result.belief.profile.liar > 0.9
    assert not result.informed or result.belief.profile.liar > 0.95


@pytest.mark.slow
def test_reports_pages_and_plots(tmp_path):
    result = discover(CLASS, Model(ASIA, PositionNoise(0.8, slope=1.0), seed=1), seed=1)
    values = json.loads(result.to_json())
    assert values["prompts"] == result.prompts
    assert {one["group"] for one in values["belief"]["reliabilities"]} == {"1 step", "2 steps", "3 or more steps"}
    page = result.report(tmp_path / "run.html")
    assert re.search(r"Checked by.*pairs whose direction all candidates share", page, re.DOTALL)
    assert "prompts" in repr(result)
    assert result.plot().axes
    assert result.belief.explain(*[dag for dag, _ in result.belief.top(2)]).reasons


def test_a_session_goes_on_from_a_file_and_takes_back(tmp_path):
    oracle = SimulatedOracle(ASIA, PositionNoise(0.5, slope=2.0), seed=4)

    def answered(question):
        (answer,) = oracle.about(ASIA, seed=4).ask(question)
        return answer

    settings = {"channel": Potentials(PotentialsPrior(scales=(1.5,))), "seed": 4, "max_questions": 7}
    whole = Session(CLASS, **settings)
    while (question := whole.ask()) is not None:
        whole.tell(answered(question))
    part = Session(CLASS, **settings)
    for _ in range(3):
        part.tell(answered(part.ask()))
    asked = part.ask()
    part.tell(answered(asked))
    part.undo()
    assert part.ask() == asked
    part.save(tmp_path / "run.json")
    part.close()
    again = Session.load(tmp_path / "run.json")
    assert again.ask() == asked
    while (question := again.ask()) is not None:
        again.tell(answered(question))
    assert again.answers == whole.answers
    np.testing.assert_allclose(again.result().belief.probabilities, whole.result().belief.probabilities)


def test_a_goal_a_batch_and_weighted_candidates():
    oracle = SimulatedOracle(ASIA, PositionNoise(0.0, slope=4.0), seed=2)
    goal = next(iter(CLASS.cpdag.undirected))
    result = discover(CLASS, oracle, channel=Potentials(SURE), goal=Causes(*goal), max_questions=12)
    assert result.transcript
    result = discover(CLASS, oracle, config=AcboConfig(channel=Potentials(SURE), batch=3), max_questions=9)
    assert len({step.answer.question for step in result.transcript}) == len(result.transcript)
    batch: DagBatch = CLASS.batch()
    assert discover(batch, oracle, channel=Potentials(SURE), max_questions=5).transcript


def test_words_alone_are_read_as_by_the_default():
    oracle = SimulatedOracle(ASIA, Symmetric(0.1), seed=1)
    ours = discover(CLASS, oracle, channel=Potentials(), seed=1)
    assert ours.graph == ASIA
    assert ours.belief.profile.unrelated_before == pytest.approx(0.5)  # of the channel of words
    assert not ours.belief.shares


def test_silence_ends_it():
    class Silent(Oracle):
        nature = "language model"
        fingerprint = "silent"

        def _answer(self, request):
            return Answer(request.question, None, text="Well …", reason="unreadable")

    result = discover(CLASS, Silent())
    assert "neither yes nor no" in result.stopped_because
    assert len(result.transcript) <= 4 * len(ASIA)


@pytest.mark.slow
def test_classes_that_are_not_listed():
    """Particles of the same class agree with its members, one by one."""
    dag = Dag("abcdef", [(a, b) for a in "abc" for b in "def"] + [("a", "b"), ("b", "c"), ("d", "e"), ("a", "c")])
    mec = MarkovEquivalenceClass.from_dag(dag)
    assert mec.size > 2
    oracle = SimulatedOracle(dag, PositionNoise(0.5, slope=3.0), seed=1)
    few = discover(mec, oracle, channel=Potentials(SURE), limit=1, seed=1, max_questions=8)
    assert isinstance(few.belief, ParticleBelief)
    listed = Belief.uniform(mec.batch(), Potentials(SURE)).update(few.belief.answers)
    for edge in mec.cpdag.undirected:
        p = listed.probability(DirectlyCauses(*edge))
        error = 4 * (p * (1 - p) / few.belief.particles) ** 0.5 + 4 * few.belief.standard_error(DirectlyCauses(*edge))
        assert few.belief.probability(DirectlyCauses(*edge)) == pytest.approx(p, abs=error + 1e-3)
