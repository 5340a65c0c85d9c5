"""A-CBO: the loop around an oracle, and the result it leaves."""

from causalpp._renamed import old_modules, old_names
from causalpp.acbo.config import AcboConfig
from causalpp.acbo.loop import discover, discover_async, drive, drive_async
from causalpp.acbo.result import SPENT, ExperimentStep, Result, Step
from causalpp.acbo.session import Session

__all__ = [
    "SPENT",
    "AcboConfig",
    "ExperimentStep",
    "Result",
    "Session",
    "Step",
    "discover",
    "discover_async",
    "drive",
    "drive_async",
]

old_modules({"causalpp.acbo.average": "causalpp.effects", "causalpp.acbo.contradiction": "causalpp.acbo.stopping"})
__getattr__ = old_names(
    __name__, {"average": "causalpp.effects:average", "AveragedEffect": "causalpp.effects:AveragedEffect"}
)
