"""Classes as partially directed graphs of other libraries: pgmpy's ``PDAG`` and causal-learn's ``GeneralGraph``.

What algorithms of these libraries return need not be the graph of any class: nothing is guessed, completed or
left out, and what is wrong is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causalpp.errors import InvalidGraph
from causalpp.graphs.cpdag import Cpdag, Mpdag, partially_directed
from causalpp.graphs.dag import check_names
from causalpp.graphs.formats.libraries import edge_text, to_causal_learn, to_pgmpy

__all__ = ["from_general_graph", "from_pgmpy_pdag", "to_general_graph", "to_pgmpy_pdag"]


def to_pgmpy_pdag(graph: Mpdag) -> Any:
    """A pgmpy ``PDAG`` with the same variables in the same order.

    Args:
        graph: a Cpdag or Mpdag.

    References:
        pgmpy, ``pgmpy.base.PDAG``, https://pgmpy.org/base/base.html.

    Example:
        >>> pdag = to_pgmpy_pdag(Mpdag("abc", directed=[("a", "b"), ("c", "b")]))
        >>> sorted(pdag.directed_edges), sorted(pdag.undirected_edges)
        ([('a', 'b'), ('c', 'b')], [])
    """
    return to_pgmpy(graph)


def from_pgmpy_pdag(pdag: Any) -> Mpdag | Cpdag:
    """A pgmpy ``PDAG`` as a Cpdag if it is one, and as an Mpdag if only background knowledge explains it.

    pgmpy keeps each edge twice, in the graph and in the sets ``directed_edges`` and ``undirected_edges``, and
    changing one leaves the other: the two must agree.  Roles other than ``latents`` are left behind.

    Args:
        pdag: the graph; all its variables must be observed.

    Raises:
        InvalidGraph: not a PDAG, a node that is not a string, latent variables, edges that do not agree, a pair
            joined twice, no acyclic member, or an undirected edge that the directed ones force.

    References:
        pgmpy, ``pgmpy.base.PDAG``, https://pgmpy.org/base/base.html.

    Example:
        >>> from pgmpy.base import PDAG
        >>> pdag = PDAG(undirected_ebunch=[("a", "b")])
        >>> from_pgmpy_pdag(pdag) == Cpdag("ab", undirected=[("a", "b")])
        True
        >>> from_pgmpy_pdag(pdag.orient_undirected_edge("a", "b"))
        Mpdag('a → b')
    """
    from pgmpy.base import DAG, PDAG

    if not isinstance(pdag, PDAG):
        hint = "; causalpp.graphs.formats.from_pgmpy reads it" if isinstance(pdag, DAG) else ""
        raise InvalidGraph(f"expected a pgmpy PDAG, got {type(pdag).__name__}{hint}")
    names = check_names(pdag.nodes)
    _refuse_latent(pdag.latents)
    directed, undirected = set(pdag.directed_edges), set(pdag.undirected_edges)
    listed = directed | undirected | {(b, a) for a, b in undirected}
    differ = listed ^ set(pdag.edges)
    if differ:
        edge = min(differ, key=repr)
        where = "the sets of edges and not in the graph" if edge in listed else "the graph and not in the sets of edges"
        raise InvalidGraph(
            f"the edge {edge!r} is in {where}: call pdag.calibrate_directed_undirected_edges() if the graph is right"
        )
    once = {(a, b) for a, b in undirected if (b, a) not in undirected or a <= b}  # either spelling, or both
    return partially_directed(names, directed, once)


def to_general_graph(graph: Mpdag) -> Any:
    """A causal-learn ``GeneralGraph`` with the same variables in the same order.

    An undirected edge has two tails; a directed one has a tail and an arrowhead.

    Args:
        graph: a Cpdag or Mpdag.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> to_general_graph(Cpdag("ab", undirected=[("a", "b")])).graph.tolist()  # a tail (-1) at both ends
        [[0, -1], [-1, 0]]
    """
    return to_causal_learn(graph)


def from_general_graph(graph: Any) -> Mpdag | Cpdag:
    """A causal-learn graph as a Cpdag if it is one, and as an Mpdag if only background knowledge explains it.

    Args:
        graph: such as a ``GeneralGraph``; all its variables must be observed.

    Raises:
        InvalidGraph: not a causal-learn graph, latent variables, an edge that is bidirected or ends in a circle
            (the message names it), no acyclic member, or an undirected edge that the directed ones force.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> from_general_graph(to_general_graph(Mpdag("abc", directed=[("a", "b"), ("b", "c")])))
        Mpdag('a → b, b → c')
    """
    from causallearn.graph.Graph import Graph
    from causallearn.graph.NodeType import NodeType

    if not isinstance(graph, Graph):
        hint = "; pass the graph inside it, its attribute .G" if isinstance(getattr(graph, "G", None), Graph) else ""
        raise InvalidGraph(f"expected a causal-learn GeneralGraph, got {type(graph).__name__}{hint}")
    nodes = graph.get_nodes()
    names = check_names(node.get_name() for node in nodes)
    _refuse_latent(node.get_name() for node in nodes if node.get_node_type() == NodeType.LATENT)
    ends: list[list[int]] = graph.graph.tolist()
    directed, undirected = [], []
    for j, b in enumerate(names):
        if ends[j][j]:
            raise InvalidGraph(f"the variable {b!r} is joined to itself")
        for i, a in enumerate(names[:j]):
            at_a, at_b = ends[i][j], ends[j][i]
            if (at_a, at_b) == (-1, 1):
                directed.append((a, b))
            elif (at_a, at_b) == (1, -1):
                directed.append((b, a))
            elif (at_a, at_b) == (-1, -1):
                undirected.append((a, b))
            elif (at_a, at_b) != (0, 0):
                edge = edge_text(a, b, at_a, at_b)
                raise InvalidGraph(f"not the graph of a class: the edge {edge} {_fault(at_a, at_b)}")
    return partially_directed(names, directed, undirected)


def _fault(at_a: int, at_b: int) -> str:
    """What keeps an edge with these ends out of a partially directed graph."""
    if (at_a, at_b) == (1, 1):
        return "is bidirected"
    if 2 in (at_a, at_b):
        return "ends in a circle"
    if {at_a, at_b} <= {4, 5}:  # TAIL_AND_ARROW, ARROW_AND_ARROW
        return "is two edges at once, one of them bidirected"
    return f"has ends of unknown kinds, {at_a} and {at_b}"


def _refuse_latent(latent: Iterable[str]) -> None:
    names = sorted(latent)
    if names:
        raise InvalidGraph(f"equivalence classes are over observed variables, and {names} are latent")
