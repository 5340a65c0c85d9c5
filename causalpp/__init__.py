"""Ask a language model small causal questions; let a probabilistic program make the decision."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from causalpp import errors

if TYPE_CHECKING:
    from causalpp.acbo import AcboConfig, Result, Session, discover, discover_async
    from causalpp.belief import Belief
    from causalpp.cbo import InterventionSets, intervention_sets, optimize
    from causalpp.crosscheck import (
        Calibration,
        DirectionCalibration,
        Verification,
        World,
        calibrate,
        calibrate_directions,
        check_answers,
        check_data,
        check_experiments,
        check_simulation,
        read_prior,
        verify,
    )
    from causalpp.effects import AveragedEffect
    from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
    from causalpp.graphs import Admg, Dag, DagBatch, Knowledge, read_graph, write_graph
    from causalpp.oracles import (
        Answer,
        Budget,
        ExperimentOracle,
        HumanOracle,
        Journal,
        LanguageModelOracle,
        Limits,
        Panel,
        RecordedOracle,
        SimulatedOracle,
        noise,
    )
    from causalpp.posterior import DagPosterior
    from causalpp.programs import (
        AdditiveNoise,
        CausalProgram,
        Contrast,
        Effect,
        Estimand,
        Function,
        Gamma,
        LinearGaussian,
        Logistic,
        NegativeBinomial,
        Poisson,
        Response,
        Shift,
        Table,
        actual_cause,
        adjusted_effect,
        adjustment_sets,
        ate,
        att,
        cate,
        cde,
        compile,
        compile_batch,
        examples,
        identify,
        instruments,
        load_network,
        mechanisms,
        nde,
        nie,
        optimal_adjustment_set,
        path_specific,
        pn,
        pns,
        ps,
        tian_pearl_bounds,
    )
    from causalpp.propositions import (
        Causes,
        Changes,
        Direction,
        DirectlyCauses,
        HaveCommonCause,
        HaveCommonEffect,
        Independent,
        IndirectlyCauses,
        Proposition,
        all_questions,
        parse,
    )

__all__ = [
    "AcboConfig",
    "AdditiveNoise",
    "Admg",
    "Answer",
    "AveragedEffect",
    "Belief",
    "Budget",
    "Calibration",
    "CausalProgram",
    "Causes",
    "Changes",
    "Contrast",
    "Cpdag",
    "Dag",
    "DagBatch",
    "DagPosterior",
    "Direction",
    "DirectionCalibration",
    "DirectlyCauses",
    "Effect",
    "Estimand",
    "ExperimentOracle",
    "Function",
    "Gamma",
    "HaveCommonCause",
    "HaveCommonEffect",
    "HumanOracle",
    "Independent",
    "IndirectlyCauses",
    "InterventionSets",
    "Journal",
    "Knowledge",
    "LanguageModelOracle",
    "Limits",
    "LinearGaussian",
    "Logistic",
    "MarkovEquivalenceClass",
    "NegativeBinomial",
    "Panel",
    "Poisson",
    "Proposition",
    "RecordedOracle",
    "Response",
    "Result",
    "Session",
    "Shift",
    "SimulatedOracle",
    "Table",
    "Verification",
    "World",
    "actual_cause",
    "adjusted_effect",
    "adjustment_sets",
    "all_questions",
    "ate",
    "att",
    "calibrate",
    "calibrate_directions",
    "cate",
    "cde",
    "check_answers",
    "check_data",
    "check_experiments",
    "check_simulation",
    "compile",
    "compile_batch",
    "discover",
    "discover_async",
    "errors",
    "examples",
    "identify",
    "instruments",
    "intervention_sets",
    "load_network",
    "mechanisms",
    "nde",
    "nie",
    "noise",
    "optimal_adjustment_set",
    "optimize",
    "parse",
    "path_specific",
    "pn",
    "pns",
    "ps",
    "read_graph",
    "read_prior",
    "tian_pearl_bounds",
    "verify",
    "write_graph",
]

# A room is imported when one of its names is first used: a help page need not wait seconds for torch and Pyro.
_ROOMS = {
    "abstraction": "",
    "acbo": "AcboConfig Result Session discover discover_async",
    "belief": "Belief",
    "benchmarks": "",
    "cbo": "InterventionSets intervention_sets optimize",
    "columns": "",
    "crosscheck": """
        Calibration DirectionCalibration Verification World calibrate calibrate_directions check_answers check_data
        check_experiments check_simulation read_prior verify
    """,
    "design": "",
    "effects": "AveragedEffect",
    "equivalence": "Cpdag MarkovEquivalenceClass",
    "graphs": "Admg Dag DagBatch Knowledge read_graph write_graph",
    "kernels": "",
    "language": "",
    "oracles": """
        Answer Budget ExperimentOracle HumanOracle Journal LanguageModelOracle Limits Panel RecordedOracle
        SimulatedOracle noise
    """,
    "posterior": "DagPosterior",
    "programs": """
        AdditiveNoise CausalProgram Contrast Effect Estimand Function Gamma LinearGaussian Logistic NegativeBinomial
        Poisson Response Shift Table actual_cause adjusted_effect adjustment_sets ate att cate cde compile compile_batch
        examples identify instruments load_network mechanisms nde nie optimal_adjustment_set path_specific pn pns ps
        tian_pearl_bounds
    """,
    "propositions": """
        Causes Changes Direction DirectlyCauses HaveCommonCause HaveCommonEffect Independent IndirectlyCauses
        Proposition all_questions parse
    """,
    "scores": "",
    "tasks": "",
    "training": "",
}
_WHERE = {name: room for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        found = getattr(import_module(f"causalpp.{_WHERE[name]}"), name)
    elif name in _ROOMS:
        found = import_module(f"causalpp.{name}")
    else:
        raise AttributeError(f"module 'causalpp' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE, *_ROOMS})
