"""``causalpp audit`` of word problems: are the stated answers those that follow?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalpp.cli.show import console, table_of

if TYPE_CHECKING:
    from causalpp.tasks import caugym

__all__ = ["show_caugym"]

_SHOWN = 10  # findings of one sort that are printed
_WRONG = {
    "ANSWER": "yes or no is wrong",
    "PROB": "the number is wrong",
    "sufficiency": "insufficient is wrong, or a number where nothing follows",
    "reasoning": "the steps end in another answer",
    "reply": "replies to learn that are wrong, or to avoid that are right",
    "derivation": "the derivation is wrong",
}
_FAILURES = {
    "answer": "without an answer that can be read",
    "text": "texts that follow no template",
    "figures": "figures that contradict each other, or are no probabilities",
    "not derived": "figures that lead to no answer",
}


def show_caugym(found: caugym.CauGymAudit) -> None:
    """Print what was found."""
    rows = [("rows", f"{found.rows:,}{_by(found.sets)}"), ("answers derived", f"{found.checked:,}")]
    rows += [(f"  {name or 'unnamed'}", f"{found.agreed.get(name, 0):,} of {count:,} agree")
             for name, count in sorted(found.quantities.items())]  # fmt: skip
    rows += [(words, f"{len(found.of(field)):,}") for field, words in _WRONG.items() if found.of(field)]  # type: ignore[arg-type]
    if found.lacking:
        rows.append(("said to be insufficient, and nothing was derived", f"{found.lacking:,}"))
    if found.imprecise:
        rows.append(("figures too coarse for the tolerance", f"{len(found.imprecise):,}"))
    if found.open:
        rows.append(("yes or no is left open by rounding", f"{len(found.open):,}"))
    rows += [(words, f"{len(found.failed(kind)):,}") for kind, words in _FAILURES.items() if found.failed(kind)]  # type: ignore[arg-type]
    console.print(table_of(rows, "", ""))
    for wrong in found.disagreements[:_SHOWN]:
        how = "; ".join(wrong.steps)
        said = f"stated {wrong.stated}, derived {wrong.derived}" if wrong.stated else wrong.derived
        console.print(
            f"{_row(wrong)}, {wrong.quantity}, {wrong.field}: {said}" + (f"\n  {how}" if how else ""),
            soft_wrap=True,
        )
    for failure in found.failures[:_SHOWN]:
        console.print(f"{_row(failure)}: {failure.message}", soft_wrap=True)
    left = max(0, len(found.disagreements) - _SHOWN) + max(0, len(found.failures) - _SHOWN)
    if left:
        console.print(f"and {left:,} more: --out FILE or --json has them all")


def _row(found: caugym.CauGymDisagreement | caugym.CauGymFailure) -> str:
    return f"row {found.row}" + (f" of {found.set}" if found.set else "")


def _by(sets: dict[str, int]) -> str:
    named = [f"{name} {count:,}" for name, count in sets.items() if name]
    return f" ({', '.join(named)})" if named else ""
