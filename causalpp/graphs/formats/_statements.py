"""The statement language that DOT and dagitty share: ``a -> b -> {c d} [color=red]; u [latent]``.

dagitty borrowed its grammar from DOT, so one parser reads both.  What differs is in a :class:`Dialect`:
how names are quoted, which arrows there are, which words are reserved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from causalpp.errors import FormatError
from causalpp.graphs.formats._marks import EdgeKind, names_by_label
from causalpp.graphs.formats._sketch import Graph, Place, Sketch
from causalpp.graphs.formats._tokens import Scanner, Token, cannot_hold, shown

__all__ = ["BLANKS", "Attributes", "Dialect", "announced", "read_statements"]

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
        classes: those among them that announce a partially directed graph.
        refused: further ones that announce what cannot be read, with the reason.
        keywords: bare words that are not names, in lower case.
        reserved: names that mean something else even when quoted.
        marks: what the attributes of a node say about it, such as ``{"latent": True}``.
        arrow: an arrow and its attributes → the kinds of edge it stands for; none for one that is no edge.
        arrows: the arrows that may be read, for messages.
        numbered: whether nodes that are bare numbers are named by their labels, which elsewhere are as good as names.
    """

    what: str
    tokens: re.Pattern[str]
    unquote: Callable[[str], str]
    header: frozenset[str]
    classes: frozenset[str]
    refused: Mapping[str, str]
    keywords: frozenset[str]
    reserved: frozenset[str]
    marks: Callable[[Attributes], dict[str, bool]]
    arrow: Callable[[str, Attributes, bool], tuple[EdgeKind, ...]]
    arrows: str
    numbered: bool

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


class _Html(str):
    """A value in HTML, which is never a name."""

    __slots__ = ()


def announced(text: str, dialect: Dialect) -> bool:
    """Whether a text begins as the language wants it: a header, perhaps a name, and a brace."""
    scan = Scanner(text, dialect.tokens, dialect.what)
    if scan.next.text.lower() == "strict":
        scan.take()
    if scan.next.kind != "word" or scan.next.text.lower() not in dialect.header | set(dialect.refused):
        return False
    scan.take()
    if scan.next.kind in ("word", "string"):
        scan.take()
    return scan.sees("{")


def read_statements(text: str, dialect: Dialect, *, bare: bool = False) -> Graph:
    """The graph that a text in this dialect describes.

    Args:
        text: the text.
        dialect: its language.
        bare: whether header and braces are left out, so that the text is statements alone.

    Raises:
        FormatError: the text is malformed, or describes something that is not read; with line and column.
        CyclicGraph: the arrows close a directed cycle.
    """
    return _Reader(text, dialect).graph(bare)


