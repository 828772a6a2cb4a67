"""Tests the parsers of field logs: every known layout, the certain fields of others, and the count of lines.

Lines are as devices printed them (public issue reports; some names changed), or made up where noted.
"""

# ruff: noqa: E501 - lines of logs are as long as they are

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.logs.activity import parse_am_kill
from lmkd_core.logs.activity import parse_am_proc_died
from lmkd_core.logs.carriers import parse_entry
from lmkd_core.logs.events import Event
from lmkd_core.logs.exit_info import parse_exit_info
from lmkd_core.logs.killinfo import LAYOUTS
from lmkd_core.logs.killinfo import parse_killinfo
from lmkd_core.logs.killinfo import reason_name
from lmkd_core.logs.lmkd import parse_kill
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line
from lmkd_core.logs.sources import read_blocks
from lmkd_core.logs.summary import summarise
from pytest_lmkd.cli import main

KILLINFO = (
    "[23908,10448,915,201,173576,14,93812,638636,34000,1436,53000,4288,2664712,478784,584484,540460,211764,"
    "374244,84116,332916,88448,119632,0,0,840,1016,104,11,0,29268,254540,5,10,2.730000,1.010000,3.010000,"
    "0.650000,11.110000]"
)
CASCADE = """\
09-07 01:55:44.794 I lowmemorykiller: Kill 'com.google.android.gms.persistent' (3946), uid 10144, oom_score_adj 100 \
to free 266188kB rss, 0kB swap; reason: min watermark is breached even after kill
09-07 01:55:44.851 I lowmemorykiller: Kill 'com.google.android.apps.wellbeing' (3739), uid 10143, oom_score_adj 0 \
to free 303608kB rss, 0kB swap; reason: min watermark is breached even after kill
09-07 01:55:45.177 I lowmemorykiller: Kill 'com.example.launcher' (2880), uid 10174, oom_score_adj 0 \
to free 193504kB rss, 0kB swap; reason: min watermark is breached even after kill
09-07 01:55:45.857 I lowmemorykiller: Kill 'dev.mobile.maestro' (5126), uid 10338, oom_score_adj 0 \
to free 179924kB rss, 0kB swap; reason: min watermark is breached even after kill
"""
MRELEASE = "06-13 20:37:48.876   177   194 E lowmemorykiller: process_mrelease 1830 failed: No such process"
EXIT_INFO = """\
  package: com.example.a
    Historical Process Exit for uid=10463
        ApplicationExitInfo #0:
          timestamp=2026-09-25 00:33:03.880 pid=4189 realUid=10463 packageUid=10463 definingUid=10463 user=0
          process=com.example.a reason=3 (LOW_MEMORY) subreason=0 (UNKNOWN) status=0
          importance=100 pss=0.00 rss=2.5GB description=null state=empty trace=null
        ApplicationExitInfo #1:
          timestamp=2026-09-24 23:24:02.592 pid=5586 realUid=10463 packageUid=10463 definingUid=10463 user=0
          process=com.example.a:x reason=2 (SIGNALED) subreason=0 (UNKNOWN) status=9
          importance=100 pss=0.00 rss=270MB description=stop a = b due to reason=x state=empty trace=null
"""


def log_events(text: str, reader: Reader | None = None) -> list[Event]:
    lines = [Line("log", number, line) for number, line in enumerate(text.splitlines(), start=1)]
    return list((reader or Reader()).read(lines))


def test_a_killinfo_of_android_13_has_all_of_aosps_fields() -> None:
    fields = parse_killinfo(KILLINFO)
    assert (fields["pid"], fields["uid"], fields["oom_score_adj"], fields["MinOomAdj"]) == (
        23908,
        10448,
        915,
        201,
    )
    assert (fields["TaskSize"], fields["kill_reasons"], fields["reason_name"]) == (173576, 14, "unknown")
    assert (fields["MemFree"], fields["SwapFree"], fields["CmaFree"]) == (93812, 478784, 840)
    assert (fields["MsSinceEvent"], fields["TaskSwapSize"], fields["GPU"]) == (1016, 29268, 254540)
    assert (fields["Thrashing"], fields["MaxThrashing"]) == (5, 10)
    assert (fields["PsiMemSome"], fields["PsiCpuSome"]) == (2.73, 11.11)
    assert "not_understood" not in fields


@pytest.mark.parametrize("length", [25, 31, 38])
def test_every_aosp_layout_is_recognised_by_its_length(length: int) -> None:
    fields = parse_killinfo("[" + ",".join(str(number) for number in range(length)) + "]")
    named = {name: fields[name] for name in LAYOUTS[length]}
    assert list(named.values()) == list(range(length))


