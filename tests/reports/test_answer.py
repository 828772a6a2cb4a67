"""The answer: one sentence and three figures for the main pair of arms, whatever the verdict is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from identities import identified
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_count
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_trial
from test_page import Page

from lmkd_core.records.device import SkipRecord
from lmkd_core.records.run import RunInfo
from lmkd_reports import analyse
from lmkd_reports import combine
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation.answer import Answer
from lmkd_reports.presentation.answer import answer_of
from lmkd_reports.presentation.brief import command_of
from lmkd_reports.presentation.lkml import render_lkml
from lmkd_reports.presentation.markdown import render_markdown
from lmkd_reports.presentation.summary import render_answers

TODAY, FLAG = "kill+mrelease@lmkd", "reap-kill"
HELD = {"scenario": "held-by-vm-readv", "stall": "holder", "regime": "injected", "hold_ms": 300}
SCATTER_MS = (0, 3, -2, 5, -4, 1, 2, -1, 4, -3)


def trials_of(run: SyntheticRun, today_ms: float, flag_ms: float, **changes: object) -> None:
    for block, scatter in enumerate(SCATTER_MS):
        for arm, median in ((TODAY, today_ms), (FLAG, flag_ms)):
            errno = "ESRCH" if arm == TODAY else ""
            time_ns = round((median + scatter) * NS_PER_MS)
            call = {"mrelease_errno": errno, "kill_to_mrelease_ns": 9_000}
            fields = {"arm": arm, "block": block, "reclaim_90_ns": time_ns, **call, **changes}
            run.trials.append(synthetic_trial(**fields))


def episodes_of(run: SyntheticRun, today: Sequence[int], flag: Sequence[int]) -> None:
    for block, kills in enumerate(zip(today, flag, strict=True)):
        for arm, extra in zip((TODAY, FLAG), kills, strict=True):
            run.episodes.append(
                synthetic_episode(extra=extra, arm=arm, block=block, scenario="held-beyond-burst")
            )


def a_run() -> SyntheticRun:
    return SyntheticRun(synthetic_info([PATCHED], (TODAY, FLAG)), [synthetic_device(PATCHED)])


def analysed(run: SyntheticRun, folder: Path) -> Analysis:
    return analyse(load_run(run.write(folder)))


def answered(run: SyntheticRun, folder: Path) -> Answer:
    analysis = analysed(run, folder)
    return answer_of(analysis.devices[0], analysis.pairs[0])


def test_it_says_by_how_much_and_what_each_arm_took(tmp_path: Path) -> None:
    run = a_run()
    trials_of(run, 400, 100, **HELD)
    episodes_of(run, [3] * 8, [0] * 8)
    answer = answered(run, tmp_path)
    assert answer.sentence == (
        "With REAP_KILL, memory that another process holds for 300 ms is back after 100 ms instead of 400 ms "
        "(0.25x), and 3 fewer apps are killed per episode of memory pressure "
        "(every third victim is held by a reader until the demand is over)."
    )
    time, race, kills = answer.figures
    assert (time.name, time.amount, time.verdict) == ("time back", "0.25x", "better")
    assert time.by_arm == ((TODAY, "400 ms"), (FLAG, "100 ms"))
    assert (race.name, race.amount) == ("race lost", "10 of 10")
    assert race.by_arm == ((TODAY, "10 of 10"), (FLAG, "0 of 10"))
    assert (kills.name, kills.amount, kills.verdict) == ("apps killed", "−3", "better")
    assert answer.evidence.startswith(
        "Paired within each of 10 blocks and 8 blocks: time back p 0.002, apps killed p 0.008; both claims "
    )
    assert answer.worse == ""


@pytest.mark.parametrize("order", [1, -1])
def test_it_is_about_the_memory_that_a_reader_holds_wherever_that_was_measured(
    tmp_path: Path, order: int
) -> None:
    run = a_run()
    for values in ((400, 100, HELD), (12, 12.01, {}))[::order]:
        trials_of(run, values[0], values[1], **values[2])
    assert "memory that another process holds" in answered(run, tmp_path).sentence


def test_a_loss_elsewhere_is_named(tmp_path: Path) -> None:
    run = a_run()
    trials_of(run, 400, 100, **HELD)
    trials_of(run, 100, 150)
    answer = answered(run, tmp_path)
    assert answer.worse == "Worse with REAP_KILL: nobody-holds, 64 MB, 1 thread (1.50x)."


def test_a_loss_is_told_like_a_gain(tmp_path: Path) -> None:
    run = a_run()
    trials_of(run, 100, 200, **HELD)
    episodes_of(run, [0] * 8, [1] * 8)
    assert answered(run, tmp_path).sentence == (
        "With REAP_KILL, memory that another process holds for 300 ms is back after 200 ms instead of 100 ms "
        "(2.00x), and 1 more app is killed per episode of memory pressure "
        "(every third victim is held by a reader until the demand is over)."
    )


def test_what_is_not_clear_is_not_claimed(tmp_path: Path) -> None:
    run = a_run()
    for block, scatter in enumerate(SCATTER_MS):
        for arm, sign in ((TODAY, 1), (FLAG, -1)):
            time_ns = round((100 + 10 * sign * scatter) * NS_PER_MS)
            run.trials.append(synthetic_trial(arm=arm, block=block, reclaim_90_ns=time_ns, **HELD))
    episodes_of(run, [0, 1] * 4, [1, 0] * 4)
    answer = answered(run, tmp_path)
    assert answer.sentence == (
        "With REAP_KILL, memory that another process holds for 300 ms is back neither clearly sooner nor "
        "clearly later than with lmkd today, and the number of apps killed under memory pressure shows no "
        "clear difference."
    )
    assert "claim" not in answer.evidence


def test_equal_times_are_called_equal(tmp_path: Path) -> None:
    run = a_run()
    trials_of(run, 400, 400, **HELD)
    assert answered(run, tmp_path).sentence == (
        "With REAP_KILL, memory that another process holds for 300 ms takes as long to come back as with "
        "lmkd today."
    )


def test_too_few_blocks_are_no_answer(tmp_path: Path) -> None:
    run = a_run()
    run.trials += [synthetic_trial(arm=arm, **HELD) for arm in (TODAY, FLAG)]
    episodes_of(run, [1], [0])
    answer = answered(run, tmp_path)
    assert answer.sentence.startswith("With REAP_KILL, nothing can be said about the return of memory ")
    assert "nothing can be said about apps killed under memory pressure yet (1 of the 6 " in answer.sentence
    assert answer.evidence == ""


def test_an_arm_that_cannot_run_is_the_answer(tmp_path: Path) -> None:
    run = a_run()
    reason = "EINVAL: this kernel knows no flag"
    run.skips.append(SkipRecord(device=PATCHED, what="arm", name=FLAG, suite="", reason=reason))
    run.trials.append(synthetic_trial(arm=TODAY))
    assert answered(run, tmp_path).sentence == (
        f"This cannot be answered here: the arm {FLAG} cannot run ({reason})."
    )


def test_medians_of_other_blocks_than_the_ratio_are_not_set_beside_it(tmp_path: Path) -> None:
    """Times grow from block to block, and only the early blocks of the baseline are valid."""
    run = a_run()
    for block in range(12):
        for arm, factor in ((TODAY, 1.1), (FLAG, 1.0)):
            valid = arm == FLAG or block < 7
            time_ns = round(factor * (100 + 10 * block) * NS_PER_MS)
            run.trials.append(
                synthetic_trial(arm=arm, block=block, reclaim_90_ns=time_ns, valid=valid, **HELD)
            )
    assert "is back in 0.91x the time of lmkd today" in answered(run, tmp_path).sentence


def test_an_arm_against_itself_is_noise(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED], ("kill", "kill#2")), [synthetic_device(PATCHED)])
    for block, scatter in enumerate(SCATTER_MS):
        for arm in ("kill", "kill#2"):
            time_ns = (400 + scatter) * NS_PER_MS
            run.trials.append(synthetic_trial(arm=arm, block=block, reclaim_90_ns=time_ns, **HELD))
    assert answered(run, tmp_path).sentence.startswith("The same arm again, so all differences are noise. ")


def test_a_skip_of_an_earlier_session_does_not_hide_what_was_measured(tmp_path: Path) -> None:
    run = a_run()
    run.skips.append(SkipRecord(device=PATCHED, what="arm", name=FLAG, suite="", reason="EINVAL"))
    trials_of(run, 400, 100, **HELD)
    assert "(0.25x)" in answered(run, tmp_path).sentence


def test_a_damaged_command_is_still_printed() -> None:
    info = with_command(synthetic_info([PATCHED]), "pytest -k it's")
    assert command_of(info) == """pytest -k 'it'"'"'s' --lmkd-seed 1"""


def test_lost_wake_ups_are_told_at_once(tmp_path: Path) -> None:
    run = a_run()
    trials_of(run, 400, 100, **HELD)
    run.cases += [
        synthetic_count("robust-futex", 1, "rounds=20 lost=12"),
        synthetic_count("pattern-to-pipe", 1, "rounds=20 empty=20 wrong=0"),
    ]
    (damage,) = answered(run, tmp_path).damage
    assert damage == (
        "robust-futex, reap-kill: 12 of 20 lost (rounds in which a waiter was not told that the owner of a "
        "robust mutex had died)."
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    run = a_run()
    run.devices = [identified(run.devices[0])]
    trials_of(run, 400, 100, **HELD)
    trials_of(run, 12, 12)
    trials_of(run, 50, 40, scenario="starved-exit", stall="starved", regime="injected", hold_ms=300)
    episodes_of(run, [3] * 8, [0] * 8)
    return analysed(run, tmp_path_factory.mktemp("whole"))


def test_of_several_devices_the_verdicts_are_counted(tmp_path: Path) -> None:
    run = SyntheticRun(
        synthetic_info(["a", "b"], (TODAY, FLAG)), [synthetic_device("a"), synthetic_device("b")]
    )
    trials_of(run, 400, 100, **HELD, device="a")
    trials_of(run, 400, 400, **HELD, device="b")
    words = Page(render_html(analysed(run, tmp_path))).words()
    assert "Time back: better on 1 of 2 devices, equivalent on 1." in words
    assert words.index("0.25x") < words.index("1.00x")


class TestPage:
    def test_the_answer_comes_before_everything_else(self, whole: Analysis) -> None:
        words = Page(render_html(whole)).words()
        assert words.index("instead of 400 ms (0.25x)") < words.index("Verdicts", words.index("0.25x"))
        assert words.index("seed 1") > words.index("Environment", words.index("0.25x"))

    def test_the_picture_shows_both_arms(self, whole: Analysis) -> None:
        section = render_html(whole).partition('id="answer"')[2].partition("</section>")[0]
        assert section.count("<figure>") == 2

    def test_without_pressure_it_shows_the_returning_memory(self, tmp_path: Path) -> None:
        run = a_run()
        trials_of(run, 400, 100, **HELD, curve=((0, 65536), (200_000, 0)), charged_at_kill_kb=65536)
        section = render_html(analysed(run, tmp_path)).partition('id="answer"')[2].partition("</section>")[0]
        assert section.count("<figure") == 1


class TestMail:
    def test_it_fits_a_mail(self, whole: Analysis) -> None:
        lines = render_lkml(whole).splitlines()
        assert max(map(len, lines)) <= 72
        assert len(lines) <= 40

    def test_it_has_every_situation_with_its_verdict(self, whole: Analysis) -> None:
        text = render_lkml(whole)
        assert "held-by-vm-readv-64MB-1t            400   100 0.25 [" in text
        assert "A lmkd today: SIGKILL, lmkd's other work, process_mrelease(pidfd, 0)" in text
        assert "held-beyond-burst-12-cached           8     5 -3 [-3.4,-2.6] better" in text

    def test_it_tells_how_to_run_it_again(self) -> None:
        info = synthetic_info([PATCHED])
        assert command_of(info) == "pytest suites/ --lmkd-device synthetic --lmkd-seed 1"
        assert command_of(with_command(info, "bin/pytest -k 'a or b' --lmkd-seed=1")) == (
            "pytest -k 'a or b' --lmkd-seed=1"
        )


def with_command(info: RunInfo, command: str) -> RunInfo:
    return msgspec.structs.replace(info, command=command)


def test_a_pull_request_gets_tables(whole: Analysis) -> None:
    text = render_markdown(whole)
    assert "| held-by-vm-readv, 300 ms, 64 MB, 1 thread | 400 | 100 | 0.25x (" in text
    assert "with REAP\\_KILL" in text


def test_a_device_is_reproduced_by_its_own_run(tmp_path: Path) -> None:
    analyses = []
    for label in ("one", "two"):
        run = a_run()
        run.info = msgspec.structs.replace(run.info, label=label, run_id=label, command=f"pytest -k {label}")
        trials_of(run, 400, 100, **HELD)
        analyses.append(analysed(run, tmp_path / label))
    first, second = render_lkml(combine(analyses)).split(f"{PATCHED} (two)")
    assert "pytest -k one" in first and "pytest -k two" not in first
    assert "pytest -k two" in second and "pytest -k one" not in second


def test_the_end_of_a_run_tells_the_three_figures(whole: Analysis) -> None:
    lines = render_answers(whole).splitlines()
    assert lines[0] == f"== {PATCHED}"
    assert [line.strip().split("  ")[0] for line in lines if line.startswith("   ") and "  " in line.strip()][
        :3
    ] == [
        "time back",
        "race lost",
        "apps killed",
    ]
