"""Printing a program as Python that runs on its own: one line a statement, so that ``do`` changes one line."""

from __future__ import annotations

import builtins
import dis
import inspect
import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter
from causalpp.programs.answering.plan import Statement
from causalpp.programs.mechanisms import Assign, Function, LinearGaussian, Mechanism, State
from causalpp.programs.mechanisms.printing import number, numbers, probability, quoted, scalar

__all__ = ["identifiers", "source"]

_WIDTH = 88
_TAKEN = {"pyro", "torch", "dist", "Categorical", "Vindex", "categorical", "pick", "model", "__debug__"}


def identifiers(names: tuple[str, ...], reserved: frozenset[str] = frozenset()) -> dict[str, str]:
    """A distinct Python identifier for every name, the name itself where that is one.

    Args:
        names: of the variables.
        reserved: identifiers that mean something else in the text, besides those that every text uses.

    >>> identifiers(("smoke", "blood pressure", "blood-pressure", "class", "2nd", "torch"))
    {'smoke': 'smoke', 'blood pressure': 'blood_pressure', 'blood-pressure': 'blood_pressure_2',
     'class': 'class_', '2nd': 'v2nd', 'torch': 'torch_'}
    """
    out: dict[str, str] = {}
    kept = _TAKEN | reserved
    taken = {name for name in names if name.isidentifier() and name.isascii()} | kept
    for name in names:
        if name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in kept:
            out[name] = name
            continue
        base = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "v"
        base = "v" + base if base[0].isdigit() else base
        base = base + "_" if keyword.iskeyword(base) or base in kept else base
        wanted, number = base, 1
        while wanted in taken or wanted in out.values():
            number += 1
            wanted = f"{base}_{number}"
        out[name] = wanted
    return out


