"""How formulas are written: as text and as LaTeX, with primes that keep bound variables apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["LATEX", "TEXT", "Style", "name_latex"]


@dataclass(frozen=True)
class Style:
    """The signs of a formula.

    Attributes:
        name: a variable's, with its number of primes.
        bar: before what is given.
        total, fraction: around what is summed over, and around both sides.
        brackets: left and right.
    """

    name: Callable[[str, int], str]
    bar: str
    total: str
    fraction: str
    brackets: tuple[str, str]


def name_latex(name: str) -> str:
    """A variable's name: a letter with a number as index, anything longer upright."""
    if re.fullmatch(r"[A-Za-z]", name):
        return name
    if match := re.fullmatch(r"([A-Za-z])_?([0-9]+)", name):
        return f"{match[1]}_{{{match[2]}}}"
    special = {"\\": r"\backslash ", "{": r"\{", "}": r"\}", "^": r"\hat{\ }", "~": r"\sim ", "↔": r"\leftrightarrow "}
    escaped = "".join(special.get(c, "\\" + c if c in "_%$#&" else r"\ " if c == " " else c) for c in name)
    return f"\\mathrm{{{escaped}}}"


TEXT = Style(lambda name, primes: name + "'" * primes, " | ", "Σ_{{{}}} ", "[{}] / [{}]", ("(", ")"))
LATEX = Style(
    lambda name, primes: name_latex(name) + "'" * primes,
    r" \mid ",
    r"\sum_{{{}}} ",
    r"\frac{{{}}}{{{}}}",
    (r"\left(", r"\right)"),
)
