"""Formulas in the observed distribution: the small language in which estimands are written.

A formula stands for a function of its free variables.  In ``Sum``, the variables summed over are bound: what
they are called outside has nothing to do with them, and when a formula is printed they get primes where the
same name is also used outside.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalpp.errors import FormatError

__all__ = ["Expression", "Fraction", "One", "Probability", "Product", "Sum"]


class Expression(ABC):
    """A formula in the observed distribution."""

    @property
    @abstractmethod
    def free(self) -> frozenset[str]:
        """The variables the value depends on."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The formula as plain values; see :meth:`from_dict`."""

    @staticmethod
    def from_dict(value: Any) -> Expression:
        """The formula back from what :meth:`to_dict` gave.

        Raises:
            FormatError: it is not such a value.
        """
        return _read(value)

    def to_json(self) -> str:
        """The formula as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

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

    def simplify(self) -> Expression:
        """An equal formula, shorter where the rules of probability make it so."""
        from causalpp.programs.identification._simplify import simplify

        return simplify(self)

    def __str__(self) -> str:
        from causalpp.programs.identification._printing import text

        return text(self)

    def latex(self) -> str:
        """The formula as LaTeX, without dollar signs."""
        from causalpp.programs.identification._printing import latex

        return latex(self)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


@dataclass(frozen=True)
class One(Expression):
    """The number one."""

    __str__ = Expression.__str__

    @property
    def free(self) -> frozenset[str]:
        return frozenset()

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "one"}


@dataclass(frozen=True)
class Probability(Expression):
    """P(variables | given) in the observed distribution.

    >>> print(Probability(("y",), ("x", "z")))
    P(y | x, z)
    """

    variables: tuple[str, ...]
    given: tuple[str, ...] = ()

    __str__ = Expression.__str__

    @property
    def free(self) -> frozenset[str]:
        return frozenset(self.variables + self.given)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "probability", "variables": list(self.variables), "given": list(self.given)}


@dataclass(frozen=True)
class Sum(Expression):
    """The sum of ``body`` over all states of some variables, which it binds.

    >>> print(Sum(("x",), Product((Probability(("y",), ("x",)), Probability(("x",))))))
    Σ_{x} P(y | x) P(x)
    """

    over: tuple[str, ...]
    body: Expression

    __str__ = Expression.__str__

    @property
    def free(self) -> frozenset[str]:
        return self.body.free - set(self.over)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "sum", "over": list(self.over), "body": self.body.to_dict()}


@dataclass(frozen=True)
class Product(Expression):
    """The product of some formulas."""

    factors: tuple[Expression, ...]

    __str__ = Expression.__str__

    @property
    def free(self) -> frozenset[str]:
        return frozenset().union(*(factor.free for factor in self.factors))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "product", "factors": [factor.to_dict() for factor in self.factors]}


@dataclass(frozen=True)
class Fraction(Expression):
    """One formula divided by another."""

    numerator: Expression
    denominator: Expression

    __str__ = Expression.__str__

    @property
    def free(self) -> frozenset[str]:
        return self.numerator.free | self.denominator.free

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "fraction",
            "numerator": self.numerator.to_dict(),
            "denominator": self.denominator.to_dict(),
        }


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
