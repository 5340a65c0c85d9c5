"""Worlds with known answers: random graphs and the shipped networks, and the questions put about them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from causalpp.equivalence import MarkovEquivalenceClass, premise
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Admg, Dag, DagBatch, Knowledge, Mpdag, erdos_renyi, read_graph
from causalpp.programs import Card, load_network, network_names
from causalpp.propositions import Causes, Proposition, all_questions, truth_table

__all__ = ["Source", "World", "chosen", "decided", "make_worlds", "with_premises"]

#: What a world can be made of; see :meth:`World.of`.
Source: TypeAlias = "World | Dag | Mpdag | Admg | Knowledge | str | os.PathLike[str] | Sequence[tuple[str, str]]"

_LONGEST = 15_000  # characters of a premise in a prompt


@dataclass(frozen=True)
class World:
    """A graph whose answers are known, and what an oracle may be told about it.

    Attributes:
        dag: the true graph, or the edges that are known.
        description: what the variables mean, without a word about the graph.
        seed: a number for the oracle's own randomness, different in every world.
        name: of a shipped network, or of a file without its suffix; empty for a graph given as such.
        card: what is known of a shipped network, variable by variable.
        complete: whether the graph is all there is.  Otherwise only its edges are known: that there is a directed path
            is then known where they make one, and that there is none only against their direction.
    """

    dag: Dag
    description: str
    seed: int = 0
    name: str = ""
    card: Card | None = field(default=None, repr=False, compare=False)
    complete: bool = True

    @classmethod
    def of(cls, source: Source, seed: int = 0) -> World:
        """A world from something whose answers are known; a world stays what it is.

        Args:
            source: the name of a shipped network; a graph, or a file that
                :func:`~causalpp.graphs.read_graph` reads; or edges that are known, as a
                :class:`~causalpp.graphs.Knowledge` or as pairs.  Of the graph of a class the directed edges are known.
            seed: of the world.

        Raises:
            UnknownNetwork: no such network, and no such file.
            FormatError, InvalidGraph: the file cannot be read.
            InvalidParameter: a graph with bidirected edges, or knowledge that requires no edge.

        Example:
            >>> World.of("asia").dag.parents("dysp")
            ('bronc', 'either')
            >>> World.of([("smoke", "tar")])
            World(dag=Dag('smoke → tar'), description='Variables: smoke, tar.', seed=0, name='', complete=False)
        """
        if isinstance(source, World):
            return source
        if isinstance(source, str) and (source.casefold() in network_names() or not Path(source).exists()):
            program = load_network(source)
            name = program.card.name if program.card else source
            return cls(program.dag, program.description, seed, name, program.card)
        if isinstance(source, (str, os.PathLike)):
            path = Path(source)
            name = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).stem
            return replace(cls._known(read_graph(path), seed), name=name)
        return cls._known(source, seed)

    @classmethod
    def _known(cls, source: Dag | Mpdag | Admg | Knowledge | Iterable[tuple[str, str]], seed: int) -> World:
        if isinstance(source, Admg):
            raise InvalidParameter(
                "a graph with bidirected edges does not say what its latent variables cause: give a Dag, in which they "
                "are latent, or the edges that are known"
            )
        if isinstance(source, (Dag, Mpdag)):
            dag = source if isinstance(source, Dag) else Dag(source.nodes, source.directed)
            complete = isinstance(source, Dag)
        else:
            known = source if isinstance(source, Knowledge) else Knowledge(required=source)
            dag, complete = Dag.from_edges(known.required), False
        if not complete and not dag.edges:
            raise InvalidParameter("nothing is known of what causes what here: no directed edge is given")
        return cls(dag, _listed(dag), seed, complete=complete)

    @property
    def context(self) -> Card | str:
        """What a language model is told: the description, or what lets its prompts list variables in their own order.

        A list of names stands in every prompt anyway.
        """
        if self.card is not None:
            return self.card
        return "" if self.description == _listed(self.dag) else self.description

    @property
    def premise(self) -> str:
        """Everything that is and is not independent in the world, in English: what reasoning can start from.

        It determines the graph only up to its equivalence class.

        Raises:
            TooLarge: more than ten variables.
        """
        return premise(self.dag)


def _listed(dag: Dag) -> str:
    return f"Variables: {', '.join(dag.observed)}."


def make_worlds(
    worlds: int | Source | Iterable[Source], variables: int | Iterable[int], expected_degree: float, seed: int
) -> list[World]:
    """The worlds asked for: so many random ones, of all the sizes in turn, or the ones given.

    Raises:
        InvalidParameter: no worlds, or worlds of less than two variables.
    """
    if isinstance(worlds, (World, Dag, Mpdag, Admg, Knowledge, str, os.PathLike)):
        worlds = [worlds]
    if isinstance(worlds, int):
        sizes = [variables] if isinstance(variables, int) else list(variables)
        if not sizes or min(sizes) < 2:
            raise InvalidParameter(f"a world needs two variables at least, got {sizes}")
        made = list(_random(worlds, sizes, expected_degree, seed))
    else:
        listed: list[Any] = list(worlds)
        if listed and all(isinstance(one, tuple) for one in listed):  # edges, which are one world
            listed = [listed]
        made = [World.of(source, _number(seed, i)) for i, source in enumerate(listed)]
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
            out.append(replace(world, description=text, card=None))
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

    Raises:
        InvalidParameter: only edges are known of the world, and these do not answer questions of such a kind.
    """
    if not world.complete:
        paths, given = world.dag, known

        def known(question: Proposition) -> bool:
            a, b = question.variables[:2]
            return given(question) and (b in paths.descendants(a) or a in paths.descendants(b))

    source = np.random.default_rng([world.seed, 1])
    graphs = DagBatch.from_dags([world.dag])
    out: list[tuple[Proposition, bool]] = []
    for kind in dict.fromkeys(kinds):
        if not world.complete and kind not in (Causes, Causes.__name__):
            name = kind if isinstance(kind, str) else kind.__name__
            raise InvalidParameter(f"known edges answer questions of the kind Causes, not {name}: give the whole graph")
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
