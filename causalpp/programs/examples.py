"""Canonical programs of the literature, with their published numbers where there are any.

Each function builds one; the tests hold every number in the docstrings to what the program computes.
"""

from __future__ import annotations

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.programs.compiler import compile
from causalpp.programs.mechanisms import Response, Table
from causalpp.programs.program import CausalProgram

__all__ = ["eye_disease", "firing_squad", "guild", "monty_hall", "simpson", "smoking_tar_cancer"]

_YES_NO = ("yes", "no")


def smoking_tar_cancer(book: str = "primer") -> CausalProgram:
    """The front door: smoking → tar → cancer, and a latent genotype behind smoking and cancer.

    The observed variables have the joint distribution of the book's table.  The genotype is drawn so that it decides
    who smokes; every other latent cause with this table gives the same effects, because they are identified.

    Args:
        book: ``"primer"`` for table 3.1 of Pearl, Glymour & Jewell (2016), *Causal Inference in Statistics: A
            Primer*, or ``"causality"`` for table 3.1 of Pearl (2009), *Causality*.

    Raises:
        InvalidParameter: another book.

    Example:
        >>> program = smoking_tar_cancer()
        >>> [round(program.do(smoke=s).distribution("cancer")["yes"], 4) for s in ("yes", "no")]
        [0.5475, 0.5025]
        >>> round(program.condition(smoke="yes").distribution("cancer")["yes"], 4)  # the naive comparison misleads
        0.1475
    """
    # P(cancer | tar, genotype): rows tar, no tar; columns the genotype of smokers and of non-smokers.
    tables = {"primer": [[0.15, 0.95], [0.10, 0.90]], "causality": [[0.85, 0.05], [0.90, 0.10]]}
    if book not in tables:
        raise InvalidParameter(f"the book is 'primer' or 'causality', not {book!r}")
    cancer = np.array(tables[book])
    dag = Dag.from_edges(
        [("genotype", "smoke"), ("genotype", "cancer"), ("smoke", "tar"), ("tar", "cancer")], latent={"genotype"}
    )
    mechanisms = {
        "genotype": Table(("a", "b"), (), [0.5, 0.5]),
        "smoke": Table(_YES_NO, ("genotype",), [[1.0, 0.0], [0.0, 1.0]]),
        "tar": Table(_YES_NO, ("smoke",), [[0.95, 0.05], [0.05, 0.95]]),
        "cancer": Table(_YES_NO, ("tar", "genotype"), np.stack([cancer, 1 - cancer], axis=-1)),
    }
    return compile(dag, mechanisms=mechanisms)


def simpson() -> CausalProgram:
    """Simpson's reversal: a drug that helps men and helps women, and seems to harm people.

    Table 1.1 of Pearl, Glymour & Jewell (2016): 700 patients chose whether to take it; women, who recover less
    often, took it more often.

    Example:
        >>> program = simpson()
        >>> seen = {d: program.condition(drug=d).distribution("recovery")["yes"] for d in ("yes", "no")}
        >>> done = {d: program.do(drug=d).distribution("recovery")["yes"] for d in ("yes", "no")}
        >>> round(seen["yes"] - seen["no"], 3), round(done["yes"] - done["no"], 3)
        (-0.046, 0.054)
    """
    dag = Dag.from_edges([("sex", "drug"), ("sex", "recovery"), ("drug", "recovery")])
    taken, given = np.array([87, 263]), np.array([357, 343])
    recovered = np.array([[81 / 87, 234 / 270], [192 / 263, 55 / 80]])
    mechanisms = {
        "sex": Table(("man", "woman"), (), given / 700),
        "drug": Table(_YES_NO, ("sex",), np.stack([taken / given, 1 - taken / given], axis=-1)),
        "recovery": Table(_YES_NO, ("sex", "drug"), np.stack([recovered, 1 - recovered], axis=-1)),
    }
    return compile(dag, mechanisms=mechanisms)


