"""Channels for which four numbers count: how often yes and how often no where it is true, and where it is false.

They stand in this order in arrays of shape ``(N, 4)``: ``(yes | true, no | true, yes | false, no | false)``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.record import Label, Source, Tallies, counts_of
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["CountChannel", "Fixed", "Learned", "beta_from_counts", "check_beta"]

_TABLE = 1 << 20  # combinations of counts for which the likelihood is kept in a table


class CountChannel(Channel):
    """A channel that looks at four counts a row, so that repeats are independent given the truth.

    Example:
        The oracle says yes too often, by a rate that is one of two:

        >>> import torch
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> class Agreeable(CountChannel):
        ...     laws = torch.tensor([[0.9, 0.1, 0.2, 0.8], [0.99, 0.01, 0.6, 0.4]], dtype=torch.float64)
        ...     def each(self, counts):
        ...         return counts @ self.laws.log().T - math.log(2)
        ...     def log_likelihood(self, counts):
        ...         return torch.logsumexp(self.each(counts), 1)
        ...     def beta(self, counts):
        ...         return 100 * torch.softmax(self.each(counts), 1) @ self.laws
        >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> belief = Belief.uniform(pair, Agreeable()).update([Answer(Causes("a", "b"), True)])
        >>> round(belief.confidence, 3)  # (0.9 + 0.99) / (0.9 + 0.99 + 0.2 + 0.6)
        0.703
    """

    sees: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def log_likelihood(self, state: Tensor) -> Tensor:
        """The log of P(answers | row), the reliabilities summed out, from the counts: ``(R, 4)`` → ``(R,)``."""

    @abstractmethod
    def beta(self, counts: Tensor) -> Tensor:
        """The posterior of the reliabilities given the row, as Beta parameters: ``(R, 4)`` → ``(R, 4)``.

        Columns: the two parameters of sensitivity, then those of the rate of yes where the truth is no.
        """

    @final
    def rates(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """P(next answer is yes | row, truth) for a true and for a false proposition, each ``(R,)``."""
        a, b, c, d = self.beta(counts).unbind(-1)
        return a / (a + b), c / (c + d)

    @final
    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return counts_of(rows, tallies)

    @final
    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        del state, before
        return counts_of(rows, after)

    @final
    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        del source, apart
        if_true, if_false = (rate[:, None] for rate in self.rates(heard.state))
        state = torch.zeros(len(questions), dtype=torch.int64, device=if_true.device)
        return Predictive(self.posterior(heard), if_true, if_false, state)

    @final
    def profile(self, heard: Heard) -> Profile:
        better = self.reliabilities(heard)[None].better_than_chance if self.learns else 1.0
        return Profile(better, 1 - better)

    @final
    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        beta, which = torch.unique(self.beta(heard.state), dim=0, return_inverse=True)
        weights = torch.zeros(len(beta), dtype=beta.dtype, device=beta.device)
        weights.index_add_(0, which, self.posterior(heard))
        return {None: Reliability(weights.cpu().numpy(), beta.cpu().numpy())}


@dataclass(frozen=True)
class Fixed(CountChannel):
    """A known error rate, the same for yes and no: the published method (arXiv 2605.27567).

    Raises:
        InvalidParameter: the error does not lie strictly between 0 and 1.
    """

    error: float = 0.1
    learns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 < self.error < 1:
            raise InvalidParameter(f"a channel's error lies strictly between 0 and 1, got {self.error}")

    def log_likelihood(self, state: Tensor) -> Tensor:
        right, wrong = math.log1p(-self.error), math.log(self.error)
        return state @ torch.tensor([right, wrong, wrong, right], dtype=state.dtype, device=state.device)

    def beta(self, counts: Tensor) -> Tensor:
        known = Reliability.known(1 - self.error, 1 - self.error).beta
        return torch.as_tensor(known, dtype=counts.dtype, device=counts.device).expand(len(counts), 4)


@dataclass(frozen=True)
class Learned(CountChannel):
    """Unknown reliability, learned with the graph: s ~ Beta, f ~ Beta, independent, summed out in closed form.

    The default prior prefers better than chance: without that, a truthful oracle and a consistent liar
    could not be told apart.

    Attributes:
        sensitivity: Beta parameters of P(yes | true).
        specificity: Beta parameters of P(no | false).

    Raises:
        InvalidParameter: a parameter is not greater than zero.
    """

    sensitivity: tuple[float, float] = (4.0, 1.0)
    specificity: tuple[float, float] = (4.0, 1.0)

    def __post_init__(self) -> None:
        check_beta(self.sensitivity, self.specificity)

    def _prior(self, counts: Tensor) -> Tensor:
        return torch.tensor([*self.sensitivity, *reversed(self.specificity)], dtype=counts.dtype, device=counts.device)

    @classmethod
    def from_counts(
        cls,
        if_true: tuple[float, float],
        if_false: tuple[float, float],
        *,
        prior: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.5), (0.5, 0.5)),
    ) -> Learned:
        """The channel that starts from what was counted on questions with known answers.

        Args:
            if_true: how often yes and how often no where the true answer is yes.  Answers that go together count for
                less than their number: give the number of independent ones that would tell as much.
            if_false: how often yes and how often no where it is no.
            prior: Beta parameters before the counts, of sensitivity and of specificity; by default Jeffreys'.

        Raises:
            InvalidParameter: a count below zero.

        Example:
            >>> Learned.from_counts((45, 5), (4, 36))
            Learned(sensitivity=(45.5, 5.5), specificity=(36.5, 4.5))
        """
        return cls(*beta_from_counts(if_true, if_false, prior))

    def log_likelihood(self, state: Tensor) -> Tensor:
        """Counts are whole numbers, and few of them differ: one table for all graphs, where there are more of them."""
        prior = self._prior(state)
        size = int(state.max()) + 1 if len(state) else 1
        if size**4 > min(_TABLE, len(state)) or bool(state.frac().any()):
            return _log_beta(state + prior) - _log_beta(prior)
        whole = torch.arange(size, dtype=state.dtype, device=state.device)
        table = _log_beta(torch.cartesian_prod(whole, whole, whole, whole) + prior) - _log_beta(prior)
        place = torch.tensor([size**3, size**2, size, 1], dtype=state.dtype, device=state.device)
        return table.index_select(0, (state @ place).to(torch.int64))

    def beta(self, counts: Tensor) -> Tensor:
        return counts + self._prior(counts)


def beta_from_counts(
    if_true: tuple[float, float],
    if_false: tuple[float, float],
    prior: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.5), (0.5, 0.5)),
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Beta parameters of sensitivity and of specificity, from how often yes and no where it is true, and false."""
    if not all(0 <= count < math.inf for count in (*if_true, *if_false)):
        raise InvalidParameter(f"counts of answers are not negative, got {if_true} and {if_false}")
    (a, b), (c, d) = prior
    return (a + if_true[0], b + if_true[1]), (c + if_false[1], d + if_false[0])


def check_beta(*pairs: tuple[float, float]) -> None:
    """Raises InvalidParameter unless all parameters are greater than zero."""
    if not all(0 < value < math.inf for pair in pairs for value in pair):
        raise InvalidParameter(f"Beta parameters must be greater than zero, got {', '.join(map(str, pairs))}")


def _log_beta(parameters: Tensor) -> Tensor:
    """The sum log B(a, b) + log B(c, d) along the last axis of length four."""
    a, b, c, d = parameters.unbind(-1)
    each = torch.lgamma(torch.stack([a, b, c, d])).sum(0)
    return each - torch.lgamma(a + b) - torch.lgamma(c + d)