def test_a_vendors_layout_keeps_the_certain_fields() -> None:
    """Made up: 47 values, as one vendor has them."""
    fields = parse_killinfo(KILLINFO[:-1] + ",1,2,3,4,5,6,7,8,9]")
    assert (fields["pid"], fields["kill_reasons"]) == (23908, 14)
    assert "MemFree" not in fields
    assert fields["not_understood"].startswith(
        "47 values match no layout of AOSP's; after the first 6: 93812,"
    )


def test_a_process_name_before_the_numbers_is_a_process_name() -> None:
    fields = parse_killinfo("[com.example.a," + KILLINFO[1:])
    assert (fields["process"], fields["pid"], fields["PsiCpuSome"]) == ("com.example.a", 23908, 11.11)


@pytest.mark.parametrize(
    "message", ["", "[]", "[1,2,3]", "[1,2,x,4,5,6]", "nonsense", "[" + "9" * 30 + ",1,1,1,1,1]"]
)
def test_other_text_than_killinfo_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match="killinfo"):
        parse_killinfo(message)


@pytest.mark.parametrize(
    ("reason", "name"),
    [(0, "PRESSURE_AFTER_KILL"), (9, "DIRECT_RECL_STUCK"), (14, "unknown"), (1007, "VENDOR_7")],
)
def test_reasons_have_aosps_names(reason: int, name: str) -> None:
    assert reason_name(reason) == name


KILL = "Kill 'com.example.a' (3946), uid 10144, "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            KILL + "oom_adj 906 to free 1234kB; reason: low",
            {"rss_kb": 1234, "oom_score_adj": 906, "reason": "low"},
        ),
        (KILL + "oom_score_adj 0 to free 5kB rss, 6kB swap; reason: x; y", {"swap_kb": 6, "reason": "x; y"}),
        (KILL + "oom_score_adj 0 to free 5kB rss, 6kb swap", {"rss_kb": 5, "swap_kb": 6, "reason": None}),
        (
            KILL + "oom_score_adj 0 to free 5kB rss, 4 kB anon rss, 3 kB swap, 2 kB dmabuf_pss; reason: x",
            {"rss_kb": 5, "anon_rss_kb": 4, "swap_kb": 3, "dmabuf_pss_kb": 2},
        ),
        (
            KILL + "oom_score_adj 0 to free 5kB rss, plenty; reason: x",
            {"rss_kb": 5, "not_understood": "plenty"},
        ),
        (
            "Kill 'a' (1)' (3946), uid 10144, oom_score_adj -5 to free 5kB",
            {"process": "a' (1)", "oom_score_adj": -5},
        ),
    ],
)
def test_kill_lines_of_all_ages(line: str, expected: dict[str, Any]) -> None:
    fields = parse_kill(line)
    assert {name: fields.get(name) for name in expected} == expected
    assert (fields["pid"], fields["uid"]) == (3946, 10144)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("[0,4579,com.example.a,999,empty #34]", {"oom_score_adj": 999, "reason": "empty #34"}),
        (
            "[0,31426,a,0,stop a due to clear data,469716]",
            {"reason": "stop a due to clear data", "rss": 469716},
        ),
        ("[0,31426,a,0,stop a, b, and c,469716]", {"reason": "stop a, b, and c", "rss": 469716}),
        ("[0,31426,a,0,stop a, b]", {"reason": "stop a, b"}),
    ],
)
def test_am_kill_with_and_without_a_size(message: str, expected: dict[str, Any]) -> None:
    fields = parse_am_kill(message)
    assert {name: fields.get(name) for name in expected} == expected
    assert set(fields) - {"rss"} == {"user", "pid", "process", "oom_score_adj", "reason"}


def test_am_proc_died_with_values_that_only_some_builds_have() -> None:
    assert parse_am_proc_died("[0,3968,com.example.b,920,19]")["proc_state"] == 19
    assert parse_am_proc_died("[0,3968,com.example.b]")["process"] == "com.example.b"
    assert parse_am_proc_died("[0,4579,com.example.a,999,19,887,2356]")["not_understood"] == "887,2356"


