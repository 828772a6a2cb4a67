"""Virtual devices that belong to one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from own_devices import own_runtime_folder

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root

CACHE = user_cache_root().parent  # before pytester moves HOME away


@pytest.fixture
def own_virtual_devices(image: lmkd_virtual.Image, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keeps the test's devices apart from others, with the user's image; none may be left at the end."""
    with own_runtime_folder() as folder:
        monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
        yield
        assert lmkd_virtual.status() == []
        assert commands_with(str(folder)) == []


def commands_with(text: str) -> list[bytes]:
    """Returns the command lines of running processes that contain ``text``."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            command = path.read_bytes()
            commands += [command] if text.encode() in command else []
    return commands
