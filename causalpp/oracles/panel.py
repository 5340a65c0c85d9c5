"""Panel questions: one call about one intervention and several outcomes, answered outcome by outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from causalpp.errors import FormatError, InvalidParameter, InvalidProposition
from causalpp.graphs import Names
from causalpp.oracles.answer import Request
from causalpp.propositions import Causes, Changes, DirectlyCauses, Proposition

__all__ = ["Asked", "Panel", "asking", "calls", "intervention", "outcome"]

_KINDS: dict[str, type[Proposition]] = {kind.__name__: kind for kind in (Causes, DirectlyCauses, Changes)}


@dataclass(frozen=True)
class Panel:
    """One call: "if ``do`` is set, which of these outcomes change?", answered outcome by outcome.

    Each answer is an answer to the question about its outcome; all answers of a call carry the same
    :attr:`Answer.call`, since their errors may be shared.  A call counts once: for a budget, for the limits a minute
    and in what it costs, which stands in the first of its answers.

    Args:
        do: the variable that is set.
        outcomes: those that are asked about, all different.
        holding: what is held fixed meanwhile.
        kind: of the questions: ``"Causes"``, ``"Changes"`` or ``"DirectlyCauses"``; by default ``"Causes"``, or
            ``"Changes"`` where something is held.

    Raises:
        InvalidProposition: no outcome, one twice, one that is set or held; something held in a kind that holds nothing.

    Example:
        >>> from causalpp import Dag, SimulatedOracle
        >>> panel = Panel("smoke", ["tar", "cancer", "age"])
        >>> panel.questions[0]
        Causes(a='smoke', b='tar')
        >>> oracle = SimulatedOracle(Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("age", "cancer")]), 0.0)
        >>> answers = oracle.ask(panel)
        >>> [answer.word for answer in answers], len({answer.call for answer in answers})
        (['yes', 'yes', 'no'], 1)
    """

    do: str
    outcomes: tuple[str, ...]
    holding: frozenset[str]
    kind: str

    def __init__(self, do: str, outcomes: Names, holding: Names = (), kind: str | None = None) -> None:
        held = frozenset((holding,) if isinstance(holding, str) else holding)
        kind = kind or ("Changes" if held else "Causes")
        listed = (outcomes,) if isinstance(outcomes, str) else tuple(outcomes)
        if kind not in _KINDS:
            raise InvalidProposition(f"a panel asks {', '.join(_KINDS)} questions, not {kind!r}")
        if held and kind != "Changes":
            raise InvalidProposition(f"{kind} questions hold nothing fixed: leave holding= out, or ask 'Changes'")
        if not listed or len(set(listed)) < len(listed):
            raise InvalidProposition(f"a panel asks about outcomes that are all different, got {listed!r}")
        for name, value in (("do", do), ("outcomes", listed), ("holding", held), ("kind", kind)):
            object.__setattr__(self, name, value)
        self.questions  # noqa: B018  # what cannot be asked is refused here

    @classmethod
    def of(cls, questions: Iterable[Proposition]) -> Panel:
        """The panel that asks some questions, which must be about one intervention.

        Raises:
            InvalidParameter: they are not.

        Example:
            >>> Panel.of([Causes("smoke", "tar"), Causes("smoke", "cancer")]).outcomes
            ('tar', 'cancer')
        """
        asked = list(questions)
        about = {intervention(question) for question in asked}
        found = about.pop() if len(about) == 1 else None
        if found is None:
            raise InvalidParameter(
                "a panel asks several questions of one kind about one intervention, such as Causes('a', 'b') and "
                f"Causes('a', 'c'), not {asked!r:.200}"
            )
        kind, do, holding = found
        return cls(do, [outcome(question) for question in asked], holding, kind)

    @property
    def questions(self) -> tuple[Proposition, ...]:
        """The questions, one for each outcome."""
        kind: Any = _KINDS[self.kind]
        rest = (self.holding,) if self.kind == "Changes" else ()
        return tuple(kind(self.do, name, *rest) for name in self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """The panel as plain values.

        >>> Panel("smoke", ["tar", "cancer"]).to_dict()
        {'kind': 'Panel', 'do': 'smoke', 'outcomes': ['tar', 'cancer'], 'holding': [], 'of': 'Causes'}
        """
        plain = {"do": self.do, "outcomes": list(self.outcomes), "holding": sorted(self.holding)}
        return {"kind": "Panel", **plain, "of": self.kind}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Panel:
        """The inverse of :meth:`to_dict`.

        Raises:
            FormatError: something is missing or has another shape.
        """
        try:
            return cls(values["do"], values["outcomes"], values["holding"], values["of"])
        except (KeyError, TypeError) as error:
            raise FormatError(f"this is no panel, {error} is missing or unreadable: {values!r:.200}") from None

    def requests(
        self, oracle: str, replicate: int = 0, wording: int = 0, negated: bool = False, mark: str = ""
    ) -> list[Request]:
        """One asking of the panel: a request for each outcome, all of one call.

        Args:
            oracle: the fingerprint of who is asked.
            replicate, wording, negated: which asking; see :class:`Request`.
            mark: of all else that the answers depend on.
        """
        plain = [self.kind, self.do, self.outcomes, sorted(self.holding), replicate, wording, negated, mark]
        call = f"{_digest(json.dumps(plain))}:{_digest(oracle)[:8]}"
        return [Request(question, replicate, wording, negated, call) for question in self.questions]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def asking(call: str | None) -> str | None:
    """What was put in a call, whoever was asked."""
    return None if call is None else call.partition(":")[0]


#: What can be put to an oracle.
Asked = Proposition | Panel


def intervention(question: Proposition) -> tuple[str, str, frozenset[str]] | None:
    """The kind of a question, what it sets and what it holds: questions that agree in these fit into one panel.

    >>> intervention(Changes("a", "b", holding={"c"}))
    ('Changes', 'a', frozenset({'c'}))
    """
    if isinstance(question, Changes):
        return "Changes", question.do, question.holding
    if isinstance(question, (Causes, DirectlyCauses)):
        return type(question).__name__, question.a, frozenset()
    return None


def outcome(question: Proposition) -> str:
    """What a question about an intervention looks at."""
    return question.outcome if isinstance(question, Changes) else question.variables[1]


def calls(requests: Sequence[Request]) -> list[list[Request]]:
    """Requests by the call they belong to; each that was put by itself is a call of its own."""
    found: list[list[Request]] = []
    place: dict[str, int] = {}
    for request in requests:
        if request.call is not None and request.call in place:
            found[place[request.call]].append(request)
        else:
            if request.call is not None:
                place[request.call] = len(found)
            found.append([request])
    return found
