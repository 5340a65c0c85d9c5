"""Which experiment to do next: the variable to set, and in how many rows, by what these are expected to tell.

The information of an experiment is the expected fall of the entropy of the graph's law, H(G) − E H(G | rows).  It is
estimated by simulation: of the joint posterior of data and answers some graphs are drawn by weight (all of them, with
their probabilities, where they are few); for each of several of these, parameters are drawn given the rows there are,
and rows are simulated in which the variable is set at random; then every graph is weighed by what its score says of the
new rows given the old, and the entropy that is left is averaged over the simulations.  Where graphs were drawn, no more
than the logarithm of their number can be told, so the estimate is too small where much is open; it compares experiments
all the same, as all are weighed by the same graphs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp._bits import bits, mask_of
from causalpp._progress import Progress
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import DagBatch
from causalpp.posterior import DagPosterior
from causalpp.scores import EquivalentScore, Table, local_score, read_table

__all__ = ["Costs", "Experiment", "Worth", "plan_experiments"]

_GRAPHS = 128  # that are weighed
_LEVELS = (0.1, 0.9)  # quantiles to which a real variable is set
_SHOWN = 1.0  # seconds after which a bar appears
_Floats = NDArray[np.float64]


class Weighted(Protocol):
    """What weighs graphs: a belief, or a posterior."""

    @property
    def candidates(self) -> DagBatch:
        """The N graphs."""

    @property
    def probabilities(self) -> Tensor:
        """Of each, shape ``(N,)``."""


@dataclass(frozen=True)
class Costs:
    """What asking and experimenting cost, in one unit.

    Attributes:
        question: a question to the oracle.
        experiment: setting a variable, whatever number of rows.
        row: each row.
        variables: variable → what setting it costs, where that is not ``experiment``; ``inf`` where it cannot be set.

    Raises:
        InvalidParameter: a cost that is negative or no number; an experiment that costs nothing.

    Example:
        >>> costs = Costs(question=1, experiment=10, row=0.1, variables={"smoke": float("inf")})
        >>> costs.of("tar", 100), costs.of("smoke", 100)
        (20.0, inf)
    """

    question: float = 1.0
    experiment: float = 1.0
    row: float = 0.01
    variables: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.variables, Mapping):
            raise InvalidParameter(f"variables= maps a variable to what setting it costs, got {self.variables!r:.80}")
        for name, value in [("question", self.question), ("experiment", self.experiment), *self.variables.items()]:
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value > 0:
                raise InvalidParameter(f"the cost of {name!r} is a number greater than 0, got {value!r}")
        if isinstance(self.row, bool) or not isinstance(self.row, (int, float, np.number)) or not self.row >= 0:
            raise InvalidParameter(f"the cost of a row is a number from 0 on, got {self.row!r}")

    def of(self, target: str, rows: int) -> float:
        """What it costs to set a variable in so many rows."""
        return float(self.variables.get(target, self.experiment)) + rows * float(self.row)


@dataclass(frozen=True)
class Experiment:
    """An experiment, and what it is expected to tell.

    Attributes:
        target: the variable to set, to values drawn at random.
        rows: in how many rows.
        bits: about the graph, expected.
        standard_error: of that, over the simulations.
        cost: of it all.
    """

    target: str
    rows: int
    bits: float
    standard_error: float
    cost: float

    @property
    def per_cost(self) -> float:
        """The bits for each unit of cost."""
        return self.bits / self.cost

    def __str__(self) -> str:
        return (
            f"set {self.target} in {self.rows:,} rows: {self.bits:.3f} ± {self.standard_error:.3f} bits expected, "
            f"{self.per_cost:.3g} per cost"
        )


@dataclass(frozen=True)
class Worth:
    """The next question beside the next experiment.

    Attributes:
        question: in words; None where there is none.
        bits: about the graph that its answer is expected to tell.
        cost: of the question.
        experiment: the best one; None where there is none.
    """

    question: str | None
    bits: float
    cost: float
    experiment: Experiment | None

    @property
    def ask(self) -> bool:
        """Whether the question is worth more for its cost."""
        if self.question is None or self.experiment is None:
            return self.experiment is None
        return self.bits / self.cost >= self.experiment.per_cost

    def __str__(self) -> str:
        asked = f"{self.question} {self.bits:.3f} bits expected, {self.bits / self.cost:.3g} per cost"
        said = "no question" if self.question is None else asked
        better = "the question" if self.ask else "the experiment"
        return f"{said}; {self.experiment or 'no experiment'}: {better} is worth more per cost"


def plan_experiments(
    belief: Weighted,
    posterior: DagPosterior,
    *,
    targets: Iterable[str] | None = None,
    rows: Sequence[int] = (30, 100, 300),
    costs: Costs | None = None,
    simulations: int = 16,
    seed: int = 0,
    progress: bool | None = None,
) -> list[Experiment]:
    """What each experiment is expected to tell of the graph, for its cost; the best one first.

    Args:
        belief: what weighs the graphs: the joint posterior of data and answers, or a posterior given data alone.
        posterior: given data, with the rows it was made of.
        targets: the variables that can be set, or one; by default all whose cost is finite.
        rows: the numbers of rows to choose among.
        costs: of experiments; by default 1 for each and 0.01 a row.
        simulations: of every experiment.
        seed: of all that is drawn.
        progress: False shows no bar.

    Raises:
        InvalidParameter: the posterior has not kept its rows, or they are of both kinds; no rows or simulations;
            nothing that can be set.
        UnknownVariable: a target that is no variable.

    Example:
        >>> import causalpp as cpp
        >>> net = cpp.load_network("cancer")
        >>> posterior = cpp.DagPosterior.from_data(net.simulate(300, seed=0))
        >>> best, *others = plan_experiments(posterior, posterior, rows=[100], simulations=4)
        >>> best.rows, best.bits > 0, best.per_cost >= others[-1].per_cost
        (100, True, True)
    """
    how = Costs() if costs is None else costs
    if not isinstance(how, Costs):
        raise InvalidParameter(f"costs come as Costs(question=…, experiment=…, row=…), got {costs!r:.80}")
    if not hasattr(rows, "__iter__"):
        raise InvalidParameter(f"rows= lists the numbers of rows to choose among, such as [30, 100], got {rows!r}")
    sizes = sorted({_whole(n, "a number of rows") for n in rows})
    _whole(simulations, "the number of simulations")
    if not sizes:
        raise InvalidParameter("an experiment needs a number of rows")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed!r}")
    names = list(posterior.nodes)
    free = able(names, how, [targets] if isinstance(targets, str) else targets)
    lab = _Lab.of(posterior)
    rng = np.random.default_rng(seed)
    parents, weights = _graphs(belief, names, rng)
    true = np.searchsorted(weights.cumsum(), (np.arange(simulations) + rng.random(simulations)) / simulations)
    true = np.minimum(true, len(weights) - 1)
    before = _entropy(np.log(weights))
    out = []
    with Progress("experiments", len(free) * simulations, wanted=progress, after=_SHOWN) as bar:
        for name in free:
            target, gains = names.index(name), np.empty((len(sizes), simulations))
            for k, graph in enumerate(true):
                values = lab.simulated(parents[graph], target, sizes[-1], rng)
                for row, n in enumerate(sizes):
                    told = lab.log_probability(parents, target, values[:n])
                    gains[row, k] = before - _entropy(np.log(weights) + told)
                bar.advance()
            for n, some in zip(sizes, gains / math.log(2), strict=True):
                error = float(some.std(ddof=1) / math.sqrt(simulations)) if simulations > 1 else math.inf
                out.append(Experiment(name, n, max(0.0, float(some.mean())), error, how.of(name, n)))
    return sorted(out, key=lambda one: -one.per_cost)


def able(names: Sequence[str], costs: Costs, targets: Iterable[str] | None = None) -> list[str]:
    """The variables that can be set at a finite cost, of all or of some.

    Raises:
        UnknownVariable: a target, or somebody who has a cost, is no variable.
        InvalidParameter: there are none.
    """
    wanted = list(names if targets is None else targets)
    for name in [*wanted, *costs.variables]:
        if name not in names:
            raise UnknownVariable(name, names)
    found = [name for name in wanted if math.isfinite(costs.of(name, 1))]
    if not found:
        raise InvalidParameter("no variable can be set at a finite cost")
    return found


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InvalidParameter(f"{what} is a whole number from 1 on, got {value!r}")
    return int(value)


def _entropy(log: _Floats) -> float:
    """Of a law given by logarithms that need not be those of shares, in nats."""
    p = np.exp(log - log.max())
    p /= p.sum()
    return float(-(p[p > 0] @ np.log(p[p > 0])))


def _graphs(belief: Weighted, names: Sequence[str], rng: np.random.Generator) -> tuple[list[list[int]], _Floats]:
    """Graphs as the masks of their variables' parents, and their shares: all of them, or some drawn by weight."""
    batch = belief.candidates
    p = np.asarray(belief.probabilities.detach().cpu().numpy(), dtype=np.float64)
    number = np.flatnonzero(p > 0)
    p = p[number] / p[number].sum()
    if len(p) > _GRAPHS:
        drawn = np.searchsorted(p.cumsum(), (np.arange(_GRAPHS) + rng.random()) / _GRAPHS)
        kept, counts = np.unique(np.minimum(drawn, len(p) - 1), return_counts=True)
        number, p = number[kept], counts / counts.sum()
    order = [batch.nodes.index(name) for name in names]
    edges = batch[number].adjacency.cpu().numpy()[:, order][:, :, order]
    return [[mask_of(np.flatnonzero(column)) for column in one.T] for one in edges], p


