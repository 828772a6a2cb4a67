"""Facts about the running kernel's identity: its version, build id, command line and configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.records import kernel_config
from lmkd_core.records.command_line import without_identifiers
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.questions import ASK_S
from pytest_lmkd.devices.questions import Question

if TYPE_CHECKING:  # every start of pytest loads this module; adbutils is slow to load
    from pytest_lmkd.transport import Transport

CONFIG_FILE = "/proc/config.gz"
CONFIG = "kernel_config_sha256"

VERSION_MAX_BYTES = 1024
"""Android's versions name clang's commit and reach 350 bytes."""

COMMAND_LINE_MAX_BYTES = 4096
"""``COMMAND_LINE_SIZE`` is 2048 on x86 and arm64."""

NOTES_MAX_BYTES = 16_384

COMPILER = re.compile(r"Linux version \S+ \(\S*\) \((.+)\) #")
"""``linux_proc_banner`` (init/version-timestamp.c): release, builder, compiler and linker, ``uname -v``."""

BUILD_ID = re.compile(rb"\x04\0\0\0(.)\0\0\0\x03\0\0\0GNU\0", re.DOTALL)
"""The head of an ELF note NT_GNU_BUILD_ID with its length (elf(5)); all our ABIs are little-endian."""


class Compiler(Question):
    """A question whose answer is the compiler and the linker named in a kernel's version."""

    def read(self, text: str) -> str | None:
        match = COMPILER.match(text)
        return match[1].strip() if match else None


class CommandLine(Question):
    """A question for a kernel's command line; values that identify the unit or are secret are hidden."""

    def read(self, text: str) -> str:
        return without_identifiers(text)


class BuildId(Question):
    """A question for the GNU build id among ELF notes, which the command prints in hexadecimal."""

    def read(self, text: str) -> str | None:
        try:
            notes = bytes.fromhex(text)
        except ValueError:
            return None
        head = BUILD_ID.search(notes)
        build_id = notes[head.end() : head.end() + head[1][0]] if head else b""
        return build_id.hex() or None


KERNEL = (
    Question("kernel_version", "cat /proc/version", "/proc/version", max_bytes=VERSION_MAX_BYTES),
    Compiler("kernel_compiler", "cat /proc/version", "/proc/version", max_bytes=VERSION_MAX_BYTES),
    BuildId(
        "kernel_build_id",
        "od -An -v -tx1 /sys/kernel/notes",
        "/sys/kernel/notes, NT_GNU_BUILD_ID",
        max_bytes=NOTES_MAX_BYTES,
    ),
    CommandLine("kernel_cmdline", "cat /proc/cmdline", "/proc/cmdline", max_bytes=COMMAND_LINE_MAX_BYTES),
)


FACTS = frozenset({CONFIG, *(question.name for question in KERNEL)})
"""Names of all facts about the kernel's identity that the device tells."""


def read_config(transport: Transport) -> tuple[bytes, Fact]:
    """The kernel's configuration, empty if it cannot be read, and the fact of its digest.

    Raises:
        TransportLost: the link broke.
    """
    command = f"head -c {kernel_config.MOST_PACKED_BYTES + 1} {CONFIG_FILE}"
    done = transport.shell(command, Deadline(ASK_S))
    if done.exit_code != 0:
        return b"", Fact(None, CONFIG_FILE, " ".join(done.error_text.split()))
    try:
        text = kernel_config.unpack(done.stdout)
    except ValueError as error:
        return b"", Fact(None, CONFIG_FILE, str(error))
    return text, Fact(kernel_config.digest(text), f"{CONFIG_FILE}, unpacked")
