"""The reader of premises in English: where the variables are named, where each sentence ends, what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from causalpp.equivalence.statements.facts import joined
from causalpp.errors import CausalppError, FormatError, UnknownVariable
from causalpp.propositions import And, Independent, Not, Proposition, parse, quote

__all__ = ["read"]

_LONGEST = 500_000  # characters of a premise
_UNBROKEN = 4_000  # characters of one sentence, or of several that nothing separates

# fmt: off
_NUMBERS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
]
# fmt: on
_COUNT = rf"\d{{1,6}}|{'|'.join(_NUMBERS)}"
_QUOTED = r'"(?:[^"\\]|\\.){0,500}"'

_OPENING = re.compile(
    r"\s*(?:premise\s*:\s*)?"
    r"(?:(?:let\s+us\s+|we\s+)?(?:suppose|assume|consider|imagine)\b\s*,?\s*(?:that\s+)?)?"
    r"(?:there\s+(?:is|are|exists?)\s+|we\s+have\s+)?(?:an?\s+|the\s+)?(?:closed\s+)?(?:system\s+(?:of|with)\s+)?"
    rf"(?:the\s+)?(?:following\s+)?(?:(?P<count>{_COUNT})\s+)?(?:random\s+)?variables?\b"
    r"\s*[,:;]?\s*(?:(?:namely|called|named|are)\b\s*[,:]?\s*)?",
    re.I,
)
_PREAMBLE = re.compile(
    r"\s*(?:here\s+are\s+)?all\s+(?:of\s+)?(?:the\s+)?(?:known\s+)?(?:statistical\s+)?"
    r"(?:(?P<complete>(?:conditional\s+)?(?:independence\s+(?:relation(?:ship)?|statement)s?|independenc(?:i?es)))"
    r"|relation(?:ship)?s?)\b"
    rf"(?:\s+(?:among|between)\s+(?:these|the|them)(?:\s+(?P<count>{_COUNT}))?(?:\s+variables?)?)?"
    r"(?:\s+(?:are|is)(?:\s+(?:as\s+follows|the\s+following|these|listed\s+below)|(?=\s*:)))?[ \t]*[:.,]?",
    re.I,
)
_NONE = re.compile(
    r"\s*there\s+are\s+no\s+(?:conditional\s+)?independence(?:\s+(?:relation(?:ship)?|statement))?s?\b[ \t]*\.?"
    r"|\s*there\s+are\s+no\s+(?:conditional\s+)?independencies\b[ \t]*\.?",
    re.I,
)
#: What may stand in place of a list of independencies that is empty.
_NOTHING = re.compile(r"\s*(?:none|\[\s*\]|\{\s*\}|∅)\s*\.?\s*", re.I)
#: What may be assumed of the system, in a clause behind the names or in a sentence: nothing that is not assumed anyway.
_VERB = r"(?:forms?|follows?|is|has|can\s+be\s+represented\s+(?:by|as)|satisf(?:y|ies)|obeys?|respects?|meets?)\s+"
_PROPERTY = (
    r"(?:(?:the|a)\s+)?(?:(?:causal\s+)?(?:directed\s+acyclic\s+graph|dag)(?:\s*\(dag\))?|acyclic|faithful|(?:causal\s+)?"
    r"(?:markov|faithfulness|sufficiency)(?:\s+(?:condition|assumption|property))?)"
)
_KNOWN = rf"{_VERB}{_PROPERTY}(?:\s*(?:,\s*(?:and\s+)?|and\s+)(?:also\s+)?(?:{_VERB})?{_PROPERTY})*"
_SYSTEM = r"causal\s+(?:structure|graph|relation(?:ship)?s?|system|mechanism)"
_CLAUSE = re.compile(rf"\s*,?\s*(?:whose\s+{_SYSTEM}|which)\s+{_KNOWN}\s*(?=[.;])", re.I)
_ASSUMED = re.compile(
    rf"\s*(?:(?:the|their|its)\s+{_SYSTEM}\s+{_KNOWN}"
    r"|(?:we\s+)?assum(?:e|ing)\s+(?:causal\s+)?(?:faithfulness|sufficiency)(?:\s+and\s+(?:causal\s+)?"
    r"(?:faithfulness|sufficiency))?|there\s+are\s+no\s+(?:hidden|latent|unobserved|other)\s+(?:confounders|variables|"
    r"common\s+causes))\s*",
    re.I,
)
_RELATIVE = re.compile(r"\s*,?\s*(?:whose|which|where|such\s+that)\b", re.I)
_ANNOUNCED = re.compile(
    r"\s*[^.;!?:\"]{0,200}\b(?:follow(?:s|ing)?|hold|known|relation(?:ship)?s?|statements?)\b[^.;!?:\"]{0,100}:", re.I
)
_HYPOTHESIS = re.compile(r"^[ \t]*(?:hypothesis|question)[ \t]*:", re.I | re.M)
_LEAD = re.compile(
    r"\s*(?:[-*•–:,]|(?:however|but|and|also|moreover|furthermore|besides|additionally|in\s+addition|further|yet|"
    r"while|whereas|then|finally)\b\s*,?)\s*",
    re.I,
)
_LINK = re.compile(r"(?:^|\s)(?:however|but|and|also|moreover|furthermore|while|whereas|yet)$", re.I)
_EVER = re.compile(
    r"\s*,?\s+(?:no\s+matter\s+what|what(?:so)?ever)(?:\s+else|\s+other\s+variables?)?\s+(?:is|are)\s+(?:given|known)\s*$",
    re.I,
)
_EXPECTED = "expected a statement such as 'A correlates with B.' or 'A and C are independent given B.'"


@dataclass(frozen=True)
class _Text:
    """The text of a premise, with errors that say where."""

    text: str

    def error(self, message: str, place: int) -> FormatError:
        place = min(place, len(self.text))
        line = self.text.count("\n", 0, place) + 1
        return FormatError(message, line=line, column=place - (self.text.rfind("\n", 0, place) + 1) + 1)

    def skip(self, place: int) -> int:
        """The next place that is not blank."""
        while place < len(self.text) and self.text[place].isspace():
            place += 1
        return place


@dataclass(frozen=True)
class Premise:
    """What a premise says: its variables, its statements, each of them once, and whether these are said to be all."""

    names: tuple[str, ...]
    statements: list[Proposition]
    complete: bool


def read(text: str) -> Premise:
    """The variables and the statements of a premise."""
    if not isinstance(text, str):
        raise FormatError(f"a premise is text, got {text!r}")
    if len(text) > _LONGEST:
        raise FormatError(f"a premise of {len(text):,} characters is longer than the {_LONGEST:,} that are read")
    ending = _HYPOTHESIS.search(text)
    source = _Text(text[: ending.start()] if ending else text)
    names, place = _variables(source)
    while (assumed := _ASSUMED.match(source.text, place)) and source.text[assumed.end() : assumed.end() + 1] in (
        ".",
        ";",
    ):
        place = assumed.end() + 1
    none = _NONE.match(source.text, place)
    found = none or _PREAMBLE.match(source.text, place) or _ANNOUNCED.match(source.text, place)
    complete = bool(none or (found and found.groupdict().get("complete")))
    if found:
        place = found.end()
        if found.groupdict().get("count") and _number(found["count"]) != len(names):
            raise source.error(
                f"{len(names)} variables are named, and here {found['count']} are spoken of", found.start("count")
            )
    if complete and _NOTHING.fullmatch(source.text, place):
        place = len(source.text)
    out: dict[Proposition, None] = {}
    for begin, end in _sentences(source, place, names):
        out.update(dict.fromkeys(_statements(source, begin, end, names)))
    return Premise(names, list(out), complete)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _NUMBERS.index(word.casefold())


# --- the variables ------------------------------------------------------------------------------------


def _variables(source: _Text) -> tuple[tuple[str, ...], int]:
    """The names listed, and where the list ends."""
    found = _OPENING.match(source.text)
    if not found:
        start = source.skip(0)
        raise source.error(
            "the variables are not named: expected a sentence such as 'Suppose there is a closed system of "
            "3 variables, A, B and C.'",
            start,
        )
    place = found.end()
    items, end = _listed(source.text, place)
    count = _number(found["count"]) if found["count"] else None
    readings = [items, _whole(items)]
    chosen = next((names for names in readings if len(names) == count), items)
    names = [(name, where) for name, where, _ in chosen]
    if not names:
        raise source.error("the names of the variables are missing: expected a list such as 'A, B and C.'", place)
    seen: set[str] = set()
    for name, where in names:
        if not name.strip():
            raise source.error("a variable has no name", where)
        if _RELATIVE.match(name) and len(name.split()) > 2:
            raise source.error(
                f"cannot read {_short(name)}: of the system it may only be said that its causal structure forms a "
                "directed acyclic graph and is faithful",
                where,
            )
        if name in seen:
            raise source.error(f"the variable {name!r} is named twice", where)
        seen.add(name)
    if count is not None and count != len(names):
        shown = ", ".join(name for name, _ in names[:20])
        raise source.error(
            f"the number of variables is given as {count}, but the list has {len(names)}: {shown}",
            found.start("count"),
        )
    return tuple(name for name, _ in names), end


#: A name, where it stands, and the word that joins it to the one before.
_Item = tuple[str, int, str]


def _listed(text: str, place: int) -> tuple[list[_Item], int]:
    """Names joined by commas and "and", up to a full stop or the sentence that follows."""
    items: list[_Item] = []
    quoted = re.compile(_QUOTED, re.S)
    link = re.compile(r"\s*,\s*and\b\s*|\s*[,&]\s*|\s+and\s+", re.I)
    stop = re.compile(r"\s*(?:[.;!?:](?=\s|$)|\n\s*\n|$)")
    how = ""
    while True:
        begin = place
        whole = quoted.match(text, place)
        if whole:
            place = whole.end()
            name = re.sub(r"\\(.)", r"\1", whole[0][1:-1], flags=re.S)
        else:
            while place < len(text):
                within_blanks = place > begin and text[place - 1 : place + 1].isspace()  # tried before
                if not within_blanks and any(p.match(text, place) for p in (stop, _CLAUSE, link, _PREAMBLE)):
                    break
                place += 1
            name = " ".join(text[begin:place].split())
        if name or items:
            items.append((name, begin, how))
        clause = _CLAUSE.match(text, place)
        place = clause.end() if clause else place
        ended = stop.match(text, place)
        if ended or _PREAMBLE.match(text, place):
            break
        following = link.match(text, place)
        if not following:
            break  # something stands behind a quoted name; what it is, the sentences will tell
        how = " ".join(following[0].split())
        place = following.end()
    if items and not items[-1][0]:  # a comma before the end
        items.pop()
    return items, ended.end() if ended else place


def _whole(items: Sequence[_Item]) -> list[_Item]:
    """The list in another reading: only the last "and" joins, any other belongs to a name."""
    out: list[_Item] = []
    last = len(items) - 1
    for number, (name, where, how) in enumerate(items):
        if out and how.casefold() == "and" and number != last:
            before, begin, link = out.pop()
            out.append((f"{before} and {name}", begin, link))
        else:
            out.append((name, where, how))
    return out


# --- the statements -----------------------------------------------------------------------------------


def _sentences(source: _Text, place: int, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where each sentence begins and ends; full stops within names do not count."""
    skipped = re.compile(_name_pattern(names), re.I | re.S)
    text, out, begin = source.text, [], place
    while place < len(text):
        found = None
        if not (place and (text[place - 1].isalnum() or text[place - 1] == "_")):
            found = skipped.match(text, place)
        if found:
            place = found.end()
            continue
        if text[place] in ".;!?":
            if text[place] == "?":
                raise source.error(
                    f"a question where a statement is needed: {_short(text[begin : place + 1])}; {_EXPECTED}",
                    source.skip(begin),
                )
            out.append((begin, place))
            begin = place + 1
        place += 1
    out.append((begin, place))
    return [(source.skip(a), b) for a, b in out if text[a:b].strip()]


