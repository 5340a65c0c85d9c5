"""Laws of parameters that are not known: independent normals, a joint normal, and draws shared by several mechanisms.

A parameter that has to be positive, such as a scale, has such a law for its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["POSITIVE", "Draws", "JointNormal", "Law", "Normals", "split"]

#: The parameters whose logarithm is what a law is about.
POSITIVE = frozenset({"scale", "shape"})

Parameters = dict[str, NDArray[np.float64]]


def split(flat: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """The parameters in a row of numbers, an array or tensor ``(…, p)``: those of the first, those of the next, …."""
    out, start = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        out[name] = flat[..., start : start + size].reshape((*flat.shape[:-1], *shape))
        start += size
    return out


class Law:
    """The law of a mechanism's parameters."""

    def draw(self, draw: np.random.Generator) -> Parameters:
        """Parameters drawn from it."""
        raise NotImplementedError

    def normals(self) -> Normals:
        """Independent normals with its means and standard deviations, on the scale on which they are normal."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Normals(Law):
    """Independent normals: a prior.

    Attributes:
        mean: parameter → mean, of the logarithm for positive ones.
        deviation: parameter → standard deviation, of the same shapes.
    """

    mean: Mapping[str, NDArray[np.float64]]
    deviation: Mapping[str, NDArray[np.float64]]

    def draw(self, draw: np.random.Generator) -> Parameters:
        out = {}
        for name, mean in self.mean.items():
            value = np.asarray(mean + self.deviation[name] * draw.standard_normal(np.shape(mean)))
            out[name] = np.exp(value) if name in POSITIVE else value
        return out

    def normals(self) -> Normals:
        return self


@dataclass(frozen=True, eq=False)
class JointNormal(Law):
    """A normal law of all parameters together: a posterior near its mode (Laplace's approximation).

    Attributes:
        mean: shape ``(p,)``, the parameters one after the other.
        covariance: shape ``(p, p)``.
        shapes: parameter → shape, in that order.
        root: shape ``(p, p)``, with covariance = root · rootᵀ, which holds what the covariance's digits may not where
            parameters have very different scales; left out, it is computed.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    shapes: Mapping[str, tuple[int, ...]]
    root: NDArray[np.float64] | None = field(default=None, repr=False)

    def draw(self, draw: np.random.Generator) -> Parameters:
        root = self.root
        if root is None:
            values, vectors = np.linalg.eigh(self.covariance)
            root = vectors * np.sqrt(np.clip(values, 0, None))
        out = split(self.mean + root @ draw.standard_normal(len(self.mean)), self.shapes)
        return {name: np.exp(value) if name in POSITIVE else value for name, value in out.items()}

    def normals(self) -> Normals:
        return Normals(*(split(part, self.shapes) for part in (self.mean, np.sqrt(np.diag(self.covariance)))))


@dataclass(frozen=True, eq=False)
class Draws(Law):
    """Draws from a posterior in which mechanisms depend on each other, as they do where something is latent.

    Mechanisms that are drawn with the same generator get the same draw, whatever else was drawn from it before.

    Attributes:
        values: parameter → draws, shape ``(K, *shape of the parameter)``.
    """

    values: Mapping[str, NDArray[np.float64]] = field(repr=False)

    @property
    def number(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.values.values())))

    def index(self, draw: np.random.Generator) -> int:
        """The number of the draw that a generator stands for: it follows from its seed alone."""
        seed = draw.bit_generator.seed_seq
        assert isinstance(seed, np.random.SeedSequence)  # for the type checker; every bit generator has one
        return (
            int(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 7)).generate_state(1)[0]) % self.number
        )

    def draw(self, draw: np.random.Generator) -> Parameters:
        number = self.index(draw)
        return {name: np.array(draws[number]) for name, draws in self.values.items()}

    def normals(self) -> Normals:
        plain = {k: np.log(v) if k in POSITIVE else v for k, v in self.values.items()}
        return Normals({k: v.mean(0) for k, v in plain.items()}, {k: v.std(0) for k, v in plain.items()})
