"""From the text of a word problem to what it says: every sentence is understood, or the text is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from causalpp.errors import FormatError, InvalidData
from causalpp.tasks.caugym.item import QUANTITIES
from causalpp.tasks.caugym.models import Figure
from causalpp.tasks.caugym.solving.forms import FORMS, OPENINGS
from causalpp.tasks.caugym.solving.told import Told
from causalpp.tasks.caugym.solving.words import Words

__all__ = ["read"]

_SLOT = re.compile(r"<(\w+)(?::([^<>]+))?>")
#: What may stand in a slot, where it is not any words.
_INSIDE = {
    "number": r"-?\d+(?:\.\d+)?%?|-?\d+/\d+",
    "sign": "[<>]",
    "would": "would .+?",
    "make": "(?:not )?to .+?",
}
#: How whom a text tells of may be called.
_CALLED = {"unit": r"an? \w+", "the": r"the \w+", "kind": r"\w+", "many": r"\w+"}
_MORE = ("greater", "over", "larger", "more", ">")


def read(text: str) -> Told:
    """What a word problem states and asks.

    Args:
        text: sentences in the forms of :mod:`~causalpp.tasks.caugym.solving.forms`, in any order after the first, which
            introduces the variables.

    Raises:
        FormatError: a sentence that is not understood, or can be understood in two ways; something that is missing, or
            said twice in different ways.
        InvalidData: a number that is no probability, or two numbers for one probability.
        CyclicGraph: what affects what goes round in a circle.

    Example:
        >>> told = read(
        ...     "In it, a patient either smokes or does not smoke and either has a cough or does not have a cough. "
        ...     "Whether a patient smokes has a direct effect on whether the patient has a cough. There are no other "
        ...     "direct effects, and there are no common causes that are not mentioned. Given that a patient smokes, "
        ...     "the probability that the patient has a cough is 0.7. Consider the average treatment effect (ATE): "
        ...     "the probability that a patient has a cough if the patient is made to smoke, minus this probability "
        ...     "if the patient is made not to smoke. Is the ATE greater than 0, and what is it?"
        ... )
        >>> told.edges, told.figures[0].name, told.quantity
        ((('smoke', 'have a cough'),), 'P(have a cough=1|smoke=1)', 'ATE')
    """
    sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.?])\s+(?=[A-Z0-9])", text.strip())]
    found = [words for words in map(_opening, sentences) if words is not None]
    if len(found) != 1:
        raise FormatError(
            f"a problem says once which variables there are, as in 'In it, a patient either smokes or ...'; this one "
            f"says it {len(found)} times"
        )
    return _Said(found[0], [sentence for sentence in sentences if _opening(sentence) is None]).told()


def _opening(sentence: str) -> Words | None:
    """The variables, if the sentence introduces them.

    Raises:
        FormatError: it does, and in no way that is understood.
    """
    for pattern, names, each in _openings():
        match = pattern.fullmatch(_lower(sentence))
        if not match:
            continue
        parts = [each.fullmatch(part) for part in re.split(r", and |, | and |; ", match["list"])]
        said = {**match.groupdict(), **{k: v for part in parts[:1] if part for k, v in part.groupdict().items()}}
        kind = next((said[name].split(" ", 1)[1] for name in ("unit", "the") if name in said), "")
        words = Words(kind, said.get("many", ""))
        for part in parts:
            if part is None or not all(words.is_called(name, part[name]) for name in names):
                raise FormatError(
                    f"{sentence[:200]!r} does not say of each variable what it is if it is 1 and if it is 0, as in "
                    f"'a patient either smokes or does not smoke, and ...': in one word whom it is about, and without "
                    f"commas and 'and' inside of a variable"
                )
            words.introduce(part["one"], part["zero"])
        return words
    return None


@cache
def _openings() -> tuple[tuple[re.Pattern[str], tuple[str, ...], re.Pattern[str]], ...]:
    """Each opening as a pattern, who is named in each variable of its list, and a pattern for these."""
    out = []
    for form, each in OPENINGS:
        names = tuple(name for name in _CALLED if f"<{name}>" in each)
        pattern, one = (re.sub(r"\\?<(\w+)\\?>", _group, re.escape(text)) for text in (form, each))
        out.append((re.compile(pattern), names, re.compile(one)))
    return tuple(out)


def _group(found: re.Match[str]) -> str:
    name = {"1": "one", "0": "zero"}.get(found[1], found[1])
    return f"(?P<{name}>{_CALLED.get(name, '.+?')})"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


class _Said:
    """What the sentences of a text say, one kind after the other."""

    def __init__(self, words: Words, sentences: list[str]) -> None:
        self._words = words
        self._facts: dict[str, list[dict[str, Any]]] = {}
        for sentence in sentences:
            kind, values = self._understood(sentence)
            self._facts.setdefault(kind, []).append(values)

    def _understood(self, sentence: str) -> tuple[str, dict[str, Any]]:
        """What one sentence says.

        Raises:
            FormatError: nothing that is understood, or two things.
        """
        found: list[tuple[str, dict[str, Any]]] = []
        for kind, pattern, slots in _patterns():
            match = pattern.fullmatch(_lower(sentence))
            values = match and self._values(slots, match.groups())
            if values is not None and (kind, values) not in found:
                found.append((kind, values))
        if len(found) != 1:
            what = "is not understood" if not found else "can be understood in two ways"
            raise FormatError(f"the sentence {sentence[:200]!r} {what}")
        return found[0]

    def _values(self, slots: tuple[tuple[str, str], ...], parts: tuple[str, ...]) -> dict[str, Any] | None:
        """What stands in the slots of a form; None if something else than may stand there, or two things in one."""
        out: dict[str, Any] = {}
        for (name, kind), part in zip(slots, parts, strict=True):
            value = self._value(name, kind, part)
            if value is None or out.setdefault(name, value) != value:
                return None
        return out

    def _value(self, name: str, kind: str, part: str) -> Any:
        words = self._words
        if name in _CALLED:
            return words.is_called(name, part) or None
        if kind == "whether":
            return words.whether(part)
        if kind == "whether1":
            return (words.whether(part) or (None,))[0]
        if kind in ("are", "makes"):
            return words.several(part, {"are": "is", "makes": "make"}[kind])
        if kind in ("number", "sign") or "|" in kind:
            return part
        found = words.one(part, kind[:-1])
        return found[0] if found is not None and found[1] == int(kind[-1]) else None

    def told(self) -> Told:
        """All of it together.

        Raises:
            FormatError, InvalidData, CyclicGraph: see :func:`read`.
        """
        kind, asked = self._one(*_QUANTITIES, what="what is asked for")
        kind, *more = kind.split("/")
        _, question = self._one("question", what="a question")
        for fact in (
            "world",
            "number",
            "reply",
            "open",
            "closing",
            "group",
            "monotone",
            "not monotone",
            "bound",
            "value",
        ):
            if len(self._facts.get(fact, ())) > 1:
                raise FormatError(f"the text says twice what it says once ({fact})")
        if "closing" not in self._facts:
            raise FormatError("the text does not say that there are no other effects and no other common causes")
        edges = tuple(dict.fromkeys((fact["x"], fact["y"]) for fact in self._facts.get("edge", ())))
        treatment, outcome = asked["x"], asked["y"]
        self._check_group(kind, treatment, outcome, said="group" in more)
        if question.get("q", kind) != kind:
            raise FormatError(f"the text explains the {kind} and asks for the {question['q']}")
        return Told(
            tuple(self._words.nodes),
            edges,
            tuple(self._figures()),
            kind,
            treatment,
            outcome,
            mediators=asked.get("m", ()),
            fixed=dict(asked.get("h", ())),
            bound=self._bound(kind, asked, question, monotone="monotone" in more),
            asked="above" if question["c"] in _MORE else "below",
            threshold=_number(question["t"]),
        )

    def _one(self, *kinds: str, what: str) -> tuple[str, dict[str, Any]]:
        """The one sentence that is of one of these kinds."""
        found = [(kind, fact) for kind in kinds for fact in self._facts.get(kind, ())]
        if len(found) != 1:
            raise FormatError(f"the text needs one sentence that says {what}, and has {len(found)}")
        return found[0]

    def _check_group(self, kind: str, treatment: str, outcome: str, *, said: bool) -> None:
        """Whether who is asked about is who the quantity is about, where a sentence of its own says it."""
        value = {"ETT": 1, "PN": 1, "PS": 0}.get(kind)
        meant = {(treatment, value)} if kind == "ETT" else {(treatment, value), (outcome, value)}
        facts = self._facts.get("group", ())
        if said != bool(facts) or any(set(fact["g"]) != meant for fact in facts):
            raise FormatError(f"the text does not say, or says of others than the {kind} is about, whom it asks about")

    def _bound(self, kind: str, asked: Mapping[str, Any], question: Mapping[str, Any], *, monotone: bool) -> str:
        """Which number is meant of a probability of causation."""
        has = {name: self._facts.get(name, ()) for name in ("monotone", "not monotone", "bound", "value")}
        about = [asked, *has["monotone"], *has["bound"]]
        if any((fact["x"], fact["y"]) != (asked["x"], asked["y"]) for fact in about):
            raise FormatError(f"the text asks of {asked['x']!r} and {asked['y']!r}, and explains the number for others")
        bounds = [{"least": "lower", "most": "upper"}.get(fact["b"], fact["b"]) for fact in about if "b" in fact]
        bounds += ["monotone"] * (bool(has["monotone"]) + monotone)
        unfit = bool(has["value"]) > bool(has["monotone"]) or bool(has["not monotone"]) > bool(has["bound"])
        if unfit or len(bounds) != (kind in ("PN", "PS")) or question.get("b", *bounds[:1] or [""]) != "".join(bounds):
            raise FormatError(
                "a probability of necessity or sufficiency has a lower bound, an upper bound, and a value if "
                "monotonicity is assumed: the text does not say of it, and of nothing else, which one is asked for"
            )
        return "".join(bounds)

    def _figures(self) -> Iterator[Figure]:
        seen: dict[tuple[Any, Any], Fraction] = {}
        for fact in self._facts.get("figure", ()):
            figure = Figure(fact["e"], fact.get("g", ()), fact["p"])
            value = _number(figure.value)
            key = (frozenset(figure.variables), frozenset(figure.given))
            if seen.setdefault(key, value) != value:
                raise InvalidData(f"the figures contradict each other: {figure.name} is said to be two numbers")
            yield figure


_QUANTITIES = tuple(kind for kind in FORMS if kind.split("/")[0] in QUANTITIES)


def _number(text: str) -> Fraction:
    try:
        return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ZeroDivisionError:
        raise FormatError(f"{text!r} is no number") from None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], tuple[tuple[str, str], ...]], ...]:
    """Each form as what it says, a pattern with a group for each slot, and the slots."""
    return tuple((kind, *_pattern(form)) for kind, forms in FORMS.items() for form in forms)


def _pattern(form: str) -> tuple[re.Pattern[str], tuple[tuple[str, str], ...]]:
    slots = tuple((found[1], found[2] or "") for found in _SLOT.finditer(form))
    pieces = iter(re.escape(piece) for piece in _SLOT.split(form)[::3])
    out = next(pieces)
    for (name, kind), piece in zip(slots, pieces, strict=True):
        inside = _CALLED.get(name) or _INSIDE.get(kind.rstrip("01s"))
        inside = inside or (kind if "|" in kind else ".+?")
        out += f"({inside}){piece}"
    return re.compile(out), slots
