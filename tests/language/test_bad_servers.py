"""Servers that send too much, too slowly, something else, or nothing, in both protocols.

A reply is read up to a limit, packed and unpacked, within the time limit of the whole; numbers are taken for what
they can be; and who cannot be reached is asked once.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from protocol_servers import ProtocolServer, completion, logprobs, message, text_block
from raw_server import RawServer, chunked, head, packed_blanks, packings, whole

from causalpp import Causes, Journal
from causalpp.errors import OracleError
from causalpp.language.backends._body import count, parse_body, seconds_to_wait
from causalpp.language.backends._http import LONGEST_REPLY, why_not_reached
from causalpp.language.backends.openai import label_probabilities
from causalpp.oracles import LanguageModelOracle
from causalpp.oracles.running import Limits, Unanswered

pytest.importorskip("openai")
pytest.importorskip("anthropic")
pytestmark = pytest.mark.server

Q = Causes("smoke", "cancer")
FAST = Limits(retries=0, timeout=5.0)
KEY = "sk-sentinel-0123456789abcdef"
GOOD: dict[str, dict[str, Any]] = {"openai": completion("yes"), "anthropic": message(text_block('{"answer": "yes"}'))}


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(protocol: str, url: str, limits: Limits = FAST, **options: Any) -> LanguageModelOracle:
    """A model at an address that no other test has asked."""
    if protocol == "openai":
        return LanguageModelOracle.openai("tiny", url + "/v1", api_key=KEY, limits=limits, form="text", **options)
    return LanguageModelOracle.anthropic("tiny", url, api_key=KEY, limits=limits, **options)


# --- how much is read -----------------------------------------------------------------------------------


def endless(kind: str) -> Iterable[bytes]:
    """A response without end: its head, and pieces of 16 kB."""
    blanks = b" " * 16_384
    if kind == "chunked":
        return [head(transfer_encoding="chunked", content_type="application/json"), *chunked([blanks] * 500)]
    if kind == "length":
        return [head(content_length=str(10**12), content_type="application/json"), *[blanks] * 500]
    if kind == "error":
        return [head("503 Busy", transfer_encoding="chunked"), *chunked([blanks] * 500)]
    if kind == "empty members":  # nothing comes out, however much goes in
        return [head(content_encoding="gzip"), *[gzip.compress(b"") * 800] * 500]
    return [head(content_encoding="gzip", transfer_encoding="chunked"), *chunked(packed_blanks(1))]


@pytest.mark.parametrize("kind", ["chunked", "length", "error", "empty members", "packed"])
def test_a_reply_without_end_is_read_up_to_a_limit(protocol: str, kind: str) -> None:
    pieces = list(endless(kind))
    with RawServer(lambda request: pieces) as server:
        (answer,) = ask(protocol, server.url).ask(Q)
        what = "server error: 503" if kind == "error" else "broken reply: a reply of more than 4 MB"
        assert answer.reason == what
        assert answer.failed
        assert len(server.requests) == 1  # it would be as long again
        assert server.sent < 3 * LONGEST_REPLY  # the rest stayed with the server, or in the system's buffers


def test_a_reply_just_below_the_limit_is_read(protocol: str) -> None:
    body = json.dumps(GOOD[protocol]).encode()
    padded = b" " * (LONGEST_REPLY - len(body)) + body
    for content, fields in ((padded, {}), (gzip.compress(padded), {"content_encoding": "gzip"})):
        with RawServer(lambda request: whole(content, **fields)) as server:  # noqa: B023
            assert ask(protocol, server.url).ask(Q)[0].word == "yes"
    with RawServer(lambda request: whole(b" " + padded)) as server:
        assert ask(protocol, server.url).ask(Q)[0].reason == "broken reply: a reply of more than 4 MB"


PEAK = """
import re, sys
from pathlib import Path
from causalpp import Causes, LanguageModelOracle, Limits

