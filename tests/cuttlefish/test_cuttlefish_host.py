"""Tests the checks of a host for Cuttlefish: each gives a sentence with a remedy, before anything starts."""

from __future__ import annotations

import grp
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmkd_core.base.deadline import Deadline
from pytest_lmkd.devices.cuttlefish import host as host_module
from pytest_lmkd.devices.cuttlefish.host import Host
from pytest_lmkd.devices.cuttlefish.settings import Settings
from pytest_lmkd.devices.cuttlefish.source import reason_no_cuttlefish
from pytest_lmkd.transport import PrivateAdbServer

PATIENCE_S = 60.0


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unpacked build: an image, a host tool, and a launcher that fails if it is run."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "super.img").touch()
    (tmp_path / "bin" / "cvd_internal_start").touch()
    (tmp_path / "cvd").write_text("#!/bin/false\n")
    (tmp_path / "cvd").chmod(0o755)
    for name in ("ANDROID_PRODUCT_OUT", "ANDROID_HOST_OUT", "ANDROID_SOONG_HOST_OUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(host_module, "_create_machine", lambda _: None)
    return tmp_path


@pytest.fixture
def good(build: Path) -> Host:
    """A host without obstacles: /dev/null opens like the devices, and we are in our own group."""
    group = grp.getgrgid(os.getegid()).gr_name
    return Host(kvm=Path("/dev/null"), vhost_vsock=Path("/dev/null"), network_group=group, container_marks=())


def changed(host: Host, **fields: object) -> Host:
    values = {name: getattr(host, name) for name in Host.__slots__}
    return Host(**{**values, **fields})


def settings(build: Path, **others: object) -> Settings:
    return Settings(launcher=build / "cvd", **others)  # type: ignore[arg-type]  # the tests' own


def test_a_good_host_has_no_obstacle(build: Path, good: Host) -> None:
    assert reason_no_cuttlefish(settings(build), good) == ""


def test_no_launcher(build: Path, good: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(build / "bin"))
    assert reason_no_cuttlefish(Settings(), good).startswith("neither cvd nor launch_cvd is on PATH: install")


def test_cvd_comes_before_launch_cvd(build: Path, good: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(build))
    assert reason_no_cuttlefish(Settings(), good) == ""


def test_a_launcher_that_may_not_be_run(build: Path, good: Host) -> None:
    (build / "cvd").chmod(0o644)
    assert "cvd is not executable: run `chmod +x " in reason_no_cuttlefish(settings(build), good)


def test_no_kvm(build: Path, good: Host) -> None:
    assert "/dev/none does not exist: enable virtualization" in reason_no_cuttlefish(
        settings(build), changed(good, kvm=Path("/dev/none"))
    )


def test_kvm_that_makes_no_machines(build: Path, good: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    reason = reason_no_cuttlefish(settings(build), good)
    assert reason.startswith("/dev/null exists but cannot create a virtual machine (")
    assert "nested virtualization" in reason


def test_no_vsock(build: Path, good: Host) -> None:
    without = changed(good, vhost_vsock=Path("/dev/none"))
    assert "run `sudo modprobe vhost_vsock`" in reason_no_cuttlefish(settings(build), without)
    instead = settings(build, extra=("--vhost_user_vsock=true",))
    assert reason_no_cuttlefish(instead, without) == ""


def test_devices_that_this_user_may_not_open(
    build: Path, good: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {build / "kvm", build / "vsock"}
    for path in closed:
        path.touch()
    allows = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path not in closed and allows(path, mode))
    assert "usermod -aG kvm" in reason_no_cuttlefish(settings(build), changed(good, kvm=build / "kvm"))
    assert "chmod 666" in reason_no_cuttlefish(settings(build), changed(good, vhost_vsock=build / "vsock"))


def test_no_network_group(build: Path, good: Host) -> None:
    reason = reason_no_cuttlefish(settings(build), changed(good, network_group="no-such-group"))
    assert reason.startswith("the group no-such-group does not exist: install the package cuttlefish-base")


def test_not_in_the_network_group(build: Path, good: Host) -> None:
    ours = {os.getegid(), *os.getgroups()}
    group_name = next(group.gr_name for group in grp.getgrall() if group.gr_gid not in ours)
    elsewhere = changed(good, network_group=group_name)
    assert f"usermod -aG {group_name} $USER" in reason_no_cuttlefish(settings(build), elsewhere)
    in_container = changed(elsewhere, container_marks=(build / "super.img",))
    assert reason_no_cuttlefish(settings(build), in_container) == ""


def test_no_images(build: Path, good: Host) -> None:
    (build / "super.img").unlink()
    assert f"there are no images (*.img) in {build}" in reason_no_cuttlefish(settings(build), good)


def test_images_are_looked_for_in_the_folder_of_the_settings(build: Path, good: Host) -> None:
    reason = reason_no_cuttlefish(settings(build, images=build / "bin"), good)
    assert f"there are no images (*.img) in {build / 'bin'}" in reason


def test_no_host_tools(build: Path, good: Host) -> None:
    (build / "bin" / "cvd_internal_start").unlink()
    reason = reason_no_cuttlefish(settings(build), good)
    assert f"there are no host tools (bin/cvd_internal_start) in {build}" in reason


@pytest.fixture
def own_adb_server() -> Iterator[dict[str, str]]:
    """The environment with an adb server of our own instead of the user's."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder:
        server = PrivateAdbServer(Path(folder))
        server.require(Deadline(PATIENCE_S))
        yield {**os.environ, "ADB_SERVER_SOCKET": f"localfilesystem:{server.endpoint}"}
        server.stop(Deadline(PATIENCE_S))


@pytest.mark.parametrize("verb", ["doctor", "devices"])
def test_the_commands_report_it(verb: str, build: Path, own_adb_server: dict[str, str]) -> None:
    words = [verb, "cuttlefish"] if verb == "doctor" else [verb]
    done = subprocess.run(
        [sys.executable, "-m", "pytest_lmkd.cli", *words, "--cuttlefish", f"launcher={build / 'super.img'}"],
        capture_output=True,
        text=True,
        check=False,
        env=own_adb_server,
    )
    assert "super.img is not executable" in done.stdout + done.stderr
