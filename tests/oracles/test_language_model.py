"""The language-model oracle: how questions are put, what answers carry, and what its fingerprint tells apart."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from protocol_servers import logprobs

from causalpp import Causes, DirectlyCauses
from causalpp.errors import BudgetSpent, InvalidParameter, OracleError, UnknownVariable
from causalpp.language import Backend, Prompt, Reply, Sampling, ScriptedBackend
from causalpp.language.backends.openai import label_probabilities
from causalpp.oracles import LanguageModelOracle
from causalpp.oracles.answer import Answer
from causalpp.oracles.running import Budget

Q = Causes("smoke", "cancer")
LOGS = {"yes": math.log(0.6), "no": math.log(0.2), "unsure": math.log(0.1)}


def make(reply: Any = "yes", **options: Any) -> LanguageModelOracle:
    return LanguageModelOracle(ScriptedBackend(reply), **({"progress": False} | options))


def test_repeats_go_to_other_wordings_first() -> None:
    oracle = make(wordings=["plain", "intervention"], polarities=["positive", "negated"])
    answers = oracle.ask(Q, repeats=3) + oracle.ask(Q, repeats=3)
    assert [(a.wording, a.negated, a.replicate) for a in answers] == [
        (0, False, 0),
        (0, True, 0),
        (1, False, 0),
        (1, True, 0),
        (0, False, 1),
        (0, True, 1),
    ]
    shown = {prompt.user.split("Question: ")[1].split("\n")[0] for prompt in oracle.backend.prompts}  # type: ignore[attr-defined]
    assert shown == {
        'Does "smoke" cause "cancer"?',
        'Is it false that "smoke" causes "cancer"?',
        'Does intervening on "smoke" change "cancer"?',
        'Is it false that intervening on "smoke" changes "cancer"?',
    }


@pytest.mark.parametrize("negated", [False, True])
def test_a_question_put_the_other_way_round_is_turned_back(negated: bool) -> None:
    reply = Reply("Yes.", LOGS, captured=0.9)
    oracle = make(lambda prompt: reply, polarities=["negated" if negated else "positive"])
    (answer,) = oracle.ask(Q)
    assert answer.value is not negated
    assert answer.negated is negated
    assert answer.log_odds == pytest.approx(-math.log(3) if negated else math.log(3))
    assert answer.captured == 0.9
    (unsure,) = make("unsure", polarities=["negated" if negated else "positive"]).ask(Q)
    assert (unsure.value, unsure.reason) == (None, "unsure")


@pytest.mark.parametrize(
    ("reply", "log_odds"),
    [
        (Reply("yes", {"yes": math.log(0.9), "no": -math.inf}, captured=0.9), math.log(9)),
        (Reply("no", {"yes": -math.inf, "no": 0.0}, captured=1.0), math.log(1e-6)),
        (Reply("yes", {"yes": math.log(0.3), "no": -math.inf}, captured=0.3), None),
        (Reply("yes", {"yes": -math.inf, "no": -math.inf}, captured=0.0), None),
        (Reply("No idea.", LOGS, captured=0.9), None),
        (Reply("unsure", LOGS, captured=0.9), math.log(3)),
        (Reply("yes", LOGS, captured=0.9, finish="refusal"), None),
        (Reply("yes"), None),
        (Reply("No", LOGS, captured=0.9), math.log(3)),  # the word is one spelling, and its label has several
        (Reply("No, smoking causes cancer.", LOGS, captured=0.9), None),
        (Reply("Yes and no.", LOGS, captured=0.9), None),
        (Reply("It dep", LOGS, captured=0.9, finish="length"), math.log(3)),
        (Reply("no", {"yes": -16.0, "no": -17.0}, captured=3e-7), None),
        (Reply("yes", {"yes": -3.3, "no": -4.3}, captured=0.0499), None),
        (Reply("yes", {"yes": -3.3, "no": -4.3}, captured=0.0501), 1.0),
        (Reply("Nothing suggests it", {"yes": -4.0, "no": -0.1}, captured=0.9), -3.9),
        (Reply("I don't know", LOGS, captured=0.9), math.log(3)),
        (Reply('{"answer": "unsure"}', LOGS, captured=0.9), math.log(3)),
        (Reply("." * 1_000_000, LOGS, captured=0.9), None),
    ],
)
def test_log_odds(reply: Reply, log_odds: float | None) -> None:
    (answer,) = make(lambda prompt: reply).ask(Q)
    assert answer.log_odds == (None if log_odds is None else pytest.approx(log_odds))


@pytest.mark.parametrize(
    ("reply", "value", "reason"),
    [
        (Reply("No", finish="length"), False, None),
        (Reply("No, that is not", finish="length"), None, "cut off: raise max_tokens, 16 were too few"),
        (Reply("", finish="length"), None, "cut off: raise max_tokens, 16 were too few for its thoughts"),
        (Reply("I won't", finish="refusal"), None, "refused"),
        (Reply("yes", finish="filtered"), None, "filtered"),
        (Reply(""), None, "empty"),
    ],
)
def test_how_replies_end(reply: Reply, value: bool | None, reason: str | None) -> None:
    (answer,) = make(lambda prompt: reply).ask(Q)
    assert (answer.value, answer.reason) == (value, reason)


SURE = {"No": 0.8, "Yes": 0.1}
LEANING = {"Yes": 0.8, "No": 0.1}


@pytest.mark.parametrize(
    ("places", "odds"),
    [
        ([SURE], -math.log(8)),
        (
            [{"The": 0.7, "Yes": 0.2, "No": 0.03}, {" answer": 1.0}, {" is": 1.0}, {" no": 0.8, " yes": 0.1}],
            -math.log(8),
        ),
        ([{"<think>": 0.9, "Yes": 0.1}, {"Yes": 0.9, "No": 0.01}, {"?": 1.0}, {"</think>": 1.0}, SURE], -math.log(8)),
        ([{"<th": 0.9}, {"ink>": 0.9}, {"No": 1.0}, {"</": 1.0}, {"think>": 1.0}, {"\n": 1.0}, LEANING], math.log(8)),
        (
            [{'{"': 0.9, "Yes": 0.08}, {"answer": 1.0}, {'":': 1.0}, {'"no': 0.8, '"yes': 0.1}, {'"}': 1.0}],
            -math.log(8),
        ),
        ([{"**": 0.9, "Yes": 0.1}, {"Ġno": 0.8, "Ġyes": 0.1}, {"**": 1.0}], -math.log(8)),
        ([SURE, {",": 1.0}, {" no": 0.5, " yes": 0.5}], -math.log(8)),
        ([{"n": 0.8, "yes": 0.1}, {"o": 1.0}], -math.log(8)),
        ([{"No": 0.9, "Yes": 0.1}, {"pe": 1.0}], None),
        ([{"Say": 0.9}, {" yes": 0.9}, {" or": 1.0}, {" no": 1.0}], None),
        ([{"x no": 0.9, "yes": 0.1}], None),
    ],
)
def test_probabilities_are_those_where_the_label_stands(places: list[dict[str, float]], odds: float | None) -> None:
    found = label_probabilities(logprobs(*places), ("yes", "no", "unsure"))
    assert found is not None
    if odds is None:
        assert set(found.values()) == {-math.inf}
    else:
        assert found["yes"] - found["no"] == pytest.approx(odds)


@pytest.mark.parametrize(
    ("text", "positive", "negated"),
    [
        ("No.", False, True),
        ("Yes", True, False),
        ('No, "smoke" does not cause "cancer".', False, None),
        ("No, smoke causes cancer.", None, True),
        ("Yes, smoke doesn't cause cancer.", None, False),
        ("Yes, it does.", True, None),
        ("Yes, cancer causes smoke.", None, None),
        ("The reason is tar.\nAnswer: yes", True, None),
    ],
)
def test_explanations_are_read_by_the_question_as_it_was_put(
    text: str, positive: bool | None, negated: bool | None
) -> None:
    answers = make(text, polarities=["positive", "negated"]).ask(Q, repeats=2)
    assert [answer.value for answer in answers] == [positive, negated]


def test_explanations_are_read_in_the_names_that_were_shown() -> None:
    hidden = make(
        lambda prompt: prompt.user.split("Question: Does ")[1].split(" cause ")[0],
        variables=["smoke", "cancer"],
        anonymize=True,
    )
    (unread,) = hidden.ask(Q)
    cause = str(unread.text)
    effect = "B" if cause == "A" else "A"
    for said, value in ((f"Yes, {cause} causes {effect}.", True), (f"Yes, {effect} causes {cause}.", None)):
        (answer,) = make(said, variables=["smoke", "cancer"], anonymize=True).ask(Q)
        assert answer.value is value


def test_a_chain_of_thought() -> None:
    oracle = make("It goes through tar. No other path.\nAnswer: yes", mode="reason")
    assert oracle.ask(Q)[0].word == "yes"
    assert oracle.sampling.max_tokens == 1024
    assert make("Yes.", mode="reason").ask(Q)[0].reason == "unreadable: no last line of the form 'Answer: yes'"
    cut = make(lambda prompt: Reply("…\nAnswer: no", finish="length"), mode="reason")
    assert cut.ask(Q)[0].reason == "cut off: raise max_tokens, 1024 were too few"


def test_provenance() -> None:
    reply = Reply("no\ud800" + "x" * 50_000, model="m\ud800", tokens_in=100, tokens_out=7)
    (answer,) = make(lambda prompt: reply, prices=(3.0, 15.0)).ask(Q)
    assert answer.text is not None
    assert len(answer.text) < 20_100
    assert "characters" in answer.text
    (answer.text + str(answer.model)).encode()
    assert answer.cost == pytest.approx((100 * 3 + 7 * 15) / 1e6)
    assert answer.time is not None
    assert Answer.from_dict(answer.to_dict()) == answer


def test_fingerprints_tell_apart_what_answers_otherwise(tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text("Yes or no? $labels", encoding="utf-8")
    options: list[dict[str, Any]] = [
        {},
        {"wordings": ["symbolic"]},
        {"wordings": ["plain", "symbolic"]},
        {"polarities": ["negated"]},
        {"polarities": ["positive", "negated"]},
        {"mode": "reason"},
        {"labels": ("yes", "no")},
        {"temperature": 0.7},
        {"seed": 1},
        {"seed": None},
        {"max_tokens": 5},
        {"system": "Be brief."},
        {"prompts": tmp_path},
        {"context": "A clinic."},
        {"context": "A hospital."},
        {"context": {"smoke": "x", "cancer": "y"}},
        {"variables": ["smoke", "cancer"]},
        {"variables": ["smoke", "cancer"], "anonymize": True},
        {"premise": ["smoke and cancer are independent"]},
    ]
    prints = [make(**option).fingerprint for option in options] + [make("no").fingerprint]
    prints.append(LanguageModelOracle(ScriptedBackend("yes", model="other")).fingerprint)
    assert len(set(prints)) == len(prints)
    assert prints[:-2] == [make(**option).fingerprint for option in options]
    assert make(prices=(1, 2), budget=Budget(questions=3)).fingerprint == make().fingerprint


def test_the_journal_gives_answers_back(tmp_path: Path) -> None:
    first, second = (make(journal=tmp_path / "answers.journal") for _ in range(2))
    assert [a.word for a in first.ask(Q, repeats=2)] == [a.word for a in second.ask(Q, repeats=2)]
    assert len(first.backend.prompts) == 2  # type: ignore[attr-defined]
    assert not second.backend.prompts  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"mode": "think"}, "mode"),
        ({"labels": ("true", "false")}, "labels"),
        ({"temperature": -1}, "temperature"),
        ({"max_tokens": 0}, "token"),
        ({"wordings": ["latin"]}, "wording"),
        ({"wordings": "plain"}, "wording"),
        ({"polarities": []}, "polarity"),
        ({"prices": (1,)}, "prices"),
        ({"prices": (-1, 1)}, "prices"),
        ({"budget": Budget(money=1.0)}, "prices="),
    ],
)
def test_arguments(options: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        make(**options)


def test_unknown_variables_are_refused_before_anything_is_asked() -> None:
    oracle = make(variables=["smoke", "cancer"])
    with pytest.raises(UnknownVariable):
        oracle.ask([Q, Causes("smok", "cancer")])
    assert not oracle.backend.prompts  # type: ignore[attr-defined]
    assert 'Does "smoke" cause "cancer"?' in oracle.prompt(Q).user
    assert "2 variables" in repr(oracle)


def test_a_backend_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(prompt: Prompt) -> str:
        raise OracleError("no such model")

    with pytest.raises(OracleError, match="no such model"):
        make(refuse).ask(Q)

    def stumble(prompt: Prompt) -> str:
        raise RuntimeError("no such file: weights.bin, key sk-0123456789")

    assert make(stumble).ask(Q)[0].reason == "failed: RuntimeError"
    assert caplog.text.count("RuntimeError: no such file: weights.bin, key …") == 1  # told, and kept nowhere


class Batched(Backend):
    """Answers many at once, and counts how many."""

    name = "batched"
    batched = True

    def __init__(self) -> None:
        self.sizes: list[int] = []

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"backend": "batched"}

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        raise AssertionError("one after the other")

    def complete_all(self, prompts: Sequence[Prompt], sampling: Sampling, replicates: Sequence[int]) -> list[Reply]:
        self.sizes.append(len(prompts))
        return [Reply("no" if replicate else "yes", tokens_out=1) for replicate in replicates]


def test_batches() -> None:
    backend = Batched()
    oracle = LanguageModelOracle(backend, progress=False)
    questions = [Causes(f"x{k}", "y") for k in range(50)]
    answers = oracle.ask(questions, repeats=2)
    assert [answer.word for answer in answers] == ["yes", "no"] * 50
    assert backend.sizes == [64, 36]
    assert all(answer.latency >= 0 and answer.time for answer in answers)
    (last,) = asyncio.run(oracle.ask_async(DirectlyCauses("a", "b")))
    assert last.word == "yes"
    assert backend.sizes[2:] == [1]


def test_batches_keep_to_a_budget(tmp_path: Path) -> None:
    budget = Budget(questions=70)
    oracle = LanguageModelOracle(Batched(), budget=budget, progress=False, journal=tmp_path / "answers.journal")
    with pytest.raises(BudgetSpent) as caught:
        oracle.ask([Causes(f"x{k}", "y") for k in range(100)])
    assert len(caught.value.answers) == 70
    assert (budget.asked, budget.used, budget.under_way) == (70, 70, 0)
    assert oracle.journal is not None
    assert len(oracle.journal) == 70
