"""Parser of one kernel log line into time (on the kernel's own clock) and text, without other prefixes.

Possible prefixes: syslog's level (``<4>``), printk's time, a caller id (``[T123]``, ``[C0]``:
CONFIG_PRINTK_CALLER), vendors' CPU, process and clock, a host's syslog or journal, the dates of ``dmesg -T``
(in any language) and ``--time-format iso``, the facility of ``dmesg -x``, the raw lines of /dev/kmsg.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SYSLOG = re.compile(
    r"(?:[^\[<:]{0,40}\d\d:\d\d:\d\d[^\[<: ]{0,20}(?::\d\d)?[^\[<:]{0,80} |\d{9,10}\.\d{6} \S{1,60} )?"
    r"kernel: ?"
)
HOST = re.compile(r" \S{1,60} kernel: ?")
KMSG = re.compile(r"\d{1,4},\d{1,20},(?P<us>\d{1,18}),[\w=,+-]{1,60};")
FACILITY = re.compile(r"[a-z0-9]{2,10} *+: ?[a-z]{3,8} *+: ")
UNISOC = re.compile(r"\d{1,8} (?=< ?\d{1,2}>)")
LEVEL = re.compile(r"< ?\d{1,3}> ?(?=\[)|<\d{1,3}>")
SINCE_BOOT = re.compile(
    r"\[ *+(?P<seconds>\d{1,10})\.(?P<fraction>\d{3,9})s?(?:@\d{1,2})?(?: / [^\[\]]{1,40}| <[^<>]{1,20}>)?\]"
    r"(?:\[\d{1,8}\])?:?"
)
T32 = re.compile(r"(?P<seconds>\d{1,10})\.(?P<fraction>\d{6}): *+(?:<\d{1,3}> ?)?")
DATE = re.compile(r"\[(?P<date>[^\[\]]{4,40}\d\d:\d\d:\d\d[^\[\]]{0,40})\]")
RELATIVE = re.compile(r"\[(?P<date> *+\+\d{1,8}\.\d{1,9}|\w{3,5} [ \d]?\d \d\d:\d\d)\]")
"""The times of ``dmesg -e``."""
ISO = re.compile(r"(?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{6}(?:Z|[+-]\d\d:?\d\d)) ")
YEAR = re.compile(r"\b\d{4}\b")
CALLER = re.compile(
    r" {0,2}(?:"
    r"\[(?! *pid *\])(?=[^\[\]]{0,60}[A-Za-z.:-])[^\[\]]{1,60}\]"  # caller, vendors
    r"|[-.]?\(\d{1,3}\)(?=\[)"  # MediaTek's CPU
    r"|<\d{1,3}>|@\d{1,2}(?= )|I(?=\[)"
    r"|c\d{1,3} +\d{1,10}(?= )"  # Spreadtrum
    r")"
)
MOST_CALLERS = 5
MOST_BLANKS = 2
"""Blanks between prefix and text; more of them are the text's own indent."""

MS_PER_S = 1000
US_PER_MS = 1000
MAX_DISORDER_MS = 5000
"""A kernel's clock never goes back, but lines printed by several CPUs may be slightly out of order."""


@dataclass(frozen=True, slots=True)
class KernelLine:
    """``time`` is as printed, ``time_ms`` since boot; None for ``dmesg -T``, whose date drifts in suspend.

    ``is_prefixed``: there was a prefix.
    """

    text: str
    time: str = ""
    time_ms: int | None = None
    is_prefixed: bool = False


def parse_kernel_line(line: str, at: int = 0) -> KernelLine:
    """Parses any line from ``at`` on; one without a known prefix is all text."""
    start = at
    for prefix in (SYSLOG, KMSG, FACILITY, UNISOC, LEVEL):
        match = prefix.match(line, at)
        at = match.end() if match else at
        if match and prefix is KMSG:
            return _since_boot(line[at:], *divmod(int(match["us"]) // US_PER_MS, MS_PER_S))
    since_boot = SINCE_BOOT.match(line, at) or T32.match(line, at)
    date = None if since_boot else _date(line, at)
    if date and (inner := SINCE_BOOT.match(line, date.end() + line.startswith(" ", date.end()))):
        since_boot = inner
    stamp = since_boot or date
    if stamp is None:
        return KernelLine(line[at:], is_prefixed=at > start)
    end = stamp.end()
    host = HOST.match(line, end)
    text = line[_callers_end(line, host.end() if host else end) :]
    text = text.lstrip(" ") if len(text) - len(text.lstrip(" ")) <= MOST_BLANKS else text[1:]
    if since_boot:
        return _since_boot(text, int(since_boot["seconds"]), int(since_boot["fraction"][:3]), since_boot)
    return KernelLine(text, date["date"] if date else "", is_prefixed=True)


def _since_boot(text: str, seconds: int, ms: int, printed: re.Match[str] | None = None) -> KernelLine:
    shown = f"{printed['seconds']}.{printed['fraction']}" if printed else f"{seconds}.{ms:03}"
    return KernelLine(text, f"{shown} s after boot", seconds * MS_PER_S + ms, is_prefixed=True)


def _date(line: str, at: int) -> re.Match[str] | None:
    if match := RELATIVE.match(line, at):
        return match
    match = DATE.match(line, at) or ISO.match(line, at)
    return match if match and YEAR.search(match["date"]) else None


def _callers_end(line: str, at: int) -> int:
    for _ in range(MOST_CALLERS):
        match = CALLER.match(line, at)
        if match is None:
            break
        at = match.end()
    return at


class Boots:
    """Names the clock of kernel lines: a new one for each file and after each return to an earlier time."""

    def __init__(self) -> None:
        self._file = ""
        self._last_ms = 0
        self._number = 1

    def clock(self, file: str, time_ms: int | None) -> str:
        """Returns the name of the line's clock; empty for a line without a time."""
        if file != self._file:
            self._file, self._last_ms, self._number = file, 0, 1
        if time_ms is None:
            return ""
        if time_ms < self._last_ms - MAX_DISORDER_MS:
            self._number += 1
        self._last_ms = time_ms
        return f"kernel {self._number} of {file}"
