"""In which order prompts list their variables: drawn so that it says nothing, and as given where that is asked for."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations, permutations
from math import sqrt

import pytest

from causalpp import Causes, Independent, load_network
from causalpp.equivalence import from_premise, premise
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.language import Prompt, ScriptedBackend
from causalpp.oracles import LanguageModelOracle, Panel, Request
from causalpp.oracles.prompts import ORDERS, Writer, drawn_order
from causalpp.propositions import HaveCommonCause, Proposition

NAMES = [f"v{k}" for k in range(9)]


def listed(user: str) -> list[str]:
    """The names in the order in which a prompt lists them."""
    return re.findall(r'^- "(\w+)"', user, re.M) or re.findall(r'"(\w+)"', user.split("Question:")[0])


def test_the_order_given_plays_no_part() -> None:
    for k, question in enumerate([Causes("v1", "v7"), HaveCommonCause("v1", "v7")]):
        one, other = (Writer(names).prompt(question, turn=k) for names in (NAMES, NAMES[::-1]))
        assert one == other
        assert sorted(listed(one.user)) == NAMES


def test_both_directions_and_every_second_turn_list_in_opposite_orders() -> None:
    writer = Writer(NAMES)
    for a, b in combinations(NAMES, 2):
        for turn in range(3):
            order = writer.order(Causes(a, b), turn)
            assert listed(writer.prompt(Causes(a, b), turn=turn).user) == list(order)
            assert writer.order(Causes(b, a), turn) == order[::-1]
            assert writer.order(Causes(a, b), turn + 1 if turn % 2 == 0 else turn - 1) == order[::-1]
    assert writer.order(Causes("v0", "v1")) == Writer(NAMES).order(Causes("v0", "v1"))


def test_few_orders_and_each_as_often_as_its_reverse() -> None:
    writer = Writer(NAMES)
    used = Counter(writer.order(Causes(a, b), turn) for a, b in permutations(NAMES, 2) for turn in range(2))
    assert len(used) <= ORDERS
    assert all(count == used[order[::-1]] for order, count in used.items())
    assert len({Writer(NAMES, seed=seed).order(Causes("v0", "v1")) for seed in range(20)}) > 10


def test_what_is_listed_earlier_is_no_cause_more_often_than_not() -> None:
    """One direction of each pair, over many seeds: a fair coin each, 5 standard deviations apart at most."""
    earlier = [
        order.index(a) < order.index(b)
        for seed in range(40)
        for a, b in combinations(NAMES, 2)
        for order in [drawn_order(NAMES, f"{a}-{b}", seed=seed)]
    ]
    assert abs(sum(earlier) / len(earlier) - 0.5) < 5 * sqrt(0.25 / len(earlier))


def test_prompts_begin_alike_before_the_list() -> None:
    writer = Writer(context=load_network("asia").card, premise="A long story.")
    users = {writer.prompt(Causes("smoke", "lung"), turn=turn).user for turn in range(ORDERS)}
    assert len(users) == ORDERS
    beginnings = {user.split("The variables")[0] for user in users}
    assert len(beginnings) == 1
    assert "A long story." in beginnings.pop()


def test_premises_are_said_in_the_order_of_the_list() -> None:
    pairs = [~Independent(a, b) for a, b in combinations(("aa", "bb", "cc"), 2)]
    statements = [*pairs, Independent("aa", "cc", given={"bb"})]
    writer = Writer(premise=statements)
    said = {}
    for turn in range(ORDERS):
        user = writer.prompt(Causes("aa", "bb"), turn=turn).user
        order = [writer.codes[name] for name in writer.order(Causes("aa", "bb"), turn)]
        assert f"{order[0]}, {order[1]} and {order[2]}" in user
        first, second, third = order
        beginning = f"{first} correlates with {second}. {first} correlates with {third}."
        assert f"{beginning} {second} correlates with {third}." in user
        said[tuple(order)] = user
    assert len(said) > 3
    text = premise(Dag.from_edges([("a", "b"), ("b", "c")]))
    writer = Writer(["a", "b", "c"], premise=text)
    for turn in range(ORDERS):
        user = writer.prompt(Causes("a", "b"), turn=turn).user
        order = writer.order(Causes("a", "b"), turn)
        line = next(line for line in user.split("\n") if line.startswith("> ")).removeprefix("> ")
        assert f"3 variables, {order[0]}, {order[1]} and {order[2]}." in line.replace("'", "")
        assert from_premise(line) == from_premise(text)


def test_as_given() -> None:
    writer = Writer(NAMES[::-1], listing="given", context="Background.")
    for turn in range(3):
        user = writer.prompt(Causes("v1", "v7"), turn=turn).user
        assert listed(user.split("Background")[0]) == NAMES[::-1]
    with pytest.raises(InvalidParameter, match="'drawn' or 'given'"):
        Writer(NAMES, listing="alphabetical")


#: What 0.2 made of these oracles; journals have answers under them.
KNOWN = [
    ({"variables": ["b", "a", "c"], "context": "A clinic."}, "language model:7ce24a9c00fc6ba0"),
    ({"context": {"b": "a gene", "a": "a trait"}}, "language model:d83aae85c75c58b6"),
    ({}, "language model:4b53c6ef3c066ef6"),
]


def fingerprints(**options: object) -> list[str]:
    backend = ScriptedBackend("yes")
    return [LanguageModelOracle(backend, **given, **options).fingerprint for given, _ in KNOWN]  # type: ignore[arg-type]


def test_answers_in_the_given_order_are_found_as_before() -> None:
    before = [fingerprint for _, fingerprint in KNOWN]
    assert fingerprints(listing="given") == before
    drawn = fingerprints()
    assert drawn[:2] != before[:2]
    assert drawn[2] == before[2]  # no variable is listed: the same prompts
    assert LanguageModelOracle(ScriptedBackend("yes")).identity["listing"] == "drawn"


def test_panels_are_read_in_the_order_in_which_they_are_put() -> None:
    """A model that answers yes for one outcome is understood whatever number the outcome has."""
    outcomes = NAMES[1:]
    seen: list[list[str]] = []

    def reply(prompt: Prompt) -> str:
        lines = re.findall(r'^(\d+)\. "(\w+)"$', prompt.user, re.M)
        seen.append([name for _, name in lines])
        return "\n".join(f"{number}: {'yes' if name == 'v3' else 'no'}" for number, name in lines)

    oracle = LanguageModelOracle(ScriptedBackend(reply), variables=NAMES)
    panel = Panel("v0", outcomes)
    for answers in (oracle.ask(panel), oracle.ask(panel, repeats=4)[-len(outcomes) :]):
        assert [answer.question for answer in answers] == list(panel.questions)
        assert [answer.value for answer in answers] == [name == "v3" for name in outcomes]
    assert len({tuple(order) for order in seen}) == 5  # each asking in another order
    assert seen[0] != outcomes
    assert sorted(seen[0]) == sorted(outcomes)
    kept = LanguageModelOracle(ScriptedBackend(reply), variables=NAMES, listing="given")
    kept.ask(panel)
    assert seen[-1] == outcomes
    first, other = ({a.call for a in o.ask(panel)} for o in (oracle, kept))
    assert first != other


def test_repeats_turn_the_list_about() -> None:
    orders: list[list[str]] = []
    backend = ScriptedBackend(lambda prompt: orders.append(listed(prompt.user)) or "yes")  # type: ignore[func-returns-value]
    question: Proposition = Causes("v2", "v5")
    oracle = LanguageModelOracle(backend, variables=NAMES, wordings=["plain", "intervention"])
    oracle.ask(question, repeats=4)
    found = [tuple(order) for order in orders]
    assert Counter(found) == Counter(order[::-1] for order in found)
    assert oracle.prompt(Request(question, 1)) != oracle.prompt(Request(question, 0))
