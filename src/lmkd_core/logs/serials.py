"""Serial numbers of devices in the lines of bug reports: getprop's dump and the kernel's command line."""

from __future__ import annotations

import re

PROPERTY = re.compile(r"\[ro\.(?:boot\.)?serialno\]: \[(?P<serial>[\w.:-]{4,64})\]")
COMMAND_LINE = re.compile(r"\bandroidboot\.serialno ?= ?\"?(?P<serial>[\w.:-]{4,64})")
ASSIGNED = re.compile(r"\bro\.(?:boot\.)?serialno=(?P<serial>[\w.:-]{4,64})")
NO_SERIALS = {"unknown", "default", "null", "none"}
"""What builds without one say; shorter ones than 4 characters would mask half of the text."""


def serials_in(line: str) -> set[str]:
    """As properties, on the command line and in bootconfig they are told."""
    patterns = (PROPERTY, COMMAND_LINE, ASSIGNED)
    found = {match["serial"] for pattern in patterns for match in pattern.finditer(line)}
    return {serial for serial in found if serial.lower() not in NO_SERIALS}
