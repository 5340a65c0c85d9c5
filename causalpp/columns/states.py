"""The states of a discrete variable, and which of them a user's value means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter, UnknownState

__all__ = ["State", "affirmed", "as_number", "check_states", "contrast_states", "state_number"]

#: A value a discrete variable can take: text, a truth value or a number.
State = str | bool | int | float

_TRUTH = {"true": 1.0, "false": 0.0}
#: Pairs of states in which the first affirms and the second denies.
_AFFIRM = {
    "yes": "no",
    "true": "false",
    "1": "0",
    "present": "absent",
    "positive": "negative",
    "on": "off",
    "high": "low",
}


def check_states(variable: str, states: Iterable[Any]) -> tuple[State, ...]:
    """The states of a variable as plain Python values, if there is at least one and they are distinct.

    Raises:
        InvalidParameter: no states, or one named twice.
    """
    plain = tuple(state.item() if isinstance(state, np.generic) else state for state in states)
    if not plain:
        raise InvalidParameter(f"{variable!r} has no states")
    if len(set(map(str, plain))) < len(plain):
        raise InvalidParameter(f"{variable!r} has a state twice: {', '.join(map(str, plain))}")
    return plain


def state_number(variable: str, states: Sequence[State], value: Any) -> int:
    """The number of the state that a value means.

    Equal numbers are equal states, whatever holds them: ``1``, ``1.0``, ``True``, and the texts ``"1"`` and ``"1.0"``
    where no state is that text itself.  The nearest reading that fits one state only is taken: the value itself, then
    an equal number, then the same text, then the number or truth value that a text reads as.

    Raises:
        UnknownState: the variable has no such state, or the value reads as several.

    Example:
        >>> [state_number("x", (False, True), value) for value in (1, 1.0, True, "True", "true", "1")]
        [1, 1, 1, 1, 1, 1]
        >>> [state_number("x", ("1", "1.0"), value) for value in (1, 1.0)]
        [0, 1]
    """
    if isinstance(value, np.generic):
        value = value.item()
    for number, state in enumerate(states):
        if type(state) is type(value) and state == value:
            return number
    readings: tuple[Callable[[Any], Any], ...] = (_plain_number, str, as_number)
    for reading in readings:
        wanted = reading(value)
        if wanted is None:
            continue
        found = [number for number, state in enumerate(states) if reading(state) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            break
    raise UnknownState(value, states, what=f" of {variable!r}")


def _plain_number(value: Any) -> float | None:
    """What is a number, as one; truth values are 0 and 1."""
    if isinstance(value, (bool, int, float, Decimal, np.number, np.bool_)):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def as_number(value: Any) -> float | None:
    """A value as the number it is or reads as; None for other text, and for what is not finite."""
    number = _plain_number(value)
    if number is None and isinstance(value, str):
        text = value.strip()
        number = _TRUTH.get(text.casefold())
        if number is None and text and "_" not in text:
            try:
                number = float(text)
            except ValueError:
                return None
    return number if number is not None and math.isfinite(number) else None


def affirmed(variable: str, states: Sequence[State], argument: str) -> int:
    """The number of the affirming state of a variable with two: yes, true, 1, present, positive, on, high.

    Args:
        variable: its name, for the message.
        states: its states.
        argument: what the caller would have to say.

    Raises:
        InvalidParameter: it is not evident.

    Example:
        >>> affirmed("ill", ("Yes", "no"), "state"), affirmed("x", (0.0, 1.0), "state")
        (0, 1)
    """
    words = [_word(state) for state in states]
    if len(words) == 2:
        for number, word in enumerate(words):
            if _AFFIRM.get(word) == words[1 - number]:
                return number
    shown = ", ".join(map(repr, states))
    raise InvalidParameter(f"which states of {variable!r} are meant? say {argument}= out of {shown}")


def _word(state: State) -> str:
    number = as_number(state)
    return f"{number:.0f}" if number in (0, 1) else str(state).casefold()


def contrast_states(variable: str, states: Sequence[State], treated: Any, control: Any) -> tuple[int, int]:
    """The numbers of the two states that are compared; with two states, what was left out follows.

    Raises:
        InvalidParameter: it does not.
        UnknownState: no such state.
    """
    if treated is None and control is None:
        high = affirmed(variable, states, "treated= and control")
        return high, 1 - high
    if (treated is None or control is None) and len(states) != 2:
        raise InvalidParameter(f"{variable!r} has {len(states)} states: say both treated= and control=")
    high = 1 - state_number(variable, states, control) if treated is None else state_number(variable, states, treated)
    low = 1 - high if control is None else state_number(variable, states, control)
    return high, low
