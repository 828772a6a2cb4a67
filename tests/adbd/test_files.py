"""File transfer of the adb daemon, by the real adb client."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_host import RawHost
from raw_host import packet

pytestmark = pytest.mark.compiler

Adb = Callable[..., "subprocess.CompletedProcess[bytes]"]

SIZES = [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 64 * 1024 * 1024]

ODD_NAMES = [
    "space in it",
    "-n",
    "quote'\"",
    "new\nline",
    "ünïcödé",
    "comma,0644",
    "x" * 255,
    os.fsdecode(b"not-utf8-\xff\xfe"),
]


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@pytest.mark.parametrize("size", SIZES)
def test_a_file_goes_there_and_back(adb: Adb, folder: Path, size: int) -> None:
    source, stored, back = folder / "source", folder / "device" / "stored", folder / "back"
    source.write_bytes(os.urandom(size))
    assert adb("push", source, stored).returncode == 0
    assert adb("pull", stored, back).returncode == 0
    assert sha256(source) == sha256(stored) == sha256(back)


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o400])
def test_mode_and_time_arrive(adb: Adb, folder: Path, mode: int) -> None:
    source, stored = folder / "source", folder / "stored"
    source.write_bytes(b"x")
    source.chmod(mode)
    os.utime(source, (1_000_000_000, 1_234_567_890))
    assert adb("push", source, stored).returncode == 0
    assert stat.S_IMODE(stored.stat().st_mode) == mode
    assert stored.stat().st_mtime == 1_234_567_890


def test_a_file_replaces_another_one(adb: Adb, folder: Path) -> None:
    source, stored = folder / "source", folder / "stored"
    source.write_bytes(b"new")
    stored.write_bytes(b"old and longer")
    assert adb("push", source, stored).returncode == 0
    assert stored.read_bytes() == b"new"


def test_a_link_is_replaced_and_not_followed(adb: Adb, folder: Path) -> None:
    source, stored, kept = folder / "source", folder / "stored", folder / "kept"
    source.write_bytes(b"new")
    kept.write_bytes(b"kept")
    stored.symlink_to(kept)
    assert adb("push", source, stored).returncode == 0
    assert not stored.is_symlink()
    assert (stored.read_bytes(), kept.read_bytes()) == (b"new", b"kept")


def test_folders_with_odd_names_go_there_and_back(adb: Adb, folder: Path) -> None:
    source = folder / "source"
    (source / "deep" / "er").mkdir(parents=True)
    for name in ODD_NAMES:
        (source / "deep" / "er" / name).write_bytes(os.fsencode(name))
    (source / "deep" / "link").symlink_to("er/-n")
    assert adb("push", source, folder / "stored").returncode == 0
    assert (folder / "stored" / "deep" / "link").readlink() == Path("er/-n")
    assert adb("pull", folder / "stored", folder / "back").returncode == 0
    for copy in (folder / "stored", folder / "back"):
        files = {path.name: path.read_bytes() for path in (copy / "deep" / "er").iterdir()}
        assert files == {name: os.fsencode(name) for name in ODD_NAMES}


def test_a_large_folder_is_listed_whole(adb: Adb, folder: Path) -> None:
    many = folder / "many"
    many.mkdir()
    for number in range(5000):
        (many / f"file-with-a-rather-long-name-{number:04}").touch()
    listed = adb("ls", many).stdout.splitlines()
    assert len(listed) == 5000 + 2  # with . and ..
    assert listed[-1].split()[3].startswith((b"file-with", b"."))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/proc/nowhere/file", b"couldn't create file: No such file or directory"),
        ("/sys/file", b"couldn't create file"),
        ("{folder}/file/below", b"Not a directory"),
    ],
)
def test_a_refused_push_tells_why(adb: Adb, folder: Path, target: str, reason: bytes) -> None:
    (folder / "source").write_bytes(os.urandom(3_000_000))
    (folder / "file").touch()
    done = adb("push", folder / "source", target.format(folder=folder))
    assert done.returncode != 0
    assert reason in done.stderr


def test_a_full_disk_fails_the_push(adb: Adb, folder: Path) -> None:
    (folder / "source").write_bytes(os.urandom(3_000_000))
    done = adb("push", folder / "source", "/dev/full")
    assert done.returncode != 0
    assert b"No space left on device" in done.stderr
    assert Path("/dev/full").is_char_device()


def test_a_refused_pull_tells_why(adb: Adb, folder: Path) -> None:
    done = adb("pull", folder / "absent", folder / "back")
    assert done.returncode != 0
    assert b"No such file or directory" in done.stderr


def test_a_fifo_does_not_stop_the_daemon(adb: Adb, folder: Path) -> None:
    (folder / "source").write_bytes(b"x")
    os.mkfifo(folder / "fifo")
    assert adb("push", folder / "source", folder / "fifo").returncode != 0
    assert adb("shell", "echo alive").stdout == b"alive\n"


def ask(host: RawHost, remote: int, *requests: bytes) -> None:
    host.send(packet(b"WRTE", 1, remote, b"".join(requests)))


def request(word: bytes, argument: bytes) -> bytes:
    return word + struct.pack("<I", len(argument)) + argument


def test_stat_in_all_three_layouts(host: RawHost, folder: Path) -> None:
    (folder / "file").write_bytes(b"12345")
    (folder / "link").symlink_to("file")
    link = os.fsencode(folder / "link")
    host.greet()
    remote = host.open(b"sync:")
    ask(host, remote, request(b"STAT", link), request(b"LST2", link), request(b"STA2", link))
    answers = b""
    while len(answers) < 16 + 72 + 72:
        answers += host.receive_data(1, remote)
    old, linked, followed = answers[:16], answers[16:88], answers[88:]
    assert stat.S_ISLNK(struct.unpack("<4s3I", old)[1])
    assert stat.S_ISLNK(struct.unpack_from("<I", linked, 24)[0])
    assert stat.S_ISREG(struct.unpack_from("<I", followed, 24)[0])
    assert struct.unpack_from("<Q", followed, 40)[0] == 5
    expected = (folder / "file").stat()
    assert struct.unpack_from("<QQ", followed, 8) == (expected.st_dev, expected.st_ino)


def test_stat_of_nothing_is_zero_or_enoent(host: RawHost, folder: Path) -> None:
    absent = os.fsencode(folder / "absent")
    host.greet()
    remote = host.open(b"sync:")
    ask(host, remote, request(b"STAT", absent), request(b"STA2", absent), request(b"STAT", b""))
    answers = b""
    while len(answers) < 16 + 72 + 16:
        answers += host.receive_data(1, remote)
    assert answers[:16] == b"STAT" + bytes(12)
    assert struct.unpack_from("<4sI", answers, 16) == (b"STA2", 2)  # ENOENT
    assert answers[88:] == b"STAT" + bytes(12)


def test_requests_may_come_in_any_pieces(host: RawHost, folder: Path) -> None:
    target = os.fsencode(folder / "file")
    sent = request(b"SEND", target + b",33188") + request(b"DATA", b"hello") + b"DONE" + bytes(4)
    host.greet()
    remote = host.open(b"sync:")
    for byte in sent:
        host.send(packet(b"WRTE", 1, remote, bytes([byte])))
        answer = host.receive()
        assert answer.command == b"OKAY" or answer.payload == b"OKAY" + bytes(4)
    assert (folder / "file").read_bytes() == b"hello"
