"""Files of graphs: the format follows from the suffix.

| suffix | format |
|---|---|
| ``.json`` | json |
| ``.dot``, ``.gv`` | dot |
| ``.dagitty``, ``.txt`` | dagitty |
| ``.bif`` | bif |
| ``.csv``, ``.tsv`` | edge-list, with commas or tabs; on reading adjacency if it is a matrix |
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from causalpp._files import about, read_text, write_text
from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats.bif import from_bif, to_bif
from causalpp.graphs.formats.dagitty import from_dagitty, to_dagitty
from causalpp.graphs.formats.dot import from_dot, to_dot
from causalpp.graphs.formats.json_text import from_json, to_json
from causalpp.graphs.formats.tables import (
    from_adjacency_csv,
    from_edge_list,
    is_adjacency_csv,
    to_adjacency_csv,
    to_edge_list,
)

__all__ = ["read_graph", "write_graph"]


def _from_csv(text: str) -> Dag:
    return from_adjacency_csv(text) if is_adjacency_csv(text) else from_edge_list(text)


_Pair = tuple[Callable[[str], Dag], Callable[[Dag], str]]
_FORMATS: dict[str, _Pair] = {
    "json": (from_json, to_json),
    "dot": (from_dot, to_dot),
    "dagitty": (from_dagitty, to_dagitty),
    "bif": (from_bif, to_bif),
    "edge-list": (from_edge_list, to_edge_list),
    "adjacency": (from_adjacency_csv, to_adjacency_csv),
}
_SUFFIXES: dict[str, _Pair] = {
    ".json": _FORMATS["json"],
    ".dot": _FORMATS["dot"],
    ".gv": _FORMATS["dot"],
    ".dagitty": _FORMATS["dagitty"],
    ".txt": _FORMATS["dagitty"],
    ".bif": _FORMATS["bif"],
    ".csv": (_from_csv, to_edge_list),
    ".tsv": (_from_csv, partial(to_edge_list, separator="\t")),
}


def read_graph(path: str | os.PathLike[str], format: str | None = None) -> Dag:  # noqa: A002 - the natural word
    """Read a Dag from a file.

    Args:
        path: the file, in UTF-8; packed by gzip if a further suffix .gz says so.
        format: ``json``, ``dot``, ``dagitty``, ``bif``, ``edge-list`` or ``adjacency``; by default it follows
            from the suffix: .json, .dot or .gv, .dagitty or .txt, .bif, .csv or .tsv. A .csv or .tsv file is an
            adjacency matrix if its first cell is empty (but for numbered rows of edges) or it is a square of zeros and
            ones, and an edge list otherwise.

    Raises:
        FormatError: the suffix or format is unknown, the file cannot be read, or its text is malformed.
        InvalidGraph: the text is well formed and describes no Dag.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = write_graph(Dag.from_edges([("smoke", "tar")]), folder + "/smoking.dot")
        ...     read_graph(file)
        Dag('smoke → tar')
    """
    read, _ = _pair(path, format)
    text = read_text(path)
    with about(path):
        return read(text)


def write_graph(dag: Dag, path: str | os.PathLike[str], format: str | None = None) -> Path:  # noqa: A002
    r"""Write a Dag to a file, whole or not at all.

    Args:
        dag: the graph.
        path: the file, written in UTF-8; one already there is replaced.
        format: as in :func:`read_graph`; a .csv file is written as an edge list unless it says ``adjacency``.

    Returns:
        The path of the file.

    Raises:
        FormatError: the suffix or format is unknown, the format cannot hold this Dag, or the file cannot
            be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_graph(Dag.from_edges([("smoke", "tar")]), folder + "/smoking.csv").read_text()
        'source,target\nsmoke,tar\n'
    """
    _, write = _pair(path, format, writing=True)
    return write_text(path, write(dag))


def _pair(path: str | os.PathLike[str], name: str | None, *, writing: bool = False) -> _Pair:
    if name is not None:
        if name not in _FORMATS:
            raise FormatError(f"unknown format {name!r}; known: {', '.join(_FORMATS)}")
        return _FORMATS[name]
    packed = Path(path).suffix.lower() == ".gz"
    if packed and writing:
        raise FormatError(f"cannot write {os.fspath(path)!r}: packed files are only read; leave out .gz")
    suffix = Path(Path(path).stem if packed else path).suffix.lower()
    if suffix not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise FormatError(
            f"{os.fspath(path)!r} does not end in a known suffix ({known}); rename it or give format="
            + " or ".join(map(repr, _FORMATS))
        )
    return _SUFFIXES[suffix]
