"""What lmkd writes as ``lowmemorykiller``: whom it killed and why, and when process_mrelease failed.

Source: AOSP system/memory/lmkd lmkd.cpp and reaper.cpp. Releases differ in the sizes that they tell, so sizes
are a free list of numbers with labels.
"""

from __future__ import annotations

import re
from typing import Any

KILL = re.compile(
    r"Kill '(?P<process>.*)' \((?P<pid>\d{1,10})\), uid (?P<uid>\d{1,10}),"
    r" oom_(?:score_)?adj (?P<adj>-?\d{1,5}) to free (?P<sizes>.*?)(?:; reason: (?P<reason>.*))?$"
)
SIZE = re.compile(r"(?P<kb>\d{1,15}) ?[kK][bB](?: (?P<label>[a-zA-Z_ ]+))?$")
MRELEASE = re.compile(r"process_mrelease (?P<pid>\d{1,10}) failed: (?P<error>.*)$")

ERRNO = {
    "No such process": "ESRCH",
    "Invalid argument": "EINVAL",
    "Bad file descriptor": "EBADF",
    "Interrupted system call": "EINTR",
    "Try again": "EAGAIN",
    "Function not implemented": "ENOSYS",
}
"""bionic's strerror texts of what process_mrelease(2) answers."""

AFTER_KILL = "watermark is breached even after kill"
"""In the text of kill reason 0, PRESSURE_AFTER_KILL."""


def parse_kill(message: str) -> dict[str, Any]:
    """Fields of a Kill line: ``rss_kb``, ``swap_kb``, what else is told. Raises: ValueError: it is none."""
    found = KILL.match(message)
    if found is None:
        raise ValueError("a Kill line tells process, pid, uid, adj and what it frees")
    told: dict[str, Any] = {
        "process": found["process"],
        "pid": int(found["pid"]),
        "uid": int(found["uid"]),
        "oom_score_adj": int(found["adj"]),
    }
    unknown = []
    for text in filter(None, (part.strip() for part in found["sizes"].split(","))):
        size = SIZE.match(text)
        if size is None:
            unknown.append(text)
        else:
            told[f"{(size['label'] or 'rss').strip().replace(' ', '_')}_kb"] = int(size["kb"])
    if unknown:
        told["not_understood"] = ", ".join(unknown)
    told["reason"] = found["reason"]
    return told


def parse_mrelease(message: str) -> dict[str, Any]:
    """Raises: ValueError: the line tells no failure of process_mrelease."""
    found = MRELEASE.match(message)
    if found is None:
        raise ValueError("a failure of process_mrelease tells pid and error")
    error = found["error"].strip()
    return {"pid": int(found["pid"]), "error": error, "errno": ERRNO.get(error)}
