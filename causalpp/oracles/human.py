"""An oracle that asks the person at the keyboard."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.oracle import Oracle, placed_at
from causalpp.propositions import Causes, Direction

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["HumanOracle"]

_KEYS = {
    "y": "y", "yes": "y", "n": "n", "no": "n", "?": "?", "unsure": "?", "s": "s", "skip": "s",
    "u": "u", "undo": "u", "q": "q", "quit": "q", "h": "h", "help": "h",
}  # fmt: skip
_SIDES = {"a": "a", "b": "b", "n": "n", "neither": "n"}  # in the place of yes and no, where a direction is asked for
_HELP = "y: yes   n: no   ?: don't know   s: skip   u: back to the question before   q: stop here"
_CALL = "direction"  # both directions are one question
_NOTHING_TO_UNDO = "There is no question to go back to: what was answered before has been handed on."
_SAID: dict[str, tuple[bool | None, str | None]] = {
    "y": (True, None),
    "n": (False, None),
    "?": (None, "unsure"),
    "s": (None, "skipped"),
}
_SIDE: dict[str, tuple[bool, bool]] = {"a": (True, False), "b": (False, True), "n": (False, False)}


class HumanOracle(Oracle):
    """Puts the questions to a person, in a terminal or a notebook.

    The keys are y (yes), n (no), ? (don't know: an abstention because "unsure"), s (skip: an abstention because
    "skipped"), u (undo: back to the question before, within one call of ``ask``) and q (stop). A
    :class:`~causalpp.Direction` is put as a choice, and answered by a (the first causes the second), b or n (neither);
    what that says of each direction stands in the answer's parts. Stopping raises
    ``KeyboardInterrupt``, as Ctrl-C and the end of the input do; with a journal every answer up to there is kept and
    the next run goes on with the first question that has none. An answer can be taken back until the next one is
    given, so it is handed on, and kept, one question later. The last answer of a call is handed on at once, and what
    has been handed on is not taken back: whoever asked has drawn conclusions from it. With ``confirm`` every call
    ends with one more prompt, at which the last answer can still be taken back, also where a call has one question
    only.

    Args:
        variables: what the variables mean, name → description; shown with the questions about them.
        name: who answers: answers in a journal are kept apart by it.
        confirm: whether the last answer of a call waits for Enter.
        reader: what asks for a line of text, called with the prompt; by default the built-in ``input``.
        console: where the questions are shown; by default standard output.

    Example:
        >>> from causalpp import Causes
        >>> typed = iter(["n", "u", "y", "?"])
        >>> from rich.console import Console
        >>> quiet = Console(quiet=True)
        >>> oracle = HumanOracle({"tar": "tar in the lungs"}, reader=lambda prompt: next(typed), console=quiet)
        >>> [answer.word for answer in oracle.ask([Causes("smoke", "tar"), Causes("tar", "smoke")])]
        ['yes', 'abstain']
    """

    nature = "human"

    def __init__(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        name: str = "someone",
        confirm: bool = False,
        reader: Callable[[str], str] | None = None,
        console: Console | None = None,
    ) -> None:
        self.variables = dict(variables or {})
        self.name = name
        self.confirm = confirm
        self._reader = reader or input
        self._console = console

    def __repr__(self) -> str:
        return f"HumanOracle({self.name!r}, {len(self.variables)} variables described)"

    @property
    def fingerprint(self) -> str:
        described = json.dumps([self.name, sorted(self.variables.items())])
        return f"human:{hashlib.sha256(described.encode()).hexdigest()[:12]}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"kind": self.nature, "name": self.name, "variables": self.variables}

    def _answer(self, request: Request) -> Answer:
        return next(iter(self._answers([request])))

    def _answers(self, requests: Sequence[Request]) -> Iterator[Answer]:
        place = 0
        held: Answer | None = None  # the last answer, which can still be taken back
        while place < len(requests) or (self.confirm and held is not None):
            try:
                if place == len(requests):
                    if not self._undone():
                        break
                    held, place = None, place - 1
                key, seconds = self._ask(requests[place], place + 1, len(requests), undo=held is not None)
            except KeyboardInterrupt:
                if held is not None:
                    yield held
                raise
            if key == "u":
                held, place = None, place - 1
                continue
            if held is not None:
                yield held
            held = self._made(requests[place], key, seconds)
            place += 1
        if held is not None:
            yield held

    def _made(self, request: Request, key: str, seconds: float) -> Answer:
        told: dict[str, Any] = {"text": key, "latency": seconds, "time": time.time()}
        if key in _SIDE and _chooses(request):
            a, b = request.question.variables
            both = zip((Causes(a, b), Causes(b, a)), _SIDE[key], strict=True)
            parts = tuple(Answer(side, said, oracle=self.fingerprint, call=_CALL) for side, said in both)
            return placed_at(request, Answer(request.question, parts[0].value, **told, parts=parts))
        value, reason = _SAID[key]
        if value is not None and request.negated:
            value = not value
        return placed_at(request, Answer(request.question, value, reason=reason, **told))

    def _ask(self, request: Request, number: int, total: int, *, undo: bool) -> tuple[str, float]:
        """The key pressed, one that can be acted on, and the seconds it took."""
        console = self._console or _standard()
        question = request.question
        asked = f"Is it false that {question.sentence()}?" if request.negated else question.question()
        again = f", asked for the {_nth(request.replicate + 1)} time" if request.replicate else ""
        console.print()
        console.print(f"question {number} of {total}{again}", style="dim", markup=False, highlight=False)
        console.print(_plain(asked), style="bold", markup=False, highlight=False)
        for name in dict.fromkeys(question.variables):
            if name in self.variables:
                console.print(_plain(f"  {name}: {self.variables[name]}"), markup=False, highlight=False)
        keys, help_, letters = _KEYS, _HELP, "y/n"
        if _chooses(request):
            a, b = (
                _plain(side.sentence()) for side in (Causes(*question.variables), Causes(*question.variables[::-1]))
            )
            keys = {typed: key for typed, key in _KEYS.items() if key not in "yn"} | _SIDES
            help_, letters = f"a: {a}   b: {b}   n: neither   {_HELP.partition('n: no   ')[2]}", "a/b/n"
            console.print(f"  a: {a}   b: {b}   n: neither", markup=False, highlight=False)
        begun = time.perf_counter()
        while True:
            key = keys.get(self._typed(f"[{letters}/?/s/u/q, h for help] ").strip().casefold(), "")
            if key == "u" and not undo:
                console.print(_NOTHING_TO_UNDO, markup=False)
            elif key in ("", "h"):
                console.print(help_, markup=False, highlight=False)
            elif key == "q":
                raise KeyboardInterrupt
            else:
                return key, time.perf_counter() - begun

    def _undone(self) -> bool:
        """Whether the last answer is taken back, instead of being handed on."""
        while True:
            key = self._typed("[Enter to hand this on, u, q] ").strip().casefold()
            if key in ("q", "quit"):
                raise KeyboardInterrupt
            if key in ("", "u", "undo"):
                return key != ""

    def _typed(self, prompt: str) -> str:
        try:
            return self._reader(prompt)
        except (EOFError, RuntimeError) as error:  # whoever typed has gone: what was answered is as good as after q
            if isinstance(error, RuntimeError) and sys.stdin is not None:  # input() without any, as after <&-
                raise
            (self._console or _standard()).print(
                "The input has ended, nobody answers any more: stopping here, as after q.", markup=False
            )
            raise KeyboardInterrupt from None


def _chooses(request: Request) -> bool:
    """Whether a request is put as a choice between two directions."""
    return isinstance(request.question, Direction) and not request.negated


def _standard() -> Console:
    from rich.console import Console

    return Console()


def _plain(text: str) -> str:
    """Text without control characters: names come from files and could move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
