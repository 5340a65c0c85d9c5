"""Design: which question to ask next, and how few could do."""

from causalpp.design.batches import joint_information, look_ahead, question_batch
from causalpp.design.bounds import (
    accuracy_ceiling,
    attainable_accuracy,
    capacity,
    divergence,
    efficiency,
    question_bound,
)
from causalpp.design.conjunctions import Conjunction, conjunctions, leading
from causalpp.design.experiments import Costs, Experiment, Worth, plan_experiments
from causalpp.design.graded import graded_information
from causalpp.design.information import (
    Posterior,
    binary_entropy,
    expected_information_gain,
    question_information,
)
from causalpp.design.next_answer import next_answer_information
from causalpp.design.panels import PanelChoice, panel_batch, panel_choices, panel_gains, panel_information
from causalpp.design.policies import (
    BinarySearch,
    Information,
    MaximumDegree,
    Minimax,
    Policy,
    Published,
    Random,
    ThompsonPair,
    pick,
)
from causalpp.design.questions import Questions

__all__ = [
    "BinarySearch",
    "Conjunction",
    "Costs",
    "Experiment",
    "Information",
    "MaximumDegree",
    "Minimax",
    "PanelChoice",
    "Policy",
    "Posterior",
    "Published",
    "Questions",
    "Random",
    "ThompsonPair",
    "Worth",
    "accuracy_ceiling",
    "attainable_accuracy",
    "binary_entropy",
    "capacity",
    "conjunctions",
    "divergence",
    "efficiency",
    "expected_information_gain",
    "graded_information",
    "joint_information",
    "leading",
    "look_ahead",
    "next_answer_information",
    "panel_batch",
    "panel_choices",
    "panel_gains",
    "panel_information",
    "pick",
    "plan_experiments",
    "question_batch",
    "question_bound",
    "question_information",
]
