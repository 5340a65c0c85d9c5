"""Rows in the layout of CauGym's published files, made here, with answers by enumeration.

A program of binary variables is drawn; figures are conditional probabilities of its joint distribution, rounded to
four digits; the stated answers come from the program itself, by truncated factorisation, and not from the figures.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from itertools import product
from typing import Any

QUANTITIES = ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS")
NAMES = (
    "daily dose",
    "the pulse, at rest and asleep",
    "grip strength",
    "hours of sleep",
    "a walk",
    "salt (e.g. in soup)",
)
STATES = (
    ("small", "large"),
    ("low", "high"),
    ("not firm", "firm"),
    ("few", "many"),
    ("skipped", "taken"),
    ("low", "high"),
)
LONG = {
    "ATE": "average treatment effect", "CDE": "controlled direct effect", "NDE": "natural direct effect",
    "ETT": "effect of treatment on the treated", "NIE": "natural indirect effect", "PN": "probability of necessity",
    "PS": "probability of sufficiency",
}  # fmt: skip
WORLD = (
    "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
    "factors or causal relationships:"
)


class Program:
    """A drawn program of binary variables in causal order."""

    def __init__(self, rng: random.Random, count: int) -> None:
        self.count = count
        self.parents = [[u for u in range(v) if rng.random() < 0.6] for v in range(count)]
        self.tables = [
            {key: rng.uniform(0.05, 0.95) for key in product((0, 1), repeat=len(some))} for some in self.parents
        ]

    def below(self, x: int) -> set[int]:
        found: set[int] = set()
        for v in range(x + 1, self.count):
            if any(u == x or u in found for u in self.parents[v]):
                found.add(v)
        return found

    def worlds(self) -> list[tuple[int, ...]]:
        return list(product((0, 1), repeat=self.count))

    def factor(self, v: int, world: tuple[int, ...] | list[int]) -> float:
        p = self.tables[v][tuple(world[u] for u in self.parents[v])]
        return p if world[v] else 1 - p

    def weight(self, world: tuple[int, ...], do: Mapping[int, int]) -> float:
        """The probability of a world under an intervention."""
        out = 1.0
        for v in range(self.count):
            out *= float(world[v] == do[v]) if v in do else self.factor(v, world)
        return out

    def p(
        self, event: Mapping[int, int], given: Mapping[int, int] | None = None, do: Mapping[int, int] | None = None
    ) -> float:
        """A conditional probability, under an intervention."""
        both, alone = 0.0, 0.0
        for world in self.worlds():
            if all(world[v] == value for v, value in (given or {}).items()):
                weight = self.weight(world, do or {})
                alone += weight
                both += weight * all(world[v] == value for v, value in event.items())
        return both / alone

    def crossed(self, x: int, y: int, treated: int, through: int, asked: int) -> float:
        """The probability of an outcome whose treatment is one value, and whose mediators are as under another."""
        below, total = self.below(x), 0.0
        for world in self.worlds():
            if world[x] != treated or world[y] != asked:
                continue
            weight = 1.0
            for v in range(self.count):
                if v == x:
                    continue
                seen = [through if u == x and v in below and v != y else world[u] for u in range(self.count)]
                weight *= self.factor(v, [*seen[:v], world[v], *seen[v + 1 :]])
            total += weight
        return total


def row(seed: int, quantity: str, *, lacking: bool = False, codes: bool = False) -> dict[str, Any]:
    """One row of a test set.

    Args:
        seed: of the program.
        quantity: what it asks for.
        lacking: whether a figure that is needed is left out, and the answer is that it lacks.
        codes: whether states have letters and numbers in the text.
    """
    rng = random.Random(f"{seed} {quantity}")
    while True:
        program = Program(rng, rng.randrange(3, 6))
        pairs = [(x, y) for x in range(program.count) for y in program.below(x) if _fits(program, quantity, x, y)]
        joined = {u for v in range(program.count) for u in (*program.parents[v], *([v] if program.parents[v] else []))}
        if pairs and len(joined) == program.count:
            break
    x, y = rng.choice(pairs)
    asking = _Asking(rng, program, quantity, x, y)
    figures, value, answer, question, held = asking.everything()
    text = _Text(program, NAMES, codes)
    if lacking:
        figures = figures[1:]
    edges = [(u, v) for v in range(program.count) for u in program.parents[v]]
    rng.shuffle(edges)
    said = (" " if not codes else "").join(f"{_upper(NAMES[u])} has a direct effect on {NAMES[v]}." for u, v in edges)
    stated = " ".join(text.figure(event, given, program.p(event, given)) for event, given in figures)
    form = '{"ANSWER": "Yes", "PROB": "0.1234"}' if answer else '{"PROB": "0.1234"}'
    problem = (
        f"Input Info: {WORLD} {said}\n{stated} \nInstruction: Consider the {LONG[quantity]} ({quantity}) of {NAMES[x]} "
        f"on {NAMES[y]}.\nQuestion: {text.question(quantity, x, y, held, **question)}\n"
        f"Provide the calculation result to four decimal places in JSON format, like {form}:"
    )
    right = ({"ANSWER": answer.capitalize()} if answer else {}) | {"PROB": f"{value:.4f}"}
    verdict = f" so the answer is {answer.capitalize()}." if answer else ""
    return {
        "problem": problem,
        "answer": "LACK_CONDITION" if lacking else json.dumps(right),
        "Reason": {
            "Step 1": "The edge exists.",
            "Step 2": f"{quantity}={value:.4f}>0" + verdict if answer else f"={value:.4f}",
        },
        "Type": quantity,
        "idx": seed,
    }


def _fits(program: Program, quantity: str, x: int, y: int) -> bool:
    between = program.below(x) & {v for v in range(y) if y in program.below(v)}
    if quantity == "NIE":
        return bool(between)
    if quantity in ("CDE", "NDE"):
        return bool(between) and x in program.parents[y] and len(between) < 3
    return True


class _Asking:
    """What is asked about a program, with figures and answer."""

    def __init__(self, rng: random.Random, program: Program, quantity: str, x: int, y: int) -> None:
        self.program, self.quantity, self.x, self.y = program, quantity, x, y
        self.treated, self.asked = rng.randrange(2), rng.randrange(2)
        self.bound = rng.choice(["lower", "upper"])
        self.held = {v: rng.randrange(2) for v in self.between()}

    def between(self) -> list[int]:
        return sorted(self.program.below(self.x) & {v for v in range(self.y) if self.y in self.program.below(v)})

    def everything(
        self,
    ) -> tuple[list[tuple[dict[int, int], dict[int, int]]], float, str, dict[str, Any], dict[int, int]]:
        x, y, program = self.x, self.y, self.program
        to, back, hit = {x: self.treated}, {x: 1 - self.treated}, {y: self.asked}
        parents = program.parents[x]
        z_values = [dict(zip(parents, values)) for values in product((0, 1), repeat=len(parents))]
        do, undo = program.p(hit, do=to), program.p(hit, do=back)
        states: dict[str, Any] = {"treated": self.treated, "asked": self.asked}
        if self.quantity == "ATE":
            figures = [(hit, {**side, **z}) for z in z_values for side in (to, back)] + self._weights(z_values)
            return figures, do - undo, _yes(do - undo), states, {}
        if self.quantity == "ETT":
            figures = [(hit, back), *((hit, {**to, **z}) for z in z_values), *((z, back) for z in z_values if z)]
            changed = sum(program.p(hit, z, to) * program.p(z, back) for z in z_values)
            value = program.p(hit, back) - changed
            return figures, value, _yes(-value), {**states, "actual": 1 - self.treated}, {}
        if self.quantity == "CDE":
            others = [v for v in range(program.count) if v not in {x, y, *self.held} and v not in program.below(x)]
            o_values = [dict(zip(others, values)) for values in product((0, 1), repeat=len(others))]
            figures = [(hit, {**side, **self.held, **o}) for o in o_values for side in (to, back)] + self._weights(
                o_values
            )
            value = program.p(hit, do={**to, **self.held}) - program.p(hit, do={**back, **self.held})
            return figures, value, _yes(value), states, self.held
        if self.quantity in ("NDE", "NIE"):
            return self._natural(to, back, hit, states)
        return self._causation(z_values, to, back, hit, states)

    def _weights(self, values: list[dict[int, int]]) -> list[tuple[dict[int, int], dict[int, int]]]:
        return [(some, dict[int, int]()) for some in values if some]

    def _natural(self, to: dict[int, int], back: dict[int, int], hit: dict[int, int], states: dict[str, Any]) -> Any:
        x, y, program = self.x, self.y, self.program
        mediators = self.between()
        others = [v for v in range(program.count) if v not in {x, y} | program.below(x)]
        values = [dict(zip(others, some)) for some in product((0, 1), repeat=len(others))]
        inner = [dict(zip(mediators, some)) for some in product((0, 1), repeat=len(mediators))]
        sides = (to, back) if self.quantity == "NDE" else (back,)
        figures = [(hit, {**side, **m, **z}) for z in values for m in inner for side in sides]
        sides = (back,) if self.quantity == "NDE" else (to, back)
        figures += [(m, {**side, **z}) for z in values for m in inner for side in sides] + self._weights(values)
        kept = program.crossed(x, y, 1 - self.treated, 1 - self.treated, self.asked)
        changed = (
            program.crossed(x, y, self.treated, 1 - self.treated, self.asked)
            if self.quantity == "NDE"
            else program.crossed(x, y, 1 - self.treated, self.treated, self.asked)
        )
        return figures, changed - kept, _yes(changed - kept), states, {}

    def _causation(
        self,
        z_values: list[dict[int, int]],
        to: dict[int, int],
        back: dict[int, int],
        hit: dict[int, int],
        states: dict[str, Any],
    ) -> Any:
        program, other = self.program, {self.y: 1 - self.asked}
        group = program.p({**back, **other})
        changed = hit if self.bound == "upper" or self.quantity == "PS" else other
        figures = [(changed, {**to, **z}) for z in z_values] + self._weights(z_values)
        if self.bound == "upper":
            value = min(1.0, (program.p(hit, do=to) - program.p({**to, **hit})) / group)
            figures += [({**to, **hit}, {})]
        else:
            value = max(0.0, (program.p(hit, do=to) - program.p(hit)) / group)
            figures += [(changed, {})]
        figures += [({**back, **other}, {})]
        states |= {"actual": 1 - self.treated, "happened": 1 - self.asked, "bound": self.bound}
        return figures, value, "", states, {}


def _yes(value: float) -> str:
    return "yes" if value > 0 else "no"


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]


class _Text:
    """Sentences in the words of the published templates."""

    def __init__(self, program: Program, names: tuple[str, ...], codes: bool) -> None:
        self.names, self.codes = names, codes

    def state(self, v: int, value: int) -> str:
        return f"{STATES[v][value]} ({chr(65 + v)}={value})" if self.codes else STATES[v][value]

    def event(self, event: Mapping[int, int]) -> str:
        parts = [f"{self.names[v]} being {self.state(v, value)}" for v, value in event.items()]
        return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]

    def figure(self, event: Mapping[int, int], given: Mapping[int, int], value: float) -> str:
        lead = f"For those with {self.event(given)}, the" if given else "The"
        return f"{lead} probability of {self.event(event)} is {value:.4f}."

    def question(self, quantity: str, x: int, y: int, held: Mapping[int, int], **states: Any) -> str:
        cause, outcome, bound = self.names[x], self.names[y], states.pop("bound", "")
        said = {name: STATES[x if name in ("treated", "actual") else y][value] for name, value in states.items()}
        held_said = " and ".join(f"{self.names[v]} being {STATES[v][value]}" for v, value in held.items())
        treated, asked, actual = said["treated"], said["asked"], said.get("actual")
        more = f"have been more likely to be {asked}?"
        happened = f"{cause} was {actual} and {outcome} was {said.get('happened')}"
        given = f"Given that {happened}, what is the {bound} bound of the"
        under = f"would have been {asked} if the {cause} had been {treated}?"
        would = f"had been {treated}, would the {outcome} {more}"
        keeps = "the mediator keeps constant when"
        natural = "changes to whatever value it would have attained under"
        return {
            "ATE": f"If {cause} is changed to be {treated}, will {outcome} be more likely to be {asked}?",
            "ETT": f"For those with {cause} being {actual}, if their {cause} {would}",
            "CDE": f"Conditioned on {held_said}, if the {cause} {would}",
            "NDE": f"Suppose {keeps} {cause} is changed to be {treated}, would the {outcome} {more}",
            "NIE": f"Suppose {cause} is held constant and the mediator {natural} {cause} changing to be {treated}, "
            f"would {outcome} {more}",
            "PN": f"{given} probability of the {outcome} {under}",
            "PS": f"{given} probability that {outcome} {under}",
        }[quantity]
