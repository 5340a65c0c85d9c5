"""Tables as text: eighty columns, no broken word, sentences below, and nothing lost."""

import json
from itertools import permutations

import pytest

from causalpp._pages import Heading, Paragraph, Picture, Table, to_text
from causalpp.cli import main

WIDE = Table(
    ("model", "prompts", "right directions", "AUC", "1 step", "of errors", "P(true)", "open edges", "ended because"),
    [
        ["a-model-1.5b", "short + prod:plain:pos", "0.50 [0.4, 0.6]", "—", "+1.0", "+0.4 (z +9)", "1", "2", "it ended"],
        ["a-model-1.5b", "fewshot", "0.51 [0.41, 0.61]", "0.7", "-1.0", "—", "1", "3", "a budget is spent " * 9],
        ["another", "fewshot", "0.52", "0.8", "-1.5", "—", "1", "4", "it ended"],
    ],
    "A caption",
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_word_is_broken_and_nothing_is_lost(width):
    text = to_text([Heading("A title", 1), Paragraph("one " * 50), WIDE, Picture("p", "<svg/>", "says")], width)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for cell in ("prod:plain:pos", "a-model-1.5b", "another", "fewshot", "0.50", "-1.0", "directions", "P(true)"):
        assert cell in words
    assert "+0.4 (z +9)" in text
    assert "[0.4" not in text  # intervals are for pages
    assert text.startswith("A title\n=======\n")
    assert "\nA caption\n" in text
    told = " ".join(words)
    assert "ended because a-model-1.5b short + prod:plain:pos, another fewshot: it ended" in told
    assert told.count("a budget is spent") == 9
    assert sum(line.startswith("another  ") for line in text.splitlines()) == {60: 3, 80: 2, 200: 1}[width]


def test_numbers_stand_under_each_other_and_a_model_is_named_once():
    lines = to_text(
        [Table(("model", "prompt", "n"), [["m", "x", "5"], ["m", "y", "1,000"], ["k", "x", "—"]])]
    ).splitlines()
    assert lines == [
        "model  prompt      n",
        "m      x           5",
        "       y       1,000",
        "k      x           —",
    ]


def test_tables_of_nothing_and_of_names_alone():
    assert to_text([Table(("a", "b"), [])]).split() == ["a", "b"]
    assert to_text([Table(("a",), [["x"], ["x"]])]) == "a\nx\nx\n"


@pytest.mark.slow
def test_what_bench_real_prints(capsys, monkeypatch, tmp_path):
    names = ("Pollution", "Smoker", "Cancer", "Xray", "Dyspnoea")
    lines = [
        {"model": "an-organisation/model", "prompt": prompt, "network": "cancer", "a": a, "b": b, "log_odds": k % 7 - 3}
        for k, (a, b) in enumerate(permutations(names, 2)) for prompt in ("short", "prod:plain:pos")
    ]  # fmt: skip
    path = tmp_path / "said.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["bench", "real", "--answers", str(path), "--channel", "potentials"])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for word in ("an-organisation/model", "prod:plain:pos", "alphabetical", "directions", "(z", "networks"):
        assert word in text.split()


def test_intervals_are_shown_where_they_shall_be_and_no_word_is_broken() -> None:
    head = ("who", "asks", "accuracy", "over random member", "accuracy decided", "accuracy open")
    score = "0.438 [0.333, 0.778]"
    table = Table(head, [("acbo-published, Symmetric(error=0.5)", "simulated", score, score, score, "1")], "solve")
    said = to_text([table], intervals=True)
    assert said.count(score) == 3
    assert max(map(len, said.splitlines())) <= 80
    assert {word for cell in (*head, *table.rows[0]) for word in cell.split()} <= set(said.split())
    assert "[" not in to_text([table])
