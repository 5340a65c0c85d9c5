"""Stories: what acts on what, a sentence for every link; one link is asked about, or the graph as a whole.

Members of one class share every independence, so that no reader of a premise tells them apart.  A story says what a
premise cannot: which way each link acts.  A question about one link asks for one of its sentences; a hypothesis about
two variables that are not linked asks for several, and for what follows from them.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, ClassVar, Literal, Self

from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles.prompts import Writer
from causalpp.propositions import Causes, DirectlyCauses, HaveCommonCause, Proposition
from causalpp.propositions import from_dict as proposition_from
from causalpp.tasks._random import Source
from causalpp.tasks.items.benchmark import Benchmark
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.scorers import YesNo

__all__ = ["StoryItem", "hypotheses", "stories"]

_ONE = 1 << 20
_WORDINGS = ("{a} drives {b}.", "{a} moves {b}.", "{a} changes {b}.")


@dataclass(frozen=True)
class StoryItem(Item):
    """A question about the graph that a story tells.

    Attributes:
        id: unique in its set.
        story: a sentence for every edge, in one line.
        proposition: what is asked.
        answer: whether it is true; None if whoever answers is not to know it.
        edges: of the graph.
        variables: in an order that says nothing.
        prompt: as a :class:`~causalpp.LanguageModelOracle` puts the question that is given the story as ``context``,
            no ``system`` text, and yes and no as ``labels``.
        target: made of the answer.
    """

    prompt: str = field(init=False, repr=False, compare=False)
    target: Target = field(init=False, repr=False, compare=False)
    story: str
    proposition: Proposition
    answer: bool | None
    edges: tuple[tuple[str, str], ...]
    variables: tuple[str, ...]

    stored: ClassVar[tuple[str, ...]] = (
        "id", "story", "proposition", "answer", "edges", "variables", "group", "split", "about",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = ("story",)
    needed: ClassVar[tuple[str, ...]] = stored[:6]
    title: ClassVar[str] = "Stories"

    def __post_init__(self) -> None:
        writer = Writer(context=self.story, system="", labels=("yes", "no"))
        style = "intervention" if isinstance(self.proposition, DirectlyCauses) else "plain"
        object.__setattr__(self, "prompt", writer.prompt(self.proposition, style).user)
        object.__setattr__(self, "target", Target(self.answer, YesNo()))

    @property
    def dag(self) -> Dag:
        """The graph."""
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
        read = {"proposition": proposition_from(values["proposition"]), "variables": tuple(values["variables"])}
        return {**values, **read, "edges": edges}


def stories(
    graphs: int = 500,
    *,
    ask: Literal["link", "graph"] = "link",
    pairs: int = 1,
    variables: Sequence[int] = (4, 5, 6),
    degree: float = 1.7,
    names: Sequence[str] = tuple(string.ascii_uppercase[:12]),
    seed: int = 0,
) -> Benchmark[StoryItem]:
    """Questions about stories: of one link, or of the graph as a whole; as many answers are yes as no.

    The same seed gives the same stories to both kinds of question.

    Args:
        graphs: how many stories.
        ask: ``"link"``: *if we set A while holding everything else fixed, does B change?*, of two linked variables;
            ``"graph"``: *does A cause B?* or *do A and B have a common cause?*, of two that are not linked.
        pairs: of questions about each story, one answered yes and one no; fewer where a graph has fewer.
        variables: how many each graph has, in turn.
        degree: links of a variable, on average.
        names: of which each graph's variables are drawn.
        seed: of all that is drawn.

    Raises:
        InvalidParameter: no graphs or questions, fewer than three variables or fewer names than variables.

    Example:
        >>> for ask in ("link", "graph"):
        ...     item = stories(1, ask=ask, variables=(4,), seed=6).items[0]
        ...     print(item.story, "|", item.proposition.question(), item.answer)
        Known. J moves B. K changes J. H moves B. | Does J directly cause B? True
        Known. J moves B. K changes J. H moves B. | Does K cause B? True
    """
    if graphs < 1 or pairs < 1 or not variables or min(variables) < 3 or seed < 0 or not degree > 0:
        raise InvalidParameter("graphs and pairs are from 1 on, variables from 3 on, seed from 0 on, degree is above 0")
    if max(variables) > len(set(names)):
        raise InvalidParameter(f"{max(variables)} variables need as many names, and there are {len(set(names))}")
    if ask not in ("link", "graph"):
        raise InvalidParameter(f"what is asked about is a 'link' or the 'graph', got {ask!r}")
    found: list[StoryItem] = []
    for number in range(graphs):
        dag, story = _told(variables[number % len(variables)], degree, names, Source(seed, number))
        found += _asked(dag, story, ask, pairs, f"story-{seed}-{number}", Source(seed, number, 1))
    about = {"graphs": graphs, "ask": ask, "pairs": pairs, "variables": list(variables), "degree": degree}
    return Benchmark(tuple(found), {**about, "names": "".join(names), "seed": seed})


def hypotheses(dag: Dag) -> list[Proposition]:
    """What ``ask="graph"`` asks about: causes and common causes of pairs that are not linked.

    Example:
        >>> len(hypotheses(Dag.from_edges([("A", "B"), ("B", "C")])))
        3
    """
    linked = {frozenset(edge) for edge in dag.edges}
    apart = [(a, b) for a, b in combinations(sorted(dag.nodes), 2) if frozenset((a, b)) not in linked]
    return [asked for a, b in apart for asked in (Causes(a, b), Causes(b, a), HaveCommonCause(a, b))]


def _told(d: int, degree: float, names: Sequence[str], draw: Source) -> tuple[Dag, str]:
    """A random graph with two edges at least, and its story."""
    while True:
        known = [names[k] for k in draw.order(len(names))[:d]]
        share = min(1.0, degree / (d - 1)) * _ONE
        edges = [(known[i], known[j]) for j in range(d) for i in range(j) if draw.below(_ONE) < share]
        if 1 < len(edges) < d * (d - 1) // 2:
            break
    said = [_WORDINGS[draw.below(len(_WORDINGS))].format(a=a, b=b) for a, b in edges]
    return Dag([known[k] for k in draw.order(d)], edges), " ".join(
        ["Known.", *(said[k] for k in draw.order(len(said)))]
    )


def _asked(dag: Dag, story: str, ask: str, pairs: int, group: str, draw: Source) -> Iterator[StoryItem]:
    if ask == "link":
        listed: list[Proposition] = [DirectlyCauses(*pair) for a, b in dag.edges for pair in ((a, b), (b, a))]
    else:
        listed = hypotheses(dag)
    found: dict[bool, list[Proposition]] = {True: [], False: []}
    for k in draw.order(len(listed)):
        truth = listed[k].holds(dag)
        if len(found[truth]) < pairs:
            found[truth].append(listed[k])
        elif len(found[not truth]) >= pairs:
            break
    for k, (yes, no) in enumerate(zip(found[True], found[False], strict=False)):
        for asked, answer in ((yes, True), (no, False)):
            name = f"{group}-{ask}-{k}-{'yes' if answer else 'no'}"
            yield StoryItem(name, story, asked, answer, dag.edges, dag.nodes, group=group)
