"""A trial: one victim killed once by one arm, as planned and as recorded."""

from __future__ import annotations

from typing import Literal

import msgspec

from lmkd_core.records.device import Conditions
from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.stratum import stratum_key

Meter = Literal["cgroup", "system"]
StallClass = Literal["none", "Z", "D"]
KilledAs = Literal["", "root", "run-as"]
CurvePoint = tuple[int, int]
"""(time since the kill in µs, memory still charged to the victim in kB)."""


class Call(msgspec.Struct, frozen=True):
    """One system call of an arm. ``start_ns`` counts from the SIGKILL (negative: before it).

    ``errno`` is a name or "". ``charged_kb`` is the charge at the call's return (null: not sampled by then).
    """

    name: str
    start_ns: int
    took_ns: int
    errno: str
    charged_kb: int | None


class Trial(Stratum, frozen=True, kw_only=True):
    """A place in the plan: a stratum, an arm, and the ``order`` of the arm in its block.

    A lead-in, the uncounted trial before a block's first, has order -1 and is a ``warmup``.
    """

    schema: int = SCHEMA
    device: str
    arm: str
    block: int
    order: int
    seed: int
    warmup: bool = False

    @property
    def identity(self) -> tuple[str | int, ...]:
        """The values that set this trial apart from all others of its device's plan."""
        return (*stratum_key(self), self.warmup, self.is_lead_in, self.block, self.arm)

    @property
    def is_lead_in(self) -> bool:
        return self.order < 0


class PlannedTrial(Trial, frozen=True, tag="planned", kw_only=True):
    """A line of ``plan.jsonl``: one trial that this run means to make."""


class TrialRecord(Trial, frozen=True, tag="trial", kw_only=True):
    """One victim killed once. ``AgentTrial`` describes the measured fields.

    ``valid`` is false when the trial must not count, with ``invalid_reason``. ``flags`` names the validity
    checks that the trial failed (``pytest_lmkd.experiment.validity``), whether it counts or not. ``order`` is
    the trial's place in its block, -1 for its lead-in; ``warmup`` trials, lead-ins among them, are stored but
    not counted.

    ``reclaim_*_after_ns`` is the last sample at which that share was known not to be back: a lower bound of
    the time, also of one that is null because it did not come by the timeout.

    ``meter`` is the source of the charge: the victim's memory cgroup, or the free memory of the whole system.
    With the latter, ``curve`` is the memory not yet back, 99 % is not measured (null does not mean late), and
    ``noise_kb`` is how much free memory moved before the kill. For apps, ``returns_from`` is the file that
    ``returns_kb`` was read from, and ``killed_as`` the user that killed: root or run-as.
    """

    boot_id: str
    meter: Meter = "cgroup"
    noise_kb: int | None = None
    returns_from: str = ""
    killed_as: KilledAs = ""
    calls: tuple[Call, ...] = ()
    returns_kb: int | None = None
    torn_down_by: str = ""
    stall_late_ns: int | None = None
    mrelease_errno: str = ""
    kill_to_mrelease_ns: int | None = None
    syscall_ns: int | None = None
    charged_at_kill_kb: int | None = None
    charged_at_return_kb: int | None = None
    reclaim_50_ns: int | None = None
    reclaim_90_ns: int | None = None
    reclaim_99_ns: int | None = None
    reclaim_50_after_ns: int | None = None
    reclaim_90_after_ns: int | None = None
    reclaim_99_after_ns: int | None = None
    exit_ns: int | None = None
    stall_class: StallClass = "none"
    clock_resolution_ns: int | None = None
    samples: int = 0
    gap_median_ns: int | None = None
    gap_max_ns: int | None = None
    released_ns: int | None = None
    before: Conditions | None = None
    after: Conditions | None = None
    curve: tuple[CurvePoint, ...] = ()
    flags: tuple[str, ...] = ()
    valid: bool
    invalid_reason: str = ""
