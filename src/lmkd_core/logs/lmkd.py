"""Parsers of lmkd's log lines (tags ``lowmemorykiller``, ``lmkd``): kills, failures, reaping.

Source: AOSP system/memory/lmkd lmkd.cpp and reaper.cpp; Samsung's and Meta's wordings from their devices.
Only the victim's name and pid are in every wording, so all else is found by its label.
"""

from __future__ import annotations

import re
from typing import Any

VICTIM = re.compile(
    r"(?:Kill|Killing|Reclaim|Reclaiming) (?P<quote>['\"])(?P<process>.{1,300}?)(?P=quote) "
    r"\((?P<pid>\d{1,10})\)(?!['\"])"
)
START = re.compile(
    r"(?:Kill|Killing|Reclaim|Reclaiming)(?: ['\"]|\s*$)"
    r"|lmkd watchdog killed process|lmkd(?: watchdog(?: killed)?)?\s*$"
)
UID = re.compile(r"\buid (?P<value>\d{1,10})")
ADJ = re.compile(r"\b(?:oom_(?:score_)?)?adj (?P<value>-?\d{1,5})\b")
STATE = re.compile(r"\bstate (?P<value>-?\d{1,4})\b")
SIZES = re.compile(r"\bto free\s++(?P<sizes>[^;]*)")
REASON = re.compile(r"\breason:\s++(?P<reason>.*)", re.DOTALL)
BECAUSE = re.compile(r"\bbecause (?P<reason>system is under \w{1,20} memory pressure)")
SIZE = re.compile(r"(?:and )?(?P<kb>\d{1,15}) ?[kK][bB](?: (?P<label>[a-zA-Z_ ]{1,40}))?$")
MRELEASE = re.compile(r"process_mrelease (?P<pid>\d{1,10}) failed: (?P<error>.*)$")
WATCHDOG = re.compile(
    r"lmkd watchdog killed process (?P<pid>\d{1,10})(?:, oom_score_adj (?P<adj>-?\d{1,5}))?"
)
FAILED = re.compile(
    r"Failed to kill process (?P<pid>\d{1,10})|kill\((?P<old_pid>\d{1,10})\): errno=(?P<errno>\d{1,4})"
)
REAPED = re.compile(r"Process (?P<pid>\d{1,10}) was reaped in (?P<ms>\d{1,9}) ?ms")

ERRNO = {
    "No such process": "ESRCH",
    "Invalid argument": "EINVAL",
    "Bad file descriptor": "EBADF",
    "Interrupted system call": "EINTR",
    "Try again": "EAGAIN",
    "Function not implemented": "ENOSYS",
    "Operation not permitted": "EPERM",
    "Out of memory": "ENOMEM",
    "Cannot allocate memory": "ENOMEM",
}
"""bionic's strerror texts of the errors of process_mrelease(2)."""

AFTER_KILL = "watermark is breached even after kill"
"""Part of the text for kill reason 0, PRESSURE_AFTER_KILL."""

WATCHDOG_REASON = "lmkd's watchdog: its main thread was stuck"


def is_lmkds(message: str) -> bool:
    """Returns whether a line that begins with ``Killing`` is lmkd's; else it is the kernel's driver's.

    lmkd prints the uid, or that the system is under pressure; the driver on whose behalf it kills.
    """
    if not message.startswith("Killing"):
        return True
    return "on behalf of" not in message and (UID.search(message) is not None or "because system" in message)


def is_cut(message: str) -> bool:
    """Returns whether a Kill line may go on in the next one: Android 8 and 9 and people break it."""
    if message.startswith("lmkd"):
        return WATCHDOG.match(message) is None
    return VICTIM.match(message) is None or ("reason:" not in message and "because" not in message)


ORPHAN = re.compile(r"\s*+to free \d{1,12} ?kB because system is under")
"""The second line of a kill of Android 8 and 9."""

