"""GML, GraphML and model strings."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from causalpp import read_graph, write_graph
from causalpp.errors import CausalppError, CyclicGraph, FormatError, InvalidGraph
from causalpp.graphs import (
    Admg,
    Dag,
    Mpdag,
    from_gml,
    from_graphml,
    from_modelstring,
    to_gml,
    to_graphml,
    to_modelstring,
)

from .test_formats_roundtrip import AWKWARD, random_dag

CHAIN = Dag.from_edges([("rain", "wet"), ("wet", "slip")])


@pytest.mark.parametrize(
    "text",
    [
        'graph [ directed 1 node [ id 1 label "rain" ] node [ id 2 label "wet" ] node [ id 3 label "slip" ]'
        " edge [ source 1 target 2 ] edge [ source 2 target 3 weight 0.5 ] ]",
        # igraph
        'Creator "igraph"\nVersion 1\ngraph\n[\n  directed 1\n  node\n  [\n    id 0\n    name "rain"\n  ]\n'
        '  node\n  [\n    id 1\n    name "wet"\n  ]\n  node\n  [\n    id 2\n    name "slip"\n  ]\n'
        "  edge\n  [\n    source 0\n    target 1\n  ]\n  edge\n  [\n    source 1\n    target 2\n  ]\n]\n",
        # DoWhy
        'graph[directed 1 node[ id "rain" label "rain"]node[ id "wet" label "wet"]node[ id "slip" label "slip"]'
        'edge[source "rain" target "wet"]edge[source "wet" target "slip"]]',
    ],
)
def test_gml_as_others_write_it(text: str) -> None:
    assert from_gml(text) == CHAIN


def test_gml_that_dowhy_writes_keeps_what_is_hidden() -> None:
    text = """graph[directed 1 node[ id "U" label "Unobserved Confounders" observed "no"] node[ id "x" label "x"]
        node[ id "y" label "y"] edge[source "x" target "y"] edge[source "U" target "x"] edge[source "U" target "y"]]"""
    assert from_gml(text) == Dag(["U", "x", "y"], [("x", "y"), ("U", "x"), ("U", "y")], latent="U")


GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="v_name" for="node" attr.name="name" attr.type="string"/>
  <key id="v_hidden" for="node" attr.name="latent" attr.type="boolean"/>
  <graph id="G" edgedefault="directed">
    <node id="n0"><data key="v_name">rain</data><data key="v_hidden">false</data></node>
    <node id="n1"><data key="v_name">wet</data><data key="v_hidden">true</data></node>
    <node id="n2"><data key="v_name">slip</data></node>
    <edge source="n0" target="n1"/><edge source="n1" target="n2"/>
  </graph>
</graphml>
"""


def test_graphml_as_igraph_writes_it(tmp_path: Path) -> None:
    dag = Dag(["rain", "wet", "slip"], [("rain", "wet"), ("wet", "slip")], latent="wet")
    assert from_graphml(GRAPHML) == dag
    for suffix in (".graphml", ".xml"):
        (tmp_path / f"g{suffix}").write_text(GRAPHML)
        assert read_graph(tmp_path / f"g{suffix}") == dag


@pytest.mark.parametrize(("read", "write"), [(from_gml, to_gml), (from_graphml, to_graphml)])
def test_graphs_come_back(read, write) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(0)
    for _ in range(60):
        dag = random_dag(rng, latent=True)
        assert read(write(dag)) == dag
        assert read(write(dag)).nodes == dag.nodes
        assert read(dag.to_gml() if read is from_gml else dag.to_graphml()) == dag
    admg = Admg(["x", "y"], [("x", "y")], bidirected=[("x", "y")])
    assert read(write(admg)) == admg


@pytest.mark.parametrize(
    ("read", "write", "cannot"),
    [
        (from_gml, to_gml, lambda name: False),
        (from_graphml, to_graphml, lambda name: min(name) < " "),  # control characters, which XML cannot hold
        (from_modelstring, to_modelstring, lambda name: set(name) & set('[]:|"\n\r') or name != name.strip()),
    ],
    ids=["gml", "graphml", "modelstring"],
)
def test_awkward_names_come_back_or_are_refused(read, write, cannot) -> None:
    for awkward in AWKWARD:
        for dag in (Dag(["a", awkward, "b"], [("a", awkward), (awkward, "b")]), Dag([awkward])):
            if cannot(awkward):
                with pytest.raises(FormatError, match="cannot hold"):
                    write(dag)
            else:
                assert read(write(dag)) == dag, awkward


