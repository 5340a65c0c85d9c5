"""Several oracles asked for the direction of the same pairs, in worlds whose answers are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from causalpp.crosscheck.asking import maker
from causalpp.crosscheck.calibration import counted
from causalpp.crosscheck.directions.answers import failures, rows
from causalpp.crosscheck.directions.result import DirectionCalibration
from causalpp.crosscheck.directions.scaling import Sizes, on_scale
from causalpp.crosscheck.directions.scores import check_enough
from causalpp.crosscheck.worlds import Source, World, make_worlds
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, OracleError
from causalpp.graphs import DagBatch
from causalpp.oracles import Answer, Oracle, Request, graded
from causalpp.propositions import Causes, Direction

__all__ = ["calibrate_directions", "check_worlds", "pairs_of"]

Asked: TypeAlias = "Oracle | Callable[[World], Oracle]"
_DIRECTED = 2 / 3  # of the pairs of a world at least, where there are so many


def calibrate_directions(
    oracles: Asked | Sequence[Oracle] | Mapping[str, Asked],
    worlds: Source | Iterable[Source],
    *,
    pairs: int = 60,
    level: float = 0.95,
    seed: int = 0,
) -> DirectionCalibration:
    """Ask one or several oracles which of two variables causes the other, and compare them with the truth.

    All of them are asked the same pairs, which are drawn before any is asked: two thirds of them, where there are so
    many, with a directed path between the two, and first of all those whose edge observation leaves open.  A language
    model is asked :class:`~causalpp.propositions.Direction`, by all its wordings both ways; any other oracle whether a
    causes b and whether b causes a, and a word without log-odds counts as log-odds of ±1.

    Args:
        oracles: who is asked: one, several, or names and whom they stand for.  Each is an oracle that can be pointed at
            another graph, or a function that makes one for a world, as :func:`~causalpp.calibrate` takes it.
        worlds: networks whose answers are known: names of those that ship, graphs, files of graphs, or edges that are
            known; see :meth:`World.of`.
        pairs: of variables in each world, at most.
        level: of all intervals.
        seed: of the choice of pairs.

    Raises:
        InvalidParameter: no world, no pair with a known direction, two oracles of one name, or a number out of range.
        OracleError: no oracle can be asked, or nothing but failures came back.  Of one that stops midway, as
            its budget is spent or its server gone, what it answered is kept, and ``about`` says why.
        UnknownNetwork, FormatError: a world that cannot be read.

    Example:
        >>> from causalpp import Dag, SimulatedOracle, noise
        >>> both = {"good": SimulatedOracle(Dag([]), 0.1), "bad": SimulatedOracle(Dag([]), 0.4, seed=1)}
        >>> calibrate_directions(both, ["asia", "child"])
        DirectionCalibration(good, bad: 88 pairs of variables in 2 networks)
    """
    if pairs < 1:
        raise InvalidParameter(f"at least one pair is asked about, not {pairs}")
    if not 0 < level < 1:
        raise InvalidParameter(f"the level of an interval lies strictly between 0 and 1, got {level}")
    if seed < 0:
        raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
    if isinstance(worlds, int):
        raise InvalidParameter("of random graphs nobody knows a direction by its names: give networks or known edges")
    import pandas as pd

    named = _named(oracles)
    made = make_worlds(worlds, 2, 1.0, seed)
    asked = {model: [maker(one, random=False)(world) for world in made] for model, one in named.items()}
    chosen = [_chosen(world, pairs, [own[number] for own in asked.values()]) for number, world in enumerate(made)]
    if not any(steps for known in chosen for steps, _ in known.values()):
        raise InvalidParameter("no direction is known of any pair that can be asked about here")
    names = _distinct([world.name or f"network {number}" for number, world in enumerate(made, start=1)])
    taken = [number for number, known in enumerate(chosen) if known]
    tables = []
    errors: list[OracleError] = []
    answers: dict[str, list[list[Answer]]] = {}
    about: dict[str, dict[str, Any]] = {}
    for model, own in asked.items():
        failed: Counter[str] = Counter()
        stopped: OracleError | None = None
        about[model] = dict(own[0].identity) | {"nature": " and ".join(sorted({oracle.nature for oracle in own}))}
        answers[model] = []
        own_rows: list[dict[str, Any]] = []
        for number in taken:
            known = chosen[number]
            found: dict[Direction, Answer] = {}
            if stopped is None:
                found, stopped = _ask(own[number], list(known))
            failed += failures(list(found.values()))
            answers[model].append(list(found.values()))
            told = rows([found.get(q, Answer(q, None, reason="not asked")) for q in known])
            for row, (q, (steps, open_)) in zip(told, known.items(), strict=True):
                row["prompts"] *= q in found
                own_rows.append({"model": model, "network": names[number], **row, "level": steps, "open": open_})
        about[model] |= {"failures": dict(failed)} | ({"stopped": str(stopped)} if stopped else {})
        errors += [stopped] if stopped else []
        frame = pd.DataFrame(own_rows)
        frame.insert(4, "contrast", on_scale(frame, Sizes(frame).usual()))
        tables.append(frame)
    if all(frame["contrast"].isna().all() for frame in tables):  # or else what others answered is kept
        if errors:
            raise errors[0]
        said = {model: counted(one["failures"]) for model, one in about.items() if one["failures"]}
        if said:
            why = "; ".join(f"{model}: nothing but failures came back: {counts}" for model, counts in said.items())
            raise OracleError(why)
    left = tuple(made[number] for number in taken), tuple(names[number] for number in taken)
    return DirectionCalibration(pd.concat(tables, ignore_index=True), level, *left, answers, about)


def pairs_of(world: World, pairs: int = 60) -> list[Direction]:
    """The pairs that :func:`calibrate_directions` asks about in a world."""
    return list(_chosen(world, pairs, []))


def check_worlds(worlds: Source | Iterable[Source], pairs: int = 60) -> None:
    """Refuse graphs of which too little is known to learn a prior from, before anything is asked.

    Raises:
        InvalidData: fewer than four networks, or too few pairs with a known direction; the message counts them.
    """
    known = [
        number
        for number, world in enumerate(make_worlds(worlds, 2, 1.0, 0))
        for steps, _ in _chosen(world, pairs, []).values()
        if steps
    ]
    check_enough(known, "a prior")


def _named(oracles: Asked | Sequence[Oracle] | Mapping[str, Asked]) -> dict[str, Asked]:
    """Names and whom they stand for.

    Raises:
        InvalidParameter: none, or two oracles that are the same.
    """
    if isinstance(oracles, Mapping):
        named = {str(name): one for name, one in oracles.items()}
    elif isinstance(oracles, Oracle) or callable(oracles):
        named = {_name(oracles): oracles}
    else:
        given = list(oracles)
        named = dict(zip(_distinct([_name(one) for one in given]), given, strict=True))
    if not named:
        raise InvalidParameter("there is no oracle to ask")
    return named


def _name(oracle: Asked) -> str:
    if not isinstance(oracle, Oracle):
        return "oracle"
    return str(oracle.identity.get("model") or oracle.nature)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number to those that came before."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _levels(world: World, pairs: Iterable[tuple[str, str]]) -> dict[Direction, tuple[int, bool]]:
    """What is true of some pairs: the signed distance, 3 for three steps or more, and whether their edge is open.

    In a world of which only edges are known, pairs that these do not join are left out.
    """
    open_ = set()
    if world.complete and not world.dag.latent:
        undirected = MarkovEquivalenceClass.from_dag(world.dag).cpdag.undirected
        open_ = {frozenset(edge) for edge in undirected}
    graphs = DagBatch.from_dags([world.dag])
    out = {}
    for a, b in pairs:
        level = int(Direction(a, b).levels(graphs)[0])
        if level or world.complete:
            out[Direction(a, b)] = (level, frozenset((a, b)) in open_)
    return out


def _chosen(world: World, count: int, oracles: Sequence[Oracle]) -> dict[Direction, tuple[int, bool]]:
    """The pairs to ask about, in random order and either way round, and what is true of them.

    Oracles that say what they can answer, such as recorded ones, are asked nothing else, and nor are the others.
    """
    source = np.random.default_rng([world.seed, 2])
    names = world.dag.observed
    every = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    turned = source.random(len(every)) < 0.5
    mixed = [every[k][::-1] if turned[k] else every[k] for k in source.permutation(len(every))]
    known = _levels(world, mixed)
    for oracle in oracles:
        can = getattr(oracle, "answerable", None)
        known = known if can is None else {q: known[q] for q, said in zip(known, can(list(known)), strict=True) if said}
    directed = sorted((q for q in known if known[q][0]), key=lambda q: not known[q][1])  # the open edges first
    neither = [q for q in known if not known[q][0]]
    most = max(round(count * _DIRECTED), count - len(neither))
    taken = directed[:most]
    taken += neither[: count - len(taken)]
    wanted = set(taken)
    return {q: known[q] for q in known if q in wanted}


def _ask(oracle: Oracle, questions: list[Direction]) -> tuple[dict[Direction, Answer], OracleError | None]:
    """The graded answers about some pairs, with their parts, and what stopped the asking."""
    whole = oracle.nature == "language model"
    put = questions if whole else [Causes(*way) for q in questions for way in ((q.a, q.b), (q.b, q.a))]
    stopped: OracleError | None = None
    try:
        answers = oracle.ask(put)
    except OracleError as error:
        answers, stopped = list(error.answers), error
    if whole:
        return {q: answer for answer in answers if isinstance(q := answer.question, Direction)}, stopped
    said = {answer.question: answer for answer in answers}
    ways = {q: (Causes(q.a, q.b), Causes(q.b, q.a)) for q in questions}
    ways = {q: both for q, both in ways.items() if all(way in said for way in both)}
    return {q: graded(Request(q), [said[way] for way in both]) for q, both in ways.items()}, stopped
