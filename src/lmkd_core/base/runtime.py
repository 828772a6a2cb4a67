"""The user's runtime folder: sockets, locks and records of running processes."""

from __future__ import annotations

import os
from pathlib import Path

from lmkd_core.base.errors import DeviceUnusable


def runtime_folder() -> Path:
    """Returns ``$XDG_RUNTIME_DIR/pytest-lmkd``, else ``/tmp/pytest-lmkd-<uid>``, created with mode 0700.

    Raises:
        DeviceUnusable: the folder belongs to another user, has another mode, or is a symbolic link.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "pytest-lmkd" if base else Path(f"/tmp/pytest-lmkd-{os.getuid()}")  # noqa: S108 - checked
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o777 != 0o700 or folder.is_symlink():
        raise DeviceUnusable(
            f"{folder} is not private to this user: delete it, or set XDG_RUNTIME_DIR to a folder that is"
        )
    return folder
