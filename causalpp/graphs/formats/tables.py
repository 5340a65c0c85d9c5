"""Tables: an edge list and an adjacency matrix, as CSV text and (the matrix) as a pandas DataFrame.

Edge list: a row ``cause,effect`` for each edge, below an optional header such as ``source,target``; a variable
without edges is a row with an empty target.  Adjacency: a matrix of zeros and ones with the variables as
header and as first column; the row causes the column.

Commas, tabs, semicolons, bars and blanks separate (:mod:`causalpp._separated`).  R's habits are known: numbers of rows
as an unnamed first column are passed over, ``TRUE`` is a one, and a header may lack the cell above the row names.
An arc that stands both ways, as bnlearn and adjacency matrices of classes write what has no direction, is refused.

Reference: RFC 4180, *Common Format and MIME Type for CSV Files* (2005); quoting as Python's csv module does it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from causalpp._separated import Cells, numbered, read_cells
from causalpp.errors import CyclicGraph, FormatError, InvalidGraph
from causalpp.graphs.dag import Dag, Names
from causalpp.graphs.formats._sketch import only_dag
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

#: First rows that are a header and not an edge; the first of them is written.  Turned round they are one as well.
_HEADERS = (
    ("source", "target"),
    ("from", "to"),
    ("cause", "effect"),
    ("parent", "child"),
    ("source", "destination"),
    ("src", "dst"),
    ("src", "dest"),
    ("src", "tgt"),
    ("start", "end"),
    ("origin", "destination"),
)
#: What may stand around the words of a header: ``source_node``, ``node.from``, ``Source ID``.
_AROUND = re.compile(r"(?:node|variable|var|vertex|edge)?[\s_.-]*(.*?)[\s_.-]*(?:node|variable|var|vertex|name|id)?")
#: First rows that are as surely a header and do not say which column is the cause.
_UNDIRECTED = re.compile(
    r"(node|variable|var|vertex)[\s_.-]*(1|a),\1[\s_.-]*(2|b)|(tail,head|head,tail)", re.IGNORECASE
)


def from_edge_list(text: str, *, latent: Names = ()) -> Dag:
    r"""Read a Dag from CSV text with one edge in each row.

    The header may be missing: ``source,target``, ``from,to``, ``cause,effect``, ``parent,child``, ``src,dst``,
    ``start,end`` and the like are taken for one, and so are these turned round, ``to,from``: then the second column is
    the cause.  Blanks after a comma are dropped unless quoted.  Variables stand in the order in which the rows first
    mention them.

    Args:
        text: rows ``cause,effect``; ``name,`` for a variable without edges.  Rows may be numbered in an unnamed first
            column, as by R.
        latent: the unobserved variables, which the text itself cannot mark.

    Raises:
        FormatError: a row has no source or not two columns, a header does not say which column is the cause
            (``node1,node2``), or the quoting is broken; with the line.
        CyclicGraph: the edges close a directed cycle.
        UnknownVariable: ``latent`` names a variable that the text does not mention.

    References:
        RFC 4180 (2005).

    Example:
        >>> from_edge_list("source,target\nsmoke,tar\ntar,cancer\nage,")
        Dag('smoke → tar, tar → cancer, age')
    """
    cells = _in_order(_without_numbers(read_cells(text)))
    nodes: dict[str, None] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, (line, row) in enumerate(zip(cells.lines, cells.rows, strict=True)):
        if number == 0 and _is_header(row):
            continue
        if len(row) != 2:
            raise FormatError(f"a row has two columns, source and target (empty if none); got {len(row)}", line=line)
        if not row[0].strip():
            raise FormatError("a row needs a source in its first column", line=line)
        if row[1].strip():
            lines.setdefault((row[0], row[1]), line)
        nodes.update(dict.fromkeys(cell for cell in row if cell.strip()))
    for (a, b), line in lines.items():
        if lines.get((b, a), line) > line:
            raise _both_ways(a, b, f"lines {line} and {lines[b, a]}")
    return Dag(nodes, list(lines), latent=latent)


def to_edge_list(dag: Dag, *, separator: str = ",") -> str:
    r"""Write a Dag as CSV text: header, one row for each edge, one for each variable without edges.

    Args:
        dag: the graph.
        separator: what stands between two cells.

    Raises:
        FormatError: a variable is latent, or a name holds a carriage return.

    References:
        RFC 4180 (2005).

    Example:
        >>> to_edge_list(Dag(["smoke", "tar", "age"], [("smoke", "tar")]))
        'source,target\nsmoke,tar\nage,\n'
    """
    only_dag(dag, "an edge list")
    refuse_latent(dag, "an edge list")
    touched = {name for edge in dag.edges for name in edge}
    return _write([_HEADERS[0], *dag.edges, *((name, "") for name in dag.nodes if name not in touched)], dag, separator)


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
                if j < i and cells[j, i]:
                    raise _both_ways(effect, cause, f"rows {j + 1} and {i + 1}")
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

    only_dag(dag, "an adjacency matrix")
    frame = pd.DataFrame(dag.adjacency.astype(int), index=list(dag.nodes), columns=list(dag.nodes))
    frame.attrs["latent"] = [name for name in dag.nodes if name in dag.latent]
    return frame


def from_adjacency_csv(text: str, *, latent: Names = ()) -> Dag:
    r"""Read a Dag from CSV text with an adjacency matrix: the row causes the column.

    Args:
        text: a header with an empty cell and the variables; then for each variable, in the same order, a
            row with its name (or its number) and zeros and ones, also written 1.0 or TRUE.  The empty cell, or all
            names of rows, may be missing, and where the rows are named, the cell may hold a word such as "name".
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
    nodes, body = _matrix(read_cells(text))
    edges: dict[tuple[str, str], int] = {}
    for cause, (line, row) in zip(nodes, body, strict=True):
        if len(row) != len(nodes):
            raise FormatError(f"the row of {shown(cause)} has {len(row)} cells, expected {len(nodes)}", line=line)
        for effect, cell in zip(nodes, row, strict=True):
            value = _zero_or_one(cell)
            if value is None:
                raise FormatError(f"a cell of an adjacency matrix is 0 or 1, got {shown(cell)}", line=line)
            if value and effect != cause and (effect, cause) in edges:
                raise _both_ways(effect, cause, f"lines {edges[effect, cause]} and {line}")
            if value:
                edges[cause, effect] = line
    return Dag(nodes, list(edges), latent=latent)


