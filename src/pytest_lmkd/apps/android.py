"""Android's shell commands for apps (AOSP ActivityManagerShellCommand, PackageManager).

Errors quote the device's answer, since the commands' exit statuses reveal little.
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
"""A device that compiles an app during installation takes minutes."""

ANSWER_MAX_CHARACTERS = 300

START_TIME = 22 - 3
"""Field 22 of /proc/PID/stat (proc_pid_stat(5)), counted from the third."""


class Android:
    """Android's commands on one device."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    def installed(self) -> set[str]:
        """The packages that were not part of the system image."""
        lines = self._text("pm list packages -3").splitlines()
        return {line.removeprefix("package:").strip() for line in lines if line.startswith("package:")}

    def install(self, apk: Path, folder: str) -> None:
        """Installs ``apk``. Raises: DeviceUnusable, with the device's reason (storage, ABI, signature)."""
        remote = f"{folder}/{apk.name}"
        self._transport.push(apk, remote, 0o644, Deadline(INSTALL_S))
        done = self._run(f"pm install -r {shlex.quote(remote)}; rm -f {shlex.quote(remote)}", INSTALL_S)
        if "Success" not in _answer_text(done):
            raise DeviceUnusable(f"{self._name} refused to install {apk.name}: {_answer_text(done)}")

    def uninstall(self, package: str) -> None:
        self._run(f"pm uninstall {shlex.quote(package)}")

    def start(self, component: str, extras: Mapping[str, int | str]) -> int:
        """Brings the app to the foreground and returns its pid.

        Raises:
            TrialInvalid: Android did not start the app, or the app died at once.
        """
        words = [
            f"--e{'i' if isinstance(value, int) else 's'} {name} {shlex.quote(str(value))}"
            for name, value in extras.items()
        ]
        done = self._run(f"am start -W -n {shlex.quote(component)} {' '.join(words)}")
        if "Status: ok" not in _answer_text(done):
            raise TrialInvalid(f"{component} did not start: {_answer_text(done)}")
        package = component.partition("/")[0]
        pid = self.pid_of(package)
        if pid is None:
            raise TrialInvalid(f"{component} died right after its start")
        return pid

    def home(self) -> None:
        """Sends the foreground app to the background."""
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
        """The start time of the app's process in ticks since boot, which with the pid identifies the process.

        Raises:
            TrialInvalid: the process has ended, or belongs to another app.
        """
        name = self._text(f"tr '\\0' '\\n' < /proc/{pid}/cmdline | head -n 1").strip()
        if name != package:
            raise TrialInvalid(f"process {pid} is not {package}, but {name[:60] or 'has ended'}")
        stat = self._text(f"cat /proc/{pid}/stat")
        fields = stat.rpartition(")")[2].split()  # from the third on; the second may contain any characters
        if len(fields) <= START_TIME or not fields[START_TIME].isdecimal():
            raise TrialInvalid(f"process {pid}, {package}, died")
        return int(fields[START_TIME])

    def reason_no_run_as(self, package: str) -> str:
        """The reason why no command can run in the app's own uid; empty if one can."""
        done = self._run(f"run-as {shlex.quote(package)} id -u")
        if done.exit_code == 0 and done.stdout_text.strip().isdecimal():
            return ""
        return _answer_text(done) or "run-as gives no reason"

    def await_background(self, pid: int, least_adj: int, seconds: float) -> int:
        """Returns the process's oom_score_adj once it is ``least_adj`` or more.

        Raises:
            TrialInvalid: the process died first, or is still more important after ``seconds``.
        """
        path = f"/proc/{pid}/oom_score_adj"
        loop = f"while a=$(cat {path}) && [ $a -lt {least_adj} ]; do sleep 0.1; done; echo $a"
        done = self._run(f"timeout {seconds:g} sh -c '{loop}' 2>/dev/null")
        text = done.stdout_text.strip()
        if not text.removeprefix("-").isdecimal():
            raise TrialInvalid(f"process {pid} died, or did not go to the background within {seconds:g} s")
        return int(text)

    def _text(self, command: str) -> str:
        return self._run(command).stdout_text

    def _run(self, command: str, seconds: float = COMMAND_S) -> Completed:
        return self._transport.shell(command, Deadline(seconds))


def _answer_text(done: Completed) -> str:
    """The command's output on one line, for error messages."""
    return " ".join((done.stdout + done.stderr).decode(errors="replace").split())[:ANSWER_MAX_CHARACTERS]
