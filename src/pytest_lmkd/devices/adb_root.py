"""Gains root by ``adb root`` on builds that allow it (userdebug, eng), and gives it back.

The device's adb daemon restarts for this and is still listed for a moment, so we wait until the device has
gone and come back (AOSP packages/modules/adb daemon/restart_service.cpp).
"""

from __future__ import annotations

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport

RESTART_S = 60.0
RESTARTING = "restarting"
"""Prefix of adbd's answer to ``root:`` and ``unroot:`` if it restarts."""


class AdbRoot:
    """Root on one device; ``give_back`` undoes ``gain``."""

    def __init__(self, server: AdbServer, transport: AdbTransport, progress: Progress) -> None:
        self._server = server
        self._transport = transport
        self._progress = progress
        self._gained = False

    def gain(self) -> None:
        """Restarts adbd as root, unless it is root already or the build forbids it."""
        if self._is_root() or not self._is_debuggable():
            return
        self._progress(f"{self._transport.serial}: restarting adbd as root")
        self._gained = self._restart("root:")

    def give_back(self) -> None:
        if self._gained:
            self._restart("unroot:")
        self._gained = False

    def _restart(self, service: str) -> bool:
        deadline = Deadline(RESTART_S)
        serial = self._transport.serial
        return self._server.await_restart(
            serial, lambda: self._transport.ask(service, deadline).startswith(RESTARTING), deadline
        )

    def _is_root(self) -> bool:
        return self._transport.shell("id -u", Deadline(RESTART_S)).stdout.strip() == b"0"

    def _is_debuggable(self) -> bool:
        done = self._transport.shell("getprop ro.debuggable 2>/dev/null", Deadline(RESTART_S))
        return done.stdout.strip() == b"1"
