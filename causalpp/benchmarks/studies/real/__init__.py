"""Real models: what recorded answers are worth, and what the loop makes of them."""

from causalpp.benchmarks.studies.real.errors import RELATIONS, Together, errors_together
from causalpp.benchmarks.studies.real.loops import METHODS, Loop
from causalpp.benchmarks.studies.real.study import RealModels, Row, real_models
from causalpp.benchmarks.studies.real.tables import blocks

__all__ = ["METHODS", "RELATIONS", "Loop", "RealModels", "Row", "Together", "blocks", "errors_together", "real_models"]
