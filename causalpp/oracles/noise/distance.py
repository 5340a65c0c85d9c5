"""How far apart the variables of a question are."""

from __future__ import annotations

from causalpp.graphs import Dag
from causalpp.propositions import Causes, Changes, DirectlyCauses, IndirectlyCauses, Not, Proposition

__all__ = ["path_length"]


def path_length(question: Proposition, graph: Dag) -> int | None:
    """The number of edges on the shortest directed path a question is about; None if there is no such path.

    For ``Causes`` and ``DirectlyCauses`` it leads from cause to effect; for ``IndirectlyCauses`` it has at least
    two edges; for ``Changes`` it avoids what is held.  For ``Direction``, and for statements without a direction
    (``HaveCommonCause``, ``HaveCommonEffect``, ``Independent``), it may lead either way.  A negation is as far as what
    it denies; of several statements joined by "and" or "or" the farthest counts.

    Raises:
        UnknownVariable: the question names a variable the graph does not have.

    Example:
        >>> chain = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
        >>> path_length(Causes("smoke", "cancer"), chain), path_length(Causes("cancer", "smoke"), chain)
        (2, None)
    """
    if isinstance(question, Not):
        return path_length(question.of, graph)
    if isinstance(question, (Causes, DirectlyCauses)):
        return _shortest(graph, question.a, question.b)
    if isinstance(question, IndirectlyCauses):
        rest = [_shortest(graph, child, question.b) for child in graph.children(question.a)]
        return min((1 + length for length in rest if length), default=None)
    if isinstance(question, Changes):
        return _shortest(graph, question.do, question.outcome, question.holding)
    parts = getattr(question, "of", None)
    if parts is not None:
        return max((length for part in parts if (length := path_length(part, graph))), default=None)
    a, b = question.variables[:2]
    both = (_shortest(graph, a, b), _shortest(graph, b, a))
    return min((length for length in both if length), default=None)


def _shortest(graph: Dag, start: str, goal: str, avoid: frozenset[str] = frozenset()) -> int | None:
    """Breadth first, from ``start`` to ``goal``; zero where they are the same."""
    reached, frontier, length = {start}, {start}, 0
    graph.parents(goal)  # refuses an unknown name
    while frontier:
        if goal in frontier:
            return length
        frontier = {child for name in frontier for child in graph.children(name)} - reached - avoid
        reached |= frontier
        length += 1
    return None
