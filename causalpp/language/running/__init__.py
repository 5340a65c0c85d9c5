"""Doing many things that wait on a model: how many at once, how fast, for how much, and what becomes of failures."""

from causalpp.language.running._loop import Job, on_the_loop
from causalpp.language.running._pace import Pace, attempt
from causalpp.language.running.limits import Budget, Counted, Limits, Paced, Prices, checked_prices, cost
from causalpp.language.running.run import FAILURES, Unanswered, in_batches, run

__all__ = [
    "FAILURES",
    "Budget",
    "Counted",
    "Job",
    "Limits",
    "Pace",
    "Paced",
    "Prices",
    "Unanswered",
    "attempt",
    "checked_prices",
    "cost",
    "in_batches",
    "on_the_loop",
    "run",
]
