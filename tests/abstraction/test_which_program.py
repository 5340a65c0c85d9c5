"""Which program is it: the posterior against Bayes by hand, right on circuits, calibrated about none of these."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp.abstraction import Alignment, Site, tasks, which_program
from causalpp.abstraction.candidates.interchanges import Interchanges
from causalpp.errors import InvalidParameter


def candidates(task, network, names=None):
    return {name: task.aligned(network, program=name) for name in names or task.programs}


def test_the_posterior_is_that_of_bayes_theorem():
    task = tasks.boolean_circuit(seed=5)
    network = task.by_hand()
    given = candidates(task, network)
    errors, doubt = (0.01, 0.03), 0.3
    weights = {name: 1.0 + number for number, name in enumerate(given)}
    found = which_program(
        given, weights=weights, doubt=doubt, errors=errors, budget=5, choice="random", confidence=1.0, seed=4
    )
    assert found.interchanges == 5
    asking = Interchanges.drawn(given, 1, 500, 4)
    # The questions, found again by what was asked.
    names = list(given)
    likely = {name: dict.fromkeys(errors, 1.0) for name in names}
    large, unrelated = (0.06, 0.1, 0.15, 0.2, 0.3, 0.4), (0.1, 0.3, 0.5)
    none = {**{(n, e): 1.0 for n in names for e in large}, **{(n, ("u", u)): 1.0 for n in names for u in unrelated}}
    for step in found.steps:
        kind = [given[names[0]].pairs(1, 0, v).variables[0] for v in task.sites].index(step["interchanged"])
        after = [each.after[step["pair"]] for each in asking.sets[kind]]
        for name, predicted in zip(names, after, strict=True):
            agrees = (predicted == step["state"]) == step["yes"]
            for e in errors:
                likely[name][e] *= 1 - e if agrees else e
            for e in large:
                none[name, e] *= 1 - e if agrees else e
            for u in unrelated:
                none[name, ("u", u)] *= u if step["yes"] else 1 - u
    prior = {name: weights[name] / sum(weights.values()) for name in names}
    joint = {n: prior[n] * (1 - doubt) / 2 * sum(likely[n].values()) for n in names}
    rest = sum(
        prior[n] * doubt / 2 / (len(unrelated) if isinstance(key, tuple) else len(large)) * value
        for (n, key), value in none.items()
    )
    total = sum(joint.values()) + rest
    for name in names:
        assert math.isclose(found.probabilities[name], joint[name] / total, rel_tol=1e-9)
    assert math.isclose(found.probabilities["none of these"], rest / total, rel_tol=1e-9)


def test_the_right_one_of_five_is_found_in_few_interchanges():
    right, asked, at_random = 0, [], []
    for seed in range(6):
        task = tasks.boolean_circuit(seed=300 + seed)
        given = candidates(task, task.by_hand())
        found = which_program(given, seed=seed)
        right += found.best == task.name
        asked.append(found.interchanges)
        at_random.append(which_program(given, seed=seed, choice="random").interchanges)
        assert found.accuracies[task.name] == 1
        assert max(share for name, share in found.accuracies.items() if name != task.name) < 1
    assert right >= 5
    assert np.mean(asked) <= np.mean(at_random) / 2


@pytest.mark.slow
def test_none_of_these_is_as_often_true_as_is_said():
    """With one network in two outside of the candidates, and that as prior: the Brier score of what is said is small.

    Claims of 95 % may be wrong in 1 of 20, so of 40 in 2, and in 5 or more with a probability below .05.
    """
    wrong = 0
    for seed in range(20):
        task = tasks.boolean_circuit(seed=600 + seed, size=6)
        names = list(task.programs)
        for among in (names[:5], names[1:]):
            found = which_program(candidates(task, task.by_hand(), among), doubt=0.5, seed=seed)
            truth = task.name if task.name in among else "none of these"
            wrong += found.best != truth
    assert wrong <= 4


def test_labels_of_many_states_and_several_sites_at_once():
    task = tasks.addition()
    found = which_program(candidates(task, task.by_hand()), seed=1)
    assert found.best == "addition"
    equality = tasks.hierarchical_equality()
    found = which_program(candidates(equality, equality.by_hand()), together=2, seed=1)
    assert found.best == "hierarchical_equality"
    assert {step["interchanged"] for step in found.steps} <= {"left", "right", "left right"}


def test_graphs_that_fit_the_same_data_are_told_apart_by_interchanges():
    """Whether t is made of s or, past it, of a: with s always equal to a, no data say so; the network's inside does."""
    through = cpp.Dag("abst", [("a", "s"), ("s", "t"), ("b", "t")])
    past = cpp.Dag("abst", [("a", "s"), ("a", "t"), ("b", "t")])
    bits = np.random.default_rng(0).integers(0, 2, (400, 2))
    frame = pd.DataFrame({"a": bits[:, 0], "b": bits[:, 1], "s": bits[:, 0], "t": bits[:, 0] & bits[:, 1]})
    programs = {str(dag): cpp.compile(dag, data=frame, prior=1e-9, check=False) for dag in (through, past)}
    for of_s, right in ((True, through), (False, past)):
        network = tasks.Mlp(2, (3, 1), 2).clear()
        network.write(0, 0, {0: 1.0})  # s
        network.write(0, 1, {1: 1.0})  # b
        network.write(0, 2, {0: 1.0})  # a once more
        network.write(1, 0, {0 if of_s else 2: 1.0, 1: 1.0}, -1.0)
        network.write(-1, 1, {0: 1.0}, -0.5)
        site = Site("layers.0", slice(0, 1))
        given = {
            name: Alignment(
                program,
                network,
                {"s": site},
                lambda rows: torch.tensor(rows[["a", "b"]].to_numpy("float32")),
                outcome="t",
            )
            for name, program in programs.items()
        }
        assert which_program(given).best == str(right)


