"""Reading the published texts: graph, figures and question out of the sentences of the published templates.

Every sentence has to be understood; a text of which one is not is refused, never guessed at.  The texts of the
published sets *rephrased* and *omitted* were written by a language model and follow no template: they are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from causalpp.errors import FormatError, InvalidGraph
from causalpp.graphs import Dag

__all__ = ["Event", "PublishedProblem", "Question", "Stated", "read_problem"]

#: Variable → 0 or 1.  Which of its two states is which is settled by the letters of the text, or by their order in it.
Event: TypeAlias = "frozenset[tuple[str, int]]"

_WORLD = (
    r"imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
    r"factors or causal relationships:"
)
_TEXT = re.compile(
    rf"\s*(?:Input Info:)?\s*{_WORLD}(?P<edges>.*?)\n(?P<figures>.*?)\n?\s*Instruction:\s*Consider the "
    r"(?P<long>[a-z ]+) \((?P<short>[A-Z]{2,3})\) of (?P<pair>.+?)\.\s*\nQuestion:\s*(?P<question>.+?\?)\s*"
    r"\n?Provide the calculation result.*",
    re.IGNORECASE | re.DOTALL,
)
_EDGE = re.compile(r"\s*(?P<cause>.+?) has a direct effect on (?P<effect>.+?)\.(?=\s*[A-Z]|\s*$|\s*[a-z][\w ]* has a )")
_NEXT = re.compile(r"\.\s*[A-Z]| is [-+\d.]")  # that a sentence ends, and another begins
_FIGURE = re.compile(
    r"\s*(?:For those with (?P<given>.+?), the|The) probability of (?P<event>.+?) is "
    r"(?P<value>[-+]?[\d.]*\d)\.?(?=\s|$)",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?P<state>.+?)\s*\([a-z]=(?P<value>[01])\)")  # in lower case, as the whole text is read
#: Quantity → its question.  Causes are <x>, outcomes <y>, states {…}, and conditions [m].
_QUESTIONS = {
    "ATE": r"If <x> is changed to be {treated}, will <y> be more likely to be {asked}\?",
    "ETT": r"For those with <x> being {actual}, if their <x> had been {treated}, would (?:the )?<y> have been more "
    r"likely to be {asked}\?",
    "CDE": r"Conditioned on (?P<held>.+), if (?:the )?<x> had been {treated}, would (?:the )?<y> have been more likely "
    r"to be {asked}\?",
    "NDE": r"Suppose the mediator keeps constant when <x> is changed to be {treated}, would (?:the )?<y> have been "
    r"more likely to be {asked}\?",
    "NIE": r"Suppose <x> is held constant and the mediator changes to whatever value it would have attained under <x> "
    r"changing to be {treated}, would (?:the )?<y> have been more likely to be {asked}\?",
    "PN": r"Given that <x> was {actual} and <y> was {happened}, what is the (?P<bound>lower|upper) bound of the "
    r"probability (?:of|that) (?:the )?<y> would have been {asked} if (?:the )?<x> had been {treated}\?",
    "PS": r"Given that <x> was {actual} and <y> was {happened}, what is the (?P<bound>lower|upper) bound of the "
    r"probability (?:of|that) (?:the )?<y> would have been {asked} if (?:the )?<x> had been {treated}\?",
}


@dataclass(frozen=True)
class Stated:
    """A figure: the probability of an event given another, as it is printed.

    Attributes:
        event, given: variable → 0 or 1.
        value: as printed.
        digits: how many stand after the point.
    """

    event: Event
    given: Event
    value: Fraction
    digits: int


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        quantity: ATE, CDE, ETT, NDE, NIE, PN or PS.
        treatment, outcome: the variables.
        treated: the state that the treatment is changed to.
        asked: the state of the outcome that is asked about.
        held: the mediators that a CDE holds, with their states.
        bound: of PN and PS, lower or upper.
    """

    quantity: str
    treatment: str
    outcome: str
    treated: int
    asked: int
    held: Event = frozenset()
    bound: str = ""


