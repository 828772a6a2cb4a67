"""Pressure episodes in reports: counts an episode, differences by block, one episode of each arm drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_case
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_kill
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from test_page import SCRIPT
from test_page import Page

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.statistics.differences import paired_difference
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.pressure import pressure_of
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.metrics.cells import cells_of
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.kills import difference
from lmkd_reports.presentation.timeline import describe

TWO, FLAG = "kill+mrelease@lmkd", "reap-kill"


def run_of(episodes: Sequence[EpisodeRecord], folder: Path) -> Analysis:
    info = synthetic_info([PATCHED], arms=(TWO, FLAG))
    run = SyntheticRun(info, devices=[synthetic_device(PATCHED)], episodes=list(episodes))
    return analyse(load_run(run.write(folder)))


def episodes_of(extra: Sequence[int], flag_extra: Sequence[int], **changes: object) -> list[EpisodeRecord]:
    """A block for each number of extra kills of the two arms."""
    blocks = enumerate(zip(extra, flag_extra, strict=True))
    return [
        synthetic_episode(extra=count, arm=arm, block=block, **changes)
        for block, counts in blocks
        for arm, count in zip((TWO, FLAG), counts, strict=True)
    ]


def changed(episode: EpisodeRecord, **changes: object) -> EpisodeRecord:
    return msgspec.structs.replace(episode, **changes)


def result_of(extra: Sequence[int], flag_extra: Sequence[int]) -> PressureResult:
    (result,) = pressure_of(episodes_of(extra, flag_extra), (TWO, FLAG))
    return result


def test_the_summary_of_episodes_alone(pressure_dir: Path) -> None:
    golden = Path(__file__).parent / "golden" / "kills.txt"
    text = (pressure_dir / "summary.txt").read_text()
    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= 72


@pytest.mark.parametrize(
    ("extra", "flag_extra", "verdict"),
    [
        ([3] * 12, [0] * 12, Verdict.BETTER),
        ([0] * 12, [3] * 12, Verdict.WORSE),
        ([0] * 12, [0] * 12, Verdict.NO_CLEAR_DIFFERENCE),
        ([1] + [0] * 11, [0] * 12, Verdict.NO_CLEAR_DIFFERENCE),
        ([3] * 5, [0] * 5, Verdict.NOT_ENOUGH_DATA),
        ([3], [0], Verdict.NOT_ENOUGH_DATA),
    ],
    ids=["fewer", "more", "none at all", "one by chance", "five blocks", "one block"],
)
def test_verdicts(extra: list[int], flag_extra: list[int], verdict: Verdict) -> None:
    (comparison,) = result_of(extra, flag_extra).comparisons
    assert comparison.verdict == verdict


DEMAND = "the demand was not met to the end"


def test_an_arm_without_a_valid_episode_is_not_judged(tmp_path: Path) -> None:
    broken = synthetic_episode(arm=FLAG, valid=False, invalid_reason=DEMAND)
    episodes = [one for one in episodes_of([3] * 8, [0] * 8) if one.arm == TWO]
    analysis = run_of([*episodes, *(changed(broken, block=one.block) for one in episodes)], tmp_path)
    (result,) = analysis.devices[0].pressure
    assert result.comparisons[0].verdict == Verdict.INVALID
    assert result.shown_block is None
    words = Page(render_html(analysis)).words()
    assert f"held-beyond-burst, 12-cached, with REAP_KILL : 8 invalid: {DEMAND}" in words
    assert "every episode of reap-kill is invalid × invalid" in words
    assert "with REAP_KILL 0 8 invalid – – – – –" in words
    assert "no block has a valid episode of every arm" in words
    assert f"    8 invalid: {DEMAND}\n" in render_summary(analysis)


class TestArmsThatAreNotThere:
    """An interrupted run, or one whose device cannot do an arm: no other arm takes its place."""

    def test_the_baseline_is_that_of_the_run(self) -> None:
        episodes = [synthetic_episode(arm=arm) for arm in (TWO, FLAG)]
        (result,) = pressure_of(episodes, ("kill", TWO, FLAG))
        assert pairs(result) == [(FLAG, TWO)]

    def test_without_it_nothing_is_compared(self, tmp_path: Path) -> None:
        analysis = run_of([synthetic_episode(arm=FLAG, block=block) for block in range(8)], tmp_path)
        assert not analysis.devices[0].pressure[0].comparisons
        assert "nothing could be compared" in Page(render_html(analysis)).words()
        assert "reap-kill             8      5" in render_summary(analysis)

    def test_in_one_situation_only(self, tmp_path: Path) -> None:
        episodes = [*episodes_of([3] * 6, [0] * 6), synthetic_episode(arm=FLAG, scenario="undisturbed")]
        analysis = run_of(episodes, tmp_path)
        whole, part = analysis.devices[0].pressure
        assert pairs(whole) == pairs(part) == [(FLAG, TWO)]
        assert (part.comparisons[0].verdict, part.comparisons[0].total) == (Verdict.NOT_ENOUGH_DATA, None)
        tally = "fewer kills in 1 of 2 pressure strata, not enough data in 1"
        assert f"with REAP_KILL against lmkd today {tally}" in Page(render_html(analysis)).words()
        assert "no block with a valid episode of both: not enough data" in render_summary(analysis)


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        (("kill", FLAG), [(FLAG, "kill")]),
        (
            ("kill", "kill+mrelease", FLAG),
            [(FLAG, "kill+mrelease"), ("kill+mrelease", "kill"), (FLAG, "kill")],
        ),
        (("kill", "kill#2"), [("kill#2", "kill")]),
        (("kill", "kill#2", FLAG), [(FLAG, "kill"), ("kill#2", "kill")]),
        ((TWO, FLAG, f"{FLAG}#2"), [(FLAG, TWO), (f"{FLAG}#2", TWO), (f"{FLAG}#2", FLAG)]),
        ((FLAG, TWO), [(TWO, FLAG)]),
        (
            (TWO, FLAG, "reap-kill-emulated"),
            [(FLAG, TWO), ("reap-kill-emulated", TWO)],
        ),
    ],
)
def test_what_is_compared(arms: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    (result,) = pressure_of([synthetic_episode(arm=arm) for arm in reversed(arms)], arms)
    assert pairs(result) == expected


def pairs(result: PressureResult) -> list[tuple[str, str]]:
    return [(one.candidate, one.baseline) for one in result.comparisons]


def test_a_gain_in_a_control_is_an_alarm(tmp_path: Path) -> None:
    gain = episodes_of([3] * 8, [0] * 8, scenario="undisturbed", regime="control", stall="none")
    analysis = run_of(gain, tmp_path / "gain")
    assert "alarm banner" in render_html(analysis)
    assert "  !! with REAP_KILL against lmkd today: a gain is claimed" in render_summary(analysis)
    elsewhere = run_of(episodes_of([3] * 8, [0] * 8), tmp_path / "elsewhere")
    assert "alarm banner" not in render_html(elsewhere)
    assert "!!" not in render_summary(elsewhere)


def test_means_are_of_valid_episodes_only() -> None:
    episodes = [*episodes_of([3, 3], [0, 0]), synthetic_episode(extra=7, arm=TWO, block=2, valid=False)]
    (result,) = pressure_of(episodes, (TWO, FLAG))
    two, flag = result.arms
    assert (two.valid, two.total, two.premature) == (2, 8, (("Z", 3.0),))
    assert two.replay is not None
    assert (two.replay.needed, two.replay.least_extra, two.replay.most_extra) == (5, 0, 3)
    assert (flag.total, flag.premature, flag.alive) == (5, (), 7)


def test_an_episode_recorded_twice_counts_once(tmp_path: Path) -> None:
    episodes = [*episodes_of([3], [0]), synthetic_episode(extra=1, arm=TWO, block=0)]
    analysis = run_of(episodes, tmp_path)
    (result,) = analysis.devices[0].pressure
    assert (result.arms[0].valid, result.arms[0].total, analysis.recorded_episodes) == (1, 6, 2)
    assert [problem.message for problem in analysis.problems] == [
        "1 episodes recorded twice: the last counts"
    ]


def test_the_block_that_is_drawn_is_typical() -> None:
    result = result_of([0, 3, 3, 9], [0, 0, 0, 0])
    assert result.shown_block == 1
    assert [(one.arm, one.kills_extra) for one in result.shown] == [(TWO, 3), (FLAG, 0)]


def unstalled(kills: int, block: int, **changes: object) -> EpisodeRecord:
    place: dict[str, object] = {"arm": TWO, "stall": "none", "stall_ms": 0, "without_stall": "holder"}
    return synthetic_episode(kills, block=block, **(place | changes))


class TestExtraKills:
    """They are measured: kills minus those of the block's unstalled episode, and the replay is a range."""

    def test_each_arm_is_compared_with_the_unstalled_episode_of_its_block(self) -> None:
        episodes = [*episodes_of([3, 2, 3], [0, 0, 0]), *(unstalled(6, block) for block in (0, 1))]
        (result,) = pressure_of(episodes, (TWO, FLAG))
        assert [(arm.extra.blocks, arm.extra.mean) for arm in result.arms if arm.extra] == [(2, 1.5), (2, -1)]
        assert result.unstalled is not None and result.unstalled.total == 6
        assert [arm.total for arm in result.arms] == [pytest.approx(23 / 3), 5]

    def test_arms_differ_in_extra_kills_as_in_kills(self) -> None:
        stalled = episodes_of([3, 1, 2] * 3, [0, 2, 1] * 3)
        episodes = [*stalled, *(unstalled(5 + block % 2, block) for block in range(9))]
        (result,) = pressure_of(episodes, (TWO, FLAG))
        two, flag = (arm.extra for arm in result.arms)
        (comparison,) = result.comparisons
        assert two is not None and flag is not None and comparison.total is not None
        assert flag.mean - two.mean == pytest.approx(comparison.total.mean)

    def test_an_invalid_unstalled_episode_is_no_reference_and_is_listed(self, tmp_path: Path) -> None:
        broken = unstalled(5, 0, valid=False, invalid_reason=DEMAND)
        analysis = run_of([*episodes_of([3] * 6, [0] * 6), broken], tmp_path)
        (result,) = analysis.devices[0].pressure
        assert [arm.extra for arm in result.arms] == [None, None]
        assert f"lmkd today, unstalled : 1 invalid: {DEMAND}" in Page(render_html(analysis)).words()

    def test_strata_that_differ_in_the_hold_have_unstalled_episodes_of_their_own(self) -> None:
        short = {"stall_ms": 150}
        episodes = [
            *episodes_of([3], [0]),
            *episodes_of([3], [0], **short),
            unstalled(5, 0),
            unstalled(7, 0, without_stall_ms=150),
        ]
        extras = [result.arms[0].extra for result in pressure_of(episodes, (TWO, FLAG))]
        assert [extra.mean for extra in extras if extra] == [3, 1]

    def test_the_replay_is_a_range_from_what_was_swapped_out(self) -> None:
        episodes = episodes_of([3], [0], swapped_out_pages=2 * 51_200 // 4)
        (result,) = pressure_of(episodes, (TWO, FLAG), page_kb=4)
        replay = result.arms[0].replay
        assert replay is not None
        assert (replay.least_extra, replay.most_extra, replay.excess_kb) == (1, 3, 3 * 51_200)

    def test_no_kill_is_surely_extra_if_what_was_swapped_out_is_not_known(self) -> None:
        (result,) = pressure_of(episodes_of([3], [0]), (TWO, FLAG), page_kb=4)
        replay = result.arms[0].replay
        assert replay is not None and (replay.least_extra, replay.most_extra) == (0, 3)

    def test_runs_are_compared_without_unstalled_episodes(self, tmp_path: Path) -> None:
        run = SyntheticRun(synthetic_info([PATCHED]), episodes=[*episodes_of([3], [0]), unstalled(5, 0)])
        (cells,) = cells_of(load_run(run.write(tmp_path))).values()
        assert [(place.stall, arm) for place, arm in cells] == [("holder", TWO), ("holder", FLAG)]

    def test_an_unstalled_episode_is_drawn_beside_the_arms(self) -> None:
        (result,) = pressure_of([*episodes_of([3], [0]), unstalled(5, 0)], (TWO, FLAG))
        assert [(shown.arm, shown.is_unstalled) for shown in result.shown] == [
            (TWO, False),
            (FLAG, False),
            (TWO, True),
        ]


@pytest.mark.parametrize(
    "other",
    [{"scenario": "undisturbed"}, {"profile": "low-ram"}, {"regime": "natural"}, {"stall_ms": 150}],
)
def test_situations_are_never_pooled(other: dict[str, object]) -> None:
    episodes = [*episodes_of([3], [0]), *episodes_of([1], [0], **other)]
    assert [one.arms[0].total for one in pressure_of(episodes, (TWO, FLAG))] == [8, 6]


def test_devices_are_never_pooled(tmp_path: Path) -> None:
    info = synthetic_info([PATCHED, STOCK], arms=(TWO, FLAG))
    run = SyntheticRun(info, [synthetic_device(PATCHED), synthetic_device(STOCK)])
    run.episodes = [*episodes_of([3] * 6, [0] * 6), *episodes_of([0] * 6, [0] * 6, device=STOCK)]
    analysis = analyse(load_run(run.write(tmp_path)))
    verdicts = [device.pressure[0].comparisons[0].verdict for device in analysis.devices]
    assert verdicts == [Verdict.BETTER, Verdict.NO_CLEAR_DIFFERENCE]
    overview = Page(render_html(analysis)).words()
    assert f"{PATCHED} ↓ better 1 1 of 1 survive {STOCK} ~ no clear difference 1" in overview
    assert "with REAP_KILL against lmkd today fewer kills in 1 of 1 pressure stratum" in overview
    assert "with REAP_KILL against lmkd today no clear difference in 1 of 1 pressure stratum" in overview


def test_an_arm_against_itself_is_named_so(tmp_path: Path) -> None:
    episodes = [synthetic_episode(arm=arm, block=block) for block in range(6) for arm in ("kill", "kill#2")]
    run = SyntheticRun(synthetic_info([PATCHED], arms=("kill", "kill#2")), episodes=episodes)
    analysis = analyse(load_run(run.write(tmp_path)))
    text = render_summary(analysis)
    headline = "SIGKILL only against itself (the same arm again): no clear difference"
    assert "kill#2 - kill (the same arm again)" in text
    assert headline in " ".join(text.split())
    assert "against SIGKILL only: the same arm again" in Page(render_html(analysis)).words()


def filled_paths(element: ElementTree.Element, inherited: str = "") -> Iterator[tuple[str, str]]:
    """The fill and the shape of each path; a group's fill is that of its children."""
    fill = element.get("fill", inherited)
    if element.tag.endswith("path"):
        yield fill, element.get("d", "")
    for child in element:
        yield from filled_paths(child, fill)


class TestTimeline:
    def figures(self, episodes: Sequence[EpisodeRecord], folder: Path) -> list[str]:
        section = render_html(run_of(episodes, folder)).partition('<section id="pressure"')[2]
        return re.findall(r"<figure>.*?</figure>", section, re.DOTALL)

    def test_needed_and_extra_kills_differ_in_shape_and_colour(self, tmp_path: Path) -> None:
        two, flag = self.figures(episodes_of([3], [0]), tmp_path)
        marks = list(filled_paths(ElementTree.fromstring(two)))
        fills = [fill for fill, _ in marks]
        assert fills.count("var(--plain)") == 5
        assert fills.count("var(--worse)") == 3 + 3  # the extra ones are not back: an arrow each
        assert "var(--worse)" not in flag
        assert len({shape for fill, shape in marks if fill == "var(--worse)"}) == 2

    def test_it_says_what_it_shows(self, tmp_path: Path) -> None:
        two, flag = self.figures(episodes_of([3], [0]), tmp_path)
        assert "8 kills, 3 beyond the replay's need; memory of 3 not back by the end</desc>" in two
        assert "5 kills; all memory back by the end</desc>" in flag

    def test_memory_that_came_after_the_end_counts_as_not_back(self) -> None:
        kill = synthetic_kill(0, freed_ns=3001 * NS_PER_MS)
        assert describe(synthetic_episode(kills=(kill,))) == "1 kill; memory of 1 not back by the end"

    def test_without_kills_there_is_still_a_curve(self, tmp_path: Path) -> None:
        figures = self.figures([synthetic_episode(0, arm=arm) for arm in (TWO, FLAG)], tmp_path)
        assert len(figures) == 2
        assert all("no kills</desc>" in figure for figure in figures)

    def test_colours_are_the_themes(self, tmp_path: Path) -> None:
        figures = "".join(self.figures(episodes_of([3], [0]), tmp_path))
        colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', figures))
        assert all(colour == "none" or colour.startswith("var(--") for colour in colours)

    @pytest.mark.parametrize(
        "changes",
        [{"curve": ()}, {"threshold_kb": None}, {"duration_ns": None}, {"duration_ns": 0}],
        ids=["no curve", "no watermark", "no end", "no length"],
    )
    def test_what_cannot_be_drawn_is_said(self, tmp_path: Path, changes: dict[str, object]) -> None:
        page = render_html(run_of(episodes_of([3], [0], **changes), tmp_path))
        assert "<figure>" not in page
        assert "NaN" not in page
        assert "The episodes have no curve to draw." in page


def test_records_without_what_they_may_lack_say_nothing_of_it(tmp_path: Path) -> None:
    absent = {"fg_fault_p99_ns": None, "psi_some_us": None, "duration_ns": None, "curve": ()}
    analysis = run_of(episodes_of([0] * 6, [0] * 6, needed=0, **absent), tmp_path)
    (result,) = analysis.devices[0].pressure
    assert {(arm.total, arm.fault_p99_ns, arm.psi_some_us) for arm in result.arms} == {(0, None, None)}
    words = Page(render_html(analysis)).words()
    assert "with REAP_KILL 6 0 12 of 12 – – –" in words
    assert (
        "as many apps killed with REAP_KILL as with lmkd today in each of 6 blocks (−0.5 to +0.5; p 1.000)"
        in words
    )
    assert not re.search(r"\bnan\b", words + render_summary(analysis), re.IGNORECASE)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    device = f"{SCRIPT}\"'`{{{{7*7}}}}"
    kill = synthetic_kill(0, reason=SCRIPT, stall=SCRIPT, mrelease_errno=SCRIPT)
    names = ("device", "suite", "scenario", "profile", "demand", "stall", "boot_id")
    places: dict[str, object] = dict.fromkeys(names, f"</svg>{SCRIPT}") | {"device": device}
    arms = (TWO, SCRIPT, f"{SCRIPT}#2", "\x00\x1b]0;")
    run = SyntheticRun(synthetic_info([device], arms), [synthetic_device(device)])
    run.episodes = [
        synthetic_episode(arm=arm, block=block, kills=(kill,), **places) for block in range(6) for arm in arms
    ]
    reason = f"</title>{SCRIPT}\x1b[31m"
    run.episodes.append(synthetic_episode(arm=TWO, block=9, valid=False, invalid_reason=reason, **places))
    return analyse(load_run(run.write(tmp_path_factory.mktemp("hostile"))))


class TestHostileStrings:
    """Everything in an episode that is text, and every place where it is shown."""

    def test_stay_text_on_the_page(self, hostile: Analysis) -> None:
        source = render_html(hostile)
        page = Page(source)
        tags = [tag for tag, _ in page.tags]
        assert (tags.count("script"), tags.count("img")) == (1, 0)  # the page's own script
        assert page.words().count(SCRIPT) > 20
        assert "{{7*7}}" in page.words()
        assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in page.attributes("id"))
        assert source.count("<figure>") == 2 + 4  # those of the answer, and all arms

    def test_stay_printable_in_the_summary(self, hostile: Analysis) -> None:
        text = render_summary(hostile)
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        assert max(map(len, text.splitlines())) <= 72


