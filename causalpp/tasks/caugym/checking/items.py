"""A checker of items that shares nothing with what makes them: plain Python over an item's plain values and its text.

An item is right if

- its program is one: a graph without cycles, with a probability for every state of every node's parents;
- each figure is what the program has, and each printed number of the text stands in a sentence about the variables of
  its figure, in their order; nothing else in the text is a number, and every edge is said;
- each step of the derivation starts from figures or from earlier steps, has the value that its expression has, and is
  an identity: it holds as well in a program with the same graph whose probabilities are drawn at random, so that what
  it says follows from the graph and the figures, whatever the rest is;
- the last step is the quantity, which has the same value by going through the exogenous variables, and the answer
  says whether it is beyond the threshold;
- the text names the quantity and the bound, and where monotonicity is assumed, nobody in the program is harmed.

Of an item that leaves its question open, a second program is found that agrees with all figures and differs in the
quantity; the programs that it shows itself for that do so, too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Any

from causalpp.errors import InvalidData
from causalpp.tasks.caugym.checking.expressions import evaluate, terms
from causalpp.tasks.caugym.checking.measures import quantity
from causalpp.tasks.caugym.checking.worlds import Term, Worlds, number
from causalpp.tasks.caugym.item import CauGymItem

__all__ = ["check_item", "second_program"]

_REDRAWN = 8  # programs with other numbers
_PRINTED = re.compile(r"(?<![\w.=-])(?<!= )-?\d+(?:\.\d+)?%?(?!\w)")


def check_item(item: CauGymItem) -> None:
    """Check everything that an item says of itself.

    Raises:
        InvalidData: something is wrong; the message says what.

    Example:
        >>> from causalpp.tasks import caugym
        >>> for item in caugym.generate(7, seed=0):
        ...     check_item(item)
    """
    try:
        worlds = Worlds.of(item.program)
        figures = [_Figure(figure) for figure in item.figures]
        for figure in figures:
            figure.check(worlds)
        _check_text(item, figures)
        _check_asked(item)
        _check_monotone(item, worlds)
        if item.target.value["ANSWER"] == "insufficient":
            if item.target.value.get("PROB") is not None or item.derivation:
                raise InvalidData("it is said to be open, and has a value or a derivation")
            second_program(item)
            _check_witnesses(item, worlds, figures)
            return
        value = _check_steps(item, worlds, figures)
        if number(item.target.value["PROB"]) != value:
            raise InvalidData(f"the answer is {item.target.value['PROB']}, and the derivation leads to {value}")
        if item.target.value["ANSWER"] != _answer(item.contrast, value):
            raise InvalidData(f"{item.quantity} is {value}, and the answer is {item.target.value['ANSWER']!r}")
    except KeyError as error:
        raise InvalidData(f"the item {item.id!r} lacks {error}") from None
    except InvalidData as error:
        raise InvalidData(f"the item {item.id!r}: {error}") from None
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InvalidData(f"the item {item.id!r} is not of the form that items have: {error}") from None


def _answer(contrast: Mapping[str, Any], value: Fraction) -> str:
    threshold = number(contrast["threshold"])
    return "yes" if (value > threshold if contrast["asked"] == "above" else value < threshold) else "no"


class _Figure:
    def __init__(self, plain: Mapping[str, Any]) -> None:
        self.event, self.given = dict(plain["variables"]), dict(plain["given"])
        self.printed, self.value = plain["value"], number(plain["value"])
        if not 0 <= self.value <= 1:
            raise InvalidData(f"the figure {plain['value']} is no probability")

    @property
    def sides(self) -> tuple[list[Term], list[Term]]:
        event, given = ([(n, frozenset[Any](), v) for n, v in side.items()] for side in (self.event, self.given))
        return event, given

    def check(self, worlds: Worlds) -> None:
        found = worlds.probability(*self.sides)
        if found != self.value:
            raise InvalidData(f"P({self.event} | {self.given}) is {found}, and {self.printed} is stated")

    def is_said(self, event: Sequence[Term], given: Sequence[Term]) -> bool:
        plain = [{(node, value) for node, world, value in side if not world} for side in (event, given)]
        whole = len(event) == len(self.event) and len(given) == len(self.given)
        return whole and plain == [set(self.event.items()), set(self.given.items())]


# --- the derivation


def _check_steps(item: CauGymItem, worlds: Worlds, figures: Sequence[_Figure]) -> Fraction:
    """The value that the derivation leads to.

    Raises:
        InvalidData: a step is wrong.
    """
    redrawn = [_Named(_redrawn(worlds, f"{item.id} {k}"), item) for k in range(_REDRAWN)]
    values: dict[str, Fraction] = {}
    steps = list(item.derivation)
    if len(steps) < 2 or steps[-1]["what"] != "ANSWER" or steps[-2]["what"] != item.quantity:
        raise InvalidData(f"the derivation does not end in {item.quantity} and the answer")
    here = _Named(worlds, item)
    for step in steps[:-1]:
        what, how, value = step["what"], step["how"], number(step["value"])
        if how == "stated":
            event, given = terms(what)
            if not any(figure.is_said(event, given) and figure.value == value for figure in figures):
                raise InvalidData(f"{what} = {value} is said to be stated, and is not")
        else:
            if evaluate(how, values.__getitem__) != value:
                raise InvalidData(
                    f"{what} is said to be {how} = {value}, and this is {evaluate(how, values.__getitem__)}"
                )
            # A bound is 0 or 1 in many programs, whatever the formula says: it is looked at in more of them.
            for named in (here, *redrawn[: _REDRAWN if what == item.quantity and item.bound else 1]):
                if evaluate(how, named) != named(what):
                    raise InvalidData(f"{what} = {how} does not hold in every program with this graph")
        if here(what) != value:
            raise InvalidData(f"{what} is {here(what)} by going through the worlds, and not {value}")
        values[what] = value
    last = steps[-1]
    if last["value"] != _answer(item.contrast, values[item.quantity]):
        raise InvalidData(f"the derivation ends in {last['value']!r} for {last['how']}")
    return values[item.quantity]


class _Named:
    """What a step's name stands for in a program, by going through the exogenous variables."""

    def __init__(self, worlds: Worlds, item: CauGymItem) -> None:
        self._worlds, self._item, self._known = worlds, item, dict[str, Fraction]()

    def __call__(self, name: str) -> Fraction:
        if name not in self._known:
            if name == self._item.quantity:
                found = quantity(self._worlds, name, self._item.bound, self._item.contrast)
            else:
                found = self._worlds.probability(*terms(name))
            self._known[name] = found
        return self._known[name]


