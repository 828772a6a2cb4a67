"""Parsers of lmkd's log lines (tag ``lowmemorykiller``): kills and failures of process_mrelease.

Source: AOSP system/memory/lmkd lmkd.cpp and reaper.cpp. Releases print different sizes, so the sizes are
parsed as a list of labelled numbers of any length.
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
"""bionic's strerror texts of the errors of process_mrelease(2)."""

AFTER_KILL = "watermark is breached even after kill"
"""Part of the text for kill reason 0, PRESSURE_AFTER_KILL."""


def parse_kill(message: str) -> dict[str, Any]:
    """Returns the fields of a Kill line, among them one ``*_kb`` per size, such as ``rss_kb``.

    Raises:
        ValueError: the message is not a complete Kill line.
    """
    kill = KILL.match(message)
    if kill is None:
        raise ValueError("a Kill line has process, pid, uid, adj and sizes")
    fields: dict[str, Any] = {
        "process": kill["process"],
        "pid": int(kill["pid"]),
        "uid": int(kill["uid"]),
        "oom_score_adj": int(kill["adj"]),
    }
    unknown = []
    for text in filter(None, (part.strip() for part in kill["sizes"].split(","))):
        size = SIZE.match(text)
        if size is None:
            unknown.append(text)
        else:
            fields[f"{(size['label'] or 'rss').strip().replace(' ', '_')}_kb"] = int(size["kb"])
    if unknown:
        fields["not_understood"] = ", ".join(unknown)
    fields["reason"] = kill["reason"]
    return fields


def parse_mrelease(message: str) -> dict[str, Any]:
    """Returns pid, error text and errno name (None if unknown) of a failed process_mrelease.

    Raises:
        ValueError: the message reports no such failure.
    """
    failure = MRELEASE.match(message)
    if failure is None:
        raise ValueError("a failure of process_mrelease has pid and error")
    error = failure["error"].strip()
    return {"pid": int(failure["pid"]), "error": error, "errno": ERRNO.get(error)}
