"""An adb server of our own on a Unix socket, for devices whose root shell nobody else may reach.

It claims no USB phones, looks for no emulators and listens on no TCP port.
"""

from __future__ import annotations

import importlib.resources
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

from filelock import FileLock
from filelock import Timeout

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.process import ProcessRecord
from pytest_lmkd.transport.endpoint import UnixEndpoint
from pytest_lmkd.transport.endpoint import check_unix_path
from pytest_lmkd.transport.server import AdbServer
from pytest_lmkd.transport.server import adb_program

_TIDY_UP_S = 10.0
"""For the end of a server that did not start in time, when the caller's own time is over."""


class PrivateAdbServer(AdbServer):
    """The server that lives in ``folder``, which is made with mode 0700.

    The process outlives us until ``stop``, whoever calls it: its pid is kept in the folder. Two processes
    may use the same folder; the first to ``require`` the server starts it.

    Raises:
        UsageProblem: the folder's path is too long for a socket, or others may enter it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._socket_path = check_unix_path(self.folder / "server.sock")
        super().__init__(UnixEndpoint(self._socket_path))
        _make_private(self.folder)
        self._record_path = self.folder / "server.json"
        self._log_path = self.folder / "server.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running server's process, else None."""
        record = ProcessRecord.load(self._record_path)
        return record.pid if record is not None and record.is_running() else None

    def require(self, deadline: Deadline) -> None:
        with self._locked(deadline):
            if self.pid is None or not self._is_reachable(deadline):
                self._end(deadline)
                self._launch(deadline)
        self._check_version(deadline)

    def stop(self, deadline: Deadline) -> None:
        """End the server, whoever started it; nothing when none runs."""
        with self._locked(deadline):
            self._end(deadline)

    def _end(self, deadline: Deadline) -> None:
        record = ProcessRecord.load(self._record_path)
        if record is not None:
            record.stop(deadline)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._record_path.unlink(missing_ok=True)
        self._socket_path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, deadline: Deadline) -> Iterator[None]:
        try:
            with FileLock(self.folder / "server.lock", timeout=deadline.remaining_s()):
                yield
        except Timeout as error:
            raise DeadlineExceeded(
                f"another process held {error.lock_file} for {deadline.seconds:g} s: wait for it or end it"
            ) from error

    def _launch(self, deadline: Deadline) -> None:
        ready, told = os.pipe()
        try:
            self._child = self._spawn(told)
        finally:
            os.close(told)
        try:
            with suppress(ProcessLookupError):  # it ended at once: so will `ready`
                ProcessRecord.from_pid(self._child.pid).save(self._record_path)
            self._await_ready(ready, deadline)
        except BaseException:
            self._child.kill()
            self._end(Deadline(_TIDY_UP_S))
            raise
        finally:
            os.close(ready)

    def _spawn(self, told: int) -> subprocess.Popen[bytes]:
        # What `adb start-server` runs, but as our own child: the pid is known, and it tells when it is
        # ready by writing to `told`.
        command = [shipped_adb_program(), "-L", f"localfilesystem:{self._socket_path}"]
        command += ["fork-server", "server", "--reply-fd", str(told)]
        return subprocess.Popen(
            command,
            env=self._environment(),
            cwd=self.folder,
            pass_fds=[told],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"  # adb makes its keys there, apart from the user's own
        home.mkdir(mode=0o700, exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "ANDROID_ADB_LOG_PATH": str(self._log_path),
            "ADB_USB": "0",
            "ADB_EMU": "0",
            "ADB_MDNS": "0",
        }

    def _await_ready(self, ready: int, deadline: Deadline) -> None:
        poll = select.poll()
        poll.register(ready, select.POLLIN)
        if not poll.poll(deadline.remaining_s() * 1000):
            raise DeadlineExceeded(f"the private adb server did not start within {deadline.seconds:g} s")
        if os.read(ready, 16) != b"OK\n":
            raise DeviceUnusable(f"the private adb server ended at once: see {self._log_path} for why")


def shipped_adb_program() -> str:
    """The adb that adbutils ships, whose options are known to work; else the one on PATH."""
    shipped = importlib.resources.files("adbutils.binaries") / "adb"
    return str(shipped) if shipped.is_file() else adb_program()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise UsageProblem(
            f"others may enter {folder}, and whoever reaches the socket in it gets a root shell: "
            f"run `chmod 700 {folder}`, or use another folder"
        )
