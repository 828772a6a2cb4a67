"""Extra kills in toy episodes with a known truth: coverage of the measured ones, and the replay's range.

The truth of an episode is its kills minus those with the same apps and the same noise, but without the stall.
A run cannot know it: its unstalled episode has the same apps and noise of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import toy_episodes as toy
from numpy.typing import NDArray
from toy_episodes import CASES
from toy_episodes import Case
from toy_episodes import Rng

from lmkd_core.records.replay import kills_needed
from lmkd_core.records.replay import needed_kb
from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.differences import paired_difference

pytestmark = pytest.mark.simulation

SEED = 20261101
POPULATION = 2000
RUNS = 300
"""Monte-Carlo error of a coverage of 95 %: 1.3 percentage points."""

COVERED = 0.93
LONG_AFTER_THE_END_NS = 10**12

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """Of each block the kills with the stall, and without it: with noise of its own, and with the same."""

    stalled: Counts
    unstalled: Counts
    truth: Counts


def population(case: Case, rng: Rng, count: int) -> Population:
    sizes, noise, other_noise = toy.seeds(rng, count), toy.noises(rng, count), toy.noises(rng, count)
    stalled = toy.run(sizes, noise, case.delays_s(), case.reclaim).kills
    unstalled = toy.run(sizes, other_noise, toy.at_once(), case.reclaim).kills
    return Population(stalled, unstalled, stalled - toy.run(sizes, noise, toy.at_once(), case.reclaim).kills)


def measured(blocks: Population, chosen: NDArray[np.int64]) -> PairedDifference:
    """The extra kills of a run with the ``chosen`` blocks, as the report has them."""
    extra = paired_difference(
        blocks.stalled[chosen].astype(np.float64), blocks.unstalled[chosen].astype(np.float64)
    )
    assert extra is not None
    return extra


def covers(extra: PairedDifference, truth: float) -> bool:
    assert extra.low is not None and extra.high is not None
    return extra.low <= truth <= extra.high


def coverage(case: Case, size: int, *, count: int = POPULATION, runs: int = RUNS) -> float:
    """The share of runs of ``size`` blocks whose interval covers the mean truth."""
    rng = np.random.default_rng(SEED + size)
    blocks = population(case, rng, count)
    truth = float(blocks.truth.mean())
    chosen = (rng.choice(count, size, replace=False) for _ in range(runs))
    return float(np.mean([covers(measured(blocks, of_run), truth) for of_run in chosen]))


@dataclass(frozen=True)
class Replayed:
    """Of each episode the ends of the replay's range, and the truth."""

    least: Counts
    most: Counts
    truth: Counts

    @property
    def holds(self) -> float:
        """The share of episodes whose range holds the truth."""
        return float(np.mean((self.least <= self.truth) & (self.truth <= self.most)))


def replayed(case: Case, rng: Rng, count: int) -> Replayed:
    """The product's counts of ``count`` episodes."""
    sizes, noise = toy.seeds(rng, count), toy.noises(rng, count)
    stalled = toy.run(sizes, noise, case.delays_s(), case.reclaim, record=True)
    truth = stalled.kills - toy.run(sizes, noise, toy.at_once(), case.reclaim).kills
    ranges = np.array([_range(stalled, episode) for episode in range(count)])
    return Replayed(ranges[:, 0], ranges[:, 1], truth)


def _range(episodes: toy.Episodes, episode: int) -> tuple[int, int]:
    charges_kb = episodes.charges_kb(episode)
    needed = needed_kb(episodes.curve(episode), round(toy.LOW_MB * toy.KB_PER_MB), LONG_AFTER_THE_END_NS)
    swapped_kb = round(episodes.swapped_out[episode] * toy.KB_PER_MB)
    counts = (kills_needed(charges_kb, kb) for kb in (needed + swapped_kb, needed))
    least, most = (len(charges_kb) - count for count in counts)
    return least, most


HELD_WITH_RECLAIM, LATE_WITH_RECLAIM, SLIGHTLY_LATE = CASES[2], CASES[4], CASES[6]


COVERED_CASES = (HELD_WITH_RECLAIM, LATE_WITH_RECLAIM, SLIGHTLY_LATE)


@pytest.mark.parametrize("case", COVERED_CASES, ids=lambda case: case.name)
def test_the_interval_of_measured_extra_kills_covers_the_truth(case: Case) -> None:
    assert coverage(case, 12) >= COVERED


def test_extra_kills_can_be_negative_and_are_measured_so() -> None:
    """Memory that is a little late lets reclaim do the work of a kill; the replay cannot see that."""
    rng = np.random.default_rng(SEED)
    extra = measured(population(SLIGHTLY_LATE, rng, 60), np.arange(60))
    assert extra.high is not None and extra.high < 0
    assert replayed(SLIGHTLY_LATE, rng, 60).least.min() >= 0


def test_the_replay_overcounts_where_pages_are_reclaimed() -> None:
    blocks = replayed(LATE_WITH_RECLAIM, np.random.default_rng(SEED), 60)
    assert blocks.most.mean() > blocks.truth.mean() + 0.5
    assert blocks.least.mean() < blocks.most.mean()


def test_without_reclaim_both_ends_of_the_replay_agree() -> None:
    blocks = replayed(CASES[0], np.random.default_rng(SEED), 60)
    assert (blocks.least == blocks.most).all()
    assert blocks.holds >= COVERED
