"""The embedded virtual device as a device source: the running one of that personality, or one of our own.

``virtual:PERSONALITY@ABI`` has another processor than the usual.
"""

from __future__ import annotations

import os

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

DEFAULT_PERSONALITY = "reap-kill-v3"

BOOT_S = 120.0
"""Bound on boot and connection; 10 s is usual, a loaded host under TCG needs several times that."""

STOP_S = 20.0


class VirtualSource:
    """A virtual device; one that was already up stays up."""

    folder = ANDROID_FOLDER
    is_ours = True
    runs_here = True
    is_shareable = False

    def __init__(self, text: str = DEFAULT_PERSONALITY) -> None:
        personality, at, abi = text.partition("@")
        self._personality = personality
        self._abi = abi if at else lmkd_virtual.DEFAULT_ABI
        self._usual_name = lmkd_virtual.check_name(personality, abi=self._abi)
        self.name = f"virtual-{self._usual_name}"
        self.spec = f"virtual:{text}"
        self._instance: lmkd_virtual.Instance | None = None
        self._started_here = False
        self._server: PrivateAdbServer | None = None
        self._transport: Transport | None = None

    def attach(self, progress: Progress) -> Transport:
        deadline = Deadline(BOOT_S)
        instance = self._running_instance(progress, deadline)
        self._server = PrivateAdbServer(instance.folder)
        self._server.require(deadline)
        address = f"localfilesystem:{instance.adb_socket}"
        self._server.disconnect(address, deadline)  # a link that broke may still be listed
        self._transport = self._server.connect(address, deadline)
        return self._transport

    def detach(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.stop(Deadline(STOP_S))
        if self._instance is not None and self._started_here:
            lmkd_virtual.down(self._instance.name)
        self._transport = self._server = self._instance = None

    def _running_instance(self, progress: Progress, deadline: Deadline) -> lmkd_virtual.Instance:
        running = lmkd_virtual.status()
        if self._instance is not None:
            if self._instance not in running:
                raise DeviceUnusable(f"{self.name}: QEMU died, and what it was doing is lost: run again")
            return self._instance
        kind = (self._personality, self._abi)
        usable = [one for one in running if (one.personality, one.abi) == kind and not one.bound]
        self._instance = usable[0] if usable else self._start(progress, deadline)
        return self._instance

    def _start(self, progress: Progress, deadline: Deadline) -> lmkd_virtual.Instance:
        progress(f"starting {self.name}")
        self._started_here = True
        return lmkd_virtual.up(
            self._personality,
            name=f"{self._usual_name}-{os.getpid()}",
            abi=self._abi,
            progress=progress,
            deadline=deadline,
            bound=True,
        )
