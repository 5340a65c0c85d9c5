"""Oracles: whoever answers propositions, behind one protocol."""

from causalpp.oracles import noise
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.experiment import ExperimentOracle
from causalpp.oracles.human import HumanOracle
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.simulated import SimulatedOracle

__all__ = ["Answer", "ExperimentOracle", "HumanOracle", "Oracle", "Request", "SimulatedOracle", "noise"]
