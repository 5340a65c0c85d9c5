"""Speed of candidate graphs in bulk beside a loop over programs; run with ``pytest speed``.

The loop works on a sample of the graphs; the ratios printed at the end are per graph.  Both sides once with what is
fitted beforehand (drawing only), once with everything from the frame on.
"""

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.graphs.random import erdos_renyi
from causalpp.programs.bulk import compile_batch

N, D, STATES, DRAWS, ROWS, SAMPLE = 1000, 10, 3, 10_000, 2000, 40
DO = {"X1": 1}
DRAWING = f"{N:,} graphs × {DRAWS:,} draws of {D} variables"
WHOLE = f"fit and draw {N:,} graphs × {DRAWS:,} draws of {D} variables"
ONE = f"distribution of one variable under do in {N:,} graphs of {D} variables, {DRAWS:,} draws"
EXACT = f"exact distribution of one variable under do in {N:,} graphs of 8 variables"


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(ROWS, 1)) + rng.normal(size=(ROWS, D))
    codes = np.searchsorted([-0.6, 0.6], hidden)
    return pd.DataFrame(codes, columns=[f"X{i + 1}" for i in range(D)])


@pytest.fixture(scope="module", params=[2, 3], ids=lambda degree: f"degree {degree}")
def dags(request):
    return erdos_renyi(D, expected_degree=request.param, n=N, seed=0)


def draw(programs, names):
    return [
        {name: np.bincount(column, minlength=STATES) / DRAWS for name, column in program.do(DO).draw(DRAWS).items()}
        for program in programs
    ]


def in_bulk(batch):
    return batch.interventional(batch.dags.nodes, DO, samples=DRAWS)


@pytest.mark.benchmark(group=DRAWING)
def test_draw_in_bulk(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info["items"] = N
    batch = compile_batch(dags, frame, check=False)
    result = benchmark.pedantic(in_bulk, (batch,), rounds=5, warmup_rounds=1)
    assert result["X2"].shape == (N, STATES)


@pytest.mark.benchmark(group=DRAWING)
def test_draw_by_a_loop_over_programs(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    programs = [cpp.compile(dag, data=frame) for dag in dags[:SAMPLE]]
    result = benchmark.pedantic(draw, (programs, dags.nodes), rounds=5, warmup_rounds=1)
    bulk = in_bulk(compile_batch(dags[:SAMPLE], frame, check=False))
    gap = max(abs(law[name] - bulk[name][n].numpy()).max() for n, law in enumerate(result) for name in law)
    assert gap < 6 * (0.5 / DRAWS) ** 0.5  # two independent simulations


@pytest.mark.benchmark(group=ONE)
def test_one_outcome_in_bulk(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info["items"] = N
    batch = compile_batch(dags, frame, check=False)
    benchmark.pedantic(lambda: batch.interventional("X2", DO, samples=DRAWS), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=ONE)
def test_one_outcome_by_a_loop_over_programs(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    programs = [cpp.compile(dag, data=frame) for dag in dags[:SAMPLE]]

    def loop():
        return [np.bincount(p.do(DO).draw(DRAWS)["X2"], minlength=STATES) / DRAWS for p in programs]

    benchmark.pedantic(loop, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=WHOLE)
def test_fit_and_draw_in_bulk(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info["items"] = N
    benchmark.pedantic(lambda: in_bulk(compile_batch(dags, frame, check=False)), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=WHOLE)
def test_fit_and_draw_by_a_loop_over_programs(benchmark, dags, frame):
    benchmark.group += f", degree {dags.adjacency.sum().item() / N / D * 2:.0f}"
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    some = list(dags[:SAMPLE])
    benchmark.pedantic(
        lambda: draw([cpp.compile(dag, data=frame) for dag in some], dags.nodes), rounds=3, warmup_rounds=1
    )


@pytest.mark.benchmark(group=EXACT)
def test_exact_in_bulk(benchmark, frame):
    benchmark.extra_info["items"] = N
    batch = compile_batch(erdos_renyi(8, expected_degree=2, n=N, seed=0), frame, check=False)
    benchmark.pedantic(batch.interventional, ("X2", DO), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group=EXACT)
def test_exact_by_a_loop_over_programs(benchmark, frame):
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    programs = [cpp.compile(dag, data=frame) for dag in erdos_renyi(8, expected_degree=2, n=N, seed=0)[:SAMPLE]]
    benchmark.pedantic(lambda: [p.do(DO).probabilities("X2") for p in programs], rounds=3, warmup_rounds=1)
