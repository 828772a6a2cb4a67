"""One device of a run, from its attachment to its detachment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.progress import Progress
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.kernel import other_fact
from pytest_lmkd.conformance.runner import CaseRunner
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.context import open_context
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress import RunProgress
from pytest_lmkd.run.suites import Suites


class DeviceRun:
    """``unusable`` is the reason why nothing more can be measured on the device, or empty."""

    def __init__(
        self, source: DeviceSource, store: ResultStore, say: Progress, progress: RunProgress
    ) -> None:
        self.name = source.name
        self.unusable = ""
        self._source = source
        self._store = store
        self._say = say
        self._progress = progress
        self._cleanup = ExitStack()
        self._loops: Mapping[str, AnyLoop] = {}
        self._device: Device | None = None
        self._cases: CaseRunner | None = None
        self._last = ""

    def open(self, options: Options, suites: Suites, run_id: str) -> None:
        """Attaches the device, records it, and opens the suites' experiments on it.

        Raises:
            LmkdError: the device cannot be used.
        """
        started_s = time.monotonic()
        device = self._cleanup.enter_context(Device(self._source, self._say, options.wanted))
        self._progress.attached(self.name, time.monotonic() - started_s)
        self._device = device
        self._check_same_system(device.record())
        self._record(device)
        context = open_context(device, self._store, run_id, options.arms, options.run_rules, self._say)
        self._loops = suites.open(context, self._progress)
        for loop in self._loops.values():
            self._cleanup.callback(self._close, loop)
        self._cases = CaseRunner(device, self._store, self._say, options.variant)

    def _check_same_system(self, now: DeviceRecord) -> None:
        """Raises: DeviceUnusable: the run that is resumed was measured on another kernel or machine."""
        for before in self._store.records(self.name, DeviceRecord):
            if name := other_fact(before, now):
                raise DeviceUnusable(
                    f"{self.name} is not what it was when this run began: its {name} has changed. "
                    "Start a new run"
                )

    def _record(self, device: Device) -> None:
        self._store.keep_kernel_config(device.kernel_config)
        self._store.append(device.record())

    def measure(self, experiment: str, stratum: Any, boot: int = 0) -> Outcome:  # noqa: ANN401 - of the experiment's type
        """Measures the stratum's blocks of that boot by the experiment of that name.

        Skips them on a device that broke down before.

        Raises:
            DeviceUnusable: the device broke down just now.
            UsageProblem: there is no such experiment.
        """
        if self.unusable:
            return Outcome(skipped=self.unusable)
        if experiment not in self._loops:
            names = ", ".join(self._loops)
            raise UsageProblem(f"there is no experiment named {experiment!r}: the names are {names}")
        try:
            self._take_turn(experiment)
            return self._loops[experiment].measure(stratum, boot, lambda: self._enter(boot))
        except DeviceUnusable as error:
            self.give_up(error)
            raise

    def _take_turn(self, experiment: str) -> None:
        """Another experiment's changes, such as a silenced lmkd, must not disturb this one."""
        if self._last not in {"", experiment}:
            self._loops[self._last].leave()
        self._last = experiment

    def _enter(self, boot: int) -> None:
        """Restarts the device if, since its start, it ran blocks of another boot of the plan.

        Raises:
            DeviceUnusable: it did not come back.
        """
        assert self._device is not None  # there are loops
        ran = {other for loop in self._loops.values() for other in loop.boots_in(self._device.boot_id)}
        if ran <= {boot}:
            return
        self._loops[self._last].leave()
        started_s = time.monotonic()
        self._progress.restarts(self.name, boot)
        self._device.restart()
        self._progress.restarted(self.name, boot, time.monotonic() - started_s)
        self._record(self._device)

    def cases(self) -> CaseRunner:
        """The runner of conformance cases. Raises: DeviceUnusable: the device broke down before."""
        if self._cases is None or self.unusable:
            raise DeviceUnusable(self.unusable or f"{self.name} is not attached")
        return self._cases

    def give_up(self, error: LmkdError) -> None:
        """Records that nothing more can be measured on the device, and why."""
        self.unusable = str(error)
        self._store.append(SkipRecord(device=self.name, what="device", name=self.name, reason=self.unusable))

    def close(self) -> None:
        """Undoes what the experiments changed, and detaches the device."""
        self._cleanup.close()

    def _close(self, loop: AnyLoop) -> None:
        try:
            loop.close()
        except LmkdError as error:  # the device is gone, or needs the user: the message says how
            self._say(f"{self.name}: {error}")
