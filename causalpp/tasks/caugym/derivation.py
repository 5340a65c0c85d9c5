"""The seven quantities, step by step from printed figures, in exact arithmetic.

A probability under an intervention is written with the intervention as an index, ``P(Y_{X=1}=1,Z=0)``; the index
stands only where it matters, at variables that the intervention affects.  Every probability of several variables is
taken apart at the one that comes last in the causal order: its probability given its parents, times the probability of
the rest, summed over parents that are not among the rest.

A step is ``(what, how, value)``.  ``how`` is ``"stated"`` for a figure of the text, else an expression over earlier
steps with ``+ - * /``, parentheses, ``max(…)`` and ``min(…)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from causalpp.errors import InvalidData
from causalpp.tasks.caugym.models import Event, Figure, Model, event_name, states

__all__ = ["Derivation", "Undetermined", "derive"]

_ONE = Fraction(1)


class Undetermined(InvalidData):
    """A probability that is needed is not stated."""


class Derivation:
    """Steps that are found one after the other, each once.

    Args:
        model: whose graph says what is taken apart how; its tables are not looked at.
        figures: what is stated.
        steps: found before, such as probabilities that follow from others that are stated.
    """

    def __init__(
        self, model: Model, figures: Iterable[Figure], steps: Iterable[tuple[str, str, Fraction]] = ()
    ) -> None:
        self._model = model
        self._stated = {(figure.variables, frozenset(figure.given)): figure for figure in figures}
        self.steps: dict[str, tuple[str, Fraction]] = {what: (how, value) for what, how, value in steps}
        self.used: dict[str, Figure] = {}  # figures by their names, in the order of use

    def add(self, what: str, how: str, value: Fraction) -> str:
        """Remember a step, if it is new; its name."""
        self.steps.setdefault(what, (how, value))
        return what

    def __getitem__(self, what: str) -> Fraction:
        return self.steps[what][1]

    def plain(self) -> tuple[dict[str, str], ...]:
        """The steps as plain values."""
        return tuple({"what": what, "how": how, "value": str(value)} for what, (how, value) in self.steps.items())

    def given_parents(self, node: str, value: int, given: Event) -> str:
        """P(node = value | parents): stated, or one less what is stated.

        Raises:
            Undetermined: neither is stated.
        """
        name = event_name(((node, value),), given)
        if name in self.steps:
            return name
        figure = self._stated.get((((node, value),), frozenset(given)))
        if figure is not None:
            self.used[name] = figure
            return self.add(name, "stated", figure.exact)
        other = event_name(((node, 1 - value),), given)
        figure = self._stated.get((((node, 1 - value),), frozenset(given)))
        if other not in self.steps and figure is None:
            raise Undetermined(f"neither {name} nor {other} is stated")
        if figure is not None and other not in self.steps:
            self.used[other] = figure
            self.add(other, "stated", figure.exact)
        return self.add(name, f"1 - {other}", 1 - self[other])

    def joint(self, event: Mapping[str, int], do: Mapping[str, int] | None = None) -> str:
        """The probability of several values at once, of those affected under an intervention.

        Args:
            event: node → value; a node of the intervention itself stands for what it is without it.
            do: node → the value it is set to.
        """
        return self._joint(tuple(sorted(event.items(), key=lambda pair: self._model.place[pair[0]])), do or {})

    def _joint(self, event: Event, do: Mapping[str, int]) -> str:
        affected = frozenset[str]().union(*(self._model.descendants[node] for node in do)) - set(do)
        index = "".join(("_{", ",".join(f"{node}={value}" for node, value in do.items()), "}"))
        labels = [(node + index if node in affected else node, value) for node, value in event]
        name = event_name(labels)
        if name in self.steps:
            return name
        (last, value), rest = event[-1], dict(event[:-1])
        parents = self._model.parents[last]
        fixed = do if last in affected else {}
        free = [p for p in parents if p not in rest and p not in fixed]
        terms: list[str] = []
        total = Fraction(0)
        for chosen in states(free):
            values = {**rest, **chosen, **{p: fixed[p] for p in parents if p in fixed}}
            factor = self.given_parents(last, value, tuple((p, values[p]) for p in parents))
            before = {**rest, **chosen}
            if before:
                first = self.joint(before, do)
                terms.append(f"{first} * {factor}")
                total += self[first] * self[factor]
            else:
                terms.append(factor)
                total += self[factor]
        return self.add(name, " + ".join(terms), total) if terms != [name] else name


def derive(
    model: Model,
    quantity: str,
    bound: str,
    contrast: Mapping[str, object],
    figures: Iterable[Figure],
    steps: Iterable[tuple[str, str, Fraction]] = (),
) -> Derivation:
    """All steps to a quantity; the last has its name, as in ``"ATE"`` or ``"PN"``, and its value.

    Args:
        model: the graph; of its tables nothing is used.
        quantity, bound, contrast: what is asked.
        figures: what is stated.
        steps: see :class:`Derivation`.

    Raises:
        Undetermined: the figures do not have what the formula needs.
    """
    found = Derivation(model, figures, steps)
    x, y = str(contrast["treatment"]), str(contrast["outcome"])
    fixed = contrast["fixed"]
    assert isinstance(fixed, Mapping)
    if quantity in ("ATE", "CDE"):
        high, low = (found.joint({y: 1}, {x: value, **fixed}) for value in (1, 0))
        found.add(quantity, f"{high} - {low}", found[high] - found[low])
    elif quantity == "ETT":
        _of_treated(found, model, x, y)
    elif quantity in ("NDE", "NIE"):
        _natural(found, model, quantity, x, y)
    else:
        _causation(found, quantity, bound, x, y)
    return found


def _of_treated(found: Derivation, model: Model, x: str, y: str) -> None:
    index = {value: f"P({y}_{{{x}={value}}}=1|{x}=1)" for value in (1, 0)}
    if model.confounded(x, y):
        treated = found.joint({x: 1})
        for value in (1, 0):
            # Under the value that they have anyway, the treated are as they are.
            both = found.joint({x: 1, y: 1}, {} if value else {x: 0})
            found.add(index[value], f"{both} / {treated}", found[both] / found[treated])
    else:
        for value in (1, 0):
            alone = found.joint({y: 1}, {x: value})
            found.add(index[value], alone, found[alone])
    found.add("ETT", f"{index[1]} - {index[0]}", found[index[1]] - found[index[0]])


def _natural(found: Derivation, model: Model, quantity: str, x: str, y: str) -> None:
    """The direct effect past, or the indirect effect through, all that lies between treatment and outcome."""
    direct = quantity == "NDE"
    set_to, mediated = (1, 0) if direct else (0, 1)  # what the outcome, and what its mediators are told
    parents = model.parents[y]
    others = [p for p in parents if p != x]
    terms: list[str] = []
    total = Fraction(0)
    for chosen in states(others):
        factor = found.given_parents(y, 1, tuple((p, set_to if p == x else chosen[p]) for p in parents))
        first = found.joint(chosen, {x: mediated})
        terms.append(f"{first} * {factor}")
        total += found[first] * found[factor]
    index = ",".join([f"{x}={set_to}", *(f"{m}_{{{x}={mediated}}}" for m in model.between(x, y))])
    crossed = found.add(f"P({y}_{{{index}}}=1)", " + ".join(terms), total)
    plain = found.joint({y: 1}, {x: 0})
    found.add(quantity, f"{crossed} - {plain}", total - found[plain])


def _causation(found: Derivation, quantity: str, bound: str, x: str, y: str) -> None:
    """Tian & Pearl 2000, theorems 2 and 3."""
    if quantity == "PN":
        under, cell = found.joint({y: 1}, {x: 0}), found.joint({x: 1, y: 1})
        if bound == "upper":
            rest = found.joint({x: 0, y: 0})
            gain, value = f"1 - {under} - {rest}", _ONE - found[under] - found[rest]
        else:
            outcome = _outcome(found, x, y)
            gain, value = f"{outcome} - {under}", found[outcome] - found[under]
    else:
        under, cell = found.joint({y: 1}, {x: 1}), found.joint({x: 0, y: 0})
        if bound == "upper":
            both = found.joint({x: 1, y: 1})
            gain, value = f"{under} - {both}", found[under] - found[both]
        else:
            outcome = _outcome(found, x, y)
            gain, value = f"{under} - {outcome}", found[under] - found[outcome]
    share, how = value / found[cell], f"({gain}) / {cell}"
    if bound == "lower":
        share, how = max(Fraction(0), share), f"max(0, {how})"
    elif bound == "upper":
        share, how = min(_ONE, share), f"min(1, {how})"
    found.add(quantity, how, share)


def _outcome(found: Derivation, x: str, y: str) -> str:
    """P(Y = 1), by whether X is so or not."""
    cells = [found.joint({x: value, y: 1}) for value in (1, 0)]
    return found.add(f"P({y}=1)", " + ".join(cells), sum((found[cell] for cell in cells), Fraction(0)))
