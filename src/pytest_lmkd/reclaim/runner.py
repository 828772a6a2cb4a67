"""Runs a device's part of the plan, block by block, and stores every trial as it ends.

A block runs on the device in one go. When the link breaks the device is attached again, what the
agent had recorded by then is fetched, and only the trials that are missing run again; all of the block's,
where the device has restarted, as arms are compared within one boot.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.arms import missing
from lmkd_core.records.arms import needs_of_arm
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.plan import Stratum
from lmkd_core.records.plan import plan_block
from lmkd_core.records.wire import AgentTrial
from lmkd_core.records.wire import AgentTrialFailed
from lmkd_core.records.wire import Meter
from lmkd_core.records.wire import PlannedTrial
from lmkd_core.records.wire import SkipRecord
from lmkd_core.records.wire import TrialRecord
from lmkd_core.scenarios.reclaim import SCENARIOS
from pytest_lmkd.devices.agent import TrialAnswer
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.meters import meter_of
from pytest_lmkd.devices.meters import why_not_measured
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.experiment.controls import false_gains
from pytest_lmkd.experiment.precision import may_end
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.validity import check
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.experiment.validity import flags

CONTROLS = sum(scenario.regime == "control" for scenario in SCENARIOS.values())

MAX_LINK_LOSSES = 3
"""Broken links that one block survives; a device that breaks more often is not usable."""

OnBlock = Callable[[str, Stratum, int], None]
"""Called after each block with device name, stratum and the block's number."""


@dataclass(slots=True)
class StratumOutcome:
    """The outcome of one stratum on one device; ``false_gains``: gains reported by a negative control."""

    stratum: Stratum
    complete_blocks: int = 0
    invalid: list[str] = field(default_factory=list)
    skipped: str = ""
    false_gains: list[str] = field(default_factory=list)

    def explain(self) -> str:
        """The invalid trials, a line each."""
        return "\n".join(self.invalid) or "no trial was run"


class Runner:
    """Measures strata on one device; ``run_id`` names the run's folder on it."""

    def __init__(
        self,
        device: Device,
        store: ResultStore,
        run_id: str,
        arms: Sequence[str],
        rules: Rules,
        on_block: OnBlock,
    ) -> None:
        self._device = device
        self._store = store
        self._run_id = run_id
        self._asked_arms = tuple(arms)
        self._rules = rules
        self._on_block = on_block
        self._next_id = 0
        self._stored = {trial_identity(record): record for record in store.trials(device.name)}
        self._arms = self._runnable_arms()
        self._meter: Meter = meter_of(device.facts) or "cgroup"

    @property
    def arms(self) -> tuple[str, ...]:
        """Those of the asked arms that the device can run."""
        return self._arms

    def measure(self, stratum: Stratum) -> StratumOutcome:
        """Runs the stratum's blocks; skips it, with the reason, where the device cannot.

        Trials that the results directory holds already are not run again.
        """
        outcome = StratumOutcome(stratum, skipped=self._why_not(stratum))
        if outcome.skipped:
            self._note_skip("scenario", stratum.scenario, outcome.skipped, stratum.suite)
            return outcome
        arms = self._arms_for(stratum)
        for block in range(self._rules.warmup_blocks):
            self._run_block(stratum, arms, block, warmup=True)
        done: list[list[TrialRecord]] = []
        while len(done) < self._rules.blocks and not self._may_end(done):
            block = len(done)
            done.append(self._run_block(stratum, arms, block))
            self._on_block(self._device.name, stratum, block)
        for block, records in enumerate(done):
            outcome.invalid += [f"block {block}, {r.arm}: {r.invalid_reason}" for r in records if not r.valid]
            outcome.complete_blocks += all(record.valid for record in records)
        if stratum.regime == "control":
            outcome.false_gains = false_gains(done, self._reaping_arms(arms), CONTROLS)
        return outcome

    def _may_end(self, done: Sequence[Sequence[TrialRecord]]) -> bool:
        return may_end(done, self._asked_arms[0], self._arms, self._rules)

    def _runnable_arms(self) -> tuple[str, ...]:
        reasons = {arm: missing(needs_of_arm(arm), self._device.facts) for arm in self._asked_arms}
        for arm, reason in reasons.items():
            if reason:
                self._note_skip("arm", arm, reason)
        return tuple(arm for arm, reason in reasons.items() if not reason)

    @staticmethod
    def _reaping_arms(arms: Sequence[str]) -> list[str]:
        return [arm for arm in arms if arm.startswith("reap-kill")]

    def _arms_for(self, stratum: Stratum) -> tuple[str, ...]:
        """The arms that the scenario allows; the others are recorded as skipped."""
        scenario = SCENARIOS.get(stratum.scenario)
        conflicts = scenario.conflicts if scenario else {}
        for arm in self._arms:
            if arm in conflicts:
                self._note_skip("arm", f"{arm} in {stratum.scenario}", conflicts[arm], stratum.suite)
        return tuple(arm for arm in self._arms if arm not in conflicts)

    def _why_not(self, stratum: Stratum) -> str:
        if not self._arms:
            return "the device can run none of the arms"
        needs = (f"stall:{stratum.stall}", f"shape:{stratum.shape}")
        return why_not_measured(self._device.facts, needs) or self._why_not_as_before(stratum)

    def _why_not_as_before(self, stratum: Stratum) -> str:
        """What two meters see is never put together: a run that goes on keeps the one that it has."""
        seen_by = {record.meter for record in self._stored.values() if record.suite == stratum.suite}
        if seen_by <= {self._meter}:
            return ""
        return (
            f"this run's trials were seen by the meter {min(seen_by - {self._meter})}, and the device now "
            f"has {self._meter}: begin a new run, or give the device the rights that it had"
        )

    def _note_skip(self, what: str, name: str, reason: str, suite: str = "") -> None:
        self._store.append(
            SkipRecord(device=self._device.name, what=what, name=name, suite=suite, reason=reason)  # type: ignore[arg-type]  # one of its literals
        )

    def _run_block(
        self, stratum: Stratum, arms: Sequence[str], block: int, *, warmup: bool = False
    ) -> list[TrialRecord]:
        planned = plan_block(stratum, self._device.name, arms, block, self._rules.seed, warmup=warmup)
        records = [
            self._stored[trial_identity(trial)] for trial in planned if trial_identity(trial) in self._stored
        ]
        for _ in range(MAX_LINK_LOSSES):
            missing_trials = self._still_to_run(planned, records)
            if not missing_trials:
                return records
            try:
                with state_around(
                    self._device, self._store, stratum.suite, str(stratum), block, warmup=warmup
                ):
                    self._run_missing(missing_trials, records)
            except TransportLost as lost:
                self._recover(missing_trials, records, lost)
        if self._still_to_run(planned, records):
            raise DeviceUnusable(f"{self._device.name}: the link broke {MAX_LINK_LOSSES} times in one block")
        return records

    def _still_to_run(
        self, planned: Sequence[PlannedTrial], records: list[TrialRecord]
    ) -> dict[int, PlannedTrial]:
        return {self._new_id(): trial for trial in still_to_run(planned, records, self._device.boot_id)}

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _run_missing(self, trials: dict[int, PlannedTrial], records: list[TrialRecord]) -> None:
        meter = meter_of(self._device.facts)
        if meter != self._meter:
            raise DeviceUnusable(
                f"{self._device.name}: the meter changed from {self._meter} to {meter} after "
                "reconnecting: run again"
            )
        for answer in self._device.agent.run(dict(trials), self._run_id, self._meter):
            self._keep(answer, trials, records, self._device.boot_id)

    def _recover(
        self, trials: dict[int, PlannedTrial], records: list[TrialRecord], lost: TransportLost
    ) -> None:
        boot_id = self._device.boot_id
        self._device.recover(lost)
        with suppress(TransportLost):  # once more: then those trials run again
            for answer in self._device.agent.recorded(self._run_id):
                self._keep(answer, trials, records, boot_id)
            # A reboot may have cut its last line: what is appended to that could not be read.
            self._device.agent.forget(self._run_id)

    def _keep(
        self,
        answer: TrialAnswer,
        trials: dict[int, PlannedTrial],
        records: list[TrialRecord],
        boot_id: str,
    ) -> None:
        planned = trials.pop(answer.id, None)
        if planned is None:  # a trial of an earlier block, seen again in the device's copy
            return
        record = trial_record(planned, answer, boot_id, self._rules.suppressed, self._meter)
        self._store.append(record)
        records.append(record)


