"""Mutated graphs, networks, tables, premises and journals: each is read, or refused in one clear error.

No other error, no hang and no heap of memory comes of them.  Here a few hundred of each kind; the full sweep of 40,000
is marked slow.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mutants import mutants

import causalpp as cpp
from causalpp._files import data_path
from causalpp.cli.frames import read_frame
from causalpp.cli.inputs import read_statements
from causalpp.errors import CausalppError
from causalpp.graphs import formats
from causalpp.oracles import Answer, Journal
from causalpp.programs import from_bif
from causalpp.propositions import parse
from causalpp.tasks import read_items

BIF = """network toy {
  property "made by hand";
}
variable A { type discrete [ 2 ] { yes, no }; }
variable B { type discrete [ 3 ] { low, mid, high }; }
variable C { type discrete [ 2 ] { 0, 1 }; }
probability ( A ) { table 0.2, 0.8; }
probability ( B | A ) { (yes) 0.1, 0.2, 0.7; (no) 0.5, 0.25, 0.25; }
probability ( C | A, B ) { default 0.5, 0.5; (yes, low) 0.9, 0.1; (no, high) 0.3, 0.7; }
"""
SHIPPED_BIF = [(data_path() / "networks" / f"{name}.bif").read_text() for name in ("asia", "cancer")]
DOT = [
    'digraph "g" {\n  node [shape=box];\n  a [label="A b", latent=true];\n  a -> b -> c; // odd\n  a -> {b c}\n}\n',
    'strict digraph { "x y" -> z [weight=2]; subgraph cluster { z -> w } hid [observed="no"] hid -> w }',
    "digraph { 0 [label=rain]; 1 [label=wet]; 0 -> 1 [dir=both]; }",
]
DAGITTY = [
    'dag {\nbb="0,0,1,1"\nA [pos="0.1,0.2"]\nB [exposure]\nC [outcome]\nU [latent]\nA -> B -> C\nU -> {B C}\n}\n',
    "mag { a <-> b; b @-> c; c -- d }",
    "A 1 @0.1,0.2\nB E @0.3,0.4\nC O @0.5,0.6\n\nA B C\nB C\n",
]
TETRAD = [
    "Graph Nodes:\nX1;X2;X3;(L1)\n\nGraph Edges:\n1. X1 --> X2\n2. X2 --- X3\n3. L1 --> X1 nl dd\n",
    "Graph Nodes:\na,b,c\nGraph Edges:\n1. a <-> b\n2. b o-> c\nGraph Attributes:\nBIC: -12.3\n",
]
EDGES = ["from,to\na,b\nb,c\n", '"","from","to"\n"1","a","b"\n"2","c","b"\n', "a;b\nb;c\n", "a\tb\n'x y'\tz\n"]
MATRIX = [",a,b,c\na,0,1,0\nb,0,0,1\nc,0,0,0\n", "0.0 1.0\n0.0 0.0\n", '"","a","b"\n"a",0,TRUE\n"b",FALSE,0\n']
TABLES = [
    "a,b,c\n1,2.5,x\n2,NA,y\n3,4.5,x\n" * 3,
    "age;income;site\n31;1,5;A\n44;*;B\n29;2,25;A\n",
    '"","x","y"\n"1",0.5,yes\n"2",?,no\n"3",1.25,yes\n',
    "x\ty\n1\t2\n3\t4\n",
    "a b\n1 2\n3 4\n",
]
PREMISE = [
    "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 "
    "variables are as follows: A correlates with C. B correlates with C. However, A is independent of B.",
    "Suppose there is a closed system of 4 variables, A, B, C and D. All the statistical relations among these 4 "
    "variables are as follows: A correlates with B. A correlates with C. B correlates with D. C correlates with D. "
    "However, B and C are independent given A. A and D are independent given B and C.",
]
STATEMENTS = ["variables: A, B, C\n# a remark\nA and C are independent given B\nA and B are dependent\n"]
SENTENCES = [
    "A causes B",
    "does smoke cause lung cancer?",
    "A and C are independent given B and D",
    "not (A directly causes B)",
]
KNOWLEDGE = [
    "/knowledge\naddtemporal\n1 a b\n2* c\n\nforbiddirect\na c\n\nrequiredirect\na b\n",
    json.dumps({"required": [["a", "b"]], "forbidden": [["b", "a"]], "tiers": [["a"], ["b", "c"]]}, indent=1),
    "tiers: a, b < c\nrequired: a -> b\nforbidden: c -> a\nroots: a\n",
]
ITEMS = [
    json.dumps({"id": "1", "premise": PREMISE[0], "hypothesis": "A causes B.", "label": False}) + "\n",
    "input,label,num_variables,template\n" + f'"Premise: {PREMISE[0]} Hypothesis: A causes B.",0,3,parent\n',
]
GRAPH_JSON = [formats.to_json(cpp.Dag.from_edges([("a", "b"), ("b", "c")], latent=["a"]))]
ANSWERS = [json.dumps(Answer(cpp.Causes("a", "b"), True, log_odds=1.5, model="m", tokens_in=3).to_dict())]


def text_file(read: Callable[[Path], Any], name: str) -> Callable[[str, Path], Any]:
    """A reader of files, for texts."""

    def through(text: str, folder: Path) -> Any:
        path = folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read(path)

    return through


def text(read: Callable[[str], Any]) -> Callable[[str, Path], Any]:
    return lambda given, _: read(given)


def answer(given: str) -> Any:
    try:
        values = json.loads(given)
    except (ValueError, RecursionError):
        return None
    return Answer.from_dict(values)


#: What is read: base texts, how, and of how many mutants in the full sweep.
READERS: dict[str, tuple[list[str], Callable[[str, Path], Any], int]] = {
    "json": (GRAPH_JSON, text(formats.from_json), 2500),
    "dot": (DOT, text(formats.from_dot), 5000),
    "dagitty": (DAGITTY, text(formats.from_dagitty), 5000),
    "tetrad": (TETRAD, text(formats.from_tetrad), 2500),
    "bif": ([BIF], text(formats.from_bif), 5000),
    "bif as a program": ([BIF, *SHIPPED_BIF], text(from_bif), 2500),
    "edge list": (EDGES, text(formats.from_edge_list), 2500),
    "adjacency": (MATRIX, text(formats.from_adjacency_csv), 2500),
    "graph in a file": (DOT + DAGITTY + TETRAD, text_file(cpp.read_graph, "g.txt"), 1000),
    "matrix in a file": (EDGES + MATRIX, text_file(cpp.read_graph, "g.csv"), 1000),
    "data": (TABLES, text_file(read_frame, "d.csv"), 4000),
    "premise": (PREMISE, text(cpp.MarkovEquivalenceClass.from_premise), 1500),
    "statements": (STATEMENTS, text_file(read_statements, "s.txt"), 1000),
    "sentence": (SENTENCES, text(lambda given: parse(given)), 1500),
    "knowledge": (KNOWLEDGE, text_file(cpp.Knowledge.read, "k.txt"), 1000),
    "items": (ITEMS[:1], text_file(lambda path: list(read_items(path)), "i.jsonl"), 750),
    "published items": (ITEMS[1:], text_file(lambda path: list(read_items(path)), "i.csv"), 750),
    "answers": (ANSWERS, text(answer), 1000),
}


class TooSlow(BaseException):
    """A reader has taken longer than any of these texts can take."""


@contextmanager
def hurry(seconds: float = 5.0) -> Iterator[None]:
    """Stop what takes more time of the processor than this; not where there are no such clocks."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def megabytes() -> float:
    """The most memory this process has had."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def sweep(kind: str, folder: Path, count: int, seed: int) -> Counter[str]:
    """Read so many mutants; how many were read, and how many refused."""
    texts, read, _ = READERS[kind]
    for whole in texts:
        try:
            read(whole, folder)
        except CausalppError as error:  # some marks are refused by name: that is a reading too
            assert str(error)  # noqa: PT017
    ended: Counter[str] = Counter()
    before = megabytes()
    for _, given in mutants(texts, count, seed):
        try:
            with hurry():
                read(given, folder)
            ended["read"] += 1
        except CausalppError as error:
            assert str(error).strip(), given  # noqa: PT017
            assert len(str(error)) < 20_000 + len(given), given[:500]  # noqa: PT017
            ended["refused"] += 1
        except (Exception, TooSlow) as error:
            shown = given if len(given) < 3000 else f"{given[:1500]} … {given[-1500:]}"
            raise AssertionError(f"{kind}: {type(error).__name__}: {str(error)[:300]}, for {shown!r}") from error
    assert megabytes() - before < 300
    return ended


@pytest.mark.parametrize("kind", READERS)
def test_some_of_each_kind(kind: str, tmp_path: Path) -> None:
    ended = sweep(kind, tmp_path, max(30, READERS[kind][2] // 50), 1)
    assert ended["refused"] > 0  # or the mutations are too weak to tell anything
    assert ended["read"] > 0 or kind == "premise"  # where every word counts


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_forty_thousand(kind: str, tmp_path: Path) -> None:
    assert sum(count for *_, count in READERS.values()) >= 40_000
    assert sweep(kind, tmp_path, READERS[kind][2], 2).total() == READERS[kind][2]


# --- journals -------------------------------------------------------------------------------------------


def journals(folder: Path, count: int, seed: int) -> Counter[str]:
    """Read journals of which some bytes, or what stands in some row, is other than it was."""
    whole = folder / "whole"
    with Journal(whole) as journal:
        journal.register("o", {"kind": "x"})
        for k in range(20):
            journal.put(
                Answer(cpp.Causes(f"x{k}", "y"), None if k % 3 else True, oracle="o", reason="unsure", text="t" * k)
            )
        journal.put(Answer(cpp.Causes("a", "b"), None, oracle="o", reason="timed out"))
        with journal.database.outside() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = whole.read_bytes()
    ended: Counter[str] = Counter()
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        path = folder / "mutant"
        for old in folder.glob("mutant*"):
            old.unlink()
        if number % 2:
            changed = bytearray(data)
            for _ in range(draw.choice((1, 3, 30))):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
            path.write_bytes(changed[: draw.choice((len(data), len(data), draw.randrange(len(data))))])
        else:
            shutil.copy(whole, path)
            _other_values(path, draw)
        try:
            with hurry(), Journal(path, create=False) as found:
                found.cost(), found.frame(), found.oracles
                list(found.failures())
                found.export(folder / "out.jsonl")
                found.get_many("o", [a.request for a in found][:3])
            ended["read"] += 1
        except CausalppError as error:
            assert str(error)  # noqa: PT017
            ended["refused"] += 1
    return ended


ODD = [None, 7, 1e300, b"\xff\x00", "", "{", "[]", "{}", "null", '"a"', "[" * 5000,
       '{"answer": "yes", "tokens_in": "x"}',
       '{"answer": "yes", "cost": "1e999", "time": null}', '{"kind": "Causes"}', '{"kind": "Causes", "a": 1, "b": 2}',
       '{"answer": "yes", "text": 7}', '{"answer": ["yes"]}', '{"answer": "yes", "latency": {}}']  # fmt: skip


def _other_values(path: Path, draw: random.Random) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    for _ in range(2):
        table, column = draw.choice((("answers", "value"), ("answers", "question"), ("answers", "wording"),
                                     ("answers", "replicate"), ("answers", "negated"), ("failures", "value"),
                                     ("oracles", "identity"), ("answers", "oracle")))  # fmt: skip
        try:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 1", (draw.choice(ODD),))
        except sqlite3.IntegrityError:
            continue
    connection.commit()
    connection.close()


def test_some_journals(tmp_path: Path) -> None:
    ended = journals(tmp_path, 60, 1)
    assert min(ended["read"], ended["refused"]) > 0


@pytest.mark.slow
def test_five_hundred_journals(tmp_path: Path) -> None:
    assert journals(tmp_path, 500, 2).total() == 500
