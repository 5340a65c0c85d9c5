"""What attributes mean, whatever the file: latent and other marks, names by label, ends of edges; Tetrad's text."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import pydot
import pytest
from causallearn.graph.Edge import Edge
from causallearn.graph.Endpoint import Endpoint
from causallearn.graph.GeneralGraph import GeneralGraph
from causallearn.graph.GraphNode import GraphNode
from causallearn.graph.NodeType import NodeType
from causallearn.utils.GraphUtils import GraphUtils
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.errors import CausalppError, FormatError, InvalidGraph
from causalpp.graphs import Admg, Cpdag, Dag, Graph, Mpdag, formats, read_dag, read_graph, write_graph
from causalpp.graphs.formats import (
    from_causal_learn,
    from_dagitty,
    from_dot,
    from_json,
    from_networkx,
    from_pgmpy,
    from_tetrad,
    to_dagitty,
    to_dot,
    to_edge_list,
    to_networkx,
    to_tetrad,
)
from causalpp.programs import adjustment_sets


def through_pydot(text: str) -> Any:
    """The graph as pydot reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its parser uses names that pyparsing deprecates
        (found,) = pydot.graph_from_dot_data(text)
    return found


# --- latent and other marks --------------------------------------------------------------------------------

SAYS = [
    ("observed", "no", {"latent"}),
    ("observed", "No", {"latent"}),
    ("observed", "0", {"latent"}),
    ("observed", "false", {"latent"}),
    ("observed", "yes", set()),
    ("observed", "1", set()),
    ("latent", "true", {"latent"}),
    ("latent", "off", set()),
    ("unobserved", "1", {"latent"}),
    ("hidden", "yes", {"latent"}),
    ("unmeasured", "TRUE", {"latent"}),
    ("label", "Unobserved Confounders", {"latent"}),
    ("label", "unobserved confounder", {"latent"}),
    ("label", "hid", set()),
    ("type", "latent", {"latent"}),
    ("role", "selected", {"selected"}),
    ("selected", "true", {"selected"}),
    ("adjusted", "yes", {"adjusted"}),
    ("exposure", "1", {"exposure"}),
    ("treatment", "yes", {"exposure"}),
    ("outcome", "yes", {"outcome"}),
    ("color", "red", set()),
    ("shape", "square", set()),
]


def marks_of(graph: Graph, name: str) -> set[str]:
    assert isinstance(graph, Dag)
    return {mark for mark, names in {"latent": graph.latent, **graph.roles}.items() if name in names}


@pytest.mark.parametrize(("key", "value", "marks"), SAYS)
def test_an_attribute_means_the_same_everywhere(key: str, value: str, marks: set[str]) -> None:
    texts = [f'digraph {{ hid [{key}="{value}"]; hid -> x }}', f'digraph {{ node [{key}="{value}"] hid; hid -> x }}']
    for text in texts:
        assert marks_of(from_dot(text), "hid") == marks
    for written in (value, f'"{value}"', f" {value} "):
        graph = nx.DiGraph([("hid", "x")])
        graph.nodes["hid"][key] = written
        assert marks_of(from_networkx(graph), "hid") == marks
    if key not in ("latent", "unobserved", "exposure", "outcome", "adjusted", "selected"):  # dagitty's own words
        assert marks_of(from_dagitty(f'dag {{ hid [{key}="{value}"] hid -> x }}'), "hid") == marks


@pytest.mark.parametrize("value", [False, 0, 0.0, "no"])
def test_dowhy_graphs_are_not_identified_by_adjustment(value: Any) -> None:
    graph = nx.DiGraph([("hid", "x"), ("hid", "y"), ("x", "y")])
    nx.set_node_attributes(graph, {"hid": value, "x": "yes", "y": True}, "observed")
    dag = from_networkx(graph)
    assert isinstance(dag, Dag)
    assert dag.latent == {"hid"}
    assert adjustment_sets(dag, "x", "y") == ()
    text = 'digraph { U[label="Unobserved Confounders"]; U->{x, y}; x -> y; y [label="Churn"]; }'
    assert from_dot(text) == Dag(["U", "x", "y"], [("U", "x"), ("U", "y"), ("x", "y")], latent="U")