@dataclass(frozen=True)
class PublishedProblem:
    """A text that was read.

    Attributes:
        graph: what has a direct effect on what.
        figures: as stated, in order.
        question: what is asked.
        states: variable → its states as the text names them, in the order of 0 and 1; one it does not name is "".
    """

    graph: Dag
    figures: tuple[Stated, ...]
    question: Question
    states: Mapping[str, Sequence[str]]


def read_problem(text: str) -> PublishedProblem:
    """A problem in the words of the published templates.

    Args:
        text: with "Input Info", "Instruction" and "Question".

    Raises:
        FormatError: a sentence is not one of the templates, a variable has a third state, or the figures are no
            probabilities; the message says which.

    Example:
        >>> world = ("Imagine a self-contained, hypothetical world with only the following conditions, and without any "
        ...     "unmentioned factors or causal relationships:")
        >>> problem = read_problem(f'''Input Info: {world} Dose has a direct effect on pulse.
        ... For those with dose being low, the probability of pulse being high is 0.25.
        ... Instruction: Consider the average treatment effect (ATE) of dose on pulse.
        ... Question: If dose is changed to be high, will pulse be more likely to be high?
        ... Provide the calculation result to four decimal places.''')
        >>> problem.graph.edges, problem.states, problem.figures[0].value, problem.question.quantity
        ((('dose', 'pulse'),), {'dose': ('high', 'low'), 'pulse': ('high', '')}, Fraction(1, 4), 'ATE')
    """
    found = _TEXT.fullmatch(text, max(0, text.rfind("Input Info:")))  # examples and instructions may go before
    if found is None:
        raise FormatError("the text does not follow the published template: Input Info, Instruction, Question")
    graph = _graph(found["edges"])
    reader = _Reader(graph)
    question = reader.question(found["short"].upper(), found["pair"], found["question"])
    figures = reader.figures(found["figures"])
    return PublishedProblem(graph, figures, reader.numbered(question), reader.states())


def _graph(text: str) -> Dag:
    place, edges = 0, list[tuple[str, str]]()
    text = " ".join(text.split())
    while place < len(text):
        found = _EDGE.match(text, place)
        if found is None or _NEXT.search(found["cause"]) or _NEXT.search(found["effect"]):
            raise FormatError(f"this does not say what has a direct effect on what: {text[place : place + 80]!r}")
        edges.append((_name(found["cause"]), _name(found["effect"])))
        place = found.end()
    try:
        return Dag.from_edges(edges)
    except InvalidGraph as error:
        raise FormatError(f"the direct effects are those of no graph: {error}") from None


def _name(text: str) -> str:
    return " ".join(text.split()).casefold()


