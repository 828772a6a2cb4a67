"""File names for results about a device."""

from __future__ import annotations

import re


def file_name(device: str) -> str:
    """Returns ``device`` with every character that may be special to a file system replaced by ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", device).lstrip(".") or "_"
