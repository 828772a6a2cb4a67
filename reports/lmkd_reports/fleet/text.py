"""A fleet on the terminal: one line per stratum and pair of arms, in printable ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from lmkd_reports.fleet.page import groups
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.format.plain import wrapped


def fleet_text(title: str, fleet: FleetResults, notes: Sequence[str]) -> str:
    """In at most 72 columns. ``notes`` as of ``render_fleet``."""
    lines = [
        f"pytest-lmkd: {fleet.devices:,} devices, {title}",
        f"{fleet.counted:,} valid trials and episodes, {fleet.invalid:,} invalid, {fleet.kill_count:,} kills",
    ]
    for group in groups(fleet):
        lines.append(f"{group.where}: {group.pair}: {group.tally}")
    lines += notes
    lines += [f"not used: {problem}" for problem in fleet.problems]
    return "".join(f"{text}\n" for line in lines for text in wrapped(line, "    "))
