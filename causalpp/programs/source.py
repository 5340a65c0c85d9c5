"""Printing a program as Python that runs on its own: one line a statement, so that ``do`` changes one line."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalpp.programs.mechanisms import Assign, Mechanism, Table

if TYPE_CHECKING:
    from causalpp.programs.program import CausalProgram

__all__ = ["identifiers", "source"]

_WIDTH = 88
_TAKEN = {"pyro", "torch", "Categorical", "Vindex", "categorical", "model"}


def identifiers(names: tuple[str, ...]) -> dict[str, str]:
    """A distinct Python identifier for every name, the name itself where that is one.

    >>> identifiers(("smoke", "blood pressure", "blood-pressure", "class", "2nd", "torch"))
    {'smoke': 'smoke', 'blood pressure': 'blood_pressure', 'blood-pressure': 'blood_pressure_2',
     'class': 'class_', '2nd': 'v2nd', 'torch': 'torch_'}
    """
    out: dict[str, str] = {}
    taken = {name for name in names if name.isidentifier() and name.isascii()} | _TAKEN
    for name in names:
        if name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in _TAKEN:
            out[name] = name
            continue
        base = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "v"
        base = "v" + base if base[0].isdigit() else base
        base = base + "_" if keyword.iskeyword(base) or base in _TAKEN else base
        wanted, number = base, 1
        while wanted in taken or wanted in out.values():
            number += 1
            wanted = f"{base}_{number}"
        out[name] = wanted
    return out


_HEAD = '''\
import pyro
import torch
from pyro.distributions import Categorical
from pyro.ops.indexing import Vindex


def categorical(table, *parents):
    """The distribution in the row of the table that the parents' values select."""
    table = torch.tensor(table)
    return Categorical(Vindex(table)[(*parents, slice(None))] if parents else table)


def model():
'''


def source(program: CausalProgram) -> str:
    """See :meth:`causalpp.CausalProgram.source`."""
    order = tuple(s.variable for s in program.statements)
    called = identifiers(order)
    body = "\n".join(_statement(s.variable, s.mechanism, called) for s in program.statements)
    pairs = [f"{_quoted(name)}: {called[name]}" for name in order]
    returned = f"    return {{{', '.join(pairs)}}}\n"
    if len(returned) > _WIDTH:
        returned = "    return {\n" + "".join(f"        {pair},\n" for pair in pairs) + "    }\n"
    return _HEAD + body + "\n" + returned


def _statement(name: str, mechanism: Mechanism, called: dict[str, str]) -> str:
    """The line of one variable, under a comment that says what its numbers mean."""
    states = ", ".join(f"{number} = {_oneline(str(state))}" for number, state in enumerate(mechanism.states or ()))
    head = f"    # {_oneline(name)}: {states}\n    {called[name]} = "
    if isinstance(mechanism, Assign):
        note = f"do({_oneline(name)} = {_oneline(str(mechanism.value))})"
        return head + f"pyro.deterministic({_quoted(name)}, torch.tensor({mechanism.number}))  # {note}"
    assert isinstance(mechanism, Table)
    table, parents = mechanism.probabilities, mechanism.parents
    arguments = [_numbers(table), *(called[parent] for parent in parents)]
    line = f"pyro.sample({_quoted(name)}, categorical({', '.join(arguments)}))"
    if len(line) + len(called[name]) + 7 <= _WIDTH:
        return head + line
    arguments[0] = _numbers(table, _WIDTH - 13)
    listed = textwrap.indent(",\n".join(arguments), " " * 12)
    return head + f"pyro.sample(\n        {_quoted(name)},\n        categorical(\n{listed},\n        ),\n    )"


def _numbers(table: NDArray[np.float64], width: int | None = None) -> str:
    """A table as nested lists of numbers with six digits; lists longer than ``width`` are broken."""
    if table.ndim == 1:
        return "[" + ", ".join(f"{p:.6g}" if p % 1 else f"{p:.1f}" for p in table) + "]"
    line = "[" + ", ".join(_numbers(part) for part in table) + "]"
    if width is None or (len(line) <= width and table.ndim == 2 and len(table) <= 4 and table.size <= 12):
        return line
    parts = ",\n".join(_numbers(part, width - 4) for part in table)
    return "[\n" + textwrap.indent(parts, "    ") + ",\n]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _oneline(text: str) -> str:
    return text if text.isprintable() else repr(text)
