"""The steps of a derivation: names of probabilities, and expressions over them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from causalpp.errors import InvalidData
from causalpp.tasks.caugym.checking.worlds import Term, World

__all__ = ["evaluate", "terms"]

_TOKEN = re.compile(r"\s*(P\([^()]*\)|max|min|[A-Z]+|\d+(?:\.\d+)?|[-+*/(),])")


def terms(name: str) -> tuple[list[Term], list[Term]]:
    """What a name such as ``"P(Y_{X=1}=1,Z=0|X=1)"`` is the probability of, and what it is given.

    Raises:
        InvalidData: it is no such name.

    Example:
        >>> terms("P(Y_{X=1,M_{X=0}}=1)")[0][0][2]
        1
    """
    if not re.fullmatch(r"P\([^()]+\)", name):
        raise InvalidData(f"{name!r} is not the name of a probability")
    event, given, condition = name[2:-1].partition("|")
    return [_term(part) for part in _split(event)], [_term(part) for part in _split(condition)] if given else []


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no braces."""
    parts, depth, start = [], 0, 0
    for k, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "," and not depth:
            parts.append(text[start:k])
            start = k + 1
    return [*parts, text[start:]]


def _term(text: str) -> Term:
    found = re.fullmatch(r"(\w+?)(?:_\{(.+)\})?=([01])", text)
    if not found:
        raise InvalidData(f"{text!r} is not a variable with its value")
    return found[1], _world(found[2]), int(found[3])


def _world(index: str | None) -> World:
    out: set[tuple[str, Any]] = set()
    for part in _split(index) if index else []:
        plain, nested = re.fullmatch(r"(\w+)=([01])", part), re.fullmatch(r"(\w+?)_\{(.+)\}", part)
        if plain:
            out.add((plain[1], int(plain[2])))
        elif nested:
            out.add((nested[1], _world(nested[2])))
        else:
            raise InvalidData(f"{part!r} does not say what a variable is set to")
    return frozenset(out)


def evaluate(expression: str, value: Callable[[str], Fraction]) -> Fraction:
    """The value of an expression of sums, products, quotients, ``max`` and ``min``.

    Args:
        expression: such as ``"max(0, (P(Y=1) - P(Y_{X=0}=1)) / P(X=1,Y=1))"``.
        value: of a name.

    Raises:
        InvalidData: it is no expression, or divides by zero.

    Example:
        >>> evaluate("max(0, 1 - 2 * P(A=1))", lambda name: Fraction(1, 3))
        Fraction(1, 3)
    """
    tokens, at = [], 0
    while at < len(expression.rstrip()):
        found = _TOKEN.match(expression, at)
        if not found:
            raise InvalidData(f"{expression!r} is no expression from {expression[at : at + 20]!r} on")
        tokens.append(found[1])
        at = found.end()
    reader = _Reader(tokens, value, expression)
    out = reader.sum()
    if reader.next is not None:
        raise InvalidData(f"{expression!r} goes on after its end, with {reader.next!r}")
    return out


class _Reader:
    def __init__(self, tokens: list[str], value: Callable[[str], Fraction], whole: str) -> None:
        self._tokens, self._value, self._whole, self._at = tokens, value, whole, 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self, *wanted: str) -> str:
        token = self.next
        if token is None or (wanted and token not in wanted):
            raise InvalidData(
                f"{self._whole!r} has {token or 'its end'} where it needs {' or '.join(wanted) or 'more'}"
            )
        self._at += 1
        return token

    def sum(self) -> Fraction:
        out = self.product()
        while self.next in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            out += sign * self.product()
        return out

    def product(self) -> Fraction:
        out = self.atom()
        while self.next in ("*", "/"):
            if self.take() == "*":
                out *= self.atom()
            else:
                by = self.atom()
                if not by:
                    raise InvalidData(f"{self._whole!r} divides by zero")
                out /= by
        return out

    def atom(self) -> Fraction:
        token = self.take()
        if token == "-":
            return -self.atom()
        if token == "(":
            out = self.sum()
            self.take(")")
            return out
        if token in ("max", "min"):
            self.take("(")
            parts = [self.sum()]
            while self.take(",", ")") == ",":
                parts.append(self.sum())
            return max(parts) if token == "max" else min(parts)
        return Fraction(token) if token[0].isdigit() else self._value(token)
