"""Background knowledge as text: our own format, Tetrad's knowledge file, and JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from causalpp._files import about, read_text
from causalpp.errors import FormatError
from causalpp.graphs.dag import Edge
from causalpp.graphs.knowledge import Knowledge

__all__ = ["from_json", "from_plain", "from_text", "read_knowledge", "to_text"]

_FIELDS = ("required", "forbidden", "tiers", "roots", "search_space")
_SECTIONS = ("addtemporal", "forbiddirect", "requiredirect", "forbiddengroup", "requiredgroup")
_KEYS = {
    "required": "required",
    "require": "required",
    "forbidden": "forbidden",
    "forbid": "forbidden",
    "tier": "tier",
    "root": "roots",
    "roots": "roots",
    "search space": "search_space",
    "search_space": "search_space",
}
_ARROW = re.compile(r"<-+>|-+>|<-+|--+|→|–|←|↔")
_BACK, _EITHER = re.compile("<-+|←"), re.compile("<-+>|--+|–|↔")
_SPECIAL = re.compile(r'->|→|--|–|<-|←|↔|[,#":]|^\s|\s$|^//')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
#: A quoted piece (of whatever a line holds) is put aside under one of these while the rest is taken apart.
_ASIDE = "\x00{}\x00"


def read_knowledge(path: str | os.PathLike[str]) -> Knowledge:
    """See :meth:`causalpp.graphs.Knowledge.read`."""
    text = read_text(path)
    with about(path):
        json_ = os.fspath(path).lower().endswith(".json") or text.lstrip("\ufeff \t\r\n").startswith("{")
        return from_json(text.removeprefix("\ufeff")) if json_ else from_text(text)


def from_json(text: str) -> Knowledge:
    """See :meth:`causalpp.graphs.Knowledge.from_json`."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from None
    return from_plain(said)


def from_plain(said: Any) -> Knowledge:
    """See :meth:`causalpp.graphs.Knowledge.from_dict`."""
    if not isinstance(said, Mapping):
        raise FormatError(f"knowledge in JSON is an object with some of {', '.join(_FIELDS)}")
    for key, value in said.items():
        if key not in _FIELDS:
            raise FormatError(f"unknown kind of knowledge {key!r}; known: {', '.join(_FIELDS)}")
        if value is None and key == "search_space":
            continue
        if not isinstance(value, (list, tuple)):
            raise FormatError(f"{key!r} is a list, got {value!r:.80}")
        for entry in value:
            names = [entry] if key == "roots" or (key == "tiers" and isinstance(entry, str)) else entry
            pairs = key not in ("roots", "tiers")
            listed = isinstance(names, (list, tuple))
            if not listed or (pairs and len(names) != 2) or not all(isinstance(n, str) for n in names):
                wanted = "pairs [cause, effect]" if pairs else "names" if key == "roots" else "lists of names"
                raise FormatError(f"{key!r} is a list of {wanted}, got {entry!r:.80} in it")
    edges = {key: [(a, b) for a, b in said.get(key) or ()] for key in ("required", "forbidden")}
    space = said.get("search_space")
    tiers = [[tier] if isinstance(tier, str) else tier for tier in said.get("tiers", ())]
    return Knowledge(
        **edges,
        tiers=tiers,
        roots=said.get("roots", ()),
        search_space=None if space is None else [(a, b) for a, b in space],
    )


def from_text(text: str) -> Knowledge:
    """See :meth:`causalpp.graphs.Knowledge.from_text`."""
    text = text.removeprefix("\ufeff")
    for line in text.splitlines():
        word = line.strip().casefold()
        if word and not word.startswith(("#", "//")):
            tetrad = word.startswith("/knowledge") or word in _SECTIONS or word == "addtemp"
            return _from_tetrad(text) if tetrad else _from_ours(text)
    return Knowledge()


# --- our own --------------------------------------------------------------------------------------


def _from_ours(text: str) -> Knowledge:
    edges: dict[str, list[Edge]] = {"required": [], "forbidden": []}
    tiers: list[list[str]] = []
    roots: list[str] = []
    space: list[Edge] | None = None
    for number, whole in enumerate(text.splitlines(), start=1):
        kept: list[str] = []
        line = _QUOTED.sub(lambda m, kept=kept: kept.append(m[0]) or _ASIDE.format(len(kept) - 1), whole)  # type: ignore[misc]
        line = line.partition("#")[0].strip()
        if not line or line.startswith("//"):
            continue
        if '"' in line:
            raise FormatError('a quotation mark " is not closed', line=number)
        head, colon, rest = line.partition(":")
        key = _KEYS.get(" ".join(head.casefold().split()))
        if not colon or key is None:
            known = "required:, forbidden:, tier:, roots: and search_space:"
            raise FormatError(f"expected one of {known}, got {whole.strip()!r:.60}", line=number)
        items = [item.strip() for item in rest.split(",")] if rest.strip() else []
        if not items and key != "search_space":
            raise FormatError(f"nothing after {head.strip()!r}", line=number)
        if key == "tier":
            tiers.append([_name(item, kept, number) for item in items])
        elif key == "roots":
            roots += [_name(item, kept, number) for item in items]
        else:
            found = [edge for item in items for edge in _edge(item, kept, number, key)]
            if key == "search_space":
                space = [*(space or ()), *found]
            else:
                edges[key] += found
    return Knowledge(**edges, tiers=tiers, roots=roots, search_space=space)


