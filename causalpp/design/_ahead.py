"""What answers that are still to come will leave: the information of one more answer, averaged over those before it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from causalpp.design._sums import distinct, weighted_sums
from causalpp.design.information import binary_entropy
from causalpp.errors import InvalidParameter

__all__ = ["Ahead"]

_PATTERNS = 64  # patterns of answers so far, all of them or a sample
_NEVER = 1e-300


class Ahead:
    """The posteriors after each pattern of answers to the questions taken so far.

    Answers to one call share a factor that turns all of them round with probability c; given the hypothesis and whether
    the factor struck, answers are independent.  Beyond 64 patterns these are a sample.

    Args:
        weights: P(hypothesis), shape ``(N,)``.
        if_true: P(yes | hypothesis) where a proposition is true, if nothing strikes; shape ``(N,)``, or ``(N, S)`` for
            questions in S states.
        if_false: the same where it is false.
        truth: of all questions, booleans of shape ``(N, Q)``.
        state: of each question, shape ``(Q,)``.
        shared: c.
        about: labels of shape ``(N,)``: what the information is about, by default the hypothesis.
        seed: of the sample.
    """

    def __init__(
        self,
        weights: Tensor,
        if_true: Tensor,
        if_false: Tensor,
        truth: Tensor,
        *,
        state: Tensor | None = None,
        shared: float = 0.0,
        about: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        n = len(truth)
        laws = [law.to(torch.float64).reshape(len(law), -1) for law in (if_true, if_false)]
        if truth.ndim != 2 or weights.shape != (n,) or any(len(law) != n for law in laws):
            raise InvalidParameter(f"weights and rates have one value for each of {n} rows of the truth table")
        if not 0 <= shared < 0.5:
            raise InvalidParameter(f"a shared error strikes with a probability from 0 to below one half, got {shared}")
        if about is not None and about.shape != (n,):
            raise InvalidParameter(f"'about' gives one label a row, {n} in all, got {tuple(about.shape)}")
        self.truth, self.shared = truth, shared
        self.laws = [law.T.contiguous() for law in laws]  # (S, N)
        here = truth.device
        self.state = torch.zeros(truth.shape[1], dtype=torch.int64, device=here) if state is None else state
        self.posteriors = (weights / weights.sum()).to(torch.float64)[None]  # (P, N)
        self.chances = torch.ones(1, dtype=torch.float64, device=here)
        self.struck: Tensor | None = None  # P(the factor struck this call | hypothesis, answers), (P, N)
        self.labels: Tensor | None = None
        if about is not None:
            numbers, count = distinct(about)
            self.labels = torch.nn.functional.one_hot(numbers, count).T.to(torch.float64)  # (L, N)
        self.draw = torch.Generator(device=here).manual_seed(seed)

    def copy(self) -> Ahead:
        """The same, to go on with in another way."""
        other = copy.copy(self)
        other.draw = torch.Generator(device=self.truth.device)
        other.draw.set_state(self.draw.get_state())
        return other

    def next_call(self, most: int = _PATTERNS) -> None:
        """What comes now is another call, which the factor strikes or not whatever happened before.

        Args:
            most: the most patterns of answers to go on with; of more, a sample.
        """
        self.struck = None
        if len(self.chances) > most:
            picked = torch.multinomial(self.chances, most, replacement=True, generator=self.draw)
            self.posteriors = self.posteriors[picked]
            self.chances = torch.full((most,), 1 / most, dtype=torch.float64, device=self.chances.device)

    def gains(self, columns: Tensor) -> Tensor:
        """The bits that an answer to each of some questions adds, on average over the answers before; ``(m,)``."""
        return (self.chances @ self.bits(columns)).clamp(min=0)

    def bits(self, columns: Tensor) -> Tensor:
        """The same after each pattern of answers, ``(P, m)``."""
        out = torch.zeros((len(self.chances), len(columns)), dtype=torch.float64, device=self.truth.device)
        states = self.state[columns]
        for state in sorted(set(states.tolist())):
            here = states == state
            out[:, here] = self._bits(self.truth[:, columns[here]], *self._rates(state))
        return out

    def take(self, column: int) -> None:
        """Put one more question in this call."""
        state = int(self.state[column])
        plain = torch.where(self.truth[:, column], self.laws[0][state], self.laws[1][state])
        true, false = self._rates(state)
        yes = torch.where(self.truth[:, column], true, false)
        yes = yes.expand(len(self.posteriors), -1)
        struck = [self._after(plain, yes, said) for said in (True, False)]
        chance = (self.posteriors * yes).sum(1)
        if 2 * len(self.posteriors) <= _PATTERNS:
            posteriors = torch.cat([self.posteriors * yes, self.posteriors * (1 - yes)])
            self.chances = torch.cat([self.chances * chance, self.chances * (1 - chance)])
            self.struck = None if self.shared == 0 else torch.cat(struck)
        else:  # from here on patterns drawn from their law, of equal weight
            picked = torch.multinomial(self.chances, _PATTERNS, replacement=True, generator=self.draw)
            said = torch.rand(_PATTERNS, generator=self.draw, dtype=torch.float64, device=yes.device) < chance[picked]
            posteriors = self.posteriors[picked] * torch.where(said[:, None], yes[picked], 1 - yes[picked])
            self.chances = torch.full((_PATTERNS,), 1 / _PATTERNS, dtype=torch.float64, device=yes.device)
            if self.shared > 0:
                self.struck = torch.where(said[:, None], struck[0][picked], struck[1][picked])
        self.posteriors = posteriors / posteriors.sum(1, keepdim=True).clamp(min=_NEVER)

    def _rates(self, state: int) -> tuple[Tensor, Tensor]:
        """P(yes | hypothesis, answers so far) where a question is true, and where not, ``(P, N)``; P = 1 for all."""
        share = self.shared if self.struck is None else self.struck
        true, false = (law[state][None] + share * (1 - 2 * law[state][None]) for law in self.laws)
        return true, false

    def _after(self, plain: Tensor, yes: Tensor, said: bool) -> Tensor:
        """P(struck | hypothesis, answers, and one more)."""
        before = torch.tensor(self.shared, dtype=torch.float64) if self.struck is None else self.struck
        told, likely = (1 - plain, yes) if said else (plain, 1 - yes)
        return before * told / likely.clamp(min=_NEVER)

    def _bits(self, truth: Tensor, true: Tensor, false: Tensor) -> Tensor:
        """For each pattern and question, ``(P, m)``."""
        now = self.posteriors
        if self.labels is None:
            h_true, h_false = binary_entropy(true), binary_entropy(false)
            sums = weighted_sums(truth, torch.cat([now * (true - false), now * (h_true - h_false)]).T).T
            yes = sums[: len(now)] + (now * false).sum(1, keepdim=True)
            return binary_entropy(yes.clamp(0, 1)) - sums[len(now) :] - (now * h_false).sum(1, keepdim=True)
        split = now[:, None, :] * self.labels  # (P, L, N)
        mass = split.sum(2)
        columns = (split * (true - false)[:, None, :]).flatten(0, 1)
        sums = weighted_sums(truth, columns.T).T.reshape(*mass.shape, -1)  # (P, L, m)
        joint = (sums + (split * false[:, None, :]).sum(2, keepdim=True)).clamp(min=0)
        within = mass[..., None] * binary_entropy((joint / mass[..., None].clamp(min=_NEVER)).clamp(0, 1))
        return binary_entropy(joint.sum(1).clamp(0, 1)) - within.sum(1)
