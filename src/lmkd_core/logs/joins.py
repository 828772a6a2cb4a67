"""Joins records of several logs that report the same death: same pid, same name, about the same time.

Pids are reused, so neither pid nor name nor time alone is enough. On one clock two records join within
``WINDOW_MS``; a notice of a death may precede the kill by at most ``EARLY_MS``. In a log without times, lines
take their place. The kernel's clock and the calendar cannot be compared, nor can times before and after a
clock was set: there two records join if pid and name fit and no other record does. Records of different
archives are from different devices or days, and never join.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.logs.clocks import difference_ms
from lmkd_core.logs.events import Event

WINDOW_MS = 10_000
"""lmkd logs at the kill; ActivityManager notices the death after its last thread has gone, seconds later."""

EARLY_MS = 1000
"""Loggers stamp on their own threads: a notice may be stamped before the kill that it follows."""

LMKD_SOCKET_KILL = "lmkd_told"
"""Type of a record that is in no log: lmkd reported the kill over its socket to a listener."""

CLAIMS = (
    *("lmkd_kill", "killinfo", LMKD_SOCKET_KILL, "driver_kill"),
    *("oom_kill", "oom_chosen", "am_kill", "am_killing"),
)
"""Types of records in which a killer reports its own kill."""

NOTICES = ("am_proc_died", "am_died", "exit_info")
"""Types of records that report the end of a process."""

TRACES = ("mrelease_failure", "lmkd_kill_failed", "lmkd_reaped", "oom_reaped", "zygote_signal")
"""Types of records of a kill's effects: part of a death, but no death by themselves."""

NAME_SOURCES = (
    *("lmkd_kill", "am_kill", "am_killing", "am_proc_died", "am_died", "exit_info", "killinfo"),
    *("oom_kill", "oom_chosen", "driver_kill"),
)
"""Types of records with a process name, best first: the kernel truncates it."""

COMM_TYPES = frozenset({"oom_kill", "oom_chosen", "oom_reaped", "driver_kill"})
"""Types of records with the kernel's name of a process."""

LINE_MS = 100
"""What the distance of a line counts in a log without times: ``WINDOW_MS`` are 100 lines."""

SET_LINES = 200
SET_MS = 600_000
"""A notice this near to its kill in the log, yet earlier than it or this much later: the clock was set."""

MAX_DESCRIPTOR = 1024
DESCRIPTOR_MS = 2000
"""lmkd of Android 13.0.0_r1 to r31 prints its file descriptor for the pid of a failed process_mrelease."""

COMM_LENGTH = 15
"""TASK_COMM_LEN without its NUL. Android sets the end of an app's name, exec the start of a file's."""

MAX_NEARBY_GROUPS = 64
"""Groups of one pid that are considered, the last ones: no real pid dies more often in one log."""

MAX_GROUPS_OF_PID = 32
"""Groups of one pid that are compared pairwise across clocks; a pid with more is skipped."""


@dataclass(slots=True, eq=False)
class Group:
    """The records of one death."""

    records: list[Event] = field(default_factory=list)

    def record(self, type_name: str) -> Event | None:
        """Returns the group's record of that type, if there is one."""
        return next((record for record in self.records if record.type == type_name), None)

    @property
    def clocks(self) -> set[str]:
        return {record.clock for record in self.records if record.clock}

    def accepts(self, event: Event) -> bool:
        """Returns whether the event may be of the same death as all records of the group."""
        return all(_may_join(record, event) for record in self.records)

    def distance_ms(self, event: Event) -> int:
        """Returns the time from the event to the nearest record on its clock."""
        clock, time_ms = _position(event)
        return min(
            abs(difference_ms(other_ms, time_ms, clock))
            for other_clock, other_ms in map(_position, self.records)
            if other_clock == clock
        )


def group_by_death(events: Iterable[Event]) -> list[Group]:
    """Returns one group per death, in the order in which the logs first report each."""
    distinct = list(without_duplicates(events))
    index = _GroupIndex()
    for event in distinct:
        if event.type in {*CLAIMS, *NOTICES}:
            index.add(event, may_begin_group=True)
    groups = _join_across_clocks(index.groups)
    del index  # a log of many kills needs the room
    joined_index = _GroupIndex(groups)
    for event in distinct:
        if event.type in TRACES and not joined_index.add(event, may_begin_group=False):
            _add_by_descriptor(event, groups)
    return groups


class _GroupIndex:
    """Finds groups by pid, so that the work is proportional to a log's length."""

    def __init__(self, groups: Sequence[Group] = ()) -> None:
        self.groups = list(groups)
        self._by_pid: dict[int | None, list[Group]] = defaultdict(list)
        for group in self.groups:
            for record in group.records:
                self._index(group, record)

    def add(self, event: Event, *, may_begin_group: bool) -> bool:
        """Adds the event to the nearest group in time that accepts it, or to a new one; returns whether."""
        candidates = [group for group in self._nearby(event) if group.accepts(event)]
        if candidates:
            nearest = min(candidates, key=lambda group: group.distance_ms(event))
        elif may_begin_group:
            nearest = Group()
            self.groups.append(nearest)
        else:
            return False
        nearest.records.append(event)
        self._index(nearest, event)
        return True

    def _index(self, group: Group, event: Event) -> None:
        same_pid = self._by_pid[event.pid]
        if event.pid is not None and group not in same_pid[-MAX_NEARBY_GROUPS:]:
            same_pid.append(group)

    def _nearby(self, event: Event) -> Iterator[Group]:
        """Yields the groups of the event's pid with a record on its clock, of those the last ones."""
        clock = _position(event)[0]
        for group in self._by_pid.get(event.pid, ())[-MAX_NEARBY_GROUPS:]:
            if any(_position(record)[0] == clock for record in group.records):
                yield group


