"""Loading a language model into this process: weights and tokenizer, checked to belong together."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp.errors import InvalidParameter, MissingDependency, OracleError
from causalpp.language.backends._gguf import converted, gguf_file

if TYPE_CHECKING:
    import torch

_SIZES = "ignore_mismatched_sizes"  # what the library says of it stands in a report
_COMMAND = "pip install 'causalpp[transformers]'"

__all__ = ["LoadedModel", "first_line", "library", "load_model"]


@dataclass(frozen=True)
class LoadedModel:
    """A causal language model in this process.

    Attributes:
        model: of the transformers library, in evaluation mode.
        tokenizer: its tokenizer.
        name: where it came from, or what its configuration calls it.
        local: whether that is a file or a folder.
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

    A ``.gguf`` file is converted at the first call and lies in a cache from then on: the folder named by the
    environment variable ``CAUSALPP_CACHE``, or else ``~/.cache/causalpp``.

    Args:
        source: a ``.gguf`` file, a folder that holds one, a folder that was saved by the transformers library, a name
            on the Hugging Face hub, or a model and its tokenizer that are in memory already, which are taken as they
            are but for a device that is named.
        device: such as ``"cuda:0"``; by default a GPU if there is one.
        dtype: such as ``"bfloat16"``; by default the checkpoint's own on a GPU (of a ``.gguf`` file, bfloat16), and
            float32 on a CPU.  Of a model in memory it has to be the one that it has.
        revision: branch, tag or commit on the hub.

    Raises:
        MissingDependency: transformers, or for a ``.gguf`` file gguf, is not installed.
        InvalidParameter: no such file, folder, device or dtype, several models in a folder, in memory something else,
            or a revision of what is not on the hub.
        OracleError: the model or its tokenizer cannot be loaded, weights are missing, it does not write texts, or the
            cache cannot be written to.
    """
    if isinstance(source, (str, Path)):
        loaded = _from_files(source, _device(device), dtype, revision)
    else:
        loaded = source if isinstance(source, LoadedModel) else _from_memory(source)
        _check_memory(loaded, dtype, revision)
        if device is not None:
            loaded.model.to(_device(device))
    _check_kind(loaded)
    _check_tokenizer(loaded)
    return loaded


def _from_memory(source: Any) -> LoadedModel:
    pair = source if isinstance(source, (tuple, list)) else (source,)
    known = ["a model" if _is_model(x) else "a tokenizer" if _is_tokenizer(x) else f"{type(x).__name__}" for x in pair]
    if known != ["a model", "a tokenizer"]:
        raise InvalidParameter(
            "a model is a .gguf file, a folder, a name on the hub, or in memory a pair of the transformers library, "
            f"(model, tokenizer); got {' and '.join(known) or 'an empty pair'}"
        )
    model, tokenizer = pair
    name = str(getattr(model.config, "_name_or_path", "") or type(model).__name__)
    return LoadedModel(model.eval(), tokenizer, name)


def _is_model(something: Any) -> bool:
    return hasattr(something, "config") and hasattr(something, "get_input_embeddings")


def _is_tokenizer(something: Any) -> bool:
    return hasattr(something, "get_vocab") and hasattr(something, "decode")


def _check_memory(loaded: LoadedModel, dtype: str | torch.dtype | None, revision: str | None) -> None:
    if revision is not None:
        raise InvalidParameter(
            f"a revision is one of a name on the hub, and {loaded.name!r} is in memory: leave it out"
        )
    if dtype is not None and (wanted := _dtype(dtype, loaded.device)) != loaded.model.dtype:
        raise InvalidParameter(
            f"{loaded.name!r} is in memory as {loaded.model.dtype} and is taken as it is: leave dtype out, or convert "
            f"the model first, by model.to({wanted})"
        )


def _from_files(
    source: str | Path, device: torch.device, dtype: str | torch.dtype | None, revision: str | None
) -> LoadedModel:
    name, folder = str(source), Path(source).expanduser()
    wanted, transformers = _dtype(dtype, device), library()
    try:
        there = bool(name) and folder.exists()
    except OSError as error:  # a name that none can have, or a place that may not be looked at
        raise InvalidParameter(f"there is no model at {name[:100]!r}: {error.strerror}") from None
    if not there and name.lower().endswith(".gguf"):
        raise InvalidParameter(f"there is no file {name!r}")
    if not there and (isinstance(source, Path) or not name or re.match(r"[/.~]|.*[\\]|.*/.*/", name)):
        raise InvalidParameter(f"there is no folder {name!r} with a model")
    if there and revision is not None:
        raise InvalidParameter(f"a revision is one of a name on the hub, and {name!r} is on this machine: leave it out")
    dtype_key = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"

    def load(what: str, kind: Any, place: str | Path, **more: Any) -> Any:
        try:
            return kind.from_pretrained(str(place), revision=revision, trust_remote_code=False, **more)
        except ImportError as error:
            raise MissingDependency(f"the {what} of {name!r} needs another package: {first_line(error)}") from None
        except Exception as error:  # the library lets through whatever its readers and the network raise
            where = "" if there else "there is no folder of this name, and the hub says: "
            why = "its weights are not of the sizes in its config.json" if _SIZES in str(error) else first_line(error)
            raise OracleError(f"cannot load the {what} of {name!r}: {where}{why}") from None

    def read(place: str | Path, **more: Any) -> tuple[Any, Any]:
        tokenizer = load("tokenizer", transformers.AutoTokenizer, place, **more)
        more |= {"output_loading_info": True, dtype_key: wanted}
        model, report = load("model", transformers.AutoModelForCausalLM, place, **more)
        missing = sorted(report.get("missing_keys", ()))
        if missing:  # they would be random, and so would be the answers
            raise OracleError(
                f"the checkpoint {name!r} lacks {len(missing)} weights of a language model, such as {missing[0]!r}: it "
                "is not one that writes text, or it is incomplete"
            )
        return tokenizer, model

    place: str | Path = folder if there else name
    if there and (file := gguf_file(folder)) is not None:
        if importlib.util.find_spec("gguf") is None:
            raise MissingDependency(f"to read {file.name!r} takes the gguf package: {_COMMAND}")
        wanted = _dtype("bfloat16", device) if wanted == "auto" else wanted  # the file has none of its own
        place = converted(file, wanted, read, name)
    tokenizer, model = read(place)
    return LoadedModel(model.to(device).eval(), tokenizer, name, there)


def _check_kind(loaded: LoadedModel) -> None:
    """A model that writes texts: with a head for words, and neither a reader nor one with a writer behind it."""
    config, model = loaded.model.config, loaded.model
    readers = library().models.auto.modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    reads = config.model_type in readers and not getattr(config, "is_decoder", False)
    if reads or getattr(config, "is_encoder_decoder", False) or model.get_output_embeddings() is None:
        raise OracleError(
            f"{type(model).__name__} of {loaded.name!r} does not go on writing a text: take one of the kind that "
            "AutoModelForCausalLM loads"
        )


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
        raise MissingDependency(f"models in this process need the transformers package: {_COMMAND}") from None
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
        torch.empty(1, device=device).item()  # one without numbers has no place for them
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
    """The first line of a message, with the next one if it ends in a colon: the library's errors then say it all."""
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return " ".join(lines[: 1 + lines[0].rstrip().endswith(":")])[:300]
