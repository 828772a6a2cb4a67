"""``summary.txt``: the numbers in at most 72 columns of ASCII, for the body of a mail."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby

from lmkd_core.records.case import CaseRecord
from lmkd_core.records.stratum import Stratum
from lmkd_reports.analysis.cases import Conformance
from lmkd_reports.analysis.cases import is_broken
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import Count
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import Spread
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.observed import Observed
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.names import situation_details
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.names import stratum_origin
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import COLUMNS
from lmkd_reports.format.plain import plain
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import cases
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import observed
from lmkd_reports.presentation.wording import FALSE_GAIN
from lmkd_reports.presentation.wording import control_headline
from lmkd_reports.presentation.wording import device_comparisons
from lmkd_reports.presentation.wording import device_line
from lmkd_reports.presentation.wording import false_gain
from lmkd_reports.presentation.wording import headline
from lmkd_reports.presentation.wording import meter
from lmkd_reports.presentation.wording import noise_floor
from lmkd_reports.presentation.wording import told_pairs
from lmkd_reports.presentation.wording import unsteady

ARM_COLUMNS = 19
VERDICT_COLUMNS = 19
RATIO_COLUMNS = 6
LEGEND = (
    "Median ms since the kill until 50, 90 and 99 % of the victim's memory was back, and until "
    "its pidfd was readable (exit). ESRCH: how often process_mrelease came too late, and the 95 % "
    "interval of that share in percent. Ratios: median over blocks of the 90 % times within a "
    "block, with an interval of at least 95 %. A difference is claimed only when the whole interval "
    "lies on one side of 1."
)
PRESSED = "which kills under memory pressure were extra"
KILL_WIDTHS = (6, 6, 6, 9, 6)
KILLS_LEGEND = (
    "Total: kills, mean an episode. Needed: as many of them as bring what was lacking, had their memory "
    "come at once; extra: the others. Premature: decided while earlier victims still held as much as was "
    "lacking; overcounts. Alive: apps at the end. p99: of the foreground's page faults, median. "
    "Differences: mean over blocks, 95 % bootstrap interval, p of the sign-flip test; claimed only when both "
    "agree. Better: fewer kills."
)
OBSERVED = "what the device's own lmkd does"
ANSWERED = "what process_mrelease answers"
CONTROL_LEGEND = (
    "Controls: the flag cannot gain over kill+mrelease there. Where nothing differs, chance claims "
    "a gain in at most one of forty."
)
COST_LEGEND = (
    "Torn down by: who ran exit_mmap, by number of trials. Busy after release: median ms for which "
    "what held the memory was kept busy by the teardown. Reaping call: median ms of process_mrelease."
)


def render_summary(analysis: Analysis) -> str:
    notes = Notes()
    lines = list(_lines(analysis, notes))
    return "\n".join(plain(line).rstrip() for line in lines) + "\n"


def _lines(analysis: Analysis, notes: Notes) -> Iterator[str]:
    yield f"pytest-lmkd: {_about(analysis)}"
    for info in analysis.runs:
        seed = f", seed {info.seed}" if analysis.tells_times or analysis.tells_kills else ""
        yield from wrapped(f"run {info.run_id}, started {info.started_utc}{seed}")
    if analysis.tells_times:
        yield from wrapped(
            f"trials: {analysis.planned} planned, {analysis.recorded} recorded, {analysis.valid} valid"
        )
    if analysis.tells_kills:
        yield from wrapped(
            f"episodes: {analysis.planned_episodes} planned, {analysis.recorded_episodes} recorded, "
            f"{analysis.valid_episodes} valid"
        )
    if analysis.warmups:
        yield from wrapped(f"{analysis.warmups} more to warm up, kept but not counted")
    for device in analysis.devices:
        yield from _device(device, analysis, notes)
    yield ""
    if analysis.tells_times:
        yield from wrapped(LEGEND)
    yield from _further_legends(analysis)
    if notes.texts:
        yield ""
    for number, text in enumerate(notes.texts, start=1):
        yield from wrapped(f"[{number}] {text}", indent="    ")
    if analysis.problems:
        yield ""
        yield "Not used:"
    for problem in analysis.problems:
        yield from wrapped(f"  {problem}", indent="    ")


def _about(analysis: Analysis) -> str:
    if analysis.tells_times:
        return "how long until a killed process's memory is back"
    if analysis.tells_kills:
        return PRESSED
    return OBSERVED if analysis.tells_apps else ANSWERED


def _device(device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
    yield ""
    yield from wrapped(f"== {device.name}", indent="   ")
    yield from wrapped(f"   {device_line(device)}", indent="   ")
    yield from wrapped(f"   {meter(device)}", indent="     ")
    for pair in told_pairs(device, analysis) if analysis.tells_times else ():
        yield from wrapped(f"   {headline(device, pair)}", indent="     ")
    yield from wrapped(f"   {control_headline(device)}", indent="     ")
    yield from wrapped(f"   {noise_floor(device)}", indent="     ")
    yield from wrapped(f"   {unsteady(device)}", indent="     ")
    for pair in kills.pairs_of(device.pressure):
        yield from wrapped(f"   {kills.headline(device.pressure, pair)}", indent="     ")
    if device.conformance:
        yield from _conformance(device.conformance)
    for skip in device.skips:
        yield from wrapped(f"   skipped: {skip.what} {skip.name} ({skip.reason})", indent="     ")
    yield from _overview(device, analysis)
    for scenario, strata in groupby(device.strata, lambda result: result.stratum.scenario):
        yield from _meaning(scenario)
        for stratum in strata:
            yield from _stratum(stratum, notes)
    for result in device.pressure:
        yield from _pressure(result)
        for comparison in result.false_gains:
            said = f"  !! {comparison.candidate} against {comparison.baseline}: {FALSE_GAIN}"
            yield from wrapped(said, indent="     ")
    for one in device.observed:
        yield from _observed(one)


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
    for name, found, verdict in rows:
        shown = kills.difference(found).replace(kills.MINUS, "-")
        says = f"      {name} {shown:<25} p {kills.p_value(found):<8}"
        yield from wrapped(f"{says} {verdict}", indent="      ")


def _without_interval(comparison: KillComparison) -> str:
    """What is known of too few blocks."""
    if comparison.total is None:
        return "no block with a valid episode of both"
    total, extra = (
        kills.difference(one).replace(kills.MINUS, "-") for one in (comparison.total, comparison.extra)
    )
    return f"total {total}, extra {extra}, {kills.missing_blocks(comparison.total)}"


def _observed(one: Observed) -> Iterator[str]:
    yield ""
    yield from wrapped(f"-- {one.scenario}, the device's own lmkd: {observed.headline(one)}", indent="   ")
    for name, text in observed.rows(one):
        yield from wrapped(f"   {name:<13} {text}", indent=" " * 17)


def _conformance(conformance: Conformance) -> Iterator[str]:
    """What came of the cases in a line, then each wrong answer, then a line each for what is counted."""
    yield from wrapped(f"   conformance, {cases.headline(conformance)}", indent="     ")
    for case in conformance.failed:
        yield from wrapped(f"   !! {case.case}, {cases.way(case)}: {case.answer}", indent="      ")
        yield from wrapped(f"      expected: {case.expected or units.NOTHING}", indent="      ")
    for name, group in groupby(conformance.counted, lambda case: case.case):
        yield from wrapped(f"     {name}: {_seen(list(group))}", indent="       ")


def _seen(counted: Sequence[CaseRecord]) -> str:
    """What was counted, by what was done to the target; once where that made no difference."""
    seen = [cases.counted(case.answer) for case in counted]
    ways = ["!! " * is_broken(case) + cases.way(case) for case in counted]
    if len(seen) > 1 and len(set(seen)) == 1 and not any(map(is_broken, counted)):
        return f"{seen[0]} ({', '.join(ways)})"
    return "; ".join(f"{way} {what}" for way, what in zip(ways, seen, strict=True))


def _overview(device: DeviceResult, analysis: Analysis) -> Iterator[str]:
    """One line a stratum: the main question, and in controls what may not be."""
    for pair in analysis.pairs[:1]:
        yield from _overview_list(f"{pair[0]} against {pair[1]}:", device_comparisons(device, pair))
    for pair in analysis.control_pairs:
        compared = device_comparisons(device, pair, controls=True)
        if pair[0] != analysis.pairs[0][0]:
            compared = [one for one in compared if one[1].verdict == Verdict.BETTER]
        title = f"{pair[0]} against {pair[1]}, controls, where no gain is possible:"
        yield from _overview_list(title, compared)


def _overview_list(title: str, compared: Sequence[tuple[Stratum, Comparison]]) -> Iterator[str]:
    if compared:
        yield ""
        yield from wrapped(f"  {title}", indent="    ")
    for stratum, comparison in compared:
        yield from _overview_line(stratum, comparison)


def _overview_line(stratum: Stratum, comparison: Comparison) -> Iterator[str]:
    known = comparison.ratio if comparison.ratio and comparison.ratio.interval else None
    ratio = known.estimate if known else None
    shown = units.ratio(ratio).replace("> ", ">").replace("< ", "<") if ratio else "-"
    mark = " !!" if stratum.is_control and comparison.verdict == Verdict.BETTER else ""
    line = (
        f"  {comparison.verdict:<{VERDICT_COLUMNS}} {shown:>{RATIO_COLUMNS}}  {stratum_name(stratum)}{mark}"
    )
    yield from wrapped(line, indent=" " * (VERDICT_COLUMNS + RATIO_COLUMNS + 7))


def _meaning(scenario: str) -> Iterator[str]:
    said = meaning(scenario)
    if said.title:
        yield ""
        yield from wrapped(f"-- {scenario}: {said.title}", indent="   ")
    if said.expectation:
        yield from wrapped(f"   Expected: {said.expectation}", indent="   ")


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
    present = [one for one in result.comparisons if not {one.candidate, one.baseline} & absent]
    said = {(one.verdict, one.remarks) for one in present}
    if len(present) > 1 and len(said) == 1 and not any(one.ratio and one.ratio.interval for one in present):
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
    told = {
        "torn down by": _torn_down_by(result),
        "busy after release": {
            arm.arm: _median(arm.stall_late_ns) for arm in result.arms if arm.stall_late_ns
        },
        "reaping call": {arm.arm: _median(arm.reap_call_ns) for arm in result.arms if arm.reap_call_ns},
    }
    for what, answers in told.items():
        if answers:
            text = "; ".join(f"{arm} {answer}" for arm, answer in answers.items())
            yield from wrapped(f"  {what}: {text}", indent="      ")


def _torn_down_by(result: StratumResult) -> dict[str, str]:
    told = {arm.arm: _tally(arm.torn_down_by) for arm in result.arms if arm.torn_down_by}
    names = {name for arm in result.arms for name, _ in arm.torn_down_by}
    return {names.pop(): "in every trial"} if len(names) == 1 else told


def _tally(counts: tuple[Count, ...]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts)


def _further_legends(analysis: Analysis) -> Iterator[str]:
    strata = [stratum for device in analysis.devices for stratum in device.strata]
    if any(stratum.stratum.is_control for stratum in strata):
        yield from wrapped(CONTROL_LEGEND)
    if any(arm.tells_cost for stratum in strata for arm in stratum.arms):
        yield from wrapped(COST_LEGEND)
    if analysis.tells_kills:
        yield from wrapped(KILLS_LEGEND)
    if analysis.tells_apps:
        yield from wrapped(observed.LEGEND)
    told = [device.conformance for device in analysis.devices if device.conformance]
    for text in dict.fromkeys(cases.legend(case) for conformance in told for case in conformance.counted):
        yield from wrapped(text)


def _median(spread: Spread | None) -> str:
    return units.ms(spread.median if spread else None).replace("> ", ">")


def _comparison(comparison: Comparison, notes: Notes) -> Iterator[str]:
    ratio = comparison.ratio
    pair = f"  {comparison.candidate} / {comparison.baseline}"
    marks = notes.refer(comparison.remarks)
    if ratio is None or ratio.interval is None:
        yield from _with_marks(f"{pair:<29} {comparison.verdict}", marks)
        return
    numbers = f"{units.ratio(ratio.estimate)} ({units.interval(ratio.interval)})"
    line = f"{pair:<29} {numbers:<22} {comparison.verdict}"
    if len(line) > COLUMNS:
        yield from wrapped(pair, indent="      ")
        line = f"      {numbers:<22} {comparison.verdict}"
    yield from _with_marks(line, marks)


def _with_marks(line: str, marks: list[int]) -> Iterator[str]:
    marked = line + "".join(f" [{mark}]" for mark in marks)
    yield from [marked] if len(marked) <= COLUMNS else wrapped(marked, indent="      ")
