"""Settings for all tests: no time limits, which a busy machine would break, in CI the same examples every time, Ctrl-C
heard even where the tests run in the background of a shell, which lets its children ignore it, and no open figures.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Servers and tiny models that several rooms are tested with; channels for the rooms within belief. A conftest.py
# there would do for the latter, but two modules of one name cannot be collected for their doctests.
sys.path[:0] = [str(Path(__file__).parent / room) for room in ("language", "belief")]

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_open_figures() -> None:
    """Whatever ran before in this process may have left a figure open; tests count those that they open themselves."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def smollm2() -> Any:
    """A small real language model in this process; without its package, tests that want it say so and are skipped."""
    from causalpp.errors import MissingDependency
    from causalpp.language import smollm2
    from causalpp.language.backends.transformers import TransformersBackend

    try:
        return TransformersBackend(smollm2(), device="cpu")
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Puts a script in the place of a language model, for solvers with all ways of replying."""
    from causalpp.benchmarks.solvers import asked
    from causalpp.language import ScriptedBackend
    from causalpp.oracles import LanguageModelOracle

    def put(reply: Any) -> ScriptedBackend:
        backend = ScriptedBackend(reply)

        def connected(text: str, mode: str, temperature: float) -> LanguageModelOracle:
            return LanguageModelOracle(backend, mode=mode, temperature=temperature, progress=False)

        monkeypatch.setattr(asked, "_connected", connected)
        return backend

    return put
