"""The store of a run: every finished unit on disk before the next is counted, in one SQLite file.

Only the process that leads a run opens the file, and holds it alone while it runs; a process that is killed, even by
``kill -9``, leaves the last complete transaction and lets go of the file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from causalpp.errors import FormatError, InvalidParameter

__all__ = ["Done", "Store", "Stored"]

_NAME = "units.sqlite"
_VERSION = 1
#: The columns ``task`` hold names of studies: what 0.1 wrote is still read.
_TABLES = """
CREATE TABLE results (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, rows TEXT NOT NULL, seconds REAL NOT NULL, timings TEXT NOT NULL,
    finished REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (key TEXT PRIMARY KEY, unit TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan (key TEXT PRIMARY KEY, part INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE environments (versions TEXT PRIMARY KEY, begun REAL NOT NULL) WITHOUT ROWID;
"""


class Done(NamedTuple):
    """A unit that has been carried out.

    Attributes:
        key, study: of the unit.
        rows: its rows as JSON; "" if it failed.
        seconds: how long it took.
        timings: what else was measured, as JSON.
    """

    key: str
    study: str
    rows: str
    seconds: float
    timings: str


class Stored(NamedTuple):
    """What the store has of a planned unit: its key, the number of its part, and its rows; or its timings."""

    key: str
    part: int
    values: Any
    seconds: float
    finished: float


class Store:
    """The units of a run that are finished, and those that are planned.

    Args:
        folder: of the run; it is made if it is not there.

    Raises:
        InvalidParameter: another process works on this run.
        FormatError: the folder cannot be made, or the file in it is not a store or is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / _NAME
        self._versions = "{}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise FormatError(
                f"cannot make the folder {os.fspath(folder)!r}: a file has that name (rows that version 0.1 kept in a "
                "file are not read)"
            ) from None
        except OSError as error:
            raise FormatError(f"cannot make the folder {os.fspath(folder)!r}: {error.strerror or error}") from None
        try:
            self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=2.0)
            try:
                self._open()
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise InvalidParameter(
                    f"another process works on the run in {os.fspath(folder)!r}: wait until it ends, or choose another "
                    "folder"
                ) from None
            raise FormatError(f"cannot open {os.fspath(self.path)!r}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise FormatError(
                f"{os.fspath(self.path)!r} is damaged or no store of a run ({error}): choose another folder"
            ) from None

    def _open(self) -> None:
        c = self._connection
        c.execute("PRAGMA locking_mode = EXCLUSIVE")
        c.execute("PRAGMA journal_mode = WAL")
        c.execute("PRAGMA synchronous = FULL")
        with self._writing():
            version = c.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    c.execute(statement)
                c.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise FormatError(f"{os.fspath(self.path)!r} was written by another version of the library")
            c.execute("DELETE FROM plan")
            c.execute("DELETE FROM failures")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction: all of it is on the disk afterwards, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # --- while the run is going on --------------------------------------------------------------------

    def begin(self, versions: Mapping[str, str]) -> None:
        """Say in which environment results are found from now on."""
        self._versions = json.dumps(versions, sort_keys=True)

    def plan(self, units: Sequence[tuple[str, int, str]]) -> list[bool]:
        """Enter planned units, each a key, the number of a part and a study; which of them need to be carried out.

        These are the ones without a result that were not planned before.
        """
        keys = [key for key, _, _ in units]
        with self._writing():
            idle = self._known("plan", keys) | self._known("results", keys)
            self._connection.executemany("INSERT OR IGNORE INTO plan VALUES (?, ?, ?)", units)
        needed = []
        for key in keys:
            needed.append(key not in idle)
            idle.add(key)
        return needed

    def _known(self, table: str, keys: Sequence[str]) -> set[str]:
        """Those of some keys that a table has."""
        marks = ", ".join("?" * len(keys))
        return {key for (key,) in self._connection.execute(f"SELECT key FROM {table} WHERE key IN ({marks})", keys)}

    def put(self, finished: Iterable[Done]) -> None:
        """Keep results; they are on the disk when this returns."""
        now = time.time()
        with self._writing():
            self._connection.execute("INSERT OR IGNORE INTO environments VALUES (?, ?)", (self._versions, now))
            self._connection.executemany(
                "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)",
                [(d.key, d.study, d.rows, d.seconds, d.timings, now) for d in finished],
            )

    def fail(self, key: str, unit: str, message: str) -> None:
        """Note that a unit has no result, and why."""
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (key, unit, message))

    # --- what there is ----------------------------------------------------------------------------------

    def _one(self, query: str, *values: Any) -> Any:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    @property
    def results(self) -> int:
        """How many units have a result, planned or not."""
        return int(self._one("SELECT count(*) FROM results"))

    @property
    def planned(self) -> int:
        """How many units are planned."""
        return int(self._one("SELECT count(*) FROM plan"))

    @property
    def finished(self) -> int:
        """How many planned units have a result."""
        return int(self._one("SELECT count(*) FROM plan JOIN results USING (key)"))

    def failures(self, limit: int = -1) -> list[tuple[str, str]]:
        """The units without result, as text and with the reason, in the order of their keys."""
        return list(self._connection.execute("SELECT unit, message FROM failures ORDER BY key LIMIT ?", (limit,)))

    def environments(self) -> list[dict[str, str]]:
        """The environments in which results were found, the first one first."""
        found = self._connection.execute("SELECT versions FROM environments ORDER BY begun")
        return [json.loads(text) for (text,) in found]

    def studies(self) -> list[str]:
        """The studies of planned units."""
        return [study for (study,) in self._connection.execute("SELECT DISTINCT task FROM plan ORDER BY task")]

    def rows(self, study: str) -> Iterator[Stored]:
        """The rows of the planned units of a study, in the order of their keys, one unit after the other."""
        return self._stored("rows", study)

    def timings(self, study: str) -> Iterator[Stored]:
        """The timings of the planned units of a study, in the order of their keys."""
        return self._stored("timings", study)

    def _stored(self, what: str, study: str) -> Iterator[Stored]:
        found = self._connection.execute(
            f"SELECT plan.key, part, {what}, seconds, finished FROM plan JOIN results USING (key) "
            "WHERE plan.task = ? ORDER BY plan.key",
            (study,),
        )
        for key, part, text, seconds, finished in found:
            yield Stored(key, part, json.loads(text), seconds, finished)
