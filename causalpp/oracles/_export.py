"""A journal as a table, as a file for other programs, and as a bill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import check_target, replaced
from causalpp.errors import InvalidParameter, MissingDependency
from causalpp.language import Reply
from causalpp.oracles.answer import Answer, finite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cost", "export", "frame"]

_COLUMNS = (
    "oracle", "kind", "question", "wording", "negated", "replicate", "answer", "log_odds", "captured", "reason", "text",
    "model", "tokens_in", "tokens_out", "cost", "latency", "time", "call",
)  # fmt: skip
_SUMS = ("answers", "yes", "no", "abstain", "failures", "replies", "tokens_in", "tokens_out", "cost", "seconds")
_BLOCK = 5_000


def frame(answers: Iterable[Answer]) -> pd.DataFrame:
    """See :meth:`Journal.frame`."""
    import pandas as pd

    return pd.DataFrame([_row(answer) for answer in answers], columns=pd.Index(_COLUMNS))


def cost(
    answers: Iterable[Answer], replies: Iterable[tuple[str, Reply]], known: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """See :meth:`Journal.cost`."""
    import pandas as pd

    sums: dict[tuple[str, str | None], dict[str, Any]] = {}

    def paid(oracle: str, what: Answer | Reply, *counts: str) -> None:
        start: dict[str, Any] = dict.fromkeys(_SUMS, 0) | {"cost": 0.0, "seconds": 0.0}
        row = sums.setdefault((oracle, what.model), start)
        for name in counts:
            row[name] += 1
        for name in ("tokens_in", "tokens_out", "cost"):
            row[name] += getattr(what, name)
        row["seconds"] += what.latency

    for answer in answers:
        paid(answer.oracle, answer, *(("failures",) if answer.failed else ("answers", answer.word)))
    for oracle, reply in replies:
        paid(oracle, reply, "replies")
    rows = [
        {"oracle": oracle, "kind": known.get(oracle, {}).get("kind"), "model": model} | row
        for (oracle, model), row in sums.items()
    ]
    return pd.DataFrame(rows, columns=pd.Index(["oracle", "kind", "model", *_SUMS]))


def export(answers: Iterable[Answer], path: Path) -> Path:
    """See :meth:`Journal.export`."""
    if path.suffix.lower() not in (".jsonl", ".parquet"):
        raise InvalidParameter(f"cannot export to {str(path)!r}: its name must end in .jsonl or .parquet")
    check_target(path)
    if path.suffix.lower() == ".jsonl":
        with replaced(path) as file:
            for answer in answers:
                file.write(json.dumps(finite(answer.to_dict())).encode() + b"\n")
        return path
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise MissingDependency("a .parquet file needs pyarrow: pip install pyarrow; .jsonl needs nothing") from None
    kinds = {"wording": pa.int64(), "negated": pa.bool_(), "replicate": pa.int64(), "tokens_in": pa.int64()}
    kinds |= {"tokens_out": pa.int64()} | dict.fromkeys(
        ("log_odds", "captured", "cost", "latency", "time"), pa.float64()
    )
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in _COLUMNS])
    with replaced(path) as file, pq.ParquetWriter(file, schema) as writer:
        block: list[dict[str, Any]] = []
        for answer in answers:
            block.append(_row(answer))
            if len(block) == _BLOCK:
                writer.write_table(pa.Table.from_pylist(block, schema))
                block = []
        writer.write_table(pa.Table.from_pylist(block, schema))
    return path


def _row(answer: Answer) -> dict[str, Any]:
    question = answer.question
    values = {"kind": type(question).__name__, "question": question.sentence(), "answer": answer.word}
    return {name: _storable(values[name] if name in values else getattr(answer, name)) for name in _COLUMNS}


def _storable(value: Any) -> Any:
    """Text without halves of surrogate pairs, which no other program would read."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
