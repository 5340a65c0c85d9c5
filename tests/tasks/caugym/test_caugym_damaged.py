"""Damaged texts are refused: the reader says what is wrong, and guesses nothing."""

import re
from dataclasses import replace

from causalpp.benchmarks.solvers import make_solver
from causalpp.errors import CausalppError
from causalpp.tasks import caugym

ITEMS = list(caugym.generate(28, seed=21))
EACH = 8  # texts for each damage


def _swap(pattern, replacement, count=1):
    """A damage that replaces what a pattern finds."""
    return lambda text: re.sub(pattern, replacement, text, count=count, flags=re.DOTALL)


def _after(pattern, sentence):
    """A damage that says something more behind what a pattern finds."""
    return lambda text: re.sub(f"({pattern})", rf"\1 {sentence}", text, count=1, flags=re.DOTALL)


_EDGE = r"Whether (an? \w+) ([^.]*?) has a direct effect on whether (the \w+) ([^.]*?)\."
_FIGURE = r"(?:Given that [^.]*?, the|The) probability that [^.]*? is \d[\d.]*%?\."
_LAST = r"(?<= is )\d[\d.]*%?(?=\.)"

#: What is done → how; a text that it leaves as it is has nothing of the kind.
DAMAGES = {
    "a verb is missing": _swap(" has a direct effect on ", " on "),
    "an effect is denied": _swap("has a direct effect", "has no direct effect"),
    "an effect is doubtful": _swap("has a direct effect", "may have a direct effect"),
    "an effect goes both ways": _after(_EDGE, r"Whether \2 \5 has a direct effect on whether \4 \3."),
    "an effect of a variable on itself": _after(_EDGE, r"Whether \2 \5 has a direct effect on whether \4 \5."),
    "an effect on nothing": _swap(r" has a direct effect on whether the \w+ [^.]*\.", " has a direct effect."),
    "it is not said that this is all": _swap(r"There are no other direct effects[^.]*\. ?", ""),
    "it is said that this is not all": _swap("There are no other direct effects", "There are other direct effects"),
    "no variables": _swap(r"In it, [^.]*\.", ""),
    "variables twice": _swap(r"(In it, [^.]*\.)", r"\1 \1"),
    "a variable twice": _swap(r"(either [^,.]*? or [^,.]*?)(, (?:and )?either)", r"\1, \1\2"),
    "two sides of two variables": _swap(
        r"(either [^,.]*? or )[^,.]*?(, (?:and )?either [^,.]*? or ([^,.]*?)[,.])", r"\1\3\2"
    ),
    "one side": _swap(r"(either [^,.]*?) or [^,.]*?([,.])", r"\1\2"),
    "others than are introduced": _swap(r"(?<=probability that )(?:an?|the) \w+", "a stranger"),
    "a variable that is not introduced": _swap(r"(Given that an? \w+) [^.]*?, the", r"\1 flies to the moon, the"),
    "a letter out of place": _swap("(?<=[Tt]he )probability(?= that an? )", "probabilty"),
    "above one": _swap(_LAST, "1.2"),
    "above a hundred": _swap(_LAST, "130%"),
    "below zero": _swap(_LAST, "-0.3"),
    "no number": _swap(_LAST, "high"),
    "about a number": _swap(_LAST, "about 0.5"),
    "two percent signs": _swap(_LAST, "37%%"),
    "a number without digits": _swap(r" is \d[\d.]*%?(?=\.)", " is"),
    "two numbers for one thing": lambda text: _doubled(text, "0.0123"),
    "of itself": lambda text: _of_itself(text),
    "no question": _swap(r" Is (?:the|this) [^?]*\?", ""),
    "two questions": _swap(r"( Is (?:the|this) [^?]*\?)", r"\1\1"),
    "another question": _swap(r"Is the (\w+) (greater|less)", "Is the capital greater"),
    "a question without a number": _swap(r"(greater|less) than -?[\d.]+", r"\1 than usual"),
    "two quantities": _swap(r"(Consider [^.]*\.)", r"\1 \1"),
    "no quantity": _swap(r"Consider [^.]*\.", ""),
    "the same case twice": lambda text: text.replace("made not to ", "made to ").replace(" = 0,", " = 1,"),
    "half of a denial": _swap("made not to ", "made not not to "),
    "a sentence more": _after(_FIGURE, "The weather was fine."),
    "cut off": lambda text: text[: text.index("Reply with") - 25],
    "cut off in the middle": lambda text: text[: len(text) // 2],
    "nothing": lambda text: "",
}


def _doubled(text, number):
    found = re.search(_FIGURE, text)
    return text.replace(found[0], f"{found[0]} {re.sub(_LAST, number, found[0])}", 1) if found else text


def _of_itself(text):
    found = re.search(r"Given that (an? (\w+)) ([^,.]*?)(?: and [^.]*?)?, the probability that", text)
    more = found and f"Given that {found[1]} {found[3]}, the probability that the {found[2]} {found[3]} is 0.5."
    return f"{text} {more}" if found else text


def _damaged():
    """What was done, and the text that came of it."""
    prompts = [item.prompt for item in ITEMS]
    for what, damage in DAMAGES.items():
        yield from [(what, text) for text in map(damage, prompts) if text not in prompts][::5][:EACH]


def _answer(text):
    """The reply to a text; None if it is refused."""
    try:
        return caugym.decide(caugym.read(text)).reply
    except CausalppError:
        return None


def test_at_least_two_hundred_damaged_texts_are_refused():
    cases = list(_damaged())
    assert len({text for _, text in cases}) >= 200
    assert {what for what, _ in cases} == set(DAMAGES)
    assert [(what, text) for what, text in cases if _answer(text) is not None] == []


def test_a_damaged_text_has_no_answer_and_a_reason():
    solver = make_solver("symbolic")
    for what, kind in (
        ("an effect goes both ways", "CyclicGraph"),
        ("above one", "InvalidData"),
        ("nothing", "FormatError"),
    ):
        item = ITEMS[0]
        solution = solver.solve(replace(item, prompt=DAMAGES[what](item.prompt)).blind())
        assert (solution.answer, solution.reason) == (None, kind)
