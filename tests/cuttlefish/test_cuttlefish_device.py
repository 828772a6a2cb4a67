"""Tests Cuttlefish instances over a real adb server; a stand-in launcher starts our virtual device."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from workshop import PATIENCE_S
from workshop import Workshop

from lmkd_core.base.cache import user_cache_root
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.devices.cuttlefish import source as source_module
from pytest_lmkd.devices.device import Device
from pytest_lmkd.transport import AdbServer

pytestmark = pytest.mark.virtual_device

BUILD_PROP = "/system/build.prop"


def instance_home(number: int) -> Path:
    """The folder in which launch_cvd keeps our instance."""
    return user_cache_root() / "cuttlefish" / f"{number}-{os.getpid()}"


def test_an_instance_is_started_used_and_stopped(workshop: Workshop) -> None:
    source = workshop.source()
    with Device(source, workshop.messages.append) as device:
        assert device.name == "cuttlefish-1"
        assert workshop.running() == ["relay-1", "stand-in-1"]
        assert device.pressure_limit_kb == 0  # all memory: no other apps run there
        assert device.facts["root"].value is True
    assert workshop.running() == []
    assert workshop.verbs() == ["create", "stop", "remove"]
    assert "cuttlefish-1: VIRTUAL_DEVICE_BOOT_STARTED" in workshop.messages
    assert "cuttlefish-1: Virtual device booted successfully" in workshop.messages


def test_launch_cvd_is_used_without_cvd(workshop: Workshop) -> None:
    source = workshop.source(launcher="launch_cvd")
    source.attach(workshop.messages.append)
    assert source.is_ours
    assert (instance_home(1) / ".cuttlefish_config.json").exists()
    source.detach()
    assert not instance_home(1).exists()
    assert workshop.running() == []
    assert workshop.verbs() == ["launch_cvd", "stop_cvd"]


def test_a_running_instance_is_used_and_left_alone(workshop: Workshop) -> None:
    workshop.type_in(f"{workshop.program('cvd')} --group_name=theirs create --base_instance_num=1")
    source = workshop.source()
    with Device(source, workshop.messages.append) as device:
        assert not source.is_ours
        assert device.pressure_limit_kb > 0
    assert workshop.running() == ["relay-1", "stand-in-1"]
    assert workshop.verbs() == ["create"]
    socket.create_connection(("127.0.0.1", workshop.base_port), timeout=PATIENCE_S).close()


def test_settings_that_a_running_instance_cannot_follow_are_refused(workshop: Workshop) -> None:
    workshop.type_in(f"{workshop.program('cvd')} --group_name=theirs create --base_instance_num=1")
    source = workshop.source(memory_mb=2048, extra=("--guest_enforce_security=false",))
    with pytest.raises(DeviceUnusable, match="is already running, so memory_mb, extra would have no effect"):
        source.attach(workshop.messages.append)
    source.detach()
    assert workshop.running() == ["relay-1", "stand-in-1"]


def test_two_instances_at_once(workshop: Workshop) -> None:
    sources = [workshop.source(1), workshop.source(2)]
    links = [source.attach(workshop.messages.append) for source in sources]
    boots = {link.shell("cat /proc/sys/kernel/random/boot_id", Deadline(PATIENCE_S)).stdout for link in links}
    assert len(boots) == 2
    sources[0].detach()
    assert workshop.running() == ["relay-2", "stand-in-2"]
    sources[1].detach()
    assert workshop.running() == []


def test_a_lost_link_is_made_again_to_the_same_instance(workshop: Workshop) -> None:
    source = workshop.source()
    first = source.attach(workshop.messages.append)
    first.shell("touch /data/local/tmp/same", Deadline(PATIENCE_S))
    second = source.attach(workshop.messages.append)
    assert second.stat("/data/local/tmp/same", Deadline(PATIENCE_S)) is not None
    source.detach()
    assert workshop.verbs() == ["create", "stop", "remove"]


def test_after_a_restart_of_its_adb_daemon_it_is_connected_again(workshop: Workshop) -> None:
    """After ``adb root`` a real adb server lists the address as offline and does not reconnect."""
    source = workshop.source()
    link = source.attach(workshop.messages.append)
    AdbServer().await_restart(link.serial, lambda: workshop.restart_adbd(1), Deadline(PATIENCE_S))
    assert link.shell("id -u", Deadline(PATIENCE_S)).stdout == b"0\n"
    source.detach()


@pytest.mark.parametrize(
    ("launcher", "verbs"),
    [
        ("cvd", ["create", "restart", "stop", "remove"]),
        ("launch_cvd", ["launch_cvd", "restart_cvd", "stop_cvd"]),
    ],
)
def test_an_instance_is_restarted_by_its_launcher(
    workshop: Workshop, launcher: str, verbs: list[str]
) -> None:
    with Device(workshop.source(launcher=launcher), workshop.messages.append) as device:
        first = device.boot_id
        device.restart()
        assert device.boot_id not in {"", first}
        assert device.facts["root"].value is True
    assert workshop.verbs() == verbs


def test_a_restart_that_fails_is_quoted(workshop: Workshop) -> None:
    workshop.let_it("restart-fails")
    message = "cuttlefish-1 did not restart, its launcher ended with 255"
    with (
        Device(workshop.source(), workshop.messages.append) as device,
        pytest.raises(DeviceUnusable, match=message),
    ):
        device.restart()
    assert workshop.running() == []


def test_a_running_instance_is_not_restarted(workshop: Workshop) -> None:
    workshop.type_in(f"{workshop.program('cvd')} --group_name=theirs create --base_instance_num=1")
    source = workshop.source()
    reason = rf"it is already running, .* name it by its serial, 127.0.0.1:{workshop.base_port}, with"
    assert re.match(reason, source.reason_no_restart())
    source.attach(workshop.messages.append)
    with pytest.raises(DeviceUnusable, match="cuttlefish-1 cannot be restarted: it is already running"):
        source.restart(workshop.messages.append)
    source.detach()
    assert workshop.verbs() == ["create"]


def test_an_instance_that_died_is_not_replaced_by_another(workshop: Workshop) -> None:
    source = workshop.source()
    source.attach(workshop.messages.append)
    workshop.end()
    with pytest.raises(DeviceUnusable, match="cuttlefish-1 died, and its current work is lost"):
        source.attach(workshop.messages.append)
    source.detach()
    assert workshop.verbs() == ["create", "stop"]


@pytest.mark.parametrize(
    ("launcher", "exit_code", "verbs"),
    [("cvd", 255, ["create"]), ("launch_cvd", 1, ["launch_cvd", "stop_cvd"])],
)
def test_a_launcher_that_fails_is_quoted(
    workshop: Workshop, launcher: str, exit_code: int, verbs: list[str]
) -> None:
    workshop.let_it("fails")
    source = workshop.source(launcher=launcher)
    with pytest.raises(DeviceUnusable) as raised:
        source.attach(workshop.messages.append)
    source.detach()
    error_lines = str(raised.value).splitlines()
    assert error_lines[0] == f"cuttlefish-1 did not start, its launcher ended with {exit_code}:"
    assert error_lines[1:11] == [*(f"step {number}" for number in range(11, 20)), "Unable to read boot.img"]
    assert workshop.verbs() == verbs  # cvd stops a failed start by itself
    (clear,) = re.findall("To delete its logs, run `(.*)`", error_lines[11])
    workshop.type_in(clear)
    assert not instance_home(1).exists()
    assert not list(workshop.folder.glob("group-*"))


def test_a_launcher_that_hangs_is_ended(workshop: Workshop) -> None:
    workshop.let_it("hangs")
    source = workshop.source(boot_timeout_s=1)
    with pytest.raises(DeviceUnusable, match=r"did not start.*it had not ended after 1 s"):
        source.attach(workshop.messages.append)
    workshop.let_it("")
    source.detach()
    assert workshop.verbs()[-1] == "stop"
    message = workshop.messages[-1]  # the stand-in never started an instance
    assert "cuttlefish-1 could not be stopped and may still run" in message
    assert workshop.running() == []


def test_an_android_that_never_boots_is_given_up(workshop: Workshop) -> None:
    first = workshop.source()
    link = first.attach(workshop.messages.append)
    no_boot = f"sed -i /boot_completed/d {BUILD_PROP} && echo ro.build.version.sdk=36 >> {BUILD_PROP}"
    done = link.shell(no_boot, Deadline(PATIENCE_S))
    assert done.exit_code == 0
    second = workshop.source(boot_timeout_s=3)
    with pytest.raises(DeviceUnusable, match=r"did not boot Android within 3 s .* boot_timeout_s="):
        second.attach(workshop.messages.append)
    second.detach()
    first.detach()
    assert workshop.running() == []


def test_the_logs_of_one_that_never_boots_are_kept(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: object, deadline: Deadline) -> None:
        raise DeadlineExceeded(f"not attached after {deadline.seconds:g} s")

    monkeypatch.setattr(source_module.CuttlefishSource, "_connect", never)
    source = workshop.source()
    with pytest.raises(DeviceUnusable, match=r"(?s)did not boot .*not attached.*To delete its logs, run"):
        source.attach(workshop.messages.append)
    source.detach()
    assert workshop.running() == []
    assert workshop.verbs() == ["create", "stop"]


def test_a_stop_that_fails_is_reported_with_the_command_that_stops_it(workshop: Workshop) -> None:
    source = workshop.source()
    source.attach(workshop.messages.append)
    workshop.let_it("stop-fails")
    source.detach()
    (stop_command,) = re.findall(
        r"cuttlefish-1 could not be stopped and may still run "
        r"\(Clean stop failed: no answer from the launcher monitor\): run `(.*?)`",
        workshop.messages[-1],
    )
    assert workshop.running() == ["relay-1", "stand-in-1"]
    workshop.let_it("")
    workshop.type_in(stop_command)
    assert workshop.running() == []


def test_an_adb_server_of_another_machine_cannot_reach_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADB_SERVER_SOCKET", "tcp:lab-3:5037")
    source = workshop.source()
    with pytest.raises(DeviceUnusable, match="the adb server lab-3:5037 is not"):
        source.attach(workshop.messages.append)
    assert workshop.commands() == []
