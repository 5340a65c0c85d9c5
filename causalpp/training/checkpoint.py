"""A trained model on disk, with how it was trained: a folder that every part of the library takes for a model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._plain import plain
from causalpp.errors import InvalidParameter
from causalpp.language import LoadedModel, load_model
from causalpp.oracles import LanguageModelOracle
from causalpp.training._silent import silent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["RECORD", "Checkpoint"]

#: What a training writes of itself, in its folder.
RECORD = "training.json"


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A model that was trained; its folder can be given wherever a model can.

    Attributes:
        folder: with the weights, the tokenizer and ``training.json``.
        recipe: how it was trained, such as ``"sft"``.
        settings: of the recipe, as plain values.
        items: how many it learned from.
        points: of the curve: ``step``, ``loss`` and what else the recipe tells, one mapping a point.
    """

    folder: Path
    recipe: str
    settings: Mapping[str, Any]
    items: int
    points: tuple[Mapping[str, float], ...]
    _kept: Any = field(default=None)  # a temporary folder lives as long as this does

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Checkpoint:
        """The checkpoint in a folder.

        Raises:
            InvalidParameter: there is none, or the training in it has not ended.
        """
        place = Path(folder).expanduser()
        try:
            found = json.loads((place / RECORD).read_text(encoding="utf-8"))
            return cls._of(place, found)
        except (OSError, ValueError, KeyError, TypeError):
            raise InvalidParameter(
                f"there is no finished training in {str(place)!r}: causalpp train makes one"
            ) from None

    @classmethod
    def _of(cls, place: Path, found: Mapping[str, Any], kept: Any = None) -> Checkpoint:
        if not found["finished"]:
            raise ValueError
        return cls(place, found["recipe"], found["settings"], found["items"], tuple(found["curve"]), kept)

    def __repr__(self) -> str:
        last = self.points[-1] if self.points else {}
        shown = ", ".join(f"{name} {last[name]:.3g}" for name in ("loss", "reward") if name in last)
        parts = [
            self.recipe,
            f"{self.items:,} items",
            f"{self.settings.get('steps')} steps",
            *([shown] if shown else []),
        ]
        return f"Checkpoint({', '.join(parts)})"

    @property
    def curve(self) -> pd.DataFrame:
        """What was logged on the way, one row a point."""
        import pandas as pd

        return pd.DataFrame([dict(point) for point in self.points])

    def load(self, device: str | None = None) -> LoadedModel:
        """The model and its tokenizer; see :func:`causalpp.language.load_model`."""
        with silent():
            if self.recipe != "classify":
                return load_model(self.folder, device=device)
            from causalpp.training.encoder.encoders import load_encoder  # which knows checkpoints itself

            loaded = load_encoder(self)
            loaded.model.to(loaded.device if device is None else device)
            return loaded

    def oracle(self, **options: Any) -> LanguageModelOracle:
        """The model as an oracle: see :meth:`causalpp.LanguageModelOracle.transformers`, which takes the options.

        An encoder is asked for yes or no.
        """
        if self.recipe == "classify":
            from causalpp.training.encoder.reader import EncoderBackend  # which reads checkpoints

            return LanguageModelOracle(EncoderBackend(self), **{"labels": ("yes", "no"), **options})
        with silent():
            return LanguageModelOracle.transformers(self.folder, **options)

    def to_dict(self) -> dict[str, Any]:
        """How it was trained, as plain values."""
        return {
            "folder": str(self.folder),
            "recipe": self.recipe,
            "settings": dict(self.settings),
            "items": self.items,
            "curve": [dict(point) for point in self.points],
        }

    def to_json(self) -> str:
        """How it was trained, as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The curve: the loss, and the reward where there is one."""
        from causalpp.training.drawing import curve_figure

        return curve_figure(self)
