"""Tests OOM kills in kernel logs: every kernel's layout, every prefix, and dumps of other kills."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oom_logs import LINUX_4_14
from oom_logs import LINUX_5_4
from oom_logs import LINUX_5_10
from oom_logs import LINUX_6_12
from oom_logs import LOGS_BY_KERNEL

from lmkd_core.logs.events import Event
from lmkd_core.logs.kernel import parse_kernel_line
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line

AT_0907_MS = (((244 + 7) * 24 + 1) * 60 + 55) * 60_000 + 44_794
"""09-07 01:55:44.794 in a leap year."""

KILLED = (
    "Out of memory: Killed process 4242 (com.example.app) total-vm:16kB, anon-rss:8kB, file-rss:4kB, "
    "shmem-rss:0kB, UID:10123 pgtables:4kB oom_score_adj:906"
)


def log_events(text: str, reader: Reader | None = None) -> list[Event]:
    lines = [Line("dmesg", number, line) for number, line in enumerate(text.splitlines(), start=1)]
    return list((reader or Reader()).read(lines))


def oom_kills(text: str) -> list[dict[str, Any]]:
    return [event.fields for event in log_events(text) if event.type == "oom_kill"]


@pytest.mark.parametrize("kernel", list(LOGS_BY_KERNEL))
def test_every_kernels_kill_has_sizes_invoker_and_tasks(kernel: str) -> None:
    fields = oom_kills(LOGS_BY_KERNEL[kernel])[0]
    assert (fields["total_vm_kb"], fields["anon_rss_kb"], fields["file_rss_kb"], fields["shmem_rss_kb"]) == (
        1600000,
        180000,
        20000,
        0,
    )
    assert (fields["order"], fields["tasks"]) == (0, 2)
    assert int(fields["gfp_mask"], 16) > 0
    assert fields["gfp"].startswith("GFP_HIGHUSER_MOVABLE")
    assert fields["scope"] == ("memcg" if kernel in {"4.19", "6.12"} else "global")


@pytest.mark.parametrize("kernel", [kernel for kernel in LOGS_BY_KERNEL if kernel != "4.14"])
def test_every_kernels_table_has_the_victims_row(kernel: str) -> None:
    row = oom_kills(LOGS_BY_KERNEL[kernel])[0]["task"]
    expected = {"uid": 10123, "tgid": 4242, "total_vm": 400000, "rss": 50000, "swapents": 12000}
    assert {name: row[name] for name in expected} == expected
    assert row["oom_score_adj"] == 906
    assert ("rss_anon" in row) == (kernel == "6.12")
    assert ("nr_ptes" in row) == (kernel == "4.9")


@pytest.mark.parametrize("kernel", list(LOGS_BY_KERNEL))
def test_every_line_of_a_dump_is_accounted_for(kernel: str) -> None:
    reader = Reader()
    log_events(LOGS_BY_KERNEL[kernel], reader)
    assert reader.account.is_complete
    assert reader.account.not_understood == []
    assert reader.account.others == (1 if kernel == "4.9" else 0)  # the line of the stack


def test_a_child_may_die_for_the_chosen_process() -> None:
    (fields,) = oom_kills(LINUX_4_14)
    assert (fields["pid"], fields["process"], fields["score"]) == (4250, "a child", 930)
    assert "task" not in fields  # it has no row of its own


def test_newer_kernels_log_constraint_cgroup_uid_and_adj() -> None:
    fields = oom_kills(LINUX_6_12)[0]
    assert (fields["constraint"], fields["memcg"]) == ("CONSTRAINT_MEMCG", "/apps/uid_10123")
    assert (fields["uid"], fields["oom_score_adj"], fields["pgtables_kb"]) == (10123, 906, 412)
    assert (fields["invoker"], fields["invoker_oom_score_adj"]) == ("binder:321_4", -900)


def test_bytes_that_kernels_before_5_5_called_kb_become_kb() -> None:
    assert [oom_kills(text)[0]["pgtables_kb"] for text in (LINUX_5_4, LINUX_5_10)] == [412, 412]


def test_one_dump_covers_all_kills_of_a_cgroup() -> None:
    first, second = oom_kills(LINUX_6_12)
    assert (first["pid"], second["pid"]) == (4242, 4243)
    assert first["invoker"] == second["invoker"] == "binder:321_4"


def test_a_dump_is_of_the_next_kill_only() -> None:
    """The kernel leaves dumps out when it kills often."""
    _, second = oom_kills(LINUX_5_10 + f"[  501.000001] {KILLED}")
    assert "invoker" not in second and "tasks" not in second


def test_a_dump_of_another_process_is_not_this_kills() -> None:
    exiting = "\n".join(line for line in LINUX_5_10.splitlines() if "Killed process" not in line)
    (fields,) = oom_kills(exiting + f"\n[  501.000001] {KILLED.replace('4242', '4343')}")
    assert "invoker" not in fields


def test_a_truncated_dump_does_not_belong_to_a_kill_in_another_file() -> None:
    reader = Reader()
    cut = LINUX_5_10.splitlines()[:4]
    list(reader.read(Line("one", number, line) for number, line in enumerate(cut, start=1)))
    (event,) = reader.read([Line("other", 1, KILLED)])
    assert "invoker" not in event.fields


@pytest.mark.parametrize(
    ("prefix", "time_ms"),
    [
        ("[  600.123456] ", 600123),
        ("<3>[  600.123456] ", 600123),
        ("[  600.123456][  T321] ", 600123),
        ("[  600.123456][    C0] ", 600123),
        ("<3>[  600.123456] [  T321] ", 600123),
        ("<3>[  600.123456] c3    41 ", 600123),
        ("<3>[  600.123456]-(1)[41:kswapd0]", 600123),
        ("<3>[  600.123456][pid:41,cpu0,kswapd0]", 600123),
        ("Sep  3 10:00:05 host kernel: [  600.123456] ", 600123),
        ("[Mon Sep  7 01:55:44 2026] ", None),
        ("<3>", None),
        ("", None),
        ("09-07 01:55:44.794     0     0 E         : ", AT_0907_MS),
        ("09-07 01:55:44.794     0     0 E kernel  : ", AT_0907_MS),
        ("09-07 01:55:44.794  root     0     0 E ", AT_0907_MS),
        ("09-07 01:55:44.794 E/        (    0): ", AT_0907_MS),
    ],
)
def test_the_same_kill_behind_every_prefix(prefix: str, time_ms: int | None) -> None:
    (event,) = log_events(prefix + KILLED)
    assert (event.type, event.fields["pid"], event.fields["scope"]) == ("oom_kill", 4242, "global")
    assert (event.time_ms, event.fields["oom_score_adj"]) == (time_ms, 906)


@pytest.mark.parametrize("kernel", list(LOGS_BY_KERNEL))
def test_a_dump_in_logcats_kernel_buffer_is_the_same_dump(kernel: str) -> None:
    """Logd takes the text before the first colon for the tag, or there is no tag."""
    texts = [parse_kernel_line(line).text for line in LOGS_BY_KERNEL[kernel].splitlines()]
    (tagged, *_), (direct, *_) = (
        oom_kills("\n".join(f"09-07 01:55:44.794     0     0 W {tag}{text}" for text in texts))
        for tag in ("        : ", "")
    )
    raw = oom_kills(LOGS_BY_KERNEL[kernel])[0]
    for name in ("invoker", "gfp_mask", "tasks"):
        assert tagged[name] == raw[name]
    for name in ("invoker", "gfp_mask"):
        assert direct[name] == raw[name]  # without a colon, a row of the table is not a line of logcat


def test_a_row_of_the_table_is_no_caller_id() -> None:
    assert parse_kernel_line("[  1.000001] [   4242] 10123 x").text == "[   4242] 10123 x"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "oom_reaper: reaped process 7 (a), now anon-rss:1kB, file-rss:2kB, shmem-rss:3kB",
            {"pid": 7, "process": "a", "anon_rss_kb": 1, "file_rss_kb": 2, "shmem_rss_kb": 3},
        ),
        (
            "oom_reaper: reaped process :7 (a) anon-rss:1kB, file-rss:2kB, shmem-rss:3lB",  # 4.6, as it was
            {"pid": 7, "process": "a", "anon_rss_kb": 1, "file_rss_kb": 2},
        ),
    ],
)
def test_the_oom_reaper_reports_the_memory_still_held(line: str, expected: dict[str, Any]) -> None:
    (event,) = log_events(f"[  600.123456] {line}")
    assert {name: event.fields[name] for name in expected} == expected
    assert event.type == "oom_reaped"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Killed process 7 (a (b) c) total-vm:4kB, anon-rss:1kB, file-rss:2kB", {"process": "a (b) c"}),
        ("Killed process 7 (a), UID 1000, total-vm:4kB, anon-rss:1kB", {"uid": 1000}),
        (
            "Out of memory (oom_kill_allocating_task): Killed process 7 (a) total-vm:4kB, anon-rss:1kB",
            {"scope": "allocating-task"},
        ),
    ],
)
def test_other_forms_of_a_kill(line: str, expected: dict[str, Any]) -> None:
    (fields,) = oom_kills(line)
    assert {name: fields[name] for name in expected} == expected
    assert (fields["pid"], fields["anon_rss_kb"]) == (7, 1)


def test_a_kill_that_was_cut_before_its_sizes_is_a_kill() -> None:
    (fields,) = oom_kills("[  600.123456] Out of memory: Killed process 7 (a)")
    assert (fields["pid"], fields["process"], fields["scope"]) == (7, "a", "global")


def test_a_kill_without_a_name_is_quoted_as_not_understood() -> None:
    reader = Reader()
    assert log_events("[  600.123456] Out of memory: Killed process 7 (", reader) == []
    (line,) = reader.account.not_understood
    assert (str(line), line.text) == (
        "dmesg:1: oom_killer: an OOM kill has pid and name",
        "[  600.123456] Out of memory: Killed process 7 (",
    )


def test_an_app_that_logs_such_words_is_no_kernel() -> None:
    stamp = "09-07 01:55:44.794  1705  3060 E MyApp   : "
    reader = Reader()
    assert log_events(f"{stamp}{KILLED}\n{stamp}sh invoked oom-killer: gfp_mask=0x1, order=0", reader) == []
    assert reader.account.others == 2


def test_after_a_reboot_the_kernels_clock_is_another() -> None:
    first, second = (event for event in log_events(f"[  600.123456] {KILLED}\n[   10.000000] {KILLED}"))
    assert first.clock != second.clock


ALL_LINES = "".join(LOGS_BY_KERNEL.values()).splitlines()


@given(st.lists(st.sampled_from(ALL_LINES), max_size=30), st.data())
def test_no_order_and_no_damage_ends_the_reading(lines: list[str], data: st.DataObject) -> None:
    damaged = []
    for line in lines:
        cut = data.draw(st.integers(0, len(line)))
        damaged.append(line[:cut] + data.draw(st.text(max_size=4)).replace("\n", " ") + line[cut + 1 :])
    reader = Reader()
    list(reader.read(Line("log", number, line) for number, line in enumerate(damaged, start=1)))
    assert reader.account.is_complete
