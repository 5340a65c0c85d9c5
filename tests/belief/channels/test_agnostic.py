"""The channel over worlds against sums and integrals written out, and what it makes of repeats, liars and noise."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from causalpp import Dag, DagBatch
from causalpp.belief import Agnostic, Heard, Record
from causalpp.errors import InvalidParameter

SMALL = Agnostic(errors=(0.1, 0.3), uneven=(0.1, 0.4), rates=(0.2, 0.8), repeats=((0.0, 0.4), (0.5, 0.3), (0.98, 0.3)))
INDEPENDENT = Agnostic(repeats=((0.0, 1.0),))
TRUTH = torch.tensor([[True, False, True, True], [False, True, True, True], [False, False, True, False]])
UNIFORM = torch.full((3,), -math.log(3), dtype=torch.float64)
tallies = st.lists(st.integers(0, 6), min_size=4, max_size=4).map(torch.tensor)


@functools.cache
def sequence(mean: float, rho: float, yes: int, no: int) -> float:
    """P of one sequence with so many yes and no, θ integrated out."""
    if rho == 0:
        return float(mean**yes * (1 - mean) ** no)
    size = 1 / rho - 1
    law = stats.beta(mean * size, (1 - mean) * size)
    return float(integrate.quad(lambda p: p**yes * (1 - p) ** no * law.pdf(p), 0, 1, epsabs=0, limit=300)[0])


@pytest.mark.parametrize(
    "channel", [Agnostic(), SMALL, INDEPENDENT, Agnostic(unrelated=0, liar=0), Agnostic(uneven=())]
)
def test_the_prior_over_worlds_is_a_distribution_with_the_shares_asked_for(channel: Agnostic) -> None:
    weight = channel.grid[:, 3]
    assert weight.sum() == pytest.approx(1)
    assert (weight > 0).all()
    assert weight[channel.kinds == 0].sum() == pytest.approx(channel.unrelated)
    assert weight[channel.kinds == -1].sum() == pytest.approx(channel.liar)
    for rho, share in channel.repeats:
        assert weight[channel.grid[:, 2] == rho].sum() == pytest.approx(share)


@pytest.mark.parametrize(("yes", "no"), [((2, 0, 1, 0), (0, 3, 0, 0)), ((1, 4, 0, 2), (1, 1, 0, 5))])
def test_the_evidence_is_the_integral_over_each_questions_rate(yes: tuple[int, ...], no: tuple[int, ...]) -> None:
    channel = Agnostic(errors=(0.1,), uneven=(0.3,), rates=(0.6,), repeats=((0.0, 0.5), (0.4, 0.5)))
    expected = []
    for row in TRUTH.tolist():
        total = 0.0
        for s, f, rho, weight in channel.grid:
            each = [sequence(s if t else f, rho, k, n) for t, k, n in zip(row, yes, no, strict=True)]
            total += weight * math.prod(each)
        expected.append(math.log(total))
    found = channel.log_likelihood_of(TRUTH, torch.tensor(yes), torch.tensor(no))
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


@settings(max_examples=30)
@given(tallies, tallies)
def test_one_more_answer_multiplies_the_evidence_by_its_prediction(yes: torch.Tensor, no: torch.Tensor) -> None:
    before = SMALL.log_joint_of(TRUTH, yes, no)
    if_true, if_false = SMALL.predictive_of(before, yes, no)
    expected = torch.where(TRUTH, if_true, if_false)
    for question in range(4):
        more = yes.clone()
        more[question] += 1
        ratio = (SMALL.log_likelihood_of(TRUTH, more, no) - torch.logsumexp(before, 1)).exp()
        assert ratio.tolist() == pytest.approx(expected[:, question].tolist(), rel=1e-8)


@given(st.lists(st.sampled_from([None, True, False]), min_size=4, max_size=4))
def test_questions_asked_once_need_no_more_than_four_counts(values: list[bool | None]) -> None:
    yes = torch.tensor([int(value is True) for value in values])
    no = torch.tensor([int(value is False) for value in values])
    counts = _counts(yes, no)
    full = Agnostic()
    assert full.log_likelihood(full.counted(counts)).tolist() == pytest.approx(
        full.log_likelihood_of(TRUTH, yes, no).tolist(), abs=1e-9
    )
    fresh = torch.zeros(1, dtype=torch.int64)
    if_true, if_false = (law[:, 0] for law in full.predictive_of(full.counted(counts), fresh, fresh))
    true_of, false_of = full.predictive_of(full.log_joint_of(TRUTH, yes, no), fresh, fresh)
    assert if_true.tolist() == pytest.approx(true_of[:, 0].tolist(), abs=1e-9)
    assert if_false.tolist() == pytest.approx(false_of[:, 0].tolist(), abs=1e-9)


def _counts(yes: torch.Tensor, no: torch.Tensor) -> torch.Tensor:
    t = TRUTH.double()
    y, n = yes.double(), no.double()
    return torch.stack([t @ y, t @ n, (1 - t) @ y, (1 - t) @ n], dim=1)


def test_known_answers_tell_truthful_from_lying_from_random() -> None:
    anchors = torch.tensor([[True] * 20 + [False] * 20])  # one candidate: every answer is known
    truthful = torch.tensor([1] * 20 + [0] * 20)
    log_prior = torch.zeros(1, dtype=torch.float64)
    for yes, most in ((truthful, 0), (1 - truthful, 1), (torch.tensor([1, 0] * 20), 2)):
        heard = Heard(
            log_prior, Agnostic().log_joint_of(anchors, yes, 1 - yes), Record.none(DagBatch.from_dags([Dag("a")]))
        )
        shares = Agnostic().profile(heard)[:3]
        assert sum(shares) == pytest.approx(1)
        assert int(np.argmax(shares)) == most
        assert shares[most] > 0.9


def test_a_liar_who_is_found_out_is_inverted() -> None:
    known = [True] * 5 + [False] * 5
    truth = torch.tensor([[*known, True, False], [*known, False, True]])
    yes = torch.tensor([0] * 5 + [1] * 5 + [0, 1])  # reverses all that is known, then points at the second graph
    evidence = Agnostic().log_likelihood_of(truth, yes, 1 - yes)
    assert float(torch.softmax(evidence, 0)[0]) > 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {"unrelated": -0.1},
        {"unrelated": 0.6, "liar": 0.4},
        {"repeats": ()},
        {"repeats": ((1.0, 1.0),)},
        {"repeats": ((0.0, 0.5),)},
        {"errors": ()},
        {"errors": (0.0,)},
        {"uneven": (0.5,)},
        {"rates": ()},
        {"rates": (1.0,)},
    ],
)
def test_bad_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        Agnostic(**wrong)  # type: ignore[arg-type]
