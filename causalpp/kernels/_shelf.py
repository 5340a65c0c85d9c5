"""Where the features lie until their inner products are taken: in memory, or in files, which can be gone on with."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from torch import Tensor

from causalpp._files import write_text
from causalpp.errors import InvalidParameter, TooLarge

__all__ = ["Shelf", "claimed"]

_COLUMNS = 4096  # that are multiplied at once: what a processor has at hand
_EXACT = 1 << 33  # products that are taken in float64: some tenths of a second


class Shelf:
    """Rows of features, chunk by chunk.

    Args:
        n: rows of all chunks.
        width: of a row.
        dtype: of what is kept.
        limit: bytes that may be kept in memory.
        folder: where files are kept; a temporary one if memory is not enough and there is none.

    Attributes:
        memory, disk: bytes that the rows take, in memory and on the disk.

    Raises:
        TooLarge: the disk has less room than that.
    """

    def __init__(self, n: int, width: int, dtype: torch.dtype, limit: float, folder: Path | None) -> None:
        self.n, self.width, self.dtype = n, width, dtype
        size = n * width * dtype.itemsize
        self._temporary = tempfile.TemporaryDirectory() if folder is None and size > limit else None
        self.folder = Path(self._temporary.name) if self._temporary is not None else folder
        self.memory, self.disk = (size, 0) if self.folder is None else (0, size)
        self._held: dict[int, Tensor] = {}
        if self.folder is not None:
            there = sum(file.stat().st_size for file in self.folder.glob("features-*.bin"))
            free = shutil.disk_usage(self.folder).free
            if size - there > free:
                where = str(self.folder)
                if self._temporary is not None:
                    self._temporary.cleanup()
                raise TooLarge(
                    f"the features of {n:,} items take {size / 2**30:.1f} GiB and {where!r} has room for "
                    f"{free / 2**30:.1f}: take sketch=, layers='last', dtype='bfloat16', or fewer items"
                )

    def __contains__(self, chunk: int) -> bool:
        if self.folder is None:
            return chunk in self._held
        return self._file(chunk).is_file() and self._file(chunk, "json").is_file()

    def put(self, chunk: int, rows: Tensor, said: list[float]) -> None:
        """Keep the rows of a chunk, with the numbers whose gradients they are."""
        if self.folder is None:
            self._held[chunk] = rows
            return
        part = self._file(chunk).with_suffix(".part")
        with part.open("wb") as file:
            raw = rows.contiguous().view(torch.int16) if rows.dtype == torch.bfloat16 else rows.contiguous()
            raw.numpy().tofile(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file(chunk))
        write_text(self._file(chunk, "json"), json.dumps(said))

    def said(self, chunk: int) -> list[float]:
        """The numbers of a chunk that lies in files."""
        found: list[float] = json.loads(self._file(chunk, "json").read_text(encoding="utf-8"))
        return found

    @property
    def exact(self) -> bool:
        """Whether products are taken in float64; where that would take long, in float32."""
        return self.dtype == torch.float64 or self.n**2 * self.width <= _EXACT

    def gram(self, sizes: list[int], told: Any = None) -> NDArray[np.float64]:
        """The inner products of all rows, shape ``(n, n)``, summed in float64.

        In float32 they are those of the differences from the first row, of few columns at a time, so that rounding is
        small beside the distances, however long the rows are.
        """
        from scipy.linalg.blas import dsyrk, ssyrk

        kind, times = (np.float64, dsyrk) if self.exact else (np.float32, ssyrk)
        total, along = np.zeros((self.n, self.n), order="F"), np.zeros(self.n)
        parts = [self._held[k] if self.folder is None else self._mapped(k, size) for k, size in enumerate(sizes)]
        for start in range(0, self.width, _COLUMNS):
            block = np.empty((self.n, min(_COLUMNS, self.width - start)), dtype=kind)
            row = 0
            for size, part in zip(sizes, parts, strict=True):
                block[row : row + size] = self._columns(part, start, kind)
                row += size
            if not self.exact:
                first = block[0].copy()
                along += block @ first
                block -= first
            total += times(1.0, block.T, trans=1)  # the upper half alone
            if told is not None:
                told(start + block.shape[1], self.width)
        upper = np.triu(total)
        whole = upper + np.triu(upper, 1).T
        return whole if self.exact else whole + (along[:, None] + along[None, :] - along[0])

    def clear(self) -> None:
        """Forget the rows."""
        self._held.clear()
        if self.folder is not None:
            for file in self.folder.glob("features-*"):
                file.unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()

    def _file(self, chunk: int, kind: str = "bin") -> Path:
        assert self.folder is not None
        return self.folder / f"features-{chunk:05d}.{kind}"

    def _mapped(self, chunk: int, rows: int) -> NDArray[Any]:
        kind = {torch.bfloat16: np.int16, torch.float32: np.float32, torch.float64: np.float64}[self.dtype]
        return np.memmap(self._file(chunk), dtype=kind, mode="r", shape=(rows, self.width))

    def _columns(self, part: Any, start: int, kind: type) -> NDArray[Any]:
        rows = part[:, start : start + _COLUMNS]
        if not isinstance(rows, Tensor):
            rows = torch.from_numpy(np.array(rows))
            rows = rows.view(torch.bfloat16) if self.dtype == torch.bfloat16 else rows
        found: NDArray[Any] = rows.to(torch.float64 if kind is np.float64 else torch.float32).numpy()
        return found


@contextmanager
def claimed(folder: str | os.PathLike[str] | None, request: Mapping[str, Any]) -> Iterator[Path | None]:
    """A folder that is this request's alone: made, or gone on with.

    Raises:
        InvalidParameter: another process has it, it holds another request, or it cannot be written to.
    """
    if folder is None:
        yield None
        return
    place = Path(folder).expanduser()
    wanted = json.dumps(request, sort_keys=True)
    with ExitStack() as stack:
        try:
            place.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(place / ".lock", timeout=0))
        except Timeout:
            raise InvalidParameter(f"another process works in {str(place)!r}: wait for it, or name another") from None
        except OSError as error:
            raise InvalidParameter(f"cannot work in {str(place)!r}: {error.strerror or error}") from None
        file = place / "request.json"
        if file.is_file():
            if file.read_text(encoding="utf-8") != wanted:
                raise InvalidParameter(
                    f"{str(place)!r} holds the kernel of another model, other prompts or other settings: name another "
                    "folder, or delete it"
                )
        elif any(child.name != ".lock" for child in place.iterdir()):
            raise InvalidParameter(f"{str(place)!r} holds something else: name an empty folder")
        else:
            write_text(file, wanted)
        yield place
