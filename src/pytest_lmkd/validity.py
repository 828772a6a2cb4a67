"""Which trials may be counted, and what a reader should know of those that are."""

from __future__ import annotations

from pytest_lmkd.errors import TrialInvalid
from pytest_lmkd.wire import AgentTrial
from pytest_lmkd.wire import PlannedTrial

MAX_CLOCK_STEP_NS = 10_000
"""A clock that moves in larger steps (one that fell back to timer ticks) measures nothing here."""

REAPED = ("", "EAGAIN")
"""Answers of process_mrelease with REAP_KILL after which the victim is dead: done, or done in part."""

COARSE_SAMPLING = "coarse-sampling"
"""Flag: the largest gap between two samples exceeds a tenth of the time that was measured."""


def check(planned: PlannedTrial, measured: AgentTrial) -> None:
    """Raises: TrialInvalid, with the reason, when the trial must not be counted."""
    if measured.clock_resolution_ns > MAX_CLOCK_STEP_NS:
        raise TrialInvalid(f"the clock moves in steps of {measured.clock_resolution_ns} ns")
    if measured.mrelease_errno == "ENOSYS":
        raise TrialInvalid("the kernel has no process_mrelease")
    if planned.arm == "reap-kill" and measured.mrelease_errno not in REAPED:
        raise TrialInvalid(f"reap-kill killed nobody ({measured.mrelease_errno})")


def flags(planned: PlannedTrial, measured: AgentTrial) -> tuple[str, ...]:
    """Names of what is not perfect about a trial that counts."""
    measured_ns = measured.reclaim_99_ns or planned.timeout_ns
    return (COARSE_SAMPLING,) if measured.gap_max_ns * 10 > measured_ns else ()
