"""The folder of a training: claimed by one process, gone on with if it is the same training, never overwritten."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalpp._files import write_text
from causalpp._plain import plain
from causalpp.errors import FormatError, InvalidParameter, TrainingError
from causalpp.language import LoadedModel
from causalpp.tasks import Item
from causalpp.training.checkpoint import RECORD, Checkpoint

__all__ = ["Workspace", "identity_of", "workspace"]

Point = Mapping[str, float]
_LOCK = ".training.lock"
_LITTLE = 1 << 20  # bytes


class _Temporary:
    """A folder that goes when this does."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="causalpp-"))
        weakref.finalize(self, shutil.rmtree, self.place, ignore_errors=True)


@dataclass(frozen=True)
class Workspace:
    """A folder in which one training takes place.

    Attributes:
        folder: where the trained model will lie.
        about: the training, as plain values.
        kept: what keeps a temporary folder.
    """

    folder: Path
    about: Mapping[str, Any]
    kept: Any = None

    @property
    def start(self) -> Path:
        """Where the model lies that the training begins with."""
        return self.folder / "training" / "start"

    @property
    def states(self) -> Path:
        """Where the states lie from which it can go on."""
        return self.folder / "training" / "states"

    @property
    def last(self) -> Path | None:
        """The last state that was saved whole."""
        found = [place for place in self.states.glob("checkpoint-*") if _whole(place / "trainer_state.json")]
        return max(found, key=lambda place: int(place.name.rpartition("-")[2]), default=None)

    @property
    def finished(self) -> Checkpoint | None:
        """The model, if the training has ended."""
        return Checkpoint._of(self.folder, self.about, self.kept) if self.about["finished"] else None

    def save_start(self, loaded: LoadedModel) -> None:
        """Keep the model to begin with; once."""
        if not (self.start / "whole").is_file():
            shutil.rmtree(self.start, ignore_errors=True)
            save(loaded.model, loaded.tokenizer, self.start)
            (self.start / "whole").touch()

    def finish(self, model: Any, tokenizer: Any, points: Sequence[Point]) -> Checkpoint:
        """The trained model in its place; the states are no longer needed."""
        save(model, tokenizer, self.folder)
        about = {**self.about, "finished": True, "curve": [dict(point) for point in points]}
        write_text(self.folder / RECORD, json.dumps(plain(about, finite=True), ensure_ascii=False, indent=1))
        shutil.rmtree(self.folder / "training", ignore_errors=True)
        (self.folder / _LOCK).unlink(missing_ok=True)
        return Checkpoint._of(self.folder, about, self.kept)


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """A model and its tokenizer as every loader reads them."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def identity_of(recipe: str, told: Mapping[str, Any], items: Sequence[Item], model: Any) -> str:
    """What tells one training from another: the recipe, what it was told, the items, the weights to begin with."""
    import torch

    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([recipe, plain(dict(told))], sort_keys=True, default=repr).encode())
    for item in items:
        target = item.target.to_dict()
        digest.update(json.dumps([item.prompt, target], sort_keys=True, default=repr).encode("utf-8", "replace"))
    for name, weight in model.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def workspace(
    folder: str | os.PathLike[str] | None, recipe: str, settings: Mapping[str, Any], identity: str, items: int
) -> Iterator[Workspace]:
    """The folder of a training, for as long as it takes.

    Raises:
        InvalidParameter: another training lies there, or something else, or another process is at work in it.
        TrainingError: it cannot be written to, now or while it is used: no space, no permission.
    """
    from filelock import FileLock, Timeout

    kept = _Temporary() if folder is None else None
    place = kept.place if kept is not None else Path(str(folder)).expanduser().resolve()
    about: dict[str, Any] = {
        "recipe": recipe, "settings": dict(settings), "identity": identity, "items": items, "finished": False,
        "curve": [],
    }  # fmt: skip
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / _LOCK, timeout=0):
            found = _found(place)
            if found is None:
                write_text(place / RECORD, json.dumps(plain(about), ensure_ascii=False, indent=1))
            elif found.get("identity") != identity:
                raise InvalidParameter(
                    f"{str(place)!r} holds another training ({found.get('recipe')}, "
                    f"{'finished' if found.get('finished') else 'not finished'}): take another folder, or delete it"
                )
            yield Workspace(place, found or about, kept)
    except Timeout:
        raise InvalidParameter(f"another process is training in {str(place)!r}") from None
    except (OSError, FormatError) as error:
        raise TrainingError(_why(place, error)) from None
    except Exception as error:
        if not _not_written(error):
            raise
        raise TrainingError(_why(place, error)) from None


def _whole(path: Path) -> bool:
    """Whether a file, the last of a state, was written to its end."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _not_written(error: Exception) -> bool:
    """Whether it is what torch and safetensors raise, instead of an OSError, where a file cannot be written."""
    from safetensors import SafetensorError

    said = str(error).lower()
    if isinstance(error, SafetensorError):
        return "i/o error" in said
    return isinstance(error, RuntimeError) and any(word in said for word in ("inline_container", "no space", "write"))


def _found(place: Path) -> dict[str, Any] | None:
    """What a training there wrote of itself; None if there is nothing yet."""
    if not (place / RECORD).is_file():
        if any(each.name not in ("training", _LOCK) for each in place.iterdir()):
            raise InvalidParameter(f"{str(place)!r} holds something else than a training: take an empty folder")
        return None
    try:
        return dict(json.loads((place / RECORD).read_text(encoding="utf-8")))
    except ValueError:
        raise InvalidParameter(f"{str(place / RECORD)!r} cannot be read: take another folder, or delete it") from None


def _why(place: Path, error: Exception) -> str:
    # What torch says of a full disk is where in the file it stood: whether there is room left says more.
    full = getattr(error, "errno", None) == errno.ENOSPC or "space" in str(error).lower() or _full(place)
    what = "the disk is full" if full else str(getattr(error, "strerror", None) or error).splitlines()[0][:200]
    return (
        f"cannot write to {str(place)!r}: {what}; what was saved before is kept, and the same call goes on from there"
    )


def _full(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free < _LITTLE
    except OSError:
        return False
