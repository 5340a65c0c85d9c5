"""``causalpp record``: what a language model says about pairs of variables, kept in a file to answer from."""

from __future__ import annotations

import datetime
import hashlib
import json as json_text
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp._files import check_target, read_text, write_text
from causalpp.cli import options
from causalpp.cli.show import console, print_json
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    from causalpp.language import Backend

__all__ = ["record"]

_WEIGHTS = (".gguf", ".safetensors", ".bin")


@options.grouped
def record(
    command: typer.Context,
    chosen: options.ChosenOracle,
    network: Annotated[list[str], typer.Option("--network", help="A network that ships (repeatable): asia, …")],
    out: Annotated[Path, typer.Option("--out", help="The file of JSON lines; how it was made goes beside it.")],
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="In which words (repeatable): short and prod:plain:pos unless said."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What the file calls the model; its own name unless said.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="The file a server runs, for its hash.", show_default=False)
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option("--pairs", min=1, help="So many of each network at most, its edges first; all unless said."),
    ] = None,
    keep_cache: Annotated[
        bool, typer.Option("--keep-cache", help="Do not ask the server to forget the prompt before.")
    ] = False,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Record what a language model says, in both directions of each pair; started again, it goes on."""
    from causalpp.oracles import record as recorded

    check_target(out)
    chosen = replace(chosen, seed=seed, quiet=json)
    if not chosen.is_language:
        raise InvalidParameter("only language models are recorded: say --oracle transformers, openai or anthropic")
    if out.suffix != ".jsonl":
        raise InvalidParameter(f"the file has lines of JSON and is called ….jsonl, not {out.name!r}")
    programs = {name: cpp.load_network(name) for name in dict.fromkeys(network)}
    hashed = _hashes(weights or Path(str(chosen.model)))
    oracle = chosen.language(None, None, chosen.open_journal())
    cache = _cache(oracle.backend, keep_cache)
    called = name or Path(str(chosen.model)).stem
    found = recorded(
        oracle.asker(), called, programs, out, prompts=prompt or ("short", "prod:plain:pos"), most=pairs, seed=seed,
        progress=not json,
    )  # fmt: skip
    about = out.with_suffix(".about.json")
    told = {
        "model": called,
        "weights": hashed,
        "backend": dict(oracle.backend.identity),
        "engine": _versions(oracle.backend),
        "temperature": oracle.sampling.temperature,
        "prefix_cache": cache,
        **asdict(found),
        "pairs": {name: {"asked": asked, "of": of} for name, (asked, of) in found.pairs.items()},
        "command": options.command_of(command, "journal", "concurrency"),
        "date": datetime.date.today().isoformat(),
    }
    write_text(about, json_text.dumps(_joined(about, told), ensure_ascii=False, indent=1, default=str) + "\n")
    if json:
        print_json(told)
        return
    console.print(f"{found.answers:,} answers in {out}, {found.new:,} of them new; how they were made in {about}")
    if found.repeated is not None:
        console.print(f"prompts put again, in another order: log-odds moved by {found.repeated:.3g} at most")


def _cache(backend: Backend, keep: bool) -> str:
    """Have a server forget the prompt before, and say what was done about it.

    What a server keeps of a prompt moves the log-odds of the next one, also at temperature 0.
    """
    if backend.batched:
        return "none: the model runs in this process"
    extra: Any = getattr(backend, "extra", None)
    if keep or extra is None or backend.name != "openai":
        return "not switched off"
    extra.setdefault("cache_prompt", False)
    return f"asked for by cache_prompt: {extra['cache_prompt']}".lower()


def _hashes(path: Path) -> dict[str, str]:
    """File → its SHA-256, of the weights in a folder or of one file; empty where the weights are elsewhere."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    out = {}
    for file in files:
        if file.is_file() and file.suffix in _WEIGHTS:
            with file.open("rb") as opened:
                out[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return out


def _versions(backend: Backend) -> dict[str, str]:
    """What computed the answers: of a server only the client is known."""
    from importlib.metadata import PackageNotFoundError, version

    out = {}
    for package in ("causalpp", *(("transformers", "torch") if backend.batched else (backend.name,))):
        with suppress(PackageNotFoundError):
            out[package] = version(package)
    return out


def _joined(path: Path, run: dict[str, Any]) -> dict[str, Any]:
    """What stands beside a file of answers: how each part of it came about, also of runs that were stopped."""
    try:
        runs: list[Any] = list(json_text.loads(read_text(path))["runs"]) if path.exists() else []
        run["new"] = run["answers"] - sum(int(before["new"]) for before in runs)
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"{str(path)!r} does not say how answers were recorded: move it out of the way") from None
    return {"format": "causalpp.answers", "version": 1, "runs": [*runs, run] if run["new"] else runs}
