"""Average effects: of everybody, of some, of the treated, and with other variables held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from causalpp.errors import InvalidParameter
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands._asking import How, effect, estimand, in_words
from causalpp.programs.estimands.effect import Effect
from causalpp.programs.program import CausalProgram

__all__ = ["ate", "att", "cate", "cde"]


@estimand
def ate(program: CausalProgram, contrast: Contrast, **how: Unpack[How]) -> Effect:
    """The average treatment effect: E[outcome | do(treated)] − E[outcome | do(control)].

    Exact for discrete and linear-Gaussian programs and mixtures of both, else simulated.  In a program in which
    something was observed, the average is over the units in whose world, as it is, that was so.

    Args:
        program: the program; its own ``do`` and latent variables take part.
        contrast: what is compared, a :class:`Contrast`; or its words, ``treatment`` and ``outcome`` in this order or by
            name, ``treated=``, ``control=`` and ``state=``, of which the last three may be left out as there.
        samples: simulate so many rows a side instead of computing exactly; both sides share their noise.
        seed: of the simulation, and of the posterior draws.
        draws: for programs with parameters that are known up to a posterior: compute the effect for so many draws
            of them, too; see :meth:`Effect.interval`.

    Raises:
        UnknownVariable, UnknownState: a name or state the program does not have.
        InvalidParameter: treatment and outcome are the same, the states to compare are not evident, or both a contrast
            and its words are given.
        ImpossibleEvidence: what was observed has probability zero.

    Example:
        >>> from causalpp import load_network
        >>> ate(load_network("asia"), treatment="smoke", outcome="dysp")
        Effect of smoke (yes against no) on P(dysp = yes): +0.2337 = 0.5528 − 0.3191 (exact)
    """
    return effect(program, contrast, **how)


@estimand
def cate(program: CausalProgram, contrast: Contrast, *, given: Mapping[str, Any], **how: Unpack[How]) -> Effect:
    """The conditional average effect: E[Y(treated) − Y(control) | given], among the units for which ``given`` holds.

    ``given`` is what is seen before anything is set.  For variables that the treatment does not affect this is
    E[Y | do(treated), given] − E[Y | do(control), given].

    Args:
        program, contrast, samples, seed, draws: see :func:`ate`.
        given: variable → value.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> cate(load_network("asia"), treatment="smoke", outcome="dysp", given={"tub": "yes"})
        Effect of smoke (yes against no) on P(dysp = yes) given tub = yes: +0.0600 = 0.8200 − 0.7600 (exact)
    """
    return effect(program.condition(given), contrast, detail="given " + in_words(given), **how)


@estimand
def att(program: CausalProgram, contrast: Contrast, **how: Unpack[How]) -> Effect:
    """The effect of treatment on the treated (ETT): E[Y(treated) − Y(control) | treatment = treated].

    The average is over the units that are treated of their own accord (Pearl 2009, *Causality*, section 8.2.5).
    That on the untreated is minus this one with ``treated`` and ``control`` exchanged.

    Args:
        program, contrast, samples, seed, draws: see :func:`ate`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> att(load_network("asia"), treatment="bronc", outcome="dysp")
        Effect on the treated of bronc (yes against no) on P(dysp = yes): +0.6602 = 0.8080 − 0.1478 (exact)
    """
    of_treated = program.condition({contrast.treatment: contrast.treated})
    return effect(of_treated, contrast, kind="Effect on the treated", **how)


@estimand
def cde(program: CausalProgram, contrast: Contrast, *, fixing: Mapping[str, Any], **how: Unpack[How]) -> Effect:
    """The controlled direct effect: of the treatment while mediators are set to fixed values.

    E[Y | do(treated, fixing)] − E[Y | do(control, fixing)] (Pearl 2001).  Where treatment and mediators do not
    interact in the outcome's equation, it is the same for all values and equals :func:`nde`.

    Args:
        program, contrast, samples, seed, draws: see :func:`ate`.
        fixing: mediator → the value it is set to.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`ate`.

    Example:
        >>> from causalpp import load_network
        >>> cde(load_network("asia"), treatment="smoke", outcome="dysp", fixing={"bronc": "no"})
        Controlled direct effect of smoke (yes against no) on P(dysp = yes) with bronc = no fixed: +0.0534 = 0.1656 −
        0.1122 (exact)
    """
    for what in ("treatment", "outcome"):
        if getattr(contrast, what) in fixing:
            raise InvalidParameter(f"{getattr(contrast, what)!r} cannot be fixed: it is the {what}")
    if not fixing:
        raise InvalidParameter("fixing= needs a mediator and its value; without any, the effect is ate()")
    detail = f"with {in_words(fixing)} fixed"
    return effect(program, contrast, fixing=fixing, kind="Controlled direct effect", detail=detail, **how)