@dataclass
class _Reader:
    """Names of variables, and states as they turn up."""

    graph: Dag
    known: dict[str, list[str]] = field(default_factory=dict)
    coded: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = "|".join(re.escape(name) for name in sorted(self.graph.nodes, key=len, reverse=True))
        next_one = rf"(?:, and |, | and )(?={self._names})(?:(?:{self._names}) being )"
        self._part = re.compile(rf"(?P<name>{self._names}) being (?P<state>.+?)(?={next_one}|$)")

    def event(self, text: str) -> frozenset[tuple[str, str]]:
        """Several variables with their states, as in "a being low (A=0), b being high and c being low"."""
        said, place, out = _name(text), 0, dict[str, str]()
        while place < len(said):
            found = self._part.match(said, place)
            if found is None:
                raise FormatError(f"this does not say which variables have which states: {text[:80]!r}")
            if found["name"] in out:
                raise FormatError(f"{found['name']!r} stands twice in {text[:80]!r}")
            out[found["name"]] = self.state(found["name"], found["state"])
            place = found.end()
            gap = re.compile(r", and |, | and ").match(said, place)
            place = gap.end() if gap else place
        return frozenset(out.items())

    def state(self, name: str, text: str) -> str:
        """A state of a variable; a third one is refused."""
        code = _CODE.fullmatch(text.strip())
        said = code["state"] if code else text.strip()
        if " being " in said:
            raise FormatError(f"a variable of which no direct effect is stated has a state: {text[:100]!r}")
        states = self.known.setdefault(name, [])
        if said not in states:
            if len(states) == 2:
                raise FormatError(f"{name!r} has a third state: {', '.join([*states, said])}")
            states.append(said)
        if code:
            coded = self.coded.setdefault(name, {})
            if coded.setdefault(said, int(code["value"])) != int(code["value"]):
                raise FormatError(f"{name!r} being {said!r} is said to be both 0 and 1")
            if sorted(coded.values()) not in ([0], [1], [0, 1]):
                raise FormatError(f"two states of {name!r} are both said to be {code['value']}")
        return said

    def number(self, name: str, state: str) -> int:
        """Which of 0 and 1 a state is: as the text says, or in the order in which they turn up."""
        coded = self.coded.get(name, {})
        if state in coded:
            return coded[state]
        if coded:
            return 1 - next(iter(coded.values()))
        return self.known[name].index(state)

    def states(self) -> dict[str, tuple[str, str]]:
        out = {}
        for name, states in self.known.items():
            by_number = {self.number(name, state): state for state in states}
            out[name] = (by_number.get(0, ""), by_number.get(1, ""))
        return out

    def numbered_event(self, event: frozenset[tuple[str, str]]) -> Event:
        return frozenset((name, self.number(name, state)) for name, state in event)

    def question(self, quantity: str, pair: str, text: str) -> dict[str, object]:
        pattern = _QUESTIONS.get(quantity)
        if pattern is None:
            raise FormatError(f"the quantity {quantity!r} is none of {', '.join(_QUESTIONS)}")
        said, both = _name(text), _name(pair)
        for x in self.graph.nodes:
            y = both.removeprefix(f"{x} on ")
            if y != both and y in self.graph:
                break
        else:
            raise FormatError(f"this does not say what the cause is and what the outcome: {pair!r}")
        filled = _name(pattern).replace("<x>", re.escape(x)).replace("<y>", re.escape(y)).replace("(?p<", "(?P<")
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", filled), said)
        if found is None:
            raise FormatError(f"this is not the question of the template: {text[:120]!r}")
        parts = found.groupdict()
        out: dict[str, object] = {"quantity": quantity, "x": x, "y": y, "bound": parts.get("bound") or ""}
        out["held"] = self.event(parts["held"]) if parts.get("held") else frozenset()
        for part, name in (("actual", x), ("happened", y), ("treated", x), ("asked", y)):
            if parts.get(part):
                out[part] = self.state(name, parts[part])
        for one, other in (("actual", "treated"), ("happened", "asked")):
            if one in out and out[one] == out[other]:
                raise FormatError(f"the question is about a change from {out[one]!r} to itself")
        return out

    def numbered(self, parts: dict[str, object]) -> Question:
        x, y = str(parts["x"]), str(parts["y"])
        return Question(
            str(parts["quantity"]), x, y, self.number(x, str(parts["treated"])), self.number(y, str(parts["asked"])),
            self.numbered_event(parts["held"]), str(parts["bound"]),  # type: ignore[arg-type]
        )  # fmt: skip

    def figures(self, text: str) -> tuple[Stated, ...]:
        said, place, out = " ".join(text.split()), 0, list[tuple[frozenset[tuple[str, str]], ...]]()
        values = list[str]()
        while place < len(said):
            found = _FIGURE.match(said, place)
            if found is None or any(_NEXT.search(found[part] or "") for part in ("given", "event")):
                raise FormatError(f"this does not state a probability: {said[place : place + 100]!r}")
            given = self.event(found["given"]) if found["given"] else frozenset()
            event = self.event(found["event"])
            if {name for name, _ in given} & {name for name, _ in event}:
                raise FormatError(f"a variable is on both sides: {found[0].strip()[:100]!r}")
            out.append((event, given))
            values.append(found["value"])
            place = found.end()
        return tuple(
            Stated(self.numbered_event(event), self.numbered_event(given), *_printed(value))
            for (event, given), value in zip(out, values)
        )


def _printed(text: str) -> tuple[Fraction, int]:
    try:
        value = Fraction(text)
    except ValueError:
        raise FormatError(f"{text!r} is no number") from None
    if not 0 <= value <= 1:
        raise FormatError(f"{text} is no probability")
    return value, len(text.partition(".")[2])
