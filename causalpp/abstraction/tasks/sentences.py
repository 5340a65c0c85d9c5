"""Entailment with negation: one word of a sentence is exchanged for a wider or a narrower one.

After MoNLI (Geiger, Richardson & Potts 2020, *Neural natural language inference models partially embed theories of
lexical entailment and negation*); the words and sentences here are our own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from causalpp.abstraction.sites import Site
from causalpp.abstraction.tasks.network import Reader, WordMlp
from causalpp.abstraction.tasks.task import Task, computed
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["entailment", "entailment_sentences"]

_INPUTS = ("pair", "order", "negated", "frame")
_KINDS = {
    "tree": "oak birch willow maple",
    "flower": "rose tulip daisy orchid",
    "bird": "sparrow owl heron finch",
    "fish": "trout carp herring eel",
    "tool": "hammer saw wrench chisel",
    "fruit": "pear plum cherry mango",
    "vehicle": "truck tractor bicycle tram",
    "instrument": "flute cello trumpet harp",
    "drink": "tea cider lemonade milk",
    "garment": "coat scarf shirt skirt",
    "insect": "beetle moth wasp ant",
    "vessel": "canoe ferry yacht barge",
}  # a wider word: four narrower ones
_PAIRS = tuple((narrow, wide) for wide, words in _KINDS.items() for narrow in words.split())
_PEOPLE, _DOINGS = ("woman", "boy", "neighbour"), ("painting", "describing", "watching", "naming")
_FRAMES = tuple(f"the {who} is {{}} {what} the {{}}" for who in _PEOPLE for what in _DOINGS)
_START, _THEN = "<start>", "<then>"


def entailment() -> Task:
    """Does the first sentence entail the second?  They differ in one word, and both may be negated.

    *The boy is not painting the tree* entails *the boy is not painting the oak*; without *not* it is the other way
    round.  The inputs are the number of the pair of words, whether the wider word comes first (``order``), whether the
    sentences are negated, and which sentence it is.  The program computes ``relation``, which of the two words is the
    wider one, and from it and the negation the ``label``: 0 for entailment, 1 for none.  The other program has the
    label where that one has the relation.

    Example:
        >>> task = entailment()
        >>> task
        Task('entailment': pair, order, negated, frame → relation → label)
        >>> frame = task.draw(1, np.random.default_rng(1))
        >>> entailment_sentences(frame)
        [('the neighbour is not naming the fruit', 'the neighbour is not naming the cherry')]
        >>> task.labels(frame).tolist(), task.accuracy(task.by_hand())
        ([0], 1.0)
    """
    return Task(
        name="entailment",
        program=_program(early=False),
        others={"label at once": _program(early=True)},
        inputs=_INPUTS,
        outcome="label",
        draw=_draw,
        encode=_encode,
        fresh=lambda seed: Reader(len(_words()), _LENGTH, 2, seed=seed).eval(),
        by_hand=_by_hand,
        sites={"relation": Site("layers.0", slice(0, 1))},
        steps=1500,
        batch_size=128,
        learning_rate=5e-3,
    )


def _unlike(one: Tensor, other: Tensor) -> Tensor:
    return (one != other).long()


def _same(one: Tensor) -> Tensor:
    return one


def _program(*, early: bool) -> CausalProgram:
    inputs = {"pair": len(_PAIRS), "order": 2, "negated": 2, "frame": len(_FRAMES)}
    if early:
        return computed(inputs, relation=(_unlike, ("order", "negated"), 2), label=(_same, ("relation",), 2))
    return computed(inputs, relation=(_same, ("order",), 2), label=(_unlike, ("relation", "negated"), 2))


def _draw(n: int, draw: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    sizes = (len(_PAIRS), 2, 2, len(_FRAMES))
    return pd.DataFrame({name: draw.integers(0, size, n) for name, size in zip(_INPUTS, sizes, strict=True)})


def entailment_sentences(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """The two sentences of each row, for a model that reads text."""
    found = []
    for pair, order, negated, number in frame[list(_INPUTS)].to_numpy(dtype=np.int64).tolist():
        words = _PAIRS[pair][::-1] if order else _PAIRS[pair]
        one, other = (_FRAMES[number].format("not" if negated else "now", word) for word in words)
        found.append((one, other))
    return found


@cache
def _words() -> dict[str, int]:
    known = [_START, _THEN, "not", "now", *" ".join(_FRAMES).replace("{}", "").split(), *_KINDS]
    known += [narrow for narrow, _ in _PAIRS]
    return {word: number for number, word in enumerate(dict.fromkeys(known))}


_LENGTH = 2 + 2 * len(_FRAMES[0].split())
_NOT, _FIRST = 1 + 3, len(_FRAMES[0].split())  # where "not" and the first sentence's word stand


def _encode(frame: pd.DataFrame) -> Tensor:
    words = _words()
    texts = ([_START, *one.split(), _THEN, *other.split()] for one, other in entailment_sentences(frame))
    return torch.tensor([[words[word] for word in text] for text in texts]).reshape(-1, _LENGTH)


def _by_hand() -> WordMlp:
    """Words say whether they are wide and whether they are *not*; the rest is an exclusive or."""
    words = _words()
    network = WordMlp(len(words), _LENGTH, 2, (2, 3), 2)
    network.clear()
    with torch.no_grad():
        network.embedding.weight[[words[wide] for wide in _KINDS], 0] = 1.0
        network.embedding.weight[words["not"], 1] = 1.0
    network.write(0, 0, {2 * _FIRST: 1.0})
    network.write(0, 1, {2 * _NOT + 1: 1.0})
    network.write(1, 0, {0: 1.0})
    network.write(1, 1, {1: 1.0})
    network.write(1, 2, {0: 1.0, 1: 1.0}, -1.0)
    network.write(-1, 1, {0: 1.0, 1: 1.0, 2: -2.0}, -0.5)
    return network
