"""A server for the tests that sends bytes as they are: replies without end, packed replies, replies that are none."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

Sending = Callable[[bytes], Iterable[bytes]]


class RawServer:
    """Answers every request with the pieces of bytes that ``send`` gives for it, and closes the connection.

    Attributes:
        requests: what came, head and body, in order.
        sent: bytes that went out so far.
    """

    def __init__(self, send: Sending) -> None:
        self.send = send
        self.requests: list[bytes] = []
        self.sent = 0
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._listening.close()

    def wait(self, seconds: float) -> bool:
        """Whether it is time to go."""
        return self._closing.wait(seconds)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(30)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            while len(body) < length:
                body += connection.recv(65536)
            self.requests.append(head + b"\r\n\r\n" + body)
            for piece in self.send(request):
                if self._closing.is_set():
                    return
                connection.sendall(piece)
                self.sent += len(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def head(status: str = "200 OK", **fields: str) -> bytes:
    """The head of a response; ``content_type="…"`` and the like are its fields."""
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def whole(body: bytes, status: str = "200 OK", **fields: str) -> list[bytes]:
    """A response with its length."""
    return [head(status, content_length=str(len(body)), content_type="application/json", **fields), body]


def chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces in the chunked coding."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def packed_blanks(gigabytes: int) -> Iterator[bytes]:
    """So many gigabytes of blanks in JSON, packed a thousand to one."""
    block = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = block.compress(b" " * 64_000_000) + block.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    for _ in range(gigabytes * 1000 // 64):
        yield piece


def packings(body: dict[str, object]) -> dict[str, tuple[str, bytes]]:
    """A body in every packing that may be asked for: the name of the packing, and the bytes."""
    text = json.dumps(body).encode()
    bare = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    half = len(text) // 2
    return {
        "not": ("identity", text),
        "gzip": ("gzip", gzip.compress(text)),
        "gzip in two members": ("gzip", gzip.compress(text[:half]) + gzip.compress(text[half:])),
        "gzip, padded": ("x-gzip", gzip.compress(text) + b"\0" * 100),
        "zlib": ("deflate", zlib.compress(text)),
        "bare deflate": ("deflate", bare.compress(text) + bare.flush()),
    }
