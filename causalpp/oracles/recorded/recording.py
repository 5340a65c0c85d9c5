"""Recording what a language model says about the pairs of networks whose graph is known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np

from causalpp._progress import Progress
from causalpp.errors import FormatError, InvalidParameter, OracleError, UnknownName
from causalpp.graphs import Dag
from causalpp.language import Asker, Prompt, Reply
from causalpp.oracles.prompts import Writer
from causalpp.oracles.recorded.records import UNSEEN, read_answers
from causalpp.programs import CausalProgram
from causalpp.propositions import Causes

__all__ = ["FORMS", "Recording", "drawn_pairs", "record"]

_CHUNK = 64  # prompts whose answers are written at once
_AGAIN = 6  # prompts put a second time at the end, to see whether answers repeat


def _labelled(text: str, labels: tuple[str, ...]) -> Callable[[CausalProgram], Callable[[str, str], Prompt]]:
    """A form that names the two variables by their labels, and says nothing else."""

    def of(program: CausalProgram) -> Callable[[str, str], Prompt]:
        said = program.card.labels if program.card else {}
        return lambda a, b: Prompt(text.format(A=said.get(a, a), B=said.get(b, b)), labels=labels)

    return of


def _written(listing: str) -> Callable[[CausalProgram], Callable[[str, str], Prompt]]:
    """A form in the library's own words, with the card of the network."""

    def of(program: CausalProgram) -> Callable[[str, str], Prompt]:
        writer = Writer(program.variables, context=program, listing=listing)
        return lambda a, b: writer.prompt(Causes(a, b))

    return of


#: Prompt → what puts a pair of a program's variables in its words.  Those that begin with ``prod`` are the library's
#: own, with the variables listed as the network has them, or in a drawn order.
FORMS: Mapping[str, Callable[[CausalProgram], Callable[[str, str], Prompt]]] = {
    "short": _labelled("Does {A} cause {B}? Answer yes or no.", ("yes", "no")),
    "neg": _labelled("Is it false that {A} causes {B}? Answer yes or no.", ("no", "yes")),
    "interv": _labelled("Does intervening on {A} change {B}? Answer yes or no.", ("yes", "no")),
    "choice": _labelled(
        "Which is more likely?\nA: changing {A} changes {B}\nB: changing {B} changes {A}\nAnswer with one letter.",
        ("a", "b"),
    ),
    "prod:plain:pos": _written("given"),
    "prod:plain:drawn": _written("drawn"),
}


