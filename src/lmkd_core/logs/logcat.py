"""Parser of one logcat line into time, tag and message: all of logcat's common formats."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOMENT = (
    r"(?P<year>\d{4}-)?(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"\.(?P<fraction>\d{3,9})"
)
EPOCH = r" *(?P<epoch>\d{9,10})\.(?P<fraction>\d{3,9})"
FROM = r"(?: [+-]\d{4})?(?: +[\w.-]+)?(?: +\d+ +\d+)? +[VDIWEFS] (?P<tag>[^:]*?) *: ?(?P<message>.*)"
"""Optional zone, uid, process and thread; then level, tag and message."""

FORMATS = tuple(
    re.compile(pattern)
    for pattern in (
        MOMENT + FROM,  # threadtime
        MOMENT + r" +[VDIWEFS]/(?P<tag>[^(]*?) *\( *\d+\): ?(?P<message>.*)",  # time
        EPOCH + FROM,
        r"[VDIWEFS]/(?P<tag>[^(:]*?) *(?:\( *\d+\))?: ?(?P<message>.*)",  # brief and tag, without a time
    )
)

MOMENT_ONLY = re.compile(MOMENT)

CALENDAR, EPOCH_CLOCK = "calendar", "epoch"
"""The clocks: the device's local time without its year, and UTC. No log gives their offset."""

MS_PER_S = 1000
DAYS_BEFORE = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
"""Days before each month of a leap year: logcat prints no year, and only differences of times are used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry; ``text`` is its tag and message as in the line.

    ``time`` is as printed, ``time_ms`` counts from an origin of its ``clock``; all three may be unknown.
    ``text`` matters for the kernel's lines, which have no tag or further colons.
    """

    tag: str
    message: str
    time: str = ""
    time_ms: int | None = None
    clock: str = ""
    text: str = ""


def parse_entry(line: str) -> Entry | None:
    """Returns the entry; None for a line of no known format."""
    for pattern in FORMATS:
        match = pattern.match(line)
        if match:
            parts = match.groupdict()
            time = line[: match.end("fraction")].strip() if "fraction" in parts else ""
            time_ms = _time_ms(parts)
            clock = "" if time_ms is None else EPOCH_CLOCK if parts.get("epoch") else CALENDAR
            text = line[match.start("tag") :]
            return Entry(parts["tag"].strip(), parts["message"], time, time_ms, clock, text)
    return None


def parse_moment(text: str) -> int | None:
    """Returns the ms, on the clock ``CALENDAR``, of a date and time as logcat and dumpsys print it."""
    match = MOMENT_ONLY.match(text)
    return _time_ms(match.groupdict()) if match else None


def _time_ms(parts: dict[str, str | None]) -> int | None:
    fraction = parts.get("fraction")
    if fraction is None:
        return None
    epoch = parts.get("epoch")
    seconds = int(epoch) if epoch else _seconds_of_year(parts)
    return None if seconds is None else seconds * MS_PER_S + int(fraction[:3])


def _seconds_of_year(parts: dict[str, str | None]) -> int | None:
    month, day, hour, minute, second = (
        int(parts[name] or 0) for name in ("month", "day", "hour", "minute", "second")
    )
    if not 1 <= month <= len(DAYS_BEFORE):
        return None
    return (((DAYS_BEFORE[month - 1] + day) * 24 + hour) * 60 + minute) * 60 + second
