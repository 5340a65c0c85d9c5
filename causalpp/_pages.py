"""A page of headings, paragraphs, tables and pictures, written as Markdown or as HTML that needs no other file."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Block", "Heading", "Paragraph", "Picture", "Table", "picture", "to_html", "to_markdown"]


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
  max-width: 1120px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: .3rem; } h2 { font-size: 1.3rem; margin-top: 2.4rem; border-bottom: 1px solid
  #dde3ea; padding-bottom: .3rem; } h3 { font-size: 1.05rem; margin-top: 1.6rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-size: 13.5px; }
caption { text-align: left; color: #52606d; padding-bottom: .3rem; }
th { text-align: right; font-weight: 600; color: #52606d; border-bottom: 1.5px solid #75869a; padding: .3rem .7rem; }
td { text-align: right; padding: .3rem .7rem; border-bottom: 1px solid #edf3f9; vertical-align: top;
  font-variant-numeric: tabular-nums; }
th.text, td.text { text-align: left; min-width: 6.5em; }
.interval { display: block; font-size: 11px; color: #52606d; white-space: nowrap; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; } figcaption { color: #52606d; font-size: 13.5px; }
"""
_INTERVAL = re.compile(r"^(.*\S) (\[[^\]]*\])$")
_NUMBER = re.compile(r"^[-+−]?[\d,.]+( ?%)?( \[[^\]]*\])?$|^[—–]?$|^< ?[\d.]+$")


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


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """The page as HTML with everything in it: style and pictures."""
    out = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>",
    ]
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"<h{block.level}>{html.escape(block.text)}</h{block.level}>")
        elif isinstance(block, Paragraph):
            out.append(f"<p>{html.escape(block.text)}</p>")
        elif isinstance(block, Picture):
            data = base64.b64encode(block.svg.encode()).decode()
            says = html.escape(block.says)
            out.append(
                f'<figure><img alt="{says}" src="data:image/svg+xml;base64,{data}">'
                f"<figcaption>{says}</figcaption></figure>"
            )
        else:
            out.append(_html_table(block))
    return "\n".join([*out, "</body>", "</html>"]) + "\n"


def _html_table(table: Table) -> str:
    kinds = ["" if right else ' class="text"' for right in _numeric(table)]
    out = ['<div class="wide"><table>']
    if table.caption:
        out.append(f"<caption>{html.escape(table.caption)}</caption>")
    out.append("<tr>" + "".join(f"<th{k}>{html.escape(cell)}</th>" for k, cell in zip(kinds, table.head)) + "</tr>")
    for row in table.rows:
        cells = "".join(f"<td{kind}>{_html_cell(cell)}</td>" for kind, cell in zip(kinds, row))
        out += [f"<tr>{cells}</tr>"]
    return "\n".join([*out, "</table></div>"])


def _html_cell(cell: str) -> str:
    found = _INTERVAL.match(cell)
    if found and _NUMBER.match(cell):
        return f'{html.escape(found[1])}<span class="interval">{html.escape(found[2])}</span>'
    return html.escape(cell)


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers."""
    return [all(_NUMBER.match(row[i]) for row in table.rows) for i in range(len(table.head))]