class _Reader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.dialect = dialect
        self.scan = Scanner(text, dialect.tokens, dialect.what)
        self.sketch = Sketch(dialect.what, labelled=dialect.numbered)
        self.looks: dict[str, Attributes] = {}  # label and shape of each node
        self.places: dict[str, Place] = {}  # where a node got its label
        self.drawn: list[Attributes] = []  # the attributes of all edges
        self.word_end = -1  # where the last bare word ended, to notice words that touch

    def graph(self, bare: bool) -> Graph:
        scan, words = self.scan, self.dialect.header
        if bare:
            self.body(_Scope(), 1, end="")
            return self.sketch.graph()
        if scan.next.text.lower() == "strict":
            scan.take()
        header = scan.next.text.lower()
        if scan.next.kind != "word" or header not in words | set(self.dialect.refused):
            raise scan.unexpected(" or ".join(repr(word) for word in sorted(words)))
        if header in self.dialect.refused:
            raise scan.error(self.dialect.refused[header])
        self.sketch.is_class = header in self.dialect.classes
        scan.take()
        if scan.next.kind in ("word", "string"):
            self.name()
        scan.expect("{", f"after {header!r}")
        self.body(_Scope(), 1)
        if scan.next.kind != "end":
            raise scan.unexpected("nothing after the closing brace")
        return self.named().graph()

    def named(self) -> Sketch:
        """The sketch under the names that the labels give, where the nodes are numbered."""
        labels = {node: look.get("label") for node, look in self.looks.items()}
        if not self.dialect.numbered:
            return self.sketch
        try:
            names = names_by_label(labels)
        except FormatError as error:
            values = list(labels.values())
            twice = next(node for i, node in enumerate(labels) if labels[node] in values[:i])
            raise FormatError(str(error), **self.places.get(twice, {})) from None
        if names is None:
            return self.sketch
        for node, label in labels.items():
            if isinstance(label, _Html):
                raise FormatError(
                    f"the node {node} is named by its label, and that is HTML: use a quoted string", **self.places[node]
                )
        # causal-learn's to_pydot gives every edge dir=both, and the shape square to latent variables alone.
        square = [node for node, look in self.looks.items() if look.get("shape") == "square"]
        if len(square) < len(labels) and all(edge.get("dir") == "both" for edge in self.drawn):
            for node in square:
                self.sketch.node(node, {"latent": True})
        return self.sketch.renamed(names)

    def body(self, scope: _Scope, depth: int, end: str = "}") -> list[str]:
        """Statements up to and with the closing brace (or the end of the text); the nodes they mention."""
        if depth > _DEEPEST:
            raise self.scan.error(f"braces nested more than {_DEEPEST} deep")
        mentioned: dict[str, None] = {}
        while not (self.scan.skips(end) if end else self.scan.next.kind == "end"):
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
                if self.value() == "class" and name == "kind" and depth == 1:
                    self.sketch.is_class = True
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
        scan, mentioned = self.scan, list(group)
        found: list[tuple[Token, list[tuple[str, str]], str]] = []
        left = group
        while scan.next.kind == "arrow":
            arrow = scan.take()
            right = self.operand(scope, depth)
            mentioned += right
            edge = f" (here between {shown(left[0])} and {shown(right[0])})" if left and right else ""
            found.append((arrow, [(a, b) for a in left for b in right], edge))
            left = right
        attributes: Attributes = dict(scope.edge) if found else {}
        while scan.sees("["):
            attributes.update(self.attributes())
        if not found:
            for name in group:
                self.mark(name, attributes)
        for arrow, pairs, where in found:
            self.join(arrow, pairs, attributes, where)
        return mentioned

    def join(self, arrow: Token, pairs: list[tuple[str, str]], attributes: Attributes, where: str) -> None:
        """The edges that one arrow stands for."""
        place = self.place(arrow)
        try:
            kinds = self.dialect.arrow(arrow.text, attributes, self.sketch.is_class)
        except FormatError as error:
            raise FormatError(str(error), **place) from None
        if not kinds:
            raise self.scan.error(
                f"{arrow.text!r} is not an edge of a Dag: only {self.dialect.arrows} are{where}", arrow
            )
        self.drawn += [attributes] * len(pairs)
        for kind in kinds:
            for a, b in pairs:
                self.sketch.edge(a, b, kind, place)

    def mark(self, name: str, attributes: Attributes) -> None:
        """What the attributes say about a node."""
        try:
            self.sketch.node(name, self.dialect.marks(attributes))
        except FormatError as error:
            raise FormatError(str(error), **self.place()) from None
        look: Attributes = {key: attributes[key] for key in ("label", "shape") if key in attributes}
        self.looks.setdefault(name, {}).update(look)
        if "label" in look:
            self.places[name] = self.place()

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
        if name not in self.looks:
            self.mark(name, scope.node)
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
            return _Html(self.scan.take().text)
        if self.scan.next.kind not in ("word", "string"):
            raise self.scan.unexpected("a name or value")
        return self.name()

    def name(self) -> str:
        """The next token as a name, with the pieces that + adds to it."""
        token = self.scan.next
        if token.start == self.word_end and token.kind == "word":
            raise self.scan.error("two names touch each other; put a name such as this between quotes")
        self.scan.take()
        name, self.word_end = self.dialect.name_of(token), token.end if token.kind == "word" else -1
        while token.kind == "string" and self.scan.skips("+"):
            if self.scan.next.kind != "string":
                raise self.scan.unexpected("a quoted string after '+'")
            name += self.dialect.name_of(self.scan.take())
        return name

    def place(self, token: Token | None = None) -> Place:
        error = self.scan.error("", token)
        return {"line": error.line, "column": error.column}

    def is_default(self, token: Token) -> bool:
        return token.kind == "word" and token.text.lower() in self.dialect.keywords & {"graph", "node", "edge"}

    def is_subgraph(self, token: Token) -> bool:
        if token.kind != "word" or token.text.lower() != "subgraph":
            return False
        if "subgraph" in self.dialect.keywords:
            return True
        scan = self.scan  # elsewhere it is a variable unless a group follows
        scan.take()
        if scan.next.kind in ("word", "string"):
            scan.take()
        found, scan.next = scan.sees("{"), token
        return found
