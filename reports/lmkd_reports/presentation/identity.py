"""What exactly a device ran: for the page in full with sources, for texts in a few short lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import BUILD_ID
from lmkd_core.records.kernel import IMAGE
from lmkd_core.records.kernel import VERSION
from lmkd_core.records.kernel import fact_text
from lmkd_core.records.kernel import kernel_id
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units
from lmkd_reports.format.identity import ACCELERATOR
from lmkd_reports.format.identity import COMMAND_LINE
from lmkd_reports.format.identity import CONFIG
from lmkd_reports.format.identity import HOST_CPU
from lmkd_reports.format.identity import HOST_CPUS
from lmkd_reports.format.identity import INITRAMFS
from lmkd_reports.format.identity import LABELS
from lmkd_reports.format.identity import PATCHES
from lmkd_reports.format.identity import QEMU
from lmkd_reports.format.identity import identity_text

BUILD = {IMAGE: "image", BUILD_ID: "build id", CONFIG: "configuration", INITRAMFS: "initramfs"}

LINUX_VERSION = re.compile(
    r"Linux version (?P<release>\S+) \(\S+\) \((?P<compiler>.*)\) (?P<build>#.*)", re.DOTALL
)
"""/proc/version (init/version-timestamp.c)."""

UNRECORDED = "its build is not recorded"


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One fact in full; ``value`` is empty where ``reason`` tells why it is unknown."""

    label: str
    value: str
    source: str
    reason: str


def identity_rows(device: DeviceResult) -> list[IdentityRow]:
    """Every fact of the identity that the record has; none for a record of an older version."""
    if device.record is None:
        return []
    facts = device.record.facts
    return [
        IdentityRow(label, fact_text(device.record, name), facts[name].source, facts[name].reason)
        for name, label in LABELS.items()
        if name in facts
    ]


def identity_lines(device: DeviceResult) -> tuple[tuple[str, str], ...]:
    """The identity as at most four (label, value): kernel, build with patches, command line, machine.

    Digests have their first 12 digits. Unknown facts are left out; a record of an older version has the
    kernel's release only. Empty for a device that could not be attached.
    """
    record = device.record
    if record is None:
        return ()
    lines = (
        ("kernel", _kernel(record)),
        ("build", _build(record)),
        ("command line", fact_text(record, COMMAND_LINE)),
        ("machine", _machine(record)),
    )
    return tuple((label, value) for label, value in lines if value)


def _kernel(record: DeviceRecord) -> str:
    """The version without its builder's name: ``Linux 6.12.90 #1 SMP PREEMPT, gcc ...``."""
    release = f"Linux {record.kernel_release}"
    version = LINUX_VERSION.fullmatch(fact_text(record, VERSION))
    if version:
        return f"Linux {version['release']} {version['build']}, {version['compiler']}"
    return fact_text(record, VERSION) or (release if kernel_id(record) else f"{release}, {UNRECORDED}")


def _build(record: DeviceRecord) -> str:
    parts = [f"{word} {value}" for name, word in BUILD.items() if (value := identity_text(record, name))]
    patches = identity_text(record, PATCHES)
    return ", ".join([*parts, *([f"patches {patches}"] if patches else [])])


def _machine(record: DeviceRecord) -> str:
    """For example ``QEMU 7.2.22 with TCG; host AMD EPYC, 2 CPUs``; empty for a phone."""
    qemu = fact_text(record, QEMU).partition(" (")[0]
    accelerator = fact_text(record, ACCELERATOR).upper()
    emulator = " with ".join(filter(None, (f"QEMU {qemu}" if qemu else "", accelerator)))
    cpus = fact_text(record, HOST_CPUS)
    counted = units.count(int(cpus), "CPU") if cpus.isdecimal() else ""
    host = ", ".join(filter(None, (fact_text(record, HOST_CPU), counted)))
    return "; ".join(filter(None, (emulator, f"host {host}" if host else "")))
