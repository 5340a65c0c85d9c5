"""Ratios instead of seconds: at the end, each measurement of a group beside the peers of that group.

A test says how many items one call works through in ``extra_info["items"]`` (1 if left out), and a peer
library marks itself with ``extra_info["peer"] = True``.
"""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Print how many times faster than its peers each measurement of a group was, item by item."""
    session = getattr(config, "_benchmarksession", None)
    groups: dict[str, list[Any]] = {}
    for bench in session.benchmarks if session else []:
        if not bench.has_error:
            groups.setdefault(bench.group or bench.name, []).append(bench)
    compared = {name: group for name, group in groups.items() if any(b.extra_info.get("peer") for b in group)}
    if compared:
        terminalreporter.section("ratios, per item, fastest rounds")
    for name, group in compared.items():
        terminalreporter.write_line(name)
        peers = [b for b in group if b.extra_info.get("peer")]
        for ours in (b for b in group if not b.extra_info.get("peer")):
            for peer in peers:
                ratio = seconds(peer) / seconds(ours)
                terminalreporter.write_line(f"  {ours.name}: {ratio:,.1f} × as fast as {peer.name}")


def seconds(bench: Any) -> float:
    """Seconds an item, in the fastest round."""
    return float(bench.stats.min) / float(bench.extra_info.get("items", 1))
