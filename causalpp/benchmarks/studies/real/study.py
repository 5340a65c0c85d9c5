"""What recorded answers of real models are worth, model by model and prompt by prompt."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch

from causalpp._plain import plain
from causalpp.benchmarks.studies.real.errors import Together, errors_together
from causalpp.benchmarks.studies.real.loops import METHODS, Loop, bits_over_half, loop, open_edges, true_directions
from causalpp.crosscheck.directions import DirectionCalibration, DirectionScores, HeldOut, calibrate_directions
from causalpp.crosscheck.directions.measures import brier, calibration_error
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidData, UnknownName
from causalpp.oracles import RecordedAnswer, RecordedOracle, read_answers, recorded_names
from causalpp.programs import load_network, network_names
from causalpp.propositions import Causes

__all__ = ["DEFAULT_PROMPTS", "Posterior", "RealModels", "Row", "real_models"]

#: What is put together unless something else is asked for.
DEFAULT_PROMPTS = ("short", "prod:plain:pos")
_ALL = 10**9  # pairs
_FEWEST = 3  # pairs in both directions that make a network worth a line


class Posterior(NamedTuple):
    """How good the probabilities are that all answers leave, each network by a prior of the others.

    Attributes:
        pairs: ordered pairs of which one causes the other in truth, and of which the class does not say so.
        brier, error: of P(a causes b) over these: mean square of probability less truth, and mean distance of
            probability and share (ECE).
        class_brier, class_error: the same by the class alone.
        edges: that observation leaves open.
        bits: mean over these of log₂ P(the true direction) over one half.
        class_bits: by the class alone.
    """

    pairs: int
    brier: float
    error: float
    class_brier: float
    class_error: float
    edges: int
    bits: float
    class_bits: float


@dataclass(frozen=True, eq=False)
class Row:
    """What one model's answers to some prompts are worth.

    Attributes:
        model: as the records call it.
        prompts: that are put together, each on the scale it usually has.
        calibration: the answers beside the truth.
        together: how errors of related questions go together.
        loops: that were run on the answers; none for prompts that are only looked at.
    """

    model: str
    prompts: tuple[str, ...]
    calibration: DirectionCalibration
    together: Mapping[str, Together]
    loops: tuple[Loop, ...] = ()

    @property
    def scores(self) -> DirectionScores:
        """Accuracy, areas, positions and calibration."""
        return self.calibration.of(self.model)

    @property
    def networks(self) -> tuple[str, ...]:
        """Those with answers."""
        return self.calibration.networks

    @cached_property
    def held_out(self) -> list[HeldOut] | None:
        """What all answers tell of each graph, by a prior of the other networks; None if these are too few."""
        try:
            return self.calibration.held_out(self.model)
        except InvalidData:
            return None

    @cached_property
    def posterior(self) -> Posterior | None:
        """How good the probabilities of :attr:`held_out` are; None where there are none."""
        told = self.calibration.told(self.model)
        p: list[float] = []
        start: list[float] = []
        truth: list[bool] = []
        after: list[float] = []
        before: list[float] = []
        for one in self.held_out or ():
            dag, belief = told[one.network][0], one.belief
            members, weights = belief.candidates, belief.probabilities
            for a, b in permutations(dag.observed, 2):
                forth, back = (way in dag.descendants(other) for way, other in ((b, a), (a, b)))
                holds = Causes(a, b).holds(members)
                if forth != back and not bool((holds == holds[0]).all()):
                    p.append(float(weights @ holds.to(weights.dtype)))
                    start.append(float(holds.to(weights.dtype).mean()))
                    truth.append(forth)
            edges = open_edges(MarkovEquivalenceClass.from_dag(dag), dag)
            after += true_directions(members, weights, edges)
            before += true_directions(members, torch.ones(len(members)), edges)
        if not p:
            return None
        true, said, alone = np.array(truth), np.array(p), np.array(start)
        return Posterior(
            len(p), brier(said, true), calibration_error(said, true),
            brier(alone, true), calibration_error(alone, true),
            len(after), bits_over_half(after), bits_over_half(before),
        )  # fmt: skip

    @property
    def contrast(self) -> float:
        """The mean of the direction log-odds along the true direction, in units of their root mean square."""
        frame = self.scores.frame
        known = frame[frame["level"] != 0]
        size = float((frame["contrast"] ** 2).mean()) ** 0.5
        return float((known["contrast"] * known["level"].clip(-1, 1)).mean()) / (size or 1.0)

    @property
    def alone(self) -> tuple[str, ...]:
        """Networks whose class has one member: there is nothing to be gained."""
        return tuple(
            name
            for name, world in zip(self.calibration.networks, self.calibration.worlds, strict=True)
            if MarkovEquivalenceClass.from_dag(world.dag).size == 1
        )

    def gain(self, method: str) -> float:
        """The mean over networks of the bits that a loop gains; nan where none was run."""
        bits = [one.bits for one in self.loops if one.method == method]
        return sum(bits) / len(bits) if bits else math.nan

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        told = self.calibration.to_dict()
        found: dict[str, Any] = plain(
            {
                "model": self.model,
                "prompts": list(self.prompts),
                "networks": list(self.networks),
                "one_member": list(self.alone),
                "contrast": self.contrast,
                "leaks": told["leaks"],
                "scores": told["models"][self.model],
                "errors_together": {name: one._asdict() for name, one in self.together.items()},
                "held_out_probabilities": None if self.posterior is None else self.posterior._asdict(),
                "loops": [one.to_dict() for one in self.loops],
            },
            finite=True,
        )
        return found


@dataclass(frozen=True, eq=False, repr=False)
class RealModels:
    """What :func:`real_models` found, a row for each model and each set of prompts; printed, it is tables."""

    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        models = dict.fromkeys(row.model for row in self.rows)
        return f"RealModels({', '.join(models)}: {len(self.rows)} rows)"

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"format": "causalpp.real-models", "version": 1, "rows": [row.to_dict() for row in self.rows]}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)


def real_models(
    *sources: str | os.PathLike[str],
    models: Sequence[str] = (),
    prompts: Sequence[str] = (),
    methods: Sequence[str] = tuple(METHODS),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RealModels:
    """Measure real models on recorded answers about networks whose graphs are known.

    For each model, the prompts of ``prompts`` are put together, and looked at one by one besides: accuracy by word,
    areas under the ROC curve, how far answers are one number a variable, which errors go together, calibration and gain
    in bits with the other networks as the only teachers, and what loops claim with every channel.

    Args:
        sources: files of recorded answers; what ships of the same models is added.  Without any it is all that ships.
        models: only these; by default those of the sources.
        prompts: which belong together; by default :data:`DEFAULT_PROMPTS`, the second one if it is recorded about all
            networks of the first.
        methods: loops to run on the prompts together, some of :data:`~causalpp.benchmarks.studies.real.METHODS`.
        seed: of the loops, and of the deals that say what chance is.
        progress: called with the number of rows and loops done, and that of all.

    Raises:
        UnknownName: a model or prompt that is not recorded, or an unknown method.
        InvalidData: a record whose truth is not that of the network, or no pairs recorded both ways.
        FormatError: a file that cannot be read.
    """
    for method in methods:
        if method not in METHODS:
            raise UnknownName("method", method, METHODS)
    whole = _records(sources)
    known = list(dict.fromkeys(line.model for line in whole))
    for model in models:
        if model not in known:
            raise UnknownName("recorded model", model, known)
    plan = [
        (model, chosen, number == 0)
        for model in models or known
        for number, chosen in enumerate(_sets([line for line in whole if line.model == model], prompts))
    ]
    rows = []
    for number, (model, chosen, first) in enumerate(plan):
        if progress is not None:
            progress(number, len(plan))
        row = _row([line for line in whole if line.model == model], chosen, methods if first else (), seed)
        rows += [] if row is None else [row]
    if not rows:
        raise InvalidData(f"no prompt is recorded both ways for at least {_FEWEST} pairs of a network")
    return RealModels(tuple(rows))


def _records(sources: Sequence[str | os.PathLike[str]]) -> list[RecordedAnswer]:
    """The answers of some files, and those that ship of the same models; of answers to the same prompt the first."""
    given = read_answers(*sources)
    wanted = {line.model for line in given}
    shipped = [line for line in read_answers(*recorded_names()) if not sources or line.model in wanted]
    found: dict[tuple[str, ...], RecordedAnswer] = {}
    for line in (*given, *shipped):
        found.setdefault((line.model, line.prompt, line.network, line.a, line.b), line)
    for name in dict.fromkeys(line.network for line in found.values()):
        if name not in network_names():
            raise InvalidData(
                f"answers about {name!r}, whose graph nobody knows: networks are {', '.join(network_names())}"
            )
    return list(found.values())


def _sets(lines: Sequence[RecordedAnswer], prompts: Sequence[str]) -> list[tuple[str, ...]]:
    """The prompts that are put together, and each that there is by itself."""
    where: dict[str, set[str]] = {}
    for line in lines:
        where.setdefault(line.prompt, set()).add(line.network)
    for name in prompts:
        if name not in where:
            raise UnknownName("recorded prompt", name, where)
    first = tuple(prompts)
    if not prompts:
        usual = [name for name in DEFAULT_PROMPTS if name in where] or list(where)[:1]
        first = tuple(name for name in usual if where[usual[0]] <= where[name])  # none that would lose a network
    return [first, *((name,) for name in where if (name,) != first)]


def _row(lines: Sequence[RecordedAnswer], prompts: tuple[str, ...], methods: Sequence[str], seed: int) -> Row | None:
    """What some prompts are worth; None where no network has enough pairs."""
    oracles = {}
    for network in dict.fromkeys(line.network for line in lines):
        here = [line for line in lines if line.network == network]
        if set(prompts) <= {line.prompt for line in here}:
            dag = load_network(network).dag
            _check_truth(here, network)
            oracle = RecordedOracle(here, prompts=prompts, dag=dag)
            if len(oracle.pairs) >= _FEWEST:
                oracles[network] = oracle
    if not oracles:
        return None
    model = lines[0].model
    calibration = calibrate_directions({model: lambda world: oracles[world.name]}, list(oracles), pairs=_ALL, seed=seed)
    together = errors_together(calibration.frame, seed)
    loops = []
    told = calibration.told(model)
    for network, oracle in oracles.items():
        mec = MarkovEquivalenceClass.from_dag(told[network][0])
        if mec.size > 1:
            others = [one for name, one in told.items() if name != network]
            loops += [loop(network, told[network][0], oracle, method, others, mec=mec, seed=seed) for method in methods]
    return Row(model, prompts, calibration, together, tuple(loops))


def _check_truth(lines: Sequence[RecordedAnswer], network: str) -> None:
    """Refuse records of another graph under the same name."""
    dag = load_network(network).dag
    for line in lines:
        if line.truth is not None and Causes(line.a, line.b).holds(dag) != line.truth:
            said = "causes" if line.truth else "does not cause"
            raise InvalidData(
                f"the records say that {line.a} {said} {line.b} in {network}, and the network that ships says the "
                "contrary: they are about another graph"
            )
