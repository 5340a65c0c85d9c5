"""Rules that know nothing: what they say, what they score, and that drawn lists and letters take it from them."""

from __future__ import annotations

import json
import re
from itertools import combinations, groupby, pairwise
from math import nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpp import Causes, Changes, Dag, DirectlyCauses, HaveCommonCause, Independent, load_network
from causalpp.benchmarks import Config, run
from causalpp.benchmarks.metrics import leaks, once
from causalpp.benchmarks.reports import compare, comparison_table, report
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers import asked as asked_module
from causalpp.benchmarks.studies.local import LOCAL, LocalSettings
from causalpp.equivalence import MarkovEquivalenceClass, from_premise, parse_premise
from causalpp.errors import FormatError, InvalidData, InvalidParameter, UnknownVariable
from causalpp.language import Prompt, ScriptedBackend
from causalpp.oracles import LanguageModelOracle, Request, SimulatedOracle
from causalpp.propositions import Proposition, parse
from causalpp.tasks import RULES, Corr2CauseItem, complete_set, generate, relettered, rule_answers
from causalpp.tasks.corr2cause import renamed_premise


def test_what_rules_say() -> None:
    order = ["tar", "smoke", "age"]
    said = rule_answers(Causes("smoke", "tar"), order)
    assert said == {"listed_earlier": 0.0, "longer_name": 1.0, "alphabetical": 1.0}
    assert list(said) == list(RULES)
    said = rule_answers(Changes("age", "tar", holding={"smoke"}), order)
    assert list(said.values()) == [0.0, 0.5, 1.0]
    assert rule_answers(~DirectlyCauses("smoke", "tar"), order)["listed_earlier"] == 1.0
    for question in (HaveCommonCause("a", "b"), Independent("a", "b")):
        assert set(rule_answers(question, order).values()) == {None}
    assert rule_answers(Causes("a", "b"), order)["listed_earlier"] is None


def asked(oracle: LanguageModelOracle | SimulatedOracle, dag: Dag, questions: list[Proposition]) -> pd.DataFrame:
    rows = [
        {"label": bool(question.holds(dag)), **rule_answers(*oracle.put_as(Request(question)))}
        for question in questions
    ]
    return pd.DataFrame(rows)


def score_of(frame: pd.DataFrame, rule: str) -> dict[str, float]:
    table = leaks(frame, draws=0).set_index("rule")
    return dict(table.loc[rule])


@pytest.mark.parametrize("name", ["cancer", "earthquake", "asia", "survey"])
def test_a_list_in_causal_order_gives_the_directions_away(name: str) -> None:
    """What the files of networks do, and what a drawn order takes away: exactly, as both directions are asked."""
    dag = load_network(name).dag
    pairs = [(a, b) for a, b in combinations(dag.topological_order, 2) if Causes(a, b).holds(dag)]
    both: list[Proposition] = [Causes(*ends) for a, b in pairs for ends in ((a, b), (b, a))]
    for anonymize in (False, True):
        given, drawn = (
            LanguageModelOracle(
                ScriptedBackend("yes"), variables=dag.topological_order, listing=listing, anonymize=anonymize
            )
            for listing in ("given", "drawn")
        )
        if not anonymize:
            found = score_of(asked(given, dag, both), "listed_earlier")
            assert (found["accuracy"], found["auc"]) == (1.0, 1.0)
        found = score_of(asked(drawn, dag, both), "listed_earlier")
        assert (found["accuracy"], found["auc"]) == (0.5, 0.5)


