"""The block loop, the same for every suite: skip, warm up, blocks, resume, recover a lost link, early end.

Arms are compared within one boot: after a restart of the device, its whole block runs again.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from typing import Generic
from typing import TypeAlias

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import PlannedType
from pytest_lmkd.experiment.suite import RecordedTrial
from pytest_lmkd.experiment.suite import RecordType
from pytest_lmkd.experiment.suite import StratumType

MAX_LINK_LOSSES = 3
"""Broken links that one block survives; a device that loses more is not usable."""

OnBlock = Callable[[str, Any, int, int], None]
"""Called after each block with the device's name, the stratum, the block's number, and the blocks planned."""


AnyLoop: TypeAlias = "BlockLoop[Any, Any, Any]"


class BlockLoop(Generic[StratumType, PlannedType, RecordType]):
    """Measures strata by one experiment on one device."""

    def __init__(
        self,
        context: DeviceContext,
        experiment: Experiment[StratumType, PlannedType, RecordType],
        on_block: OnBlock,
    ) -> None:
        self._context = context
        self._experiment = experiment
        self._on_block = on_block
        stored = context.store.records(context.device.name, experiment.record_type)
        self._stored = {record.identity: record for record in stored}

    def measure(self, stratum: StratumType) -> Outcome:
        """Runs the stratum's blocks, except trials whose records the results directory already holds.

        Raises:
            DeviceUnusable: the device broke down.
        """
        reason = self._experiment.prepare(stratum)
        if reason:
            self._context.note_skip("scenario", stratum.scenario, reason, stratum.suite)
            return Outcome(skipped=reason)
        for block in range(self._experiment.rules.warmup_blocks):
            self._run_block(stratum, block, warmup=True)
        blocks = self._run_blocks(stratum)
        return Outcome(
            complete_blocks=sum(all(record.valid for record in records) for records in blocks),
            invalid=_invalid(blocks),
            false_gains=self._experiment.false_gains(stratum, blocks),
        )

    def close(self) -> None:
        """Undoes on the device what the experiment changed. Raises: LmkdError."""
        self._experiment.close()

    def _run_blocks(self, stratum: StratumType) -> list[list[RecordType]]:
        planned = self._experiment.rules.blocks
        done: list[list[RecordType]] = []
        while len(done) < planned and not self._experiment.may_end(done):
            done.append(self._run_block(stratum, len(done), warmup=False))
            self._on_block(self._context.device.name, stratum, len(done) - 1, planned)
        return done

    def _run_block(self, stratum: StratumType, block: int, *, warmup: bool) -> list[RecordType]:
        """The block's records in the order of its plan, all of one boot."""
        planned = self._experiment.plan(stratum, block, warmup=warmup)
        records = [self._stored[trial.identity] for trial in planned if trial.identity in self._stored]

        def keep(record: RecordType) -> None:
            self._context.store.append(record)
            records.append(record)

        for _ in range(MAX_LINK_LOSSES):
            trials = self._not_recorded(planned, records)
            try:
                if trials:
                    self._experiment.run(stratum, trials, keep)
            except TransportLost as lost:
                self._experiment.recover(lost, keep)
            if not self._not_recorded(planned, records):
                return sorted(records, key=attrgetter("order"))
        name = self._context.device.name
        raise DeviceUnusable(f"{name}: the link broke {MAX_LINK_LOSSES} times in one block")

    def _not_recorded(
        self, planned: Sequence[PlannedType], records: list[RecordType]
    ) -> Sequence[PlannedType]:
        """The block's trials without a record; all of them, after a restart, and then no records remain."""
        recorded = {record.identity for record in records}
        trials = [trial for trial in planned if trial.identity not in recorded]
        if trials and any(record.boot_id != self._context.device.boot_id for record in records):
            records.clear()
            return planned
        return trials


def _invalid(blocks: Sequence[Sequence[RecordedTrial]]) -> list[str]:
    return [
        f"block {number}, {record.arm}: {record.invalid_reason}"
        for number, records in enumerate(blocks)
        for record in records
        if not record.valid
    ]
