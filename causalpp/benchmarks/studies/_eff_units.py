"""What is measured on one class: the smallest piece of work of :func:`causalpp.benchmarks.studies.efficiency`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from causalpp.acbo import AcboConfig, discover
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import EfficiencyRow
from causalpp.benchmarks.studies._eff_classes import class_of_size
from causalpp.benchmarks.studies._eff_simulator import Runs, simulate, telling
from causalpp.graphs import DagBatch
from causalpp.oracles import SimulatedOracle, noise
from causalpp.propositions import all_questions, truth_table

__all__ = ["METHODS", "Unit", "work"]

METHODS = ("joint", "causes", "default", "panel")

_CANDIDATES = 16  # of the published preset
_ASSUMED = 0.1  # the error rate that it assumes
_VOTES = (3, 5)
_MORE = 10  # times as many runs: there are few candidates, and the preset is seldom wrong
_STEP = 0.05  # the share of wrong graphs allowed to ours is lowered by this at least until it is right as often
_SUREST = 1 - 1e-4


@dataclass(frozen=True)
class Unit:
    """One class and what is done with it.

    Attributes:
        variables: of the graph.
        size: of the class that is wanted.
        number: of the class among those of its cell.
        runs: of each way of asking.
        default_runs: of the loop as it comes.
        errors: rates.
        confidence: at which a run ends.
        panel_members: the largest class that panels are looked at for.
        seed: of everything.
    """

    variables: int
    size: int
    number: int
    runs: int
    default_runs: int
    errors: Sequence[float]
    confidence: float
    panel_members: int
    seed: int

    def seed_of(self, *what: Any) -> int:
        """A seed of its own for each thing."""
        return seed_of(self.seed, "efficiency", self.variables, self.size, self.number, *what)


def work(parameters: Mapping[str, Any]) -> Iterator[EfficiencyRow]:
    """The rows of one class: one for each way of asking and error rate."""
    unit = Unit(**parameters)
    mec = class_of_size(unit.variables, unit.size, seed=unit.seed_of("class"))
    graphs = mec.batch(mec.size)
    questions = all_questions(graphs.nodes)
    every = truth_table(questions, graphs)
    truth = every[:, telling(every)]
    differs = every.any(0) & ~every.all(0)
    of = torch.tensor([graphs.nodes.index(question.variables[0]) for question in questions])[differs]
    for error in unit.errors:

        def row(method: str, found: Runs | list[tuple[int, bool, float]], **more: Any) -> EfficiencyRow:
            start = {"variables": unit.variables, "size": unit.size, "members": len(graphs), "error": error}  # noqa: B023
            asked = {"oracle_nature": "simulated", "oracle": str(noise.Symmetric(error))}  # noqa: B023
            return cast(EfficiencyRow, start | asked | {"method": method} | _summary(found) | more)

        for method in ("joint", "causes"):
            seed, joint = unit.seed_of(method, error), method == "joint"
            found = simulate(truth, error, unit.runs, seed=seed, confidence=unit.confidence, joint=joint)
            yield row(method, found)
        if len(graphs) <= unit.panel_members:
            seed = unit.seed_of("panel", error)
            found = simulate(every[:, differs], error, unit.runs, seed=seed, confidence=unit.confidence, panel=of)
            yield row("panel", found)
        yield row("default", _discovered(unit, graphs, error, unit.confidence, unit.default_runs, "default"))
        if len(graphs) >= 2 * _CANDIDATES:
            yield from _beside_the_preset(unit, graphs, every, error, row)


def _beside_the_preset(unit: Unit, graphs: DagBatch, every: Tensor, error: float, row: Any) -> Iterator[EfficiencyRow]:
    """The published preset and ours on the same candidates, drawn from the class; ours asked to be right as often."""
    draw = torch.Generator().manual_seed(unit.seed_of("candidates"))
    some = torch.randperm(len(graphs), generator=draw)[:_CANDIDATES]
    truth = every[some]
    truth = truth[:, telling(truth)]
    runs = _MORE * unit.runs
    for votes in _VOTES:
        seed = unit.seed_of("published", error, votes)
        theirs = simulate(truth, error, runs, seed=seed, confidence=unit.confidence, assumed=_ASSUMED, votes=votes)
        yield row("published", theirs, votes=votes)
        right = float(theirs.right.float().mean())
        seed = unit.seed_of("ours", error, votes)
        confidence = unit.confidence
        ours = simulate(truth, error, runs, seed=seed, confidence=confidence, joint=True)
        while float(ours.claimed.mean()) < right and confidence < _SUREST:
            wanted = (1 - right) / (1 - float(ours.claimed.mean()))
            confidence = 1 - (1 - confidence) * min(max(wanted, 1 - 10 * _STEP), 1 - _STEP)
            ours = simulate(truth, error, runs, seed=seed, confidence=confidence, joint=True)
        yield row("joint of 16", ours, votes=votes, confidence=confidence)
        found = _discovered(unit, graphs[some], error, confidence, unit.default_runs, f"default {votes}")
        yield row("default of 16", found, votes=votes, confidence=confidence)


def _discovered(
    unit: Unit, graphs: DagBatch, error: float, confidence: float, runs: int, what: str
) -> list[tuple[int, bool, float]]:
    """Runs of the loop as it comes: questions, whether right, and the confidence."""
    out = []
    for run in range(runs):
        truth = graphs[unit.seed_of(what, error, run, "truth") % len(graphs)]
        oracle = SimulatedOracle(truth, noise.Symmetric(error), seed=unit.seed_of(what, error, run, "answers"))
        seed = unit.seed_of(what, error, run, "choice")
        result = discover(graphs, oracle, confidence=confidence, seed=seed, config=AcboConfig())
        out.append((len(result.transcript), result.graph == truth, result.belief.confidence))
    return out


def _summary(found: Runs | list[tuple[int, bool, float]]) -> dict[str, Any]:
    if isinstance(found, Runs):
        calls = [int(number) for number in found.calls.tolist()]
        out = {"missed": int((~found.right).sum()), "claimed": float(found.claimed.sum()), "answers": found.answers,
               "wrong": found.wrong, "joint": found.joint}  # fmt: skip
    else:
        calls = [number for number, _, _ in found]
        out = {"missed": sum(not right for _, right, _ in found), "claimed": sum(sure for _, _, sure in found),
               "answers": max(1, sum(calls)), "wrong": 0, "joint": 0}  # fmt: skip
    return {"runs": len(calls), "calls": sum(calls), "squares": sum(number**2 for number in calls), **out}
