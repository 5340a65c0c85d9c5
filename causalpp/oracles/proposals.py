"""Whole graphs from a language model: candidates to choose among, and two published ways to elicit one graph.

Phase one of A-CBO (Roy & Parbhoo 2026, arXiv 2605.27567) asks a model for candidate graphs
(:func:`propose_graphs`). The two baselines build a single one: :func:`pairwise_graph` from a question about every
pair (Kıcıman et al., *Causal reasoning and large language models*, TMLR 2024, arXiv 2305.00050), and
:func:`breadth_first_graph` by going from causes to effects (Jiralerspong et al. 2024, arXiv 2402.01207).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, permutations
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from causalpp.equivalence import premise_in_order
from causalpp.errors import InvalidParameter, OracleError, UnknownVariable
from causalpp.graphs import Dag, DagBatch
from causalpp.graphs.dag import check_names
from causalpp.language import Asker, Backend, Prompt, Reply, Sampling
from causalpp.language.quoting import DESCRIPTION, display_names, quoted, quoted_lines
from causalpp.oracles._proposed import Acyclic, Refused, read_edges, read_names
from causalpp.oracles.answer import Answer
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.prompts import Prompts, checked_listing, drawn_order
from causalpp.propositions import DirectlyCauses

__all__ = ["ElicitedGraph", "Proposals", "Speaker", "breadth_first_graph", "pairwise_graph", "propose_graphs"]

LONGEST_PREMISE = 20_000


@runtime_checkable
class Speaker(Protocol):
    """What can be asked for a graph: a language-model oracle, or anything else with a backend and its sampling."""

    @property
    def sampling(self) -> Sampling: ...
    def asker(self, sampling: Sampling | None = None) -> Asker: ...


@dataclass(frozen=True)
class Proposals:
    """The graphs a model proposed.

    Attributes:
        graphs: the different ones, the most often proposed first.
        counts: how often each was proposed.
        refused: replies that were not taken, each with the reason.
        repairs: what was mended in those that were, such as a misspelt name.
        calls: how many replies were asked for.
        tokens_in, tokens_out: what they took.
    """

    graphs: DagBatch
    counts: tuple[int, ...]
    refused: tuple[tuple[str, str], ...] = ()
    repairs: tuple[str, ...] = ()
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def weights(self) -> Tensor:
        """The share of each graph among the replies taken, shape ``(N,)``, in double precision."""
        counts = torch.tensor(self.counts, dtype=torch.float64)
        return counts / counts.sum().clamp(min=1)

    def __len__(self) -> int:
        return len(self.graphs)

    def __repr__(self) -> str:
        return f"Proposals({len(self)} graphs from {sum(self.counts)} of {self.calls} replies)"


@dataclass(frozen=True)
class ElicitedGraph:
    """One graph built out of many answers.

    Attributes:
        graph: the graph.
        calls: how many replies or answers it took.
        rejected: edges that were left out because they would have closed a cycle.
        notes: replies that could not be read, and names that were read as others.
        tokens_in, tokens_out: what they took.
    """

    graph: Dag
    calls: int
    rejected: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0


def propose_graphs(
    speaker: Backend | Speaker,
    variables: Iterable[str],
    *,
    premise: str | None = None,
    descriptions: Mapping[str, str] | None = None,
    k: int = 16,
    repair: bool = False,
    sampling: Sampling | None = None,
    prompts: str | Path | None = None,
    listing: str = "drawn",
) -> Proposals:
    """Ask a model k times for a whole causal graph.

    An oracle's limits and budget hold for these replies too, and its journal keeps each as it comes: what is asked
    again, or was broken off, costs nothing the next time.  So it is for the other functions here.

    Args:
        speaker: a backend, or an oracle that has one.
        variables: their names.
        premise: what is known of them, in English.
        descriptions: name → what the variable is.
        k: how many replies.
        repair: leave out the later edge of a cycle instead of refusing the graph.
        sampling: how replies are drawn; by default at temperature 1, as equal replies would be no candidates,
            with the oracle's seed.
        prompts: a folder whose ``proposal.txt`` and ``proposal_system.txt`` are used instead of ours, where there.
        listing: whether the variables stand in an order ``"drawn"`` for each reply, which says nothing about the graph,
            or as they are ``"given"``.

    Raises:
        InvalidParameter: no variables, ``k`` below one, a premise too long to be put.
        FormatError: a template of one's own that cannot be read.
        UnknownVariable: a description of something else.
        BudgetSpent: the oracle's budget does not reach; its journal has the replies there are.
        OracleError: none of the replies came.
    """
    if k < 1:
        raise InvalidParameter(f"at least one graph is proposed, not {k}")
    ask = _Asker(speaker, variables, premise, descriptions, sampling, prompts, listing)
    edge: dict[str, Any] = {"type": "object", "properties": {"cause": ask.name_schema, "effect": ask.name_schema}}
    edge |= {"required": ["cause", "effect"], "additionalProperties": False}
    schema = _list_schema("edges", edge)
    found: dict[Dag, int] = {}
    refused: list[tuple[str, str]] = []
    repairs: list[str] = []
    (replies,) = ask.in_turn([lambda turn: ask.prompt("proposal", schema=schema, turn=turn)], k)
    for reply in replies:
        if reply.reason is not None:
            refused.append(("", reply.reason))
            continue
        try:
            edges, mended = read_edges(_whole(reply), list(ask.meant), repair)
        except Refused as reason:
            refused.append((reply.text, str(reason)))
            continue
        dag = Dag(ask.names, [(ask.meant[a], ask.meant[b]) for a, b in edges])
        found[dag] = found.get(dag, 0) + 1
        repairs += mended
    ordered = sorted(found, key=lambda dag: -found[dag])  # the sort is stable: among equals, first come
    batch = DagBatch.from_dags(ordered, ask.names)
    counts = tuple(found[dag] for dag in ordered)
    return Proposals(batch, counts, tuple(refused), tuple(repairs), ask.calls, ask.tokens_in, ask.tokens_out)


def pairwise_graph(
    speaker: Oracle | Backend | Speaker,
    variables: Iterable[str],
    *,
    premise: str | None = None,
    descriptions: Mapping[str, str] | None = None,
    repeats: int = 1,
    three_way: bool | None = None,
    sampling: Sampling | None = None,
    prompts: str | Path | None = None,
    listing: str = "drawn",
) -> ElicitedGraph:
    """One graph from a question about every pair of variables.

    Either every ordered pair is put to the oracle as ``DirectlyCauses(a, b)``, d (d − 1) questions, or a model
    chooses for every pair among "a acts on b", "b acts on a" and "neither", half as many. The strength of a
    direction is its log-odds where there are any, or else of the votes. Of each pair the stronger direction
    stays, if more likely than not (three-way: if the most likely of the three). Edges enter the graph from
    the strongest to the weakest, without those that would close a cycle.

    Args:
        speaker: any oracle; or a backend, which is asked three ways.
        variables: their names.
        premise, descriptions: for the three-way question; an oracle brings its own for the other one.
        repeats: how often each question is asked.
        three_way: which of the two; by default an oracle is asked about ordered pairs.
        sampling, prompts, listing: for the three-way question; see :func:`propose_graphs` (the file is
            ``pairwise.txt``).  Where orders are drawn, so is which direction is choice A.

    Raises:
        InvalidParameter, UnknownVariable, OracleError: see :func:`propose_graphs`; also a context for an oracle
            that is asked about ordered pairs.

    Example:
        >>> from causalpp import SimulatedOracle, noise
        >>> truth = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
        >>> found = pairwise_graph(SimulatedOracle(truth, noise.Symmetric(0.0)), truth.nodes)
        >>> found.graph, found.calls
        (Dag('smoke → tar, tar → cancer'), 6)
    """
    if repeats < 1:
        raise InvalidParameter(f"a question is asked at least once, not {repeats} times")
    if three_way is None:
        three_way = not isinstance(speaker, Oracle)
    notes: list[str] = []
    strengths: dict[tuple[str, str], float] = {}
    calls = tokens_in = tokens_out = 0
    if three_way:
        if not isinstance(speaker, (Backend, Speaker)):
            raise InvalidParameter("the three-way question needs a language model: leave out three_way")
        ask = _Asker(speaker, variables, premise, descriptions, sampling or _sampling_of(speaker), prompts, listing)
        names = ask.names
        pairs = list(combinations(names, 2))
        asked = [partial(ask.choice, a, b) for a, b in pairs]
        for (a, b), replies in zip(pairs, ask.in_turn(asked, repeats), strict=True):
            swapped = [ask.swapped(a, b, turn) for turn in range(repeats)]
            strengths |= _choices(a, b, replies, swapped, notes)
        calls, tokens_in, tokens_out = ask.calls, ask.tokens_in, ask.tokens_out
    else:
        if not isinstance(speaker, Oracle):
            raise InvalidParameter("questions about ordered pairs need an oracle: pass one, or three_way=True")
        if premise is not None or descriptions is not None:
            raise InvalidParameter("an oracle has its own context: premise and descriptions belong to three_way=True")
        names = check_names(variables)
        answers = speaker.ask([DirectlyCauses(a, b) for a, b in permutations(names, 2)], repeats)
        told: dict[tuple[str, str], list[Answer]] = {}
        for answer in answers:
            told.setdefault((answer.question.a, answer.question.b), []).append(answer)  # type: ignore[attr-defined]
        strengths = {pair: _log_odds(given) for pair, given in told.items()}
        for a, b in combinations(names, 2):
            weaker = (a, b) if strengths[a, b] < strengths[b, a] else (b, a)
            strengths[weaker] = -math.inf
        calls = len(answers)
        tokens_in, tokens_out = sum(a.tokens_in for a in answers), sum(a.tokens_out for a in answers)
    graph = Acyclic()
    kept = sorted((pair for pair, value in strengths.items() if value > 0), key=lambda pair: -strengths[pair])
    rejected = tuple(pair for pair in kept if not graph.add(*pair))
    return ElicitedGraph(Dag(names, graph.edges), calls, rejected, tuple(notes), tokens_in, tokens_out)


def breadth_first_graph(
    speaker: Backend | Speaker,
    variables: Iterable[str],
    *,
    premise: str | None = None,
    descriptions: Mapping[str, str] | None = None,
    sampling: Sampling | None = None,
    prompts: str | Path | None = None,
    listing: str = "drawn",
) -> ElicitedGraph:
    """One graph by breadth-first search from causes to effects: at most d + 1 questions.

    The model names the variables that nothing causes, then, for each variable reached, its direct effects, and
    is told each time what it has said before. Edges that would close a cycle are rejected. Variables that are
    never reached stay without edges out of them, as published (Jiralerspong et al. 2024, algorithm 1).

    Args:
        speaker, variables, premise, descriptions, sampling, prompts, listing: as in :func:`propose_graphs`; the files
            are ``breadth_first_roots.txt`` and ``breadth_first_children.txt``, the sampling is the oracle's own.

    Raises:
        InvalidParameter, UnknownVariable, OracleError: as there.
    """
    ask = _Asker(speaker, variables, premise, descriptions, sampling or _sampling_of(speaker), prompts, listing)
    schema = _list_schema("variables", ask.name_schema)
    notes: list[str] = []
    roots = ask.names_in(ask.prompt("breadth_first_roots", schema=schema), notes)
    found = [f"{ask.shown[name]} is not caused by any other" for name in roots]
    graph, rejected = Acyclic(), []
    queue, reached = list(roots), set(roots)
    while queue:
        here = queue.pop(0)
        said = "\n".join(found) or "nothing"
        children = ask.names_in(ask.prompt("breadth_first_children", a=here, found=said, schema=schema), notes)
        for child in children:
            if not graph.add(here, child):
                rejected.append((here, child))
                continue
            found.append(f"{ask.shown[here]} directly causes {ask.shown[child]}")
            if child not in reached:
                reached.add(child)
                queue.append(child)
    dag = Dag(ask.names, graph.edges)
    return ElicitedGraph(dag, ask.calls, tuple(rejected), tuple(notes), ask.tokens_in, ask.tokens_out)


class _Asker:
    """The variables as a model is told of them, and the calls made so far."""

    def __init__(
        self,
        speaker: Backend | Speaker,
        variables: Iterable[str],
        premise: str | None,
        descriptions: Mapping[str, str] | None,
        sampling: Sampling | None,
        prompts: str | Path | None,
        listing: str,
    ) -> None:
        self.listing = checked_listing(listing)
        if not isinstance(speaker, (Backend, Speaker)):
            raise InvalidParameter(f"graphs are asked of a language model, not of {type(speaker).__name__}")
        self.names = check_names(variables)
        if not self.names:
            raise InvalidParameter("there are no variables to ask about")
        descriptions = descriptions or {}
        for name in descriptions:
            if name not in self.names:
                raise UnknownVariable(name, self.names, what=" among the descriptions")
        if premise is not None and len(premise) > LONGEST_PREMISE:
            raise InvalidParameter(f"the premise has {len(premise):,} characters, more than {LONGEST_PREMISE:,}")
        own = None if isinstance(speaker, Backend) else speaker.sampling
        sampling = sampling or Sampling(1.0, own.seed if own else 0, max(1024, own.max_tokens if own else 0))
        if isinstance(speaker, Backend):
            self.asker = Asker(speaker, sampling, progress=False)
        else:
            self.asker = speaker.asker(sampling)
        self.prompts = Prompts(prompts)
        self.seed, self.premise = sampling.seed, premise or ""
        in_order = sorted(self.names) if listing == "drawn" else self.names
        self.shown = display_names(in_order)  # as they stand in the prompt, and so in the reply
        self.meant = {shown.strip('"'): name for name, shown in self.shown.items()}
        told = {name: f": {quoted(text, DESCRIPTION)}" for name, text in descriptions.items()}
        self.lines = {name: f"- {self.shown[name]}{told.get(name, '')}" for name in self.names}
        self.name_schema = {"type": "string", "enum": list(self.meant)}
        self.calls = self.tokens_in = self.tokens_out = 0

    def _drawn(self, about: str, turn: int, names: Sequence[str]) -> Sequence[str]:
        return drawn_order(names, about, seed=self.seed, turn=turn) if self.listing == "drawn" else names

    def prompt(
        self, name: str, *, labels: tuple[str, ...] = (), schema: Any = None, turn: int = 0, **slots: str
    ) -> Prompt:
        about = "\0".join([name, *sorted(value for key, value in slots.items() if key != "found")])
        order = self._drawn(about, turn, self.names)
        premise = quoted_lines(premise_in_order(self.premise, order) if self.listing == "drawn" else self.premise)
        filled = {key: self.shown.get(value, value) for key, value in slots.items()}
        filled["variables"] = "\n".join(self.lines[name] for name in order)
        filled["premise"] = f"\nWhat is known of them:\n{premise}\n" if self.premise else ""
        text = self.prompts.fill(name, **filled).strip()
        return Prompt(text, self.prompts.texts["proposal_system"].strip(), labels, schema)

    def swapped(self, a: str, b: str, turn: int) -> bool:
        """Whether choice A is that ``b`` acts on ``a``: it turns about every second time, unlike the list."""
        return self._drawn("\0".join(["choice", *sorted((a, b))]), turn // 2, (a, b))[0] == b

    def choice(self, a: str, b: str, turn: int) -> Prompt:
        """The three-way question about a pair."""
        first, second = (b, a) if self.swapped(a, b, turn) else (a, b)
        return self.prompt("pairwise", a=first, b=second, labels=("A", "B", "C"), turn=turn)

    def in_turn(self, made: Sequence[Callable[[int], Prompt]], repeats: int) -> list[list[Reply]]:
        """The replies to each of several prompts, made anew for every turn; what comes out again gets further draws."""
        prompts = [make(turn) for make in made for turn in range(repeats)]
        put, numbers = Counter[str](), []
        for prompt in prompts:
            numbers.append(put[prompt.user])
            put[prompt.user] += 1
        replies = self.put(prompts, numbers)
        return [replies[first : first + repeats] for first in range(0, len(replies), repeats)]

    def put(self, prompts: Sequence[Prompt], numbers: Sequence[int]) -> list[Reply]:
        """The replies, or why there is none; an error only if none came at all."""
        replies = self.asker.ask(prompts, numbers=numbers)
        if replies and all(reply.failed for reply in replies):
            raise OracleError(f"no reply: {replies[0].reason}")
        self.calls += len(replies)
        self.tokens_in += sum(reply.tokens_in for reply in replies)
        self.tokens_out += sum(reply.tokens_out for reply in replies)
        return replies

    def names_in(self, prompt: Prompt, notes: list[str]) -> list[str]:
        (reply,) = self.put([prompt], [0])
        try:
            names, mended = read_names(_whole(reply), list(self.meant))
        except Refused as reason:
            notes.append(f"not read: {reason}")
            return []
        notes += mended
        return [self.meant[name] for name in names]


def _sampling_of(speaker: Any) -> Sampling:
    """The oracle's own way of drawing, with room for a list of names; the most probable reply for a backend."""
    own = getattr(speaker, "sampling", None) or Sampling()
    return replace(own, max_tokens=max(own.max_tokens, 512))


