"""Small HTTP servers for the tests that speak the protocols of OpenAI and Anthropic as their documents state them."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answering = Callable[[dict[str, Any]], Any]


class ProtocolServer:
    """A server in a thread of this process; ``reply`` maps the body of a request to what is sent back.

    What it returns is a body (a dict), raw bytes, or a status with either of them, and with headers.

    Attributes:
        requests: the bodies that came, in order.
        headers: the headers they came with.
    """

    def __init__(self, reply: Answering) -> None:
        self.reply = reply
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return self.root + "/v1"

    def __enter__(self) -> ProtocolServer:
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"outer": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to write about."""


class _Handler(BaseHTTPRequestHandler):
    outer: ProtocolServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.outer.requests.append(request)
        self.outer.headers.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
        found = self.outer.reply(request)
        status, body, headers = 200, found, {}
        if isinstance(found, tuple):
            status, body, headers = (*found, {})[:3]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with suppress(OSError):
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()


def prompt_of(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


def completion(text: str | None, *, finish: str = "stop", logprobs: Any = None, **message: Any) -> dict[str, Any]:
    """A chat completion in OpenAI's protocol."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "tiny-2",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, **message},
                "finish_reason": finish,
                "logprobs": logprobs,
            }
        ],
        "usage": {"prompt_tokens": 30, "completion_tokens": 2, "total_tokens": 32},
    }


def logprobs(*places: dict[str, float]) -> dict[str, Any]:
    """Log-probabilities; each place maps tokens to probabilities, the first of them is the one that was drawn."""
    content = []
    for place in places:
        words = [{"token": t, "logprob": math.log(p), "bytes": list(t.encode())} for t, p in place.items()]
        content.append({**words[0], "top_logprobs": words})
    return {"content": content, "refusal": None}


def message(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    """A message in Anthropic's protocol."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-tiny-1",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 40, "output_tokens": 5, "cache_read_input_tokens": 10},
    }


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def refuse(parameter: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    """A refusal of a parameter in OpenAI's form."""
    said = f"Unsupported parameter: '{parameter}' is not supported with this model."
    return status, {"error": {"message": said, "type": "invalid_request_error", "param": parameter, "code": None}}
