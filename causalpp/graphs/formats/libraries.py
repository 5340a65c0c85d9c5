"""Graphs of other libraries: networkx, pgmpy and causal-learn.

Each keeps latent variables in its own way: networkx as the node attribute ``latent``, pgmpy as the set
``latents``, causal-learn as the type of the node.  Nothing is guessed: what is no graph of ours is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from causalpp.errors import FormatError, InvalidGraph, InvalidParameter
from causalpp.graphs.admg import Admg
from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.dag import Dag, check_names
from causalpp.graphs.formats._marks import EdgeKind, edge_kind, is_unobserved, names_by_label, node_marks, plain
from causalpp.graphs.formats._sketch import Graph, Sketch, only_dag, parts

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_causal_learn", "from_networkx", "from_pgmpy", "to_causal_learn", "to_networkx", "to_pgmpy"]


_PGMPY_ROLES = {"exposure": "exposures", "outcome": "outcomes", "adjusted": "adjustment", "selected": "selected"}


def from_networkx(graph: nx.DiGraph[Any] | nx.MultiDiGraph[Any]) -> Graph:
    """A graph from a networkx DiGraph, or a MultiDiGraph as pydot gives it.

    What the attributes of nodes and edges mean is said in :mod:`causalpp.graphs.formats._marks`: ``latent=True``,
    DoWhy's ``observed="no"``; text such as ``"true"`` counts too.  Nodes that are bare numbers with the attribute
    ``label`` are named by their labels.

    Returns:
        A Dag; an Admg if some edge has ``dir="both"``; a Cpdag or Mpdag if some edge has ``dir="none"``, or the graph
        the attribute ``kind="class"``.

    Raises:
        InvalidGraph: the graph is undirected, a node is not a string, or an attribute means nothing here.
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
    if not graph.is_directed():
        raise InvalidGraph(f"expected a networkx DiGraph, got a {_kind(graph)}; a Dag has single, directed edges")
    _refuse_defaults(graph)
    named = _named(graph)
    hidden = {named.get(node, node) for node in _latents(graph)}
    sketch = Sketch("networkx", is_class=plain(graph.graph.get("kind", "")) == "class", labelled=True)
    of_nodes, of_edges = (graph.graph.get(f"{what}_default", {}) for what in ("node", "edge"))  # GraphML's <default>
    for node, data in graph.nodes(data=True):
        latent = {"latent": True} if named[node] in hidden else {}
        sketch.node(named[node], {**_marks(node, {**of_nodes, **data}), **latent})
    for a, b, data in graph.edges(data=True):
        try:
            sketch.edge(named[a], named[b], edge_kind({**of_edges, **data}))
        except FormatError as error:
            raise InvalidGraph(f"the edge {a!r} → {b!r}: {error}") from None
    return _made(sketch)


def _refuse_defaults(graph: nx.Graph[Any]) -> None:
    """Refuse what pydot leaves of ``node [latent=true]`` and ``edge [dir=none]``: not for which nodes and edges."""
    nodes, edges = (graph.graph.get(what) for what in ("node", "edge"))
    if isinstance(nodes, Mapping) and _marks("node", nodes):
        raise InvalidGraph(f"the default attributes {dict(nodes)} of the graph say nothing of single nodes; give each")
    try:
        kind = edge_kind(edges) if isinstance(edges, Mapping) else "->"
    except FormatError as error:
        raise InvalidGraph(f"the default attributes of edges: {error}") from None
    if kind != "->":
        raise InvalidGraph(f"the default attributes {edges} of the graph say nothing of single edges; give each")


def _latents(graph: nx.Graph[Any]) -> set[Hashable]:
    """The nodes that an attribute of the whole graph, or of pgmpy's object, which is a DiGraph too, calls latent."""
    found: set[Hashable] = set(getattr(graph, "latents", ()))
    for key in ("latent", "latents", "unobserved", "hidden"):
        said = graph.graph.get(key, ())
        if not isinstance(said, list | tuple | set | frozenset):
            raise InvalidGraph(f"the attribute {key!r} of the graph is a list of nodes, got {said!r}")
        found |= set(said)
    unknown = found.difference(graph)
    if unknown:
        raise InvalidGraph(f"{sorted(map(str, unknown))[0]!r} is called latent and is no node of the graph")
    return found


def _named(graph: nx.Graph[Any]) -> dict[Hashable, str]:
    """The name of each node: itself, or its label where the nodes are numbered."""
    labels = {str(node): data.get("label") for node, data in graph.nodes(data=True)}
    try:
        names = names_by_label({node: None if label is None else plain(label) for node, label in labels.items()})
    except FormatError as error:
        raise InvalidGraph(str(error)) from None
    if names is not None:
        return {node: names[str(node)] for node in graph}
    return dict(zip(graph, _strings(graph), strict=True))


def _marks(node: object, data: Mapping[Any, Any]) -> dict[str, bool]:
    try:
        return node_marks(data)
    except FormatError as error:
        raise InvalidGraph(f"the attribute {str(error).split(' is ')[0]} of {node!r}: {error}") from None


