"""The audit of CauGym: every stated answer derived again, from the published texts or from our own items."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from causalpp.errors import CausalppError, FormatError, InvalidData
from causalpp.language.reading import read_amount
from causalpp.tasks.caugym.checking import check_item
from causalpp.tasks.caugym.item import CauGymItem
from causalpp.tasks.caugym.published import Derived, PublishedItem, derive, read_problem
from causalpp.tasks.caugym.scorers import INSUFFICIENT, CauGym
from causalpp.tasks.caugym.solving import decide, read
from causalpp.tasks.items.item import Item

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CauGymAudit", "CauGymDisagreement", "CauGymFailure", "audit"]

Field = Literal["ANSWER", "PROB", "sufficiency", "reasoning", "reply", "derivation"]
Kind = Literal["answer", "text", "figures", "not derived"]

_EXACT = Fraction(1, 10**7)  # figures leave a value open by less, where models agree with them up to rounding
_VERDICT = re.compile(r"so the answer is (yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class CauGymDisagreement:
    """Something stated that does not follow.

    Attributes:
        row: its number in the file, from 1.
        id, split, set, quantity: of the item.
        field: ``"ANSWER"`` (yes or no) or ``"PROB"`` differs from what follows; ``"sufficiency"``: it is said that the
            figures do not suffice, and they do; ``"reasoning"``: the steps that come with it end in another answer;
            ``"reply"``: a reply to learn from is wrong, or one to avoid is right; ``"derivation"``: of an item of our
            own, something that it says of itself besides the answer is wrong.
        stated, derived: what is stated and what follows.
        steps: how it follows.
    """

    row: int
    id: str
    split: str
    set: str
    quantity: str
    field: Field
    stated: str
    derived: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class CauGymFailure:
    """A row whose answer could not be derived.

    Attributes:
        row, id, split, set, quantity: of the item.
        kind: ``"answer"`` (none is stated, or it cannot be read), ``"text"`` (it follows no template), ``"figures"``
            (they contradict each other or are no probabilities) or ``"not derived"`` (they lead to no answer by the
            known formulas).
        message: what is wrong.
    """

    row: int
    id: str
    split: str
    set: str
    quantity: str
    kind: Kind
    message: str


@dataclass(frozen=True, repr=False)
class CauGymAudit:
    """What the audit found.

    Attributes:
        rows: how many there are.
        checked: how many answers were derived and compared.
        agreed: by quantity, how many rows were checked and have nothing wrong.
        imprecise: rows whose PROB agrees when rounding is allowed for, but is off by the tolerance or more when it is
            computed from the figures as they are printed: who reasons correctly is scored as wrong.
        open: rows of which rounding leaves open whether the answer is yes or no.
        lacking: rows that say that the figures do not suffice, from which no answer was derived either.
        disagreements: what is stated and does not follow.
        failures: rows that could not be checked.
        quantities, sets, splits: rows by each.
    """

    rows: int
    checked: int
    agreed: dict[str, int]
    imprecise: tuple[int, ...]
    open: tuple[int, ...]
    lacking: int
    disagreements: tuple[CauGymDisagreement, ...]
    failures: tuple[CauGymFailure, ...]
    quantities: dict[str, int]
    sets: dict[str, int]
    splits: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether every row was checked and agrees."""
        return not (self.disagreements or self.failures or self.imprecise)

    def of(self, field: Field) -> list[CauGymDisagreement]:
        """The disagreements about one thing."""
        return [found for found in self.disagreements if found.field == field]

    def failed(self, kind: Kind) -> list[CauGymFailure]:
        """The failures of one kind."""
        return [found for found in self.failures if found.kind == kind]

    def __repr__(self) -> str:
        return (
            f"CauGymAudit({self.rows:,} rows: {self.checked:,} answers derived, {len(self.of('ANSWER')):,} with the "
            f"wrong ANSWER, {len(self.of('PROB')):,} with the wrong PROB; {len(self.failures):,} rows could not be "
            "checked)"
        )

    def to_frame(self) -> pd.DataFrame:
        """The disagreements, one a row."""
        import pandas as pd

        columns = list(CauGymDisagreement.__dataclass_fields__)
        return pd.DataFrame([asdict(found) for found in self.disagreements], columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """All that was found, as plain values."""
        return {
            "format": "causalpp.audit",
            "version": 1,
            "task": "caugym",
            "clean": self.clean,
            **{name: value for name, value in asdict(self).items() if name not in ("disagreements", "failures")},
            "disagreements_by_field": dict(Counter(found.field for found in self.disagreements)),
            "failures_by_kind": dict(Counter(found.kind for found in self.failures)),
            "disagreements": [asdict(found) for found in self.disagreements],
            "failures": [asdict(found) for found in self.failures],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def audit(
    items: Iterable[Item], *, tolerance: float = 5e-4, progress: Callable[[int], None] | None = None
) -> CauGymAudit:
    """Derive every stated answer again.

    Of a published item the text is read by the sentences of the published templates, and its answer is derived from
    the stated figures, each of which stands for all numbers that are rounded to it: a disagreement is one that no
    rounding explains.  What cannot be read is counted and said, not guessed.  Of an item of our own the text is read
    and decided as the symbolic solver does, and what it says of itself is checked by
    :func:`~causalpp.tasks.caugym.check_item`.

    Args:
        items: of published files, or our own; see :func:`causalpp.tasks.read_items`.
        tolerance: of the scorer, for what counts as imprecise.
        progress: called with the number of rows done.

    Raises:
        FormatError: an item of another kind.

    Example:
        >>> world = ("Imagine a self-contained, hypothetical world with only the following conditions, and without any "
        ...     "unmentioned factors or causal relationships:")
        >>> text = f'''Input Info: {world} Dose has a direct effect on pulse.
        ... For those with dose being low, the probability of pulse being high is 0.25. For those with dose being high,
        ... the probability of pulse being high is 0.75.
        ... Instruction: Consider the effect of treatment on the treated (ETT) of dose on pulse.
        ... Question: For those with dose being high, if their dose had been low, would the pulse have been more likely
        ... to be high?
        ... Provide the calculation result to four decimal places.'''
        >>> row = {"problem": text, "answer": '{"ANSWER": "Yes", "PROB": "0.5"}', "Type": "ETT"}
        >>> found = audit([PublishedItem.from_row(row, 1, "base_dataset.json", "")])
        >>> [(wrong.field, wrong.stated, wrong.derived) for wrong in found.disagreements]
        [('ANSWER', 'yes', 'no')]
    """
    found = _Found(tolerance)
    for number, item in enumerate(items, 1):
        stated = item.about.get("row")
        row = stated if isinstance(stated, int) else number
        if isinstance(item, PublishedItem):
            found.take(item, row)
        elif isinstance(item, CauGymItem):
            found.take_ours(item, row)
        else:
            raise FormatError(f"the item {item.id!r} is of the kind {type(item).__name__}, not one of CauGym")
        if progress is not None:
            progress(number)
    return found.result()


@dataclass
class _Found:
    """What has been found so far."""

    tolerance: float
    rows: int = 0
    checked: int = 0
    lacking: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    imprecise: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    wrong: list[CauGymDisagreement] = field(default_factory=list)
    failures: list[CauGymFailure] = field(default_factory=list)
    counts: tuple[Counter[str], Counter[str], Counter[str]] = field(
        default_factory=lambda: (Counter(), Counter(), Counter())
    )

    def _count(self, item: PublishedItem | CauGymItem) -> None:
        self.rows += 1
        for counter, name in zip(self.counts, (item.quantity, item.set, item.split)):
            counter[name] += 1

    def take_ours(self, item: CauGymItem, row: int) -> None:
        self._count(item)
        target = item.target.value
        problem = _problem_of(target)
        if problem:
            self._fail(item, row, "answer", problem)
            return
        try:
            told = read(item.prompt)
            decision = decide(told)
        except CausalppError as error:
            self._fail(item, row, "text" if isinstance(error, FormatError) else "figures", str(error))
            return
        self.checked += 1
        before = len(self.wrong)
        value = "" if decision.value is None else f"{float(decision.value):.4f}"
        steps = (decision.why,) if decision.why else (f"{told.quantity} = {decision.value}",)
        if INSUFFICIENT in (target["ANSWER"], decision.answer):
            if target["ANSWER"] != decision.answer:
                self._disagree(item, row, "sufficiency", target["ANSWER"], value or INSUFFICIENT, steps)
        else:
            if target["ANSWER"] != decision.answer:
                self._disagree(item, row, "ANSWER", target["ANSWER"], decision.answer, steps)
            if decision.value is None or abs(Fraction(target["PROB"]) - decision.value) > _EXACT:
                self._disagree(item, row, "PROB", target["PROB"], value, steps)
        if len(self.wrong) == before and item.program:
            try:
                check_item(item)
            except InvalidData as error:
                self._disagree(item, row, "derivation", "", str(error).removeprefix(f"the item {item.id!r}: "), steps)
        self.agreed[item.quantity] += len(self.wrong) == before

    def take(self, item: PublishedItem, row: int) -> None:
        self._count(item)
        before = len(self.wrong)
        self._reasoning(item, row)
        target = item.target.value
        if target is None and not item.replies:
            self._fail(item, row, "answer", str(item.about.get("problem", "no answer is stated")))
            return
        try:
            problem = read_problem(item.prompt)
        except FormatError as error:
            kind: Kind = "figures" if "no probability" in str(error) else "text"
            self._fail(item, row, kind, str(error))
            return
        try:
            derived = derive(problem)
        except FormatError as error:
            self._fail(item, row, "figures", str(error))
            return
        if item.quantity and problem.question.quantity != item.quantity:
            self._fail(item, row, "text", f"it asks for {problem.question.quantity}, and is marked as {item.quantity}")
            return
        if derived is None:
            if target is not None and target.get("ANSWER") == INSUFFICIENT:
                self.lacking += 1
            else:
                self._fail(item, row, "not derived", "the stated figures lead to no answer by the known formulas")
            return
        self.checked += 1
        if target is not None:
            self._compare(item, row, target, derived)
        self._replies(item, row, derived)
        self.agreed[item.quantity] += len(self.wrong) == before

    def _compare(self, item: PublishedItem, row: int, target: dict[str, Any], derived: Derived) -> None:
        value = f"{float(derived.value.value):.4f}"
        if target.get("ANSWER") == INSUFFICIENT:
            self._disagree(item, row, "sufficiency", INSUFFICIENT, value, derived.steps)
            return
        if derived.answer and target.get("ANSWER") not in (None, derived.answer):
            self._disagree(item, row, "ANSWER", str(target["ANSWER"]), derived.answer, derived.steps)
        if not derived.answer and "ANSWER" in target:
            self.open.append(row)
        stated, printed = Fraction(str(target["PROB"])), str(target["PROB"])
        half = Fraction(1, 2 * 10 ** max(4, len(printed.partition(".")[2])))
        if not derived.value.low - half <= stated <= derived.value.high + half:
            self._disagree(item, row, "PROB", printed, value, derived.steps)
        elif abs(stated - derived.value.value) >= self.tolerance:
            self.imprecise.append(row)

    def _reasoning(self, item: PublishedItem, row: int) -> None:
        """What the steps that come with an answer end in."""
        target = item.target.value
        if not item.reasons or target is None or target.get("ANSWER") == INSUFFICIENT:
            return
        last = item.reasons[-1]
        verdict = _VERDICT.search(last)
        if verdict and target.get("ANSWER") not in (None, verdict[1].lower()):
            self._disagree(item, row, "reasoning", str(target["ANSWER"]), verdict[1].lower(), (last,))
        number = read_amount(re.split(r"[<>]|\bso\b", last)[0].rpartition("=")[2])[0]
        if isinstance(number, Fraction) and abs(number - Fraction(str(target["PROB"]))) >= self.tolerance:
            self._disagree(item, row, "reasoning", str(target["PROB"]), f"{float(number):g}", (last,))

    def _replies(self, item: PublishedItem, row: int, derived: Derived) -> None:
        """Whether replies to learn from are right, and those to avoid are wrong."""
        right: dict[str, Any] = {"PROB": str(derived.value.value)}
        right |= {"ANSWER": derived.answer} if derived.answer else {}
        scorer = CauGym(max(self.tolerance, float(derived.value.high - derived.value.low)))
        for reply in item.replies:
            read = scorer.read(str(reply["text"]))
            fits = read is not None and scorer.compare(read, right).value == 1
            if fits != bool(reply["wanted"]):
                said = "no answer" if read is None else f"{read['ANSWER'] or ''} {read['PROB']}".strip()
                wanted = "to learn" if reply["wanted"] else "to avoid"
                self._disagree(
                    item, row, "reply", f"{said} ({wanted})", f"{derived.answer} {right['PROB']}", derived.steps
                )

    def _disagree(
        self, item: PublishedItem | CauGymItem, row: int, what: Field, stated: str, found: str, steps: tuple[str, ...]
    ) -> None:
        self.wrong.append(
            CauGymDisagreement(row, item.id, item.split, item.set, item.quantity, what, stated, found.strip(), steps)
        )

    def _fail(self, item: PublishedItem | CauGymItem, row: int, kind: Kind, message: str) -> None:
        self.failures.append(CauGymFailure(row, item.id, item.split, item.set, item.quantity, kind, message))

    def result(self) -> CauGymAudit:
        quantities, sets, splits = map(dict, self.counts)
        return CauGymAudit(
            self.rows, self.checked, dict(self.agreed), tuple(self.imprecise), tuple(self.open), self.lacking,
            tuple(self.wrong), tuple(self.failures), quantities, sets, splits,
        )  # fmt: skip


def _problem_of(target: Any) -> str:
    """Why the answer that an item of our own states cannot be read; "" if it can."""
    if target is None:
        return "no answer is stated"
    answer = target.get("ANSWER") if isinstance(target, Mapping) else None
    if answer not in ("yes", "no", INSUFFICIENT):
        return f"the stated answer is neither yes nor no nor {INSUFFICIENT}: {str(target)[:60]}"
    try:
        if answer != INSUFFICIENT:
            Fraction(target.get("PROB"))
    except (TypeError, ValueError, ArithmeticError):
        return f"the stated answer has no number: {str(target)[:60]}"
    return ""
