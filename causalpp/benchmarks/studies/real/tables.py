"""The tables of what recorded answers of real models are worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from causalpp._pages import Block, Heading, Paragraph, Table
from causalpp.benchmarks.studies.real.loops import METHODS, PROMPTS
from causalpp.benchmarks.studies.real.study import Row
from causalpp.crosscheck.directions.scores import Calibrated
from causalpp.crosscheck.estimates import Estimate
from causalpp.errors import InvalidData

__all__ = ["blocks"]


def blocks(rows: Sequence[Row]) -> list[Block]:
    """Headings, sentences and tables about some rows."""
    return [
        block
        for part in (_words, _directions, _structure, _calibration, _posterior, _gains, _claims)
        for block in part(rows)
    ]


def _words(rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading("Words and log-odds")
    yield Paragraph(
        "Of all ordered pairs: the share of right words, of yes where yes is true and of no where no is true, "
        "and the area under the ROC curve of the log-odds of “does a cause b?”. Intervals (95 %) let pairs with "
        "a common variable err together, and so those of one network."
    )
    head = ("model", "prompts", "networks", "pairs", "right words", "yes if true", "no if false", "AUC of log-odds")
    yield Table(
        head,
        [
            [row.model, " + ".join(row.prompts), f"{len(row.networks)}", f"{len(row.scores.frame):,}"]
            + [_cell(getattr(row.scores, name)) for name in ("words", "sensitivity", "specificity", "area_causes")]
            for row in rows
        ],
    )


def _directions(rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading("Directions")
    yield Paragraph(
        "Of pairs of which one causes the other: the share that is right by the sign of the direction log-odds, "
        "the area under their ROC curve, and their contrast, the mean along the true direction over the root "
        "mean square; then the share that is right by distance, and on edges that observation leaves open. "
        "Beside them is what somebody has right who goes by the list of names alone: what is listed earlier, "
        "has the longer name, or comes first in the alphabet is the cause."
    )
    head = (
        "model", "prompts", "right", "AUC", "contrast", "1 step", "2", "3 or more", "open edges", "listed earlier",
        "longer name", "alphabetical",
    )  # fmt: skip
    table = []
    for row in rows:
        own, leaks = row.scores, row.calibration.leaks
        cells: list[Estimate | float] = [
            own.accuracy,
            own.area,
            row.contrast,
            *(own.at_distance(steps) for steps in (1, 2, 3)),
            own.open_edges,
        ]
        cells += [leaks[rule] for rule in ("listed earlier", "longer name", "alphabetical")]
        table.append([row.model, " + ".join(row.prompts), *map(_cell, cells)])
    yield Table(head, table)


def _structure(rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading("What the answers are made of")
    yield Paragraph(
        "R² of one number a variable, on pairs left out and fitted without truth: of the direction log-odds, of "
        "the true direction itself, and of what the truth leaves unexplained; and how often these numbers "
        "foretell the direction of the pair left out. Then the correlation of errors of “does a cause b?” for "
        "two questions with the same source, the same target, in a chain, and about the same pair the other way "
        "round; in brackets how many standard deviations that is from chance (errors dealt out anew within a "
        "network and a true answer)."
    )
    head = (
        "model", "prompts", "R² answers", "R² truth", "R² errors", "foretold directions", "same source", "same target",
        "chain", "reverse",
    )  # fmt: skip
    yield Table(
        head,
        [
            [row.model, " + ".join(row.prompts)]
            + [_cell(getattr(row.scores.positions, name)) for name in ("answers", "truth", "errors", "direction")]
            + [f"{one.correlation:+.2f} (z {one.z:+.1f})" if one.pairs else "—" for one in row.together.values()]
            for row in rows
        ],
    )


def _calibration(rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading("Calibration that carries over")
    yield Paragraph(
        "One slope of the log-odds, fitted to the other networks and on their scale, on pairs of which one causes "
        "the other: Brier score (.25 for one half), mean distance of probability and share (ECE), and bits a pair "
        "over one half; the last also on the edges that observation leaves open, by a slope of direct edges. A "
        "slope is never below 0: then everything has one half."
    )
    table = []
    for row in rows:
        found = _calibrated(row)
        if found is not None:
            cells = [found.brier, found.error]
            bits = [f"{value:+.3f}" if math.isfinite(value) else "—" for value in (found.bits, found.bits_open)]
            table.append([row.model, " + ".join(row.prompts), *(f"{value:.3f}" for value in cells), *bits])
    if table:
        yield Table(("model", "prompts", "Brier", "ECE", "bits over ½", "on open edges"), table)
    refused = [row for row in rows if _calibrated(row) is None]
    if refused:
        named = "; ".join(f"{row.model}, {' + '.join(row.prompts)}" for row in refused)
        yield Paragraph(f"Too little to fit to and test on (at least five networks): {named}.")


def _posterior(rows: Sequence[Row]) -> Iterator[Block]:
    told = [(row, row.posterior) for row in rows if row.loops and row.posterior is not None]
    if not told:
        return
    yield Heading("Probabilities of the graph")
    yield Paragraph(
        "By Potentials from all recorded pairs, with a prior that the other networks taught. Of ordered pairs "
        "of which one causes the other in truth and of which the class does not say so: Brier score and ECE of "
        "P(a causes b). Of edges that observation leaves open: the mean of log₂ P(true direction) over one "
        "half. In brackets what the class alone has."
    )
    yield Table(
        (
            "model", "prompts", "ordered pairs", "Brier (class alone)", "ECE (class alone)", "open edges",
            "bits over ½ (class alone)",
        ),
        [
            [
                row.model, " + ".join(row.prompts), f"{found.pairs:,}",
                f"{found.brier:.3f} ({found.class_brier:.3f})", f"{found.error:.3f} ({found.class_error:.3f})",
                f"{found.edges:,}", f"{_signed(found.bits)} ({_signed(found.class_bits)})",
            ]
            for row, found in told
        ],
    )  # fmt: skip


def _gains(rows: Sequence[Row]) -> Iterator[Block]:
    told = [row for row in rows if row.loops]
    if not told:
        return
    yield Heading("Bits of the true graph over its class")
    yield Paragraph(
        "log₂ of the probability of the true member over one divided by the members of its class, by Potentials "
        "with a prior that the other networks taught (the default one where they are fewer than four): from all "
        f"recorded pairs, and by the loop, which chooses its questions and puts at most {PROMPTS} prompts a "
        "variable. Zero is what the class alone tells."
    )
    for row in told:
        whole = {one.network: one.bits for one in row.held_out or ()}
        yield Table(
            ("network", "members", "all pairs", "loop", "P(true)", "most probable", "prompts", "ended because"),
            [
                [
                    one.network, f"{one.members:,}", _signed(whole.get(one.network, math.nan)), _signed(one.bits),
                    f"{one.probability:.3f}", f"{one.confidence:.3f}", f"{one.prompts:,}", one.stopped,
                ]
                for one in row.loops if one.method == "potentials"
            ]
            + [["mean", "", _signed(_mean(whole.values())), _signed(row.gain("potentials")), "", "", "", ""]],
            f"{row.model}, {' + '.join(row.prompts)}",
        )  # fmt: skip
        if row.alone:
            yield Paragraph(f"A class of one member, in which there is nothing to gain: {', '.join(row.alone)}.")


def _claims(rows: Sequence[Row]) -> Iterator[Block]:
    told = [row for row in rows if row.loops]
    if not told:
        return
    yield Heading("What loops claim")
    yield Paragraph(
        "Of the same networks, by channel: Potentials hears directions, with a prior that the other networks "
        f"taught, in at most {PROMPTS} prompts a variable; the others hear words, with the budget that is theirs "
        "by default. Agnostic is the default for words, Learned takes answers for independent and learns their "
        "rates, Fixed(0.1) takes an error of 10 % for granted, and so does the published preset, with 16 "
        "members and a majority vote. Graphs that a loop says it has found at .95, and how many of them are "
        "wrong; directions of open edges that have a probability of .95 at its end, and how many of these are "
        "wrong; the mean gain in bits of the true member, and log₂ P(true direction) over one half of an open "
        "edge."
    )
    table = []
    for row in told:
        start = {one.network: one.class_bits for one in row.loops}
        table.append([row.model, "the class alone", f"{len(start)}", "0", "0", "0", "0", _signed(0.0)])
        table[-1].append(_signed(_mean(start.values())))
        for method, said in METHODS.items():
            found = [one for one in row.loops if one.method == method]
            if found:
                claims = [one for one in found if one.claimed]
                edges, right = sum(one.edges for one in found), sum(one.edges_right for one in found)
                counts = (len(found), len(claims), sum(not one.right for one in claims), edges, edges - right)
                bits = _mean(one.bits for one in found), _mean(one.edge_bits for one in found)
                table.append([row.model, said, *map(str, counts), *map(_signed, bits)])
    head = (
        "model", "channel", "loops", "graphs claimed", "wrong", "open edges at .95", "wrong", "bits",
        "bits an open edge",
    )  # fmt: skip
    yield Table(head, table)


def _calibrated(row: Row) -> Calibrated | None:
    try:
        return row.scores.calibrated
    except InvalidData:
        return None


def _cell(value: Estimate | float) -> str:
    if isinstance(value, float):
        return "—" if math.isnan(value) else f"{value:.2f}"
    return "—" if math.isnan(value.value) else f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"


def _signed(value: float) -> str:
    return f"{value:+.2f}" if math.isfinite(value) else "—"


def _mean(values: Iterable[float]) -> float:
    found = [value for value in values if math.isfinite(value)]
    return sum(found) / len(found) if found else math.nan
