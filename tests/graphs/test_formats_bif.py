"""BIF: the published networks, every way to give a table, and every way a file can be wrong."""

from __future__ import annotations

import gzip
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import _files
from causalpp._files import data_path, read_text
from causalpp.errors import CyclicGraph, FormatError, InvalidGraph, TooLarge
from causalpp.graphs import Dag
from causalpp.graphs.formats import (
    BifNetwork,
    from_bif,
    read_bif,
    read_graph,
    to_bif,
    write_bif,
    write_graph,
)
from causalpp.graphs.formats.bif import _plain

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
             default table .12 .88; ("5-12" <5) 0.13, 0.87; (dry, 12+) 0.22, 0.78; (5-12, 12+) +0.23, 0.77; }""",
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


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.5, 1.5], [np.nan, 1.0], [np.inf, 0.0], [np.nan, np.inf]])
def test_what_could_not_be_read_is_not_written(row: list[float]) -> None:
    with pytest.raises(FormatError, match="negative or does not sum to one"):
        write_bif(BifNetwork("n", {"a": ("x", "y")}, {"a": ()}, {"a": np.array(row)}))


def test_names_that_bif_cannot_hold() -> None:
    for name in ('5" pipe', "two\nlines", "a\rb"):
        with pytest.raises(FormatError, match=r"BIF cannot hold the name .*quotation mark or a line break.*; JSON can"):
            to_bif(Dag([name]))
        with pytest.raises(FormatError, match="BIF cannot hold the name"):
            write_bif(BifNetwork("n", {"a": ("x", name)}, {"a": ()}, {"a": np.array([0.5, 0.5])}))
    for name in ("", " "):
        with pytest.raises(FormatError, match="it is blank"):
            write_bif(BifNetwork("n", {"a": ("x", name)}, {"a": ()}, {"a": np.array([0.5, 0.5])}))


def test_names_of_networks() -> None:
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
    (RAIN.replace("0.12, 0.88", "nan, 0.88"), "line 20, column 3: a row of 'rain' mixes numbers and NaN"),
    (RAIN.replace("0.12, 0.88", "nano, 0.88"), "'nano' is not a number"),
    (RAIN.replace("0.12, 0.88", "0.12,, 0.88"), "expected a number or ';' .*found ','"),
    (RAIN.replace("{ <5, 12+ }", "{ <5,, 12+ }"), "expected a state of 'cloud' or '}', found ','"),
    (RAIN.replace("{ <5, 12+ }", "{ <5, (12 }"), "expected a state of 'cloud' or '}', found '}'"),
    (RAIN.replace("( cloud )", "( )"), "a probability block needs the variable it is about"),
    (RAIN.replace("(dry, <5)", "(very dry, <5)"), "line 20, column 4: unknown state 'very dry' of 'season'"),
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


@pytest.mark.slow
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


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_network_comes_back(data: st.DataObject) -> None:
    # Whatever the writer takes: words, blanks, brackets, commas, intervals, keywords, comment marks.
    word = st.one_of(
        st.text(min_size=1, max_size=5),
        st.text(alphabet="ab ,;|()[]{}/*1.5", min_size=1, max_size=6),
        st.sampled_from(["(20,35]", "[10,20]", "very low", "table", "default", "property", "//", "NaN", "a  b"]),
    ).filter(lambda w: w.strip() != "" and not set(w) & set('"\n\r'))
    names = data.draw(st.lists(word, min_size=1, max_size=4, unique=True))
    states = {n: tuple(data.draw(st.lists(word, min_size=1, max_size=3, unique=True))) for n in names}
    parents = {n: tuple(data.draw(st.permutations(names[:i]))[:2]) for i, n in enumerate(names)}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    tables = {}
    for name in names:
        *above, width = (len(states[n]) for n in (*parents[name], name))
        tables[name] = rng.dirichlet(np.ones(width), size=tuple(above))
        tables[name][rng.random(tuple(above)) < 0.1] = np.nan
    latent = frozenset(data.draw(st.sets(st.sampled_from(names))))
    network = BifNetwork("n", states, parents, tables, latent)
    assert read_bif(write_bif(network)) == network


# --- names of several words, intervals ----------------------------------------------------------------


def test_intervals_and_states_of_several_words() -> None:
    text = """\ufeffnetwork my   net { }
        variable age group { type discrete [ 4 ] { [10,20], (20,35], (35, Inf), ]-1e2 , .5[ }; }
        variable dose { type discrete [ 2 ] { very low, high (mg) }; }
        variable "x y" { type discrete [ 3 ] { one two "three four" }; }
        probability ( age group ) { table 0.1, 0.2, 0.3, 0.4; }
        probability ( dose | age group, "x y" ) { default 0.5, 0.5;
          ((20,35], one) 0.2, 0.8; ((35, Inf) "three four") 0.3, 0.7; ( ]-1e2 , .5[ , two) 0.4, 0.6; }
        probability ( x y ) { table 0.2, 0.3, 0.5; }"""
    network = read_bif(text)
    assert network.name == "my net"
    assert network.states == {
        "age group": ("[10,20]", "(20,35]", "(35, Inf)", "]-1e2 , .5["),
        "dose": ("very low", "high (mg)"),
        "x y": ("one", "two", "three four"),
    }
    assert network.parents["dose"] == ("age group", "x y")
    expected = np.full((4, 3, 2), 0.5)
    expected[1, 0], expected[2, 2], expected[3, 1] = [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]
    assert np.array_equal(network.tables["dose"], expected)
    assert read_bif(write_bif(network)) == network


def test_states_that_pgmpy_writes() -> None:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork
    from pgmpy.readwrite import BIFWriter

    states = {"age": ["[10,20]", "(20,35]"], "dose": ["very low", "high", "not known"]}
    model = DiscreteBayesianNetwork([("age", "dose")])
    model.add_cpds(
        TabularCPD("age", 2, [[0.2], [0.8]], state_names={"age": states["age"]}),
        TabularCPD("dose", 3, [[0.1, 0.2], [0.3, 0.5], [0.6, 0.3]], ["age"], [2], state_names=states),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = str(BIFWriter(model))
    network = read_bif(text)
    assert network.states == {name: tuple(values) for name, values in states.items()}
    assert np.allclose(network.tables["dose"], [[0.1, 0.3, 0.6], [0.2, 0.5, 0.3]])


# --- rows that are not defined ------------------------------------------------------------------------


def test_rows_of_nan_are_undefined() -> None:
    for row in ("NaN, NaN", "nan nan"):
        network = read_bif(RAIN.replace("0.12, 0.88", row))
        assert np.argwhere(np.isnan(network.tables["rain"])).tolist() == [[1, 0, 0], [1, 0, 1]]
        assert network.undefined == {("rain", 2): 20}
        assert network.dag == read_bif(RAIN).dag
        again = read_bif(write_bif(network))
        assert again == network
        assert again != read_bif(RAIN)
    table = with_rain("probability ( rain | season, cloud ) { table 0.5 0.5 NaN 0.5 0.5 0.5 0.5 0.5 NaN 0.5 0.5 0.5; }")
    assert list(read_bif(table).undefined) == [("rain", 2)]
    rest = with_rain("probability ( rain | season, cloud ) { (wet, <5) 0.5, 0.5;\n default NaN, NaN; }")
    assert read_bif(rest).undefined == {("rain", row): 19 for row in range(1, 6)}


# --- two readers, one meaning -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_read_at_once_are_what_the_words_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = read_text(data_path() / "networks" / f"{name}.bif")
    fast = read_bif(text)
    monkeypatch.setattr(_plain, "table", lambda *_: None)
    monkeypatch.setattr(_plain, "end_of_block", lambda *_: None)
    monkeypatch.setattr(_plain, "floats", lambda _: None)
    assert read_bif(text) == fast


def test_what_is_plain_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    table = _plain.table
    monkeypatch.setattr(_plain, "table", lambda *given: seen.append(table(*given)) or seen[-1])
    read_bif(RAIN.replace("12+", "12 or more"))
    assert [found is not None for found in seen] == [True, True, True]


_TEXTS = st.sampled_from([RAIN, write_bif(read_bif(RAIN)), RAIN.replace(" ", "  ").replace("0.5", "NaN")])


@settings(max_examples=200, deadline=None)
@given(
    _TEXTS, st.lists(st.tuples(st.integers(0, 900), st.text(alphabet=' ,;(){}[]"|/*0.1aeN\n', max_size=3)), max_size=3)
)
def test_a_mutated_file_is_read_alike_or_refused_alike(text: str, changes: list[tuple[int, str]]) -> None:
    for place, new in changes:
        place = place % len(text)
        text = text[:place] + new + text[place + 1 :]
    found = []
    for slow in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if slow:
                for name in ("table", "end_of_block", "floats"):
                    patch.setattr(_plain, name, lambda *_: None)
            try:
                found.append(read_bif(text))
            except (FormatError, CyclicGraph) as error:
                found.append(str(error))
    assert found[0] == found[1]


# --- packed files -------------------------------------------------------------------------------------


def test_packed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rain.bif.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + RAIN.encode()))
    assert read_graph(path) == read_bif(RAIN).dag
    path.write_bytes(gzip.compress(RAIN.encode())[:-20])
    with pytest.raises(FormatError, match="damaged or incomplete"):
        read_graph(path)
    path.write_bytes(RAIN.encode())
    with pytest.raises(FormatError, match="cannot read"):
        read_graph(path)
    monkeypatch.setattr(_files, "_MOST_UNPACKED", 2**20)
    path.write_bytes(gzip.compress(bytes(2**20 + 1)))
    with pytest.raises(FormatError, match="unpack to more than 1 MiB"):
        read_graph(path)
    with pytest.raises(FormatError, match="only read"):
        write_graph(read_bif(RAIN).dag, path)
