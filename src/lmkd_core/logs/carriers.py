"""The normaliser: turns a line of any carrier into the entry that the device logged.

This is the only place that knows how a line travelled: what terminals, editors, web pages, mails, CI systems,
log collectors and people put before or around it. The parsers see a tag, a message and a time.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from lmkd_core.logs.cleaning import clean
from lmkd_core.logs.cleaning import parts
from lmkd_core.logs.clocks import DATE
from lmkd_core.logs.clocks import HOST_CLOCK
from lmkd_core.logs.clocks import TIME
from lmkd_core.logs.clocks import ms_of_date
from lmkd_core.logs.headers import KILLERS_TAGS
from lmkd_core.logs.headers import MESSAGE
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.headers import entry_at
from lmkd_core.logs.headers import long_header
from lmkd_core.logs.headers import moments
from lmkd_core.logs.kernel import KernelLine
from lmkd_core.logs.kernel import parse_kernel_line

HOST_TIME = re.compile(rf"(?P<host>{DATE}[T ]{TIME}) ?(?:Z|[A-Z]{{3,4}}|[+-]\d\d:?\d\d)?[\s:|\]]++")
QUOTES = re.compile(r"[`\"'$(){},•·+#~;*\ufffd]++|\.{2,3}|-{1,3}(?: |(?=\w))|\d{1,4}\)")
"""Quotes, brackets, bullets, and the marks of diffs: a message may begin with one of them."""

WRAPPERS = (
    re.compile(r"[\s>|]++"),  # indents, mails, tables
    QUOTES,
    HOST_TIME,
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,60} [\w./-]{1,40}(?:\[\d{1,8}\])?: "),  # syslog
    re.compile(r"[^\t]{1,80}\t[^\t]{1,80}\t(?=\d{4}-\d\d-\d\dT)"),  # GitHub's jobs
    re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?[\s:|\]-]++"),
    re.compile(r"\[(?!\s*+(?:-?\d{1,10}|pid)\s*+[\],])[^\[\]]{1,100}\][\s:]*+"),  # not a list of values
    re.compile(
        r"[\w.@~/+-]{1,120}\.(?:txt|log|logcat|out|gz|csv|md)(?:\.\d{1,3})?(?:[:-]\d{1,9})?[:(-]"
    ),  # grep's file
    re.compile(r"\d{1,9}(?::(?![a-z])|[|-]|(?= *+\|)|\s(?=\s*+[VDIWEF\d\[<]))\s*+"),  # numbers of lines
    re.compile(r"[\w.-]{1,60} *+\|(?= *+\S)"),  # docker's service
    re.compile(r"std(?:out|err) [FP] "),  # Kubernetes
    re.compile(r"(?i:info|debug|warn|warning|error|trace|stdout|stderr|logcat|adb)\b[\s:>\]-]*+"),
    re.compile(r"\{?\"?(?:log|message|msg|line|text|MESSAGE)\"? ?: ?\""),
)
MOST_WRAPPERS = 12
QUOTE_MARKS = frozenset("\"'`")
CLOSERS = frozenset("\"'`)]}|,;")
BRACKETS = {")": "(", "]": "[", "}": "{"}
MOST_BEFORE_HEADER = 120
KERNELS_TAGS = {"", "kernel"}

DRIVERS_TAG = re.compile(r"(?P<tag>lowmemorykiller|simple_lmk|lmkd): ?")
KILLERS_TAG = re.compile(rf"(?<![\w.])(?:[VDIWEF]/)?(?:{KILLERS_TAGS}) *+(?:\( *+\d{{1,8}}\) *+)?: ")
EVENT = re.compile(
    r"\b(?P<tag>killinfo|am_kill|am_proc_died)\b\W{0,20}?(?:(?:[VDIWEF]|message|msg|log|text)\W{1,8})?"
    r"(?P<message>\[[^\[\]]{5,2000}\])"
)
"""An event whose tag and values are apart, as in tables and JSON."""

CLOSING = " \t\r\n\0"
MOST_SEARCHED = 400
"""Characters of a line in which a message behind an unknown prefix is searched."""

KEPT_BYTES = 4096
"""What is kept of the lines before a block."""

MOST_MESSAGE_LINES = 20
EXPORT_FIELD = re.compile(r'\s*+"(?:logLevel|pid|tid|applicationId|processName|tag|message)": ')
"""A line of an entry in Android Studio's export, a JSON object of a header and a message."""

EXPORT_HEADER = b'"header"'


def parse_entry(line: str) -> Entry | None:
    """Returns the entry of a line; None for a line without time, tag or kernel's prefix."""
    entry = normalise(clean(line))
    return entry if entry.is_headed else None


