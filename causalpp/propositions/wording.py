"""The English of the statements: every wording is one row of a table that is read both ways.

``{a}`` and ``{b}`` stand for a name, ``{names}`` for a list of names, and the part in ``[…]`` is said only
if there is such a list.  The parser (:mod:`causalpp.propositions.parser`) compiles the same rows, so
what can be said can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from causalpp.errors import InvalidParameter
from causalpp.propositions.statements import (
    And,
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Not,
    Or,
    Proposition,
)

__all__ = ["STYLES", "quote", "sentence", "sentences"]

#: The wordings a statement can be said in. ``corr2cause`` and ``paraphrase`` are the templates of the
#: Corr2Cause data set and its published paraphrases (Jin et al., ICLR 2024, arXiv 2306.05836, table 2 and appendix).
STYLES = ("plain", "intervention", "corr2cause", "paraphrase", "symbolic")


class Wording(NamedTuple):
    """One way to say a statement: as a statement, as a question, and denied (the last two may be missing)."""

    style: str
    statement: str
    question: str = ""
    negation: str = ""


_W = Wording
#: Kind → its wordings. The first one of a style is what ``sentence(style)`` says; all of them are understood.
WORDINGS: dict[type[Proposition], tuple[Wording, ...]] = {
    DirectlyCauses: (
        _W("plain", "{a} directly causes {b}", "Does {a} directly cause {b}?", "{a} does not directly cause {b}"),
        _W(
            "intervention",
            "if we set {a} while holding everything else fixed, {b} changes",
            "If we set {a} while holding everything else fixed, does {b} change?",
            "if we set {a} while holding everything else fixed, {b} does not change",
        ),
        _W("corr2cause", "{a} directly causes {b}", "Does {a} directly cause {b}?", "{a} does not directly cause {b}"),
        _W(
            "paraphrase",
            "{a} directly affects {b}",
            "Does {a} directly affect {b}?",
            "{a} does not directly affect {b}",
        ),
        _W("symbolic", "{a} → {b}"),
        _W("symbolic", "{a} -> {b}"),
        _W(
            "plain", "{a} is a direct cause of {b}", "Is {a} a direct cause of {b}?", "{a} is not a direct cause of {b}"
        ),
    ),
    Causes: (
        _W("plain", "{a} causes {b}", "Does {a} cause {b}?", "{a} does not cause {b}"),
        _W(
            "intervention",
            "intervening on {a} changes {b}",
            "Does intervening on {a} change {b}?",
            "intervening on {a} does not change {b}",
        ),
        _W(
            "corr2cause",
            "{a} causes {b}, directly or through something else",
            "Does {a} cause {b}, directly or through something else?",
        ),
        _W("paraphrase", "{a} influences {b}", "Does {a} influence {b}?", "{a} does not influence {b}"),
        _W("symbolic", "{a} ⇝ {b}"),
        _W("symbolic", "{a} ~> {b}"),
        _W("plain", "{a} is a cause of {b}", "Is {a} a cause of {b}?", "{a} is not a cause of {b}"),
        _W("plain", "{a} has an effect on {b}", "Does {a} have an effect on {b}?", "{a} has no effect on {b}"),
        _W("plain", "{a} affects {b}", "Does {a} affect {b}?", "{a} does not affect {b}"),
    ),
    IndirectlyCauses: (
        _W("plain", "{a} indirectly causes {b}", "Does {a} indirectly cause {b}?", "{a} does not indirectly cause {b}"),
        _W(
            "intervention",
            "intervening on {a} changes {b} through at least one other variable",
            "Does intervening on {a} change {b} through at least one other variable?",
        ),
        _W(
            "corr2cause",
            "{a} causes something else which causes {b}",
            "Does {a} cause something else which causes {b}?",
        ),
        _W(
            "corr2cause",
            "{a} is a cause for {b}, but not a direct one",
            "Is {a} a cause for {b}, but not a direct one?",
        ),
        _W(
            "paraphrase",
            "{a} influences {b} through some mediator(s)",
            "Does {a} influence {b} through some mediator(s)?",
        ),
        _W("symbolic", "{a} → ⋯ → {b}"),
    ),
    HaveCommonCause: (
        _W(
            "plain",
            "{a} and {b} have a common cause",
            "Do {a} and {b} have a common cause?",
            "{a} and {b} have no common cause",
        ),
        _W(
            "intervention",
            "setting some one other variable would change {a} with {b} held fixed, and {b} with {a} held fixed",
            "Would setting some one other variable change {a} with {b} held fixed, and {b} with {a} held fixed?",
        ),
        _W(
            "corr2cause",
            "there exists at least one confounder (i.e., common cause) of {a} and {b}",
            "Does there exist at least one confounder (i.e., common cause) of {a} and {b}?",
        ),
        _W("paraphrase", "some variable(s) cause(s) both {a} and {b}", "Do some variable(s) cause both {a} and {b}?"),
        _W("symbolic", "{a} ← ⋯ → {b}"),
    ),
    HaveCommonEffect: (
        _W(
            "plain",
            "{a} and {b} have a common effect",
            "Do {a} and {b} have a common effect?",
            "{a} and {b} have no common effect",
        ),
        _W(
            "intervention",
            "some one other variable changes if we set {a} with {b} held fixed, and if we set {b} with {a} held fixed",
            "Does some one other variable change if we set {a} with {b} held fixed, "
            "and if we set {b} with {a} held fixed?",
        ),
        _W(
            "corr2cause",
            "there exists at least one collider (i.e., common effect) of {a} and {b}",
            "Does there exist at least one collider (i.e., common effect) of {a} and {b}?",
        ),
        _W(
            "paraphrase",
            "{a} and {b} together cause some other variable(s)",
            "Do {a} and {b} together cause some other variable(s)?",
        ),
        _W("symbolic", "{a} → ⋯ ← {b}"),
    ),
    Changes: (
        _W(
            "plain",
            "if we set {a}[ while holding {names} fixed], {b} changes",
            "If we set {a}[ while holding {names} fixed], does {b} change?",
            "if we set {a}[ while holding {names} fixed], {b} does not change",
        ),
        _W(
            "intervention",
            "setting {a} by intervention changes {b}[ even with {names} held fixed]",
            "Does setting {a} by intervention change {b}[ even with {names} held fixed]?",
            "setting {a} by intervention does not change {b}[ with {names} held fixed]",
        ),
        _W(
            "corr2cause",
            "changing {a} leads to a change in {b}[, with {names} held fixed]",
            "Does changing {a} lead to a change in {b}[, with {names} held fixed]?",
        ),
        _W(
            "paraphrase",
            "{b} responds when {a} is manipulated[ and {names} kept constant]",
            "Does {b} respond when {a} is manipulated[ and {names} kept constant]?",
        ),
        _W("symbolic", "do({a})[, hold({names})] ⇝ {b}"),
        _W("symbolic", "do({a})[, hold({names})] ~> {b}"),
    ),
    Independent: (
        _W(
            "plain",
            "{a} and {b} are independent[ given {names}]",
            "Are {a} and {b} independent[ given {names}]?",
            "{a} and {b} are dependent[ given {names}]",
        ),
        _W(
            "intervention",
            "observing {a} tells nothing about {b}[ once {names} is known]",
            "Does observing {a} tell nothing about {b}[ once {names} is known]?",
            "observing {a} tells something about {b}[ once {names} is known]",
        ),
        _W(
            "corr2cause",
            "{a} is independent of {b}[ given {names}]",
            "Is {a} independent of {b}[ given {names}]?",
            "{a} correlates with {b}[ given {names}]",
        ),
        _W(
            "paraphrase",
            "{a} and {b} are unrelated[ given {names}]",
            "Are {a} and {b} unrelated[ given {names}]?",
            "{a} and {b} are related[ given {names}]",
        ),
        _W("symbolic", "{a} ⊥ {b}[ | {names}]"),
        _W("symbolic", "{a} ⫫ {b}[ | {names}]"),
        _W("symbolic", "{a} _||_ {b}[ | {names}]"),
        # said only in the negative
        _W("plain", "", "", "{a} is not independent of {b}[ given {names}]"),
        _W("plain", "", "", "{a} is dependent on {b}[ given {names}]"),
    ),
    Direction: (
        _W(
            "plain",
            "of {a} and {b}, {a} is the cause",
            "Does {a} cause {b}, {b} cause {a}, or neither?",
            "of {a} and {b}, {a} is not the cause",
        ),
        _W(
            "intervention",
            "of {a} and {b}, intervening on {a} changes the other",
            "Does intervening on {a} change {b}, intervening on {b} change {a}, or neither?",
            "of {a} and {b}, intervening on {a} does not change the other",
        ),
        _W(
            "corr2cause",
            "of {a} and {b}, {a} causes the other, directly or through something else",
            "Does {a} cause {b}, {b} cause {a}, or neither, directly or through something else?",
        ),
        _W(
            "paraphrase",
            "of {a} and {b}, {a} influences the other",
            "Does {a} influence {b}, {b} influence {a}, or neither?",
            "of {a} and {b}, {a} does not influence the other",
        ),
        _W("symbolic", "{a} ⇝ {b}, not {b} ⇝ {a}"),
        _W("symbolic", "{a} ~> {b}, not {b} ~> {a}"),
    ),
}

SLOTS = re.compile(r"\{a\}|\{b\}|\{names\}|\[|\]")
_WORD = r"\w(?:[\w\-+./%<>=:'’]*\w)?"
BARE = re.compile(rf"{_WORD}(?: {_WORD})*")


@cache
def reserved() -> frozenset[str]:
    """The words that tell where a name ends: those that follow a name in some wording, and the connectives.

    A name that contains one of them is said in quotation marks.  To be misread, a name would have to contain
    all the words between two names, and so the first of these.
    """
    words = {"and", "or", "not", "it", "indep"}
    for rows in WORDINGS.values():
        for row in rows:
            for text in row[1:]:
                for piece in SLOTS.split(text.casefold())[1:]:
                    words.update(re.findall(r"\w+", piece)[:1])
    return frozenset(words)


def quote(name: str) -> str:
    r"""A variable's name as it stands in a sentence: bare if it cannot be misread, else in quotation marks.

    >>> print(quote("smoking"), quote("shortness of breath"), quote("cause of death"), quote('5" pipe'))
    smoking shortness of breath "cause of death" "5\" pipe"
    """
    words = name.casefold().split(" ")
    single_letter = len(name) == 1
    if BARE.fullmatch(name) and (single_letter or not reserved().intersection(words)):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def enumeration(names: Iterable[str]) -> str:
    """Names as a list in English: ``A``, ``A and B``, ``A, B and C``; in alphabetical order."""
    items = [quote(name) for name in sorted(names)]
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _slots(p: Proposition) -> dict[str, str]:
    match p:
        case Changes():
            return {"{a}": quote(p.do), "{b}": quote(p.outcome), "{names}": enumeration(p.holding) if p.holding else ""}
        case Independent():
            return {"{a}": quote(p.a), "{b}": quote(p.b), "{names}": enumeration(p.given) if p.given else ""}
        case _:
            first, second = p.variables
            return {"{a}": quote(first), "{b}": quote(second), "{names}": ""}


def _fill(template: str, p: Proposition) -> str:
    slots = _slots(p)
    if not slots["{names}"]:
        template = re.sub(r"\[.*?\]", "", template)
    slots |= {"[": "", "]": ""}
    return SLOTS.sub(lambda found: slots[found[0]], template)


def _rows(p: Proposition, style: str) -> Iterator[Wording]:
    if style not in STYLES:
        raise InvalidParameter(f"unknown style {style!r}: use one of {', '.join(STYLES)}")
    return (row for row in WORDINGS[type(p)] if row.style == style)


def _join(p: And | Or, style: str) -> str:
    word = {("symbolic", And): " ∧ ", ("symbolic", Or): " ∨ "}.get((style, type(p)), f" {type(p).__name__.lower()} ")
    return word.join(f"({sentence(part, style)})" for part in p.of)


def sentence(p: Proposition, style: str = "plain") -> str:
    """The statement in one wording of a style; see :meth:`Proposition.sentence`."""
    if style not in STYLES:
        raise InvalidParameter(f"unknown style {style!r}: use one of {', '.join(STYLES)}")
    match p:
        case And() | Or():
            return _join(p, style)
        case Not():
            denied = [row.negation for row in _rows(p.of, style) if row.negation] if type(p.of) in WORDINGS else []
            if denied:
                return _fill(denied[0], p.of)
            return ("¬({})" if style == "symbolic" else "it is not the case that ({})").format(sentence(p.of, style))
        case _:
            return _fill(next(_rows(p, style)).statement, p)


def sentences(p: Proposition, style: str | None = None) -> tuple[str, ...]:
    """All wordings of an elementary statement, of one style or of every one, without repetition.

    >>> from causalpp import IndirectlyCauses
    >>> sentences(IndirectlyCauses("A", "B"), "corr2cause")
    ('A causes something else which causes B', 'A is a cause for B, but not a direct one')
    """
    if type(p) not in WORDINGS:
        return tuple(dict.fromkeys(sentence(p, s) for s in ((style,) if style else STYLES)))
    rows = [row for s in ((style,) if style else STYLES) for row in _rows(p, s)]
    return tuple(dict.fromkeys(_fill(row.statement, p) for row in rows if row.statement))


def question(p: Proposition, style: str = "plain") -> str:
    """The statement as a question; combined statements are asked as "Is it true that …?"."""
    if type(p) in WORDINGS:
        asked = [row.question for row in _rows(p, style) if row.question]
        if asked:
            return _fill(asked[0], p)
    return f"Is it true that ({sentence(p, style)})?"
