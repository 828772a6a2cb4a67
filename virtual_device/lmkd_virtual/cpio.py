"""Writes "newc" cpio archives, which Linux unpacks as its initial file system.

Format: Documentation/driver-api/early-userspace/buffer-format.rst in the kernel. All entries belong to root
without needing root to write them; times are 0, so equal content gives equal bytes.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; ``mode`` includes the type bits (inode(7)), ``data`` is the target of a symbolic link."""

    path: str
    mode: int
    data: bytes = b""

    @classmethod
    def folder(cls, path: str, permissions: int = 0o755) -> Entry:
        return cls(path, stat.S_IFDIR | permissions)

    @classmethod
    def file(cls, path: str, data: bytes, permissions: int = 0o644) -> Entry:
        return cls(path, stat.S_IFREG | permissions, data)

    @classmethod
    def link(cls, path: str, target: str) -> Entry:
        return cls(path, stat.S_IFLNK | 0o777, target.encode())


def archive(entries: Iterable[Entry]) -> bytes:
    """Returns the archive of ``entries``, in which a folder must come before its content."""
    members = [_member(number, entry) for number, entry in enumerate(entries, start=1)]
    return b"".join([*members, _member(0, Entry(TRAILER, 0))])


def _member(inode: int, entry: Entry) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