def normalise(line: str) -> Entry:
    """Returns the entry of a cleaned line."""
    text = line.rstrip(CLOSING)
    entry = _anchored(text, 0)
    return _closed(entry, text) if entry else _unwrapped(text)


class Carrier:
    """The lines of one file, and what several say together: headers in lines of their own, exports."""

    def __init__(self) -> None:
        self._before = b""
        self._data, self._at = b"", 0
        self._header: tuple[Entry, bool] | None = None
        self._export: list[str] = []

    @property
    def wants_next(self) -> bool:
        """Whether the next line belongs to what the last one began."""
        return self._header is not None or bool(self._export)

    def see(self, data: bytes, at: int) -> None:
        """Says where in a block the next line begins."""
        self._data, self._at = data, at

    def leave(self, data: bytes) -> None:
        """Ends a block."""
        ending = b"" if data.endswith(b"\n") else b"\n"
        self._before = (self._before + data[-KEPT_BYTES:] + ending)[-KEPT_BYTES:]
        self._data, self._at = b"", 0

    def entries(self, line: str) -> list[Entry]:
        """Returns what the device logged in a line; several entries if it has line breaks written out."""
        if self._export or EXPORT_FIELD.match(line):
            return self._exported(line)
        first, *others = parts(clean(line))
        if header := header_line(first):
            self._header = header
            return []  # the next lines have the message
        entry = self._with_header(first)
        entries = [entry]
        for text in others:
            following = normalise(text)
            entries.append(
                following if following.is_headed or not entry.is_headed else _inherits(entry, text)
            )
        return entries

    def _with_header(self, text: str) -> Entry:
        """Returns the entry of a line, with the header before it if it is of ``logcat -v long``."""
        entry = normalise(text)
        header = self._header
        is_dated = entry.clock == HOST_CLOCK and not entry.tag and header is not None
        if (entry.is_headed and not is_dated) or not entry.message.strip():
            self._header = None
            return entry
        header = header or self._header_before()
        if header is None:
            return entry
        return _inherits(header[0], entry.message if header[1] else text.rstrip(CLOSING))

    def _header_before(self) -> tuple[Entry, bool] | None:
        for line in reversed(self._lines_before().splitlines()[-MOST_MESSAGE_LINES:]):
            if not line.strip():
                return None
            if header := header_line(line.decode("utf-8", "replace")):
                return header
        return None

    def _lines_before(self) -> bytes:
        return (self._before + self._data[max(self._at - KEPT_BYTES, 0) : self._at])[-KEPT_BYTES:]

    def _exported(self, line: str) -> list[Entry]:
        if not self._export:
            before = self._lines_before()
            start = before.rfind(EXPORT_HEADER)
            if start < 0:
                return [normalise(clean(line))]
            self._export = before[start:].decode("utf-8", "replace").splitlines()
        self._export.append(line)
        if '"message":' not in line and len(self._export) < MOST_MESSAGE_LINES:
            return []
        text, self._export = "\n".join(self._export), []
        try:
            return _of_export(json.loads("{" + text.rstrip().rstrip(",") + "}"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return [normalise(clean(line))]


def _of_export(entry: dict[str, Any]) -> list[Entry]:
    """Returns the entries, one per line of the message, of an object of Android Studio's export."""
    header = entry["header"]
    stamp = header.get("timestamp", {})
    time = f"{int(stamp.get('seconds', 0))}.{int(stamp.get('nanos', 0)):09}"
    start = f"{time} {int(header['pid'])} {int(header['tid'])} I {header['tag']}: "
    return [normalise(clean(start + text)) for text in str(entry["message"]).split("\n")]


def _inherits(header: Entry, text: str) -> Entry:
    """Returns the entry of a further line under a header."""
    return replace(header, message=text, text=text, indent=len(text) - len(text.lstrip(" ")))


def _logcats(text: str, at: int) -> Entry | None:
    """Returns the entry of logcat that begins at that place, also if it is of the kernel's buffer."""
    entry = entry_at(text, at)
    if entry is None or entry.tag.lower() not in KERNELS_TAGS:
        return entry
    return _kernel_entry(parse_kernel_line(entry.message), entry)


def _anchored(text: str, at: int) -> Entry | None:
    """Returns the entry whose header begins at that place."""
    entry = _logcats(text, at)
    if entry is not None:
        return entry
    kernel = parse_kernel_line(text, at)
    if not kernel.is_prefixed:
        return None
    again = parse_kernel_line(kernel.text)
    if kernel.time_ms is None and again.is_prefixed:
        return _kernel_entry(again)
    for place in (0, *moments(kernel.text)):
        inner = _logcats(kernel.text, place)
        if inner is not None and (inner.time or kernel.text[1:2] == "/"):
            return inner  # what looked like the kernel's date or level was a collector's
    return _kernel_entry(kernel)


def _kernel_entry(kernel: KernelLine, logcats: Entry | None = None) -> Entry:
    """Returns the entry of a kernel's line; in ``logcat -b kernel``, logcat's time counts."""
    text = kernel.text
    if (match := MESSAGE.search(text, 0, MOST_SEARCHED)) and (
        text[:1] != " " or not text[: match.start()].strip()
    ):
        text = text[match.start() :]  # behind a prefix that no kernel of ours prints
    name, message = _drivers(text)
    indent = len(message) - len(message.lstrip(" "))
    if logcats is not None:
        return replace(logcats, tag=name, message=message, text=text, indent=indent)
    return Entry(name, message, kernel.time, kernel.time_ms, text=text, is_kernel=True, indent=indent)


def _drivers(text: str) -> tuple[str, str]:
    """Returns tag and message of a kernel's text: a driver's name is its tag."""
    tag = DRIVERS_TAG.match(text.lstrip(" "))
    return (tag["tag"], text.lstrip(" ")[tag.end() :]) if tag else ("", text)


def _unwrapped(text: str) -> Entry:
    """Takes wrappers off until a header follows; without any, the entry is all that remains."""
    at, host, bare = 0, None, -1
    for _ in range(MOST_WRAPPERS):
        wrapper = next((match for pattern in WRAPPERS if (match := pattern.match(text, at))), None)
        if wrapper is None or wrapper.end() == at:
            break
        if wrapper.re is HOST_TIME:
            host = wrapper
        elif wrapper.re is QUOTES and bare < 0:
            bare = at
        at = wrapper.end()
        if entry := _anchored(text, at):
            return _closed(_dated(entry, host), text)
        if MESSAGE.match(text, at):
            break
    if entry := _searched(text, at):
        return _closed(_dated(entry, host), text)
    rest = text[bare if bare >= 0 else at :]
    if "|" in text[:at]:
        rest = rest.rstrip("| ")
    indent = len(text) - len(text.lstrip(" \t"))
    return _dated(Entry("", rest, text=rest, is_headed=False, indent=indent), host)


def _searched(text: str, at: int) -> Entry | None:
    """Returns the entry behind an unknown prefix."""
    for place in moments(text):
        if entry := _logcats(text, place):
            return entry
    if (tag := KILLERS_TAG.search(text, at, at + MOST_SEARCHED)) and (entry := entry_at(text, tag.start())):
        return entry
    if event := EVENT.search(text, at):
        return Entry(event["tag"], event["message"], text=event[0], is_headed=False)
    indent = len(text) - len(text.lstrip(" \t"))
    if match := MESSAGE.search(text, at, at + MOST_SEARCHED):
        name, message = _drivers(text[match.start() :])
        return Entry(name, message, text=text[match.start() :], is_headed=False, indent=indent)
    return None


def _dated(entry: Entry, host: re.Match[str] | None) -> Entry:
    """Adds the collector's time to an entry without a time."""
    if host is None or entry.time or entry.is_kernel:
        return entry
    time_ms = ms_of_date(host.groupdict())
    clock = "" if time_ms is None else HOST_CLOCK
    return replace(entry, time=host["host"], time_ms=time_ms, clock=clock, is_headed=True)


def _closed(entry: Entry, line: str) -> Entry:
    """Takes off the ends of quotes and brackets that began before the entry."""
    message = entry.message
    if message[-1:] not in CLOSERS:
        return entry
    before = line[: max(line.rfind(message), 0)]
    while message and _is_closing(message, before):
        message = message[:-1].rstrip(CLOSING)
    cut = len(entry.message) - len(message)
    return replace(entry, message=message, text=entry.text[: len(entry.text) - cut]) if cut else entry


def _is_closing(message: str, before: str) -> bool:
    last = message[-1]
    if last in BRACKETS:
        return message.count(last) > message.count(BRACKETS[last])
    if last in "\"'`":
        return message.count(last) % 2 == 1
    if last == "|":
        return "|" in before
    return last in ",;" and message[-2:-1] in QUOTE_MARKS


def header_line(line: str) -> tuple[Entry, bool] | None:
    """Returns the header that a line of ``logcat -v long`` is, and whether it is wrapped; None for others."""
    at = line.find("[ ") if "/" in line and "]" in line else -1
    if not 0 <= at <= MOST_BEFORE_HEADER:
        return None
    header = long_header(clean(line)[at:])
    return (header, at > 0) if header else None
