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
    """One system call of an arm: when it began since the SIGKILL (negative: before it), how long it took,
    its error's name or "", and the charge at its return (null: no sample was taken by then).
    """

    name: str
    start_ns: int
    took_ns: int
    errno: str
    charged_kb: int | None


class Trial(Stratum, frozen=True, kw_only=True):
    """A place in the plan: a stratum, an arm, and the ``order`` of the arm in its block."""

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
        return (*stratum_key(self), self.warmup, self.block, self.arm)


class PlannedTrial(Trial, frozen=True, tag="planned", kw_only=True):
    """A line of ``plan.jsonl``: one trial that this run means to make."""


class TrialRecord(Trial, frozen=True, tag="trial", kw_only=True):
    """One victim killed once. See ``AgentTrial`` for what the measured fields mean.

    ``valid`` is false when the trial must not be counted, with ``invalid_reason``. ``flags`` name the
    validity checks that the trial failed (``pytest_lmkd.experiment.validity``), whether it counts or not.
    ``order`` is the trial's place in its block; ``warmup`` trials are kept, not counted.

    ``meter`` is what the memory's return was seen by: the victim's memory cgroup, or the free memory of the
    whole system. By the latter ``curve`` is what is not back, 99 % is not measured (and not late), and
    ``noise_kb`` is by how much free memory moved before the kill. ``returns_from``: the file that told
    ``returns_kb``. ``killed_as``: root or run-as, of an app.
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