def test_random_weights_are_none_of_these():
    task = tasks.hierarchical_equality()
    found = which_program(candidates(task, task.fresh(3)), doubt=0.5)
    assert found.best == "none of these"


def test_what_is_shown():
    task = tasks.boolean_circuit(seed=1, size=3)
    found = which_program(candidates(task, task.by_hand()))
    assert "boolean_circuit" in repr(found).splitlines()[0]
    assert json.loads(found.to_json())["probabilities"].keys() == {*task.programs, "none of these"}
    assert len(found.frame) == found.interchanges
    assert found.sure
    figure = found.plot()
    assert len(figure.axes) == 2


def test_bad_input_is_refused():
    task = tasks.boolean_circuit(seed=1, size=3)
    network = task.by_hand()
    given = candidates(task, network)
    for options, message in (
        ({"doubt": 0.0}, "doubt"),
        ({"errors": ()}, "errors"),
        ({"errors": (0.7,)}, "errors"),
        ({"budget": 0}, "budget"),
        ({"choice": "best"}, "choice"),
        ({"confidence": 0.2}, "confidence"),
        ({"weights": {task.name: 1.0}}, "weights"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            which_program(given, **options)
    with pytest.raises(InvalidParameter, match="at least two"):
        which_program({task.name: given[task.name]})
    with pytest.raises(InvalidParameter, match="mapping"):
        which_program([given[task.name]] * 2)
    with pytest.raises(InvalidParameter, match="another network"):
        which_program({**given, "other": task.aligned(task.by_hand())})
    with pytest.raises(InvalidParameter, match="predict the same"):
        which_program({"one": task.aligned(network), "two": task.aligned(network)})
    elsewhere = task.aligned(network, {"g0": Site("layers.1")})
    with pytest.raises(InvalidParameter, match="no site"):
        which_program({"one": task.aligned(network, {"g0": Site("layers.0")}), "two": elsewhere})
    broken = task.by_hand()
    with torch.no_grad():
        broken.head.bias[0] = float("nan")
    with pytest.raises(InvalidParameter, match="finite"):
        which_program(candidates(task, broken))
    assert isinstance(given[task.name], Alignment)
