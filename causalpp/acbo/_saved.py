"""A session as JSON, and a lock on the file it is kept in.

Everything is written by what it is made of: numbers and texts as they are, and all else as an object with one key that
says what it is.  Nothing that is read is run.
"""

from __future__ import annotations

import base64
import json
import math
import os
import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from causalpp import belief, design
from causalpp._files import read_text
from causalpp.acbo.config import AcboConfig, Settings
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import CausalppError, FormatError, InvalidParameter
from causalpp.graphs import Cpdag, Dag, DagBatch, Knowledge, Mpdag
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior, Exact, Rows, Sums
from causalpp.propositions import Proposition, from_dict
from causalpp.scores import StructurePrior

__all__ = ["locked", "made", "plain", "read"]

FORMAT, VERSION = "causalpp.session", 1
_VARIABLES = 16  # of a posterior: a file of 11 MB, written after every answer
_ROOMS = (belief, design)  # whose channels and policies can be written
_PLAIN = ("hyperparameters", "structure_prior", "kinds")  # of what a posterior was asked: mappings of names
_UNREADABLE = (
    ArithmeticError, AttributeError, CausalppError, LookupError, RuntimeError, TypeError, ValueError, zlib.error,
)  # fmt: skip
T = TypeVar("T")


def plain(value: Any) -> Any:
    """A value as what JSON has.

    Raises:
        InvalidParameter: something of a kind that is not known here, such as a channel of one's own.

    Example:
        >>> from causalpp import Causes
        >>> plain({"goal": Causes("a", "b"), "channel": belief.Fixed(0.1)})
        {'goal': {'proposition': {'kind': 'Causes', 'a': 'a', 'b': 'b'}}, 'channel': {'Fixed': {'error': 0.1}}}
    """
    if isinstance(value, (bool, str, type(None), int)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, type) and issubclass(value, Proposition):
        return value.__name__
    if isinstance(value, Answer):
        return {"answer": plain(value.to_dict())}
    if isinstance(value, Proposition):
        return {"proposition": value.to_dict()}
    if isinstance(value, Knowledge):
        return {"knowledge": value.to_dict()}
    if isinstance(value, Mpdag):
        parts = {"nodes": value.nodes, "directed": value.directed, "undirected": value.undirected}
        return {type(value).__name__: plain(parts)}
    if isinstance(value, Dag):
        return {"Dag": plain({"nodes": value.nodes, "edges": list(value.edges), "latent": sorted(value.latent)})}
    if isinstance(value, DagBatch):
        bits = base64.b64encode(np.packbits(value.adjacency.cpu().numpy()).tobytes()).decode()
        return {"DagBatch": {"nodes": list(value.nodes), "latent": sorted(value.latent), "n": len(value), "bits": bits}}
    if isinstance(value, Rows):
        return {"rows": _rows(value)}
    if isinstance(value, DagPosterior):
        return {"posterior": _posterior(value)}
    if isinstance(value, MarkovEquivalenceClass):
        learned = json.loads(json.dumps(value.learned, default=str))
        conditions = getattr(value, "conditions", ())
        return {"class": {"cpdag": plain(value.cpdag), "learned": learned, "conditions": plain(conditions)}}
    if is_dataclass(value) and not isinstance(value, type) and _kind(type(value).__name__) is type(value):
        given = (item.name for item in fields(value) if item.init)
        return {type(value).__name__: {name: plain(getattr(value, name)) for name in given}}
    raise InvalidParameter(f"a session with {value!r:.200} cannot be saved: it is of a kind that the file cannot hold")


def made(value: Any) -> Any:
    """The inverse of :func:`plain`; lists become tuples.

    >>> pooled = belief.Pooled(belief.Agnostic(), by=("oracle",))
    >>> made(plain(pooled)) == pooled
    True
    """
    if isinstance(value, list):
        return tuple(made(item) for item in value)
    if not isinstance(value, dict):
        return value
    name: str
    content: Any
    name, content = next(iter(value.items())) if len(value) == 1 else ("", None)
    if name == "number":
        return float(content)
    if name == "answer":
        return Answer.from_dict({key: item if key == "question" else made(item) for key, item in content.items()})
    if name == "proposition":
        return from_dict(content)
    if name == "knowledge":
        return Knowledge.from_dict(content)
    if name in ("Mpdag", "Cpdag"):
        return (Cpdag if name == "Cpdag" else Mpdag)(**made(content))
    if name == "Dag":
        return Dag(**made(content))
    if name == "DagBatch":
        d, n = len(content["nodes"]), content["n"]
        bits = np.frombuffer(base64.b64decode(content["bits"]), dtype=np.uint8)
        adjacency = np.unpackbits(bits, count=n * d * d).reshape(n, d, d).astype(bool)
        return DagBatch(content["nodes"], adjacency, latent=content["latent"])
    if name == "rows":
        return _made_rows(content)
    if name == "posterior":
        return _made_posterior(content)
    if name == "class":
        found = MarkovEquivalenceClass(made(content["cpdag"]), content["learned"])
        for condition in made(content["conditions"]):
            found = found.given(condition)
        return found
    kind = _kind(name)
    return {key: made(item) for key, item in value.items()} if kind is None else kind(**made(content))


