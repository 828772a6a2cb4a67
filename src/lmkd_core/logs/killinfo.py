"""Parser of lmkd's event ``killinfo`` (tag 10195355): one per kill, a list of numbers.

The length of the list determines its layout. Source: AOSP system/memory/lmkd of all releases: 25 or 29 values
in Android 11, 31 in 12, 31 or 36 in 12L, 38 in 13 to 16; 30 and 33 between releases. Android 17 inserts one
among the memory values (reported, not seen). Vendors append values or add the process name. For any other
length only the first six values are certain: no known layout changes them.
"""

from __future__ import annotations

import re
from typing import Any

from lmkd_core.logs.numbers import is_integer

START = ("pid", "uid", "oom_score_adj", "MinOomAdj", "TaskSize", "kill_reasons")
"""The first values; AOSP's Pid, Uid and OomAdj have the names used throughout this project."""

MEMORY = (
    "MemFree",
    "Cached",
    "SwapCached",
    "Buffers",
    "Shmem",
    "Unevictable",
    "SwapTotal",
    "SwapFree",
    "ActiveAnon",
    "InactiveAnon",
    "ActiveFile",
    "InactiveFile",
    "SReclaimable",
    "SUnreclaim",
    "KernelStack",
    "PageTables",
    "IonHeap",
    "IonHeapPool",
    "CmaFree",
)
WAKEUPS = ("MsSinceEvent", "MsSincePrevWakeup", "WakeupsSinceEvent", "SkippedWakeups", "TaskSwapSize", "GPU")
PRESSURE = (
    "Thrashing",
    "MaxThrashing",
    "PsiMemSome",
    "PsiMemFull",
    "PsiIoSome",
    "PsiIoFull",
    "PsiCpuSome",
)

LAYOUTS = {
    len(names): names
    for names in (
        (*START, *MEMORY),
        (*START, *MEMORY, *WAKEUPS[:4]),
        (*START, *MEMORY, *WAKEUPS[:5]),
        (*START, *MEMORY, *WAKEUPS),
        (*START, *MEMORY, *WAKEUPS, *PRESSURE[:2]),
        (*START, *MEMORY, *WAKEUPS, *PRESSURE[2:]),
        (*START, *MEMORY, *WAKEUPS, *PRESSURE),
    )
}
ONE_MORE_MEMORY = len(START) + len(MEMORY) + 1 + len(WAKEUPS) + len(PRESSURE)
"""The length in Android 17; where its new value is among the memory values is not known."""

LABEL = re.compile(r"^[A-Za-z][\w ]{0,40}=")
"""What ``logcat -v descriptive`` puts before each value."""

UNIT = re.compile(r"(?<=\d)(?:ms|s|[KMG]?B|%)$")
NAME = re.compile(r"[A-Za-z_][\w.:@/$-]{0,300}$")

REASONS = {
    -1: "NONE",
    0: "PRESSURE_AFTER_KILL",
    1: "NOT_RESPONDING",
    2: "LOW_SWAP_AND_THRASHING",
    3: "LOW_MEM_AND_SWAP",
    4: "LOW_MEM_AND_THRASHING",
    5: "DIRECT_RECL_AND_THRASHING",
    6: "LOW_MEM_AND_SWAP_UTIL",
    7: "LOW_FILECACHE_AFTER_THRASHING",
    8: "LOW_MEM",
    9: "DIRECT_RECL_STUCK",
}
"""Names from AOSP statslog.h; other numbers are vendors'."""

FIRST_VENDOR_REASON = 1000


def parse_killinfo(message: str) -> dict[str, Any]:
    """Returns the event's fields, sizes in kB.

    Raises:
        ValueError: the first six values are not integers.
    """
    texts = [_value(text) for text in message.strip().removeprefix("[").removesuffix("]").split(",")]
    fields: dict[str, Any] = {}
    names = [text for text in texts if NAME.match(text)]
    if len(names) == 1:
        fields["process"] = names[0]
        texts.remove(names[0])
    if len(texts) < len(START) or not all(map(is_integer, texts[: len(START)])):
        raise ValueError(f"killinfo starts with {len(START)} integers")
    fields |= _named(texts)
    fields["reason_name"] = reason_name(fields["kill_reasons"])
    return fields


def _value(text: str) -> str:
    return UNIT.sub("", LABEL.sub("", text.strip()))


def _named(texts: list[str]) -> dict[str, Any]:
    layout = LAYOUTS.get(len(texts))
    if layout and all(map(_is_number, texts)):
        return {name: _number(text) for name, text in zip(layout, texts, strict=True)}
    fields: dict[str, Any] = {name: int(text) for name, text in zip(START, texts, strict=False)}
    last = (*WAKEUPS, *PRESSURE) if len(texts) == ONE_MORE_MEMORY and all(map(_is_number, texts)) else ()
    tail = texts[len(texts) - len(last) :]
    rest = ",".join(texts[len(START) : len(texts) - len(last)])
    fields["not_understood"] = f"{len(texts)} values match no layout of AOSP's; after the first 6: {rest}"
    return fields | {name: _number(text) for name, text in zip(last, tail, strict=True)}


def reason_name(reason: int) -> str:
    """Returns AOSP's name, ``VENDOR_7`` and the like in the vendors' range, else ``unknown``."""
    if reason >= FIRST_VENDOR_REASON:
        return f"VENDOR_{reason - FIRST_VENDOR_REASON}"
    return REASONS.get(reason, "unknown")


def _is_number(text: str) -> bool:
    integer, _, fraction = text.partition(".")
    return is_integer(integer) and (not fraction or (is_integer(fraction) and fraction[0] != "-"))


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
