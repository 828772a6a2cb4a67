"""Pressure episodes on a real kernel: kills are made, told of, and can be counted again from the record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from booted import Device
from own_devices import PATIENCE_S

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.plan import plan_block
from lmkd_core.records.replay import kills_needed
from lmkd_core.records.replay import needed_kb
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.pressure.plan import plan_episode
from pytest_lmkd.pressure.program import EpisodeAnswer
from pytest_lmkd.pressure.program import Pressure
from pytest_lmkd.pressure.record import episode_record

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

ARM = "reap-kill"
ALL_STAND = "until ls -d /sys/fs/cgroup/lmkd-agent-*/12 > /dev/null 2>&1; do :; done"
GONE = "while ls -d /sys/fs/cgroup/lmkd-agent-* > /dev/null 2>&1; do :; done"


@pytest.fixture(scope="module")
def phone(boot: Callable[[str], Device]) -> Device:
    return boot("reap-kill-v3")


@pytest.fixture(scope="module")
def pressure(phone: Device) -> Pressure:
    return Pressure.load(phone.transport, ANDROID_FOLDER, print)


def memory_kb(phone: Device, key: str) -> int:
    return int(phone.output(f"awk '/^{key}:/ {{ print $2 }}' /proc/meminfo"))


def answer_to(
    pressure: Pressure, phone: Device, stratum: PressureStratum, limit_kb: int = 0
) -> EpisodeAnswer:
    plan = plan_episode(stratum, ARM, memory_kb(phone, "MemTotal"), seed=1, limit_kb=limit_kb)
    return pressure.run(plan.text, plan.memory_kb, plan.duration_s)


def record_of(answer: EpisodeAnswer, stratum: PressureStratum) -> EpisodeRecord:
    planned = plan_block(PlannedEpisode, stratum, "phone", [ARM], 0, 1)[0]
    return episode_record(planned, answer, 1, "boot")


@pytest.fixture(scope="module")
def held(pressure: Pressure, phone: Device) -> EpisodeAnswer:
    return answer_to(pressure, phone, PRESSURE["held-beyond-burst"])


def test_the_demand_is_met_by_kills(held: EpisodeAnswer) -> None:
    record = record_of(held, PRESSURE["held-beyond-burst"])
    assert record.valid, record.invalid_reason
    assert record.kills_total > 0
    assert record.apps_alive == record.apps_started - record.kills_total
    assert max(demand_kb for *_, demand_kb in record.curve) > 0


def test_apps_are_killed_from_the_highest_adj_down(held: EpisodeAnswer) -> None:
    adjs = [kill.adj for kill in held.kills]
    assert adjs == sorted(adjs, reverse=True)


def test_what_the_record_says_is_what_it_gives_when_counted_again(held: EpisodeAnswer) -> None:
    record = record_of(held, PRESSURE["held-beyond-burst"])
    assert record.threshold_kb is not None and record.duration_ns is not None
    assert record.needed_kb == needed_kb(record.curve, record.threshold_kb, record.duration_ns)
    assert record.kills_needed == kills_needed([k.charged_kb for k in record.kills], record.needed_kb)
    assert record.kills_extra == record.kills_total - record.kills_needed
    assert [kill.extra for kill in record.kills].count(True) == record.kills_extra


def test_every_kill_tells_why_it_was_made(held: EpisodeAnswer) -> None:
    for kill in held.kills:
        assert kill.reason and kill.rss_kb > 0 and kill.charged_kb > 0
        assert kill.killed_ns is not None and kill.killed_ns >= kill.decided_ns


def test_the_flag_frees_what_a_reader_holds(held: EpisodeAnswer) -> None:
    held_ones = [kill for kill in held.kills if kill.stall == "holder"]
    assert held_ones
    for kill in held_ones:
        assert kill.mrelease_errno == ""
        assert kill.freed_ns is not None and kill.freed_ns < held.end.duration_ns


def test_pressure_in_a_cgroup_leaves_the_rest_of_the_device_alone(pressure: Pressure, phone: Device) -> None:
    limit_kb = memory_kb(phone, "MemTotal") // 4
    answer = answer_to(pressure, phone, PRESSURE["undisturbed"], limit_kb)
    assert answer.end.demand_met
    assert answer.kills
    assert all(kill.free_kb < limit_kb for kill in answer.kills)
    assert max(free_kb for _, free_kb, _, _ in answer.curve) <= limit_kb
    assert phone.run("ls -d /sys/fs/cgroup/lmkd-agent-*").exit_code != 0


def test_nothing_remains_when_the_host_goes_away(phone: Device, pressure: Pressure) -> None:
    """The stream is closed while the demand is held for half a minute."""
    stratum = PressureStratum(scenario="long", title="", expectation="", regime="natural", hold_ms=30_000)
    plan = plan_episode(stratum, ARM, memory_kb(phone, "MemTotal") // 4, seed=1)
    program = phone.output(f"ls {ANDROID_FOLDER}/lmkd-pressure-*").split()[0]
    phone.output(f"cat > /tmp/plan <<'END'\n{plan.text}END")
    with phone.transport.stream_lines(f"{program} run < /tmp/plan", Deadline(PATIENCE_S)) as stream:
        phone.output(ALL_STAND)
        stream.close()
    phone.output(GONE)
    assert phone.run("grep -l lmkd-victim /proc/[0-9]*/comm").stdout == b""


def test_an_episode_that_cannot_be_run_says_why(pressure: Pressure, phone: Device) -> None:
    with pytest.raises(TrialInvalid, match="lmkd has no setting called patience"):
        pressure.run("set name=patience value=1\nrun\n", 1, 1.0)
