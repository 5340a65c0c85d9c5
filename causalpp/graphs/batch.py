"""Many graphs over the same variables as one boolean tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from causalpp.errors import CyclicGraph, InvalidGraph, UnknownVariable
from causalpp.graphs import reachability
from causalpp.graphs.dag import Dag, Names, as_names, check_disjoint, check_names, refuse_selected

__all__ = ["DagBatch"]

_TOGETHER = 1 << 24  # cells turned into numbers at a time


@dataclass(frozen=True, init=False, eq=False, repr=False)
class DagBatch:
    """N acyclic graphs over the same d variables, as one tensor; all bulk work is done on this.

    Attributes:
        nodes: the d variables.
        adjacency: booleans of shape ``(N, d, d)``; ``adjacency[n, i, j]`` means i → j in graph n.
        latent: the unobserved ones among the nodes.

    Args:
        nodes: distinct non-empty strings.
        adjacency: a tensor, array or nested list of zeros and ones, shape ``(N, d, d)``.
        latent: names of unobserved variables.

    Raises:
        InvalidGraph: wrong shape, or values other than zero and one.
        CyclicGraph: some graph has a cycle (the message says which, and names the cycle).

    Example:
        >>> batch = DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 0]]])
        >>> len(batch), batch[1]
        (3, Dag('b → a'))
        >>> batch[1:]
        DagBatch(2 graphs over 2 variables: a, b)
        >>> batch.d_separated("a", "b").tolist()
        [False, False, True]
    """

    nodes: tuple[str, ...]
    adjacency: Tensor
    latent: frozenset[str]

    def __init__(self, nodes: Iterable[str], adjacency: Any, *, latent: Names = ()) -> None:
        names = check_names(nodes)
        tensor = adjacency if isinstance(adjacency, Tensor) else torch.as_tensor(np.asarray(adjacency))
        if tensor.ndim != 3 or tensor.shape[1:] != (len(names), len(names)):
            wanted = f"(N, {len(names)}, {len(names)})"
            raise InvalidGraph(f"{len(names)} variables need a tensor of shape {wanted}, got {tuple(tensor.shape)}")
        if tensor.dtype != torch.bool:
            if not bool(((tensor == 0) | (tensor == 1)).all()):
                raise InvalidGraph("an adjacency tensor holds only zeros and ones")
            tensor = tensor.bool()
        elif isinstance(adjacency, (Tensor, np.ndarray)):
            tensor = tensor.clone()  # what the caller does to it later is not ours
        unknown = [name for name in as_names(latent) if name not in names]
        if unknown:
            raise UnknownVariable(unknown[0], names, what=" among the latent ones")
        self._set(names, tensor, frozenset(as_names(latent)))
        good = reachability.acyclic(tensor)
        if not bool(good.all()):
            bad = int((~good).nonzero()[0])
            try:
                Dag.from_adjacency(tensor[bad].cpu().numpy(), names)
            except CyclicGraph as error:
                raise CyclicGraph(f"graph {bad} of the batch: {error}") from None

    def _set(self, nodes: tuple[str, ...], adjacency: Tensor, latent: frozenset[str]) -> None:
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "adjacency", adjacency)
        object.__setattr__(self, "latent", latent)

    def _like(self, adjacency: Tensor) -> DagBatch:
        return self.trusted(self.nodes, adjacency, self.latent)

    @classmethod
    def trusted(cls, nodes: tuple[str, ...], adjacency: Tensor, latent: frozenset[str] = frozenset()) -> DagBatch:
        """Graphs that are acyclic by construction, without checking them again."""
        out = object.__new__(cls)
        out._set(nodes, adjacency, latent)
        return out

    @classmethod
    def from_dags(cls, dags: Iterable[Dag], nodes: Sequence[str] | None = None) -> DagBatch:
        """Graphs over the same variables as a batch; the first graph (or ``nodes``) fixes the order.

        Raises:
            InvalidGraph: no graph and no ``nodes``, or graphs over different variables.
        """
        members = list(dags)
        if nodes is None:
            if not members:
                raise InvalidGraph("a batch of no graphs needs its variables: pass nodes=")
            nodes = members[0].nodes
        names = check_names(nodes)
        latent = members[0].latent if members else frozenset()
        stack = np.zeros((len(members), len(names), len(names)), dtype=bool)
        for n, dag in enumerate(members):
            refuse_selected(dag.selected, "a batch has no place to say so")
            if set(dag.nodes) != set(names) or dag.latent != latent:
                own, first = (f"{list(v)}, latent {sorted(u)}" for v, u in ((dag.nodes, dag.latent), (names, latent)))
                raise InvalidGraph(f"graph {n} has other variables than the first: {own} against {first}")
            order = [dag.nodes.index(name) for name in names]
            stack[n] = dag.adjacency[np.ix_(order, order)]
        return cls(names, stack, latent=latent)

    # --- as a sequence --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.adjacency.shape[0])

    @overload
    def __getitem__(self, key: int) -> Dag: ...
    @overload
    def __getitem__(self, key: slice | Tensor | Sequence[int] | np.ndarray[Any, Any]) -> DagBatch: ...
    def __getitem__(self, key: Any) -> Dag | DagBatch:
        """One graph by number; a batch by slice, boolean mask or list of numbers."""
        if isinstance(key, (int, np.integer)) or (
            isinstance(key, Tensor) and key.ndim == 0 and key.dtype != torch.bool
        ):
            if not -len(self) <= int(key) < len(self):
                raise IndexError(f"graph {int(key)} of a batch of {len(self)}")
            return Dag.from_adjacency(self.adjacency[int(key)].cpu().numpy(), self.nodes, latent=self.latent)
        if isinstance(key, slice) and (key.step or 1) < 0:  # which tensors refuse
            key = list(range(len(self)))[key]
        if not isinstance(key, (slice, Tensor)):
            key = torch.as_tensor(np.asarray(key, dtype=None if len(key) else np.int64))
        if isinstance(key, Tensor):
            key = key.to(self.adjacency.device)
        return self._like(self.adjacency[key])

    def __iter__(self) -> Iterator[Dag]:
        return (self[n] for n in range(len(self)))

    def __repr__(self) -> str:
        names = ", ".join(self.nodes[:8]) + (", …" if len(self.nodes) > 8 else "")
        return f"DagBatch({len(self):,} graphs over {len(self.nodes)} variables: {names})"

    @property
    def device(self) -> torch.device:
        """Where the tensor lives."""
        return self.adjacency.device

    def to(self, device: torch.device | str) -> DagBatch:
        """The same graphs on another device."""
        return self._like(self.adjacency.to(device))

    def unique(self) -> tuple[DagBatch, Tensor]:
        """The distinct graphs in order of first appearance, and how often each occurs, shape ``(M,)``.

        >>> batch, counts = DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [0, 0]], [[0, 1], [0, 0]]]).unique()
        >>> list(batch), counts.tolist()
        ([Dag('a → b'), Dag('a, b')], [2, 1])
        """
        if len(self) == 0 or not self.nodes:
            return self[: min(1, len(self))], torch.full((min(1, len(self)),), len(self), device=self.device)
        rows = np.packbits(self.adjacency.reshape(len(self), -1).cpu().numpy(), axis=1)
        keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).ravel()
        _, first, counts = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        return self[first[order]], torch.as_tensor(counts[order], device=self.device)

    def index(self, dag: Dag) -> int | None:
        """The number of the first graph equal to ``dag``, or None if it is not in the batch."""
        if set(dag.nodes) != set(self.nodes) or dag.latent != self.latent or not len(self):
            return None
        wanted = DagBatch.from_dags([dag], nodes=self.nodes).adjacency.to(self.device)
        hits = (self.adjacency == wanted).flatten(1).all(1).nonzero()
        return int(hits[0]) if len(hits) else None

    # --- relations, all graphs at once ----------------------------------------------------------------

    def position(self, name: str) -> int:
        """The row of a variable in ``adjacency``."""
        if name not in self._index:
            raise UnknownVariable(name, self.nodes)
        return self._index[name]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.nodes)}

    def mask(self, names: Names) -> Tensor:
        """A boolean vector of shape ``(d,)`` that marks the named variables."""
        out = torch.zeros(len(self.nodes), dtype=torch.bool, device=self.device)
        for name in as_names(names):
            out[self.position(name)] = True
        return out

    @cached_property
    def reach(self) -> Tensor:
        """``(N, d, d)``: ``reach[n, i, j]`` iff a directed path of length ≥ 1 leads from i to j; kept once computed."""
        return reachability.closure(self.adjacency)

    @cached_property
    def heights(self) -> Tensor:
        """``(N, d)``, ``int16``: how many ancestors each variable has, less its descendants; kept once computed.

        >>> DagBatch.from_dags([Dag.from_edges([("a", "b"), ("b", "c")])]).heights.tolist()
        [[-2, 0, 2]]
        """
        return (self.reach.sum(1, dtype=torch.int16) - self.reach.sum(2, dtype=torch.int16)).to(torch.int16)

    def edge(self, a: str, b: str) -> Tensor:
        """``(N,)``: which graphs have the edge ``a`` → ``b``."""
        return self.adjacency[:, self.position(a), self.position(b)]

    def path(self, a: str, b: str) -> Tensor:
        """``(N,)``: in which graphs a directed path of length ≥ 1 leads from ``a`` to ``b``."""
        return self.reach[:, self.position(a), self.position(b)]

    def edge_shares(self, weights: Tensor) -> Tensor:
        """``(d, d)``: the weight of the graphs that have each edge; ``weights`` of shape ``(N,)``, summing to one."""
        d = len(self.nodes)
        out = torch.zeros(d * d, dtype=weights.dtype, device=weights.device)
        step = max(1, _TOGETHER // max(1, d * d))
        for some, part in zip(self.adjacency.split(step), weights.split(step), strict=True):  # type: ignore[no-untyped-call]
            out += part @ some.flatten(1).to(part.dtype)
        return out.view(d, d).clamp(max=1)

    def ancestors(self, name: str) -> Tensor:
        """``(N, d)``: which variables have a directed path to ``name`` in each graph."""
        return self.reach[:, :, self.position(name)]

    def descendants(self, name: str) -> Tensor:
        """``(N, d)``: which variables have a directed path from ``name`` in each graph."""
        return self.reach[:, self.position(name), :]

    def descendants_avoiding(self, name: str, avoid: Names) -> Tensor:
        """``(N, d)``: ends of directed paths from ``name`` that touch none of ``avoid``."""
        return self._spread_avoiding(self.adjacency, name, avoid)

    def ancestors_avoiding(self, name: str, avoid: Names) -> Tensor:
        """``(N, d)``: starts of directed paths to ``name`` that touch none of ``avoid``."""
        return self._spread_avoiding(self.adjacency.transpose(1, 2), name, avoid)

    def _spread_avoiding(self, steps: Tensor, name: str, avoid: Names) -> Tensor:
        shape = (len(self), len(self.nodes))
        return reachability.spread(self.mask(name).expand(shape), steps, (~self.mask(avoid)).expand(shape))

    def d_separated(self, a: Names, b: Names, given: Names = ()) -> Tensor:
        """``(N,)``: in which graphs ``given`` d-separates ``a`` from ``b``; see :meth:`Dag.d_separated`."""
        masks = [self.mask(names) for names in (a, b, given)]
        check_disjoint(*(sum(1 << i for i in mask.nonzero().flatten().tolist()) for mask in masks))
        return reachability.separated(self.adjacency, self.reach, *masks)

    def moral(self) -> Tensor:
        """``(N, d, d)``: the moral graphs, symmetric."""
        return reachability.moral(self.adjacency)

    def do(self, names: Names) -> DagBatch:
        """The mutilated graphs: edges into the named variables removed."""
        return self._like(self.adjacency & ~self.mask(names))
