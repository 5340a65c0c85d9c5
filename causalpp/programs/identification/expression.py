"""Formulas in the observed distribution: the small language in which estimands are written.

A formula stands for a function of its free variables.  In ``Sum``, the variables summed over are bound: what
they are called outside has nothing to do with them, and when a formula is printed they get primes where the
same name is also used outside.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from causalpp._plain import Plain
from causalpp.errors import FormatError
from causalpp.programs.identification._printing import LATEX, TEXT, Style

__all__ = ["Expression", "Fraction", "One", "Probability", "Product", "Sum"]


class Expression(Plain, ABC):
    """A formula in the observed distribution."""

    @property
    @abstractmethod
    def free(self) -> frozenset[str]:
        """The variables the value depends on."""

    @abstractmethod
    def simplify(self) -> Expression:
        """An equal formula where the observed distribution is positive, shorter by the rules of probability."""

    @abstractmethod
    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:
        """``primes``: of the variables bound around here; ``used``: names that mean something here, primes and all."""

    def to_dict(self) -> dict[str, Any]:
        """The formula as plain values; see :meth:`from_dict`."""
        parts = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]  # all are data classes
        return {"kind": type(self).__name__.lower(), **parts}

    @staticmethod
    def from_dict(value: Any) -> Expression:
        """The formula back from what :meth:`to_dict` gave.

        Raises:
            FormatError: it is not such a value.
        """
        return _read(value)

    @staticmethod
    def from_json(text: str) -> Expression:
        """The formula back from JSON text.

        Raises:
            FormatError: the text is not such a formula.
        """
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise FormatError(f"not JSON: {error.msg}", line=error.lineno, column=error.colno) from None
        return _read(value)

    def __str__(self) -> str:
        return self._written(TEXT, {}, self.free)

    def latex(self) -> str:
        """The formula as LaTeX, without dollar signs."""
        return self._written(LATEX, {}, self.free)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


@dataclass(frozen=True)
class One(Expression):
    """The number one."""

    @property
    def free(self) -> frozenset[str]:
        return frozenset()

    def simplify(self) -> Expression:
        return self

    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:  # noqa: ARG002
        return "1"


@dataclass(frozen=True)
class Probability(Expression):
    """P(variables | given) in the observed distribution.

    >>> print(Probability(("y",), ("x", "z")))
    P(y | x, z)
    """

    variables: tuple[str, ...]
    given: tuple[str, ...] = ()

    @property
    def free(self) -> frozenset[str]:
        return frozenset(self.variables + self.given)

    def simplify(self) -> Expression:
        return self if self.variables else One()

    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:  # noqa: ARG002
        sides = (", ".join(style.name(n, primes.get(n, 0)) for n in side) for side in (self.variables, self.given))
        return f"P({style.bar.join(filter(None, sides))})"


@dataclass(frozen=True)
class Sum(Expression):
    """The sum of ``body`` over all states of some variables, which it binds.

    >>> print(Sum(("x",), Product((Probability(("y",), ("x",)), Probability(("x",))))))
    Σ_{x} P(y | x) P(x)
    """

    over: tuple[str, ...]
    body: Expression

    @property
    def free(self) -> frozenset[str]:
        return self.body.free - set(self.over)

    def simplify(self) -> Expression:
        return _summed(self.over, self.body.simplify())

    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:
        inner, taken = dict(primes), set(used)
        for name in self.over:
            inner[name] = 0
            while name + "'" * inner[name] in taken:
                inner[name] += 1
            taken.add(name + "'" * inner[name])
        bound = ", ".join(style.name(name, inner[name]) for name in self.over)
        return style.total.format(bound) + self.body._written(style, inner, frozenset(taken))


@dataclass(frozen=True)
class Product(Expression):
    """The product of some formulas."""

    factors: tuple[Expression, ...]

    @property
    def free(self) -> frozenset[str]:
        return frozenset().union(*(factor.free for factor in self.factors))

    def simplify(self) -> Expression:
        return _multiplied([factor.simplify() for factor in self.factors])

    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:
        # A sum reaches to the end of the line: all but the last one stand in brackets.
        parts = []
        ordered = sorted(self.factors, key=lambda factor: isinstance(factor, Sum))
        for place, factor in enumerate(ordered):
            part = factor._written(style, primes, used)
            inside = isinstance(factor, Product) or (isinstance(factor, Sum) and place < len(ordered) - 1)
            parts.append(part.join(style.brackets) if inside else part)
        return " ".join(parts) or "1"


@dataclass(frozen=True)
class Fraction(Expression):
    """One formula divided by another."""

    numerator: Expression
    denominator: Expression

    @property
    def free(self) -> frozenset[str]:
        return self.numerator.free | self.denominator.free

    def simplify(self) -> Expression:
        return _divided(self.numerator.simplify(), self.denominator.simplify())

    def _written(self, style: Style, primes: Mapping[str, int], used: frozenset[str]) -> str:
        sides = (side._written(style, primes, used) for side in (self.numerator, self.denominator))
        return style.fraction.format(*sides)


# --- equal formulas, shorter --------------------------------------------------------------------------


def _factors(formula: Expression) -> list[Expression]:
    if isinstance(formula, One):
        return []
    if isinstance(formula, Product):
        return [part for factor in formula.factors for part in _factors(factor)]
    return [formula]


def _multiplied(factors: list[Expression]) -> Expression:
    flat = [part for factor in factors for part in _factors(factor)]
    if not flat:
        return One()
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def _divided(numerator: Expression, denominator: Expression) -> Expression:
    above, below = _factors(numerator), _factors(denominator)
    for factor in list(below):
        if factor in above:  # the same formula in the same scope: they cancel
            above.remove(factor)
            below.remove(factor)
    # P(a, b | c) / P(b | c) = P(a | b, c)
    for bottom in list(below):
        for place, top in enumerate(above):
            if (
                isinstance(top, Probability)
                and isinstance(bottom, Probability)
                and set(bottom.variables) < set(top.variables)
                and set(bottom.given) == set(top.given)
            ):
                rest = tuple(name for name in top.variables if name not in bottom.variables)
                above[place] = Probability(rest, bottom.variables + top.given)
                below.remove(bottom)
                break
    if not below:
        return _multiplied(above)
    return Fraction(_multiplied(above), _multiplied(below))


def _summed(over: tuple[str, ...], body: Expression) -> Expression:
    if isinstance(body, Sum) and not set(over) & set(body.over):
        over, body = over + body.over, body.body
    left, factors = list(over), _factors(body)
    progress = True
    while progress:
        progress = False
        for name in list(left):
            here = [factor for factor in factors if name in factor.free]
            merged = _without(name, here)
            if merged is not None:
                place = factors.index(here[0])
                factors = [factor for factor in factors if factor not in here]
                factors[place:place] = _factors(merged)
                left.remove(name)
                progress = True
    if not left:
        return _multiplied(factors)
    inside = [factor for factor in factors if factor.free & set(left)]
    outside = [factor for factor in factors if not factor.free & set(left)]
    return _multiplied([*outside, Sum(tuple(left), _multiplied(inside))])


def _without(name: str, factors: list[Expression]) -> Expression | None:
    """The sum over ``name`` of the product of ``factors`` as one probability, or None."""
    if not factors or not all(isinstance(factor, Probability) for factor in factors):
        return None
    law = factors[0]
    assert isinstance(law, Probability)
    if len(factors) == 2:
        # P(a | b, c) P(b | c) = P(a, b | c)
        joined = None
        for first, second in (factors, reversed(factors)):
            assert isinstance(first, Probability)
            assert isinstance(second, Probability)
            if set(first.given) == set(second.variables) | set(second.given):
                joined = Probability(second.variables + first.variables, second.given)
        if joined is None:
            return None
        law = joined
    if len(factors) > 2 or name not in law.variables:
        return None
    rest = tuple(other for other in law.variables if other != name)
    return Probability(rest, law.given) if rest else One()


# --- as plain values ----------------------------------------------------------------------------------


def _plain(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_plain(one) for one in part]
    return part.to_dict() if isinstance(part, Expression) else part


def _read(value: Any) -> Expression:
    if not isinstance(value, Mapping):
        raise FormatError(f"a formula is an object with a 'kind', got {value!r}")
    kind = value.get("kind")
    if kind == "one":
        return One()
    if kind == "probability":
        variables, given = _names(value, "variables"), _names(value, "given")
        if set(variables) & set(given):
            raise FormatError(f"a variable of P({variables} | {given}) stands on both sides")
        return Probability(variables, given)
    if kind == "sum":
        return Sum(_names(value, "over"), _read(value.get("body")))
    if kind == "product":
        factors = value.get("factors")
        if not isinstance(factors, (list, tuple)):
            raise FormatError(f"the factors of a product are a list, got {factors!r}")
        return Product(tuple(map(_read, factors)))
    if kind == "fraction":
        return Fraction(_read(value.get("numerator")), _read(value.get("denominator")))
    raise FormatError(f"unknown kind of formula {kind!r}; known: one, probability, sum, product, fraction")


def _names(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = value.get(key)
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise FormatError(f"{key!r} of a formula is a list of names, got {names!r}")
    if len(set(names)) < len(names):
        raise FormatError(f"{key!r} of a formula has a name twice: {names!r}")
    return tuple(names)
