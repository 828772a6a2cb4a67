"""Long simulation of intervals over boots: their coverage, and how often equal runs fail a check.

    .venv/bin/python bench/boots.py [--runs 20000]

The populations are those of tests/reports/test_boot_coverage.py, which simulates 2,000 runs each, and more
designs. Prints a row per population and design; exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_boot_coverage as boots

from lmkd_core.statistics.boots import BootValues
from lmkd_core.statistics.boots import over_boots

TOTAL_BLOCKS = 12
SCATTERS = ((0.23, 0.41), (0.08, 0.36))
"""Standard deviations of log ratios between and within boots of the virtual device: held, and undisturbed."""

LEAST_COVERAGE = 0.93
MOST_FAILURES = 0.025
DESIGNS = ((3, 4), (4, 3), (5, 1), (5, 2), (5, 3), (8, 2), (12, 1), (12, 6))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    boots.RUNS = parser.parse_args().runs
    print(f"standard deviation between boots: {', '.join(f'{d:.0%}' for d in boots.BOOT_DEVIATIONS)}")
    broken = False
    for noise in boots.NOISES:
        for design in DESIGNS:
            rates = [boots.coverage(noise, *design, deviation) for deviation in boots.BOOT_DEVIATIONS]
            broken |= min(rates) < LEAST_COVERAGE
            shown = "  ".join(f"{rate:6.1%}" for rate in rates)
            print(f"{shown}  covered: {noise.__name__}, {design[0]} boots of {design[1]} blocks", flush=True)
    failures = [boots.false_failures(deviation) for deviation in boots.BOOT_DEVIATIONS]
    broken |= max(failures) > MOST_FAILURES
    print("  ".join(f"{rate:6.2%}" for rate in failures) + "  a check of equal runs fails (limit 10 %)")
    for between, within in SCATTERS:
        for count in (3, 4, 6, 12):
            print(usual_run(count, between, within, boots.RUNS), flush=True)
    return 1 if broken else 0


def usual_run(count: int, between: float, within: float, runs: int) -> str:
    """The usual number of blocks in ``count`` boots: the interval's reach, and how often it finds 1.5x."""
    rng = np.random.default_rng(7)
    shape = (runs, count, TOTAL_BLOCKS // count)
    logs = rng.normal(0, within, shape) + rng.normal(0, between, (runs, count, 1))
    results = [over_boots(BootValues(medians, medians)) for medians in np.median(logs, axis=2)]
    widths = [result.interval.high - result.interval.low for result in results]
    reach = math.exp(float(np.median(widths)) / 2)
    power = float(np.mean([result.interval.low + math.log(1.5) > 0 for result in results]))
    return f"{reach:.2f}x  {power:4.0%}  half-width and 1.5x found: {count} boots, sd {between} and {within}"


if __name__ == "__main__":
    sys.exit(main())
