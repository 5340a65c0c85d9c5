"""Reading text token by token, and saying where it goes wrong.

A *scanner* walks over a text with one regular expression whose named groups are the kinds of token
(group ``skip``: blanks and comments).  Nothing is read ahead further than one token, so a reader may
switch to another expression in the middle (BIF properties are free text).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from causalpp.errors import FormatError
from causalpp.graphs.dag import Dag

__all__ = ["Scanner", "Token", "cannot_hold", "refuse_latent", "shown"]


class Token(NamedTuple):
    """A piece of text: its kind (the group that matched), the text itself and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int


class Scanner:
    """The tokens of a text, one at a time; ``next`` is the token to come, of kind ``end`` when there is none."""

    def __init__(self, text: str, pattern: re.Pattern[str], what: str) -> None:
        self.text, self.pattern, self.what = text, pattern, what
        self.next = self.at(0)

    def at(self, position: int) -> Token:
        """Make the first token from ``position`` on the next one."""
        while position < len(self.text):
            match = self.pattern.match(self.text, position)
            if match is None or match.lastgroup is None:
                self.next = Token("stray", self.text[position], position, position + 1)
                return self.next
            if match.lastgroup != "skip":
                self.next = Token(match.lastgroup, match.group(), position, match.end())
                return self.next
            position = match.end()
        self.next = Token("end", "", len(self.text), len(self.text))
        return self.next

    def take(self) -> Token:
        """The next token; the one after it becomes the next."""
        token = self.next
        self.at(token.end)
        return token

    def sees(self, *texts: str) -> bool:
        """Whether the next token is one of these marks or bare words (never a quoted string)."""
        return self.next.text in texts and self.next.kind not in ("string", "end")

    def skips(self, text: str) -> bool:
        """Take the next token if it is ``text``."""
        found = self.sees(text)
        if found:
            self.take()
        return found

    def expect(self, text: str, where: str) -> Token:
        """Take the next token, which must be ``text``."""
        if not self.sees(text):
            raise self.unexpected(f"{text!r} {where}")
        return self.take()

    def unexpected(self, wanted: str) -> FormatError:
        """The error for a next token that is not what was wanted; says so when the text is cut short."""
        token = self.next
        if token.kind == "end":
            return self.error(f"the {self.what} text ends where {wanted} should come; is the file complete?")
        if token.kind == "stray" and token.text == '"':
            return self.error("a quoted name is never closed")
        if token.kind == "stray" and self.text.startswith("/*", token.start):
            return self.error("a comment /* … is never closed")
        return self.error(f"expected {wanted}, found {shown(token.text)}")

    def error(self, message: str, token: Token | None = None) -> FormatError:
        """An error at a token, the next one if none is given."""
        start = (token or self.next).start
        line = self.text.count("\n", 0, start) + 1
        return FormatError(message, line=line, column=start - self.text.rfind("\n", 0, start))


def shown(text: str) -> str:
    """A piece of the user's text for a message: quoted, and cut when it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "…")


def cannot_hold(name: str, what: str, reason: str, instead: str = "JSON") -> FormatError:
    """The error for a name that the format has no way to write."""
    return FormatError(f"{what} cannot hold the name {shown(name)}: {reason}; {instead} can")


def refuse_latent(dag: Dag, what: str) -> None:
    """Refuse a Dag with latent variables where the format cannot mark them.

    Raises:
        FormatError: some variable is latent.
    """
    if dag.latent:
        names = ", ".join(repr(name) for name in dag.nodes if name in dag.latent)
        raise FormatError(f"{what} cannot mark latent variables ({names}); JSON, DOT, dagitty and BIF can")
