"""The posterior over Dags of many variables, by chains; and whether they have told the same by now."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.graphs import Dag, DagBatch
from causalpp.posterior.blocks import Graphs
from causalpp.posterior.chains import Families, layers_of, nearness, start, step
from causalpp.posterior.draws import draw_family
from causalpp.posterior.sums import Floats

__all__ = ["Sampled"]

_CHAINS = 32
_MEMORY = 4e7  # edges of graphs that are kept
_R_HAT = 1.02
_ERROR = 0.0075  # the largest standard error of an edge
_EFFECTIVE = 400  # independent draws that the least known edge is to be worth
_LOOK = 1.2  # by which factor the draws grow between two looks at whether that is enough
_FEWEST = 64  # states of each chain before the first look
_PATHS = 10_000


class _Agreement(NamedTuple):
    r_hat: float
    effective: float
    standard_error: Floats


@dataclass(frozen=True, eq=False)
class Sampled:
    """P(graph | data) by chains over graphs; see :mod:`causalpp.posterior.chains`.

    Everything is told of the second half of the chains, whether or not they have mixed.

    Attributes:
        nodes: the d variables.
        families: that were looked at.
        required: edges that all graphs have, shape ``(d, d)``.
        random: what draws.
        now: where the C chains are, ``(C, d, d)``.
        graphs: where they were, ``(T, C, d, d)``.
        shares: P(u → v) by the law by which v's parents were drawn last, likewise.
        every: steps between two of them.
        near: how much pairs want to be in one block, shape ``(d, d)``.
    """

    nodes: tuple[str, ...]
    families: Families
    required: NDArray[np.bool_]
    random: np.random.Generator
    now: Graphs
    graphs: Graphs
    shares: NDArray[np.float32]
    every: int
    near: Floats
    method: ClassVar[str] = "partition MCMC"

    @classmethod
    def begin(
        cls,
        nodes: tuple[str, ...],
        families: Families,
        required: NDArray[np.bool_],
        seed: int,
        joined: Floats | None = None,
    ) -> Sampled:
        """Chains at the places where they start; ``joined`` is P(u → v), as far as it is known."""
        random = np.random.default_rng(seed)
        now = start(families, _CHAINS, required, random)
        none = np.zeros((0, *now.shape))
        every = max(1, round(families.d / 6))  # in which each variable gets new parents about once
        near = nearness(families.alone if joined is None else joined)
        return cls(nodes, families, required, random, now, none.astype(bool), none.astype(np.float32), every, near)

    def go_on(
        self, seconds: float, told: Callable[[float, str], object] = lambda *_: None, most: int | None = None
    ) -> Sampled:
        """The chains some steps later: where they have mixed, or the time is up, or somebody pressed Ctrl-C.

        Args:
            seconds: after which they stop.
            told: the seconds that have passed, and how the chains are.
            most: states of each chain after which they stop, whatever they say.
        """
        began, since = time.monotonic(), 0.0
        random, now, every = copy.deepcopy(self.random), self.now, self.every
        graphs, shares = list(self.graphs), list(self.shares)
        law = np.array(shares[-1] if shares else now, dtype=np.float32)
        room = 2 * max(_FEWEST, int(_MEMORY / now.size / 2))
        look, said, out = max(_FEWEST, int(_LOOK * len(graphs))), "chains", self

        def found() -> Sampled:
            kept = np.array(graphs).reshape(-1, *now.shape), np.array(shares).reshape(-1, *now.shape)
            return replace(self, random=copy.deepcopy(random), now=now, graphs=kept[0], shares=kept[1], every=every)

        try:
            while since < seconds and (most is None or len(graphs) < most):
                for _ in range(every):
                    now = step(self.families, self.near, now, law, random)
                graphs.append(now)
                shares.append(law.copy())
                if len(graphs) >= room:
                    graphs, shares, every = graphs[1::2], shares[1::2], 2 * every
                    look = int(look / 2)
                since = time.monotonic() - began
                if most is None and len(graphs) >= look:
                    out = found()
                    if out.mixed:
                        return out
                    look, said = int(_LOOK * len(graphs)) + 1, f"chains, R̂ {out.r_hat:.2f}"
                told(since, said)
        except KeyboardInterrupt:
            graphs = graphs[: len(shares)]
        return found()

    # --- whether it is enough --------------------------------------------------------------------------

    @cached_property
    def _half(self) -> Floats:
        """P(u → v) as the parents were drawn, of the second half, ``(T/2, C, d, d)``."""
        return self.shares[len(self.shares) // 2 :].astype(float)

    @cached_property
    def _agreement(self) -> _Agreement:
        from pyro.ops.stats import effective_sample_size, split_gelman_rubin

        d = len(self.nodes)
        if len(self.shares) < 16:
            return _Agreement(float("inf"), 0.0, np.full((d, d), 0.5))
        spread = self._half.std((0, 1))
        vary = spread > 1e-4
        if not vary.any():
            return _Agreement(1.0, float(self._half.shape[0] * self._half.shape[1]), np.zeros((d, d)))
        every = torch.from_numpy(self._half[:, :, vary])
        r_hat = split_gelman_rubin(every, chain_dim=1, sample_dim=0).numpy()
        size = np.maximum(effective_sample_size(every, chain_dim=1, sample_dim=0).numpy(), 1.0)
        error = np.zeros((d, d))
        error[vary] = np.maximum(spread[vary] / np.sqrt(size), self._half.mean(0).std(0)[vary] / np.sqrt(_CHAINS))
        mean = self._half.mean((0, 1))[vary]
        open_ = (mean > 0.01) & (mean < 0.99)  # what is as good as certain needs no R̂
        if not open_.any():
            return _Agreement(1.0, float(size.min()), error)
        return _Agreement(float(r_hat[open_].max()), float(size[open_].min()), error)

    @property
    def r_hat(self) -> float:
        """The largest R̂ of an edge that is open: how much more chains differ from each other than each from itself.

        Of halves of chains (Gelman et al., *Bayesian Data Analysis*, 3rd ed., § 11.4).
        """
        return self._agreement.r_hat

    @property
    def effective(self) -> float:
        """The smallest effective sample size of an edge that is open, in all chains together."""
        return self._agreement.effective

    @property
    def standard_error(self) -> Floats:
        """Of the probability of each edge, shape ``(d, d)``."""
        return self._agreement.standard_error

    @property
    def mixed(self) -> bool:
        """Whether the chains tell the same: R̂ ≤ 1.02, 400 effective draws, no edge's standard error above .0075."""
        worst = float(self.standard_error.max(initial=0.0))
        return self.r_hat <= _R_HAT and self.effective >= _EFFECTIVE and worst <= _ERROR

    @property
    def trouble(self) -> str | None:
        """Why it is not to be believed yet; None if nothing is seen."""
        if self.mixed:
            return None
        return (
            f"the chains do not agree yet: R̂ is {self.r_hat:.2f} (wanted {_R_HAT}), the least known edge is worth "
            f"{self.effective:.0f} independent draws (wanted {_EFFECTIVE}), the largest standard error of an edge "
            f"is {self.standard_error.max():.4f} (wanted {_ERROR}); go on with posterior.further(), or with more "
            "knowledge or fewer variables"
        )

    # --- what they tell --------------------------------------------------------------------------------

    @cached_property
    def edges(self) -> Floats:
        """P(u → v), shape ``(d, d)``."""
        return np.asarray(self._half.mean((0, 1)))

    @cached_property
    def paths(self) -> Floats:
        """P(v descends from u), shape ``(d, d)``: the share among draws."""
        out: Floats = self._drawn.reach.to(torch.float64).mean(0).numpy()
        np.fill_diagonal(out, 0.0)
        return out

    def family(self, v: int, parents: int) -> float:
        """P(the parents of v are those of a mask): the share among draws."""
        return self._share(self._drawn.adjacency.numpy()[:, :, v], parents)

    def non_descendants(self, v: int, others: int) -> float:
        """P(what neither is nor descends from v are those of a mask): the share among draws."""
        out = ~self._drawn.reach.numpy()[:, v]
        out[:, v] = False
        return self._share(out, others)

    def _share(self, rows: NDArray[np.bool_], mask: int) -> float:
        wanted = np.array([mask >> k & 1 for k in range(len(self.nodes))], dtype=bool)
        return float((rows == wanted).all(1).mean())

    @cached_property
    def _drawn(self) -> DagBatch:
        return self.sample(_PATHS, 0)

    def sample(self, draws: int, seed: int) -> DagBatch:
        """Draws of graphs: of layers among those the chains had, and of the graphs that have these."""
        random = np.random.default_rng(seed)
        d = len(self.nodes)
        half = self.graphs[len(self.graphs) // 2 :].reshape(-1, d, d)
        matrix = np.zeros((draws, d, d), dtype=bool)
        layers = layers_of(half[random.integers(0, len(half), draws)])
        inner, outer = self.families.before(layers)
        shares = self.families.shares(layers)
        sums = np.exp(shares - shares.max(-1, keepdims=True)).cumsum(-1)
        chosen = (sums < (1 - random.random((draws, d, 1))) * sums[..., -1:]).sum(-1)
        last = layers - 1
        for v, candidates in enumerate(self.families.candidates):
            for outsider in np.unique(chosen[:, v]):
                row = np.flatnonzero(chosen[:, v] == outsider)
                so_far = np.where(layers[row, v] == 0, 0, inner[row, v])
                met = np.zeros(len(row), dtype=bool)  # whether the outsider is in the last layer before
                if outsider:
                    u = self.families.outsiders[v, outsider - 1]
                    met = layers[row, u] == last[row, v]
                    matrix[row, u, v] = True
                weights, within = self.families.weights[v, outsider], self.families.sums[v, outsider]
                found = draw_family(weights, within, so_far, so_far & ~outer[row, v], random, met)
                matrix[row[:, None], candidates, v] = found[:, None] >> np.arange(len(candidates)) & 1
        return DagBatch.trusted(self.nodes, torch.from_numpy(matrix))

    @cached_property
    def _log_total(self) -> float:
        """The logarithm of the sum over all graphs: of those drawn, whose share is 1 − that of those drawn once.

        (Good, Biometrika 40, 1953.)
        """
        batch, counts = self._drawn.unique()
        seen = max(len(self._drawn) - int((counts == 1).sum()), 1) / len(self._drawn)
        return float(np.logaddexp.reduce(self._log_weight(batch)) - np.log(seen))

    def _log_weight(self, dags: DagBatch) -> Floats:
        matrix = dags.adjacency.numpy()
        seen = np.zeros(matrix.shape[1:], dtype=bool)
        v = np.arange(len(self.nodes))
        seen[self.families.candidates, v[:, None]] = True
        seen[self.families.outsiders, v[:, None]] = True
        outsiders, sets = self.families.places(matrix)
        weight = np.where(outsiders < 0, -np.inf, self.families.weights[v, outsiders, sets]).sum(1)
        return np.where((matrix & ~seen).any((1, 2)), -np.inf, weight)

    def log_probability(self, dags: DagBatch) -> Floats:
        """The logarithm of the posterior probability of each of N graphs, ``(N,)``; −inf for families not looked at."""
        return self._log_weight(dags) - self._log_total

    @cached_property
    def entropy(self) -> float:
        """The expectation of −log P(graph), in nats, among draws."""
        batch, counts = self._drawn.unique()
        return float(-(counts.numpy() / len(self._drawn) * self.log_probability(batch)).sum())

    def most_probable(self, k: int) -> list[tuple[Dag, float]]:
        """The heaviest k of 10,000 drawn graphs, with their probabilities."""
        batch, _ = self._drawn.unique()
        p = np.exp(self.log_probability(batch))
        return [(batch[int(n)], float(p[n])) for n in np.argsort(-p, kind="stable")[:k]]

    # --- kept --------------------------------------------------------------------------------------------

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What it is made of, as plain values and arrays."""
        return {"every": self.every, "random": self.random.bit_generator.state}, {
            "candidates": self.families.candidates,
            "outsiders": self.families.outsiders,
            "weights": self.families.weights,
            "required": self.required,
            "near": self.near,
            "now": self.now,
            "graphs": np.packbits(self.graphs),
            "shares": self.shares,
        }

    @classmethod
    def of_parts(cls, nodes: tuple[str, ...], told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Sampled:
        """The inverse of :meth:`parts`.

        Raises:
            ValueError: they do not belong together.
        """
        families = Families.of(*(arrays[name] for name in ("candidates", "outsiders", "weights")))
        required, near, now, shares, d = *(arrays[name] for name in ("required", "near", "now", "shares")), len(nodes)
        square = now.shape[1:] == required.shape == near.shape == (d, d) and shares.shape[1:] == now.shape
        if families.d != d or not square or np.isnan(families.weights).any():
            raise ValueError("arrays of other shapes than those of chains")
        graphs = np.unpackbits(arrays["graphs"], count=shares.size).reshape(shares.shape).astype(bool)
        random = np.random.default_rng()
        random.bit_generator.state = told["random"]
        return cls(nodes, families, required, random, now, graphs, shares, int(told["every"]), near)
