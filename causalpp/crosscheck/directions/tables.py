"""A comparison as text that fits into eighty columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from causalpp.crosscheck.calibration import counted
from causalpp.crosscheck.directions.scores import DirectionScores
from causalpp.crosscheck.estimates import Estimate
from causalpp.errors import InvalidData

if TYPE_CHECKING:
    from causalpp.crosscheck.directions.carried import HeldOut
    from causalpp.crosscheck.directions.result import DirectionCalibration

__all__ = ["key", "text"]

_WIDTH = 79
_HEAD, _CELL, _ABREAST = 22, 17, 3  # of the first column, of the others, and how many of these stand side by side


def key(place: int) -> str:
    """The letter that stands for a model in a table or figure: A, …, Z, A2, …."""
    return ascii_uppercase[place % 26] + (str(place // 26 + 1) if place >= 26 else "")


def text(found: DirectionCalibration) -> str:
    """The table: who was asked, every measure with its interval, and the paired differences."""
    scores = [found.of(model) for model in found.models]
    fullest = max(scores, key=lambda one: one.pairs)
    lines = _wrapped(f"{_count(len(found.networks), 'network')}: {', '.join(found.networks)}")
    for place, model in enumerate(found.models):
        prompts = int(found.frame.loc[found.frame["model"] == model, "prompts"].sum())
        said = (
            f"{key(place)}  {model}: {_count(len(scores[place].frame), 'pair')} answered by {_count(prompts, 'prompt')}"
        )
        failures = found.about[model].get("failures")
        lines += _wrapped(said + (f"; failed: {counted(failures)}" if failures else ""))
        if "stopped" in found.about[model]:
            lines += _wrapped(f"   stopped: {found.about[model]['stopped']}")
    for first in range(0, len(scores), _ABREAST):
        block = list(enumerate(scores))[first : first + _ABREAST]
        lines += ["", _line("", [key(place) for place, _ in block])]
        for head, cell in _rows(fullest):
            cells = [cell(one) for _, one in block]
            if any(cells):
                lines.append(_line(head, cells))
    if len(scores) > 1:
        lines += ["", "paired differences, on pairs that both answered"]
        at = {model: key(place) for place, model in enumerate(found.models)}
        apart = [two for two, measured in found.differences.items() if math.isnan(measured["accuracy"].value)]
        compared = {two: measured for two, measured in found.differences.items() if two not in apart}
        for number, ((one, two), measured) in enumerate(compared.items()):
            if number == 10:
                lines.append(f"… and {len(compared) - 10} more, in the JSON")
                break
            a, b = at[one], at[two]
            exact = measured["accuracy"]
            only = f"only {a} right {exact.only_first}, only {b} {exact.only_second}"
            lines.append(f"{a} − {b}  right directions  {measured['accuracy']}")
            lines.append(f"       {only}: McNemar's p = {exact.mcnemar:.2g}")
            lines.append(f"       AUC               {measured['area']}")
        if apart:
            lines += _wrapped("no pair in common: " + ", ".join(f"{at[a]} − {at[b]}" for a, b in apart))
    lines += _gains(found)
    lines.append("")
    refused: dict[str, list[str]] = {}
    for place, score in enumerate(scores):
        refused.setdefault(_refusal(score), []).append(key(place))
    for refusal, letters in refused.items():
        who = "" if len(letters) == len(scores) else f" ({', '.join(letters)})"
        lines += _wrapped(f"not calibrated{who}: {refusal}" if refusal else "")
    rules = ", ".join(f"{rule} {share:.2f}" for rule, share in found.leaks.items())
    lines += _wrapped(f"right by the names alone: {rules}")
    lines += _wrapped(
        f"{found.level:.0%} intervals: pairs that share a variable may err together, and so may those of one network "
        "where there are five of like size; McNemar's test takes pairs for independent"
    )
    return "\n".join(lines)


def _gains(found: DirectionCalibration) -> list[str]:
    """Network by network, what the answers tell of the whole graph."""
    own: dict[str, dict[str, HeldOut]] = {}
    for model in found.models:
        try:
            own[model] = {one.network: one for one in found.held_out(model)}
        except InvalidData:
            own[model] = {}
    networks = [name for name in found.networks if any(name in gains for gains in own.values())]
    if not networks:
        return []
    lines = ["", "bits of the true graph over its class (members), by a prior of the others"]
    for first in range(0, len(own), _ABREAST):
        block = list(own.values())[first : first + _ABREAST]
        if not any(block):
            continue
        if len(own) > 1:
            lines.append(_line("", [key(first + k) for k in range(len(block))]))
        for name in networks:
            members = next(gains[name].members for gains in own.values() if name in gains)
            head = textwrap.shorten(name, _HEAD - 9, placeholder="…") + f" ({members:,})"
            lines.append(_line(head, [f"{gains[name].bits:+.2f}" if name in gains else "" for gains in block]))
        if len(networks) > 1:
            means = [[one.bits for one in gains.values()] for gains in block]
            lines.append(_line("mean", [f"{sum(bits) / len(bits):+.2f}" if bits else "" for bits in means]))
    return lines


def _rows(first: DirectionScores) -> list[tuple[str, Callable[[DirectionScores], str]]]:
    def left_out(name: str) -> Callable[[DirectionScores], str]:
        def cell(one: DirectionScores) -> str:
            try:
                return _number(getattr(one.calibrated, name))
            except InvalidData:
                return ""

        return cell

    return [
        ("pairs with a direction", lambda one: f"{one.pairs:,}"),
        ("right directions", lambda one: _estimate(one.accuracy)),
        (f"  one step ({first.count(1)})", lambda one: _estimate(one.at_distance(1))),
        (f"  two steps ({first.count(2)})", lambda one: _estimate(one.at_distance(2))),
        (f"  three or more ({first.count(3)})", lambda one: _estimate(one.at_distance(3))),
        (f"  open edges ({first.count()})", lambda one: _estimate(one.open_edges)),
        ("AUC of directions", lambda one: _estimate(one.area)),
        ("AUC of 'a causes b'", lambda one: _estimate(one.area_causes)),
        ("right words", lambda one: _estimate(one.words)),
        ("  yes where true", lambda one: _estimate(one.sensitivity)),
        ("  no where false", lambda one: _estimate(one.specificity)),
        ("R² of positions", lambda one: _number(one.positions.answers)),
        ("  of the truth", lambda one: _number(one.positions.truth)),
        ("  of the errors", lambda one: _number(one.positions.errors)),
        ("  right directions", lambda one: _number(one.positions.direction)),
        ("calibrated: Brier", left_out("brier")),
        ("  ECE", left_out("error")),
        ("  bits over ½", left_out("bits")),
        ("  on open edges", left_out("bits_open")),
    ]


def _refusal(one: DirectionScores) -> str:
    try:
        _ = one.calibrated
    except InvalidData as error:
        return str(error)
    return ""


def _estimate(found: Estimate) -> str:
    return "" if math.isnan(found.value) else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _line(head: str, cells: Sequence[str]) -> str:
    return (head.ljust(_HEAD) + "".join(f"  {cell:<{_CELL}}" for cell in cells)).rstrip()


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent="   ", break_on_hyphens=False)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
