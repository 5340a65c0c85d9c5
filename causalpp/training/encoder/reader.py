"""An encoder as something that replies: what it takes to be an oracle, yes or no."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from causalpp.errors import OracleError
from causalpp.language import Backend, Prompt, Reply, Sampling
from causalpp.tasks import Item, Target, YesNo
from causalpp.training.encoder.encoders import load_encoder, probabilities

__all__ = ["EncoderBackend"]

_LABELS = ("yes", "no")


class EncoderBackend(Backend):
    """An encoder that :func:`~causalpp.training.classify` has trained, asked yes or no.

    Args:
        model: a :class:`~causalpp.training.Checkpoint`, or whatever :func:`~causalpp.training.load_encoder` takes.

    Raises:
        OracleError: it cannot be loaded; a prompt asks for something else than one word out of yes and no.
    """

    name = "encoder"
    batched = True

    def __init__(self, model: Any) -> None:
        self.loaded = load_encoder(model)

    def __repr__(self) -> str:
        return f"EncoderBackend({self.loaded.name!r})"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"backend": self.name, "model": self.loaded.name}

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        return self.complete_all([prompt], sampling, [replicate])[0]

    def complete_all(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,  # noqa: ARG002
        replicates: Sequence[int],  # noqa: ARG002
    ) -> list[Reply]:
        """The more probable of both words, and how probable each is; nothing is drawn."""
        if any(prompt.labels != _LABELS for prompt in prompts):
            raise OracleError("an encoder says yes or no: ask it with labels=('yes', 'no') and mode='answer'")
        texts = [f"{prompt.system}\n\n{prompt.user}" if prompt.system else prompt.user for prompt in prompts]
        items = [Item(str(k), text, Target(None, YesNo())) for k, text in enumerate(texts)]
        found = []
        for yes in probabilities(self.loaded, items):
            logs = {"yes": math.log(max(yes, 1e-300)), "no": math.log(max(1 - yes, 1e-300))}
            found.append(Reply(max(_LABELS, key=logs.__getitem__), logs, 1.0, model=self.loaded.name))
        return found
