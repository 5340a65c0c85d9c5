"""Reading replies: a label with its log-odds, numbers, objects, and thoughts apart from what is said."""

from causalpp.language.reading.amounts import Amount, read_amount
from causalpp.language.reading.labels import LABELS, Agreement, Reading, log_odds, read_label
from causalpp.language.reading.objects import LooseObject, LooseValue, cut_off, loose_objects
from causalpp.language.reading.values import last_object, read_number, without_thoughts

__all__ = [
    "LABELS",
    "Agreement",
    "Amount",
    "LooseObject",
    "LooseValue",
    "Reading",
    "cut_off",
    "last_object",
    "log_odds",
    "loose_objects",
    "read_amount",
    "read_label",
    "read_number",
    "without_thoughts",
]
