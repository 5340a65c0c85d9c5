"""Keys, which are shown nowhere, and addresses, which are."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

from causalpp.errors import InvalidParameter

__all__ = ["Secret", "checked_address", "key_for"]

_LOOKS_LIKE_ONE = re.compile(r"\b(?:sk|pk|key|token)-[\w\-*.]{6,}")
_PLACEHOLDER = "none"  # servers of one's own take any key
_SHORTEST = 8  # characters; what is shorter stands for a key that nobody asks for, and may be a word


class Secret:
    """A key that does not show itself, and is not pickled: where it is unpickled it comes from the environment.

    It is false if there is none.

    Args:
        value: the key; None for a server that needs none.
        name: of the variable in the environment that has it in another process.
        lost: whether there was a key where this one was pickled, and there is none here.
    """

    def __init__(self, value: str | None, name: str, *, lost: bool = False) -> None:
        self._value = value
        self._name = name
        self._lost = lost

    def __bool__(self) -> bool:
        return self._value is not None

    def __repr__(self) -> str:
        return "Secret(…)"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._name, bool(self) or self._lost)

    def reveal(self) -> str:
        """The key.

        Raises:
            InvalidParameter: it was left out when the oracle was pickled, and the environment has none.
        """
        if self._lost:
            raise InvalidParameter(f"the key does not travel with a pickled oracle: set {self._name} in this process")
        return self._value or _PLACEHOLDER

    def scrub(self, text: str) -> str:
        """A text without the key."""
        return text.replace(self._value, "…") if self._long else text  # type: ignore[arg-type]

    def scrub_bytes(self, content: bytes) -> bytes:
        """The same for bytes."""
        return content.replace(self._value.encode(), "…".encode()) if self._long else content  # type: ignore[union-attr]

    def hide(self, text: str) -> str:
        """A text without the key, and without anything else that looks like one."""
        if self._value is not None and self._value != _PLACEHOLDER and len(self._value) > 3:
            text = text.replace(self._value, "…")
        return re.sub(r"(?i:bearer) +\S+", "…", _LOOKS_LIKE_ONE.sub("…", text))

    @property
    def _long(self) -> bool:
        return self._value is not None and len(self._value) >= _SHORTEST


def _restored(name: str, wanted: bool) -> Secret:
    if not wanted:
        return Secret(None, name)
    value = _clean(os.environ.get(name), name)
    return Secret(value, name, lost=value is None)


def key_for(name: str, given: str | None) -> Secret:
    """The key that is given, or else that in the environment.

    Raises:
        InvalidParameter: it has a character that no request can carry.
    """
    return Secret(_clean(given, "api_key=") or _clean(os.environ.get(name), name), name)


def _clean(value: str | None, where: str) -> str | None:
    """A key without the spaces and line ends around it; None for an empty one."""
    value = (value or "").strip()
    if not all("!" <= character <= "~" for character in value):
        raise InvalidParameter(
            f"the key in {where} has a space, a line end, or another character that no key has: copy it again"
        )
    return value or None


def checked_address(address: str | None, key: Secret) -> str | None:
    """An address that may be shown; None for an empty one.

    Raises:
        InvalidParameter: it has a key in it, or is none.
    """
    address = (address or "").strip()
    if not address:
        return None
    if _LOOKS_LIKE_ONE.search(address) or key.scrub(address) != address:
        raise InvalidParameter("an address would be logged with the key in it: pass the key as api_key=")
    try:
        parts = urlsplit(address)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        raise InvalidParameter("base_url= cannot be read as an address, such as http://localhost:8000/v1") from None
    if "@" in address.partition("//")[2].partition("/")[0] or parts.query or parts.fragment:
        raise InvalidParameter("an address would be logged with the key in it: pass the key as api_key=")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_ok or not address.isprintable():
        raise InvalidParameter("base_url= begins with http:// or https://, such as http://localhost:8000/v1")
    return address
