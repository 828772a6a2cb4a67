"""Installs our static programs on a device and decodes their answers.

A program's path contains its SHA-256, so a program that is present is the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from typing import Self
from typing import TypeVar

import msgspec

from lmkd_core.base.cache import file_sha256
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.protocol import error_text

SETUP_S = 60.0
"""Time limit of each step: even a slow USB 2 hub transfers 64 KB in well under 1 s."""

Message = TypeVar("Message")

MACHINE_ABI = {
    "aarch64": "arm64-v8a",
    "armv7l": "armeabi-v7a",
    "armv8l": "armeabi-v7a",
    "x86_64": "x86_64",
    "i686": "x86",
    "riscv64": "riscv64",
}
"""``uname -m`` to Android ABI, for devices without getprop."""


@dataclass(frozen=True, slots=True)
class RemoteProgram:
    """A program installed on the device at ``path``."""

    path: str
    abi: str
    sha256: str


class DeviceProgram:
    """One of our programs, installed on a device; subclasses set ``program``."""

    program: ClassVar[str]

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> Self:
        """Installs the program in ``folder``. Raises: as ``install_program``."""
        return cls(transport, install_program(transport, folder, cls.program, progress).path)


def install_program(transport: Transport, folder: str, program: str, progress: Progress) -> RemoteProgram:
    """Pushes ``program`` into the device's ``folder``, unless it is there already.

    Raises:
        DeviceUnusable: there is no program for this device's ABI, or it did not arrive.
        TransportLost: the link broke.
    """
    abi = device_abi(transport)
    binary = static_program(program, abi, progress)
    sha256 = file_sha256(binary)
    path = f"{folder}/{program}-{sha256[:16]}"
    if _remote_sha256(transport, path) != sha256:
        _push(transport, binary, path, sha256)
    return RemoteProgram(path, abi, sha256)


def decode_message(decoder: msgspec.json.Decoder[Message], line: bytes | str, program: str) -> Message:
    """One JSON line that ``program`` printed.

    Raises:
        AgentBug: the line does not match the protocol; the message quotes its first 200 characters.
    """
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentBug(
            f"{program} printed {line[:200]!r}, which does not match its protocol ({error})"
        ) from error


def run_failure(serial: str, program: str, exit_code: int, output: bytes) -> DeviceUnusable:
    """The error for a ``program`` that does not run on the device; ``output`` is its error output."""
    return DeviceUnusable(f"{serial}: {program} does not run (exit status {exit_code}: {error_text(output)})")


def device_abi(transport: Transport) -> str:
    """The device's Android ABI. Raises: DeviceUnusable: the device does not report it."""
    done = transport.shell("getprop ro.product.cpu.abi 2>/dev/null; uname -m", Deadline(SETUP_S))
    words = done.stdout_text.split()
    if not words:
        raise DeviceUnusable(f"{transport.serial}: neither getprop nor uname reports its ABI")
    return MACHINE_ABI.get(words[0], words[0])


def _remote_sha256(transport: Transport, path: str) -> str:
    done = transport.shell(f"sha256sum {path} 2>/dev/null", Deadline(SETUP_S))
    return done.stdout_text.partition(" ")[0]


def _push(transport: Transport, binary: Path, path: str, sha256: str) -> None:
    folder = path.rpartition("/")[0]
    transport.shell(f"mkdir -p {folder}", Deadline(SETUP_S))
    transport.push(binary, path, 0o755, Deadline(SETUP_S))
    arrived = _remote_sha256(transport, path)
    if arrived != sha256:
        raise DeviceUnusable(
            f"{transport.serial}: {binary.name} did not arrive intact in {folder} "
            f"(sha256 {arrived or 'none'}): check the free space on the device"
        )
