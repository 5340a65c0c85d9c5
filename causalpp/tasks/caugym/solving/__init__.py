"""Word problems read and decided from their text alone: what is stated, which models agree, and what follows."""

from causalpp.tasks.caugym.solving.deciding import Decision, decide
from causalpp.tasks.caugym.solving.reading import read
from causalpp.tasks.caugym.solving.told import Told

__all__ = ["Decision", "Told", "decide", "read"]
