"""Mechanisms of discrete variables with discrete parents: probability tables, and functions of finite noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike, NDArray
from pyro.ops.indexing import Vindex
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import Shares, State
from causalpp.programs.mechanisms.checks import ReadOnly, checked_parents, checked_states
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.mechanisms.parametric import numeric

__all__ = ["Response", "Table"]

_ROUNDING = 1e-3  # published tables carry rounding of this size in a row's sum


class _Finite(ReadOnly, Shares):
    """A discrete mechanism whose parents are discrete: everything follows from its table."""

    @property
    def _table(self) -> NDArray[np.float64]:
        raise NotImplementedError

    @cached_property
    def _tensor(self) -> Tensor:
        return torch.tensor(self._table, dtype=torch.get_default_dtype())

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        rows = Vindex(self._tensor)[(*parents, slice(None))] if parents else self._tensor
        return dist.Categorical(rows)

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return self._log_table[(*parents, value)]

    @cached_property
    def _log_table(self) -> Tensor:
        return torch.tensor(self._table).log()

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:  # noqa: ARG002  # it knows them
        return self._table

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:
        for parent, known in zip(self.parents, states, strict=True):
            if known is None:
                raise InvalidParameter(
                    f"the table of {name!r} has the parent {parent!r}, which is a real number: tables need discrete "
                    "parents, use a mechanism such as Logistic"
                )
        sizes, shape = tuple(len(known or ()) for known in states), self._sizes
        if shape != sizes:
            raise InvalidParameter(f"the table of {name!r} has rows of shape {shape}, its parents' states are {sizes}")

    @property
    def _sizes(self) -> tuple[int, ...]:
        """How many states each parent has."""
        return self._table.shape[:-1]

    def _row(self, parents: Sequence[Tensor]) -> Tensor | int:
        """The number of the row that the parents select, counting rows in the order of memory."""
        row: Tensor | int = 0
        for codes, size in zip(parents, self._table.shape, strict=False):
            row = row * size + codes
        return row


@dataclass(frozen=True, eq=False, init=False)
class Table(_Finite):
    """A conditional probability table.

    As an equation: states in their order share the interval (0, 1) out among themselves, and the uniform noise
    falls into one share.  (A table does not determine its equation; :class:`Response` states another one.)

    Attributes:
        states: the variable's states.
        parents: the parents, in the order of the table's axes.
        probabilities: shape ``(card(parent 1), …, card(parent k), card(variable))``; rows sum to one.
        concentration: parameters of the Dirichlet posterior of each row, of the same shape; None if the
            probabilities are known.
        undefined: rows that say nothing, by the numbers of the parents' states, and where that is said, such as
            ``"line 8"``.  A program refuses a table of which such a row can be reached; in ``probabilities`` they
            are uniform.

    Raises:
        InvalidParameter: wrong number of axes or states, negative or missing numbers, or a row that does not
            sum to one (to 0.001: published tables are rounded; they are normalised here).

    Example:
        >>> lung = Table(("yes", "no"), ("smoke",), np.array([[0.1, 0.9], [0.01, 0.99]]))
        >>> lung.assign(torch.tensor([0.05, 0.05]), [torch.tensor([0, 1])])
        tensor([0, 1])
    """

    states: tuple[State, ...]
    parents: tuple[str, ...]
    probabilities: NDArray[np.float64]
    concentration: NDArray[np.float64] | None = field(default=None, repr=False)
    undefined: Mapping[tuple[int, ...], str] = field(default_factory=dict, repr=False)

    def __init__(
        self,
        states: Iterable[State],
        parents: str | Iterable[str],
        probabilities: ArrayLike,
        concentration: ArrayLike | None = None,
        undefined: Mapping[tuple[int, ...], str] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "undefined", dict(undefined or {}))
        put(self, "states", checked_states("a table's variable", states))
        put(self, "parents", checked_parents(parents))
        put(self, "probabilities", _normalised(probabilities, len(self.parents), len(self.states)))
        put(
            self, "concentration", None if concentration is None else _positive(concentration, self.probabilities.shape)
        )

    @classmethod
    def from_concentration(
        cls, states: Sequence[State], parents: Sequence[str], concentration: NDArray[np.float64]
    ) -> Table:
        """A table whose rows are known up to a Dirichlet law; its probabilities are the means.

        >>> Table.from_concentration(("no", "yes"), (), np.array([3.0, 1.0])).probabilities
        array([0.75, 0.25])
        """
        counts = _positive(concentration)
        return cls(states, parents, counts / counts.sum(-1, keepdims=True), counts)

    @property
    def _table(self) -> NDArray[np.float64]:
        return self.probabilities

    @cached_property
    def _cumulative(self) -> Tensor:
        """Where each state's share of (0, 1) ends, without the last: one row a configuration, one column a state."""
        shares = np.cumsum(self.probabilities, axis=-1)[..., :-1]
        return torch.tensor(shares.reshape(math.prod(shares.shape[:-1]), len(self.states) - 1))

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        row = self._row(parents)
        if len(self.states) == 2:
            return (noise >= self._cumulative[:, 0][row]).to(torch.int64)
        return (noise.unsqueeze(-1) >= self._cumulative[row]).sum(-1)

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        """Where shares end, from below and from above: ``(2, rows, states − 1)``."""
        return ranks.from_shares(self.probabilities.reshape(-1, len(self.states)))

    @cached_property
    def _odds(self) -> Tensor:
        return torch.tensor(ranks.log_odds(self._edges))

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return ranks.cell_of(log_odds, self._odds[self._row(parents)])

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        edges = torch.tensor(self._edges)[:, self._row(parents)]
        return ranks.within_cells(edges, value.expand(fresh.shape), fresh)

    def edges(self) -> NDArray[np.float64]:
        return self._edges.reshape(2, -1)

    @property
    def parameters(self) -> dict[str, Tensor]:
        return {"probabilities": self._tensor}

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> Table:
        """The table with other probabilities; gradients flow from them to what is computed by Pyro."""
        tensor = parameters["probabilities"]
        new = replace(self, probabilities=tensor.detach().cpu().numpy(), concentration=None)
        new.__dict__["_tensor"] = tensor
        return new

    def drawn(self, draw: np.random.Generator) -> Table:
        if self.concentration is None:
            return self
        shares = draw.standard_gamma(self.concentration) + 1e-300
        return Table(self.states, self.parents, shares / shares.sum(-1, keepdims=True))


