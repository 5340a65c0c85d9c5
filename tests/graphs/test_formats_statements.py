"""DOT and dagitty: what is read, what is refused, and with what words."""

from __future__ import annotations

import random
import warnings

import networkx as nx
import pytest

from causalpp.errors import FormatError
from causalpp.graphs import Dag
from causalpp.graphs.formats import from_dagitty, from_dot, to_dagitty, to_dot

DOT_TEXTS = [
    ("digraph { a -> b -> c }", Dag.from_edges([("a", "b"), ("b", "c")])),
    ("digraph{a->b}", Dag.from_edges([("a", "b")])),
    ('strict digraph "my graph" { rankdir=LR; a; b }', Dag(["a", "b"])),
    (
        'DiGraph G { Node [shape=box, style="rounded"]; a -> b [color=red; label=<<b>x</b>>] ; }',
        Dag(["a", "b"], [("a", "b")]),
    ),
    ("digraph { {a b} -> c; d -> {e; f} }", Dag(list("abcdef"), [("a", "c"), ("b", "c"), ("d", "e"), ("d", "f")])),
    ("digraph { {a b} -> {c d} }", Dag(list("abcd"), [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")])),
    (
        'digraph { subgraph cluster_1 { label="x"; a -> b } -> c }',
        Dag(list("abc"), [("a", "b"), ("a", "c"), ("b", "c")]),
    ),
    ("digraph { subgraph { a } a -> subgraph x { b } }", Dag.from_edges([("a", "b")])),
    ("digraph { a:port:n -> b:sw }", Dag.from_edges([("a", "b")])),
    ("// one\ndigraph { /* two\n -> */ a \n  # a -> b\n }", Dag(["a"])),
    ('# 1 "file"\ndigraph {\n# a comment -> here\na }', Dag(["a"])),
    ('digraph { "a \\"b\\"" -> "c\\d" -> "e\\\\" }', Dag.from_edges([('a "b"', "c\\d"), ("c\\d", "e\\\\")])),
    ('digraph { "a" + "b" -> "long \\\nname" }', Dag.from_edges([("ab", "long name")])),
    ("digraph { 1 -> -.5 -> 2. -> 3.14 }", Dag.from_edges([("1", "-.5"), ("-.5", "2."), ("2.", "3.14")])),
    ("digraph { größe -> 因果 }", Dag.from_edges([("größe", "因果")])),
    ('digraph { "node" -> "graph" -> "a,b" }', Dag.from_edges([("node", "graph"), ("graph", "a,b")])),
    ("digraph { a -> b [dir=both, arrowtail=none, arrowhead=normal] }", Dag.from_edges([("a", "b")])),
    ("digraph { a -> b; a -> b }", Dag.from_edges([("a", "b")])),
    ("digraph { u [latent=true]; v [latent=no]; u -> v }", Dag(["u", "v"], [("u", "v")], latent="u")),
    ('digraph { u [color=red] [latent="True"]; }', Dag(["u"], latent="u")),
    ("digraph { x; node [latent=true]; x u; { node [latent=false]; y } v }", Dag(list("xuyv"), latent=["u", "v"])),
    ("digraph { } ", Dag([])),
]


@pytest.mark.parametrize(("text", "dag"), DOT_TEXTS)
def test_dot_is_read(text: str, dag: Dag) -> None:
    assert from_dot(text) == dag


DAGITTY_TEXTS = [
    ("dag { x -> m -> y }", Dag.from_edges([("x", "m"), ("m", "y")])),
    ("dag{x<-u->y}", Dag(["x", "u", "y"], [("u", "x"), ("u", "y")])),
    ('dag { bb="0,0,1,1" x [exposure,pos="-2.2,1"] y [outcome] x -> y [beta=0.5] }', Dag.from_edges([("x", "y")])),
    ('dag {\n"x y" [latent,pos="1,2"]\nz\n"x y" -> z\n}', Dag(["x y", "z"], [("x y", "z")], latent="x y")),
    ("dag { u [l]; v [unobserved]; w [u]; x [latent=1]; y [e] }", Dag(list("uvwxy"), latent=["u", "v", "w", "x"])),
    ("dag { {a b} -> c <- {d e} }", Dag(list("abcde"), [(n, "c") for n in "abde"])),
    ("dag { {a -> b} -> c }", Dag(list("abc"), [("a", "b"), ("a", "c"), ("b", "c")])),
    ('DAG "name" { a; b ; graph [bb="0,0,1,1"] }', Dag(["a", "b"])),
    ("dag { x.1 -> 2 -> -a // comment\n /* x -> */ }", Dag.from_edges([("x.1", "2"), ("2", "-a")])),
    (
        'dag { "say \\"hi\\"" -> "back\\slash" -> "\\\\"" }',
        Dag.from_edges([('say "hi"', "back\\slash"), ("back\\slash", '\\"')]),
    ),
    ("dag { dag -> digraph -> edge }", Dag.from_edges([("dag", "digraph"), ("digraph", "edge")])),
    ("graph { x -> y }", Dag.from_edges([("x", "y")])),
]


@pytest.mark.parametrize(("text", "dag"), DAGITTY_TEXTS)
def test_dagitty_is_read(text: str, dag: Dag) -> None:
    assert from_dagitty(text) == dag


DOT_REFUSED = [
    ("", "the DOT text ends where 'digraph' should come"),
    ("graph { a -- b }", "line 1, column 1: an undirected graph"),
    ("a -> b", "expected 'digraph', found 'a'"),
    ("digraph { a -- b }", r"column 13: '--' is not an edge of a Dag: only -> and <- are \(here between 'a' and 'b'\)"),
    ("digraph { a <-> b }", "'<->' is not an edge"),
    ("digraph { a -> b", "the DOT text ends where .* is the file complete"),
    ("digraph { a -> }", "expected a variable, '{' or '}', found '}'"),
    ("digraph { a -> b } x", "nothing after the closing brace, found 'x'"),
    ("digraph { <b> -> a }", "cannot be named by HTML"),
    ("digraph { a -> <x> }", r"cannot be named by HTML"),
    ('digraph { "a }', "a quoted name is never closed"),
    ("digraph { /* a }", "a comment /"),
    ("digraph { 1a }", "two names touch each other"),
    ("digraph { a-1 }", "two names touch each other"),
    ("digraph { a -> node }", "'node' is a keyword; quote it"),
    ("digraph { node -> a }", r"'\[' after 'node' \(quote it if it is a variable\)"),
    ("digraph { a [latent=maybe] }", "latent is true or false .*, got 'maybe'"),
    ("digraph { a -> b [dir=back] }", "dir=back"),
    ("digraph { a -> b [arrowhead=odot] }", "column 13: the edge 'b' o-- 'a' ends in a circle: this is a PAG"),
    ("digraph { a -> b [dir=both arrowtail=odot] }", "column 13: the edge 'a' o-> 'b' ends in a circle"),
    ("digraph { a -> b [dir=both]; b -> c [dir=none] }", "column 13: the bidirected edge 'a' <-> 'b' stands in"),
    ('digraph { "" }', "must not be empty"),
    ("digraph { {a b} [latent=true] }", "an arrow or a new statement"),
    ("digraph { a [x }", "expected a name or value, found '}'"),
    ("digraph { subgraph -> a }", "'{' after 'subgraph'"),
    ('digraph { "a" + b }', r"a quoted string after '\+'"),
    ("digraph {" + "{" * 61 + "}" * 62, "nested more than 60 deep"),
    ("digraph { a % b }", "found '%'"),
]


@pytest.mark.parametrize(("text", "message"), DOT_REFUSED)
def test_dot_is_refused_with_reason(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        from_dot(text)
    assert error.value.line is not None
    assert error.value.column is not None


DAGITTY_REFUSED = [
    ("pdag { a <-> b }", "column 10: the bidirected edge 'a' <-> 'b' stands in"),
    ("dag { a @-@ b }", "column 9: '@-@' is not an edge of a Dag"),
    ("dag {\n a -> b\n b -- c }", "line 3, column 4: '--' is not an edge"),
    ("mag { a -> b }", "a MAG is not a Dag"),
    ("pdag { a @-> b }", "'@->' is not an edge"),
    ("pag { a -> b }", "a PAG is not a Dag"),
    ("a", "expected 'dag' or 'digraph' or 'graph' or 'pdag', found 'a'"),
    ("a -> ", "the dagitty text ends where a variable"),
    ("a -> b }", "line 1, column 8: expected a variable"),
    ("dag { node -> a }", "reserves the word 'node'"),
    ("dag { a -> graph }", "reserves the word 'graph'"),
    ("dag { a-b }", "two names touch"),
    ('dag { "a\n" }', "a quoted name is never closed"),
    ("dag { a -> b", "is the file complete"),
    ("dag { a [latent }", "expected a name or value"),
]


@pytest.mark.parametrize(("text", "message"), DAGITTY_REFUSED)
def test_dagitty_is_refused_with_reason(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_dagitty(text)


def test_nodes_stand_in_the_order_of_the_text() -> None:
    assert from_dot("digraph { c -> a; b; d -> c }").nodes == ("c", "a", "b", "d")
    assert from_dagitty("dag { c <- a b d -> c }").nodes == ("c", "a", "b", "d")


def test_every_cut_of_a_text_is_an_error() -> None:
    dag = Dag(["a b", "c", "u"], [("a b", "c"), ("u", "c")], latent="u")
    for text, read in ((to_dot(dag), from_dot), (to_dagitty(dag), from_dagitty)):
        for cut in range(len(text.rstrip())):
            with pytest.raises(FormatError):
                read(text[:cut])


def _sparse(rng: random.Random) -> Dag:
    names = [f"v {i}" if i % 3 == 0 else f"v{i}" for i in range(rng.randint(1, 8))]
    return Dag(names, [(a, b) for i, b in enumerate(names) for a in names[:i] if rng.random() < 0.4])


def test_networkx_and_pydot_agree_on_dot() -> None:
    pydot = pytest.importorskip("pydot")
    rng = random.Random(3)
    for _ in range(30):
        dag = _sparse(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (graph,) = pydot.graph_from_dot_data(to_dot(dag))
            read = nx.DiGraph(nx.nx_pydot.from_pydot(graph))
        read = nx.relabel_nodes(read, {name: name.strip('"') for name in read})
        assert {n for n in read if n.strip()} - {"\\n"} == set(dag.nodes)
        assert set(read.edges) == set(dag.edges)
        written = nx.nx_pydot.to_pydot(nx.DiGraph(dag.edges)).to_string()
        assert set(from_dot(written).edges) == set(dag.edges)


def test_pgmpy_agrees_on_dagitty() -> None:
    from pgmpy.base import DAG

    rng = random.Random(4)
    for _ in range(30):
        dag = _sparse(rng)
        if dag.edges:
            parent = dag.edges[0][0]  # one with an edge: pgmpy forgets the others
            hidden = Dag(dag.nodes, dag.edges, latent=[parent])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its parser uses names that pyparsing deprecates
                theirs = DAG.from_dagitty(to_dagitty(hidden))
            assert set(theirs.edges) == set(dag.edges)
            assert set(theirs.latents) == {parent}
