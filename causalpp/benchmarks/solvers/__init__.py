"""Solvers: whoever answers items, behind one interface."""

from causalpp._renamed import old_names
from causalpp.benchmarks.solvers.base import SOLVERS, Solution, Solver, make_solver, solver_names
from causalpp.benchmarks.solvers.constant import AlwaysNo, AlwaysYes, Constant
from causalpp.benchmarks.solvers.loop import AcboSolver, PublishedAcbo
from causalpp.benchmarks.solvers.programmed import ProgramAided
from causalpp.benchmarks.solvers.symbolic import Symbolic
from causalpp.benchmarks.solvers.whole import ChainOfThought, FewShot, PcInPrompt, SelfConsistency, ZeroShot

__all__ = ["AlwaysNo", "AlwaysYes", "Constant", "Solution", "Solver", "make_solver", "solver_names"]

_SHIPPED: tuple[type[Solver], ...] = (
    AlwaysNo, AlwaysYes, Constant, Symbolic, ZeroShot, FewShot, ChainOfThought, SelfConsistency, ProgramAided,
    PcInPrompt, AcboSolver, PublishedAcbo,
)  # fmt: skip
for _kind in _SHIPPED:
    SOLVERS.add(_kind.name, _kind)

__getattr__ = old_names(
    __name__,
    {"Verdict": "Solution"},
)
