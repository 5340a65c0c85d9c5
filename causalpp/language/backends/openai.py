"""Models behind the chat-completions protocol: OpenAI, vLLM, Ollama, llama.cpp, OpenRouter and others.

How labels are asked for is found out once for each model and address, by a question of no consequence
(:data:`PROBES`): a server that returns log-probabilities is asked for one word, and P(yes) is summed over its
spellings; any other is asked for JSON in which only the labels fit; and one that refuses that as well is asked for
one word, which is read with care.  Words come first, because they are what a model run in this process is asked
for too, and because the probability of a word is the same whether or not a grammar would have allowed another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeGuard

from causalpp.errors import InvalidParameter, MissingDependency
from causalpp.language.backend import Prompt, Reply, Sampling
from causalpp.language.backends._body import Broken, count, text_or_none
from causalpp.language.backends._endpoint import Endpoint, answer_schema
from causalpp.language.thinking import THOUGHT_BEGINS, THOUGHT_ENDS

__all__ = ["PROBES", "OpenAIBackend", "label_probabilities"]

#: What is asked to see whether log-probabilities come back; the second only if they did not the first time.
PROBES = ("Reply with the one word yes.", "Reply with the one word no.")

_SPACES = str.maketrans({"Ġ": " ", "▁": " ", "Ċ": "\n"})  # how tokenizers write them
_ABOVE, _FAR = 1e-6, 1e9  # how far a log-probability may lie above zero by rounding, and below
_WHOLE = 1.01  # what probabilities may add up to
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # vLLM, DeepSeek and others; OpenRouter, Ollama
_NOT_TAKEN = r"not (?:supported|allowed|permitted)|unsupported|unknown|unrecognized|deprecated|extra"
_ALSO = re.compile(r"\b(?:yep|yeah|yup|nope|nah)\b", re.IGNORECASE)  # words for a label that no place is found by
_JSON_TOKENS = 48  # a word in JSON needs more room than a word


class OpenAIBackend(Endpoint):
    """A model behind an OpenAI-compatible server; the arguments are those of every endpoint, and one more.

    Args:
        form: how labels are asked for: ``"word"`` (with log-probabilities where there are any), ``"json"`` (held to a
            schema), ``"text"`` (a word, nothing else asked for), or ``"auto"``, the first of these that the server
            is fit for.

    Raises:
        InvalidParameter: another form.
    """

    name = "openai"
    key_name, url_name, home = "OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1"

    def __init__(self, *arguments: Any, form: str = "auto", **options: Any) -> None:
        if form not in ("auto", "word", "json", "text"):
            raise InvalidParameter(f"form is 'auto', 'word', 'json' or 'text', got {form!r}")
        self.form = form
        super().__init__(*arguments, **options)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {**super().identity, "form": self.form}

    def _sdk(self) -> tuple[type[Any], type[Any]]:
        try:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient
        except ImportError:
            raise MissingDependency('the openai package is needed: pip install "causalpp[openai]"') from None
        return AsyncOpenAI, DefaultAsyncHttpxClient

    async def _send(self, client: Any, parameters: dict[str, Any]) -> bytes:
        raw = await client.chat.completions.with_raw_response.create(**parameters)
        content: bytes = raw.content
        return content

    async def _probe(self, sampling: Sampling, took: list[int]) -> None:
        if self.form != "auto":
            self.features.log_probabilities = self.form == "word"
            return
        client, _ = self._open()
        for text in PROBES:
            reply = await self._complete(client, Prompt(text, labels=("yes", "no")), sampling, 0, took)
            if reply.log_probabilities is not None:
                self.features.log_probabilities = True
            if self.features.log_probabilities is not None:
                return
        self.features.log_probabilities = False

    def _wants_words(self) -> bool:
        return self.form in ("auto", "word") and self.features.log_probabilities is not False

    def _parameters(self, prompt: Prompt, sampling: Sampling, replicate: int) -> dict[str, Any]:
        refused = self.features.refused
        messages = [{"role": "user", "content": prompt.user}]
        if prompt.system and "system" in refused:
            messages[0]["content"] = f"{prompt.system}\n\n{prompt.user}"
        elif prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        limit = sampling.max_tokens
        wanted: dict[str, Any] = {"temperature": sampling.temperature}
        if sampling.seed is not None:
            wanted["seed"] = sampling.seed + replicate
        schema = prompt.schema
        if prompt.labels and self._wants_words() and "logprobs" not in refused:
            wanted |= {"logprobs": True, "top_logprobs": self.features.top}
        elif prompt.labels and self.form in ("auto", "json"):
            schema = schema or answer_schema(prompt.labels)
        if schema is not None and "response_format" not in refused:
            limit = max(limit, _JSON_TOKENS)
            wanted["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)},
            }
        wanted["max_completion_tokens" if "max_tokens" in refused else "max_tokens"] = limit
        parameters = {name: value for name, value in wanted.items() if name not in refused}
        if self.extra:
            parameters["extra_body"] = self.extra
        return {"model": self.model, "messages": messages} | parameters

    def _leave_out(self, said: str, sent: Mapping[str, Any]) -> str | None:
        features = self.features
        if re.search(r"\b(?:top_)?logprobs\b|log.?prob", said) and "logprobs" in sent:
            if sent["top_logprobs"] > 5 and re.search(r"top_logprobs|less than|at most|maximum|range", said):
                features.top = 5
                return "20 words at a time"
            features.refused.add("logprobs")
            features.log_probabilities = False
            return "logprobs"
        if re.search(r"response_format|json_schema|json schema|structured output|guided|grammar", said):
            return self._refuse("response_format", sent)
        named = re.search(r"\bmax_tokens\b", said) and re.search(_NOT_TAKEN, said)
        if ("max_completion_tokens" in said or named) and "max_tokens" in sent:
            return self._refuse("max_tokens", sent)
        for name in ("temperature", "seed"):
            if re.search(rf"\b{name}\b", said) and name in sent:
                return self._refuse(name, sent)
        if re.search(r"system.{0,40}(?:role|message|prompt)|(?:role|message).{0,40}system", said):
            return self._refuse("system", {m["role"] for m in sent["messages"]})
        return None

    def _refuse(self, name: str, sent: Mapping[str, Any] | set[str]) -> str | None:
        if name not in sent:
            return None
        self.features.refused.add(name)
        return name

    def _usage(self, body: Mapping[str, Any]) -> tuple[int, int]:
        usage = body.get("usage")
        return count(usage, "prompt_tokens"), count(usage, "completion_tokens")

    def _read(self, body: dict[str, Any], prompt: Prompt) -> Reply:
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise Broken("no choices")
        if choice.get("error") or choice.get("finish_reason") == "error":  # as OpenRouter passes on a provider's
            raise Broken("an error in the place of a completion")
        content = message.get("content")
        if isinstance(content, list):  # some servers send it in parts
            parts = [part.get("text") for part in content if isinstance(part, dict)]
            content = "".join(part for part in parts if isinstance(part, str))
        text = content if isinstance(content, str) else ""
        finish = {"length": "length", "content_filter": "filtered"}.get(str(choice.get("finish_reason")), "stop")
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal.strip():
            text, finish = text or refusal, "refusal"
        if not text and finish == "stop" and message.get("tool_calls"):
            raise Broken("a tool call in the place of a text")
        found = label_probabilities(choice.get("logprobs"), prompt.labels) if prompt.labels else None
        return Reply(
            text,
            log_probabilities=found,
            captured=None if found is None else min(1.0, sum(map(math.exp, found.values()))),
            finish=finish,
            model=text_or_none(body.get("model")),
            thoughts=next((said for said in map(message.get, _THOUGHTS) if isinstance(said, str) and said), None),
        )


def label_probabilities(logprobs: Any, labels: Sequence[str]) -> dict[str, float] | None:
    """Label → log of the probability of all its spellings, where the reply names one; None without log-probabilities.

    That is where the reply begins, if it begins with a label, and otherwise where the only label in it stands, as in
    "The answer is no."; what a model thinks before that is left out.  A reply that names no label at all might have
    begun with one: what is counted then are the words in place of which its first was drawn.  Where no such place is
    found, every label has minus infinity.  The words reported at the place are counted, in whatever case and with
    whatever spaces and marks around them, and the beginning of one label alone, such as "uns", for that label.  A label
    that the reply spells in several tokens is counted with the product of their probabilities.

    Example:
        >>> first = {"token": " Yes", "logprob": -0.5, "top_logprobs": [
        ...     {"token": " Yes", "logprob": -0.5}, {"token": "yes", "logprob": -2.0},
        ...     {"token": "No", "logprob": -3.0}]}
        >>> found = label_probabilities({"content": [first]}, ("yes", "no", "unsure"))
        >>> {label: round(math.exp(value), 3) for label, value in found.items()}
        {'yes': 0.742, 'no': 0.05, 'unsure': 0.0}
    """
    places = logprobs.get("content") if isinstance(logprobs, dict) else None
    if isinstance(places, list) and any(map(_impossible, places)):
        return None
    tokens = [place for place in places if _valid(place)] if isinstance(places, list) else []
    if not any(_letters(place["token"]) for place in tokens):
        return None
    sums = dict.fromkeys(labels, 0.0)
    start, named = _start([place["token"] for place in tokens], labels)
    if start is not None:
        reported = tokens[start].get("top_logprobs")
        if isinstance(reported, list) and any(map(_impossible, reported)):
            return None
        valid = [word for word in reported if _valid(word)] if isinstance(reported, list) else []
        words = {word["token"]: word["logprob"] for word in (tokens[start], *valid)}
        if sum(map(math.exp, words.values())) > _WHOLE:
            return None
        drawn = tokens[start]["token"]
        for word, value in words.items():
            label = _letters(word)
            if label not in sums and word != drawn:
                label = _begun(label, labels) or label
            if label in sums and (named or word != drawn):
                sums[label] += math.exp(value)
        spelled, total = "", 0.0
        for number, place in enumerate(tokens[start : start + 8] if named else ()):
            spelled, total = spelled + place["token"], total + place["logprob"]
            if number and _letters(spelled) in sums and _letters(place["token"]):
                sums[_letters(spelled)] += math.exp(total)
                break
    return {label: math.log(value) if value > 0 else -math.inf for label, value in sums.items()}


def _start(tokens: Sequence[str], labels: Sequence[str]) -> tuple[int | None, bool]:
    """The number of the token with which the label that a reply names begins, and True.

    If it names none, that of its first word, and False; None if it names several, or a label inside of a token.
    """
    text = "".join(tokens).translate(_SPACES)
    begin = max((end.end() for end in THOUGHT_ENDS.finditer(text)), default=0)
    word = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, labels))})(?![^\W_])", re.IGNORECASE)
    found = [one.start() for one in islice(word.finditer(text, begin), 2)]
    if len(found) > 1 and _letters(text[begin : found[0]]):
        return None, True
    if not found and (THOUGHT_BEGINS.search(text, begin) or _ALSO.search(text, begin)):  # a thought, or "nope"
        return None, False
    place = found[0] if found else next((k for k in range(begin, len(text)) if _letters(text[k])), len(text))
    end = 0
    for number, token in enumerate(tokens):
        if end + len(token) > place:
            return (None if _letters(token[: place - end]) else number), bool(found)
        end += len(token)
    return None, bool(found)


def _begun(letters: str, labels: Sequence[str]) -> str | None:
    """The only label that begins with some letters; None if none does, or several, or it is a single letter."""
    found = [label for label in labels if label.startswith(letters)] if len(letters) > 1 else []
    return found[0] if len(found) == 1 else None


def _valid(place: Any) -> bool:
    if not isinstance(place, dict) or not isinstance(place.get("token"), str):
        return False
    value = place.get("logprob")
    return _number(value) and -_FAR <= value <= _ABOVE  # not so for NaN, nor for what cannot be a float


def _impossible(place: Any) -> bool:
    """Whether a place has a number that is no logarithm of a probability, so that the others are none either."""
    value = place.get("logprob") if isinstance(place, dict) else None
    return _number(value) and not value <= _ABOVE


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _letters(token: str) -> str:
    """A token without the spaces and marks around it; ``Ġ`` and ``▁`` are how tokenizers write a space."""
    return token.strip(" \t\r\nĠ▁Ċ\"'`*_.,:;!()[]{}#>-").casefold()
