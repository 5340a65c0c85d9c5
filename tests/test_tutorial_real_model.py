"""The tutorial with a real model runs from recorded answers as well, whether or not the model is installed."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from causalpp import language
from causalpp.errors import MissingDependency

NOTEBOOK = Path(__file__).parents[1] / "tutorials" / "a_real_model_in_the_loop.ipynb"


@pytest.mark.slow
def test_without_the_model_its_recorded_answers_stand_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent() -> Path:
        raise MissingDependency("SmolLM2 is not installed")

    monkeypatch.setattr(language, "smollm2", absent)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    plt.close("all")
    told = capsys.readouterr().out
    assert "its answers are those that were recorded" in told
    assert "not established" in told or "seems not to know this domain" in told
