"""What the migration page says of modules and keywords that moved."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pytest

from causalpp import Dag, equivalence
from causalpp.benchmarks import Part, Unit

PAGE = (Path(__file__).parent.parent / "docs" / "migration.md").read_text(encoding="utf-8")


def moved() -> list[str]:
    """The dotted names in the left column of its tables, of which none is said to be gone."""
    out = []
    for row in re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE):
        if "(gone)" in row or "(no alias)" in row:
            continue
        for name in re.findall(r"`([\w.]+)`", row) if row.startswith("`causalpp.") else ():
            out.append(name if name[0] != "." else out[-1].rpartition(".")[0] + name)
    return out


@contextmanager
def imported(name: str) -> Iterator[object]:
    """A module, or a name in one; what a module hides in its room comes back afterwards."""
    sys.modules.pop(name, None)
    room, _, last = name.rpartition(".")
    with suppress(ModuleNotFoundError):
        before = vars(import_module(room)).copy()
        found = import_module(name)
        yield found
        vars(import_module(room)).pop(last)
        vars(import_module(room)).update({last: before[last]} if last in before else {})
        return
    yield getattr(import_module(room), last)


def test_every_module_on_the_page_is_found_and_says_its_new_name() -> None:
    assert len(moved()) > 40
    for name in moved():
        with pytest.warns(DeprecationWarning, match=re.escape(name)), imported(name):
            pass


def test_a_module_that_moved_does_not_hide_the_function_of_its_name() -> None:
    dag = Dag("ab", [("a", "b")])
    said = equivalence.premise(dag)
    with pytest.warns(DeprecationWarning, match=r"statements\.premise"), imported("causalpp.equivalence.premise") as it:
        assert (equivalence.premise, equivalence.premise(dag)) == (it, said)


def test_classes_take_the_old_keyword() -> None:
    with pytest.warns(DeprecationWarning, match=r"Unit\(task=\) is called Unit\(study=\)"):
        old = Unit(task="solve", version=1, parameters={})  # type: ignore[call-arg]
    with pytest.warns(DeprecationWarning, match=r"Part\(task=\) is called Part\(study=\)"):
        assert Part(task="solve", settings=None).study == "solve"  # type: ignore[call-arg]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert old == Unit("solve", 1, {})
    with pytest.raises(TypeError, match=r"Unit\(\) got 'study' twice"):
        Unit(task="solve", study="solve", version=1, parameters={})  # type: ignore[call-arg]
