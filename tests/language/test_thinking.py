"""Models that think before they speak, as they are served: thoughts apart, in the text, and parameters they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from protocol_servers import ProtocolServer, completion, refuse

from causalpp import Causes, LanguageModelOracle, MarkovEquivalenceClass, discover, load_network
from causalpp.language.reading import read_label, without_thoughts

Q = Causes("smoke", "cancer")
THOUGHT = "The user asks whether smoke causes cancer. No? Yes: it goes through tar. " * 3


def oracle(server: ProtocolServer, **options: Any) -> LanguageModelOracle:
    return LanguageModelOracle.openai("thinker", server.url, "none", progress=False, **options)


class Thinker:
    """A model that refuses what the o-series refuses, and needs 200 tokens to think.

    Args:
        where: the field of its thoughts; None to leave them in the text.
        error: whether a limit that is too low is an error, as at OpenAI.
    """

    def __init__(self, where: str | None = "reasoning_content", error: bool = False) -> None:
        self.where, self.error = where, error

    def __call__(self, request: dict[str, Any]) -> Any:
        if "max_tokens" in request:
            said = "Unsupported parameter: 'max_tokens' is not supported with this model."
            return 400, {"error": {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}}
        if "logprobs" in request:
            return 403, {"error": {"message": "You are not allowed to request logprobs from this model."}}
        for name in ("temperature", "seed", "response_format"):
            if name in request:
                return refuse(name)
        enough = request["max_completion_tokens"] >= 200
        if not enough and self.error:
            said = "Could not finish the message because max_tokens or model output limit was reached."
            return 400, {"error": {"message": said}}
        if self.where is None:
            return completion(
                f"<think>{THOUGHT}" + ("</think>Yes." if enough else ""), finish="stop" if enough else "length"
            )
        return completion("Yes." if enough else None, finish="stop" if enough else "length", **{self.where: THOUGHT})


@pytest.mark.parametrize("where", ["reasoning_content", "reasoning", "thinking", None])
def test_a_model_that_thinks_answers_once_it_has_room(where: str | None) -> None:
    with ProtocolServer(Thinker(where)) as server:
        answers = oracle(server, max_tokens=500).ask([Q, Causes("a", "b"), Causes("c", "d")])
        assert [answer.word for answer in answers] == ["yes"] * 3
        kept = [set(request) for request in server.requests[-2:]]
    assert kept == [{"model", "messages", "max_completion_tokens"}] * 2  # each refusal is met once
    assert len(server.requests) <= 3 + 2 + 12 + 8


@pytest.mark.parametrize("thinker", [Thinker(), Thinker(None), Thinker(error=True)])
def test_one_that_has_no_room_is_told_so(thinker: Thinker) -> None:
    """The run ends early, names the limit, and shows what came."""
    asia = load_network("asia")
    mec = MarkovEquivalenceClass.from_dag(asia.dag)
    with ProtocolServer(thinker) as server:
        result = discover(mec, oracle(server), kinds="Causes")
    assert "cut off: raise max_tokens, 16 were too few for its thoughts" in result.stopped_because
    assert len(server.requests) < 4 * len(asia.dag.nodes)
    assert thinker.error or "The user asks whether" in result.stopped_because


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>No.</think>\nYes.", "Yes."),
        ("<thinking>No.</thinking>Yes.", "Yes."),
        ("No.</think>Yes.", "Yes."),
        ("[THINK]No.[/THINK]Yes.</s>", "Yes."),
        ("◁think▷No.◁/think▷Yes.", "Yes."),
        ("<seed:think>No.</seed:think>Yes.", "Yes."),
        ("<|channel|>analysis<|message|>No.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>", "Yes."),
        ("Yes.<|im_end|>", "Yes."),
        ("<think>No.", ""),
        ("Yes.<think>", ""),
        ("[THINK]Yes.", ""),
        ("<|channel|>analysis<|message|>Yes.", ""),
    ],
)
def test_thoughts_are_no_answer(text: str, said: str) -> None:
    assert without_thoughts(text) == said
    assert read_label(text)[0] is (True if said else None)
