"""lmkd's event ``killinfo`` (tag 10195355): one a kill, a list of numbers whose meaning its length tells.

Source: AOSP system/memory/lmkd/event.logtags. 25 values in Android 11, 31 in 12, 38 from 13 on. Vendors add
values or put the process name first: of a length that is none of AOSP's only the first six values are
certain, which no known layout changes.
"""

from __future__ import annotations

from typing import Any

START = ("pid", "uid", "oom_score_adj", "MinOomAdj", "TaskSize", "kill_reasons")
"""AOSP's Pid, Uid and OomAdj are named as everywhere here."""

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
        (*START, *MEMORY, *WAKEUPS),
        (*START, *MEMORY, *WAKEUPS, *PRESSURE),
    )
}

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
"""AOSP statslog.h; what is not here is a vendor's."""

FIRST_VENDOR_REASON = 1000


def parse_killinfo(message: str) -> dict[str, Any]:
    """The fields, sizes in kB. Raises: ValueError: not even the first six values make sense."""
    texts = [text.strip() for text in message.strip().removeprefix("[").removesuffix("]").split(",")]
    told: dict[str, Any] = {}
    if texts and not _is_number(texts[0]):
        told["process"], texts = texts[0], texts[1:]
    if len(texts) < len(START) or not all(map(_is_integer, texts[: len(START)])):
        raise ValueError(f"killinfo begins with {len(START)} whole numbers")
    names = LAYOUTS.get(len(texts))
    if names is None or not all(map(_is_number, texts)):
        told |= {name: int(text) for name, text in zip(START, texts, strict=False)}
        rest = ",".join(texts[len(START) :])
        told["not_understood"] = f"{len(texts)} values are none of AOSP's layouts, after the first 6: {rest}"
    else:
        told |= {name: _number(text) for name, text in zip(names, texts, strict=True)}
    told["reason_name"] = reason_name(told["kill_reasons"])
    return told


def reason_name(reason: int) -> str:
    """AOSP's name, ``VENDOR_7`` for the range that AOSP leaves to vendors, else ``unknown``."""
    if reason >= FIRST_VENDOR_REASON:
        return f"VENDOR_{reason - FIRST_VENDOR_REASON}"
    return REASONS.get(reason, "unknown")


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 20


def _is_number(text: str) -> bool:
    whole, _, part = text.partition(".")
    return _is_integer(whole) and (not part or (part.isascii() and part.isdigit() and len(part) < 20))


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
