"""Interchange intervention training: a network learns to keep variables of a program at given sites.

The loss is that of the interchanged run against the program's counterfactual label, with gradients through the run on
the base and the runs on the sources (Geiger et al. 2022, "Inducing causal structure for interpretable neural networks",
equation 3), alone or beside the loss of the task.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from causalpp._plain import check_seed, plain
from causalpp._progress import Progress
from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.hooks import observed, written
from causalpp.abstraction.interchange import check_changing
from causalpp.abstraction.networks import called, part_of
from causalpp.abstraction.pairs import Pairs
from causalpp.errors import InvalidParameter, TrainingError, UnknownVariable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Trained", "train"]


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """How a training went; the network itself is the alignment's, which was trained where it is.

    Attributes:
        points: of the curve, one mapping an evaluation: ``step``, ``loss``, the accuracy ``interchange`` on held-out
            label-changing pairs (the mean over the kinds of interchange), ``task`` on their bases.
        settings: of the training, as plain values.
        ended: why it ended: ``"enough"``, ``"no better"`` or ``"steps"``.
        seconds: how long it took.
    """

    points: tuple[Mapping[str, float], ...]
    settings: Mapping[str, Any]
    ended: str
    seconds: float

    @property
    def accuracy(self) -> float:
        """The interchange accuracy at the end, on held-out label-changing pairs."""
        return self.points[-1]["interchange"]

    @property
    def curve(self) -> pd.DataFrame:
        """One row an evaluation; the first is before the first step."""
        import pandas as pd

        return pd.DataFrame([dict(point) for point in self.points])

    def __repr__(self) -> str:
        first, last = self.points[0], self.points[-1]
        return (
            f"Trained({int(last['step']):,} steps; interchange {first['interchange']:.3f} → {last['interchange']:.3f}, "
            f"task {first['task']:.3f} → {last['task']:.3f}; ended: {self.ended})"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "points": [dict(point) for point in self.points],
            "settings": dict(self.settings),
            "ended": self.ended,
            "seconds": self.seconds,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The loss and the accuracies against the steps."""
        from causalpp.abstraction.drawing import trained_figure

        return trained_figure(self)