CONTEXT = re.compile(
    r"\s*+(?:Skipping kill|Nothing to kill|Process got killed in|Suppressed \d+|Stop waiting"
    r"|Possible pid reuse|Attempt to wait|lmkd watchdog timed out|\d+ memory pressure events were skipped)"
)
"""Lines of AOSP's lmkd that speak of killing and tell of no kill."""

DYING = re.compile(
    r"(?i)\bkill(?:s|ed|ing)?\b|\bsigkill\b|\bdied\b|\bvictim\b|\breclaim(?:ing)? ['\"(]|\breaped\b"
)


def is_of_a_kill(message: str) -> bool:
    """Returns whether a line of lmkd's that no parser takes speaks of a kill."""
    return ORPHAN.match(message) is not None or (
        CONTEXT.match(message) is None and DYING.search(message) is not None
    )


def parse_kill(message: str) -> dict[str, Any]:
    """Returns the fields of a Kill line, among them one ``*_kb`` per size, such as ``rss_kb``.

    Raises:
        ValueError: the message has no victim with a pid.
    """
    if watchdog := WATCHDOG.match(message):
        adj = {"oom_score_adj": int(watchdog["adj"])} if watchdog["adj"] else {}
        return {"pid": int(watchdog["pid"]), **adj, "reason": WATCHDOG_REASON}
    victim = VICTIM.match(message)
    if victim is None:
        raise ValueError("a Kill line has process and pid")
    rest = message[victim.end() :]
    fields: dict[str, Any] = {"process": victim["process"], "pid": int(victim["pid"])}
    for name, label in (("uid", UID), ("oom_score_adj", ADJ), ("process_state", STATE)):
        if match := label.search(rest):
            fields[name] = int(match["value"])
    fields |= _sizes(rest)
    return {**fields, "reason": _reason(rest)}


def _sizes(rest: str) -> dict[str, Any]:
    sizes = SIZES.search(rest)
    if sizes is None:
        return {}
    fields: dict[str, Any] = {}
    unknown = []
    text = sizes["sizes"].partition(" because ")[0]
    for part in filter(None, (part.strip() for part in text.split(","))):
        size = SIZE.match(part)
        if size is None:
            unknown.append(part)
        else:
            fields[f"{(size['label'] or 'rss').strip().replace(' ', '_')}_kb"] = int(size["kb"])
    return fields | ({"not_understood": ", ".join(unknown)} if unknown else {})


def _reason(rest: str) -> str | None:
    match = REASON.search(rest) or BECAUSE.search(rest)
    return " ".join(match["reason"].split()) if match else None


def parse_mrelease(message: str) -> dict[str, Any]:
    """Returns pid, error text and errno name (None if unknown) of a failed process_mrelease.

    Android 13 before its revision 32 prints lmkd's file descriptor in the place of the pid.

    Raises:
        ValueError: the message reports no such failure.
    """
    failure = MRELEASE.match(message)
    if failure is None:
        raise ValueError("a failure of process_mrelease has pid and error")
    error = failure["error"].strip()
    return {"pid": int(failure["pid"]), "error": error, "errno": ERRNO.get(error)}


def parse_failed_kill(message: str) -> dict[str, Any]:
    """Returns the pid of a process that lmkd could not kill, although it had logged the kill.

    Raises:
        ValueError: the message reports no such failure.
    """
    failure = FAILED.match(message)
    if failure is None:
        raise ValueError("a failed kill has a pid")
    return {"pid": int(failure["pid"] or failure["old_pid"])}


def parse_reaped(message: str) -> dict[str, Any]:
    """Returns the pid and ``reaped_ms`` of a process_mrelease that worked (logged with ro.lmk.debug).

    Raises:
        ValueError: the message reports no reaping.
    """
    reaped = REAPED.match(message)
    if reaped is None:
        raise ValueError("a reaping has pid and time")
    return {"pid": int(reaped["pid"]), "reaped_ms": int(reaped["ms"])}
