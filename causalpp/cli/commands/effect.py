"""``causalpp effect``: the effect of setting one variable on another, with its interval and its formula."""

from __future__ import annotations

import math
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp.cli import options
from causalpp.cli.show import console, print_json
from causalpp.errors import ImpreciseWarning, InvalidParameter, NotIdentified

if TYPE_CHECKING:
    from causalpp.graphs import Admg, Dag
    from causalpp.programs import CausalProgram

__all__ = ["effect"]


class EffectKind(StrEnum):
    """Which effect is asked for."""

    ate = "ate"
    att = "att"
    nde = "nde"
    nie = "nie"
    cde = "cde"


@options.grouped
def effect(
    *,
    treatment: Annotated[str, typer.Option("--treatment", help="The variable that is set.")],
    outcome: Annotated[str, typer.Option("--outcome", help="The variable looked at.")],
    data: Annotated[Path | None, typer.Option("--data", help="CSV file to fit the graph's mechanisms to.")] = None,
    graph: options.Graph = None,
    network: options.Network = None,
    treated: options.Treated = None,
    control: options.Control = None,
    state: options.State = None,
    kind: Annotated[
        EffectKind, typer.Option("--kind", help="The average effect, on the treated, natural (in)direct, controlled.")
    ] = EffectKind.ate,
    mediator: Annotated[
        list[str] | None, typer.Option("--mediator", help="For nde and nie: tar; for cde: tar=yes (repeatable).")
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--states", help="With --data: states of a latent variable (repeatable): genotype=a,b."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option("--draws", min=0, help="With --data: posterior draws for the interval; 200 unless said, 0: none."),
    ] = None,
    samples: Annotated[int | None, typer.Option("--samples", help="Simulate so many rows a side instead.")] = None,
    identify: Annotated[
        bool, typer.Option("--identify", help="Print the formula of the effect, or why there is none; needs no data.")
    ] = False,
    source: Annotated[bool, typer.Option("--source", help="Also print the program, before and after do.")] = False,
    columns: options.Columns,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """The effect of setting one variable on another: in a network, a BIF file, or a graph with data."""
    from causalpp.cli.inputs import read_model

    if data is None and (states or draws):
        raise InvalidParameter(f"{'--states' if states else '--draws'} is about fitting: say --data FILE")
    if identify:
        _identify(data, graph, network, treatment, outcome, json)
        return
    notes: list[str] = []
    rows = columns.read(data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImpreciseWarning)
        program = read_model(rows, graph, network, states, seed)
        for variable in (treatment, outcome):
            program.mechanism(variable)  # an unknown name is said to be unknown, whatever else is wrong
        if not program.is_discrete(treatment) and (treated is None or control is None):
            raise InvalidParameter(f"{treatment!r} is a real number: say both --treated and --control")
        given: dict[str, Any] = {
            "treated": _value(program, treatment, treated),
            "control": _value(program, treatment, control),
            "state": state,
            "samples": samples,
            "seed": seed,
            "draws": (200 if draws is None else draws) or None if data is not None else None,
        }
        found = getattr(cpp, kind.value)(
            program, treatment, outcome, **given, **_mediated(program, kind, mediator or [])
        )
    notes += dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, ImpreciseWarning))
    sources = _sources(program, treatment, found.treated) if source else {}
    table = None if program.fit is None else program.fit.columns
    if json:
        interval = {} if found.draws is None else {"interval": list(found.interval()), "mass": 0.9}
        read_as = {} if table is None else {"columns": table.to_dict()}
        print_json(found.to_dict() | interval | read_as | sources | ({"notes": notes} if notes else {}))
        return
    if rows is not None and table is not None:
        rows.show([column.name for column in table.columns])
    console.print(repr(found))
    for note in notes:
        console.print(f"note: {note}")
    if "why_no_source" in sources:
        console.print(f"\n# the program cannot be shown: {sources['why_no_source']}")
    elif source:
        console.print(
            f"\n# the program\n{sources['source']}\n# after do({treatment} = {found.treated})\n{sources['source_do']}"
        )


def _identify(
    data: Path | None, graph: Path | None, network: str | None, treatment: str, outcome: str, json: bool
) -> None:
    """The formula, or why there is none; data only have to be there for the formula's number, which is not asked."""
    if data is not None:
        raise InvalidParameter("--identify asks the graph alone: leave out --data")
    if (graph is None) == (network is None):
        raise InvalidParameter("say one of --graph FILE and --network NAME")
    try:
        formula = cpp.identify(_mixed(graph, network), treatment, outcome)
    except NotIdentified as error:
        if json:
            print_json({"identified": False, "reason": str(error)})
        else:
            console.print(str(error))
        return
    if json:
        print_json({"identified": True, "formula": str(formula)} | formula.to_dict())
    else:
        console.print(f"{formula}\n  by {formula.reason}")


def _value(program: CausalProgram, variable: str, text: str | None) -> str | float | None:
    """A value from the command line: a number where the variable is real."""
    if text is None or program.is_discrete(variable):
        return text
    return _number(variable, text)


def _number(variable: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidParameter(f"{variable!r} is a real number, so it cannot be {text!r}")
    return number


def _mediated(program: CausalProgram, kind: EffectKind, mediator: list[str]) -> dict[str, Any]:
    """What the kinds of effect that have mediators take."""
    if kind in (EffectKind.ate, EffectKind.att):
        if mediator:
            raise InvalidParameter(f"--kind {kind.value} has no mediator: say --kind nde, nie or cde")
        return {}
    if not mediator:
        example = "tar=yes" if kind is EffectKind.cde else "tar"
        raise InvalidParameter(f"--kind {kind.value} needs --mediator, such as --mediator {example}")
    if kind is not EffectKind.cde:
        for item in mediator:
            if item not in program.variables and "=" in item:
                raise InvalidParameter(f"--kind {kind.value} takes the mediator's name alone, not {item!r}")
        return {"mediator": mediator}
    from causalpp.cli.inputs import read_settings

    fixing = read_settings(mediator)
    for name in fixing:
        program.mechanism(name)
    return {"fixing": {name: _value(program, name, text) for name, text in fixing.items()}}


def _sources(program: CausalProgram, treatment: str, treated: Any) -> dict[str, str]:
    """The program as text before and after the intervention, or why it has none."""
    try:
        return {"source": program.source(), "source_do": program.do({treatment: treated}).source()}
    except InvalidParameter as error:
        return {"why_no_source": str(error)}


def _mixed(graph: Path | None, network: str | None) -> Dag | Admg:
    """The graph alone, where latent common causes may be bidirected edges."""
    from causalpp.cli.inputs import graph_of

    found = None if graph is None else cpp.read_graph(graph)
    return found if isinstance(found, cpp.Admg) else graph_of(graph, network)
