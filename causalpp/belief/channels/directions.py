"""What graded answers to direction questions come to: one number a pair, and what it says of each row of levels.

An answer to :class:`~causalpp.Direction` has parts: for every wording the log-odds ℓ of *a causes b* and of *b causes
a*, of which the difference tells more than either.  What all wordings say together of a pair is c(a, b) = −c(b, a).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from causalpp.belief.record import Tallies
from causalpp.oracles import Answer, contrasts
from causalpp.oracles.direction import contrasts_by_wording, measured
from causalpp.propositions import Direction

__all__ = ["Directions", "Sums", "is_graded"]

Pair = tuple[str, str]


def is_graded(answer: Answer) -> bool:
    """Whether an answer says more than a word: it has log-odds, or is made of parts that speak of both directions."""
    more = isinstance(answer.question, Direction) and (bool(answer.parts) or answer.log_odds is not None)
    return more and (answer.value is None or bool(contrasts(answer)))


@dataclass(frozen=True, eq=False)
class Directions:
    """What was answered about P pairs of variables.

    Every wording is divided by its usual scale, and the wordings are averaged, each weighed by how consistent it is
    (:func:`causalpp.oracles.consistency`).  A pair that is asked again is averaged: it is the same opinion.

    Attributes:
        names: the variables of these pairs.
        pairs: the places of both variables of a pair among them, in alphabetical order, whole numbers, ``(P, 2)``.
        columns: the question of each pair, shape ``(P,)``.
        turned: −1 where that question has its variables in the other order, else 1, ``(P,)``.
        contrast: c, shape ``(P,)``.
    """

    names: tuple[str, ...]
    pairs: Tensor
    columns: Tensor
    turned: Tensor
    contrast: Tensor

    @classmethod
    def of(cls, tallies: Tallies, scales: tuple[float, ...] = ()) -> Directions:
        """Read off the graded answers among some; see :meth:`read`."""
        return cls.read([(number, answer) for number, answer in tallies.answers if is_graded(answer)], scales)

    @classmethod
    def read(cls, answers: Iterable[tuple[int, Answer]], scales: tuple[float, ...] = ()) -> Directions:
        """From answers with the numbers of their questions.

        Args:
            answers: graded ones.
            scales: the usual root mean square of each wording, by its number; of others it is that of the pairs asked
                so far.
        """
        heard: dict[str, list[Answer]] = {}
        columns: dict[Pair, tuple[int, int]] = {}
        for number, answer in answers:
            if contrasts(answer):  # or else nothing was said in either direction
                heard.setdefault(answer.oracle, []).append(answer)
                a, b = answer.question.variables
                columns.setdefault(min((a, b), (b, a)), (number, 1 if a < b else -1))
        names = tuple(dict.fromkeys(name for pair in columns for name in pair))
        total, weight = dict.fromkeys(columns, 0.0), dict.fromkeys(columns, 0.0)
        for given in heard.values():
            said = contrasts_by_wording(given)
            for wording, found in measured(said).items():
                usual = scales[wording] if wording < len(scales) else found.scale or 1.0
                for pair, value in said[wording].items():
                    total[pair] += found.weight * value / usual
                    weight[pair] += found.weight
        contrast = [total[pair] / weight[pair] if weight[pair] else 0.0 for pair in columns]
        place = {name: number for number, name in enumerate(names)}
        return cls(
            names,
            torch.tensor([[place[name] for name in pair] for pair in columns], dtype=torch.int64).reshape(-1, 2),
            torch.tensor([number for number, _ in columns.values()], dtype=torch.int64),
            torch.tensor([sign for _, sign in columns.values()], dtype=torch.int64),
            torch.tensor(contrast, dtype=torch.float64),
        )

    def __len__(self) -> int:
        return len(self.columns)

    @cached_property
    def incidence(self) -> Tensor:
        """B: +1 for the first variable of a pair, −1 for the second, shape ``(P, V)``."""
        out = torch.zeros((len(self), len(self.names)), dtype=torch.float64)
        rows = torch.arange(len(self))
        out[rows, self.pairs[:, 0]] = 1.0
        out[rows, self.pairs[:, 1]] = -1.0
        return out

    @cached_property
    def spectrum(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues ``(P,)`` and eigenvectors ``(P, P)`` of B Bᵀ, with which S(ρ) is diagonal for every ρ."""
        values, vectors = torch.linalg.eigh(self.incidence @ self.incidence.T)
        return values.clamp(min=0), vectors

    def spread(self, shares: Tensor) -> Tensor:
        """The eigenvalues of S(ρ) = ρ/2 · B Bᵀ + (1 − ρ) I, shape ``(shares, P)``."""
        return shares[:, None] / 2 * self.spectrum[0] + (1 - shares[:, None])

    def means(self, signals: Tensor, slopes: tuple[float, ...]) -> Tensor:
        """m: what each row expects of the pairs, in units of β, ``(R, 2, P)``, from the signals ``(R, Q, 2)``.

        First by the distance of the two, then by how much higher the second stands.
        """
        here = signals[:, self.columns.to(signals.device)] * self.turned[:, None].to(signals)
        return torch.stack([slope_of(here[..., 0], slopes), here[..., 1]], 1)

    def sums(self, means: Tensor, shares: Tensor) -> Sums:
        """All that the answers say of the rows, for every share of position noise."""
        spread = self.spread(shares).to(means.device)
        vectors = self.spectrum[1].to(means.device)
        told, expected = self.contrast.to(means.device) @ vectors, means @ vectors
        return Sums(
            (told**2 / spread).sum(1),
            expected @ (told / spread).T,
            expected**2 @ (1 / spread).T,
            spread.log().sum(1),
            len(self),
        )


