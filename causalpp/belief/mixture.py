"""Channels that are finite mixtures of worlds: the posterior over graph and world is an exact sum."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.belief.channels import Channel, Forecast, Tallies
from causalpp.belief.reliability import Reliability

__all__ = ["Mixture"]

_NEVER = 1e-300
_LONG = 32  # answers to one question multiplied one by one
_WIDTH = 0.025  # each world stands for the reliabilities around it: the standard deviation it is drawn with


class Mixture(Channel):
    """A channel with a prior over worlds, each with its own sensitivity s, false-yes rate f and correlation ρ.

    Within a world the answers to one question share a probability of yes, θ ~ Beta with mean μ (s if the proposition
    is true, f if not) and correlation ρ; different questions are independent given the graph.  With k yes among m
    answers so far, the next one is yes with probability

        P(yes | k, m) = (μ (1 − ρ) + k ρ) / (1 − ρ + m ρ)

    (Pólya's urn): ρ = 0 makes repeats independent, ρ → 1 makes them empty.
    """

    @property
    @abstractmethod
    def grid(self) -> NDArray[np.float64]:
        """The worlds, one a row: s, f, ρ, prior probability. Shape ``(G, 4)``."""

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
        if_true, if_false = self._urns(yes[asked], no[asked])
        return (
            truth[:, asked].to(if_true.dtype) @ (if_true - if_false) + if_false.sum(0) + self._columns(truth)[3].log()
        )

    def _urns(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """The log of P(answers to each question | world), where it is true and where it is false: ``(Q, G)``."""
        s, f, rho, _ = self._columns(yes)
        k, n = yes.to(s.dtype)[:, None], no.to(s.dtype)[:, None]
        return _log_urn(s, rho, k, n), _log_urn(f, rho, k, n)

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
        world = torch.softmax(joint, dim=1)
        if_true, if_false = self._next(yes, no)
        return world @ if_true.T, world @ if_false.T

    def _next(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        s, f, rho, _ = self._columns(yes)
        k, m = yes.to(s.dtype)[:, None], (yes + no).to(s.dtype)[:, None]
        return _next(s, rho, k, m), _next(f, rho, k, m)

    # --- the face that a belief uses ------------------------------------------------------------------

    def gather(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return self.log_joint_of(rows, tallies.yes, tallies.no)

    def extend(self, gathered: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        changed = (before.yes != after.yes) | (before.no != after.no)
        if not bool(changed.any()):
            return gathered
        old_true, old_false = self._urns(before.yes[changed], before.no[changed])
        new_true, new_false = self._urns(after.yes[changed], after.no[changed])
        if_true, if_false = new_true - old_true, new_false - old_false
        return gathered + rows[:, changed].to(if_true.dtype) @ (if_true - if_false) + if_false.sum(0)

    def evidence(self, gathered: Tensor) -> Tensor:
        return torch.logsumexp(gathered, dim=1)

    def forecast(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        joint = gathered + log_prior[:, None]
        weight = (joint - torch.logsumexp(joint.flatten(), 0)).exp()
        if_true, if_false = self._next(yes, no)
        related = torch.as_tensor(self.kinds != 0, device=joint.device)
        rest = weight[:, ~related].sum(0)
        weight = weight if bool(related.all()) else weight[:, related]
        mass = weight.sum(1)
        scale = mass.clamp(min=_NEVER)[:, None]
        none = rest.sum()
        return Forecast(
            mass,
            (weight @ if_true[:, related].T / scale).clamp(0, 1),
            (weight @ if_false[:, related].T / scale).clamp(0, 1),
            float(none),
            (if_true[:, ~related] @ rest / none.clamp(min=_NEVER)).clamp(0, 1),
        )

    def forecast_all(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        mass = torch.softmax(self.evidence(gathered) + log_prior, dim=0)
        if_true, if_false = self.predictive_of(gathered, yes, no)
        return Forecast(mass, if_true.clamp(0, 1), if_false.clamp(0, 1), 0.0, torch.zeros_like(if_true[0]))

    def _worlds(self, log_prior: Tensor, gathered: Tensor) -> NDArray[np.float64]:
        joint = gathered + log_prior[:, None]
        out: NDArray[np.float64] = torch.softmax(torch.logsumexp(joint, 0), 0).cpu().numpy()
        return out

    def kind_probabilities(self, log_prior: Tensor, gathered: Tensor) -> tuple[float, float, float]:
        """The posterior probabilities that the oracle is informative, a liar, or unrelated to the graph."""
        world = self._worlds(log_prior, gathered)
        informative, liar, unrelated = (float(world[self.kinds == kind].sum()) for kind in (1, -1, 0))
        return informative, liar, unrelated

    def reliability(self, log_prior: Tensor, gathered: Tensor) -> Reliability:
        world = self._worlds(log_prior, gathered)
        pairs, which = np.unique(self.grid[:, :2], axis=0, return_inverse=True)
        weights = np.bincount(which.ravel(), weights=world, minlength=len(pairs)).astype(np.float64)
        beta = np.empty((len(pairs), 4))
        for column, mean in enumerate(pairs.T):
            mean = mean.clip(1e-6, 1 - 1e-6)
            size = np.maximum(mean * (1 - mean) / _WIDTH**2 - 1, 2 / np.minimum(mean, 1 - mean))
            beta[:, 2 * column], beta[:, 2 * column + 1] = mean * size, (1 - mean) * size
        return Reliability(weights, beta, float(world[self.kinds == 1].sum()))

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
    out = torch.zeros_like(rate * yes)
    if not yes.numel():
        return out
    most = int((yes + no).max())
    if most > _LONG:
        return _log_urn_gamma(rate, rho, yes, no)
    up_to = max(int(yes.max()), int(no.max()))
    for i in range(most):
        if i < up_to:
            out = out + (i < yes) * (rate * (1 - rho) + i * rho).log()
            out = out + (i < no) * ((1 - rate) * (1 - rho) + i * rho).log()
        out = out - (i < yes + no) * (1 - rho + i * rho).log()
    return out


def _log_urn_gamma(rate: Tensor, rho: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """The same for many answers to one question, by gamma functions."""
    alone = yes * rate.log() + no * torch.log1p(-rate)
    size = (1 - rho) / rho.clamp(min=_NEVER)
    a, b = rate * size, (1 - rate) * size
    up = torch.lgamma(a + yes) - torch.lgamma(a) + torch.lgamma(b + no) - torch.lgamma(b)
    return torch.where(rho > 0, up - torch.lgamma(size + yes + no) + torch.lgamma(size), alone)
