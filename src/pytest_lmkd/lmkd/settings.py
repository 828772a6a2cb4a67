"""Reads the settings of the device's lmkd: a device_config flag, else a build property, else AOSP's default.

AOSP system/memory/lmkd lmkd.cpp, ``GET_LMK_PROPERTY`` and ``update_props``; defaults of Android 16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.schema import Fact

if TYPE_CHECKING:  # every start of pytest loads this module, and adbutils takes a while
    from pytest_lmkd.transport import Transport

ASK_S = 30.0
PREFIX = "lmkd_"

FLAG = "persist.device_config.lmkd_native."
BUILD = "ro.lmk."

DEFAULTS: Mapping[str, int | str] = {
    "psi_partial_stall_ms": "70, on low-RAM devices 200",
    "psi_complete_stall_ms": 700,
    "kill_timeout_ms": 100,
    "kill_heaviest_task": 0,
    "swap_free_low_percentage": 10,
    "swap_util_max": 100,
    "swap_compression_ratio": 1,
    "thrashing_limit": "100, on low-RAM devices 30",
    "thrashing_limit_decay": "10, on low-RAM devices 50",
    "thrashing_limit_critical": "three times thrashing_limit",
    "filecache_min_kb": 0,
    "stall_limit_critical": 100,
    "direct_reclaim_threshold_ms": 0,
    "pressure_after_kill_min_score": 0,
    "lowmem_min_oom_score": 701,
    "use_minfree_levels": 0,
    "debug": 0,
}
"""Setting to AOSP's value; text where the value depends on something else."""

LINE = re.compile(r"\[(?P<name>[^\]]{1,200})\]: \[(?P<value>[^\]]{0,200})\]")
WORDS = {"true": 1, "false": 0}


def read_settings(transport: Transport) -> dict[str, Fact]:
    """The settings as facts ``lmkd_<setting>``, each with its source, a property or AOSP's default.

    Raises:
        TransportLost: the link broke.
    """
    done = transport.shell("getprop", Deadline(ASK_S))
    properties = parse_properties(done.stdout_text)
    return {f"{PREFIX}{name}": _fact(name, default, properties) for name, default in DEFAULTS.items()}


def parse_properties(text: str) -> dict[str, str]:
    """The properties that ``getprop`` lists, one per line. Skips other lines (values with line breaks)."""
    matches = (LINE.fullmatch(line) for line in text.splitlines())
    return {match["name"]: match["value"] for match in matches if match}


def _fact(name: str, default: int | str, properties: Mapping[str, str]) -> Fact:
    for source in (FLAG + name, BUILD + name):
        text = properties.get(source, "")
        if text:
            value = WORDS.get(text, int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else None)
            return Fact(value, source, "" if value is not None else f"not a number: {text[:40]}")
    return Fact(default, "AOSP's default")
