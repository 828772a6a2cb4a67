"""Runs blocks of single kills on a device, by the agent, which measures whole trials on its own.

The agent keeps a copy of its answers on the device. After a broken link the copy is fetched, and only the
trials that it lacks run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.records.arms import once
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from lmkd_core.scenarios.reclaim import arms_in
from lmkd_core.scenarios.reclaim import excluded_arms
from pytest_lmkd.devices.agent import TrialAnswer
from pytest_lmkd.devices.meters import meter_of
from pytest_lmkd.devices.meters import reason_not_measured
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.precision import may_end
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep
from pytest_lmkd.experiment.suite import Plan
from pytest_lmkd.reclaim.record import trial_record

PLAN = Plan(Stratum, PlannedTrial, takes="trials")


class ReclaimSuite:
    """Single kills of victims that the agent starts."""

    plans = (PLAN,)

    def open(self, context: DeviceContext) -> Mapping[str, ReclaimExperiment]:
        return {"reclaim": ReclaimExperiment(context)}


class ReclaimExperiment(Experiment[Stratum, PlannedTrial, TrialRecord]):
    """Single kills on one device. All trials of a run use the same meter."""

    stratum_type = Stratum
    record_type = TrialRecord

    def __init__(self, context: DeviceContext) -> None:
        self._context = context
        self._device = context.device
        self.rules = context.rules.trials
        self._meter: Meter = meter_of(self._device.facts) or "cgroup"
        self._used_meters = {
            (record.suite, record.meter) for record in context.store.records(self._device.name, TrialRecord)
        }
        self._last_id = 0
        self._running: dict[int, PlannedTrial] = {}
        self._running_boot_id = ""

    def prepare(self, stratum: Stratum) -> str:
        reason = self._why_not(stratum)
        excluded = {} if reason else excluded_arms(stratum.scenario)
        for arm in self._context.arms:
            if once(arm) in excluded:
                name = f"{arm} in {stratum.scenario}"
                self._context.note_skip("arm", name, excluded[once(arm)], stratum.suite)
        return reason

    def plan(self, stratum: Stratum, block: int, *, warmup: bool) -> Sequence[PlannedTrial]:
        arms = arms_in(stratum, self._context.arms)
        return PLAN.block(stratum, self._device.name, arms, block, self.rules, warmup=warmup)

    def run(self, stratum: Stratum, trials: Sequence[PlannedTrial], keep: Keep[TrialRecord]) -> None:
        self._check_meter()
        self._running = {self._new_id(): trial for trial in trials}
        self._running_boot_id = self._device.boot_id
        last = trials[-1]  # the first may be a lead-in, and so a warm-up
        place = Place(suite=stratum.suite, scenario=str(stratum), block=last.block, warmup=last.warmup)
        with state_around(self._device, self._context.store, place):
            agent, run_id = self._device.agent, self._context.run_id
            for answer in agent.run(dict(self._running), run_id, self._meter):
                self._keep(answer, keep)

    def recover(self, lost: TransportLost, keep: Keep[TrialRecord]) -> None:
        self._device.recover(lost)
        try:
            for answer in self._device.agent.recorded(self._context.run_id):
                self._keep(answer, keep)
            # A reboot may have cut the copy's last line, and a line appended to that could not be read.
            self._device.agent.forget(self._context.run_id)
        except TransportLost as again:  # those trials run again
            self._device.recover(again)

    def may_end(self, blocks: Sequence[Sequence[TrialRecord]]) -> bool:
        return may_end(blocks, self._context.asked_arms[0], self.rules)

    def close(self) -> None:
        self._device.agent.forget(self._context.run_id)

    def _why_not(self, stratum: Stratum) -> str:
        if not self._context.arms:
            return "the device can run none of the arms"
        needs = (f"stall:{stratum.stall}", f"shape:{stratum.shape}")
        return reason_not_measured(self._device.facts, needs) or self._why_another_meter(stratum)

    def _why_another_meter(self, stratum: Stratum) -> str:
        """Readings of two meters are never compared: a resumed run keeps the meter that it began with."""
        used = {meter for suite, meter in self._used_meters if suite == stratum.suite}
        if used <= {self._meter}:
            return ""
        return (
            f"this run's trials used the meter {min(used - {self._meter})}, and the device now has "
            f"{self._meter}: start a new run, or give the device the privileges that it had"
        )

    def _check_meter(self) -> None:
        meter = meter_of(self._device.facts)
        if meter != self._meter:
            raise DeviceUnusable(
                f"{self._device.name}: the meter changed from {self._meter} to {meter} after "
                "reconnecting: run again"
            )

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _keep(self, answer: TrialAnswer, keep: Keep[TrialRecord]) -> None:
        planned = self._running.pop(answer.id, None)
        if planned is not None:  # None: a trial of an earlier block, read again from the device's copy
            boot_id, suppressed = self._running_boot_id, self.rules.suppressed
            keep(trial_record(planned, answer, boot_id, suppressed, self._meter))
