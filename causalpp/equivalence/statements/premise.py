"""Premises in English: a list of variables and of what is, and is not, independent.

The wording is that of the Corr2Cause data set (Jin et al., *Can large language models infer causation from
correlation?*, ICLR 2024, arXiv 2306.05836): "Suppose there is a closed system of 3 variables, A, B and C. All the
statistical relations among these 3 variables are as follows: A correlates with B. … However, A and C are
independent given B."  Other wordings of the same statements are read as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from causalpp.equivalence.statements import premise_reader
from causalpp.equivalence.statements.facts import COMPLETE
from causalpp.equivalence.statements.independence import (
    all_statements,
    determining_statements,
    from_independencies,
    settled,
)
from causalpp.errors import CausalppError, ContradictoryStatements, InvalidParameter, TooLarge, UndeterminedClass
from causalpp.graphs import Dag
from causalpp.graphs.cpdag import Cpdag
from causalpp.propositions import STYLES, Independent, Not, Proposition, quote

__all__ = ["from_premise", "parse_premise", "premise", "premise_in_order"]

_WRITTEN = 10  # variables: 45 pairs, 256 sets each


def parse_premise(text: str) -> tuple[tuple[str, ...], list[Proposition]]:
    """The variables and the statements of a premise in English.

    The variables are named first, after the word "variables"; their number may be said and is then checked.
    Every sentence that :func:`causalpp.propositions.parse` reads as an independence, a dependence or
    several such joined by "and" is a statement.  Case and spacing are free, sentence ends may be missing, and
    "Premise:", the sentence that announces the relations, "However" and the like are passed over.  A
    line that begins with "Hypothesis:" or "Question:" ends the premise.  Names that could be misread stand in
    quotation marks.  What is said twice is kept once.

    Statements may be written ``A indep B | C, D``.  That the causal structure forms a directed acyclic graph, is
    faithful or causally sufficient may be said of the variables, and changes nothing; anything else is refused.

    "Whatever is given" (or "whatever else is known") behind a dependence says it of every set of other variables;
    under faithfulness an edge joins the two then, and the statement is ``DirectlyCauses(a, b) | DirectlyCauses(b, a)``.

    Raises:
        FormatError: what cannot be read, with line and column of the sentence and what was expected.

    Example:
        >>> parse_premise("Consider 3 variables: smoking, tar and lung cancer. Smoking correlates with tar. "
        ...               "However, smoking is independent of lung cancer given tar.")
        (('smoking', 'tar', 'lung cancer'),
         [Not(of=Independent(a='smoking', b='tar', given=frozenset())),
          Independent(a='lung cancer', b='smoking', given=frozenset({'tar'}))])
    """
    found = premise_reader.read(text)
    return found.names, found.statements


def from_premise(text: str, *, complete: bool | None = None) -> Cpdag:
    """The class that a premise determines.

    A premise of the Corr2Cause kind says of every pair whether it correlates and lists *all* conditional
    independencies; what it does not list is dependence.  Premises are also found that list less, because
    the rest follows, or because they are cut short.  So, unless ``complete`` says otherwise:

    1. what the listed statements alone determine is the answer;
    2. if they leave several classes open and the premise says of every pair whether the two are independent
       (given nothing), then what is not listed is read as dependence (up to 12 variables);
    3. otherwise nothing is assumed about what is not listed, and the error says what is open.

    A premise that announces "All the conditional independence relations are: …" says so itself: what it does not list
    is dependence.

    Args:
        text: the premise; see :func:`parse_premise`.
        complete: True reads everything that is not listed as dependence, False assumes nothing about it.

    Raises:
        FormatError: the text cannot be read; line and column say where.
        ContradictoryStatements: no graph agrees with the statements.
        UndeterminedClass: several classes do.
        TooLarge: see :func:`causalpp.equivalence.statements.independence.from_independencies`.

    Example:
        >>> from_premise("Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations "
        ...              "among these 3 variables are as follows: A correlates with B. B correlates with C. "
        ...              "However, A is independent of C.")
        Cpdag('A → B, C → B')
    """
    found = premise_reader.read(text)
    names, statements = found.names, found.statements
    if complete is None and found.complete:
        complete = True
    if complete is not None:
        return from_independencies(names, statements, complete=complete)
    determined = settled(names, statements)
    if determined is not None:
        return determined
    said = {frozenset(p.variables) for p in statements if isinstance(p, (Independent, Not)) and len(p.variables) == 2}
    whole = all(frozenset(pair) in said for pair in combinations(names, 2))
    if not whole or len(names) > COMPLETE:
        return from_independencies(names, statements)
    # What is listed alone can determine no other class than the complete reading does, which is quicker to find.
    try:
        return from_independencies(names, statements, complete=True)
    except ContradictoryStatements as error:
        try:
            return from_independencies(names, statements)
        except UndeterminedClass:
            raise error from None


def premise(graph: Dag | Cpdag, style: str = "corr2cause", *, complete: bool = True) -> str:
    """The premise that describes a graph's class: which pairs correlate, and all independencies, or as few as do.

    Args:
        graph: a Dag without latent variables, or a Cpdag.
        style: the wording of the statements, one of :data:`causalpp.propositions.STYLES`.  The default is that
            of the data set, word for word.
        complete: say of all pairs whether they correlate, and list all independencies: for at most 10
            variables.  Otherwise there is one sentence a pair: a set given which the two are independent, or that
            they are dependent whatever is given; this, too, determines the class.

    Raises:
        InvalidParameter: no such style.
        TooLarge: more than 10 variables, unless ``complete`` is False.
        InvalidGraph: the Dag has latent variables.

    Example:
        >>> premise(Dag.from_edges([("A", "B"), ("B", "C")]))
        'Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these
         3 variables are as follows: A correlates with B. A correlates with C. B correlates with C. However, A and C
         are independent given B.'
        >>> premise(Dag.from_edges([("A", "B"), ("B", "C")]), complete=False)
        'Suppose there is a closed system of 3 variables, A, B and C. The following determines all the statistical
         relations among these 3 variables: A correlates with B whatever is given. B correlates with C whatever is
         given. However, A and C are independent given B.'
    """
    if style not in STYLES:
        raise InvalidParameter(f"unknown style {style!r}: use one of {', '.join(STYLES)}")
    names = graph.nodes
    if complete and len(names) > _WRITTEN:
        raise TooLarge(
            f"a premise lists all independencies, for at most {_WRITTEN} variables; these are {len(names)}: "
            "use complete=False"
        )
    place = {name: k for k, name in enumerate(names)}
    related, unrelated = [], []
    for p in all_statements(graph) if complete else determining_statements(graph, compact=True):
        if isinstance(p, Independent):
            unrelated.append((sorted((place[p.a], place[p.b])), sorted(place[name] for name in p.given)))
        elif len(p.variables) == 2:
            related.append(sorted(place[name] for name in p.variables))
    first = [_said(names, i, j, None, style) for i, j in related]
    if not complete:
        first = [f"{sentence[:-1]} whatever is given." for sentence in first]
    second = [_said(names, i, j, given, style) for (i, j), given in sorted(unrelated)]
    if first and second:
        second[0] = "However, " + second[0]
    noun = "variable" if len(names) == 1 else "variables"
    among = f"all the statistical relations among these {len(names)} {noun}"
    announced = f"{among[0].upper()}{among[1:]} are as follows" if complete else f"The following determines {among}"
    return (
        f"Suppose there is a closed system of {len(names)} {noun}, {_enumerated(names)}. {announced}: "
        f"{' '.join(first + second)}"
    ).rstrip()


def premise_in_order(text: str, order: Sequence[str]) -> str:
    """A premise as :func:`premise` writes it about the variables in another order; any other text as it is.

    Example:
        >>> text = premise(Dag.from_edges([("A", "B"), ("B", "C")]))
        >>> premise_in_order(text, ("C", "A", "B")).partition(": ")[2]
        'C correlates with A. C correlates with B. A correlates with B. However, C and A are independent given B.'
        >>> premise_in_order("A is a gene.", ("C", "A", "B"))
        'A is a gene.'
    """
    return _in_order(text, tuple(order))


@lru_cache(maxsize=256)
def _in_order(text: str, order: tuple[str, ...]) -> str:
    found = _read_back(text)
    if found is None or set(found[0].nodes) - set(order):
        return text
    graph, style, complete = found
    names = tuple(name for name in order if name in graph.nodes)
    return premise(Cpdag(names, graph.directed, graph.undirected), style, complete=complete)


@lru_cache(maxsize=64)
def _read_back(text: str) -> tuple[Cpdag, str, bool] | None:
    """The class of a premise of ours, its style, and whether it lists everything."""
    if not text.startswith("Suppose there is a closed system of "):
        return None
    complete = "The following determines" not in text
    try:
        graph = from_premise(text)
        return next(
            ((graph, style, complete) for style in STYLES if premise(graph, style, complete=complete) == text), None
        )
    except CausalppError:
        return None


def _said(names: Sequence[str], i: int, j: int, given: Sequence[int] | None, style: str) -> str:
    """One sentence: two variables correlate (``given`` is None), or are independent given some."""
    if style != "corr2cause":
        p = Independent(names[i], names[j], [names[k] for k in given or ()])
        said = (~p if given is None else p).sentence(style)
        return said + "."
    a, b = quote(names[i]), quote(names[j])
    if given is None:
        return f"{a} correlates with {b}."
    if not given:
        return f"{a} is independent of {b}."
    return f"{a} and {b} are independent given {_enumerated([names[k] for k in given])}."


def _enumerated(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``: names in the order given."""
    items = [quote(name) for name in names]
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
