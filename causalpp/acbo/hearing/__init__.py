"""What is heard of an oracle besides its answers: that it is silent, or that they come from something else."""

from causalpp.acbo.hearing.diagnosis import Diagnosis, Listed
from causalpp.acbo.hearing.replies import heard, said
from causalpp.acbo.hearing.silence import Silence, unanswered

__all__ = ["Diagnosis", "Listed", "Silence", "heard", "said", "unanswered"]
