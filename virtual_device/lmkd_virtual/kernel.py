"""Builds the virtual device's kernel from Debian's source package, our patches and our configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lmkd_core.base import resources
from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_virtual.architecture import Architecture

PACKAGE = "linux-source-6.12"
TARBALL = Path("/usr/src/linux-source-6.12.tar.xz")

HOST_PROGRAMS = {
    "make": "make",
    "gcc": "gcc",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "patch": "patch",
}
"""The programs that the kernel's build runs, each with its Debian package."""

BUILDER = ("KBUILD_BUILD_USER=pytest-lmkd", "KBUILD_BUILD_HOST=virtual-device")
"""In ``/proc/version`` and thus in records, instead of this user and this machine."""

EXPECTED_BUILD_STEPS = 1300
"""Approximate output lines of one build, for the percentage shown; varies slightly with the version."""

PROGRESS_INTERVAL_S = 5.0


def kernel_image(architecture: Architecture, cache: Cache, progress: Progress) -> Path:
    """Returns the kernel; builds it if the cache lacks it or holds it damaged.

    Raises:
        DeviceUnusable: a package is missing, or the build fails.
    """

    def make(folder: Path) -> None:
        _check_host(architecture)
        # In the cache's folder, not in /tmp, which may be a small tmpfs: the tree takes 1.7 GB.
        with tempfile.TemporaryDirectory(prefix="kernel-", dir=cache.root) as scratch:
            shutil.copy(_build(architecture, Path(scratch), progress), folder)

    return cache.build("kernel", kernel_key(architecture), make) / architecture.kernel_name


def kernel_key(architecture: Architecture) -> str:
    """Returns the cache key: a hash of the source's version, the patches and the configuration."""
    inputs = [*patches(), *_fragments(architecture)]
    head = [_source_version().encode(), architecture.name.encode()]
    return content_key([*head, *(path.read_bytes() for path in inputs)])


def patches() -> list[Path]:
    """The patches that every kernel is built with, in the order in which they apply."""
    return sorted(resources.tree("virtual_device/kernel").glob("*.patch"))


def _fragments(architecture: Architecture) -> list[Path]:
    source = resources.tree("virtual_device/kernel")
    return [source / name for name in architecture.fragments]


def _source_version() -> str:
    words = ["dpkg-query", "--show", "--showformat=${Version}", PACKAGE]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise DeviceUnusable("dpkg is missing: the virtual device is built from Debian's packages") from error
    if done.returncode != 0 or not TARBALL.exists():
        raise DeviceUnusable(f"the kernel's source is missing: run `apt-get install {PACKAGE}`")
    return done.stdout


def _check_host(architecture: Architecture) -> None:
    missing = [package for program, package in HOST_PROGRAMS.items() if shutil.which(program) is None]
    if not architecture.matches_host and shutil.which(f"{architecture.cross_compile}gcc") is None:
        missing.append(architecture.compiler_package)
    if not Path("/usr/include/gelf.h").exists():
        missing.append("libelf-dev")
    if missing:
        raise DeviceUnusable(f"the kernel's build lacks packages: run `apt-get install {' '.join(missing)}`")


def _build(architecture: Architecture, scratch: Path, progress: Progress) -> Path:
    progress("unpacking the kernel's source")
    _run(["tar", "--extract", "--file", str(TARBALL)], scratch)
    (tree,) = scratch.iterdir()
    for patch in patches():
        _run(["patch", "--strip=1", "--forward", "--fuzz=0", f"--input={patch}"], tree)
    make = _make(architecture)
    _configure(make, tree, "".join(path.read_text() for path in _fragments(architecture)))
    _compile([*make, f"-j{_cpus()}", architecture.kernel_name], tree, progress)
    return tree / architecture.kernel_file


def _make(architecture: Architecture) -> list[str]:
    cross = [] if architecture.matches_host else [f"CROSS_COMPILE={architecture.cross_compile}"]
    return ["make", f"ARCH={architecture.kernel_arch}", *BUILDER, *cross]


def _configure(make: list[str], tree: Path, fragment: str) -> None:
    _run([*make, "tinyconfig"], tree)
    with (tree / ".config").open("a") as config:
        config.write(fragment)
    _run([*make, "olddefconfig"], tree)
    lost = lost_options(fragment, (tree / ".config").read_text())
    if lost:
        raise DeviceUnusable(f"{PACKAGE} has changed: it no longer accepts {', '.join(lost)}")


def lost_options(fragment: str, config: str) -> list[str]:
    """Returns the lines of ``fragment`` that ``config`` contradicts: a dependency or an option is gone."""
    kept = set(config.splitlines())
    wanted = [line for line in fragment.splitlines() if line.startswith("CONFIG_")]
    switched_on = {line.partition("=")[0] for line in kept if line.startswith("CONFIG_")}
    return [
        line
        for line in wanted
        if (line.removesuffix("=n") in switched_on if line.endswith("=n") else line not in kept)
    ]


def _compile(words: list[str], tree: Path, progress: Progress) -> None:
    started_s = shown_s = time.monotonic()
    log = tree / "build.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(words, cwd=tree, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        for step, _ in enumerate(process.stdout, start=1):
            if time.monotonic() - shown_s >= PROGRESS_INTERVAL_S:
                shown_s = time.monotonic()
                percent = min(99, step * 100 // EXPECTED_BUILD_STEPS)
                progress(f"building the kernel: {percent} %, {shown_s - started_s:.0f} s")
    if process.returncode != 0:
        raise DeviceUnusable(f"the kernel does not build:\n{_tail(log.read_text())}")
    progress(f"built the kernel in {time.monotonic() - started_s:.0f} s")


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _run(words: Sequence[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DeviceUnusable(f"`{' '.join(words)}` failed:\n{_tail(done.stdout + done.stderr)}")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-15:])
