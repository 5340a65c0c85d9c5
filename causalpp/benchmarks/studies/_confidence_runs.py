"""The runs of the study of confidence: random classes, simulated oracles of every kind, one row a run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from causalpp.acbo import AcboConfig, discover
from causalpp.acbo.stopping import MISSING, REACHED
from causalpp.belief import Potentials, PotentialsPrior
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import ConfidenceRow
from causalpp.benchmarks.runs import Study, register
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.graphs.random import erdos_renyi
from causalpp.oracles import SimulatedOracle, noise
from causalpp.propositions import all_questions

__all__ = [
    "CONFIDENCE",
    "EXTRA",
    "FAMILIES",
    "LIAR",
    "MISSING_ERROR",
    "POSITIONS",
    "ConfidenceSettings",
    "random_class",
    "run_unit",
]

#: The noise families in which claimed confidence is held against accuracy.
FAMILIES: dict[str, noise.Noise] = {
    "independent 0": noise.Symmetric(0.0),
    "independent 0.05": noise.Symmetric(0.05),
    "independent 0.1": noise.Symmetric(0.1),
    "independent 0.2": noise.Symmetric(0.2),
    "independent 0.3": noise.Symmetric(0.3),
    "asymmetric": noise.Asymmetric(sensitivity=0.7, specificity=0.95),
    "persistent 0.1": noise.Persistent(0.1),
    "persistent 0.2": noise.Persistent(0.2),
    "persistent 0.3": noise.Persistent(0.3),
    "correlated": noise.Correlated(0.2, 0.5),
    "by size": noise.BySize({5: 0.05, 7: 0.1, 9: 0.15, 11: 0.2}),
    "by distance": noise.ByDistance({1: 0.05, 2: 0.15, 3: 0.25}, no_path=0.1),
    "by kind": noise.ByKind({"Causes": 0.1}, other=0.2),
    "yes-bias": noise.YesBias(0.2, 0.05),
    "abstaining": noise.Abstaining(0.2, 0.1),
    "adversarial": noise.Adversarial(1.0, 0.1),
}
#: Oracles that know nothing: no method can be right more often than by guessing.
EXTRA: dict[str, noise.Noise] = {
    "random": noise.Symmetric(0.5),
    "random, persistent": noise.Persistent(0.5),
}
#: Oracles whose log-odds share their errors, for the method ``"potentials"``; only where they are named.
POSITIONS: dict[str, noise.Noise] = {
    f"positions {share:g}": noise.PositionNoise(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)
}
LIAR = noise.Symmetric(0.9)
MISSING_ERROR = 0.1
_MOST = 200  # members of a class


_METHODS = ("ours", "published", "potentials")
_POOLED = 40  # other networks that the prior of the graded channel is pooled over


@dataclass(frozen=True)
class ConfidenceSettings:
    """A section of a configuration that holds what the loop claims against what is true.

    Attributes:
        runs: of each family with each method; the same classes for all of them.
        families: names out of :data:`FAMILIES` and :data:`EXTRA`, by default all, and of :data:`POSITIONS`.
        methods: ``"ours"``: default settings; ``"published"``: ``AcboConfig.published()``, whose 16 candidates are
            drawn from the class, so that the truth may be missing; and ``"potentials"``, always for :data:`POSITIONS`:
            :class:`~causalpp.belief.Potentials` with a prior pooled over other classes, of all shares.
        missing: runs with the truth removed, and as many with it; by default 300, or ``runs`` if that is less, or none
            where families are named.
        liar: runs with error 0.9; by default 200, or ``runs`` if that is less, or none where families are named.

    Raises:
        InvalidParameter: an unknown family or method, a number out of range.
    """

    runs: int = 500
    families: tuple[str, ...] | None = None
    methods: tuple[str, ...] = _METHODS[:2]
    missing: int | None = None
    liar: int | None = None

    def __post_init__(self) -> None:
        known = {**FAMILIES, **EXTRA, **POSITIONS}
        for what, name, names in [
            *(("family of noise", name, known) for name in self.families or ()),
            *(("method", name, _METHODS) for name in self.methods),
        ]:
            if name not in names:
                raise InvalidParameter(f"unknown {what} {name!r}; there are {', '.join(names)}")
        if min(self.counts) < 0:
            raise InvalidParameter(f"numbers of runs are not negative, got {list(self.counts)}")

    @property
    def counts(self) -> tuple[int, int, int]:
        """Runs of each family, with the truth removed, and of the liar."""
        usual = [0 if self.families is not None else min(most, self.runs) for most in (300, 200)]
        given = [one if chosen is None else chosen for one, chosen in zip(usual, (self.missing, self.liar))]
        return self.runs, given[0], given[1]


def _methods(family: str, settings: ConfidenceSettings) -> tuple[str, ...]:
    """Graded answers are for the channel that reads them."""
    return ("potentials",) if family in POSITIONS else settings.methods


def _plan(settings: ConfidenceSettings, seed: int) -> list[Mapping[str, Any]]:
    """Number by number, so that a study that is broken off has about as many runs of each family."""
    named = [*FAMILIES, *EXTRA] if settings.families is None else settings.families
    runs, missing, liar = settings.counts
    units = [
        ("calibration", name, method, k) for name in named for method in _methods(name, settings) for k in range(runs)
    ]
    units += [(part, "independent 0.1", "ours", k) for part in ("missing", "present") for k in range(missing)]
    units += [("liar", "independent 0.9", "ours", k) for k in range(liar)]
    names = ("part", "family", "method", "number")
    return [{**dict(zip(names, unit)), "seed": seed} for unit in sorted(units, key=lambda unit: unit[3])]


def random_class(seed: int, number: int, least: int = 2) -> tuple[MarkovEquivalenceClass, Dag]:
    """A class of ``least`` to 200 members over 5 to 12 variables, and a member of it drawn uniformly.

    The Dag behind it has 1.2 to 3 neighbours a variable on average; all numbers are drawn uniformly.
    """
    draw = np.random.default_rng(seed_of(seed, "calibration", number))
    while True:
        variables, degree = int(draw.integers(5, 13)), draw.uniform(1.2, 3)
        dag = erdos_renyi(variables, expected_degree=degree, seed=int(draw.integers(2**31)))[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        if least <= mec.size <= _MOST:
            return mec, mec.sample(1, seed=int(draw.integers(2**31)))[0]


def _noise(unit: Mapping[str, Any]) -> noise.Noise:
    if unit["part"] == "liar":
        return LIAR
    if unit["part"] in ("missing", "present"):
        return noise.Symmetric(MISSING_ERROR)
    return {**FAMILIES, **EXTRA, **POSITIONS}[unit["family"]]


@lru_cache(maxsize=8)
def _pooled(seed: int) -> PotentialsPrior:
    """What is known of the simulated models of :data:`POSITIONS` from other classes, some for each share."""
    networks = []
    for number, flawed in zip(range(_POOLED), itertools.cycle(POSITIONS.values()), strict=False):
        _, truth = random_class(seed_of(seed, "pooled"), number)
        oracle = SimulatedOracle(truth, flawed, seed_of(seed, "pooled answers", number))
        networks.append((truth, oracle.ask(all_questions(truth.nodes, "Direction"))))
    return PotentialsPrior.fit(networks)


def _config(method: str, seed: int) -> AcboConfig:
    if method == "published":
        return AcboConfig.published()
    return AcboConfig() if method == "ours" else AcboConfig(channel=Potentials(_pooled(seed)))


def run_unit(unit: Mapping[str, Any]) -> list[ConfidenceRow]:
    """Carry out one run; all that is random in it is drawn from the seed and its number."""
    part, seed, number = unit["part"], unit["seed"], unit["number"]
    mec, truth = random_class(seed, number, 3 if part in ("missing", "present") else 2)
    candidates: MarkovEquivalenceClass | DagBatch = mec
    if part == "missing":
        batch = mec.batch()
        candidates = batch[np.array([dag != truth for dag in batch])]
    flawed = _noise(unit)
    result = discover(
        candidates,
        SimulatedOracle(truth, flawed, seed_of(seed, "answers", number)),
        seed=seed_of(seed, "choice", number),
        config=_config(unit["method"], seed),
    )
    if result.interrupted:  # Ctrl-C is meant for the run, and half a result is none
        raise KeyboardInterrupt
    belief, kinds = result.belief, result.belief.kinds
    row: ConfidenceRow = {
        "study_part": part,
        "family": unit["family"],
        "method": unit["method"],
        "number": number,
        "oracle_nature": "simulated",
        "oracle": str(flawed),
        "variables": len(truth),
        "members": mec.size,
        "claimed": belief.confidence,
        "right": result.graph == truth,
        "questions": len(result.transcript),
        "different": len({step.answer.question for step in result.transcript}),
        "missing": float(1 - belief.probabilities.sum()),
        "liar": kinds["liar"],
        "unrelated": kinds["unrelated"],
        "reached": result.stopped_because == REACHED,
        "flagged": result.stopped_because == MISSING,
        "stopped_because": result.stopped_because,
    }
    return [row]


#: Runs the loop on random classes under every kind of error, and keeps what it claims and whether that is right.
CONFIDENCE = register(
    Study("confidence", 1, ConfidenceSettings, _plan, run_unit, count=lambda settings: len(_plan(settings, 0)))
)
