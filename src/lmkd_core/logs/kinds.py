"""The kinds of records: which tag and start of a message announce one, who parses it, when it is whole.

A line that one of these announces is a record or is not understood; it is never left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import Literal

from lmkd_core.logs import activity_text
from lmkd_core.logs import driver
from lmkd_core.logs import lmkd
from lmkd_core.logs.activity import parse_am_kill
from lmkd_core.logs.activity import parse_am_proc_died
from lmkd_core.logs.exit_info import IN_ONE_LINE
from lmkd_core.logs.exit_info import parse_exit_info_text
from lmkd_core.logs.headers import Entry
from lmkd_core.logs.killinfo import parse_killinfo

Parse = Callable[[str], dict[str, Any]]

Owner = Literal["lmkd", "driver", "activity", "zygote", "event", "untagged", "other"]
"""Whose line it is, by its tag. ``untagged`` are the kernel's and those without any tag."""

LMKD_TAG = re.compile(r"(?i)(?:\S*lmkd\S*|low_?memory_?killer\S*|lmk)$")
OWNERS: dict[str, Owner] = {
    **dict.fromkeys(("killinfo", "am_kill", "am_proc_died"), "event"),
    **dict.fromkeys(("ActivityManager", "ProcessList", "OomAdjuster"), "activity"),
    "Zygote": "zygote",
    **dict.fromkeys(("", "kernel"), "untagged"),
    "simple_lmk": "driver",
}


def _never(_: str) -> bool:
    return False


def _is_open_list(message: str) -> bool:
    return message.strip()[:1] in {"", "["} and "]" not in message


def _is_cut_kill(message: str) -> bool:
    return lmkd.is_cut(message) if lmkd.is_lmkds(message) else driver.is_cut(message)


@dataclass(frozen=True, slots=True)
class Kind:
    """``start`` announces a record of ``type``; ``is_cut``: a message goes on in the next line."""

    type: str
    start: re.Pattern[str]
    parse: Parse
    is_cut: Callable[[str], bool] = _never


EVENTS = {
    "killinfo": Kind("killinfo", re.compile(""), parse_killinfo, _is_open_list),
    "am_kill": Kind("am_kill", re.compile(""), parse_am_kill, _is_open_list),
    "am_proc_died": Kind("am_proc_died", re.compile(""), parse_am_proc_died, _is_open_list),
}
"""By log tag; the tag announces the record."""

LMKD_KILL = Kind("lmkd_kill", lmkd.START, lmkd.parse_kill, _is_cut_kill)
DRIVER_KILL = Kind("driver_kill", driver.START, driver.parse_driver_kill, driver.is_cut)
LMKD = (
    LMKD_KILL,
    Kind("mrelease_failure", re.compile("process_mrelease "), lmkd.parse_mrelease),
    Kind("lmkd_kill_failed", re.compile(r"Failed to kill process|kill\("), lmkd.parse_failed_kill),
    Kind("lmkd_reaped", re.compile(r"Process \d{1,10} was reaped"), lmkd.parse_reaped),
    DRIVER_KILL,
)
ACTIVITY = (
    Kind("am_killing", activity_text.KILL_START, activity_text.parse_killing),
    Kind("am_died", activity_text.DIED_START, activity_text.parse_died),
)
ZYGOTE = (Kind("zygote_signal", activity_text.SIGNAL_START, activity_text.parse_signaled),)
EXIT_INFO = Kind("exit_info", IN_ONE_LINE, parse_exit_info_text)
KINDS: dict[Owner, tuple[Kind, ...]] = {
    "lmkd": LMKD,
    "driver": (DRIVER_KILL,),
    "activity": ACTIVITY,
    "zygote": ZYGOTE,
    "event": (),
    "untagged": (*LMKD, *ACTIVITY, *ZYGOTE),
    "other": (),
}

SPEAKS_OF_KILLS = re.compile(
    r"(?<![/.\w-])lowmemorykiller(?![/\w])|(?<![/.\w-])lmkd *+(?:\( *+\d{1,8}\) *+)?:|\bkillinfo\b"
    r"|\bam_kill\b|\bam_proc_died\b|\bsimple_lmk\b|\bprocess_mrelease \d"
    r"|(?<![/.\w-])lmkd(?![/\w.-]).{0,200}\b[Kk]ill(?:ed|ing|s)?\b"
    r"|(?i:\boom[- ]killer\b|\bkilled process\b|\bout of memory: kill|\bsigkill\b|\bwatermark is breached\b)"
    r"|\bKilling \d+:|\bhas died\b|\bNo longer want\b|\bexited due to signal\b|ApplicationExitInfo"
    r"|\b(?:Kill|Killing|Reclaim) '"
)
"""Killers' tags and words of dying, in a line without a known writer; no path, no list of processes."""

NO_KILL = re.compile(
    r"lowmem_|select \d|Candidate \d|lowmemorykiller: (?:lowmem|select|Candidate|ToReclaim)|-{3,}"
)
"""Lines around the driver's kills, and titles of sections."""


def owner_of(entry: Entry) -> Owner:
    owner = OWNERS.get(entry.tag)
    if owner is not None:
        return owner
    if LMKD_TAG.match(entry.tag):
        return "lmkd"
    if "ActivityManager" in entry.tag:
        return "activity"
    return "zygote" if "zygote" in entry.tag.lower() else "other"


def kind_of(entry: Entry, owner: Owner) -> Kind | None:
    """Returns the kind of record that the entry announces; None if it announces none."""
    if owner == "event":
        return EVENTS[entry.tag]
    for kind in KINDS[owner]:
        if kind.start.match(entry.message):
            return kind
    return (
        EXIT_INFO
        if "ApplicationExitInfo(" in entry.message and EXIT_INFO.start.search(entry.message)
        else None
    )


def settled(kind: Kind, message: str) -> Kind:
    """Returns the kind of a whole message: ``Killing 'x'`` begins lines of lmkd and of the driver."""
    return DRIVER_KILL if kind is LMKD_KILL and not lmkd.is_lmkds(message) else kind


def is_not_understood(entry: Entry, owner: Owner) -> bool:
    """Returns whether an entry that announces no record speaks of a kill or a death all the same."""
    if owner == "lmkd":
        return driver.CONTEXT.match(entry.message) is None and lmkd.is_of_a_kill(entry.message)
    if owner == "driver":
        return lmkd.DYING.search(entry.message) is not None
    if owner == "activity":
        return activity_text.DYING.match(entry.message) is not None
    if owner == "untagged":
        return SPEAKS_OF_KILLS.search(entry.message) is not None and NO_KILL.match(entry.message) is None
    return False