def memory(what):
    return int(re.search(what + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

protocol, good, bad = sys.argv[1:]
limits = Limits(retries=0, timeout=30.0)
def ask(url):
    if protocol == "openai":
        oracle = LanguageModelOracle.openai("tiny", url + "/v1", api_key="none", limits=limits, form="text")
    else:
        oracle = LanguageModelOracle.anthropic("tiny", url, api_key="none", limits=limits)
    return oracle.ask(Causes("a", "b"))[0]
assert ask(good).word == "yes"
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
idle = memory("VmRSS")
print(ask(bad).reason)
print(memory("VmHWM") - idle)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads the peak of memory as Linux gives it")
def test_peak_memory_of_a_reply_that_unpacks_to_three_gigabytes(protocol: str) -> None:
    pieces = [head(content_encoding="gzip", transfer_encoding="chunked"), *chunked(packed_blanks(3))]
    packed = sum(map(len, pieces))
    assert packed < LONGEST_REPLY  # what is limited is not what comes over the wire
    good = whole(json.dumps(GOOD[protocol]).encode())
    with RawServer(lambda request: good) as fine, RawServer(lambda request: pieces) as bad:
        command = [sys.executable, "-c", PEAK, protocol, fine.url, bad.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    reason, megabytes = done.stdout.splitlines()
    assert reason == "broken reply: a reply of more than 4 MB"
    assert float(megabytes) < 64


@pytest.mark.parametrize("packing", packings({}))
def test_packings(protocol: str, packing: str) -> None:
    name, content = packings(GOOD[protocol])[packing]
    with RawServer(lambda request: whole(content, content_encoding=name)) as server:
        assert ask(protocol, server.url).ask(Q)[0].word == "yes"
        asked = server.requests[0].lower()
        assert b"accept-encoding: gzip, deflate\r\n" in asked


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("br", b"\x0b\x02\x80yes\x03", "packed as 'br', which was not asked for"),
        ("zstd", b"\x28\xb5\x2f\xfd\x20\x03", "packed as 'zstd', which was not asked for"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), "packed as 'gzip, gzip', which was not asked for"),
        ("gzip", b"{}", "cannot be unpacked"),
        ("gzip", gzip.compress(b"{}" * 1000)[:-9], "whose end is missing"),
        ("deflate", b"\xff\xff\xff", "cannot be unpacked"),
    ],
    ids=["br", "zstd", "packed twice", "not packed", "cut off", "no deflate"],  # gzip packs the time too
)
def test_packings_that_are_none(protocol: str, name: str, content: bytes, reason: str) -> None:
    with RawServer(lambda request: whole(content, content_encoding=name)) as server:
        (answer,) = ask(protocol, server.url).ask(Q)
        assert (answer.reason or "").startswith("broken reply: a reply ")
        assert (answer.reason or "").endswith(reason)


# --- how long is waited ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["head", "body", "error", "packed"])
def test_a_byte_at_a_time_is_given_up_in_time(protocol: str, where: str) -> None:
    status = "500 Oops" if where == "error" else "200 OK"
    start = b"HTTP/1.1 200 OK\r\nX: " if where == "head" else head(status, content_length="100000")
    if where == "packed":
        start = head(content_encoding="gzip", content_length="100000") + gzip.compress(b" " * 1000)[:10]

    def drip(request: bytes) -> Iterator[bytes]:
        yield start
        for byte in cycle(b"a" if where == "head" else b" \0"):
            yield bytes([byte])
            if server.wait(0.02):
                return

    with RawServer(drip) as server:
        begun = time.monotonic()
        (answer,) = ask(protocol, server.url, Limits(retries=0, timeout=0.4)).ask(Q)
        assert answer.reason in ("timed out", "broken reply: a reply that cannot be unpacked")
        assert time.monotonic() - begun < 5


# --- where a request goes -------------------------------------------------------------------------------


def test_a_redirect_on_the_same_server_is_followed_and_no_other(protocol: str) -> None:
    def move(request: bytes) -> list[bytes]:
        if b"/elsewhere" in request.split(b"\r\n")[0]:
            return whole(json.dumps(GOOD[protocol]).encode())
        return [head("307 Temporary Redirect", location="/elsewhere", content_length="0")]

    with RawServer(move) as server:
        assert ask(protocol, server.url).ask(Q)[0].word == "yes"
        assert len(server.requests) == 2

    with RawServer(lambda request: whole(json.dumps(GOOD[protocol]).encode())) as other:
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
            for location in (other.url + "/v1?token=secret", f"//localhost:{other.url.rpartition(':')[2]}/v1"):
                reply = [head(status, location=location, content_length="0")]
                with RawServer(lambda request: reply) as server:  # noqa: B023
                    with pytest.raises(OracleError, match=r"sends requests on to http://.*base_url=") as caught:
                        ask(protocol, server.url).ask(Q)
                    assert "secret" not in str(caught.value)
                    assert server.url in str(caught.value)
        assert other.requests == []  # nor did it see the key


