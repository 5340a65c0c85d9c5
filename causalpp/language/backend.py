"""What a language model is shown, what comes back, and what it has to offer: completions, one or several at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from causalpp.errors import InvalidParameter

__all__ = ["Backend", "Prompt", "Reply", "Sampling"]


@dataclass(frozen=True)
class Prompt:
    """What a model is shown, and what may come back.

    Attributes:
        user: the question with everything needed to answer it.
        system: instructions that stand before it, if any.
        labels: the words out of which one must be chosen, such as ``("yes", "no", "unsure")``; empty for free text.
        schema: a JSON schema the reply must follow, where one is asked for.
    """

    user: str
    system: str | None = None
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sampling:
    """How a model draws its words.

    Attributes:
        temperature: 0 takes the most probable word every time.
        seed: of the draw, where the server takes one; the replicate number is added to it.
        max_tokens: the longest reply.

    Raises:
        InvalidParameter: a negative temperature or seed, or no tokens at all.
    """

    temperature: float = 0.0
    seed: int | None = 0
    max_tokens: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise InvalidParameter(f"a temperature is not negative, got {self.temperature}")
        if self.max_tokens < 1:
            raise InvalidParameter(f"a reply needs at least one token, got max_tokens={self.max_tokens}")
        if self.seed is not None and self.seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {self.seed}")


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        text: the reply as it came.
        log_probabilities: label → log of the probability that fell on all its spellings, where the model gives it;
            minus infinity for a label that was not among the words reported.
        captured: the sum of those probabilities; what is missing to one fell on other words.
        finish: ``"stop"``, ``"length"`` (cut off), ``"refusal"`` or ``"filtered"``.
        model: as the server names it.
        tokens_in, tokens_out: tokens read and written.
        thoughts: what the model thought before it replied, where the server gives it apart.
        reason: why there is no reply, for one that failed; None for every other.
        cost: in the currency of the prices given to who asked.
        latency: seconds from prompt to reply.
        time: when it came, in seconds since 1970.
    """

    text: str
    log_probabilities: Mapping[str, float] | None = None
    captured: float | None = None
    finish: str = "stop"
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    thoughts: str | None = None
    reason: str | None = None
    cost: float = 0.0
    latency: float = 0.0
    time: float | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no reply, for a reason that may pass."""
        return self.reason is not None


class Backend(ABC):
    """A language model behind some interface.

    Attributes:
        name: the kind of interface, such as ``"openai"``.
        batched: whether :meth:`complete_all` is faster than one completion after the other.
        scores: whether the probabilities of labels are exact, however long these are: whole sentences can be compared.
    """

    name: ClassVar[str]
    batched: ClassVar[bool] = False
    scores: ClassVar[bool] = False

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """Everything about the model that determines its replies, as JSON values; never a key."""

    @abstractmethod
    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        """One reply.

        Raises:
            OracleError: the model could not be reached or would not answer; the message never holds a key.
        """

    def complete_all(self, prompts: Sequence[Prompt], sampling: Sampling, replicates: Sequence[int]) -> list[Reply]:
        """Replies to several prompts at once, for models that run in this process."""
        raise NotImplementedError(f"{type(self).__name__} is batched, and needs complete_all()")

    async def close(self) -> None:  # noqa: B027  # nothing to give back is fine
        """Give connections back."""
