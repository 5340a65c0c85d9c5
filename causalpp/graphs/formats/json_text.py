"""JSON: the library's own file of a Dag, and the one format that holds every name and every Dag.

The schema, version 1: an object with ``"format": "causalpp.dag"``, ``"version": 1``, ``"nodes"`` (a list of
strings), ``"edges"`` (a list of pairs ``[cause, effect]``) and ``"latent"`` (a list of strings, may be left out).

Reference: RFC 8259, *The JavaScript Object Notation (JSON) Data Interchange Format* (2017).
"""

from __future__ import annotations

import json
from typing import Any

from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._tokens import shown

__all__ = ["from_json", "to_json"]

_NAME, _VERSION = "causalpp.dag", 1
_KEYS = ("format", "version", "nodes", "edges", "latent")


def from_json(text: str) -> Dag:
    """Read a Dag from the JSON text that :func:`to_json` writes.

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
    if not isinstance(found, dict) or found.get("format") != _NAME:
        raise FormatError(f'not a Dag: the JSON must be an object with "format": "{_NAME}"')
    if type(found.get("version")) is not int or found["version"] != _VERSION:
        raise FormatError(f"cannot read version {shown(str(found.get('version')))}; only version {_VERSION} is known")
    unknown = [key for key in found if key not in _KEYS]
    if unknown:
        raise FormatError(f"unknown key {shown(unknown[0])}; known: {', '.join(_KEYS)}")
    edges = found.get("edges")
    if not isinstance(edges, list) or not all(isinstance(e, list) and len(e) == 2 and _strings(e) for e in edges):
        raise FormatError('"edges" must be a list of pairs of strings, [["cause", "effect"], …]')
    for key in ("nodes", "latent"):
        if not _strings(found.get(key, [] if key == "latent" else None)):
            raise FormatError(f'"{key}" must be a list of strings')
    return Dag(found["nodes"], [(a, b) for a, b in edges], latent=found.get("latent", []))


def to_json(dag: Dag) -> str:
    """Write a Dag as JSON, with the order of its variables.

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
    latent = [name for name in dag.nodes if name in dag.latent]
    content = {"format": _NAME, "version": _VERSION, "nodes": dag.nodes, "edges": dag.edges, "latent": latent}
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
