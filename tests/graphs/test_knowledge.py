"""Background knowledge: what it means on every small graph, what contradicts itself, and its files."""

from __future__ import annotations

from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest

from causalpp import Dag, Knowledge, errors
from causalpp.graphs import all_dags

NAMES = ("X1", "X2", "X3")


def by_definition(known: Knowledge, dag: Dag) -> bool:
    """Word for word what the attributes mean."""
    edges = set(dag.edges)
    place = {name: k for k, tier in enumerate(known.tiers) for name in tier}
    return (
        set(known.required) <= edges
        and not set(known.forbidden) & edges
        and not any(a in place and b in place and place[a] > place[b] for a, b in edges)
        and not any(b in known.roots for _, b in edges)
        and (known.search_space is None or edges <= set(known.search_space))
    )


def test_meaning_on_every_graph_of_three() -> None:
    rng = np.random.default_rng(0)
    pairs = list(permutations(NAMES, 2))
    dags = list(all_dags(3))
    seen = 0
    for _ in range(150):
        order = rng.permutation(NAMES).tolist()
        try:
            known = Knowledge(
                required=[pairs[k] for k in rng.choice(6, size=rng.integers(2), replace=False)],
                forbidden=[pairs[k] for k in rng.choice(6, size=rng.integers(3), replace=False)],
                tiers=[order[:1], order[1:]] if rng.random() < 0.4 else [],
                roots=order[:1] if rng.random() < 0.3 else [],
                search_space=[p for p in pairs if rng.random() < 0.7] if rng.random() < 0.4 else None,
            )
        except errors.InvalidGraph:
            continue
        seen += 1
        expected = [by_definition(known, dag) for dag in dags]
        assert [known.allows(dag) for dag in dags] == expected
        assert known.holds(all_dags(3)).tolist() == expected
        assert any(expected)
        assert bool(known) or all(expected)
        assert Knowledge.from_json(known.to_json()) == known
        assert Knowledge.from_text(known.to_text()) == known
        assert hash(Knowledge.from_text(known.to_text())) == hash(known)
    assert seen > 80


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ({"required": [("a", "b"), ("b", "c"), ("c", "a")]}, errors.CyclicGraph, "a → b → c → a"),
        ({"required": [("a", "a")]}, errors.CyclicGraph, "its own cause"),
        ({"required": [("a", "b")], "forbidden": [("a", "b")]}, errors.InvalidGraph, "both required and forbidden"),
        ({"required": [("a", "b")], "tiers": ["b", "a"]}, errors.InvalidGraph, "'b' stands in an earlier tier"),
        ({"required": [("a", "b")], "roots": ["b"]}, errors.InvalidGraph, "'b' is a root"),
        ({"required": [("a", "b")], "search_space": [("b", "a")]}, errors.InvalidGraph, "not in the search space"),
        ({"tiers": [["a", "b"], ["b"]]}, errors.InvalidGraph, "'b' stands in two tiers"),
        ({"required": ["ab"]}, errors.InvalidGraph, "an edge is a pair"),
        ({"forbidden": [("a", 1)]}, errors.InvalidGraph, "must be strings"),
        ({"roots": [""]}, errors.InvalidGraph, "empty or blank"),
    ],
)
def test_contradictions(said: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Knowledge(**said)


def test_unknown_names_are_refused_where_they_are_used() -> None:
    for said in ({"required": [("a", "z")]}, {"tiers": ["a", "z"]}, {"roots": "z"}, {"search_space": [("a", "z")]}):
        with pytest.raises(errors.UnknownVariable, match="'z'"):
            Knowledge(**said).matrices("abc")


def test_two_sources() -> None:
    first = Knowledge(required=[("a", "b")], search_space=[("a", "b"), ("b", "c")], tiers=["a", "b"])
    second = Knowledge(forbidden=[("c", "a")], search_space=[("a", "b"), ("a", "c")], tiers=["a", "b"], roots="a")
    both = first | second
    assert both.search_space == (("a", "b"),)
    assert both == Knowledge([("a", "b")], [("c", "a")], ["a", "b"], "a", [("a", "b")])
    with pytest.raises(errors.InvalidGraph, match="different lists of tiers"):
        first | Knowledge(tiers=["b", "c"])
    with pytest.raises(errors.InvalidGraph, match="both required and forbidden"):
        first | Knowledge(forbidden=[("a", "b")])


AWKWARD = ["a, b", "c->d", 'say "x"', "#1", "e: f", " g ", "back\\slash", "T_max [mm]", "→", "body-mass", "für"]


def test_awkward_names_survive() -> None:
    edges = list(pairwise(AWKWARD))
    known = Knowledge(edges[:3], [(b, a) for a, b in edges], [[name] for name in AWKWARD], AWKWARD[:1], edges)
    assert Knowledge.from_text(known.to_text()) == known
    assert Knowledge.from_json(known.to_json()) == known
    with pytest.raises(errors.FormatError, match="to_json"):
        Knowledge(roots=["two\nlines"]).to_text()


def test_our_text() -> None:
    text = """
    # what the doctors say
    Required: smoke -> tar, tar → cancer
    forbidden: "body, mass" -- tar   # neither way
    forbidden: cancer <- age
    tier: age, "body, mass"
    tier: smoke, tar, cancer
    roots: age
    search space: smoke -> tar, tar -> cancer
    search_space: age -- smoke
    """
    known = Knowledge.from_text(text)
    assert known.required == (("smoke", "tar"), ("tar", "cancer"))
    assert set(known.forbidden) == {("body, mass", "tar"), ("tar", "body, mass"), ("age", "cancer")}
    assert known.tiers == (("age", "body, mass"), ("smoke", "tar", "cancer"))
    assert known.roots == ("age",)
    assert set(known.search_space or ()) == {("smoke", "tar"), ("tar", "cancer"), ("age", "smoke"), ("smoke", "age")}
    assert Knowledge.from_text("search_space:\n") == Knowledge(search_space=[])
    assert Knowledge.from_text("\n# nothing\n") == Knowledge()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("required: a -- b", "line 1: a required edge has a direction"),
        ("tier: a\nrequired: a", "line 2: expected an edge"),
        ("required: a -> b -> c", "expected an edge"),
        ("tier: a -> b", "expected names"),
        ("tiers: a, b", "expected one of"),
        ("a -> b", "expected one of"),
        ('roots: "a', "not closed"),
        ("roots:", "nothing after 'roots'"),
        ("roots: a,, b", "expected a name"),
        ("/knowledge\naddtemporal\nfirst a b", "line 3: expected the number of a tier"),
        ("/knowledge\nforbiddirect\na b c", "line 3: expected two names"),
        ("/knowledge\na b", "line 2: expected a section"),
        ("/knowledge\nforbiddengroup\na b\n\nrequiredirect\n", "the second is missing"),
    ],
)
def test_text_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(errors.FormatError, match=message):
        Knowledge.from_text(text)


