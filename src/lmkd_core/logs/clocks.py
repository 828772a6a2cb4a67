"""The clocks of logs, and differences of times on them.

A clock is known by its name; only times of one clock can be compared. logcat prints no year and people cut
the date, so some clocks run in a circle: a difference is the shorter way round, also over the turn of the
year.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from itertools import pairwise

CALENDAR, EPOCH_CLOCK, DAY_CLOCK, HOST_CLOCK = "calendar", "epoch", "day", "host"
"""The device's local time without its year; UTC; local time without its date; the log keeper's time."""

MS_PER_S = 1000
DAY_MS = 86_400 * MS_PER_S
YEAR_MS = 366 * DAY_MS
DAYS_BEFORE = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
"""Days before each month of a leap year: logcat prints no year, and only differences of times are used."""

CIRCLES_MS = {CALENDAR: YEAR_MS, HOST_CLOCK: YEAR_MS, DAY_CLOCK: DAY_MS}


def difference_ms(later_ms: int, earlier_ms: int, clock: str) -> int:
    """Returns ``later_ms - earlier_ms``, on a circular clock the shorter way round."""
    circle_ms = CIRCLES_MS.get(clock)
    if circle_ms is None:
        return later_ms - earlier_ms
    half_ms = circle_ms // 2
    return (later_ms - earlier_ms + half_ms) % circle_ms - half_ms


def ms_of_date(parts: Mapping[str, str | None]) -> int | None:
    """Returns the ms since the start of the year of the groups month to fraction, None without a valid month.

    Without a month it returns the ms since midnight.
    """
    month, day = int(parts.get("month") or 0), int(parts.get("day") or 0)
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    fraction = (parts.get("fraction") or "0").ljust(3, "0")[:3]
    clock_ms = ((hour * 60 + minute) * 60 + second) * MS_PER_S + int(fraction)
    if parts.get("month") is None:
        return clock_ms
    if not 1 <= month <= len(DAYS_BEFORE):
        return None
    return (DAYS_BEFORE[month - 1] + day) * DAY_MS + clock_ms


def day_of(time_ms: int | None, clock: str) -> str:
    """Returns the day as ``09-07``, of ``EPOCH_CLOCK`` as ``2026-09-07``; empty on a clock without dates."""
    if time_ms is None:
        return ""
    if clock == EPOCH_CLOCK:
        return datetime.fromtimestamp(time_ms // MS_PER_S, UTC).date().isoformat()
    if CIRCLES_MS.get(clock) != YEAR_MS:
        return ""
    day = (time_ms - DAY_MS) % YEAR_MS // DAY_MS + 1
    month = bisect_left(DAYS_BEFORE, day)
    return f"{month:02}-{day - DAYS_BEFORE[month - 1]:02}"


DATE = r"(?:\d{4}-)?(?P<month>\d\d)-(?P<day>\d\d)"
TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
MOMENT = re.compile(rf"{DATE}[ T] {{0,4}}{TIME}")


def parse_moment(text: str) -> int | None:
    """Returns the ms, on the clock ``CALENDAR``, of a date and time as logcat and dumpsys print it."""
    match = MOMENT.match(text)
    return ms_of_date(match.groupdict()) if match else None


def unrolled(times_ms: Sequence[int], clock: str) -> list[int]:
    """Returns times of a circular clock in a row: the circle is cut in its longest time without any."""
    circle_ms = CIRCLES_MS.get(clock)
    if circle_ms is None or len(times_ms) < 2:
        return list(times_ms)
    ordered = sorted(set(times_ms))
    gaps = [(ordered[0] + circle_ms - ordered[-1], ordered[0])]
    gaps += [(after - before, after) for before, after in pairwise(ordered)]
    start = max(gaps)[1]
    return [time_ms if time_ms >= start else time_ms + circle_ms for time_ms in times_ms]
