"""What the commands read: data, graphs, networks and settings such as ``smoke=yes``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from causalpp._files import about, read_text
from causalpp.errors import FormatError, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag, read_dag, read_graph, read_network
from causalpp.graphs.dag import check_names
from causalpp.programs import CausalProgram, compile, from_network, load_network, network_names
from causalpp.propositions import Proposition, parse

if TYPE_CHECKING:
    from causalpp.cli.options.columns import Table

__all__ = ["graph_of", "has_tables", "read_model", "read_program", "read_settings", "read_statements", "read_truth"]


def read_program(path: Path) -> CausalProgram:
    """A program from a network file, structure and tables: BIF, or what its suffix says."""
    network = read_network(path)
    with about(path):
        return from_network(network)


def graph_of(graph: Path | None, network: str | None) -> Dag:
    """The graph in a file, or of a network; the caller sees to it that one of the two is given."""
    if network is not None:
        return load_network(network).dag
    assert graph is not None
    return read_dag(graph)


def read_model(
    table: Table | None,
    graph: Path | None,
    network: str | None,
    states: list[str] | None = None,
    seed: int = 0,
) -> CausalProgram:
    """A network, a BIF file with its tables, or a graph fitted to data."""
    if (graph is None) == (network is None):
        raise InvalidParameter("say one of --graph FILE and --network NAME")
    if table is not None:
        dag = graph_of(graph, network)
        declared = _states(dag, states or [])
        kinds = {name: kind for name, kind in table.kinds.items() if name in dag}
        return compile(dag, data=table.frame, states=declared, kinds=kinds, seed=seed)
    if network is not None:
        return load_network(network)
    assert graph is not None  # for the type checker
    if not has_tables(graph):
        read_graph(graph)  # if the file is wrong, say so first
        raise InvalidParameter(
            f"{graph} holds a graph without tables: use a network file (BIF, XDSL, …), or effect --data to fit them"
        )
    return read_program(graph)


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


def has_tables(path: str | Path) -> bool:
    """Whether the suffix of a file says that it holds a network with its tables."""
    name = Path(path)
    suffix = Path(name.stem if name.suffix.lower() == ".gz" else name).suffix.lower()
    return suffix in (".bif", ".xmlbif", ".bifxml", ".xdsl", ".net", ".uai")


def read_truth(name: str) -> Dag:
    """The graph an oracle is to know: the name of a network, or a graph file."""
    if name.casefold() in network_names():
        return load_network(name).dag
    if not Path(name).exists():
        raise InvalidParameter(f"{name!r} is neither a graph file nor a network ({', '.join(network_names())})")
    return read_dag(name)


def read_statements(path: Path) -> tuple[tuple[str, ...], list[Proposition]]:
    """The variables and statements of a text file: one statement a line, ``#`` for comments.

    A first line ``variables: A, B, C`` names the variables; otherwise they are those the statements name.

    Raises:
        FormatError: a line cannot be read.
        UnknownVariable: a statement names a variable that is not listed.
    """
    lines = [(n, line.strip()) for n, line in enumerate(read_text(path).splitlines(), start=1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    names: tuple[str, ...] | None = None
    if lines and lines[0][1].lower().startswith("variables:"):
        listed = next(csv.reader([lines.pop(0)[1].partition(":")[2]], skipinitialspace=True))
        with about(path):
            names = check_names(name.strip() for name in listed)
    statements = []
    for number, line in lines:
        with about(f"{path}, line {number}"):
            statements.append(parse(line, names))
    if not statements:
        raise FormatError(f"{path} has no statements: write one a line, such as 'A and C are independent given B'")
    return names or tuple(dict.fromkeys(v for s in statements for v in s.variables)), statements


def read_settings(items: list[str]) -> dict[str, str]:
    """Settings ``variable=state`` as a dictionary.

    Raises:
        InvalidParameter: no ``=``, an empty side, or a variable set twice.
    """
    out: dict[str, str] = {}
    for item in items:
        variable, equals, state = item.partition("=")
        if not equals or not variable.strip() or not state.strip():
            raise InvalidParameter(f"a setting is written variable=state, got {item!r}")
        if variable.strip() in out:
            raise InvalidParameter(f"{variable.strip()!r} is set twice")
        out[variable.strip()] = state.strip()
    return out
