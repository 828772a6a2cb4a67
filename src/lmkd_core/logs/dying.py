"""How long a death took, from the kill's record to the records of its end.

Only times of one clock that are printed with milliseconds count. They hold the delays of the loggers: lmkd
logs a kill about when it sends the signal, Zygote and ActivityManager log an end when they get to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.logs.clocks import difference_ms
from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import EARLY_MS
from lmkd_core.logs.joins import WINDOW_MS

KILLS = ("lmkd_kill", "killinfo", "driver_kill", "oom_kill", "oom_chosen")
"""Types of records by which a killer for want of memory dates its kill."""

ENDS = {
    "zygote": ("zygote_signal",),
    "died": ("am_proc_died", "am_died"),
    "reaped": ("lmkd_reaped",),
    "oom_reaped": ("oom_reaped",),
}
"""Records of an end by kind: Zygote has collected the process; ActivityManager has lost its connection to it;
lmkd, or the kernel's OOM reaper, has freed its memory."""

NOTICES = ("zygote", "died")
"""The kinds that report a death; a reaper reports memory."""

TYPES = frozenset((*KILLS, *(type_name for types in ENDS.values() for type_name in types)))
FRACTION = re.compile(r"\d[.,]\d{3}")


@dataclass(frozen=True, slots=True)
class Dying:
    """A kill at ``kill_ms`` on its clock, and the times from it to its ends, one for each of ``ENDS``.

    A time below 0 is possible: several loggers stamp their lines on their own threads.
    """

    clock: str
    kill_ms: int
    ends_ms: tuple[int | None, ...]

    @property
    def to_end_ms(self) -> dict[str, int]:
        """The known times by kind of end."""
        ends = zip(ENDS, self.ends_ms, strict=True)
        return {kind: time_ms for kind, time_ms in ends if time_ms is not None}

    @property
    def to_death_ms(self) -> int | None:
        """The time to the first notice of the death; None without one."""
        to_end_ms = self.to_end_ms
        return min((to_end_ms[kind] for kind in NOTICES if kind in to_end_ms), default=None)


def dying_of(records: Sequence[Event]) -> Dying | None:
    """Returns the times of one death's records; None if no kill is dated to the millisecond.

    A kill that is logged on several clocks is taken on that with most ends.
    """
    dated = [record for record in records if record.type in TYPES and _has_ms(record)]
    clocks = dict.fromkeys(record.clock for record in dated if record.type in KILLS)
    candidates = [_on_clock([record for record in dated if record.clock == clock]) for clock in clocks]
    return max(candidates, key=lambda dying: len(dying.to_end_ms), default=None)


def _on_clock(records: Sequence[Event]) -> Dying:
    kills = [record for record in records if record.type in KILLS]
    clock, some_ms = kills[0].clock, kills[0].time_ms or 0
    kill_ms = some_ms + min(difference_ms(kill.time_ms or 0, some_ms, clock) for kill in kills)
    return Dying(clock, kill_ms, tuple(_to_end_ms(records, types, kill_ms) for types in ENDS.values()))


def _to_end_ms(records: Sequence[Event], types: Sequence[str], kill_ms: int) -> int | None:
    """Returns the time to the first record of these types; those of a clock that was set do not count."""
    times = [difference_ms(end.time_ms or 0, kill_ms, end.clock) for end in records if end.type in types]
    return min((time_ms for time_ms in times if -EARLY_MS <= time_ms <= WINDOW_MS), default=None)


def _has_ms(record: Event) -> bool:
    """Returns whether the time was printed with its milliseconds: a host's syslog has seconds only."""
    if record.time_ms is None or not record.clock:
        return False
    return FRACTION.search(str(record.fields.get("time", ""))) is not None