def test_exit_info_has_reasons_sizes_and_descriptions() -> None:
    low, signaled = log_events(EXIT_INFO)
    assert low.fields == {
        "type": "exit_info",
        "file": "log",
        "line": 3,
        "pid": 4189,
        "uid": 10463,
        "timestamp": "2026-09-25 00:33:03.880",
        "packageUid": 10463,
        "definingUid": 10463,
        "user": 0,
        "process": "com.example.a",
        "reason": 3,
        "reason_name": "LOW_MEMORY",
        "subreason": 0,
        "subreason_name": "UNKNOWN",
        "status": 0,
        "importance": 100,
        "pss_kb": 0,
        "rss_kb": 2621440,
        "description": None,
        "state": "empty",
        "trace": None,
    }
    assert (signaled.fields["status"], signaled.fields["rss_kb"]) == (9, 276480)
    assert signaled.fields["description"].startswith("stop a = b due to")


@pytest.mark.parametrize(
    "line",
    [
        "09-07 01:55:44.794  1705  3060 I killinfo: " + KILLINFO,
        "2026-09-07 01:55:44.794  1705  3060 I killinfo: " + KILLINFO,
        "2026-09-07 01:55:44.794 +0200  logd  1705  3060 I killinfo: " + KILLINFO,
        "09-07 01:55:44.794  system  1705  3060 I killinfo : " + KILLINFO,
        "09-07 01:55:44.794 I killinfo: " + KILLINFO,
        "09-07 01:55:44.794 I/killinfo( 1705): " + KILLINFO,
        "         1788746144.794  1705  3060 I killinfo: " + KILLINFO,
        "I/killinfo( 1705): " + KILLINFO,
        "I/killinfo: " + KILLINFO,
    ],
)
def test_all_of_logcats_formats_are_read(line: str) -> None:
    (event,) = log_events(line)
    assert (event.type, event.fields["pid"]) == ("killinfo", 23908)
    assert (event.time_ms is None) == line.startswith("I/")


def test_times_are_kept_as_printed_and_compared_in_ms() -> None:
    first, second = (parse_entry(f"12-31 23:59:59.{ms} I tag: x") for ms in ("001", "998999"))
    assert (
        first is not None and second is not None and first.time_ms is not None and second.time_ms is not None
    )
    assert (first.time, second.time_ms - first.time_ms) == ("12-31 23:59:59.001", 997)


def test_a_cascade_is_found_with_its_length() -> None:
    summary = summarise(log_events(CASCADE))
    (cascade,) = summary.cascades
    assert (len(cascade.kills), cascade.lasted_ms) == (4, 1063)


def test_kills_that_have_nothing_to_do_with_each_other_are_no_cascade() -> None:
    later = CASCADE.splitlines()[3].replace("01:55:45", "09:00:00")
    apart = CASCADE.splitlines()[0] + "\n" + later
    assert summarise(log_events(apart)).cascades == ()
    plain = CASCADE.replace("min watermark is breached even after kill", "low watermark is breached")
    assert [len(cascade.kills) for cascade in summarise(log_events(plain)).cascades] == [2]  # 57 ms apart
    assert [len(cascade.kills) for cascade in summarise(log_events(plain), 1000).cascades] == [4]


def test_a_kill_in_both_buffers_counts_once() -> None:
    killinfo = "09-07 01:55:44.795 I killinfo: " + KILLINFO.replace("[23908", "[3946")
    (kill,) = summarise(log_events(f"{CASCADE.splitlines()[0]}\n{killinfo}")).kills
    assert (kill.fields["process"], kill.fields["MemFree"]) == ("com.google.android.gms.persistent", 93812)


def test_the_share_of_reaping_that_came_too_late_has_an_interval() -> None:
    summary = summarise(log_events(CASCADE + MRELEASE))
    assert summary.esrch is not None
    assert (summary.failures, summary.esrch.count, summary.esrch.total) == (1, 1, 4)
    assert summarise(log_events(MRELEASE)).esrch is None  # a truncated log has no share


MIXED = "\n".join(
    (
        CASCADE.rstrip(),
        MRELEASE,
        EXIT_INFO.rstrip(),
        "09-07 01:54:50.195 I am_low_memory: 20",
        "09-07 01:54:50.195 I lowmemorykiller: lmkd watchdog timed out!",
        "09-07 01:54:50.195 I killinfo: [1,2]",
        "09-07 01:54:50.195 I SomethingElse: Kill 'x'",
        "",
        "no log line at all",
    )
)


def test_every_line_is_accounted_for() -> None:
    reader = Reader()
    log_events(MIXED, reader)
    account = reader.account
    assert account.is_complete
    assert account.lines == len(MIXED.splitlines())
    assert account.parsed == {"lmkd_kill": 4, "mrelease_failure": 1, "exit_info": 2}
    assert account.continued == 6
    assert account.context == {"am_low_memory": 1, "lowmemorykiller": 1}
    assert list(map(str, account.not_understood)) == ["log:18: killinfo: killinfo starts with 6 integers"]


