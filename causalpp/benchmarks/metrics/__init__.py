"""Scores of answers against labels, and of rules that know nothing, with intervals that know what belongs together."""

from causalpp.benchmarks.metrics._groups import SERIES, series_of
from causalpp.benchmarks.metrics.leaks import leaks, once, rule_name
from causalpp.benchmarks.metrics.scores import (
    BINS,
    METRICS,
    in_hidden_graph,
    intervals,
    is_known,
    is_scored,
    references,
    score,
)
from causalpp.benchmarks.metrics.twins import abstentions, has_abstentions, has_twins, twin_gaps

__all__ = [
    "BINS",
    "METRICS",
    "SERIES",
    "abstentions",
    "has_abstentions",
    "has_twins",
    "in_hidden_graph",
    "intervals",
    "is_known",
    "is_scored",
    "leaks",
    "once",
    "references",
    "rule_name",
    "score",
    "series_of",
    "twin_gaps",
]
