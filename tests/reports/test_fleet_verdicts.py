"""A device of one or many boots: its rows in a fleet have the verdicts and numbers of its own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from two_runs import episodes_of
from two_runs import trials_of

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.differences import PairedDifference
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.export.parquet import write_tables
from lmkd_reports.fleet import parquet
from lmkd_reports.fleet.actions import write_fleet
from lmkd_reports.fleet.actions import write_fleet_of_parquet
from lmkd_reports.fleet.reading import read_fleet
from lmkd_reports.fleet.results import FleetResults

ARMS = ("kill", "reap-kill")
PAIR = ("reap-kill", "kill")
SEEDS = range(4)


@dataclass(frozen=True)
class Shape:
    """A synthetic device. ``between`` is the standard deviation of its boots' log times.

    ``lost`` and ``censored`` are shares of trials that lose a race, and that are not done by the timeout.
    ``saved``: kills that reap-kill saves in an episode, at most.
    """

    boots: int
    blocks_per_boot: int
    between: float = 0.1
    lost: float = 0.0
    censored: float = 0.0
    factor: float = 0.8
    saved: int = 1


SHAPES = {
    "one boot": Shape(1, 9),
    "two boots": Shape(2, 6),
    "too few blocks": Shape(1, 3),
    "fewer blocks than an interval over blocks needs": Shape(3, 1),
    "five boots": Shape(5, 2),
    "five boots that disagree": Shape(5, 2, between=0.6, saved=0),
    "five boots of one block, a large gain": Shape(5, 1, between=0.02, factor=0.3, saved=4),
    "races": Shape(5, 4, lost=0.4),
    "races in one boot": Shape(1, 15, lost=0.4),
    "censored": Shape(5, 3, censored=0.2),
    "mostly censored": Shape(4, 3, censored=0.8),
}


def boot_of(device: str, shape: Shape, block: int) -> str:
    return f"{device}, boot {block // shape.blocks_per_boot}"


def trials_like(device: str, shape: Shape, rng: np.random.Generator) -> Iterator[TrialRecord]:
    blocks = shape.boots * shape.blocks_per_boot
    for arm, factor in zip(ARMS, (1, shape.factor), strict=True):
        shifts = np.repeat(rng.normal(0, shape.between, shape.boots), shape.blocks_per_boot)
        lost = rng.random(blocks) < shape.lost
        times_ms = np.where(lost, 350, 40) * factor * np.exp(shifts + rng.normal(0, 0.05, blocks))
        censored = rng.random(blocks) < shape.censored
        known = [None if out else float(time) for time, out in zip(times_ms, censored, strict=True)]
        for trial in trials_of(known, device=device, arm=arm):
            yield msgspec.structs.replace(trial, boot_id=boot_of(device, shape, trial.block))


def episodes_like(device: str, shape: Shape, rng: np.random.Generator) -> Iterator[EpisodeRecord]:
    blocks = shape.boots * shape.blocks_per_boot
    for arm, extra in zip(ARMS, (shape.saved, 0), strict=True):
        counts = [extra + int(number) for number in rng.integers(0, 2, blocks)]
        for episode in episodes_of(counts, device=device, arm=arm):
            yield msgspec.structs.replace(episode, boot_id=boot_of(device, shape, episode.block))


def run_of(shapes: dict[str, Shape], seed: int) -> SyntheticRun:
    rng = np.random.default_rng(seed)
    run = SyntheticRun(synthetic_info(list(shapes), ARMS, blocks=20))
    for device, shape in shapes.items():
        run.devices.append(synthetic_device(device))
        run.trials += trials_like(device, shape, rng)
        run.episodes += episodes_like(device, shape, rng)
    return run


def read(folder: Path, run: SyntheticRun) -> FleetResults:
    return read_fleet(folder, run.info.run_id, ARMS)


def assert_as_on_own_pages(folder: Path, fleet: FleetResults) -> None:
    for device in analyse(load_run(folder)).devices:
        ((times,), (kills,)) = (row_of(rows, device.name) for rows in (fleet.times, fleet.kills))
        assert_times(times, next(one for one in device.strata[0].comparisons if one.pair == PAIR))
        of_kills = device.pressure[0].comparisons
        assert_kills(kills, next(one for one in of_kills if (one.candidate, one.baseline) == PAIR))


def row_of(rows: pd.DataFrame, device: str) -> list[dict[str, Any]]:
    return rows[rows["device"] == device].to_dict("records")


def numbers_of(row: dict[str, Any]) -> list[float]:
    return [row[name] for name in ("estimate", "low", "high", "p")]


def assert_times(row: dict[str, Any], own: Comparison) -> None:
    assert row["verdict"] == own.verdict
    expected = [np.nan] * 3
    if own.single_ratio and own.single_ratio.interval:
        estimate, interval = own.single_ratio.estimate, own.single_ratio.interval
        expected = [estimate.low if estimate.exact else np.nan, interval.low, interval.high]
    p = np.nan if own.p is None else own.p
    assert numbers_of(row) == pytest.approx([*expected, p], nan_ok=True, rel=1e-12)
    if own.evidence:
        assert (row["blocks"], row["boots"]) == (own.evidence.ratio.blocks, own.evidence.boots)


def assert_kills(row: dict[str, Any], own: KillComparison) -> None:
    assert row["verdict"] == own.verdict
    total = own.total or PairedDifference(0, np.nan, None, None, None, boots=0)
    ends = [np.nan if value is None else value for value in (total.low, total.high, total.p)]
    assert numbers_of(row) == pytest.approx([total.mean, *ends], nan_ok=True, rel=1e-12)
    assert (row["blocks"], row["boots"]) == (total.blocks, total.boots)


@pytest.mark.parametrize("seed", SEEDS)
def test_devices_of_any_number_of_boots_are_judged_as_on_their_own_pages(tmp_path: Path, seed: int) -> None:
    run = run_of(SHAPES, seed)
    folder = run.write(tmp_path)
    assert_as_on_own_pages(folder, read(folder, run))


def test_these_devices_differ_in_what_they_show(tmp_path: Path) -> None:
    """So that the test above compares more than one kind of verdict."""
    runs = [run_of(SHAPES, seed) for seed in SEEDS]
    fleets = [read(run.write(tmp_path / str(seed)), run) for seed, run in enumerate(runs)]
    for rows in (pd.concat([getattr(fleet, kind) for fleet in fleets]) for kind in ("times", "kills")):
        claims = {Verdict.BETTER, Verdict.NO_CLEAR_DIFFERENCE, Verdict.NOT_ENOUGH_DATA}
        assert set(rows["verdict"]) >= claims
        over, over_blocks = rows[rows["boots"] >= MIN_BOOTS], rows[rows["boots"] < MIN_BOOTS]
        assert set(over["verdict"]) >= {Verdict.BETTER, Verdict.NO_CLEAR_DIFFERENCE}
        assert set(over_blocks["verdict"]) >= {Verdict.BETTER, Verdict.NOT_ENOUGH_DATA}


def test_the_exported_set_is_judged_over_boots_too(tmp_path: Path) -> None:
    run = run_of(SHAPES, 1)
    folder = run.write(tmp_path / "run")
    write_tables(folder, tmp_path / "set")
    assert_as_on_own_pages(folder, parquet.with_pandas(tmp_path / "set"))


def test_a_gain_in_some_boots_is_no_claim(tmp_path: Path) -> None:
    """The blocks alone would claim one: 16 of 20 are faster, but all four others are of one boot."""
    device = "phone"
    shape = Shape(5, 4)
    run = run_of({device: shape}, 1)
    times_ms = [20.0] * 16 + [50.0] * 4
    run.trials = [
        msgspec.structs.replace(trial, boot_id=boot_of(device, shape, trial.block))
        for arm, of_arm in zip(ARMS, ([40.0] * 20, times_ms), strict=True)
        for trial in trials_of(of_arm, device=device, arm=arm)
    ]
    (row,) = read(run.write(tmp_path / "boots"), run).times.to_dict("records")
    assert (row["boots"], row["verdict"]) == (5, Verdict.NO_CLEAR_DIFFERENCE)
    run.trials = [msgspec.structs.replace(trial, boot_id="the only one") for trial in run.trials]
    (row,) = read(run.write(tmp_path / "boot"), run).times.to_dict("records")
    assert (row["boots"], row["verdict"]) == (1, Verdict.BETTER)


def test_a_block_that_was_measured_again_counts_in_its_last_boot(tmp_path: Path) -> None:
    """Also if the last record is invalid: the first must not meet the other arm's trial of another boot."""
    run = run_of({"phone": Shape(5, 2)}, 1)
    of_block = [trial for trial in run.trials if trial.block == 3]
    run.trials += [
        msgspec.structs.replace(
            trial, boot_id="phone, boot 9", valid=trial.arm == "kill", reclaim_90_ns=10**9
        )
        for trial in of_block
    ]
    folder = run.write(tmp_path)
    fleet = read(folder, run)
    assert fleet.times["blocks"].tolist() == [9]
    assert (fleet.counted, fleet.invalid) == (len(run.trials) - 3 + len(run.episodes), 1)
    assert_as_on_own_pages(folder, fleet)


