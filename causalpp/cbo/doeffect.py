"""What rows in which nobody interfered say of E[outcome | do(names = x)], as functions of x drawn from their posterior.

The graph says how: by adjustment where that is possible, else by the factors of the outcome's districts (Tian & Pearl
2002), of which the front door is the best known case.  Each conditional mean is a Gaussian process; noise is drawn from
what it left over.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from causalpp.cbo._regression import Regression, regress
from causalpp.graphs import Dag
from causalpp.programs import adjustment_sets, optimal_adjustment_set

__all__ = ["DRAWS", "DoEffect", "do_effect"]

#: How many functions are drawn.
DRAWS = 24
_ROWS_FITTED = 200
_ROWS_AVERAGED = 100  # an adjustment set's values
_UNITS = 32  # simulated for each point and function, where there is no adjustment set
_AT_ONCE = 64  # points


@dataclass(frozen=True)
class DoEffect:
    """Functions drawn from what the rows say of E[outcome | do(names = x)].

    Attributes:
        names: what is set.
        how: one phrase: by which formula.
        formula: equal where rows are used in the same way: graphs may share a phrase and differ in this.
    """

    names: tuple[str, ...]
    how: str
    formula: Hashable
    _functions: Callable[[Tensor], Tensor]

    def __call__(self, points: Tensor) -> Tensor:
        """Values of every function: points (n, len(names)) → (S, n)."""
        with torch.no_grad():
            return torch.cat([self._functions(part) for part in torch.split(points.double(), _AT_ONCE)], dim=-1)


def do_effect(
    dag: Dag, names: Sequence[str], outcome: str, frame: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0
) -> DoEffect | None:
    """The effect of setting some variables, as observed rows tell it.

    Args:
        dag: with its latent variables marked.
        names: what is set; none for leaving everything alone.
        outcome: what it is to move.
        frame: rows with a column of numbers for every observed variable.
        draws: S, how many functions.
        seed: of fits and draws.

    Returns:
        None where neither adjustment nor one step of Tian's factors identifies it, or where what is set has a single
        value in all rows.

    Example:
        >>> from causalpp.cbo.worlds import toy
        >>> rows = toy().program.simulate(100, seed=0)
        >>> found = do_effect(toy().dag, ["Z"], "Y", rows)
        >>> found.how, found(torch.tensor([[0.0], [1.0]])).shape
        ('regression on Z', torch.Size([24, 2]))
    """
    chosen = tuple(names)
    cut = dag.do(chosen).ancestors(outcome)
    if set(chosen) - cut:  # these have no way to the outcome once the others are set
        kept = [k for k, name in enumerate(chosen) if name in cut]
        found_ = do_effect(dag, [chosen[k] for k in kept], outcome, frame, draws=draws, seed=seed)
        if found_ is None:
            return None
        effect = found_
        return DoEffect(chosen, effect.how, effect.formula, lambda points: effect(points[:, kept]))
    if any(frame[name].nunique() < 2 for name in chosen):  # rows with one value of it tell of no other
        return None
    generator = torch.Generator().manual_seed(seed)
    rows = torch.tensor(frame[list(dag.observed)].to_numpy(float).copy())
    column = {name: rows[:, k] for k, name in enumerate(dag.observed)}
    fit = _Fits(frame, draws, seed)
    if not chosen:
        y = column[outcome]
        error = y.std() / len(y) ** 0.5
        means = y.mean() + error * torch.randn(draws, 1, generator=generator, dtype=torch.double)
        return DoEffect((), "the mean of the rows", (), lambda points: means.expand(-1, len(points)))
    adjusted = optimal_adjustment_set(dag, chosen, outcome)
    if adjusted is None:
        adjusted = next(iter(adjustment_sets(dag, chosen, outcome)), None)
    if adjusted is not None:
        return _by_adjustment(chosen, outcome, sorted(adjusted), column, fit, generator)
    plan = _plan(dag, chosen, outcome)
    return None if plan is None else _by_factors(chosen, outcome, plan, column, fit, generator)


class _Fits:
    """Regressions of one column on others, each made once."""

    def __init__(self, frame: pd.DataFrame, draws: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        kept = rng.permutation(len(frame))[:_ROWS_FITTED]
        self._frame, self.draws, self._seed = frame.iloc[kept], draws, seed
        self._made: dict[tuple[str, tuple[str, ...]], Regression] = {}

    def __call__(self, of: str, on: tuple[str, ...]) -> Regression:
        key = (of, on)
        if key not in self._made:
            x, y = self._frame[list(on)].to_numpy(float), self._frame[of].to_numpy(float)
            self._made[key] = regress(x, y, self.draws, self._seed + len(self._made))
        return self._made[key]


def _by_adjustment(
    names: tuple[str, ...],
    outcome: str,
    adjusted: list[str],
    column: dict[str, Tensor],
    fit: _Fits,
    generator: torch.Generator,
) -> DoEffect:
    found = fit(outcome, (*names, *adjusted))
    if not adjusted:
        return DoEffect(names, f"regression on {', '.join(names)}", names, found)
    beside = torch.stack([column[name] for name in adjusted], dim=1)
    beside = beside[torch.randperm(len(beside), generator=generator)[:_ROWS_AVERAGED]]

    def functions(points: Tensor) -> Tensor:
        n, m = len(points), len(beside)
        x = torch.cat([points.repeat_interleave(m, 0), beside.repeat(n, 1)], dim=1)
        return found(x).reshape(-1, n, m).mean(-1)

    return DoEffect(names, f"adjustment for {', '.join(adjusted)}", (names, tuple(adjusted)), functions)


# --- Tian's factors ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """Draw one variable, or a copy of it that belongs to one district, given others.

    Attributes:
        key: what is drawn: a variable, and the district whose copy it is ("" for the variable itself).
        given: what it depends on, likewise; the column that each stands in for a regression is its variable.
    """

    key: tuple[str, str]
    given: tuple[tuple[str, str], ...]


def _plan(dag: Dag, names: tuple[str, ...], outcome: str) -> list[_Step] | None:
    """In which order to draw what, given what; None where a district's factor is no margin of its component's."""
    admg = dag.latent_projection()
    observed = Dag(admg.nodes, admg.directed)
    order = observed.topological_order
    moved = observed.do(names).ancestors(outcome) | {outcome}
    moved -= set(names)
    steps: dict[tuple[str, str], _Step] = {}
    for district in _joined(moved, admg.bidirected):
        component = next(part for part in _joined(set(order), admg.bidirected) if district <= part)
        if observed.subgraph(component).ancestors(district) - district:
            return None
        label = ", ".join(sorted(district))

        inside = [name for name in order if name in component]
        # A variable of the component outside the district is drawn as a copy that belongs to the district.
        key = {name: (name, label if name in component and name not in district else "") for name in order}
        for name in inside:
            before = inside[: inside.index(name)]
            given = {*before, *(parent for v in (*before, name) for parent in observed.parents(v))} - {name}
            for extra in sorted(given, key=order.index):
                if dag.d_separated(name, extra, given - {extra}):
                    given -= {extra}
            steps[key[name]] = _Step(key[name], tuple(key[v] for v in sorted(given, key=order.index)))
    found: dict[tuple[str, str], _Step] = {}

    def need(key: tuple[str, str]) -> None:
        if key in found or (key[0] in names and not key[1]) or key not in steps:
            return
        for one in steps[key].given:
            need(one)
        found[key] = steps[key]

    need((outcome, ""))
    return list(found.values())


def _joined(names: set[str] | frozenset[str], pairs: Sequence[tuple[str, str]]) -> list[set[str]]:
    """The parts of ``names`` that chains of ↔ hold together."""
    parts = [{name} for name in sorted(names)]
    for a, b in pairs:
        if a in names and b in names:
            one, other = (next(part for part in parts if v in part) for v in (a, b))
            if one is not other:
                parts.remove(other)
                one |= other
    return parts


def _by_factors(
    names: tuple[str, ...],
    outcome: str,
    plan: list[_Step],
    column: dict[str, Tensor],
    fit: _Fits,
    generator: torch.Generator,
) -> DoEffect:
    fits = {step.key: fit(step.key[0], tuple(v for v, _ in step.given)) for step in plan if step.given}
    rows = len(column[outcome])
    unit = torch.randint(rows, (_UNITS,), generator=generator)  # whose values stand for what is left as it is
    noise = {}
    for step in plan:
        source = fits[step.key].residuals if step.given else column[step.key[0]]
        noise[step.key] = source[torch.randint(len(source), (_UNITS,), generator=generator)]

    def functions(points: Tensor) -> Tensor:
        n = len(points)
        drawn: dict[tuple[str, str], Tensor] = {}  # (S or 1, n, units)
        for k, name in enumerate(names):
            drawn[name, ""] = points[:, k].reshape(1, n, 1).expand(1, n, _UNITS)
        for step in plan:
            if not step.given:
                drawn[step.key] = noise[step.key].expand(1, n, _UNITS)
                continue
            given = [drawn[v] if v in drawn else column[v[0]][unit].expand(1, n, _UNITS) for v in step.given]
            many = max(len(v) for v in given)
            x = torch.stack([v.expand(many, n, _UNITS) for v in given], dim=-1).reshape(many, n * _UNITS, -1)
            mean = fits[step.key](x if many > 1 else x[0]).reshape(-1, n, _UNITS)
            drawn[step.key] = mean if step.key == (outcome, "") else mean + noise[step.key]
        return drawn[outcome, ""].mean(-1).expand(fit.draws, n)

    through = ", ".join(dict.fromkeys(step.key[0] for step in plan if step.key[0] != outcome))
    return DoEffect(names, f"simulation through {through}", (names, tuple(plan)), functions)
