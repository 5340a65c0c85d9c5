"""The README shows what the demo prints: every line of it, to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causalpp.cli import main, show

README = Path(__file__).parents[1] / "README.md"


def test_the_demo_prints_what_the_readme_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(show.console, "_width", 88)  # read from the terminal when it was made
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--out", str(tmp_path)])
    assert ended.value.code == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    shown = re.findall(r"```text\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(shown) == 2
    for block in shown:
        for line in block.splitlines():
            assert line.rstrip() in printed
