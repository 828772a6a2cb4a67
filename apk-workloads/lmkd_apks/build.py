"""Builds N apps that differ only in their names; each is cached by its content and signing key."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from lmkd_apks import package as packing
from lmkd_apks.library import ANDROID_TARGETS
from lmkd_apks.library import build_library
from lmkd_apks.package import SigningKey
from lmkd_apks.package import build_package
from lmkd_apks.package import debug_key
from lmkd_apks.package import manifest_text
from lmkd_apks.tools import require_tools
from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.progress import Progress

MAX_COUNT = 99
FILE_NAME = re.compile(r"org\.lmkdlab\.w\d\d\.apk")


def package_name(number: int) -> str:
    """Returns ``org.lmkdlab.w01`` for 1."""
    return f"org.lmkdlab.w{number:02}"


def build_apks(
    count: int, folder: Path, progress: Progress, key: SigningKey | None = None, cache: Cache | None = None
) -> list[Path]:
    """Builds ``count`` APKs into ``folder``, named after their packages, and returns their paths.

    APKs of an earlier run are removed.

    Raises:
        UsageProblem: ``count`` is not 1 to 99, or ``folder`` cannot be written.
        DeviceUnusable: a tool is missing or failed.
    """
    if not 1 <= count <= MAX_COUNT:
        raise UsageProblem(f"{count} workload apps cannot be built: ask for 1 to {MAX_COUNT}")
    require_tools()
    cache = cache or Cache()
    key = key or debug_key(cache)
    libraries = {abi: build_library(abi, progress, cache) for abi in ANDROID_TARGETS}
    names = [package_name(number) for number in range(1, count + 1)]
    built = [_cached(name, libraries, key, cache, progress) for name in names]
    try:
        return _copy(built, folder)
    except OSError as error:
        raise UsageProblem(f"the workload apps cannot be put into {folder}: {error}") from error


def _copy(apks: list[Path], folder: Path) -> list[Path]:
    """Copies the APKs into ``folder`` and returns the copies.

    Old APKs are deleted: they would be installed too, possibly with other code or another key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if FILE_NAME.fullmatch(path.name):
            path.unlink()
    return [Path(shutil.copy(apk, folder)) for apk in apks]


def _cached(
    package: str, libraries: dict[str, Path], key: SigningKey, cache: Cache, progress: Progress
) -> Path:
    parts = [manifest_text(package).encode(), key.store.read_bytes()]
    parts += [Path(packing.__file__).read_bytes()]
    parts += [part for abi, path in libraries.items() for part in (abi.encode(), path.read_bytes())]

    def make(folder: Path) -> None:
        progress(f"packing and signing {package}")
        build_package(folder / f"{package}.apk", package, libraries, key)

    return cache.build("apk", content_key(parts), make) / f"{package}.apk"
