"""A-CBO: the loop around an oracle, and the result it leaves."""

from causalpp.acbo.loop import discover
from causalpp.acbo.result import Result, Step

__all__ = ["Result", "Step", "discover"]
