"""Encoders: models that read an item and say how probable yes is, in one pass and without writing."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData, InvalidParameter, MissingDependency, OracleError
from causalpp.language import LoadedModel, Prompt, load_model
from causalpp.language.backends.loading import first_line, library
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.tasks import Item
from causalpp.training._silent import silent
from causalpp.training.checkpoint import Checkpoint

__all__ = ["is_encoder", "load_encoder", "probabilities", "tokens_of"]

_OUTPUTS = 2  # no and yes


def load_encoder(source: Any, *, new: bool = False) -> LoadedModel:
    """A model that classifies, with its tokenizer.

    Args:
        source: a folder, a name on the hub, a pair ``(model, tokenizer)``, a :class:`Checkpoint`.
        new: whether weights of its last layer may be missing, since they are about to be learned.

    Raises:
        InvalidParameter, OracleError: there is none, or it cannot be loaded.
        MissingDependency: transformers is not installed.
    """
    source = source.folder if isinstance(source, Checkpoint) else source
    if isinstance(source, LoadedModel):
        return source
    if isinstance(source, tuple):
        model, tokenizer = source
        if not is_encoder(model) or model.config.num_labels != _OUTPUTS:
            raise InvalidParameter("an encoder in memory is a pair (model, tokenizer) whose model has two outputs")
        return LoadedModel(model.eval(), tokenizer, type(model).__name__)
    transformers, name = library(), str(source)
    import torch

    importlib.import_module("causalpp.training.encoder._sentences")  # makes our own kind known to the library
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        kind = transformers.AutoModelForSequenceClassification
        model, report = kind.from_pretrained(name, num_labels=_OUTPUTS, output_loading_info=True)
    except ImportError as error:
        raise MissingDependency(f"the encoder {name!r} needs another package: {first_line(error)}") from None
    except Exception as error:  # the library lets through whatever its readers and the network raise
        raise OracleError(f"cannot load the encoder {name!r}: {first_line(error)}") from None
    missing = sorted(report.get("missing_keys", ()))
    if missing and not new:
        raise OracleError(
            f"the model {name!r} lacks {len(missing)} weights of a classifier, such as {missing[0]!r}: train it first, "
            "by causalpp train classify"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LoadedModel(model.to(device).eval(), tokenizer, name, Path(name).exists())


def is_encoder(source: Any) -> bool:
    """Whether a model classifies, and does not write.

    Args:
        source: whatever :func:`load_encoder` or :func:`causalpp.language.load_model` takes.
    """
    if isinstance(source, Checkpoint):
        return source.recipe == "classify" or is_encoder(source.folder)
    if isinstance(source, tuple):
        source = source[0]
    if isinstance(source, LoadedModel):
        source = source.model
    if hasattr(source, "config"):
        return _classifies(type(source).__name__)
    try:
        found = json.loads((Path(str(source)).expanduser() / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(map(_classifies, found.get("architectures") or []))


def _classifies(kind: str) -> bool:
    return kind == "SentenceEncoder" or kind.endswith("ForSequenceClassification")


def probabilities(
    model: Any, items: Sequence[Item], *, max_length: int | None = None, batch_size: int = 64
) -> NDArray[np.float64]:
    """The probability of yes for each item, shape ``(items,)``.

    An encoder says it itself.  Of a model that writes it is that of "yes" against "no" as the first word of its reply.

    Args:
        model: a :class:`Checkpoint`, or whatever :func:`load_encoder` or :func:`causalpp.language.load_model` takes.
        items: whose prompts it is shown.
        max_length: tokens; of longer prompts the beginning is cut.  None shows them whole.
        batch_size: prompts that are read at once.

    Raises:
        InvalidData: the first words of yes and no are the same for the model that writes.
    """
    import torch

    with silent():
        encoder = is_encoder(model)
        source = model.folder if isinstance(model, Checkpoint) else model
        loaded = load_encoder(source) if encoder else load_model(source)
    texts = [item.prompt for item in items] if encoder else _rendered(loaded, items)
    yes, no = (1, 0) if encoder else _first_words(loaded)
    rows = tokens_of(loaded.tokenizer, texts, max_length, special=encoder)
    out = np.empty(len(rows))
    order = np.argsort([len(row) for row in rows], kind="stable")
    for start in range(0, len(order), batch_size):
        those = order[start : start + batch_size]
        with torch.inference_mode():
            given = padded([rows[k] for k in those], loaded, right=encoder)
            if encoder:
                logits = loaded.model(**given).logits
            else:
                places = (given["attention_mask"].cumsum(1) - 1).clamp(min=0)
                logits = loaded.model(**given, position_ids=places, use_cache=False, logits_to_keep=1).logits[:, -1]
            out[those] = torch.sigmoid((logits[:, yes] - logits[:, no]).double()).cpu().numpy()
    return out


def tokens_of(tokenizer: Any, texts: Sequence[str], max_length: int | None, *, special: bool) -> list[list[int]]:
    """The tokens of each text; of one that is too long the beginning is cut.

    Args:
        tokenizer: of the model.
        texts: as the model is shown them.
        max_length: tokens at most; None for no limit.
        special: whether the signs are added that the model expects around a text.
    """
    with _cut_on_the_left(tokenizer):
        options = {"truncation": True, "max_length": max_length} if max_length is not None else {"truncation": False}
        found: list[list[int]] = tokenizer(list(texts), add_special_tokens=special, **options)["input_ids"]
    return found


def padded(rows: Sequence[Sequence[int]], loaded: LoadedModel, *, right: bool) -> dict[str, Any]:
    """Tokens as a batch, with the mask of what is there: ``input_ids`` and ``attention_mask``, shape ``(B, L)``."""
    import torch

    tokenizer = loaded.tokenizer
    fill = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    most = max(map(len, rows))
    ids = torch.full((len(rows), most), int(fill), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for k, row in enumerate(rows):
        place = slice(0, len(row)) if right else slice(most - len(row), most)
        ids[k, place] = torch.tensor(row, dtype=torch.long)
        mask[k, place] = 1
    return {"input_ids": ids.to(loaded.device), "attention_mask": mask.to(loaded.device)}


def _rendered(loaded: LoadedModel, items: Sequence[Item]) -> list[str]:
    backend = TransformersBackend(loaded)
    return [backend.render(Prompt(item.prompt)) for item in items]


def _first_words(loaded: LoadedModel) -> tuple[int, int]:
    blank = "" if loaded.tokenizer.chat_template else " "
    yes, no = (loaded.tokenizer.encode(blank + word, add_special_tokens=False)[0] for word in ("yes", "no"))
    if yes == no:
        raise InvalidData("the tokenizer begins 'yes' and 'no' with the same token, so that they cannot be told apart")
    return yes, no


@contextmanager
def _cut_on_the_left(tokenizer: Any) -> Iterator[None]:
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        yield
    finally:
        tokenizer.truncation_side = side
