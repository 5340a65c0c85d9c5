"""GML and GraphML, through networkx: graphs with attributes, whose meaning is one for all formats (``_marks``).

Names are the ids, or the attribute ``label`` or ``name`` where the ids are numbers, as igraph, Gephi and yEd have it.
GraphML declares no entities: a file that does is refused before networkx sees it.

References: Himsolt, *GML: A portable graph file format* (1997); Brandes and others, *GraphML progress report* (2002).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from causalpp.errors import FormatError, InvalidGraph
from causalpp.graphs.formats._sketch import Graph
from causalpp.graphs.formats._tokens import cannot_hold
from causalpp.graphs.formats.libraries import from_networkx, to_networkx
from causalpp.graphs.formats.networks._parts import Xml

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_gml", "from_graphml", "to_gml", "to_graphml"]

_NUMBERED = re.compile(r"n?\d+")
_NEAR_LINE = re.compile(r"\(?(?:at )?line (\d+)")


def from_gml(text: str) -> Graph:
    r"""Read a graph from GML text.

    Raises:
        FormatError: the text is no GML.
        InvalidGraph: the graph is undirected, names are missing or repeated, or an attribute means nothing here.
        CyclicGraph: the edges close a directed cycle.

    References:
        Himsolt, *GML: A portable graph file format* (1997).

    Example:
        >>> from_gml('graph [ directed 1 node [ id 0 label "rain" ] node [ id 1 label "wet" observed "no" ]\n'
        ...          '  edge [ source 0 target 1 ] ]')
        Dag('rain → wet', latent={'wet'})
    """
    import networkx as nx

    graph = _parsed("GML", lambda: nx.parse_gml(text.removeprefix("\ufeff"), label="id"))
    for _, _, data in graph.edges(data=True):
        looks = data.get("graphics")
        if isinstance(looks, dict):
            data.update(_gml_arrows(looks))
    return from_networkx(_named(graph))


def to_gml(graph: Graph) -> str:
    """Write a graph as GML.

    Raises:
        FormatError: a name that GML cannot hold.

    References:
        Himsolt, *GML: A portable graph file format* (1997).

    Example:
        >>> from causalpp import Dag
        >>> from_gml(to_gml(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")))
        Dag('u → x, u → y', latent={'u'})
    """
    import networkx as nx

    return _checked("GML", graph, "\n".join(nx.generate_gml(to_networkx(graph))) + "\n", from_gml)


def from_graphml(text: str) -> Graph:
    """Read a graph from GraphML text.

    Raises:
        FormatError: the text is no GraphML, or declares an XML entity; with the line.
        InvalidGraph: the graph is undirected, names are missing or repeated, or an attribute means nothing here.
        CyclicGraph: the edges close a directed cycle.

    References:
        Brandes and others, *GraphML progress report* (2002).

    Example:
        >>> from causalpp import Dag
        >>> from_graphml(to_graphml(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")))
        Dag('u → x, u → y', latent={'u'})
    """
    import networkx as nx

    text = text.removeprefix("\ufeff")
    root = Xml(text, "GraphML").root
    if _local(root.tag) != "graphml":
        raise FormatError(f"a GraphML file begins with <graphml>, this one with <{root.tag}>", line=1)
    graphs = [element for element in root.iter() if _local(element.tag) == "graph"]
    if len(graphs) > 1:
        raise FormatError("the file holds several graphs, or graphs within nodes; give one, without groups")
    # An encoding that the declaration names is that of the file, not of this text.
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    graph = _parsed("GraphML", lambda: nx.parse_graphml(plain))
    arrows = {
        (edge.get("source"), edge.get("target"), edge.get("id")): drawn.attrib
        for edge in root.iter()
        if _local(edge.tag) == "edge"
        for drawn in edge.iter()
        if _local(drawn.tag) == "Arrows"  # yEd, which draws an edge either way, both ways or without an end
    }
    for (a, b, *_), data in ((edge[:-1], edge[-1]) for edge in graph.edges(data=True)):
        drawn = arrows.get((str(a), str(b), data.get("id")))
        if drawn:
            data.update(_arrows(drawn.get("source", "none"), drawn.get("target", "none")))
    return from_networkx(_named(graph))


def to_graphml(graph: Graph) -> str:
    """Write a graph as GraphML.

    Raises:
        FormatError: a name that XML cannot hold, such as one with a control character.

    References:
        Brandes and others, *GraphML progress report* (2002).

    Example:
        >>> from causalpp import Dag
        >>> to_graphml(Dag.from_edges([("a", "b")])).count("<edge ")
        1
    """
    import networkx as nx

    for name in graph.nodes:
        if re.search("[\x00-\x1f\ud800-\udfff\ufffe\uffff]", name):
            raise cannot_hold(name, "GraphML", "it has a control character, which XML cannot hold")
    return _checked("GraphML", graph, "\n".join(nx.generate_graphml(to_networkx(graph))) + "\n", from_graphml)


def _parsed(what: str, parse: Callable[[], Any]) -> Any:
    """What networkx reads, with its errors as ours."""
    import networkx as nx

    # SyntaxError: what its XML parser raises of prefixes without a namespace.
    refused = (
        nx.NetworkXError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        SyntaxError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of attributes without a type, which are text
            return parse()
    except refused as error:
        said = str(error) or type(error).__name__
        line = _NEAR_LINE.search(said)
        raise FormatError(f"not {what}: {said}", line=int(line[1]) if line else None) from None


def _local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def _arrows(source: str, target: str) -> dict[str, str]:
    """What yEd draws at the ends of an edge, in the words of DOT."""
    head, tail = ("odot" if "circle" in end else "none" if end == "none" else "normal" for end in (target, source))
    return {"dir": "both", "arrowhead": head, "arrowtail": tail}


def _gml_arrows(looks: dict[str, Any]) -> dict[str, str]:
    """What ``graphics [ … ]`` of an edge says of its ends: yEd's ``targetArrow``, GML's own ``arrow``."""
    if "sourceArrow" in looks or "targetArrow" in looks:
        return _arrows(str(looks.get("sourceArrow", "none")), str(looks.get("targetArrow", "none")))
    ends = {
        "first": ("standard", "none"),
        "last": ("none", "standard"),
        "both": ("standard",) * 2,
        "none": ("none",) * 2,
    }
    found = ends.get(str(looks.get("arrow", "")).lower())
    return _arrows(*found) if found else {}


def _named(graph: nx.Graph[Any]) -> Any:
    """The graph with its nodes called by name: by their labels where they are numbered."""
    import networkx as nx

    if not all(isinstance(node, int) or _NUMBERED.fullmatch(str(node)) for node in graph):
        return nx.relabel_nodes(graph, {node: str(node) for node in graph})
    for key in ("label", "name", "v_name"):
        labels: dict[Hashable, str] = {n: str(data[key]) for n, data in graph.nodes(data=True) if key in data}
        if labels and len(labels) == len(graph):
            if len(set(labels.values())) < len(labels):
                raise InvalidGraph(f"several nodes have the same {key}; a name stands for one variable")
            return nx.relabel_nodes(graph, labels)
    return nx.relabel_nodes(graph, {node: str(node) for node in graph})


def _checked(what: str, graph: Graph, text: str, read: Callable[[str], Graph]) -> str:
    """The text, if it reads back as the same graph with the same order of variables."""
    try:
        back = read(text)
    except (FormatError, InvalidGraph):
        back = None
    if back != graph or back is None or tuple(back.nodes) != tuple(graph.nodes):
        raise FormatError(f"{what} cannot hold this graph: some name would not be read back; JSON can")
    return text
