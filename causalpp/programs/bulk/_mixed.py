"""Candidate graphs whose columns are of several kinds, or counts: local fits shared, questions asked graph by graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.columns import Columns
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.programs.bulk._base import BatchEffects, Normals, ProgramBatch
from causalpp.programs.bulk._fits import Fits
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands import ate, cde
from causalpp.programs.mechanisms import Mechanism
from causalpp.programs.program import CausalProgram, check_complete
from causalpp.programs.report import Fit
from causalpp.scores import LocalScore

__all__ = ["MixedBatch", "fit_mixed"]

_ROWS = 100_000  # simulated where a distribution is not exact, as by the estimands


@dataclass(frozen=True, eq=False, repr=False)
class MixedBatch(ProgramBatch):
    """N candidate graphs with the mechanisms that :func:`~causalpp.programs.compile` gives each.

    What is not exact is simulated, 100,000 rows a graph unless ``samples=`` says otherwise.

    Attributes:
        mechanisms: one for each local fit, in the order of ``fits``.
        discrete: the variables with states; tensors hold the numbers of these.
    """

    mechanisms: tuple[Mechanism, ...]
    discrete: frozenset[str]

    def program(self, number: int) -> CausalProgram:
        """One candidate as a program."""
        return self._programs[number]

    @cached_property
    def _programs(self) -> list[CausalProgram]:
        out = []
        for dag, fits in zip(self.dags, self.fits.of, strict=True):
            laws = {name: self.mechanisms[fit] for name, fit in zip(dag.nodes, fits.tolist(), strict=True)}
            out.append(CausalProgram(check_complete(dag, laws), dag.latent, None, dag.nodes))
        return out

    def _set(self, do: Mapping[str, Any] | None) -> dict[int, Any]:
        return {self.dags.position(name): value for name, value in (do or {}).items()}

    def _under(self, values: Mapping[int, Any]) -> Iterable[CausalProgram]:
        do = {self.dags.nodes[v]: value for v, value in values.items()}
        return (program.do(do) if do else program for program in self._programs)

    def _sampled(self, n: int, values: Mapping[int, Any], seed: int) -> Tensor:
        out = torch.empty((len(self), n, len(self.dags.nodes)), dtype=torch.float64)
        if n:
            for number, program in enumerate(self._under(values)):
                drawn = program.draw(n, seed)
                out[number] = torch.as_tensor(np.stack([drawn[name] for name in self.dags.nodes], axis=1))
        return out.to(self.dags.device)

    def _laws(self, wanted: Sequence[int], values: Mapping[int, Any], samples: int | None, seed: int) -> list[Any]:
        names = [self.dags.nodes[v] for v in wanted]
        found: list[list[Tensor]] = [[] for _ in names]
        for program in self._under(values):
            for name, out in zip(names, found, strict=True):
                out.append(torch.as_tensor(self._law(program, name, samples, seed), dtype=torch.float64))
        answers: list[Any] = []
        for name, out in zip(names, found, strict=True):
            width = self._states(name) or 2
            table = (torch.stack(out) if out else torch.zeros((0, width), dtype=torch.float64)).to(self.dags.device)
            answers.append(table if name in self.discrete else Normals(table[:, 0], table[:, 1]))
        return answers

    def _asked(self, contrast: Contrast) -> Contrast:
        return contrast

    def _effect(self, asked: Contrast, samples: int | None, seed: int) -> BatchEffects:
        """That of :func:`causalpp.ate` in each program."""
        found = [ate(program, asked, samples=samples, seed=seed) for program in self._programs]
        numbers = torch.tensor([[e.value, e.standard_error] for e in found], dtype=torch.float64).reshape(-1, 2)
        numbers = numbers.to(self.dags.device)
        return BatchEffects(numbers[:, 0], numbers[:, 1])

    _simulates = True

    def _effects_under_draws(
        self, asked: Contrast, fixed: Mapping[int, Any], seeds: Sequence[np.random.SeedSequence]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        held = {self.dags.nodes[v]: value for v, value in fixed.items()}

        def of(batch: MixedBatch) -> NDArray[np.float64]:
            ask = functools.partial(cde, fixing=held) if held else ate
            return np.array([float(ask(program, asked)) for program in batch._programs])

        drawn = [of(self._drawn(seed)) for seed in seeds]
        return of(self), np.stack(drawn) if drawn else np.zeros((0, len(self)))

    def _local_score(self, equivalent_sample_size: float | None) -> LocalScore:  # noqa: ARG002
        raise InvalidParameter(
            "columns of several kinds have no marginal likelihood in closed form: use tables (pandas.cut) or real "
            "columns (kinds=)"
        )

    def _drawn(self, seed: np.random.SeedSequence) -> MixedBatch:
        streams = seed.spawn(len(self.mechanisms))
        laws = (m.drawn(np.random.default_rng(s)) for m, s in zip(self.mechanisms, streams, strict=True))
        return replace(self, mechanisms=tuple(laws))

    # --- inside ---------------------------------------------------------------------------------------

    def _states(self, name: str) -> int:
        """How many states a variable has, none if it is a number; None without any graph."""
        return next((len(p.states(name)) for p in self._programs[:1] if name in self.discrete), 0)

    def _law(self, program: CausalProgram, name: str, rows: int | None, seed: int) -> Any:
        """Probabilities of the states, or mean and variance: exact where the program knows them."""
        if rows is None:
            try:
                if name in self.discrete:
                    return program.probabilities(name)
                mean, covariance = program.moments(name)
                return [mean[0], covariance[0, 0]]
            except (InvalidParameter, TooLarge):
                rows = _ROWS
        values = program.draw(rows, seed)[name]
        if name in self.discrete:
            return np.bincount(values.astype(np.int64), minlength=self._states(name)) / rows
        return [values.mean(), values.var()]


def fit_mixed(
    dags: DagBatch,
    fits: Fits,
    columns: Columns,
    fit: Callable[[Dag], tuple[Mapping[str, Mechanism], Fit | None]],
    chunk_bytes: int,
) -> MixedBatch:
    """Every local fit by itself, as :func:`~causalpp.programs.compile` makes it in the graph of one family.

    Args:
        dags, fits: the graphs and their distinct pairs of a variable and its parents.
        columns: what each column is.
        fit: the mechanisms of a graph, and how the fit went.
        chunk_bytes: see :func:`~causalpp.programs.compile_batch`.
    """
    laws = []
    for v, many, parents in zip(fits.variable.tolist(), fits.many.tolist(), fits.parents.tolist(), strict=True):
        name, above = dags.nodes[v], [dags.nodes[u] for u in parents[:many]]
        family = Dag([n for n in dags.nodes if n == name or n in above], [(p, name) for p in above])
        found, report = fit(family)
        if report is not None:
            report.warn()
        laws.append(found[name])
    discrete = frozenset(name for name, column in columns.items() if column.states is not None)
    return MixedBatch(dags, fits, chunk_bytes, columns, tuple(laws), discrete)
