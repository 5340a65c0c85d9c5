"""Which models agree with the figures of a problem: what is stated, what follows, and examples of what is left open."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import ImpossibleEvidence, InvalidData, TooLarge
from causalpp.tasks.caugym.models import Figure
from causalpp.tasks.caugym.solving.chances import Parents, Polynomial, Tables, chance, descendants
from causalpp.tasks.caugym.solving.told import Told

__all__ = ["Agreeing"]

#: A place in a table: the node, and the number of its parents' state.
Place = tuple[str, int]
#: The unknowns that are multiplied in one term of an equation, none in the constant.
Term = frozenset[Place]
#: A linear equation: the factors of its terms, and how far from zero their sum may be.
Row = tuple[dict[Term, Fraction], Fraction]

_ONE: Term = frozenset()
_LARGEST = 12  # variables: all their states may have to be gone through
_STARTS = 25  # from how many points a model is looked for
_CLOSE = 1e-9  # how well it has to agree
_SEARCH: dict[str, Any] = {"xtol": 1e-13, "ftol": 1e-13, "gtol": 1e-13, "max_nfev": 100}


@dataclass(frozen=True)
class _Equation:
    """What a figure demands: that a polynomial is zero; ``whole`` is the probability of what the figure is given."""

    figure: Figure
    left: Polynomial | Fraction
    whole: Polynomial | Fraction

    @property
    def unknowns(self) -> set[Place]:
        return self.left.unknowns if isinstance(self.left, Polynomial) else set()

    @property
    def room(self) -> Fraction:
        """How far from zero it may be, as the figure is rounded; about, where its condition is not known."""
        whole = self.whole
        if isinstance(whole, Polynomial):
            whole = whole.at(dict.fromkeys(whole.unknowns, Fraction(1, 2)))
        assert isinstance(whole, Fraction)  # for the type checker
        return _unit(self.figure) / 2 * whole

    def at(self, values: Mapping[Place, Fraction]) -> _Equation:
        left, whole = (p.at(values) if isinstance(p, Polynomial) else p for p in (self.left, self.whole))
        return _Equation(self.figure, left, whole)


class Agreeing:
    """The models of a graph that agree with figures.

    A figure that is a variable's probability given its parents is taken as it stands.  What the others demand is
    solved as far as it is linear, one unknown after the other; the models in which the rest differs are drawn.

    Args:
        told: graph and figures.

    Attributes:
        parents: the graph.
        known: what follows from the figures, by its place in a table.

    Raises:
        InvalidData: no model agrees with the figures.
        ImpossibleEvidence: a figure is given something that has probability zero.
        TooLarge: more than 12 variables.

    Example:
        >>> text = [((("X", 1),), (), "0.5"), ((("Y", 1),), (), "0.4"), ((("Y", 1),), (("X", 1),), "0.6")]
        >>> figures = tuple(Figure(*figure) for figure in text)
        >>> Agreeing(Told(("X", "Y"), (("X", "Y"),), figures, "ATE", "X", "Y")).known["Y", 0]
        Fraction(1, 5)
    """

    def __init__(self, told: Told) -> None:
        if len(told.nodes) > _LARGEST:
            raise TooLarge(f"{len(told.nodes)} variables; problems with up to {_LARGEST} are solved")
        self.parents: Parents = told.parents
        self.known: dict[Place, Fraction] = {}
        others = [figure for figure in told.figures if not self._local(figure)]
        self._equations = [self._equation(figure) for figure in others]
        self._settle()
        if any(value in (0, 1) for value in self.known.values()):
            tables = self.tables(self.known)
            for figure in told.figures:
                _possible(figure, chance(self.parents, tables, dict(figure.given)))

    def tables(self, values: Mapping[Place, Fraction]) -> dict[str, list[Any]]:
        """The tables, with unknowns where there is no value."""
        return {
            node: [
                values[node, k] if (node, k) in values else Polynomial({frozenset({(node, k)}): Fraction(1)})
                for k in range(2 ** len(above))
            ]
            for node, above in self.parents.items()
        }

    @property
    def unknowns(self) -> list[Place]:
        """The places whose value does not follow from the figures."""
        all_places = ((node, k) for node, above in self.parents.items() for k in range(2 ** len(above)))
        return [place for place in all_places if place not in self.known]

    def _local(self, figure: Figure) -> bool:
        """Whether a figure says what stands in a table; then it is put there."""
        given = dict(figure.given)
        if len(figure.variables) != 1:
            return False
        ((node, value),) = figure.variables
        if not set(self.parents[node]) <= set(given) or set(given) & descendants(self.parents, node):
            return False
        code = 0
        for parent in self.parents[node]:
            code = 2 * code + given[parent]
        one = figure.exact if value else 1 - figure.exact
        if self.known.setdefault((node, code), one) != one:
            raise InvalidData(
                f"the figures contradict each other: {figure.name} is said to be {figure.value}, and by another figure "
                f"it is {float(self.known[node, code] if value else 1 - self.known[node, code]):g}"
            )
        return True

    def _equation(self, figure: Figure) -> _Equation:
        given, both = dict(figure.given), dict((*figure.given, *figure.variables))
        # What is given together with all its parents has the same factor on both sides.
        held = {node: value for node, value in given.items() if all(parent in given for parent in self.parents[node])}
        tables = self.tables(self.known)
        whole = chance(self.parents, tables, given, held=held)
        _possible(figure, whole)
        part = chance(self.parents, tables, both, held=held)
        return _Equation(figure, _number(part - whole * figure.exact), whole)

    def _settle(self) -> None:
        """Solve what is linear, until nothing more follows."""
        while True:
            for equation in self._equations:
                _check(equation)
            self._equations = [equation for equation in self._equations if isinstance(equation.left, Polynomial)]
            found = _solved([e.left for e in self._equations], [e.room for e in self._equations])
            if not found:
                return
            for (node, k), value in found.items():
                if not 0 <= value <= 1:
                    above = self.parents[node]
                    given = ",".join(f"{u}={k >> (len(above) - 1 - s) & 1}" for s, u in enumerate(above))
                    raise InvalidData(
                        f"the figures contradict each other: by them P({node}=1{'|' * bool(given)}{given}) would be "
                        f"{float(value):g}"
                    )
            self.known |= found
            self._equations = [equation.at(found) for equation in self._equations]

    def draw(
        self, number: int, seed: int = 0, *, near: Tables | None = None, step: Fraction = Fraction(1)
    ) -> Iterator[tuple[Tables, bool]]:
        """Complete models that agree; every other one lies at an edge of what is possible.

        Args:
            number: how many.
            seed: of what is left open.
            near: a model from which to go only a part of the way.
            step: how large a part.

        Returns:
            each model, and whether it agrees exactly; else it does up to 1e-9.

        Raises:
            InvalidData: none was found.
        """
        source = random.Random(seed)
        bound = {place for equation in self._equations for place in equation.unknowns}
        free = [place for place in self.unknowns if place not in bound]
        for k in range(number):

            def drawn(place: Place, extreme: bool = k % 2 == 1) -> Fraction:
                there = _any(source, extreme=extreme)
                return there if near is None else (1 - step) * near[place[0]][place[1]] + step * there

            values = {place: drawn(place) for place in free}
            more, exact = self._meeting(sorted(bound), source, drawn) if bound else ({}, True)
            yield self.tables({**self.known, **values, **more}), exact

    def _meeting(
        self, places: Sequence[Place], source: random.Random, drawn: Callable[[Place], Fraction]
    ) -> tuple[dict[Place, Fraction], bool]:
        """Values of the unknowns that equations join, which meet all of these, and whether exactly."""
        from scipy.optimize import least_squares

        system = _System(places, [equation.left for equation in self._equations])
        for _ in range(_STARTS):
            start = np.array([float(drawn(place)) for place in places])
            found = least_squares(system.values, start, system.slopes, bounds=(0, 1), **_SEARCH)
            if np.abs(found.fun).max() <= _CLOSE:
                point = {place: Fraction(float(value)) for place, value in zip(places, found.x, strict=True)}
                exact = self._exact(point, source)
                return (exact, True) if exact else (point, False)
        stated = ", ".join(f"{equation.figure.name} = {equation.figure.value}" for equation in self._equations)
        raise InvalidData(f"the figures contradict each other: no probabilities were found that agree with {stated}")

    def _exact(self, point: Mapping[Place, Fraction], source: random.Random) -> dict[Place, Fraction] | None:
        """Fractions near a point that meet the equations exactly; None where these are not linear in any of them."""
        values: dict[Place, Fraction] = {}
        left = [equation.left for equation in self._equations]
        for place in source.sample(list(point), len(point)):
            while found := _solved(left):
                values |= found
                left = [p.at(found) if isinstance(p, Polynomial) else p for p in left]
            if place not in values:
                values[place] = point[place].limit_denominator(9973)
                left = [p.at({place: values[place]}) if isinstance(p, Polynomial) else p for p in left]
        return values if all(0 <= value <= 1 for value in values.values()) and not any(left) else None


class _System:
    """Polynomials in floating point, with their slopes."""

    def __init__(self, places: Sequence[Place], left: Sequence[Polynomial | Fraction]) -> None:
        number = {place: k for k, place in enumerate(places)}
        self._terms = [
            [([number[place] for place in term], float(factor)) for term, factor in p.terms.items()]
            for p in left
            if isinstance(p, Polynomial)
        ]

    def values(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([sum(factor * x[term].prod() for term, factor in terms) for terms in self._terms])

    def slopes(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((len(self._terms), len(x)))
        for row, terms in zip(out, self._terms, strict=True):
            for term, factor in terms:
                for k in term:
                    row[k] += factor * x[[other for other in term if other != k]].prod()
        return out


def _possible(figure: Figure, whole: Polynomial | Fraction) -> None:
    """Look at how probable that is which a figure is given.

    Raises:
        ImpossibleEvidence: not at all.
    """
    if not _number(whole):
        raise ImpossibleEvidence(f"{figure.name} is stated, and what it is given has probability 0: it is not defined")


def _number(value: Any) -> Polynomial | Fraction:
    """A polynomial without unknowns as the number that it is."""
    return value.at({}) if isinstance(value, Polynomial) else Fraction(value)


def _check(equation: _Equation) -> None:
    """Compare an equation's sides, where they are numbers.

    Raises:
        InvalidData: they are not equal, by more than what is stated may be rounded.
    """
    left, figure = equation.left, equation.figure
    if isinstance(left, Polynomial):
        return
    room = Fraction(1) if isinstance(equation.whole, Polynomial) else equation.whole
    if abs(left) > _unit(figure) / 2 * room:
        raise InvalidData(
            f"the figures contradict each other: {figure.name} is said to be {figure.value}, and by the others it is "
            f"{float(figure.exact + left / room):g}"
        )


def _unit(figure: Figure) -> Fraction:
    """What the last digit of a printed figure counts."""
    number = figure.value.strip().removesuffix("%").strip()
    unit = Fraction(0) if "/" in number else Fraction(1, 10 ** len(number.partition(".")[2]))
    return unit / 100 if figure.value.strip().endswith("%") else unit


def _any(source: random.Random, *, extreme: bool) -> Fraction:
    """A probability: any, or close to 0 or 1."""
    share = Fraction(source.randrange(1, 997), 997)
    return share if not extreme else share / 1000 if source.random() < 0.5 else 1 - share / 1000


def _solved(left: Sequence[Polynomial | Fraction], rooms: Sequence[Fraction] = ()) -> dict[Place, Fraction]:
    """The unknowns that the linear ones among the equations determine, by elimination.

    Where there are more equations than it takes, those count that say most precisely what an unknown is, in whatever
    order they come; the others are left to be compared.

    Args:
        left: what is zero.
        rooms: how far from zero each may be, as what it says is rounded; not at all, if nothing is said.
    """
    each = zip(left, rooms or [Fraction(0)] * len(left), strict=True)
    rows = [(dict(p.terms), room) for p, room in each if isinstance(p, Polynomial) and p.degree == 1]
    done: list[tuple[Term, Row]] = []
    while pivots := [(*_precision(row, term), k, term) for k, row in enumerate(rows) for term in row[0] if term]:
        _, _, _, k, lead = max(pivots, key=lambda pivot: pivot[:3])
        terms, room = rows.pop(k)
        unit = {term: factor / terms[lead] for term, factor in terms.items()}, abs(room / terms[lead])
        done = [(old, _less(row, unit, lead)) for old, row in done] + [(lead, unit)]
        rows = [_less(row, unit, lead) for row in rows]
    return {next(iter(lead)): -row.get(_ONE, Fraction(0)) for lead, (row, _) in done if set(row) <= {lead, _ONE}}


def _precision(row: Row, term: Term) -> tuple[bool, Fraction, list[Place]]:
    """How precisely an equation says what one of its unknowns is; and this one, that equals have an order."""
    factor, room = abs(row[0][term]), row[1]
    return not room, factor / room if room else factor, sorted(term)


def _less(row: Row, other: Row, lead: Term) -> Row:
    """A row less as much of another as takes a term out of it, and the room that both leave."""
    share = row[0].get(lead, Fraction(0))
    if not share:
        return row
    zero = Fraction(0)
    terms = {term: row[0].get(term, zero) - share * other[0].get(term, zero) for term in {*row[0], *other[0]}}
    return {term: factor for term, factor in terms.items() if factor}, row[1] + abs(share) * other[1]
