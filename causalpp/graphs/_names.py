"""Names of variables, edges, and what variables are marked as: the checks that every kind of graph shares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set

from causalpp.errors import InvalidGraph, UnknownVariable

__all__ = [
    "ROLES",
    "Edge",
    "Names",
    "as_names",
    "as_pair",
    "check_names",
    "check_roles",
    "refuse_selected",
    "shown_marks",
]

Edge = tuple[str, str]
#: One variable, or several: ``"smoke"`` or ``{"smoke", "tub"}``.
Names = str | Iterable[str]
#: What a variable can be marked as besides latent, and how messages say it.
ROLES = ("selected", "adjusted", "exposure", "outcome")


def as_names(names: Names) -> tuple[str, ...]:
    """A name or several names as a tuple without repetitions, in the order given."""
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


def check_names(nodes: Iterable[object]) -> tuple[str, ...]:
    """The names as a tuple, if they are distinct, non-empty strings.

    Raises:
        InvalidGraph: a name is not a string, is empty, or occurs twice.
    """
    seen: dict[str, None] = {}
    for node in nodes:
        if not isinstance(node, str):
            raise InvalidGraph(f"variable names must be strings, got {node!r} ({type(node).__name__})")
        if not node.strip():
            raise InvalidGraph(f"a variable name must not be empty or blank, got {node!r}")
        if node in seen:
            raise InvalidGraph(f"the variable {node!r} is named twice")
        seen[str(node)] = None
    return tuple(seen)


def as_pair(edge: object) -> Edge:
    """The edge as a tuple, if it is an ordered pair; whether it joins variables is for the graph to say.

    Raises:
        InvalidGraph: not two things, or two without an order, as in a set.
    """
    if isinstance(edge, (str, Set, Mapping)) or not isinstance(edge, Collection) or len(edge) != 2:
        raise InvalidGraph(f"an edge is a pair (cause, effect), got {edge!r}")
    a, b = edge
    return a, b


def check_roles(
    nodes: Collection[str], latent: frozenset[str], roles: Mapping[str, Names]
) -> dict[str, frozenset[str]]:
    """The variables in each of :data:`ROLES`, if the graph has them.

    Raises:
        UnknownVariable: a name that the graph does not have.
        InvalidGraph: a variable is both latent and selected or adjusted.
    """
    found = {role: frozenset(as_names(roles.get(role, ()))) for role in ROLES}
    for role, names in found.items():
        for name in sorted(names):
            if name not in nodes:
                raise UnknownVariable(name, tuple(nodes), what=f" as {role}")
            if name in latent and role in ("selected", "adjusted"):
                raise InvalidGraph(f"{name!r} is both latent and {role}: nobody can condition on what is not observed")
    return found


def refuse_selected(selected: Collection[str], what: str) -> None:
    """Refuse a graph whose data are selected on a variable, where that is not reckoned with.

    Raises:
        InvalidGraph: there are such variables; the message names them.
    """
    if selected:
        names = ", ".join(repr(name) for name in sorted(selected))
        raise InvalidGraph(f"the data are selected on {names}, and {what}; see adjustment_sets() and d_separated()")


def shown_marks(nodes: tuple[str, ...], marks: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What the repr of a graph says about its marked variables: ``, latent={'u'}``."""
    for mark, names in marks.items():
        if names:
            yield f", {mark}={{{', '.join(repr(name) for name in nodes if name in names)}}}"
