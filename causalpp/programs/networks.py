"""The networks that ship: published graphs and tables, with cards that say what everything means."""

from __future__ import annotations

import tomllib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from causalpp._files import data_path
from causalpp.errors import UnknownNetwork
from causalpp.graphs import BifNetwork, read_bif, write_bif
from causalpp.programs.cards import Card, VariableCard
from causalpp.programs.compiler import compile
from causalpp.programs.mechanisms import Table
from causalpp.programs.program import CausalProgram

__all__ = ["from_bif", "from_network", "load_network", "network_names", "to_bif"]


def network_names() -> tuple[str, ...]:
    """The names that :func:`load_network` takes, in alphabetical order.

    >>> network_names()
    ('alarm', 'asia', 'cancer', 'child', 'earthquake', 'insurance', 'sachs', 'survey')
    """
    return tuple(sorted(path.stem for path in (data_path() / "networks").glob("*.bif")))


@lru_cache(maxsize=16)
def load_network(name: str) -> CausalProgram:
    """A published network as a program, with its tables as published and its card.

    Args:
        name: one of :func:`network_names`, in any case.

    Raises:
        UnknownNetwork: no such network; close names are suggested.

    Example:
        >>> asia = load_network("asia")
        >>> asia.dag.parents("dysp"), asia.states("dysp")
        (('bronc', 'either'), ('yes', 'no'))
        >>> asia.card.variables["dysp"].label
        'shortness of breath'
    """
    known = network_names()
    if name not in known:
        if isinstance(name, str) and name.casefold() in known:
            return load_network(name.casefold())
        raise UnknownNetwork(name, known)
    folder = data_path() / "networks"
    values = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    texts = {
        key: " ".join(values[key].split())
        for key in ("name", "title", "summary", "citation", "source", "url", "licence")
    }
    variables = {
        variable: VariableCard(about["label"], about["description"], dict(about["states"]))
        for variable, about in values["variables"].items()
    }
    card = Card(**texts, notes=tuple(values.get("notes", ())), variables=variables)
    return from_bif((folder / f"{name}.bif").read_text(encoding="utf-8"), card)


def from_bif(text: str, card: Card | None = None) -> CausalProgram:
    """A program from the text of a BIF file, structure and tables; the inverse is :func:`to_bif`.

    A row of ``NaN`` stays undefined as long as its parents' states have probability zero; ``do`` refuses to make them
    possible.

    Raises:
        FormatError: the text is not a whole BIF file; the message says where it breaks off.
        InvalidParameter: a row of ``NaN`` for parents that can occur; the message names them and the line.

    Example:
        >>> from_bif(to_bif(load_network("cancer"))).distribution("Cancer")
        {'True': 0.01163, 'False': 0.98837}
    """
    return from_network(read_bif(text), card)


def from_network(network: BifNetwork, card: Card | None = None) -> CausalProgram:
    """A program from a network with its tables, as :func:`causalpp.graphs.read_network` reads it from a file.

    Raises:
        InvalidParameter: an undefined row for parents that can occur, as in :func:`from_bif`.

    Example:
        >>> from causalpp.graphs import read_uai
        >>> from_network(read_uai("BAYES 1 2 1  1 0  2 0.25 0.75")).distribution("x0")
        {'0': 0.25, '1': 0.75}
    """
    mechanisms = {name: _table(network, name) for name in network.states}
    return compile(network.dag, mechanisms=mechanisms, card=card)


def to_bif(program: CausalProgram, name: str = "causalpp") -> str:
    """A program as the text of a BIF file; after ``do``, a variable that was set has a table of zeros and a one.

    Raises:
        FormatError: a name or a state that BIF cannot hold.

    Example:
        >>> print(to_bif(load_network("cancer").do(Smoker="True")).split("probability ( Smoker ) ")[1].split("}")[0])
        {
          table 1.0, 0.0;
    """
    network = BifNetwork(
        name=program.card.name if program.card else name,
        states={v: tuple(str(state) for state in program.states(v)) for v in program.variables},
        parents={v: program.mechanism(v).parents for v in program.variables},
        tables={v: _with_undefined(program, v) for v in program.variables},
        latent=program.latent,
    )
    return write_bif(network)


def _table(network: BifNetwork, name: str) -> Table:
    states, parents, table = network.states[name], network.parents[name], network.tables[name]
    missing = np.asarray(np.isnan(table).all(axis=-1))
    if not missing.any():
        return Table(states, parents, table)
    undefined = {}
    for row in np.argwhere(missing).tolist():
        number = int(np.ravel_multi_index(row, missing.shape)) if row else 0
        line = network.undefined.get((name, number))
        undefined[tuple(row)] = "" if line is None else f"line {line}"
    filled = np.where(missing[..., None], 1 / len(states), table)
    return Table(states, parents, filled, undefined=undefined)


def _with_undefined(program: CausalProgram, variable: str) -> NDArray[np.float64]:
    table = np.array(program.table(variable))
    for row in getattr(program.mechanism(variable), "undefined", {}):
        table[row] = np.nan
    return table
