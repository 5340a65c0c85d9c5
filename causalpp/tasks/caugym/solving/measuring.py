"""The seven quantities in a graph whose probabilities are known, each by its formula."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from causalpp.errors import ImpossibleEvidence, InvalidData, NotIdentified
from causalpp.tasks.caugym.models import states
from causalpp.tasks.caugym.solving.chances import Parents, Tables, ancestors, chance, descendants
from causalpp.tasks.caugym.solving.told import Told

__all__ = ["measure"]


def measure(told: Told, tables: Tables) -> Fraction:
    """What is asked, in one model.

    - ATE: P(Y | do(x)) − P(Y | do(x')), and CDE the same with further variables held;
    - ETT: P(Y | x) − P(Y(x') | x);
    - NDE: P(Y(x, M(x'))) − P(Y(x')), and NIE: P(Y(x', M(x))) − P(Y(x')) (Pearl 2001);
    - PN, PS: the bounds of Tian & Pearl (2000), or the value that both have where x never prevents Y.

    Args:
        told: what is asked.
        tables: all that the quantity depends on.

    Raises:
        ImpossibleEvidence: it is about units that have probability zero.
        InvalidData: the probabilities exclude that the treatment never prevents the outcome, and that is assumed.
        NotIdentified: it differs between models with the same probabilities.

    Example:
        >>> told = Told(("X", "Y"), (("X", "Y"),), (), "PN", "X", "Y", bound="lower")
        >>> measure(told, {"X": [Fraction(1, 2)], "Y": [Fraction(1, 4), Fraction(3, 4)]})
        Fraction(2, 3)
    """
    x, y, kind = told.treatment, told.outcome, told.quantity
    model = _Model(told.parents, tables)

    def under(value: int) -> Fraction:
        """The probability of the outcome after the treatment is set, with what is fixed held."""
        return model({y: 1}, held={**told.fixed, x: value})

    if kind in ("ATE", "CDE"):
        return under(told.treated) - under(told.control)
    if kind == "ETT":
        among = model({x: told.treated})
        if not among:
            raise ImpossibleEvidence(f"the effect on those with {x} = {told.treated} is not defined: there are none")
        if x not in ancestors(model.parents, [y]):
            return Fraction(0)
        other = {child: {x: told.control} for child, above in model.parents.items() if x in above}
        both = {x: told.treated, y: 1}
        return (model(both) - model(both, seen=other)) / among
    if kind in ("NDE", "NIE"):
        at, past = (told.control, told.treated) if kind == "NDE" else (told.treated, told.control)
        return model({y: 1}, held={x: at}, seen=_past(told, model.parents, past)) - under(told.control)
    return _causation(told, model, under(told.treated), under(told.control))


class _Model:
    """A graph with numbers."""

    def __init__(self, parents: Parents, tables: Tables) -> None:
        self.parents, self._tables = parents, tables

    def __call__(self, event: Mapping[str, int], **how: Any) -> Fraction:
        return Fraction(chance(self.parents, self._tables, event, **how))


def _past(told: Told, parents: Parents, value: int) -> dict[str, dict[str, int]]:
    """Which children of the treatment take it to have another value than the mediators do.

    Raises:
        NotIdentified: a variable that the treatment changes leads on to a mediator, and past them.
    """
    x, below = told.treatment, descendants(parents, told.treatment)
    along = {node for node in ancestors(parents, told.mediators) & below if node != x}
    cut = {node: () if node in told.mediators else above for node, above in parents.items()}
    for node in parents:
        if node in along - set(told.mediators) and node in ancestors(cut, [told.outcome]):
            raise NotIdentified(
                f"{told.quantity} of {x} on {told.outcome} depends on more than probabilities: {node!r} stands "
                f"before a mediator, and leads on past it",
                treatment=(x,),
                outcome=(told.outcome,),
            )
    return {child: {x: value} for child in parents if x in parents[child] and child not in along}


def _causation(told: Told, model: _Model, under: Fraction, without: Fraction) -> Fraction:
    """PN or PS: ``under`` and ``without`` are P(y) after the treatment is set to one value and to the other."""
    x, y, necessity = told.treatment, told.outcome, told.quantity == "PN"
    value, state = (told.treated, 1) if necessity else (told.control, 0)
    among = model({x: value, y: state})
    if not among:
        raise ImpossibleEvidence(f"{told.quantity} is about units with {x} = {value} and {y} = {state}: there are none")
    if told.bound == "upper":
        # Those of them in whom the outcome would be another are no more than all in whom it would, less the others.
        rest = model({x: told.control, y: 0} if necessity else {x: told.treated, y: 1})
        return min(Fraction(1), ((1 - without if necessity else under) - rest) / among)
    now = model({y: 1})
    share = (now - without if necessity else under - now) / among
    if told.bound == "lower":
        return max(Fraction(0), share)
    if not 0 <= share <= 1:
        raise InvalidData(f"the figures exclude that {x} never prevents {y}: {told.quantity} would be {float(share):g}")
    _check_monotone(told, model)
    return share


def _check_monotone(told: Told, model: _Model) -> None:
    """See to it that in no group made by what the treatment does not affect the outcome becomes less probable by it.

    Raises:
        InvalidData: in one it does, so that the treatment prevents the outcome in some.
    """
    x, y = told.treatment, told.outcome
    below = descendants(model.parents, x)
    along = below & ancestors(model.parents, [y]) - {x}
    beside = sorted({parent for node in along for parent in model.parents[node]} - below)
    for group in states(beside):
        under = [model({y: 1}, held={**group, x: value}) for value in (told.treated, told.control)]
        if under[0] < under[1] and model(group):
            which = " and ".join(f"{node} = {value}" for node, value in group.items())
            raise InvalidData(f"the figures exclude that {x} never prevents {y}: where {which}, it does in some")
