"""A journal that version 0.1 wrote: all that was paid for is found again, and nothing is asked twice.

``journal_0_1.sql`` is the file as SQL, and ``journal_0_1.json`` what was said when it was written.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from causalpp import Causes, Changes, Dag, DirectlyCauses, HumanOracle, Independent, Panel, SimulatedOracle, noise
from causalpp.benchmarks.solvers import asked, whole
from causalpp.language import Prompt, Reply, ScriptedBackend
from causalpp.oracles import Answer, Journal, LanguageModelOracle
from causalpp.tasks.corr2cause import Corr2CauseItem

HERE = Path(__file__).parent
SAID: dict[str, Any] = json.loads((HERE / "journal_0_1.json").read_text(encoding="utf-8"))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    path = tmp_path / "old.journal"
    with sqlite3.connect(path) as connection:
        connection.executescript((HERE / "journal_0_1.sql").read_text(encoding="utf-8"))
    connection.close()
    return Journal(path, create=False)


def silent(prompt: Prompt) -> str:
    raise AssertionError(f"asked again: {prompt.user}")


def told(answer: Answer) -> dict[str, Any]:
    """What an answer says, in the words of 0.1, which did not say the nature of the oracle."""
    return {name: value for name, value in answer.to_dict().items() if name != "nature"}


def the_same(answers: list[Answer], was: list[dict[str, Any]]) -> bool:
    return list(map(told, answers)) == was


def test_answers_of_a_language_model(journal: Journal) -> None:
    down: list[str] = []

    def speak(prompt: Prompt) -> str:
        down.append(prompt.user.split("Question:")[1])
        return "no"

    oracle = LanguageModelOracle(
        ScriptedBackend(speak), context=SAID["context"], wordings=["plain", "intervention"],
        polarities=["positive", "negated"], prices=(2.0, 8.0), progress=False, journal=journal, listing="given",
    )  # fmt: skip
    assert oracle.fingerprint == SAID["language fingerprint"]
    questions = [
        Causes("alpha", "omega"), Causes("alpha", "beta"), Causes("gamma", "delta"),
        Independent("alpha", "gamma", given={"delta"}),
    ]  # fmt: skip
    failures = [answer.to_dict() for answer in journal.failures()]
    answers = oracle.ask(questions, repeats=5)
    passed = [k for k, was in enumerate(SAID["words"]) if was.get("reason") == "no connection"]
    assert len(down) == len(passed) == len(failures) == 5  # what had failed, and nothing else
    for k, was in enumerate(SAID["words"]):
        assert told(answers[k]) == was or k in passed
    assert the_same(oracle.ask(Panel("alpha", ["gamma", "omega"]), repeats=2), SAID["panel"])
    assert len(down) == 5


def test_answers_of_others(journal: Journal) -> None:
    thinker = LanguageModelOracle(
        ScriptedBackend("tar lies between.\nAnswer: no"), mode="reason", anonymize=True, variables=["smoke", "tar"],
        progress=False, journal=journal, listing="given",
    )  # fmt: skip
    thinker.backend.complete = silent  # type: ignore[assignment, method-assign]
    assert the_same(thinker.ask(Causes("smoke", "tar"), repeats=2), SAID["reason"])
    dag = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
    simulated = SimulatedOracle(dag, noise.Symmetric(0.2), seed=3)
    simulated.journal = journal
    questions = [
        Causes("smoke", "cancer"),
        DirectlyCauses("cancer", "tar"),
        Changes("smoke", "cancer", holding={"tar"}),
    ]
    assert the_same(simulated.ask(questions, repeats=3), SAID["simulated"])
    human = HumanOracle({"tar": "tar in the lungs"}, name="ada", reader=silent, console=Console(quiet=True))  # type: ignore[arg-type]
    human.journal = journal
    assert the_same(human.ask([Causes("smoke", "tar"), Causes("tar", "smoke")]), SAID["human"])


def test_replies_to_prompts_that_are_no_questions(journal: Journal) -> None:
    backend = ScriptedBackend(silent, model="drawer")
    drawer = LanguageModelOracle(backend, progress=False, journal=journal, listing="given")
    was = SAID["proposals"]
    for _ in range(2):  # with a journal that 0.2 made of it as well
        found = drawer.propose_graphs(["smoke", "tar"], k=3, descriptions={"tar": "tar in the lungs"})
        assert [[list(edge) for edge in dag.edges] for dag in found.graphs] == was["edges"]
        assert list(found.counts) == was["counts"]
        assert [list(pair) for pair in found.refused] == was["refused"]
        assert [found.tokens_in, found.tokens_out] == was["tokens"]
        merged = Journal(journal.path.with_name("new.journal"))
        merged.merge(journal)
        drawer.journal = merged


TEXT = (
    "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 "
    "variables are as follows: A correlates with C. B correlates with C. However, A is independent of B."
)
ITEMS = [
    Corr2CauseItem("1", TEXT, "A directly causes C.", True),
    Corr2CauseItem("2", TEXT, "C directly causes A.", False),
]


def test_whole_questions(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    paid: list[Prompt] = []

    def connected(self: asked.Model, mode: str = "answer", temperature: float | None = None) -> LanguageModelOracle:
        def speak(prompt: Prompt) -> Reply:
            paid.append(prompt)
            return Reply("so\nAnswer: no", model="m")

        drawn = self.temperature if temperature is None else temperature
        return LanguageModelOracle(
            ScriptedBackend(speak, model=f"whole-{mode}"), mode=mode, temperature=drawn, seed=self.seed,
            progress=False, journal=journal, listing="given",
        )  # fmt: skip

    monkeypatch.setattr(asked.Model, "connected", connected)
    model = asked.Model("m", provider="transformers")
    solvers = [
        whole.ZeroShot(model), whole.ChainOfThought(model), whole.PcInPrompt(model),
        whole.SelfConsistency(model, samples=3), whole.FewShot(model, shots=2),
    ]  # fmt: skip
    for solver in solvers:
        found = [solver.solve(item) for item in ITEMS]
        assert [[s.answer, s.confidence, s.tokens_in] for s in found] == SAID["whole"][solver.name]
    assert not paid
    more = whole.SelfConsistency(model, samples=5)
    assert [more.solve(item).about["votes"] for item in ITEMS] == [5, 5]
    assert len(paid) == 4  # the two samples that were not there, of each
    again = len(paid)
    assert [more.solve(item).answer for item in ITEMS] == [False, False]
    assert len(paid) == again
