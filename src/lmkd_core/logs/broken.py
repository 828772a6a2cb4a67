"""Messages that go on in further lines: as the device logs them, or where somebody broke a line.

lmkd of Android 8 and 9 and the kernel's driver log a kill in several lines, exit-info is a record of several;
mails, terminals and pages break any line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lmkd_core.logs import oom
from lmkd_core.logs.clocks import HOST_CLOCK
from lmkd_core.logs.exit_info import HEADER
from lmkd_core.logs.exit_info import MAX_FIELD_LINES
from lmkd_core.logs.exit_info import is_field_line
from lmkd_core.logs.exit_info import is_header
from lmkd_core.logs.exit_info import parse_exit_info
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.kinds import EVENTS
from lmkd_core.logs.kinds import Kind
from lmkd_core.logs.kinds import kind_of
from lmkd_core.logs.kinds import owner_of
from lmkd_core.logs.sources import Line

MOST_BETWEEN = 8
"""Lines of other programs between the two lines of one kill."""

MOST_BROKEN = 12
"""Lines into which one message is broken."""

EXIT_INFO = Kind("exit_info", HEADER, lambda text: parse_exit_info([text]))
OOM = Kind("oom_killer", oom.START, oom.check_whole, oom.is_cut)
"""Kinds of lines whose parsers take more than one message."""

TWO_LINES = {"lmkd_kill", "driver_kill"}
"""Types of records that a device logs in several lines."""

FULL_LINES = range(50, 136)
"""Lengths of lines that terminals, mails and pages break; whole lines of kills are longer, or end here."""


BROKEN_TYPES = {"lmkd_kill", "driver_kill", "am_killing", "am_died", "oom_killer", *EVENTS}
"""Types of records whose lines are long enough to be broken."""

LABEL = re.compile(r"(?!\s*+reason:)\s*+[\w ]{1,40}[:=]|\s*+at ")
"""How other text than the rest of a reason begins: ``package: x``, a line of a stack."""

GOES_ON = re.compile(r"\s*+(?:to free |cache |Free memory |Free CMA |Total )")
"""The further lines of a kill by lmkd of Android 8 and 9, and by the kernel's driver."""

REST = re.compile(r"[a-z\d(<=\[-]|#\d|UID")
"""How the rest of a message begins, where somebody broke it; other sentences begin with a capital."""


@dataclass(slots=True)
class OpenRecord:
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
        most = MAX_FIELD_LINES if self.kind is EXIT_INFO else MOST_BROKEN
        if len(self.texts) > most or not entry.message.strip():
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


def _begins(entry: Entry) -> bool:
    """Returns whether an entry is of a record of its own."""
    return (
        is_header(entry.message)
        or kind_of(entry, owner_of(entry)) is not None
        or oom.START.match(entry.kernels) is not None
    )
