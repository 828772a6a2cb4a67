"""Locks a device for one run at a time, whether it is reached by cable, network or another adb server.

The boot id identifies a running device (random; Documentation/admin-guide/sysctl/kernel.rst). Serials do not:
they repeat between hosts, and one phone may have two of them.
"""

from __future__ import annotations

import fcntl
import os
from typing import IO

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.names import file_name
from lmkd_core.base.runtime import runtime_folder

FOLDER = "in-use"


class DeviceLock:
    """A lock that is held from ``take`` to ``release``, or until this process dies."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._boot_id = ""
        self._file: IO[str] | None = None

    def take(self, boot_id: str) -> None:
        """Locks the device for this boot and drops the lock of an earlier boot.

        Raises:
            DeviceUnusable: another process holds the lock.
        """
        if boot_id == self._boot_id:
            return
        self.release()
        folder = runtime_folder() / FOLDER
        folder.mkdir(exist_ok=True)
        file = (folder / f"{file_name(boot_id)}.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            user = _user(file)
            file.close()
            raise DeviceUnusable(
                f"{self._name} is in use by {user}: wait until it ends, or use another device"
            ) from None
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        self._file, self._boot_id = file, boot_id

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._boot_id = None, ""


def _user(file: IO[str]) -> str:
    file.seek(0)
    pid = file.read(20).strip()
    return f"process {pid}" if pid else "another process"
