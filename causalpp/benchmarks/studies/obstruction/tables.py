"""The tables of how alike competing hypotheses look, and of what predictors make of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalpp._pages import Block, Heading, Paragraph, Table
from causalpp.benchmarks.metrics import intervals
from causalpp.benchmarks.studies.obstruction.pairs import CONTROLS, MATCHED, NEAR
from causalpp.errors import InvalidData
from causalpp.kernels import Obstruction

if TYPE_CHECKING:
    from causalpp.benchmarks.studies.obstruction.study import ObstructionStudy

__all__ = [
    "NAMES",
    "between",
    "blocks",
    "clear",
    "explained",
    "floor_once",
    "in_sets",
    "name_of",
    "ratio",
    "relative",
    "separated",
]

#: What models are called.
NAMES = {
    "encoder": "encoder, random weights",
    "decoder": "decoder, random weights",
    "classify": "encoder, classify",
    "sft": "decoder, sft",
    **{name: f"decoder, sft and {name}" for name in ("dpo", "kto", "ppo", "grpo")},
    "smollm2": "SmolLM2-135M",
}
#: What stands for the model of kernels that see words alone.
FLOOR = "no model"
_COMPARED = ("edge", "relation", "reversed", *CONTROLS)
_DRAWS = 1000
_COVARIATES = {"tokens": "tokens", "edits": "edits", "graph": "graph distance", "all": "all three"}
_SETS = {"learned": "learned", "new": "new, as many variables", "larger": "new, more variables"}


def blocks(study: ObstructionStudy) -> list[Block]:
    """Headings, sentences and tables: distances, what explains them, predictors, laziness, the loop."""
    out: list[Block] = []
    for part in (_distances, _explained, _sizes, _predictors, _networks, _laziness, _loop):
        out += part(study)
    return out


def name_of(model: str) -> str:
    """A model in words."""
    return NAMES.get(model, model.rpartition("/")[2])


def relative(frame: pd.DataFrame) -> pd.DataFrame:
    """Distances with a column ``relative``: by the geometric mean of the two lengths; 0 where there are no features."""
    size = np.sqrt((frame["left_norm"] * frame["right_norm"]).to_numpy(float))
    return frame.assign(relative=np.where(size > 0, frame["distance"] / np.where(size > 0, size, 1.0), 0.0))


def between(values: tuple[float, float, float], digits: int = 2) -> str:
    """A number with its interval.

    >>> between((0.5, 0.41, 0.6)), between((0.5, float("nan"), float("nan"))), between((float("nan"),) * 3)
    ('0.50 [0.41, 0.60]', '0.50', '')
    """
    mean, low, high = values
    if math.isnan(mean):
        return ""
    return f"{mean:.{digits}f}" + ("" if math.isnan(low) else f" [{low:.{digits}f}, {high:.{digits}f}]")


def ratio(frame: pd.DataFrame, kind: str, control: str) -> tuple[float, float, float]:
    """The mean relative distance of a kind of pairs by that of its control, in the classes that have both.

    Returns:
        The ratio, and its interval of 95 % by the bootstrap over classes; nan where the control is at distance 0.
    """
    wide = frame[frame["kind"].isin((kind, control))].pivot_table(index="base", columns="kind", values="relative")
    if not {kind, control} <= set(wide.columns) or not len(wide := wide.dropna()):
        return math.nan, math.nan, math.nan
    one, other = wide[kind].to_numpy(float), wide[control].to_numpy(float)
    if not other.sum() > 1e-9:
        return math.nan, math.nan, math.nan
    rows = np.random.default_rng(0).integers(len(wide), size=(_DRAWS, len(wide)))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = one[rows].sum(1) / other[rows].sum(1)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(one.sum() / other.sum()), float(low), float(high)


def floor_once(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the kernels that see words alone of all models but the first that are shown the same pairs."""
    seen: set[frozenset[str]] = set()
    left_out = np.zeros(len(frame), dtype=bool)
    for model, part in frame.groupby("model", sort=False):
        bases = frozenset(part["base"])
        if bases in seen:
            left_out |= ((frame["model"] == model) & frame["kernel"].isin(("words", "3-grams"))).to_numpy()
        seen.add(bases)
    return frame[~left_out]