def _redrawn(worlds: Worlds, seed: str) -> Worlds:
    """Another program with the same graph."""
    source = random.Random(seed)
    tables = {node: [Fraction(source.randrange(1, 997), 997) for _ in rows] for node, rows in worlds.tables.items()}
    return Worlds(worlds.parents, tables)


# --- the text


def _check_text(item: CauGymItem, figures: Sequence[_Figure]) -> None:
    """Compare the numbers and the phrases of the text with figures, threshold and edges.

    Raises:
        InvalidData: a figure or an edge that the text does not have, or a number that is none of these.
    """
    text, _, reply = item.prompt.partition("Reply with a JSON object")
    if not reply:
        raise InvalidData("the text does not say what a reply looks like")
    sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.?])\s+(?=[A-Z0-9])", text)]
    if item.set == "redundant":
        sentences = [sentence for sentence in sentences if not _REMARK.match(sentence)]
    numbers = [(sentence, found) for sentence in sentences for found in _PRINTED.findall(sentence)]
    stated = [(sentence, found) for sentence, found in numbers if not _ASKED.search(sentence)]
    asked = [_ASKED.search(sentence) for sentence, _ in numbers if _ASKED.search(sentence)]
    if [found for _, found in stated] != [figure.printed for figure in figures]:
        shown = [found for _, found in stated], [figure.printed for figure in figures]
        raise InvalidData(f"the text has the numbers {shown[0]}, and the figures are {shown[1]}")
    sides = [(found[1] in _ABOVE, found[2]) for found in asked if found]
    if sides != [(item.contrast["asked"] == "above", item.contrast["threshold"])]:
        raise InvalidData(
            f"the question does not ask whether it is {item.contrast['asked']} {item.contrast['threshold']}"
        )
    for (sentence, found), figure in zip(stated, figures, strict=True):
        named = [pair for _, pair in _named(item.names, sentence)]
        if set(named) != {*figure.event.items(), *figure.given.items()} or len(named) > len(set(named)):
            raise InvalidData(f"the sentence of {found} speaks of {sorted(named)}: {sentence!r}")
    _check_edges(item, [sentence for sentence in sentences if not _PRINTED.search(sentence)])


