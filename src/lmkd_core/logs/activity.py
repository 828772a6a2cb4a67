"""Parsers of ActivityManager's events: kills by the framework (``am_kill``) and ends of processes.

Source: AOSP frameworks/base services/core EventLogTags.logtags. Newer releases append values.
"""

from __future__ import annotations

from typing import Any

from lmkd_core.logs.numbers import is_integer

AM_KILL = ("user", "pid", "process", "oom_score_adj", "reason", "rss")
AM_PROC_DIED = ("user", "pid", "process", "oom_score_adj", "proc_state")
NUMBERS = {"user", "pid", "oom_score_adj", "proc_state", "rss"}
MIN_VALUES = 3
"""User, process id and name, which all releases print."""


def parse_am_kill(message: str) -> dict[str, Any]:
    """Returns the fields of an ``am_kill`` event, whose reason may contain commas.

    Raises:
        ValueError: the event does not start with user, pid and name.
    """
    values = _values(message)
    tail = values[len(AM_KILL) - 1 :]
    if len(values) > len(AM_KILL) - 1 and not (len(tail) == 1 and is_integer(tail[0].strip())):
        has_rss = is_integer(values[-1].strip())
        end = len(values) - 1 if has_rss else len(values)
        values = [*values[:4], ",".join(values[4:end]), *values[end:]]
    return _named(values, AM_KILL)


def parse_am_proc_died(message: str) -> dict[str, Any]:
    """Returns the fields of an ``am_proc_died`` event; further values of some builds are ``not_understood``.

    Raises:
        ValueError: the event does not start with user, pid and name.
    """
    return _named(_values(message), AM_PROC_DIED)


def _values(message: str) -> list[str]:
    return message.strip().removeprefix("[").removesuffix("]").split(",")


def _named(values: list[str], names: tuple[str, ...]) -> dict[str, Any]:
    if len(values) < MIN_VALUES:
        raise ValueError("an ActivityManager event starts with user, pid and process")
    fields: dict[str, Any] = {}
    for name, value in zip(names, values, strict=False):
        if name in NUMBERS and not is_integer(value.strip()):
            raise ValueError(f"{name} is not an integer")
        fields[name] = int(value) if name in NUMBERS else value
    if len(values) > len(names):
        fields["not_understood"] = ",".join(values[len(names) :])
    return fields
