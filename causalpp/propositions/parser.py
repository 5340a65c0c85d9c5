"""Reading statements back: English, symbols and questions, tolerant of case, spacing and odd names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

from causalpp.errors import FormatError, InvalidParameter, InvalidProposition, UnknownVariable
from causalpp.propositions.readings import COMBINED, READ_ONLY, combined
from causalpp.propositions.statements import KINDS, And, Changes, Independent, Not, Or, Proposition, junction
from causalpp.propositions.wording import SLOTS, WORDINGS, quote

__all__ = ["from_dict", "from_json", "parse"]

_LONGEST = 20_000  # characters; a statement is a sentence, not a document
_DEEPEST = 50  # nested brackets
_QUOTED = r'"(?:[^"\\]|\\.)*"'
#: A name when the variables are not known: a few words, as short as possible.
_ANY = rf"(?:{_QUOTED}|[^\s\"(),;|¬∧∨]+(?:\s+[^\s\"(),;|¬∧∨]+){{0,5}}?)"


class _Rule(NamedTuple):
    template: str
    words: tuple[str, ...]  # that any text it says holds, with small letters
    kind: type[Proposition] | str  # a key of COMBINED where a sentence says several things
    denied: bool
    literals: int  # characters of fixed text: the more, the more specific


def parse(text: str, variables: Iterable[str] | None = None) -> Proposition:
    r"""The proposition that a sentence, a question or a formula says; the inverse of :meth:`Proposition.sentence`.

    All wordings of all styles are understood, whatever their case and spacing, with or without a full stop; so are
    the passive ("B is caused by A"), parents, children, ancestors and descendants, ``A indep B | C``, and sentences
    that combine: "A influences B through some mediator(s) but not directly", and a common child or parent, which
    needs ``variables``.
    ``not (p)``, ``it is not the case that p``, ``(p) and (q)``, ``(p) or (q)`` and ``¬ ∧ ∨`` combine
    them.  Names in quotation marks are taken as they stand (``\"`` and ``\\`` inside).

    Args:
        text: one statement.
        variables: the names that may occur.  With them, names of several words need no quotation
            marks, names are matched whatever their case, and an unknown name is an error.

    Raises:
        FormatError: the text says nothing known, or can be read in two ways.
        UnknownVariable: a name is not among ``variables``.
        InvalidProposition: the statement is empty of meaning, such as "A causes A".

    Example:
        >>> parse("Does smoking  CAUSE lung cancer?", variables=["smoking", "lung cancer"])
        Causes(a='smoking', b='lung cancer')
        >>> parse("A and C are independent given B and D.")
        Independent(a='A', b='C', given=frozenset({...}))
        >>> parse("(A causes B) and it is not the case that (B directly causes C)").sentence()
        '(A causes B) and (B does not directly cause C)'
    """
    if not isinstance(text, str):
        raise FormatError(f"a statement is text, got {text!r}")
    if len(text) > _LONGEST:
        raise FormatError(f"a statement of {len(text):,} characters is longer than the {_LONGEST:,} that are read")
    names = None if variables is None else tuple(variables)
    return _parse(text, names, 0)


def _parse(text: str, names: tuple[str, ...] | None, depth: int) -> Proposition:
    if depth > _DEEPEST:
        raise FormatError(f"more than {_DEEPEST} nested brackets")
    text = _trim(text)
    if not text:
        raise FormatError("an empty statement")
    for kind, words in ((Or, ("or", "∨", "|")), (And, ("and", "∧", "&"))):
        parts = _split(text, words)
        if len(parts) > 1:
            return junction(kind, (_parse(part, names, depth + 1) for part in parts))
    found = re.match(
        r"(?:not\b|¬|~(?!>)|it\s+is\s+not\s+(?:the\s+case|true)\s+that\b)\s*(?=\(|it\b|not\b|¬|~|\w)", text, re.I
    )
    if found and (found[0].rstrip().casefold() != "not" or text[found.end()] == "("):
        return ~_parse(text[found.end() :], names, depth + 1)
    asked = re.match(r"(?:is\s+it\s+true\s+that|it\s+is\s+(?:true|the\s+case)\s+that)\b", text, re.I)
    if asked:
        return _parse(text[asked.end() :], names, depth + 1)
    if text[0] == "(" and _closing(text) == len(text) - 1:
        return _parse(text[1:-1], names, depth + 1)
    return _elementary(text, names)


def _trim(text: str) -> str:
    text = text.strip()
    while text and text[-1] in ".?;" and not text.endswith(("(i.e.", "...")):
        text = text[:-1].rstrip()
    return text


def _closing(text: str) -> int:
    """The place of the bracket that closes the one ``text`` begins with, or -1; quoted text is skipped."""
    depth, place = 0, 0
    while place < len(text):
        quoted = re.compile(_QUOTED).match(text, place)
        if quoted:
            place = quoted.end()
            continue
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
        place += 1
    return -1


def _split(text: str, words: tuple[str, ...]) -> list[str]:
    """Cut "(…) and (…) and (…)" at its connectives; every part but a negated one stands in brackets."""
    lead = re.compile(r"(?:(?:not\b|¬|~|it\s+is\s+not\s+(?:the\s+case|true)\s+that\b)\s*)*", re.I)
    joint = re.compile(
        r"\s*,?\s*(?:" + "|".join(re.escape(w) + (r"\b" if w.isalpha() else "") for w in words) + r")\s*", re.I
    )
    other = re.compile(r"\s*,?\s*(?:and\b|or\b|[∧∨&|])\s*", re.I)
    parts: list[str] = []
    begin = place = 0
    while True:
        opening = lead.match(text, place)
        place = opening.end() if opening else place
        if place >= len(text) or text[place] != "(":
            return [text]
        end = _closing(text[place:])
        if end < 0:
            raise FormatError("a bracket is opened and not closed", line=1, column=place + 1)
        place += end + 1
        if place == len(text):
            return [*parts, text[begin:]]
        link = joint.match(text, place)
        if link:
            parts.append(text[begin:place])
            begin = place = link.end()
            continue
        link = other.match(text, place)
        if not link:
            return [text]
        place = link.end()


@cache
def _rules() -> tuple[_Rule, ...]:
    """All wordings, the most specific ones first."""
    said: list[tuple[type[Proposition] | str, tuple[str, str, str]]]
    said = [(kind, row[1:]) for kind, wordings in WORDINGS.items() for row in wordings]
    said += [(kind, row) for kind, more in READ_ONLY.items() for row in more]
    said += [(what, row) for what, more in COMBINED.items() for row in more]
    rows: dict[tuple[str, type[Proposition] | str, bool], None] = {}
    for what, (statement, question, negation) in said:
        for text, denied in ((statement, False), (question, False), (negation, True)):
            if text:
                rows[text, what, denied] = None
    rules = []
    for text, kind, denied in rows:
        always = re.sub(r"\[.*?\]", " ", text.removesuffix("?"))
        words = tuple(dict.fromkeys(SLOTS.sub(" ", always).casefold().split()))
        rules.append(_Rule(text, words, kind, denied, len(SLOTS.sub("", text))))
    return tuple(sorted(rules, key=lambda rule: -rule.literals))


def _possible(text: str) -> list[_Rule]:
    """The wordings whose fixed words all stand in a text: few, so that few patterns have to be made for new names."""
    folded = text.casefold()
    return [rule for rule in _rules() if all(word in folded for word in rule.words)]


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...] | None, longest_first: bool) -> str:
    """The pattern of a name."""
    if names is None:
        return _ANY
    longest = sorted(names, key=len, reverse=longest_first)
    bare = [r"\s+".join(re.escape(word) for word in n.split()) for n in longest]
    return "(?:" + "|".join([_QUOTED, *bare]) + ")"


@lru_cache(maxsize=4096)
def _compile(template: str, names: tuple[str, ...] | None, longest_first: bool = True) -> re.Pattern[str]:
    name = _names(names, longest_first)
    link = r"(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+)"
    slots = {
        "{a}": f"(?P<a>{name})",
        "{b}": f"(?P<b>{name})",
        "{names}": f"(?P<names>{name}(?:{link}{name})*)",
        "[": "(?:",
        "]": ")?",
    }
    pieces: list[str] = []
    place = 0
    for slot in SLOTS.finditer(template):
        pieces += [_literal(template[place : slot.start()]), slots[slot[0]]]
        if slot[0] in ("{a}", "{b}"):  # said a second time, it is the same name
            slots[slot[0]] = f"(?P={slot[0][1]})"
        place = slot.end()
    pieces.append(_literal(template[place:]))
    return re.compile("".join(pieces).removesuffix(r"\?"), re.I)


def _literal(text: str) -> str:
    """Fixed text as a pattern: blanks may be wider, and around symbols they may be missing."""
    out = r"\s+".join(re.escape(word) for word in text.split(" "))
    return re.sub(r"\\s\+(?=[→⇝⊥⟂⫫⋯←|~_]|\\[-~|])|(?<=[→⇝⊥⟂⫫⋯←>|_])\\s\+", r"\\s*", out)


def _elementary(text: str, names: tuple[str, ...] | None) -> Proposition:
    readings: dict[Proposition, None] = {}
    refused: InvalidProposition | None = None
    # Long names first and short names first: where unquoted names allow two readings, these two differ.
    orders = (True,) if names is None else (True, False)
    for longest_first, rule in product(orders, _possible(text)):
        match = _compile(rule.template, names, longest_first).fullmatch(text)
        if not match:
            continue
        groups = match.groupdict()
        a, b = (_resolve(groups[slot], names) for slot in ("a", "b"))
        listed = _listed(groups["names"], names) if groups.get("names") else ()
        try:
            made = _make(rule.kind, a, b, listed, names)
        except InvalidProposition as error:
            refused = error
            continue
        readings[~made if rule.denied else made] = None
        if names is None:
            break  # without the variables the most specific wording decides
    if len(readings) == 1:
        return next(iter(readings))
    if readings:
        both = " or ".join(map(repr, readings))
        raise FormatError(f"{text!r} can be read in several ways: {both}; put the names in quotation marks")
    if refused is not None:
        raise refused
    if names is not None:
        _name_the_unknown(text, names)
    shown = text if len(text) <= 80 else text[:77] + "…"
    raise FormatError(
        f"cannot read {shown!r} as a statement; say for example 'A causes B', 'if we set A while holding B fixed, "
        "C changes' or 'A and B are independent given C'"
    )


def _make(
    kind: type[Proposition] | str, a: str, b: str, listed: tuple[str, ...], names: tuple[str, ...] | None
) -> Proposition:
    if isinstance(kind, str):
        return combined(kind, a, b, names)
    if kind in (Changes, Independent):
        return kind(a, b, listed)
    return kind(a, b)  # type: ignore[call-arg]


def _unquote(text: str) -> str:
    return (
        re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.S)
        if text[0] == '"' and text[-1] == '"' and len(text) > 1
        else text
    )


def _resolve(text: str, names: tuple[str, ...] | None) -> str:
    """The variable meant: exactly as written, or as the only one that differs in case and spacing alone."""
    name = _unquote(text)
    if names is None:
        if text[0] != '"' and quote(name)[0] == '"' and len(name.split()) > 1:
            raise FormatError(f"put the name {name!r} in quotation marks, or say which variables there are")
        return name
    if name in names:
        return name
    folded = _fold(name)
    close = [n for n in names if _fold(n) == folded]
    if len(close) == 1:
        return close[0]
    if close:
        raise FormatError(f"{name!r} could be any of {', '.join(map(repr, close))}: write it exactly")
    raise UnknownVariable(name, names)


def _fold(name: str) -> str:
    return " ".join(name.casefold().split())


def _listed(text: str, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names of a list "A, B and C"."""
    if names is None:
        parts = re.findall(rf"({_QUOTED})|((?:(?!\s+and\s|,)[^\"])+)", text, re.I)
        found = [quoted or bare.strip() for quoted, bare in parts]
        cleaned = [re.sub(r"^and\s+", "", part, flags=re.I) if not part.startswith('"') else part for part in found]
        return tuple(_resolve(part, None) for part in cleaned if part and part.casefold() != "and")
    bare = [r"\s+".join(re.escape(w) for w in n.split()) for n in sorted(names, key=len, reverse=True)]
    one = re.compile("(?:" + "|".join([_QUOTED, *bare]) + ")", re.I)
    link = re.compile(r"\s*,\s*and\s+|\s*,\s*|\s+and\s+", re.I)
    out, place = [], 0
    while place < len(text):
        match = one.match(text, place)
        if not match:
            raise UnknownVariable(text[place:].strip(), names)
        out.append(_resolve(match[0], names))
        joined = link.match(text, match.end())
        place = joined.end() if joined else len(text)
    return tuple(out)


def _name_the_unknown(text: str, names: tuple[str, ...]) -> None:
    """If the wording is known and only a name is not, say which name."""
    for rule in _possible(text):
        match = _compile(rule.template, None).fullmatch(text)
        if match:
            groups = match.groupdict()
            for slot in ("a", "b"):
                _resolve(groups[slot], names)
            if groups.get("names"):
                for name in _listed(groups["names"], None):
                    _resolve(name, names)
            return


def from_dict(values: Any) -> Proposition:
    """The proposition that :meth:`Proposition.to_dict` gave.

    Raises:
        FormatError: not such values.
    """
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise FormatError(f"a proposition needs a 'kind', got {values!r}")
    kind, rest = values["kind"], {key: value for key, value in values.items() if key != "kind"}
    try:
        if kind in ("Not", "And", "Or") and set(rest) == {"of"}:
            if kind == "Not":
                return Not(from_dict(rest["of"]))
            parts = [from_dict(part) for part in rest["of"]]
            return And(*parts) if kind == "And" else Or(*parts)
        if kind in KINDS:
            return KINDS[kind](**{key: tuple(v) if isinstance(v, list) else v for key, v in rest.items()})
    except (TypeError, RecursionError):
        kind = ""  # known, but its values are not
    if kind in ("", "Not", "And", "Or"):
        shown = repr(values)
        raise FormatError(f"not a proposition: {shown if len(shown) < 120 else shown[:119] + '…'}")
    known = ", ".join([*KINDS, "Not", "And", "Or"])
    raise FormatError(f"unknown kind of proposition {kind!r}; known: {known}")


def from_json(text: str) -> Proposition:
    """The proposition that :meth:`Proposition.to_json` wrote.

    >>> from causalpp import Causes
    >>> from_json(Causes("a", "b").to_json())
    Causes(a='a', b='b')
    """
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (None, None)
        raise FormatError("not JSON", line=line, column=column) from None
    return from_dict(values)


def check_kinds(kinds: Iterable[str | type[Proposition]]) -> list[type[Proposition]]:
    """Kinds given as names or classes, as classes.

    Raises:
        InvalidParameter: no such kind of elementary statement.
    """
    out: list[type[Proposition]] = []
    for kind in kinds:
        name = kind if isinstance(kind, str) else getattr(kind, "__name__", kind)
        if not isinstance(name, str) or name not in KINDS:
            raise InvalidParameter(f"unknown kind of question {name!r}; use some of {', '.join(KINDS)}")
        out.append(KINDS[name])
    return out
