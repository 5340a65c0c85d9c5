"""When an oracle that says neither yes nor no is asked no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from causalpp import Answer, Causes, Dag, MarkovEquivalenceClass, SimulatedOracle, discover, noise
from causalpp.acbo import AcboConfig
from causalpp.belief import Abstaining, Agnostic, Pooled
from causalpp.oracles import ExperimentOracle, Oracle, Request
from causalpp.propositions import Proposition

TRUTH = Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")])
CLASS = MarkovEquivalenceClass.from_dag(TRUTH)


class Talker(Oracle):
    """Says what it is told to: of the number of the question, an answer and its reply."""

    nature = "language model"
    fingerprint = "talker"

    def __init__(self, says: Callable[[int], bool | None]) -> None:
        self.says, self.asked = says, 0

    def _answer(self, request: Request) -> Answer:
        self.asked += 1
        value = self.says(self.asked)
        reply = f"I\x1b[31m would rather\nnot say ({self.asked})." + "x" * 500
        reason = None if value is not None else "unreadable" if self.asked % 2 else "refused"
        return Answer(request.question, value, request.replicate, text=reply, reason=reason)


@pytest.mark.parametrize("config", [AcboConfig(), AcboConfig(channel=Pooled(Agnostic())), AcboConfig(votes=2)])
@pytest.mark.parametrize("limit", [100, 1])
def test_ten_silences_are_enough(config: AcboConfig, limit: int) -> None:
    oracle = Talker(lambda n: None)
    result = discover(CLASS, oracle, config=config, limit=limit)
    assert oracle.asked == 10
    assert "unreadable 5, refused 5" in result.stopped_because
    assert result.stopped_because.count("would rather not say") == 2
    assert "(1)" in result.stopped_because
    assert result.stopped_because.isprintable()
    assert len(result.stopped_because) < 600


def test_silence_among_answers_is_borne() -> None:
    """Every third question answered; then eight answers and silence for good."""
    seldom = Talker(lambda n: True if n % 3 == 0 else None)
    assert "neither yes nor no" not in discover(CLASS, seldom, max_questions=60).stopped_because
    falls_silent = Talker(lambda n: n % 2 == 0 if n <= 8 else None)
    result = discover(CLASS, falls_silent)
    assert falls_silent.asked == 8 + 16
    assert "16 times in a row" in result.stopped_because


def test_silence_that_tells_is_no_reason() -> None:
    oracle = Talker(lambda n: None)
    result = discover(CLASS, oracle, channel=Abstaining(Agnostic()), max_questions=25)
    assert "neither yes nor no" not in result.stopped_because


def test_an_experiment_may_be_about_the_last_question() -> None:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)

    def rows(shift: float) -> pd.DataFrame:
        frame = pd.DataFrame(rng.normal(size=(200, 6)), columns=list("abcdef"))
        return frame.assign(c=shift, d=shift + rng.normal(size=200))

    oracle = ExperimentOracle({None: rows(0), "c": rows(3)})
    result = discover(CLASS, oracle, kinds="Causes", seed=1, max_questions=60)
    answered = [step.answer for step in result.transcript if step.answer.value is not None]
    assert answered
    assert "neither yes nor no" not in discover(CLASS, oracle, goal=Causes("c", "d"), seed=3).stopped_because


class Shy(Oracle):
    """Answers as a simulated oracle does, but for some questions."""

    nature = "language model"
    fingerprint = "shy"

    def __init__(self, silent: Callable[[Proposition], bool]) -> None:
        self.silent, self.others = silent, SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=0)
        self.put = Counter[Proposition]()

    def _answer(self, request: Request) -> Answer:
        self.put[request.question] += 1
        if self.silent(request.question):
            return Answer(request.question, None, reason="unreadable", text="Well.")
        return self.others._answer(request)


@pytest.mark.parametrize("limit", [1000, 1])
@pytest.mark.parametrize(
    "config",
    [AcboConfig(), AcboConfig(panel=2), AcboConfig(channel=Abstaining(Agnostic())), AcboConfig(joint=True)],
    ids=["default", "panel", "silence tells", "joint"],
)
def test_a_silent_question_makes_way_for_others(config: AcboConfig, limit: int) -> None:
    for silent in (lambda q: q == Causes("a", "b"), lambda q: "c" in q.variables):
        oracle = Shy(silent)
        result = discover(CLASS, oracle, config=config, limit=limit, seed=1, max_questions=60)
        assert max((count for question, count in oracle.put.items() if silent(question)), default=0) <= 3
        assert "neither yes nor no" not in result.stopped_because or "but for" in result.stopped_because


def test_what_stays_silent_is_told() -> None:
    """Of two graphs one question tells; it is put three times, and of three votes that are divided nine times."""
    pair = [Dag(["a", "b"], [("a", "b")]), Dag(["a", "b"], [("b", "a")])]
    oracle = Shy(lambda q: True)
    result = discover(pair, oracle, kinds="Causes", seed=1)
    assert oracle.put.total() == 6
    assert "but for 'Does a cause b?' and 1 others, put 6 times" in result.stopped_because
    assert "(unreadable 6), such as 'Well.'" in result.stopped_because
    divided = Talker(lambda n: n % 2 == 0)
    result = discover(pair, divided, kinds="Causes", config=AcboConfig(votes=2), seed=1)
    assert divided.asked == 12
    assert "divided votes 12" in result.stopped_because
