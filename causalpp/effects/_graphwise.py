"""One causal quantity in each of many graphs fitted to the same data: in bulk where that is exact, else one by one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import read_columns
from causalpp.errors import ImpreciseWarning, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.programs import (
    CausalProgram,
    Contrast,
    GaussianBatch,
    LinearGaussian,
    ProgramBatch,
    Table,
    TableBatch,
    ate,
    att,
    cde,
    compile,
    compile_batch,
    nde,
    nie,
)  # fmt: skip
from causalpp.programs.fitting import cells_of_tables, thin_tables
from causalpp.propositions import Causes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Graphwise"]

_ONE_BY_ONE = 1000  # graphs
_CELLS = 1 << 27  # draws × graphs
_EFFECTS = (ate, att, cde, nde, nie)  # no path from treatment to outcome, no effect
_Floats = NDArray[np.float64]


class Graphwise:
    """A quantity in graphs that are fitted to the same data; what was left open is as in the first of them.

    Args:
        estimand, contrast, data, seed, options: see :func:`causalpp.effects.average`.
        dag: the graph that says what was left open.
        kinds: what a column is, where the rule is wrong.

    Attributes:
        kind, detail: the quantity in words, and of whom, past or through what.
        contrast: what is compared, said in full.

    Warns:
        ImpreciseWarning: the rows hardly cover that graph's tables.
    """

    def __init__(
        self,
        estimand: Callable[..., Any],
        contrast: Contrast,
        data: pd.DataFrame,
        dag: Dag,
        *,
        kinds: Mapping[str, str] | None,
        seed: int,
        options: Mapping[str, Any],
    ) -> None:
        self.estimand, self.contrast, self.data, self.seed, self.options = estimand, contrast, data, seed, options
        program = compile(dag, data=data, kinds=kinds, seed=seed, check=False)
        laws = {name: program.mechanism(name) for name in dag.nodes}
        thin = thin_tables(cells_of_tables(laws, read_columns(data, kinds, names=dag.nodes)))
        if thin is not None:
            warnings.warn(f"in the most probable graph, {thin}", ImpreciseWarning, stacklevel=3)
        effect = self._ask(program)
        said = {name: getattr(effect, name, getattr(contrast, name)) for name in ("treated", "control", "state")}
        self.contrast = replace(contrast, **said)
        kind = str(getattr(effect, "kind", None) or getattr(estimand, "__name__", "quantity"))
        self.kind, self.detail = kind[:1].upper() + kind[1:], str(getattr(effect, "detail", ""))
        # States and kinds of columns, so that every graph reads them alike.
        self._discrete = {name: tuple(program.states(name)) for name in dag.nodes if program.is_discrete(name)}
        table = None if program.fit is None else program.fit.columns
        self._kinds = {} if table is None else {column.name: column.kind for column in table.columns}
        of = {type(law) for law in laws.values()}
        self._law = "tables" if of == {Table} else "linear" if of == {LinearGaussian} else "mixed"

    def _ask(self, program: CausalProgram, **more: Any) -> Any:
        """The estimand of a program; its contrast by its words, in which anybody's function can take it."""
        (_, treatment), (_, outcome), *words = self.contrast.words.items()
        return self.estimand(program, treatment, outcome, seed=self.seed, **dict(words), **more, **self.options)

    def every(self, graphs: DagBatch, draws: int) -> tuple[_Floats, _Floats]:
        """The quantity in each of G graphs: at the posterior means, ``(G,)``, and under draws, ``(K, G)``."""
        if len(graphs) * draws > _CELLS:
            raise TooLarge(
                f"{draws:,} draws in each of {len(graphs):,} graphs: pass fewer draws=, or a larger negligible= share"
            )
        try:
            found = self._in_bulk(graphs, draws)
        except TooLarge:  # the ancestors' joint states, all graphs together; one graph alone may be small enough
            found = None
        values, drawn = found or self._one_by_one(graphs, draws)
        if self.estimand in _EFFECTS:
            idle = ~Causes(self.contrast.treatment, self.contrast.outcome).holds(graphs).cpu().numpy()
            values[idle] = 0.0
            drawn[:, idle] = 0.0
        return values, drawn

    def _in_bulk(self, graphs: DagBatch, draws: int) -> tuple[_Floats, _Floats] | None:
        """The quantity in all graphs at once, or None where it does not go."""
        if self._law == "mixed" or self.estimand not in (_EFFECTS if self._law == "linear" else (ate, cde)):
            return None
        own = {cde: {"fixing"}, nde: {"mediator"}, nie: {"mediator"}}
        if set(self.options) - own.get(self.estimand, set()):
            return None
        batch = compile_batch(graphs, self.data, states=self._discrete, kinds=self._kinds, check=False)
        return self._of(batch), np.stack([self._of(drawn) for drawn in batch.draws(draws, seed=self.seed)])

    def _of(self, batch: ProgramBatch) -> _Floats:
        """The quantity in every program of a batch, exact."""
        contrast, fixing = self.contrast, self.options.get("fixing", {})
        if isinstance(batch, GaussianBatch):
            return self._linear(batch)
        assert isinstance(batch, TableBatch)
        states = self._discrete[contrast.outcome]
        score = np.array([float(s) if contrast.state is None else float(s == contrast.state) for s in states])
        high, low = (
            batch.interventional(contrast.outcome, {**fixing, contrast.treatment: value}).cpu().numpy() @ score
            for value in (contrast.treated, contrast.control)
        )
        return np.asarray(high - low)

    def _linear(self, batch: GaussianBatch) -> _Floats:
        """Effects in linear programs: on the treated as on everybody; past mediators as with them held."""

        def gap(held: Iterable[str] = ()) -> _Floats:
            slope = batch.total_effect(self.contrast.treatment, self.contrast.outcome, list(held)).cpu().numpy()
            return np.asarray(slope * (float(self.contrast.treated) - float(self.contrast.control)))

        if self.estimand in (ate, att):
            return gap()
        if self.estimand is cde:
            return gap(self.options["fixing"])
        mediators = self.options["mediator"]
        direct = gap([mediators] if isinstance(mediators, str) else mediators)
        return direct if self.estimand is nde else gap() - direct

    def _one_by_one(self, graphs: DagBatch, draws: int) -> tuple[_Floats, _Floats]:
        if len(graphs) > _ONE_BY_ONE:
            raise TooLarge(
                f"this quantity is computed graph by graph, and {len(graphs):,} graphs carry the posterior: ask more "
                f"questions first, or pass negligible= so that at most {_ONE_BY_ONE:,} are left"
            )
        values, drawn = [], []
        for number, dag in enumerate(graphs):
            program = compile(
                dag, data=self.data, kinds=self._kinds, states=self._discrete, seed=self.seed, check=False
            )
            effect = self._ask(program, draws=draws)
            found = getattr(effect, "draws", None)
            if found is None or np.shape(found) != (draws,):
                raise InvalidParameter(
                    f"the estimand returned {type(effect).__name__} without {draws} posterior draws in .draws: return "
                    f"an Effect, as causalpp.ate does (graph {number + 1} of {len(graphs)})"
                )
            values.append(float(effect))
            drawn.append(found)
        return np.array(values), np.stack(drawn, axis=1)
