"""A checker of items that shares nothing with what makes them: plain Python over an item's plain values and its text.

An item is right if

- its program is one: a graph without cycles, with a probability for every state of every node's parents;
- each figure is what the program has, and each printed number of the text stands in a sentence about the variables of
  its figure, in their order; nothing else in the text is a number, and every edge is said;
- each step of the derivation starts from figures or from earlier steps, has the value that its expression has, and is
  an identity: it holds as well in a program with the same graph whose probabilities are drawn at random, so that what
  it says follows from the graph and the figures, whatever the rest is;
- the last step is the quantity, which has the same value by going through the exogenous variables, and the answer
  says whether it is beyond the threshold.

Of an item that leaves its question open, a second program is found that agrees with all figures and differs in the
quantity.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from causalpp.errors import InvalidData
from causalpp.tasks.caugym.checking.expressions import evaluate, terms
from causalpp.tasks.caugym.checking.measures import quantity
from causalpp.tasks.caugym.checking.worlds import Term, Worlds, number
from causalpp.tasks.caugym.item import CauGymItem

__all__ = ["check_item", "second_program"]

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
        if item.target.value["ANSWER"] == "insufficient":
            if item.target.value.get("PROB") is not None or item.derivation:
                raise InvalidData("it is said to be open, and has a value or a derivation")
            second_program(item)
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
    other = _redrawn(worlds, item.id)
    values: dict[str, Fraction] = {}
    steps = list(item.derivation)
    if len(steps) < 2 or steps[-1]["what"] != "ANSWER" or steps[-2]["what"] != item.quantity:
        raise InvalidData(f"the derivation does not end in {item.quantity} and the answer")
    here, elsewhere = _Named(worlds, item), _Named(other, item)
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
            for named in (here, elsewhere):
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
    """Compare the numbers and the phrases of the text with figures and edges.

    Raises:
        InvalidData: a figure or an edge that the text does not have, or a number that is no figure.
    """
    text, _, reply = item.prompt.partition("Reply with a JSON object")
    if not reply:
        raise InvalidData("the text does not say what a reply looks like")
    sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.?])\s+(?=[A-Z])", text)]
    numbers = [(sentence, found) for sentence in sentences for found in _PRINTED.findall(sentence)]
    stated = [(sentence, found) for sentence, found in numbers if not sentence.endswith("?")]
    asked = [found for sentence, found in numbers if sentence.endswith("?")]
    if [found for _, found in stated] != [figure.printed for figure in figures]:
        raise InvalidData(
            f"the text has the numbers {[found for _, found in stated]}, and the figures are "
            f"{[figure.printed for figure in figures]}"
        )
    if asked != [item.contrast["threshold"]]:
        raise InvalidData(f"the question has the numbers {asked} and not the threshold {item.contrast['threshold']}")
    for (sentence, found), figure in zip(stated, figures, strict=True):
        named = set(_named(item.names, sentence))
        if named != {*figure.event.items(), *figure.given.items()}:
            raise InvalidData(f"the sentence of {found} speaks of {sorted(named)}: {sentence!r}")
    pairs = [
        {node for node, _ in _named(item.names, sentence)} for sentence in sentences if not _PRINTED.search(sentence)
    ]
    for edge in item.program["edges"]:
        if set(edge) not in pairs:
            raise InvalidData(f"no sentence says that {edge[0]} affects {edge[1]}")


def _named(names: Mapping[str, Mapping[str, str]], sentence: str) -> Iterator[tuple[str, int]]:
    """The variables, with their values, that a sentence names; longer phrases hide those that they contain."""
    phrases = [(phrase, node, int(form[-1])) for node, forms in names.items() for form, phrase in forms.items()]
    for phrase, node, value in sorted(phrases, key=lambda found: -len(found[0])):
        pattern = rf"(?<!\w){re.escape(phrase)}(?!\w)"
        if re.search(pattern, sentence):
            sentence = re.sub(pattern, "#", sentence)
            yield node, value


# --- what is left open


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
    for node, k in places:
        for value in values:
            yield _with(worlds.tables, {(node, k): value})
    for first, second in combinations(places, 2):
        for one, two in ((first, second), (second, first)):
            for share in values:
                near = (worlds.tables[one[0]][one[1]] + share) / 2
                found = _balanced(worlds, figures, one, near, two)
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
