"""Graphs of other libraries: networkx, pgmpy and causal-learn.

Each keeps latent variables in its own way: networkx as the node attribute ``latent``, pgmpy as the set
``latents``, causal-learn as the type of the node.  Nothing is guessed: what is not a Dag is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from causalpp.errors import InvalidGraph, InvalidParameter
from causalpp.graphs.dag import Dag

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_causal_learn", "from_networkx", "from_pgmpy", "to_causal_learn", "to_networkx", "to_pgmpy"]


def from_networkx(graph: nx.DiGraph[Any]) -> Dag:
    """A Dag from a networkx DiGraph; nodes with the attribute ``latent=True`` are latent.

    Raises:
        InvalidGraph: the graph is undirected or a multigraph, a node is not a string, or ``latent`` is not a
            boolean.
        CyclicGraph: the graph has a directed cycle.

    References:
        networkx, ``DiGraph``, https://networkx.org/documentation/stable/reference/classes/digraph.html.

    Example:
        >>> import networkx as nx
        >>> graph = nx.DiGraph([("u", "x"), ("u", "y")])
        >>> graph.nodes["u"]["latent"] = True
        >>> from_networkx(graph)
        Dag('u → x, u → y', latent={'u'})
    """
    import networkx as nx

    if not isinstance(graph, nx.Graph):
        raise InvalidGraph(f"expected a networkx DiGraph, got {_kind(graph)}")
    if not graph.is_directed() or graph.is_multigraph():
        raise InvalidGraph(f"expected a networkx DiGraph, got a {_kind(graph)}; a Dag has single, directed edges")
    latent = _strings(getattr(graph, "latents", ()))  # a pgmpy graph is a DiGraph too
    for name, data in graph.nodes(data=True):
        hidden = data.get("latent", False)
        if hidden not in (False, True):
            raise InvalidGraph(f"the attribute latent of {name!r} must be True or False, got {hidden!r}")
        latent += [name] * bool(hidden)
    return Dag(_strings(graph.nodes), graph.edges, latent=latent)


def to_networkx(dag: Dag) -> nx.DiGraph[str]:
    """A networkx DiGraph with the same variables in the same order; latent ones have ``latent=True``.

    References:
        networkx, ``DiGraph``, https://networkx.org/documentation/stable/reference/classes/digraph.html.

    Example:
        >>> to_networkx(Dag.from_edges([("u", "x")], latent="u")).nodes(data=True)
        NodeDataView({'u': {'latent': True}, 'x': {}})
    """
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    for name in dag.nodes:
        graph.add_node(name, **({"latent": True} if name in dag.latent else {}))
    graph.add_edges_from(dag.edges)
    return graph


def from_pgmpy(model: Any) -> Dag:
    """A Dag from a pgmpy ``DAG`` or any network built on it, such as ``DiscreteBayesianNetwork``.

    Probability tables are left behind; ``latents`` become latent variables.

    Raises:
        InvalidGraph: not a pgmpy DAG, or a node is not a string.
        CyclicGraph: the model has a directed cycle.

    References:
        pgmpy, ``pgmpy.base.DAG``, https://pgmpy.org/base/base.html.

    Example:
        >>> from pgmpy.base import DAG
        >>> from_pgmpy(DAG([("u", "x"), ("u", "y")], latents={"u"}))
        Dag('u → x, u → y', latent={'u'})
    """
    from pgmpy.base import DAG

    if not isinstance(model, DAG):
        raise InvalidGraph(f"expected a pgmpy DAG or DiscreteBayesianNetwork, got {_kind(model)}")
    return Dag(_strings(model.nodes), model.edges, latent=_strings(model.latents))


def to_pgmpy(dag: Dag, kind: Literal["dag", "bayesian-network"] = "dag") -> Any:
    """A pgmpy graph with the same variables in the same order, and its ``latents``.

    Args:
        dag: the graph.
        kind: ``"dag"`` for a ``pgmpy.base.DAG``, ``"bayesian-network"`` for a ``DiscreteBayesianNetwork``
            without tables.

    Raises:
        InvalidParameter: another kind.

    References:
        pgmpy, ``pgmpy.base.DAG``, https://pgmpy.org/base/base.html.

    Example:
        >>> sorted(to_pgmpy(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")).latents)
        ['u']
        >>> type(to_pgmpy(Dag(["x"]), kind="bayesian-network")).__name__
        'DiscreteBayesianNetwork'
    """
    if kind == "dag":
        from pgmpy.base import DAG

        model: Any = DAG()
    elif kind == "bayesian-network":
        from pgmpy.models import DiscreteBayesianNetwork

        model = DiscreteBayesianNetwork()
    else:
        raise InvalidParameter(f"kind is 'dag' or 'bayesian-network', got {kind!r}")
    model.add_nodes_from(dag.nodes)
    model.add_edges_from(dag.edges)
    model.latents = set(dag.latent)
    return model


def from_causal_learn(graph: Any) -> Dag:
    """A Dag from a causal-learn graph such as ``GeneralGraph``; nodes of type LATENT are latent.

    causal-learn keeps the mark at the end of each edge in a matrix: ``graph[j, i] = 1`` is an arrowhead at j and
    ``graph[i, j] = -1`` a tail at i, together i → j.  What its algorithms return is often not a Dag: an edge
    that is undirected, bidirected or ends in a circle is refused.

    Raises:
        InvalidGraph: not a causal-learn graph, or an edge that is not directed (the message names it).
        CyclicGraph: the edges close a directed cycle.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> from_causal_learn(to_causal_learn(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")))
        Dag('u → x, u → y', latent={'u'})
    """
    from causallearn.graph.Graph import Graph
    from causallearn.graph.NodeType import NodeType

    if not isinstance(graph, Graph):
        inside = isinstance(getattr(graph, "G", None), Graph)
        hint = "; pass the graph inside it, its attribute .G" if inside else ""
        raise InvalidGraph(f"expected a causal-learn GeneralGraph, got {_kind(graph)}{hint}")
    nodes = graph.get_nodes()
    names = [node.get_name() for node in nodes]
    ends: list[list[int]] = graph.graph.tolist()
    edges = []
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            marks = ends[i][j], ends[j][i]  # at a, at b
            if marks == (-1, 1):
                edges.append((a, b))
            elif marks == (1, -1):
                edges.append((b, a))
            elif marks != (0, 0):
                raise InvalidGraph(f"not a Dag: the edge {_drawn(b, a, ends[j][i], ends[i][j])} is not directed")
    latent = [node.get_name() for node in nodes if node.get_node_type() == NodeType.LATENT]
    return Dag(names, edges, latent=latent)


def to_causal_learn(dag: Dag) -> Any:
    """A causal-learn ``GeneralGraph`` with the same variables in the same order.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> graph = to_causal_learn(Dag.from_edges([("a", "b")]))
        >>> graph.graph.tolist()  # arrowhead (1) at b, tail (-1) at a
        [[0, -1], [1, 0]]
    """
    from causallearn.graph.GeneralGraph import GeneralGraph
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.graph.NodeType import NodeType

    nodes = {name: GraphNode(name) for name in dag.nodes}
    for name in dag.latent:
        nodes[name].set_node_type(NodeType.LATENT)
    graph = GeneralGraph(list(nodes.values()))
    for a, b in dag.edges:
        graph.add_directed_edge(nodes[a], nodes[b])
    return graph


def _drawn(a: str, b: str, at_a: int, at_b: int) -> str:
    left = {-1: "-", 1: "<", 2: "o"}.get(at_a, "?")
    right = {-1: "-", 1: ">", 2: "o"}.get(at_b, "?")
    return f"{a!r} {left}-{right} {b!r}"


def _strings(nodes: Iterable[Hashable]) -> list[str]:
    for node in nodes:
        if not isinstance(node, str):
            raise InvalidGraph(
                f"variable names must be strings, got {node!r} ({type(node).__name__}); "
                "rename the nodes, for example networkx.relabel_nodes(graph, str)"
            )
    return [str(node) for node in nodes]


def _kind(value: object) -> str:
    return type(value).__name__
