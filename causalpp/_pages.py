"""Pages of headings, paragraphs, tables and pictures, as Markdown, as text, or as HTML that needs no other file.

A page is a list of blocks (:func:`to_markdown`, :func:`to_text`, :func:`to_html`);
one with a layout of its own is put together from
HTML of its parts (:func:`table_html`, :func:`picture_html`, :func:`terms_html`) and closed by :func:`document`.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Block",
    "Heading",
    "Paragraph",
    "Picture",
    "Table",
    "document",
    "picture",
    "picture_html",
    "table_html",
    "terms_html",
    "to_html",
    "to_markdown",
    "to_text",
]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title of the page."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table of texts; a cell ``"0.83 [0.79, 0.87]"`` shows the interval smaller, where that is possible."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture as SVG text, with the name of its file and what it shows in words."""

    name: str
    svg: str
    says: str


Block: TypeAlias = Heading | Paragraph | Table | Picture

_CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2933; background: #fff;
  margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.2rem 3rem; }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0 0 .4rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .6rem; }
section, header { border: 1px solid #dde3ea; border-radius: 10px; padding: 1.1rem 1.3rem; margin: 0 0 1rem;
  overflow-x: auto; } section > h2 { margin-top: 0; }
.badge { display: inline-block; color: #fff; border-radius: 999px; padding: .1rem .7rem; font-size: .85rem; }
.verdict { font-size: 1.1rem; margin: .5rem 0; } .note { color: #46566b; max-width: 46rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; } dt { color: #46566b; }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-size: 13.5px; }
caption { text-align: left; color: #46566b; padding-bottom: .3rem; }
th { text-align: right; font-weight: 600; color: #46566b; border-bottom: 1.5px solid #75869a; padding: .3rem .7rem; }
td { text-align: right; padding: .3rem .7rem; border-bottom: 1px solid #edf3f9; vertical-align: top;
  font-variant-numeric: tabular-nums; }
th.text, td.text { text-align: left; min-width: 6.5em; }
.yes { color: #00624a; font-weight: 600; } .no { color: #a34700; font-weight: 600; } .abstain { color: #46566b; }
.interval { display: block; font-size: 11px; color: #46566b; white-space: nowrap; }
figure { margin: 1rem 0; } figure img, figure svg { max-width: 100%; height: auto; }
figcaption { color: #46566b; font-size: 13.5px; }
@media print { section, header { border: 0; padding: 0; break-inside: avoid; } }
"""
_INTERVAL = re.compile(r"^(.*\S) (\[[^\]]*\])$")
_NUMBER = re.compile(r"^[-+−]?[\d,.]+( ?%)?( \[[^\]]*\]| \((z )?[-+−]?[\d.]+\))?$|^[—–]?$|^< ?[\d.]+$")


def picture(figure: Figure, name: str, says: str) -> Picture:
    """A figure as a picture; the same figure gives the same text."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "savefig.bbox": "tight"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(name, buffer.getvalue(), says)


def to_markdown(blocks: Sequence[Block]) -> str:
    """The page as Markdown; pictures are files beside it."""
    out = []
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{'#' * block.level} {_plain(block.text)}")
        elif isinstance(block, Paragraph):
            out.append(_plain(block.text))
        elif isinstance(block, Picture):
            out.append(f"![{_plain(block.says)}]({block.name}.svg)")
        else:
            lines = [f"*{_plain(block.caption)}*\n"] if block.caption else []
            numeric = _numeric(block)
            lines += [_line(block.head), _line(["---:" if right else ":---" for right in numeric], escape=False)]
            out.append("\n".join([*lines, *map(_line, block.rows)]))
    return "\n\n".join(out) + "\n"


def _line(cells: Sequence[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(_plain(cell) if escape else cell for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text in which nothing is markup; the brackets of intervals stay as they are."""
    return re.sub(r"([\\`*_|<>])", r"\\\1", " ".join(text.split()))


def to_text(blocks: Sequence[Block], width: int = 80, *, intervals: bool = False) -> str:
    """The page for a terminal, without pictures; no word of a table is broken, and intervals shown if they shall be.

    A table that is too wide goes into several, one below the other, each with the first columns; a column of sentences
    is written below it.
    """
    out = []
    for block in blocks:
        if isinstance(block, Heading):
            out.append(block.text + "\n" + ("=" if block.level == 1 else "-") * len(block.text))
        elif isinstance(block, Paragraph):
            out.append(_filled(block.text, width))
        elif isinstance(block, Table):
            out.append("\n\n".join(_text_tables(block, width, intervals)))
    return "\n\n".join(out) + "\n"


_SENTENCE = 30  # characters: a cell that is longer is told below the table
_KEY, _HEAD = 16, 10  # so wide at most do first columns and heads get before they are wrapped


def _text_tables(table: Table, width: int, intervals: bool) -> Iterable[str]:
    """A table as text: its caption, the parts that stand side by side on paper, and what is told in sentences."""
    if table.caption:
        yield _filled(table.caption, width)
    rows = [list(row) if intervals else [_INTERVAL.sub(r"\1", cell) for cell in row] for row in table.rows]
    numeric = _numeric(table)
    every = range(len(table.head))
    keys = list(itertools.takewhile(lambda i: not numeric[i], every)) or list(every[:1])
    sentences = [i for i in every if i not in keys and max((len(row[i]) for row in rows), default=0) > _SENTENCE]
    rest = [i for i in every if i not in keys and i not in sentences]
    wide = {}
    for i in (*keys, *rest):
        words = max((len(word) for word in table.head[i].split()), default=0)
        cells = [len(word) for row in rows for word in (row[i].split() if i in keys else [row[i]])]
        whole = max((len(row[i]) for row in rows), default=0)
        wide[i] = max(words, min(whole, _KEY) if i in keys else min(len(table.head[i]), _HEAD), *cells)
        wide[i] = min(wide[i], _SENTENCE)  # a name that is longer cannot but be broken
    left = width - sum(wide[i] + 2 for i in keys)
    if not rest and rows:
        yield _text_table(keys, table.head, rows, wide, numeric)
    while rest:
        many = 1
        while many < len(rest) and sum(wide[i] + 2 for i in rest[: many + 1]) - 2 <= left:
            many += 1
        yield _text_table([*keys, *rest[:many]], table.head, rows, wide, numeric)
        rest = rest[many:]
    for i in sentences:
        said: dict[str, list[str]] = {}
        for row in rows:
            if row[i]:
                said.setdefault(row[i], []).append(" ".join(row[k] for k in keys))
        yield f"{table.head[i]}\n" + "\n".join(
            _filled(f"{', '.join(who)}: {what}", width) for what, who in said.items()
        )


def _text_table(
    shown: Sequence[int],
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    wide: dict[int, int],
    right: Sequence[bool],
) -> str:
    lines: list[str] = []
    above = [""] * len(head)
    for row in (head, *rows):
        grouped = len(shown) > 1 and not right[shown[1]] and row[shown[0]] == above[shown[0]]
        cells = [textwrap.wrap(row[i], wide[i], break_on_hyphens=False) or [""] for i in shown]
        if grouped:  # a model is named once for all its prompts
            cells[0] = [""]
        tall = max(map(len, cells))
        for k in range(tall):
            place = k - (tall if row is head else 0)  # the head stands on its last line
            line = [
                (cell[place] if -len(cell) <= place < len(cell) else "")
                .rjust(wide[i] if right[i] else 0)
                .ljust(wide[i])
                for i, cell in zip(shown, cells, strict=True)
            ]
            lines.append("  ".join(line).rstrip())
        above = list(row)
    return "\n".join(lines)


def _filled(text: str, width: int) -> str:
    return textwrap.fill(" ".join(text.split()), width, break_on_hyphens=False)


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """The page as HTML with everything in it: style and pictures."""
    out = []
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"<h{block.level}>{html.escape(block.text)}</h{block.level}>")
        elif isinstance(block, Paragraph):
            out.append(f"<p>{html.escape(block.text)}</p>")
        elif isinstance(block, Picture):
            out.append(picture_html(block))
        else:
            out.append(table_html(block))
    return document(title, "\n".join(out))


def document(title: str, body: str) -> str:
    """A page of HTML that needs nothing else: no script, no font, no picture from anywhere."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def picture_html(block: Picture) -> str:
    """A picture inside the page, its caption also what a screen reader says."""
    data, says = base64.b64encode(block.svg.encode()).decode(), html.escape(block.says)
    return f'<figure><img alt="{says}" src="data:image/svg+xml;base64,{data}"><figcaption>{says}</figcaption></figure>'


def terms_html(terms: Iterable[tuple[str, str]]) -> str:
    """Terms, each with what is to be said of it."""
    return "<dl>" + "".join(f"<dt>{html.escape(a)}</dt><dd>{html.escape(b)}</dd>" for a, b in terms) + "</dl>"


def table_html(table: Table) -> str:
    """A table; a cell that says yes, no or abstain is coloured."""
    kinds = ["" if right else "text" for right in _numeric(table)]
    out = ['<div class="wide"><table>']
    if table.caption:
        out.append(f"<caption>{html.escape(table.caption)}</caption>")
    cells = (f'<th scope="col"{_class(kind)}>{html.escape(cell)}</th>' for kind, cell in zip(kinds, table.head))
    out.append(f"<tr>{''.join(cells)}</tr>")
    for row in table.rows:
        marked = (f"{kind} {cell}" if cell in ("yes", "no", "abstain") else kind for kind, cell in zip(kinds, row))
        cells = (f"<td{_class(kind)}>{_html_cell(cell)}</td>" for kind, cell in zip(marked, row))
        out.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*out, "</table></div>"])


def _class(kind: str) -> str:
    return f' class="{kind.strip()}"' if kind else ""


def _html_cell(cell: str) -> str:
    found = _INTERVAL.match(cell)
    if found and _NUMBER.match(cell):
        return f'{html.escape(found[1])}<span class="interval">{html.escape(found[2])}</span>'
    return html.escape(cell)


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers."""
    return [all(_NUMBER.match(row[i]) for row in table.rows) for i in range(len(table.head))]
