"""Reads logs: finds the lines that tell of kills, joins what was broken, and accounts for every line.

A line is a record of a kill or a death, context around one, not understood, or unrelated. ``carriers`` says
what the device logged in a line, ``kinds`` which parser takes it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any

from lmkd_core.logs import oom
from lmkd_core.logs.broken import EXIT_INFO
from lmkd_core.logs.broken import OOM
from lmkd_core.logs.broken import OpenRecord
from lmkd_core.logs.carriers import Carrier
from lmkd_core.logs.clocks import CALENDAR
from lmkd_core.logs.clocks import parse_moment
from lmkd_core.logs.events import Event
from lmkd_core.logs.exit_info import is_header
from lmkd_core.logs.exit_info import parse_exit_info
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.kernel import Boots
from lmkd_core.logs.kinds import Kind
from lmkd_core.logs.kinds import is_not_understood
from lmkd_core.logs.kinds import kind_of
from lmkd_core.logs.kinds import owner_of
from lmkd_core.logs.kinds import settled
from lmkd_core.logs.search import starts_of_lines
from lmkd_core.logs.serials import serials_in
from lmkd_core.logs.sources import Block
from lmkd_core.logs.sources import Line
from lmkd_core.logs.sources import block_of

CONTEXT_TAGS = {"am_low_memory", "am_freeze", "am_unfreeze", "am_proc_start", "am_anr", "am_compact"}
"""Events that are only counted, as context of kills."""

OOM_TAGS = {"oom_reaper", "oom-kill", *oom.SCOPES}
"""In ``logcat -b kernel``, the text before the first colon is the tag."""

TYPES = (
    "killinfo",
    "lmkd_kill",
    "lmkd_kill_failed",
    "lmkd_reaped",
    "mrelease_failure",
    "driver_kill",
    "am_kill",
    "am_killing",
    "am_proc_died",
    "am_died",
    "zygote_signal",
    "exit_info",
    "oom_chosen",
    "oom_kill",
    "oom_reaped",
)
MAX_QUOTED_CHARACTERS = 300
"""Limit of the quotation of a line that was not understood."""

MOST_QUOTED = 1000
"""Lines that are quoted; the others are counted."""

MAX_LINE_BYTES = 64 * 1024
UNTAGGED = re.compile(r"(?:(?!: ).){1,15} invoked oom-killer: gfp_mask=|Killed process \d{1,10} \(")
"""Lines of the OOM killer in ``logcat -b kernel``, whose tag is any text before the first colon."""


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
    ``refused`` counts the lines that were not understood; ``not_understood`` quotes the first of them.
    ``serials`` holds the device serial numbers that occurred.
    """

    lines: int = 0
    parsed: Counter[str] = field(default_factory=Counter)
    continued: int = 0
    context: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    not_understood: list[NotUnderstood] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    serials: set[str] = field(default_factory=set)

    @property
    def others(self) -> int:
        """The lines that are unrelated to kills: all that were counted as nothing else."""
        told = sum(self.parsed.values()) + self.continued + sum(self.context.values())
        return self.lines - told - self.refused

    @property
    def is_complete(self) -> bool:
        """Whether no line was counted twice."""
        return self.others >= 0 and len(self.not_understood) == min(self.refused, MOST_QUOTED)


