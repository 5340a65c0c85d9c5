"""What the recipes share that TRL carries out: its arguments, where it goes on, what is looked at on the way."""

from __future__ import annotations

import importlib.util
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from causalpp._progress import Progress
from causalpp.errors import ImpreciseWarning, InvalidData, MissingDependency, TrainingError
from causalpp.language import LoadedModel, load_model
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.tasks import Item
from causalpp.training._silent import silent
from causalpp.training._workspace import Workspace, identity_of, workspace
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.examples import Layout, Row, reply_to
from causalpp.training.settings import Settings

__all__ = [
    "Source",
    "adapters",
    "arguments",
    "begun",
    "by_trl",
    "calm",
    "checked",
    "layout_of",
    "no_number",
    "numbers",
    "points",
    "printer",
    "warn_of_unknown",
    "watch",
]

#: A model to begin with: a checkpoint, or whatever :func:`causalpp.language.load_model` takes.
Source = Any

_TOLD = ("loss", "reward", "rewards/accuracies", "kl", "grad_norm", "learning_rate")  # of what TRL logs


def checked(items: Sequence[Item]) -> list[Item]:
    """The items, of which each says what is right.

    Raises:
        InvalidData: there are none, or one does not.
    """
    listed = list(items)
    if not listed:
        raise InvalidData("there are no items to learn from")
    for item in listed:
        reply_to(item)
    return listed


def layout_of(loaded: LoadedModel, settings: Settings, items: Sequence[Item]) -> Layout:
    """How the model is shown its items, once it is sure that it knows their words.

    Raises:
        InvalidData: a reply has words that the tokenizer does not know, or it has no token that ends one.

    Warns:
        ImpreciseWarning: prompts have such words.
    """
    backend, tokenizer = TransformersBackend(loaded), loaded.tokenizer
    unknown = tokenizer.unk_token_id
    if tokenizer.eos_token_id is None:
        raise InvalidData(
            "the tokenizer has no token that ends a reply: set its eos_token, and train the model with it"
        )
    longest = min(settings.max_length, backend.context or settings.max_length)
    layout = Layout(backend.render, tokenizer, bool(tokenizer.chat_template), longest)
    if unknown is not None:
        for text in dict.fromkeys(reply_to(item) for item in items):
            if unknown in tokenizer.encode(layout.completion(text), add_special_tokens=False):
                raise InvalidData(
                    f"the tokenizer does not know the words of the reply {text[:60]!r}: make one of these items, with "
                    "word_tokenizer(texts_of(items)), or take a model that has them"
                )
    warn_of_unknown(tokenizer, items)
    return layout


def warn_of_unknown(tokenizer: Any, items: Sequence[Item]) -> None:
    """Say how many prompts have words that the tokenizer does not know."""
    unknown = tokenizer.unk_token_id
    texts = [item.prompt for item in items] if unknown is not None else []
    odd = sum(unknown in tokenizer.encode(text, add_special_tokens=False) for text in texts)
    if odd:
        warnings.warn(
            f"{odd:,} of {len(items):,} prompts have words that the tokenizer does not know, which it reads as "
            f"{tokenizer.unk_token!r}",
            ImpreciseWarning,
            stacklevel=5,
        )


@contextmanager
def begun(
    recipe: str,
    model: Source,
    items: Sequence[Item],
    folder: str | os.PathLike[str] | None,
    settings: Settings,
    more: Mapping[str, Any],
    load: Callable[[Any], LoadedModel] = load_model,
) -> Iterator[tuple[Workspace, LoadedModel]]:
    """The workspace of a training and the model it begins with, read anew from there: the user's stays as it was."""
    told = {**settings.to_dict(), **more}
    with silent():
        loaded = load(model.folder if isinstance(model, Checkpoint) else model)
        identity = identity_of(recipe, told, items, loaded.model)
        with workspace(folder, recipe, told, identity, len(items)) as place:
            if place.finished is None:
                place.save_start(loaded)
                loaded = load(place.start)
            yield place, loaded


