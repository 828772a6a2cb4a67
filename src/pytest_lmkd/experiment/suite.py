"""The interface between a suite and the block loop: a new suite implements these two Protocols."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal
from typing import Protocol
from typing import TypeVar

from lmkd_core.base.errors import TransportLost
from lmkd_core.records.plan import plan_block
from lmkd_core.records.plan import plan_episodes
from lmkd_core.scenarios.apps import SUITE
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.rules import Rules


class Trial(Protocol):
    """One planned or recorded trial, episode or observation."""

    @property
    def device(self) -> str: ...

    @property
    def arm(self) -> str: ...

    @property
    def order(self) -> int:
        """Its place in the block; negative for a lead-in, which is kept but not counted."""

    @property
    def identity(self) -> tuple[str | int, ...]:
        """Equal for a planned trial and its record, and for no other of the device."""


class RecordedTrial(Trial, Protocol):
    """One record of the results directory."""

    @property
    def block(self) -> int: ...

    @property
    def warmup(self) -> bool: ...

    @property
    def boot_id(self) -> str: ...

    @property
    def valid(self) -> bool: ...

    @property
    def invalid_reason(self) -> str: ...


class Situation(Protocol):
    """A stratum of any suite. Its text is its name in messages and seeds."""

    @property
    def suite(self) -> str: ...

    @property
    def scenario(self) -> str: ...


StratumType = TypeVar("StratumType", bound=Situation, contravariant=True)  # noqa: PLC0105 - read more often than inferred
PlannedType = TypeVar("PlannedType", bound=Trial)
RecordType = TypeVar("RecordType", bound=RecordedTrial)

Keep = Callable[[RecordType], None]
"""Stores a record and counts it towards its block."""


class Experiment(Protocol[StratumType, PlannedType, RecordType]):
    """The part of a suite on one device, called by the block loop. Subclasses inherit the defaults."""

    stratum_type: type = object
    record_type: type[RecordType]
    rules: Rules

    def prepare(self, stratum: StratumType) -> str:
        """Gets ready for a stratum; returns why the device cannot run it, in one sentence, or ""."""
        ...

    def plan(self, stratum: StratumType, block: int, *, warmup: bool) -> Sequence[PlannedType]:
        """The trials of one block, in the order in which they are to run. The seed decides everything."""
        ...

    def run(self, stratum: StratumType, trials: Sequence[PlannedType], keep: Keep[RecordType]) -> None:
        """Runs the trials of one block and keeps each record as soon as it is complete.

        Raises:
            TransportLost: the link broke; trials whose records were kept do not run again.
            DeviceUnusable: nothing more can be run on this device.
        """
        ...

    def recover(self, lost: TransportLost, keep: Keep[RecordType]) -> None:
        """Attaches the device again after ``lost``, and keeps the records that it saved meanwhile.

        Raises:
            DeviceUnusable: the device did not come back.
        """
        ...

    def may_end(self, blocks: Sequence[Sequence[RecordType]]) -> bool:
        """Whether the stratum may end after these blocks, before the last planned one."""
        return False

    def leave(self) -> None:
        """Undoes changes of the device that would disturb other experiments. Called before another's turn.

        Raises:
            LmkdError: a change could not be undone; the message gives the remedy.
        """
        return

    def close(self) -> None:
        """Undoes on the device what the experiment changed. Raises: LmkdError."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How strata of one type are planned: as which record, by which rules of the run.

    ``with_unstalled``: each block of a stalled stratum has one more episode, without the stall.
    """

    stratum: type
    planned: type[Any]
    takes: Literal["trials", "episodes"]
    with_unstalled: bool = False

    def block(
        self,
        stratum: Any,  # noqa: ANN401 - of the type ``stratum``
        device: str,
        arms: Sequence[str],
        block: int,
        rules: Rules,
        *,
        warmup: bool,
    ) -> list[Any]:
        """The trials of one block, in the order in which they are to run.

        Single kills have lead-ins, except those of real apps, which take seconds and begin with a cold start.
        """
        place = self.planned, stratum, device, rules.arms_of(arms), block, rules.seed
        if self.with_unstalled and rules.unstalled_episodes:
            return plan_episodes(*place, warmup=warmup)
        return plan_block(*place, warmup=warmup, lead_in=self.takes == "trials" and stratum.suite != SUITE)


class Suite(Protocol):
    """A suite of experiments. A team's own is registered by the hook ``pytest_lmkd_suites``."""

    @property
    def plans(self) -> Sequence[Plan]:
        """One for each type of stratum that is planned before the run; observations are not."""

    def open(self, context: DeviceContext) -> Mapping[str, Experiment[Any, Any, Any]]:
        """Its experiments on one device, by the names that fixtures use; closed in reverse order."""
        ...
