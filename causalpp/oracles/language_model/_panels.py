"""From one reply to the answers about all outcomes of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from causalpp.language.backend import Reply
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.language_model.panels import read_panel
from causalpp.oracles.language_model.parsing import Reading
from causalpp.oracles.panel import outcome

if TYPE_CHECKING:
    from causalpp.oracles.language_model.oracle import LanguageModelOracle

__all__ = ["panel_answers"]


def panel_answers(
    oracle: LanguageModelOracle, requests: Sequence[Request], reply: Reply, latency: float
) -> list[Answer]:
    """What a reply says about each outcome of a call; the reply and what it took stand in the first answer."""
    first = requests[0]
    whole = replace(oracle.read(first, reply, latency), log_odds=None, captured=None, call=first.call)
    bare = replace(whole, text=None, tokens_in=0, tokens_out=0, cost=0.0, latency=0.0)
    answers = []
    for request, (value, reason) in zip(requests, _readings(oracle, requests, reply), strict=True):
        said = None if value is None else value is not first.negated
        start = whole if request == first else bare
        answers.append(replace(start, question=request.question, value=said, reason=reason))
    return answers


def _readings(oracle: LanguageModelOracle, requests: Sequence[Request], reply: Reply) -> list[Reading]:
    if reply.finish in ("refusal", "filtered"):
        return [(None, {"refusal": "refused", "filtered": "filtered"}[reply.finish])] * len(requests)
    cut, strict = reply.finish == "length", oracle.mode == "reason"
    if cut and strict:
        return [(None, "cut off")] * len(requests)
    text = reply.text.rpartition("\n")[0] if cut else reply.text  # the last line may be the beginning of anything
    shown = oracle.writer.names([name for request in requests for name in request.question.variables])
    readings = read_panel(
        text,
        [shown[outcome(request.question)] for request in requests],
        oracle.writer.labels,
        strict=strict,
        questions=[request.question.rename(oracle.writer.codes) for request in requests],
        negated=requests[0].negated,
    )
    if cut:
        return [(value, why if value is not None or why == "unsure" else "cut off") for value, why in readings]
    return readings
