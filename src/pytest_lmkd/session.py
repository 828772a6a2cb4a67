"""One pytest run over devices: from the options to the report. The hooks of ``plugin`` call it.

Order: ``plan`` (after collection) writes what is to be measured, ``open_devices`` attaches them,
``measure`` is called by each test, ``close`` detaches and writes the report.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC
from datetime import datetime
from typing import TypeVar

from lmkd_reports import ReportPaths
from lmkd_reports import write_report
from pytest_lmkd.conformance import CaseRunner
from pytest_lmkd.design import Stratum
from pytest_lmkd.design import plan_stratum
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.devices.spec import parse_specs
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.errors import LmkdError
from pytest_lmkd.options import Options
from pytest_lmkd.pressure.runner import EpisodeRunner
from pytest_lmkd.pressure.runner import PressureOutcome
from pytest_lmkd.pressure.stratum import PressureStratum
from pytest_lmkd.pressure.stratum import plan_pressure_block
from pytest_lmkd.progress import ProgressMeter
from pytest_lmkd.runner import Runner
from pytest_lmkd.runner import StratumOutcome
from pytest_lmkd.store import ResultStore
from pytest_lmkd.wire import PlannedEpisode
from pytest_lmkd.wire import PlannedTrial
from pytest_lmkd.wire import RunInfo
from pytest_lmkd.wire import SkipRecord

Say = Callable[[str], None]
AnyStratum = Stratum | PressureStratum
Outcome = TypeVar("Outcome", StratumOutcome, PressureOutcome)


class LmkdSession:
    """Holds the devices of a run; ``say`` shows the user a line to stay, ``progress`` one to be replaced."""

    def __init__(self, options: Options, say: Say, progress: Say) -> None:
        self.options = options
        self._say = say
        self._progress = progress
        self._sources: list[DeviceSource] = parse_specs(options.specs)
        self._cleanup = ExitStack()
        self._runners: dict[str, Runner] = {}
        self._episode_runners: dict[str, EpisodeRunner] = {}
        self._cases: dict[str, CaseRunner] = {}
        self._measures = False
        self._unusable: dict[str, str] = {}
        self._meter = ProgressMeter(0)
        self._store: ResultStore | None = None
        self._run_id = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}"

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
        self._measures = bool(trials)
        store = self.store
        if options.resumed is None:
            store.write_run(self._run_info())
            store.write_plan(trials)

    def open_devices(self) -> None:
        """Attaches every device.

        Raises:
            LmkdError: none of them can be used; the first one's reason.
        """
        first_error: LmkdError | None = None
        for source in self._sources:
            try:
                self._open(source)
            except LmkdError as error:
                first_error = first_error or error
                self._note_unusable(source.name, str(error))
        if not self._runners and first_error is not None:
            raise first_error

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

    def press(self, device: str, stratum: PressureStratum) -> PressureOutcome:
        """As ``measure``, for pressure episodes."""
        return self._outcome(
            device,
            stratum,
            lambda: self._episode_runners[device].measure(stratum),
            lambda reason: PressureOutcome(stratum, skipped=reason),
        )

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

    def close(self) -> ReportPaths | None:
        """Detaches every device and writes the report, if there is anything to report."""
        self._cleanup.close()
        tried = any(cases.has_recorded for cases in self._cases.values())
        if self._store is None or not (self._measures or tried):
            return None
        paths = write_report(self._store.folder)
        if self.options.html is not None:
            self.options.html.write_bytes(paths.html.read_bytes())
        return paths

    def _open(self, source: DeviceSource) -> None:
        device = self._cleanup.enter_context(Device(source, self._say))
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

    def _run_info(self) -> RunInfo:
        distributions = ("pytest-lmkd", "pytest", "adbutils", "pandas", "scipy")
        return RunInfo(
            run_id=self._run_id,
            started_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            command=shlex.join(sys.argv),
            seed=self.options.seed,
            arms=self.options.arms,
            blocks=self.options.blocks,
            pressure_blocks=self.options.pressure_blocks,
            warmup_blocks=self.options.warmup_blocks,
            precision_pct=self.options.precision_pct,
            suppressed=self.options.suppressed,
            devices=tuple(self.device_names),
            versions={name: importlib.metadata.version(name) for name in distributions},
            host={
                "system": platform.platform(),
                "machine": platform.machine(),
                "cpus": str(os.cpu_count()),
                "python": platform.python_version(),
            },
        )


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
