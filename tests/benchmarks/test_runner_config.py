"""Configurations are read strictly: one clear error that says where and what was probably meant."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from causalpp.benchmarks import Config, Solution, Solver, config_names, make_solver, read_config, solver_names
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers import AlwaysNo
from causalpp.benchmarks.solvers.asked import noise_of
from causalpp.benchmarks.studies.discover import DiscoverSettings
from causalpp.benchmarks.studies.solve import GeneratedItems, SolveSettings
from causalpp.errors import CausalppError, FormatError, InvalidParameter, MissingDependency, UnknownName
from causalpp.tasks import Corr2CauseItem, Item, Number, Target

GOOD = """\
name: small
about: A try.
seed: 3
parts:
  - study: discover
    name: runs
    variables: [4, 5]
    runs: 2
    noise: [0.1, {family: Persistent, noise: 0.2}]
  - study: solve
    items:
      sizes: [3]
      rows: 20
    solvers:
      - always-no
      - {solver: always-yes, label: optimist}
"""


#: Nine aliases in a list, eleven lists deep.
BOMB = "a: &a [x]\nb: &b [*a, *a]\n" + "".join(
    f"{chr(c)}: &{chr(c)} [" + ", ".join([f"*{chr(c - 1)}"] * 9) + "]\n" for c in range(99, 110)
)


def write(folder: Path, text: str, name: str = "c.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_configuration_in_three_formats(tmp_path: Path) -> None:
    found = read_config(write(tmp_path, GOOD))
    assert (found.name, found.seed, found.tries) == ("small", 3, 3)
    assert found.parts[0].settings == DiscoverSettings((4, 5), 2, noise=(0.1, {"family": "Persistent", "noise": 0.2}))
    assert isinstance(found.parts[1].settings.items, GeneratedItems)
    assert [part.name for part in found.parts] == ["runs", "solve"]
    plain = json.dumps(
        {
            "name": "small",
            "about": "A try.",
            "seed": 3,
            "parts": [{k: v for k, v in p.to_dict().items() if v is not None} for p in found.parts],
        }
    )
    assert read_config(write(tmp_path, plain, "c.json")).to_dict() == found.to_dict()
    toml = 'name = "t"\n[[parts]]\ntask = "discover"\nvariables = [4]\n'
    assert read_config(write(tmp_path, toml, "c.toml")).parts[0].settings == DiscoverSettings((4,))
    assert Config.from_dict(found.to_dict() | {"parts": json.loads(plain)["parts"]}).to_dict() == found.to_dict()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 3", "sead: 3", r"line 3: unknown key 'sead'; did you mean 'seed'\?"),
        ("    runs: 2", "    rnus: 2", r"line 8: parts\[0\]: unknown key 'rnus'; did you mean 'runs'\?"),
        ("      rows: 20", "      row: 20", r"line 13: parts\[1\]\.items: unknown key 'row'; did you mean 'rows'\?"),
        ("  - study: solve", "  - stduy: solve", r"line 10: parts\[1\]: unknown key 'stduy'; did you mean 'study'\?"),
        ("study: solve", "study: slove", r"line 10: parts\[1\]: unknown study 'slove'; did you mean 'solve'"),
        ("- always-no", "- always-on", r"line 10: parts\[1\]: unknown solver 'always-on'; did you mean 'always-no'"),
        ("label: optimist", "lable: optimist", r"line 16: parts\[1\]: unknown key 'lable'"),
        ("seed: 3", "seed: three", r"line 3: seed: a whole number is expected, not 'three'"),
        ("seed: 3", "seed: -1", r"'seed' is a whole number from 0 on, got -1"),
        ("seed: 3", "seed: 3\nseed: 4", r"line 4: the key 'seed' is given twice"),
        ("runs: 2", "runs: 2.5", r"line 8: parts\[0\]\.runs: a whole number is expected, not 2\.5"),
        ("[4, 5]", "4", r"line 7: parts\[0\]\.variables: a list is expected, not 4"),
        ("[4, 5]", "[4, x]", r"line 7: parts\[0\]\.variables\[1\]: a whole number is expected, not 'x'"),
        ("family: Persistent", "family: Persistant", r"line 5: parts\[0\]: .*a 'family', one of .*got 'Persistant'"),
        ("noise: 0.2}", "noise: 1.2}", r"line 5: parts\[0\]: .*1\.2"),
        ("about: A try.", "about: [A, try]", r"line 2: about: a text is expected"),
        ("name: small", "name: a/b", "name of a folder"),
        ("name: small\n", "", r"line 1: the key 'name' is missing"),
        ("  - {solver", "  - {solver: always-no}\n      - {solver", r"two solvers are called 'always-no'"),
        ("parts:", "parts: [}", r"line 4, column \d+: this is no YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(FormatError, match=said) as error:
        read_config(write(tmp_path, GOOD.replace(old, new, 1)))
    assert str(error.value).startswith(str(tmp_path / "c.yaml"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("", "c.yaml", "the file is empty"),
        ("- a\n- b\n", "c.yaml", "keys and values are expected here"),
        ("name: x\nparts: []\n", "c.yaml", "at least one part"),
        ("{", "c.json", "no JSON"),
        ('{"name": "x", "name": "y"}', "c.json", "'name' is given twice"),
        ("name =", "c.toml", "no TOML"),
        ("name: x", "c.txt", "ends in .yaml"),
        (BOMB, "c.yaml", "too many values"),
        ("a: &a\n  b: *a\n", "c.yaml", "nested too deeply|no YAML|recursive"),
        ("x: !!python/object/apply:os.getcwd []", "c.yaml", "no YAML"),
    ],
)  # fmt: skip
def test_files_that_are_no_configuration(text: str, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=said):
        read_config(write(tmp_path, text, name))


def test_names_that_ship() -> None:
    for name in config_names():
        assert read_config(name).parts
    with pytest.raises(UnknownName, match="unknown configuration 'no-such'"):
        read_config("no-such")
    with pytest.raises(UnknownName):
        read_config("../benchmarks/configs/quick")
    with pytest.raises(FormatError, match="no such file"):
        read_config("no-such.yaml")


def test_without_yaml_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingDependency, match=r"causalpp\[bench\]"):
        read_config(write(tmp_path, GOOD))


def test_without_parquet_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from causalpp.benchmarks import run

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingDependency, match=r"causalpp\[bench\]"):
        run(read_config(write(tmp_path, GOOD)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_value_or_a_list_of_several_kinds() -> None:
    settings = read_settings(SolveSettings, {"items": "file.jsonl", "solvers": ["always-no"], "variables": [3, 4]})
    assert (settings.items, settings.variables, settings.limit) == ("file.jsonl", (3, 4), None)
    with pytest.raises(
        FormatError, match="one of '', 'names', 'paraphrase' is expected, not 'name'; did you mean 'names'"
    ):
        read_settings(SolveSettings, {"items": "f", "solvers": ["always-no"], "perturb": "name"})
    assert noise_of({"family": "Abstaining", "rate": 0.2, "noise": {"family": "Symmetric", "error": 0.1}})


KEYS = st.sampled_from(["study", "items", "solvers", "name", "x"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)))
def test_nothing_but_deliberate_errors(values: Any) -> None:
    for given_ in (values, {"name": "x", "parts": [values]}, {"name": "x", "parts": values}):
        try:
            Config.from_dict(given_)
        except CausalppError as error:
            assert "\n" not in str(error)  # noqa: PT017


# --- solvers --------------------------------------------------------------------------------------------


def test_solvers_by_name_and_by_place() -> None:
    assert {"always-no", "always-yes"} <= set(solver_names())
    assert make_solver("causalpp.benchmarks.solvers.constant:AlwaysNo") == AlwaysNo()
    assert make_solver("always-no").identity == {"solver": "always-no", "version": 1}
    for spec in ("os:system", "no.such:X", "causalpp.benchmarks:Solution"):
        with pytest.raises(InvalidParameter):
            make_solver(spec)
    with pytest.raises(FormatError, match="by its name under the key 'solver'"):
        make_solver({"label": "x"})


def test_a_verdict_holds_probabilities() -> None:
    with pytest.raises(InvalidParameter, match="'confidence' is a probability"):
        Solution(True, confidence=1.5)


def test_solvers_see_no_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from causalpp.benchmarks import run

    seen: list[Corr2CauseItem] = []

    def solve(self: Solver, item: Corr2CauseItem) -> Solution:
        seen.append(item)
        return Solution(None, reason="unsure", about={"steps": 2})

    monkeypatch.setattr(AlwaysNo, "solve", solve)
    item = Corr2CauseItem("1", "p", "h", True, certificate={"holds": True}, about={"size": 3})
    part = {"study": "solve", "items": [item.to_dict()], "solvers": ["always-no"]}
    frame = run(Config.from_dict({"name": "x", "parts": [part]}), tmp_path, jobs=1).frame("solve")
    assert (seen[0].label, dict(seen[0].certificate), dict(seen[0].about)) == (None, {}, {"size": 3})
    row = frame.iloc[0]
    assert (row["label"], row["reason"], row["steps"]) == (True, "unsure", 2)
    assert frame["right"].isna().all()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [({"limit": 0}, "'limit'"), ({"limit": -1}, "'limit'"), ({"split": "tset"}, "'tset'"), ({"variables": [9]}, "9")],
)
@pytest.mark.parametrize("study", [{"study": "solve", "solvers": ["always-no"]},
                                  {"study": "local", "oracles": [{"ask": {"noise": 0.1}}]}])  # fmt: skip
def test_a_section_without_items_is_an_error(study: dict[str, Any], chosen: dict[str, Any], said: str) -> None:
    part = {**study, "items": "corr2cause-small", **chosen}
    with pytest.raises((FormatError, InvalidParameter), match=said):
        list(Config.from_dict({"name": "x", "parts": [part]}).units())


def test_a_module_beside_the_configuration_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two configurations with a module of the same name each; a scorer of one's own in a file of items."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    answers, configs = [], []
    for name, says in (("a", "True"), ("b", "False")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "my_own_parts.py").write_text(
            "from dataclasses import dataclass\n"
            "from causalpp.benchmarks.solvers import Solution, Solver\n"
            "from causalpp.tasks import Scorer\n"
            "@dataclass(frozen=True)\nclass Mine(Solver):\n"
            f"    name = 'mine'\n    def solve(self, item):\n        return Solution({says})\n"
            "@dataclass(frozen=True)\nclass Own(Scorer):\n"
            "    def read(self, text):\n        return text\n",
            encoding="utf-8",
        )
        row = {"id": "1", "prompt": "?", "target": {"value": 1, "scorer": {"scorer": "my_own_parts:Own"}}}
        (folder / "items.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        spec = {"solver": "my_own_parts:Mine"}
        values: dict[str, Any] = {"name": name, "imports": ["my_own_parts"]}
        values["parts"] = [{"study": "solve", "items": str(folder / "items.jsonl"), "solvers": [spec]}]
        (folder / "run.json").write_text(json.dumps(values), encoding="utf-8")
        config = read_config(folder / "run.json")
        assert config.imports == ("my_own_parts",)
        answers.append(make_solver(spec).solve(Item("1", "?", Target(1, Number()))).answer)
        assert len(list(config.units())) == 1
        configs.append(config)
    for config, says_yes in zip(configs, (True, False), strict=True):  # carried out after both were read
        assert len(list(config.units())) == 1
        assert make_solver(spec).solve(Item("1", "?", Target(1, Number()))).answer is says_yes
    assert answers == [True, False]
    (tmp_path / "c.json").write_text(json.dumps({**values, "imports": ["not_there_at_all"]}), encoding="utf-8")
    with pytest.raises(FormatError, match="'not_there_at_all' cannot be imported"):
        read_config(tmp_path / "c.json")
