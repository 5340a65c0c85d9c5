"""A language model whose answers come from something else than the graph is found out soon; an honest one is not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from protocol_servers import ProtocolServer, completion, logprobs, prompt_of

from causalpp import Answer, Belief, Causes, MarkovEquivalenceClass, Session, discover, load_network
from causalpp.acbo import AcboConfig
from causalpp.acbo.hearing import Diagnosis
from causalpp.belief import Potentials
from causalpp.errors import InvalidParameter
from causalpp.language import Prompt, ScriptedBackend
from causalpp.oracles import LanguageModelOracle, Request

ASIA = load_network("asia").dag
CLASS = MarkovEquivalenceClass.from_dag(ASIA)
FEW = 4 * len(ASIA.nodes)


def named(prompt: str) -> tuple[str, str]:
    """The two variables that a prompt asks about, by the names that it shows."""
    a, b = re.findall(r'"(\w+)"', prompt)[-2:]
    return a, b


def first_listed(prompt: str) -> bool:
    a, b = named(prompt)
    listed = prompt[: prompt.rindex("?")].rpartition("\n")[0]
    return listed.index(a) < listed.index(b)


CAUSES = {(a, b): bool(Causes(a, b).holds(ASIA)) for a, b in permutations(ASIA.nodes, 2)}


def truly(prompt: str) -> bool:
    return CAUSES[named(prompt)]


def word(yes: bool) -> str:
    return "Yes." if yes else "No."


FLAWED: Mapping[str, tuple[Callable[[str], str], dict[str, Any], str]] = {
    "yes": (lambda prompt: word(True), {}, "says yes to everything"),
    "no": (lambda prompt: word(False), {}, "says no to everything"),
    "silent": (lambda prompt: "I would not know.", {}, "neither yes nor no 10 times in a row"),
    "negation": (
        lambda prompt: word(truly(prompt)), {"polarities": ["positive", "negated"]}, "ignores negation",
    ),
    "listing": (lambda prompt: word(first_listed(prompt)), {}, "follows the order in which its prompts list"),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWED)
def test_each_flaw_ends_the_run_in_words_with_two_replies(flaw: str) -> None:
    reply, options, words = FLAWED[flaw]
    backend = ScriptedBackend(lambda prompt: reply(prompt.user))
    oracle = LanguageModelOracle(backend, variables=ASIA.nodes, progress=False, **options)
    result = discover(CLASS, oracle)
    assert words in result.stopped_because
    assert sum(step.answer.prompts for step in result.transcript) == len(backend.prompts) < FEW
    assert all(Answer.from_dict(step.answer.to_dict()) == step.answer for step in result.transcript)
    assert sum(result.stopped_because.count(f"'{said}'") for said in {reply(p.user) for p in backend.prompts}) == 2
    assert words in json.loads(result.to_json())["stopped_because"]


@pytest.mark.slow
@pytest.mark.parametrize("flaw", FLAWED)
def test_pages_show_each_flaw(flaw: str) -> None:
    reply, options, words = FLAWED[flaw]
    backend = ScriptedBackend(lambda prompt: reply(prompt.user))
    result = discover(CLASS, LanguageModelOracle(backend, variables=ASIA.nodes, progress=False, **options))
    assert words in result.report()


def test_an_honest_model_is_heard_to_the_end() -> None:
    backend = ScriptedBackend(lambda prompt: word(truly(prompt.user)))
    oracle = LanguageModelOracle(backend, variables=ASIA.nodes, progress=False)
    result = discover(CLASS, oracle)
    assert result.graph == ASIA
    assert not any(words in result.stopped_because for _, _, words in FLAWED.values())


def test_words_are_no_flaw_where_log_odds_tell_directions_apart() -> None:
    """As with many small models: yes to everything, and more so to what is true."""

    def reply(request: dict[str, Any]) -> dict[str, Any]:
        asked = prompt_of(request)
        yes = 0.99 if "cause" in asked and truly(asked) else 0.7  # it is tried out first with another question
        return completion("Yes", logprobs=logprobs({"Yes": yes, "No": 1 - yes}))

    with ProtocolServer(reply) as server:
        oracle = LanguageModelOracle.openai("tiny", server.url, variables=ASIA.nodes, progress=False)
        result = discover(CLASS, oracle, max_questions=12)
    assert "everything" not in result.stopped_because


def test_the_same_log_odds_for_all_are_a_flaw() -> None:
    said = completion("Yes", logprobs=logprobs({"Yes": 0.9, "No": 0.1}))
    with ProtocolServer(lambda request: said) as server:
        oracle = LanguageModelOracle.openai("tiny", server.url, variables=ASIA.nodes, progress=False)
        result = discover(CLASS, oracle)
        assert len(server.requests) < FEW
    assert "says yes to everything" in result.stopped_because


def test_it_can_be_switched_off() -> None:
    oracle = LanguageModelOracle(ScriptedBackend("yes"), variables=ASIA.nodes, progress=False)
    config = AcboConfig(flaw=0, channel=Potentials())
    result = discover(CLASS, oracle, config=config, max_questions=8)
    assert "everything" not in result.stopped_because
    with pytest.raises(InvalidParameter, match="'flaw' is a probability below 1"):
        AcboConfig(flaw=1.0)


# --- one by one, without a loop -------------------------------------------------------------------------


def told(draw: np.random.Generator, error: float, listed: dict[Request, list[str]] | None) -> list[Answer]:
    """What an honest model says of all pairs in a random order, each error by itself; and what was listed where."""
    out = []
    pairs = list(combinations(ASIA.nodes, 2))
    for number in draw.permutation(len(pairs)):
        a, b = pairs[number]
        order = [ASIA.nodes[k] for k in draw.permutation(len(ASIA.nodes))]
        for one, other, names in ((a, b, order), (b, a, order[::-1])):
            for negated in (False, True) if listed is None else (False,):
                right = draw.random() >= error
                value = CAUSES[one, other] is right
                answer = Answer(Causes(one, other), value, negated=negated, nature="language model")
                if listed is not None:
                    listed[answer.request] = names
                out.append(answer)
    return out


@pytest.mark.parametrize("error", [*(pytest.param(error, marks=pytest.mark.slow) for error in (0.1, 0.2)), 0.3])
@pytest.mark.parametrize("polarities", [False, True])
def test_honest_models_are_seldom_taken_for_flawed_ones(error: float, polarities: bool) -> None:
    """Five flaws, each found wrongly at most once in 200: in 150 runs no more than four deviations above 3.75."""
    unheard = Diagnosis(Belief.uniform(CLASS.batch()))
    runs, found = 150, []
    for seed in range(runs):
        draw = np.random.default_rng([seed, int(10 * error), polarities])
        listed: dict[Request, list[str]] | None = None if polarities else {}
        diagnosis = unheard.copy()
        answers = told(draw, error, listed)
        if listed is not None:
            diagnosis.listed = listed.__getitem__
        step = 4 if polarities else 2
        for first in range(0, len(answers), step):
            diagnosis.hear(answers[first : first + step])
            if (verdict := diagnosis.verdict()) is not None:
                found.append(verdict)
                break
    expected = runs * 5 * 0.005
    assert len(found) <= expected + 4 * math.sqrt(expected), found


def test_other_oracles_are_not_judged_by_prompts() -> None:
    diagnosis = Diagnosis(Belief.uniform(CLASS.batch()))
    for pair in combinations(ASIA.nodes, 2):
        for a, b in (pair, pair[::-1]):
            diagnosis.hear([Answer(Causes(a, b), True, nature="human"), Answer(Causes(a, b), True)])
    assert diagnosis.verdict() is None


def test_what_was_taken_back_was_not_heard() -> None:
    session = Session(CLASS, channel=Potentials())
    oracle = LanguageModelOracle(ScriptedBackend("yes"), variables=ASIA.nodes, progress=False)
    while (question := session.ask()) is not None:
        session.tell(oracle.ask(question))
    assert "yes to everything" in session.result().stopped_because
    number = len(session.result().transcript)
    session.undo()
    again = session.ask()
    assert again is not None
    assert session.result().stopped_because == "the session goes on"
    session.tell(oracle.ask(again))
    assert session.ask() is None
    assert len(session.result().transcript) == number


def test_prompts_say_in_which_order_they_list() -> None:
    oracle = LanguageModelOracle(ScriptedBackend("yes"), variables=ASIA.nodes)
    for a, b in combinations(ASIA.nodes, 2):
        for request in (Request(Causes(a, b)), Request(Causes(b, a)), Request(Causes(a, b), negated=True)):
            names = list(oracle.listed(request))
            prompt: Prompt = oracle.prompt(request)
            listed = prompt.user[: prompt.user.rindex("?")].rpartition("\n")[0]
            assert sorted(names, key=lambda name: listed.index(f'"{name}"')) == names
    given = LanguageModelOracle(ScriptedBackend("yes"), variables=ASIA.nodes, listing="given")
    assert not given.listed(Request(Causes("asia", "tub")))


def test_a_model_that_thinks_past_its_limit_is_told_so() -> None:
    thoughts = "Let me think about asia and tub. First of all, what would it mean that one of them causes the other"
    said = completion("", finish="length", reasoning_content=thoughts)
    with ProtocolServer(lambda request: said) as server:
        oracle = LanguageModelOracle.openai("thinker", server.url, variables=ASIA.nodes, progress=False)
        result = discover(CLASS, oracle)
        assert len(server.requests) < FEW
    assert "cut off before they came to it" in result.stopped_because
    assert result.stopped_because.count("Let me think about asia and tub") == 2


@pytest.mark.parametrize("flaw", ["yes", "listing"])
def test_two_wordings_need_no_more_prompts(flaw: str) -> None:
    reply, _, words = FLAWED[flaw]
    backend = ScriptedBackend(lambda prompt: reply(prompt.user))
    oracle = LanguageModelOracle(backend, variables=ASIA.nodes, wordings=["plain", "corr2cause"], progress=False)
    result = discover(CLASS, oracle)
    assert words in result.stopped_because
    assert len(backend.prompts) < FEW


@pytest.mark.parametrize("said", [True, False])
def test_a_model_that_says_one_word_to_causes_questions_is_quoted(said: bool) -> None:
    backend = ScriptedBackend(word(said))
    oracle = LanguageModelOracle(backend, variables=ASIA.nodes, progress=False)
    result = discover(CLASS, oracle, kinds="Causes")
    assert len(backend.prompts) < FEW
    assert "no better than chance; the oracle says " + ("yes" if said else "no") in result.stopped_because
    assert result.stopped_because.count(f"'{word(said)}'") == 2


def test_what_a_model_said_is_quoted_where_it_seems_not_to_know_the_domain() -> None:
    """Alphabetical order is no flaw that is looked for, and has nothing to do with the graph."""
    backend = ScriptedBackend(lambda prompt: word(named(prompt.user)[0] < named(prompt.user)[1]))
    oracle = LanguageModelOracle(backend, variables=ASIA.nodes, progress=False)
    result = discover(CLASS, oracle)
    assert len(backend.prompts) < FEW
    assert "seems not to know this domain" in result.stopped_because
    half = len(backend.prompts) // 2
    assert f"it said no to {half}, yes to {half} of {2 * half} prompts" in result.stopped_because
    assert "– 'Yes.'" in result.stopped_because
    assert "– 'No.'" in result.stopped_because


@pytest.mark.parametrize("apart", [True, False])
def test_a_model_that_thinks_and_says_nothing_is_told_so(apart: bool) -> None:
    said = completion("", reasoning_content="It is yes.") if apart else completion("<think>It is yes.</think>")
    with ProtocolServer(lambda request: said) as server:
        oracle = LanguageModelOracle.openai("thinker", server.url, variables=ASIA.nodes, progress=False)
        result = discover(CLASS, oracle)
        assert len(server.requests) < FEW
    assert "(thoughts alone 10), such as '<think>It is yes.</think>'" in result.stopped_because
