"""The virtual device: uses a running one of the wanted personality, or starts its own.

``virtual:PERSONALITY@ABI`` selects another processor than the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.embedded import EmbeddedSource
from pytest_lmkd.devices.host_facts import host_facts
from pytest_lmkd.devices.host_facts import text_fact
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.transport import Transport

DEFAULT_PERSONALITY = "reap-kill-v3"

BOOT_S = 120.0
"""Time limit for boot and connection: 10 s is usual, a loaded host under TCG needs several times that."""


USUAL_BOOTS = 12
"""One block a boot of the usual twelve. The restarts take a tenth of a suite's time (docs/method.md)."""


class VirtualSource(EmbeddedSource):
    """A virtual device. ``detach`` stops it only if ``attach`` started it."""

    folder = ANDROID_FOLDER
    is_ours = True
    is_shareable = False

    def __init__(self, text: str = DEFAULT_PERSONALITY) -> None:
        super().__init__()
        personality, at, abi = text.partition("@")
        self._personality = personality
        self._abi = abi if at else lmkd_virtual.DEFAULT_ABI
        self._usual_name = lmkd_virtual.check_name(personality, abi=self._abi)
        self.name = f"virtual-{self._usual_name}"
        self.spec = f"virtual:{text}"
        self._instance: lmkd_virtual.Instance | None = None
        self._started_here = False

    def attach(self, progress: Progress) -> Transport:
        deadline = Deadline(BOOT_S)
        instance = self._running_instance(progress, deadline)
        return self._connect(instance.folder, instance.adb_socket, deadline)

    def host_facts(self) -> Mapping[str, Fact]:
        instance = self._instance
        if instance is None:
            return {}
        identity = instance.identity
        return {
            "accelerator": text_fact(instance.accelerator, "QEMU's command line, -accel"),
            "qemu": text_fact(identity.qemu_version, "QEMU's --version"),
            "kernel_image_sha256": text_fact(identity.kernel_sha256, "QEMU's command line, -kernel"),
            "initramfs_sha256": text_fact(identity.initramfs_sha256, "QEMU's command line, -initrd"),
            "kernel_patches": text_fact(identity.patches, "the kernel's build, file and SHA-256"),
            **host_facts(),
        }

    @property
    def usual_boots(self) -> int:
        return 1 if self.reason_no_restart() else USUAL_BOOTS

    def reason_no_restart(self) -> str:
        usable = [] if self._started_here else self._usable()
        if not usable:
            return ""
        return (
            f"it was started by `virtual up`; run `pytest-lmkd virtual down {usable[0].name}`, "
            "and the run starts a device of its own"
        )

    def restart(self, progress: Progress) -> None:
        reason = self.reason_no_restart()
        if reason or self._instance is None:
            raise DeviceUnusable(f"{self.name} cannot be restarted: {reason or 'it is not attached'}")
        self._disconnect()
        lmkd_virtual.down(self._instance.name)
        self._instance = self._start(lambda text: None, Deadline(BOOT_S))  # as at its first start

    def detach(self) -> None:
        self._disconnect()
        if self._instance is not None and self._started_here:
            lmkd_virtual.down(self._instance.name)
        self._instance = None

    def _running_instance(self, progress: Progress, deadline: Deadline) -> lmkd_virtual.Instance:
        if self._instance is not None:
            if self._instance not in lmkd_virtual.status():
                raise DeviceUnusable(f"{self.name}: QEMU died, and its current work is lost: run again")
            return self._instance
        usable = self._usable()
        self._instance = usable[0] if usable else self._start(progress, deadline)
        return self._instance

    def _usable(self) -> list[lmkd_virtual.Instance]:
        """The user's running devices that this run would use."""
        wanted = (self._personality, self._abi, False)
        return [up for up in lmkd_virtual.status() if (up.personality, up.abi, up.bound) == wanted]

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
