"""Solvers that put the whole question to an oracle at once: here is the premise, does the hypothesis follow?"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from causalpp._plain import plain
from causalpp.benchmarks.solvers.asked import AskingSolver, Model, hidden_graph, lettered, only_models
from causalpp.benchmarks.solvers.base import Solution, unread
from causalpp.benchmarks.solvers.free import Free, Said, by_scorer, chosen_examples, in_steps, with_examples
from causalpp.benchmarks.solvers.symbolic import meaning_of
from causalpp.equivalence import parse_premise
from causalpp.errors import CausalppError, InvalidParameter
from causalpp.language import LoadedModel, Prompt, Reply
from causalpp.language.quoting import quoted_lines
from causalpp.oracles import Answer, LanguageModelOracle, Oracle, Prompts, Request, Writer
from causalpp.oracles.language_model import Estimate, of_prompt
from causalpp.propositions import Proposition, parse
from causalpp.tasks import Corr2CauseItem, Item, rule_answers
from causalpp.tasks.corr2cause import corr2cause_item
from causalpp.training import load_encoder, probabilities

__all__ = ["ChainOfThought", "FewShot", "PcInPrompt", "SelfConsistency", "Whole", "ZeroShot"]

_TEMPLATES = Path(__file__).parent / "templates"


class _WholeQuestion:
    """A premise and whether a hypothesis follows from it, in the words of an item, as it is put to a model."""

    def __init__(
        self, oracle: LanguageModelOracle, item: Corr2CauseItem, form: str, examples: Sequence[Corr2CauseItem]
    ) -> None:
        listing, seed = oracle.writer.listing, oracle.writer.seed
        item, *examples = (lettered(each, listing, seed) for each in (item, *examples))
        names, _ = parse_premise(item.premise)
        self.question = parse(item.hypothesis, names)
        self.rules = rule_answers(self.question, names)
        prompts, reason, labels = _prompts(form), oracle.mode == "reason", oracle.writer.labels
        writer = Writer(names, prompts=prompts, labels=labels, reason=reason, listing=listing, seed=seed)
        writer.background = "\n\n".join([*(_example(prompts, other) for other in examples), _premise(prompts, item)])
        text = prompts.fill("question", background=writer.background, question=item.hypothesis, format=writer.shape())
        self.prompt = Prompt(text.strip(), writer.system, () if reason else labels)
        self.asker = oracle.asker()
        self.reader = oracle.written_by(writer, ["plain"], ["positive"])

    def ask(self, repeats: int) -> list[Answer]:
        known = self._known(repeats)
        left = [number for number in range(repeats) if number not in known]
        return self._read(known, left, self.asker.ask(self.prompt, left) if left else [])

    async def ask_async(self, repeats: int) -> list[Answer]:
        known = await asyncio.to_thread(self._known, repeats)
        left = [number for number in range(repeats) if number not in known]
        return self._read(known, left, await self.asker.ask_async(self.prompt, left) if left else [])

    def _known(self, repeats: int) -> dict[int, Answer]:
        """The answers that 0.1 kept: it put whole questions as if they were local ones, with such a background."""
        if self.reader.journal is None:
            return {}
        requests = [Request(self.question, number) for number in range(repeats)]
        kept = self.reader.journal.get_many(self.reader.fingerprint, requests)
        return {request.replicate: answer for request, answer in kept.items()}

    def _read(self, known: dict[int, Answer], left: Sequence[int], replies: Sequence[Reply]) -> list[Answer]:
        for number, reply in zip(left, replies, strict=True):
            known[number] = self.reader.read(Request(self.question, number), reply, reply.latency)
        return [known[number] for number in sorted(known)]


def _premise(prompts: Prompts, item: Corr2CauseItem) -> str:
    return prompts.fill("context", lines=quoted_lines(item.premise))


def _example(prompts: Prompts, item: Corr2CauseItem) -> str:
    question = prompts.fill("question", background=_premise(prompts, item), question=item.hypothesis, format="")
    return f"{question.strip()}\n\nAnswer: {item.reply}"


@dataclass
class _Local:
    """Whether a hypothesis holds in the graph that a simulated oracle knows."""

    oracle: Oracle
    question: Proposition
    rules: ClassVar[Mapping[str, float | None]] = {}

    def ask(self, repeats: int) -> list[Answer]:
        return self.oracle.ask(self.question, repeats)

    async def ask_async(self, repeats: int) -> list[Answer]:
        return await self.oracle.ask_async(self.question, repeats)


@dataclass(frozen=True)
class _Classified:
    """What a trained encoder says of an item's prompt, which it was trained on and which is put to it as it stands."""

    folder: str
    item: Item
    rules: ClassVar[Mapping[str, float | None]] = {}

    def ask(self, repeats: int) -> list[Said]:
        """The more probable answer, with its log-odds; the same however often it is asked."""
        loaded = _encoder(self.folder)
        yes = float(probabilities(loaded, [self.item])[0])
        odds = math.log(max(yes, 1e-300)) - math.log(max(1 - yes, 1e-300))
        tokens = len(loaded.tokenizer.encode(self.item.prompt))
        return [Said(yes > 0.5, None, tokens, 0, 0.0, 0.0, odds)] * repeats

    async def ask_async(self, repeats: int) -> list[Said]:
        return await asyncio.to_thread(self.ask, repeats)


