"""Models behind Anthropic's messages protocol.

The protocol gives no log-probabilities and, as of its version of October 2026, takes neither a temperature nor a seed:
every reply is a draw of the provider's.  Labels are held to a JSON schema; a server or model that does not take
one is given a tool to answer with, and one that takes no tools either is asked for a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from causalpp.errors import MissingDependency
from causalpp.language.backend import Prompt, Reply, Sampling
from causalpp.language.backends._body import Broken, count, text_or_none
from causalpp.language.backends._endpoint import Endpoint, answer_schema

__all__ = ["AnthropicBackend"]

_JSON_TOKENS = 128  # a tool's call is written in more tokens than it shows
_FINISH = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "refusal"}


class AnthropicBackend(Endpoint):
    """A model behind Anthropic's API, or a server that speaks its protocol."""

    name = "anthropic"
    key_name, url_name, home = "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com"

    def _sdk(self) -> tuple[type[Any], type[Any]]:
        try:
            from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
        except ImportError:
            raise MissingDependency('the anthropic package is needed: pip install "causalpp[anthropic]"') from None
        return AsyncAnthropic, DefaultAsyncHttpxClient

    async def _send(self, client: Any, parameters: dict[str, Any]) -> bytes:
        raw = await client.messages.with_raw_response.create(**parameters)
        content: bytes = await raw.read()
        return content

    def _parameters(self, prompt: Prompt, sampling: Sampling, replicate: int) -> dict[str, Any]:  # noqa: ARG002
        refused = self.features.refused
        parameters: dict[str, Any] = {
            "model": self.model,
            "max_tokens": sampling.max_tokens,
            "messages": [{"role": "user", "content": prompt.user}],
        }
        if prompt.system:
            parameters["system"] = prompt.system
        schema = dict(prompt.schema) if prompt.schema else answer_schema(prompt.labels) if prompt.labels else None
        if schema is not None and not {"output_config", "tools"} <= refused:
            parameters["max_tokens"] = max(sampling.max_tokens, _JSON_TOKENS)
            if "output_config" not in refused:
                parameters["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
            else:
                tool = {"name": "answer", "description": "Give the answer.", "input_schema": schema}
                parameters |= {"tools": [tool], "tool_choice": {"type": "tool", "name": "answer"}}
        if self.extra:
            parameters["extra_body"] = self.extra
        return parameters

    def _leave_out(self, said: str, sent: Mapping[str, Any]) -> str | None:
        for name, words in (
            ("output_config", r"output_config|output_format|json_schema|structured output"),
            ("tools", r"\btools?\b|tool_choice"),
        ):
            if name in sent and re.search(words, said):
                self.features.refused.add(name)
                return name
        return None

    def _usage(self, body: Mapping[str, Any]) -> tuple[int, int]:
        usage = body.get("usage")
        read = count(usage, "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return read, count(usage, "output_tokens")

    def _read(self, body: dict[str, Any], prompt: Prompt) -> Reply:  # noqa: ARG002
        blocks = body.get("content")
        if body.get("type") not in ("message", None) or not isinstance(blocks, list):
            raise Broken("no message")
        stop = body.get("stop_reason")
        pieces: list[str] = []
        thoughts: list[str] = []
        for block in blocks:
            if not isinstance(block, dict):
                continue
            if block.get("type") == "text" and isinstance(block.get("text"), str):
                pieces.append(block["text"])
            elif block.get("type") == "thinking" and isinstance(block.get("thinking"), str):
                thoughts.append(block["thinking"])
            elif block.get("type") == "tool_use":
                pieces = [json.dumps(block.get("input"), ensure_ascii=False)]
                break
        if not pieces and stop not in _FINISH:
            raise Broken("an empty message")
        return Reply(
            "".join(pieces),
            finish=_FINISH.get(str(stop), "stop"),
            model=text_or_none(body.get("model")),
            thoughts="\n".join(thoughts) or None,
        )
