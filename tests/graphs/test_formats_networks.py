"""XMLBIF, XDSL, NET and UAI: the order of the numbers, round trips, what other libraries write, and what is refused."""

from __future__ import annotations

import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from causalpp import read_graph
from causalpp.errors import CausalppError, CyclicGraph, FormatError, TooLarge
from causalpp.graphs import (
    BifNetwork,
    Dag,
    read_net,
    read_network,
    read_uai,
    read_xdsl,
    read_xmlbif,
    write_net,
    write_network,
    write_uai,
    write_xdsl,
    write_xmlbif,
)
from causalpp.programs import from_network, load_network

FORMATS = {
    "xmlbif": (read_xmlbif, write_xmlbif),
    "xdsl": (read_xdsl, write_xdsl),
    "net": (read_net, write_net),
    "uai": (read_uai, write_uai),
}
#: c given a (2 states) and b (3 states): every number is different, so that no order goes unnoticed.
TABLE = np.array([[[0.99, 0.01], [0.98, 0.02], [0.97, 0.03]], [[0.96, 0.04], [0.95, 0.05], [0.94, 0.06]]])
IN_ORDER = "0.99 0.01 0.98 0.02 0.97 0.03 0.96 0.04 0.95 0.05 0.94 0.06"  # a slowest, then b, c fastest
NETWORK = BifNetwork(
    "n",
    {"a": ("n", "y"), "b": ("l", "m", "h"), "c": ("f", "t")},
    {"a": (), "b": (), "c": ("a", "b")},
    {"a": np.array([0.5, 0.5]), "b": np.array([0.2, 0.3, 0.5]), "c": TABLE},
)


def random_network(rng: random.Random) -> BifNetwork:
    names = [f"v{i}" for i in range(rng.randint(1, 6))]
    rng.shuffle(names)
    states = {n: tuple(f"s{k}" for k in range(rng.randint(1, 4))) for n in names}
    parents = {n: tuple(rng.sample(names[:i], rng.randint(0, min(i, 3)))) for i, n in enumerate(names)}
    draw = np.random.default_rng(rng.randint(0, 10**6))
    tables = {n: draw.dirichlet(np.ones(len(states[n])), size=tuple(len(states[p]) for p in parents[n])) for n in names}
    return BifNetwork("n", states, parents, tables)


@pytest.mark.parametrize("name", FORMATS)
def test_networks_come_back_to_the_last_digit(name: str) -> None:
    read, write = FORMATS[name]
    rng = random.Random(name)
    for network in [NETWORK, *(random_network(rng) for _ in range(100))]:
        back = read(write(network))
        if name == "uai":  # has no names
            called = dict(zip(network.states, back.states, strict=True))
            assert back.parents == {called[n]: tuple(called[p] for p in above) for n, above in network.parents.items()}
            assert all(np.array_equal(back.tables[called[n]], table) for n, table in network.tables.items())
        else:
            assert (back.states, back.parents) == (network.states, network.parents)
            assert all(np.array_equal(back.tables[n], table) for n, table in network.tables.items())


@pytest.mark.parametrize("suffix", [".bif", ".xmlbif", ".xml", ".xdsl", ".net", ".uai"])
def test_files(tmp_path: Path, suffix: str) -> None:
    path = write_network(NETWORK, tmp_path / f"n{suffix}")
    found = read_network(path)
    last = list(found.states)[-1]
    assert np.array_equal(found.tables[last], TABLE)
    assert read_graph(path) == found.dag
    program = from_network(found)
    expected = np.einsum("a,b,abc->c", [0.5, 0.5], [0.2, 0.3, 0.5], TABLE)
    assert np.allclose(list(program.distribution(last).values()), expected)


# --- the order of the numbers ---------------------------------------------------------------------------

