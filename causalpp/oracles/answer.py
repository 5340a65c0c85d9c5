"""What is put to an oracle, and what it says: a request, an answer, and where the answer came from."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from causalpp.errors import FormatError, InvalidParameter
from causalpp.language.running import FAILURES
from causalpp.propositions import Proposition, from_dict

__all__ = ["MANY", "PLAIN", "VALUES", "Answer", "Request", "checked", "finite"]

_WORDS = {True: "yes", False: "no", None: "abstain"}
NUMBERS = frozenset({"log_odds", "captured", "cost", "latency", "time"})
MANY = ("parts", "beside")  # answers that an answer holds
VALUES = {word: value for value, word in _WORDS.items()}


@dataclass(frozen=True)
class Request:
    """One asking of one question: together with the oracle it determines the answer.

    Attributes:
        question: the proposition asked about.
        replicate: how often it had been asked in this wording and polarity before (0 the first time).
        wording: which of the oracle's wordings is used; oracles that do not read have only wording 0.
        negated: whether it is asked the other way round ("is it false that …?").
        call: the call it is part of, where several questions are put in one.
    """

    question: Proposition
    replicate: int = 0
    wording: int = 0
    negated: bool = False
    call: str | None = None


@dataclass(frozen=True)
class Answer:
    """One answer to one question.

    Attributes:
        question: the proposition asked about.
        value: what the oracle thinks of the proposition: True for yes, False for no, None for an abstention.
            A question that was put the other way round is turned back here.
        replicate, wording, negated: which asking this was; see :class:`Request`.
        oracle: the fingerprint of who answered.
        log_odds: log P(yes)/P(no) of the proposition, where the oracle has it.
        captured: the probability that fell on the labels counted in ``log_odds``, where known.
        text: the reply as it came, where there was one.
        reason: why there is no yes or no: ``"unsure"``, ``"refused"``, ``"unreadable"``, ``"timed out"``, …
        model: the model that answered, as it names itself.
        tokens_in, tokens_out: tokens read and written.
        cost: what the answer cost, in the currency of the prices given to the oracle.
        latency: seconds from question to answer.
        time: when it came, in seconds since 1970.
        call: which call it came in, the same for all answers of one :class:`~causalpp.oracles.Panel`; None for a
            question that was put by itself.  What a call cost, its tokens, its latency and its reply stand in the
            first of its answers.
        nature: what kind of oracle gave it: ``"simulated"``, ``"language model"``, ``"experiment"``, ``"human"``; empty
            where that was not said.  It follows from who answered, and is not compared.
        parts: the answers that a graded answer is made of, one for each prompt it took; a journal keeps these.  What
            they took together stands in the graded answer as well.  See :func:`~causalpp.oracles.graded`.
        beside: further answers that were had for a graded one and do not count in it: those to negated questions of a
            model that is not shown to understand them.
    """

    question: Proposition
    value: bool | None
    replicate: int = 0
    oracle: str = ""
    log_odds: float | None = None
    wording: int = 0
    negated: bool = False
    captured: float | None = None
    text: str | None = field(default=None, repr=False)
    reason: str | None = None
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    latency: float = 0.0
    time: float | None = None
    call: str | None = None
    nature: str = field(default="", compare=False, repr=False)
    parts: tuple[Answer, ...] = field(default=(), repr=False)
    beside: tuple[Answer, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        value, odds = cast(Any, self.value), cast(Any, self.log_odds)
        if value is not None and value is not True and value is not False:
            object.__setattr__(self, "value", _yes_or_no(value))
        if odds is not None and (type(odds) is not float or odds != odds):
            object.__setattr__(self, "log_odds", _number(odds))

    @property
    def prompts(self) -> int:
        """How many prompts it took: parts that share a call came from one."""
        return len({part.call or number for number, part in enumerate((*self.parts, *self.beside))}) or 1

    @property
    def word(self) -> str:
        """The answer as a word: yes, no or abstain."""
        return _WORDS[self.value]

    @property
    def failed(self) -> bool:
        """Whether there is no answer for a reason that may pass, so that it is worth asking again.

        >>> from causalpp import Causes
        >>> [Answer(Causes("a", "b"), None, reason=reason).failed for reason in ("timed out", "unsure")]
        [True, False]
        """
        return self.value is None and self.reason is not None and self.reason.partition(":")[0] in FAILURES

    @property
    def request(self) -> Request:
        """Which asking of which question this answers."""
        return Request(self.question, self.replicate, self.wording, self.negated, self.call)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values; provenance that is not known is left out.

        Example:
            >>> from causalpp import Causes
            >>> Answer(Causes("smoke", "cancer"), True).to_dict()
            {'question': {'kind': 'Causes', 'a': 'smoke', 'b': 'cancer'}, 'answer': 'yes', 'replicate': 0,
             'oracle': '', 'log_odds': None}
        """
        out: dict[str, Any] = {"question": self.question.to_dict(), "answer": self.word, "replicate": self.replicate}
        for name in PLAIN:
            value = getattr(self, name)
            if value != getattr(Answer, name) or name in ("oracle", "log_odds"):
                out[name] = value
        out |= {name: [part.to_dict() for part in getattr(self, name)] for name in MANY if getattr(self, name)}
        return out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Answer:
        """The inverse of :meth:`to_dict`.

        Raises:
            FormatError: something is missing or has another shape.
        """
        try:
            plain = {name: checked(name, values[name]) for name in PLAIN if name in values}
            value = VALUES[values["answer"]]
            plain |= {name: tuple(map(cls.from_dict, values.get(name, ()))) for name in MANY}
            return cls(from_dict(values["question"]), value, checked("replicate", values["replicate"]), **plain)
        except FormatError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise FormatError(f"this is no answer, {error} is missing or unreadable: {str(values)[:200]}") from None


