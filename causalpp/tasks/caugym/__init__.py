"""CauGym: seven causal quantities as word problems, with exact answers and a scorer that compares all of a reply."""

from causalpp.tasks.caugym.auditing import CauGymAudit, CauGymDisagreement, CauGymFailure, audit
from causalpp.tasks.caugym.checking import check_item, second_program
from causalpp.tasks.caugym.generate import SHARES, generate
from causalpp.tasks.caugym.item import BOUNDS, QUANTITIES, SETS, CauGymItem
from causalpp.tasks.caugym.published import PublishedItem
from causalpp.tasks.caugym.scorers import INSUFFICIENT, CauGym, PublishedCauGym
from causalpp.tasks.caugym.solving import Decision, Told, decide, read
from causalpp.tasks.caugym.stories import STORIES

__all__ = [
    "BOUNDS",
    "INSUFFICIENT",
    "QUANTITIES",
    "SETS",
    "SHARES",
    "STORIES",
    "CauGym",
    "CauGymAudit",
    "CauGymDisagreement",
    "CauGymFailure",
    "CauGymItem",
    "Decision",
    "PublishedCauGym",
    "PublishedItem",
    "Told",
    "audit",
    "check_item",
    "decide",
    "generate",
    "read",
    "second_program",
]
