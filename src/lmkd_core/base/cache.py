"""Content-addressed cache of build products (agents, adb daemon, kernel) in the user's cache folder.

An entry is a folder ``<root>/<kind>/<key>``, created atomically: built in a temporary folder beside it,
sealed with a SHA256SUMS file, then renamed. Every reader of an entry verifies the sums first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from lmkd_core.base.errors import CacheDamaged

SUMS_FILE = "SHA256SUMS"


def user_cache_root() -> Path:
    """Returns ``$XDG_CACHE_HOME/pytest-lmkd``, by default ``~/.cache/pytest-lmkd`` (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pytest-lmkd"


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_key(parts: Iterable[bytes]) -> str:
    """Returns 20 hex digits of SHA-256 over ``parts``.

    Each part is prefixed with its length, so moving a byte from one part to the next changes the key.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:20]


class Cache:
    """Manages the entries below ``root``; a lock serialises processes that build the same entry."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or user_cache_root()

    def path(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def find(self, kind: str, key: str) -> Path | None:
        """Returns the verified entry, or None if it was never built.

        Raises:
            CacheDamaged: the entry exists, but a file is missing or does not match its checksum.
        """
        entry = self.path(kind, key)
        if not entry.exists():
            return None
        damaged_file = _first_damaged_file(entry)
        if damaged_file is not None:
            raise CacheDamaged(
                f"the cached {kind} is damaged ({entry / damaged_file} does not match its checksum): "
                f"delete {entry} and run the command again"
            )
        return entry

    def build(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Returns the verified entry; calls ``make(folder)`` to fill it if it is absent or damaged."""
        entry = self.path(kind, key)
        entry.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{entry}.lock"):
            if entry.exists() and _first_damaged_file(entry) is None:
                return entry
            shutil.rmtree(entry, ignore_errors=True)
            self._build_beside(entry, make)
        return entry

    @staticmethod
    def _build_beside(entry: Path, make: Callable[[Path], None]) -> None:
        scratch = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=entry.parent))
        try:
            make(scratch)
            _seal(scratch)
            scratch.rename(entry)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def _files(entry: Path) -> list[Path]:
    return sorted(path for path in entry.rglob("*") if path.is_file() and path.name != SUMS_FILE)


def _seal(entry: Path) -> None:
    lines = [f"{file_sha256(path)}  {path.relative_to(entry)}\n" for path in _files(entry)]
    (entry / SUMS_FILE).write_text("".join(lines))


def _first_damaged_file(entry: Path) -> str | None:
    try:
        lines = (entry / SUMS_FILE).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return SUMS_FILE
    for line in lines:
        expected, _, name = line.partition("  ")
        try:
            if file_sha256(entry / name) != expected:
                return name
        except OSError:
            return name
    return None if lines else SUMS_FILE
