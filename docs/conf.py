"""The site, built by ``make docs``.

Most pages are written by hand.  Two folders, which git ignores, are filled here before each build: ``api``,
with one page for each room and what its public face exports, and ``tutorials``, a copy of the notebooks.
So the site grows with the library, and nothing has to be listed twice.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import get_origin

from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

project = "causalpp"
author = "The causalpp developers"
copyright = author
version = release = PYPROJECT["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]  # not intersphinx, which would need a network to build
exclude_patterns = ["_build", "api/_*"]
suppress_warnings = [
    "ref.python",  # a name may be exported by its room and by a room that builds on it
    "toc.empty_glob",  # a checkout without tutorials still has a site
]

html_theme = "furo"
html_title = "causalpp"
html_copy_source = False

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make tutorials` executes them


def rooms() -> Iterator[ModuleType]:
    """The rooms that exist, in the order in which data flows through them."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["containers"] == ["causalpp"])
    for layer in reversed(contract["layers"]):
        for name in (part.strip(" ()") for part in layer.split("|")):
            room = f"causalpp.{name}"
            if room != "causalpp.cli" and not name.startswith("_") and importlib.util.find_spec(room):
                yield importlib.import_module(room)


def room_page(room: ModuleType) -> str:
    """A room's docstring, a table of the classes and functions it exports, and the documentation of everything."""
    lines = [f".. automodule:: {room.__name__}", "   :no-members:", ""]
    table = [name for name in room.__all__ if is_class(getattr(room, name)) or inspect.isroutine(getattr(room, name))]
    lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in table)]
    for name in room.__all__:
        before = DOCUMENTED.setdefault(id(getattr(room, name)), room.__name__)
        lines += ["", *(entry(room, name) if before == room.__name__ else elsewhere(room, name, before))]
    return "\n".join([f"# {room.__name__}", "", "```{eval-rst}", *lines, "```", ""])


def is_class(thing: object) -> bool:
    """Whether something is a class, and not a type written out, such as ``tuple[str, str]``."""
    return inspect.isclass(thing) and get_origin(thing) is None


#: id of what is exported → the first room that exports it, where it is documented.
DOCUMENTED: dict[int, str] = {}


def elsewhere(room: ModuleType, name: str, before: str) -> list[str]:
    """The line for what an earlier room exports too; plain values may be equal by chance and have their own entry."""
    thing = getattr(room, name)
    if is_class(thing) or inspect.isroutine(thing):
        return [f":py:obj:`{before}.{name}` is documented there."]
    return entry(room, name)


def entry(room: ModuleType, name: str) -> list[str]:
    """The directive that documents one exported name."""
    thing = getattr(room, name)
    if inspect.ismodule(thing):  # what of it the room exports itself has its own entry
        own = [getattr(room, one) for one in room.__all__]
        twice = [one for one in getattr(thing, "__all__", ()) if any(getattr(thing, one) is it for it in own)]
        return [f".. automodule:: {thing.__name__}", "   :members:", f"   :exclude-members: {', '.join(twice)}"]
    if is_class(thing):
        kind = "exception" if issubclass(thing, BaseException) else "class"
        return [f".. auto{kind}:: {room.__name__}.{name}", "   :members:", "   :show-inheritance:"]
    if inspect.isroutine(thing):
        return [f".. autofunction:: {room.__name__}.{name}"]
    value = [f"   :value: {thing!r}"] if len(repr(thing)) <= 100 else []
    return [f".. py:data:: {name}", *value, "", *(f"   {line}" for line in constant_comment(room, name))]


def constant_comment(room: ModuleType, name: str) -> list[str]:
    """The ``#:`` comment above a constant, from the file of the room that defines it."""
    file = Path(str(room.__file__))
    for path in sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        try:
            comments = ModuleAnalyzer.for_module(".".join(parts)).find_attr_docs()
        except PycodeError:
            continue
        if ("", name) in comments:
            return comments["", name]
    return []


def face_page(documented: list[ModuleType]) -> str:
    """The list of pages, and where each name of ``import causalpp`` is documented; included by ``api.md``."""
    import causalpp

    lines = ["```{toctree}", ":maxdepth: 1", ""]
    lines += [f"{room.__name__} <api/{room.__name__}>" for room in documented]
    lines += ["```", "", "## What `import causalpp as cpp` gives", ""]
    for room in documented:
        names = [n for n in room.__all__ if n in causalpp.__all__ and getattr(causalpp, n) is getattr(room, n)]
        if room.__name__.removeprefix("causalpp.") in causalpp.__all__:
            lines.append(f"- `cpp.{room.__name__.removeprefix('causalpp.')}` is {{py:mod}}`{room.__name__}`")
        if names:
            links = ", ".join(f"{{py:obj}}`~{room.__name__}.{name}`" for name in names)
            lines.append(f"- from {{py:mod}}`{room.__name__}`: {links}")
    return "\n".join([*lines, ""])


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold these files and no others, leaving alone what has not changed."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != content:
            (folder / name).write_bytes(content)


documented = list(rooms())
pages = {f"{room.__name__}.md": room_page(room) for room in documented} | {"_face.md": face_page(documented)}
fill(DOCS / "api", {name: text.encode() for name, text in pages.items()})
fill(DOCS / "tutorials", {path.name: path.read_bytes() for path in sorted((ROOT / "tutorials").glob("*.ipynb"))})


def _skip_fields(app: object, what: str, name: str, found: object, skip: bool, options: object) -> bool | None:
    """The fields of a NamedTuple stand in its docstring already."""
    return True if type(found).__name__ == "_tuplegetter" else None


def setup(app):
    app.connect("autodoc-skip-member", _skip_fields)
