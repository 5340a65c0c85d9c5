"""The interface of all solvers, and how a configuration names one."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import lru_cache
from typing import Any, ClassVar, cast

from causalpp._register import Register
from causalpp._renamed import old_attribute, old_override
from causalpp.benchmarks.keys import canonical
from causalpp.benchmarks.settings import read_settings
from causalpp.errors import CausalppError, FormatError, InvalidParameter, OracleError
from causalpp.oracles.language_model import Estimate
from causalpp.tasks import Item

__all__ = ["SOLVERS", "Solution", "Solver", "make_solver", "solver_names", "unread"]


@dataclass(frozen=True)
class Solution:
    """What a solver says of an item.

    Attributes:
        answer: what it says: yes or no, a number, a text, or the reply itself, as the item's scorer takes it; None if
            it does not say.
        confidence: the probability it gives to its answer being right; None if it states none.
        entailed: the probability it gives to a hypothesis holding in every member of the class.
        holds: the probability it gives to a hypothesis holding in the true graph; never mixed with ``entailed``.
        questions: how many local questions it put to an oracle; None if it puts none.
        bound: how few questions could have sufficed, where a bound applies.
        tokens_in, tokens_out: tokens read and written.
        cost: in the currency of the oracle's prices.
        reason: why there is no answer, in a word or two.
        seconds: how long the oracle was waited for; differs from run to run and is kept apart from the results.
        about: further plain values, which become columns of the table of results.

    Raises:
        InvalidParameter: a probability outside [0, 1].
    """

    answer: bool | float | str | None
    confidence: float | None = None
    entailed: float | None = None
    holds: float | None = None
    questions: int | None = None
    bound: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    reason: str | None = None
    seconds: float | None = None
    about: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("confidence", "entailed", "holds"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InvalidParameter(f"{name!r} is a probability, got {value!r}")


class Solver(ABC):
    """Whoever answers items.  A solver is a frozen dataclass; its fields are the settings a configuration may give.

    It is used for many items, in any order and in several processes, so it keeps nothing from one item to the next
    that could change an answer: an oracle counts how often it has been asked what, so each item gets a new one.

    Attributes:
        name: what configurations and reports call it.
        version: raised whenever a change of its code changes answers.
        waits: whether it spends its time waiting for a network: it is then put on an event loop, many items at once.
        oracle_nature: who it asks: ``"simulated"``, ``"language model"``, ``"experiment"``, ``"human"``, or
            ``"none"``; results carry it, so that they are never pooled.
        oracle: a short description of who it asks, such as the name of a model or the noise; "" if it asks nobody.

    Example:
        >>> from causalpp.tasks import Item, Number, Target, score
        >>> @dataclass(frozen=True)
        ... class Guess(Solver):
        ...     name = "guess"
        ...     number: float = 0.5
        ...
        ...     def solve(self, item):
        ...         return Solution(self.number)
        >>> item = Item("1", "P(Y = 1 | do(X = 1)) = ?", Target(0.52, Number(tolerance=0.05)))
        >>> score(item, Guess().solve(item.blind()).answer).outcome
        'right'
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    waits: bool = False
    oracle_nature: str = "none"
    oracle: str = ""
    oracle_kind = old_attribute("oracle_nature")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        old_override(cls, "oracle_kind", "oracle_nature")

    @abstractmethod
    def solve(self, item: Item) -> Solution:
        """The answer to one item, which does not say what is right.

        Raises:
            OracleError: the oracle cannot be asked at all: this ends the run, which can go on later.
            CausalppError: this item cannot be answered, and trying again will not help: the run goes on and reports it.
        """

    async def solve_async(self, item: Item) -> Solution:
        """:meth:`solve` on an event loop, for solvers that wait; by default in a thread."""
        return await asyncio.to_thread(self.solve, item)

    def estimate(self, item: Item) -> Estimate | None:  # noqa: ARG002
        """What an item takes at most of a language model, which is not asked; None if none is."""
        return None

    @property
    def identity(self) -> Mapping[str, Any]:
        """What determines its answers, as plain values: name, version and settings."""
        settings: dict[str, Any] = asdict(cast(Any, self)) if is_dataclass(self) else {}
        return {"solver": self.name, "version": self.version, **settings}


SOLVERS: Register[type[Solver]] = Register(
    "solver", lambda found: isinstance(found, type) and issubclass(found, Solver)
)


def solver_names() -> tuple[str, ...]:
    """The solvers that ship."""
    return SOLVERS.names


def unread(error: CausalppError) -> Solution:
    """The solution of an item whose text cannot be read or decided.

    Raises:
        InvalidParameter, OracleError: what was wrong is not the item.
    """
    if isinstance(error, (InvalidParameter, OracleError)):
        raise error
    return Solution(None, reason=type(error).__name__)


def make_solver(spec: str | Mapping[str, Any]) -> Solver:
    """A solver as a configuration names it.

    Args:
        spec: a shipped name; or a mapping with the key ``solver``, which is a shipped name or says where the class
            is found (``"package.module:Class"``), and the solver's settings.  The key ``label`` is left to reports.

    Raises:
        UnknownName: nothing of that name ships.
        FormatError: a misspelt setting, or one of the wrong type.
        InvalidParameter: the class cannot be imported, or is no solver.

    Example:
        >>> make_solver("always-no")
        AlwaysNo()
        >>> make_solver({"solver": "always-no", "shots": 3})
        Traceback (most recent call last):
        causalpp.errors.FormatError: unknown key 'shots'; ...
    """
    given = {"solver": spec} if isinstance(spec, str) else dict(spec)
    text, name = (
        canonical({key: value for key, value in given.items() if key not in ("label", "solver")}),
        given.get("solver"),
    )
    if not isinstance(name, str):
        raise FormatError(f"a solver is given by its name under the key 'solver', not as {canonical(given)[:80]}")
    return _made(name, SOLVERS.find(name), text)


@lru_cache(maxsize=256)
def _made(name: str, kind: type[Solver], text: str) -> Solver:
    given = json.loads(text)
    if not hasattr(kind, "__dataclass_fields__"):
        raise InvalidParameter(f"the solver {name!r} is not a dataclass, so that it has no settings to read")
    return cast(Solver, read_settings(cast(Any, kind), given))
