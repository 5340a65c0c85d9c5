"""A language-model oracle pointed at another world, and asked for graphs with templates of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

import causalpp as cpp
from causalpp.errors import FormatError
from causalpp.language import ScriptedBackend
from causalpp.oracles import LanguageModelOracle, Prompts, propose_graphs

ASIA = cpp.load_network("asia")


def test_calibrate_points_it_at_a_network() -> None:
    script = ScriptedBackend("yes")
    model = LanguageModelOracle(script, variables=["a", "b"], premise="An old premise.", system="Be brief.")
    found = cpp.calibrate(model, worlds=["asia"], repeats=1)
    assert (found.sensitivity.value, found.specificity.value) == (1.0, 0.0)
    assert found.oracle_nature == "language model"
    for prompt in script.prompts:
        assert "smoke" in prompt.user
        assert "old premise" not in prompt.user
        assert prompt.system == "Be brief."
    assert model.writer.variables == ("a", "b")  # the oracle itself is as it was


def test_about_uses_names_and_nothing_else_of_the_graph() -> None:
    model = LanguageModelOracle(ScriptedBackend("yes"))
    empty = cpp.Dag(ASIA.dag.nodes)
    one, other = (model.about(dag, ASIA.description, seed) for dag, seed in ((ASIA.dag, 1), (empty, 2)))
    assert one.fingerprint == other.fingerprint != model.fingerprint
    assert one.backend is model.backend
    with pytest.raises(cpp.errors.UnknownVariable):
        one.ask(cpp.Causes("smoke", "rain"))
    model.ask(cpp.Causes("smoke", "dysp"))
    assert model.about(ASIA.dag).ask(cpp.Causes("smoke", "dysp"))[0].replicate == 0


def test_about_gives_no_names_away() -> None:
    hidden = LanguageModelOracle(ScriptedBackend("yes"), variables=["a", "b"], anonymize=True, premise=["a causes b"])
    user = hidden.about(ASIA.dag, ASIA.description).prompt(cpp.Causes("smoke", "dysp")).user.casefold()
    assert not any(word in user for word in ("smok", "dysp", "lung", "tubercul"))


def test_templates_for_graphs_may_stand_in_the_folder(tmp_path: Path) -> None:
    assert {path.stem for path in Prompts().write(tmp_path / "all").iterdir()} >= {"proposal", "pairwise"}
    assert Prompts(tmp_path / "all").texts == Prompts().texts
    own = tmp_path / "own"
    own.mkdir()
    (own / "proposal.txt").write_text("Draw $variables. $premise")
    prompts = Prompts(own)
    assert prompts.folder == own
    assert prompts.fingerprint == Prompts().fingerprint  # no answer to a question depends on it
    script = ScriptedBackend('{"edges": []}')
    model = LanguageModelOracle(script, prompts=prompts)
    assert len(model.propose_graphs(["a", "b"], k=2)) == 1
    assert script.prompts[0].user.startswith("Draw ")
    assert propose_graphs(model, ["a", "b"], k=1, prompts=own).calls == 1
    (own / "proposal.txt").write_text("Draw a graph.")
    with pytest.raises(FormatError, match=r"\$variables is missing"):
        Prompts(own)
    (own / "proposal.txt").write_text("Draw $variables of $found.")
    with pytest.raises(FormatError, match=r"unknown placeholder \$found"):
        Prompts(own)
