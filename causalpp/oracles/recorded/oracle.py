"""An oracle that answers what was recorded of a language model."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from causalpp.errors import InvalidParameter, UnknownName, UnknownVariable
from causalpp.graphs import Dag
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.recorded.records import CHOICE, RecordedAnswer, read_answers
from causalpp.propositions import Causes, Direction, Proposition

__all__ = ["RecordedOracle"]

_NOT_RECORDED = "not recorded"
_Source = str | os.PathLike[str]


class RecordedOracle(Oracle):
    """Answers from records of what a language model said: reproducible, free, and without the model.

    Each prompt is a wording, numbered by its place in ``prompts``; of several repeats the first go to different
    prompts.  A line that was recorded several times is answered in turn.  What is not recorded is an abstention with
    the reason ``"not recorded"``.  The direction of a pair is a graded answer, whose parts are both ways in every
    prompt; of a prompt that has the model choose between the two (``"choice"``) they are both orders of the choice.

    Args:
        records: a file of recorded answers, the name of one that ships, several of these, or the answers themselves;
            see :func:`~causalpp.oracles.read_answers`.
        model: whose answers; needed where the records are of several.
        network: about which network; needed where the records are about several.
        prompts: which of the prompts count, in the order of their wordings; needed where there are several.
        dag: whose variables may be asked about; by default those that the records speak of.

    Raises:
        UnknownName: a model, network or prompt that the records do not have; the message says what there is.
        UnknownVariable: the records speak of a variable that ``dag`` does not have.
        InvalidParameter: there are several models, networks or prompts, and none was named; or nothing is recorded.
        FormatError: a file that cannot be read; the message names the line.

    Example:
        >>> told = {"model": "m", "prompt": "short", "network": "cancer"}
        >>> oracle = RecordedOracle([told | {"a": "Smoker", "b": "Cancer", "log_odds": 1.5}])
        >>> [(answer.word, answer.log_odds, answer.reason)
        ...  for answer in oracle.ask([Causes("Smoker", "Cancer"), Causes("Cancer", "Smoker")])]
        [('yes', 1.5, None), ('abstain', None, 'not recorded')]
    """

    nature = "language model"

    def __init__(
        self,
        records: _Source | Iterable[_Source | RecordedAnswer | Mapping[str, Any]],
        model: str | None = None,
        network: str | None = None,
        prompts: Sequence[str] = (),
        dag: Dag | None = None,
    ) -> None:
        whole = _gathered(records)
        self.model = _chosen("model", model, [line.model for line in whole])
        here = [line for line in whole if line.model == self.model]
        self.network = _chosen("network", network, [line.network for line in here])
        here = [line for line in here if line.network == self.network]
        self.prompts = _prompts(prompts, [line.prompt for line in here])
        self._lines: dict[tuple[int, str, str], list[RecordedAnswer]] = {}
        for line in here:
            if line.prompt in self.prompts:
                self._lines.setdefault((self.prompts.index(line.prompt), line.a, line.b), []).append(line)
        names = dict.fromkeys(name for line in here for name in (line.a, line.b))
        if dag is not None:
            for name in names:
                if name not in dag.nodes:
                    raise UnknownVariable(name, dag.nodes, what=f" in the records about {self.network}")
        self.variables = tuple(names) if dag is None else dag.observed

    def __repr__(self) -> str:
        told = f"{len(self._lines)} answers to {', '.join(self.prompts)}"
        return f"RecordedOracle({self.model!r}, {self.network!r}, {told})"

    @cached_property
    def fingerprint(self) -> str:
        said = [[*key, *(line.log_odds for line in lines)] for key, lines in sorted(self._lines.items())]
        whole = json.dumps([self.model, self.network, self.prompts, said])
        return f"recorded:{hashlib.sha256(whole.encode()).hexdigest()[:12]}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {
            "kind": self.nature, "recorded": True, "model": self.model, "network": self.network,
            "prompts": list(self.prompts),
        }  # fmt: skip

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs recorded in both directions in every prompt, each once, in the order of the records."""
        there = {
            (a, b)
            for _, a, b in self._lines
            if all({(k, a, b), (k, b, a)} <= self._lines.keys() for k in range(len(self.prompts)))
        }
        ordered = [(a, b) for _, a, b in self._lines if (a, b) in there]
        return tuple({frozenset(pair): pair for pair in reversed(ordered)}.values())[::-1]

    def answerable(self, questions: Sequence[Proposition]) -> list[bool]:
        """Which questions have recorded answers, in every prompt."""
        return [self._is_recorded(question) for question in questions]

    @property
    def questions(self) -> tuple[Direction, ...]:
        """The directions that are recorded in every prompt, one for each of :attr:`pairs`."""
        return tuple(Direction(a, b) for a, b in self.pairs)

    def _is_recorded(self, question: Proposition) -> bool:
        if not isinstance(question, (Causes, Direction)):
            return False
        ways = {(question.a, question.b)} | ({(question.b, question.a)} if isinstance(question, Direction) else set())
        return all((k, *way) in self._lines for k in range(len(self.prompts)) for way in ways)

    def _parts(self, question: Proposition, number: int) -> Sequence[Request]:
        """Both ways in every prompt; a choice is about the direction itself, and its letters are exchanged."""
        if not isinstance(question, Direction):
            return ()
        self._check(question)
        kinds = [Direction if prompt == CHOICE else Causes for prompt in self.prompts]
        sides = ((question.a, question.b), (question.b, question.a))
        return [Request(kind(*side), number, wording) for wording, kind in enumerate(kinds) for side in sides]

    def _requests(self, question: Proposition, first: int, repeats: int) -> Iterable[Request]:
        self._check(question)
        ways = (divmod(number, len(self.prompts)) for number in range(first, first + repeats))
        return [Request(question, replicate, wording) for replicate, wording in ways]

    def _check(self, question: Proposition) -> None:
        for name in question.variables:
            if name not in self.variables:
                raise UnknownVariable(name, self.variables)

    def _answer(self, request: Request) -> Answer:
        question = request.question
        asked: type[Proposition] = Direction if self.prompts[request.wording] == CHOICE else Causes
        if isinstance(question, (Causes, Direction)) and isinstance(question, asked):
            return self._recorded(question, request.wording, request.replicate)
        return Answer(question, None, reason=_NOT_RECORDED, model=self.model)

    def _recorded(self, question: Causes | Direction, wording: int, replicate: int) -> Answer:
        lines = self._lines.get((wording, question.a, question.b))
        one_sided = isinstance(question, Direction) and (wording, question.b, question.a) not in self._lines
        if not lines or one_sided:  # the letter that stands first is favoured: one order of a choice says nothing
            return Answer(question, None, replicate, wording=wording, reason=_NOT_RECORDED, model=self.model)
        line = lines[replicate % len(lines)]
        why = None if line.value is not None else "unreadable" if line.log_odds is None else "unsure"
        return Answer(
            question, line.value, replicate, log_odds=line.log_odds, wording=wording, captured=line.captured,
            reason=why, model=self.model,
        )  # fmt: skip


