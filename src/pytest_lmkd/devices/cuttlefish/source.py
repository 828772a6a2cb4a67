"""A Cuttlefish instance as a device source: uses the running instance, or starts and stops its own."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.progress import Progress
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.adb_root import AdbRoot
from pytest_lmkd.devices.cuttlefish.host import Host
from pytest_lmkd.devices.cuttlefish.launcher import Command
from pytest_lmkd.devices.cuttlefish.launcher import Launcher
from pytest_lmkd.devices.cuttlefish.launcher import find_launcher
from pytest_lmkd.devices.cuttlefish.run import Ended
from pytest_lmkd.devices.cuttlefish.run import run
from pytest_lmkd.devices.cuttlefish.settings import Settings
from pytest_lmkd.devices.host_facts import file_fact
from pytest_lmkd.devices.host_facts import host_facts
from pytest_lmkd.devices.readiness import await_started
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport import Transport

SERVER_S = 30.0
ANSWER_S = 5.0
STOP_S = 60.0

RESET_HINT = "if that fails, `cvd reset` ends all of your Cuttlefish devices"


class CuttlefishSource:
    """Instance ``number``, counted from 1. ``detach`` stops it only if ``attach`` started it."""

    folder = ANDROID_FOLDER
    runs_here = True
    is_shareable = False

    def __init__(self, number: int, settings: Settings, host: Host | None = None) -> None:
        self.name = f"cuttlefish-{number}"
        self.spec = f"cuttlefish:{number}"
        self._number = number
        self._settings = settings
        self._host = host or Host()
        self._port = check_port(settings.adb_base_port + number - 1)
        self._server = AdbServer()
        self._transport: AdbTransport | None = None
        self._root: AdbRoot | None = None
        self._launcher: Launcher | None = None
        self._logs_kept = False
        self._images: Mapping[str, Fact] = {}
        self._progress: Progress = print

    @property
    def is_ours(self) -> bool:
        """Whether we started the instance, so that no one else uses it."""
        return self._launcher is not None

    def attach(self, progress: Progress) -> Transport:
        self._progress = progress
        self._require_server()
        deadline = Deadline(self._settings.boot_timeout_s)
        self._require_instance(deadline)
        try:
            self._transport = self._connect(deadline)
            await_started(self._transport, deadline)
            self._root = self._root or AdbRoot(self._server, self._transport, progress)
            self._root.gain()
        except DeadlineExceeded as error:
            raise DeviceUnusable(
                f"{self.name} did not boot Android within {deadline.seconds:g} s ({error}): set a longer "
                f"boot_timeout_s=, or see its logs{self._keep_logs()}"
            ) from error
        return self._transport

    def host_facts(self) -> Mapping[str, Fact]:
        return {**self._images, **host_facts()}

    @property
    def usual_boots(self) -> int:
        return 1

    def reason_no_restart(self) -> str:
        if self.is_ours or not self._answers():
            return ""
        return (
            "it is already running, and a run restarts only instances that it started; stop it (`cvd stop`), "
            f"or name it by its serial, {self._address}, with --lmkd-reboot"
        )

    def restart(self, progress: Progress) -> None:
        reason = self.reason_no_restart()
        if reason or self._launcher is None:
            raise DeviceUnusable(f"{self.name} cannot be restarted: {reason or 'it is not attached'}")
        deadline = Deadline(self._settings.boot_timeout_s)
        ended = self._run(self._launcher.restart(), deadline, "restart")
        if ended.exit_code != 0:
            raise self._failure("restart", ended)

    def detach(self) -> None:
        if self._transport is not None:
            self._transport.close()
        try:
            if self._launcher is not None:
                self._stop(self._launcher)
            self._leave()
        finally:
            self._launcher = self._transport = self._root = None
            self._server.stop(Deadline(SERVER_S))

    def _leave(self) -> None:
        """Undoes ``adb connect`` or ``adb root``. On failure, adb lists a stopped device as offline."""
        with suppress(LmkdError):
            if self._launcher is not None:
                self._server.disconnect(self._address, Deadline(SERVER_S))
            elif self._root is not None:
                self._root.give_back()

    @property
    def _address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _require_server(self) -> None:
        if not self._server.endpoint.is_on_this_machine:
            raise DeviceUnusable(
                f"{self.name} is on this machine, but the adb server {self._server.endpoint} is not: unset "
                "ADB_SERVER_SOCKET and ANDROID_ADB_SERVER_ADDRESS, or use HOST:PORT/SERIAL"
            )
        self._server.require(Deadline(SERVER_S))

    def _require_instance(self, deadline: Deadline) -> None:
        if not self._answers():
            if self.is_ours:
                raise DeviceUnusable(f"{self.name} died, and its current work is lost: run again")
            self._start(deadline)
        elif not self.is_ours and self._settings.start_only_keys:
            raise DeviceUnusable(
                f"{self.name} is already running, so {', '.join(self._settings.start_only_keys)} would have "
                "no effect: stop it (`cvd stop`), or leave these settings out"
            )

    def _answers(self) -> bool:
        """Whether the instance's adb port accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_S).close()
        except OSError:
            return False
        return True

    def _start(self, deadline: Deadline) -> None:
        reason = reason_no_cuttlefish(self._settings, self._host)
        if reason:
            raise DeviceUnusable(f"{self.name} cannot be started: {reason}")
        launcher = find_launcher(self._number, self._settings)
        self._images = _image_facts(self._settings)
        command = launcher.start(self._settings)
        self._progress(f"starting {self.name}: {command}")
        self._launcher = launcher
        ended = self._run(command, deadline, "start")
        if ended.exit_code != 0:
            failure = self._failure("start", ended)
            if launcher.ends_failed_starts:
                self._launcher = None
            raise failure

    def _run(self, command: Command, deadline: Deadline, action: str) -> Ended:
        """Runs a command of the launcher that returns once Android has booted."""
        try:
            return run(command, deadline, lambda line: self._progress(f"{self.name}: {line}"))
        except DeadlineExceeded as error:
            raise DeviceUnusable(
                f"{self.name} did not {action}; set a longer boot_timeout_s= for its launcher: {error}"
                f"{self._keep_logs()}"
            ) from error

    def _failure(self, action: str, ended: Ended) -> DeviceUnusable:
        return DeviceUnusable(
            f"{self.name} did not {action}, its launcher ended with {ended.exit_code}:\n"
            f"{ended.stderr_text}{self._keep_logs()}"
        )

    def _keep_logs(self) -> str:
        """Keeps our instance's logs; returns a line on how to delete them, empty if it is not ours."""
        self._logs_kept = True
        return f"\nTo delete its logs, run `{self._launcher.delete()}`." if self._launcher else ""

    def _connect(self, deadline: Deadline) -> AdbTransport:
        state = dict(self._server.list_devices(deadline)).get(self._address, "device")
        if state != "device":  # a broken link; a working one may be in use elsewhere
            self._server.disconnect(self._address, deadline)
        return self._server.connect(self._address, deadline)

    def _stop(self, launcher: Launcher) -> None:
        problem = _problem(launcher.stop())
        if problem:
            self._progress(
                f"{self.name} could not be stopped and may still run ({problem}): run "
                f"`{launcher.stop()}`; {RESET_HINT}"
            )
        elif not self._logs_kept:
            self._delete(launcher.delete())

    def _delete(self, command: Command) -> None:
        problem = _problem(command)
        if problem:
            self._progress(f"{self.name} is stopped, but its files remain ({problem}): run `{command}`")


