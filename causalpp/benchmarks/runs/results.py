"""The results of a run as files: Parquet tables, the same to the byte for the same results, and how to read them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import read_text, write_text
from causalpp._renamed import old_attribute, old_keyword
from causalpp.benchmarks.keys import canonical
from causalpp.benchmarks.rows import frame_of_today, row_of_today
from causalpp.benchmarks.runs.config import Config
from causalpp.benchmarks.runs.store import Store
from causalpp.errors import FormatError, MissingDependency, UnknownName

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "need_parquet", "versions", "write_results", "write_summary"]

_FORMAT = "causalpp.run"
_SUMMARY = "run.json"
_ROWS, _CHARACTERS = 10_000, 4_000_000  # the most in a row group: what is in memory at once
_FIRST = ("key", "part", "row")
_PACKAGES = (
    "causalpp", "torch", "pyro-ppl", "numpy", "scipy", "pandas", "networkx", "pgmpy", "causal-learn", "cliquepicking",
    "python-sat", "gadjid", "pyarrow",
)  # fmt: skip


def need_parquet() -> Any:
    """The library that writes Parquet.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        pyarrow = import_module("pyarrow")
        import_module("pyarrow.parquet")
    except ImportError:
        raise MissingDependency(
            "results are kept as Parquet, which needs pyarrow: pip install 'causalpp[bench]'"
        ) from None
    return pyarrow


def versions() -> dict[str, str]:
    """What results may depend on besides the configuration: Python, the machine's kind and the libraries."""
    found = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


# --- writing ------------------------------------------------------------------------------------------


def write_summary(folder: Path, config: Config, store: Store, *, finished: bool) -> None:
    """Write what the run is into ``run.json``; without times, so that it is the same whenever the run is done."""
    seen = store.environments()
    values: dict[str, Any] = {
        "format": _FORMAT,
        "version": 1,
        "name": config.name,
        "about": config.about,
        "seed": config.seed,
        "finished": finished,
        "config": config.to_dict(),
        "config_key": _digest(config),
        "versions": seen[-1] if seen else versions(),
    }
    if len(seen) > 1:
        values["earlier_versions"] = seen[:-1]
    if finished:
        values["units"] = store.finished
        values["failures"] = [{"unit": unit, "message": message} for unit, message in store.failures()]
        values["tables"] = {study: f"{_file_name(study)}.parquet" for study in store.studies()}
    write_text(folder / _SUMMARY, json.dumps(values, ensure_ascii=False, indent=2) + "\n")


def _digest(config: Config) -> str:
    return hashlib.sha256(canonical(config.to_dict()).encode()).hexdigest()