#: Sentences of the redundant set that have numbers, or speak of variables, and bear on nothing.
_REMARK = re.compile(
    r"The figures were taken down over|It takes \d+ minutes to|Whether .* was noted down by|In another world, which "
    r"has nothing to do with this one,|A newspaper once wrote|On \S+ of the days on which the figures were taken down"
)
#: What is asked of the value, and the threshold.
_ASKED = re.compile(
    r"(\b(?:(?:greater|less|larger|smaller|more) than|over|under)|[<>]) (-?\d+(?:\.\d+)?)"
    r"(?=,? (?:and what|and state)|[.?])"
)
_ABOVE = ("greater than", "over", "larger than", "more than", ">")


def _check_edges(item: CauGymItem, sentences: Sequence[str]) -> None:
    """Compare what the text says affects what directly with the edges of the program.

    Raises:
        InvalidData: they are not the same.
    """
    said: list[tuple[str, str]] = []
    for sentence in sentences:
        named = sorted(_named(item.names, sentence))  # in the order of the sentence
        if _EDGE.search(sentence) and len(named) == 2:
            (_, (first, _)), (_, (second, _)) = named
            said.append((second, first) if _EFFECT_FIRST.search(sentence) else (first, second))
    if sorted(said) != sorted((str(a), str(b)) for a, b in item.program["edges"]):
        raise InvalidData(f"the text says that there are the edges {sorted(said)}, not those of the program")


_EDGE = re.compile(r"direct effect(?! \()|directly on|direct causes", re.IGNORECASE)
_EFFECT_FIRST = re.compile(r"depends directly on|[Aa]mong the direct causes of")


def _named(names: Mapping[str, Mapping[str, str]], sentence: str) -> Iterator[tuple[int, tuple[str, int]]]:
    """Where a sentence names which variable with which value; longer phrases hide those that they contain."""
    phrases = {(phrase, node, int(form[-1])) for node, forms in names.items() for form, phrase in forms.items()}
    for phrase, node, value in sorted(phrases, key=lambda found: -len(found[0])):
        pattern = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
        for found in pattern.finditer(sentence):
            yield found.start(), (node, value)
        sentence = pattern.sub("#" * len(phrase), sentence)


def _check_asked(item: CauGymItem) -> None:
    """Compare what the text names as asked for with the item's quantity, bound and set.

    Raises:
        InvalidData: they do not go together.
    """
    if bool(item.bound) != (item.quantity in ("PN", "PS")):
        raise InvalidData(f"{item.quantity} has the bound {item.bound!r}")
    if item.set and (item.set == "insufficient") != (item.target.value["ANSWER"] == "insufficient"):
        raise InvalidData(f"it is of the set {item.set!r}, and the answer is {item.target.value['ANSWER']!r}")
    labels = set(_LABEL.findall(item.prompt))
    if labels != (set() if item.set == "omitted" else {item.quantity}):
        raise InvalidData(f"it is about {item.quantity}, and its text names {', '.join(sorted(labels)) or 'nothing'}")
    bounds = {bound for bound, pattern in _BOUND.items() if pattern.search(item.prompt)}
    if bounds != {item.bound} & set(_BOUND):
        raise InvalidData(
            f"the bound is {item.bound!r}, and its text asks for {' and '.join(sorted(bounds)) or 'none'}"
        )


_LABEL = re.compile(r"\((ATE|CDE|ETT|NDE|NIE|PN|PS)\)")
_BOUND = {
    "lower": re.compile(r"\blower bound\b|\bprobable is it at least\b"),
    "upper": re.compile(r"\bupper bound\b|\bprobable is it at most\b"),
}


def _check_monotone(item: CauGymItem, worlds: Worlds) -> None:
    """Where the treatment is said never to prevent the outcome, see to it that it does so to nobody.

    Raises:
        InvalidData: it does to some.
    """
    if item.bound == "monotone":
        x, y = item.contrast["treatment"], item.contrast["outcome"]
        harmed = worlds.probability([(y, frozenset({(x, 0)}), 1), (y, frozenset({(x, 1)}), 0)])
        if harmed:
            raise InvalidData(f"monotonicity is assumed, and {x} prevents {y} with probability {harmed}")