def _name_pattern(names: tuple[str, ...]) -> str:
    bare = [r"\s+".join(re.escape(w) for w in name.split()) for name in sorted(names, key=len, reverse=True)]
    return "(?:" + "|".join([_QUOTED, *(rf"{name}(?!\w)" for name in bare)]) + ")"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 80 else text[:77] + "…")


def _statements(source: _Text, begin: int, end: int, names: tuple[str, ...]) -> list[Proposition]:
    """The statements of one sentence, or of several without anything between them."""
    text = source.text[begin:end]
    lead = _LEAD.match(text)
    if not text.strip() or (lead and lead.end() == len(text)) or _ASSUMED.fullmatch(text):
        return []
    try:
        return _one(text, names)
    except CausalppError as error:
        refused = error
    starts = [m.start() for m in re.finditer(_name_pattern(names) + r"|[(¬~]", text, re.I | re.S)]
    starts = [s for s in starts if s == 0 or not (text[s - 1].isalnum() or text[s - 1] == "_")]
    breaks = sorted({0, *starts[1:]}) if len(text) <= _UNBROKEN else [0]
    # Whether what stands before each break can be read, and whether in more than one way.
    read: dict[int, list[Proposition]] = {0: []}
    ways = {0: 1}
    for number, stop in enumerate([*breaks[1:], len(text)], 1):
        for start in breaks[max(0, number - len(names) - 4) : number]:
            if start not in read:
                continue
            try:
                piece = _one(_unlinked(text[start:stop], stop < len(text)), names)
            except CausalppError:
                continue
            read[stop] = read[start] + piece
            ways[stop] = ways.get(stop, 0) + ways[start]
    if ways.get(len(text)) == 1 and len(breaks) > 1:
        return read[len(text)]
    if len(text) in read:
        raise source.error(f"{_short(text)} can be read in several ways: end each statement with a full stop", begin)
    generic = isinstance(refused, FormatError) and str(refused).startswith("cannot read")
    furthest = max(read) if generic else 0
    if furthest:
        try:
            _one(text[furthest:], names)
        except CausalppError as error:
            refused = error
    raise source.error(_explained(refused, text[furthest:]), source.skip(begin + furthest)) from None


