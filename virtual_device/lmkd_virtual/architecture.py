"""The processor architectures of the virtual device: how its kernel is built and how QEMU emulates it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass

from lmkd_core.base.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture. ``name`` is the value of ``--abi``, ``abi`` Android's name for it.

    ``debian``, ``machine``: Debian's name and uname(2)'s. ``kernel_arch``, ``cross_compile``: variables of
    the kernel's make, which writes ``kernel_file`` below the source tree. ``fragments``: files of the
    kernel's configuration. ``loader``: path of the loader for dynamic programs. ``qemu_machine``,
    ``cpu_of_accelerator``: options of QEMU. ``console``, ``reboot``: words of the kernel's command line.
    """

    name: str
    abi: str
    debian: str
    machine: str
    kernel_arch: str
    cross_compile: str
    compiler_package: str
    kernel_file: str
    fragments: tuple[str, ...]
    loader: str
    qemu: str
    qemu_package: str
    qemu_machine: str
    cpu_of_accelerator: Mapping[str, str]
    console: str
    reboot: str = ""

    @property
    def matches_host(self) -> bool:
        """Whether it is this machine's architecture, so that its programs run here and KVM is possible."""
        return platform.machine() == self.machine

    @property
    def kernel_name(self) -> str:
        return self.kernel_file.rpartition("/")[2]


# microvm boots in a second: it has no PCI, no ACPI and no firmware delays.
# reboot=t: a triple fault ends QEMU at once; the usual methods need firmware, and may hang.
X86_64 = Architecture(
    name="x86_64",
    abi="x86_64",
    debian="amd64",
    machine="x86_64",
    kernel_arch="x86",
    cross_compile="x86_64-linux-gnu-",
    compiler_package="gcc-x86-64-linux-gnu",
    kernel_file="arch/x86/boot/bzImage",
    fragments=("lmkd.config", "x86_64.config"),
    loader="/ld-linux-x86-64.so.2",
    qemu="qemu-system-x86_64",
    qemu_package="qemu-system-x86",
    qemu_machine="microvm,acpi=off,rtc=on",
    # Without erms and fsrm the kernel clears pages by plain stores: TCG emulates `rep stos` step by step, and
    # a page fault then takes twice as long. Without la57 each page walk has a level less.
    cpu_of_accelerator={"kvm": "host", "tcg": "max,+arat,-erms,-fsrm,-la57"},
    console="ttyS0",
    reboot="reboot=t",
)


def _arm64(name: str, page_size_fragment: str) -> Architecture:
    # pauth-impdef: QEMU's own cipher for pointer authentication; the architected one takes half of the time.
    return Architecture(
        name=name,
        abi="arm64-v8a",
        debian="arm64",
        machine="aarch64",
        kernel_arch="arm64",
        cross_compile="aarch64-linux-gnu-",
        compiler_package="gcc-aarch64-linux-gnu",
        kernel_file="arch/arm64/boot/Image",
        fragments=("lmkd.config", "arm64.config", page_size_fragment),
        loader="/ld-linux-aarch64.so.1",
        qemu="qemu-system-aarch64",
        qemu_package="qemu-system-arm",
        qemu_machine="virt,acpi=off",
        cpu_of_accelerator={"kvm": "host", "tcg": "max,pauth-impdef=on"},
        console="ttyAMA0",
    )


ARCHITECTURES = {
    known.name: known
    for known in (X86_64, _arm64("arm64", "pages-4k.config"), _arm64("arm64-16k", "pages-16k.config"))
}


def architecture(name: str) -> Architecture:
    """Returns the architecture of that name.

    Raises:
        UsageProblem: there is none; the message lists the names.
    """
    if name not in ARCHITECTURES:
        raise UsageProblem(f"the virtual device has no ABI {name!r}: it has {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
