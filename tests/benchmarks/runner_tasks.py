"""Tasks that do what a study can do: count, fail, wait, and kill the process they are in."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from causalpp.benchmarks import Outcome, Study
from causalpp.errors import InvalidData, OracleError


@dataclass(frozen=True)
class Settings:
    units: int = 10
    bad: tuple[int, ...] = ()
    marks: str = ""
    seconds: float = 0.0
    deaths: int = 1_000_000


def plan(settings: Settings, seed: int) -> Iterator[Mapping[str, Any]]:
    for number in range(settings.units):
        yield {
            "number": number,
            "seed": seed,
            "bad": number in settings.bad,
            "marks": settings.marks,
            "seconds": settings.seconds,
            "deaths": settings.deaths,
        }


def mark(p: Mapping[str, Any]) -> int:
    """Leave a mark of having been carried out; how many there are now."""
    if not p["marks"]:
        return 0
    path = Path(p["marks"]) / str(p["number"])
    with path.open("a") as file:
        file.write("x")
    return path.stat().st_size


def row(p: Mapping[str, Any]) -> dict[str, Any]:
    return {"number": p["number"], "variables": p["number"] % 5, "square": p["number"] ** 2, "right": not p["bad"]}


def drawing(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    total = torch.rand(500, 500).sum()  # over several threads its last digits would differ
    draws = random.random(), float(np.random.random()), float(torch.rand(())), float(total)  # noqa: NPY002
    return [{**row(p), **{f"draw{i}": value for i, value in enumerate(draws)}}]


def dying(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    if p["bad"] and mark(p) <= p["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return [row(p)]


def failing(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    mark(p)
    if p["bad"]:
        raise InvalidData("this one cannot be done")
    return [row(p)]


def stumbling(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    if mark(p) < 3:
        raise OSError("not yet")
    return [row(p)]


def unreachable(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    mark(p)
    if p["bad"]:
        raise OracleError("the server is down")
    return [row(p)]


def interrupted(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    if p["bad"] and mark(p) == 1:
        raise KeyboardInterrupt
    return [row(p)]


def bulky(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"number": p["number"], "text": f"{p['number']:08d}" * 5000}]


under_way: list[int] = []


def waiting(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    time.sleep(p["seconds"])
    return [row(p)]


async def waiting_async(p: Mapping[str, Any]) -> Outcome:
    under_way.append(1)
    most = len(under_way)
    await asyncio.sleep(p["seconds"])
    under_way.pop()
    mark(p)
    if p["bad"]:
        raise OracleError("the server is down")
    return Outcome((row(p),), {"most": float(most)})


def study(name: str, work: Any, **options: Any) -> Study:
    return Study(f"runner_tasks:{name}", 1, Settings, plan, work, **options)


DRAWING = study("DRAWING", drawing)
DYING = study("DYING", dying)
FAILING = study("FAILING", failing)
STUMBLING = study("STUMBLING", stumbling)
UNREACHABLE = study("UNREACHABLE", unreachable)
INTERRUPTED = study("INTERRUPTED", interrupted)
BULKY = study("BULKY", bulky)
WAITING = study("WAITING", waiting, work_async=waiting_async, waits=lambda p: True)
SLEEPING = study("SLEEPING", waiting)
