"""A channel that does not know which world its oracle lives in: reliabilities, repeats and good faith on one grid.

A *world* is a point (s, f, ρ): how often the oracle says yes where the truth is yes, and where it is no, and how
alike it answers when the same question is put again.  The posterior over graph and world is an exact finite sum.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.belief.channels import Channel
from causalpp.errors import InvalidParameter

__all__ = ["Worlds"]

_NEVER = 1e-300


@dataclass(frozen=True)
class Worlds(Channel):
    """A finite mixture of worlds, each with its own sensitivity, false-yes rate and likeness of repeats.

    Within a world (s, f, ρ) the answers to one question share a probability of yes, θ ~ Beta with mean μ (s if the
    proposition is true, f if not) and correlation ρ; different questions are independent given the graph.  With k
    yes among m answers so far, the next one is yes with probability

        P(yes | k, m) = (μ (1 − ρ) + k ρ) / (1 − ρ + m ρ)

    (Pólya's urn): ρ = 0 makes repeats independent, ρ → 1 makes them empty.  The worlds are of three kinds:

    - *informative*, s > f: errors symmetric (s = 1 − ε, f = ε) or, with equal weight, different for yes and no;
    - *liar*, the symmetric ones mirrored, s = ε, f = 1 − ε;
    - *unrelated*, s = f: whatever the graph, yes with the same probability.

    The prior leans towards more error (weight ∝ ε^tilt), so that a short lucky streak does not pass for reliability.

    Attributes:
        unrelated: prior probability that the answers have nothing to do with the graph.
        liar: prior probability that they are consistently reversed.
        repeats: pairs (ρ, prior probability).
        errors: the symmetric error rates of the grid.
        uneven: the error rates combined freely over true and false propositions.
        least: the smallest s − f of the uneven worlds.
        rates: the yes-rates u of unrelated answers, weighted by u (1 − u).
        tilt: exponent of the prior over errors.

    Raises:
        InvalidParameter: a probability or rate out of range, weights that do not sum to one, an empty grid.

    Example:
        >>> channel = Worlds()
        >>> truth = torch.tensor([[True, True], [False, True]])  # two graphs, two questions
        >>> once = channel.log_evidence_of(truth, torch.tensor([1, 0]), torch.tensor([0, 0]))
        >>> often = channel.log_evidence_of(truth, torch.tensor([9, 0]), torch.tensor([0, 0]))
        >>> [round(float(torch.softmax(log, 0)[0]), 2) for log in (once, often)]  # nine times says little more
        [0.58, 0.6]
    """

    unrelated: float = 0.5
    liar: float = 0.1
    repeats: tuple[tuple[float, float], ...] = ((0.0, 0.3), (0.3, 0.2), (0.98, 0.5))
    errors: tuple[float, ...] = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.34)
    uneven: tuple[float, ...] = (0.02, 0.1, 0.2, 0.3, 0.4)
    least: float = 0.3
    rates: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    tilt: float = 0.5

    def __post_init__(self) -> None:
        if min(self.unrelated, self.liar) < 0 or not self.unrelated + self.liar < 1:
            raise InvalidParameter(
                f"the worlds 'unrelated' and 'liar' have probabilities that sum to less than one, "
                f"got {self.unrelated} and {self.liar}"
            )
        if not self.repeats or not all(0 <= rho < 1 and weight >= 0 for rho, weight in self.repeats):
            raise InvalidParameter(f"repeats are pairs of a correlation in [0, 1) and a weight, got {self.repeats}")
        if not math.isclose(sum(weight for _, weight in self.repeats), 1):
            raise InvalidParameter(f"the weights of the correlations sum to one, got {self.repeats}")
        if not self.errors or not all(0 < error < 0.5 for error in (*self.errors, *self.uneven)):
            raise InvalidParameter("error rates of the grid lie strictly between 0 and one half, and there is one")
        if self.unrelated > 0 and not (self.rates and all(0 < rate < 1 for rate in self.rates)):
            raise InvalidParameter("the yes-rates of unrelated answers lie strictly between 0 and 1, and there is one")

    # --- the grid -------------------------------------------------------------------------------------

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """The worlds, one a row: s, f, ρ, prior probability. Shape ``(G, 4)``."""
        informative = 1 - self.unrelated - self.liar
        even = dict(zip(self.errors, self._tilted(self.errors), strict=True))
        one = dict(zip(self.uneven, self._tilted(self.uneven), strict=True))
        pairs = {(a, b): one[a] * one[b] for a, b in itertools.product(one, one) if 1 - a - b >= self.least - 1e-9}
        half = informative / 2 if pairs else informative
        rows = [(1 - e, e, half * w) for e, w in even.items()]
        total = sum(pairs.values())
        rows += [(1 - a, b, half * w / total) for (a, b), w in pairs.items()]
        rows += [(e, 1 - e, self.liar * w) for e, w in even.items() if self.liar > 0]
        spread = sum(u * (1 - u) for u in self.rates)
        rows += [(u, u, self.unrelated * u * (1 - u) / spread) for u in self.rates if self.unrelated > 0]
        return np.array([(s, f, rho, w * share) for rho, share in self.repeats for s, f, w in rows if share > 0])

    def _tilted(self, errors: tuple[float, ...]) -> NDArray[np.float64]:
        weights: NDArray[np.float64] = np.array(errors, dtype=float) ** self.tilt
        return weights / weights.sum() if len(weights) else weights

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """1 for informative worlds, 0 for unrelated ones, −1 for liars. Shape ``(G,)``."""
        return np.sign(np.round(self.grid[:, 0] - self.grid[:, 1], 9)).astype(np.int64)

    def _columns(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        grid = torch.as_tensor(self.grid, device=like.device)
        return grid[:, 0], grid[:, 1], grid[:, 2], grid[:, 3]

    # --- answers, question by question ----------------------------------------------------------------

    def log_joint_of(self, truth: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        """The log of P(answers, world | graph), answers to one question correlated as each world has it.

        Args:
            truth: the true answers, booleans of shape ``(N, Q)``.
            yes: how often each question was answered yes, shape ``(Q,)``.
            no: how often no, shape ``(Q,)``.

        Returns:
            Shape ``(N, G)``, by one matrix product.
        """
        asked = (yes + no) > 0
        s, f, rho, weight = self._columns(truth)
        k, n = yes[asked].to(s.dtype)[:, None], no[asked].to(s.dtype)[:, None]
        if_true, if_false = _log_urn(s, rho, k, n), _log_urn(f, rho, k, n)  # (asked, G)
        return truth[:, asked].to(s.dtype) @ (if_true - if_false) + if_false.sum(0) + weight.log()

    def log_evidence_of(self, truth: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        """The log of P(answers | graph), shape ``(N,)``; arguments as in :meth:`log_joint_of`."""
        return torch.logsumexp(self.log_joint_of(truth, yes, no), dim=1)

    def predictive_of(self, joint: Tensor, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """P(next answer is yes | graph, truth, answers so far) for questions with the tallies given.

        Args:
            joint: log P(answers, world | graph), shape ``(N, G)``.
            yes: tallies of S questions (or of S distinct pairs of tallies), shape ``(S,)``.
            no: shape ``(S,)``.

        Returns:
            For a true and for a false proposition, each of shape ``(N, S)``.
        """
        s, f, rho, _ = self._columns(joint)
        world = torch.softmax(joint, dim=1)
        k, m = yes.to(s.dtype)[:, None], (yes + no).to(s.dtype)[:, None]
        return world @ _next(s, rho, k, m).T, world @ _next(f, rho, k, m).T

    def information(self, log_prior: Tensor, truth: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        """The bits that the next answer to each question is expected to tell, shape ``(Q,)``.

        About *what is the graph, and have the answers to do with it at all*: the unrelated worlds are one hypothesis
        beside the N graphs.  Questions whose answer all candidates agree on then earn their place as long as the
        oracle is in doubt, and repeated questions only where repeats tell something.

        Args:
            log_prior: of the graphs, shape ``(N,)``.
            truth: booleans of shape ``(N, Q)``.
            yes: tallies, shape ``(Q,)``.
            no: shape ``(Q,)``.
        """
        joint = self.log_joint_of(truth, yes, no) + log_prior[:, None]
        weight = (joint - torch.logsumexp(joint.flatten(), 0)).exp()
        s, f, rho, _ = self._columns(joint)
        related = torch.as_tensor(self.kinds != 0, device=truth.device)
        graph = weight[:, related].sum(1)
        rest = weight[:, ~related].sum(0)
        none = rest.sum()
        tally, state = torch.unique(torch.stack([yes, yes + no]), dim=1, return_inverse=True)
        k, m = tally.to(s.dtype)[..., None]
        if_true, if_false = _next(s, rho, k, m), _next(f, rho, k, m)
        scale = graph.clamp(min=_NEVER)[:, None]
        true = (weight[:, related] @ if_true[:, related].T / scale).clamp(0, 1)
        false = (weight[:, related] @ if_false[:, related].T / scale).clamp(0, 1)
        other = (if_true[:, ~related] @ rest / none.clamp(min=_NEVER)).clamp(0, 1)
        numbers = truth.to(s.dtype)
        out = torch.zeros(truth.shape[1], dtype=s.dtype, device=truth.device)
        for number in range(tally.shape[1]):
            here = state == number
            t, f_ = true[:, number], false[:, number]
            terms = torch.stack([graph * (t - f_), graph * (_entropy(t) - _entropy(f_))], dim=1)
            sums = numbers[:, here].T @ terms
            mean = (sums[:, 0] + graph @ f_ + none * other[number]).clamp(0, 1)
            out[here] = _entropy(mean) - (sums[:, 1] + graph @ _entropy(f_) + none * _entropy(other[number]))
        return out.clamp(min=0)

    def kind_probabilities(self, log_prior: Tensor, joint: Tensor) -> tuple[float, float, float]:
        """The posterior probabilities that the oracle is informative, a liar, or unrelated to the graph."""
        world = torch.softmax((joint + log_prior[:, None]).flatten(), 0).reshape(joint.shape).sum(0).cpu().numpy()
        informative, liar, unrelated = (float(world[self.kinds == kind].sum()) for kind in (1, -1, 0))
        return informative, liar, unrelated

    # --- the face of every channel: every answer to a question of its own ------------------------------

    def _log_worlds(self, counts: Tensor) -> Tensor:
        s, f, _, weight = self._columns(counts)
        rates = torch.stack([s.log(), torch.log1p(-s), f.log(), torch.log1p(-f)])
        return counts.to(rates.dtype) @ rates + weight.log()

    def log_evidence(self, counts: Tensor) -> Tensor:
        return torch.logsumexp(self._log_worlds(counts), dim=1)

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        s, f, _, _ = self._columns(counts)
        world = torch.softmax(self._log_worlds(counts), dim=1)
        return world @ s, world @ f

    def beta(self, counts: Tensor) -> Tensor:
        """Beta parameters with the mean and variance of the two rates over the worlds (not their exact law)."""
        world = torch.softmax(self._log_worlds(counts), dim=1)
        out = []
        for rate in self._columns(counts)[:2]:
            mean = world @ rate
            variance = (world @ rate**2 - mean**2).clamp(min=1e-9)
            size = (mean * (1 - mean) / variance - 1).clamp(min=1e-3)
            out += [mean * size, (1 - mean) * size]
        return torch.stack(out, dim=1)


def _next(rate: Tensor, rho: Tensor, k: Tensor, m: Tensor) -> Tensor:
    """Pólya's urn: P(yes) after k yes among m answers."""
    return (rate * (1 - rho) + k * rho) / (1 - rho + m * rho)


def _log_urn(rate: Tensor, rho: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """The log of P of one sequence with so many yes and no: rising products, exact for ρ = 0 too. Shapes broadcast."""
    steps = torch.arange(int(torch.maximum(yes, no).max()) if yes.numel() else 0, dtype=rate.dtype, device=rate.device)
    both = torch.arange(int((yes + no).max()) if yes.numel() else 0, dtype=rate.dtype, device=rate.device)
    out = torch.zeros_like(rate * yes)
    for i in steps:
        out = out + (i < yes) * (rate * (1 - rho) + i * rho).log() + (i < no) * ((1 - rate) * (1 - rho) + i * rho).log()
    for i in both:
        out = out - (i < yes + no) * (1 - rho + i * rho).log()
    return out


def _entropy(p: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(p) + torch.special.entr(1 - p)
    return entropy / math.log(2)
