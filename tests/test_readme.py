"""What the README and the page on the command line show is what the commands print, to the letter."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from causalpp.cli import main, show

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "command-line.md"


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


@pytest.mark.parametrize(
    ("command", "shown"), re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.S)
)
def test_the_page_shows_what_the_commands_print(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show.console, "_width", 88)
    with pytest.raises(SystemExit):
        main(shlex.split(command)[1:])
    captured = capsys.readouterr()
    printed = (captured.out + captured.err).rstrip().splitlines()
    assert [line.rstrip() for line in printed] == shown.splitlines()
