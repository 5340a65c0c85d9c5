"""Panels: one call about several outcomes, for every kind of oracle, and the reading of its reply."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Answer, Causes, Changes, Dag, DirectlyCauses, ExperimentOracle, HumanOracle, SimulatedOracle, noise
from causalpp.errors import BudgetSpent, InvalidParameter, InvalidProposition, OracleError, UnknownVariable
from causalpp.graphs import erdos_renyi
from causalpp.oracles import (
    AsyncOracle,
    Budget,
    Journal,
    LanguageModelOracle,
    Limits,
    Oracle,
    Panel,
    Prompt,
    Reply,
    Request,
    ScriptedBackend,
    Unanswered,
    read_panel,
)
from causalpp.oracles.noise import SharedWithinCall
from causalpp.programs import load_network

SIGMAS = 4.5
DAG = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("age", "cancer")])
PANEL = Panel("smoke", ["tar", "cancer", "age"])
NAMES = ["tar", "cancer", "age"]


# --- the panel ------------------------------------------------------------------------------------------------


def test_what_a_panel_asks() -> None:
    assert PANEL.questions == (Causes("smoke", "tar"), Causes("smoke", "cancer"), Causes("smoke", "age"))
    assert Panel("smoke", "tar").outcomes == ("tar",)
    held = Panel("smoke", ["cancer", "age"], holding="tar")
    assert held.questions == (Changes("smoke", "cancer", {"tar"}), Changes("smoke", "age", {"tar"}))
    assert Panel.of(held.questions) == held
    direct = Panel("smoke", NAMES, kind="DirectlyCauses")
    assert direct.questions[0] == DirectlyCauses("smoke", "tar")
    assert Panel.of(direct.questions) == direct
    assert len(PANEL) == 3


@pytest.mark.parametrize(
    ("outcomes", "options"),
    [
        ([], {}),
        (["tar", "tar"], {}),
        (["smoke"], {}),
        (["tar"], {"holding": "tar"}),
        (["tar"], {"holding": "age", "kind": "Causes"}),
        (["tar"], {"kind": "HaveCommonCause"}),
        ([""], {}),
    ],
)
def test_what_no_panel_can_ask(outcomes: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(InvalidProposition):
        Panel("smoke", outcomes, **options)


@pytest.mark.parametrize(
    "questions",
    [
        [],
        [Causes("a", "b"), Causes("b", "a")],
        [Causes("a", "b"), DirectlyCauses("a", "c")],
        [Changes("a", "b", {"c"}), Changes("a", "d")],
        [~Causes("a", "b")],
    ],
)
def test_questions_that_are_no_panel(questions: list[Any]) -> None:
    with pytest.raises(InvalidParameter):
        Panel.of(questions)


def test_an_answer_knows_its_call() -> None:
    answers = SimulatedOracle(DAG, 0.1, seed=1).ask(PANEL)
    assert len({answer.call for answer in answers}) == 1
    for answer in answers:
        assert answer.call is not None
        assert answer.request.call == answer.call
        assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer
    assert "call" not in SimulatedOracle(DAG, 0.1).ask(Causes("smoke", "tar"))[0].to_dict()


def test_calls_differ_by_panel_asking_and_oracle() -> None:
    oracle, other = SimulatedOracle(DAG, 0.1, seed=1), SimulatedOracle(DAG, 0.1, seed=2)
    smaller = Panel("smoke", ["tar", "cancer"])
    answers = [*oracle.ask(PANEL, repeats=2), *oracle.ask(smaller), *other.ask(PANEL)]
    assert len({answer.call for answer in answers}) == 4
    assert [answer.replicate for answer in answers] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]


def test_questions_and_panels_in_one_asking() -> None:
    answers = SimulatedOracle(DAG, 0.0).ask([Causes("tar", "cancer"), PANEL, Causes("age", "tar")])
    assert [answer.word for answer in answers] == ["yes", "yes", "yes", "no", "no"]
    with pytest.raises(InvalidParameter):
        SimulatedOracle(DAG, 0.0).ask([PANEL, "smoke"])  # type: ignore[list-item]


def test_an_oracle_of_ones_own_needs_nothing_new() -> None:
    class Agrees(Oracle):
        kind = "simulated"
        fingerprint = "agrees"

        def _answer(self, request: Request) -> Answer:
            return Answer(request.question, True)

    answers = Agrees().ask(PANEL)
    assert [answer.value for answer in answers] == [True] * 3
    assert len({answer.call for answer in answers}) == 1


# --- simulated errors -----------------------------------------------------------------------------------------


def wrong(oracle: SimulatedOracle, repeats: int) -> np.ndarray:
    """Whether each answer of each call is wrong, one row a call."""
    outcomes = [name for name in oracle.truth.nodes if name != oracle.truth.nodes[0]]
    panel = Panel(oracle.truth.nodes[0], outcomes)
    answers = oracle.ask(panel, repeats)
    found = [answer.value != answer.question.holds(oracle.truth) for answer in answers]
    return np.array(found, dtype=float).reshape(repeats, len(outcomes))


@pytest.mark.slow
def test_errors_are_independent_unless_they_are_shared() -> None:
    dag = erdos_renyi(5, expected_degree=2, seed=3)[0]
    calls = 2000
    errors = wrong(SimulatedOracle(dag, noise.Symmetric(0.2), seed=5), calls)
    assert abs(errors.mean() - 0.2) < SIGMAS * math.sqrt(0.16 / errors.size)
    together = np.corrcoef(errors.T)[np.triu_indices(4, 1)]
    assert np.abs(together).max() < SIGMAS / math.sqrt(calls)


@pytest.mark.slow
def test_a_shared_error_turns_the_whole_call_round() -> None:
    dag = erdos_renyi(5, expected_degree=2, seed=3)[0]
    calls = 2000
    errors = wrong(SimulatedOracle(dag, SharedWithinCall(0.2), seed=5), calls)
    assert (errors == errors[:, :1]).all()
    assert abs(errors[:, 0].mean() - 0.2) < SIGMAS * math.sqrt(0.16 / calls)
    both = wrong(SimulatedOracle(dag, SharedWithinCall(0.2, 0.1), seed=5), calls)
    rate = 0.2 * 0.9 + 0.8 * 0.1
    assert abs(both.mean() - rate) < SIGMAS * math.sqrt(0.2 / calls)
    struck = (both.sum(1) >= 2.5).mean()  # of four answers three or four wrong
    assert abs(struck - (0.2 * (0.9**4 + 4 * 0.9**3 * 0.1) + 0.8 * (0.1**4 + 4 * 0.1**3 * 0.9))) < 0.03


def test_questions_by_themselves_are_calls_of_their_own() -> None:
    dag = erdos_renyi(5, expected_degree=2, seed=3)[0]
    oracle = SimulatedOracle(dag, SharedWithinCall(0.2, 0.1), seed=5)
    question = Causes(dag.nodes[0], dag.nodes[1])
    errors = [answer.value != question.holds(dag) for answer in oracle.ask(question, 4000)]
    assert abs(np.mean(errors) - 0.26) < SIGMAS * math.sqrt(0.26 * 0.74 / 4000)
    assert oracle.noise.law is not None
    with pytest.raises(InvalidParameter):
        SharedWithinCall(1.5)


def test_persistent_errors_stay_in_whatever_call() -> None:
    oracle = SimulatedOracle(DAG, noise.Persistent(SharedWithinCall(0.3, 0.3)), seed=4)
    alone = [answer.value for answer in oracle.ask(PANEL.questions)]
    for panel in (PANEL, Panel("smoke", NAMES[::-1])):
        found = {answer.question: answer.value for answer in oracle.ask(panel, 3)}
        assert [found[question] for question in PANEL.questions] == alone


def test_models_share_their_errors_in_panels_too() -> None:
    dag = erdos_renyi(6, expected_degree=2, seed=1)[0]
    panel = Panel(dag.nodes[0], dag.nodes[1:])
    one, two = (SimulatedOracle(dag, noise.SharedAcrossModels(0.4), seed) for seed in (1, 2))
    assert [a.value for a in one.ask(panel, 5)] == [a.value for a in two.ask(panel, 5)]


# --- the journal ----------------------------------------------------------------------------------------------


def test_a_journal_gives_whole_calls_back(tmp_path: Path) -> None:
    first = SimulatedOracle(DAG, SharedWithinCall(0.4, 0.2), seed=1)
    first.journal = Journal(tmp_path / "answers.journal")
    given_ = first.ask([PANEL, Causes("smoke", "tar")], 2)
    assert len(first.journal) == 8

    class Silent(SimulatedOracle):
        def _answer(self, request: Request) -> Answer:
            raise AssertionError("asked again")

    again = Silent(DAG, SharedWithinCall(0.4, 0.2), seed=1)
    again.journal = first.journal
    assert again.ask([PANEL, Causes("smoke", "tar")], 2) == given_
    assert sorted(map(repr, first.journal)) == sorted(map(repr, given_))
    frame = first.journal.frame()
    assert frame["call"].notna().sum() == 6
    path = first.journal.export(tmp_path / "answers.jsonl")
    read = [Answer.from_dict(json.loads(line)) for line in path.read_text().splitlines()]
    assert read == list(first.journal)


def test_what_is_answered_beside_others_is_no_answer_to_the_question_alone(tmp_path: Path) -> None:
    oracle = SimulatedOracle(DAG, 0.3, seed=1)
    oracle.journal = Journal(tmp_path / "answers.journal")
    oracle.ask(PANEL)
    oracle.ask(PANEL.questions)
    oracle.ask(Panel("smoke", NAMES[::-1]))  # in another order: another prompt
    assert len(oracle.journal) == 9


def test_a_call_that_was_kept_in_part_is_put_as_a_whole(tmp_path: Path) -> None:
    oracle = SimulatedOracle(DAG, 0.3, seed=1)
    oracle.journal = Journal(tmp_path / "answers.journal")
    requests = PANEL.requests(oracle.fingerprint)
    kept = Answer(requests[1].question, None, 0, oracle.fingerprint, reason="unsure", call=requests[1].call)
    oracle.journal.put(kept)
    asked: list[Request] = []

    class Noted(SimulatedOracle):
        def _answer(self, request: Request) -> Answer:
            asked.append(request)
            return super()._answer(request)

    noted = Noted(DAG, 0.3, seed=1)
    noted.journal = oracle.journal
    answers = noted.ask(PANEL)
    assert asked == requests
    assert answers[1] == kept  # the first answer stays


# --- language models ------------------------------------------------------------------------------------------


def replying(text: str, **options: Any) -> LanguageModelOracle:
    script = ScriptedBackend(lambda _: Reply(text, tokens_in=90, tokens_out=12, model="script"))
    return LanguageModelOracle(script, variables=["smoke", *NAMES], prices=(10.0, 100.0), **options)


def test_one_prompt_for_all_outcomes() -> None:
    oracle = replying("1: yes\n2: no\n3: unsure")
    answers = oracle.ask(PANEL)
    assert [answer.word for answer in answers] == ["yes", "no", "abstain"]
    assert [answer.reason for answer in answers] == [None, None, "unsure"]
    assert isinstance(oracle.backend, ScriptedBackend)
    (prompt,) = oracle.backend.prompts
    assert prompt == oracle.prompt(PANEL)
    for number, name in enumerate(NAMES, 1):
        assert f'\n{number}. "{name}"\n' in prompt.user
    assert prompt.labels == ()


def test_a_call_costs_once(tmp_path: Path) -> None:
    oracle = replying("1: yes\n2: no\n3: no", budget=Budget(questions=2), journal=tmp_path / "answers.journal")
    answers = oracle.ask(PANEL, 2)
    assert [answer.tokens_in for answer in answers] == [90, 0, 0] * 2
    assert sum(answer.cost for answer in answers) == pytest.approx(2 * (90 * 10 + 12 * 100) / 1e6)
    assert [answer.text is not None for answer in answers] == [True, False, False] * 2
    assert oracle.budget is not None
    assert (oracle.budget.asked, oracle.budget.used) == (2, 204)
    with pytest.raises(BudgetSpent):
        oracle.ask(PANEL)
    again = replying("nothing", journal=tmp_path / "answers.journal", budget=Budget(questions=0))
    assert again.ask(PANEL, 2) == answers  # for free


def test_wordings_and_polarities_of_panels() -> None:
    oracle = replying("1: yes\n2: yes\n3: yes", wordings=["plain", "intervention"], polarities=["positive", "negated"])
    answers = oracle.ask(PANEL, 4)
    assert [answer.value for answer in answers] == ([True] * 3 + [False] * 3) * 2
    assert [answer.wording for answer in answers[::3]] == [0, 0, 1, 1]
    assert isinstance(oracle.backend, ScriptedBackend)
    assert "Is it false that" in oracle.backend.prompts[1].user
    assert len({prompt.user for prompt in oracle.backend.prompts}) == 4


def test_names_can_be_hidden() -> None:
    oracle = replying("A: yes\nB: no\nC: no\nD: no", anonymize=True)
    prompt = oracle.prompt(PANEL).user
    assert not any(name in prompt for name in ("smoke", *NAMES))
    assert all(answer.reason is not None or answer.value is not None for answer in oracle.ask(PANEL))


def test_a_panel_about_other_variables_is_refused_before_any_is_asked() -> None:
    oracle = replying("1: yes")
    with pytest.raises(UnknownVariable):
        oracle.ask([PANEL, Panel("smoke", ["tar", "rain"])])
    assert isinstance(oracle.backend, ScriptedBackend)
    assert not oracle.backend.prompts


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("", finish="refusal"), ["refused"] * 3),
        (Reply("1: yes\n2: no\n3: un", finish="length"), [None, None, "cut off: raise max_tokens, 16 were too few"]),
        (Reply("1: yes\n2: no\n3: no\n", finish="length"), [None, None, None]),
        (Reply(""), ["empty"] * 3),
    ],
)
def test_replies_that_are_not_whole(reply: Reply, words: list[str | None]) -> None:
    oracle = LanguageModelOracle(ScriptedBackend(lambda _: reply), variables=["smoke", *NAMES])
    assert [answer.reason for answer in oracle.ask(PANEL)] == words


def test_a_chain_of_thought_ends_with_the_answers() -> None:
    text = "Smoke makes tar: yes, clearly.\n1: no would be odd.\n\n1: yes\n2: no\n3: **unsure**"
    oracle = replying(text, mode="reason")
    assert [answer.word for answer in oracle.ask(PANEL)] == ["yes", "no", "abstain"]
    assert "in their order" in oracle.prompt(PANEL).user


class Flaky(AsyncOracle):
    """Fails on the calls named, and counts."""

    nature = "language model"
    fingerprint = "flaky"

    def __init__(self, failing: set[int], **options: Any) -> None:
        super().__init__(**options)
        self.failing, self.count = failing, 0

    async def _answer_async(self, request: Request) -> Answer:
        raise NotImplementedError

    async def _panel_async(self, requests: Any) -> list[Answer]:
        number, self.count = self.count, self.count + 1
        await asyncio.sleep(0)
        if number in self.failing:
            raise Unanswered("not now", "server error: 503")
        first = requests[0]
        return [Answer(r.question, True, r.replicate, call=r.call, tokens_in=7 if r == first else 0) for r in requests]


def test_a_call_that_fails_fails_for_all_its_outcomes_and_is_put_again(tmp_path: Path) -> None:
    panels = [PANEL, Panel("age", ["tar", "cancer"]), Panel("tar", ["age", "cancer"])]
    journal = Journal(tmp_path / "answers.journal")
    oracle = Flaky({1}, limits=Limits(concurrency=1), journal=journal)
    answers = oracle.ask(panels)
    assert [answer.reason for answer in answers] == [None] * 3 + ["server error: 503"] * 2 + [None] * 2
    assert len(journal) == 5
    assert len(list(journal.failures())) == 2
    again = Flaky(set(), limits=Limits(concurrency=1), journal=journal)
    assert all(answer.value for answer in again.ask(panels))
    assert again.count == 1


def test_calls_at_the_same_time_inside_a_loop() -> None:
    async def both() -> list[list[Answer]]:
        oracle = Flaky(set())
        return list(await asyncio.gather(oracle.ask_async(PANEL), oracle.ask_async([PANEL, PANEL])))

    one, two = asyncio.run(both())
    assert [len(one), len(two)] == [3, 6]
    assert len({answer.call for answer in one + two}) == 3


def test_an_async_oracle_of_ones_own_is_asked_one_by_one_and_counted_once() -> None:
    class Simple(AsyncOracle):
        kind = "language model"
        fingerprint = "simple"

        async def _answer_async(self, request: Request) -> Answer:
            return Answer(request.question, True, tokens_in=5)

    oracle = Simple(budget=Budget(questions=1))
    answers = oracle.ask(PANEL)
    assert [answer.tokens_in for answer in answers] == [15, 0, 0]
    assert len({answer.call for answer in answers}) == 1
    assert oracle.budget is not None
    assert (oracle.budget.asked, oracle.budget.used) == (1, 15)


def test_what_stops_a_run_carries_whole_calls() -> None:
    class Stops(Flaky):
        async def _panel_async(self, requests: Any) -> list[Answer]:
            if self.count == 1:
                raise OracleError("the key was refused")
            return await super()._panel_async(requests)

    with pytest.raises(OracleError) as caught:
        Stops(set(), limits=Limits(concurrency=1)).ask(PANEL, 3)
    assert len(caught.value.answers) == 3


@pytest.mark.slow
def test_a_model_in_this_process(tmp_path: Path) -> None:
    from tiny_models import tiny_model

    folder = tiny_model("llama", tmp_path)
    oracle = LanguageModelOracle.transformers(folder, variables=["smoking", "tar", "cancer"], max_tokens=8)
    panel = Panel("smoking", ["tar", "cancer"])
    answers = oracle.ask([panel, Causes("tar", "cancer"), panel])
    assert [answer.question for answer in answers] == [*panel.questions, Causes("tar", "cancer"), *panel.questions]
    assert answers[0].text is not None
    assert answers[0].tokens_in > 0
    assert answers[1].tokens_in == 0


# --- experiments and people -----------------------------------------------------------------------------------


def test_one_experiment_answers_all_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    asia = load_network("asia")
    oracle = ExperimentOracle(asia, samples=1000, seed=1)
    rest = [name for name in asia.dag.nodes if name != "smoke"]
    oracle.ask(Causes("smoke", "lung"))  # the levels are known from here on
    runs = []
    simulate = type(asia).simulate

    def noted(*arguments: Any, **options: Any) -> Any:
        runs.append(arguments)
        return simulate(*arguments, **options)

    monkeypatch.setattr(type(asia), "simulate", noted)
    answers = oracle.ask(Panel("smoke", rest))
    assert len(runs) == 2  # smoke set to yes and to no
    for answer in answers:
        assert answer.value == answer.question.holds(asia.dag)
    second = oracle.ask(Panel("smoke", rest))
    assert [answer.text for answer in second] != [answer.text for answer in answers]  # samples of their own
    held = oracle.ask(Panel("smoke", ["xray", "dysp"], holding="either"))
    assert [answer.word for answer in held] == ["no", "yes"]
    same = ExperimentOracle(asia, samples=1000, seed=1)
    assert same.ask(Panel("smoke", rest)) == answers


def test_rows_that_were_measured_once_answer_panels() -> None:
    asia = load_network("asia")
    frames: Any = {
        "smoke": {level: asia.do(smoke=level).simulate(1000, seed=k) for k, level in enumerate(("yes", "no"))}
    }
    oracle = ExperimentOracle(frames, seed=1)
    answers = oracle.ask(Panel("smoke", ["lung", "asia"]))
    assert [answer.text for answer in answers] == [answer.text for answer in oracle.ask([a.question for a in answers])]
    assert oracle.ask(Panel("lung", ["xray"]))[0].reason == "no experiment set lung"


def test_a_person_answers_outcome_by_outcome() -> None:
    from rich.console import Console

    typed = iter(["y", "n", "u", "y", "?"])
    oracle = HumanOracle(reader=lambda _: next(typed), console=Console(quiet=True))
    answers = oracle.ask(PANEL)
    assert [answer.word for answer in answers] == ["yes", "yes", "abstain"]
    assert len({answer.call for answer in answers}) == 1


# --- reading replies ------------------------------------------------------------------------------------------

READ = {"yes": True, "no": False, "unsure": None}


@pytest.mark.parametrize(
    "text",
    [
        "1: yes\n2: no\n3: unsure",
        "1. Yes\n2. No.\n3. Unsure",
        "1) YES\n\n2) NO\n3) unsure",
        "1 yes\n2 no\n3 unsure",
        "- 1: yes\n- 2: no\n- 3: unsure",
        "* **1**: yes\n* **2**: no\n* **3**: unsure",
        "• tar: yes\n• cancer: no\n• age: unsure",
        "3: unsure\n1: yes\n2: no",
        "age: unsure\ntar: yes\ncancer: no",
        "1. tar: yes\n2. cancer: no\n3. age: unsure",
        '1. "tar": yes\n2. "cancer": no\n3. "age": unsure',
        "TAR: Yes\nCancer: No\nAge: Unsure",
        "1: yes, 2: no, 3: unsure",
        "1: yes; 2: no; 3: unsure",
        "yes\nno\nunsure",
        "Answers:\n1: yes\n2: no\n3: unsure",
        "```\n1: yes\n2: no\n3: unsure\n```",
        "| 1 | tar | yes |\n| 2 | cancer | no |\n| 3 | age | unsure |",
        "1: yes\n1: yes\n2: no\n3: unsure",
        '{"1": "yes", "2": "no", "3": "unsure"}',
        '{"tar": "yes", "cancer": "no", "age": "unsure"}',
        '```json\n{"tar": "yes", "cancer": "no", "age": "unsure"}\n```',
        '["yes", "no", "unsure"]',
        '[{"number": 1, "answer": "yes"}, {"number": 2, "answer": "no"}, {"number": 3, "answer": "unsure"}]',
        '{"answers": [{"outcome": "age", "answer": "unsure"}, {"outcome": "tar", "answer": "yes"}, '
        '{"outcome": "cancer", "answer": "no"}]}',
        "<think>1: no\n2: yes</think>\n1: yes\n2: no\n3: unsure",
        "1: yes, definitely\n2: no, definitely not.\n3: unsure",
    ],
)
def test_ways_to_say_it(text: str) -> None:
    assert read_panel(text, NAMES) == [(True, None), (False, None), (None, "unsure")]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2: no", [None, False, None]),
        ("1: yes\n2: perhaps\n3: no", [True, None, False]),
        ("1: yes\n1: no\n2: no", [None, False, None]),  # said in two ways
        ("1. cancer: yes\n3: no", [None, None, False]),  # number and name disagree
        ("1: yes, but only at high doses\n2: no", [None, False, None]),
        ('{"1": "yes", "1": "no", "2": "no"}', [None, False, None]),
        ("1: yes and no\n2: no", [None, False, None]),
    ],
)
def test_what_is_missing_or_unclear_is_an_abstention(text: str, values: list[bool | None]) -> None:
    readings = read_panel(text, NAMES)
    assert [value for value, _ in readings] == values
    assert all(reason for value, reason in readings if value is None)


@pytest.mark.parametrize(
    "text",
    [
        "1: yes\n2: no\n3: no\nOn second thoughts, 1: no.",
        "All of them: yes",
        "yes",
        "yes\nno",
        "4: yes\n1: no",
        "None of the following holds:\n1: yes\n2: yes\n3: yes",
        "1: yes\n2: no\n3: no\nThe numbers above are exchanged.",
        '{"1": "yes", "why": "because"}',
        '{"1": true, "2": false}',
        '{"1": "yes"',
        "1: yes\n" * 3000,
        "[1, 2, 3]",
        "tar, cancer: yes",
    ],
)
def test_what_is_not_known_to_agree_is_not_read(text: str) -> None:
    assert [value for value, _ in read_panel(text, NAMES)] == [None, None, None]


def test_names_that_look_like_numbers() -> None:
    names = ["2", "1", "5 day"]
    assert read_panel("2: yes", names)[0][0] is None  # the second outcome, or the one called 2
    assert read_panel("2: yes", names)[1][0] is None
    values = [value for value, _ in read_panel("1. 2: yes\n5 day: no", names)]
    assert values == [True, None, False]


def test_names_that_look_alike_can_only_be_told_by_number() -> None:
    assert [value for value, _ in read_panel("Tar: yes", ["tar", "TAR"])] == [None, None]
    assert [value for value, _ in read_panel("1: yes\n2: no", ["tar", "TAR"])] == [True, False]


def test_a_label_that_was_not_offered() -> None:
    assert read_panel("1: unsure\n2: yes", ["a", "b"], ("yes", "no"))[1] == (True, None)


def test_explanations_may_repeat_the_question() -> None:
    questions = [Causes("smoke", name) for name in NAMES]
    text = "1: yes, smoke causes tar\n2: no, smoke does not cause cancer\n3: no, smoke causes age"
    assert [value for value, _ in read_panel(text, NAMES, questions=questions)] == [True, False, None]


def test_a_panel_has_outcomes() -> None:
    with pytest.raises(InvalidParameter):
        read_panel("yes", [])
    with pytest.raises(InvalidParameter):
        read_panel("yes", NAMES, questions=[Causes("a", "b")])


LABELLED = st.lists(st.sampled_from(["yes", "no", "unsure"]), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), labels=LABELLED)
def test_any_order_and_form_is_read(data: st.DataObject, labels: list[str]) -> None:
    names = [f"v{k} x" for k in range(len(labels))]
    kept = data.draw(st.permutations(range(len(labels))))[: data.draw(st.integers(1, len(labels)))]
    key = data.draw(st.sampled_from(["{n}: {w}", "{n}. {w}", "{n}) {name}: {w}", "{name}: {w}", "- {name} = **{w}**."]))
    change = data.draw(st.sampled_from([str.lower, str.upper, str.capitalize]))
    lines = [key.format(n=k + 1, name=names[k], w=change(labels[k])) for k in kept]
    readings = read_panel("\n".join(lines), names)
    for k, (value, reason) in enumerate(readings):
        if k in kept:
            assert (value, reason) == (READ[labels[k]], None if labels[k] != "unsure" else "unsure")
        else:
            assert (value, reason) == (None, "unreadable: no line for it")


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200), count=st.integers(1, 4))
def test_no_text_breaks_the_reading(text: str, count: int) -> None:
    names = [f"v{k}" for k in range(count)]
    for strict in (False, True):
        readings = read_panel(text, names, strict=strict)
        assert len(readings) == count
        for value, reason in readings:
            assert (value is None) == (reason is not None)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), labels=LABELLED, extra=st.text("abcdefghij ,.", min_size=4, max_size=40))
def test_a_line_of_another_kind_takes_everything_back(data: st.DataObject, labels: list[str], extra: str) -> None:
    if not extra.strip(" ,."):
        return
    lines = [f"{k}: {label}" for k, label in enumerate(labels, 1)]
    lines.insert(data.draw(st.integers(1, len(lines))), extra)
    readings = read_panel("\n".join(lines), [f"v{k}" for k in range(len(labels))])
    assert all(value is None for value, _ in readings)


@settings(max_examples=40, deadline=None)
@given(labels=LABELLED, thought=st.text(max_size=60))
def test_after_a_chain_of_thought_only_the_last_lines_count(labels: list[str], thought: str) -> None:
    lines = "\n".join(f"{k}: {label}" for k, label in enumerate(labels, 1))
    readings = read_panel(f"{thought}\nSo I think this.\n{lines}", [f"v{k}" for k in range(len(labels))], strict=True)
    assert [value for value, _ in readings] == [READ[label] for label in labels]


def test_the_prompt_is_free_text_with_room_for_every_line() -> None:
    seen: list[int] = []

    class Measured(ScriptedBackend):
        async def complete(self, prompt: Prompt, sampling: Any, replicate: int = 0) -> Reply:
            seen.append(sampling.max_tokens)
            return await super().complete(prompt, sampling, replicate)

    oracle = LanguageModelOracle(Measured("1: yes"), variables=["smoke", *NAMES])
    oracle.ask([PANEL, Causes("smoke", "tar")])
    assert max(seen) > 3 * 8
    assert min(seen) == 16
