"""Model strings, as bnlearn and deal print them: ``[rain][wind][wet|rain:wind]``.

Each variable stands in brackets, its parents behind a bar with colons between them.

Reference: Scutari, *Learning Bayesian networks with the bnlearn R package*, Journal of Statistical Software 35(3),
2010.
"""

from __future__ import annotations

import re

from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag, Names
from causalpp.graphs.formats._sketch import only_dag
from causalpp.graphs.formats._tokens import cannot_hold, refuse_latent, shown

__all__ = ["from_modelstring", "is_modelstring", "to_modelstring"]

_NODE = re.compile(r"\s*\[([^\[\]|]*)(?:\|([^\[\]|]*))?\]")


def from_modelstring(text: str, *, latent: Names = ()) -> Dag:
    """Read a Dag from a model string; blanks around names are dropped.

    Args:
        text: the model string; quotation marks around the whole, as R prints it, may stand.
        latent: the unobserved variables, which the text itself cannot mark.

    Raises:
        FormatError: the text is malformed, a variable stands twice, or a parent has no brackets of its own; with the
            column.
        CyclicGraph: the parents close a directed cycle.
        UnknownVariable: ``latent`` names a variable that the text does not have.

    References:
        Scutari, *Learning Bayesian networks with the bnlearn R package*, Journal of Statistical Software 35(3), 2010.

    Example:
        >>> from_modelstring("[rain][wind][wet|rain:wind]")
        Dag('rain → wet, wind → wet')
    """
    text = text.removeprefix("\ufeff")
    body = re.sub(r'^\s*(?:\[1\]\s*)?"|"\s*$', lambda found: " " * len(found[0]), text)
    parents: dict[str, list[str]] = {}
    places: dict[str, int] = {}
    place = 0
    while body[place:].strip():
        found = _NODE.match(body, place)
        if found is None:
            at = place + len(body[place:]) - len(body[place:].lstrip())
            raise _error(text, f"expected [name] or [name|parent:parent], found {shown(text[at : at + 20])}", at)
        name = found[1].strip()
        if not name:
            raise _error(text, "a variable has no name", found.start(1))
        if name in parents:
            raise _error(text, f"the variable {name!r} stands twice", found.start(1))
        parents[name] = [] if found[2] is None else [parent.strip() for parent in found[2].split(":")]
        places[name] = found.start(1)
        place = found.end()
    if not parents:
        raise FormatError("the model string is empty", line=1, column=1)
    for name, above in parents.items():
        for parent in above:
            if parent not in parents:
                raise _error(text, f"the parent {parent!r} of {name!r} has no brackets of its own", places[name])
    return Dag(parents, [(parent, name) for name, above in parents.items() for parent in above], latent=latent)


def to_modelstring(dag: Dag) -> str:
    """Write a Dag as a model string, variables in their order.

    Raises:
        FormatError: there is no variable, one is latent, or a name holds one of ``[]|:``, a quotation mark or a line
            break, or begins or ends with a blank.

    References:
        Scutari, *Learning Bayesian networks with the bnlearn R package*, Journal of Statistical Software 35(3), 2010.

    Example:
        >>> to_modelstring(Dag(["rain", "wet", "wind"], [("rain", "wet"), ("wind", "wet")]))
        '[rain][wet|rain:wind][wind]'
    """
    only_dag(dag, "a model string")
    if not dag.nodes:
        raise FormatError("a model string cannot hold a graph without variables; JSON can")
    refuse_latent(dag, "a model string")
    for name in dag.nodes:
        if set(name) & set('[]|:"\n\r') or name != name.strip():
            raise cannot_hold(name, "a model string", 'it has one of [ ] | : " or a line break, or a blank at an end')
    return "".join(
        f"[{name}|{':'.join(dag.parents(name))}]" if dag.parents(name) else f"[{name}]" for name in dag.nodes
    )


def is_modelstring(text: str) -> bool:
    """Whether a text looks like a model string: brackets from the beginning.

    >>> is_modelstring("[a][b|a]"), is_modelstring("dag { a -> b }")
    (True, False)
    """
    return re.match(r'\ufeff?\s*(?:\[1\]\s*)?"?\s*\[[^\[\]]*\]\s*(?:\[|"|$)', text) is not None


def _error(text: str, message: str, place: int) -> FormatError:
    line = text.count("\n", 0, place) + 1
    return FormatError(message, line=line, column=place - text.rfind("\n", 0, place))
