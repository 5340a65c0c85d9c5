"""One causal quantity in each of many graphs fitted to the same data: in bulk where that is exact, else one by one."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._progress import Progress
from causalpp.columns import read_columns
from causalpp.effects._weighted import distinct
from causalpp.errors import ImpreciseWarning, InvalidData, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, reachability
from causalpp.programs import (
    CausalProgram,
    Contrast,
    LinearGaussian,
    Table,
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

_ONE_BY_ONE = 1000  # graphs; of more, so many are drawn
_FEWEST, _SPREAD = 25, 25  # draws that each graph has at least; a graph with a 25th of the weight has all of them
_ROWS = 4000  # simulated for each draw: their error is small beside what finitely many rows of data leave open
_SHOWN = 1.0  # seconds after which a bar appears
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
        program = _fitted(dag, data, kinds=kinds, seed=seed)
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

    def every(self, graphs: DagBatch, shares: _Floats, draws: int) -> tuple[_Floats, _Floats, _Floats]:
        """The quantity in each of G graphs: at the posterior means, ``(G,)``, and under draws, ``(K, G)``.

        Graphs that are alike in what it depends on are one.  Graph by graph, those of little weight, as their shares
        ``(G,)`` say, have fewer draws, which stand there several times; and of more than a thousand, so many are drawn
        by weight.

        Returns:
            Besides, the shares of the graphs, ``(G,)``: 0 of those that were not drawn.
        """
        if len(graphs) * draws > _CELLS:
            raise TooLarge(
                f"{draws:,} draws in each of {len(graphs):,} graphs: pass fewer draws=, or a larger negligible= share"
            )
        values, drawn, shares = np.zeros(len(graphs)), np.zeros((draws, len(graphs))), shares.copy()
        busy = np.arange(len(graphs))
        if self.estimand in _EFFECTS:
            busy = np.flatnonzero(Causes(self.contrast.treatment, self.contrast.outcome).holds(graphs).cpu().numpy())
        if len(busy):
            pruned = self._relevant(graphs[busy])
            first, which = distinct(pruned)
            weight = np.bincount(which, shares[busy]).astype(np.float64)
            found = self._in_bulk(pruned[first], draws)
            if found is None:
                some = _drawn(weight, self.seed)
                shares[busy] *= (some / weight)[which]
                taken, place = np.flatnonzero(some), np.cumsum(some > 0) - 1
                busy, which = busy[some[which] > 0], place[which[some[which] > 0]]
                found = self._one_by_one(pruned[first[taken]], some[taken], draws)
            values[busy], drawn[:, busy] = found[0][which], found[1][:, which]
        return values, drawn, shares

    def _relevant(self, graphs: DagBatch) -> DagBatch:
        """The graphs without the edges on which an effect does not depend.

        It depends on the laws of the variables that lead to the outcome, treatment or mediators; of those that lead to
        the outcome once the treatment is set, where nothing else is asked; and of those between the two if all is
        linear.
        """
        if self.estimand not in _EFFECTS:
            return graphs
        steps = graphs.adjacency.clone()
        at, of = (graphs.position(name) for name in (self.contrast.treatment, self.contrast.outcome))
        held = [graphs.position(name) for name in self._named]
        if self._law == "linear" and not self._others:
            steps[:, :, at] = False
            reach = reachability.closure(steps)
            wanted = reach[:, at] & reach[:, :, of]
            wanted[:, of] = True
        elif self.estimand in (ate, cde):
            steps[:, :, [at, *held]] = False
            wanted = reachability.closure(steps)[:, :, of]
            wanted[:, of] = True
        else:
            asked = [at, of, *held]
            wanted = reachability.closure(steps)[:, :, asked].any(2)
            wanted[:, asked] = True
        return DagBatch.trusted(graphs.nodes, steps & wanted[:, None], graphs.latent)

    @cached_property
    def _named(self) -> list[str]:
        """The variables that the options name: what is fixed, or the mediators."""
        fixing, mediator = self.options.get("fixing") or (), self.options.get("mediator") or ()
        return [*fixing, *([mediator] if isinstance(mediator, str) else mediator)]

    @property
    def _others(self) -> set[str]:
        """Options that are not the estimand's own."""
        return set(self.options) - {cde: {"fixing"}, nde: {"mediator"}, nie: {"mediator"}}.get(self.estimand, set())

    def _in_bulk(self, graphs: DagBatch, draws: int) -> tuple[_Floats, _Floats] | None:
        """The quantity in all graphs at once, or None where it does not go."""
        if self._law == "mixed" or self._others:
            return None
        if self.estimand not in (_EFFECTS if self._law == "linear" else (ate, cde)):
            return None
        batch = compile_batch(graphs, self.data, states=self._discrete, kinds=self._kinds, check=False)

        def effects(held: Mapping[str, Any]) -> tuple[_Floats, _Floats]:
            return batch.effects(self.contrast, fixing=held, draws=draws, seed=self.seed)

        try:
            if self.estimand not in (nde, nie):  # in linear programs, of the treated as of everybody
                return effects(self.options.get("fixing", {}))
            direct = effects(dict.fromkeys(self._named, 0.0))  # in linear ones, past mediators as with them held
            if self.estimand is nde:
                return direct
            return tuple(whole - part for whole, part in zip(effects({}), direct, strict=True))  # type: ignore[return-value]
        except TooLarge:  # the joint states of what leads to the outcome: by itself a graph may be simulated
            return None

    def _one_by_one(self, graphs: DagBatch, shares: _Floats, draws: int) -> tuple[_Floats, _Floats]:
        values, drawn = [], []
        with Progress("graphs", len(graphs), after=_SHOWN) as bar:
            for number, dag in enumerate(graphs):
                program = _fitted(
                    dag, self.data, kinds=self._kinds, states=self._discrete, seed=self.seed, share=shares[number]
                )
                few = min(draws, max(_FEWEST, math.ceil(_SPREAD * draws * shares[number])))
                value, found = self._with_draws(program, few)
                if found is None or np.shape(found) != (few,):
                    raise InvalidParameter(
                        f"the estimand returned {type(value).__name__} without {few} posterior draws in .draws: return "
                        f"an Effect, as causalpp.ate does (graph {number + 1} of {len(graphs)})"
                    )
                values.append(float(value))
                drawn.append(np.resize(found, draws))
                bar.advance()
        return np.array(values), np.stack(drawn, axis=1)

    def _with_draws(self, program: CausalProgram, draws: int) -> tuple[Any, _Floats | None]:
        """The quantity and its draws; where it is simulated, each draw by fewer rows than the quantity itself."""
        if self.estimand in _EFFECTS and "samples" not in self.options:
            value = self._ask(program)
            if not getattr(value, "method", "exact").startswith("exact"):
                return value, self._ask(program, draws=draws, samples=_ROWS).draws
        value = self._ask(program, draws=draws)
        return value, getattr(value, "draws", None)


