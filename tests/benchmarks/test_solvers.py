"""Solvers: the symbolic one is never wrong, the loop states two probabilities, and prompts hold what they should."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pytest

from causalpp.benchmarks import Config
from causalpp.benchmarks.runs.units import carry_out
from causalpp.benchmarks.solvers import Solver, make_solver, solver_names
from causalpp.benchmarks.solvers.asked import Model, Simulated, hidden_graph
from causalpp.benchmarks.solvers.loop import AcboSolver, PublishedAcbo
from causalpp.benchmarks.solvers.symbolic import Symbolic, meaning_of
from causalpp.benchmarks.solvers.whole import ChainOfThought, FewShot, PcInPrompt, SelfConsistency, ZeroShot
from causalpp.errors import FormatError, InvalidParameter
from causalpp.language import Prompt, Reply
from causalpp.oracles import SimulatedOracle
from causalpp.tasks import Corr2CauseItem, Item, Number, Scorer, Target, audit, generate, relettered, score


@dataclass(frozen=True)
class Listed(Scorer):
    """Reads the numbers of a reply, in order."""

    def read(self, text: str) -> list[int]:
        return sorted(int(word) for word in text.split())


@pytest.fixture(scope="module")
def items() -> list[Corr2CauseItem]:
    return list(generate([3, 4, 5, 7], 24, seed=3))


def blind(item: Corr2CauseItem) -> Corr2CauseItem:
    return item.blind()


def test_the_symbolic_solver_is_never_wrong(items: list[Corr2CauseItem]) -> None:
    assert all(Symbolic().solve(blind(item)).answer == item.label for item in items)
    direct = list(generate([4, 6], 20, seed=1, semantics="direct"))
    assert all(Symbolic().solve(blind(item)).answer == item.label for item in direct)
    assert audit(items).clean


def test_always_no_scores_what_the_balance_says(items: list[Corr2CauseItem]) -> None:
    answers = [make_solver("always-no").solve(blind(item)).answer for item in items]
    right = sum(answer == item.label for answer, item in zip(answers, items, strict=True))
    assert right == sum(not item.label for item in items)


def test_what_cannot_be_read_is_no_answer(items: list[Corr2CauseItem]) -> None:
    bad = [dataclasses.replace(items[0], premise="nothing"), dataclasses.replace(items[0], hypothesis="Q beats B.")]
    for solver in (Symbolic(), ZeroShot(Simulated(0.0)), AcboSolver(Simulated(0.0)), PublishedAcbo(Simulated(0.0))):
        for item in bad:
            verdict = solver.solve(item)
            assert verdict.answer is None
            assert verdict.reason


# --- with simulated oracles ---------------------------------------------------------------------------


def test_a_perfect_oracle_settles_the_hypothesis_in_the_hidden_graph(items: list[Corr2CauseItem]) -> None:
    """``holds`` is about the hidden graph and ``entailed`` about the class; the label is about the class."""
    for item in items[::4]:
        verdict = AcboSolver(Simulated(0.0), seed=2).solve(blind(item))
        truth = hidden_graph(item)
        assert verdict.answer == item.label
        assert verdict.entailed == float(bool(item.label))
        holds = bool(meaning_of(item).holds(truth))
        assert verdict.about["holds_in_truth"] == holds
        assert verdict.holds is not None
        assert (verdict.holds > 0.5) == holds
        assert verdict.questions is not None


def test_the_published_loop_answers_for_its_graph(items: list[Corr2CauseItem]) -> None:
    wrong = 0
    for item in items[::4]:
        verdict = PublishedAcbo(Simulated(0.0)).solve(blind(item))
        assert verdict.entailed is None
        if verdict.about["graph_right"]:
            assert verdict.answer == verdict.about["holds_in_truth"]
        wrong += verdict.answer != item.label
    assert wrong > 0  # what holds in one graph need not hold in all


def test_items_of_one_premise_share_their_hidden_graph(items: list[Corr2CauseItem]) -> None:
    groups: dict[str, set[object]] = {}
    for item in items:
        groups.setdefault(item.premise, set()).add(hidden_graph(item))
    assert all(len(graphs) == 1 for graphs in groups.values())
    assert len(groups) < len(items)


def test_solvers_give_the_same_in_any_order(items: list[Corr2CauseItem]) -> None:
    solver = make_solver({"solver": "acbo", "ask": {"noise": 0.2}})
    some = [blind(item) for item in items[:12:3]]
    forward = [solver.solve(item) for item in some]
    backward = [solver.solve(item) for item in reversed(some)][::-1]
    plain = [dataclasses.replace(verdict, seconds=None) for verdict in forward]
    assert plain == [dataclasses.replace(verdict, seconds=None) for verdict in backward]


@pytest.mark.parametrize("kind", [AcboSolver, PublishedAcbo])
def test_an_interrupted_run_is_no_verdict(
    items: list[Corr2CauseItem], monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    """The loop turns Ctrl-C into a result; a solver must not pass half a run for an answer."""

    def strike(*_: object) -> None:
        raise KeyboardInterrupt

    item = next(item for item in items if item.about["members"] > 2 and not item.label)
    monkeypatch.setattr(SimulatedOracle, "_answer", strike)
    solver = kind(Simulated(0.1), **({"goal": False} if kind is AcboSolver else {}))
    with pytest.raises(KeyboardInterrupt):
        solver.solve(blind(item))
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(solver.solve_async(blind(item)))


# --- with language models -----------------------------------------------------------------------------


def test_zero_shot_shows_premise_and_hypothesis_in_drawn_names(items: list[Corr2CauseItem], scripted: Any) -> None:
    backend = scripted("No.")
    item = items[5]
    verdict = ZeroShot(Model("m")).solve(blind(item))
    assert verdict.answer is False
    (prompt,) = backend.prompts
    shown = relettered(item)
    assert shown.premise in prompt.user.replace("\n> ", " ").replace("> ", "")
    assert shown.hypothesis in prompt.user
    assert shown.hypothesis != item.hypothesis
    assert "every directed acyclic graph" in (prompt.system or "")
    assert prompt.labels == ("yes", "no", "unsure")


def test_log_odds_become_a_confidence(items: list[Corr2CauseItem], scripted: Any) -> None:
    scripted(lambda _: Reply("no", {"yes": math.log(0.2), "no": math.log(0.8)}, 1.0))
    verdict = ZeroShot(Model("m")).solve(blind(items[0]))
    assert verdict.answer is False
    assert verdict.confidence == pytest.approx(0.8)
    assert verdict.entailed == pytest.approx(0.2)


def test_few_shot_shows_as_many_of_both_and_none_of_the_class(items: list[Corr2CauseItem], scripted: Any) -> None:
    backend = scripted("yes")
    for item in items[:8]:
        FewShot(Model("m"), shots=4).solve(blind(item))
    for prompt, item in zip(backend.prompts, items[:8], strict=True):
        text = prompt.user
        assert text.count("Answer: yes") == text.count("Answer: no") == 2
        assert text.count("Hypothesis:") == 5
        assert text.rindex(relettered(item).hypothesis) > text.rindex("Answer:")
    FewShot(Model("m"), shots=4).solve(blind(items[0]))
    assert backend.prompts[-1] == backend.prompts[0]  # the same item is shown the same examples


def test_chain_of_thought_reads_the_last_line(items: list[Corr2CauseItem], scripted: Any) -> None:
    backend = scripted("First, A and B are joined. Then it cannot be otherwise.\nAnswer: yes")
    assert ChainOfThought(Model("m")).solve(blind(items[0])).answer is True
    assert "step by step" in backend.prompts[0].user
    assert PcInPrompt(Model("m")).solve(blind(items[0])).answer is True
    assert "Skeleton" in backend.prompts[1].user


def test_self_consistency_takes_the_majority(items: list[Corr2CauseItem], scripted: Any) -> None:
    replies = iter(["Answer: yes", "Answer: no", "Answer: yes", "I cannot say.", "Answer: yes"])
    scripted(lambda _: next(replies))
    verdict = SelfConsistency(Model("m"), samples=5).solve(blind(items[0]))
    assert verdict.answer is True
    assert verdict.confidence == pytest.approx(3 / 4)


def test_an_unreadable_reply_is_no_answer(items: list[Corr2CauseItem], scripted: Any) -> None:
    scripted("On a Tuesday.")
    verdict = ZeroShot(Model("m")).solve(blind(items[0]))
    assert verdict.answer is None
    assert verdict.reason == "unreadable"


def test_items_of_any_kind_are_put_by_their_prompts(scripted: Any) -> None:
    item = Item("1", "P(Y = 1 | do(X = 1)) = ?", Target(0.31, Number(0.01, key="PROB")))
    replies = iter(['{"PROB": 0.3}', "It depends.", '{"PROB": 0.31}', '{"PROB": 0.2}', '{"PROB": 0.31}', "?"])
    backend = scripted(lambda _: next(replies))
    solution = ZeroShot(Model("m")).solve(item.blind())
    assert backend.prompts[0].user == item.prompt
    assert (solution.answer, score(item, solution.answer).outcome, solution.entailed) == (0.3, "right", None)
    assert ZeroShot(Model("m")).solve(item.blind()).answer is None
    solution = SelfConsistency(Model("m"), samples=3).solve(item.blind())
    assert (solution.answer, solution.confidence) == (0.31, pytest.approx(2 / 3))
    assert asyncio.run(ZeroShot(Model("m")).solve_async(item.blind())).reason == "no answer"
    for solver in (PcInPrompt(Model("m")), ZeroShot(Simulated(0.0)), AcboSolver(Simulated(0.0))):
        assert solver.solve(item.blind()).reason == "FormatError"  # they need a premise


def test_votes_are_counted_whatever_a_scorer_reads(scripted: Any) -> None:
    item = Item("1", "Between what and what?", Target([1, 2], Listed()))
    replies = iter(["2 1", "1 2", "1 3", "1 2"])
    scripted(lambda _: next(replies))
    assert ZeroShot(Model("m")).solve(item.blind()).answer == [1, 2]
    solution = SelfConsistency(Model("m"), samples=3).solve(item.blind())
    assert (solution.answer, solution.confidence) == ([1, 2], pytest.approx(2 / 3))


def test_the_loop_asks_a_model_local_questions_under_the_premise(items: list[Corr2CauseItem], scripted: Any) -> None:
    item = next(item for item in items if item.about["members"] > 2)
    backend = scripted("unsure")
    AcboSolver(Model("m"), max_questions=3, goal=False).solve(blind(item))
    assert len(backend.prompts) == 3
    assert all("correlates with" in prompt.user and "Question: Does" in prompt.user for prompt in backend.prompts)


def test_proposed_graphs_are_candidates_too(items: list[Corr2CauseItem], scripted: Any) -> None:
    """The model proposes one graph, which then is the only candidate: it is not the class that decides."""
    item = next(item for item in items if len(item.variables) == 3)

    def reply(prompt: Prompt) -> str:
        return '{"edges": [{"cause": "A", "effect": "B"}]}' if prompt.schema else "yes"

    scripted(reply)
    verdict = AcboSolver(Model("m"), candidates="proposed", proposals=2).solve(blind(item))
    assert verdict.entailed in (0.0, 1.0)


def test_solvers_work_on_an_event_loop(items: list[Corr2CauseItem], scripted: Any) -> None:
    scripted("yes")

    async def both() -> list[Any]:
        one, other = ZeroShot(Model("m")), AcboSolver(Model("m"), max_questions=2)
        return await asyncio.gather(one.solve_async(blind(items[0])), other.solve_async(blind(items[1])))

    answers = asyncio.run(both())
    assert answers[0].answer is True
    assert answers[1].answer is not None


# --- settings -----------------------------------------------------------------------------------------


def test_every_shipped_solver_is_made_from_its_name() -> None:
    plain = {"always-no", "always-yes", "constant", "symbolic"}
    for name in solver_names():
        spec: Any = name if name in plain else {"solver": name, "ask": {"model": "m"}}
        spec = {"solver": name, "reply": "yes"} if name == "constant" else spec
        solver = make_solver(spec)
        assert isinstance(solver, Solver)
        assert solver.name == name
        assert solver.oracle_nature == ("none" if name in plain else "language model")
        assert solver.waits == (name not in plain)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"solver": "zero-shot"}, "'ask' is missing"),
        ({"solver": "zero-shot", "ask": {"modle": "m"}}, "modle"),
        ({"solver": "zero-shot", "ask": {"noise": {"family": "Gaussian"}}}, "family"),
        ({"solver": "few-shot", "ask": {"noise": 0.1}}, "needs a 'model'"),
        ({"solver": "few-shot", "ask": {"model": "m"}, "shots": 0}, "at least one example"),
        ({"solver": "self-consistency", "ask": {"model": "m"}, "samples": 1}, "two samples"),
        ({"solver": "acbo", "ask": {"noise": 0.1}, "candidates": "proposed"}, "needs a 'model'"),
        ({"solver": "acbo", "ask": {"noise": 0.1}, "confidence": 1.5}, "strictly between"),
    ],
)
def test_bad_settings_say_what_is_wrong(spec: dict[str, Any], says: str) -> None:
    with pytest.raises((FormatError, InvalidParameter), match=says):
        make_solver(spec)


def test_the_loop_means_what_the_item_means() -> None:
    direct = list(generate(8, 96, seed=1, semantics="direct", expected_degree=3.0))
    for solver in (Symbolic(), AcboSolver(Simulated(0.0)), ZeroShot(Simulated(0.0))):
        assert {solver.solve(blind(item)).reason for item in direct[::16]} == {None}
    loop = AcboSolver(Simulated(0.0))
    told_apart = [item for item in direct if Symbolic("path").solve(item).answer != item.label]
    assert told_apart
    for item in told_apart[:4]:
        assert loop.solve(blind(item)).answer == item.label


def test_published_items_of_one_premise_belong_together(items: list[Corr2CauseItem]) -> None:
    settings = {"items": [], "solvers": ["always-no"]}
    settings["items"] = [
        Corr2CauseItem(
            item.id, item.premise, item.hypothesis, item.label, about={"num_variables": str(len(item.variables))}
        ).to_dict() for item in items
    ]  # fmt: skip
    config = Config.from_dict({"name": "x", "parts": [{"study": "solve", "variables": [4, 5], **settings}]})
    rows = [row for _, unit in config.units() for row in carry_out(unit).rows]
    chosen = [item for item in items if len(item.variables) in (4, 5)]
    assert [row["variables"] for row in rows] == [len(item.variables) for item in chosen]
    together = {(row["group"], item.premise) for row, item in zip(rows, chosen)}
    assert len(together) == len({row["group"] for row in rows}) == len({item.premise for item in chosen})
