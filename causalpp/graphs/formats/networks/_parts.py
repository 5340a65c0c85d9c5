"""What the readers of network files share: numbers, tables that are checked, and XML without entities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import FormatError, TooLarge
from causalpp.graphs.formats._tokens import shown
from causalpp.graphs.formats.bif import BifNetwork
from causalpp.graphs.formats.bif._plain import floats
from causalpp.graphs.formats.bif._reader import MOST, TOLERANCE

__all__ = ["Building", "Xml", "numbers", "rows_to_write"]


@dataclass
class Building:
    """A network while its file is read; :meth:`network` checks that nothing is missing."""

    what: str
    name: str = "unknown"
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    latent: set[str] = field(default_factory=set)

    def variable(self, name: str, states: Sequence[str], line: int) -> None:
        """A variable and its states, each state once."""
        if not name.strip():
            raise FormatError("a variable has no name", line=line)
        if name in self.states:
            raise FormatError(f"the variable {name!r} is declared twice", line=line)
        if not states or len(set(states)) < len(states) or not all(states):
            raise FormatError(f"{name!r} needs at least one state, each with a name and none twice", line=line)
        self.states[name] = tuple(states)

    def table(self, name: str, parents: Sequence[str], found: list[float], line: int) -> None:
        """The parents of a variable and its numbers: the last parent faster than the first, its own state fastest."""
        if name in self.numbers:
            raise FormatError(f"a second table for {name!r}", line=line)
        if name in parents or len(set(parents)) < len(parents):
            raise FormatError(f"a variable stands twice in the table of {name!r}", line=line)
        self.parents[name], self.numbers[name], self.lines[name] = tuple(parents), found, line

    def network(self) -> BifNetwork:
        """The network, if it is whole.

        Raises:
            FormatError: no variables, no table for one, an unknown parent, a table of another size, or a row that is
                neither a distribution nor all NaN.
            CyclicGraph: the parents close a cycle.
            TooLarge: more than 2²⁴ numbers in a table.
        """
        if not self.states:
            raise FormatError(f"the {self.what} file declares no variable; is it complete?", line=1)
        tables: dict[str, NDArray[np.float64]] = {}
        undefined: dict[tuple[str, int], int] = {}
        for name, states in self.states.items():
            if name not in self.numbers:
                raise FormatError(f"no table for {name!r}; is the file complete?", line=1)
            line = self.lines[name]
            unknown = [parent for parent in self.parents[name] if parent not in self.states]
            if unknown:
                raise FormatError(f"{name!r} has the unknown parent {unknown[0]!r}", line=line)
            sizes = [len(self.states[parent]) for parent in self.parents[name]]
            size = math.prod(sizes) * len(states)
            if size > MOST:
                raise TooLarge(f"the table of {name!r} has {size} numbers; more than {MOST} are not read")
            if len(self.numbers[name]) != size:
                raise FormatError(f"expected {size} numbers for {name!r}, found {len(self.numbers[name])}", line=line)
            table = np.array(self.numbers[name]).reshape(-1, len(states))
            missing = np.asarray(np.isnan(table).all(axis=-1))
            wrong = ~missing & ~((table >= 0).all(axis=-1) & (np.abs(table.sum(axis=-1) - 1) <= TOLERANCE))
            if wrong.any():
                row = table[int(wrong.argmax())]
                raise FormatError(
                    f"a row of {name!r}, {' '.join(f'{p:g}' for p in row[:8])}, is no distribution: it sums to "
                    f"{row.sum():.6g}",
                    line=line,
                )
            undefined |= {(name, int(row)): line for row in np.flatnonzero(missing)}
            tables[name] = table.reshape(*sizes, len(states))
        parents = {name: self.parents[name] for name in self.states}
        out = BifNetwork(self.name, self.states, parents, tables, frozenset(self.latent), undefined)
        _ = out.dag  # raises where the graph is cyclic
        return out


def numbers(text: str, what: str, line: int) -> list[float]:
    """Numbers with blanks between them.

    Raises:
        FormatError: something else stands among them.
    """
    words = text.split()
    found = floats(words)
    if found is None or "_" in text or not all(value >= 0 or value != value for value in found):
        wrong = next((w for w in words if (f := floats([w])) is None or "_" in w or f[0] < 0), "")
        raise FormatError(f"{shown(wrong)} is not a probability, in the table of {what!r}", line=line)
    return found


def rows_to_write(network: BifNetwork, name: str) -> NDArray[np.float64]:
    """The table of a variable, one row a configuration of its parents.

    Raises:
        FormatError: a row that is neither a distribution nor all NaN.
    """
    rows = network.tables[name].reshape(-1, len(network.states[name]))
    defined = rows[~np.isnan(rows).all(axis=-1)]
    if not ((defined >= 0).all() and (abs(defined.sum(axis=-1) - 1) <= TOLERANCE).all()):
        raise FormatError(f"the table of {name!r} has a row that is negative or does not sum to one")
    return rows


class Xml:
    """An XML text as a tree, with the line of each element; entities are refused, so that nothing grows or is fetched.

    Raises:
        FormatError: the text is not XML, or declares an entity; with line and column.
    """

    def __init__(self, text: str, what: str) -> None:
        self.what = what
        self._lines: dict[Element, int] = {}
        builder = TreeBuilder()
        parser = expat.ParserCreate("utf-8")  # whatever the declaration says of the file
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            self._lines[builder.start(tag, dict(attributes))] = parser.CurrentLineNumber

        def entity(*_: Any) -> int:
            raise FormatError(
                f"the {what} file declares or uses an XML entity, which is not read",
                line=parser.CurrentLineNumber,
                column=parser.CurrentColumnNumber + 1,
            )

        parser.StartElementHandler = start
        parser.EndElementHandler = lambda tag: builder.end(tag)
        parser.CharacterDataHandler = builder.data
        parser.EntityDeclHandler = entity
        parser.ExternalEntityRefHandler = entity
        parser.SkippedEntityHandler = entity
        try:
            parser.Parse(text.encode(), True)
        except expat.ExpatError as error:
            where = {"line": error.lineno, "column": error.offset + 1}
            raise FormatError(f"not XML: {expat.errors.messages[error.code]}", **where) from None
        except UnicodeEncodeError:
            raise FormatError("not XML: half of a surrogate pair", line=1) from None
        self.root: Element = builder.close()

    def line(self, element: Element) -> int:
        """The line on which an element begins."""
        return self._lines[element]

    def text(self, element: Element, tag: str) -> str:
        """The text of the one child of that name.

        Raises:
            FormatError: there is none.
        """
        found = element.find(tag)
        if found is None:
            raise FormatError(f"<{element.tag}> has no <{tag}>", line=self.line(element))
        return "".join(found.itertext()).strip()