def _file_name(study: str) -> str:
    """A study's name as that of a file."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in study)


def write_results(folder: Path, config: Config, store: Store) -> None:
    """Write a table for each study, sorted by key, and the timings; each file appears whole or not at all."""
    about = {
        "format": _FORMAT,
        "name": config.name,
        "seed": config.seed,
        "config_key": _digest(config),
        "versions": store.environments(),
    }
    names = [part.name for part in config.parts]
    kept = {"timings.parquet"}
    for study in store.studies():

        def rows(study: str = study) -> Iterator[dict[str, Any]]:
            for unit in store.rows(study):
                for number, row in enumerate(unit.values):
                    yield {"key": unit.key, "part": names[unit.part], "row": number, **row_of_today(row)}

        name = f"{_file_name(study)}.parquet"
        kept.add(name)
        _write(folder / name, rows, {**about, "study": study})
    _write(folder / "timings.parquet", lambda: _timings(store), about)
    for old in folder.glob("*.parquet"):
        if old.name not in kept:
            old.unlink()


def _timings(store: Store) -> Iterator[dict[str, Any]]:
    for study in store.studies():
        for unit in store.timings(study):
            yield {"key": unit.key, "study": study, "seconds": unit.seconds, "finished": unit.finished, **unit.values}


def _write(path: Path, rows: Any, about: Mapping[str, Any]) -> None:
    """Write the rows that a function gives, each time it is called, in two passes and with few of them in memory."""
    pa = need_parquet()
    kinds = _columns(rows())
    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "str": pa.string()}
    schema = pa.schema(
        [(name, types[kind]) for name, kind in kinds.items()], metadata={"causalpp": canonical(about).encode()}
    )
    temporary = path.with_name(f".{path.name}.part")
    try:
        with pa.parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for batch in _batches(rows()):
                arrays = [
                    pa.array([_as(kind, row.get(name)) for row in batch], types[kind]) for name, kind in kinds.items()
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=_ROWS)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise FormatError(f"cannot write {os.fspath(path)!r}: {(error.strerror or str(error)).lower()}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The rows in groups that are small enough to be held in memory."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(batch) >= _ROWS or size >= _CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The columns of some rows, in the order in which they first occur, with the narrowest type that holds all."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            kinds = seen.setdefault(name, set())
            if value is not None:
                kinds.add("float" if isinstance(value, int) and abs(value) >= 2**63 else type(value).__name__)
    return {name: _joint(kinds) for name, kinds in seen.items()}


def _joint(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "float" if kinds == {"int", "float"} else "str"


def _as(kind: str, value: Any) -> Any:
    if value is None or type(value).__name__ == kind:
        return value
    return float(value) if kind == "float" else str(value)


# --- reading ------------------------------------------------------------------------------------------


class Run:
    """A finished run.

    Args:
        folder: where it is kept.

    Attributes:
        folder: the same.
        name, about, seed: of its configuration.
        config: the configuration as plain values.
        versions: of everything its results may depend on.
        failures: units without result, each with the keys ``unit`` and ``message``.
        units: how many units have a result.

    Raises:
        FormatError: there is no run in the folder, or one that has not finished.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        path = self.folder / _SUMMARY
        if not path.is_file():
            raise FormatError(f"there is no run in {os.fspath(folder)!r}: it has no {_SUMMARY}")
        try:
            values = json.loads(read_text(path))
            if values["format"] != _FORMAT:
                raise KeyError("format")
            self.name, self.about, self.seed = values["name"], values["about"], values["seed"]
            self.config, self.versions = values["config"], values["versions"]
            if not values["finished"]:
                raise FormatError(
                    f"the run in {os.fspath(folder)!r} has not finished: start it again with the same configuration "
                    "and folder, and it goes on from where it was"
                )
            self.units: int = values["units"]
            self.failures: Sequence[Mapping[str, str]] = values["failures"]
            self._tables: Mapping[str, str] = values["tables"]
        except (KeyError, TypeError, json.JSONDecodeError):
            raise FormatError(f"{os.fspath(path)!r} does not describe a run") from None

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {self.units:,} units: {', '.join(self.studies)})"

    tasks = old_attribute("studies")

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies it has results of."""
        return tuple(self._tables)

    @old_keyword(task="study")
    def frame(self, study: str) -> pd.DataFrame:
        """The results of a study: a row for each row of each unit, sorted by the units' keys.

        Columns that say yes or no are of the type ``boolean``, and whole numbers of the type ``Int64``, which have a
        place for what is missing.

        Raises:
            UnknownName: there are no results of such a study.
            FormatError: the file is missing or cannot be read.
            MissingDependency: pyarrow is not installed.
        """
        if study not in self._tables:
            raise UnknownName("study", study, self._tables)
        return frame_of_today(self._frame(self._tables[study]))

    @property
    def timings(self) -> pd.DataFrame:
        """How long every unit took, and when it was finished, in seconds since 1970."""
        return self._frame("timings.parquet")

    def _frame(self, name: str) -> pd.DataFrame:
        pa = need_parquet()
        import pandas as pd

        whole = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        try:
            table = pa.parquet.read_table(self.folder / name)
        except (OSError, pa.ArrowException) as error:
            raise FormatError(f"cannot read {os.fspath(self.folder / name)!r}: {str(error).splitlines()[0]}") from None
        found: pd.DataFrame = table.to_pandas(types_mapper=whole.get)
        return found
