"""Runs blocks of kills of real apps by our arms."""

from __future__ import annotations

from collections.abc import Sequence

from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.parts import record_of
from lmkd_core.records.plan import plan_block
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from lmkd_core.scenarios.apps import SUITE
from pytest_lmkd.apps.app_kill import AppKiller
from pytest_lmkd.apps.app_kill import AppKillMeasured
from pytest_lmkd.apps.plan import NO_WORKLOADS
from pytest_lmkd.apps.program import AppsProgram
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.devices.per_attachment import PerAttachment
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import reason_unsupported
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.precision import may_end
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep
from pytest_lmkd.experiment.validity import excluded_by


class AppKillExperiment(Experiment[Stratum, PlannedTrial, TrialRecord]):
    """Kills of one workload app on one device. A kill interrupted by a broken link is repeated."""

    stratum_type = Stratum
    record_type = TrialRecord

    def __init__(self, context: DeviceContext, workloads: Workloads) -> None:
        self._context = context
        self._device = context.device
        self._workloads = workloads
        self._program = PerAttachment(context.device, self._load)
        self._package = ""
        self.rules = context.rules.trials

    def prepare(self, stratum: Stratum) -> str:
        reason = reason_unsupported(SUITE, self._device.facts, confined=False)
        if reason or not self._context.arms:
            return reason or "the device can run none of the arms"
        packages = self._workloads.install()
        if not packages:
            return NO_WORKLOADS
        self._package = packages[0]
        # Only a call shows whether run-as works: the app may have just been installed.
        refusal = "" if self._is_root else self._workloads.android.reason_no_run_as(self._package)
        return f"root is missing, and run-as {self._package} fails: {refusal}" if refusal else ""

    def plan(self, stratum: Stratum, block: int, *, warmup: bool) -> Sequence[PlannedTrial]:
        name, arms, seed = self._device.name, self._context.arms, self.rules.seed
        return plan_block(PlannedTrial, stratum, name, arms, block, seed, warmup=warmup)

    def run(self, stratum: Stratum, trials: Sequence[PlannedTrial], keep: Keep[TrialRecord]) -> None:
        first = trials[0]
        place = Place(suite=stratum.suite, scenario=str(stratum), block=first.block, warmup=first.warmup)
        with state_around(self._device, self._context.store, place):
            for planned in trials:
                keep(self._record(planned))

    def recover(self, lost: TransportLost, keep: Keep[TrialRecord]) -> None:
        self._device.recover(lost)

    def may_end(self, blocks: Sequence[Sequence[TrialRecord]]) -> bool:
        return may_end(blocks, self._context.asked_arms[0], self.rules)

    def close(self) -> None:
        """Deletes the program's copies in the apps' folders."""
        if program := self._program.last:
            program.tidy()

    @property
    def _is_root(self) -> bool:
        return bool(self._device.facts["root"].value)

    def _record(self, planned: PlannedTrial) -> TrialRecord:
        boot_id = self._device.boot_id
        measured: tuple[AppKillMeasured, ...] = ()
        try:
            measured = (self._killer().run(planned, self._context.progress),)
            reason = excluded_by(measured[0].flags, self.rules.suppressed)
        except TrialInvalid as invalid:
            reason = str(invalid)
        if read_boot_id(self._device.transport) != boot_id:
            raise TransportLost(f"{self._device.name} restarted during a trial")
        verdict = {"valid": not reason, "invalid_reason": reason}
        return record_of(TrialRecord, planned, *measured, meter="system", boot_id=boot_id, **verdict)

    def _killer(self) -> AppKiller:
        android, program = self._workloads.android, self._program.get()
        return AppKiller(self._device.transport, android, program, self._package, is_root=self._is_root)

    def _load(self) -> AppsProgram:
        return AppsProgram.load(self._device.transport, self._device.folder, self._context.progress)
