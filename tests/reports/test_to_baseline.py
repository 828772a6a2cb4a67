"""``--to-baseline``: what slows all arms of a run alike cancels out, what slows one arm fails the gate."""

from __future__ import annotations

import json
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from synthetic import NS_PER_MS
from synthetic import TIMEOUT_NS
from two_runs import episodes_of
from two_runs import noisy_ms
from two_runs import raced
from two_runs import trials_of
from two_runs import write

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.metrics.kinds import TIME
from lmkd_reports.metrics.kinds import Sample
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.relative import RELATIVE_METRICS
from lmkd_reports.metrics.relative import relative_sample
from pytest_lmkd.cli import main

RUNS = 400


class Pair:
    """Two results directories and the gate between them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.base, self.candidate = folder / "base", folder / "candidate"
        self.junit = folder / "junit.xml"
        self._capsys = capsys

    def run(self, command: str, *words: str) -> tuple[int, str]:
        code = main([command, str(self.base), str(self.candidate), "--to-baseline", *words])
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def text(self, *words: str) -> tuple[int, str]:
        code, printed = self.run("gate", "--all", *words)
        assert printed.isascii()
        assert all(len(line) <= 72 for line in printed.splitlines())
        return code, " ".join(printed.split())


@pytest.fixture
def pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pair:
    return Pair(tmp_path, capsys)


def trials(host: float, factor: float, seed: int = 1, blocks: int = 12) -> list[TrialRecord]:
    """``reap-kill`` takes ``factor`` times as long as ``kill``; a slow block slows both."""
    day = host * np.exp(np.random.default_rng(seed).normal(0, 0.5, blocks))
    times = [
        [
            float(time)
            for time in middle * day * np.exp(np.random.default_rng(seed + 1).normal(0, 0.03, blocks))
        ]
        for middle in (100, 100 * factor)
    ]
    return [*trials_of(times[0]), *trials_of(times[1], arm="reap-kill")]


LIMIT = ("--max-worse", "reclaim_90:10%")


def test_a_slower_host_cancels_out(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    write(pair.candidate, trials(1.5, 0.5, seed=7))
    code, text = pair.text(*LIMIT)
    assert code == 0
    assert "each arm against the baseline arm (kill) of its own run" in text
    assert "reap-kill: reclaim_90 1.00x" in text
    assert text.endswith("gate: passed: 1 passed")


def test_an_arm_that_became_slower_against_its_baseline_fails(pair: Pair) -> None:
    """Also on a faster host, where its own time did not rise."""
    write(pair.base, trials(1, 0.5))
    write(pair.candidate, trials(0.7, 0.65, seed=7))
    assert main(["gate", str(pair.base), str(pair.candidate), *LIMIT]) == 0
    code, text = pair.text(*LIMIT)
    assert code == 1
    assert "reap-kill: reclaim_90 1.30x" in text
    assert "worse beyond 1.1x" in text


def test_pairs_are_made_within_blocks(pair: Pair) -> None:
    """Blocks scatter by half, arms within a block do not: unpaired, the interval would reach far."""
    write(pair.base, trials(1, 0.5))
    write(pair.candidate, trials(1, 0.5, seed=7))
    _, printed = pair.run("gate", *LIMIT, "--json")
    (check,) = json.loads(printed)["checks"]
    assert check["interval"]["low"] > 0.9
    assert check["interval"]["high"] < 1.1


def test_counts_and_shares_are_differences_of_differences(pair: Pair) -> None:
    """Two kills more in every arm is the device; one more in one arm is the arm. So are lost races."""
    late = {"arm": "kill+mrelease@lmkd"}
    write(
        pair.base,
        [*raced(1, 20), *raced(1, 20, **late)],
        [*kills([0, 1] * 6), *kills([0, 1] * 6, "reap-kill")],
    )
    write(
        pair.candidate,
        [*raced(8, 20), *raced(20, 20, **late)],
        [*kills([2, 3] * 6), *kills([3, 4] * 6, "reap-kill")],
    )
    limits = ("--max-worse", "kills_extra:0.2", "--max-worse", "esrch:5pp", "--max-worse", "kills_total:3")
    code, text = pair.text(*limits)
    assert code == 1
    assert "reap-kill: kills_extra +1 (" in text
    assert "reap-kill: kills_total +1 (" in text
    assert "kill+mrelease@lmkd: esrch +60 (" in text
    assert text.endswith("gate: failed: 2 failed, 1 passed (2 beyond the limit)")


def kills(extra: list[int], arm: str = "kill") -> list[EpisodeRecord]:
    return episodes_of(extra, arm=arm)


def test_text_json_and_junit_agree(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    write(pair.candidate, trials(2, 0.7, seed=7))
    code, printed = pair.run("gate", *LIMIT, "--json", "--junit", str(pair.junit))
    document = json.loads(printed)
    (check,) = document["checks"]
    assert (code, document["failed"], document["to_baseline"], check["baseline"]) == (1, True, True, "kill")
    assert check["arm"] == "reap-kill"
    assert check["compared_by"] == "ratio of median ratios to the baseline arm"
    assert check["base"]["typical"]["low"] == pytest.approx(0.5, rel=0.02)
    (suite,) = ElementTree.fromstring(pair.junit.read_bytes())
    (failure,) = suite.iter("failure")
    estimate = f"{check['estimate']['low']:.2f}x"
    assert estimate in failure.attrib["message"]
    assert estimate in pair.text(*LIMIT)[1]
    assert "(kill) of its own run" in (suite.findtext("system-out") or "")


def test_compare_shows_each_runs_ratio(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    write(pair.candidate, trials(2, 0.7, seed=7))
    code, printed = pair.run("compare")
    (row,) = [line for line in printed.splitlines() if "reclaim_90    " in line]
    assert (code, row.split()[:4]) == (0, ["reclaim_90", "0.50x", "0.70x", "1.40x"])
    assert " kill:" not in printed


def test_memory_that_never_comes_back_is_worse(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    stuck = [trial for trial in trials(1, 0.5) if trial.arm == "kill"]
    write(pair.candidate, [*stuck, *trials_of([None] * 12, arm="reap-kill")])
    code, text = pair.text(*LIMIT)
    assert (code, "reap-kill: reclaim_90 > " in text) == (1, True)


def test_blocks_without_the_baseline_are_no_values(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    lacking = [trial for trial in trials(1, 0.5) if trial.arm == "reap-kill" or trial.block < 3]
    write(pair.candidate, lacking)
    code, text = pair.text(*LIMIT)
    assert code == 1
    assert "candidate: 9 of 12 trials have no reclaim_90 beside the baseline arm's" in text


def test_runs_with_different_baselines_are_not_compared(pair: Pair) -> None:
    write(pair.base, trials(1, 0.5))
    others = [*trials_of(noisy_ms(50), arm="kill+mrelease"), *trials_of(noisy_ms(50), arm="reap-kill")]
    write(pair.candidate, others)
    code, text = pair.text(*LIMIT)
    assert (code, "the baseline arms differ: kill in the base, kill+mrelease in the candidate" in text) == (
        1,
        True,
    )


def test_controls_have_their_own_baseline(pair: Pair) -> None:
    for folder in (pair.base, pair.candidate):
        arms = ("kill", "kill+mrelease", "reap-kill")
        write(folder, [trial for arm in arms for trial in trials_of(noisy_ms(50), arm=arm, regime="control")])
    _, printed = pair.run("gate", *LIMIT, "--json")
    checks = {check["arm"]: check["baseline"] for check in json.loads(printed)["checks"]}
    assert checks == {"kill": "kill+mrelease", "reap-kill": "kill+mrelease"}


def test_a_run_of_the_baseline_only_is_wrong_usage(pair: Pair) -> None:
    for folder in (pair.base, pair.candidate):
        write(folder, trials_of(noisy_ms(50)))
    code, text = pair.run("gate", *LIMIT)
    assert (code, "has no arm to compare with its baseline arm" in text) == (2, True)


def sample(times_ms: list[float]) -> Sample:
    """NaN: longer than the timeout."""
    values = np.array(times_ms) * NS_PER_MS
    blocks = np.arange(len(values), dtype=float)
    return Sample(values, np.full(len(values), float(TIMEOUT_NS)), ("boot",) * len(values), blocks)


def test_a_censored_time_bounds_its_ratio() -> None:
    relative = relative_sample(
        TIME, sample([50, math.nan, 50, math.nan]), sample([100, 100, math.nan, math.nan])
    )
    timeout_ms = TIMEOUT_NS / NS_PER_MS
    assert np.exp(relative.values) == pytest.approx([0.5, timeout_ms / 100, 0, 0])
    assert np.exp(relative.timeouts) == pytest.approx([0.5, math.inf, 50 / timeout_ms, math.inf])


@pytest.mark.simulation
@pytest.mark.parametrize("name", ["reclaim_90", "kills_extra", "esrch"])
def test_an_arm_at_its_limit_is_seldom_beyond_it(name: str) -> None:
    """Hosts differ by a half, blocks by a fifth, and counts by two kills or a third of the calls.

    400 runs of 12 blocks: an end is wrong in 2.5 %, with a standard error of 0.8 %; 5 % is 3.2 of them.
    """
    rng = np.random.default_rng(20260601)
    metric, kind = METRICS[name], RELATIVE_METRICS[name].kind
    allowed = {"reclaim_90": 0.1, "kills_extra": 1.0, "esrch": 0.2}[name]
    beyond = 0
    for _ in range(RUNS):
        relative = []
        for worse, host in ((0.0, 0.0), (allowed, 1.0)):
            values = draw(rng, name, host, worse)
            samples = [Sample(side, side, ("boot",) * 12, np.arange(12.0)) for side in values]
            relative.append(relative_sample(metric.kind, samples[1], samples[0]))
        estimate = kind.compare(relative[1], relative[0], 0.95)
        assert estimate is not None
        assert estimate.interval is not None
        beyond += estimate.interval.low > kind.equal + allowed + 1e-9
    assert beyond / RUNS <= 0.05


def draw(rng: np.random.Generator, name: str, host: float, worse: float) -> tuple[np.ndarray, np.ndarray]:
    """The baseline arm and another, worse by ``worse``, on a host on which both are worse by ``host``."""
    if name == "kills_extra":
        common = rng.poisson(1 + 2 * host, 12)
        return (common + rng.poisson(1, 12)).astype(float), (common + rng.poisson(1 + worse, 12)).astype(
            float
        )
    if name == "esrch":
        shares = 0.2 + 0.3 * host, 0.2 + 0.3 * host + worse
        baseline, other = ((rng.random(12) < share).astype(float) for share in shares)
        return baseline, other
    block = 1e8 * (1 + 0.5 * host) * np.exp(rng.normal(0, 0.2, 12))
    noise = np.exp(rng.normal(0, 0.15, (2, 12)) + (rng.random((2, 12)) < 0.1) * rng.exponential(1, (2, 12)))
    return block * noise[0], block * noise[1] * (1 + worse)
