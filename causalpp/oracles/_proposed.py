"""Reading graphs out of a language model's replies: every reply gives a list of edges or the reason why not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from causalpp.language.reading import last_object

__all__ = ["Acyclic", "Refused", "match_name", "read_edges", "read_names"]

_ARROW = re.compile(r"\s*(?:->|→|-->|=>)\s*")
_KEYS = (("cause", "effect"), ("from", "to"), ("source", "target"))


class Refused(Exception):
    """Why a reply was not taken; not an error of the user's."""


class Acyclic:
    """A graph that grows edge by edge and stays acyclic.

    >>> graph = Acyclic()
    >>> [graph.add(*edge) for edge in ("ab", "bc", "ca", "ac")]
    [True, True, False, True]
    """

    def __init__(self) -> None:
        self.edges: dict[tuple[str, str], None] = {}
        self._children: dict[str, list[str]] = {}

    def path(self, start: str, goal: str) -> list[str] | None:
        """A directed path from one variable to another, both included; None if there is none."""
        trail: dict[str, str | None] = {start: None}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here == goal:
                path = [here]
                while (before := trail[path[-1]]) is not None:
                    path.append(before)
                return path[::-1]
            for child in self._children.get(here, ()):
                if child not in trail:
                    trail[child] = here
                    waiting.append(child)
        return None

    def add(self, cause: str, effect: str) -> bool:
        """Add an edge unless it closes a cycle; whether it is now there."""
        if (cause, effect) not in self.edges:
            if self.path(effect, cause) is not None:
                return False
            self.edges[cause, effect] = None
            self._children.setdefault(cause, []).append(effect)
        return True


def match_name(said: Any, names: Sequence[str]) -> str:
    """The variable that is meant: as written, but for case and punctuation, or the one that is almost spelled so.

    A near miss counts only if a single variable is near, and never across digits: ``x3`` is not ``x2``.

    Raises:
        Refused: no variable, or several.

    Example:
        >>> match_name("Lung-Cancer", ["lung cancer", "tar"]), match_name("smokng", ["smoking", "tar"])
        ('lung cancer', 'smoking')
    """
    if not isinstance(said, str):
        raise Refused(f"a variable is named by text, not {_short(said)}")
    if said in names:
        return said
    for fold in (lambda text: text.strip().strip("\"'`").strip(), str.casefold, _bare):
        folded = fold(said.strip().strip("\"'`").strip())
        found = [name for name in names if fold(name) == folded]
        if folded and len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise Refused(f"{_short(said)} may be {' or '.join(map(repr, found[:3]))}")
    near = {_bare(name): name for name in names if _digits(name) == _digits(said)}
    close = difflib.get_close_matches(_bare(said)[:200], near, n=2, cutoff=0.8)
    if len(close) == 1:
        return near[close[0]]
    raise Refused(f"unknown variable {_short(said)}" + (f", near {len(close)} of the known ones" if close else ""))


def read_edges(text: str, names: Sequence[str], repair: bool = False) -> tuple[list[tuple[str, str]], list[str]]:
    """The edges of the last graph in a reply, and what was repaired to read them.

    Args:
        text: the reply; the JSON object may stand between other text.
        names: the variables.
        repair: leave out an edge that closes a cycle with those before it, instead of refusing the graph.

    Raises:
        Refused: there is no graph, it names something else, or it has a cycle.

    Example:
        >>> read_edges('Sure! {"edges": [{"cause": "A", "effect": "b"}]}', ["a", "b"])
        ([('a', 'b')], ["read 'A' as 'a'"])
    """
    repairs: list[str] = []
    graph = Acyclic()
    for edge in _listed(text, "edges"):
        cause, effect = (_read(said, names, repairs) for said in _pair(edge))
        if graph.add(cause, effect):
            continue
        cycle = " → ".join([cause, *(graph.path(effect, cause) or ())])
        if not repair:
            raise Refused(f"the graph has a directed cycle: {cycle}")
        repairs.append(f"left out {cause!r} → {effect!r}, which closes the cycle {cycle}")
    return list(graph.edges), repairs


def read_names(text: str, names: Sequence[str], key: str = "variables") -> tuple[list[str], list[str]]:
    """The variables a reply lists under a key, each once, and what was repaired or ignored to read them.

    >>> read_names('{"variables": ["b", "zebra"]}', ["a", "b"])
    (['b'], ["ignored: unknown variable 'zebra'"])
    """
    repairs: list[str] = []
    out: dict[str, None] = {}
    for said in _listed(text, key):
        try:
            out[_read(said, names, repairs)] = None
        except Refused as reason:
            repairs.append(f"ignored: {reason}")
    return list(out), repairs


def _read(said: Any, names: Sequence[str], repairs: list[str]) -> str:
    name = match_name(said, names)
    note = f"read {_short(said)} as {name!r}"
    if name != said and note not in repairs:
        repairs.append(note)
    return name


def _pair(edge: Any) -> tuple[Any, Any]:
    if isinstance(edge, dict):
        for cause, effect in _KEYS:
            if cause in edge and effect in edge:
                return edge[cause], edge[effect]
    elif isinstance(edge, list) and len(edge) == 2:
        return edge[0], edge[1]
    elif isinstance(edge, str) and len(parts := _ARROW.split(edge)) == 2:
        return parts[0], parts[1]
    raise Refused(f"{_short(edge)} is not an edge with a cause and an effect")


def _listed(text: str, key: str) -> list[Any]:
    """What the last JSON object with a key lists under it."""
    found, why = last_object(text, key)
    if found is None:
        raise Refused(why)
    listed = found[key]
    if not isinstance(listed, list):
        raise Refused(f"the {key} are no list but {_short(listed)}")
    return listed


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…" + shown[-1]
