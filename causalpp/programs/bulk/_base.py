"""What programs compiled in bulk can do, whatever their mechanisms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp._bits import mask_of
from causalpp._renamed import old_attribute
from causalpp.columns import Columns
from causalpp.errors import InvalidParameter
from causalpp.graphs import DagBatch
from causalpp.programs.bulk._fits import Fits
from causalpp.scores import LocalScore

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BatchEffects", "Normals", "ProgramBatch", "whole"]


class BatchEffects(NamedTuple):
    """One effect for every candidate graph.

    Attributes:
        value: ``(N,)``; with parameter draws ``(K, N)``.
        standard_error: of the simulation, in the same shape; zero where the value is exact.
    """

    value: Tensor
    standard_error: Tensor


class Normals(NamedTuple):
    """A normal distribution for every candidate graph: ``mean`` and ``variance``, shape ``(N,)`` each."""

    mean: Tensor
    variance: Tensor


@dataclass(frozen=True, eq=False, repr=False)
class ProgramBatch(ABC):
    """N candidate graphs, all fitted to one frame; :func:`compile_batch` makes it.

    Attributes:
        dags: the graphs; tensors come out on their device.
        fits: the distinct pairs of a variable and its parents, each fitted once.
        chunk_bytes: about how much memory one step may take; the results do not depend on it.
        columns: the data.
    """

    dags: DagBatch
    fits: Fits
    chunk_bytes: int
    columns: Columns

    def __len__(self) -> int:
        return len(self.dags)

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"{kind}({len(self):,} graphs over {len(self.dags.nodes)} variables, {len(self.fits):,} local fits)"

    @abstractmethod
    def sample(self, n: int, do: Mapping[str, Any] | None = None, *, seed: int = 0) -> Tensor:
        """``n`` draws of every variable from every candidate, shape ``(N, n, d)``; all share their noise.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: a name, state or number that cannot be.
            TooLarge: more than 16 GiB; :meth:`interventional` keeps only what is asked.
        """

    @abstractmethod
    def interventional(
        self, outcome: Any, do: Mapping[str, Any] | None = None, *, samples: int | None = None, seed: int = 0
    ) -> Any:
        """The distribution of the outcome under ``do`` in every candidate."""

    @abstractmethod
    def ate(
        self,
        treatment: str,
        outcome: str,
        *,
        treated: Any = 1,
        control: Any = 0,
        state: Any = None,
        samples: int | None = None,
        parameter_draws: int | None = None,
        seed: int = 0,
    ) -> BatchEffects:
        """The average effect in every candidate: E[outcome | do(treated)] − E[outcome | do(control)]."""

    def log_marginal_likelihood(self, *, equivalent_sample_size: float | None = None) -> Tensor:
        """The logarithm of P(data | graph), parameters integrated out, shape ``(N,)``, double precision.

        Of tables, the sum of :class:`~causalpp.scores.BDeu` with this equivalent sample size, which gives the members
        of an equivalence class equal scores; left out, of :class:`~causalpp.scores.CooperHerskovits` with the prior of
        the fit, which does not.  Of real columns, the sum of :class:`~causalpp.scores.BGe`; the weight, left out 1, is
        of this score alone: a flat prior, as the regressions have, gives no marginal likelihood.

        Raises:
            InvalidParameter: the weight is not greater than zero; or columns of several kinds, whose generalised
                linear mechanisms have no marginal likelihood in closed form.
        """
        import torch

        fits = self.fits
        parents = [mask_of(row[:many]) for row, many in zip(fits.parents, fits.many, strict=True)]
        local = self._local_score(equivalent_sample_size).local_many(fits.variable.tolist(), parents)
        return torch.as_tensor(local[fits.of].sum(1), device=self.dags.device)

    log_marginal = old_attribute("log_marginal_likelihood")

    @abstractmethod
    def _local_score(self, equivalent_sample_size: float | None) -> LocalScore:
        """What a graph's marginal likelihood is the sum of."""

    @abstractmethod
    def drawn(self, seed: int | np.random.SeedSequence = 0) -> ProgramBatch:
        """The same candidates with parameters drawn from their posterior; equal local fits draw equal parameters."""

    def draws(self, k: int, *, seed: int = 0) -> Iterator[ProgramBatch]:
        """``k`` posterior draws of all parameters, each a batch of programs.

        Raises:
            InvalidParameter: ``k`` is not a whole number from 1 on.
        """
        k = whole("k, the number of parameter draws,", k, 1)
        streams = np.random.SeedSequence(whole("seed", seed, 0), spawn_key=(0,)).spawn(k)
        return (self.drawn(stream) for stream in streams)

    # --- for the kinds of batch -----------------------------------------------------------------------

    @cached_property
    def _adjacency(self) -> NDArray[np.bool_]:
        return np.asarray(self.dags.adjacency.cpu().numpy(), dtype=bool)

    def _pair(self, treatment: str, outcome: str) -> tuple[int, int]:
        at = self.dags.position(treatment), self.dags.position(outcome)
        if at[0] == at[1]:
            raise InvalidParameter(f"treatment and outcome are both {treatment!r}")
        return at

    def _stack(self, effects: Sequence[BatchEffects]) -> BatchEffects:
        return BatchEffects(torch.stack([e.value for e in effects]), torch.stack([e.standard_error for e in effects]))


def whole(what: str, value: Any, least: int) -> int:
    """The value, if it is a whole number from ``least`` on.

    Raises:
        InvalidParameter: it is not.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise InvalidParameter(f"{what} is a whole number from {least} on, got {value!r}")
    return int(value)
