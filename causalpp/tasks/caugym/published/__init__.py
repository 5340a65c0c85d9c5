"""The published files of CauGym: read, and every stated answer derived again from the stated figures."""

from causalpp.tasks.caugym.published.deriving import Derived, Interval, derive
from causalpp.tasks.caugym.published.item import PublishedItem
from causalpp.tasks.caugym.published.sentences import PublishedProblem, Question, Stated, read_problem

__all__ = ["Derived", "Interval", "PublishedItem", "PublishedProblem", "Question", "Stated", "derive", "read_problem"]
