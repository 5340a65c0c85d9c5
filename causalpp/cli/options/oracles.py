"""The options that say who answers, and the oracle they make."""

from __future__ import annotations

import sys
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
    from causalpp.oracles import ExperimentOracle, HumanOracle, Journal, LanguageModelOracle, Oracle, SimulatedOracle
    from causalpp.oracles import noise as noises
    from causalpp.programs import CausalProgram

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
    prices: str | None = option(
        "--prices", "Of a million tokens read and written, such as 2.5,10: the journal then counts cost."
    )
    concurrency: int | None = option(
        "--concurrency", "openai, anthropic: questions under way at once; 8 unless said.", min=1
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
            ("prices", _REMOTE),
            ("concurrency", _REMOTE),
            ("budget_questions", _LANGUAGE),
        ):
            if getattr(self, name) is not None and self.oracle not in kinds:
                option, known = "--" + name.replace("_", "-"), ", ".join(kind.value for kind in kinds)
                raise InvalidParameter(f"{option} goes with --oracle {known}; this run's is {self.oracle.value}")
        if self.oracle is OracleKind.simulated:
            self.noise()
        if self.is_language and self.model is None:
            raise InvalidParameter(f"--oracle {self.oracle.value} needs --model, {_MODEL[self.oracle]}")
        self._prices()

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
        options: dict[str, Any] = {
            "variables": variables,
            "context": program if self.context is None else read_text(self.context),
            "journal": journal,
            "budget": None if self.budget_questions is None else cpp.Budget(questions=self.budget_questions),
        }
        assert self.model is not None  # seen to above
        if self.oracle is OracleKind.transformers:
            from causalpp.language.backends.loading import library

            library(quiet=True)  # its bars are not for the reader of a terminal
            return cpp.LanguageModelOracle.transformers(self.model, seed=self.seed, **options)
        options |= {"prices": self._prices(), "limits": cpp.Limits(concurrency=self.concurrency or 8)}
        if self.oracle is OracleKind.anthropic:
            return cpp.LanguageModelOracle.anthropic(self.model, self.base_url, **options)
        return cpp.LanguageModelOracle.openai(self.model, self.base_url, seed=self.seed, **options)

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
