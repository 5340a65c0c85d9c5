"""Average effects: of everybody, of some, of the treated, and with other variables held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.programs.estimands._sides import Outcome, contrast, each_draw, sides
from causalpp.programs.estimands._warning import not_identified
from causalpp.programs.estimands.effect import Effect
from causalpp.programs.mechanisms import Value
from causalpp.programs.program import CausalProgram
from causalpp.programs.worlds import Worlds

__all__ = ["ate", "att", "cate", "cde", "checked", "effect"]


def checked(program: CausalProgram, treatment: str, outcome: str, treated: Any, control: Any) -> tuple[Value, Value]:
    """The two values compared, if the question makes sense."""
    if treatment == outcome:
        raise InvalidParameter(f"treatment and outcome are both {treatment!r}")
    values = contrast(treatment, program.mechanism(treatment), treated, control)
    program.mechanism(outcome)
    return values


def effect(
    program: CausalProgram,
    treatment: str,
    values: tuple[Value, Value],
    outcome: Outcome,
    made: Callable[[CausalProgram], tuple[Worlds, str, str]],
    *,
    samples: int | None,
    seed: int,
    draws: int | None,
    kind: str = "Effect",
    detail: str = "",
    warning: str | None = None,
) -> Effect:
    """The difference of the mean outcome in two worlds that ``made`` makes of a program, as an :class:`Effect`."""

    def ask(program: CausalProgram) -> Any:
        worlds, first, second = made(program)
        return sides(worlds, (first, second), outcome, samples, seed)

    found = ask(program)
    return Effect(
        found.value,
        found.error,
        treatment=treatment,
        treated=values[0],
        control=values[1],
        outcome=outcome.variable,
        state=outcome.state,
        under_treated=found.means[0],
        under_control=found.means[1],
        method=found.method,
        kind=kind,
        detail=detail,
        effective_size=found.size,
        draws=each_draw(program, draws, seed, lambda drawn: float(ask(drawn).value)),
        warning=warning,
    )


def ate(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> Effect:
    """The average treatment effect: E[outcome | do(treated)] − E[outcome | do(control)].

    Exact for discrete and linear-Gaussian programs and mixtures of both, else simulated.  In a program in which
    something was observed, the average is over the units in whose world, as it is, that was so.

    Args:
        program: the program; its own ``do`` and latent variables take part.
        treatment: the variable set.
        outcome: the variable looked at.
        treated, control: the values compared; left out for a variable with two states of which one
            affirms (yes/no, true/false, 1/0, present/absent, positive/negative, on/off, high/low).
        state: the outcome's state whose probability is compared; left out likewise, and for numbers, of
            which the means are compared.
        samples: simulate so many rows a side instead of computing exactly; both sides share their noise.
        seed: of the simulation, and of the posterior draws.
        draws: for programs with parameters that are known up to a posterior: compute the effect for so many draws
            of them, too; see :meth:`Effect.interval`.

    Raises:
        UnknownVariable, UnknownState: a name or state the program does not have.
        InvalidParameter: treatment and outcome are the same, or the states to compare are not evident.
        ImpossibleEvidence: what was observed has probability zero.

    Example:
        >>> from causalpp import load_network
        >>> ate(load_network("asia"), treatment="smoke", outcome="dysp")
        Effect of smoke (yes against no) on P(dysp = yes): +0.2337 = 0.5528 − 0.3191 (exact)
    """
    values = checked(program, treatment, outcome, treated, control)
    return effect(
        program,
        treatment,
        values,
        Outcome.of(program, outcome, state),
        lambda p: (_two(p, treatment, values), "treated", "control"),
        samples=samples,
        seed=seed,
        draws=draws,
        warning=not_identified(program, [treatment], outcome),
    )


def cate(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    given: Mapping[str, Any],
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> Effect:
    """The conditional average effect: E[Y(treated) − Y(control) | given], among the units for which ``given`` holds.

    ``given`` is what is seen before anything is set.  For variables that the treatment does not affect this is
    E[Y | do(treated), given] − E[Y | do(control), given].

    Args:
        program, treatment, outcome, treated, control, state, samples, seed, draws: see :func:`ate`.
        given: variable → value.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> cate(load_network("asia"), treatment="smoke", outcome="dysp", given={"tub": "yes"})
        Effect of smoke (yes against no) on P(dysp = yes) given tub = yes: +0.0600 = 0.8200 − 0.7600 (exact)
    """
    values = checked(program, treatment, outcome, treated, control)
    some = program.condition(given)
    return effect(
        some,
        treatment,
        values,
        Outcome.of(program, outcome, state),
        lambda p: (_two(p, treatment, values), "treated", "control"),
        samples=samples,
        seed=seed,
        draws=draws,
        detail="given " + _said(given),
        warning=not_identified(some, [treatment], outcome),
    )


def att(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> Effect:
    """The effect of treatment on the treated (ETT): E[Y(treated) − Y(control) | treatment = treated].

    The average is over the units that are treated of their own accord (Pearl 2009, *Causality*, section 8.2.5).
    That on the untreated is minus this one with ``treated`` and ``control`` exchanged.

    Args:
        program, treatment, outcome, treated, control, state, samples, seed, draws: see :func:`ate`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> att(load_network("asia"), treatment="bronc", outcome="dysp")
        Effect on the treated of bronc (yes against no) on P(dysp = yes): +0.6602 = 0.8080 − 0.1478 (exact)
    """
    values = checked(program, treatment, outcome, treated, control)
    of_treated = program.condition({treatment: values[0]})
    return effect(
        of_treated,
        treatment,
        values,
        Outcome.of(program, outcome, state),
        lambda p: (_two(p, treatment, values), "treated", "control"),
        samples=samples,
        seed=seed,
        draws=draws,
        kind="Effect on the treated",
        warning=not_identified(program, [treatment], outcome),
    )


def cde(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    fixing: Mapping[str, Any],
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> Effect:
    """The controlled direct effect: of the treatment while mediators are set to fixed values.

    E[Y | do(treated, fixing)] − E[Y | do(control, fixing)] (Pearl 2001).  Where treatment and mediators do not
    interact in the outcome's equation, it is the same for all values and equals :func:`nde`.

    Args:
        program, treatment, outcome, treated, control, state, samples, seed, draws: see :func:`ate`.
        fixing: mediator → the value it is set to.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> cde(load_network("asia"), treatment="smoke", outcome="dysp", fixing={"bronc": "no"})
        Controlled direct effect of smoke (yes against no) on P(dysp = yes) with bronc = no fixed: +0.0534 = 0.1656 −
        0.1122 (exact)
    """
    values = checked(program, treatment, outcome, treated, control)
    for name in (treatment, outcome):
        if name in fixing:
            raise InvalidParameter(
                f"{name!r} cannot be fixed: it is the {'treatment' if name == treatment else 'outcome'}"
            )
    if not fixing:
        raise InvalidParameter("fixing= needs a mediator and its value; without any, the effect is ate()")
    high, low = ({treatment: value, **fixing} for value in values)
    return effect(
        program,
        treatment,
        values,
        Outcome.of(program, outcome, state),
        lambda p: (p.worlds(treated=high, control=low), "treated", "control"),
        samples=samples,
        seed=seed,
        draws=draws,
        kind="Controlled direct effect",
        detail=f"with {_said(fixing)} fixed",
        warning=not_identified(program, [treatment, *fixing], outcome),
    )


def _two(program: CausalProgram, treatment: str, values: tuple[Value, Value]) -> Worlds:
    return program.worlds(treated={treatment: values[0]}, control={treatment: values[1]})


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
