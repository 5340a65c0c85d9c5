"""Runs that sessions are tried on, and all that can be seen of one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import causalpp as cpp
from causalpp import Causes, Dag, MarkovEquivalenceClass, Session, SimulatedOracle, noise
from causalpp.acbo import AcboConfig
from causalpp.belief import Fixed
from causalpp.design import Random

CHAIN = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
TRUTH = Dag.from_edges([("c", "b"), ("b", "a"), ("c", "d")])
LONG = Dag.from_edges([(f"v{k}", f"v{k + 1}") for k in range(9)])
HUGE = MarkovEquivalenceClass.from_dag(LONG)
TWO = Dag.from_edges([(f"{name}{k}", f"{name}{k + 1}") for name in "pq" for k in range(4)])
BOTH = MarkovEquivalenceClass.from_dag(TWO)

SLOW = {"components in panels", "particles"}

#: What is tried on every way of a run: name → candidates, truth, settings.
RUNS: dict[str, tuple[Any, Dag, dict[str, Any]]] = {
    "alone": (CHAIN, TRUTH, {}),
    "published": (CHAIN, TRUTH, {"config": AcboConfig.published()}),
    "panel": (CHAIN, TRUTH, {"config": AcboConfig(panel=3), "max_questions": 4}),
    "batch": (CHAIN, TRUTH, {"config": AcboConfig(batch=3)}),
    "panels in batches": (CHAIN, TRUTH, {"config": AcboConfig(panel=2, batch=2), "max_questions": 4}),
    "joint": (CHAIN, TRUTH, {"config": AcboConfig(joint=True)}),
    "goal": (CHAIN, TRUTH, {"goal": Causes("a", "d")}),
    "policy": (CHAIN, TRUTH, {"config": AcboConfig(policy=Random(seed=3), channel=Fixed(0.2))}),
    "listed": ([TRUTH, *CHAIN.members()], TRUTH, {"kinds": "auto"}),
    "weighted": ([(CHAIN, 3.0), (TRUTH, 1.0)], TRUTH, {}),
    "components": (BOTH, TWO, {"limit": 7}),
    "components in panels": (BOTH, TWO, {"limit": 7, "config": AcboConfig(panel=2, batch=2)}),
    "particles": (HUGE, LONG, {"limit": 5, "config": AcboConfig(panel=2)}),
    "known": (CHAIN, TRUTH, {"knowledge": cpp.Knowledge(forbidden=[("a", "b")])}),
}
MOST = 7

every_run = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in RUNS]
)


def oracle(truth: Dag = TRUTH, error: float = 0.2, seed: int = 4) -> SimulatedOracle:
    return SimulatedOracle(truth, noise.Symmetric(error), seed=seed)


def begun(name: str) -> tuple[Session, SimulatedOracle]:
    candidates, truth, settings = RUNS[name]
    return Session(candidates, **{"seed": 7, "max_questions": MOST} | settings), oracle(truth)


def driven(session: Session, asked: SimulatedOracle, rounds: int | None = None) -> None:
    for _ in itertools.count() if rounds is None else range(rounds):
        if (question := session.ask()) is None:
            return
        session.tell(asked.ask(question, session.votes))


def everything(session: Session) -> dict[str, Any]:
    """All that a result says, the steps in full, and the next question."""
    result = session.result()
    steps = [(s.number, s.answer, s.answer.nature, s.expected, s.gained, s.leaders, s.call) for s in result.transcript]
    return result.to_dict() | {"steps": steps, "next": session.ask(), "why": session.result().stopped_because}