@pytest.fixture(scope="module")
def page(pressure_dir: Path) -> Page:
    return Page((pressure_dir / "report.html").read_text())


class TestPageOfEpisodesAlone:
    def test_the_verdict_comes_first_and_in_words(self, page: Page) -> None:
        words = page.words()
        banner = (
            "with REAP_KILL against lmkd today "
            "fewer kills in 1 of 3 pressure strata, no clear difference in 2"
        )
        sentence = (
            "held-beyond-burst, 12-cached: 2.5 fewer apps killed with REAP_KILL than with lmkd today "
            "(−3.1 to −1.9; p 0.008) ↓ better"
        )
        assert 0 < words.index(banner) < words.index(sentence) < words.index("Apps stand in the background")

    def test_a_stratum_is_explained(self, page: Page) -> None:
        known = PRESSURE["held-beyond-burst"]
        assert f"{known.title} Expected: {known.expectation}" in page.words()

    def test_the_numbers(self, page: Page) -> None:
        words = page.words()
        assert "lmkd today 8 7.5 4.5 of 12 0.0900 – 300" in words
        assert "lmkd today, unstalled 8 5.3 6.8 of 12 0.0900 – 300" in words
        row = "with REAP_KILL against lmkd today −2.5 (−3.1 to −1.9) 0.008 ↓ better"
        assert row in words
        assert (
            "0 (−0.4 to +0.4) a difference of 1 would take about 6 blocks 1.000 ~ no clear difference"
            in words
        )

    def test_extra_kills_are_measured_and_replayed_beside_that(self, page: Page) -> None:
        words = page.words()
        measured = "arm blocks extra kills, measured lmkd today 8 +2.3 (+1.8 to +2.8)"
        assert f"{measured} with REAP_KILL 8 −0.3 (−0.8 to +0.3)" in words
        assert "Extra kills were not measured: the run has no episodes without the stall" in words
        assert "lmkd today 5 0 to 2.5 125 2.5 Z" in words

    def test_the_block_that_is_drawn_is_named(self, page: Page) -> None:
        assert "One episode of each arm, all of block 0, in which" in page.words()

    def test_invalid_ones_are_counted_and_listed(self, page: Page) -> None:
        assert "lmkd today 8 1 invalid 0 12 of 12" in page.words()
        assert f"undisturbed, 12-cached, with REAP_KILL : 1 invalid: {DEMAND}" in page.words()

    def test_it_tells_how_to_read_it(self, page: Page) -> None:
        words = page.words()
        assert "Extra kills are measured" in words
        assert "The replay" in words and "It is no measurement" in words
        assert "They overcount" in words
        assert "not enough data : fewer than 6 blocks" in words

    def test_nothing_is_said_of_single_kills(self, page: Page) -> None:
        for absent in ("How long until", "Stratum by stratum", "nothing was measured", "trial", "ESRCH"):
            assert absent not in page.words()

    def test_ids_are_unique_and_links_lead_somewhere(self, page: Page) -> None:
        ids = page.attributes("id")
        assert len(ids) == len(set(ids))
        assert {link[1:] for link in page.attributes("href") if link.startswith("#")} <= set(ids)
        assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")


