"""Keeps the virtual devices of tests apart from those of the user, and links to them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

PATIENCE_S = 120.0
"""No test is about time: this bound ends a test that hangs."""


@contextmanager
def own_runtime_folder() -> Iterator[Path]:
    """Sets ``XDG_RUNTIME_DIR`` to an empty folder whose path is short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@contextmanager
def attached(instance: lmkd_virtual.Instance) -> Iterator[Transport]:
    """Yields a link to the device, over an adb server of its own: the device serves one server at a time."""
    server = PrivateAdbServer(instance.folder / "adb")
    server.require(Deadline(PATIENCE_S))
    try:
        yield server.connect(f"localfilesystem:{instance.adb_socket}", Deadline(PATIENCE_S))
    finally:
        server.stop(Deadline(PATIENCE_S))
