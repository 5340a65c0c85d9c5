"""Whether what a problem states determines what it asks, and what the answer is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from causalpp.errors import CausalppError, ImpossibleEvidence, InvalidData, NotIdentified
from causalpp.graphs import Dag
from causalpp.programs import CausalProgram, Table, compile
from causalpp.tasks.caugym.scorers import INSUFFICIENT
from causalpp.tasks.caugym.solving.agreeing import Agreeing
from causalpp.tasks.caugym.solving.chances import Tables
from causalpp.tasks.caugym.solving.measuring import measure
from causalpp.tasks.caugym.solving.told import Told

__all__ = ["Decision", "decide"]

_DRAWN = 8  # models that agree with what is stated, if there are several
_FLAT = 60  # as many where a bound lies at 0 or 1 in all of them
_RARE = 300  # as many where the quantity is defined in none of them
_NEAREST = Fraction(1, 10**5)  # how close models are looked for to one where few others were found
_ALIKE = 1e-7  # how close values are that agree where models do only up to rounding


@dataclass(frozen=True)
class Decision:
    """What follows from a problem's text.

    Attributes:
        told: what is decided.
        answer: ``"yes"``, ``"no"`` or ``"insufficient"``.
        value: the quantity; None where the text leaves it open.
        models: a model that agrees with the text, as tables; two that differ in the quantity where it is left open.
        values: the quantity in each of them.
        why: why it is left open, in a few words.
    """

    told: Told = field(repr=False)
    answer: str
    value: Fraction | None
    models: tuple[Mapping[str, Sequence[Fraction]], ...] = field(default=(), repr=False)
    values: tuple[Fraction, ...] = ()
    why: str = ""

    @property
    def reply(self) -> str:
        """The decision in the form that the prompts ask for, to eight decimals."""
        if self.value is None:
            return json.dumps({"ANSWER": self.answer})
        return json.dumps({"ANSWER": self.answer, "PROB": f"{float(self.value):.8f}"})

    def programs(self) -> tuple[CausalProgram, ...]:
        """The models as programs whose variables have the states 0 and 1.

        Example:
            >>> from causalpp import ate
            >>> from causalpp.tasks.caugym.models import Figure
            >>> figures = Figure((("Y", 1),), (("X", 1),), "0.7"), Figure((("Y", 1),), (("X", 0),), "0.4")
            >>> decision = decide(Told(("X", "Y"), (("X", "Y"),), figures, "ATE", "X", "Y"))
            >>> (program,) = decision.programs()
            >>> round(ate(program, "X", "Y", treated=1, control=0, state=1).value, 9)
            0.3
        """
        parents = self.told.parents
        dag = Dag(self.told.nodes, [(above, node) for node in parents for above in parents[node]])
        return tuple(
            compile(dag, mechanisms={node: _table(parents[node], rows) for node, rows in model.items()})
            for model in self.models
        )


def _table(parents: Sequence[str], rows: Sequence[Fraction]) -> Table:
    shares = [[1 - float(one), float(one)] for one in rows]
    return Table((0, 1), parents, np.reshape(shares, (2,) * (len(parents) + 1)))


def decide(told: Told, *, seed: int = 0) -> Decision:
    """The answer, where all models that agree with the figures have the same; else two in which it differs.

    The quantity is a quotient of polynomials in what is left open, so that models drawn at random that all agree on
    it show that it does not depend on that, but for an accident of probability zero.

    Args:
        told: what is stated and asked.
        seed: of the models that are drawn.

    Raises:
        InvalidData: no model agrees with the figures, or with an effect that is never preventive, if that is assumed.
        ImpossibleEvidence: a figure or the quantity is given something that has probability zero.
        TooLarge: more than 12 variables.

    Example:
        >>> from causalpp.tasks.caugym.models import Figure
        >>> figures = Figure((("Y", 1),), (("X", 1),), "0.7"), Figure((("Y", 1),), (("X", 0),), "0.4")
        >>> told = Told(("X", "Y"), (("X", "Y"),), figures, "ATE", "X", "Y")
        >>> decide(told).value
        Fraction(3, 10)
        >>> decide(Told(("X", "Y"), (("X", "Y"),), figures[:1], "ATE", "X", "Y")).answer
        'insufficient'
    """
    agreeing = Agreeing(told)
    found: list[_Found] = []
    undefined: CausalppError | None = None
    try:
        for tables, exact in _models(agreeing, told, found, seed):
            try:
                found.append((measure(told, tables), exact, tables))
            except (ImpossibleEvidence, InvalidData) as error:  # a model in which it is not defined says nothing of it
                undefined = error
            if len(found) > 1 and _differ(found[0], found[-1]):
                models, values = zip(*((pair[2], pair[0]) for pair in (found[0], found[-1])), strict=True)
                return Decision(told, INSUFFICIENT, None, models, values, "models that agree with it differ in it")
    except NotIdentified as error:
        return Decision(told, INSUFFICIENT, None, why=str(error))
    if not found:
        assert undefined is not None  # for the type checker
        raise undefined
    value, _, tables = found[0]
    above = value > told.threshold if told.asked == "above" else value < told.threshold
    return Decision(told, "yes" if above else "no", value, (tables,), (value,))


#: The quantity in a model, whether the model agrees exactly, and the model.
_Found = tuple[Fraction, bool, Tables]


def _models(agreeing: Agreeing, told: Told, found: Sequence[_Found], seed: int) -> Iterator[tuple[Tables, bool]]:
    """Models to look at, as many as it takes to be sure by what was found in those before."""
    if not agreeing.unknowns:
        yield from agreeing.draw(1, seed)
        return
    for drawn, model in enumerate(agreeing.draw(_RARE, seed), 1):
        yield model
        # A bound may be 0 or 1 in most models, and where monotonicity is assumed, most of them may be excluded.
        if drawn >= (_DRAWN if found and not (told.bound and found[0][0] in (0, 1)) else _FLAT if found else _RARE):
            break
    step = Fraction(1, 4)
    while found and len(found) < _DRAWN and step > _NEAREST:
        yield from agreeing.draw(_DRAWN, seed + 1, near=found[0][2], step=step)
        step /= 4


def _differ(one: _Found, other: _Found) -> bool:
    return one[0] != other[0] if one[1] and other[1] else abs(one[0] - other[0]) > _ALIKE
