"""Every format both ways: random Dags, awkward names, and files."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.errors import CausalppError, FormatError, InvalidGraph, TooLarge
from causalpp.graphs import Admg, Dag, Mpdag, formats
from causalpp.graphs.formats import read_graph, write_graph

TEXT: dict[str, tuple[Callable[[Dag], str], Callable[[str], Dag]]] = {
    "json": (formats.to_json, formats.from_json),
    "dot": (formats.to_dot, formats.from_dot),
    "dagitty": (formats.to_dagitty, formats.from_dagitty),
    "bif": (formats.to_bif, formats.from_bif),
    "edge-list": (formats.to_edge_list, formats.from_edge_list),
    "adjacency": (formats.to_adjacency_csv, formats.from_adjacency_csv),
}
OBJECT: dict[str, tuple[Callable[[Dag], Any], Callable[[Any], Dag]]] = {
    "frame": (formats.to_adjacency_frame, formats.from_adjacency_frame),
    "networkx": (formats.to_networkx, formats.from_networkx),
    "pgmpy": (formats.to_pgmpy, formats.from_pgmpy),
    "pgmpy network": (lambda dag: formats.to_pgmpy(dag, kind="bayesian-network"), formats.from_pgmpy),
    "causal-learn": (formats.to_causal_learn, formats.from_causal_learn),
}
BOTH = {**TEXT, **OBJECT}
WITHOUT_LATENT = {"edge-list", "adjacency"}

AWKWARD = [
    "two words",
    " leading",
    "trailing ",
    "Größe",
    "因果",
    "x→y",
    "🙂",
    'say "hi"',
    "it's",
    "back\\slash",
    "ends in \\",
    '\\"',
    "line\nbreak",
    "tab\there",
    "return\rhere",
    "1",
    "1abc",
    "-1",
    "1.5e3",
    "a-b",
    "a.b",
    "a,b",
    "a;b",
    "a:b",
    "a/b",
    "a//b",
    "a/*b",
    "#a",
    "<b>",
    "<5",
    "12+",
    "{x}",
    "[x]",
    "(x)",
    "a=b",
    "a -> b",
    "a|b",
    "\\N",
    "&amp;",
    "\xa0nbsp\xa0",
    "\ufeffbom",
    "nul\0",
    "source",
    "target",
    "no",
    "yes",
    "latent",
    *("graph", "node", "edge", "dag", "digraph", "strict", "subgraph", "Graph", "NODE", "pag"),
    *("network", "variable", "probability", "table", "default", "property", "type", "discrete"),
    "nan",
    "true",
]


def random_dag(rng: random.Random, *, latent: bool) -> Dag:
    """A random Dag of 1 to 30 variables with at most four parents each, in an order unrelated to the edges."""
    names = [f"{rng.choice(string.ascii_letters)}{i}" for i in range(rng.randint(1, 30))]
    edges = []
    for i, name in enumerate(names):
        edges += [(parent, name) for parent in rng.sample(names[:i], rng.randint(0, min(i, 4)))]
    hidden = [name for name in names if latent and rng.random() < 0.2]
    rng.shuffle(names)
    return Dag(names, edges, latent=hidden)


@pytest.mark.parametrize("name", BOTH)
def test_500_random_dags_come_back(name: str) -> None:
    write, read = BOTH[name]
    rng = random.Random(name)
    for _ in range(500):
        dag = random_dag(rng, latent=name not in WITHOUT_LATENT)
        back = read(write(dag))
        assert back == dag
        if name != "edge-list":  # which has no order of its own
            assert back.nodes == dag.nodes


@pytest.mark.parametrize("name", BOTH)
def test_the_empty_dag(name: str) -> None:
    write, read = BOTH[name]
    if name == "bif":
        with pytest.raises(FormatError, match="without variables; JSON can"):
            write(Dag([]))
    else:
        assert read(write(Dag([]))) == Dag([])


REFUSED = {
    "json": set[str](),
    "dot": {"ends in \\", '\\"', "return\rhere", "nul\0"},
    "dagitty": {"ends in \\", "line\nbreak", "tab\there", "return\rhere", "nul\0", "graph", "node"},
    "edge-list": {"return\rhere"},
    "adjacency": {"return\rhere"},
    "bif": {a for a in AWKWARD if set(a) & set('\n\r"')},
}


@pytest.mark.parametrize("name", BOTH)
def test_awkward_names_come_back_or_are_refused(name: str) -> None:
    write, read = BOTH[name]
    for awkward in AWKWARD:
        dags = [Dag([awkward]), Dag(["a", awkward, "b"], [("a", awkward), (awkward, "b")])]
        if name not in WITHOUT_LATENT:
            dags.append(Dag(["a", awkward], [(awkward, "a")], latent=[awkward]))
        for dag in dags:
            if awkward in REFUSED.get(name, ()):
                with pytest.raises(FormatError, match=r"cannot hold the name .* can$") as error:
                    write(dag)
                assert repr(awkward) in str(error.value)
            else:
                assert read(write(dag)) == dag, awkward


@pytest.mark.parametrize("name", TEXT)
def test_all_awkward_names_at_once_through_a_file(name: str, tmp_path: Any) -> None:
    names = [a for a in AWKWARD if a not in REFUSED[name]]
    random.Random(0).shuffle(names)
    dag = Dag(names, list(pairwise(names)))
    assert read_graph(write_graph(dag, tmp_path / "graph", format=name), format=name) == dag


@pytest.mark.parametrize("name", sorted(WITHOUT_LATENT))
def test_formats_without_latent_variables_say_which_have_them(name: str) -> None:
    write, read = TEXT[name]
    with pytest.raises(FormatError, match=r"cannot mark latent variables \('u'\); JSON, DOT, dagitty and BIF can"):
        write(Dag(["u", "x"], [("u", "x")], latent="u"))
    with_latent: Any = read
    assert with_latent(write(Dag(["u", "x"], [("u", "x")])), latent="u").latent == {"u"}


# --- arbitrary text ---------------------------------------------------------------------------------

NAMES = st.text(min_size=1, max_size=12).filter(str.strip)
FRAGMENTS = [
    *("dag", "digraph", "graph", "strict", "node", "edge", "subgraph", "mag", "a", "b", "c d", '"', "\\", "'", "-1"),
    *("{", "}", "[", "]", "(", ")", ";", ",", "=", "->", "<-", "<->", "--", ":", "+", "|", "<", ">", "#", "//", "/*"),
    *("*/", "\n", " ", "\t", "\r", "network", "variable", "probability", "type", "discrete", "table", "default"),
    *("property", "0.5", "1", "2", "0", "1e400", "nan", "latent", "true", "no", "yes", "source,target", '{"format":'),
    *('"causalpp.dag"', '"version":', '"nodes":', '"edges":', "null", "[]", "{}", "dir", "both", "\u2028", "\0"),
]
SOUP = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(" ".join)
HEADS = {
    "dot": "digraph {",
    "dagitty": "dag {",
    "bif": "network n { } variable a { type discrete [ 2 ] { no, yes }; } probability ( a ) {",
    "json": '{"format": "causalpp.dag", "version": 1, ',
    "edge-list": "source,target\n",
    "adjacency": ",a,b\n",
}


@pytest.mark.parametrize("name", TEXT)
def test_arbitrary_text_raises_only_our_errors(name: str) -> None:
    _, read = TEXT[name]

    @settings(max_examples=250, deadline=None)
    @given(st.one_of(st.text(), SOUP, SOUP.map(HEADS[name].__add__), SOUP.map(lambda s: HEADS[name] + s + "}")))
    def check(text: str) -> None:
        try:
            assert isinstance(read(text), Dag | Admg | Mpdag)
        except CausalppError as error:
            assert str(error)  # noqa: PT017 - most texts fail, some succeed

    check()


@pytest.mark.parametrize("name", TEXT)
def test_a_text_with_one_letter_changed_raises_only_our_errors(name: str) -> None:
    write, read = TEXT[name]
    good = write(Dag(["a", "b c" if name != "bif" else "bc", "d"], [("a", "d")]))

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, len(good)), st.integers(0, 3), st.text(max_size=2))
    def check(position: int, removed: int, put: str) -> None:
        try:
            assert isinstance(read(good[:position] + put + good[position + removed :]), Dag | Admg | Mpdag)
        except CausalppError as error:
            assert str(error)  # noqa: PT017

    check()


@pytest.mark.parametrize("name", TEXT)
def test_arbitrary_names_come_back_or_are_refused(name: str) -> None:
    write, read = TEXT[name]

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.one_of(NAMES, st.text('\\"\n ab', min_size=1).filter(str.strip)), unique=True, max_size=4))
    def check(names: list[str]) -> None:
        hidden = names[:1] if name not in WITHOUT_LATENT else []
        dag = Dag(names, list(pairwise(names)), latent=hidden)
        try:
            text = write(dag)
        except FormatError as error:
            assert name != "json"
            assert "cannot hold" in str(error)  # noqa: PT017
            return
        assert read(text) == dag
        assert "\r" not in text  # would change in a file

    check()


@pytest.mark.parametrize("name", ["dot", "dagitty"])
@pytest.mark.parametrize("text", ["{" * 5000, "a -> " * 3000 + "a", "[" * 5000, "a -> {" * 5000])
def test_deep_nesting_is_refused_quietly(name: str, text: str) -> None:
    with pytest.raises(CausalppError):
        TEXT[name][1](HEADS[name] + text)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(FormatError, match="nested too deeply"):
        formats.from_json("[" * 200_000)


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".dot", ".gv", ".dagitty", ".txt", ".bif", ".csv", ".JSON"])
def test_the_suffix_decides(suffix: str, tmp_path: Any) -> None:
    dag = Dag(["a", "b", "c"], [("a", "b")])
    path = write_graph(dag, tmp_path / f"graph{suffix}")
    assert path == tmp_path / f"graph{suffix}"
    assert read_graph(str(path)) == dag


def test_a_csv_with_an_empty_first_cell_is_an_adjacency_matrix(tmp_path: Any) -> None:
    dag = Dag(["b", "a", "c"], [("a", "b")])
    path = write_graph(dag, tmp_path / "graph.csv", format="adjacency")
    assert read_graph(path).nodes == dag.nodes


@pytest.mark.parametrize("path", ["graph.xyz", "graph", ".json"])
def test_unknown_suffixes_name_the_known_ones(path: str, tmp_path: Any) -> None:
    with pytest.raises(FormatError, match=r"known suffix \(\.json, \.dot, "):
        read_graph(tmp_path / path)
    with pytest.raises(FormatError, match="known suffix"):
        write_graph(Dag(["a"]), tmp_path / path)


def test_unknown_formats_name_the_known_ones(tmp_path: Any) -> None:
    with pytest.raises(FormatError, match="unknown format 'xml'; known: json, dot, dagitty, "):
        read_graph(tmp_path / "a.json", format="xml")


def test_errors_name_the_file_and_the_line(tmp_path: Any) -> None:
    path = tmp_path / "broken.dot"
    path.write_text("digraph {\n  a -> ;\n}")
    with pytest.raises(FormatError, match=r"broken.dot: line 2, column 8: expected a variable") as error:
        read_graph(path)
    assert (error.value.line, error.value.column) == (2, 8)
    with pytest.raises(FormatError, match="no such file"):
        read_graph(tmp_path / "absent.dot")


def test_a_refused_graph_leaves_the_old_file(tmp_path: Any) -> None:
    path = write_graph(Dag(["a"]), tmp_path / "graph.csv")
    before = path.read_bytes()
    with pytest.raises(FormatError, match="latent"):
        write_graph(Dag(["a"], latent="a"), path)
    with pytest.raises(FormatError, match="surrogate"):
        write_graph(Dag(["\ud800"]), path)
    assert path.read_bytes() == before


def test_windows_line_ends_and_byte_order_marks_are_read(tmp_path: Any) -> None:
    dag = Dag(["a", "bc"], [("a", "bc")])
    for name, (write, _) in TEXT.items():
        path = tmp_path / f"graph.{name}"
        path.write_bytes(b"\xef\xbb\xbf" + write(dag).replace("\n", "\r\n").encode())
        assert read_graph(path, format=name) == dag
        assert TEXT[name][1](write(dag).replace("\n", "\r\n")) == dag


def test_too_many_parents_for_bif() -> None:
    names = [f"x{i}" for i in range(25)]
    with pytest.raises(TooLarge, match="'x24' has 24 parents"):
        formats.to_bif(Dag(names, [(name, "x24") for name in names[:-1]]))


@pytest.mark.parametrize("name", ["dot", "dagitty", "edge-list"])
def test_cycles_are_named(name: str) -> None:
    texts = {"dot": "digraph { a -> b -> a }", "dagitty": "dag { a -> b -> a }", "edge-list": "a,b\nb,a"}
    with pytest.raises(InvalidGraph, match="directed cycle: a → b → a"):
        TEXT[name][1](texts[name])
