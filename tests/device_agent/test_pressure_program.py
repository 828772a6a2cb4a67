"""The pressure program on this host: without pressure, with the monitors disabled, under ASan and UBSan."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from groups import groups_of
from sanitized import sanitized_program

from lmkd_core.base.toolchain import ZIG_TARGETS
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.devices.messages import AgentCurve
from pytest_lmkd.devices.messages import AgentEpisode
from pytest_lmkd.devices.messages import AgentError
from pytest_lmkd.devices.messages import AgentMessage
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.pressure.program import PROGRAM

pytestmark = [pytest.mark.host_kernel, pytest.mark.measures]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes memory cgroups")

NO_MONITORS = ["set name=psi_partial_stall_ms value=0", "set name=psi_complete_stall_ms value=0"]


@pytest.fixture(scope="session")
def sanitized(checkout: Path) -> Path:
    return sanitized_program(PROGRAM, checkout)


def run(program: Path, lines: Sequence[str]) -> tuple[int, list[AgentMessage]]:
    text = "".join(f"{line}\n" for line in lines)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([program, "run"], **pipes) as process:
        try:
            stdout, stderr = process.communicate(text.encode(), timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert stderr == b"", stderr.decode()[-2000:]
    assert groups_of(process.pid) == []
    return process.returncode, [decode_agent_line(line) for line in stdout.splitlines()]


def episode(demand: str = "burst", rise_ms: int = 0, readers: int = 0, compaction_ms: int = 0) -> str:
    return (
        f"episode id=7 arm=kill+mrelease delay_us=0 demand={demand} demand_kb=4096 rise_ms={rise_ms} "
        f"hold_ms=30 demand_compress_pct=50 readers={readers} compaction_ms={compaction_ms} limit_kb=0 "
        "settle_ms=1 timeout_ms=30000"
    )


def app(shape: str = "private-anon", stall: str = "none", touch_ms: int = 0, frozen: int = 0) -> str:
    return (
        f"app adj=900 size_kb=1024 shape={shape} dirty_pct=50 compress_pct=50 threads=3 touch_ms={touch_ms} "
        f"frozen={frozen} stall={stall} stall_ms=0"
    )


PLANS = {
    "nothing but a demand": [episode()],
    "a ramp": [episode("ramp", 50)],
    "a saw": [episode("saw", 10)],
    "apps of every kind": [episode(), app(), app("app-mix"), app("shared-memory"), app(touch_ms=1)],
    "noise": [episode("ramp", 100, readers=4, compaction_ms=1), app(), app()],
    "held and starved": [episode(), app(stall="holder"), app(stall="starved"), app(stall="holder")],
}


@needs_root
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_a_demand_without_pressure_kills_nobody(sanitized: Path, plan: list[str]) -> None:
    status, answers = run(sanitized, [*plan, *NO_MONITORS, "run"])
    end = answers[-1]
    assert status == 0
    assert isinstance(end, AgentEpisode)
    assert (end.id, end.demand_met, end.apps_alive) == (7, True, len(plan) - 1)
    assert end.settings["psi_partial_stall_ms"] == 0
    assert all(isinstance(answer, AgentCurve) for answer in answers[:-1])


REFUSED = {
    "an unknown word": (["frobnicate"], 'the plan has an unknown line "frobnicate"'),
    "no end": ([episode()], 'the plan does not end with "run"'),
    "no episode": ([app(), "run"], 'the plan lacks its "episode" line'),
    "an unknown demand": ([episode("flood"), "run"], "there is no demand named flood"),
    "an unknown stall": ([episode(), app(stall="sleep"), "run"], "there is no stall named sleep"),
    "too many apps": ([episode(), *[app()] * 65, "run"], "the plan has more than 64 apps"),
    "a setting that is none": (
        [episode(), "set name=patience value=1", "run"],
        "lmkd has no setting called patience",
    ),
    "a word twice": ([f"{episode()} id=8", "run"], "the plan repeats id"),
    "a word that is missing": (["set name=kill_timeout_ms", "run"], "the plan lacks value="),
}


@pytest.mark.parametrize(("plan", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_plan_that_makes_no_sense_is_refused(sanitized: Path, plan: list[str], reason: str) -> None:
    status, answers = run(sanitized, plan)
    assert (status, answers) == (1, [AgentError(reason)])


@pytest.mark.parametrize("abi", ZIG_TARGETS)
def test_it_is_small(abi: str) -> None:
    assert static_program(PROGRAM, abi, print).stat().st_size <= 64 * 1024


@needs_root
def test_an_app_that_cannot_stand_ends_the_others(sanitized: Path) -> None:
    too_large = app("huge-pages").replace("size_kb=1024", "size_kb=8388608")
    status, answers = run(sanitized, [episode(), app(), too_large, app(), *NO_MONITORS, "run"])
    assert status == 1
    (error,) = answers
    assert isinstance(error, AgentError) and "map 8388608 kB in the victim" in error.reason
