"""Tasks whose programs are known, with networks written by hand to implement them and networks that learn them."""

from collections.abc import Callable
from typing import Any

from causalpp._register import Register
from causalpp.abstraction.tasks.circuits import Circuit, boolean_circuit, circuits_of_one_function
from causalpp.abstraction.tasks.digits import pointer
from causalpp.abstraction.tasks.equality import hierarchical_equality
from causalpp.abstraction.tasks.network import Mlp, Reader, WordMlp
from causalpp.abstraction.tasks.sentences import entailment, entailment_sentences
from causalpp.abstraction.tasks.sums import addition
from causalpp.abstraction.tasks.task import Task, computed

#: The tasks by name; a user's own, ``module:NAME``, may also make an alignment, or candidates by name.
TASKS: Register[Callable[[], Any]] = Register("task", callable)
for _make in (hierarchical_equality, addition, pointer, boolean_circuit, entailment):
    TASKS.add(_make.__name__, _make)

__all__ = [
    "TASKS",
    "Circuit",
    "Mlp",
    "Reader",
    "Task",
    "WordMlp",
    "addition",
    "boolean_circuit",
    "circuits_of_one_function",
    "computed",
    "entailment",
    "entailment_sentences",
    "hierarchical_equality",
    "pointer",
]
