"""From a planned trial and the agent's answer to the line that is kept."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.names import file_name
from lmkd_core.records.device import Conditions
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.lines import decode_record
from lmkd_core.records.lines import encode_line
from lmkd_core.records.plan import plan_block
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.devices.agent_plan import plan_line
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.reclaim.record import trial_record

MEASURED = AgentTrial(
    id=1,
    calls=(
        Call("pidfd_send_signal", 0, 9_000, "", 66_000),
        Call("process_mrelease", 2_000, 5_000_000, "", 400),
    ),
    returns_kb=65_536,
    torn_down_by="victim",
    stall_late_ns=None,
    mrelease_errno="",
    kill_to_mrelease_ns=2_000,
    syscall_ns=5_000_000,
    charged_at_kill_kb=66_000,
    charged_at_return_kb=400,
    reclaim_50_ns=3_000_000,
    reclaim_90_ns=5_000_000,
    reclaim_99_ns=6_000_000,
    exit_ns=7_000_000,
    stall_class="none",
    clock_resolution_ns=40,
    samples=60,
    gap_median_ns=120_000,
    gap_max_ns=300_000,
    released_ns=None,
    before=Conditions(hottest_mc=40_000, cooling=0, cpu_limit_khz=4_000_000, oom_kills=3, free_kb=500_000),
    after=Conditions(hottest_mc=41_000, cooling=0, cpu_limit_khz=4_000_000, oom_kills=3, free_kb=499_000),
    curve=((0, 66_000), (6_000, 400)),
)


def planned(arm: str) -> PlannedTrial:
    stratum = Stratum(
        "reclaim", "private-anon", "holder", "injected", victim_kb=65_536, threads=16, hold_ms=300
    )
    return plan_block(PlannedTrial, stratum, "phone", [arm], 0, seed=1)[0]


def test_the_agent_is_told_every_parameter() -> None:
    trial = planned("reap-kill")
    kind, *pairs = plan_line(7, trial, "system").split()
    words = dict(pair.split("=") for pair in pairs)
    of_the_host = {"suite", "scenario", "regime", "timeout_ns"}
    stratum = {name: str(getattr(trial, name)) for name in Stratum.__struct_fields__}
    others = {"id": "7", "arm": "reap-kill", "delay_us": "0", "timeout_ms": "3000", "meter": "system"}
    assert kind == "trial"
    assert words == others | {name: text for name, text in stratum.items() if name not in of_the_host}


def test_a_good_trial_is_valid_and_holds_plan_and_measurement() -> None:
    record = trial_record(planned("kill"), MEASURED, "boot")
    assert (record.valid, record.invalid_reason, record.flags) == (True, "", ())
    assert (record.arm, record.threads, record.reclaim_90_ns, record.boot_id) == (
        "kill",
        16,
        5_000_000,
        "boot",
    )


@pytest.mark.parametrize(
    ("arm", "change", "reason"),
    [
        (
            "kill",
            {"clock_resolution_ns": 10_001},
            "clock-step: the clock has steps of more than 10 us",
        ),
        ("reap-kill", {"mrelease_errno": "EINVAL"}, "reap-kill killed nobody (EINVAL)"),
        ("kill+mrelease", {"mrelease_errno": "ENOSYS"}, "the kernel has no process_mrelease"),
    ],
)
def test_a_trial_that_must_not_count_says_why(arm: str, change: dict, reason: str) -> None:
    record = trial_record(planned(arm), msgspec.structs.replace(MEASURED, **change), "boot")
    assert (record.valid, record.invalid_reason) == (False, reason)


def test_a_lost_race_is_a_result_and_no_error() -> None:
    assert trial_record(
        planned("kill+mrelease"), msgspec.structs.replace(MEASURED, mrelease_errno="ESRCH"), "b"
    ).valid


@pytest.mark.parametrize(("gap_max_ns", "flags"), [(600_000, ()), (600_001, ("coarse-sampling",))])
def test_a_gap_above_a_tenth_of_what_was_measured_is_flagged(gap_max_ns: int, flags: tuple[str, ...]) -> None:
    measured = msgspec.structs.replace(MEASURED, gap_max_ns=gap_max_ns)
    assert trial_record(planned("kill"), measured, "boot").flags == flags


def test_a_trial_that_failed_on_the_device_is_kept_with_the_agents_reason() -> None:
    record = trial_record(planned("kill"), AgentTrialFailed(1, "fork the victim: Out of memory"), "boot")
    assert (record.valid, record.invalid_reason, record.reclaim_90_ns) == (
        False,
        "fork the victim: Out of memory",
        None,
    )


def test_a_record_reads_back_as_it_was_written() -> None:
    record = trial_record(planned("kill"), MEASURED, "boot")
    assert decode_record(encode_line(record)) == record
    assert json.loads(encode_line(record))["type"] == "trial"
    assert json.loads(encode_line(record))["schema"] == 1


def test_the_records_carry_the_published_fields() -> None:
    published = (
        "device suite scenario stall regime arm block order seed victim_kb threads mrelease_errno "
        "kill_to_mrelease_ns syscall_ns charged_at_return_kb reclaim_50_ns reclaim_90_ns reclaim_99_ns "
        "exit_ns stall_class clock_resolution_ns valid invalid_reason"
    )
    assert set(published.split()) <= set(TrialRecord.__struct_fields__)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_answer_of_an_agent_breaks_anything_but_the_agreement(line: bytes) -> None:
    with pytest.raises(AgentBug):
        decode_agent_line(line)


def test_the_store_appends_whole_lines_per_device(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "run")
    skip = SkipRecord(device="10.0.0.1:5555", what="arm", name="reap-kill", reason="EINVAL")
    store.append(skip)
    store.append(skip)
    lines = (tmp_path / "run" / "records" / "10.0.0.1_5555.jsonl").read_bytes().splitlines()
    assert [decode_record(line) for line in lines] == [skip, skip]


def test_a_folder_that_holds_a_run_is_not_written_to_again(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageProblem, match="already holds a run"):
        ResultStore(tmp_path)


@pytest.mark.parametrize("device", ["../../etc/passwd", ".hidden", "a/b", "x\0y", "", ".."])
def test_no_device_name_leaves_the_records_folder(device: str) -> None:
    name = file_name(device)
    assert name and "/" not in name and "\0" not in name and not name.startswith(".")
