"""Loading a language model into this process: weights and tokenizer, checked to belong together."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp.errors import InvalidParameter, MissingDependency, OracleError

if TYPE_CHECKING:
    import torch

__all__ = ["LoadedModel", "first_line", "library", "load_model"]


@dataclass(frozen=True)
class LoadedModel:
    """A causal language model in this process.

    Attributes:
        model: of the transformers library, in evaluation mode.
        tokenizer: its tokenizer.
        name: where it came from, or what its configuration calls it.
        local: whether that is a folder.
    """

    model: Any
    tokenizer: Any
    name: str
    local: bool = False

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        found: torch.device = self.model.device
        return found


def load_model(
    source: str | Path | tuple[Any, Any] | LoadedModel,
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    revision: str | None = None,
) -> LoadedModel:
    """A causal language model with its tokenizer.

    Args:
        source: a folder, a name on the Hugging Face hub, or a model and its tokenizer that are in memory already,
            which are taken as they are but for a device that is named.
        device: such as ``"cuda:0"``; by default a GPU if there is one.
        dtype: such as ``"bfloat16"``; by default the checkpoint's own on a GPU, and float32 on a CPU.
        revision: branch, tag or commit on the hub.

    Raises:
        MissingDependency: transformers is not installed.
        InvalidParameter: no such folder, device or dtype, or in memory something else.
        OracleError: the model or its tokenizer cannot be loaded, or weights are missing.
    """
    if isinstance(source, (LoadedModel, tuple)):
        loaded = source if isinstance(source, LoadedModel) else _from_memory(source)
        if device is not None:
            loaded.model.to(_device(device))
    elif not isinstance(source, (str, Path)):
        raise InvalidParameter(f"a model is a folder, a name, or a model with its tokenizer, not {source!r}")
    else:
        loaded = _from_files(source, _device(device), dtype, revision)
    _check_tokenizer(loaded)
    return loaded


def _from_memory(source: tuple[Any, ...]) -> LoadedModel:
    if len(source) != 2 or not hasattr(source[0], "config") or not hasattr(source[1], "get_vocab"):
        raise InvalidParameter("what is in memory is a pair of the transformers library: (model, tokenizer)")
    model, tokenizer = source
    name = str(getattr(model.config, "_name_or_path", "") or type(model).__name__)
    return LoadedModel(model.eval(), tokenizer, name)


def _from_files(
    source: str | Path, device: torch.device, dtype: str | torch.dtype | None, revision: str | None
) -> LoadedModel:
    name, folder = str(source), Path(source).expanduser()
    wanted, transformers = _dtype(dtype, device), library()
    if not folder.exists() and (isinstance(source, Path) or re.match(r"[/.~]|.*[\\]|.*/.*/", name)):
        raise InvalidParameter(f"there is no folder {name!r} with a model")
    place = str(folder) if folder.exists() else name
    options = {"revision": revision, "trust_remote_code": False}
    dtype_key = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"

    def load(what: str, kind: Any, **more: Any) -> Any:
        try:
            return kind.from_pretrained(place, **options, **more)
        except ImportError as error:
            raise MissingDependency(f"the {what} of {name!r} needs another package: {first_line(error)}") from None
        except Exception as error:  # the library lets through whatever its readers and the network raise
            raise OracleError(f"cannot load the {what} of {name!r}: {first_line(error)}") from None

    tokenizer = load("tokenizer", transformers.AutoTokenizer)
    model, report = load("model", transformers.AutoModelForCausalLM, output_loading_info=True, **{dtype_key: wanted})
    missing = sorted(report.get("missing_keys", ()))
    if missing:  # they would be random, and so would be the answers
        raise OracleError(
            f"the checkpoint {name!r} lacks {len(missing)} weights of a language model, such as {missing[0]!r}: it is "
            "not one that writes text, or it is incomplete"
        )
    return LoadedModel(model.to(device).eval(), tokenizer, name, folder.exists())


def _check_tokenizer(loaded: LoadedModel) -> None:
    known, rows = len(loaded.tokenizer.get_vocab()), loaded.model.get_input_embeddings().weight.shape[0]
    if known <= len(set(loaded.tokenizer.all_special_tokens)):  # the library makes an empty one of no files
        raise OracleError(f"cannot load the tokenizer of {loaded.name!r}: its files are missing")
    if known > rows:
        raise OracleError(
            f"the tokenizer of {loaded.name!r} knows {known:,} tokens and the model {rows:,}: "
            "they do not belong together"
        )


def library(*, quiet: bool = False) -> Any:
    """The transformers library.

    Args:
        quiet: without bars for the loading of weights.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        transformers = importlib.import_module("transformers")
    except ImportError:
        command = "pip install 'causalpp[transformers]'"
        raise MissingDependency(f"models in this process need the transformers package: {command}") from None
    if quiet:
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
    return transformers


def _device(device: str | torch.device | None) -> torch.device:
    import torch

    if device is None:
        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        device = next((kind for kind in there if there[kind]), "cpu")
    try:
        torch.empty(0, device=device)
        return torch.device(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InvalidParameter(f"device {str(device)!r} cannot be used here: {first_line(error)}") from None


def _dtype(dtype: str | torch.dtype | None, device: torch.device) -> Any:
    import torch

    if dtype is None:
        return torch.float32 if device.type == "cpu" else "auto"
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise InvalidParameter(f"unknown dtype {dtype!r}: use 'float32', 'bfloat16' or 'float16'")
    return found


def first_line(error: BaseException) -> str:
    """The first line of a message, which for the library's errors says what is wrong."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]
