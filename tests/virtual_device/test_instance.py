"""Running devices: found again, stopped exactly, and nothing left of them, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from booted import running
from booted import start
from own_devices import PATIENCE_S
from own_devices import attached
from processes import ends

import lmkd_virtual
from lmkd_core.base.cache import Cache
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.process import ProcessRecord
from lmkd_virtual import PERSONALITIES
from lmkd_virtual.identity import Identity

pytestmark = pytest.mark.virtual_device


@pytest.fixture
def echo() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is nobody's QEMU, and repeats what it is told while it lives."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        yield process
        process.kill()


@pytest.fixture
def sleeper(echo: subprocess.Popen[bytes]) -> int:
    return echo.pid


@pytest.fixture
def name(image) -> Iterator[str]:
    """Of a device that the test may start; whatever it leaves is taken down."""
    yield "short-lived"
    lmkd_virtual.down("short-lived")


def record(folder: Path, pid: int, started_ticks: int) -> None:
    """What ``up`` leaves for others to find."""
    folder.mkdir(mode=0o700)
    (folder / "qemu.json").write_text(json.dumps({"pid": pid, "started_ticks": started_ticks}))
    instance = lmkd_virtual.Instance(
        folder.name, "stock", "x86_64", "tcg", cpus=2, memory_mb=512, pid=pid, bound=False, folder=folder
    )
    (folder / "instance.json").write_text(json.dumps(asdict(instance), default=str))


def test_an_unknown_personality_lists_the_known() -> None:
    with pytest.raises(UsageProblem, match="stock, reap-kill-v2, reap-kill-v3, exit-mm"):
        lmkd_virtual.up("reap-kill-v4", progress=print, deadline=Deadline(PATIENCE_S))


@pytest.mark.parametrize("name", ["", "../stock", "a/b", "-x", "UPPER", "x" * 32, "a b"])
def test_a_name_that_is_no_folder_of_ours_is_refused(runtime_folder: Path, name: str) -> None:
    with pytest.raises(UsageProblem, match="not a valid device name"):
        lmkd_virtual.up("stock", name=name, progress=print, deadline=Deadline(PATIENCE_S))
    assert list(runtime_folder.iterdir()) == []


def test_a_runtime_folder_that_others_can_enter_is_refused(runtime_folder: Path) -> None:
    runtime_folder.chmod(0o755)
    with pytest.raises(DeviceUnusable, match="not private to this user"):
        lmkd_virtual.status()


def test_a_runtime_folder_that_is_a_link_is_refused(runtime_folder: Path, tmp_path: Path) -> None:
    runtime_folder.rename(tmp_path / "elsewhere")
    runtime_folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DeviceUnusable, match="not private to this user"):
        lmkd_virtual.status()


def test_a_recorded_process_is_found_and_stopped(runtime_folder: Path, sleeper: int) -> None:
    record(runtime_folder / "stock", sleeper, ProcessRecord.from_pid(sleeper).started_ticks)
    assert [(one.name, one.pid) for one in lmkd_virtual.status()] == [("stock", sleeper)]
    assert lmkd_virtual.down("stock")
    assert ends(sleeper)
    assert lmkd_virtual.status() == []


def test_a_device_of_a_later_version_is_used_and_left_running(runtime_folder: Path, sleeper: int) -> None:
    folder = runtime_folder / "stock"
    record(folder, sleeper, ProcessRecord.from_pid(sleeper).started_ticks)
    state = json.loads((folder / "instance.json").read_text())
    (folder / "instance.json").write_text(json.dumps({**state, "a_later_field": "x"}))
    (found,) = lmkd_virtual.status()
    assert (found.pid, found.identity) == (sleeper, Identity())


def test_cleaning_up_after_the_dead_spares_a_running_qemu_whose_state_cannot_be_read(
    runtime_folder: Path, sleeper: int
) -> None:
    record(runtime_folder / "stock", sleeper, ProcessRecord.from_pid(sleeper).started_ticks)
    (runtime_folder / "stock" / "instance.json").write_text('{"of": "another version"}')
    record(runtime_folder / "dead", sleeper, 1)
    lmkd_virtual.instance.clear_dead()
    assert [path.name for path in runtime_folder.iterdir() if path.is_dir()] == ["stock"]
    assert ProcessRecord.from_pid(sleeper).is_running()


def test_a_process_that_got_the_pid_later_is_left_alone(
    runtime_folder: Path, echo: subprocess.Popen[bytes]
) -> None:
    record(runtime_folder / "stock", echo.pid, ProcessRecord.from_pid(echo.pid).started_ticks - 1)
    assert lmkd_virtual.status() == []
    assert not lmkd_virtual.down("stock")
    assert echo.stdin is not None
    assert echo.stdout is not None
    echo.stdin.write(b"here")
    assert echo.stdout.read(4) == b"here"


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"pid": "x", "started_ticks": 1}', "\0"])
@pytest.mark.parametrize("file", ["qemu.json", "instance.json"])
def test_a_damaged_record_is_no_device(runtime_folder: Path, sleeper: int, file: str, text: str) -> None:
    record(runtime_folder / "stock", sleeper, ProcessRecord.from_pid(sleeper).started_ticks)
    (runtime_folder / "stock" / file).write_text(text)
    assert lmkd_virtual.status() == []


def test_what_is_up_is_found_by_others_and_not_started_twice(name: str) -> None:
    started = start("exit-mm", name)
    assert started in lmkd_virtual.status()
    with pytest.raises(UsageProblem, match="is up already"):
        start("stock", name)
    assert lmkd_virtual.down(name)
    assert ends(started.pid)
    assert not started.folder.exists()
    assert not lmkd_virtual.down(name)


def test_a_qemu_that_was_killed_is_down_and_may_be_started_again(name: str) -> None:
    killed = start("stock", name)
    os.kill(killed.pid, signal.SIGKILL)
    assert ends(killed.pid)
    assert killed not in lmkd_virtual.status()
    again = start("stock", name)
    assert again.pid != killed.pid
    assert again in lmkd_virtual.status()


def test_a_daemon_that_dies_comes_back(name: str) -> None:
    instance = start("stock", name)
    with attached(instance) as transport, pytest.raises(TransportLost):
        # QEMU does not tell the host that the guest's end was closed: only the deadline ends this.
        transport.shell("kill -9 $(pidof lmkd-adbd); sleep 1000", Deadline(5))
    with attached(instance) as transport:
        assert transport.shell("echo back", Deadline(PATIENCE_S)).stdout == b"back\n"


def test_a_guest_that_ends_itself_ends_qemu(name: str) -> None:
    with running("stock", name) as device:
        with pytest.raises(TransportLost):
            device.run("reboot -f; sleep 1000")
        assert ends(device.instance.pid)
        assert device.instance not in lmkd_virtual.status()


def test_a_qemu_that_dies_at_boot_tells_its_last_words(name: str) -> None:
    too_small_mb = 20
    with pytest.raises(DeviceUnusable, match="QEMU died while it started") as caught:
        lmkd_virtual.up(
            "stock", name=name, progress=print, deadline=Deadline(PATIENCE_S), memory_mb=too_small_mb
        )
    assert len(str(caught.value).splitlines()) > 1
    assert not (lmkd_virtual.instance.runtime_folder() / name).exists()


SCRIPT = """
import sys, lmkd_virtual
from lmkd_core.base.deadline import Deadline
try:
    up = lmkd_virtual.up("stock", name=sys.argv[1], progress=print, deadline=Deadline(120), memory_mb=512,
                         bound=sys.argv[2] == "bound")
