"""What a word problem says, once it is read: the graph, the figures, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from causalpp.errors import CyclicGraph, FormatError, InvalidData, UnknownVariable
from causalpp.tasks.caugym.item import BOUNDS, QUANTITIES
from causalpp.tasks.caugym.models import Figure
from causalpp.tasks.caugym.solving.chances import Parents, ancestors, descendants

__all__ = ["Told"]


@dataclass(frozen=True)
class Told:
    """What a text states and asks: variables with two values, their graph, probabilities, and one quantity.

    All common causes are variables of the graph, so that a variable depends on its parents and on nothing else.

    Attributes:
        nodes: names of the variables.
        edges: pairs (cause, effect).
        figures: what is stated.
        quantity: one of :data:`~causalpp.tasks.caugym.QUANTITIES`.
        treatment, outcome: the two variables compared.
        treated, control: the two values of the treatment.
        mediators: those that a natural effect goes past or through; by default all between the two.
        fixed: the values at which CDE holds variables.
        bound: of PN and PS: ``"lower"`` or ``"upper"``, that of Tian and Pearl, or ``"monotone"``, the value if the
            treatment never prevents the outcome.
        asked, threshold: whether the quantity is ``"above"`` or ``"below"`` which number is to be said.

    Raises:
        UnknownVariable: a name that is not among the nodes.
        CyclicGraph: the edges go round.
        InvalidData: a figure that is no probability, or has a variable on both sides.
        FormatError: what is asked is none of the quantities, or does not go with the graph.

    Example:
        >>> Told(("X", "Y"), (("X", "Y"),), (Figure((("Y", 1),), (), "1.2"),), "ATE", "X", "Y")
        Traceback (most recent call last):
        causalpp.errors.InvalidData: P(Y=1) is said to be 1.2: a probability lies between 0 and 1
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    quantity: str
    treatment: str
    outcome: str
    treated: int = 1
    control: int = 0
    mediators: tuple[str, ...] = ()
    fixed: Mapping[str, int] = field(default_factory=dict)
    bound: str = ""
    asked: str = "above"
    threshold: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        ends = [name for edge in self.edges for name in edge]
        sides = [name for figure in self.figures for name, _ in (*figure.variables, *figure.given)]
        for name in (*ends, *sides, self.treatment, self.outcome, *self.mediators, *self.fixed):
            if name not in self.nodes:
                raise UnknownVariable(name, self.nodes)
        for figure in self.figures:
            _check(figure)
        parents = self.parents  # raises where there is a cycle
        if self.quantity not in QUANTITIES or self.bound not in (BOUNDS if self.quantity in ("PN", "PS") else ("",)):
            raise FormatError(f"there is no quantity {self.quantity!r} with the bound {self.bound!r}")
        if self.treatment == self.outcome or {*self.mediators, *self.fixed} & {self.treatment, self.outcome}:
            raise FormatError(f"{self.quantity} is of one variable on another, and holds further ones")
        if (self.quantity == "CDE") != bool(self.fixed):
            raise FormatError("a controlled direct effect holds at least one variable, and no other quantity does")
        if {self.treated, self.control} != {0, 1} or self.asked not in ("above", "below"):
            raise FormatError("a quantity compares 1 and 0, and is above or below a threshold")
        if self.quantity in ("NDE", "NIE") and not self.mediators:
            object.__setattr__(self, "mediators", _between(parents, self.treatment, self.outcome))

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """Each node's parents, every node after its parents.

        Raises:
            CyclicGraph: there is no such order.
        """
        above = {node: tuple(a for a in self.nodes if (a, node) in self.edges) for node in self.nodes}
        order: dict[str, tuple[str, ...]] = {}
        while len(order) < len(above):
            free = [node for node in above if node not in order and all(parent in order for parent in above[node])]
            if not free:
                left = ", ".join(node for node in above if node not in order)
                raise CyclicGraph(f"what affects what goes round in a circle, among or before {left}")
            order |= {node: above[node] for node in free}
        return order


def _check(figure: Figure) -> None:
    """Look at one figure.

    Raises:
        InvalidData: a figure that is no probability.
    """
    names = [name for name, _ in (*figure.variables, *figure.given)]
    if not figure.variables or len(set(names)) < len(names):
        raise InvalidData(f"{figure.name} speaks of nothing, or of one variable twice")
    if not 0 <= figure.exact <= 1:
        raise InvalidData(f"{figure.name} is said to be {figure.value}: a probability lies between 0 and 1")


def _between(parents: Parents, start: str, end: str) -> tuple[str, ...]:
    """The nodes on directed paths from one to another, without the two."""
    on = descendants(parents, start) & ancestors(parents, [end])
    return tuple(node for node in parents if node in on and node not in (start, end))
