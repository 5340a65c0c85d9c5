"""Text from outside on its way to a terminal: names, replies and errors are data there too.

A terminal acts on some characters instead of showing them: ESC and the C1 controls begin commands (move the cursor,
write to the clipboard, change the title), and the bidirectional overrides show a text in another order than it is
read in.  Names in files, replies of models and messages of servers can hold any of them.
"""

from __future__ import annotations

import re

__all__ = ["one_line", "visible", "visible_json"]

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but the tab and the line end
_ORDER = "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates; plain marks of direction stay
_SEPARATORS = "\u2028\u2029"
_HALVES = "\ud800-\udfff"  # of surrogate pairs: no stream can write them
_LONGEST = 4_000
_ACTED_ON = re.compile(f"[{_CONTROLS}{_ORDER}{_SEPARATORS}{_HALVES}]")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def visible(text: str) -> str:
    r"""A text in which what a terminal would act on is spelt out; tabs and line ends stay.

    Example:
        >>> print(visible("lung\x1b[2Jcancer \u202e!"))
        lung\x1b[2Jcancer \u202e!
    """
    return _ACTED_ON.sub(_escaped, text.replace("\r\n", "\n"))


def visible_json(text: str) -> str:
    r"""The same for JSON, which stays JSON of the same values: what JSON itself leaves raw becomes ``\uXXXX``.

    Example:
        >>> import json
        >>> print(visible_json(json.dumps("a\x9bb", ensure_ascii=False)))
        "a\u009bb"
    """
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    r"""A message as one line: blanks and line ends run together, the rest as :func:`visible` has it.

    A line of thousands of characters, which repeats a whole file, loses its middle.

    Example:
        >>> one_line("no such file:\n  a.csv")
        'no such file: a.csv'
    """
    line = visible(re.sub(r"[ \t\r\n]+", " ", text).strip())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"
