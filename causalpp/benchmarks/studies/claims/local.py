"""Local questions in the loop against global questions: the same stories, the same model, as many examples.

The task, exactly.  A story tells every link of a graph, a sentence each, in drawn order.  The class of the graph is
known to the loop; members of one class share every independence, and the story says what these cannot.  *Local* is:
if we set A while holding everything else fixed, does B change? of two that are linked.  *Global* is a hypothesis: does
A cause B? do A and B have a common cause? of two that are not linked.  One encoder learns local questions about stories
of four to six variables, another as many global questions about the same stories, from the same weights to begin with.
Asked are hypotheses that the class leaves open, as many true as false, in stories of seven to twelve variables.  The
second answers them itself.  The first is the oracle of :func:`causalpp.discover`, which asks it about links until one
graph is probable enough; the hypothesis is then read off the belief.
"""

from __future__ import annotations

import json
import os
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from causalpp import training
from causalpp._files import write_text
from causalpp._progress import Progress
from causalpp.acbo import AcboConfig, discover
from causalpp.benchmarks.studies.claims.answers import Claim, claimed, shuffled
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.oracles import LanguageModelOracle, Oracle, SimulatedOracle
from causalpp.propositions import DirectlyCauses
from causalpp.tasks import Item, StoryItem, stories

__all__ = ["LOCAL_SOLVERS", "Asked", "hypotheses_asked", "local_study"]

#: Who answers hypotheses.  Loops differ in their oracle alone.
LOCAL_SOLVERS = (
    "local + loop", "local, no loop", "global", "class alone", "random member", "always no", "shuffled local + loop",
    "shuffled global", "untrained + loop", "untrained global", "truth + loop",
)  # fmt: skip
_LEARNERS = ("local + loop", "local, no loop", "global")
_LEAST, _MOST = 3, 300  # members of a class
_TEST_SEED = 1_000
_NAMES = string.ascii_uppercase[:12]
_LETTER = re.compile(rf"\b[{_NAMES}]\b")


@dataclass(frozen=True)
class Asked:
    """A story, its class, and hypotheses that the class leaves open.

    Attributes:
        mec: the class.
        items: the hypotheses, as many true as false.
    """

    mec: MarkovEquivalenceClass
    items: tuple[StoryItem, ...]


def hypotheses_asked(per_size: int, variables: Sequence[int], pairs: int = 2) -> list[Asked]:
    """So many stories of each size, with hypotheses that their classes leave open: ``pairs`` of each answer at most.

    Example:
        >>> asked = hypotheses_asked(1, [7])[0]
        >>> {asked.mec.decide(item.proposition).kind for item in asked.items}
        {'open'}
    """
    found: list[Asked] = []
    for n in variables:
        kept = 0
        for number in range(100 * per_size):
            made = stories(1, ask="graph", pairs=12, variables=(n,), seed=_TEST_SEED + 1_000 * n + number)
            one = _open(made.items, pairs) if made.items else None
            if one is not None:
                found.append(one)
                kept += 1
            if kept == per_size:
                break
        else:
            raise InvalidParameter(f"there are no {per_size} stories of {n} variables whose classes leave enough open")
    return found


def _open(items: Sequence[StoryItem], pairs: int) -> Asked | None:
    mec = MarkovEquivalenceClass.from_dag(items[0].dag)
    try:
        if not _LEAST <= mec.size <= _MOST:
            return None
        members = mec.batch(_MOST)
    except TooLarge:
        return None
    by_truth: dict[bool, list[StoryItem]] = {True: [], False: []}
    for item in items:
        holds = item.proposition.holds(members)
        if bool(holds.any()) and not bool(holds.all()):
            by_truth[bool(item.answer)].append(item)
    number = min(pairs, len(by_truth[True]), len(by_truth[False]))
    chosen = tuple(item for truth in (True, False) for item in by_truth[truth][:number])
    return Asked(mec, chosen) if number else None


