"""The rows of results: every column that the studies that ship write, with its type and its meaning, in one place.

A run's tables have, before these, the columns ``key`` (of the unit), ``part`` (of the configuration) and ``row`` (its
number in the unit), which the runner makes.  Studies of one's own may write other columns; those of the names below
are scored, compared and drawn by what is said here of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AnswerRow",
    "ConfidenceRow",
    "DataRow",
    "DiscoverRow",
    "EfficiencyRow",
    "LocalRow",
    "LoopRow",
    "ObstructionRow",
    "Row",
    "SolveRow",
    "frame_of_today",
    "row_of_today",
]

#: A row of a table of results: texts, numbers, truth values and None by the name of their column.
Row: TypeAlias = Mapping[str, object]


class AnswerRow(TypedDict, total=False):
    """An answer to something whose right answer may be known.

    Attributes:
        item: the id of what was asked.
        group: what is right and wrong together has the same; intervals are drawn over groups.
        variables: how many variables it is about; None if that is not known.
        relation: which relation, or kind of question, it is about.
        split: the split of the item, or "".
        solver: who answers, as reports call it.
        oracle_nature: who was asked: ``"simulated"``, ``"language model"``, ``"experiment"``, ``"human"`` or
            ``"none"``.  Results of different natures are never pooled.
        oracle: which one: the name of a model, the noise; "" for none.
        label: the right answer, if it is a yes or no; None if it is not known, or something else.
        answer: the answer given, if it is a yes or no; None if there is none, or it is something else.
        target: the right answer, if it is no yes or no, as JSON.
        said: the answer given, if it is no yes or no, as JSON, whatever was to be said; None if there is none.
        score: 1 for right, 0 for wrong or no answer, in between for partly right; None if nobody knows what is right.
        outcome: one of :data:`causalpp.tasks.OUTCOMES`, which tells no answer from a wrong one.
        right: whether it is right; None without an answer, or if nobody knows.
        confidence: the probability that whoever answers gives to being right; None if not stated.
        reason: why there is no answer, in a few words; of what is no yes or no also why it is not right.
        decided: whether the premise alone decides what is asked; None where there is no class.
        member_share: the share of the class's members in which it holds, of an exact count or, in a class of more than
            100,000, of a sample; None where there is no class.
        listed_earlier, longer_name, alphabetical: the probability with which each of :data:`causalpp.tasks.RULES` says
            yes, to the prompt as it was put; None where it has nothing to say.
        wording: the number of the wording in which it was asked.
        tokens_in, tokens_out: tokens read and written.
        cost: in the currency of the oracle's prices.
    """

    item: str
    group: str
    variables: int | None
    relation: str
    split: str
    solver: str
    oracle_nature: str
    oracle: str
    label: bool | None
    answer: bool | None
    target: str | None
    said: str | None
    score: float | None
    outcome: str
    right: bool | None
    confidence: float | None
    reason: str | None
    decided: bool | None
    member_share: float | None
    listed_earlier: float | None
    longer_name: float | None
    alphabetical: float | None
    wording: int
    tokens_in: int
    tokens_out: int
    cost: float


class SolveRow(AnswerRow, total=False):
    """An item answered by a solver (the study ``solve``); what a solver states in ``about`` stands before these.

    Attributes:
        semantics: what the label of a Corr2Cause item means.
        quantity, set: of a CauGym item.
        asked: what of PN or PS is asked, a bound or the value under monotonicity, or "".
        anonymous: whether a CauGym item is about letters instead of a story.
        pair: the id of the item that differs from this one in a single thing, or "".
        entailed: the probability given to the hypothesis holding in every member of the class; None if not stated.
        holds: the probability given to the hypothesis holding in the true graph; None if not stated.
        questions: how many local questions were put to an oracle; None for solvers that put none.
        bound: how few could have sufficed; None where no bound applies.
    """

    semantics: str
    quantity: str
    asked: str
    set: str
    anonymous: bool
    pair: str
    entailed: float | None
    holds: float | None
    questions: int | None
    bound: float | None


class LocalRow(AnswerRow, total=False):
    """A local question answered by an oracle (the study ``local``).

    Attributes:
        graph: the same for all questions about one hidden graph.
        question: the statement asked about.
        distance: how many edges lie between the two variables, in any direction; −1 if they are not connected.
        path: the length of the shortest directed path that bears on the question; None if there is none.
        log_odds: the oracle's own, of yes; None if it has none.
        replicate: the number of the repeat.
        negated: whether it was put as "is it false that …?".
        local_answers, local_wrong, local_silent: 1, whether it is wrong, and whether it is neither yes nor no: of
            these sums and means are made.
    """

    graph: str
    question: str
    distance: int
    path: int | None
    log_odds: float | None
    replicate: int
    negated: bool
    local_answers: int
    local_wrong: int
    local_silent: int


class LoopRow(TypedDict, total=False):
    """A run of the loop with a simulated oracle, whose truth is known.

    Attributes:
        variables: of the graph.
        members: of the class.
        oracle_nature, oracle: as for :class:`AnswerRow`.
        method: ``"ours"`` or ``"published"``.
        questions: how many were asked.
        right: whether the graph at the end is the true one.
        stopped_because: why the run ended.
    """

    variables: int
    members: int
    oracle_nature: str
    oracle: str
    method: str
    questions: int
    right: bool
    stopped_because: str


class DiscoverRow(LoopRow, total=False):
    """A run of the loop on a random class (the study ``discover``).

    Attributes:
        group: the same for all runs on one class.
        candidates: how many graphs the loop began with.
        truth_is_candidate: whether the true graph was among them.
        confidence_asked: at which the run was to end.
        rounds: how many; a question asked several times for a vote is one round.
        bound: how few questions could have sufficed at the error rate; None where no bound applies.
        local_answers, local_wrong, local_silent: how many answers there were, how many were wrong, and how many neither
            yes nor no, which are not wrong.
        confidence: of the graph at the end.
        random_member: how often a member of the class drawn at random is the true graph.
        error_learned: the error rate learned, on average.
    """

    group: str
    candidates: int
    truth_is_candidate: bool
    confidence_asked: float
    rounds: int
    bound: float | None
    local_answers: int
    local_wrong: int
    local_silent: int
    confidence: float
    random_member: float
    error_learned: float


class ConfidenceRow(LoopRow, total=False):
    """A run of :func:`causalpp.benchmarks.confidence_study`.

    Attributes:
        part: of the study: ``"calibration"``, ``"missing"``, ``"present"`` or ``"liar"``; in tables ``study_part``.
        family: of noise.
        number: of the class.
        claimed: the confidence at the end.
        different: how many different questions were asked.
        missing: the probability that the truth is not among the candidates.
        liar, unrelated: the probability that the oracle lies, or that its answers have nothing to do with the graph.
        reached: whether the run ended with the confidence reached.
        flagged: whether it ended because none of the candidates fits the answers.
    """

    study_part: str
    family: str
    number: int
    claimed: float
    different: int
    missing: float
    liar: float
    unrelated: float
    reached: bool
    flagged: bool


class EfficiencyRow(TypedDict, total=False):
    """Runs on one class, asked in one way, of :func:`causalpp.benchmarks.efficiency`.

    Attributes:
        variables, size, members: of the class: of its graphs, members wanted, members it has.
        error: the oracle's rate of errors.
        oracle_nature, oracle: as for :class:`AnswerRow`.
        method: the way of asking.
        runs: how many.
        calls, squares: of the runs together: questions put to the oracle, and their squares.
        missed: how many runs ended with a wrong graph.
        claimed: the confidences at their ends, added up.
        answers, wrong, joint: answers heard, wrong ones, and questions that joined two statements.
        votes: of the published preset that is compared with.
        confidence: that was asked for, so as to be right as often as the preset.
    """

    variables: int
    size: int
    members: int
    error: float
    oracle_nature: str
    oracle: str
    method: str
    runs: int
    calls: int
    squares: int
    missed: int
    claimed: float
    answers: int
    wrong: int
    joint: int
    votes: int
    confidence: float


class DataRow(TypedDict, total=False):
    """What is believed of one world by :func:`causalpp.benchmarks.data_study`, after so many questions.

    Attributes:
        world: its kind.
        variables, rows: of the data.
        error: the oracle's rate of errors.
        oracle_nature, oracle: as for :class:`AnswerRow`.
        method: ``"both"`` data and oracle, ``"oracle"`` alone, or the ``"class"`` that GES finds, and the oracle.
        questions: at most so many were asked: fewer where nothing was left to ask.
        until_sure: after how many the best graph was claimed with 0.95; None if it was not by then.
        log_score: the natural logarithm of the probability of the true graph.
        shd, sid: its distances from a graph drawn by its probability, on average.
        brier: mean over pairs of the squares of probability less truth, summed over the three ways to be joined.
        pair_claimed, pair_right: mean probability of the likeliest way a pair is joined, and the share of right ones.
        bins: of the probabilities of edges, as JSON: how many, their sum, and how many are there in truth.
        claimed, right: the probability of the most probable graph, and whether it is the true one.
        class_right: whether the class that GES finds is that of the true graph; None where it was not looked for.
        effect, effect_mean, effect_error: the true effect, its posterior mean, and how far they are apart.
        covered: whether the effect lies in its 90 % interval.
        effect_claimed, effect_width: the probability of that interval (more than 0.9 where no effect at all is an end
            of it), and its length.
    """

    world: str
    variables: int
    rows: int
    error: float
    oracle_nature: str
    oracle: str
    method: str
    questions: int
    until_sure: int | None
    log_score: float
    shd: float
    sid: float
    brier: float
    pair_claimed: float
    pair_right: float
    bins: str
    claimed: float
    right: bool
    class_right: bool | None
    effect: float
    effect_mean: float
    effect_error: float
    covered: bool
    effect_claimed: float
    effect_width: float


class ObstructionRow(TypedDict, total=False):
    """What two prompts are to a model, or a predictor in its kernel to them (the study ``obstruction``).

    Attributes:
        what: ``"distance"`` of a pair in a kernel, ``"gap"`` of a predictor on a pair, ``"item"``: what a network says
            of one prompt, ``"kernel"``: what a training made of the kernel.
        model: whose kernel, or which network.
        kernel: which of its kernels.
        kind: of the pair; see :mod:`causalpp.benchmarks.studies.obstruction.pairs`.
        base: the class and item that the pair begins with; intervals are drawn over these.
        n: variables.
        left_answer, right_answer: what is right.
        tokens, edits, length, shd: of the pair as two texts and two graphs.
        distance, cosine, left_norm, right_norm: ‖φ₊ − φ₋‖, the cosine between the features, and their lengths.
        gap: what is said of the left less of the right; of a predictor, of the prompt to be affirmed less of the other.
        predictor: ``"ridge"``, ``"network"``, or ``"change"``: what training changed of a network.
        penalty, chosen: λ in units of the mean ‖φ‖², and whether it is the one that does best on items left out.
        norm: B, of the predictor; of ``"change"`` how far the weights moved.
        set: ``"learned"`` or ``"new"``.
        bound, published: what B allows by the corrected bound, and by the published one.
        alignment, change: between the kernels before and after: the cosine of the centred matrices, and ‖K′ − K‖ / ‖K‖.
        moved, moved_share: ‖θ′ − θ‖, and as a share of ‖θ‖.
        answer: what is right of a prompt.
        before, network, regression: what the model to begin with, the trained one, and kernel regression with the
            kernel to begin with say of it.
    """

    what: str
    model: str
    kernel: str
    kind: str
    base: str
    n: int
    left_answer: bool
    right_answer: bool
    tokens: float
    edits: int
    length: int
    shd: int
    distance: float
    cosine: float | None
    left_norm: float
    right_norm: float
    gap: float | None
    predictor: str
    penalty: float | None
    chosen: bool
    norm: float | None
    set: str
    bound: float | None
    published: float | None
    alignment: float
    change: float
    moved: float
    moved_share: float
    answer: bool
    before: float
    network: float
    regression: float


# --- what 0.1 wrote -------------------------------------------------------------------------------------

_OLD = {"oracle_kind": "oracle_nature"}


def _outcome(label: bool | None, answer: bool | None) -> str:
    """The outcome of a yes or no, for rows that do not say it.

    >>> _outcome(True, False), _outcome(True, None), _outcome(None, True)
    ('wrong', 'no answer', 'not known')
    """
    if answer is None:
        return "no answer"
    return "not known" if label is None else "right" if label == answer else "wrong"


def row_of_today(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that may have been written by 0.1, with the columns of today.

    >>> row_of_today({"oracle_kind": "none", "label": True, "answer": None})
    {'oracle_nature': 'none', 'label': True, 'answer': None, 'score': 0.0, 'outcome': 'no answer'}
    """
    out = {_OLD.get(name, name): value for name, value in row.items()}
    if {"label", "answer"} <= set(out) and "outcome" not in out:
        told = [out["label"], out["answer"]]
        label, answer = (None if value is None or value != value else bool(value) for value in told)
        out["score"] = None if label is None else float(label == answer)
        out["outcome"] = _outcome(label, answer)
    if "random_member" not in out and {"method", "members", "truth_is_candidate"} <= set(out):
        out["random_member"] = 1 / out["members"]
    return out


def frame_of_today(frame: pd.DataFrame) -> pd.DataFrame:
    """A table that may have been written by 0.1, with the columns of today; others stay as they are."""
    out = frame.rename(columns=_OLD)
    if {"label", "answer"} <= set(out.columns) and "outcome" not in out.columns:
        asked = out[["label", "answer"]].astype(object).where(out[["label", "answer"]].notna(), None)
        rows = [row_of_today({"label": label, "answer": answer}) for label, answer in asked.itertuples(index=False)]
        out["score"] = [row["score"] for row in rows]
        out["outcome"] = [row["outcome"] for row in rows]
        out["score"] = out["score"].astype(float)
    if "random_member" not in out.columns and {"method", "members", "truth_is_candidate"} <= set(out.columns):
        out["random_member"] = 1 / out["members"].astype(float)
    return out
