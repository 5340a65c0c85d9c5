"""Oracles: whoever answers propositions, behind one protocol."""

from causalpp.oracles import noise
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.simulated import SimulatedOracle

__all__ = ["Answer", "Oracle", "Request", "SimulatedOracle", "noise"]
