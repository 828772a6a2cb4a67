"""Kills under memory pressure: the kills of all arms, and their differences."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from lmkd_core.statistics.differences import PairedDifference
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
from lmkd_reports.presentation.wording import pair_name

ARM_COLUMNS = 19
KILL_WIDTHS = (6, 6, 7, 9)
EXTRA_WIDTHS = (22, 10, 5, 9)
KILLS_LEGEND = (
    "Total: mean kills per episode. Alive: apps at the end. p99: page faults of the foreground, median. "
    "Refaults: pages, median. Differences: mean over blocks (over boots, if there are three), 95 % interval, "
    "p of the sign-flip test; claimed only if both agree. Better: fewer kills. Unstalled: the same apps and "
    "demand without the stall. Extra, measured: kills minus those of the unstalled episode of the block. "
    "Replay: kills beyond the fewest that would have covered the shortage at once, from the least (if they "
    "also had to bring what was swapped out) to the most; MB: memory of all victims beyond the shortage. "
    "Premature: decided while earlier victims still held enough; overcounts."
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
                text = f"  !! {pair_name(comparison.pair)}: {FALSE_GAIN}"
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
    yield _row("arm", "n", "total", "alive", "p99 ms", "refaults")
    for arm in result.arms:
        yield from _kill_line(arm.arm, arm)
    if result.unstalled:
        yield from _kill_line("unstalled", result.unstalled)
        yield from wrapped(f"    (of {result.unstalled.arm}, without the stall)", indent="      ")
    for comparison in result.comparisons:
        yield from _kill_comparison(comparison)
    yield from _extra_lines(result)


def _row(name: str, count: object, *cells: str) -> str:
    return f"  {name:<{ARM_COLUMNS}} {count!s:>3} {_cells(cells, KILL_WIDTHS)}"


def _extra_row(name: str, *cells: str) -> str:
    return f"  {name:<{ARM_COLUMNS}} {_cells(cells, EXTRA_WIDTHS)}"


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _kill_line(name: str, arm: PressureArm) -> Iterator[str]:
    cells = (
        kills.number(arm.total),
        kills.number(arm.alive),
        kills.milliseconds(arm.fault_p99_ns),
        kills.pages(arm.refaults),
    )
    yield from wrapped(_row(name, arm.valid, *cells), indent="      ")
    for reason, number in arm.invalid:
        yield from wrapped(f"    {number} invalid: {reason}", indent="      ")


def _kill_comparison(comparison: KillComparison) -> Iterator[str]:
    again = " (the same arm again)" if comparison.is_again else ""
    yield from wrapped(f"  {comparison.candidate} - {comparison.baseline}{again}", indent="      ")
    if comparison.total is None or comparison.total.p is None:
        yield from wrapped(f"      {_without_interval(comparison)}: {comparison.verdict}", indent="        ")
        return
    says = f"      total {_ascii(comparison.total):<25} p {kills.p_value(comparison.total):<8}"
    yield from wrapped(f"{says} {comparison.verdict}", indent="      ")


def _without_interval(comparison: KillComparison) -> str:
    """The result where too few blocks are complete."""
    if comparison.total is None:
        return "no block with a valid episode of both"
    return f"total {_ascii(comparison.total)}, {kills.missing_blocks(comparison.total)}"


def _extra_lines(result: PressureResult) -> Iterator[str]:
    """Extra kills, measured and by the replay."""
    yield _extra_row("extra kills", "measured", "replay", "MB", "premature")
    for arm in result.arms:
        cells = (
            _ascii(arm.extra),
            kills.replayed(arm),
            kills.excess_mb(arm),
            kills.number(kills.premature_total(arm)),
        )
        yield from wrapped(_extra_row(arm.arm, *cells), indent="      ")


def _ascii(paired: PairedDifference | None) -> str:
    return kills.difference(paired).replace(kills.MINUS, "-")
