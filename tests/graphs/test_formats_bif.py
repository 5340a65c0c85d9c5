"""BIF: the published networks, every way to give a table, and every way a file can be wrong."""

from __future__ import annotations

import re
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp._files import data_path, read_text
from causalpp.errors import CyclicGraph, FormatError, InvalidGraph, TooLarge
from causalpp.graphs import Dag
from causalpp.graphs.formats import BifNetwork, from_bif, read_bif, to_bif, write_bif

NETWORKS = ["asia", "cancer", "earthquake", "survey", "sachs", "child", "insurance", "alarm"]

# The numbers are different everywhere, so that no two cells can be exchanged unnoticed.
RAIN = """network weather {
}
variable season {
  type discrete [ 3 ] { wet, dry, 5-12 };
}
variable cloud {
  type discrete [ 2 ] { <5, 12+ };
}
variable rain {
  type discrete [ 2 ] { no, Transp. };
}
probability ( season ) {
  table 0.2, 0.3, 0.5;
}
probability ( cloud ) {
  table 0.6, 0.4;
}
probability ( rain | season, cloud ) {
  (wet, <5) 0.11, 0.89;
  (dry, <5) 0.12, 0.88;
  (5-12, <5) 0.13, 0.87;
  (wet, 12+) 0.21, 0.79;
  (dry, 12+) 0.22, 0.78;
  (5-12, 12+) 0.23, 0.77;
}
"""
TABLE = [[[0.11, 0.89], [0.21, 0.79]], [[0.12, 0.88], [0.22, 0.78]], [[0.13, 0.87], [0.23, 0.77]]]


def with_rain(block: str) -> str:
    """The weather network with another probability block for rain."""
    return RAIN[: RAIN.index("probability ( rain")] + block


def test_rows_by_parent_states() -> None:
    network = read_bif(RAIN)
    assert network.name == "weather"
    assert network.states == {"season": ("wet", "dry", "5-12"), "cloud": ("<5", "12+"), "rain": ("no", "Transp.")}
    assert network.parents == {"season": (), "cloud": (), "rain": ("season", "cloud")}
    assert network.tables["rain"].tolist() == TABLE
    assert network.tables["season"].tolist() == [0.2, 0.3, 0.5]
    assert network.dag == Dag(["season", "cloud", "rain"], [("season", "rain"), ("cloud", "rain")])
    assert network.dag.nodes == ("season", "cloud", "rain")


@pytest.mark.parametrize(
    "block",
    [
        # table: the variable slowest, the last parent fastest
        """probability ( rain | season, cloud ) {
             table 0.11 0.21 0.12 0.22 0.13 0.23 0.89, 0.79, 0.88, 0.78, 0.87, 0.77 ; }""",
        """probability ( "rain" "season" "cloud" ) { // no bar, no commas
             (wet <5) 0.11 0.89; (wet "12+") 21e-2 7.9E-1; /* a
             comment */ property any thing { ( at "all;" ;
             default .12 .88; ("5-12" <5) 0.13, 0.87; (dry, 12+) 0.22, 0.78; (5-12, 12+) +0.23, 0.77; }""",
    ],
)
def test_other_ways_to_write_the_same_table(block: str) -> None:
    assert read_bif(with_rain(block)).tables["rain"].tolist() == TABLE


def test_the_table_order_of_a_published_file() -> None:
    # Charniak, "Bayesian networks without tears" (1991), as JavaBayes published it: the dog is out with probability
    # .99 if it has bowel trouble and the family is out, .97 if only the former, .9 if only the latter, .3 otherwise.
    states = 'type discrete[2] {  "true"  "false" };'
    text = f"""network "Dog-Problem" {{ property "credal-set constant-density-bounded 1.1" ; }}
        variable  "bowel-problem" {{ //2 values
          {states} property "position = (335, 99)" ; }}
        variable  "dog-out" {{ {states} }} variable  "family-out" {{ {states} }}
        probability (  "bowel-problem" ) {{ table 0.01 0.99 ; }}
        probability (  "dog-out"  "bowel-problem"  "family-out" ) {{ //3 variable(s) and 8 values
          table 0.99 0.97 0.9 0.3 0.01 0.03 0.1 0.7 ; }}
        probability (  "family-out" ) {{ table 0.15 0.85 ; }}"""
    network = read_bif(text)
    assert network.name == "Dog-Problem"
    assert network.parents["dog-out"] == ("bowel-problem", "family-out")
    assert network.tables["dog-out"][..., 0].tolist() == [[0.99, 0.97], [0.9, 0.3]]


