"""Runs a device's pressure episodes, block by block, and stores each as it ends."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field
from operator import attrgetter

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.records.arms import missing
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.wire import EpisodeRecord
from lmkd_core.records.wire import PlannedEpisode
from lmkd_core.records.wire import SkipRecord
from lmkd_core.scenarios.pressure_stratum import SUITE
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from lmkd_core.scenarios.pressure_stratum import plan_pressure_block
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import why_no_pressure
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.lmkd.quiet import QuietLmkd
from pytest_lmkd.pressure.control import false_gains
from pytest_lmkd.pressure.plan import EpisodePlan
from pytest_lmkd.pressure.plan import plan_episode
from pytest_lmkd.pressure.program import Pressure
from pytest_lmkd.pressure.record import episode_record
from pytest_lmkd.pressure.record import failed_record

MAX_LINK_LOSSES = 3
"""Broken links that one episode survives."""

OnBlock = Callable[[str, PressureStratum, int], None]
"""Called after each block with device name, stratum and the block's number."""


@dataclass(slots=True)
class PressureOutcome:
    """The outcome of one stratum on one device; ``false_gains``: gains reported by a negative control."""

    stratum: PressureStratum
    complete_blocks: int = 0
    invalid: list[str] = field(default_factory=list)
    skipped: str = ""
    false_gains: list[str] = field(default_factory=list)

    def explain(self) -> str:
        """The invalid episodes, a line each."""
        return "\n".join(self.invalid) or "no episode was run"


class EpisodeRunner:
    """Runs episodes on one device, by those of the asked arms that it can run."""

    def __init__(
        self,
        device: Device,
        store: ResultStore,
        arms: Sequence[str],
        rules: Rules,
        on_block: OnBlock,
        progress: Progress,
    ) -> None:
        self._device = device
        self._store = store
        self._arms = tuple(arms)
        self._rules = rules
        self._on_block = on_block
        self._progress = progress
        self._program: Pressure | None = None
        self._quiet = ExitStack()
        self._is_quiet = False
        self._stored = {_identity(record): record for record in store.episodes(device.name)}

    def measure(self, stratum: PressureStratum) -> PressureOutcome:
        """Runs the stratum's blocks, but no episode that the results hold already."""
        outcome = PressureOutcome(stratum, skipped=self._why_not(stratum))
        if outcome.skipped:
            self._note_skip(stratum, outcome.skipped)
            return outcome
        for block in range(self._rules.warmup_blocks):
            self._block(stratum, self._plan(stratum, block, warmup=True))
        done: list[list[EpisodeRecord]] = []
        for block in range(self._rules.blocks):
            records = self._block(stratum, self._plan(stratum, block))
            done.append(records)
            outcome.complete_blocks += all(record.valid for record in records)
            outcome.invalid += [f"block {block}, {r.arm}: {r.invalid_reason}" for r in records if not r.valid]
            self._on_block(self._device.name, stratum, block)
        if stratum.regime == "control":
            outcome.false_gains = false_gains(done, self._arms)
        return outcome

    def _plan(self, stratum: PressureStratum, block: int, *, warmup: bool = False) -> list[PlannedEpisode]:
        name, seed = self._device.name, self._rules.seed
        return plan_pressure_block(stratum, name, self._arms, block, seed, warmup=warmup)

    def _why_not(self, stratum: PressureStratum) -> str:
        if not self._arms:
            return "the device can run none of the arms"
        stall = () if stratum.stall == "none" else (f"stall:{stratum.stall}",)
        confined = bool(stratum.frozen or self._device.pressure_limit_kb)
        facts = self._device.facts
        return why_no_pressure(facts, confined=confined) or missing(stall, facts)

    def _note_skip(self, stratum: PressureStratum, reason: str) -> None:
        self._store.append(
            SkipRecord(
                device=self._device.name, what="scenario", name=stratum.scenario, suite=SUITE, reason=reason
            )
        )

    def _block(self, stratum: PressureStratum, planned: Sequence[PlannedEpisode]) -> list[EpisodeRecord]:
        """The block's episodes, all of one boot: what was recorded before a restart is measured again."""
        records = [self._stored[_identity(one)] for one in planned if _identity(one) in self._stored]
        for _ in range(MAX_LINK_LOSSES):
            recorded = set(map(_identity, records))
            absent = [one for one in planned if _identity(one) not in recorded]
            records += [self._episode(stratum, one) for one in absent]
            of_this_boot = [one for one in records if one.boot_id == self._device.boot_id]
            if not absent or len(of_this_boot) == len(planned):
                return sorted(records, key=attrgetter("order"))
            records = of_this_boot
        raise DeviceUnusable(f"{self._device.name} restarted {MAX_LINK_LOSSES} times in one block")

    def _episode(self, stratum: PressureStratum, planned: PlannedEpisode) -> EpisodeRecord:
        device = self._device
        plan = plan_episode(stratum, planned.arm, device.mem_total_kb, planned.seed, device.pressure_limit_kb)
        record = self._run(planned, plan)
        self._store.append(record)
        return record

    def _run(self, planned: PlannedEpisode, plan: EpisodePlan) -> EpisodeRecord:
        for _ in range(MAX_LINK_LOSSES):
            try:
                return self._run_once(planned, plan)
            except TransportLost as lost:
                self._reattach(lost)
        raise DeviceUnusable(f"{self._device.name}: the link broke {MAX_LINK_LOSSES} times in one episode")

    def _run_once(self, planned: PlannedEpisode, plan: EpisodePlan) -> EpisodeRecord:
        boot_id = self._device.boot_id
        self._silence()
        if self._program is None:
            self._program = Pressure.load(self._device.transport, self._device.folder, self._progress)
        try:
            with self._state_around(planned):
                answer = self._program.run(plan.text, plan.memory_kb, plan.duration_s)
        except TrialInvalid as invalid:
            return failed_record(planned, plan.demand_kb, boot_id, str(invalid))
        return episode_record(planned, answer, plan.demand_kb, boot_id, self._rules.suppressed)

    def _state_around(self, planned: PlannedEpisode) -> AbstractContextManager[None]:
        place = (SUITE, planned.scenario, planned.block)
        return state_around(self._device, self._store, *place, arm=planned.arm, warmup=planned.warmup)

    def close(self) -> None:
        """The device's own lmkd kills again.

        Raises:
            DeviceUnusable: it could not be restored; what to type by hand.
        """
        self._is_quiet = False
        self._quiet.close()

    def _silence(self) -> None:
        """From the first episode on nobody but our policy kills."""
        if self._is_quiet or not self._device.has_lmkd:
            return
        self._quiet.enter_context(QuietLmkd(self._device.transport, self._device.folder))
        self._is_quiet = True

    def _reattach(self, lost: TransportLost) -> None:
        self._program = None
        self.close()
        self._device.recover(lost)


def _identity(episode: PlannedEpisode | EpisodeRecord) -> tuple[str | int, ...]:
    """What makes an episode that one of the plan, within a device."""
    what = (episode.scenario, episode.profile, episode.demand, episode.stall, episode.stall_ms)
    return (*what, episode.warmup, episode.block, episode.arm)
