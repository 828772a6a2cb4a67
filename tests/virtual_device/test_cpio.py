"""The archive writer, judged by another program's reader."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from lmkd_virtual.cpio import Entry
from lmkd_virtual.cpio import archive

pytestmark = pytest.mark.virtual_device  # needs the packages that the device is built from

ENTRIES = [
    Entry.folder("bin", 0o700),
    Entry.file("bin/tool", bytes(range(256)) * 33, 0o755),
    Entry.file("empty", b""),
    *(Entry.file(f"{'n' * length}", b"x" * length) for length in range(1, 9)),  # every padding
    Entry.link("bin/sh", "/bin/busybox"),
]


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    command = ["/bin/busybox", "cpio", "-i", "-d", "-m"]
    subprocess.run(command, input=archive(ENTRIES), cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_an_entry_comes_out_as_it_went_in(unpacked: Path, entry: Entry) -> None:
    path = unpacked / entry.path
    assert path.lstat().st_mode == entry.mode
    if stat.S_ISREG(entry.mode):
        assert path.read_bytes() == entry.data
    if stat.S_ISLNK(entry.mode):
        assert str(path.readlink()) == entry.data.decode()


def test_nothing_else_comes_out(unpacked: Path) -> None:
    assert {str(path.relative_to(unpacked)) for path in unpacked.rglob("*")} == {e.path for e in ENTRIES}


def test_equal_content_gives_equal_bytes() -> None:
    assert archive(ENTRIES) == archive(list(ENTRIES))
