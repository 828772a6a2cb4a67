"""Stratum by stratum: the times of all arms, and their ratios."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import Count
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import Spread
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.format import units
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.names import stratum_origin
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import COLUMNS
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import differences
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.wording import false_gain

ARM_COLUMNS = 19
LEGEND = (
    "Median ms since the kill until 50, 90 and 99 % of the victim's memory was back, and until "
    "its pidfd was readable (exit). ESRCH: how often process_mrelease came too late, and the 95 % "
    "interval of that share in percent. Late: trials whose memory was not 90 % back within lmkd's "
    "patience. Ratios: median over blocks of the 90 % times within a block, with an interval of at "
    "least 95 %; two groups: an arm's times lie in two groups far apart, so no single ratio describes "
    "them. Mean: difference of the mean times up to the timeout, with a 95 % interval. A difference is "
    "claimed if p is at most 0.05: of a sign-flip test of the differences in a block, or in a boot if there "
    "are six (three to five boots: Student's t). Points: of the shares of late trials."
)
CONTROL_LEGEND = (
    "Controls: the flag cannot gain over kill+mrelease there. If nothing differs, chance claims a gain in at "
    "most one of forty."
)
COST_LEGEND = (
    "Torn down by: the context of exit_mmap, by number of trials. Busy after release: median ms for which "
    "the teardown kept the stall busy. Reaping call: median ms of process_mrelease."
)


class StrataSection(Section):
    name = "strata"
    title = "Stratum by stratum"
    rank = 0

    def is_shown(self, page: Page) -> bool:
        return page.analysis.has_times

    def body(self, device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
        for scenario, strata in groupby(device.strata, lambda result: result.stratum.scenario):
            yield from _meaning(scenario)
            for stratum in strata:
                yield from _stratum(stratum, notes)

    def legends(self, analysis: Analysis) -> Iterator[str]:
        strata = [stratum for device in analysis.devices for stratum in device.strata]
        if analysis.has_times:
            yield from wrapped(LEGEND)
        if any(stratum.stratum.is_control for stratum in strata):
            yield from wrapped(CONTROL_LEGEND)
        if any(arm.has_teardown for stratum in strata for arm in stratum.arms):
            yield from wrapped(COST_LEGEND)


def _meaning(scenario: str) -> Iterator[str]:
    known = meaning(scenario)
    if known.title:
        yield ""
        yield from wrapped(f"-- {scenario}: {known.title}", indent="   ")
    if known.expectation:
        yield from wrapped(f"   Expected: {known.expectation}", indent="   ")


def _stratum(result: StratumResult, notes: Notes) -> Iterator[str]:
    yield ""
    yield from wrapped(f"{stratum_name(result.stratum)} ({stratum_origin(result.stratum)})", indent="  ")
    times = " ".join(f"{name:>6}" for name in ("50 %", "90 %", "99 %", "exit"))
    yield f"  {'arm':<{ARM_COLUMNS}} {'n':>3} {times}  ESRCH  in %"
    for arm in result.arms:
        yield from _arm(arm, notes)
    yield from _comparisons(result, notes)
    yield from _costs(result)


def _comparisons(result: StratumResult, notes: Notes) -> Iterator[str]:
    """A line each; a single one where nothing could be compared, and always for the same reason."""
    absent = {arm.arm for arm in result.arms if arm.missing}
    present = [
        comparison
        for comparison in result.comparisons
        if not {comparison.candidate, comparison.baseline} & absent
    ]
    results = {(comparison.verdict, comparison.remarks) for comparison in present}
    if len(present) > 1 and len(results) == 1 and not any(comparison.is_judged for comparison in present):
        yield from _with_marks(f"  {'all ratios':<27} {present[0].verdict}", notes.refer(present[0].remarks))
        return
    for comparison in present:
        yield from _comparison(comparison, notes)
        if comparison in result.false_gains:
            yield from wrapped(f"  !! {false_gain(result)}", indent="     ")


def _arm(arm: ArmResult, notes: Notes) -> Iterator[str]:
    times = (arm.reclaim_50_ns, arm.reclaim_90_ns, arm.reclaim_99_ns, arm.exit_ns)
    numbers = " ".join(f"{_median(spread):>6}" for spread in times)
    esrch = f"{arm.esrch.count}/{arm.esrch.total}" if arm.esrch else "-"
    interval = units.share_interval(arm.esrch).replace(" to ", "-").removesuffix(" %") if arm.esrch else ""
    missing = (arm.missing,) if arm.missing else ()
    line = f"  {arm.arm:<{ARM_COLUMNS}} {arm.valid:>3} {numbers} {esrch:>6} {interval:>6}".rstrip()
    yield from _with_marks(line, notes.refer((*missing, *arm.notes)))


def _costs(result: StratumResult) -> Iterator[str]:
    """Who tore the memory down and what it cost, a line a question that a record answers."""
    costs = {
        "torn down by": _torn_down_by(result),
        "busy after release": {
            arm.arm: _median(arm.stall_late_ns) for arm in result.arms if arm.stall_late_ns
        },
        "reaping call": {arm.arm: _median(arm.reap_call_ns) for arm in result.arms if arm.reap_call_ns},
    }
    for name, answers in costs.items():
        if answers:
            text = "; ".join(f"{arm} {answer}" for arm, answer in answers.items())
            yield from wrapped(f"  {name}: {text}", indent="      ")


def _torn_down_by(result: StratumResult) -> dict[str, str]:
    tallies = {arm.arm: _tally(arm.torn_down_by) for arm in result.arms if arm.torn_down_by}
    names = {name for arm in result.arms for name, _ in arm.torn_down_by}
    return {names.pop(): "in every trial"} if len(names) == 1 else tallies


def _tally(counts: tuple[Count, ...]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts)


def _median(spread: Spread | None) -> str:
    """``7.1``, ``>3000``, or ``<8.3`` for want of room if samples were lost before it was seen."""
    text = units.ms(spread.median if spread else None).replace("> ", ">")
    return f"<{text.partition(' to ')[2]}" if " to " in text else text


def _comparison(comparison: Comparison, notes: Notes) -> Iterator[str]:
    pair = f"  {comparison.candidate} / {comparison.baseline}"
    marks = notes.refer(comparison.remarks)
    if not comparison.is_judged:
        yield from _with_marks(f"{pair:<29} {comparison.verdict}", marks)
        return
    numbers = differences.ratio_with_interval(comparison)
    line = f"{pair:<29} {numbers:<22} {comparison.verdict}"
    if len(line) > COLUMNS:
        yield from wrapped(pair, indent="      ")
        line = f"      {numbers:<22} {comparison.verdict}"
    yield from _with_marks(line, marks)
    for details in differences.lines(comparison):
        yield from wrapped(f"      {details}", indent="        ")


def _with_marks(line: str, marks: list[int]) -> Iterator[str]:
    marked = line + "".join(f" [{mark}]" for mark in marks)
    yield from [marked] if len(marked) <= COLUMNS else wrapped(marked, indent="      ")