def test_properties_mark_latent_variables() -> None:
    text = RAIN.replace("{ <5, 12+ };", '{ <5, 12+ };\n  property position = (1, 2) ;\n  property "latent = yes" ;')
    assert read_bif(text).latent == {"cloud"}
    assert read_bif(text.replace("= yes", "= no")).latent == set()
    assert read_bif(write_bif(read_bif(text))).latent == {"cloud"}


def test_probability_blocks_may_come_first() -> None:
    variables = RAIN[RAIN.index("variable season") : RAIN.index("probability ( season")]
    assert read_bif(RAIN.replace(variables, "") + variables) == read_bif(RAIN)


def test_keywords_can_be_names() -> None:
    words = ["network", "variable", "probability", "table", "default", "property", "type", "discrete", "latent"]
    states = ("property", "table", "default", "variable", "probability")
    network = BifNetwork(
        "network",
        dict.fromkeys(words, states),
        {word: tuple(words[:1]) * (word != words[0]) for word in words},
        {word: np.full((5, 5) if word != words[0] else 5, 0.2) for word in words},
    )
    assert read_bif(write_bif(network)) == network


def test_numbers_come_back_to_the_last_digit() -> None:
    rows = np.random.default_rng(0).dirichlet([0.05] * 4, size=(3, 2))
    states = {"a": ("0", "1", "2"), "b": ("x", "y"), "c": ("p", "q", "r", "s")}
    tables = {"a": np.array([1e-300, 0.5, 0.5]), "b": np.array([1 / 3, 2 / 3]), "c": rows}
    network = BifNetwork("n", states, {"a": (), "b": (), "c": ("a", "b")}, tables)
    assert read_bif(write_bif(network)) == network
    assert np.array_equal(read_bif(write_bif(network)).tables["c"], rows)


def test_a_network_checks_its_parts_and_keeps_them() -> None:
    table = np.array([0.5, 0.5])
    network = BifNetwork("n", {"a": ("x", "y")}, {"a": ()}, {"a": table})
    table[0] = 1.0  # the network has its own copy
    assert network.tables["a"].tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="read-only"):
        network.tables["a"][0] = 1.0
    assert network != "n"
    with pytest.raises(InvalidGraph, match=r"must have shape \(2,\), got \(3,\)"):
        BifNetwork("n", {"a": ("x", "y")}, {"a": ()}, {"a": np.ones(3) / 3})
    with pytest.raises(InvalidGraph, match="the parent 'b' of 'a' is not a variable"):
        BifNetwork("n", {"a": ("x", "y")}, {"a": ("b",)}, {"a": np.ones((2, 2)) / 2})
    with pytest.raises(InvalidGraph, match="no state twice"):
        BifNetwork("n", {"a": ("x", "x")}, {"a": ()}, {"a": table})
    with pytest.raises(InvalidGraph, match="the tables of a network need the same variables"):
        BifNetwork("n", {"a": ("x", "y")}, {"a": ()}, {})


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.5, 1.5], [np.nan, 1.0], [np.inf, 0.0]])
def test_what_could_not_be_read_is_not_written(row: list[float]) -> None:
    with pytest.raises(FormatError, match="negative or does not sum to one"):
        write_bif(BifNetwork("n", {"a": ("x", "y")}, {"a": ()}, {"a": np.array(row)}))


def test_names_that_bif_cannot_hold() -> None:
    with pytest.raises(FormatError, match=r"BIF cannot hold the name 'two words': .*; JSON, DOT and dagitty can"):
        to_bif(Dag(["two words"]))
    with pytest.raises(FormatError, match="BIF cannot hold the name 'a,b'"):
        write_bif(BifNetwork("n", {"a": ("x", "a,b")}, {"a": ()}, {"a": np.array([0.5, 0.5])}))
    for name in ("my network", "", "  ", "//", "{", "a/*"):
        network = BifNetwork(name, {"a": ("x",)}, {"a": ()}, {"a": np.array([1.0])})
        assert read_bif(write_bif(network)) == network
    with pytest.raises(FormatError, match="network name"):
        write_bif(BifNetwork('a"b', {"a": ("x",)}, {"a": ()}, {"a": np.array([1.0])}))


