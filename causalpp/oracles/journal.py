"""The journal: every answer that was ever given, in one file, given back for free.

An answer is determined by who is asked, what, in which wording and polarity, for the how-manieth time, and in which
call if it shares one; that is the key under which it is kept.  The first answer recorded under a key stays, so a run
that is repeated reads the same answers, and k samples of one question stay k samples.

An abstention that is the oracle's own ("unsure", "refused") is an answer like any other.  A failure that may pass,
such as a server that timed out, is kept apart with its reason, and is asked again by the next run.

The file is an SQLite database with JSON values.  Several processes and threads may share it on one machine, and none
asks what another has under way (:mod:`causalpp.oracles._leases`); SQLite's write-ahead log does not work across a
network file system.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp.errors import FormatError, InvalidParameter
from causalpp.oracles._database import Database
from causalpp.oracles._leases import Leases
from causalpp.oracles._rows import KEY, answer_of, fields_of, identity_of, is_there, question_of, text_of, value_of
from causalpp.oracles.answer import Answer, Request

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FAILURES", "Journal", "Recorder", "failed"]

#: Reasons of an abstention that may pass; details may follow after a colon.
FAILURES = frozenset(
    {"skipped", "timed out", "no connection", "server error", "rate limited", "broken reply", "failed"}
)

_COLUMNS = "oracle, question, wording, negated, replicate, value, recorded"


def failed(answer: Answer) -> bool:
    """Whether there is no answer for a reason that may pass, so that it is worth asking again.

    >>> from causalpp import Causes
    >>> [failed(Answer(Causes("a", "b"), None, reason=reason)) for reason in ("timed out", "unsure")]
    [True, False]
    """
    return answer.value is None and answer.reason is not None and answer.reason.partition(":")[0] in FAILURES


class Journal:
    """Answers in a file.

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

    def __init__(self, path: str | os.PathLike[str], *, create: bool = True) -> None:
        self.path = Path(path).absolute()
        self._database = Database(self.path, create)
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Journal, (self.path,)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; using the journal again opens it again."""
        self._database.close()

    # --- answers in and out ---------------------------------------------------------------------------

    def get_many(self, fingerprint: str, requests: Iterable[Request]) -> dict[Request, Answer]:
        """The answers there are to some requests, put to the oracle with this fingerprint."""
        found: dict[Request, Answer] = {}
        wanted = list(requests)
        texts = {pair: text_of(*pair) for pair in {(request.question, request.call) for request in wanted}}
        with self._database.reading() as connection:
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
        with self._database.writing() as connection:
            for answer, row in rows:
                kept = connection.execute(f"SELECT value FROM answers WHERE {KEY}", row[:5]).fetchone()
                stand.append(answer if kept is None else answer_of(answer.request, answer.oracle, kept[0]))
                if kept is None:
                    connection.execute(f"DELETE FROM failures WHERE {KEY}", row[:5])
                    table = "failures" if failed(answer) else "answers"
                    connection.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return stand

    def replies(self, fingerprint: str, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
        """The replies there are to some prompts that are no questions: (digest of the prompt, replicate) → fields."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        query = "SELECT value FROM replies WHERE oracle = ? AND prompt = ? AND replicate = ?"
        with self._database.reading() as connection:
            for key in keys:
                row = connection.execute(query, (fingerprint, *key)).fetchone()
                if row is not None:
                    found[key] = fields_of(row[0])
        return found

    def put_reply(self, fingerprint: str, key: tuple[str, int], value: Mapping[str, Any]) -> None:
        """Keep a reply to a prompt that is no question; the first one stays."""
        columns = "oracle, prompt, replicate, value, recorded"
        row = (fingerprint, *key, json.dumps(dict(value)), time.time())
        with self._database.writing() as connection:
            connection.execute(f"INSERT OR IGNORE INTO replies ({columns}) VALUES (?, ?, ?, ?, ?)", row)

    def leases(self) -> Leases:
        """Who is to ask what is not there, among all the askings that share this file."""
        return Leases(self._database, is_there)

    def register(self, fingerprint: str, identity: Mapping[str, Any]) -> None:
        """Note what a fingerprint stands for."""
        if fingerprint in self._known:
            return
        row = (fingerprint, json.dumps(dict(identity), default=str), time.time())
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO oracles VALUES (?, ?, ?)", row)
        self._known.add(fingerprint)

    def _row(self, answer: Answer) -> tuple[Any, ...]:
        request = answer.request
        if not answer.oracle:
            raise InvalidParameter("an answer is kept under the fingerprint of its oracle, and this one has none")
        question = text_of(request.question, request.call)
        key = (answer.oracle, question, request.wording, bool(request.negated), request.replicate)
        return *key, value_of(answer), time.time()

    # --- what is in it --------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])

    def __iter__(self) -> Iterator[Answer]:
        """The answers, in the order in which they were recorded."""
        return self._all("answers")

    def failures(self) -> Iterator[Answer]:
        """The requests that have found no answer so far, as abstentions with their reasons."""
        return self._all("failures")

    def _all(self, table: str) -> Iterator[Answer]:
        last = 0
        while True:  # in pieces, so that no long-lasting reader keeps the log from being folded in
            with self._database.reading() as connection:
                query = f"SELECT id, {_COLUMNS} FROM {table} WHERE id > ? ORDER BY id LIMIT 1000"
                rows = connection.execute(query, (last,)).fetchall()
            if not rows:
                return
            for number, oracle, question, wording, negated, replicate, value, _ in rows:
                last = number
                asked, call = question_of(question)
                if not isinstance(oracle, str) or not all(isinstance(k, int) for k in (wording, negated, replicate)):
                    raise FormatError(f"the journal holds an answer whose place cannot be read: row {number}")
                request = Request(asked, replicate, wording, bool(negated), call)
                yield answer_of(request, oracle, value)

    @property
    def oracles(self) -> dict[str, dict[str, Any]]:
        """Fingerprint → what it stands for, of every oracle that was asked."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT fingerprint, identity FROM oracles ORDER BY recorded").fetchall()
        return {str(fingerprint): identity_of(identity) for fingerprint, identity in rows}

    def frame(self) -> pd.DataFrame:
        """The answers as a table, one row each; ``question`` is a sentence that :func:`causalpp.parse` reads."""
        from causalpp.oracles._export import frame

        return frame(self)

    def cost(self) -> pd.DataFrame:
        """For each oracle and model: how many answers and failures, tokens, money, and seconds spent waiting."""
        from causalpp.oracles._export import cost

        return cost(self)

    # --- moving and removing --------------------------------------------------------------------------

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the answers to a ``.jsonl`` file, each line an :meth:`Answer.to_dict`, or to a ``.parquet`` table.

        Raises:
            InvalidParameter: another suffix.
            FormatError: the file cannot be written.
            MissingDependency: a ``.parquet`` file, without the package pyarrow.
        """
        from causalpp.oracles._export import export

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
        with self._database.outside() as connection:
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
                if connection.execute("SELECT 1 FROM other.sqlite_master WHERE name = 'replies'").fetchone():
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
        with self._database.writing() as connection:
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


