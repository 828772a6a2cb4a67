"""Long simulation of intervals over boots: their coverage, and how often equal runs fail a check.

    .venv/bin/python bench/boots.py [--runs 20000]

The populations are those of tests/reports/test_boot_coverage.py, which simulates 2,000 runs each, and more
designs. Prints a row per population and design; exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_boot_coverage as boots

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
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
