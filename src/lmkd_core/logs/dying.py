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

FRACTION = re.compile(r"\d[.,]\d{3}")


@dataclass(frozen=True, slots=True)
class Dying:
    """A kill at ``kill_ms`` on its clock, and the times from it to its ends by kind.

    A time below 0 is possible: several loggers stamp their lines on their own threads.
    """

    clock: str
    kill_ms: int
    to_end_ms: dict[str, int]

    @property
    def to_death_ms(self) -> int | None:
        """The time to the first notice of the death; None without one."""
        return min((self.to_end_ms[kind] for kind in NOTICES if kind in self.to_end_ms), default=None)


def dying_of(records: Sequence[Event]) -> Dying | None:
    """Returns the times of one death's records; None if no kill is dated to the millisecond.

    A kill that is logged on several clocks is taken on that with most ends.
    """
    dated = [record for record in records if _has_ms(record)]
    clocks = dict.fromkeys(record.clock for record in dated if record.type in KILLS)
    candidates = [_on_clock([record for record in dated if record.clock == clock]) for clock in clocks]
    return max(candidates, key=lambda dying: len(dying.to_end_ms), default=None)


def _on_clock(records: Sequence[Event]) -> Dying:
    kills = [record for record in records if record.type in KILLS]
    clock, some_ms = kills[0].clock, kills[0].time_ms or 0
    kill_ms = some_ms + min(difference_ms(kill.time_ms or 0, some_ms, clock) for kill in kills)
    to_end_ms = {}
    for kind, types in ENDS.items():
        times = [difference_ms(end.time_ms or 0, kill_ms, clock) for end in records if end.type in types]
        fitting = [time_ms for time_ms in times if -EARLY_MS <= time_ms <= WINDOW_MS]
        if fitting:  # others are of a clock that was set
            to_end_ms[kind] = min(fitting)
    return Dying(clock, kill_ms, to_end_ms)


def _has_ms(record: Event) -> bool:
    """Returns whether the time was printed with its milliseconds: a host's syslog has seconds only."""
    if record.time_ms is None or not record.clock:
        return False
    return FRACTION.search(str(record.fields.get("time", ""))) is not None