def _yes_or_no(value: Any) -> bool | None:
    """A value as NumPy, torch or a table has it, as Python's own: "is True" is asked of it all over the library."""
    plain = value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
    if plain is None or isinstance(plain, bool):
        return plain
    if isinstance(plain, int) and plain in (0, 1):
        return bool(plain)
    raise InvalidParameter(
        f"the value of an answer is True for yes, False for no, or None for neither, not {value!r:.100}"
        + (": a probability goes into log_odds" if isinstance(plain, float) else "")
    )


def _number(value: Any) -> float | None:
    """A number as Python's own; NaN says that there is none."""
    try:
        found = float(value)
        return None if math.isnan(found) else found
    except (TypeError, ValueError):
        raise InvalidParameter(f"the log-odds of an answer are a number or None, not {value!r:.100}") from None


def finite(values: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON can hold: an infinite number becomes a word, which ``float`` reads."""
    return {
        name: [finite(part) for part in value]
        if name in MANY
        else str(float(value))
        if name in NUMBERS and value is not None and not math.isfinite(value)
        else value
        for name, value in values.items()
    }


def checked(name: str, value: Any) -> Any:
    """A value of the kind that the attribute has; an infinite number may stand there as a word."""
    if name in ("replicate", "wording", "tokens_in", "tokens_out"):
        if isinstance(value, bool) or not 0 <= operator.index(value) < 2**63:
            raise ValueError(f"{name}, which is a whole number from 0 on,")
        return operator.index(value)
    if name in NUMBERS:
        return None if value is None and name not in ("cost", "latency") else float(value)
    kind = bool if name == "negated" else str
    if not isinstance(value, kind) and not (value is None and name in ("text", "reason", "model", "call")):
        raise ValueError(f"{name}, which is {'true or false' if kind is bool else 'a text'},")
    return value


PLAIN = (
    "oracle", "log_odds", "wording", "negated", "captured", "text", "reason", "model",
    "tokens_in", "tokens_out", "cost", "latency", "time", "call", "nature",
)  # fmt: skip