@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="\n\r"), max_size=80), max_size=20))
def test_no_text_ends_the_reading(lines: Sequence[str]) -> None:
    reader = Reader()
    list(reader.read(Line("log", number, line) for number, line in enumerate(lines, start=1)))
    assert reader.account.is_complete


@given(st.sampled_from(MIXED.splitlines()), st.data())
def test_no_damage_ends_the_reading(line: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(line)))
    damaged = line[:cut] + data.draw(st.text(max_size=5)).replace("\n", " ") + line[cut + 1 :]
    reader = Reader()
    list(reader.read([Line("log", 1, damaged)]))
    assert reader.account.is_complete


def lines_in(path: Path) -> tuple[list[Line], list[str]]:
    problems: list[str] = []
    lines = []
    for block in read_blocks(path, problems):
        texts = block.data.decode(errors="replace").lstrip("\ufeff").splitlines()
        lines += [Line(block.file, number, text) for number, text in enumerate(texts, start=block.number)]
    return lines, problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log.txt"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path.write_bytes(mark + CASCADE.encode(encoding))
    lines, problems = lines_in(path)
    assert ([line.text for line in lines], problems) == (CASCADE.splitlines(), [])


def test_bytes_of_no_encoding_are_replaced_and_the_rest_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"\xff\xfa\x80 broken\n" + CASCADE.encode())
    lines, _ = lines_in(path)
    assert [line.text for line in lines[1:]] == CASCADE.splitlines()


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def test_a_bugreport_is_read_member_by_member(tmp_path: Path) -> None:
    path = tmp_path / "bugreport.zip"
    members = {
        "bugreport-x.txt": CASCADE.encode(),
        "FS/data/x.png": b"\x89PNG\0\0",
        "log.txt": MRELEASE.encode(),
    }
    path.write_bytes(zipped(members))
    lines, problems = lines_in(path)
    assert problems == []
    assert [(line.file, line.number) for line in lines] == [
        *((f"{path}!bugreport-x.txt", number) for number in range(1, 5)),
        (f"{path}!log.txt", 1),
    ]


def test_gzip_is_read_and_a_cut_one_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    packed = gzip.compress((CASCADE * 200).encode())
    path.write_bytes(packed)
    assert len(lines_in(path)[0]) == 800
    path.write_bytes(packed[: len(packed) // 2])
    lines, (problem,) = lines_in(path)
    assert 0 < len(lines) < 800
    assert "not read to its end" in problem


def test_a_zip_bomb_ends_at_a_limit_and_earlier_members_count(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(
        zipped({"first.txt": CASCADE.encode(), "bomb.txt": b"a" * 200 * 1024**2, "z.txt": b"after\n"})
    )
    reader, problems = Reader(), list[str]()
    events = list(reader.read_blocks(read_blocks(path, problems)))
    assert len(events) == 4
    assert problems == [f"{path}!bomb.txt: not read to its end (it expands more than 500 times)"]
    assert reader.account.lines < 5000  # lines without an end come in pieces


def test_a_damaged_archive_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(zipped({"a.txt": b"x"})[:20])
    assert "no usable zip archive" in lines_in(path)[1][0]


def test_json_is_one_object_a_kill_and_the_summary_goes_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(MIXED)
    assert main(["ingest", str(path), "--json"]) == 0
    printed = capsys.readouterr()
    records = [json.loads(line) for line in printed.out.splitlines()]
    types = ["lmkd_kill"] * 4 + ["mrelease_failure"] + ["exit_info"] * 2
    assert [record["type"] for record in records] == types + ["death"] * 6
    assert all(
        {"type", "pid", "line", "file"} <= set(record) for record in records if record["type"] != "death"
    )
    assert "cascade of 4 kills within 1063 ms" in printed.err


def test_the_text_is_plain_and_narrow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.txt"
    path.write_text(CASCADE.replace("dev.mobile.maestro", "ü\x1b[31m<script>") + MRELEASE)
    assert main(["ingest", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.isascii() and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 72
    assert "process_mrelease failed 1 times, 1 of them ESRCH" in " ".join(text.split())


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", str(tmp_path / "absent")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_exit_info_without_a_pid_is_refused() -> None:
    with pytest.raises(ValueError, match="has a pid"):
        parse_exit_info(["timestamp=2026-09-25 00:33:03.880 user=0"])
