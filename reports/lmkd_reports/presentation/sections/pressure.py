"""Kills under memory pressure: the kills of all arms, and their differences."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.format.names import situation_details
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.wording import FALSE_GAIN

ARM_COLUMNS = 19
KILL_WIDTHS = (6, 6, 6, 9, 6)
KILLS_LEGEND = (
    "Total: mean kills per episode. Needed: the fewest kills that would have covered the shortage if "
    "their memory had come back at once; extra: the others. Premature: decided while earlier victims "
    "still held enough to cover the shortage; overcounts. Alive: apps at the end. p99: page faults of the "
    "foreground, median. Differences: mean over blocks, 95 % bootstrap interval, p of the sign-flip test; "
    "claimed only if both agree. Better: fewer kills."
)


class PressureSection(Section):
    name = "pressure"
    title = "Kills under pressure"

    def is_shown(self, page: Page) -> bool:
        return page.has_pressure

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        for pair in kills.pairs_of(device.pressure):
            yield from wrapped(f"   {kills.headline(device.pressure, pair)}", indent="     ")

    def body(self, device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
        for result in device.pressure:
            yield from _pressure(result)
            for comparison in result.false_gains:
                text = f"  !! {comparison.candidate} against {comparison.baseline}: {FALSE_GAIN}"
                yield from wrapped(text, indent="     ")

    def legends(self, analysis: Analysis) -> Iterator[str]:
        if analysis.has_kills:
            yield from wrapped(KILLS_LEGEND)


def _pressure(result: PressureResult) -> Iterator[str]:
    situation = result.situation
    yield ""
    yield from wrapped(f"-- {situation_name(situation)}: {kills.title(situation)}", indent="   ")
    yield from wrapped(f"   ({situation_details(situation)})", indent="   ")
    if kills.expectation(situation):
        yield from wrapped(f"   Expected: {kills.expectation(situation)}", indent="   ")
    yield f"  {'arm':<{ARM_COLUMNS}} {'n':>3}  total needed  extra premature  alive  p99 ms"
    for arm in result.arms:
        yield from _kill_line(arm)
    for comparison in result.comparisons:
        yield from _kill_comparison(comparison)


def _kill_line(arm: PressureArm) -> Iterator[str]:
    counts = (arm.total, arm.needed, arm.extra, kills.premature_total(arm), arm.alive)
    numbers = " ".join(
        f"{kills.number(count):>{width}}" for count, width in zip(counts, KILL_WIDTHS, strict=True)
    )
    p99 = kills.milliseconds(arm.fault_p99_ns)
    yield from wrapped(f"  {arm.arm:<{ARM_COLUMNS}} {arm.valid:>3} {numbers}  {p99:>6}", indent="      ")
    for reason, number in arm.invalid:
        yield from wrapped(f"    {number} invalid: {reason}", indent="      ")


def _kill_comparison(comparison: KillComparison) -> Iterator[str]:
    again = " (the same arm again)" if comparison.is_again else ""
    yield from wrapped(f"  {comparison.candidate} - {comparison.baseline}{again}", indent="      ")
    if comparison.total is None or comparison.total.p is None:
        yield from wrapped(f"      {_without_interval(comparison)}: {comparison.verdict}", indent="        ")
        return
    rows = (
        ("total", comparison.total, comparison.verdict),
        ("extra", comparison.extra, comparison.extra_verdict),
    )
    for name, paired, verdict in rows:
        shown = kills.difference(paired).replace(kills.MINUS, "-")
        says = f"      {name} {shown:<25} p {kills.p_value(paired):<8}"
        yield from wrapped(f"{says} {verdict}", indent="      ")


def _without_interval(comparison: KillComparison) -> str:
    """The result where too few blocks are complete."""
    if comparison.total is None:
        return "no block with a valid episode of both"
    total, extra = (
        kills.difference(paired).replace(kills.MINUS, "-") for paired in (comparison.total, comparison.extra)
    )
    return f"total {total}, extra {extra}, {kills.missing_blocks(comparison.total)}"
