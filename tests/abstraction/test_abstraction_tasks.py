"""The tasks: what the programs say against plain Python, and networks by hand that do the same inside."""

import itertools

import numpy as np
import pytest
import torch

from causalpp.abstraction import tasks
from causalpp.abstraction.tasks import circuits
from causalpp.errors import InvalidParameter, UnknownName

BY_HAND = {
    "hierarchical_equality": tasks.hierarchical_equality,
    "addition": tasks.addition,
    "entailment": tasks.entailment,
    "boolean_circuit": tasks.boolean_circuit,
}


def rows(task, n=500, seed=3):
    return task.draw(n, np.random.default_rng(seed))


@pytest.mark.parametrize("name", BY_HAND)
def test_a_network_by_hand_scores_one_on_every_variable_and_wrong_programs_do_not(name):
    task = BY_HAND[name]()
    network = task.by_hand()
    assert task.accuracy(network, seed=1) == 1
    for variable in task.sites:
        right = task.aligned(network).pairs(400, 1, variable)
        assert right.changes.any()
        assert (task.aligned(network).predicted(right) == right.after).all()
    for other in task.others:
        aligned = task.aligned(network, program=other)
        shares = []
        for variable in task.sites:
            given = aligned.pairs(400, 1, variable)
            changing = given.take(given.changes)
            if len(changing):
                shares.append((aligned.predicted(changing) == changing.after).mean())
        assert shares
        assert min(shares) < 1


@pytest.mark.parametrize("name", [*BY_HAND, "pointer"])
def test_programs_of_a_task_give_the_same_labels(name):
    task = {**BY_HAND, "pointer": tasks.pointer}[name]()
    frame = rows(task)
    for other in task.others.values():
        assert (task.values(frame, other)[task.outcome] == task.labels(frame)).all()
    shares = torch.bincount(task.labels(frame)).double() / len(frame)
    assert float(shares.max()) < 0.95


def test_labels_are_what_plain_python_says():
    frame = rows(tasks.hierarchical_equality())
    expected = [int((w == x) == (y == z)) for w, x, y, z in frame.to_numpy().tolist()]
    assert tasks.hierarchical_equality().labels(frame).tolist() == expected
    frame = rows(tasks.addition())
    assert tasks.addition().labels(frame).tolist() == frame.sum(axis=1).tolist()
    frame = rows(tasks.entailment())
    wide = {word for _, word in _pairs()}
    expected = []
    for one, other in tasks.entailment_sentences(frame):
        assert (" not " in one) == (" not " in other)
        narrower = other.split()[-1] not in wide  # the second sentence has the narrower word
        assert (one.split()[-1] in wide) == narrower
        expected.append(int(narrower != (" not " in one)))
    assert tasks.entailment().labels(frame).tolist() == expected


def _pairs():
    from causalpp.abstraction.tasks.sentences import _PAIRS

    return _PAIRS


def test_pointer_reads_images_and_keeps_those_for_testing_apart():
    from sklearn.datasets import load_digits

    shown = load_digits().target
    train, test = rows(tasks.pointer()), rows(tasks.pointer("test"))
    assert not set(train.to_numpy().flat) & set(test.to_numpy().flat)
    expected = []
    for images in train.to_numpy().tolist():
        first, *others = (int(shown[image]) for image in images)
        expected.append(others[0] if first <= 3 else others[1] if first <= 6 else others[2])
    assert tasks.pointer().labels(train).tolist() == expected
    assert tasks.pointer().encode(train).shape == (500, 4, 64)


@pytest.mark.parametrize(("inputs", "gates"), [(3, 4), (4, 5)])
def test_circuits_of_one_function_agree_on_the_label_alone(inputs, gates):
    found = tasks.circuits_of_one_function(7, 5, inputs, gates)
    points = list(itertools.product((0, 1), repeat=inputs))
    evaluated = [[_by_hand(circuit, point) for point in points] for circuit in found]
    for circuit, values in zip(found, evaluated, strict=True):
        assert circuit.values.T.tolist() == values
        assert {value[-1] for value in values} == {0, 1}
        assert [value[-1] for value in values] == [value[-1] for value in evaluated[0]]
    tables = [circuit.swapped() for circuit in found]
    assert min((a != b).mean() for a, b in itertools.combinations(tables, 2)) >= 0.03
    # One interchange by hand: gate 0 of the first circuit, between the last point and the first.
    source = evaluated[0][0][0]
    assert tables[0][0, -1, 0] == _by_hand(found[0], points[-1], {0: source})[-1]


def _by_hand(circuit, point, fixed=()):
    known = list(point)
    for number, (outputs, one, other) in enumerate(circuit.gates):
        value = int(outputs[2 * known[one] + known[other]])
        known.append(dict(fixed).get(number, value))
    return known[circuit.inputs :]


def test_training_learns_labels_and_is_told_by_its_seed():
    task = tasks.boolean_circuit(seed=2)
    network = task.trained(0)
    assert task.accuracy(network) == 1
    network, again = task.trained(0, steps=5), task.trained(0, steps=5)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    assert not network.training
    few = rows(task, 6)
    assert float((task.trained(1, rows=few)(task.encode(few)).argmax(1) == task.labels(few)).double().mean()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hierarchical_equality", "addition", "entailment"])
def test_networks_learn_the_tasks(name):
    task = BY_HAND[name]()
    assert task.accuracy(task.trained(0)) > 0.99


def test_bad_input_is_refused(monkeypatch):
    task = tasks.boolean_circuit()
    with pytest.raises(UnknownName, match="circuit 9"):
        task.aligned(task.by_hand(), program="circuit 9")
    with pytest.raises(InvalidParameter, match="1 step"):
        task.trained(0, steps=0)
    with pytest.raises(InvalidParameter, match="no row"):
        task.trained(0, rows=rows(task, 0))
    with pytest.raises(InvalidParameter, match="train"):
        tasks.pointer("all")
    with pytest.raises(InvalidParameter, match="inputs"):
        tasks.boolean_circuit(inputs=9)
    monkeypatch.setattr(circuits, "_ROUNDS", 2)
    with pytest.raises(InvalidParameter, match="not found"):
        tasks.circuits_of_one_function(0, 500, 2, 2)
    with pytest.raises(InvalidParameter, match="width"):
        tasks.Mlp(3, (0,), 2)