def local_study(
    folder: str | os.PathLike[str],
    solvers: Sequence[str] = LOCAL_SOLVERS,
    *,
    graphs: int = 5000,
    steps: int = 1600,
    parameters: float = 2e5,
    learned: Sequence[int] = (4, 5, 6),
    variables: Sequence[int] = (6, 7, 8, 9, 10, 11, 12),
    per_size: int = 15,
    seeds: int = 3,
    progress: bool | None = None,
) -> Claim:
    """Train on local and on global questions, and have hypotheses answered by the loop and directly.

    Args:
        folder: for checkpoints and answers: the same call goes on from what is there.
        solvers: of :data:`LOCAL_SOLVERS`.
        graphs: stories to learn from, with two questions each.
        steps: of the optimiser, of 64 items.
        parameters: of a model.
        learned: how many variables the stories have that are learned from.
        variables: the same of those that are asked about.
        per_size: stories of each size, with up to four hypotheses each.
        seeds: trainings of each learner; of controls there is one, of a quarter of the steps.  More can be added later.
        progress: False shows no bar.

    Raises:
        InvalidParameter: an unknown solver; the folder holds another study.
    """
    for name in solvers:
        if name not in LOCAL_SOLVERS:
            raise InvalidParameter(f"unknown solver {name!r}: use {', '.join(LOCAL_SOLVERS)}")
    settings = {
        "name": "local", "graphs": graphs, "steps": steps, "parameters": parameters, "learned": list(learned),
        "variables": list(variables), "per_size": per_size,
    }  # fmt: skip
    place = Path(folder).expanduser()
    claimed(place, settings)
    school = _School(place, graphs, steps, parameters, tuple(learned), progress)
    tests: list[Asked] = []
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        for name in solvers:
            if seed and name not in _LEARNERS:
                continue
            kept = place / "answers" / f"{name.replace(' ', '-').replace(',', '')}-{seed}.json"
            if not kept.is_file():
                tests = tests or hypotheses_asked(per_size, variables)
                with Progress(name, len(tests), progress, after=1.0) as bar:
                    answer = _answerer(name, school, seed)
                    found = []
                    for asked in tests:
                        found += _rows(name, seed, asked, answer(asked))
                        bar.advance()
                kept.parent.mkdir(exist_ok=True)
                write_text(kept, json.dumps(found))
            rows += json.loads(kept.read_text(encoding="utf-8"))
    return Claim(tuple(rows), settings)


#: What is said of the hypotheses about one story: the probability that an answer is yes, or of being right; and more.
_Said = tuple[Sequence[float], Mapping[str, float]]


