"""Shells of the adb daemon, by the real adb client."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from daemon import Daemon
from processes import ends
from raw_host import RawHost
from raw_host import packet

from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import PrivateAdbServer

pytestmark = pytest.mark.compiler

Adb = Callable[..., "subprocess.CompletedProcess[bytes]"]

ALL_BYTES = bytes(range(256))


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_exit_codes_arrive(adb: Adb, code: int) -> None:
    assert adb("shell", f"exit {code}").returncode == code


def test_death_by_a_signal_is_128_and_its_number(adb: Adb) -> None:
    assert adb("shell", "kill -9 $$").returncode == 128 + signal.SIGKILL


def test_output_and_errors_are_apart(adb: Adb) -> None:
    done = adb("shell", "echo out; echo err >&2; echo again")
    assert (done.stdout, done.stderr) == (b"out\nagain\n", b"err\n")


@pytest.mark.parametrize("service", ["shell", "exec-out"])
def test_binary_output_is_unchanged(adb: Adb, folder: Path, service: str) -> None:
    data = ALL_BYTES * 4096  # 1 MB
    (folder / "data").write_bytes(data)
    assert adb(service, f"cat {folder}/data").stdout == data


def test_input_arrives_with_its_end(adb: Adb) -> None:
    data = ALL_BYTES * 4096
    done = adb("shell", "sha256sum", stdin=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_input_comes_back_while_it_still_goes(adb: Adb) -> None:
    data = os.urandom(8 * 1024 * 1024)
    assert adb("shell", "cat", stdin=data).stdout == data


def test_input_that_nobody_reads_does_not_hold_up_the_end(adb: Adb) -> None:
    done = adb("shell", "exec <&-; echo deaf; exit 3", stdin=bytes(4 * 1024 * 1024))
    assert (done.stdout, done.returncode) == (b"deaf\n", 3)


def test_a_command_fed_by_exec_in_gets_all_of_it(adb: Adb, folder: Path) -> None:
    # The server sends the end of the input without waiting for OKAYs once its client has gone, and the
    # client does not wait for the command: the FIFO shows when it has written everything.
    data = os.urandom(1_000_003)
    fifo = folder / "written"
    os.mkfifo(fifo)
    adb("exec-in", f"cat > {folder}/fed; echo done > {fifo}", stdin=data)
    assert fifo.read_bytes() == b"done\n"
    assert (folder / "fed").read_bytes() == data


def test_eight_shells_at_once(adb: Adb, folder: Path) -> None:
    data = os.urandom(4 * 1024 * 1024)
    (folder / "data").write_bytes(data)
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(lambda _: adb("shell", f"cat {folder}/data; exit 7"), range(8))
    assert all(run.stdout == data and run.returncode == 7 for run in runs)


def test_a_terminal_with_its_kind_and_exit_code(adb: Adb) -> None:
    done = adb("shell", "-tt", "test -t 0 && test -t 1 && test -t 2 && exit 9")
    assert done.returncode == 9


def test_an_interactive_shell_takes_commands(adb: Adb) -> None:
    done = adb("shell", "-tt", stdin=b"tty\nexit 5\n")
    assert re.search(rb"/dev/pts/\d+", done.stdout)
    assert done.returncode == 5


def test_the_window_size_reaches_the_terminal(host: RawHost) -> None:
    host.greet()
    remote = host.open(b"shell,v2,TERM=vt100,pty:read line; stty size; echo $TERM")
    size, line = b"12x34,0x0", b"go\n"
    window = b"\x05" + len(size).to_bytes(4, "little") + size
    host.send(packet(b"WRTE", 1, remote, window + b"\x00" + len(line).to_bytes(4, "little") + line))
    shown = b""
    while b"vt100" not in shown:
        shown += host.receive_data(1, remote)
    assert b"12 34\r\n" in shown


def test_a_long_command_runs(adb: Adb) -> None:
    text = "x" * 30_000
    assert adb("shell", f"printf %s {text}").stdout == text.encode()


def test_what_a_closed_stream_ran_is_told_by_sighup(
    adb: Adb, daemon: Daemon, server: PrivateAdbServer
) -> None:
    lines = server.transport(daemon.address).stream_lines("sleep 1000 & echo $$ $!; wait", Deadline(60))
    shell, sleeper = map(int, next(lines).split())
    lines.close()
    assert ends(shell)
    assert ends(sleeper)
    adb("shell", "true")  # one round, after which the daemon has noticed the end of its children
    assert daemon.children() == []


def test_a_background_command_outlives_its_shell(adb: Adb, folder: Path) -> None:
    done = adb("shell", "sleep 1000 > /dev/null 2>&1 < /dev/null & echo $!")
    sleeper = int(done.stdout)
    try:
        adb("shell", "true")
        assert Path(f"/proc/{sleeper}/cmdline").read_bytes().startswith(b"sleep")
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_children_start_with_default_signals(adb: Adb) -> None:
    status = adb("shell", "cat /proc/self/status").stdout.decode()
    masks = dict(re.findall(r"^(Sig(?:Blk|Ign)):\s+([0-9a-f]+)$", status, re.M))
    assert masks["SigBlk"] == "0" * 16
    assert int(masks["SigIgn"], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_children_get_no_descriptor_of_the_daemon(adb: Adb) -> None:
    assert adb("shell", "ls /proc/self/fd").stdout.split() == [b"0", b"1", b"2", b"3"]  # 3: the folder itself


def test_root_and_reboot_are_answered(adb: Adb) -> None:
    assert b"root" in adb("root").stdout
    assert adb("reboot").returncode != 0
    assert adb("shell", "echo still here").stdout == b"still here\n"