def train(
    alignment: Alignment,
    *,
    interchange: float = 1.0,
    task: float = 1.0,
    several: bool = True,
    variables: tuple[str, ...] | None = None,
    pairs: int = 10_000,
    changing: float | None = None,
    steps: int = 5000,
    batch: int = 256,
    rate: float = 1e-3,
    every: int = 100,
    enough: float = 0.995,
    patience: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Trained:
    """Train a network so that sites keep variables: interchange intervention training.

    The network is trained where it is; no copy is made.  Its modes (training, evaluation) are as they were afterwards,
    also after an error or an interruption; calling again goes on from where it is.  Parameters with ``requires_grad``
    switched off stay as they are.

    Args:
        alignment: the network, the program, and the sites; plain ones or rotated ones.
        interchange: the weight of the loss of interchanges; 0 trains the task alone.
        task: the weight of the loss of the task, on the labels of the bases; 0 trains by interchanges alone.
        several: whether variables are also interchanged at once, each with a source of its own: every set of them
            takes its turn.  Otherwise one at a time.
        variables: which of the aligned ones; all if left out.
        pairs: how many pairs are drawn of each kind of interchange; a fifth as many more are held out.
        changing: the share of pairs whose label changes, as it comes if left out.
        steps: at most so many.
        batch: pairs in a step.
        rate: the learning rate (Adam).
        every: steps between two evaluations.
        enough: the interchange accuracy, and the task's where it has a weight, at which it ends.
        patience: it ends after so many evaluations without a better sum of both; never if left out.
        seed: of the pairs and their order.  The weights it begins with are the network's.
        progress: whether to show a bar; where somebody looks if left out.

    Raises:
        UnknownVariable: a variable that is not aligned.
        InvalidParameter: a setting out of range; nothing to train; pairs that never change the label.
        TrainingError: a loss that is not finite; the network is as the step before left it.
    """
    names = tuple(alignment.sites) if variables is None else tuple(variables)
    for name in names:
        if name not in alignment.sites:
            raise UnknownVariable(name, list(alignment.sites), what=" among those that are aligned with a site")
    check_seed(seed)
    settings = {
        "interchange": interchange,
        "task": task,
        "several": several,
        "variables": list(names),
        "pairs": pairs,
        "changing": changing,
        "steps": steps,
        "batch": batch,
        "rate": rate,
        "every": every,
        "enough": enough,
        "patience": patience,
        "seed": seed,
    }
    _check(settings)
    weights = [p for p in alignment.network.parameters() if p.requires_grad]
    if not weights:
        raise InvalidParameter("nothing to train: no parameter of the network requires a gradient")
    sizes = range(1, len(names) + 1) if several else range(1, 2)
    kinds = [kind for size in sizes for kind in combinations(names, size)]
    learn = [alignment.pairs(pairs, 2 * seed, kind, changing=changing) for kind in kinds]
    held = [alignment.pairs(max(1, pairs // 5), 2 * seed + 1, kind, changing=changing) for kind in kinds]
    for some in (*learn, *held):
        check_changing(some)
    began = time.perf_counter()
    with _modes(alignment.network):
        points, ended = _steps(alignment, weights, learn, held, settings, progress)
    return Trained(tuple(points), settings, ended, time.perf_counter() - began)


def _check(settings: Mapping[str, Any]) -> None:
    for name in ("pairs", "steps", "batch", "every"):
        value = settings[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InvalidParameter(f"{name}= is a whole number from 1 on, got {value!r}")
    for name in ("interchange", "task"):
        if not 0 <= settings[name] < float("inf"):
            raise InvalidParameter(f"the weight {name}= is a number from 0 on, got {settings[name]!r}")
    if not settings["interchange"] and not settings["task"]:
        raise InvalidParameter("both losses have the weight 0: there is nothing to learn")
    if not 0 < settings["rate"] < float("inf"):
        raise InvalidParameter(f"rate= is a number above 0, got {settings['rate']!r}")
    if not settings["variables"]:
        raise InvalidParameter("a training needs a variable")


@contextmanager
def _modes(network: nn.Module) -> Iterator[None]:
    """Whatever modes modules are put in inside, they have their own again afterwards."""
    before = [(module, module.training) for module in network.modules()]
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def _steps(
    alignment: Alignment,
    weights: list[nn.Parameter],
    learn: list[Pairs],
    held: list[Pairs],
    settings: Mapping[str, Any],
    progress: bool | None,
) -> tuple[list[dict[str, float]], str]:
    encoded = [_Encoded(alignment, some) for some in learn]
    optimizer = torch.optim.Adam(weights, lr=settings["rate"])
    draw = np.random.default_rng([settings["seed"], 9])
    points, losses, best, waited = [_point(alignment, held, 0, float("nan"))], [], -1.0, 0
    with Progress("training", settings["steps"], progress) as bar:
        for step in range(1, settings["steps"] + 1):
            some = encoded[(step - 1) % len(encoded)]
            alignment.network.train()
            loss = some.loss(draw.integers(len(some.given), size=settings["batch"]), settings)
            if not bool(torch.isfinite(loss)):
                raise TrainingError(f"the loss is not finite at step {step}: lower rate=, or look at the inputs")
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not say
            optimizer.step()
            losses.append(float(loss.detach()))
            if step % settings["every"] and step < settings["steps"]:
                bar.advance()
                continue
            point = _point(alignment, held, step, float(np.mean(losses)))
            points.append(point)
            losses = []
            bar.advance(says=f"training, interchange {point['interchange']:.3f}")
            reached = ("interchange",) if not settings["task"] else ("interchange", "task")
            if not settings["interchange"]:
                reached = ("task",)
            if all(point[name] >= settings["enough"] for name in reached):
                return points, "enough"
            total = sum(point[name] for name in reached)
            best, waited = (total, 0) if total > best else (best, waited + 1)
            if settings["patience"] is not None and waited >= settings["patience"]:
                return points, "no better"
    return points, "steps"


def _point(alignment: Alignment, held: list[Pairs], step: int, loss: float) -> dict[str, float]:
    alignment.network.eval()
    hits = [alignment.predicted(some) == some.after for some in held]
    changed = [float(found[some.changes].mean()) for found, some in zip(hits, held, strict=True)]
    base = held[0]
    right = float((alignment.answered(base.base) == base.before).mean())
    return {"step": float(step), "loss": loss, "interchange": float(np.mean(changed)), "task": right}


class _Encoded:
    """Pairs as the network takes them, encoded once."""

    def __init__(self, alignment: Alignment, given: Pairs) -> None:
        self.alignment, self.given = alignment, given
        self.base = alignment.encode(given.base)
        self.sources = {name: alignment.encode(given.sources[name]) for name in given.variables}
        self.before, self.after = torch.from_numpy(given.before), torch.from_numpy(given.after)

    def loss(self, rows: Any, settings: Mapping[str, Any]) -> Tensor:
        """The loss of some pairs."""
        alignment, network, n = self.alignment, self.alignment.network, len(rows)
        base = part_of(self.base, rows)
        parts = []
        if settings["interchange"]:
            new = {}
            for name, inputs in self.sources.items():
                place = alignment.sites[name]
                new[place] = observed(network, {name: place}, part_of(inputs, rows))[1][name]
            with written(network, new):
                scores = alignment.scores(called(network, base), n, finite_only=False)
            parts.append(settings["interchange"] * cross_entropy(scores, self.after[rows].to(scores.device)))
        if settings["task"]:
            scores = alignment.scores(called(network, base), n, finite_only=False)
            parts.append(settings["task"] * cross_entropy(scores, self.before[rows].to(scores.device)))
        return torch.stack(parts).sum()
