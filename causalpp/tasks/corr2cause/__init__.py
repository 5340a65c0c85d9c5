"""Corr2Cause and its extension: exact labels with certificates, perturbations, and the audit of published files."""

from causalpp.tasks.corr2cause.audit import Audit, Disagreement, Failure, Overlap, audit
from causalpp.tasks.corr2cause.checking import check_certificate
from causalpp.tasks.corr2cause.classes import classes
from causalpp.tasks.corr2cause.generate import SHARES, complete_set, generate
from causalpp.tasks.corr2cause.hypotheses import (
    SEMANTICS,
    hypothesis,
    original_wordings,
    read_hypothesis,
    sentence_of,
    wordings,
)
from causalpp.tasks.corr2cause.item import RELATIONS, Corr2CauseItem, corr2cause_item
from causalpp.tasks.corr2cause.perturb import PERTURBATIONS, drawn_names, perturb, relettered, renamed_premise
from causalpp.tasks.corr2cause.premises import PREMISES, premise_of
from causalpp.tasks.corr2cause.tables import relation_tables

__all__ = [
    "PERTURBATIONS",
    "PREMISES",
    "RELATIONS",
    "SEMANTICS",
    "SHARES",
    "Audit",
    "Corr2CauseItem",
    "Disagreement",
    "Failure",
    "Overlap",
    "audit",
    "check_certificate",
    "classes",
    "complete_set",
    "corr2cause_item",
    "drawn_names",
    "generate",
    "hypothesis",
    "original_wordings",
    "perturb",
    "premise_of",
    "read_hypothesis",
    "relation_tables",
    "relettered",
    "renamed_premise",
    "sentence_of",
    "wordings",
]
