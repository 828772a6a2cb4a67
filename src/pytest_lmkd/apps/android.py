"""Android's own commands for apps, as the shell has them (AOSP ActivityManagerShellCommand, PackageManager).

Each says what it wanted and what the device answered when it fails; their exit statuses tell little.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TrialInvalid
from pytest_lmkd.transport import Completed
from pytest_lmkd.transport import Transport

COMMAND_S = 60.0
INSTALL_S = 300.0
"""A device that compiles what it installs takes minutes."""

ANSWER_MAX = 300

START_TIME = 22 - 3
"""Field 22 of /proc/PID/stat (proc_pid_stat(5)), counted from the third."""


class Android:
    """The commands on one device."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    def installed(self) -> set[str]:
        """The packages that users installed."""
        lines = self._text("pm list packages -3").splitlines()
        return {line.removeprefix("package:").strip() for line in lines if line.startswith("package:")}

    def install(self, apk: Path, folder: str) -> None:
        """Raises: DeviceUnusable, with the device's reason (no space, no such ABI, a signature)."""
        remote = f"{folder}/{apk.name}"
        self._transport.push(apk, remote, 0o644, Deadline(INSTALL_S))
        done = self._run(f"pm install -r {shlex.quote(remote)}; rm -f {shlex.quote(remote)}", INSTALL_S)
        if "Success" not in _said(done):
            raise DeviceUnusable(f"{self._name} did not install {apk.name}: {_said(done)}")

    def uninstall(self, package: str) -> None:
        self._run(f"pm uninstall {shlex.quote(package)}")

    def start(self, component: str, extras: Mapping[str, int | str]) -> int:
        """Brings the app to the foreground and returns its pid.

        Raises:
            TrialInvalid: Android did not start it, or it died at once.
        """
        words = [
            f"--e{'i' if isinstance(value, int) else 's'} {name} {shlex.quote(str(value))}"
            for name, value in extras.items()
        ]
        done = self._run(f"am start -W -n {shlex.quote(component)} {' '.join(words)}")
        if "Status: ok" not in _said(done):
            raise TrialInvalid(f"{component} did not start: {_said(done)}")
        package = component.partition("/")[0]
        pid = self.pid_of(package)
        if pid is None:
            raise TrialInvalid(f"{component} died as soon as it had started")
        return pid

    def home(self) -> None:
        """The app in the foreground goes to the background."""
        self._run("input keyevent HOME")

    def force_stop(self, package: str) -> None:
        self._run(f"am force-stop {shlex.quote(package)}")

    def clear_exit_info(self, package: str) -> None:
        self._run(f"am clear-exit-info {shlex.quote(package)}")

    def exit_info(self, package: str) -> bytes:
        return self._run(f"dumpsys activity exit-info {shlex.quote(package)}").stdout

    def pid_of(self, package: str) -> int | None:
        words = self._text(f"pidof {shlex.quote(package)}").split()
        return int(words[0]) if words and words[0].isdecimal() else None

    def start_ticks(self, pid: int, package: str) -> int:
        """When the app's process began, in ticks since boot: with its pid, what tells it from all others.

        Raises:
            TrialInvalid: the process is not there, or is another's.
        """
        name = self._text(f"tr '\\0' '\\n' < /proc/{pid}/cmdline | head -n 1").strip()
        if name != package:
            raise TrialInvalid(f"process {pid} is not {package}, but {name[:60] or 'gone'}")
        stat = self._text(f"cat /proc/{pid}/stat")
        fields = stat.rpartition(")")[2].split()  # from the third on; the second may hold anything
        if len(fields) <= START_TIME or not fields[START_TIME].isdecimal():
            raise TrialInvalid(f"process {pid}, {package}, died")
        return int(fields[START_TIME])

    def why_not_run_as(self, package: str) -> str:
        """Why nothing can be run in the app's own uid; empty when it can."""
        done = self._run(f"run-as {shlex.quote(package)} id -u")
        uid = done.stdout.decode(errors="replace").strip()
        return "" if done.exit_code == 0 and uid.isdecimal() else _said(done) or "run-as says nothing"

    def await_background(self, pid: int, least_adj: int, seconds: float) -> int:
        """Returns the process's oom_score_adj once it is ``least_adj`` or more.

        Raises:
            TrialInvalid: it died first, or is more important still after ``seconds``.
        """
        path = f"/proc/{pid}/oom_score_adj"
        loop = f"while a=$(cat {path}) && [ $a -lt {least_adj} ]; do sleep 0.1; done; echo $a"
        done = self._run(f"timeout {seconds:g} sh -c '{loop}' 2>/dev/null")
        text = done.stdout.decode(errors="replace").strip()
        if not text.removeprefix("-").isdecimal():
            raise TrialInvalid(f"process {pid} died, or did not go to the background within {seconds:g} s")
        return int(text)

    def _text(self, command: str) -> str:
        return self._run(command).stdout.decode(errors="replace")

    def _run(self, command: str, seconds: float = COMMAND_S) -> Completed:
        return self._transport.shell(command, Deadline(seconds))


def _said(done: Completed) -> str:
    return " ".join((done.stdout + done.stderr).decode(errors="replace").split())[:ANSWER_MAX]
