"""Conformance cases in the reports: what is wrong comes first, what is counted is told as n of rounds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import synthetic_case
from synthetic import synthetic_conformance
from synthetic import synthetic_count
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_run
from test_page import SCRIPT
from test_page import Page

from lmkd_core.records.case import CaseRecord
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.cases import conformance_of
from lmkd_reports.analysis.cases import counts_of
from lmkd_reports.analysis.cases import is_broken
from lmkd_reports.presentation import cases

SUMMARY = """\
pytest-lmkd: what process_mrelease answers
run synthetic-20260101T000000Z, started 2026-01-01T00:00:00+00:00

== synthetic-reap-kill-v3
   Synthetic phone, Linux 6.12.90, personality reap-kill-v3, x86_64, 4
   CPUs, 980 MB RAM, 512 MB swap, 4 kB pages
   conformance, variant reap-kill-v3: 1 of 4 answers is wrong
   !! sharer, flags 1: ret=EINVAL sharer=alive
      expected: ret=0 target=SIGKILL freed=yes
     robust-futex: kill 0 of 20 lost; kill+mrelease 4 of 20 lost;
       reap-kill 10 of 20 lost
     pattern-to-pipe: 0 of 20 empty, 0 wrong bytes (kill, reap-kill)
     race: flags 1 ok=seen ESRCH=never

robust-futex: rounds in which a waiter was not told that the owner of a
robust mutex had died.
pattern-to-pipe: what the target had been writing to a pipe; empty:
rounds without a byte.
race: what came of the race between the target's exit and the call.

