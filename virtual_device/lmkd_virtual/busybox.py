"""Debian's static busybox, which provides most of the virtual device's commands.

For the host's own architecture it comes from the installed package. For another, apt downloads the package
and checks the archive's signatures. It uses folders of its own and leaves this system's package lists alone.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_virtual.architecture import Architecture

PACKAGE = "busybox-static"
INSTALLED = Path("/bin/busybox")
NAME = "busybox"


def static_busybox(architecture: Architecture, cache: Cache, progress: Progress) -> bytes:
    """Returns the program's bytes.

    Raises:
        DeviceUnusable: busybox is not installed, or cannot be downloaded; the message has the remedy.
    """
    if architecture.matches_host:
        return _installed(architecture)

    def make(folder: Path) -> None:
        progress(f"downloading {PACKAGE} for {architecture.debian}")
        with tempfile.TemporaryDirectory(prefix="busybox-", dir=cache.root) as scratch:
            (folder / NAME).write_bytes(_download(architecture.debian, Path(scratch)))

    key = content_key([architecture.debian.encode(), _debian_version()])
    return (cache.build("busybox", key, make) / NAME).read_bytes()


def _installed(architecture: Architecture) -> bytes:
    """Returns the installed program; rejects the dynamic one of the package ``busybox``."""
    try:
        data = INSTALLED.read_bytes()
    except OSError as error:
        raise DeviceUnusable(f"busybox is missing: run `apt-get install {PACKAGE}`") from error
    if architecture.loader.encode() + b"\0" in data:
        raise DeviceUnusable(f"this busybox is not static: run `apt-get install {PACKAGE}`")
    return data


def _debian_version() -> bytes:
    """Returns Debian's version, part of the cache key: a new Debian has a new busybox."""
    path = Path("/etc/debian_version")
    return path.read_bytes() if path.is_file() else b""


def _download(debian: str, scratch: Path) -> bytes:
    for name in ("lists/partial", "archives/partial", "tree"):
        (scratch / name).mkdir(parents=True)
    apt = ["apt-get", "--quiet", *_apt_options(debian, scratch)]
    _run([*apt, "update"], scratch)
    _run([*apt, "download", f"{PACKAGE}:{debian}"], scratch)
    (package,) = scratch.glob("*.deb")
    _run(["dpkg-deb", "--extract", str(package), "tree"], scratch)
    program = next(
        (path for path in sorted((scratch / "tree").rglob(NAME)) if path.parent.name == "bin"), None
    )
    if program is None:
        raise DeviceUnusable(f"{package.name} contains no bin/{NAME}")
    return program.read_bytes()


def _apt_options(debian: str, scratch: Path) -> list[str]:
    """Returns apt options that make this machine look like one of that architecture without any package."""
    (scratch / "status").touch()
    settings = {
        "APT::Architecture": debian,
        "APT::Architectures": debian,
        "APT::Sandbox::User": "",  # apt's own user could not write to the private folder
        "Dir::State": str(scratch),
        "Dir::State::Lists": str(scratch / "lists"),
        "Dir::State::Status": str(scratch / "status"),
        "Dir::Cache": str(scratch),
    }
    return [f"--option={name}={value}" for name, value in settings.items()]


def _run(words: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise DeviceUnusable(
            f"{words[0]} is missing: the virtual device is built from Debian's packages"
        ) from error
    if done.returncode != 0:
        last_lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise DeviceUnusable(f"{PACKAGE} for another architecture could not be downloaded:\n{last_lines}")