def _posterior(value: DagPosterior) -> dict[str, Any]:
    """The weights of all families, compressed: all else follows from them."""
    d = len(value.nodes)
    if not isinstance(value.inference, Exact) or d > _VARIABLES:
        raise InvalidParameter(
            f"a session is saved with the weights of all families of an exact posterior of {_VARIABLES} variables at "
            f"most, and this is {value!r}: keep the oracle's answers in a journal instead"
        )
    weights = zlib.compress(value.inference.sums.weights.astype("<f8").tobytes(), 1)
    learned = json.loads(json.dumps(dict(value.learned), default=str))
    return {
        "nodes": list(value.nodes),
        "weights": base64.b64encode(weights).decode(),
        "log_prior_total": plain(float(value.inference.log_prior_total)),
        "learned": learned,
        "rows": None if value.rows is None else plain(value.rows),
    }


def _rows(value: Rows) -> dict[str, Any]:
    """Rows column by column, with the states of those that have them; who was set, as lists of equal rows."""
    columns = {}
    for name, column in value.frame.items():
        states = list(column.cat.categories) if hasattr(column, "cat") else None
        cells = [None if cell != cell else cell for cell in column.astype(object).tolist()]
        columns[str(name)] = plain(
            {"cells": cells, "states": states, "ordered": bool(getattr(column.dtype, "ordered", 0))}
        )
    prior = value.asked.get("structure_prior")
    asked = dict(value.asked) | {"structure_prior": None if prior is None else prior.to_dict()}
    return {
        "columns": columns,
        "targets": plain(value.targets),
        "asked": {key: plain(one) for key, one in asked.items()},
    }


def _made_rows(content: dict[str, Any]) -> Rows:
    import pandas as pd

    frame = {}
    for name, column in content["columns"].items():
        cells = pd.Series(list(made(column["cells"])))
        if column["states"] is not None:
            cells = pd.Series(pd.Categorical(cells, categories=made(column["states"]), ordered=column["ordered"]))
        frame[name] = cells
    asked = {key: dict(one) if key in _PLAIN and one else made(one) for key, one in content["asked"].items()}
    if (prior := asked["structure_prior"]) is not None:
        odds = {(cause, effect): value for cause, effect, value in prior.get("odds", [])}
        asked["structure_prior"] = StructurePrior(prior["edge_log_odds"], odds)
    return Rows(pd.DataFrame(frame), made(content["targets"]), asked)


def _made_posterior(content: dict[str, Any]) -> DagPosterior:
    nodes = tuple(content["nodes"])
    raw = np.frombuffer(zlib.decompress(base64.b64decode(content["weights"])), dtype="<f8")
    weights = raw.astype(np.float64).reshape(len(nodes), 1 << len(nodes))
    exact = Exact(nodes, Sums(weights), made(content["log_prior_total"]))
    return DagPosterior(nodes, exact, content["learned"], made(content.get("rows")))


def _kind(name: str) -> Any:
    """The class of settings, channel or policy that has a name; None if there is none."""
    if name in ("AcboConfig", "Settings"):
        return {"AcboConfig": AcboConfig, "Settings": Settings}[name]
    found = next((getattr(room, name) for room in _ROOMS if name in room.__all__), None)
    return found if isinstance(found, type) and is_dataclass(found) else None


def read(path: Path, begin: Callable[[dict[str, Any]], T]) -> T:
    """What is begun with what a file holds of a session: ``candidates``, ``settings``, ``told`` and ``stopped``.

    Raises:
        FormatError: there is no such file, it is no session, it was cut off, nothing can be begun with what it holds,
            or another version wrote it.
    """
    text, name = read_text(path), repr(os.fspath(path))
    try:
        values = json.loads(text)
        ours = isinstance(values, dict) and values.get("format") == FORMAT
        if ours and values["version"] == VERSION:
            return begin({part: made(values[part]) for part in ("candidates", "settings", "told", "stopped")})
    except _UNREADABLE as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise FormatError(f"{name} is no saved session, was cut off or changed ({reason:.200})") from None
    if not ours:
        raise FormatError(f"{name} is no saved session")
    raise FormatError(
        f"{name} is a session of another version ({values['version']!r} of the format, this is {VERSION}): "
        f"go on with the version of causalpp that wrote it ({values.get('library')})"
    )


def locked(path: Path, wait: float) -> FileLock:
    """A lock on a session's file, held until it is released or the process ends, however it does.

    Raises:
        FormatError: another process, or another session in this one, has it for more than ``wait`` seconds; there is
            no such folder, or it cannot be written to.
    """
    if not path.parent.is_dir():  # which the lock would make
        raise FormatError(f"no session in {os.fspath(path)!r}: there is no folder {os.fspath(path.parent)!r}")
    lock = FileLock(path.parent / f".{path.name}.lock", timeout=wait, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise FormatError(
            f"{os.fspath(path)!r} is in use by another session, here or in another process: close that one, or wait"
        ) from None
    except OSError as error:
        raise FormatError(f"cannot lock {os.fspath(path)!r}: {(error.strerror or str(error)).lower()}") from None
    return lock
