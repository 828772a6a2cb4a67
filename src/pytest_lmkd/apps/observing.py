"""Runs blocks of observations of a device's own lmkd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.parts import record_of
from lmkd_core.records.plan import derived_seed
from lmkd_core.records.schema import Regime
from lmkd_core.scenarios.apps import ARM
from lmkd_core.scenarios.apps import SUITE
from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.kill_watch import KillWatch
from pytest_lmkd.apps.observation import Observed
from pytest_lmkd.apps.observation import Observer
from pytest_lmkd.apps.plan import plan_apps
from pytest_lmkd.apps.plan import reason_too_few
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import reason_unsupported
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep

KILL_TIMEOUT_MS = 100
"""AOSP's default of ro.lmk.kill_timeout_ms."""


class PlannedObservation(msgspec.Struct, frozen=True, kw_only=True):
    """The only observation of a block. It is not in plan.jsonl."""

    device: str
    suite: str
    scenario: str
    regime: Regime = "natural"
    arm: str = ARM
    block: int
    order: int = 0
    seed: int

    @property
    def identity(self) -> tuple[str | int, ...]:
        return (self.suite, self.scenario, False, self.block, self.arm)


class ObservationExperiment(Experiment[AppsScenario, PlannedObservation, ObservationRecord]):
    """Observations on one device. ``named``: the user's apps, used in place of workload apps."""

    stratum_type = AppsScenario
    record_type = ObservationRecord

    def __init__(self, context: DeviceContext, workloads: Workloads, named: Sequence[str]) -> None:
        self._context = context
        self._device = context.device
        self._workloads = workloads
        self._named = tuple(named)
        self._lmkd_refuses = False
        self.rules = replace(context.rules.episodes, warmup_blocks=0)

    def prepare(self, stratum: AppsScenario) -> str:
        reason = reason_unsupported(SUITE, self._device.facts, confined=False)
        if reason:
            return reason
        self._workloads.install()
        return reason_too_few(stratum, list(self._android().installed()), self._named)

    def plan(self, stratum: AppsScenario, block: int, *, warmup: bool) -> Sequence[PlannedObservation]:
        device, suite = self._device.name, stratum.suite
        seed = derived_seed(self.rules.seed, device, suite, str(stratum), block)
        planned = PlannedObservation(
            device=device, suite=suite, scenario=stratum.scenario, block=block, seed=seed
        )
        return [planned]

    def run(
        self, stratum: AppsScenario, trials: Sequence[PlannedObservation], keep: Keep[ObservationRecord]
    ) -> None:
        for planned in trials:
            keep(self._record(stratum, planned))

    def recover(self, lost: TransportLost, keep: Keep[ObservationRecord]) -> None:
        self._device.recover(lost)

    def close(self) -> None:
        """Uninstalls the workload apps that were installed for the run."""
        self._workloads.close()

    def _record(self, scenario: AppsScenario, planned: PlannedObservation) -> ObservationRecord:
        boot_id = self._device.boot_id
        measured: tuple[Observed, ...] = ()
        reason = ""
        try:
            measured = (self._observe(scenario, planned),)
        except TrialInvalid as invalid:
            reason = str(invalid)
        if read_boot_id(self._device.transport) != boot_id:
            raise TransportLost(f"{self._device.name} restarted in the middle of an observation")
        verdict = {"valid": not reason, "invalid_reason": reason}
        return record_of(ObservationRecord, planned, *measured, boot_id=boot_id, **verdict)

    def _observe(self, scenario: AppsScenario, planned: PlannedObservation) -> Observed:
        device, android = self._device, self._android()
        installed = sorted(android.installed())
        if reason := reason_too_few(scenario, installed, self._named):
            raise TrialInvalid(reason)
        plan = plan_apps(scenario, installed, self._named, device.mem_total_kb, planned.seed)
        observer = Observer(device.transport, android, self._kill_timeout_ms(), self._watch_kills)
        with state_around(device, self._context.store, record_of(Place, planned)):
            return observer.observe(plan, scenario.hold_s)

    def _android(self) -> Android:
        return Android(self._device.transport, self._device.name)

    def _kill_timeout_ms(self) -> int:
        fact = self._device.facts.get("lmkd_kill_timeout_ms")
        return fact.value if fact is not None and isinstance(fact.value, int) else KILL_TIMEOUT_MS

    def _watch_kills(self) -> KillWatch | None:
        """A new watch; None, with one message per run, if lmkd refuses: mostly, its socket needs root."""
        if self._lmkd_refuses:
            return None
        device, progress = self._device, self._context.progress
        try:
            return KillWatch(device.transport, device.folder, progress)
        except DeviceUnusable as unusable:
            progress(f"{device.name}: lmkd's own reports of its kills are missing: {unusable}")
            self._lmkd_refuses = True
            return None
