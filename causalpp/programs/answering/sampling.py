"""Draws of a plan's nodes: noise by name, equations in order, observations as weights."""

from __future__ import annotations

import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import ImpossibleEvidence, InvalidParameter
from causalpp.programs.answering.plan import Plan, Statement
from causalpp.programs.checks import whole
from causalpp.programs.mechanisms import Assign, Mechanism
from causalpp.programs.mechanisms.base import NORMAL, UNIFORM
from causalpp.programs.mechanisms.noise import ranks

__all__ = [
    "Noise",
    "Source",
    "Streams",
    "agreement",
    "check_used",
    "effective_size",
    "evaluated",
    "run",
    "weighted_mean",
]

_TORCH = threading.Lock()  # torch has one generator for all threads


class Source(ABC):
    """Where the noise of a plan comes from, and where the probability of what was observed goes.

    Attributes:
        shape: of every value.
        kind: the type of real ones.
    """

    shape: tuple[int, ...] = ()
    kind = torch.float64

    @abstractmethod
    def noise(self, s: Statement) -> Tensor:
        """The noise of a statement."""

    @abstractmethod
    def fresh(self, s: Statement) -> Tensor:
        """Uniform numbers that nothing else uses, with which the noise of what was observed is drawn."""

    @abstractmethod
    def weigh(self, s: Statement, density: Tensor) -> None:
        """Take note of the log probability of an observation."""


class Streams(Source):
    """One stream of random numbers for every name, so that what is drawn for one does not depend on the others."""

    def __init__(self, names: Sequence[str], n: int, seed: int) -> None:
        whole("the number of rows", n, 0)
        whole("a seed", seed, 0)
        self.shape, self.weights = (n,), None
        self.laws: dict[str, str] = {}
        self.seeds = dict(zip(names, np.random.SeedSequence(seed).spawn(len(names)), strict=True))

    weights: Tensor | None

    def _generator(self, name: str, purpose: int) -> np.random.Generator:
        known = self.seeds.get(name)
        if known is None:  # a stochastic intervention's own noise is named after its variable
            variable, _, own = name.partition("\0")
            known = self.seeds[variable]
            purpose += 2 if own == "set" else 2 + zlib.crc32(own.encode()) // 2 * 2
        if purpose:
            known = np.random.SeedSequence([int(known.generate_state(1)[0]), purpose])
        return np.random.default_rng(known)

    def noise(self, s: Statement) -> Tensor:
        name, law = s.noise_name, s.mechanism.noise
        # Two laws under one name have nothing to do with each other.
        again = self.laws.setdefault(name, str(law)) != str(law)
        draw = self._generator(f"{name}\0{law}" if again else name, 0)
        if law == UNIFORM:
            return torch.from_numpy(draw.random(self.shape))
        if law == NORMAL:
            return torch.from_numpy(draw.standard_normal(self.shape))
        with _TORCH, torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(draw.integers(2**62)))
            value: Tensor = law.sample(self.shape)  # type: ignore[union-attr]
        return value.to(torch.float64)

    def fresh(self, s: Statement) -> Tensor:
        return torch.from_numpy(self._generator(s.noise_name, 1).random(self.shape))

    def weigh(self, s: Statement, density: Tensor) -> None:  # noqa: ARG002
        density = density.expand(self.shape).to(torch.float64)
        self.weights = density if self.weights is None else self.weights + density


def run(plan: Plan, names: Sequence[str], n: int, seed: int) -> tuple[list[Tensor], Tensor | None]:
    """``n`` draws of every node, shape ``(n,)`` each, and their log weights ``(n,)`` if something was observed.

    Noise of an observed variable is drawn given its value and parents, all other noise from its law; the weight is
    the probability of the observed values given their parents (likelihood weighting, Fung & Chang 1990).

    Raises:
        InvalidParameter: ``n`` is not a number of rows, a negative seed; a mechanism that returns nonsense.
        ImpossibleEvidence: no draw agrees with the observations.
    """
    streams = Streams(names, n, seed)
    values = evaluated(plan, streams)
    if streams.weights is not None and n and not torch.isfinite(streams.weights).any():
        raise ImpossibleEvidence(
            "no draw agrees with the observations: they are impossible, or too rare for this many samples"
        )
    return values, streams.weights


