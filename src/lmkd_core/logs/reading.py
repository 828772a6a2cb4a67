"""Reads logs: chooses the parser of each line, and accounts for every line.

A line is a record of a kill or a death, context around one, or unrelated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.logs.activity import parse_am_kill
from lmkd_core.logs.activity import parse_am_proc_died
from lmkd_core.logs.exit_info import MAX_FIELD_LINES
from lmkd_core.logs.exit_info import is_field_line
from lmkd_core.logs.exit_info import is_header
from lmkd_core.logs.exit_info import parse_exit_info
from lmkd_core.logs.kernel import Boots
from lmkd_core.logs.kernel import KernelLine
from lmkd_core.logs.kernel import parse_kernel_line
from lmkd_core.logs.killinfo import parse_killinfo
from lmkd_core.logs.lmkd import parse_kill
from lmkd_core.logs.lmkd import parse_mrelease
from lmkd_core.logs.logcat import CALENDAR
from lmkd_core.logs.logcat import Entry
from lmkd_core.logs.logcat import parse_entry
from lmkd_core.logs.logcat import parse_moment
from lmkd_core.logs.oom import CONTEXT
from lmkd_core.logs.oom import SCOPES
from lmkd_core.logs.oom import OomReader
from lmkd_core.logs.serials import serials_in
from lmkd_core.logs.sources import Line

Parse = Callable[[str], dict[str, Any]]

EVENTS: dict[str, tuple[str, Parse]] = {
    "killinfo": ("killinfo", parse_killinfo),
    "am_kill": ("am_kill", parse_am_kill),
    "am_proc_died": ("am_proc_died", parse_am_proc_died),
}
"""Type and parser of an event, by log tag."""

LMKD_TAGS = {"lowmemorykiller", "lmkd"}
LMKD_LINES: dict[str, tuple[str, Parse]] = {
    "Kill '": ("lmkd_kill", parse_kill),
    "process_mrelease ": ("mrelease_failure", parse_mrelease),
}
"""Type and parser of lmkd's lines about kills, by the start of the message."""

CONTEXT_TAGS = {"am_low_memory", "am_freeze", "am_unfreeze", "am_proc_start", "am_anr", "am_compact"}
"""Events that are only counted, as context of kills."""

KERNEL_TAGS = {"", "kernel", "oom_reaper", "oom-kill", *SCOPES}
UNTAGGED = re.compile(r"(?:(?!: ).){1,15} invoked oom-killer: gfp_mask=|Killed process \d{1,10} \(")
"""Lines of the OOM killer in ``logcat -b kernel``, whose tag is any text before the first colon, or empty."""

TYPES = (
    "killinfo",
    "lmkd_kill",
    "mrelease_failure",
    "am_kill",
    "am_proc_died",
    "exit_info",
    "oom_kill",
    "oom_reaped",
)
MAX_QUOTED_CHARACTERS = 300
"""Limit of the quotation of a line that was not understood."""


@dataclass(frozen=True, slots=True)
class Event:
    """One record of a kill or of its effects; ``fields`` is the record's JSON.

    Only events with the same ``clock`` can be compared by ``time_ms``; for an unknown time it is empty.
    """

    fields: dict[str, Any]
    time_ms: int | None = None
    clock: str = ""

    @property
    def place(self) -> str:
        """The record's origin as ``file:line``."""
        return f"{self.fields.get('file', '')}:{self.fields.get('line', '')}"

    @property
    def type(self) -> str:
        return str(self.fields["type"])


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A line that starts as a record of ``type`` but does not parse; ``text`` may be truncated."""

    file: str
    line: int
    type: str
    error: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.type}: {self.error}"


@dataclass(slots=True)
class Account:
    """Counts what each line was: ``parsed`` by type, ``context`` by tag, ``others`` unrelated to kills.

    ``continued`` lines belong to a record that began before them. ``files`` counts the lines per file.
    ``serials`` holds the device serial numbers that occurred.
    """

    lines: int = 0
    parsed: Counter[str] = field(default_factory=Counter)
    continued: int = 0
    context: Counter[str] = field(default_factory=Counter)
    others: int = 0
    not_understood: list[NotUnderstood] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    serials: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Whether every line was counted exactly once."""
        understood = sum(self.parsed.values()) + self.continued + sum(self.context.values()) + self.others
        return understood + len(self.not_understood) == self.lines


