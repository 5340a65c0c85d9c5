"""Published files of CauGym: every layout is read, every answer derived again, and what cannot be read is said."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from published_caugym import QUANTITIES, WORLD, row

from causalpp.cli import main
from causalpp.errors import FormatError
from causalpp.tasks import Target, caugym, generate, load_published, read_items, score
from causalpp.tasks.caugym.published import PublishedItem, derive, read_problem


def item_of(values: dict[str, Any], source: str = "base_dataset.json") -> PublishedItem:
    return PublishedItem.from_row(values, 1, source, "")


def audited(*rows: dict[str, Any], source: str = "base_dataset.json") -> caugym.CauGymAudit:
    return caugym.audit(item_of(values, source) for values in rows)


# --- deriving -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_answer_is_that_of_an_enumeration(quantity: str) -> None:
    rows = [row(seed, quantity, codes=seed % 2 == 1) for seed in range(30)]
    found = audited(*rows)
    assert (found.checked, found.disagreements, found.failures) == (30, (), ()), found
    for values in rows:
        derived = derive(read_problem(values["problem"]))
        assert derived is not None
        stated = Fraction(json.loads(values["answer"])["PROB"])
        assert derived.value.low - Fraction(1, 20_000) <= stated <= derived.value.high + Fraction(1, 20_000)
        assert derived.value.low <= derived.value.value <= derived.value.high


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_wrong_answers_are_found(quantity: str) -> None:
    for seed in range(12):
        values = row(seed, quantity)
        right = json.loads(values["answer"])
        off = {**right, "PROB": f"{float(right['PROB']) + (0.2 if float(right['PROB']) < 0.5 else -0.2):.4f}"}
        found = audited({**values, "answer": json.dumps(off), "Reason": {}})
        assert [wrong.field for wrong in found.disagreements] == ["PROB"]
        assert found.disagreements[0].steps
        if "ANSWER" in right and abs(float(right["PROB"])) > 0.01:
            other = {**right, "ANSWER": {"Yes": "No", "No": "Yes"}[right["ANSWER"]]}
            found = audited({**values, "answer": json.dumps(other)})
            assert [wrong.field for wrong in found.disagreements] == ["reasoning", "ANSWER"]
        found = audited({**values, "answer": "LACK_CONDITION"})
        assert [wrong.field for wrong in found.disagreements] == ["sufficiency"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_where_a_figure_is_missing_no_answer_is_derived(quantity: str) -> None:
    found = audited(*(row(seed, quantity, lacking=True) for seed in range(12)))
    assert (found.lacking, found.disagreements, found.failures) == (12 - found.checked, (), ()) or found.checked
    assert found.lacking >= 9  # a missing figure may follow from the others
    stated = audited(
        *({**row(seed, quantity), "problem": row(seed, quantity, lacking=True)["problem"]} for seed in range(12))
    )
    assert len(stated.failed("not derived")) == found.lacking
    assert not stated.disagreements


def test_where_there_is_no_effect_the_answer_is_no_without_figures() -> None:
    graph = f"Input Info: {WORLD} A walk has a direct effect on sleep. Salt has a direct effect on sleep.\n\n"
    more = "have been more likely to be"
    asked = {
        "ATE": "If sleep is changed to be long, will salt be more likely to be high?",
        "ETT": f"For those with sleep being long, if their sleep had been short, would the salt {more} high?",
        "NIE": "Suppose a walk is held constant and the mediator changes to whatever value it would have attained "
        f"under a walk changing to be long, would sleep {more} long?",
        "NDE": f"Suppose the mediator keeps constant when sleep is changed to be long, would the salt {more} high?",
        "CDE": f"Conditioned on a walk being long, if the sleep had been short, would the salt {more} high?",
    }
    for quantity, question in asked.items():
        pair = "a walk on sleep" if quantity == "NIE" else "sleep on salt"
        asking = f"Instruction: Consider the effect ({quantity}) of {pair}.\nQuestion: {question}"
        text = f"{graph}{asking}\nProvide the calculation result:"
        values = {"problem": text, "answer": '{"ANSWER": "No", "PROB": "0"}', "Type": quantity}
        assert audited(values).clean, audited(values).failures
        assert not audited({**values, "answer": '{"ANSWER": "Yes", "PROB": "0.1"}'}).clean


def test_effects_on_the_treated_with_the_sign_and_the_answer_swapped_are_all_found() -> None:
    """In the published sets PROB is the outcome as it is minus that under the change, and ANSWER goes by its sign."""
    rows = []
    for seed in range(20):
        values = row(seed, "ETT")
        right = json.loads(values["answer"])
        rows.append({**values, "answer": json.dumps({**right, "ANSWER": "Yes" if float(right["PROB"]) > 0 else "No"})})
    found = audited(*rows)
    assert (len(found.of("ANSWER")), len(found.of("reasoning")), len(found.of("PROB"))) == (20, 20, 0)
    assert not any(found.agreed.values())


def test_figures_that_are_too_coarse_for_the_tolerance_are_told() -> None:
    text = (
        f"Input Info: {WORLD} Dose has a direct effect on pulse.\nFor those with dose being low, the probability of "
        "pulse being low is 0.9288. The probability of dose being low and pulse being low is 0.9188. The probability "
        "of dose being high and pulse being high is 0.0284. \nInstruction: Consider the probability of necessity "
        "(PN) of dose on pulse.\nQuestion: Given that dose was high and pulse was high, what is the upper bound of the "
        "probability of the pulse would have been low if the dose had been low?\nProvide the calculation result:"
    )
    exact = Fraction("0.0100") / Fraction("0.0284")
    for stated, imprecise, wrong in ((float(exact), 0, 0), (float(exact) + 0.001, 1, 0), (float(exact) + 0.02, 0, 1)):
        found = audited({"problem": text, "answer": json.dumps({"PROB": f"{stated:.4f}"}), "Type": "PN"})
        assert (len(found.imprecise), len(found.disagreements)) == (imprecise, wrong)


# --- strictness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("has a direct effect on", "influences", "direct effect"),
        ("Imagine a self-contained", "Imagine a small", "template"),
        ("Question: ", "Query: ", "template"),
        ("being large", "being vast", "third state"),
        ("the probability of", "the chance of", "does not state a probability"),
        ("is 0.0", "is about 0.0", "does not state a probability"),
        ("is 0.0", "is 1.0", "no probability"),
        ("is 0.0", "is -0.0", "no probability"),
        ("daily dose being large,", "weekly dose being large,", "which variables have which states"),
        ("(NDE)", "(NDX)", "quantity"),
        (" of daily dose on hours", " of daily dose and hours", "what the cause is"),
        ("keeps constant", "is kept", "not the question of the template"),
        ("Daily dose has a direct effect on grip strength.", "", "no direct effect is stated|lead to no answer"),
        (
            "on hours of sleep. Grip",
            "on hours of sleep. Hours of sleep has a direct effect on daily dose. Grip",
            "no graph",
        ),
    ],
)
def test_damaged_texts_are_refused(old: str, new: str, says: str) -> None:
    values = next(
        some for seed in range(60) if old in (some := row(seed, "NDE"))["problem"] and "few" in some["problem"]
        and "daily dose on hours" in some["problem"]
    )  # fmt: skip
    found = audited({**values, "problem": values["problem"].replace(old, new, 1)})
    assert found.checked == 0
    assert len(found.failures) == 1
    assert re.search(says, found.failures[0].message), found.failures[0].message


def test_contradictory_figures_are_said() -> None:
    values = row(1, "ATE")
    figures = values["problem"].split("\n")[1]
    first = re.match(r".*?0\.\d{4}\.", figures)
    assert first is not None
    number = re.search(r"0\.\d{4}", first[0])
    assert number is not None
    other = f"{(float(number[0]) + 0.3) % 1:.4f}"
    doubled = first[0].replace(number[0], other)
    found = audited({**values, "problem": values["problem"].replace(figures, f"{figures}{doubled} ")})
    assert "contradict each other" in found.failed("figures")[0].message
    assert found.checked == 0


def test_texts_in_other_words_are_counted_and_not_guessed() -> None:
    text = "Input Info: Dose drives pulse. When dose is high, P(pulse=low) = 0.01.\nQuestion: …"
    values = {"problem": text, "answer": '{"ANSWER": "No", "PROB": "-0.0483"}', "Type": "ETT",
              "Reason": {"Step 1": "ETT=-0.0483<0 so the answer is Yes."}}  # fmt: skip
    found = audited(values, source="rephrased_dataset.json")
    assert [failure.kind for failure in found.failures] == ["text"]
    assert [(wrong.field, wrong.stated, wrong.derived) for wrong in found.disagreements] == [("reasoning", "no", "yes")]
    assert (found.sets, found.quantities) == ({"rephrased": 1}, {"ETT": 1})


def test_a_row_marked_as_another_quantity_is_said() -> None:
    found = audited({**row(1, "ATE"), "Type": "NDE"})
    assert "marked as NDE" in found.failures[0].message


# --- layouts --------------------------------------------------------------------------------------------


def _layouts() -> dict[str, dict[str, Any]]:
    values = row(5, "CDE")
    text, answer = values["problem"], values["answer"]
    good, bad = f"It is so because of this.\n{answer}", 'I guess.\n{"ANSWER": "Yes", "PROB": "0.9999"}'
    turns = [{"role": "system", "content": "You calculate."}, {"role": "user", "content": text}]
    return {
        "SFT instruction": {"instruction": text, "input": "", "output": good},
        "SFT split": {"instruction": "Solve this.", "input": text, "output": good},
        "SFT prompt": {"prompt": text, "response": good},
        "SFT problem": {"problem": text, "solution": good},
        "SFT question": {"question": text, "answer": good},
        "SFT messages": {"messages": [*turns, {"role": "assistant", "content": good}]},
        "SFT conversations": {"conversations": [{"from": "human", "value": text}, {"from": "gpt", "value": good}]},
        "DPO texts": {"prompt": text, "chosen": good, "rejected": bad},
        "DPO messages": {
            "conversations": [{"from": "human", "value": text}],
            "chosen": {"from": "gpt", "value": good}, "rejected": {"from": "gpt", "value": bad},
        },
        "DPO whole": {"chosen": [*turns, {"role": "assistant", "content": good}],
                      "rejected": [*turns, {"role": "assistant", "content": bad}]},
        "DPO turns": {"prompt": turns, "chosen": [{"role": "assistant", "content": good}],
                      "rejected": [{"role": "assistant", "content": bad}]},
        "KTO wanted": {"prompt": text, "completion": good, "label": True},
        "KTO unwanted": {"prompt": text, "completion": bad, "label": "False", "answer": answer},
        "KTO tag": {"instruction": text, "input": "", "output": good, "kto_tag": True},
        "online problem": {"problem": text, "answer": answer},
        "online prompt": {"prompt": text, "answer": answer},
        "online rule": {"prompt": turns, "reward_model": {"style": "rule", "ground_truth": answer}, "ability": "math"},
        "online truth": {"messages": turns, "ground_truth": json.loads(answer)},
        "test set": values,
    }  # fmt: skip


@pytest.mark.parametrize("name", _layouts())
@pytest.mark.parametrize("ending", [".json", ".jsonl", ".parquet"])
def test_every_layout_is_read(tmp_path: Path, name: str, ending: str) -> None:
    values = _layouts()[name]
    path = tmp_path / f"{name.split()[0]}{ending}"
    if ending == ".parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist([values, values]), path)
    else:
        path.write_text("\n".join([json.dumps(values)] * 2) if ending == ".jsonl" else json.dumps([values, values]))
    items = list(read_items(path))
    assert [type(item) for item in items] == [PublishedItem] * 2
    right = json.loads(row(5, "CDE")["answer"])
    assert items[0].target.value == {"ANSWER": right["ANSWER"].lower(), "PROB": right["PROB"]}
    assert items[0].quantity == "CDE"
    assert score(items[0], row(5, "CDE")["answer"]).outcome == "right"
    assert caugym.audit(items).clean
    assert PublishedItem.from_dict(items[0].to_dict()) == items[0]


def test_replies_to_learn_that_are_wrong_and_replies_to_avoid_that_are_right_are_found() -> None:
    values = row(5, "CDE")
    text, good, bad = values["problem"], values["answer"], '{"ANSWER": "Yes", "PROB": "0.9999"}'
    found = audited({"prompt": text, "chosen": bad, "rejected": good}, source="dpo_dataset.json")
    assert [wrong.field for wrong in found.disagreements if wrong.field == "reply"] == ["reply", "reply"]
    for reply, label, wrong in ((good, True, 0), (bad, False, 0), (bad, True, 1), (good, False, 1)):
        found = audited({"prompt": text, "completion": f"So I say at length that it is {reply}", "label": label})
        assert len(found.of("reply")) == wrong
        assert found.checked == 1


def test_rows_of_other_layouts_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps([{"task": "?", "gold": "yes"}]))
    with pytest.raises(FormatError, match="row 1: this is no item"):
        list(read_items(path))
    path.write_text(json.dumps([{"problem": "What is two and two?", "answer": "4"}]))
    with pytest.raises(FormatError, match="row 1: this is no item"):
        list(read_items(path))
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 55325530\n")
    with pytest.raises(FormatError, match="Git LFS"):
        list(read_items(path))


def test_an_answer_that_cannot_be_read_is_said() -> None:
    for answer, says in (("", "no answer is stated"), ("perhaps", "no object"), ('{"ANSWER": "Yes"}', "no number"),
                         ('{"ANSWER": "Yes", "PROB": "high"}', "no number")):  # fmt: skip
        item = item_of({**row(1, "ATE"), "answer": answer})
        assert item.target.value is None
        assert says in item.about["problem"]
        found = caugym.audit([item])
        assert [failure.kind for failure in found.failures] == ["answer"]


def test_the_findings_are_kept_as_plain_values() -> None:
    found = audited(row(1, "ATE"), {**row(2, "PN"), "answer": '{"PROB": "0.9999"}'})
    values = json.loads(found.to_json())
    assert (values["task"], values["rows"], values["clean"]) == ("caugym", 2, False)
    assert values["disagreements_by_field"]["PROB"] == 1
    assert list(found.to_frame()["field"]) == [wrong.field for wrong in found.disagreements]
    others = generate(3, rows=2, seed=0)
    with pytest.raises(FormatError, match="not one of CauGym"):
        caugym.audit(others)


# --- our own items, and the command line ----------------------------------------------------------------


def test_our_own_items_are_audited_too() -> None:
    made = caugym.generate(7, sets=caugym.SETS, sizes=(3, 4), twins=False, seed=8)
    found = caugym.audit(made)
    assert (found.clean, found.checked, sum(found.agreed.values())) == (True, 42, 42), found.failures
    item, open_ = made.items[0], next(item for item in made if item.set == "insufficient")
    answer, scorer = item.target.value, item.target.scorer

    def stating(changed: caugym.CauGymItem, value: dict[str, Any] | None) -> caugym.CauGymItem:
        return replace(changed, target=Target(value, scorer))

    damaged = [
        stating(item, {**answer, "ANSWER": {"yes": "no", "no": "yes"}[answer["ANSWER"]]}),
        stating(item, {**answer, "PROB": "1/7"}),
        stating(item, {"ANSWER": "insufficient", "PROB": None}),
        stating(open_, answer),
        replace(item, derivation=item.derivation[:-2]),
        replace(item, prompt=item.prompt.replace("direct effect", "strong effect", 1)),
        stating(item, None),
        replace(item, prompt=item.prompt.replace(str(item.figures[0]["value"]), "170%", 1)),
    ]
    found = caugym.audit(damaged)
    assert [wrong.field for wrong in found.disagreements] == ["ANSWER", "PROB", *["sufficiency"] * 2, "derivation"]
    assert [failure.kind for failure in found.failures] == ["text", "answer", "figures"]
    unreadable = [{**answer, "PROB": prob} for prob in ("abc", "1/0", "12%", None)] + [{"PROB": "1/7"}, {}, "yes", [1]]
    failures = caugym.audit([stating(item, value) for value in unreadable]).failures  # type: ignore[arg-type]
    assert [failure.kind for failure in failures] == ["answer"] * len(unreadable)


@pytest.mark.parametrize(
    ("name", "value"),
    [("prompt", 3), ("about", "x"), ("program", [1]), ("names", {"A": 1}), ("figures", "abc"), ("derivation", ["x"])],
)
def test_items_of_another_form_are_one_clear_error(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "items.jsonl"
    plain = caugym.generate(1, seed=0).items[0].to_dict()
    path.write_text(json.dumps({**plain, name: value}))
    with pytest.raises(FormatError, match=rf"items.jsonl: row 1: this is no benchmark item, '{name}' is not a "):
        list(read_items(path))


def test_an_item_whose_parts_are_of_another_form_is_found_wrong() -> None:
    item = caugym.generate(1, seed=0).items[0]
    figure = {**item.figures[0], "variables": 3}
    found = caugym.audit([replace(item, figures=[figure]), replace(item, program={**item.program, "tables": 3})])
    assert [wrong.field for wrong in found.disagreements] == ["derivation"] * 2
    assert caugym.audit([replace(item, about={**item.about, "row": "first"})]).clean


def test_files_without_rows_are_said(tmp_path: Path) -> None:
    path = tmp_path / "base_dataset.json"
    for text in ("null", "3", '"rows"', "{}"):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"this is no JSON array of rows$"):
            list(read_items(path))


def test_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "base_dataset.json"
    wrong = {**row(2, "PN"), "answer": '{"PROB": "0.5000"}'}
    path.write_text(json.dumps([row(1, "ATE"), wrong, {**row(3, "ETT"), "problem": "Input Info: Dose drives pulse."}]))
    out = tmp_path / "found.json"
    with pytest.raises(SystemExit) as done:
        main(["audit", str(path), "--out", str(out)])
    said = capsys.readouterr().out
    assert done.value.code == 1
    assert "the number is wrong" in said
    assert "row 2 of plain, PN, PROB: stated 0.5000, derived 1.0000" in said
    assert "row 3 of plain: the text does not follow the published template" in said
    assert json.loads(out.read_text())["failures_by_kind"] == {"text": 1}
    path.write_text(json.dumps([row(1, "ATE")]))
    with pytest.raises(SystemExit) as done:
        main(["audit", str(path), "--json"])
    assert not done.value.code
    assert json.loads(capsys.readouterr().out)["agreed"] == {"ATE": 1}


def test_rows_from_the_hub_are_read_by_their_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("datasets")
    module.load_dataset = lambda *_, **__: iter([row(k, "NIE") for k in range(5)])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    items = list(load_published("somebody/word-problems", "test", limit=3))
    assert [(type(item), item.quantity, item.split) for item in items] == [(PublishedItem, "NIE", "test")] * 3
    assert caugym.audit(items).clean