def test_the_name_that_dowhy_gives_its_latent_causes() -> None:
    name = "Unobserved Confounders"
    gml = f'graph [ directed 1 node [ id 0 label "{name}" ] node [ id 1 label "x" ] edge [ source 0 target 1 ] ]'
    hidden = Dag.from_edges([(name, "x")], latent=name)
    assert from_networkx(nx.parse_gml(gml)) == hidden
    assert from_dot(f'digraph {{ "{name}" -> x }}') == hidden
    assert from_dot(f'digraph {{ "{name}" [observed=yes]; "{name}" -> x }}') == Dag.from_edges([(name, "x")])
    for dag in (hidden, Dag.from_edges([(name, "x")]), Admg((name, "x"), (), ((name, "x"),))):
        for back in (from_dot(dag.to_dot()), from_networkx(dag.to_networkx()), from_dagitty(dag.to_dagitty())):
            assert back == dag


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("observed=perhaps", "line 1, column .*: observed is true or false .*, got 'perhaps'"),
        ("latent=true, observed=yes", "latent=true and observed=yes contradict each other"),
        ('label="Unobserved Confounders", observed=1', "contradict each other"),
    ],
)
def test_attributes_that_mean_nothing(attributes: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_dot(f"digraph {{ u [{attributes}] }}")


def test_a_later_attribute_replaces_an_earlier_one() -> None:
    assert from_dot("digraph { u [latent=true]; u [latent=no] }") == Dag(["u"])
    assert from_dot("digraph { node [observed=no]; u; v [observed=yes] }") == Dag(["u", "v"], latent="u")


# --- names by label ----------------------------------------------------------------------------------------


def test_labels_are_names_where_nodes_are_numbers() -> None:
    assert from_dot("digraph { 0 [label=rain]; 1 [label=wet]; 0 -> 1 }") == Dag.from_edges([("rain", "wet")])
    assert from_dot('digraph { 0 [label="heart rate"]; 1; 0 -> 1 }') == Dag.from_edges([("heart rate", "1")])
    assert from_dot(r'digraph { 7 [label="lung\ncancer"] }') == Dag(["lung cancer"])
    assert from_dot(r'digraph { 7 [label="X\N"] }') == Dag(["X7"])
    assert from_dot('digraph { node [label=""]; 0 -> 1 }') == Dag.from_edges([("0", "1")])
    assert from_dot("digraph { 0 -> 1 }") == Dag.from_edges([("0", "1")])
    assert from_dot('digraph { rain [label="Rain (mm)"]; rain -> 1 }') == Dag.from_edges([("rain", "1")])
    assert from_dot('digraph { x1 [label="Age"]; x2 [label="Sex"]; x1 -> x2 }') == Dag.from_edges([("x1", "x2")])
    with pytest.raises(FormatError, match="line 1, column 36: the nodes 0 and 1 have the same label 'a'"):
        from_dot("digraph { 0 [label=a]; 1 [label=a] }")
    with pytest.raises(FormatError, match="the node 0 is named by its label, and that is HTML"):
        from_dot("digraph { 0 [label=<<b>a</b>>]; 1 [label=b] }")
    graph = nx.DiGraph([(0, 1)])
    nx.set_node_attributes(graph, {0: "rain", 1: "wet"}, "label")
    assert from_networkx(graph) == Dag.from_edges([("rain", "wet")])


def causal_learn_graph(ends: tuple[Endpoint, Endpoint], latent: bool = False) -> GeneralGraph:
    nodes = [GraphNode(name) for name in ("rain", "wet road", "slip")]
    if latent:
        nodes[0].set_node_type(NodeType.LATENT)
    graph = GeneralGraph(nodes)
    graph.add_edge(Edge(nodes[0], nodes[1], *ends))
    graph.add_edge(Edge(nodes[1], nodes[2], *ends))
    return graph


TAIL, ARROW, CIRCLE = Endpoint.TAIL, Endpoint.ARROW, Endpoint.CIRCLE
CHAIN = [("rain", "wet road"), ("wet road", "slip")]
KINDS: list[tuple[tuple[Endpoint, Endpoint], Graph | None]] = [
    ((TAIL, ARROW), Dag.from_edges(CHAIN)),
    ((ARROW, TAIL), Dag(["rain", "wet road", "slip"], [(b, a) for a, b in CHAIN])),
    ((TAIL, TAIL), Cpdag(["rain", "wet road", "slip"], undirected=CHAIN)),
    ((ARROW, ARROW), Admg(("rain", "wet road", "slip"), (), tuple(CHAIN))),
    ((CIRCLE, ARROW), None),
    ((CIRCLE, CIRCLE), None),
]


@pytest.mark.parametrize(("ends", "graph"), KINDS)
def test_every_edge_of_causal_learn_by_every_way(ends: tuple[Endpoint, Endpoint], graph: Graph | None) -> None:
    theirs = causal_learn_graph(ends)
    dot = GraphUtils.to_pydot(theirs).to_string()
    again = through_pydot(dot)
    ways: list[Any] = [
        lambda: from_causal_learn(theirs),
        lambda: from_tetrad(str(theirs)),
        lambda: from_dot(dot),
        lambda: from_networkx(nx.nx_pydot.from_pydot(again)),
    ]
    for way in ways:
        if graph is None:
            with pytest.raises(CausalppError, match=r"'rain' o-\S 'wet road'|'wet road' .-o 'rain'|ends in a circle"):
                way()
        else:
            assert way() == graph
            assert type(way()) is type(graph)


def test_latent_variables_of_causal_learn_are_square_in_dot() -> None:
    theirs = causal_learn_graph((TAIL, ARROW), latent=True)
    assert from_dot(GraphUtils.to_pydot(theirs).to_string()) == Dag.from_edges(CHAIN, latent="rain")
    assert from_dot("digraph { node [shape=square]; 0 [label=a]; 1 [label=b]; 0 -> 1 }") == Dag.from_edges([("a", "b")])


# --- ends of edges -----------------------------------------------------------------------------------------

DOT_EDGES: list[tuple[str, Graph]] = [
    ("a -> b [dir=both]", Admg(("a", "b"), (), (("a", "b"),))),
    ("a -> b; a -> b [dir=both, style=dashed]", Admg(("a", "b"), (("a", "b"),), (("a", "b"),))),
    ("edge [dir=both]; a -> b -> c", Admg(("a", "b", "c"), (), (("a", "b"), ("b", "c")))),
    ("a -> b [dir=both, arrowtail=none]", Dag.from_edges([("a", "b")])),
    ("a -> b [dir=both, arrowhead=none]", Dag(["a", "b"], [("b", "a")])),
    ("a -> b [arrowhead=vee, arrowtail=odot]", Dag.from_edges([("a", "b")])),  # the tail of a plain edge is not drawn
    ("a -> b [dir=none]", Cpdag("ab", undirected=[("a", "b")])),
    ("a -> b [arrowhead=none]", Cpdag("ab", undirected=[("a", "b")])),
    ("edge [dir=none]; a -> b -> c", Cpdag("abc", undirected=[("a", "b"), ("b", "c")])),
    ("kind=class; a -> b", Mpdag("ab", directed=[("a", "b")])),
    ("u [latent=true]; u -> a; u -> b; b -> c [dir=both]", Admg(("a", "b", "c"), (), (("a", "b"), ("b", "c")))),
]


@pytest.mark.parametrize(("body", "graph"), DOT_EDGES)
def test_edges_of_dot(body: str, graph: Graph) -> None:
    found = from_dot(f"digraph {{ {body} }}")
    assert found == graph
    assert type(found) is type(graph)


def test_edges_that_are_drawn_backwards_or_not_at_all() -> None:
    for read, text in ((from_dot, "digraph { a -> b [%s] }"), (from_dagitty, "digraph { a -> b [%s] }")):
        with pytest.raises(FormatError, match="column 13: an edge drawn with style=invis is not seen"):
            read(text % 'style="bold,invis"')
        with pytest.raises(FormatError, match="column 13: an edge drawn with dir=back"):
            read(text % "dir=back")
        assert read(text % "dir=both") == Admg(("a", "b"), (), (("a", "b"),))
        assert read(text % "style=dashed") == Dag.from_edges([("a", "b")])
    graph = nx.DiGraph()
    graph.add_edge("a", "b", style="invis")
    with pytest.raises(InvalidGraph, match="the edge 'a' → 'b': an edge drawn with style=invis"):
        from_networkx(graph)


# --- our own files, and those of others around them ----------------------------------------------------------


def random_graph(rng: random.Random, kind: str) -> Graph:
    names = [rng.choice(["v", "the v", "größe"]) + str(i) for i in range(rng.randint(2, 7))]
    pairs = [(a, b) for i, b in enumerate(names) for a in names[:i]]
    directed = [edge for edge in pairs if rng.random() < 0.4]
    some = {role: {n for n in names if rng.random() < 0.2} for role in ("exposure", "outcome")}
    held = {role: {n for n in names[1:] if rng.random() < 0.15} for role in ("selected", "adjusted")}
    rng.shuffle(names)
    if kind == "dag":
        latent = {n for n in names if rng.random() < 0.3} - held["selected"] - held["adjusted"]
        return Dag(names, directed, latent=latent, **held, **some)
    if kind == "admg":
        both = [edge for edge in pairs if rng.random() < 0.3] or pairs[:1]
        roles = {role: frozenset(found) for role, found in {**held, **some}.items()}
        return Admg(tuple(names), tuple(directed), tuple(both), **roles)
    return Cpdag.from_dag(Dag(names, directed))


@pytest.mark.parametrize("kind", ["dag", "admg", "class"])
def test_every_kind_of_graph_comes_back(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(60):
        graph = random_graph(rng, kind)
        for back in (
            from_json(graph.to_json()),
            from_dot(graph.to_dot()),
            from_dagitty(graph.to_dagitty()),
            from_networkx(graph.to_networkx()),
        ):
            assert back == graph
            assert type(back) is type(graph)
            assert back.nodes == graph.nodes
            if not isinstance(graph, Mpdag):
                assert not isinstance(back, Mpdag)
                assert back.roles == graph.roles


@pytest.mark.parametrize("kind", ["dag", "admg", "class"])
def test_pydot_and_networkx_give_our_dot_back(kind: str) -> None:
    rng = random.Random(kind + "dot")
    for _ in range(30):
        graph = random_graph(rng, kind)
        theirs = through_pydot(to_dot(graph))
        multi = nx.nx_pydot.from_pydot(theirs)
        back = from_networkx(multi)
        assert back == graph or (isinstance(graph, Mpdag) and not graph.undirected)
        assert from_dot(theirs.to_string()) == graph
        if kind == "dag":
            assert from_networkx(nx.DiGraph(multi)) == graph
            assert from_dot(nx.nx_pydot.to_pydot(multi).to_string()) == graph


def test_defaults_that_pydot_takes_from_their_nodes_are_refused() -> None:
    theirs = through_pydot("digraph { node [latent=true]; u; u -> x }")
    with pytest.raises(InvalidGraph, match=r"the default attributes .* of the graph"):
        from_networkx(nx.nx_pydot.from_pydot(theirs))


def test_graphs_export_themselves(tmp_path: Path) -> None:
    dag = Dag.from_edges([("u", "x"), ("u", "y"), ("x", "y")], latent="u")
    dag = Dag(dag.nodes, dag.edges, latent="u", exposure="x", outcome="y")
    model = dag.to_pgmpy()
    assert (model.latents, model.exposures, model.outcomes) == ({"u"}, {"x"}, {"y"})
    assert from_pgmpy(model).roles == dag.roles
    assert from_networkx(model).roles == dag.roles
    assert from_causal_learn(dag.to_causal_learn()) == dag
    admg = dag.latent_projection()
    theirs = admg.to_pgmpy()
    assert type(theirs).__name__ == "ADMG"
    assert from_networkx(theirs) == admg
    with pytest.raises(InvalidGraph, match="'x', 'y' are joined twice"):
        admg.to_causal_learn()
    cpdag = Cpdag("abc", undirected=[("a", "b"), ("b", "c")])
    assert sorted(map(sorted, cpdag.to_pgmpy().undirected_edges)) == [["a", "b"], ["b", "c"]]
    assert from_causal_learn(cpdag.to_causal_learn()) == cpdag
    for graph in (dag, admg, cpdag):
        for suffix in (".json", ".dot", ".gv", ".dagitty", ".tetrad"):
            assert read_graph(graph.to_file(tmp_path / f"graph{suffix}")) == graph


def test_a_dag_is_asked_for_and_another_graph_found(tmp_path: Path) -> None:
    arc = write_graph(Admg(("a", "b"), (), (("a", "b"),)), tmp_path / "arc.dot")
    with pytest.raises(InvalidGraph, match=r"arc.dot' is no Dag: it has the bidirected edge 'a' <-> 'b'"):
        read_dag(arc)
    line = write_graph(Cpdag("ab", undirected=[("a", "b")]), tmp_path / "line.dagitty")
    with pytest.raises(InvalidGraph, match=r"line.dagitty' is no Dag: it is the graph of a class"):
        read_dag(line)


def test_formats_that_cannot_say_it_refuse(tmp_path: Path) -> None:
    selected = Dag(["a", "b"], [("a", "b")], selected="b")
    for write in (to_edge_list, formats.to_bif, formats.to_adjacency_csv, formats.to_adjacency_frame):
        with pytest.raises(CausalppError, match="cannot mark 'b' as selected"):
            write(selected)
    with pytest.raises(InvalidGraph, match="cannot mark 'b' as selected"):
        selected.to_causal_learn()
    for suffix in (".csv", ".bif"):
        with pytest.raises(InvalidGraph, match="type Admg"):
            write_graph(Admg(("a", "b"), (), (("a", "b"),)), tmp_path / f"graph{suffix}")


# --- Tetrad ------------------------------------------------------------------------------------------------


def tetrad(nodes: str, *edges: str, after: str = "") -> str:
    return f"Graph Nodes:\n{nodes}\n\nGraph Edges:\n" + "".join(f"{i}. {e}\n" for i, e in enumerate(edges, 1)) + after


TETRAD: list[tuple[str, Graph]] = [
    (tetrad("a;b;c", "a --> b", "b --> c"), Dag.from_edges([("a", "b"), ("b", "c")])),
    (tetrad("a,b,c", "a --> b", "c <-- b"), Dag.from_edges([("a", "b"), ("b", "c")])),
    (tetrad("a b c", "a --> b", "b --> c"), Dag.from_edges([("a", "b"), ("b", "c")])),
    (tetrad("a;b;c"), Dag(["a", "b", "c"])),
    (tetrad("a;b;c", "a --- b", "b --- c"), Cpdag("abc", undirected=[("a", "b"), ("b", "c")])),
    (tetrad("a;b;c", "a --> b", "b <-> c"), Admg(("a", "b", "c"), (("a", "b"),), (("b", "c"),))),
    (tetrad("(L);a;[S]", "L --> a", "a --> S"), Dag("LaS", [("L", "a"), ("a", "S")], latent="L", selected="S")),
    (tetrad("(L);a", "(L) --> a"), Dag(["L", "a"], [("L", "a")], latent="L")),
    (tetrad("heart rate;a,b", "heart rate --> a,b"), Dag.from_edges([("heart rate", "a,b")])),
    (tetrad("a;b,c", "a --> b", "b --> c"), Dag.from_edges([("a", "b"), ("b", "c")])),
    (tetrad("a;b", "a --> b dd nl"), Dag.from_edges([("a", "b")])),
    (tetrad("a;b", "a --> b pd pl [a --> b]:0.7;[no edge]:0.3;"), Dag.from_edges([("a", "b")])),
    (tetrad("a;b", "a --> b", after="\nGraph Attributes:\nBIC: -12.3\n\nGraph Node Attributes:\nBIC: [a: -1;b: 2]\n"),
     Dag.from_edges([("a", "b")])),
    (tetrad("a;b", "a --> b", after="\n\nUnderline triples:\n<a, b, c>\n"), Dag.from_edges([("a", "b")])),
    (tetrad("a;b", "a --> b").replace("\n", "\r\n"), Dag.from_edges([("a", "b")])),
    ("\ufeff\n" + tetrad("a;b", "a --> b").replace("Nodes:", "Nodes: ").replace("Edges:", "Edges: "),
     Dag.from_edges([("a", "b")])),
    ("Graph Edges:\n1. a --> b\n2. c --> b\n", Dag(["a", "b", "c"], [("a", "b"), ("c", "b")])),
    ("Graph Nodes: a;b\nGraph Edges:\na --> b", Dag.from_edges([("a", "b")])),
]  # fmt: skip


@pytest.mark.parametrize(("text", "graph"), TETRAD)
def test_tetrad_is_read(text: str, graph: Graph, tmp_path: Path) -> None:
    found = from_tetrad(text)
    assert found == graph
    assert type(found) is type(graph)
    for name in ("graph.txt", "graph.tetrad"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        assert read_graph(path) == graph


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (tetrad("a;b", "a o-> b"), "line 5: the edge 'a' o-> 'b' ends in a circle: this is a PAG"),
        (tetrad("a;b", "b <-o a"), "line 5: the edge 'a' o-> 'b' ends in a circle: this is a PAG"),
        (tetrad("a;b;c", "a --> b", "b o-o c"), "line 6: the edge 'b' o-o 'c' ends in a circle"),
        (tetrad("a;b;c", "a --- b", "b <-> c"), "line 6: the bidirected edge 'b' <-> 'c' stands in"),
        (tetrad("a;b", "a --> c"), "line 5: 'c' is not among the nodes"),
        (tetrad("a;b", "a ==> b"), "line 5: expected an edge such as"),
        (tetrad("a;b", "a --> b c"), "line 5: 'b c' is not among the nodes"),
        (tetrad("a;a", "a --> b"), "line 2: the node 'a' is listed twice"),
        ("Graph Nodes:\na;b\n", "no section 'Graph Edges:'; is the file complete"),
        (tetrad("a;b", "a --> b") + tetrad("a;b", "a --> b"), "line 6: a second section"),
        ("x --> y\nGraph Edges:\n1. x --> y", "line 1: expected 'Graph Nodes:'"),
        (tetrad("a;b;c", "a --- b", "b --- c", after="\nAmbiguous triples (i.e. list of triples):\n<a, b, c>\n"),
         "line 8: the text lists ambiguous triples"),
    ],
)  # fmt: skip
def test_tetrad_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_tetrad(text)


NAMES = st.text("abcXYZ09_.-|>", min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.integers(0, 2**30))
def test_tetrad_both_ways(names: list[str], seed: int) -> None:
    rng = random.Random(seed)
    edges = [(a, b) for i, b in enumerate(names) for a in names[:i] if rng.random() < 0.4]
    graphs: list[Graph] = [Dag(names, edges, latent=names[:1], selected=names[1:2])]
    graphs += [Admg(tuple(names), (), tuple(edges))] * bool(edges)
    cpdag = Cpdag.from_dag(Dag(names, edges))
    graphs += [cpdag] * bool(cpdag.undirected)
    for graph in graphs:
        assert from_tetrad(to_tetrad(graph)) == graph


def test_tetrad_refuses_names_that_would_not_come_back() -> None:
    for name in ("two words", "a;b", "a,b", "(a)", "[a]"):
        with pytest.raises(FormatError, match="Tetrad text cannot hold the name"):
            to_tetrad(Dag([name]))
    with pytest.raises(FormatError, match="without undirected edges is a class"):
        to_tetrad(Cpdag("abc", directed=[("a", "c"), ("b", "c")]))
    assert to_networkx(Dag(["a;b"])).nodes
    assert to_dagitty(Dag(["a;b"]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Graph Nodes:", "Graph Edges:", "a;b", "\ufeff", "1. a --> b", "a", "-->", "o-o", "", " dd"])
    )
)
def test_any_text_is_read_or_refused(lines: list[str]) -> None:
    for text in ("\n".join(lines), " ".join(lines)):
        for read in (from_tetrad, from_dagitty, from_dot):
            try:
                assert isinstance(read(text), Dag | Admg | Mpdag)
            except CausalppError as error:
                assert "\n" not in str(error)  # noqa: PT017 - most fail, some succeed
