"""Why a statement holds in every, in no or in some members: one sentence that can be checked by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

from causalpp._bits import bits
from causalpp.equivalence.statements.encoding import Encoding
from causalpp.equivalence.statements.formulas import TRUE
from causalpp.propositions import (
    And,
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Not,
    Or,
    Proposition,
)

__all__ = ["Kind", "reason"]

Kind = Literal["entailed", "excluded", "open"]
_OPPOSITE: dict[Kind, Kind] = {"entailed": "excluded", "excluded": "entailed", "open": "open"}


def reason(code: Encoding, proposition: Proposition, kind: Kind, given: Sequence[Proposition]) -> str:
    """The reason for a verdict.

    Args:
        code: the members as a formula.
        proposition: what the verdict is about.
        kind: the verdict.
        given: the statements to which the members are restricted, those behind ``code.given``.
    """
    return _Reason(code, given).of(proposition, kind)


class _Reason:
    def __init__(self, code: Encoding, given: Sequence[Proposition]) -> None:
        self.code, self.given = code, given

    def of(self, p: Proposition, kind: Kind) -> str:
        code = self.code
        found: str | None = None
        match p:
            case Not(of=part):
                return self.of(part, _OPPOSITE[kind])
            case And(of=parts) | Or(of=parts):
                found = self._junction(parts, kind, every="entailed" if isinstance(p, And) else "excluded")
            case Independent(a=a, b=b, given=known):
                by = f"given {_list(sorted(known))}" if known else "given nothing"
                word = "no path" if kind == "entailed" else "some path"
                return f"{word} between {a} and {b} is open {by}, and all members have the same d-separations"
            case DirectlyCauses(a=a, b=b):
                found = self._edge(code.at(a), code.at(b))
            case Causes(a=a, b=b) | Direction(a=a, b=b):
                found = self._path(code.at(a), code.at(b), 0, kind)
            case Changes(do=a, outcome=b, holding=held):
                found = self._path(code.at(a), code.at(b), code.mask(held), kind)
            case IndirectlyCauses(a=a, b=b):
                found = self._long_path(code.at(a), code.at(b), kind)
            case HaveCommonCause(a=a, b=b) | HaveCommonEffect(a=a, b=b):
                found = self._common(p, code.at(a), code.at(b), kind)
        if found:
            return found
        if kind == "open":
            return "one member in which it holds and one in which it fails are shown"
        literal = code.translate(p)
        return self._contradiction(
            -literal if kind == "entailed" else literal, "fail" if kind == "entailed" else "hold"
        )

    # --- statement by statement -----------------------------------------------------------------------

    def _edge(self, a: int, b: int) -> str | None:
        x, y = self.code.nodes[a], self.code.nodes[b]
        if not self.code.near[a] >> b & 1:
            return f"{x} and {y} are not adjacent"
        for tail, head in ((a, b), (b, a)):
            if self.code.fixed[tail] >> head & 1:
                return f"{self._arrow(tail, head)} is directed in every member"
        if self.given:
            return None
        return f"{x} – {y} is undirected: it points one way in some members and the other way in others"

    def _path(self, x: int, y: int, avoid: int, kind: Kind) -> str | None:
        code, name = self.code, self.code.nodes
        route = code.route(x, y, code.fixed, avoid)
        around = f" that avoids {_list(name[i] for i in bits(avoid))}" if avoid else ""
        if route:
            return f"{self._way(route)} is directed in every member"
        critical = code.critical(x, y, avoid)
        first = [self._arrow(x, c) for c in critical]
        if kind == "entailed":
            for c, d in itertools.combinations(critical, 2):
                if not code.near[c] >> d & 1:
                    return (
                        f"{self._arrow(c, x)} ← {name[d]} would be a new collider, and each of {self._arrow(x, c)} and "
                        f"{self._arrow(x, d)} directs a path from {name[x]} to {name[y]}{around}"
                    )
            return None
        if kind == "excluded":
            if code.fixed[y] >> x & 1:
                return f"{self._arrow(y, x)} is directed in every member"
            if not critical:
                if code.route(x, y, code.near, avoid) is None:
                    return f"no path{around} joins {name[x]} and {name[y]}"
                return f"every path from {name[x]} to {name[y]}{around} has an edge that is directed against it"
            if all(code.fixed[c] >> x & 1 for c in critical):
                back = _list(self._arrow(c, x) for c in critical)
                are = "is" if len(critical) == 1 else "are"
                return (
                    f"a shortest directed path from {name[x]} to {name[y]}{around} would begin with "
                    f"{_list(first, 'or')}, and {back} {are} directed in every member"
                )
            return None
        free = [c for c in critical if abs(code.arrow(x, c)) != TRUE]
        choice = _list((self._arrow(x, c) for c in free), "or")
        return f"it holds exactly with {choice}, which some members have and others lack"

    def _long_path(self, x: int, y: int, kind: Kind) -> str | None:
        code = self.code
        if not code.near[x] >> y & 1:
            return self._path(x, y, 0, kind)
        route = code.route(x, y, code.fixed, direct=False)
        if route:
            return f"{self._way(route)} is directed in every member"
        if kind == "excluded" and code.fixed[y] >> x & 1:
            return f"{self._arrow(y, x)} is directed in every member"
        if code.long_path(x, y) == -TRUE:
            a, b = code.nodes[x], code.nodes[y]
            return f"{a} and {b} are adjacent, and no longer path from {a} to {b} can be directed throughout"
        return None

    def _common(self, p: HaveCommonCause | HaveCommonEffect, a: int, b: int, kind: Kind) -> str | None:
        code, name = self.code, self.code.nodes
        effect = isinstance(p, HaveCommonEffect)
        what = "effect" if effect else "cause"
        ways = code.common(a, b, effect=effect)
        if kind == "entailed":
            for k in (k for k, literal in ways.items() if literal == TRUE):
                ends = ((a, k, b), (b, k, a)) if effect else ((k, a, b), (k, b, a))
                routes = [code.route(x, y, code.fixed, 1 << other) for x, y, other in ends]
                if routes[0] and routes[1]:
                    return f"{self._way(routes[0])} and {self._way(routes[1])} are directed in every member"
            for k, other in itertools.combinations(ways, 2):
                if ways[k] == -ways[other] and abs(ways[k]) <= TRUE + len(code.edges):
                    return (
                        f"{name[k]} is a common {what} with {self._literal(ways[k])}, "
                        f"and {name[other]} is one with {self._literal(ways[other])}"
                    )
        if kind == "excluded" and set(ways.values()) <= {-TRUE}:
            return (
                f"no variable can be {'an' if effect else 'a'} {what} of {name[a]} without passing {name[b]} "
                f"and of {name[b]} without passing {name[a]}"
            )
        return None

    def _junction(self, parts: Iterable[Proposition], kind: Kind, every: Kind) -> str | None:
        """For "and" with ``every`` = entailed: all parts are, or one part is excluded; for "or" the other way round."""
        if kind == "open":
            return None
        reasons = []
        for part in parts:
            literal = self.code.translate(part)
            holds, fails = self.code.find(literal), self.code.find(-literal)
            own: Kind = "open" if holds and fails else "entailed" if holds else "excluded"
            if own == kind != every:
                return self.of(part, kind)
            if kind == every:
                reasons.append(self.of(part, kind))
        return "; ".join(dict.fromkeys(reasons)) or None

    # --- by contradiction -----------------------------------------------------------------------------

    def _contradiction(self, literal: int, verb: str) -> str:
        """Why no member has a literal: a smallest set of arrows, or of givens, that exclude each other."""
        code = self.code
        core = set(code.core(literal))
        of_given = [(p, set(code.parts_of(part))) for p, part in zip(self.given, code.given, strict=True)]
        involved = [p for p, parts in of_given if parts & core]
        suffix = f", given that {_list(f'({p.sentence()})' for p in involved)}" if involved else ""
        own = core & set(code.parts_of(literal))
        last = TRUE + len(code.edges)
        if own and all(TRUE < abs(part) <= last for part in own):
            arrows = [self._literal(part) for part in sorted(own, key=abs)]
            together = "it" if len(arrows) == 1 else "them together" if len(arrows) > 2 else "both"
            return f"it could {verb} only with {_list(arrows)}, and no member has {together}{suffix}"
        edges = sorted(code.leaves(literal))
        if not edges or -TRUE in core:
            return f"it follows from the adjacencies and the edges that are directed in every member{suffix}"
        shown = [" – ".join(code.nodes[i] for i in code.edges[k]) for k in edges[:6]]
        more = f" and {len(edges) - 6} more" if len(edges) > 6 else ""
        joined = ", ".join(shown) + more if more else _list(shown)
        return f"it could {verb} only by a way to direct {joined} that makes a new collider or a cycle{suffix}"

    # --- words ----------------------------------------------------------------------------------------

    def _arrow(self, i: int, j: int) -> str:
        return f"{self.code.nodes[i]} → {self.code.nodes[j]}"

    def _literal(self, literal: int) -> str:
        i, j = self.code.edges[abs(literal) - TRUE - 1]
        return self._arrow(i, j) if literal > 0 else self._arrow(j, i)

    def _way(self, rows: Iterable[int]) -> str:
        return " → ".join(self.code.nodes[i] for i in rows)


def _list(words: Iterable[str], link: str = "and") -> str:
    words = list(words)
    return f" {link} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