def still_to_run(
    planned: Sequence[PlannedTrial], records: list[TrialRecord], boot_id: str
) -> list[PlannedTrial]:
    """A block's trials without a record; all, and no records, where the device has restarted since."""
    recorded = set(map(trial_identity, records))
    missing_trials = [trial for trial in planned if trial_identity(trial) not in recorded]
    if missing_trials and any(record.boot_id != boot_id for record in records):
        records.clear()
        return list(planned)
    return missing_trials


def trial_identity(trial: PlannedTrial | TrialRecord) -> tuple[str | int, ...]:
    """What makes a trial that one of the plan, within a device."""
    stratum = (trial.suite, trial.scenario, trial.stall, trial.regime, trial.victim_kb, trial.threads)
    memory = (trial.shape, trial.dirty_pct, trial.compress_pct)
    return (*stratum, *memory, trial.hold_ms, trial.timeout_ns, trial.warmup, trial.block, trial.arm)


def trial_record(
    planned: PlannedTrial,
    answer: TrialAnswer,
    boot_id: str,
    suppressed: Sequence[str] = (),
    meter: Meter = "cgroup",
) -> TrialRecord:
    """The record of a trial: its plan, and what the agent measured or why it could not.

    ``suppressed`` are the validity checks by which it is not left out; ``meter`` was to see it.
    """
    plan = {name: getattr(planned, name) for name in planned.__struct_fields__ if name != "schema"}
    if isinstance(answer, AgentTrialFailed):
        return TrialRecord(**plan, boot_id=boot_id, meter=meter, valid=False, invalid_reason=answer.reason)
    failed = flags(planned, answer)
    try:
        check(planned, answer)
        reason = excluded_by(failed, suppressed)
    except TrialInvalid as invalid:
        reason = str(invalid)
    return TrialRecord(
        **plan,
        **_measured(answer),
        boot_id=boot_id,
        flags=failed,
        valid=not reason,
        invalid_reason=reason,
    )


def _measured(answer: AgentTrial) -> dict[str, Any]:
    """Free memory cannot resolve 99 %: its noise exceeds the last percent."""
    measured = {name: getattr(answer, name) for name in answer.__struct_fields__ if name != "id"}
    return measured | ({"reclaim_99_ns": None} if answer.meter == "system" else {})
