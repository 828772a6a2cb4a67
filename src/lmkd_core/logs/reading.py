"""Which parser a line is for. Every line is accounted for: a kill, what is around one, or nothing of ours."""

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
from lmkd_core.logs.exit_info import MOST_LINES
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
"""Log tag to the type of what it tells, and its parser."""

LMKD_TAGS = {"lowmemorykiller", "lmkd"}
LMKD_LINES: dict[str, tuple[str, Parse]] = {
    "Kill '": ("lmkd_kill", parse_kill),
    "process_mrelease ": ("mrelease_failure", parse_mrelease),
}
"""How lmkd's lines begin that tell of a kill."""

CONTEXT_TAGS = {"am_low_memory", "am_freeze", "am_unfreeze", "am_proc_start", "am_anr", "am_compact"}
"""Events that say what went on around kills, and are counted."""

KERNEL_TAGS = {"", "kernel", "oom_reaper", "oom-kill", *SCOPES}
UNTAGGED = re.compile(r"(?:(?!: ).){1,15} invoked oom-killer: gfp_mask=|Killed process \d{1,10} \(")
"""What logcat -b kernel takes for tags: what stands before a line's first colon, or nothing."""

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
MOST_QUOTED = 300
"""Characters of a line that was not understood."""


@dataclass(frozen=True, slots=True)
class Event:
    """One kill or one trace of it; ``fields`` are what is printed.

    ``time_ms`` only serves comparison, with events whose ``clock`` is the same; empty: of no known time.
    """

    fields: dict[str, Any]
    time_ms: int | None = None
    clock: str = ""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.fields.get('file', '')}:{self.fields.get('line', '')}"

    @property
    def type(self) -> str:
        return str(self.fields["type"])


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A line that began as one of a ``type`` and then was none; ``text`` may be cut."""

    file: str
    line: int
    type: str
    error: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.type}: {self.error}"


@dataclass(slots=True)
class Account:
    """What became of the lines: ``parsed`` by type, ``context`` by tag, ``others`` tell nothing of kills.

    ``files`` counts the lines of each; ``serials`` are those of devices that the lines named.
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
        told = sum(self.parsed.values()) + self.continued + sum(self.context.values()) + self.others
        return told + len(self.not_understood) == self.lines


class Reader:
    """Reads the lines of one log after the other; ``account`` grows with them."""

    def __init__(self) -> None:
        self.account = Account()
        self._open: tuple[Line, list[str]] | None = None
        self._file = ""
        self._oom = OomReader()
        self._boots = Boots()

    def read(self, lines: Iterable[Line]) -> Iterator[Event]:
        """The events of a log, in the order in which they end."""
        for line in lines:
            self._count(line)
            yield from self._take(line)
        yield from self._close()

    def _count(self, line: Line) -> None:
        self.account.lines += 1
        self.account.files[line.file] += 1
        if line.file != self._file:
            self._file = line.file
            self._oom.forget()
        if "serialno" in line.text:
            self.account.serials.update(serials_in(line.text))

    def _take(self, line: Line) -> Iterator[Event]:
        if self._open and self._open[0].file == line.file and is_field_line(line.text):
            self._open[1].append(line.text)
            self.account.continued += 1
            if len(self._open[1]) == MOST_LINES:
                yield from self._close()
            return
        yield from self._close()
        if is_header(line.text):
            self._open = (line, [])
        else:
            yield from self._single(line)

    def _close(self) -> Iterator[Event]:
        """Ends the record of exit-info that is open, if one is."""
        opened, self._open = self._open, None
        if opened:
            header, texts = opened
            yield from self._parsed(header, "exit_info", lambda _: parse_exit_info(texts), None, "")

    def _single(self, line: Line) -> Iterator[Event]:
        entry = parse_entry(line.text)
        if entry is None:
            yield from self._of_kernel(line, parse_kernel_line(line.text))
        elif entry.tag in EVENTS:
            name, parse = EVENTS[entry.tag]
            yield from self._parsed(line, name, parse, entry, entry.message)
        elif entry.tag in LMKD_TAGS:
            yield from self._of_lmkd(line, entry)
        elif entry.tag in CONTEXT_TAGS:
            self.account.context[entry.tag] += 1
        elif entry.tag in KERNEL_TAGS or UNTAGGED.match(entry.text):
            yield from self._of_kernel_buffer(line, entry)
        else:
            self.account.others += 1

    def _of_lmkd(self, line: Line, entry: Entry) -> Iterator[Event]:
        for begin, (name, parse) in LMKD_LINES.items():
            if entry.message.startswith(begin):
                yield from self._parsed(line, name, parse, entry, entry.message)
                return
        self.account.context["lowmemorykiller"] += 1

    def _of_kernel_buffer(self, line: Line, entry: Entry) -> Iterator[Event]:
        """A line of ``logcat -b kernel``: logcat's time counts, and its tag belongs to the text."""
        if entry.tag in {"", "kernel"}:
            text = parse_kernel_line(entry.message).text
        else:
            text = f"{entry.tag}: {entry.message}" if entry.tag in KERNEL_TAGS else entry.text
        yield from self._of_oom(line, text, entry.time, entry.time_ms, entry.clock)

    def _of_kernel(self, line: Line, told: KernelLine) -> Iterator[Event]:
        clock = self._boots.clock(line.file, told)
        yield from self._of_oom(line, told.text, told.time, told.time_ms, clock)

    def _of_oom(self, line: Line, text: str, time: str, time_ms: int | None, clock: str) -> Iterator[Event]:
        try:
            told = self._oom.take(text)
        except ValueError as error:
            self._refuse(line, "oom_killer", error)
            return
        if told is None:
            self.account.others += 1
        elif not told.type:
            self.account.context[CONTEXT] += 1
        else:
            yield self._event(line, told.type, told.fields, time, time_ms, clock)

    def _parsed(
        self, line: Line, name: str, parse: Parse, entry: Entry | None, message: str
    ) -> Iterator[Event]:
        try:
            told = parse(message)
        except ValueError as error:
            self._refuse(line, name, error)
            return
        if entry is not None:
            yield self._event(line, name, told, entry.time, entry.time_ms, entry.clock)
        else:
            moment = parse_moment(str(told.get("timestamp", "")))
            yield self._event(line, name, told, "", moment, CALENDAR if moment is not None else "")

    def _refuse(self, line: Line, name: str, error: ValueError) -> None:
        text = line.text[:MOST_QUOTED]
        self.account.not_understood.append(NotUnderstood(line.file, line.number, name, str(error), text))

    def _event(
        self, line: Line, name: str, told: dict[str, Any], time: str, time_ms: int | None, clock: str
    ) -> Event:
        self.account.parsed[name] += 1
        place: dict[str, Any] = {"type": name, "file": line.file, "line": line.number}
        if time:
            place["time"] = time
        return Event({**place, **told}, time_ms, clock)
