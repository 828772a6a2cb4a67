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
from lmkd_core.logs.carriers import Carrier
from lmkd_core.logs.clocks import CALENDAR
from lmkd_core.logs.clocks import HOST_CLOCK
from lmkd_core.logs.clocks import parse_moment
from lmkd_core.logs.events import Event
from lmkd_core.logs.exit_info import HEADER
from lmkd_core.logs.exit_info import is_field_line
from lmkd_core.logs.exit_info import is_header
from lmkd_core.logs.exit_info import parse_exit_info
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.kernel import Boots
from lmkd_core.logs.kinds import EVENTS
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
MOST_BETWEEN = 8
"""Lines of other programs between the two lines of one kill."""

MOST_BROKEN = 12
"""Lines into which one message is broken."""

UNTAGGED = re.compile(r"(?:(?!: ).){1,15} invoked oom-killer: gfp_mask=|Killed process \d{1,10} \(")
"""Lines of the OOM killer in ``logcat -b kernel``, whose tag is any text before the first colon."""

EXIT_INFO = Kind("exit_info", HEADER, lambda text: parse_exit_info([text]))
OOM = Kind("oom_killer", oom.START, oom.check_whole, oom.is_cut)


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


@dataclass(slots=True)
class _Open:
    """A record whose message may go on in the next lines; ``between`` counts the other lines since."""

    line: Line
    entry: Entry
    kind: Kind
    texts: list[str]
    between: int = 0

    @property
    def message(self) -> str:
        return " ".join(text.strip() for text in self.texts)

    @property
    def most_between(self) -> int:
        """The number of other lines that may come before the rest; none before what may only be wrapped."""
        return MOST_BETWEEN if self.kind.type in TWO_LINES and self.kind.is_cut(self.message) else 0

    def is_continued_by(self, entry: Entry) -> bool:
        """Returns whether the entry is the rest of this record."""
        if len(self.texts) > MOST_BROKEN or not entry.message.strip():
            return False
        if self.kind is EXIT_INFO:
            return is_field_line(entry.message) and not is_header(entry.message)
        is_others = entry.is_headed and (
            entry.tag != self.entry.tag and not (entry.is_kernel and self.entry.is_kernel)
        )
        if GOES_ON.match(entry.message) and self.kind.type in TWO_LINES:
            return not entry.tag or not is_others
        if self.between or self.kind.type not in BROKEN_TYPES or _begins(entry):
            return False
        if entry.is_headed and (entry.tag or entry.is_kernel or entry.clock != HOST_CLOCK):
            return False
        return self._is_broken_before(entry)

    def part_of(self, entry: Entry) -> str:
        """Returns what a further line adds to the message."""
        is_whole = entry.is_headed or self.kind is EXIT_INFO or GOES_ON.match(entry.message)
        return entry.message if is_whole else entry.text

    def _is_broken_before(self, entry: Entry) -> bool:
        """Returns whether somebody broke this record's line before an entry without a header."""
        if self.kind is OOM or self.kind.type in EVENTS:
            return self.kind.is_cut(self.message)
        if self._lacks_something():
            return True
        if self.kind.type == "am_died":
            return False  # all that may be missing is a state
        if self.texts[-1].rstrip().endswith((",", ";", ":")):
            return True
        if entry.indent > 0 or len(self.texts) > 1:
            return LABEL.match(entry.message) is None
        is_full = len(self.line.text) in FULL_LINES
        return (is_full or self.kind.is_cut(self.message)) and REST.match(entry.message) is not None

    def _lacks_something(self) -> bool:
        try:
            self.kind.parse(self.message)
        except ValueError:
            return True
        return False


TWO_LINES = {"lmkd_kill", "driver_kill"}
"""Types of records that a device logs in several lines."""

FULL_LINES = range(50, 136)
"""Lengths of lines that terminals, mails and pages break; whole lines of kills are longer, or end here."""


def _begins(entry: Entry) -> bool:
    """Returns whether an entry is of a record of its own."""
    return (
        is_header(entry.message)
        or kind_of(entry, owner_of(entry)) is not None
        or oom.START.match(entry.kernels) is not None
    )


BROKEN_TYPES = {"lmkd_kill", "driver_kill", "am_killing", "am_died", "oom_killer", *EVENTS}
"""Types of records whose lines are long enough to be broken."""

LABEL = re.compile(r"(?!\s*+reason:)\s*+[\w ]{1,40}[:=]|\s*+at ")
"""How other text than the rest of a reason begins: ``package: x``, a line of a stack."""

GOES_ON = re.compile(r"\s*+(?:to free |cache |Free memory |Free CMA |Total )")
"""The further lines of a kill by lmkd of Android 8 and 9, and by the kernel's driver."""

REST = re.compile(r"[a-z\d(<=\[-]|#\d|UID")
"""How the rest of a message begins, where somebody broke it; other sentences begin with a capital."""


class Reader:
    """Reads one log after the other; ``account`` covers all of them."""

    def __init__(self) -> None:
        self.account = Account()
        self._open: _Open | None = None
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
            yield Line(
                block.file, number, data[at : min(end, at + MAX_LINE_BYTES)].decode("utf-8", "replace")
            )
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
            self._open = _Open(line, entry, kind, [entry.kernels if kind is OOM else entry.message])
        elif is_kernels and self._is_oom_context(entry):
            self.account.context[oom.CONTEXT] += 1
        elif entry.tag in CONTEXT_TAGS:
            self.account.context[entry.tag] += 1
        elif is_not_understood(entry, owner):
            self._refuse(line, owner, "it speaks of a kill or a death")
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

    def _parsed(self, kind: Kind, record: _Open) -> tuple[str, dict[str, Any]]:
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
