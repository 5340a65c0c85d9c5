"""The pages of the site tell the truth: their examples run, and their tables say what the library says."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from causalpp import Changes, MarkovEquivalenceClass, load_network
from causalpp.programs import network_names
from causalpp.propositions import STYLES

ROOT = Path(__file__).parents[1]
PAGES = [path for path in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"] if path.is_file()]
FENCE = re.compile(r"^```.*$")


def examples(text: str) -> str:
    """The fenced blocks that hold ``>>>``; every other line is emptied, so that line numbers stay right."""
    out: list[str] = []
    block: list[str] | None = None
    for line in text.splitlines():
        if not FENCE.match(line):
            (out if block is None else block).append("" if block is None else line)
            continue
        if block is not None:
            out += block if any(row.startswith(">>> ") for row in block) else [""] * len(block)
        out.append("")
        block = [] if block is None else None
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text(encoding="utf-8")], ids=lambda p: p.name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some examples write files
    test = doctest.DocTestParser().get_doctest(
        examples(page.read_text(encoding="utf-8")), {}, page.name, str(page), lineno=0
    )
    assert test.examples
    report: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=report.append)
    plt.close("all")
    assert not failed, "".join(report)


def test_what_extends_the_library_takes_under_25_lines_each() -> None:
    page = examples((ROOT / "docs" / "extending.md").read_text(encoding="utf-8"))
    lengths = {}
    for example in doctest.DocTestParser().get_examples(page):
        for node in ast.parse(example.source).body:
            if isinstance(node, ast.ClassDef):
                first = min(part.lineno for part in [node, *node.decorator_list])
                lengths[ast.unparse(node.bases[0])] = (node.end_lineno or 0) - first + 1
    assert set(lengths) == {"Oracle", "CountChannel", "Scorer", "Solver"}
    assert max(lengths.values()) < 25, lengths


def test_only_blocks_with_prompts_are_taken() -> None:
    text = "Say `>>> x`.\n```sh\nmake test\n```\n```python\n>>> 1 + 1\n2\n```\nafter\n"
    assert examples(text) == "\n\n\n\n\n>>> 1 + 1\n2\n\n\n"


def test_the_table_of_wordings_is_what_the_library_says() -> None:
    page = (ROOT / "docs" / "propositions.md").read_text(encoding="utf-8")
    p = Changes("smoking", "cancer", holding="tar")
    for style in STYLES:
        assert f"| `{style}` | {p.sentence(style)} | {p.question(style)} | {(~p).sentence(style)} |" in page


def test_the_table_of_networks_has_all_of_them_with_the_right_counts() -> None:
    page = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    for name in network_names():
        program = load_network(name)
        tables = [program.table(variable) for variable in program.variables]
        parameters = sum(table.size - table.size // table.shape[-1] for table in tables)
        size = MarkovEquivalenceClass.from_dag(program.dag).size
        assert f"| `{name}` | {len(program.dag)} | {len(program.dag.edges)} | {parameters} | {size} | " in page
