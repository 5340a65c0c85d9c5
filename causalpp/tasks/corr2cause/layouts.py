"""The layouts of Corr2Cause's files: our own, and those in which the published sets are published.

The published rows (Hugging Face ``causalnlp/corr2cause``, and Extended Corr2Cause after it) have the columns
``input``, "Premise: … Hypothesis: …", and ``label``, 0 or 1, at times ``num_variables`` and ``template``.  The files
behind them have ``premise``, ``hypothesis``, a label in words, and an ``id``.  Corr2Cause++ has ``query`` for
``input``, and ``relation_type``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from causalpp.tasks.items.loaders import split_of

__all__ = ["label_of", "values_of"]

_TRUE = {"1", "true", "yes", "valid", "entailment", "entailed", "1.0"}
#: In the published paraphrase files 2 is a contradiction, which does not follow either.
_FALSE = {
    "0",
    "false",
    "no",
    "invalid",
    "non-entailment",
    "not entailed",
    "contradiction",
    "neutral",
    "0.0",
    "2",
    "2.0",
}
_TEMPLATES = {
    "parent": "parent",
    "child": "child",
    "non-parent ancestor": "ancestor",
    "non-child descendant": "descendant",
    "has collider": "collider",
    "has confounder": "confounder",
    "ancestor": "ancestor",
    "descendant": "descendant",
    "collider": "collider",
    "confounder": "confounder",
}
_OURS = (
    "relation", "a", "b", "variables", "group", "split", "wording", "pair", "semantics", "certificate", "about",
)  # fmt: skip
_RELATION = re.compile(r"causal_relation=([a-z_\- ]+?)(?:__|$)")
_PREMISE = re.compile(r"\s*premise\s*:", re.I)
_HYPOTHESIS = re.compile(r"\bhypothesis\s*:", re.I)


def values_of(row: Mapping[str, Any], number: int, source: str, split: str) -> dict[str, Any]:
    """The stored fields of the item in one row, be it ours or published."""
    premise, hypothesis = _texts(row)
    label, problem = label_of(row.get("label"))
    given = str(row.get("id") or "")
    if "hypothesis" in row and isinstance(row.get("about"), Mapping):  # all our fields; further ones are passed over
        known = {name: row[name] for name in _OURS if row.get(name) is not None}
        if problem and row.get("label") is not None:  # without a label, the item is one whose label is not known
            known["about"] = {**row["about"], "problem": problem}
    else:
        said = _RELATION.search(given)
        template = str(row.get("template") or row.get("relation_type") or (said[1] if said else ""))
        template = template.replace("_", " ").strip().lower()
        about = {"row": number, "source": source, **({"problem": problem} if problem else {})}
        about |= {name: row[name] for name in ("num_variables", "template", "dataset") if row.get(name) is not None}
        known = {
            "relation": _TEMPLATES.get(template, _TEMPLATES.get(template.replace("non ", "non-"), "")),
            "split": split_of(str(row.get("split") or "")) or split,
            "about": about,
        }
    texts = {"premise": premise, "hypothesis": hypothesis, "label": label}
    return {**known, "id": given or f"{source}:{number}", **texts}


def label_of(value: Any) -> tuple[bool | None, str]:
    """A label as it stands in a file, and what is wrong with it.

    >>> label_of(1), label_of("entailment"), label_of(" No ")
    ((True, ''), (True, ''), (False, ''))
    >>> label_of(2), label_of(3)  # 2: contradiction
    ((False, ''), (None, 'the label 3 is neither 0 nor 1'))
    """
    word = str(value).strip().lower()
    if word in _TRUE:
        return True, ""
    if word in _FALSE:
        return False, ""
    if value is None or word in ("", "nan"):
        return None, "there is no label"
    return None, f"the label {str(value)[:40] if not isinstance(value, str) else repr(value[:40])} is neither 0 nor 1"


def _texts(row: Mapping[str, Any]) -> tuple[str, str]:
    if "premise" in row:
        premise, hypothesis = str(row["premise"] or ""), str(row.get("hypothesis") or "")
    else:
        premise, hypothesis = str(row.get("input") or row.get("query") or ""), ""
        mark = _HYPOTHESIS.search(premise)
        if mark:
            premise, hypothesis = premise[: mark.start()], premise[mark.end() :]
    return _after(_PREMISE, premise).strip(), _after(_HYPOTHESIS, hypothesis.strip()).strip()


def _after(heading: re.Pattern[str], text: str) -> str:
    """The text without the heading it begins with."""
    found = heading.match(text)
    return text[found.end() :] if found else text
