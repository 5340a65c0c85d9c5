"""The parser behind :func:`causalpp.graphs.formats.read_bif`: one method per production of the grammar."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import TooLarge
from causalpp.graphs.formats._tokens import Scanner, Token, shown

__all__ = ["MOST", "TOLERANCE", "WORD", "read_blocks"]

MOST = 2**24  # numbers in one table: 128 MiB

# A slash belongs to a word (as in Asy/Patch) unless it begins a comment.
WORD = re.compile(r'(?:[^\s{}\[\]();,|"/]|/(?![/*]))+')
_TOKENS = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*(?s:.*?)\*/)"
    rf"|(?P<word>{WORD.pattern})"
    r'|(?P<string>"[^"\n]*")'
    r"|(?P<mark>[{}\[\]();,|])"
)
_PROPERTY = re.compile(r'(?>"[^"\n]*"|[^;\n])*+;')
_LATENT = re.compile(r'\s*"?\s*latent\s*=\s*"?(\w+)"?\s*"?\s*;', re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
TOLERANCE = 1e-3  # published tables are rounded to as few as three digits

Parts = tuple[
    str, dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], dict[str, NDArray[np.float64]], frozenset[str]
]


def read_blocks(text: str) -> Parts:
    """The name, states, parents, tables and latent variables of a BIF text."""
    return _Reader(text).network()


class _Reader:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text, _TOKENS, "BIF")
        self.states: dict[str, tuple[str, ...]] = {}
        self.index: dict[str, dict[str, int]] = {}  # variable: state: its number
        self.parents: dict[str, tuple[str, ...]] = {}
        self.tables: dict[str, NDArray[np.float64]] = {}
        self.latent: set[str] = set()

    def network(self) -> Parts:
        scan = self.scan
        scan.expect("network", "at the beginning of a BIF file")
        name = "unknown"
        if scan.next.kind == "string":
            name = scan.take().text[1:-1]  # may be empty, unlike other names
        elif not scan.sees("{"):
            name = self.name("the name of the network or '{'")[0]
        scan.expect("{", "after the name of the network")
        while not scan.skips("}"):
            self.property("'property' or '}'")
        waiting: list[Token] = []  # probability blocks may come before the variables they name
        while scan.next.kind != "end":
            if scan.skips("variable"):
                self.variable()
            elif scan.sees("probability"):
                waiting.append(scan.next)
                self.pass_over()
            else:
                raise scan.unexpected("'variable' or 'probability'")
        if not self.states:
            raise scan.error("the network declares no variable; is the file complete?")
        end = scan.next
        for token in waiting:
            scan.at(token.end)
            self.probability()
        scan.next = end
        missing = [repr(name) for name in self.states if name not in self.tables]
        if missing:
            raise scan.error(f"no probability block for {', '.join(missing[:5])}; is the file complete?")
        parents = {name: self.parents[name] for name in self.states}
        return name, self.states, parents, {name: self.tables[name] for name in self.states}, frozenset(self.latent)

    def name(self, what: str) -> tuple[str, Token]:
        token = self.scan.next
        if token.kind not in ("word", "string") or not token.text.strip('" '):
            raise self.scan.unexpected(what)
        self.scan.take()
        return (token.text[1:-1] if token.kind == "string" else token.text), token

    def names(self, what: str, close: str) -> list[tuple[str, Token]]:
        """Names up to a closing mark, the commas between them optional."""
        found: list[tuple[str, Token]] = []
        while not self.scan.skips(close):
            found.append(self.name(what))
            self.scan.skips(",")
        return found

    def property(self, wanted: str) -> str:
        """Skip a property, free text up to the semicolon on the same line, and return that text."""
        if not self.scan.sees("property"):
            raise self.scan.unexpected(wanted)
        match = _PROPERTY.match(self.scan.text, self.scan.next.end)
        if match is None:
            raise self.scan.error("a property must end with ';' on the same line")
        self.scan.at(match.end())
        return match.group()

    def variable(self) -> None:
        scan = self.scan
        name, at = self.name("the name of a variable")
        if name in self.states:
            raise scan.error(f"the variable {name!r} is declared twice", at)
        scan.expect("{", f"after variable {name!r}")
        states: tuple[str, ...] | None = None
        while not scan.skips("}"):
            if scan.sees("type") and states is None:
                states = self.type(name)
                continue
            latent = _LATENT.fullmatch(self.property(f"'type', 'property' or '}}' in variable {name!r}"))
            if latent and latent[1].lower() in ("yes", "true", "1"):
                self.latent.add(name)
        if states is None:
            raise scan.error(f"the variable {name!r} has no type, such as: type discrete [ 2 ] {{ no, yes }};", at)
        self.states[name] = states
        self.index[name] = {state: i for i, state in enumerate(states)}

    def type(self, name: str) -> tuple[str, ...]:
        scan = self.scan
        scan.take()
        if not scan.sees("discrete"):
            raise scan.unexpected("'discrete' (no other type of variable is known)")
        scan.take()
        scan.expect("[", "before the number of states")
        count, at = self.name("the number of states")
        if not re.fullmatch("[0-9]{1,9}", count):
            raise scan.error(f"the number of states must be a whole number, got {shown(count)}", at)
        scan.expect("]", "after the number of states")
        scan.expect("{", "before the states")
        states = self.names(f"a state of {name!r} or '}}'", "}")
        scan.expect(";", f"after the states of {name!r}")
        if len(states) != int(count):
            raise scan.error(f"{name!r} announces {int(count)} states and lists {len(states)}", at)
        if not states:
            raise scan.error(f"{name!r} needs at least one state", at)
        seen: set[str] = set()
        for state, token in states:
            if state in seen:
                raise scan.error(f"{name!r} has the state {state!r} twice", token)
            seen.add(state)
        return tuple(state for state, _ in states)

    def pass_over(self) -> None:
        """Skip a probability block, to be read when all variables are known."""
        scan = self.scan
        scan.take()
        fresh = False  # at the beginning of an entry; elsewhere the keywords may be names of variables and states
        while not scan.skips("}"):
            if fresh and scan.sees("property"):
                self.property("'property'")
            elif scan.next.kind in ("end", "stray") or (fresh and scan.sees("variable", "probability")):
                raise scan.unexpected("'}' at the end of a probability block")
            else:
                fresh = scan.take().text in ("{", ";")

    def probability(self) -> None:
        scan = self.scan
        scan.expect("(", "after 'probability'")
        name, at = self.known("the variable of the probability block")
        if name in self.tables:
            raise scan.error(f"a second probability block for {name!r}", at)
        parents: list[str] = []
        scan.skips("|")
        while not scan.skips(")"):
            parent, token = self.known(f"a parent of {name!r} or ')'")
            if parent == name or parent in parents:
                raise scan.error(f"{parent!r} stands twice in the probability block of {name!r}", token)
            parents.append(parent)
            scan.skips(",")
        self.parents[name] = tuple(parents)
        scan.expect("{", f"after the variables of the probability block of {name!r}")
        self.tables[name] = self.table(name, at)

    def known(self, what: str) -> tuple[str, Token]:
        name, at = self.name(what)
        if name not in self.states:
            raise self.scan.error(f"unknown variable {name!r}: the file declares no variable of that name", at)
        return name, at

    def table(self, name: str, at: Token) -> NDArray[np.float64]:
        scan, parents, width = self.scan, self.parents[name], len(self.states[name])
        above = tuple(len(self.states[parent]) for parent in parents)
        count = math.prod(above)
        if count * width > MOST:
            raise TooLarge(f"the table of {name!r} has {count * width} numbers; more than {MOST} are not read")
        rows: dict[int, list[float]] = {}
        whole: NDArray[np.float64] | None = None
        default: list[float] | None = None
        while not scan.skips("}"):
            here = scan.next
            if scan.skips("("):
                row = self.row(name, parents, here)
                if row in rows:
                    raise scan.error(f"a second row for these parent states of {name!r}", here)
                rows[row] = self.numbers(width, name)
                self.check(rows[row], name, here)
            elif scan.skips("default"):
                if default is not None:
                    raise scan.error(f"a second 'default' row for {name!r}", here)
                default = self.numbers(width, name)
                self.check(default, name, here)
            elif scan.skips("table"):
                if whole is not None:
                    raise scan.error(f"a second 'table' for {name!r}", here)
                # The variable counts slowest in the file and fastest here.
                whole = np.array(self.numbers(width * count, name)).reshape(width, count).T
                for line in whole.tolist():
                    self.check(line, name, here)
            else:
                self.property(f"'table', 'default', '(' or '}}' in the probability block of {name!r}")
        if whole is not None and (rows or default is not None):
            raise scan.error(f"the block of {name!r} gives a whole 'table' and rows besides", at)
        if whole is None:
            if default is None and len(rows) < count:
                raise scan.error(f"the block of {name!r} gives {len(rows)} of {count} rows and no default", at)
            whole = np.empty((count, width))
            whole[:] = default if default is not None else np.nan
            if rows:
                whole[list(rows)] = list(rows.values())
        return np.ascontiguousarray(whole).reshape(*above, width)

    def row(self, name: str, parents: tuple[str, ...], at: Token) -> int:
        levels = self.names("a state or ')'", ")")
        if len(levels) != len(parents):
            raise self.scan.error(f"a row of {name!r} names {len(levels)} states for {len(parents)} parents", at)
        row = 0
        for (state, token), parent in zip(levels, parents, strict=True):
            if state not in self.index[parent]:
                raise self.scan.error(f"unknown state {state!r} of {parent!r}", token)
            row = row * len(self.states[parent]) + self.index[parent][state]
        return row

    def numbers(self, count: int, name: str) -> list[float]:
        scan, values, first = self.scan, [], self.scan.next
        while not scan.skips(";"):
            token = scan.next
            if token.kind != "word":
                raise scan.unexpected(f"a number or ';' in the probability block of {name!r}")
            if not _NUMBER.fullmatch(token.text):
                raise scan.error(f"{shown(token.text)} is not a number")
            value = float(token.text)
            if not 0 <= value < math.inf:
                raise scan.error(f"{shown(token.text)} is not a probability")
            values.append(value)
            scan.take()
            scan.skips(",")
        if len(values) != count:
            raise scan.error(f"expected {count} numbers for {name!r}, found {len(values)}", first)
        return values

    def check(self, row: list[float], name: str, at: Token) -> None:
        if abs(math.fsum(row) - 1) > TOLERANCE:
            raise self.scan.error(f"a row of {name!r} sums to {math.fsum(row):.6g} instead of one", at)
