"""What the attributes of a node or an edge mean, whatever the file: one rule for DOT, GML, GraphML and networkx.

| attribute of a node | what it says |
|---|---|
| ``latent``, ``unobserved``, ``hidden``, ``unmeasured`` | latent if true |
| ``observed``, ``observable``, ``measured`` | latent if false (DoWhy writes ``observed="no"``) |
| the label or name "Unobserved Confounders" | latent (DoWhy, older versions) |
| ``selected``, ``adjusted``, ``exposure``, ``outcome`` | the mark of that name if true; ``treatment`` is an exposure |
| ``type``, ``role``, ``status``, ``kind``, ``class``, … | a mark if the value is one of the words above |

``is_`` may stand before a word, and capitals do not matter (``isLatent``).  True and false are also yes and no, 1 and
0, on and off.  Any other value is an error, and so is a true or false beside another name with such a word in it: what
is meant would be a guess.  Colours, positions and whatever else is about looks or about somebody else's program changes
no answer of ours and is left out.

An edge has a mark at either end: an arrowhead, a circle or nothing, from ``dir``, ``arrowhead`` and ``arrowtail``
(DOT, DoWhy, causal-learn, Tetrad), or it is called directed, bidirected or undirected, as the value of ``type`` (pgmpy)
or ``kind``, or by an attribute of that name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from causalpp.errors import FormatError
from causalpp.graphs.formats._tokens import shown

__all__ = [
    "BACKWARDS",
    "ENDS",
    "EdgeKind",
    "edge_kind",
    "is_unobserved",
    "names_by_label",
    "node_marks",
    "plain",
    "truth",
]

#: How two nodes a and b are joined, read from a to b.
EdgeKind = Literal["->", "<-", "<->", "--", "o->", "<-o", "o-o", "o--", "--o"]

BACKWARDS: dict[EdgeKind, EdgeKind] = {
    "->": "<-",
    "<-": "->",
    "o->": "<-o",
    "<-o": "o->",
    "o--": "--o",
    "--o": "o--",
}
_EDGE_KEYS = ("type", "kind", "edge_type", "edgetype")
#: The attributes that say what stands at the ends of an edge.
ENDS = frozenset({"dir", "arrowhead", "arrowtail", "style", "directed", "bidirected", "undirected", *_EDGE_KEYS})

_TRUTH = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
_SAYS = {
    **dict.fromkeys(("latent", "unobserved", "unobservable", "hidden", "unmeasured"), ("latent", True)),
    **dict.fromkeys(("observed", "observable", "measured"), ("latent", False)),
    "selected": ("selected", True),
    "adjusted": ("adjusted", True),
    "exposure": ("exposure", True),
    "treatment": ("exposure", True),
    "outcome": ("outcome", True),
}
_ROLES = {
    "latents": "latent",
    "exposures": "exposure",
    "outcomes": "outcome",
    "adjustment": "adjusted",
    "selected": "selected",
}
_TYPES = frozenset(
    ["type", "role", "status", "kind", "class", "category"]
    + [f"{what}{gap}type" for what in ("node", "var", "variable") for gap in ("", "_")]
)  # fmt: skip
#: Words inside the name of an attribute that is not known: left out, it might change an answer.
_TELLING = re.compile(r"latent|observ|hidden|unmeasured")
_UNOBSERVED_LABEL = re.compile(r"unobserved\s+confounders?", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_EDGE_TYPES: dict[str, EdgeKind] = {
    **dict.fromkeys(("directed", "->", "-->"), "->"),
    **dict.fromkeys(("<-", "<--"), "<-"),
    **dict.fromkeys(("bidirected", "<->"), "<->"),
    **dict.fromkeys(("undirected", "--", "---"), "--"),
    "o->": "o->",
    "<-o": "<-o",
    "o-o": "o-o",
}


def plain(value: Any) -> str:
    """A value as text, without the quotes that pydot leaves around it."""
    text = str(value).strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def truth(value: Any, what: str) -> bool:
    """Whether a value says true.

    Raises:
        FormatError: it is no word for true or false.
    """
    text = plain(value).lower()
    if text.endswith(".0"):
        text = text[:-2]  # a number that was written as a float
    if text not in _TRUTH:
        raise FormatError(f"{what} is true or false (or yes, no, 1, 0), got {shown(plain(value))}")
    return _TRUTH[text]


def node_marks(attributes: Mapping[Any, Any]) -> dict[str, bool]:
    """What attributes say about a node: ``latent``, ``selected``, … → whether it is; silent ones are left out.

    Raises:
        FormatError: a value that is neither true nor false, or attributes that contradict each other.

    Example:
        >>> node_marks({"observed": "no", "color": "red"}), node_marks({"selected": "1"}), node_marks({"label": "hid"})
        ({'latent': True}, {'selected': True}, {})
    """
    found: dict[str, bool] = {}
    said: dict[str, str] = {}
    for key, value in attributes.items():
        name = _plainly(str(key))
        if value is None or (isinstance(value, float) and math.isnan(value)):  # a column of attributes with a gap
            continue
        if name in _SAYS:
            mark, meaning = _SAYS[name]
            holds = truth(value, str(key)) is meaning
        elif name == "roles" and isinstance(value, set | frozenset | list | tuple):  # pgmpy
            found |= {_ROLES[role]: True for role in value if role in _ROLES}
            continue
        elif name in _TYPES and plain(value).lower() in _SAYS:
            mark, holds = _SAYS[plain(value).lower()]
        elif name == "label" and is_unobserved(plain(value)):
            mark, holds = "latent", True
        elif _TELLING.search(name) and plain(value).lower() in _TRUTH:
            raise FormatError(
                f"{key}={plain(value)} may say whether the variable is observed: write latent=true or leave it out"
            )
        else:
            continue
        if found.get(mark, holds) is not holds:
            raise FormatError(f"{said[mark]} and {key}={plain(value)} contradict each other")
        found[mark], said[mark] = holds, f"{key}={plain(value)}"
    return found


def _plainly(key: str) -> str:
    """The name of an attribute without capitals, and without "is" before it: ``isLatent`` is ``latent``."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.strip()).lower().replace("-", "_")
    return name if name in _SAYS else re.sub(r"\Ais_?(?=latent|un|hidden|observ|measured|selected|adjusted)", "", name)


