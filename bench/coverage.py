"""How often the intervals hold the truth, and how often equal arms are called different: the long form.

    .venv/bin/python bench/coverage.py [--runs 20000]

The populations and the bounds are those of tests/reports/test_coverage.py, test_difference_coverage.py and
test_gate_coverage.py, which simulate 2,000 runs each; with ten times as many a rate is known to 0.3 percent
points. Prints a row per population and number of blocks, and ends with exit status 1 if a bound is broken.
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
from lmkd_reports.analysis.verdicts import judge

Row = tuple[str, float, bool]
"""What was simulated, a rate, and whether it keeps its bound."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    runs = parser.parse_args().runs
    for module in (test_coverage, test_difference_coverage, test_gate_coverage):
        module.RUNS = runs
    kept = True
    for name, rate, keeps in (*ratios(), *differences(), *unpaired_ratios()):
        print(f"{rate:7.2%}  {'' if keeps else 'BOUND BROKEN  '}{name}", flush=True)
        kept = kept and keeps
    return 0 if kept else 1


def ratios() -> Iterator[Row]:
    equal = (test_coverage.equal_arms, test_coverage.equal_races)
    others = (test_coverage.half_the_time, test_coverage.race_against_steady, test_coverage.censored_race)
    for draw in (*equal, *others):
        truth = test_coverage.true_median_ratio(draw)
        for blocks in test_coverage.BLOCKS:
            found = test_coverage.simulate(draw, blocks)
            share = float(np.mean([one.interval.low <= truth <= one.interval.high for one in found]))
            yield f"paired ratio covers: {draw.__name__}, {blocks} blocks", share, share >= 0.93
            if draw in equal:
                wrong = float(np.mean([judge(one) is not Verdict.NO_CLEAR_DIFFERENCE for one in found]))
                yield f"equal arms called different: {draw.__name__}, {blocks} blocks", wrong, wrong <= 0.05


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
            found = [one.interval for one in test_gate_coverage.simulate(*pair, sizes)]
            ends = (
                float(np.mean([one.low > truth * (1 + 1e-9) for one in found])),
                float(np.mean([one.high < truth * (1 - 1e-9) for one in found])),
            )
            names = " against ".join(draw.__name__ for draw in pair)
            yield f"an end of an unpaired ratio is wrong: {names}, {sizes}", max(ends), max(ends) <= allowed


if __name__ == "__main__":
    sys.exit(main())