def evaluated(plan: Plan, source: Source) -> list[Tensor]:
    """The values of all nodes, with noise from a source.

    Raises:
        InvalidParameter: a real variable observed twice on one noise, or used before it is observed; a mechanism that
            returns nonsense.
    """
    values: list[Tensor] = []
    noises: dict[tuple[str, str], Noise] = {}
    # A noise has to be known from the observation before any world uses it, so observed nodes come first where
    # two share one; in the order of the plan the factual world, which holds the observations, comes first.
    observed_noise = {plan.nodes[i].noise: i for i in reversed(plan.observed)}
    for number, node in enumerate(plan.nodes):
        s, mechanism, name = node.statement, node.mechanism, node.noise
        parents = [values[p] for p in node.parents]
        known = mechanism.number if isinstance(mechanism, Assign) else node.observed
        if known is not None:
            value = torch.full(source.shape, known, dtype=torch.int64 if mechanism.states else source.kind)
        elif mechanism.noise is None:
            value = mechanism.assign(torch.zeros(source.shape, dtype=source.kind), parents)
        else:
            if name not in noises:
                check_used(s, observed_noise.get(name, -1) > number)
                noises[name] = Noise(source.noise(s))
            value = noises[name].value(mechanism, parents)
        if node.observed is not None and not isinstance(mechanism, Assign):
            if mechanism.noise is not None and name in noises:
                source.weigh(s, agreement(s, value, noises[name], parents))
            else:
                source.weigh(s, mechanism.log_prob(value, parents))
                if mechanism.noise is not None:
                    noises[name] = Noise.abduced(mechanism, value, parents, source.fresh(s))
        values.append(value)
    return values


@dataclass(frozen=True)
class Noise:
    """The noise of a variable: drawn, or abduced from what was seen of it.

    Attributes:
        number: the noise; its log odds where it is uniform and was abduced, which may be far out in a tail.
        seen: the mechanism, the parents and the value it was abduced from.
    """

    number: Tensor
    seen: tuple[Mechanism, tuple[Tensor, ...], Tensor] | None = None

    @classmethod
    def abduced(cls, mechanism: Mechanism, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Noise:
        """A draw of the noise given what came of it."""
        draw = mechanism.abduct_rank if mechanism.noise == UNIFORM else mechanism.abduct
        number = draw(value, parents, fresh).to(torch.float64).expand(fresh.shape)
        return cls(number, (mechanism, tuple(parents), value))

    def value(self, mechanism: Mechanism, parents: Sequence[Tensor]) -> Tensor:
        """What a mechanism makes of it; what was seen, where the parents are what they were then."""
        if self.seen is None:
            return mechanism.assign(self.number, parents)
        made = mechanism.assign_rank if mechanism.noise == UNIFORM else mechanism.assign
        before, then, value = self.seen
        if mechanism is not before:
            return made(self.number, parents)
        shape = ranks.common_shape(self.number, *parents, *then)
        same = torch.ones(shape, dtype=torch.bool)
        for now, was in zip(parents, then, strict=True):
            same &= now == was
        if same.all():
            return value.expand(shape)
        if not same.any():
            return made(self.number, parents)
        changed = made(self.number.expand(shape)[~same], [p.expand(shape)[~same] for p in parents])
        return value.expand(shape).to(changed.dtype).masked_scatter(~same, changed)


def agreement(s: Statement, value: Tensor, noise: Noise, parents: Sequence[Tensor]) -> Tensor:
    """The log probability of an observed value whose noise is known: 0 where they agree, else -∞.

    Raises:
        InvalidParameter: a real number, of which no draw would agree.
    """
    if s.mechanism.states is None:
        raise InvalidParameter(
            f"{s.variable!r} is a real number observed twice on one noise: only an exact program can say that"
        )
    return torch.where(noise.value(s.mechanism, parents) == value, 0.0, -torch.inf).to(torch.float64)


def check_used(s: Statement, later: bool) -> None:
    """Whether a noise that is used here is not observed later.

    Raises:
        InvalidParameter: it is.
    """
    if later:
        raise InvalidParameter(
            f"{s.variable!r} is used in one world before another observes it: list the observed world first"
        )


def effective_size(log_weights: Tensor | None, n: int) -> float:
    """How many unweighted draws the weighted ones are worth: (Σw)² / Σw² (Kong 1992)."""
    if log_weights is None:
        return float(n)
    w = torch.softmax(log_weights, 0)
    return float(1 / (w * w).sum())


def weighted_mean(weights: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Σ weight · value, for weights that sum to one but for rounding; of equal values it is exactly their value."""
    start = float(values[0]) if np.isfinite(values[0]) else 0.0
    return start + float(weights @ (values - start))
