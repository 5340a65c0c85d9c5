"""dagitty, the language of dagitty.net and its R package: ``dag { x -> y <- u ; u [latent] }``.

A descendant of DOT.  A dagitty text may describe other graphs than Dags (``mag``, ``pdag``, ``<->``);
these are refused, since reading ``<->`` as a directed edge, or as a new latent variable, would be a guess.

Reference: Textor, van der Zander, Gilthorpe, Liśkiewicz & Ellison, "Robust causal inference using directed
acyclic graphs: the R package 'dagitty'", *International Journal of Epidemiology* 45 (2016); the grammar is
the one of dagitty 3, https://github.com/jtextor/dagitty.
"""

from __future__ import annotations

import re

from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._statements import BLANKS, Attributes, Dialect, read_statements

__all__ = ["from_dagitty", "to_dagitty"]

_TOKENS = re.compile(
    BLANKS
    + r"|(?P<arrow>@->|<-@|->|--@|--|<->|<-|@-@|@--)"
    + r"|(?P<word>-?[\w.]+)"
    + r'|(?P<string>"(?:\\"|\\[\r\n]+|[^"\x00-\x1f\x7f])*+")'
    + r"|(?P<mark>[\[\]{};,=+])"
)
_PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")
_LATENT = {"latent", "l", "unobserved", "u"}


def _unquote(text: str) -> str:
    # Unlike DOT, a backslash is itself unless a quote follows, so \\" is a backslash and a quote.
    return re.sub(r'\\("|[\r\n]+)', lambda m: '"' if m[1] == '"' else "", text[1:-1])


def _is_latent(attributes: Attributes) -> bool | None:
    return True if _LATENT & attributes.keys() else None


def _is_directed(attributes: Attributes) -> bool:  # noqa: ARG001 - edges have no attribute that says so
    return True


_DAGITTY = Dialect(
    what="dagitty",
    tokens=_TOKENS,
    unquote=_unquote,
    header=frozenset({"dag", "digraph", "graph"}),
    refused={
        kind: f"a {kind.upper()} is not a Dag (its edges stand for other things); only 'dag' can be read"
        for kind in ("mag", "pdag", "pag")
    },
    keywords=frozenset(),
    reserved=frozenset({"graph", "node"}),
    is_latent=_is_latent,
    is_directed=_is_directed,
)


def from_dagitty(text: str) -> Dag:
    """Read a Dag written in dagitty's language.

    Variables stand in the order in which the text first mentions them.  Exposure, outcome, positions
    and path coefficients are dropped: a Dag has no place for them.

    Args:
        text: ``dag { … }``.

    Raises:
        FormatError: the text is malformed or describes something other than a Dag; with line and column.
        CyclicGraph: the edges close a directed cycle.

    References:
        Textor et al., *International Journal of Epidemiology* 45 (2016); https://github.com/jtextor/dagitty.

    Example:
        >>> from_dagitty('dag { x [exposure] ; y [outcome] ; x -> m -> y ; {x y} <- "a gene" ; "a gene" [latent] }')
        Dag('x → m, m → y, a gene → x, a gene → y', latent={'a gene'})
    """
    return read_statements(text, _DAGITTY)


def to_dagitty(dag: Dag) -> str:
    """Write a Dag in dagitty's language, latent variables marked ``[latent]``.

    Raises:
        FormatError: a name dagitty cannot hold: one with a control character (such as a line break), one that
            ends with a backslash, or the words ``graph`` and ``node``, which it reserves even between quotes.

    References:
        Textor et al., *International Journal of Epidemiology* 45 (2016); https://github.com/jtextor/dagitty.

    Example:
        >>> print(to_dagitty(Dag.from_edges([("a gene", "smoke")], latent="a gene")))
        dag {
          "a gene" [latent]
          smoke
          "a gene" -> smoke
        }
    """
    written = {name: _written(name) for name in dag.nodes}
    lines = [f"  {written[name]} [latent]" if name in dag.latent else f"  {written[name]}" for name in dag.nodes]
    lines += [f"  {written[a]} -> {written[b]}" for a, b in dag.edges]
    return "\n".join(["dag {", *lines, "}", ""])


def _written(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name not in _DAGITTY.reserved
    return name if plain else _DAGITTY.quoted(name)
