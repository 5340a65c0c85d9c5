"""Speed of an update and of the expected information of all questions beside one pass over the truth table.

One thread.  The table of 10⁶ graphs and the 552 ``Causes`` questions about 24 variables holds one byte a cell; a pass
reads it once, eight cells at a time.
"""

import resource

import numpy as np
import pytest
import torch

from causalpp.belief import Fixed, Learned
from causalpp.design import binary_entropy
from causalpp.design.information import question_information

N, Q = 1_000_000, 24 * 23
GROUP = f"update and information of {Q} questions, {N:,} candidates"


@pytest.fixture(scope="module")
def truth():
    """Random cells: the time does not depend on what they are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(0)
    table = torch.empty((N, Q), dtype=torch.bool)
    for rows in table.split(50_000):
        rows.copy_(torch.rand(rows.shape, generator=draw) < torch.linspace(0.05, 0.95, Q))
    yield table
    torch.set_num_threads(threads)


def answered(truth, questions):
    """The counts after one answer to each of the first questions."""
    said = np.random.default_rng(0).random(questions) < 0.5
    counts = torch.zeros((N, 4), dtype=torch.float64)
    for number, yes in enumerate(said.tolist()):
        count(counts, truth[:, number], yes)
    return counts


def count(counts, column, yes):
    holds = column.to(counts.dtype)
    counts[:, 0 if yes else 1] += holds
    counts[:, 2 if yes else 3] += 1 - holds


@pytest.mark.benchmark(group=GROUP)
def test_one_pass_over_the_table(benchmark, truth):
    benchmark.extra_info["peer"] = True
    benchmark.pedantic(lambda: truth.view(torch.int64).sum(), rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("channel", [Fixed(0.1), Learned()], ids=["fixed", "learned"])
def test_information(benchmark, truth, channel):
    counts = answered(truth, 12)
    weights = torch.softmax(channel.log_evidence(counts), 0)
    laws = channel.predictive(counts)
    gain = benchmark.pedantic(lambda: question_information(weights, *laws, truth), rounds=3, warmup_rounds=1)
    checked(gain, weights, laws, truth)


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("channel", [Fixed(0.1), Learned()], ids=["fixed", "learned"])
def test_update_and_information(benchmark, truth, channel):
    counts = answered(truth, 12)

    def once():
        after = counts.clone()
        count(after, truth[:, 20], True)
        weights = torch.softmax(channel.log_evidence(after), 0)
        return question_information(weights, *channel.predictive(after), truth)

    benchmark.pedantic(once, rounds=3, warmup_rounds=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    benchmark.extra_info["peak_gib"] = peak
    print(f"\npeak memory of the process so far: {peak:.2f} GiB")
    assert peak < 4


def checked(gain, weights, laws, truth):
    """A few questions in double precision."""
    for number in (0, 100, Q - 1):
        yes = torch.where(truth[:, number], *laws)
        expected = binary_entropy(weights @ yes) - weights @ binary_entropy(yes)
        assert abs(float(gain[number] - expected)) < 1e-6
