"""Names of 0.1 in these rooms: each still works, and says what it is called now."""

from __future__ import annotations

import importlib

import pytest

from causalpp import Answer, Causes, Dag, SimulatedOracle
from causalpp.oracles import Oracle, Request


@pytest.mark.parametrize(
    ("module", "name", "now"),
    [
        ("causalpp.oracles.language", "ScriptedBackend", "causalpp.language"),
        ("causalpp.oracles.language", "LanguageModelOracle", "causalpp.oracles"),
        ("causalpp.oracles.language.backend", "Prompt", "causalpp.language"),
        ("causalpp.oracles.language.openai", "OpenAIBackend", "causalpp.language.backends.openai"),
        ("causalpp.oracles.language.anthropic", "AnthropicBackend", "causalpp.language.backends.anthropic"),
        ("causalpp.oracles.language.transformers", "TransformersBackend", "causalpp.language.backends.transformers"),
        ("causalpp.oracles.language.parsing", "LABELS", "causalpp.language.reading"),
        ("causalpp.oracles.language.parsing", "read_reply", "causalpp.oracles"),
        ("causalpp.oracles.journal", "FAILURES", "causalpp.language.running"),
        ("causalpp.oracles.language.panels", "read_panel", "causalpp.oracles"),
    ],
)
def test_a_module_that_moved(module: str, name: str, now: str) -> None:
    assert getattr(importlib.import_module(module), name) is getattr(importlib.import_module(now), name)


def test_the_nature_of_an_oracle() -> None:
    with pytest.warns(DeprecationWarning, match=r"Oracle.kind is called Oracle.nature since 0.2"):
        assert SimulatedOracle(Dag.from_edges([("a", "b")]), 0.0).kind == "simulated"
    with pytest.warns(DeprecationWarning, match=r"Old.kind is called Old.nature since 0.2"):

        class Old(Oracle):
            kind = "human"
            fingerprint = "old"

            def _answer(self, request: Request) -> Answer:
                return Answer(request.question, True)

    assert Old.nature == "human"
    assert Old().ask(Causes("a", "b"))[0].value is True
