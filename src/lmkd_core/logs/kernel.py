"""Parser of one kernel log line into time (on the kernel's own clock) and text, without other prefixes.

Possible prefixes: syslog's level (``<4>``), printk's time, a caller id (``[T123]``, ``[C0]``:
CONFIG_PRINTK_CALLER), vendors' CPU and process, a host's syslog, the date of ``dmesg -T``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SYSLOG = re.compile(r"[^\[<].{0,100}?\bkernel: ?")
LEVEL = re.compile(r"<\d{1,3}>")
SINCE_BOOT = re.compile(r"\[ *(?P<seconds>\d{1,10})\.(?P<fraction>\d{6})\] ?")
DATE = re.compile(r"\[(?P<date>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ?")
CALLER = re.compile(
    r" ?(?:"
    r"\[ *[TC]\d{1,10} *\]"
    r"|\[ *pid:[^\]]{1,60}\]"  # HiSilicon
    r"|-?\(\d{1,3}\)\[[^\]]{1,60}\]"  # MediaTek
    r"|c\d{1,3} +\d{1,10}(?= )"  # Spreadtrum
    r") ?"
)

MS_PER_S = 1000
MAX_DISORDER_MS = 5000
"""A kernel's clock never goes back, but lines printed by several CPUs may be slightly out of order."""


@dataclass(frozen=True, slots=True)
class KernelLine:
    """``time`` is as printed, ``time_ms`` since boot; None for ``dmesg -T``, whose date drifts in suspend."""

    text: str
    time: str = ""
    time_ms: int | None = None


def parse_kernel_line(line: str) -> KernelLine:
    """Parses any line; one without a known prefix is all text."""
    at = _end(SYSLOG.match(line), 0) if "kernel: " in line else 0
    at = _end(LEVEL.match(line, at), at)
    since_boot, date = SINCE_BOOT.match(line, at), DATE.match(line, at)
    at = _end(date, _end(since_boot, at))
    text = line[_end(CALLER.match(line, at), at) :] if since_boot or date else line[at:]
    if since_boot:
        time_ms = int(since_boot["seconds"]) * MS_PER_S + int(since_boot["fraction"][:3])
        return KernelLine(text, f"{since_boot['seconds']}.{since_boot['fraction']} s after boot", time_ms)
    return KernelLine(text, date["date"] if date else "")


def _end(match: re.Match[str] | None, default: int) -> int:
    return match.end() if match else default


class Boots:
    """Names the clock of kernel lines: a new one for each file and after each return to an earlier time."""

    def __init__(self) -> None:
        self._file = ""
        self._last_ms = 0
        self._number = 1

    def clock(self, file: str, line: KernelLine) -> str:
        """Returns the name of the line's clock; empty for a line without a time."""
        if file != self._file:
            self._file, self._last_ms, self._number = file, 0, 1
        if line.time_ms is None:
            return ""
        if line.time_ms < self._last_ms - MAX_DISORDER_MS:
            self._number += 1
        self._last_ms = line.time_ms
        return f"kernel {self._number} of {file}"
