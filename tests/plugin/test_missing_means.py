"""Tests a missing device, package or cache: one sentence with the remedy, and exit code 3."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import own_runtime_folder
from runs import ONE_STRATUM

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root

pytestmark = pytest.mark.virtual_device

CACHE = user_cache_root()  # before pytester moves HOME away


@pytest.fixture(autouse=True)
def no_device_is_up() -> Iterator[None]:
    """Hides the user's devices: the run would use one that is up."""
    with own_runtime_folder():
        yield


def assert_gives_up(pytester: pytest.Pytester, device: str, sentence: str) -> None:
    pytester.makepyfile(ONE_STRATUM)
    result = pytester.runpytest_subprocess("--lmkd-device", device)
    assert result.ret == 3
    output = result.stdout.str() + result.stderr.str()  # pytest writes an exit before collection to stderr
    assert sentence in output
    assert "Traceback" not in output


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of adb's server, on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
    return port


@pytest.fixture
def damaged_kernel(
    image: lmkd_virtual.Image, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the cache whose kernel has one byte too many."""
    kernel = image.kernel
    cache = pytester.path / "cache" / "pytest-lmkd"
    shutil.copytree(kernel.parent, cache / kernel.parent.relative_to(CACHE))
    copy = cache / kernel.relative_to(CACHE)
    copy.write_bytes(copy.read_bytes() + b"x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    return copy


def test_no_adb_device(pytester: pytest.Pytester, free_port: int) -> None:
    assert_gives_up(pytester, "all", f"no adb device is attached at 127.0.0.1:{free_port}: plug one in")
    with socket.socket() as probe:  # the adb server that had to be started was stopped again
        assert probe.connect_ex(("127.0.0.1", free_port)) != 0


def test_a_serial_that_is_not_attached(pytester: pytest.Pytester, free_port: int) -> None:
    assert_gives_up(pytester, "nobody", f"no device nobody at 127.0.0.1:{free_port}; attached: none")


def test_a_port_that_something_else_uses(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        assert_gives_up(
            pytester, "phone", f"the program that answers at 127.0.0.1:{port} is not an adb server"
        )


def test_qemu_missing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(pytester.mkdir("empty")))
    assert_gives_up(
        pytester, "virtual", "qemu-system-x86_64 is missing: run `apt-get install qemu-system-x86`"
    )


def test_kernel_never_built(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(pytester.mkdir("cache")))
    assert_gives_up(pytester, "virtual", "has not been built: run `pytest-lmkd virtual build`")


def test_kernel_damaged_in_the_cache(pytester: pytest.Pytester, damaged_kernel: Path) -> None:
    assert_gives_up(pytester, "virtual", "is damaged in the cache: run `pytest-lmkd virtual build`")
    assert damaged_kernel.exists()
