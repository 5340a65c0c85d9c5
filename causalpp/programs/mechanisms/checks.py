"""What mechanisms check about their states and parents, and how their arrays survive pickling and copying."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from causalpp.columns import State, check_states
from causalpp.errors import InvalidParameter

__all__ = ["ReadOnly", "checked_parents", "checked_states"]


class ReadOnly:
    """A mechanism whose arrays stay read-only when it is pickled or copied; what it remembers is computed anew."""

    def __getstate__(self) -> dict[str, Any]:
        kind = type(self)
        return {k: v for k, v in vars(self).items() if not isinstance(getattr(kind, k, None), cached_property)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        vars(self).update(state)


def checked_states(what: str, states: Iterable[Any]) -> tuple[State, ...]:
    """The states of a variable that has no name yet.

    Args:
        what: whose states, for the messages: ``"a table's variable"``.
        states: the states.

    Raises:
        InvalidParameter: no states, a missing value among them, or one named twice.
    """
    try:
        plain = tuple(states)
    except TypeError:
        raise InvalidParameter(f"{what} needs a list of its states, got {states!r}") from None
    if not plain:
        raise InvalidParameter(f"{what} has no states")
    for state in plain:
        missing = isinstance(state, (float, np.floating)) and math.isnan(state)
        if state is None or missing or (not isinstance(state, str) and str(state) in ("<NA>", "NaT")):
            raise InvalidParameter(f"{what} has the state {state}, a missing value: name it, such as 'unknown'")
    text = [str(state) for state in plain]
    if len(set(text)) < len(text):
        raise InvalidParameter(f"{what} has a state twice: {', '.join(text)}")
    return check_states(what, plain)


def checked_parents(parents: str | Iterable[str]) -> tuple[str, ...]:
    """The names of a mechanism's parents: one name, or several.

    Raises:
        InvalidParameter: something that is no name, or a name twice.
    """
    try:
        names = (parents,) if isinstance(parents, str) else tuple(parents)
    except TypeError:
        raise InvalidParameter(f"parents are names of variables, got {parents!r}") from None
    for name in names:
        if not isinstance(name, str):
            raise InvalidParameter(f"parents are names of variables, got {name!r}")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise InvalidParameter(f"a mechanism has the parent {twice[0]!r} twice")
    return names
