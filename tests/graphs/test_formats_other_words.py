"""The same meaning in the words of other programs: latent variables, arrows, headers of edge lists."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from causalpp.errors import CausalppError, FormatError, InvalidGraph
from causalpp.graphs import Admg, Cpdag, Dag, Graph, read_graph
from causalpp.graphs.formats import (
    from_dagitty,
    from_dot,
    from_edge_list,
    from_gml,
    from_graphml,
    from_networkx,
    from_tetrad,
    read_bif,
    read_xmlbif,
)
from causalpp.programs import adjustment_sets

GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">'


def confounded(**said: Any) -> nx.DiGraph[str]:
    """x → y with the common cause u, of which something is said."""
    graph = nx.DiGraph([("u", "x"), ("u", "y"), ("x", "y")])
    graph.nodes["u"].update(said)
    return graph


# --- latent variables ---------------------------------------------------------------------------------------

HIDDEN: list[dict[str, Any]] = [
    {"is_latent": True},
    {"isLatent": "yes"},
    {"isObserved": False},
    {"observable": "no"},
    {"is_observed": 0},
    {"status": "latent"},
    {"kind": "Unobserved"},
    {"class": "hidden"},
    {"variable_type": "unmeasured"},
    {"category": "latent"},
]


@pytest.mark.parametrize("said", HIDDEN, ids=str)
def test_other_words_for_what_is_not_observed(said: dict[str, Any]) -> None:
    found = from_networkx(confounded(**said))
    assert isinstance(found, Dag)
    assert found.latent == {"u"}
    assert adjustment_sets(found, "x", "y") == ()
    ((key, value),) = said.items()
    assert from_dot(f'digraph {{ u [{key}="{value}"]; u -> x; u -> y; x -> y }}') == found


@pytest.mark.parametrize("said", [{"latent_flag": 1}, {"observability": "no"}, {"hidden_node": True}], ids=str)
def test_what_may_mean_it_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidGraph, match="latent=true"):
        from_networkx(confounded(**said))


@pytest.mark.parametrize("said", [{"class": "node"}, {"latent_dim": 3}, {"status": "final"}, {"color": "no"}], ids=str)
def test_what_cannot_mean_it_is_left_out(said: dict[str, Any]) -> None:
    assert from_networkx(confounded(**said)) == from_networkx(confounded())


def test_the_graph_as_a_whole_may_name_them() -> None:
    graph = confounded()
    graph.graph["latents"] = {"u"}
    found = from_networkx(graph)
    assert isinstance(found, Dag)
    assert found.latent == {"u"}
    graph.graph["latents"] = ["v"]
    with pytest.raises(InvalidGraph, match="'v' is called latent and is no node"):
        from_networkx(graph)


def test_defaults_of_graphml_hold_for_nodes_and_edges_that_say_nothing() -> None:
    text = (
        f'{GRAPHML}<key id="o" for="node" attr.name="observed" attr.type="string"><default>no</default></key>'
        '<key id="e" for="edge" attr.name="dir" attr.type="string"><default>both</default></key>'
        '<graph edgedefault="directed"><node id="u"/><node id="x"><data key="o">yes</data></node>'
        '<node id="y"><data key="o">yes</data></node>'
        '<edge source="u" target="x"><data key="e">forward</data></edge><edge source="x" target="y"/></graph></graphml>'
    )
    assert from_graphml(text) == Admg(("x", "y"), (), (("x", "y"),))
    assert from_graphml(text.replace(">both<", ">forward<")) == Dag("uxy", [("u", "x"), ("x", "y")], latent="u")


BIF = """network n {{ }}
variable a {{ type discrete [ 2 ] {{ no, yes }}; property {} ; }}
probability ( a ) {{ table 0.2, 0.8; }}
"""


@pytest.mark.parametrize("said", ["hidden = true", "observed no", "is_latent = 1", "type = latent", '"observed = no"'])
def test_properties_of_bif_and_xmlbif(said: str) -> None:
    assert read_bif(BIF.format(said)).latent == {"a"}
    xml = (
        f"<BIF><NETWORK><NAME>n</NAME><VARIABLE><NAME>a</NAME><OUTCOME>no</OUTCOME><OUTCOME>yes</OUTCOME>"
        f"<PROPERTY>{said}</PROPERTY></VARIABLE>"
        "<DEFINITION><FOR>a</FOR><TABLE>.2 .8</TABLE></DEFINITION></NETWORK></BIF>"
    )
    assert read_xmlbif(xml).latent == {"a"}


def test_properties_that_tables_do_not_reckon_with() -> None:
    with pytest.raises(FormatError, match=r"line 2, column .*'a' is selected"):
        read_bif(BIF.format("selected = yes"))
    assert read_bif(BIF.format("position = (1, 2)")).latent == frozenset()
    assert read_bif(BIF.format("latent = no")).latent == frozenset()


@pytest.mark.parametrize("word", ["U", "L", "Latent", "UNOBSERVED"])
def test_capitals_in_dagitty(word: str) -> None:
    assert from_dagitty(f"dag {{ u [{word}] u -> x }}") == Dag("ux", [("u", "x")], latent="u")


def test_brackets_at_the_edges_of_tetrad() -> None:
    text = "Graph Nodes:\nx;y;u;s\n\nGraph Edges:\n1. (u) --> x\n2. (u) --> y\n3. y --> [s]\n"
    assert from_tetrad(text) == Dag("xyus", [("u", "x"), ("u", "y"), ("y", "s")], latent="u", selected="s")


# --- ends of edges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "graph"),
    [
        ({"directed": False}, Cpdag.from_dag(Dag("ab", [("a", "b")]))),
        ({"undirected": "yes"}, Cpdag.from_dag(Dag("ab", [("a", "b")]))),
        ({"kind": "undirected"}, Cpdag.from_dag(Dag("ab", [("a", "b")]))),
        ({"edge_type": "---"}, Cpdag.from_dag(Dag("ab", [("a", "b")]))),
        ({"bidirected": 1}, Admg(("a", "b"), (), (("a", "b"),))),
        ({"type": "<->"}, Admg(("a", "b"), (), (("a", "b"),))),
        ({"directed": True, "weight": 0.3}, Dag("ab", [("a", "b")])),
        ({"type": "<--"}, Dag("ab", [("b", "a")])),
    ],
    ids=str,
)
def test_edges_in_other_words(said: dict[str, Any], graph: Graph) -> None:
    drawn: nx.DiGraph[str] = nx.DiGraph()
    drawn.add_edge("a", "b", **said)
    assert from_networkx(drawn) == graph
    attributes = ", ".join(f'{key}="{value}"' for key, value in said.items())
    assert from_dot(f"digraph {{ a -> b [{attributes}] }}") == graph


@pytest.mark.parametrize(
    "said", [{"latent": True}, {"observed": "no"}, {"type": "o->"}, {"arrowhead": "noneodot"}], ids=str
)
def test_edges_that_cannot_be_read(said: dict[str, Any]) -> None:
    drawn: nx.DiGraph[str] = nx.DiGraph()
    drawn.add_edge("a", "b", **said)
    with pytest.raises(CausalppError):
        from_networkx(drawn)


def test_default_edges_of_pydot_are_refused_as_default_nodes_are() -> None:
    drawn: nx.DiGraph[str] = nx.DiGraph([("a", "b")])
    drawn.graph["edge"] = {"dir": "none"}
    with pytest.raises(InvalidGraph, match="nothing of single edges"):
        from_networkx(drawn)
    drawn.graph["edge"] = {"color": "red"}
    assert from_networkx(drawn) == Dag("ab", [("a", "b")])


ARROWS = [
    ("none", "standard", Dag(["rain", "wet"], [("rain", "wet")])),
    ("standard", "none", Dag(["rain", "wet"], [("wet", "rain")])),
    ("delta", "standard", Admg(("rain", "wet"), (), (("rain", "wet"),))),
    ("none", "none", Cpdag.from_dag(Dag(["rain", "wet"], [("rain", "wet")]))),
]


@pytest.mark.parametrize(("source", "target", "graph"), ARROWS)
def test_arrows_as_yed_draws_them(source: str, target: str, graph: Graph) -> None:
    nodes = "".join(
        f'<node id="n{k}"><data key="d6"><y:ShapeNode><y:NodeLabel>{name}</y:NodeLabel></y:ShapeNode></data></node>'
        for k, name in enumerate(graph.nodes)
    )
    keys = '<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>'
    text = (
        f'{GRAPHML}{keys}<graph edgedefault="directed" id="G">{nodes}<edge id="e0" source="n0" target="n1">'
        f'<data key="d10"><y:PolyLineEdge><y:Arrows source="{source}" target="{target}"/></y:PolyLineEdge></data>'
        "</edge></graph></graphml>"
    )
    assert from_graphml(text) == graph
    looks = f'sourceArrow "{source}" targetArrow "{target}"'
    gml = (
        'graph [ directed 1 node [ id 0 label "rain" ] node [ id 1 label "wet" ] '
        "edge [ source 0 target 1 graphics [ %s ] ] ]"
    )
    assert from_gml(gml % looks) == graph
    by_arrow = (
        {"none": "none", "standard": "last"}[target] if source == "none" else "first" if target == "none" else "both"
    )
    assert from_gml(gml % f'arrow "{by_arrow}"') == graph


def test_circles_of_yed_and_several_graphs_are_refused() -> None:
    one = (
        '<graph edgedefault="directed"><node id="a"/><node id="b"/><edge id="e" source="a" target="b">%s</edge></graph>'
    )
    key = '<key for="edge" id="k" yfiles.type="edgegraphics"/>'
    circle = one % '<data key="k"><y:Arrows source="white_circle" target="standard"/></data>'
    with pytest.raises(InvalidGraph, match="circle"):
        from_graphml(f"{GRAPHML}{key}{circle}</graphml>")
    with pytest.raises(FormatError, match="several graphs"):
        from_graphml(f"{GRAPHML}{one % ''}{one % ''}</graphml>")


# --- headers of edge lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "to,from\nwet,rain\nslip,wet\nage,\n",
        "Target;Source\nwet;rain\nslip;wet\nage;\n",
        "child\tparent\nwet\train\nslip\twet\nage\t\n",
        '"","effect","cause"\n"1","wet","rain"\n"2","slip","wet"\n"3","age",""\n',
        "src,dst\nrain,wet\nwet,slip\nage,\n",
        "start,end\nrain,wet\nwet,slip\nage,\n",
        "source_node,target_node\nrain,wet\nwet,slip\nage,\n",
        "Source ID,Target ID\nrain,wet\nwet,slip\nage,\n",
        "node.from,node.to\nrain,wet\nwet,slip\nage,\n",
    ],
)
def test_headers_say_which_column_is_the_cause(text: str, tmp_path: Any) -> None:
    right = Dag(["rain", "wet", "slip", "age"], [("rain", "wet"), ("wet", "slip")])
    assert from_edge_list(text) == right
    (tmp_path / "arcs.csv").write_text(text)
    assert read_graph(tmp_path / "arcs.csv") == right


@pytest.mark.parametrize("header", ["node1,node2", "Var 1,Var 2", "vertex_a,vertex_b", "head,tail", "tail,head"])
def test_headers_that_do_not_say_it_are_refused_and_variables_of_that_name_are_not(header: str) -> None:
    with pytest.raises(FormatError, match=r"line 1: the header .* which column is the cause"):
        from_edge_list(f"{header}\nrain,wet\n")
    a, b = header.split(",")
    assert from_edge_list(f"{header}\n{b},wet\n") == Dag([a, b, "wet"], [(a, b), (b, "wet")])


@pytest.mark.parametrize(
    "text", ["name,rain,wet\nrain,0,1\nwet,0,0\n", "node;rain;wet\nrain;FALSE;TRUE\nwet;FALSE;FALSE\n"]
)
def test_a_matrix_with_a_word_above_the_names_of_its_rows(text: str, tmp_path: Any) -> None:
    (tmp_path / "matrix.csv").write_text(text)
    assert read_graph(tmp_path / "matrix.csv") == Dag(["rain", "wet"], [("rain", "wet")])
