"""What the host lacks (device, package, whole cache): one sentence that says what to do, and exit code 3."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root

pytestmark = pytest.mark.virtual_device

CACHE = user_cache_root()  # before pytester moves HOME away

SUITE = """
    import pytest
    from lmkd_core.records.stratum import Stratum
    @pytest.mark.parametrize("stratum", [Stratum("s", "private-anon", "none", "natural", 4096, 1)], ids=str)
    def test_one(stratum, measure):
        measure(stratum)
"""


@pytest.fixture(autouse=True)
def no_device_is_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A runtime folder of our own: a device that the user has up would be used."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


def assert_gives_up(pytester: pytest.Pytester, device: str, sentence: str) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("--lmkd-device", device)
    assert result.ret == 3
    said = result.stdout.str() + result.stderr.str()  # pytest writes an exit before collection to stderr
    assert sentence in said
    assert "Traceback" not in said


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port of this machine on which adb is told to look for its server, and nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
    return port


@pytest.fixture
def damaged_kernel(
    image: lmkd_virtual.Image, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A cache of our own whose kernel has one byte too many."""
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
