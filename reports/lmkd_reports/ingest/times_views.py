"""Selects and formats what the page of field logs shows of victims and times: bars, tiles and rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.logs.dying import ENDS
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.times import MEDIAN
from lmkd_core.logs.times import Gap
from lmkd_core.logs.times import TimedDeath
from lmkd_core.logs.times import Times
from lmkd_core.logs.times import by_size
from lmkd_core.logs.times import fewest_for
from lmkd_core.logs.times import kill_to_death
from lmkd_core.logs.times import kill_to_end
from lmkd_core.logs.times import reaping
from lmkd_core.logs.victims import apps
from lmkd_core.logs.victims import days
from lmkd_core.logs.victims import in_use_share
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share
from lmkd_reports.format import units
from lmkd_reports.ingest.sentences import SHARES
from lmkd_reports.ingest.sentences import counted
from lmkd_reports.ingest.sentences import duration
from lmkd_reports.ingest.sentences import times_text
from lmkd_reports.ingest.views import shown

MOST_BARS = 12
MOST_DAYS = 60
END_WORDS = {
    "zygote": "to Zygote’s notice",
    "died": "to ActivityManager’s notice",
    "reaped": "to lmkd’s line that it was reaped",
    "oom_reaped": "to the line of the kernel’s OOM reaper",
}
SIZE_WORDS = {"rss_kb": "resident", "swap_kb": "swap"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart; ``width`` and ``part_width`` are percentages of the longest bar."""

    name: str
    number: int
    width: float
    part: int = 0
    part_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    amount: str
    note: str


@dataclass(frozen=True, slots=True)
class TimesRow:
    """One row of times. ``values`` are least, quantiles and greatest; ``listed`` replaces them if too few."""

    name: str
    number: int
    untimed: int
    values: tuple[str, ...]
    listed: str


@dataclass(frozen=True, slots=True)
class DayRow:
    device: str
    day: str
    deaths: int
    with_adj: int
    in_use: int
    apps_in_use: int


def killer_bars(summary: Summary) -> list[Bar]:
    most = max(summary.by_killer.values(), default=1)
    return [Bar(killer, number, _width(number, most)) for killer, number in summary.by_killer.items()]


def app_bars(summary: Summary) -> list[Bar]:
    """The apps that were killed most often for want of memory; the part of a bar is in use."""
    victims = apps(summary.deaths)[:MOST_BARS]
    most = victims[0].deaths if victims else 1
    return [
        Bar(
            shown(victim.app) or "(no name known)",
            victim.deaths,
            _width(victim.deaths, most),
            victim.in_use,
            _width(victim.in_use, most),
        )
        for victim in victims
    ]


def _width(number: int, most: int) -> float:
    return round(100 * number / most, 1)


def tiles(summary: Summary, timed: Sequence[TimedDeath], gaps: Sequence[Gap]) -> Iterator[Tile]:
    """The figures to begin with; one that the logs do not give is left out."""
    if (share := in_use_share(summary.deaths)) is not None:
        yield _share_tile("Hit an app in use", share, "deaths for want of memory with a known adj")
    times = kill_to_death(timed)
    median = times.quantile(MEDIAN)
    if median is not None:
        number = counted(len(times.values_ms), "death")
        yield Tile("Kill to death", duration(median), f"median of {number} with a time")
    early = exact_share(sum(gap.gap_ms < 0 for gap in gaps), len(gaps))
    if early is not None:
        yield _share_tile("Next kill before the death", early, "kills after a death with a time")
    if summary.after_kill is not None:
        yield _share_tile("Killed “even after kill”", summary.after_kill, "lmkd’s kills with a reason")
    if summary.late is not None:
        yield _share_tile("Reaped too late", summary.late, "logged calls of process_mrelease")
    elif summary.esrch is not None and summary.failures:
        yield _share_tile("Reaped too late", summary.esrch, "lmkd’s kills; it logs failures only")


def _share_tile(title: str, share: Share, of: str) -> Tile:
    note = f"{share.count:,} of {share.total:,} {of}; interval {units.share_interval(share)}"
    return Tile(title, units.percent(share.count / share.total), note)


def end_rows(timed: Sequence[TimedDeath]) -> Iterator[TimesRow]:
    """The times by kind of end, those that the logs have."""
    for kind in ENDS:
        times = kill_to_end(timed, kind)
        if times.values_ms:
            yield _row(END_WORDS[kind], times)
    own = reaping(timed)
    if own.values_ms:
        yield _row("process_mrelease by lmkd’s own clock", own)


def size_rows(timed: Sequence[TimedDeath]) -> Iterator[TimesRow]:
    """The times to the first notice of the death by size of the victim."""
    for size, words in SIZE_WORDS.items():
        for entry in by_size(timed, size):
            yield _row(f"{_range(entry.low_kb, entry.high_kb)} {words}", entry.times)


def _range(low_kb: int, high_kb: float) -> str:
    if high_kb == 1:
        return "no"
    if math.isinf(high_kb):
        return f"{units.size(low_kb)} or more"
    return (
        f"below {units.size(int(high_kb))}"
        if low_kb <= 1
        else f"{units.size(low_kb)} to {units.size(int(high_kb))}"
    )


def gap_rows(gaps: Sequence[Gap]) -> Iterator[TimesRow]:
    after = [gap.gap_ms for gap in gaps if gap.gap_ms >= 0]
    before = [-gap.gap_ms for gap in gaps if gap.gap_ms < 0]
    for name, values in (("kill after the death, by", after), ("kill before the death, by", before)):
        if values:
            yield _row(name, Times(tuple(sorted(values))))


def _row(name: str, times: Times) -> TimesRow:
    number = len(times.values_ms)
    if times.quantile(MEDIAN) is None:
        return TimesRow(name, number, times.untimed, (), times_text(times))
    quantiles = [(share, times.quantile(share)) for share in SHARES]
    middle = [f"of {fewest_for(share)}" if value is None else duration(value) for share, value in quantiles]
    values = (duration(times.values_ms[0]), *middle, duration(times.values_ms[-1]))
    return TimesRow(name, number, times.untimed, values, "")


def day_rows(summary: Summary) -> list[DayRow]:
    """The sums per device and day. A device is an archive, or all plain files together."""
    return [
        DayRow(
            shown(Path(day.device).name) or "plain files",
            day.day or "unknown",
            day.deaths,
            day.with_adj,
            day.in_use,
            day.apps_in_use,
        )
        for day in days(summary.deaths)
    ]
