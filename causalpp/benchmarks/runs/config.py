"""Configurations: what a benchmark run does, as a YAML, TOML or JSON file that is read strictly."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from causalpp._files import about as naming
from causalpp._files import data_path, read_text
from causalpp._register import imported, look_first_in
from causalpp._renamed import old_attribute, old_keyword
from causalpp.benchmarks.keys import canonical
from causalpp.benchmarks.runs.units import Study, Unit, get_study
from causalpp.benchmarks.settings import Lines, Place, no_such_key, read_settings
from causalpp.errors import FormatError, InvalidParameter, MissingDependency, UnknownName

__all__ = ["Config", "Part", "config_names", "read_config"]

_SUFFIXES = (".yaml", ".yml", ".toml", ".json")
_LONGEST_NAME = 200  # bytes; file systems take 255
_DEEPEST = 40


@old_keyword(task="study")
@dataclass(frozen=True)
class Part:
    """One section of a configuration: a study and its settings.

    Attributes:
        study: the name of the study.
        settings: an object of the study's settings class.
        name: what reports call the section; by default the study's name.
    """

    study: str
    settings: Any
    name: str = ""

    task = old_attribute("study")

    @cached_property
    def kind(self) -> Study:
        """The study itself."""
        return get_study(self.study)

    def to_dict(self) -> dict[str, Any]:
        """The section as plain values, every default spelt out."""
        return {"study": self.study, "name": self.name, **asdict(self.settings)}


class _Placed:
    """What was read from a file; where that stands is no part of what it says."""

    _folder: Path | None = None

    def look_beside(self) -> None:
        """Look for modules beside the file before any other place, whatever was read since."""
        if self._folder is not None:
            look_first_in(self._folder)


@dataclass(frozen=True)
class Config(_Placed):
    """What a run does.

    Attributes:
        name: of the run, for reports and for the folder it is kept in.
        parts: its sections, in order.
        about: what it is for, in a sentence or two.
        seed: of everything random; the same configuration with the same seed gives the same rows.
        tries: how often a unit is tried whose worker dies.
        concurrency: how many units may wait for a network at once.
        imports: modules to import first, such as one in which the scorer of the items stands; like solvers and studies
            of one's own they are looked for beside the configuration before any other place.

    Raises:
        InvalidParameter: no name, no part, or a number out of range.
    """

    name: str
    parts: tuple[Part, ...]
    about: str = ""
    seed: int = 0
    tries: int = 3
    concurrency: int = 8
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bad = any(c in "/\\" or not c.isprintable() for c in self.name) or self.name.strip(". ") == ""
        if bad or len(self.name.encode("utf-8", "replace")) > _LONGEST_NAME:
            raise InvalidParameter(f"a run needs a name that can be the name of a folder, got {_short(self.name)}")
        if not self.parts:
            raise InvalidParameter("a run needs at least one part: a study and its settings")
        for key, least in (("seed", 0), ("tries", 1), ("concurrency", 1)):
            if getattr(self, key) < least:
                raise InvalidParameter(f"{key!r} is a whole number from {least} on, got {_short(getattr(self, key))}")

    def units(self) -> Iterator[tuple[int, Unit]]:
        """Every unit with the number of its part, one after the other; nothing is kept in memory."""
        self.look_beside()
        for number, part in enumerate(self.parts):
            for unit in part.kind.units(part.settings, self.seed):
                yield number, unit

    @property
    def count(self) -> int | None:
        """How many units there are; None if that is known only by planning them."""
        counts = [None if p.kind.count is None else p.kind.count(p.settings) for p in self.parts]
        return None if None in counts else sum(count for count in counts if count is not None)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain values, every default spelt out."""
        out: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        out["parts"] = [part.to_dict() for part in self.parts]
        plain: dict[str, Any] = json.loads(canonical(out))
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], lines: Lines | None = None) -> Config:
        """A configuration from plain values, read strictly.

        Args:
            values: as in a file.
            lines: the line of each place in the file, for the messages of errors.

        Raises:
            FormatError: a misspelt or missing key, or a value that does not fit.

        Example:
            >>> items = [{"id": "1", "premise": "…", "hypothesis": "…", "label": False}]
            >>> Config.from_dict({"name": "x", "parts": [{"study": "solve", "items": items, "solvers": ["always-no"]}]})
            Config(name='x', parts=(Part(study='solve', ...
        """
        known: Lines = lines or {}
        outer = read_settings(_Outer, values, (), known)
        for module in outer.imports:
            _import(module, known)
        parts = [_part(part, ("parts", i), known) for i, part in enumerate(outer.parts)]
        rest = {name: getattr(outer, name) for name in cls.__dataclass_fields__ if name != "parts"}
        try:
            return cls(parts=tuple(parts), **rest)
        except InvalidParameter as error:
            raise FormatError(str(error)) from None


