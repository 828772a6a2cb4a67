"""Describes a change in one sentence, and formats the numbers of a history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from statistics import median

from lmkd_core.statistics.changepoints import HIGHEST_CORRELATION
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.names import place_name
from lmkd_reports.history.changes import Cause
from lmkd_reports.history.changes import Change
from lmkd_reports.history.changes import SeriesResult
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import Measure
from lmkd_reports.history.series import Series
from lmkd_reports.metrics.metrics import Metric

MUCH_CORRELATION = 0.3
"""From this correlation of one build with the next on, the page warns."""


def build_name(build: Build) -> str:
    """For example ``6.12.90 reap-kill-v3 (run nightly-17)``."""
    return f"{build.kernel} (run {build.run})"


def headline(change: Change) -> str:
    """In at most 15 words: ``reclaim_90 of reap-kill relative to kill rose 1.74x at build 13``."""
    series = change.series
    relative = f" relative to {series.baseline}" if series.baseline else ""
    return (
        f"{series.metric.name} of {series.arm}{relative} {step(change)} at build {change.after.first.number}"
    )


def details(change: Change) -> str:
    """The place, the levels before and after, the builds on both sides, and a cause other than the arm."""
    cause = "" if change.cause is Cause.ARM else str(change.cause)
    return "; ".join(filter(None, (place_name(change.series.place), levels(change), _between(change), cause)))


def _between(change: Change) -> str:
    """A kernel that is the same on both sides is named once."""
    before, after = change.before.last, change.after.first
    gap = (
        f", with {units.count(change.between, 'build')} between them without a value"
        if change.between
        else ""
    )
    if before.kernel == after.kernel:
        return f"{after.kernel}, from run {before.run} to run {after.run}{gap}"
    return f"from {build_name(before)} to {build_name(after)}{gap}"


def figure_name(series: Series) -> str:
    """For example ``reclaim_90``, or ``reclaim_90 relative to kill``."""
    return series.metric.name + (f" relative to {series.baseline}" if series.baseline else "")


def movement(change: Change) -> str:
    """For example ``rose 1.80x (52.0 to 94.0 ms)``."""
    return f"{step(change)} ({levels(change)})"


def step(change: Change) -> str:
    """For example ``rose 1.80x``, ``fell to 0.55x``; a change of the scatter alone has no size."""
    if change.verdict is Verdict.NO_CLEAR_DIFFERENCE:
        return "changed its scatter"
    verb = "rose" if change.verdict is Verdict.WORSE else "fell"
    return f"{verb} {change.series.metric.kind.step_text(change.before.value, change.after.value)}"


def levels(change: Change) -> str:
    """For example ``52.0 to 94.0 ms``; one number if both read the same."""
    kind = change.series.metric.kind
    return units.span(kind.text(change.before.value), kind.text(change.after.value)) + kind.suffix


def spread(metric: Metric, measure: Measure) -> str:
    """A point's whiskers: ``48.1 to 55.0``."""
    low, high = (metric.kind.text(end) for end in (measure.low, measure.high))
    return f"{low} to {high}"


def p_value(p: float) -> str:
    """For example ``p 0.012`` or ``p below 0.001``."""
    return "p below 0.001" if p < 0.001 else f"p {p:.2g}"


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def tally(results: Sequence[SeriesResult]) -> str:
    """For example ``12 series: 1 changed, 9 no clear difference, 2 not enough data``."""
    changed = sum(bool(result.changes) for result in results)
    rest = Counter(result.verdict for result in results if not result.changes)
    counts = [f"{changed} changed"] + [f"{count} {verdict}" for verdict, count in rest.most_common()]
    return f"{len(results)} series: {', '.join(counts)}"


def dependence(results: Sequence[SeriesResult]) -> str:
    """A warning if builds of a device depend on the ones before; empty if they do not.

    It takes the median over the device's series, as the correlation of one series is uncertain by 0.2.
    """
    correlations = [result.correlation for result in results if not result.note]
    if not correlations or (middle := median(correlations)) <= MUCH_CORRELATION:
        return ""
    return (
        f"Builds resemble the ones before (correlation {middle:.2f}): confirm a change by measuring both "
        f"builds again. Beyond {HIGHEST_CORRELATION:g} a change may be chance."
    )


def untested(results: Sequence[SeriesResult]) -> list[str]:
    """The reasons why series were not tested, each once with the number of series."""
    notes = Counter((result.verdict, result.note) for result in results if result.note)
    return [
        f"{count} series: {f'{verdict}: ' if verdict is Verdict.NOT_ENOUGH_DATA else ''}{note}"
        for (verdict, note), count in notes.most_common()
    ]
