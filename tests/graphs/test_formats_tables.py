"""Edge lists, adjacency matrices and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpp.errors import CyclicGraph, FormatError, InvalidGraph, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.formats import (
    from_adjacency_csv,
    from_adjacency_frame,
    from_edge_list,
    from_json,
    read_graph,
    to_adjacency_csv,
    to_adjacency_frame,
    to_edge_list,
    to_json,
    write_graph,
)


@pytest.mark.parametrize(
    "text",
    [
        "source,target\na,b\nc,\n",
        "a,b\nc,\n",
        "Source, Target\na, b\n\nc, ",
        '"a","b"\r\n"c",""\r\n',
        "a,\nb,\nc,\na,b\na,b",
    ],
)
def test_edge_lists_are_read(text: str) -> None:
    assert from_edge_list(text) == Dag(["a", "b", "c"], [("a", "b")])


def test_only_the_first_row_can_be_the_header() -> None:
    dag = Dag.from_edges([("source", "target")])
    assert to_edge_list(dag) == "source,target\nsource,target\n"
    assert from_edge_list(to_edge_list(dag)) == dag
    for header in ("from,to", "Cause, Effect", "parent,child"):
        assert from_edge_list(header + "\na,b") == Dag.from_edges([("a", "b")])
    assert from_edge_list("first,second\na,b") == Dag.from_edges([("first", "second"), ("a", "b")])


def test_blanks_of_names_are_quoted() -> None:
    dag = Dag.from_edges([(" a", "b ")])
    assert to_edge_list(dag) == '"source","target"\n" a","b "\n'
    assert from_edge_list(to_edge_list(dag)) == dag


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", " "])
def test_separators_and_the_numbers_that_r_gives_rows(separator: str) -> None:
    dag = Dag.from_edges([("rain", "wet"), ("wet", "slip")])
    rows = [["from", "to"], ["rain", "wet"], ["wet", "slip"]]
    numbered = [[f'"{cell}"' for cell in ([""] if i == 0 else [str(i)]) + row] for i, row in enumerate(rows)]
    without = [[f'"{cell}"' for cell in ([] if i == 0 else [str(i)]) + row] for i, row in enumerate(rows)]
    matrix = [["", "rain", "wet", "slip"], ["rain", "0.0", "1.0", "0"], ["wet", "FALSE", "0", "TRUE"],
              ["slip", "0", "0.", "0"]]  # fmt: skip
    for shape in (rows, numbered, without):
        assert from_edge_list("\n".join(map(separator.join, shape))) == dag
    if separator != " ":  # nothing stands for an empty cell between blanks
        assert from_adjacency_csv("\n".join(map(separator.join, matrix))) == dag
    assert from_adjacency_csv("\n".join(map(separator.join, [matrix[0][1:], *matrix[1:]]))) == dag
    assert from_adjacency_csv("\n".join(map(separator.join, (row[1:] for row in matrix)))) == dag
    assert from_adjacency_csv('"";"rain";"wet"\r\n"1";0;1\r\n"2";0;0\r\n') == Dag.from_edges([("rain", "wet")])


def test_what_is_a_matrix_and_what_a_list(tmp_path: Path) -> None:
    for text, dag in [
        ('"","from","to"\n"1","a","b"\n', Dag.from_edges([("a", "b")])),
        (",from,to\nfrom,0,1\nto,0,0\n", Dag.from_edges([("from", "to")])),
        (",rain,wet\n0,0,1\n1,0,0\n", Dag.from_edges([("rain", "wet")])),
        ("a b\na 0 1\nb 0 0\n", Dag.from_edges([("a", "b")])),
        ("a;b\n0;1\n0;0\n", Dag.from_edges([("a", "b")])),
        ("source,target\n0,1\na,b\n", Dag.from_edges([("0", "1"), ("a", "b")])),
        ("sep=;\nfrom;to\na;b\n", Dag.from_edges([("a", "b")])),
    ]:
        for suffix in (".csv", ".tsv"):
            (tmp_path / f"graph{suffix}").write_text("\ufeff" + text)
            assert read_graph(tmp_path / f"graph{suffix}") == dag
    assert read_graph(write_graph(dag, tmp_path / "again.tsv")) == dag
    assert (tmp_path / "again.tsv").read_text() == "source\ttarget\na\tb\n"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('"","from","to"\n"1","a","b"\n"2","b","a"\n', from_edge_list),
        ('"","a","b"\n"a",0,1\n"b",1,0\n', from_adjacency_csv),
    ],
)
def test_an_edge_both_ways_has_no_direction(text: str, read: Callable[[str], Dag]) -> None:
    with pytest.raises(CyclicGraph, match=r"a → b → a \(lines 2 and 3\).* without a direction"):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nc", "line 2: a row has two columns, source and target .*; got 1"),
        ("a", "got 1"),
        ("source;target\na;b;c\n", "line 2: a row has two columns.*; got 3"),
        ('"","from","to"\n"1","a","b"\n"3","b","c"\n', "line 1: a row has two columns.*; got 3"),
        ("source,target,weight\na,b,1", "line 1: a row has two columns.*; got 3"),
        ("a,b\n,c", "line 2: a row needs a source in its first column"),
        (",", "needs a source"),
        ('"a,b', "line 1: the table is broken: unexpected end of data"),
        ('a,b\n"a"x,b', "line 2: the table is broken"),
    ],
)
def test_broken_edge_lists(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_edge_list(text)


def test_latent_is_checked() -> None:
    with pytest.raises(UnknownVariable, match="unknown variable 'd' among the latent ones"):
        from_edge_list("a,b", latent="d")
    assert from_adjacency_csv(",a,b\na,0,1\nb,0,0", latent=["a"]).latent == {"a"}


def test_the_row_causes_the_column() -> None:
    dag = Dag(["b", "a"], [("a", "b")])
    assert to_adjacency_csv(dag) == ",b,a\nb,0,0\na,1,0\n"
    frame = to_adjacency_frame(dag)
    assert frame.loc["a", "b"] == 1
    assert frame.loc["b", "a"] == 0
    assert list(frame.columns) == list(frame.index) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: an adjacency matrix begins with"),
        ("a,b\n", "begins with"),
        (",a,b\na,0,1", "2 variables has as many rows, found 1"),
        (",a,b\nb,0,1\na,0,0", "line 2: expected the row of 'a', as in the header; got 'b'"),
        (",a,b\na,0,1\nb,0", "line 3: the row of 'b' has 1 cells, expected 2"),
        (",a,b\na,0,2\nb,0,0", "line 2: a cell of an adjacency matrix is 0 or 1, got '2'"),
        (",a,b\na,0,\nb,0,0", "got ''"),
    ],
)
def test_broken_adjacency_matrices(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_adjacency_csv(text)


def _frame(cells: list[list[object]]) -> pd.DataFrame:
    return pd.DataFrame(cells, index=["a", "b"], columns=["a", "b"])


@pytest.mark.parametrize(
    "frame",
    [
        _frame([[0, 1], [0, 0]]),
        _frame([[0.0, 1.0], [0.0, 0.0]]),
        _frame([[False, True], [False, False]]),
        _frame([[0, True], [0, 0.0]]),
        _frame([[0, 1], [0, 0]]).astype("Int64"),
    ],
)
def test_frames_of_any_kind_of_zero_and_one(frame: pd.DataFrame) -> None:
    assert from_adjacency_frame(frame) == Dag.from_edges([("a", "b")])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_frame([[0, 2], [0, 0]]), "row 'a', column 'b' holds 2; an adjacency is 0 or 1"),
        (_frame([[0, 0.5], [0, 0]]), "holds 0.5"),
        (_frame([[0, np.nan], [0, 0]]), "holds nan"),
        (_frame([[0, None], [0, 0]]), "row 'a', column 'b'"),
        (_frame([[0, 1], [0, 0]]).astype("Int64").where(lambda f: f == 0), "holds <NA>"),
        (_frame([["0", "1"], ["0", "0"]]), "holds '0'"),
        (pd.DataFrame([[0, 1], [0, 0]], columns=["a", "b"]), "as index and as columns"),
        (pd.DataFrame([[0, 1], [0, 0]], index=["b", "a"], columns=["a", "b"]), "in the same order"),
        (pd.DataFrame([[0, 1]], index=["a"], columns=["a", "b"]), "the same variables"),
        (pd.DataFrame([[0, 1], [0, 0]]), "must be strings, got 0"),
        (pd.DataFrame([[0, 1], [0, 0]], index=["a", "a"], columns=["a", "a"]), "'a' is named twice"),
        ([[0, 1], [0, 0]], "expected a pandas DataFrame, got list"),
    ],
)
def test_frames_that_are_no_adjacency(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(InvalidGraph, match=message):
        from_adjacency_frame(frame)


def test_frames_remember_latent_variables() -> None:
    frame = to_adjacency_frame(Dag.from_edges([("u", "x"), ("u", "y")], latent="u"))
    assert frame.attrs == {"latent": ["u"]}
    assert from_adjacency_frame(frame.copy()).latent == {"u"}


def test_a_cycle_in_a_frame() -> None:
    with pytest.raises(CyclicGraph, match="a → b → a"):
        from_adjacency_frame(_frame([[0, 1], [1, 0]]))


# --- JSON -------------------------------------------------------------------------------------------

GOOD = {"format": "causalpp.dag", "version": 1, "nodes": ["a", "b"], "edges": [["a", "b"]], "latent": ["a"]}


def test_json_is_plain_and_keeps_the_order() -> None:
    dag = Dag(["b", "a"], [("a", "b")], latent="a")
    assert json.loads(to_json(dag)) == {**GOOD, "nodes": ["b", "a"]}
    assert from_json(to_json(dag)).nodes == ("b", "a")
    assert from_json(json.dumps({k: v for k, v in GOOD.items() if k != "latent"})) == Dag.from_edges([("a", "b")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, 'must be an object with "format": "causalpp.dag"'),
        ({"version": 2}, "cannot read version '2'; only version 1 is known"),
        ({"version": True}, "cannot read version 'True'"),
        ({"version": 1.0}, "cannot read version '1.0'"),
        ({"colour": 1}, "unknown key 'colour'; known: format, version, nodes, edges, latent"),
        ({"nodes": "ab"}, '"nodes" must be a list of strings'),
        ({"nodes": None}, '"nodes" must be a list of strings'),
        ({"nodes": ["a", 1]}, '"nodes" must be a list of strings'),
        ({"edges": None}, '"edges" must be a list of pairs'),
        ({"edges": {"a": "b"}}, '"edges" must be a list of pairs'),
        ({"edges": [["a", "b", "c"]]}, '"edges" must be a list of pairs'),
        ({"edges": ["ab"]}, '"edges" must be a list of pairs'),
        ({"latent": "a"}, '"latent" must be a list of strings'),
        ({"latent": None}, '"latent" must be a list of strings'),
    ],
)
def test_json_that_is_no_dag(change: dict[str, object], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_json(json.dumps({**GOOD, **change}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: not JSON: Expecting value"),
        ('{"format":\n "causalpp.dag",}', "line 2, column "),
        ("[1]", "not a Dag: the JSON must be an object"),
        ('{"format": "causalpp.dag", "version": 1, "version": 1}', "the key 'version' stands twice"),
        ('{"version": ' + "1" * 5000 + "}", "not a Dag"),
    ],
)
def test_text_that_is_no_json(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_json(text)


def test_json_with_a_wrong_graph() -> None:
    with pytest.raises(UnknownVariable, match="'c' in the edge 'a' → 'c'"):
        from_json(json.dumps({**GOOD, "edges": [["a", "c"]]}))
    with pytest.raises(CyclicGraph, match="its own cause"):
        from_json(json.dumps({**GOOD, "edges": [["a", "a"]]}))
    with pytest.raises(InvalidGraph, match="named twice"):
        from_json(json.dumps({**GOOD, "nodes": ["a", "a", "b"]}))
