"""A language model as an oracle."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.language import Asker, Backend, LoadedModel, Prompt, Reply, Sampling
from causalpp.language.reading import LABELS
from causalpp.language.running import Budget, Limits, checked_prices, in_batches
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.journal import Journal
from causalpp.oracles.language_model._identity import fingerprint_of, identity_of
from causalpp.oracles.language_model._polarities import Polarities
from causalpp.oracles.language_model._reader import Reader
from causalpp.oracles.language_model.forms import checked_forms, form_of, parts_of
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.panel import Asked, Panel
from causalpp.oracles.prompts import Prompts, Way, Writer, numbered, ways
from causalpp.oracles.proposals import Proposals, propose_graphs
from causalpp.oracles.running import AsyncOracle
from causalpp.programs import Card, CausalProgram
from causalpp.propositions import Direction, Proposition

__all__ = ["LanguageModelOracle"]

_TOKENS = {"answer": 16, "reason": 1024}
_LINE = 16  # tokens that one more outcome of a panel may take


class LanguageModelOracle(AsyncOracle):
    """Puts questions in English to a language model and reads its replies.

    Of several repeats the first go to different wordings and polarities, and only then is anything asked the
    same way again; which way an answer was asked stands in the answer.

    Args:
        backend: the model; :meth:`openai`, :meth:`anthropic` and :meth:`transformers` make one.
        variables, context, premise, anonymize, system: what the prompt says; see
            :class:`~causalpp.oracles.prompts.Writer`.
        wordings: how questions are put, of :data:`causalpp.propositions.STYLES`.
        polarities: ``"positive"`` ("does …?"), ``"negated"`` ("is it false that …?"), or both.
        direction: in which forms a ``Direction`` is asked for: in ``"words"`` ("does a cause b?", and the other way
            round), by ``"choice"`` of a letter, by the ``"likelihood"`` of a sentence; each in every wording.
        mode: ``"answer"`` asks for the answer alone, ``"reason"`` for a chain of thought whose last line is the answer.
        labels: what can be answered: yes and no, and "unsure" unless it is left out.
        temperature, seed: how words are drawn, see :class:`~causalpp.language.Sampling`.
        max_tokens: of a reply; by default 16, or 1024 with a chain of thought.  Models that think before they write
            need more.
        prompts: a folder of templates; see :class:`~causalpp.oracles.prompts.Prompts`.
        listing: whether variables are listed in an order ``"drawn"`` for each prompt from the seed, the question and
            the repeat, so that it says nothing about the graph, or as they are ``"given"``, as up to 0.2.
        prices: what a million tokens read, and a million tokens written, cost.
        limits, budget, journal, progress: see :class:`~causalpp.oracles.AsyncOracle`.

    Raises:
        InvalidParameter: an argument that is none of these.
        FormatError: templates that cannot be used.

    Example:
        >>> from causalpp import Causes
        >>> from causalpp.language import ScriptedBackend
        >>> oracle = LanguageModelOracle(ScriptedBackend("Yes."), polarities=["positive", "negated"])
        >>> for answer in oracle.ask(Causes("smoke", "cancer"), repeats=2):
        ...     print(answer.negated, answer.text, answer.word)
        False Yes. yes
        True Yes. no
    """

    nature = "language model"

    def __init__(
        self,
        backend: Backend,
        *,
        variables: Iterable[str] | None = None,
        context: str | Mapping[str, str] | CausalProgram | Card | None = None,
        premise: str | Iterable[Proposition | str] | None = None,
        anonymize: bool = False,
        wordings: Sequence[str] = ("plain",),
        polarities: Sequence[str] = ("positive",),
        direction: Sequence[str] = ("words",),
        mode: str = "answer",
        labels: Sequence[str] = LABELS,
        temperature: float = 0.0,
        seed: int | None = 0,
        max_tokens: int | None = None,
        system: str | None = None,
        prompts: Prompts | str | Path | None = None,
        listing: str = "drawn",
        prices: tuple[float, float] | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
        journal: Journal | str | Path | None = None,
        progress: bool | None = None,
    ) -> None:
        super().__init__(limits=limits, budget=budget, journal=journal, progress=progress)
        if mode not in _TOKENS:
            raise InvalidParameter(f"the mode is 'answer' or 'reason', got {mode!r}")
        if tuple(labels) not in (LABELS, LABELS[:2]):
            raise InvalidParameter(f"the labels are {LABELS} or {LABELS[:2]}, got {labels!r}")
        self.backend = backend
        self.wordings = tuple(wordings)
        self.ways = ways(wordings if isinstance(wordings, str) else self.wordings, polarities)
        self.direction = checked_forms(direction, backend, mode)
        self.mode = mode
        self.sampling = Sampling(temperature, seed, _TOKENS[mode] if max_tokens is None else max_tokens)
        self.prices = checked_prices(prices, budget)
        self.anonymize = anonymize
        self.writer = Writer(
            variables,
            context=context,
            premise=premise,
            anonymize=anonymize,
            prompts=prompts if isinstance(prompts, Prompts) else Prompts(prompts),
            system=system,
            labels=labels,
            reason=mode == "reason",
            listing=listing,
            seed=seed,
        )

    @classmethod
    def openai(
        cls,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        form: str = "auto",
        extra: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        **options: Any,
    ) -> LanguageModelOracle:
        """A model behind OpenAI's protocol: OpenAI, vLLM, Ollama, llama.cpp, OpenRouter and others.

        Args:
            model: its name there.
            base_url: where; by default ``OPENAI_BASE_URL``, or OpenAI itself.
            api_key: by default ``OPENAI_API_KEY``; servers of one's own often need none.
            form: how labels are asked for; see :class:`~causalpp.language.backends.openai.OpenAIBackend`.
            extra: further fields of every request, such as ``{"reasoning_effort": "low"}``.
            limits: also the timeout and the number of attempts.
            options: those of the oracle.

        Raises:
            InvalidParameter: no key for an address that needs one, or an argument out of its range.
        """
        from causalpp.language.backends.openai import OpenAIBackend

        limits = limits or Limits()
        known = {"timeout": limits.timeout, "retries": limits.retries, "extra": extra}
        return cls(OpenAIBackend(model, base_url, api_key, form=form, **known), limits=limits, **options)

    @classmethod
    def anthropic(
        cls,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        **options: Any,
    ) -> LanguageModelOracle:
        """A model of Anthropic's; the arguments are those of :meth:`openai`.

        The key is by default ``ANTHROPIC_API_KEY``.  The protocol takes neither a temperature nor a seed.

        Raises:
            InvalidParameter: no key, a temperature or a seed, or an argument out of its range.
        """
        from causalpp.language.backends.anthropic import AnthropicBackend

        for name in {"temperature", "seed"} & options.keys():
            raise InvalidParameter(f"Anthropic's protocol takes no {name}: leave it out")
        limits = limits or Limits()
        backend = AnthropicBackend(
            model, base_url, api_key, timeout=limits.timeout, retries=limits.retries, extra=extra
        )
        return cls(backend, limits=limits, temperature=1.0, seed=None, **options)

    @classmethod
    def transformers(
        cls,
        path_or_id: str | Path | tuple[Any, Any] | LoadedModel,
        device: str | None = None,
        *,
        model: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> LanguageModelOracle:
        """A model that runs in this process.

        Args:
            path_or_id: a ``.gguf`` file, a folder, a name on the Hugging Face hub, or a model and tokenizer in memory;
                see :func:`causalpp.language.load_model`.
            device: where it runs; by default an accelerator if there is one.
            model: further arguments of the backend, such as ``{"dtype": "bfloat16"}``.
            options: those of the oracle.

        Raises:
            MissingDependency: the transformers package is not installed.
            InvalidParameter, OracleError: no such model, or one that cannot be loaded; as there.
        """
        from causalpp.language.backends.transformers import TransformersBackend

        return cls(TransformersBackend(path_or_id, device=device, **(model or {})), **options)

    def __repr__(self) -> str:
        return f"LanguageModelOracle({self.backend!r}, {self.writer!r}, mode={self.mode!r})"

    @property
    def identity(self) -> Mapping[str, Any]:
        polarities = ["negated" if way.negated else "positive" for way in self.ways if not way.wording]
        how = {"mode": self.mode, "wordings": list(self.wordings), "polarities": polarities}
        return identity_of(self.backend, self.writer, self.sampling, {"kind": self.nature, **how})

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.identity, self.writer, self.wordings)

    def asker(self, sampling: Sampling | None = None) -> Asker:
        """What puts prompts of one's own to the same model, within the same limits and budget, with the same journal.

        Args:
            sampling: how words are drawn; by default as for questions.

        Example:
            >>> from causalpp.language import ScriptedBackend
            >>> asker = LanguageModelOracle(ScriptedBackend("Tar is a cause.")).asker()
            >>> asker.ask(Prompt("What is tar?"))[0].text
            'Tar is a cause.'
        """
        return Asker(
            self.backend,
            sampling or self.sampling,
            limits=self.limits,
            budget=self.budget,
            prices=self.prices,
            journal=self.journal,
            progress=self.progress,
            pace=self.pace,
            formerly=[self.fingerprint],  # as 0.1 kept them
        )

    def prompt(self, question: Proposition | Request | Panel) -> Prompt:
        """The prompt that a question or a panel is put in, for looking at.

        Raises:
            UnknownVariable: the question speaks of other variables than the oracle was told of.
        """
        way = self.ways[0]
        if isinstance(question, Panel):
            return self._prompt_of(question.requests("", 0, *way))
        if isinstance(question, Direction):
            question = self._parts(question, 0)[0]
        request = question if isinstance(question, Request) else Request(question, 0, *way)
        form, style = form_of(request, self.wordings)
        turn, asked = self._turn(request), request.question
        if form != "words" and isinstance(asked, Direction):
            return (self.writer.choice if form == "choice" else self.writer.likelihood)(asked, style, turn=turn)
        return self.writer.prompt(asked, style, negated=request.negated, turn=turn)

    def put_as(self, request: Request) -> tuple[Proposition, tuple[str, ...]]:
        codes, order = self.writer.codes, self.writer.order(request.question, self._turn(request))
        return request.question.rename(codes), tuple(codes.get(name, name) for name in order)

    def prompts_of(self, question: Proposition) -> list[Prompt]:
        """All prompts that it takes to put a question once: several for an answer that is made of parts."""
        put: Sequence[Proposition | Request] = self._parts(question, 0) or [question]
        return list(map(self.prompt, put))

    def _turn(self, request: Request) -> int:
        """How often the question was put before, one way after the other: every second time turns its list about."""
        way = Way(request.wording, request.negated)
        return request.replicate * len(self.ways) + (self.ways.index(way) if way in self.ways else sum(way))

    def listed(self, request: Request) -> Sequence[str]:
        return self.writer.order(request.question, self._turn(request)) if self.writer.listing == "drawn" else ()

    def written_by(
        self, writer: Writer, wordings: Sequence[str] | None = None, polarities: Sequence[str] | None = None
    ) -> LanguageModelOracle:
        """The same model, asked in the words of another writer; backend, budget, limits and journal are shared.

        Args:
            writer: what writes the prompts.
            wordings, polarities: how questions are put; by default as before.
        """
        other = self._copied()
        other.writer, other.mode = writer, "reason" if writer.reason else "answer"
        if wordings is not None:
            other.wordings, other.ways = tuple(wordings), ways(wordings, polarities or ["positive"])
        return other

    def about(
        self,
        dag: Dag,
        description: str | Card = "",
        seed: int = 0,  # noqa: ARG002
    ) -> LanguageModelOracle:
        """The same model asked about other variables; of the graph only its variables' names are used.

        The backend, the budget, the limits and the journal are shared; a premise is not taken over.

        Args:
            dag: whose variables.
            description: what they mean, as a text or a card; it is left out where names are replaced, as it would give
                them away.
            seed: not used: the oracle's own decides how words are drawn, so that a journal knows them again.
        """
        told = None if self.anonymize else description or None
        return self.written_by(self.writer.about(dag.observed, told, anonymize=self.anonymize))

    def propose_graphs(
        self,
        variables: Iterable[str],
        *,
        premise: str | None = None,
        descriptions: Mapping[str, str] | None = None,
        k: int = 16,
        **options: Any,
    ) -> Proposals:
        """Ask the model k times for a whole causal graph; see :func:`causalpp.oracles.propose_graphs`.

        The templates are the oracle's own.  The journal, the budget and the limits hold here too.

        Raises:
            InvalidParameter, FormatError, UnknownVariable, OracleError: as there.

        Example:
            >>> from causalpp.language import ScriptedBackend
            >>> oracle = LanguageModelOracle(ScriptedBackend('{"edges": [{"cause": "smoke", "effect": "tar"}]}'))
            >>> oracle.propose_graphs(["smoke", "tar"], k=3)
            Proposals(1 graphs from 3 of 3 replies)
        """
        options = {"prompts": self.writer.prompts.folder, "listing": self.writer.listing, **options}
        return propose_graphs(self, variables, premise=premise, descriptions=descriptions, k=k, **options)

    def _requests(self, question: Proposition, first: int, repeats: int) -> Iterable[Request]:
        self.prompt(question)  # a question that cannot be put is refused before any is asked
        return [Request(question, replicate, *way) for replicate, way in numbered(self.ways, first, repeats)]

    def _parts(self, question: Proposition, number: int) -> Sequence[Request]:
        if not isinstance(question, Direction):
            return ()
        self.writer.names(question.variables)  # a question that cannot be put is refused before any is asked
        ways = self._polarities.worth_asking(self.ways)
        return parts_of(question, number, self.direction, ways, len(self.wordings))

    def _graded(self, wholes: Sequence[tuple[Request, Sequence[Answer]]]) -> list[Answer]:
        return self._polarities.graded(wholes)

    def resume(self, answers: Iterable[Answer]) -> None:
        mine = [answer for answer in answers if answer.oracle == self.fingerprint]
        super().resume(mine)
        self._polarities.hear(part for answer in mine for part in (*answer.parts, *answer.beside))

    @cached_property
    def _polarities(self) -> Polarities:
        return Polarities(self.wordings)

    def _panel_requests(self, panel: Panel, first: int, repeats: int) -> Iterable[Request]:
        self.prompt(panel)  # what cannot be put is refused before any is asked
        mark, put = self.writer.panels, numbered(self.ways, first, repeats)
        return chain(*(panel.requests(self.fingerprint, number, *way, mark=mark) for number, way in put))

    async def _panel_async(self, requests: Sequence[Request]) -> list[Answer]:
        start = time.monotonic()
        reply = await self.backend.complete(self._prompt_of(requests), self._drawn(requests), requests[0].replicate)
        return self._read(requests, reply, time.monotonic() - start)

    def _prompt_of(self, call: Sequence[Request]) -> Prompt:
        """The prompt of a call: of one question, or of a panel."""
        first = call[0]
        if first.call is None:
            return self.prompt(first)
        asked = [request.question for request in call]
        return self.writer.panel(asked, self.wordings[first.wording], negated=first.negated, turn=self._turn(first))

    def _drawn(self, call: Sequence[Request]) -> Sampling:
        """How the reply to a call is drawn: one to a panel may be longer."""
        if call[0].call is None:
            return self.sampling
        return replace(self.sampling, max_tokens=self.sampling.max_tokens + _LINE * len(call))

    async def _answer_async(self, request: Request) -> Answer:
        return (await self._panel_async([request]))[0]

    def ask(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        return (Oracle if self.backend.batched else AsyncOracle).ask(self, questions, repeats)

    async def ask_async(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        # a model in this process works in a thread, and not while it waits
        return await (Oracle if self.backend.batched else AsyncOracle).ask_async(self, questions, repeats)

    def _put(self, together: Sequence[Sequence[Request]]) -> Generator[tuple[Request, Answer]]:
        """The answers of a model in this process, many prompts at a time."""
        others: dict[Request, list[Answer]] = {}

        def do(chunk: Sequence[Sequence[Request]]) -> list[Answer]:
            """The first answers of each call, those to prompts with equally long replies drawn together."""
            start = time.monotonic()
            replies: dict[int, Reply] = {}
            for sampling in dict.fromkeys(map(self._drawn, chunk)):
                here = [k for k, call in enumerate(chunk) if self._drawn(call) == sampling]
                prompts, numbers = [self._prompt_of(chunk[k]) for k in here], [chunk[k][0].replicate for k in here]
                replies |= zip(here, self.backend.complete_all(prompts, sampling, numbers), strict=True)
            latency = (time.monotonic() - start) / len(chunk)
            found = [self._read(call, replies[k], latency) for k, call in enumerate(chunk)]
            others.update((call[0], answers[1:]) for call, answers in zip(chunk, found, strict=True))
            return [answers[0] for answers in found]

        for call, first in in_batches(together, do, budget=self.budget, progress=self.progress):
            yield from zip(call, [first, *others.pop(call[0])], strict=True)

    def _read(self, call: Sequence[Request], reply: Reply, latency: float) -> list[Answer]:
        if call[0].call is None:
            return [self.read(call[0], reply, latency)]
        return self.read_panel(call, reply, latency)

    def read(self, request: Request, reply: Reply, latency: float = 0.0) -> Answer:
        """What a reply says about the proposition of a request; what was asked the other way round is turned back."""
        form, style = form_of(request, self.wordings)
        if form == "words" or not isinstance(request.question, Direction):
            return self._reader.answer(request, reply, latency)
        said = self.writer.statements(request.question.variables, style)
        return self._reader.choice(request, reply, latency, said if form == "likelihood" else "abc", said)

    def read_panel(self, requests: Sequence[Request], reply: Reply, latency: float = 0.0) -> list[Answer]:
        """What a reply says about each outcome of a panel; see :func:`~causalpp.oracles.read_panel`.

        The reply, and what it took, stand in the first answer.
        """
        return self._reader.panel(requests, reply, latency, turn=self._turn(requests[0]))

    @property
    def _reader(self) -> Reader:
        return Reader(self.writer, self.backend.batched, self.fingerprint, self.prices, self.sampling.max_tokens)

    async def _close_async(self) -> None:
        await self.backend.close()
