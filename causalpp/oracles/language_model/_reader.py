"""From a reply to the answer to a question, or to the answers about all outcomes of a panel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from causalpp.language import Reply
from causalpp.language.reading import Reading, log_odds, without_thoughts
from causalpp.language.running import Prices, cost
from causalpp.language.thinking import THOUGHT_BEGINS
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.language_model.forms import as_yes_or_no
from causalpp.oracles.language_model.panels import read_panel
from causalpp.oracles.language_model.reading import read_reply
from causalpp.oracles.panel import outcome
from causalpp.oracles.prompts import Writer
from causalpp.propositions import Proposition

__all__ = ["Reader", "cut_off"]

_KEPT = 20_000  # characters of a reply


@dataclass(frozen=True)
class Reader:
    """Reads the replies to prompts of a writer.

    Attributes:
        writer: of the prompts.
        exact: whether the model scores every spelling of every label.
        oracle: the fingerprint of who answers.
        prices: of a million tokens.
        max_tokens: of a reply.
    """

    writer: Writer
    exact: bool
    oracle: str
    prices: Prices | None
    max_tokens: int

    def answer(self, request: Request, reply: Reply, latency: float = 0.0) -> Answer:
        """What a reply says about the proposition of a request; what was asked the other way round is turned back."""
        question = request.question.rename(self.writer.codes)
        value, reason = read_reply(
            reply, self.writer.labels, strict=self.writer.reason, question=question, negated=request.negated
        )
        if reason == "cut off":
            reason = cut_off(reply, self.max_tokens)
        elif value is None and _only_thoughts(reply):
            reason = "thoughts alone"
        odds = None if self.writer.reason else log_odds(reply, value, exact=self.exact)
        if request.negated:
            value = None if value is None else not value
            odds = None if odds is None else -odds
        return Answer(
            request.question,
            value,
            request.replicate,
            self.oracle,
            odds,
            request.wording,
            request.negated,
            captured=reply.captured,
            text=_kept(reply.text or _thoughts(reply)),
            reason=reason,
            model=None if reply.model is None else _kept(reply.model),
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            cost=cost(reply.tokens_in, reply.tokens_out, self.prices),
            latency=latency,
            time=time.time(),
        )

    def choice(
        self, request: Request, reply: Reply, latency: float, labels: Sequence[str], said: Sequence[str]
    ) -> Answer:
        """What a reply to a choice between two statements says; see :func:`~.forms.as_yes_or_no`."""
        read = as_yes_or_no(reply, labels, said, strict=self.writer.reason)
        answer = self.answer(request, read, latency)
        reason = "neither" if answer.reason == "unsure" else answer.reason
        return replace(answer, text=_kept(reply.text), reason=reason)

    def panel(self, requests: Sequence[Request], reply: Reply, latency: float = 0.0, *, turn: int = 0) -> list[Answer]:
        """What a reply says about each outcome of a call; the reply and what it took stand in the first answer."""
        first = requests[0]
        whole = replace(self.answer(first, reply, latency), log_odds=None, captured=None, call=first.call)
        bare = replace(whole, text=None, tokens_in=0, tokens_out=0, cost=0.0, latency=0.0)
        answers = []
        asked = self.writer.in_panel([request.question for request in requests], turn)
        read = dict(zip(asked, self._readings(asked, first.negated, reply, whole.reason), strict=True))
        for request in requests:
            value, reason = read[request.question]
            said = None if value is None else value is not first.negated
            start = whole if request == first else bare
            answers.append(replace(start, question=request.question, value=said, reason=reason))
        return answers

    def _readings(
        self, questions: Sequence[Proposition], negated: bool, reply: Reply, reason: str | None
    ) -> list[Reading]:
        cut = reply.finish == "length"
        if reply.finish in ("refusal", "filtered") or (cut and self.writer.reason):
            return [(None, reason)] * len(questions)
        text = reply.text.rpartition("\n")[0] if cut else reply.text  # the last line may be the beginning of anything
        shown = self.writer.names([name for question in questions for name in question.variables])
        readings = read_panel(
            text,
            [shown[outcome(question)] for question in questions],
            self.writer.labels,
            strict=self.writer.reason,
            questions=[question.rename(self.writer.codes) for question in questions],
            negated=negated,
        )
        if cut:
            return [
                (value, why if value is not None or why == "unsure" else cut_off(reply, self.max_tokens))
                for value, why in readings
            ]
        return readings


def cut_off(reply: Reply, max_tokens: int) -> str:
    """Why a reply that was cut off says nothing, and what to raise."""
    thinking = bool(reply.thoughts) or THOUGHT_BEGINS.search(reply.text) or not reply.text.strip()
    return f"cut off: raise max_tokens, {max_tokens} were too few" + (" for its thoughts" if thinking else "")


def _only_thoughts(reply: Reply) -> bool:
    """Whether a model that came to its end thought, and said nothing."""
    thought = bool(reply.thoughts) or THOUGHT_BEGINS.search(reply.text) is not None
    return reply.finish == "stop" and thought and not without_thoughts(reply.text).strip()


def _thoughts(reply: Reply) -> str:
    """What a model thought that said nothing, as a text that says nothing."""
    end = "" if reply.finish == "length" else "</think>"
    return f"<think>{reply.thoughts}{end}" if reply.thoughts else ""


def _kept(text: str) -> str:
    """A reply as it is kept: its beginning and its end if it is long, and nothing that cannot be written."""
    if len(text) > _KEPT:
        half = _KEPT // 2
        text = f"{text[:half]} […{len(text) - _KEPT} characters…] {text[-half:]}"
    return text.encode("utf-8", "replace").decode()
