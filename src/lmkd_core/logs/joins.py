"""Which records of several logs tell of one death: the same pid, at about the same time, of the same name.

Pids are used again, so neither pid nor name nor time alone will do. On one clock two records join within
``WINDOW_MS``, and a notice of a death not before the kill by more than ``EARLY_MS``. The kernel's clock and
the calendar have nothing in common: across clocks two records join when pid and name fit and no other
record could be meant. Records of different archives are of different devices or days, and never join.
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
"""lmkd logs at the kill; ActivityManager notices the death when its last thread is gone, seconds later."""

EARLY_MS = 1000
"""Loggers stamp on their own threads: a notice may be stamped before the kill it follows."""

LMKD_TOLD = "lmkd_told"
"""In no log: lmkd told it over its socket while it was listened to."""

CLAIMS = ("lmkd_kill", "killinfo", LMKD_TOLD, "oom_kill", "am_kill")
"""Somebody says that he killed."""

NOTICES = ("am_proc_died", "exit_info")
"""Somebody saw that a process is gone."""

TRACES = ("mrelease_failure", "oom_reaped")
"""What followed a kill: part of a death, and no death by itself."""

NAMED_BY = ("lmkd_kill", "am_kill", "am_proc_died", "exit_info", "killinfo", "oom_kill")
"""Whose name counts: the kernel's is cut."""

COMM_LENGTH = 15
"""TASK_COMM_LEN without its NUL. Android gives an app the end of its name, exec the beginning of a file's."""

MOST_NEAR = 64
"""Groups of one pid within one window that are looked at: no real pid dies more often."""

MOST_APART = 32


@dataclass(slots=True, eq=False)
class Group:
    """The records of one death."""

    records: list[Event] = field(default_factory=list)

    def of_type(self, name: str) -> Event | None:
        return next((record for record in self.records if record.type == name), None)

    @property
    def clocks(self) -> set[str]:
        return {record.clock for record in self.records if record.clock}

    def takes(self, event: Event) -> bool:
        return all(_can_be_one(record, event) for record in self.records)

    def distance_ms(self, event: Event) -> int:
        return min(
            abs((record.time_ms or 0) - (event.time_ms or 0))
            for record in self.records
            if record.clock == event.clock
        )


def joined(events: Iterable[Event]) -> list[Group]:
    """The deaths, each with its records, in the order in which they are first told of."""
    once = list(_once(events))
    near = _Near()
    for event in once:
        if event.type in {*CLAIMS, *NOTICES}:
            near.add(event, may_begin=True)
    groups = _across_clocks(near.groups)
    kept = _Near(groups)
    for event in once:
        if event.type in TRACES:
            kept.add(event, may_begin=False)
    return groups


class _Near:
    """Groups by pid and window of time, so that a long log takes time in proportion to its length."""

    def __init__(self, groups: Sequence[Group] = ()) -> None:
        self.groups = list(groups)
        self._windows: dict[tuple[Any, ...], list[Group]] = defaultdict(list)
        for group in self.groups:
            for record in group.records:
                self._note(group, record)

    def add(self, event: Event, *, may_begin: bool) -> None:
        """To the nearest group in time that takes it, or to a new one."""
        found = [group for group in self._around(event) if group.takes(event)]
        if found:
            group = min(found, key=lambda one: one.distance_ms(event))
        elif may_begin:
            group = Group()
            self.groups.append(group)
        else:
            return
        group.records.append(event)
        self._note(group, event)

    def _note(self, group: Group, event: Event) -> None:
        if event.clock and event.time_ms is not None:
            window = self._windows[_window(event, 0)]
            if group not in window[-MOST_NEAR:]:
                window.append(group)

    def _around(self, event: Event) -> Iterator[Group]:
        if event.clock and event.time_ms is not None:
            for aside in (-1, 0, 1):
                yield from self._windows.get(_window(event, aside), [])[-MOST_NEAR:]


def _window(event: Event, aside: int) -> tuple[Any, ...]:
    return event.fields["pid"], event.clock, (event.time_ms or 0) // WINDOW_MS + aside


def _once(events: Iterable[Event]) -> Iterator[Event]:
    """A bug report has some logs twice: of records that agree in all but their place the first."""
    seen = set()
    for event in events:
        told = {name: value for name, value in event.fields.items() if name not in {"file", "line"}}
        key = repr(told)
        if "time" not in told and "timestamp" not in told:
            yield event
        elif key not in seen:
            seen.add(key)
            yield event


def _can_be_one(one: Event, other: Event) -> bool:
    if one.type == other.type or one.fields["pid"] != other.fields["pid"]:
        return False
    return _same_archive(one, other) and names_fit(one, other) and _times_fit(one, other)


def _same_archive(one: Event, other: Event) -> bool:
    archives = [archive for event in (one, other) if (archive := archive_of(event))]
    return len(set(archives)) < 2


def archive_of(event: Event) -> str:
    """The bug report that the record is from; empty for a file that is no archive."""
    path, inside, _ = str(event.fields.get("file", "")).partition("!")
    return path if inside else ""


def _times_fit(one: Event, other: Event) -> bool:
    """Also where they cannot be compared."""
    if not one.clock or one.clock != other.clock or one.time_ms is None or other.time_ms is None:
        return True
    later_ms = other.time_ms - one.time_ms
    if one.type in NOTICES and other.type not in NOTICES:
        later_ms = -later_ms
    elif one.type in NOTICES or other.type not in NOTICES:
        return abs(later_ms) <= WINDOW_MS
    return -EARLY_MS <= later_ms <= WINDOW_MS


def names_fit(one: Event, other: Event) -> bool:
    """Whether both may tell of the same process; of one without a name nothing speaks against it."""
    name, other_name = _name(one), _name(other)
    if not name or not other_name or name == other_name:
        return True
    if one.type in {"oom_kill", "oom_reaped"}:
        return name in _comms(other_name)
    return other.type in {"oom_kill", "oom_reaped"} and other_name in _comms(name)


def _name(event: Event) -> str:
    return str(event.fields.get("process") or "")


def _comms(name: str) -> set[str]:
    program = name.split(" ", 1)[0].rpartition("/")[2]
    return {name[:COMM_LENGTH], name[-COMM_LENGTH:], program[:COMM_LENGTH]}


def _across_clocks(groups: Sequence[Group]) -> list[Group]:
    by_pid: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        by_pid[group.records[0].fields["pid"]].append(group)
    gone: set[int] = set()
    for of_pid in by_pid.values():
        if 1 < len(of_pid) <= MOST_APART:
            gone |= _merge(of_pid)
    return [group for group in groups if id(group) not in gone]


def _merge(of_pid: Sequence[Group]) -> set[int]:
    """Merges each two groups that have only each other; returns the ids of those that are in another now."""
    mates = {id(one): [other for other in of_pid if _may_be_one(one, other)] for one in of_pid}
    gone: set[int] = set()
    for one in of_pid:
        found = mates[id(one)]
        if len(found) == 1 and mates[id(found[0])] == [one] and id(one) not in gone:
            one.records.extend(found[0].records)
            gone.add(id(found[0]))
    return gone


def _may_be_one(one: Group, other: Group) -> bool:
    """Of two groups whose clocks cannot be compared: both must have a name, or at least one no time."""
    if one is other or one.clocks & other.clocks:
        return False
    named = all(any(map(_name, group.records)) for group in (one, other))
    timeless = not one.clocks or not other.clocks
    return (named or timeless) and all(other.takes(record) for record in one.records)
