"""QEMU's command line, its accelerator, and the clock frequencies that the guest is given."""

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
"""Frequency of QEMU's emulated APIC timer (hw/intc/apic.c: it counts nanoseconds of the virtual clock)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The parts of one virtual device. QEMU creates ``adb_socket``; ``console`` is a log file.

    ``tsc_khz``: the host's time stamp counter, used only for x86_64 under TCG.
    """

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
        """Returns QEMU's command line."""
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
            # The console goes to a log, and to standard output for the process that waits for the boot.
            *("-chardev", f"stdio,id=console,signal=off,logfile={self.console}"),
            *("-serial", "chardev:console"),
            *("-chardev", f"socket,id=adb,path={self.adb_socket},server=on,wait=off"),
            *("-device", "virtio-serial-device", "-device", "virtserialport,chardev=adb,name=adb"),
        ]

    def _kernel_command_line(self) -> str:
        words = [f"console={self.architecture.console}", "quiet", "panic=-1", self.architecture.reboot]
        words.append(f"mrelease.personality={self.personality}")
        if self.architecture is X86_64 and self.accelerator == "tcg":
            # Passed to the guest, which must not measure them: on a busy host its calibration fails, and its
            # clock and timers then advance in ticks of 4 ms, or it panics without a timer.
            words += [f"tsc_early_khz={self.tsc_khz}", "tsc=reliable", f"lapic_timer_hz={QEMU_APIC_HZ}"]
            # rep_good has the effect of erms (architecture.py), but the kernel sets it, not the CPU.
            words += ["no_timer_check", "clearcpuid=rep_good"]
        return " ".join(filter(None, words))


def check_installed(architecture: Architecture) -> None:
    """Raises DeviceUnusable, naming the package, if QEMU is missing."""
    program = architecture.qemu
    if shutil.which(program) is None:
        raise DeviceUnusable(f"{program} is missing: run `apt-get install {architecture.qemu_package}`")


def host_tsc_khz(progress: Progress) -> int:
    """Measures the host's time stamp counter in kHz: no file of /proc or /sys has it exactly."""
    program = static_program("tsc_khz", "x86_64", progress)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def may_have_kvm(architecture: Architecture) -> bool:
    """Returns whether to try a boot with KVM: an accessible device node does not prove that KVM works."""
    return architecture.matches_host and os.access("/dev/kvm", os.R_OK | os.W_OK)


def remembered_accelerator(architecture: Architecture, cache: Cache) -> str | None:
    """Returns the accelerator of the first successful boot since the host started; None if there was none."""
    path = _accelerator_file(architecture, cache)
    return path.read_text() if path.is_file() else None


def remember_accelerator(architecture: Architecture, cache: Cache, accelerator: str) -> None:
    path = _accelerator_file(architecture, cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(accelerator)


def _accelerator_file(architecture: Architecture, cache: Cache) -> Path:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    return cache.root / "accelerator" / content_key([boot_id, architecture.name.encode()])
