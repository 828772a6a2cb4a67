"""The devices of one pytest process: from the options to the records. The hooks of ``plugin`` call it.

Order: ``plan`` (after collection) writes the plan, ``open_devices`` attaches the devices, each test calls
``measure``, and ``close`` detaches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import msgspec

from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.conformance.runner import CaseRunner
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.run.budget import choose_size
from pytest_lmkd.run.device_run import DeviceRun
from pytest_lmkd.run.host_turn import host_turn
from pytest_lmkd.run.host_turn import lane_of
from pytest_lmkd.run.latest import link_latest
from pytest_lmkd.run.messages import Listener
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress import RunProgress
from pytest_lmkd.run.run_info import new_run_id
from pytest_lmkd.run.run_info import run_info
from pytest_lmkd.run.suites import Suites
from pytest_lmkd.run.workload import WantedTest
from pytest_lmkd.run.workload import Workload

RESUMABLE: tuple[type[TrialRecord | EpisodeRecord], ...] = (TrialRecord, EpisodeRecord)
"""Records of planned trials, which a resumed run does not run again."""

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
        self._progress = RunProgress(Workload(suites, options.arms, options.run_rules), user)
        self._store: ResultStore | None = None
        self._run_id = new_run_id()

    @property
    def device_names(self) -> list[str]:
        return [source.name for source in self._sources]

    @property
    def is_to_fit(self) -> bool:
        """Whether the numbers of blocks and boots are still to be chosen, by ``--lmkd-budget``."""
        is_new = self.options.resumed is None or (self._worker is not None and self._worker.is_new_run)
        return self.options.budget_s is not None and is_new

    @property
    def store(self) -> ResultStore:
        if self._store is None:
            self._store = ResultStore(self.options.results, resume=self.options.resumed is not None)
        return self._store

    def fit_budget(self, tests: Sequence[WantedTest]) -> int:
        """Chooses the run's blocks and boots by ``--lmkd-budget``; returns the boots.

        All processes of a run take the numbers of the first one that is here.

        Raises:
            UsageProblem: not even a block of each stratum fits.
        """
        options = self.options
        if self._worker is None:
            size, lines = choose_size(options, self._suites, _of_one_device(tests), len(self._sources))
        else:
            own, rounds = _of_one_device(tests), self._worker.rounds
            size, lines = self._worker.agree(lambda: choose_size(options, self._suites, own, rounds))
        self.options = replace(options, **asdict(size))
        for line in lines:
            self._user.say(line)
        if options.resumed is not None and lines:  # this worker chose
            self.store.write_run(msgspec.structs.replace(options.resumed, **asdict(size)))
        return size.boots

    def plan(self, tests: Sequence[WantedTest]) -> None:
        """Writes run.json and plan.jsonl, and tells the user the plan.

        Parameters that are no strata plan nothing.
        """
        options = self.options
        arms, rules = options.arms, options.run_rules
        trials = [
            trial
            for test in tests
            for stratum in test.values
            for trial in self._suites.planned(stratum, test.device, arms, rules, test.boot)
        ]
        if options.resumed is None:
            self.store.write_run(run_info(options, self.device_names))
        self.store.add_plan(trials)
        number, lane = self._place()
        self._progress = RunProgress(self._workload(), self._user, number, lane)
        self._progress.begin(tests)

    def open_devices(self) -> None:
        """Attaches every device.

        Raises:
            LmkdError: none of the run's devices can be used; the first one's reason.
        """
        errors = [error for source in self._sources if (error := self._open(source)) is not None]
        if len(errors) < len(self._sources) or not errors:
            link_latest(self.options.results)
            return
        if self._worker is None:
            raise errors[0]
        self._worker.device_is_unusable(str(errors[0]))  # other workers go on; this one's tests skip

    def measure(self, device: str, experiment: str, stratum: Any, boot: int = 0) -> Outcome:  # noqa: ANN401 - of its type
        """Measures the stratum's blocks of that boot on the device, by the experiment of that name.

        Raises:
            DeviceUnusable: the device broke down just now.
        """
        return self._devices[device].measure(experiment, stratum, boot)

    def ended(self, test: WantedTest, took_s: float) -> None:
        """The test is over."""
        self._progress.ended(test, took_s)

    def cases(self, device: str) -> CaseRunner:
        """The device's runner of conformance cases. Raises: DeviceUnusable: the device broke down before."""
        return self._devices[device].cases()

    def close(self) -> None:
        """Detaches every device."""
        self._cleanup.close()

    def _open(self, source: DeviceSource) -> LmkdError | None:
        device = DeviceRun(source, self.store, self._user.say, self._progress)
        self._devices[source.name] = device
        try:
            self._await_turn(source)
            self._cleanup.callback(device.close)
            device.open(self.options, self._suites, self._run_id)
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

    def _place(self) -> tuple[int, int]:
        """The number of this process in the run, and the lane that it takes turns in."""
        if self._worker is None:
            return 0, 0
        return self._worker.number, lane_of(self._worker.number, takes_turns=self._sources[0].runs_here)

    def _workload(self) -> Workload:
        options = self.options
        recorded = {
            name: {record.identity for kind in RESUMABLE for record in self.store.records(name, kind)}
            for name in (self.device_names if options.resumed is not None else ())
        }
        return Workload(self._suites, options.arms, options.run_rules, recorded)


def _of_one_device(tests: Sequence[WantedTest]) -> list[WantedTest]:
    """The tests of the first device, of its first boot; others have the same."""
    return [test for test in tests if test.device == tests[0].device and not test.boot]