def _position(event: Event) -> tuple[str, int]:
    """Returns clock and time of a record; without a time, its file and line."""
    if event.clock and event.time_ms is not None:
        return event.clock, event.time_ms
    return f"lines of {event.file}", event.line * LINE_MS


def _add_by_descriptor(event: Event, groups: Sequence[Group]) -> None:
    """Adds a failure that has a descriptor in the place of its pid to lmkd's last kill before it."""
    if event.type != "mrelease_failure" or (event.pid or 0) >= MAX_DESCRIPTOR or not event.clock:
        return
    kills = [
        (after_ms, group)
        for group in groups
        if (kill := group.record("lmkd_kill") or group.record("killinfo"))
        and kill.clock == event.clock
        and 0 <= (after_ms := _later_ms(kill, event)) <= DESCRIPTOR_MS
        and not group.record("mrelease_failure")
        and _archives_fit(kill, event)
    ]
    if kills:
        min(kills, key=lambda item: item[0])[1].records.append(event)


def _later_ms(first: Event, second: Event) -> int:
    """Returns how much later the second is, on the clock of both."""
    (clock, first_ms), (_, second_ms) = _position(first), _position(second)
    return difference_ms(second_ms, first_ms, clock)


def without_duplicates(events: Iterable[Event]) -> Iterator[Event]:
    """Yields the first of all records with the same content and a time: a bug report has some logs twice."""
    yielded: set[int] = set()
    for event in events:
        content = event.content
        key = hash(content)
        if not content or key not in yielded:
            yielded.add(key)
            yield event


def _may_join(first: Event, second: Event) -> bool:
    if first.type == second.type or first.pid != second.pid:
        return False
    return _archives_fit(first, second) and names_fit(first, second) and _times_fit(first, second)


def _archives_fit(first: Event, second: Event) -> bool:
    archives = [archive for event in (first, second) if (archive := archive_of(event))]
    return len(set(archives)) < 2


def archive_of(event: Event) -> str:
    """Returns the path of the archive that contains the record; empty for a plain file."""
    path, separator, _ = event.file.partition("!")
    return path if separator else ""


def _times_fit(first: Event, second: Event) -> bool:
    """Returns whether the times fit one death; times that cannot be compared do."""
    if _position(first)[0] != _position(second)[0]:
        return True
    later_ms = _later_ms(first, second)
    if first.type in NOTICES and second.type not in NOTICES:
        later_ms = -later_ms
    elif first.type in NOTICES or second.type not in NOTICES:
        return abs(later_ms) <= WINDOW_MS
    return -EARLY_MS <= later_ms <= WINDOW_MS


def names_fit(first: Event, second: Event) -> bool:
    """Returns whether both may be about the same process; a record without a name fits any other."""
    name, second_name = _name(first), _name(second)
    if not name or not second_name or name == second_name:
        return True
    if first.type in COMM_TYPES:
        return name in _comms(second_name)
    return second.type in COMM_TYPES and second_name in _comms(name)


def _name(event: Event) -> str:
    return event.process or ""


def _comms(name: str) -> set[str]:
    """Returns the kernel's possible abbreviations of a process name."""
    program = name.split(" ", 1)[0].rpartition("/")[2]
    return {name[:COMM_LENGTH], name[-COMM_LENGTH:], program[:COMM_LENGTH]}


def _join_across_clocks(groups: Sequence[Group]) -> list[Group]:
    by_pid: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        if group.records[0].pid is not None:
            by_pid[group.records[0].pid].append(group)
    merged_ids: set[int] = set()
    for same_pid in by_pid.values():
        if 1 < len(same_pid) <= MAX_GROUPS_OF_PID:
            merged_ids |= _merge(same_pid)
    return [group for group in groups if id(group) not in merged_ids]


def _merge(same_pid: Sequence[Group]) -> set[int]:
    """Merges every two groups that fit only each other; returns the ids of those merged into another."""
    partners = {id(group): [other for other in same_pid if _may_merge(group, other)] for group in same_pid}
    merged_ids: set[int] = set()
    for group in same_pid:
        fitting = partners[id(group)]
        if len(fitting) == 1 and partners[id(fitting[0])] == [group] and id(group) not in merged_ids:
            group.records.extend(fitting[0].records)
            merged_ids.add(id(fitting[0]))
    return merged_ids


def _may_merge(first: Group, second: Group) -> bool:
    """Returns whether two groups on different clocks fit: both need a name, or one must have no time."""
    if first is second:
        return False
    named = all(any(map(_name, group.records)) for group in (first, second))
    if first.clocks & second.clocks:
        return named and _clock_was_set(first, second)
    timeless = not first.clocks or not second.clocks
    return (named or timeless) and all(second.accepts(record) for record in first.records)


def _clock_was_set(first: Group, second: Group) -> bool:
    """Returns whether a kill and a notice are near in the log, and only their times do not fit."""
    kills, notices = sorted((first, second), key=lambda group: group.records[0].type not in CLAIMS)
    is_pair = kills.records[0].type in CLAIMS and all(record.type in NOTICES for record in notices.records)
    return is_pair and all(
        _only_times_differ(kill, notice) for kill in kills.records for notice in notices.records
    )


def _only_times_differ(kill: Event, notice: Event) -> bool:
    lines = notice.line - kill.line
    is_near = kill.file == notice.file and 0 < lines <= SET_LINES
    later_ms = _later_ms(kill, notice)
    is_set = kill.clock != notice.clock or not -EARLY_MS <= later_ms <= SET_MS
    return is_near and is_set and kill.type != notice.type and names_fit(kill, notice)
