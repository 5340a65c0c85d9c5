"""A Dag without some of its edges, and all minimal sets that separate two sets of variables in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from causalpp.graphs import Dag

__all__ = ["causal_nodes", "minimal_separators", "proper_back_door", "without_edges"]


def causal_nodes(dag: Dag, x: Collection[str], y: Collection[str]) -> frozenset[str]:
    """The variables on directed paths from ``x`` to ``y`` that meet ``x`` only at their start, without ``x``."""
    after = dag.do(x).descendants(x) - set(x)
    cut = without_edges(dag, out_of=x)
    return after & (cut.ancestors(y) | set(y))


def proper_back_door(dag: Dag, x: Collection[str], y: Collection[str]) -> tuple[Dag, frozenset[str]]:
    """The graph without the first edges of causal paths, and what no adjustment set may hold."""
    causal = causal_nodes(dag, x, y)
    cut = Dag(dag.nodes, [(a, b) for a, b in dag.edges if a not in x or b not in causal], latent=dag.latent)
    return cut, dag.descendants(causal) | causal | set(x) | set(y)


def without_edges(dag: Dag, *, into: Collection[str] = (), out_of: Collection[str] = ()) -> Dag:
    """The graph without these edges; what its variables are marked as is left out."""
    return Dag(dag.nodes, [(a, b) for a, b in dag.edges if b not in into and a not in out_of], latent=dag.latent)


def minimal_separators(
    dag: Dag, a: Collection[str], b: Collection[str], forbidden: Collection[str], required: Collection[str] = ()
) -> Iterator[frozenset[str]]:
    """Every inclusion-minimal set of observed variables outside ``forbidden`` that d-separates ``a`` from ``b``.

    Each is minimal among the sets that hold ``required``, and does not hold forbidden ones besides.

    Such a set lies among the ancestors of all three, and is a minimal vertex separator of their moral graph (van der
    Zander, Liśkiewicz & Textor, *Separators and adjustment sets in causal graphs*, 2019).  Variables that may not
    be in it are taken out, their neighbours joined.  From one separator the next ones come by moving a member to
    the side of ``a`` (after Shen & Liang, *Efficient enumeration of all minimal separators in a graph*, 1997).
    """
    start, goal = frozenset(a), frozenset(b)
    fixed = frozenset(required)
    relevant = dag.ancestors(start | goal | fixed) | start | goal | fixed
    moral = dag.subgraph(relevant).moral_graph()
    moral.remove_nodes_from(fixed)
    relevant -= fixed
    neighbours = {name: set(moral[name]) for name in moral}
    order = [name for name in dag.nodes if name in relevant]
    for name in order:
        if name in start | goal or (name not in dag.latent and name not in forbidden):
            continue
        around = neighbours.pop(name)
        for other in around:
            neighbours[other] |= around - {other}
            neighbours[other].discard(name)

    def border(side: frozenset[str]) -> frozenset[str]:
        """The vertices next to ``side`` that touch the component of ``goal`` beyond them."""
        wall = frozenset().union(*(neighbours[name] for name in side)) - side
        beyond = reach(goal, wall)
        return frozenset(name for name in wall if neighbours[name] & beyond)

    def reach(begin: frozenset[str], wall: frozenset[str]) -> frozenset[str]:
        found, frontier = set(begin), list(begin)
        while frontier:
            new = neighbours[frontier.pop()] - wall - found
            found |= new
            frontier += new
        return frozenset(found)

    if any(neighbours[name] & goal for name in start):
        return
    first = border(start)
    seen, waiting = {first}, [first]
    while waiting:
        here = waiting.pop(0)
        yield here | fixed
        near = reach(start, here)
        for name in sorted(here, key=order.index):
            if neighbours[name] & goal:
                continue
            new = border(near | {name})
            if new not in seen:
                seen.add(new)
                waiting.append(new)
