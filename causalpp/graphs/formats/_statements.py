"""The statement language that DOT and dagitty share: ``a -> b -> {c d} [color=red]; u [latent]``.

dagitty borrowed its grammar from DOT, so one parser reads both.  What differs is in a :class:`Dialect`:
how names are quoted, which arrows there are, which words are reserved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag, Edge
from causalpp.graphs.formats._tokens import Scanner, Token, cannot_hold, shown

__all__ = ["BLANKS", "Attributes", "Dialect", "read_statements"]

Attributes = dict[str, str]

#: Blanks, // and /* */ comments, and lines that begin with #. The newline is a token of its own so
#: that a # after it is seen.
BLANKS = r"(?P<skip>(?:\A|\n)[^\S\n]*\#[^\n]*|[^\S\n]+|\n|//[^\n]*|/\*(?s:.*?)\*/)"

_DEEPEST = 60  # braces within braces; a limit of ours, far below Python's on recursion


@dataclass(frozen=True)
class Dialect:
    """What sets one language apart.

    Attributes:
        what: its name in messages.
        tokens: the kinds skip, arrow, word, string and mark (and html where it exists).
        unquote: the name that a string token stands for.
        header: the words a text may begin with, in lower case.
        refused: those among them that do not announce a Dag, with the reason.
        keywords: bare words that are not names, in lower case.
        reserved: names that mean something else even when quoted.
        is_latent: whether the attributes of a node mark it as latent; None where they say nothing.
        is_directed: whether the attributes of an arrow leave it an arrow.
    """

    what: str
    tokens: re.Pattern[str]
    unquote: Callable[[str], str]
    header: frozenset[str]
    refused: Mapping[str, str]
    keywords: frozenset[str]
    reserved: frozenset[str]
    is_latent: Callable[[Attributes], bool | None]
    is_directed: Callable[[Attributes], bool]

    def name_of(self, token: Token) -> str:
        """The name that a word or string stands for."""
        return self.unquote(token.text) if token.kind == "string" else token.text

    def quoted(self, name: str) -> str:
        """The name as a quoted string, if reading that back gives the same name.

        Raises:
            FormatError: the language has no way to write this name.
        """
        text = '"' + name.replace('"', '\\"') + '"'
        token = Scanner(text, self.tokens, self.what).next
        # \r is not safe in a text file: universal newlines turn it into \n.
        if token.kind != "string" or token.end != len(text) or self.unquote(text) != name or set(name) & {"\r", "\0"}:
            raise cannot_hold(name, self.what, "it has no escape for a backslash or control character in that place")
        if name in self.reserved:
            raise cannot_hold(name, self.what, "the word is reserved even when quoted", "DOT or JSON")
        return text


@dataclass
class _Scope:
    """The default attributes of nodes and edges inside one pair of braces."""

    node: Attributes = field(default_factory=dict)
    edge: Attributes = field(default_factory=dict)


def read_statements(text: str, dialect: Dialect) -> Dag:
    """The Dag that a text in this dialect describes.

    Raises:
        FormatError: the text is malformed, or describes something that is not a Dag; with line and column.
        CyclicGraph: the arrows close a directed cycle.
    """
    return _Reader(text, dialect).graph()


class _Reader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.dialect = dialect
        self.scan = Scanner(text, dialect.tokens, dialect.what)
        self.nodes: dict[str, bool] = {}  # name: is it latent
        self.edges: list[Edge] = []
        self.name_end = -1  # where the last name ended, to notice names that touch

    def graph(self) -> Dag:
        scan, words = self.scan, self.dialect.header
        if scan.next.text.lower() == "strict":
            scan.take()
        header = scan.next.text.lower()
        if scan.next.kind != "word" or header not in words | set(self.dialect.refused):
            raise scan.unexpected(" or ".join(repr(word) for word in sorted(words)))
        if header in self.dialect.refused:
            raise scan.error(self.dialect.refused[header])
        scan.take()
        if scan.next.kind in ("word", "string"):
            self.name()
        scan.expect("{", f"after {header!r}")
        self.body(_Scope(), 1)
        if scan.next.kind != "end":
            raise scan.unexpected("nothing after the closing brace")
        return Dag(self.nodes, self.edges, latent=[name for name, hidden in self.nodes.items() if hidden])

    def body(self, scope: _Scope, depth: int) -> list[str]:
        """Statements up to and with the closing brace; the nodes they mention."""
        if depth > _DEEPEST:
            raise self.scan.error(f"braces nested more than {_DEEPEST} deep")
        mentioned: dict[str, None] = {}
        while not self.scan.skips("}"):
            if not (self.scan.skips(";") or self.scan.skips(",")):
                mentioned.update(dict.fromkeys(self.statement(scope, depth)))
        return list(mentioned)

    def statement(self, scope: _Scope, depth: int) -> list[str]:
        scan, first = self.scan, self.scan.next
        if self.is_default(first):
            scan.take()
            if not scan.sees("["):
                raise scan.unexpected(f"'[' after {first.text!r} (quote it if it is a variable)")
            target = {"node": scope.node, "edge": scope.edge}.get(first.text.lower(), {})
            target.update(self.attributes())
            return []
        if first.kind in ("word", "string") and not self.is_subgraph(first):
            name = self.variable()
            if scan.skips("="):  # a graph attribute such as rankdir=LR
                self.value()
                return []
            if name in self.dialect.reserved:
                if name == "graph" and scan.sees("["):
                    self.attributes()
                    return []
                raise scan.error(f"{self.dialect.what} reserves the word {name!r}; rename the variable", first)
            self.declare(name, scope)
            group = [name]
        else:
            group = self.group(scope, depth)
            if scan.sees("["):
                raise scan.unexpected("an arrow or a new statement after '}'")
        return self.chain(group, scope, depth)

    def chain(self, group: list[str], scope: _Scope, depth: int) -> list[str]:
        """What follows a node or group: arrows to further ones, attributes."""
        scan, mentioned, new, arrows = self.scan, list(group), [], []
        left = group
        while scan.next.kind == "arrow":
            arrow = scan.take()
            right = self.operand(scope, depth)
            mentioned += right
            pairs = [(a, b) for a in left for b in right]
            if arrow.text not in ("->", "<-"):
                edge = f" (here between {shown(left[0])} and {shown(right[0])})" if left and right else ""
                raise scan.error(f"{arrow.text!r} is not an edge of a Dag: only -> and <- are{edge}", arrow)
            new += pairs if arrow.text == "->" else [(b, a) for a, b in pairs]
            arrows.append(arrow)
            left = right
        attributes: Attributes = dict(scope.edge) if arrows else {}
        while scan.sees("["):
            attributes.update(self.attributes())
        if not arrows:
            hidden = self.latent(attributes)
            if hidden is not None:
                self.nodes.update(dict.fromkeys(group, hidden))
        elif not self.dialect.is_directed(attributes):
            drawn = ", ".join(f"{k}={v}" for k, v in attributes.items() if k in ("dir", "arrowhead", "arrowtail"))
            raise scan.error(f"an edge drawn with {drawn} is not a directed edge", arrows[0])
        self.edges += new
        return mentioned

    def operand(self, scope: _Scope, depth: int) -> list[str]:
        token = self.scan.next
        if token.kind not in ("word", "string") or self.is_subgraph(token):
            return self.group(scope, depth)
        name = self.variable()
        if name in self.dialect.reserved:
            raise self.scan.error(f"{self.dialect.what} reserves the word {name!r}; rename the variable", token)
        self.declare(name, scope)
        return [name]

    def group(self, scope: _Scope, depth: int) -> list[str]:
        if self.is_subgraph(self.scan.next):
            self.scan.take()
            if self.scan.next.kind in ("word", "string"):
                self.name()
            if not self.scan.sees("{"):
                raise self.scan.unexpected("'{' after 'subgraph'")
        if self.scan.next.kind == "html":
            raise self.scan.error("a variable cannot be named by HTML (<…>); use a quoted string")
        if not self.scan.skips("{"):
            raise self.scan.unexpected("a variable, '{' or '}'")
        return self.body(_Scope(dict(scope.node), dict(scope.edge)), depth + 1)

    def declare(self, name: str, scope: _Scope) -> None:
        if not name.strip():
            raise FormatError("a variable name must not be empty or blank", **self.place())
        if name not in self.nodes:
            self.nodes[name] = bool(self.latent(scope.node))
        if self.dialect.what == "DOT" and self.scan.sees(":"):  # a port: where the arrow touches the box
            for _ in range(2):
                if self.scan.skips(":"):
                    self.value()

    def attributes(self) -> Attributes:
        """The attributes in one pair of square brackets; those without a value count as true."""
        found: Attributes = {}
        self.scan.expect("[", "before attributes")
        while not self.scan.skips("]"):
            if self.scan.skips(",") or self.scan.skips(";"):
                continue
            key = self.value()
            found[key] = self.value() if self.scan.skips("=") else "true"
        return found

    def variable(self) -> str:
        token = self.scan.next
        if token.kind == "word" and token.text.lower() in self.dialect.keywords:
            raise self.scan.error(f"{token.text!r} is a keyword; quote it if it is a variable")
        return self.name()

    def value(self) -> str:
        if self.scan.next.kind == "html":
            return self.scan.take().text
        if self.scan.next.kind not in ("word", "string"):
            raise self.scan.unexpected("a name or value")
        return self.name()

    def name(self) -> str:
        """The next token as a name, with the pieces that + adds to it."""
        token = self.scan.next
        if token.start == self.name_end:
            raise self.scan.error("two names touch each other; put a name such as this between quotes")
        self.scan.take()
        name, self.name_end = self.dialect.name_of(token), token.end
        while token.kind == "string" and self.scan.skips("+"):
            if self.scan.next.kind != "string":
                raise self.scan.unexpected("a quoted string after '+'")
            more = self.scan.take()
            name, self.name_end = name + self.dialect.name_of(more), more.end
        return name

    def latent(self, attributes: Attributes) -> bool | None:
        try:
            return self.dialect.is_latent(attributes)
        except FormatError as error:
            raise FormatError(str(error), **self.place()) from None

    def place(self) -> dict[str, int | None]:
        error = self.scan.error("")
        return {"line": error.line, "column": error.column}

    def is_default(self, token: Token) -> bool:
        return token.kind == "word" and token.text.lower() in self.dialect.keywords & {"graph", "node", "edge"}

    def is_subgraph(self, token: Token) -> bool:
        return token.kind == "word" and token.text.lower() in self.dialect.keywords & {"subgraph"}
