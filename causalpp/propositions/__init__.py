"""Propositions: the statements, their meaning on a batch of graphs, their English and its parser."""

from causalpp.propositions.parser import from_dict, from_json, parse
from causalpp.propositions.questions import FAMILIES, all_questions, level_table, smallest_family, truth_table
from causalpp.propositions.statements import (
    KINDS,
    ONE_A_PAIR,
    And,
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Not,
    Or,
    Proposition,
)
from causalpp.propositions.wording import STYLES, quote, sentences

__all__ = [
    "FAMILIES",
    "KINDS",
    "ONE_A_PAIR",
    "STYLES",
    "And",
    "Causes",
    "Changes",
    "Direction",
    "DirectlyCauses",
    "HaveCommonCause",
    "HaveCommonEffect",
    "Independent",
    "IndirectlyCauses",
    "Not",
    "Or",
    "Proposition",
    "all_questions",
    "from_dict",
    "from_json",
    "level_table",
    "parse",
    "quote",
    "sentences",
    "smallest_family",
    "truth_table",
]
