"""What programs compiled in bulk can do, whatever their mechanisms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._bits import mask_of
from causalpp._renamed import old_attribute
from causalpp.columns import Columns
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.programs.bulk._fits import Fits
from causalpp.programs.checks import whole
from causalpp.programs.contrast import Contrast
from causalpp.scores import LocalScore

__all__ = ["BatchEffects", "Normals", "ProgramBatch"]

_MOST_BYTES = 1 << 34


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

    def sample(self, n: int, do: Mapping[str, Any] | None = None, *, seed: int = 0) -> Tensor:
        """``n`` draws of every variable from every candidate, shape ``(N, n, d)``.

        All candidates, and runs with another ``do``, share the noise of each variable.

        Returns:
            Numbers of states, int8, where all variables have states; double precision otherwise.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: a name, state or number that cannot be.
            TooLarge: more than 16 GiB; :meth:`interventional` keeps only what is asked.

        Example:
            >>> import pandas as pd
            >>> from causalpp.graphs.random import all_dags
            >>> from causalpp.programs.bulk import compile_batch
            >>> frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 0]})
            >>> compile_batch(all_dags(["a", "b"]), frame).sample(1000, do={"a": 1}).shape
            torch.Size([3, 1000, 2])
        """
        n, seed, values = whole("n, the number of draws,", n, 0), whole("seed", seed, 0), self._set(do)
        d = len(self.dags.nodes)
        if self._bytes * len(self) * n * d > _MOST_BYTES:
            raise TooLarge(
                f"{len(self):,} graphs × {n:,} draws × {d} variables are more than 16 GiB: ask for fewer, or for "
                "interventional(), which keeps only what is asked"
            )
        return self._sampled(n, values, seed)

    def interventional(
        self,
        outcome: str | Sequence[str],
        do: Mapping[str, Any] | None = None,
        *,
        samples: int | None = None,
        seed: int = 0,
    ) -> Any:
        """The distribution of the outcome under ``do`` in every candidate.

        Args:
            outcome: a variable; or several, for a dict variable → distribution of each by itself.
            do: variable → state or number.
            samples: simulate so many rows a candidate; left out, the distribution is exact where there is a way.
                Linear-Gaussian candidates are exact always.
            seed: of the simulation.

        Returns:
            For an outcome with states their probabilities, double precision of shape ``(N, states)``; for a number its
            mean and variance, :class:`Normals` of shape ``(N,)`` (in a :class:`MixedBatch` its law need not be normal).

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: a name, state or number that cannot be.
            TooLarge: exact, and the outcomes and what leads to them have more than 65,536 joint states.

        Example:
            >>> import pandas as pd
            >>> from causalpp import DagBatch
            >>> from causalpp.programs.bulk import compile_batch
            >>> both = DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
            >>> frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 0]})
            >>> compile_batch(both, frame).interventional("b", {"a": 0})
            tensor([[0.7500, 0.2500],
                    [0.6667, 0.3333]], dtype=torch.float64)
            >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.5], "b": [1.0, 3.5, 4.5, 7.0, 9.0]})
            >>> compile_batch(both, frame).interventional("b", {"a": 2.0}).mean.round(decimals=6).tolist()
            [4.82377, 5.0]
        """
        names = [outcome] if isinstance(outcome, str) else list(outcome)
        wanted, values = [self.dags.position(name) for name in names], self._set(do)
        if not wanted:
            raise InvalidParameter("interventional() needs an outcome")
        seed = whole("seed", seed, 0)
        found = self._laws(wanted, values, None if samples is None else whole("samples", samples, 1), seed)
        return found[0] if isinstance(outcome, str) else dict(zip(names, found, strict=True))

    def ate(
        self,
        contrast: Contrast | str | None = None,
        outcome: str | None = None,
        *,
        treatment: str | None = None,
        treated: Any = None,
        control: Any = None,
        state: Any = None,
        samples: int | None = None,
        parameter_draws: int | None = None,
        seed: int = 0,
    ) -> BatchEffects:
        """The average effect in every candidate: E[outcome | do(treated)] − E[outcome | do(control)].

        Args:
            contrast: what is compared, a :class:`~causalpp.Contrast`; or its words, ``treatment`` and ``outcome`` in
                this order or by name, ``treated=``, ``control=`` and ``state=``.  What is left out of the last three
                follows from the states as there; a number is set to 1 against 0, and so is a treatment of more than
                two states that has both.
            samples: simulate so many rows a candidate and side, which share their noise; left out, it is exact where
                there is a way.  Linear-Gaussian candidates are exact always.
            parameter_draws: K draws of the parameters from their posterior instead of the posterior means, so
                that the spread over them is what the data leave open.
            seed: of simulation and draws.

        Returns:
            Values and standard errors of the simulation, ``(N,)`` each, or ``(K, N)``.

        Raises:
            UnknownVariable, UnknownState: a name or state that is not there.
            InvalidParameter: treatment and outcome are the same, or treated and control; the states to compare are not
                evident; ``state`` is given for a number; both a contrast and its words are given.
            TooLarge: see :meth:`interventional`.

        Example:
            >>> from causalpp import Contrast, DagBatch, load_network
            >>> from causalpp.programs.bulk import compile_batch
            >>> rows = load_network("asia").simulate(2000, seed=1)[["smoke", "bronc"]]
            >>> both = DagBatch(["smoke", "bronc"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
            >>> compile_batch(both, rows).ate(Contrast("smoke", "bronc")).value.round(decimals=3).tolist()
            [0.276, 0.0]
        """
        said = Contrast.of(contrast, outcome, treatment=treatment, treated=treated, control=control, state=state)
        asked = self._asked(self._said_in_full(said))
        seed = whole("seed", seed, 0)
        samples = None if samples is None else whole("samples", samples, 2)
        if parameter_draws is None:
            return self._effect(asked, samples, seed)
        if samples is None and not self._simulates:
            _, value = self.effects(said, draws=whole("the number of parameter draws", parameter_draws, 1), seed=seed)
            exact = torch.from_numpy(value).to(self.dags.device)
            return BatchEffects(exact, torch.zeros_like(exact))
        found = [batch._effect(asked, samples, seed) for batch in self.draws(parameter_draws, seed=seed)]
        return BatchEffects(*map(torch.stack, zip(*found, strict=True)))

    def effects(
        self, contrast: Contrast, *, fixing: Mapping[str, Any] | None = None, draws: int = 0, seed: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The average effect in every candidate, exact, at the posterior means and under draws of the parameters.

        All draws are looked at together: each variable is summed out once for all of them, and for all candidates that
        are alike in what has been summed out before.

        Args:
            contrast: what is compared.
            fixing: what else is set, so that it is the controlled direct effect.
            draws: K, of the parameters from their posterior.
            seed: of the draws, which are those of :meth:`draws`.

        Returns:
            The effects at the posterior means, ``(N,)``, and under each draw, ``(K, N)``.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: see :meth:`ate`.
            TooLarge: more than 65,536 joint states would be there at one time.

        Example:
            >>> from causalpp import Contrast, DagBatch, load_network
            >>> from causalpp.programs.bulk import compile_batch
            >>> rows = load_network("asia").simulate(2000, seed=1)[["smoke", "bronc"]]
            >>> both = DagBatch(["smoke", "bronc"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
            >>> value, drawn = compile_batch(both, rows).effects(Contrast("smoke", "bronc"), draws=100)
            >>> value.round(3).tolist(), drawn.shape
            ([0.276, 0.0], (100, 2))
        """
        asked, fixed = self._asked(self._said_in_full(contrast)), self._set(fixing)
        for what in ("treatment", "outcome"):
            if getattr(contrast, what) in (fixing or {}):
                raise InvalidParameter(f"{getattr(contrast, what)!r} cannot be fixed: it is the {what}")
        draws = whole("draws", draws, 0)
        return self._effects_under_draws(asked, fixed, _sequence(seed, 0).spawn(draws))

    def _said_in_full(self, contrast: Contrast) -> Contrast:
        """The contrast with nothing left open."""
        for name in (contrast.treatment, contrast.outcome):
            self.dags.position(name)
        states = self.columns[contrast.treatment].states
        if states is None or (len(states) > 2 and {0, 1} <= set(states)):
            treated = 1 if contrast.treated is None else contrast.treated
            contrast = replace(contrast, treated=treated, control=0 if contrast.control is None else contrast.control)
        return contrast.among(states, self.columns[contrast.outcome].states)

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
        fits = self.fits
        parents = [mask_of(row[:many]) for row, many in zip(fits.parents, fits.many, strict=True)]
        local = self._local_score(equivalent_sample_size).local_many(fits.variable.tolist(), parents)
        return torch.as_tensor(local[fits.of].sum(1), device=self.dags.device)

    log_marginal = old_attribute("log_marginal_likelihood")

    @abstractmethod
    def _local_score(self, equivalent_sample_size: float | None) -> LocalScore:
        """What a graph's marginal likelihood is the sum of."""

    def drawn(self, seed: int | np.random.SeedSequence = 0) -> Self:
        """The same candidates with parameters drawn from their posterior.

        Equal local fits draw equal parameters, and the same seed gives the same ones.
        """
        return self._drawn(seed if isinstance(seed, np.random.SeedSequence) else _sequence(seed))

    def draws(self, k: int, *, seed: int = 0) -> Iterator[Self]:
        """``k`` posterior draws of all parameters, each a batch of programs.

        Raises:
            InvalidParameter: ``k`` is not a whole number from 1 on.
        """
        k = whole("k, the number of parameter draws,", k, 1)
        return (self.drawn(stream) for stream in _sequence(seed, 0).spawn(k))

    # --- for the kinds of batch -----------------------------------------------------------------------

    @cached_property
    def _adjacency(self) -> NDArray[np.bool_]:
        return np.asarray(self.dags.adjacency.cpu().numpy(), dtype=bool)

    _bytes: ClassVar[int] = 8  # of a drawn value

    @abstractmethod
    def _set(self, do: Mapping[str, Any] | None) -> dict[int, Any]:
        """What is set: variable → number of the state, or number."""

    @abstractmethod
    def _sampled(self, n: int, values: Mapping[int, Any], seed: int) -> Tensor:
        """See :meth:`sample`."""

    @abstractmethod
    def _laws(self, wanted: Sequence[int], values: Mapping[int, Any], samples: int | None, seed: int) -> Sequence[Any]:
        """The law of each of some variables; see :meth:`interventional`."""

    @abstractmethod
    def _asked(self, contrast: Contrast) -> Any:
        """A contrast in which nothing is left open, as :meth:`_effect` takes it."""

    @abstractmethod
    def _effect(self, asked: Any, samples: int | None, seed: int) -> BatchEffects:
        """The effect in every candidate; see :meth:`ate`."""

    _simulates: ClassVar[bool] = False  # effects that are not exact

    @abstractmethod
    def _effects_under_draws(
        self, asked: Any, fixed: Mapping[int, Any], seeds: Sequence[np.random.SeedSequence]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See :meth:`effects`."""

    @abstractmethod
    def _drawn(self, seed: np.random.SeedSequence) -> Self:
        """See :meth:`drawn`."""


def _sequence(seed: Any, *spawn_key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(whole("seed", seed, 0), spawn_key=spawn_key)