def test_one_direction_of_each_pair_is_a_fair_coin() -> None:
    """A chain of 25: 300 pairs of which only the true direction is asked, each a coin of its own."""
    chain = [f"v{k:02d}" for k in range(25)]
    dag = Dag.from_edges(list(pairwise(chain)))
    forwards: list[Proposition] = [Causes(a, b) for a, b in combinations(chain, 2)]
    oracle = LanguageModelOracle(ScriptedBackend("yes"), variables=chain)
    found = score_of(asked(oracle, dag, forwards), "listed_earlier")
    assert abs(found["accuracy"] - 0.5) < 5 * sqrt(0.25 / len(forwards))
    assert np.isnan(found["auc"])  # nothing false among them
    assert score_of(asked(oracle, dag, forwards), "alphabetical")["accuracy"] == 1.0
    silent = asked(SimulatedOracle(dag, 0.0), dag, forwards)
    assert silent["listed_earlier"].isna().all()  # nothing is written, and nothing listed


def test_scores_are_those_of_pairs_counted_one_by_one() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "solver": np.repeat(["a", "b"], 30),
            "group": rng.integers(8, size=60),
            "label": rng.random(60) < 0.4,
            "member_share": rng.integers(5, size=60) / 4,
            "longer_name": rng.choice([0.0, 0.5, 1.0, nan], size=60),
        }
    )
    table = leaks(frame, draws=400, seed=1)
    assert table["rule"].tolist() == ["longer_name", "member_share"] * 2
    for row in table.itertuples():
        part = frame[(frame["solver"] == row.solver) & frame[row.rule].notna()]
        yes, label = part[row.rule].to_numpy(), part["label"].to_numpy()
        above = [float(p > q) + (p == q) / 2 for p in yes[label] for q in yes[~label]]
        assert row.items == len(part)
        assert row.accuracy == pytest.approx(np.where(label, yes, 1 - yes).mean())
        assert row.auc == pytest.approx(np.mean(above))
        assert row.accuracy_low <= row.accuracy <= row.accuracy_high
        assert row.auc_low <= row.auc <= row.auc_high
    assert leaks(frame, []).set_index("rule").loc["member_share", "items"] == 60
    assert leaks(frame[["label"]]).empty
    assert once(table, ["solver"]) is table
    twice = pd.concat([frame.assign(solver=name) for name in "ab"])
    assert once(leaks(twice), ["solver"])["rule"].tolist() == ["longer_name", "member_share"]
    with pytest.raises(InvalidData, match="no probability"):
        leaks(frame.assign(longer_name=2.0))
    with pytest.raises(InvalidData, match="label"):
        leaks(frame.drop(columns="label"))
    with pytest.raises(InvalidParameter, match="no column 'oracle'"):
        leaks(frame, ["oracle"])


def hypotheses(items: list[Corr2CauseItem]) -> pd.DataFrame:
    rows = []
    for item in items:
        names = "ABCDE"[: len(item.variables)]
        rows.append({"label": item.label, **rule_answers(parse(item.hypothesis, names), names)})
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_letters_follow_the_causal_order_in_the_published_set_and_not_where_they_are_drawn() -> None:
    items = [item for item in complete_set(4).items if item.relation in ("parent", "child")]
    published = hypotheses(items)
    assert not published["label"][published["alphabetical"] == 0].any()  # no later letter ever causes an earlier one
    assert score_of(published, "alphabetical")["auc"] > 0.7
    found = hypotheses([relettered(item, seed) for seed in range(3) for item in items])
    assert found["label"].tolist() == published["label"].tolist() * 3
    positive = int(found["label"].sum())
    for rule in ("alphabetical", "listed_earlier"):
        # as uncertain as the true ones, were each a coin; those of one class share letters, some of them reversed
        assert abs(score_of(found, rule)["auc"] - 0.5) < 5 * sqrt(0.25 / positive)
    made = hypotheses(list(generate(4, rows=120, seed=0, relations=["parent", "child"]).items))
    assert abs(score_of(made, "alphabetical")["auc"] - 0.5) < 5 * sqrt(0.25 / made["label"].sum())


