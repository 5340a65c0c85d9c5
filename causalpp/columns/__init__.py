"""What a column is: states or numbers, decided once, with the reason, and printed."""

from causalpp.columns.column import KINDS, Column, Columns, ColumnTable, ReadAs
from causalpp.columns.reading import read_columns
from causalpp.columns.states import State, affirmed, as_number, check_states, contrast_states, state_number

__all__ = [
    "KINDS",
    "Column",
    "ColumnTable",
    "Columns",
    "ReadAs",
    "State",
    "affirmed",
    "as_number",
    "check_states",
    "contrast_states",
    "read_columns",
    "state_number",
]
