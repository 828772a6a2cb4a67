"""One observation: apps go to the background, one comes to the front, and who dies meanwhile is noted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.joins import LMKD_SOCKET_KILL
from lmkd_core.logs.reading import Event
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.summary import summarise
from lmkd_core.records.wire import ObservedApp
from lmkd_core.records.wire import ObservedDeath
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.device_log import DeviceLog
from pytest_lmkd.apps.kill_watch import KillWatch
from pytest_lmkd.apps.kill_watch import ToldKills
from pytest_lmkd.apps.plan import AppsPlan
from pytest_lmkd.apps.plan import PlannedApp
from pytest_lmkd.lmkd.client import LmkdKilled
from pytest_lmkd.transport import Transport

READY_S = 120.0
BACKGROUND_S = 30.0
ASK_S = 30.0

LEFT_ADJ = 700
"""AOSP ProcessList.PREVIOUS_APP_ADJ: the app that the user left last; those before it have more."""

DEMAND = "demand"


class Observer:
    """Of one device. ``kill_timeout_ms``: lmkd's own, by which kills in a row are told from others.

    ``watch_kills``: begins to listen to lmkd; None where that cannot be.
    """

    def __init__(
        self,
        transport: Transport,
        android: Android,
        kill_timeout_ms: int,
        watch_kills: Callable[[], KillWatch | None],
    ) -> None:
        self._transport = transport
        self._android = android
        self._kill_timeout_ms = kill_timeout_ms
        self._watch_kills = watch_kills

    def observe(self, plan: AppsPlan, hold_s: int) -> dict[str, Any]:
        """The measured fields of an ObservationRecord. Leaves none of the apps running.

        Raises:
            TrialInvalid: an app did not come to where it should be; the reason.
            TransportLost: the link broke.
        """
        apps = (*plan.background, plan.demand)
        for app in apps:
            self._android.force_stop(app.package)
            self._android.clear_exit_info(app.package)
        try:
            return self._observe(plan, hold_s)
        finally:
            for app in apps:
                self._android.force_stop(app.package)

    def _observe(self, plan: AppsPlan, hold_s: int) -> dict[str, Any]:
        with ExitStack() as stack:
            watch = self._watch_kills()
            if watch is not None:
                stack.callback(watch.close)
            return self._observe_kills(plan, hold_s, watch)

    def _observe_kills(self, plan: AppsPlan, hold_s: int, watch: KillWatch | None) -> dict[str, Any]:
        log = DeviceLog(self._transport)
        background = self._fill_background(plan, log)
        psi_before = self._psi()
        log.mark(DEMAND)
        met, why_not = self._demand(plan.demand, log)
        self._transport.shell(f"sleep {hold_s if met else 0}", Deadline(hold_s + ASK_S))
        psi = {name: total - psi_before[name] for name, total in self._psi().items() if name in psi_before}
        alive = self._alive(background)
        infos = b"".join(self._android.exit_info(app.package) for app in (*plan.background, plan.demand))
        events, demand_ms = log.events(infos, DEMAND)
        told = watch.finish() if watch else ToldKills()
        events += map(_told_event, told.kills or ())
        found = summarise(events, self._kill_timeout_ms)
        if not met:
            raise TrialInvalid(f"the demand was not met: {why_not}")
        return {
            "apps": tuple(background),
            "demand_package": plan.demand.package,
            "demand_kb": plan.demand.size_kb,
            "demand_met": met,
            "apps_started": len(background),
            "apps_alive": alive,
            "kill_count": told.count,
            "kills_told": None if told.kills is None else len(told.kills),
            **psi,
            **_told(found, events, {app.pid for app in background}, demand_ms),
        }

    def _fill_background(self, plan: AppsPlan, log: DeviceLog) -> list[ObservedApp]:
        started = []
        for app in plan.background:
            pid = self._android.start(app.component, app.extras)
            if app.size_kb:
                log.await_ready(app.package, pid, READY_S)
            self._android.home()
            self._android.await_background(pid, LEFT_ADJ, BACKGROUND_S)
            started.append((app, pid))
        return [self._in_background(app, pid) for app, pid in started]

    def _in_background(self, app: PlannedApp, pid: int) -> ObservedApp:
        adj = self._android.await_background(pid, LEFT_ADJ, BACKGROUND_S)
        return ObservedApp(package=app.package, pid=pid, oom_score_adj=adj, size_kb=app.size_kb)

    def _demand(self, app: PlannedApp, log: DeviceLog) -> tuple[bool, str]:
        try:
            pid = self._android.start(app.component, app.extras)
            log.await_ready(app.package, pid, READY_S)
        except TrialInvalid as invalid:
            return False, str(invalid)
        return True, ""

    def _alive(self, apps: list[ObservedApp]) -> int:
        tests = "; ".join(f"grep -qa {app.package} /proc/{app.pid}/cmdline && echo 1" for app in apps)
        done = self._transport.shell(f"{{ {tests}; }} 2>/dev/null", Deadline(ASK_S))
        return done.stdout.split().count(b"1")

    def _psi(self) -> dict[str, int]:
        """Total stall times of memory in us by the record's names; none where the shell may not read them."""
        done = self._transport.shell("cat /proc/pressure/memory", Deadline(ASK_S))
        totals = {}
        for line in done.stdout.decode(errors="replace").splitlines():
            kind, _, total = line.partition(" ")[0], *line.rpartition("total=")[1:]
            if kind in {"some", "full"} and total.isdecimal():
                totals[f"psi_{kind}_us"] = int(total)
        return totals


def _told_event(kill: LmkdKilled) -> Event:
    """As a record of a log, to be joined by its pid: its clock is monotonic, and the logs' the calendar."""
    return Event({"type": LMKD_SOCKET_KILL, "pid": kill.pid, "uid": kill.uid, "rss_kb": kill.rss_kb})


def _told(found: Summary, events: list[Any], ours: set[int], demand_ms: int | None) -> dict[str, Any]:
    """What the logs tell, as the record's fields."""
    failures: dict[str, int] = {}
    for event in events:
        if event.type == "mrelease_failure":
            errno = str(event.fields.get("errno") or "unknown")
            failures[errno] = failures.get(errno, 0) + 1
    return {
        "deaths": tuple(_observed(death, ours, demand_ms) for death in found.deaths),
        "kills_total": len(found.kills),
        "cascades": sum(len(cascade.kills) - 1 for cascade in found.cascades),
        "mrelease_failures": failures,
    }


def _observed(death: Death, ours: set[int], demand_ms: int | None) -> ObservedDeath:
    fields: dict[str, Any] = {}
    for record in reversed(death.records):
        fields |= record.fields
    time_ms = death.first.time_ms
    return ObservedDeath(
        pid=death.pid,
        process=death.process,
        killer=death.killer,
        reason=death.reason,
        oom_score_adj=fields.get("oom_score_adj"),
        rss_kb=fields.get("rss_kb"),
        after_ms=None if time_ms is None or demand_ms is None else time_ms - demand_ms,
        sources=death.sources,
        doubts=death.doubts,
        ours=death.pid in ours,
    )
