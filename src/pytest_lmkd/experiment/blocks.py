"""The block loop, the same for every suite: skip, warm up, blocks, resume, recover a lost link, early end.

Arms are compared within one boot: after a restart of the device, its whole block runs again. A block's
lead-in runs with its first trial, and is no part of its result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from typing import Any
from typing import Generic
from typing import TypeAlias

import msgspec

from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.stratum import check_stratum
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import PlannedType
from pytest_lmkd.experiment.suite import RecordedTrial
from pytest_lmkd.experiment.suite import RecordType
from pytest_lmkd.experiment.suite import StratumType

MAX_LINK_LOSSES = 3
"""Broken links in a row, without a new record between them, after which a device is not usable."""


@dataclass(frozen=True, slots=True)
class Ran:
    """``share`` of a block of the stratum was run, in that boot of the plan, and took that long."""

    device: str
    stratum: Any
    boot: int
    share: float
    took_s: float


class Watcher:
    """Hears how far the loops are; this one does nothing with it."""

    def block_done(self, device: str, stratum: Any, boot: int, block: int, blocks: int) -> None:  # noqa: ANN401 - of any suite
        """Called after each block that counts, with its boot, its number and the number of blocks planned."""

    def ran(self, ran: Ran) -> None:
        """Called after trials were run, also those of warm-up blocks."""


AnyLoop: TypeAlias = "BlockLoop[Any, Any, Any]"


class BlockLoop(Generic[StratumType, PlannedType, RecordType]):
    """Measures strata by one experiment on one device."""

    def __init__(
        self,
        context: DeviceContext,
        experiment: Experiment[StratumType, PlannedType, RecordType],
        watcher: Watcher,
    ) -> None:
        self._context = context
        self._experiment = experiment
        self._watcher = watcher
        self._boot = 0
        stored = context.store.records(context.device.name, experiment.record_type)
        self._stored = {record.identity: record for record in stored}

    def measure(
        self, stratum: StratumType, boot: int = 0, enter: Callable[[], None] = lambda: None
    ) -> Outcome:
        """Runs the stratum's blocks of one boot, except trials whose records the results directory holds.

        ``enter`` brings the device into that boot; it is called only if something is left to run. The outcome
        is that of all blocks so far, over boots.

        Raises:
            DeviceUnusable: the device broke down.
            UsageProblem: it is no stratum of this experiment, or an impossible one.
        """
        self._check(stratum)
        self._boot = boot
        rules = self._experiment.rules
        if self._is_left(stratum, boot):
            reason = self._prepare(stratum)
            if reason:
                self._context.note_skip("scenario", stratum.scenario, reason, stratum.suite)
                return Outcome(skipped=reason)
            enter()
            for block in rules.warmups_of(boot):
                self._run_block(stratum, block, warmup=True)
        blocks = self._run_blocks(stratum, boot)
        return Outcome(
            complete_blocks=sum(all(record.valid for record in records) for records in blocks.values()),
            invalid=_invalid(blocks),
        )

    def boots_in(self, boot_id: str) -> set[int]:
        """The boots of the plan whose blocks ran in the device's boot ``boot_id``."""
        rules = self._experiment.rules
        records = (record for record in self._stored.values() if not record.warmup)
        return {rules.boot_of(record.block) for record in records if record.boot_id == boot_id}

    def leave(self) -> None:
        """Undoes changes that would disturb other experiments. Raises: LmkdError."""
        self._experiment.leave()

    def _check(self, stratum: object) -> None:
        if not isinstance(stratum, self._experiment.stratum_type):
            expected = self._experiment.stratum_type.__name__
            raise UsageProblem(f"this experiment measures a {expected}, and not {stratum!r:.80}")
        if isinstance(stratum, msgspec.Struct):
            check_stratum(stratum)

    def close(self) -> None:
        """Undoes on the device what the experiment changed. Raises: LmkdError."""
        self._experiment.close()

    def _run_blocks(self, stratum: StratumType, boot: int) -> dict[int, list[RecordType]]:
        """The records of each block so far, by the block's number."""
        rules = self._experiment.rules
        own = rules.blocks_of(boot)
        done = self._complete_blocks(stratum, range(own.start))
        for block in own:
            if self._experiment.may_end(list(done.values())):
                break
            done[block] = self._run_block(stratum, block, warmup=False)
            self._watcher.block_done(self._context.device.name, stratum, boot, block, rules.blocks)
        return done

    def _run_block(self, stratum: StratumType, block: int, *, warmup: bool) -> list[RecordType]:
        """The block's records in the order of its plan, all of one boot."""
        planned = self._experiment.plan(stratum, block, warmup=warmup)
        records = [self._stored[trial.identity] for trial in planned if trial.identity in self._stored]

        def keep(record: RecordType) -> None:
            self._context.store.append(record)
            self._stored[record.identity] = record
            records.append(record)

        losses = 0
        while trials := self._not_recorded(planned, records):
            if not warmup and self._warm_up_boot(stratum):
                continue  # the device may have restarted meanwhile
            started_s = time.monotonic()
            try:
                self._experiment.run(stratum, trials, keep)
            except TransportLost as lost:
                self._experiment.recover(lost, keep)
                progressed = len(self._not_recorded(planned, records)) < len(trials)
                losses = 0 if progressed else losses + 1
                if losses == MAX_LINK_LOSSES:
                    raise self._lost_too_often() from lost
            else:
                self._check_complete(planned, records)
                took_s, share = time.monotonic() - started_s, len(trials) / len(planned)
                self._watcher.ran(Ran(self._context.device.name, stratum, self._boot, share, took_s))
        return sorted((record for record in records if record.order >= 0), key=attrgetter("order"))

    def _warm_up_boot(self, stratum: StratumType) -> bool:
        """Runs a warm-up block if nothing was measured in this boot yet; returns whether it did."""
        device, warm_boots = self._context.device, self._context.warm_boots
        if not self._experiment.rules.warmup_after_boot or device.boot_id in warm_boots:
            return False
        self._run_block(stratum, self._next_warmup(stratum), warmup=True)
        warm_boots.add(device.boot_id)
        return True

    def _next_warmup(self, stratum: StratumType) -> int:
        """The number of the stratum's first warm-up block that lacks a record."""
        return next(
            block
            for block in count()
            if any(
                trial.identity not in self._stored
                for trial in self._experiment.plan(stratum, block, warmup=True)
            )
        )

    def _check_complete(self, planned: Sequence[PlannedType], records: list[RecordType]) -> None:
        """Raises: AgentBug: the experiment ended without an error, but lacks records."""
        if lacking := self._not_recorded(planned, records):
            arms = ", ".join(trial.arm for trial in lacking)
            raise AgentBug(f"{self._context.device.name}: the experiment kept no record of {arms}")

    def _lost_too_often(self) -> DeviceUnusable:
        name = self._context.device.name
        return DeviceUnusable(f"{name}: the link broke {MAX_LINK_LOSSES} times without a new record")

    def _is_left(self, stratum: StratumType, boot: int) -> bool:
        """Whether the boot has blocks to run: if not, the device need not be able to run the stratum."""
        own = self._experiment.rules.blocks_of(boot)
        done = self._complete_blocks(stratum, range(own.stop))
        return not done.keys() >= set(own) and not self._experiment.may_end(list(done.values()))

    def _complete_blocks(self, stratum: StratumType, blocks: range) -> dict[int, list[RecordType]]:
        """The records of those blocks of which every trial that counts is recorded."""
        planned = {block: self._counted(stratum, block) for block in blocks}
        return {
            block: [self._stored[trial.identity] for trial in trials]
            for block, trials in planned.items()
            if all(trial.identity in self._stored for trial in trials)
        }

    def _counted(self, stratum: StratumType, block: int) -> list[PlannedType]:
        """The block without its lead-in."""
        return [trial for trial in self._experiment.plan(stratum, block, warmup=False) if trial.order >= 0]

    def _prepare(self, stratum: StratumType) -> str:
        for _ in range(MAX_LINK_LOSSES):
            try:
                return self._experiment.prepare(stratum)
            except TransportLost as lost:
                self._experiment.recover(lost, self._context.store.append)
        raise self._lost_too_often()

    def _not_recorded(
        self, planned: Sequence[PlannedType], records: list[RecordType]
    ) -> Sequence[PlannedType]:
        """The block's trials without a record; all of them, after a restart, and then no records remain.

        The lead-in is among them only with the first trial.
        """
        recorded = {record.identity for record in records}
        trials = [trial for trial in planned if trial.identity not in recorded]
        if not any(trial.order == 0 for trial in trials):
            trials = [trial for trial in trials if trial.order > 0]
        if trials and any(record.boot_id != self._context.device.boot_id for record in records):
            records.clear()
            return planned
        return trials


def _invalid(blocks: Mapping[int, Sequence[RecordedTrial]]) -> list[str]:
    return [
        f"block {number}, {record.arm}: {record.invalid_reason}"
        for number, records in blocks.items()
        for record in records
        if not record.valid
    ]
