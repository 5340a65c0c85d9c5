"""Corr2Cause learned in four ways: what is answered, and how right it is."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import write_text
from causalpp._plain import plain
from causalpp.benchmarks.metrics import score
from causalpp.benchmarks.studies.corr2cause.items import BASE, make_sets
from causalpp.benchmarks.studies.corr2cause.learners import CONTROLS, LEARNERS, Budget, made
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["TrainingStudy", "training_study"]

_NAMED = "named model"


@dataclass(frozen=True, repr=False, eq=False)
class TrainingStudy:
    """What each learner answered to each item.

    Attributes:
        rows: one mapping of plain values an answer: solver, test, shown (whole or cut), item, group, variables,
            relation, label, answer, probability.
        settings: of the study.
    """

    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]

    @property
    def frame(self) -> pd.DataFrame:
        """One row an answer."""
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def scores(self, by: Sequence[str] = ("solver", "test", "shown"), *, draws: int = 1000) -> pd.DataFrame:
        """How right the answers are, with intervals by the bootstrap over classes; see
        :func:`causalpp.benchmarks.metrics.score`.
        """
        return score(self.frame, by, draws=draws)

    def shipped(self) -> pd.DataFrame:
        """The same with the labels as the extended set ships them: no hypothesis of more than six variables follows."""
        frame = self.frame
        frame = frame[frame["test"].str.startswith("n = ") & (frame["variables"] > 6)]
        return score(frame.assign(label=False), ("solver", "test", "shown"))

    def __repr__(self) -> str:
        lines = [f"TrainingStudy({len(self.rows):,} answers, n ≤ {self.settings['largest']} learned)"]
        table = self.scores(draws=200)
        lines += [
            f"{row['solver']:18} F1 {row['f1']:.3f} [{row['f1_low']:.3f}, {row['f1_high']:.3f}]  "
            f"accuracy {row['accuracy']:.3f} on {row['items']} items of {row['groups']} unseen classes"
            for row in table[(table["test"] == BASE) & (table["shown"] == "whole")].to_dict("records")
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Settings and answers as plain values."""
        return {"format": "causalpp.training-study", "version": 1, "settings": self.settings, "rows": list(self.rows)}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> TrainingStudy:
        """The study that :meth:`to_json` wrote.

        Raises:
            FormatError: the text is something else.
        """
        try:
            read = json.loads(text)
            if read["format"] != "causalpp.training-study":
                raise KeyError(read["format"])
            return cls(tuple(read["rows"]), read["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not a study of training: {error}") from None

    def plot(self) -> Figure:
        """Accuracy against the number of variables, one line a learner, with its interval."""
        from causalpp.benchmarks.studies.corr2cause.drawing import study_figure

        return study_figure(self)


def training_study(
    folder: str | os.PathLike[str],
    learners: Sequence[str] | None = None,
    *,
    largest: int = 5,
    rows: int = 8000,
    beyond: Sequence[int] = tuple(range(6, 25)),
    per_size: int = 60,
    held: int = 400,
    budget: Budget | None = None,
    progress: bool | None = None,
) -> TrainingStudy:
    """Train learners on Corr2Cause of few variables and ask them about other classes, names, words and sizes.

    Args:
        folder: for checkpoints and answers: the same call goes on from what is there.
        learners: of :data:`LEARNERS` and :data:`CONTROLS`; all unless said.
        largest: number of variables that is learned from, 3 to 6.
        rows: items of each size to learn from or to be asked about.
        beyond: further sizes that are asked about.
        per_size: items of each.
        held: items of the test sets of the sizes that are learned.
        budget: sizes of the models, and how long they learn.
        progress: False shows no bar.

    Raises:
        InvalidParameter: an unknown learner; a size out of range; the folder holds a study with other settings.
    """
    how = budget or Budget()
    every = (*LEARNERS, *([_NAMED] if how.model else []), *CONTROLS)
    wanted = tuple(learners) if learners is not None else every
    for name in wanted:
        if name not in every:
            raise InvalidParameter(f"unknown learner {name!r}: use one of {', '.join(every)}")
    if not 3 <= largest <= 6:
        raise InvalidParameter(f"learned from are 3 to 6 variables at most, not {largest}")
    settings = plain({
        "largest": largest, "rows": rows, "beyond": list(beyond), "per_size": per_size, "held": held, **asdict(how),
    })  # fmt: skip
    place = Path(folder).expanduser()
    _claim(place, settings)
    sets, found = None, []
    for name in wanted:
        kept = place / "answers" / f"{name.replace(' ', '-')}.json"
        if not kept.is_file():
            sets = sets or make_sets(largest, rows, beyond, per_size, held, how.seed)
            learner = made(name, sets, how, place, progress)
            out: list[dict[str, Any]] = []
            for test, items in sets.tests.items():
                for shown, most in (("whole", None), ("cut", how.max_length)):
                    if shown == "cut" and items[0].size is not None and items[0].size <= 6:
                        continue
                    chances = learner(items, most)
                    out += [
                        {
                            "solver": name, "test": test, "shown": shown, "item": item.id, "group": item.group,
                            "variables": item.size, "relation": item.relation, "label": item.label,
                            "answer": bool(p > 0.5), "probability": float(p),
                        }
                        for item, p in zip(items, chances, strict=True)
                    ]  # fmt: skip
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(kept, json.dumps(plain(out)))
        found += json.loads(kept.read_text(encoding="utf-8"))
    return TrainingStudy(tuple(found), settings)


def _claim(place: Path, settings: dict[str, Any]) -> None:
    """Write the settings into a new folder, or see that they are those of the study that lies there."""
    file = place / "study.json"
    if not file.is_file():
        if place.is_dir() and any(place.iterdir()):
            raise InvalidParameter(f"{str(place)!r} holds something else than a study: take an empty folder")
        place.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(settings, indent=1))
        return
    there = json.loads(file.read_text(encoding="utf-8"))
    for name, value in settings.items():
        if there.get(name) != value:
            raise InvalidParameter(
                f"{str(place)!r} holds a study with {name} = {there.get(name)!r}, not {value!r}: take another folder"
            )
