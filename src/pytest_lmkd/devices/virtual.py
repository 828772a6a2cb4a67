"""The embedded virtual device as a device source: the running one of that personality, or one of our own."""

from __future__ import annotations

import lmkd_virtual
from pytest_lmkd.deadline import Deadline
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.errors import UsageProblem
from pytest_lmkd.toolchain import Progress
from pytest_lmkd.transport.adb import AdbTransport
from pytest_lmkd.transport.protocol import Transport
from pytest_lmkd.transport.server import PrivateAdbServer

DEFAULT_PERSONALITY = "reap-kill-v3"

BOOT_S = 120.0
"""Bound on boot and connection; 10 s is usual, a loaded host under TCG needs several times that."""


class VirtualSource:
    """A virtual device; one that was already up stays up."""

    folder = ANDROID_FOLDER

    def __init__(self, personality: str = DEFAULT_PERSONALITY) -> None:
        if personality not in lmkd_virtual.PERSONALITIES:
            raise UsageProblem(
                f"unknown personality {personality!r}: the virtual device has "
                f"{', '.join(lmkd_virtual.PERSONALITIES)}"
            )
        self.name = f"virtual-{personality}"
        self._personality = personality
        self._instance: lmkd_virtual.Instance | None = None
        self._started_here = False
        self._server: PrivateAdbServer | None = None
        self._transport: Transport | None = None

    def attach(self, progress: Progress) -> Transport:
        deadline = Deadline(BOOT_S)
        instance = self._running_instance(progress, deadline)
        if self._server is None:
            self._server = PrivateAdbServer(instance.folder)
            self._server.start(deadline)
        serial = self._server.connect(instance.socket_path, deadline)
        self._transport = AdbTransport(self._server, serial)
        return self._transport

    def detach(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.stop()
        if self._instance is not None and self._started_here:
            lmkd_virtual.down(self._instance)
        self._transport = self._server = self._instance = None

    def _running_instance(self, progress: Progress, deadline: Deadline) -> lmkd_virtual.Instance:
        running = [one for one in lmkd_virtual.status() if one.personality == self._personality]
        if self._instance is not None and self._instance not in running:
            raise DeviceUnusable(
                f"{self.name}: QEMU died; its last words are in {self._instance.console_log}"
            )
        if running:
            self._instance = running[0]
        else:
            self._instance = lmkd_virtual.up(self._personality, progress=progress, deadline=deadline)
            self._started_here = True
        return self._instance