class Reader:
    """Reads one log after the other; ``account`` covers all of them."""

    def __init__(self) -> None:
        self.account = Account()
        self._open: OpenRecord | None = None
        self._carrier = Carrier()
        self._file = ""
        self._oom = oom.OomReader()
        self._boots = Boots()

    def read(self, lines: Iterable[Line]) -> Iterator[Event]:
        """Yields the events of single lines, in the order in which their last lines occur."""
        yield from self.read_blocks(map(block_of, lines))

    def read_blocks(self, blocks: Iterable[Block]) -> Iterator[Event]:
        """Yields the events of a log, in the order in which their last lines occur."""
        for block in blocks:
            yield from self._begin(block)
            for line in self._lines(block):
                yield from self._take(line)
        yield from self._close()

    def _begin(self, block: Block) -> Iterator[Event]:
        length = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
        self.account.lines += length
        self.account.files[block.file] += length
        if block.file != self._file:
            yield from self._close()
            self._file = block.file
            self._oom.reset()
            self._carrier = Carrier()

    def _lines(self, block: Block) -> Iterator[Line]:
        """Yields the lines that may tell of kills, and those after one that may go on."""
        data, starts = block.data, starts_of_lines(block.data)
        at, number, index = 0, block.number, 0
        while at < len(data) or not data:
            if not self._wants_next:
                index = bisect_left(starts, at, index)
                if index == len(starts):
                    break
                number += data.count(b"\n", at, starts[index])
                at = starts[index]
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            self._carrier.see(data, at)
            for start in range(at, max(end, at + 1), MAX_LINE_BYTES):
                text = data[start : min(end, start + MAX_LINE_BYTES)].decode("utf-8", "replace")
                self.account.lines += start > at  # the pieces of an endless line count as lines
                yield Line(block.file, number, text)
            at, number = end + 1, number + 1
            if not data:
                break
        self._carrier.leave(data)

    @property
    def _wants_next(self) -> bool:
        return self._open is not None or self._oom.is_in_dump or self._carrier.wants_next

    def _take(self, line: Line) -> Iterator[Event]:
        if "serialno" in line.text:
            self.account.serials.update(serials_in(line.text))
        entries = self._carrier.entries(line.text)
        self.account.lines += max(len(entries) - 1, 0)
        for entry in entries:
            yield from self._entry(line, self._on_clock(line, entry) if entry.is_kernel else entry)

    def _on_clock(self, line: Line, entry: Entry) -> Entry:
        return replace(entry, clock=self._boots.clock(line.file, entry.time_ms))

    def _entry(self, line: Line, entry: Entry) -> Iterator[Event]:
        record = self._open
        if record is not None and record.is_continued_by(entry):
            record.texts.append(record.part_of(entry))
            self.account.continued += 1
            return
        if record is not None:
            record.between += 1
            if record.between > record.most_between:
                yield from self._close()
        yield from self._begins(line, entry)

    def _begins(self, line: Line, entry: Entry) -> Iterator[Event]:
        """Reads an entry that continues no other."""
        owner = owner_of(entry)
        kind = EXIT_INFO if is_header(entry.message) else kind_of(entry, owner)
        is_kernels = owner == "untagged" or entry.tag in OOM_TAGS or UNTAGGED.match(entry.kernels) is not None
        if is_kernels and kind is None and oom.START.match(entry.kernels):
            kind = OOM
        if kind is not None:
            yield from self._close()
            self._open = OpenRecord(line, entry, kind, [entry.kernels if kind is OOM else entry.message])
        elif is_kernels and self._is_oom_context(entry):
            self.account.context[oom.CONTEXT] += 1
        elif entry.tag in CONTEXT_TAGS:
            self.account.context[entry.tag] += 1
        elif is_not_understood(entry, owner):
            name = "a line without a tag" if owner == "untagged" else owner
            self._refuse(line, name, "it speaks of a kill or a death")
        elif owner in {"lmkd", "driver"}:
            self.account.context["lowmemorykiller"] += 1

    def _close(self) -> Iterator[Event]:
        """Ends the open record, if there is one."""
        record, self._open = self._open, None
        if record is None:
            return
        kind, entry = settled(record.kind, record.message), record.entry
        try:
            name, fields = self._parsed(kind, record)
        except ValueError as error:
            self._refuse(record.line, kind.type, str(error))
            return
        if not name:
            self.account.context[oom.CONTEXT] += 1
            return
        time, time_ms, clock = entry.time, entry.time_ms, entry.clock
        if kind is EXIT_INFO:
            time, time_ms = "", parse_moment(str(fields.get("timestamp", "")))
            clock = CALENDAR if time_ms is not None else ""
        yield self._event(record.line, name, fields, time, time_ms, clock)

    def _parsed(self, kind: Kind, record: OpenRecord) -> tuple[str, dict[str, Any]]:
        """Returns type and fields of a record; no type for a line that is only part of a dump."""
        if kind is EXIT_INFO:
            return kind.type, parse_exit_info(record.texts[1:])
        if kind is OOM:
            parsed = self._oom.read(record.message)
            if parsed is None:
                raise ValueError("it starts as a line of the OOM killer")
            return parsed.type, parsed.fields
        return kind.type, kind.parse(record.message)

    def _is_oom_context(self, entry: Entry) -> bool:
        try:
            return self._oom.read(entry.kernels) is not None
        except ValueError:
            return False

    def _refuse(self, line: Line, name: str, error: str) -> None:
        self.account.refused += 1
        if len(self.account.not_understood) < MOST_QUOTED:
            text = line.text[:MAX_QUOTED_CHARACTERS]
            self.account.not_understood.append(NotUnderstood(line.file, line.number, name, error, text))

    def _event(
        self, line: Line, name: str, fields: dict[str, Any], time: str, time_ms: int | None, clock: str
    ) -> Event:
        self.account.parsed[name] += 1
        origin: dict[str, Any] = {"type": name, "file": line.file, "line": line.number}
        if time:
            origin["time"] = time
        return Event({**origin, **fields}, time_ms, clock)
