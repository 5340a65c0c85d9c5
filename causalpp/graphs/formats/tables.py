"""Tables: an edge list and an adjacency matrix, as CSV text and (the matrix) as a pandas DataFrame.

Edge list: a row ``cause,effect`` for each edge, below an optional header such as ``source,target``; a variable
without edges is a row with an empty target.  Adjacency: a matrix of zeros and ones with the variables as
header and as first column; the row causes the column.  In a CSV file the two are told apart by the
first cell, which only an adjacency matrix leaves empty.

Reference: RFC 4180, *Common Format and MIME Type for CSV Files* (2005); quoting as Python's csv module does it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from causalpp.errors import FormatError, InvalidGraph
from causalpp.graphs.dag import Dag, Names
from causalpp.graphs.formats._tokens import cannot_hold, refuse_latent, shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "from_adjacency_csv",
    "from_adjacency_frame",
    "from_edge_list",
    "is_adjacency_csv",
    "to_adjacency_csv",
    "to_adjacency_frame",
    "to_edge_list",
]

#: First rows that are a header and not an edge; the first of them is written.
_HEADERS = (("source", "target"), ("from", "to"), ("cause", "effect"), ("parent", "child"))


def from_edge_list(text: str, *, latent: Names = ()) -> Dag:
    r"""Read a Dag from CSV text with one edge in each row.

    The header may be missing: ``source,target``, ``from,to``, ``cause,effect`` and ``parent,child`` are taken
    for one.  Blanks after a comma are dropped unless quoted.  Variables stand in the order in which the rows first
    mention them.

    Args:
        text: rows ``cause,effect``; ``name,`` for a variable without edges.
        latent: the unobserved variables, which the text itself cannot mark.

    Raises:
        FormatError: a row has no source or not two columns, or the quoting is broken; with the line.
        CyclicGraph: the edges close a directed cycle.
        UnknownVariable: ``latent`` names a variable that the text does not mention.

    References:
        RFC 4180 (2005).

    Example:
        >>> from_edge_list("source,target\nsmoke,tar\ntar,cancer\nage,")
        Dag('smoke → tar, tar → cancer, age')
    """
    nodes: dict[str, None] = {}
    edges = []
    for number, (line, row) in enumerate(_rows(text)):
        if number == 0 and tuple(cell.strip().lower() for cell in row) in _HEADERS:
            continue
        if len(row) != 2:
            raise FormatError(f"a row has two columns, source and target (empty if none); got {len(row)}", line=line)
        if not row[0].strip():
            raise FormatError("a row needs a source in its first column", line=line)
        if row[1].strip():
            edges.append((row[0], row[1]))
        nodes.update(dict.fromkeys(cell for cell in row if cell.strip()))
    return Dag(nodes, edges, latent=latent)


def to_edge_list(dag: Dag) -> str:
    r"""Write a Dag as CSV text: header, one row for each edge, one for each variable without edges.

    Raises:
        FormatError: a variable is latent, or a name holds a carriage return.

    References:
        RFC 4180 (2005).

    Example:
        >>> to_edge_list(Dag(["smoke", "tar", "age"], [("smoke", "tar")]))
        'source,target\nsmoke,tar\nage,\n'
    """
    refuse_latent(dag, "an edge list")
    touched = {name for edge in dag.edges for name in edge}
    return _write([_HEADERS[0], *dag.edges, *((name, "") for name in dag.nodes if name not in touched)], dag)


def from_adjacency_frame(frame: pd.DataFrame) -> Dag:
    """Read a Dag from a DataFrame of zeros and ones: the row causes the column.

    Args:
        frame: the same variables, in the same order, as index and as columns; latent ones are named
            in ``frame.attrs["latent"]``.

    Raises:
        InvalidGraph: index and columns differ, or a cell is neither 0 nor 1.
        CyclicGraph: the edges close a directed cycle.

    Example:
        >>> import pandas as pd
        >>> from_adjacency_frame(pd.DataFrame([[0, 1], [0, 0]], index=["a", "b"], columns=["a", "b"]))
        Dag('a → b')
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidGraph(f"expected a pandas DataFrame, got {type(frame).__name__}")
    nodes = list(frame.columns)
    if list(frame.index) != nodes:
        raise InvalidGraph("an adjacency frame needs the same variables, in the same order, as index and as columns")
    cells = frame.astype(object).to_numpy()
    missing = frame.isna().to_numpy()
    edges = []
    for i, cause in enumerate(nodes):
        for j, effect in enumerate(nodes):
            value = cells[i, j]
            if missing[i, j] or value not in (0, 1):
                raise InvalidGraph(f"row {cause!r}, column {effect!r} holds {value!r}; an adjacency is 0 or 1")
            if value:
                edges.append((cause, effect))
    return Dag(nodes, edges, latent=frame.attrs.get("latent", ()))


