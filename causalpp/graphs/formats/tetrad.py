r"""Tetrad's text of a graph, which causal-learn prints too: nodes, then numbered edges such as ``1. a --> b``.

``-->`` is a directed edge, ``---`` an undirected one, ``<->`` a latent common cause; ``o->``, ``o-o`` and ``o--``
belong to a PAG and are refused.  A node in round brackets is latent, one in square brackets selected.  What stands
behind an edge (``dd nl``, probabilities of a bootstrap) and in the sections after the edges (attributes, triples)
describes how the search went and changes no graph; triples marked as ambiguous do, and are refused.

Reference: Tetrad, ``GraphSaveLoadUtils``, https://github.com/cmu-phil/tetrad; causal-learn, ``graph_string``.
"""

from __future__ import annotations

import re

from causalpp.errors import FormatError
from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.formats._marks import EdgeKind
from causalpp.graphs.formats._sketch import Graph, Sketch, parts
from causalpp.graphs.formats._tokens import cannot_hold, shown

__all__ = ["from_tetrad", "is_tetrad", "to_tetrad"]

_HEADER = re.compile(r"\s*Graph\s+(Nodes|Edges)\s*:[^\S\n]*(.*)", re.IGNORECASE)
_EDGE = re.compile(r"\s*(?:\d+\.\s*)?(?P<a>\S.*?)\s+(?P<kind>[-<o]-[->o])\s+(?P<rest>\S.*?)\s*")
_KINDS: dict[str, EdgeKind] = {
    "-->": "->",
    "<--": "<-",
    "---": "--",
    "<->": "<->",
    "o->": "o->",
    "<-o": "<-o",
    "o-o": "o-o",
    "o--": "o--",
    "--o": "--o",
}
_SECTION = re.compile(
    r"\s*(Graph (Node )?Attributes|(Dotted )?underlines?( triples)?)\b.*",
    re.IGNORECASE,
)
_PROPERTIES = re.compile(r"(\s+(dd|nl|pd|pl))*(\s*\[.*|\s*;.*|\s*\{.*|\s+\d[\d.eE+-]*%?)?", re.DOTALL)


def is_tetrad(text: str) -> bool:
    """Whether a text has a line ``Graph Nodes:`` or ``Graph Edges:``."""
    return any(_HEADER.fullmatch(line) for line in text.splitlines())


def from_tetrad(text: str) -> Graph:
    r"""Read a graph in Tetrad's text format.

    Args:
        text: the sections ``Graph Nodes:`` (names separated by ``;`` or ``,``) and ``Graph Edges:``.

    Returns:
        A Dag; a Cpdag or Mpdag if some edge is undirected; an Admg if some edge is ``<->``.

    Raises:
        FormatError: a malformed line, an edge of a PAG, a name that is not among the nodes; with the line.
        CyclicGraph, InvalidGraph: the edges make no such graph.

    References:
        Tetrad, https://github.com/cmu-phil/tetrad; causal-learn, https://causal-learn.readthedocs.io.

    Example:
        >>> from_tetrad("Graph Nodes:\nrain;wet;slip\n\nGraph Edges:\n1. rain --> wet\n2. wet --> slip\n")
        Dag('rain → wet, wet → slip')
        >>> from_tetrad("Graph Nodes:\nrain;wet\n\nGraph Edges:\n1. rain --- wet\n")
        Cpdag('rain – wet')
    """
    nodes: list[tuple[int, str]] = []
    edges: list[tuple[int, str]] = []
    section: list[tuple[int, str]] | None = None
    seen: set[str] = set()
    after_blank = False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        header = _HEADER.fullmatch(line)
        if header:
            which = header[1].lower()
            if which in seen:
                raise FormatError(f"a second section Graph {header[1]}: give one graph", line=number)
            seen.add(which)
            section = nodes if which == "nodes" else edges
            line = header[2]
        elif line.strip().lower().startswith("ambiguous triples"):
            raise FormatError(
                "the text lists ambiguous triples, so it stands for several classes of graphs; take those lines out to "
                "read its edges as they are",
                line=number,
            )
        elif _SECTION.fullmatch(line) and section is not None and not _EDGE.fullmatch(line):
            section = None
            seen.add("more")
        if not line.strip() or (section is None and "more" in seen):
            after_blank = section is edges and bool(edges)
            continue
        if after_blank and section is edges and not header and not _EDGE.fullmatch(line):
            section = None  # scores and the like, which Tetrad puts behind an empty line
            seen.add("more")
            continue
        if section is None:
            raise FormatError(f"expected 'Graph Nodes:' or 'Graph Edges:', found {shown(line.strip())}", line=number)
        if not header or line:
            section.append((number, line))
    if "edges" not in seen:
        raise FormatError("the text has no section 'Graph Edges:'; is the file complete?")
    return _sketch(nodes, edges, listed="nodes" in seen).graph()