@dataclass(frozen=True)
class _Outer:
    """A configuration whose parts have not been looked at."""

    name: str
    parts: tuple[Mapping[str, Any], ...]
    about: str = ""
    seed: int = 0
    tries: int = 3
    concurrency: int = 8
    imports: tuple[str, ...] = ()


def _import(module: str, lines: Lines) -> None:
    try:
        imported(module)
    except Exception as error:  # whatever the module does when it is imported
        why = f"{type(error).__name__}: {error}"
        raise FormatError(f"imports: {module!r} cannot be imported: {why}", line=lines.get(("imports",))) from None


def _part(values: Mapping[str, Any], place: Place, lines: Lines) -> Part:
    key = "task" if "task" in values else "study"  # as 0.1 called it
    line = next((lines[at] for at in ((*place, key), place) if at in lines), None)
    where = f"parts[{place[-1]}]"
    if key not in values:
        close = next((given for given in map(str, values) if no_such_key(given, ["study"]).endswith("?")), None)
        raise FormatError(
            f"{where}: " + (no_such_key(close, ["study"]) if close else "the key 'study' is missing"),
            line=line if close is None else lines.get((*place, close), line),
        )
    if "task" in values and "study" in values:
        raise FormatError(f"{where}: 'task' is the old name of 'study': give one of them", line=line)
    study = values[key]
    if not isinstance(study, str) or not isinstance(values.get("name", ""), str):
        raise FormatError(f"{where}: a study and a name are texts", line=line)
    try:
        kind = get_study(study)
    except (UnknownName, InvalidParameter) as error:
        raise FormatError(f"{where}: {error}", line=line) from None
    rest = {str(name): value for name, value in values.items() if name not in (key, "name")}
    return Part(study, read_settings(kind.settings, rest, place, lines), values.get("name", "") or study)


# --- files --------------------------------------------------------------------------------------------


def config_names() -> list[str]:
    """The configurations that ship."""
    folder = data_path() / "benchmarks" / "configs"
    return sorted(path.stem for path in folder.glob("*") if path.suffix in _SUFFIXES)


def read_config(source: str | os.PathLike[str]) -> Config:
    """A configuration from a file, or one that ships.

    Args:
        source: a YAML, TOML or JSON file; or the name of one of :func:`config_names`.

    Raises:
        UnknownName: neither a file nor a configuration that ships.
        FormatError: the file cannot be read, or a module that it imports; the message names the file, the line and the
            key.
        MissingDependency: a YAML file, and PyYAML is not installed.
    """
    path = Path(source)
    if not path.exists() and path.suffix not in _SUFFIXES:
        found = [p for s in _SUFFIXES if (p := data_path() / "benchmarks" / "configs" / f"{source}{s}").is_file()]
        if not found or path.name != str(source):
            raise UnknownName("configuration", os.fspath(source), config_names())
        path = found[0]
    text = read_text(path)
    look_first_in(path.parent)
    with naming(path):
        values, lines = _parsed(text, path.suffix.lower())
        config = Config.from_dict(values, lines)
    object.__setattr__(config, "_folder", path.parent.resolve())
    return config


