"""Builds our small static C programs for every Android ABI with zig's C compiler from PyPI.

They link musl statically: zig has no bionic, and a static binary runs on any Android or Linux.
The output bytes depend on the zig version, so it is pinned in pyproject.toml and part of the cache key.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from lmkd_core.base import resources
from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress

ZIG_TARGETS: dict[str, tuple[str, ...]] = {
    "arm64-v8a": ("-target", "aarch64-linux-musl"),
    "armeabi-v7a": ("-target", "thumb-linux-musleabi", "-mcpu=generic+v7a"),
    "x86_64": ("-target", "x86_64-linux-musl"),
    "x86": ("-target", "x86-linux-musl"),
    "riscv64": ("-target", "riscv64-linux-musl"),
}
"""zig's target options for each Android ABI."""

C_FLAGS = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-Os",
    "-static",
    "-s",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    # No unwind tables and no unused sections: a quarter of the size.
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-flto",
    # Android with 16 KB pages rejects smaller alignment (zig's default is 4 KB on x86_64 and riscv64).
    "-Wl,-z,max-page-size=16384",
)

SOURCES: Mapping[str, tuple[str, ...]] = {
    "lmkd-agent": ("device_agent/lib", "device_agent/reclaim"),
    "lmkd-pressure": ("device_agent/lib", "device_agent/pressure"),
    "lmkd-conformance": ("device_agent/lib", "device_agent/conformance"),
    "lmkd-client": ("device_agent/lib", "device_agent/lmkd_client"),
    "lmkd-apps": ("device_agent/lib", "device_agent/apps"),
    "lmkd-adbd": ("virtual_device/guest/adbd",),
    "tsc_khz": ("virtual_device/host",),
}
"""Each of our programs, and the source trees that it is built from."""


def abis_of(program: str) -> tuple[str, ...]:
    """Returns the ABIs of ``program`` in a wheel: all for devices, x86_64 for the virtual device's own."""
    on_devices = any(tree.startswith("device_agent/") for tree in SOURCES[program])
    return tuple(ZIG_TARGETS) if on_devices else ("x86_64",)


def static_program(program: str, abi: str, progress: Progress) -> Path:
    """Returns ``program`` for ``abi``: the wheel's copy, or one built from the checkout's sources.

    Raises:
        DeviceUnusable: the ABI is not supported, or the program cannot be built here.
    """
    if abi not in ZIG_TARGETS:
        raise DeviceUnusable(
            f"{program} does not exist for the ABI {abi!r}, only for {', '.join(ZIG_TARGETS)}"
        )
    prebuilt = resources.prebuilt(f"programs/{abi}/{program}")
    return prebuilt or build_static(
        program, [resources.tree(tree) for tree in SOURCES[program]], abi, progress
    )


def build_static(
    program: str, trees: Sequence[Path], abi: str, progress: Progress, cache: Cache | None = None
) -> Path:
    """Builds the static ``program`` from every ``*.c`` below ``trees``, cached by content; returns its path.

    Raises:
        DeviceUnusable: zig is not installed, or the sources do not compile for ``abi``.
    """
    key = content_key(_key_parts(program, abi, trees))
    cache = cache or Cache()

    def make(folder: Path) -> None:
        progress(f"building {program} for {abi} (the first build of an ABI takes a minute or two)")
        _compile(trees, folder / program, abi, cache.root / "zig")

    return cache.build(f"native-{abi}", key, make) / program


def source_files(tree: Path, pattern: str) -> list[Path]:
    """Returns the files below ``tree`` that match ``pattern``, sorted."""
    return sorted(tree.rglob(pattern))


def _key_parts(program: str, abi: str, trees: Sequence[Path]) -> list[bytes]:
    parts = [flag.encode() for flag in (program, abi, *ZIG_TARGETS[abi], *C_FLAGS, zig_version())]
    for tree in trees:
        for file in source_files(tree, "*.[ch]"):
            parts += [str(file.relative_to(tree)).encode(), file.read_bytes()]
    return parts


def zig_version() -> str:
    """Returns the version of the installed zig.

    Raises:
        DeviceUnusable: zig is not installed.
    """
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError as error:
        raise DeviceUnusable(
            "the C compiler zig is not installed: run `pip install 'pytest-lmkd[build]'`"
        ) from error


def _compile(trees: Sequence[Path], output: Path, abi: str, zig_cache: Path) -> None:
    command = [sys.executable, "-m", "ziglang", "cc", *ZIG_TARGETS[abi], *C_FLAGS, "-o", str(output)]
    command += [f"-I{tree}" for tree in trees]
    command += [str(source) for tree in trees for source in source_files(tree, "*.c")]
    environment = {
        "ZIG_GLOBAL_CACHE_DIR": str(zig_cache),
        "ZIG_LOCAL_CACHE_DIR": str(zig_cache),
        **os.environ,
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise DeviceUnusable(f"{output.name} does not compile for {abi}:\n{done.stderr.strip()}")