@dataclass(frozen=True, eq=False)
class _Lab:
    """The rows there are, from which new ones are simulated and by which they are scored."""

    table: Table
    targets: tuple[tuple[str, ...], ...]
    score: str
    hyperparameters: Mapping[str, float]
    now: EquivalentScore

    @classmethod
    def of(cls, posterior: DagPosterior) -> _Lab:
        kept = posterior.rows
        if kept is None:
            raise InvalidParameter("this posterior has not kept its rows: make one from data with a score by name")
        table = read_table(kept.frame, kept.asked["kinds"])
        if table.kind == "mixed":
            raise InvalidParameter(
                "experiments are planned where all columns are discrete or all are real: their rows are learned from "
                "whatever the columns are"
            )
        gaps = np.asarray(table.missing.any(1), dtype=bool)
        targets = tuple(one for one, gap in zip(kept.targets, gaps.tolist(), strict=True) if not gap)
        name = kept.asked["score"]
        name = "bge" if name == "auto" and table.kind == "continuous" else name
        more, complete = kept.asked["hyperparameters"] or {}, table.complete
        now = local_score(complete, name, interventions=targets, hyperparameters=more)
        return cls(complete, targets, name, more, now)

    def log_probability(self, parents: Sequence[Sequence[int]], target: int, values: _Floats) -> _Floats:
        """The logarithm of P(new rows | graph, old rows) of each of N graphs, shape ``(N,)``."""
        table = Table(
            np.concatenate([self.table.values, values]),
            self.table.discrete,
            self.table.names,
            tuple(self.table.states.tolist()),
        )
        told = (*self.targets, *[(self.table.names[target],)] * len(values))
        after = local_score(table, self.score, interventions=told, hyperparameters=self.hyperparameters)
        out = np.zeros(len(parents))
        for v in range(len(self.table.names)):
            if v != target:
                masks, which = np.unique([one[v] for one in parents], return_inverse=True)
                each = [v] * len(masks), masks.tolist()
                out += (after.local_many(*each) - self.now.local_many(*each))[which]
        return out

    def simulated(self, parents: Sequence[int], target: int, n: int, rng: np.random.Generator) -> _Floats:
        """Rows of a graph whose parameters are drawn given the rows there are, one variable set at random."""
        out = np.zeros((n, len(parents)))
        for v in _order(parents):
            if v == target:
                column = self.table.values[:, v]
                some = np.arange(self.table.states[v]) if self.table.discrete[v] else np.quantile(column, _LEVELS)
                out[:, v] = rng.choice(some, n)
            else:
                free = np.array([self.table.names[v] not in one for one in self.targets], dtype=bool)
                old = self.table.values[free]
                given = bits(parents[v])
                draw = self._table_row if self.table.discrete[v] else self._regression
                out[:, v] = draw(v, given, old, out[:, given], rng)
        return out

    def _table_row(self, v: int, given: list[int], old: _Floats, new: _Floats, rng: np.random.Generator) -> _Floats:
        """States drawn from a table that is drawn from its Dirichlet law, with BDeu's prior."""
        cards = [int(self.table.states[u]) for u in given]
        states, rows = int(self.table.states[v]), math.prod(cards)

        def number(values: _Floats) -> NDArray[np.int64]:
            out = np.zeros(len(values), dtype=np.int64)
            for column, card in zip(values.T, cards, strict=True):
                out = out * card + column.astype(np.int64)
            return out

        size = float(self.hyperparameters.get("equivalent_sample_size", 1.0))
        seen, which = np.unique(number(new), return_inverse=True)
        place = np.full(rows, -1)
        place[seen] = np.arange(len(seen))
        at, code = place[number(old[:, given])], old[:, v].astype(np.int64)
        counts = np.bincount(at[at >= 0] * states + code[at >= 0], minlength=len(seen) * states)
        weight = rng.standard_gamma(counts.reshape(-1, states) + size / (rows * states)) + 1e-300
        law = (weight / weight.sum(1, keepdims=True)).cumsum(1)[which]
        return np.asarray((rng.random(len(new))[:, None] > law[:, :-1]).sum(1), dtype=float)

    def _regression(self, v: int, given: list[int], old: _Floats, new: _Floats, rng: np.random.Generator) -> _Floats:
        """Numbers drawn from a regression that is drawn from its law given a flat prior."""
        centre, spread = old[:, given].mean(0), old[:, given].std(0) + 1e-12
        design = np.column_stack([np.ones(len(old)), (old[:, given] - centre) / spread])
        mean, *_ = np.linalg.lstsq(design, old[:, v], rcond=None)
        rest = float(((old[:, v] - design @ mean) ** 2).sum())
        scale = math.sqrt(rest / rng.chisquare(max(1, len(old) - design.shape[1])))
        root = np.linalg.cholesky(design.T @ design + 1e-9 * np.eye(design.shape[1]))
        drawn = mean + scale * np.linalg.solve(root.T, rng.standard_normal(len(mean)))
        at = np.column_stack([np.ones(len(new)), (new - centre) / spread])
        return np.asarray(at @ drawn + scale * rng.standard_normal(len(new)))


def _order(parents: Sequence[int]) -> list[int]:
    """The variables, causes before effects."""
    out: list[int] = []
    done = 0
    while len(out) < len(parents):
        for v, mask in enumerate(parents):
            if not done >> v & 1 and mask & ~done == 0:
                out.append(v)
                done |= 1 << v
    return out
