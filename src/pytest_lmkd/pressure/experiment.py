"""Runs blocks of pressure episodes on a device."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack

from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.arms import missing
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.parts import record_of
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from pytest_lmkd.devices.per_attachment import PerAttachment
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import reason_no_pressure
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep
from pytest_lmkd.experiment.suite import Plan
from pytest_lmkd.lmkd.quiet import QuietLmkd
from pytest_lmkd.pressure.plan import plan_episode
from pytest_lmkd.pressure.plan import stalled_as
from pytest_lmkd.pressure.program import Pressure
from pytest_lmkd.pressure.record import episode_record
from pytest_lmkd.pressure.record import failed_record

PLAN = Plan(PressureStratum, PlannedEpisode, takes="episodes", with_unstalled=True)


class PressureSuite:
    """Pressure episodes, in which our copy of lmkd's policy kills."""

    plans = (PLAN,)

    def open(self, context: DeviceContext) -> Mapping[str, PressureExperiment]:
        return {"pressure": PressureExperiment(context)}


class PressureExperiment(Experiment[PressureStratum, PlannedEpisode, EpisodeRecord]):
    """Episodes on one device. The first one silences the device's own lmkd."""

    stratum_type = PressureStratum
    record_type = EpisodeRecord

    def __init__(self, context: DeviceContext) -> None:
        self._context = context
        self._device = context.device
        self.rules = context.rules.episodes
        self._program = PerAttachment(context.device, self._load)
        self._silence = PerAttachment(context.device, self._silence_lmkd)
        self._quiet = ExitStack()

    def prepare(self, stratum: PressureStratum) -> str:
        if not self._context.arms:
            return "the device can run none of the arms"
        stall = () if stratum.stall == "none" else (f"stall:{stratum.stall}",)
        confined = bool(stratum.frozen or self._device.pressure_limit_kb)
        facts = self._device.facts
        return reason_no_pressure(facts, confined=confined) or missing(stall, facts)

    def plan(self, stratum: PressureStratum, block: int, *, warmup: bool) -> Sequence[PlannedEpisode]:
        return PLAN.block(stratum, self._device.name, self._context.arms, block, self.rules, warmup=warmup)

    def run(
        self, stratum: PressureStratum, trials: Sequence[PlannedEpisode], keep: Keep[EpisodeRecord]
    ) -> None:
        for planned in trials:
            keep(self._run_episode(stratum, planned))

    def recover(self, lost: TransportLost, keep: Keep[EpisodeRecord]) -> None:
        self.close()
        self._device.recover(lost)

    def leave(self) -> None:
        self.close()

    def close(self) -> None:
        """Lets the device's own lmkd kill again.

        Raises:
            DeviceUnusable: it could not be restored; the message gives the commands to type.
        """
        self._silence.forget()
        self._quiet.close()

    def _run_episode(self, stratum: PressureStratum, planned: PlannedEpisode) -> EpisodeRecord:
        device, boot_id = self._device, self._device.boot_id
        plan = plan_episode(
            stalled_as(stratum, planned),
            planned.arm,
            device.mem_total_kb,
            planned.seed,
            device.pressure_limit_kb,
        )
        self._silence.get()
        program = self._program.get()
        try:
            with state_around(device, self._context.store, _place(planned)):
                answer = program.run(plan.text, plan.memory_kb, plan.duration_s)
        except TrialInvalid as invalid:
            return failed_record(planned, plan.demand_kb, boot_id, str(invalid))
        return episode_record(planned, answer, plan.demand_kb, boot_id, self.rules.suppressed)

    def _load(self) -> Pressure:
        device = self._device
        return Pressure.load(device.transport, device.folder, self._context.progress)

    def _silence_lmkd(self) -> None:
        """After a new attachment lmkd may be awake: what an earlier one changed is undone first."""
        self._quiet.close()
        if self._device.has_lmkd:
            self._quiet.enter_context(QuietLmkd(self._device.transport, self._device.folder))


def _place(planned: PlannedEpisode) -> Place:
    """Unstalled episodes are set apart: there is another one of the same arm in their block."""
    arm = f"{planned.arm}, unstalled" if planned.is_unstalled else planned.arm
    return record_of(Place, planned, arm=arm)
