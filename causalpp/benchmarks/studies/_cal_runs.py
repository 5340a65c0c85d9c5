"""The runs of the calibration study: random classes, simulated oracles of every kind, one row of plain values a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from causalpp.acbo import AcboConfig, discover
from causalpp.acbo.stopping import MISSING, REACHED
from causalpp.benchmarks.keys import seed_of
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import FormatError
from causalpp.graphs import Dag, DagBatch
from causalpp.graphs.random import erdos_renyi
from causalpp.oracles import SimulatedOracle, noise

__all__ = ["EXTRA", "FAMILIES", "LIAR", "MISSING_ERROR", "Unit", "carry_out", "random_class"]

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
LIAR = noise.Symmetric(0.9)
MISSING_ERROR = 0.1
_MOST = 200  # members of a class


class Unit(NamedTuple):
    """One run: of which part of the study, with which noise, by which method, and its number."""

    part: str
    family: str
    method: str
    number: int


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


def _noise(unit: Unit) -> noise.Noise:
    if unit.part == "liar":
        return LIAR
    if unit.part in ("missing", "present"):
        return noise.Symmetric(MISSING_ERROR)
    return {**FAMILIES, **EXTRA}[unit.family]


def run_unit(unit: Unit, seed: int) -> dict[str, Any]:
    """Carry out one run; all that is random in it is drawn from the seed and its number."""
    torch.set_num_threads(1)
    mec, truth = random_class(seed, unit.number, 3 if unit.part in ("missing", "present") else 2)
    candidates: MarkovEquivalenceClass | DagBatch = mec
    if unit.part == "missing":
        batch = mec.batch()
        candidates = batch[np.array([dag != truth for dag in batch])]
    config = AcboConfig() if unit.method == "ours" else AcboConfig.published()
    result = discover(
        candidates,
        SimulatedOracle(truth, _noise(unit), seed_of(seed, "answers", unit.number)),
        seed=seed_of(seed, "choice", unit.number),
        config=config,
    )
    belief = result.belief
    kinds = belief.kinds
    return {
        **unit._asdict(),
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


def carry_out(
    units: Sequence[Unit],
    seed: int,
    jobs: int,
    store: str | os.PathLike[str] | None,
    progress: Callable[[int, int], None] | None,
) -> list[dict[str, Any]]:
    """All the runs, in the order of the units; those a file has already are not done again.

    Raises:
        FormatError: the file is not one of such runs, or of runs with another seed.
    """
    from joblib import Parallel, delayed

    wanted = set(units)
    rows = {unit: row for unit, row in _kept(store, seed) if unit in wanted}
    todo = [unit for unit in units if unit not in rows]
    # Number by number, so that a study that is broken off has about as many runs of each family.
    todo.sort(key=lambda unit: unit.number)
    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size="auto")
    for row in work(delayed(run_unit)(unit, seed) for unit in todo):
        unit = _unit(row)
        rows[unit] = row
        if store is not None:
            with Path(store).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, **row}, ensure_ascii=False) + "\n")
        if progress is not None:
            progress(len(rows), len(units))
    return [rows[unit] for unit in units]


def _unit(row: Mapping[str, Any]) -> Unit:
    return Unit(*(row[name] for name in Unit._fields))


def _kept(store: str | os.PathLike[str] | None, seed: int) -> Iterator[tuple[Unit, dict[str, Any]]]:
    if store is None or not Path(store).exists():
        return
    for number, line in enumerate(Path(store).read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            unit, drawn = _unit(row), row.pop("seed")
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"line {number} of {store} is not a run of the calibration study: {error}") from None
        if drawn != seed:
            raise FormatError(f"{store} has runs with seed {drawn}, not {seed}: use another file")
        yield unit, row
