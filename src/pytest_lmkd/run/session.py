"""One pytest process's devices: from the options to the records. The hooks of ``plugin`` call it.

Order: ``plan`` (after collection) writes what is to be measured, ``open_devices`` attaches them,
``measure`` is called by each test, ``close`` detaches.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING
from typing import TypeVar

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.plan import Stratum
from lmkd_core.records.plan import plan_stratum
from lmkd_core.records.wire import PlannedEpisode
from lmkd_core.records.wire import PlannedTrial
from lmkd_core.records.wire import SkipRecord
from lmkd_core.scenarios.apps import AppsScenario
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from lmkd_core.scenarios.pressure_stratum import plan_pressure_block
from pytest_lmkd.apps.kill_runner import AppKillRunner
from pytest_lmkd.apps.runner import AppsOutcome
from pytest_lmkd.apps.runner import AppsRunner
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.conformance.runner import CaseRunner
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.pressure.runner import EpisodeRunner
from pytest_lmkd.pressure.runner import PressureOutcome
from pytest_lmkd.reclaim.runner import Runner
from pytest_lmkd.reclaim.runner import StratumOutcome
from pytest_lmkd.run.host_turn import host_turn
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress import ProgressMeter
from pytest_lmkd.run.progress_link import Listener
from pytest_lmkd.run.run_info import new_run_id
from pytest_lmkd.run.run_info import run_info

if TYPE_CHECKING:
    from pytest_lmkd.run.workers import Worker

AnyStratum = Stratum | PressureStratum
Outcome = TypeVar("Outcome", StratumOutcome, PressureOutcome)


class LmkdSession:
    """Holds the devices; ``worker`` is what this process is where others of the run have devices too."""

    def __init__(
        self, options: Options, sources: Sequence[DeviceSource], user: Listener, worker: Worker | None = None
    ) -> None:
        self.options = options
        self._say = user.say
        self._progress = user.progress
        self._worker = worker
        self._sources = tuple(sources)
        self._cleanup = ExitStack()
        self._runners: dict[str, Runner] = {}
        self._episode_runners: dict[str, EpisodeRunner] = {}
        self._apps: dict[str, AppsRunner] = {}
        self._app_kills: dict[str, AppKillRunner] = {}
        self._cases: dict[str, CaseRunner] = {}
        self._unusable: dict[str, str] = {}
        self._meter = ProgressMeter(0)
        self._store: ResultStore | None = None
        self._run_id = new_run_id()

    @property
    def device_names(self) -> list[str]:
        return [source.name for source in self._sources]

    @property
    def store(self) -> ResultStore:
        if self._store is None:
            self._store = ResultStore(self.options.results, resume=self.options.resumed is not None)
        return self._store

    def plan(self, wanted: Sequence[tuple[str, AnyStratum]]) -> None:
        """Writes run.json and plan.jsonl for the (device, stratum) pairs that tests ask for."""
        options = self.options
        trials = [trial for device, stratum in wanted for trial in _planned(stratum, device, options)]
        self._meter = ProgressMeter(sum(not trial.warmup for trial in trials))
        if options.resumed is None:
            self.store.write_run(run_info(options, self.device_names))
        self.store.add_plan(trials)

    def open_devices(self) -> None:
        """Attaches every device.

        Raises:
            LmkdError: none of them can be used, nor are there others in the run; the first one's reason.
        """
        first_error: LmkdError | None = None
        for source in self._sources:
            try:
                self._open(source)
            except LmkdError as error:
                first_error = first_error or error
                self._note_unusable(source.name, str(error))
        self._meter.start()
        if self._runners or first_error is None:
            return
        if self._worker is None:
            raise first_error
        self._worker.device_is_unusable(str(first_error))  # the others go on, and this one's tests say why

    def measure(self, device: str, stratum: Stratum) -> StratumOutcome:
        """Measures the stratum on the device; a device that broke down before is skipped.

        Raises:
            DeviceUnusable: the device broke down just now.
        """
        return self._outcome(
            device,
            stratum,
            lambda: self._runners[device].measure(stratum),
            lambda reason: StratumOutcome(stratum, skipped=reason),
        )

    def kill_app(self, device: str, stratum: Stratum) -> StratumOutcome:
        """As ``measure``, with a workload app as the victim."""
        return self._outcome(
            device,
            stratum,
            lambda: self._app_kills[device].measure(stratum),
            lambda reason: StratumOutcome(stratum, skipped=reason),
        )

    def press(self, device: str, stratum: PressureStratum) -> PressureOutcome:
        """As ``measure``, for pressure episodes."""
        return self._outcome(
            device,
            stratum,
            lambda: self._episode_runners[device].measure(stratum),
            lambda reason: PressureOutcome(stratum, skipped=reason),
        )

    def observe(self, device: str, scenario: AppsScenario) -> AppsOutcome:
        """Observes the device's own lmkd; a device that broke down before is skipped.

        Raises:
            DeviceUnusable: the device broke down just now.
        """
        reason = self._unusable.get(device)
        try:
            return AppsOutcome(scenario, skipped=reason) if reason else self._apps[device].observe(scenario)
        except DeviceUnusable as error:
            self._note_unusable(device, str(error))
            raise

    def _outcome(
        self,
        device: str,
        stratum: AnyStratum,
        measure: Callable[[], Outcome],
        skipped: Callable[[str], Outcome],
    ) -> Outcome:
        reason = self._unusable.get(device)
        try:
            outcome = skipped(reason) if reason else measure()
        except DeviceUnusable as error:
            self._note_unusable(device, str(error))
            raise
        if outcome.skipped:
            self._meter.not_needed(self._trials_of(stratum))
        return outcome

    def cases(self, device: str) -> CaseRunner:
        """What runs conformance cases on the device.

        Raises:
            DeviceUnusable: the device broke down before.
        """
        if device in self._unusable:
            raise DeviceUnusable(self._unusable[device])
        return self._cases[device]

    def close(self) -> None:
        """Detaches every device."""
        self._cleanup.close()

    def _open(self, source: DeviceSource) -> None:
        if source.runs_here and self._worker is not None:
            turn = host_turn(self._worker.folder, self._worker.number, source.name, self._say)
            self._cleanup.enter_context(turn)
        device = self._cleanup.enter_context(Device(source, self._say, self.options.wanted))
        self.store.append(device.record())
        self._cleanup.callback(self._forget, device)
        self._cases[source.name] = CaseRunner(device, self.store, self._say)
        options = self.options
        self._runners[source.name] = Runner(
            device,
            self.store,
            self._run_id,
            options.arms,
            options.rules,
            self._on_block,
        )
        self._episode_runners[source.name] = EpisodeRunner(
            device,
            self.store,
            self._runners[source.name].arms,
            options.pressure_rules,
            self._on_block,
            self._say,
        )
        self._cleanup.callback(self._tidy, self._episode_runners[source.name])
        self._open_apps(device)

    def _open_apps(self, device: Device) -> None:
        options = self.options
        workloads = Workloads(device, options.apks, self._say)
        self._cleanup.callback(self._tidy, workloads)
        self._apps[device.name] = AppsRunner(
            device,
            self.store,
            options.pressure_rules,
            options.apps,
            workloads,
            self._on_observation,
            self._say,
        )
        self._app_kills[device.name] = AppKillRunner(
            device,
            self.store,
            workloads,
            self._runners[device.name].arms,
            options.arms[0],
            options.rules,
            self._on_block,
            self._say,
        )
        self._cleanup.callback(self._tidy, self._app_kills[device.name])

    def _tidy(self, user: Workloads | AppKillRunner | EpisodeRunner) -> None:
        try:
            user.close()
        except LmkdError as error:  # nothing more can be done; the user is told what to do
            self._say(str(error))

    def _on_observation(self, device: str, scenario: AppsScenario, block: int) -> None:
        self._progress(f"{device}  {scenario}  block {block + 1}/{self.options.pressure_blocks}")

    def _forget(self, device: Device) -> None:
        try:
            device.agent.forget(self._run_id)
        except LmkdError as error:  # the device is gone, and what it kept with it or for later
            self._say(f"{device.name}: {error}")

    def _on_block(self, device: str, stratum: AnyStratum, block: int) -> None:
        self._meter.block_done(len(self.options.arms))
        self._progress(self._meter.line(device, str(stratum), block, self._blocks_of(stratum)))

    def _note_unusable(self, device: str, reason: str) -> None:
        self._unusable[device] = reason
        self.store.append(SkipRecord(device=device, what="device", name=device, reason=reason))

    def _blocks_of(self, stratum: AnyStratum) -> int:
        return self.options.pressure_blocks if isinstance(stratum, PressureStratum) else self.options.blocks

    def _trials_of(self, stratum: AnyStratum) -> int:
        return self._blocks_of(stratum) * len(self.options.arms)


def _planned(stratum: AnyStratum, device: str, options: Options) -> list[PlannedTrial | PlannedEpisode]:
    arms, seed = options.arms, options.seed
    if isinstance(stratum, PressureStratum):
        rules = options.pressure_rules
        return [
            episode
            for warmup, blocks in ((True, rules.warmup_blocks), (False, rules.blocks))
            for block in range(blocks)
            for episode in plan_pressure_block(stratum, device, arms, block, seed, warmup=warmup)
        ]
    rules = options.rules
    warmups = plan_stratum(stratum, device, arms, rules.warmup_blocks, seed, warmup=True)
    return [
        trial
        for block in warmups + plan_stratum(stratum, device, arms, rules.blocks, seed)
        for trial in block
    ]
