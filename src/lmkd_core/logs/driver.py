"""Parser of kills by a driver in the kernel: lowmemorykiller (Android 9 and older) and simple_lmk.

Source: drivers/staging/android/lowmemorykiller.c of Linux 2.6.29 to 4.11, with Qualcomm's and MediaTek's
changes; simple_lmk is a driver of custom kernels. They print 15 characters of a process name.
"""

from __future__ import annotations

import re
from typing import Any

NAMED = re.compile(
    r"(?:Killing|killing|kill) (?P<quote>['\"])(?P<process>.{1,64}?)(?P=quote) \((?P<pid>\d{1,10})\)"
)
SIGKILL = re.compile(r"send sigkill to (?P<pid>\d{1,10}) \((?P<process>.{0,64}?)\)(?=,)")
SIMPLE = re.compile(r"[Kk]illing (?P<process>\S{1,64}) (?:with adj|pid=(?P<pid>\d{1,10}))")
SCORE_ADJ = re.compile(r"\bscore_adj (?P<adj>-?\d{1,5})\b")
ADJ = re.compile(r"\badj[ =](?P<adj>-?\d{1,5})\b")
SIZE = re.compile(r"\b(?:to free\s++|rss=)(?P<size>\d{1,12}) ?(?P<unit>[kKM])i?B")
PAGES = re.compile(r"\bsize (?P<pages>\d{1,12})\b")
INVOKER = re.compile(r"on behalf of '(?P<invoker>.{1,64}?)'")
BECAUSE = re.compile(r"\bbecause\s++(?P<reason>[^\n]{1,200}?)\s*(?:Free memory|\n|$)")
START = re.compile(r"(?:Killing|killing|kill) ['\"]|send sigkill to \d|[Kk]illing \S{1,64} (?:with adj|pid=)")
CONTEXT = re.compile(r"select \d|Candidate \d|lowmem_|ToReclaim")
KB_PER_MB = 1024


def is_cut(message: str) -> bool:
    """Returns whether a kill goes on in the next line."""
    return NAMED.match(message) is not None and "Free memory" not in message


def parse_driver_kill(message: str) -> dict[str, Any]:
    """Returns the fields of a kill; ``pid`` is None where simple_lmk prints none.

    Raises:
        ValueError: the message names no victim.
    """
    victim = NAMED.match(message) or SIGKILL.match(message) or SIMPLE.match(message)
    if victim is None:
        raise ValueError("a kill by the kernel's driver has a victim")
    rest = message[victim.start() :]
    fields: dict[str, Any] = {
        "pid": int(victim["pid"]) if victim["pid"] else None,
        "process": victim["process"],
        "driver": "simple_lmk" if victim.re is SIMPLE else "lowmemorykiller",
    }
    if adj := SCORE_ADJ.search(rest) or ADJ.search(rest):
        fields["oom_score_adj"] = int(adj["adj"])
    if size := SIZE.search(rest):
        fields["rss_kb"] = int(size["size"]) * (KB_PER_MB if size["unit"] == "M" else 1)
    elif pages := PAGES.search(rest):
        fields["rss_pages"] = int(pages["pages"])
    if invoker := INVOKER.search(rest):
        fields["invoker"] = invoker["invoker"]
    because = BECAUSE.search(rest)
    return {**fields, "reason": " ".join(because["reason"].split()) if because else None}
