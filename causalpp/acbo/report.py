"""A run as one page of HTML that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from causalpp._pages import Table, document, picture, picture_html, table_html, terms_html
from causalpp.acbo.drawing import edge_picture, panel_figure
from causalpp.errors import InvalidParameter
from causalpp.graphs.drawing import graph_svg

if TYPE_CHECKING:
    from causalpp.acbo.result import Result

__all__ = ["KINDS", "page"]

#: Who answered → the colour of the badge, and what such a run says, and does not say.
KINDS = {
    "simulated": (
        "#6d3d91",
        "The answers come from a simulated oracle: it knows a graph, and errs on purpose. The run shows how the "
        "method works, and says nothing about the world or about any language model.",
    ),
    "language model": (
        "#9a4a00",
        "The answers come from a language model: what it says about interventions is an opinion, not an experiment.",
    ),
    "experiment": ("#00624a", "The answers come from experiments: samples under intervention, judged by tests."),
    "human": ("#00568a", "The answers come from a person: they are judgements, not experiments."),
}
_COLOUR = {True: "yes", False: "no", None: "abstain"}
_OTHER = ("#47627f", "The answers come from an oracle of another kind than those the library has.")


def page(result: Result, title: str | None, labels: Mapping[str, str], further: Sequence[Any]) -> str:
    """The page of a run.

    Args:
        result: the run.
        title: its heading; by default one that says what was found.
        labels: variable → the name to show in the drawing.
        further: objects with a ``_repr_html_`` to add.

    Raises:
        InvalidParameter: an object without one.
    """
    heading = title or "A causal graph, found by asking"
    parts = [
        _head(result, heading, further),
        _graph(result, labels),
        _course(result),
        _oracle(result),
        _missing(result),
        *map(_further, further),
        _transcript(result),
        _settings(result),
    ]
    return document(heading, "\n".join(part for part in parts if part))


def _head(result: Result, heading: str, further: Sequence[Any]) -> str:
    natures = [(name, *KINDS.get(name, _OTHER)) for name in result.oracle_nature.split(" and ")]
    badges = " ".join(
        f'<span class="badge" style="background:{colour}">{escape(name)} oracle</span>' for name, colour, _ in natures
    )
    meaning = " ".join(meaning for _, _, meaning in natures)
    if len(natures) > 1:
        counted = ", ".join(f"{count} {name}" for name, count in result.natures.items())
        meaning = f"Answers of several natures took part ({counted}). {meaning}"
    number = len(result.transcript)
    done = "".join(
        f"<li>after {step.after} answers: {escape(step.target)} set in {step.rows:,} rows, {step.gained:+.2f} bits, "
        f"confidence {step.confidence:.3f}</li>"
        for step in result.experiments
    )
    lab = f"<dt>Experiments (interventional data, no answers)</dt><dd><ul>{done}</ul></dd>" if done else ""
    goal = ""
    if result.goal is not None:
        p = result.belief.probability(result.goal)
        goal = f"<dt>The question</dt><dd>{escape(result.goal.question())} Yes with probability {p:.3f}.</dd>"
    edges = ", ".join(f"{a} → {b}" for a, b in result.graph.edges) or "no edges"
    return (
        f"<header>\n<h1>{escape(heading)}</h1>\n"
        f"{badges}\n"
        f'<p class="verdict">After {number} question{"" if number == 1 else "s"}{_labs(result)} the run ended because '
        f"{escape(result.stopped_because)}.</p>\n"
        f'<p class="note">{escape(meaning)}</p>\n<dl>'
        f"<dt>Most probable graph</dt><dd>{escape(edges)}</dd>"
        f"<dt>Its probability, given {escape(result.given)}</dt>"
        f"<dd>{result.belief.confidence:.3f}, asked for was {result.target:.3g}. Whether the truth is in there at all "
        f"is not in this number.</dd>{_checked(result, further)}{goal}{lab}"
        f"{_open(result)}</dl>\n</header>"
    )


def _open(result: Result) -> str:
    """What the answers left open: of a class its edges without a direction; of all graphs there are, so many bits."""
    if result.belief.data is not None:
        return f"<dt>Still unknown</dt><dd>{result.belief.entropy:.1f} bits, of all graphs there are</dd>"
    opened = ", ".join(f"{a} – {b}" for a, b in result.remaining.cpdag.undirected) or "nothing"
    return f"<dt>Left open</dt><dd>{escape(opened)}</dd>"


def _labs(result: Result) -> str:
    """How many experiments there were, as a sentence says it."""
    many = len(result.experiments)
    return f" and {many} experiment{'' if many == 1 else 's'}" if many else ""


def _checked(result: Result, further: Sequence[Any]) -> str:
    """The verdicts of the cross-checks that are added to a page, and that there is none against data if so."""
    checks = [check for item in further for check in getattr(item, "checks", [item]) if hasattr(check, "against")]
    said = [
        f'<dt>{escape(check.heading)}</dt><dd class="{_COLOUR[check.passed]}">{escape(check.conclusion)}</dd>'
        for check in checks
    ]
    from_data = "learned from data" in result.given or result.given.startswith("data")
    if from_data and not any(check.against == "data" for check in checks):
        said.append(
            "<dt>Checked against data</dt><dd>no: pass further=[causalpp.check_data(result, frame)] to the report</dd>"
        )
    return "".join(said)


def _graph(result: Result, labels: Mapping[str, str]) -> str:
    nodes, edges = result.belief.nodes, result.belief.edges.tolist()
    listed = sorted(
        ((p, nodes[i], nodes[j]) for i, row in enumerate(edges) for j, p in enumerate(row) if p >= 0.005),
        key=lambda item: -item[0],
    )
    rows = [(f"{a} → {b}", f"{p:.3f}") for p, a, b in listed]
    leading = [
        (", ".join(f"{a} → {b}" for a, b in dag.edges) or "no edges", f"{p:.3f}") for dag, p in result.belief.top(5)
    ]
    return (
        "<section>\n<h2>The graph</h2>\n<figure>"
        f"{graph_svg(**edge_picture(result, labels))}"
        "<figcaption>The most probable graph, and other edges fainter the less probable they are. A number is the "
        "posterior probability of the edge; edges without one are certain or nearly so.</figcaption></figure>\n"
        f"{table_html(Table(('graph', 'probability'), leading, 'The most probable graphs'))}\n"
        f"<details><summary>Every edge with its probability</summary>"
        f"{table_html(Table(('edge', 'probability'), rows, 'Posterior probability of each edge'))}</details>\n"
        "</section>"
    )


def _course(result: Result) -> str:
    bound = result.bound()
    known = f"fewer than {bound:.1f} on average" if bound < float("inf") else "finitely many"
    aim = "finds the graph" if result.goal is None else "settles the question"
    posterior = (
        f"Probability of the leading graph after each question: from {result.path[0]:.2f} to {result.path[-1]:.2f}."
    )
    bits = f"{len(result.transcript)} questions were asked; " + (
        f"at the error rate learned, no method {aim} with {known}."
        if result.informed
        else "how few could have sufficed cannot be said before the oracle's reliability is established."
    )
    return (
        "<section>\n<h2>How it came about</h2>\n"
        f"{_figure(result, 'posterior', posterior)}\n{_figure(result, 'bits', bits)}\n</section>"
    )


def _oracle(result: Result) -> str:
    r = result.belief.reliability
    rows = []
    for name, value in (("sensitivity", r.sensitivity), ("specificity", r.specificity)):
        low, high = r.interval(name)
        rows.append((name, f"{value:.3f}", f"{low:.3f} to {high:.3f}"))
    kinds = ", ".join(f"{kind} {p:.3f}" for kind, p in result.belief.kinds.items())
    counts = {word: sum(step.answer.word == word for step in result.transcript) for word in ("yes", "no", "abstain")}
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    who = ", ".join(sorted({step.answer.oracle for step in result.transcript if step.answer.oracle})) or "unnamed"
    caption = (
        f"Posterior of the oracle's sensitivity, mean {r.sensitivity:.2f}, and specificity, mean {r.specificity:.2f}."
    )
    terms = [
        ("What the oracle is", kinds),
        ("Better than chance", f"with probability {r.better_than_chance:.3f}"),
        ("Answers", said),
        ("Who answered", who),
    ]
    if result.anchors is not None:
        terms += _graded(result)
    return (
        "<section>\n<h2>How reliable the oracle is</h2>\n"
        f"{_figure(result, 'reliability', caption)}\n"
        f"{table_html(Table(('rate', 'mean', '90 % interval'), rows, 'Learned with the graph'))}\n"
        f"{terms_html(terms)}\n</section>"
    )


def _graded(result: Result) -> list[tuple[str, str]]:
    """What is known of an oracle with graded answers."""
    share = sum(value * p for value, p in result.belief.shares.items())
    by = "; ".join(f"{label} {found.sensitivity:.2f}" for label, found in result.belief.reliabilities.items())
    anchored = f"{result.anchors} pairs whose direction all candidates share"
    return [
        ("Right direction", by),
        ("One number a variable", f"explains a share of {share:.2f} of what the answers err by"),
        ("Checked by", anchored if result.anchors else "nothing: no direction is the same in all candidates, so that "
         "trust in the oracle is the prior's alone"),
        ("Prompts", str(result.prompts)),
    ]  # fmt: skip


def _missing(result: Result) -> str:
    found = result.belief.none_of_these
    terms = []
    if found.probability is not None:
        against = f"against {found.alternatives:,} graphs one edge away"
        terms.append(("None of these", f"with probability {found.probability:.3f}, {against}"))
    if found.bayes_factor is not None:
        terms.append(("Log Bayes factor", f"{found.bayes_factor:+.2f} for the candidates"))
    if found.related is not None:
        related = f"log Bayes factor {found.related:+.2f} for answers that have to do with the graph"
        terms.append(("Answers about the graph", related))
    if found.graph is not None and found.probability is not None and found.probability > 0.01:
        edges = ", ".join(f"{a} → {b}" for a, b in found.graph.edges) or "no edges"
        terms.append(("Leading alternative", edges))
    if found.data is not None:
        terms.append(("Data and answers", str(found.data)))
    if not terms:
        return ""
    return f"<section>\n<h2>Is the truth among the candidates?</h2>\n{terms_html(terms)}\n</section>"


def _further(item: Any) -> str:
    shown = getattr(item, "_repr_html_", None)
    if not callable(shown):
        raise InvalidParameter(
            f"{type(item).__name__} cannot be put on a page: it has no _repr_html_, as averaged effects and checks have"
        )
    return f"<section>\n<h2>{escape(getattr(item, 'heading', 'Further'))}</h2>\n{shown()}\n</section>"


def _transcript(result: Result) -> str:
    rows = [
        (
            str(step.number), step.answer.question.question(), step.answer.word, step.answer.reason or "",
            f"{step.expected:.3f}", f"{step.gained:+.3f}", f"{step.confidence:.3f}",
        )
        for step in result.transcript
    ]  # fmt: skip
    head = ("round", "question", "answer", "why not", "bits expected", "bits gained", "confidence")
    table = Table(head, rows, "Every question with its answer, and what it told about the graph")
    return f"<section>\n<h2>The transcript</h2>\n{table_html(table)}\n</section>"


def _settings(result: Result) -> str:
    rows = [(name.replace("_", " "), str(value)) for name, value in result.settings.items()]
    rows += [("causalpp", version("causalpp")), ("Python", platform.python_version())]
    rows += [(name, version(name)) for name in ("torch", "pyro-ppl", "numpy")]
    return f"<section>\n<h2>Settings and versions</h2>\n{terms_html(rows)}\n</section>"


def _figure(result: Result, panel: str, caption: str) -> str:
    return picture_html(picture(panel_figure(result, panel), panel, caption))
