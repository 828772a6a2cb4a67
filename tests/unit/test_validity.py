"""Validity checks: each has a name that is stamped, some exclude, and none can be silenced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_records import MEASURED
from test_records import planned

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.device import Conditions
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.experiment.validity import CHECKS
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.experiment.validity import flags
from pytest_lmkd.experiment.validity import parse_suppressed
from pytest_lmkd.reclaim.record import trial_record


def measured(*, before: dict[str, Any] | None = None, **changes: object) -> AgentTrial:
    """The good trial, with changes to its numbers, or to the state ``before`` and ``after`` it."""
    after = msgspec.structs.replace(MEASURED.after, **changes.pop("after", {}))  # type: ignore[arg-type]  # a dict
    earlier = msgspec.structs.replace(MEASURED.before, **(before or {}))
    return msgspec.structs.replace(MEASURED, before=earlier, after=after, **changes)


FAILING = {
    "clock-step": measured(clock_resolution_ns=10_001),
    "foreign-kills": measured(after={"oom_kills": 4}),
    "coarse-sampling": measured(gap_max_ns=600_001),
    "thermal": measured(after={"hottest_mc": 50_001}),
    "cpufreq": measured(after={"cpu_limit_khz": 3_000_000}),
    "battery": measured(after={"battery_pct": 15, "discharging": 1}),
    "noisy-meter": measured(meter="system", noise_kb=65_536 // 20 + 1),
    "memory-not-settled": measured(after={"free_kb": 500_000 - 16 * 1024 - 1}),
}
PASSING = (
    MEASURED,
    measured(clock_resolution_ns=10_000),
    measured(after={"hottest_mc": 50_000}),
    measured(after={"battery_pct": 16, "discharging": 1}),
    measured(after={"battery_pct": 3, "discharging": 0}),
    measured(after={"free_kb": 500_000 - 16 * 1024}),
)


def test_every_check_is_tried_here() -> None:
    assert set(FAILING) == set(CHECKS)


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_pass_a_check_carries_its_name(name: str) -> None:
    assert flags(planned("kill"), FAILING[name]) == (name,)


@pytest.mark.parametrize("trial", PASSING)
def test_what_passes_carries_none(trial: AgentTrial) -> None:
    assert flags(planned("kill"), trial) == ()


def test_a_device_that_cools_itself_is_flagged_though_its_sensors_say_nothing() -> None:
    cooling = measured(before={"hottest_mc": None}, after={"cooling": 2})
    assert flags(planned("kill"), cooling) == ("thermal",)


@pytest.mark.parametrize("side", ["before", "after"])
def test_what_a_device_does_not_tell_is_not_flagged(side: str) -> None:
    assert flags(planned("kill"), msgspec.structs.replace(MEASURED, **{side: Conditions()})) == ()


def test_a_large_victim_may_move_more_memory() -> None:
    large = msgspec.structs.replace(planned("kill"), victim_kb=1_048_576)
    moved = measured(after={"free_kb": 500_000 - 100_000})
    assert flags(large, moved) == ()
    assert flags(planned("kill"), moved) == ("memory-not-settled",)


@pytest.mark.parametrize("name", FAILING)
def test_only_excluding_checks_leave_a_trial_out_and_say_by_which_name(name: str) -> None:
    record = trial_record(planned("kill"), FAILING[name], "boot")
    assert record.valid == (not CHECKS[name].excludes)
    assert record.invalid_reason == (f"{name}: {CHECKS[name].meaning}" if CHECKS[name].excludes else "")


@pytest.mark.parametrize("name", FAILING)
def test_a_suppressed_check_leaves_nothing_out_but_stays_stamped(name: str) -> None:
    record = trial_record(planned("kill"), FAILING[name], "boot", [name])
    assert (record.valid, record.invalid_reason, record.flags) == (True, "", (name,))


def test_suppressing_one_check_leaves_the_others_in_force() -> None:
    both = measured(clock_resolution_ns=20_000, after={"oom_kills": 9})
    record = trial_record(planned("kill"), both, "boot", ["clock-step"])
    assert record.flags == ("clock-step", "foreign-kills")
    assert record.invalid_reason.startswith("foreign-kills: ")
    assert excluded_by(record.flags, CHECKS) == ""


def test_an_arm_that_killed_nobody_cannot_be_suppressed() -> None:
    record = trial_record(planned("reap-kill"), measured(mrelease_errno="EINVAL"), "boot", list(CHECKS))
    assert (record.valid, record.invalid_reason) == (False, "reap-kill killed nobody (EINVAL)")


def test_names_are_parsed_once_each() -> None:
    assert parse_suppressed(" clock-step,foreign-kills, clock-step,") == ("clock-step", "foreign-kills")
    assert parse_suppressed("") == ()


def test_an_unknown_name_is_wrong_usage_and_says_what_there_is() -> None:
    with pytest.raises(UsageProblem, match="no check 'nonsense': there are clock-step, foreign-kills"):
        parse_suppressed("nonsense")


def test_the_method_page_tells_every_check() -> None:
    method = (Path(__file__).parents[2] / "docs" / "method.md").read_text()
    assert set(CHECKS) <= set(re.findall(r"^\| `([a-z-]+)` \|", method, re.MULTILINE))
