"""The layouts of logcat and Android Studio: time, tag and message of a line that begins with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

from lmkd_core.logs.clocks import CALENDAR
from lmkd_core.logs.clocks import DATE
from lmkd_core.logs.clocks import DAY_CLOCK
from lmkd_core.logs.clocks import EPOCH_CLOCK
from lmkd_core.logs.clocks import MS_PER_S
from lmkd_core.logs.clocks import TIME
from lmkd_core.logs.clocks import ms_of_date

STAMPS = (
    (CALENDAR, re.compile(rf"{DATE} {{1,4}}{TIME}(?: [+-]\d\d:?\d\d| UTC|Z)?(?!\d)")),
    (DAY_CLOCK, re.compile(rf"{TIME}(?!\d)")),
    (EPOCH_CLOCK, re.compile(r"(?P<epoch>\d{9,10})\.(?P<fraction>\d{3,9})(?!\d)")),
    (
        "monotonic",
        re.compile(r"(?P<epoch>\d{1,8})\.(?P<fraction>\d{3,9})(?= +\d{1,8} +\d{1,8} +[VDIWEFSA] )"),
    ),
)
"""The times before an entry, by clock; the last is of ``-v monotonic``."""

MOMENT = STAMPS[0][1]
KILLERS_TAGS = "killinfo|am_kill|am_proc_died|lowmemorykiller|lmkd|ActivityManager|Zygote"
ENTRIES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # threadtime, with uid; without process and thread
        r"(?: ++[\w.-]{1,40})?(?: ++\d{1,8} ++\d{1,8})? ++[VDIWEFSA] ++(?P<tag>[^:]{1,100}):(?P<message>.*)",
        r"(?: ++\d{1,8} ++\d{1,8})? ++[VDIWEFSA] ++:(?P<tag>)(?P<message>.*)",
        # the kernel's, without a tag
        r"(?: ++[\w.-]{1,40})? ++0 ++0 ++[VDIWEFSA] (?P<tag>)(?P<message>.*)",
        # time, brief, tag; Studio before 2022 with process-thread/package
        r"(?: ++\d{1,8}-\d{1,8}(?:/\S{1,100})?)? *+[VDIWEFSA]/(?P<tag>[^(:]{0,100})(?:\([^()]{1,40}\))?:"
        r"(?P<message>.*)",
        # Studio since 2022
        r" *+\d{1,8}-\d{1,8} ++(?P<tag>\S{1,60}(?: \S{1,40}){0,2}) ++\S{1,120} ++[VDIWEFA] {1,3}"
        r"(?P<message>.*)",
        # process and thread, whose tag comes last or not at all
        r" *+[VDIWEFSA]\( *+\d{1,8}(?:: *+\d{1,8})?\) (?P<message>.*)",
        # without a level: only killers' tags
        rf"(?: ++\d{{1,8}} ++\d{{1,8}})? *+(?P<tag>{KILLERS_TAGS}) *+(?:\( *+\d{{1,8}}\) *+)?:"
        r"(?P<message>.*)",
        # Studio's compact view
        r" ++[VDIWEFA] ++(?P<message>.*)",
    )
)
NO_TAG = re.compile(
    rf"(?:{DATE} )?{TIME}|\d++\.\d{{6}}|(?:\d{{1,8}} )?< ?\d|[VDIWEFSA]/\S|\[ *+\d{{1,10}}\.\d"
)
UNTIMED = ENTRIES[3:7]
"""The layouts that also occur without a time."""

MESSAGE = re.compile(
    r"(?:Kill|Killing|Reclaim) ['\"][^'\"]{1,256}['\"] \(\d{1,10}\)"
    r"|process_mrelease \d{1,10} failed|Failed to kill process \d|lmkd watchdog killed process \d"
    r"|Process \d{1,10} (?:was reaped|exited due to signal)|Killing (?:proc )?\d{1,10}:\S"
    r"|Process \S{1,256} \(pid \d{1,10}\) ?(?:\(adj -?\d{1,5}\) )?has died|No longer want \S{1,256} \(pid \d"
    r"|ApplicationExitInfo[( ]"
    r"|(?:Memory cgroup out of memory|Out of memory)(?: \(oom_kill_allocating_task\))?: Kill"
    r"|Killed process \d{1,10} \(|oom-kill: ?constraint=|oom_reaper: (?:reaped|unable)"
    r"|simple_lmk: |send sigkill to \d|select \d{1,10} \("
)
"""Starts of messages that are known without their tag."""

LONG = re.compile(
    rf"\[ (?:{DATE} {TIME}|(?P<epoch>\d{{1,10}})\.(?P<epoch_ms>\d{{3}})\d{{0,6}})(?: [+-]\d{{4}})? *+"
    r"(?:[\w.-]{1,40}:)? *+\d{1,8}: *+\d{1,8} [VDIWEFSA]/(?P<tag>[^\]]{1,100}) \]\s*$"
)
"""The line before a message in ``logcat -v long``."""

TAG_LAST = re.compile(r"  \((?P<tag>[\w.:-]{1,60}) *\)\s*$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry; ``text`` is its tag and message as in the line.

    In a line without a header, ``message`` is the text behind all marks and quotes; ``text`` still has the
    quotes.
    ``time`` is as printed, ``time_ms`` counts from an origin of its ``clock``; all three may be unknown.
    ``is_kernel``: the line is of a kernel's log. ``is_headed``: it has a time, a tag or a kernel's prefix, so
    it continues no other line. ``indent`` counts the blanks before it, or before its message.
    """

    tag: str
    message: str
    time: str = ""
    time_ms: int | None = None
    clock: str = ""
    text: str = ""
    is_kernel: bool = False
    is_headed: bool = True
    indent: int = 0

    @property
    def kernels(self) -> str:
        """The text for the parsers of the kernel's lines, to whom a tag is part of it."""
        return self.text if self.is_headed or self.tag else self.message


