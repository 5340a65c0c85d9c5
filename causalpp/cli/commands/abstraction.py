"""``causalpp abstraction``: is a network an implementation of a program, where does it keep what, and of which one?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp.cli import options
from causalpp.cli.options import option
from causalpp.cli.show import check_figure_path, console, print_json, save_figure, table_of
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.abstraction import Alignment, Interchange, Site
    from causalpp.abstraction.tasks import Task

__all__ = ["Of", "abstraction", "site_of", "tell"]

_SITE = re.compile(r"(?P<module>[^\[\]@]*)(\[(?P<first>\d+):(?P<last>\d+)\])?(@(?P<position>-?\d+|last))?")

abstraction = typer.Typer(
    name="abstraction",
    help="Is a network an implementation of a causal program? Interchanges say so.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Network(StrEnum):
    """Which network of a task."""

    hand = "hand"
    trained = "trained"
    random = "random"


class Choice(StrEnum):
    """How interchanges are chosen."""

    information = "information"
    random = "random"


@dataclass(frozen=True)
class Of:
    """What is looked at: a task's network, or an alignment of the user's."""

    task: str = option(
        "--task",
        "hierarchical_equality, addition, pointer, boolean_circuit or entailment; or module:NAME, a function of yours "
        "that makes a Task, an Alignment, or candidates by name.",
        "hierarchical_equality",
    )
    network: Network = option(
        "--network", "Of a task: written by hand, trained on labels, or not trained at all.", Network.hand
    )
    at: list[str] | None = option(
        "--at", "Where a variable is: VARIABLE=MODULE, MODULE[0:8], or MODULE[0:8]@POSITION (repeatable)."
    )
    seed: int = option("--seed", "Of everything random, also of a training.", 0, min=0)

    def found(self) -> Any:
        """A task, an alignment, or candidates by name.

        Raises:
            UnknownName: no such task.
            InvalidParameter: what was named makes none of these.
        """
        from causalpp._register import look_first_in
        from causalpp.abstraction import Alignment, tasks

        if ":" in self.task:
            look_first_in(Path.cwd())
        made = tasks.TASKS.find(self.task)()
        of_candidates = isinstance(made, Mapping) and all(isinstance(each, Alignment) for each in made.values())
        if not (of_candidates or isinstance(made, (tasks.Task, Alignment))):
            raise InvalidParameter(
                f"{self.task!r} makes a {type(made).__name__}, and a Task, an Alignment or a mapping from names to "
                "alignments is needed"
            )
        return made

    def made(self, task: Task) -> Any:
        """The task's network.

        Raises:
            InvalidParameter: none can be written by hand.
        """
        if self.network is Network.hand:
            if task.by_hand is None:
                raise InvalidParameter(f"no network was written by hand for {task.name}: take --network trained")
            return task.by_hand()
        return task.trained(self.seed) if self.network is Network.trained else task.fresh(self.seed)

    def sites(self, task: Task) -> dict[str, Any]:
        """Variable → site: what was told, and for the network written by hand what is known."""
        told = {}
        for one in self.at or []:
            variable, _, where = one.partition("=")
            told[variable] = site_of(where)
        known = dict(task.sites) if self.network is Network.hand else {}
        if not told and not known:
            raise InvalidParameter(
                "say where the variables are, such as --at left=layers.1[0:8]; causalpp abstraction search finds them"
            )
        return known | told

    def one(self) -> Alignment:
        """One alignment; of candidates, the first."""
        made = self.found()
        if isinstance(made, Mapping):
            made = next(iter(made.values()))
        found: Alignment = made.aligned(self.made(made), self.sites(made)) if hasattr(made, "aligned") else made
        return found

    def several(self) -> dict[str, Alignment]:
        """Candidates by name.

        Raises:
            InvalidParameter: there is one alignment only.
        """
        made = self.found()
        if isinstance(made, Mapping):
            return dict(made)
        if not hasattr(made, "aligned"):
            raise InvalidParameter(f"{self.task!r} makes one alignment: make a mapping from names to alignments")
        network, sites = self.made(made), self.sites(made)
        return {name: made.aligned(network, sites, program=name) for name in made.programs}

    def to_search(self) -> dict[str, Any]:
        """What a search is told of program and network."""
        made = self.found()
        if isinstance(made, Mapping):
            made = next(iter(made.values()))
        if hasattr(made, "aligned"):
            return {
                "program": made.program, "network": self.made(made), "encode": made.encode, "outcome": made.outcome,
                "inputs": made.draw,
            }  # fmt: skip
        return {
            "program": made.program, "network": made.network, "encode": made.encode, "decode": made.decode,
            "outcome": made.outcome, "inputs": made.inputs,
        }  # fmt: skip


@abstraction.command()
@options.grouped
def accuracy(
    of: Of,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Of base and source, for each variable.")] = 1000,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Interchange accuracy of every variable, with trivial answers, random weights and faithfulness beside it."""
    check_figure_path(plot)
    alignment = of.one()
    kinds: list[str | tuple[str, ...]] = list(alignment.sites)
    if len(kinds) > 1:
        kinds.append(tuple(alignment.sites))
    found = [alignment.accuracy(alignment.pairs(pairs, of.seed, kind), seed=of.seed) for kind in kinds]
    if plot is not None:
        save_figure(found[-1].plot(), plot)
    if json:
        print_json({"interchanges": [each.to_dict() for each in found]})
        return
    head = ("", "label changes", "trivial", "random weights", "task", "faithful")
    console.print(table_of([_row(each) for each in found], *head))


