"""Builds the virtual device once, and boots each personality once a session."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from booted import Device
from booted import running
from own_devices import own_runtime_folder

import lmkd_virtual


@pytest.fixture(scope="session")
def own_devices() -> Iterator[None]:
    with own_runtime_folder():
        yield


@pytest.fixture(scope="session")
def image(own_devices: None) -> lmkd_virtual.Image:
    return lmkd_virtual.build(print)


@pytest.fixture(scope="session")
def boot(image: lmkd_virtual.Image) -> Iterator[Callable[[str], Device]]:
    """``boot(personality)``: the session's one device of that personality, which stays up to the end."""
    with ExitStack() as stack:

        @cache
        def boot_once(personality: str) -> Device:
            return stack.enter_context(running(personality, personality))

        yield boot_once


@pytest.fixture
def device(boot: Callable[[str], Device], personality: str) -> Device:
    return boot(personality)


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runtime folder, for tests that must see no device but their own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "pytest-lmkd"
    folder.mkdir(mode=0o700)
    return folder
