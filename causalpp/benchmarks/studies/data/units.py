"""What is measured in one world: the smallest piece of work of :func:`causalpp.benchmarks.data_study`."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.acbo import AcboConfig, Session
from causalpp.belief import AnyBelief, Belief, Fixed, ParticleBelief
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import DataRow
from causalpp.benchmarks.studies.data.worlds import World, structure, world
from causalpp.effects import average
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import ImpreciseWarning
from causalpp.graphs import DagBatch
from causalpp.oracles import SimulatedOracle, noise
from causalpp.posterior import DagPosterior, Exact, Sums
from causalpp.programs import Contrast, ate
from causalpp.scores import StructurePrior

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BINS", "METHODS", "Unit", "work"]

#: Who tells of the graph.  *data* and *class* are *both* and *class and oracle* before the first question.
METHODS = ("both", "oracle", "class")
#: Bins of equal width of the probabilities of edges.
BINS = 10
_LEFT = 0.05  # to all graphs alike, beside the class that a search found, where its log score is computed
_DISTANT = 40  # draws by which the expected intervention distance is computed
_AVERAGED = 200  # draws by which effects are averaged
_PARAMETERS = 60  # draws of the parameters in each graph
_MASS = 0.9  # of the intervals of effects
_SURE = 0.95
_TOP, _PLAIN = 10, 0.01  # graphs whose weight is looked up, and how much tells its probability
_LIMIT = 50_000  # graphs that are listed
_KINDS = ("Causes", "DirectlyCauses")  # the same for all methods
_LEAST = 1e-3  # the rate that the loop believes of an oracle that never errs: no channel is certain
_UNENDING = AcboConfig(contradiction=0.0, flaw=0.0)
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Unit:
    """One world and what is done with it.

    Attributes:
        world: one of :data:`~causalpp.benchmarks.studies.data.worlds.WORLDS`.
        number: of the world among those alike.
        variables: d.
        edges: how many the graph has on average; None: all graphs are equally probable.
        told: whether the posterior knows that, or takes all graphs to be equally probable.
        rows: numbers of them.
        errors: rates of the oracle.
        questions: after how many it is measured; zero is data alone, and the class alone.
        methods: some of :data:`METHODS`.
        effects: whether an effect is averaged, too.
        seed: of everything.
    """

    world: str
    number: int
    variables: int
    edges: float | None
    told: bool
    rows: Sequence[int]
    errors: Sequence[float]
    questions: Sequence[int]
    methods: Sequence[str]
    effects: bool
    seed: int

    def seed_of(self, *what: Any) -> int:
        """A seed of its own for each thing."""
        return seed_of(self.seed, "data", self.world, self.variables, self.number, *what)

    @cached_property
    def prior(self) -> StructurePrior:
        """Of the graphs, as the posterior has it."""
        return structure(self.edges if self.told else None, self.variables)


def work(parameters: Mapping[str, Any]) -> Iterator[DataRow]:
    """The rows of one world."""
    unit = Unit(**parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpreciseWarning)  # thin tables, few rows: that is what is measured
        yield from _rows(unit)


def _rows(unit: Unit) -> Iterator[DataRow]:
    here, frames = _world(unit)
    prior = _prior(unit, here.dag.nodes)
    alone = {error: list(_asked(unit, here, prior, "oracle", error)) for error in _errors(unit, "oracle")}
    for n, frame in frames.items():
        posterior = DagPosterior.from_data(frame, here.score(frame), structure_prior=unit.prior, progress=False)
        measured = _Measured(unit, here, frame, posterior, prior)
        found = MarkovEquivalenceClass.from_data(frame, "ges", progress=False) if "class" in unit.methods else None
        right = None if found is None else found == MarkovEquivalenceClass.from_dag(here.dag)
        for method in unit.methods:
            start: Any = {"both": posterior, "oracle": prior, "class": found}[method]
            for error in unit.errors:
                course = alone[error] if method == "oracle" else _asked(unit, here, start, method, error)
                for asked, belief, until in course:
                    if not asked and error != unit.errors[0]:
                        continue  # before the first question it is all the same
                    found_out = measured(belief, start, until)
                    yield cast(
                        DataRow,
                        {
                            "world": unit.world,
                            "variables": unit.variables,
                            "rows": n,
                            "error": error if asked else None,
                            "oracle_nature": "simulated" if asked else "none",
                            "oracle": str(noise.Symmetric(error)) if asked else "",
                            "method": method,
                            "questions": asked,
                            **found_out,
                            "class_right": right,
                        },
                    )


def _errors(unit: Unit, method: str) -> Sequence[float]:
    return unit.errors if method in unit.methods else ()


def _world(unit: Unit) -> tuple[World, dict[int, pd.DataFrame]]:
    """The first world whose columns vary in the fewest rows: which worlds are left out depends on the data alone."""
    attempt = 0
    while True:
        here = world(unit.world, unit.variables, unit.edges, unit.seed_of("world", attempt))
        frames = {n: here.rows(n) for n in unit.rows}
        if not here.discrete or _vary(frames[min(frames)]):
            return here, frames
        attempt += 1


def _vary(frame: pd.DataFrame) -> bool:
    return all((frame[name] != frame[name].iloc[0]).any() for name in frame)


def _prior(unit: Unit, nodes: tuple[str, ...]) -> DagPosterior:
    """What is known of the graph without any row."""
    sums = Sums(unit.prior.table(nodes))
    return DagPosterior(nodes, Exact(nodes, sums, sums.log_total))


def _asked(
    unit: Unit, here: World, start: Any, method: str, error: float
) -> Iterator[tuple[int, AnyBelief, int | None]]:
    """What is believed after each number of questions, and how many it took to be sure, if it was."""
    oracle = SimulatedOracle(here.dag, noise.Symmetric(error), seed=unit.seed_of("answers", method, error))
    session = Session(
        start, channel=Fixed(max(error, _LEAST)), confidence=1 - 1e-9, max_questions=max(max(unit.questions), 1),
        kinds=_KINDS, seed=unit.seed_of("choice", method, error), config=_UNENDING, limit=_LIMIT,
    )  # fmt: skip
    until: int | None = None
    for asked in range(max(unit.questions) + 1):
        belief = session.result().belief
        if until is None and belief.confidence >= _SURE:
            until = asked
        if asked in unit.questions:
            yield asked, belief, until
        if asked < max(unit.questions) and (question := session.ask()) is not None:
            session.tell(oracle.ask(question))


class _Measured:
    """What a belief is worth beside the truth; called with the belief and with what it started from."""

    def __init__(
        self, unit: Unit, here: World, frame: pd.DataFrame, posterior: DagPosterior, prior: DagPosterior
    ) -> None:
        self.unit, self.here, self.frame, self.posterior = unit, here, frame, posterior
        self.truth = DagBatch.from_dags([here.dag], nodes=posterior.nodes)
        self.prior = float(prior.inference.log_probability(self.truth)[0])
        if unit.effects:
            self.treatment, self.outcome = self._likely(np.random.default_rng(unit.seed_of("effect", len(frame))))
            self.effect = here.effect(self.treatment, self.outcome)

    def _likely(self, draw: np.random.Generator) -> tuple[str, str]:
        """A pair that, by the data, is at least as likely as not to have an effect; the likeliest if there is none."""
        paths = self.posterior.paths.numpy()
        pairs = np.argwhere(paths >= min(0.5, paths.max()))
        t, o = pairs[draw.integers(len(pairs))]
        return self.posterior.nodes[t], self.posterior.nodes[o]

    def __call__(self, belief: AnyBelief, start: Any, until: int | None) -> dict[str, Any]:
        p = belief.edges.numpy()
        truth = self.truth.adjacency[0].numpy()
        upper = np.triu_indices(len(p), 1)
        states = np.stack([p[upper], p.T[upper], (1 - p - p.T)[upper]])
        true = np.stack([truth[upper], truth.T[upper], ~(truth | truth.T)[upper]])
        best = states.argmax(0)
        off = ~np.eye(len(p), dtype=bool)
        bins = np.minimum((p[off].clip(0, 1) * BINS).astype(int), BINS - 1)
        sums = [np.bincount(bins, weights, BINS) for weights in (None, p[off], truth[off])]
        return {
            "until_sure": until,
            "log_score": self._log_score(belief, start),
            "shd": float((1 - (states * true).sum(0)).sum()),
            "sid": self._distance(belief),
            "brier": float(((states - true) ** 2).sum(0).mean()),
            "pair_claimed": float(states.max(0).mean()),
            "pair_right": float(true[best, np.arange(len(best))].mean()),
            "bins": json.dumps([np.round(one, 6).tolist() for one in sums]),
            "claimed": belief.confidence,
            "right": belief.graph == self.here.dag,
            **(self._of_effect(belief) if self.unit.effects else {}),
        }

    def _log_score(self, belief: AnyBelief, start: Any) -> float:
        """The logarithm of the probability of the truth."""
        if isinstance(belief, ParticleBelief) and isinstance(start, DagPosterior):
            known = [p for dag, p in belief.top(_TOP) if dag == self.here.dag]  # by its weight, which is surer
            if known and known[0] > _PLAIN:
                return min(0.0, math.log(known[0]))
            own = Belief.uniform(self.truth, belief.channel).update(belief.answers).log_marginal_likelihood
            before = float(start.inference.log_probability(self.truth)[0])
            return min(0.0, before + own - belief.log_marginal_likelihood)
        same = (belief.candidates.adjacency == self.truth.adjacency).flatten(1).all(1)
        p = float(belief.probabilities[same].sum())
        if isinstance(start, DagPosterior):
            return math.log(p) if p > 0 else -math.inf
        return math.log((1 - _LEFT) * p + _LEFT * math.exp(self.prior))

    def _drawn(self, belief: AnyBelief, count: int, *what: Any) -> DagBatch:
        draw = torch.Generator().manual_seed(self.unit.seed_of("draws", *what))
        return belief.candidates[torch.multinomial(belief.probabilities, count, replacement=True, generator=draw)]

    def _distance(self, belief: AnyBelief) -> float:
        """The structural intervention distance of a graph drawn by its probability, on average."""
        graphs, count = self._drawn(belief, _DISTANT, "distance").unique()
        each = [graph.distance(self.here.dag).sid or 0 for graph in graphs]
        return float(np.average(each, weights=count.numpy()))

    def _of_effect(self, belief: AnyBelief) -> dict[str, Any]:
        treated, control, state = ("yes", "no", "yes") if self.here.discrete else (1.0, 0.0, None)
        contrast = Contrast(self.treatment, self.outcome, treated=treated, control=control, state=state)
        graphs, seed = self._drawn(belief, _AVERAGED, "effect"), self.unit.seed_of("parameters")
        found = average(
            graphs, ate, contrast, data=self.frame, mass=_MASS, draws=_PARAMETERS, negligible=0.0, seed=seed
        )
        low, high = found.interval()
        inside = (found.draws >= low) & (found.draws <= high)
        return {
            "effect": self.effect,
            "effect_mean": found.mean,
            "effect_error": abs(found.mean - self.effect),
            "covered": bool(low <= self.effect <= high),
            "effect_claimed": float(found.weights @ inside.mean(0)),
            "effect_width": high - low,
        }
