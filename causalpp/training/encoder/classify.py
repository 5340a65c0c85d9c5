"""The recipe for encoders: yes or no, learned from items that say which."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np

from causalpp._progress import Progress
from causalpp.errors import InvalidData, InvalidParameter, MissingDependency
from causalpp.language import LoadedModel
from causalpp.tasks import Item
from causalpp.training._trl import Source, arguments, begun, calm, checked, points, printer, warn_of_unknown, watch
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.encoder.encoders import load_encoder, padded, tokens_of
from causalpp.training.examples import warn_of_cuts
from causalpp.training.settings import Options, Settings

__all__ = ["classify"]

_WINDOW = 16  # batches among which items are put together by length

#: An item and how often it has been shown before → the item as it is shown this time.
Vary = Callable[[Item, int], Item]


def classify(
    model: Source,
    items: Sequence[Item],
    folder: str | os.PathLike[str] | None = None,
    *,
    vary: Vary | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """An encoder learns to answer yes/no items.

    The loss is the cross entropy of its two outputs, no and yes.  Items of about one length stand in one batch.

    Args:
        model: to begin with: :func:`~causalpp.training.small_encoder`, a folder or name of an encoder, a
            :class:`Checkpoint` of this recipe.
        items: to learn from, with yes or no as targets.
        folder, progress: see :func:`~causalpp.training.sft`.
        vary: an item, and how often it was shown before → what is shown this time, such as the same with other names;
            a function of these two alone, so that an interrupted training goes on to the same curve.
        **options: see :class:`~causalpp.training.Settings`; ``lora`` is for models that write.

    Raises:
        InvalidData: no items, or targets that are neither yes nor no.
        InvalidParameter: a setting that makes no sense; a folder that holds something else.
        MissingDependency: transformers or accelerate is not installed: ``pip install 'causalpp[train]'``.
        TrainingError: the loss is no number, or the folder cannot be written to; states saved before are kept.

    Warns:
        TruncatedWarning: prompts are longer than ``max_length`` and lost their beginning.
        ImpreciseWarning: prompts have words that the tokenizer does not know.
    """
    settings = Settings().changed(options)
    if settings.lora:
        raise InvalidParameter("an encoder trains its own weights: leave lora out")
    listed = checked(items)
    for item in listed:
        if not isinstance(item.target.value, bool):
            raise InvalidData(
                f"an encoder learns yes or no, and the target of the item {item.id!r} is {item.target.value!r}: "
                "take a model that writes, and sft"
            )
    more = {"vary": f"{vary.__module__}.{vary.__qualname__}"} if vary is not None else {}
    with begun("classify", model, listed, folder, settings, more, load=_to_begin_with) as (place, loaded):
        if (done := place.finished) is not None:
            return done
        trainer, told = _library()
        shown = _Shown(loaded, listed, settings, vary)
        loaded.model.train()
        with Progress("classify", settings.steps, progress, after=1.0) as bar, calm():
            made = trainer(
                model=loaded.model,
                args=told(**{**arguments(settings, place), "bf16": False}, remove_unused_columns=False),
                train_dataset=shown,
                data_collator=shown.together,
                callbacks=[watch(bar, place)],
            )
            made.remove_callback(printer())
            last = place.last
            made.train(resume_from_checkpoint=str(last) if last is not None else None)
        return place.finish(made.model, loaded.tokenizer, points(made.state))


def _to_begin_with(source: Any) -> LoadedModel:
    return load_encoder(source, new=True)


class _Shown:
    """All that is shown in a whole training, in its order: whoever goes on finds the same at the same step."""

    def __init__(self, loaded: LoadedModel, items: Sequence[Item], settings: Settings, vary: Vary | None) -> None:
        self.loaded, self.items, self.vary, self.most = loaded, items, vary, settings.max_length
        whole = [item.prompt for item in items]
        ends = [text.rstrip().rpartition("\n")[2] for text in whole]  # what is asked stands in the last line
        rows, last = (tokens_of(loaded.tokenizer, texts, None, special=True) for texts in (whole, ends))
        lengths = np.array([len(row) for row in rows])
        warn_of_unknown(loaded.tokenizer, items)
        lost = sum(len(row) > self.most for row in last)
        warn_of_cuts(int((lengths > self.most).sum()), lost, len(items), self.most)
        self.order = _order(np.minimum(lengths, self.most), settings)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, number: int) -> Item:
        which, times = self.order[number]
        item = self.items[which]
        return item if self.vary is None else self.vary(item, int(times))

    def together(self, items: Sequence[Item]) -> dict[str, Any]:
        """A batch, with its labels."""
        import torch

        rows = tokens_of(self.loaded.tokenizer, [item.prompt for item in items], self.most, special=True)
        labels = torch.tensor([int(item.target.value) for item in items])
        return {**padded(rows, self.loaded, right=True), "labels": labels.to(self.loaded.device)}


def _order(lengths: np.ndarray[Any, Any], settings: Settings) -> np.ndarray[Any, Any]:
    """Which item is shown when, and how often before, shape ``(steps · batch, 2)``; batches are of like lengths."""
    draw, size, total = np.random.default_rng(settings.seed), settings.batch_size, settings.steps * settings.batch_size
    out: list[np.ndarray[Any, Any]] = []
    for times in range(-(-total // len(lengths))):
        every = draw.permutation(len(lengths))
        out.append(np.stack([every, np.full(len(every), times)], axis=1))
    rows = np.concatenate(out)[:total]
    for start in range(0, total, size * _WINDOW):
        window = rows[start : start + size * _WINDOW]
        window = window[np.argsort(lengths[window[:, 0]], kind="stable")]
        batches = window.reshape(-1, size, 2)
        rows[start : start + size * _WINDOW] = batches[draw.permutation(len(batches))].reshape(-1, 2)
    return rows


def _library() -> tuple[Any, Any]:
    """The trainer, which shows everything in the order that it is given, and its arguments."""
    if importlib.util.find_spec("accelerate") is None:
        raise MissingDependency("this recipe takes the package accelerate: pip install 'causalpp[train]'")
    from torch.utils.data import SequentialSampler
    from transformers import Trainer, TrainingArguments

    class InOrder(Trainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            given: Any = train_dataset if train_dataset is not None else self.train_dataset
            return SequentialSampler(given)

    return InOrder, TrainingArguments