@lru_cache(maxsize=4)
def _encoder(folder: str) -> LoadedModel:
    return load_encoder(folder)  # once in each process


@lru_cache(maxsize=8)
def _prompts(form: str) -> Prompts:
    return Prompts(_TEMPLATES / form)


@dataclass(frozen=True)
class Whole(AskingSolver):
    """Solvers that put one prompt an item; what they differ in are its form and how the model replies."""

    form: ClassVar[str] = "whole"
    mode: ClassVar[str] = "answer"
    #: Whether items without a premise can be put, by their prompts.
    any_item: ClassVar[bool] = True

    @property
    def _repeats(self) -> int:
        return 1

    def _temperature(self) -> float | None:
        return None

    def _examples(self, item: Item) -> list[Any]:  # noqa: ARG002
        return []

    def _asked(self, item: Item) -> _WholeQuestion | _Local | Free | _Classified:
        if isinstance(self.ask, Model) and self.ask.encoder:
            return _Classified(self.ask.model, item)
        if self.any_item and isinstance(self.ask, Model) and not isinstance(item, Corr2CauseItem):
            text = with_examples(item.prompt, self._examples(item))
            prompt = Prompt(in_steps(text) if self.mode == "reason" else text)
            return Free(self.ask.connected("reason", self._temperature()).asker(), prompt, by_scorer(item))
        read = corr2cause_item(item)
        if not isinstance(self.ask, Model):
            return _Local(self.ask.oracle(hidden_graph(read, self.ask.seed), read.id), meaning_of(read))
        model = self.ask.connected(self.mode, self._temperature())
        return _WholeQuestion(model, read, self.form, self._examples(read))

    def estimate(self, item: Item) -> Estimate | None:
        try:
            asked = self._asked(item)
        except CausalppError as error:
            unread(error)
            return None
        if isinstance(asked, (_Local, _Classified)) or not isinstance(self.ask, Model):
            return None
        mode = self.mode if isinstance(asked, _WholeQuestion) else "reason"
        return of_prompt(self.ask.connected(mode, self._temperature()), asked.prompt).times(self._repeats)

    def solve(self, item: Item) -> Solution:
        try:
            asked = self._asked(item)
        except CausalppError as error:
            return unread(error)
        return _verdict(asked.ask(self._repeats), asked.rules)

    async def solve_async(self, item: Item) -> Solution:
        try:
            asked = self._asked(item)
        except CausalppError as error:
            return unread(error)
        return _verdict(await asked.ask_async(self._repeats), asked.rules)


def _verdict(answers: Sequence[Answer | Said], rules: Mapping[str, float | None]) -> Solution:
    """What several answers to one question come to: the majority, and how large it is, or one answer's own odds.

    The rules that know nothing say what they say to the prompt as it was put.
    """
    texts = [(json.dumps(plain(a.value), sort_keys=True), a.value) for a in answers if a.value is not None]
    said, votes = dict(texts), Counter(text for text, _ in texts)
    spent: dict[str, Any] = {
        "tokens_in": sum(answer.tokens_in for answer in answers),
        "tokens_out": sum(answer.tokens_out for answer in answers),
        "cost": sum(answer.cost for answer in answers),
        "seconds": sum(answer.latency for answer in answers),
    }
    leading = votes.most_common(2)
    if not leading or (len(leading) == 2 and leading[0][1] == leading[1][1]):
        reasons = [answer.reason for answer in answers if answer.value is None and answer.reason]
        return Solution(None, reason=reasons[0] if reasons else "divided", about=dict(rules), **spent)
    value, about = said[leading[0][0]], {"votes": len(answers), **rules}
    share = leading[0][1] / votes.total() if len(answers) > 1 else None
    if not isinstance(value, bool):
        return Solution(value, share, about=about, **spent)
    yes: float | None = None
    if share is not None:
        yes = votes["true"] / votes.total()
    elif answers[0].log_odds is not None:
        yes = 1 / (1 + math.exp(-max(-700.0, min(700.0, answers[0].log_odds))))
    confidence = None if yes is None else (yes if value else 1 - yes)
    return Solution(value, confidence, entailed=yes, about=about, **spent)