run id: synthetic-20260101T000000Z
"""


def test_the_summary_of_cases_alone(conformance_dir: Path) -> None:
    assert (conformance_dir / "summary.txt").read_text() == SUMMARY


@pytest.fixture(scope="module")
def page(conformance_dir: Path) -> Page:
    return Page((conformance_dir / "report.html").read_text())


class TestPageOfCasesAlone:
    def test_wrong_answers_come_first(self, page: Page) -> None:
        words = page.words()
        wrong = "sharer flags 1 ret=0 target=SIGKILL freed=yes ret=EINVAL sharer=alive"
        assert f"1 of 4 answers is wrong case asked with expected answer {wrong}" in words
        assert words.index(wrong) < words.index("The 3 right answers")

    def test_right_answers_are_folded(self, page: Page) -> None:
        (details,) = [attrs for tag, attrs in page.tags if tag == "details"][:1]
        assert "open" not in details
        assert "live flags 1 ret=0 target=SIGKILL freed=yes" in page.words()
        assert "bad-fd flags 0x80000001 ret=EINVAL" in page.words()
        assert "global-oom the kernel's OOM killer" in page.words()

    def test_counts_are_told_as_n_of_rounds(self, page: Page) -> None:
        assert re.search(
            r"robust-futex .* kill 0 of 20 lost kill\+mrelease 4 of 20 lost reap-kill 10 of 20 lost ",
            page.words(),
        )
        assert "race between the target's exit and the call flags 1 ok=seen ESRCH=never" in page.words()

    def test_nothing_is_said_of_times(self, page: Page) -> None:
        words = page.words()
        assert "What process_mrelease answers" in words
        for absent in ("How long until", "Stratum by stratum", "planned", "nothing was measured", "trials"):
            assert absent not in words
        links = {link[1:] for link in page.attributes("href") if link.startswith("#")}
        assert links == {"conformance", "left-out", "environment", "data"} <= set(page.attributes("id"))

    def test_the_alarm_is_raised(self, page: Page, tmp_path: Path) -> None:
        assert "alarm" in page.attributes("class")
        run = synthetic_conformance()
        run.cases = run.cases[:-1]
        good = Page(render_html(analyse(load_run(run.write(tmp_path)))))
        assert "alarm" not in good.attributes("class")
        assert "variant reap-kill-v3: all 3 answers are right" in good.words()


def test_cases_beside_trials(tmp_path: Path) -> None:
    run = synthetic_run(blocks=6)
    run.cases = [synthetic_case(), synthetic_case(device=STOCK, variant="stock", passed=False)]
    analysis = analyse(load_run(run.write(tmp_path)))
    words = Page(render_html(analysis)).words()
    section = words.index("Conformance Each case")
    assert words.index("conformance, variant stock: the answer is wrong") < section
    assert section < words.index("Stratum by stratum Times in ms")
    summary = render_summary(analysis)
    assert "\n   conformance, variant stock: the answer is wrong\n" in summary
    assert "\n   conformance, variant reap-kill-v3: the answer is right\n" in summary
    assert "trials: 288 planned" in summary


def test_without_cases_there_is_no_such_section(run_dir: Path) -> None:
    assert "onformance" not in (run_dir / "report.html").read_text()
    assert "onformance" not in (run_dir / "summary.txt").read_text()


BROKEN = [
    synthetic_count("pattern-to-pipe", 1, "rounds=20 empty=0 wrong=1"),
    synthetic_count("robust-futex", 0x100, "rounds=20 lost=1"),
]
"""What may never be: a byte that nobody wrote, and a wake-up that a SIGKILL alone loses."""


@pytest.mark.parametrize("case", BROKEN)
def test_counts_of_what_may_never_be_are_not_green(case: CaseRecord, tmp_path: Path) -> None:
    run = synthetic_conformance()
    run.cases = [synthetic_case(), case]
    analysis = analyse(load_run(run.write(tmp_path)))
    said = "the answer is right, an impossible result was counted in 1 case"
    page = Page(render_html(analysis))
    assert page.attributes("class").count("alarm") == 2
    assert said in page.words()
    summary = " ".join(render_summary(analysis).split())
    assert said in summary
    assert "!! " in summary


def test_lost_wake_ups_of_what_reaps_are_known_and_no_alarm() -> None:
    assert not is_broken(synthetic_count("robust-futex", 0, "rounds=20 lost=20"))
    assert not is_broken(synthetic_count("pattern-to-file", 1, "rounds=20 empty=20 wrong=0"))


class TestRepeats:
    """A run that is resumed tries all its cases again."""

    def test_the_same_answer_is_told_once(self) -> None:
        again = synthetic_case(boot_id="another")
        told = conformance_of([synthetic_case(), synthetic_case(case="gone"), again])
        assert told is not None
        assert [case.case for case in told.passed] == ["live", "gone"]

    def test_another_answer_is_told_too(self) -> None:
        told = conformance_of(
            [synthetic_case(), synthetic_case(case="gone"), synthetic_case(answer="ret=EINVAL", passed=False)]
        )
        assert told is not None
        assert ([case.case for case in told.passed], [case.answer for case in told.failed]) == (
            ["live", "gone"],
            ["ret=EINVAL"],
        )

    def test_a_kernel_that_changed_in_between_is_named_by_both(self) -> None:
        told = conformance_of([synthetic_case(), synthetic_case(variant="stock")])
        assert told is not None
        assert cases.headline(told) == "variant reap-kill-v3 and stock: all 2 answers are right"


@pytest.mark.parametrize(
    ("answer", "counts", "shown"),
    [
        ("rounds=20 lost=4", {"rounds": 20, "lost": 4}, "4 of 20 lost"),
        ("rounds=20 empty=1 wrong=2", {"rounds": 20, "empty": 1, "wrong": 2}, "1 of 20 empty, 2 wrong bytes"),
        ("rounds=20 empty=0 wrong=1", {"rounds": 20, "empty": 0, "wrong": 1}, "0 of 20 empty, 1 wrong byte"),
        ("lost=4", {"lost": 4}, "lost=4"),
        ("ok=seen ESRCH=never", {}, "ok=seen ESRCH=never"),
        ("rounds=-1 lost=4", {}, "rounds=-1 lost=4"),
        (f"rounds={'9' * 5000}", {}, f"rounds={'9' * 5000}"),
        ("rounds", {}, "rounds"),
        ("", {}, ""),
    ],
)
def test_counts(answer: str, counts: dict[str, int], shown: str) -> None:
    assert counts_of(answer) == counts
    assert cases.counted(answer) == shown


def test_a_device_without_its_record_is_there_too(tmp_path: Path) -> None:
    run = synthetic_conformance()
    run.devices = []
    run.info = synthetic_info([PATCHED])
    text = render_summary(analyse(load_run(run.write(tmp_path))))
    assert f"== {PATCHED}\n" in text
    assert "1 of 4 answers is wrong" in text


def test_hostile_strings_stay_text(tmp_path: Path) -> None:
    device = f"{SCRIPT}\"'`{{{{7*7}}}}"
    run = synthetic_conformance()
    run.info = synthetic_info([device])
    run.devices = [synthetic_device(device)]
    bad = {"device": device, "case": SCRIPT, "answer": f"\x1b]0;{SCRIPT}", "variant": f"</p>{SCRIPT}"}
    run.cases = [
        synthetic_case(**bad, expected=SCRIPT, passed=False, suite=SCRIPT),
        synthetic_case(**bad, expected=SCRIPT),
        synthetic_case(**bad, expected="", flags=2**40),
        synthetic_case(**(bad | {"answer": f"rounds=20 {SCRIPT}=3"}), expected=""),
    ]
    analysis = analyse(load_run(run.write(tmp_path)))
    page = Page(render_html(analysis))
    assert [tag for tag, _ in page.tags].count("script") == 1  # the page's own
    assert page.words().count(SCRIPT) > 8
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in page.attributes("id"))
    text = render_summary(analysis)
    assert text.replace("\n", "").isprintable()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 72
