"""lmkd's policy as a pure function: reason, lowest oom_score_adj and victim, by a table of inputs.

The expectations follow AOSP's lmkd.cpp (Android 16): the order of its tests and their bounds. The C code runs
under ASan and UBSan.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sanitized import build_sanitized

from pytest_lmkd.pressure.profiles import LOW_RAM

pytestmark = pytest.mark.compiler

SAMPLES = Path(__file__).with_name("samples")
"""/proc files of a Linux 6.18 machine (x86, 8 GB, no swap)."""

MIN_KB, LOW_KB, HIGH_KB = 1000, 2000, 3000
CALM = (
    f"min={MIN_KB} low={LOW_KB} high={HIGH_KB} mem_free=10000 inactive_file_kb=90000 "
    "swap_total=10000 swap_free=10000 nr_active_file=499 nr_inactive_file=500"
)
"""No pressure. 999 file pages: a refault is a tenth of a percent of thrashing."""

FIRST = f"decide now_ms=5000 {CALM} kswapd=1"
"""The first evaluation of lmkd starts the first window of a second."""

RECLAIM = "kswapd=2"
BELOW_MIN, BELOW_LOW, BELOW_HIGH = "mem_free=999", "mem_free=1999", "mem_free=2999"
LOW_SWAP = "swap_free=999"  # below swap_free_low_percentage, 10 %, of 10000
CACHED, NOT_PERCEPTIBLE, ANY = 701, 201, 0


@pytest.fixture(scope="session")
def program(checkout: Path) -> Path:
    pressure = checkout / "device_agent" / "pressure"
    source = checkout / "device_agent" / "lib"
    sources = [Path(__file__).with_name("lmkd_cases.c"), *sorted((pressure / "lmkd").glob("*.c"))]
    sources += [source / "failure.c", source / "text.c"]
    return build_sanitized("lmkd_cases", sources, [pressure, source])


def run_script(program: Path, script: bytes) -> list[str]:
    done = subprocess.run([program], input=script, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()[-2000:]
    return done.stdout.decode().splitlines()


def decide(program: Path, *commands: str) -> list[str]:
    """The output of the commands, starting with default settings."""
    return run_script(program, "\n".join(["reset", *commands, ""]).encode())


def reasons(lines: Sequence[str]) -> list[tuple[str, int]]:
    return [(words[0], int(words[1])) for words in (line.split() for line in lines)]


def thrash(pct: int) -> str:
    """Refaults of that many percent of the file pages, within a window of a second."""
    return f"refault={pct * 10}"


SINGLE = {
    "calm": ("", ("NONE", 0)),
    "below high is no reason": (BELOW_HIGH, ("NONE", 0)),
    "at the low watermark": ("mem_free=2000", ("NONE", 0)),
    "below the low watermark": (BELOW_LOW, ("LOW_MEM", CACHED)),
    "below the min watermark": (BELOW_MIN, ("LOW_MEM", CACHED)),
    "CMA is not free": ("mem_free=9999 cma_free=8000", ("LOW_MEM", CACHED)),
    "complete stall": ("event=1 level=2", ("NOT_RESPONDING", ANY)),
    "complete stall, polled": ("event=0 level=2", ("NONE", 0)),
    "partial stall": ("event=1 level=1", ("NONE", 0)),
    "low swap alone": (LOW_SWAP, ("NONE", 0)),
    "low swap below low": (f"{LOW_SWAP} {BELOW_LOW}", ("LOW_MEM_AND_SWAP", NOT_PERCEPTIBLE)),
    "low swap below min": (f"{LOW_SWAP} {BELOW_MIN}", ("LOW_MEM_AND_SWAP", ANY)),
    "swap at its limit": (f"swap_free=1000 {BELOW_LOW}", ("LOW_MEM", CACHED)),
    "swap is worth what is easily free": (
        f"swap_free=10000 inactive_file_kb=0 mem_free=998 {LOW_SWAP}",
        ("LOW_MEM_AND_SWAP", ANY),
    ),
    "thrashing at its limit": (thrash(100), ("NONE", 0)),
    "thrashing without need": (thrash(101), ("NONE", 0)),
    "thrashing below low": (f"{thrash(101)} {BELOW_LOW}", ("LOW_MEM_AND_THRASHING", NOT_PERCEPTIBLE)),
    "thrashing below low, below critical": (
        f"{thrash(299)} {BELOW_LOW}",
        ("LOW_MEM_AND_THRASHING", NOT_PERCEPTIBLE),
    ),
    "critical thrashing below low": (f"{thrash(300)} {BELOW_LOW}", ("LOW_MEM_AND_THRASHING", ANY)),
    "thrashing at its limit below low": (f"{thrash(100)} {BELOW_LOW}", ("LOW_MEM", CACHED)),
    "thrashing in direct reclaim": (
        f"{thrash(101)} direct=1",
        ("DIRECT_RECL_AND_THRASHING", NOT_PERCEPTIBLE),
    ),
    "critical in direct reclaim": (f"{thrash(300)} direct=1", ("DIRECT_RECL_AND_THRASHING", ANY)),
    "low swap and thrashing": (f"{LOW_SWAP} {thrash(101)}", ("LOW_SWAP_AND_THRASHING", NOT_PERCEPTIBLE)),
    "low swap, thrashing, below low": (
        f"{LOW_SWAP} {thrash(101)} {BELOW_LOW}",
        ("LOW_SWAP_AND_THRASHING", NOT_PERCEPTIBLE),
    ),
    "low swap, thrashing, below min": (
        f"{LOW_SWAP} {thrash(101)} {BELOW_MIN}",
        ("LOW_SWAP_AND_THRASHING", ANY),
    ),
    "low swap and critical thrashing": (f"{LOW_SWAP} {thrash(300)}", ("LOW_SWAP_AND_THRASHING", ANY)),
    "complete stall before all else": (
        f"event=1 level=2 {LOW_SWAP} {thrash(300)} {BELOW_MIN}",
        ("NOT_RESPONDING", ANY),
    ),
    "a stall of all tasks spares nobody": (f"{BELOW_LOW} full_pct100=10001", ("LOW_MEM", ANY)),
    "full at its limit": (f"{BELOW_LOW} full_pct100=10000", ("LOW_MEM", CACHED)),
}
"""Inputs in addition to CALM, in the first window and while kswapd reclaims -> reason, lowest adj."""


@pytest.mark.parametrize(("inputs", "expected"), SINGLE.values(), ids=SINGLE.keys())
def test_one_evaluation(program: Path, inputs: str, expected: tuple[str, int]) -> None:
    lines = decide(program, FIRST, f"decide now_ms=5001 {RECLAIM} {inputs}")
    assert reasons(lines)[1:] == [expected]


LOW_RAM_SETTINGS = [f"set {name} {value}" for name, value in LOW_RAM.items()]

SET = {
    "swap utilization": (
        ["set swap_util_max 50"],
        f"{BELOW_LOW} swap_free=4000 active_anon=5000",
        ("LOW_MEM_AND_SWAP_UTIL", ANY),
    ),
    "swap utilization at its limit": (
        ["set swap_util_max 50"],
        f"{BELOW_LOW} swap_free=5000 active_anon=5000",
        ("LOW_MEM", CACHED),
    ),
    "swap utilization before thrashing": (
        ["set swap_util_max 50"],
        f"{BELOW_LOW} swap_free=4000 active_anon=5000 {thrash(300)}",
        ("LOW_MEM_AND_SWAP_UTIL", ANY),
    ),
    "swap utilization of free memory": (
        ["set swap_util_max 50"],
        "swap_free=4000 active_anon=5000",
        ("NONE", 0),
    ),
    "low memory switched off": (["set lowmem_min_oom_score 1001"], BELOW_LOW, ("LOW_MEM", 1001)),
    "low memory kills more": (["set lowmem_min_oom_score 201"], BELOW_LOW, ("LOW_MEM", 201)),
    "no swap limit": (["set swap_free_low_percentage 0"], f"swap_free=0 {BELOW_LOW}", ("LOW_MEM", CACHED)),
    "swap as it stands": (
        ["set swap_compression_ratio 0"],
        f"{BELOW_MIN} inactive_file_kb=0",
        ("LOW_MEM", CACHED),
    ),
    "swap of three times the worth": (
        ["set swap_compression_ratio 3"],
        "mem_free=334 inactive_file_kb=0",
        ("LOW_MEM", CACHED),
    ),
    "critical thrashing of its own": (
        ["set thrashing_limit_critical 150"],
        f"{thrash(150)} {BELOW_LOW}",
        ("LOW_MEM_AND_THRASHING", ANY),
    ),
    "low-ram devices thrash sooner": (
        LOW_RAM_SETTINGS,
        f"{thrash(31)} {BELOW_LOW}",
        ("LOW_MEM_AND_THRASHING", 201),
    ),
    "and critically so": (LOW_RAM_SETTINGS, f"{thrash(90)} {BELOW_LOW}", ("LOW_MEM_AND_THRASHING", ANY)),
    "a stall limit of its own": (
        ["set stall_limit_critical 20"],
        f"{BELOW_LOW} full_pct100=2001",
        ("LOW_MEM", ANY),
    ),
}


@pytest.mark.parametrize(("setting", "inputs", "expected"), SET.values(), ids=SET.keys())
def test_settings(program: Path, setting: list[str], inputs: str, expected: tuple[str, int]) -> None:
    lines = decide(program, *setting, FIRST, f"decide now_ms=5001 {RECLAIM} {inputs}")
    assert reasons(lines)[1:] == [expected]


def test_nothing_is_done_while_nothing_changes(program: Path) -> None:
    """Without reclaim and refaults, lmkd does not evaluate the watermarks."""
    still = f"decide {CALM} {BELOW_MIN} event=1 level=2"
    lines = decide(
        program, still, f"{still} kswapd=1", still, f"{still} refault=1", f"{still} refill=1", still
    )
    assert [reason for reason, _ in reasons(lines)] == [
        "NONE",
        "NOT_RESPONDING",
        "NONE",
        "NOT_RESPONDING",
        "NOT_RESPONDING",
        "NONE",
    ]


def test_below_min_right_after_a_kill_anybody_may_die(program: Path) -> None:
    lines = decide(
        program,
        f"decide now_ms=1 {CALM} {BELOW_LOW} kswapd=1",
        "kill",
        f"decide now_ms=2 {BELOW_MIN} kswapd=2",
        f"decide now_ms=3 {BELOW_MIN} kswapd=3",
    )
    assert reasons(lines) == [("LOW_MEM", CACHED), ("PRESSURE_AFTER_KILL", ANY), ("LOW_MEM", CACHED)]


def test_below_low_right_after_a_kill_is_low_memory(program: Path) -> None:
    lines = decide(
        program,
        f"decide now_ms=1 {CALM} {BELOW_LOW} kswapd=1",
        "kill",
        f"decide now_ms=2 {BELOW_LOW} kswapd=2",
    )
    assert reasons(lines)[1] == ("LOW_MEM", CACHED)


def test_after_a_kill_only_those_that_the_setting_names(program: Path) -> None:
    lines = decide(
        program,
        "set pressure_after_kill_min_score 900",
        f"decide now_ms=1 {CALM} {BELOW_LOW} kswapd=1",
        "kill",
        f"decide now_ms=2 {BELOW_MIN} kswapd=2",
    )
    assert reasons(lines)[1] == ("PRESSURE_AFTER_KILL", 900)


def thrashing(lines: Sequence[str]) -> list[int]:
    return [int(line.split("thrashing=")[1].split()[0]) for line in lines]


def test_thrashing_is_counted_from_the_windows_start_and_fades_by_half_a_window(program: Path) -> None:
    lines = decide(
        program,
        FIRST,
        "decide now_ms=5499 kswapd=2 refault=500",  # 50 % of 999 + 1 pages
        "decide now_ms=6001 kswapd=3 refault=800",  # the window is over: 80 % grown, below the limit: halved
        "decide now_ms=6499 kswapd=4 refault=900",  # 10 % more
        "decide now_ms=9001 kswapd=5 refault=900",  # three windows later: 10 % >> 3
    )
    assert thrashing(lines) == [0, 50, 40, 50, 1]


def test_thrashing_beyond_the_limit_that_found_no_victim_does_not_fade(program: Path) -> None:
    lines = decide(
        program,
        FIRST,
        "decide now_ms=6000 kswapd=2 refault=1500",
        "decide now_ms=6099 kswapd=3 refault=1500",
    )
    assert thrashing(lines) == [0, 150, 150]


def test_a_kill_starts_the_count_anew(program: Path) -> None:
    lines = decide(
        program,
        FIRST,
        f"decide now_ms=5001 kswapd=2 refault=1500 {BELOW_LOW}",
        "kill",
        "decide now_ms=5002 kswapd=3 refault=1600",
        "decide now_ms=5003 kswapd=4 refault=1700",
    )
    assert thrashing(lines) == [0, 150, 0, 10]


def test_a_kill_for_thrashing_lowers_the_limit_by_a_tenth_until_the_window_ends(program: Path) -> None:
    lines = decide(
        program,
        FIRST,
        f"decide now_ms=5001 kswapd=2 refault=1010 {BELOW_LOW}",
        "kill",
        "decide now_ms=5002 kswapd=3 refault=1010",
        "decide now_ms=5003 kswapd=4 refault=1920",  # 91 %, above 90
        "decide now_ms=5004 kswapd=5 refault=1910",  # 90 %, not above
        "decide now_ms=6099 kswapd=6 refault=1900",  # the window is over: 89 % is halved
        "decide now_ms=6100 kswapd=7 refault=2440",  # 44 + 54 %, below the old limit
    )
    assert [reason for reason, _ in reasons(lines)] == [
        "NONE",
        "LOW_MEM_AND_THRASHING",
        "LOW_MEM",
        "LOW_MEM_AND_THRASHING",
        "LOW_MEM",
        "LOW_MEM",
        "LOW_MEM",
    ]


def test_a_kill_for_other_reasons_leaves_the_limit(program: Path) -> None:
    lines = decide(
        program,
        f"{FIRST} {BELOW_LOW}",
        "kill",
        "decide now_ms=5001 kswapd=2 refault=910",
    )
    assert reasons(lines)[1] == ("LOW_MEM", CACHED)


def test_after_thrashing_the_file_cache_must_recover(program: Path) -> None:
    """999 file pages are 3996 kB."""
    lines = decide(
        program,
        "set filecache_min_kb 3997",
        FIRST,
        "decide now_ms=5001 kswapd=2",  # too little, but nothing has thrashed
        f"decide now_ms=5002 kswapd=3 refault=1010 {BELOW_LOW}",
        "kill",
        "decide now_ms=5003 kswapd=4 mem_free=10000",
        "decide now_ms=5004 kswapd=5 nr_active_file=500",  # 4000 kB: enough, and no longer looked at
        "decide now_ms=5005 kswapd=6 nr_active_file=1",
    )
    assert reasons(lines) == [
        ("NONE", 0),
        ("NONE", 0),
        ("LOW_MEM_AND_THRASHING", NOT_PERCEPTIBLE),
        ("LOW_FILECACHE_AFTER_THRASHING", NOT_PERCEPTIBLE),
        ("NONE", 0),
        ("NONE", 0),
    ]


def test_stuck_in_direct_reclaim_for_longer_than_the_setting(program: Path) -> None:
    lines = decide(
        program,
        "set direct_reclaim_threshold_ms 100",
        f"decide now_ms=1 {CALM} direct=1",
        "decide now_ms=101 direct=2",
        "decide now_ms=102 direct=3",
        "decide now_ms=103 kswapd=1",  # no direct reclaim since the last evaluation: the count ends
        "decide now_ms=300 direct=4",
    )
    assert [reason for reason, _ in reasons(lines)] == ["NONE", "NONE", "DIRECT_RECL_STUCK", "NONE", "NONE"]


CHOICES = {
    "nobody": ("0 0", -1),
    "the highest adj": ("0 0 900:1:10:0 950:2:10:0 910:3:10:0", 1),
    "of equals the oldest": ("0 0 900:3:10:0 900:1:10:0 900:2:99:0", 1),
    "not who is gone": ("0 0 950:1:10:1 900:2:10:0", 1),
    "not below the lowest": ("901 0 900:1:10:0", -1),
    "the lowest itself": ("900 0 900:1:10:0", 0),
    "of perceptible apps the heaviest": ("0 0 200:1:10:0 200:2:30:0 200:3:20:0", 1),
    "of those above the oldest": ("0 0 201:1:10:0 201:2:30:0", 0),
    "the heaviest where so set": ("0 1 900:1:10:0 900:2:30:0", 1),
    "but never of a lower adj": ("0 1 900:1:10:0 800:2:30:0", 0),
    "of equally heavy ones the newest": ("0 1 900:1:10:0 900:2:10:0", 1),
    "adj 1000": ("701 0 1000:1:1:0 999:2:1:0", 0),
    "no system process": ("0 0 -800:1:10:0", -1),
}


@pytest.mark.parametrize(("words", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_the_victim(program: Path, words: str, expected: int) -> None:
    assert decide(program, f"choose {words}") == [str(expected)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("lowmem_min_oom_score", 200), ("thrashing_limit_decay", 101), ("kill_timeout_ms", -1), ("patience", 1)],
)
def test_settings_out_of_bounds_are_refused(program: Path, name: str, value: int) -> None:
    (line,) = decide(program, f"set {name} {value}")
    assert line.startswith("refused: lmkd") and name in line


def parse(program: Path, what: str, *texts: bytes) -> list[str]:
    return run_script(
        program, b"".join(b"parse %s %d\n%s" % (what.encode(), len(text), text) for text in texts)
    )


def test_meminfo_of_a_real_machine(program: Path) -> None:
    text = (SAMPLES / "meminfo.txt").read_bytes()
    (line,) = parse(program, "meminfo", text)
    fields = {
        key.strip(): value.split()[0]
        for key, _, value in (x.partition(":") for x in text.decode().splitlines())
    }
    names = ["MemFree", "Buffers", "Cached", "SwapCached", "Shmem", "SwapTotal", "SwapFree"]
    names += ["Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)"]
    assert line.split() == [*(fields[name] for name in names), fields.get("CmaFree", "0")]


REAL_WATERMARKS_KB = " ".join(
    str(4 * pages)
    for pages in (
        (7371 + 34) + (4352 + 6906) + (0 + 9955),
        (7371 + 42) + (4352 + 8632) + (0 + 12443),
        (7371 + 50) + (4352 + 10358) + (0 + 14931),
    )
)
"""The largest protection and the watermark of DMA, DMA32 and Normal, copied from the sample by hand."""


def test_watermarks_of_a_real_machine_are_sums_over_its_populated_zones(program: Path) -> None:
    assert parse(program, "zoneinfo", (SAMPLES / "zoneinfo.txt").read_bytes()) == [REAL_WATERMARKS_KB]


ZONES = b"""Node 0, zone   Normal
  per-node stats
      nr_inactive_anon 1
  pages free     5
        min      10
        low      20
        high     30
        present  1000
        protection: (0, 7, 5)
  pagesets
    cpu: 0
              high:     999
              high_min: 21
