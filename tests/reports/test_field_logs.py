"""Tests logs as people have them: each kind of record in each layout and wrapping, reports, broken lines.

The readings of the reports in field_logs/ were written by hand; each is of another source. The corpus
compares a record in any layout with the same record in logcat's own.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from log_carriers import KERNELS_LAYOUTS
from log_carriers import KERNELS_MESSAGES
from log_carriers import LAYOUTS
from log_carriers import LISTS
from log_carriers import MESSAGES
from log_carriers import UNTAGGED_LAYOUTS
from log_carriers import WRAPPERS

from lmkd_core.logs.deaths import Death
from lmkd_core.logs.deaths import deaths
from lmkd_core.logs.reading import Account
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Block
from lmkd_core.logs.sources import Line
from lmkd_core.logs.sources import read_blocks

REPORTS = Path(__file__).parent / "field_logs"
EXPECTED = json.loads((REPORTS / "expected.json").read_text())
CONTAINERS = sorted((REPORTS / "containers").iterdir())
SIZES = {"rss": ("rss_kb", "TaskSize", "rss"), "swap": ("swap_kb", "TaskSwapSize")}


def read(text: str) -> tuple[Account, tuple[Death, ...]]:
    reader = Reader()
    events = list(reader.read_blocks([Block("log", 1, text.encode())]))
    return reader.account, deaths(events)


def read_file(path: Path) -> tuple[Account, tuple[Death, ...], list[str]]:
    reader, problems = Reader(), list[str]()
    events = list(reader.read_blocks(read_blocks(path, problems)))
    return reader.account, deaths(events), problems


def values(death: Death) -> dict[str, Any]:
    """What the readings in expected.json may name of a death."""
    fields = death.to_fields()
    sizes = {name: death.known(*fields) for name, fields in SIZES.items()}
    others = {"adj": fields.get("oom_score_adj"), "uid": fields.get("uid"), "process": death.process}
    dump = {"tasks": death.known("tasks"), "invoker": death.known("invoker")}
    return {"pid": death.pid or None, "killer": death.killer, **others, **sizes, **dump}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected["file"])
def test_a_report_is_read_as_a_careful_reader_does(expected: dict[str, Any]) -> None:
    account, found, _ = read_file(REPORTS / expected["file"])
    by_victim = {(death.pid or None, death.process if not death.pid else ""): death for death in found}
    assert len(found) == len(expected["deaths"]), account.not_understood
    for reading in expected["deaths"]:
        death = by_victim[reading["pid"], "" if reading["pid"] else reading["process"]]
        assert reading.get("reason", "").lower() in death.reason.lower()
        assert not reading.get("reaped") or "oom_reaped" in death.sources
        told = {name: value for name, value in reading.items() if name not in {"reason", "reaped"}}
        assert {name: value for name, value in values(death).items() if name in told} == told


@pytest.mark.parametrize("path", CONTAINERS, ids=lambda path: path.name)
def test_a_log_is_read_from_any_container(path: Path) -> None:
    account, found, problems = read_file(path)
    killers = {death.pid: death.killer for death in found}
    assert killers[3946] == "lmkd"
    if path.name == "cut_last_line.txt":
        assert account.refused == 1  # am_kill without values
    else:
        assert killers[24001] == "framework"
    assert bool(problems) == (
        ("cut." in path.name and path.suffix in {".zip", ".gz"}) or path.name == "gz_cut.gz"
    )


def plain_reading(tag: str, message: str) -> list[dict[str, Any]]:
    _, found = read(LAYOUTS["threadtime"](tag, message))
    return [{**values(death), "reason": death.reason} for death in found]


def reading(text: str) -> list[dict[str, Any]]:
    _, found = read(text)
    return [{**values(death), "reason": death.reason} for death in found]


def wrapped(text: str, wrapper: str) -> str:
    return "".join(f"{WRAPPERS[wrapper](line)}\n" for line in text.rstrip("\n").split("\n"))


@given(st.sampled_from(sorted(MESSAGES)), st.sampled_from(sorted(LAYOUTS | UNTAGGED_LAYOUTS)))
@settings(max_examples=300)
def test_every_record_reads_the_same_in_every_layout(kind: str, layout: str) -> None:
    tag, message = MESSAGES[kind]
    text = (LAYOUTS | UNTAGGED_LAYOUTS)[layout](tag, message)
    account, _ = read(text)
    if layout in UNTAGGED_LAYOUTS and kind in LISTS:
        assert reading(text) == []
    else:
        assert reading(text) == plain_reading(tag, message) != []
        assert account.not_understood == []


@given(
    st.sampled_from(sorted(MESSAGES)),
    st.sampled_from(("threadtime", "time", "brief", "Studio 2022", "Studio 2018")),
    st.sampled_from(sorted(WRAPPERS)),
)
@settings(max_examples=300)
def test_every_record_reads_the_same_in_every_wrapping(kind: str, layout: str, wrapper: str) -> None:
    tag, message = MESSAGES[kind]
    assert reading(wrapped(LAYOUTS[layout](tag, message), wrapper)) == plain_reading(tag, message)


@given(
    st.sampled_from(sorted(KERNELS_MESSAGES)),
    st.sampled_from(sorted(KERNELS_LAYOUTS)),
    st.sampled_from(
        ("nothing", "indent", "mail", "GitHub", "entities", "no-break spaces", "table", "number")
    ),
)
@settings(max_examples=300)
def test_every_kernels_record_reads_the_same_in_every_layout(kind: str, layout: str, wrapper: str) -> None:
    message = KERNELS_MESSAGES[kind]
    plain = reading(KERNELS_LAYOUTS["dmesg"](message))
    assert reading(wrapped(KERNELS_LAYOUTS[layout](message), wrapper)) == plain != []


LMKDS = [kind for kind, (_, message) in sorted(MESSAGES.items()) if "' (" in message]


@given(
    st.sampled_from(LMKDS),
    st.sampled_from(("threadtime", "time", "brief", "Studio 2018", "clock only")),
    st.integers(60, 110),
    st.sampled_from(("", "    ", "                    ", "> ")),
)
@settings(max_examples=200)
def test_a_broken_line_is_put_together(kind: str, layout: str, width: int, indent: str) -> None:
    tag, message = MESSAGES[kind]
    lines = textwrap.wrap(
        LAYOUTS[layout](tag, message), width, break_long_words=False, break_on_hyphens=False
    )
    assert reading(f"\n{indent}".join(lines)) == plain_reading(tag, message)


FIELD_BY_FIELD = """\
    ApplicationExitInfo #0:
      timestamp=2026-05-06 17:38:47.527
      pid=30643
      realUid=10078
      packageUid=10078
      definingUid=10078
      user=0
      process=com.example.app
      reason=1 (EXIT_SELF)
      subreason=17 (ISOLATED NOT NEEDED)
      status=0
      importance=400
      pss=0,00
      rss=1,2GB
      description=null
      state=empty
      trace=null
