"""The facts about kernel, emulator and host that a virtual device's record has. Made up."""

from __future__ import annotations

import hashlib

import msgspec

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.schema import Fact

COMPILER = "gcc (Debian 12.2.0-14) 12.2.0, GNU ld (Binutils) 2.40"
COMMAND_LINE = "console=ttyS0 mrelease.personality=reap-kill-v3 tsc_early_khz=2596146"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def identity(build: int = 1, **changes: Fact) -> dict[str, Fact]:
    """The facts of the ``build``-th build of one release, with ``changes``."""
    values = {
        "kernel_version": f"Linux version 6.12.90 (a@b) ({COMPILER}) #{build} SMP PREEMPT",
        "kernel_compiler": COMPILER,
        "kernel_build_id": digest(f"build id {build}")[:40],
        "kernel_cmdline": COMMAND_LINE,
        "kernel_config_sha256": digest("configuration"),
        "kernel_image_sha256": digest(f"image {build}"),
        "initramfs_sha256": digest("initramfs"),
        "kernel_patches": f"first.patch {digest('first')}, second.patch {digest(f'second {build}')}",
        "accelerator": "tcg",
        "qemu": "7.2.22 (Debian)",
        "host_cpu": "Synthetic CPU",
        "host_cpus": 2,
    }
    return {name: Fact(value, f"where {name} is read") for name, value in values.items()} | changes


def identified(record: DeviceRecord, build: int = 1, **changes: Fact) -> DeviceRecord:
    """``record`` with that identity."""
    return msgspec.structs.replace(record, facts={**record.facts, **identity(build, **changes)})
