"""Reading the reply to a panel: one line for each outcome, each read like a reply of its own.

As for single questions, what is read is what is known: lines that begin with the number or the name of an outcome,
or JSON that says the same.  A line of any other kind could take everything back, so that nothing is read then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.language.reading import LABELS, Reading
from causalpp.language.reading.labels import TOO_LONG, bare, plain, readable
from causalpp.oracles.language_model.reading import read_reply
from causalpp.propositions import Proposition

__all__ = ["read_panel"]

_LONGEST_LINE = 1_000
_NUMBER = re.compile(r"(?P<number>\d{1,3})(?: ?[.):=|-]+ ?| +)(?P<rest>\S.*)")
_AFTER_NAME = re.compile(r" ?(?::|=|\||-+|->|→) ?(?P<rest>\S.*)")
_SEVERAL = re.compile(r"\d{1,3} ?[:.)=-] ?[a-z]+(?:[,;] ?\d{1,3} ?[:.)=-] ?[a-z]+)+")
_HEADINGS = frozenset({"answer", "answers", "my answers", "the answers", "here are the answers", "here are my answers"})
_KEYS = ("number", "outcome", "variable", "name", "item", "question")
_BULLETS = "•‣◦·"

_NO_LINE: Reading = (None, "unreadable: no line for it")
_UNKNOWN: Reading = (None, "unreadable: a line that is none of the answers")
_BOTH: Reading = (None, "unreadable: it says both")
_UNCLEAR: Reading = (None, "unreadable: which outcome a line is about is not clear")


def read_panel(
    text: str,
    names: Sequence[str],
    labels: Sequence[str] = LABELS,
    *,
    strict: bool = False,
    questions: Sequence[Proposition] | None = None,
    negated: bool = False,
) -> list[Reading]:
    r"""What a reply says about each outcome of a panel: as :func:`read_reply`, one reading for each.

    Read are lines "2: no", "2. tar: no", "tar: no", in any order and case, with bullets or markdown; several of the
    first kind on one line; as many labels as outcomes and nothing else; JSON with the same keys.  An outcome
    without a line is not answered, nor one that is answered in two ways; if there is a line of another kind, none is.

    Args:
        text: the reply.
        names: of the outcomes as they stand in the prompt, in the order of their numbers.
        labels: what could be chosen from.
        strict: of a chain of thought, read the lines at its end that are an answer and nothing else.
        questions: about the outcomes, their variables named as in the prompt: explanations may then repeat them.
        negated: whether they were put as "is it false that …?"; see :func:`read_reply`.

    Raises:
        InvalidParameter: no outcomes, or not one question for each.

    Example:
        >>> read_panel("tar: yes\n- **Cancer**: No.", ["tar", "cancer", "age"])
        [(True, None), (False, None), (None, 'unreadable: no line for it')]
        >>> read_panel('{"1": "no", "2": "unsure"}', ["tar", "cancer"])
        [(False, None), (None, 'unsure')]
        >>> read_panel("1: yes\n2: no\nBut perhaps it is the other way round.", ["tar", "cancer"])[0]
        (None, 'unreadable: a line that is none of the answers')
    """
    if not names or (questions is not None and len(questions) != len(names)):
        raise InvalidParameter("a panel has at least one outcome, and one question for each")
    reader = _Reader(names, labels, questions, negated, strict)
    if not text.strip():
        return [(None, "empty")] * len(names)
    said = readable(text)
    if not said:
        return [TOO_LONG] * len(names)
    if not strict and said.startswith(("{", "[")):
        found = reader.json(said)
        if found is not None:
            return found
    return reader.text(said)


class _Reader:
    """The outcomes that a line can be about, and what has been said about each."""

    def __init__(
        self,
        names: Sequence[str],
        labels: Sequence[str],
        questions: Sequence[Proposition] | None,
        negated: bool,
        strict: bool,
    ) -> None:
        self.count, self.labels, self.questions, self.negated = len(names), labels, questions, negated
        self.strict = strict
        said = [bare(plain(name)).strip() for name in names]
        self.names = {name: k for k, name in enumerate(said) if name and said.count(name) == 1}
        self.said: list[list[Reading]] = [[] for _ in names]

    def text(self, said: str) -> list[Reading]:
        lines = [line for line in (_line(line) for line in said.split("\n")) if line]
        if self.strict:
            return self._ending(lines)
        lines = [part for line in lines for part in (re.split("[,;] ?", line) if _SEVERAL.fullmatch(line) else [line])]
        alone = [self._label(k, line) if k < self.count else _UNKNOWN for k, line in enumerate(lines)]
        if len(lines) == self.count and all(_is_read(reading) for reading in alone):
            return alone
        for number, line in enumerate(lines):
            if number == 0 and line.rstrip(":").strip() in _HEADINGS:
                continue
            if not self._take(line):
                return [_UNKNOWN] * self.count
        return self._readings()

    def _ending(self, lines: Sequence[str]) -> list[Reading]:
        """Of a chain of thought the last lines, as far as they are answers and nothing else."""
        for line in reversed(lines):
            found = {(k, reading) for k, reading in self._meanings(line) if _is_read(reading)}
            if not found:
                break
            for k, reading in found:
                self.said[k].append(reading if len({k for k, _ in found}) == 1 else _UNCLEAR)
        return self._readings()

    def _take(self, line: str) -> bool:
        """Note what a line says; False if it is about no outcome."""
        meanings = self._meanings(line)
        read = [(k, reading) for k, reading in meanings if _is_read(reading)]
        about = {k for k, _ in read or meanings}
        for k, reading in read or meanings:
            self.said[k].append(reading if len(about) == 1 else _UNCLEAR)
        return bool(meanings)

    def _meanings(self, line: str) -> list[tuple[int, Reading]]:
        """The outcomes that a line may be about, with what it then says."""
        if len(line) > _LONGEST_LINE:
            return []
        found = [(k, self._label(k, rest)) for k, rest in self._named(line)]
        numbered = _NUMBER.fullmatch(line)
        if numbered and 1 <= int(numbered["number"]) <= self.count:
            k = int(numbered["number"]) - 1
            named = list(self._named(numbered["rest"]))
            if not named:
                found.append((k, self._label(k, numbered["rest"])))
            for other, rest in named:
                found.append((k, self._label(k, rest)))
                if other != k:
                    found.append((other, self._label(other, rest)))
        return found

    def _named(self, line: str) -> Iterable[tuple[int, str]]:
        """The outcomes whose name a line begins with, and what comes after it."""
        for name, k in self.names.items():
            if line.startswith(name) and (after := _AFTER_NAME.fullmatch(line, len(name))):
                yield k, after["rest"]

    def _label(self, k: int, text: str) -> Reading:
        text = text.strip(" |")
        if self.strict:
            return read_reply(f"Answer: {text}", self.labels, strict=True)
        question = None if self.questions is None else self.questions[k]
        return read_reply(text, self.labels, question=question, negated=self.negated)

    def json(self, said: str) -> list[Reading] | None:
        """The readings of a reply in JSON; None if it is something else."""
        try:
            value = json.loads(said, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            return [(None, "unreadable: broken JSON")] * self.count if said[0] == "{" else None
        if isinstance(value, _Pairs) and len(value) == 1 and isinstance(value[0][1], list):
            value = value[0][1]  # {"answers": …}
        if isinstance(value, _Pairs):
            pairs: list[tuple[Any, Any]] = list(value)
        elif isinstance(value, list) and all(isinstance(item, _Pairs) for item in value):
            pairs = [_entry(item) for item in value]
        elif isinstance(value, list) and len(value) == self.count:
            pairs = list(enumerate(value, 1))
        else:
            return [_UNKNOWN] * self.count
        for key, label in pairs:
            whole = isinstance(key, (str, int)) and not isinstance(key, bool) and isinstance(label, str)
            if not whole or not self._take(f"{_line(str(key))}: {_line(label)}"):
                return [_UNKNOWN] * self.count
        return self._readings()

    def _readings(self) -> list[Reading]:
        return [_together(said) for said in self.said]


class _Pairs(list[tuple[str, Any]]):
    """The fields of a JSON object, also those that are there twice."""


def _entry(fields: _Pairs) -> tuple[Any, Any]:
    """An outcome and its label in an object such as ``{"number": 2, "answer": "no"}``."""
    values = dict(fields)
    keys = [name for name in _KEYS if name in values]
    if len(values) < len(fields) or len(keys) != 1 or set(values) != {keys[0], "answer"}:
        return None, None
    return values[keys[0]], values["answer"]


def _line(text: str) -> str:
    return bare(text).replace("\n", " ").strip(f" |{_BULLETS}")


def _is_read(reading: Reading) -> bool:
    return reading[0] is not None or reading[1] == "unsure"


def _together(said: Sequence[Reading]) -> Reading:
    if not said:
        return _NO_LINE
    bad = [reading for reading in said if not _is_read(reading)]
    if bad:
        return bad[0]
    return said[0] if len(set(said)) == 1 else _BOTH