VARIABLE = "<VARIABLE TYPE='nature'><NAME>{}</NAME>{}</VARIABLE>"
XMLBIF = (
    '<?xml version="1.0" encoding="US-ASCII"?>\n<!DOCTYPE BIF [\n<!ELEMENT BIF ( NETWORK )*>\n'
    "<!ATTLIST BIF VERSION CDATA #REQUIRED>\n]>\n<BIF VERSION='0.3'><NETWORK><NAME>n</NAME>"
    + "".join(VARIABLE.format(n, "".join(f"<OUTCOME>{s}</OUTCOME>" for s in NETWORK.states[n])) for n in "abc")
    + "<DEFINITION><FOR>a</FOR><TABLE>0.5 <!-- half --> 0.5</TABLE></DEFINITION>"
    "<DEFINITION><FOR>b</FOR><TABLE>.2 .3 5e-1</TABLE></DEFINITION>"
    f"<DEFINITION><FOR>c</FOR><GIVEN>a</GIVEN><GIVEN>b</GIVEN><TABLE>{IN_ORDER}</TABLE></DEFINITION></NETWORK></BIF>"
)
XDSL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<smile version="1.0" id="n" numsamples="1000"><nodes>'
    '<cpt id="a"><state id="n" /><state id="y" /><probabilities>0.5 0.5</probabilities></cpt>'
    '<cpt id="b"><state id="l" /><state id="m" /><state id="h" /><probabilities>0.2 0.3 0.5</probabilities></cpt>'
    '<cpt id="c"><state id="f" /><state id="t" /><parents>a b</parents>'
    f"<probabilities>{IN_ORDER}</probabilities></cpt></nodes>"
    '<extensions><genie version="1.0" name="Net" faultnameformat="nodestate"><node id="a"><name>A label</name></node>'
    "</genie></extensions></smile>"
)
NET = """net { node_size = (80 40); name = "n"; }
node a { label = "A label"; states = ("n" "y"); position = (10 20); }
discrete node b { states = ("l" "m" "h"); HR_Zoom = 100; }
node c { states = ("f" "t"); }
potential (a) { data = (0.5 0.5); }
potential (b | ) { data = ( 0.2 0.3 0.5 ); }
potential (c | a b)   % three
{ data = (((0.99 0.01) (0.98 0.02) (0.97 0.03))
   ((0.96 0.04)(0.95 0.05)(0.94 0.06)));  % the last parent is faster
}"""
UAI = f"BAYES\n3\n2 3 2\n3\n1 0\n1 1\n3 0 1 2\n\n2\n 0.5 0.5\n\n3\n 0.2 0.3 0.5\n\n12\n {IN_ORDER}\n"


@pytest.mark.parametrize("name", FORMATS)
def test_the_last_parent_counts_faster_than_the_first(name: str) -> None:
    text = {"xmlbif": XMLBIF, "xdsl": XDSL, "net": NET, "uai": UAI}[name]
    network = FORMATS[name][0](text)
    c = list(network.states)[-1]
    assert np.array_equal(network.tables[c], TABLE)
    if name != "uai":
        assert network == NETWORK


def test_the_example_of_the_definition_of_xmlbif() -> None:
    # The dog is out with probability .99 if it has bowel trouble and the family is out, .97 if only the former …
    true = "<OUTCOME>true</OUTCOME><OUTCOME>false</OUTCOME>"
    text = "<BIF><NETWORK><NAME>Dog-Problem</NAME>" + "".join(
        VARIABLE.format(n, true) for n in ("bowel-problem", "dog-out", "family-out")
    )
    text += """<DEFINITION><FOR>bowel-problem</FOR><TABLE>0.01 0.99</TABLE></DEFINITION>
        <DEFINITION><FOR>dog-out</FOR><GIVEN>bowel-problem</GIVEN><GIVEN>family-out</GIVEN>
        <TABLE>0.99 0.01 0.97 0.03 0.9 0.1 0.3 0.7</TABLE></DEFINITION>
        <DEFINITION><FOR>family-out</FOR><TABLE>0.15 0.85</TABLE></DEFINITION></NETWORK></BIF>"""
    assert read_xmlbif(text).tables["dog-out"][..., 0].tolist() == [[0.99, 0.97], [0.9, 0.3]]


def _as_pgmpy():  # type: ignore[no-untyped-def]
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    names = {n: list(s) for n, s in NETWORK.states.items()}
    model = DiscreteBayesianNetwork([("a", "c"), ("b", "c")])
    model.add_cpds(
        TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": names["a"]}),
        TabularCPD("b", 3, [[0.2], [0.3], [0.5]], state_names={"b": names["b"]}),
        TabularCPD("c", 2, TABLE.reshape(6, 2).T, ["a", "b"], [2, 3], state_names=names),
    )
    return model


