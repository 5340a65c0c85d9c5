"""Reading what a server sends: bodies, headers and numbers, none of which are taken at their word."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["Broken", "count", "parse_body", "seconds_to_wait", "text_or_none"]

_log = logging.getLogger("causalpp.language")
_LONGEST_WAIT = 60.0  # seconds, whatever a server says
_MOST_TOKENS = 100_000_000  # in one reply; what claims more is no count of tokens
_MOST_VALUES = 300_000  # lists and objects in a body: each takes a hundred times the space of its text


class Broken(Exception):
    """A reply that is no completion; the message says what it is instead.

    Attributes:
        body: what came, if it could be read that far.
        page: whether it is a web page: not what a server with this protocol would send.
        again: whether a further attempt may fare better.
    """

    def __init__(
        self, message: str, body: Mapping[str, Any] | None = None, *, page: bool = False, again: bool = True
    ) -> None:
        super().__init__(message)
        self.body, self.page, self.again = body, page, again


def parse_body(content: bytes) -> dict[str, Any]:
    """The JSON object that a server sent.

    Raises:
        Broken: it sent something else.
    """
    if content.count(b"{") + content.count(b"[") > _MOST_VALUES:
        raise Broken("a reply of more values than any completion has")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith(b"<"):
            raise Broken("a web page", page=True) from None
        raise Broken("no whole JSON" if start else "nothing") from None
    if not isinstance(body, dict):
        raise Broken("no completion")
    if isinstance(body.get("error"), (dict, str)) and body["error"]:
        raise Broken("an error in the place of a completion", body)
    return body


def count(usage: Any, *names: str) -> int:
    """The sum of some numbers of tokens, as far as they are there and can be such numbers.

    Example:
        >>> count({"in": 20, "cached": 3.0, "out": 1e30, "more": -1}, "in", "cached", "out", "more")
        23
    """
    values = [usage.get(name) for name in names] if isinstance(usage, dict) else []
    return sum(_tokens(value) for value in values)


def _tokens(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    if not 0 <= value <= _MOST_TOKENS or (isinstance(value, float) and not value.is_integer()):  # not so for NaN
        _log.warning("a server reports a number of tokens that can be none; it is not counted")
        return 0
    return int(value)


def text_or_none(value: Any, limit: int = 200) -> str | None:
    """A short text, or None for anything else."""
    return value[:limit] if isinstance(value, str) and value else None


def seconds_to_wait(error: Exception, failures: int) -> float:
    """How long to wait after a failure: as the server says, or about twice as long each time."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name) or "") * unit
        except ValueError:
            continue
        if seconds >= 0:  # not so for NaN
            return float(min(seconds, _LONGEST_WAIT))
    try:
        moment = parsedate_to_datetime(headers.get("retry-after") or "")
        seconds = float(moment.timestamp() - time.time())
    except (ValueError, OverflowError, TypeError, LookupError, OSError):  # it has several ways to say no
        seconds = math.nan
    if math.isnan(seconds):
        return min(0.5 * 2.0 ** min(failures - 1, 4), 8.0) * random.uniform(0.75, 1.0)
    return min(max(seconds, 0.0), _LONGEST_WAIT)
