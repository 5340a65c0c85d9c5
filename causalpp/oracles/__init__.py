"""Oracles: whoever answers propositions, behind one protocol."""

from causalpp._renamed import old_modules
from causalpp.language import (
    Backend,
    Budget,
    Limits,
    Prompt,
    Reply,
    Sampling,
    ScriptedBackend,
    Unanswered,
)
from causalpp.oracles import noise
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.direction import Consistency, Negation, consistency, contrasts, graded, negation
from causalpp.oracles.experiment import ExperimentOracle
from causalpp.oracles.human import HumanOracle
from causalpp.oracles.journal import Journal
from causalpp.oracles.language_model import LanguageModelOracle, read_panel, read_reply
from causalpp.oracles.odds import edge_prior
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.panel import Panel
from causalpp.oracles.prompts import POLARITIES, Prompts, Way, Writer, by_wording, ways
from causalpp.oracles.proposals import ElicitedGraph, Proposals, breadth_first_graph, pairwise_graph, propose_graphs
from causalpp.oracles.recorded import RecordedAnswer, RecordedOracle, Recording, read_answers, record, recorded_names
from causalpp.oracles.running import AsyncOracle, run
from causalpp.oracles.simulated import SimulatedOracle

__all__ = [
    "POLARITIES",
    "Answer",
    "AsyncOracle",
    "Backend",
    "Budget",
    "Consistency",
    "ElicitedGraph",
    "ExperimentOracle",
    "HumanOracle",
    "Journal",
    "LanguageModelOracle",
    "Limits",
    "Negation",
    "Oracle",
    "Panel",
    "Prompt",
    "Prompts",
    "Proposals",
    "RecordedAnswer",
    "RecordedOracle",
    "Recording",
    "Reply",
    "Request",
    "Sampling",
    "ScriptedBackend",
    "SimulatedOracle",
    "Unanswered",
    "Way",
    "Writer",
    "breadth_first_graph",
    "by_wording",
    "consistency",
    "contrasts",
    "edge_prior",
    "graded",
    "negation",
    "noise",
    "pairwise_graph",
    "propose_graphs",
    "read_answers",
    "read_panel",
    "read_reply",
    "record",
    "recorded_names",
    "run",
    "ways",
]

old_modules(
    {
        "causalpp.oracles.language": "causalpp.language causalpp.oracles.language_model",
        "causalpp.oracles.language.anthropic": "causalpp.language.backends.anthropic",
        "causalpp.oracles.language.backend": "causalpp.language.backend",
        "causalpp.oracles.language.openai": "causalpp.language.backends.openai",
        "causalpp.oracles.language.oracle": "causalpp.oracles.language_model.oracle",
        "causalpp.oracles.language.panels": "causalpp.oracles.language_model.panels",
        "causalpp.oracles.language.parsing": "causalpp.oracles.language_model causalpp.language.reading.labels",
        "causalpp.oracles.language.scripted": "causalpp.language.backends.scripted",
        "causalpp.oracles.language.transformers": "causalpp.language.backends.transformers",
    }
)