def _row(found: Interchange) -> tuple[str, ...]:
    random = [float(share) for share in found.control]
    faithful = found.faithfulness.least if found.faithfulness else float("nan")
    return (
        ", ".join(found.variables),
        repr(found.changing),
        f"{found.baseline:.3f}",
        f"{sum(random) / len(random):.3f}" if random else "–",
        f"{float(found.task):.3f}",
        "–" if faithful != faithful else f"{faithful:.3f}",
    )


@abstraction.command()
@options.grouped
def which(
    of: Of,
    doubt: Annotated[float, typer.Option("--doubt", help="Prior probability of none of the candidates.")] = 0.2,
    budget: Annotated[int, typer.Option("--budget", min=1, help="Interchanges at most.")] = 200,
    confidence: Annotated[float, typer.Option("--confidence", help="Stop when one is so probable.")] = 0.95,
    choice: Annotated[Choice, typer.Option("--choice", help="How interchanges are chosen.")] = Choice.information,
    together: Annotated[int, typer.Option("--together", min=1, help="Sites interchanged at once, at most.")] = 1,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Which of several programs does the network implement? A posterior, from interchanges chosen by information."""
    check_figure_path(plot)
    from causalpp.abstraction import which_program

    found = which_program(
        of.several(), doubt=doubt, budget=budget, confidence=confidence, choice=choice.value, together=together,
        seed=of.seed,
    )  # fmt: skip
    tell(found, plot, json)


@abstraction.command()
@options.grouped
def circuits(
    number: Annotated[int, typer.Option("--number", min=1, help="Of random circuits.")] = 20,
    size: Annotated[int, typer.Option("--size", min=2, help="Candidates for each.")] = 5,
    doubt: Annotated[float, typer.Option("--doubt", help="Prior probability of none of the candidates.")] = 0.2,
    outside: Annotated[bool, typer.Option("--outside", help="Also without the network's own circuit.")] = False,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """How often the right one of several circuits is found, and in how many interchanges; beside random choice."""
    from causalpp.abstraction import recovery

    found = recovery(number, size=size, doubt=doubt, outside=outside, seed=seed, progress=not json)
    tell(found, None, json)


def tell(found: Any, plot: Path | None, json: bool) -> None:
    """Print what was found, and draw it."""
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print(found.to_json())
    else:
        console.print(repr(found), soft_wrap=True)


def site_of(text: str) -> Site:
    """A site as it is written on the command line.

    Raises:
        InvalidParameter: it is not written so.

    Example:
        >>> site_of("layers.1[0:8]"), site_of("blocks.0@-1")
        (Site('layers.1', units 0:8), Site('blocks.0', position=-1))
    """
    from causalpp.abstraction import Site

    found = _SITE.fullmatch(text)
    if not text or found is None:
        raise InvalidParameter(f"a site is written MODULE, MODULE[0:8] or MODULE[0:8]@POSITION; got {text!r}")
    units = slice(int(found["first"]), int(found["last"])) if found["first"] else None
    position = found["position"]
    return Site(found["module"], units, position="last" if position == "last" else int(position) if position else None)