def reason_no_cuttlefish(settings: Settings, host: Host | None = None) -> str:
    """The reason why no instance can start here, with the remedy; empty if one can."""
    try:
        find_launcher(1, settings)
    except DeviceUnusable as error:
        return str(error)
    return (host or Host()).reason_unusable(settings)


def parse_instance(text: str, settings: Settings) -> CuttlefishSource:
    """The source for ``cuttlefish:TEXT``. Raises: UsageProblem."""
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise UsageProblem(f"cuttlefish:{text} is not an instance: use a number from 1")
    return CuttlefishSource(int(text), settings)


def check_port(port: int) -> int:
    """``port`` itself. Raises: UsageProblem: it is above 65535."""
    if port > 65535:
        raise UsageProblem(f"Cuttlefish's adb port would be {port}: use a smaller instance number")
    return port


def _image_facts(settings: Settings) -> dict[str, Fact]:
    """The digests of the kernel and the initramfs that are given to the launcher, before it reads them."""
    files = {"kernel": settings.kernel, "initramfs": settings.initramfs}
    names = {"kernel": "kernel_image_sha256", "initramfs": "initramfs_sha256"}
    return {names[key]: file_fact(path, f"{key}=") for key, path in files.items() if path is not None}


def _problem(command: Command) -> str:
    """Runs ``command``; returns the reason of its failure in one line, empty on success."""
    try:
        ended = run(command, Deadline(STOP_S), lambda _: None)
    except LmkdError as error:
        return str(error).replace("\n", " ")
    last = ended.stderr_text.rpartition("\n")[2]
    return "" if ended.exit_code == 0 else last or f"it ended with {ended.exit_code}"
