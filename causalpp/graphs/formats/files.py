"""Files of graphs: the format follows from the suffix.

| suffix | format |
|---|---|
| ``.json`` | json |
| ``.dot``, ``.gv`` | dot |
| ``.dagitty`` | dagitty |
| ``.txt`` | dagitty; on reading tetrad if it says ``Graph Nodes:``, modelstring if it begins with ``[`` |
| ``.tetrad`` | tetrad |
| ``.bif`` | bif |
| ``.xmlbif``, ``.bifxml``, ``.xml``, ``.xdsl``, ``.net``, ``.uai`` | networks of other programs, read only |
| ``.gml``, ``.graphml`` | gml, graphml |
| ``.csv``, ``.tsv`` | edge-list, with commas or tabs; on reading adjacency if it is a matrix |
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from causalpp._files import about, read_text, write_text
from causalpp.errors import FormatError, InvalidGraph
from causalpp.graphs.admg import Admg
from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._sketch import Graph, only_dag
from causalpp.graphs.formats.bif import from_bif, to_bif
from causalpp.graphs.formats.dagitty import from_dagitty, to_dagitty
from causalpp.graphs.formats.dot import from_dot, to_dot
from causalpp.graphs.formats.gml import from_gml, from_graphml, to_gml, to_graphml
from causalpp.graphs.formats.json_text import from_json, to_json
from causalpp.graphs.formats.modelstring import from_modelstring, is_modelstring, to_modelstring
from causalpp.graphs.formats.networks import NETWORK_FORMATS
from causalpp.graphs.formats.tables import (
    from_adjacency_csv,
    from_edge_list,
    is_adjacency_csv,
    to_adjacency_csv,
    to_edge_list,
)
from causalpp.graphs.formats.tetrad import from_tetrad, is_tetrad, to_tetrad

__all__ = ["graph_text", "has_graph_suffix", "read_dag", "read_graph", "write_graph"]


def _from_csv(text: str) -> Dag:
    return from_adjacency_csv(text) if is_adjacency_csv(text) else from_edge_list(text)


def _from_txt(text: str) -> Graph:
    if is_modelstring(text):
        return from_modelstring(text)
    return from_tetrad(text) if is_tetrad(text) else from_dagitty(text)


def _from_xml(text: str) -> Graph:
    """GraphML, or the graph of an XMLBIF network."""
    return from_graphml(text) if re.search(r"<(?:\w+:)?graphml\b", text[:10_000]) else _graph_of(".xml")(text)


def _graph_of(suffix: str) -> Callable[[str], Dag]:
    """A reader of the graph alone in a network of another program."""
    read, _ = NETWORK_FORMATS[suffix]
    return lambda text: read(text).dag


def _not_written(graph: Graph) -> str:  # noqa: ARG001
    raise FormatError("a graph alone has no tables, which this format needs: write .bif, .json or .dot")


def _dags(write: Callable[[Dag], str], what: str) -> Callable[[Graph], str]:
    """A writer of Dags that says so when it is given another graph."""
    return lambda graph: write(only_dag(graph, what))


_Pair = tuple[Callable[[str], Graph], Callable[[Graph], str]]
_FORMATS: dict[str, _Pair] = {
    "json": (from_json, to_json),
    "dot": (from_dot, to_dot),
    "dagitty": (from_dagitty, to_dagitty),
    "tetrad": (from_tetrad, to_tetrad),
    "bif": (from_bif, _dags(to_bif, "BIF")),
    "xmlbif": (_graph_of(".xmlbif"), _not_written),
    "xdsl": (_graph_of(".xdsl"), _not_written),
    "net": (_graph_of(".net"), _not_written),
    "uai": (_graph_of(".uai"), _not_written),
    "gml": (from_gml, to_gml),
    "graphml": (from_graphml, to_graphml),
    "modelstring": (from_modelstring, _dags(to_modelstring, "a model string")),
    "edge-list": (from_edge_list, _dags(to_edge_list, "an edge list")),
    "adjacency": (from_adjacency_csv, _dags(to_adjacency_csv, "an adjacency matrix")),
}
_SUFFIXES: dict[str, _Pair] = {
    ".json": _FORMATS["json"],
    ".dot": _FORMATS["dot"],
    ".gv": _FORMATS["dot"],
    ".dagitty": _FORMATS["dagitty"],
    ".txt": (_from_txt, to_dagitty),
    ".tetrad": _FORMATS["tetrad"],
    ".bif": _FORMATS["bif"],
    ".xmlbif": _FORMATS["xmlbif"],
    ".bifxml": _FORMATS["xmlbif"],
    ".xml": (_from_xml, _not_written),
    ".xdsl": _FORMATS["xdsl"],
    ".net": _FORMATS["net"],
    ".uai": _FORMATS["uai"],
    ".gml": _FORMATS["gml"],
    ".graphml": _FORMATS["graphml"],
    ".csv": (_from_csv, _FORMATS["edge-list"][1]),
    ".tsv": (_from_csv, _dags(partial(to_edge_list, separator="\t"), "an edge list")),
}


def read_graph(path: str | os.PathLike[str], format: str | None = None) -> Graph:  # noqa: A002 - the natural word
    """Read a graph from a file.

    Args:
        path: the file, in UTF-8; packed by gzip if a further suffix .gz says so.
        format: ``json``, ``dot``, ``dagitty``, ``tetrad``, ``bif``, ``xmlbif``, ``xdsl``, ``net`` (Hugin), ``uai``,
            ``gml``, ``graphml``, ``modelstring`` (bnlearn), ``edge-list`` or ``adjacency``; by default it follows from
            the suffix.  A .csv or .tsv file is an adjacency matrix if its first cell is empty (but for numbered rows of
            edges) or it is a square of zeros and ones, and an edge list otherwise; a .txt file is Tetrad's if it says
            ``Graph Nodes:``, a model string if it begins with a bracket, and dagitty's otherwise; a .xml file is
            GraphML or XMLBIF.

    Returns:
        A Dag; an Admg where the file has bidirected edges, a Cpdag or Mpdag where it has undirected ones.

    Raises:
        FormatError: the suffix or format is unknown, the file cannot be read, or its text is malformed.
        InvalidGraph: the text is well formed and describes no such graph.

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


