"""Worlds with known answers: random graphs and the shipped networks, and the questions put about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from causalpp.equivalence import MarkovEquivalenceClass, premise
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, erdos_renyi
from causalpp.programs import load_network
from causalpp.propositions import Proposition, all_questions, truth_table

__all__ = ["World", "chosen", "decided", "make_worlds", "with_premises"]

_LONGEST = 15_000  # characters of a premise in a prompt


@dataclass(frozen=True)
class World:
    """A graph whose answers are known, and what an oracle may be told about it.

    Attributes:
        dag: the true graph.
        description: what the variables mean, without a word about the graph.
        seed: a number for the oracle's own randomness, different in every world.
        name: of a shipped network; empty for a random graph.
    """

    dag: Dag
    description: str
    seed: int = 0
    name: str = ""

    @classmethod
    def of(cls, source: World | Dag | str, seed: int = 0) -> World:
        """A world from a graph or from the name of a shipped network; a world stays what it is.

        Raises:
            UnknownNetwork: no such network.

        Example:
            >>> World.of("asia").dag.parents("dysp")
            ('bronc', 'either')
        """
        if isinstance(source, World):
            return source
        if isinstance(source, Dag):
            return cls(source, f"Variables: {', '.join(source.observed)}.", seed)
        program = load_network(source)
        return cls(program.dag, program.description, seed, program.card.name if program.card else source)

    @property
    def premise(self) -> str:
        """Everything that is and is not independent in the world, in English: what reasoning can start from.

        It determines the graph only up to its equivalence class.

        Raises:
            TooLarge: more than ten variables.
        """
        return premise(self.dag)


def make_worlds(
    worlds: int | Iterable[World | Dag | str], variables: int | Iterable[int], expected_degree: float, seed: int
) -> list[World]:
    """The worlds asked for: so many random ones, of all the sizes in turn, or the ones given.

    Raises:
        InvalidParameter: no worlds, or worlds of less than two variables.
    """
    if isinstance(worlds, (World, Dag, str)):
        worlds = [worlds]
    if isinstance(worlds, int):
        sizes = [variables] if isinstance(variables, int) else list(variables)
        if not sizes or min(sizes) < 2:
            raise InvalidParameter(f"a world needs two variables at least, got {sizes}")
        made = list(_random(worlds, sizes, expected_degree, seed))
    else:
        made = [World.of(source, _number(seed, i)) for i, source in enumerate(worlds)]
    if not made:
        raise InvalidParameter("there are no worlds to ask about")
    return made


def with_premises(worlds: Sequence[World]) -> list[World]:
    """The worlds whose premise is short enough for a prompt, with it as their description."""
    out = []
    for world in worlds:
        try:
            text = world.premise
        except TooLarge:
            continue
        if len(text) <= _LONGEST:
            out.append(replace(world, description=text))
    return out


def decided(world: World) -> Callable[[Proposition], bool]:
    """Whether a question follows, or its denial does, from the world's premise."""
    found = MarkovEquivalenceClass.from_dag(world.dag)
    return lambda question: found.decide(question).kind != "open"


def _random(count: int, sizes: Sequence[int], expected_degree: float, seed: int) -> Iterator[World]:
    for i in range(count):
        d = sizes[i % len(sizes)]
        number = _number(seed, i)
        dag = erdos_renyi(d, expected_degree=min(expected_degree, d - 1), seed=number)[0]
        yield World.of(dag, number)


def _number(seed: int, i: int) -> int:
    return int(np.random.SeedSequence([seed, i]).generate_state(1)[0])


def chosen(
    world: World,
    kinds: Sequence[str | type[Proposition]],
    count: int,
    conditioning: int,
    known: Callable[[Proposition], bool] = lambda question: True,  # noqa: ARG005
) -> list[tuple[Proposition, bool]]:
    """Questions with their true answers: of every kind so many, half of them true where there are enough.

    Only questions that are ``known`` are taken.
    """
    source = np.random.default_rng([world.seed, 1])
    graphs = DagBatch.from_dags([world.dag])
    out: list[tuple[Proposition, bool]] = []
    for kind in dict.fromkeys(kinds):
        questions = all_questions(world.dag.observed, kinds=[kind], conditioning=conditioning)
        truth = truth_table(questions, graphs)[0].numpy()
        order = source.permutation(len(questions))
        # An odd one is true or false by chance; what one side lacks the other does not make up for.
        odd = int(source.integers(2))
        picked: list[int] = []
        for wanted, limit in ((True, (count + odd) // 2), (False, (count + 1 - odd) // 2)):
            fitting = (int(i) for i in order if truth[i] == wanted and known(questions[i]))
            picked += islice(fitting, limit)
        out += [(questions[i], bool(truth[i])) for i in sorted(picked)]
    return out
