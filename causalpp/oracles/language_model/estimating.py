"""What asking a language model will take at most, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from causalpp.language import Prompt
from causalpp.language.running import cost
from causalpp.oracles.language_model.oracle import LanguageModelOracle
from causalpp.propositions import Proposition

__all__ = ["Estimate", "estimate", "looks", "of_prompt"]

_BYTES = 3  # of a prompt, in a token: English has more, so that there are fewer tokens
_FRAME = 30  # tokens that a chat template may add
_LOOKED_AT = 200  # questions whose prompts are written out


@dataclass(frozen=True)
class Estimate:
    """What asking takes at most, as far as it can be known: replies as long as they may be, no answer in a journal.

    Tokens of prompts are counted by their length, three bytes each, and attempts that fail are not.

    Attributes:
        prompts: how many are put.
        tokens_in, tokens_out: tokens read and written.
        cost: by the prices of the oracle; None if it has none.

    Example:
        >>> Estimate(2, 100, 32) + Estimate(1, 50, 16) == Estimate(1, 50, 16).times(3)
        True
    """

    prompts: int
    tokens_in: int
    tokens_out: int
    cost: float | None = None

    def __add__(self, other: Estimate) -> Estimate:
        both = None if self.cost is None and other.cost is None else (self.cost or 0.0) + (other.cost or 0.0)
        return Estimate(
            self.prompts + other.prompts, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out, both
        )

    def times(self, number: int) -> Estimate:
        """So many of it."""
        money = None if self.cost is None else self.cost * number
        return Estimate(self.prompts * number, self.tokens_in * number, self.tokens_out * number, money)

    def __str__(self) -> str:
        money = "" if self.cost is None else f", {self.cost:.4g} at these prices"
        return (
            f"at most {self.prompts:,} prompts, about {self.tokens_in:,} tokens read and {self.tokens_out:,} written"
            f"{money}: an upper estimate"
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values, and what they are."""
        return {**vars(self), "what": "upper estimate"}


def estimate(oracle: LanguageModelOracle, questions: Iterable[Proposition], count: int | None = None) -> Estimate:
    """What it takes at most to put some questions.

    Args:
        oracle: the model, which is asked nothing.
        questions: that may be put.
        count: how many of them will be, each the dearest of them; by default each once.

    Example:
        >>> from causalpp import Causes
        >>> from causalpp.language import ScriptedBackend
        >>> oracle = LanguageModelOracle(ScriptedBackend("yes"), prices=(1.0, 10.0))
        >>> print(estimate(oracle, [Causes("smoke", "tar")], count=200))
        at most 200 prompts, about 37,800 tokens read and 3,200 written, 0.0698 at these prices: an upper estimate
    """
    listed = list(questions)
    looked_at = listed[:: max(1, len(listed) // _LOOKED_AT)]
    each = [_of(oracle, question) for question in looked_at]
    if not each or count == 0:
        return Estimate(0, 0, 0, None if oracle.prices is None else 0.0)
    dearest = Estimate(
        max(one.prompts for one in each), max(one.tokens_in for one in each), max(one.tokens_out for one in each)
    ).times(len(listed) if count is None else count)
    return Estimate(dearest.prompts, dearest.tokens_in, dearest.tokens_out, _money(oracle, dearest))


def looks(oracle: LanguageModelOracle) -> Estimate:
    """The looks at what a server can do that may go before the first question."""
    from causalpp.language.backends.openai import PROBES, OpenAIBackend

    wanted = isinstance(oracle.backend, OpenAIBackend) and oracle.backend.form == "auto" and oracle.mode == "answer"
    none = Estimate(0, 0, 0, None if oracle.prices is None else 0.0)
    return sum((of_prompt(oracle, Prompt(text)) for text in PROBES), none) if wanted else none


def of_prompt(oracle: LanguageModelOracle, prompt: Prompt) -> Estimate:
    """What it takes at most to put one prompt."""
    read = len(f"{prompt.system or ''}{prompt.user}".encode("utf-8", "replace"))
    found = Estimate(1, -(-read // _BYTES) + _FRAME, oracle.sampling.max_tokens)
    return Estimate(1, found.tokens_in, found.tokens_out, _money(oracle, found))


def _of(oracle: LanguageModelOracle, question: Proposition) -> Estimate:
    put = [of_prompt(oracle, prompt) for prompt in oracle.prompts_of(question)]
    return sum(put[1:], put[0])


def _money(oracle: LanguageModelOracle, found: Estimate) -> float | None:
    return None if oracle.prices is None else cost(found.tokens_in, found.tokens_out, oracle.prices)
