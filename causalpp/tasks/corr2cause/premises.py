"""Premises of benchmark items: complete for few variables, as short as determines the class for many."""

from __future__ import annotations

from causalpp.equivalence import Cpdag, from_premise, premise
from causalpp.errors import CausalppError, InvalidGraph, InvalidParameter
from causalpp.graphs import Dag

__all__ = ["PREMISES", "STATED", "checked_premise", "premise_of"]

#: The kinds of premise; see :func:`premise_of`.
PREMISES = ("auto", "complete", "determining")

#: Variables up to which ``"auto"`` states everything: the sizes of Corr2Cause.
STATED = 6


def premise_of(graph: Dag | Cpdag, kind: str = "auto", style: str = "corr2cause") -> str:
    """The premise that describes a graph's class, from which alone the class can be recovered.

    Args:
        graph: a Dag without latent variables, or a Cpdag.
        kind: ``"complete"`` states everything, word for word as Corr2Cause does, for at most 10 variables.
            ``"determining"`` has one sentence for each pair: a separating set, or that there is none.  ``"auto"`` is
            the first up to 6 variables and the second above.
        style: the wording, one of :data:`causalpp.propositions.STYLES`.

    Raises:
        InvalidParameter: no such kind or style.
        TooLarge: a complete premise about more than 10 variables.

    Example:
        >>> chain = Dag.from_edges([("A", "B"), ("B", "C")])
        >>> premise_of(chain, "determining").partition(": ")[2]
        'A correlates with B whatever is given. B correlates with C whatever is given. However, A and C are
         independent given B.'
    """
    if kind not in PREMISES:
        raise InvalidParameter(f"unknown kind of premise {kind!r}: use one of {', '.join(PREMISES)}")
    complete = kind == "complete" or (kind == "auto" and len(graph.nodes) <= STATED)
    return premise(graph, style, complete=complete)


def checked_premise(graph: Cpdag, kind: str = "auto", style: str = "corr2cause") -> str:
    """The premise, once reading its text has given the class back.

    Raises:
        InvalidGraph: it has not, which no premise does that :func:`premise_of` writes.
    """
    text = premise_of(graph, kind, style)
    try:
        recovered = from_premise(text)
    except CausalppError as error:
        raise InvalidGraph(f"the premise of {graph!r} does not determine it: {error}") from error
    if recovered != graph:
        raise InvalidGraph(f"the premise of {graph!r} determines {recovered!r} instead")
    return text
