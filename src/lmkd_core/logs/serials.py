"""Finds device serial numbers in bug reports: in getprop's output and the kernel's command line."""

from __future__ import annotations

import re

PROPERTY = re.compile(r"\[ro\.(?:boot\.)?serialno\]: \[(?P<serial>[\w.:-]{4,64})\]")
COMMAND_LINE = re.compile(r"\bandroidboot\.serialno ?= ?\"?(?P<serial>[\w.:-]{4,64})")
ASSIGNED = re.compile(r"\bro\.(?:boot\.)?serialno=(?P<serial>[\w.:-]{4,64})")
NO_SERIALS = {"unknown", "default", "null", "none"}
"""Placeholders of builds without a serial. Texts of under 4 characters are none: they would mask too much."""


def serials_in(line: str) -> set[str]:
    """Returns the serials in ``line``: from properties, the command line and bootconfig."""
    patterns = (PROPERTY, COMMAND_LINE, ASSIGNED)
    serials = {match["serial"] for pattern in patterns for match in pattern.finditer(line)}
    return {serial for serial in serials if serial.lower() not in NO_SERIALS}
