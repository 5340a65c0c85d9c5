"""What a study of a claim found: who was right about what, with intervals; and the folder in which it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._files import write_text
from causalpp._pages import Table
from causalpp._plain import plain
from causalpp.benchmarks.metrics import intervals
from causalpp.errors import FormatError, InvalidParameter
from causalpp.tasks import Item, Target

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Claim", "claimed", "shuffled"]

_FORMAT = "causalpp.claim"


@dataclass(frozen=True, repr=False, eq=False)
class Claim:
    """Who was right, test by test.

    Attributes:
        rows: plain values, one mapping an answer: ``solver``, ``test``, ``group`` (what is right and wrong together),
            ``seed`` of the training, ``right`` (0 to 1).
        settings: of the study, with its ``name``.
    """

    rows: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]

    @property
    def frame(self) -> pd.DataFrame:
        """One row an answer."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.rows])

    def scores(self, draws: int = 1000) -> pd.DataFrame:
        """The share that is right, solver by solver and test by test, with the bootstrap over groups: 95 %.

        With trainings from several seeds, each answer counts as the mean over them, and ``seeds`` tells the least and
        the greatest share of a single one.
        """
        import pandas as pd

        out = []
        for (solver, test), part in self.frame.groupby(["solver", "test"], sort=False):
            mean, low, high = intervals(part["right"], list(part["group"]), draws=draws)
            single = part.groupby("seed")["right"].mean()
            out.append(
                {
                    "solver": solver, "test": test, "answers": len(part), "groups": part["group"].nunique(),
                    "right": mean, "right_low": low, "right_high": high,
                    "seeds": len(single), "least": single.min(), "greatest": single.max(),
                }
            )  # fmt: skip
        return pd.DataFrame(out)

    def difference(self, one: str, other: str, tests: Sequence[str] | None = None) -> tuple[float, float, float]:
        """How much more often one solver is right than another on the same items, with its interval of 95 %.

        Raises:
            InvalidParameter: one of them has no answers there.
        """
        frame = self.frame if tests is None else self.frame[self.frame["test"].isin(list(tests))]
        means = [frame[frame["solver"] == name].groupby(["item", "group"])["right"].mean() for name in (one, other)]
        both = (means[0] - means[1]).dropna()
        if not len(both):
            raise InvalidParameter(f"there is nothing that {one!r} and {other!r} both answered")
        return intervals(both.to_numpy(), list(both.index.get_level_values("group")))

    def table(self) -> Table:
        """Solvers down, tests across."""
        found = self.scores()
        tests, cells = list(dict.fromkeys(found["test"])), {}
        for row in found.to_dict("records"):
            ends = "" if np.isnan(row["right_low"]) else f" [{row['right_low']:.2f}, {row['right_high']:.2f}]"
            cells[row["solver"], row["test"]] = f"{row['right']:.2f}{ends}"
        rows = [(name, *(cells.get((name, test), "") for test in tests)) for name in dict.fromkeys(found["solver"])]
        return Table(("", *tests), rows, str(self.settings["name"]))

    def __repr__(self) -> str:
        from causalpp._pages import to_text

        return to_text([self.table()], 200, intervals=True).rstrip()

    def to_dict(self) -> dict[str, Any]:
        """Settings and answers as plain values."""
        return {
            "format": _FORMAT,
            "version": 1,
            "settings": dict(self.settings),
            "rows": [dict(row) for row in self.rows],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Claim:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: the text is something else.
        """
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise KeyError("format")
            return cls(tuple(found["rows"]), found["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not the study of a claim: {error}") from None

    def plot(self) -> Figure:
        """The share that is right, test by test, one line a solver, with its interval."""
        from matplotlib.figure import Figure

        found = self.scores()
        tests, names = list(dict.fromkeys(found["test"])), list(dict.fromkeys(found["solver"]))
        figure = Figure(figsize=(8.5, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for k, name in enumerate(names):
            part = found[found["solver"] == name].set_index("test").reindex(tests)
            at = np.arange(len(tests)) + 0.5 * (k / max(1, len(names) - 1) - 0.5)
            ends = np.abs(np.stack([part["right"] - part["right_low"], part["right_high"] - part["right"]]))
            axes.errorbar(at, part["right"], np.nan_to_num(ends), marker="os^Dv<>PX*"[k % 10], lw=1, ms=4, label=name)
        axes.axhline(0.5, color="0.7", lw=0.8, zorder=0)
        axes.set_xticks(range(len(tests)), [test.replace(", ", "\n") for test in tests])
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("share that is right")
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        return figure


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    """The same prompts with their answers dealt out anew: what can be learned without an answer to learn."""
    order = np.random.default_rng([seed, 7]).permutation(len(items))
    values = [items[int(k)].target.value for k in order]
    return [
        Item(item.id, item.prompt, Target(value, item.target.scorer), group=item.group)
        for item, value in zip(items, values, strict=True)
    ]


def claimed(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings into a new folder, or see that they are those of the study that lies there.

    Raises:
        InvalidParameter: another study lies there, or something else.
    """
    file, told = folder / "claim.json", json.loads(json.dumps(plain(dict(settings))))
    if not file.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise InvalidParameter(f"{str(folder)!r} holds something else than this study: take an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(told, indent=1))
        return
    there = json.loads(file.read_text(encoding="utf-8"))
    for name in {**told, **there}:
        if there.get(name) != told.get(name):
            raise InvalidParameter(
                f"{str(folder)!r} holds a study with {name} = {there.get(name)!r}, not {told.get(name)!r}: take another"
            )