# --- what is left open


def _check_witnesses(item: CauGymItem, worlds: Worlds, figures: Sequence[_Figure]) -> None:
    """Look at the programs by which an item shows itself that its question is open, if it has any.

    Raises:
        InvalidData: one has another graph, other figures or another value than it says, or they do not differ.
    """
    shown = item.about.get("witnesses", ())
    for witness in shown:
        other = Worlds.of(witness["program"])
        if {node: set(above) for node, above in other.parents.items()} != {
            node: set(above) for node, above in worlds.parents.items()
        }:
            raise InvalidData("a program that shows the question to be open has another graph")
        for figure in figures:
            figure.check(other)
        _check_monotone(item, other)
        found = quantity(other, item.quantity, item.bound, item.contrast)
        if found != number(witness["value"]):
            raise InvalidData(f"in a program that shows the question to be open {witness['value']} is {found}")
    if shown and len({number(witness["value"]) for witness in shown}) < 2:
        raise InvalidData("the programs that are to show the question to be open have one value")


def second_program(item: CauGymItem) -> dict[str, list[Fraction]]:
    """Tables that agree with all figures of an item, and in which its quantity has another value than in its program.

    One or two places of the tables are changed, so that the figures that they affect are met again.

    Raises:
        InvalidData: none was found.
    """
    worlds = Worlds.of(item.program)
    figures = [_Figure(figure) for figure in item.figures]
    here = quantity(worlds, item.quantity, item.bound, item.contrast)
    for tables in _changed(worlds, figures):
        other = Worlds(worlds.parents, tables)
        try:
            agrees = all(other.probability(*figure.sides) == figure.value for figure in figures)
            if agrees and quantity(other, item.quantity, item.bound, item.contrast) != here:
                return tables
        except InvalidData:  # a program in which it is not defined says nothing
            continue
    raise InvalidData("no second program was found that agrees with the figures and differs in the quantity")


def _changed(worlds: Worlds, figures: Sequence[_Figure]) -> Iterator[dict[str, list[Fraction]]]:
    places = [(node, k) for node, rows in worlds.tables.items() for k in range(len(rows))]
    values = [Fraction(1, 100), Fraction(99, 100), Fraction(1, 3), Fraction(2, 3)]
    spoilt: dict[tuple[str, int], list[_Figure]] = {}
    for place in places:
        moved = Worlds(worlds.parents, _with(worlds.tables, {place: (worlds.tables[place[0]][place[1]] + 1) / 3}))
        spoilt[place] = [figure for figure in figures if moved.probability(*figure.sides) != figure.value]
        if not spoilt[place]:
            yield from (_with(worlds.tables, {place: value}) for value in values)
    for one, two in permutations(places, 2):
        if len(spoilt[one]) == 1 and spoilt[one] == spoilt[two]:  # what one spoils the other can mend
            for value in values:
                near = (worlds.tables[one[0]][one[1]] + value) / 2
                found = _balanced(worlds, spoilt[one], one, near, two)
                if found is not None:
                    yield _with(worlds.tables, {one: near, two: found})


def _balanced(
    worlds: Worlds, figures: Sequence[_Figure], moved: tuple[str, int], to: Fraction, other: tuple[str, int]
) -> Fraction | None:
    """What another place has to be, so that a figure is met after one was moved: it is linear in each place."""
    for figure in figures:
        event, given = figure.sides
        off = []
        for end in (Fraction(0), Fraction(1)):
            at = Worlds(worlds.parents, _with(worlds.tables, {moved: to, other: end}))
            off.append(at.probability([*event, *given]) - figure.value * (at.probability(given) if given else 1))
        if off[0] != off[1]:
            found = off[0] / (off[0] - off[1])
            return found if 0 <= found <= 1 else None
    return None


def _with(
    tables: Mapping[str, Sequence[Fraction]], changes: Mapping[tuple[str, int], Fraction]
) -> dict[str, list[Fraction]]:
    return {node: [changes.get((node, k), p) for k, p in enumerate(rows)] for node, rows in tables.items()}
