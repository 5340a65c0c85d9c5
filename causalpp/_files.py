"""Files: the data that ships with the library, and writing that never leaves half a file behind."""

from __future__ import annotations

import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from causalpp.errors import FormatError, InvalidData, InvalidGraph, InvalidParameter

__all__ = ["about", "check_target", "data_path", "read_text", "replaced", "write_bytes", "write_text"]


_MOST_UNPACKED = 2**28  # bytes


def data_path() -> Path:
    """The folder of the data that ships: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, unpacked if its name ends in ``.gz``.

    Raises:
        FormatError: there is no such file, it is a folder, or it is not UTF-8 text; packed, it is damaged or would
            unpack to more than 256 MiB.
    """
    try:
        if Path(path).suffix.lower() == ".gz":
            return _unpacked(path)
        return Path(path).read_text(encoding="utf-8-sig")
    except (EOFError, zlib.error):
        raise FormatError(f"cannot read {os.fspath(path)!r}: the packed file is damaged or incomplete") from None
    except OSError as error:
        raise FormatError(f"cannot read {os.fspath(path)!r}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{os.fspath(path)!r} is not UTF-8 text (byte {error.start})") from None


def _unpacked(path: str | os.PathLike[str]) -> str:
    with gzip.open(path) as file:
        data = file.read(_MOST_UNPACKED + 1)
    if len(data) > _MOST_UNPACKED:
        raise FormatError(f"cannot read {os.fspath(path)!r}: it would unpack to more than {_MOST_UNPACKED >> 20} MiB")
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def about(path: str | os.PathLike[str]) -> Iterator[None]:
    """Put the file's name before the message of what goes wrong while its text is read."""
    try:
        yield
    except FormatError as error:
        named = FormatError(f"{os.fspath(path)}: {error}")
        named.line, named.column = error.line, error.column
        raise named from None
    except (InvalidData, InvalidGraph, InvalidParameter) as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from None


def check_target(path: str | os.PathLike[str] | None) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Raises:
        FormatError: its folder does not exist or cannot be written to, it is a folder itself, or no file can have
            such a name.
    """
    if path is not None:
        _try_to_write(Path(path))


def _try_to_write(path: Path) -> None:
    """Make a file beside the one to be written, and take it away again: what is not possible now is not later."""
    try:
        if not path.parent.is_dir():
            raise FormatError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}")
        if path.is_dir():
            raise FormatError(f"cannot write {str(path)!r}: it is a folder")
        target = path.resolve()
        if target.exists() and not target.is_file():  # a terminal, a pipe
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".")
        os.close(handle)
        Path(name).unlink()
    except FormatError:
        raise
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise FormatError(f"cannot write {str(path)!r}: {reason}") from None


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a UTF-8 file whole or not at all; see :func:`write_bytes`.

    Raises:
        FormatError: as there, or the text has half of a surrogate pair.
    """
    try:
        return write_bytes(path, text.encode("utf-8"))
    except UnicodeEncodeError as error:
        where = f"character {error.start} is half of a surrogate pair"
        raise FormatError(f"cannot write {os.fspath(path)!r}: {where}") from None


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file whole or not at all: to a temporary file beside it, then renamed into place.

    Raises:
        FormatError: the folder does not exist or cannot be written to; a file already there is untouched.
    """
    with replaced(path) as file:
        file.write(data)
    return Path(path).resolve()


@contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that takes its place only when it is whole.

    Raises:
        FormatError: as :func:`write_bytes`.
    """
    target = Path(path).resolve()  # a link stays a link, to the new text
    temporary: Path | None = None
    try:
        if target.exists() and not target.is_file():  # a terminal, a pipe: nothing there could be cut off
            with target.open("wb") as file:
                yield file
            return
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:60]}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        raise FormatError(f"cannot write {str(path)!r}: {(error.strerror or str(error)).lower()}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask for new files; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
