"""Errors travel between processes and keep what they carry."""

from __future__ import annotations

import copy
import pickle

import pytest

from causalpp import errors
from causalpp.equivalence import Cpdag


@pytest.mark.parametrize(
    "error",
    [
        errors.UnknownVariable("smok", ["smoke", "lung"]),
        errors.UnknownState("maybe", ["yes", "no"], what=" of 'smoke'"),
        errors.FormatError("odd", line=3, column=4),
        errors.TooLarge("too many"),
        errors.UndeterminedClass([Cpdag("ab"), Cpdag("ab", undirected=[("a", "b")])], True, [], []),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_are_pickled(error: errors.CausalppError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__ == error.__dict__


def test_unknown_names_suggest_and_list() -> None:
    assert "did you mean 'smoke'" in str(errors.UnknownVariable("smok", ["smoke", "lung"]))
    assert "did you mean 'Smoke'" in str(errors.UnknownVariable("SMOKE", ["Smoke", "lung"]))
    assert "known: 'a', 'b'" in str(errors.UnknownVariable("zzz", ["a", "b"]))
    assert isinstance(errors.UnknownVariable("z", []), LookupError)
