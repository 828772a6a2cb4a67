"""An adb server of our own on a Unix socket, for devices whose root shell must stay private.

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
"""Time to stop a server that did not start in time, as the caller's deadline has expired by then."""


class PrivateAdbServer(AdbServer):
    """An adb server with its files in ``folder``, which is created with mode 0700.

    The server runs until any process calls ``stop``: the folder holds its pid. Two processes may use the
    same folder; the first to call ``require`` starts the server.

    Raises:
        UsageProblem: the folder's path is too long for a socket, or other users may enter the folder.
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
        """The running server's process ID, else None."""
        record = ProcessRecord.load(self._record_path)
        return record.pid if record is not None and record.is_running() else None

    def require(self, deadline: Deadline) -> None:
        with self._locked(deadline):
            if self.pid is None or not self._is_reachable(deadline):
                self._end(deadline)
                self._launch(deadline)
        self._check_version(deadline)

    def stop(self, deadline: Deadline) -> None:
        """Stops the server, whichever process started it; does nothing if none runs."""
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
        ready_reader, ready_writer = os.pipe()
        try:
            self._child = self._spawn(ready_writer)
        finally:
            os.close(ready_writer)
        try:
            with suppress(ProcessLookupError):  # it has ended already, and so will the pipe
                ProcessRecord.from_pid(self._child.pid).save(self._record_path)
            self._await_ready(ready_reader, deadline)
        except BaseException:
            self._child.kill()
            self._end(Deadline(_TIDY_UP_S))
            raise
        finally:
            os.close(ready_reader)

    def _spawn(self, ready_writer: int) -> subprocess.Popen[bytes]:
        # The command that `adb start-server` runs, but as our own child, so that we know its pid. The server
        # writes to `ready_writer` once it is ready.
        command = [shipped_adb_program(), "-L", f"localfilesystem:{self._socket_path}"]
        command += ["fork-server", "server", "--reply-fd", str(ready_writer)]
        return subprocess.Popen(
            command,
            env=self._environment(),
            cwd=self.folder,
            pass_fds=[ready_writer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"  # adb creates its keys here, apart from the user's own
        home.mkdir(mode=0o700, exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "ANDROID_ADB_LOG_PATH": str(self._log_path),
            "ADB_USB": "0",
            "ADB_EMU": "0",
            "ADB_MDNS": "0",
        }

    def _await_ready(self, ready_reader: int, deadline: Deadline) -> None:
        poll = select.poll()
        poll.register(ready_reader, select.POLLIN)
        if not poll.poll(deadline.remaining_s() * 1000):
            raise DeadlineExceeded(f"the private adb server did not start within {deadline.seconds:g} s")
        if os.read(ready_reader, 16) != b"OK\n":
            raise DeviceUnusable(f"the private adb server ended at once: see {self._log_path} for the reason")


def shipped_adb_program() -> str:
    """The adb that adbutils ships, since its options are known to work; else the one on PATH."""
    shipped = importlib.resources.files("adbutils.binaries") / "adb"
    return str(shipped) if shipped.is_file() else adb_program()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise UsageProblem(
            f"other users may enter {folder}, whose socket gives a root shell: "
            f"run `chmod 700 {folder}`, or use another folder"
        )