def _kernels(frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for (model, kernel), part in floor_once(frame).groupby(["model", "kernel"], sort=False):
        yield (FLOOR if kernel in ("words", "3-grams") else str(model)), str(kernel), part


def _who(model: str, kernel: str) -> list[str]:
    return [name_of(model), kernel]


# --- distances ------------------------------------------------------------------------------------------------


def _distances(study: ObstructionStudy) -> Iterator[Block]:
    frame = study.frame("distance")
    if not len(frame):
        return
    frame = relative(frame)
    yield Heading("How far apart", 3)
    of = frame[frame["kind"].isin(_COMPARED)]
    yield Paragraph(
        "Mean ‖φ₊ − φ₋‖ / √(‖φ₊‖‖φ₋‖) over classes of "
        f"{', '.join(str(n) for n in sorted(of['n'].unique()))} variables; members of one class are one text."
    )
    rows = []
    for model, kernel, part in _kernels(frame):
        means = part.groupby("kind")["relative"].mean()
        rows.append([*_who(model, kernel), *(_small(means.get(kind, math.nan)) for kind in (*_COMPARED, "member"))])
    yield Table(("model", "kernel", *_COMPARED, "member"), rows)
    yield Paragraph(
        "Near misses by the controls that differ in as many tokens and mean the same: 1 if causal content counts for "
        "nothing. Intervals of 95 % by the bootstrap over classes."
    )
    rows = []
    for model, kernel, part in _kernels(frame):
        found = [ratio(part, kind, control) for kind, control in (*MATCHED[:-1], ("edge", "random"))]
        rows.append([*_who(model, kernel), *(between(one) for one in found)])
    heads = [f"{kind} / {control}" for kind, control in (*MATCHED[:-1], ("edge", "random"))]
    yield Table(("model", "kernel", *heads), rows)


def _small(value: float) -> str:
    return "" if math.isnan(value) else "0" if value == 0 else f"{value:.3f}" if value >= 5e-4 else f"{value:.1e}"


def explained(part: pd.DataFrame) -> pd.DataFrame | None:
    """What explains the relative distance of pairs within a size: tokens, edits, graph distance.

    Returns:
        The table of :meth:`causalpp.kernels.Obstruction.explained`, of deviations from the means of each size; None
        where there are too few pairs, or all at one distance.
    """
    chosen = part[part["kind"].isin((*NEAR, *CONTROLS)) & (part["kind"] != "member")]
    told = chosen[["n", "tokens", "edits", "shd", "relative"]].astype(float)
    within = told.drop(columns="n") - told.groupby("n").transform("mean")
    frame = within.rename(columns={"shd": "graph"}).assign(group=chosen["kind"], base=pd.factorize(chosen["base"])[0])
    try:
        return Obstruction(frame, "", "").explained(of="relative", draws=400)
    except InvalidData:
        return None


def answer_adds(part: pd.DataFrame) -> tuple[float, float, float]:
    """How much of the variance within a size the answer's being another one explains beyond tokens, edits and graph.

    Returns:
        The increase of R² and its interval by the bootstrap over classes; never below zero.
    """
    chosen = part[part["kind"].isin((*NEAR, *CONTROLS)) & (part["kind"] != "member")].reset_index(drop=True)
    if len(chosen) < 8:
        return math.nan, math.nan, math.nan
    told = chosen[["n", "tokens", "edits", "shd", "relative"]].astype(float)
    told["differs"] = (chosen["left_answer"] != chosen["right_answer"]).astype(float)
    within = (told.drop(columns="n") - told.groupby("n").transform("mean")).to_numpy()
    x, y = within[:, [0, 1, 2, 4]], within[:, 3]
    members = [np.flatnonzero(chosen["base"] == base) for base in chosen["base"].unique()]
    draw, drawn = np.random.default_rng(0), []
    for _ in range(200):
        rows = np.concatenate([members[k] for k in draw.integers(len(members), size=len(members))])
        drawn.append(_r2(x[rows], y[rows]) - _r2(x[rows, :3], y[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return _r2(x, y) - _r2(x[:, :3], y), float(low), float(high)


def _r2(x: Any, y: Any) -> float:
    x, y = x - x.mean(0), y - y.mean()
    left = y - x @ np.linalg.lstsq(x, y, rcond=1e-10)[0]
    total = float(y @ y)
    return 1.0 - float(left @ left) / total if total > 0 else 0.0


def _explained(study: ObstructionStudy) -> Iterator[Block]:
    frame = study.frame("distance")
    rows = []
    for model, kernel, part in _kernels(relative(frame)) if len(frame) else ():
        found = explained(part)
        if found is not None:
            told = found.set_index("covariate")[["share", "low", "high"]].to_numpy(float)
            shares = {name: (float(a), float(b), float(c)) for name, (a, b, c) in zip(_COVARIATES, told, strict=True)}
            rows.append(
                [
                    *_who(model, kernel), f"{len(part[part['kind'].isin(_COMPARED)])}",
                    *(between(shares[name]) for name in _COVARIATES), between(answer_adds(part)),
                ]
            )  # fmt: skip
    if rows:
        yield Heading("What explains the distance", 3)
        yield Paragraph(
            "Shares of the variance of the relative distance within a size (near misses and controls; Shapley values "
            "of a linear regression), and what it adds that the right answer is another one. Intervals by the "
            "bootstrap over classes; a share of zero has an interval above zero."
        )
        yield Table(("model", "kernel", "pairs", *_COVARIATES.values(), "the answer adds"), rows)


def _sizes(study: ObstructionStudy) -> Iterator[Block]:
    frame = study.frame("distance")
    if not len(frame) or frame["n"].nunique() < 2:
        return
    kinds = ("edge", "edge-control", "reversed", "swapped", "random")
    frame = relative(frame)
    rows = []
    for model, kernel, part in _kernels(frame):
        if kernel in ("tangent", "words", "mean embedding"):
            for n, some in part.groupby("n"):
                means = some.groupby("kind")["relative"].mean()
                rows.append([*_who(model, kernel), str(n), *(_small(means.get(kind, math.nan)) for kind in kinds)])
    yield Heading("With more variables", 3)
    yield Table(("model", "kernel", "variables", *kinds), rows)


# --- predictors -----------------------------------------------------------------------------------------------


def in_sets(study: ObstructionStudy, frame: pd.DataFrame) -> pd.DataFrame:
    """Gaps with the set split by whether sizes were learned from, and whether each is told apart."""
    most = max(study.settings["learn_sizes"])
    which = np.where((frame["set"] == "new") & (frame["n"] > most), "larger", frame["set"])
    gap = frame["gap"].astype(float)
    return frame.assign(set=which, told=np.where(gap > 0, 1.0, np.where(gap < 0, 0.0, 0.5)))


def separated(part: pd.DataFrame) -> tuple[float, float, float]:
    """The share of pairs of which the right one gets the higher score, with its interval; of equal scores one half."""
    if not len(part):
        return math.nan, math.nan, math.nan
    return intervals(part["told"].to_numpy(), list(part["base"]), draws=_DRAWS)


def clear(part: pd.DataFrame) -> tuple[float, float, float]:
    """The share of pairs whose scores are on the right sides, more than 1 apart, with its interval."""
    if not len(part):
        return math.nan, math.nan, math.nan
    return intervals((part["gap"].astype(float) > 1).to_numpy(float), list(part["base"]), draws=_DRAWS)


def _by_set(part: pd.DataFrame) -> list[str]:
    return [between(separated(part[part["set"] == name])) for name in _SETS]


def _gaps(study: ObstructionStudy) -> pd.DataFrame:
    frame = study.frame("gap")
    return in_sets(study, frame) if len(frame) else frame


def _hypotheses(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["kind"].isin(("edge", "reversed"))]


def _predictors(study: ObstructionStudy) -> Iterator[Block]:
    frame = _gaps(study)
    if not len(frame) or not len(frame := _hypotheses(frame[frame["predictor"] == "ridge"])):
        return
    yield Heading("Kernel ridge regression along λ", 3)
    yield Paragraph(
        "Near misses (edge, reversed) whose answers differ: the share in which the right one gets the higher score "
        "(half is chance; shrinking all scores leaves it as it is), and of the learned ones the share that are more "
        "than 1 apart, of the 2 between the targets; the norm B, and the median of the gap by what B‖φ₊ − φ₋‖ allows; "
        "in how many pairs the gap is greater than the corrected bound, and than the published one. λ is in units of "
        "the mean ‖φ‖²; * does best on items left out."
    )
    rows = []
    for (model, kernel, penalty), part in floor_once(frame).groupby(["model", "kernel", "penalty"], sort=False):
        size, learned = part["gap"].astype(float).abs(), part[part["set"] == "learned"]
        rows.append(
            [
                *_who(FLOOR if kernel == "words" else str(model), str(kernel)),
                f"{penalty:g}{'*' if part['chosen'].any() else ''}",
                f"{part['norm'].iloc[0]:.3g}", *_by_set(part), between(clear(learned)),
                f"{_share(size, part['bound']).median():.3f}",
                _above(size, part["bound"]), _above(size, part["published"]),
            ]
        )  # fmt: skip
    yield Table(
        (
            "model",
            "kernel",
            "λ",
            "B",
            *_SETS.values(),
            "learned, by > 1",
            "gap / bound",
            "above the bound",
            "above the published",
        ),
        rows,
    )
    yield from _stops(frame)


def _share(size: pd.Series, bound: pd.Series) -> pd.Series:
    bound = bound.astype(float)
    return (size / bound.where(bound > 0)).fillna(0.0)


def _above(size: pd.Series, bound: pd.Series) -> str:
    more = size > bound.astype(float) * (1 + 1e-6) + 1e-9
    return f"{int(more.sum())} of {len(more)}"


def _stops(frame: pd.DataFrame) -> Iterator[Block]:
    rows = []
    for model, kernel, part in _kernels(frame):
        cells = []
        for name in _SETS:
            some = part[part["set"] == name]
            cells.append(
                _last(float(str(p)) for p, one in some.groupby("penalty") if separated(one)[1] > 0.5)
                if len(some)
                else ""
            )
        learned = part[part["set"] == "learned"]
        cells.append(_last(float(str(p)) for p, one in learned.groupby("penalty") if clear(one)[0] > 0.5))
        rows.append([*_who(model, kernel), *cells])
    yield Paragraph(
        "Where they stop: the greatest λ at which the interval of the share lies above one half, and at which more "
        "than half of the learned pairs are more than 1 apart."
    )
    yield Table(("model", "kernel", *_SETS.values(), "learned, by > 1"), rows)


def _last(penalties: Iterable[float]) -> str:
    return f"{max(penalties, default=math.nan):g}".replace("nan", "at none")


def _networks(study: ObstructionStudy) -> Iterator[Block]:
    frame = _gaps(study)
    if not len(frame) or not len(frame := frame[frame["predictor"] != "ridge"]):
        return
    yield Heading("Trained networks", 3)
    yield Paragraph(
        "The same shares; and what training changed of the gap, by ‖θ′ − θ‖·‖φ₊ − φ₋‖ in the kernel to begin with: "
        "a bound if training is lazy."
    )
    rows = []
    for model, part in _hypotheses(frame).groupby("model", sort=False):
        change = part[part["predictor"] == "change"]
        size = change["gap"].astype(float).abs()
        rows.append(
            [
                name_of(str(model)), *_by_set(part[part["predictor"] == "network"]), f"{change['norm'].iloc[0]:.3g}",
                f"{_share(size, change['bound']).median():.3f}", _above(size, change["bound"]),
                _above(size, change["published"]),
            ]
        )  # fmt: skip
    heads = ("‖θ′ − θ‖", "change / lazy bound", "above the lazy bound", "above the published")
    yield Table(("model", *_SETS.values(), *heads), rows)


# --- laziness -------------------------------------------------------------------------------------------------


def _laziness(study: ObstructionStudy) -> Iterator[Block]:
    kernels, items = study.frame("kernel"), study.frame("item")
    if not len(kernels):
        return
    yield Heading("Is training lazy?", 3)
    yield Paragraph(
        "The tangent kernel before and after a training on the same prompts (1 and 0 if it is lazy), how far the "
        "weights moved, the accuracy of the network and of kernel regression with the kernel before, learned from the "
        "same items, and how what the two add to the model to begin with is correlated over new prompts."
    )
    rows = []
    for row in kernels.to_dict("records"):
        some = items[items["model"] == row["model"]]
        cells = [
            name_of(str(row["model"])),
            f"{row['alignment']:.3f}",
            f"{row['change']:.2f}",
            f"{row['moved_share']:.3f}",
        ]
        for name in ("learned", "new"):
            part = some[some["set"] == name]
            cells += [between(_accuracy(part, who)) for who in ("network", "regression")]
        cells.append(between(_correlation(some[some["set"] == "new"])))
        rows.append(cells)
    heads = ("alignment", "‖K′ − K‖ / ‖K‖", "‖θ′ − θ‖ / ‖θ‖", "network, learned", "kernel, learned", "network, new")
    yield Table(("model", *heads, "kernel, new", "correlation, new"), rows)


def _accuracy(part: pd.DataFrame, who: str) -> tuple[float, float, float]:
    right = (part[who].astype(float) > 0) == part["answer"].astype(bool)
    return intervals(right.to_numpy(float), list(part["base"]), draws=_DRAWS)


def _correlation(part: pd.DataFrame) -> tuple[float, float, float]:
    one, other = (part[name].to_numpy(float) - part["before"].to_numpy(float) for name in ("network", "regression"))
    members = [np.flatnonzero(part["base"] == base) for base in part["base"].unique()]
    if len(members) < 3 or not one.std() > 0 or not other.std() > 0:
        return math.nan, math.nan, math.nan
    draw, drawn = np.random.default_rng(0), []
    for _ in range(400):
        rows = np.concatenate([members[k] for k in draw.integers(len(members), size=len(members))])
        if one[rows].std() > 0 and other[rows].std() > 0:
            drawn.append(np.corrcoef(one[rows], other[rows])[0, 1])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(np.corrcoef(one, other)[0, 1]), float(low), float(high)


# --- the loop -------------------------------------------------------------------------------------------------


def _loop(study: ObstructionStudy) -> Iterator[Block]:
    frame = study.frame("distance")
    if not len(frame) or not frame["kind"].isin(("local-reversed",)).any():
        return
    frame = relative(frame[frame["kernel"].isin(("tangent", "words"))])
    yield Heading("What the loop changes", 3)
    yield Paragraph(
        "Both directions of one question by the control that edits the premise as much: as a hypothesis, as a local "
        "question, and as direction log-odds, whose feature is the difference of the two directions. In brackets the "
        "cosine between the two that are to be told apart."
    )
    asked = (("reversed", "swapped"), ("local-reversed", "local-swapped"), ("direction-reversed", "direction-swapped"))
    rows = []
    for model, kernel, part in _kernels(frame):
        cells = []
        for kind, control in asked:
            cosine = part.loc[part["kind"] == kind, "cosine"].astype(float).mean()
            shown = between(ratio(part, kind, control))
            cells.append(f"{shown} ({cosine:.3f})" if shown and not math.isnan(cosine) else shown)
        rows.append([*_who(model, kernel), *cells])
    yield Table(("model", "kernel", "hypothesis", "local question", "direction log-odds"), rows)
    yield from _open(frame)
    gaps = _gaps(study)
    if len(gaps):
        yield from _told(gaps[(gaps["predictor"] == "ridge") & gaps["chosen"].astype(bool)])


def _open(frame: pd.DataFrame) -> Iterator[Block]:
    members = frame[frame["kind"].isin(("member", "local-member"))]
    counts = members.drop_duplicates(["kind", "base"])["kind"].value_counts()
    if len(counts):
        yield Paragraph(
            f"Two members of one class: {counts.get('member', 0)} pairs of hypotheses and "
            f"{counts.get('local-member', 0)} of local questions, the greatest distance {members['distance'].max():g} "
            "in all kernels. The answers differ and the texts do not, so that whoever reads the premise alone is wrong "
            "in exactly half of these, as a hypothesis or as a local question."
        )


def _told(frame: pd.DataFrame) -> Iterator[Block]:
    rows = []
    for model, kernel, part in _kernels(frame):
        cells = []
        for kind in ("reversed", "local-reversed"):
            some = part[(part["kind"] == kind) & (part["set"] != "learned")]
            cells.append(between(separated(some)) + f" of {len(some)}")
        rows.append([*_who(model, kernel), *cells])
    yield Paragraph(
        "Where the premise decides: ridge regression (the λ that does best on items left out), learned from as many "
        "hypotheses and from as many local questions: the share of new pairs of directions told apart."
    )
    yield Table(("model", "kernel", "hypothesis", "local question"), rows)
