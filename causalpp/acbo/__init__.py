"""A-CBO: the loop around an oracle, and the result it leaves."""

from causalpp._renamed import old_names
from causalpp.acbo.config import AcboConfig
from causalpp.acbo.loop import discover, discover_async
from causalpp.acbo.result import Result, Step

__all__ = ["AcboConfig", "Result", "Step", "discover", "discover_async"]

__getattr__ = old_names(
    __name__, {"average": "causalpp.effects:average", "AveragedEffect": "causalpp.effects:AveragedEffect"}
)
