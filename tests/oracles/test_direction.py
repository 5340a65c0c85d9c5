"""The question of a pair's direction: its parts, the graded answer made of them, and a journal that keeps the parts."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from causalpp import Budget, Causes, Dag, Direction, SimulatedOracle, all_questions
from causalpp.errors import BudgetSpent, InvalidParameter, NegationWarning
from causalpp.language import Prompt, Reply, ScriptedBackend, Unanswered
from causalpp.oracles import Answer, Journal, LanguageModelOracle, Request, by_wording, contrasts, graded, negation

A_B, B_A = Causes("a", "b"), Causes("b", "a")


def test_a_graded_answer_is_the_mean_over_wordings_of_the_difference() -> None:
    parts = [
        Answer(A_B, True, log_odds=2.0, tokens_in=10, cost=1.0),
        Answer(B_A, True, log_odds=3.0, tokens_in=11, cost=1.5),
        Answer(A_B, True, wording=1),
        Answer(B_A, False, wording=1),
        Answer(A_B, None, wording=2, reason="timed out"),
        Answer(B_A, False, wording=2, log_odds=-9.0),
        Answer(A_B, None, wording=3, reason="unsure"),
        Answer(B_A, False, wording=3),
    ]
    answer = graded(Request(Direction("a", "b"), 4), parts)
    assert contrasts(answer) == {0: -1.0, 1: 2.0, 3: 1.0}
    assert answer.log_odds == pytest.approx((-1 + 2 + 1) / 3)
    assert answer.value is True
    assert (answer.replicate, answer.tokens_in, answer.cost, answer.prompts) == (4, 21, 2.5, 8)
    other = graded(Request(Direction("b", "a")), parts)
    assert contrasts(other) == {0: 1.0, 1: -2.0, 3: -1.0}
    assert Answer.from_dict(answer.to_dict()) == answer


def test_nothing_heard_is_an_abstention_with_its_reason() -> None:
    parts = [Answer(A_B, None, reason="timed out"), Answer(B_A, None, reason="timed out")]
    answer = graded(Request(Direction("a", "b")), parts)
    assert answer.value is None
    assert answer.log_odds is None
    assert answer.failed


def test_an_answer_about_something_else_is_no_part() -> None:
    with pytest.raises(InvalidParameter, match="no part"):
        graded(Request(Direction("a", "b")), [Answer(Causes("a", "c"), True)])
    with pytest.raises(InvalidParameter, match="about a Direction"):
        contrasts(Answer(A_B, True))


def replies(prompt: Prompt) -> Reply:
    return Reply("Yes." if 'Does "smoke"' in prompt.user else "No.", tokens_in=7, tokens_out=1)


def test_a_model_is_asked_both_directions_in_every_wording(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(prompt: Prompt) -> Reply:
        asked.append(prompt.user)
        return replies(prompt)

    oracle = LanguageModelOracle(ScriptedBackend(answer), wordings=["plain", "paraphrase"], journal=tmp_path / "j")
    (found,) = oracle.ask(Direction("smoke", "tar"))
    assert found.value is True
    assert found.log_odds == 2.0
    assert found.prompts == 4
    assert found.tokens_in == 28
    assert [(part.question, part.wording) for part in found.parts] == [
        (Causes(*pair), wording) for wording in (0, 1) for pair in (("smoke", "tar"), ("tar", "smoke"))
    ]
    assert len(asked) == 4
    again = LanguageModelOracle(ScriptedBackend(answer), wordings=["plain", "paraphrase"], journal=tmp_path / "j")
    assert again.ask(Direction("smoke", "tar")) == [found]
    (turned,) = again.ask(Direction("tar", "smoke"))
    assert turned.log_odds == -2.0
    # what the parts are, ordinary questions are as well
    assert [a.value for a in again.ask([Causes("smoke", "tar"), Causes("tar", "smoke")], repeats=2)] == [
        True,
        True,
        False,
        False,
    ]
    assert len(asked) == 4
    kept = list(Journal(tmp_path / "j"))
    assert {entry.question for entry in kept} == {Causes("smoke", "tar"), Causes("tar", "smoke")}


def test_others_answer_it_as_a_proposition() -> None:
    oracle = SimulatedOracle(Dag.from_edges([("a", "b")]), 0.0)
    answers = oracle.ask([Direction("a", "b"), Direction("b", "a")])
    assert [answer.value for answer in answers] == [True, False]
    assert not answers[0].parts


# --- by choice, by likelihood -------------------------------------------------------------------------


def order_of(prompt: str) -> tuple[str, str]:
    """The cause and the effect in the statement by the letter A."""
    found = re.search(r'A: "(\w+)" causes "(\w+)"\nB: "(\w+)" causes "(\w+)"', prompt)
    assert found is not None
    assert (found[1], found[2]) == (found[4], found[3])
    return found[1], found[2]


@pytest.mark.parametrize("liking", [0.0, 5.0])
def test_a_liking_for_a_letter_drops_out(tmp_path: Path, liking: float) -> None:
    place = {"smoke": 2.0, "tar": 0.5}

    def choose(prompt: Prompt) -> Reply:
        assert prompt.labels == ("a", "b", "c")
        first, second = order_of(prompt.user)
        odds = place[first] - place[second] + liking
        logs = {"a": -math.log1p(math.exp(-odds)), "b": -math.log1p(math.exp(odds)), "c": -30.0}
        return Reply("A" if odds > 0 else "B", logs)

    backend = ScriptedBackend(choose)
    oracle = LanguageModelOracle(backend, direction=["choice"], journal=tmp_path / "j")
    (found,) = oracle.ask(Direction("tar", "smoke"))
    assert found.log_odds == pytest.approx(-3.0)
    assert [part.question for part in found.parts] == [Direction("tar", "smoke"), Direction("smoke", "tar")]
    assert {part.wording for part in found.parts} == {1}
    assert "Reply with one letter: A, B or C." in backend.prompts[0].user
    again = LanguageModelOracle(ScriptedBackend("none"), direction=["choice"], journal=tmp_path / "j")
    assert again.fingerprint != oracle.fingerprint  # another script
    oracle = LanguageModelOracle(backend, direction=["choice"], journal=tmp_path / "j")
    assert oracle.ask(Direction("tar", "smoke")) == [found]
    assert len(backend.prompts) == 2


def test_all_forms_have_numbers_of_their_own_and_share_a_journal(tmp_path: Path) -> None:
    def speak(prompt: Prompt) -> str:
        if "most likely" in prompt.user:
            return "A" if order_of(prompt.user)[0] == "smoke" else "B."
        return "yes" if 'Does "smoke"' in prompt.user else "no"

    backend = ScriptedBackend(speak)
    first = LanguageModelOracle(backend, wordings=["plain"], journal=tmp_path / "j")
    first.ask(Direction("smoke", "tar"))
    both = LanguageModelOracle(backend, direction=("choice", "words"), journal=tmp_path / "j")
    (found,) = both.ask(Direction("smoke", "tar"))
    assert contrasts(found) == {0: 2.0, 1: 2.0}
    assert len(backend.prompts) == 4  # the words were paid for before
    table = by_wording([found], both.wordings)
    assert table["wording"].tolist() == ["plain", "plain", "plain, by choice", "plain, by choice"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A", True), ("b.", False), ("(A)", True), ("**B**", False), ("Answer: A", True), ('{"answer": "b"}', False),
        ('A: "smoke" causes "tar"', True), ("The answer is B", False), ("C", "neither"), ("C: neither", "neither"),
        ("C: neither of the two", "neither"), ("A or B", None), ('A: "tar" causes "smoke"', None), ("yes", None),
        ("", None), ("Both", None), ("A. But B too", None),
        ("<think>B?</think>A", True),
    ],
)  # fmt: skip
def test_replies_by_letter_are_read_with_care(text: str, value: bool | str | None) -> None:
    oracle = LanguageModelOracle(ScriptedBackend(text), direction=["choice"])
    part = oracle.ask(Direction("smoke", "tar"))[0].parts[0]
    if value in (True, False):
        assert part.value is value
    else:
        assert part.value is None
        assert (part.reason == "neither") is (value == "neither")
    assert part.text == text


def test_a_choice_after_a_chain_of_thought() -> None:
    script = ScriptedBackend("Tar comes from smoke.\nAnswer: B")
    oracle = LanguageModelOracle(script, direction=["choice"], mode="reason")
    (found,) = oracle.ask(Direction("tar", "smoke"))
    assert [part.value for part in found.parts] == [False, False]
    assert found.value is None
    assert found.reason == "undecided"
    assert script.prompts[0].labels == ()


def test_forms_that_are_none_are_refused() -> None:
    for wrong in ((), ("letters",), ("words", "words")):
        with pytest.raises(InvalidParameter, match="each once"):
            LanguageModelOracle(ScriptedBackend("yes"), direction=wrong)
    with pytest.raises(InvalidParameter, match="how probable a given sentence"):
        LanguageModelOracle(ScriptedBackend("yes"), direction=["likelihood"])


class Scoring(ScriptedBackend):
    scores: ClassVar[bool] = True


def test_a_likelihood_compares_two_sentences_in_one_prompt() -> None:
    def score(prompt: Prompt) -> Reply:
        forth, back = prompt.labels
        return Reply(forth, {forth: -12.0, back: -14.5}, captured=1e-5)

    backend = Scoring(score)
    oracle = LanguageModelOracle(backend, direction=["likelihood"], wordings=["plain", "intervention"])
    (found,) = oracle.ask(Direction("tar", "smoke"))
    assert backend.prompts[0].labels == ('"smoke" causes "tar"', '"tar" causes "smoke"')
    assert backend.prompts[1].labels[0] == 'intervening on "smoke" changes "tar"'
    assert found.prompts == 2


# --- polarity -----------------------------------------------------------------------------------------


def opinions(prompt: Prompt, follows: float) -> Reply:
    """Of a model for which names further back in the alphabet are effects; ``follows`` is what a negation does."""
    found = re.search(r'Does "(\w)" cause "(\w)"|Is it false that "(\w)" causes "(\w)"', prompt.user)
    assert found is not None
    first, second = (found[1], found[2]) if found[1] else (found[3], found[4])
    odds = (ord(second) - ord(first)) * (1.0 if found[1] else follows)
    return Reply("yes" if odds > 0 else "no", {"yes": -math.log1p(math.exp(-odds)), "no": -math.log1p(math.exp(odds))})


def asked_both_ways(follows: float) -> tuple[list[Answer], ScriptedBackend]:
    backend = ScriptedBackend(lambda prompt: opinions(prompt, follows))
    oracle = LanguageModelOracle(backend, polarities=["positive", "negated"])
    answers = []
    for start in (0, 5, 10):  # as a loop does, some at a time
        answers += oracle.ask(all_questions("abcdef", "Direction")[start : start + 5])
    return answers, backend


def test_a_model_that_overlooks_negation_is_found_out_and_not_asked_that_way_again() -> None:
    with pytest.warns(NegationWarning, match=r"wording 'plain'.*10 pairs.*correlate -1.00") as warned:
        answers, backend = asked_both_ways(1.0)
    assert len(warned) == 1
    assert all(not part.negated for answer in answers for part in answer.parts)
    assert len(backend.prompts) == 10 * 4 + 5 * 2
    assert all((answer.log_odds or 0) > 0 for answer in answers)


def test_what_negation_showed_is_known_to_an_oracle_that_goes_on_after_those_answers() -> None:
    with pytest.warns(NegationWarning):
        answers, _ = asked_both_ways(1.0)
    later = ScriptedBackend(lambda prompt: opinions(prompt, 1.0))
    oracle = LanguageModelOracle(later, polarities=["positive", "negated"])
    with pytest.warns(NegationWarning):
        oracle.resume(Answer.from_dict(answer.to_dict()) for answer in answers)
    oracle.ask(Direction("a", "g"))
    assert len(later.prompts) == 2


def test_a_model_that_understands_negation_is_averaged_over_both() -> None:
    answers, backend = asked_both_ways(-0.5)
    assert len(backend.prompts) == 15 * 4
    assert all(len(answer.parts) == 4 for answer in answers)
    gap = {q: ord(q.b) - ord(q.a) for q in all_questions("abcdef", "Direction") if isinstance(q, Direction)}
    assert [a.log_odds for a in answers] == pytest.approx([1.5 * gap[a.question] for a in answers])
    assert negation(answers)[0].understood


@pytest.mark.parametrize(
    ("rho", "share", "low", "high"), [(0.0, 0.0, 0, 0.02), (0.0, 0.8, 0, 0.06), (0.8, 0.8, 0.8, 1)]
)
def test_unrelated_answers_seldom_pass_for_understood_and_related_ones_mostly_do(
    rho: float, share: float, low: float, high: float
) -> None:
    """Looked at with every answer, as a loop does: of 200 models with positions and errors of their own."""
    rng = np.random.default_rng(1)
    pairs = list(combinations("abcdefgh", 2))
    shown = 0
    for _ in range(200):
        three = []
        for _ in range(3):
            place = dict(zip("abcdefgh", math.sqrt(share / 2) * rng.normal(size=8), strict=True))
            three.append([place[a] - place[b] + math.sqrt(1 - share) * rng.normal() for a, b in pairs])
        said = []
        understood: bool | None = None
        for k in rng.permutation(len(pairs))[:20]:
            one, other = (math.sqrt(rho) * three[0][k] + math.sqrt(1 - rho) * three[n][k] for n in (1, 2))
            forth, back = Causes(*pairs[k]), Causes(*pairs[k][::-1])
            said += [Answer(forth, True, log_odds=one), Answer(back, True, log_odds=0.0)]
            said += [Answer(q, True, log_odds=x, negated=True) for q, x in ((forth, other), (back, 0.0))]
            if (understood := negation(said)[0].understood) is False:
                break
        shown += understood is True
    # the standard error of a share of 200 is .01 at .02, .017 at .06 and .028 at .8
    assert low <= shown / 200 <= high


def test_negated_questions_are_never_asked_without_the_others() -> None:
    backend = ScriptedBackend(lambda prompt: opinions(prompt, 1.0))
    (answer,) = LanguageModelOracle(backend, polarities=["negated"]).ask(Direction("a", "b"))
    assert len(backend.prompts) == 4
    assert answer.value is True


def test_what_was_left_out_is_paid_for_all_the_same() -> None:
    backend = ScriptedBackend(lambda prompt: replace(opinions(prompt, 1.0), tokens_in=3))
    oracle = LanguageModelOracle(backend, polarities=["positive", "negated"])
    (answer,) = oracle.ask(Direction("a", "b"))
    assert (len(answer.parts), answer.tokens_in) == (2, 12)


@pytest.mark.slow
def test_the_likelihood_of_sentences_is_that_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent.parent / "language"), *sys.path])
    from tiny_models import make_model, make_tokenizer

    from causalpp.language.backends._labels import LabelTokens
    from causalpp.language.backends.transformers import TransformersBackend

    torch.manual_seed(0)
    tokenizer = make_tokenizer(chat=False)
    model = make_model("gpt2", tokenizer, 512).eval()
    oracle = LanguageModelOracle(TransformersBackend((model, tokenizer), device="cpu"), direction=["likelihood"])
    question = Direction("smoke", "tar")
    prompt = oracle.prompt(question)
    text = tokenizer.encode(f"{prompt.system}\n\n{prompt.user}\n\nAnswer:")
    labels = LabelTokens(prompt.labels, lambda t: tokenizer.encode(t, add_special_tokens=False), tokenizer.decode)
    sums = dict.fromkeys(prompt.labels, 0.0)
    for sequence, label in labels.sequences.items():  # none begins with another: each is read from the start
        with torch.no_grad():
            logits = model(torch.tensor([[*text, *sequence]])).logits[0].double().log_softmax(-1)
        sums[label] += math.exp(sum(float(logits[len(text) + k - 1, token]) for k, token in enumerate(sequence)))
    odds = math.log(sums[prompt.labels[0]] / sums[prompt.labels[1]])
    (answer,) = oracle.ask(question)
    assert answer.parts[0].log_odds == pytest.approx(odds, abs=1e-4)
    assert answer.log_odds == pytest.approx(2 * odds, abs=2e-4)


def test_a_budget_that_ends_within_a_question_loses_nothing_that_was_paid_for(tmp_path: Path) -> None:
    def asked(budget: Budget) -> list[Answer]:
        script = ScriptedBackend(lambda prompt: opinions(prompt, 1.0))
        return LanguageModelOracle(script, budget=budget, journal=tmp_path / "j").ask(all_questions("abc", "Direction"))

    with pytest.raises(BudgetSpent) as stopped:
        asked(Budget(questions=3))  # one question and a half
    assert [answer.question for answer in stopped.value.answers] == [Direction("a", "b")]
    assert len(Journal(tmp_path / "j")) == 3
    rest = Budget()
    answers = asked(rest)
    assert (len(answers), rest.asked) == (3, 3)
    assert [answer.log_odds for answer in answers] == pytest.approx([2.0, 4.0, 2.0])


def test_a_part_that_failed_is_asked_again_and_the_others_are_not(tmp_path: Path) -> None:
    down = [True]

    def answer(prompt: Prompt) -> Reply:
        if down[0] and '"b" cause "a"' in prompt.user:
            raise Unanswered("timed out")
        return opinions(prompt, 1.0)

    backend = ScriptedBackend(answer)
    (first,) = LanguageModelOracle(backend, journal=tmp_path / "j").ask(Direction("a", "b"))
    assert (first.value, first.log_odds, first.failed) == (None, None, True)
    down[0] = False
    (second,) = LanguageModelOracle(backend, journal=tmp_path / "j").ask(Direction("a", "b"))
    assert second.log_odds == pytest.approx(2.0)
    assert sum('"a" cause "b"' in prompt.user for prompt in backend.prompts) == 1
