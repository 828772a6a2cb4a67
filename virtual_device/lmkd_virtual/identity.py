"""What exactly a virtual device runs: the digests of its image, the kernel's patches, QEMU's version."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from pathlib import Path

from lmkd_core.base.cache import file_sha256
from lmkd_virtual.architecture import Architecture
from lmkd_virtual.image import Image
from lmkd_virtual.kernel import patches


@dataclass(frozen=True, slots=True)
class Identity:
    """Digests are SHA-256 in hexadecimal; ``patches`` is ``FILE SHA256, FILE SHA256``."""

    kernel_sha256: str = ""
    initramfs_sha256: str = ""
    patches: str = ""
    qemu_version: str = ""

    @classmethod
    def load(cls, path: Path) -> Identity:
        """What ``save`` wrote; all empty if the file is missing or unusable."""
        try:
            values = json.loads(path.read_text())
            return cls(**{field.name: str(values[field.name]) for field in fields(cls)})
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))


def identify(image: Image, architecture: Architecture) -> Identity:
    """The identity of ``image``, whose cache entry is named by the content of these very patches."""
    return Identity(
        kernel_sha256=file_sha256(image.kernel),
        initramfs_sha256=file_sha256(image.initramfs),
        patches=", ".join(f"{path.name} {file_sha256(path)}" for path in patches()),
        qemu_version=_qemu_version(architecture.qemu),
    )


def _qemu_version(program: str) -> str:
    """Such as ``7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)``; empty if it does not say."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    first = (done.stdout.splitlines() or [""])[0]
    return first.removeprefix("QEMU emulator version ").strip()
