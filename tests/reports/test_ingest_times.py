"""Tests the times and the victims of field logs: what is counted, from where to where, and what is not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from test_ingest_deaths import am_kill
from test_ingest_deaths import at
from test_ingest_deaths import died
from test_ingest_deaths import exit_info
from test_ingest_deaths import kill_line
from test_ingest_deaths import killinfo
from test_ingest_deaths import mrelease
from test_ingest_deaths import oom
from test_ingest_deaths import reaped
from test_ingest_deaths import records

from lmkd_core.logs.clocks import CALENDAR
from lmkd_core.logs.clocks import EPOCH_CLOCK
from lmkd_core.logs.clocks import day_of
from lmkd_core.logs.clocks import parse_moment
from lmkd_core.logs.deaths import deaths
from lmkd_core.logs.summary import summarise
from lmkd_core.logs.times import Gap
from lmkd_core.logs.times import TimedDeath
from lmkd_core.logs.times import Times
from lmkd_core.logs.times import by_size
from lmkd_core.logs.times import fewest_for
from lmkd_core.logs.times import gaps
from lmkd_core.logs.times import kill_to_death
from lmkd_core.logs.times import kill_to_end
from lmkd_core.logs.times import reaping
from lmkd_core.logs.times import timed_deaths
from lmkd_core.logs.victims import AppDeaths
from lmkd_core.logs.victims import apps
from lmkd_core.logs.victims import days
from lmkd_core.logs.victims import in_use_share
from lmkd_reports.ingest.sentences import duration
from lmkd_reports.ingest.times_figures import gap_figures
from pytest_lmkd.cli import main

SEED = 20261129


def sized_kill(
    second: float, pid: int, *, adj: int = 906, rss_mb: int = 100, swap_mb: int = 0, name: str = "com.example"
) -> str:
    return at(second) + (
        f" 177 177 I lowmemorykiller: Kill '{name}' ({pid}), uid 10123, oom_score_adj {adj} to free "
        f"{rss_mb * 1024}kB rss, {swap_mb * 1024}kB swap; reason: low watermark is breached"
    )


def after_kill(second: float, pid: int) -> str:
    return kill_line(second, pid).replace("is breached", "is breached even after kill")


def zygote(second: float, pid: int = 4242) -> str:
    return at(second) + f" 600 600 I Zygote  : Process {pid} exited due to signal 9 (Killed)"


def was_reaped(second: float, pid: int = 4242, ms: int = 12) -> str:
    return at(second) + f" 177 194 I lowmemorykiller: Process {pid} was reaped in {ms}ms"


def timed(*texts: str) -> list[TimedDeath]:
    return timed_deaths(deaths(records(*texts)))


def test_a_death_is_timed_from_its_kill_to_each_record_of_its_end() -> None:
    (death,) = timed(kill_line(1.0), killinfo(1.002), was_reaped(1.015), zygote(1.03), died(1.031))
    assert death.dying is not None
    assert death.dying.to_end_ms == {"zygote": 30, "died": 31, "reaped": 15}
    assert death.to_death_ms == 30


def test_the_earlier_of_killinfo_and_kill_line_dates_the_kill() -> None:
    assert kill_to_death(timed(kill_line(1.004), killinfo(1.0), died(1.1))).values_ms == (100,)


def test_the_kernels_reaper_is_timed_on_the_kernels_clock() -> None:
    assert kill_to_end(timed(oom(100.0), reaped(100.25)), "oom_reaped").values_ms == (250,)
    assert kill_to_death(timed(oom(100.0), died(100.1))).untimed == 1  # another clock


def test_a_notice_that_was_stamped_before_its_kill_stays_below_zero() -> None:
    assert kill_to_death(timed(died(0.998), kill_line(1.0))).values_ms == (-2,)


def test_only_kills_for_want_of_memory_are_timed() -> None:
    assert timed(am_kill(1), died(1.1)) == []
    assert timed(exit_info(1, "17 (MEMORY_LIMITER)"), died(1.1)) == []


def test_a_time_without_milliseconds_is_no_time() -> None:
    text = "\n".join((kill_line(1.0), died(1.0))).replace("01:00:01.000", "01:00:01")
    assert kill_to_death(timed(text)) == Times((), untimed=1)


def test_exit_info_does_not_time_a_death() -> None:
    assert kill_to_death(timed(kill_line(1.0), exit_info(1.2, "3 (LOW_MEMORY)"))) == Times((), untimed=1)


def test_a_death_after_the_clock_was_set_is_not_timed() -> None:
    later = died(1).replace("09-07 01:", "09-07 05:")
    assert kill_to_death(timed(kill_line(1.0), later)) == Times((), untimed=1)


def test_times_hold_over_the_turn_of_the_year() -> None:
    kill = kill_line(1.0).replace("09-07 01:00:01.000", "12-31 23:59:59.950")
    death = died(1.0).replace("09-07 01:00:01.000", "01-01 00:00:00.020")
    assert kill_to_death(timed(kill, death)).values_ms == (70,)


def test_lmkds_own_reaping_time_is_its_number_not_that_of_the_lines() -> None:
    assert reaping(timed(kill_line(1.0), was_reaped(1.5, ms=12))).values_ms == (12,)


@pytest.mark.parametrize(
    ("number", "known"),
    [(5, ()), (6, (0.5,)), (28, (0.5,)), (29, (0.5, 0.9)), (298, (0.5, 0.9)), (299, (0.5, 0.9, 0.99))],
)
def test_a_quantile_needs_enough_times(number: int, known: tuple[float, ...]) -> None:
    times = Times(tuple(range(number)))
    assert tuple(share for share in (0.5, 0.9, 0.99) if times.quantile(share) is not None) == known


def test_the_rule_for_quantiles_is_the_least_number_that_encloses_them_with_95_percent() -> None:
    """The chance that the greatest of n times lies beyond a quantile is 1 - share^n."""
    for share in (0.9, 0.99):
        assert 1 - share ** (fewest_for(share) - 1) < 0.95 <= 1 - share ** fewest_for(share)
    assert 1 - 2 * 0.5 ** (fewest_for(0.5) - 1) < 0.95 <= 1 - 2 * 0.5 ** fewest_for(0.5)


def test_times_are_classed_by_resident_memory_and_by_swap() -> None:
    texts = []
    for pid, (rss_mb, swap_mb) in enumerate(((63, 0), (64, 1), (255, 63), (300, 64), (2000, 700)), start=1):
        texts += [sized_kill(20 * pid, pid, rss_mb=rss_mb, swap_mb=swap_mb), died(20 * pid + pid / 100, pid)]
    every = timed("\n".join(texts).replace("com.example.app", "com.example"))
    assert [entry.times.values_ms for entry in by_size(every, "rss_kb")] == [(10,), (20, 30), (40,), (50,)]
    assert [entry.times.values_ms for entry in by_size(every, "swap_kb")] == [(10,), (20, 30), (40,), (50,)]


def test_the_gap_goes_from_a_death_to_the_next_kill() -> None:
    texts = (kill_line(1.0, 1), died(1.03, 1), kill_line(1.5, 2), kill_line(1.6, 3), died(1.7, 2))
    assert [gap.gap_ms for gap in gaps(timed(*texts))] == [470, -100]


def test_gaps_do_not_span_two_bug_reports() -> None:
    events = [
        *records(kill_line(1.0, 1), died(1.03, 1), file="a.zip!x"),
        *records(kill_line(1.5, 2), file="b.zip!x"),
    ]
    assert gaps(timed_deaths(deaths(events))) == []


def test_the_share_of_kills_after_a_kill_is_of_those_with_a_reason() -> None:
    silent = kill_line(20, 5).partition("; reason")[0]
    share = summarise(
        records(kill_line(1, 1), after_kill(1.2, 2), killinfo(9, 4, reason=0), silent)
    ).after_kill
    assert share is not None
    assert (share.count, share.total) == (2, 3)


def test_logged_reapings_give_the_share_that_came_too_late() -> None:
    texts = [kill_line(pid, pid) for pid in (1, 2, 3)]
    assert summarise(records(*texts, mrelease(1.01, 1))).late is None  # without debug lmkd logs failures only
    share = summarise(records(*texts, mrelease(1.01, 1), was_reaped(2.1, 2), was_reaped(3.1, 3))).late
    assert share is not None
    assert (share.count, share.total) == (1, 3)


def test_a_failure_that_a_bug_report_holds_twice_counts_once() -> None:
    assert summarise(records(kill_line(1), mrelease(1.01), mrelease(1.01))).esrch_failures == 1


@pytest.mark.parametrize(
    ("adj", "is_in_use"),
    [
        *((adj, False) for adj in (-800, 9, 15, 201, 225, 906)),
        *((adj, True) for adj in (0, 2, 50, 100, 200)),
    ],
)
def test_apps_at_0_to_200_are_in_use(adj: int, is_in_use: bool) -> None:
    share = in_use_share(deaths(records(sized_kill(1, 1, adj=adj))))
    assert share is not None
    assert (share.count, share.total) == (int(is_in_use), 1)


def test_the_share_in_use_is_of_deaths_for_memory_with_a_known_adj() -> None:
    unknown = kill_line(9, 7).replace(", oom_score_adj 906", "")
    share = in_use_share(deaths(records(sized_kill(1, 1, adj=0), kill_line(5, 2), unknown, am_kill(20, 3))))
    assert share is not None
    assert (share.count, share.total) == (1, 2)


def test_the_processes_of_an_app_are_one_app() -> None:
    texts = (sized_kill(1, 1, name="com.a:remote"), sized_kill(2, 2, adj=0, name="com.a"), am_kill(3, 3))
    assert apps(deaths(records(*texts))) == [AppDeaths("com.a", 2, in_use=1)]


def test_deaths_are_summed_per_device_and_day() -> None:
    late = sized_kill(1, 9, adj=0, name="com.b").replace("09-07", "09-08")
    first = records(sized_kill(1, 1, adj=0), sized_kill(2, 2, adj=0), kill_line(3, 3), late, file="a.zip!x")
    second = records(kill_line(1, 4), am_kill(2, 5), file="b.zip!x")
    sums = days(deaths([*first, *second]))
    rows = [(day.device, day.day, day.deaths, day.in_use, day.apps_in_use) for day in sums]
    assert rows == [("a.zip", "09-07", 3, 2, 1), ("a.zip", "09-08", 1, 1, 1), ("b.zip", "09-07", 1, 0, 0)]


def test_days_and_gaps_follow_each_other_over_the_turn_of_the_year() -> None:
    old_year = [text.replace("09-07 01:00:0", "12-31 23:59:5") for text in (kill_line(9, 1), died(9.5, 1))]
    new_year = kill_line(0.5, 2).replace("09-07 01:00", "01-01 00:00")
    both = deaths(records(new_year, *old_year))
    assert [day.day for day in days(both)] == ["12-31", "01-01"]
    assert [gap.gap_ms for gap in gaps(timed_deaths(both))] == [1000]


def test_a_kernels_kill_has_the_day_of_its_notice() -> None:
    (day,) = days(deaths(records(oom(5), died(1))))
    assert (day.day, day.deaths) == ("09-07", 1)


def test_deaths_on_the_kernels_clock_have_no_day() -> None:
    assert [(day.day, day.deaths) for day in days(deaths(records(oom(5), oom(500, pid=5))))] == [("", 2)]


@pytest.mark.parametrize("day", ["01-01", "01-31", "02-01", "02-29", "03-01", "12-01", "12-31"])
def test_a_day_is_that_of_the_log(day: str) -> None:
    assert day_of(parse_moment(f"{day} 23:59:59.999"), CALENDAR) == day
    assert day_of(parse_moment(f"{day} 00:00:00.000"), CALENDAR) == day


def test_days_of_utc_have_their_year() -> None:
    assert day_of(1_788_739_200_000, EPOCH_CLOCK) == "2026-09-07"


def test_long_format_with_epoch_keeps_its_milliseconds() -> None:
    text = "[ 1788739201.250  177: 177 I/lowmemorykiller ]\n" + kill_line(1).partition(": ")[2] + "\n\n"
    text += "[ 1788739201.280  600: 600 I/Zygote ]\nProcess 4242 exited due to signal 9 (Killed)\n\n"
    assert kill_to_death(timed(text)).values_ms == (30,)


def test_times_that_were_drawn_are_read_from_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """60 kills with drawn times and sizes in a shuffled pair of buffers, seed 20261129."""
    draw = random.Random(SEED)
    drawn = {pid: draw.randrange(1, 900) for pid in range(1, 61)}
    kills = [sized_kill(10 * pid, pid, rss_mb=draw.randrange(10, 900)) for pid in drawn]
    ends = [died(10 * pid + ms / 1000, pid, "com.example") for pid, ms in drawn.items()]
    path = tmp_path / "log.txt"
    path.write_text("\n".join((*kills, *ends)))
    assert main(["ingest", str(path), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {row["pid"]: row["kill_to_died_ms"] for row in rows if row["type"] == "death"}
    assert told == drawn
    gaps_ms = [row.get("death_to_next_kill_ms") for row in rows if row["type"] == "death"]
    assert gaps_ms == [*(10_000 - drawn[pid] for pid in range(1, 60)), None]


def ingest_text_of(path: Path, capsys: pytest.CaptureFixture[str], *texts: str) -> str:
    path.write_text("\n".join(texts))
    assert main(["ingest", str(path)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_text_begins_with_the_apps_that_android_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = sized_kill(2, 2, name="/vendor/bin/hald").replace("uid 10123", "uid 1013")
    nameless = killinfo(90, pid=3)
    text = ingest_text_of(tmp_path / "log", capsys, sized_kill(1, 1), system, nameless)
    assert text.startswith(
        "Android killed 1 app and 1 process of the system for want of memory: com.example, /vendor/bin/hald "
        "and 1 death without a name. "
    )


def test_a_log_without_kills_for_memory_says_so_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ingest_text_of(tmp_path / "log", capsys, am_kill(1), died(1.1))
    assert text.startswith("Android killed no app for want of memory. ")
    assert "From kill to death" not in text


def test_the_first_sentence_names_six_apps_and_counts_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = [sized_kill(9 * pid, pid, name=f"com.app{pid}") for pid in range(1, 9)]
    text = ingest_text_of(tmp_path / "log", capsys, *kills)
    assert "com.app1, com.app2, com.app3, com.app4, com.app5, com.app6 and 2 others." in text


def test_few_times_are_listed_and_more_have_quantiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = [line for n in range(1, 7) for line in (kill_line(100 * n, n), died(100 * n + n / 100, n))]
    silent = kill_line(800, 8)
    text = ingest_text_of(tmp_path / "log", capsys, *kills[:8], silent)
    assert (
        "From kill to death, 4 of 5 deaths have a time (to 1 ms, as logged): 10 ms, 20 ms, 30 ms, 40 ms."
        in text
    )
    text = ingest_text_of(tmp_path / "log", capsys, *kills)
    assert "6 of 6 deaths have a time (to 1 ms, as logged): 10 ms to 60 ms, median 35 ms." in text


def test_the_text_tells_what_came_after_a_death(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = (kill_line(1.0, 1), died(1.5, 1), after_kill(1.05, 2), died(1.25, 2), kill_line(121.25, 3))
    text = ingest_text_of(tmp_path / "log", capsys, *texts)
    assert (
        "1 of 2 kills came before the death of the victim before; the others followed it by 2.00 min." in text
    )
    assert '"even after kill" is the reason of 1 of 3 (33 %, interval 1 to 91 %) of lmkd\'s kills' in text
    assert "1 of 3 (33 %, interval 1 to 91 %) of its kills followed another in a cascade" in text


def test_the_text_sums_several_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day, next_day = sized_kill(1, 1, adj=0), sized_kill(1, 2).replace("09-07", "09-08")
    text = ingest_text_of(tmp_path / "log", capsys, day, next_day)
    assert "09-07: 1 death, 1 in use 09-08: 1 death, 0 in use" in text
    assert "09-07: 1 death" not in ingest_text_of(tmp_path / "log", capsys, day)  # one sum is told already


def test_a_figure_of_twenty_thousand_different_times_is_drawn_and_small() -> None:
    (death,) = deaths(records(kill_line(1)))
    (figure,) = gap_figures([Gap(death, 7 * number) for number in range(20_000)])
    assert len(figure.svg) < 5000


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        *((-3, "-3 ms"), (0, "0 ms"), (9999, "9,999 ms"), (10_000, "10.0 s"), (119_000, "119 s")),
        *((120_000, "2.00 min"), (7_200_000, "2.00 h"), (172_800_000, "2.00 days")),
    ],
)
def test_long_times_have_a_unit_for_readers(time_ms: int, text: str) -> None:
    assert duration(time_ms) == text
