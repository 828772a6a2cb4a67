"""Debian's static busybox, which is most of the virtual device's commands.

For the host's own processor it is an installed package; for another it is fetched by apt, which checks the
archive's signatures, into folders of its own: nothing of this system's package lists is touched.
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
    """The program's bytes.

    Raises:
        DeviceUnusable: it is not installed, or cannot be fetched; what to do.
    """
    if architecture.is_the_hosts:
        return _installed(architecture)

    def make(folder: Path) -> None:
        progress(f"fetching {PACKAGE} for {architecture.debian}")
        with tempfile.TemporaryDirectory(prefix="busybox-", dir=cache.root) as scratch:
            (folder / NAME).write_bytes(_fetch(architecture.debian, Path(scratch)))

    key = content_key([architecture.debian.encode(), _release()])
    return (cache.build("busybox", key, make) / NAME).read_bytes()


def _installed(architecture: Architecture) -> bytes:
    """The dynamic one of the package ``busybox`` would find no libraries."""
    try:
        data = INSTALLED.read_bytes()
    except OSError as error:
        raise DeviceUnusable(f"busybox is missing: run `apt-get install {PACKAGE}`") from error
    if architecture.loader.encode() + b"\0" in data:
        raise DeviceUnusable(f"this busybox is not static: run `apt-get install {PACKAGE}`")
    return data


def _release() -> bytes:
    """A new Debian has a new busybox."""
    path = Path("/etc/debian_version")
    return path.read_bytes() if path.is_file() else b""


def _fetch(debian: str, scratch: Path) -> bytes:
    for name in ("lists/partial", "archives/partial", "tree"):
        (scratch / name).mkdir(parents=True)
    apt = ["apt-get", "--quiet", *_options(debian, scratch)]
    _run([*apt, "update"], scratch)
    _run([*apt, "download", f"{PACKAGE}:{debian}"], scratch)
    (package,) = scratch.glob("*.deb")
    _run(["dpkg-deb", "--extract", str(package), "tree"], scratch)
    found = next((path for path in sorted((scratch / "tree").rglob(NAME)) if path.parent.name == "bin"), None)
    if found is None:
        raise DeviceUnusable(f"{package.name} holds no bin/{NAME}")
    return found.read_bytes()


def _options(debian: str, scratch: Path) -> list[str]:
    """Of apt: as if this machine were one of that kind, with nothing installed."""
    (scratch / "status").touch()
    settings = {
        "APT::Architecture": debian,
        "APT::Architectures": debian,
        "APT::Sandbox::User": "",  # the folder is ours alone
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
            f"{words[0]} is missing: the virtual device is made of Debian's packages"
        ) from error
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise DeviceUnusable(f"{PACKAGE} for another processor could not be fetched:\n{said}")