_HEAD = '''\
import pyro
import torch
from numpy.typing import NDArray
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


@dataclass
class _Text:
    """A program on its way to text, and the identifiers in use.

    Attributes:
        states: variable → its states; None for a real number.
        called: variable → identifier.
        used: every identifier that means something in the text.
        done: the variables that have their lines.
    """

    states: Mapping[str, tuple[State, ...] | None]
    called: dict[str, str]
    used: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def fresh(self, wanted: str) -> str:
        """An identifier that nothing else has."""
        name, number = wanted, 1
        while name in self.used or keyword.iskeyword(name):
            number += 1
            name = f"{wanted}_{number}"
        self.used.add(name)
        return name


def source(statements: Sequence[Statement]) -> str:
    """See :meth:`causalpp.CausalProgram.source`."""
    order = tuple(s.variable for s in statements)
    reserved = frozenset(name for s in statements for name in _builtins(s))
    called = identifiers(order, reserved)
    text = _Text({s.variable: s.mechanism.states for s in statements}, called, {*called.values(), *_TAKEN, *reserved})
    # The head depends on what the variables are and not on what was set, so that do changes nothing here.
    head = _HEAD if None not in text.states.values() else _HEAD_REAL
    body = "\n".join(_statement(text, s) for s in statements)
    pairs = [f"{quoted(name)}: {called[name]}" for name in order]
    returned = f"    return {{{', '.join(pairs)}}}\n"
    if len(returned) > _WIDTH:
        returned = "    return {\n" + "".join(f"        {pair},\n" for pair in pairs) + "    }\n"
    return head + body + "\n" + returned


def _statement(text: _Text, s: Statement) -> str:
    """The lines of one variable, under a comment that says what its numbers mean."""
    states = s.mechanism.states
    said = "a real number" if states is None else ", ".join(f"{k} = {_oneline(str(v))}" for k, v in enumerate(states))
    lines = [f"    # {_oneline(s.variable)}: {said}"]
    naturals = s.naturals
    targets: dict[int, str] = {}  # what the value of a mechanism that was seen is called
    for place, natural in enumerate(naturals):
        site = f"{s.variable}.natural" + (f" {place + 1}" if place else "")
        if not text.done.issuperset(natural.mechanism.parents):
            raise InvalidParameter(
                f"{s.variable!r} was observed and then made a cause of what caused it, which source() cannot print: "
                "print the program before do()"
            )
        target = text.fresh(f"{text.called[s.variable]}_natural")
        lines.append(_site(text, natural, target, site, _shared(natural, naturals[:place], targets)))
        targets[id(natural.mechanism)] = target
    shared = _shared(s, naturals, targets)
    text.done.add(s.variable)
    return "\n".join([*lines, _site(text, s, text.called[s.variable], s.variable, shared)])


def _shared(s: Statement, before: Sequence[Statement], targets: dict[int, str]) -> str | None:
    """The value as a function of what it was seen to be, if both come of one noise; None if they do not."""
    mechanism = s.mechanism
    same = any(other.noise_name == s.noise_name and other.mechanism.noise is not None for other in before)
    if not same or mechanism.noise is None:
        return None
    by, base = 0.0, mechanism
    while id(base) not in targets and _is_shift(base) and base.base is not None:
        by += base.by  # type: ignore[attr-defined]  # a shift has it
        base = base.base
    if id(base) in targets and s.observed is None:
        return f"{targets[id(base)]} + {number(by)}".replace("+ -", "- ")
    raise InvalidParameter(
        f"{s.variable!r} was observed and then changed in a way that keeps its noise, which source() cannot print: "
        "set it to a value, shift it, or print the program before do()"
    )


def _is_shift(mechanism: Mechanism) -> bool:
    return mechanism.base is not None and hasattr(mechanism, "by")


def _site(text: _Text, s: Statement, target: str, site: str, shared: str | None = None) -> str:
    """A statement as a Pyro site."""
    mechanism = s.mechanism
    start = f"    {target} = "
    if isinstance(mechanism, Assign):
        note = f"do({_oneline(s.variable)} = {_oneline(str(mechanism.value))})"
        return start + f"pyro.deterministic({quoted(site)}, torch.tensor({number(mechanism.number)}))  # {note}"
    if shared is not None:
        return start + f"pyro.deterministic({quoted(site)}, {shared})  # do"
    parents = [text.called[parent] for parent in mechanism.parents]
    if isinstance(mechanism, Function) and not mechanism.is_finite:
        return _function(text, s, parents, target, site)
    note = "  # do" if s.changed else ""
    ending = "" if s.observed is None else f", obs=torch.tensor({number(s.observed)})"
    if s.observed is not None:
        note += f"  # observed: {_oneline(str(mechanism.decode(s.observed)))}"
    if mechanism.base is not None and mechanism.states is None and not isinstance(mechanism, LinearGaussian):
        what = "shifted" if _is_shift(mechanism) else "made a function of its own value"
        raise InvalidParameter(
            f"{s.variable!r}, a real number that is not linear-Gaussian, was {what} by do(), which source() cannot "
            "print: print the program before do(), or set the variable to a value"
        )
    arguments = mechanism.code(parents)
    if arguments is None:
        table = _table(text, s)
        call, arguments = "categorical", [numbers(table, entry=probability), *parents]
    else:
        call, table = arguments[0], None
        arguments = arguments[1:]
    line = f"pyro.sample({quoted(site)}, {call}({', '.join(arguments)}){ending})"
    if len(line) + len(start) <= _WIDTH:
        return start + line + note
    if table is not None:
        arguments[0] = numbers(table, _WIDTH - 13, probability)
    listed = textwrap.indent(",\n".join(arguments), " " * 12)
    close = "        )" + (f",\n        {ending[2:]}" if ending else "")
    return start + f"pyro.sample({note}\n        {quoted(site)},\n        {call}(\n{listed},\n{close},\n    )"


def _table(text: _Text, s: Statement) -> NDArray[np.float64]:
    sizes = tuple(len(text.states[p] or ()) for p in s.mechanism.parents)
    try:
        if all(sizes):
            return s.mechanism.table(sizes)
    except InvalidParameter:
        pass
    raise InvalidParameter(
        f"the mechanism of {s.variable!r} cannot be printed as source: it has no table, and no code() of its own"
    )


# --- functions --------------------------------------------------------------------------------------------


def _function(text: _Text, s: Statement, parents: list[str], target: str, site: str) -> str:
    """A function with its definition, its noise, and the line that applies it."""
    mechanism = s.mechanism
    assert isinstance(mechanism, Function)
    definition = _definition(mechanism.function)
    if definition is None or s.observed is not None:
        raise InvalidParameter(
            f"the mechanism of {s.variable!r} cannot be printed: write it as a function with def, in a file, that uses "
            "nothing but its arguments and torch, and leave the variable unobserved"
        )
    name = text.fresh(mechanism.function.__name__)
    definition = re.sub(r"^def\s+\w+", f"def {name}", definition, count=1)
    lines = [textwrap.indent(definition.rstrip(), "    ")]
    arguments = list(parents)
    if mechanism.noise is not None:
        noise = text.fresh(f"{target}_noise")
        lines.append(f"    {noise} = pyro.sample({quoted(site + '.noise')}, {_noise(s.variable, mechanism)})")
        arguments.append(noise)
    note = "  # do" if s.changed else ""
    lines.append(f"    {target} = pyro.deterministic({quoted(site)}, {name}({', '.join(arguments)})){note}")
    return "\n".join(lines)


def _definition(function: Any) -> str | None:
    """The text of a function, if it runs wherever torch is there."""
    if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        return None
    if function.__code__.co_freevars or any(not _known(function, name) for name in _globals(function.__code__)):
        return None
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None
    if not text.startswith("def "):
        return None
    try:  # default values and annotations are read where the function is defined
        exec(compile(text, "<source>", "exec", dont_inherit=True), {"torch": torch})
    except Exception:
        return None
    return text


def _globals(code: CodeType) -> Iterator[str]:
    """The names that a function reads and does not define."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_NAME"):
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner)


def _known(function: FunctionType, name: str) -> bool:
    """Whether a name means the same in the printed text."""
    if name in function.__globals__:
        return name == "torch" and function.__globals__[name] is torch
    return hasattr(builtins, name) or name == "torch"


def _builtins(s: Statement) -> Iterator[str]:
    """The names of Python's own that the functions of a variable use, which no variable can have in the text."""
    for one in (*s.naturals, s):
        function = getattr(one.mechanism, "function", None)
        if isinstance(one.mechanism, Function) and isinstance(function, FunctionType):
            yield from (name for name in _globals(function.__code__) if hasattr(builtins, name))


def _noise(variable: str, mechanism: Function) -> str:
    """The law of a function's noise as Python.

    Raises:
        InvalidParameter: it is not given by a few numbers.
    """
    if mechanism.ends is not None:
        shares = [
            scalar(share) for share in torch.tensor(mechanism.ends).diff(prepend=torch.zeros(1, dtype=torch.float64))
        ]
        return f"Categorical(torch.tensor([{', '.join(shares)}]))"
    if mechanism.noise == "normal":
        return "dist.Normal(0.0, 1.0)"
    if mechanism.noise == "uniform":
        return "dist.Uniform(0.0, 1.0)"
    law = mechanism.law()
    kind = type(law)
    names = list(law.arg_constraints)
    if "probs" in names and "logits" in names:
        names.remove("logits")  # they say the same
    try:
        given = {name: scalar(torch.as_tensor(getattr(law, name))) for name in names}
        again = getattr(dist, kind.__name__)(**{name: float(value) for name, value in given.items()})
        with torch.random.fork_rng(devices=[]):
            at = law.sample((8,))
        same = type(again) is kind and torch.allclose(again.log_prob(at), law.log_prob(at), rtol=1e-4, atol=1e-5)
    except Exception:  # whatever a law that is no plain one does
        same = False
    if not same:
        raise InvalidParameter(
            f"the noise of {variable!r} cannot be printed: source() prints distributions of Pyro that are given by a "
            f"few numbers, not {kind.__name__}"
        )
    return f"dist.{kind.__name__}({', '.join(f'{name}={value}' for name, value in given.items())})"


def _oneline(text: str) -> str:
    return text if text.isprintable() else repr(text)
