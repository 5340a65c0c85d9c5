"""Formulas as text and as LaTeX, with primes that keep bound variables apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from causalpp.programs.identification.expression import Expression, Fraction, One, Probability, Product, Sum

__all__ = ["latex", "name_latex", "text"]


@dataclass(frozen=True)
class _Style:
    name: Callable[[str, int], str]  # a variable and its number of primes
    bar: str
    total: Callable[[str], str]
    fraction: Callable[[str, str], str]
    brackets: tuple[str, str]


def text(formula: Expression) -> str:
    """The formula as a line of text."""
    style = _Style(
        lambda name, primes: name + "'" * primes,
        " | ",
        lambda names: f"Σ_{{{names}}} ",
        lambda above, below: f"[{above}] / [{below}]",
        ("(", ")"),
    )
    return _print(formula, style, {}, formula.free)


def latex(formula: Expression) -> str:
    """The formula as LaTeX."""
    style = _Style(
        lambda name, primes: name_latex(name) + "'" * primes,
        r" \mid ",
        lambda names: f"\\sum_{{{names}}} ",
        lambda above, below: f"\\frac{{{above}}}{{{below}}}",
        (r"\left(", r"\right)"),
    )
    return _print(formula, style, {}, formula.free)


def name_latex(name: str) -> str:
    """A variable's name: a letter with a number as index, anything longer upright."""
    if re.fullmatch(r"[A-Za-z]", name):
        return name
    if match := re.fullmatch(r"([A-Za-z])_?([0-9]+)", name):
        return f"{match[1]}_{{{match[2]}}}"
    special = {"\\": r"\backslash ", "{": r"\{", "}": r"\}", "^": r"\hat{\ }", "~": r"\sim ", "↔": r"\leftrightarrow "}
    escaped = "".join(special.get(c, "\\" + c if c in "_%$#&" else r"\ " if c == " " else c) for c in name)
    return f"\\mathrm{{{escaped}}}"


def _print(formula: Expression, style: _Style, primes: Mapping[str, int], used: frozenset[str]) -> str:
    """``primes``: of the variables bound around here; ``used``: names that mean something here, with their primes."""

    def names(which: tuple[str, ...]) -> str:
        return ", ".join(style.name(name, primes.get(name, 0)) for name in which)

    if isinstance(formula, Probability):
        return f"P({names(formula.variables)}{style.bar + names(formula.given) if formula.given else ''})"
    if isinstance(formula, Sum):
        inner, taken = dict(primes), set(used)
        for name in formula.over:
            inner[name] = 0
            while name + "'" * inner[name] in taken:
                inner[name] += 1
            taken.add(name + "'" * inner[name])
        bound = ", ".join(style.name(name, inner[name]) for name in formula.over)
        return style.total(bound) + _print(formula.body, style, inner, frozenset(taken))
    if isinstance(formula, Product):
        if not formula.factors:
            return "1"
        # A sum reaches to the end of the line: all but the last one stand in brackets.
        plain = [factor for factor in formula.factors if not isinstance(factor, Sum)]
        sums: list[Expression] = [factor for factor in formula.factors if isinstance(factor, Sum)]
        parts = []
        for place, factor in enumerate(plain + sums):
            part = _print(factor, style, primes, used)
            last = place == len(formula.factors) - 1
            bracket = isinstance(factor, Product) or (isinstance(factor, Sum) and not last)
            parts.append(part.join(style.brackets) if bracket else part)
        return " ".join(parts)
    if isinstance(formula, Fraction):
        return style.fraction(
            _print(formula.numerator, style, primes, used), _print(formula.denominator, style, primes, used)
        )
    assert isinstance(formula, One)
    return "1"
