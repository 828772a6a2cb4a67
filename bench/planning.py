"""Long simulation of the planner, its power, and the note on serial dependence.

    .venv/bin/python bench/planning.py [--pilots 4000]

The populations are those of tests/reports/paired_times.py and test_serial.py. Prints, per population, how
often the range of blocks holds the true number, and how wide it typically is (median ends, median quotient);
how far the power that the planner counts on is from that of the verdict's test; then how often a device gets
the note. Exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import paired_times
import test_planning
import test_serial

from lmkd_core.statistics.planning import MAX_BLOCKS
from lmkd_core.statistics.power import sign_flip_power
from lmkd_core.statistics.serial import FALSE_NOTES

SIZES = (6, 7, 8, 10, 12, 15, 20, 30, 50, 100, 200)
RATIOS = (1.1, 1.2, 1.35, 1.5, 2.0)
SPREADS = (0.1, 0.2, 0.3, 0.45, 0.6)
MOST_OFF = 0.06
"""Points by which the power may be off, for blocks as noisy as an arm; simulation adds two errors."""

Row = tuple[str, float, int, bool]
"""Name of a case, its rate, over how many simulations, and whether the rate is within its bound."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pilots", type=int, default=4000)
    pilots = parser.parse_args().pilots
    powers_are_right = [power_is_right(pilots // 2, block_noise) for block_noise in (0, 1, 2)]
    all_within_bounds = all(powers_are_right)
    for name, rate, runs, within_bound in (*planned(pilots), *notes(pilots)):
        error = math.sqrt(rate * (1 - rate) / runs)
        print(f"{rate:6.1%} +- {error:.1%}  {'' if within_bound else 'BOUND BROKEN  '}{name}", flush=True)
        all_within_bounds = all_within_bounds and within_bound
    return 0 if all_within_bounds else 1


def planned(pilots: int) -> Iterator[Row]:
    for draw in test_planning.DRAWS:
        truth = test_planning.true_blocks(draw, runs=2 * pilots)
        for blocks in (10, 12, 20):
            for strata in (1, 8, 27):
                results = [
                    needed for _, needed in test_planning.ranges(draw, blocks, strata, pilots // strata)
                ]
                rate = float(np.mean([test_planning.holds(needed, truth) for needed in results]))
                low = np.median([needed.low for needed in results])
                high = np.median([needed.high or MAX_BLOCKS for needed in results])
                width = np.median([(needed.high or MAX_BLOCKS) / needed.low for needed in results])
                name = f"{draw.__name__}, {blocks} blocks, {strata} strata"
                says = f"truth {truth}, typically {low:.0f} to {high:.0f}, {width:.1f} times"
                yield f"range holds: {name}: {says}", rate, len(results), rate >= 0.8


def power_is_right(runs: int, block_noise: int) -> bool:
    """Prints the largest deviations per scatter; ``block_noise`` is that of the blocks by that of an arm."""
    is_right = True
    for spread in SPREADS:
        off = dict(deviations(runs, spread, block_noise * paired_times.OWN_NOISE))
        least, most = min(off, key=off.__getitem__), max(off, key=off.__getitem__)
        is_near = max(-off[least], off[most]) <= MOST_OFF + 1 / math.sqrt(runs)
        is_right = is_right and (is_near or block_noise != 1)
        ends = ", ".join(f"{off[case]:+.1%} ({case[0]} blocks, {case[1]}x)" for case in (least, most))
        print(f"power less the test's: scatter {spread}, noise of blocks {block_noise}: {ends}", flush=True)
    return is_right


def deviations(runs: int, spread: float, block_noise: float) -> Iterator[tuple[tuple[int, float], float]]:
    """For each number of blocks and ratio: the power, less that of the test; without those certain."""
    for case in product(SIZES, RATIOS):
        power = sign_flip_power(case[0], spread, case[1])
        if power <= 0.99:
            simulated = paired_times.finding_rate(paired_times.lognormal, *case, spread, runs, block_noise)
            yield case, power - simulated


def notes(devices: int) -> Iterator[Row]:
    for strata, blocks in ((1, 12), (8, 10), (8, 12), (27, 12), (1, 50), (4, 50)):
        for tails in (1e6, 2.0):
            rate = test_serial.noted(strata, blocks, 0.0, tails, devices)
            error = math.sqrt(FALSE_NOTES * (1 - FALSE_NOTES) / devices)
            name = f"a false note: {strata} strata of {blocks}, {'t2' if tails == 2 else 'normal'}"
            yield name, rate, devices, rate <= FALSE_NOTES + 2 * error
        for correlation in (0.3, 0.6):
            rate = test_serial.noted(strata, blocks, correlation, runs=devices // 10)
            yield f"noted: {strata} strata of {blocks}, AR(1) {correlation}", rate, devices // 10, True


if __name__ == "__main__":
    sys.exit(main())