class Sums(NamedTuple):
    """c′ S⁻¹ c, m′ S⁻¹ c and m′ S⁻¹ m for every share ρ, and what the laws are normalised by.

    Attributes:
        told: c′ S⁻¹ c, shape ``(shares,)``.
        both: m′ S⁻¹ c, shape ``(…, shares)``, as many as there are m.
        expected: m′ S⁻¹ m, likewise.
        log_volume: log det S, shape ``(shares,)``.
        many: P.
    """

    told: Tensor
    both: Tensor
    expected: Tensor
    log_volume: Tensor
    many: int

    def _volume(self, variance: Tensor) -> Tensor:
        return self.log_volume[:, None] + self.many * (2 * torch.pi * variance).log()

    def unrelated(self, variance: Tensor) -> Tensor:
        """The log of N(c; 0, v S) for variances v, shape ``(shares, variances)``."""
        return -(self.told[:, None] / variance + self._volume(variance)) / 2

    def related(self, mean: float, spread: float, variance: Tensor) -> Tensor:
        """The log of N(c; β m, v S) with β ~ N(mean, spread²) integrated out, shape ``(…, shares, variances)``."""
        left = self.told - 2 * mean * self.both + mean**2 * self.expected
        across = self.both - mean * self.expected
        ratio = spread**2 / variance
        stretch = 1 + ratio * self.expected[..., None]
        square = (left[..., None] - ratio * across[..., None] ** 2 / stretch) / variance
        return -(square + self._volume(variance) + stretch.log()) / 2

    def slope(self, mean: float, spread: float, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of β given c, ``(…, shares, variances)`` each."""
        precision = self.expected[..., None] / variance + spread**-2
        return (self.both[..., None] / variance + mean * spread**-2) / precision, 1 / precision


def slope_of(levels: Tensor, slopes: tuple[float, ...]) -> Tensor:
    """What a level is expected to show, in units of β: its sign times the slope of its distance.

    >>> slope_of(torch.tensor([-3.0, -1.0, 0.0, 2.0]), (0.6, 1.0, 1.2)).tolist()
    [-1.2, -0.6, 0.0, 1.0]
    """
    table = torch.tensor([0.0, *slopes], dtype=torch.float64, device=levels.device)
    steps = levels.long()
    return table[steps.abs()] * steps.sign()
