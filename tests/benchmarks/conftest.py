"""What the tests of benchmarks share: a script in the place of a language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from causalpp.benchmarks.solvers import asked as asked_module
from causalpp.language import ScriptedBackend
from causalpp.oracles import LanguageModelOracle


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], ScriptedBackend]:
    """Puts a script in the place of a language model, for all ways of replying."""

    def put(reply: Any) -> ScriptedBackend:
        backend = ScriptedBackend(reply)

        def connected(text: str, mode: str, temperature: float) -> LanguageModelOracle:
            return LanguageModelOracle(backend, mode=mode, temperature=temperature, progress=False)

        monkeypatch.setattr(asked_module, "_connected", connected)
        return backend

    return put
