"""Answers from experiments: a test with stated error rates, on samples that are drawn or were."""

from causalpp.oracles.experiment.oracle import ExperimentOracle

__all__ = ["ExperimentOracle"]
