"""The parser behind :func:`causalpp.graphs.formats.read_bif`: one method per production of the grammar.

Files of millions of numbers are read block by block (:mod:`causalpp.graphs.formats.bif._plain`); a block that is not
plain, or not right, is gone through word by word here, which says where it goes wrong.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import FormatError, TooLarge
from causalpp.graphs.formats._tokens import Scanner, Token, shown
from causalpp.graphs.formats.bif import _plain
from causalpp.graphs.formats.bif._names import WORD, Item, is_latent, listed

__all__ = ["MOST", "TOLERANCE", "WORD", "read_blocks"]

MOST = 2**24  # numbers in one table: 128 MiB

_TOKENS = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*(?s:.*?)\*/)"
    rf"|(?P<word>{WORD.pattern})"
    r'|(?P<string>"[^"\n]*")'
    r"|(?P<mark>[{}\[\]();,|])"
)
_PROPERTY = re.compile(r'(?>"[^"\n]*"|[^;\n])*+;')
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?nan", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:[-+0-9.eE,\s]|nan)*+;", re.IGNORECASE)
TOLERANCE = 1e-3  # published tables are rounded to as few as three digits


class Parts(NamedTuple):
    """What a BIF text holds; ``undefined`` says on which line each row of NaN stands, by variable and row."""

    name: str
    states: dict[str, tuple[str, ...]]
    parents: dict[str, tuple[str, ...]]
    tables: dict[str, NDArray[np.float64]]
    latent: frozenset[str]
    undefined: dict[tuple[str, int], int]


def read_blocks(text: str) -> Parts:
    """The name, states, parents, tables and latent variables of a BIF text."""
    return _Reader(text.removeprefix("\ufeff")).network()


class _Reader:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text, _TOKENS, "BIF")
        self.states: dict[str, tuple[str, ...]] = {}
        self.index: dict[str, dict[str, int]] = {}  # variable: state: its number
        self.parents: dict[str, tuple[str, ...]] = {}
        self.tables: dict[str, NDArray[np.float64]] = {}
        self.latent: set[str] = set()
        self.undefined: dict[tuple[str, int], int] = {}

    def network(self) -> Parts:
        scan = self.scan
        scan.expect("network", "at the beginning of a BIF file")
        name = "unknown"
        if scan.next.kind == "string":
            name = scan.take().text[1:-1]  # may be empty, unlike other names
        elif not scan.sees("{"):
            name = self.title("the name of the network or '{'")[0]
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
        tables = {name: self.tables[name] for name in self.states}
        return Parts(name, self.states, parents, tables, frozenset(self.latent), self.undefined)

    def name(self, what: str) -> tuple[str, Token]:
        token = self.scan.next
        if token.kind not in ("word", "string") or not token.text.strip('" '):
            raise self.scan.unexpected(what)
        self.scan.take()
        return (token.text[1:-1] if token.kind == "string" else token.text), token

    def title(self, what: str) -> tuple[str, Token]:
        """A name up to an opening brace; of several words, if they are not quoted."""
        name, at = self.name(what)
        while at.kind == "word" and self.scan.next.kind == "word":
            name += " " + self.scan.take().text
        return name, at

    def listed(self, what: str, close: str) -> list[list[Item]]:
        """What stands between commas, up to a closing mark: for each piece, its words."""
        found, end = listed(self.scan, what, close)
        self.scan.at(end)
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
        name, at = self.title("the name of a variable")
        if name in self.states:
            raise scan.error(f"the variable {name!r} is declared twice", at)
        scan.expect("{", f"after variable {name!r}")
        states: tuple[str, ...] | None = None
        while not scan.skips("}"):
            if scan.sees("type") and states is None:
                states = self.type(name)
                continue
            here = scan.next
            try:
                latent = is_latent(self.property(f"'type', 'property' or '}}' in variable {name!r}"), name)
            except FormatError as error:
                raise error if error.line else scan.error(str(error), here) from None
            if latent:
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
        pieces = self.listed(f"a state of {name!r} or '}}'", "}")
        scan.expect(";", f"after the states of {name!r}")
        words = [word for piece in pieces for word in piece]
        # Without commas, as JavaBayes writes it, every word is a state; between commas a state may have several.
        states = words if len(pieces) != int(count) and len(words) == int(count) else list(map(Item.joined, pieces))
        if len(pieces) == 1 and len(states) != int(count):
            states = words
        if len(states) != int(count):
            raise scan.error(f"{name!r} announces {int(count)} states and lists {len(states)}", at)
        if not states:
            raise scan.error(f"{name!r} needs at least one state", at)
        seen: set[str] = set()
        for state in states:
            if state.text in seen:
                raise scan.error(f"{name!r} has the state {state.text!r} twice", state.token)
            seen.add(state.text)
        return tuple(state.text for state in states)

    def pass_over(self) -> None:
        """Skip a probability block, to be read when all variables are known."""
        scan = self.scan
        end = _plain.end_of_block(scan.text, scan.next.end)
        if end is not None:
            scan.at(end)
            return
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
        name, *parents = self.variables()
        for number, parent in enumerate(parents):
            if parent.text == name.text or parent.text in [other.text for other in parents[:number]]:
                raise scan.error(
                    f"{parent.text!r} stands twice in the probability block of {name.text!r}", parent.token
                )
        if name.text in self.tables:
            raise scan.error(f"a second probability block for {name.text!r}", name.token)
        above = self.parents[name.text] = tuple(parent.text for parent in parents)
        scan.expect("{", f"after the variables of the probability block of {name.text!r}")
        width, sizes = len(self.states[name.text]), tuple(len(self.states[parent]) for parent in above)
        if math.prod(sizes) * width > MOST:
            numbers = math.prod(sizes) * width
            raise TooLarge(f"the table of {name.text!r} has {numbers} numbers; more than {MOST} are not read")
        read = _plain.table(scan.text, scan.next.start, [self.index[parent] for parent in above], width, TOLERANCE)
        if read is None:
            found = self.table(name.text, name.token)
        else:
            found, end = read
            scan.at(end)
        self.tables[name.text] = found.reshape(*sizes, width)

    def variables(self) -> list[Item]:
        """The variable and the parents at the head of a probability block."""
        pieces = self.listed("the variable of the probability block, a parent or ')'", ")")
        whole = list(map(Item.joined, pieces))
        words = [word for piece in pieces for word in piece]
        if not whole:
            raise self.scan.error("a probability block needs the variable it is about")
        for reading in (whole, words):
            if all(item.text in self.states for item in reading):
                return reading
        known = any(len(piece) > 1 and piece[0].text in self.states for piece in pieces)
        wrong = next(item for item in (words if known else whole) if item.text not in self.states)
        raise self.scan.error(
            f"unknown variable {wrong.text!r}: the file declares no variable of that name", wrong.token
        )

    def table(self, name: str, at: Token) -> NDArray[np.float64]:
        scan, parents, width = self.scan, self.parents[name], len(self.states[name])
        count = math.prod(len(self.states[parent]) for parent in parents)
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
                if self.check(rows[row], name, here):
                    self.undefined[name, row] = self.line(here)
            elif scan.skips("default"):
                if default is not None:
                    raise scan.error(f"a second 'default' row for {name!r}", here)
                scan.skips("table")  # some write "default table"
                place = self.line(here)
                default = self.numbers(width, name)
                unknown = self.check(default, name, here)
            elif scan.skips("table"):
                if whole is not None:
                    raise scan.error(f"a second 'table' for {name!r}", here)
                # The variable counts slowest in the file and fastest here.
                whole = np.array(self.numbers(width * count, name)).reshape(width, count).T
                for row, line in enumerate(whole.tolist()):
                    if self.check(line, name, here):
                        self.undefined[name, row] = self.line(here)
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
            if default is not None and unknown:
                self.undefined |= {(name, row): place for row in range(count) if row not in rows}
        return np.ascontiguousarray(whole)

    def row(self, name: str, parents: tuple[str, ...], at: Token) -> int:
        pieces = self.listed("a state or ')'", ")")
        whole = list(map(Item.joined, pieces))
        words = [word for piece in pieces for word in piece]
        readings = [reading for reading in (whole, words) if len(reading) == len(parents)]
        if not readings:
            raise self.scan.error(f"a row of {name!r} names {len(words)} states for {len(parents)} parents", at)
        for reading in readings:
            if all(item.text in self.index[parent] for item, parent in zip(reading, parents, strict=True)):
                row = 0
                for item, parent in zip(reading, parents, strict=True):
                    row = row * len(self.states[parent]) + self.index[parent][item.text]
                return row
        for item, parent in zip(readings[0], parents, strict=True):
            if item.text not in self.index[parent]:
                raise self.scan.error(f"unknown state {item.text!r} of {parent!r}", item.token)
        raise AssertionError("one of the states is unknown")

    def numbers(self, count: int, name: str) -> list[float]:
        scan, values, first = self.scan, [], self.scan.next
        whole = _NUMBERS.match(scan.text, first.start)
        pieces = whole[0][:-1].split(",") if whole else []
        if whole and all(map(str.strip, pieces)):
            found = _plain.floats(" ".join(pieces).split())
            if found is not None and len(found) == count and all(0 <= n < math.inf or n != n for n in found):
                scan.at(whole.end())
                return found
        while not scan.skips(";"):
            token = scan.next
            if token.kind != "word":
                raise scan.unexpected(f"a number or ';' in the probability block of {name!r}")
            if not _NUMBER.fullmatch(token.text):
                raise scan.error(f"{shown(token.text)} is not a number")
            value = float(token.text)
            if value < 0 or value == math.inf:
                raise scan.error(f"{shown(token.text)} is not a probability")
            values.append(value)
            scan.take()
            scan.skips(",")
        if len(values) != count:
            raise scan.error(f"expected {count} numbers for {name!r}, found {len(values)}", first)
        return values

    def check(self, row: list[float], name: str, at: Token) -> bool:
        """Refuse a row that does not sum to one; whether it is undefined, all of it NaN."""
        total = math.fsum(row)
        if math.isnan(total):
            if not all(map(math.isnan, row)):
                raise self.scan.error(
                    f"a row of {name!r} mixes numbers and NaN; a row that is not defined is all NaN", at
                )
            return True
        if abs(total - 1) > TOLERANCE:
            raise self.scan.error(f"a row of {name!r} sums to {total:.6g} instead of one", at)
        return False

    def line(self, token: Token) -> int:
        return self.scan.text.count("\n", 0, token.start) + 1