@dataclass(frozen=True)
class ZeroShot(Whole):
    """Shows premise and hypothesis and asks whether it follows; of an item of another kind, a model sees the prompt.

    A simulated oracle, which knows one graph of the class, is asked whether the hypothesis holds there: what a
    perfect guess at the graph would score.

    Attributes:
        ask: a simulated oracle or a language model; the checkpoint of an encoder is shown the item as it was trained.

    Example:
        >>> from causalpp.benchmarks.solvers.asked import Simulated
        >>> text = ("Suppose there is a closed system of 2 variables, A and B. All the statistical relations among "
        ...         "these 2 variables are as follows: A correlates with B.")
        >>> solver = ZeroShot(Simulated(0.0))
        >>> both = [Corr2CauseItem("1", text, said, None) for said in ("A directly causes B.", "B directly causes A.")]
        >>> sorted(solver.solve(item).answer for item in both)
        [False, True]
    """

    name: ClassVar[str] = "zero-shot"


@dataclass(frozen=True)
class FewShot(Whole):
    """Shows solved items first, of other groups; of yes/no items as many of each answer.

    Attributes:
        ask: a language model.
        shots: how many.
        examples: the name of a set that ships, or a file, with items of the same kind; those of its split ``train`` are
            shown, if it has splits, and those of the same topic, if it has such.
        seed: of the choice, which is another one for each item.

    Raises:
        InvalidParameter: another oracle, or no example to show.
    """

    name: ClassVar[str] = "few-shot"
    shots: int = 4
    examples: str = "corr2cause-small"
    seed: int = 0

    def __post_init__(self) -> None:
        only_models(self.ask, self.name)
        if self.shots < 1:
            raise InvalidParameter(f"few-shot shows at least one example, got {self.shots}")

    def _examples(self, item: Item) -> list[Any]:
        return chosen_examples(item, self.examples, self.shots, self.seed)


@dataclass(frozen=True)
class ChainOfThought(Whole):
    """Lets the model write down its reasoning before it answers; items of another kind get a sentence that asks for it.

    Attributes:
        ask: a language model.
    """

    name: ClassVar[str] = "chain-of-thought"
    mode: ClassVar[str] = "reason"

    def __post_init__(self) -> None:
        only_models(self.ask, self.name)


@dataclass(frozen=True)
class SelfConsistency(Whole):
    """Lets the model reason several times and takes the majority (Wang et al., ICLR 2023, arXiv 2203.11171).

    Attributes:
        ask: a language model.
        samples: how many times; an odd number has no ties.
        temperature: of the samples.

    Raises:
        InvalidParameter: fewer than two samples, or a temperature that is not greater than zero.
    """

    name: ClassVar[str] = "self-consistency"
    mode: ClassVar[str] = "reason"
    samples: int = 5
    temperature: float = 0.7

    def __post_init__(self) -> None:
        only_models(self.ask, self.name)
        if self.samples < 2 or not self.temperature > 0:
            raise InvalidParameter("self-consistency takes at least two samples, at a temperature above zero")

    @property
    def _repeats(self) -> int:
        return self.samples

    def _temperature(self) -> float | None:
        return self.temperature


@dataclass(frozen=True)
class PcInPrompt(ChainOfThought):
    """Tells the model to go through the steps of the PC algorithm (Spirtes, Glymour & Scheines 2000) in its reasoning.

    Attributes:
        ask: a language model.
    """

    name: ClassVar[str] = "pc-in-prompt"
    form: ClassVar[str] = "steps"
    any_item: ClassVar[bool] = False
