"""How QEMU is run: the machine, the accelerator, the clock's reference."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lmkd_virtual.image import Image
from pytest_lmkd.cache import Cache
from pytest_lmkd.cache import content_key
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.toolchain import Progress
from pytest_lmkd.toolchain import static_program

PROGRAM = "qemu-system-x86_64"

QEMU_APIC_HZ = 1_000_000_000
"""What QEMU's emulated APIC counts at (hw/intc/apic.c: its counter is the virtual clock's nanoseconds)."""

CPU_OF_ACCELERATOR = {"kvm": "host", "tcg": "max,+arat"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What one virtual device is made of. ``adb_socket`` is made by QEMU, ``console`` is a log file."""

    image: Image
    personality: str
    accelerator: str
    cpus: int
    memory_mb: int
    adb_socket: Path
    console: Path
    tsc_khz: int

    def command(self) -> list[str]:
        """QEMU's command line. microvm: boots in a second, has no PCI, no ACPI and no firmware's delays."""
        threads = ",thread=multi" if self.accelerator == "tcg" else ""
        return [
            PROGRAM,
            *("-machine", "microvm,acpi=off,rtc=on"),
            *("-accel", f"{self.accelerator}{threads}"),
            *("-cpu", CPU_OF_ACCELERATOR[self.accelerator]),
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
        # reboot=t: a triple fault, which ends QEMU at once; the usual ways want firmware, and may hang.
        words = ["console=ttyS0", "quiet", "panic=-1", "reboot=t"]
        words.append(f"mrelease.personality={self.personality}")
        if self.accelerator == "tcg":
            # Told, not measured by the guest: on a busy host its measurements fail, and its clock and its
            # timers then move in ticks of 4 ms, or it panics for want of a timer.
            words += [f"tsc_early_khz={self.tsc_khz}", "tsc=reliable", f"lapic_timer_hz={QEMU_APIC_HZ}"]
            words.append("no_timer_check")
        return " ".join(words)


def check_installed() -> None:
    """Raises: DeviceUnusable, naming the package, when QEMU is missing."""
    if shutil.which(PROGRAM) is None:
        raise DeviceUnusable(f"{PROGRAM} is missing: run `apt-get install qemu-system-x86`")


def host_tsc_khz(progress: Progress) -> int:
    """The host's time stamp counter in kHz, measured: no file of /proc or /sys tells it exactly."""
    program = static_program("tsc_khz", "x86_64", progress)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def may_have_kvm() -> bool:
    """Whether a trial boot with KVM is worth its time. That the device node opens proves nothing more."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK)


def remembered_accelerator(cache: Cache) -> str | None:
    """What the trial boot found since this host started; None when there was none."""
    path = _accelerator_file(cache)
    return path.read_text() if path.is_file() else None


def remember_accelerator(cache: Cache, accelerator: str) -> None:
    path = _accelerator_file(cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(accelerator)


def _accelerator_file(cache: Cache) -> Path:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    return cache.root / "accelerator" / content_key([boot_id])
