"""What the virtual device boots: a kernel and an initial file system, both cached by content."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

from lmkd_virtual.cpio import Entry
from lmkd_virtual.cpio import archive
from lmkd_virtual.kernel import IMAGE
from lmkd_virtual.kernel import kernel_image
from lmkd_virtual.kernel import kernel_key
from pytest_lmkd import resources
from pytest_lmkd.cache import Cache
from pytest_lmkd.cache import content_key
from pytest_lmkd.errors import CacheDamaged
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.toolchain import Progress
from pytest_lmkd.toolchain import static_program

BUSYBOX = Path("/bin/busybox")
INITRAMFS = "initramfs.cpio.gz"
FOLDERS = ("bin", "sbin", "system", "system/bin", "data", "dev", "proc", "sys", "tmp")


@dataclass(frozen=True, slots=True)
class Image:
    """Two files that QEMU loads."""

    kernel: Path
    initramfs: Path


def build(progress: Progress, cache: Cache | None = None) -> Image:
    """The image, built where the cache lacks it or holds it damaged; the kernel takes minutes.

    Raises:
        DeviceUnusable: something that the build needs is missing.
    """
    cache = cache or Cache()
    kernel = kernel_image(cache, progress)
    return Image(kernel, _initramfs(cache, progress))


def find(progress: Progress, cache: Cache | None = None) -> Image:
    """The image if the kernel has been built.

    Raises:
        DeviceUnusable: it has not, or is damaged; says how to build it.
    """
    cache = cache or Cache()
    try:
        entry = cache.find("kernel", kernel_key())
    except CacheDamaged as error:
        raise CacheDamaged(
            "the virtual device's kernel is damaged in the cache: run `pytest-lmkd virtual build`"
        ) from error
    if entry is None:
        raise DeviceUnusable("the virtual device has not been built: run `pytest-lmkd virtual build`")
    return Image(entry / IMAGE, _initramfs(cache, progress))


def _initramfs(cache: Cache, progress: Progress) -> Path:
    entries = list(_entries(progress))
    data = archive(entries)

    def make(folder: Path) -> None:
        (folder / INITRAMFS).write_bytes(gzip.compress(data, compresslevel=6, mtime=0))

    return cache.build("initramfs", content_key([data]), make) / INITRAMFS


def _entries(progress: Progress) -> list[Entry]:
    guest = resources.tree("virtual_device/guest")
    adbd = static_program("lmkd-adbd", "x86_64", progress)
    return [
        *(Entry.folder(name) for name in FOLDERS),
        Entry.file("init", (guest / "init").read_bytes(), 0o755),
        Entry.file("bin/busybox", _static_busybox(), 0o755),
        Entry.file("bin/getprop", (guest / "getprop").read_bytes(), 0o755),
        Entry.file("sbin/lmkd-adbd", adbd.read_bytes(), 0o755),
        Entry.file("system/build.prop", (guest / "build.prop").read_bytes()),
        Entry.link("system/bin/sh", "/bin/busybox"),
    ]


def _static_busybox() -> bytes:
    """Debian's static busybox: the dynamic one of the package ``busybox`` would find no libraries."""
    try:
        data = BUSYBOX.read_bytes()
    except OSError as error:
        raise DeviceUnusable("busybox is missing: run `apt-get install busybox-static`") from error
    if b"/ld-linux-x86-64.so.2\0" in data:
        raise DeviceUnusable("this busybox is not static: run `apt-get install busybox-static`")
    return data