def test_redirects_in_circles_and_to_nowhere_end(protocol: str) -> None:
    for location in ("/again", "", "http://[::1", "http://\x7f", "a" * 50_000):
        reply = [head("307 Temporary Redirect", location=location, content_length="0")]
        with RawServer(lambda request: reply) as server:  # noqa: B023
            try:
                (answer,) = ask(protocol, server.url).ask(Q)
            except OracleError as error:
                assert len(str(error)) < 1000  # noqa: PT017
            else:
                assert answer.failed
            assert len(server.requests) <= 21


def test_a_redirect_to_where_the_request_went_is_named_at_once(protocol: str) -> None:
    def around(request: bytes) -> list[bytes]:
        where = request.split()[1].decode()
        return [head("307 Temporary Redirect", location=where, content_length="0")]

    with RawServer(around) as server:
        with pytest.raises(OracleError, match="sends requests on to itself"):
            ask(protocol, server.url).ask(Q)
        assert len(server.requests) == 1


# --- who cannot be reached ------------------------------------------------------------------------------


def unused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (unused, "the connection is refused"),
        (lambda: "http://no-such-host.invalid", "no such host is known"),
        (lambda: "https" + unused()[4:], "the connection is refused"),
    ],
)
def test_who_is_not_there_is_asked_once(protocol: str, url: Callable[[], str], why: str, tmp_path: Path) -> None:
    address = url()
    oracle = ask(protocol, address, Limits(), journal=tmp_path / "j")
    begun = time.monotonic()
    with pytest.raises(OracleError, match=why) as caught:
        oracle.ask([Causes(f"x{k}", "y") for k in range(200)])
    assert not isinstance(caught.value, Unanswered)
    assert address in str(caught.value)
    assert time.monotonic() - begun < 10  # 200 questions with five retries each take minutes
    assert len(Journal(tmp_path / "j")) == 0


def test_the_form_is_not_looked_for_where_nobody_is() -> None:
    with pytest.raises(OracleError, match="the connection is refused"):
        LanguageModelOracle.openai("tiny", unused() + "/v1", api_key="none").ask([Q, Causes("a", "b")])


def test_who_speaks_no_http_or_no_tls(protocol: str) -> None:
    with RawServer(lambda request: [b"SSH-2.0-Server\r\n"]) as server:
        limits = Limits(retries=1, timeout=5.0)
        with pytest.raises(OracleError, match=r"breaks before any reply.*base_url="):
            ask(protocol, server.url, limits).ask(Q)
        assert len(server.requests) == 2
    with socket.create_server(("127.0.0.1", 0)) as listening:  # answers every greeting with plain text

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(OracleError, match="no TLS connection"):
            ask(protocol, f"https://127.0.0.1:{listening.getsockname()[1]}", Limits(retries=3, timeout=5.0)).ask(Q)


