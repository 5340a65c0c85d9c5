"""JSON: the library's own file of a graph, and the one format that holds every name and every graph.

The schema, version 1: an object with ``"format": "causalpp.dag"``, ``"version": 1``, ``"nodes"`` (a list of
strings), ``"edges"`` (a list of pairs ``[cause, effect]``) and ``"latent"`` (a list of strings, may be left out).
Where the graph has marked variables there are also ``"selected"``, ``"adjusted"``, ``"exposure"``, ``"outcome"``.
An Admg is a ``"causalpp.admg"`` with ``"directed"`` and ``"bidirected"`` for ``"edges"``, and no ``"latent"``; a Cpdag
or Mpdag a ``"causalpp.pdag"`` with ``"directed"`` and ``"undirected"``, and no marks.

Reference: RFC 8259, *The JavaScript Object Notation (JSON) Data Interchange Format* (2017).
"""

from __future__ import annotations

import json
from typing import Any

from causalpp.errors import FormatError
from causalpp.graphs._names import ROLES, check_names
from causalpp.graphs.admg import Admg
from causalpp.graphs.cpdag import partially_directed
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._sketch import Graph, parts
from causalpp.graphs.formats._tokens import shown

__all__ = ["from_json", "to_json"]

_VERSION = 1
_MARKED = {"causalpp.dag": ("latent", *ROLES), "causalpp.admg": ROLES, "causalpp.pdag": ()}
_EDGES = {
    "causalpp.dag": ("edges",),
    "causalpp.admg": ("directed", "bidirected"),
    "causalpp.pdag": ("directed", "undirected"),
}


def from_json(text: str) -> Graph:
    """Read a graph from the JSON text that :func:`to_json` writes.

    Raises:
        FormatError: the text is not JSON (with line and column) or does not follow the schema.
        InvalidGraph: the nodes repeat a name; ``CyclicGraph`` if the edges close a cycle.
        UnknownVariable: an edge names a variable that is not among the nodes.

    References:
        RFC 8259 (2017).

    Example:
        >>> from_json('{"format": "causalpp.dag", "version": 1, "nodes": ["a", "b"], "edges": [["a", "b"]]}')
        Dag('a → b')
    """
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except FormatError:
        raise
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON: {error.msg}", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise FormatError("not a Dag: the JSON is nested too deeply") from None
    except ValueError as error:  # a number too long for Python to convert
        raise FormatError(f"not a Dag: {error}") from None
    kind = found.get("format") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _EDGES:
        raise FormatError('not a Dag: the JSON must be an object with "format": "causalpp.dag" (or .admg, .pdag)')
    if type(found.get("version")) is not int or found["version"] != _VERSION:
        raise FormatError(f"cannot read version {shown(str(found.get('version')))}; only version {_VERSION} is known")
    known = ("format", "version", "nodes", *_EDGES[kind], *_MARKED[kind])
    unknown = [key for key in found if key not in known]
    if unknown:
        raise FormatError(f"unknown key {shown(unknown[0])}; known: {', '.join(known)}")
    edges: dict[str, list[tuple[str, str]]] = {}
    for key in _EDGES[kind]:
        pairs = found.get(key)
        if not isinstance(pairs, list) or not all(isinstance(e, list) and len(e) == 2 and _strings(e) for e in pairs):
            raise FormatError(f'"{key}" must be a list of pairs of strings, [["cause", "effect"], …]')
        edges[key] = [(a, b) for a, b in pairs]
    for key in ("nodes", *_MARKED[kind]):
        if not _strings(found.get(key, None if key == "nodes" else [])):
            raise FormatError(f'"{key}" must be a list of strings')
    marks = {key: found[key] for key in _MARKED[kind] if key in found}
    if kind == "causalpp.dag":
        return Dag(found["nodes"], edges["edges"], **marks)
    if kind == "causalpp.pdag":
        return partially_directed(check_names(found["nodes"]), edges["directed"], edges["undirected"])
    roles = {role: frozenset(names) for role, names in marks.items()}
    return Admg(check_names(found["nodes"]), tuple(edges["directed"]), tuple(edges["bidirected"]), **roles)


def to_json(graph: Graph) -> str:
    """Write a graph as JSON, with the order of its variables.

    Args:
        graph: a Dag, Admg, Cpdag or Mpdag.

    References:
        RFC 8259 (2017).

    Example:
        >>> print(to_json(Dag.from_edges([("u", "x")], latent="u")))
        {
          "format": "causalpp.dag",
          "version": 1,
          "nodes": ["u", "x"],
          "edges": [["u", "x"]],
          "latent": ["u"]
        }
    """
    found = parts(graph)
    kind = "causalpp.dag" if isinstance(graph, Dag) else "causalpp.admg" if isinstance(graph, Admg) else "causalpp.pdag"
    edges = {"edges": found.directed, "directed": found.directed}
    edges |= {"bidirected": found.bidirected, "undirected": found.undirected}
    content: dict[str, Any] = {"format": kind, "version": _VERSION, "nodes": found.nodes}
    content |= {key: edges[key] for key in _EDGES[kind]}
    for mark in _MARKED[kind]:
        names = [name for name in found.nodes if mark in found.marks[name]]
        if names or mark == "latent":
            content[mark] = names
    lines = [f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FormatError(f"the key {shown(key)} stands twice in one JSON object")
        found[key] = value
    return found


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
