"""How QEMU is run: the machine, the accelerator, the clock's reference."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import static_program
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import Architecture
from lmkd_virtual.image import Image

QEMU_APIC_HZ = 1_000_000_000
"""What QEMU's emulated APIC counts at (hw/intc/apic.c: its counter is the virtual clock's nanoseconds)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What one virtual device is made of. ``adb_socket`` is made by QEMU, ``console`` is a log file."""

    image: Image
    architecture: Architecture
    personality: str
    accelerator: str
    cpus: int
    memory_mb: int
    adb_socket: Path
    console: Path
    tsc_khz: int

    def command(self) -> list[str]:
        """QEMU's command line."""
        threads = ",thread=multi" if self.accelerator == "tcg" else ""
        return [
            self.architecture.qemu,
            *("-machine", self.architecture.qemu_machine),
            *("-accel", f"{self.accelerator}{threads}"),
            *("-cpu", self.architecture.cpu_of_accelerator[self.accelerator]),
            *("-smp", str(self.cpus)),
            *("-m", str(self.memory_mb)),
            *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
            *("-kernel", str(self.image.kernel)),
            *("-initrd", str(self.image.initramfs)),
            *("-append", self._kernel_command_line()),
            # The console goes to a log, and to standard output for who waits for the boot.
            *("-chardev", f"stdio,id=console,signal=off,logfile={self.console}"),
            *("-serial", "chardev:console"),
            *("-chardev", f"socket,id=adb,path={self.adb_socket},server=on,wait=off"),
            *("-device", "virtio-serial-device", "-device", "virtserialport,chardev=adb,name=adb"),
        ]

    def _kernel_command_line(self) -> str:
        words = [f"console={self.architecture.console}", "quiet", "panic=-1", self.architecture.reboot]
        words.append(f"mrelease.personality={self.personality}")
        if self.architecture is X86_64 and self.accelerator == "tcg":
            # Told, not measured by the guest: on a busy host its measurements fail, and its clock and its
            # timers then move in ticks of 4 ms, or it panics for want of a timer.
            words += [f"tsc_early_khz={self.tsc_khz}", "tsc=reliable", f"lapic_timer_hz={QEMU_APIC_HZ}"]
            words.append("no_timer_check")
        return " ".join(filter(None, words))


def check_installed(architecture: Architecture) -> None:
    """Raises: DeviceUnusable, naming the package, when QEMU is missing."""
    program = architecture.qemu
    if shutil.which(program) is None:
        raise DeviceUnusable(f"{program} is missing: run `apt-get install {architecture.qemu_package}`")


def host_tsc_khz(progress: Progress) -> int:
    """The host's time stamp counter in kHz, measured: no file of /proc or /sys tells it exactly."""
    program = static_program("tsc_khz", "x86_64", progress)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def may_have_kvm(architecture: Architecture) -> bool:
    """Whether a trial boot with KVM is worth its time. That the device node opens proves nothing more."""
    return architecture.is_the_hosts and os.access("/dev/kvm", os.R_OK | os.W_OK)


def remembered_accelerator(architecture: Architecture, cache: Cache) -> str | None:
    """What the trial boot found since this host started; None when there was none."""
    path = _accelerator_file(architecture, cache)
    return path.read_text() if path.is_file() else None


def remember_accelerator(architecture: Architecture, cache: Cache, accelerator: str) -> None:
    path = _accelerator_file(architecture, cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(accelerator)


def _accelerator_file(architecture: Architecture, cache: Cache) -> Path:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    return cache.root / "accelerator" / content_key([boot_id, architecture.name.encode()])
