"""Which parser a line is for. Every line is accounted for: a kill, what is around one, or nothing of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_reports.logs.activity import parse_am_kill
from lmkd_reports.logs.activity import parse_am_proc_died
from lmkd_reports.logs.exit_info import MOST_LINES
from lmkd_reports.logs.exit_info import is_field_line
from lmkd_reports.logs.exit_info import is_header
from lmkd_reports.logs.exit_info import parse_exit_info
from lmkd_reports.logs.killinfo import parse_killinfo
from lmkd_reports.logs.lmkd import parse_kill
from lmkd_reports.logs.lmkd import parse_mrelease
from lmkd_reports.logs.logcat import Entry
from lmkd_reports.logs.logcat import parse_entry
from lmkd_reports.logs.sources import Line

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

TYPES = ("killinfo", "lmkd_kill", "mrelease_failure", "am_kill", "am_proc_died", "exit_info")


@dataclass(frozen=True, slots=True)
class Event:
    """One kill or one trace of it; ``fields`` are what is printed, ``time_ms`` only serves comparison."""

    fields: dict[str, Any]
    time_ms: int | None = None

    @property
    def type(self) -> str:
        return str(self.fields["type"])


@dataclass(slots=True)
class Account:
    """What became of the lines: ``parsed`` by type, ``context`` by tag, ``others`` tell nothing of kills."""

    lines: int = 0
    parsed: Counter[str] = field(default_factory=Counter)
    continued: int = 0
    context: Counter[str] = field(default_factory=Counter)
    others: int = 0
    not_understood: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        told = sum(self.parsed.values()) + self.continued + sum(self.context.values()) + self.others
        return told + len(self.not_understood) == self.lines


class Reader:
    """Reads the lines of one log after the other; ``account`` grows with them."""

    def __init__(self) -> None:
        self.account = Account()
        self._open: tuple[Line, list[str]] | None = None

    def read(self, lines: Iterable[Line]) -> Iterator[Event]:
        """The events of a log, in the order in which they end."""
        for line in lines:
            self.account.lines += 1
            yield from self._take(line)
        yield from self._close()

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
            self.account.others += 1
        elif entry.tag in EVENTS:
            name, parse = EVENTS[entry.tag]
            yield from self._parsed(line, name, parse, entry, entry.message)
        elif entry.tag in LMKD_TAGS:
            yield from self._of_lmkd(line, entry)
        elif entry.tag in CONTEXT_TAGS:
            self.account.context[entry.tag] += 1
        else:
            self.account.others += 1

    def _of_lmkd(self, line: Line, entry: Entry) -> Iterator[Event]:
        for begin, (name, parse) in LMKD_LINES.items():
            if entry.message.startswith(begin):
                yield from self._parsed(line, name, parse, entry, entry.message)
                return
        self.account.context["lowmemorykiller"] += 1

    def _parsed(
        self, line: Line, name: str, parse: Parse, entry: Entry | None, message: str
    ) -> Iterator[Event]:
        try:
            told = parse(message)
        except ValueError as error:
            self.account.not_understood.append(f"{line.file}:{line.number}: {name}: {error}")
            return
        self.account.parsed[name] += 1
        place: dict[str, Any] = {"type": name, "file": line.file, "line": line.number}
        if entry is not None and entry.time:
            place["time"] = entry.time
        yield Event({**place, **told}, entry.time_ms if entry else None)
