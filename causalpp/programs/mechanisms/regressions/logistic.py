"""The multinomial logit: states whose log odds are linear in the parents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.programs.mechanisms.base import Shares, State
from causalpp.programs.mechanisms.checks import checked_states
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.mechanisms.noise.ranks import common_shape
from causalpp.programs.mechanisms.regressions.linear import Linear

__all__ = ["Logistic"]


@dataclass(frozen=True, eq=False, init=False)
class Logistic(Linear, Shares):
    """A discrete variable with log odds, of each state against the first, that are linear (multinomial logit).

    Attributes:
        states: the ``s`` states.
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(s − 1, p)``, or ``(p,)`` for two states: for each discrete parent one for each of its
            states but the first, then one for each real parent.
        intercept: shape ``(s − 1,)``.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite.

    Example:
        >>> disease = Logistic(("no", "yes"), ("sex", "age"), [0.5, 0.1], intercept=-6.0, sizes=(2,))
        >>> disease.distribution([torch.tensor([0, 1]), torch.tensor([60.0, 60.0])]).probs[:, 1]
        tensor([0.5000, 0.6225])
    """

    states: tuple[State, ...]
    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)

    def __init__(
        self,
        states: Iterable[State],
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = 0.0,
        intercept: ArrayLike = 0.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        object.__setattr__(self, "states", checked_states("a logistic variable", states))
        width = (len(self.states) - 1,)
        self._set(parents, sizes, law, width, coefficients=coefficients, intercept=intercept)

    def _logits(self, parents: Sequence[Tensor]) -> Tensor:
        return torch.nn.functional.pad(self._predictor(parents), (1, 0))

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        return dist.Categorical(logits=self._logits(parents).to(torch.get_default_dtype()))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        law = self._logits(parents).log_softmax(-1)
        shape = common_shape(value, law[..., 0])
        return law.expand(*shape, -1).gather(-1, value.expand(shape).unsqueeze(-1)).squeeze(-1)

    def _ends(self, parents: Sequence[Tensor]) -> Tensor:
        """Where each state's share of (0, 1) ends, without the last."""
        return self._logits(parents).softmax(-1).cumsum(-1)[..., :-1]

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return (noise.unsqueeze(-1) >= self._ends(parents)).sum(-1)

    def _tails(self, parents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The logs of what lies below and above the end of each state's share, without the last."""
        law = self._logits(parents).log_softmax(-1)
        return law.logcumsumexp(-1)[..., :-1], law.flip(-1).logcumsumexp(-1).flip(-1)[..., 1:]

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        below, above = self._tails(parents)
        return ranks.cell_of(log_odds, below - above)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        edges = torch.stack([side.exp() for side in self._tails(parents)]).detach()
        return ranks.within_cells(edges, value.expand(fresh.shape), fresh)

    def edges(self) -> NDArray[np.float64]:
        if len(self.sizes) < len(self.parents):
            raise self._not_exact()
        return ranks.from_shares(self.table(self.sizes)).reshape(2, -1)

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:
        if len(self.sizes) < len(self.parents):
            return super().table(sizes)
        grid = np.indices(tuple(sizes)).reshape(len(sizes), math.prod(sizes))
        laws = self._logits([torch.tensor(codes) for codes in grid]).softmax(-1)
        return laws.detach().numpy().reshape(*sizes, len(self.states))

    def code(self, parents: Sequence[str]) -> list[str] | None:
        if len(self.sizes) == len(self.parents):
            return None  # a table says it
        equations = [self._equation(parents, (k,)) for k in range(len(self.states) - 1)]
        stacked = f"torch.stack([{', '.join(equations)}], dim=-1)"
        return ["Categorical", f"logits=torch.nn.functional.pad({stacked}, (1, 0))"]