class Reader:
    """Reads one log after the other; ``account`` covers all of them."""

    def __init__(self) -> None:
        self.account = Account()
        self._open: tuple[Line, list[str]] | None = None
        self._file = ""
        self._oom = OomReader()
        self._boots = Boots()

    def read(self, lines: Iterable[Line]) -> Iterator[Event]:
        """Yields the events of a log, in the order in which their last lines occur."""
        for line in lines:
            self._count(line)
            yield from self._take(line)
        yield from self._close()

    def _count(self, line: Line) -> None:
        self.account.lines += 1
        self.account.files[line.file] += 1
        if line.file != self._file:
            self._file = line.file
            self._oom.reset()
        if "serialno" in line.text:
            self.account.serials.update(serials_in(line.text))

    def _take(self, line: Line) -> Iterator[Event]:
        if self._open and self._open[0].file == line.file and is_field_line(line.text):
            self._open[1].append(line.text)
            self.account.continued += 1
            if len(self._open[1]) == MAX_FIELD_LINES:
                yield from self._close()
            return
        yield from self._close()
        if is_header(line.text):
            self._open = (line, [])
        else:
            yield from self._single(line)

    def _close(self) -> Iterator[Event]:
        """Ends the open exit-info record, if there is one."""
        open_record, self._open = self._open, None
        if open_record:
            header, texts = open_record
            yield from self._parsed(header, "exit_info", lambda _: parse_exit_info(texts), None, "")

    def _single(self, line: Line) -> Iterator[Event]:
        entry = parse_entry(line.text)
        if entry is None:
            yield from self._kernel_line(line, parse_kernel_line(line.text))
        elif entry.tag in EVENTS:
            name, parse = EVENTS[entry.tag]
            yield from self._parsed(line, name, parse, entry, entry.message)
        elif entry.tag in LMKD_TAGS:
            yield from self._lmkd_line(line, entry)
        elif entry.tag in CONTEXT_TAGS:
            self.account.context[entry.tag] += 1
        elif entry.tag in KERNEL_TAGS or UNTAGGED.match(entry.text):
            yield from self._kernel_buffer_line(line, entry)
        else:
            self.account.others += 1

    def _lmkd_line(self, line: Line, entry: Entry) -> Iterator[Event]:
        for start, (name, parse) in LMKD_LINES.items():
            if entry.message.startswith(start):
                yield from self._parsed(line, name, parse, entry, entry.message)
                return
        self.account.context["lowmemorykiller"] += 1

    def _kernel_buffer_line(self, line: Line, entry: Entry) -> Iterator[Event]:
        """Reads a line of ``logcat -b kernel``: logcat's time counts, and its tag belongs to the text."""
        if entry.tag in {"", "kernel"}:
            text = parse_kernel_line(entry.message).text
        else:
            text = f"{entry.tag}: {entry.message}" if entry.tag in KERNEL_TAGS else entry.text
        yield from self._oom_line(line, text, entry.time, entry.time_ms, entry.clock)

    def _kernel_line(self, line: Line, parsed: KernelLine) -> Iterator[Event]:
        clock = self._boots.clock(line.file, parsed)
        yield from self._oom_line(line, parsed.text, parsed.time, parsed.time_ms, clock)

    def _oom_line(self, line: Line, text: str, time: str, time_ms: int | None, clock: str) -> Iterator[Event]:
        try:
            parsed = self._oom.read(text)
        except ValueError as error:
            self._refuse(line, "oom_killer", error)
            return
        if parsed is None:
            self.account.others += 1
        elif not parsed.type:
            self.account.context[CONTEXT] += 1
        else:
            yield self._event(line, parsed.type, parsed.fields, time, time_ms, clock)

    def _parsed(
        self, line: Line, name: str, parse: Parse, entry: Entry | None, message: str
    ) -> Iterator[Event]:
        try:
            fields = parse(message)
        except ValueError as error:
            self._refuse(line, name, error)
            return
        if entry is not None:
            yield self._event(line, name, fields, entry.time, entry.time_ms, entry.clock)
        else:
            time_ms = parse_moment(str(fields.get("timestamp", "")))
            yield self._event(line, name, fields, "", time_ms, CALENDAR if time_ms is not None else "")

    def _refuse(self, line: Line, name: str, error: ValueError) -> None:
        text = line.text[:MAX_QUOTED_CHARACTERS]
        self.account.not_understood.append(NotUnderstood(line.file, line.number, name, str(error), text))

    def _event(
        self, line: Line, name: str, fields: dict[str, Any], time: str, time_ms: int | None, clock: str
    ) -> Event:
        self.account.parsed[name] += 1
        origin: dict[str, Any] = {"type": name, "file": line.file, "line": line.number}
        if time:
            origin["time"] = time
        return Event({**origin, **fields}, time_ms, clock)
