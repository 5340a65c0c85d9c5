"""What a model replies to items, and how right it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.language import Prompt, Sampling, load_model
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.tasks import Item, Score, score
from causalpp.training._silent import silent
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.encoder.encoders import is_encoder, probabilities

__all__ = ["accuracy", "replies"]


def replies(
    model: Any,
    items: Sequence[Item],
    *,
    max_tokens: int = 16,
    batch_size: int = 64,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[str]:
    """What a model replies to each item.

    Args:
        model: a :class:`Checkpoint`, or whatever :func:`causalpp.language.load_model` takes.
        items: whose prompts it is shown, as the solvers show them.
        max_tokens: of a reply.
        batch_size: prompts that are read at once.
        temperature: of the words drawn; 0 takes the most probable word every time.
        seed: of the draws.
    """
    with silent():
        loaded = load_model(model.folder if isinstance(model, Checkpoint) else model)
    backend = TransformersBackend(loaded, batch_size=batch_size)
    prompts = [Prompt(item.prompt) for item in items]
    found = backend.complete_all(prompts, Sampling(temperature, seed, max_tokens), [0] * len(prompts))
    return [reply.text for reply in found]


def accuracy(model: Any, items: Sequence[Item], *, max_tokens: int = 16, batch_size: int = 64) -> float:
    """The mean score of a model's replies; no answer counts as a wrong one.  An encoder replies yes or no.

    Raises:
        InvalidParameter: no items.
    """
    if not items:
        raise InvalidParameter("there are no items to be right about")
    said: Sequence[object]
    if is_encoder(model):
        said = [bool(p > 0.5) for p in probabilities(model, items, batch_size=batch_size)]
    else:
        said = replies(model, items, max_tokens=max_tokens, batch_size=batch_size)
    found: list[Score] = [score(item, reply) for item, reply in zip(items, said, strict=True)]
    return sum(each.value or 0.0 for each in found) / len(found)
