"""dagitty, the language of dagitty.net and its R package: ``dag { x -> y <- u ; u [latent] }``.

A descendant of DOT.  A dagitty text may describe other graphs than Dags: with ``<->`` it is an Admg, ``pdag`` is the
graph of a class; ``mag`` and ``pag`` are refused, whose edges stand for ancestry and for many graphs at once.

Reference: Textor, van der Zander, Gilthorpe, Liśkiewicz & Ellison, "Robust causal inference using directed
acyclic graphs: the R package 'dagitty'", *International Journal of Epidemiology* 45 (2016); the grammar is
the one of dagitty 3, https://github.com/jtextor/dagitty.
"""

from __future__ import annotations

import re

from causalpp.errors import FormatError
from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.formats._marks import BACKWARDS, ENDS, EdgeKind, edge_kind, node_marks
from causalpp.graphs.formats._sketch import Graph, parts
from causalpp.graphs.formats._statements import BLANKS, Attributes, Dialect, announced, read_statements
from causalpp.graphs.formats.dagitty._version_one import from_version_one, is_version_one

__all__ = ["from_dagitty", "to_dagitty"]

_TOKENS = re.compile(
    BLANKS
    + r"|(?P<arrow>@->|<-@|->|--@|--|<->|<-|@-@|@--)"
    + r"|(?P<word>-?[\w.]+)"
    + r'|(?P<string>"(?:\\"|\\[\r\n]+|[^"\x00-\x1f\x7f])*+")'
    + r"|(?P<mark>[\[\]{};,=+])"
)
_PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")
_BARE = re.compile(r"->|<-|--|\[|=")  # statements without a wrapper have an arrow, or attributes
_WORDS = {
    **dict.fromkeys(("latent", "l", "unobserved", "u"), "latent"),
    **dict.fromkeys(("exposure", "e", "source"), "exposure"),
    **dict.fromkeys(("outcome", "o", "target"), "outcome"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
    **dict.fromkeys(("selected", "s"), "selected"),
}


def _unquote(text: str) -> str:
    # Unlike DOT, a backslash is itself unless a quote follows, so \\" is a backslash and a quote.
    return re.sub(r'\\("|[\r\n]+)', lambda m: '"' if m[1] == '"' else "", text[1:-1])


def _marks(attributes: Attributes) -> dict[str, bool]:
    # dagitty marks by presence, whatever the value; what it has no word for may be said as in the other formats.
    found = node_marks({key: value for key, value in attributes.items() if key.lower() not in _WORDS})
    for key, value in attributes.items():
        if key.lower() in _WORDS:
            if value.lower() in ("false", "no", "0"):
                raise FormatError(f"dagitty reads [{key}={value}] as {key} all the same: leave it out if it is not")
            found[_WORDS[key.lower()]] = True
    return found


def _arrow(arrow: str, attributes: Attributes, is_class: bool) -> tuple[EdgeKind, ...]:
    if arrow in ("->", "<-") and ENDS & attributes.keys():  # Graphviz's way to say what dagitty has arrows for
        return (edge_kind(attributes) if arrow == "->" else BACKWARDS.get(found := edge_kind(attributes), found),)
    if arrow == "--":
        return ("--",) if is_class else ()
    if arrow in ("@->", "<-@") and not is_class:
        return ("->", "<->") if arrow == "@->" else ("<-", "<->")
    return (arrow,) if arrow in ("->", "<-", "<->") else ()  # type: ignore[return-value]


_DAGITTY = Dialect(
    what="dagitty",
    tokens=_TOKENS,
    unquote=_unquote,
    header=frozenset({"dag", "digraph", "graph", "pdag"}),
    classes=frozenset({"pdag"}),
    refused={
        kind: f"a {kind.upper()} is not a Dag (its edges stand for other things); only 'dag' and 'pdag' can be read"
        for kind in ("mag", "pag")
    },
    keywords=frozenset(),
    reserved=frozenset({"graph", "node"}),
    marks=_marks,
    arrow=_arrow,
    arrows="->, <-, <-> and @->",
    numbered=False,
)


def from_dagitty(text: str) -> Graph:
    r"""Read a graph written in dagitty's language, any version.

    Variables stand in the order in which the text first mentions them.  ``latent``, ``selected``, ``adjusted``,
    ``exposure`` and ``outcome`` are kept as marks of the graph; positions, labels and path coefficients are left out.

    Version 3 writes ``dag { … }``; version 2 may leave out ``dag {`` and ``}``; version 1 lists the variables, then
    after an empty line the effects of each, or a matrix of 0 and 1 whose row causes the column.

    Args:
        text: the text.

    Returns:
        A Dag; an Admg if it has ``<->`` or ``@->``; a Cpdag or Mpdag for ``pdag { … }``.  ``a @-> b`` says that a may
        cause b and that they may share a latent cause: both edges are in the Admg, the weakest thing that can be meant.

    Raises:
        FormatError: the text is malformed or describes something that is not read (``mag``, ``pag``, ``--`` in a
            ``dag``); with line and column.
        CyclicGraph, InvalidGraph: the edges close a directed cycle, or make no such graph.

    References:
        Textor et al., *International Journal of Epidemiology* 45 (2016); https://github.com/jtextor/dagitty.

    Example:
        >>> from_dagitty('dag { x [exposure] ; x -> m -> y ; {x y} <- "a gene" ; "a gene" [latent] }')
        Dag('x → m, m → y, a gene → x, a gene → y', latent={'a gene'}, exposure={'x'})
        >>> from_dagitty("kick -> ball <-> wind")
        Admg('kick → ball, ball ↔ wind')
        >>> from_dagitty("kick E @0,1\nball O @1,1\n\nkick ball")
        Dag('kick → ball', exposure={'kick'}, outcome={'ball'})
    """
    text = text.removeprefix("\ufeff")
    if announced(text, _DAGITTY):
        return read_statements(text, _DAGITTY)
    if is_version_one(text, surely=True):
        return from_version_one(text)
    if _BARE.search(text):
        return read_statements(text, _DAGITTY, bare=True)
    if is_version_one(text):
        return from_version_one(text)
    return read_statements(text, _DAGITTY)  # which says what is missing


def to_dagitty(graph: Graph) -> str:
    """Write a graph in dagitty's language, its marks as ``[latent]``, ``[exposure]``, ….

    Args:
        graph: a Dag, Admg (with ``<->``), Cpdag or Mpdag (as ``pdag``).

    Raises:
        FormatError: a name dagitty cannot hold: one with a control character (such as a line break), one that
            ends with a backslash, or the words ``graph`` and ``node``, which it reserves even between quotes.

    References:
        Textor et al., *International Journal of Epidemiology* 45 (2016); https://github.com/jtextor/dagitty.

    Example:
        >>> from causalpp import Dag
        >>> print(to_dagitty(Dag.from_edges([("a gene", "smoke")], latent="a gene")))
        dag {
          "a gene" [latent]
          smoke
          "a gene" -> smoke
        }
    """
    found = parts(graph)
    written = {name: _written(name) for name in found.nodes}
    lines = [f"  {written[name]} [{','.join(m)}]" if m else f"  {written[name]}" for name, m in found.marks.items()]
    for edges, arrow in ((found.directed, "->"), (found.bidirected, "<->"), (found.undirected, "--")):
        lines += [f"  {written[a]} {arrow} {written[b]}" for a, b in edges]
    return "\n".join(["pdag {" if isinstance(graph, Mpdag) else "dag {", *lines, "}", ""])


def _written(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name not in _DAGITTY.reserved
    return name if plain else _DAGITTY.quoted(name)
