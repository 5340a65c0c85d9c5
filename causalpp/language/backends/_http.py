"""What is let in of a server's reply, and what a connection that fails means.

A few kilobytes on the wire can unpack to gigabytes, a body can go on without end, and a redirect can send a key to
somebody else.  Every response of the SDKs' client, errors and redirects among them, is therefore read here, piece by
piece, up to a limit before and after unpacking; what is longer is not kept.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

from causalpp.language.backends._body import Broken

__all__ = ["LONGEST_REPLY", "Moved", "connecting", "guarded_client", "why_not_reached"]

#: Bytes of a reply that are read, packed and unpacked; the longest that makes sense has about one in ten of them.
LONGEST_REPLY = 4_000_000

_LONGEST_ERROR = 100_000  # bytes of an error's body, whose beginning says what is wrong
_CONNECTING = 15.0  # seconds until a connection has to stand
_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")


class Moved(Exception):
    """A redirect that is not followed; the message says where it points."""


def guarded_client(client: type[Any], seen: Any) -> Any:
    """An HTTP client of an SDK that reads no reply beyond the limit, and follows no redirect to another server.

    Args:
        client: the SDK's own class of clients.
        seen: called with the status of every response, before its body is read.
    """

    async def read(response: Any) -> None:
        seen(response.status_code)
        _refuse_to_move(response)
        content = await _content(response)
        response.headers.pop("content-encoding", None)
        response.headers["content-length"] = str(len(content))
        response.stream = _http(client).ByteStream(content)

    return client(event_hooks={"response": [read]}, headers={"accept-encoding": "gzip, deflate"})


def connecting(client: type[Any], timeout: float) -> Any:
    """The time limits of an attempt for the SDK: less for the connection than for the whole."""
    return _http(client).Timeout(timeout, connect=min(timeout, _CONNECTING))


def _http(client: type[Any]) -> Any:
    """The HTTP library that an SDK stands on."""
    base = next(kind for kind in client.__mro__ if kind.__name__ == "AsyncClient")
    return import_module(base.__module__.partition(".")[0])


def _refuse_to_move(response: Any) -> None:
    if not response.has_redirect_location:
        return
    try:
        here, there = response.url, response.url.join(response.headers["location"])
        safer = here.scheme == "http" and there.scheme == "https"
        same = here.host == there.host and (safer or (here.scheme, here.port) == (there.scheme, there.port))
        shown = f"{there.scheme}://{there.netloc.decode('ascii', 'replace').rpartition('@')[2]}{there.path}"
    except Exception:  # whatever stands there
        raise Moved("an address that cannot be read") from None
    if not same or response.status_code not in (307, 308):  # any other would turn the request into a mere look
        raise Moved(shown[:200])
    if there == here:
        raise Moved("itself")


async def _content(response: Any) -> bytes:
    """The body, unpacked; :class:`Broken` if it is too long, or packed in a way that was not asked for.

    Of an error only the beginning is read, and whatever is wrong with its body, it is the error that counts.
    """
    error = response.status_code >= 400
    longest = _LONGEST_ERROR if error else LONGEST_REPLY
    content = bytearray()
    try:
        async for piece in _unpacked(response, longest):
            content += piece
            if len(content) > longest:
                raise _too_long()
    except Broken:
        if not error:
            raise
    return bytes(content[:longest])


async def _unpacked(response: Any, longest: int) -> AsyncIterator[bytes]:
    packed = ",".join(response.headers.get_list("content-encoding")).strip().lower()
    if packed not in _ENCODINGS:
        raise Broken(f"a reply packed as {packed[:40]!r}, which was not asked for")
    pieces = None if packed in ("", "identity") else _Pieces(head="gzip" in packed)
    raw = 0
    async for chunk in _chunks(response.stream):
        raw += len(chunk)
        if raw > longest + 65_536:  # with room for the last chunk
            raise _too_long()
        for piece in (chunk,) if pieces is None else pieces.unpack(chunk):
            yield piece
    if pieces is not None and not pieces.whole:
        raise Broken("a reply whose end is missing")


async def _chunks(stream: Any) -> AsyncIterator[bytes]:
    try:
        async for chunk in stream:
            yield chunk
    finally:
        await stream.aclose()


def _too_long() -> Broken:
    return Broken(f"a reply of more than {LONGEST_REPLY // 1_000_000} MB", again=False)


class _Pieces:
    """Unpacks gzip, zlib and bare deflate, a little at a time whatever is in it.

    Args:
        head: whether it has to be gzip.
    """

    _at_once = 65_536

    def __init__(self, head: bool) -> None:
        self._head = head
        self._unpack: Any = None
        self._begun = b""

    @property
    def whole(self) -> bool:
        """Whether what came was an end, or nothing."""
        return self._unpack is None or bool(self._unpack.eof)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """What a further piece of packed data unpacks to, in pieces."""
        try:
            while data:
                if self._unpack is None:
                    self._begun += data
                    if len(self._begun) < 2:
                        return
                    data, self._begun = self._begun, b""
                    self._unpack = zlib.decompressobj(16 + zlib.MAX_WBITS if self._head else _window(data))
                full = True
                while full:  # what was taken in may come out later
                    piece = self._unpack.decompress(data, self._at_once)
                    data, full = self._unpack.unconsumed_tail, len(piece) == self._at_once
                    yield piece
                if self._unpack.eof:
                    data = self._unpack.unused_data.lstrip(b"\0")  # gzip may go on with another member
                    if data:
                        self._unpack = None
        except zlib.error:
            raise Broken("a reply that cannot be unpacked") from None


def _window(start: bytes) -> int:
    """How zlib is told what it gets: "deflate" is zlib's format, with a head, and for many servers bare deflate."""
    return zlib.MAX_WBITS if start[0] & 15 == 8 and (start[0] << 8 | start[1]) % 31 == 0 else -zlib.MAX_WBITS


def why_not_reached(error: BaseException) -> str | None:
    """Why no connection came about, in a few words; None if one did and broke later."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {cause.verify_message or 'unknown reason'}"
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection: {(cause.reason or 'unknown reason').lower().replace('_', ' ')}"
        if isinstance(cause, socket.gaierror):
            return "no such host is known"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection is refused"
    names = {type(cause).__name__ for cause in _causes(error)}
    if "ConnectTimeout" in names:
        return "no connection in time"
    if names & {"ConnectError", "UnsupportedProtocol", "ProxyError"}:
        system = next((c.strerror for c in _causes(error) if isinstance(c, OSError) and c.strerror), None)
        return (system or "no connection").lower()
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it."""
    left, seen = [error], set[int]()
    while left and len(seen) < 50:
        cause = left.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        left += [c for c in (cause.__cause__, cause.__context__) if c is not None]
        left += getattr(cause, "exceptions", ())
