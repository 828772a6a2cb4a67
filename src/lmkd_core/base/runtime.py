"""The user's runtime folder: what of ours lives as long as processes do."""

from __future__ import annotations

import os
from pathlib import Path

from lmkd_core.base.errors import DeviceUnusable


def runtime_folder() -> Path:
    """``$XDG_RUNTIME_DIR/pytest-lmkd``, else ``/tmp/pytest-lmkd-<uid>``: ours, and closed to others.

    Raises:
        DeviceUnusable: it is somebody else's.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "pytest-lmkd" if base else Path(f"/tmp/pytest-lmkd-{os.getuid()}")  # noqa: S108 - checked
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o777 != 0o700 or folder.is_symlink():
        raise DeviceUnusable(
            f"{folder} is not ours alone: delete it, or set XDG_RUNTIME_DIR to a folder of yours"
        )
    return folder
