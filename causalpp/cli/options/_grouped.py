"""Groups of options: declared once, as the fields of a dataclass, and taken whole by every command that has them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_origin, get_type_hints

__all__ = ["grouped"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it: in place of a parameter that is a dataclass stand the options among its fields.

    Example:
        >>> from causalpp.cli.options import Columns
        >>> def show(columns: Columns, name: str = "a") -> None:
        ...     print(name, columns.real, columns.count)
        >>> list(inspect.signature(grouped(show)).parameters)
        ['real', 'discrete', 'ordinal', 'count', 'name']
        >>> grouped(show)(real=["age"], discrete=None, ordinal=None, count=None, name="b")
        b ['age'] None
    """
    groups: dict[str, tuple[type, list[str]]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kind = parameter.annotation
        if not (isinstance(kind, type) and is_dataclass(kind)):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        hints = get_type_hints(kind, include_extras=True)
        options = [field for field in fields(kind) if get_origin(hints[field.name]) is Annotated]
        groups[parameter.name] = kind, [field.name for field in options]
        parameters += [
            inspect.Parameter(o.name, inspect.Parameter.KEYWORD_ONLY, default=o.default, annotation=hints[o.name])
            for o in options
        ]

    def taken(**given: Any) -> None:
        for name, (kind, options) in groups.items():
            given[name] = kind(**{option: given.pop(option) for option in options})
        command(**given)

    taken.__name__, taken.__doc__ = command.__name__, command.__doc__
    taken.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taken.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return taken