def test_trials_episodes_and_cases_stand_beside_each_other(tmp_path: Path) -> None:
    run = synthetic_run([PATCHED], blocks=6)
    run.cases = [synthetic_case()]
    run.episodes = [
        synthetic_episode(arm=arm, block=block) for block in range(6) for arm in ("kill", "reap-kill")
    ]
    analysis = analyse(load_run(run.write(tmp_path)))
    assert analysis.has_times and not analysis.problems
    page = render_html(analysis)
    assert all(f'id="{name}"' in page for name in ("verdict", "pressure", "conformance", "strata"))
    text = " ".join(render_summary(analysis).split())
    assert "with REAP_KILL against SIGKILL only: no clear difference in 1 of 1 pressure stratum" in text
    assert "trials: 144 planned" in text
    assert "episodes: 0 planned, 12 recorded, 12 valid" in text


def test_without_episodes_nothing_is_said_of_them(run_dir: Path, conformance_dir: Path) -> None:
    for folder in (run_dir, conformance_dir):
        assert "pressure" not in (folder / "summary.txt").read_text()
        assert 'id="pressure"' not in (folder / "report.html").read_text()


counts = st.lists(st.integers(-12, 12), min_size=0, max_size=30)


@given(counts)
def test_no_data_make_the_statistics_stumble(differences: list[int]) -> None:
    found = paired_difference(np.array(differences, dtype=np.float64), np.zeros(len(differences)))
    if not differences:
        assert found is None
        return
    assert found is not None and found.mean == pytest.approx(np.mean(differences))
    assert found.p is None or 0 < found.p <= 1
    if found.low is not None and found.high is not None:
        assert found.low < found.mean < found.high
        assert not found.is_clear or not found.low <= 0 <= found.high


