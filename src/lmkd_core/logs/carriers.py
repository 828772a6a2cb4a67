"""The normaliser: turns a line of any carrier into the entry that the device logged.

This is the only place that knows how a line travelled: what terminals, editors, web pages, mails, CI systems, log
collectors and people put before or around it. The parsers see a tag, a message and a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lmkd_core.logs.cleaning import clean
from lmkd_core.logs.clocks import HOST_CLOCK
from lmkd_core.logs.clocks import ms_of_date
from lmkd_core.logs.headers import DATE
from lmkd_core.logs.headers import KILLERS_TAGS
from lmkd_core.logs.headers import TIME
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.headers import entry_at
from lmkd_core.logs.headers import long_header
from lmkd_core.logs.headers import moments
from lmkd_core.logs.kernel import parse_kernel_line

HOST_TIME = re.compile(rf"(?P<host>{DATE}[T ]{TIME}) ?(?:Z|[A-Z]{{3,4}}|[+-]\d\d:?\d\d)?[\s:|\]]++")
WRAPPERS = (
    re.compile(r"[\s>|*`,\"'•·+#~;$]++|-{1,3} "),  # indents, quotes of mails and diffs, bullets, tables
    HOST_TIME,
    re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?[\s:|\]-]++"),
    re.compile(r"\[(?!\s*+-?\d{1,10}\s*+[\],])[^\[\]]{1,100}\][\s:]*+"),  # not a list of values
    re.compile(r"[\w.@~/+-]{1,120}\.(?:txt|log|logcat|out|gz|csv|md)(?:\.\d{1,3})?[:(-]"),  # grep's file
    re.compile(r"\d{1,9}(?:[:|)-]|(?= *+\|)|\s(?=\s*+[VDIWEF\d\[<]))\s*+"),  # numbers of lines
    re.compile(r"[\w.-]{1,60} *+\|"),  # docker's service
    re.compile(r"(?i:info|debug|warn|warning|error|trace|stdout|stderr|logcat|adb)\b[\s:>\]-]*+"),
    re.compile(r"\{?\"?(?:log|message|msg|line|text|MESSAGE)\"? ?: ?\""),
)
MOST_WRAPPERS = 12

KILLERS_TAG = re.compile(rf"(?<![\w.])(?:[VDIWEF]/)?(?:{KILLERS_TAGS}) *+(?:\( *+\d{{1,8}}\) *+)?: ")
MESSAGE = re.compile(
    r"(?:Kill|Killing|Reclaim) ['\"][^'\"]{1,256}['\"] \(\d{1,10}\)"
    r"|process_mrelease \d{1,10} failed|Failed to kill process \d|lmkd watchdog killed process \d"
    r"|Process \d{1,10} (?:was reaped|exited due to signal)|Killing (?:proc )?\d{1,10}:\S"
    r"|Process \S{1,256} \(pid \d{1,10}\) has died|No longer want \S{1,256} \(pid \d"
    r"|ApplicationExitInfo[( ]"
    r"|(?:Memory cgroup out of memory|Out of memory)(?: \(oom_kill_allocating_task\))?: Kill"
    r"|Killed process \d{1,10} \(|oom-kill: ?constraint=|oom_reaper: (?:reaped|unable)"
    r"|simple_lmk: |send sigkill to \d|select \d{1,10} \("
)
"""Starts of messages that are known without their tag."""

CLOSING = " \t\r\n\0"
MOST_SEARCHED = 400
"""Characters of a line in which a message behind an unknown prefix is searched."""


def parse_entry(line: str) -> Entry | None:
    """Returns the entry of a line; None for a line without time, tag or kernel's prefix."""
    entry = normalise(clean(line))
    return entry if entry.is_headed else None


def normalise(line: str, before: Sequence[str] = ()) -> Entry:
    """Returns the entry of a cleaned line. ``before``: the lines before it, for ``logcat -v long``."""
    text = line.rstrip(CLOSING)
    entry = _anchored(text, 0) or _unwrapped(text)
    if not entry.is_headed and (header := _long_header(before)):
        return replace(header, message=entry.message, text=f"{header.tag}: {entry.message}")
    return entry


def _anchored(text: str, at: int) -> Entry | None:
    """Returns the entry whose header begins at that place."""
    entry = entry_at(text, at)
    if entry is not None:
        return entry
    kernel = parse_kernel_line(text, at)
    if not kernel.is_prefixed:
        return None
    inner = entry_at(kernel.text)
    if inner is not None and (inner.time or kernel.text[1:2] == "/"):
        return inner  # what looked like the kernel's date was a collector's
    start = kernel.text
    if not MESSAGE.match(start) and (match := MESSAGE.search(start, 0, MOST_SEARCHED)) and "'" not in start[:9]:
        start = start[match.start() :]
    indent = len(start) - len(start.lstrip(" "))
    return Entry("", start, kernel.time, kernel.time_ms, text=start, is_kernel=True, indent=indent)


def _unwrapped(text: str) -> Entry:
    """Takes wrappers off until a header follows; without any, the entry is all that remains."""
    at, host = 0, None
    quoted = False
    for _ in range(MOST_WRAPPERS):
        wrapper = next((match for pattern in WRAPPERS if (match := pattern.match(text, at))), None)
        if wrapper is None or wrapper.end() == at:
            break
        if wrapper.re is HOST_TIME:
            host = wrapper
        quoted = quoted or any(mark in wrapper[0] for mark in "\"`'")
        at = wrapper.end()
        if entry := _anchored(text, at):
            return _finish(entry, host, quoted=quoted)
        if MESSAGE.match(text, at):
            break
    return _finish(_searched(text, at), host, quoted=quoted)


def _searched(text: str, at: int) -> Entry:
    """Returns the entry behind an unknown prefix, else the text as an entry without a header."""
    for place in moments(text):
        if entry := entry_at(text, place):
            return entry
    if (tag := KILLERS_TAG.search(text, at, at + MOST_SEARCHED)) and (entry := entry_at(text, tag.start())):
        return entry
    match = MESSAGE.search(text, at, at + MOST_SEARCHED)
    rest = text[match.start() if match else at :]
    indent = len(text) - len(text.lstrip(" \t"))
    return Entry("", rest, text=rest, is_headed=False, indent=indent)


def _finish(entry: Entry, host: re.Match[str] | None, *, quoted: bool) -> Entry:
    """Adds the collector's time to an entry without a time, and takes off the closing quotes."""
    if quoted:
        message = entry.message.rstrip(CLOSING + "\"`',")
        entry = replace(entry, message=message, text=entry.text.rstrip(CLOSING + "\"`',"))
    if host is None or entry.time or entry.is_kernel:
        return entry
    time_ms = ms_of_date(host.groupdict())
    clock = "" if time_ms is None else HOST_CLOCK
    return replace(entry, time=host["host"], time_ms=time_ms, clock=clock, is_headed=True)


def _long_header(before: Sequence[str]) -> Entry | None:
    for line in reversed(before):
        if not line.strip():
            return None
        if header := header_line(line):
            return header
    return None


def header_line(line: str) -> Entry | None:
    """Returns the header that a line of ``logcat -v long`` is; None for any other line."""
    at = line.find("[ ") if "/" in line and "]" in line else -1
    return long_header(clean(line)[at:]) if 0 <= at < MOST_WRAPPERS else None
