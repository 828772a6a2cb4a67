"""Free memory of the whole device as the meter: its results, and when they are invalid."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.logs.deaths import Death
from lmkd_core.records.plan import plan_block
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.scenarios.apps import workload_app
from pytest_lmkd.apps.app_kill import AppKillMeasured
from pytest_lmkd.apps.app_kill import check_deaths
from pytest_lmkd.apps.app_kill import measurement
from pytest_lmkd.apps.program import AppKill
from pytest_lmkd.apps.program import AppsFailure
from pytest_lmkd.apps.program import Watch
from pytest_lmkd.apps.program import decode_lines
from pytest_lmkd.apps.system_meter import CURVE_POINTS
from pytest_lmkd.apps.system_meter import AppMemory
from pytest_lmkd.apps.system_meter import app_memory
from pytest_lmkd.apps.system_meter import reached_ns
from pytest_lmkd.apps.system_meter import reaches_share
from pytest_lmkd.apps.system_meter import returned
from pytest_lmkd.apps.system_meter import thinned

MS = 1_000_000
KILLED_NS = 10_000 * MS
SIZE_KB = 100_000
FREE_KB = 500_000
TIMEOUT_NS = 2000 * MS


def app_kill(**changes: object) -> AppKill:
    fields: dict[str, object] = {
        "pid": 7,
        "uid": 10100,
        "killed_ns": KILLED_NS,
        "exit_ns": 30 * MS,
        "rss_kb": 130_000,
        "anon_kb": 110_000,
        "swap_kb": 0,
        "private_dirty_kb": SIZE_KB,
        "calls": (Call("pidfd_send_signal", 0, 9000, "", None),),
    }
    return AppKill(**(fields | changes))  # type: ignore[arg-type]  # those of the dict


def samples(back_kb: Callable[[int], int], noise_kb: int = 0) -> list[tuple[int, int]]:
    """Every ms from 500 ms before the kill to 2001 ms after it; ``back_kb`` by ms since the kill."""
    idle = [(KILLED_NS + ms * MS, FREE_KB + (noise_kb if ms % 2 else 0)) for ms in range(-500, 0)]
    return idle + [(KILLED_NS + ms * MS, FREE_KB + back_kb(ms)) for ms in range(2002)]


def linear(ms: int) -> int:
    """All of it in 100 ms."""
    return min(SIZE_KB, ms * SIZE_KB // 100)


def test_shares_are_of_what_the_app_held_and_times_since_the_kill() -> None:
    course = returned(samples(linear), app_kill(), SIZE_KB, TIMEOUT_NS)
    assert (course.reclaim_50_ns, course.reclaim_90_ns) == (50 * MS, 90 * MS)
    assert (course.noise_kb, course.gap_median_ns, course.gap_max_ns) == (0, MS, MS)
    assert course.curve[0] == (0, SIZE_KB)
    assert course.curve[-1] == (2_000_000, 0)
    assert len(course.curve) <= CURVE_POINTS


@pytest.mark.parametrize(
    ("curve", "expected_ns"),
    [
        ([], (None, None)),
        ([(0, SIZE_KB)], (0, 0)),
        ([(0, -SIZE_KB), (5, 0)], (None, None)),
        ([(1, SIZE_KB // 2 - 1), (2, SIZE_KB // 2)], (2, None)),
        ([(1, SIZE_KB * 9 // 10 - 1), (2, SIZE_KB * 9 // 10)], (1, 2)),
        ([(3, SIZE_KB), (4, 0)], (3, 3)),  # the first time counts, even if the memory goes again
        ([(TIMEOUT_NS, SIZE_KB)], (TIMEOUT_NS, TIMEOUT_NS)),
        ([(TIMEOUT_NS + 1, SIZE_KB)], (None, None)),
    ],
)
def test_a_share_is_reached_at_its_first_point_up_to_the_timeout(
    curve: list[tuple[int, int]], expected_ns: tuple[int | None, int | None]
) -> None:
    reached = (reached_ns(curve, SIZE_KB, 50, TIMEOUT_NS), reached_ns(curve, SIZE_KB, 90, TIMEOUT_NS))
    assert reached == expected_ns


def test_a_share_is_not_rounded() -> None:
    assert not reaches_share(9, 11, 90)  # 9.9 kB
    assert reaches_share(10, 11, 90)
    assert reaches_share(99 * 10**10, 10**12, 99)
    assert not reaches_share(99 * 10**10 - 1, 10**12, 99)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(-50, 150))), st.integers(1, 100))
def test_a_larger_share_is_never_reached_earlier(curve: list[tuple[int, int]], size_kb: int) -> None:
    curve.sort()
    times_ns = [reached_ns(curve, size_kb, percent, 90) for percent in (50, 90, 99)]
    late = [91 if ns is None else ns for ns in times_ns]
    assert late == sorted(late)


def test_memory_that_does_not_come_back_is_censored() -> None:
    course = returned(samples(lambda ms: linear(ms) * 6 // 10), app_kill(), SIZE_KB, TIMEOUT_NS)
    assert (course.reclaim_50_ns, course.reclaim_90_ns) == (84 * MS, None)


@pytest.mark.parametrize(
    ("back_kb", "exit_ns", "stall_class"),
    [
        (linear, 95 * MS, "none"),
        (linear, 30 * MS, "Z"),
        (lambda ms: linear(ms - 300) if ms > 300 else 0, 20 * MS, "Z"),
        (lambda ms: linear(ms - 300) if ms > 300 else 0, 390 * MS, "D"),
        (lambda ms: linear(ms - 300) if ms > 300 else 0, None, "D"),
        (linear, 150 * MS, "none"),
    ],
)
def test_stalls_have_the_classes_of_the_agents_trials(
    back_kb: Callable[[int], int], exit_ns: int | None, stall_class: str
) -> None:
    kill = app_kill(exit_ns=exit_ns)
    assert returned(samples(back_kb), kill, SIZE_KB, TIMEOUT_NS).stall_class == stall_class


def test_a_pause_of_the_device_is_a_gap_and_no_stall() -> None:
    """Nothing was sampled from 20 ms on until after the timeout: the memory may have been back any time."""
    until_20_ms = samples(lambda ms: 0)[: 500 + 21]
    late = [(KILLED_NS + 2 * TIMEOUT_NS + ms * MS, FREE_KB + SIZE_KB) for ms in range(10)]
    course = returned([*until_20_ms, *late], app_kill(exit_ns=None), SIZE_KB, TIMEOUT_NS)
    assert (course.reclaim_90_ns, course.reclaim_90_after_ns, course.stall_class) == (None, 20 * MS, "none")
    assert course.gap_max_ns == 2 * TIMEOUT_NS - 20 * MS


def test_noise_up_to_a_twentieth_is_recorded_and_more_makes_it_invalid() -> None:
    assert returned(samples(linear, 5000), app_kill(), SIZE_KB, TIMEOUT_NS).noise_kb == 5000
    with pytest.raises(
        TrialInvalid, match="moved by 5001 kB before the kill, more than 5 % of the 100000 kB"
    ):
        returned(samples(linear, 5001), app_kill(), SIZE_KB, TIMEOUT_NS)


def test_memory_released_by_something_else_makes_it_invalid() -> None:
    with pytest.raises(TrialInvalid, match="121000 kB came free, but the app had 100000 kB"):
        returned(samples(lambda ms: linear(ms) * 121 // 100), app_kill(), SIZE_KB, TIMEOUT_NS)


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (slice(495, None), "sampled 5 times before the kill"),
        (slice(None, -3), "not sampled until the trial's end"),
        (slice(None, 500), "not sampled until the trial's end"),
        (slice(0, 0), "sampled 0 times before the kill"),
    ],
)
def test_a_watch_that_is_too_short_is_invalid(cut: slice, reason: str) -> None:
    with pytest.raises(TrialInvalid, match=reason):
        returned(samples(linear)[cut], app_kill(), SIZE_KB, TIMEOUT_NS)


def test_the_apps_memory_has_a_source() -> None:
    assert app_memory(app_kill()) == AppMemory(SIZE_KB, "smaps_rollup")
    assert app_memory(app_kill(private_dirty_kb=None)) == AppMemory(110_000, "status")
    with pytest.raises(TrialInvalid, match="does not report how much memory"):
        app_memory(app_kill(private_dirty_kb=None, anon_kb=None))


@given(st.lists(st.integers(0, SIZE_KB), min_size=1, max_size=400))
def test_a_thinned_curve_begins_where_it_began_and_is_short(missing_kb: list[int]) -> None:
    points = [(index * MS, kb) for index, kb in enumerate(missing_kb)]
    thin = thinned(points, SIZE_KB)
    assert thin[0] == (0, missing_kb[0])
    assert len(thin) <= CURVE_POINTS
    assert set(thin) <= {(at_ns // 1000, kb) for at_ns, kb in points}
    assert [at_us for at_us, _ in thin] == sorted({at_us for at_us, _ in thin})


def measured_by(arm: str, *calls: Call, step_ns: int = 100) -> AppKillMeasured:
    (planned,) = plan_block(PlannedTrial, workload_app(100, 4), "device", [arm], 0, 1)
    return measurement(planned, app_kill(calls=calls), Watch(tuple(samples(linear)), step_ns))


SIGKILL = Call("pidfd_send_signal", 0, 9000, "", None)


def test_a_record_has_the_reaping_call() -> None:
    release = Call("process_mrelease", 20_000, 5 * MS, "ESRCH", None)
    reaped = measured_by("kill+mrelease", SIGKILL, release)
    assert (reaped.kill_to_mrelease_ns, reaped.syscall_ns) == (20_000, 5 * MS)
    assert (reaped.mrelease_errno, reaped.meter) == ("ESRCH", "system")
    assert not hasattr(reaped, "reclaim_99_ns")
    alone = measured_by("kill", SIGKILL)
    assert (alone.kill_to_mrelease_ns, alone.syscall_ns, alone.mrelease_errno) == (None, 9000, "")


@pytest.mark.parametrize("errno", ["EPERM", "EINVAL"])
def test_a_reap_kill_that_killed_nobody_is_invalid(errno: str) -> None:
    with pytest.raises(TrialInvalid, match=f"killed nobody \\({errno}\\)"):
        measured_by("reap-kill", Call("process_mrelease", 0, 9000, errno, None))


def test_a_clock_of_timer_ticks_is_flagged() -> None:
    assert measured_by("kill", SIGKILL).flags == ()
    assert measured_by("kill", SIGKILL, step_ns=4 * MS).flags == ("clock-step",)


def death(pid: int, killer: str) -> Death:
    return Death(killer, "because", pid, "org.example", (), ())  # type: ignore[arg-type]  # one of the words


@pytest.mark.parametrize(
    ("pid", "killer", "reason"),
    [
        (7, "lmkd", "something else killed the app: lmkd, because"),
        (7, "framework", "something else killed the app: framework, because"),
        (8, "lmkd", "lmkd also killed org.example"),
        (8, "kernel-oom", "kernel-oom also killed org.example"),
    ],
)
def test_kills_of_others_make_it_invalid(pid: int, killer: str, reason: str) -> None:
    with pytest.raises(TrialInvalid, match=reason):
        check_deaths((death(pid, killer),), 7)


@pytest.mark.parametrize(("pid", "killer"), [(7, "signal"), (7, "unknown"), (8, "itself"), (8, "framework")])
def test_our_own_kill_and_deaths_of_no_matter_are_fine(pid: int, killer: str) -> None:
    check_deaths((death(pid, killer),), 7)


def test_output_outside_the_protocol_is_not_an_answer() -> None:
    assert decode_lines(b'{"type":"error","reason":"no"}\n') == (AppsFailure("no"),)
    assert decode_lines(b"run-as: package not debuggable: org.example\n") == ()
    assert decode_lines(b"") == ()
    for line in (b'{"type":"watching","pid":1,"clock_resolution_ns":1}', b'{"type":"other"}', b'{"type":'):
        with pytest.raises(AgentBug, match="not match its protocol"):
            decode_lines(line)
