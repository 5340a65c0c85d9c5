"""BIF, the Interchange Format for Bayesian networks: the graph together with its probability tables.

A file names the variables and their states, then gives one ``probability`` block for each variable::

    network unknown { }
    variable rain { type discrete [ 2 ] { no, yes }; }
    variable wet { type discrete [ 2 ] { no, yes }; }
    probability ( rain ) { table 0.8, 0.2; }
    probability ( wet | rain ) {
      (no) 0.9, 0.1;
      (yes) 0.2, 0.8;
    }

Instead of rows a block may hold a ``default`` row for all parent states without a row of their own, or one
``table`` for everything.  The numbers of a ``table`` stand in the order of counting, the last parent
fastest and the variable itself slowest: for ``wet | rain``, first both probabilities of ``wet = no``, then both of
``wet = yes``.

The reader is stricter than most: a file that was cut short, a missing or repeated row, a row that does
not sum to one are errors with their line, since all of them would otherwise become wrong probabilities.
A row of ``NaN``, as bnlearn writes it for parents that never occurred, is undefined and stays so.

Names are words; others stand in quotes.  Unquoted states of several words between commas, as pgmpy writes them, and
intervals such as ``(20,35]`` are read as well, and written in quotes.

Reference: Cozman, *The Interchange Format for Bayesian Networks*, version 0.15 (1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import FormatError, InvalidGraph, TooLarge
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._sketch import only_dag
from causalpp.graphs.formats._tokens import cannot_hold
from causalpp.graphs.formats.bif._names import WORD
from causalpp.graphs.formats.bif._reader import MOST, TOLERANCE, read_blocks

__all__ = ["BifNetwork", "from_bif", "read_bif", "to_bif", "write_bif"]

_MOST_ROWS = 1024  # equal rows that are still written one by one


@dataclass(frozen=True, eq=False)
class BifNetwork:
    """A discrete Bayesian network as a BIF file holds it.

    Attributes:
        name: the name of the network.
        states: for each variable, in the order of the file, its states.
        parents: for each variable its parents, in the order of its probability block.
        tables: for each variable the probabilities given its parents, of shape
            ``(states of parent 1, …, states of parent k, states of the variable)``; read-only. The numbers
            are those of the file: a row sums to one only as closely as it was printed (within 0.001). A row that
            the file leaves undefined is NaN.
        latent: the unobserved variables (``property latent = yes ;``).
        undefined: the line in the file of each undefined row, by variable and number of the row; equality passes
            over it.

    Raises:
        InvalidGraph: the three mappings do not fit together.

    Example:
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.3, 0.7])})
        >>> network.dag
        Dag('a')
    """

    name: str
    states: dict[str, tuple[str, ...]]
    parents: dict[str, tuple[str, ...]]
    tables: dict[str, NDArray[np.float64]]
    latent: frozenset[str] = frozenset()
    undefined: Mapping[tuple[str, int], int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for what, given in (("parents", self.parents), ("tables", self.tables)):
            if given.keys() != self.states.keys():
                raise InvalidGraph(f"the {what} of a network need the same variables as its states")
        for name, table in self.tables.items():
            if len(set(self.states[name])) != len(self.states[name]) or not self.states[name]:
                raise InvalidGraph(f"{name!r} needs at least one state, and no state twice")
            unknown = [parent for parent in self.parents[name] if parent not in self.states]
            if unknown:
                raise InvalidGraph(f"the parent {unknown[0]!r} of {name!r} is not a variable of the network")
            shape = tuple(len(self.states[n]) for n in (*self.parents[name], name))
            if np.shape(table) != shape:
                raise InvalidGraph(f"the table of {name!r} must have shape {shape}, got {np.shape(table)}")
        copies = {name: np.array(table, dtype=float) for name, table in self.tables.items()}
        for table in copies.values():
            table.flags.writeable = False
        object.__setattr__(self, "tables", copies)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BifNetwork):
            return NotImplemented
        return (
            (self.name, self.states, self.parents, self.latent)
            == (other.name, other.states, other.parents, other.latent)
        ) and all(np.array_equal(table, other.tables[name], equal_nan=True) for name, table in self.tables.items())

    @property
    def dag(self) -> Dag:
        """The graph: an edge from every parent to its variable, variables in the order of the file."""
        edges = [(parent, name) for name, parents in self.parents.items() for parent in parents]
        return Dag(self.states, edges, latent=self.latent)


def read_bif(text: str) -> BifNetwork:
    """Read a Bayesian network, its graph and its tables, from BIF text.

    Commas and the bar before the parents may be missing, as in files written by JavaBayes; names may be
    quoted, or of several words between commas.  Other text between the blocks must be in comments.

    Raises:
        FormatError: the text is malformed or incomplete; with line and column.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, version 0.15 (1998).

    Example:
        >>> network = read_bif('''network n { }
        ... variable rain { type discrete [ 2 ] { no, yes }; }
        ... variable wet { type discrete [ 2 ] { no, yes }; }
        ... probability ( rain ) { table 0.8, 0.2; }
        ... probability ( wet | rain ) { (yes) 0.2, 0.8; default 0.9, 0.1; }''')
        >>> network.dag, network.tables["wet"].tolist()
        (Dag('rain → wet'), [[0.9, 0.1], [0.2, 0.8]])
    """
    network = BifNetwork(*read_blocks(text))
    _ = network.dag  # raises where the graph is cyclic
    return network


def from_bif(text: str) -> Dag:
    """Read the graph of a Bayesian network from BIF text; the whole text is checked, tables included.

    Raises:
        FormatError: the text is malformed or incomplete; with line and column.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, version 0.15 (1998).

    Example:
        >>> from_bif("network n { } variable a { type discrete [ 2 ] { n, y }; } probability ( a ) { table .4, .6; }")
        Dag('a')
    """
    return read_bif(text).dag


def write_bif(network: BifNetwork) -> str:
    """Write a Bayesian network as BIF text; reading it gives an equal network, to the last digit.

    Raises:
        FormatError: there is no variable, a number is not a probability, or a name of a variable or state is blank
            or holds a quotation mark or a line break: BIF has no way to write these.  Other names that are no words
            are quoted.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, version 0.15 (1998).

    Example:
        >>> print(write_bif(BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})))
        network n {
        }
        variable a {
          type discrete [ 2 ] { no, yes };
        }
        probability ( a ) {
          table 0.25, 0.75;
        }
    """
    if not network.states:
        raise FormatError("BIF cannot hold a network without variables; JSON can")
    if set(network.name) & set('"\n\r'):
        raise FormatError(f"BIF cannot hold the network name {network.name!r}: it has a quote or a line break")
    title = network.name if WORD.fullmatch(network.name) else f'"{network.name}"'
    lines = [f"network {title} {{", "}"]
    for name, states in network.states.items():
        named = ", ".join(_word(state) for state in states)
        lines += [f"variable {_word(name)} {{", f"  type discrete [ {len(states)} ] {{ {named} }};"]
        lines += ["  property latent = yes ;", "}"] if name in network.latent else ["}"]
    for name, parents in network.parents.items():
        table = network.tables[name]
        defined = table[~np.isnan(table).all(axis=-1)]
        if not ((defined >= 0).all() and (abs(defined.sum(axis=-1) - 1) <= TOLERANCE).all()):
            raise FormatError(f"the table of {name!r} has a row that is negative or does not sum to one")
        given = " | " + ", ".join(map(_word, parents)) if parents else ""
        lines.append(f"probability ( {_word(name)}{given} ) {{")
        rows = table.reshape(-1, len(network.states[name])).tolist()
        if len(rows) > _MOST_ROWS and all(row == rows[0] for row in rows):  # one line instead of millions
            lines += [f"  default {', '.join(map(repr, rows[0]))};", "}"]
            continue
        written = [[_word(state) for state in network.states[parent]] for parent in parents]
        for row, levels in zip(rows, product(*written), strict=True):
            head = f"({', '.join(levels)})" if parents else "table"
            lines.append(f"  {head} {', '.join(map(_digits, row))};")
        lines.append("}")
    return "\n".join([*lines, ""])


def to_bif(dag: Dag) -> str:
    """Write the graph alone as BIF text, which reads back as the same Dag.

    BIF has no way to leave the tables out, so every variable gets the states ``no`` and ``yes`` and uniform
    probabilities: the numbers mean nothing.  Latent variables carry ``property latent = yes ;``.

    Raises:
        FormatError: there is no variable, or a name holds a quotation mark or a line break.
        TooLarge: a variable has so many parents (20 or more) that its table would not fit.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, version 0.15 (1998).

    Example:
        >>> from_bif(to_bif(Dag.from_edges([("u", "x"), ("u", "y")], latent="u")))
        Dag('u → x, u → y', latent={'u'})
    """
    only_dag(dag, "BIF")
    parents = {name: dag.parents(name) for name in dag.nodes}
    for name, above in parents.items():
        if 2 ** (len(above) + 1) > MOST // 16:  # as text a number takes some 16 times the room
            raise TooLarge(f"{name!r} has {len(above)} parents, too many for a table in BIF; write JSON or DOT instead")
    states: dict[str, tuple[str, ...]] = dict.fromkeys(dag.nodes, ("no", "yes"))
    tables = {name: np.full((2,) * (len(above) + 1), 0.5) for name, above in parents.items()}
    return write_bif(BifNetwork("unknown", states, parents, tables, dag.latent))


def _digits(number: float) -> str:
    return "NaN" if number != number else repr(number)


def _word(name: str) -> str:
    """A name as it stands in the text: as it is if it is a word, else in quotes."""
    if WORD.fullmatch(name):
        return name
    if not name.strip() or set(name) & set('"\n\r'):
        reason = "it is blank, or has a quotation mark or a line break, which BIF cannot quote"
        raise cannot_hold(name, "BIF", reason)
    return f'"{name}"'