def test_an_arm_of_which_all_is_invalid_is_named_invalid(tmp_path: Path) -> None:
    run = run_of({"phone": Shape(3, 3)}, 1)
    run.trials, run.episodes = (
        [msgspec.structs.replace(record, valid=record.arm == "kill") for record in records]
        for records in (run.trials, run.episodes)
    )
    folder = run.write(tmp_path / "run")
    write_tables(folder, tmp_path / "set")
    for fleet in (read(folder, run), parquet.with_pandas(tmp_path / "set")):
        assert set(fleet.times["verdict"]) == set(fleet.kills["verdict"]) == {Verdict.INVALID}
        assert_as_on_own_pages(folder, fleet)


def several_runs(folder: Path) -> list[Path]:
    """Two runs of one phone with equal numbers of blocks; its kernel is updated between them."""
    folders = []
    for number in range(2):
        run = run_of({"phone": Shape(2, 4)}, number)
        run.info = msgspec.structs.replace(run.info, run_id=f"run-{number}", equivalent_pct=10 + 5 * number)
        (device,) = run.devices
        update = {"model": "Pixel", "kernel_release": f"6.12.{number}", "personality": None}
        run.devices = [msgspec.structs.replace(device, **update)]
        folders.append(run.write(folder / f"run-{number}"))
    return folders


