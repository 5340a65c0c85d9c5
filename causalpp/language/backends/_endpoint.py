"""What the backends that reach a server share: one client, attempts, and what a failure means.

What may pass (429, 408, 409, 5xx, broken connections, timeouts) is tried again here and not by the SDKs, so that every
attempt keeps to the pace of the run and to the timeout.  A parameter that this server or model does not take is left
out from then on; a failure that may pass and did not is :class:`~causalpp.language.Unanswered`; everything else
would fail for all questions alike and stops the run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
import weakref
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from causalpp.errors import InvalidParameter, OracleError
from causalpp.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.language.backends._body import Broken, parse_body, seconds_to_wait
from causalpp.language.backends._http import Moved, connecting, guarded_client, why_not_reached
from causalpp.language.backends._secret import checked_address, key_for
from causalpp.language.running import Unanswered, attempt

__all__ = ["Endpoint", "Features", "answer_schema"]

_log = logging.getLogger("causalpp.language")
_SHOWN = 300  # characters of a server's message
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
        reached: whether there was any response so far; one that was never there will not be for the next question.
        completed: whether there was a completion so far.
    """

    _known: ClassVar[dict[str, Features]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.log_probabilities: bool | None = None
        self.top = 20
        self.reached = self.completed = False

    @classmethod
    def of(cls, backend: Backend) -> Features:
        """Those of a model at an address."""
        key = json.dumps(dict(backend.identity), sort_keys=True, default=str)
        with cls._lock:
            return cls._known.setdefault(key, cls())


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
    def _sdk(self) -> tuple[type[Any], type[Any]]:
        """The SDK's client, and the HTTP client that it is to use."""

    def _connect(self) -> Any:
        """A client of the SDK, guarded against what a server may send."""
        client, http = self._sdk()

        def seen(status: int) -> None:  # noqa: ARG001
            self.features.reached = True

        return client(
            api_key=self._key.reveal(),
            base_url=self._url or self.home,
            timeout=connecting(http, self.timeout),
            max_retries=0,  # further attempts keep to the pace
            http_client=guarded_client(http, seen),
        )

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
        page, again = False, True
        while True:
            await attempt(wait)
            wait = 0.0
            sent = self._parameters(prompt, sampling, replicate)
            try:
                return await self._attempt(client, sent, prompt, took)
            except Broken as found:
                broken += 1
                problem: Exception = Unanswered(f"{self!r} sent {found}", f"broken reply: {found}")
                page, again = found.page, found.again
            except Exception as error:  # raised again below, outside: what led to it may hold the key
                problem = error
            if isinstance(problem, Unanswered):
                if broken > min(_AGAIN, self.retries) or not again:
                    raise self._no_interface() if page and not self.features.completed else problem
                continue
            meaning = self._meaning(problem, prompt, sent)
            if isinstance(meaning, Reply):
                return meaning
            if isinstance(meaning, Unanswered) and _may_pass(problem) and failures < self.retries:
                failures += 1
                wait = seconds_to_wait(problem, failures)
                continue
            if isinstance(meaning, Unanswered) and meaning.reason == "no connection" and not self.features.reached:
                meaning = self._not_there("the connection breaks before any reply")
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
            self.features.completed = True
        except Broken as found:
            body = found.body or body
            raise
        except RecursionError:
            raise Broken("values nested too deeply") from None
        except Exception as error:  # the SDK wraps what was found out about a response
            if isinstance(error.__cause__, Broken):
                raise error.__cause__ from None
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
            moved = error if isinstance(error, Moved) else error.__cause__  # some SDKs wrap it, some do not
            if isinstance(moved, Moved):
                where = self._key.hide(str(moved))
                return OracleError(f"{self!r} sends requests on to {where}: give the address that answers as base_url=")
            why = why_not_reached(error)
            if why is not None and (not self.features.reached or "certificate" in why):
                return self._not_there(why)
            if name in ("APITimeoutError", "TimeoutError"):
                return Unanswered(f"{self!r} did not answer within {self.timeout:g} s", "timed out")
            if name == "APIConnectionError":
                return Unanswered(f"{self!r} cannot be reached", "no connection")
            return Unanswered(f"asking {self!r} failed: {name}", f"failed: {name}")
        said = self._said(error)
        short = " ".join(said.split())[:_SHOWN]
        told = f"{self!r} answered {status}: {short}"
        if status in (400, 404, 415, 422, 501) or (status == 403 and "logprobs" in sent and "logprobs" in said):
            if re.search(r"content.?filter|content management policy|moderation", said, re.IGNORECASE):
                return Reply("", finish="filtered")
            if re.search(r"could not finish the message|output limit was reached", said, re.IGNORECASE):
                return Reply("", finish="length")  # how OpenAI says that a model was still thinking
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

    def _not_there(self, why: str) -> OracleError:
        """No server answers at the address, so that no question needs to be put to it."""
        return OracleError(f"{self!r} cannot be reached, {why}: see whether the server is up, and check base_url=")

    def _no_interface(self) -> OracleError:
        return OracleError(
            f"{self!r} answers with a web page: base_url= is the address of its interface, such as "
            "http://localhost:8000/v1"
        )

    def _said(self, error: Exception) -> str:
        """A server's message, without the key."""
        body = getattr(error, "body", None)
        text = str(getattr(error, "message", "") or error)
        if body is not None:
            try:
                text += " " + (body if isinstance(body, str) else json.dumps(body, default=str, ensure_ascii=False))
            except (ValueError, RecursionError):  # nested too deeply to be written
                text += " …"
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
