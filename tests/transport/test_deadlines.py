"""Tests that every job ends by its deadline, wherever the server stalls and however slowly it sends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_adb_server import PATIENCE_S
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import block
from fake_adb_server import shell_packet

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport

SHORT_S = 0.3

Job = Callable[[AdbTransport, Path], object]

JOBS: dict[str, Job] = {
    "shell": lambda phone, _: phone.shell("true", Deadline(SHORT_S)),
    "lines": lambda phone, _: list(phone.stream_lines("true", Deadline(SHORT_S))),
    "push": lambda phone, folder: phone.push(folder / "file", "/x", 0o644, Deadline(SHORT_S)),
    "pull": lambda phone, folder: phone.pull("/x", folder / "got", Deadline(SHORT_S)),
    "stat": lambda phone, _: phone.stat("/x", Deadline(SHORT_S)),
}

SERVICE = {"shell": "shell,", "lines": "shell,", "push": "sync:", "pull": "sync:", "stat": "sync:"}


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("stage", ["host:tport", "host-transport-id", "service"])
def test_a_server_that_sends_nothing(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path, job: str, stage: str
) -> None:
    (folder / "file").write_bytes(b"x")
    fake.on = {(SERVICE[job] if stage == "service" else stage): Talk.hang, **fake.on}
    with pytest.raises(DeadlineExceeded, match=rf"{SERIAL} did not finish within {SHORT_S:g} s: check "):
        JOBS[job](phone, folder)


def test_output_that_drips_for_ever(phone: AdbTransport, fake: FakeAdbServer) -> None:
    def drip(talk: Talk) -> None:
        talk.okay()
        talk.drip(shell_packet(1, b"x\n"))

    fake.on["shell,"] = drip
    with pytest.raises(DeadlineExceeded):
        phone.shell("yes", Deadline(SHORT_S))
    with pytest.raises(DeadlineExceeded):
        list(phone.stream_lines("yes", Deadline(SHORT_S)))


def test_a_file_that_drips_for_ever(phone: AdbTransport, fake: FakeAdbServer, folder: Path) -> None:
    def drip(talk: Talk) -> None:
        talk.okay()
        talk.drip(b"DATA\x01\x00\x00\x00x")

    fake.on["sync:"] = drip
    with pytest.raises(DeadlineExceeded):
        phone.pull("/x", folder / "got", Deadline(SHORT_S))
    assert sorted(path.name for path in folder.iterdir()) == ["fake.sock"]


def test_a_list_that_drips_for_ever(server: AdbServer, fake: FakeAdbServer) -> None:
    def drip(talk: Talk) -> None:
        talk.okay(b"ffff")
        talk.drip(b"serial\tdevice\n")

    fake.on["host:devices"] = drip
    with pytest.raises(DeadlineExceeded):
        server.list_devices(Deadline(SHORT_S))


@pytest.mark.parametrize("job", ["shell", "push"])
def test_a_device_that_takes_nothing(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path, job: str
) -> None:
    with (folder / "file").open("wb") as file:
        file.truncate(64 * 1024 * 1024)

    def deaf(talk: Talk) -> None:
        talk.okay()
        talk.hang()

    fake.on["shell,"] = fake.on["sync:"] = deaf
    with pytest.raises(DeadlineExceeded):
        if job == "shell":
            phone.shell("cat", Deadline(SHORT_S), stdin=bytes(64 * 1024 * 1024))
        else:
            phone.push(folder / "file", "/x", 0o644, Deadline(SHORT_S))


def test_an_answer_that_drips_but_ends_in_time_is_taken(phone: AdbTransport, fake: FakeAdbServer) -> None:
    def drip_once(talk: Talk) -> None:
        talk.okay()
        for byte in shell_packet(1, b"ab") + shell_packet(2, b"c") + shell_packet(3, b"\x05"):
            talk.send(bytes([byte]))

    fake.on["shell,"] = drip_once
    done = phone.shell("x", Deadline(PATIENCE_S))
    assert (done.stdout, done.stderr, done.exit_code) == (b"ab", b"c", 5)


def test_a_deadline_that_is_over_begins_nothing(phone: AdbTransport, fake: FakeAdbServer) -> None:
    with pytest.raises(DeadlineExceeded):
        phone.shell("true", Deadline(0))
    assert fake.requests == []


def test_waiting_for_a_device_reports_its_last_state(server: AdbServer, fake: FakeAdbServer) -> None:
    def track(talk: Talk) -> None:
        talk.okay(block(f"{SERIAL}\tauthorizing\nother\tdevice\n"), block(f"{SERIAL}\toffline\n"))
        talk.hang()

    fake.on["host:track-devices"] = track
    with pytest.raises(DeadlineExceeded, match=f"{SERIAL} was still offline after {SHORT_S:g} s"):
        server.wait_for(SERIAL, Deadline(SHORT_S))


def test_waiting_ends_when_the_device_is_there(server: AdbServer, fake: FakeAdbServer) -> None:
    def track(talk: Talk) -> None:
        talk.okay(block(""), block(f"{SERIAL}\toffline\n"), block(f"{SERIAL}\tdevice\n"))
        talk.hang()

    fake.on["host:track-devices"] = track
    server.wait_for(SERIAL, Deadline(PATIENCE_S))