def test_blocks_of_several_runs_never_meet(tmp_path: Path) -> None:
    """Though their numbers are the same: each run has a row, which is that of the run alone."""
    folders = several_runs(tmp_path)
    together = pd.read_csv(write_fleet(folders, tmp_path / "both.html").times)
    alone = [pd.read_csv(write_fleet([folder], tmp_path / "one.html").times) for folder in folders]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))
    for folder in folders:
        write_tables(folder, tmp_path / "set")
    of_set = pd.read_csv(write_fleet_of_parquet(tmp_path / "set", tmp_path / "set.html").times)
    pd.testing.assert_frame_equal(of_set.sort_values("run_id", ignore_index=True), together)


def test_a_device_of_several_runs_is_told_by_run(tmp_path: Path) -> None:
    paths = write_fleet(several_runs(tmp_path), tmp_path / "both.html")
    assert "1 device was measured in several runs, and each run is judged separately" in one_line(paths.text)
    for number in range(2):
        assert f"<b>phone in run-{number}</b>, Pixel, Linux 6.12.{number}" in paths.html.read_text()


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("boots", "expected"),
    [
        ((1, 2), "in the boots that were measured: verdicts and intervals claim nothing beyond"),
        ((2, 3), "over boots on 1 of 2 devices: intervals include what differs between boots; on the others"),
        ((3, 5), "over boots on 2 of 2 devices: intervals include what differs between boots equivalent"),
    ],
)
def test_what_the_verdicts_hold_for_is_said(tmp_path: Path, boots: tuple[int, int], expected: str) -> None:
    run = run_of({f"phone-{number}": Shape(number, 3) for number in boots}, 1)
    paths = write_fleet([run.write(tmp_path)], None)
    assert expected in one_line(paths.text)
    assert expected.removesuffix(" equivalent") in paths.html.read_text()


def test_the_limit_of_equivalence_is_told_with_its_source(tmp_path: Path) -> None:
    folders = several_runs(tmp_path)
    for chosen, pct, expected in (
        (folders, None, "equivalent: within 10 % or 15 %, as each run was asked for"),
        (folders[1:], None, "equivalent: within 15 %, as the run was asked for"),
        (folders, 5, "equivalent: within 5 %, by --equivalent"),
    ):
        paths = write_fleet(chosen, tmp_path / "fleet.html", equivalent_pct=pct)
        assert expected in one_line(paths.text)
        assert expected in paths.html.read_text()


def test_an_exported_set_says_what_it_assumes(tmp_path: Path) -> None:
    """The run's limit of 15 % is in no exported table."""
    write_tables(several_runs(tmp_path)[1], tmp_path / "set")
    assumed = (
        "an exported set does not hold what its runs were asked for; assumed: the baseline is kill, and "
    )
    for pct, limit in (
        (None, "arms within 10 % are equivalent, the default (--equivalent PCT sets another)"),
        (15, "arms within 15 % are equivalent, by --equivalent"),
    ):
        paths = write_fleet_of_parquet(tmp_path / "set", None, equivalent_pct=pct)
        assert assumed + limit in one_line(paths.text)
        assert assumed + limit in paths.html.read_text()
