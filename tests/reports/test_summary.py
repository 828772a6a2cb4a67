"""``summary.txt``: a golden copy, and what must hold for any run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_run
from synthetic import synthetic_trial

from lmkd_core.records.stratum import Stratum
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.statistics.bounds import Bounds
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_summary
from lmkd_reports.format import units
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.plain import plain

GOLDEN = Path(__file__).parent / "golden" / "summary.txt"


def summary_of(folder: Path, run: SyntheticRun) -> str:
    return render_summary(analyse(load_run(run.write(folder))))


def test_is_the_golden_one(run_dir: Path) -> None:
    written = run_dir / "summary.txt"
    assert written.read_text() == GOLDEN.read_text(), f"if that is meant: cp {written} {GOLDEN}"


def test_is_the_same_again(run_dir: Path) -> None:
    assert render_summary(analyse(load_run(run_dir))) == (run_dir / "summary.txt").read_text()


@pytest.mark.parametrize(
    "fixture", ["run_dir", pytest.param("suite_dir", marks=pytest.mark.large), "conformance_dir"]
)
def test_fits_a_mail(fixture: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(fixture)
    text = (folder / "summary.txt").read_text()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 72


@pytest.mark.large
def test_a_stratum_takes_few_lines(suite_dir: Path) -> None:
    """Four for the stratum, two a comparison, one an arm, some for costs and a heading: for mails."""
    text = (suite_dir / "summary.txt").read_text()
    strata = text.partition("\n-- ")[2].partition("\nMedian ms since the kill")[0]
    assert len(strata.splitlines()) <= 40 * 18


def test_says_once_that_a_stratum_has_too_few_blocks(tmp_path: Path) -> None:
    text = summary_of(tmp_path, synthetic_run([PATCHED], blocks=2))
    assert text.count("\n  all ratios                  not enough data [") == 8
    assert "reap-kill / kill" not in text


def test_shares_of_lost_races_have_their_interval(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    for block in range(10):
        errno = "ESRCH" if block < 4 else ""
        changes = {"arm": "kill+mrelease", "block": block, "kill_to_mrelease_ns": 9000}
        run.trials.append(synthetic_trial(mrelease_errno=errno, **changes))
    assert re.search(r"^  kill\+mrelease .* 4/10  12-74 ", summary_of(tmp_path, run), re.MULTILINE)


class TestNames:
    held = Stratum("reclaim", "held-by-vm-readv", "holder", "injected", 65536, 8, hold_ms=300)

    def test_what_the_scenario_says_is_not_repeated(self) -> None:
        assert stratum_name(self.held) == "held-by-vm-readv, 300 ms, 64 MB, 8 threads"
        mixed = replace(self.held, scenario="app-mix", stall="none", hold_ms=0, shape="app-mix")
        assert stratum_name(mixed) == "app-mix, 64 MB, 8 threads"

    def test_what_it_does_not_say_is_named(self) -> None:
        other = replace(self.held, stall="aio", shape="mlocked", dirty_pct=50, compress_pct=60)
        assert stratum_name(other) == (
            "held-by-vm-readv, aio 300 ms, 64 MB, 8 threads, mlocked, 50 % dirty, 60 % compressible"
        )

    def test_of_an_unknown_scenario_everything_unusual_is_named(self) -> None:
        unknown = replace(self.held, scenario="new", hold_ms=0)
        assert stratum_name(unknown) == "new, holder, 64 MB, 8 threads"
        assert stratum_name(replace(unknown, stall="none")) == "new, 64 MB, 8 threads"


def test_says_once_what_a_scenario_means(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    run.trials = [synthetic_trial(scenario="undisturbed", threads=threads) for threads in (1, 8)]
    text = " ".join(summary_of(tmp_path, run).split())
    scenario = SCENARIOS["undisturbed"]
    assert text.count(f"-- undisturbed: {scenario.title} Expected: {scenario.expectation}") == 1


@pytest.mark.large
def test_tells_who_tore_the_memory_down(suite_dir: Path, tmp_path: Path) -> None:
    text = (suite_dir / "summary.txt").read_text()
    assert "\n  torn down by: stall in every trial\n  busy after release: kill " in text
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    run.trials = [
        synthetic_trial(block=0, torn_down_by="victim"),
        synthetic_trial(block=1, torn_down_by="stall"),
    ]
    assert "\n  torn down by: kill stall 1, victim 1\n" in summary_of(tmp_path / "mixed", run)
    run.trials = [synthetic_trial()]
    assert "torn down by" not in summary_of(tmp_path / "unknown", run).lower()


def test_hostile_and_long_strings_fit_too(tmp_path: Path) -> None:
    model = "\x1b[31mred\r\n\u202e" + "W" * 300 + " <script>"
    run = SyntheticRun(synthetic_info([PATCHED], arms=["kill", "an-arm-with-a-very-long-name-@indeed"]))
    run.devices = [synthetic_device(PATCHED, model=model)]
    for arm in run.info.arms:
        run.trials += [synthetic_trial(arm=arm, block=block) for block in range(8)]
        run.trials.append(synthetic_trial(arm=arm, block=8, valid=False, invalid_reason="\x07 " + "y" * 200))
    text = summary_of(tmp_path, run)
    assert max(map(len, text.splitlines())) <= 72
    assert text.replace("\n", "").isprintable()
    assert text.isascii()
    assert "equivalent" in text


def test_names_what_was_skipped_and_why(run_dir: Path) -> None:
    text = " ".join((run_dir / "summary.txt").read_text().split())
    assert f"== {STOCK}" in text
    assert "skipped: arm reap-kill (reap_kill is missing: EINVAL: this kernel knows no flag)" in text


def test_names_lines_that_could_not_be_used(tmp_path: Path) -> None:
    folder = synthetic_run([PATCHED], blocks=1).write(tmp_path)
    with (folder / "records" / "0.jsonl").open("ab") as stream:
        stream.write(b"garbage")
    text = render_summary(analyse(load_run(folder)))
    assert "Not used:\n  records/0.jsonl:26: left out" in text


def test_plain_text_of_anything() -> None:
    assert plain("a\tb\u2028c\x00d – é") == "a?b\\u2028c?d - \\xe9"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.0123, "0.0123"), (0.9996, "1.00"), (12.345, "12.3"), (999.6, "1000"), (123456, "123456")],
)
def test_significant_digits(value: float, shown: str) -> None:
    assert units.significant(value) == shown


@pytest.mark.parametrize(
    ("bounds", "ratio", "interval"),
    [
        (Bounds(0.123, 0.123), "0.12x", "0.12 to 0.12"),
        (Bounds(0.0, 0.01), "< 0.010x", "below 0.010"),
        (Bounds(8.61, float("inf")), "> 8.61x", "above 8.61"),
        (Bounds(0.0, float("inf")), "unknown", "open on both sides"),
        (Bounds(0.5, 0.9996), "0.50x to 1.00x", "0.50 to 0.9996"),
        (Bounds(1.0, 1.0004), "1.00x", "1.00 to 1.0004"),
        (Bounds(12.34, 123.4), "12.3x to 123x", "12.3 to 123"),
    ],
)
def test_ratios_and_intervals(bounds: Bounds, ratio: str, interval: str) -> None:
    assert units.ratio(bounds) == ratio
    assert units.interval(bounds) == interval


@pytest.mark.parametrize(
    ("kb", "shown"),
    [
        (512, "512 kB"),
        (65536, "64 MB"),
        (1536, "1.5 MB"),
        (1048576, "1 GB"),
        (1_020_211, "996 MB"),
        (16_000_000, "15.3 GB"),
    ],
)
def test_sizes(kb: int, shown: str) -> None:
    assert units.size(kb) == shown
