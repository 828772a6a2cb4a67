"""Tests that lines are handed out as they arrive, and that files arrive completely or not at all."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import pytest
from fake_adb_server import PATIENCE_S
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import shell_packet

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport.connection import DeadlineSocket


def test_lines_are_joined_however_they_were_cut(phone: AdbTransport, fake: FakeAdbServer) -> None:
    def speak(talk: Talk) -> None:
        talk.okay(shell_packet(1, b"one\ntw"), shell_packet(2, b"err"), shell_packet(1, b"o\n\nlast"))
        talk.send(shell_packet(3, b"\x07"))

    fake.on["shell,"] = speak
    with phone.stream_lines("x", Deadline(PATIENCE_S)) as stream:
        assert list(stream) == [b"one", b"two", b"", b"last"]
        assert (stream.exit_code, stream.stderr) == (7, b"err")


def test_a_line_is_handed_out_before_the_next_is_there(phone: AdbTransport, fake: FakeAdbServer) -> None:
    taken = threading.Event()

    def speak(talk: Talk) -> None:
        talk.okay(shell_packet(1, b"first\n"))
        assert taken.wait(PATIENCE_S)
        talk.send(shell_packet(1, b"second\n"), shell_packet(3, b"\x00"))

    fake.on["shell,"] = speak
    stream = phone.stream_lines("x", Deadline(PATIENCE_S))
    assert next(stream) == b"first"
    taken.set()
    assert list(stream) == [b"second"]


def test_a_command_that_ends_without_its_input_is_still_heard(
    phone: AdbTransport, fake: FakeAdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link accepts no more data, but the output is still to be read."""

    def refuse(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(DeadlineSocket, "send_some", refuse)
    fake.on["shell,"] = lambda talk: talk.okay(shell_packet(1, b"all\n"), shell_packet(3, b"\x00"))
    with phone.stream_lines("x", Deadline(PATIENCE_S)) as stream:
        assert list(stream) == [b"all"]


def test_the_exit_code_is_not_known_before_the_end(phone: AdbTransport, fake: FakeAdbServer) -> None:
    def speak(talk: Talk) -> None:
        talk.okay(shell_packet(1, b"first\n"))
        talk.hang()

    fake.on["shell,"] = speak
    with phone.stream_lines("x", Deadline(PATIENCE_S)) as stream:
        next(stream)
        with pytest.raises(RuntimeError):
            _ = stream.exit_code


@pytest.mark.parametrize("by", ["stream", "transport"])
def test_closing_ends_the_stream_on_the_server(phone: AdbTransport, fake: FakeAdbServer, by: str) -> None:
    ended = threading.Event()

    def speak(talk: Talk) -> None:
        talk.okay(shell_packet(1, b"first\n"))
        talk.drain()
        ended.set()

    fake.on["shell,"] = speak
    stream = phone.stream_lines("x", Deadline(PATIENCE_S))
    next(stream)
    (stream if by == "stream" else phone).close()
    assert ended.wait(PATIENCE_S)
    phone.close()  # again: nothing


def test_the_command_runs_before_a_line_is_asked_for(phone: AdbTransport, fake: FakeAdbServer) -> None:
    fake.on["shell,"] = lambda talk: (talk.okay(), talk.hang())[0]
    with phone.stream_lines("echo hello", Deadline(PATIENCE_S)):
        assert "shell,v2,raw:echo hello" in fake.requests


class FakeFiles:
    """A stand-in for a device's `sync:` service with one file."""

    def __init__(self, stored: bytes | None = None, *, loses_bytes: int = 0, refusal: bytes = b"") -> None:
        self.stored = stored
        self.name = b""
        self.mode = 0
        self._loses_bytes = loses_bytes
        self._refusal = refusal
        self._open = True

    def __call__(self, talk: Talk) -> None:
        talk.okay()
        while self._open and (head := talk.read(8)):
            word, length = struct.unpack("<4sI", head)
            getattr(self, word.decode().lower())(talk, talk.read(length))

    def stat(self, talk: Talk, _: bytes) -> None:
        mode_and_size = (0, 0) if self.stored is None else (0o100000 | self.mode, len(self.stored))
        talk.send(struct.pack("<4sIII", b"STAT", *mode_and_size, 0))

    def recv(self, talk: Talk, _: bytes) -> None:
        if self.stored is None:
            talk.send(b"FAIL", struct.pack("<I", len(self._refusal)), self._refusal)
            return
        talk.send(b"DATA", struct.pack("<I", len(self.stored)), self.stored, b"DONE", bytes(4))

    def send(self, talk: Talk, spec: bytes) -> None:
        self.name, _, mode = spec.rpartition(b",")
        self.mode = int(mode) & 0o777
        if self._refusal:
            talk.send(b"FAIL", struct.pack("<I", len(self._refusal)), self._refusal)
            self._open = False  # like a device, it does not read the rest
            return
        data = b""
        while (head := talk.read(8))[:4] == b"DATA":
            data += talk.read(struct.unpack("<4sI", head)[1])
        self.stored = data[: len(data) - self._loses_bytes]
        talk.send(b"OKAY", bytes(4))


def test_a_push_goes_to_a_partial_name_and_is_then_renamed(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path
) -> None:
    files = FakeFiles()
    fake.on["sync:"] = files
    fake.on["shell,"] = lambda talk: talk.okay(shell_packet(3, b"\x00"))
    (folder / "file").write_bytes(b"x" * 100_000)
    phone.push(folder / "file", "/data/it's", 0o100750, Deadline(PATIENCE_S))
    assert (files.name, files.mode) == (b"/data/it's.tmp", 0o750)
    assert files.stored == b"x" * 100_000
    assert fake.requests[-1] == """shell,v2,raw:mv -f '/data/it'"'"'s.tmp' '/data/it'"'"'s'"""


def test_a_push_that_arrives_short_is_not_renamed(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path
) -> None:
    fake.on["sync:"] = FakeFiles(loses_bytes=1)
    (folder / "file").write_bytes(b"x" * 1000)
    with pytest.raises(TransportLost, match="stored 999 of 1000 bytes of /x"):
        phone.push(folder / "file", "/x", 0o644, Deadline(PATIENCE_S))
    assert not any("mv" in request for request in fake.requests)


def test_a_refused_push_quotes_the_device(phone: AdbTransport, fake: FakeAdbServer, folder: Path) -> None:
    fake.on["sync:"] = FakeFiles(refusal=b"couldn't create file: Read-only file system")
    with (folder / "file").open("wb") as file:
        file.truncate(10_000_000)
    with pytest.raises(DeviceUnusable, match="phone refuses pushing /x: couldn't create file: Read-only"):
        phone.push(folder / "file", "/x", 0o644, Deadline(PATIENCE_S))


def test_a_rename_that_fails_quotes_the_device(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path
) -> None:
    fake.on["sync:"] = FakeFiles()
    fake.on["shell,"] = lambda talk: talk.okay(shell_packet(2, b"mv: no\n"), shell_packet(3, b"\x01"))
    (folder / "file").write_bytes(b"x")
    with pytest.raises(DeviceUnusable, match="phone refuses pushing /x: mv: no"):
        phone.push(folder / "file", "/x", 0o644, Deadline(PATIENCE_S))


def test_a_pull_arrives_complete(phone: AdbTransport, fake: FakeAdbServer, folder: Path) -> None:
    fake.on["sync:"] = FakeFiles(b"contents")
    phone.pull("/x", folder / "got", Deadline(PATIENCE_S))
    assert (folder / "got").read_bytes() == b"contents"


@pytest.mark.parametrize("cut", [4, 8, 12, 20])
def test_a_pull_that_is_cut_leaves_the_old_file(
    phone: AdbTransport, fake: FakeAdbServer, folder: Path, cut: int
) -> None:
    answer = b"OKAY" + b"DATA" + struct.pack("<I", 100) + b"x" * 100
    fake.on["sync:"] = lambda talk: talk.send(answer[:cut])
    (folder / "got").write_bytes(b"old")
    with pytest.raises(TransportLost):
        phone.pull("/x", folder / "got", Deadline(PATIENCE_S))
    assert (folder / "got").read_bytes() == b"old"
    assert not (folder / "got.tmp").exists()


def test_a_refused_pull_quotes_the_device(phone: AdbTransport, fake: FakeAdbServer, folder: Path) -> None:
    fake.on["sync:"] = FakeFiles(refusal=b"open failed: Permission denied")
    with pytest.raises(DeviceUnusable, match="refuses pulling /x: open failed: Permission denied"):
        phone.pull("/x", folder / "got", Deadline(PATIENCE_S))


def test_stat_of_something_and_of_nothing(phone: AdbTransport, fake: FakeAdbServer) -> None:
    fake.on["sync:"] = FakeFiles(b"12345")
    status = phone.stat("/x", Deadline(PATIENCE_S))
    assert status is not None
    assert status.size_bytes == 5
    fake.on["sync:"] = FakeFiles()
    assert phone.stat("/x", Deadline(PATIENCE_S)) is None


def test_a_local_file_that_is_missing_is_the_callers_own_error(phone: AdbTransport, folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        phone.push(folder / "absent", "/x", 0o644, Deadline(PATIENCE_S))
