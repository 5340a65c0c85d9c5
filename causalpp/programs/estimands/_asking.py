"""The one form of all estimands: a program and a contrast, or its words, and how to compute."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Concatenate, ParamSpec, Protocol, TypedDict, TypeVar, overload

from causalpp.errors import InvalidParameter
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands._sides import Outcome, Sides, each_draw, sides
from causalpp.programs.estimands._warning import not_identified
from causalpp.programs.estimands.effect import Effect
from causalpp.programs.program import CausalProgram
from causalpp.programs.worlds import Worlds

__all__ = ["How", "Quantity", "effect", "estimand", "in_words"]

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
_WORDS = tuple(field.name for field in fields(Contrast))


class How(TypedDict, total=False):
    """How a quantity is computed: see :func:`causalpp.ate`."""

    samples: int | None
    seed: int
    draws: int | None


class Quantity(Protocol[P, R]):
    """An estimand as it is called."""

    @overload
    def __call__(self, program: CausalProgram, contrast: Contrast, /, *args: P.args, **options: P.kwargs) -> R: ...
    @overload
    def __call__(
        self,
        program: CausalProgram,
        treatment: str,
        outcome: str,
        *,
        treated: Any = None,
        control: Any = None,
        state: Any = None,
        **options: Any,
    ) -> R: ...


def estimand(function: Callable[Concatenate[CausalProgram, Contrast, P], R]) -> Quantity[P, R]:
    """Decorates a function of a program and a contrast, which then finds the contrast with nothing left open."""
    signature = _signature(function)

    @functools.wraps(function)
    def asked(*args: Any, **options: Any) -> R:
        try:
            said = signature.bind(*args, **options).arguments
        except TypeError as error:
            raise TypeError(f"{function.__name__}() {error}") from None
        if not isinstance(program := said.pop("program"), CausalProgram):
            raise InvalidParameter(
                f"{function.__name__}() asks a program, got {type(program).__name__}: compile() makes one of a graph"
            )
        words = {name: said.pop(name, None) for name in ("contrast", *_WORDS)}
        return function(program, Contrast.of(**words).on(program), **said)  # type: ignore[call-arg]  # bound above

    asked.__signature__ = signature  # type: ignore[attr-defined]
    return asked


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """What help shows: the words of the contrast beside it, and How's keywords one by one."""
    found = inspect.signature(function)
    first, _, *own = found.parameters.values()

    def optional(name: str, annotation: str, default: Any = None, kind: Any = first.KEYWORD_ONLY) -> inspect.Parameter:
        return inspect.Parameter(name, kind, default=default, annotation=annotation)

    parameters = [
        first,
        optional("contrast", "Contrast | str | None", kind=first.POSITIONAL_OR_KEYWORD),
        optional("outcome", "str | None", kind=first.POSITIONAL_OR_KEYWORD),
        *(one for one in own if one.kind is first.KEYWORD_ONLY),
        optional("treatment", "str | None"),
        *(optional(name, "Any") for name in ("treated", "control", "state")),
        optional("samples", "int | None"),
        optional("seed", "int", 0),
        optional("draws", "int | None"),
    ]
    return found.replace(parameters=parameters)


def effect(
    program: CausalProgram,
    contrast: Contrast,
    made: Callable[[CausalProgram], tuple[Worlds, str, str]] | None = None,
    *,
    fixing: Mapping[str, Any] | None = None,
    kind: str = "Effect",
    detail: str = "",
    warning: str | None = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> Effect:
    """The difference of the mean outcome in two worlds of a program.

    Args:
        program, contrast, samples, seed, draws: see :func:`causalpp.ate`.
        made: makes the worlds of a program and names the two; by default those in which the treatment is set.
        fixing: what else is set in them.
        kind, detail: the effect in words.
        warning: what else speaks against its being one of the data.
    """
    outcome, held = Outcome.of(program, contrast), dict(fixing or {})

    def both(program: CausalProgram) -> tuple[Worlds, str, str]:
        setting = {side: {contrast.treatment: getattr(contrast, side), **held} for side in ("treated", "control")}
        return program.worlds(**setting), "treated", "control"

    def ask(program: CausalProgram) -> Sides:
        worlds, first, second = (made or both)(program)
        return sides(worlds, (first, second), outcome, samples, seed)

    found = ask(program)
    return Effect(
        found.value,
        found.error,
        **contrast.words,
        under_treated=found.means[0],
        under_control=found.means[1],
        method=found.method,
        kind=kind,
        detail=detail,
        effective_size=found.size,
        draws=each_draw(program, draws, seed, lambda drawn: ask(drawn).value),
        warning=not_identified(program, [contrast.treatment, *held], contrast.outcome) or warning,
    )


def in_words(values: Mapping[str, Any]) -> str:
    """Variables and their values in words."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())
