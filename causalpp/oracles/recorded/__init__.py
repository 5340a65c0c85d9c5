"""What language models once answered: recorded to files, read from them, and answered again."""

from causalpp.oracles.recorded.oracle import RecordedOracle
from causalpp.oracles.recorded.recording import FORMS, Recording, drawn_pairs, record
from causalpp.oracles.recorded.records import RecordedAnswer, read_answers, recorded_names

__all__ = [
    "FORMS",
    "RecordedAnswer",
    "RecordedOracle",
    "Recording",
    "drawn_pairs",
    "read_answers",
    "record",
    "recorded_names",
]
