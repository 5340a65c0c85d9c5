"""What interchanges show: how often the network does what the program says, beside what could explain that away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp.abstraction.pairs import Pairs
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.abstraction.groups import Where

__all__ = ["Faithfulness", "Interchange", "Share"]


@dataclass(frozen=True)
class Share(Plain):
    """How many of how many.

    Attributes:
        hits: so many.
        total: of so many.

    Example:
        >>> Share(97, 100)
        97.0 % of 100 (91.5–99.4)
        >>> float(Share(97, 100))
        0.97
    """

    hits: int
    total: int

    @classmethod
    def of(cls, hits: NDArray[np.bool_]) -> Share:
        """Of an array of truth values."""
        return cls(int(hits.sum()), int(hits.size))

    def __float__(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval (Clopper and Pearson, Biometrika 26, 1934)."""
        from scipy import stats

        low = float(stats.beta.ppf(0.025, self.hits, self.total - self.hits + 1)) if self.hits else 0.0
        high = float(stats.beta.ppf(0.975, self.hits + 1, self.total - self.hits)) if self.hits < self.total else 1.0
        return low, high

    def __repr__(self) -> str:
        if not self.total:
            return "none"
        low, high = self.interval
        return f"{100 * float(self):.1f} % of {self.total:,} ({100 * low:.1f}–{100 * high:.1f})"

    def to_dict(self) -> dict[str, Any]:
        """With the share and its interval."""
        return {**super().to_dict(), "share": float(self), "interval": list(self.interval)}


@dataclass(frozen=True)
class Faithfulness(Plain):
    """What the program does not name: changes that should leave the network's answer as it is, and how often they do.

    The network's answer is compared with its own in the base, right or wrong.

    Attributes:
        same: the sources are inputs in which the variables have the values of the base, and that differ otherwise: a
            site that keeps more than its variable fails here.
        complement: everything at the sites' modules (and positions) but the sites themselves comes from another
            input, one with which the program's label, with the variables as in the base, is the base's: a variable
            that is also kept elsewhere fails here.
        idle: a name → the interchange of a site that is claimed to keep nothing.
    """

    same: Share
    complement: Share
    idle: Mapping[str, Share] = field(default_factory=dict)

    @property
    def least(self) -> float:
        """The smallest of the shares that there are; NaN if there are none."""
        found = [float(share) for share in (self.same, self.complement, *self.idle.values()) if share.total]
        return min(found) if found else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The shares with their intervals."""
        return {
            "same": self.same.to_dict(),
            "complement": self.complement.to_dict(),
            "idle": {name: share.to_dict() for name, share in self.idle.items()},
        }


@dataclass(frozen=True, eq=False, repr=False)
class Interchange:
    """Interchange accuracy: how often the network, with sites interchanged, gives the program's label.

    The figure to look at is :attr:`changing`: on pairs whose label does not change a network that ignores the
    interchange is right (Geiger et al. 2021, "Causal abstractions of neural networks").  What could explain it away
    stands beside it: trivial answers, and the same network with random weights.

    Attributes:
        pairs: those that were run.
        hits: which of them succeeded, shape ``(n,)``.
        task: how often the network's answer to the base, with nothing interchanged, is the program's.
        control: on the label-changing pairs, with weights drawn anew, one share a draw.
        control_all: the same on all pairs.
        faithfulness: what the program does not name; None where it was not looked at.
    """

    pairs: Pairs
    hits: NDArray[np.bool_]
    task: Share
    control: tuple[Share, ...] = ()
    control_all: tuple[Share, ...] = ()
    faithfulness: Faithfulness | None = None

    def __float__(self) -> float:
        return float(self.changing)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that were interchanged."""
        return self.pairs.variables

    @property
    def changing(self) -> Share:
        """The accuracy on pairs whose label changes."""
        return Share.of(self.hits[self.pairs.changes])

    @property
    def kept(self) -> Share:
        """The accuracy on pairs whose label the interchange keeps."""
        return Share.of(self.hits[~self.pairs.changes])

    @property
    def all(self) -> Share:
        """The accuracy on all pairs."""
        return Share.of(self.hits)

    @property
    def baselines(self) -> dict[str, tuple[Share, Share]]:
        """What trivial answers reach, on label-changing pairs and on all.

        The base's label (the interchange does nothing); the source's label (it does everything), where there is one
        source; and the one label that is right most often, found on the pairs themselves.
        """
        given = self.pairs
        answers: dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}

        def put(name: str, right: NDArray[np.bool_]) -> None:
            answers[name] = (right[given.changes], right)

        put("base's label", given.after == given.before)
        if len(given.variables) == 1:
            put("source's label", given.after == given.apart[given.variables[0]])
        changed = given.after[given.changes]
        one, other = (int(np.bincount(part).argmax()) for part in (changed, given.after))
        answers["best constant"] = (changed == one, given.after == other)
        return {name: (Share.of(a), Share.of(b)) for name, (a, b) in answers.items()}

    @property
    def baseline(self) -> float:
        """The best that a trivial answer reaches on label-changing pairs."""
        return max(float(changing) for changing, _ in self.baselines.values())

    def where(self, depth: int = 2, least: int = 30, by: Sequence[str] | None = None, seed: int = 0) -> Where:
        """A map of where it holds; see :func:`where`."""
        from causalpp.abstraction.groups import where

        return where(self, depth=depth, least=least, by=by, seed=seed)

    def __repr__(self) -> str:
        best = max(self.baselines, key=lambda name: float(self.baselines[name][0]))
        parts = [
            f"{', '.join(self.variables)}: {self.changing!r} label-changing pairs",
            f"all {float(self.all):.3f}",
            f"trivial {float(self.baselines[best][0]):.3f} ({best})",
        ]
        if self.control:
            parts.append(f"random weights {np.mean([float(c) for c in self.control]):.3f}")
        parts.append(f"task {float(self.task):.3f}")
        if self.faithfulness is not None:
            shown = {"same": self.faithfulness.same, "complement": self.faithfulness.complement}
            shown |= dict(self.faithfulness.idle)
            said = ", ".join(f"{name} {float(s):.3f}" if s.total else f"{name} –" for name, s in shown.items())
            parts.append(f"faithful: {said}")
        return f"Interchange({'; '.join(parts)})"

    def to_dict(self) -> dict[str, Any]:
        """The shares with their intervals; without the pairs."""
        return {
            "variables": list(self.variables),
            "outcome": self.pairs.outcome,
            "changing": self.changing.to_dict(),
            "kept": self.kept.to_dict(),
            "all": self.all.to_dict(),
            "task": self.task.to_dict(),
            "baselines": {
                name: {"changing": a.to_dict(), "all": b.to_dict()} for name, (a, b) in self.baselines.items()
            },
            "control": [share.to_dict() for share in self.control],
            "control_all": [share.to_dict() for share in self.control_all],
            "faithfulness": None if self.faithfulness is None else self.faithfulness.to_dict(),
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        import json

        from causalpp._plain import plain

        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The accuracies with their intervals, the trivial answers, the random weights and the faithfulness."""
        from causalpp.abstraction.drawing import interchange_figure

        return interchange_figure(self)


def check_changing(given: Pairs) -> None:
    """Refuse pairs whose label never changes: every network that ignores the interchange would be right.

    Raises:
        InvalidParameter: the label changes in none.
    """
    if not given.changes.any():
        raise InvalidParameter(
            f"the interchange of {', '.join(given.variables)} changes the label in none of {len(given):,} pairs, so "
            "they cannot tell anything: draw pairs with changing=…, or choose a variable that matters"
        )
