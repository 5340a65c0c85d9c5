"""What the seven quantities are, by going through the exogenous variables; the bounds as what explicit models reach."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from causalpp.errors import InvalidData
from causalpp.tasks.caugym.checking.worlds import Term, World, Worlds

__all__ = ["quantity", "responses"]

_FACTUAL: World = frozenset()


def quantity(worlds: Worlds, which: str, bound: str, contrast: Mapping[str, Any]) -> Fraction:
    """The value of what an item asks for, in one program.

    Raises:
        InvalidData: it is not defined there, as what it is conditioned on has probability zero, or there is no such
            quantity.

    Example:
        >>> worlds = Worlds({"X": (), "Y": ("X",)}, {"X": [Fraction(1, 2)], "Y": [Fraction(1, 4), Fraction(3, 4)]})
        >>> quantity(worlds, "ATE", "", {"treatment": "X", "outcome": "Y"})
        Fraction(1, 2)
    """
    x, y = contrast["treatment"], contrast["outcome"]
    one, zero = ({**contrast.get("fixed", {}), x: value} for value in (1, 0))

    def outcome(world: Mapping[str, Any], given: list[Term] | None = None) -> Fraction:
        return worlds.probability([(y, frozenset(world.items()), 1)], given or [])

    if which in ("ATE", "CDE"):
        return outcome(one) - outcome(zero)
    if which == "ETT":
        treated = [(x, _FACTUAL, 1)]
        return outcome(one, treated) - outcome(zero, treated)
    if which in ("NDE", "NIE"):
        told, others = (one, zero) if which == "NDE" else (zero, one)
        mediators = {node: frozenset(others.items()) for node in contrast["mediators"]}
        return outcome({**told, **mediators}) - outcome(zero)
    if which in ("PN", "PS"):
        return _causation(worlds, which, bound, x, y)
    raise InvalidData(f"there is no quantity {which!r}")


def _causation(worlds: Worlds, which: str, bound: str, x: str, y: str) -> Fraction:
    cells = {(i, j): worlds.probability([(x, _FACTUAL, i), (y, _FACTUAL, j)]) for i in (0, 1) for j in (0, 1)}
    under = {i: worlds.probability([(y, frozenset({(x, i)}), 1)]) for i in (0, 1)}
    # Of the units with the value of x that the question is about, the outcome under the other value is known in all.
    group, other, was = (1, 0, 1) if which == "PN" else (0, 1, 0)
    among = cells[group, was]
    if not among:
        raise InvalidData(f"{which} is conditioned on {x} = {group} and {y} = {was}, which has probability 0")
    if bound == "monotone":
        # Nobody is harmed, so that those who differ are all by which the two worlds differ.
        changed = cells[group, 1] + cells[other, 1] - under[other]
        return (changed if which == "PN" else -changed) / among
    if bound not in ("lower", "upper"):
        raise InvalidData(f"{which} has no bound {bound!r}")
    model = responses(cells, under, group, greatest=bound == "upper")
    for (i, j), mass in cells.items():  # the model agrees with what is known
        if sum(m for (v, y0, y1), m in model.items() if v == i and (y0, y1)[i] == j) != mass:
            raise InvalidData(f"no model has these probabilities of {x} and {y}")
    for i, mass in under.items():
        if sum(m for (_, y0, y1), m in model.items() if (y0, y1)[i] == 1) != mass:
            raise InvalidData(f"no model has these probabilities of {y} under {x}")
    if any(mass < 0 for mass in model.values()):
        raise InvalidData(f"no model has these probabilities of {x} and {y}: one would be negative")
    return model[(group, 0, 1)] / among


def responses(
    cells: Mapping[tuple[int, int], Fraction], under: Mapping[int, Fraction], group: int, *, greatest: bool
) -> dict[tuple[int, int, int], Fraction]:
    """A model of (x, y under 0, y under 1) with given probabilities, in which as many or as few of a group as can be
    have an outcome of 1 under treatment and 0 without it.

    Args:
        cells: (x, y) → probability.
        under: value of x → P(y = 1) after x is set to it.
        group: the x of those it is about.
        greatest: whether as many as can be.

    Example:
        >>> half = Fraction(1, 2)
        >>> cells = {(i, j): Fraction(1, 4) for i in (0, 1) for j in (0, 1)}
        >>> [responses(cells, {0: half, 1: half}, 1, greatest=most)[1, 0, 1] for most in (False, True)]
        [Fraction(0, 1), Fraction(1, 4)]
    """
    model: dict[tuple[int, int, int], Fraction] = {}
    for x in (0, 1):
        hit, whole = cells[x, 1], cells[x, 0] + cells[x, 1]  # y = 1 under the value that they have, and all of them
        other = under[1 - x] - cells[1 - x, 1]  # y = 1 under the other value
        least, most = max(Fraction(0), hit + other - whole), min(hit, other)  # how many have y = 1 under both
        both = least if (greatest and x == group) else most
        only_here, only_there = hit - both, other - both
        model[x, 1, 1], model[x, 0, 0] = both, whole - hit - other + both
        model[x, 0, 1], model[x, 1, 0] = (only_here, only_there) if x else (only_there, only_here)
    return model
