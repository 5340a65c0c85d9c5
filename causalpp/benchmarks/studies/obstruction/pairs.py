"""Pairs of questions that are nearly alike, beside pairs that differ as much and mean the same.

Every pair begins with an item of Corr2Cause whose premise says one sentence a pair of variables.  The kinds:

================  =======================================================================================
``edge``          one edge of the graph changed and the premise written anew: the same hypothesis, the other answer
``relation``      the same premise, another hypothesis about the same two variables, the other answer
``reversed``      the same premise, "a directly causes b" and "b directly causes a"
``member``        two members of the class, in one of which the hypothesis is true: a premise tells of neither, so the
                  texts are one
``edge-control``  the premise edited by as many tokens as in ``edge``, by other orders of its sentences and of the two
                  names in each, so that it says the same; ``relation-control`` likewise
``reworded``      control of edge: as many tokens replaced as there differ, by words that mean the same
``swapped``       control of reversed: two names change places in one sentence of the premise, which says the same
``mirrored``      control of reversed at the same place: two names change places in "a common cause of a and b"
``renamed``       control: the names dealt anew, in premise and hypothesis
``random``        control: an item about another class of as many variables
================  =======================================================================================

About what a loop asks instead, ``local-reversed``, ``local-swapped`` and ``local-member`` are the same for "does
setting a change b?"; ``both-swapped`` goes with ``reversed`` and ``swapped``: the reversed hypothesis after the edited
premise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from causalpp import tasks
from causalpp.benchmarks.keys import seed_of
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass, from_premise
from causalpp.kernels import edit_distance, shared_tokens
from causalpp.propositions import Causes
from causalpp.tasks import RELATIONS, Corr2CauseItem

__all__ = [
    "CONTROLS",
    "KINDS",
    "LOOP",
    "MATCHED",
    "NEAR",
    "TextPair",
    "irrelevant",
    "local_prompt",
    "pairs_of",
    "reworded",
    "words_of",
]

#: Pairs whose answers differ, and pairs that mean the same or have nothing to do with each other.
NEAR = ("edge", "relation", "reversed", "member")
CONTROLS = ("edge-control", "relation-control", "swapped", "mirrored", "reworded", "renamed", "random")
LOOP = ("local-reversed", "local-member", "local-swapped", "both-swapped")
KINDS = (*NEAR, *CONTROLS, *LOOP)

#: Near misses and the controls that differ in as many tokens.
MATCHED = (
    ("edge", "edge-control"),
    ("edge", "reworded"),
    ("relation", "relation-control"),
    ("reversed", "swapped"),
    ("reversed", "mirrored"),
    ("local-reversed", "local-swapped"),
)

#: Words around premise and hypothesis, each with one that means the same there.
_SYNONYMS = (
    ("Suppose", "Assume"), ("closed", "fixed"), ("following", "below"), ("determines", "settles"),
    ("relations", "links"), ("among", "between"), ("hold", "stand"), ("every", "each"), ("agrees", "fits"),
    ("Answer", "Reply"), ("statistical", "stochastic"), ("system", "set"), ("variables", "quantities"),
    ("causal", "directed"),
)  # fmt: skip
_TRIES = 40  # edits looked at for one that is as long as wanted
_NAME = r"(V\d+|[A-Z])"
_TURNED = (
    (re.compile(rf"^(However, )?{_NAME} correlates with {_NAME}( .*)?$"), "{0}{2} correlates with {1}{3}"),
    (re.compile(rf"^(However, )?{_NAME} is independent of {_NAME}( .*)?$"), "{0}{2} is independent of {1}{3}"),
    (re.compile(rf"^(However, )?{_NAME} and {_NAME} are independent( .*)?$"), "{0}{2} and {1} are independent{3}"),
)


@dataclass(frozen=True)
class TextPair:
    """Two prompts, and how far they are apart as texts and as graphs.

    Attributes:
        kind: one of :data:`KINDS`.
        base: the item that the pair begins with: pairs of one base are not independent.
        n: variables.
        left, right: the prompts.
        left_answer, right_answer: what is right; of ``member`` in the one and in the other graph.
        tokens: the share of the tokens that both have, as often; from 0 to 1.
        edits: tokens that have to be put in, taken out or replaced to get from one to the other.
        length: tokens of the longer.
        shd: the structural Hamming distance of the two classes; of ``member`` that of the two graphs.
    """

    kind: str
    base: str
    n: int
    left: str
    right: str
    left_answer: bool
    right_answer: bool
    tokens: float
    edits: int
    length: int
    shd: int

    @property
    def differs(self) -> bool:
        """Whether the answers differ."""
        return self.left_answer != self.right_answer

    def to_dict(self) -> dict[str, Any]:
        """As plain values, without the prompts."""
        return {name: value for name, value in asdict(self).items() if name not in ("left", "right")}


def pairs_of(sizes: Sequence[int], bases: int, *, seed: int = 0, without: Iterable[str] = ()) -> list[TextPair]:
    """Pairs of every kind about as many classes of each size as asked, where there are so many.

    Args:
        sizes: numbers of variables, from 4 on.
        bases: classes of each size.
        seed: of everything.
        without: groups of items (see :class:`~causalpp.tasks.Item`) that are not to be taken, such as those of a
            training set.

    Example:
        >>> found = pairs_of([4], 2, seed=1)
        >>> sorted({pair.kind for pair in found}) == sorted(KINDS)
        True
        >>> swapped = next(pair for pair in found if pair.kind == "swapped")
        >>> swapped.edits, swapped.tokens, swapped.shd, swapped.differs
        (2, 1.0, 0, False)
    """
    out: list[TextPair] = []
    for n in sizes:
        made = tasks.generate(
            n, rows=10 * bases, seed=seed_of(seed, "pairs", n), per_class=2, near_misses=1.0, premises="determining"
        )
        items = {item.id: item for item in made.items}
        used = set(without)
        some: list[tuple[Corr2CauseItem, Corr2CauseItem]] = []
        for item in made.items:
            partner = items.get(item.pair)
            if partner is not None and partner.premise != item.premise and not {item.group, partner.group} & used:
                used |= {item.group, partner.group}
                some.append((item, partner) if len(some) % 2 == item.label else (partner, item))
        some = some[:bases]
        for number, (item, partner) in enumerate(some):
            other = some[(number + 1) % len(some)][0] if len(some) > 1 else partner
            out += _about(item, partner, other, seed)
    return out


def _about(item: Corr2CauseItem, partner: Corr2CauseItem, other: Corr2CauseItem, seed: int) -> Iterator[TextPair]:
    """The pairs that begin with one item, near misses first."""
    draw = np.random.default_rng(seed_of(seed, item.premise, item.hypothesis))
    cpdag = _class_of(item.premise)
    mec = MarkovEquivalenceClass.from_cpdag(cpdag)

    def asked(relation: str, a: str, b: str, premise: str = item.premise) -> Corr2CauseItem:
        label = mec.entails(tasks.hypothesis(relation, a, b, variables=item.variables))
        said = tasks.sentence_of(relation, a, b)
        return replace(
            item, premise=premise, hypothesis=said, relation=relation, a=a, b=b, label=label, wording=0, certificate={}
        )

    def pair(kind: str, left: Corr2CauseItem, right: Corr2CauseItem) -> TextPair:
        shd = 0 if left.premise == right.premise else _class_of(left.premise).distance(_class_of(right.premise)).shd
        return _pair(kind, item, left.prompt, right.prompt, bool(left.label), bool(right.label), shd)

    edge = pair("edge", item, partner)
    yield edge
    yield pair("edge-control", item, replace(item, premise=irrelevant(item.premise, edge.edits, draw)))
    others = [asked(relation, item.a, item.b) for relation in RELATIONS if relation != item.relation]
    if wrong := [one for one in others if one.label != item.label]:
        relation = pair("relation", item, wrong[int(draw.integers(len(wrong)))])
        yield relation
        yield pair("relation-control", item, replace(item, premise=irrelevant(item.premise, relation.edits, draw)))

    edges = cpdag.directed or cpdag.undirected
    a, b = edges[int(draw.integers(len(edges)))]
    forth, back, edited = asked("parent", a, b), asked("parent", b, a), irrelevant(item.premise, 2, draw)
    yield pair("reversed", forth, back)
    yield pair("swapped", forth, replace(forth, premise=edited))
    yield pair("both-swapped", back, replace(back, premise=edited))
    common = asked("confounder", a, b)
    yield pair("mirrored", common, replace(common, hypothesis=_turned_names(common.hypothesis, a, b)))
    replaced = round((1 - edge.tokens) * edge.length)
    yield _pair("reworded", item, item.prompt, reworded(item.prompt, replaced), bool(item.label), bool(item.label), 0)
    yield pair("renamed", item, next(one for k in range(64) if (one := tasks.relettered(item, seed + k)) != item))
    yield pair("random", item, other)

    def local(premise: str, cause: str, effect: str) -> tuple[str, bool]:
        return local_prompt(premise, cause, effect), mec.entails(Causes(cause, effect))

    (there, yes), (again, no), (swapped, _) = local(item.premise, a, b), local(item.premise, b, a), local(edited, a, b)
    yield _pair("local-reversed", item, there, again, yes, no, 0)
    yield _pair("local-swapped", item, there, swapped, yes, yes, 0)
    if cpdag.undirected:  # two members, one with a → b and one with b → a: as a premise tells them, they are one text
        a, b = cpdag.undirected[int(draw.integers(len(cpdag.undirected)))]
        members = mec.sample(64, seed=0)
        forward, turned = (next(dag for dag in members if way in dag.edges) for way in ((a, b), (b, a)))
        for kind, text in (("member", asked("parent", a, b).prompt), ("local-member", local(item.premise, a, b)[0])):
            yield _pair(kind, item, text, text, True, False, forward.distance(turned).shd)


def local_prompt(premise: str, cause: str, effect: str) -> str:
    """The local question whether an effect changes if a cause is set, as :class:`~causalpp.tasks.LocalItem` puts it."""
    return f"{premise}\n\n{Causes(cause, effect).question('intervention')} Answer yes or no."


def _pair(
    kind: str, item: Corr2CauseItem, left: str, right: str, left_answer: bool, right_answer: bool, shd: int
) -> TextPair:
    a, b = words_of(left), words_of(right)
    return TextPair(
        kind, f"{item.group}:{item.id}", len(item.variables), left, right, left_answer, right_answer,
        shared_tokens(a, b), edit_distance(a, b), max(len(a), len(b)), shd,
    )  # fmt: skip


def _turned_names(sentence: str, a: str, b: str) -> str:
    """A sentence with two names that change places."""
    return re.sub(rf"\b({re.escape(a)}|{re.escape(b)})\b", lambda found: b if found[0] == a else a, sentence)


def reworded(prompt: str, count: int) -> str:
    """A prompt in which about as many words as asked are replaced by others that mean the same, one at least.

    >>> reworded("Suppose there is a closed system.", 2)
    'Assume there is a fixed system.'
    """
    for word, other in _SYNONYMS:
        if count < 1 and word != _SYNONYMS[0][0]:
            break
        prompt, found = re.subn(rf"\b{word}\b", other, prompt)
        count -= found
    return prompt


def irrelevant(premise: str, edits: int, draw: np.random.Generator) -> str:
    """A premise that says the same, about as many tokens away as asked.

    Two names change places in some sentences, which are symmetric, and some sentences change places.

    Args:
        premise: as :func:`causalpp.tasks.premise_of` writes it.
        edits: wanted; there may be fewer or more where sentences are few.
        draw: of which sentences.
    """
    head, _, rest = premise.partition(": ")
    sentences = rest.rstrip(".").split(". ")
    old, best, least = words_of(premise), premise, edits
    cuts = next((k for k, text in enumerate(sentences) if text.startswith("However, ")), len(sentences))
    swaps = min(edits // 2, len(sentences))
    for attempt in range(_TRIES):
        count = swaps if attempt == 0 else int(draw.integers(swaps + 1))
        turned = set(draw.permutation(len(sentences))[:count].tolist())
        said = [_turned(text) if k in turned else text for k, text in enumerate(sentences)]
        moved = [*range(len(said))]
        for low, high in ((0, cuts), (cuts, len(said))):
            if attempt and edits > 2 and high - low > 1:
                some = np.sort(draw.permutation(np.arange(low, high))[: int(draw.integers(high - low + 1))])
                for place, source in zip(some.tolist(), draw.permutation(some).tolist(), strict=True):
                    moved[place] = source
        bare = [text.removeprefix("However, ") for text in said]
        ordered = [("However, " if k == cuts else "") + bare[source] for k, source in enumerate(moved)]
        text = f"{head}: {'. '.join(ordered)}."
        off = abs(edit_distance(old, words_of(text)) - edits)
        if text != premise and (best == premise or off < least):
            best, least = text, off
        if best != premise and not least:
            break
    return best


def _turned(sentence: str) -> str:
    for pattern, form in _TURNED:
        if found := pattern.match(sentence):
            return form.format(*(part or "" for part in found.groups()))
    return sentence


@lru_cache(maxsize=4096)
def _class_of(premise: str) -> Cpdag:
    return from_premise(premise)


@lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """Words and signs: tokens that depend on no model.

    >>> words_of("A causes B.")
    ('A', 'causes', 'B', '.')
    """
    return tuple(re.findall(r"\w+|[^\w\s]", text))
