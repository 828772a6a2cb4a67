"""A fleet on the terminal: one line per stratum and pair of arms, in printable ASCII."""

from __future__ import annotations

from lmkd_reports.fleet.page import groups
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.format.plain import wrapped


def fleet_text(title: str, fleet: FleetResults) -> str:
    """In at most 72 columns."""
    lines = [
        f"pytest-lmkd: {len(fleet.models):,} devices, {title}",
        f"{fleet.counted:,} valid trials and episodes, {fleet.invalid:,} invalid, {fleet.kill_count:,} kills",
    ]
    for group in groups(fleet):
        lines.append(f"{group.where}: {group.pair}: {group.tally}")
    lines += [f"not used: {problem}" for problem in fleet.problems]
    return "".join(f"{text}\n" for line in lines for text in wrapped(line, "    "))
