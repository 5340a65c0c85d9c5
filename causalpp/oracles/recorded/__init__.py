"""What language models once answered, read from files and answered again."""

from causalpp.oracles.recorded.oracle import RecordedOracle
from causalpp.oracles.recorded.records import RecordedAnswer, read_answers, recorded_names

__all__ = ["RecordedAnswer", "RecordedOracle", "read_answers", "recorded_names"]
