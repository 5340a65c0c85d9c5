"""A backend that plays a part: for trying out prompts and templates without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from causalpp.language.backend import Backend, Prompt, Reply, Sampling

__all__ = ["ScriptedBackend"]


class ScriptedBackend(Backend):
    """Replies that a function gives, or always the same one.

    Args:
        reply: the text, or a function from the prompt to the text or to a whole :class:`Reply`.
        model: a name that tells one script from another: scripts of the same name count as the same.

    Attributes:
        prompts: every prompt that was shown, in order.

    Example:
        >>> import asyncio
        >>> script = ScriptedBackend(lambda prompt: "yes" if "cancer" in prompt.user else "no")
        >>> asyncio.run(script.complete(Prompt("Does smoke cause cancer?"), Sampling())).text
        'yes'
        >>> script.prompts
        [Prompt(user='Does smoke cause cancer?', system=None, labels=(), schema=None)]
    """

    name = "scripted"

    def __init__(self, reply: str | Callable[[Prompt], str | Reply], model: str = "script") -> None:
        self.reply = reply
        self.model = model
        self.prompts: list[Prompt] = []

    def __repr__(self) -> str:
        return f"ScriptedBackend(model={self.model!r})"

    @property
    def identity(self) -> Mapping[str, Any]:
        identity: dict[str, Any] = {"backend": self.name, "model": self.model}
        if isinstance(self.reply, str):
            identity["reply"] = hashlib.sha256(self.reply.encode()).hexdigest()[:12]
        return identity

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:  # noqa: ARG002
        self.prompts.append(prompt)
        reply = self.reply if isinstance(self.reply, str) else self.reply(prompt)
        return Reply(reply, model=self.model) if isinstance(reply, str) else reply
