"""The options that say who answers, and the oracle they make."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import causalpp as cpp
from causalpp._files import read_text
from causalpp.cli.options._grouped import option
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.graphs import Dag
    from causalpp.language import Budget, Limits
    from causalpp.oracles import ExperimentOracle, HumanOracle, Journal, LanguageModelOracle, Oracle, SimulatedOracle
    from causalpp.oracles import noise as noises
    from causalpp.oracles.language_model import Estimate
    from causalpp.programs import CausalProgram
    from causalpp.propositions import Proposition

__all__ = ["ChosenOracle", "OracleKind", "known_program"]


class OracleKind(StrEnum):
    """Who answers."""

    simulated = "simulated"
    openai = "openai"
    anthropic = "anthropic"
    transformers = "transformers"
    human = "human"
    experiment = "experiment"


_REMOTE = (OracleKind.openai, OracleKind.anthropic)
_LANGUAGE = (*_REMOTE, OracleKind.transformers)


@dataclass(frozen=True)
class ChosenOracle:
    """What the options say about who answers.

    Raises:
        InvalidParameter: an option that this kind of oracle does not have, one that it needs, or one out of range.
    """

    oracle: OracleKind = option("--oracle", "Who answers the questions.", default=OracleKind.simulated)
    error: float | None = option("--error", "How often a simulated oracle errs; 0.1 unless said.", show_default=False)
    sensitivity: float | None = option("--sensitivity", "Instead of --error: its share of yes where yes is true.")
    specificity: float | None = option("--specificity", "Instead of --error: its share of no where no is true.")
    model: str | None = option("--model", "Language models: the name at the server, or a folder (transformers).")
    base_url: str | None = option("--base-url", "openai, anthropic: the server's address. Keys: environment only.")
    context: Path | None = option("--context", "Language models: a text file with background on the variables.")
    journal: Path | None = option("--journal", "Keep every answer in this file; what is in it is not asked again.")
    mode: str | None = option("--mode", "Language models: answer, or reason for a chain of thought before it.")
    max_tokens: int | None = option(
        "--max-tokens",
        "Language models: of a reply, thoughts included; 16 unless said, 1024 with --mode reason.",
        min=1,
    )
    temperature: float | None = option("--temperature", "openai, transformers: of the words drawn; 0 unless said.")
    wording: list[str] | None = option(
        "--wording", "Language models: how questions are put (repeatable): plain, intervention, …"
    )
    polarity: list[str] | None = option(
        "--polarity", "Language models: positive, or negated for 'is it false that …?' (repeatable)."
    )
    direction: list[str] | None = option(
        "--direction", "Language models: a pair's direction in words, by choice or by likelihood (repeatable)."
    )
    listing: str | None = option(
        "--listing", "Language models: variables in an order drawn for each prompt, as unless said, or as given."
    )
    prices: str | None = option(
        "--prices", "Of a million tokens read and written, such as 2.5,10: the journal then counts cost."
    )
    budget_tokens: int | None = option("--budget-tokens", "Language models: read and write so many at most.", min=0)
    budget_money: float | None = option("--budget-money", "With --prices: spend so much at most.", min=0)
    concurrency: int | None = option(
        "--concurrency", "openai, anthropic: questions under way at once; 8 unless said.", min=1
    )
    requests_per_minute: float | None = option("--requests-per-minute", "openai, anthropic: what the server allows.")
    tokens_per_minute: float | None = option("--tokens-per-minute", "openai, anthropic: … of tokens.")
    timeout: float | None = option("--timeout", "openai, anthropic: seconds for an attempt; 60 unless said.")
    retries: int | None = option("--retries", "openai, anthropic: further attempts; 5 unless said.", min=0)
    extra: list[str] | None = option(
        "--extra", "openai, anthropic: a further field of every request (repeatable): reasoning_effort=low."
    )
    budget_questions: int | None = None
    truth: str | None = None
    seed: int = 0
    quiet: bool = False

    def __post_init__(self) -> None:
        for name, kinds in (
            ("error", (OracleKind.simulated,)),
            ("sensitivity", (OracleKind.simulated,)),
            ("specificity", (OracleKind.simulated,)),
            ("truth", (OracleKind.simulated, OracleKind.experiment)),
            ("model", _LANGUAGE),
            ("base_url", _REMOTE),
            ("context", _LANGUAGE),
            ("mode", _LANGUAGE),
            ("max_tokens", _LANGUAGE),
            ("temperature", (OracleKind.openai, OracleKind.transformers)),
            ("wording", _LANGUAGE),
            ("polarity", _LANGUAGE),
            ("direction", _LANGUAGE),
            ("listing", _LANGUAGE),
            ("prices", _REMOTE),
            ("concurrency", _REMOTE),
            ("requests_per_minute", _REMOTE),
            ("tokens_per_minute", _REMOTE),
            ("timeout", _REMOTE),
            ("retries", _REMOTE),
            ("extra", _REMOTE),
            ("budget_questions", _LANGUAGE),
            ("budget_tokens", _LANGUAGE),
            ("budget_money", _REMOTE),
        ):
            if getattr(self, name) not in (None, []) and self.oracle not in kinds:
                option, known = "--" + name.replace("_", "-"), ", ".join(kind.value for kind in kinds)
                raise InvalidParameter(f"{option} goes with --oracle {known}; this run's is {self.oracle.value}")
        if self.oracle is OracleKind.simulated:
            self.noise()
        if self.is_language and self.model is None:
            raise InvalidParameter(f"--oracle {self.oracle.value} needs --model, {_MODEL[self.oracle]}")
        self._prices()
        self._extra()

    @property
    def is_language(self) -> bool:
        """Whether a language model answers."""
        return self.oracle in _LANGUAGE

    def noise(self) -> noises.Noise:
        """How a simulated oracle errs."""
        rates = self.sensitivity, self.specificity
        if rates == (None, None):
            return cpp.noise.Symmetric(0.1 if self.error is None else self.error)
        if self.error is not None or self.sensitivity is None or self.specificity is None:
            raise InvalidParameter("say --error, or both --sensitivity and --specificity")
        return cpp.noise.Asymmetric(self.sensitivity, self.specificity)

    def _prices(self) -> tuple[float, float] | None:
        if self.prices is None:
            return None
        try:
            read, written = (float(part) for part in self.prices.split(","))
        except ValueError:
            raise InvalidParameter(
                f"--prices are two numbers, of a million tokens read and written, such as 2.5,10; got {self.prices!r}"
            ) from None
        return read, written

    def open_journal(self) -> Journal | None:
        """The journal, if there is to be one."""
        return None if self.journal is None else cpp.Journal(self.journal)

    def simulated(self, truth: Dag, journal: Journal | None = None) -> SimulatedOracle:
        """A simulated oracle that knows a graph."""
        oracle = cpp.SimulatedOracle(truth, self.noise(), seed=self.seed)
        oracle.journal = journal
        return oracle

    def language(
        self, variables: tuple[str, ...] | None, program: CausalProgram | None, journal: Journal | None
    ) -> LanguageModelOracle:
        """A language model told of some variables, by a file or by the card of their network."""
        from causalpp.oracles.language_model import connect

        assert self.model is not None  # seen to above
        if self.oracle is OracleKind.transformers:
            from causalpp.language.backends.loading import library

            library(quiet=True)  # its bars are not for the reader of a terminal
        given: dict[str, Any] = {
            "mode": self.mode,
            "max_tokens": self.max_tokens,
            "wordings": self.wording,
            "polarities": self.polarity,
            "direction": self.direction,
            "listing": self.listing,
            "temperature": self.temperature,
            "extra": self._extra(),
            "prices": self._prices(),
        }
        return connect(
            self.oracle.value,
            self.model,
            self.base_url,
            variables=variables,
            context=program if self.context is None else read_text(self.context),
            journal=journal,
            seed=self.seed,
            budget=self._budget(),
            limits=self._limits(),
            **{name: value for name, value in given.items() if value not in (None, [], {})},
        )

    def estimated(self, oracle: Oracle, questions: Sequence[Proposition], count: int) -> Estimate:
        """What so many of some questions take at most, for ``--dry-run``.

        Raises:
            InvalidParameter: no language model is asked.
        """
        from causalpp.oracles.language_model import LanguageModelOracle, estimate, looks

        if not isinstance(oracle, LanguageModelOracle):
            raise InvalidParameter(
                f"--dry-run tells what a language model would take; {self.oracle.value} takes nothing"
            )
        most = count if self.budget_questions is None else min(count, self.budget_questions)
        return estimate(oracle, questions, most) + looks(oracle)

    def _budget(self) -> Budget | None:
        limits = self.budget_questions, self.budget_tokens, self.budget_money
        return None if limits == (None, None, None) else cpp.Budget(*limits)

    def _limits(self) -> Limits:
        names = ("concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "retries")
        given = {name: getattr(self, name) for name in names}
        return cpp.Limits(**{name: value for name, value in given.items() if value is not None})

    def _extra(self) -> dict[str, Any]:
        """Further fields of requests: numbers, truth values and objects as JSON has them, and all else as text."""
        out: dict[str, Any] = {}
        for text in self.extra or ():
            name, sign, value = text.partition("=")
            if not sign or not name.strip():
                raise InvalidParameter(f"--extra is a field and its value, such as reasoning_effort=low; got {text!r}")
            try:
                out[name.strip()] = json.loads(value)
            except ValueError:
                out[name.strip()] = value
        return out

    def human(self, program: CausalProgram | None, journal: Journal | None) -> HumanOracle:
        """The person at the keyboard; where standard output is for JSON, the questions go to standard error."""
        from causalpp.cli.terminal import Terminal

        card = None if program is None else program.card
        described = {} if card is None else {name: about.description for name, about in card.variables.items()}
        oracle = cpp.HumanOracle(
            described, console=Terminal(stderr=self.quiet), reader=_read_beside if self.quiet else None
        )
        oracle.journal = journal
        return oracle

    def experiment(self, program: CausalProgram | None, journal: Journal | None) -> ExperimentOracle:
        """An oracle that runs a network or a BIF file under intervention."""
        if program is None:
            raise InvalidParameter(
                "an experiment needs a program to run: say --network NAME, or --truth with a network or a BIF file"
            )
        oracle = cpp.ExperimentOracle(program, seed=self.seed)
        oracle.journal = journal
        return oracle

    def make(self, variables: tuple[str, ...], truth: Dag | None, program: CausalProgram | None) -> Oracle:
        """The oracle, for questions about some variables.

        Args:
            variables: what is asked about.
            truth: the graph that a simulated oracle knows.
            program: what an experiment runs, and whose card describes the variables.

        Raises:
            InvalidParameter: the graph or the program that this kind needs is missing, or there is no key.
        """
        journal = self.open_journal()
        if self.is_language:
            return self.language(variables, program, journal)
        if self.oracle is OracleKind.human:
            return self.human(program, journal)
        if self.oracle is OracleKind.experiment:
            return self.experiment(program, journal)
        if truth is None:
            raise InvalidParameter("a simulated oracle needs the graph it knows: say --truth FILE or --truth NETWORK")
        return self.simulated(truth, journal)


_MODEL = {
    OracleKind.openai: "the name at the server",
    OracleKind.anthropic: "the name at the server",
    OracleKind.transformers: "a folder or a name on the Hugging Face hub",
}


def known_program(network: str | None, *sources: str | Path | None) -> CausalProgram | None:
    """The program that some options name: a network, or a BIF file; None if there is none."""
    from causalpp.cli.inputs import has_tables, read_program
    from causalpp.programs import network_names

    for source in (str(source) for source in (network, *sources) if source is not None):
        if source.casefold() in network_names():
            return cpp.load_network(source)
        if has_tables(source):
            return read_program(Path(source))
    return None


def _read_beside(prompt: str) -> str:
    """A line of text, the prompt for it on standard error."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