def test_other_letters_say_the_same() -> None:
    for item in generate([4, 7], rows=12, seed=3).items:
        drawn = relettered(item, seed=5)
        names, other = parse_premise(item.premise)[0], parse_premise(drawn.premise)[0]
        assert names == other  # listed as before
        question, asked_now = parse(item.hypothesis, names), parse(drawn.hypothesis, names)
        share, share_now = (
            MarkovEquivalenceClass.from_cpdag(from_premise(text)).probability(p)
            for text, p in ((item.premise, question), (drawn.premise, asked_now))
        )
        assert share == share_now
    assert any(relettered(item).hypothesis != item.hypothesis for item in generate(4, rows=12).items)
    with pytest.raises(FormatError):
        renamed_premise("Nothing that can be read.", {"A": "B"})
    with pytest.raises(UnknownVariable, match="C variable"):
        relettered(Corr2CauseItem("1", generate(4, rows=6).items[0].premise, "A variable causes B.", None))


def test_reports_and_comparisons_show_the_rules(tmp_path: Path) -> None:
    """Items of the published kind, whose letters follow the causal order, answered by somebody who asks nobody."""
    chosen = [item.to_dict() for item in complete_set(4).items if item.relation in ("parent", "child")][::5]
    parts = [{"study": "solve", "items": chosen, "solvers": ["always-no", "symbolic"]}]
    found = run(Config.from_dict({"name": "rules", "parts": parts}), tmp_path / "run", jobs=1)
    page = report(found, draws=50)
    (table,) = [table for table in page.tables if "Rules that know nothing" in (table.caption or "")]
    assert [row[0] for row in table.rows] == ["listed earlier", "longer name", "alphabetical", "random member"]
    frame = found.frame("solve")
    expected = leaks(frame[frame["solver"] == "symbolic"], [], draws=0).set_index("rule")
    for row, rule in zip(table.rows, [*RULES, "member_share"], strict=True):
        assert row[3].startswith(f"{expected.loc[rule, 'accuracy']:.3f}")
        assert row[4].startswith(f"{expected.loc[rule, 'auc']:.3f}")
    (pair,) = compare(found, found, solvers=("always-no", "symbolic"))
    assert pair.rules_first == pair.rules_second
    assert pair.rules_first["alphabetical"] == pytest.approx(expected.loc["alphabetical", "accuracy"])
    assert "alphabetical" in " ".join(comparison_table([pair]).rows[0])


@pytest.mark.parametrize("listing", ["given", "drawn"])
def test_a_model_that_follows_the_list_is_the_rule(listing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published items, whose names follow the causal order, asked of a model that reads nothing but the list."""

    def follow(prompt: Prompt) -> str:
        names = prompt.user.split("The variables: ")[1].split(".")[0].split(", ")
        do, outcome = re.findall(r"(?<!\w)[A-E](?!\w)", prompt.user.split("Question:")[1])[:2]
        return "yes" if names.index(do) < names.index(outcome) else "no"

    def connected(text: str, mode: str, temperature: float) -> LanguageModelOracle:
        return LanguageModelOracle(ScriptedBackend(follow), progress=False, listing=json.loads(text)["listing"])

    monkeypatch.setattr(asked_module, "_connected", connected)
    chosen = [next(items) for _, items in groupby(complete_set(4).items, key=lambda item: item.premise)]
    settings = {
        "items": tuple(item.to_dict() for item in chosen),
        "oracles": [{"ask": {"model": "m", "listing": listing}}],
        "kinds": ["Causes", "DirectlyCauses"],
        "per_kind": 6,
        "repeats": 2,
    }
    read = read_settings(LocalSettings, settings)
    rows = [row for unit in LOCAL.plan(read, 0) for row in LOCAL.work(unit).rows]
    frame = pd.DataFrame(rows)
    assert (frame["answer"].astype(float) == frame["listed_earlier"]).all()
    found = score_of(frame, "listed_earlier")
    if listing == "given":
        assert found["auc"] > 0.6  # the hidden graph is any member, where the class leaves it open
    else:
        assert found["accuracy"] == 0.5  # of two repeats one is put the other way about
        assert abs(found["auc"] - 0.5) < 1e-9
