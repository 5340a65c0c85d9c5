"""From items to what a recipe learns from: right replies, right ones beside wrong ones, replies with a verdict."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalpp.errors import InvalidData, TruncatedWarning
from causalpp.language import Prompt
from causalpp.tasks import Item, score

__all__ = ["Layout", "demonstrations", "judged", "preferences", "reply_to", "texts_of", "warn_of_cuts", "wrong_replies"]

Row = dict[str, Any]


def reply_to(item: Item) -> str:
    """The right reply.

    Raises:
        InvalidData: nobody knows what is right.
    """
    if item.target.value is None:
        raise InvalidData(f"the item {item.id!r} has no target: there is nothing to learn from it, so leave it out")
    return item.reply


def wrong_replies(item: Item, others: Sequence[Item] = ()) -> list[str]:
    """Replies that are wrong: the item's near misses, or else what is right for other items and wrong for it."""
    values = list(item.near_misses) or [other.target.value for other in others]
    found = [item.target.scorer.write(value) for value in values if value is not None and _wrong(item, value)]
    if not found and item.mistake:
        found = [item.mistake]
    return [text for text in dict.fromkeys(found) if text != item.reply]


def _wrong(item: Item, value: Any) -> bool:
    score = item.target.scorer.compare(value, item.target.value)
    return score.value is not None and score.value <= 0


def texts_of(items: Iterable[Item]) -> list[str]:
    """All that a model reads or writes in these items: what its tokenizer has to know."""
    found: dict[str, None] = {}
    for item in items:
        found[item.prompt] = None
        for text in [] if item.target.value is None else [reply_to(item), *wrong_replies(item)]:
            found[f" {text}"] = None
    return [*found, "\n\nAnswer:"]


@dataclass(frozen=True)
class Layout:
    """How an item is laid out for a model: as :class:`~causalpp.LanguageModelOracle` and the solvers show it.

    Attributes:
        render: a prompt as the text that the model is shown.
        tokenizer: of the model.
        chat: whether the text is a chat's, after which a reply begins without a blank.
        max_length: tokens of a prompt with its reply.
    """

    render: Callable[[Prompt], str]
    tokenizer: Any
    chat: bool
    max_length: int

    def completion(self, text: str) -> str:
        """A reply as it follows the prompt."""
        return text if self.chat else f" {text}"

    def prompts(self, items: Sequence[Item], room: int) -> list[str]:
        """The prompts, each with room for a reply of so many tokens: one that is too long loses its beginning.

        Warns:
            TruncatedWarning: how many did, and how many of them lost everything but their end.
        """
        most = self.max_length - room
        if most < 1:
            raise InvalidData(f"replies of {room} tokens leave no room for a prompt in max_length={self.max_length}")
        texts = [self.render(Prompt(item.prompt)) for item in items]
        kept, cut, lost = [], 0, 0
        for item, text in zip(items, texts, strict=True):
            tokens = self.tokenizer.encode(text, add_special_tokens=False)
            if len(tokens) > most:
                cut += 1
                text = self.tokenizer.decode(tokens[-most:])
                question = item.prompt.rstrip().rpartition("\n")[2]  # what is asked stands in the last line
                lost += question not in text
            kept.append(text)
        warn_of_cuts(cut, lost, len(items), most)
        return kept

    def length(self, text: str) -> int:
        """How many tokens a reply has, with the one that ends it."""
        return len(self.tokenizer.encode(self.completion(text), add_special_tokens=False)) + 1


def warn_of_cuts(cut: int, lost: int, items: int, most: int) -> None:
    """Say how many prompts lost their beginning, and how many of them part of their last line, the question."""
    if cut:
        more = f"; {lost:,} of them lost part of the question itself" if lost else ""
        warnings.warn(
            f"{cut:,} of {items:,} prompts are longer than {most} tokens and lost their beginning{more}: "
            "raise max_length, or take smaller items",
            TruncatedWarning,
            stacklevel=5,
        )


def demonstrations(items: Sequence[Item], layout: Layout) -> list[Row]:
    """``prompt`` and ``completion``, the right reply: what supervised fine-tuning learns from."""
    replies = [reply_to(item) for item in items]
    prompts = layout.prompts(items, max(map(layout.length, replies)))
    return [
        {"prompt": prompt, "completion": layout.completion(reply)}
        for prompt, reply in zip(prompts, replies, strict=True)
    ]


def preferences(items: Sequence[Item], layout: Layout, seed: int = 0, said: Sequence[str] | None = None) -> list[Row]:
    """``prompt``, ``chosen`` (the right reply) and ``rejected`` (a wrong one): what DPO learns from.

    Args:
        items: to learn from.
        layout: how they are laid out.
        seed: of the near misses drawn.
        said: what a model replied to each item, which is what is rejected where it is wrong; else a near miss is.
    """
    wrong = _one_wrong(items, seed, said if said is not None else [""] * len(items))
    rows = [(item, reply_to(item), text) for item, text in zip(items, wrong, strict=True)]
    room = max(layout.length(text) for _, right, wrong in rows for text in (right, wrong))
    prompts = layout.prompts(items, room)
    return [
        {"prompt": prompt, "chosen": layout.completion(right), "rejected": layout.completion(wrong)}
        for prompt, (_, right, wrong) in zip(prompts, rows, strict=True)
    ]


def judged(items: Sequence[Item], layout: Layout, seed: int = 0, said: Sequence[str] | None = None) -> list[Row]:
    """``prompt``, ``completion`` and ``label``, whether it is right: what KTO learns from.

    Each item comes with its right reply, and again with a wrong one: what a model said, where that was wrong and so
    only there; near misses throughout where nobody was asked, or all was right.  The rows are in random order: KTO's
    estimate of the divergence reads each prompt with its neighbour's reply, which is to be another item's.

    Args:
        items, layout, seed, said: see :func:`preferences`.
    """
    missed = [k for k, item in enumerate(items) if said is not None and _is_wrong(item, said[k])]
    pairs = preferences(items, layout, seed, said)
    rows = [{"prompt": row["prompt"], "completion": row["chosen"], "label": True} for row in pairs]
    rows += [
        {"prompt": pairs[k]["prompt"], "completion": pairs[k]["rejected"], "label": False}
        for k in missed or range(len(pairs))
    ]
    return [rows[k] for k in np.random.default_rng(seed).permutation(len(rows))]


def _is_wrong(item: Item, reply: str) -> bool:
    own = reply.strip()
    return bool(own) and (score(item, own).value or 0.0) <= 0


def _one_wrong(items: Sequence[Item], seed: int, said: Sequence[str]) -> list[str]:
    draw, out = np.random.default_rng(seed), []
    for item, reply in zip(items, said, strict=True):
        others = [items[k] for k in draw.integers(len(items), size=8)]
        found = [reply.strip()] if _is_wrong(item, reply) else wrong_replies(item, others)
        found = found or wrong_replies(item, items)
        if not found:
            raise InvalidData(
                f"no wrong reply to the item {item.id!r} is known: give it near misses, or items whose answers differ"
            )
        out.append(found[int(draw.integers(len(found)))])
    return out
