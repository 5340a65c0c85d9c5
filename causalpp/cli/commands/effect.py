"""``causalpp effect``: the effect of setting one variable on another, with its interval and its formula."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp.cli import options
from causalpp.cli.inputs import has_tables, read_frame, read_program, read_settings
from causalpp.cli.options import columns
from causalpp.cli.show import console, print_json
from causalpp.errors import ImpreciseWarning, InvalidParameter, NotIdentified, UnknownVariable
from causalpp.graphs import Admg, Dag, read_dag, read_graph
from causalpp.programs import CausalProgram, Effect, ate, att, cde, compile, load_network, nde, nie
from causalpp.programs import identify as find_formula

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["effect", "read_model"]


class EffectKind(StrEnum):
    """Which effect is asked for."""

    ate = "ate"
    att = "att"
    nde = "nde"
    nie = "nie"
    cde = "cde"


def effect(
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
    real: columns.Real = None,
    discrete: columns.Discrete = None,
    ordinal: columns.Ordinal = None,
    count: columns.Count = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """The effect of setting one variable on another: in a network, a BIF file, or a graph with data."""
    if data is None and (states or draws):
        raise InvalidParameter(f"{'--states' if states else '--draws'} is about fitting: say --data FILE")
    if identify:
        _identify(data, graph, network, treatment, outcome, json)
        return
    notes: list[str] = []
    frame = None if data is None else read_frame(data)
    said = columns.said_kinds(data, frame, real, discrete, ordinal, count)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImpreciseWarning)
        program = read_model(frame, graph, network, states, seed, said)
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
        found = _EFFECTS[kind](program, treatment, outcome, **given, **_mediated(program, kind, mediator or []))
    notes += dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, ImpreciseWarning))
    sources = _sources(program, treatment, found.treated) if source else {}
    table = None if program.fit is None else program.fit.columns
    if json:
        interval = {} if found.draws is None else {"interval": list(found.interval()), "mass": 0.9}
        read_as = {} if table is None else {"columns": table.to_dict()}
        print_json(found.to_dict() | interval | read_as | sources | ({"notes": notes} if notes else {}))
        return
    if frame is not None and table is not None:
        columns.show_columns(frame, said, [column.name for column in table.columns])
    console.print(repr(found))
    for note in notes:
        console.print(f"note: {note}")
    if "why_no_source" in sources:
        console.print(f"\n# the program cannot be shown: {sources['why_no_source']}")
    elif source:
        console.print(
            f"\n# the program\n{sources['source']}\n# after do({treatment} = {found.treated})\n{sources['source_do']}"
        )


_EFFECTS: dict[EffectKind, Callable[..., Effect]] = {
    EffectKind.ate: ate,
    EffectKind.att: att,
    EffectKind.nde: nde,
    EffectKind.nie: nie,
    EffectKind.cde: cde,
}


def _identify(
    data: Path | None, graph: Path | None, network: str | None, treatment: str, outcome: str, json: bool
) -> None:
    """The formula, or why there is none; data only have to be there for the formula's number, which is not asked."""
    if data is not None:
        raise InvalidParameter("--identify asks the graph alone: leave out --data")
    if (graph is None) == (network is None):
        raise InvalidParameter("say one of --graph FILE and --network NAME")
    try:
        formula = find_formula(_mixed(graph, network), treatment, outcome)
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


def read_model(
    frame: pd.DataFrame | None,
    graph: Path | None,
    network: str | None,
    states: list[str] | None = None,
    seed: int = 0,
    kinds: Mapping[str, str] | None = None,
) -> CausalProgram:
    """A network, a BIF file with its tables, or a graph fitted to data."""
    if (graph is None) == (network is None):
        raise InvalidParameter("say one of --graph FILE and --network NAME")
    if frame is not None:
        dag = _graph(graph, network)
        declared = _states(dag, states or [])
        kinds = {name: kind for name, kind in (kinds or {}).items() if name in dag}
        return compile(dag, data=frame, states=declared, kinds=kinds, seed=seed)
    if network is not None:
        return load_network(network)
    assert graph is not None  # for the type checker
    if not has_tables(graph):
        read_graph(graph)  # if the file is wrong, say so first
        raise InvalidParameter(
            f"{graph} holds a graph without tables: use a network file (BIF, XDSL, …), or effect --data to fit them"
        )
    return read_program(graph)


def _graph(graph: Path | None, network: str | None) -> Dag:
    """The graph alone, of a file or of a network."""
    if network is not None:
        return load_network(network).dag
    assert graph is not None  # the callers see to one of the two
    return read_dag(graph)


def _mixed(graph: Path | None, network: str | None) -> Dag | Admg:
    """The graph alone, where latent common causes may be bidirected edges."""
    found = None if graph is None else read_graph(graph)
    return found if isinstance(found, Admg) else _graph(graph, network)


def _states(dag: Dag, declared: list[str]) -> dict[str, list[str]]:
    """The states of the graph's latent variables."""
    out: dict[str, list[str]] = {}
    for name, text in read_settings(declared).items():
        if name not in dag:
            raise UnknownVariable(name, dag.nodes)
        if name not in dag.latent:
            raise InvalidParameter(f"{name!r} is not latent: its states are those in the data")
        out[name] = [part.strip() for part in text.split(",")]
        if len(out[name]) < 2 or not all(out[name]) or len(set(out[name])) < len(out[name]):
            raise InvalidParameter(
                f"a latent variable has two different states at least, as in {name}=a,b; got {text!r}"
            )
    missing = sorted(dag.latent - set(out))
    if missing:
        raise InvalidParameter(
            f"{missing[0]!r} is latent, so the data do not say what it is: declare its states, such as "
            f"--states {missing[0]}=a,b; --identify says whether the effect needs them"
        )
    return out
