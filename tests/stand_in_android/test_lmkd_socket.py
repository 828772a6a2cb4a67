"""Tests lmkd's protocol in the stand-in lmkd on this host, packet by packet, under ASan and UBSan."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sanitized import build_sanitized

from lmkd_core.base.toolchain import source_files
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line

pytestmark = pytest.mark.compiler

NATIVE = Path(__file__).resolve().parent / "native"
PATIENCE_S = 60.0

PROCPRIO, PROCREMOVE, PROCPURGE, GETKILLCNT, SUBSCRIBE, PROCKILL = 1, 2, 3, 4, 5, 6
UPDATE_PROPS, STAT_KILL_OCCURRED, PROCS_PRIO = 7, 8, 11
KILL, STAT = 0, 1
NO_PSI = "ro.lmk.psi_partial_stall_ms=0\nro.lmk.psi_complete_stall_ms=0\n"
"""Some hosts have no PSI, or do not permit its use."""

TOTAL = (1001, 1001)
"""The range of oom_score_adj with which GETKILLCNT counts all kills."""


@pytest.fixture(scope="session")
def program() -> Path:
    trees = [NATIVE / "shared", NATIVE / "daemon"]
    sources = [source for tree in trees for source in source_files(tree, "*.c")]
    return build_sanitized("stand-in-android", sources, trees)


@dataclass
class Lmkd:
    """The daemon: its process, its socket, and the folder of its logs and properties."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def path(self) -> str:
        return str(self.folder / "lmkd")

    def connect(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.settimeout(PATIENCE_S)
        link.connect(self.path)
        return link

    def let_memory_be_low(self) -> None:
        """Makes lmkd see too little memory, from the next UPDATE_PROPS on."""
        (self.folder / "properties.new").write_text(f"{NO_PSI}ro.standin.kill_below_pct=101\n")
        (self.folder / "properties.new").rename(self.folder / "properties")


@pytest.fixture
def lmkd(program: Path) -> Iterator[Lmkd]:
    with tempfile.TemporaryDirectory(prefix="lmkd-") as name:  # short enough for a socket
        folder = Path(name)
        (folder / "properties").write_text(f"{NO_PSI}ro.standin.kill_below_pct=0\n")
        command = [program, "lmkd", "--socket", folder / "lmkd", "--folder", folder]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            lmkd = Lmkd(process, folder)
            try:
                await_socket(lmkd)
                yield lmkd
                assert process.poll() is None, process.stderr and process.stderr.read()
            finally:
                process.kill()


def await_socket(lmkd: Lmkd) -> None:
    """Waits until lmkd listens; only a connection shows this."""
    while lmkd.process.poll() is None:
        try:
            lmkd.connect().close()
        except (FileNotFoundError, ConnectionRefusedError):
            continue
        return
    raise AssertionError("the stand-in lmkd did not start")


@pytest.fixture
def app() -> Iterator[int]:
    """A process that does nothing."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process.pid
        process.kill()


def send(link: socket.socket, *values: int) -> None:
    link.send(struct.pack(f">{len(values)}i", *values))


def receive(link: socket.socket) -> tuple[int, ...]:
    packet = link.recv(256)
    return struct.unpack(f">{len(packet) // 4}i", packet)


def ask(link: socket.socket, *values: int) -> tuple[int, ...]:
    send(link, *values)
    return receive(link)


def read_adj(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def in_another_process(lmkd: Lmkd, *values: int) -> None:
    """Sends a packet from another process, and waits until lmkd has handled it."""
    code = (
        "import socket, struct, sys; link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
        "link.connect(sys.argv[1]); values = list(map(int, sys.argv[2:]));"
        "link.send(struct.pack(f'>{len(values)}i', *values)); link.send(struct.pack('>i', 7)); link.recv(64)"
    )
    command = [sys.executable, "-c", code, lmkd.path, *map(str, values)]
    subprocess.run(command, check=True, timeout=PATIENCE_S)


def test_a_process_gets_the_importance_in_its_record(lmkd: Lmkd, app: int) -> None:
    with lmkd.connect() as link:
        send(link, PROCPRIO, app, os.getuid(), 905)
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        assert read_adj(app) == 905


def test_three_records_come_in_one_packet(lmkd: Lmkd, app: int) -> None:
    uid = os.getuid()
    with lmkd.connect() as link:
        send(link, PROCS_PRIO, app, uid, 700, 0, app, uid, 800, 0, app, uid, 910, 0)
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        assert read_adj(app) == 910


def test_a_record_belongs_to_the_client_that_registered_it(lmkd: Lmkd, app: int) -> None:
    with lmkd.connect() as link:
        send(link, PROCPRIO, app, os.getuid(), 700)
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        in_another_process(lmkd, PROCPRIO, app, os.getuid(), 900)
        assert read_adj(app) == 700


def test_a_record_whose_client_is_gone_belongs_to_any_client(lmkd: Lmkd, app: int) -> None:
    in_another_process(lmkd, PROCPRIO, app, os.getuid(), 700)
    with lmkd.connect() as link:
        while read_adj(app) != 900:  # the daemon notices only in its next turn that the other client has gone
            send(link, PROCPRIO, app, os.getuid(), 900)
            assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)


def test_a_fourth_connection_drops_the_three(lmkd: Lmkd) -> None:
    three = [lmkd.connect() for _ in range(3)]
    for link in three:
        assert ask(link, GETKILLCNT, *TOTAL) == (GETKILLCNT, 0)
    with lmkd.connect() as fourth:
        assert ask(fourth, GETKILLCNT, *TOTAL) == (GETKILLCNT, 0)
    for link in three:
        assert link.recv(64) == b""
        link.close()


@pytest.mark.parametrize(
    "packet",
    [
        b"\0\0\0",
        struct.pack(">i", PROCPRIO),
        struct.pack(">4i", PROCPRIO, -1, 0, 5000),
        b"\xff" * 52,
        b"x" * 200,
    ],
)
def test_packets_without_sense_change_nothing(packet: bytes, lmkd: Lmkd) -> None:
    with lmkd.connect() as link:
        link.send(packet)
    with lmkd.connect() as link:
        assert ask(link, GETKILLCNT, *TOTAL) == (GETKILLCNT, 0)


def test_a_kill_is_sent_to_subscribers_counted_and_logged(lmkd: Lmkd, app: int) -> None:
    with lmkd.connect() as link, lmkd.connect() as stats:
        send(link, SUBSCRIBE, KILL)
        send(stats, SUBSCRIBE, STAT)
        for subscriber in (link, stats):
            assert ask(subscriber, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        send(link, PROCPRIO, app, 12345, 905)
        lmkd.let_memory_be_low()
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        kind, pid, uid, rss_kb = receive(link)
        assert (kind, pid, uid) == (PROCKILL, app, 12345)
        check_stat(stats.recv(256), rss_kb)
        assert ask(link, GETKILLCNT, *TOTAL) == (GETKILLCNT, 1)
        assert ask(link, GETKILLCNT, 905, 905) == (GETKILLCNT, 1)
        assert ask(link, GETKILLCNT, 0, 904) == (GETKILLCNT, 0)
    check_log(lmkd.folder, app)


def check_stat(packet: bytes, rss_kb: int) -> None:
    """AOSP's lmkd_pack_set_kill_occurred: six long, eight int, and text as Java's readUTF() reads it."""
    kind, *longs = struct.unpack(">i6q", packet[:52])
    uid, adj, min_adj, free_kb, free_swap_kb, reason, *thrashing = struct.unpack(">8i", packet[52:84])
    (length,) = struct.unpack(">h", packet[84:86])
    assert (kind, longs[2], uid, adj, min_adj) == (STAT_KILL_OCCURRED, rss_kb * 1024, 12345, 905, 100)
    assert (reason, thrashing) == (8, [0, 0])
    assert free_kb > 0
    assert free_swap_kb >= 0
    assert packet[86:] == b"sleep\0"
    assert length == len("sleep")


def check_log(folder: Path, pid: int) -> None:
    text = (folder / "main").read_text() + (folder / "events").read_text()
    reader = Reader()
    lines = enumerate(text.splitlines(), 1)
    events = {event.type: event for event in reader.read(Line("log", number, line) for number, line in lines)}
    assert reader.account.not_understood == []
    assert {"lmkd_kill", "killinfo"} <= set(events)
    assert events["killinfo"].fields["pid"] == events["lmkd_kill"].fields["pid"] == pid
    assert events["killinfo"].fields["reason_name"] == "LOW_MEM"


def test_only_unimportant_registered_processes_are_killed(lmkd: Lmkd) -> None:
    with lmkd.connect() as link:
        processes = [subprocess.Popen(["sleep", "1000"]) for _ in range(4)]
        important, removed, purged, victim = (process.pid for process in processes)
        send(link, PROCPRIO, purged, 1, 900)
        send(link, PROCPURGE)
        send(link, PROCPRIO, important, 1, 99)
        send(link, PROCPRIO, removed, 1, 900)
        send(link, PROCREMOVE, removed)
        send(link, SUBSCRIBE, KILL)
        send(link, PROCPRIO, victim, 1, 100)
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        lmkd.let_memory_be_low()
        assert ask(link, UPDATE_PROPS) == (UPDATE_PROPS, 0)
        assert receive(link)[:2] == (PROCKILL, victim)
        assert [process.poll() for process in processes[:3]] == [None, None, None]
        for process in processes:
            process.kill()
            process.wait()
