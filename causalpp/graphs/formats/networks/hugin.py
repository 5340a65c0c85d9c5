"""NET, the format of Hugin: the graph with its probability tables.

``data`` of ``potential (c | a b)`` is a nested list, outermost the states of a and innermost those of c: the first
parent counts slowest and the variable itself fastest, with or without the inner brackets.

Reference: *The Hugin API Reference Manual*, chapter "The NET language".
"""

from __future__ import annotations

import re
from itertools import pairwise

from causalpp.errors import FormatError
from causalpp.graphs.formats._tokens import Scanner, Token, cannot_hold, refuse_latent, shown
from causalpp.graphs.formats.bif import BifNetwork
from causalpp.graphs.formats.networks._parts import Building, numbers, rows_to_write

__all__ = ["read_net", "write_net"]

_TOKENS = re.compile(
    r"(?P<skip>\s+|%[^\n]*)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r'|(?P<word>[^\s(){}|=;,"%]+)'
    r"|(?P<mark>[(){}|=;,])"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = ("continuous", "decision", "utility", "function", "boolean", "class", "instance")


def read_net(text: str) -> BifNetwork:
    """Read a Bayesian network from the text of a Hugin NET file; nodes are named by their identifiers, not labels.

    Attributes that say nothing about tables, such as labels and positions, are passed over.  Continuous nodes,
    decisions, utilities, and tables made by expressions are refused by name.

    Raises:
        FormatError: the text is malformed or no whole network; with line and, mostly, column.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        *The Hugin API Reference Manual*, chapter "The NET language".

    Example:
        >>> network = read_net('''net { }
        ... node rain { states = ("no" "yes"); }
        ... node wet { states = ("no" "yes"); }
        ... potential (rain) { data = (0.8 0.2); }
        ... potential (wet | rain) { data = ((0.9 0.1)    % rain=no
        ...                                  (0.2 0.8)); }''')
        >>> network.tables["wet"].tolist()
        [[0.9, 0.1], [0.2, 0.8]]
    """
    if text.lstrip().lower().startswith("*vertices"):
        raise FormatError("this .net file is Pajek's, not Hugin's; read it with networkx.read_pajek", line=1)
    return _Reader(text).network()


class _Reader:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text.removeprefix("\ufeff"), _TOKENS, "NET")
        self.out = Building("NET")

    def line(self, token: Token) -> int:
        return self.scan.text.count("\n", 0, token.start) + 1

    def network(self) -> BifNetwork:
        scan = self.scan
        while scan.next.kind != "end":
            if scan.skips("net"):
                said = self.attributes("net")
                self.out.name = _unquoted(said.get("name", [])[0]) if said.get("name") else "unknown"
            elif scan.sees("potential"):
                self.potential()
            elif scan.sees("node", "discrete"):
                self.node()
            elif scan.sees(*_KINDS):
                raise scan.error(f"{shown(scan.next.text)} nodes are not read; only discrete ones are")
            else:
                raise scan.unexpected("'net', 'node' or 'potential'")
        return self.out.network()

    def node(self) -> None:
        scan = self.scan
        scan.skips("discrete")
        at = scan.expect("node", "after 'discrete'")
        if scan.next.kind not in ("word", "string"):
            raise scan.unexpected("the name of a node")
        name = _unquoted(scan.take())
        states = [_unquoted(token) for token in self.attributes(name).get("states", []) if token.kind != "mark"]
        self.out.variable(name, states, self.line(at))

    def potential(self) -> None:
        scan = self.scan
        at = scan.take()
        scan.expect("(", "after 'potential'")
        names: list[str] = []
        while not scan.skips(")"):
            if scan.next.kind not in ("word", "string"):
                raise scan.unexpected("the name of a node or ')'")
            names.append(_unquoted(scan.take()))
            if len(names) == 1:
                scan.skips("|")
            scan.skips(",")
        if not names:
            raise scan.error("a potential needs the node it is about", at)
        said = self.attributes(names[0])
        line = self.line(at)
        if "data" not in said:
            how = "by an expression" if {"model_data", "model_nodes", "samples_per_interval"} & set(said) else "nowhere"
            raise FormatError(f"the table of {names[0]!r} is given {how}; only data = (…) is read", line=line)
        words = " ".join(token.text for token in said["data"] if token.text not in ("(", ")", ","))
        self.out.table(names[0], names[1:], numbers(words, names[0], line), line)

    def attributes(self, what: str) -> dict[str, list[Token]]:
        """What stands between braces: attribute → its tokens, brackets among them."""
        scan = self.scan
        scan.expect("{", f"after {what!r}")
        found: dict[str, list[Token]] = {}
        while not scan.skips("}"):
            if scan.next.kind != "word":
                raise scan.unexpected(f"an attribute of {what!r} or '}}'")
            name = scan.take().text
            scan.expect("=", f"after {name!r}")
            tokens: list[Token] = []
            while not scan.skips(";"):
                if scan.next.kind in ("end", "stray") or scan.sees("{", "}", "="):
                    raise scan.unexpected(f"';' at the end of {name!r}")
                tokens.append(scan.take())
            found[name] = tokens
        return found


def _unquoted(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "string" else token.text


def write_net(network: BifNetwork) -> str:
    """Write a Bayesian network as the text of a Hugin NET file.

    Raises:
        FormatError: there is no variable, one is latent, a number is not a probability, a row is undefined, the name
            of a variable is no identifier, or a state has a quotation mark, a backslash or a line break.

    References:
        *The Hugin API Reference Manual*, chapter "The NET language".

    Example:
        >>> import numpy as np
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})
        >>> read_net(write_net(network)) == network
        True
    """
    if not network.states:
        raise FormatError("NET cannot hold a network without variables; JSON can")
    refuse_latent(network.dag, "NET")
    lines = ["net", "{", f"  name = {_quoted(network.name)};" if network.name else "", "}"]
    for name, states in network.states.items():
        if not _NAME.fullmatch(name) or name in ("net", "node", "potential", "discrete", *_KINDS):
            raise cannot_hold(name, "NET", "its names are made of letters, digits and underscores", "BIF and XMLBIF")
        lines += [f"node {name}", "{", f"  states = ({' '.join(map(_quoted, states))});", "}"]
    for name, parents in network.parents.items():
        rows = rows_to_write(network, name)
        if (rows != rows).any():
            raise FormatError(f"NET cannot hold the undefined rows of {name!r}; BIF can")
        sizes = [len(network.states[parent]) for parent in parents]
        given = " | " + " ".join(parents) if parents else ""
        lines += [f"potential ({name}{given})", "{", "  data = ("]
        breaks = [_blocks(row, sizes) for row in range(len(rows) + 1)]
        for row, (before, after) in zip(rows.tolist(), pairwise(breaks), strict=True):
            words = " ".join(map(repr, row))
            lines.append(f"    {'(' * before if parents else ''}{words}{')' * after if parents else ''}")
        lines += ["  );", "}"]
    return "\n".join([line for line in lines if line] + [""])


def _blocks(row: int, sizes: list[int]) -> int:
    """How many brackets stand between a row and the one before."""
    depth, block = 1, 1
    for size in reversed(sizes[1:]):
        block *= size
        depth += row % block == 0
    return depth


def _quoted(name: str) -> str:
    if set(name) & set('"\\\n\r'):
        raise cannot_hold(name, "NET", "it has a quotation mark, a backslash or a line break")
    return f'"{name}"'