"""


def test_exit_info_may_have_a_line_for_each_field() -> None:
    (death,) = reading(FIELD_BY_FIELD)
    assert (death["killer"], death["pid"], death["rss"]) == ("itself", 30643, 1258291)


def test_two_lines_of_one_kill_with_another_program_between() -> None:
    """Lmkd of Android 8 and 9."""
    layout = LAYOUTS["threadtime"]
    text = "\n".join(
        (
            layout("lowmemorykiller", "Killing 'com.example.app' (4401), uid 10123, adj 906"),
            layout("Other", "a line between"),
            layout(
                "lowmemorykiller",
                "   to free 81920kB because system is under critical memory pressure oom_adj 6",
            ),
        )
    )
    (death,) = reading(text)
    assert (death["killer"], death["rss"], death["adj"]) == ("lmkd", 81920, 906)
    assert death["reason"] == "system is under critical memory pressure"


@pytest.mark.parametrize(
    "line",
    [
        LAYOUTS["threadtime"]("lowmemorykiller", "Kill com.example.app without a pid"),
        LAYOUTS["threadtime"]("lmkd", "Victim com.example.app was chosen, will be killed"),
        LAYOUTS["threadtime"](
            "lowmemorykiller", "to free 81920kB because system is under low memory pressure"
        ),
        LAYOUTS["threadtime"]("ActivityManager", "Killing something else"),
        LAYOUTS["threadtime"]("am_kill", "[0]"),
        "my phone says lowmemorykiller and then the app is gone",
        "[  600.123456] Out of memory: Killed process 7",
    ],
)
def test_a_line_that_speaks_of_a_kill_is_never_left_out_in_silence(line: str) -> None:
    account, found = read(line)
    assert (account.refused, len(account.not_understood), found) == (1, 1, ())


@pytest.mark.parametrize(
    "line",
    [
        LAYOUTS["threadtime"]("flutter", "Out of memory: Killed process 12 (x) is what the server said"),
        LAYOUTS["threadtime"](
            "MyTag", "lowmemorykiller: Kill 'com.example.app' (3946), uid 10144, oom_score_adj 1"
        ),
        LAYOUTS["threadtime"]("System.err", "Process com.example.app (pid 1) has died"),
        LAYOUTS["threadtime"]("lowmemorykiller", "Skipping kill; 79344 kB freed elsewhere."),
        LAYOUTS["threadtime"]("lowmemorykiller", "/proc/zoneinfo parse error"),
        "lmkd           543     1   12345   6789 do_epoll_wait      0 S lmkd",
        "    15,000K: lmkd (pid 543)",
        "/sys/module/lowmemorykiller/parameters/minfree: 18432,23040,27648",
    ],
)
def test_other_programs_and_other_lines_of_lmkds_tell_of_no_kill(line: str) -> None:
    account, found = read(line)
    assert (account.refused, found) == (0, ())


def lmkds(second: float, message: str) -> str:
    return f"09-07 01:00:{second:06.3f}  177  177 I lowmemorykiller: {message}"


KILL = "Kill 'com.example.app' (4242), uid 10123, oom_score_adj 906 to free 9kB rss, 0kB swap; reason: low"


def test_a_kill_that_failed_is_no_death() -> None:
    account, found = read(f"{lmkds(1, KILL)}\n{lmkds(1.001, 'Failed to kill process 4242')}")
    assert (account.parsed["lmkd_kill_failed"], found) == (1, ())


def test_a_failure_with_a_descriptor_for_a_pid_belongs_to_the_kill_before_it() -> None:
    """Android 13.0.0_r1 to r31."""
    _, (death,) = read(f"{lmkds(1, KILL)}\n{lmkds(1.002, 'process_mrelease 57 failed: No such process')}")
    assert set(death.sources) == {"lmkd_kill", "mrelease_failure"}
    assert death.pid == 4242


def test_a_reaping_that_worked_is_a_record_of_the_death() -> None:
    _, (death,) = read(f"{lmkds(1, KILL)}\n{lmkds(1.02, 'Process 4242 was reaped in 12ms')}")
    assert death.known("reaped_ms") == 12


def died(day: str, time: str) -> str:
    return f"{day} {time}  700  800 I am_proc_died: [0,4242,com.example.app,906,19]"


def test_a_death_over_the_turn_of_the_year_is_one() -> None:
    kill = f"12-31 23:59:59.900  177  177 I lowmemorykiller: {KILL}"
    _, (death,) = read(f"{kill}\n{died('01-01', '00:00:00.400')}")
    assert death.killer == "lmkd"


@pytest.mark.parametrize("notice", [died("09-06", "23:00:00.000"), died("12-24", "08:00:00.000")])
def test_a_death_at_which_the_clock_was_set_is_one(notice: str) -> None:
    _, (death,) = read(f"{lmkds(1, KILL)}\n{notice}")
    assert (death.killer, death.doubts) == ("lmkd", ())


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(sorted(MESSAGES)), st.sampled_from(sorted(LAYOUTS))).map(
                lambda drawn: LAYOUTS[drawn[1]](*MESSAGES[drawn[0]])
            ),
            st.sampled_from(("nothing", "", "09-07 01:55:44.794   479   479 I Other   : x", "    indented")),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_block_reads_as_its_lines_do(texts: list[str]) -> None:
    lines = [line for text in texts for line in text.split("\n")]
    by_line, by_block = Reader(), Reader()
    single = list(by_line.read(Line("log", number, line) for number, line in enumerate(lines, start=1)))
    data = "".join(f"{line}\n" for line in lines).encode()
    whole = list(by_block.read_blocks([Block("log", 1, data)]))
    assert [event.fields for event in single] == [event.fields for event in whole]
    assert by_line.account.parsed == by_block.account.parsed
    assert by_line.account.others == by_block.account.others


@pytest.mark.parametrize("following", ["  package: com.example.app", "    dumpsys output", "ends here", ""])
def test_a_whole_record_takes_nothing_from_the_text_behind_it(following: str) -> None:
    tag, message = MESSAGES["am_proc_died"]
    assert reading(f"{LAYOUTS['threadtime'](tag, message)}\n{following}") == plain_reading(tag, message)
