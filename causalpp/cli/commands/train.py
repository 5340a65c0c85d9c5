"""``causalpp train``: a model learns from items, by one of six recipes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp.cli import options
from causalpp.cli.options import option
from causalpp.cli.show import check_figure_path, console, print_json, save_figure, table_of
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.tasks import Item
    from causalpp.training import Checkpoint

__all__ = ["train"]

_NEW = "new:"


class Recipe(StrEnum):
    """How a model learns."""

    sft = "sft"
    dpo = "dpo"
    kto = "kto"
    ppo = "ppo"
    grpo = "grpo"
    classify = "classify"


class Wrong(StrEnum):
    """Where wrong replies come from."""

    own = "own"
    near = "near"


@dataclass(frozen=True)
class Learning:
    """What the recipes can be told; None is what the recipe does by itself."""

    steps: int | None = option("--steps", "Of the optimiser; 200 unless said.", min=1)
    batch_size: int | None = option("--batch-size", "Examples, or replies, of a step; 32 or 64 unless said.", min=1)
    learning_rate: float | None = option(
        "--learning-rate", "At its highest; 1e-3 for sft and classify, else 1e-4, unless said."
    )
    warmup: float | None = option("--warmup", "The share of the steps in which it rises; 0.05 unless said.")
    max_length: int | None = option("--max-length", "Tokens of a prompt with its reply; 512 unless said.", min=1)
    lora: int | None = option("--lora", "Train low-rank adapters of this rank in place of the weights.", min=0)
    save_every: int | None = option("--save-every", "Steps between two saved states; 50 unless said.", min=1)
    log_every: int | None = option("--log-every", "Steps between two points of the curve; 10 unless said.", min=1)
    beta: float | None = option("--beta", "dpo, kto, ppo, grpo: what it costs to depart from the model to begin with.")
    wrong: Wrong | None = option(
        "--wrong", "dpo, kto: wrong replies are the model's own, or near misses; own unless said."
    )
    likelihood: float | None = option("--likelihood", "dpo: the weight of the right reply's cross entropy.")
    desirable: float | None = option("--desirable", "kto: the weight of right replies; 4 unless said.")
    undesirable: float | None = option("--undesirable", "kto: the weight of wrong ones; 1 unless said.")
    group: int | None = option("--group", "grpo: replies drawn to an item; 8 unless said.", min=2)
    clip: float | None = option("--clip", "ppo, grpo: how far a probability moves in a step; 0.2 unless said.")
    epochs: int | None = option("--epochs", "ppo: how often a batch of replies is learned from.", min=1)
    discount: float | None = option("--discount", "ppo: γ of the advantages.")
    gae: float | None = option("--gae", "ppo: λ of the advantages.")
    temperature: float | None = option("--temperature", "ppo, grpo: of the replies drawn; 1 unless said.")
    max_tokens: int | None = option(
        "--max-tokens", "All but sft and classify: of a reply that is drawn; 16 unless said.", min=1
    )


@options.grouped
def train(
    recipe: Annotated[
        Recipe,
        typer.Argument(
            help="sft, dpo, kto, ppo or grpo for a model that writes; classify for an encoder.", show_default=False
        ),
    ],
    items: Annotated[list[Path], typer.Option("--items", help="A file of items to learn from (repeatable).")],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="To begin with: a folder, .gguf file or name on the hub; new:1e6 for a small one of that size.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The folder of the trained model; an interrupted training there goes on.")
    ],
    learning: Learning,
    split: Annotated[str | None, typer.Option("--split", help="Learn from the items of this split only.")] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", help="Items to score the model on, before and after (repeatable).")
    ] = None,
    plot: options.Plot = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Train a model on items: by right replies, pairs, verdicts or rewards; or an encoder, by yes and no."""
    check_figure_path(plot)
    from causalpp import training  # takes a moment, which other commands need not wait

    run = getattr(training, recipe.value)
    told = _told(recipe, learning)
    learned, held = _items(items, split), _items(test or [], None)
    begin = _begin(recipe, model, [*learned, *held], seed)
    start = begin
    if held and recipe is Recipe.classify:
        start = training.load_encoder(begin, new=True)
    before = training.accuracy(start, held) if held else None
    found: Checkpoint = run(begin, learned, out, seed=seed, progress=not json, **told)
    after = training.accuracy(found, held) if held else None
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print_json({**found.to_dict(), "score": {"items": len(held), "before": before, "after": after}})
        return
    first, last = found.points[0], found.points[-1]
    rows = [("items", f"{found.items:,}"), ("steps", f"{found.settings['steps']:,}")]
    rows += [(name, f"{first[name]:.3f} → {last[name]:.3f}") for name in ("loss", "reward") if name in last]
    if before is not None and after is not None:
        rows.append((f"score on {len(held):,} items", f"{before:.3f} → {after:.3f}"))
    console.print(table_of(rows, "", recipe.value))
    console.print(f"the model is in {out}", soft_wrap=True)


def _told(recipe: Recipe, learning: Learning) -> dict[str, Any]:
    """The options that were given, of which the recipe takes all.

    Raises:
        InvalidParameter: one that goes with others.
    """
    from causalpp import training

    shared = set(training.Settings().to_dict())
    takes = {each: set(inspect.signature(getattr(training, each.value)).parameters) | shared for each in Recipe}
    given = {name: value for name, value in vars(learning).items() if value is not None}
    for name in given:
        if name not in takes[recipe]:
            known = ", ".join(each.value for each in Recipe if name in takes[each])
            raise InvalidParameter(f"--{name.replace('_', '-')} goes with {known}; this is {recipe.value}")
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in given.items()}


def _items(files: list[Path], split: str | None) -> list[Item]:
    from causalpp.tasks.items import loaders

    found = [item for file in files for item in loaders.read_items(file)]
    if split is None:
        return found
    chosen = [item for item in found if item.split == split]
    if found and not chosen:
        known = ", ".join(sorted({item.split for item in found} - {""})) or "none"
        raise InvalidParameter(f"no item is of the split {split!r}; the splits of these items: {known}")
    return chosen


def _begin(recipe: Recipe, model: str, items: list[Item], seed: int) -> Any:
    """The model to begin with: a small one whose words are those of the items, or what the name says."""
    if not model.startswith(_NEW):
        return model
    from causalpp import training

    try:
        size = float(model.removeprefix(_NEW))
    except ValueError:
        size = 0.0
    if not 0 < size < 1e10:
        raise InvalidParameter(f"a new model is written new:PARAMETERS, such as new:1e6; got {model!r}")
    make = training.small_encoder if recipe is Recipe.classify else training.small_decoder
    return make(training.word_tokenizer(training.texts_of(items)), parameters=size, seed=seed)
