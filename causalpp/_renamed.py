"""Old names, kept for one release: each still works, and says what it is called now.

Four things can have been renamed: a name of a module or room (:func:`old_names`), a module (:func:`old_modules`), an
attribute or method of a class (:func:`old_attribute`; where it is overridden, :func:`old_override`), and a keyword of a
function or class (:func:`old_keyword`).
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ClassVar, TypeVar

__all__ = ["old_attribute", "old_keyword", "old_modules", "old_names", "old_override"]

F = TypeVar("F", bound=Callable[..., Any])


def _warn(old: str, new: str, depth: int) -> None:
    warnings.warn(f"{old} is called {new} since 0.2; the old name goes with 0.3", DeprecationWarning, depth + 2)


def old_names(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` under which its old names are still found.

    Args:
        module: the ``__name__`` of the module that had the names.
        names: old name → where the thing stands now, as ``"package.module:name"``, or its new name in this module.

    Example:
        >>> find = old_names("causalpp.graphs", {"Digraph": "Dag", "ate": "causalpp.programs:ate"})
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     find("Digraph").__name__, str(said[0].message)
        ('Dag', 'causalpp.graphs.Digraph is called causalpp.graphs.Dag since 0.2; the old name goes with 0.3')
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        where, _, new = names[name].rpartition(":")
        _warn(f"{module}.{name}", f"{where or module}.{new}", 1)
        return getattr(import_module(where or module), new)

    return find


def old_attribute(new: str) -> Any:
    """What stands in the body of a class for an attribute or method that was renamed.

    Example:
        >>> class Belief:
        ...     record = "what was answered"
        ...     evidence = old_attribute("record")
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     Belief().evidence, str(said[0].message)
        ('what was answered', 'Belief.evidence is called Belief.record since 0.2; the old name goes with 0.3')
    """
    return _OldAttribute(new)


def old_override(owner: type, old: str, new: str) -> None:
    """In ``__init_subclass__``: what a class of somebody's own still defines under the old name counts as the new.

    Example:
        >>> class Oracle:
        ...     def __init_subclass__(cls):
        ...         old_override(cls, "kind", "nature")
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     class Mine(Oracle):
        ...         kind = "simulated"
        ...     Mine.nature, str(said[0].message)
        ('simulated', 'Mine.kind is called Mine.nature since 0.2; the old name goes with 0.3')
    """
    if old in vars(owner) and new not in vars(owner):
        _warn(f"{owner.__name__}.{old}", f"{owner.__name__}.{new}", 2)
        setattr(owner, new, vars(owner)[old])


class _OldAttribute:
    def __init__(self, new: str) -> None:
        self.new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self.old, self.owner = f"{owner.__name__}.{name}", owner.__name__

    def __get__(self, instance: Any, owner: type) -> Any:
        _warn(self.old, f"{self.owner}.{self.new}", 1)
        return getattr(owner if instance is None else instance, self.new)


def old_modules(moved: Mapping[str, str]) -> None:
    """Modules that can still be imported where they stood: old dotted name → the modules that have their names now.

    A module stands for the first of several, separated by spaces, that has a name. Called, it stands for its function
    of the same name, which it hides in its room once it is imported.

    Example:
        >>> old_modules({"causalpp.sketches": "causalpp.graphs causalpp.errors"})
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     from causalpp.sketches import Dag, FormatError
        ...     Dag.__name__, str(said[0].message)
        ('Dag', 'causalpp.sketches is called causalpp.graphs since 0.2; the old name goes with 0.3')
    """
    _Moved.where.update(moved)
    if _Moved not in sys.meta_path:
        sys.meta_path.append(_Moved)


class _OldModule(ModuleType):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **keywords)


class _Moved(MetaPathFinder, Loader):
    where: ClassVar[dict[str, str]] = {}

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG003
        return ModuleSpec(name, cls(), is_package=True) if name in cls.where else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _OldModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        places = self.where[module.__name__].split()
        _warn(module.__name__, places[0], 1)

        def find(name: str) -> Any:
            for place in () if name.startswith("__") else places:
                if hasattr(found := import_module(place), name):
                    return getattr(found, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__dict__["__getattr__"] = find


def old_keyword(**names: str) -> Callable[[F], F]:
    """Decorates a function or class whose keywords were renamed: ``@old_keyword(evidence="observations")``.

    Example:
        >>> @old_keyword(evidence="observations")
        ... def condition(observations):
        ...     return observations
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     condition(evidence=3), str(said[0].message)
        (3, 'condition(evidence=) is called condition(observations=) since 0.2; the old name goes with 0.3')
    """

    def decorate(function: F) -> F:
        if isinstance(function, type):
            function.__init__ = decorate(function.__init__)  # type: ignore[misc]
            return function
        said = function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")

        @functools.wraps(function)
        def called(*args: Any, **keywords: Any) -> Any:
            for old, new in names.items():
                if old in keywords:
                    if new in keywords:
                        raise TypeError(f"{said}() got {new!r} twice, once under its old name {old!r}")
                    _warn(f"{said}({old}=)", f"{said}({new}=)", 1)
                    keywords[new] = keywords.pop(old)
            return function(*args, **keywords)

        return called  # type: ignore[return-value]

    return decorate
