"""The audit of a benchmark: every label derived again from its premise alone."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from causalpp.equivalence import Entailment, parse_premise
from causalpp.equivalence.statements.premise import from_premise
from causalpp.errors import CausalppError, ContradictoryStatements, FormatError, InvalidParameter, UndeterminedClass
from causalpp.propositions import Proposition, parse
from causalpp.tasks.corr2cause.item import Corr2CauseItem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Audit", "Disagreement", "Failure", "Overlap", "audit"]

Kind = Literal["label", "premise", "contradiction", "undetermined", "hypothesis", "too large"]

_HELD = 256  # classes kept at hand: the rows of a premise tend to follow each other
_TOLD = 300  # characters of a premise that are kept
_ROWS = 5  # numbers of rows named for each shared premise


@dataclass(frozen=True)
class Disagreement:
    """A label that does not follow from its premise, or one that does and is denied.

    Attributes:
        row: its number in the file, from 1.
        id, split, hypothesis: of the item.
        label: as the file has it.
        derived: as it follows from the premise.
        graph: the class of the premise: directed and undirected edges.
        reason: why the hypothesis holds in every member, or does not.
        refuted_by: the edges of a member in which it fails; None if there is none.
        holds_in: the edges of a member in which it holds; None if there is none.
    """

    row: int
    id: str
    split: str
    hypothesis: str
    label: bool
    derived: bool
    graph: str
    reason: str
    refuted_by: list[list[str]] | None
    holds_in: list[list[str]] | None


@dataclass(frozen=True)
class Failure:
    """A row whose label could not be checked as it stands.

    Attributes:
        row, id, split: of the item.
        kind: ``"label"`` (none, or neither 0 nor 1), ``"premise"`` or ``"hypothesis"`` (cannot be read),
            ``"contradiction"`` (no graph agrees with the premise), ``"undetermined"`` (several classes do) or
            ``"too large"``.
        message: what is wrong.
        derived: for an undetermined premise, the label that all of its classes lead to; None if it stays open.
    """

    row: int
    id: str
    split: str
    kind: Kind
    message: str
    derived: bool | None = None


@dataclass(frozen=True)
class Overlap:
    """A premise that rows of several splits share, whatever the order of its statements.

    Attributes:
        premise: its beginning.
        splits: split → how many rows.
        rows: the numbers of the first rows.
    """

    premise: str
    splits: dict[str, int]
    rows: list[int]


@dataclass(frozen=True, repr=False)
class Audit:
    """What the audit of a benchmark found.

    Attributes:
        rows: how many there are.
        checked: how many labels were derived from a premise that determines its class.
        positive: how many labels are 1, as the file has them.
        labelled: how many rows have a label.
        splits: split → rows.
        disagreements: labels that are wrong.
        failures: rows that could not be checked.
        overlaps: premises that several splits share.
        duplicates: rows that repeat premise and hypothesis of an earlier row.
        conflicts: how many of those have another label.
        semantics: what the labels were taken to mean.

    Example:
        >>> text = ("Suppose there is a closed system of 2 variables, A and B. All the statistical relations among "
        ...         "these 2 variables are as follows: A correlates with B.")
        >>> audit([Corr2CauseItem("1", text, "A directly causes B.", True)])
        Audit(1 rows: 1 labels checked, 1 wrong; 0 rows could not be checked; 0 premises in several splits)
    """

    rows: int
    checked: int
    positive: int
    labelled: int
    splits: dict[str, int]
    disagreements: tuple[Disagreement, ...]
    failures: tuple[Failure, ...]
    overlaps: tuple[Overlap, ...]
    duplicates: int
    conflicts: int
    semantics: str = "path"

    @property
    def agreement(self) -> float:
        """The share of the checked labels that are right."""
        return 1 - len(self.disagreements) / self.checked if self.checked else float("nan")

    @property
    def always_no(self) -> float:
        """The accuracy of answering no to everything, by the labels of the file."""
        return 1 - self.positive / self.labelled if self.labelled else float("nan")

    @property
    def clean(self) -> bool:
        """Whether every row was checked and is right, and no premise is in several splits."""
        return not (self.disagreements or self.failures or self.overlaps or self.conflicts)

    def failed(self, kind: Kind) -> list[Failure]:
        """The failures of one kind."""
        return [failure for failure in self.failures if failure.kind == kind]

    def __repr__(self) -> str:
        return (
            f"Audit({self.rows:,} rows: {self.checked:,} labels checked, {len(self.disagreements):,} wrong; "
            f"{len(self.failures):,} rows could not be checked; {len(self.overlaps):,} premises in several splits)"
        )

    def to_frame(self) -> pd.DataFrame:
        """The wrong labels, one a row."""
        import pandas as pd

        columns = list(Disagreement.__dataclass_fields__)
        return pd.DataFrame([asdict(found) for found in self.disagreements], columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """All that was found, as plain values."""
        return {
            "format": "causalpp.audit",
            "version": 1,
            "clean": self.clean,
            "semantics": self.semantics,
            "rows": self.rows,
            "checked": self.checked,
            "agreement": self.agreement if self.checked else None,
            "labelled": self.labelled,
            "positive": self.positive,
            "always_no_accuracy": self.always_no if self.labelled else None,
            "splits": self.splits,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "failures_by_kind": dict(Counter(failure.kind for failure in self.failures)),
            "disagreements": [asdict(found) for found in self.disagreements],
            "failures": [asdict(found) for found in self.failures],
            "overlaps": [asdict(found) for found in self.overlaps],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def audit(
    items: Iterable[Corr2CauseItem], *, semantics: str = "path", progress: Callable[[int], None] | None = None
) -> Audit:
    """Derive every label again from its premise alone, and look for what else may be wrong with a benchmark.

    A label is right if it is 1 where the hypothesis holds in every member of the class that the premise determines and
    0 where it does not (Jin et al., ICLR 2024).  Items are taken one after the other and not kept.

    Args:
        items: of the benchmark; see :func:`causalpp.tasks.read_items`.
        semantics: what the hypotheses mean: ``"path"``, or ``"direct"``, which takes common causes and effects for
            direct ones; see :func:`causalpp.tasks.hypothesis`.
        progress: called with the number of rows done.

    Returns:
        Wrong labels with their derivation, rows that could not be checked and why, premises shared by several splits,
        repeated rows and the balance of the labels.

    Raises:
        InvalidParameter: unknown semantics.
    """
    if semantics not in ("path", "direct"):
        raise InvalidParameter(f"what hypotheses mean is 'path' or 'direct', not {semantics!r}")
    found = _Found()
    for number, item in enumerate(items, 1):
        found.take(item, int(item.about.get("row", number)), semantics)
        if progress is not None:
            progress(number)
    return found.result(semantics)


@dataclass
class _Premise:
    """What is remembered of a premise: enough to report it, and nothing more."""

    text: str
    splits: Counter[str] = field(default_factory=Counter)
    rows: list[int] = field(default_factory=list)


class _Found:
    """What has been found so far."""

    def __init__(self) -> None:
        self.count, self.checked, self.positive, self.labelled = 0, 0, 0, 0
        self.splits: Counter[str] = Counter()
        self.disagreements: list[Disagreement] = []
        self.failures: list[Failure] = []
        self.premises: dict[bytes, _Premise] = {}
        self.seen: dict[bytes, bool | None] = {}
        self.duplicates, self.conflicts = 0, 0

    def take(self, item: Corr2CauseItem, row: int, semantics: str) -> None:
        self.count += 1
        self.splits[item.split] += 1
        self.labelled += item.label is not None
        self.positive += bool(item.label)
        key = _key(item.premise)
        premise = self.premises.setdefault(key, _Premise(item.premise[:_TOLD]))
        premise.splits[item.split] += 1
        if premise.splits[item.split] <= _ROWS:
            premise.rows.append(row)
        self._repeated(key + _digest(item.hypothesis), item.label)
        problem = str(item.about.get("problem", ""))
        if item.label is None:
            self._fail(item, row, "label", problem or "there is no label")
            return
        if not item.premise or not item.hypothesis:
            missing: Kind = "hypothesis" if item.premise else "premise"
            self._fail(item, row, missing, f"there is no {missing}")
            return
        try:
            graphs = _classes(item.premise)
        except CausalppError as error:
            kind: Kind = "premise" if isinstance(error, FormatError) else "too large"
            self._fail(item, row, "contradiction" if isinstance(error, ContradictoryStatements) else kind, str(error))
            return
        try:
            names = graphs.classes[0].graph.nodes
            statement = _meaning(item.hypothesis, names, semantics)
            self._check(item, row, statement, graphs)
        except CausalppError as error:
            self._fail(item, row, "hypothesis", str(error))

    def _check(self, item: Corr2CauseItem, row: int, statement: Proposition, graphs: _Classes) -> None:
        verdicts = []
        for graph in graphs.classes:
            verdicts.append(graph.decide(statement))
            if verdicts[-1].kind != "entailed":
                break
        derived = verdicts[-1].kind == "entailed"
        if graphs.message:
            settled = derived if graphs.exhaustive or not derived else None
            self._fail(item, row, "undetermined", graphs.message, settled)
            return
        self.checked += 1
        if derived != item.label:
            verdict = verdicts[-1]
            assert item.label is not None
            self.disagreements.append(
                Disagreement(
                    row,
                    item.id,
                    item.split,
                    item.hypothesis,
                    item.label,
                    derived,
                    str(graphs.classes[-1].graph),
                    verdict.reason,
                    None if verdict.fails_in is None else [list(edge) for edge in verdict.fails_in.edges],
                    None if verdict.holds_in is None else [list(edge) for edge in verdict.holds_in.edges],
                )
            )

    def _fail(self, item: Corr2CauseItem, row: int, kind: Kind, message: str, derived: bool | None = None) -> None:
        self.failures.append(Failure(row, item.id, item.split, kind, message, derived))

    def _repeated(self, key: bytes, label: bool | None) -> None:
        if key in self.seen:
            self.duplicates += 1
            self.conflicts += label is not None and self.seen[key] is not None and self.seen[key] != label
        else:
            self.seen[key] = label

    def result(self, semantics: str) -> Audit:
        shared = [p for p in self.premises.values() if len([split for split in p.splits if split]) > 1]
        return Audit(
            self.count,
            self.checked,
            self.positive,
            self.labelled,
            dict(self.splits),
            tuple(self.disagreements),
            tuple(self.failures),
            tuple(Overlap(p.text, dict(p.splits), sorted(p.rows)) for p in shared),
            self.duplicates,
            self.conflicts,
            semantics,
        )


@dataclass(frozen=True)
class _Classes:
    """The classes that agree with a premise: one, unless a message says why not."""

    classes: tuple[Entailment, ...]
    message: str = ""
    exhaustive: bool = True


@lru_cache(maxsize=_HELD)
def _classes(premise: str) -> _Classes:
    try:
        return _Classes((Entailment(from_premise(premise)),))
    except UndeterminedClass as error:
        if not error.classes:
            raise
        return _Classes(tuple(map(Entailment, error.classes)), str(error), error.exhaustive)


@lru_cache(maxsize=_HELD)
def _key(premise: str) -> bytes:
    """The same for premises with the same statements about the same variables, in whatever order and words."""
    try:
        names, statements = parse_premise(premise)
    except CausalppError:
        return _digest(" ".join(premise.split()))
    return _digest("|".join(sorted(names)) + "||" + "|".join(sorted(map(str, statements))))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()


def _meaning(hypothesis: str, names: tuple[str, ...], semantics: str) -> Proposition:
    if semantics == "path":
        return parse(hypothesis, names)
    from causalpp.tasks.corr2cause.hypotheses import hypothesis as meaning
    from causalpp.tasks.corr2cause.hypotheses import read_hypothesis

    relation, a, b, _ = read_hypothesis(hypothesis, names)
    return meaning(relation, a, b, semantics, variables=names)