def by_trl(
    recipe: str,
    model: Source,
    items: Sequence[Item],
    folder: str | os.PathLike[str] | None,
    settings: Settings,
    progress: bool | None,
    *,
    trainer: str,
    rows: Callable[[Sequence[Item], Layout, LoadedModel], list[Row]],
    more: Mapping[str, Any],
    told: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Checkpoint:
    """A training carried out by one of TRL's trainers.

    Args:
        recipe, model, items, folder, settings, progress: as the recipes take them.
        trainer: TRL's name for it, such as ``"SFT"``.
        rows: the examples, of items, their layout and the model to begin with.
        more: what the recipe is told beside the settings, as plain values: part of its identity.
        told: further fields of TRL's configuration.
        given: further arguments of TRL's trainer.
    """
    trl = _library()
    items = checked(items)
    with begun(recipe, model, items, folder, settings, more) as (place, loaded):
        if (done := place.finished) is not None:
            return done
        examples = rows(items, layout_of(loaded, settings, items), loaded)
        loaded.model.train()
        with Progress(recipe, settings.steps, progress, after=1.0) as bar, calm():
            made = getattr(trl, f"{trainer}Trainer")(
                model=loaded.model,
                args=getattr(trl, f"{trainer}Config")(**arguments(settings, place), **told),
                train_dataset=_dataset(examples),
                processing_class=loaded.tokenizer,
                peft_config=adapters(settings.lora),
                callbacks=[watch(bar, place)],
                **given,
            )
            made.remove_callback(printer())
            last = place.last
            with numbers(place, lambda: made.state.global_step + 1):
                made.train(resume_from_checkpoint=str(last) if last is not None else None)
        trained = made.model.merge_and_unload() if settings.lora else made.model
        return place.finish(trained, loaded.tokenizer, points(made.state))


def arguments(settings: Settings, place: Workspace) -> dict[str, Any]:
    import torch

    cpu = not torch.cuda.is_available()
    return {
        "output_dir": str(place.states),
        "max_steps": settings.steps,
        "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": 1,
        "learning_rate": settings.learning_rate,
        "warmup_steps": round(settings.warmup * settings.steps),
        "lr_scheduler_type": "linear",
        "logging_steps": settings.log_every,
        "logging_nan_inf_filter": False,
        "save_steps": settings.save_every,
        "save_total_limit": 2,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "use_cpu": cpu,
        "bf16": not cpu,
        "report_to": [],
        "disable_tqdm": True,
        "gradient_checkpointing": False,
    }


def points(state: Any) -> list[dict[str, float]]:
    """The curve, of what TRL logged."""
    return [
        {"step": entry["step"]} | {name: float(entry[name]) for name in _TOLD if name in entry}
        for entry in state.log_history
        # A trainer that goes on from its very last state takes a step more, at a rate of nothing.
        if "loss" in entry and entry["step"] <= state.max_steps
    ]


def watch(bar: Progress, place: Workspace) -> Any:
    """What looks on: it moves the bar, and ends a training whose loss is no number before that is saved."""
    import torch
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            torch.manual_seed(args.seed * 1_000_003 + state.global_step)  # the same draws after an interruption

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            bar.reach(state.global_step)
            if state.global_step >= state.max_steps:  # a curve has its end, however seldom a point is wanted
                control.should_log = True

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
            for name in ("loss", "grad_norm"):
                value = (more.get("logs") or {}).get(name)
                if value is not None and not math.isfinite(value):
                    raise TrainingError(no_number(name, state.global_step, place))

    return Watch()


def no_number(name: str, step: int, place: Workspace) -> str:
    last = place.last
    kept = (
        f"the state of step {last.name.rpartition('-')[2]} is kept in {str(last)!r}" if last else "no state was saved"
    )
    what = "gradient" if name == "grad_norm" else name
    return f"the {what} is no number at step {step}: {kept}; a smaller learning_rate helps, in another folder"


@contextmanager
def numbers(place: Workspace, step: Callable[[], int]) -> Iterator[None]:
    """Where words are drawn: a model whose weights are no numbers has no probabilities of them either."""
    try:
        yield
    except RuntimeError as error:
        if "probability tensor" not in str(error):
            raise
        raise TrainingError(no_number("probability of a word", step(), place)) from None


def printer() -> Any:
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback


def adapters(rank: int) -> Any:
    if not rank:
        return None
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")


def _dataset(rows: Sequence[Row]) -> Any:
    from datasets import Dataset

    return Dataset.from_list(list(rows))


def _library() -> Any:
    for name in ("trl", "peft", "datasets"):
        if importlib.util.find_spec(name) is None:
            raise MissingDependency(f"this recipe takes the package {name}: pip install 'causalpp[train]'")
    import trl

    return trl


@contextmanager
def calm() -> Iterator[None]:
    """Without the bars and warnings of the libraries below: there is one bar, ours."""
    import datasets

    bars = datasets.utils.logging.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"trl|transformers|peft|torch|datasets|accelerate")
            yield
    finally:
        if bars:
            datasets.enable_progress_bars()
