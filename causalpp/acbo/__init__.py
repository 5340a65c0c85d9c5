"""A-CBO: the loop around an oracle, and the result it leaves."""

from causalpp.acbo.config import AcboConfig
from causalpp.acbo.loop import discover, discover_async
from causalpp.acbo.result import Result, Step

__all__ = ["AcboConfig", "Result", "Step", "discover", "discover_async"]
