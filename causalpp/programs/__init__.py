"""Programs: a causal graph compiled to Pyro, and ``do`` as a visible change of the program."""

from causalpp._renamed import old_modules
from causalpp.programs import examples, mechanisms
from causalpp.programs.base import BaseProgram
from causalpp.programs.bulk import BatchEffects, GaussianBatch, MixedBatch, ProgramBatch, TableBatch, compile_batch
from causalpp.programs.cards import Card, VariableCard
from causalpp.programs.compiler import compile
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands import (
    ActualCause,
    CausationBounds,
    CausationProbability,
    Effect,
    actual_cause,
    ate,
    att,
    cate,
    cde,
    nde,
    nie,
    path_specific,
    pn,
    pns,
    ps,
    tian_pearl_bounds,
)
from causalpp.programs.fitting import Fit
from causalpp.programs.identification import (
    AdjustedEffect,
    Estimand,
    Instrument,
    Joint,
    adjusted_effect,
    adjustment_sets,
    backdoor_sets,
    frontdoor_sets,
    identify,
    instruments,
    is_adjustment_set,
    optimal_adjustment_set,
)
from causalpp.programs.interventions import Shift
from causalpp.programs.mechanisms import (
    AdditiveNoise,
    Assign,
    Function,
    Gamma,
    LinearGaussian,
    Logistic,
    Mechanism,
    NegativeBinomial,
    Poisson,
    Response,
    State,
    Table,
)
from causalpp.programs.networks import from_bif, from_network, load_network, network_names, to_bif
from causalpp.programs.program import CausalProgram, Statement
from causalpp.programs.worlds import Worlds

__all__ = [
    "ActualCause",
    "AdditiveNoise",
    "AdjustedEffect",
    "Assign",
    "BaseProgram",
    "BatchEffects",
    "Card",
    "CausalProgram",
    "CausationBounds",
    "CausationProbability",
    "Contrast",
    "Effect",
    "Estimand",
    "Fit",
    "Function",
    "Gamma",
    "GaussianBatch",
    "Instrument",
    "Joint",
    "LinearGaussian",
    "Logistic",
    "Mechanism",
    "MixedBatch",
    "NegativeBinomial",
    "Poisson",
    "ProgramBatch",
    "Response",
    "Shift",
    "State",
    "Statement",
    "Table",
    "TableBatch",
    "VariableCard",
    "Worlds",
    "actual_cause",
    "adjusted_effect",
    "adjustment_sets",
    "ate",
    "att",
    "backdoor_sets",
    "cate",
    "cde",
    "compile",
    "compile_batch",
    "examples",
    "from_bif",
    "from_network",
    "frontdoor_sets",
    "identify",
    "instruments",
    "is_adjustment_set",
    "load_network",
    "mechanisms",
    "nde",
    "network_names",
    "nie",
    "optimal_adjustment_set",
    "path_specific",
    "pn",
    "pns",
    "ps",
    "tian_pearl_bounds",
    "to_bif",
]

old_modules({f"{__name__}.mechanisms.{name}": f"{__name__}.mechanisms" for name in ("counts", "glm")})
old_modules(
    {f"{__name__}.fitting.{name}": f"{__name__}.fitting.families.{name}" for name in ("conjugate", "counts", "laplace")}
)
old_modules(
    {
        f"{__name__}.fitting.{name}": f"{__name__}.fitting.joint.{name}"
        for name in ("latent", "mcmc", "modes", "variational")
    }
)
old_modules(
    {
        f"{__name__}.fitting.model": f"{__name__}.models.rows",
        f"{__name__}.fitting.report": f"{__name__}.fitting {__name__}.fitting.convergence",
    }
)
