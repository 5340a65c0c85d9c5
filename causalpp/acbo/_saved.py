"""A session as JSON, and a lock on the file it is kept in.

Everything is written by what it is made of: numbers and texts as they are, and all else as an object with one key that
says what it is.  Nothing that is read is run.
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from filelock import FileLock, Timeout

from causalpp import belief, design
from causalpp._files import read_text
from causalpp.acbo.config import AcboConfig, Settings
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import CausalppError, FormatError, InvalidParameter
from causalpp.graphs import Cpdag, Dag, DagBatch, Knowledge, Mpdag
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior, Rows
from causalpp.propositions import Proposition, from_dict

__all__ = ["locked", "made", "plain", "read"]

FORMAT, VERSION = "causalpp.session", 1
_LARGEST = 64 << 20  # bytes of a posterior: the file is written after every answer
_ROOMS = (belief, design)  # whose channels and policies can be written
_UNREADABLE = (
    ArithmeticError, AttributeError, CausalppError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
_written: WeakKeyDictionary[DagPosterior, str] = WeakKeyDictionary()
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
        return {"rows": value.to_dict()}
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
        return Rows.from_dict(content)
    if name == "posterior":
        return DagPosterior.load(io.BytesIO(base64.b64decode(content)))
    if name == "class":
        found = MarkovEquivalenceClass(made(content["cpdag"]), content["learned"])
        for condition in made(content["conditions"]):
            found = found.given(condition)
        return found
    kind = _kind(name)
    return {key: made(item) for key, item in value.items()} if kind is None else kind(**made(content))


def _posterior(value: DagPosterior) -> str:
    """The file of a posterior, as text; written once, as a session is after every answer."""
    if value in _written:
        return _written[value]
    value.save(file := io.BytesIO())
    if file.tell() > _LARGEST:
        raise InvalidParameter(
            f"a session is saved with its posterior, and {value!r} takes {file.tell() >> 20} MB (limit "
            f"{_LARGEST >> 20}): keep the oracle's answers in a journal instead"
        )
    return _written.setdefault(value, base64.b64encode(file.getvalue()).decode())


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
