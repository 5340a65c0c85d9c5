"""Wordings that are understood and never said: the passive, graph terms, and sentences that combine statements.

The sentences that combine are those of the extension of Corr2Cause to terms of graphs: a *common child* or *common
parent* is meant directly, unlike the common effect or cause of the original, and "but not directly" denies the edge.
"""

from __future__ import annotations

from collections.abc import Sequence

from causalpp.errors import FormatError, InvalidProposition
from causalpp.propositions.statements import (
    Causes,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Or,
    Proposition,
)

__all__ = ["COMBINED", "READ_ONLY", "combined"]

#: A statement, as a question, and denied; slots as in :mod:`causalpp.propositions.wording`.
Row = tuple[str, str, str]


def _by(verb: str) -> Row:
    """The passive of "a verbs b"."""
    return f"{{b}} is {verb} by {{a}}", f"Is {{b}} {verb} by {{a}}?", f"{{b}} is not {verb} by {{a}}"


def _of(noun: str, first: str = "a") -> Row:
    """One is such a thing of the other: a of b, or the other way round."""
    one, other = ("{a}", "{b}") if first == "a" else ("{b}", "{a}")
    article = "an" if noun[0] in "aeiou" else "a"
    return (
        f"{one} is {article} {noun} of {other}",
        f"Is {one} {article} {noun} of {other}?",
        f"{one} is not {article} {noun} of {other}",
    )


def _verb(verb: str, before: str = "", after: str = "") -> Row:
    """That a does something to b."""
    lead, trail = (f"{before} " if before else ""), (f" {after}" if after else "")
    return (
        f"{{a}} {lead}{verb}s {{b}}{trail}",
        f"Does {{a}} {lead}{verb} {{b}}{trail}?",
        f"{{a}} does not {lead}{verb} {{b}}{trail}",
    )


def _common(noun: str, term: str) -> tuple[Row, ...]:
    """That two variables have a child or a parent in common."""
    exists = [
        f"{there} at least one {noun} (i.e., {article}common {term}) of {{a}} and {{b}}"
        for there in ("there exists", "there is")
        for article in ("a ", "")
    ]
    return (
        *((text, text.replace("there exists", "Does there exist").replace("there is", "Is there") + "?", "")
          for text in exists),
        (f"{{a}} and {{b}} have a common {term}", f"Do {{a}} and {{b}} have a common {term}?",
         f"{{a}} and {{b}} have no common {term}"),
        (f"{{a}} and {{b}} have at least one common {term}", f"Do {{a}} and {{b}} have at least one common {term}?",
         ""),
        (f"some variable is a common {term} of {{a}} and {{b}}",
         f"Is some variable a common {term} of {{a}} and {{b}}?",
         f"no variable is a common {term} of {{a}} and {{b}}"),
    )  # fmt: skip


_THROUGH = "through some mediator(s)"
_SYMBOLS = ("⊥⊥", "⟂", "indep", "indep.")

#: Kind → further wordings of it.
READ_ONLY: dict[type[Proposition], tuple[Row, ...]] = {
    DirectlyCauses: (
        *map(_by, ("directly affected", "directly caused", "directly influenced")),
        _verb("influence", before="directly"),
        _of("parent"),
        _of("child", "b"),
        _of("direct effect", "b"),
    ),
    Causes: (
        *map(_by, ("affected", "caused", "influenced")),
        _of("ancestor"),
        _of("descendant", "b"),
        _of("effect", "b"),
    ),
    IndirectlyCauses: (
        *map(_by, ("indirectly affected", "indirectly caused", "indirectly influenced")),
        *(_verb(verb, before="indirectly") for verb in ("affect", "influence")),
        *(_verb(verb, after=_THROUGH) for verb in ("affect", "cause")),
        *((f"{text} {_THROUGH}", f"{asked[:-1]} {_THROUGH}?", "") for text, asked, _ in
          map(_by, ("affected", "caused", "influenced"))),
    ),
    HaveCommonCause: _common("confounder", "cause"),
    HaveCommonEffect: _common("collider", "effect"),
    Independent: tuple(
        (f"{{a}} {symbol} {{b}}[ {link} {{names}}]", f"{{a}} {symbol} {{b}}[ {link} {{names}}]?",
         f"{{a}} not {symbol} {{b}}[ {link} {{names}}]")
        for symbol in _SYMBOLS for link in ("|", "given")
    ),
}  # fmt: skip

_NOT_DIRECTLY = tuple(
    (f"{text}{comma} but not directly", f"{asked[:-1]}{comma} but not directly?", "")
    for text, asked, _ in (
        *(_verb(verb, after=_THROUGH) for verb in ("influence", "affect", "cause")),
        *(_verb(verb, before="indirectly") for verb in ("influence", "affect", "cause")),
        *((f"{text} {_THROUGH}", f"{asked[:-1]} {_THROUGH}?", "") for text, asked, _ in
          map(_by, ("influenced", "affected", "caused"))),
    )
    for comma in ("", ",")
)  # fmt: skip

#: What a sentence combines → its wordings; :func:`combined` makes the statement.
COMBINED: dict[str, tuple[Row, ...]] = {
    "mediated": (*_NOT_DIRECTLY, _of("non-parent ancestor"), _of("non-child descendant", "b")),
    "child": (*_common("collider", "child"), *_common("collider", "direct effect")),
    "parent": (*_common("confounder", "parent"), *_common("confounder", "direct cause")),
}


def combined(what: str, a: str, b: str, names: Sequence[str] | None) -> Proposition:
    """The statement that a sentence of :data:`COMBINED` makes.

    Raises:
        FormatError: a common child or parent, and the variables it may be are not known.
        InvalidProposition: ``a`` and ``b`` are the same.

    Example:
        >>> combined("mediated", "A", "B", None).sentence()
        '(A causes B) and (A does not directly cause B)'
        >>> combined("child", "A", "B", ["A", "B", "C", "D"])
        Or(And(DirectlyCauses(a='A', b='C'), DirectlyCauses(a='B', b='C')),
           And(DirectlyCauses(a='A', b='D'), DirectlyCauses(a='B', b='D')))
    """
    if a == b:
        raise InvalidProposition(f"{a!r} is named twice where two variables are needed")
    if what == "mediated":
        return Causes(a, b) & ~DirectlyCauses(a, b)
    if names is None:
        raise FormatError(f"a common {what} of {a!r} and {b!r} is one of the other variables: say which there are")
    others = [name for name in names if name not in (a, b)]
    if not others:  # nothing can be common: a statement that never holds
        return DirectlyCauses(a, b) & ~DirectlyCauses(a, b)
    if what == "child":
        return Or(*(DirectlyCauses(a, k) & DirectlyCauses(b, k) for k in others))
    return Or(*(DirectlyCauses(k, a) & DirectlyCauses(k, b) for k in others))
