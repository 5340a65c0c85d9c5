"""The answer of a published problem, derived from its graph and its figures.

What is asked is put into a formula of stated probabilities: by adjusting for a set that closes the back doors, by the
mediation formula, or by the bounds of Tian & Pearl (2000).  The figures are printed to four digits, so that each stands
for an interval; so does what follows from them, and an answer disagrees only where no rounding can make it right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from causalpp.errors import FormatError
from causalpp.graphs import Dag
from causalpp.tasks.caugym.published.sentences import Event, PublishedProblem, Question

__all__ = ["Derived", "Interval", "derive"]

_DEEP = 3  # steps from a probability to stated ones
_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Interval:
    """A number that follows from printed figures: what it is if they are exact, and its ends if they are rounded."""

    value: Fraction
    low: Fraction
    high: Fraction

    @classmethod
    def exact(cls, value: int) -> Interval:
        """A number without rounding."""
        return cls(Fraction(value), Fraction(value), Fraction(value))

    @classmethod
    def printed(cls, value: Fraction, digits: int) -> Interval:
        """A probability that was rounded to some digits."""
        half = _HALF / 10**digits
        return cls(value, max(Fraction(0), value - half), min(Fraction(1), value + half))

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.value + other.value, self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.value - other.value, self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(self.value * other.value, min(ends), max(ends))

    def over(self, other: Interval) -> Interval | None:
        """The ratio to a probability; None where that may be zero."""
        if other.low <= 0 or other.value <= 0:
            return None
        ends = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(self.value / other.value, min(ends), max(ends))

    def within(self, low: int, high: int) -> Interval:
        """Cut off at two ends."""
        cut = [min(max(end, Fraction(low)), Fraction(high)) for end in (self.value, self.low, self.high)]
        return Interval(*cut)


@dataclass(frozen=True)
class Derived:
    """An answer that follows from a problem.

    Attributes:
        value: the quantity, with the sign convention of the published sets; see :func:`derive`.
        answer: yes or no; "" where rounding leaves it open, or only a number is asked for.
        steps: how it follows, in a few lines.
    """

    value: Interval
    answer: str
    steps: tuple[str, ...]


def derive(problem: PublishedProblem) -> Derived | None:
    """The answer of a problem; None where its figures lead to none by the known formulas.

    PROB is, as in the published sets: for ATE, CDE and NDE the probability of the state asked about under the change
    minus that without; for NIE the same, of the change of the mediator; for ETT the probability without the change
    minus that under it, so that it is negative where the answer is yes; for PN and PS the bound that is asked.

    Raises:
        FormatError: the figures contradict each other, also when rounded, or lead to different answers.
    """
    table = _Table(problem)
    found = [derived for derived in _answers(table, problem.question) if derived is not None]
    for other in found[1:]:
        if other.value.low > found[0].value.high or other.value.high < found[0].value.low:
            raise FormatError(
                f"the figures contradict each other: {found[0].steps[-1]}, but {other.steps[-1]} by another way"
            )
    return found[0] if found else None


# --- probabilities --------------------------------------------------------------------------------------


class _Table:
    """The stated probabilities, and what follows from them."""

    def __init__(self, problem: PublishedProblem) -> None:
        self.graph, self.states = problem.graph, problem.states
        self.stated: dict[tuple[Event, Event], Interval] = {}
        self.figures = problem.figures
        for figure in problem.figures:
            key, value = (figure.event, figure.given), Interval.printed(figure.value, figure.digits)
            before = self.stated.setdefault(key, value)
            if before.low > value.high or before.high < value.low:
                said = f"{float(before.value):g} and {float(value.value):g}"
                raise FormatError(f"the figures contradict each other: {self.name(*key)} is {said}")
        for (event, given), value in self.stated.items():
            other = self.stated.get((_flipped(event), given)) if len(event) == 1 else None
            if other is not None and not (value + other).low <= 1 <= (value + other).high:
                total = float(value.value + other.value)
                both = f"{self.name(event, given)} and its complement"
                raise FormatError(f"the figures contradict each other: {both} add up to {total:g}")
        self._known: dict[tuple[Event, Event, int], Interval | None] = {}

    def name(self, event: Event, given: Event = frozenset()) -> str:
        """As in "P(pulse = high | dose = low)"."""
        return f"P({self.said(event)}{' | ' if given else ''}{self.said(given)})"

    def said(self, event: Event) -> str:
        """As in "pulse = high, dose = low"."""
        named = ((name, self.states.get(name, ("", ""))[value] or str(value)) for name, value in sorted(event))
        return ", ".join(f"{name} = {state}" for name, state in named)

    def find(self, event: Event, given: Event = frozenset(), deep: int = _DEEP) -> Interval | None:
        """A probability that is stated, or follows from those that are."""
        if not event:
            return Interval.exact(1)
        key = (event, given, deep)
        if key not in self._known:
            self._known[key] = None  # no way leads through itself
            self._known[key] = next((found for found in self._ways(event, given, deep) if found is not None), None)
        return self._known[key]

    def _ways(self, event: Event, given: Event, deep: int) -> Iterator[Interval | None]:
        yield self.stated.get((event, given))
        if len(event) == 1:
            other = self.stated.get((_flipped(event), given))
            yield None if other is None else Interval.exact(1) - other
        if not deep:
            return
        names, known = {name for name, _ in event}, {name for name, _ in given}
        for count in range(len(given)):  # a condition that does not matter
            for some in combinations(sorted(given), count):
                left = known - {name for name, _ in some}
                if self.graph.d_separated(names, left, {name for name, _ in some}):
                    yield self.find(event, frozenset(some), deep - 1)
        for one in sorted(event):  # P(a, b | c) = P(a | b, c) P(b | c)
            if len(event) > 1:
                rest = event - {one}
                first, second = self.find(frozenset([one]), given | rest, deep - 1), self.find(rest, given, deep - 1)
                yield None if first is None or second is None else first * second
        if given:  # P(a | b) = P(a, b) / P(b)
            both, alone = self.stated.get((event | given, frozenset())), self.stated.get((given, frozenset()))
            yield None if both is None or alone is None else both.over(alone)
        if len(event) == 1:  # P(a) = P(a, b) + P(a, not b)
            for name in self.graph.nodes:
                if name not in names | known:
                    parts = [self.stated.get((event | {(name, value)}, given)) for value in (0, 1)]
                    yield None if parts[0] is None or parts[1] is None else parts[0] + parts[1]


def _flipped(event: Event) -> Event:
    return frozenset((name, 1 - value) for name, value in event)


# --- quantities -----------------------------------------------------------------------------------------


def _answers(table: _Table, question: Question) -> Iterator[Derived | None]:
    x, y = question.treatment, question.outcome
    graph = table.graph
    if question.quantity in ("PN", "PS"):
        for z in _adjustments(table, question):
            yield _bound(table, question, z)
        return
    zero = {
        "ATE": y not in graph.descendants([x]) and f"no directed path leads from {x} to {y}",
        "ETT": y not in graph.descendants([x]) and f"no directed path leads from {x} to {y}",
        "CDE": not _directs(graph, x, y, {name for name, _ in question.held})
        and f"every directed path from {x} to {y} goes through what is held",
        "NDE": not graph.has_edge(x, y) and f"{x} has no direct effect on {y}",
        "NIE": not _indirect(graph, x, y) and f"no directed path leads from {x} to {y} through another variable",
    }[question.quantity]
    if zero:
        yield Derived(Interval.exact(0), "no", (zero, f"{question.quantity} = 0"))
        return
    ways: Mapping[str, Callable[[_Table, Question], Iterator[tuple[Interval, str] | None]]] = {
        "ATE": _controlled, "CDE": _controlled, "ETT": _on_the_treated, "NDE": _natural, "NIE": _natural,
    }  # fmt: skip
    sign = -1 if question.quantity == "ETT" else 1
    for found in ways[question.quantity](table, question):
        if found is None:
            continue
        value, how = found
        answer = ""  # rounding may leave it open
        if sign * (value.low if sign > 0 else value.high) > 0:
            answer = "yes"
        elif sign * (value.high if sign > 0 else value.low) <= 0:
            answer = "no"
        yield Derived(value, answer, (how, f"{question.quantity} = {_shown(value)}"))


def _controlled(table: _Table, question: Question) -> Iterator[tuple[Interval, str] | None]:
    x, y = question.treatment, question.outcome
    for z in _adjustments(table, question):
        changed = _under(table, y, question.asked, {(x, question.treated)} | question.held, z)
        kept = _under(table, y, question.asked, {(x, 1 - question.treated)} | question.held, z)
        yield None if changed is None or kept is None else (changed - kept, _adjusted(z, question.held, table))


def _on_the_treated(table: _Table, question: Question) -> Iterator[tuple[Interval, str] | None]:
    x, y, actual = question.treatment, question.outcome, frozenset({(question.treatment, 1 - question.treated)})
    asked = frozenset({(y, question.asked)})
    as_it_is = table.find(asked, actual)
    for z in _adjustments(table, question):
        changed = _sum(
            (table.find(asked, frozenset({(x, question.treated)}) | some), table.find(some, actual))
            for some in _values(z)
        )
        yield None if as_it_is is None or changed is None else (as_it_is - changed, _adjusted(z, frozenset(), table))


def _natural(table: _Table, question: Question) -> Iterator[tuple[Interval, str] | None]:
    x, y, graph = question.treatment, question.outcome, table.graph
    asked = frozenset({(y, question.asked)})
    changed, kept = frozenset({(x, question.treated)}), frozenset({(x, 1 - question.treated)})
    below = graph.descendants([x])
    for conditions in _conditions(table, question):
        mediators, z = sorted(conditions & below), sorted(conditions - below)
        if not _mediates(graph, x, y, mediators, z):
            continue
        terms = list[tuple[Interval | None, ...]]()
        for m, some in product(_values(mediators), _values(z)):
            if question.quantity == "NDE":
                first, second = table.find(asked, changed | m | some), table.find(asked, kept | m | some)
                weight = table.find(m, kept | some)
                gap = None if first is None or second is None else first - second
            else:
                first, second = table.find(m, changed | some), table.find(m, kept | some)
                weight = table.find(asked, kept | m | some)
                gap = None if first is None or second is None else first - second
            terms.append((gap, weight, table.find(some)))
        value = _sum(terms)
        through = f"through {', '.join(mediators)}, " if mediators else ""
        yield None if value is None else (value, f"{through}{_adjusted(z, frozenset(), table)}")


def _bound(table: _Table, question: Question, z: Sequence[str]) -> Derived | None:
    """Tian & Pearl, *Probabilities of causation* (2000), theorem 3 with experimental and observational data."""
    x, y, lower = question.treatment, question.outcome, question.bound == "lower"
    changed, kept = (x, question.treated), (x, 1 - question.treated)
    asked, happened = (y, question.asked), (y, 1 - question.asked)
    group = table.find(frozenset({kept, happened}))
    if lower:
        state = happened if question.quantity == "PN" else asked
        under, plain = _under(table, y, state[1], {changed}, z), table.find(frozenset({state}))
        gap = None if under is None or plain is None else plain - under if question.quantity == "PN" else under - plain
    else:
        under, both = _under(table, y, asked[1], {changed}, z), table.find(frozenset({changed, asked}))
        gap = None if under is None or both is None else under - both
    share = None if gap is None or group is None else gap.over(group)
    if share is None:
        return None
    value = share.within(0, 1)
    who = f"{table.said(frozenset({kept, happened}))}"
    how = _adjusted(z, frozenset(), table)
    return Derived(value, "", (how, f"the {question.bound} bound, of those with {who}, is {_shown(value)}"))


def _under(table: _Table, y: str, state: int, do: set[tuple[str, int]] | Event, z: Sequence[str]) -> Interval | None:
    """P(y | do(…)), adjusted for z."""
    asked, set_to = frozenset({(y, state)}), frozenset(do)
    return _sum((table.find(asked, set_to | some), table.find(some)) for some in _values(z))


def _sum(terms: Iterator[tuple[Interval | None, ...]] | Sequence[tuple[Interval | None, ...]]) -> Interval | None:
    total = Interval.exact(0)
    for factors in terms:
        product_ = Interval.exact(1)
        for factor in factors:
            if factor is None:
                return None
            product_ *= factor
        total += product_
    return total


def _values(names: Sequence[str]) -> list[Event]:
    return [frozenset(zip(names, values)) for values in product((0, 1), repeat=len(names))]


# --- which variables to adjust for ----------------------------------------------------------------------


def _conditions(table: _Table, question: Question) -> list[frozenset[str]]:
    """Sets of variables with which the figures state the outcome, besides the treatment and what is held."""
    x, y = question.treatment, question.outcome
    held = {name for name, _ in question.held}
    found = {frozenset[str]()}
    for figure in table.figures:
        names = {name for name, _ in figure.given}
        if {name for name, _ in figure.event} == {y} and x in names and held <= names:
            found.add(frozenset(names - held - {x}))
    return sorted(found, key=lambda some: (-len(some), sorted(some)))


def _adjustments(table: _Table, question: Question) -> Iterator[list[str]]:
    """Sets that close every back door from what is set to the outcome."""
    graph, y = table.graph, question.outcome
    causes = {question.treatment} | {name for name, _ in question.held}
    below = graph.descendants(causes)
    for z in _conditions(table, question):
        if not z & below and y not in z and _cut(graph, causes).d_separated(causes, {y}, z):
            yield sorted(z)


def _mediates(graph: Dag, x: str, y: str, mediators: Sequence[str], z: Sequence[str]) -> bool:
    """Whether mediators carry all that is indirect, and z closes the back doors of all three."""
    if y in mediators or y in z or _indirect(graph, x, y, mediators):
        return False
    if mediators and not _cut(graph, {x}).d_separated({x}, mediators, z):
        return False
    causes = {x, *mediators}
    return _cut(graph, causes).d_separated(causes, {y}, z)


def _cut(graph: Dag, causes: set[str]) -> Dag:
    """The graph without what leaves some variables."""
    return Dag(graph.nodes, [edge for edge in graph.edges if edge[0] not in causes])


def _directs(graph: Dag, x: str, y: str, held: set[str]) -> bool:
    """Whether a directed path leads from one to the other past what is held."""
    return y in graph.do(held).descendants([x]) if held else y in graph.descendants([x])


def _indirect(graph: Dag, x: str, y: str, without: Sequence[str] = ()) -> bool:
    """Whether a directed path leads from one to the other through a third, past some variables."""
    edges = [edge for edge in graph.edges if edge != (x, y) and not set(without) & set(edge)]
    return y in Dag(graph.nodes, edges).descendants([x])


def _adjusted(z: Sequence[str], held: Event, table: _Table) -> str:
    said = f"adjusted for {', '.join(z)}" if z else "no back door is open"
    return f"{said}, with {table.said(held)}" if held else said


def _shown(value: Interval) -> str:
    return f"{float(value.value):.4f}"
