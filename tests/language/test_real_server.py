"""The OpenAI backend against real servers on localhost, each with a tiny model, and the same model in this process.

Three servers: a small one of our own with log-probabilities, computed by plain forward passes; ``transformers serve``,
which gives none; and llama.cpp's (the package xllamacpp), which gives them and computes with code that is not Hugging
Face's: with a tiny model, and with SmolLM2, where that is installed.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("transformers")
pytest.importorskip("openai")

from tiny_models import WORDS, make_gguf, tiny_model

from causalpp import Causes, Proposition
from causalpp.language.backend import Prompt, Sampling
from causalpp.language.backends.openai import OpenAIBackend
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.language.running._loop import Job
from causalpp.oracles import LanguageModelOracle
from causalpp.oracles.proposals import propose_graphs

pytestmark = pytest.mark.server

LABELS = ("yes", "no", "unsure")
QUESTIONS: list[Proposition] = [Causes(a, b) for a, b in pairwise(WORDS)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model("llama", tmp_path_factory.mktemp("models"), 2048)


@pytest.fixture(scope="module")
def inside(path: Path) -> TransformersBackend:
    return TransformersBackend(path, device="cpu")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(command: list[str], port: int, alive: str) -> Iterator[str]:
    """A server in a process of its own, from when it answers; it is stopped at the end whatever happens."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
    environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        said: list[str] = []
        assert server.stdout is not None
        reader = threading.Thread(target=said.extend, args=(server.stdout,), daemon=True)
        reader.start()
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{alive}", timeout=5):
                        break
                except OSError:
                    if server.poll() is not None or time.monotonic() > until:
                        raise AssertionError("the server did not start:\n" + "".join(said)[-3000:]) from None
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
            reader.join(10)


# --- a server of our own ------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Chat completions by greedy decoding, with the log-probabilities of the twenty most probable words."""

    backend: TransformersBackend

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokenizer, model = self.backend.tokenizer, self.backend.model
        text = tokenizer.apply_chat_template(asked["messages"], add_generation_prompt=True, tokenize=False)
        row = tokenizer.encode(text, add_special_tokens=False)
        said: list[int] = []
        places = []
        with torch.inference_mode():
            while len(said) < asked["max_tokens"]:
                logs = model(input_ids=torch.tensor([row + said])).logits[0, -1].log_softmax(-1)
                top = logs.topk(asked.get("top_logprobs", 1))
                chosen = int(top.indices[0])
                if chosen == tokenizer.eos_token_id:
                    break
                said.append(chosen)
                listed = [
                    {"token": tokenizer.decode([i]), "logprob": float(p), "bytes": None}
                    for i, p in zip(top.indices.tolist(), top.values.tolist())
                ]
                places.append({**listed[0], "top_logprobs": listed})
        body = {
            "id": "1", "object": "chat.completion", "created": 0, "model": asked["model"],
            "choices": [{
                "index": 0, "finish_reason": "stop" if len(said) < asked["max_tokens"] else "length",
                "message": {"role": "assistant", "content": tokenizer.decode(said)},
                "logprobs": {"content": places} if asked.get("logprobs") else None,
            }],
            "usage": {"prompt_tokens": len(row), "completion_tokens": len(said), "total_tokens": len(row) + len(said)},
        }  # fmt: skip
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def ours(inside: TransformersBackend) -> Iterator[str]:
    handler = type("Bound", (Handler,), {"backend": inside})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join(10)


def compare(url: str, model: str, inside: TransformersBackend) -> None:
    """The HTTP backend against the one in this process, prompt by prompt and answer by answer."""
    told = {"variables": WORDS, "progress": False}
    remote = LanguageModelOracle.openai(model, url, "none", **told)  # type: ignore[arg-type]
    local = LanguageModelOracle(inside, **told)  # type: ignore[arg-type]
    prompts = [local.prompt(question) for question in QUESTIONS]
    assert prompts == [remote.prompt(question) for question in QUESTIONS]
    here = inside.complete_all(prompts, Sampling(), [0] * len(prompts))
    far = OpenAIBackend(model, url, "none")

    async def ask() -> list[Any]:
        await far.complete(prompts[0], Sampling())  # the first answer carries the tokens of the probe
        replies = [await far.complete(prompt, Sampling()) for prompt in prompts]
        await far.close()
        return replies

    for one, other in zip(here, Job(ask()).future.result(60), strict=True):
        assert other.tokens_in == one.tokens_in
        for label in LABELS:
            assert math.exp(other.log_probabilities[label]) == pytest.approx(
                math.exp(one.log_probabilities[label]), abs=1e-3
            )
        assert other.captured == pytest.approx(one.captured, abs=2e-3)
        assert one.captured > 0.3
    for mine, theirs in zip(local.ask(QUESTIONS), remote.ask(QUESTIONS), strict=True):
        assert mine.log_odds == pytest.approx(theirs.log_odds, abs=0.02)
    Job(remote.backend.close()).future.result(10)