@dataclass(frozen=True, eq=False, init=False)
class Response(_Finite):
    """A function of the parents and of finitely many values of noise: a structural equation written out.

    Attributes:
        states: the variable's states.
        parents: the parents, in the order of the axes.
        weights: the probability of each value of the noise, shape ``(m,)``.
        outcomes: the number of the state for every configuration of the parents and value of the noise, shape
            ``(card(parent 1), …, card(parent k), m)``.

    Raises:
        InvalidParameter: shapes that do not fit, weights that do not sum to one, numbers of no state.

    Example:
        A light that usually follows its switch, and sometimes its opposite (the noise decides which):

        >>> light = Response(("off", "on"), ("switch",), [0.9, 0.1], [[0, 1], [1, 0]])
        >>> light.table(sizes=(2,))
        array([[0.9, 0.1],
               [0.1, 0.9]])
    """

    states: tuple[State, ...]
    parents: tuple[str, ...]
    weights: NDArray[np.float64]
    outcomes: NDArray[np.int64]

    def __init__(
        self, states: Iterable[State], parents: str | Iterable[str], weights: ArrayLike, outcomes: ArrayLike
    ) -> None:
        put = object.__setattr__
        put(self, "states", checked_states("a response's variable", states))
        put(self, "parents", checked_parents(parents))
        put(self, "weights", _normalised(weights, 0, None))
        given = numeric("outcomes", outcomes)
        if given.ndim != len(self.parents) + 1 or given.shape[-1] != len(self.weights):
            raise InvalidParameter(
                f"outcomes need an axis for each of the {len(self.parents)} parents and one of length "
                f"{len(self.weights)} for the noise, got shape {given.shape}"
            )
        known = np.isin(given, np.arange(len(self.states)))
        if not known.all():
            raise InvalidParameter(f"outcomes are numbers of states, 0 to {len(self.states) - 1}")
        numbers = given.astype(np.int64)
        numbers.flags.writeable = False
        put(self, "outcomes", numbers)

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        one_hot = self.outcomes[..., None] == np.arange(len(self.states))
        out = np.asarray(np.einsum("...ms,m->...s", one_hot, self.weights))
        out.flags.writeable = False
        return out

    @cached_property
    def _rows(self) -> Tensor:
        return torch.tensor(self.outcomes.reshape(-1, len(self.weights)))

    @cached_property
    def _ends(self) -> Tensor:
        ends = torch.tensor(np.cumsum(self.weights))
        ends[-1] = 1.0
        return ends

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        cell = torch.bucketize(noise.contiguous(), self._ends, right=True).clamp(max=len(self.weights) - 1)
        return self._rows[self._row(parents), cell]

    @cached_property
    def _odds(self) -> Tensor:
        return torch.tensor(ranks.log_odds(self.edges()))

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return self._rows[self._row(parents), ranks.cell_of(log_odds, self._odds)]

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return ranks.abduct(self, value, parents, fresh)

    def edges(self) -> NDArray[np.float64]:
        return ranks.from_shares(self.weights)


def _positive(concentration: ArrayLike, shape: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """Parameters of Dirichlet laws, read-only."""
    try:
        out = np.array(concentration, dtype=float)
    except (TypeError, ValueError):
        raise InvalidParameter(f"a table's concentration holds numbers, got {concentration!r}") from None
    wanted = shape is None or out.shape == shape
    if not wanted or not out.ndim or not out.size or not np.isfinite(out).all() or not (out > 0).all():
        of = "" if shape is None else f" and of shape {shape}"
        raise InvalidParameter(f"a table's concentration is positive and finite{of}, got shape {out.shape}")
    out.flags.writeable = False
    return out


def _normalised(table: Any, parents: int, states: int | None) -> NDArray[np.float64]:
    """A table of probabilities of which every row sums to one, read-only."""
    out = numeric("a table's probabilities", table)
    if out.ndim != parents + 1 or not out.size or (states is not None and out.shape[-1] != states):
        raise InvalidParameter(
            f"a table with {parents} parents and {states or 'some'} states needs shape "
            f"({', '.join(['…'] * parents + [str(states or '…')])}{'' if parents else ','}), got {out.shape}"
        )
    if (out < 0).any():
        raise InvalidParameter("a table holds probabilities: numbers that are not negative")
    sums = out.sum(-1, keepdims=True)
    if (abs(sums - 1) > _ROUNDING).any():
        worst = np.unravel_index(int(abs(sums - 1).argmax()), sums.shape)[:-1]
        raise InvalidParameter(
            f"row {tuple(map(int, worst))} of the table sums to {float(sums[worst].item()):.4g}, not to one"
        )
    out /= sums
    out.flags.writeable = False
    return out
