"""What the variables of a problem stand for: word lists, in an order in which earlier things may affect later ones.

A thing is said by its infinitive, "have a cough"; every form that a text needs is made of that.  Nothing that is known
of the things themselves answers a question: which affects which, and how, is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LETTERS", "STORIES", "Story", "letter_phrases", "phrases"]


@dataclass(frozen=True)
class Story:
    """A word list.

    Attributes:
        name: short.
        one: of whom it tells, with the article.
        many: in the plural.
        things: infinitives, causes before effects.

    Example:
        >>> STORIES["patients"].the
        'the patient'
    """

    name: str
    one: str
    many: str
    things: tuple[str, ...]

    @property
    def the(self) -> str:
        """Of whom it tells, with the definite article."""
        return f"the {self.one.split(' ', 1)[1]}"


#: The story of a text without a story.
LETTERS = Story("letters", "a unit", "units", ())

_ALL = (
    Story("people", "a person", "people", (
        "live by a busy road", "own a bicycle", "work at night", "keep a dog", "drink coffee in the evening",
        "walk to work", "sleep badly", "have back pain", "read before going to bed", "skip breakfast",
        "feel rested", "cook at home", "take a nap in the afternoon", "meet friends during the week",
        "be content with the week",
    )),
    Story("patients", "a patient", "patients", (
        "smoke", "exercise", "eat a lot of salt", "take the new drug", "have high blood pressure", "sleep well",
        "have a cough", "carry the virus", "have a fever", "take antibiotics", "stay in bed", "lose weight",
        "need a second visit", "recover within a week", "go back to work early",
    )),
    Story("schools", "a pupil", "pupils", (
        "go to a small school", "live far from school", "have a tutor", "borrow books from the library",
        "eat breakfast", "do the homework", "play in the school band", "learn in a group", "miss many lessons",
        "be tired in class", "ask questions", "pass the test", "finish the project", "win a prize",
        "choose the advanced course",
    )),
    Story("machines", "a machine", "machines", (
        "stand in the old hall", "run at high speed", "use the cheap oil", "have a worn bearing", "get inspected",
        "vibrate", "run hot", "draw too much current", "trip the fuse", "sound the alarm", "stop during the shift",
        "leave scratches", "exceed the tolerance", "need repairs", "be replaced within a year",
    )),
    Story("farms", "a field", "fields", (
        "lie on a slope", "get rain in April", "drain well", "be ploughed in autumn", "carry clover",
        "be sown early", "attract bees", "suffer from slugs", "be weeded by hand", "get extra water",
        "show yellow leaves", "ripen before August", "yield more than last year", "be cut twice",
        "bring in a profit",
    )),
    Story("nonsense", "a wug", "wugs", (
        "blick", "be dax", "have a toma", "glorp", "be fendle", "smeeb", "have a zavic", "trund", "be korpal",
        "quimble", "have a lorpin", "be wexy", "plonder", "have a brillick", "be mirrol", "snarfle",
    )),
)  # fmt: skip

#: Name → word list.
STORIES: Mapping[str, Story] = {story.name: story for story in _ALL}

_ENDINGS = ("s", "x", "z", "ch", "sh", "o")


def phrases(thing: str) -> dict[str, str]:
    """The forms of an infinitive that texts need.

    >>> phrases("have a cough")["1"], phrases("be dax")["0"], phrases("carry clover")["1"]
    ('has a cough', 'is not dax', 'carries clover')
    >>> phrases("smoke")["would0"], phrases("smoke")["make0"]
    ('would not smoke', 'not to smoke')
    """
    verb, _, rest = thing.partition(" ")
    tail = f" {rest}" * bool(rest)
    no = f"is not{tail}" if verb == "be" else f"does not {thing}"
    return {
        "1": _third_person(verb) + tail,
        "0": no,
        "would1": f"would {thing}",
        "would0": f"would not {thing}",
        "make1": f"to {thing}",
        "make0": f"not to {thing}",
    }


def letter_phrases(letter: str) -> dict[str, str]:
    """The same forms for a variable without a story.

    >>> letter_phrases("A")["1"], letter_phrases("A")["would0"]
    ('has A = 1', 'would have A = 0')
    """
    forms = {"": "has", "would": "would have", "make": "to have"}
    return {f"{form}{value}": f"{verb} {letter} = {value}" for form, verb in forms.items() for value in (1, 0)}


def _third_person(verb: str) -> str:
    if verb in ("be", "have"):
        return {"be": "is", "have": "has"}[verb]
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(_ENDINGS) else f"{verb}s"
