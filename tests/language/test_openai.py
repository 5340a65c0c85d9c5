"""The OpenAI backend against real servers on localhost."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import math
import pickle
import socket
import threading
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from protocol_servers import ProtocolServer, completion, logprobs, prompt_of, refuse

from causalpp import Causes, DirectlyCauses
from causalpp.errors import InvalidParameter, OracleError
from causalpp.language import Asker, Prompt
from causalpp.language.backends._body import seconds_to_wait
from causalpp.language.backends.openai import PROBES, OpenAIBackend, label_probabilities
from causalpp.oracles import LanguageModelOracle
from causalpp.oracles.running import Budget, Limits, Unanswered

Q = Causes("smoke", "cancer")
FAST = Limits(retries=1, timeout=5.0)
FIRST = {"Yes": 0.5, " yes": 0.2, "No": 0.1, "uns": 0.05, "Maybe": 0.05}


def oracle(server: ProtocolServer, model: str = "tiny", **options: Any) -> LanguageModelOracle:
    options = {"api_key": "none", "limits": FAST, "progress": False} | options
    return LanguageModelOracle.openai(model, base_url=server.url, **options)


def asked(server: ProtocolServer) -> list[dict[str, Any]]:
    return [request for request in server.requests if prompt_of(request) not in PROBES]


def test_log_probabilities() -> None:
    with ProtocolServer(lambda request: completion("Yes", logprobs=logprobs(FIRST))) as server:
        model = oracle(server, prices=(1.0, 10.0), temperature=0.5, seed=3)
        first, second = model.ask(Q, repeats=2)
        model.close()
    assert first.value is True
    assert first.log_odds == pytest.approx(math.log(0.7 / 0.1))
    assert first.captured == pytest.approx(0.85)  # with what begins as "unsure" does
    assert (first.text, first.model) == ("Yes", "tiny-2")
    assert sorted((a.tokens_in, a.tokens_out) for a in (first, second)) == [(30, 2), (60, 4)]  # one of them looked
    assert first.cost + second.cost == pytest.approx((90 * 1 + 6 * 10) / 1e6)
    assert first.latency > 0
    assert first.time is not None
    sent = asked(server)
    assert len(sent) == 2
    assert len(server.requests) == 3  # one look whether log-probabilities come back
    assert sorted(request["seed"] for request in sent) == [3, 4]
    assert sent[0]["logprobs"] is True
    assert (sent[0]["top_logprobs"], sent[0]["temperature"], sent[0]["max_tokens"]) == (20, 0.5, 16)
    assert "response_format" not in sent[0]
    assert sent[0]["messages"][0]["role"] == "system"
    assert second.replicate == 1


def test_where_there_are_none_a_schema_holds_the_answer() -> None:
    def reply(request: dict[str, Any]) -> dict[str, Any]:
        schema = request.get("response_format", {}).get("json_schema", {}).get("schema")
        if schema is None:
            return completion("Yes")
        assert schema["properties"]["answer"]["enum"] == ["yes", "no", "unsure"]
        return completion('{"answer": "no"}')

    with ProtocolServer(reply) as server:
        answers = oracle(server).ask([Q, DirectlyCauses("smoke", "cancer")])
        assert [answer.word for answer in answers] == ["no", "no"]
        assert [answer.log_odds for answer in answers] == [None, None]
        assert [prompt_of(request) for request in server.requests[:2]] == list(PROBES)
        assert all("logprobs" not in request for request in asked(server))
        before = len(server.requests)
        oracle(server).ask(Q)  # another oracle of this process knows what was found out
        assert len(server.requests) == before + 1


def test_parameters_that_are_refused_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    unwelcome = ["logprobs", "response_format", "seed", "temperature", "max_tokens"]

    def reply(request: dict[str, Any]) -> Any:
        for name in unwelcome:
            if name in request:
                status, body = refuse(name, 422 if name == "seed" else 400)
                if name == "max_tokens":
                    body["error"]["message"] += " Use 'max_completion_tokens' instead."
                return status, body
        if request["messages"][0]["role"] == "system":
            return 400, {"error": {"message": "System role not supported"}}
        return completion("No.")

    with ProtocolServer(reply) as server, caplog.at_level(logging.WARNING, logger="causalpp"):
        model = oracle(server)
        assert model.ask(Q)[0].word == "no"
        assert len(server.requests) == 8
        model.ask(DirectlyCauses("smoke", "cancer"))
        assert len(server.requests) == 9
        last = server.requests[-1]
        assert set(last) == {"model", "messages", "max_completion_tokens"}
        assert "never instructions" in prompt_of(last)  # the system prompt has moved there
    assert "temperature" in caplog.text


def test_fewer_words_at_a_time() -> None:
    def reply(request: dict[str, Any]) -> Any:
        if request.get("top_logprobs", 0) > 5:
            return 400, {"error": {"message": "top_logprobs must be less than or equal to 5"}}
        return completion("Yes", logprobs=logprobs(FIRST) if "top_logprobs" in request else None)

    with ProtocolServer(reply) as server:
        assert oracle(server).ask(Q)[0].log_odds is not None
        assert asked(server)[-1]["top_logprobs"] == 5


def test_passing_errors_take_nothing_away() -> None:
    faults: list[Any] = [
        (503, {"error": {"message": "logprobs service is down"}}),
        (429, {"error": {"message": "temperature of the machine room"}}, {"Retry-After": "0.01"}),
        (500, {"error": {"message": "response_format"}}),
        b'{"choices": [{"mess',
        completion("Yes", logprobs=logprobs(FIRST)),
    ]

    def reply(request: dict[str, Any]) -> Any:
        return faults.pop(0) if faults else completion("Yes", logprobs=logprobs(FIRST))

    with ProtocolServer(reply) as server:
        model = oracle(server, limits=Limits(retries=5, timeout=5.0))
        assert model.ask(Q)[0].log_odds is not None
        assert model.backend.features.refused == set()  # type: ignore[attr-defined]
        assert all(request["logprobs"] and "temperature" in request for request in server.requests)


def test_what_the_prompt_says_is_no_parameter() -> None:
    """A server that quotes the request does not speak of the seed because a variable is called so."""

    def reply(request: dict[str, Any]) -> Any:
        if prompt_of(request) in PROBES:
            return completion("Yes", logprobs=logprobs(FIRST))
        return 400, {"error": {"message": f"cannot do this: {prompt_of(request)}"}}

    with ProtocolServer(reply) as server:
        model = oracle(server, model="echo")
        with pytest.raises(OracleError, match="400"):
            model.ask(Causes("seed", "temperature"))
        assert model.backend.features.refused == set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (completion("Yes and no."), "unreadable: it says both"),
        (completion(None, refusal="I cannot help with that."), "refused"),
        (completion("", finish="content_filter"), "filtered"),
        (completion("No, since the", finish="length"), "cut off: raise max_tokens, 16 were too few"),
        (completion(""), "empty"),
        (completion(None), "empty"),
        (completion("well, " * 600_000), "unreadable: too long"),
        (completion("\ud800\x00 unsure"), "unsure"),
        (completion("no idea", logprobs=logprobs({"no": 0.9, "yes": 0.1})), "unsure"),
        ((400, {"error": {"message": "blocked", "code": "content_filter"}}), "filtered"),
    ],
)
def test_replies_without_an_answer(body: Any, reason: str) -> None:
    with ProtocolServer(lambda request: body) as server:
        (answer,) = oracle(server, form="text").ask(Q)
    assert (answer.value, answer.reason) == (None, reason)
    assert answer.log_odds is None
    assert not answer.failed
    assert len((answer.text or "").encode()) < 25_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"id": "chatcmpl-1", "choices": [{"mess', "broken reply: no whole JSON"),
        (b"", "broken reply: nothing"),
        (b"[1, 2]", "broken reply: no completion"),
        (b"[" * 100_000, "broken reply: no whole JSON"),
        (b"\xff\xfe\x00", "broken reply: no whole JSON"),
        (completion("yes") | {"choices": []}, "broken reply: no choices"),
        ({"choices": "yes"}, "broken reply: no choices"),
        ({"choices": [None]}, "broken reply: no choices"),
        ({"choices": [{"message": "yes"}]}, "broken reply: no choices"),
        ({"error": {"message": "overloaded"}}, "broken reply: an error in the place of a completion"),
        ((500, b"oops"), "server error: 500"),
        ((429, {"error": {"message": "slow down"}}, {"Retry-After": "0.01"}), "rate limited"),
    ],
)
def test_failures_that_may_pass(body: Any, reason: str) -> None:
    with ProtocolServer(lambda request: body) as server:
        (answer,) = oracle(server, form="json").ask(Q)
        assert (answer.value, answer.reason) == (None, reason)
        assert answer.failed
        assert len(server.requests) == 2  # asked once more, and then given up


def test_odd_bodies_never_crash() -> None:
    bodies = [
        completion("yes") | {"usage": "many"},
        completion("yes") | {"usage": {"prompt_tokens": -1, "completion_tokens": "2"}, "model": 7},
        completion("yes", logprobs="none"),
        completion("yes", logprobs={"content": [{"token": 1}, None, {"token": "yes", "logprob": "x"}]}),
        completion("yes", logprobs={"content": [{"token": "yes", "logprob": 5.0, "top_logprobs": None}]}),
        completion("yes", logprobs={"content": [{"token": "yes", "logprob": -0.1, "top_logprobs": "all"}]}),
        completion("yes") | {"choices": [{"message": {"content": [{"type": "text", "text": "yes"}]}}]},
    ]
    with ProtocolServer(lambda request: bodies[0]) as server:
        while bodies:
            (answer,) = oracle(server, form="word").ask(Q)
            assert answer.word == "yes"
            assert answer.tokens_out in (0, 2)
            del bodies[0]


def test_servers_that_say_nothing() -> None:
    release = threading.Event()

    def wait(request: dict[str, Any]) -> Any:
        release.wait(10)
        return completion("yes")

    with ProtocolServer(wait) as server:
        slow = oracle(server, limits=Limits(retries=0, timeout=0.3), form="text")
        assert slow.ask(Q)[0].reason == "timed out"
        release.set()


@pytest.mark.parametrize(
    ("status", "message", "match"),
    [
        (401, "Incorrect API key provided", "key was refused"),
        (403, "not allowed", "key was refused"),
        (404, "The model does not exist", "name of the model"),
        (402, "no money left", "402"),
        (400, "something is wrong with this request", "400"),
        (400, "This model's maximum context length is 512 tokens, max_tokens included", "does not fit"),
        (429, "You exceeded your current quota: insufficient_quota", "insufficient_quota"),
    ],
)
def test_errors_that_stop_the_run(status: int, message: str, match: str) -> None:
    with ProtocolServer(lambda request: (status, {"error": {"message": message}})) as server:
        with pytest.raises(OracleError, match=match) as caught:
            oracle(server, limits=Limits(retries=0), form="text").ask(Q)
        assert not isinstance(caught.value, Unanswered)


def test_a_key_shows_nowhere(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-proj-abcDEF0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", key)

    def reply(request: dict[str, Any]) -> Any:
        return 401, {"error": {"message": f"Incorrect API key provided: {key}. sk-other-123456", "code": key}}

    with ProtocolServer(reply) as server, caplog.at_level(logging.DEBUG):
        model = LanguageModelOracle.openai("tiny", base_url=server.url, limits=FAST)
        with pytest.raises(OracleError) as caught:
            model.ask(Q)
    assert server.headers[0]["authorization"] == f"Bearer {key}"
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(model) + repr(model.backend)
    shown += repr(vars(model.backend)) + str(model.identity) + model.fingerprint
    assert caught.value.__context__ is None
    assert "sk-" not in shown
    assert "abcDEF" not in shown
    again = pickle.loads(pickle.dumps(model))
    assert again.fingerprint == model.fingerprint


def test_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InvalidParameter, match="OPENAI_API_KEY"):
        LanguageModelOracle.openai("tiny")
    with ProtocolServer(lambda request: completion("yes")) as server:
        assert LanguageModelOracle.openai("tiny", base_url=server.url, limits=FAST).ask(Q)[0].word == "yes"
    with pytest.raises(InvalidParameter, match="form"):
        LanguageModelOracle.openai("tiny", api_key="x", form="xml")
    for url in ("http://user:secret@localhost/v1", "http://localhost/v1?key=secret"):
        with pytest.raises(InvalidParameter, match="api_key=") as caught:
            LanguageModelOracle.openai("tiny", base_url=url)
        assert "secret" not in str(caught.value)
    with pytest.raises(InvalidParameter, match="name the model"):
        LanguageModelOracle.openai("", api_key="x")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_stand_apart(field: str) -> None:
    with ProtocolServer(lambda request: completion("No.", **{field: "Yes? " * 100})) as server:
        (reply,) = Asker(OpenAIBackend("tiny", server.url, "none")).ask(Prompt("What?"))
    assert (reply.text, reply.thoughts) == ("No.", "Yes? " * 100)
    with ProtocolServer(lambda request: completion("No.", **{field: {"yes": 1}})) as server:
        assert Asker(OpenAIBackend("tiny", server.url, "none")).ask(Prompt("What?"))[0].thoughts is None


def test_reasoning_is_free_text() -> None:
    with ProtocolServer(
        lambda request: completion("Tar lies between.\nAnswer: no", logprobs=logprobs(FIRST))
    ) as server:
        (answer,) = oracle(server, mode="reason", extra={"reasoning_effort": "low"}).ask(Q)
    assert (answer.value, answer.log_odds) == (False, None)
    (sent,) = server.requests
    assert (sent["max_tokens"], sent["reasoning_effort"]) == (1024, "low")
    assert not {"logprobs", "response_format"} & sent.keys()


def test_inside_an_event_loop_and_in_several() -> None:
    with ProtocolServer(lambda request: completion("yes")) as server:
        model = oracle(server, form="text")

        async def twice() -> list[str]:
            first, second = await asyncio.gather(model.ask_async(Q), model.ask_async(Causes("a", "b")))
            return [answer.word for answer in (*first, *second)]

        assert asyncio.run(twice()) == ["yes", "yes"]
        assert asyncio.run(twice()) == ["yes", "yes"]
        model.close()
        assert model.ask(Q)[0].word == "yes"
        model.close()


@pytest.mark.parametrize(
    ("places", "yes", "no"),
    [
        ([{"It": 0.5, "Yes": 0.3, "No": 0.1}, {" depends": 1.0}], 0.3, 0.1),
        ([{"No": 0.5, "Yes": 0.3, "no": 0.1}, {"thing": 1.0}], 0.3, 0.1),  # what was drawn is no label here
        ([{"<think>": 0.9, "Yes": 0.1}, {"Well": 1.0}], 0.0, 0.0),
        ([{"<think>": 0.9}, {"Yes": 1.0}, {"</think>": 1.0}, {"\n": 1.0}, {"It": 0.5, "Yes": 0.3}], 0.3, 0.0),
    ],
)
def test_a_reply_without_a_label_might_have_begun_with_one(
    places: list[dict[str, float]], yes: float, no: float
) -> None:
    found = label_probabilities(logprobs(*places), ("yes", "no", "unsure"))
    assert found is not None
    assert (math.exp(found["yes"]), math.exp(found["no"])) == pytest.approx((yes, no))


def test_spellings_are_summed() -> None:
    labels = ("yes", "no", "unsure")
    first = {"**": 0.9}, {"ĠYES": 0.25, "▁yes": 0.25, '"Yes': 0.125, "No.": 0.125, "yesterday": 0.1, "not": 0.1}
    found = label_probabilities(logprobs(*first), labels)
    assert found is not None
    assert {k: round(math.exp(v), 6) for k, v in found.items()} == {"yes": 0.625, "no": 0.125, "unsure": 0.0}
    several = label_probabilities(logprobs({"uns": 0.5, "no": 0.25}, {"ure": 0.5}), labels)
    assert several is not None
    assert math.exp(several["unsure"]) == pytest.approx(0.25)
    begun = {"Yes": 0.5, "uns": 0.2, " Un": 0.1, "un": 0.05, "u": 0.01, "n": 0.01, "no": 0.1}
    found = label_probabilities(logprobs(begun), labels)  # "un" goes on as unsure, unclear, unknown
    assert {k: round(math.exp(v), 6) for k, v in (found or {}).items()} == {"yes": 0.5, "no": 0.1, "unsure": 0.35}
    assert label_probabilities(logprobs(), labels) is None
    assert label_probabilities(None, labels) is None
    assert label_probabilities({"content": [{"token": "yes", "logprob": math.nan}]}, labels) is None


# --- keys and addresses -------------------------------------------------------------------------------

KEY = "sk-proj-abcDEF0123456789"


@pytest.mark.parametrize("key", [f"{KEY}\n", f"  {KEY}\r\n", f"\t{KEY} "])
def test_what_stands_around_a_key_is_left_out(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with ProtocolServer(lambda request: completion("yes")) as server:
        assert oracle(server, api_key=None, form="text").ask(Q)[0].word == "yes"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["sk-abc\ndef012345", "sk-abc def012345", "sk-abc\x00def", "sk-abcdéf012345"])
def test_a_key_that_no_request_can_carry(key: str) -> None:
    with pytest.raises(InvalidParameter, match="copy it again") as caught:
        LanguageModelOracle.openai("tiny", api_key=key)
    assert "abc" not in str(caught.value)


def test_a_key_that_the_server_sends_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    body = completion(f"yes, by {KEY}") | {"model": "x" * 190 + KEY}
    escaped = json.dumps(completion(f"no, by {KEY}")).replace("sk-", "sk\\u002d").encode()
    with ProtocolServer(lambda request: body) as server, caplog.at_level(logging.DEBUG):
        model = oracle(server, api_key=KEY, form="text", journal=tmp_path / "a.journal")
        (answer,) = model.ask(Q)
        body = escaped  # type: ignore[assignment]
        (other,) = model.ask(DirectlyCauses("smoke", "cancer"))
    assert (answer.text, other.text) == ("yes, by …", "no, by …")
    shown = repr(answer) + repr(other) + caplog.text
    shown += "".join(path.read_bytes().decode("latin-1") for path in tmp_path.iterdir())
    assert "abcDEF" not in shown
    with ProtocolServer(lambda request: completion("none of yes")) as server:  # the placeholder is a word like any
        assert oracle(server, api_key=None, form="text").ask(Q)[0].text == "none of yes"


def test_a_key_is_not_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProtocolServer(lambda request: completion("yes")) as server:
        model = oracle(server, api_key=KEY, form="text")
        pickled = pickle.dumps(model)
        assert b"abcDEF" not in pickled
        copy.deepcopy(model.backend)._connect()  # type: ignore[attr-defined]  # in this process it has the key
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with pytest.raises(InvalidParameter, match="set OPENAI_API_KEY"):
            pickle.loads(pickled).ask(Q)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-another-0123456789")
        pickle.loads(pickle.dumps(pickle.loads(pickled))).ask(Q)
        keyless = pickle.loads(pickle.dumps(oracle(server, api_key="", form="text")))
        keyless.ask(DirectlyCauses("smoke", "cancer"))
    assert server.headers[0]["authorization"] == "Bearer sk-another-0123456789"


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("http://localhost/sk-abcdef0123456789/v1", "key in it"),
        ("http://localhost/secretsecret/v1", "key in it"),
        ("localhost:8000/v1", "begins with http"),
        ("ftp://localhost/v1", "begins with http"),
        ("http:///v1", "begins with http"),
        ("http://localhost:99999999/v1", "cannot be read"),
        ("http://[::1/v1", "cannot be read"),
    ],
)
def test_addresses_that_are_refused(url: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match) as caught:
        LanguageModelOracle.openai("tiny", base_url=url, api_key="secretsecret")
    assert "sk-" not in str(caught.value)
    assert "secret" not in str(caught.value)


# --- attempts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [
        {"finish_reason": "error"},
        {"error": {"code": 502, "message": "the provider is down"}},
        {"message": {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}},
    ],
)
def test_choices_that_are_none(choice: dict[str, Any]) -> None:
    body = completion("y")
    body["choices"][0] |= choice
    with ProtocolServer(lambda request: body) as server:
        model = oracle(server, form="text", budget=Budget(tokens=1000), prices=(1.0, 10.0))
        (answer,) = model.ask(Q)
        assert answer.failed
        assert str(answer.reason).startswith("broken reply: a")
        assert (answer.tokens_in, answer.tokens_out) == (60, 4)  # two attempts, paid for all the same
        assert answer.cost == pytest.approx((60 + 4 * 10) / 1e6)
        assert model.budget is not None
        assert model.budget.used == 64
        body["choices"][0] = completion("yes")["choices"][0]
        assert model.ask(Q)[0].word == "yes"


class _Failure(Exception):
    def __init__(self, **headers: str) -> None:
        self.response = SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_how_long_is_waited() -> None:
    assert seconds_to_wait(_Failure(retry_after="7"), 1) == 7
    assert seconds_to_wait(_Failure(retry_after_ms="250", retry_after="7"), 1) == 0.25
    assert seconds_to_wait(_Failure(retry_after="86400"), 1) == 60
    past, soon = (format_datetime(datetime.now(UTC) + timedelta(seconds=s), usegmt=True) for s in (-100, 30))
    assert seconds_to_wait(_Failure(retry_after=past), 1) == 0
    assert 20 < seconds_to_wait(_Failure(retry_after=soon), 1) <= 30
    for odd in ("soon", "nan", "-3", ""):
        assert 0.3 < seconds_to_wait(_Failure(retry_after=odd), 1) <= 0.5
    assert 4 < seconds_to_wait(ValueError(), 20) <= 8


def test_a_reply_that_drips_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while True:
                        connection.sendall(b" ")
                        time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        model = LanguageModelOracle.openai("tiny", url, form="text", limits=Limits(retries=0, timeout=0.4))
        assert model.ask(Q)[0].reason == "timed out"  # and not "broken reply" after a thousand bytes


def test_further_attempts_keep_to_the_pace() -> None:
    times: list[float] = []

    def reply(request: dict[str, Any]) -> Any:
        times.append(time.monotonic())
        return 500, {"error": {"message": "try again"}}, {"Retry-After": "0"}

    with ProtocolServer(reply) as server:
        fast = Limits(concurrency=4, retries=2, timeout=5.0, requests_per_minute=600)
        answers = oracle(server, form="text", limits=fast).ask([Causes(f"x{k}", "y") for k in range(4)])
    assert all(answer.reason == "server error: 500" for answer in answers)
    assert len(times) == 12
    assert max(times) - min(times) > 0.8  # twelve requests at ten a second; unheld they take a tenth of one