def _drawn(weight: _Floats, seed: int) -> _Floats:
    """The weights themselves, ``(M,)``; of more than a thousand, those of a thousand draws, 0 where there was none.

    Draws are systematic: a graph that weighs a thousandth of all is drawn once at least.
    """
    if len(weight) <= _ONE_BY_ONE:
        return weight
    ends = weight.cumsum()
    start = np.random.default_rng(seed).random()
    at = np.searchsorted(ends, (np.arange(_ONE_BY_ONE) + start) / _ONE_BY_ONE * ends[-1])
    counts = np.bincount(np.minimum(at, len(weight) - 1), minlength=len(weight))
    return np.asarray(counts * (ends[-1] / _ONE_BY_ONE))


def _fitted(dag: Dag, data: pd.DataFrame, *, share: float | None = None, **options: Any) -> CausalProgram:
    """A program of one graph.

    Raises:
        InvalidData: it cannot be fitted to the data; says which graph it is, and what to do in an average.
    """
    try:
        return compile(dag, data=data, check=False, **options)
    except InvalidData as error:
        if "too few for the regression" not in str(error):
            raise
        what = str(error).rpartition(": ")[0]
        graph = "the most probable graph" if share is None else f"a graph of weight {share:.2g}"
        raise InvalidData(
            f"in {graph}, {what}: average over graphs with fewer parents (from_data(…, max_parents=2), or a "
            "structure prior that prefers few edges), merge states, or leave out graphs of little weight, "
            "negligible=0.1"
        ) from error
