"""Things found by their name: what ships registers itself, and a user's own is named by where it stands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from causalpp.errors import InvalidParameter, UnknownName

__all__ = ["Register", "imported", "look_first_in"]

T = TypeVar("T")


def look_first_in(folder: Path) -> None:
    """Look for modules in a folder before any other place, here and in processes that are started from here."""
    place = str(folder.resolve())
    if place in sys.path:
        sys.path.remove(place)
    sys.path.insert(0, place)


def imported(module: str) -> ModuleType:
    """A module; where a file of its name stands in the first folder of the search path, that one.

    A module of the same name that was imported from another folder before makes way for it.
    """
    first, there = Path(sys.path[0] or "."), sys.modules.get(module)
    file = first.joinpath(*module.split(".")).with_suffix(".py")
    known = getattr(there, "__file__", None)
    if there is not None and known and file.is_file() and not file.samefile(known):
        del sys.modules[module]
    return import_module(module)


class Register(Generic[T]):
    """A table of things by name, which belongs to the room that uses them; rooms above it add theirs.

    A process in which a room was imported has what its package registers, so that a worker finds by its name what
    the process that sent the name found.

    Args:
        what: one of the things, in words.
        fits: whether something is one.

    Example:
        >>> colours = Register("colour", lambda found: isinstance(found, int))
        >>> colours.add("red", 0xFF0000) == colours.find("red"), colours.names
        (True, ('red',))
        >>> colours.find("signal:SIGINT") == 2  # a user's own would stand in a module of theirs
        True
    """

    def __init__(self, what: str, fits: Callable[[Any], bool]) -> None:
        self.what, self._fits = what, fits
        self._known: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Register something that ships."""
        self._known[name] = thing
        return thing

    @property
    def names(self) -> tuple[str, ...]:
        """Of what ships."""
        return tuple(self._known)

    def find(self, name: str) -> T:
        """What has a name.

        Args:
            name: of what ships, or ``"package.module:NAME"``.

        Raises:
            UnknownName: nothing of that name ships.
            InvalidParameter: the module cannot be imported, or what it has there is no such thing.
        """
        if ":" not in name:
            if name not in self._known:
                raise UnknownName(self.what, name, self._known)
            return self._known[name]
        module, _, attribute = name.partition(":")
        try:
            found: Any = imported(module)
        except ImportError as error:
            raise InvalidParameter(f"the {self.what} {name!r} cannot be imported: {error}") from None
        except Exception as error:  # whatever the module does when it is imported
            said = f"{type(error).__name__}: {error}"
            raise InvalidParameter(f"the {self.what} {name!r} cannot be imported: {said}") from error
        for step in attribute.split("."):
            found = getattr(found, step, None)
        if not self._fits(found):
            raise InvalidParameter(f"{name!r} is no {self.what}")
        return cast("T", found)
