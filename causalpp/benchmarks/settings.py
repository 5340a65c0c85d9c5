"""Plain values into dataclasses, strictly: every key known, every value of the type that its field declares."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union

from causalpp.errors import CausalppError, FormatError

__all__ = ["Lines", "Place", "read_settings"]

T = TypeVar("T")

#: Where something stands in a configuration: keys and numbers of list entries, from the outside in.
Place = tuple[str | int, ...]

#: The line of the text on which a place begins.
Lines = Mapping[Place, int]

_PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    type(None): "nothing",
}


def read_settings(kind: type[T], values: Any, place: Place = (), lines: Lines | None = None) -> T:
    """An object of a dataclass from plain values.

    A whole number will do for a number, and a list for a tuple; nothing else is converted.

    Args:
        kind: the dataclass; its annotations say what is allowed.
        values: a mapping.
        place: where it stands, for the message of an error.
        lines: the lines of places, where they are known.

    Raises:
        FormatError: an unknown or missing key, a value of another type, or one that the dataclass itself refuses.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Sweep:
        ...     sizes: tuple[int, ...]
        ...     error: float = 0.1
        >>> read_settings(Sweep, {"sizes": [4, 8], "error": 0})
        Sweep(sizes=(4, 8), error=0.0)
        >>> read_settings(Sweep, {"sizes": [4, 8], "eror": 0})
        Traceback (most recent call last):
        causalpp.errors.FormatError: unknown key 'eror'; did you mean 'error'?
    """
    reader = _Reader(lines or {})
    found: T = reader.record(kind, values, place)
    return found


def no_such_key(key: str, known: Sequence[str]) -> str:
    """What to say of a key that is not among the known ones."""
    close = difflib.get_close_matches(key[:60], known, n=1, cutoff=0.5)
    return f"unknown key {_said(key)}; " + (f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}")


class _Reader:
    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def error(self, message: str, place: Place, inside: Place | None = None) -> FormatError:
        """An error that says where; the line is that of the closest place that has one."""
        at = place if inside is None else inside
        line = next((self.lines[at[:n]] for n in range(len(at), -1, -1) if at[:n] in self.lines), None)
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
        return FormatError((f"{path}: " if path else "") + message, line=line)

    def record(self, kind: type[Any], values: Any, place: Place) -> Any:
        if not isinstance(values, Mapping):
            raise self.error(f"keys and values are expected here, not {_said(values)}", place)
        known = {item.name: item for item in fields(kind) if item.init}
        for key in values:
            if key not in known:
                raise self.error(no_such_key(str(key), list(known)), place, (*place, str(key)))
        for name, item in known.items():
            if name not in values and item.default is MISSING and item.default_factory is MISSING:
                raise self.error(f"the key {name!r} is missing", place)
        hints = typing.get_type_hints(kind)
        read = {name: self.value(hints[name], value, (*place, name)) for name, value in values.items()}
        try:
            return kind(**read)
        except CausalppError as error:
            raise self.error(str(error), place, self.named_in(error, place)) from None

    def named_in(self, error: CausalppError, place: Place) -> Place | None:
        """Where below a place something stands that an error puts between quotes, if that can be only one."""
        named = re.findall(r"^unknown [\w ]+ '([^']*)'", str(error))
        found = [at for at in self.lines if at[: len(place)] == place and named and at[-1:] == (named[0],)]
        return found[0] if len(found) == 1 else None

    def value(self, wanted: Any, value: Any, place: Place) -> Any:
        origin, parts = typing.get_origin(wanted), typing.get_args(wanted)
        if wanted is Any:
            return value
        if origin in (Union, types.UnionType):
            return self.one_of(parts, value, place)
        if origin is Literal:
            if not any(value == part and type(value) is type(part) for part in parts):
                close = difflib.get_close_matches(_said(value).strip("'"), [str(part) for part in parts], n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise self.error(f"one of {', '.join(map(repr, parts))} is expected, not {_said(value)}{hint}", place)
            return value
        if is_dataclass(wanted):
            return self.record(wanted, value, place)  # type: ignore[arg-type]
        if origin in (tuple, list) or (isinstance(origin, type) and issubclass(origin, Sequence)):
            return self.sequence(origin, parts, value, place)
        if isinstance(origin or wanted, type) and issubclass(origin or wanted, Mapping):
            if not isinstance(value, Mapping):
                raise self.error(f"keys and values are expected, not {_said(value)}", place)
            inner = parts[1] if len(parts) == 2 else Any
            return {str(key): self.value(inner, item, (*place, str(key))) for key, item in value.items()}
        return self.plain(wanted, value, place)

    def one_of(self, parts: tuple[Any, ...], value: Any, place: Place) -> Any:
        """The first of several types that fits; the error of the likeliest one if none does."""
        first: FormatError | None = None
        for part in sorted(parts, key=lambda part: _fit(part, value), reverse=True):
            try:
                return self.value(part, value, place)
            except FormatError as error:
                first = first or error
        assert first is not None
        plain = [_PLAIN[part] for part in parts if part in _PLAIN and part is not type(None)]
        if len(plain) == len([part for part in parts if part is not type(None)]):
            raise self.error(f"{' or '.join(plain)} is expected, not {_said(value)}", place)
        raise first

    def sequence(self, origin: Any, parts: tuple[Any, ...], value: Any, place: Place) -> Any:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.error(f"a list is expected, not {_said(value)}", place)
        if origin is tuple and (len(parts) != 2 or parts[1] is not Ellipsis):
            if len(value) != len(parts):
                raise self.error(f"a list of {len(parts)} is expected, not of {len(value)}", place)
            return tuple(self.value(part, item, (*place, i)) for i, (part, item) in enumerate(zip(parts, value)))
        inner = parts[0] if parts else Any
        items = [self.value(inner, item, (*place, i)) for i, item in enumerate(value)]
        return items if origin is list else tuple(items)

    def plain(self, wanted: Any, value: Any, place: Place) -> Any:
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise self.error("the number is too large", place) from None
        if wanted is float and isinstance(value, str):  # YAML 1.1 takes 1e-3, without a point, for a text
            try:
                return float(value)
            except ValueError:
                pass
        if wanted in _PLAIN:
            if type(value) is not wanted:
                raise self.error(f"{_PLAIN[wanted]} is expected, not {_said(value)}", place)
            return value
        if not isinstance(value, wanted):
            raise self.error(f"a {wanted.__name__} is expected, not {_said(value)}", place)
        return value


def _fit(part: Any, value: Any) -> float:
    """How well a value has the outer shape of a type: for records, how close its keys are to the fields."""
    origin = typing.get_origin(part) or part
    if isinstance(value, Mapping):
        if is_dataclass(part):
            names = [item.name for item in fields(part)]
            alike = (max(difflib.SequenceMatcher(None, str(key), name).ratio() for name in names) for key in value)
            return 1 + sum(alike) / max(1, len(value))
        return float(isinstance(origin, type) and issubclass(origin, Mapping))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return float(isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str)
    return float(origin is type(value) or (origin is Literal and isinstance(value, str)))


def _said(value: Any) -> str:
    """A value as an error shows it."""
    try:
        text = "nothing" if value is None else repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        text = f"{type(value).__name__} too long to show"
    return text if len(text) <= 60 else text[:59] + "…"