@pytest.mark.parametrize(
    ("read", "text", "error", "message"),
    [
        (from_gml, "", FormatError, "not GML"),
        (from_gml, "graph [ node [ id 0 ]", FormatError, "not GML"),
        (from_gml, 'graph [ node [ id 0 label "a" ] ]', InvalidGraph, "directed"),
        (from_gml, 'graph [ directed 1 node [ id 0 label "a" ] node [ id 1 label "a" ] ]', InvalidGraph, "same label"),
        (from_gml, 'graph [ directed 1 node [ id "a" observed "maybe" ] ]', InvalidGraph, "maybe"),
        (from_gml, 'graph [ directed 1 node [ id "a" ] node [ id "b" ] edge [ source "a" target "b" ] '
                   'edge [ source "b" target "a" ] ]', CyclicGraph, "a → b → a"),
        (from_graphml, "<graphml>", FormatError, "not XML"),
        (from_graphml, "<BIF/>", FormatError, "this one with <BIF>"),
        (from_graphml, '<!DOCTYPE graphml [ <!ENTITY a "b"> ]><graphml>&a;</graphml>', FormatError, "XML entity"),
        (from_graphml, GRAPHML.replace('"directed"', '"undirected"'), InvalidGraph, "directed"),
        (from_modelstring, "", FormatError, "empty"),
        (from_modelstring, "[a][b|a", FormatError, r"line 1, column 4: expected \[name\]"),
        (from_modelstring, "[a] x [b]", FormatError, "line 1, column 5"),
        (from_modelstring, "[a][a]", FormatError, "column 5: the variable 'a' stands twice"),
        (from_modelstring, "[a|z]", FormatError, "the parent 'z' of 'a' has no brackets"),
        (from_modelstring, "[a|b][b|a]", CyclicGraph, "cycle"),
        (from_modelstring, "[a][b|a:]", FormatError, "the parent '' of 'b'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(read, text: str, error: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        read(text)


@pytest.mark.parametrize("read", [from_gml, from_graphml, from_modelstring])
def test_a_damaged_text_is_an_error_of_ours(read) -> None:  # type: ignore[no-untyped-def]
    text = {from_gml: to_gml(CHAIN), from_graphml: GRAPHML, from_modelstring: to_modelstring(CHAIN)}[read]
    rng = random.Random(0)
    refused = 0
    for _ in range(400):
        broken = text
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(broken))
            new = rng.choice(["", " ", "<", '"', "[", "]", "9", "}", ":", "|", "\x00", "é", "&"])
            broken = broken[:place] + new + broken[place + rng.randint(0, 3) :]
        try:
            assert isinstance(read(broken), Dag | Admg | Mpdag)
        except CausalppError as error:
            refused += bool(str(error))
    assert 100 < refused < 400


def test_model_strings(tmp_path: Path) -> None:
    dag = Dag(["A", "S", "T", "E B"], [("A", "T"), ("T", "E B"), ("S", "E B")])
    assert dag.to_modelstring() == to_modelstring(dag) == "[A][S][T|A][E B|S:T]"
    for text in ("[A][S][T|A][E B|T:S]", '[1] "[A][S][T|A][E B|T:S]"\n', " [A] [S]\n[T | A][E B|T : S]"):
        assert from_modelstring(text) == dag
        (tmp_path / "g.txt").write_text(text)
        assert read_graph(tmp_path / "g.txt") == dag
    assert from_modelstring("[u][x|u]", latent="u").latent == {"u"}
    rng = random.Random(1)
    for _ in range(50):
        dag = random_dag(rng, latent=False)
        assert from_modelstring(to_modelstring(dag)) == dag
    path = write_graph(CHAIN, tmp_path / "g.out", format="modelstring")
    assert path.read_text() == "[rain][wet|rain][slip|wet]"