def to_adjacency_frame(dag: Dag) -> pd.DataFrame:
    """The adjacency matrix as a DataFrame of zeros and ones: the row causes the column.

    Latent variables are named in ``frame.attrs["latent"]``.

    Example:
        >>> to_adjacency_frame(Dag.from_edges([("a", "b")]))
           a  b
        a  0  1
        b  0  0
    """
    import pandas as pd

    frame = pd.DataFrame(dag.adjacency.astype(int), index=list(dag.nodes), columns=list(dag.nodes))
    frame.attrs["latent"] = [name for name in dag.nodes if name in dag.latent]
    return frame


def from_adjacency_csv(text: str, *, latent: Names = ()) -> Dag:
    r"""Read a Dag from CSV text with an adjacency matrix: the row causes the column.

    Args:
        text: a header with an empty cell and the variables; then for each variable, in the same order, a
            row with its name and zeros and ones.
        latent: the unobserved variables, which the text itself cannot mark.

    Raises:
        FormatError: rows and header do not match, or a cell is neither 0 nor 1; with the line.
        CyclicGraph: the edges close a directed cycle.
        UnknownVariable: ``latent`` names a variable that the text does not mention.

    References:
        RFC 4180 (2005).

    Example:
        >>> from_adjacency_csv(",a,b\na,0,1\nb,0,0")
        Dag('a → b')
    """
    rows = list(_rows(text))
    if not rows or rows[0][1][0].strip():
        raise FormatError("an adjacency matrix begins with a row ',name,name,…' whose first cell is empty", line=1)
    nodes = rows[0][1][1:]
    if len(rows) != len(nodes) + 1:
        raise FormatError(f"an adjacency matrix of {len(nodes)} variables has as many rows, found {len(rows) - 1}")
    edges = []
    for cause, (line, row) in zip(nodes, rows[1:], strict=True):
        if row[0] != cause:
            raise FormatError(f"expected the row of {shown(cause)}, as in the header; got {shown(row[0])}", line=line)
        if len(row) != len(nodes) + 1:
            raise FormatError(f"the row of {shown(cause)} has {len(row) - 1} cells, expected {len(nodes)}", line=line)
        for effect, cell in zip(nodes, row[1:], strict=True):
            if cell.strip() not in ("0", "1"):
                raise FormatError(f"a cell of an adjacency matrix is 0 or 1, got {shown(cell)}", line=line)
            if cell.strip() == "1":
                edges.append((cause, effect))
    return Dag(nodes, edges, latent=latent)


def to_adjacency_csv(dag: Dag) -> str:
    r"""Write the adjacency matrix as CSV text: the row causes the column.

    Raises:
        FormatError: a variable is latent, or a name holds a carriage return.

    References:
        RFC 4180 (2005).

    Example:
        >>> to_adjacency_csv(Dag.from_edges([("a", "b")]))
        ',a,b\na,0,1\nb,0,0\n'
    """
    refuse_latent(dag, "an adjacency matrix in CSV")
    body = [[name, *map(str, row)] for name, row in zip(dag.nodes, dag.adjacency.astype(int).tolist(), strict=True)]
    return _write([["", *dag.nodes], *body], dag)


def is_adjacency_csv(text: str) -> bool:
    """Whether CSV text is an adjacency matrix rather than an edge list: its first cell is empty."""
    for _, row in _rows(text):
        return not row[0].strip()
    return False


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FormatError(f"the CSV is broken: {error}", line=line) from None
        if row:
            yield line, row


def _write(rows: Iterable[Iterable[str]], dag: Dag) -> str:
    for name in dag.nodes:
        if "\r" in name:  # text files turn it into \n when read
            raise cannot_hold(name, "CSV", "a carriage return does not survive in a text file")
    # The reader drops blanks that stand before an unquoted cell.
    blank = any(name.startswith(" ") for name in dag.nodes)
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if blank else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(rows)
    return out.getvalue()
