"""One line of a log: when, from whom, what. All of logcat's common formats, and the bare message."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOMENT = (
    r"(?P<year>\d{4}-)?(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"\.(?P<part>\d{3,9})"
)
EPOCH = r" *(?P<epoch>\d{9,10})\.(?P<part>\d{3,9})"
FROM = r"(?: [+-]\d{4})?(?: +[\w.-]+)?(?: +\d+ +\d+)? +[VDIWEFS] (?P<tag>[^:]*?) *: ?(?P<message>.*)"
"""Zone, uid, process and thread, each where there is one; level, tag and message."""

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
"""The device's local time, without its year; and UTC. How far they are apart no log tells."""

MS_PER_S = 1000
DAYS_BEFORE = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
"""Days of a leap year before each month: logcat tells no year, and only differences of times are used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``time`` is as the log has it, ``time_ms`` ms since a moment of its ``clock``; all may be unknown."""

    tag: str
    message: str
    time: str = ""
    time_ms: int | None = None
    clock: str = ""
    text: str = ""
    """Tag and message as they stand in the line: the kernel's lines have no tag, or more colons."""


def parse_entry(line: str) -> Entry | None:
    """None for a line that is of no log format."""
    for pattern in FORMATS:
        found = pattern.match(line)
        if found:
            told = found.groupdict()
            shown = line[: found.end("part")].strip() if "part" in told else ""
            time_ms = _time_ms(told)
            clock = "" if time_ms is None else EPOCH_CLOCK if told.get("epoch") else CALENDAR
            text = line[found.start("tag") :]
            return Entry(told["tag"].strip(), told["message"], shown, time_ms, clock, text)
    return None


def parse_moment(text: str) -> int | None:
    """Ms of a date and time as logcat and dumpsys print it, on the clock ``CALENDAR``."""
    found = MOMENT_ONLY.match(text)
    return _time_ms(found.groupdict()) if found else None


def _time_ms(told: dict[str, str | None]) -> int | None:
    part = told.get("part")
    if part is None:
        return None
    epoch = told.get("epoch")
    seconds = int(epoch) if epoch else _seconds_of_year(told)
    return None if seconds is None else seconds * MS_PER_S + int(part[:3])


def _seconds_of_year(told: dict[str, str | None]) -> int | None:
    month, day, hour, minute, second = (
        int(told[name] or 0) for name in ("month", "day", "hour", "minute", "second")
    )
    if not 1 <= month <= len(DAYS_BEFORE):
        return None
    return (((DAYS_BEFORE[month - 1] + day) * 24 + hour) * 60 + minute) * 60 + second
