"""The effects of the arm before and of the place in a block: found if there are any, else seldom.

Times are lognormal around levels that blocks and arms have of their own, or in one arm a race that is lost
four times in ten. 300 simulated devices each, every draw is seeded; the share of devices whose intervals all
hold is known to 1.3 percentage points.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.plan import LEAD_IN
from lmkd_core.records.plan import arm_order
from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.order_effects import MIN_BLOCKS
from lmkd_core.statistics.order_effects import OrderEffect
from lmkd_core.statistics.order_effects import order_effects
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.presentation.html import render_html
from lmkd_reports.presentation.summary import render_summary

DEVICES = 300
ARMS = ("kill", "kill+mrelease", "reap-kill")


def simulated(
    rng: np.random.Generator,
    strata: int,
    arms: int = 3,
    slow: float = 1,
    place: float = 1,
    *,
    race: bool = False,
) -> list[list[OrderEffect | None]]:
    """One device with 12 blocks per stratum; the first arm slows the trial after it ``slow`` times."""
    rows = []
    for stratum in range(strata):
        seed = int(rng.integers(2**40))
        for block in range(12):
            level, order = rng.normal(0, 0.15), arm_order(range(arms), block, seed)
            for number, (before, arm) in enumerate(zip([order[0], *order], order, strict=False)):
                effect = (before == 0) * math.log(slow) + (number == 0) * math.log(place)
                lost = 2 * (race and arm == 1 and rng.random() < 0.4)
                time = level + effect + lost + rng.normal(0, 0.2)
                rows.append((time, 12 * stratum + block, arms * stratum + arm, before, number))
    times, *codes = map(np.array, zip(*rows, strict=True))
    blocks, cells, *factors = codes
    return order_effects(times, blocks, cells, factors)


def holds(effects: list[list[OrderEffect | None]], slow: float) -> bool:
    """Whether every interval holds the truth: of the first arm, each other arm, and each place."""
    after, places = effects
    truths = [slow, *[slow ** (-1 / (len(after) - 1))] * (len(after) - 1), *[1.0] * len(places)]
    return all(
        effect is not None and effect.interval.low <= truth <= effect.interval.high
        for effect, truth in zip([*after, *places], truths, strict=True)
    )


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("strata", "arms", "slow", "race"),
    [(1, 3, 1, False), (4, 3, 1.3, False), (4, 4, 1.1, False), (4, 3, 1, True)],
)
def test_the_intervals_hold_together(strata: int, arms: int, slow: float, race: bool) -> None:
    rng = np.random.default_rng([strata, arms])
    held = [holds(simulated(rng, strata, arms, slow, race=race), slow) for _ in range(DEVICES)]
    assert np.mean(held) >= 0.93


@pytest.mark.simulation
def test_an_arm_that_slows_the_next_trial_by_a_third_is_seen_over_a_suite() -> None:
    rng = np.random.default_rng(5)
    effects = [simulated(rng, 12, slow=1.3)[0][0] for _ in range(50)]
    assert all(effect is not None and effect.interval.low > 1 for effect in effects)
    assert np.median([effect.ratio for effect in effects if effect]) == pytest.approx(1.3, abs=0.02)


def test_with_two_arms_both_trials_of_a_block_follow_the_same_arm_and_nothing_can_be_told() -> None:
    after, places = simulated(np.random.default_rng(6), 4, arms=2)
    assert after == [None, None]
    assert all(place is not None for place in places)


def test_few_blocks_tell_nothing() -> None:
    trials = 3 * (MIN_BLOCKS - 1)
    blocks, arms = np.divmod(np.arange(trials), 3)
    assert order_effects(np.zeros(trials), blocks, arms, [arms]) == [[None] * 3]


def trials(slow: float, blocks: int = 24, *, lead_ins: bool = True) -> list[TrialRecord]:
    """``kill`` slows the trial after it; the agents' records in the order of the plan."""
    rng = np.random.default_rng(7)
    records = []
    for block in range(blocks):
        order = arm_order(ARMS, block, 1)
        led = [(LEAD_IN, order[0])] if lead_ins else []
        before = ""
        for place, arm in [*led, *enumerate(order)]:
            time = 10e6 * math.exp(rng.normal(0, 0.05)) * (slow if before == "kill" else 1)
            records.append(
                synthetic_trial(
                    arm=arm, block=block, order=place, reclaim_90_ns=round(time), warmup=place == LEAD_IN
                )
            )
            before = arm
    return records


def report(folder: Path, records: list[TrialRecord]) -> tuple[str, str]:
    """The page and the text as one line."""
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)])
    run.trials = records
    analysis = analyse(load_run(run.write(folder)))
    return render_html(analysis), " ".join(render_summary(analysis).split())


def test_a_large_effect_is_a_warning_on_page_and_text(tmp_path: Path) -> None:
    page, text = report(tmp_path, trials(1.3))
    for said in (page, text):
        assert re.search(r"order matters: times are 1\.[23]\dx .* right after kill;", said)
        assert "the design balances this between the arms" in said


def test_without_lead_ins_the_warning_says_whom_it_favours(tmp_path: Path) -> None:
    _, text = report(tmp_path, trials(1.3, lead_ins=False))
    assert "the blocks have no lead-ins, so the arm that slows the next trial looks better than it is" in text


def test_no_effect_is_shown_on_the_page_without_a_warning(tmp_path: Path) -> None:
    page, text = report(tmp_path, trials(1.0))
    assert (
        "order in the block (24 blocks, all strata): compared with the other arms and places, times are "
        in page
    )
    assert "order matters" not in page + text


def test_lead_ins_count_nowhere_else(tmp_path: Path) -> None:
    _, text = report(tmp_path, trials(1.0))
    assert "24 more to warm up, kept but not counted" in text
    assert "72 recorded, 72 valid" in text
