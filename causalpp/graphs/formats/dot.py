"""DOT, the language of Graphviz: ``digraph { smoke -> tar -> cancer; "the gene" [latent=true] }``.

Read is the full language as far as it says something about a graph: chains, groups, subgraphs, default
attributes, ports, all comments.  How things look is left out, except where the look is the meaning: an
edge with ``dir=both`` is bidirected, one with ``dir=none`` undirected, and one with a circle at its end is refused.

Reference: *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.
"""

from __future__ import annotations

import re

from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.formats._marks import BACKWARDS, EdgeKind, edge_kind, is_unobserved, node_marks
from causalpp.graphs.formats._sketch import Graph, parts
from causalpp.graphs.formats._statements import BLANKS, Attributes, Dialect, read_statements

__all__ = ["from_dot", "to_dot"]

_LETTER = r"A-Za-z_\u0080-\U0010ffff"
_TOKENS = re.compile(
    BLANKS
    + r"|(?P<arrow>->|--|<->|<-)"
    + rf"|(?P<word>[{_LETTER}][{_LETTER}0-9]*|-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))"
    + r'|(?P<string>"(?:\\(?s:.)|[^"\\])*+")'
    + r"|(?P<html><(?:[^<>]++|<[^<>]*>)*+>)"
    + r"|(?P<mark>[\[\]{};,=:+])"
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = frozenset({"graph", "node", "edge", "subgraph", "digraph", "strict"})


def _unquote(text: str) -> str:
    # \" is the only escape; \\ stays two characters (but its second does not escape what follows), and
    # a backslash at the end of a line joins it to the next.
    return re.sub(
        r"\\(\r?\n|(?s:.))",
        lambda m: '"' if m[1] == '"' else "" if m[1].endswith("\n") else m[0],
        text[1:-1],
    )


def _arrow(arrow: str, attributes: Attributes, _: bool) -> tuple[EdgeKind, ...]:
    if arrow not in ("->", "<-"):
        return ()
    kind = edge_kind(attributes)
    return (kind if arrow == "->" else BACKWARDS.get(kind, kind),)


_DOT = Dialect(
    what="DOT",
    tokens=_TOKENS,
    unquote=_unquote,
    header=frozenset({"digraph"}),
    classes=frozenset(),
    refused={"graph": "an undirected graph ('graph') is not a Dag; a Dag is a 'digraph' with edges ->"},
    keywords=_KEYWORDS,
    reserved=frozenset(),
    marks=node_marks,
    arrow=_arrow,
    arrows="-> and <-",
    numbered=True,
)


def from_dot(text: str) -> Graph:
    r"""Read a graph written in DOT.

    Variables stand in the order in which the text first mentions them.  What their attributes mean is said in
    :mod:`causalpp.graphs.formats._marks`: ``latent=true`` and DoWhy's ``observed="no"`` are latent variables.
    Where all nodes are bare numbers with labels, as causal-learn's ``to_pydot`` writes them, the labels are the names.

    Args:
        text: a ``digraph``; how things look, ports and the name of the graph are left out.

    Returns:
        A Dag; an Admg if some edge has an arrowhead at both ends (``dir=both``); a Cpdag or Mpdag if some edge has
        none (``dir=none``), or the text says ``kind=class``.

    Raises:
        FormatError: the text is malformed, undirected, names a variable by HTML or has edges that end in circles;
            with line and column.
        CyclicGraph, InvalidGraph: the edges close a directed cycle, or make no such graph.

    References:
        *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.

    Example:
        >>> from_dot('digraph { node [shape=box]; smoke -> tar -> "lung cancer" [color=red]; g [latent=true] }')
        Dag('smoke → tar, tar → lung cancer, g', latent={'g'})
        >>> from_dot('digraph { 0 [label=rain]; 1 [label=wet]; 0 -> 1 }')
        Dag('rain → wet')
        >>> from_dot('digraph { kick -> ball; kick -> ball [dir=both] }')
        Admg('kick → ball, kick ↔ ball')
    """
    return read_statements(text.removeprefix("\ufeff"), _DOT)


def to_dot(graph: Graph) -> str:
    """Write a graph in DOT; marks are attributes such as ``latent=true``, and latent variables are drawn dashed.

    Args:
        graph: a Dag, Admg (↔ is ``dir=both``), Cpdag or Mpdag (an undirected edge is ``dir=none``).

    Raises:
        FormatError: a name that DOT cannot quote: one with a carriage return, or with an odd number of
            backslashes at its end, before a quote or before a line break.

    References:
        *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.

    Example:
        >>> from causalpp import Dag
        >>> print(to_dot(Dag.from_edges([("the gene", "smoke")], latent="the gene")))
        digraph {
          "the gene" [latent=true, style=dashed];
          smoke;
          "the gene" -> smoke;
        }
    """
    found = parts(graph)
    written = {name: _written(name) for name in found.nodes}
    lines = ["  kind=class;"] if isinstance(graph, Mpdag) else []
    for name, marks in found.marks.items():
        attributes = [f"{mark}=true" for mark in marks] + ["style=dashed"] * ("latent" in marks)
        if is_unobserved(name) and "latent" not in marks:
            attributes.append("latent=false")  # a name that is read as latent otherwise
        lines.append(f"  {written[name]} [{', '.join(attributes)}];" if attributes else f"  {written[name]};")
    lines += [f"  {written[a]} -> {written[b]};" for a, b in found.directed]
    lines += [f"  {written[a]} -> {written[b]} [dir=both, style=dashed];" for a, b in found.bidirected]
    lines += [f"  {written[a]} -> {written[b]} [dir=none];" for a, b in found.undirected]
    return "\n".join(["digraph {", *lines, "}", ""])


def _written(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.lower() not in _KEYWORDS
    return name if plain else _DOT.quoted(name)
