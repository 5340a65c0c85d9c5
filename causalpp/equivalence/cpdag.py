"""The graphs of equivalence classes, which stand among the graphs; here under the name this room has for them."""

from causalpp.graphs.cpdag import (
    Cpdag,
    Matrix,
    Mpdag,
    close_under_meek,
    completed,
    components,
    extension,
    partially_directed,
    pdag_matrix,
)

__all__ = [
    "Cpdag",
    "Matrix",
    "Mpdag",
    "close_under_meek",
    "completed",
    "components",
    "extension",
    "partially_directed",
    "pdag_matrix",
]
