"""The statements: what each one means on a batch of graphs, and how statements combine.

A proposition is a yes/no statement about a graph.  The same object serves as a *question* put to an
oracle and as a *hypothesis* whose truth is wanted.  "Directed path" means one of length ≥ 1.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, overload

import torch
from torch import Tensor

from causalpp.errors import InvalidProposition
from causalpp.graphs import Dag, DagBatch, Names

__all__ = [
    "And",
    "Causes",
    "Changes",
    "Direction",
    "DirectlyCauses",
    "HaveCommonCause",
    "HaveCommonEffect",
    "Independent",
    "IndirectlyCauses",
    "Not",
    "Or",
    "Proposition",
]


class Proposition(ABC):
    """A yes/no statement about a graph; immutable, hashable, combined with ``~``, ``&`` and ``|``.

    Example:
        >>> from causalpp import Causes, DirectlyCauses, Dag
        >>> chain = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
        >>> p = Causes("smoke", "cancer") & ~DirectlyCauses("smoke", "cancer")
        >>> p.holds(chain)
        True
        >>> p.sentence()
        '(smoke causes cancer) and (smoke does not directly cause cancer)'
    """

    @property
    @abstractmethod
    def variables(self) -> tuple[str, ...]:
        """The variables the statement speaks of, in the order in which it names them."""

    @overload
    def holds(self, graphs: Dag) -> bool: ...
    @overload
    def holds(self, graphs: DagBatch) -> Tensor: ...
    def holds(self, graphs: Dag | DagBatch) -> bool | Tensor:
        """Whether the statement is true: a bool for one Dag, booleans of shape ``(N,)`` for a batch.

        Raises:
            UnknownVariable: the statement names a variable that the graphs do not have.
        """
        if isinstance(graphs, Dag):
            return bool(self._holds(DagBatch.from_dags([graphs]))[0])
        return self._holds(graphs)

    @abstractmethod
    def _holds(self, dags: DagBatch) -> Tensor: ...

    @overload
    def levels(self, graphs: Dag) -> int: ...
    @overload
    def levels(self, graphs: DagBatch) -> Tensor: ...
    def levels(self, graphs: Dag | DagBatch) -> int | Tensor:
        """How much it is so: an int for one Dag, int8 of shape ``(N,)`` for a batch; the statement holds above zero.

        That is 1 where the statement holds and 0 where it does not, but for :class:`Direction`, which says more.

        Raises:
            UnknownVariable: as :meth:`holds`.

        Example:
            >>> from causalpp import Dag, Direction
            >>> chain = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
            >>> Direction("smoke", "cancer").levels(chain), Direction("cancer", "tar").levels(chain)
            (2, -1)
        """
        if isinstance(graphs, Dag):
            return int(self._levels(DagBatch.from_dags([graphs]))[0])
        return self._levels(graphs)

    def _levels(self, dags: DagBatch) -> Tensor:
        return self._holds(dags).to(torch.int8)

    def sentence(self, style: str = "plain") -> str:
        """The statement in English, without a full stop; see :data:`causalpp.propositions.STYLES`.

        Raises:
            InvalidParameter: no such style.
        """
        from causalpp.propositions.wording import sentence

        return sentence(self, style)

    def question(self, style: str = "plain") -> str:
        """The statement as a yes/no question, such as ``'Does smoke cause cancer?'``."""
        from causalpp.propositions.wording import question

        return question(self, style)

    def rename(self, names: Mapping[str, str]) -> Proposition:
        """The same statement about variables with other names; those not in the mapping keep theirs.

        >>> from causalpp import Causes
        >>> Causes("smoke", "dysp").rename({"dysp": "shortness of breath"}).question()
        'Does smoke cause shortness of breath?'
        """
        return self._rename(lambda name: names.get(name, name))

    @abstractmethod
    def _rename(self, new: Callable[[str], str]) -> Proposition: ...

    def __invert__(self) -> Proposition:
        return Not(self)

    def __and__(self, other: Proposition) -> Proposition:
        return And(self, other) if isinstance(other, Proposition) else NotImplemented

    def __or__(self, other: Proposition) -> Proposition:
        return Or(self, other) if isinstance(other, Proposition) else NotImplemented

    def __bool__(self) -> bool:
        raise InvalidProposition(
            "a proposition is neither true nor false by itself: use .holds(dag), and ~ & | to combine"
        )

    def __str__(self) -> str:
        return self.sentence()

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The statement as plain values; the inverse is :func:`causalpp.propositions.from_dict`."""

    def to_json(self) -> str:
        """The statement as JSON text; the inverse is :func:`causalpp.propositions.from_json`."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


class _Atom(Proposition):
    """An elementary statement: a frozen dataclass whose fields are names, or sets of names."""

    def __post_init__(self) -> None:
        singles: list[str] = []
        for item in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, item.name)
            if item.type == "frozenset[str]":
                names = frozenset((value,) if isinstance(value, str) else value)
                object.__setattr__(self, item.name, names)
                self._check(item.name, *names)
                if names & set(singles):
                    raise InvalidProposition(f"{sorted(names & set(singles))[0]!r} cannot also be in {item.name}=")
            else:
                self._check(item.name, value)
                singles.append(value)
        if len(set(singles)) < len(singles):
            raise InvalidProposition(f"{type(self).__name__} needs two different variables, got {singles[0]!r} twice")

    @staticmethod
    def _check(where: str, *names: object) -> None:
        for name in names:
            if not isinstance(name, str) or not name.strip():
                raise InvalidProposition(f"{where} must name a variable, got {name!r}")

    @property
    def variables(self) -> tuple[str, ...]:
        out: list[str] = []
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            out += sorted(value) if isinstance(value, frozenset) else [value]
        return tuple(out)

    def _rename(self, new: Callable[[str], str]) -> Proposition:
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{k: {new(n) for n in v} if isinstance(v, frozenset) else new(v) for k, v in values.items()})

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {"kind": type(self).__name__}
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            values[item.name] = sorted(value) if isinstance(value, frozenset) else value
        return values


class _Symmetric(_Atom):
    """An elementary statement in which ``a`` and ``b`` may change places: stored in alphabetical order."""

    a: str
    b: str

    def __post_init__(self) -> None:
        super().__post_init__()
        first, second = sorted((self.a, self.b))
        object.__setattr__(self, "a", first)
        object.__setattr__(self, "b", second)


@dataclass(frozen=True)
class DirectlyCauses(_Atom):
    """``a`` → ``b`` is an edge."""

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        return dags.edge(self.a, self.b)


@dataclass(frozen=True)
class Causes(_Atom):
    """A directed path leads from ``a`` to ``b``: if ``a`` is set, ``b`` changes (for some faithful parametrisation)."""

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        return dags.path(self.a, self.b)


@dataclass(frozen=True)
class Direction(_Atom):
    """Of ``a`` and ``b``, ``a`` is the cause: asked as "does a cause b, b cause a, or neither?".

    It holds where :class:`Causes` does.  Its :meth:`levels` are the signed distance: +k where the shortest directed
    path from ``a`` to ``b`` has k edges, −k where it leads from ``b`` to ``a`` (three stands for three and more), and 0
    where there is neither.  A graded answer to it speaks of both directions at once, so that one question is enough
    for a pair.
    """

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        return dags.path(self.a, self.b)

    def _levels(self, dags: DagBatch) -> Tensor:
        out = torch.zeros(len(dags), dtype=torch.int8, device=dags.device)
        for sign, first, second in ((1, self.a, self.b), (-1, self.b, self.a)):
            a, b = dags.position(first), dags.position(second)
            two = (dags.adjacency[:, a, :] & dags.adjacency[:, :, b]).any(1)
            out[dags.path(first, second)] = 3 * sign
            out[two] = 2 * sign
            out[dags.edge(first, second)] = sign
        return out


@dataclass(frozen=True)
class IndirectlyCauses(_Atom):
    """A directed path of length ≥ 2 leads from ``a`` to ``b``; a direct edge may also exist."""

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        a, b = dags.position(self.a), dags.position(self.b)
        return (dags.adjacency[:, a, :] & dags.reach[:, :, b]).any(1)


@dataclass(frozen=True)
class HaveCommonCause(_Symmetric):
    """Some variable has a directed path to ``a`` that avoids ``b``, and one to ``b`` that avoids ``a``."""

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        return (dags.ancestors_avoiding(self.a, self.b) & dags.ancestors_avoiding(self.b, self.a)).any(1)


@dataclass(frozen=True)
class HaveCommonEffect(_Symmetric):
    """Some variable ends a directed path from ``a`` that avoids ``b``, and one from ``b`` that avoids ``a``."""

    a: str
    b: str

    def _holds(self, dags: DagBatch) -> Tensor:
        return (dags.descendants_avoiding(self.a, self.b) & dags.descendants_avoiding(self.b, self.a)).any(1)


@dataclass(frozen=True)
class Changes(_Atom):
    """If ``do`` is set while every variable in ``holding`` is held fixed, ``outcome`` changes.

    True iff a directed path leads from ``do`` to ``outcome`` that avoids the held variables.  Unlike
    :class:`Causes`, such questions also tell apart graphs with the same ancestors.

    >>> chain_and_shortcut = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    >>> Changes("a", "c", holding={"b"}).holds(chain_and_shortcut)
    True
    """

    do: str
    outcome: str
    holding: frozenset[str] = frozenset()

    def __init__(self, do: str, outcome: str, holding: Names = ()) -> None:
        object.__setattr__(self, "do", do)
        object.__setattr__(self, "outcome", outcome)
        object.__setattr__(self, "holding", holding)
        self.__post_init__()

    def _holds(self, dags: DagBatch) -> Tensor:
        return dags.descendants_avoiding(self.do, self.holding)[:, dags.position(self.outcome)]


@dataclass(frozen=True)
class Independent(_Symmetric):
    """``a`` and ``b`` are d-separated by ``given``: independent in every distribution of the graph."""

    a: str
    b: str
    given: frozenset[str] = frozenset()

    def __init__(self, a: str, b: str, given: Names = ()) -> None:
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        object.__setattr__(self, "given", given)
        self.__post_init__()

    def _holds(self, dags: DagBatch) -> Tensor:
        return dags.d_separated(self.a, self.b, self.given)


@dataclass(frozen=True)
class Not(Proposition):
    """The opposite of a statement, written ``~p``; ``~~p`` is ``p``."""

    of: Proposition

    def __invert__(self) -> Proposition:
        return self.of

    @property
    def variables(self) -> tuple[str, ...]:
        return self.of.variables

    def _holds(self, dags: DagBatch) -> Tensor:
        return ~self.of._holds(dags)

    def _rename(self, new: Callable[[str], str]) -> Proposition:
        return Not(self.of._rename(new))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "Not", "of": self.of.to_dict()}


@dataclass(frozen=True, init=False)
class _Junction(Proposition):
    """Several statements joined; joining the same kind again makes one longer list."""

    of: tuple[Proposition, ...] = field(default=())

    def __init__(self, *of: Proposition) -> None:
        flat: list[Proposition] = []
        for part in of:
            if not isinstance(part, Proposition):
                raise InvalidProposition(f"only propositions can be combined, got {part!r}")
            flat += part.of if type(part) is type(self) else (part,)
        if not flat:
            raise InvalidProposition(f"{type(self).__name__} needs at least one statement")
        object.__setattr__(self, "of", tuple(flat))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.of))})"

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.of for name in part.variables))

    def _rename(self, new: Callable[[str], str]) -> Proposition:
        return type(self)(*(part._rename(new) for part in self.of))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": type(self).__name__, "of": [part.to_dict() for part in self.of]}


class And(_Junction):
    """All of several statements, written ``p & q``."""

    def _holds(self, dags: DagBatch) -> Tensor:
        out = self.of[0]._holds(dags)
        for part in self.of[1:]:
            out = out & part._holds(dags)
        return out


class Or(_Junction):
    """At least one of several statements, written ``p | q``."""

    def _holds(self, dags: DagBatch) -> Tensor:
        out = self.of[0]._holds(dags)
        for part in self.of[1:]:
            out = out | part._holds(dags)
        return out


def junction(kind: type[_Junction], parts: Iterable[Proposition]) -> Proposition:
    """One statement out of several: the statement itself if there is just one."""
    found = list(parts)
    return found[0] if len(found) == 1 else kind(*found)


#: The elementary statements by name, in the order of the design.
KINDS: dict[str, type[_Atom]] = {
    kind.__name__: kind
    for kind in (
        DirectlyCauses,
        Causes,
        IndirectlyCauses,
        HaveCommonCause,
        HaveCommonEffect,
        Changes,
        Independent,
        Direction,
    )
}

#: Those of which one question is enough for two variables, whichever of them comes first.
ONE_A_PAIR: frozenset[type[_Atom]] = frozenset((HaveCommonCause, HaveCommonEffect, Independent, Direction))