Node 0, zone  Movable
  pages free     0
        min      100
        low      200
        high     300
        present  0
        protection: (0, 0, 9999)
Node 1, zone   Normal
        min      1
        low      2
        high     3
        present  1
        protection: (0)
"""


def test_watermarks_leave_out_empty_zones_and_per_cpu_lists(program: Path) -> None:
    pages = (7 + 10 + 1, 7 + 20 + 2, 7 + 30 + 3)
    assert parse(program, "zoneinfo", ZONES) == [" ".join(str(4 * count) for count in pages)]


def test_older_kernels_name_the_refaults_otherwise(program: Path) -> None:
    common = b"nr_inactive_file 1\nnr_active_file 2\npgscan_kswapd 3\npgscan_direct 4\npgrefill 5\n"
    new = common + b"workingset_refault_anon 7\nworkingset_refault_file 6\n"
    old = b"workingset_refault 6\n" + common
    assert parse(program, "vmstat", new, old, common) == [
        "1 2 6 3 4 5",
        "1 2 6 3 4 5",
        "refused: /proc/vmstat has no workingset_refault",
    ]


def test_pressure_in_hundredths_of_a_percent(program: Path) -> None:
    some = b"some avg10=1.20 avg60=0.04 avg300=0.16 total=12280832\n"
    full = b"full avg10=100.00 avg60=0.04 avg300=0.10 total=7085437\n"
    assert parse(program, "pressure", some + full, some, b"", full + some) == [
        "120 10000 12280832 7085437",
        'refused: the pressure file has no valid "full" line',
        'refused: the pressure file has no valid "some" line',
        "120 10000 12280832 7085437",
    ]


def test_a_number_beyond_all_bounds_is_capped(program: Path) -> None:
    (line,) = parse(program, "zoneinfo", ZONES.replace(b"min      10\n", b"min      " + b"9" * 400 + b"\n"))
    assert line.startswith("refused") or int(line.split()[0]) <= 2**53 * 8


WHOLE = {
    "meminfo": (SAMPLES / "meminfo.txt").read_bytes(),
    "zoneinfo": (SAMPLES / "zoneinfo.txt").read_bytes(),
    "vmstat": b"nr_inactive_file 1\nnr_active_file 2\npgscan_kswapd 3\npgscan_direct 4\npgrefill 5\n"
    b"workingset_refault_file 6\n",
    "pressure": b"some avg10=1.20 avg60=0.04 avg300=0.16 total=1\n"
    b"full avg10=0.00 avg60=0.04 avg300=0.10 total=2\n",
}


def mutated(text: bytes) -> st.SearchStrategy[bytes]:
    """The text with one piece replaced by other bytes."""
    place = st.integers(0, len(text))
    piece = st.one_of(
        st.binary(max_size=20), st.sampled_from([b"99999999999999999999", b"-1", b"\n", b" ", b"\0"])
    )
    return st.builds(lambda a, b, put: text[: min(a, b)] + put + text[max(a, b) :], place, place, piece)


@pytest.mark.parametrize("what", WHOLE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_text_makes_a_parser_stumble(program: Path, what: str, data: st.DataObject) -> None:
    texts = data.draw(
        st.lists(st.one_of(mutated(WHOLE[what]), st.binary(max_size=200)), min_size=20, max_size=40)
    )
    assert len(parse(program, what, *texts)) == len(texts)