def _rows(name: str, seed: int, asked: Asked, said: _Said) -> list[dict[str, Any]]:
    chances, more = said
    n = len(asked.mec.nodes)
    return [
        {
            "solver": name, "test": f"{n}", "item": item.id, "group": item.group, "seed": seed,
            "relation": item.topic, "right": chance if item.answer else 1 - chance, **more,
        }
        for item, chance in zip(asked.items, chances, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True)
class _School:
    """Who learns what: the same stories, the same weights to begin with, as many items."""

    place: Path
    graphs: int
    steps: int
    parameters: float
    learned: tuple[int, ...]
    progress: bool | None

    def items(self, ask: Any, seed: int) -> list[Item]:
        """As many of either kind: where a graph has no hypotheses, stories that follow stand in for it."""
        wanted = 2 * self.graphs
        made = stories(self.graphs * (1 if ask == "link" else 2), ask=ask, variables=self.learned, seed=seed).items
        return list(made[:wanted])

    def taught(self, ask: Any, seed: int, *, control: str = "") -> Any:
        items = self.items(ask, seed)
        texts = [*training.texts_of(items[:400]), *training.texts_of(self.items_of_both(seed))]
        tokenizer = training.word_tokenizer(texts, also=_NAMES, blanks=False)
        begin = training.small_encoder(tokenizer, parameters=self.parameters, layers=4, seed=seed)
        if control == "untrained":
            return begin
        learn = shuffled(items, seed) if control == "shuffled" else items
        return training.classify(
            begin, learn, self.place / f"{control}{ask}-{seed}", vary=renamed, batch_size=64,
            steps=max(1, self.steps // 4) if control else self.steps,
            learning_rate=2e-3, save_every=200, seed=seed, progress=self.progress,
        )  # fmt: skip

    def items_of_both(self, seed: int) -> list[Item]:
        """Some items of both kinds, so that both learners have one and the same tokenizer."""
        return [item for ask in ("link", "graph") for item in stories(60, ask=ask, seed=seed).items]


def renamed(item: Item, time: int) -> Item:
    """An item with its letters exchanged, as it is shown for the time with this number."""
    order = np.random.default_rng([*item.id.encode(), time]).permutation(len(_NAMES))
    letters = {name: _NAMES[k] for name, k in zip(_NAMES, order.tolist(), strict=True)}
    return Item(item.id, _LETTER.sub(lambda found: letters[found[0]], item.prompt), item.target, group=item.group)


def _answerer(name: str, school: _School, seed: int) -> Callable[[Asked], _Said]:
    control = "shuffled" if name.startswith("shuffled") else "untrained" if name.startswith("untrained") else ""
    if name.endswith("global"):
        model = training.load_encoder(school.taught("graph", seed, control=control))
        return lambda asked: ([float(p > 0.5) for p in training.probabilities(model, asked.items)], {})
    if name == "truth + loop":
        return lambda asked: _looped(asked, SimulatedOracle(asked.items[0].dag, 0.0, seed), seed)
    if name.startswith("local") or control:
        backend = training.EncoderBackend(school.taught("link", seed, control=control))

        def oracle(asked: Asked) -> LanguageModelOracle:
            return LanguageModelOracle(
                backend, context=asked.items[0].story, system="", labels=("yes", "no"), wordings=["intervention"],
                progress=False,
            )  # fmt: skip

        if name == "local, no loop":
            return lambda asked: _unlooped(asked, oracle(asked))
        return lambda asked: _looped(asked, oracle(asked), seed)
    if name == "always no":
        return lambda asked: ([0.0] * len(asked.items), {})
    if name == "random member":
        return lambda asked: (_shares(asked), {})
    return lambda asked: ([float(share > 0.5) for share in _shares(asked)], {})


def _shares(asked: Asked) -> list[float]:
    """In which share of the class's members each hypothesis holds."""
    return [asked.mec.probability(item.proposition) for item in asked.items]


def _looped(asked: Asked, oracle: Oracle, seed: int) -> _Said:
    """What the loop says, asking about single links."""
    # The class is known for certain here, so that no graph beside it takes part, and only its links are asked about.
    result = discover(asked.mec, oracle, kinds="DirectlyCauses", seed=seed, config=AcboConfig(doubt=0.0))
    if result.interrupted:
        raise KeyboardInterrupt
    belief, truth = result.belief, asked.items[0].dag
    told = [bool(step.answer.question.holds(truth)) == step.answer.value for step in result.transcript]
    more = {"questions": float(len(told)), "local_right": float(np.mean(told)) if told else float("nan")}
    more["graph_right"] = float(result.graph == truth)
    return [float(belief.probability(item.proposition) > 0.5) for item in asked.items], more


def _unlooped(asked: Asked, oracle: Oracle) -> _Said:
    """What follows when every link of the class is turned as the oracle's two answers to it say, without a loop."""
    dag = asked.items[0].dag
    place = {name: k for k, name in enumerate(dag.nodes)}
    adjacency = torch.zeros((1, len(place), len(place)), dtype=torch.bool)
    links = [tuple(sorted(edge)) for edge in dag.edges]  # the links alone: the class has them
    answers = oracle.ask([DirectlyCauses(*pair) for a, b in links for pair in ((a, b), (b, a))])
    for (a, b), forth, back in zip(links, answers[::2], answers[1::2], strict=True):
        first, second = (a, b) if _odds(forth) >= _odds(back) else (b, a)
        adjacency[0, place[first], place[second]] = True
    graph = DagBatch.trusted(dag.nodes, adjacency)  # it may have a cycle: what is asked is whether there are paths
    return [float(bool(item.proposition.holds(graph)[0])) for item in asked.items], {}


def _odds(answer: Any) -> float:
    return float(answer.log_odds if answer.log_odds is not None else (1.0 if answer.value else -1.0))
