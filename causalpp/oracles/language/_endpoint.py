"""What the backends that reach a server share: one client, attempts, and what a failure means.

What may pass (429, 408, 409, 5xx, broken connections, timeouts) is tried again here and not by the SDKs, so that every
attempt keeps to the pace of the run and to the timeout.  A parameter that this server or model does not take is left
out from then on; a failure that may pass and did not is :class:`~causalpp.oracles.running.Unanswered`; everything else
would fail for all questions alike and stops the run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import threading
import time
import weakref
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from causalpp.errors import InvalidParameter, OracleError
from causalpp.oracles._pace import attempt
from causalpp.oracles.language._secret import checked_address, key_for
from causalpp.oracles.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.oracles.running import Unanswered

__all__ = ["Broken", "Endpoint", "Features", "answer_schema", "count", "parse_body", "text_or_none"]

_log = logging.getLogger("causalpp.oracles")
_SHOWN = 300  # characters of a server's message
_LONGEST_WAIT = 60.0  # seconds, whatever a server says
_PASSING = ("APITimeoutError", "APIConnectionError", "TimeoutError")
_AGAIN = 2  # further attempts after a reply that is no completion


def answer_schema(labels: tuple[str, ...]) -> dict[str, Any]:
    """The JSON schema of an answer that is one of some labels."""
    return {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(labels)}},
        "required": ["answer"],
        "additionalProperties": False,
    }


class Features:
    """What a server was found to take and to give; shared by all backends of this process that reach the same model.

    Attributes:
        refused: the parameters that it refused.
        log_probabilities: whether it returns them; None as long as nobody looked.
        top: for how many words at a time.
    """

    _known: ClassVar[dict[str, Features]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.log_probabilities: bool | None = None
        self.top = 20

    @classmethod
    def of(cls, backend: Backend) -> Features:
        """Those of a model at an address."""
        key = json.dumps(dict(backend.identity), sort_keys=True, default=str)
        with cls._lock:
            return cls._known.setdefault(key, cls())


class Broken(Exception):
    """A reply that is no completion; the message says what it is instead.

    Attributes:
        body: what came, if it could be read that far.
    """

    def __init__(self, message: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.body = body


class Endpoint(Backend):
    """A model behind a server.

    Args:
        model: its name there.
        base_url: where; None for the provider's own address.
        api_key: the key; by default from the environment.  It is never pickled: in another process it is read
            from the environment.
        timeout: seconds after which one attempt is given up.
        retries: further attempts after failures that may pass.
        extra: further fields of every request, such as ``{"reasoning_effort": "low"}``.

    Raises:
        InvalidParameter: no model, no key for an address that needs one, a key that no request can carry, or an
            address that is none or has a key in it.
        MissingDependency: the SDK is not installed.
    """

    key_name: str
    url_name: str
    home: str

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 5,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if not model or not isinstance(model, str):
            raise InvalidParameter(f"name the model to ask, got {model!r}")
        self.model = model
        base_url = base_url or os.environ.get(self.url_name)
        self._key = key_for(self.key_name, api_key)
        self._url = checked_address(base_url, self._key)
        if self._url is None and not self._key:
            raise InvalidParameter(f"there is no key: set {self.key_name} in the environment, or pass api_key=")
        self.timeout, self.retries = timeout, retries
        self.extra = dict(extra or {})
        self.features = Features.of(self)
        self._client: tuple[asyncio.AbstractEventLoop, Any, asyncio.Lock] | None = None

    @property
    def base_url(self) -> str:
        """The address."""
        return (self._url or self.home).rstrip("/")

    @property
    def identity(self) -> Mapping[str, Any]:
        identity = {"backend": self.name, "model": self.model, "base_url": self.base_url}
        return identity | ({"extra": self.extra} if self.extra else {})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, base_url={self.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_client": None, "features": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.features = Features.of(self)

    # ------------------------------------------------------- for the subclasses

    @abstractmethod
    def _connect(self) -> Any:
        """A client of the SDK."""

    @abstractmethod
    async def _send(self, client: Any, parameters: dict[str, Any]) -> bytes:
        """The body of the server's reply."""

    @abstractmethod
    def _parameters(self, prompt: Prompt, sampling: Sampling, replicate: int) -> dict[str, Any]:
        """What is sent, as far as the server is known to take it."""

    @abstractmethod
    def _usage(self, body: Mapping[str, Any]) -> tuple[int, int]:
        """The tokens in and out that a body speaks of, also one that is no completion."""

    @abstractmethod
    def _read(self, body: dict[str, Any], prompt: Prompt) -> Reply:
        """The completion in a body; :class:`Broken` if there is none."""

    @abstractmethod
    def _leave_out(self, said: str, sent: Mapping[str, Any]) -> str | None:
        """Note which parameter a refusal speaks of, and say which; None if it speaks of something else."""

    async def _probe(self, sampling: Sampling, took: list[int]) -> None:  # noqa: ARG002
        """Find out, once, whether the server returns log-probabilities."""
        self.features.log_probabilities = False

    # ------------------------------------------------------------------ asking

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        """One reply; its tokens are those of all the attempts it took, and of a look at what the server can do."""
        client, lock = self._open()
        took = [0, 0]
        try:
            if prompt.labels and self.features.log_probabilities is None:
                async with lock:
                    if self.features.log_probabilities is None:
                        await self._probe(sampling, took)
            reply = await self._complete(client, prompt, sampling, replicate, took)
        except Unanswered as error:
            error.tokens_in, error.tokens_out = took
            raise
        return replace(reply, tokens_in=took[0], tokens_out=took[1])

    async def _complete(
        self, client: Any, prompt: Prompt, sampling: Sampling, replicate: int, took: list[int]
    ) -> Reply:
        """A reply; the tokens of every attempt are added to ``took``."""
        broken = refused = failures = 0
        wait = 0.0
        while True:
            await attempt(wait)
            wait = 0.0
            sent = self._parameters(prompt, sampling, replicate)
            try:
                return await self._attempt(client, sent, prompt, took)
            except Broken as found:
                broken += 1
                problem: Exception = Unanswered(f"{self!r} sent {found}", f"broken reply: {found}")
            except Exception as error:  # raised again below, outside: what led to it may hold the key
                problem = error
            if isinstance(problem, Unanswered):
                if broken > min(_AGAIN, self.retries):
                    raise problem
                continue
            meaning = self._meaning(problem, prompt, sent)
            if isinstance(meaning, Reply):
                return meaning
            if isinstance(meaning, Unanswered) and _may_pass(problem) and failures < self.retries:
                failures += 1
                wait = seconds_to_wait(problem, failures)
                continue
            if meaning is None and refused < 12:  # every parameter can be refused, and the log-probabilities in steps
                refused += 1
                continue
            raise meaning or OracleError(f"{self!r} refuses one parameter after the other")

    async def _attempt(self, client: Any, sent: dict[str, Any], prompt: Prompt, took: list[int]) -> Reply:
        body: Mapping[str, Any] | None = None
        try:
            async with asyncio.timeout(self.timeout):  # the SDK's holds from one byte to the next
                content = await self._send(client, sent)
            body = parse_body(self._key.scrub_bytes(content))
            reply = self._read(dict(body), prompt)
        except Broken as found:
            body = found.body or body
            raise
        finally:
            if body is not None:
                for k, tokens in enumerate(self._usage(body)):
                    took[k] += tokens
        return replace(reply, text=self._key.scrub(reply.text), model=reply.model and self._key.scrub(reply.model))

    def _meaning(self, error: Exception, prompt: Prompt, sent: Mapping[str, Any]) -> Reply | OracleError | None:
        """What an SDK's error comes to; None to ask again without the parameter that was refused."""
        status = getattr(error, "status_code", None)
        name = type(error).__name__
        if not isinstance(status, int):
            if name in ("APITimeoutError", "TimeoutError"):
                return Unanswered(f"{self!r} did not answer within {self.timeout:g} s", "timed out")
            if name == "APIConnectionError":
                return Unanswered(f"{self!r} cannot be reached", "no connection")
            return Unanswered(f"asking {self!r} failed: {name}", f"failed: {name}")
        said = self._said(error)
        short = " ".join(said.split())[:_SHOWN]
        told = f"{self!r} answered {status}: {short}"
        if status in (400, 404, 415, 422, 501):
            if re.search(r"content.?filter|content management policy|moderation", said, re.IGNORECASE):
                return Reply("", finish="filtered")
            if re.search(r"context.?length|context window|prompt is too long|too many tokens", said, re.IGNORECASE):
                return OracleError(f"{told} (the prompt does not fit the model: shorten the context)")
            for text in filter(None, (prompt.user, prompt.system)):  # what is quoted back says nothing of parameters
                for form in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
                    said = said.replace(form, " ")
            left_out = self._leave_out(said.casefold(), sent)
            if left_out is not None:
                _log.warning("%r does not take %s; it is left out from now on", self, left_out)
                return None
        if status in (401, 403):
            return OracleError(f"{told} (the key was refused: check {self.key_name} or api_key=)")
        if status == 404:
            return OracleError(f"{told} (check the name of the model and base_url=)")
        if status == 429 and "insufficient_quota" not in said:
            return Unanswered(told, "rate limited")
        if status in (408, 409) or status >= 500:
            return Unanswered(told, f"server error: {status}")
        return OracleError(told)

    def _said(self, error: Exception) -> str:
        """A server's message, without the key."""
        body = getattr(error, "body", None)
        text = str(getattr(error, "message", "") or error)
        if body is not None:
            text += " " + (body if isinstance(body, str) else json.dumps(body, default=str, ensure_ascii=False))
        return self._key.hide(text[:20_000])

    def _open(self) -> tuple[Any, asyncio.Lock]:
        """The client of the running loop: connections belong to the loop on which they were opened."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            client = self._connect()
            self._client = loop, client, asyncio.Lock()
            weakref.finalize(self, _leave, loop, client).atexit = False
        return self._client[1:]

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client[1], None
            await client.close()


def _leave(loop: asyncio.AbstractEventLoop, client: Any) -> None:
    """Close the connections of a backend that nobody holds any more, on the loop that they belong to."""
    if loop.is_running():
        loop.call_soon_threadsafe(lambda: loop.create_task(client.close()))


def _may_pass(error: Exception) -> bool:
    """Whether a further attempt may fare better; an error of no known kind is one of this program's."""
    return isinstance(getattr(error, "status_code", None), int) or type(error).__name__ in _PASSING


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
    except (ValueError, OverflowError):
        return min(0.5 * 2.0 ** min(failures - 1, 4), 8.0) * random.uniform(0.75, 1.0)
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def parse_body(content: bytes) -> dict[str, Any]:
    """The JSON object that a server sent.

    Raises:
        Broken: it sent something else.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        start = content[:200].lstrip().lower()
        raise Broken("a web page" if start.startswith(b"<") else "no whole JSON" if start else "nothing") from None
    if not isinstance(body, dict):
        raise Broken("no completion")
    if isinstance(body.get("error"), (dict, str)) and body["error"]:
        raise Broken("an error in the place of a completion", body)
    return body


def count(usage: Any, *names: str) -> int:
    """The sum of some numbers of tokens, as far as they are there."""
    values = [usage.get(name) for name in names] if isinstance(usage, dict) else []
    return sum(value for value in values if isinstance(value, int) and not isinstance(value, bool) and value > 0)


def text_or_none(value: Any, limit: int = 200) -> str | None:
    """A short text, or None for anything else."""
    return value[:limit] if isinstance(value, str) and value else None
