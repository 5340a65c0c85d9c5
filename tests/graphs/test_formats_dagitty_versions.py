"""dagitty texts of every version: the graphs of its example page, by their structure, in the form each has there."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.errors import CyclicGraph, FormatError, InvalidGraph
from causalpp.graphs import Admg, Cpdag, Dag, Mpdag
from causalpp.graphs.formats import from_dagitty, read_graph, to_dagitty

# name: (exposure, outcome, other marks, effects of each variable)
LISTS: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "confounding triangle": ("E", "D", {}, {"E": "D", "A": "E Z", "B": "D Z", "Z": "E D"}),
    "mediator": ("X", "Y", {}, {"Z": "X I", "X": "I Y", "I": "Y"}),
    "few paths": (
        "E",
        "D",
        {},
        {
            "E": "D",
            "1": "E",
            "7": "6 E",
            "8": "7 D",
            "15": "14 D",
            **{str(i): str(i - 1) for i in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14)},
        },
    ),
    "genes": (
        "EDN1.3",
        "EDNI1.7",
        {},
        {
            "SELP.17": "SELP.22",
            "ECE1.13": "SELP.17",
            "ECE1.12": "ECE1.13",
            "MET.6": "SELP.12",
            "CAT": "MET.5",
            "CSF2.3": "CSF2.4",
            "TGFBR3.10": "TGFBR3.2 TGFBR3.9",
            "TGFBR3.2": "TGFBR3.9",
            "TGFBR3.8": "TGFBR3.2 TGFBR3.9",
            "EDN1.3": "ANXA2.12 EDNI1.7",
            "BMP6.13": "BMP6.12 BMP6.9",
            "EDN1.10": "EDNI1.7",
            "EDNI1.6": "EDN1.10 EDNI1.7",
            "ANXA2.8": "EDN1.3 CAT ECE1.12 EDNI1.6 ADCY9.8 BMP6 ANXA2.13",
            "BMP6.11": "BMP6.9",
            "BMP6.10": "BMP6.11 BMP6.13",
            "BMP6": "BMP6.10",
            "ANXA2.13": "ANXA2.11",
            "MET.5": "MET.6 TGFBR3.7 SELP.14",
            "EDN1.9": "EDN1.10 BMP6.14 EDN1.3",
            "ANXA2.7": "ANXA2.11 ANXA2.5",
            "BMP6.14": "BMP6.12",
            "TGFBR3.7": "CSF2.3 TGFBR3.10",
            "ANXA2.12": "ANXA2.13 ANXA2.11 ANXA2.7 ANXA2.5",
            "Stroke": "CSF2.4 TGFBR3.10 MET.6 SELP.12 SELP.22 ECE1.13 ECE1.12 BMP6.12 BMP6.13 BMP6.11 ADCY9.8 BMP6.10 "
            "TGFBR3.8 MET.5 SELP.14",
        },
    ),
    "diabetes": (
        "TT",
        "T2DM",
        {},
        {"A": "S PA WC U TT", "S": "TT T2DM", "WC": "TT U T2DM", "U": "TT T2DM", "PA": "WC T2DM"},
    ),
    "warming up": (
        "WarmUpExercises",
        "Injury",
        {},
        {
            "Coach": "FitnessLevel TeamMotivation",
            "Genetics": "FitnessLevel NeuromuscularFatigue ConnectiveTissueDisorder",
            "TeamMotivation": "PreviousInjury WarmUpExercises",
            "PreGameProprioception": "WarmUpExercises",
            "ConnectiveTissueDisorder": "TissueWeakness NeuromuscularFatigue",
            "ContactSport": "IntraGameProprioception PreviousInjury",
            "TissueWeakness": "Injury",
            "IntraGameProprioception": "Injury",
            "FitnessLevel": "PreGameProprioception NeuromuscularFatigue",
            "NeuromuscularFatigue": "IntraGameProprioception Injury",
            "WarmUpExercises": "IntraGameProprioception",
        },
    ),
    "eighteen": (
        "x3",
        "x15",
        {},
        {
            "x4": "x5",
            "x5": "x7 x11",
            "x6": "x7 x14",
            "x7": "x9",
            "x8": "x14 x15",
            "x9": "x10",
            "x10": "x12 x15",
            "x11": "x12",
            "x12": "x13",
            "x14": "x16",
            "x16": "x17",
            "x1": "x4 x3",
            "x2": "x3",
            "x15": "x17 x18",
            "x3": "x6 x5",
        },
    ),
    "mediators with errors": (
        "x",
        "y",
        {"e0": "U", "e1": "U", "e3": "U", "e4": "U", "s2": "A"},
        {
            "e0": "x",
            "e1": "s1",
            "e2": "s2 y",
            "e3": "s3",
            "e4": "y",
            "s1": "s2 z",
            "s2": "s3 z2",
            "s3": "y",
            "x": "y s1",
            "y": "z3",
        },
    ),
    "personality": (
        "SUS",
        "EGC",
        {},
        {
            "AFF": "ALN APA CDR",
            "AIS": "AFF EGC SUS",
            "ALN": "APA DET FTW PER SUS",
            "CDR": "DET",
            "EGC": "HOS",
            "FTW": "DET EGC",
            "SAN": "ALN AFF AIS APA CDR",
            "SUS": "EGC FTW HOS",
            "PER": "DET",
        },
    ),
}
TEETH = [
    *("ToothLoss", "Mortality", "Periodontitis", "Caries", "Diabetes", "Obesity", "Hypertension", "Psychosocial"),
    *("Age", "Sex", "Alcohol", "Smoking", "Sport", "Lipids"),
]
TEETH_EFFECTS = {  # rows of the matrix, as numbers of columns
    0: [1],
    2: [0],
    3: [0],
    4: [1, 2, 6, 13],
    5: [1, 2, 4, 6, 13],
    6: [1],
    7: [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13],
    8: [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13],
    9: [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13],
    10: [0, 1, 4, 5, 6, 11, 13],
    11: [0, 1, 2, 4, 5, 6, 12],
    12: [1, 2, 4, 5, 6, 13],
    13: [1],
}


def expected(name: str) -> Dag:
    exposure, outcome, letters, effects = LISTS[name]
    edges = [(a, b) for a, targets in effects.items() for b in targets.split()]
    nodes = list(dict.fromkeys([exposure, outcome, *effects, *(b for _, b in edges)]))
    return Dag(
        nodes,
        edges,
        latent=[n for n, letter in letters.items() if letter == "U"],
        adjusted=[n for n, letter in letters.items() if letter == "A"],
        exposure=exposure,
        outcome=outcome,
    )


def same(found: object, dag: Dag) -> None:
    """Equal, and with the same question, which equality leaves out."""
    assert found == dag
    assert isinstance(found, Dag)
    assert (found.exposure, found.outcome) == (dag.exposure, dag.outcome)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("position", [" @-2.2,1.597", ""])
def test_example_graphs_in_version_one(name: str, position: str) -> None:
    exposure, outcome, letters, effects = LISTS[name]
    dag = expected(name)
    letter = {exposure: "E", outcome: "O", **letters}
    lines = [f"{node} {letter.get(node, '1')}{position}" for node in dag.nodes]
    lines += ["", *(f"{a} {targets}" for a, targets in effects.items()), *(b for b in dag.nodes if b not in effects)]
    found = from_dagitty("\n".join(lines))
    same(found, dag)
    assert isinstance(found, Dag)
    assert found.nodes == dag.nodes


def test_an_edge_of_version_one_may_bend() -> None:
    found = from_dagitty("e2 1 @0,0\ns2 A @1,1\ny O @2,2\n\ne2 s2 @0.446,0.643 y @0.949,0.690\n\ns2 y\n")
    same(found, Dag(["e2", "s2", "y"], [("e2", "s2"), ("e2", "y"), ("s2", "y")], adjusted="s2", outcome="y"))


def test_the_example_graph_that_is_a_matrix() -> None:
    lines = [f"{name} {'E' if i == 0 else 'O' if i == 1 else 1} @{i}.677,{i}.421" for i, name in enumerate(TEETH)]
    rows = ["  ".join("1" if j in TEETH_EFFECTS.get(i, ()) else "0" for j in range(14)) for i in range(14)]
    edges = [(TEETH[i], TEETH[j]) for i, row in TEETH_EFFECTS.items() for j in row]
    dag = Dag(TEETH, edges, exposure="ToothLoss", outcome="Mortality")
    assert len(edges) == 69
    same(from_dagitty("\n".join([*lines, "", *rows])), dag)


def test_the_example_graphs_of_version_three() -> None:
    m_bias = from_dagitty(
        'dag { \nbb="-3,-0.5,2,1.2"D [outcome,pos="1,1"] E [exposure,pos="-2,1"] Z [pos="-0.5,0.5"] '
        'D <-> Z [pos="1,-1"] E -> D E <-> Z [pos="-2,-1"] }'
    )
    assert m_bias == Admg(("D", "E", "Z"), (("E", "D"),), (("D", "Z"), ("E", "Z")))
    assert isinstance(m_bias, Admg)
    assert (m_bias.exposure, m_bias.outcome) == ({"E"}, {"D"})
    effects = {"Age": "HRT Occ S TCI", "HRT": "TCI", "Occ": "Smo Thist", "Smo": "HRT TCI", "TCI": "S", "Thist": "TCI"}
    marks = {"Age": "adjusted", "HRT": "exposure", "S": "selected", "TCI": "outcome"}
    names = ["Age", "HRT", "Occ", "S", "Smo", "TCI", "Thist"]
    lines = [f'{name} [{marks[name]},pos="1,2"]' if name in marks else f'{name} [pos="1,2"]' for name in names]
    edges = [(a, b) for a, targets in effects.items() for b in targets.split()]
    lines += [f"{a} -> {b}" + ' [pos="-0.945,-0.571"]' * (b == "S") for a, b in edges]
    text = "\ndag {\n" + "\n".join(lines) + "\n}"
    same(from_dagitty(text), Dag(names, edges, adjusted="Age", selected="S", exposure="HRT", outcome="TCI"))


@pytest.mark.parametrize("name", LISTS)
def test_example_graphs_written_and_read_again(name: str) -> None:
    dag = expected(name)
    same(from_dagitty(to_dagitty(dag)), dag)
    bare = "\n".join(to_dagitty(dag).splitlines()[1:-1])
    same(from_dagitty(bare), dag)
    same(from_dagitty('bb="0,0,1,1"\n' + bare.replace("\n", " ; ")), dag)


OTHERS: list[tuple[str, object]] = [
    ("x -> y", Dag.from_edges([("x", "y")])),
    ("\ufeffx -> y", Dag.from_edges([("x", "y")])),
    ("x <- u -> y", Dag(["x", "u", "y"], [("u", "x"), ("u", "y")])),
    ('x [pos="0,0"]\ny [pos="1,1"]', Dag(["x", "y"])),
    ("dag -> pdag", Dag.from_edges([("dag", "pdag")])),  # bare, and two variables of these names
    ("dag { x <-> y }", Admg(("x", "y"), (), (("x", "y"),))),
    ("dag { x -> y <-> z; x <-> y }", Admg(("x", "y", "z"), (("x", "y"),), (("x", "y"), ("y", "z")))),
    ("dag { x @-> y }", Admg(("x", "y"), (("x", "y"),), (("x", "y"),))),
    ("dag { x <-@ y }", Admg(("x", "y"), (("y", "x"),), (("x", "y"),))),
    ("dag { {x y} <-> z }", Admg(("x", "y", "z"), (), (("x", "z"), ("y", "z")))),
    ("dag { x <-> y ; y <-> x }", Admg(("x", "y"), (), (("x", "y"),))),
    ("pdag { x -- y }", Cpdag("xy", undirected=[("x", "y")])),
    ("pdag { x -- y -- z }", Cpdag("xyz", undirected=[("x", "y"), ("y", "z")])),
    ("pdag { x -> y <- z ; w -- x }", None),
    ("pdag { x -> z <- y }", Cpdag("xyz", directed=[("x", "z"), ("y", "z")])),
    ("pdag { x -> y }", Mpdag("xy", directed=[("x", "y")])),
    ("kick E @0,1\nball O @1,1\n\nkick ball\nball kick", Admg(("kick", "ball"), (), (("kick", "ball"),))),
    ("heart%20rate 1 @0,1\nball O @1,1\n\nheart%20rate ball", Dag.from_edges([("heart rate", "ball")])),
    ("heart rate 1 @0,1\nball O @1,1\n\nball heart rate", Dag(["heart rate", "ball"], [("ball", "heart rate")])),
    ("kick @0,1\nball @1,1\n\nkick ball", Dag.from_edges([("kick", "ball")])),
    ("kick\nball\n\nkick ball", Dag.from_edges([("kick", "ball")])),
    ("kick E @0,1\r\nball O @1,1\r\n\r\nkick ball\r\n", Dag.from_edges([("kick", "ball")])),
    ("kick E @0,1\nball O @1,1", Dag(["kick", "ball"])),
    ("kick E @0,1\nball O @1,1\n\n0 0 1 0", Dag(["kick", "ball"], [("ball", "kick")])),
    ("dag { subgraph cluster_1 { x -> y } -> z }", Dag(["x", "y", "z"], [("x", "y"), ("x", "z"), ("y", "z")])),
    ("dag { subgraph { x } subgraph -> x }", Dag(["x", "subgraph"], [("subgraph", "x")])),
    ("kick E @0,1\nball O @1,1\n\n0 0\n1 0", Dag(["kick", "ball"], [("ball", "kick")])),
    # a latent variable beside <->: both are gone from the Admg, and both of their effects are in it
    ("dag { u [latent] u -> x u -> y x <-> z }", Admg(("x", "y", "z"), (), (("x", "y"), ("x", "z")))),
    ("dag { u [latent] x -> u u -> y y <-> x }", Admg(("x", "y"), (("x", "y"),), (("x", "y"),))),
]


@pytest.mark.parametrize(("text", "graph"), OTHERS)
def test_other_texts(text: str, graph: object) -> None:
    if graph is None:  # an arrow into y that the class w – x would have to share
        with pytest.raises(InvalidGraph):
            from_dagitty(text.replace("w -- x", "y -- w"))
        assert from_dagitty(text) == Cpdag("xyzw", directed=[("x", "y"), ("z", "y")], undirected=[("w", "x")])
        return
    assert from_dagitty(text) == graph
    assert type(from_dagitty(text)) is type(graph)


REFUSED = [
    ("kick E @0,1\nball O @1,1\n\nkick balls", "line 4: 'balls' is none of the variables listed above"),
    ("kick E @0,1\nkick O @1,1\n\nkick", "line 2: the variable 'kick' is listed twice"),
    ("kick E @0,1\nball O @1,1\n\n0 1\n0", "line 5: a row of the matrix has one 0 or 1 for each of the 2"),
    ("kick E @0,1\nball O @1,1\n\n0 1", "line 4: the matrix has one row for each of the 2 variables, got 1"),
    ("kick E @here\n\nkick", "line 1: a position is @x,y"),
    ("dag { x [latent=false] }", r"reads \[latent=false\] as latent all the same"),
    ("dag { x [observed=perhaps] }", "observed is true or false"),
    ("x -- y", "column 3: '--' is not an edge of a Dag"),
    ("mag { x -> y }", "a MAG is not a Dag"),
    ("pag { x @-> y }", "a PAG is not a Dag"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_texts_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_dagitty(text)


def test_cycles_and_marks_that_contradict() -> None:
    with pytest.raises(CyclicGraph):
        from_dagitty("a 1 @0,0\nb 1 @0,0\n\n0 1\n1 0")
    with pytest.raises(CyclicGraph):
        from_dagitty("a\nb\n\na a b")
    with pytest.raises(InvalidGraph, match="'s' is both latent and selected"):
        from_dagitty("dag { s [latent,selected] }")
    with pytest.raises(InvalidGraph, match="'a' is latent, and a partially directed graph"):
        from_dagitty("pdag { a [latent] a -- b }")
    with pytest.raises(InvalidGraph, match="'x' is latent and cannot be the exposure"):
        from_dagitty("dag { x [latent,exposure] x <-> y }")


NAMES = st.text("abXY012 %é._-", min_size=1, max_size=6).map(str.strip).filter(lambda name: name.strip(" ") != "")


@settings(max_examples=150, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.data())
def test_any_graph_in_version_one(names: list[str], data: st.DataObject) -> None:
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    letters = {name: data.draw(st.sampled_from(["1", "E", "O", "A", "U", "EA"])) for name in names}
    coded = {name: quote(name, safe="") for name in names}
    lines = [f"{coded[name]} {letters[name]} @0.1,-2e-3" for name in names]
    dag = Dag(
        names,
        edges,
        latent=[name for name in names if letters[name] == "U"],
        adjusted=[name for name in names if "A" in letters[name]],
        exposure=[name for name in names if "E" in letters[name]],
        outcome=[name for name in names if letters[name] == "O"],
    )
    listed = [f"{coded[a]} " + " ".join(coded[b] for x, b in edges if x == a) for a in names]
    if not all(word in ("0", "1") for line in listed for word in line.split()):
        same(from_dagitty("\n".join([*lines, "", *listed])), dag)
    rows = [" ".join("1" if (a, b) in edges else "0" for b in names) for a in names]
    same(from_dagitty("\n".join([*lines, "", *rows])), dag)


def test_the_reader_of_files_takes_them(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "old.txt"
    path.write_text("kick E @0,1\nball O @1,1\n\nkick ball\n")
    assert read_graph(path) == Dag.from_edges([("kick", "ball")])
