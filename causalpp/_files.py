"""Files: the data that ships with the library, and writing that never leaves half a file behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from causalpp.errors import FormatError

__all__ = ["data_path", "read_text", "write_text"]


def data_path() -> Path:
    """The folder of the data that ships: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file.

    Raises:
        FormatError: there is no such file, it is a folder, or it is not UTF-8 text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read {os.fspath(path)!r}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{os.fspath(path)!r} is not UTF-8 text (byte {error.start})") from None


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a UTF-8 file whole or not at all: to a temporary file beside it, then renamed into place.

    Raises:
        FormatError: the folder does not exist or cannot be written to; a file already there is untouched.
    """
    target = Path(path)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(
            f"cannot write {str(target)!r}: character {error.start} is half of a surrogate pair"
        ) from None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise FormatError(f"cannot write {str(target)!r}: {(error.strerror or str(error)).lower()}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        raise FormatError(f"cannot write {str(target)!r}: {(error.strerror or str(error)).lower()}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return target
