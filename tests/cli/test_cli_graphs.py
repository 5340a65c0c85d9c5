"""The command line with graph files of every kind, in and out."""

from __future__ import annotations

from pathlib import Path

import pytest

import causalpp as cpp
from causalpp.cli import main
from causalpp.graphs import from_causal_learn, read_dag


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Call the command line in this process; status, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.mark.parametrize("suffix", [".dot", ".dagitty", ".bif"])
def test_discover_writes_the_graph_that_the_suffix_asks_for(run, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"graph{suffix}"
    code, _, err = run("discover", "--network", "asia", "--error", 0.05, "--seed", 1, "--out", out)
    assert (code, err) == (0, "")
    assert read_dag(out) == cpp.load_network("asia").dag


def test_a_name_the_format_cannot_hold_is_said_before_anything_is_asked(run, tmp_path: Path) -> None:
    graph = tmp_path / "graph.json"
    cpp.write_graph(cpp.Dag.from_edges([("line\nbreak", "b")]), graph)
    code, out, err = run("discover", "--graph", graph, "--out", tmp_path / "graph.dagitty")
    assert code == 1
    assert out == ""
    assert "dagitty cannot hold the name" in err
    assert err.count("\n") == 1


def test_a_class_from_a_file(run, tmp_path: Path) -> None:
    path = tmp_path / "found.txt"
    path.write_text("Graph Nodes:\nrain;wet;slip\n\nGraph Edges:\n1. rain --- wet\n2. wet --- slip\n")
    code, out, err = run("mec", "--graph", path, "--json")
    assert (code, err) == (0, "")
    assert '"size": 3' in out or '"members": 3' in out or " 3" in out
    path.write_text("Graph Nodes:\nrain;wet;slip\n\nGraph Edges:\n1. rain o-> wet\n2. wet --> slip\n")
    code, out, err = run("mec", "--graph", path)
    assert (code, out) == (1, "")
    assert "found.txt: line 5: the edge 'rain' o-> 'wet' ends in a circle: this is a PAG" in err


def test_identification_in_files_of_others(run, tmp_path: Path) -> None:
    question = ("--treatment", "kick", "--outcome", "ball", "--identify")
    texts = {
        "dowhy.dot": 'digraph { hid [observed="no"]; hid -> kick; hid -> ball; kick -> ball }',
        "bow.dagitty": 'bb="0,0,1,1"\nkick -> ball\nkick <-> ball',
        "old.txt": "kick E @0,1\nball O @1,1\nhid U @0,0\n\nkick ball\nhid kick ball",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text)
        code, out, err = run("effect", "--graph", path, *question)
        assert (code, err) == (0, "")
        assert "is not identified" in out
    path.write_text("kick E @0,1\nball O @1,1\nhid S @0,0\n\nkick ball\nhid kick ball")
    code, _, err = run("effect", "--graph", path, *question)
    assert code == 1
    path = tmp_path / "selected.dagitty"
    path.write_text("dag { kick -> ball -> S; S [selected] }")
    code, _, err = run("effect", "--graph", path, *question)
    assert code == 1
    assert "the data are selected on 'S'" in err
    path = tmp_path / "both.dagitty"
    path.write_text("dag { kick -> ball; kick <-> ball }")
    code, _, err = run("mec", "--graph", path)
    assert code == 1
    assert "is no Dag: it has the bidirected edge 'kick' <-> 'ball'" in err


def test_causal_learn_takes_what_discover_wrote(run, tmp_path: Path) -> None:
    from causallearn.utils.TXT2GeneralGraph import txt2generalgraph

    out = tmp_path / "graph.tetrad"
    assert run("discover", "--network", "asia", "--error", 0.05, "--seed", 1, "--out", out)[0] == 0
    assert from_causal_learn(txt2generalgraph(str(out))) == cpp.load_network("asia").dag
