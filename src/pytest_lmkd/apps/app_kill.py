"""Measures one kill of a real app by an arm: starts the app, sends it to the background and kills it.

With root we kill it ourselves, otherwise ``run-as`` does so in the app's own uid. The device's free memory
shows how the app's memory comes back (``system_meter``).
"""

from __future__ import annotations

import msgspec

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.summary import summarise
from lmkd_core.records.arms import agent_arm
from lmkd_core.records.parts import record_of
from lmkd_core.records.stratum import NS_PER_MS
from lmkd_core.records.trial import KilledAs
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.device_log import DeviceLog
from pytest_lmkd.apps.observation import BACKGROUND_S
from pytest_lmkd.apps.observation import LEFT_ADJ
from pytest_lmkd.apps.observation import READY_S
from pytest_lmkd.apps.plan import ACTIVITY
from pytest_lmkd.apps.program import AppKill
from pytest_lmkd.apps.program import AppsProgram
from pytest_lmkd.apps.program import Target
from pytest_lmkd.apps.program import Watch
from pytest_lmkd.apps.system_meter import Returned
from pytest_lmkd.apps.system_meter import app_memory
from pytest_lmkd.apps.system_meter import returned
from pytest_lmkd.devices.messages import KillTimes
from pytest_lmkd.experiment.validity import MAX_CLOCK_STEP_NS
from pytest_lmkd.experiment.validity import check_arm
from pytest_lmkd.transport import Transport

IDLE_MS = 500
"""Length of the idle window before the kill, in which the movement of free memory is measured."""

MRELEASE = "process_mrelease"

OUR_KILLERS = {"signal", "unknown"}
"""Killers that logs may report for our SIGKILL (lmkd_core.logs.deaths): logs lack a signal's sender."""


class AppKillMeasured(KillTimes, frozen=True, kw_only=True):
    """The measured part of an app's TrialRecord; its meter is free memory."""

    meter: Meter = "system"
    noise_kb: int
    returns_from: str
    killed_as: KilledAs = ""
    syscall_ns: int | None
    flags: tuple[str, ...]


class AppKiller:
    """Kills one workload app on one device. ``is_root``: run the arms ourselves, not by ``run-as``."""

    def __init__(
        self, transport: Transport, android: Android, program: AppsProgram, package: str, *, is_root: bool
    ) -> None:
        self._transport = transport
        self._android = android
        self._program = program
        self._package = package
        self._run_as = None if is_root else package

    def run(self, planned: PlannedTrial, progress: Progress) -> AppKillMeasured:
        """Measures one kill. Leaves the app stopped.

        Raises:
            TrialInvalid: the app was not killed, something else killed it, or free memory is inconclusive.
            DeviceUnusable: the device cannot run the program.
            TransportLost: the link broke.
        """
        self._android.force_stop(self._package)
        self._android.clear_exit_info(self._package)
        try:
            log = DeviceLog(self._transport)
            target = self._in_background(planned, log)
            kill, watch = self._kill(planned, target, progress)
            self._check_death(log, kill)
        finally:
            self._android.force_stop(self._package)
        killed_as: KilledAs = "run-as" if self._run_as else "root"
        return msgspec.structs.replace(measurement(planned, kill, watch), killed_as=killed_as)

    def _in_background(self, planned: PlannedTrial, log: DeviceLog) -> Target:
        extras: dict[str, int | str] = {
            "size_kb": planned.victim_kb,
            "threads": planned.threads,
            "shape": planned.shape,
        }
        pid = self._android.start(f"{self._package}/{ACTIVITY}", extras)
        target = Target(pid, self._android.start_ticks(pid, self._package))
        log.await_ready(self._package, pid, READY_S)
        self._android.home()
        self._android.await_background(pid, LEFT_ADJ, BACKGROUND_S)
        return target

    def _kill(self, planned: PlannedTrial, target: Target, progress: Progress) -> tuple[AppKill, Watch]:
        timeout_ms = planned.timeout_ns // NS_PER_MS
        self._program.prepare(self._run_as, progress)
        with self._program.watch(IDLE_MS) as watch:
            kill = self._program.kill(target, agent_arm(planned.arm), timeout_ms, self._run_as)
            return kill, watch.end(timeout_ms)

    def _check_death(self, log: DeviceLog, kill: AppKill) -> None:
        """Raises: TrialInvalid: Android started the app again, or something else killed a process."""
        pid = self._android.pid_of(self._package)
        if pid is not None and pid != kill.pid:
            raise TrialInvalid(f"Android started {self._package} again during the trial, as process {pid}")
        events, _ = log.events(self._android.exit_info(self._package), "")
        check_deaths(summarise(events).deaths, kill.pid)


def check_deaths(deaths: tuple[Death, ...], pid: int) -> None:
    """Raises: TrialInvalid: by the logs, something else killed the app, or lmkd killed another process."""
    for death in deaths:
        if death.pid == pid and death.killer not in OUR_KILLERS:
            raise TrialInvalid(f"something else killed the app: {death.killer}, {death.reason}")
        if death.pid != pid and death.killer in {"lmkd", "kernel-oom"}:
            raise TrialInvalid(
                f"{death.killer} also killed {death.process or death.pid}, whose memory came back as well"
            )


def measurement(planned: PlannedTrial, kill: AppKill, watch: Watch) -> AppKillMeasured:
    """Combines a kill with the watch of free memory around it.

    Raises:
        TrialInvalid: the arm failed, or free memory is too noisy.
    """
    releases = [call for call in kill.calls if call.name == MRELEASE]
    mrelease = releases[-1] if releases else None
    errno = mrelease.errno if mrelease else ""
    check_arm(planned.arm, errno)
    memory = app_memory(kill)
    course = returned(watch.samples, kill, memory.size_kb, planned.timeout_ns)
    decisive = mrelease or (kill.calls[0] if kill.calls else None)
    return record_of(
        AppKillMeasured,
        course,
        kill,
        returns_kb=memory.size_kb,
        returns_from=memory.source,
        mrelease_errno=errno,
        kill_to_mrelease_ns=mrelease.start_ns if mrelease else None,
        syscall_ns=decisive.took_ns if decisive else None,
        clock_resolution_ns=watch.clock_resolution_ns,
        flags=_flags(planned, watch, course),
    )


def _flags(planned: PlannedTrial, watch: Watch, course: Returned) -> tuple[str, ...]:
    failed = {
        "clock-step": watch.clock_resolution_ns > MAX_CLOCK_STEP_NS,
        "coarse-sampling": course.gap_max_ns * 10 > (course.reclaim_90_ns or planned.timeout_ns),
    }
    return tuple(name for name, has_failed in failed.items() if has_failed)