def _name(item: str, kept: list[str], line: int) -> str:
    if _ARROW.search(item):
        raise FormatError(f"expected names, got the edge {_whole(item, kept)!r}", line=line)
    aside = re.fullmatch("\x00(\\d+)\x00", item)
    if aside:
        return re.sub(r"\\(.)", r"\1", kept[int(aside[1])][1:-1])
    if not item or "\x00" in item:
        raise FormatError(f"expected a name, got {_whole(item, kept)!r}", line=line)
    return item


def _whole(item: str, kept: list[str]) -> str:
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], item)


def _edge(item: str, kept: list[str], line: int, key: str) -> list[Edge]:
    arrows = _ARROW.findall(item)
    if len(arrows) != 1:
        raise FormatError(f"expected an edge such as 'a -> b', got {_whole(item, kept)!r}", line=line)
    a, b = (_name(part.strip(), kept, line) for part in _ARROW.split(item))
    if _BACK.fullmatch(arrows[0]):
        return [(b, a)]
    if _EITHER.fullmatch(arrows[0]):
        if key == "required":
            raise FormatError(f"a required edge has a direction: write {a} -> {b} or {b} -> {a}", line=line)
        return [(a, b), (b, a)]
    return [(a, b)]


def to_text(knowledge: Knowledge) -> str:
    """See :meth:`causalpp.graphs.Knowledge.to_text`."""

    def name(text: str) -> str:
        if len(text.splitlines()) > 1 or "\x00" in text:
            raise FormatError(f"the name {text!r} does not fit in a line: use to_json()")
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"' if _SPECIAL.search(text) else text

    lines = [f"required: {name(a)} -> {name(b)}" for a, b in knowledge.required]
    lines += [f"forbidden: {name(a)} -> {name(b)}" for a, b in knowledge.forbidden]
    lines += ["tier: " + ", ".join(map(name, tier)) for tier in knowledge.tiers if tier]
    lines += ["roots: " + ", ".join(map(name, knowledge.roots))] if knowledge.roots else []
    if knowledge.search_space is not None:
        lines += ["search_space:"] if not knowledge.search_space else []
        lines += [f"search_space: {name(a)} -> {name(b)}" for a, b in knowledge.search_space]
    return "".join(line + "\n" for line in lines)


# --- Tetrad's -------------------------------------------------------------------------------------


def _from_tetrad(text: str) -> Knowledge:
    tiers: dict[int, list[str]] = {}
    no_edges_within: set[int] = set()
    only_next: set[int] = set()
    edges: dict[str, list[Edge]] = {"required": [], "forbidden": []}
    section, group = "", None
    for number, words in _tetrad_lines(text):
        word = words[0].casefold()
        if len(words) == 1 and (word in _SECTIONS or word == "addtemp"):
            if group is not None:
                raise FormatError("a group is two lines, causes and effects, and the second is missing", line=number)
            section = "addtemporal" if word == "addtemp" else word
        elif section == "addtemporal":
            mark = re.fullmatch(r"(\d+)([*-]*)", words[0])
            if mark is None:
                raise FormatError(f"expected the number of a tier, such as 1 or 2*, got {words[0]!r}", line=number)
            tier = int(mark[1])
            tiers.setdefault(tier, []).extend(words[1:])
            no_edges_within |= {tier} if "*" in mark[2] else set()
            only_next |= {tier} if "-" in mark[2] else set()
        elif section in ("forbiddirect", "requiredirect"):
            pair = [w for w in words if w not in ("-->", "->", "==>")]
            if len(pair) != 2:
                raise FormatError(f"expected two names, got {' '.join(words)!r:.60}", line=number)
            edges["required" if section == "requiredirect" else "forbidden"].append((pair[0], pair[1]))
        elif section and group is None:
            group = words
        elif section and group is not None:
            kind = "required" if section == "requiredgroup" else "forbidden"
            edges[kind] += [(a, b) for a, b in product(group, words) if a != b]
            group = None
        else:
            raise FormatError(f"expected a section ({', '.join(_SECTIONS)}), got {words[0]!r}", line=number)
    if group is not None:
        raise FormatError("a group is two lines, causes and effects, and the second is missing")
    within = [(a, b) for t in sorted(no_edges_within) for a, b in product(tiers[t], tiers[t]) if a != b]
    skipping = [
        (a, b) for t in sorted(only_next) for u in sorted(tiers) if u > t + 1 for a, b in product(tiers[t], tiers[u])
    ]
    return Knowledge(
        edges["required"],
        [*within, *skipping, *edges["forbidden"]],
        [tiers[t] for t in sorted(tiers) if tiers[t]],
    )


def _tetrad_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line of words with its number; names in quotes may hold blanks, and ``//`` begins a comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith(("//", "#")) or line.strip().casefold().startswith("/knowledge"):
            continue
        words = [q or w.strip(",") for q, w in re.findall(r'"([^"]*)"|([^\s"]+)', line)]
        words = [word for word in words if word]
        if words:
            yield number, words
