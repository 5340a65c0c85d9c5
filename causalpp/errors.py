"""Every exception the library raises on purpose.

All of them derive from :class:`CausalppError`, so ``except cpp.errors.CausalppError`` catches whatever
is the user's to mend and nothing else.  The message says what is wrong and what to do about it; the
command line prints it as one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CausalppError",
    "CyclicGraph",
    "FormatError",
    "InvalidData",
    "InvalidGraph",
    "InvalidParameter",
    "InvalidProposition",
    "MissingDependency",
    "NotIdentified",
    "TooLarge",
    "UnknownNetwork",
    "UnknownState",
    "UnknownVariable",
]


class CausalppError(Exception):
    """Base of every deliberate error of the library."""


class InvalidGraph(CausalppError, ValueError):
    """A graph that is not well formed: duplicate or empty names, self-loops, wrong shapes."""


class CyclicGraph(InvalidGraph):
    """A directed cycle where an acyclic graph is needed; the message names one cycle."""


class InvalidParameter(CausalppError, ValueError):
    """An argument outside its range, such as an error rate of 1.5."""


class InvalidProposition(InvalidParameter):
    """A proposition that says nothing, such as ``Causes("x", "x")``."""


class InvalidData(CausalppError, ValueError):
    """A data frame that cannot be used: no rows, constant or duplicate columns, missing values."""


class FormatError(CausalppError, ValueError):
    """Text that cannot be read, or something a format cannot hold; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        where = ""
        if line is not None:
            where = f"line {line}" + (f", column {column}" if column is not None else "") + ": "
        super().__init__(where + message)


class TooLarge(CausalppError):
    """The exact computation asked for would not fit; the message says which limit to raise or what to use."""


class NotIdentified(CausalppError):
    """The causal effect is not determined by the observed distribution; the message gives the reason."""


class MissingDependency(CausalppError, ImportError):
    """An optional package is needed; the message gives the command that installs it."""


class _Unknown(CausalppError, LookupError):
    """A name that is not among the known ones; close matches are suggested."""

    kind = "name"

    def __init__(self, name: object, known: Iterable[str], *, what: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        message = f"unknown {self.kind} {name!r}{what}"
        close = difflib.get_close_matches(str(name), self.known, n=3, cutoff=0.6)
        if not close:
            folded = {k.casefold(): k for k in self.known}
            close = [folded[str(name).casefold()]] if str(name).casefold() in folded else []
        if close:
            message += "; did you mean " + " or ".join(map(repr, close)) + "?"
        elif self.known:
            shown = ", ".join(map(repr, self.known[:12]))
            message += f"; known: {shown}" + (", …" if len(self.known) > 12 else "")
        super().__init__(message)


class UnknownVariable(_Unknown):
    """A variable that the graph, program or frame does not have."""

    kind = "variable"


class UnknownState(_Unknown):
    """A state that the variable cannot take."""

    kind = "state"


class UnknownNetwork(_Unknown):
    """A network that does not ship with the library."""

    kind = "network"
