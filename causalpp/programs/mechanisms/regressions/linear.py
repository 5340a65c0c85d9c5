"""Generalised linear mechanisms: categories, counts and positive numbers from discrete and real parents.

All read the linear predictor η = intercept + Σ over discrete parents (coefficient of their state) + Σ over real
parents (coefficient · parent), where the first state of each discrete parent counts zero (dummy coding).  The noise
is uniform and goes through the inverse of the distribution function, so the equation is monotone in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import UNIFORM, Mechanism, State
from causalpp.programs.mechanisms.checks import ReadOnly, checked_parents, checked_states
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise import cells as _cells
from causalpp.programs.mechanisms.noise import ranks as _ranks
from causalpp.programs.mechanisms.noise import tails as _tails
from causalpp.programs.mechanisms.noise.counting import quantiles
from causalpp.programs.mechanisms.printing import number, numbers

if TYPE_CHECKING:
    import pyro.distributions as dist

__all__ = ["Gamma", "Logistic", "Poisson"]

_INSIDE = 1e-300, 1 - 2.0**-53  # noise is kept off 0 and 1, where a quantile would be no value of the law
_FAR = 5.0  # log odds of noise from which on it is carried by its tails
_G = TypeVar("_G", bound="_Linear")


def _why(name: str, sizes: tuple[int, ...]) -> str:
    """What a number of coefficients follows from."""
    if name != "coefficients":
        return ""
    return f": one for each state but the first of discrete parents (sizes={sizes}), and one for each real parent"


class _Linear(ReadOnly, Mechanism):
    """What generalised linear mechanisms share: the linear predictor, its parameters, and their law."""

    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None
    noise = UNIFORM

    def _set(self, parents: Any, sizes: Any, law: Law | None, width: tuple[int, ...], **numbers: ArrayLike) -> None:
        """Check and store the parents and the parameters; the predictor has ``width`` components."""
        put = object.__setattr__
        put(self, "parents", checked_parents(parents))
        put(self, "sizes", tuple(int(size) for size in sizes))
        put(self, "law", law)
        if len(self.sizes) > len(self.parents) or any(size < 1 for size in self.sizes):
            raise InvalidParameter(
                f"sizes are the numbers of states of the discrete parents, which come first; got {self.sizes} for "
                f"{len(self.parents)} parents"
            )
        shapes = {"coefficients": (*width, self._columns), "intercept": width}
        for name, given in numbers.items():
            try:
                value = np.array(given, dtype=float)
            except (TypeError, ValueError):
                raise InvalidParameter(f"{name} must be numbers, got {given!r}") from None
            shape = shapes.get(name, ())
            if value.ndim == 0 or (width == (1,) and value.shape == shape[1:]):
                value = np.broadcast_to(value, shape).copy()
            if value.shape != shape and not (name == "coefficients" and self._open(value, width)):
                raise InvalidParameter(f"{name} need shape {shape}, got {value.shape}{_why(name, self.sizes)}")
            if not np.isfinite(value).all():
                raise InvalidParameter(f"{name} must be finite numbers")
            value.flags.writeable = False
            put(self, name, value)

    @property
    def discrete(self) -> tuple[str, ...]:
        """The parents that are discrete."""
        return self.parents[: len(self.sizes)]

    def _open(self, value: NDArray[np.float64], width: tuple[int, ...]) -> bool:
        """Whether coefficients may fit once the parents' states are known, since sizes were left out."""
        return (
            not self.sizes
            and value.shape[:-1] in (width, () if width == (1,) else width)
            and value.shape[-1] > len(self.parents)
        )

    def for_parents(self: _G, name: str, states: Sequence[tuple[State, ...] | None]) -> _G:
        sizes = tuple(len(known) for known in states if known is not None)
        if sizes and not self.sizes and None not in states[: len(sizes)]:
            try:
                return replace(self, sizes=sizes)  # type: ignore[type-var]
            except InvalidParameter as error:
                parts = ", ".join(
                    f"{parent!r} has {len(known)} states, each but the first with its own"
                    for parent, known in zip(self.parents, states, strict=True)
                    if known is not None
                )
                raise InvalidParameter(f"the mechanism of {name!r}: {error} ({parts})") from None
        self.check_parents(name, states)
        if self.coefficients.shape[-1] != self._columns:
            raise InvalidParameter(
                f"the mechanism of {name!r} has {self.coefficients.shape[-1]} coefficients, and its parents "
                f"{list(self.parents)} are real numbers, each with one"
            )
        return self

    @property
    def _columns(self) -> int:
        """How many coefficients the parents have, of each component."""
        return sum(size - 1 for size in self.sizes) + len(self.parents) - len(self.sizes)

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:
        sizes = tuple(len(known) for known in states if known is not None)
        if sizes != self.sizes or any(known is None for known in states[: len(sizes)]):
            raise InvalidParameter(
                f"the mechanism of {name!r} is for discrete parents of sizes {self.sizes}, which come first; its "
                f"parents {list(self.parents)} have the states {list(states)}"
            )

    @cached_property
    def _tensors(self) -> dict[str, Tensor]:
        return {name: torch.tensor(getattr(self, name), dtype=torch.float64) for name in self._names}

    @property
    def _names(self) -> tuple[str, ...]:
        return ("coefficients", "intercept")

    def _terms(self) -> list[slice]:
        """Which coefficients belong to each parent."""
        out, start = [], 0
        if self.coefficients.shape[-1] != self._columns:
            raise InvalidParameter(
                f"the number of states of {', '.join(map(repr, self.parents))} is not known before a program is "
                "compiled: say sizes="
            )
        for width in (*(size - 1 for size in self.sizes), *[1] * (len(self.parents) - len(self.sizes))):
            out.append(slice(start, start + width))
            start += width
        return out

    def _predictor(self, parents: Sequence[Tensor]) -> Tensor:
        """η, of the parents' common shape and then the predictor's own."""
        slopes, eta = self._tensors["coefficients"], self._tensors["intercept"]
        own = eta.ndim
        for place, (parent, columns) in enumerate(zip(parents, self._terms(), strict=True)):
            part = slopes[..., columns]
            if place < len(self.sizes):
                table = torch.nn.functional.pad(part, (1, 0)).movedim(-1, 0)
                eta = eta + table[parent.to(torch.int64)]
            else:
                eta = eta + part[..., 0] * parent[(...,) + (None,) * own]
        return eta

    def _equation(self, names: Sequence[str], component: tuple[int, ...]) -> str:
        """One component of η as Python text."""
        terms = [number(float(self.intercept[component]))]
        for place, (name, columns) in enumerate(zip(names, self._terms(), strict=True)):
            part = self.coefficients[component][columns]
            if place < len(self.sizes):
                terms.append(f"torch.tensor({numbers(np.concatenate([[0.0], part]))})[{name}]")
            else:
                terms.append(f"{number(float(part[0]))} * {name}")
        return " + ".join(terms).replace("+ -", "- ")

    @property
    def parameters(self) -> dict[str, Tensor]:
        return dict(self._tensors)

    def with_parameters(self: _G, parameters: Mapping[str, Tensor]) -> _G:
        """The mechanism with other numbers; gradients flow from them to what is computed by Pyro."""
        tensors = {name: parameters[name] for name in self._names}
        plain: dict[str, Any] = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        new = replace(self, **plain, law=None)  # type: ignore[type-var]
        new.__dict__["_tensors"] = tensors
        return new

    def drawn(self: _G, draw: np.random.Generator) -> _G:
        if self.law is None:
            return self
        return self.with_parameters({name: torch.as_tensor(value) for name, value in self.law.draw(draw).items()})