def _parsed(text: str, suffix: str) -> tuple[Any, Lines]:
    """The values of a text, and the line of every place in it where the format tells."""
    if suffix in (".yaml", ".yml"):
        return _yaml(text)
    if suffix not in _SUFFIXES:
        raise FormatError(f"a configuration is a file whose name ends in {', '.join(_SUFFIXES)}, not in {suffix!r}")
    name = suffix[1:].upper()
    try:
        if suffix == ".toml":
            return tomllib.loads(text), {}
        return json.loads(text, object_pairs_hook=_once), {}
    except FormatError:
        raise
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"this is no TOML: {error}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"this is no JSON: {error.msg}", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise FormatError(f"this {name} is nested too deeply") from None
    except (ValueError, OverflowError) as error:  # a whole number of thousands of digits, a date that is none
        raise FormatError(f"this {name} has a value that cannot be read: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise FormatError(f"the key {_short(key)} is given twice")
        out[key] = value
    return out


def _short(text: object) -> str:
    """A text between quotes as an error shows it."""
    try:
        shown = repr(text)
    except ValueError:  # a whole number of thousands of digits
        return "one of thousands of digits"
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _yaml(text: str) -> tuple[Any, Lines]:
    """The values of a YAML text, and the line of every place in it."""
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise MissingDependency(
            "a YAML configuration needs PyYAML: pip install 'causalpp[bench]', or write it as TOML or JSON"
        ) from None
    lines: dict[Place, int] = {(): 1}
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:  # before anything is read
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        what = f"the character {chr(error.character)!r} cannot stand in it"
        raise FormatError(f"this is no YAML: {what}", line=line, column=column) from None
    node = None
    try:
        root = loader.get_single_node()
        if root is None:
            raise FormatError("the file is empty")
        for node in list(_marked(yaml, root, (), lines)):  # one by one, so that an error has a place
            loader.construct_object(node)
        return loader.construct_document(root), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        at = {} if mark is None else {"line": mark.line + 1, "column": mark.column + 1}
        raise FormatError(f"this is no YAML: {problem}", **at) from None
    except RecursionError:
        raise FormatError("this YAML is nested too deeply") from None
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError) as error:
        if isinstance(error, FormatError) or node is None:
            raise
        at = {"line": node.start_mark.line + 1, "column": node.start_mark.column + 1}
        raise FormatError(f"the value {_short(node.value)} cannot be read: {error}", **at) from None
    finally:
        loader.dispose()


def _marked(yaml: Any, node: Any, place: Place, lines: dict[Place, int], depth: int = 0) -> Iterator[Any]:
    """The scalars of a node, keys and values alike, once the lines of everything in it are noted.

    Raises:
        FormatError: a key is given twice or is no word, or aliases could explode.
    """
    if depth > _DEEPEST:
        raise FormatError("this YAML is nested too deeply", line=node.start_mark.line + 1)
    if len(lines) > 1_000_000:
        raise FormatError("this YAML has too many values for a configuration")
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[(*place, i)] = item.start_mark.line + 1
            yield from _marked(yaml, item, (*place, i), lines, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, item in node.value:
            at = {"line": key.start_mark.line + 1, "column": key.start_mark.column + 1}
            if not isinstance(key, yaml.ScalarNode):
                kind = "a list" if isinstance(key, yaml.SequenceNode) else "a mapping"
                raise FormatError(f"a key is a single word, not {kind}", **at)
            if key.value in seen:
                raise FormatError(f"the key {_short(key.value)} is given twice", line=at["line"])
            seen.add(key.value)
            lines[(*place, key.value)] = at["line"]
            yield key
            yield from _marked(yaml, item, (*place, key.value), lines, depth + 1)
    else:
        yield node