@pytest.mark.slow
def test_probabilities_over_http_are_those_of_the_model(ours: str, inside: TransformersBackend) -> None:
    compare(ours, "tiny", inside)


def test_graphs_over_http(ours: str) -> None:
    remote = OpenAIBackend("tiny", ours, "none")
    found = propose_graphs(remote, ["a", "b"], k=2, sampling=Sampling(max_tokens=4))
    assert len(found.refused) == 2  # the model does not know how to write one
    assert found.tokens_in > 0
    Job(remote.close()).future.result(10)


# --- transformers serve -------------------------------------------------------------------------------


@pytest.mark.slow
def test_transformers_serve(path: Path, inside: TransformersBackend) -> None:
    if not (importlib.util.find_spec("fastapi") and importlib.util.find_spec("accelerate")):
        pytest.skip("transformers serve needs fastapi, uvicorn and accelerate")
    port = free_port()
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(path), "--host", "127.0.0.1"]
    with process([*command, "--port", str(port), "--device", "cpu"], port, "/health") as url:
        remote = LanguageModelOracle.openai(str(path), url, "none", variables=WORDS, progress=False)
        answers = remote.ask(QUESTIONS, repeats=2)
        assert len(answers) == 2 * len(QUESTIONS)
        # It gives no log-probabilities and holds to no schema: the text is what the model writes here.
        prompts = [remote.prompt(question) for question in QUESTIONS for _ in range(2)]
        free = [Prompt(prompt.user, prompt.system) for prompt in prompts]
        written = inside.complete_all(free, remote.sampling, [0] * len(free))
        for answer, reply in zip(answers, written, strict=True):
            assert answer.log_odds is None
            assert answer.text is not None
            assert answer.text.strip() == reply.text.strip()
            assert answer.tokens_in >= reply.tokens_in  # the first one carries the tokens of the probe
            assert (answer.value is not None) or answer.reason
        assert any(answer.value is not None for answer in answers)
        Job(remote.backend.close()).future.result(10)


# --- llama.cpp ----------------------------------------------------------------------------------------

#: Says its address, and ends with the process that started it: then nobody holds the other end of its input.
LLAMA = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = sys.argv[1], 2048, 1
params.hostnames, params.port = ["127.0.0.1"], 0
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.cache_prompt = params.warmup = False
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def llama_cpp(file: Path) -> Iterator[str]:
    """llama.cpp's server with a model, in a process of its own; without a cache of prompts it is repeatable."""
    pytest.importorskip("xllamacpp", reason="llama.cpp's server comes with xllamacpp: pip install xllamacpp")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", LLAMA, str(file)], text=True, **pipes) as server:  # type: ignore[call-overload]
        try:
            address = next((line.split()[1] for line in server.stdout if line.startswith("listening")), None)
            assert address, f"the server did not start (status {server.wait(10)})"
            yield f"{address}/v1"
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


@pytest.mark.slow
def test_llama_cpp(path: Path, inside: TransformersBackend, tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    file = make_gguf(inside.model, inside.tokenizer, tmp_path / "tiny.gguf")
    with llama_cpp(file) as url:
        compare(url, "tiny", inside)


@pytest.mark.slow
def test_a_real_model_served_and_in_this_process(smollm2: TransformersBackend) -> None:
    """llama.cpp rounds what a layer hands to the next to eight bits: the two read the same, and agree within that."""
    pairs = [("rain", "floods"), ("noise", "stress")]
    asked = [f"Does {a} cause {b}? Answer yes or no." for pair in pairs for a, b in (pair, pair[::-1])]
    prompts = [Prompt(text, labels=LABELS[:2]) for text in asked]

    async def ask(url: str) -> list[Any]:
        remote = OpenAIBackend("smollm2", url, "none")
        await remote.complete(prompts[-1], Sampling())
        replies = [await remote.complete(prompt, Sampling()) for prompt in prompts]
        replies.append(await remote.complete(prompts[0], Sampling()))  # after others
        await remote.close()
        return replies

    with llama_cpp(Path(smollm2.path_or_id)) as url:
        *far, again = Job(ask(url)).future.result(300)
    assert again.log_probabilities == far[0].log_probabilities
    for one, other in zip(smollm2.complete_all(prompts, Sampling(), [0] * len(prompts)), far, strict=True):
        assert one.tokens_in == other.tokens_in
        assert one.captured > 0.3
        for label in LABELS[:2]:
            here, there = (math.exp(reply.log_probabilities[label]) for reply in (one, other))
            assert there == pytest.approx(here, abs=0.1)
