"""All sets that are tried, under every graph that may be true; graphs that say the same of a set share its model."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.cbo.doeffect import DoEffect, do_effect
from causalpp.cbo.problem import Problem
from causalpp.cbo.surrogate import Arm, Scale, Trials

__all__ = ["Arms", "Told"]

_CANDIDATES = 256  # points of an arm that are always looked at
_NEAR = 64  # points around the best of them


@dataclass(frozen=True)
class Told:
    """A trial with what came of it; a value of None says that it failed."""

    values: dict[str, float]
    cost: float
    value: float | None
    error: float | None


class Arms:
    """Sets × graphs.

    Args:
        problem: with its graphs.
        sets: which to try.
        flat: whether rows are left out of account.
        seed: of fits, draws and points.

    Attributes:
        variants: for each set, a model for each different thing that the graphs say of it.
        which: (G, K): which variant of each set is a graph's.
    """

    def __init__(self, problem: Problem, sets: Sequence[tuple[str, ...]], *, flat: bool, seed: int) -> None:
        self._problem, self._sets, self._seed = problem, sets, seed
        self.variants: list[list[Arm]] = []
        which = []
        data = None if flat else problem.data
        for names in sets:
            effects: dict[Hashable, DoEffect | None] = {}
            mine = []
            for dag in problem.graphs:
                found = None if data is None else do_effect(dag, names, problem.outcome, data, seed=seed)
                key = None if found is None else found.formula
                effects.setdefault(key, found)
                mine.append(list(effects).index(key))
            self.variants.append([Arm(names, problem.interventions, effect) for effect in effects.values()])
            which.append(mine)
        self.which = torch.tensor(which).T
        self._points: dict[int, Tensor] = {}
        self._features: dict[tuple[int, int], Tensor] = {}
        self._told: list[list[Told]] = [[] for _ in sets]

    def of(self, values: Mapping[str, float]) -> int | None:
        """Which set these are, or None."""
        return next((k for k, names in enumerate(self._sets) if set(names) == set(values)), None)

    def fit(self, told: Sequence[Told], scale: Scale) -> None:
        """Take all trials over."""
        for k, arms in enumerate(self.variants):
            mine = [one for one in told if self.of(one.values) == k]
            done = [one for one in mine if one.value is not None]
            if mine == self._told[k] and scale == self._scale_of(arms[0]):
                continue
            self._told[k] = mine
            for arm in arms:
                points = [arm.point(one.values) for one in done]
                errors = [math.nan if one.error is None else one.error for one in done]
                trials = Trials(
                    torch.stack(points) if points else torch.empty(0, arm.width, dtype=torch.double),
                    scale.scaled(torch.tensor([one.value for one in done], dtype=torch.double)),
                    torch.tensor(errors, dtype=torch.double) / scale.size,
                )
                arm.fit(trials, scale)

    @staticmethod
    def _scale_of(arm: Arm) -> Scale | None:
        return None if arm.fitted is None else arm.scale

    def log_evidence(self) -> Tensor:
        """(G,): how well each graph foretold the trials of all sets."""
        total = torch.zeros(len(self.which), dtype=torch.double)
        for k, arms in enumerate(self.variants):
            total += torch.tensor([arm.log_evidence for arm in arms], dtype=torch.double)[self.which[:, k]]
        return total

    def weights(self, k: int, graphs: Tensor) -> Tensor:
        """What weights (…, G) of graphs are for the variants of a set: (…, V)."""
        to = torch.nn.functional.one_hot(self.which[:, k], len(self.variants[k])).double()
        return graphs @ to

    def points(self, k: int) -> Tensor:
        """The points (n, k) that are always looked at: Sobol's."""
        if k not in self._points:
            names = self._sets[k]
            if names:
                sobol = torch.quasirandom.SobolEngine(len(names), scramble=True, seed=self._seed + k)  # type: ignore[no-untyped-call]
                self._points[k] = sobol.draw(_CANDIDATES, dtype=torch.double)
            else:
                self._points[k] = torch.zeros(1, 1, dtype=torch.double)
        return self._points[k]

    def features(self, k: int, variant: int) -> Tensor:
        """Those of :meth:`points`, made once."""
        if (k, variant) not in self._features:
            self._features[k, variant] = self.variants[k][variant].features(self.points(k))
        return self._features[k, variant]

    def near(self, k: int, centres: Tensor, number: int) -> Tensor:
        """Points around some, inside the unit cube; none where nothing is set."""
        if not self._sets[k]:
            return centres[:0]
        generator = torch.Generator().manual_seed(self._seed * 10_007 + number)
        moves = torch.randn(2, len(centres), _NEAR // (2 * len(centres)), centres.shape[1], generator=generator,
                            dtype=torch.double)  # fmt: skip
        moves = moves * torch.tensor([0.03, 0.004], dtype=torch.double).reshape(2, 1, 1, 1)
        return (centres[:, None] + moves).reshape(-1, centres.shape[1]).clamp(0, 1)

    def posterior(self, k: int, graphs: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and deviation (n,) of a set at points, over its variants; by default where it is always looked."""
        weights = self.weights(k, graphs)
        means, deviations = [], []
        for v, arm in enumerate(self.variants[k]):
            mean, deviation = arm.posterior(self.features(k, v) if points is None else arm.features(points))
            means.append(mean)
            deviations.append(deviation)
        mean, spread = torch.stack(means), torch.stack(deviations)
        whole = weights @ mean
        return whole, (weights @ (spread**2 + mean**2) - whole**2).clamp_min(0).sqrt()

    def best(self, graphs: Tensor, number: int = 0) -> tuple[int, Tensor, float, float]:
        """Set, point, mean and deviation where the mean less the deviation is largest, under weights (G,) of graphs."""
        found: tuple[int, Tensor, float, float] | None = None
        for k in range(len(self._sets)):
            points = self.points(k)
            mean, deviation = self.posterior(k, graphs)
            near = self.near(k, points[torch.argsort(mean - deviation, descending=True)[:3]], number)
            if len(near):
                more_mean, more_deviation = self.posterior(k, graphs, near)
                points, mean = torch.cat([points, near]), torch.cat([mean, more_mean])
                deviation = torch.cat([deviation, more_deviation])
            at = int(torch.argmax(mean - deviation))
            if found is None or float(mean[at] - deviation[at]) > found[2] - found[3]:
                found = k, points[at], float(mean[at]), float(deviation[at])
        assert found is not None  # there is a set
        return found

    def failed(self, k: int, points: Tensor, within: float) -> Tensor:
        """(n,): whether a point lies beside a trial that failed."""
        arm = self.variants[k][0]
        bad = [arm.point(one.values) for one in self._told[k] if one.value is None]
        if not bad:
            return torch.zeros(len(points), dtype=torch.bool)
        return (torch.cdist(points, torch.stack(bad)) <= within).any(1)
