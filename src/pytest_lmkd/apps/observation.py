"""Makes one observation: starts apps, sends them to the background, brings one to the front, reads deaths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import LMKD_SOCKET_KILL
from lmkd_core.logs.summary import summarise
from lmkd_core.records.observation import ObservedApp
from lmkd_core.records.observation import ObservedDeath
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.device_log import DeviceLog
from pytest_lmkd.apps.kill_watch import KillWatch
from pytest_lmkd.apps.kill_watch import ReportedKills
from pytest_lmkd.apps.plan import AppsPlan
from pytest_lmkd.apps.plan import PlannedApp
from pytest_lmkd.lmkd.client import LmkdKilled
from pytest_lmkd.transport import Transport

READY_S = 120.0
BACKGROUND_S = 30.0
ASK_S = 30.0

LEFT_ADJ = 700
"""AOSP ProcessList.PREVIOUS_APP_ADJ, of the app that the user left last; earlier ones have higher values."""

DEMAND = "demand"


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """The measured part of an ObservationRecord."""

    apps: tuple[ObservedApp, ...]
    demand_package: str
    demand_kb: int
    demand_met: bool
    deaths: tuple[ObservedDeath, ...]
    kills_total: int
    kill_count: int | None
    kills_told: int | None
    cascades: int
    mrelease_failures: dict[str, int]
    apps_started: int
    apps_alive: int
    psi_some_us: int | None
    psi_full_us: int | None


class Observer:
    """Observes one device. ``kill_timeout_ms``: lmkd's own; kills in a row within it are a cascade.

    ``watch_kills`` starts to listen to lmkd, or returns None if lmkd does not answer.
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

    def observe(self, plan: AppsPlan, hold_s: int) -> Observed:
        """Observes one demand. Stops all apps at the end.

        Raises:
            TrialInvalid: an app did not reach the wanted state, with the reason.
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

    def _observe(self, plan: AppsPlan, hold_s: int) -> Observed:
        with ExitStack() as stack:
            watch = self._watch_kills()
            if watch is not None:
                stack.callback(watch.close)
            return self._observe_kills(plan, hold_s, watch)

    def _observe_kills(self, plan: AppsPlan, hold_s: int, watch: KillWatch | None) -> Observed:
        log = DeviceLog(self._transport)
        background = self._fill_background(plan, log)
        psi_before_us = self._psi_us()
        log.mark(DEMAND)
        met, reason = self._demand(plan.demand, log)
        self._transport.shell(f"sleep {hold_s if met else 0}", Deadline(hold_s + ASK_S))
        psi_us = self._psi_us()
        apps_alive = self._count_alive(background)
        infos = b"".join(self._android.exit_info(app.package) for app in (*plan.background, plan.demand))
        events, demand_ms = log.events(infos, DEMAND)
        lmkd_kills = watch.finish() if watch else ReportedKills()
        events += map(_lmkd_event, lmkd_kills.kills or ())
        if not met:
            raise TrialInvalid(f"the demand was not met: {reason}")
        summary = summarise(events, self._kill_timeout_ms)
        pids = {app.pid for app in background}
        return Observed(
            apps=tuple(background),
            demand_package=plan.demand.package,
            demand_kb=plan.demand.size_kb,
            demand_met=met,
            apps_started=len(background),
            apps_alive=apps_alive,
            kill_count=lmkd_kills.count,
            kills_told=None if lmkd_kills.kills is None else len(lmkd_kills.kills),
            psi_some_us=_difference(psi_us, psi_before_us, "some"),
            psi_full_us=_difference(psi_us, psi_before_us, "full"),
            deaths=tuple(_observed_death(death, pids, demand_ms) for death in summary.deaths),
            kills_total=len(summary.kills),
            cascades=sum(len(cascade.kills) - 1 for cascade in summary.cascades),
            mrelease_failures=_mrelease_failures(events),
        )

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

    def _count_alive(self, apps: list[ObservedApp]) -> int:
        tests = "; ".join(f"grep -qa {app.package} /proc/{app.pid}/cmdline && echo 1" for app in apps)
        done = self._transport.shell(f"{{ {tests}; }} 2>/dev/null", Deadline(ASK_S))
        return done.stdout.split().count(b"1")

    def _psi_us(self) -> dict[str, int]:
        """Total memory stall times in µs, ``some`` and ``full``; empty if the shell may not read them."""
        done = self._transport.shell("cat /proc/pressure/memory", Deadline(ASK_S))
        totals_us = {}
        for line in done.stdout_text.splitlines():
            kind, _, total = line.partition(" ")[0], *line.rpartition("total=")[1:]
            if kind in {"some", "full"} and total.isdecimal():
                totals_us[kind] = int(total)
        return totals_us


def _difference(after: dict[str, int], before: dict[str, int], name: str) -> int | None:
    return after[name] - before[name] if name in after and name in before else None


def _lmkd_event(kill: LmkdKilled) -> Event:
    """A log event from lmkd's report, joined by pid, since its clock is monotonic and that of logs is not."""
    return Event({"type": LMKD_SOCKET_KILL, "pid": kill.pid, "uid": kill.uid, "rss_kb": kill.rss_kb})


def _mrelease_failures(events: Sequence[Event]) -> dict[str, int]:
    """The number of failed process_mrelease calls by errno name."""
    errnos = (event.fields.get("errno") for event in events if event.type == "mrelease_failure")
    return dict(Counter(str(errno or "unknown") for errno in errnos))


def _observed_death(death: Death, ours: set[int], demand_ms: int | None) -> ObservedDeath:
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