def _gathered(records: Any) -> list[RecordedAnswer]:
    """The records, from wherever they are."""
    several = [records] if isinstance(records, (str, os.PathLike)) else list(records)
    found: list[RecordedAnswer] = []
    for one in several:
        if isinstance(one, RecordedAnswer):
            found.append(one)
        elif isinstance(one, Mapping):
            found.append(RecordedAnswer.from_dict(one))
        elif isinstance(one, (str, os.PathLike)):
            found += read_answers(one)
        else:
            raise InvalidParameter(f"records are files, or recorded answers, not {one!r}")
    if not found:
        raise InvalidParameter("nothing is recorded there")
    return found


def _chosen(kind: str, name: str | None, there: Sequence[str]) -> str:
    known = list(dict.fromkeys(there))
    if name is None:
        if len(known) == 1:
            return known[0]
        option = "prompts=" if kind == "prompt" else f"{kind}="
        raise InvalidParameter(f"the records are of several {kind}s, say which by {option}: {', '.join(known)}")
    if name not in known:
        raise UnknownName(f"recorded {kind}", name, known)
    return name


def _prompts(wanted: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    if not wanted:
        return (_chosen("prompt", None, there),)
    for name in wanted:
        _chosen("prompt", name, there)
    if len(set(wanted)) < len(wanted):
        raise InvalidParameter(f"each prompt is named once, and here {', '.join(wanted)}")
    return tuple(wanted)
