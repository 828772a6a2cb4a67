"""A kernel's command line without the values that identify one unit or one person, or that are secret.

Bootloaders pass serial numbers, MAC addresses and the like to Android as ``androidboot.NAME=VALUE``.
"""

from __future__ import annotations

import re

HIDDEN = "<hidden>"

WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
"""As the kernel splits it: spaces within double quotes belong to the word (lib/cmdline.c, ``next_arg``)."""

PRIVATE_NAME = re.compile(
    r"serial|imei|meid|imsi|mac|[ug]uid|uid|cid|cpuid|hwid|addr|host|key|token|secret|passw|credential|^ip$|nfsroot",
    re.IGNORECASE,
)
PRIVATE_VALUE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.IGNORECASE
)
"""UUIDs, such as those of disks, and MAC addresses."""

PUBLIC_NAMES = {"clearcpuid"}
"""Names with an identifier's letters in them, whose values name no unit (admin-guide/kernel-parameters)."""

ANDROID = "androidboot."
SHOWN_OF_ANDROID = {"hardware", "hardware.platform", "mode", "selinux", "slot_suffix", "verifiedbootstate"}
"""Of Android's own words only these keep their values: vendors add others freely."""


def without_identifiers(command_line: str) -> str:
    """``command_line`` with ``<hidden>`` in place of such values; names of words and their order stay."""
    return " ".join(_shown(word) for word in WORD.findall(command_line))


def _shown(word: str) -> str:
    name, equals, value = word.partition("=")
    if equals and _is_private(name):
        return f"{name}={HIDDEN}"
    return PRIVATE_VALUE.sub(HIDDEN, name) + equals + PRIVATE_VALUE.sub(HIDDEN, value)


def _is_private(name: str) -> bool:
    if name.startswith(ANDROID):
        return name.removeprefix(ANDROID) not in SHOWN_OF_ANDROID
    return name not in PUBLIC_NAMES and PRIVATE_NAME.search(name) is not None
