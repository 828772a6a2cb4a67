"""Long simulation of the controls: false alarms of right runs, and how often a bias is seen.

    .venv/bin/python bench/controls.py [--runs 20000]

The populations are those of tests/reports/test_controls.py: 8 controls of 12 blocks. Prints a rate and its
Monte-Carlo error per case, and exits with status 1 if a rate exceeds its bound.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_controls

from lmkd_core.statistics.controls import FALSE_ALARMS

TENTH = -math.log(0.9)
"""The log of a time that is 10 % shorter."""

Row = tuple[str, float, bool]
"""Name of a case, its rate, and whether the rate is within its bound."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    runs = parser.parse_args().runs
    all_within_bounds = True
    for name, rate, within_bound in (*right(runs), *biased(runs)):
        error = math.sqrt(rate * (1 - rate) / runs)
        print(f"{rate:7.2%} +- {error:.2%}  {'' if within_bound else 'BOUND BROKEN  '}{name}", flush=True)
        all_within_bounds = all_within_bounds and within_bound
    return 0 if all_within_bounds else 1


def right(runs: int) -> Iterator[Row]:
    for draw in (test_controls.lognormal, test_controls.wide, test_controls.race):
        for arms in (1, 2):
            rate = test_controls.alarm_rate(draw, arms, runs=runs)
            yield f"a right run raises the alarm: {draw.__name__}, {arms} arms", rate, rate <= FALSE_ALARMS


def biased(runs: int) -> Iterator[Row]:
    """The rate at a standard deviation of 0.3 has no bound: a test would take more blocks."""
    for draw, least in ((test_controls.lognormal, 0.9), (test_controls.wide, 0.0)):
        for arms in (1, 2):
            for name, level in (("", FALSE_ALARMS), (", with pressure controls", FALSE_ALARMS / 2)):
                rate = test_controls.alarm_rate(draw, arms, TENTH, level, runs)
                yield f"a bias of 10 % is seen: {draw.__name__}, {arms} arms{name}", rate, rate >= least


if __name__ == "__main__":
    sys.exit(main())