REFUSED = [
    ("", "the BIF text ends where 'network' at the beginning of a BIF file should come"),
    ("variable a { }", "line 1, column 1: expected 'network' at the beginning"),
    ("network n { }", "declares no variable; is the file complete"),
    ("network n { x }", "expected 'property' or '}', found 'x'"),
    ("network n { property a = 1\n}", "a property must end with ';' on the same line"),
    ('network "n { }', "a quoted name is never closed"),
    ("network n { } /* ", "a comment /"),
    (RAIN + "hello", "line 26, column 1: expected 'variable' or 'probability', found 'hello'"),
    (RAIN + "network m { }", "expected 'variable' or 'probability', found 'network'"),
    (RAIN.replace("[ 2 ] { <5", "[ 3 ] { <5"), "line 7, column 19: 'cloud' announces 3 states and lists 2"),
    (RAIN.replace("[ 2 ] { <5", "[ two ] { <5"), "the number of states must be a whole number, got 'two'"),
    (RAIN.replace("<5, 12+ }", "<5, <5 }"), "line 7, column 29: 'cloud' has the state '<5' twice"),
    (RAIN.replace("discrete [ 2 ] { <5", "continuous [ 2 ] { <5"), "'discrete' .*found 'continuous'"),
    (RAIN.replace("type discrete [ 2 ] { <5, 12+ };", ""), "line 6, column 10: the variable 'cloud' has no type"),
    (RAIN.replace("12+ };", "12+ }"), "expected ';' after the states of 'cloud', found '}'"),
    (RAIN.replace("variable cloud", "variable season"), "line 6, column 10: the variable 'season' is declared twice"),
    (RAIN.replace("( cloud )", "( clouds )"), "line 15, column 15: unknown variable 'clouds'"),
    (RAIN.replace("| season, cloud", "| season, wind"), "line 18, column 30: unknown variable 'wind'"),
    (RAIN.replace("| season, cloud", "| season, season"), "'season' stands twice in the probability block of 'rain'"),
    (RAIN.replace("| season, cloud", "| rain, cloud"), "'rain' stands twice in the probability block of 'rain'"),
    (RAIN.replace("( cloud )", "( season )"), "a second probability block for 'season'"),
    (RAIN.replace("(dry, <5)", "(damp, <5)"), "line 20, column 4: unknown state 'damp' of 'season'"),
    (RAIN.replace("(dry, <5)", "(dry)"), "line 20, column 3: a row of 'rain' names 1 states for 2 parents"),
    (RAIN.replace("(dry, <5)", "(wet, <5)"), "line 20, column 3: a second row for these parent states of 'rain'"),
    (RAIN.replace("  (dry, <5) 0.12, 0.88;\n", ""), "the block of 'rain' gives 5 of 6 rows and no default"),
    (RAIN.replace("0.12, 0.88", "0.12, 0.08, 0.8"), "line 20, column 13: expected 2 numbers for 'rain', found 3"),
    (RAIN.replace("0.12, 0.88", "0.12"), "expected 2 numbers for 'rain', found 1"),
    (RAIN.replace("0.12, 0.88", "0.12, often"), "line 20, column 19: 'often' is not a number"),
    (RAIN.replace("0.12, 0.88", "nan, 0.88"), "'nan' is not a number"),
    (RAIN.replace("0.12, 0.88", "inf, 0.88"), "'inf' is not a number"),
    (RAIN.replace("0.12, 0.88", "1_0, 0.88"), "'1_0' is not a number"),
    (RAIN.replace("0.12, 0.88", "1e999, 0.88"), "'1e999' is not a probability"),
    (RAIN.replace("0.12, 0.88", "-0.12, 1.12"), "line 20, column 13: '-0.12' is not a probability"),
    (RAIN.replace("0.12, 0.88", "0.12, 0.8"), "line 20, column 3: a row of 'rain' sums to 0.92 instead of one"),
    (RAIN.replace("0.12, 0.88;", "0.12, 0.88"), r"a number or ';' in the probability block of 'rain', found '\('"),
    (RAIN.replace("table 0.6, 0.4;", "table 0.6, 0.4; table 0.6, 0.4;"), "a second 'table' for 'cloud'"),
    (RAIN.replace("table 0.6, 0.4;", "table 0.6, 0.4; default 0.6, 0.4;"), "a whole 'table' and rows besides"),
    (RAIN.replace("table 0.6, 0.4;", "default 0.6, 0.4; default 0.6, 0.4;"), "a second 'default' row for 'cloud'"),
    (RAIN.replace("table 0.6, 0.4;", ""), "gives 0 of 1 rows and no default"),
    (RAIN.replace("table 0.6, 0.4;", "0.6, 0.4;"), "'table', 'default', .* found '0.6'"),
    (with_rain("probability ( rain | season, cloud ) { table " + "0.5 " * 11 + "; }"), "expected 12 numbers"),
    (with_rain("probability ( rain ) { table 0.5, 0.5; variable x { }"), "'}' at the end of a probability block"),
    (with_rain(""), "no probability block for 'rain'; is the file complete"),
    (with_rain('probability ( "" ) { }'), "the variable of the probability block"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_malformed_files_are_refused_with_place_and_reason(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        read_bif(text)
    assert error.value.line is not None
    assert "\n" not in str(error.value)


def test_cycles_and_giant_tables() -> None:
    text = "network n { } variable a { type discrete [ 1 ] { x }; } variable b { type discrete [ 1 ] { x }; }"
    text += "probability ( a | b ) { (x) 1; } probability ( b | a ) { (x) 1; }"
    with pytest.raises(CyclicGraph, match="a → b → a"):
        read_bif(text)
    names = [f"x{i}" for i in range(30)]
    text = "network n { }" + "".join(f"variable {n} {{ type discrete [ 2 ] {{ n, y }}; }}\n" for n in [*names, "z"])
    text += "".join(f"probability ( {n} ) {{ table .5 .5; }}\n" for n in names)
    with pytest.raises(TooLarge, match="'z' has 2147483648 numbers"):
        read_bif(text + f"probability ( z | {', '.join(names)} ) {{ default .5, .5; }}")


def _cuts(text: str) -> list[int]:
    return [cut for cut in range(len(text)) if _readable(text[:cut])]


def _readable(text: str) -> bool:
    try:
        read_bif(text)
    except FormatError:
        return False
    return True


def test_a_file_cut_anywhere_is_an_error() -> None:
    whole = len(RAIN.rstrip())
    assert _cuts(RAIN) == list(range(whole, len(RAIN)))
    published = read_text(data_path() / "networks" / "cancer.bif")
    assert _cuts(published) == list(range(len(published.rstrip()), len(published)))


@pytest.mark.parametrize("name", NETWORKS)
def test_published_networks_agree_with_pgmpy(name: str) -> None:
    from pgmpy.readwrite import BIFReader

    text = read_text(data_path() / "networks" / f"{name}.bif")
    network = read_bif(text)
    assert len(network.states) == len(re.findall(r"^variable ", text, re.MULTILINE))
    assert list(network.states) == re.findall(r"^variable (\S+)", text, re.MULTILINE)
    for ours, source in ((network, text), (read_bif(write_bif(network)), write_bif(network))):
        assert ours == network
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its parser uses names that pyparsing deprecates
            model = BIFReader(string=source).get_model()
        assert set(model.edges) == set(network.dag.edges)
        assert set(model.nodes) == set(network.states)
        for cpd in model.get_cpds():
            variable, *parents = cpd.variables
            assert tuple(parents) == network.parents[variable]
            assert tuple(cpd.state_names[variable]) == network.states[variable]
            assert np.allclose(np.moveaxis(cpd.values, 0, -1), network.tables[variable], atol=1e-12, rtol=0)


def test_to_bif_gives_uniform_tables_over_no_and_yes() -> None:
    dag = Dag(["c", "u", "x"], [("u", "x"), ("c", "x")], latent="u")
    network = read_bif(to_bif(dag))
    assert network.dag == dag
    assert network.dag.nodes == dag.nodes
    assert set(network.states.values()) == {("no", "yes")}
    assert network.parents["x"] == ("c", "u")
    assert (network.tables["x"] == 0.5).all()
    assert network.tables["x"].shape == (2, 2, 2)


def test_a_large_network_is_read_quickly() -> None:
    # About as large as the largest published one (munin: 1041 variables, 80 000 parameters).
    count, states = 1000, tuple("abcd")
    names = [f"v{i}" for i in range(count)]
    parents = {name: tuple(names[max(0, i - 2) : i]) for i, name in enumerate(names)}
    tables = {name: np.full((4,) * (len(above) + 1), 0.25) for name, above in parents.items()}
    text = write_bif(BifNetwork("big", dict.fromkeys(names, states), parents, tables))
    start = time.process_time()
    assert len(from_bif(text).edges) == 2 * count - 3
    assert time.process_time() - start < 10  # one second here; generous for a slow machine


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_network_comes_back(data: st.DataObject) -> None:
    word = st.text(min_size=1, max_size=5).filter(lambda w: re.fullmatch(r'[^\s{}\[\]();,|"/]+', w) is not None)
    names = data.draw(st.lists(word, min_size=1, max_size=4, unique=True))
    states = {n: tuple(data.draw(st.lists(word, min_size=1, max_size=3, unique=True))) for n in names}
    parents = {n: tuple(data.draw(st.permutations(names[:i]))[:2]) for i, n in enumerate(names)}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    tables = {}
    for name in names:
        *above, width = (len(states[n]) for n in (*parents[name], name))
        tables[name] = rng.dirichlet(np.ones(width), size=tuple(above))
    latent = frozenset(data.draw(st.sets(st.sampled_from(names))))
    network = BifNetwork("n", states, parents, tables, latent)
    assert read_bif(write_bif(network)) == network
