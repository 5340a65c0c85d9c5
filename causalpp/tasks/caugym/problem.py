"""A problem before it is put into words: what a perturbation changes.

:func:`~causalpp.tasks.caugym.generate.generate` draws a problem, hands it to the perturbation of the set that is made
(see :mod:`~causalpp.tasks.caugym.sets`), and writes what comes back as an item and its twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from causalpp.tasks.caugym.derivation import Derivation, derive
from causalpp.tasks.caugym.models import Figure, Model

__all__ = ["Contrast", "Problem"]


@dataclass(frozen=True)
class Contrast:
    """What is asked of a quantity.

    Attributes:
        treatment, outcome: nodes.
        mediators: all nodes on the directed paths between them.
        fixed: node → value at which a controlled direct effect holds it.
        asked: ``"above"`` or ``"below"``: which the yes/no question is about.
        threshold: a decimal.
    """

    treatment: str
    outcome: str
    mediators: tuple[str, ...] = ()
    fixed: Mapping[str, int] = field(default_factory=dict)
    asked: str = "above"
    threshold: str = "0"

    def to_dict(self) -> dict[str, Any]:
        """As an item holds it."""
        return {
            "treatment": self.treatment,
            "outcome": self.outcome,
            "treated": 1,
            "control": 0,
            "mediators": list(self.mediators),
            "fixed": dict(self.fixed),
            "asked": self.asked,
            "threshold": self.threshold,
        }


@dataclass(frozen=True)
class Problem:
    """What is asked and what is stated.

    Attributes:
        model: the program behind it.
        quantity, bound: see :class:`~causalpp.tasks.caugym.CauGymItem`.
        contrast: what is asked.
        figures: what the text states, in its order.
        listed: the nodes in the order in which the text introduces them.
        edges: those that the text states, in its order.
        steps: ``(what, how, value)`` that lead from figures of another kind to those that the formula needs.
        remarks: further sentences: a template that may hold ``{unit}`` (who it is about, with an article) and
            ``{the}``, and ``{NODE:FORM}`` for a phrase of a node in any form that
            :func:`~causalpp.tasks.caugym.stories.phrases` makes, as in ``"{A:1}"``.
        wording: a name out of :data:`~causalpp.tasks.caugym.wording.WORDINGS`.
        about: further plain values for the item's ``about``.
        determined: whether what is stated determines the quantity.
    """

    model: Model
    quantity: str
    bound: str
    contrast: Contrast
    figures: tuple[Figure, ...]
    listed: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, Fraction], ...] = ()
    remarks: tuple[str, ...] = ()
    wording: str = "plain"
    about: Mapping[str, Any] = field(default_factory=dict)
    determined: bool = True

    @cached_property
    def derivation(self) -> Derivation:
        """The steps from the stated figures to the value.

        Raises:
            Undetermined: a figure that is needed is not stated.
        """
        return derive(self.model, self.quantity, self.bound, self.contrast.to_dict(), self.figures, self.steps)

    @property
    def value(self) -> Fraction:
        """The quantity."""
        return self.derivation[self.quantity]

    @property
    def answer(self) -> str:
        """``"yes"`` or ``"no"``."""
        threshold = Fraction(self.contrast.threshold)
        return "yes" if (self.value > threshold if self.contrast.asked == "above" else self.value < threshold) else "no"

    def solution(self) -> Sequence[dict[str, str]]:
        """The steps as plain values, with the answer as the last."""
        sign = {"above": ">", "below": "<"}[self.contrast.asked]
        last = {"what": "ANSWER", "how": f"{self.quantity} {sign} {self.contrast.threshold}", "value": self.answer}
        return (*self.derivation.plain(), last)