def _matrix(cells: Cells) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The variables of an adjacency matrix, and its rows, each with its line and without its name."""
    rows, lines = cells.rows, cells.lines
    named = bool(rows) and (not rows[0][0].strip() or _names_both(rows))
    if not named and not _is_square(cells):
        raise FormatError("an adjacency matrix begins with a row ',name,name,…' whose first cell is empty", line=1)
    nodes = rows[0][1:] if named else rows[0]
    if len(rows) != len(nodes) + 1:
        raise FormatError(f"an adjacency matrix of {len(nodes)} variables has as many rows, found {len(rows) - 1}")
    if not named and not cells.short_header:  # no names of rows at all
        return nodes, list(zip(lines[1:], rows[1:], strict=True))
    first = [row[0] for row in rows[1:]]
    if not numbered(first):  # a matrix without names of rows, as R and pandas write it
        for cause, name, line in zip(nodes, first, lines[1:], strict=True):
            if name != cause:
                where = f"expected the row of {shown(cause)}, as in the header; got {shown(name)}"
                raise FormatError(where, line=line)
    return nodes, [(line, row[1:]) for line, row in zip(lines[1:], rows[1:], strict=True)]


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
    only_dag(dag, "an adjacency matrix in CSV")
    refuse_latent(dag, "an adjacency matrix in CSV")
    body = [[name, *map(str, row)] for name, row in zip(dag.nodes, dag.adjacency.astype(int).tolist(), strict=True)]
    return _write([["", *dag.nodes], *body], dag)


def is_adjacency_csv(text: str) -> bool:
    """Whether CSV text is an adjacency matrix rather than an edge list.

    Its first cell is empty, and what follows is not a list of numbered edges; or its rows are named as its columns; or
    it has a header and as many rows of zeros and ones as columns.
    """
    cells = read_cells(text)
    if not cells.rows:
        return False
    if not cells.rows[0][0].strip():
        return not _is_header(_without_numbers(cells).rows[0])
    return _names_both(cells.rows) or _is_square(cells)


def _names_both(rows: Sequence[Sequence[str]]) -> bool:
    """Whether three or more columns have the names of the rows as header, behind a cell such as "name"."""
    return len(rows[0]) > 2 and [row[0] for row in rows[1:]] == list(rows[0][1:])


def _is_header(row: Sequence[str]) -> bool:
    words = _header_words(row)
    return words in _HEADERS or words[::-1] in _HEADERS


def _header_words(row: Sequence[str]) -> tuple[str, ...]:
    found = (_AROUND.fullmatch(cell.strip().lower()) for cell in row)
    return tuple(match[1] for match in found if match)


def _in_order(cells: Cells) -> Cells:
    """An edge list with the causes first, whatever its header says.

    Raises:
        FormatError: it is a header that does not say which column is the cause, and no such variables recur.
    """
    first = cells.rows[0] if cells.rows else []
    if len(first) == 2 and _UNDIRECTED.fullmatch(",".join(map(str.strip, first))):
        recurs = {cell.strip() for row in cells.rows[1:] for cell in row} & {cell.strip() for cell in first}
        if not recurs and len(cells.rows) > 1:
            raise FormatError(
                f"the header {','.join(first)!r} does not say which column is the cause: call them source and target",
                line=cells.lines[0],
            )
    if _header_words(first)[::-1] in _HEADERS and all(len(row) == 2 for row in cells.rows):
        turned = [row[::-1] if row[1].strip() else row for row in cells.rows]  # "name," stays a variable without edges
        return Cells(turned, cells.lines, cells.separator)
    return cells


def _is_square(cells: Cells) -> bool:
    """Whether a header, with or without names of the rows beside it, stands above a square of zeros and ones."""
    rows = cells.rows
    if len(rows) < 2 or len(rows) != len(rows[0]) + 1 or _is_header(rows[0]):
        return False
    start = 1 if cells.short_header else 0
    return all(
        len(row) == len(rows[0]) + start and all(_zero_or_one(cell) is not None for cell in row[start:])
        for row in rows[1:]
    )


def _without_numbers(cells: Cells) -> Cells:
    """An edge list without the numbers of its rows, which R puts below an empty cell or below none."""
    rows = cells.rows
    unnamed = bool(rows) and len(rows[0]) == 3 and not rows[0][0].strip()
    if not (unnamed or (cells.short_header and len(rows[0]) == 2)) or not _is_header(
        rows[0][1:] if unnamed else rows[0]
    ):
        return cells
    if len(rows) > 1 and (any(len(row) != 3 for row in rows[1:]) or not numbered([row[0] for row in rows[1:]])):
        return cells
    header = rows[0][1:] if unnamed else rows[0]
    return Cells([header, *(row[1:] for row in rows[1:])], cells.lines, cells.separator)


def _zero_or_one(cell: str) -> bool | None:
    """Whether a cell of an adjacency matrix is a one, be it written 1, 1.0 or TRUE; None for anything else."""
    text = cell.strip()
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return value == 1 if value in (0, 1) else None


def _both_ways(a: str, b: str, where: str) -> CyclicGraph:
    return CyclicGraph(
        f"the graph has a directed cycle: {a} → {b} → {a} ({where}); in the arcs or the matrix of a class this is an "
        "edge without a direction: choose one for a Dag, or give the class as a CPDAG"
    )


def _write(rows: Iterable[Iterable[str]], dag: Dag, separator: str = ",") -> str:
    for name in dag.nodes:
        if "\r" in name:  # text files turn it into \n when read
            raise cannot_hold(name, "CSV", "a carriage return does not survive in a text file")
    # The reader drops blanks that stand before an unquoted cell.
    blank = any(name.startswith(" ") for name in dag.nodes)
    out = io.StringIO()
    csv.writer(
        out, quoting=csv.QUOTE_ALL if blank else csv.QUOTE_MINIMAL, delimiter=separator, lineterminator="\n"
    ).writerows(rows)
    return out.getvalue()
