"""What a run leaves, for people and for programs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

from causalpp import (
    Answer,
    Causes,
    Dag,
    LinearGaussian,
    MarkovEquivalenceClass,
    Result,
    SimulatedOracle,
    compile,
    discover,
    noise,
)
from causalpp.design import question_bound
from causalpp.graphs import DagBatch
from causalpp.oracles import Oracle, Request
from causalpp.propositions import from_dict

NAMES = ["a<b", "R&D", 'say "x"', "wait > 5"]
TRUTH = Dag(NAMES, [("a<b", "R&D"), ("R&D", 'say "x"'), ("R&D", "wait > 5")])


class Changeable(Oracle):
    """Says yes, no, nothing, in turn; its kind has to be escaped."""

    nature = "one & only"

    def __init__(self) -> None:
        self.asked = 0

    @property
    def fingerprint(self) -> str:
        return "changeable"

    def _answer(self, request: Request) -> Answer:
        self.asked += 1
        return Answer(request.question, (True, False, None)[self.asked % 3], oracle=self.fingerprint)


def finished() -> Result:
    return discover(MarkovEquivalenceClass.from_dag(TRUTH), SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=1))


def untouched() -> Result:
    return discover(MarkovEquivalenceClass.from_dag(TRUTH), Changeable(), max_questions=0)


def undecided() -> Result:
    return discover(MarkovEquivalenceClass.from_dag(TRUTH), Changeable(), max_questions=9)


def alone() -> Result:
    return discover([TRUTH], Changeable())


results = pytest.mark.parametrize("make", [finished, untouched, undecided, alone])


@results
def test_repr(make) -> None:
    result = make()
    text = repr(result)
    assert repr(result.graph) in text
    assert f"confidence {result.belief.confidence:.3f}, given {result.given}, after {len(result.transcript)}" in text
    assert result.stopped_because in text
    assert result.oracle_nature in text
    assert repr(result.belief.reliability) in text


@results
def test_html_is_well_formed_and_escaped(make) -> None:
    result = make()
    page = ElementTree.fromstring(result._repr_html_())  # fails on a stray < or &
    rows = [[cell.text for cell in row] for row in page.iter("tr")]
    assert rows[0][1:] == ["question", "answer", "bits", "confidence"]
    assert [row[0] for row in rows[1:]] == [str(step.number) for step in result.transcript]
    for row, step in zip(rows[1:], result.transcript, strict=True):
        assert row[1] == step.answer.question.question()
        assert row[2:] == [step.answer.word, f"{step.gained:+.2f}", f"{step.confidence:.2f}"]
    shown = "".join(page.itertext())
    assert result.stopped_because in shown
    assert f"{result.oracle_nature} oracle" in shown
    for name in NAMES:
        assert name in shown  # in the drawing of the graph


@results
def test_json(make) -> None:
    result = make()
    values = json.loads(result.to_json(), parse_constant=pytest.fail)
    assert values == result.to_dict()
    assert (values["format"], values["version"]) == ("causalpp.result", 1)
    assert Dag(values["graph"]["nodes"], values["graph"]["edges"]) == result.graph
    assert values["oracle"] == result.oracle_nature
    assert values["stopped_because"] == result.stopped_because
    assert values["target_confidence"] == 0.95
    assert values["given"] == result.given
    assert values["questions"] == len(values["transcript"]) == len(result.transcript)
    assert values["belief"]["confidence"] == result.belief.confidence
    for row, step in zip(values["transcript"], result.transcript, strict=True):
        assert from_dict(row["question"]) == step.answer.question
        assert row["sentence"] == step.answer.question.question()
        assert (row["number"], row["answer"]) == (step.number, step.answer.word)
        assert (row["expected_bits"], row["gained_bits"]) == (step.expected, step.gained)
        assert (row["oracle"], row["replicate"]) == (step.answer.oracle, step.answer.replicate)
        assert row["confidence"] == step.confidence


@results
def test_plot(make) -> None:
    result = make()
    figure = result.plot(labels={"R&D": "research"})
    try:
        assert len(figure.axes) == 4
        figure.canvas.draw()  # everything can be laid out
        graph, confidence, bits, reliability = figure.axes
        assert "research" in {text.get_text() for text in graph.texts}
        assert not {"R&D", "$"} & {text.get_text() for text in graph.texts}
        assert list(confidence.lines[0].get_ydata()) == pytest.approx(result.path)
        assert bits.lines[0].get_ydata()[-1] == pytest.approx(sum(step.gained for step in result.transcript))
        assert f"mean {result.belief.reliability.sensitivity:.2f}" in str(reliability.get_legend_handles_labels()[1])
        assert result.stopped_because in figure.get_suptitle()
    finally:
        plt.close(figure)


@pytest.mark.parametrize("informed", [True, False])
@pytest.mark.parametrize("bound", [5.0, math.inf])
def test_only_a_finite_bound_of_a_known_oracle_is_drawn(
    bound: float, informed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = replace(undecided(), informed=informed)
    monkeypatch.setattr(Result, "bound", lambda self: bound)
    figure = result.plot()
    try:
        assert [text.get_text() for text in figure.axes[2].texts] == (["bound 5.0"] if bound == 5 and informed else [])
        assert ("bound" in figure.axes[2].get_title("left")) is (bound < float("inf") and informed)
    finally:
        plt.close(figure)


def test_what_is_taken_for_granted_is_said() -> None:
    assert finished().given == "the class of 4 graphs"
    assert alone().given == "the candidates"
    frame = compile(TRUTH, mechanisms={"a<b": LinearGaussian(), **{
        b: LinearGaussian(a, [1.0]) for a, b in TRUTH.edges
    }}).simulate(500, seed=1)  # fmt: skip
    learned = MarkovEquivalenceClass.from_data(frame, "pc")
    result = discover(learned, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), seed=1)
    assert result.given == f"the class of {learned.size} graphs learned from data (pc, 500 rows)"


def test_a_few_answers_inform_nobody_of_a_bound() -> None:
    early = discover(
        MarkovEquivalenceClass.from_dag(TRUTH), SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=1), max_questions=3
    )
    assert not early.informed
    assert early.to_dict()["question_bound"] is None
    assert "how few could have sufficed cannot be said" in early.report()
    assert "of an error" not in early.report()
    assert finished().informed
    assert f"fewer than {finished().bound():.1f} on average" in finished().report()


def test_the_bound() -> None:
    result = finished()
    assert result.bound(0.1) == question_bound(result.distinct, 0.1, 1 - 0.95)
    assert result.bound() == question_bound(result.distinct, result.belief.reliability.error, 1 - 0.95)
    assert result.bound(0.0) < result.bound(0.1) < result.bound(0.4) < result.bound(0.5) == math.inf
    assert alone().bound(0.5) == 0


def test_a_bound_that_is_infinite_is_no_number_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = finished()
    assert result.to_dict()["question_bound"] == result.bound()
    monkeypatch.setattr(Result, "bound", lambda self: math.inf)
    assert json.loads(result.to_json(), parse_constant=pytest.fail)["question_bound"] is None


def test_the_bound_counts_what_the_questions_can_tell_apart() -> None:
    direct = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    chain = Dag("abc", [("a", "b"), ("b", "c")])
    back = Dag("abc", [("c", "b"), ("b", "a")])
    result = discover(DagBatch.from_dags([direct, chain, back]), Changeable(), max_questions=2)
    assert result.distinct == 2
    entropy = math.log2(3) - 2 / 3  # one graph of three, or one of the other two
    assert result.prior_entropy == pytest.approx(entropy)
    assert result.bound(0.1) == pytest.approx(question_bound(2, 0.1, 1 - 0.95, prior_entropy=entropy))


def test_steps() -> None:
    result = finished()
    for step in result.transcript:
        assert step.leaders[0][1] == step.confidence
    assert result.graph == result.belief.graph == TRUTH
    assert result.path == [
        pytest.approx((1 - result.belief.doubt) / 4),
        *(step.confidence for step in result.transcript),
    ]


# --- the class, what is left of it, and how it came about ---------------------------------------------


def test_the_class_is_the_one_the_run_began_with() -> None:
    whole = MarkovEquivalenceClass.from_dag(TRUTH)
    assert finished().class_ == whole
    narrowed = whole.with_knowledge(forbidden=[('say "x"', "R&D")])
    assert 1 < narrowed.size < whole.size
    result = discover(narrowed, SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=1))
    assert result.class_ == narrowed
    other = Dag(NAMES, [("a<b", "R&D")])
    mixed = discover([TRUTH, other], SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=1))
    assert mixed.class_ == MarkovEquivalenceClass.from_dag(mixed.graph)


def test_what_remains_holds_with_the_probability_asked_for() -> None:
    done, open_ = finished(), untouched()
    assert list(done.remaining.members()) == [TRUTH]
    assert open_.remaining == open_.class_
    goal = Causes("a<b", "R&D")
    some = discover(MarkovEquivalenceClass.from_dag(TRUTH), SimulatedOracle(TRUTH, noise.Symmetric(0.1)), goal=goal)
    assert ("a<b", "R&D") in some.remaining.cpdag.directed
    assert some.remaining.size <= some.class_.size
    values = some.to_dict()
    assert values["remaining"]["size"] == some.remaining.size
    assert values["class"]["undirected"] == [list(edge) for edge in some.class_.cpdag.undirected]


def test_the_run_can_be_followed_again() -> None:
    result = finished()
    followed = result._replay
    assert followed is not None
    assert followed.graphs[0] == TRUTH
    assert followed.probabilities[-1, 0] == pytest.approx(result.belief.confidence, abs=1e-9)
    assert followed.probabilities[0] == pytest.approx((1 - result.belief.doubt) / 4)
    assert len(followed.unrelated) == len(result.transcript) + 1
    goal = Causes("a<b", "R&D")
    asked = discover(MarkovEquivalenceClass.from_dag(TRUTH), SimulatedOracle(TRUTH, noise.Symmetric(0.1)), goal=goal)
    assert asked._replay is not None
    assert asked._replay.goal is not None
    assert asked._replay.goal[-1] == pytest.approx(asked.belief.probability(goal))


def test_settings_are_kept() -> None:
    result = discover(MarkovEquivalenceClass.from_dag(TRUTH), Changeable(), max_questions=2, seed=7, kinds="Causes")
    assert result.settings["seed"] == 7
    assert result.settings["kinds"] == ["Causes"]
    assert result.settings["channel"].startswith("Agnostic(")
    assert json.loads(json.dumps(result.settings)) == result.settings == result.to_dict()["settings"]


def test_a_class_too_large_to_list(tmp_path) -> None:
    names = "abcdef"
    whole = Dag(names, [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]])
    mec = MarkovEquivalenceClass.from_dag(whole)
    result = discover(mec, SimulatedOracle(whole, 0.1), max_questions=5, limit=100)
    assert result.class_ == mec
    assert result.remaining.size <= 720
    assert "5 questions" in result.report(tmp_path / "run.html")
    figure = result.plot()
    try:
        figure.canvas.draw()
    finally:
        plt.close(figure)
    program = compile(whole, mechanisms={v: LinearGaussian(whole.parents(v), [0.5] * names.index(v)) for v in names})
    effect = result.average(
        data=program.simulate(200, seed=1), treatment="a", outcome="c", treated=1, control=0, draws=10
    )
    assert effect.drawn
    assert "drawn from the posterior" in repr(effect)


def test_old_names_are_still_found() -> None:
    dag = Dag.from_edges([("a", "b"), ("b", "c")])
    result = discover(MarkovEquivalenceClass.from_dag(dag), SimulatedOracle(dag, 0.0), max_questions=1)
    with pytest.warns(DeprecationWarning, match=r"Result\.oracle_kind is called Result\.oracle_nature"):
        assert result.oracle_kind == result.oracle_nature == "simulated"
