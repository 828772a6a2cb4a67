"""Joins records of several logs that report the same death: same pid, same name, about the same time.

Pids are reused, so neither pid nor name nor time alone is enough. On one clock two records join within
``WINDOW_MS``; a notice of a death may precede the kill by at most ``EARLY_MS``. The kernel's clock and the
calendar cannot be compared: across clocks two records join if pid and name fit and no other record does.
Records of different archives are from different devices or days, and never join.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.logs.reading import Event

WINDOW_MS = 10_000
"""lmkd logs at the kill; ActivityManager notices the death after its last thread has gone, seconds later."""

EARLY_MS = 1000
"""Loggers stamp on their own threads: a notice may be stamped before the kill that it follows."""

LMKD_SOCKET_KILL = "lmkd_told"
"""Type of a record that is in no log: lmkd reported the kill over its socket to a listener."""

CLAIMS = ("lmkd_kill", "killinfo", LMKD_SOCKET_KILL, "oom_kill", "am_kill")
"""Types of records in which a killer reports its own kill."""

NOTICES = ("am_proc_died", "exit_info")
"""Types of records that report the end of a process."""

TRACES = ("mrelease_failure", "oom_reaped")
"""Types of records of a kill's effects: part of a death, but no death by themselves."""

NAME_SOURCES = ("lmkd_kill", "am_kill", "am_proc_died", "exit_info", "killinfo", "oom_kill")
"""Types of records with a process name, best first: the kernel truncates it."""

COMM_LENGTH = 15
"""TASK_COMM_LEN without its NUL. Android sets the end of an app's name, exec the start of a file's."""

MAX_NEARBY_GROUPS = 64
"""Groups of one pid and time window that are considered: no real pid dies more often."""

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
        return min(
            abs((record.time_ms or 0) - (event.time_ms or 0))
            for record in self.records
            if record.clock == event.clock
        )


def group_by_death(events: Iterable[Event]) -> list[Group]:
    """Returns one group per death, in the order in which the logs first report each."""
    distinct = list(_without_duplicates(events))
    index = _GroupIndex()
    for event in distinct:
        if event.type in {*CLAIMS, *NOTICES}:
            index.add(event, may_begin_group=True)
    groups = _join_across_clocks(index.groups)
    joined_index = _GroupIndex(groups)
    for event in distinct:
        if event.type in TRACES:
            joined_index.add(event, may_begin_group=False)
    return groups


class _GroupIndex:
    """Finds groups by pid and time window, so that the work is proportional to a log's length."""

    def __init__(self, groups: Sequence[Group] = ()) -> None:
        self.groups = list(groups)
        self._windows: dict[tuple[Any, ...], list[Group]] = defaultdict(list)
        for group in self.groups:
            for record in group.records:
                self._index(group, record)

    def add(self, event: Event, *, may_begin_group: bool) -> None:
        """Adds the event to the nearest group in time that accepts it, or to a new group."""
        candidates = [group for group in self._nearby(event) if group.accepts(event)]
        if candidates:
            nearest = min(candidates, key=lambda group: group.distance_ms(event))
        elif may_begin_group:
            nearest = Group()
            self.groups.append(nearest)
        else:
            return
        nearest.records.append(event)
        self._index(nearest, event)

    def _index(self, group: Group, event: Event) -> None:
        if event.clock and event.time_ms is not None:
            window = self._windows[_window(event, 0)]
            if group not in window[-MAX_NEARBY_GROUPS:]:
                window.append(group)

    def _nearby(self, event: Event) -> Iterator[Group]:
        if event.clock and event.time_ms is not None:
            for offset in (-1, 0, 1):
                yield from self._windows.get(_window(event, offset), [])[-MAX_NEARBY_GROUPS:]


def _window(event: Event, offset: int) -> tuple[Any, ...]:
    return event.fields["pid"], event.clock, (event.time_ms or 0) // WINDOW_MS + offset


def _without_duplicates(events: Iterable[Event]) -> Iterator[Event]:
    """Yields the first of all records with the same content and a time: a bug report has some logs twice."""
    yielded = set()
    for event in events:
        content = {name: value for name, value in event.fields.items() if name not in {"file", "line"}}
        key = repr(content)
        if "time" not in content and "timestamp" not in content:
            yield event
        elif key not in yielded:
            yielded.add(key)
            yield event


def _may_join(first: Event, second: Event) -> bool:
    if first.type == second.type or first.fields["pid"] != second.fields["pid"]:
        return False
    return _archives_fit(first, second) and names_fit(first, second) and _times_fit(first, second)


def _archives_fit(first: Event, second: Event) -> bool:
    archives = [archive for event in (first, second) if (archive := archive_of(event))]
    return len(set(archives)) < 2


def archive_of(event: Event) -> str:
    """Returns the path of the archive that contains the record; empty for a plain file."""
    path, separator, _ = str(event.fields.get("file", "")).partition("!")
    return path if separator else ""


def _times_fit(first: Event, second: Event) -> bool:
    """Returns whether the times fit one death; times that cannot be compared do."""
    if not first.clock or first.clock != second.clock or first.time_ms is None or second.time_ms is None:
        return True
    later_ms = second.time_ms - first.time_ms
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
    if first.type in {"oom_kill", "oom_reaped"}:
        return name in _comms(second_name)
    return second.type in {"oom_kill", "oom_reaped"} and second_name in _comms(name)


def _name(event: Event) -> str:
    return str(event.fields.get("process") or "")


def _comms(name: str) -> set[str]:
    """Returns the kernel's possible abbreviations of a process name."""
    program = name.split(" ", 1)[0].rpartition("/")[2]
    return {name[:COMM_LENGTH], name[-COMM_LENGTH:], program[:COMM_LENGTH]}


def _join_across_clocks(groups: Sequence[Group]) -> list[Group]:
    by_pid: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        by_pid[group.records[0].fields["pid"]].append(group)
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
    if first is second or first.clocks & second.clocks:
        return False
    named = all(any(map(_name, group.records)) for group in (first, second))
    timeless = not first.clocks or not second.clocks
    return (named or timeless) and all(second.accepts(record) for record in first.records)
