"""Random equivalence classes of a wanted size, by a walk over graphs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag

__all__ = ["class_of_size"]

_STEPS = 4000  # of one walk, before another one starts elsewhere
_WALKS = 20
_WIDER = 1.5  # after a walk that did not get there a class may be so much further away
_HEAT = 1 / 20  # a step away from the size by this much, on the scale of its logarithm, is taken once in e times
_DENSEST = 2.5  # neighbours a variable has on average where a walk starts


def class_of_size(variables: int, members: int, *, seed: int, tolerance: float = 0.15) -> MarkovEquivalenceClass:
    """The class of a random graph whose number of members is close to the one wanted.

    A graph of random density and random order of the variables is changed edge by edge; a change that leads away from
    the size, on the scale of its logarithm, is taken with a probability that falls with the distance (a Metropolis
    walk), until the exact count of the members is near enough.

    Args:
        variables: of the graph.
        members: wanted.
        seed: of the walk.
        tolerance: the size is at most so much larger or smaller, as a share, if the first walk finds such a class;
            after each walk that does not, it is widened, for not every size exists.

    Raises:
        InvalidParameter: there is no such class, or none was found.

    Example:
        >>> class_of_size(7, 60, seed=1).size
        64
    """
    if variables < 2 or not 1 < members <= math.factorial(variables):
        raise InvalidParameter(
            f"a class of {variables} variables has 1 to {variables}! members, so there is none to look for "
            f"with {members}"
        )
    draw = np.random.default_rng([seed, variables, members])
    if 2 * members > math.factorial(variables):  # all orders: the only class so large is that of the complete graph
        return _class(np.triu(np.ones((variables, variables), dtype=bool), 1), draw.permutation(variables))
    near = math.log(1 + tolerance)
    for _ in range(_WALKS):
        order = draw.permutation(variables)
        density = draw.uniform(0.5, min(variables - 1, _DENSEST)) / (variables - 1)
        edges = np.triu(draw.random((variables, variables)) < density, 1)
        found = _class(edges, order)
        gap = abs(math.log(found.size / members))
        for _ in range(_STEPS):
            if gap <= near:
                return found
            changed = edges.copy()
            for _ in range(1 + int(draw.random() < 0.5)):
                i, j = np.sort(draw.choice(variables, 2, replace=False))
                changed[i, j] ^= True
            other = _class(changed, order)
            distance = abs(math.log(other.size / members))
            if distance <= gap or draw.random() < math.exp((gap - distance) / _HEAT):
                edges, found, gap = changed, other, distance
        near *= _WIDER
    raise InvalidParameter(
        f"no class of about {members} members on {variables} variables was found: ask for another size"
    )


def _class(edges: NDArray[np.bool_], order: NDArray[np.int64]) -> MarkovEquivalenceClass:
    adjacency = np.zeros_like(edges)
    adjacency[np.ix_(order, order)] = edges
    return MarkovEquivalenceClass.from_dag(Dag.from_adjacency(adjacency, [f"X{i + 1}" for i in range(len(order))]))
