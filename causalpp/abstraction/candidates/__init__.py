"""Which of several programs does a network implement?"""

from causalpp.abstraction.candidates.recovery import Recovery, recovery
from causalpp.abstraction.candidates.verdict import NONE, ProgramPosterior
from causalpp.abstraction.candidates.which import which_program

__all__ = ["NONE", "ProgramPosterior", "Recovery", "recovery", "which_program"]