class Recorder:
    """A context that keeps answers as they come, and puts them into ``answers`` once they are on the disk.

    While one commit waits for the disk, the answers that come meanwhile share the next.  Without a journal they are
    put into ``answers`` at once.

    Raises:
        FormatError: the journal cannot be written; at the next answer, or at the end.
    """

    def __init__(self, journal: Journal | None, answers: dict[Request, Answer]) -> None:
        self._journal = journal
        self._answers = answers
        self._waiting: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._first = True

    def __enter__(self) -> Recorder:
        return self

    def __call__(self, answer: Answer) -> None:
        """Keep an answer."""
        if self._error is not None:
            raise self._error
        if self._first or self._journal is None:  # for a single answer a thread is not worth while
            self._first = False
            self._put([answer])
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="causalpp-journal", daemon=True)
            self._thread.start()
        self._waiting.put(answer)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except Exception:
            if error is None:
                raise

    def close(self) -> None:
        """Wait until everything is on the disk."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def _put(self, answers: Sequence[Answer]) -> None:
        for answer in answers if self._journal is None else self._journal.put_many(answers):
            self._answers[answer.request] = answer

    def _work(self) -> None:
        try:
            answer = self._waiting.get()
            while answer is not None:
                together = [answer]
                while (
                    not self._waiting.empty() and len(together) < 1000 and (answer := self._waiting.get()) is not None
                ):
                    together.append(answer)
                self._put(together)
                if answer is not None:
                    answer = self._waiting.get()
        except BaseException as error:
            self._error = error


def _seconds(moment: float | str | datetime) -> float:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise InvalidParameter(f"a time is written like 2026-01-31 or 2026-01-31T18:30, not {moment!r}") from None
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment)
