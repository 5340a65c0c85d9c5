"""Two hundred questions about one network put to a model in this process, beside reading every prompt whole.

What is measured is processor time, of the library's own prompts; the peer answers every eighth of them.
"""

from __future__ import annotations

import time
from itertools import permutations
from typing import Any

import pytest

from causalpp import Causes, DirectlyCauses, HaveCommonCause, IndirectlyCauses, load_network
from causalpp.errors import MissingDependency
from causalpp.language import LoadedModel, load_model, smollm2
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.oracles import LanguageModelOracle
from causalpp.propositions import Proposition


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    try:
        return load_model(smollm2(), device="cpu")
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.benchmark(timer=time.process_time)
def test_two_hundred_questions(benchmark: Any, model: LoadedModel, share: bool) -> None:
    network = load_network("asia")
    pairs = list(permutations(network.variables, 2))
    kinds = (Causes, DirectlyCauses, IndirectlyCauses, HaveCommonCause)
    questions: list[Proposition] = [kind(a, b) for kind in kinds for a, b in pairs][: 200 : 1 if share else 8]
    backend = TransformersBackend(model, share=share)
    oracle = LanguageModelOracle(backend, context=network, progress=False)
    benchmark.group = "questions about one network, a model in this process (processor time)"
    benchmark.extra_info |= {"items": len(questions), "peer": not share}
    answers = benchmark.pedantic(oracle.ask, args=(questions,), rounds=1)
    assert len(answers) == len(questions)
