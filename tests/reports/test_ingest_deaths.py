"""Tests that each death is one, however many logs record it, with its killer and its doubts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.logs.deaths import KILLERS
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.deaths import deaths
from lmkd_core.logs.deaths import with_names
from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import MAX_NEARBY_GROUPS
from lmkd_core.logs.joins import WINDOW_MS
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line
from lmkd_core.logs.summary import summarise
from pytest_lmkd.cli import main

APP = "com.example.app"


def at(second: float) -> str:
    return f"09-07 01:{int(second) // 60:02d}:{second % 60:06.3f} "


def killinfo(second: float, pid: int = 4242, reason: int = 8) -> str:
    return at(second) + f" 177 177 I killinfo: [{pid},10123,906,201,200000,{reason}{',0' * 32}]"


def kill_line(second: float, pid: int = 4242, name: str = APP) -> str:
    return at(second) + (
        f" 177 177 I lowmemorykiller: Kill '{name}' ({pid}), uid 10123, oom_score_adj 906 to free 200000kB "
        "rss, 0kB swap; reason: low watermark is breached"
    )


def died(second: float, pid: int = 4242, name: str = APP) -> str:
    return at(second) + f" 700 800 I am_proc_died: [0,{pid},{name},906,19]"


def am_kill(second: float, pid: int = 4242, name: str = APP, reason: str = "empty #34") -> str:
    return at(second) + f" 700 800 I am_kill : [0,{pid},{name},906,{reason}]"


def mrelease(second: float, pid: int = 4242) -> str:
    return at(second) + f" 177 194 E lowmemorykiller: process_mrelease {pid} failed: No such process"


def exit_info(second: float, reason: str, *, pid: int = 4242, name: str = APP, more: str = "") -> str:
    words = {"subreason": "0 (UNKNOWN)", "status": "0", "description": "null"}
    words |= dict(part.split("=", 1) for part in more.split(";") if part)
    return (
        "        ApplicationExitInfo #0:\n"
        f"          timestamp=2026-{at(second).strip()} pid={pid} realUid=10123 packageUid=10123 user=0\n"
        f"          process={name} reason={reason} subreason={words['subreason']} status={words['status']}\n"
        f"          importance=400 pss=0.00 rss=200MB description={words['description']} state=empty "
        "trace=null"
    )


def oom(seconds: float, pid: int = 4242, name: str = "com.example.app") -> str:
    return (
        f"[{seconds:12.6f}] Out of memory: Killed process {pid} ({name}) total-vm:16kB, anon-rss:8kB, "
        "file-rss:4kB, shmem-rss:0kB, UID:10123 pgtables:4kB oom_score_adj:906"
    )


def reaped(seconds: float, pid: int = 4242, name: str = "com.example.app") -> str:
    left = "now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
    return f"[{seconds:12.6f}] oom_reaper: reaped process {pid} ({name}), {left}"


def records(*texts: str, file: str = "log") -> list[Event]:
    lines = "\n".join(texts).splitlines()
    return list(Reader().read(Line(file, number, line) for number, line in enumerate(lines, start=1)))


def deaths_in(*texts: str) -> tuple[Death, ...]:
    return deaths(records(*texts))


def the_death(*texts: str) -> Death:
    (death,) = deaths_in(*texts)
    return death


def test_five_records_of_one_kill_are_one_death() -> None:
    death = the_death(
        killinfo(1.0), died(1.5), kill_line(1.001), mrelease(1.01), exit_info(1.6, "3 (LOW_MEMORY)")
    )
    assert (death.killer, death.reason) == ("lmkd", "low watermark is breached")
    assert (death.pid, death.process, death.doubts) == (4242, APP, ())
    assert set(death.sources) == {"killinfo", "lmkd_kill", "am_proc_died", "exit_info", "mrelease_failure"}
    assert death.time == "09-07 01:00:01.000"


@pytest.mark.parametrize(
    ("texts", "killer", "reason"),
    [
        ((killinfo(1),), "lmkd", "LOW_MEM"),
        ((killinfo(1, reason=14),), "lmkd", "reason 14, unknown to AOSP"),
        ((oom(100),), "kernel-oom", "out of memory"),
        ((am_kill(1), died(1.1)), "framework", "empty #34"),
        ((am_kill(1), exit_info(1.1, "13 (OTHER KILLS BY SYSTEM)")), "framework", "empty #34"),
        ((exit_info(1, "2 (SIGNALED)", more="status=9"), died(1)), "signal", "signal 9"),
        ((exit_info(1, "1 (EXIT_SELF)"),), "itself", "EXIT_SELF"),
        ((exit_info(1, "4 (APP CRASH)"), am_kill(1, reason="crash")), "crash", "APP CRASH"),
        ((exit_info(1, "6 (ANR)"),), "anr", "ANR"),
        ((exit_info(1, "14 (FREEZER)"), am_kill(1, reason="sync binder")), "freezer", "FREEZER"),
        ((exit_info(1, "17 (MEMORY_LIMITER)"),), "memory-limiter", "MEMORY_LIMITER"),
        ((died(1),), "unknown", "no reason logged"),
        ((exit_info(1, "0 (UNKNOWN)"),), "unknown", "UNKNOWN"),
        (
            (exit_info(1, "10 (USER REQUESTED)", more="subreason=21 (FORCE STOP)"),),
            "framework",
            "USER REQUESTED, FORCE STOP",
        ),
        (
            (exit_info(1, "13 (OTHER)", more="description=MemoryLimiter:AnonSwap"),),
            "memory-limiter",
            "OTHER, MemoryLimiter:AnonSwap",
        ),
    ],
)
def test_the_killer_and_the_reason_follow_from_the_records(
    texts: tuple[str, ...], killer: str, reason: str
) -> None:
    death = the_death(*texts)
    assert (death.killer, death.reason, death.doubts) == (killer, reason, ())
    assert death.killer in KILLERS


@pytest.mark.parametrize(
    ("texts", "killer", "doubt"),
    [
        ((exit_info(1, "3 (LOW_MEMORY)"),), "lmkd", "the log has no record from lmkd itself"),
        (
            (exit_info(1, "3 (LOW_MEMORY)", more="subreason=30 (OOM KILL)"),),
            "kernel-oom",
            "the log has no record from kernel-oom itself",
        ),
        (
            (kill_line(1), exit_info(1.1, "2 (SIGNALED)", more="status=9")),
            "lmkd",
            "exit-info reports signal 9: lmkd's kills are not reported to it",
        ),
        ((kill_line(1), exit_info(1.1, "6 (ANR)")), "lmkd", "exit-info reports ANR"),
        ((kill_line(1), am_kill(1.2)), "lmkd", "framework also reports this kill: empty #34"),
        ((am_kill(1), exit_info(1.2, "3 (LOW_MEMORY)")), "framework", "exit-info reports LOW_MEMORY"),
    ],
)
def test_records_that_disagree_give_a_doubt(texts: tuple[str, ...], killer: str, doubt: str) -> None:
    death = the_death(*texts)
    assert death.killer == killer
    assert len(death.doubts) == 1
    assert doubt in death.doubts[0]


def test_a_pid_used_again_is_another_death() -> None:
    """Within the window too: the names differ, and a death before the kill was not by it."""
    first, second = deaths_in(
        kill_line(1), died(1.2), died(6, name="com.example.other"), exit_info(1.3, "3 (LOW_MEMORY)")
    )
    assert (first.process, set(first.sources)) == (APP, {"lmkd_kill", "am_proc_died", "exit_info"})
    assert (second.process, second.killer) == ("com.example.other", "unknown")


def test_a_kill_without_a_name_is_not_of_the_process_that_had_the_pid_before() -> None:
    first, second = deaths_in(died(1), killinfo(5), died(5.2, name="com.example.other"))
    assert (first.process, first.killer) == (APP, "unknown")
    assert (second.process, second.killer) == ("com.example.other", "lmkd")


def test_the_same_process_dying_again_later_is_another_death() -> None:
    later = 1 + WINDOW_MS / 1000 + 1
    assert len(deaths_in(kill_line(1), died(later))) == 2
    assert [len(death.sources) for death in deaths_in(kill_line(1), died(2), kill_line(4), died(5))] == [2, 2]


def test_a_record_joins_the_nearer_of_two_kills_of_its_pid() -> None:
    first, second = deaths_in(
        kill_line(1), kill_line(6), killinfo(1.001, reason=3), killinfo(6.001, reason=8), mrelease(6.01)
    )
    assert [record.fields.get("kill_reasons") for record in first.records] == [None, 3]
    assert [record.fields.get("kill_reasons") for record in second.records] == [None, 8, None]


def test_after_a_reboot_with_the_clock_back_pids_mean_other_processes() -> None:
    before, after = deaths_in(
        kill_line(50), died(50.2), kill_line(2, name="com.example.other"), died(2.1, name="com.example.other")
    )
    assert (before.process, after.process) == (APP, "com.example.other")
    assert [len(death.sources) for death in (before, after)] == [2, 2]


def test_after_a_reboot_the_same_second_of_the_kernels_clock_is_another_time() -> None:
    joined = deaths_in(oom(100.5), reaped(100.6), "[    0.000000] Booting Linux", oom(99), reaped(99.1))
    assert [death.sources for death in joined] == [("oom_kill", "oom_reaped")] * 2


def test_the_kernels_record_joins_by_pid_and_cut_name() -> None:
    name = "com.example.a.long.name:service"
    by_signal = exit_info(5.1, "2 (SIGNALED)", name=name, more="status=9")
    death = the_death(oom(100, name=name[-15:]), died(5, name=name), by_signal)
    assert (death.killer, death.process) == ("kernel-oom", name)
    assert set(death.sources) == {"oom_kill", "am_proc_died", "exit_info"}
    assert death.doubts == ()


def test_the_kernels_record_joins_nothing_when_two_could_be_meant() -> None:
    assert len(deaths_in(oom(100), died(5), died(500))) == 3
    assert len(deaths_in(oom(100, name="other"), died(5))) == 2
    assert len(deaths_in(oom(100), killinfo(5))) == 2  # killinfo has no name


def test_the_kernels_record_in_logcat_joins_by_time() -> None:
    in_logcat = at(5) + " 0 0 E         : " + oom(0).partition("] ")[2]
    joined = deaths_in(in_logcat, died(5.5), died(500))
    assert [death.killer for death in joined] == ["kernel-oom", "unknown"]


def test_records_of_two_bug_reports_are_of_two_deaths() -> None:
    first, second = records(kill_line(1), file="a.zip!main.txt"), records(died(1.1), file="b.zip!main.txt")
    assert len(deaths([*first, *second])) == 2
    same = records(died(1.1), file="a.zip!events.txt")
    assert len(deaths([*first, *same])) == 1


def test_a_record_that_a_bug_report_has_twice_is_one() -> None:
    twice = [*records(kill_line(1), died(1.2)), *records(kill_line(1), died(1.2), file="again")]
    assert len(deaths(twice)) == 1


def test_logs_without_times_join_by_pid_when_only_two_could_be_meant() -> None:
    brief = [text.split(" I ", 1)[1] for text in (killinfo(1), kill_line(1))]
    untimed = [f"I/{text.replace(': ', '( 177): ', 1)}" for text in brief]
    assert set(the_death(*untimed).sources) == {"killinfo", "lmkd_kill"}


def test_killinfo_gets_the_name_of_another_record_and_names_its_type() -> None:
    events = records(killinfo(1), died(1.2))
    named, notice = with_names(events, deaths(events))
    assert (named.fields["process"], named.fields["process_from"]) == (APP, "am_proc_died")
    assert "process_from" not in notice.fields
    assert "process" not in events[0].fields  # the records themselves stay unchanged


def test_the_json_ends_with_the_deaths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join((killinfo(1), died(1.2), oom(100, pid=7, name="sh"))))
    assert main(["ingest", str(path), "--json"]) == 0
    printed = capsys.readouterr()
    objects = [json.loads(line) for line in printed.out.splitlines()]
    assert [item["type"] for item in objects] == ["killinfo", "am_proc_died", "oom_kill", "death", "death"]
    assert objects[0]["process_from"] == "am_proc_died"
    assert objects[3] == {
        "type": "death",
        "killer": "lmkd",
        "reason": "LOW_MEM",
        "pid": 4242,
        "process": APP,
        "uid": 10123,
        "oom_score_adj": 906,
        "rss_kb": 200000,
        "swap_kb": 0,
        "time": "09-07 01:00:01.000",
        "sources": {"killinfo": f"{path}:1", "am_proc_died": f"{path}:2"},
        "doubts": [],
        "in_use": False,
        "kill_to_died_ms": 200,
    }
    assert "2 deaths, by killer:" in printed.err
    assert "kernel-oom 1" in " ".join(printed.err.split())


def test_kills_of_different_bug_reports_are_no_cascade() -> None:
    first, second = (records(kill_line(1, pid=pid), file=f"{pid}.zip!x") for pid in (1, 2))
    assert summarise([*first, *second]).cascades == ()
    assert len(summarise(records(kill_line(1, pid=1), kill_line(1, pid=2))).cascades) == 1


def test_the_terminal_shows_twenty_cascades_and_counts_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(
        "\n".join(kill_line(10 * number + more, 10 * number) for number in range(1, 26) for more in (0, 0.05))
    )
    assert main(["ingest", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.count("cascade of 2 kills") == 20
    assert "5 more cascades; --html shows the longest ones" in text


TEXTS = (killinfo, kill_line, died, am_kill, mrelease, oom, reaped)


@given(st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(0, 30), st.integers(1, 3)), max_size=40))
def test_every_claim_and_notice_is_in_one_death(drawn: list[tuple[object, int, int]]) -> None:
    events = records(*(text(second, pid=pid) for text, second, pid in drawn))  # type: ignore[operator]
    parts = [record for death in deaths(events) for record in death.records]
    assert len({id(record) for record in parts}) == len(parts)
    joining = {"killinfo", "lmkd_kill", "am_proc_died", "am_kill", "oom_kill"}
    kept = {json.dumps(record.fields | {"line": 0}, sort_keys=True) for record in parts}
    for record in events:
        assert record.type not in joining or json.dumps(record.fields | {"line": 0}, sort_keys=True) in kept


@given(st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(0, 30), st.integers(1, 3)), max_size=40))
def test_a_death_has_one_pid_and_each_kind_of_record_once(drawn: list[tuple[object, int, int]]) -> None:
    lines = (text(second, pid=2000 + number) for text, second, number in drawn)  # type: ignore[operator]
    for death in deaths(records(*lines)):
        assert {record.fields["pid"] for record in death.records} == {death.pid}
        assert len(set(death.sources)) == len(death.sources)


def test_one_pid_that_dies_without_end_takes_no_time_without_end() -> None:
    """A log made to be slow: the number of groups to compare with is bounded."""
    events = records(*(am_kill(1 + number / 1000, pid=1, name=f"a{number}") for number in range(3000)))
    assert len(deaths(events)) == len(events) > 40 * MAX_NEARBY_GROUPS
