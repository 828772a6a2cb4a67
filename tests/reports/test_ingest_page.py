"""Tests the page of field logs: its content, its limits, and that no log can run code in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from chromium import LAYOUTS
from chromium import Browser
from chromium import check_page
from oom_logs import LINUX_4_14
from oom_logs import LINUX_6_12
from test_ingest_deaths import am_kill
from test_ingest_deaths import died
from test_ingest_deaths import exit_info
from test_ingest_deaths import kill_line
from test_ingest_deaths import killinfo
from test_ingest_deaths import mrelease

from lmkd_core.logs.deaths import KILLERS
from lmkd_reports.ingest.sentences import PLAY_API
from lmkd_reports.ingest.views import MOST_DEATHS
from lmkd_reports.ingest.views import MOST_TEXT
from lmkd_reports.ingest.views import shown
from lmkd_reports.presentation.detail import MOST_PAGE_BYTES
from pytest_lmkd.cli import main

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title='bad'</script>\u202e\x07"
DOWNLOAD = re.compile(r'download="ingest\.jsonl\.gz" href="data:application/gzip;base64,([^"]*)"')
SERIAL = "R5CT60ABCDE"


def log() -> str:
    """A log with every killer at least once, a cascade, a doubt, and a line that is not understood."""
    return "\n".join(
        (
            *(kill_line(1 + number / 20, pid=100 + number) for number in range(4)),
            *(mrelease(1.01 + number / 20, pid=100 + number) for number in range(2)),
            killinfo(1.001, pid=100),
            died(1.5, pid=100),
            am_kill(60, pid=200, name=f"com.{HOSTILE}", reason=f"empty {HOSTILE}"),
            *(
                exit_info(300 + 60 * number, reason, pid=300 + number, name=f"com.example.a{number}")
                for number, reason in enumerate(
                    (
                        "1 (EXIT_SELF)",
                        "2 (SIGNALED)",
                        "3 (LOW_MEMORY)",
                        "4 (CRASH)",
                        "6 (ANR)",
                        "14 (FREEZER)",
                    )
                )
            ),
            exit_info(900, "17 (MEMORY_LIMITER)", pid=400, name="com.example.b"),
            died(1000, pid=500),
            f"09-07 01:00:01.000 I killinfo: [{HOSTILE},1]",
            LINUX_4_14.rstrip(),
            LINUX_6_12.rstrip(),
            "[   50.000000] lowmemorykiller: Killing 'd.process.media' (600) (tgid 600), adj 999,",
            f"[ro.serialno]: [{SERIAL}]",
            f"09-07 01:00:02.000 I killinfo: [{SERIAL}]",
        )
    )


def write_page(folder: Path, *texts: str, options: tuple[str, ...] = ()) -> Path:
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"log{number}.txt")
        paths[-1].write_text(text)
    html = folder / "page.html"
    assert main(["ingest", *map(str, paths), "--html", str(html), *options]) == 0
    return html


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page"), log())


@pytest.fixture(scope="module")
def text(browser: Browser, page: Path) -> str:
    """The text of the page with everything unfolded."""
    browser.open(page)
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return str(browser.evaluate("document.body.innerText"))


def test_every_killer_is_counted_with_its_reasons(text: str) -> None:
    for killer, meaning in KILLERS.items():
        assert f"{killer}\n{meaning}" in text
    assert "low watermark is breached (4)" in text
    assert "a memory cgroup's limit, in /apps/uid_10123, invoked by binder:321_4 (2)" in text


def test_the_page_shows_cascade_share_doubts_and_lines_not_understood(text: str) -> None:
    assert "4 kills within 150 ms, from 09-07 01:00:01.000" in text
    assert "process_mrelease failed 2 times, 2 of them ESRCH: 50 % of the kills (7 to 93 %)" in text
    assert "in doubt: only exit-info reports this: the log has no record from lmkd itself" in text
    assert "killinfo: killinfo starts with 6 integers" in text


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, page: Path, text: str) -> None:
    assert "com.<script>document.title='bad'</script>\\u202e\\u0007" in text
    assert "bad" not in str(browser.evaluate("document.title"))
    assert browser.evaluate("document.scripts.length") == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page.read_text())


@pytest.mark.parametrize(("width", "dark"), LAYOUTS)
def test_it_requests_nothing_and_logs_no_error(
    browser: Browser, page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    check_page(browser, page, width, dark=dark)
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_everything_shows_without_javascript(browser: Browser, page: Path) -> None:
    browser.open(page, scripts=False)
    heights = browser.evaluate(
        "[...document.querySelectorAll('section, figure svg, table')].filter(each => each.checkVisibility())"
        ".map(each => each.getBoundingClientRect().height)"
    )
    assert len(heights) > 12
    assert min(heights) > 10


def test_times_of_different_clocks_are_in_different_figures(browser: Browser, page: Path) -> None:
    browser.open(page)
    captions = browser.evaluate(
        "[...document.querySelectorAll('#times figcaption')].map(each => each.textContent)"
    )
    assert [caption.partition("(")[2] for caption in captions] == [
        "the device's local time)",
        f"the kernel 1 of {page.parent}/log0.txt)",
    ]


def test_the_first_sentence_names_the_apps_that_android_killed(browser: Browser, tmp_path: Path) -> None:
    texts = (
        kill_line(1, 1, "com.a:push"),
        kill_line(50, 2, "com.b"),
        kill_line(90, 3, "com.a"),
        am_kill(9, 4),
    )
    browser.open(write_page(tmp_path, "\n".join(texts)))
    first = browser.evaluate("document.querySelector('h1 + p').textContent")
    assert first == "Android killed 2 apps for want of memory, 3 times in all: com.a (2 times) and com.b."


def test_bars_are_as_long_as_their_numbers(browser: Browser, tmp_path: Path) -> None:
    in_use = kill_line(200, 9, "com.a").replace("oom_score_adj 906", "oom_score_adj 100")
    texts = [
        *(kill_line(50 * n, n, "com.a") for n in (1, 2, 3)),
        in_use,
        kill_line(400, 5, "com.b"),
        am_kill(7, 8),
    ]
    browser.open(write_page(tmp_path, "\n".join(texts)))
    rows = (
        "[...document.querySelectorAll('.bars li')].map(row => [row.innerText.replace(/\\s+/g, ' ').trim(), "
        "...[...row.querySelectorAll('i')].map(bar => bar.getBoundingClientRect().width)])"
    )
    killers, framework, most, other = browser.evaluate(rows)
    assert [row[0] for row in (killers, framework, most, other)] == [
        *("lmkd 5", "framework 1", "com.a 4 (1 in use)", "com.b 1"),
    ]
    assert framework[1] == pytest.approx(killers[1] / 5, abs=0.5)
    assert other[1] == pytest.approx(most[1] / 4, abs=0.5)
    assert most[2] == pytest.approx(most[1] / 4, abs=0.5)


def test_the_page_has_the_times_in_tables_and_figures(browser: Browser, tmp_path: Path) -> None:
    pids = range(1, 31)
    texts = [line for pid in pids for line in (kill_line(9 * pid, pid), died(9 * pid + pid / 1000, pid))]
    texts += [kill_line(500, 99).replace("200000kB", "20kB"), died(500.4, 99)]
    browser.open(write_page(tmp_path, "\n".join(texts)))
    shown_text = str(browser.evaluate("document.getElementById('dying').innerText"))
    assert (
        "31 of 31 deaths have a time (to 1 ms, as logged): 1 ms to 400 ms, median 16 ms, 90 %" in shown_text
    )
    cells = "[...document.querySelectorAll('#dying table:last-of-type tr')].map(row => row.innerText)"
    table = [row.replace("\t", " ") for row in browser.evaluate(cells)]
    assert "64 MB to 256 MB resident 30 0 1 ms 16 ms 27 ms of 299 30 ms" in table
    assert "below 64 MB resident 1 0 400 ms" in table
    captions = browser.evaluate(
        "[...document.querySelectorAll('#dying figcaption')].map(each => each.innerText)"
    )
    assert captions == [
        *("Kill to death by resident memory", "Kill to death by swap"),
        "Share of deaths by the time since their kill",
    ]
    assert browser.evaluate("document.querySelectorAll('#next figure svg').length") == 1


def test_the_page_sums_days_and_says_how_google_play_counts(browser: Browser, tmp_path: Path) -> None:
    seen = kill_line(1, 1).replace("oom_score_adj 906", "oom_score_adj 0")
    next_day = kill_line(1, 2).replace("09-07", "09-08")
    page = write_page(tmp_path, "\n".join((seen, next_day)))
    browser.open(page)
    shown_text = " ".join(str(browser.evaluate("document.getElementById('in-use').innerText")).split())
    assert "plain files 09-07 1 1 1 1 plain files 09-08 1 1 0 0" in shown_text
    assert "1 of 2 deaths hit an app in use (adj 0 to 200): 50 %" in shown_text
    assert "these logs hold 1 day of a user of an app with such a death" in shown_text
    assert PLAY_API in page.read_text()


def test_many_deaths_share_discs(tmp_path: Path) -> None:
    texts = [line for n in range(1, 400) for line in (kill_line(3 * n, n), died(3 * n + n / 1000, n))]
    html = write_page(tmp_path, "\n".join(texts)).read_text()
    assert "Kill to death by resident memory; the area of a disc is the number of deaths" in html


def test_the_data_are_in_the_page(page: Path) -> None:
    link = DOWNLOAD.search(page.read_text())
    assert link is not None
    records = [json.loads(line) for line in gzip.decompress(base64.b64decode(link[1])).splitlines()]
    assert {record["killer"] for record in records if record["type"] == "death"} == set(KILLERS)
    assert sum(record["type"] == "lmkd_kill" for record in records) == 4


def test_serials_are_masked_everywhere_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html = write_page(tmp_path, log(), options=("--mask-serials",)).read_text()
    assert SERIAL not in html and "device-1" in html
    path = tmp_path / "log0.txt"
    path.write_text(log() + "\n" + died(3, pid=9, name=f"app.{SERIAL}"))
    capsys.readouterr()
    main(["ingest", str(path), "--json", "--mask-serials"])
    printed = capsys.readouterr()
    assert SERIAL not in printed.out + printed.err
    assert '"process":"app.device-1"' in printed.out


@pytest.mark.parametrize(
    "line",
    [
        f"[ro.boot.serialno]: [{SERIAL}]",
        f"<5>[    0.000000] Kernel command line: console=null androidboot.serialno={SERIAL} quiet",
        f'androidboot.serialno = "{SERIAL}"',
        f"ro.serialno={SERIAL}",
    ],
)
def test_serials_are_masked_wherever_a_bug_report_has_them(tmp_path: Path, line: str) -> None:
    html = write_page(
        tmp_path, line + "\n" + died(1, name=f"app.{SERIAL}"), options=("--mask-serials",)
    ).read_text()
    assert SERIAL not in html and "app.device-1" in html


def test_a_build_without_a_serial_masks_nothing(tmp_path: Path) -> None:
    text = "[ro.serialno]: [unknown]\n[ro.boot.serialno]: [0]\n" + died(1)
    assert "device-1" not in write_page(tmp_path, text, options=("--mask-serials",)).read_text()


def many_kills() -> Iterator[str]:
    for number in range(10_000):
        name = f"com.vendor{number % 997}.application.{number * 7919:x}"
        yield kill_line(number / 3, pid=1000 + number, name=name)
        yield died(number / 3 + 0.2, pid=1000 + number, name=name)


def test_ten_thousand_kills_are_counted_and_cut_and_fit_in_a_mail(tmp_path: Path) -> None:
    html = write_page(tmp_path, "\n".join(many_kills())).read_text()
    assert len(html.encode()) <= MOST_PAGE_BYTES
    assert "10,000 deaths in 20,000 lines of 1 file: lmkd 10,000." in html
    assert f"{MOST_DEATHS} of 10,000: first deaths whose records disagree" in html
    assert "and 9,900 other processes with 9,900 deaths" in html
    assert DOWNLOAD.search(html)
    assert "the area of a disc is the number of deaths in one of 80 slices" in html


def test_data_that_do_not_fit_are_replaced_by_the_command_that_prints_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lmkd_reports.ingest.page.MOST_PAGE_BYTES", 20_000)
    html = write_page(tmp_path, "\n".join(kill_line(1, pid=pid) for pid in range(1, 50))).read_text()
    assert not DOWNLOAD.search(html)
    assert "too large for this page: <code>pytest-lmkd ingest FILE --json</code> prints them" in html


def test_a_log_without_deaths_makes_a_page_without_deaths(browser: Browser, tmp_path: Path) -> None:
    html = write_page(tmp_path, "nothing of kills")
    assert browser.open(html).errors == []
    text = html.read_text()
    assert "Android killed no app for want of memory." in text
    assert "The logs report no death." in text
    assert "No time: no death for want of memory has both its kill and its end in the logs" in text


def test_long_texts_are_cut() -> None:
    assert shown("a" * (MOST_TEXT + 1)) == "a" * MOST_TEXT + "…"


def test_the_page_is_well_formed_html(page: Path) -> None:
    open_tags: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "link", "br"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

        def handle_startendtag(self, tag: str, attrs: object) -> None: ...

    Checker().feed(page.read_text())
    assert open_tags == []


def test_a_page_that_cannot_be_written_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("")
    assert main(["ingest", str(path), "--html", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err
