"""Actual causes, by the modified definition of Halpern and Pearl.

Halpern, "A modification of the Halpern–Pearl definition of causality" (IJCAI 2015); Halpern, *Actual Causality*
(2016), section 2.2.  In a world in which everything is settled, X = x is an actual cause of φ if

- AC1: X = x and φ hold;
- AC2: for some set W of other variables and some other values x', φ would not have held had X been x' while W was
  held at the values it actually has;
- AC3: no part of X = x satisfies both already.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._plain import Plain
from causalpp._renamed import old_keyword
from causalpp.errors import ImpossibleEvidence, InvalidParameter, TooLarge
from causalpp.programs.answering.plan import Statement
from causalpp.programs.estimands._asking import in_words
from causalpp.programs.mechanisms import Assign, State
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.program import CausalProgram

__all__ = ["ActualCause", "actual_cause"]

_MOST_CONTEXTS, _MOST_WORK = 1_000_000, 100_000_000


@dataclass(frozen=True)
class ActualCause(Plain):
    """Whether something was an actual cause of something else, and why.

    Attributes:
        cause: variable → the value it had.
        effect: variable → the value it had; all of them together are the effect.
        probability: that it is an actual cause, over the worlds that the observations leave open; 0 or 1 where it
            settles everything.
        setting: the witness, in the likeliest world in which it is a cause: what the cause would have been set to …
        held: … while these variables are held at the values they actually have; both empty if there is no witness.
        reason: the same in words, or which condition fails.

    Example:
        >>> from causalpp import Dag, Table, compile
        >>> program = compile(Dag.from_edges([("spark", "fire")]), mechanisms={
        ...     "spark": Table(("no", "yes"), (), [0.5, 0.5]),
        ...     "fire": Table(("no", "yes"), ("spark",), [[1.0, 0.0], [0.0, 1.0]]),
        ... })
        >>> seen = {"spark": "yes", "fire": "yes"}
        >>> found = actual_cause(program, cause={"spark": "yes"}, effect={"fire": "yes"}, observations=seen)
        >>> bool(found), found.setting, found.held
        (True, {'spark': 'no'}, {})
    """

    cause: dict[str, State]
    effect: dict[str, State]
    probability: float
    setting: dict[str, State]
    held: dict[str, State]
    reason: str

    def __bool__(self) -> bool:
        """Whether it is an actual cause in every world that the observations leave open."""
        return self.probability > 1 - 1e-9

    def __repr__(self) -> str:
        verdict = (
            "is"
            if self
            else "is not"
            if self.probability < 1e-9
            else f"has probability {self.probability:.4f} of being"
        )
        return f"{in_words(self.cause)} {verdict} an actual cause of {in_words(self.effect)}: {self.reason}"


@old_keyword(evidence="observations")
def actual_cause(
    program: CausalProgram,
    cause: Mapping[str, Any],
    effect: Mapping[str, Any],
    *,
    observations: Mapping[str, Any] | None = None,
    noise: Mapping[str, float] | None = None,
) -> ActualCause:
    """Whether ``cause`` was an actual cause of ``effect``, by the modified Halpern–Pearl definition (see the module).

    For discrete programs of a few variables.  The definition is about a world in which everything is settled; if the
    observations leave noise open, the answer is a probability.

    Args:
        program: the program; what was observed in it before counts, too.
        cause: variable → value, one or several, which together may be the cause.
        effect: variable → value; with several, the effect is that all of them hold.
        observations: what else was observed: variable → value.
        noise: variable → the value of its noise, between 0 and 1, where that is known.

    Raises:
        UnknownVariable, UnknownState: a name or state the program does not have.
        InvalidParameter: no cause, no effect, a variable in both, real variables, or noise outside (0, 1).
        ImpossibleEvidence: what was observed is impossible.
        TooLarge: more worlds or interventions than can be tried.

    Example:
        Suzy and Billy throw rocks at a bottle; Suzy's arrives first, and Billy's would have hit too.

        >>> import numpy as np
        >>> from causalpp import Dag, compile
        >>> from causalpp.programs import Response
        >>> no_yes, always = ("no", "yes"), [1.0]
        >>> dag = Dag.from_edges([("ST", "SH"), ("BT", "BH"), ("SH", "BH"), ("SH", "BS"), ("BH", "BS")])
        >>> program = compile(dag, mechanisms={
        ...     "ST": Response(no_yes, (), always, [1]),
        ...     "BT": Response(no_yes, (), always, [1]),
        ...     "SH": Response(no_yes, ("ST",), always, [[0], [1]]),
        ...     "BH": Response(no_yes, ("BT", "SH"), always, [[[0], [0]], [[1], [0]]]),
        ...     "BS": Response(no_yes, ("SH", "BH"), always, [[[0], [1]], [[1], [1]]]),
        ... })
        >>> actual_cause(program, cause={"ST": "yes"}, effect={"BS": "yes"})
        ST = yes is an actual cause of BS = yes: had it been ST = no, with BH = no held as it was, it would not have
        come to BS = yes
        >>> bool(actual_cause(program, cause={"BT": "yes"}, effect={"BS": "yes"}))
        False
    """
    for what, values in (("cause", cause), ("effect", effect)):
        if not values:
            raise InvalidParameter(f"{what}= needs a variable and its value")
    both = sorted(set(cause) & set(effect))
    if both:
        raise InvalidParameter(f"{both[0]!r} is in the cause and in the effect")
    x = {name: program.mechanism(name).encode(name, value) for name, value in cause.items()}
    y = {name: program.mechanism(name).encode(name, value) for name, value in effect.items()}
    if observations:
        program = program.condition(observations)
    contexts = _Contexts(program, noise or {})
    return _verdict(program, contexts, x, y)


def _verdict(program: CausalProgram, contexts: _Contexts, x: dict[str, float], y: dict[str, float]) -> ActualCause:
    def decoded(values: Mapping[str, float]) -> dict[str, State]:
        return {name: program.mechanism(name).decode(value) for name, value in values.items()}

    actual, weights = contexts.actual, contexts.weights
    holds = _all(actual, y)
    first = holds & _all(actual, x)
    work = _Work(program, contexts, y)
    part = torch.zeros_like(first)
    for names in _subsets(tuple(x), proper=True):
        part |= first & work.breaks({n: x[n] for n in names})[0]
    breaks, witnesses = work.breaks(x)
    is_cause = first & breaks & ~part
    probability = float(weights @ is_cause.numpy())
    said, done = in_words(decoded(x)), in_words(decoded(y))
    if probability > 1e-12:
        best = int(np.argmax(weights * is_cause.numpy()))
        setting, held = next((s, h) for s, h, where in witnesses if where[best])
        shown = decoded(setting), decoded({name: float(actual[name][best]) for name in held})
        keeping = f", with {in_words(shown[1])} held as it was" if held else ""
        reason = f"had it been {in_words(shown[0])}{keeping}, it would not have come to {done}"
        if probability < 1 - 1e-9:
            reason = f"in the likeliest world in which it is one, {reason}"
        return ActualCause(decoded(x), decoded(y), min(probability, 1.0), *shown, reason)
    if not first.any():
        fails = [text for text, where in ((said, _all(actual, x)), (done, holds)) if not where.any()]
        reason = f"{' and '.join(fails) or 'that both hold'} is not the case"
    elif not (first & breaks).any():
        reason = (
            f"whatever had been in place of {said}, and whichever variables had been held as they were, it would have "
            f"come to {done} all the same"
        )
    else:
        reason = "a part of it is a cause already"
    return ActualCause(decoded(x), decoded(y), 0.0, {}, {}, reason)


class _Work:
    """The interventions to try, each in all worlds at once."""

    def __init__(self, program: CausalProgram, contexts: _Contexts, y: dict[str, float]) -> None:
        self.program, self.contexts, self.y = program, contexts, y
        self._known: dict[tuple[str, ...], tuple[Tensor, list[tuple[dict[str, float], tuple[str, ...], Tensor]]]] = {}

    def breaks(self, x: dict[str, float]) -> tuple[Tensor, list[tuple[dict[str, float], tuple[str, ...], Tensor]]]:
        """In which worlds another setting of these variables undoes the effect, and the witnesses, least first."""
        names = tuple(x)
        if names in self._known:
            return self._known[names]
        dag = self.program.dag
        # Only what the cause affects and what affects the outcome can need holding.
        between = (dag.descendants(names) & dag.ancestors(tuple(self.y))) - set(names)
        able = tuple(v for v in dag.topological_order if v in between)
        others = [[k for k in range(len(self.program.states(name))) if k != x[name]] for name in names]
        # Setting only some of the variables otherwise is setting the part that differs; the rest is held as it was.
        count = len(self.contexts.weights)
        tries = 2 ** len(able) * math.prod(len(o) for o in others)
        if tries * count * len(dag) > _MOST_WORK:
            raise TooLarge(
                f"{tries:,} interventions in {count:,} possible worlds are too many to try: name more observations, or "
                "use a smaller program"
            )
        found = torch.zeros(count, dtype=torch.bool)
        witnesses = []
        for held in _subsets(able, proper=False, empty=True):
            for values in product(*others):
                if found.all():
                    break
                setting = dict(zip(names, map(float, values), strict=True))
                fixed = {name: self.contexts.actual[name] for name in held}
                fixed |= {name: torch.full((count,), int(value)) for name, value in setting.items()}
                undone = ~_all(self.contexts.run(self.program.statements, fixed), self.y) & ~found
                if undone.any():
                    witnesses.append((setting, held, undone))
                    found |= undone
        self._known[names] = found, witnesses
        return found, witnesses


class _Contexts:
    """The worlds that agree with what was observed: noise, what comes of it, and their probabilities."""

    def __init__(self, program: CausalProgram, known: Mapping[str, float]) -> None:
        for s in program.statements:
            if s.mechanism.states is None:
                raise InvalidParameter(f"{s.variable!r} is a real number: actual causes are found in discrete programs")
        worlds = (*program.past, program.statements)
        used: dict[str, list[Statement]] = {}
        for s in chain.from_iterable(worlds):
            for one in (*s.naturals, s):
                if one.mechanism.noise is not None:
                    used.setdefault(one.noise_name, []).append(one)
        cells: list[tuple[Tensor, NDArray[np.float64]]] = []
        for name in known:
            program.mechanism(name)
            if not isinstance(known[name], (int, float)) or not 0 <= known[name] < 1:
                raise InvalidParameter(f"the noise of {name!r} lies between 0 and 1, got {known[name]!r}")
        for name, statements in used.items():
            if name in known:
                cells.append((torch.tensor([float(known[name])], dtype=torch.float64), np.ones(1)))
            else:
                cells.append(ranks.cells([s.mechanism for s in statements]))
        self.given = frozenset(known)  # as itself; the others as log odds
        count = math.prod(len(mass) for _, mass in cells)
        if count > _MOST_CONTEXTS:
            raise TooLarge(f"{count:,} combinations of noise are too many to list: give noise=, or a smaller program")
        grid = np.indices([len(mass) for _, mass in cells]).reshape(len(cells), count)
        self.noise = {name: middle[grid[i]] for i, (name, (middle, _)) in enumerate(zip(used, cells, strict=True))}
        self.count = count
        weights = np.prod([mass[grid[i]] for i, (_, mass) in enumerate(cells)], axis=0) * np.ones(count)
        possible = torch.tensor(weights > 0)
        for world in worlds:
            self._observe(world, possible)
        if not possible.any():
            raise ImpossibleEvidence("what was observed has probability zero in this program")
        self.noise = {name: value[possible] for name, value in self.noise.items()}
        self.weights = weights[possible.numpy()] / weights[possible.numpy()].sum()
        self.count = len(self.weights)
        self.actual = self.run(program.statements, {})

    def _observe(self, statements: Sequence[Statement], possible: Tensor) -> None:
        """Mark the worlds that do not agree with what was observed."""
        values = self.run(statements, {})
        for s in statements:
            if s.observed is not None:
                possible &= values[s.variable] == int(s.observed)
            for one in s.naturals:
                if one.observed is not None:
                    possible &= self._value(one, values) == int(one.observed)

    def run(self, statements: Iterable[Statement], fixed: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The values of all variables in all worlds, shape ``(count,)`` each, with some of them fixed."""
        values: dict[str, Tensor] = {}
        for s in statements:
            values[s.variable] = fixed[s.variable] if s.variable in fixed else self._value(s, values)
        return values

    def _value(self, s: Statement, values: Mapping[str, Tensor]) -> Tensor:
        noise = self.noise.get(s.noise_name)
        if noise is None or isinstance(s.mechanism, Assign):
            noise = torch.zeros(self.count, dtype=torch.float64)
        parents = [values[p] for p in s.mechanism.parents]
        if s.noise_name in self.given:
            return s.mechanism.assign(noise, parents)
        return s.mechanism.assign_rank(noise, parents)


def _all(values: Mapping[str, Tensor], wanted: Mapping[str, float]) -> Tensor:
    """In which worlds all of these hold."""
    return torch.stack([values[name] == int(value) for name, value in wanted.items()]).all(0)


def _subsets(names: tuple[str, ...], *, proper: bool, empty: bool = False) -> Iterator[tuple[str, ...]]:
    """Subsets, small ones first."""
    for size in range(0 if empty else 1, len(names) + (0 if proper else 1)):
        yield from combinations(names, size)
