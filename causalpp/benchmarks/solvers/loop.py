"""The loop as a solver: local questions to an oracle, and a posterior over graphs that answers the hypothesis."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import torch

from causalpp.acbo import SPENT, AcboConfig, Result, Session, discover, discover_async
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.solvers.asked import AskingSolver, Model, Simulated, hidden_graph, lettered, only_models
from causalpp.benchmarks.solvers.base import Solution, unread
from causalpp.benchmarks.solvers.symbolic import class_of, meaning_of
from causalpp.equivalence import Cpdag, Entailment, MarkovEquivalenceClass
from causalpp.errors import CausalppError, FormatError, InvalidParameter, OracleError
from causalpp.graphs import Dag, DagBatch
from causalpp.language import Prompt
from causalpp.oracles import LanguageModelOracle, Oracle
from causalpp.oracles.language_model import Estimate, estimate, of_prompt
from causalpp.propositions import Proposition
from causalpp.tasks import Corr2CauseItem, Item
from causalpp.tasks.corr2cause import corr2cause_item

__all__ = ["AcboSolver", "PublishedAcbo"]

_LIMIT = 100_000


@dataclass(frozen=True)
class _Loop(AskingSolver):
    candidates: Literal["class", "proposed"] = "class"
    proposals: int = 16
    confidence: float = 0.95
    max_questions: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.candidates == "proposed":
            only_models(self.ask, self.name)
        if self.proposals < 1 or not 0 < self.confidence < 1:
            raise InvalidParameter("there is at least one proposal, and a confidence lies strictly between 0 and 1")

    @abstractmethod
    def _config(self) -> AcboConfig:
        """The settings of the loop."""

    def _candidates(self, item: Corr2CauseItem) -> MarkovEquivalenceClass | list[tuple[Dag, float]]:
        """The class that the premise determines, or the graphs that the model proposes for it."""
        if self.candidates == "class":
            return class_of(item.premise)
        oracle = self.ask.oracle(Dag(class_of(item.premise).nodes), item.id)
        assert isinstance(oracle, LanguageModelOracle)
        found = oracle.propose_graphs(class_of(item.premise).nodes, premise=item.premise, k=self.proposals)
        if not found.counts:
            raise FormatError("the model proposed no graph that could be read")
        return list(zip(found.graphs, found.weights.tolist(), strict=True))

    def solve(self, item: Item) -> Solution:
        try:
            question, truth, asked, options = self._prepared(corr2cause_item(item))
            result = discover(*asked, **options)
        except CausalppError as error:
            return unread(error)
        return self._concluded(result, question, truth)

    async def solve_async(self, item: Item) -> Solution:
        try:
            question, truth, asked, options = self._prepared(corr2cause_item(item))
            result = await discover_async(*asked, **options)
        except CausalppError as error:
            return unread(error)
        return self._concluded(result, question, truth)

    def estimate(self, item: Item) -> Estimate | None:
        if not isinstance(self.ask, Model):
            return None
        read = corr2cause_item(item)
        try:
            candidates, question = class_of(read.premise), meaning_of(read)
        except CausalppError as error:
            unread(error)
            return None
        oracle = self.ask.oracle(Dag(candidates.nodes), read.id, read.premise)
        assert isinstance(oracle, LanguageModelOracle)
        run = Session(candidates, **self._options(read, question))
        proposed = self.proposals if self.candidates == "proposed" else 0
        return estimate(oracle, run.questions, run.most) + of_prompt(oracle, Prompt(read.premise)).times(proposed)

    def _prepared(self, item: Corr2CauseItem) -> tuple[Proposition, Dag, tuple[Any, Oracle], dict[str, Any]]:
        """The hypothesis, the hidden graph, candidates and oracle, and the other arguments of a run."""
        if isinstance(self.ask, Model):
            item = lettered(item, self.ask.listing, self.ask.seed)
        question, candidates = meaning_of(item), self._candidates(item)
        truth = hidden_graph(item, self.ask.seed)
        oracle = self.ask.oracle(truth, item.id, item.premise)
        return question, truth, (candidates, oracle), self._options(item, question)

    def _concluded(self, result: Result, question: Proposition, truth: Dag) -> Solution:
        if result.interrupted:  # Ctrl-C is meant for the run, and half a result is none
            raise KeyboardInterrupt
        if result.stopped_because.startswith(SPENT):  # so is what a budget left undone: the run goes on from here
            raise OracleError(result.stopped_because)
        return self._verdict(result, question, truth)

    def _options(self, item: Corr2CauseItem, question: Proposition) -> dict[str, Any]:  # noqa: ARG002
        config = self._config()
        return {
            "confidence": self.confidence,
            "max_questions": self.max_questions,
            "seed": seed_of(self.seed, "choice", item.group or item.premise),
            "config": config,
            "channel": config.channel,  # of words: letters under a premise are no domain that a model knows
            "limit": _LIMIT,
        }

    @abstractmethod
    def _verdict(self, result: Result, question: Proposition, truth: Dag) -> Solution:
        """What a finished run says of the hypothesis."""

    def _spent(self, result: Result) -> dict[str, Any]:
        answers = [step.answer for step in result.transcript]
        bound = result.bound() if result.informed else math.inf  # of an error rate not yet known it says nothing
        return {
            "questions": len(answers),
            "bound": bound if math.isfinite(bound) else None,
            "tokens_in": sum(answer.tokens_in for answer in answers),
            "tokens_out": sum(answer.tokens_out for answer in answers),
            "cost": sum(answer.cost for answer in answers),
            "seconds": sum(answer.latency for answer in answers),
        }

    def _seen(self, result: Result, question: Proposition, truth: Dag) -> dict[str, Any]:
        """How the run went; what the hidden graph says is known only where the oracle is simulated."""
        known = isinstance(self.ask, Simulated)
        said = [step.answer for step in result.transcript if step.answer.value is not None]
        wrong = sum(answer.value != bool(answer.question.holds(truth)) for answer in said)
        return {
            "stopped_because": result.stopped_because,
            "graph_confidence": result.belief.confidence,
            "graph_right": result.graph == truth if known else None,
            "holds_in_truth": bool(question.holds(truth)) if known else None,
            "local_answers": len(result.transcript) if known else None,
            "local_wrong": wrong if known else None,
            "local_silent": len(result.transcript) - len(said) if known else None,
        }


@dataclass(frozen=True)
class AcboSolver(_Loop):
    """Our loop, with default settings.

    Two probabilities are stated and never mixed: ``holds``, that the hypothesis holds in the true graph, and
    ``entailed``, that it holds in every member of the true graph's class.  The label of an item is about the second,
    so the answer is.  Where the candidates are one class, read from the premise, ``entailed`` is 0 or 1 and needs no
    question: the loop's own work shows in ``holds``, and in whether the graph is right.

    Attributes:
        ask: a simulated oracle, which knows a member of the class, or a language model.
        candidates: the class that the premise determines, or graphs that a language model proposes for it.
        proposals: how often it is asked for one.
        confidence: at which a run stops.
        max_questions: of a run; by default that of :func:`causalpp.discover`.
        goal: whether to settle the hypothesis rather than the whole graph.
        seed: of the choice among equally good questions.

    Example:
        >>> text = ("Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
        ...         "these 3 variables are as follows: A correlates with B. B correlates with C. A correlates with C. "
        ...         "However, A and C are independent given B.")
        >>> solver = AcboSolver(Simulated(0.0), seed=1)
        >>> verdict = solver.solve(Corr2CauseItem("1", text, "A causes something else which causes C.", None))
        >>> verdict.answer, verdict.entailed, verdict.holds > 0.9 or verdict.holds < 0.1
        (False, 0.0, True)
    """

    name: ClassVar[str] = "acbo"
    goal: bool = True

    def _config(self) -> AcboConfig:
        return AcboConfig()

    def _options(self, item: Corr2CauseItem, question: Proposition) -> dict[str, Any]:
        options = super()._options(item, question)
        return options | {"goal": question} if self.goal else options

    def _verdict(self, result: Result, question: Proposition, truth: Dag) -> Solution:
        belief = result.belief
        if self.candidates == "class":  # the same for all of them, and no sum of probabilities
            entailed = float(_everywhere(Cpdag.from_dag(belief.candidates[0]), question))
        else:
            everywhere = torch.tensor(_entailed(belief.candidates, question)).to(belief.probabilities)
            inside = float(belief.probabilities.sum())
            entailed = min(1.0, float(belief.probabilities @ everywhere) / max(inside, 1e-300))
        answer = entailed >= 0.5
        return Solution(
            answer,
            entailed if answer else 1 - entailed,
            entailed=entailed,
            holds=belief.probability(question),
            about=self._seen(result, question, truth),
            **self._spent(result),
        )


@dataclass(frozen=True)
class PublishedAcbo(_Loop):
    """The published loop (arXiv 2605.27567): 16 candidates, majority votes, an error of 10 %, the most probable graph.

    It answers what holds in the graph it ends with, whether or not that holds in the other members of its class.

    Attributes:
        ask, candidates, proposals, confidence, max_questions, seed: as for :class:`AcboSolver`.
        votes: how often each question is asked.
    """

    name: ClassVar[str] = "acbo-published"
    votes: int = 3

    def _config(self) -> AcboConfig:
        return AcboConfig.published(self.votes)

    def _verdict(self, result: Result, question: Proposition, truth: Dag) -> Solution:
        holds = result.belief.probability(question)
        answer = bool(question.holds(result.graph))
        return Solution(
            answer,
            holds if answer else 1 - holds,
            holds=holds,
            about=self._seen(result, question, truth),
            **self._spent(result),
        )


def _entailed(candidates: DagBatch, question: Proposition) -> list[bool]:
    """Whether a statement holds in every member of the class of each candidate."""
    return [_everywhere(Cpdag.from_dag(candidates[k]), question) for k in range(len(candidates))]


@lru_cache(maxsize=4096)
def _everywhere(graph: Cpdag, question: Proposition) -> bool:
    return Entailment(graph).decide(question).kind == "entailed"
