"""A run as a page: well formed, nothing from elsewhere, every text escaped, who answered always told."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import causalpp as cpp
from causalpp import errors
from causalpp.acbo import Result
from causalpp.acbo.report import KINDS
from causalpp.oracles import Answer, Oracle, Request

EVIL = ["<script>alert(1)</script>", 'a"b', "x & y", "plain"]
TRUTH = cpp.Dag(EVIL, [(EVIL[0], EVIL[1]), (EVIL[1], EVIL[2]), (EVIL[1], EVIL[3])])
EMPTY = {"meta", "img", "br", "hr", "link", "input", "path", "rect"}


class Page(HTMLParser):
    """Checks that elements nest, and keeps what the tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class Sure(Oracle):
    """Says yes to everything, as somebody of the nature asked for."""

    def __init__(self, kind: str) -> None:
        self.nature = kind  # type: ignore[misc]

    @property
    def fingerprint(self) -> str:
        return f"{self.nature}:<b>"

    def _answer(self, request: Request) -> Answer:
        return Answer(request.question, True, oracle=self.fingerprint)


def run(kind: str = "simulated", **options: object) -> Result:
    return cpp.discover(cpp.MarkovEquivalenceClass.from_dag(TRUTH), Sure(kind), max_questions=3, **options)  # type: ignore[arg-type]


def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    result = cpp.discover(
        cpp.MarkovEquivalenceClass.from_dag(TRUTH), cpp.SimulatedOracle(TRUTH, cpp.noise.Symmetric(0.1), seed=1), seed=3
    )
    text = result.report(tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == text
    page = Page(text)
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object"} & set(tags)
    for tag, values in page.tags:
        for name in ("src", "href", "srcset", "data"):
            assert (values.get(name) or "data:").startswith("data:"), (tag, name)
    assert "url(" not in text
    assert "@import" not in text
    said = " ".join("".join(page.text).split())
    for step in result.transcript:
        assert " ".join(step.answer.question.question().split()) in said
    assert result.stopped_because in said
    assert f"{result.belief.confidence:.3f}" in said
    for part in ("seed", "channel", "causalpp", "torch", "None of these", "sensitivity", "errs on purpose"):
        assert part in said


def test_it_can_be_read_aloud() -> None:
    page = Page(run().report())
    assert ("html", {"lang": "en"}) in page.tags
    for tag, values in page.tags:
        if tag == "img":
            assert len(values["alt"] or "") > 20
        if tag == "svg":
            assert values["role"] == "img"
            assert values["aria-label"]
        if tag == "th":
            assert values["scope"] in ("row", "col")
    assert [tag for tag, _ in page.tags].count("h1") == 1
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table")


@pytest.mark.parametrize("kind", [*KINDS, "one & only"])
def test_who_answered_is_told_apart(kind: str) -> None:
    said = "".join(Page(run(kind).report()).text)
    assert f"{kind} oracle" in said
    others = [meaning for name, (_, meaning) in KINDS.items() if name != kind]
    assert (kind not in KINDS) or KINDS[kind][1] in said
    assert not any(other in said for other in others)


def test_a_goal_a_title_labels_and_more(tmp_path: Path) -> None:
    result = run(goal=cpp.Causes(EVIL[0], EVIL[3]))

    class Extra:
        heading = "More <b>"

        def _repr_html_(self) -> str:
            return "<p>an effect</p>"

    text = result.report(title="Of & by", labels={"plain": "painted"}, further=[Extra()])
    said = "".join(Page(text).text)
    for part in ("Of & by", "painted", "More <b>", "an effect", "Yes with probability"):
        assert part in said
    with pytest.raises(errors.InvalidParameter, match="no _repr_html_"):
        result.report(further=[1])
    with pytest.raises(errors.FormatError, match="no folder"):
        result.report(tmp_path / "no" / "run.html")


def test_the_verdict_of_a_check_stands_at_the_top() -> None:
    chain = cpp.Dag.from_edges([("x", "y"), ("y", "z")])
    line = cpp.compile(chain, mechanisms={
        "x": cpp.LinearGaussian(), "y": cpp.LinearGaussian("x", [1.0]), "z": cpp.LinearGaussian("y", [1.0])
    })  # fmt: skip
    frame = line.simulate(800, seed=1)
    learned = cpp.MarkovEquivalenceClass.from_data(frame)
    right = cpp.discover(learned, cpp.SimulatedOracle(chain, cpp.noise.Symmetric(0.1)), seed=1)
    top = right.report().partition("</header>")[0]
    assert "given the class of 3 graphs learned from data (pc, 800 rows)" in top
    assert "check_data" in top
    wrong = cpp.discover([cpp.Dag("xyz", [("x", "y")])], cpp.SimulatedOracle(chain, cpp.noise.Symmetric(0.1)))
    for result, verdict in ((right, "passed"), (wrong, "failed")):
        check = cpp.check_data(result, frame)
        page = result.report(further=[check])
        assert Page(page)
        top, _, rest = page.partition("</header>")
        assert f"{verdict} (p = " in top
        assert check.conclusion in top
        assert check.heading in rest
    both = right.report(further=[cpp.verify(right, data=frame)])
    assert both.partition("</header>")[0].count("Checked against") == 3


def test_nothing_asked() -> None:
    result = cpp.discover(cpp.MarkovEquivalenceClass.from_dag(TRUTH), Sure("human"), max_questions=0)
    assert "After 0 questions" in "".join(Page(result.report()).text)
    alone = cpp.discover([TRUTH], Sure("human"))
    assert "only one candidate" in "".join(Page(alone.report()).text)