def test_lmkds_settings_stand_side_by_side(tmp_path: Path) -> None:
    run = synthetic_pressure()
    run.info = msgspec.structs.replace(run.info, devices=(PATCHED, STOCK))
    run.devices.append(synthetic_device(STOCK))
    run.episodes = [
        msgspec.structs.replace(one, device=device, settings={"kill_timeout_ms": timeout_ms})
        for device, timeout_ms in ((PATCHED, 100), (STOCK, 250))
        for one in run.episodes
    ]
    words = Page(render_html(analyse(load_run(run.write(tmp_path))))).words()
    assert "lmkd's kill_timeout_ms differs 100 250" in words
    assert "low watermark 28160 kB 28160 kB" in words


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=20))
def test_better_is_never_said_when_the_interval_holds_0(kills: list[tuple[int, int]]) -> None:
    (result,) = pressure_of(episodes_of(*zip(*kills, strict=True)), (TWO, FLAG))
    (comparison,) = result.comparisons
    found, verdict = comparison.total, comparison.verdict
    assert found is not None
    assert (verdict == Verdict.NOT_ENOUGH_DATA) == (found.blocks < MIN_BLOCKS)
    if verdict == Verdict.BETTER:
        assert found.high is not None and found.high < 0
        assert "0)" not in difference(found).replace("10)", "")  # nor does it look so
    if verdict == Verdict.WORSE:
        assert found.low is not None and found.low > 0


