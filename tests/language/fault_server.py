"""A small HTTP server that speaks the chat-completions protocol and goes wrong on a schedule.

Every attempt at a prompt draws from the seed, the prompt and the number of the attempt whether it meets a fault, and
which; otherwise it gets the answer that the prompt determines.  What was asked and answered is counted by prompt.
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSING = ("429", "500", "503", "dropped", "hang", "half a JSON", "empty choices", "wrong type")
FINAL = ("refusal", "both", "long")
FAULTS = (*PASSING, *FINAL)


def truth(prompt: str) -> str:
    """The answer that a prompt determines."""
    return "yes" if hashlib.sha256(prompt.encode()).digest()[0] % 2 else "no"


class FaultServer:
    """The server, running in threads of this process while the context lasts.

    Args:
        rate: how often an attempt meets a fault.
        faults: which ones there are.
        seed: of the schedule.
        long: how many characters a long reply has.
        key: what must be sent as the key, if anything; another is refused, and repeated in the refusal.
        retry_after: seconds named in a 429.
        think: seconds before each reply.

    Attributes:
        attempts, answered, replied: by prompt, how often it was asked, got the right answer, and got any completion.
        met: how often each fault occurred.
        times: by prompt, when it was asked.
        keys: the keys that were sent.
    """

    def __init__(
        self,
        rate: float = 0.0,
        faults: Sequence[str] = FAULTS,
        seed: int = 0,
        *,
        long: int = 10_000_000,
        key: str | None = None,
        retry_after: float = 0.02,
        think: float = 0.0,
    ) -> None:
        self.rate, self.faults, self.seed = rate, tuple(faults), seed
        self.long, self.key, self.retry_after, self.think = long, key, retry_after, think
        self.attempts: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.replied: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {}
        self.keys: set[str] = set()
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FaultServer:
        handler = type("Handler", (_Handler,), {"faults": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, prompt: str) -> str | None:
        """Count an attempt, and what it meets."""
        with self.lock:
            attempt = self.attempts[prompt]
            self.attempts[prompt] += 1
            self.times.setdefault(prompt, []).append(time.monotonic())
            draw = random.Random(f"{self.seed} {attempt} {prompt}")
            fault = draw.choice(self.faults) if self.faults and draw.random() < self.rate else None
            if fault is not None:
                self.met[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to write about."""


class _Handler(BaseHTTPRequestHandler):
    faults: FaultServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    counted = 0

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send(200, {"object": "list", "data": [{"id": "fault-model", "object": "model"}]})

    def do_POST(self) -> None:
        faults = self.faults
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with faults.lock:
            faults.keys.add(sent)
            faults.busy += 1
            self.counted = 1
            faults.most_busy = max(faults.busy, faults.most_busy)
        try:
            if faults.key is not None and sent != faults.key:
                message = f"Incorrect API key provided: {sent}."
                self.send(
                    401, {"error": {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}}
                )
            elif request.get("model") == "no-such-model":
                self.send(404, {"error": {"message": "The model does not exist", "code": "model_not_found"}})
            else:
                self.complete(request)
        finally:
            self.idle()

    def idle(self) -> None:
        """No longer busy, from just before the reply goes out: the next request may come on its heels."""
        with self.faults.lock:
            self.faults.busy -= self.counted
            self.counted = 0

    def complete(self, request: dict[str, Any]) -> None:
        faults = self.faults
        prompt = request["messages"][-1]["content"]
        fault = faults.fault(prompt)
        time.sleep(faults.think)
        word = truth(prompt)
        body = completion(request, content(request, word))
        if fault in ("500", "503"):
            self.send(int(fault), {"error": {"message": "try again"}})
        elif fault == "429":
            self.send(429, {"error": {"message": "slow down"}}, {"Retry-After": f"{faults.retry_after}"})
        elif fault == "dropped":
            self.drop()
        elif fault == "hang":
            faults.closing.wait(60)
            self.drop()
        elif fault == "half a JSON":
            text = json.dumps(body)
            self.send(200, text[: len(text) // 2])
        elif fault == "wrong type":
            self.send(200, "<html><body>Welcome to the hotel's network</body></html>", {"Content-Type": "text/html"})
        elif fault == "empty choices":
            self.send(200, body | {"choices": []})
        else:
            if fault == "refusal":
                body["choices"][0]["message"] |= {"content": None, "refusal": "I cannot help with that."}
            elif fault == "both":
                body["choices"][0]["message"]["content"] = "Yes and no."
            elif fault == "long":
                body["choices"][0]["message"]["content"] = ("well, " * (faults.long // 6 + 1))[: faults.long]
            with faults.lock:  # counted before it is sent: a client that is killed meanwhile may have read it
                faults.replied[prompt] += 1
                faults.answered[prompt] += fault is None
            self.send(200, body)

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.idle()
        with suppress(OSError):
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

    def drop(self) -> None:
        """Break the connection off, in the midst of it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def content(request: dict[str, Any], word: str) -> str:
    """The reply in the form that was asked for: a word, or JSON in which a property takes one of several words."""
    schema = ((request.get("response_format") or {}).get("json_schema") or {}).get("schema")
    if not schema:
        return word
    values = {}
    for name, about in schema.get("properties", {}).items():
        values[name] = word if word in about.get("enum", ()) else (about.get("enum") or [""])[0]
    return json.dumps(values)


def completion(request: dict[str, Any], text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
    }
