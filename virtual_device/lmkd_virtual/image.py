"""The virtual device's boot image: a kernel and an initial file system, both cached by content."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base import resources
from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import CacheDamaged
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import static_program
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import Architecture
from lmkd_virtual.busybox import static_busybox
from lmkd_virtual.cpio import Entry
from lmkd_virtual.cpio import archive
from lmkd_virtual.kernel import kernel_image
from lmkd_virtual.kernel import kernel_key

INITRAMFS = "initramfs.cpio.gz"
FOLDERS = ("bin", "sbin", "system", "system/bin", "data", "dev", "proc", "sys", "tmp")


@dataclass(frozen=True, slots=True)
class Image:
    """The two files that QEMU loads."""

    kernel: Path
    initramfs: Path


def build(progress: Progress, cache: Cache | None = None, architecture: Architecture = X86_64) -> Image:
    """Returns the image; builds what the cache lacks or holds damaged. The kernel takes minutes.

    Raises:
        DeviceUnusable: a package needed for the build is missing, or the build fails.
    """
    cache = cache or Cache()
    kernel = kernel_image(architecture, cache, progress)
    return Image(kernel, _initramfs(architecture, cache, progress))


def find(progress: Progress, cache: Cache | None = None, architecture: Architecture = X86_64) -> Image:
    """Returns the image if its kernel has been built; builds only the initial file system.

    Raises:
        DeviceUnusable: the kernel was not built, or is damaged; the message has the command to build it.
    """
    cache = cache or Cache()
    remedy = "run `pytest-lmkd virtual build" + (
        "`" if architecture is X86_64 else f" --abi {architecture.name}`"
    )
    try:
        entry = cache.find("kernel", kernel_key(architecture))
    except CacheDamaged as error:
        raise CacheDamaged(f"the virtual device's kernel is damaged in the cache: {remedy}") from error
    if entry is None:
        raise DeviceUnusable(f"the virtual device has not been built: {remedy}")
    return Image(entry / architecture.kernel_name, _initramfs(architecture, cache, progress))


def _initramfs(architecture: Architecture, cache: Cache, progress: Progress) -> Path:
    data = archive(_entries(architecture, cache, progress))

    def make(folder: Path) -> None:
        (folder / INITRAMFS).write_bytes(gzip.compress(data, compresslevel=6, mtime=0))

    return cache.build("initramfs", content_key([data]), make) / INITRAMFS


def _entries(architecture: Architecture, cache: Cache, progress: Progress) -> list[Entry]:
    guest = resources.tree("virtual_device/guest")
    adbd = static_program("lmkd-adbd", architecture.abi, progress)
    properties = (guest / "build.prop").read_text().replace("@ABI@", architecture.abi)
    return [
        *(Entry.folder(name) for name in FOLDERS),
        Entry.file("init", (guest / "init").read_bytes(), 0o755),
        Entry.file("bin/busybox", static_busybox(architecture, cache, progress), 0o755),
        Entry.file("bin/getprop", (guest / "getprop").read_bytes(), 0o755),
        Entry.file("sbin/lmkd-adbd", adbd.read_bytes(), 0o755),
        Entry.file("system/build.prop", properties.encode()),
        Entry.link("system/bin/sh", "/bin/busybox"),
    ]
