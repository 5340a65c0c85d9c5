"""Items of any kind put to a language model: the prompt as it stands, solved items before it, or steps asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from causalpp.benchmarks.keys import seed_of
from causalpp.errors import InvalidParameter
from causalpp.language import Asker, Prompt, Reply
from causalpp.language.templates import Templates
from causalpp.oracles.language_model import cut_off
from causalpp.tasks import Item, load_benchmark, read_items

__all__ = ["TEMPLATES", "Free", "Said", "by_scorer", "chosen_examples", "in_steps", "with_examples"]

#: The texts around a prompt.
TEMPLATES = Templates(
    Path(__file__).parent / "templates" / "free",
    {"example": ("PROMPT", "REPLY"), "examples": ("EXAMPLES", "PROMPT"), "steps": ("PROMPT",), "program": ("PROMPT",)},
)


class Said(NamedTuple):
    """What a reply says, as the item's scorer takes it, and why it says nothing."""

    value: Any
    reason: str | None
    tokens_in: int
    tokens_out: int
    cost: float
    latency: float
    log_odds: float | None = None


@dataclass(frozen=True)
class Free:
    """A prompt about an item of any kind, and who reads the replies.

    Attributes:
        asker: of the model.
        prompt: as it is put.
        read: a reply's text → what it says, None for nothing, and why it says nothing.
    """

    asker: Asker
    prompt: Prompt
    read: Callable[[str], tuple[Any, str | None]]
    rules: ClassVar[Mapping[str, float | None]] = {}

    def ask(self, repeats: int) -> list[Said]:
        """What so many replies say."""
        return self._read(self.asker.ask(self.prompt, repeats))

    async def ask_async(self, repeats: int) -> list[Said]:
        """:meth:`ask` on an event loop."""
        return self._read(await self.asker.ask_async(self.prompt, repeats))

    def _read(self, replies: Sequence[Reply]) -> list[Said]:
        out = []
        for r in replies:
            value, why = self.read(r.text)
            if value is None and r.finish == "length":
                why = cut_off(r, self.asker.sampling.max_tokens)
            reason = r.reason or (None if value is not None else why)
            out.append(Said(value, reason, r.tokens_in, r.tokens_out, r.cost, r.latency))
        return out


def by_scorer(item: Item) -> Callable[[str], tuple[Any, str | None]]:
    """How the item's own scorer reads a reply."""
    scorer = item.target.scorer
    return lambda text: (scorer.read(text), scorer.unread(text))


def in_steps(prompt: str) -> str:
    """A prompt that asks for the reasoning first."""
    return TEMPLATES.fill("steps", prompt=prompt)


def with_examples(prompt: str, examples: Sequence[Item]) -> str:
    """A prompt behind solved items."""
    if not examples:
        return prompt
    solved = [TEMPLATES.fill("example", prompt=item.prompt, reply=item.reply) for item in examples]
    return TEMPLATES.fill("examples", examples="\n\n".join(solved), prompt=prompt)


def chosen_examples(item: Item, source: str, shots: int, seed: int) -> list[Item]:
    """Solved items of the kind of an item, of other groups and, where there are such, of its topic.

    Where the answers are yes and no, as many of each.

    Raises:
        InvalidParameter: there are too few.
    """
    shared, asked = item.group or item.shared, getattr(item, "hypothesis", item.prompt)
    draw = np.random.default_rng(seed_of(seed, "shots", shared, asked))
    pool = [other for other in _solved_items(source) if type(other) is type(item) and other.shared != item.shared]
    pool = [other for other in pool if not (item.group and other.group == item.group)]
    pool = [other for other in pool if other.topic == item.topic] or pool
    truths = [other.target.value for other in pool]
    halves = all(isinstance(truth, bool) for truth in truths) and len(set(truths)) == 2
    chosen: list[Item] = []
    for number in range(shots):
        fit = [other for other in pool if other not in chosen]
        fit = [other for other in fit if other.target.value is (number % 2 == 0)] if halves else fit
        if not fit:
            raise InvalidParameter(
                f"{source!r} has too few solved items of the kind {type(item).__name__} to show {shots} of them: "
                "name a set or a file of such items under 'examples'"
            )
        chosen.append(fit[int(draw.integers(len(fit)))])
    return [chosen[k] for k in draw.permutation(len(chosen))]


@lru_cache(maxsize=8)
def _solved_items(source: str) -> tuple[Item, ...]:
    """The items of a set or a file whose truth is known; those of its split ``train``, if it has splits."""
    items = list(read_items(source)) if Path(source).suffix else list(load_benchmark(source))
    known = [item for item in items if item.target.value is not None]
    return tuple([item for item in known if item.split == "train"] or known)
