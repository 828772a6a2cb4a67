"""Long simulation of intervals over boots: their coverage, and how often equal runs fail a check.

    .venv/bin/python bench/boots.py [--runs 20000]

The populations are those of tests/reports/test_boot_coverage.py, which simulates 2,000 runs each, and more
designs. Prints a row per population and design; exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_boot_coverage as boots

from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.over_boots import evidence_by_boots

TOTAL_BLOCKS = 12
BOOTS = (1, 3, 4, 6, 12)
BETWEEN = (0.08, 0.23)
"""Standard deviations of log ratios between boots of the virtual device: undisturbed, and held for 300 ms."""

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
    print(f"claims of {TOTAL_BLOCKS} blocks in {', '.join(map(str, BOOTS))} boots:")
    for between in BETWEEN:
        for draw in (equal, lost_races, two_thirds, two_thirds_with_outliers):
            rates = [claims(draw, count, between, max(200, boots.RUNS // 7)) for count in BOOTS]
            shown = "  ".join(f"{rate:4.0%}" for rate in rates)
            print(f"{shown}  {draw.__name__}, standard deviation between boots {between}", flush=True)
    return 1 if broken else 0


Rng = np.random.Generator
Draw = Callable[[Rng, int], tuple[np.ndarray, np.ndarray]]
"""The times of candidate and baseline in so many blocks, in ns, without what a boot adds."""


def equal(rng: Rng, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    candidate, baseline = 1e8 * np.exp(rng.normal(0, 0.29, (2, blocks)))
    return candidate, baseline


def lost_races(rng: Rng, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """The baseline loses two in five."""
    candidate, baseline = np.exp(rng.normal(0, 0.2, (2, blocks)))
    return 4e7 * candidate, np.where(rng.random(blocks) < 0.4, 3.5e8, 4e7) * baseline


def two_thirds(rng: Rng, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    candidate, baseline = equal(rng, blocks)
    return candidate / 1.5, baseline


def two_thirds_with_outliers(rng: Rng, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """One trial in twenty takes 30 times as long."""
    times = 1e8 * np.exp(rng.normal(0, 0.2, (2, blocks))) * np.where(rng.random((2, blocks)) < 0.05, 30, 1)
    return times[0] / 1.5, times[1]


def claims(draw: Draw, count: int, between: float, runs: int) -> float:
    """How often the product claims a difference, in either direction."""
    rng = np.random.default_rng(7)
    names = [f"b{number * count // TOTAL_BLOCKS}" for number in range(TOTAL_BLOCKS)]
    claimed = 0
    for _ in range(runs):
        candidate, baseline = draw(rng, TOTAL_BLOCKS)
        shifts = np.repeat(rng.normal(0, between, count), TOTAL_BLOCKS // count)
        limits = np.full(TOTAL_BLOCKS, 3e12)
        sides = Times(candidate * np.exp(shifts), limits), Times(baseline, limits)
        evidence = evidence_by_boots(*sides, names, 1e8)
        claimed += evidence.test.p <= 0.05
    return claimed / runs


if __name__ == "__main__":
    sys.exit(main())
