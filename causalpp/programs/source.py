"""Printing a program as Python that runs on its own: one line a statement, so that ``do`` changes one line."""

from __future__ import annotations

import inspect
import keyword
import re
import textwrap
from typing import TYPE_CHECKING

from causalpp.errors import InvalidParameter
from causalpp.programs._plan import Statement
from causalpp.programs.mechanisms import Assign, Function
from causalpp.programs.mechanisms._printing import number, numbers, quoted

if TYPE_CHECKING:
    from causalpp.programs.program import CausalProgram

__all__ = ["identifiers", "source"]

_WIDTH = 88
_TAKEN = {"pyro", "torch", "dist", "Categorical", "Vindex", "categorical", "pick", "model"}


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

_HEAD_REAL = _HEAD.replace(
    "from pyro.distributions", "from pyro import distributions as dist\nfrom pyro.distributions"
).replace(
    "def model():\n",
    '''def pick(table, *parents):
    """The entries of the table that the parents' values select."""
    table = torch.tensor(table)
    return Vindex(table)[parents] if parents else table


def model():
''',
)


def source(program: CausalProgram) -> str:
    """See :meth:`causalpp.CausalProgram.source`."""
    if program.past:
        raise InvalidParameter(
            "a counterfactual has two worlds on one noise: print each alone, condition(…).source() and do(…).source()"
        )
    order = tuple(s.variable for s in program.statements)
    called = identifiers(order)
    # The head depends on what the variables are and not on what was set, so that do changes nothing here.
    head = _HEAD if all(program.is_discrete(name) for name in order) else _HEAD_REAL
    body = "\n".join(_statement(program, s, called) for s in program.statements)
    pairs = [f"{quoted(name)}: {called[name]}" for name in order]
    returned = f"    return {{{', '.join(pairs)}}}\n"
    if len(returned) > _WIDTH:
        returned = "    return {\n" + "".join(f"        {pair},\n" for pair in pairs) + "    }\n"
    return head + body + "\n" + returned


def _statement(program: CausalProgram, s: Statement, called: dict[str, str]) -> str:
    """The lines of one variable, under a comment that says what its numbers mean."""
    states = s.mechanism.states
    said = "a real number" if states is None else ", ".join(f"{k} = {_oneline(str(v))}" for k, v in enumerate(states))
    lines = f"    # {_oneline(s.variable)}: {said}\n"
    if s.natural is not None:
        lines += _site(program, s.natural, called, f"{s.variable}.natural", "_natural") + "\n"
    return lines + _site(program, s, called, s.variable, "")


def _site(program: CausalProgram, s: Statement, called: dict[str, str], site: str, suffix: str) -> str:
    """A statement as a Pyro site."""
    mechanism, target = s.mechanism, called[s.variable] + suffix
    start = f"    {target} = "
    if isinstance(mechanism, Assign):
        note = f"do({_oneline(s.variable)} = {_oneline(str(mechanism.value))})"
        return start + f"pyro.deterministic({quoted(site)}, torch.tensor({number(mechanism.number)}))  # {note}"
    parents = [called[parent] for parent in mechanism.parents]
    if isinstance(mechanism, Function) and not mechanism.is_finite:
        return _function(s, parents, target, site)
    note = "  # do" if s.changed else ""
    ending = "" if s.observed is None else f", obs=torch.tensor({number(s.observed)})"
    if s.observed is not None:
        note += f"  # observed: {_oneline(str(mechanism.decode(s.observed)))}"
    arguments = mechanism.code(parents)
    if arguments is None:
        sizes = tuple(len(program.states(p)) for p in mechanism.parents)
        table = mechanism.table(sizes)
        call, arguments = "categorical", [numbers(table), *parents]
    else:
        call, table = arguments[0], None
        arguments = arguments[1:]
    line = f"pyro.sample({quoted(site)}, {call}({', '.join(arguments)}){ending})"
    if len(line) + len(start) <= _WIDTH:
        return start + line + note
    if table is not None:
        arguments[0] = numbers(table, _WIDTH - 13)
    listed = textwrap.indent(",\n".join(arguments), " " * 12)
    close = "        )" + (f",\n        {ending[2:]}" if ending else "")
    return start + f"pyro.sample({note}\n        {quoted(site)},\n        {call}(\n{listed},\n{close},\n    )"


def _function(s: Statement, parents: list[str], target: str, site: str) -> str:
    """A function with its definition, its noise, and the line that applies it."""
    mechanism = s.mechanism
    assert isinstance(mechanism, Function)
    name = getattr(mechanism.function, "__name__", "<lambda>")
    try:
        text = textwrap.dedent(inspect.getsource(mechanism.function))
    except (OSError, TypeError):
        text = ""
    if not text.startswith("def ") or s.observed is not None:
        raise InvalidParameter(
            f"the mechanism of {s.variable!r} cannot be printed: write it as a function with def, in a file, that uses "
            "nothing but its arguments and torch, and leave the variable unobserved"
        )
    lines = [textwrap.indent(text.rstrip(), "    ")]
    arguments = list(parents)
    if mechanism.noise is not None:
        law = mechanism.law()
        if mechanism.noise == "normal":
            shown = "dist.Normal(0.0, 1.0)"
        elif mechanism.noise == "uniform":
            shown = "dist.Uniform(0.0, 1.0)"
        else:
            given = ", ".join(f"{k}={number(float(getattr(law, k)))}" for k in law.arg_constraints)
            shown = f"dist.{type(law).__name__}({given})"
        lines.append(f"    {target}_noise = pyro.sample({quoted(site + '.noise')}, {shown})")
        arguments.append(f"{target}_noise")
    note = "  # do" if s.changed else ""
    lines.append(f"    {target} = pyro.deterministic({quoted(site)}, {name}({', '.join(arguments)})){note}")
    return "\n".join(lines)


def _oneline(text: str) -> str:
    return text if text.isprintable() else repr(text)