def _explained(error: CausalppError, text: str) -> str:
    if isinstance(error, FormatError) and str(error).startswith("cannot read"):
        return f"cannot read {_short(text)}; {_EXPECTED}"
    message = re.sub(r"^line \d+(, column \d+)?: ", "", str(error))  # of a place within the sentence
    return f"{message}; in {_short(text)}" if isinstance(error, UnknownVariable) else message


def _unlinked(text: str, more: bool) -> str:
    """A piece without the "and" or "however" that leads over to the next one."""
    if not more:
        return text
    while True:
        text = text.rstrip(" \t\r\n,-*•–")
        link = _LINK.search(text[-20:])
        if not link:
            return text
        text = text[: len(text) - len(link[0])]


def _one(text: str, names: tuple[str, ...]) -> list[Proposition]:
    """The statements that one sentence says, as it stands or without the words that lead to it."""
    for _ in range(4):
        try:
            return _read_one(text, names)
        except CausalppError:
            lead = _LEAD.match(text)
            if not lead or lead.end() == len(text):
                raise
            text = text[lead.end() :]
    return _read_one(text, names)


def _read_one(text: str, names: tuple[str, ...]) -> list[Proposition]:
    plain = _plain(names)
    found = plain.fullmatch(text) if plain else None
    if found:
        a, b = found["a"], found["b1"] or found["b2"] or found["b3"] or found["b4"]
        if a != b and found["ever"] and (found["b1"] or found["dependent"]):
            return [joined(a, b)]
        if a != b and not found["ever"]:
            listed = found["given"] or found["bar"]
            given = _PLAIN_LINK.split(listed) if listed else []
            if not {a, b}.intersection(given):
                p = Independent(a, b, given)
                return [~p if found["b1"] or found["dependent"] else p]
    ever = _EVER.search(text)
    if ever:
        match _literals(parse(text[: ever.start()], names), text):
            case [Not(of=Independent(a=one, b=other, given=known))] if not known:
                return [joined(one, other)]
        raise FormatError(f"cannot read {_short(text)}: only a dependence of two variables can hold whatever is given")
    return _literals(parse(text, names), text)


_PLAIN_LINK = re.compile(r", | and ")


@lru_cache(maxsize=16)
def _plain(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """The sentences of the data set as one pattern, where no name needs quotation marks; it says what parse() would."""
    if any(quote(name) != name or "," in name for name in names):
        return None
    name = "(?:" + "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)) + ")"
    return re.compile(
        rf"(?P<a>{name}) (?:correlates with (?P<b1>{name})|is independent of (?P<b2>{name})"
        rf"|and (?P<b3>{name}) are (?:independent|(?P<dependent>dependent))"
        rf"|indep (?P<b4>{name}))(?: \| (?P<bar>{name}(?:, {name})*)"
        rf"| given (?P<given>{name}(?:, {name})*(?: and {name})?)|(?P<ever> whatever is given))?"
    )


def _literals(statement: Proposition, text: str) -> list[Proposition]:
    match statement:
        case Independent() | Not(of=Independent()):
            return [statement]
        case And():
            return [literal for part in statement.of for literal in _literals(part, text)]
        case _:
            raise FormatError(f"{_short(text)} is neither an independence nor a dependence; {_EXPECTED}")
