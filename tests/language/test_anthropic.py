"""The Anthropic backend against a local server that speaks the messages protocol."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from protocol_servers import ProtocolServer, message, text_block

from causalpp import Causes
from causalpp.errors import InvalidParameter, OracleError
from causalpp.language import Asker, Prompt
from causalpp.language.backends.anthropic import AnthropicBackend
from causalpp.oracles import LanguageModelOracle
from causalpp.oracles.running import Limits

Q = Causes("smoke", "cancer")
FAST = Limits(retries=1, timeout=5.0)


def oracle(server: ProtocolServer, **options: Any) -> LanguageModelOracle:
    options = {"api_key": "sk-ant-1", "limits": FAST, "progress": False} | options
    return LanguageModelOracle.anthropic("claude-tiny", base_url=server.root, **options)


def error(status: int, said: str, kind: str = "invalid_request_error") -> tuple[int, dict[str, Any]]:
    return status, {"type": "error", "error": {"type": kind, "message": said}, "request_id": "req_1"}


def test_a_schema_holds_the_answer() -> None:
    with ProtocolServer(lambda request: message(text_block('{"answer":"no"}'))) as server:
        first, second = oracle(server, prices=(2.0, 4.0)).ask(Q, repeats=2)
    assert (first.word, second.word, second.replicate) == ("no", "no", 1)
    assert (first.model, first.tokens_in, first.tokens_out) == ("claude-tiny-1", 50, 5)
    assert first.cost == pytest.approx((50 * 2 + 5 * 4) / 1e6)
    sent = server.requests[0]
    assert sent["output_config"]["format"]["schema"]["properties"]["answer"]["enum"] == ["yes", "no", "unsure"]
    assert set(sent) == {"model", "max_tokens", "messages", "system", "output_config"}  # no temperature, no seed
    assert server.headers[0]["path"] == "/v1/messages"
    assert "anthropic-version" in server.headers[0]
    assert len(server.requests) == 2


def test_a_tool_then_a_word() -> None:
    def tools(request: dict[str, Any]) -> Any:
        if "output_config" in request:
            return error(400, "output_config: Extra inputs are not permitted")
        assert request["tool_choice"] == {"type": "tool", "name": "answer"}
        return message({"type": "tool_use", "id": "t", "name": "answer", "input": {"answer": "yes"}}, stop="tool_use")

    def words(request: dict[str, Any]) -> Any:
        for name in ("output_config", "tools"):
            if name in request:
                return error(400, f"{name}: Extra inputs are not permitted")
        return message(text_block("Unsure."))

    with ProtocolServer(tools) as server:
        assert [answer.word for answer in oracle(server).ask([Q, Causes("a", "b")])] == ["yes", "yes"]
        assert len(server.requests) <= 4
    with ProtocolServer(words) as server:
        assert oracle(server).ask(Q)[0].reason == "unsure"
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (message(stop="refusal"), "refused"),
        (message(text_block("I'd rather"), stop="refusal"), "refused"),
        (message(text_block('{"answer":'), stop="max_tokens"), "cut off: raise max_tokens, 16 were too few"),
        (
            message({"type": "thinking", "thinking": "yes", "signature": "s"}, stop="max_tokens"),
            "cut off: raise max_tokens, 16 were too few for its thoughts",
        ),
        (message(text_block("Yes and no.")), "unreadable: it says both"),
        (message({"type": "tool_use", "id": "t", "name": "answer", "input": None}), "unreadable"),
        (message({"type": "thinking", "thinking": "yes"}, text_block("unsure")), "unsure"),
    ],
)
def test_replies_without_an_answer(body: Any, reason: str) -> None:
    with ProtocolServer(lambda request: body) as server:
        (answer,) = oracle(server).ask(Q)
    assert (answer.value, answer.reason) == (None, reason)
    assert not answer.failed


def test_thoughts_stand_apart(tmp_path: Path) -> None:
    blocks = [{"type": "thinking", "thinking": "Tar?"}, {"type": "redacted_thinking", "data": "…"}, text_block("No.")]
    with ProtocolServer(lambda request: message(*blocks)) as server:
        asker = Asker(AnthropicBackend("claude-tiny", server.root, "sk-ant-1"), journal=tmp_path / "j")
        replies = [asker.ask(Prompt("What?"))[0] for _ in range(2)]
        assert len(server.requests) == 1
    assert [(reply.text, reply.thoughts) for reply in replies] == [("No.", "Tar?")] * 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (message(), "broken reply: an empty message"),
        ({"type": "message", "content": "yes"}, "broken reply: no message"),
        (b'{"type": "mess', "broken reply: no whole JSON"),
        ((529, error(529, "Overloaded", "overloaded_error")[1]), "server error: 529"),
        ((429, error(429, "slow", "rate_limit_error")[1], {"retry-after": "0.01"}), "rate limited"),
    ],
)
def test_failures_that_may_pass(body: Any, reason: str) -> None:
    with ProtocolServer(lambda request: body) as server:
        (answer,) = oracle(server).ask(Q)
    assert (answer.value, answer.reason) == (None, reason)
    assert answer.failed


def test_a_key_shows_nowhere(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-ant-api03-abcDEF0123456789"
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    reply = error(401, f"invalid x-api-key {key}", "authentication_error")
    with ProtocolServer(lambda request: reply) as server, caplog.at_level(logging.DEBUG):
        model = oracle(server, api_key=None)
        with pytest.raises(OracleError, match="key was refused") as caught:
            model.ask(Q)
    assert any(key in value for value in server.headers[0].values())
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(model) + repr(vars(model.backend))
    assert "sk-ant" not in shown
    assert "abcDEF" not in shown
    assert caught.value.__context__ is None


def test_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    with pytest.raises(InvalidParameter, match="ANTHROPIC_API_KEY"):
        LanguageModelOracle.anthropic("claude-tiny")
    for options in ({"temperature": 0.0}, {"seed": 1}):
        with pytest.raises(InvalidParameter, match="takes no"):
            LanguageModelOracle.anthropic("claude-tiny", api_key="x", **options)


def test_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-ant-api03-abcDEF0123456789"
    monkeypatch.setenv("ANTHROPIC_API_KEY", f" {key}\n")
    with ProtocolServer(lambda request: message(text_block(f"yes, by {key}"))) as server:
        model = oracle(server, api_key=None)
        assert model.ask(Q)[0].text == "yes, by …"
        pickled = pickle.dumps(model)
        assert b"abcDEF" not in pickled
        pickle.loads(pickled).ask(Q)
    sent = [value.removeprefix("Bearer ") for headers in server.headers for value in headers.values()]
    assert sent.count(key) == 2
    with pytest.raises(InvalidParameter, match="copy it again") as caught:
        LanguageModelOracle.anthropic("claude-tiny", api_key="sk-ant\n1")
    assert "sk-ant" not in str(caught.value)


def test_what_broken_replies_took_is_counted() -> None:
    with ProtocolServer(lambda request: message()) as server:
        (answer,) = oracle(server).ask(Q)
    assert answer.failed
    assert (answer.tokens_in, answer.tokens_out) == (100, 10)
