"""Kernel OOM kills in logs: every kernel's layout, every prefix, and dumps that belong to other kills."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oom_logs import LINUX_4_14
from oom_logs import LINUX_5_4
from oom_logs import LINUX_5_10
from oom_logs import LINUX_6_12
from oom_logs import OF_KERNEL

from lmkd_core.logs.kernel import parse_kernel_line
from lmkd_core.logs.reading import Event
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line

AT_0907_MS = (((244 + 7) * 24 + 1) * 60 + 55) * 60_000 + 44_794
"""09-07 01:55:44.794 in a leap year."""

KILLED = (
    "Out of memory: Killed process 4242 (com.example.app) total-vm:16kB, anon-rss:8kB, file-rss:4kB, "
    "shmem-rss:0kB, UID:10123 pgtables:4kB oom_score_adj:906"
)


def events_of(text: str, reader: Reader | None = None) -> list[Event]:
    lines = [Line("dmesg", number, line) for number, line in enumerate(text.splitlines(), start=1)]
    return list((reader or Reader()).read(lines))


def kills_of(text: str) -> list[dict[str, Any]]:
    return [event.fields for event in events_of(text) if event.type == "oom_kill"]


@pytest.mark.parametrize("kernel", list(OF_KERNEL))
def test_every_kernels_kill_tells_sizes_invoker_and_tasks(kernel: str) -> None:
    told = kills_of(OF_KERNEL[kernel])[0]
    assert (told["total_vm_kb"], told["anon_rss_kb"], told["file_rss_kb"], told["shmem_rss_kb"]) == (
        1600000,
        180000,
        20000,
        0,
    )
    assert (told["order"], told["tasks"]) == (0, 2)
    assert int(told["gfp_mask"], 16) > 0
    assert told["gfp"].startswith("GFP_HIGHUSER_MOVABLE")
    assert told["scope"] == ("memcg" if kernel in {"4.19", "6.12"} else "global")


@pytest.mark.parametrize("kernel", [kernel for kernel in OF_KERNEL if kernel != "4.14"])
def test_every_kernels_table_has_the_victims_row(kernel: str) -> None:
    row = kills_of(OF_KERNEL[kernel])[0]["task"]
    expected = {"uid": 10123, "tgid": 4242, "total_vm": 400000, "rss": 50000, "swapents": 12000}
    assert {name: row[name] for name in expected} == expected
    assert row["oom_score_adj"] == 906
    assert ("rss_anon" in row) == (kernel == "6.12")
    assert ("nr_ptes" in row) == (kernel == "4.9")


@pytest.mark.parametrize("kernel", list(OF_KERNEL))
def test_every_line_of_a_dump_is_accounted_for(kernel: str) -> None:
    reader = Reader()
    events_of(OF_KERNEL[kernel], reader)
    assert reader.account.is_complete
    assert reader.account.not_understood == []
    assert reader.account.others == (1 if kernel == "4.9" else 0)  # of the stack, in that fixture


def test_a_child_may_die_for_the_chosen_process() -> None:
    (told,) = kills_of(LINUX_4_14)
    assert (told["pid"], told["process"], told["score"]) == (4250, "a child", 930)
    assert "task" not in told  # it has no row of its own


def test_the_newer_kernels_tell_constraint_cgroup_uid_and_adj() -> None:
    told = kills_of(LINUX_6_12)[0]
    assert (told["constraint"], told["memcg"]) == ("CONSTRAINT_MEMCG", "/apps/uid_10123")
    assert (told["uid"], told["oom_score_adj"], told["pgtables_kb"]) == (10123, 906, 412)
    assert (told["invoker"], told["invoker_oom_score_adj"]) == ("binder:321_4", -900)


def test_bytes_that_kernels_before_5_5_called_kb_are_told_in_kb() -> None:
    assert [kills_of(text)[0]["pgtables_kb"] for text in (LINUX_5_4, LINUX_5_10)] == [412, 412]


def test_a_whole_group_dies_by_one_dump() -> None:
    first, second = kills_of(LINUX_6_12)
    assert (first["pid"], second["pid"]) == (4242, 4243)
    assert first["invoker"] == second["invoker"] == "binder:321_4"


def test_a_dump_is_of_the_next_kill_only() -> None:
    """The kernel leaves dumps out when it kills often."""
    _, second = kills_of(LINUX_5_10 + f"[  501.000001] {KILLED}")
    assert "invoker" not in second and "tasks" not in second


def test_a_dump_of_another_process_is_not_this_kills() -> None:
    exiting = "\n".join(line for line in LINUX_5_10.splitlines() if "Killed process" not in line)
    (told,) = kills_of(exiting + f"\n[  501.000001] {KILLED.replace('4242', '4343')}")
    assert "invoker" not in told


def test_a_dump_that_was_cut_off_tells_nothing_of_another_files_kill() -> None:
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
    (event,) = events_of(prefix + KILLED)
    assert (event.type, event.fields["pid"], event.fields["scope"]) == ("oom_kill", 4242, "global")
    assert (event.time_ms, event.fields["oom_score_adj"]) == (time_ms, 906)


@pytest.mark.parametrize("kernel", list(OF_KERNEL))
def test_a_dump_in_logcats_kernel_buffer_is_the_same_dump(kernel: str) -> None:
    """Whether logd takes what stands before the first colon for the tag or has none."""
    texts = [parse_kernel_line(line).text for line in OF_KERNEL[kernel].splitlines()]
    (told, *_), (direct, *_) = (
        kills_of("\n".join(f"09-07 01:55:44.794     0     0 W {tag}{text}" for text in texts))
        for tag in ("        : ", "")
    )
    raw = kills_of(OF_KERNEL[kernel])[0]
    for name in ("invoker", "gfp_mask", "tasks"):
        assert told[name] == raw[name]
    for name in ("invoker", "gfp_mask"):
        assert direct[name] == raw[name]  # a row without a colon is no line of logcat then


def test_a_row_of_the_table_is_no_caller_id() -> None:
    assert parse_kernel_line("[  1.000001] [   4242] 10123 x").text == "[   4242] 10123 x"


@pytest.mark.parametrize(
    ("line", "told"),
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
def test_the_oom_reaper_tells_what_is_left(line: str, told: dict[str, Any]) -> None:
    (event,) = events_of(f"[  600.123456] {line}")
    assert {name: event.fields[name] for name in told} == told
    assert event.type == "oom_reaped"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Killed process 7 (a (b) c) total-vm:4kB, anon-rss:1kB, file-rss:2kB", {"process": "a (b) c"}),
        ("Killed process 7 (a), UID 1000, total-vm:4kB, anon-rss:1kB", {"uid": 1000}),
        (
            "Out of memory (oom_kill_allocating_task): Killed process 7 (a) total-vm:4kB, anon-rss:1kB",
            {"scope": "allocating-task"},
        ),
    ],
)
def test_other_forms_of_a_kill(line: str, told: dict[str, Any]) -> None:
    (fields,) = kills_of(line)
    assert {name: fields[name] for name in told} == told
    assert (fields["pid"], fields["anon_rss_kb"]) == (7, 1)


def test_a_kill_without_sizes_is_quoted_as_not_understood() -> None:
    reader = Reader()
    assert events_of("[  600.123456] Out of memory: Killed process 7 (a)", reader) == []
    (one,) = reader.account.not_understood
    assert (str(one), one.text) == (
        "dmesg:1: oom_killer: an OOM kill has pid, name and sizes",
        "[  600.123456] Out of memory: Killed process 7 (a)",
    )


def test_an_app_that_logs_such_words_is_no_kernel() -> None:
    stamp = "09-07 01:55:44.794  1705  3060 E MyApp   : "
    reader = Reader()
    assert events_of(f"{stamp}{KILLED}\n{stamp}sh invoked oom-killer: gfp_mask=0x1, order=0", reader) == []
    assert reader.account.others == 2


def test_after_a_reboot_the_kernels_clock_is_another() -> None:
    first, second = (event for event in events_of(f"[  600.123456] {KILLED}\n[   10.000000] {KILLED}"))
    assert first.clock != second.clock


ALL_LINES = "".join(OF_KERNEL.values()).splitlines()


@given(st.lists(st.sampled_from(ALL_LINES), max_size=30), st.data())
def test_no_order_and_no_damage_ends_the_reading(lines: list[str], data: st.DataObject) -> None:
    damaged = []
    for line in lines:
        cut = data.draw(st.integers(0, len(line)))
        damaged.append(line[:cut] + data.draw(st.text(max_size=4)).replace("\n", " ") + line[cut + 1 :])
    reader = Reader()
    list(reader.read(Line("log", number, line) for number, line in enumerate(damaged, start=1)))
    assert reader.account.is_complete