except KeyboardInterrupt:
    sys.exit("interrupted")
print("up", flush=True)
sys.stdin.read()
"""


def starter(name: str, binding: str) -> subprocess.Popen[bytes]:
    """Another process that starts the device and waits."""
    return subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", SCRIPT, name, binding],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def recorded_pid(name: str, deadline: Deadline) -> int:
    """QEMU's pid, as soon as it has one."""
    path = lmkd_virtual.instance.runtime_folder() / name / "qemu.json"
    while (process := ProcessRecord.load(path)) is None:
        deadline.check("starting QEMU")
    return process.pid


def test_an_interrupted_start_leaves_nothing(name: str) -> None:
    with starter(name, "bound") as process:
        pid = recorded_pid(name, Deadline(PATIENCE_S))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert errors.decode().splitlines()[-1:] == ["interrupted"]
    assert ends(pid)
    assert not (lmkd_virtual.instance.runtime_folder() / name).exists()


@pytest.mark.parametrize("binding", ["bound", "free"])
def test_a_device_outlives_its_starter_unless_bound(name: str, binding: str) -> None:
    with starter(name, binding) as process:
        assert process.stdout is not None
        while process.stdout.readline() not in {b"up\n", b""}:
            pass
        (instance,) = [one for one in lmkd_virtual.status() if one.name == name]
        process.kill()
    if binding == "bound":
        assert ends(instance.pid)
    else:
        with attached(instance) as transport:
            assert transport.shell("echo here", Deadline(PATIENCE_S)).stdout == b"here\n"


def test_kvm_is_tried_once_and_what_works_is_remembered(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built = Cache().root
    for kind in (path for path in built.iterdir() if path.name != "accelerator"):
        (tmp_path / "pytest-lmkd").mkdir(exist_ok=True)
        (tmp_path / "pytest-lmkd" / kind.name).symlink_to(kind)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []
    found = []
    for _ in range(2):
        found += [lmkd_virtual.up("stock", name=name, progress=said.append, deadline=Deadline(PATIENCE_S))]
        lmkd_virtual.down(name)
    fell_back = [text for text in said if "KVM" in text]
    kvm_was_tried = lmkd_virtual.qemu.may_have_kvm(lmkd_virtual.architecture(lmkd_virtual.DEFAULT_ABI))
    assert found[0].accelerator == found[1].accelerator
    assert fell_back == (
        ["KVM does not work here: emulated, several times slower"]
        if kvm_was_tried and found[0].accelerator == "tcg"
        else []
    )


def test_four_personalities_are_known() -> None:
    assert set(PERSONALITIES) == {"stock", "reap-kill-v2", "reap-kill-v3", "exit-mm"}