def _made(sketch: Sketch) -> Graph:
    try:
        return sketch.graph()
    except FormatError as error:
        raise InvalidGraph(str(error)) from None


def to_networkx(graph: Graph) -> nx.DiGraph[str]:
    """A networkx DiGraph with the same variables in the same order; latent ones have ``latent=True``.

    Args:
        graph: a Dag; an Admg, which becomes a MultiDiGraph whose ↔ are edges with ``dir="both"``; a Cpdag or Mpdag,
            whose undirected edges have ``dir="none"``.

    References:
        networkx, ``DiGraph``, https://networkx.org/documentation/stable/reference/classes/digraph.html.

    Example:
        >>> to_networkx(Dag.from_edges([("u", "x")], latent="u")).nodes(data=True)
        NodeDataView({'u': {'latent': True}, 'x': {}})
    """
    import networkx as nx

    found = parts(graph)
    out: nx.DiGraph[str] = nx.MultiDiGraph() if isinstance(graph, Admg) else nx.DiGraph()
    if isinstance(graph, Mpdag):
        out.graph["kind"] = "class"
    for name, marks in found.marks.items():
        said = {"latent": False} if is_unobserved(name) else {}  # a name that is read as latent otherwise
        out.add_node(name, **said | dict.fromkeys(marks, True))
    out.add_edges_from(found.directed)
    out.add_edges_from(found.bidirected, dir="both")
    out.add_edges_from(found.undirected, dir="none")
    return out


def from_pgmpy(model: Any) -> Dag:
    """A Dag from a pgmpy ``DAG`` or any network built on it, such as ``DiscreteBayesianNetwork``.

    Probability tables are left behind; ``latents``, ``exposures`` and ``outcomes`` become the marks of these names, the
    role ``adjustment`` the mark ``adjusted``.

    Raises:
        InvalidGraph: not a pgmpy DAG, or a node is not a string; a ``PDAG`` is for
            :func:`causalpp.equivalence.from_pgmpy_pdag`.
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
    return Dag(_strings(model.nodes), model.edges, latent=_strings(model.latents), **_roles_of(model))


def _roles_of(model: Any) -> dict[str, list[str]]:
    """The roles that pgmpy's variables have, by our names; older versions have none."""
    known = getattr(model, "get_role", lambda _: ())
    return {mark: _strings(names) for mark, role in _PGMPY_ROLES.items() if (names := sorted(known(role), key=str))}


def to_pgmpy(graph: Graph, kind: Literal["dag", "bayesian-network"] = "dag") -> Any:
    """A pgmpy graph with the same variables in the same order, and its ``latents``.

    Args:
        graph: a Dag; a Cpdag or Mpdag becomes a ``pgmpy.base.PDAG``, an Admg a ``pgmpy.base.ADMG``.
        kind: for a Dag: ``"dag"`` for a ``pgmpy.base.DAG``, ``"bayesian-network"`` for a ``DiscreteBayesianNetwork``
            without tables.

    Raises:
        InvalidParameter: another kind.
        InvalidGraph: the graph is an Admg with marked variables.

    References:
        pgmpy, ``pgmpy.base.DAG``, https://pgmpy.org/base/base.html.

    Example:
        >>> sorted(to_pgmpy(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")).latents)
        ['u']
        >>> type(to_pgmpy(Dag(["x"]), kind="bayesian-network")).__name__
        'DiscreteBayesianNetwork'
    """
    if kind not in ("dag", "bayesian-network"):
        raise InvalidParameter(f"kind is 'dag' or 'bayesian-network', got {kind!r}")
    if kind == "bayesian-network":
        from pgmpy.models import DiscreteBayesianNetwork

        only_dag(graph, "a Bayesian network")
        model: Any = DiscreteBayesianNetwork()
    elif isinstance(graph, Mpdag):
        return _pgmpy_pdag(graph)
    elif isinstance(graph, Admg):
        from pgmpy.base import ADMG

        model = ADMG()
    else:
        from pgmpy.base import DAG

        model = DAG()
    found = parts(graph)
    model.add_nodes_from(found.nodes)
    if isinstance(graph, Admg):
        for edges, add in ((graph.directed, model.add_directed_edges), (graph.bidirected, model.add_bidirected_edges)):
            if edges:
                add(list(edges))
    else:
        model.add_edges_from(found.directed)
    model.latents = {name for name, marks in found.marks.items() if "latent" in marks}
    for mark, role in _PGMPY_ROLES.items():
        names = {name for name, marks in found.marks.items() if mark in marks}
        if names:
            model.with_role(role, names, inplace=True)
    return model


