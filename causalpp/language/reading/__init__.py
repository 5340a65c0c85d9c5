"""Reading replies: a label with its log-odds, a number, the last JSON object, and thoughts apart from what is said."""

from causalpp.language.reading.labels import LABELS, Agreement, Reading, log_odds, read_label
from causalpp.language.reading.values import last_object, read_number, without_thoughts

__all__ = ["LABELS", "Agreement", "Reading", "last_object", "log_odds", "read_label", "read_number", "without_thoughts"]
