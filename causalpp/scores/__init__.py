"""Columns as numbers: how well some explain others, and whether some are independent; priors of graphs apart."""

from causalpp.scores.bic import BIC
from causalpp.scores.choice import MISSING, SCORES, check_missing, local_score
from causalpp.scores.conditional import ConditionalGaussian
from causalpp.scores.dirichlet import BDeu, CooperHerskovits
from causalpp.scores.families import family_scores, pruned
from causalpp.scores.gaussian import BGe
from causalpp.scores.independence_tests import Independence, IndependenceTest, independence, independence_test
from causalpp.scores.local import EquivalentScore, LocalScore, who_was_set
from causalpp.scores.missing import Averaged
from causalpp.scores.prior import Objective, StructurePrior
from causalpp.scores.table import Data, Table, read_table

__all__ = [
    "BIC",
    "MISSING",
    "SCORES",
    "Averaged",
    "BDeu",
    "BGe",
    "ConditionalGaussian",
    "CooperHerskovits",
    "Data",
    "EquivalentScore",
    "Independence",
    "IndependenceTest",
    "LocalScore",
    "Objective",
    "StructurePrior",
    "Table",
    "check_missing",
    "family_scores",
    "independence",
    "independence_test",
    "local_score",
    "pruned",
    "read_table",
    "who_was_set",
]
