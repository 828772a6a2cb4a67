"""Long simulation of the statistics: coverage of intervals, and how often equal arms are called different.

    .venv/bin/python bench/coverage.py [--runs 20000]

The populations and the bounds are those of tests/reports/test_coverage.py, test_difference_coverage.py and
test_gate_coverage.py, which simulate 2,000 runs each; ten times as many give a rate to 0.3 percentage points.
Prints a row per population and number of blocks, and exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_coverage
import test_difference_coverage
import test_gate_coverage

from lmkd_reports.analysis.verdicts import Verdict

Row = tuple[str, float, bool]
"""Name of a simulation, its rate, and whether the rate is within its bound."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    runs = parser.parse_args().runs
    for module in (test_coverage, test_difference_coverage, test_gate_coverage):
        module.RUNS = runs
    all_within_bounds = True
    for name, rate, within_bound in (*ratios(), *differences(), *unpaired_ratios()):
        print(f"{rate:7.2%}  {'' if within_bound else 'BOUND BROKEN  '}{name}", flush=True)
        all_within_bounds = all_within_bounds and within_bound
    return 0 if all_within_bounds else 1


def ratios() -> Iterator[Row]:
    equal = (test_coverage.equal_arms, test_coverage.equal_races)
    others = (test_coverage.half_the_time, test_coverage.race_against_steady, test_coverage.censored_race)
    for draw in (*equal, *others):
        truth = test_coverage.true_median_ratio(draw)
        for blocks in test_coverage.BLOCKS:
            results = test_coverage.simulate(draw, blocks)
            covers = [ratio.interval.low <= truth <= ratio.interval.high for ratio in results]
            share = float(np.mean(covers))
            yield f"paired ratio covers: {draw.__name__}, {blocks} blocks", share, share >= 0.93
            if draw in equal:
                verdicts = test_coverage.verdicts_of(draw, blocks)
                allowed = 0.05 + test_coverage.three_errors_of(0.05)
                wrong = float(np.mean([verdict is not Verdict.NO_CLEAR_DIFFERENCE for verdict in verdicts]))
                yield (
                    f"equal arms called different: {draw.__name__}, {blocks} blocks",
                    wrong,
                    wrong <= allowed,
                )


def differences() -> Iterator[Row]:
    for draw in test_difference_coverage.DRAWS:
        for blocks in (6, 12):
            share = test_difference_coverage.covered(draw, blocks)
            yield f"difference in kills covers: {draw.__name__}, {blocks} blocks", share, share >= 0.93


def unpaired_ratios() -> Iterator[Row]:
    allowed = test_gate_coverage.ALLOWED
    for pair in test_gate_coverage.PAIRS:
        truth = test_gate_coverage.true_median(pair[0]) / test_gate_coverage.true_median(pair[1])
        for sizes in test_gate_coverage.SIZES:
            intervals = [estimate.interval for estimate in test_gate_coverage.simulate(*pair, sizes)]
            worse_end = max(
                float(np.mean([interval.low > truth * (1 + 1e-9) for interval in intervals])),
                float(np.mean([interval.high < truth * (1 - 1e-9) for interval in intervals])),
            )
            names = " against ".join(draw.__name__ for draw in pair)
            yield f"an end of an unpaired ratio is wrong: {names}, {sizes}", worse_end, worse_end <= allowed


if __name__ == "__main__":
    sys.exit(main())
