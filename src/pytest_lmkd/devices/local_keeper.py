"""The process that owns a local device and removes it, however its user ends.

``python -m pytest_lmkd.devices.local_keeper OWNER_PID DAEMON BASE`` creates a folder and a memory cgroup,
starts the adb daemon in them, and prints one JSON object with the ``folder`` or the ``error``. When its
standard input ends or the owner dies, it ends all processes of the device and removes folder and cgroup. If
the keeper itself is killed, the daemon dies with it, and the next keeper removes the rest.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from contextlib import suppress
from pathlib import Path
from types import FrameType

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.process import ProcessRecord
from pytest_lmkd.devices.local_group import PREFIX
from pytest_lmkd.devices.local_group import LocalGroup

START_S = 20.0
END_S = 20.0

SERVER_FOLDER = "server"
"""The folder of the owner's private adb server and its ``server.json``."""

DAEMON_RECORD = "daemon.json"
SOCKET = "adb.sock"
ROOT = "root"
READY = b"lmkd-adbd: ready\n"

ENTER_AND_RUN = 'echo 0 > "$0" && exec "$@"'
"""A shell command that enters the cgroup before it runs the daemon."""


def main() -> int:
    owner, daemon, base = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    signal.signal(signal.SIGTERM, _leave)
    try:
        with ExitStack() as cleanup:
            _keep(owner, daemon, base, cleanup)
    except (LmkdError, OSError) as error:
        with suppress(BrokenPipeError):
            print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _keep(owner: int, daemon: Path, base: Path, cleanup: ExitStack) -> None:
    try:
        remove_leftovers(base)
        folder = _make_device(base, daemon, cleanup)
    except (LmkdError, OSError) as error:
        _report(error=str(error))
    else:
        _report(folder=str(folder))
        _await_owners_end(owner)


def remove_leftovers(base: Path) -> None:
    """Removes the devices in ``base`` whose keepers were killed."""
    for folder in base.glob(f"{PREFIX}*"):
        with ExitStack() as cleanup, suppress(OSError, LmkdError):  # the next keeper tries again
            status = folder.lstat()
            if status.st_uid == os.geteuid() and _lock(folder, cleanup):
                _remove_device(folder)


def _make_device(base: Path, daemon: Path, cleanup: ExitStack) -> Path:
    """Creates the device's folder and cgroup and starts its daemon; returns the folder."""
    folder = _locked_folder(base, cleanup)
    cleanup.callback(_reap_children)
    cleanup.callback(_remove_device, folder)
    cleanup.callback(signal.signal, signal.SIGTERM, signal.SIG_IGN)  # the removal must not be interrupted
    for name in (SERVER_FOLDER, ROOT):
        (folder / name).mkdir(mode=0o700)
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        raise DeviceUnusable(f"{base} is mounted noexec: set TMPDIR to a folder whose programs may run")
    group = LocalGroup(folder.name)
    group.make()
    _start(daemon, folder, group)
    return folder


def _locked_folder(base: Path, cleanup: ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        if _lock(folder, cleanup):
            return folder  # otherwise another keeper took it for a leftover and removes it


def _lock(folder: Path, cleanup: ExitStack) -> bool:
    """Locks ``folder`` if possible. A keeper holds its lock to its end: an unlocked folder is a leftover."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    cleanup.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return folder.exists()


def _start(daemon: Path, folder: Path, group: LocalGroup) -> None:
    root = folder / ROOT
    log_path = folder / "daemon.log"
    words = ["sh", "-c", ENTER_AND_RUN, str(group.entrance), "setpriv", "--pdeathsig", "TERM"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [*words, str(daemon), "--listen", str(folder / SOCKET), "--product", "local"],
            cwd=root,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(root), "TMPDIR": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    with suppress(ProcessLookupError):  # it has ended already, and so will its output
        ProcessRecord.from_pid(process.pid).save(folder / DAEMON_RECORD)
    assert process.stdout is not None
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    if not poll.poll(START_S * 1000):
        raise DeviceUnusable(f"the local device's adb daemon did not start within {START_S:g} s")
    if process.stdout.readline() != READY:
        log_text = log_path.read_text(errors="replace").strip()
        raise DeviceUnusable(f"the local device's adb daemon does not start: {log_text}")


def _await_owners_end(owner: int) -> None:
    """Waits for the owner's end, even if a process forked by the owner keeps our standard input open."""
    try:
        pidfd = os.pidfd_open(owner)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN)
    if os.getppid() == owner:
        poll.poll()
    os.close(pidfd)


def _remove_device(folder: Path) -> None:
    """Ends the processes, the adb server first: the daemon then hangs up on the commands it started."""
    deadline = Deadline(END_S)
    for record in (folder / SERVER_FOLDER / "server.json", folder / DAEMON_RECORD):
        process = ProcessRecord.load(record)
        if process is not None:
            process.stop(deadline)
    group = LocalGroup(folder.name)
    group.end(deadline)
    group.remove(deadline)
    shutil.rmtree(folder)


def _reap_children() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(1)


def _report(**fields: str) -> None:
    with suppress(BrokenPipeError):
        print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    sys.exit(main())
