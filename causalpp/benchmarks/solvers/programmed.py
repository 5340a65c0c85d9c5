"""Program-aided: a model writes down the graph, the figures and what is asked; compiling and computing are ours.

In the manner of program-aided language models (Gao et al., ICML 2023, arXiv 2211.10435), with a causal program in the
place of Python.  What a reply says is read strictly: a slip is no answer, with its reason, not a guess.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, ClassVar

import numpy as np

from causalpp.benchmarks.solvers.asked import Model, only_models
from causalpp.benchmarks.solvers.free import TEMPLATES, Free
from causalpp.benchmarks.solvers.whole import Whole
from causalpp.errors import CausalppError, FormatError, TooLarge
from causalpp.graphs import Dag
from causalpp.language import Prompt
from causalpp.language.reading import without_thoughts
from causalpp.programs import CausalProgram, Contrast, Table, ate, att, cde, compile, nde, nie, pn, ps
from causalpp.tasks import Item, Number

__all__ = ["INSUFFICIENT", "ProgramAided", "Written", "read_program"]

#: What is said where the program leaves something open that matters.
INSUFFICIENT = "insufficient"

QUANTITIES = ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS")
_VALUES = ("lower", "upper", "monotone")
_LARGEST, _PARENTS, _LONGEST = 12, 6, 100_000
_FILLINGS = 3  # values tried for each cell that nobody states
_SAME = 1e-9
_OBJECT = re.compile(r'\{\s*"')
_DIGITS = re.compile(r"(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE]-?\d{1,2})?")
_RULE = re.compile(r"(above|below|at least|at most)\s+(-?\d+(?:\.\d+)?)")
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "above": lambda value, limit: value > limit,
    "below": lambda value, limit: value < limit,
    "at least": lambda value, limit: value >= limit,
    "at most": lambda value, limit: value <= limit,
}


@dataclass(frozen=True)
class Written:
    """A causal program over variables with the values 0 and 1, as a model wrote it down, and what is asked of it.

    Attributes:
        parents: variable → its parents, in order.
        p: variable → for each combination of their values, in the order of binary numbers, the probability of 1; None
            where nobody says it.
        ask: the quantity and its arguments.

    Example:
        >>> text = '''{"variables": {"X": {"parents": [], "p": {"": "1/2"}},
        ...                          "Y": {"parents": ["X"], "p": {"0": 0.2, "1": "30%"}}},
        ...            "ask": {"quantity": "ATE", "treatment": "X", "outcome": "Y", "yes_if": "above 0"}}'''
        >>> read_program(text).answer()
        {'ANSWER': 'yes', 'PROB': 0.1}
    """

    parents: Mapping[str, tuple[str, ...]]
    p: Mapping[str, tuple[Fraction | None, ...]]
    ask: Mapping[str, Any]

    def program(self, filling: int = 0) -> CausalProgram:
        """The program compiled, with some numbers strictly between 0 and 1 where it leaves cells open."""
        edges = [(parent, name) for name, those in self.parents.items() for parent in those]
        draw = np.random.default_rng(filling)
        tables = {}
        for name, those in self.parents.items():
            ones = [float(draw.uniform(0.1, 0.9)) if value is None else float(value) for value in self.p[name]]
            cells = np.array([[1 - one, one] for one in ones]).reshape((2,) * len(those) + (2,))
            tables[name] = Table((0, 1), those, cells)
        return compile(Dag(tuple(self.parents), edges), mechanisms=tables)

    @property
    def open(self) -> bool:
        """Whether a cell is left open."""
        return any(value is None for values in self.p.values() for value in values)

    def value(self) -> float | None:
        """The quantity that is asked for; None if cells that are left open change it.

        Raises:
            CausalppError: it is not defined, or the program is none.
        """
        found = [self._computed(self.program(k)) for k in range(_FILLINGS if self.open else 1)]
        return found[0] if max(found) - min(found) < _SAME else None

    def answer(self) -> dict[str, Any]:
        """What the program says: ``ANSWER`` and ``PROB``, or that what is stated does not suffice.

        Raises:
            CausalppError: see :meth:`value`.
        """
        value = self.value()
        if value is None:
            return {"ANSWER": INSUFFICIENT}
        value = round(value, 12) + 0.0
        found = {"PROB": value}
        if "yes_if" not in self.ask:
            return found
        compared, limit = self.ask["yes_if"]
        return {"ANSWER": "yes" if _COMPARED[compared](value, limit) else "no", **found}

    def _computed(self, program: CausalProgram) -> float:
        ask = self.ask
        treated, state = ask.get("treated", 1), ask.get("state", 1)
        contrast = Contrast(ask["treatment"], ask["outcome"], treated=treated, control=1 - treated, state=state)
        quantity = ask["quantity"]
        if quantity in ("PN", "PS"):
            found = (pn if quantity == "PN" else ps)(program, contrast)
            value = found.monotonic if ask["value"] == "monotone" else found.bounds[ask["value"] == "upper"]
            if value is None:
                raise FormatError("the effect of this program is not monotonic")
            return float(value)
        if quantity == "CDE":
            return float(cde(program, contrast, fixing=ask["fixed"]))
        if quantity in ("NDE", "NIE"):
            return float((nde if quantity == "NDE" else nie)(program, contrast, mediator=tuple(ask["mediators"])))
        return float((ate if quantity == "ATE" else att)(program, contrast))


# --- reading ---------------------------------------------------------------------------------------------


def read_program(text: str) -> Written:
    """The program in the last JSON object of a reply, read strictly.

    Raises:
        FormatError: there is none, or something in it is not as it should be.
        TooLarge: more variables or parents than are computed.

    Example:
        >>> read_program('{"variables": {"X": {"parents": [], "p": {"": 1.5}}}, "ask": {}}')
        Traceback (most recent call last):
        causalpp.errors.FormatError: P(X = 1) is 1.5, which is no probability
    """
    whole = _last_object(text)
    _keys("the object", whole, ("variables", "ask"))
    stated = _mapping("variables", whole["variables"])
    if not stated or len(stated) > _LARGEST:
        raise TooLarge(f"a program has 1 to {_LARGEST} variables, not {len(stated)}")
    parents: dict[str, tuple[str, ...]] = {}
    p: dict[str, tuple[Fraction | None, ...]] = {}
    for name, said in stated.items():
        _keys(f"the variable {name!r}", _mapping(name, said), ("parents", "p"))
        parents[name] = _names(name, said["parents"], stated)
        p[name] = _cells(name, parents[name], _mapping(f"p of {name}", said["p"]))
    return Written(parents, p, _asked(_mapping("ask", whole["ask"]), stated))


def _last_object(text: str) -> Mapping[str, Any]:
    said, found, end = without_thoughts(text)[-_LONGEST:], None, 0
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    while begin := _OBJECT.search(said, end):
        try:
            found, end = decoder.raw_decode(said, begin.start())
        except (ValueError, RecursionError) as error:
            if isinstance(error, FormatError):
                raise
            end = begin.start() + 1
    if not isinstance(found, dict):
        raise FormatError("there is no JSON object in the reply")
    return found


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise FormatError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return dict(pairs)


def _mapping(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{what} is no JSON object, but {str(value)[:40]!r}")
    return value


def _keys(what: str, value: Mapping[str, Any], needed: Sequence[str], further: Sequence[str] = ()) -> None:
    missing = [name for name in needed if name not in value]
    unknown = [name for name in value if name not in needed and name not in further]
    if missing or unknown:
        raise FormatError(f"{what} has no {missing[0]!r}" if missing else f"{what} has an unknown {unknown[0]!r}")


def _names(of: str, value: Any, known: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FormatError(f"the names listed for {of!r} are no list of names")
    strange = [name for name in value if name not in known]
    if strange or len(set(value)) < len(value) or of in value:
        raise FormatError(
            f"{of!r} lists {strange[0]!r}, which is no variable" if strange else f"{of!r} lists one twice"
        )
    if len(value) > _PARENTS:
        raise TooLarge(f"{of!r} lists {len(value)} names, and {_PARENTS} are the most")
    return tuple(value)


def _cells(name: str, parents: tuple[str, ...], said: Mapping[str, Any]) -> tuple[Fraction | None, ...]:
    combinations = ["".join(values) for values in product("01", repeat=len(parents))]
    strange = [key for key in said if key not in combinations]
    if strange:
        raise FormatError(f"the table of {name!r} has {strange[0]!r}, and {len(parents)} parents")
    return tuple(None if said.get(key) is None else _probability(name, parents, key, said[key]) for key in combinations)


def _probability(name: str, parents: tuple[str, ...], key: str, said: Any) -> Fraction:
    value = _number(said)
    given = ", ".join(f"{parent} = {one}" for parent, one in zip(parents, key, strict=True))
    shown = f"P({name} = 1{' | ' if given else ''}{given})"
    if value is None:
        raise FormatError(f"{shown} is {str(said)[:40]!r}, which cannot be computed")
    if not 0 <= value <= 1:
        raise FormatError(f"{shown} is {str(said)[:40]}, which is no probability")
    return value


def _number(said: Any) -> Fraction | None:
    """A number, a percentage or arithmetic, exactly; None if it is something else.

    >>> _number("(0.3 - 10%) / 2"), _number("2 ** 9"), _number(True)
    (Fraction(1, 10), None, None)
    """
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return None
    text = re.sub(r"(\d+(?:\.\d+)?)\s{0,9}%", r"(\1/100)", str(said)[:201].strip())
    if len(text) > 200:
        return None
    try:
        return _evaluated(ast.parse(text, mode="eval").body, text)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _evaluated(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant) and _DIGITS.fullmatch(ast.get_source_segment(text, node) or ""):
        return Fraction(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluated(node.operand, text)
    if isinstance(node, ast.BinOp):
        left, right = _evaluated(node.left, text), _evaluated(node.right, text)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
    raise ValueError("no arithmetic")


def _asked(said: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    quantity = said.get("quantity")
    if quantity not in QUANTITIES:
        raise FormatError(f"the quantity is one of {', '.join(QUANTITIES)}, not {str(quantity)[:40]!r}")
    own = {"CDE": ("fixed",), "NDE": ("mediators",), "NIE": ("mediators",), "PN": ("value",), "PS": ("value",)}
    needed = ("quantity", "treatment", "outcome", *own.get(quantity, ()))
    _keys(f"what is asked ({quantity})", said, needed, ("treated", "state", "yes_if"))
    ask = dict(said)
    for name in ("treatment", "outcome"):
        if ask[name] not in known:
            raise FormatError(f"the {name} {str(ask[name])[:40]!r} is no variable")
    for name in ("treated", "state"):
        if name in ask and (isinstance(ask[name], bool) or ask[name] not in (0, 1)):
            raise FormatError(f"{name!r} is 0 or 1, not {str(ask[name])[:40]!r}")
    if "mediators" in ask:
        ask["mediators"] = _names("mediators", ask["mediators"], known)
    if "fixed" in ask:
        fixed = _mapping("fixed", ask["fixed"])
        _names("fixed", list(fixed), known)
        if any(isinstance(value, bool) or value not in (0, 1) for value in fixed.values()):
            raise FormatError("what is fixed is fixed to 0 or 1")
    if "value" in ask and ask["value"] not in _VALUES:
        raise FormatError(f"the value of {quantity} is one of {', '.join(_VALUES)}, not {str(ask['value'])[:40]!r}")
    if "yes_if" in ask:
        rule = _RULE.fullmatch(str(ask["yes_if"]).strip())
        if rule is None:
            raise FormatError(f"'yes_if' is such as 'above 0', not {str(ask['yes_if'])[:40]!r}")
        ask["yes_if"] = (rule[1], float(rule[2]))
    return ask


# --- the solver ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProgramAided(Whole):
    """Lets the model write the causal program and what is asked of it; compiling and arithmetic are ours.

    For word problems whose answer is a number, or ``ANSWER`` and ``PROB``.  A reply that cannot be read, or a program
    in which the quantity is not defined, is no answer, with its reason; where what is left open matters, the answer is
    that the figures do not suffice.

    Attributes:
        ask: a language model.
    """

    name: ClassVar[str] = "program-aided"
    mode: ClassVar[str] = "reason"

    def __post_init__(self) -> None:
        only_models(self.ask, self.name)

    def _asked(self, item: Item) -> Free:
        assert isinstance(self.ask, Model)
        prompt = Prompt(TEMPLATES.fill("program", prompt=item.prompt))
        return Free(self.ask.connected("reason").asker(), prompt, _reader(item))


def _reader(item: Item) -> Callable[[str], tuple[Any, str | None]]:
    number = isinstance(item.target.scorer, Number)

    def read(text: str) -> tuple[Any, str | None]:
        try:
            found = read_program(text).answer()
        except CausalppError as error:
            return None, str(error)
        return (found.get("PROB"), INSUFFICIENT) if number else (found, None)

    return read