def test_equal_arms_are_seldom_called_different() -> None:
    """1,000 simulated runs of 6, and of 12 blocks; the test alone holds the rate to 5 %."""
    rng = np.random.default_rng(1)
    for blocks in (6, 12):
        draws = rng.poisson(3, (2, 1000, blocks)).astype(np.float64)
        found = [paired_difference(*pair) for pair in zip(*draws, strict=True)]
        assert np.mean([one is not None and one.is_clear for one in found]) <= 0.05


@pytest.mark.parametrize(("blocks", "told"), [(6, 2), (3, 1)])
def test_only_what_is_not_known_is_told_once(blocks: int, told: int) -> None:
    """Equal numbers of two strata are still those of two."""
    kills_of = [3] * blocks, [0] * blocks
    results = pressure_of([*episodes_of(*kills_of), *episodes_of(*kills_of, profile="low-ram")], (TWO, FLAG))
    assert len(kills.sentences(results, (FLAG, TWO))) == told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-0.0, "0"),
        (3, "+3"),
        (-3, "−3"),
        (5.25, "+5.3"),
        (-5.25, "−5.3"),
        (-1 / 24, "−0.04"),
        (-0.05, "−0.1"),
        (2.96, "+3.0"),
        (1e-9, "0"),
    ],
)
def test_signed_numbers(value: float, shown: str) -> None:
    assert kills.signed(value) == shown


def test_the_sign_flip_test_by_hand() -> None:
    """Of the 64 flips of six equal differences two are as far from 0."""
    found = paired_difference(np.ones(6), np.zeros(6))
    assert found is not None and found.p == 2 / 64


def test_many_blocks_are_flipped_at_random_with_the_same_answer() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.4, 1, 14)
    exact = paired_difference(values, np.zeros(14))
    random = paired_difference(np.append(values, 0.0), np.zeros(15))  # a 0 can be flipped without effect
    assert exact is not None and random is not None and exact.p is not None
    assert random.p == pytest.approx(exact.p, abs=0.02)
