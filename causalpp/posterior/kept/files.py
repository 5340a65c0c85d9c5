"""A posterior in a file: what it is made of, whole.

A NumPy archive (``.npz``) of arrays, and of one text that says what it is, as JSON.  Nothing that is read is run.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from causalpp._files import replaced
from causalpp._plain import plain
from causalpp.errors import CausalppError, FormatError, InvalidParameter
from causalpp.posterior.exact import Exact
from causalpp.posterior.kept.rows import Rows
from causalpp.posterior.sampled import Sampled

__all__ = ["Kept", "Target", "read", "write"]

_FORMAT, _VERSION = "causalpp.posterior", 1
_UNREADABLE = (
    ArithmeticError, AttributeError, CausalppError, EOFError, LookupError, MemoryError, RuntimeError, SyntaxError,
    TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip

#: A path, or a file that is open for bytes.
Target = str | os.PathLike[str] | IO[bytes]


class Kept(NamedTuple):
    """What a file holds of a posterior."""

    nodes: tuple[str, ...]
    inference: Exact | Sampled
    learned: Mapping[str, Any]
    rows: Rows | None


def write(target: Target, kept: Kept) -> None:
    """Write a posterior, to a path whole or not at all.

    Raises:
        FormatError: the file cannot be written.
        InvalidParameter: the rows hold what is neither text nor number.
    """
    told, arrays = kept.inference.parts()
    about = {
        "format": _FORMAT,
        "version": _VERSION,
        "method": kept.inference.method,
        "nodes": list(kept.nodes),
        "learned": plain(kept.learned),
        "rows": None if kept.rows is None else kept.rows.to_dict(),
        "inference": told,
    }
    try:
        text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    except TypeError as error:
        raise InvalidParameter(
            f"a file holds rows of texts and numbers ({error}): make texts of the cells, or leave the rows out, "
            "dataclasses.replace(posterior, rows=None)"
        ) from None
    if not isinstance(target, (str, os.PathLike)):
        np.savez_compressed(target, allow_pickle=False, about=text, **arrays)
        return
    with replaced(target) as file:
        np.savez_compressed(file, allow_pickle=False, about=text, **arrays)


def read(source: Target) -> Kept:
    """What was written.

    Raises:
        FormatError: there is no such file, it holds no posterior, was cut off or changed, or another version wrote it.
    """
    name = repr(os.fspath(source)) if isinstance(source, (str, os.PathLike)) else "the file"
    try:
        held = Path(source).open("rb") if isinstance(source, (str, os.PathLike)) else nullcontext(source)  # noqa: SIM115
        with held as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {part: file[part] for part in file.files}
        about = json.loads(arrays.pop("about").tobytes())
        if about["format"] != _FORMAT:
            raise FormatError("it is of another format")
        if about["version"] == _VERSION:
            nodes = tuple(map(str, about["nodes"]))
            kind = {one.method: one for one in (Exact, Sampled)}[about["method"]]
            inference = kind.of_parts(nodes, about["inference"], arrays)
            rows = None if about["rows"] is None else Rows.from_dict(about["rows"])
            return Kept(nodes, inference, dict(about["learned"]), rows)
    except OSError as error:
        raise FormatError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from None
    except _UNREADABLE as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise FormatError(f"{name} holds no posterior that was saved, was cut off or changed ({reason:.200})") from None
    raise FormatError(
        f"{name} is of another version ({about['version']!r} of the format, this is {_VERSION}): read it with the "
        "version of causalpp that wrote it, or find the posterior anew"
    )
