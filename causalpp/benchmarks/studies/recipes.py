"""What each way of training adds to one and the same beginning, on items that were not learned from.

A small decoder with random weights learns a little by ``sft``; from there each of the five recipes goes on.  What is
measured is the share of further items that are answered to the letter, before and after, once a seed: of the items, of
the weights, of all draws.  It is measured twice: of the likeliest replies, which is what a model is used for, and of
replies drawn at temperature 1, whose mean worth is what rewards raise.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp import training
from causalpp.errors import InvalidParameter
from causalpp.tasks import Item, consequences, score
from causalpp.training import Checkpoint

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Gain", "RecipeStudy", "Trained", "recipe_study"]

#: How long the beginning is, and what each recipe is told.
BEGINNING: Mapping[str, Any] = {"steps": 60, "learning_rate": 3e-3}
TOLD: Mapping[str, Mapping[str, Any]] = {
    "sft": {"steps": 200, "learning_rate": 3e-3},
    "dpo": {"steps": 120, "learning_rate": 5e-4, "likelihood": 1.0, "max_tokens": 4},
    "kto": {"steps": 240, "learning_rate": 1e-3, "max_tokens": 4},
    "ppo": {"steps": 300, "learning_rate": 5e-4, "max_tokens": 4},
    "grpo": {"steps": 300, "learning_rate": 1e-3, "group": 4, "batch_size": 128, "max_tokens": 4},
}
_TASK: Mapping[str, Any] = {"variables": (3,), "edges": 0.6, "names": "ABCDEF"}
_LEARNED, _DRAWN, _TESTED = 3000, 8000, 1000
_TEST_SEED = 1000  # of the items that are tested on, beyond all seeds of those that are learned from
_PARAMETERS, _LAYERS = 1.2e5, 2
_REPLY = 16  # tokens that a model may reply at most


@dataclass(frozen=True)
class Trained:
    """A training of one seed.

    Attributes:
        seed: of items, weights and draws.
        recipe: what was done; ``"beginning"`` is the short supervised one that all others go on from.
        replies: which are scored: ``"likeliest"``, word by word, or ``"drawn"`` at temperature 1.
        before: the score of the model to begin with.
        after: the score of the trained one.
        error: the standard error of the difference on these items, which are the same before and after.
    """

    seed: int
    recipe: str
    replies: str
    before: float
    after: float
    error: float

    @property
    def rise(self) -> float:
        """How much better it is."""
        return self.after - self.before


@dataclass(frozen=True)
class Gain:
    """What a recipe adds, over seeds.

    Attributes:
        recipe, replies: see :class:`Trained`.
        before, after: scores, means over seeds.
        rise: their difference.
        error: its standard error, from the spread between seeds; of one seed, from its items.
        interval: of 95 % about the rise, Student's with a degree of freedom less than there are seeds.
    """

    recipe: str
    replies: str
    before: float
    after: float
    rise: float
    error: float
    interval: tuple[float, float]


@dataclass(frozen=True, repr=False)
class RecipeStudy:
    """What :func:`recipe_study` found; printed, it is a table.

    Attributes:
        rows: of each seed and recipe.
        items, tested: how many items were learned from, and tested on, in each seed.
        told: what each recipe was told.
    """

    rows: tuple[Trained, ...]
    items: int
    tested: int
    told: Mapping[str, Mapping[str, Any]]

    @property
    def gains(self) -> tuple[Gain, ...]:
        """What each recipe adds, over seeds."""
        groups: dict[tuple[str, str], list[Trained]] = {}
        for row in sorted(self.rows, key=lambda row: row.replies, reverse=True):
            groups.setdefault((row.replies, row.recipe), []).append(row)
        return tuple(_gain(rows) for rows in groups.values())

    @property
    def frame(self) -> pd.DataFrame:
        """One row a training."""
        import pandas as pd

        return pd.DataFrame([asdict(row) | {"rise": row.rise} for row in self.rows])

    def __repr__(self) -> str:
        seeds = len({row.seed for row in self.rows})
        plural = "s" if seeds > 1 else ""
        lines = [f"{seeds} seed{plural}, {self.items:,} items to learn from, {self.tested:,} others to be tested on"]
        said = ""
        for each in self.gains:
            if each.replies != said:
                said = each.replies
                lines.append(f"{said:10s}  before   after     rise    s.e.  95 %")
            low, high = each.interval
            lines.append(
                f"{each.recipe:10s}  {each.before:6.3f}  {each.after:6.3f}  {each.rise:+7.3f}  {each.error:6.3f}  "
                f"[{low:+.3f}, {high:+.3f}]"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "items": self.items,
            "tested": self.tested,
            "told": {name: dict(told) for name, told in self.told.items()},
            "gains": [asdict(each) for each in self.gains],
            "rows": [asdict(row) for row in self.rows],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def plot(self) -> Figure:
        """The rise of each recipe with its interval, and that of each seed as a dot."""
        import matplotlib.pyplot as plt

        from causalpp.graphs.drawing import FALSE, TRUE, style

        recipes = list(dict.fromkeys(row.recipe for row in self.rows if row.recipe != "beginning"))
        with style():
            figure, ax = plt.subplots(figsize=(6, 0.9 + 0.55 * len(recipes)), layout="constrained")
            for replies, colour, off in (("likeliest", TRUE, -0.14), ("drawn", FALSE, 0.14)):
                shown = [each for each in self.gains if each.replies == replies and each.recipe in recipes]
                places = [recipes.index(each.recipe) + off for each in shown]
                low, high = ([each.interval[k] for each in shown] for k in (0, 1))
                ax.hlines(places, low, high, color=colour, lw=2)
                ax.plot([each.rise for each in shown], places, "o", color=colour, ms=6, label=f"{replies} replies")
                dots = [row for row in self.rows if row.replies == replies and row.recipe in recipes]
                ax.plot(
                    [row.rise for row in dots], [recipes.index(row.recipe) + off for row in dots], "|", color=colour,
                    ms=8,
                )  # fmt: skip
            ax.axvline(0, color="0.5", lw=1)
            ax.set(yticks=range(len(recipes)), yticklabels=recipes, ylim=(len(recipes) - 0.4, -0.6))
            ax.set(xlabel="rise of the score above the beginning")
            ax.legend(loc="best", fontsize=8)
        return figure


def recipe_study(
    seeds: int = 3,
    *,
    recipes: Sequence[str] = tuple(TOLD),
    items: Sequence[Item] | None = None,
    test: Sequence[Item] | None = None,
    folder: str | os.PathLike[str] | None = None,
    told: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> RecipeStudy:
    """The same short beginning gone on with by each recipe, on a small task, once a seed.

    Args:
        seeds: how many.
        recipes: which of sft, dpo, kto, ppo and grpo.
        items, test: to learn from, and to be tested on; else of :func:`~causalpp.tasks.consequences` on three
            variables, other ones each seed, of which none that is tested on is among those that are learned from.
        folder: where the models are kept, and what was interrupted is gone on with.  None takes temporary ones.
        told: what recipes (or ``"beginning"``) are told otherwise than here, by their names.
        progress: called with how many trainings are done, and how many there are.

    Raises:
        InvalidParameter: no seed, a recipe that there is not, items without others to be tested on.
        InvalidData, MissingDependency, TrainingError: as the recipes of :mod:`causalpp.training`.
    """
    if seeds < 1:
        raise InvalidParameter(f"there is at least one seed, got {seeds}")
    unknown = [name for name in (*recipes, *(told or {})) if name not in (*TOLD, "beginning")]
    if unknown or not recipes:
        raise InvalidParameter(f"the recipes are {', '.join(TOLD)}; got {', '.join(unknown) or 'none'}")
    if (items is None) != (test is None):
        raise InvalidParameter("give items to learn from together with others to be tested on")
    own = told or {}
    given = {"beginning": {**BEGINNING, **own.get("beginning", {})}}
    given |= {name: {**TOLD[name], **own.get(name, {})} for name in recipes}
    rows: list[Trained] = []
    learned: Sequence[Item] = ()
    held: Sequence[Item] = ()
    done, total = 0, seeds * (1 + len(recipes))
    for seed in range(seeds):
        learned, held = (items, test) if items is not None and test is not None else _items(seed)
        words = training.word_tokenizer(training.texts_of([*learned, *held]))
        start: Any = training.small_decoder(words, parameters=_PARAMETERS, layers=_LAYERS, seed=seed)
        right = _right(start, held)
        for name in ("beginning", *recipes):
            place = None if folder is None else Path(folder) / f"seed-{seed}" / name
            recipe = getattr(training, "sft" if name == "beginning" else name)
            found: Checkpoint = recipe(start, learned, place, seed=seed, progress=False, **given[name])
            now = _right(found, held)
            rows += [_compared(seed, name, how, right[how], now[how]) for how in now]
            if name == "beginning":
                start, right = found, now
            done += 1
            if progress is not None:
                progress(done, total)
    return RecipeStudy(tuple(rows), len(learned), len(held), given)


def _items(seed: int) -> tuple[list[Item], list[Item]]:
    learned = list(consequences(_LEARNED, **_TASK, seed=seed).items)
    known = {item.prompt for item in learned}
    others = consequences(_DRAWN, **_TASK, seed=_TEST_SEED + seed).items
    held = list({item.prompt: item for item in others if item.prompt not in known}.values())[:_TESTED]
    return learned, held


def _right(model: Any, items: Sequence[Item]) -> dict[str, np.ndarray]:
    """The score of each item, of the likeliest reply and of one that is drawn."""
    out = {}
    for name, temperature in (("likeliest", 0.0), ("drawn", 1.0)):
        said = training.replies(model, items, max_tokens=_REPLY, temperature=temperature)
        out[name] = np.array([score(item, text).value or 0.0 for item, text in zip(items, said, strict=True)])
    return out


def _compared(seed: int, recipe: str, replies: str, before: np.ndarray, after: np.ndarray) -> Trained:
    error = float((after - before).std(ddof=1) / math.sqrt(len(after))) if len(after) > 1 else math.nan
    return Trained(seed, recipe, replies, float(before.mean()), float(after.mean()), error)


def _gain(rows: Sequence[Trained]) -> Gain:
    from scipy import stats

    rises = np.array([row.rise for row in rows])
    before, after = (float(np.mean([getattr(row, name) for row in rows])) for name in ("before", "after"))
    if len(rows) > 1:
        error = float(rises.std(ddof=1) / math.sqrt(len(rows)))
        wide = float(stats.t.ppf(0.975, len(rows) - 1)) * error
    else:
        error = rows[0].error
        wide = 1.96 * error
    rise = float(rises.mean())
    return Gain(rows[0].recipe, rows[0].replies, before, after, rise, error, (rise - wide, rise + wide))