@dataclass(frozen=True, eq=False, init=False)
class Logistic(_Linear):
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
        import pyro.distributions as dist

        return dist.Categorical(logits=self._logits(parents).to(torch.get_default_dtype()))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        law = self._logits(parents).log_softmax(-1)
        shape = _cells.common_shape(value, law[..., 0])
        return law.expand(*shape, -1).gather(-1, value.expand(shape).unsqueeze(-1)).squeeze(-1)

    def _ends(self, parents: Sequence[Tensor]) -> Tensor:
        """Where each state's share of (0, 1) ends, without the last."""
        return self._logits(parents).softmax(-1).cumsum(-1)[..., :-1]

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return (noise.unsqueeze(-1) >= self._ends(parents)).sum(-1)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        ends = torch.nn.functional.pad(self._ends(parents), (1, 0))
        ends = torch.nn.functional.pad(ends, (0, 1), value=1.0).expand(*fresh.shape, -1)
        place = value.expand(fresh.shape).unsqueeze(-1)
        low, high = ends.gather(-1, place).squeeze(-1), ends.gather(-1, place + 1).squeeze(-1)
        return low + fresh * (high - low)

    def _tails(self, parents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The logs of what lies below and above the end of each state's share, without the last."""
        law = self._logits(parents).log_softmax(-1)
        return law.logcumsumexp(-1)[..., :-1], law.flip(-1).logcumsumexp(-1).flip(-1)[..., 1:]

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        below, above = self._tails(parents)
        return _ranks.cell_of(log_odds, below - above)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        edges = torch.stack([side.exp() for side in self._tails(parents)]).detach()
        return _ranks.within_cells(edges, value.expand(fresh.shape), fresh)

    def edges(self) -> NDArray[np.float64]:
        if len(self.sizes) < len(self.parents):
            return super().edges()
        return _ranks.from_shares(self.table(self.sizes)).reshape(2, -1)

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:
        if len(self.sizes) < len(self.parents):
            return super().table(sizes)
        grid = np.array(list(product(*map(range, sizes))), dtype=np.int64).reshape(-1, len(sizes))
        laws = self._logits([torch.tensor(grid[:, k]) for k in range(len(sizes))]).softmax(-1)
        return laws.detach().numpy().reshape(*sizes, len(self.states))

    def cells(self) -> NDArray[np.float64]:
        if len(self.sizes) < len(self.parents):
            return super().cells()
        inner = np.cumsum(self.table(self.sizes), axis=-1)[..., :-1].ravel()
        return np.unique(np.concatenate([inner[(inner > 0) & (inner < 1)], [1.0]]))

    def code(self, parents: Sequence[str]) -> list[str] | None:
        if len(self.sizes) == len(self.parents):
            return None  # a table says it
        equations = [self._equation(parents, (k,)) for k in range(len(self.states) - 1)]
        stacked = f"torch.stack([{', '.join(equations)}], dim=-1)"
        return ["Categorical", f"logits=torch.nn.functional.pad({stacked}, (1, 0))"]


class _Ranked(_Linear):
    """A number that comes of its noise by the inverse of its distribution function, which SciPy knows."""

    states = None

    def _of(self, eta: Tensor) -> Any:
        """The law at linear predictors, as a frozen SciPy distribution."""
        raise NotImplementedError

    def _law(self, parents: Sequence[Tensor]) -> Any:
        return self._of(self._predictor(parents).detach())

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        raise NotImplementedError

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        return self._distribution(parents, torch.get_default_dtype())

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        out: Tensor = self._distribution(parents, torch.float64).log_prob(value.to(torch.float64))
        return out

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        eta = self._predictor(parents).detach()
        shape = _cells.common_shape(noise, eta)
        value = self._quantiles(eta.expand(shape).reshape(-1), noise.expand(shape).reshape(-1).numpy().clip(*_INSIDE))
        return torch.as_tensor(value).reshape(shape).to(noise.dtype)

    def _quantiles(self, eta: Tensor, rank: NDArray[np.float64]) -> NDArray[np.float64]:
        """The quantiles at ranks inside (0, 1), shape ``(n,)``, as are the linear predictors."""
        return np.asarray(self._of(eta).ppf(rank))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log P(at most a value) and log P(more than it)."""
        return np.asarray(law.logcdf(value)), np.asarray(law.logsf(value))

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles out in the tails, for ranks given by the logs of what lies below and above, shape ``(n,)``."""
        raise NotImplementedError

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        eta = self._predictor(parents).detach()
        shape = _cells.common_shape(log_odds, eta)
        rank, eta = log_odds.expand(shape).reshape(-1).to(torch.float64), eta.expand(shape).reshape(-1)
        out = self._quantiles(eta, torch.sigmoid(rank).numpy().clip(*_INSIDE))
        far = (rank.abs() > _FAR).numpy()
        if far.any():
            sides = (torch.nn.functional.logsigmoid(sign * rank[far]).numpy() for sign in (1, -1))
            out[far] = self._far(self._of(eta[far]), *sides)
        return torch.as_tensor(out).reshape(shape).to(log_odds.dtype)


@dataclass(frozen=True, eq=False, init=False)
class Poisson(_Ranked):
    """A count with Poisson law of mean exp(η).  Programs treat it as a number: 0.0, 1.0, 2.0, ….

    Attributes:
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(p,)``, as for :class:`Logistic`.
        intercept: a number.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite.

    Example:
        >>> visits = Poisson(("age",), [0.02], intercept=0.1)
        >>> visits.assign(torch.tensor([0.1, 0.5, 0.9]), [torch.tensor(50.0)])
        tensor([1., 3., 5.])
    """

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)

    def __init__(
        self,
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = 0.0,
        intercept: ArrayLike = 0.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        self._set(parents, sizes, law, (), coefficients=coefficients, intercept=intercept)

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        import pyro.distributions as dist

        return dist.Poisson(self._predictor(parents).exp().to(kind))

    def _of(self, eta: Tensor) -> Any:
        from scipy import stats

        return stats.poisson(eta.exp().numpy())

    def _quantiles(self, eta: Tensor, rank: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = eta.exp().numpy()
        return quantiles(lambda at: self._of(eta[at]), rank, np.exp(-mean), lambda k, at: mean[at] / (k + 1))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        (mean,) = law.args
        below = np.where(value < 0, -np.inf, _tails.log_upper_gamma(np.maximum(value, 0) + 1, mean))
        return below, np.where(value < 0, 0.0, _tails.log_lower_gamma(np.maximum(value, 0) + 1, mean))

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        (mean,) = law.args
        return _tails.count_quantile(log_below, log_above, lambda count: self._tails(law, count), mean, np.sqrt(mean))

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        law, count = self._law(parents), value.numpy()
        low, high = (torch.as_tensor(np.asarray(law.cdf(c))) for c in (count - 1, count))
        # A quantile is the first count whose distribution function reaches the noise: keep off the interval's ends.
        return low + (0.5 + (fresh - 0.5) * (1 - 1e-9)) * (high - low)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        law, count = self._law(parents), value.numpy().astype(float)
        below, at = self._tails(law, count - 1), self._tails(law, count)
        low, high = ((torch.as_tensor(a), torch.as_tensor(b)) for a, b in (below, at))
        return _ranks.between(low, high, fresh.to(torch.float64), torch.as_tensor(np.asarray(law.logpmf(count))))

    def code(self, parents: Sequence[str]) -> list[str]:
        return ["dist.Poisson", f"torch.exp(torch.as_tensor({self._equation(parents, ())}))"]


@dataclass(frozen=True, eq=False, init=False)
class Gamma(_Ranked):
    """A positive number with gamma law of mean exp(η) and a constant coefficient of variation, 1/√shape.

    Attributes:
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(p,)``, as for :class:`Logistic`.
        intercept: a number.
        shape: the law's shape, greater than zero.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite, a shape that is not positive.

    Example:
        >>> cost = Gamma(("age",), [0.01], intercept=2.0, shape=4.0)
        >>> cost.distribution([torch.tensor(50.0)]).mean
        tensor(12.1825)
    """

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    shape: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)

    def __init__(
        self,
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = 0.0,
        intercept: ArrayLike = 0.0,
        shape: ArrayLike = 1.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        self._set(parents, sizes, law, (), coefficients=coefficients, intercept=intercept, shape=shape)
        if not self.shape > 0:
            raise InvalidParameter(f"the shape of a gamma law is greater than zero, got {self.shape}")

    @property
    def _names(self) -> tuple[str, ...]:
        return ("coefficients", "intercept", "shape")

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        import pyro.distributions as dist

        shape = self._tensors["shape"]
        return dist.Gamma(shape.to(kind), (shape * (-self._predictor(parents)).exp()).to(kind))

    def _of(self, eta: Tensor) -> Any:
        from scipy import stats

        return stats.gamma(float(self.shape), scale=eta.exp().numpy() / float(self.shape))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = value / law.kwds["scale"]
        return _tails.log_lower_gamma(law.args[0], x), _tails.log_upper_gamma(law.args[0], x)

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(_tails.gamma_quantile(law.args[0], log_below, log_above) * law.kwds["scale"])

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return torch.as_tensor(np.asarray(self._law(parents).cdf(value.numpy()))).expand(fresh.shape)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        below, above = self._tails(self._law(parents), value.numpy().astype(float))
        return torch.as_tensor(below - above).expand(fresh.shape)

    def code(self, parents: Sequence[str]) -> list[str]:
        shape = number(float(self.shape))
        return ["dist.Gamma", shape, f"{shape} * torch.exp(-torch.as_tensor({self._equation(parents, ())}))"]
