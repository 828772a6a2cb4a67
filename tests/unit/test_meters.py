"""The choice of a device's meter, and trials that free memory measures too imprecisely."""

from __future__ import annotations

import pytest
from test_records import MEASURED
from test_records import planned
from test_validity import measured

from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.devices.meters import meter_of
from pytest_lmkd.devices.meters import reason_no_meter
from pytest_lmkd.devices.meters import reason_not_measured
from pytest_lmkd.devices.suite_needs import describe_support
from pytest_lmkd.devices.suite_needs import reason_unsupported
from pytest_lmkd.experiment.validity import MAX_NOISE_PCT
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.experiment.validity import flags
from pytest_lmkd.experiment.validity import meter_error_kb
from pytest_lmkd.reclaim.record import trial_record

ALLOWED_KB = MEASURED.returns_kb * MAX_NOISE_PCT // 100
RETURNS_KB = MEASURED.returns_kb
FREE_KB = 500_000


def facts(*, root: bool, memcg: str | None, step_kb: int | None) -> dict[str, Fact]:
    return {
        "root": Fact(root, "geteuid(2)", "" if root else "this is uid 2000"),
        "memcg": Fact(memcg, "cgroups", "" if memcg else "no right to make one"),
        "free_memory_step_kb": Fact(step_kb, "/proc/zoneinfo", "" if step_kb else "cannot be read"),
        "mrelease_variant": Fact("stock", "children"),
        "stall:holder": Fact(False, "tried", "open userfaultfd: EPERM"),
    }


def measured_by_free_memory(noise_kb: int = 0, **changes: object) -> AgentTrial:
    quiet: dict[str, object] = {"after": {"free_kb": FREE_KB}, "charged_at_kill_kb": RETURNS_KB}
    return measured(meter="system", noise_kb=noise_kb, **(quiet | changes))


@pytest.mark.parametrize(
    ("root", "memcg", "step_kb", "meter"),
    [
        (True, "v2", 200, "cgroup"),
        (False, None, 200, "system"),
        (False, "v2", 200, "system"),
        (True, None, 200, "system"),
        (True, "v2", None, "cgroup"),
        (False, None, None, None),
    ],
)
def test_a_device_has_the_best_meter_that_it_can(
    *, root: bool, memcg: str | None, step_kb: int | None, meter: str | None
) -> None:
    assert meter_of(facts(root=root, memcg=memcg, step_kb=step_kb)) == meter


def test_without_any_meter_both_reasons_are_given() -> None:
    none = facts(root=False, memcg=None, step_kb=None)
    assert reason_no_meter(none) == (
        "root is missing: this is uid 2000; free_memory_step_kb is missing: cannot be read"
    )
    assert reason_unsupported("reclaim", none, confined=False) == reason_no_meter(none)


def test_other_missing_facts_are_reported_too() -> None:
    user = facts(root=False, memcg=None, step_kb=200)
    assert reason_not_measured(user) == ""
    assert "userfaultfd: EPERM" in reason_not_measured(user, ("stall:holder",))


def test_doctor_reports_the_limits_without_root() -> None:
    user, root = (
        facts(root=False, memcg=None, step_kb=200),
        facts(root=True, memcg="v2", step_kb=200),
    )
    assert describe_support("reclaim", root, confined=False) == "can run"
    assert "no 99 %" in describe_support("reclaim", user, confined=False)
    assert "without the cases that need root" in describe_support("conformance", user, confined=False)
    assert "root is missing" in describe_support("pressure", user, confined=False)


def test_the_error_is_the_largest_observed_one() -> None:
    assert meter_error_kb(measured_by_free_memory()) == 0
    assert meter_error_kb(measured_by_free_memory(700)) == 700
    assert meter_error_kb(measured_by_free_memory(700, charged_at_kill_kb=RETURNS_KB - 900)) == 900
    assert meter_error_kb(measured_by_free_memory(700, charged_at_kill_kb=RETURNS_KB + 9000)) == 700
    for lost_kb in (-1000, 1000):
        assert meter_error_kb(measured_by_free_memory(700, after={"free_kb": FREE_KB + lost_kb})) == 1000


@pytest.mark.parametrize(("wrong_by_kb", "counted"), [(0, True), (ALLOWED_KB, True), (ALLOWED_KB + 1, False)])
def test_a_trial_counts_up_to_an_error_of_a_twentieth(wrong_by_kb: int, *, counted: bool) -> None:
    failed = flags(planned("kill"), measured_by_free_memory(wrong_by_kb))
    assert ("noisy-meter" not in failed) == counted
    assert (excluded_by(failed, ()) == "") == counted
    assert excluded_by(failed, ("noisy-meter",)) == ""


def test_free_memory_does_not_matter_with_a_cgroup() -> None:
    assert "noisy-meter" not in flags(planned("kill"), measured(after={"free_kb": FREE_KB - 12_000}))


def test_by_free_memory_99_percent_is_never_recorded() -> None:
    record = trial_record(planned("kill"), measured_by_free_memory(12), "boot", meter="system")
    assert (record.meter, record.noise_kb, record.reclaim_99_ns) == ("system", 12, None)
    assert (record.reclaim_50_ns, record.reclaim_90_ns) == (MEASURED.reclaim_50_ns, MEASURED.reclaim_90_ns)
    assert record.valid


def test_gaps_are_compared_with_90_percent_there() -> None:
    """The gap is 60 % of the time to 90 %; the time to 99 % is unknown."""
    coarse = measured_by_free_memory(reclaim_99_ns=None, gap_max_ns=3_000_000)
    assert "coarse-sampling" in flags(planned("kill"), coarse)


def test_a_failed_trial_has_its_meter() -> None:
    record = trial_record(planned("kill"), AgentTrialFailed(1, "no memory"), "boot", meter="system")
    assert (record.meter, record.valid) == ("system", False)


def test_old_records_and_agents_are_of_the_cgroup() -> None:
    assert trial_record(planned("kill"), MEASURED, "boot").meter == "cgroup"
