"""Virtual devices that belong to one test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root

CACHE = user_cache_root().parent  # before pytester moves HOME away


@pytest.fixture(scope="module")
def image() -> lmkd_virtual.Image:
    return lmkd_virtual.build(print)


@pytest.fixture
def own_virtual_devices(image: lmkd_virtual.Image, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Devices that the user or another test runs are neither used nor stopped; the image is the user's."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder:  # a Unix socket's path must be short
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
        yield
        assert lmkd_virtual.status() == []
        assert commands_with(folder) == []


def commands_with(text: str) -> list[bytes]:
    """The command lines of running processes that name ``text``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            command = path.read_bytes()
            found += [command] if text.encode() in command else []
    return found