def _sketch(nodes: list[tuple[int, str]], edges: list[tuple[int, str]], *, listed: bool) -> Sketch:
    sketch = Sketch("Tetrad")
    ends = [end for _, line in edges if (match := _EDGE.fullmatch(line)) for end in (match["a"], match["rest"])]
    for number, line in nodes:
        for name, marks in _names(line, ends):
            if name in sketch.marks:
                raise FormatError(f"the node {shown(name)} is listed twice", line=number)
            sketch.node(name, marks)
    for number, line in edges:
        match = _EDGE.fullmatch(line)
        if match is None:
            raise FormatError(f"expected an edge such as '1. a --> b', found {shown(line.strip())}", line=number)
        a, kind, rest = match["a"], match["kind"], match["rest"]
        b = _target(rest, set(sketch.marks)) if listed else re.split(r"\s", rest)[0]
        a, b = (_end(sketch, end) for end in (a, b))
        if kind not in _KINDS:
            raise FormatError(f"{kind!r} is no edge of a graph", line=number)
        for name in (a, b):
            if listed and name not in sketch.marks:
                raise FormatError(f"{shown(name)} is not among the nodes", line=number)
        sketch.edge(a, b, _KINDS[kind], {"line": number})
    return sketch


def _end(sketch: Sketch, end: str) -> str:
    """The name at the end of an edge; brackets around it say the same there as among the nodes."""
    mark = {"()": "latent", "[]": "selected"}.get(end[:1] + end[-1:])
    if mark is None or end in sketch.marks or len(end) < 3:
        return end
    name = end[1:-1].strip()
    if name in sketch.marks:  # one that is not listed is refused by the caller
        sketch.node(name, {mark: True})
    return name


def _names(line: str, ends: list[str]) -> list[tuple[str, dict[str, bool]]]:
    """The names in a line of nodes, and what their brackets say; blanks separate where nothing else does.

    Tetrad separates by semicolons and commas alike; a comma belongs to a name where an edge spells the name so.
    """
    parts = line.split(";" if ";" in line else "," if "," in line else None)
    if ";" in line:
        whole = {part for part in map(str.strip, parts) if any(end.startswith(part) for end in ends)}
        parts = [piece for part in parts for piece in ([part] if part.strip() in whole else part.split(","))]
    found: list[tuple[str, dict[str, bool]]] = []
    for part in parts:
        name = part.strip()
        if len(name) > 2 and name[0] == "(" and name[-1] == ")":
            found.append((name[1:-1].strip(), {"latent": True}))
        elif len(name) > 2 and name[0] == "[" and name[-1] == "]":
            found.append((name[1:-1].strip(), {"selected": True}))
        elif name:
            found.append((name, {}))
    return found


def _target(rest: str, names: set[str]) -> str:
    """The name that what follows an edge begins with: the longest, behind which only properties may stand."""
    for end in range(len(rest), 0, -1):
        if rest[:end] in names and _PROPERTIES.fullmatch(rest[end:]):
            return rest[:end]
    return rest


def to_tetrad(graph: Graph) -> str:
    """Write a graph as Tetrad's text, latent variables in round brackets and selected ones in square brackets.

    Args:
        graph: a Dag, Admg, Cpdag or Mpdag.

    Raises:
        FormatError: a name that would not read back, or a mark that the format does not have.

    References:
        Tetrad, https://github.com/cmu-phil/tetrad.

    Example:
        >>> from causalpp import Dag
        >>> print(to_tetrad(Dag.from_edges([("rain", "wet")], latent="rain")))
        Graph Nodes:
        (rain);wet
        <BLANKLINE>
        Graph Edges:
        1. rain --> wet
    """
    found = parts(graph)
    written = []
    for name, marks in found.marks.items():
        if re.search(r"[\s;,()\[\]]", name) or name != name.strip():
            raise cannot_hold(name, "Tetrad text", "blanks, brackets, commas and semicolons end a name there")
        if "adjusted" in marks:
            raise FormatError(f"Tetrad text cannot mark {shown(name)} as adjusted; JSON, DOT and dagitty can")
        written.append(f"({name})" if "latent" in marks else f"[{name}]" if "selected" in marks else name)
    if isinstance(graph, Mpdag) and not found.undirected:
        raise FormatError(
            "Tetrad text cannot say that a graph without undirected edges is a class; JSON, DOT and dagitty can"
        )
    lines = [
        f"{a} {arrow} {b}"
        for edges, arrow in ((found.directed, "-->"), (found.bidirected, "<->"), (found.undirected, "---"))
        for a, b in edges
    ]
    return "\n".join(
        [
            "Graph Nodes:",
            ";".join(written),
            "",
            "Graph Edges:",
            *(f"{i}. {line}" for i, line in enumerate(lines, 1)),
            "",
        ]
    )
