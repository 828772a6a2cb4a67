"""Parsers of ActivityManager's events: kills by the framework (``am_kill``) and ends of processes.

Source: AOSP frameworks/base services/core EventLogTags.logtags. Newer releases append values.
"""

from __future__ import annotations

import re
from typing import Any

from lmkd_core.logs.numbers import is_integer

AM_KILL = ("user", "pid", "process", "oom_score_adj", "reason", "rss")
AM_PROC_DIED = ("user", "pid", "process", "oom_score_adj", "proc_state")
NUMBERS = {"user", "pid", "oom_score_adj", "proc_state", "rss"}
MIN_VALUES = 3
"""User, process id and name, which all releases from Android 4.2 on print."""

LABELS = re.compile(r"(?:^|(?<=,)) ?(?:User|PID|Process Name|OomAdj|Reason|Rss|ProcState)=")
"""What ``logcat -v descriptive`` puts before each value; it adds a unit to a size."""

UNIT = re.compile(r"(?<=\d)[KMG]?B$")


def parse_am_kill(message: str) -> dict[str, Any]:
    """Returns the fields of an ``am_kill`` event, whose reason may contain commas.

    Raises:
        ValueError: the event does not start with user, pid and name.
    """
    values = _values(message)
    tail = values[len(AM_KILL) - 1 :]
    if tail and not (len(tail) == 1 and is_integer(tail[0])):
        end = len(values) - 1 if is_integer(values[-1]) else len(values)
        values = [*values[:4], ",".join(_values(message, strips=False)[4:end]).strip(), *values[end:]]
    return _named(values, AM_KILL)


def parse_am_proc_died(message: str) -> dict[str, Any]:
    """Returns the fields of an ``am_proc_died`` event; further values of some builds are ``not_understood``.

    Raises:
        ValueError: the event does not start with user, pid and name.
    """
    return _named(_values(message), AM_PROC_DIED)


def _values(message: str, *, strips: bool = True) -> list[str]:
    """Returns the values, with a user before them also if it is of a release without users."""
    text = LABELS.sub("", message.strip().removeprefix("[").removesuffix("]"))
    values = text.split(",")
    stripped = [value.strip() for value in values]
    if len(stripped) > 1 and is_integer(stripped[0]) and not is_integer(stripped[1]):
        values, stripped = ["0", *values], ["0", *stripped]
    if not strips:
        return values
    return [*stripped[:-1], UNIT.sub("", stripped[-1])]


def _named(values: list[str], names: tuple[str, ...]) -> dict[str, Any]:
    if len(values) < MIN_VALUES:
        raise ValueError("an ActivityManager event starts with user, pid and process")
    fields: dict[str, Any] = {}
    for name, value in zip(names, values, strict=False):
        if name in NUMBERS and not is_integer(value):
            raise ValueError(f"{name} is not an integer")
        fields[name] = int(value) if name in NUMBERS else value
    if len(values) > len(names):
        fields["not_understood"] = ",".join(values[len(names) :])
    return fields
