"""Makes a workshop for each test: stand-in launchers, empty images, a private adb server and free ports."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from workshop import PATIENCE_S
from workshop import Workshop
from workshop import free_ports
from workshop import make_host

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root
from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import PrivateAdbServer

CACHE = user_cache_root().parent  # before HOME is moved away


@pytest.fixture
def workshop(image: lmkd_virtual.Image, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """The workshop of one test, in a folder whose path is short enough for Unix sockets."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lmkd-")))
        made = Workshop(folder, free_ports(), monkeypatch)
        make_host(made)
        adb = PrivateAdbServer(folder / "adb")
        variables = {
            "XDG_RUNTIME_DIR": folder,
            "XDG_CACHE_HOME": CACHE,
            "ADB_SERVER_SOCKET": f"localfilesystem:{adb.endpoint}",
            "ANDROID_PRODUCT_OUT": folder / "host",
            "ANDROID_HOST_OUT": folder / "host",
            "STAND_IN_FOLDER": folder,
            "STAND_IN_PORT": made.base_port,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        adb.require(Deadline(PATIENCE_S))
        stack.callback(adb.stop, Deadline(PATIENCE_S))
        stack.callback(made.end)
        yield made
