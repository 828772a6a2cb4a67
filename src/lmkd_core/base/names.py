"""What files about a device are called."""

from __future__ import annotations

import re


def file_name(device: str) -> str:
    """``device`` with everything that could mean something to a file system replaced."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", device).lstrip(".") or "_"