def entry_at(line: str, at: int = 0) -> Entry | None:
    """Returns the entry that begins at that place; None for a line of no layout of logcat's."""
    for clock, stamp in STAMPS:
        if match := stamp.match(line, at):
            return _entry(line, match.end(), ENTRIES, *_time(match, clock))
    return _entry(line, at, UNTIMED)


def long_header(line: str) -> Entry | None:
    """Returns an entry without a message for a header of ``logcat -v long``."""
    match = LONG.match(line)
    if match is None:
        return None
    clock = CALENDAR if match["month"] else EPOCH_CLOCK
    header = Entry(match["tag"].strip(), "", is_headed=True)
    since_epoch_ms = 0 if match["month"] else int(match["epoch"]) * MS_PER_S + int(match["epoch_ms"])
    time_ms = ms_of_date(match.groupdict()) if match["month"] else since_epoch_ms
    return replace(header, time=line[2 : match.start("tag")].split("  ", 1)[0], time_ms=time_ms, clock=clock)


def _entry(
    line: str,
    at: int,
    layouts: tuple[re.Pattern[str], ...],
    time: str = "",
    time_ms: int | None = None,
    clock: str = "",
) -> Entry | None:
    for layout in layouts:
        if match := layout.match(line, at):
            groups = match.groupdict()
            message = groups["message"]
            message = message[1:] if message.startswith(" ") and "tag" in groups else message
            tag, message = _tag(groups, message)
            start = match.start("tag") if groups.get("tag") else match.start("message")
            if tag and NO_TAG.match(line, start):
                continue  # a collector's line around one of logcat
            if groups.get("tag") and MESSAGE.match(line, start):
                tag, message = "", line[start:]
            indent = len(message) - len(message.lstrip(" "))
            return Entry(tag, message, time, time_ms, clock, line[start:].lstrip(" :"), indent=indent)
    return None


def _tag(groups: dict[str, str | None], message: str) -> tuple[str, str]:
    if groups.get("tag") is not None:
        return (groups["tag"] or "").strip(), message
    last = TAG_LAST.search(message, max(len(message) - 80, 0))
    return (last["tag"], message[: last.start()]) if last else ("", message)


def _time(stamp: re.Match[str], clock: str) -> tuple[str, int | None, str]:
    """Returns the time as printed, in ms, and its clock."""
    parts = stamp.groupdict()
    if epoch := parts.get("epoch"):
        time_ms: int | None = int(epoch) * MS_PER_S + int(stamp["fraction"][:3])
    else:
        time_ms = ms_of_date(parts)
    end = stamp.end("fraction") if stamp["fraction"] else stamp.end("second")
    printed = stamp.string[stamp.start() : end]
    return printed, time_ms, "" if time_ms is None else clock


def moments(line: str) -> Iterator[int]:
    """Yields the places where a date with a time begins, in the first part of a line."""
    for match in MOMENT.finditer(line, 0, 400):
        yield match.start()
