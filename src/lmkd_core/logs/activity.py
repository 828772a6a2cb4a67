"""ActivityManager's events: what the framework killed (``am_kill``), and which processes died of anything.

Source: AOSP frameworks/base services/core EventLogTags.logtags. Newer releases add values at the end.
"""

from __future__ import annotations

from typing import Any

AM_KILL = ("user", "pid", "process", "oom_score_adj", "reason", "rss")
AM_PROC_DIED = ("user", "pid", "process", "oom_score_adj", "proc_state")
NUMBERS = {"user", "pid", "oom_score_adj", "proc_state", "rss"}
CERTAIN = 3
"""User, process id and name, which all releases have had."""


def parse_am_kill(message: str) -> dict[str, Any]:
    """The reason may hold commas. Raises: ValueError: it is not user, pid, name and the rest."""
    values = _values(message)
    tail = values[len(AM_KILL) - 1 :]
    if len(values) > len(AM_KILL) - 1 and not (len(tail) == 1 and _is_integer(tail[0])):
        has_rss = _is_integer(values[-1])
        end = len(values) - 1 if has_rss else len(values)
        values = [*values[:4], ",".join(values[4:end]), *values[end:]]
    return _named(values, AM_KILL)


def parse_am_proc_died(message: str) -> dict[str, Any]:
    """Values that only some builds have are kept as ``not_understood``. Raises: as ``parse_am_kill``."""
    return _named(_values(message), AM_PROC_DIED)


def _values(message: str) -> list[str]:
    return message.strip().removeprefix("[").removesuffix("]").split(",")


def _named(values: list[str], names: tuple[str, ...]) -> dict[str, Any]:
    if len(values) < CERTAIN:
        raise ValueError("an event of ActivityManager begins with user, pid and process")
    told: dict[str, Any] = {}
    for name, value in zip(names, values, strict=False):
        if name in NUMBERS and not _is_integer(value):
            raise ValueError(f"{name} is no whole number")
        told[name] = int(value) if name in NUMBERS else value
    if len(values) > len(names):
        told["not_understood"] = ",".join(values[len(names) :])
    return told


def _is_integer(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 20
