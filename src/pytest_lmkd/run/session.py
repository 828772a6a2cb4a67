"""The devices of one pytest process: from the options to the records. The hooks of ``plugin`` call it.

Order: ``plan`` (after collection) writes the plan, ``open_devices`` attaches the devices, each test calls
``measure``, and ``close`` detaches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING
from typing import Any

from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import ResultStore
from pytest_lmkd.conformance.runner import CaseRunner
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.run.device_run import DeviceRun
from pytest_lmkd.run.host_turn import host_turn
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress import ProgressMeter
from pytest_lmkd.run.progress_link import Listener
from pytest_lmkd.run.run_info import new_run_id
from pytest_lmkd.run.run_info import run_info
from pytest_lmkd.run.suites import Suites

if TYPE_CHECKING:
    from pytest_lmkd.run.workers import Worker


class LmkdSession:
    """Holds the devices; ``worker`` is set where this process is one of several in the run."""

    def __init__(
        self,
        options: Options,
        sources: Sequence[DeviceSource],
        suites: Suites,
        user: Listener,
        worker: Worker | None = None,
    ) -> None:
        self.options = options
        self._user = user
        self._worker = worker
        self._suites = suites
        self._sources = tuple(sources)
        self._devices: dict[str, DeviceRun] = {}
        self._cleanup = ExitStack()
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

    def plan(self, wanted: Sequence[tuple[str, object, int]]) -> None:
        """Writes run.json and plan.jsonl. ``wanted``: devices, parameters of their tests, and their boots.

        Parameters that are no strata plan nothing.
        """
        options = self.options
        arms, rules = options.arms, options.run_rules
        trials = [
            trial
            for device, stratum, boot in wanted
            for trial in self._suites.planned(stratum, device, arms, rules, boot)
        ]
        self._meter = ProgressMeter(sum(not trial.warmup for trial in trials))
        if options.resumed is None:
            self.store.write_run(run_info(options, self.device_names))
        self.store.add_plan(trials)

    def open_devices(self) -> None:
        """Attaches every device.

        Raises:
            LmkdError: none of the run's devices can be used; the first one's reason.
        """
        errors = [error for source in self._sources if (error := self._open(source)) is not None]
        self._meter.start()
        if len(errors) < len(self._sources) or not errors:
            return
        if self._worker is None:
            raise errors[0]
        self._worker.device_is_unusable(str(errors[0]))  # other workers go on; this one's tests skip

    def measure(self, device: str, experiment: str, stratum: Any, boot: int = 0) -> Outcome:  # noqa: ANN401 - of its type
        """Measures the stratum's blocks of that boot on the device, by the experiment of that name.

        Raises:
            DeviceUnusable: the device broke down just now.
        """
        outcome = self._devices[device].measure(experiment, stratum, boot)
        if outcome.skipped:
            self._meter.not_needed(self._planned_trials(stratum, boot))
        return outcome

    def cases(self, device: str) -> CaseRunner:
        """The device's runner of conformance cases. Raises: DeviceUnusable: the device broke down before."""
        return self._devices[device].cases()

    def close(self) -> None:
        """Detaches every device."""
        self._cleanup.close()

    def _open(self, source: DeviceSource) -> LmkdError | None:
        device = DeviceRun(source, self.store, self._user.say)
        self._devices[source.name] = device
        try:
            self._await_turn(source)
            self._cleanup.callback(device.close)
            device.open(self.options, self._suites, self._run_id, self._on_block)
        except UsageProblem:
            raise
        except LmkdError as error:
            device.give_up(error)
            return error
        return None

    def _await_turn(self, source: DeviceSource) -> None:
        """Devices on this machine that lacks CPUs for all of them take turns."""
        if source.runs_here and self._worker is not None:
            turn = host_turn(self._worker.folder, self._worker.number, source.name, self._user.say)
            self._cleanup.enter_context(turn)

    def _on_block(self, device: str, stratum: object, block: int, blocks: int) -> None:
        self._meter.block_done(self._block_size(stratum))
        self._user.progress(self._meter.line(device, str(stratum), block, blocks))

    def _block_size(self, stratum: object) -> int:
        return self._suites.block_size(stratum, self.options.arms, self.options.run_rules)

    def _planned_trials(self, stratum: object, boot: int) -> int:
        plan = self._suites.plan_of(stratum)
        if plan is None:
            return 0
        rules = self.options.run_rules.of(plan.takes)
        return len(rules.blocks_of(boot)) * self._block_size(stratum)
