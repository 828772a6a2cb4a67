"""The words for a device's identity: kernel, emulator and host, by the facts of its record."""

from __future__ import annotations

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import BUILD_ID
from lmkd_core.records.kernel import IMAGE
from lmkd_core.records.kernel import VERSION
from lmkd_core.records.kernel import fact_text
from lmkd_core.records.kernel import short

INITRAMFS, CONFIG = "initramfs_sha256", "kernel_config_sha256"
COMMAND_LINE, COMPILER, PATCHES = "kernel_cmdline", "kernel_compiler", "kernel_patches"
ACCELERATOR, QEMU, HOST_CPU, HOST_CPUS = "accelerator", "qemu", "host_cpu", "host_cpus"

LABELS = {
    VERSION: "kernel version",
    COMPILER: "kernel compiler",
    IMAGE: "kernel image",
    BUILD_ID: "kernel build id",
    CONFIG: "kernel configuration",
    COMMAND_LINE: "kernel command line",
    PATCHES: "kernel patches",
    INITRAMFS: "initramfs",
    ACCELERATOR: "accelerator",
    QEMU: "QEMU",
    HOST_CPU: "host CPU",
    HOST_CPUS: "host CPUs",
}
"""The facts that together are the identity, in the order of all texts."""

DIGESTS = {IMAGE, BUILD_ID, CONFIG, INITRAMFS}

EMULATED = "CPU emulated (TCG): times are several times those of hardware"

ACCELERATORS = {"tcg": EMULATED, "kvm": "virtual machine (KVM)"}


def accelerator_text(record: DeviceRecord) -> str:
    """What runs the virtual device's CPUs, in plain words; empty for hardware and where it is unknown."""
    accelerator = fact_text(record, ACCELERATOR)
    return ACCELERATORS.get(accelerator, accelerator)


def identity_text(record: DeviceRecord, name: str) -> str:
    """The fact's value with digests cut to their first digits; empty if it is unknown."""
    value = fact_text(record, name)
    if name == PATCHES:
        return ", ".join(_patch(entry) for entry in value.split(", ")) if value else ""
    return short(value) if name in DIGESTS else value


def _patch(entry: str) -> str:
    """``FILE SHA256``, shortened."""
    file, _, digest = entry.rpartition(" ")
    return f"{file} {short(digest)}".strip()
