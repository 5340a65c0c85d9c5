"""The journal: every answer that was ever given, in one file, given back for free.

An answer is determined by who is asked, what, in which wording and polarity, for the how-manieth time, and in which
call if it shares one; that is the key under which it is kept.  The first answer recorded under a key stays, so a run
that is repeated reads the same answers, and k samples of one question stay k samples.

An abstention that is the oracle's own ("unsure", "refused") is an answer like any other.  A failure that may pass,
such as a server that timed out, is kept apart with its reason, and is asked again by the next run.

The file is an SQLite database with JSON values.  Several processes and threads may share it on one machine, and none
asks what another has under way (:mod:`causalpp.language.journal._leases`); SQLite's write-ahead log does not work
across a network file system.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from causalpp._renamed import old_names
from causalpp.errors import FormatError, InvalidParameter
from causalpp.language.journal import Key, ReplyJournal
from causalpp.oracles._export import cost, export, frame
from causalpp.oracles._rows import KEY, answer_of, question_of, text_of, value_of
from causalpp.oracles.answer import Answer, Request

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Journal"]

__getattr__ = old_names(__name__, {"FAILURES": "causalpp.language.running:FAILURES"})

_COLUMNS = "oracle, question, wording, negated, replicate, value, recorded"
_COLUMN_TYPES = (
    "id INTEGER PRIMARY KEY, oracle TEXT NOT NULL, question TEXT NOT NULL, wording INTEGER NOT NULL, "
    "negated INTEGER NOT NULL, replicate INTEGER NOT NULL, value TEXT NOT NULL, recorded REAL NOT NULL, "
    "UNIQUE (oracle, question, wording, negated, replicate)"
)


class Journal(ReplyJournal):
    """Answers in a file, and replies to prompts that are no questions.

    Args:
        path: of the file; it is made if there is none.
        create: False refuses to make one.

    Raises:
        FormatError: the file cannot be made, is no journal, is one of a later version, or is damaged.

    Example:
        >>> import tempfile
        >>> from causalpp import Causes, Dag, SimulatedOracle, noise
        >>> journal = Journal(Path(tempfile.mkdtemp()) / "answers.journal")
        >>> for _ in range(2):  # the second oracle is not troubled
        ...     oracle = SimulatedOracle(Dag.from_edges([("smoke", "cancer")]), noise.Symmetric(0.1), seed=0)
        ...     oracle.journal = journal
        ...     [answer.word for answer in oracle.ask(Causes("smoke", "cancer"), repeats=3)]
        ['yes', 'yes', 'no']
        ['yes', 'yes', 'no']
        >>> len(journal)
        3
    """

    # A failure makes way for the answer that a later run gets; an answer never changes.
    tables: ClassVar[Mapping[str, str]] = {**ReplyJournal.tables, "answers": _COLUMN_TYPES, "failures": _COLUMN_TYPES}

    # --- answers in and out ---------------------------------------------------------------------------

    def get_many(self, fingerprint: str, requests: Iterable[Request]) -> dict[Request, Answer]:
        """The answers there are to some requests, put to the oracle with this fingerprint."""
        found: dict[Request, Answer] = {}
        wanted = list(requests)
        texts = {pair: text_of(*pair) for pair in {(request.question, request.call) for request in wanted}}
        with self.database.reading() as connection:
            for request in wanted:
                question = texts[request.question, request.call]
                key = (fingerprint, question, request.wording, request.negated, request.replicate)
                row = connection.execute(f"SELECT value FROM answers WHERE {KEY}", key).fetchone()
                if row is not None:
                    found[request] = answer_of(request, fingerprint, row[0])
        return found

    def put(self, answer: Answer) -> Answer:
        """Keep an answer; the one that stands in the journal then, which is the first that came."""
        return self.put_many([answer])[0]

    def put_many(self, answers: Iterable[Answer]) -> list[Answer]:
        """Keep several answers, all on the disk when this returns; those that stand in the journal then."""
        rows = [(answer, self._row(answer)) for answer in answers]
        stand: list[Answer] = []
        if not rows:
            return stand
        with self.database.writing() as connection:
            for answer, row in rows:
                kept = connection.execute(f"SELECT value FROM answers WHERE {KEY}", row[:5]).fetchone()
                stand.append(answer if kept is None else answer_of(answer.request, answer.oracle, kept[0]))
                if kept is None:
                    connection.execute(f"DELETE FROM failures WHERE {KEY}", row[:5])
                    table = "failures" if answer.failed else "answers"
                    connection.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return stand

    def is_there(self, connection: sqlite3.Connection, key: Key) -> bool:
        if key[0] != "answers":
            return super().is_there(connection, key)
        return connection.execute(f"SELECT 1 FROM answers WHERE {KEY}", key[1:]).fetchone() is not None

    def _row(self, answer: Answer) -> tuple[Any, ...]:
        request = answer.request
        if not answer.oracle:
            raise InvalidParameter("an answer is kept under the fingerprint of its oracle, and this one has none")
        question = text_of(request.question, request.call)
        key = (answer.oracle, question, request.wording, bool(request.negated), request.replicate)
        return *key, value_of(answer), time.time()

    # --- what is in it --------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self.database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])

    def __iter__(self) -> Iterator[Answer]:
        """The answers, in the order in which they were recorded."""
        return self._all("answers")

    def failures(self) -> Iterator[Answer]:
        """The requests that have found no answer so far, as abstentions with their reasons."""
        return self._all("failures")

    def _all(self, table: str) -> Iterator[Answer]:
        for number, oracle, question, wording, negated, replicate, value, _ in self.database.rows(table, _COLUMNS):
            asked, call = question_of(question)
            if not isinstance(oracle, str) or not all(isinstance(k, int) for k in (wording, negated, replicate)):
                raise FormatError(f"the journal holds an answer whose place cannot be read: row {number}")
            yield answer_of(Request(asked, replicate, wording, bool(negated), call), oracle, value)

    def frame(self) -> pd.DataFrame:
        """The answers as a table, one row each; ``question`` is a sentence that :func:`causalpp.parse` reads."""
        return frame(self)

    def cost(self) -> pd.DataFrame:
        """For each oracle and model: how many answers, failures and replies to free prompts, at what cost.

        Seconds are those spent waiting; tokens and money are of answers, failures and replies together.
        """
        return cost(chain(self, self.failures()), self.all_replies(), self.oracles)

    # --- moving and removing --------------------------------------------------------------------------

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the answers to a ``.jsonl`` file, each line an :meth:`Answer.to_dict`, or to a ``.parquet`` table.

        Raises:
            InvalidParameter: another suffix.
            FormatError: the file cannot be written.
            MissingDependency: a ``.parquet`` file, without the package pyarrow.
        """
        return export(self, Path(path))

    def merge(self, other: Journal | str | os.PathLike[str]) -> int:
        """Take over what another journal has and this one has not; how many answers that was.

        Where both have an answer, this one's stays.

        Raises:
            FormatError: the other is no journal.
        """
        other = other if isinstance(other, Journal) else Journal(other, create=False)
        if other.path.samefile(self.path):
            raise InvalidParameter(f"{str(self.path)!r} cannot be merged into itself")
        with self.database.outside() as connection:
            connection.execute("ATTACH ? AS other", (str(other.path),))
            try:
                connection.execute("BEGIN IMMEDIATE")
                before = connection.total_changes
                connection.execute(
                    f"INSERT OR IGNORE INTO answers ({_COLUMNS}) SELECT {_COLUMNS} FROM other.answers ORDER BY id"
                )
                added = connection.total_changes - before
                connection.execute(
                    f"INSERT OR IGNORE INTO failures ({_COLUMNS}) SELECT {_COLUMNS} FROM other.failures ORDER BY id"
                )
                same = " AND ".join(f"a.{c} = failures.{c}" for c in _COLUMNS.split(", ")[:5])
                connection.execute(f"DELETE FROM failures WHERE EXISTS (SELECT 1 FROM answers a WHERE {same})")
                columns = "oracle, prompt, replicate, value, recorded"
                connection.execute(
                    f"INSERT OR IGNORE INTO replies ({columns}) SELECT {columns} FROM other.replies ORDER BY id"
                )
                connection.execute("INSERT OR IGNORE INTO oracles SELECT * FROM other.oracles")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.execute("DETACH other")
        return added

    def prune(
        self,
        *,
        oracle: str | None = None,
        before: float | str | datetime | None = None,
        reason: str | None = None,
        failures: bool = False,
    ) -> int:
        """Remove what fits all that is said, answers and failures alike; how many there were.

        Args:
            oracle: the fingerprint of who answered, or the beginning of it.
            before: recorded earlier than this: seconds since 1970, a datetime, or text such as ``"2026-01-31"``.
            reason: why there is no yes or no, such as ``"unreadable"``; these are asked again by the next run.
            failures: only the failures that may pass.

        Raises:
            InvalidParameter: nothing is said, or an unreadable time.
        """
        if oracle is None and before is None and reason is None and not failures:
            raise InvalidParameter("say what to remove: oracle=, before=, reason= or failures=True")
        where, values = ["1"], list[Any]()
        if before is not None:
            where.append("recorded < ?")
            values.append(_seconds(before))
        if reason is not None:
            where.append("(json_extract(value, '$.reason') = ? OR json_extract(value, '$.reason') LIKE ? ESCAPE '\\')")
            values += [reason, reason.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + ":%"]
        tables: tuple[str, ...] = ("failures",) if failures else ("answers", "failures")
        if not failures and reason is None:
            tables += ("replies",)  # to prompts that are no questions
        with self.database.writing() as connection:
            if oracle is not None:  # SQL's own functions on text stop at a NUL character
                every = " UNION ".join(f"SELECT oracle FROM {table}" for table in ("answers", "failures", "replies"))
                rows = connection.execute(every).fetchall()
                meant = [found for (found,) in rows if found.startswith(oracle)]
                where.append(f"oracle IN ({', '.join('?' * len(meant))})")
                values += meant
            return sum(
                connection.execute(f"DELETE FROM {table} WHERE {' AND '.join(where)}", values).rowcount
                for table in tables
            )


def _seconds(moment: float | str | datetime) -> float:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise InvalidParameter(f"a time is written like 2026-01-31 or 2026-01-31T18:30, not {moment!r}") from None
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment)
