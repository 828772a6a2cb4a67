"""Tests that the device's own lmkd is silent while ours decides, and is restored however that ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import PATIENCE_S
from stand_in_device import StandIn
from stand_in_device import running

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.lmkd.quiet import FLAG
from pytest_lmkd.lmkd.quiet import JOURNAL
from pytest_lmkd.lmkd.quiet import SILENCED
from pytest_lmkd.lmkd.quiet import QuietLmkd
from pytest_lmkd.lmkd.quiet import restore
from pytest_lmkd.lmkd.quiet import restore_leftover
from pytest_lmkd.lmkd.quiet import write_journal

pytestmark = pytest.mark.virtual_device

PARTIAL, COMPLETE = SILENCED
JOURNAL_PATH = f"{ANDROID_FOLDER}/{JOURNAL}"


@pytest.fixture(scope="module")
def booted() -> Iterator[StandIn]:
    with running("quiet", memory_mb=512) as device:
        yield device


@pytest.fixture
def phone(booted: StandIn) -> StandIn:
    """The device with one flag set by its user, and the other one unset."""
    booted.output(f"device_config put lmkd_native {PARTIAL} 60")
    booted.output(f"device_config delete lmkd_native {COMPLETE}")
    assert flags(booted) == ["60", ""]
    return booted


def flags(phone: StandIn) -> list[str]:
    return [phone.output(f"getprop {FLAG}{name}") for name in SILENCED]


def journal_is_there(phone: StandIn) -> bool:
    return phone.transport.stat(JOURNAL_PATH, Deadline(PATIENCE_S)) is not None


def test_it_is_silent_within_and_as_before_after(phone: StandIn) -> None:
    with QuietLmkd(phone.transport, ANDROID_FOLDER):
        assert flags(phone) == ["0", "0"]
    assert flags(phone) == ["60", ""]
    assert phone.output(f"device_config get lmkd_native {PARTIAL}") == "60"
    assert not journal_is_there(phone)


def test_it_is_as_before_after_an_error(phone: StandIn) -> None:
    with pytest.raises(KeyError), QuietLmkd(phone.transport, ANDROID_FOLDER):
        raise KeyError
    assert flags(phone) == ["60", ""]


def test_the_device_restores_it_by_itself_when_the_link_goes(phone: StandIn) -> None:
    quiet = QuietLmkd(phone.transport, ANDROID_FOLDER).__enter__()
    assert flags(phone) == ["0", "0"]
    phone.transport.close()  # as when the cable is pulled: adbd hangs up on our commands
    gone = f"while [ -e {JOURNAL_PATH} ]; do sleep 0.1; done"
    assert phone.transport.shell(gone, Deadline(PATIENCE_S)).exit_code == 0
    assert flags(phone) == ["60", ""]
    quiet.__exit__(None, None, None)
    assert flags(phone) == ["60", ""]


def test_the_next_start_restores_the_settings_left_by_a_restart(phone: StandIn) -> None:
    write_journal(phone.transport, ANDROID_FOLDER)
    for name in SILENCED:
        phone.output(f"device_config put lmkd_native {name} 0")
    messages: list[str] = []
    restore_leftover(phone.transport, ANDROID_FOLDER, messages.append)
    assert flags(phone) == ["60", ""]
    assert len(messages) == 1
    assert "restoring" in messages[0]
    restore_leftover(phone.transport, ANDROID_FOLDER, messages.append)
    assert len(messages) == 1


def test_a_restore_that_fails_names_the_commands_to_type(phone: StandIn) -> None:
    phone.output(f"mkdir -p {ANDROID_FOLDER} && echo exit 7 > {JOURNAL_PATH}")
    with pytest.raises(DeviceUnusable, match=f"device_config delete lmkd_native {PARTIAL}; .*lmkd.reinit 1"):
        restore(phone.transport, ANDROID_FOLDER)
    phone.output(f"rm {JOURNAL_PATH}")


def test_a_process_that_is_killed_leaves_no_silence(phone: StandIn) -> None:
    """The host dies at once, in the middle."""
    folder = Path(phone.transport.serial.removeprefix("localfilesystem:")).parent / "adb"
    script = (
        "import sys; from pathlib import Path; from pytest_lmkd.transport import PrivateAdbServer;"
        "from pytest_lmkd.lmkd.quiet import QuietLmkd;"
        f"transport = PrivateAdbServer(Path({str(folder)!r})).transport({phone.transport.serial!r});"
        f"quiet = QuietLmkd(transport, {ANDROID_FOLDER!r}); quiet.__enter__();"
        "print('silent', flush=True); sys.stdin.read()"
    )
    host = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    while "silent" not in host.stdout.readline():
        assert host.poll() is None
    host.kill()
    host.communicate()
    gone = f"while [ -e {JOURNAL_PATH} ]; do sleep 0.1; done"
    assert phone.transport.shell(gone, Deadline(PATIENCE_S)).exit_code == 0
    assert flags(phone) == ["60", ""]