def _pgmpy_pdag(graph: Mpdag) -> Any:
    from pgmpy.base import PDAG

    pdag = PDAG()  # its own constructor orders the nodes by the hashes of the edges
    pdag.add_nodes_from(graph.nodes)
    pdag.directed_edges, pdag.undirected_edges = set(graph.directed), set(graph.undirected)
    pdag.add_edges_from(graph.directed)
    pdag.add_edges_from(graph.undirected)
    pdag.add_edges_from((b, a) for a, b in graph.undirected)
    return pdag


def from_causal_learn(graph: Any) -> Graph:
    """A graph from a causal-learn graph such as ``GeneralGraph``; nodes of type LATENT are latent.

    causal-learn keeps the mark at the end of each edge in a matrix: ``graph[j, i] = 1`` is an arrowhead at j and
    ``graph[i, j] = -1`` a tail at i, together i → j.

    Returns:
        A Dag; an Admg if there are bidirected edges; a Cpdag or Mpdag if there are undirected ones.

    Raises:
        InvalidGraph: not a causal-learn graph, an edge that ends in a circle, or edges that make no such graph (the
            message names one).
        CyclicGraph: the edges close a directed cycle.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> from_causal_learn(to_causal_learn(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")))
        Dag('u → x, u → y', latent={'u'})
    """
    from causallearn.graph.Graph import Graph as CausalLearnGraph
    from causallearn.graph.NodeType import NodeType

    if not isinstance(graph, CausalLearnGraph):
        inside = isinstance(getattr(graph, "G", None), CausalLearnGraph)
        hint = "; pass the graph inside it, its attribute .G" if inside else ""
        raise InvalidGraph(f"expected a causal-learn GeneralGraph, got {_kind(graph)}{hint}")
    sketch = Sketch("causal-learn")
    nodes = graph.get_nodes()
    names = check_names(node.get_name() for node in nodes)
    for name, node in zip(names, nodes, strict=True):
        if node.get_node_type() not in (NodeType.MEASURED, NodeType.LATENT, NodeType.NO_TYPE):
            raise InvalidGraph(
                f"{name!r} is a node of type {node.get_node_type().name}, which is no variable of a graph"
            )
        sketch.node(name, {"latent": True} if node.get_node_type() == NodeType.LATENT else {})
    ends: list[list[int]] = graph.graph.tolist()
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            marks = ends[j][i], ends[i][j]  # at b, at a
            if marks != (0, 0):
                if marks not in _CAUSAL_LEARN:
                    raise InvalidGraph(f"the edge {edge_text(b, a, *marks)} is of no kind that can be read")
                sketch.edge(b, a, _CAUSAL_LEARN[marks])
    return _made(sketch)


#: The marks at both ends of an edge; -1 is a tail, 1 an arrowhead, 2 a circle.
_CAUSAL_LEARN: dict[tuple[int, int], EdgeKind] = {
    (-1, 1): "->",
    (1, -1): "<-",
    (-1, -1): "--",
    (1, 1): "<->",
    (2, 1): "o->",
    (1, 2): "<-o",
    (2, 2): "o-o",
    (2, -1): "o--",
    (-1, 2): "--o",
}


def to_causal_learn(graph: Graph) -> Any:
    """A causal-learn ``GeneralGraph`` with the same variables in the same order.

    Args:
        graph: a Dag, Admg, Cpdag or Mpdag, unless an Admg has both a → b and a ↔ b.

    Raises:
        InvalidGraph: a variable is marked as selected or adjusted, or two are joined by more than one edge.

    References:
        causal-learn, ``GeneralGraph``, https://causal-learn.readthedocs.io.

    Example:
        >>> graph = to_causal_learn(Dag.from_edges([("a", "b")]))
        >>> graph.graph.tolist()  # arrowhead (1) at b, tail (-1) at a
        [[0, -1], [1, 0]]
    """
    from causallearn.graph.Edge import Edge as Line
    from causallearn.graph.Endpoint import Endpoint
    from causallearn.graph.GeneralGraph import GeneralGraph
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.graph.NodeType import NodeType

    found = parts(graph)
    joined = {frozenset(edge) for edge in found.directed}
    for a, b in found.bidirected:
        if {a, b} in joined:
            raise InvalidGraph(f"causal-learn holds one edge for two variables, and {a!r}, {b!r} are joined twice")
    nodes = {name: GraphNode(name) for name in found.nodes}
    for name, marks in found.marks.items():
        for mark in ("selected", "adjusted"):
            if mark in marks:
                raise InvalidGraph(f"causal-learn cannot mark {name!r} as {mark}; JSON, DOT and dagitty can")
        if "latent" in marks:
            nodes[name].set_node_type(NodeType.LATENT)
    out = GeneralGraph(list(nodes.values()))
    tail, arrow = Endpoint.TAIL, Endpoint.ARROW
    for edges, at_a, at_b in (
        (found.directed, tail, arrow),
        (found.bidirected, arrow, arrow),
        (found.undirected, tail, tail),
    ):
        for a, b in edges:
            out.add_edge(Line(nodes[a], nodes[b], at_a, at_b))
    return out


def edge_text(a: str, b: str, at_a: int, at_b: int) -> str:
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