def read_dag(path: str | os.PathLike[str], format: str | None = None) -> Dag:  # noqa: A002
    """Read a Dag from a file, as :func:`read_graph` does.

    Raises:
        InvalidGraph: the file holds another graph: one with bidirected or undirected edges.
        FormatError: as there.
    """
    found = read_graph(path, format)
    if isinstance(found, Admg):
        a, b = found.bidirected[0]
        raise InvalidGraph(f"{os.fspath(path)!r} is no Dag: it has the bidirected edge {a!r} <-> {b!r}")
    if isinstance(found, Mpdag):
        edge = "".join(f", such as {a!r} – {b!r}" for a, b in found.undirected[:1])
        raise InvalidGraph(f"{os.fspath(path)!r} is no Dag: it is the graph of a class, with undirected edges{edge}")
    return found


def has_graph_suffix(path: str | os.PathLike[str]) -> bool:
    """Whether the suffix of a file says that it is written as a graph."""
    return Path(path).suffix.lower() in _SUFFIXES


def write_graph(graph: Graph, path: str | os.PathLike[str], format: str | None = None) -> Path:  # noqa: A002
    r"""Write a graph to a file, whole or not at all.

    Args:
        graph: a Dag, Admg, Cpdag or Mpdag.
        path: the file, written in UTF-8; one already there is replaced.
        format: as in :func:`read_graph`; a .csv file is written as an edge list unless it says ``adjacency``.

    Returns:
        The path of the file.

    Raises:
        FormatError, InvalidGraph: the suffix or format is unknown, the format cannot hold this graph, or the file
            cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_graph(Dag.from_edges([("smoke", "tar")]), folder + "/smoking.csv").read_text()
        'source,target\nsmoke,tar\n'
    """
    return write_text(path, graph_text(graph, path, format))


def graph_text(graph: Graph, path: str | os.PathLike[str], format: str | None = None) -> str:  # noqa: A002
    """What :func:`write_graph` would write, to see whether it can before there is anything to write.

    Raises:
        FormatError, InvalidGraph: the suffix or format is unknown, or the format cannot hold this graph.
    """
    _, write = _pair(path, format, writing=True)
    return write(graph)


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
