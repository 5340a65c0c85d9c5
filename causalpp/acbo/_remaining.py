"""The equivalence class of a run: where it began, and what the answers have left of it."""

from __future__ import annotations

import numpy as np

from causalpp.belief import AnyBelief
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidGraph, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.propositions import DirectlyCauses, Proposition

__all__ = ["class_of", "narrowed", "size"]


def class_of(candidates: DagBatch, graph: Dag) -> MarkovEquivalenceClass:
    """The class whose members are the candidates, if there is one; else the Markov equivalence class of the graph.

    >>> chain = MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("b", "c")]))
    >>> known = chain.with_knowledge(required=[("b", "c")])
    >>> found = class_of(known.batch(), Dag("abc", [("a", "b"), ("b", "c")]))
    >>> found == known, found.size
    (True, 2)
    """
    whole = MarkovEquivalenceClass.from_dag(Dag(graph.nodes, graph.edges))
    if candidates.latent or len(candidates) == size(whole):
        return whole
    common = candidates.adjacency.all(0).cpu().numpy()
    names = candidates.nodes
    try:
        narrower = MarkovEquivalenceClass(whole.cpdag.orient((names[i], names[j]) for i, j in np.argwhere(common)))
    except InvalidGraph:  # the candidates have other edges than this class
        return whole
    return narrower if len(candidates.unique()[0]) == size(narrower) else whole


def narrowed(found: MarkovEquivalenceClass, belief: AnyBelief, target: float) -> MarkovEquivalenceClass:
    """The members with the directions that hold together with the probability ``target``."""
    edges, place = belief.edges.cpu(), {name: i for i, name in enumerate(belief.nodes)}
    pairs = [pair for edge in found.cpdag.undirected for pair in (edge, edge[::-1])]
    pairs.sort(key=lambda pair: -float(edges[place[pair[0]], place[pair[1]]]))
    together: Proposition | None = None
    settled = []
    for a, b in pairs:
        this = DirectlyCauses(a, b)
        joint = this if together is None else together & this
        if belief.probability(joint) < target:
            break
        together = joint
        settled.append((a, b))
    try:
        return MarkovEquivalenceClass(found.cpdag.orient(settled), found.learned)
    except InvalidGraph:  # graphs of other classes, whose directions no member of this one has together
        return found


def size(found: MarkovEquivalenceClass) -> int | None:
    """How many members a class has; None if they cannot be counted."""
    try:
        return found.size
    except TooLarge:
        return None
