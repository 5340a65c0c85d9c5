"""What is read off a finished run: the class it began with, what the answers left of it, and the course it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpp.belief import AnyBelief
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidGraph, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import DirectlyCauses, Proposition

__all__ = ["Replay", "class_of", "narrowed", "replay", "size"]

_Floats = NDArray[np.float64]


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


@dataclass(frozen=True)
class Replay:
    """What was believed before the first and after each of R answers.

    Attributes:
        graphs: the graphs that are followed.
        probabilities: of each of them, shape ``(R + 1, len(graphs))``.
        goal: the probability of the goal, shape ``(R + 1,)``; None if there is none.
        unrelated: the probability that the answers have nothing to do with the graph, shape ``(R + 1,)``.
    """

    graphs: tuple[Dag, ...]
    probabilities: _Floats
    goal: _Floats | None
    unrelated: _Floats


def replay(start: AnyBelief, answers: Sequence[Answer], graphs: Sequence[Dag], goal: Proposition | None) -> Replay:
    """Follow some graphs, and the goal, through a run.

    Args:
        start: the belief before the first answer.
        answers: that it was updated with, in order.
        graphs: to follow, candidates of a belief that lists them.
        goal: to follow, if any.
    """
    batch = start.candidates if graphs else None
    where: list[NDArray[np.bool_]] = []
    if batch is not None:
        flat = batch.adjacency.flatten(1).cpu()
        wanted = DagBatch.from_dags(graphs, nodes=batch.nodes).adjacency.flatten(1)
        where = [(flat == one).all(1).numpy() for one in wanted]
    rows, settled, unrelated = [], [], []
    belief = start
    for answer in (None, *answers):
        if answer is not None:
            belief = belief.update([answer])
        if where:
            p = belief.probabilities.detach().cpu().numpy()
            rows.append([float(p[here].sum()) for here in where])
        if goal is not None:
            settled.append(belief.probability(goal))
        unrelated.append(belief.kinds["unrelated"])
    return Replay(
        tuple(graphs),
        np.array(rows, dtype=float).reshape(len(unrelated), len(where)),
        None if goal is None else np.array(settled, dtype=float),
        np.array(unrelated, dtype=float),
    )