def guild() -> CausalProgram:
    """A game's confounding: guild members play more and buy more, and playing more makes one buy a little more.

    The numbers are made up.  Engagement is ``"high"`` or ``"low"``; a purchase is made or not.

    Example:
        >>> program = guild()
        >>> seen = [program.condition(engagement=e).distribution("purchase")["yes"] for e in ("high", "low")]
        >>> done = [program.do(engagement=e).distribution("purchase")["yes"] for e in ("high", "low")]
        >>> round(seen[0] - seen[1], 3), round(done[0] - done[1], 3)
        (0.35, 0.1)
    """
    dag = Dag.from_edges([("guild", "engagement"), ("guild", "purchase"), ("engagement", "purchase")])
    bought = np.array([[0.70, 0.60], [0.20, 0.10]])
    mechanisms = {
        "guild": Table(_YES_NO, (), [0.5, 0.5]),
        "engagement": Table(("high", "low"), ("guild",), [[0.75, 0.25], [0.25, 0.75]]),
        "purchase": Table(_YES_NO, ("guild", "engagement"), np.stack([bought, 1 - bought], axis=-1)),
    }
    return compile(dag, mechanisms=mechanisms)


def monty_hall() -> CausalProgram:
    """The game show: a prize behind one of three doors, a choice, and a host who opens another door without it.

    Example:
        >>> seen = monty_hall().condition(choice=1, opened=3)
        >>> {door: round(p, 3) for door, p in seen.distribution("prize").items()}
        {1: 0.333, 2: 0.667, 3: 0.0}
    """
    doors = (1, 2, 3)
    dag = Dag.from_edges([("prize", "opened"), ("choice", "opened")])
    outcomes = np.zeros((3, 3, 2), dtype=int)
    for prize in range(3):
        for choice in range(3):
            free = [door for door in range(3) if door not in (prize, choice)]
            outcomes[prize, choice] = (free * 2)[:2]  # with one door left the coin does not matter
    uniform = np.full(3, 1 / 3)
    mechanisms = {
        "prize": Table(doors, (), uniform),
        "choice": Table(doors, (), uniform),
        "opened": Response(doors, ("prize", "choice"), [0.5, 0.5], outcomes),
    }
    return compile(dag, mechanisms=mechanisms)


def eye_disease() -> CausalProgram:
    """The blindness counterfactual: a treatment that cures 99 of 100, and blinds the one whom it would have spared.

    Example 3.4 of Peters, Janzing & Schölkopf (2017), *Elements of Causal Inference*.

    Example:
        >>> patient = {"treatment": "yes", "blind": "yes"}
        >>> eye_disease().counterfactual(observations=patient, do={"treatment": "no"}).distribution("blind")["yes"]
        0.0
        >>> round(eye_disease().do(treatment="yes").distribution("blind")["yes"], 2)
        0.01
    """
    dag = Dag.from_edges([("treatment", "blind")])
    # The noise: rarely, the patient is one of those whom the treatment harms and whom nothing would have harmed.
    mechanisms = {
        "treatment": Table(_YES_NO, (), [0.5, 0.5]),
        "blind": Response(_YES_NO, ("treatment",), [0.99, 0.01], [[1, 0], [0, 1]]),
    }
    return compile(dag, mechanisms=mechanisms)


def firing_squad() -> CausalProgram:
    """A court orders, a captain signals, two riflemen shoot, a prisoner dies: section 7.1.2 of Pearl (2009).

    Rifleman A may also shoot out of nervousness.

    Example:
        >>> dead = {"death": "yes"}
        >>> firing_squad().counterfactual(observations=dead, do={"a": "no"}).distribution("death")["yes"]
        0.967...
    """
    dag = Dag.from_edges([("court", "captain"), ("captain", "a"), ("captain", "b"), ("a", "death"), ("b", "death")])
    follows = Table(_YES_NO, ("captain",), np.eye(2))
    mechanisms = {
        "court": Table(_YES_NO, (), [0.6, 0.4]),
        "captain": Table(_YES_NO, ("court",), np.eye(2)),
        "a": Response(_YES_NO, ("captain",), [0.05, 0.95], [[0, 0], [0, 1]]),
        "b": follows,
        "death": Table(_YES_NO, ("a", "b"), [[[1, 0], [1, 0]], [[1, 0], [0, 1]]]),
    }
    return compile(dag, mechanisms=mechanisms)