def _list_schema(key: str, items: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: {"type": "array", "items": dict(items)}}
    return {"type": "object", "properties": properties, "required": [key], "additionalProperties": False}


def _whole(reply: Reply) -> str:
    if reply.finish != "stop":
        why = "it was cut off: raise max_tokens" if reply.finish == "length" else reply.finish
        raise Refused(f"the reply is not whole ({why})")
    return reply.text


def _log_odds(answers: Sequence[Answer]) -> float:
    """How strongly some answers speak for a proposition: their mean log-odds, or the log-odds of their votes."""
    odds = [answer.log_odds for answer in answers if answer.value is not None]
    if odds and all(value is not None for value in odds):
        return sum(value for value in odds if value is not None) / len(odds)
    yes, no = sum(a.value is True for a in answers), sum(a.value is False for a in answers)
    return math.log((yes + 0.5) / (no + 0.5))


def _choices(
    a: str, b: str, replies: Sequence[Reply], swapped: Sequence[bool], notes: list[str]
) -> dict[tuple[str, str], float]:
    """The strength of a → b or b → a out of replies A, B or C, A and B exchanged in some; nothing if C is likeliest."""
    votes = dict.fromkeys("ABC", 0.5)  # as if half a reply had said each
    for reply, turned in zip(replies, swapped, strict=True):
        meant = {"A": "B", "B": "A", "C": "C"} if turned else {label: label for label in votes}
        if reply.failed:
            notes.append(f"no reply: {reply.reason}")
        elif reply.log_probabilities:
            shares = {label: math.exp(reply.log_probabilities.get(label, -math.inf)) for label in votes}
            total = sum(shares.values())
            for label in votes:
                votes[meant[label]] += shares[label] / total if total else 0.0
        elif (letter := reply.text.strip().strip("\"'.:()*").upper()) in votes:
            votes[meant[letter]] += 1
        else:
            notes.append(f"not read: {reply.text[:60]!r} is none of A, B and C")
    best = max(votes, key=lambda label: (votes[label], label == "C"))
    if best == "C" or votes[best] == votes["C"] or votes["A"] == votes["B"]:
        return {}
    strength = math.log(votes[best] / (sum(votes.values()) - votes[best]))
    return {
        ((a, b) if best == "A" else (b, a)): max(strength, 1e-9)
    }  # kept, though less likely than the others together
