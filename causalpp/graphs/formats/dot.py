"""DOT, the language of Graphviz: ``digraph { smoke -> tar -> cancer; "the gene" [latent=true] }``.

Read is the full language as far as it says something about a Dag: chains, groups, subgraphs, default
attributes, ports, all comments.  How things look is left out, except where the look is the meaning: an
edge drawn with ``dir=both`` or a circle at its end is not a directed edge and is refused.

Reference: *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.
"""

from __future__ import annotations

import re

from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._statements import BLANKS, Attributes, Dialect, read_statements
from causalpp.graphs.formats._tokens import shown

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
_CIRCLES = {"none", "dot", "odot"}  # ends that are no arrowhead


def _unquote(text: str) -> str:
    # \" is the only escape; \\ stays two characters (but its second does not escape what follows), and
    # a backslash at the end of a line joins it to the next.
    return re.sub(
        r"\\(\r?\n|(?s:.))",
        lambda m: '"' if m[1] == '"' else "" if m[1].endswith("\n") else m[0],
        text[1:-1],
    )


def _is_latent(attributes: Attributes) -> bool | None:
    value = attributes.get("latent")
    if value is None:
        return None
    answer = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(value.lower())
    if answer is None:
        raise FormatError(f"latent is true or false, got {shown(value)}")
    return answer


def _is_directed(attributes: Attributes) -> bool:
    way = attributes.get("dir", "forward")
    head = way in ("forward", "both") and attributes.get("arrowhead", "normal") not in _CIRCLES
    tail = way in ("back", "both") and attributes.get("arrowtail", "normal") != "none"
    return head and not tail


_DOT = Dialect(
    what="DOT",
    tokens=_TOKENS,
    unquote=_unquote,
    header=frozenset({"digraph"}),
    refused={"graph": "an undirected graph ('graph') is not a Dag; a Dag is a 'digraph' with edges ->"},
    keywords=_KEYWORDS,
    reserved=frozenset(),
    is_latent=_is_latent,
    is_directed=_is_directed,
)


def from_dot(text: str) -> Dag:
    r"""Read a Dag written in DOT.

    A variable is latent if its attribute ``latent`` is true.  Variables stand in the order in which the
    text first mentions them.

    Args:
        text: a ``digraph``; all other attributes, ports and the name of the graph are dropped.

    Raises:
        FormatError: the text is malformed, undirected, or names a variable by HTML; with line and column.
        CyclicGraph: the edges close a directed cycle.

    References:
        *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.

    Example:
        >>> from_dot('digraph { node [shape=box]; smoke -> tar -> "lung cancer" [color=red]; g [latent=true] }')
        Dag('smoke → tar, tar → lung cancer, g', latent={'g'})
    """
    return read_statements(text, _DOT)


def to_dot(dag: Dag) -> str:
    """Write a Dag in DOT; latent variables are marked ``latent=true`` and drawn dashed.

    Raises:
        FormatError: a name that DOT cannot quote: one with a carriage return, or with an odd number of
            backslashes at its end, before a quote or before a line break.

    References:
        *DOT Language*, Graphviz documentation, https://graphviz.org/doc/info/lang.html.

    Example:
        >>> print(to_dot(Dag.from_edges([("the gene", "smoke")], latent="the gene")))
        digraph {
          "the gene" [latent=true, style=dashed];
          smoke;
          "the gene" -> smoke;
        }
    """
    written = {name: _written(name) for name in dag.nodes}
    lines = [
        f"  {written[name]} [latent=true, style=dashed];" if name in dag.latent else f"  {written[name]};"
        for name in dag.nodes
    ]
    lines += [f"  {written[a]} -> {written[b]};" for a, b in dag.edges]
    return "\n".join(["digraph {", *lines, "}", ""])


def _written(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.lower() not in _KEYWORDS
    return name if plain else _DOT.quoted(name)
