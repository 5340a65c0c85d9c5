"""What data, an oracle and both in one posterior are worth."""

from causalpp.benchmarks.studies.data.study import DATA, Cell, DataSettings, DataStudy, EdgeBin, data_study
from causalpp.benchmarks.studies.data.tables import blocks
from causalpp.benchmarks.studies.data.worlds import MISSPECIFIED, WELL_SPECIFIED, WORLDS

__all__ = [
    "DATA",
    "MISSPECIFIED",
    "WELL_SPECIFIED",
    "WORLDS",
    "Cell",
    "DataSettings",
    "DataStudy",
    "EdgeBin",
    "blocks",
    "data_study",
]