@pytest.mark.parametrize(
    ("arrow", "edges"),
    [
        ("->", "ab"), ("-->", "ab"), ("→", "ab"), ("<-", "ba"), ("<--", "ba"), ("←", "ba"),
        ("--", "ab ba"), ("---", "ab ba"), ("–", "ab ba"), ("<->", "ab ba"), ("<-->", "ab ba"), ("↔", "ab ba"),
    ],
)  # fmt: skip
def test_arrows_of_every_length(arrow: str, edges: str) -> None:
    expected = {tuple(edge) for edge in edges.split()}
    for text in (f"forbidden: a {arrow} b", f"forbidden:a{arrow}b", f"\ufeffforbidden: a {arrow}b # so"):
        assert set(Knowledge.from_text(text).forbidden) == expected
    assert set(Knowledge.from_text(f"search space: a {arrow} b").search_space or ()) == expected
    if len(expected) == 2:
        with pytest.raises(errors.FormatError, match="has a direction"):
            Knowledge.from_text(f"required: a {arrow} b")


def test_a_file_is_read_by_its_look(tmp_path: Path) -> None:
    """JSON under another name, Windows' lines, a byte order mark."""
    expected = Knowledge(tiers=[["a"], ["b", "c"]])
    texts = (expected.to_json(), expected.to_text(), "/knowledge\naddtemporal\n1 a\n2 b c\n")
    for text in texts:
        for start in ("", "\ufeff", "\n"):
            file = tmp_path / "known.txt"
            file.write_bytes((start + text).replace("\n", "\r\n").encode())
            assert Knowledge.read(file) == expected


def test_tetrads_file(tmp_path: Path) -> None:
    """Tiers by number and not by line; * within, - to the next tier only; groups are products of two lines."""
    file = tmp_path / "knowledge.txt"
    file.write_text(
        '/knowledge\naddtemporal\n\n2 c d\n1*- a\t"b b"\n4 f\n3 e\n\nforbiddirect\nc e\n\nrequiredirect\na c\n'
        "forbiddengroup\nc d\nf\nrequiredgroup\nd\ne\n",
        encoding="utf-8",
    )
    known = Knowledge.read(file)
    assert known.tiers == (("a", "b b"), ("c", "d"), ("e",), ("f",))
    assert known.required == (("a", "c"), ("d", "e"))
    within = {("a", "b b"), ("b b", "a")}
    skipping = {(a, b) for a in ("a", "b b") for b in "ef"}
    assert set(known.forbidden) == within | skipping | {("c", "e"), ("c", "f"), ("d", "f")}
    assert Knowledge.from_text("addtemporal\n0 x1 x2\n1 x3\n").tiers == (("x1", "x2"), ("x3",))
    file.write_text("/knowledge\naddtemporal\n1 a b\n2 b\n")
    with pytest.raises(errors.InvalidGraph, match=r"knowledge\.txt: .* two tiers"):
        Knowledge.read(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "an object"),
        ("{", "not JSON"),
        ('{"require": []}', "unknown kind of knowledge 'require'"),
        ('{"required": [["a"]]}', "pairs"),
        ('{"required": [["a", 1]]}', "pairs"),
        ('{"roots": "a"}', "is a list"),
        ('{"roots": [["a"]]}', "list of names"),
        ('{"tiers": null}', "is a list"),
    ],
)
def test_json_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(errors.FormatError, match=message):
        Knowledge.from_json(text)


def test_repr() -> None:
    known = Knowledge(search_space=[(f"a{k}", "b") for k in range(9)])
    assert repr(known).endswith("a5 → b, … (9 in all))")
    assert repr(Knowledge()) == "Knowledge(nothing)"
    assert not Knowledge(tiers=["a"])
    assert Knowledge(search_space=[])