@pytest.mark.parametrize("name", ["xdsl", "xmlbif", "net"])
def test_what_pgmpy_writes_is_read_with_the_same_numbers(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy import readwrite

        model, path = _as_pgmpy(), tmp_path / f"n.{name}"
        if name == "xdsl":
            readwrite.XDSLWriter(model).write_xdsl(str(path))
        elif name == "xmlbif":
            readwrite.XMLBIFWriter(model).write_xmlbif(str(path))
        else:
            readwrite.NETWriter(model).write(str(path))
    network = read_network(path)
    c = next(n for n, above in network.parents.items() if above)
    # Axes in the order of a and b, whatever the order of the parents in the file.
    sizes = [len(network.states[p]) for p in network.parents[c]]
    table = network.tables[c] if sizes == [2, 3] else network.tables[c].swapaxes(0, 1)
    states = network.states[c]
    assert np.allclose(table if states[0] in ("f", "0") else table[..., ::-1], TABLE)


def test_an_order_that_is_not_that_of_uai_is_refused(tmp_path: Path) -> None:
    # pgmpy names the variable last, as the format asks, and lets it count slowest, which the format does not.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.readwrite import UAIWriter

        UAIWriter(_as_pgmpy()).write(str(tmp_path / "n.uai"))
    with pytest.raises(FormatError, match="is no distribution"):
        read_network(tmp_path / "n.uai")


# --- what is refused ------------------------------------------------------------------------------------

REFUSED = [
    ("xmlbif", "", "not XML: no element found"),
    ("xmlbif", "<BIF><NETWORK></BIF>", "line 1, column .*not XML: mismatched tag"),
    ("xmlbif", "<graphml/>", "this one with <graphml>"),
    ("xmlbif", XMLBIF.replace("<TABLE>.2 .3 5e-1", "<TABLE>.2 .3 .4"), "line 6: a row of 'b', 0.2 0.3 0.4"),
    ("xmlbif", XMLBIF.replace("<TABLE>.2 .3 5e-1", "<TABLE>.2 .8"), "expected 3 numbers for 'b', found 2"),
    ("xmlbif", XMLBIF.replace("<TABLE>.2 .3 5e-1", "<TABLE>.2 .3 half"), "'half' is not a probability"),
    ("xmlbif", XMLBIF.replace("<TABLE>.2 .3 5e-1", "<TABLE>.2 -.3 1.1"), "'-.3' is not a probability"),
    ("xmlbif", XMLBIF.replace("<GIVEN>b<", "<GIVEN>z<"), "'c' has the unknown parent 'z'"),
    ("xmlbif", XMLBIF.replace("TYPE='nature'", "TYPE='decision'"), "of type 'decision'"),
    ("xmlbif", XMLBIF.replace("<FOR>b<", "<FOR>a<"), "a second table for 'a'"),
    ("xmlbif", XMLBIF.replace("<OUTCOME>m<", "<OUTCOME>l<"), "'b' needs at least one state"),
    ("xdsl", XDSL.replace('cpt id="a"', 'decision id="a"').replace("</cpt>", "</decision>", 1), "'a' is a decision"),
    ("xdsl", XDSL.replace("<nodes>", "<dynamic numslices='3'/><nodes>"), "unrolls in time"),
    ("xdsl", XDSL.replace("<probabilities>0.5 0.5</probabilities>", ""), "<cpt> has no <probabilities>"),
    ("net", NET.replace("node c", "continuous node c"), "line 4, column 1: 'continuous' nodes are not read"),
    ("net", NET.replace("data = (0.5 0.5)", "model_data = (x)"), "line 5: the table of 'a' is given by an expression"),
    ("net", NET[:-2], "the NET text ends where .* is the file complete"),
    ("net", NET.replace("0.06", "0.6"), "line 7: a row of 'c', 0.94 0.6, is no distribution: it sums to 1.54"),
    ("net", "*Vertices 3\n", "Pajek"),
    ("uai", UAI.replace("BAYES", "MARKOV"), "'MARKOV' network has no directed graph"),
    ("uai", UAI[:-12], "ends within a table"),
    ("uai", UAI + "0.5", "'0.5' stands behind the last table"),
    ("uai", UAI.replace("3 0 1 2", "3 0 1 7"), "the variables 0 to 2"),
    ("uai", "BAYES 999999999", "more than the file has words"),
    ("uai", UAI.replace("3 0 1 2", "3 0 1 1"), "stands twice|second table"),
]


@pytest.mark.parametrize(("name", "text", "message"), REFUSED)
def test_what_is_wrong_is_said(name: str, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        FORMATS[name][0](text)
    assert error.value.line is not None
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "declared",
    ['<!ENTITY a "aa">', '<!ENTITY a SYSTEM "nothing.txt">', '<!ENTITY % p "x">'],
)
@pytest.mark.parametrize(("read", "root"), [(read_xmlbif, "BIF"), (read_xdsl, "smile")])
def test_entities_are_refused_before_they_are_used(read, root: str, declared: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FormatError, match=r"line 1, column .* XML entity, which is not read"):
        read(f"<!DOCTYPE {root} [ {declared} ]><{root}>&amp;</{root}>")


def test_what_a_format_cannot_hold_is_not_written() -> None:
    odd = BifNetwork("n", {"two words": ("x y", "<&>")}, {"two words": ()}, {"two words": np.array([0.5, 0.5])})
    assert read_xmlbif(write_xmlbif(odd)) == odd
    for write in (write_xdsl, write_net):
        with pytest.raises(FormatError, match="cannot hold the name 'two words'"):
            write(odd)
    latent = BifNetwork("n", {"a": ("x",)}, {"a": ()}, {"a": np.array([1.0])}, frozenset("a"))
    assert read_xmlbif(write_xmlbif(latent)).latent == {"a"}
    for write in (write_xdsl, write_net, write_uai):
        with pytest.raises(FormatError, match="cannot mark latent variables"):
            write(latent)
    with pytest.raises(FormatError, match="control character"):
        write_xmlbif(BifNetwork("n", {"a": ("\x01",)}, {"a": ()}, {"a": np.array([1.0])}))
    for _, write in FORMATS.values():
        with pytest.raises(FormatError, match="does not sum to one"):
            write(BifNetwork("n", {"a": ("x",)}, {"a": ()}, {"a": np.array([0.5])}))
        with pytest.raises(FormatError, match="without variables"):
            write(BifNetwork("n", {}, {}, {}))


def test_undefined_rows_cycles_and_giant_tables() -> None:
    found = read_xmlbif(XMLBIF.replace("0.98 0.02", "NaN NaN"))
    assert np.isnan(found.tables["c"][0, 1]).all()
    assert found.undefined == {("c", 1): 6}
    with pytest.raises(CyclicGraph):
        read_uai("BAYES 2  1 1  2  2 1 0  2 0 1   1 1.0  1 1.0")
    text = (
        "BAYES 30 " + "2 " * 30 + "30 " + "".join(f"1 {k} " for k in range(29)) + "30 " + " ".join(map(str, range(30)))
    )
    with pytest.raises(TooLarge):
        read_uai(text + " 2 .5 .5" * 29 + " 1 1.0")


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_an_error_of_ours(name: str) -> None:
    text = {"xmlbif": XMLBIF, "xdsl": XDSL, "net": NET, "uai": UAI}[name]
    rng = random.Random(0)
    refused = 0
    for _ in range(400):
        place = rng.randrange(len(text))
        broken = (
            text[:place]
            + rng.choice(["", " ", "<", '"', "(", "9", "}", "\x00", "é"])
            + text[place + rng.randint(0, 3) :]
        )
        for given in (broken, text[:place]):
            try:
                assert isinstance(FORMATS[name][0](given), BifNetwork)
            except CausalppError as error:
                refused += bool(str(error))
    assert refused > 400  # a text that breaks off is never read


def test_published_networks_through_every_format(tmp_path: Path) -> None:
    program = load_network("child")
    network = BifNetwork(
        "child",
        {v: tuple(re.sub(r"\W", "_", f"s{s}") for s in map(str, program.states(v))) for v in program.variables},
        {v: program.mechanism(v).parents for v in program.variables},
        {v: program.table(v) for v in program.variables},
    )
    for suffix in (".xmlbif", ".xdsl", ".net"):
        back = read_network(write_network(network, tmp_path / f"child{suffix}"))
        assert (back.parents, back.states) == (network.parents, network.states)
        assert all(np.array_equal(back.tables[v], network.tables[v]) for v in network.states)
    assert isinstance(read_graph(tmp_path / "child.net"), Dag)
