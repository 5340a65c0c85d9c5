"""Local questions about interventions, with their true answers in one graph of the class that stays hidden.

A premise leaves open which graph of its class is the true one; questions such as "Does A cause B?" or "If we set A
while holding C fixed, does B change?" tell the graphs apart.  This set asks them one at a time and knows the answers,
so it measures what the loop around a model relies on: how often the model is right about one local question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import networkx as nx

from causalpp.equivalence import MarkovEquivalenceClass, from_premise
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.propositions import Changes, Proposition, all_questions
from causalpp.propositions import from_dict as proposition_from
from causalpp.tasks._random import Source
from causalpp.tasks.corr2cause.item import Corr2CauseItem
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.scorers import YesNo

__all__ = ["LocalItem", "interventional_set"]

_TRIES = 60  # questions looked at for each that is wanted


@dataclass(frozen=True)
class LocalItem(Item):
    """One local question about the hidden graph behind a premise.

    Attributes:
        id: unique in its set.
        premise: what is known: the class.
        question: in English, as it may be put to a model.
        proposition: what is asked.
        answer: the truth in the hidden graph; None if whoever answers is not to know it.
        decided: whether the premise alone decides it; if not, only knowledge of the variables, or an experiment, can.
        edges: of the hidden graph.
        variables: in the order of the premise.
        prompt, target: made of premise, question and answer.
        group, split: as for every :class:`~causalpp.tasks.Item`.
        about: the kind of question, and how many edges apart the two variables are in the skeleton.
    """

    prompt: str = field(init=False, repr=False, compare=False)
    target: Target = field(init=False, repr=False, compare=False)
    premise: str
    question: str
    proposition: Proposition
    answer: bool | None
    decided: bool
    edges: tuple[tuple[str, str], ...]
    variables: tuple[str, ...]

    stored: ClassVar[tuple[str, ...]] = (
        "id", "premise", "question", "proposition", "answer", "decided", "edges", "variables", "group", "split",
        "about",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = ("proposition",)
    needed: ClassVar[tuple[str, ...]] = stored[:8]
    title: ClassVar[str] = "Local questions"

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", f"{self.premise}\n\n{self.question} Answer yes or no.")
        object.__setattr__(self, "target", Target(self.answer, YesNo()))

    @property
    def dag(self) -> Dag:
        """The hidden graph."""
        return Dag(self.variables, self.edges)

    @property
    def size(self) -> int | None:
        return len(self.variables)

    @property
    def topic(self) -> str:
        return type(self.proposition).__name__

    @property
    def facts(self) -> dict[str, Any]:
        return {"relation": self.topic}

    def blind(self) -> Self:
        return replace(self, answer=None, edges=())

    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        edges = tuple((str(a), str(b)) for a, b in values["edges"])
        read = {"proposition": proposition_from(values["proposition"]), "edges": edges}
        return {**values, **read, "variables": tuple(values["variables"])}


def interventional_set(
    items: Iterable[Corr2CauseItem],
    *,
    kinds: Sequence[str] = ("Causes", "DirectlyCauses", "Changes"),
    per_kind: int = 4,
    conditioning: int = 1,
    style: str = "intervention",
    seed: int = 0,
) -> list[LocalItem]:
    """Local questions about one hidden graph of each class that the items are about.

    Args:
        items: their premises are asked about, each once.
        kinds: of questions, see :func:`causalpp.propositions.all_questions`.
        per_kind: how many of each kind about each graph: half of them true, where there are enough.
        conditioning: how many variables a ``Changes`` question holds fixed.
        style: of the questions, one of :data:`causalpp.propositions.STYLES`.
        seed: of the graphs and the questions.

    Raises:
        InvalidParameter: an unknown kind or style, or a number below one.

    Example:
        >>> from causalpp.tasks import generate
        >>> asked = interventional_set(generate(7, rows=12, seed=0), per_kind=2)
        >>> all(item.proposition.holds(item.dag) == item.answer for item in asked)
        True
    """
    if per_kind < 1 or conditioning < 1 or seed < 0:
        raise InvalidParameter("per_kind and conditioning are numbers from 1 on, and seed from 0 on")
    seen: dict[str, Corr2CauseItem] = {}
    for item in items:
        seen.setdefault(item.premise, item)
    out: list[LocalItem] = []
    for number, item in enumerate(seen.values()):
        out += _about_one(item, number, kinds, per_kind, conditioning, style, seed)
    return out


def _about_one(
    item: Corr2CauseItem, number: int, kinds: Sequence[str], per_kind: int, conditioning: int, style: str, seed: int
) -> Iterator[LocalItem]:
    random = Source(seed, number)
    mec = MarkovEquivalenceClass.from_cpdag(from_premise(item.premise))
    dag = mec.sample(1, seed=random.below(2**32))[0]
    apart = dict(nx.all_pairs_shortest_path_length(nx.Graph(dag.edges)))  # whatever the direction of the edges
    k = 0
    for kind in kinds:
        for p, answer in _drawn(dag, kind, per_kind, conditioning, random):
            a, b = (p.do, p.outcome) if isinstance(p, Changes) else p.variables[:2]
            yield LocalItem(
                id=f"{item.id}-q{k}",
                premise=item.premise,
                question=p.question(style),
                proposition=p,
                answer=answer,
                decided=mec.decide(p).kind != "open",
                edges=dag.edges,
                variables=dag.nodes,
                group=item.group,
                split=item.split,
                about={"kind": kind, "distance": apart.get(a, {}).get(b, -1), "style": style, "seed": seed},
            )
            k += 1


def _drawn(dag: Dag, kind: str, count: int, conditioning: int, random: Source) -> list[tuple[Proposition, bool]]:
    """Questions of one kind with their answers, half of them true where there are enough."""
    questions = _questions(dag.nodes, kind, conditioning)
    odd = random.below(2)
    wanted = {True: (count + odd) // 2, False: (count + 1 - odd) // 2}
    out: list[tuple[Proposition, bool]] = []
    for k in random.order(len(questions))[: _TRIES * count]:
        answer = questions[k].holds(dag)
        if wanted[answer]:
            wanted[answer] -= 1
            out.append((questions[k], answer))
        if not any(wanted.values()):
            break
    return out


@lru_cache(maxsize=32)
def _questions(names: tuple[str, ...], kind: str, conditioning: int) -> tuple[Proposition, ...]:
    found = all_questions(names, kinds=[kind], conditioning=conditioning)
    # With nothing held fixed, Changes says what Causes says.
    return tuple(p for p in found if not isinstance(p, Changes) or p.holding) or found