def is_unobserved(name: str) -> bool:
    """Whether a label, or a name that stands for one, is that of DoWhy's latent common causes."""
    return _UNOBSERVED_LABEL.fullmatch(name) is not None


def edge_kind(attributes: Mapping[Any, Any]) -> EdgeKind:
    """The kind of an arrow ``a -> b`` with these attributes.

    Raises:
        FormatError: it is drawn backwards (``dir=back``), or not at all (``style=invis``), or said to be latent.

    Example:
        >>> edge_kind({}), edge_kind({"dir": "both"}), edge_kind({"dir": "both", "arrowtail": "none"})
        ('->', '<->', '->')
    """
    drawn = {str(key).lower(): plain(value) for key, value in attributes.items() if value is not None}
    for key in _EDGE_KEYS:  # pgmpy's ADMG
        if drawn.get(key, "").lower() in _EDGE_TYPES:
            return _EDGE_TYPES[drawn[key].lower()]
    if "bidirected" in drawn and truth(drawn["bidirected"], "bidirected"):
        return "<->"
    if any(
        key in drawn and truth(drawn[key], key) is holds for key, holds in (("undirected", True), ("directed", False))
    ):
        return "--"
    for key, value in drawn.items():
        mark, meaning = _SAYS.get(_plainly(key), ("", True))
        if mark == "latent" and _TRUTH.get(value.lower()) is meaning:
            raise FormatError(f"{key}={value} is said of variables, not of edges: a latent common cause is dir=both")
    if "invis" in re.split(r"[\s,]+", drawn.get("style", "").lower()):
        raise FormatError("an edge drawn with style=invis is not seen, so it is no edge: leave it out")
    way = drawn.get("dir", "forward").lower()
    if way not in ("forward", "both", "none"):
        raise FormatError(f"an edge drawn with dir={way} is not a directed edge: write it the other way round")
    head = _end(drawn.get("arrowhead", "normal")) if way != "none" else "tail"
    tail = _end(drawn.get("arrowtail", "normal")) if way == "both" else "tail"
    left = {"tail": "-", "arrow": "<", "circle": "o"}[tail]
    right = {"tail": "-", "arrow": ">", "circle": "o"}[head]
    made: Any = {"--": "--", "<>": "<->", "->": "->", "<-": "<-"}.get(left + right, f"{left}-{right}")
    return {"---": "--", "o--": "o--", "--o": "--o"}.get(made, made)  # type: ignore[no-any-return]


def _end(shape: str) -> str:
    """What the shape, or the shapes, at the end of an edge stand for; every one with a point is an arrowhead."""
    shapes = shape.lower()
    return "circle" if "dot" in shapes else "tail" if re.fullmatch("(none)*", shapes) else "arrow"


def names_by_label(labels: Mapping[str, str | None]) -> dict[str, str] | None:
    """The names of nodes that a program numbered: their labels, or None where the nodes carry names themselves.

    A label is a name where every node is a bare number and at least one has a label, as causal-learn's ``to_pydot``
    and GML write them.  Elsewhere it is what a picture shows of a variable that has a name.  A number without a
    label shows itself, as in Graphviz.

    Raises:
        FormatError: two nodes with the same label.

    Example:
        >>> names_by_label({"0": "rain", "1": "wet"}), names_by_label({"rain": "Rain (mm)", "1": None})
        ({'0': 'rain', '1': 'wet'}, None)
    """
    if not any(label and label.strip() for label in labels.values()):
        return None
    if not all(_NUMBER.fullmatch(node) for node in labels):
        return None
    names = {node: _label(node, label) if label and label.strip() else node for node, label in labels.items()}
    by_name: dict[str, str] = {}
    for node, name in names.items():
        if name in by_name:
            raise FormatError(f"the nodes {by_name[name]} and {node} have the same label {shown(name)}")
        by_name[name] = node
    return names


def _label(node: str, label: str) -> str:
    r"""The label as Graphviz shows it: \N is the node, \n, \l and \r end a line."""
    says = {"N": node, "n": " ", "l": " ", "r": " "}
    return re.sub(r"\\(.)", lambda m: says.get(m[1], m[1]), label).strip()
