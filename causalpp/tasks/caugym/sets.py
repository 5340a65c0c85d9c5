"""The sets: what is done to a problem before it is put into words.

A perturbation takes a problem and a source of choices, and gives the changed problem; None if it cannot be done to
this one, and then another is drawn.  A changed problem is again a :class:`~causalpp.tasks.caugym.problem.Problem`:
figures may be left out, added or replaced (with ``steps`` that lead back to those that the formula needs), ``edges``
left out, ``remarks`` added, another ``wording`` named; ``determined=False`` says that what is left does not determine
the quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from causalpp.tasks._random import Source
from causalpp.tasks.caugym.problem import Problem

__all__ = ["PERTURBATIONS", "Perturbation"]


@dataclass(frozen=True)
class Perturbation:
    """What makes a set.

    Attributes:
        change: problem and choices → changed problem or None.
        confounded: whether it wants problems in which treatment and outcome have a common cause.
    """

    change: Callable[[Problem, Source], Problem | None]
    confounded: bool = False


def _plain(problem: Problem, random: Source) -> Problem | None:  # noqa: ARG001
    return problem


#: Set → what makes it.
PERTURBATIONS: Mapping[str, Perturbation] = {"plain": Perturbation(_plain)}
