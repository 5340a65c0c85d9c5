"""What is known about the edges before the data are looked at: one frozen value for every search, class and file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import CyclicGraph, InvalidGraph, UnknownVariable
from causalpp.graphs.dag import Dag, Edge, Names, as_names, as_pair, check_names

if TYPE_CHECKING:
    import torch

    from causalpp.graphs.batch import DagBatch

__all__ = ["Knowledge"]

_SHOWN = 6  # edges of one kind that a repr lists


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Knowledge:
    """Background knowledge about the edges of a graph; immutable, and never contradictory.

    Some Dag always agrees: the one of the required edges alone.

    Attributes:
        required: edges ``(cause, effect)`` that are there, this way.
        forbidden: edges that are not there; both ways, and the two variables are not joined.
        tiers: groups of variables in order of time: no edge leads from a later group to an earlier one.
        roots: variables that nothing causes.
        search_space: the only edges that may be there (a white list, each way by itself), or None for all.

    Raises:
        CyclicGraph: the required edges close a cycle, or one is a self-loop.
        InvalidGraph: an edge is no pair, a name is no name, a variable stands in two tiers, or a required edge is
            ruled out by the rest.

    Example:
        >>> known = Knowledge(required=[("smoke", "tar")], tiers=[["age"], ["smoke", "tar"]], roots=["age"])
        >>> known
        Knowledge(required: smoke → tar; tiers: age < smoke, tar; roots: age)
        >>> known.allows(Dag.from_edges([("smoke", "tar"), ("age", "tar")]))
        True
        >>> known.allows(Dag.from_edges([("smoke", "tar"), ("tar", "age")]))
        False
    """

    required: tuple[Edge, ...]
    forbidden: tuple[Edge, ...]
    tiers: tuple[tuple[str, ...], ...]
    roots: tuple[str, ...]
    search_space: tuple[Edge, ...] | None

    def __init__(
        self,
        required: Iterable[Edge] = (),
        forbidden: Iterable[Edge] = (),
        tiers: Iterable[Names] = (),
        roots: Names = (),
        search_space: Iterable[Edge] | None = None,
    ) -> None:
        set_ = object.__setattr__
        set_(self, "required", _edges(required))
        set_(self, "forbidden", _edges(forbidden))
        set_(self, "tiers", tuple(check_names(as_names(tier)) for tier in tiers))
        set_(self, "roots", check_names(as_names(roots)))
        set_(self, "search_space", None if search_space is None else _edges(search_space))
        self._check()

    def _check(self) -> None:
        for a, b in self.required:
            if a == b:
                raise CyclicGraph(f"{a!r} cannot be its own cause (a self-loop among the required edges)")
        seen: set[str] = set()
        for tier in self.tiers:
            if seen.intersection(tier):
                raise InvalidGraph(f"{sorted(seen.intersection(tier))[0]!r} stands in two tiers")
            seen.update(tier)
        place = {name: k for k, tier in enumerate(self.tiers) for name in tier}
        no, roots = set(self.forbidden), set(self.roots)
        allowed = None if self.search_space is None else set(self.search_space)
        for a, b in self.required:
            why = ""
            if (a, b) in no:
                why = "both required and forbidden"
            elif a in place and b in place and place[b] < place[a]:
                why = f"both required and forbidden, as {b!r} stands in an earlier tier"
            elif b in roots:
                why = f"both required and forbidden, as {b!r} is a root"
            elif allowed is not None and (a, b) not in allowed:
                why = "required, and not in the search space"
            if why:
                raise InvalidGraph(f"the edge {a!r} → {b!r} is {why}")
        try:
            Dag.from_edges(self.required)
        except CyclicGraph as error:
            raise CyclicGraph(f"the required edges contradict each other: {error}") from None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every variable that is mentioned, in the order of their first mention."""
        edges = (*self.required, *self.forbidden, *(self.search_space or ()))
        listed = [name for tier in self.tiers for name in tier]
        return tuple(dict.fromkeys([*listed, *self.roots, *(name for edge in edges for name in edge)]))

    def __bool__(self) -> bool:
        """Whether anything is known."""
        tiers = sum(1 for tier in self.tiers if tier) > 1
        return bool(self.required or self.forbidden or tiers or self.roots or self.search_space is not None)

    def matrices(self, names: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The knowledge by row and column of an adjacency matrix.

        Args:
            names: the variables, d of them, in the order of the rows.

        Returns:
            Two boolean arrays of shape ``(d, d)``: the edges that are required, and those that are ruled out, for
            whatever reason; the reverse of a required edge is among the latter.

        Raises:
            UnknownVariable: something is known of a variable that is not among ``names``.

        Example:
            >>> required, forbidden = Knowledge(required=[("a", "b")], tiers=["a", "c"]).matrices("abc")
            >>> required.astype(int).tolist(), forbidden.astype(int).tolist()
            ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 0, 0], [1, 0, 0]])
        """
        index = {name: k for k, name in enumerate(names)}
        for name in self.names:
            if name not in index:
                raise UnknownVariable(name, names, what=", of which something is known")
        d = len(names)
        must, no = (np.zeros((d, d), dtype=bool) for _ in range(2))
        if self.search_space is not None:
            no[:] = True
            for a, b in self.search_space:
                no[index[a], index[b]] = False
        for a, b in self.required:
            must[index[a], index[b]] = True
        for a, b in self.forbidden:
            no[index[a], index[b]] = True
        no[:, [index[name] for name in self.roots]] = True
        before: list[int] = []
        for tier in self.tiers:
            rows = [index[name] for name in tier]
            no[np.ix_(rows, before)] = True
            before += rows
        no |= must.T
        np.fill_diagonal(no, val=False)
        return must, no

    def allows(self, dag: Dag) -> bool:
        """Whether a Dag agrees with what is known.

        Raises:
            UnknownVariable: something is known of a variable that the Dag does not have.
        """
        must, no = self.matrices(dag.nodes)
        return not bool((must & ~dag.adjacency).any() or (no & dag.adjacency).any())

    def holds(self, dags: DagBatch) -> torch.Tensor:
        """Which graphs of a batch agree with what is known: booleans of shape ``(N,)``.

        Example:
            >>> from causalpp.graphs import all_dags
            >>> int(Knowledge(roots=["X1"], forbidden=[("X2", "X3")]).holds(all_dags(3)).sum())
            8
        """
        import torch

        must, no = (torch.from_numpy(matrix) for matrix in self.matrices(dags.nodes))
        edges = dags.adjacency
        return ~((must & ~edges) | (no & edges)).flatten(1).any(1)

    def __or__(self, other: Knowledge) -> Knowledge:
        """What is known from two sources; tiers and a search space may come from one or be the same in both.

        Raises:
            InvalidGraph: the two contradict each other, or have different tiers.

        Example:
            >>> Knowledge(required=[("a", "b")]) | Knowledge(roots=["a"])
            Knowledge(required: a → b; roots: a)
        """
        if not isinstance(other, Knowledge):
            return NotImplemented
        mine, theirs = ([frozenset(tier) for tier in side.tiers] for side in (self, other))
        if mine and theirs and mine != theirs:
            raise InvalidGraph("two different lists of tiers: say them in one place")
        space = self.search_space if other.search_space is None else other.search_space
        if self.search_space is not None and other.search_space is not None:
            space = tuple(edge for edge in self.search_space if edge in set(other.search_space))
        return Knowledge(
            (*self.required, *other.required),
            (*self.forbidden, *other.forbidden),
            self.tiers or other.tiers,
            dict.fromkeys((*self.roots, *other.roots)),
            space,
        )

    # --- text -----------------------------------------------------------------------------------------

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Knowledge:
        """Knowledge from a file: JSON if its name ends in ``.json``, else JSON, our text or Tetrad's, by its look.

        Raises:
            FormatError: there is no such file, or a line of it cannot be read.
            InvalidGraph: it contradicts itself.
        """
        from causalpp.graphs.formats.knowledge_text import read_knowledge

        return read_knowledge(path)

    @classmethod
    def from_text(cls, text: str) -> Knowledge:
        r"""Knowledge from our text format, or from Tetrad's knowledge file.

        Ours has one piece of knowledge a line: names with commas between them, or edges ``a -> b``, ``b <- a``, or
        ``a -- b`` for either way (longer arrows such as ``-->`` and ``<->`` mean the same); ``#`` begins a comment,
        and a name with a comma, an arrow or ``#`` in it stands in double quotes. Tetrad's begins with ``/knowledge``
        or one of its sections: ``addtemporal`` (a tier marked ``*`` has no edges within, one marked ``-`` causes only
        the next), ``forbiddirect``, ``requiredirect``, ``forbiddengroup`` and ``requiredgroup`` (all edges from the
        names of one line to those of the next).

        Raises:
            FormatError: a line cannot be read; the message says which.
            InvalidGraph: the text contradicts itself.

        Example:
            >>> Knowledge.from_text('''
            ... required: smoke -> tar    # an edge, this way
            ... forbidden: age -- tar     # neither way
            ... tier: age
            ... tier: smoke, tar
            ... roots: age
            ... ''')
            Knowledge(required: smoke → tar; forbidden: age → tar, tar → age; tiers: age < smoke, tar; roots: age)
            >>> Knowledge.from_text("/knowledge\naddtemporal\n1* a b\n2 c\nforbiddirect\na c\n")
            Knowledge(forbidden: a → b, b → a, a → c; tiers: a, b < c)
        """
        from causalpp.graphs.formats.knowledge_text import from_text

        return from_text(text)

    def to_text(self) -> str:
        r"""The knowledge in our text format; :meth:`from_text` reads it back.

        Raises:
            FormatError: a name has a line break in it.

        Example:
            >>> Knowledge(forbidden=[("a", "b")], roots=["c"]).to_text()
            'forbidden: a -> b\nroots: c\n'
        """
        from causalpp.graphs.formats.knowledge_text import to_text

        return to_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Lists of names and pairs under the names of the attributes."""
        return {
            "required": [list(edge) for edge in self.required],
            "forbidden": [list(edge) for edge in self.forbidden],
            "tiers": [list(tier) for tier in self.tiers],
            "roots": list(self.roots),
            "search_space": None if self.search_space is None else [list(edge) for edge in self.search_space],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Knowledge:
        """Knowledge from what :meth:`to_dict` gives, or some of it.

        Raises:
            FormatError: it is not such a mapping.
            InvalidGraph: it contradicts itself.

        Example:
            >>> Knowledge.from_dict({"roots": ["age"]})
            Knowledge(roots: age)
        """
        from causalpp.graphs.formats.knowledge_text import from_plain

        return from_plain(values)

    def to_json(self) -> str:
        """The knowledge as JSON; :meth:`from_json` reads it back."""
        import json

        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Knowledge:
        """Knowledge from JSON: an object with some of the names of the attributes.

        Raises:
            FormatError: it is not such an object.
            InvalidGraph: it contradicts itself.

        Example:
            >>> Knowledge.from_json('{"tiers": [["a"], ["b", "c"]]}')
            Knowledge(tiers: a < b, c)
        """
        from causalpp.graphs.formats.knowledge_text import from_json

        return from_json(text)

    # --- equality and display -------------------------------------------------------------------------

    @cached_property
    def _key(self) -> tuple[object, ...]:
        space = None if self.search_space is None else frozenset(self.search_space)
        tiers = tuple(map(frozenset, self.tiers))
        return frozenset(self.required), frozenset(self.forbidden), tiers, frozenset(self.roots), space

    def __eq__(self, other: object) -> bool:
        """Equal if the same is said, in whatever order."""
        return self._key == other._key if isinstance(other, Knowledge) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        parts = [f"required: {_listed(self.required)}"] if self.required else []
        parts += [f"forbidden: {_listed(self.forbidden)}"] if self.forbidden else []
        if self.tiers:
            parts.append("tiers: " + " < ".join(", ".join(tier) or "(nobody)" for tier in self.tiers))
        parts += [f"roots: {', '.join(self.roots)}"] if self.roots else []
        if self.search_space is not None:
            parts.append(f"search space: {_listed(self.search_space) or 'no edges'}")
        return f"Knowledge({'; '.join(parts) or 'nothing'})"


def _edges(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    pairs = [as_pair(edge) for edge in edges]
    check_names(dict.fromkeys(name for pair in pairs for name in pair))
    return tuple(dict.fromkeys(pairs))


def _listed(edges: Sequence[Edge]) -> str:
    more = f", … ({len(edges):,} in all)" if len(edges) > _SHOWN else ""
    return ", ".join(f"{a} → {b}" for a, b in edges[:_SHOWN]) + more