def drawn_pairs(dag: Dag, most: int | None = None, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of variables, each once and the first of them first in the graph's own listing.

    Args:
        dag: the graph.
        most: so many at most: all edges, then pairs drawn alternately among those with a longer directed path
            between them and those without; by default all pairs.
        seed: of the draw.

    Example:
        >>> chain = Dag.from_edges([("a", "b"), ("b", "c")])
        >>> drawn_pairs(chain), drawn_pairs(chain, 2)
        ([('a', 'b'), ('a', 'c'), ('b', 'c')], [('a', 'b'), ('b', 'c')])
    """
    pairs = list(combinations(dag.observed, 2))
    if most is None or most >= len(pairs):
        return pairs
    joined = {frozenset(edge) for edge in dag.edges}
    edges = [pair for pair in pairs if frozenset(pair) in joined]
    rng = np.random.default_rng(seed)
    sides: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for k in rng.permutation(len(pairs)):
        a, b = pairs[k]
        if frozenset((a, b)) not in joined:
            sides[0 if b in dag.descendants(a) or a in dag.descendants(b) else 1].append((a, b))
    rest = [pair for two in zip(*sides) for pair in two]
    rest += [pair for side in sides for pair in side if pair not in rest]
    kept = set(islice((*edges, *rest), most))
    return [pair for pair in pairs if pair in kept]


@dataclass(frozen=True)
class Recording:
    """What was recorded, and how.

    Attributes:
        answers: how many answers the file has.
        new: how many of them were asked for now.
        repeated: the largest difference of log-odds between two askings of the same prompt, with others in between;
            None if nothing was asked.
        prompts: prompt → its labels, its system prompt, and the whole text put about the first pair.
        pairs: network → how many pairs were asked about, of how many.
    """

    answers: int
    new: int
    repeated: float | None
    prompts: Mapping[str, Mapping[str, Any]]
    pairs: Mapping[str, tuple[int, int]]


def record(
    asker: Asker,
    model: str,
    programs: Mapping[str, CausalProgram],
    out: str | Path,
    *,
    prompts: Sequence[str] = ("short", "prod:plain:pos"),
    most: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Recording:
    """Ask a model about both directions of pairs of variables, and write what it says as recorded answers.

    Answers that the file has already are not asked for again, so a recording that was stopped goes on.

    Args:
        asker: what puts prompts to the model.
        model: what it is called in the file.
        programs: network → its program, with a card.
        out: the file, of JSON lines; see :func:`~causalpp.oracles.read_answers`.
        prompts: in which words, some of :data:`FORMS`.
        most, seed: which pairs; see :func:`drawn_pairs`.
        progress: whether to show a bar.

    Raises:
        UnknownName: a prompt that is none of :data:`FORMS`.
        OracleError: the model cannot be asked, or gives no probabilities of labels.
        FormatError: the file holds something else, or cannot be written.
    """
    for name in prompts:
        if name not in FORMS:
            raise UnknownName("prompt", name, FORMS)
    if not programs or not prompts:
        raise InvalidParameter("a recording needs a network and a prompt")
    path = Path(out)
    done = _kept(path)
    todo: list[tuple[dict[str, Any], Prompt]] = []
    told: dict[str, Mapping[str, Any]] = {}
    counts: dict[str, tuple[int, int]] = {}
    for network, program in programs.items():
        dag = program.dag
        pairs = drawn_pairs(dag, most, seed)
        counts[network] = len(pairs), len(dag.observed) * (len(dag.observed) - 1) // 2
        for name in prompts:
            put = FORMS[name](program)
            first = put(*pairs[0])
            told.setdefault(
                name, {"labels": list(first.labels), "system": first.system, "first": first.user, "about": network}
            )
            for a, b in (ordered for pair in pairs for ordered in (pair, pair[::-1])):
                key = {"model": model, "prompt": name, "network": network, "a": a, "b": b}
                if tuple(key.values()) not in done:
                    todo.append((key | {"truth": Causes(a, b).holds(dag)}, put(a, b)))
    quiet = _quiet(asker)
    with Progress("recording", len(todo), progress) as bar, path.open("a", encoding="utf-8") as file:
        for start in range(0, len(todo), _CHUNK):
            chunk = todo[start : start + _CHUNK]
            for (key, prompt), reply in zip(chunk, quiet.ask([prompt for _, prompt in chunk])):
                file.write(json.dumps(key | {"log_p": _log_p(reply, prompt)}, ensure_ascii=False) + "\n")
            file.flush()
            bar.advance(len(chunk))
    spread = _repeated(quiet, [prompt for _, prompt in todo])
    return Recording(len(done) + len(todo), len(todo), spread, told, counts)


def _quiet(asker: Asker) -> Asker:
    """The same asker without a bar of its own."""
    return Asker(
        asker.backend, asker.sampling, limits=asker.limits, budget=asker.budget, prices=asker.prices,
        journal=asker.journal, progress=False, pace=asker.pace, formerly=asker.formerly,
    )  # fmt: skip


def _kept(path: Path) -> set[tuple[str, ...]]:
    """The answers a file has; the beginning of a line that was cut off is taken away."""
    if not path.exists():
        return set()
    try:
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            with path.open("r+b") as file:
                file.truncate(end)
    except OSError as error:
        raise FormatError(f"cannot write {str(path)!r}: {(error.strerror or str(error)).lower()}") from None
    return {(line.model, line.prompt, line.network, line.a, line.b) for line in read_answers(path)}


def _log_p(reply: Reply, prompt: Prompt) -> list[float]:
    """The log-probabilities of a prompt's labels; what was not among the words listed is :data:`UNSEEN`."""
    if reply.failed:
        raise OracleError(f"the model gave no reply: {reply.reason}; start the same command again to go on")
    if reply.log_probabilities is None:
        raise OracleError("the model gives no probabilities of its words, and a record needs them")
    found = (reply.log_probabilities.get(label, -math.inf) for label in prompt.labels)
    return [round(min(0.0, max(UNSEEN, p)), 5) for p in found]


def _repeated(asker: Asker, prompts: Iterable[Prompt]) -> float | None:
    """How much log-odds differ when the first prompts are put again, in the opposite order, with nothing kept."""
    some = list(islice(prompts, _AGAIN))
    if not some:
        return None
    free = Asker(asker.backend, asker.sampling, limits=asker.limits, progress=False, pace=asker.pace)
    found = []
    for ordered in (some, some[::-1]):
        said = {prompt: _log_p(reply, prompt) for prompt, reply in zip(ordered, free.ask(ordered))}
        found.append([said[prompt][0] - said[prompt][1] for prompt in some])
    return float(max(abs(one - other) for one, other in zip(*found)))
