"""Channels that are finite mixtures of worlds: the posterior over graph and world is an exact sum."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.record import Label, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["Mixture", "Worlds", "log_urn"]

_NEVER = 1e-300
_LONG = 32  # answers to one question multiplied one by one


class Mixture(Channel):
    """A channel with a prior over worlds, each with its own sensitivity s, false-yes rate f and correlation ρ.

    Within a world the answers to one question share a probability of yes, θ ~ Beta with mean μ (s if the proposition
    is true, f if not) and correlation ρ; different questions are independent given the graph.  With k yes among m
    answers so far, the next one is yes with probability

        P(yes | k, m) = (μ (1 − ρ) + k ρ) / (1 − ρ + m ρ)

    (Pólya's urn): ρ = 0 makes repeats independent, ρ → 1 makes them empty.
    """

    sees: ClassVar[tuple[str, ...]] = ()

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
        return log_urn(s, rho, k, n), log_urn(f, rho, k, n)

    def log_likelihood_of(self, truth: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        """The log of P(answers | graph), shape ``(N,)``; arguments as in :meth:`log_joint_of`."""
        return torch.logsumexp(self.log_joint_of(truth, yes, no), dim=1)

    log_evidence_of = old_attribute("log_likelihood_of")

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

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return self.log_joint_of(rows, tallies.yes, tallies.no)

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        changed = (before.yes != after.yes) | (before.no != after.no)
        if not bool(changed.any()):
            return state
        old_true, old_false = self._urns(before.yes[changed], before.no[changed])
        new_true, new_false = self._urns(after.yes[changed], after.no[changed])
        if_true, if_false = new_true - old_true, new_false - old_false
        return state + rows[:, changed].to(if_true.dtype) @ (if_true - if_false) + if_false.sum(0)

    def log_likelihood(self, state: Tensor) -> Tensor:
        return torch.logsumexp(state, dim=1)

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        del source
        yes, no, state = heard.record.states(questions)
        return self._law(heard, [(None, *self._next(yes, no))], state, apart=apart)

    def _law(
        self, heard: Heard, terms: Sequence[tuple[Tensor | None, Tensor, Tensor]], state: Tensor, *, apart: bool
    ) -> Predictive:
        """The law, from P(yes | world) where the proposition is true and where it is false, ``(S, G)`` each.

        Args:
            heard: its state is the log of P(answers, world | row), shape ``(R, G)``.
            terms: one or more pairs of such laws, each with its probability in each row and world, ``(R, G)``.
            state: of each question, shape ``(P,)``.
            apart: whether the unrelated worlds are a case of their own.
        """
        log_prior, joint = heard.log_prior, heard.state
        related = torch.as_tensor(self.kinds != 0, device=joint.device) | (not apart)
        inner = joint if bool(related.all()) else joint[:, related]
        log_mass = torch.logsumexp(inner, dim=1)
        world = (inner - log_mass[:, None]).exp()
        log_mass = log_mass + log_prior
        rest = joint[:, ~related] + log_prior[:, None]
        total = torch.logsumexp(torch.cat([log_mass, rest.flatten()]), 0)
        none = (rest - total).exp()
        unrelated = none.sum()
        if_true, if_false = (torch.zeros((len(joint), len(terms[0][1])), dtype=joint.dtype, device=joint.device),) * 2
        either = torch.zeros(len(terms[0][1]), dtype=joint.dtype, device=joint.device)
        for share, true, false in terms:
            part = world if share is None else world * share[:, related]
            if_true, if_false = if_true + part @ true[:, related].T, if_false + part @ false[:, related].T
            left = none if share is None else none * share[:, ~related]
            either = either + true[:, ~related] @ left.sum(0)
        return Predictive(
            (log_mass - total).exp(),
            if_true.clamp(0, 1),
            if_false.clamp(0, 1),
            state,
            float(unrelated),
            (either / unrelated.clamp(min=_NEVER)).clamp(0, 1),
        )

    def _worlds(self, heard: Heard) -> NDArray[np.float64]:
        """The posterior probabilities of the worlds, ``(G,)``."""
        joint = heard.state + heard.log_prior[:, None]
        out: NDArray[np.float64] = torch.softmax(torch.logsumexp(joint, 0), 0).cpu().numpy()
        return out

    def profile(self, heard: Heard) -> Profile:
        return self._profile(self._worlds(heard))

    def _profile(self, world: NDArray[np.float64]) -> Profile:
        informative, liar, unrelated = (float(world[self.kinds == kind].sum()) for kind in (1, -1, 0))
        prior = self.grid[:, 3]
        return Profile(informative, liar, unrelated, float(prior[self.kinds == 0].sum() / prior.sum()))

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        return {None: self._reliability(self._worlds(heard), self.grid[:, :2])}

    def _reliability(self, world: NDArray[np.float64], rates: NDArray[np.float64]) -> Reliability:
        """From the probabilities of the worlds, and sensitivity and false-yes rate in each, shape ``(G, 2)``."""
        return Reliability.around(world, rates, float(world[np.round(rates[:, 0] - rates[:, 1], 9) > 0].sum()))

    def counted(self, counts: Tensor) -> Tensor:
        """The log of P(answers, world | row) for answers each to a question of its own, ``(N, 4)`` → ``(N, G)``.

        Args:
            counts: yes and no where the question is true, then where it is false.
        """
        s, f, _, weight = self._columns(counts)
        rates = torch.stack([s.log(), torch.log1p(-s), f.log(), torch.log1p(-f)])
        return counts.to(rates.dtype) @ rates + weight.log()


@dataclass(frozen=True)
class Worlds(Mixture):
    """A mixture of worlds that are written down.

    Attributes:
        worlds: sensitivity s, false-yes rate f, correlation ρ of repeats, and prior probability of each.

    Raises:
        InvalidParameter: a rate that is not strictly between 0 and 1, a correlation outside [0, 1), weights that do not
            sum to one.

    Example:
        >>> Worlds(((0.9, 0.1, 0.0, 0.5), (0.6, 0.4, 0.0, 0.5))).kinds.tolist()
        [1, 1]
    """

    worlds: tuple[tuple[float, float, float, float], ...]

    def __post_init__(self) -> None:
        if not all(0 < s < 1 and 0 < f < 1 and 0 <= rho < 1 and weight > 0 for s, f, rho, weight in self.worlds):
            raise InvalidParameter(
                "a world has two rates strictly between 0 and 1, a correlation in [0, 1) and a weight above 0, "
                f"got {self.worlds}"
            )
        if not np.isclose(sum(world[3] for world in self.worlds), 1):
            raise InvalidParameter(f"the weights of the worlds sum to one, got {self.worlds}")

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        return np.array(self.worlds)


def _next(rate: Tensor, rho: Tensor, k: Tensor, m: Tensor) -> Tensor:
    """Pólya's urn: P(yes) after k yes among m answers."""
    return (rate * (1 - rho) + k * rho) / (1 - rho + m * rho)


def log_urn(rate: Tensor, rho: Tensor, yes: Tensor, no: Tensor) -> Tensor:
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
