"""Groups of options: declared once, as the fields of a dataclass, and taken whole by every command that has them."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from dataclasses import field as field_of
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

import typer

__all__ = ["command_of", "grouped", "option"]

_OPTION = "option"


def option(name: str, said: str, default: Any = None, **how: Any) -> Any:
    """A field of a group that is an option; ``how`` goes to :func:`typer.Option`."""
    return field_of(default=default, metadata={_OPTION: typer.Option(name, help=said, **how)})


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
        groups[parameter.name] = kind, []
        hints = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            hint = hints[field.name]
            if _OPTION in field.metadata:
                hint = Annotated[hint, field.metadata[_OPTION]]
            if get_origin(hint) is Annotated:  # other fields are filled in by the command
                groups[parameter.name][1].append(field.name)
                parameters.append(
                    inspect.Parameter(
                        field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hint
                    )
                )

    def taken(**given: Any) -> None:
        for name, (kind, options) in groups.items():
            given[name] = kind(**{option: given.pop(option) for option in options})
        command(**given)

    taken.__name__, taken.__doc__ = command.__name__, command.__doc__
    taken.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taken.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return taken


def command_of(context: typer.Context, *without: str) -> str:
    """The command as it was given, files without their folders: what makes the same again elsewhere.

    Args:
        context: of the command.
        without: options that change nothing in what is made, besides ``json``.
    """
    words: list[str] = []
    for option in context.command.params:
        name = str(option.name)
        value: Any = context.params.get(name)
        switched_off = value is False and bool(option.secondary_opts)
        given = value is not None and (value is not False or switched_off) and value != []
        default = value == option.get_default(context) and name != "seed"
        if name in ("json", *without) or not given or default:
            continue
        if isinstance(value, bool):
            words.append(option.opts[0] if value else option.secondary_opts[0])
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            words += [
                option.opts[0],
                Path(one).name if isinstance(one, Path) or Path(str(one)).is_absolute() else str(one),
            ]
    above = [context.parent.info_name] if context.parent is not None and context.parent.parent is not None else []
    return shlex.join(["causalpp", *map(str, above), str(context.info_name), *words])
