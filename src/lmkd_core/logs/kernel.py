"""A line of a kernel's log: when (on the kernel's own clock) and what, without the prefixes that differ.

What may come before the text: syslog's level (``<4>``), printk's time, a caller id (``[T123]``, ``[C0]``:
CONFIG_PRINTK_CALLER), vendors' CPU and process, a host's syslog, ``dmesg -T``'s date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SYSLOG = re.compile(r"[^\[<].{0,100}?\bkernel: ?")
LEVEL = re.compile(r"<\d{1,3}>")
SINCE_BOOT = re.compile(r"\[ *(?P<seconds>\d{1,10})\.(?P<part>\d{6})\] ?")
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
BACK_MS = 5000
"""A kernel's clock never goes back; printk's lines of several CPUs may be a little out of order."""


@dataclass(frozen=True, slots=True)
class KernelLine:
    """``time`` as printed, ``time_ms`` since boot; of ``dmesg -T`` the date alone: it drifts in suspend."""

    text: str
    time: str = ""
    time_ms: int | None = None


def parse_kernel_line(line: str) -> KernelLine:
    """Of any line: one without a known prefix is all text."""
    at = _end(SYSLOG.match(line), 0) if "kernel: " in line else 0
    at = _end(LEVEL.match(line, at), at)
    since_boot, date = SINCE_BOOT.match(line, at), DATE.match(line, at)
    at = _end(date, _end(since_boot, at))
    text = line[_end(CALLER.match(line, at), at) :] if since_boot or date else line[at:]
    if since_boot:
        time_ms = int(since_boot["seconds"]) * MS_PER_S + int(since_boot["part"][:3])
        return KernelLine(text, f"{since_boot['seconds']}.{since_boot['part']} s after boot", time_ms)
    return KernelLine(text, date["date"] if date else "")


def _end(found: re.Match[str] | None, otherwise: int) -> int:
    return found.end() if found else otherwise


class Boots:
    """Names the clock that a file's kernel lines tell: another one after each return to an earlier time."""

    def __init__(self) -> None:
        self._file = ""
        self._last_ms = 0
        self._number = 1

    def clock(self, file: str, line: KernelLine) -> str:
        """Empty for a line without a time."""
        if file != self._file:
            self._file, self._last_ms, self._number = file, 0, 1
        if line.time_ms is None:
            return ""
        if line.time_ms < self._last_ms - BACK_MS:
            self._number += 1
        self._last_ms = line.time_ms
        return f"kernel {self._number} of {file}"
