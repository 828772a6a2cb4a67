"""Facts about this machine, for devices that run on it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lmkd_core.base.cache import file_sha256
from lmkd_core.records.schema import Fact

CPUINFO = Path("/proc/cpuinfo")

HOST_FACTS = frozenset(
    {
        *("host_cpu", "host_cpus", "accelerator", "qemu"),
        *("kernel_image_sha256", "initramfs_sha256", "kernel_patches"),
    }
)
"""Names of all facts that this machine knows about devices on it."""


def host_facts() -> dict[str, Fact]:
    """The model and the number of this machine's CPUs."""
    return {"host_cpu": _cpu_model(), "host_cpus": Fact(os.cpu_count(), "this machine, online CPUs")}


def file_fact(path: Path, named_by: str) -> Fact:
    """The SHA-256 of a file of this machine; ``named_by``: how the device gets it."""
    return Fact(file_sha256(path), f"{named_by}{path}")


def text_fact(value: str, source: str) -> Fact:
    """``value``; empty: the process that started the device did not record it."""
    return Fact(value, source) if value else Fact(None, source, "not recorded when the device was started")


def _cpu_model() -> Fact:
    source = f"this machine's {CPUINFO}"
    try:
        text = CPUINFO.read_text(errors="replace")
    except OSError as error:
        return Fact(None, source, f"cannot be read: {error.strerror}")
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return Fact(" ".join(match[1].split()), source) if match else Fact(None, source, "it names no model")
