"""``summary.txt``: the numbers in at most 72 columns of ASCII, for the body of a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import Spread
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.presentation import units
from lmkd_reports.presentation.notes import Notes
from lmkd_reports.presentation.wording import device_line
from lmkd_reports.presentation.wording import headline
from lmkd_reports.presentation.wording import stratum_name
from lmkd_reports.presentation.wording import stratum_origin

COLUMNS = 72
ARM_COLUMNS = 18
LEGEND = (
    "Median ms since the kill until 50, 90 and 99 % of the victim's memory was back, and until "
    "its pidfd was readable (exit). ESRCH: how often process_mrelease came too late. Ratios: "
    "median over blocks of the 90 % times within a block, with an interval of at least 95 %. "
    "A difference is claimed only when the whole interval lies on one side of 1."
)


def render_summary(analysis: Analysis) -> str:
    notes = Notes()
    lines = list(_lines(analysis, notes))
    return "\n".join(plain(line).rstrip() for line in lines) + "\n"


def plain(text: str) -> str:
    """``text`` in printable ASCII: part of it comes from devices."""
    shown = text.replace(units.NOTHING, "-").encode("ascii", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in shown)


def _lines(analysis: Analysis, notes: Notes) -> Iterator[str]:
    info = analysis.info
    yield "pytest-lmkd: how long until a killed process's memory is back"
    yield from _wrap(f"run {info.run_id}, started {info.started_utc}, seed {info.seed}")
    yield from _wrap(
        f"trials: {analysis.planned} planned, {analysis.recorded} recorded, {analysis.valid} valid"
    )
    for device in analysis.devices:
        yield from _device(device, analysis, notes)
    yield ""
    yield from _wrap(LEGEND)
    if notes.texts:
        yield ""
    for number, text in enumerate(notes.texts, start=1):
        yield from _wrap(f"[{number}] {text}", indent="    ")
    if analysis.problems:
        yield ""
        yield "Not used:"
    for problem in analysis.problems:
        yield from _wrap(f"  {problem}", indent="    ")


def _device(device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
    yield ""
    yield from _wrap(f"== {device.name}", indent="   ")
    yield from _wrap(f"   {device_line(device)}", indent="   ")
    for pair in analysis.pairs:
        yield from _wrap(f"   {headline(device, pair)}", indent="     ")
    for skip in device.skips:
        yield from _wrap(f"   skipped: {skip.what} {skip.name} ({skip.reason})", indent="     ")
    for stratum in device.strata:
        yield from _stratum(stratum, notes)


def _stratum(result: StratumResult, notes: Notes) -> Iterator[str]:
    yield ""
    yield from _wrap(f"{stratum_name(result.stratum)} ({stratum_origin(result.stratum)})", indent="  ")
    yield f"  {'arm':<{ARM_COLUMNS}} {'n':>3} {'50 %':>7} {'90 %':>7} {'99 %':>7} {'exit':>7} {'ESRCH':>7}"
    for arm in result.arms:
        yield from _arm(arm, notes)
    absent = {arm.arm for arm in result.arms if arm.missing}
    for comparison in result.comparisons:
        if not {comparison.candidate, comparison.baseline} & absent:
            yield from _comparison(comparison, notes)


def _arm(arm: ArmResult, notes: Notes) -> Iterator[str]:
    times = (arm.reclaim_50_ns, arm.reclaim_90_ns, arm.reclaim_99_ns, arm.exit_ns)
    numbers = " ".join(f"{_median(spread):>7}" for spread in times)
    esrch = f"{arm.esrch.count}/{arm.esrch.total}" if arm.esrch else "-"
    missing = (arm.missing,) if arm.missing else ()
    line = f"  {arm.arm:<{ARM_COLUMNS}} {arm.valid:>3} {numbers} {esrch:>7}"
    yield from _with_marks(line, notes.refer((*missing, *arm.notes)))


def _median(spread: Spread | None) -> str:
    return units.ms(spread.median if spread else None).replace("> ", ">")


def _comparison(comparison: Comparison, notes: Notes) -> Iterator[str]:
    ratio = comparison.ratio
    pair = f"  {comparison.candidate} / {comparison.baseline}"
    marks = notes.refer(comparison.notes)
    if ratio is None or ratio.interval is None:
        yield from _with_marks(f"{pair:<29} {comparison.verdict}", marks)
        return
    numbers = f"{units.ratio(ratio.estimate)} ({units.interval(ratio.interval)})"
    line = f"{pair:<29} {numbers:<22} {comparison.verdict}"
    if len(line) > COLUMNS:
        yield from _wrap(pair, indent="      ")
        line = f"      {numbers:<22} {comparison.verdict}"
    yield from _with_marks(line, marks)


def _with_marks(line: str, marks: list[int]) -> Iterator[str]:
    marked = line + "".join(f" [{mark}]" for mark in marks)
    yield from [marked] if len(marked) <= COLUMNS else _wrap(marked, indent="      ")


def _wrap(text: str, indent: str = "") -> list[str]:
    """``text`` in lines of at most 72 columns; words longer than that are broken."""
    return textwrap.wrap(
        plain(text), COLUMNS, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False
    )
