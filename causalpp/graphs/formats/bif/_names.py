"""Names in BIF: words, quoted names, intervals such as ``(20,35]``, and lists of them, with or without commas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from causalpp.errors import FormatError
from causalpp.graphs.formats._marks import node_marks
from causalpp.graphs.formats._tokens import Scanner, Token, shown

__all__ = ["WORD", "Item", "is_latent", "listed"]

# A slash belongs to a word (as in Asy/Patch) unless it begins a comment.
WORD = re.compile(r'(?:[^\s{}\[\]();,|"/]|/(?![/*]))+')
_PROPERTY = re.compile(r'\s*"?\s*(\w+)(?:\s*=\s*|\s+)"?(\w+)"?\s*"?\s*;')

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[iI]nf(?:inity)?)"
#: The pieces of a list. Of brackets, those of intervals are found first; others belong to a word.
_PIECES = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*(?s:.*?)\*/)"
    r'|(?P<string>"[^"\n]*")'
    rf"|(?P<interval>[\[(\]]\s*{_NUMBER}\s*,\s*{_NUMBER}\s*[\])\[])"
    r'|(?P<word>(?:[^\s{}();,|"/]|/(?![/*]))+)'
    r"|(?P<mark>[{}();,|])"
)


class Item(NamedTuple):
    """A name in a list, and where it stands."""

    text: str
    token: Token

    @staticmethod
    def joined(words: Sequence[Item]) -> Item:
        """Words that no comma separates as one name, a blank between them."""
        return words[0] if len(words) == 1 else Item(" ".join(word.text for word in words), words[0].token)


def is_latent(said: str, variable: str) -> bool:
    """Whether a property, up to its semicolon, says that the variable is latent, in any words that other formats have.

    Raises:
        FormatError: it is selected or adjusted, which tables do not reckon with, or neither true nor false is said.
    """
    pair = _PROPERTY.fullmatch(said)
    marks = node_marks({pair[1]: pair[2]}) if pair else {}
    for mark in ("selected", "adjusted"):
        if marks.get(mark):
            raise FormatError(
                f"{shown(variable)} is {mark}, which a network with tables cannot say; give a graph in DOT"
            )
    return marks.get("latent", False)


def listed(scan: Scanner, what: str, close: str) -> tuple[list[list[Item]], int]:
    """A list from the next token on, and where its closing mark ends.

    Args:
        scan: of which no token is taken.
        what: what is expected, for the message.
        close: the mark that ends the list; inside, round brackets stand in pairs.

    Returns:
        What stands between commas or bars, each piece as its words; no piece is empty.

    Raises:
        FormatError: the list is not closed, or a piece is empty.
    """
    text, place, depth = scan.text, scan.next.start, 0
    pieces: list[list[Item]] = [[]]
    glued = False  # whether the last piece of text ended here, so that what follows belongs to the same word
    while True:
        found = _PIECES.match(text, place)
        kind = found.lastgroup if found else None
        if found is None or kind is None:
            scan.at(place)
            raise scan.unexpected(what)
        piece = found.group()
        if kind == "skip":
            glued, place = False, found.end()
            continue
        if piece == close and depth == 0:
            if not pieces[-1]:
                pieces.pop()
            return pieces, found.end()
        if kind == "mark" and piece in ",|" and depth == 0:
            if not pieces[-1]:
                scan.at(place)
                raise scan.unexpected(what)
            pieces.append([])
            glued, place = False, found.end()
            continue
        if kind == "mark" and piece in "{};|":
            scan.at(place)
            raise scan.unexpected(what)
        depth += (kind == "mark" and piece == "(") - (kind == "mark" and piece == ")")
        quoted = kind == "string"
        if quoted and not piece.strip('" '):
            scan.at(place)
            raise scan.unexpected(what)
        token = Token(kind, piece, place, found.end())
        if glued and not quoted and pieces[-1] and pieces[-1][-1].token.kind != "string":
            before = pieces[-1].pop()
            pieces[-1].append(Item(before.text + piece, before.token))
        else:
            pieces[-1].append(Item(piece[1:-1] if quoted else " ".join(piece.split()), token))
        glued, place = True, found.end()