def test_who_was_there_is_waited_for(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causalpp.language.backends._endpoint.seconds_to_wait", lambda *_: 0.0)
    with RawServer(lambda request: whole(json.dumps(GOOD[protocol]).encode())) as server:
        oracle = ask(protocol, server.url, Limits(retries=2, timeout=5.0))
        assert oracle.ask(Q)[0].word == "yes"
    answers = oracle.ask([Causes(f"x{k}", "y") for k in range(3)])
    assert [answer.reason for answer in answers] == ["no connection"] * 3  # it may come back


@pytest.mark.parametrize(
    ("status", "body", "match"),
    [
        (401, {"error": {"message": "bad key"}}, "the key was refused"),
        (404, {"error": {"message": "no such path"}}, "check the name of the model and base_url="),
        (404, b"<html>not found</html>", "check the name of the model and base_url="),
        (200, b"<!DOCTYPE html><title>Welcome</title>", "answers with a web page: base_url="),
    ],
)
def test_what_would_meet_every_question_stops_the_first(protocol: str, status: int, body: Any, match: str) -> None:
    with ProtocolServer(lambda request: (status, body)) as server:
        with pytest.raises(OracleError, match=match) as caught:
            ask(protocol, server.root, Limits(concurrency=1)).ask([Causes(f"x{k}", "y") for k in range(50)])
        assert server.root in str(caught.value)
        assert len(server.requests) <= 3


def test_why_a_connection_failed() -> None:
    def wrapped(error: BaseException) -> Exception:
        outer = type("APIConnectionError", (Exception,), {})("Connection error.")
        outer.__cause__ = type("ConnectError", (Exception,), {})("")
        outer.__cause__.__context__ = ExceptionGroup("all failed", [OSError("first"), error])  # type: ignore[list-item]
        return outer

    certificate = ssl.SSLCertVerificationError(1, "certificate verify failed")
    certificate.verify_message = "self-signed certificate"
    assert why_not_reached(wrapped(certificate)) == "its certificate is not accepted: self-signed certificate"
    assert why_not_reached(wrapped(OSError(101, "Network is unreachable"))) == "network is unreachable"
    assert why_not_reached(wrapped(socket.gaierror(-2, "Name or service not known"))) == "no such host is known"
    assert why_not_reached(ValueError("something else")) is None
    circle = ValueError()
    circle.__cause__ = circle
    assert why_not_reached(circle) is None


# --- numbers and values -----------------------------------------------------------------------------------

NUMBERS = [
    1e30,
    -1,
    -1e30,
    2.5,
    math.nan,
    math.inf,
    -math.inf,
    10**40,
    -(10**40),
    "7",
    None,
    True,
    [],
    {},
    [7],
    "1" * 50,
]


def test_numbers_of_tokens(protocol: str, tmp_path: Path) -> None:
    names = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cache_read_input_tokens")
    body = dict(GOOD[protocol])
    with ProtocolServer(lambda request: body) as server:
        oracle = ask(protocol, server.root, journal=tmp_path / "j", prices=(1.0, 2.0))
        for k, number in enumerate(NUMBERS):
            body["usage"] = dict.fromkeys(names, number)
            (answer,) = oracle.ask(Causes(f"x{k}", "y"))
            assert (answer.word, answer.tokens_in, answer.tokens_out, answer.cost) == ("yes", 0, 0, 0.0)
        for k, usage in enumerate([*NUMBERS, dict.fromkeys(names, 3.0)]):
            body["usage"] = usage
            (answer,) = oracle.ask(Causes(f"z{k}", "y"))
            assert (answer.word, answer.tokens_out) == ("yes", 3 if k == len(NUMBERS) else 0)
    journal = Journal(tmp_path / "j")
    for name in ("out.jsonl", "out.parquet"):
        if name.endswith("parquet"):
            pytest.importorskip("pyarrow")
        journal.export(tmp_path / name)
    for line in (tmp_path / "out.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert math.isfinite(journal.cost()["cost"].sum())
    assert len(journal.frame()) == 2 * len(NUMBERS) + 1


def test_counts_add_up() -> None:
    usage = {"a": 5, "b": 7.0, "c": 10**9, "d": float("nan")}
    assert count(usage, "a", "b", "c", "d", "e") == 12
    assert count("many", "a") == count(None, "a") == 0


@pytest.mark.parametrize("value", [0.5, 1e30, math.nan, math.inf, 10**40])
def test_log_probabilities_above_zero_are_none(value: Any) -> None:
    good = logprobs({"yes": 0.7, "no": 0.2})
    labels = ("yes", "no", "unsure")
    assert label_probabilities(good, labels) is not None
    for place in (good["content"][0], good["content"][0]["top_logprobs"][1]):
        before, place["logprob"] = place["logprob"], value
        assert label_probabilities(good, labels) is None
        place["logprob"] = before
    certain = logprobs({"yes": 0.9, "no": 0.9})  # more than a whole
    assert label_probabilities(certain, labels) is None
    twice = logprobs({"yes": 0.6, "no": 0.3})
    twice["content"][0]["top_logprobs"] *= 2  # the same words listed again are the same words
    found = label_probabilities(twice, labels)
    assert found is not None
    assert math.exp(found["yes"]) == pytest.approx(0.6)


@pytest.mark.parametrize("value", [-(10**400), -1e308, -math.inf, "x", None, True, [], {}])
def test_log_probabilities_far_below_zero_count_for_nothing(value: Any) -> None:
    reported = logprobs({"yes": 0.7, "no": 0.2})
    reported["content"][0]["top_logprobs"][1]["logprob"] = value
    found = label_probabilities(reported, ("yes", "no", "unsure"))
    assert found is not None
    assert math.exp(found["yes"]) == pytest.approx(0.7)
    assert found["no"] == -math.inf


ODD_VALUES = [None, True, 0, -1, 1e30, 10**40, "", "x" * 1000, "\x1b[2J", [], [[]], {}, {"a": {}}, [None], "\ud800"]


def test_a_wrong_type_anywhere_is_an_answer_or_a_reason(protocol: str) -> None:
    """Every value of a good body in turn becomes every odd value; the answer stands or there is a reason."""
    good = dict(GOOD[protocol])
    if protocol == "openai":
        good = completion("yes", logprobs=logprobs({"yes": 0.7, "no": 0.2}))
    bodies = [body for path in _paths(good) for body in (_with(good, path, odd) for odd in ODD_VALUES)]
    left = iter(bodies)
    with ProtocolServer(lambda request: next(left, good)) as server:
        oracle = ask(protocol, server.root, Limits(retries=0, timeout=10.0, give_up=10_000, concurrency=1))
        if protocol == "openai":
            oracle.backend.form = "word"  # type: ignore[attr-defined]
            oracle.backend.features.log_probabilities = True  # type: ignore[attr-defined]
        answers = oracle.ask([Causes(f"x{k}", "y") for k in range(len(bodies))])
    reasons = {answer.reason for answer in answers if answer.value is None}
    assert not [reason for reason in reasons if (reason or "").startswith("failed")]
    assert sum(answer.word == "yes" for answer in answers) > len(answers) / 3
    assert all(answer.log_odds is None or abs(answer.log_odds) < 50 for answer in answers)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if key != "bytes":
            yield from _paths(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = _with(value[path[0]], path[1:], odd)
    return copy


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"content": [{"type": "tool_use", "input": ' + b"[" * 900 + b"]" * 900 + b"}]}",
        b'{"usage": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b', "choices": []}',
        b"[" * 100_000,
        b'{"a": [' + b"[]," * 1_000_000 + b"1]}",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_nesting_and_masses_of_values(protocol: str, body: bytes) -> None:
    for status in (200, 400):
        with ProtocolServer(lambda request: (status, body)) as server:  # noqa: B023
            try:
                (answer,) = ask(protocol, server.root).ask(Q)
            except OracleError as error:
                assert status == 400
                assert len(str(error)) < 1000  # noqa: PT017
            else:
                assert (answer.reason or "").startswith(("broken reply", "unreadable"))


def test_bodies_that_are_no_completion() -> None:
    for body in (b"", b"\xef\xbb\xbf", b"null", b"7", b'"yes"', b"[]", b"NaN", b"{", b"\xff"):
        with pytest.raises(Exception, match=r"nothing|no completion|no whole JSON") as caught:
            parse_body(body)
        assert type(caught.value).__name__ == "Broken"


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-inf", "1e999", "-1", "soon", "Thu, 99 Foo 2026", "Mon, 01 Jan 0001 00:00:00 GMT", "\x00", "²"],
)
def test_whatever_a_server_says_of_waiting(value: str) -> None:
    error = type("E", (Exception,), {"response": type("R", (), {"headers": {"retry-after": value}})})()
    assert 0 <= seconds_to_wait(error, 1) <= 60


def test_the_environment_names_a_proxy(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard stands in the SDK's own client, which goes where the environment says."""
    with ProtocolServer(lambda request: GOOD[protocol]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.root)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert ask(protocol, "http://model.invalid").ask(Q)[0].word == "yes"
        assert os.environ["http_proxy"] == proxy.root
