"""The law of the next graded answer to each of some pairs, under hypotheses and worlds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from causalpp.belief.channels.directions import Directions, slope_of
from causalpp.propositions import Direction

__all__ = ["Coming", "World"]


class World(NamedTuple):
    """A case of what the oracle may be.

    Attributes:
        kind: what a pair shows: 0 for its distance, 1 for a difference of heights, None for nothing (β = 0).
        share: the number of the share of position noise.
        variance: the number of the variance of the noise.
        weights: P(hypothesis, world) for each of H hypotheses.
    """

    kind: int | None
    share: int
    variance: int
    weights: Tensor


class Coming:
    """The law of c for the next one of P pairs; Gaussian given hypothesis and world.

    Args:
        told: the pairs that were asked.
        means: what the rows expect of them, ``(R, 2, asked)``.
        slope: mean and variance of β in each row and world, ``(R, 2, shares, variances)`` each.
        shares, variances: of the noise.
        slopes: of the distances.
        questions: the P pairs.
        signals: what H hypotheses make of them, ``(H, P, 2)``.
        rows: the numbers of these hypotheses, ``(H,)``.
        groups: the row of each, ``(H,)``.
        worlds: the leading ones.
    """

    def __init__(
        self,
        told: Directions,
        means: Tensor,
        slope: tuple[Tensor, Tensor],
        shares: Tensor,
        variances: Tensor,
        slopes: tuple[float, ...],
        questions: Sequence[Direction],
        signals: Tensor,
        rows: Tensor,
        groups: Tensor,
        worlds: list[World],
    ) -> None:
        self.count = len(questions)
        self.worlds, self.rows, self._groups, self._slope = worlds, rows, groups, slope
        place = {name: number for number, name in enumerate(told.names)}
        new = torch.zeros((len(questions), len(place)), dtype=torch.float64)
        for row, question in enumerate(questions):
            for name, sign in zip(question.variables, (1.0, -1.0), strict=True):
                if name in place:
                    new[row, place[name]] = sign
        common = (new @ told.incidence.T).to(means.device)  # (P, asked)
        vectors, spread = told.spectrum[1].to(means.device), told.spread(shares).to(means.device)
        self._base, self._left, reach = [], [], []
        for number, share in enumerate(shares.tolist()):
            cross = share / 2 * common
            weight = (cross @ vectors / spread[number]) @ vectors.T  # K S⁻¹, (P, asked)
            self._base.append(weight @ told.contrast.to(means.device))
            self._left.append((1 - (weight * cross).sum(1)).clamp(min=1e-9))
            reach.append(weight)
        self._variances = variances.to(means.device)
        expected = torch.stack([slope_of(signals[..., 0], slopes), signals[..., 1]], 1)  # (H, 2, P)
        used, back = torch.unique(groups, return_inverse=True)
        self._beyond = {
            (world.kind, world.share): expected[:, world.kind] - (means[used, world.kind] @ reach[world.share].T)[back]
            for world in worlds
            if world.kind is not None
        }

    def law(self, world: World, pairs: Tensor | slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Mean and variance of c for some of the pairs, or all, ``(H, p)`` each, ``(1, p)`` where β = 0."""
        base = self._base[world.share][pairs][None]
        left = (self._variances[world.variance] * self._left[world.share][pairs])[None]
        if world.kind is None:
            return base, left
        place = world.kind, world.share, world.variance
        mean, variance = (part[self._groups, *place][:, None] for part in self._slope)
        beyond = self._beyond[world.kind, world.share][:, pairs]
        return base + mean * beyond, left + variance * beyond**2
