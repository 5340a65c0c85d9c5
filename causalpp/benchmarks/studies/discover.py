"""Simulated runs of the loop on random classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from causalpp.acbo import AcboConfig, discover
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import DiscoverRow
from causalpp.benchmarks.runs.units import Study, register
from causalpp.benchmarks.solvers.asked import noise_of
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter
from causalpp.graphs.random import erdos_renyi
from causalpp.oracles import SimulatedOracle, noise

__all__ = ["DISCOVER", "DiscoverSettings"]


@dataclass(frozen=True)
class DiscoverSettings:
    """A section of a configuration that runs :func:`causalpp.discover` on random classes with a simulated oracle.

    Attributes:
        variables: sizes of the random graphs.
        runs: of each size, with each noise and method.
        noise: how the oracle errs: rates of symmetric errors, or families with their parameters, such as
            ``{family: Persistent, noise: 0.2}``.
        methods: ``"ours"``, ``"published"`` (its 16 candidates drawn from the class, so that the truth may be missing).
        confidence: asked for.
        max_questions: of a run; by default that of :func:`~causalpp.discover`.
        expected_degree: of the variables.
        candidates: classes of exactly so many members only, drawn again until one comes; by default any of 2 to
            ``limit``.
        limit: the largest class.

    Raises:
        InvalidParameter: a number out of range.
    """

    variables: tuple[int, ...]
    runs: int = 20
    noise: tuple[float | Mapping[str, Any], ...] = (0.1,)
    methods: tuple[Literal["ours", "published"], ...] = ("ours",)
    confidence: float = 0.95
    max_questions: int | None = None
    expected_degree: float = 2.0
    candidates: int | None = None
    limit: int = 2000

    def __post_init__(self) -> None:
        if not self.variables or min(self.variables) < 2 or self.runs < 1 or not self.methods or not self.noise:
            raise InvalidParameter("sizes are at least 2, and there is at least one run, one noise and one method")
        if not 0 < self.confidence < 1:
            raise InvalidParameter(f"a confidence lies strictly between 0 and 1, got {self.confidence}")
        for spec in self.noise:
            noise_of(spec)


_ATTEMPTS = 2000


def _plan_runs(settings: DiscoverSettings, seed: int) -> Iterator[Mapping[str, Any]]:
    same = ("confidence", "max_questions", "expected_degree", "candidates", "limit")
    for n, run, spec, method in product(settings.variables, range(settings.runs), settings.noise, settings.methods):
        own = {"variables": n, "seed": seed_of(seed, "discover", n, run), "noise": spec, "method": method}
        yield own | {name: getattr(settings, name) for name in same}


def _drawn(p: Mapping[str, Any]) -> MarkovEquivalenceClass:
    """The class of a random graph, of a size that is wanted."""
    for attempt in range(_ATTEMPTS):
        seed = seed_of(p["seed"], "class", attempt)
        dag = erdos_renyi(p["variables"], expected_degree=p["expected_degree"], seed=seed)[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        if mec.size == p["candidates"] or (p["candidates"] is None and 2 <= mec.size <= p["limit"]):
            return mec
    wanted = p["candidates"] or f"2 to {p['limit']}"
    raise InvalidParameter(
        f"no class of {wanted} members among {_ATTEMPTS} random graphs on {p['variables']} variables: "
        "ask for another number of candidates or another density"
    )


def _run(p: Mapping[str, Any]) -> Sequence[DiscoverRow]:
    mec = _drawn(p)
    truth = mec.sample(1, seed=seed_of(p["seed"], "truth"))
    ours = p["method"] == "ours"
    config = AcboConfig() if ours else AcboConfig.published()
    flawed = noise_of(p["noise"])
    result = discover(
        mec,
        SimulatedOracle(truth[0], flawed, seed_of(p["seed"], "answers")),
        confidence=p["confidence"],
        max_questions=p["max_questions"],
        seed=seed_of(p["seed"], "choice"),
        config=config,
        limit=max(p["limit"], mec.size),
    )
    if result.interrupted:  # Ctrl-C is meant for the run, and half a result is none
        raise KeyboardInterrupt
    candidates = result.belief.candidates
    answers = [step.answer for step in result.transcript]
    told = [one.value == bool(one.question.holds(truth)[0]) for one in answers if one.value is not None]
    # The bound speaks of independent errors at a known rate; for other noise there is none to hold a run against.
    bound = result.bound(flawed.error) if isinstance(flawed, noise.Symmetric) else math.inf
    return [
        {
            "variables": p["variables"],
            "group": f"{p['variables']}:{p['seed']}",
            "members": mec.size,
            "candidates": len(candidates),
            "truth_is_candidate": any(candidates[i] == truth[0] for i in range(len(candidates))),
            "oracle_nature": result.oracle_nature,
            "oracle": str(flawed),
            "method": p["method"],
            "confidence_asked": p["confidence"],
            "rounds": len(result.transcript) // config.votes,
            "questions": len(result.transcript),
            "bound": bound if bound < math.inf else None,
            "local_answers": len(answers),
            "local_wrong": told.count(False),
            "local_silent": len(answers) - len(told),
            "confidence": result.belief.confidence,
            "random_member": 1 / mec.size,
            "right": result.graph == truth[0],
            "error_learned": float(result.belief.reliability.error),
            "stopped_because": result.stopped_because,
        }
    ]


#: Runs the loop on random classes with a simulated oracle, which knows the graph.
DISCOVER = register(
    Study(
        "discover",
        1,
        DiscoverSettings,
        _plan_runs,
        _run,
        count=lambda s: len(s.variables) * s.runs * len(s.noise) * len(s.methods),
    )
)
