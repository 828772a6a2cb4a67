"""Parsers of ActivityManager's and Zygote's lines in the main and system buffers: kills and deaths.

Source: AOSP frameworks/base ProcessRecord.kill(), ActivityManagerService.appDiedLocked() and Android 4.0's
"No longer want"; frameworks/base core/jni com_android_internal_os_Zygote.cpp.
"""

from __future__ import annotations

import re
from typing import Any

KILLING = re.compile(
    r"(?:Killing|Kill)(?: proc(?:ess)?)? (?:ProcessRecord\{\S{1,40} )?"
    r"(?P<pid>\d{1,10}):(?P<process>[^\s/}]{1,300})"
    r"(?:/(?P<user>[\w-]{1,40}))?\}? ?(?:\(adj (?P<adj>-?\d{1,6})\))?:? ?(?P<reason>.*)$",
    re.DOTALL,
)
NOT_WANTED = re.compile(
    r"(?:No longer want|Killing|Kill) (?P<process>\S{1,300}) \(pid[ =](?P<pid>\d{1,10})\)"
    r"(?:: ?(?P<reason>.*))?$",
    re.DOTALL,
)
DIED = re.compile(
    r"Process (?P<process>\S{1,300}) \(pid (?P<pid>\d{1,10})\) ?(?:\(adj (?P<adj>-?\d{1,5})\) )?has died"
    r"(?::? ?(?P<state>[^\n]{0,80}))?"
)
SIGNALED = re.compile(
    r"Process (?P<pid>\d{1,10}) (?:exited due to|terminated by) signal \(?(?P<signal>\d{1,3})\)?"
)
KILL_START = re.compile(
    r"(?:Killing|Kill)(?: proc(?:ess)?)?(?: ProcessRecord\{| \d{1,10}:| \S{1,300} \(pid|\s*$)"
    r"|No longer(?: want \S|(?: want)?\s*$)"
)
DIED_START = re.compile(r"Process(?: \S{1,300}(?: \(pid \d| has died|(?: \(pid)?\s*$)|\s*$)")
SIGNAL_START = re.compile(r"Process \d{1,10} (?:exited due to|terminated by) signal")
DYING = re.compile(r"(?:Killing|Kill|Force-killing)\b|.{0,300}\bhas died\b|No longer want\b")
"""ActivityManager's lines that speak of a death."""

USER = re.compile(r"u(?P<user>\d{1,4})(?P<kind>[ais])(?P<app>\d{1,6})(?:i(?P<isolated>\d{1,6}))?$")
PER_USER = 100_000
FIRST = {"a": 10_000, "i": 99_000, "s": 0}
"""AOSP Process.FIRST_APPLICATION_UID and FIRST_ISOLATED_UID, by the letter of UserHandle.formatUid()."""


def uid_of(text: str) -> int | None:
    """Returns the uid for ``1000``, ``u0a29`` or ``u0a12i5``; None for other texts."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return int(text)
    match = USER.match(text)
    if match is None:
        return None
    own = (
        int(match["isolated"]) + FIRST["i"] if match["isolated"] else int(match["app"]) + FIRST[match["kind"]]
    )
    return int(match["user"]) * PER_USER + own


def parse_killing(message: str) -> dict[str, Any]:
    """Returns the fields of a kill by ActivityManager.

    Raises:
        ValueError: the message reports no kill of a process with a pid.
    """
    kill = KILLING.match(message) or NOT_WANTED.match(message)
    if kill is None:
        raise ValueError("a kill by ActivityManager has pid and process")
    groups = kill.groupdict()
    fields: dict[str, Any] = {"pid": int(kill["pid"]), "process": kill["process"]}
    uid = uid_of(groups.get("user") or "")
    if uid is not None:
        fields["uid"] = uid
    if groups.get("adj"):
        fields["oom_score_adj"] = int(groups["adj"])
    return {**fields, "reason": (groups["reason"] or "").strip() or None}


def parse_died(message: str) -> dict[str, Any]:
    """Returns the fields of ActivityManager's notice of a death; ``state`` is as printed (``fg  TOP``).

    Raises:
        ValueError: the message reports no death of a process with a pid.
    """
    died = DIED.match(message)
    if died is None:
        raise ValueError("a notice of a death has process and pid")
    fields: dict[str, Any] = {"pid": int(died["pid"]), "process": died["process"]}
    if died["adj"]:
        fields["oom_score_adj"] = int(died["adj"])
    state = (died["state"] or "").strip(" .")
    return {**fields, **({"state": state} if state else {})}


def parse_signaled(message: str) -> dict[str, Any]:
    """Returns pid and signal of a process of which Zygote reports the end.

    Raises:
        ValueError: the message reports no end by a signal.
    """
    signaled = SIGNALED.match(message)
    if signaled is None:
        raise ValueError("an end by a signal has pid and signal")
    return {"pid": int(signaled["pid"]), "signal": int(signaled["signal"])}
