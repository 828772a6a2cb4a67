"""Kills real apps by our arms, block by block as the plan says, and stores each kill as a trial."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.plan import Stratum
from lmkd_core.records.plan import plan_block
from lmkd_core.records.wire import PlannedTrial
from lmkd_core.records.wire import SkipRecord
from lmkd_core.records.wire import TrialRecord
from pytest_lmkd.apps.app_kill import AppKiller
from pytest_lmkd.apps.plan import NO_WORKLOADS
from pytest_lmkd.apps.program import AppsProgram
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import why_not
from pytest_lmkd.experiment.precision import may_end
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.reclaim.runner import StratumOutcome
from pytest_lmkd.reclaim.runner import still_to_run
from pytest_lmkd.reclaim.runner import trial_identity

MAX_LINK_LOSSES = 3
"""Broken links that one block survives: a kill that was cut is made again, with another app process."""

OnBlock = Callable[[str, Stratum, int], None]


class AppKillRunner:
    """On one device, by those of the asked ``arms`` that it can run; ``baseline`` is the first asked one."""

    def __init__(
        self,
        device: Device,
        store: ResultStore,
        workloads: Workloads,
        arms: Sequence[str],
        baseline: str,
        rules: Rules,
        on_block: OnBlock,
        progress: Progress,
    ) -> None:
        self._device = device
        self._store = store
        self._workloads = workloads
        self._arms = tuple(arms)
        self._baseline = baseline
        self._rules = rules
        self._on_block = on_block
        self._progress = progress
        self._program: AppsProgram | None = None
        self._package = ""
        self._stored = {trial_identity(record): record for record in store.trials(device.name)}

    def measure(self, stratum: Stratum) -> StratumOutcome:
        """Runs the stratum's blocks; skips it, with the reason, where the device cannot.

        Raises:
            DeviceUnusable: the device broke down.
        """
        outcome = StratumOutcome(stratum, skipped=self._why_not())
        if outcome.skipped:
            self._note_skip(stratum, outcome.skipped)
            return outcome
        for block in range(self._rules.warmup_blocks):
            self._block(stratum, block, warmup=True)
        done: list[list[TrialRecord]] = []
        while len(done) < self._rules.blocks and not self._may_end(done):
            done.append(self._block(stratum, len(done)))
            self._on_block(self._device.name, stratum, len(done) - 1)
        for block, records in enumerate(done):
            outcome.invalid += [f"block {block}, {r.arm}: {r.invalid_reason}" for r in records if not r.valid]
            outcome.complete_blocks += all(record.valid for record in records)
        return outcome

    def close(self) -> None:
        """Deletes what it copied into apps' folders."""
        if self._program is not None:
            self._program.tidy()

    def _may_end(self, done: Sequence[Sequence[TrialRecord]]) -> bool:
        return may_end(done, self._baseline, self._arms, self._rules)

    @property
    def _is_root(self) -> bool:
        return bool(self._device.facts["root"].value)

    def _why_not(self) -> str:
        """By trying, where it takes run-as: the app may have been installed just now."""
        reason = why_not("apps", self._device.facts, confined=False)
        if reason or not self._arms:
            return reason or "the device can run none of the arms"
        packages = self._workloads.install()
        if not packages:
            return NO_WORKLOADS
        self._package = packages[0]
        refusal = "" if self._is_root else self._workloads.android.why_not_run_as(self._package)
        return f"root is missing, and so is run-as {self._package}: {refusal}" if refusal else ""

    def _block(self, stratum: Stratum, block: int, *, warmup: bool = False) -> list[TrialRecord]:
        """Of one boot, as all blocks (``still_to_run``)."""
        planned = plan_block(stratum, self._device.name, self._arms, block, self._rules.seed, warmup=warmup)
        stored = (self._stored.get(trial_identity(trial)) for trial in planned)
        records = [record for record in stored if record is not None]
        for _ in range(MAX_LINK_LOSSES):
            missing_trials = still_to_run(planned, records, self._device.boot_id)
            if not missing_trials:
                return records
            try:
                with state_around(
                    self._device, self._store, stratum.suite, str(stratum), block, warmup=warmup
                ):
                    self._run_missing(missing_trials, records)
            except TransportLost as lost:
                self._program = None
                self._device.recover(lost)
        if still_to_run(planned, records, self._device.boot_id):
            raise DeviceUnusable(f"{self._device.name}: the link broke {MAX_LINK_LOSSES} times in one block")
        return records

    def _run_missing(self, trials: Sequence[PlannedTrial], records: list[TrialRecord]) -> None:
        for planned in trials:
            record = self._tried(planned)
            self._store.append(record)
            records.append(record)

    def _tried(self, planned: PlannedTrial) -> TrialRecord:
        boot_id = self._device.boot_id
        measured: dict[str, Any] = {"meter": "system"}
        try:
            measured = self._killer().run(planned, self._progress)
            reason = excluded_by(measured["flags"], self._rules.suppressed)
        except TrialInvalid as invalid:
            reason = str(invalid)
        if read_boot_id(self._device.transport) != boot_id:
            raise TransportLost(f"{self._device.name} restarted in the middle of a kill")
        plan = {name: getattr(planned, name) for name in planned.__struct_fields__ if name != "schema"}
        return TrialRecord(**plan, boot_id=boot_id, **measured, valid=not reason, invalid_reason=reason)

    def _killer(self) -> AppKiller:
        device = self._device
        if self._program is None:
            self._program = AppsProgram.load(device.transport, device.folder, self._progress)
        android, program = self._workloads.android, self._program
        return AppKiller(device.transport, android, program, self._package, is_root=self._is_root)

    def _note_skip(self, stratum: Stratum, reason: str) -> None:
        self._store.append(
            SkipRecord(
                device=self._device.name,
                what="scenario",
                name=stratum.scenario,
                suite=stratum.suite,
                reason=reason,
            )
        )
